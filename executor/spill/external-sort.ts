/**
 * External merge sort: what a sort does with rows that do not fit in its memory.
 *
 *      rows of the memory's size, sorted -> run -> run -> run ...      (file 0)
 *      more runs than can be merged at once: neighbours are merged     (file 1, 2 ...)
 *      the last merge gives the rows away, nothing is written
 *
 * Runs stay in the order of the input and only neighbours are merged, so the sort is as stable as the one in memory.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Columns } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { BLOCK_ROWS_MAX } from './block.ts';
import { type RowOrder, RunMerge } from './run-merge.ts';
import { blockRowsFor, SPILL_WAITS, type SpillStream, SpillWriter } from './stream.ts';

const EXTENT_BYTES_MIN = 4 * 1024;
const EXTENT_BYTES_MAX = 128 * 1024;
const MERGE_RUNS_MIN = 4;
const MERGE_RUNS_MAX = 256;

export class ExternalSort {
  readonly #which: readonly number[];
  readonly #makeOrder: (columns: Columns) => RowOrder;
  readonly #extentBytes: number;
  readonly #mergeRuns: number;
  /** In the order of the input. */
  #runs: SpillStream[] = [];
  #writer: SpillWriter | null = null;
  #blockRows = BLOCK_ROWS_MAX;
  /** Place in the run that is written. */
  #at = 0;
  #merge: RunMerge | null = null;
  /** While runs are merged into longer ones: the first of them, and how many. */
  #mergedFrom = 0;
  #mergedCount = 0;
  readonly #rows: Value[][];
  /** Bytes written by first runs and merges, all together. */
  writtenBytes = 0;

  /** `width`: columns of a row, those that its order is computed from among them. */
  constructor(memoryBytes: number, width: number, makeOrder: (columns: Columns) => RowOrder) {
    this.#which = Array.from({ length: width }, (_, c) => c);
    this.#makeOrder = makeOrder;
    this.#extentBytes = Math.max(EXTENT_BYTES_MIN, Math.min(EXTENT_BYTES_MAX, Math.floor(memoryBytes / 128)));
    // For each run two extents of bytes and a block of values.
    const runs = Math.floor(memoryBytes / (4 * this.#extentBytes));
    this.#mergeRuns = Math.max(MERGE_RUNS_MIN, Math.min(MERGE_RUNS_MAX, runs));
    this.#rows = this.#which.map(() => []);
  }

  /** What merging holds: two extents of bytes and a block of values for each run. */
  get mergeBytes(): number {
    return Math.min(this.#runs.length, this.#mergeRuns) * 4 * this.#extentBytes;
  }

  get runCount(): number {
    return this.#runs.length;
  }

  /** Writes rows order[0 .. count) as one more run; false: call it again, with the same, when the slice or the wait is over. */
  writeRun(x: ExecContext, columns: Columns, order: Uint32Array, count: number, memoryBytes: number): boolean {
    if (this.#writer === null) {
      this.#blockRows = blockRowsFor(2 * this.#extentBytes, memoryBytes / Math.max(count, 1));
      this.#writer = this.#newWriter(x, this.#runs.at(-1));
      this.#at = 0;
    }
    const { file } = this.#writer.stream;
    while (this.#at < count) {
      if (!x.canWrite(file)) return false;
      const rows = Math.min(this.#blockRows, count - this.#at);
      this.#writer.addBlock(columns, order, this.#at, rows);
      this.#at += rows;
      if (x.shouldYield(rows)) return false;
    }
    this.#runs.push(this.#finish(this.#writer));
    return true;
  }

  /** Into the file of a run that is there, or a new one. */
  #newWriter(x: ExecContext, beside: SpillStream | undefined): SpillWriter {
    const file = beside?.file ?? x.createTemporaryFile();
    return new SpillWriter(file, this.#which, this.#extentBytes, this.#blockRows);
  }

  #finish(writer: SpillWriter): SpillStream {
    // Writing what is left may fail, and then the file is still to be closed.
    const stream = writer.finish();
    this.#writer = null;
    for (const length of stream.lengths) this.writtenBytes += length;
    return stream;
  }

  /** After the last run: merges until few enough are left. False: call it again. */
  reduce(x: ExecContext): boolean {
    while (this.#merge !== null || this.#runs.length > this.#mergeRuns) {
      if (this.#merge === null) this.#startMerging(x);
      if (!this.#mergeOn(x)) return false;
    }
    return true;
  }

  #startMerging(x: ExecContext): void {
    const tooMany = this.#runs.length - this.#mergeRuns + 1;
    if (this.#mergedFrom + 1 >= this.#runs.length) this.#mergedFrom = 0;
    const count = Math.min(this.#mergeRuns, tooMany, this.#runs.length - this.#mergedFrom);
    this.#mergedCount = Math.max(count, 2);
    const first = this.#mergedFrom;
    this.#merge = new RunMerge(this.#runs.slice(first, first + this.#mergedCount), this.#which, this.#makeOrder);
    // Longer runs of one pass share a file; those they are made of are in others, which go as soon as they are used up.
    this.#writer = this.#newWriter(x, first === 0 ? undefined : this.#runs[first - 1]);
  }

  #mergeOn(x: ExecContext): boolean {
    const merge = this.#merge as RunMerge;
    const writer = this.#writer as SpillWriter;
    for (;;) {
      if (!x.canWrite(writer.stream.file)) return false;
      const count = merge.next(this.#rows, this.#blockRows);
      if (count === SPILL_WAITS) {
        x.waitForFile(merge.waitsFor.file);
        return false;
      }
      if (count === 0) break;
      writer.addBlock(this.#rows, null, 0, count);
      if (x.shouldYield(count)) return false;
    }
    this.#merge = null;
    const files = new Set(this.#runs.map((run) => run.file));
    this.#runs.splice(this.#mergedFrom, this.#mergedCount, this.#finish(writer));
    this.#mergedFrom++;
    for (const run of this.#runs) files.delete(run.file);
    for (const file of files) file.close();
    return true;
  }

  /** After `reduce`: the next rows in order into the target's columns: how many, 0 at the end, SPILL_WAITS (x is told). */
  next(x: ExecContext, target: readonly Value[][], limit: number): number {
    this.#merge ??= new RunMerge(this.#runs, this.#which, this.#makeOrder);
    const count = this.#merge.next(target, Math.min(limit, BLOCK_ROWS_MAX));
    if (count === SPILL_WAITS) x.waitForFile(this.#merge.waitsFor.file);
    return count;
  }

  close(): void {
    for (const run of this.#runs) run.file.close();
    this.#writer?.stream.file.close();
    this.#runs = [];
    this.#writer = null;
    this.#merge = null;
  }
}
