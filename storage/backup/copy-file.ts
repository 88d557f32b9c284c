/** Copies of files: piece by piece, hashed on the way, durable at the end. The pieces are all that is held in memory. */
import { createHash, type Hash } from 'node:crypto';
import { SqlError } from '../../types/errors.ts';
import type { File, FileSystem } from '../io/index.ts';
import type { BackupFile } from './manifest.ts';

export const PIECE_SIZE = 1024 * 1024;

/** Lets others have their turn: the server's clients, where the copy is made in its process, and whoever ends the copy. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A file of the copy. */
export class HashedFile {
  size = 0;
  private readonly path: string;
  private readonly file: File;
  private readonly hash: Hash = createHash('sha256');

  /** `path` below `folder`; it must not exist. */
  constructor(fileSystem: FileSystem, folder: string, path: string) {
    this.path = path;
    this.file = fileSystem.open(`${folder}/${path}`, 'exclusive');
  }

  /** The bytes may be used again at once. */
  write(bytes: Uint8Array, start: number, end: number): void {
    this.file.writeSync(bytes, start, end - start, this.size);
    this.hash.update(bytes.subarray(start, end));
    this.size += end - start;
  }

  finish(): BackupFile {
    this.file.fdatasyncSync();
    this.file.close();
    return { path: this.path, size: this.size, sha256: this.hash.digest('hex') };
  }

  abandon(): void {
    this.file.close();
  }
}

export interface CopyOptions {
  readonly fileSystem: FileSystem;
  readonly from: string;
  readonly target: FileSystem;
  readonly folder: string;
  readonly path: string;
  /** Bytes of the source, from its beginning; left out: all. */
  readonly size?: number;
  readonly onBytes?: (count: number) => void;
}

/** Copies a file that nobody changes meanwhile. Throws 58P01 if it is gone. */
export async function copyWholeFile(options: CopyOptions): Promise<BackupFile> {
  const source = options.fileSystem.open(options.from, 'read');
  try {
    const size = options.size ?? source.size();
    const copy = new HashedFile(options.target, options.folder, options.path);
    const piece = new Uint8Array(Math.min(PIECE_SIZE, Math.max(size, 1)));
    try {
      while (copy.size < size) {
        const count = source.readSync(piece, 0, Math.min(piece.length, size - copy.size), copy.size);
        if (count === 0) throw endsEarly(options.from, copy.size, size);
        copy.write(piece, 0, count);
        options.onBytes?.(count);
        await turn();
      }
      return copy.finish();
    } catch (error) {
      copy.abandon();
      throw error;
    }
  } finally {
    source.close();
  }
}

/** What is wrong with the file that the manifest tells of; null: nothing. `use` sees every piece, of at most PIECE_SIZE. */
export async function damageOfFile(
  fileSystem: FileSystem,
  folder: string,
  { path, size, sha256 }: BackupFile,
  use: (bytes: Uint8Array, count: number) => void = () => {},
  pieceSize: (at: number) => number = () => PIECE_SIZE,
): Promise<string | null> {
  if (!fileSystem.exists(`${folder}/${path}`)) return 'it is missing';
  const file = fileSystem.open(`${folder}/${path}`, 'read');
  try {
    const found = file.size();
    if (found !== size) return `it has ${found} bytes instead of ${size}`;
    const hash = createHash('sha256');
    const piece = new Uint8Array(Math.min(PIECE_SIZE, Math.max(size, 1)));
    for (let at = 0; at < size; ) {
      const count = file.readSync(piece, 0, Math.min(pieceSize(at), piece.length, size - at), at);
      if (count === 0) return `it ends at byte ${at}`;
      hash.update(piece.subarray(0, count));
      use(piece, count);
      at += count;
      await turn();
    }
    return hash.digest('hex') === sha256 ? null : 'its checksum is wrong';
  } finally {
    file.close();
  }
}

function endsEarly(path: string, at: number, size: number): SqlError {
  return new SqlError('XX001', `could not read file "${path}": it ends at byte ${at} of ${size}`);
}
