/**
 * Checkpoints: fuzzy, spread, in the background.
 *
 *      idle --time | log volume | request--> capture --> write dirty pages --> sync files --> other files --> state file
 *       ^                                                                                                        |
 *       +-- recycle log <-- control file <-- CHECKPOINT record durable <-----------------------------------------+
 *
 *  capture (one turn): the redo LSN is the log's end now; what the engine keeps outside pages is encoded as of now; the
 *  frames that are dirty now are listed.
 *
 * Invariants
 *  1. When the control file names a redo LSN, every change logged before it is durable in the relations' files or in the
 *     state file.
 *  2. Pages changed for the first time after capture carry a full image in the log (wal.redoLsn is set in the same turn).
 *  3. A failed checkpoint changes nothing that recovery reads; the next one begins anew.
 *  4. A failed sync of a relation's file means that the operating system may have dropped what it held: the log must not be
 *     cut, and the server must stop and recover (onFatal). However long that takes, there is no further checkpoint: its syncs would succeed.
 */
import { SqlError } from '../../types/errors.ts';
import type { BufferPool } from '../buffer/index.ts';
import type { FileSystem } from '../io/index.ts';
import { FIRST_TIMELINE, WAL_CHECKPOINT, type Wal } from '../wal/index.ts';
import { type CopyState, checkpointStateName, encodeCheckpointState, type RelationSize } from './checkpoint-state.ts';
import { type ControlData, logGivenUpPath, writeControl } from './control.ts';
import { Retention } from './retention.ts';

/** What the engine keeps outside pages, as of now. */
export interface CheckpointSource {
  /** `isFinal`: the last checkpoint, before the server ends. */
  capture(isFinal: boolean): CapturedState;
}

/**
 * Files of the engine's own that belong to a checkpoint (index images). Called in this order; `end` is always called, with
 * `true` when the control file names the checkpoint.
 */
export interface CheckpointFiles {
  /** Writes and syncs them, in slices. What goes wrong with them is no failure of the checkpoint. */
  write(checkpointNumber: number, isHurried: () => boolean, done: () => void): void;
  /** The heap state, which says what was written. */
  heapState(): Uint8Array;
  end(isComplete: boolean): void;
}

export interface CapturedState {
  readonly nextXid: number;
  readonly nextCsn: number;
  readonly nextRelationId: number;
  /** Transactions that have not ended (xids, relations they created), or whatever the engine needs. Opaque. */
  readonly transactionState: Uint8Array;
  /** Opaque. */
  readonly catalogImage: Uint8Array;
  readonly files?: CheckpointFiles;
}

export interface CheckpointerOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly pool: BufferPool;
  readonly wal: Wal;
  readonly source: CheckpointSource;
  /** What recovery read; null in a new directory. */
  readonly control: ControlData | null;
  readonly clusterId: bigint;
  readonly timeoutMs?: number;
  readonly maxWalSize?: number;
  readonly now?: () => number;
  /** A checkpoint in the background failed (53100, for instance); it is tried again. */
  readonly onError?: (error: SqlError) => void;
  readonly onFatal?: (error: SqlError) => void;
  /** That the log is on now. */
  readonly timeline?: number;
  /** What must not go with a checkpoint though nothing here needs it. */
  readonly retention?: Retention;
}

type Done = (error: SqlError | null) => void;

const TIMEOUT_MS = 300_000;
const MAX_WAL_SIZE = 1024 * 1024 * 1024;
const TICK_MS = 1000;
/** Of the timeout: a checkpoint in the background takes about this long. */
const SPREAD = 0.5;
const SLICE_PAUSE_MS = 50;
const RETRY_MS = 10_000;

interface Run {
  readonly requests: Done[];
  readonly final: boolean;
  fast: boolean;
  readonly startedMs: number;
  readonly redoLsn: number;
  readonly redoChain: number;
  readonly state: CapturedState;
  readonly relations: readonly RelationSize[];
  readonly copies: readonly CopyState[];
  readonly retired: readonly number[];
  readonly frames: number[];
  written: number;
  syncStartedMs: number;
}

