/** Window functions that number rows: what they answer for a row is known when it comes, whatever comes behind it. */
import type { Expr, WindowCall } from './expr.ts';

export type RunningCall = 'row_number' | 'rank' | 'dense_rank';

const RUNNING: Readonly<Record<string, RunningCall>> = {
  window_row_number: 'row_number',
  window_rank: 'rank',
  window_dense_rank: 'dense_rank',
};

interface Call {
  readonly function: WindowCall['function'];
  readonly filter: Expr | null;
}

/** Which of them a call is; null: none. */
export function runningCall({ function: fn, filter }: Call): RunningCall | null {
  return fn.kind === 'window' && filter === null ? (RUNNING[fn.internalName] ?? null) : null;
}
