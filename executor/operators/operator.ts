/**
 * Operators: polled iterators. `open` (re)starts, `poll` answers a batch, END, or PENDING; `close` gives everything back and runs
 * on every path. A poll may also throw PAGE_MISS (storage) or a WaitSignal: state must then be such that the next poll goes on.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { Batch } from '../batch.ts';
import type { ExecContext } from '../context.ts';

export interface Operator {
  /**
   * Under LIMIT, EXISTS and FETCH, before open: batches need hold no more rows than this. What lies beyond is then not computed, and its
   * errors and sequence numbers do not come. Between two polls it may be another.
   */
  limitTo?(rows: number): void;
  /**
   * Before open: no more is wanted than how many rows there are. True: the operator can tell without making them, and its batches
   * may then hold any number of rows.
   */
  countOnly?(): boolean;
  open(x: ExecContext): void;
  poll(x: ExecContext): Batch;
  close(x: ExecContext): void;
}

/** Of stores that are emptied: so few rows keep their places, as making room for them again costs more than they take. */
const KEPT_PLACES_MAX = 64;

/** Rows kept in columns: partitions of windows, CTEs, cursors, the inner side of nested loops. Sorts and hash joins have ColumnStore. */
export class RowStore {
  /** What lies beyond `count` means nothing. */
  readonly columns: Value[][];
  count = 0;

  constructor(width: number) {
    this.columns = Array.from({ length: width }, () => []);
  }

  append(batch: Batch): void {
    const count = batch.count;
    const end = this.count;
    for (let c = 0; c < this.columns.length; c++) {
      const source = batch.columns[c];
      const target = this.columns[c];
      for (let i = 0; i < count; i++) target[end + i] = source[i];
    }
    this.count += count;
  }

  appendRow(batch: Batch, row: number): void {
    for (let c = 0; c < this.columns.length; c++) this.columns[c][this.count] = batch.columns[c][row];
    this.count++;
  }

  /** Each takes the rows of the other, of the same width. */
  exchange(other: RowStore): void {
    for (let c = 0; c < this.columns.length; c++) {
      const column = this.columns[c];
      this.columns[c] = other.columns[c];
      other.columns[c] = column;
    }
    const { count } = this;
    this.count = other.count;
    other.count = count;
  }

  /** Copies rows into a batch, as many columns as it has. Answers how many. */
  copyTo(batch: Batch, from: number, limit: number): number {
    const count = Math.min(limit, this.count - from);
    for (let c = 0; c < batch.columns.length; c++) {
      const source = this.columns[c];
      const target = batch.columns[c];
      for (let i = 0; i < count; i++) target[i] = source[from + i];
    }
    batch.count = count;
    return count;
  }

  clear(): void {
    const { columns, count } = this;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c];
      // A number, which arrays of numbers may hold too, in the place of values that may be large.
      if (column.length > KEPT_PLACES_MAX) column.length = 0;
      else for (let i = 0; i < count; i++) column[i] = 0;
    }
    this.count = 0;
  }
}

/** Thrown where a statement must wait and nothing below the driver can hold the place: row locks inside expressions, sleep. */
export class WaitSignal {
  readonly kind = 'wait';
}
export const WAIT_SIGNAL = new WaitSignal();
/** The same where nothing is waited for but the next time slice. */
export const YIELD_SIGNAL = new WaitSignal();

export { Batch };
