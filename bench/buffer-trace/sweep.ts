/** The pool's own policies: ClockSweep, PageHeat and Admission as they are, over frames without bytes. */
import { Admission } from '../../storage/buffer/admission.ts';
import { ClockSweep } from '../../storage/buffer/clock-sweep.ts';
import { PageHeat } from '../../storage/buffer/page-heat.ts';
import { USAGE_BYTE_MAX } from '../../storage/limits.ts';
import type { PolicyMaker } from './policy.ts';

const RELATION = 9;
const NO_PAGE = 0xffffffff;

class Frames {
  readonly frameCount: number;
  readonly usage: Uint8Array;
  readonly heat: Float32Array;
  readonly pins: Uint16Array;
  readonly flags: Uint8Array;
  readonly framePage: Uint32Array;
  readonly frameOf: Int32Array;
  readonly pageHeat: PageHeat;
  readonly sweep: ClockSweep;
  used = 0;

  constructor(frames: number, pageCount: number) {
    this.frameCount = frames;
    this.usage = new Uint8Array(frames);
    this.pageHeat = new PageHeat(this.usage);
    this.heat = this.pageHeat.heat;
    this.pins = new Uint16Array(frames);
    this.flags = new Uint8Array(frames);
    this.framePage = new Uint32Array(frames).fill(NO_PAGE);
    this.frameOf = new Int32Array(pageCount).fill(-1);
    this.sweep = new ClockSweep(this);
  }

  touch(frame: number): void {
    if (this.usage[frame] < USAGE_BYTE_MAX) this.usage[frame]++;
  }

  relationOf(): number {
    return RELATION;
  }

  /** The page takes the frame from whatever was in it. */
  settle(frame: number, page: number): void {
    const before = this.framePage[frame];
    if (before !== NO_PAGE) {
      this.frameOf[before] = -1;
      this.pageHeat.evicted(frame, RELATION, before);
    }
    this.framePage[frame] = page;
    this.frameOf[page] = frame;
    this.usage[frame] = 0;
    this.pageHeat.arrived(frame, RELATION, page);
    // By who waited for it.
    this.touch(frame);
  }
}

export const clockSweep: PolicyMaker = (frames, pageCount) => {
  const pool = new Frames(frames, pageCount);
  return {
    name: 'clock sweep (hotrow)',
    access(page) {
      const frame = pool.frameOf[page];
      if (frame >= 0) {
        pool.touch(frame);
        return true;
      }
      pool.settle(pool.used < frames ? pool.used++ : pool.sweep.findAny(), page);
      return false;
    },
  };
};

/** With the pool's own admission in front (`buffer_admission = tinylfu`). */
export const sweepWithAdmission: PolicyMaker = (frames, pageCount) => {
  const pool = new Frames(frames, pageCount);
  const admission = new Admission(pool);
  return {
    name: 'sweep + admission (hotrow)',
    access(page) {
      const frame = pool.frameOf[page];
      if (frame >= 0) {
        pool.touch(frame);
        return true;
      }
      const target = pool.used < frames ? pool.used++ : admission.choose(pool.sweep.findAny(), RELATION, page);
      pool.settle(target, page);
      return false;
    },
  };
};
