/** Files of the operating system, through node:fs. */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { assert } from '../../types/assert.ts';
import { fileError } from './errors.ts';
import type { File, FileSystem, IoCallback, OpenMode, ReadCallback } from './file.ts';

export class NodeFileSystem implements FileSystem {
  readonly isShared = true;

  open(path: string, mode: OpenMode): File {
    const flags =
      mode === 'read'
        ? fs.constants.O_RDONLY
        : mode === 'readwrite'
          ? fs.constants.O_RDWR
          : mode === 'create'
            ? fs.constants.O_RDWR | fs.constants.O_CREAT
            : fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL;
    return new NodeFile(
      path,
      attempt('open', path, () => fs.openSync(path, flags, 0o600)),
    );
  }

  mkdir(path: string): void {
    attempt('create', path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }));
  }

  list(path: string): string[] {
    try {
      return fs.readdirSync(path).sort();
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return [];
      throw fileError('read', path, error);
    }
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  rename(from: string, to: string): void {
    attempt('rename', from, () => fs.renameSync(from, to));
  }

  unlink(path: string): void {
    attempt('remove', path, () => fs.rmSync(path, { force: true }));
  }

  fsyncDir(path: string): void {
    attempt('fsync', path, () => {
      const fd = fs.openSync(path, 'r');
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    });
  }

  freeSpace(path: string): number {
    try {
      const existing = fs.existsSync(path) ? path : dirname(path);
      const stats = fs.statfsSync(existing);
      return stats.bavail * stats.bsize;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }
}

function attempt<T>(what: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileError(what, path, error);
  }
}

class NodeFile implements File {
  readonly path: string;
  private fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
  }

  size(): number {
    return attempt('stat', this.path, () => fs.fstatSync(this.fd).size);
  }

  readSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): number {
    let done = 0;
    try {
      while (done < length) {
        const count = fs.readSync(this.fd, buffer, bufferOffset + done, length - done, fileOffset + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw fileError('read', this.path, error);
    }
    return done;
  }

  readInto(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: ReadCallback): void {
    let done = 0;
    const onRead = (error: NodeJS.ErrnoException | null, count: number): void => {
      if (error !== null) {
        callback(fileError('read', this.path, error), done);
        return;
      }
      done += count;
      if (count === 0 || done === length) callback(null, done);
      else fs.read(this.fd, buffer, bufferOffset + done, length - done, fileOffset + done, onRead);
    };
    fs.read(this.fd, buffer, bufferOffset, length, fileOffset, onRead);
  }

  readv(buffers: readonly Uint8Array[], fileOffset: number, callback: ReadCallback): void {
    const total = totalLength(buffers);
    fs.readv(this.fd, buffers as Uint8Array[], fileOffset, (error, count) => {
      if (error !== null) callback(fileError('read', this.path, error), 0);
      else if (count === 0 || count === total) callback(null, count);
      else this.readvRest(buffers, fileOffset, count, callback);
    });
  }

  writeSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): void {
    let done = 0;
    try {
      while (done < length) {
        done += fs.writeSync(this.fd, buffer, bufferOffset + done, length - done, fileOffset + done);
      }
    } catch (error) {
      throw fileError('write', this.path, error);
    }
  }

  write(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: IoCallback): void {
    let done = 0;
    const onWritten = (error: NodeJS.ErrnoException | null, count: number): void => {
      if (error !== null) {
        callback(fileError('write', this.path, error));
        return;
      }
      done += count;
      if (done === length) callback(null);
      else fs.write(this.fd, buffer, bufferOffset + done, length - done, fileOffset + done, onWritten);
    };
    fs.write(this.fd, buffer, bufferOffset, length, fileOffset, onWritten);
  }

  writev(buffers: readonly Uint8Array[], fileOffset: number, callback: IoCallback): void {
    fs.writev(this.fd, buffers as Uint8Array[], fileOffset, (error, count) => {
      if (error !== null) callback(fileError('write', this.path, error));
      else if (count === totalLength(buffers)) callback(null);
      else this.writev(dropBytes(buffers, count), fileOffset + count, callback);
    });
  }

  fdatasyncSync(): void {
    attempt('fsync', this.path, () => fs.fdatasyncSync(this.fd));
  }

  fdatasync(callback: IoCallback): void {
    fs.fdatasync(this.fd, (error) => callback(error === null ? null : fileError('fsync', this.path, error)));
  }

  truncateSync(size: number): void {
    attempt('truncate', this.path, () => fs.ftruncateSync(this.fd, size));
  }

  close(): void {
    if (this.fd < 0) return;
    const fd = this.fd;
    this.fd = -1;
    attempt('close', this.path, () => fs.closeSync(fd));
  }

  private readvRest(buffers: readonly Uint8Array[], fileOffset: number, done: number, callback: ReadCallback): void {
    const rest = dropBytes(buffers, done);
    assert(rest.length > 0, 'a partial read leaves something');
    this.readv(rest, fileOffset + done, (error, count) => callback(error, done + count));
  }
}

function totalLength(buffers: readonly Uint8Array[]): number {
  let total = 0;
  for (const buffer of buffers) total += buffer.length;
  return total;
}

/** The buffers without their first `count` bytes. */
export function dropBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const buffer of buffers) {
    if (skip >= buffer.length) skip -= buffer.length;
    else {
      rest.push(skip === 0 ? buffer : buffer.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
