/**
 * Whether a page that somebody waits for is read in place.
 *
 * Most files of a database are in the operating system's cache, and a read from there takes some microseconds; a trip to the thread
 * pool and back takes many times that, and half of it is the engine's own time. But nobody can ask the cache without reading, and a
 * read that must go to the disk stops everybody. So reads in place are timed: one that was slow sends all to the thread pool for a
 * while, which grows as long as the first one after it is slow again.
 *
 *      in place --a read of more than SLOW_MS--> in the thread pool --the pause--> in place
 *                                                 pause: LOSS_FACTOR times what was lost, at most PAUSE_MS_MIN; twice as long each time
 *                                                 up to PAUSE_MS_MAX; after QUICK_RUN quick reads as at first
 *
 * What looks slow need not be the disk: on a busy machine the thread may have lost its processor in the middle. So a loss of less than
 * some milliseconds costs a shorter pause.
 *
 * Invariant: where all reads that come first after a pause go to the disk, they take at most one read every pause: 0.1 % of the time for a
 * cold disk of 10 ms.
 *
 * Measured (8 clients, zipf 0.99 over four times the pool, files in the cache; bench/larger-than-memory.ts): docs/hot-data.md.
 */
const SLOW_MS = 0.2;
const LOSS_FACTOR = 20;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 10_000;
const QUICK_RUN = 64;

export class QuickReads {
  private readonly nowMs: () => number;
  private pausedUntilMs = 0;
  /** 1, doubled with each pause. */
  private pauseGrowth = 1;
  private quickCount = 0;

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs;
  }

  /** Whether the next page is to be read in place. */
  get isOn(): boolean {
    return this.pausedUntilMs === 0 || this.nowMs() >= this.pausedUntilMs;
  }

  /** Reads in place, and judges how long it took. */
  timed<T>(read: () => T): T {
    const startMs = this.nowMs();
    try {
      return read();
    } finally {
      this.judge(startMs, this.nowMs());
    }
  }

  private judge(startMs: number, endMs: number): void {
    if (endMs - startMs > SLOW_MS) {
      this.quickCount = 0;
      const pauseMs = Math.min(PAUSE_MS_MIN, (endMs - startMs) * LOSS_FACTOR) * this.pauseGrowth;
      this.pausedUntilMs = endMs + Math.min(PAUSE_MS_MAX, pauseMs);
      this.pauseGrowth = Math.min(PAUSE_MS_MAX, this.pauseGrowth * 2);
      return;
    }
    this.pausedUntilMs = 0;
    if (++this.quickCount >= QUICK_RUN) this.pauseGrowth = 1;
  }
}
