/**
 * Files in memory that know what a crash would leave: for tests, and where there is no disk.
 *
 * Each file keeps its present content, and beside it what is durable plus the writes since the last sync, in order. Each
 * folder keeps its present names and its durable ones. `crash()` is a power cut, and throws the present away: every file
 * becomes its durable content with none, some or parts of the unsynced writes, in any combination (chosen by the given
 * random numbers; a torn write keeps sectors of 512 bytes, or all up to a byte, or all from one); names not made durable by
 * fsyncDir, of files and of folders, are kept or lost one by one. `kill()` is the death of the process only: the present
 * stays, as in the operating system's cache. Operations under way at either never call back; open File objects are dead.
 *
 * `failNext(op, code)` makes the next operation of a kind fail; `onOperation` sees every operation, in order, and may fail it
 * by number. A sync that fails may have lost what it was to write, though later syncs succeed, as Linux has it. `capacity`
 * bounds the total size: beyond it writes fail with ENOSPC, a part of them done, as on a full disk; `claimedFree` is what the
 * disk says about it, true or not.
 */
import { assert } from '../../types/assert.ts';
import type { SqlError } from '../../types/errors.ts';
import { fileError } from './errors.ts';
import type { File, FileSystem, IoCallback, OpenMode, ReadCallback } from './file.ts';

export type MemoryOp =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'stat'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'list'
  | 'fsyncDir';

export interface MemoryFileSystemOptions {
  /** How an asynchronous operation is put off; setImmediate unless a test wants to choose the order. */
  readonly schedule?: (run: () => void) => void;
}

export interface CrashOptions {
  /** 0 <= random() < 1. Without it nothing unsynced survives. */
  readonly random?: () => number;
  /** Unsynced writes may survive in part. Needs `random`. */
  readonly tear?: boolean;
}

const SECTOR = 512;

type PendingWrite = { kind: 'write'; offset: number; bytes: Uint8Array };
type PendingChange = PendingWrite | { kind: 'truncate'; size: number };

/** Bytes with room to grow; shared with that of a forked file system until one of them writes. */
class Content {
  bytes: Uint8Array = new Uint8Array(0);
  size = 0;
  private isShared = false;

  write(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    this.own(end);
    this.bytes.set(bytes, offset);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    this.own(size);
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }

  apply(change: PendingChange): void {
    if (change.kind === 'truncate') this.truncate(change.size);
    else this.write(change.bytes, change.offset);
  }

  /** Some of the write's bytes: up to one, from one on, or some sectors. */
  applyTorn({ offset, bytes }: PendingWrite, random: () => number): void {
    const kind = random();
    const cut = Math.floor(random() * bytes.length);
    if (kind < 0.25) this.write(bytes.subarray(0, cut), offset);
    else if (kind < 0.5) this.write(bytes.subarray(cut), offset + cut);
    else {
      for (let at = 0; at < bytes.length; at += SECTOR)
        if (random() < 0.5) this.write(bytes.subarray(at, at + SECTOR), offset + at);
    }
  }

  share(): Content {
    const copy = new Content();
    copy.bytes = this.bytes;
    copy.size = this.size;
    this.isShared = copy.isShared = true;
    return copy;
  }

  /** Bytes of its own, at least `capacity` of them; those behind the size are zeros. */
  own(capacity: number): void {
    if (!this.isShared && capacity <= this.bytes.length) return;
    const own = new Uint8Array(capacity <= this.bytes.length ? this.bytes.length : Math.max(capacity, this.size * 2));
    own.set(this.bytes.subarray(0, this.size));
    this.bytes = own;
    this.isShared = false;
  }
}

class MemoryInode {
  present = new Content();
  durable = new Content();
  pending: PendingChange[] = [];

  get size(): number {
    return this.present.size;
  }

  write(bytes: Uint8Array, offset: number): void {
    // Not bytes.slice(): of a Buffer that would be a view.
    const copy = Uint8Array.prototype.slice.call(bytes);
    this.present.write(copy, offset);
    this.pending.push({ kind: 'write', offset, bytes: copy });
  }

  truncate(size: number): void {
    this.present.truncate(size);
    this.pending.push({ kind: 'truncate', size });
  }

  sync(): void {
    for (const change of this.pending) this.durable.apply(change);
    this.pending = [];
  }

  /** A sync has failed: what it was to write is taken for written, and is not. */
  forgetPending(): void {
    this.pending = [];
  }

