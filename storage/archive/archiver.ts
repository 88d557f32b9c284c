/**
 * Hands segments of the log, each when it is complete and durable, to a command that keeps them somewhere: archive_command.
 *
 *      log     ...|segment|segment|segment|current..
 *                         ^ next: all before it are archived      DIR/wal/archived says so, after each
 *
 * Invariants
 *  1. A segment that is not archived stays on disk: a hold on the log (recovery/retention.ts) stands at `next`, and is there before
 *     the first checkpoint of this life.
 *  2. `archived` is durable after the command's success and before the hold moves. So a crash between them hands the same segment to the
 *     command once more, with the same bytes, and none is passed over.
 *  3. Segments go in order, one at a time; of a new timeline its history first.
 *
 * The file is one line: the timeline whose history is archived, and the LSN of `next`. Without it archiving has just been turned on: it
 * begins with the segment that is being written, and the file is made at once.
 */
import { SqlError } from '../../types/errors.ts';
import { type FileSystem, replaceFile } from '../io/index.ts';
import { WAL_SEGMENT_SIZE } from '../limits.ts';
import { type LogHold, type Retention, readWholeFile, walDirectory } from '../recovery/index.ts';
import {
  archiveSegmentName,
  FIRST_TIMELINE,
  formatLsn,
  historyName,
  listWalSegments,
  parseLsn,
  type TimelineHistory,
  timelineOfSegment,
  type Wal,
  walSegmentName,
} from '../wal/index.ts';

export interface ArchiveFailure {
  readonly message: string;
  readonly command: string;
}

/** Archives the file at `path` (relative to the data directory) under `name`; calls `done` once, not during the call. */
export type ArchiveCommand = (path: string, name: string, done: (failure: ArchiveFailure | null) => void) => void;

export interface ArchiverOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly wal: Wal;
  readonly retention: Retention;
  readonly timeline: number;
  /** Of the timeline: segments that were complete before it began are archived under the names of those before. */
  readonly history: TimelineHistory;
  /** Null: archiving is on, but there is no command; segments are kept until there is one. */
  readonly command: ArchiveCommand | null;
  /** After so long a segment with anything in it is ended and archived; 0: when it is full. */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly onLog: (message: string) => void;
}

export interface ArchiverCounters {
  readonly archivedCount: number;
  readonly lastArchived: string | null;
  readonly lastArchivedMs: number | null;
  readonly failedCount: number;
  readonly lastFailed: string | null;
  readonly lastFailedMs: number | null;
}

const STATUS_FILE = 'archived';
const TICK_MS = 1000;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 60_000;
/** At the end of the server a command that fails is tried so often; what is left waits for the next start. */
const TRIES_AT_END = 3;

export class Archiver {
  private readonly options: ArchiverOptions;
  private readonly hold: LogHold;
  /** The first segment that is not archived. */
  private next: number;
  private isHistoryArchived: boolean;
  private isBusy = false;
  private failures = 0;
  private retryAtMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private onIdle: (() => void) | null = null;
  /** The segment that is written now, since when, and what idleBytes was. */
  private current = 0;
  private currentSinceMs = 0;
  private currentIdleBytes = 0;
  private counted: ArchiverCounters = NOTHING_ARCHIVED;
  private resetAtMs: number | null = null;

  /** After recovery, before anything is logged. */
  constructor(options: ArchiverOptions) {
    this.options = options;
    const { fileSystem, directory, wal, retention, timeline, command, onLog } = options;
    const current = segmentOf(wal.insertLsn);
    const status = readStatus(fileSystem, walDirectory(directory));
    this.next = Math.min(status?.next ?? current, current);
    this.isHistoryArchived = timeline === FIRST_TIMELINE || status?.timeline === timeline;
    const oldest = listWalSegments(fileSystem, walDirectory(directory)).find((start) => start >= this.next) ?? current;
    if (oldest > this.next) {
      onLog(
        `archiving was off: the log from ${formatLsn(this.next)} to ${formatLsn(oldest)} is not archived; take a new backup`,
      );
      this.next = oldest;
    }
    this.hold = retention.holdLog(this.next);
    // From here on a crash knows that nothing before it may be passed over.
    if (status === null) this.writeStatus(this.isHistoryArchived ? timeline : FIRST_TIMELINE, this.next);
    if (command === null) onLog('archive_mode enabled, yet archiving is not configured: archive_command is not set');
  }

  get counters(): ArchiverCounters {
    return this.counted;
  }

  get resetMs(): number | null {
    return this.resetAtMs;
  }

  resetCounters(): void {
    this.counted = NOTHING_ARCHIVED;
    this.resetAtMs = this.options.now();
  }

  start(): void {
    this.current = segmentOf(this.options.wal.insertLsn);
    this.currentSinceMs = this.options.now();
    this.currentIdleBytes = 0;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
    this.tick();
  }

  /** Something may be there to archive. */
  wake(): void {
    if (this.isBusy || this.isStopped || this.options.now() < this.retryAtMs) return;
    this.archiveNext();
  }

