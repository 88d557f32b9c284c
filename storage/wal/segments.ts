/**
 * The log's files: the byte stream cut into segments of 16 MB, `DIR/wal/<LSN of its first byte, 16 hex digits>`.
 *
 * Space is prepared before it is written: fdatasync of bytes that replace prepared ones need not write file metadata.
 * Measured here, 512-byte appends, median us of write + fdatasync: growing file 250, sparse file 190, zero-filled 150.
 * So a segment grows by zero-filled steps, a segment that is no longer needed becomes a spare (`spare-<n>`) and later the
 * next segment under a new name, and a spare is made in the background when there is none. Old bytes in a recycled
 * segment do no harm: the records' LSNs and the CRC chain tell them apart.
 *
 * allocatedEnd: the LSN up to which space is prepared; it stands in or at the end of the newest segment.
 */
import { assert } from '../../types/assert.ts';
import { SqlError } from '../../types/errors.ts';
import { type File, type FileSystem, type IoCallback, makeFolder } from '../io/index.ts';
import { WAL_SEGMENT_SIZE } from '../limits.ts';

const GROW_STEP = 512 * 1024;
const SPARE_STEP = 1024 * 1024;
const SPARES_MAX = 16;
const SPARE_PREFIX = 'spare-';
const SPARE_UNFINISHED = 'unfinished';
const ZEROS = new Uint8Array(SPARE_STEP);

export function walSegmentName(startLsn: number): string {
  return startLsn.toString(16).padStart(16, '0');
}

/** The first segment border at or behind the LSN. */
export function nextSegment(lsn: number): number {
  return Math.ceil(lsn / WAL_SEGMENT_SIZE) * WAL_SEGMENT_SIZE;
}

/** Start LSNs of the segments in the folder, ascending. */
export function listWalSegments(fileSystem: FileSystem, directory: string): number[] {
  return fileSystem
    .list(directory)
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .map((name) => Number.parseInt(name, 16));
}

export class WalSegments {
  readonly directory: string;
  allocatedEnd = 0;
  /** Segments begun since removeBefore was last called: about what the next checkpoint distance needs. */
  private begunCount = 0;
  private readonly fileSystem: FileSystem;
  private readonly files = new Map<number, File>();
  /** Written since the last sync. */
  private unsynced = new Set<File>();
  /** Sizes of segments that have ended early and are not cut yet. */
  private readonly uncut = new Map<number, number>();
  /** Files whose asynchronous sync is under way: until it ends, what they hold is not durable. */
  private readonly syncing = new Set<File>();
  private spares: string[] = [];
  private spareNumber = 0;
  private readonly keepsSpares: boolean;
  private makingSpare = false;
  private closed = false;

  /** `keepsSpares`: one is made ahead of need; not by who writes a few records and goes. */
  constructor(fileSystem: FileSystem, directory: string, keepsSpares = true) {
    this.keepsSpares = keepsSpares;
    this.fileSystem = fileSystem;
    this.directory = directory;
    makeFolder(fileSystem, directory);
  }

  /** Stands at lsn, the end of the log; what lies in later segments is not part of it, and they go. So do spares of an earlier life. */
  open(lsn: number): void {
    const current = lsn - (lsn % WAL_SEGMENT_SIZE);
    this.fileSystem.unlink(`${this.directory}/${SPARE_UNFINISHED}`);
    // A power cut may have left two names of a file whose renaming was not durable: as a segment that is there still, and as a spare, or as
    // the segment that the spare was to be. Written under the one name, it would change under the other.
    for (const name of this.fileSystem.list(this.directory)) {
      if (name.startsWith(SPARE_PREFIX)) this.fileSystem.unlink(`${this.directory}/${name}`);
    }
    for (const start of listWalSegments(this.fileSystem, this.directory)) {
      if (start > current || start === lsn) this.fileSystem.unlink(this.pathOf(start));
    }
    this.fileSystem.fsyncDir(this.directory);
    this.allocatedEnd = current;
    const path = this.pathOf(current);
    if (this.fileSystem.exists(path)) {
      const file = this.fileSystem.open(path, 'readwrite');
      this.files.set(current, file);
      this.allocatedEnd = current + Math.min(WAL_SEGMENT_SIZE, file.size());
      // A segment that is shorter than the log's end is grown up to it before anything is written.
    }
    while (this.allocatedEnd < lsn) this.grow();
  }