export class Checkpointer {
  /** Statistics. Begun because the time had come, and for any other reason (log volume, CHECKPOINT). */
  completed = 0;
  timed = 0;
  requested = 0;
  /** Milliseconds that completed ones spent writing pages, and syncing files. */
  writeMs = 0;
  syncMs = 0;
  pagesWritten = 0;
  private control: ControlData | null;
  private readonly retention: Retention;
  private readonly options: CheckpointerOptions;
  private readonly timeoutMs: number;
  private readonly maxWalSize: number;
  private readonly now: () => number;
  private readonly timeline: number;
  private run: Run | null = null;
  /** A sync of a relation's file has failed. */
  private syncFailure: SqlError | null = null;
  private requests: Done[] = [];
  private timer: NodeJS.Timeout | null = null;
  private pause: NodeJS.Timeout | null = null;
  private lastMs: number;
  private lastRedoLsn: number;
  private retryAtMs = 0;

  constructor(options: CheckpointerOptions) {
    this.options = options;
    this.control = options.control;
    this.retention = options.retention ?? new Retention(options.fileSystem);
    this.timeline = options.timeline ?? FIRST_TIMELINE;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.maxWalSize = options.maxWalSize ?? MAX_WAL_SIZE;
    this.now = options.now ?? Date.now;
    this.lastMs = this.now();
    this.lastRedoLsn = options.control?.redoLsn ?? 0;
  }

  /** The last complete one, as its control file has it; null before the first. */
  get last(): ControlData | null {
    return this.control;
  }

  get isRunning(): boolean {
    return this.run !== null;
  }

  /** Checkpoints by time and log volume from now on. */
  start(): void {
    if (this.timer !== null || this.options.wal.discards) return;
    this.timer = setInterval(this.tick, TICK_MS);
    this.timer.unref();
  }

  /** CHECKPOINT: one that begins after this call, as fast as the disk allows. */
  request(done: Done): void {
    if (this.options.wal.discards) {
      setImmediate(done, null);
      return;
    }
    this.requests.push(done);
    if (this.run === null) this.begin(true, false);
    else this.hurry();
  }