  /** Bit rot. */
  flip(offset: number, mask: number): void {
    this.sync();
    for (const content of [this.present, this.durable]) {
      content.own(content.size);
      content.bytes[offset] ^= mask;
    }
  }

  fork(): MemoryInode {
    const copy = new MemoryInode();
    copy.present = this.present.share();
    copy.durable = this.durable.share();
    copy.pending = [...this.pending];
    return copy;
  }

  /** Becomes what the disk kept. */
  crash(options: CrashOptions): void {
    const { random, tear } = options;
    if (random !== undefined) {
      for (const change of this.pending) {
        if (random() < 0.5) continue;
        if (change.kind === 'write' && tear === true && random() < 0.5) this.durable.applyTorn(change, random);
        else this.durable.apply(change);
      }
    }
    this.pending = [];
    this.present = this.durable.share();
  }
}

interface MemoryFolder {
  names: Map<string, MemoryInode>;
  durable: Map<string, MemoryInode>;
  /** The folder's own name is durable in the folder above. */
  isNamed: boolean;
}

export class MemoryFileSystem implements FileSystem {
  readonly isShared = false;
  /** Bytes that all files together may have. */
  capacity = Number.POSITIVE_INFINITY;
  /** What freeSpace answers; null: the truth. */
  claimedFree: number | null = null;
  /** A sync has failed since the last power cut: what is read may be on no disk, and no sync will say so. */
  hasLostSync = false;
  /** Operations done so far, by kind: a test can crash or fail at the nth. */
  readonly counts: Record<MemoryOp, number> = {
    open: 0,
    read: 0,
    write: 0,
    sync: 0,
    truncate: 0,
    stat: 0,
    rename: 0,
    unlink: 0,
    mkdir: 0,
    list: 0,
    fsyncDir: 0,
  };
  /** Called before each operation; what it throws comes out of the operation. */
  onOperation: ((op: MemoryOp, path: string) => void) | null = null;

  private folders = new Map<string, MemoryFolder>();
  private failures: { op: MemoryOp; code: string; after: number; path: string }[] = [];
  private readonly schedule: (run: () => void) => void;
  /** Operations of an earlier life do not call back. */
  private life = 0;

  constructor(options: MemoryFileSystemOptions = {}) {
    this.schedule = options.schedule ?? setImmediate;
  }

  /** The operation of that kind (on a path that contains `path`) after `after` others fails with a system error code. */
  failNext(op: MemoryOp, code: string, after = 0, path = ''): void {
    this.failures.push({ op, code, after, path });
  }

  clearFailures(): void {
    this.failures = [];
  }

  /** The process dies; the machine goes on. */
  kill(): void {
    this.life++;
    this.failures = [];
    this.onOperation = null;
  }

  /** The power is cut. */
  crash(options: CrashOptions = {}): void {
    this.kill();
    this.hasLostSync = false;
    this.loseFolders(options.random);
    for (const folder of this.folders.values()) {
      const names = new Map(folder.durable);
      if (options.random !== undefined) mixNames(names, folder, options.random);
      folder.names = names;
      folder.durable = new Map(names);
    }
    const inodes = new Set<MemoryInode>();
    for (const folder of this.folders.values()) for (const inode of folder.names.values()) inodes.add(inode);
    for (const inode of inodes) inode.crash(options);
  }

  /** A copy as it is now, durable and not: it can crash in many ways while this one goes on. */
  fork(): MemoryFileSystem {
    const copy = new MemoryFileSystem({ schedule: this.schedule });
    const copies = new Map<MemoryInode, MemoryInode>();
    const copyNames = (names: Map<string, MemoryInode>): Map<string, MemoryInode> => {
      const result = new Map<string, MemoryInode>();
      for (const [name, inode] of names) {
        let twin = copies.get(inode);
        if (twin === undefined) copies.set(inode, (twin = inode.fork()));
        result.set(name, twin);
      }
      return result;
    };
    for (const [path, folder] of this.folders) {
      const { isNamed } = folder;
      copy.folders.set(path, { names: copyNames(folder.names), durable: copyNames(folder.durable), isNamed });
    }
    copy.capacity = this.capacity;
    copy.claimedFree = this.claimedFree;
    copy.hasLostSync = this.hasLostSync;
    return copy;
  }

