/**
 * The relations' files, `DIR/base/<relation id>`: opened when needed, a bounded number at a time, page n at n * 8192.
 *
 * A name is made durable by the checkpointer (syncAll) before a checkpoint counts on the file.
 */
import { SqlError } from '../../types/errors.ts';
import type { File, FileSystem } from '../io/index.ts';
import { PAGE_SIZE } from '../limits.ts';
import type { RelationPages } from './relation-pages.ts';

const OPEN_FILES_MAX = 512;
/** Few, so that the log gets its turn in the thread pool. */
const SYNCS_AT_ONCE = 2;

export class RelationFiles {
  readonly directory: string;
  private readonly fileSystem: FileSystem;
  private readonly openRelations = new Set<RelationPages>();
  private namesChanged = false;
  private readonly truncations = new Set<RelationPages>();

  private readonly openFilesMax: number;

  constructor(fileSystem: FileSystem, directory: string, openFilesMax = OPEN_FILES_MAX) {
    this.fileSystem = fileSystem;
    this.openFilesMax = openFilesMax;
    this.directory = directory;
    fileSystem.mkdir(directory);
  }

  pathOf(relId: number): string {
    return `${this.directory}/${relId}`;
  }

  /** The relation's file, made if `create`; otherwise it must exist (58P01). */
  open(relation: RelationPages, create: boolean): File {
    if (relation.file !== null) return relation.file;
    const path = this.pathOf(relation.relId);
    if (create && !this.fileSystem.exists(path)) this.namesChanged = true;
    const file = this.fileSystem.open(path, create ? 'create' : 'readwrite');
    relation.file = file;
    relation.hasFile = true;
    this.openRelations.add(relation);
    if (this.openRelations.size > this.openFilesMax) this.closeOldest(relation);
    return file;
  }

  /** Closes the file when its last read or write is done. */
  release(relation: RelationPages): void {
    if (relation.file === null || relation.ioCount > 0) return;
    relation.file.close();
    relation.file = null;
    this.openRelations.delete(relation);
  }

  /** Never throws: a file that cannot be removed now is an orphan that the next start removes. */
  remove(relation: RelationPages): void {
    this.truncations.delete(relation);
    ignoreFileErrors(() => {
      this.release(relation);
      this.fileSystem.unlink(this.pathOf(relation.relId));
      this.namesChanged = true;
    });
  }

  removeOrphan(relId: number): void {
    this.fileSystem.unlink(this.pathOf(relId));
    this.namesChanged = true;
  }

  /** Names may not be durable that another process made. */
  distrustNames(): void {
    this.namesChanged = true;
  }

  /** Relation ids that have a file. */
  list(): number[] {
    return this.fileSystem
      .list(this.directory)
      .filter((name) => /^[0-9]+$/.test(name))
      .map((name) => Number(name));
  }

  /** Cuts the file to the relation's present size, when no write is under way. Never throws: what is left over is harmless. */
  truncate(relation: RelationPages): void {
    if (relation.ioCount > 0) {
      this.truncations.add(relation);
      return;
    }
    this.truncations.delete(relation);
    ignoreFileErrors(() => {
      if (relation.file === null && !this.fileSystem.exists(this.pathOf(relation.relId))) return;
      const file = this.open(relation, false);
      if (file.size() <= relation.pageCount * PAGE_SIZE) return;
      file.truncateSync(relation.pageCount * PAGE_SIZE);
      relation.needsSync = true;
    });
  }

  /** What waited for writes to end: truncations, and the files of dropped relations. */
  afterWrites(relations: readonly RelationPages[]): void {
    for (const relation of relations) {
      if (relation.ioCount > 0) continue;
      if (relation.dropped) this.release(relation);
      else if (this.truncations.has(relation)) this.truncate(relation);
    }
  }

  /** Makes durable what was written to the relations' files before the call, and their names. */
  syncAll(relations: Iterable<RelationPages>, callback: (error: SqlError | null) => void): void {
    const queue: RelationPages[] = [];
    for (const relation of relations) if (relation.needsSync) queue.push(relation);
    let outstanding = 1;
    let failure: SqlError | null = null;
    const done = (error: SqlError | null): void => {
      failure ??= error;
      outstanding--;
      while (failure === null && queue.length > 0 && outstanding < SYNCS_AT_ONCE) {
        outstanding++;
        this.syncOne(queue.pop()!, done);
      }
      if (outstanding > 0) return;
      if (failure === null) failure = this.syncNames();
      callback(failure);
    };
    setImmediate(done, null);
  }

  private syncOne(relation: RelationPages, callback: (error: SqlError | null) => void): void {
    if (!relation.needsSync || relation.dropped) {
      setImmediate(callback, null);
      return;
    }
    let file: File;
    try {
      file = this.open(relation, false);
    } catch (error) {
      setImmediate(callback, error as SqlError);
      return;
    }
    // Before the sync: a write that ends while it runs sets it again.
    relation.needsSync = false;
    relation.ioCount++;
    file.fdatasync((error) => {
      relation.ioCount--;
      if (error !== null) relation.needsSync = true;
      this.afterWrites([relation]);
      callback(error === null ? null : syncFailure(error));
    });
  }

  private syncNames(): SqlError | null {
    if (!this.namesChanged) return null;
    try {
      this.fileSystem.fsyncDir(this.directory);
    } catch (error) {
      return syncFailure(error as SqlError);
    }
    this.namesChanged = false;
    return null;
  }

  freeSpace(): number {
    return this.fileSystem.freeSpace(this.directory);
  }

  closeAll(): void {
    for (const relation of this.openRelations) {
      relation.file?.close();
      relation.file = null;
    }
    this.openRelations.clear();
  }

  private closeOldest(except: RelationPages): void {
    for (const relation of this.openRelations) {
      if (relation === except || relation.ioCount > 0) continue;
      this.release(relation);
      return;
    }
  }
}

/** Whatever its cause (a full disk too), the operating system may have dropped what was written, and will not say so again. */
function syncFailure(error: SqlError): SqlError {
  return new SqlError('58030', error.message, {}, 'PANIC');
}

function ignoreFileErrors(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
  }
}
