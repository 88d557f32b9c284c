/**
 * Takes a backup: of a running server without stopping anything, or of a stopped directory.
 *
 *      source.begin  -> control data of a checkpoint, whose log and files stay
 *      state, images, hotrow.conf      written once, never changed
 *      relations, page by page         in whatever state they are; the log makes them agree
 *      log, segment by segment         between the relations, so that the server need not keep it
 *      source.end    -> the end LSN; log up to it
 *      manifest                        after everything else is durable: the backup counts
 *
 * Invariants
 *  1. A backup whose manifest says that it is complete restores to a state that was committed, at its end LSN.
 *  2. What it holds in memory does not depend on the size of the database, but for a line of manifest a file.
 *  3. Nothing in the data directory is changed (but its lock file, where no server holds it).
 */
import { randomUUID } from 'node:crypto';
import { SqlError } from '../../types/errors.ts';
import { decodeHeapStates } from '../heap-state.ts';
import { imagePath } from '../index-images.ts';
import { type FileSystem, makeFolder } from '../io/index.ts';
import { PAGE_SIZE, WAL_SEGMENT_SIZE } from '../limits.ts';
import {
  type CheckpointState,
  type ControlData,
  checkpointStateName,
  decodeCheckpointState,
  readHistory,
  readWholeFile,
  walDirectory,
} from '../recovery/index.ts';
import { FIRST_TIMELINE, formatLsn, type TimelineHistory, type TimelineStep, walSegmentName } from '../wal/index.ts';
import { copyWholeFile } from './copy-file.ts';
import { copyPages } from './copy-pages.ts';
import {
  type BackupFile,
  type BackupRelation,
  CHANGES_FOLDER,
  type DamagedPage,
  IMAGES_FOLDER,
  LOG_FOLDER,
  type Manifest,
  OTHER_FILES,
  RELATIONS_FOLDER,
  STATE_FILE,
  writeManifest,
} from './manifest.ts';
import type { BackupSource } from './source.ts';

export interface BackupOptions {
  readonly source: BackupSource;
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly target: FileSystem;
  /** A folder that is empty, or not there. */
  readonly folder: string;
  /** The backup that this one is to be incremental to. */
  readonly parent?: Manifest | null;
  readonly now?: () => number;
  readonly onProgress?: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  readonly phase: 'checkpoint' | 'pages' | 'log' | 'sync';
  /** Bytes of relations that were read, and of all of them; the log comes on top. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Answers the manifest. Throws SqlError; the folder holds no complete backup then. */
export async function takeBackup(options: BackupOptions): Promise<Manifest> {
  const { source, target, folder } = options;
  try {
    if (target.exists(folder) && target.list(folder).length > 0)
      throw new SqlError('55000', `directory "${folder}" exists but is not empty`);
    options.onProgress?.({ phase: 'checkpoint', doneBytes: 0, totalBytes: 0 });
    const control = await source.begin();
    return await new Backup(options, control).run();
  } finally {
    source.close();
  }
}

class Backup {
  private readonly options: BackupOptions;
  private readonly control: ControlData;
  private readonly history: TimelineHistory;
  private readonly startedMs: number;
  private readonly files: BackupFile[] = [];
  private readonly relations: BackupRelation[] = [];
  private readonly damagedPages: DamagedPage[] = [];
  private copiedLsn: number;
  private doneBytes = 0;
  private totalBytes = 0;

  constructor(options: BackupOptions, control: ControlData) {
    this.options = options;
    this.control = control;
    this.startedMs = (options.now ?? Date.now)();
    this.copiedLsn = control.redoLsn - (control.redoLsn % WAL_SEGMENT_SIZE);
    this.history = readHistory(options.fileSystem, walDirectory(options.directory), control.timeline ?? FIRST_TIMELINE);
  }

  async run(): Promise<Manifest> {
    const { source, target, folder } = this.options;
    this.checkParent();
    makeFolder(target, folder);
    for (const name of [RELATIONS_FOLDER, CHANGES_FOLDER, IMAGES_FOLDER, LOG_FOLDER]) target.mkdir(`${folder}/${name}`);
    const unfinished = this.manifest(this.control.redoLsn, false);
    writeManifest(target, folder, unfinished);
    const state = await this.copyState();
    await this.copyRelations(state);
    const endLsn = await source.end();
    this.tell('log');
    await this.copyLog(endLsn, endLsn);
    this.tell('sync');
    for (const name of [RELATIONS_FOLDER, CHANGES_FOLDER, IMAGES_FOLDER, LOG_FOLDER])
      target.fsyncDir(`${folder}/${name}`);
    target.fsyncDir(folder);
    const manifest = { ...this.manifest(endLsn, true), id: unfinished.id };
    writeManifest(target, folder, manifest);
    return manifest;
  }

  private manifest(endLsn: number, isComplete: boolean): Manifest {
    const { parent, now } = this.options;
    return {
      isComplete,
      id: randomUUID(),
      clusterId: this.control.clusterId,
      timeline: this.control.timeline ?? FIRST_TIMELINE,
      history: this.history,
      parent: parent?.id ?? null,
      control: this.control,
      endLsn,
      startedMs: this.startedMs,
      endedMs: (now ?? Date.now)(),
      relations: this.relations,
      damagedPages: this.damagedPages,
      files: this.files,
    };
  }

