/**
 * Makes a data directory of a backup, or of a full one and the incremental ones on it.
 *
 *      manifests -> one chain -> log up to the target (restore-log.ts) -> state, images, relations -> all durable -> control
 *
 * The log comes first: most of what can be wrong with a restore is wrong with the log or the target, and is told before gigabytes are
 * copied. Replay is the server's, at its start: the directory is as if it had ended without order at the cut.
 *
 * Invariants
 *  1. Until everything else is durable there is no control file, and a mark that keeps servers away.
 *  2. Every byte of the backup that is used has been held against the manifest's checksums.
 *  3. The backups are only read.
 */
import { SqlError } from '../../types/errors.ts';
import { type File, type FileSystem, makeFolder, replaceFile } from '../io/index.ts';
import { PAGE_SIZE } from '../limits.ts';
import { checkpointStateName, RESTORE_MARK, writeControl } from '../recovery/index.ts';
import type { ArchiveSource } from './archive-source.ts';
import { damageOfFile, PIECE_SIZE } from './copy-file.ts';
import {
  type BackupFile,
  type BackupRelation,
  CHANGES_FOLDER,
  IMAGES_FOLDER,
  LOG_FOLDER,
  type Manifest,
  OTHER_FILES,
  RELATIONS_FOLDER,
  readManifest,
  STATE_FILE,
} from './manifest.ts';
import { CHANGE_SIZE, CHANGES_HEADER_SIZE, isChangesHeader } from './page-changes.ts';
import { type RestoredLog, type RestoreTarget, restoreLog } from './restore-log.ts';

export interface RestoreOptions {
  readonly backup: FileSystem;
  /** A full backup, and those incremental to it, in any order. */
  readonly folders: readonly string[];
  readonly archive: ArchiveSource | null;
  readonly fileSystem: FileSystem;
  /** Empty, or not there. */
  readonly directory: string;
  readonly target: RestoreTarget;
  readonly onProgress?: (progress: RestoreProgress) => void;
}

export interface RestoreProgress {
  readonly phase: 'log' | 'files' | 'sync';
  readonly segments: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

interface Link {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly byPath: ReadonlyMap<string, BackupFile>;
}

/** Throws SqlError; whoever called removes what is in the directory then. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoredLog> {
  const { fileSystem, directory } = options;
  if (fileSystem.exists(directory) && fileSystem.list(directory).length > 0)
    throw new SqlError('55000', `directory "${directory}" exists but is not empty`);
  const chain = chainOf(options.folders.map((folder) => readLink(options.backup, folder)));
  return new Restore(options, chain).run();
}

function readLink(fileSystem: FileSystem, folder: string): Link {
  const manifest = readManifest(fileSystem, folder);
  return { folder, manifest, byPath: new Map(manifest.files.map((file) => [file.path, file])) };
}

/** From the full one on, each incremental to the one before. */
function chainOf(links: readonly Link[]): Link[] {
  const byParent = new Map<string | null, Link>();
  const ids = new Map<string, Link>();
  for (const link of links) {
    const { id, parent } = link.manifest;
    const twin = ids.get(id) ?? byParent.get(parent);
    if (twin !== undefined) {
      throw new SqlError('22023', `backups "${twin.folder}" and "${link.folder}" do not follow on each other`, {
        hint: 'Name a full backup, and those that are incremental to it, each to the one before.',
      });
    }
    ids.set(id, link);
    byParent.set(parent, link);
  }
  const first = byParent.get(null);
  if (first === undefined) {
    const { folder, manifest } = links.find((link) => !ids.has(link.manifest.parent ?? '')) ?? links[0];
    throw new SqlError('22023', `backup "${folder}" is incremental: the one that it is based on is needed, too`, {
      detail: `It is based on backup ${manifest.parent}.`,
    });
  }
  const chain: Link[] = [];
  for (let next: Link | undefined = first; next !== undefined; next = byParent.get(next.manifest.id)) chain.push(next);
  const stray = links.find((link) => !chain.includes(link));
  if (stray === undefined) return chain;
  throw new SqlError('22023', `backup "${stray.folder}" is not incremental to one of the others`, {
    detail: `It is based on backup ${stray.manifest.parent}.`,
  });
}

class Restore {
  private readonly options: RestoreOptions;
  private readonly chain: readonly Link[];
  private readonly last: Link;
  private segments = 0;
  private doneBytes = 0;
  private totalBytes = 0;

  constructor(options: RestoreOptions, chain: readonly Link[]) {
    this.options = options;
    this.chain = chain;
    this.last = chain[chain.length - 1];
  }

  async run(): Promise<RestoredLog> {
    const { fileSystem, directory } = this.options;
    makeFolder(fileSystem, directory);
    replaceFile(fileSystem, directory, RESTORE_MARK, new Uint8Array(0));
    for (const name of ['base', 'index', 'wal']) fileSystem.mkdir(`${directory}/${name}`);
    await this.checkLog();
    const log = await this.restoreLog();
    await this.restoreFiles();
    this.tell('sync');
    for (const name of ['base', 'index', 'wal']) fileSystem.fsyncDir(`${directory}/${name}`);
    fileSystem.fsyncDir(directory);
    const { timeline, minimumLsn } = log;
    writeControl(fileSystem, directory, { ...this.last.manifest.control, clean: false, timeline, minimumLsn });
    fileSystem.unlink(`${directory}/${RESTORE_MARK}`);
    fileSystem.fsyncDir(directory);
    return log;
  }

