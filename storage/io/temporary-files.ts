/**
 * Temporary files: what a sort or a hash table that outgrew its memory puts aside until its statement ends.
 *
 * One folder, emptied when the engine opens: nothing in it outlives a process. A file is written at its end and read anywhere;
 * writes go on behind the writer's back (isBusy says when it should wait), a read that is asked for meanwhile starts when they
 * are done. Nothing is synced. A blocking file does everything at once: for work that cannot be interrupted.
 *
 * A file closed with operations under way goes away when they have ended; a large one is shortened step by step, since giving
 * back a gigabyte takes an operating system longer than anybody should wait.
 */
import { type SqlError, sqlError } from '../../types/errors.ts';
import type { File, FileSystem } from './file.ts';

/** Bytes on their way to the disk, beyond which a writer waits. */
const WRITE_BEHIND_BYTES = 256 * 1024;
/** Bytes given back in one go. */
const SHORTEN_BYTES = 32 * 1024 * 1024;

/** What was done since the start, or since somebody set it to 0. */
export interface TemporaryCounters {
  fileCount: number;
  byteCount: number;
}

/** Who uses temporary files (a session): what it has, and what it may have. */
export interface TemporaryUsage {
  /** Bytes in its files now; kept by the files. */
  bytes: number;
  /** In kB, as temp_file_limit has it; -1: as much as there is. */
  readonly limitKb: number;
  /** What files and bytes are counted in, besides those of all. */
  readonly counters: TemporaryCounters;
}

export class TemporaryFiles {
  /** Made since the start, and bytes written to them. */
  fileCount = 0;
  byteCount = 0;
  private readonly fileSystem: FileSystem;
  private readonly folder: string;
  private readonly files = new Map<File, string>();
  private hasFolder = false;

  constructor(fileSystem: FileSystem, folder: string) {
    this.fileSystem = fileSystem;
    this.folder = folder;
  }

  /** Files that exist. */
  get openCount(): number {
    return this.files.size;
  }

  /** Removes what an earlier process left. */
  clear(): void {
    for (const name of this.fileSystem.list(this.folder)) this.fileSystem.unlink(`${this.folder}/${name}`);
  }

  create(usage: TemporaryUsage, isBlocking: boolean): TemporaryFile {
    if (!this.hasFolder) this.fileSystem.mkdir(this.folder);
    this.hasFolder = true;
    const path = `${this.folder}/temp.${++this.fileCount}`;
    usage.counters.fileCount++;
    const file = this.fileSystem.open(path, 'create');
    this.files.set(file, path);
    return new TemporaryFile(this, file, usage, isBlocking);
  }

  /** Gives a file's space back, in steps; it is closed at once for everybody else. */
  readonly remove = (file: File): void => {
    const path = this.files.get(file);
    if (path === undefined) return;
    try {
      const size = file.size();
      if (size > SHORTEN_BYTES) {
        file.truncateSync(size - SHORTEN_BYTES);
        setImmediate(this.remove, file);
        return;
      }
    } catch {
      // It goes as a whole then.
    }
    this.removeNow(file, path);
  };

  private removeNow(file: File, path: string): void {
    this.files.delete(file);
    try {
      file.close();
      this.fileSystem.unlink(path);
    } catch {
      // The next start empties the folder.
    }
  }

  /** The engine closes. */
  close(): void {
    for (const [file, path] of this.files) this.removeNow(file, path);
  }
}

/** A read on its way. */
export class TemporaryRead {
  readonly buffer: Uint8Array;
  readonly length: number;
  readonly offset: number;
  isDone = false;

  constructor(buffer: Uint8Array, length: number, offset: number) {
    this.buffer = buffer;
    this.length = length;
    this.offset = offset;
  }
}

export class TemporaryFile {
  /** Bytes appended, written or on their way. */
  size = 0;
  private readonly owner: TemporaryFiles;
  private readonly file: File;
  private readonly usage: TemporaryUsage;
  private readonly isBlocking: boolean;
  private writingBytes = 0;
  private operations = 0;
  private failure: SqlError | null = null;
  private isClosed = false;
  private waiters: (() => void)[] = [];
  private deferredReads: TemporaryRead[] = [];

  constructor(owner: TemporaryFiles, file: File, usage: TemporaryUsage, isBlocking: boolean) {
    this.owner = owner;
    this.file = file;
    this.usage = usage;
    this.isBlocking = isBlocking;
  }

  /** The writer is ahead of the disk. */
  get isBusy(): boolean {
    return this.writingBytes > WRITE_BEHIND_BYTES;
  }

  /** Throws what a write or read has failed with. */
  check(): void {
    if (this.failure !== null) throw this.failure;
  }

  /** Appends bytes, which belong to the file until `release` is called; answers where they are. */
  append(bytes: Uint8Array, release: () => void = () => {}): number {
    const { usage } = this;
    const { length } = bytes;
    this.check();
    if (usage.limitKb >= 0 && usage.bytes + length > usage.limitKb * 1024) {
      throw sqlError('53400', `temporary file size exceeds temp_file_limit (${usage.limitKb}kB)`);
    }
    const offset = this.size;
    this.size += length;
    usage.bytes += length;
    usage.counters.byteCount += length;
    this.owner.byteCount += length;
    if (this.isBlocking) {
      this.file.writeSync(bytes, 0, length, offset);
      release();
    } else {
      this.writingBytes += length;
      this.operations++;
      this.file.write(bytes, 0, length, offset, (error) => {
        this.writingBytes -= length;
        release();
        this.ended(error);
      });
    }
    return offset;
  }

  /** Reads what was appended into the buffer's start. Ask isDone, and onProgress for when to ask again. */
  read(buffer: Uint8Array, length: number, offset: number): TemporaryRead {
    const read = new TemporaryRead(buffer, length, offset);
    if (this.isBlocking) {
      const count = this.file.readSync(buffer, 0, length, offset);
      if (count < length) throw this.tooShort(read, count);
      read.isDone = true;
    } else if (this.writingBytes > 0) this.deferredReads.push(read);
    else this.start(read);
    return read;
  }

  private start(read: TemporaryRead): void {
    this.operations++;
    this.file.readInto(read.buffer, 0, read.length, read.offset, (error, count) => {
      read.isDone = true;
      this.ended(error ?? (count < read.length ? this.tooShort(read, count) : null));
    });
  }

  private tooShort(read: TemporaryRead, count: number): SqlError {
    return sqlError('58030', `could not read file "${this.file.path}": read only ${count} of ${read.length} bytes`);
  }

  private ended(error: SqlError | null): void {
    this.operations--;
    this.failure ??= error;
    if (this.isClosed) {
      if (this.operations === 0) this.owner.remove(this.file);
      return;
    }
    if (this.writingBytes === 0 && this.deferredReads.length > 0) {
      const reads = this.deferredReads;
      this.deferredReads = [];
      for (const read of reads) this.start(read);
    }
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter();
  }

  /** Called once, when an operation that is under way has ended. */
  onProgress(callback: () => void): void {
    this.waiters.push(callback);
  }

  /** Buffers of reads under way must not be used by anybody else. Closing twice is allowed. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.usage.bytes -= this.size;
    this.waiters = [];
    this.deferredReads = [];
    if (this.operations === 0) this.owner.remove(this.file);
  }
}
