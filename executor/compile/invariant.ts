/** Expressions whose value is the same for all rows of an execution. */
import { AT_ONCE } from '../../planner/deep.ts';
import type { Expr } from '../../planner/expr.ts';

/** Does not depend on the row, has no effect, and gives the same value all through an execution. False, too, of what is nested too deep to see. */
export function isInvariant(expr: Expr): boolean {
  return isInvariantTo(expr, AT_ONCE);
}

function isInvariantTo(expr: Expr, depth: number): boolean {
  if (depth === 0) return false;
  switch (expr.kind) {
    case 'const':
    case 'param':
      return true;
    case 'call':
      return !expr.function.returnsSet && expr.function.volatility !== 'volatile' && areInvariant(expr.args, depth);
    case 'and':
    case 'or':
    case 'coalesce':
      return areInvariant(expr.args, depth);
    case 'not':
    case 'ioCast':
    case 'typmodCast':
      return isInvariantTo(expr.arg, depth - 1);
    case 'array':
      return areInvariant(expr.elements, depth);
    default:
      return false;
  }
}

function areInvariant(exprs: readonly Expr[], depth: number): boolean {
  for (const expr of exprs) if (!isInvariantTo(expr, depth - 1)) return false;
  return true;
}
