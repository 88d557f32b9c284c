/**
 * The log of a restore: the backup's own, then the archive's, read record by record until the target is reached or nothing more is
 * there. What is behind that place is cut off, and a TIMELINE record says that another history begins.
 *
 *      backup:    |redo .......... end|
 *      archive:   |segment|segment|segment|segment| ...
 *      restored:  |redo .......... end ... last record before the target|TIMELINE|
 *
 * Invariants
 *  1. Every record up to the cut continues the CRC chain of the one before, from the control data's redo LSN on.
 *  2. The cut is not before the backup's end LSN.
 *  3. Neither a damaged segment nor a missing one is taken for the end of the archive while a later one is there.
 *
 * A segment is fetched when the reader comes to it, so that none is fetched behind the target.
 */
import { randomBytes } from 'node:crypto';
import { SqlError } from '../../types/errors.ts';
import type { File, FileSystem, OpenMode } from '../io/index.ts';
import { WAL_SEGMENT_SIZE } from '../limits.ts';
import { beginTimeline, readWholeFile, walDirectory } from '../recovery/index.ts';
import {
  archiveSegmentName,
  decodeHistory,
  eraseLogBehind,
  findLostLog,
  formatLsn,
  historyName,
  readCommit,
  readTimeline,
  readWal,
  type TimelineHistory,
  timelineOfSegment,
  WAL_COMMIT,
  WAL_TIMELINE,
  Wal,
  type WalEnd,
  type WalRecord,
  WalSegments,
  walSegmentName,
} from '../wal/index.ts';
import { type ArchiveSource, copySync } from './archive-source.ts';
import { turn } from './copy-file.ts';
import { LOG_FOLDER, type Manifest } from './manifest.ts';

/** Up to and with what; neither: everything that is there. */
export interface RestoreTarget {
  /** Commits up to this time, microseconds since 2000-01-01 UTC. */
  readonly time: number | null;
  /** Records that end at or before it. */
  readonly lsn: number | null;
  /** The newest that the archive knows, the backup's own, or one by its number. */
  readonly timeline: 'latest' | 'current' | number;
}

export interface RestoreLogOptions {
  readonly backup: FileSystem;
  readonly backupFolder: string;
  readonly manifest: Manifest;
  readonly archive: ArchiveSource | null;
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly target: RestoreTarget;
  readonly onSegment?: (count: number) => void;
}

export interface RestoredLog {
  /** Where the log of the backup's past ends, and the new timeline begins. */
  readonly cutLsn: number;
  readonly timeline: number;
  /** The log must be there up to here. */
  readonly minimumLsn: number;
  /** Microseconds since 2000, null if there was none. */
  readonly lastCommitTime: number | null;
}

/** Thrown by the visitor: the target is reached. */
const REACHED = Symbol('the target is reached');

export function restoreLog(options: RestoreLogOptions): Promise<RestoredLog> {
  return new LogRestore(options).run();
}

class LogRestore {
  private readonly options: RestoreLogOptions;
  private readonly folder: string;
  /** Of the timeline that is followed. */
  private history: TimelineHistory;
  private followed: number;
  private newest: number;
  private segments = 0;
  // As of the last record that counts.
  private timeline: number;
  private cutLsn: number;
  private chain: number;
  private lastCommitTime: number | null = null;

  constructor(options: RestoreLogOptions) {
    this.options = options;
    this.folder = walDirectory(options.directory);
    const { manifest } = options;
    this.history = manifest.history;
    this.timeline = this.followed = this.newest = manifest.timeline;
    this.cutLsn = manifest.control.redoLsn;
    this.chain = manifest.control.redoChain;
  }

  async run(): Promise<RestoredLog> {
    this.chooseTimeline();
    const end = await this.read();
    this.judge(end);
    return this.begin();
  }

  /** Probes for history files, one number after the other, as PostgreSQL does. */
  private chooseTimeline(): void {
    const { target, manifest } = this.options;
    const histories = new Map<number, TimelineHistory>([[manifest.timeline, manifest.history]]);
    for (let timeline = manifest.timeline + 1; ; timeline++) {
      const history = this.fetchHistory(timeline);
      if (history === null) break;
      histories.set(timeline, history);
      this.newest = timeline;
    }
    const wanted =
      target.timeline === 'latest' ? this.newest : target.timeline === 'current' ? manifest.timeline : target.timeline;
    const history = histories.get(wanted);
    if (history === undefined) throw new SqlError('22023', `recovery target timeline ${wanted} does not exist`);
    const left = history.find((step) => step.timeline === manifest.timeline)?.endLsn;
    if (wanted !== manifest.timeline && (left === undefined || left < manifest.endLsn)) {
      throw new SqlError('55000', `requested timeline ${wanted} is not a child of this backup's history`, {
        detail:
          `The backup ends at ${formatLsn(manifest.endLsn)} on timeline ${manifest.timeline}, but in the history of the ` +
          `requested timeline, ${left === undefined ? 'it does not occur' : `that one was left at ${formatLsn(left)}`}.`,
        hint: 'Choose another with --target-timeline ("current" is that of the backup).',
      });
    }
    this.followed = wanted;
    this.history = history;
  }

