/**
 * The startup sweep: one pass over a heap, or over those of its pages that may need it, before anything is served. After it
 * the heap looks as if every transaction that had not committed had been rolled back, and every deletion been swept:
 *
 *      newest version's xid is lost         undone, until a version that counts, or the insert, is reached
 *      committed tombstone                  the slot is freed
 *      place that a row left                freed (a row moved again, and the server stopped before the sweep)
 *      live row                             shown to the visitor, who builds its indexes
 *
 * A heap that the checkpoint knew comes with its row count, its free space and the places that were left (Heap.leftPlaces). One
 * that it did not know is read as a whole: rows are counted, and places that no home slot names are those that were left.
 *
 * It waits for pages like anybody else, with reads ahead, and can begin again at any row: the visitor sees each row once.
 */
import { SqlError } from '../../types/errors.ts';
import { PAGE_MISS, type PageSet } from '../buffer/index.ts';
import { PAGE_HEADER_SIZE } from '../limits.ts';
import { freeSlot, pageLower, pageSlotCount, slotOffset, totalSpace } from '../page/index.ts';
import { WAL_PAGES } from '../wal/index.ts';
import type { HeapContext } from './context.ts';
import type { Heap } from './heap.ts';
import {
  NO_PREVIOUS,
  NO_VERSION,
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_LAYOUT_OFFSET,
  ROW_MOVED_IN,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
} from './row-header.ts';
import { freeLogged, settlePlace, undoNewest } from './undo.ts';

/**
 * A live row: its id and the byte offset of its (only) version. May throw PAGE_MISS; then it is shown again, so that it must not
 * matter whether that happens once or twice.
 */
export type RowVisitor = (rowId: number, rowBase: number) => void;

export interface StartupSweepOptions {
  readonly isLost: (xid: number) => boolean;
  /** Those to visit, by the pages of the rows' homes; null: all. */
  readonly pages: PageSet | null;
  /** Row count, free space and left places are as they should be. */
  readonly isKnown: boolean;
  /** Log was given up: a version may have lost the one before it. What cannot be undone stays. */
  readonly mayLackVersions: boolean;
  readonly visit: RowVisitor | null;
  /** Called now and then with the number of pages that are done; may take its time. */
  readonly onProgress: ((done: number) => Promise<void> | void) | null;
}

export interface StartupSweepResult {
  /** Versions that were undone. */
  readonly undone: number;
  /** Slots of deleted rows and orphaned places that were freed. */
  readonly freed: number;
  /** The largest xid that was met. */
  readonly xidMax: number;
}

/** Of the transaction that made the database. */
const FIRST_XID = 1;
const READ_AHEAD_PAGES = 64;
/** Pages between two turns of the event loop. */
const PAGES_PER_TURN = 256;

