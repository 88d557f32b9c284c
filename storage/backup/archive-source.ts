/** Where archived log comes from: a folder, or whatever a command fetches (archive-command of the restore, in bin). */
import type { FileSystem } from '../io/index.ts';

export interface ArchiveSource {
  /** For messages. */
  readonly name: string;
  /** Puts the file `name` of the archive at `path`; false: the archive does not have it. */
  fetch(name: string, path: string): boolean;
}

const PIECE_SIZE = 1024 * 1024;

export class FolderArchive implements ArchiveSource {
  readonly name: string;
  private readonly fileSystem: FileSystem;
  private readonly folder: string;
  private readonly target: FileSystem;

  constructor(fileSystem: FileSystem, folder: string, target: FileSystem) {
    this.fileSystem = fileSystem;
    this.folder = folder;
    this.target = target;
    this.name = folder;
  }

  fetch(name: string, path: string): boolean {
    const from = `${this.folder}/${name}`;
    if (!this.fileSystem.exists(from)) return false;
    copySync(this.fileSystem, from, this.target, path);
    return true;
  }
}

export function copySync(fileSystem: FileSystem, from: string, target: FileSystem, to: string): void {
  const source = fileSystem.open(from, 'read');
  try {
    const copy = target.open(to, 'create');
    try {
      const piece = new Uint8Array(PIECE_SIZE);
      let size = 0;
      for (;;) {
        const count = source.readSync(piece, 0, piece.length, size);
        if (count === 0) break;
        copy.writeSync(piece, 0, count, size);
        size += count;
      }
      copy.truncateSync(size);
    } finally {
      copy.close();
    }
  } finally {
    source.close();
  }
}
