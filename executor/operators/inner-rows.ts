/**
 * Rows of a nested loop's inner side that is run once: pulled as the first outer row asks for them, and read again from the start for each further one.
 * They are kept in memory; from where that is full, in a temporary file, which is read from start to end each time (as PostgreSQL's Materialize).
 *
 *     places:  0 ... in memory | batch being written, or block being read | ...
 *
 * The reader walks over segments: `columns` hold the rows of places `base` to `end`, until it advances. Rows of a segment are overwritten by the next.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { type Batch, END, PENDING } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { batchBytes, Holding } from '../memory-account.ts';
import { BLOCK_ROWS_MAX } from '../spill/block.ts';
import { MEMORY_MIN } from '../spill/memory.ts';
import { SPILL_WAITS, SpillReader, type SpillStream, SpillWriter } from '../spill/stream.ts';
import { type Operator, RowStore } from './operator.ts';

/** What `advance` answers. */
export const ROWS_MORE = 1;
export const ROWS_END = 0;
/** The source waits, or the file, or the slice is over (the context knows): to be called again. */
export const ROWS_WAIT = -1;

const EXTENT_BYTES = 256 * 1024;

export class InnerRows {
  readonly #source: Operator;
  readonly #store: RowStore;
  readonly #which: readonly number[];
  readonly #held = new Holding('the inner rows of a join');
  columns: Value[][];
  base = 0;
  end = 0;
  /** All rows are in memory, and the segment is all of them: there is no need to rewind, nor to advance. */
  isInMemory = false;
  #isOpen = false;
  #isWhole = false;
  /** Rows that the source has given. */
  #count = 0;
  #writer: SpillWriter | null = null;
  #stream: SpillStream | null = null;
  #reader: SpillReader | null = null;
  /** Rows of the block that is read. */
  readonly #block: Value[][];

  constructor(source: Operator, width: number) {
    this.#source = source;
    this.#store = new RowStore(width);
    this.#which = Array.from({ length: width }, (_, c) => c);
    this.#block = this.#which.map(() => []);
    this.columns = this.#store.columns;
  }

  /** Nothing is known of the rows; the source is opened when the first is asked for. */
  open(x: ExecContext): void {
    this.#forget(x);
    this.#isOpen = false;
    this.#isWhole = false;
    this.isInMemory = false;
    this.#count = 0;
    this.rewind();
  }

  /** To the first row. */
  rewind(): void {
    this.columns = this.#store.columns;
    this.base = 0;
    this.end = this.#store.count;
    this.#reader = null;
  }

  /** To the next segment. */
  advance(x: ExecContext): number {
    const isAtStart = this.columns === this.#store.columns;
    if (isAtStart && this.end < this.#store.count) {
      this.end = this.#store.count;
      return ROWS_MORE;
    }
    // Who walks over rows as they come goes on so; others find them in the file, which has to be whole for that.
    if (!this.#isWhole && (!isAtStart || this.#writer === null)) return this.#pull(x);
    if (!this.#isWhole && !this.#pullAll(x)) return ROWS_WAIT;
    return this.#stream === null ? ROWS_END : this.#read(x);
  }

  #pull(x: ExecContext): number {
    const batch = this.#next(x);
    if (batch === PENDING) return ROWS_WAIT;
    if (batch === END) return ROWS_END;
    if (this.#writer === null) this.end = this.#store.count;
    else {
      this.columns = batch.columns;
      this.base = this.#count - batch.count;
      this.end = this.#count;
    }
    return ROWS_MORE;
  }

  /** False: call it again. */
  #pullAll(x: ExecContext): boolean {
    for (;;) {
      const batch = this.#next(x);
      if (batch === PENDING) return false;
      if (batch === END) return true;
      if (x.shouldYield(batch.count)) return false;
    }
  }

  /** The source's next rows, which are kept. */
  #next(x: ExecContext): Batch {
    if (this.#writer !== null && !x.canWrite(this.#writer.stream.file)) return PENDING;
    if (!this.#isOpen) {
      this.#source.open(x);
      this.#isOpen = true;
    }
    const batch = this.#source.poll(x);
    if (batch === PENDING) return batch;
    if (batch === END) {
      this.#isWhole = true;
      this.#stream = this.#writer?.finish() ?? null;
      this.#writer = null;
      this.isInMemory = this.#stream === null;
      return batch;
    }
    if (this.#writer === null) {
      const bytes = batchBytes(batch);
      if (!this.#isFull(x, bytes)) {
        this.#held.add(x.memory, bytes);
        this.#store.append(batch);
        this.#count += batch.count;
        return batch;
      }
      this.#writer = new SpillWriter(x.createTemporaryFile(), this.#which, EXTENT_BYTES, BLOCK_ROWS_MAX);
    }
    for (let from = 0; from < batch.count; from += BLOCK_ROWS_MAX) {
      this.#writer.addBlock(batch.columns, null, from, Math.min(BLOCK_ROWS_MAX, batch.count - from));
    }
    this.#count += batch.count;
    return batch;
  }

  /** Rows without columns take no room. */
  #isFull(x: ExecContext, more: number): boolean {
    const bytes = this.#held.bytes + more;
    if (bytes <= MEMORY_MIN || this.#which.length === 0) return false;
    return bytes > x.services.hashMemoryBytes || this.#held.isTight(x.memory, bytes);
  }

  #read(x: ExecContext): number {
    const stream = this.#stream as SpillStream;
    this.#reader ??= new SpillReader(stream, this.#which);
    const count = this.#reader.next(this.#block, 0);
    if (count === SPILL_WAITS) {
      x.waitForFile(stream.file);
      return ROWS_WAIT;
    }
    this.columns = this.#block;
    this.base = this.end;
    this.end += count;
    return count === 0 ? ROWS_END : ROWS_MORE;
  }

  #forget(x: ExecContext): void {
    this.#store.clear();
    this.#held.clear(x.memory);
    (this.#writer?.stream ?? this.#stream)?.file.close();
    this.#writer = null;
    this.#stream = null;
    this.#reader = null;
    for (const column of this.#block) column.length = 0;
  }

  close(x: ExecContext): void {
    this.#source.close(x);
    this.#forget(x);
  }
}
