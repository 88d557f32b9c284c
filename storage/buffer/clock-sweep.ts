/**
 * Clock sweep: chooses the frame that gives up its page.
 *
 * Each frame has a usage count. Looking a page up adds one; the hand, going round, takes one away (of 5, when there are more),
 * and stops at the first frame that it finds at 0, unpinned, idle (no read into it, no write from it) and clean. What the hand
 * takes away goes into the frame's heat (page-heat.ts).
 *
 *      hand v
 *     [3][0*][1][0d][0][2]      * pinned: passed over, whatever its count; d dirty: passed over, and told to the page writer
 *
 * Invariants
 *  1. A pinned frame is never chosen.
 *  2. The chosen frame's page is clean, unless the caller asked for dirty ones because it will write it itself.
 *  3. One search looks at no more than 6 x frames; after that, everything is pinned or busy, and the caller is told (-1).
 *  4. A search for a clean frame gives up (-1) after DIRTY_LOOK_MAX dirty candidates: waiting for the page writer is better
 *     than throwing out all clean pages while the dirty ones stay.
 *
 * After: PostgreSQL, src/backend/storage/buffer/README.
 */
import { USAGE_COUNT_MAX } from '../limits.ts';

export const FRAME_DIRTY = 1;
export const FRAME_LOADING = 2;
export const FRAME_WRITING = 4;
/** Never written to its file: it still needs disk space. Set together with DIRTY. */
export const FRAME_NEW = 8;
/** Read from disk and not looked up since: the first look-up is counted as a read, not as a hit. */
export const FRAME_UNSEEN = 16;
export const FRAME_BUSY = FRAME_LOADING | FRAME_WRITING;

const DIRTY_LOOK_MIN = 16;

/** What is known of each frame, by frame number. */
export interface FrameTable {
  readonly frameCount: number;
  readonly usage: Uint8Array;
  readonly heat: Float32Array;
  readonly pins: Uint16Array;
  readonly flags: Uint8Array;
}

export class ClockSweep {
  hand = 0;
  private readonly frames: FrameTable;
  private readonly dirtyLookMax: number;

  constructor(frames: FrameTable) {
    this.frames = frames;
    this.dirtyLookMax = Math.max(DIRTY_LOOK_MIN, frames.frameCount >>> 4);
  }

  /** A clean frame to take, or -1. `onDirty` hears of the dirty candidates passed over. */
  findClean(onDirty: (frame: number) => void): number {
    return this.find(onDirty);
  }

  /** A frame to take, clean or dirty, or -1. */
  findAny(): number {
    return this.find(null);
  }

  private find(onDirty: ((frame: number) => void) | null): number {
    const { frameCount, usage, heat, pins, flags } = this.frames;
    const limit = frameCount * (USAGE_COUNT_MAX + 1);
    let dirtySeen = 0;
    let hand = this.hand;
    let chosen = -1;
    for (let looked = 0; looked < limit && chosen < 0; looked++) {
      const frame = hand;
      if (++hand === frameCount) hand = 0;
      if (pins[frame] !== 0 || (flags[frame] & FRAME_BUSY) !== 0) continue;
      const count = usage[frame];
      if (count !== 0) {
        const left = (count > USAGE_COUNT_MAX ? USAGE_COUNT_MAX : count) - 1;
        heat[frame] += count - left;
        usage[frame] = left;
      } else if (onDirty === null || (flags[frame] & FRAME_DIRTY) === 0) chosen = frame;
      else {
        onDirty(frame);
        if (++dirtySeen >= this.dirtyLookMax) break;
      }
    }
    this.hand = hand;
    return chosen;
  }
}
