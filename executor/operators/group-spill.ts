/**
 * What a table of groups does with rows that it has no memory for: they are put aside, divided by the hash of their keys, and come
 * back partition by partition, when the table is empty again. A partition whose groups do not fit either is divided further.
 *
 *      start -> put ... -> endInput -> nextPart -> pull ... (perhaps start -> put ...) -> endInput -> nextPart ...
 *
 * After: PostgreSQL, src/backend/executor/nodeAgg.c, "Spilling To Disk".
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { TemporaryFile } from '../../storage/api.ts';
import { Batch } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { divide, KeyHasher, LEVELS_MAX, PartitionWriter, PartStack, readBatch } from '../spill/partitions.ts';
import { SpillReader } from '../spill/stream.ts';

/** Supposed of a row that is put aside, for a column: they are in writers' hands for a short time only. */
const COLUMN_BYTES = 24;

export class GroupSpill {
  /** For the caller: the keys of a row. */
  readonly keys: Value[] = [];
  /** Partitions made in this run, and bytes in their files. */
  partCount = 0;
  writtenBytes = 0;
  readonly #keyTypes: readonly number[];
  readonly #width: number;
  #hasher: KeyHasher | null = null;
  #which: readonly number[] = [];
  #writer: PartitionWriter | null = null;
  readonly #parts = new PartStack();
  #reader: SpillReader | null = null;
  #batch: Batch | null = null;

  /** `width`: columns of a row that is put aside. */
  constructor(keyTypes: readonly number[], width: number) {
    this.#keyTypes = keyTypes;
    this.#width = width;
  }

  /** Rows without a group are put aside. */
  get isSpilling(): boolean {
    return this.#writer !== null;
  }

  /** Rows come from a partition, not from the input. */
  get isReading(): boolean {
    return this.#reader !== null;
  }

  get file(): TemporaryFile {
    return (this.#writer as PartitionWriter).file;
  }

  /** False: the rows at hand have been divided so often that it is of no use. */
  get canDivide(): boolean {
    const part = this.#parts.current;
    return part === null || part.level < LEVELS_MAX;
  }

  /** Before a run. */
  reset(): void {
    this.close();
    this.partCount = 0;
    this.writtenBytes = 0;
  }

  /** `expectedBytes`: of all groups, those that are there among them. */
  start(x: ExecContext, memoryBytes: number, expectedBytes: number, which: readonly number[]): void {
    const division = divide(memoryBytes, expectedBytes, this.#parts.current?.level ?? 0);
    this.#hasher ??= new KeyHasher(this.#keyTypes);
    this.#which = which;
    this.#writer = new PartitionWriter(x.createTemporaryFile(), division, which, COLUMN_BYTES * (which.length + 1));
  }

  /** Puts a row aside; `keys` follow its columns (rows that come back have them already). */
  put(columns: readonly (readonly Value[])[], row: number, keys: readonly Value[]): void {
    const writer = this.#writer as PartitionWriter;
    writer.add(writer.partitionOf((this.#hasher as KeyHasher).hashOf(keys)), columns, row, keys);
  }

  /** The input, or the partition, is at its end. */
  endInput(): void {
    const writer = this.#writer;
    if (writer === null) return;
    // Writing what is left may fail, and then the file is still to be closed.
    const streams = writer.finish().filter((stream) => stream.rowCount > 0);
    this.#writer = null;
    this.partCount += streams.length;
    this.writtenBytes += writer.file.size;
    if (streams.length === 0) writer.file.close();
    this.#parts.add(
      writer.division,
      streams.map((stream) => [stream]),
    );
  }

  /** Goes on to the next partition; false when there is none. */
  nextPart(): boolean {
    const part = this.#parts.next();
    this.#reader = part === null ? null : new SpillReader(part.streams[0], this.#which);
    return part !== null;
  }

  pull(x: ExecContext): Batch {
    const part = this.#parts.current;
    if (part === null || this.#reader === null) throw new Error('no partition is being read');
    this.#batch ??= new Batch(this.#width);
    return readBatch(x, this.#reader, part.streams[0], this.#batch);
  }

  /** Gives the files back; what happened can still be asked. */
  close(): void {
    this.#writer?.file.close();
    this.#writer = null;
    this.#parts.close();
    this.#reader = null;
    this.#batch = null;
  }
}
