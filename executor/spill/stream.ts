/**
 * Streams of rows in a temporary file: written once from start to end, then read.
 *
 * A stream is a list of extents (ranges of the file), each some blocks (block.ts). Several streams may share a file: the
 * partitions of a hash table, the runs of a sort. A writer keeps the rows of one block and the bytes of one extent; a reader the
 * bytes of two extents, one of which is being read from the disk while the other is worked on.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { TemporaryFile, TemporaryRead } from '../../storage/api.ts';
import type { Columns } from '../batch.ts';
import { BLOCK_ROWS_MAX, BlockBuffer, decodeBlock, encodeBlock } from './block.ts';

export class SpillStream {
  readonly file: TemporaryFile;
  readonly offsets: number[] = [];
  readonly lengths: number[] = [];
  rowCount = 0;
  /** Of the largest extent. */
  lengthMax = 0;
  /** What its rows will take in memory, as their writer has estimated it. */
  memoryBytes = 0;

  constructor(file: TemporaryFile) {
    this.file = file;
  }
}

/** Rows of a block, so that its values take about so many bytes of memory. */
export function blockRowsFor(bytes: number, rowBytes: number): number {
  return Math.max(1, Math.min(BLOCK_ROWS_MAX, Math.floor(bytes / rowBytes)));
}

export class SpillWriter {
  readonly stream: SpillStream;
  readonly #which: readonly number[];
  readonly #extentBytes: number;
  readonly #blockRows: number;
  /** Null: nothing is written to it yet. */
  #bytes: BlockBuffer | null = null;
  #capacity: number;
  /** Rows that came one by one; long texts among them count, so that few of them make a block. */
  readonly #pending: Value[][];
  #pendingCount = 0;
  #pendingLength = 0;

  /** `which`: the columns that are kept, of those given; a reader is told the same. */
  constructor(file: TemporaryFile, which: readonly number[], extentBytes: number, blockRows: number) {
    this.stream = new SpillStream(file);
    this.#which = which;
    this.#extentBytes = extentBytes;
    this.#blockRows = blockRows;
    this.#capacity = Math.min(extentBytes, 4096);
    const width = which.length === 0 ? 0 : Math.max(...which) + 1;
    this.#pending = Array.from({ length: width }, () => []);
  }

  /** Rows in order as one block: at most BLOCK_ROWS_MAX. */
  addBlock(columns: Columns, order: Uint32Array | null, from: number, count: number): void {
    this.#bytes ??= new BlockBuffer(this.#capacity);
    encodeBlock(this.#bytes, columns, this.#which, order, from, count);
    this.stream.rowCount += count;
    if (this.#bytes.length >= this.#extentBytes) this.#flush();
  }

  /** `more`: values of columns that follow those of the row. */
  addRow(columns: Columns, row: number, more: readonly Value[] | null = null): void {
    const n = this.#pendingCount;
    for (let k = 0; k < this.#which.length; k++) {
      const c = this.#which[k];
      const value = more !== null && c >= columns.length ? more[c - columns.length] : columns[c][row];
      if (typeof value === 'string') this.#pendingLength += value.length;
      this.#pending[c][n] = value;
    }
    this.#pendingCount = n + 1;
    if (this.#pendingCount >= this.#blockRows || this.#pendingLength > this.#extentBytes) this.#encodePending();
  }

  #encodePending(): void {
    if (this.#pendingCount === 0) return;
    const count = this.#pendingCount;
    this.#pendingCount = 0;
    this.#pendingLength = 0;
    this.addBlock(this.#pending, null, 0, count);
  }

  #flush(): void {
    const bytes = this.#bytes;
    if (bytes === null) return;
    const { stream } = this;
    const { length } = bytes;
    this.#bytes = null;
    // The next extent is probably as long.
    this.#capacity = Math.min(length + 1024, this.#extentBytes * 2);
    stream.offsets.push(stream.file.append(bytes.u8.subarray(0, length), () => bytes.release()));
    stream.lengths.push(length);
    stream.lengthMax = Math.max(stream.lengthMax, length);
  }

  finish(): SpillStream {
    this.#encodePending();
    this.#flush();
    for (const column of this.#pending) column.length = 0;
    return this.stream;
  }
}

/** What `next` answers instead of a count. */
const SPILL_END = 0;
export const SPILL_WAITS = -1;

export class SpillReader {
  readonly #stream: SpillStream;
  readonly #which: readonly number[];
  #current: BlockBuffer | null = null;
  #spare: BlockBuffer | null = null;
  /** Place in the current extent, and its end. */
  #at = 0;
  #end = 0;
  #extent = 0;
  #read: TemporaryRead | null = null;

  /** Begins to read at once. */
  constructor(stream: SpillStream, which: readonly number[]) {
    this.#stream = stream;
    this.#which = which;
    this.#readAhead();
  }

  #readAhead(): void {
    const { file, offsets, lengths, lengthMax } = this.#stream;
    const extent = this.#extent;
    if (extent >= offsets.length) return;
    this.#spare ??= new BlockBuffer(lengthMax);
    this.#read = file.read(this.#spare.u8, lengths[extent], offsets[extent]);
    this.#extent++;
  }

  /** The next block into rows row ... of the columns: how many, SPILL_END, or SPILL_WAITS (for the file). */
  next(columns: readonly Value[][], row: number): number {
    if (this.#at >= this.#end) {
      const read = this.#read;
      if (read === null) {
        this.#release();
        return SPILL_END;
      }
      if (!read.isDone) return SPILL_WAITS;
      this.#stream.file.check();
      this.#read = null;
      const finished = this.#current;
      this.#current = this.#spare;
      this.#spare = finished;
      this.#at = 0;
      this.#end = read.length;
      this.#readAhead();
    }
    const current = this.#current as BlockBuffer;
    const count = decodeBlock(current, this.#at, columns, this.#which, row);
    this.#at += current.i32[this.#at >> 2];
    return count;
  }

  /** Nothing is read any more: the buffers are others'. */
  #release(): void {
    this.#current?.release();
    this.#spare?.release();
    this.#current = null;
    this.#spare = null;
  }
}