export async function startupSweep(
  context: HeapContext,
  heap: Heap,
  options: StartupSweepOptions,
): Promise<StartupSweepResult> {
  const sweep = new HeapStartupSweep(context, heap, options);
  // What is made or named meanwhile is our own doing.
  const pages = options.pages?.copy() ?? null;
  const pageCount = heap.pages.pageCount;
  let done = 0;
  for (
    let pageNo = nextPage(pages, 0, pageCount);
    pageNo < pageCount;
    pageNo = nextPage(pages, pageNo + 1, pageCount)
  ) {
    if (done % READ_AHEAD_PAGES === 0) readAhead(context, heap, pages, pageNo, pageCount);
    await untilLoaded(context, () => sweep.page(pageNo));
    done++;
    if (done % PAGES_PER_TURN !== 0) continue;
    await options.onProgress?.(done);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await sweep.freeLeftPlaces();
  return sweep;
}

/** The next page to visit from `pageNo` on; pageCount if there is none. */
function nextPage(pages: PageSet | null, pageNo: number, pageCount: number): number {
  if (pages === null) return pageNo;
  const next = pages.next(pageNo);
  return next < 0 ? pageCount : next;
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

function readAhead(context: HeapContext, heap: Heap, pages: PageSet | null, pageNo: number, pageCount: number): void {
  const pageNos: number[] = [];
  for (let i = pageNo; i < pageCount && pageNos.length < 2 * READ_AHEAD_PAGES; i = nextPage(pages, i + 1, pageCount)) {
    pageNos.push(i);
  }
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
  private readonly isKnown: boolean;
  private readonly mayLackVersions: boolean;
  /** All pages are visited: rows are counted. */
  private readonly counts: boolean;
  /** Where in the page the sweep stands, for beginning again after a missing page. */
  private nextSlot = 0;
  /** Slots of the page that hold committed tombstones. */
  private deadSlots: number[] = [];
  private rowCount = 0;
  /** In a heap that is not known: places met in passing, and those that home slots name. */
  private readonly places: number[] = [];
  private readonly named = new Set<number>();

  constructor(context: HeapContext, heap: Heap, options: StartupSweepOptions) {
    this.context = context;
    this.heap = heap;
    this.isLost = options.isLost;
    this.visit = options.visit;
    this.isKnown = options.isKnown;
    this.mayLackVersions = options.mayLackVersions;
    this.counts = options.pages === null;
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
      if (!this.isKnown) this.places.push(rowId);
      return;
    }
    for (;;) {
      if (!heap.locate(rowId)) return;
      const xid = pool.f64[heap.placeRow >>> 3];
      if (xid > this.xidMax) this.xidMax = xid;
      if (!this.isLost(xid)) break;
      if (this.mayLackVersions && !this.hasPrevious(rowId)) {
        this.keep(rowId);
        break;
      }
      undoNewest(this.context, heap, rowId, false);
      this.undone++;
    }
    const deleted = (pool.u8[heap.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0;
    if (heap.placeId !== rowId) {
      if (deleted) this.freeForwarded(rowId);
      else if (!this.isKnown) this.named.add(heap.placeId);
    } else if (deleted) this.deadSlots.push(rowId & ROW_SLOT_MASK);
    if (deleted) return;
    this.visit?.(rowId, heap.placeRow);
    this.rowCount++;
  }

  /** The located version has what it takes to undo it: it is an insert, or the version before is where it should be. */
  private hasPrevious(rowId: number): boolean {
    const { pool, versions } = this.context;
    const { placeRow, placeId } = this.heap;
    const pageNo = pool.u32[(placeRow + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
    if (pageNo === NO_VERSION) return true;
    if (pageNo >= versions.pages.pageCount) return false;
    const slot = pool.u16[(placeRow + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
    let base: number;
    try {
      base = pool.frameBase(versions.pages, pageNo);
    } catch (error) {
      if (error instanceof SqlError && error.code === 'XX001') return false;
      throw error;
    }
    this.heap.mustLocate(rowId);
    if (slot >= pageSlotCount(pool.u16, base) || slotOffset(pool.u16, base, slot) === 0) return false;
    const version = versions.versionBase(pageNo, slot);
    const place = versions.placeOf(version);
    return versions.relationOf(version) === this.heap.relId && (place === placeId || place === rowId);
  }

  /** The located version cannot be undone: it is its row's only one from here on, of a transaction that has committed. */
  private keep(rowId: number): void {
    const { pool, wal } = this.context;
    const { heap } = this;
    if (this.claim(heap.placeId >>> ROW_SLOT_BITS)) heap.mustLocate(rowId);
    const row = heap.placeRow;
    wal.begin(WAL_PAGES, 0);
    heap.setHeader(row, FIRST_XID, NO_PREVIOUS, pool.u8[row + ROW_FLAGS_OFFSET], pool.u8[row + ROW_LAYOUT_OFFSET]);
    heap.logHeader();
    wal.end();
  }

  private freeDead(pageNo: number, base: number): void {
    const { pool, wal } = this.context;
    if (this.claim(pageNo)) base = pool.frameBase(this.heap.pages, pageNo);
    const lower = pageLower(pool.u16, base);
    wal.begin(WAL_PAGES, 0);
    for (const slot of this.deadSlots) freeSlot(pool, base, slot);
    wal.pageHeader(this.heap.pages, pageNo, base);
    wal.pageRange(this.heap.pages, pageNo, base, PAGE_HEADER_SIZE, lower);
    wal.end();
    this.freed += this.deadSlots.length;
    this.deadSlots = [];
  }

  /** Others may be copying the heap. True: a frame was taken. */
  private claim(pageNo: number): boolean {
    const { pages } = this.heap;
    return pages.branch.isShared && this.context.pool.claim(pages, pageNo);
  }

  private freeForwarded(rowId: number): void {
    const { wal } = this.context;
    const { heap } = this;
    if (heap.pages.branch.isShared) while (heap.claimPlaces(rowId, -1)) heap.mustLocate(rowId);
    const { homeBase, placeBase, placeId } = this.heap;
    wal.begin(WAL_PAGES, 0);
    freeLogged(this.context, this.heap, placeBase, placeId);
    freeLogged(this.context, this.heap, homeBase, rowId);
    wal.end();
    this.heap.noteSpace(placeId >>> ROW_SLOT_BITS);
    // The place is gone already when the sweep comes by its page, or was listed before: not an orphan.
    this.named.add(placeId);
    this.freed++;
  }

  /** At the end: what is undone by now is in use again. */
  async freeLeftPlaces(): Promise<void> {
    const { pool, wal } = this.context;
    const pages = this.heap.pages;
    if (this.counts) this.heap.rowCount = this.rowCount;
    const left = this.isKnown ? [...this.heap.leftPlaces] : this.places.filter((placeId) => !this.named.has(placeId));
    for (const placeId of left) {
      await untilLoaded(this.context, () => {
        this.claim(placeId >>> ROW_SLOT_BITS);
        const base = pool.frameBase(pages, placeId >>> ROW_SLOT_BITS);
        const slot = placeId & ROW_SLOT_MASK;
        if (slot >= pageSlotCount(pool.u16, base)) return;
        const offset = slotOffset(pool.u16, base, slot);
        // Freed meanwhile, with the row that it belonged to.
        if (offset === 0 || (pool.u8[base + offset + ROW_FLAGS_OFFSET] & ROW_MOVED_IN) === 0) return;
        wal.begin(WAL_PAGES, 0);
        freeLogged(this.context, this.heap, base, placeId);
        settlePlace(this.context, this.heap, placeId);
        wal.end();
        this.freed++;
        this.heap.freeSpace.note(placeId >>> ROW_SLOT_BITS, totalSpace(pool.u16, base));
      });
    }
  }
}
