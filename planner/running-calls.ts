/** Window functions that number rows: what they answer for a row is known when it comes, whatever comes behind it. */
import type { Expr, WindowCall } from './expr.ts';

const RUNNING: ReadonlySet<string> = new Set(['window_row_number', 'window_rank', 'window_dense_rank']);

export function isRunningCall(call: {
  readonly function: WindowCall['function'];
  readonly filter: Expr | null;
}): boolean {
  return call.function.kind === 'window' && call.filter === null && RUNNING.has(call.function.internalName);
}
