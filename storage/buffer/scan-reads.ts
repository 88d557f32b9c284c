/**
 * The reads of a sequential scan: ahead of it, many at once, and for a large relation in a ring.
 *
 *      pages   0..3 | 4..11 | 12..27 | 28..43 | ...      steps of 4, 8, 16, 16 pages, each one read
 *                     ^ the scan enters a step: the next one is asked for
 *
 * Who scans a relation larger than a quarter of the pool gets a ring, as in PostgreSQL: half of it is in use while the other half
 * is read, so a step is at most half a ring. PostgreSQL's 256 KB are what small pools have; a larger pool gives up to 2 MB, since
 * an asynchronous read costs some 25 us whatever its size (250 MB in the memory of the operating system: in steps of 128 KB
 * 100 ms, of 256 KB 70 ms, of 512 KB 45 ms; node 20, libuv 1.46). A smaller relation is read ahead in the same steps, into frames
 * of the pool's own. The steps begin small for those who want only the first rows.
 *
 * Invariants
 *  1. A step takes frames of the ring that held pages before the one the scan is on.
 *  2. A page that is resident costs one comparison more than pool.frameBase; reads are started once a step.
 */
import { RING_FRAMES, RING_FRAMES_MAX } from '../limits.ts';
import type { BufferPool } from './pool.ts';
import type { RelationPages } from './relation-pages.ts';
import { ScanRing } from './scan-ring.ts';

const STEP_MIN = 4;

const wanted = new Uint32Array(RING_FRAMES_MAX / 2);

export class ScanReads {
  /** Null: the relation is small, and its pages become residents like any other. */
  ring: ScanRing | null = null;
  private readonly pool: BufferPool;
  private readonly pages: RelationPages;
  /** The scan ends before this page. */
  private endPage = 0;
  /** Pages before this one have been asked for. */
  private asked = 0;
  /** On entering this page the next step is asked for. */
  private askAt = 0;
  private step = STEP_MIN;
  private readonly stepMax: number;

  constructor(pool: BufferPool, pages: RelationPages) {
    this.pool = pool;
    this.stepMax = ringFrames(pool) / 2;
    this.pages = pages;
  }

  /** A scan of pages 0 .. pageCount - 1 begins; answers pageCount. */
  open(): number {
    const { pageCount } = this.pages;
    this.endPage = pageCount;
    this.asked = 0;
    this.askAt = 0;
    this.step = STEP_MIN;
    this.ring = isLarge(this.pool, this.pages) ? (this.ring ?? new ScanRing(ringFrames(this.pool))) : null;
    return pageCount;
  }

  /** As pool.frameBase, for pages in ascending order. On PAGE_MISS: `missed`. */
  base(pageNo: number): number {
    if (pageNo >= this.askAt) this.askAhead(pageNo);
    const { ring } = this;
    return ring === null ? this.pool.frameBase(this.pages, pageNo) : this.pool.scanFrameBase(this.pages, pageNo, ring);
  }

  /**
   * The scan waits for a page. Should that be one whose frame others took before the scan came to it, those behind it have
   * probably gone the same way.
   */
  missed(pageNo: number): void {
    this.prefetch(pageNo + 1, Math.min(pageNo + this.stepMax, this.asked));
  }

  private askAhead(pageNo: number): void {
    if (this.asked < pageNo) this.asked = pageNo;
    while (pageNo >= this.askAt) {
      this.askAt = this.asked;
      this.asked = Math.min(this.asked + this.step, this.endPage);
      this.prefetch(this.askAt, this.asked);
      this.step = Math.min(this.step * 2, this.stepMax);
      if (this.asked === this.endPage) this.askAt = Number.POSITIVE_INFINITY;
    }
  }

  private prefetch(start: number, end: number): void {
    const { frames } = this.pages;
    let count = 0;
    for (let pageNo = start; pageNo < end; pageNo++) if (!(frames[pageNo] >= 0)) wanted[count++] = pageNo;
    if (count > 0) this.pool.prefetch(this.pages, wanted, count, this.ring);
  }
}

/** A power of two, so that steps double up to half of it. */
function ringFrames(pool: BufferPool): number {
  const share = 2 ** Math.floor(Math.log2(pool.frameCount / 64));
  return Math.min(RING_FRAMES_MAX, Math.max(RING_FRAMES, share));
}

/** A scan of it would push out a good part of what else is in memory. */
export function isLarge(pool: BufferPool, pages: RelationPages): boolean {
  return pages.pageCount > pool.frameCount >>> 2;
}
