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
 * After: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy" (2017); Caffeine's W-TinyLFU.
 */
import { FRAME_BUSY, FRAME_DIRTY, type FrameTable } from './clock-sweep.ts';
import type { PageHeat } from './page-heat.ts';

const WINDOW_SHARE = 100;
const WINDOW_MIN = 16;
const MISSES_PER_FRAME = 2;
/** Less heat has only a page that nobody has looked at since it came (or one that is so cold that it goes by itself). */
const LOOKED_AT = 0.5;

export interface AdmissionFrames extends FrameTable {
  readonly framePage: Uint32Array;
  readonly pageHeat: PageHeat;
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

  constructor(frames: AdmissionFrames) {
    this.frames = frames;
    const size = Math.max(WINDOW_MIN, Math.floor(frames.frameCount / WINDOW_SHARE));
    this.window = new Int32Array(Math.min(size, frames.frameCount >>> 2)).fill(-1);
    this.pageNos = new Float64Array(this.window.length);
  }

  /** The frame that page `pageNo` is read into: the sweep's victim, or that of the page that leaves the window. */
  choose(victim: number, pageNo: number): number {
    const { frames, window, pageNos, next } = this;
    const candidate = window[next];
    let target = victim;
    if (candidate >= 0 && candidate !== victim && this.mustCompete(candidate, pageNos[next])) {
      if (frames.pageHeat.of(candidate) <= frames.pageHeat.of(victim)) {
        target = candidate;
        this.rejected++;
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