  /** What the earlier backup has must be this directory's own past. */
  private checkParent(): void {
    const { parent, directory } = this.options;
    if (parent === undefined || parent === null) return;
    if (parent.clusterId !== this.control.clusterId) {
      throw new SqlError('55000', `the earlier backup is not one of data directory "${directory}"`, {
        detail:
          `The backup is of cluster ${parent.clusterId.toString(16)}, ` +
          `the directory of cluster ${this.control.clusterId.toString(16)}.`,
      });
    }
    const timeline = this.control.timeline ?? FIRST_TIMELINE;
    const left = this.history.find((step) => step.timeline === parent.timeline)?.endLsn;
    const isKin = parent.history.every((step, i) => isSameStep(step, this.history[i]));
    const isPast = isKin && (parent.timeline === timeline || (left !== undefined && left >= parent.endLsn));
    if (isPast && parent.control.redoLsn <= this.control.redoLsn) return;
    throw new SqlError('55000', `the earlier backup is not of this history of data directory "${directory}"`, {
      detail:
        `The backup ends at ${formatLsn(parent.endLsn)} of timeline ${parent.timeline}; ` +
        `the directory is on timeline ${timeline}${left === undefined ? '' : `, which left that one at ${formatLsn(left)}`}.`,
      hint: 'Take a full backup.',
    });
  }

  private async copyState(): Promise<CheckpointState> {
    const { fileSystem, directory, target, folder } = this.options;
    const { checkpointNumber } = this.control;
    const from = `${directory}/${checkpointStateName(checkpointNumber)}`;
    this.files.push(await copyWholeFile({ fileSystem, from, target, folder, path: STATE_FILE }));
    const state = decodeCheckpointState(readWholeFile(target, `${folder}/${STATE_FILE}`), from, checkpointNumber);
    for (const { images } of decodeHeapStates(state.heapState).values()) {
      for (const image of images)
        await this.copyIfThere(imagePath(directory, image), `${IMAGES_FOLDER}/${image.oid}.${image.number}`);
    }
    for (const name of OTHER_FILES) await this.copyIfThere(`${directory}/${name}`, name);
    return state;
  }

  /** Files that can be done without: an index is built anew from its heap. */
  private async copyIfThere(from: string, path: string): Promise<void> {
    const { fileSystem, target, folder } = this.options;
    if (!fileSystem.exists(from)) return;
    this.files.push(await copyWholeFile({ fileSystem, from, target, folder, path }));
  }

  private async copyRelations({ relations }: CheckpointState): Promise<void> {
    const { fileSystem, directory, target, folder, source, parent } = this.options;
    const before = new Set(parent?.relations.map(({ relId }) => relId));
    for (const { pageCount } of relations) this.totalBytes += pageCount * PAGE_SIZE;
    this.tell('pages');
    for (const { relId, pageCount } of relations) {
      const isChanges = before.has(relId);
      const doneBefore = this.doneBytes;
      const copy = await copyPages({
        fileSystem,
        from: `${directory}/base/${relId}`,
        relId,
        pageCount,
        target,
        folder,
        sinceLsn: isChanges ? parent!.control.redoLsn : null,
        isInLog: (pageNo) => source.isInLog(relId, pageNo),
        onBytes: (count) => {
          this.doneBytes += count;
          this.tell('pages');
        },
        onDamage: (pageNo) => this.damagedPages.push({ relId, pageNo }),
      });
      this.doneBytes = doneBefore + pageCount * PAGE_SIZE;
      if (copy !== null) {
        this.files.push(copy.file);
        this.relations.push({ relId, pageCount: copy.pageCount, isChanges });
      }
      await this.copyLog(await source.durableLsn(this.copiedLsn), null);
    }
  }

  /** Whole segments up to `lsn`; with `endLsn` the last one too, cut there. */
  private async copyLog(lsn: number, endLsn: number | null): Promise<void> {
    const { fileSystem, directory, target, folder } = this.options;
    const limit = endLsn ?? lsn - (lsn % WAL_SEGMENT_SIZE);
    while (this.copiedLsn < limit) {
      const name = walSegmentName(this.copiedLsn);
      const from = `${walDirectory(directory)}/${name}`;
      // A segment that was ended early is shorter.
      const size = Math.min(limit - this.copiedLsn, WAL_SEGMENT_SIZE, sizeOf(fileSystem, from));
      this.files.push(await copyWholeFile({ fileSystem, from, target, folder, path: `${LOG_FOLDER}/${name}`, size }));
      this.copiedLsn += WAL_SEGMENT_SIZE;
    }
  }

  private tell(phase: BackupProgress['phase']): void {
    this.options.onProgress?.({ phase, doneBytes: this.doneBytes, totalBytes: this.totalBytes });
  }
}

/** Two restores of one backup have the same numbers, and other reasons. */
function isSameStep(a: TimelineStep, b: TimelineStep | undefined): boolean {
  return b !== undefined && a.timeline === b.timeline && a.endLsn === b.endLsn && a.reason === b.reason;
}

function sizeOf(fileSystem: FileSystem, path: string): number {
  const file = fileSystem.open(path, 'read');
  try {
    return file.size();
  } finally {
    file.close();
  }
}
