/**
 * The first rows of an order: a heap of row numbers with the last of them at its root, where a better row takes its place.
 *
 * Like quicksort.ts it leaves equal rows in the order in which PostgreSQL does: each step is that of its bounded heap.
 *
 * After: Knuth, The Art of Computer Programming, volume 3, 5.2.3 (exercise 16, algorithm H); PostgreSQL, tuplesort.c.
 */
import type { RowOrder } from '../spill/run-merge.ts';

export class RowHeap {
  readonly #rows: Uint32Array<ArrayBuffer>;
  #count = 0;
  /** Of the rows that are in it; whoever moves their values sets another. */
  compare: RowOrder;

  constructor(capacity: number, compare: RowOrder) {
    this.#rows = new Uint32Array(capacity);
    this.compare = compare;
  }

  /** All rows, the root first. */
  get rows(): Uint32Array<ArrayBuffer> {
    return this.#rows;
  }

  /** The last of them in order. */
  get root(): number {
    return this.#rows[0];
  }

  get isFull(): boolean {
    return this.#count === this.#rows.length;
  }

  add(row: number): void {
    const { compare } = this;
    const rows = this.#rows;
    let place = this.#count++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (compare(row, rows[parent]) <= 0) break;
      rows[place] = rows[parent];
      place = parent;
    }
    rows[place] = row;
  }

  /** The row comes for the one at the root. */
  replaceRoot(row: number): void {
    this.#sink(row, this.#count);
  }

  /**
   * Along the later children down to the end, and from there up again to the row's place: it mostly is at the end, and this is
   * where looking for it on the way down finds it too, for twice the comparisons.
   */
  #sink(row: number, count: number): void {
    const { compare } = this;
    const rows = this.#rows;
    let place = 0;
    for (let child = 1; child < count; child = 2 * place + 1) {
      if (child + 1 < count && compare(rows[child], rows[child + 1]) < 0) child++;
      rows[place] = rows[child];
      place = child;
    }
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (compare(row, rows[parent]) < 0) break;
      rows[place] = rows[parent];
      place = parent;
    }
    rows[place] = row;
  }

  /** Empties the heap: its rows in order. */
  drain(): Uint32Array<ArrayBuffer> {
    const rows = this.#rows;
    for (let count = this.#count - 1; count > 0; count--) {
      const last = rows[0];
      this.#sink(rows[count], count);
      rows[count] = last;
    }
    this.#count = 0;
    return rows;
  }
}
