/**
 * Files in memory whose asynchronous reads can be held back and are counted: who reads how many pages at once, and who has to
 * wait for whom.
 */
import {
  type File,
  type FileSystem,
  MemoryFileSystem,
  type OpenMode,
  type ReadCallback,
} from '../../storage/io/index.ts';

const PAGE_SIZE = 8192;

export class HeldReads implements FileSystem {
  readonly files: MemoryFileSystem;
  readonly isShared = false;
  /** While true, reads of pages wait for `release`. */
  isHolding = false;
  /** Reads begun, and the most pages that were under way at once. */
  reads = 0;
  pagesRead = 0;
  pagesInFlightMax = 0;
  private pagesInFlight = 0;
  private held: (() => void)[] = [];

  constructor(files = new MemoryFileSystem()) {
    this.files = files;
  }

  get heldCount(): number {
    return this.held.length;
  }

  resetCounts(): void {
    this.reads = 0;
    this.pagesRead = 0;
    this.pagesInFlightMax = this.pagesInFlight;
  }

  /** Lets the reads that are held go on. */
  release(): void {
    for (const run of this.held.splice(0)) run();
  }

  /** Lets reads go on from now, those that are held as well. */
  stopHolding(): void {
    this.isHolding = false;
    this.release();
  }

  /** Begins a read of so many bytes, now or when it is released. */
  begin(length: number, callback: ReadCallback, read: (done: ReadCallback) => void): void {
    const pages = Math.ceil(length / PAGE_SIZE);
    this.reads++;
    this.pagesRead += pages;
    this.pagesInFlight += pages;
    this.pagesInFlightMax = Math.max(this.pagesInFlightMax, this.pagesInFlight);
    const run = (): void =>
      read((error, count) => {
        this.pagesInFlight -= pages;
        callback(error, count);
      });
    if (this.isHolding) this.held.push(run);
    else run();
  }

  open(path: string, mode: OpenMode): File {
    const file = this.files.open(path, mode);
    const counted: Pick<File, 'readInto' | 'readv'> = {
      readInto: (buffer, bufferOffset, length, fileOffset, callback) =>
        this.begin(length, callback, (done) => file.readInto(buffer, bufferOffset, length, fileOffset, done)),
      readv: (buffers, fileOffset, callback) => {
        const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
        this.begin(length, callback, (done) => file.readv(buffers, fileOffset, done));
      },
    };
    return new Proxy(file, {
      get: (target, name) => {
        const own = counted[name as 'readInto'];
        if (own !== undefined) return own;
        const value = target[name as keyof File];
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  mkdir(path: string): void {
    this.files.mkdir(path);
  }
  list(path: string): string[] {
    return this.files.list(path);
  }
  exists(path: string): boolean {
    return this.files.exists(path);
  }
  rename(from: string, to: string): void {
    this.files.rename(from, to);
  }
  unlink(path: string): void {
    this.files.unlink(path);
  }
  fsyncDir(path: string): void {
    this.files.fsyncDir(path);
  }
  freeSpace(path: string): number {
    return this.files.freeSpace(path);
  }
}
