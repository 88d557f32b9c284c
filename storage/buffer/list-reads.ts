/** The reads of a sample: an ascending list of pages, asked for some ahead, in a ring, so that nothing else has to go for them. */
import { RING_FRAMES } from '../limits.ts';
import type { BufferPool } from './pool.ts';
import type { RelationPages } from './relation-pages.ts';
import { ScanRing } from './scan-ring.ts';

const AHEAD = RING_FRAMES / 2;
const wanted = new Uint32Array(AHEAD);

export class ListReads {
  private readonly pool: BufferPool;
  private readonly pages: RelationPages;
  private readonly list: Uint32Array;
  private readonly ring = new ScanRing(RING_FRAMES);
  /** Entries of the list before this one have been asked for. */
  private asked = 0;

  constructor(pool: BufferPool, pages: RelationPages, list: Uint32Array) {
    this.pool = pool;
    this.pages = pages;
    this.list = list;
  }

  /** Where the page of the list's entry is. Throws PAGE_MISS. */
  base(index: number): number {
    if (index >= this.asked) this.askFrom(index);
    return this.pool.scanFrameBase(this.pages, this.list[index], this.ring);
  }

  private askFrom(index: number): void {
    this.asked = Math.min(index + AHEAD, this.list.length);
    let count = 0;
    for (let i = index; i < this.asked; i++) {
      if (!(this.pages.frames[this.list[i]] >= 0)) wanted[count++] = this.list[i];
    }
    if (count > 0) this.pool.prefetch(this.pages, wanted, count, this.ring);
  }
}
