/**
 * Files in memory that know what a crash would leave: for tests, and where there is no disk.
 *
 * Each file keeps its present content, and beside it what is durable plus the writes since the last sync, in order. Each
 * folder keeps its present names and its durable ones. `crash()` throws the present away: every file becomes its durable
 * content with none, some or parts of the unsynced writes (chosen by the given random numbers, in sectors of 512 bytes);
 * names not made durable by fsyncDir are kept or lost one by one. Operations under way at the crash never call back; open
 * File objects are dead.
 *
 * `failNext(op, code)` makes the next operation of a kind fail; `capacity` bounds the total size, beyond it writes fail
 * with ENOSPC, as on a full disk.
 */
import { assert } from '../../types/assert.ts';
import { fileError } from './errors.ts';
import type { File, FileSystem, IoCallback, OpenMode, ReadCallback } from './file.ts';

export type MemoryOp = 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink' | 'fsyncDir';

export interface MemoryFileSystemOptions {
  /** How an asynchronous operation is put off; setImmediate unless a test wants to choose the order. */
  readonly schedule?: (run: () => void) => void;
}

export interface CrashOptions {
  /** 0 <= random() < 1. Without it nothing unsynced survives. */
  readonly random?: () => number;
  /** Unsynced writes may survive in part (sector by sector). Needs `random`. */
  readonly tear?: boolean;
}

const SECTOR = 512;

type PendingChange = { kind: 'write'; offset: number; bytes: Uint8Array } | { kind: 'truncate'; size: number };

class MemoryInode {
  data: Uint8Array = new Uint8Array(0);
  size = 0;
  durable: Uint8Array = new Uint8Array(0);
  pending: PendingChange[] = [];

  write(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    if (end > this.data.length) {
      const grown = new Uint8Array(Math.max(end, this.data.length * 2, 1024));
      grown.set(this.data.subarray(0, this.size));
      this.data = grown;
    }
    this.data.set(bytes, offset);
    this.size = Math.max(this.size, end);
    // Not bytes.slice(): of a Buffer that would be a view.
    this.pending.push({ kind: 'write', offset, bytes: Uint8Array.prototype.slice.call(bytes) });
  }

  truncate(size: number): void {
    if (size > this.data.length) {
      const grown = new Uint8Array(size);
      grown.set(this.data.subarray(0, this.size));
      this.data = grown;
    } else if (size < this.size) this.data.fill(0, size, this.size);
    this.size = size;
    this.pending.push({ kind: 'truncate', size });
  }

  sync(): void {
    if (this.pending.length === 0) return;
    // One growth for all of them.
    if (this.size > this.durable.length)
      this.durable = applyChange(this.durable, { kind: 'truncate', size: this.size });
    let content = this.durable;
    for (const change of this.pending) content = applyChange(content, change);
    this.durable = content;
    this.pending = [];
  }

  fork(): MemoryInode {
    const copy = new MemoryInode();
    copy.data = this.data.slice(0, this.size);
    copy.size = this.size;
    copy.durable = this.durable.slice();
    copy.pending = [...this.pending];
    return copy;
  }

  /** Becomes what the disk kept. */
  crash(options: CrashOptions): void {
    const { random, tear } = options;
    let content = this.durable;
    for (const change of this.pending) {
      if (random === undefined || random() < 0.5) continue;
      if (change.kind === 'write' && tear === true && random() < 0.5) {
        for (let at = 0; at < change.bytes.length; at += SECTOR) {
          if (random() < 0.5) continue;
          const bytes = change.bytes.subarray(at, at + SECTOR);
          content = applyChange(content, { kind: 'write', offset: change.offset + at, bytes });
        }
      } else content = applyChange(content, change);
    }
    this.durable = content;
    this.data = content.slice();
    this.size = content.length;
    this.pending = [];
  }
}

function applyChange(content: Uint8Array, change: PendingChange): Uint8Array {
  if (change.kind === 'truncate') {
    const resized = new Uint8Array(change.size);
    resized.set(content.subarray(0, change.size));
    return resized;
  }
  const end = change.offset + change.bytes.length;
  let target = content;
  if (end > content.length) {
    target = new Uint8Array(end);
    target.set(content);
  }
  target.set(change.bytes, change.offset);
  return target;
}

interface MemoryFolder {
  names: Map<string, MemoryInode>;
  durable: Map<string, MemoryInode>;
}

export class MemoryFileSystem implements FileSystem {
  readonly isShared = false;
  /** Bytes that all files together may have. */
  capacity = Number.POSITIVE_INFINITY;
  /** Operations done so far, by kind: a test can crash or fail at the nth. */
  readonly counts: Record<MemoryOp, number> = {
    open: 0,
    read: 0,
    write: 0,
    sync: 0,
    truncate: 0,
    rename: 0,
    unlink: 0,
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

  crash(options: CrashOptions = {}): void {
    this.life++;
    this.failures = [];
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
      copy.folders.set(path, { names: copyNames(folder.names), durable: copyNames(folder.durable) });
    }
    return copy;
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
    const parts = path.split('/');
    for (let i = 1; i <= parts.length; i++) {
      const prefix = parts.slice(0, i).join('/');
      if (!this.folders.has(prefix)) this.folders.set(prefix, { names: new Map(), durable: new Map() });
    }
  }

  list(path: string): string[] {
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
    const folder = this.folders.get(path);
    if (folder !== undefined) folder.durable = new Map(folder.names);
  }

  freeSpace(_path: string): number {
    return this.capacity - this.usedSpace();
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
    inode.sync();
    inode.data[offset] ^= mask;
    inode.durable[offset] ^= mask;
  }

  /** For files: counts, and fails where a test wants it. */
  step(op: MemoryOp, path: string): void {
    this.counts[op]++;
    this.onOperation?.(op, path);
    for (const failure of this.failures) {
      if (failure.op !== op || !path.includes(failure.path) || failure.after-- > 0) continue;
      this.failures.splice(this.failures.indexOf(failure), 1);
      throw fileError(op === 'sync' || op === 'fsyncDir' ? 'fsync' : op, path, systemError(failure.code));
    }
  }

  /** For files: room for `count` bytes more. */
  checkSpace(path: string, count: number): void {
    if (this.capacity !== Number.POSITIVE_INFINITY && count > 0 && this.usedSpace() + count > this.capacity) {
      throw fileError('write', path, systemError('ENOSPC'));
    }
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
    return this.inode.size;
  }

  readSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): number {
    this.check();
    this.fileSystem.step('read', this.path);
    const count = Math.max(0, Math.min(length, this.inode.size - fileOffset));
    buffer.set(this.inode.data.subarray(fileOffset, fileOffset + count), bufferOffset);
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
    this.fileSystem.checkSpace(this.path, fileOffset + length - this.inode.size);
    this.inode.write(buffer.subarray(bufferOffset, bufferOffset + length), fileOffset);
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
    this.fileSystem.step('sync', this.path);
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
