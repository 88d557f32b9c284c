/**
 * A table's heap while not all transactions see the same indexes of it: one has dropped an index, or made one, and has not ended. Whatever becomes
 * of that, each index must have lost the entries of versions that went meanwhile: by a sweep, or as that transaction was undone.
 */
import type { IndexMaintainer, RowId } from '../storage/api.ts';
import type { IndexRuntime } from './index-runtime.ts';
import type { TableRuntime } from './table-runtime.ts';

/** An index, as the only one of a list, and the table that it reads rows with. */
export interface HeapIndex {
  readonly table: TableRuntime;
  readonly indexes: readonly [IndexRuntime];
}

export class AllIndexes implements IndexMaintainer {
  readonly #table: TableRuntime;
  readonly #others: readonly HeapIndex[];

  /** `others`: indexes of the heap that the table does not have. */
  constructor(table: TableRuntime, others: readonly HeapIndex[]) {
    this.#table = table;
    this.#others = others;
  }

  removeVersion(rowId: RowId, goneBase: number, rest: Float64Array, restCount: number): void {
    this.#table.removeVersion(rowId, goneBase, rest, restCount);
    const layout = this.#table.pool.u8[goneBase + 15];
    for (const { table, indexes } of this.#others) {
      // A row with columns that the index's table did not have yet has been written without the index.
      if (layout <= table.entry.layout) table.removeVersion(rowId, goneBase, rest, restCount, indexes);
    }
  }
}
