/**
 * Expressions that may be computed again for the same row: the fast form of a row program leaves rows in the middle, and the generic form then
 * begins from their start. Where what was called meanwhile has had effects, rows are not begun in the fast form; and where a row must wait and
 * begins again after that, those calls are remembered, as calls of user-made functions are (RoutineRunner.once).
 */
import type { CallExpr, Expr } from '../../planner/expr.ts';
import { someExpr } from '../../planner/traverse.ts';
import { mayWait, runsStatements } from './may-wait.ts';

/** Volatile, since they answer something else each time: nobody sees that they were called once more. */
const WITHOUT_EFFECTS: ReadonlySet<string> = new Set(['drandom', 'gen_random_uuid', 'clock_timestamp', 'timeofday']);

export function isRepeatable(exprs: readonly (Expr | null)[]): boolean {
  return !exprs.some((expr) => expr !== null && someExpr(expr, hasEffects));
}

/**
 * Some of their calls have effects, and the row (or batch) may begin again behind them. Whoever lets them be remembered says where it is done,
 * also with a row that does not pass (ExecContext.evaluated): the next row would find its answers otherwise.
 */
export function remembersCalls(exprs: readonly (Expr | null)[]): boolean {
  return mayWait(exprs) && !isRepeatable(exprs);
}

/** A call that `remembersCalls` is about; what runs statements or sleeps remembers by itself. */
export function isRemembered(expr: CallExpr): boolean {
  const { function: called } = expr;
  return hasEffects(expr) && !runsStatements(called) && !called.name.startsWith('pg_sleep');
}

function hasEffects(expr: Expr): boolean {
  if (expr.kind === 'subplan') return expr.isVolatile;
  return (
    expr.kind === 'call' && expr.function.volatility === 'volatile' && !WITHOUT_EFFECTS.has(expr.function.internalName)
  );
}