  private fetchHistory(timeline: number): TimelineHistory | null {
    const { archive, fileSystem } = this.options;
    const path = `${this.folder}/${historyName(timeline)}`;
    if (archive === null || !archive.fetch(historyName(timeline), path)) return null;
    const text = Buffer.from(readWholeFile(fileSystem, path)).toString('utf8');
    fileSystem.unlink(path);
    return decodeHistory(text, historyName(timeline));
  }

  /** A segment a turn. Null: the target was reached. */
  private async read(): Promise<WalEnd | null> {
    for (;;) {
      const toLsn = this.cutLsn - (this.cutLsn % WAL_SEGMENT_SIZE) + WAL_SEGMENT_SIZE;
      const end = this.readTo(toLsn);
      if (end === null || end.lsn < toLsn) return end;
      await turn();
    }
  }

  private readTo(toLsn: number): WalEnd | null {
    const fileSystem = {
      exists: (path: string): boolean => this.provide(path),
      open: (path: string, mode: OpenMode): File => this.options.fileSystem.open(path, mode),
    };
    try {
      return readWal({ fileSystem, directory: this.folder, fromLsn: this.cutLsn, chain: this.chain, toLsn }, (record) =>
        this.visit(record),
      );
    } catch (error) {
      if (error === REACHED) return null;
      throw error;
    }
  }

  private visit(record: WalRecord): void {
    const { time, lsn } = this.options.target;
    if (lsn !== null && record.endLsn > lsn) throw REACHED;
    if (record.kind === WAL_TIMELINE) this.enter(record);
    else {
      const left = this.history.find((step) => step.timeline === this.timeline)?.endLsn;
      if (left !== undefined && record.lsn >= left) throw this.foreign(record.lsn);
    }
    if (record.kind === WAL_COMMIT) {
      const { timestamp } = readCommit(record);
      if (time !== null && timestamp > time) throw REACHED;
      this.lastCommitTime = timestamp;
    }
    this.cutLsn = record.endLsn;
    this.chain = record.crc;
    // What comes next need not be there.
    if (lsn === record.endLsn) throw REACHED;
  }

  private enter(record: WalRecord): void {
    const { timeline, parent } = readTimeline(record);
    const left = this.history.find((step) => step.timeline === parent)?.endLsn;
    if (parent !== this.timeline || left !== record.lsn) throw this.foreign(record.lsn);
    this.timeline = timeline;
  }

