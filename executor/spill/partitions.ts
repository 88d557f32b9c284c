/**
 * Rows divided by the hash of their keys: equal keys meet in the same partition, and each is worked on alone.
 *
 * A partition that is still too large is divided again: at every level the hash is mixed anew, so that what met by chance parts.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { TemporaryFile } from '../../storage/api.ts';
import { hashKey } from '../../types/index.ts';
import { type Batch, type Columns, END, PENDING } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { CollatedInterner } from '../operators/collated-interner.ts';
import { internerFor, NumberInterner } from '../operators/group-table.ts';
import { hashNumber, mix } from '../operators/interner.ts';
import { TextInterner } from '../operators/text-interner.ts';
import { blockRowsFor, SPILL_WAITS, type SpillReader, type SpillStream, SpillWriter } from './stream.ts';

const PARTITIONS_MIN = 4;
/** As many where memory allows, even if fewer would do by the estimate. */
const PARTITIONS_USUAL = 16;
const PARTITIONS_MAX = 256;
const EXTENT_BYTES_MIN = 4 * 1024;
const EXTENT_BYTES_MAX = 64 * 1024;
/** Levels of division; beyond, a partition is kept in memory whatever it takes. */
export const LEVELS_MAX = 8;

function hashText(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return mix(hash);
}

function hashAny(key: unknown): number {
  return typeof key === 'number' ? hashNumber(key) : hashText(String(key));
}

/** Hash of a row's keys: equal for keys that a GroupTable of these types holds for equal. */
export class KeyHasher {
  readonly #hashes: readonly ((value: Value) => number)[];

  constructor(types: readonly number[]) {
    this.#hashes = types.map((typeOid) => {
      const interner = internerFor(typeOid);
      if (interner instanceof TextInterner) return hashText;
      if (interner instanceof NumberInterner) return hashAny;
      // Nothing tells which texts are equal but comparing them: all are in one partition.
      if (interner instanceof CollatedInterner) return () => 0;
      const keyOf = hashKey(typeOid);
      return (value) => hashAny(keyOf(value));
    });
  }

  hashOf(values: readonly Value[]): number {
    let hash = 0;
    for (let k = 0; k < this.#hashes.length; k++) {
      const value = values[k];
      hash = Math.imul(hash, 31) + (value === null ? 1 : this.#hashes[k](value));
    }
    return hash | 0;
  }
}

/** How the rows of one level are divided. */
export interface Division {
  /** A power of 2. */
  readonly count: number;
  readonly level: number;
  readonly extentBytes: number;
}

/** Into so many partitions that each will fit, as far as there is memory for writing them all at once. */
export function divide(memoryBytes: number, expectedBytes: number, level: number): Division {
  const room = memoryBytes / 2;
  const most = Math.max(PARTITIONS_MIN, Math.min(PARTITIONS_MAX, room / (4 * EXTENT_BYTES_MIN)));
  const wanted = Math.max(PARTITIONS_USUAL, (expectedBytes / memoryBytes) * 1.5);
  let count = PARTITIONS_MIN;
  while (count < wanted && count * 2 <= most) count *= 2;
  const extentBytes = Math.max(EXTENT_BYTES_MIN, Math.min(EXTENT_BYTES_MAX, Math.floor(room / (4 * count))));
  return { count, level, extentBytes };
}

export class PartitionWriter {
  readonly division: Division;
  readonly file: TemporaryFile;
  readonly #writers: readonly SpillWriter[];
  readonly #rowBytes: number;
  readonly #seed: number;

  constructor(file: TemporaryFile, division: Division, which: readonly number[], rowBytes: number) {
    this.file = file;
    this.division = division;
    this.#rowBytes = rowBytes;
    this.#seed = Math.imul(division.level + 1, 0x9e3779b9);
    const blockRows = blockRowsFor(2 * division.extentBytes, rowBytes);
    this.#writers = Array.from(
      { length: division.count },
      () => new SpillWriter(file, which, division.extentBytes, blockRows),
    );
  }

  partitionOf(hash: number): number {
    return mix(hash + this.#seed) & (this.division.count - 1);
  }

  add(partition: number, columns: Columns, row: number, more: readonly Value[] | null = null): void {
    this.#writers[partition].addRow(columns, row, more);
  }

  finish(): SpillStream[] {
    return this.#writers.map((writer) => {
      const stream = writer.finish();
      stream.memoryBytes = stream.rowCount * this.#rowBytes;
      return stream;
    });
  }
}

/** A partition that waits for its turn: its rows (of each input, where there are several). */
export interface Part {
  readonly streams: readonly SpillStream[];
  /** Of its own division, if it must be divided. */
  readonly level: number;
  readonly isSkewed: boolean;
}

/** A partition with so much of its parent's rows is not worth dividing again. */
const SKEWED_SHARE = 0.9;

/** Partitions that wait, and the one that is worked on. A file is closed with the last of its partitions. */
export class PartStack {
  #parts: Part[] = [];
  #current: Part | null = null;

  get current(): Part | null {
    return this.#current;
  }

  /** Partitions of one file, in their order; those of the current part are done before those that were there. */
  add(division: Division, parts: readonly (readonly SpillStream[])[]): void {
    let total = 0;
    for (const [first] of parts) total += first.rowCount;
    for (let i = parts.length - 1; i >= 0; i--) {
      const isSkewed = this.#current !== null && parts[i][0].rowCount > total * SKEWED_SHARE;
      this.#parts.push({ streams: parts[i], level: division.level + 1, isSkewed });
    }
  }

  /** Done with the current part; answers the next one, null when there is none. */
  next(): Part | null {
    const done = this.#current;
    this.#current = this.#parts.pop() ?? null;
    if (done !== null) this.#release(done);
    return this.#current;
  }

  #release(done: Part): void {
    const { file } = done.streams[0];
    if (this.#current?.streams[0].file === file) return;
    if (!this.#parts.some((part) => part.streams[0].file === file)) file.close();
  }

  close(): void {
    for (const part of this.#parts) part.streams[0].file.close();
    this.#current?.streams[0].file.close();
    this.#parts = [];
    this.#current = null;
  }
}

/** All columns of so many. */
export function columnNumbers(width: number): number[] {
  return Array.from({ length: width }, (_, c) => c);
}

/** The next block of a stream as a batch, END, or PENDING with x waiting. */
export function readBatch(x: ExecContext, reader: SpillReader, stream: SpillStream, batch: Batch): Batch {
  const count = reader.next(batch.columns, 0);
  if (count === SPILL_WAITS) {
    x.waitForFile(stream.file);
    return PENDING;
  }
  batch.count = count;
  return count === 0 ? END : batch;
}
