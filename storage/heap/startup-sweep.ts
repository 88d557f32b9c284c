/**
 * The startup sweep: one pass over a heap before anything is served. After it the heap looks as if every transaction that
 * had not committed had been rolled back, and every deletion been swept:
 *
 *      newest version's xid is lost         undone, until a version that counts, or the insert, is reached
 *      committed tombstone                  the slot is freed
 *      place that no home slot names        freed (a row moved again, and the server stopped before the sweep)
 *      live row                             counted, and shown to the visitor, who builds its indexes
 *
 * It waits for pages like anybody else, with reads ahead, and can begin again at any row: the visitor sees each row once.
 */
import { PAGE_MISS } from '../buffer/index.ts';
import { PAGE_HEADER_SIZE } from '../limits.ts';
import { freeSlot, pageLower, pageSlotCount, slotOffset, totalSpace } from '../page/index.ts';
import { WAL_PAGES } from '../wal/index.ts';
import type { HeapContext } from './context.ts';
import type { Heap } from './heap.ts';
import { ROW_DELETED, ROW_FLAGS_OFFSET, ROW_MOVED_IN, ROW_SLOT_BITS, ROW_SLOT_MASK } from './row-header.ts';
import { freeLogged, undoNewest } from './undo.ts';

/** A live row: its id and the byte offset of its (only) version. Must not throw; nothing may be loaded in it. */
export type RowVisitor = (rowId: number, rowBase: number) => void;

export interface StartupSweepResult {
  /** Versions that were undone. */
  readonly undone: number;
  /** Slots of deleted rows and orphaned places that were freed. */
  readonly freed: number;
  /** The largest xid that was met. */
  readonly xidMax: number;
}

const READ_AHEAD_PAGES = 64;
/** Pages between two turns of the event loop. */
const PAGES_PER_TURN = 256;

