/**
 * Copies a heap's pages into a new heap: what a fork sees (fork-settling.ts) becomes the rows of a database of its own.
 *
 * A copy has the page's slots where they were, so row ids, forwards and chunks of long values stay right. Its rows are the copying
 * transaction's, as if inserted: they may have been numbered by a fork, whose xids are others' here. What was before them is nobody's there, so
 * the way to it is cut off. Deleted rows do not come along.
 */
import { assert } from '../../types/assert.ts';
import type { WriteRing } from '../buffer/index.ts';
import { PAGE_SIZE } from '../limits.ts';
import { type Transaction, WRITE_INSERT } from '../mvcc/index.ts';
import {
  freeSlot,
  PAGE_KIND_HEAP,
  pageLsn,
  pageSlotCount,
  setPageLsn,
  setPageRelation,
  slotOffset,
} from '../page/index.ts';
import { WAL_PAGES } from '../wal/index.ts';
import type { Heap } from './heap.ts';
import {
  NO_VERSION,
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_FORWARD_OFFSET,
  ROW_FORWARDED,
  ROW_MOVED_IN,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
} from './row-header.ts';

/**
 * A fork's page is as the fork must see it, in so far as rows have their homes on it. Before one of its pages is copied, all are looked at: a row that is
 * undone with the page of its home may stand on another. Throws PAGE_MISS.
 */
export function settleForCopy(source: Heap, pageNo: number): void {
  source.context.pool.frameBase(source.pages, pageNo);
}

/** Appends the copy of the source's next page to the target, which has the pages before it. Throws PAGE_MISS, 53100. */
export function copyNextPage(source: Heap, target: Heap, txn: Transaction, xid: number): void {
  const { pool, wal } = target.context;
  const pageNo = target.pages.pageCount;
  findDead(source, pageNo);
  const from = pool.frameBase(source.pages, pageNo);
  pool.pin(from);
  try {
    const made = target.context.newPage(target.pages, PAGE_KIND_HEAP);
    assert(made === pageNo, 'pages are copied in their order');
    const base = pool.frameBase(target.pages, pageNo);
    wal.begin(WAL_PAGES, xid);
    const lsn = pageLsn(pool.f64, base);
    pool.bytes.copyWithin(base, from, from + PAGE_SIZE);
    setPageRelation(pool.u32, base, target.pages.relId);
    setPageLsn(pool.f64, base, lsn);
    const rows = keepLiveRows(target, base, source.leftPlaces, pageNo);
    giveRows(target, base, xid);
    wal.pageImage(target.pages, pageNo, base);
    wal.end();
    if (rows > 0) txn.writes.add(target.relId, (pageNo << ROW_SLOT_BITS) >>> 0, WRITE_INSERT, rows, 0);
  } finally {
    pool.unpin(from);
  }
}

/**
 * Copies a page to its place in the target, a relation that is being copied (buffer/relation-copy.ts); answers how many rows have their home on
 * it. Throws PAGE_MISS, 53100; nothing has happened then.
 */
export function copyPage(
  source: Heap,
  target: Heap,
  pageNo: number,
  ring: WriteRing | null,
  isLogged: boolean,
): number {
  const { pool, wal } = target.context;
  findDead(source, pageNo);
  const from = pool.frameBase(source.pages, pageNo);
  pool.pin(from);
  try {
    wal.begin(WAL_PAGES, 0);
    wal.cancel();
    const base = pool.placePage(target.pages, pageNo, ring);
    pool.bytes.copyWithin(base, from, from + PAGE_SIZE);
    setPageRelation(pool.u32, base, target.pages.relId);
    setPageLsn(pool.f64, base, 0);
    const rows = keepLiveRows(target, base, source.leftPlaces, pageNo);
    if (isLogged) logCopied(target, pageNo, base);
    target.noteSpace(pageNo);
    return rows;
  } finally {
    pool.unpin(from);
  }
}