  /** Folders whose names are not durable go with all that is in them, or stay, by chance. */
  private loseFolders(random: (() => number) | undefined): void {
    for (const [path, folder] of [...this.folders]) {
      if (folder.isNamed) continue;
      if (random === undefined || random() < 0.5) {
        for (const other of [...this.folders.keys()])
          if (other === path || other.startsWith(`${path}/`)) this.folders.delete(other);
      } else folder.isNamed = true;
    }
  }

  open(path: string, mode: OpenMode): File {
    this.step('open', path);
    const { folder, name } = this.locate(path);
    let inode = folder?.names.get(name);
    if (inode !== undefined && mode === 'exclusive') throw fileError('open', path, systemError('EEXIST'));
    if (inode === undefined) {
      if (folder === undefined || mode === 'read' || mode === 'readwrite')
        throw fileError('open', path, systemError('ENOENT'));
      inode = new MemoryInode();
      folder.names.set(name, inode);
    }
    return new MemoryFile(this, path, inode, this.life);
  }

  mkdir(path: string): void {
    this.step('mkdir', path);
    const parts = path.split('/');
    for (let i = 1; i <= parts.length; i++) {
      const prefix = parts.slice(0, i).join('/');
      if (this.folders.has(prefix)) continue;
      // What stands above all is always there.
      this.folders.set(prefix, { names: new Map(), durable: new Map(), isNamed: prefix === '' });
    }
  }

  list(path: string): string[] {
    this.step('list', path);
    const folder = this.folders.get(path);
    if (folder === undefined) return [];
    const names = [...folder.names.keys()];
    for (const other of this.folders.keys()) {
      if (other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes('/'))
        names.push(other.slice(path.length + 1));
    }
    return names.sort();
  }

  exists(path: string): boolean {
    const { folder, name } = this.locate(path);
    return folder?.names.has(name) === true || this.folders.has(path);
  }

  rename(from: string, to: string): void {
    this.step('rename', from);
    const source = this.locate(from);
    const target = this.locate(to);
    const inode = source.folder?.names.get(source.name);
    if (inode === undefined || target.folder === undefined) throw fileError('rename', from, systemError('ENOENT'));
    source.folder!.names.delete(source.name);
    target.folder.names.set(target.name, inode);
  }

  unlink(path: string): void {
    this.step('unlink', path);
    const { folder, name } = this.locate(path);
    folder?.names.delete(name);
  }

  fsyncDir(path: string): void {
    this.step('fsyncDir', path);
    const above = path === '/' ? '' : path;
    const folder = this.folders.get(above);
    if (folder !== undefined) folder.durable = new Map(folder.names);
    for (const [other, { isNamed }] of this.folders) {
      if (!isNamed && other.slice(0, other.lastIndexOf('/')) === above) this.folders.get(other)!.isNamed = true;
    }
  }

  freeSpace(_path: string): number {
    return this.claimedFree ?? this.capacity - this.usedSpace();
  }

  usedSpace(): number {
    let total = 0;
    for (const folder of this.folders.values()) for (const inode of folder.names.values()) total += inode.size;
    return total;
  }

  /** Changes a byte on "disk", present and durable: bit rot. */
  corrupt(path: string, offset: number, mask = 1): void {
    const { folder, name } = this.locate(path);
    const inode = folder?.names.get(name);
    assert(inode !== undefined && offset < inode.size, 'there is such a byte');
    inode.flip(offset, mask);
  }

  /** For files: counts, and fails where a test wants it. */
  step(op: MemoryOp, path: string): void {
    this.counts[op]++;
    this.onOperation?.(op, path);
    for (const failure of this.failures) {
      if (failure.op !== op || !path.includes(failure.path) || failure.after-- > 0) continue;
      this.failures.splice(this.failures.indexOf(failure), 1);
      throw memoryFailure(op, path, failure.code);
    }
  }

  /** For files: of `count` bytes more, how many there is room for. */
  roomFor(count: number): number {
    if (this.capacity === Number.POSITIVE_INFINITY) return count;
    return Math.max(0, Math.min(count, this.capacity - this.usedSpace()));
  }

  checkAlive(life: number): void {
    assert(life === this.life, 'a file opened before the crash is not used after it');
  }

  later(life: number, run: () => void): void {
    this.schedule(() => {
      if (life === this.life) run();
    });
  }

