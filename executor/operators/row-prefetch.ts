/**
 * Reads ahead of row ids: when one row's page is missing, the pages of the next ones are asked for as well, so that many reads
 * are in flight while the statement waits for the first. Costs nothing as long as nothing is missing, nor while missing pages
 * are read in place: one after the other that takes a fraction of what as many trips to the thread pool take.
 */
import type { IndexCursor } from '../../storage/api.ts';
import { CURSOR_END, ROW_SLOT_BITS, ROWS_TOUCHED, touchRows } from '../../storage/api.ts';
import type { TableRuntime } from '../table-runtime.ts';

/** Pages in flight for one statement, at most. */
export const PAGES_AHEAD_MAX = 64;
/** Index entries looked at; the first time few, since the reader may want few. */
const ENTRIES_AHEAD_MIN = 8;
const ENTRIES_AHEAD_MAX = 256;

const wanted = new Uint32Array(PAGES_AHEAD_MAX);
let wantedCount = 0;
const entries = new Uint32Array(ENTRIES_AHEAD_MAX);

export class RowPrefetch {
  readonly #table: TableRuntime;
  #entriesAhead = ENTRIES_AHEAD_MIN;

  constructor(table: TableRuntime) {
    this.#table = table;
  }

  /** A new list or range begins. */
  reset(): void {
    this.#entriesAhead = ENTRIES_AHEAD_MIN;
  }

  /** The page of rows[missing] was missing; the row ids are ascending, and end at `end`. */
  list(rows: Uint32Array, missing: number, end: number): void {
    if (this.#table.pool.readsInPlace) return;
    const { pages } = this.#table.heap;
    const { frames } = pages;
    let last = rows[missing] >>> ROW_SLOT_BITS;
    let ahead = 0;
    let count = 0;
    for (let i = missing + 1; i < end && ahead < PAGES_AHEAD_MAX; i++) {
      const page = rows[i] >>> ROW_SLOT_BITS;
      if (page === last) continue;
      last = page;
      ahead++;
      if (!(frames[page] >= 0)) wanted[count++] = page;
    }
    if (count > 0) this.#table.pool.prefetch(pages, wanted, count);
  }

  /** The page of the row that the cursor gave last was missing; no more than `limit` of the following rows are wanted. */
  range(cursor: IndexCursor, limit: number): void {
    if (this.#table.pool.readsInPlace) return;
    const peeked = cursor.peek(entries, Math.min(this.#entriesAhead, limit));
    this.#entriesAhead = Math.min(this.#entriesAhead * 2, ENTRIES_AHEAD_MAX);
    this.begin();
    for (let i = 0; i < peeked; i++) this.add(entries[i]);
    this.end();
  }

  /**
   * Rows that the cursor gives next, no more than `limit` of them, come into the processor's caches, as far as their pages are in memory.
   * Answers how many they are, or 1: when that many were read, it is time for the next.
   */
  touch(cursor: IndexCursor, limit: number): number {
    const peeked = cursor.peek(entries, Math.min(ROWS_TOUCHED, limit));
    touchRows(this.#table.heap, entries, 0, peeked);
    return Math.max(peeked, 1);
  }

  /** Collects rows in any order; CURSOR_END is none. */
  begin(): void {
    wantedCount = 0;
  }

  add(rowId: number): void {
    if (rowId === CURSOR_END || wantedCount === PAGES_AHEAD_MAX) return;
    const page = rowId >>> ROW_SLOT_BITS;
    if (!(this.#table.heap.pages.frames[page] >= 0)) wanted[wantedCount++] = page;
  }

  /** Neighbours become one read. */
  end(): void {
    if (wantedCount === 0) return;
    this.#table.pool.prefetch(this.#table.heap.pages, wanted.subarray(0, wantedCount).sort(), wantedCount);
  }
}