  /** The reader asks for a segment. */
  private provide(path: string): boolean {
    const { fileSystem } = this.options;
    if (fileSystem.exists(path)) return true;
    const start = Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 16);
    if (!this.fetchSegment(start, path)) return false;
    this.options.onSegment?.(++this.segments);
    return true;
  }

  /** The backup's own where it is whole; of the last one the archive may have more. */
  private fetchSegment(start: number, path: string): boolean {
    const { backup, backupFolder, manifest, archive, fileSystem } = this.options;
    const own = `${backupFolder}/${LOG_FOLDER}/${walSegmentName(start)}`;
    const isWhole = start + WAL_SEGMENT_SIZE <= manifest.endLsn;
    if (!isWhole && archive?.fetch(this.archiveName(start), path)) return true;
    if (!backup.exists(own)) return isWhole && (archive?.fetch(this.archiveName(start), path) ?? false);
    copySync(backup, own, fileSystem, path);
    return true;
  }

  private archiveName(start: number): string {
    return archiveSegmentName(timelineOfSegment(this.history, this.followed, start), start);
  }

  // ------------------------------------------------------------------------------------------------------- the end of it

  private judge(end: WalEnd | null): void {
    const { manifest, target } = this.options;
    if (end !== null) this.refuseGap(end);
    // Nothing was committed in the log that is there; what was, before it, may be later than the target.
    const isBefore = end !== null && target.time !== null && target.time < microsOf(manifest.startedMs);
    if (this.cutLsn < manifest.endLsn && end !== null)
      throw this.damaged(end, 'The backup needs the log up to', manifest.endLsn);
    if (this.cutLsn < manifest.endLsn || isBefore) {
      throw new SqlError('55000', 'requested recovery stop point is before consistent recovery point', {
        detail: `The backup is consistent from ${formatLsn(manifest.endLsn)} on, which was at ${new Date(manifest.endedMs).toISOString()}.`,
        hint: 'Choose a later target, or an earlier backup.',
      });
    }
    const isReached = end === null || (target.lsn === null ? target.time === null : this.cutLsn >= target.lsn);
    if (isReached) return;
    throw new SqlError('55000', 'recovery ended before configured recovery target was reached', {
      detail:
        `The log that is there ends at ${formatLsn(this.cutLsn)}` +
        `${this.lastCommitTime === null ? '' : `, its last commit was at ${isoTime(this.lastCommitTime)}`}.`,
      hint: 'Without a target, all of it is restored.',
    });
  }

  /** Invariant 3. */
  private refuseGap(end: WalEnd): void {
    const { archive, fileSystem } = this.options;
    const stop = end.reason === 'missing segment' ? end.filledLsn : end.lsn;
    const next = stop - (stop % WAL_SEGMENT_SIZE) + WAL_SEGMENT_SIZE;
    const path = `${this.folder}/${walSegmentName(next)}`;
    const goesOn = archive !== null && (fileSystem.exists(path) || archive.fetch(this.archiveName(next), path));
    if (goesOn) throw this.damaged(end, 'The archive goes on at', next);
    const lost = end.reason === 'missing segment' ? null : findLostLog(fileSystem, this.folder, end.lsn);
    if (lost !== null) throw this.damaged(end, 'Whole records go on at', lost.lsn);
  }

  private damaged(end: WalEnd, why: string, lsn: number): SqlError {
    const { archive } = this.options;
    const isMissing = end.reason === 'missing segment';
    const stop = isMissing ? end.filledLsn : end.lsn;
    const start = stop - (stop % WAL_SEGMENT_SIZE);
    const file = archive === null ? `log/${walSegmentName(start)}` : this.archiveName(start);
    const detail = `${why} ${formatLsn(lsn)}; it can be read up to ${formatLsn(end.lsn)}.`;
    return isMissing
      ? new SqlError('58P01', `log segment ${file} is missing`, { detail })
      : new SqlError('XX001', `log segment ${file} is damaged: ${end.reason} at offset ${stop - start}`, {
          detail,
          hint: `Commits before that place can be restored: --target-lsn ${formatLsn(end.lsn)}.`,
        });
  }

  private foreign(lsn: number): SqlError {
    const start = lsn - (lsn % WAL_SEGMENT_SIZE);
    return new SqlError('XX001', `log segment ${this.archiveName(start)} does not belong to this history`, {
      detail: `At ${formatLsn(lsn)} it goes on otherwise than the history of timeline ${this.followed} says.`,
    });
  }

  /** Cuts the log, and begins the new timeline in it. */
  private begin(): RestoredLog {
    const { fileSystem } = this.options;
    eraseLogBehind(fileSystem, this.folder, this.cutLsn);
    const timeline = this.newest + 1;
    const before = this.history.filter((step) => step.timeline < this.timeline);
    // Another restore of the same backup to the same place is another history, though it may call itself by the same number.
    const reason = `restored from backup ${this.options.manifest.id} as ${randomBytes(4).toString('hex')}`;
    const history = [...before, { timeline: this.timeline, endLsn: this.cutLsn, reason }];
    const wal = new Wal({ segments: new WalSegments(fileSystem, this.folder, false) });
    wal.open(this.cutLsn, this.chain);
    const minimumLsn = beginTimeline(fileSystem, this.folder, wal, { timeline, history });
    wal.close();
    for (const name of fileSystem.list(this.folder)) syncFile(fileSystem, `${this.folder}/${name}`);
    fileSystem.fsyncDir(this.folder);
    return { cutLsn: this.cutLsn, timeline, minimumLsn, lastCommitTime: this.lastCommitTime };
  }
}

function syncFile(fileSystem: FileSystem, path: string): void {
  const file = fileSystem.open(path, 'readwrite');
  file.fdatasyncSync();
  file.close();
}

const EPOCH_MS = Date.UTC(2000, 0, 1);

function microsOf(timeMs: number): number {
  return (timeMs - EPOCH_MS) * 1000;
}

/** Of microseconds since 2000. */
export function isoTime(micros: number): string {
  return new Date(EPOCH_MS + micros / 1000).toISOString();
}