  private locate(path: string): { folder: MemoryFolder | undefined; name: string } {
    const cut = path.lastIndexOf('/');
    return { folder: this.folders.get(path.slice(0, cut)), name: path.slice(cut + 1) };
  }
}

/** Names whose change is not durable survive the crash one by one, by chance. */
function mixNames(names: Map<string, MemoryInode>, folder: MemoryFolder, random: () => number): void {
  for (const [name, inode] of folder.names) {
    if (folder.durable.get(name) !== inode && random() < 0.5) names.set(name, inode);
  }
  for (const name of folder.durable.keys()) {
    if (!folder.names.has(name) && random() < 0.5) names.delete(name);
  }
}

/** What an operation fails with for a system error code. */
export function memoryFailure(op: MemoryOp, path: string, code: string): SqlError {
  return fileError(op === 'sync' || op === 'fsyncDir' ? 'fsync' : op, path, systemError(code));
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

class MemoryFile implements File {
  readonly path: string;
  private readonly fileSystem: MemoryFileSystem;
  private readonly inode: MemoryInode;
  private readonly life: number;
  private open = true;

  constructor(fileSystem: MemoryFileSystem, path: string, inode: MemoryInode, life: number) {
    this.fileSystem = fileSystem;
    this.path = path;
    this.inode = inode;
    this.life = life;
  }

  size(): number {
    this.check();
    this.fileSystem.step('stat', this.path);
    return this.inode.size;
  }

  readSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): number {
    this.check();
    this.fileSystem.step('read', this.path);
    const count = Math.max(0, Math.min(length, this.inode.size - fileOffset));
    buffer.set(this.inode.present.bytes.subarray(fileOffset, fileOffset + count), bufferOffset);
    return count;
  }

  readInto(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: ReadCallback): void {
    this.check();
    this.fileSystem.later(this.life, () => {
      let count = 0;
      try {
        count = this.readSync(buffer, bufferOffset, length, fileOffset);
      } catch (error) {
        callback(error as Parameters<ReadCallback>[0], 0);
        return;
      }
      callback(null, count);
    });
  }

  readv(buffers: readonly Uint8Array[], fileOffset: number, callback: ReadCallback): void {
    this.check();
    this.fileSystem.later(this.life, () => {
      let total = 0;
      try {
        for (const buffer of buffers) total += this.readSync(buffer, 0, buffer.length, fileOffset + total);
      } catch (error) {
        callback(error as Parameters<ReadCallback>[0], total);
        return;
      }
      callback(null, total);
    });
  }

  writeSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): void {
    this.check();
    this.fileSystem.step('write', this.path);
    const growth = Math.max(0, fileOffset + length - this.inode.size);
    const missing = growth - this.fileSystem.roomFor(growth);
    const count = Math.max(0, length - missing);
    if (count > 0) this.inode.write(buffer.subarray(bufferOffset, bufferOffset + count), fileOffset);
    if (missing > 0) throw memoryFailure('write', this.path, 'ENOSPC');
  }

  write(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: IoCallback): void {
    this.check();
    this.run(() => this.writeSync(buffer, bufferOffset, length, fileOffset), callback);
  }

  writev(buffers: readonly Uint8Array[], fileOffset: number, callback: IoCallback): void {
    this.check();
    this.run(() => {
      let at = fileOffset;
      for (const buffer of buffers) {
        this.writeSync(buffer, 0, buffer.length, at);
        at += buffer.length;
      }
    }, callback);
  }

  fdatasyncSync(): void {
    this.check();
    try {
      this.fileSystem.step('sync', this.path);
    } catch (error) {
      this.inode.forgetPending();
      this.fileSystem.hasLostSync = true;
      throw error;
    }
    this.inode.sync();
  }

  fdatasync(callback: IoCallback): void {
    this.check();
    this.run(() => this.fdatasyncSync(), callback);
  }

  truncateSync(size: number): void {
    this.check();
    this.fileSystem.step('truncate', this.path);
    this.inode.truncate(size);
  }

  close(): void {
    this.open = false;
  }

  private run(action: () => void, callback: IoCallback): void {
    this.fileSystem.later(this.life, () => {
      let failure: Parameters<IoCallback>[0] = null;
      try {
        action();
      } catch (error) {
        failure = error as Parameters<IoCallback>[0];
      }
      callback(failure);
    });
  }

  private check(): void {
    assert(this.open, 'a closed file is not used');
    this.fileSystem.checkAlive(this.life);
  }
}
