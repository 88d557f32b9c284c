/**
 * Undo: the newest version of a row goes, the one before comes back to where it stood. Physical, logged like any change, and
 * the same for a rollback (in the order of the write list) and for the startup sweep (versions of transactions that never
 * ended).
 *
 *      inserted         the slot is freed
 *      tombstone        the header from before comes back; the columns never left
 *      updated          header and columns come back, to the place that the old version names;
 *                       if the row had moved, its new place is freed and the home slot points where it did
 */
import { assert } from '../../types/assert.ts';
import { freeSlot, slotCapacity, slotEntryOffset, slotOffset } from '../page/index.ts';
import { PAGE_NOTE_SETTLED, WAL_PAGES } from '../wal/index.ts';
import type { HeapContext } from './context.ts';
import type { Heap } from './heap.ts';
import {
  NO_PREVIOUS,
  NO_VERSION,
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_FORWARDED,
  ROW_HEADER_ONLY,
  ROW_HEADER_SIZE,
  ROW_LAYOUT_OFFSET,
  ROW_MOVED_IN,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
} from './row-header.ts';

/** Bases of versions, for IndexMaintainer.removeVersion. */
let rest = new Float64Array(16);

/**
 * Collects in `restVersions()` the versions from `row` down that somebody may see: `place` is where the row stands, for
 * header-only versions. Answers their count. Throws PAGE_MISS.
 */
export function collectVersions(context: HeapContext, heap: Heap, row: number, place: number): number {
  const pool = context.pool;
  const { horizon } = heap;
  let count = 0;
  for (;;) {
    const flags = pool.u8[row + ROW_FLAGS_OFFSET];
    if ((flags & ROW_DELETED) === 0) {
      if (count === rest.length) {
        const grown = new Float64Array(count * 2);
        grown.set(rest);
        rest = grown;
      }
      rest[count++] = (flags & ROW_HEADER_ONLY) === 0 ? row : place;
    }
    if (pool.f64[row >>> 3] < horizon) return count;
    row = heap.previousOf(row);
    if (row < 0) return count;
  }
}

export function restVersions(): Float64Array {
  return rest;
}

/**
 * Undoes the newest version of the row. `indexed`: the maintainer must hear of it (always for inserts). Throws PAGE_MISS
 * before it changed anything.
 */