/** There was room a moment ago; writing back a page in between may have used it up. */
function logCopied(target: Heap, pageNo: number, base: number): void {
  const { pool, wal } = target.context;
  wal.urgent = true;
  try {
    wal.begin(WAL_PAGES, 0);
  } finally {
    wal.urgent = false;
  }
  // Nobody has seen another page in its place: it does not change for those who share it.
  const wasSettling = pool.sharing.isSettling;
  pool.sharing.isSettling = true;
  try {
    wal.pageImage(target.pages, pageNo, base);
  } finally {
    pool.sharing.isSettling = wasSettling;
  }
  wal.end();
}

/** Homes on the page that forward to a deleted row. */
const deadHomes = new Set<number>();

/** Throws PAGE_MISS for the places of rows that have moved. */
function findDead(source: Heap, pageNo: number): void {
  const { pool } = source.context;
  deadHomes.clear();
  for (let slot = 0; ; slot++) {
    const base = pool.frameBase(source.pages, pageNo);
    if (slot >= pageSlotCount(pool.u16, base)) return;
    const offset = slotOffset(pool.u16, base, slot);
    if (offset === 0 || (pool.u8[base + offset + ROW_FLAGS_OFFSET] & ROW_FORWARDED) === 0) continue;
    const row = source.rowAt(pool.u32[(base + offset + ROW_FORWARD_OFFSET) >>> 2]);
    if ((pool.u8[row + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0) deadHomes.add(slot);
  }
}

/** Frees what is deleted, and places that rows have left; answers how many rows have their home on the page. */
function keepLiveRows(
  heap: Heap,
  base: number,
  left: Pick<ReadonlySet<number>, 'has' | 'size'>,
  pageNo: number,
): number {
  const { pool } = heap.context;
  let rows = 0;
  // From the end, for the last slots go when they are freed.
  for (let slot = pageSlotCount(pool.u16, base) - 1; slot >= 0; slot--) {
    const offset = slotOffset(pool.u16, base, slot);
    if (offset === 0) continue;
    const row = base + offset;
    const flags = pool.u8[row + ROW_FLAGS_OFFSET];
    if ((flags & ROW_DELETED) !== 0 || deadHomes.has(slot) || isLeft(flags, left, pageNo, slot)) {
      freeSlot(pool, base, slot);
      continue;
    }
    if ((flags & ROW_FORWARDED) === 0) {
      pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2] = NO_VERSION;
      pool.u16[(row + ROW_PREVIOUS_SLOT_OFFSET) >>> 1] = 0;
    }
    if ((flags & ROW_MOVED_IN) === 0) rows++;
  }
  return rows;
}

/** All rows of the page are from now on those of `xid`. */
function giveRows(heap: Heap, base: number, xid: number): void {
  const { pool } = heap.context;
  for (let slot = pageSlotCount(pool.u16, base) - 1; slot >= 0; slot--) {
    const offset = slotOffset(pool.u16, base, slot);
    if (offset !== 0) pool.f64[(base + offset) >>> 3] = xid;
  }
}

function isLeft(flags: number, left: Pick<ReadonlySet<number>, 'has' | 'size'>, pageNo: number, slot: number): boolean {
  return (flags & ROW_MOVED_IN) !== 0 && left.size > 0 && left.has(((pageNo << ROW_SLOT_BITS) + slot) >>> 0);
}

/** Calls `visit` with each row whose home is the page, and where it stands. Throws PAGE_MISS, perhaps after some. */
export function forEachRow(heap: Heap, pageNo: number, visit: (rowId: number, row: number) => void): void {
  const { pool } = heap.context;
  for (let slot = 0; ; slot++) {
    const base = pool.frameBase(heap.pages, pageNo);
    if (slot >= pageSlotCount(pool.u16, base)) return;
    const offset = slotOffset(pool.u16, base, slot);
    if (offset === 0) continue;
    let row = base + offset;
    const flags = pool.u8[row + ROW_FLAGS_OFFSET];
    if ((flags & ROW_MOVED_IN) !== 0) continue;
    if ((flags & ROW_FORWARDED) !== 0) row = heap.rowAt(pool.u32[(row + ROW_FORWARD_OFFSET) >>> 2]);
    if ((pool.u8[row + ROW_FLAGS_OFFSET] & ROW_DELETED) === 0) visit(((pageNo << ROW_SLOT_BITS) + slot) >>> 0, row);
  }
}
