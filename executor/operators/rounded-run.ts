/** The true order of rows under rounded keys. */
import type { Value } from '../../catalog/function-entry.ts';
import { CURSOR_END, type IndexCursor, IndexKey } from '../../storage/api.ts';
import type { ExecContext } from '../context.ts';
import { type IndexRuntime, KEY_NOT_INDEXED } from '../index-runtime.ts';
import { NO_COLUMNS } from '../row/row-reader.ts';
import type { TableRuntime } from '../table-runtime.ts';

/**
 * Integers beyond 2^53 are rounded in number keys, so entries of one key are in the order of row ids, not of values. Gives the row
 * ids of a cursor, each such run sorted by what the visible versions hold; rows that are not visible, or whose version has
 * another key, are left out.
 */
export class RoundedRun {
  readonly #table: TableRuntime;
  readonly #index: IndexRuntime;
  readonly #cursor: IndexCursor;
  readonly #key = new IndexKey();
  #rows: { readonly value: Value; readonly rowId: number }[] = [];
  #next = 0;
  #isFilling = false;
  /** Read from the cursor, but not yet in a run. */
  #pending = CURSOR_END;
  #pendingKey = 0;

  constructor(table: TableRuntime, index: IndexRuntime, cursor: IndexCursor) {
    this.#table = table;
    this.#index = index;
    this.#cursor = cursor;
  }

  reset(): void {
    this.#rows = [];
    this.#next = 0;
    this.#isFilling = false;
    this.#pending = CURSOR_END;
  }

  next(x: ExecContext): number {
    while (this.#next >= this.#rows.length || this.#isFilling) {
      if (!this.#isFilling) {
        this.#rows = [];
        this.#next = 0;
        this.#isFilling = true;
      }
      if (!this.#fill(x)) return CURSOR_END;
      this.#isFilling = false;
    }
    return this.#rows[this.#next++].rowId;
  }

  /** Reads entries up to the next key; false: there are no more, and the run is empty. Throws PAGE_MISS: call again. */
  #fill(x: ExecContext): boolean {
    let key = Number.NaN;
    for (;;) {
      if (this.#pending === CURSOR_END) {
        this.#pending = this.#cursor.next();
        if (this.#pending === CURSOR_END) break;
        this.#pendingKey = this.#cursor.lastNumber;
      }
      if (!Number.isNaN(key) && key !== this.#pendingKey) break;
      key = this.#pendingKey;
      this.#take(x, this.#pending, key);
      this.#pending = CURSOR_END;
    }
    if (this.#rows.length === 0) {
      this.#isFilling = false;
      return !Number.isNaN(key);
    }
    const { descending } = this.#index.entry.columns[0];
    const compare = this.#index.comparatorOf(0);
    const isReversed = descending !== this.#cursor.descending;
    this.#rows.sort((a, b) => {
      if (a.value === null || b.value === null) return 0;
      return isReversed ? compare(b.value, a.value) : compare(a.value, b.value);
    });
    return true;
  }

  #take(x: ExecContext, rowId: number, key: number): void {
    const r = this.#table.heap.visible(rowId, x.snapshot);
    if (r < 0 || this.#index.keyFromRow(x, r, this.#key) === KEY_NOT_INDEXED || this.#key.number !== key) return;
    this.#rows.push({ value: this.#table.readValues(r, [], NO_COLUMNS)[this.#index.keyColumns[0]], rowId });
  }
}