  /** Prepares more space: a step in the newest segment, or the next segment. Throws 53100 on a full disk. */
  grow(): void {
    const start = this.allocatedEnd - (this.allocatedEnd % WAL_SEGMENT_SIZE);
    let file = this.files.get(start);
    if (file === undefined) {
      assert(this.allocatedEnd === start, 'a segment is begun at its first byte');
      file = this.beginSegment(start);
      if (file.size() >= WAL_SEGMENT_SIZE) {
        this.allocatedEnd = start + WAL_SEGMENT_SIZE;
        return;
      }
    }
    const offset = this.allocatedEnd - start;
    const step = Math.min(GROW_STEP, WAL_SEGMENT_SIZE - offset);
    file.writeSync(ZEROS, 0, step, offset);
    this.unsynced.add(file);
    this.allocatedEnd += step;
    if (offset >= WAL_SEGMENT_SIZE / 2) this.makeSpare();
  }

  writeSync(bytes: Uint8Array, length: number, lsn: number): void {
    while (this.allocatedEnd < lsn + length) this.grow();
    let done = 0;
    while (done < length) {
      const at = lsn + done;
      const offset = at % WAL_SEGMENT_SIZE;
      const count = Math.min(length - done, WAL_SEGMENT_SIZE - offset);
      const file = this.fileOf(at - offset);
      file.writeSync(bytes, done, count, offset);
      this.unsynced.add(file);
      done += count;
    }
    this.afterWrite(lsn + length);
  }

  write(bytes: Uint8Array, length: number, lsn: number, callback: IoCallback): void {
    try {
      while (this.allocatedEnd < lsn + length) this.grow();
    } catch (error) {
      setImmediate(callback, error as SqlError);
      return;
    }
    const step = (done: number): void => {
      if (done === length) {
        this.afterWrite(lsn + length);
        callback(null);
        return;
      }
      const at = lsn + done;
      const offset = at % WAL_SEGMENT_SIZE;
      const count = Math.min(length - done, WAL_SEGMENT_SIZE - offset);
      const file = this.fileOf(at - offset);
      file.write(bytes, done, count, offset, (error) => {
        this.unsynced.add(file);
        if (error !== null) callback(error);
        else step(done + count);
      });
    };
    step(0);
  }

  /** Makes durable what was written before the call. */
  syncSync(): void {
    for (const file of this.syncing) if (!this.unsynced.has(file)) file.fdatasyncSync();
    for (const file of this.unsynced) {
      file.fdatasyncSync();
      this.unsynced.delete(file);
    }
  }

  sync(callback: IoCallback): void {
    const files = [...this.unsynced];
    this.unsynced.clear();
    let remaining = files.length;
    let failure: SqlError | null = null;
    if (remaining === 0) {
      setImmediate(callback, null);
      return;
    }
    for (const file of files) {
      this.syncing.add(file);
      file.fdatasync((error) => {
        this.syncing.delete(file);
        if (error !== null) failure = error;
        if (--remaining === 0) callback(failure);
      });
    }
  }

  /** Segments wholly below lsn become spares, as many as are likely to be needed, or go. */
  removeBefore(lsn: number): void {
    const keep = Math.min(SPARES_MAX, this.begunCount + 1);
    this.begunCount = 0;
    for (const start of listWalSegments(this.fileSystem, this.directory)) {
      if (start + WAL_SEGMENT_SIZE > lsn) break;
      this.uncut.delete(start);
      const file = this.files.get(start);
      if (file !== undefined) {
        this.files.delete(start);
        this.unsynced.delete(file);
        file.close();
      }
      if (this.spares.length < keep) this.retire(start);
      else this.fileSystem.unlink(this.pathOf(start));
    }
    while (this.spares.length > keep) this.fileSystem.unlink(`${this.directory}/${this.spares.pop()}`);
  }

