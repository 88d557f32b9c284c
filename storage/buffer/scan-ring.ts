/**
 * A scan's ring: some frames, 32 or more, that a scan of a large relation fills again and again, so that it leaves the hot set
 * alone. It is small enough for a core's cache, and twice a step of read-ahead (scan-reads.ts).
 *
 * A miss under a ring takes the ring's next frame, if that still holds the page that the ring read into it and nobody else
 * has come to want it (usage <= 1, unpinned, idle, clean); otherwise the frame leaves the ring to the others, and the clock
 * sweep provides one. So a dirty page leaves the ring, as in PostgreSQL.
 */
import { RING_FRAMES } from '../limits.ts';

export class ScanRing {
  readonly frames: Int32Array;
  /** What the ring read into the frame: its page number, to see whether it is still there. */
  readonly pageNos: Float64Array;
  next = 0;
  /** Statistics: misses served by a frame of the ring. */
  reuses = 0;
  reads = 0;

  constructor(frameCount = RING_FRAMES) {
    this.frames = new Int32Array(frameCount).fill(-1);
    this.pageNos = new Float64Array(frameCount).fill(-1);
  }
}