  /** The last one, at shutdown: nothing may change after it. `done` is called when the directory is clean. */
  shutdown(done: Done): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    if (this.options.wal.discards) {
      setImmediate(done, null);
      return;
    }
    if (this.run !== null) {
      this.run.requests.push(() => this.shutdown(done));
      this.hurry();
      return;
    }
    this.requests.push(done);
    this.begin(true, true);
  }

  /** Stops the timers, and whatever is under way at its next step; for a crash in a test, or after a fatal error. */
  abandon(): void {
    if (this.timer !== null) clearInterval(this.timer);
    if (this.pause !== null) clearTimeout(this.pause);
    this.timer = null;
    this.pause = null;
    this.run?.state.files?.end(false);
    this.run = null;
  }

  private readonly tick = (): void => {
    if (this.run !== null || this.failure !== null) return;
    const nowMs = this.now();
    if (nowMs < this.retryAtMs) return;
    const volume = this.options.wal.insertLsn - this.lastRedoLsn;
    // Half, so that the log of two checkpoint distances stays within the maximum.
    const byVolume = volume >= this.maxWalSize / 2;
    const byTime = nowMs - this.lastMs >= this.timeoutMs && volume > this.idleVolume();
    if (byVolume || byTime) this.begin(false, false, !byVolume);
  };

  /** Why there can be none any more. */
  private get failure(): SqlError | null {
    return this.syncFailure ?? this.options.wal.failure;
  }

  /** Log since the last redo LSN when nothing happened: the checkpoint's own record. */
  private idleVolume(): number {
    return this.control === null ? 0 : this.control.checkpointLsn - this.control.redoLsn + CHECKPOINT_RECORD_SIZE;
  }

  private begin(fast: boolean, final: boolean, byTime = false): void {
    const { pool, wal, source } = this.options;
    const requests = this.requests;
    this.requests = [];
    try {
      if (this.failure !== null) throw this.failure;
      const relations: RelationSize[] = [];
      for (const { relId, pageCount } of pool.allRelations()) relations.push({ relId, pageCount });
      relations.sort((a, b) => a.relId - b.relId);
      const state = source.capture(final);
      const { copies, retired } = captureCopies(pool);
      this.run = {
        requests,
        final,
        fast,
        startedMs: this.now(),
        redoLsn: wal.insertLsn,
        redoChain: wal.chain,
        state,
        relations,
        copies,
        retired,
        frames: pool.dirtyFrames(),
        written: 0,
        syncStartedMs: 0,
      };
      wal.redoLsn = wal.insertLsn;
    } catch (error) {
      for (const done of requests) setImmediate(done, error as SqlError);
      return;
    }
    this.lastMs = this.now();
    this.lastRedoLsn = this.run.redoLsn;
    if (byTime) this.timed++;
    else this.requested++;
    this.writeSlice(this.run);
  }

  private hurry(): void {
    if (this.run !== null) this.run.fast = true;
    if (this.pause === null) return;
    clearTimeout(this.pause);
    this.pause = null;
    this.writeSlice(this.run!);
  }

  private writeSlice(run: Run): void {
    const { pool } = this.options;
    if (run.written >= run.frames.length) {
      pool.writer.whenSettled(() => this.step(run, () => this.syncFiles(run)));
      return;
    }
    const frames = run.frames.slice(run.written, run.written + pool.writer.batchPages);
    run.written += frames.length;
    this.pagesWritten += frames.length;
    pool.writer.writeFrames(
      frames,
      (error) => {
        if (this.run !== run) return;
        if (error !== null) this.fail(run, error);
        else this.paceSlice(run);
      },
      true,
    );
  }

  /** Goes on at once if it lags behind the clock or the log's growth; pauses if it is ahead. */
  private paceSlice(run: Run): void {
    if (this.run !== run) return;
    const share = run.written / run.frames.length;
    const elapsed = (this.now() - run.startedMs) / (this.timeoutMs * SPREAD);
    const grown = (this.options.wal.insertLsn - run.redoLsn) / (this.maxWalSize / 2);
    if (run.fast || share >= 1 || share < Math.max(elapsed, grown)) {
      setImmediate(() => this.step(run, () => this.writeSlice(run)));
      return;
    }
    this.pause = setTimeout(() => {
      this.pause = null;
      this.step(run, () => this.paceSlice(run));
    }, SLICE_PAUSE_MS);
    this.pause.unref();
  }

  private syncFiles(run: Run): void {
    const { pool } = this.options;
    run.syncStartedMs = this.now();
    this.writeMs += run.syncStartedMs - run.startedMs;
    pool.files.syncAll(pool.allRelations(), (error) => {
      if (this.run !== run) return;
      if (error !== null && error.severity === 'PANIC') {
        this.syncFailure = error;
        this.options.onFatal?.(error);
      }
      if (error !== null) this.fail(run, error);
      else {
        this.syncMs += this.now() - run.syncStartedMs;
        this.step(run, () => this.writeOtherFiles(run));
      }
    });
  }

  private writeOtherFiles(run: Run): void {
    const number = (this.control?.checkpointNumber ?? 0) + 1;
    const { files } = run.state;
    const isHurried = (): boolean => run.fast;
    if (files === undefined) this.writeState(run, number);
    else files.write(number, isHurried, () => this.step(run, () => this.writeState(run, number)));
  }

  private writeState(run: Run, number: number): void {
    const { fileSystem, directory } = this.options;
    const path = `${directory}/${checkpointStateName(number)}`;
    const { transactionState, catalogImage, files } = run.state;
    const heapState = files?.heapState() ?? new Uint8Array(0);
    const bytes = encodeCheckpointState({
      number,
      relations: run.relations,
      copies: run.copies,
      retired: run.retired,
      transactionState,
      catalogImage,
      heapState,
    });
    fileSystem.unlink(`${path}.new`);
    const file = fileSystem.open(`${path}.new`, 'create');
    const close = (error: SqlError | null): boolean => {
      if (error === null && this.run === run) return true;
      file.close();
      if (this.run === run) this.fail(run, error!);
      return false;
    };
    file.write(bytes, 0, bytes.length, 0, (writeError) => {
      if (!close(writeError)) return;
      file.fdatasync((syncError) => {
        if (!close(syncError)) return;
        file.close();
        this.step(run, () => {
          fileSystem.rename(`${path}.new`, path);
          fileSystem.fsyncDir(directory);
          this.logCheckpoint(run, number);
        });
      });
    });
  }

  private logCheckpoint(run: Run, number: number): void {
    const { wal } = this.options;
    const checkpointLsn = wal.insertLsn;
    wal.begin(WAL_CHECKPOINT, 0);
    wal.f64(run.redoLsn);
    wal.f64(number);
    const end = wal.end();
    wal.idleBytes += end - checkpointLsn;
    wal.requestDurable(end, (error) => {
      if (this.run !== run) return;
      if (error !== null) this.fail(run, error);
      else this.step(run, () => this.finish(run, number, checkpointLsn));
    });
  }

  private finish(run: Run, number: number, checkpointLsn: number): void {
    const { fileSystem, directory, wal, clusterId } = this.options;
    const control: ControlData = {
      clusterId,
      checkpointLsn,
      redoLsn: run.redoLsn,
      redoChain: run.redoChain,
      clean: run.final,
      nextXid: run.state.nextXid,
      nextCsn: run.state.nextCsn,
      nextRelationId: run.state.nextRelationId,
      timeMs: this.now(),
      checkpointNumber: number,
      timeline: this.timeline,
    };
    writeControl(fileSystem, directory, control);
    const old = this.control;
    this.control = control;
    if (old !== null) this.retention.remove(`${directory}/${checkpointStateName(old.checkpointNumber)}`);
    if (fileSystem.exists(logGivenUpPath(directory))) {
      fileSystem.unlink(logGivenUpPath(directory));
      fileSystem.fsyncDir(directory);
    }
    run.state.files?.end(true);
    wal.removeBefore(Math.min(run.redoLsn, this.retention.oldestLsn));
    this.completed++;
    this.end(run, null);
  }

  /** Runs the next step; what it throws is the checkpoint's failure. */
  private step(run: Run, action: () => void): void {
    if (this.run !== run) return;
    try {
      action();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.fail(run, error);
    }
  }

  private fail(run: Run, error: SqlError): void {
    this.retryAtMs = this.now() + RETRY_MS;
    this.lastMs = this.retryAtMs - this.timeoutMs;
    // The distance counts from the last one that succeeded.
    this.lastRedoLsn = this.control?.redoLsn ?? 0;
    run.state.files?.end(false);
    this.options.onError?.(error);
    this.end(run, error);
  }

  private end(run: Run, error: SqlError | null): void {
    this.run = null;
    for (const done of run.requests) done(error);
    if (this.run === null && this.requests.length > 0) this.begin(true, false);
  }
}

function captureCopies(pool: BufferPool): { copies: CopyState[]; retired: number[] } {
  const copies: CopyState[] = [];
  for (const { source, target, missing } of pool.copies())
    copies.push({ relId: target.relId, sourceId: source.relId, missing: missing.words.slice() });
  const retired: number[] = [];
  for (const { relId, isRetired } of pool.allRelations()) if (isRetired) retired.push(relId);
  return { copies, retired };
}

/** Header and two numbers. */
const CHECKPOINT_RECORD_SIZE = 48;
