/**
 * Errors behind rows that are there already. PostgreSQL computes a row when it is asked for: rows before one that fails have been given
 * away by then. Here rows come in batches, so an operator in which one fails answers those before it, and fails when it is polled again;
 * whoever has enough by then never meets the error. Where no row is shown before all are done (RETURNING), nothing is held.
 */
import { SqlError } from '../../types/errors.ts';
import type { Batch, Columns } from '../batch.ts';
import type { ProjectFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';

export class HeldError {
  #error: SqlError | null = null;

  /** At open. */
  forget(): void {
    this.#error = null;
  }

  /** At the beginning of a poll. */
  meet(): void {
    if (this.#error !== null) throw this.#error;
  }

  /**
   * A row has failed after `count` others of the batch: answers their number, or throws on. What ends the statement or the session from outside
   * (class 57) is no row's: whoever has enough rows must meet it too.
   */
  hold(x: Pick<ExecContext, 'holdsErrors'>, error: unknown, count: number): number {
    if (count === 0 || !x.holdsErrors || !(error instanceof SqlError) || error.code.startsWith('57')) throw error;
    this.#error = error;
    return count;
  }

  /** Filters and projects rows into `out`, up to one that fails. */
  project(x: ExecContext, project: ProjectFunction, columns: Columns, count: number, out: Batch): void {
    try {
      out.count = project(x, columns, count, out.columns);
    } catch (error) {
      out.count = this.hold(x, error, x.rowsMade);
    }
  }
}