  /** The backup's own log is what it was; the records' own checksums would find most of what is not, but not all. */
  private async checkLog(): Promise<void> {
    for (const file of this.last.manifest.files) {
      if (file.path.startsWith(`${LOG_FOLDER}/`)) await this.use(this.last, file, () => {});
    }
  }

  private restoreLog(): Promise<RestoredLog> {
    const { backup, archive, fileSystem, directory, target } = this.options;
    this.tell('log');
    return restoreLog({
      backup,
      backupFolder: this.last.folder,
      manifest: this.last.manifest,
      archive,
      fileSystem,
      directory,
      target,
      onSegment: (count) => {
        this.segments = count;
        this.tell('log');
      },
    });
  }

  private async restoreFiles(): Promise<void> {
    const { manifest } = this.last;
    const sources = manifest.relations.map((relation) => this.sourcesOf(relation));
    const others: [BackupFile, string][] = [];
    for (const file of manifest.files) {
      const name = this.nameOf(file.path);
      if (name !== null) others.push([file, name]);
    }
    for (const [file] of others) this.totalBytes += file.size;
    for (const files of sources) for (const [, file] of files) this.totalBytes += file.size;
    for (const [file, name] of others) await this.copy(file, name);
    for (const [i, relation] of manifest.relations.entries()) await this.restoreRelation(relation, sources[i]);
  }

  /** In the data directory; null for what is restored in another way. */
  private nameOf(path: string): string | null {
    if (path === STATE_FILE) return checkpointStateName(this.last.manifest.control.checkpointNumber);
    if (path.startsWith(`${IMAGES_FOLDER}/`)) return `index/${path.slice(IMAGES_FOLDER.length + 1)}`;
    return OTHER_FILES.includes(path) ? path : null;
  }

  /** The newest whole copy of the relation, then the changes since. */
  private sourcesOf(relation: BackupRelation): [Link, BackupFile][] {
    const files: [Link, BackupFile][] = [];
    for (let i = this.chain.length - 1; i >= 0; i--) {
      const link = this.chain[i];
      const whole = link.byPath.get(`${RELATIONS_FOLDER}/${relation.relId}`);
      const changes = link.byPath.get(`${CHANGES_FOLDER}/${relation.relId}`);
      const file = whole ?? changes;
      if (file === undefined) break;
      files.unshift([link, file]);
      if (whole !== undefined) return files;
    }
    throw new SqlError('XX001', `backup "${this.last.folder}" has no whole copy of relation ${relation.relId}`);
  }

  private async restoreRelation(relation: BackupRelation, files: readonly [Link, BackupFile][]): Promise<void> {
    const { fileSystem, directory } = this.options;
    const copy = fileSystem.open(`${directory}/base/${relation.relId}`, 'exclusive');
    try {
      for (const [link, file] of files) {
        if (file.path.startsWith(`${CHANGES_FOLDER}/`)) await this.applyChanges(link, file, relation, copy);
        else await this.useInOrder(link, file, copy);
      }
      copy.truncateSync(relation.pageCount * PAGE_SIZE);
      copy.fdatasyncSync();
    } finally {
      copy.close();
    }
  }

  private async applyChanges(link: Link, file: BackupFile, { relId }: BackupRelation, copy: File): Promise<void> {
    const perPiece = Math.floor(PIECE_SIZE / CHANGE_SIZE) * CHANGE_SIZE;
    let isHeader = true;
    const use = (bytes: Uint8Array, count: number): void => {
      this.progress(count);
      if (isHeader) {
        isHeader = false;
        if (!isChangesHeader(bytes, relId)) throw damaged(link.folder, file.path, 'it is of another relation');
        return;
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (let at = 0; at + CHANGE_SIZE <= count; at += CHANGE_SIZE)
        copy.writeSync(bytes, at + CHANGE_SIZE - PAGE_SIZE, PAGE_SIZE, view.getUint32(at, true) * PAGE_SIZE);
    };
    await this.use(link, file, use, (at) => (at === 0 ? CHANGES_HEADER_SIZE : perPiece));
  }

  private async copy(file: BackupFile, name: string): Promise<void> {
    const { fileSystem, directory } = this.options;
    const copy = fileSystem.open(`${directory}/${name}`, 'exclusive');
    try {
      await this.useInOrder(this.last, file, copy);
      copy.fdatasyncSync();
    } finally {
      copy.close();
    }
  }

  private async useInOrder(link: Link, file: BackupFile, copy: File): Promise<void> {
    let at = 0;
    await this.use(link, file, (bytes, count) => {
      copy.writeSync(bytes, 0, count, at);
      at += count;
      this.progress(count);
    });
  }

  private async use(
    link: Link,
    file: BackupFile,
    use: (bytes: Uint8Array, count: number) => void,
    pieceSize?: (at: number) => number,
  ): Promise<void> {
    const why = await damageOfFile(this.options.backup, link.folder, file, use, pieceSize);
    if (why !== null) throw damaged(link.folder, file.path, why);
  }

  private progress(count: number): void {
    this.doneBytes += count;
    this.tell('files');
  }

  private tell(phase: RestoreProgress['phase']): void {
    const { segments, doneBytes, totalBytes } = this;
    this.options.onProgress?.({ phase, segments, doneBytes, totalBytes });
  }
}

function damaged(folder: string, path: string, why: string): SqlError {
  return new SqlError('XX001', `file "${folder}/${path}" of the backup is damaged: ${why}`);
}
