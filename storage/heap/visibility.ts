/**
 * Puts pages into the visibility map (buffer/visibility-map.ts says what it promises).
 *
 *      page named by the log ---> out of the map, `written`
 *      a pass comes by       ---> no longer `written`: not looked at while it is busy
 *      the next pass         ---> all rows settled? into the map
 *
 * A row is settled when its newest version is no tombstone, has an xid below the GC horizon (so every snapshot sees it, and
 * nobody the one before), and the sweep has no old key of it left to drop. Passes run in slices, look at pages in memory only,
 * and come less often as long as they find nothing; VACUUM looks at all pages (settlePage).
 */
import { pageSlotCount, slotOffset } from '../page/index.ts';
import type { Heap } from './heap.ts';
import {
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_FORWARD_OFFSET,
  ROW_FORWARDED,
  ROW_MOVED_IN,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
} from './row-header.ts';

const PASS_MS = 500;
/** Between passes that find nothing new. */
const PASS_LATER_MS = 30_000;
/** Pages looked at in one slice: about a millisecond. */
const SLICE_PAGES = 64;
/** Pages passed over in one slice. */
const SLICE_ENTRIES = 65_536;

/**
 * Looks at the page and puts it into the map if it is all-visible; true: it is now. Throws PAGE_MISS if the page itself is
 * missing; of one with a row that stands elsewhere and is not in memory nothing is known.
 */
export function settlePage(heap: Heap, pageNo: number): boolean {
  const { visibility } = heap;
  if (isInherited(heap)) return false;
  if (visibility.rowsOf(pageNo) >= 0) return true;
  if (visibility.holds > 0 && !visibility.has(pageNo)) return false;
  return settleFrame(heap, pageNo, heap.context.pool.frameBase(heap.pages, pageNo));
}

/** The same for a page in memory, at `base`: it is no look-up, and so counted nowhere. */
export function settleFrame(heap: Heap, pageNo: number, base: number): boolean {
  const { visibility } = heap;
  if (isInherited(heap) || (visibility.holds > 0 && !visibility.has(pageNo))) return false;
  // A bulk page is without rows at first, and what is put into it then is logged when it is full.
  const rows = heap.unsweptKeys.has(pageNo) ? 0 : settledRows(heap, base, heap.horizon);
  visibility.written.delete(pageNo);
  if (rows <= 0) return false;
  visibility.add(pageNo, rows);
  return true;
}

/** A fork finds rows by its parent's indexes, which have keys that it must not see: none of its pages is all-visible. */
function isInherited(heap: Heap): boolean {
  return heap.pages.source !== null;
}

/** Rows whose home is the page at `base`; -1 if one of them is not settled. */
function settledRows(heap: Heap, base: number, horizon: number): number {
  const { u8, u16, f64 } = heap.context.pool;
  const slots = pageSlotCount(u16, base);
  let rows = 0;
  for (let slot = 0; slot < slots; slot++) {
    const offset = slotOffset(u16, base, slot);
    if (offset === 0) continue;
    const row = base + offset;
    const flags = u8[row + ROW_FLAGS_OFFSET];
    // A place of a row whose home is elsewhere, or that it has left.
    if ((flags & ROW_MOVED_IN) !== 0) continue;
    if ((flags & ROW_DELETED) !== 0) return -1;
    if ((flags & ROW_FORWARDED) !== 0) {
      if (!isPlaceSettled(heap, row, horizon)) return -1;
    } else if (!(f64[row >>> 3] < horizon)) return -1;
    rows++;
  }
  return rows;
}

/** The log names the home's page, too, whenever the row changes at its place. */
function isPlaceSettled(heap: Heap, home: number, horizon: number): boolean {
  const { pool } = heap.context;
  const placeId = pool.u32[(home + ROW_FORWARD_OFFSET) >>> 2];
  const base = pool.tryFrame(heap.pages, placeId >>> ROW_SLOT_BITS);
  if (base < 0) return false;
  const row = base + slotOffset(pool.u16, base, placeId & ROW_SLOT_MASK);
  return (pool.u8[row + ROW_FLAGS_OFFSET] & ROW_DELETED) === 0 && pool.f64[row >>> 3] < horizon;
}

/** The passes over all heaps. */
export class VisibilityPasses {
  private readonly heaps: ReadonlyMap<number, Heap>;
  private timer: NodeJS.Timeout | null = null;
  /** When the timer is for the next pass, and not the next slice of this one. */
  private isBetween = true;
  private delayMs = PASS_MS;
  private isStopped = true;
  /** Heaps still to be visited in this pass, and how far it has come in the first. */
  private readonly queue: number[] = [];
  private nextPage = 0;
  private settled = 0;

  constructor(heaps: ReadonlyMap<number, Heap>) {
    this.heaps = heaps;
  }

  start(): void {
    this.enable();
    this.schedule(PASS_MS);
  }

  /** The first pass comes when something is written. */
  enable(): void {
    this.isStopped = false;
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Something has been written: there will be something to settle. */
  readonly noteWritten = (): void => {
    if (this.isStopped || (this.timer !== null && (!this.isBetween || this.delayMs === PASS_MS))) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.isBetween = true;
    this.delayMs = PASS_MS;
    this.schedule(PASS_MS);
  };

  private schedule(delayMs: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(this.onTimer, delayMs);
    this.timer.unref();
  }

  private readonly onTimer = (): void => {
    this.timer = null;
    if (this.isBetween) this.begin();
    if (!this.slice()) {
      this.isBetween = false;
      this.schedule(1);
      return;
    }
    this.end();
  };

  private begin(): void {
    this.queue.length = 0;
    for (const heap of this.heaps.values()) if (hasMissing(heap)) this.queue.push(heap.relId);
    this.nextPage = 0;
    this.settled = 0;
  }

  private end(): void {
    this.isBetween = true;
    let isBusy = false;
    let isLeft = false;
    for (const heap of this.heaps.values()) {
      if (heap.visibility.rest()) isBusy = true;
      if (hasMissing(heap)) isLeft = true;
    }
    // With nothing left, noteWritten starts the next one.
    if (!isLeft) {
      this.delayMs = PASS_LATER_MS;
      return;
    }
    this.delayMs = isBusy || this.settled > 0 ? PASS_MS : Math.min(this.delayMs * 2, PASS_LATER_MS);
    this.schedule(this.delayMs);
  }

  /** True: the pass has come to its end. */
  private slice(): boolean {
    let looked = 0;
    let passed = 0;
    while (this.queue.length > 0) {
      const heap = this.heaps.get(this.queue[0]);
      const { pageCount, frames } = heap?.pages ?? { pageCount: 0, frames: NO_FRAMES };
      while (heap !== undefined) {
        const pageNo = heap.visibility.nextMissing(this.nextPage, pageCount);
        passed += pageNo + 1 - this.nextPage;
        if (pageNo >= pageCount) break;
        this.nextPage = pageNo + 1;
        if (heap.visibility.written.has(pageNo)) heap.visibility.written.delete(pageNo);
        else if (frames[pageNo] >= 0) {
          looked++;
          if (settleFrame(heap, pageNo, heap.context.pool.tryFrame(heap.pages, pageNo))) this.settled++;
        }
        if (looked >= SLICE_PAGES || passed >= SLICE_ENTRIES) return false;
      }
      this.queue.shift();
      this.nextPage = 0;
    }
    return true;
  }
}

const NO_FRAMES = new Int32Array(0);

function hasMissing(heap: Heap): boolean {
  return !isInherited(heap) && heap.visibility.pageCount < heap.pages.pageCount;
}
