/**
 * The ring of a bulk load: the pages that it makes turn in a part of the pool, and leave the hot set alone.
 *
 *      [ written, clean ][ being written ][ dirty: the last ones made ]
 *        ^ the next new page takes this frame
 *
 * A quarter of the pool at most, and no more than 16 MB, as in PostgreSQL: large enough that what was made a ring ago has been
 * written in the background when its frame is wanted again. If it has not been, it is written then, with those behind it, after one
 * flush of the log: a load that is faster than the disk waits for it. A frame that others came to want leaves the ring; the clock
 * sweep gives another. While the pool has frames that hold nothing, the load fills those first.
 */
import { FRAME_BUSY, FRAME_DIRTY } from './clock-sweep.ts';
import type { BufferPool } from './pool.ts';
import type { RelationPages } from './relation-pages.ts';

const RING_FRAMES_MAX = 2048;
/** How often in one round what was made is handed to the writer. */
const WRITES_PER_ROUND = 8;
/** Made, and looked up by the load itself: nobody else has wanted it. */
const USAGE_OWN = 2;

export class WriteRing {
  /** Statistics: pages made in a frame of the ring. */
  reuses = 0;
  private readonly pool: BufferPool;
  private readonly frames: Int32Array;
  private readonly pageNos: Float64Array;
  private readonly rel: RelationPages;
  private readonly writeStep: number;
  private next = 0;

  constructor(pool: BufferPool, rel: RelationPages) {
    this.pool = pool;
    this.rel = rel;
    const size = Math.min(RING_FRAMES_MAX, pool.frameCount >>> 2);
    this.frames = new Int32Array(size).fill(-1);
    this.pageNos = new Float64Array(size);
    this.writeStep = Math.max(1, Math.floor(size / WRITES_PER_ROUND));
  }

  /** The ring's next frame if its page can go, clean, or -1. Throws what writing it throws (53100). */
  reusable(): number {
    const { pool, frames, pageNos, next } = this;
    const frame = frames[next];
    if (frame < 0 || !this.isOwn(frame, pageNos[next])) return -1;
    if ((pool.flags[frame] & FRAME_BUSY) !== 0 || pool.pins[frame] !== 0) return -1;
    if ((pool.flags[frame] & FRAME_DIRTY) !== 0) {
      if (!pool.writer.canWriteNow(frame)) return -1;
      for (let i = 1; i <= this.writeStep; i++) {
        const slot = (next + i) % frames.length;
        if (frames[slot] >= 0 && this.isOwn(frames[slot], pageNos[slot])) pool.writer.want(frames[slot]);
      }
      pool.writer.writeSync(frame);
    }
    this.reuses++;
    return frame;
  }

  /** A page has been made in the frame. */
  made(frame: number, pageNo: number): void {
    this.frames[this.next] = frame;
    this.pageNos[this.next] = pageNo;
    this.next = this.next + 1 === this.frames.length ? 0 : this.next + 1;
    if (this.next % this.writeStep === 0) this.write();
  }

  /** Has what was made before the last few pages written. */
  private write(): void {
    const { frames, pageNos, writeStep, pool } = this;
    const dirty: number[] = [];
    const size = frames.length;
    for (let i = 2 * writeStep; i > writeStep; i--) {
      const slot = (this.next - i + size) % size;
      const frame = frames[slot];
      if (frame >= 0 && this.isOwn(frame, pageNos[slot]) && (pool.flags[frame] & FRAME_DIRTY) !== 0) dirty.push(frame);
    }
    if (dirty.length > 0) pool.writer.writeFrames(dirty, ignore);
  }

  private isOwn(frame: number, pageNo: number): boolean {
    const { frameRelation, framePage, usage } = this.pool;
    return frameRelation[frame] === this.rel && framePage[frame] === pageNo && usage[frame] <= USAGE_OWN;
  }
}

/** A page that could not be written stays dirty, and whoever needs its frame hears of the error. */
function ignore(): void {}
