/**
 * Writes pages back: in batches, from copies, in the background, for the sweep (clean frames ahead of the hand) and for
 * the checkpointer; and, when a frame is needed at once and there is none clean, synchronously.
 *
 *      DIRTY --copy, stamp checksum--> WRITING --log durable, pages written--> clean (or DIRTY again, if changed meanwhile
 *                                                                               or if the write failed)
 *
 * Invariants
 *  1. A page goes to disk only when the log is durable up to its LSN (of the copy that is written).
 *  2. One batch is under way at a time; a frame that is WRITING does not change hands.
 *  3. What is written is a copy with its own checksum; the page may change while it is written.
 *  4. A batch holds at most an eighth of the pool, so that writing never takes all frames away from the sweep.
 */
import type { SqlError } from '../../types/errors.ts';
import { PAGE_SIZE, USAGE_BYTE_MAX } from '../limits.ts';
import { pageLsn, setPageChecksum } from '../page/index.ts';
import { FRAME_DIRTY, FRAME_LOADING, FRAME_NEW, FRAME_WRITING } from './clock-sweep.ts';
import type { BufferPool } from './pool.ts';
import type { RelationPages } from './relation-pages.ts';

const BATCH_PAGES_MAX = 64;
/** How many frames ahead of the hand the background writer looks for work, in batches. */
const LOOK_AHEAD_BATCHES = 4;
const RETRY_MS = 500;

interface WriteJob {
  readonly frames: number[];
  readonly isCheckpoint: boolean;
  readonly callback: (error: SqlError | null) => void;
}

export class PageWriter {
  readonly batchPages: number;
  /** Pages written: ahead of the hand, for checkpoints, and by those who could not wait. */
  backgroundWrites = 0;
  checkpointWrites = 0;
  foregroundWrites = 0;

  private readonly pool: BufferPool;
  private readonly staging: Buffer;
  private readonly stagingLsn: Float64Array;
  private readonly jobs: WriteJob[] = [];
  private running = false;
  private current: Batch | null = null;
  /** Dirty frames that the sweep passed over. */
  private wanted: number[] = [];
  private lookScheduled = false;
  private pausedUntil = 0;
  private readonly settled: (() => void)[] = [];

  constructor(pool: BufferPool) {
    this.pool = pool;
    this.batchPages = Math.max(1, Math.min(BATCH_PAGES_MAX, pool.frameCount >>> 3));
    this.staging = Buffer.allocUnsafeSlow(this.batchPages * PAGE_SIZE);
    this.stagingLsn = new Float64Array(this.staging.buffer);
  }

