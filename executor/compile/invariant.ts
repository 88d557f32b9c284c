/** Expressions whose value is the same for all rows of an execution. */
import type { Expr } from '../../planner/expr.ts';

/** Does not depend on the row, has no effect, and gives the same value all through an execution. */
export function isInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'const':
    case 'param':
      return true;
    case 'call':
      return !expr.function.returnsSet && expr.function.volatility !== 'volatile' && expr.args.every(isInvariant);
    case 'and':
    case 'or':
    case 'coalesce':
      return expr.args.every(isInvariant);
    case 'not':
    case 'ioCast':
    case 'typmodCast':
      return isInvariant(expr.arg);
    case 'array':
      return expr.elements.every(isInvariant);
    default:
      return false;
  }
}