  /**
   * The end of the server, after its last checkpoint: what is complete is archived, or tried; what fails stays for the next start. A command that is
   * running is waited for.
   */
  async finish(): Promise<void> {
    this.stopTimer();
    await this.idle();
    if (this.options.command === null) return;
    for (let failures = 0; this.nextFile() !== null && failures < TRIES_AT_END; ) {
      if (failures > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS_MIN));
      const before = this.failures;
      this.archiveNext();
      await this.idle();
      failures = this.failures > before ? failures + 1 : 0;
    }
    const left = this.nextFile();
    if (left !== null)
      this.options.onLog(
        `archiving failed too many times: from ${left.name} on, the log is archived after the next start`,
      );
    this.isStopped = true;
  }

  /** Nothing more happens, whatever is under way. */
  abandon(): void {
    this.stopTimer();
    this.isStopped = true;
  }

  private stopTimer(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private tick(): void {
    this.endOldSegment();
    this.wake();
  }

  /** archive_timeout. */
  private endOldSegment(): void {
    const { wal, timeoutMs, now } = this.options;
    const start = segmentOf(wal.insertLsn);
    if (start !== this.current) {
      this.current = start;
      this.currentSinceMs = now();
      this.currentIdleBytes = wal.idleBytes;
    }
    if (timeoutMs === 0 || now() - this.currentSinceMs < timeoutMs || wal.failure !== null) return;
    // Checkpoints alone are no reason: each switch would be the reason of the next checkpoint.
    if (wal.insertLsn - start <= wal.idleBytes - this.currentIdleBytes) return;
    this.endSegment();
  }

  /** A full disk does not keep it from ending. */
  endSegment(): void {
    try {
      this.options.wal.switchSegment();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }

  private idle(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => {
      this.onIdle = resolve;
    });
  }

  private nextFile(): { readonly name: string; readonly path: string; readonly isHistory: boolean } | null {
    const { wal, timeline, history } = this.options;
    if (!this.isHistoryArchived) {
      const name = historyName(timeline);
      return { name, path: `wal/${name}`, isHistory: true };
    }
    if (this.next + WAL_SEGMENT_SIZE > Math.min(wal.flushedLsn, wal.insertLsn)) return null;
    return {
      name: archiveSegmentName(timelineOfSegment(history, timeline, this.next), this.next),
      path: `wal/${walSegmentName(this.next)}`,
      isHistory: false,
    };
  }

  private archiveNext(): void {
    const { command } = this.options;
    const file = command === null ? null : this.nextFile();
    if (file === null || this.isStopped) return;
    try {
      if (!file.isHistory) this.options.wal.sealSegment(this.next);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.failed(file.name, { message: error.message, command: '' });
      return;
    }
    this.isBusy = true;
    command!(file.path, file.name, (failure) => {
      this.isBusy = false;
      if (this.isStopped) return;
      if (failure === null) this.archived(file.name, file.isHistory);
      else this.failed(file.name, failure);
      const { onIdle } = this;
      this.onIdle = null;
      if (onIdle !== null) onIdle();
      else if (this.timer !== null) this.wake();
    });
  }

  private archived(name: string, isHistory: boolean): void {
    const { timeline, now } = this.options;
    const next = isHistory ? this.next : this.next + WAL_SEGMENT_SIZE;
    try {
      this.writeStatus(timeline, next);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.failed(name, { message: error.message, command: '' });
      return;
    }
    this.isHistoryArchived = true;
    this.next = next;
    this.hold.lsn = next;
    this.failures = 0;
    this.retryAtMs = 0;
    const archivedCount = this.counted.archivedCount + 1;
    this.counted = { ...this.counted, archivedCount, lastArchived: name, lastArchivedMs: now() };
  }

  private writeStatus(timeline: number, next: number): void {
    const { fileSystem, directory } = this.options;
    const text = `${timeline} ${formatLsn(next)}\n`;
    replaceFile(fileSystem, walDirectory(directory), STATUS_FILE, Buffer.from(text, 'utf8'));
  }

  private failed(name: string, { message, command }: ArchiveFailure): void {
    const { now, onLog } = this.options;
    const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.failures, 10));
    this.failures++;
    this.retryAtMs = now() + waitMs;
    const failedCount = this.counted.failedCount + 1;
    this.counted = { ...this.counted, failedCount, lastFailed: name, lastFailedMs: now() };
    const what = command === '' ? '' : `; the failed archive command was: ${command}`;
    onLog(`${message}${what} (${name} is tried again in ${waitMs / 1000} s)`);
  }
}

export const NOTHING_ARCHIVED: ArchiverCounters = {
  archivedCount: 0,
  lastArchived: null,
  lastArchivedMs: null,
  failedCount: 0,
  lastFailed: null,
  lastFailedMs: null,
};

function segmentOf(lsn: number): number {
  return lsn - (lsn % WAL_SEGMENT_SIZE);
}

function readStatus(fileSystem: FileSystem, folder: string): { timeline: number; next: number } | null {
  const path = `${folder}/${STATUS_FILE}`;
  if (!fileSystem.exists(path)) return null;
  const text = Buffer.from(readWholeFile(fileSystem, path)).toString('utf8');
  const parts = /^(\d+) (\S+)\n$/.exec(text);
  const next = parts === null ? null : parseLsn(parts[2]);
  if (parts === null || next === null)
    throw new SqlError('XX001', `file "${path}" is damaged: it does not say up to where the log is archived`, {
      hint: 'If everything is archived, remove the file.',
    });
  return { timeline: Number(parts[1]), next };
}
