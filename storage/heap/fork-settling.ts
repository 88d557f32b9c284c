/**
 * What a fork must not see of its parent: versions of transactions that had not ended when it was made, or, in a fork of the past,
 * that have committed since the moment it is of. They stand in the pages that it shares, newest versions in place.
 *
 *      a page is looked at for the first time: no such row  -> as it is
 *                                              such rows    -> a copy becomes the fork's own, and they are undone in it
 *
 * So whatever a fork sees below its first xid is committed, and its snapshots ask nothing. Undone like a rollback's (undo.ts),
 * with the parent's version store as it was when the fork was made.
 *
 * A row is settled with the page of its home; the page of its place may be another, which is settled first, as far as its own homes go.
 */
import type { PageSettling } from '../buffer/index.ts';
import { PageSet } from '../buffer/index.ts';
import { pageSlotCount, slotOffset } from '../page/index.ts';
import type { Heap } from './heap.ts';
import {
  NO_VERSION,
  ROW_FLAGS_OFFSET,
  ROW_FORWARD_OFFSET,
  ROW_FORWARDED,
  ROW_MOVED_IN,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
} from './row-header.ts';
import { undoNewest } from './undo.ts';

/** Xids whose versions the fork does not see, of those from before it. */
export interface UnseenXids {
  has(xid: number): boolean;
  readonly isEmpty: boolean;
}

export class ForkSettling implements PageSettling {
  readonly #heap: Heap;
  readonly #unseen: UnseenXids;
  readonly #settled = new PageSet();
  /** Being settled now: one within the other. */
  readonly #active = new Set<number>();

  constructor(heap: Heap, unseen: UnseenXids) {
    this.#heap = heap;
    this.#unseen = unseen;
  }

  isSettled(pageNo: number): boolean {
    return this.#settled.has(pageNo) || this.#active.has(pageNo);
  }

  settle(pageNo: number): boolean {
    const { sharing } = this.#heap.context.pool;
    let isUndone = false;
    const isOuter = !sharing.isSettling;
    sharing.isSettling = true;
    this.#active.add(pageNo);
    try {
      for (const rowId of this.#rowsToUndo(pageNo)) {
        while (this.#isUnseen(rowId)) {
          this.#undo(rowId);
          isUndone = true;
        }
      }
    } finally {
      this.#active.delete(pageNo);
      if (isOuter) sharing.isSettling = false;
    }
    this.#settled.add(pageNo);
    return isUndone;
  }

  /** Rows whose home is the page and whose newest version must go. */
  #rowsToUndo(pageNo: number): number[] {
    const { pool } = this.#heap.context;
    const base = pool.frameBase(this.#heap.pages, pageNo);
    const slots = pageSlotCount(pool.u16, base);
    const rows: number[] = [];
    const forwarded: number[] = [];
    for (let slot = 0; slot < slots; slot++) {
      const offset = slotOffset(pool.u16, base, slot);
      if (offset === 0) continue;
      const row = base + offset;
      const flags = pool.u8[row + ROW_FLAGS_OFFSET];
      const rowId = ((pageNo << ROW_SLOT_BITS) + slot) >>> 0;
      if ((flags & ROW_FORWARDED) !== 0) forwarded.push(rowId);
      else if ((flags & ROW_MOVED_IN) === 0 && this.#unseen.has(pool.f64[row >>> 3])) rows.push(rowId);
    }
    for (const rowId of forwarded) if (this.#isUnseen(rowId)) rows.push(rowId);
    return rows;
  }

  /** Whether the row is there, and its newest version is one of an unfinished transaction. */
  #isUnseen(rowId: number): boolean {
    const heap = this.#heap;
    const { pool } = heap.context;
    const base = pool.frameBase(heap.pages, rowId >>> ROW_SLOT_BITS);
    const slot = rowId & ((1 << ROW_SLOT_BITS) - 1);
    if (slot >= pageSlotCount(pool.u16, base)) return false;
    const offset = slotOffset(pool.u16, base, slot);
    if (offset === 0) return false;
    let row = base + offset;
    if ((pool.u8[row + ROW_FLAGS_OFFSET] & ROW_FORWARDED) !== 0)
      row = heap.rowAt(pool.u32[(row + ROW_FORWARD_OFFSET) >>> 2]);
    return this.#unseen.has(pool.f64[row >>> 3]);
  }

  #undo(rowId: number): void {
    const heap = this.#heap;
    const { pool, versions } = heap.context;
    heap.mustLocate(rowId);
    const page = pool.u32[(heap.placeRow + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
    if (page !== NO_VERSION) {
      const slot = pool.u16[(heap.placeRow + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
      // Where the version before stood is settled now, and not in the middle of the undo.
      pool.frameBase(heap.pages, versions.placeOf(versions.versionBase(page, slot)) >>> ROW_SLOT_BITS);
    }
    undoNewest(heap.context, heap, rowId, false);
  }
}
