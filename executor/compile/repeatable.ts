/**
 * Expressions that may be computed again for the same row: the fast form of a row program leaves rows in the middle, and the generic form then
 * begins from their start. Where what was called meanwhile has had effects, rows are not begun in the fast form.
 */
import type { Expr } from '../../planner/expr.ts';
import { someExpr } from '../../planner/traverse.ts';

/** Volatile, since they answer something else each time: nobody sees that they were called once more. */
const WITHOUT_EFFECTS: ReadonlySet<string> = new Set(['drandom', 'gen_random_uuid', 'clock_timestamp', 'timeofday']);

export function isRepeatable(exprs: readonly (Expr | null)[]): boolean {
  return !exprs.some((expr) => expr !== null && someExpr(expr, hasEffects));
}

function hasEffects(expr: Expr): boolean {
  if (expr.kind === 'subplan') return expr.isVolatile;
  return (
    expr.kind === 'call' && expr.function.volatility === 'volatile' && !WITHOUT_EFFECTS.has(expr.function.internalName)
  );
}