export function undoNewest(context: HeapContext, heap: Heap, rowId: number, indexed: boolean): void {
  heap.mustLocate(rowId);
  if (heap.pages.branch.isShared) while (heap.claimPlaces(rowId, -1)) heap.mustLocate(rowId);
  const pool = context.pool;
  const page = pool.u32[(heap.placeRow + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
  if (page === NO_VERSION) undoInserts(context, heap, rowId, 1);
  else {
    const slot = pool.u16[(heap.placeRow + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
    if ((pool.u8[heap.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0) undoRemove(context, heap, page, slot);
    else undoUpdate(context, heap, rowId, page, slot, indexed);
  }
}

/** Undoes the inserts of `count` rows in neighbouring slots of one page, whose later versions are undone already. */
export function undoInserts(context: HeapContext, heap: Heap, firstRowId: number, count: number): void {
  const { pool, wal } = context;
  const pageNo = firstRowId >>> ROW_SLOT_BITS;
  if (heap.pages.branch.isShared) pool.claim(heap.pages, pageNo);
  const base = pool.frameBase(heap.pages, pageNo);
  const first = firstRowId & ROW_SLOT_MASK;
  for (let slot = first; slot < first + count; slot++) {
    const row = base + slotOffset(pool.u16, base, slot);
    assert(pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2] === NO_VERSION, 'an insert is the first version');
    // A fork's own entries have none of what it undoes before it has looked; and long values may be gone already.
    if (!pool.sharing.isSettling) heap.maintainer?.removeVersion(firstRowId + slot - first, row, rest, 0);
  }
  beginUndo(context);
  for (let slot = first; slot < first + count; slot++) freeSlot(pool, base, slot);
  wal.pageHeader(heap.pages, pageNo, base);
  wal.pageRange(heap.pages, pageNo, base, slotEntryOffset(first), slotEntryOffset(first + count));
  endUndo(context);
  heap.noteSpace(pageNo);
}

function undoRemove(context: HeapContext, heap: Heap, page: number, slot: number): void {
  const { pool, versions } = context;
  const old = versions.versionBase(page, slot);
  beginUndo(context);
  const flags = pool.u8[heap.placeRow + ROW_FLAGS_OFFSET] & ~ROW_DELETED;
  restoreHeader(context, heap, old, heap.placeRow, flags);
  heap.logHeader();
  endUndo(context);
}

function undoUpdate(
  context: HeapContext,
  heap: Heap,
  rowId: number,
  page: number,
  slot: number,
  indexed: boolean,
): void {
  const { pool, versions } = context;
  const old = claimOldPlace(context, heap, rowId, page, slot);
  const size = versions.sizeOf(page, slot);
  const oldPlace = versions.placeOf(old);
  if (oldPlace !== heap.placeId) pool.frameBase(heap.pages, oldPlace >>> ROW_SLOT_BITS);
  if (indexed && heap.maintainer !== null) {
    const count = collectVersions(context, heap, old, heap.placeRow);
    heap.maintainer.removeVersion(rowId, heap.placeRow, rest, count);
  }
  beginUndo(context);
  if (oldPlace === heap.placeId) {
    restoreRow(context, heap, old, size, heap.placeBase, heap.placeId);
    endUndo(context);
    return;
  }
  const left = heap.placeId;
  freeLogged(context, heap, heap.placeBase, left);
  if (oldPlace === rowId) restoreRow(context, heap, old, size, heap.homeBase, rowId);
  else {
    const home = heap.homeBase + slotOffset(pool.u16, heap.homeBase, rowId & ROW_SLOT_MASK);
    assert((pool.u8[home + ROW_FLAGS_OFFSET] & ROW_FORWARDED) !== 0, 'a moved row is reached through its home');
    heap.logForward(rowId, home, oldPlace);
    settlePlace(context, heap, oldPlace);
  }
  endUndo(context);
  heap.noteSpace(left >>> ROW_SLOT_BITS);
}

/** Base of the old version; the page where it stood, and comes back to, may be changed from now on. */
function claimOldPlace({ pool, versions }: HeapContext, heap: Heap, rowId: number, page: number, slot: number): number {
  for (;;) {
    const old = versions.versionBase(page, slot);
    if (!heap.pages.branch.isShared || !pool.claim(heap.pages, versions.placeOf(old) >>> ROW_SLOT_BITS)) return old;
    heap.mustLocate(rowId);
  }
}

/** Puts the old version back over the row in a slot, in the open record. */
function restoreRow(context: HeapContext, heap: Heap, old: number, size: number, base: number, placeId: number): void {
  const { pool, wal } = context;
  const slot = placeId & ROW_SLOT_MASK;
  assert(slotCapacity(pool.u16, base, slot) >= size, 'undo always has room');
  const offset = slotOffset(pool.u16, base, slot);
  const target = base + offset;
  const wasMoved = pool.u8[target + ROW_FLAGS_OFFSET] & ROW_MOVED_IN;
  const u32 = pool.u32;
  let first = 0;
  let last = 0;
  for (let at = ROW_HEADER_SIZE; at < size; at += 4) {
    const value = u32[(old + at) >>> 2];
    const to = (target + at) >>> 2;
    if (u32[to] === value) continue;
    u32[to] = value;
    if (first === 0) first = at;
    last = at + 4;
  }
  restoreHeader(context, heap, old, target, wasMoved);
  const pageNo = placeId >>> ROW_SLOT_BITS;
  wal.pageRange(heap.pages, pageNo, base, offset, offset + ROW_HEADER_SIZE);
  if (last > 0) wal.pageRange(heap.pages, pageNo, base, offset + first, offset + last);
}

function restoreHeader(context: HeapContext, heap: Heap, old: number, row: number, flags: number): void {
  const pool = context.pool;
  const page = pool.u32[(old + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
  const slot = pool.u16[(old + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
  const version = page === NO_VERSION ? NO_PREVIOUS : page * (1 << ROW_SLOT_BITS) + slot;
  heap.setHeader(row, pool.f64[old >>> 3], version, flags, pool.u8[old + ROW_LAYOUT_OFFSET]);
}

/** The place that a row had left is in use again, or free: in the open record. */
export function settlePlace(context: HeapContext, heap: Heap, placeId: number): void {
  context.wal.pageNote(heap.pages, placeId >>> ROW_SLOT_BITS, PAGE_NOTE_SETTLED, placeId & ROW_SLOT_MASK);
  heap.leftPlaces.delete(placeId);
}

/** Frees a slot, in the open record. */
export function freeLogged(context: HeapContext, heap: Heap, base: number, placeId: number): void {
  const slot = placeId & ROW_SLOT_MASK;
  const pageNo = placeId >>> ROW_SLOT_BITS;
  freeSlot(context.pool, base, slot);
  context.wal.pageHeader(heap.pages, pageNo, base);
  const directory = slotEntryOffset(slot);
  context.wal.pageRange(heap.pages, pageNo, base, directory, directory + 4);
}

/** Undo may use the reserve of a full disk: it must be possible to give up. */
function beginUndo(context: HeapContext): void {
  context.wal.urgent = true;
  try {
    context.wal.begin(WAL_PAGES, 0);
  } finally {
    context.wal.urgent = false;
  }
}

function endUndo(context: HeapContext): void {
  context.wal.end();
}
