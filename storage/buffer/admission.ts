/**
 * Admission: whether a page that is read may stay, decided when the pool is full (`buffer_admission = tinylfu`).
 *
 *      miss --> [ window: the last 1 % of pages read, first in, first out ] --leaves--> wanted more than the sweep's victim?
 *                                                                         yes: it stays, the victim's frame is taken
 *                                                                         no:  its own frame is taken, the victim stays
 *
 * The sweep alone lets every page in, and a page wanted once pushes out one that is wanted now and then. What a page is wanted is
 * its heat (page-heat.ts), of evicted pages too: where TinyLFU estimates frequencies by a sketch, the pool has them already. So
 * lookups pay nothing; a miss pays two looks at heat. Pages that are made, or read ahead, are let in.
 *
 * Heat halves here also with every two pools' worth of misses, so that a hot set that moves is let in: the shorter that is, the
 * sooner, and the less is known of the rarely wanted (bench/buffer-trace.ts has the figures: 2 gives what W-TinyLFU gives).
 *
 * A hot set that moves is met by a memory of the old one, and its pages are sent away again and again. That shows: of the pages
 * sent away, those that are read again within a pool's worth of misses are some 30 % where the same rows stay popular (zipf), and 55 to 75 %
 * where they change. So when more than REGRET_MAX come back, all pages are let in for a while.
 *
 * After: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy" (2017); Caffeine's W-TinyLFU.
 */
import { PAGES_PER_RELATION_MAX } from '../limits.ts';
import { FRAME_BUSY, FRAME_DIRTY, type FrameTable } from './clock-sweep.ts';
import type { PageHeat } from './page-heat.ts';

const WINDOW_SHARE = 100;
const WINDOW_MIN = 16;
const MISSES_PER_FRAME = 2;
/** Share of the pages sent away that came back soon, beyond which nobody is sent away for so many misses per frame. */
const REGRET_MAX = 0.45;
const OPEN_MISSES_PER_FRAME = 4;
/** Pages sent away between two judgements, per frame, and at least. */
const JUDGED_SHARE = 1 / 8;
const JUDGED_MIN = 64;
/** Less heat has only a page that nobody has looked at since it came (or one that is so cold that it goes by itself). */
const LOOKED_AT = 0.5;

export interface AdmissionFrames extends FrameTable {
  readonly framePage: Uint32Array;
  readonly pageHeat: PageHeat;
  /** Whose page is in the frame. */
  relationOf(frame: number): number;
}

/** Of a page, among all. Page numbers are below 2^23. */
function nameOf(relId: number, pageNo: number): number {
  return relId * PAGES_PER_RELATION_MAX + pageNo;
}

export class Admission {
  /** Pages that had to leave again. */
  rejected = 0;
  private readonly frames: AdmissionFrames;
  private readonly window: Int32Array;
  /** The page that was read into the frame, to see that it is still there. */
  private readonly pageNos: Float64Array;
  private next = 0;
  private misses = 0;
  /** All misses so far. */
  private missCount = 0;
  /** Until then all pages are let in. */
  private openUntil = 0;
  /** Pages sent away, by a hash of their name: the name, and when. A cache: of two that meet the later stays. */
  private readonly sentAway: Float64Array;
  private readonly sentAt: Float64Array;
  private judged = 0;
  private regretted = 0;

  constructor(frames: AdmissionFrames) {
    this.frames = frames;
    const size = Math.max(WINDOW_MIN, Math.floor(frames.frameCount / WINDOW_SHARE));
    this.window = new Int32Array(Math.min(size, frames.frameCount >>> 2)).fill(-1);
    this.pageNos = new Float64Array(this.window.length);
    const capacity = 2 ** Math.ceil(Math.log2(frames.frameCount));
    this.sentAway = new Float64Array(capacity).fill(-1);
    this.sentAt = new Float64Array(capacity);
  }

  /** The frame that the page is read into: the sweep's victim, or that of the page that leaves the window. */
  choose(victim: number, relId: number, pageNo: number): number {
    const { frames, window, pageNos, next } = this;
    this.missCount++;
    this.noteReturn(relId, pageNo);
    const candidate = window[next];
    let target = victim;
    if (
      candidate >= 0 &&
      candidate !== victim &&
      this.missCount >= this.openUntil &&
      this.mustCompete(candidate, pageNos[next])
    ) {
      if (frames.pageHeat.of(candidate) <= frames.pageHeat.of(victim)) {
        target = candidate;
        this.noteSentAway(frames.relationOf(candidate), pageNos[next]);
      }
    }
    window[next] = target;
    pageNos[next] = pageNo;
    this.next = next + 1 === window.length ? 0 : next + 1;
    if (++this.misses >= frames.frameCount * MISSES_PER_FRAME) {
      this.misses = 0;
      frames.pageHeat.halve();
    }
    return target;
  }

  private noteSentAway(relId: number, pageNo: number): void {
    this.rejected++;
    const name = nameOf(relId, pageNo);
    const place = this.placeOf(name);
    this.sentAway[place] = name;
    this.sentAt[place] = this.missCount;
    if (++this.judged < Math.max(JUDGED_MIN, this.frames.frameCount * JUDGED_SHARE)) return;
    if (this.regretted > this.judged * REGRET_MAX)
      this.openUntil = this.missCount + this.frames.frameCount * OPEN_MISSES_PER_FRAME;
    this.judged = 0;
    this.regretted = 0;
  }

  private noteReturn(relId: number, pageNo: number): void {
    const name = nameOf(relId, pageNo);
    const place = this.placeOf(name);
    if (this.sentAway[place] !== name) return;
    if (this.missCount - this.sentAt[place] < this.frames.frameCount) this.regretted++;
    this.sentAway[place] = -1;
  }

  private placeOf(name: number): number {
    const hash = Math.imul(name >>> 0, 0x85ebca6b) ^ Math.imul((name / 2 ** 32) >>> 0, 0x9e3779b1);
    return (hash ^ (hash >>> 15)) & (this.sentAway.length - 1);
  }

  /** It is still the page that was read, free to go, and has been looked at by who waited for it. */
  private mustCompete(frame: number, pageNo: number): boolean {
    const { framePage, pins, flags, pageHeat } = this.frames;
    return (
      framePage[frame] === pageNo &&
      pins[frame] === 0 &&
      (flags[frame] & (FRAME_BUSY | FRAME_DIRTY)) === 0 &&
      pageHeat.of(frame) >= LOOKED_AT
    );
  }
}