  get stagingBytes(): number {
    return this.staging.byteLength;
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** The sweep could use this frame if it were clean. */
  want(frame: number): void {
    if (this.wanted.length < this.batchPages) this.wanted.push(frame);
  }

  /** Cleans ahead of the hand, soon. */
  kick(): void {
    if (this.lookScheduled || this.running || this.pool.isClosed) return;
    this.lookScheduled = true;
    const pause = this.pausedUntil === 0 ? 0 : this.pausedUntil - Date.now();
    if (pause > 0) setTimeout(this.look, pause).unref();
    else setImmediate(this.look);
  }

  /** Writes those of the frames that are dirty; the callback tells of the first failure. */
  writeFrames(frames: number[], callback: (error: SqlError | null) => void, isCheckpoint = false): void {
    this.jobs.push({ frames, isCheckpoint, callback });
    this.runNext();
  }

  /** Called when the writes that are under way now are done. */
  whenSettled(callback: () => void): void {
    if (this.running) this.settled.push(callback);
    else setImmediate(callback);
  }

  /**
   * Writes the dirty page in the frame now (and others that the sweep wants, since the log is flushed once for all).
   * Throws what the write throws (53100); the frame stays dirty then.
   */
  writeSync(frame: number): void {
    const { pool } = this;
    let lsn = this.lsnOf(frame);
    const others = this.wanted;
    this.wanted = [];
    for (const other of others) lsn = Math.max(lsn, this.isWritable(other) ? this.lsnOf(other) : 0);
    pool.wal.flushSync(lsn);
    this.writeOneSync(frame);
    for (const other of others) if (other !== frame && this.canWriteNow(other)) this.writeOneSync(other);
  }

  private readonly look = (): void => {
    this.lookScheduled = false;
    if (this.running || this.pool.isClosed) return;
    const frames = this.wanted.filter((frame) => this.isWritable(frame));
    this.wanted = [];
    this.lookAhead(frames, this.batchPages * LOOK_AHEAD_BATCHES, 0);
    // Somebody waits: then hot dirty pages will do as well.
    if (frames.length === 0 && this.pool.loader.hasWaiting)
      this.lookAhead(frames, this.pool.frameCount, USAGE_BYTE_MAX);
    if (frames.length === 0) {
      this.pool.loader.onNothingToWrite(null);
      return;
    }
    this.writeFrames(frames, (error) => {
      this.pausedUntil = error === null ? 0 : Date.now() + RETRY_MS;
      if (error !== null) this.pool.loader.onNothingToWrite(error);
      // Otherwise the batch has told the pool already, and runBatch looks again if somebody still waits.
    });
  };

  /** Dirty, unpinned frames from the hand on, with a usage count up to usageMax. */
  private lookAhead(frames: number[], distance: number, usageMax: number): void {
    const { frameCount, usage, pins } = this.pool;
    let frame = this.pool.sweep.hand;
    for (let i = Math.min(frameCount, distance); i > 0 && frames.length < this.batchPages; i--) {
      if (pins[frame] === 0 && usage[frame] <= usageMax && this.isWritable(frame) && !frames.includes(frame))
        frames.push(frame);
      if (++frame === frameCount) frame = 0;
    }
  }

  private isWritable(frame: number): boolean {
    return (this.pool.flags[frame] & (FRAME_DIRTY | FRAME_WRITING | FRAME_LOADING)) === FRAME_DIRTY;
  }

  /** Dirty, and no write of an earlier page of that number (truncated away since) is under way, which could land after ours. */
  canWriteNow(frame: number): boolean {
    if (!this.isWritable(frame)) return false;
    const batch = this.current;
    if (batch === null) return true;
    const relation = this.pool.frameRelation[frame];
    const pageNo = this.pool.framePage[frame];
    return !batch.relations.some((other, i) => other === relation && batch.pageNos[i] === pageNo);
  }

  private lsnOf(frame: number): number {
    return pageLsn(this.pool.f64, frame * PAGE_SIZE);
  }

  private writeOneSync(frame: number): void {
    const { pool } = this;
    const relation = pool.frameRelation[frame]!;
    const base = frame * PAGE_SIZE;
    // The staging area may be in use: the page itself is stamped, which nobody minds, since nothing runs meanwhile.
    setPageChecksum(pool.u8, base, pool.memory.checksum(base));
    pool.files.open(relation, true).writeSync(pool.bytes, base, PAGE_SIZE, pool.framePage[frame] * PAGE_SIZE);
    relation.needsSync = true;
    pool.markClean(frame);
    this.foregroundWrites++;
  }

  private runNext(): void {
    if (this.running) return;
    const job = this.jobs.shift();
    if (job === undefined) return;
    this.running = true;
    this.runBatch(job, 0, null);
  }

  private runBatch(job: WriteJob, start: number, failure: SqlError | null): void {
    const { pool } = this;
    const batch = this.takeBatch(job.frames, start);
    if (batch.frames.length === 0) {
      this.running = false;
      for (const callback of this.settled.splice(0)) callback();
      job.callback(failure);
      this.runNext();
      if (pool.loader.hasWaiting) this.kick();
      return;
    }
    this.current = batch;
    pool.wal.requestDurable(batch.lsn, (error) => {
      if (error !== null) this.finishBatch(job, batch, error, failure);
      else this.writeBatch(batch, (writeError) => this.finishBatch(job, batch, writeError, failure));
    });
  }

  /** Copies the next dirty pages of the list, in file order; marks them WRITING. */
  private takeBatch(frames: number[], start: number): Batch {
    const { pool } = this;
    const taken: number[] = [];
    let next = start;
    for (; next < frames.length && taken.length < this.batchPages; next++) {
      if (this.isWritable(frames[next])) taken.push(frames[next]);
    }
    taken.sort(
      (a, b) => pool.frameRelation[a]!.relId - pool.frameRelation[b]!.relId || pool.framePage[a] - pool.framePage[b],
    );
    const relations: RelationPages[] = [];
    const pageNos: number[] = [];
    let lsn = 0;
    for (let i = 0; i < taken.length; i++) {
      const frame = taken[i];
      const base = frame * PAGE_SIZE;
      pool.bytes.copy(this.staging, i * PAGE_SIZE, base, base + PAGE_SIZE);
      setPageChecksum(this.staging, i * PAGE_SIZE, pool.memory.checksum(base));
      lsn = Math.max(lsn, pageLsn(this.stagingLsn, i * PAGE_SIZE));
      pool.flags[frame] = (pool.flags[frame] & ~FRAME_DIRTY) | FRAME_WRITING;
      const relation = pool.frameRelation[frame]!;
      relation.ioCount++;
      relations.push(relation);
      pageNos.push(pool.framePage[frame]);
    }
    return { frames: taken, relations, pageNos, lsn, next };
  }

  /** One write a run of neighbouring pages, all at once. */
  private writeBatch(batch: Batch, callback: (error: SqlError | null) => void): void {
    let outstanding = 1;
    let failure: SqlError | null = null;
    const done = (error: SqlError | null): void => {
      failure ??= error;
      if (--outstanding === 0) callback(failure);
    };
    const count = batch.frames.length;
    for (let start = 0; start < count; ) {
      const relation = batch.relations[start];
      let end = start + 1;
      while (end < count && batch.relations[end] === relation && batch.pageNos[end] === batch.pageNos[end - 1] + 1)
        end++;
      if (!relation.dropped) {
        outstanding++;
        try {
          const file = this.pool.files.open(relation, true);
          relation.needsSync = true;
          file.write(
            this.staging,
            start * PAGE_SIZE,
            (end - start) * PAGE_SIZE,
            batch.pageNos[start] * PAGE_SIZE,
            done,
          );
        } catch (error) {
          done(error as SqlError);
        }
      }
      start = end;
    }
    done(null);
  }

  private finishBatch(job: WriteJob, batch: Batch, error: SqlError | null, failure: SqlError | null): void {
    this.current = null;
    const { pool } = this;
    for (let i = 0; i < batch.frames.length; i++) {
      const frame = batch.frames[i];
      const relation = batch.relations[i];
      relation.ioCount--;
      relation.writeError = error;
      // Again, for a sync that ran beside this write may have missed it.
      if (relation.file !== null) relation.needsSync = true;
      // A dropped or truncated relation's frame may have changed hands: nothing of the old page is left to say about it.
      if (pool.frameRelation[frame] !== relation || pool.framePage[frame] !== batch.pageNos[i]) continue;
      if ((pool.flags[frame] & FRAME_WRITING) === 0) continue;
      pool.flags[frame] &= ~FRAME_WRITING;
      if (error !== null) pool.flags[frame] |= FRAME_DIRTY;
      else if ((pool.flags[frame] & FRAME_NEW) !== 0) pool.markWritten(frame);
    }
    if (error === null) {
      if (job.isCheckpoint) this.checkpointWrites += batch.frames.length;
      else this.backgroundWrites += batch.frames.length;
    }
    pool.files.afterWrites(batch.relations);
    // Frames that became clean may be what a load waits for; the job goes on with its next slice.
    pool.loader.onFramesFreed();
    this.runBatch(job, error === null ? batch.next : job.frames.length, failure ?? error);
  }
}

interface Batch {
  readonly frames: number[];
  readonly relations: RelationPages[];
  readonly pageNos: number[];
  readonly lsn: number;
  /** Where in the job's list the next batch begins. */
  readonly next: number;
}