  /**
   * The log goes on at `lsn`, the beginning of a segment; the one before ends at `end`, and is cut there: nobody needs what older lives left
   * behind it, least of all who keeps copies of segments. Where the disk refuses that, `seal` does it later.
   */
  skipTo(end: number, lsn: number): void {
    const last = lsn - WAL_SEGMENT_SIZE;
    this.uncut.set(last, end - last);
    try {
      this.seal(last);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
    this.allocatedEnd = Math.max(this.allocatedEnd, lsn);
  }

  /**
   * Of a complete segment no byte changes any more, not by a crash either: who copies it before one and after it finds the same. Not even its
   * size, which nothing else makes durable. Throws what the disk says.
   */
  seal(start: number): void {
    const opened = this.files.get(start);
    const file = opened ?? this.fileSystem.open(this.pathOf(start), 'readwrite');
    try {
      const size = this.uncut.get(start);
      if (size !== undefined) file.truncateSync(size);
      file.fdatasyncSync();
      this.uncut.delete(start);
    } finally {
      if (opened === undefined) file.close();
    }
  }

  close(): void {
    this.closed = true;
    for (const file of this.files.values()) file.close();
    this.files.clear();
  }

  private pathOf(start: number): string {
    return `${this.directory}/${walSegmentName(start)}`;
  }

  private fileOf(start: number): File {
    const file = this.files.get(start);
    assert(file !== undefined, 'a segment is open while it is written');
    return file;
  }

  /** The name must be durable before a record in it is acknowledged. */
  private beginSegment(start: number): File {
    const path = this.pathOf(start);
    const spare = this.spares.pop();
    if (spare !== undefined) this.fileSystem.rename(`${this.directory}/${spare}`, path);
    const file = this.fileSystem.open(path, 'create');
    this.fileSystem.fsyncDir(this.directory);
    this.files.set(start, file);
    this.begunCount++;
    return file;
  }

  /** Files stay open until removeBefore: an asynchronous sync may still be under way on any of them. */
  private afterWrite(end: number): void {
    if (end % WAL_SEGMENT_SIZE > WAL_SEGMENT_SIZE / 2) this.makeSpare();
  }

  private retire(start: number): void {
    const name = `${SPARE_PREFIX}${this.spareNumber++}`;
    this.fileSystem.rename(this.pathOf(start), `${this.directory}/${name}`);
    this.spares.push(name);
  }

  /** Zero-fills a spare in the background, so that the next segment does not have to grow. Failing is no harm. */
  private makeSpare(): void {
    if (!this.keepsSpares || this.makingSpare || this.spares.length > 0 || this.closed) return;
    this.makingSpare = true;
    const path = `${this.directory}/${SPARE_UNFINISHED}`;
    let file: File;
    try {
      file = this.fileSystem.open(path, 'create');
    } catch {
      this.makingSpare = false;
      return;
    }
    const finish = (error: SqlError | null): void => {
      this.makingSpare = false;
      try {
        file.close();
        if (error !== null || this.closed) {
          this.fileSystem.unlink(path);
          return;
        }
        const name = `${SPARE_PREFIX}${this.spareNumber++}`;
        this.fileSystem.rename(path, `${this.directory}/${name}`);
        this.spares.push(name);
      } catch (failure) {
        if (!(failure instanceof SqlError)) throw failure;
      }
    };
    const fill = (offset: number): void => {
      if (this.closed) finish(null);
      else if (offset === WAL_SEGMENT_SIZE) file.fdatasync(finish);
      else
        file.write(ZEROS, 0, SPARE_STEP, offset, (error) =>
          error === null ? fill(offset + SPARE_STEP) : finish(error),
        );
    };
    fill(0);
  }
}
