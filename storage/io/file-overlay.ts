/**
 * A file system over another that it never changes: what is written stays in memory, in blocks of 8 KB, and is read back from
 * there. For looking at a directory as recovery would leave it. Asynchronous calls are done before the callback is scheduled.
 */
import { assert } from '../../types/assert.ts';
import { fileError } from './errors.ts';
import type { File, FileSystem, IoCallback, OpenMode, ReadCallback } from './file.ts';

const BLOCK = 8192;

/** What differs from the file below. */
interface Changed {
  /** Path of the file whose bytes stand below; null for a new one. */
  readonly below: string | null;
  /** Bytes below that still count. */
  belowSize: number;
  size: number;
  readonly blocks: Map<number, Uint8Array>;
}

export class OverlayFileSystem implements FileSystem {
  readonly isShared = false;
  private readonly below: FileSystem;
  /** By path; null: the file below is gone. */
  private readonly files = new Map<string, Changed | null>();

  constructor(below: FileSystem) {
    this.below = below;
  }

  open(path: string, mode: OpenMode): File {
    const exists = this.exists(path);
    if (exists && mode === 'exclusive') throw fileError('open', path, { code: 'EEXIST' });
    if (!exists) {
      if (mode === 'read' || mode === 'readwrite') throw fileError('open', path, { code: 'ENOENT' });
      this.files.set(path, { below: null, belowSize: 0, size: 0, blocks: new Map() });
    }
    let changed = this.files.get(path);
    if (changed === undefined || changed === null) {
      const file = this.below.open(path, 'read');
      const size = file.size();
      file.close();
      changed = { below: path, belowSize: size, size, blocks: new Map() };
      this.files.set(path, changed);
    }
    return new OverlayFile(path, changed, this.below);
  }

  mkdir(_path: string): void {}

  list(path: string): string[] {
    const names = new Set(this.below.list(path));
    for (const [other, changed] of this.files) {
      const cut = other.lastIndexOf('/');
      if (other.slice(0, cut) !== path) continue;
      if (changed === null) names.delete(other.slice(cut + 1));
      else names.add(other.slice(cut + 1));
    }
    return [...names].sort();
  }

  exists(path: string): boolean {
    const changed = this.files.get(path);
    return changed === undefined ? this.below.exists(path) : changed !== null;
  }

  rename(from: string, to: string): void {
    const source = this.open(from, 'read');
    source.close();
    this.files.set(to, this.files.get(from)!);
    this.files.set(from, null);
  }

  unlink(path: string): void {
    this.files.set(path, null);
  }

  fsyncDir(_path: string): void {}

  freeSpace(_path: string): number {
    return Number.POSITIVE_INFINITY;
  }
}

class OverlayFile implements File {
  readonly path: string;
  private readonly changed: Changed;
  private readonly belowFileSystem: FileSystem;
  private below: File | null = null;

  constructor(path: string, changed: Changed, below: FileSystem) {
    this.path = path;
    this.changed = changed;
    this.belowFileSystem = below;
  }

  size(): number {
    return this.changed.size;
  }

  readSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): number {
    const { changed } = this;
    const count = Math.max(0, Math.min(length, changed.size - fileOffset));
    this.readBelow(buffer, bufferOffset, count, fileOffset);
    if (changed.blocks.size === 0) return count;
    for (let block = Math.floor(fileOffset / BLOCK); block * BLOCK < fileOffset + count; block++) {
      const bytes = changed.blocks.get(block);
      if (bytes === undefined) continue;
      const from = Math.max(fileOffset, block * BLOCK);
      const to = Math.min(fileOffset + count, (block + 1) * BLOCK);
      buffer.set(bytes.subarray(from - block * BLOCK, to - block * BLOCK), bufferOffset + from - fileOffset);
    }
    return count;
  }

  readInto(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: ReadCallback): void {
    setImmediate(callback, null, this.readSync(buffer, bufferOffset, length, fileOffset));
  }

  readv(buffers: readonly Uint8Array[], fileOffset: number, callback: ReadCallback): void {
    let total = 0;
    for (const buffer of buffers) total += this.readSync(buffer, 0, buffer.length, fileOffset + total);
    setImmediate(callback, null, total);
  }

  writeSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): void {
    const { changed } = this;
    for (let at = fileOffset; at < fileOffset + length; ) {
      const block = Math.floor(at / BLOCK);
      const end = Math.min(fileOffset + length, (block + 1) * BLOCK);
      const source = bufferOffset + at - fileOffset;
      this.blockOf(block).set(buffer.subarray(source, source + end - at), at - block * BLOCK);
      at = end;
    }
    changed.size = Math.max(changed.size, fileOffset + length);
  }

  write(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: IoCallback): void {
    this.writeSync(buffer, bufferOffset, length, fileOffset);
    setImmediate(callback, null);
  }

  writev(buffers: readonly Uint8Array[], fileOffset: number, callback: IoCallback): void {
    let at = fileOffset;
    for (const buffer of buffers) {
      this.writeSync(buffer, 0, buffer.length, at);
      at += buffer.length;
    }
    setImmediate(callback, null);
  }

  fdatasyncSync(): void {}

  fdatasync(callback: IoCallback): void {
    setImmediate(callback, null);
  }

  truncateSync(size: number): void {
    const { changed } = this;
    for (const [block, bytes] of changed.blocks) {
      if (block * BLOCK >= size) changed.blocks.delete(block);
      else if ((block + 1) * BLOCK > size) bytes.fill(0, size - block * BLOCK);
    }
    changed.belowSize = Math.min(changed.belowSize, size);
    changed.size = size;
  }

  close(): void {
    this.below?.close();
    this.below = null;
  }

  private blockOf(block: number): Uint8Array {
    let bytes = this.changed.blocks.get(block);
    if (bytes === undefined) {
      bytes = new Uint8Array(BLOCK);
      this.readBelow(bytes, 0, BLOCK, block * BLOCK);
      this.changed.blocks.set(block, bytes);
    }
    return bytes;
  }

  private readBelow(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): void {
    const { below, belowSize } = this.changed;
    const count = Math.max(0, Math.min(length, belowSize - fileOffset));
    if (count > 0) {
      assert(below !== null, 'what has bytes below has a file below');
      this.below ??= this.belowFileSystem.open(below, 'read');
      this.below.readSync(buffer, bufferOffset, count, fileOffset);
    }
    buffer.fill(0, bufferOffset + count, bufferOffset + length);
  }
}