export async function startupSweep(
  context: HeapContext,
  heap: Heap,
  isLost: (xid: number) => boolean,
  visit: RowVisitor | null,
): Promise<StartupSweepResult> {
  const sweep = new HeapStartupSweep(context, heap, isLost, visit);
  const pageCount = heap.pages.pageCount;
  for (let pageNo = 0; pageNo < pageCount; ) {
    if (pageNo % READ_AHEAD_PAGES === 0) readAhead(context, heap, pageNo, pageCount);
    await untilLoaded(context, () => sweep.page(pageNo));
    pageNo++;
    if (pageNo % PAGES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await sweep.freeOrphans();
  return sweep;
}

/** Runs the step until it ends without a page missing. */
async function untilLoaded(context: HeapContext, step: () => void): Promise<void> {
  for (;;) {
    try {
      step();
      return;
    } catch (error) {
      if (error !== PAGE_MISS) throw error;
      await new Promise<void>((resolve) => context.pool.onLoaded(resolve));
    }
  }
}

function readAhead(context: HeapContext, heap: Heap, pageNo: number, pageCount: number): void {
  const pageNos: number[] = [];
  for (let i = pageNo; i < Math.min(pageCount, pageNo + 2 * READ_AHEAD_PAGES); i++) pageNos.push(i);
  context.pool.prefetch(heap.pages, pageNos, pageNos.length);
}

class HeapStartupSweep implements StartupSweepResult {
  undone = 0;
  freed = 0;
  xidMax = 0;
  private readonly context: HeapContext;
  private readonly heap: Heap;
  private readonly isLost: (xid: number) => boolean;
  private readonly visit: RowVisitor | null;
  /** Where in the page the sweep stands, for beginning again after a missing page. */
  private nextSlot = 0;
  /** Slots of the page that hold committed tombstones. */
  private deadSlots: number[] = [];
  /** Places met in passing, and those that home slots name. */
  private readonly places: number[] = [];
  private readonly named = new Set<number>();

  constructor(context: HeapContext, heap: Heap, isLost: (xid: number) => boolean, visit: RowVisitor | null) {
    this.context = context;
    this.heap = heap;
    this.isLost = isLost;
    this.visit = visit;
  }

  page(pageNo: number): void {
    const { pool } = this.context;
    for (;;) {
      const base = pool.frameBase(this.heap.pages, pageNo);
      if (this.nextSlot >= pageSlotCount(pool.u16, base)) break;
      const offset = slotOffset(pool.u16, base, this.nextSlot);
      if (offset !== 0) this.slot((pageNo << ROW_SLOT_BITS) + this.nextSlot, base + offset);
      this.nextSlot++;
    }
    const base = pool.frameBase(this.heap.pages, pageNo);
    if (this.deadSlots.length > 0) this.freeDead(pageNo, base);
    this.nextSlot = 0;
    this.heap.freeSpace.note(pageNo, totalSpace(pool.u16, base));
  }

  private slot(rowId: number, row: number): void {
    rowId = rowId >>> 0;
    const { pool } = this.context;
    const heap = this.heap;
    if ((pool.u8[row + ROW_FLAGS_OFFSET] & ROW_MOVED_IN) !== 0) {
      this.places.push(rowId);
      return;
    }
    for (;;) {
      if (!heap.locate(rowId)) return;
      const xid = pool.f64[heap.placeRow >>> 3];
      if (xid > this.xidMax) this.xidMax = xid;
      if (!this.isLost(xid)) break;
      undoNewest(this.context, heap, rowId, false);
      this.undone++;
    }
    const deleted = (pool.u8[heap.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0;
    if (heap.placeId !== rowId) {
      if (deleted) this.freeForwarded(rowId);
      else this.named.add(heap.placeId);
    } else if (deleted) this.deadSlots.push(rowId & ROW_SLOT_MASK);
    if (deleted) return;
    heap.rowCount++;
    this.visit?.(rowId, heap.placeRow);
  }

  private freeDead(pageNo: number, base: number): void {
    const { pool, wal } = this.context;
    const lower = pageLower(pool.u16, base);
    wal.begin(WAL_PAGES, 0);
    for (const slot of this.deadSlots) freeSlot(pool, base, slot);
    wal.pageHeader(this.heap.pages, pageNo, base);
    wal.pageRange(this.heap.pages, pageNo, base, PAGE_HEADER_SIZE, lower);
    wal.end();
    this.freed += this.deadSlots.length;
    this.deadSlots = [];
  }

  private freeForwarded(rowId: number): void {
    const { wal } = this.context;
    const { homeBase, placeBase, placeId } = this.heap;
    wal.begin(WAL_PAGES, 0);
    freeLogged(this.context, this.heap, placeBase, placeId);
    freeLogged(this.context, this.heap, homeBase, rowId);
    wal.end();
    // The place is gone already when the sweep comes by its page, or was listed before: not an orphan.
    this.named.add(placeId);
    this.freed++;
  }

  /** Places that no home slot names. */
  async freeOrphans(): Promise<void> {
    const { pool, wal } = this.context;
    const pages = this.heap.pages;
    for (const placeId of this.places) {
      if (this.named.has(placeId)) continue;
      await untilLoaded(this.context, () => {
        const base = pool.frameBase(pages, placeId >>> ROW_SLOT_BITS);
        const slot = placeId & ROW_SLOT_MASK;
        if (slot >= pageSlotCount(pool.u16, base)) return;
        const offset = slotOffset(pool.u16, base, slot);
        // Freed meanwhile, with the row that it belonged to.
        if (offset === 0 || (pool.u8[base + offset + ROW_FLAGS_OFFSET] & ROW_MOVED_IN) === 0) return;
        wal.begin(WAL_PAGES, 0);
        freeLogged(this.context, this.heap, base, placeId);
        wal.end();
        this.freed++;
        this.heap.freeSpace.note(placeId >>> ROW_SLOT_BITS, totalSpace(pool.u16, base));
      });
    }
  }
}
