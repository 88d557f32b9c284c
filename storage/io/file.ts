/**
 * The one seam to files. Everything that storage keeps goes through a FileSystem: node:fs in a server (file-node.ts), memory
 * in tests that crash, tear and fail (file-memory.ts).
 *
 * What is durable: bytes written are, after the file's fdatasync returned without an error; a name (create, rename, unlink)
 * is, after fsyncDir of its folder. Until then a crash may keep it, lose it, or keep a part of it.
 *
 * Errors of synchronous calls are thrown, those of asynchronous ones handed to the callback: SqlError 53100 for a full
 * disk (ENOSPC, EDQUOT), 58P01 for a missing file, 58030 for the rest. Callbacks never run inside the call.
 */
import type { SqlError } from '../../types/errors.ts';

export type IoCallback = (error: SqlError | null) => void;
/** `count`: bytes read, less than asked for only at the end of the file. */
export type ReadCallback = (error: SqlError | null, count: number) => void;

export interface File {
  readonly path: string;
  size(): number;
  /** Reads up to `length` bytes into buffer at bufferOffset; answers the count, less only at the end of the file. */
  readSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): number;
  readInto(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: ReadCallback): void;
  /** Fills the buffers one after the other from one range of the file. */
  readv(buffers: readonly Uint8Array[], fileOffset: number, callback: ReadCallback): void;
  /** Writes all of the range; a full disk may leave a part of it written. */
  writeSync(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number): void;
  /** The range must not change until the callback. */
  write(buffer: Uint8Array, bufferOffset: number, length: number, fileOffset: number, callback: IoCallback): void;
  /** Writes the buffers one after the other to one range of the file. */
  writev(buffers: readonly Uint8Array[], fileOffset: number, callback: IoCallback): void;
  fdatasyncSync(): void;
  fdatasync(callback: IoCallback): void;
  truncateSync(size: number): void;
  /** Closing twice is allowed; anything else on a closed file is a bug. */
  close(): void;
}

/** 'read' and 'readwrite' need the file; 'create' makes it if it is missing; 'exclusive' makes it and fails if it exists. */
export type OpenMode = 'read' | 'readwrite' | 'create' | 'exclusive';

export interface FileSystem {
  /** Other processes see the same files. */
  readonly isShared: boolean;
  open(path: string, mode: OpenMode): File;
  /** With the folders above it; no error if it exists. */
  mkdir(path: string): void;
  /** Names in the folder, sorted; an empty list if there is no such folder. */
  list(path: string): string[];
  exists(path: string): boolean;
  rename(from: string, to: string): void;
  /** No error if it is missing. */
  unlink(path: string): void;
  fsyncDir(path: string): void;
  /** Bytes that can still be written, Infinity where that is unknown. */
  freeSpace(path: string): number;
}
