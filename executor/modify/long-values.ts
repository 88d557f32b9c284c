/**
 * Long values of rows on their way: chunks are stored before the row that points to them is written, and those of the version
 * it replaces are removed after. Later in the write list means later for the sweep, too: as long as a version's keys have to be
 * taken out of indexes, its long values can be read.
 *
 *      collect (old chunks)  ->  shorten (stores new chunks) ->  the row is written: confirm  ->  sweep (removes the old chunks)
 *         changes nothing          |  ^ PAGE_MISS, or the slice                                  |  ^ PAGE_MISS, or the slice
 *                                  +--+ is over: again, goes on                                  +--+ is over: again, goes on
 *
 * A row is shortened as PostgreSQL shortens it (access/heap/heaptoast.c): while it is longer than ROW_SIZE_TARGET, the longest
 * value that may be is compressed; then the longest are moved out; then those of MAIN are compressed, and moved out only if
 * the row would not fit in a page.
 */
import { Buffer } from 'node:buffer';
import type { Value } from '../../catalog/function-entry.ts';
import { PAGE_MISS, ROW_SIZE_MAX, type RowId } from '../../storage/api.ts';
import type { ExecContext } from '../context.ts';
import { ChainWriter } from '../row/chain-writer.ts';
import { compressInRow, FRAME_SIZE, LONG_HEADER_SIZE, readLongHeader } from '../row/long-value.ts';
import type { ColumnLayout } from '../row/row-layout.ts';
import { ROW_SIZE_TARGET, type RowWriter } from '../row/row-writer.ts';
import type { TableRuntime } from '../table-runtime.ts';

interface StoredValue {
  readonly column: number;
  readonly value: Value;
  readonly chain: ChainWriter;
}

/** Work units of a chunk: the clock is looked at every 64. */
const CHUNK_UNITS = 64;

export class LongValues {
  readonly #table: TableRuntime;
  /** Chunks of the version that is being replaced. */
  readonly #replaced: RowId[] = [];
  /** Chunks to be removed. */
  readonly #garbage: RowId[] = [];
  /** Stored for the row that is being written. */
  readonly #stored: StoredValue[] = [];
  /** Columns of the row whose compression has been tried. */
  readonly #tried = new Set<number>();
  #xid = 0;

  constructor(table: TableRuntime) {
    this.#table = table;
  }

  /** A row begins, perhaps again. */
  begin(): void {
    // To set a length costs as much as the rest of a short row.
    if (this.#replaced.length > 0) this.#replaced.length = 0;
  }

  /** Some of the row's values have been stored, or have begun to be: the row must be asked for again as it was. */
  get isUnderWay(): boolean {
    return this.#stored.length > 0;
  }

  /** Remembers the chunks of the version at `base`, but for columns whose values stay. */
  collect(base: number, isKept: ((column: number) => boolean) | null): void {
    const table = this.#table;
    if (table.entry.overflowRelId === 0) return;
    table.overflow.chunksOf(table.pool.u8, base, table.layout(table.pool.u8[base + 15]), isKept, this.#replaced);
  }

  /** A column's value that an earlier try has begun to store: its pointer, null when the slice is over; undefined: there is none. */
  resume(x: ExecContext, column: number, value: Value): Uint8Array | null | undefined {
    if (this.#xid !== x.xid()) return undefined;
    const stored = this.#stored.find((s) => s.column === column);
    return stored === undefined || !isSame(stored.value, value) ? undefined : this.#store(x, stored);
  }

  /** Goes on with what an earlier try has begun to store; false: the slice is over. */
  resumeAll(x: ExecContext, values: readonly Value[]): boolean {
    for (let i = 0; i < this.#stored.length; i++) {
      const { column } = this.#stored[i];
      if (this.resume(x, column, values[column]) === null) return false;
    }
    return true;
  }

  /** Makes the row in `writer` short enough; false: the slice is over, or the page missing: the same row again. */
  shorten(x: ExecContext, writer: RowWriter, values: readonly Value[]): boolean {
    const tried = this.#tried;
    tried.clear();
    let size = writer.measure();
    const moveOut = (column: number): boolean => {
      const before = writer.lengthOf(column);
      const pointer = this.#moveOut(x, writer, column, values[column]);
      if (pointer === null) return false;
      writer.setLong(column, pointer);
      size += pointer.length - before;
      return true;
    };
    const compress = (column: number): void => {
      tried.add(column);
      const value = writer.valueOf(column);
      const packed = compressInRow(value);
      if (packed === null) return;
      size += packed.length - writer.lengthOf(column);
      writer.setLong(column, packed);
    };
    const room = ROW_SIZE_TARGET - writer.layout.fixedSize;
    while (size > ROW_SIZE_TARGET) {
      const column = writer.longest((index, { whenLong }) =>
        whenLong === 'extended'
          ? !tried.has(index) && !writer.isCompressed(index)
          : whenLong === 'external' && writer.lengthOf(index) > room,
      );
      if (column < 0) break;
      if (writer.lengthOf(column) <= FRAME_SIZE && isExtended(writer, column)) compress(column);
      if (writer.lengthOf(column) > room && !moveOut(column)) return false;
    }
    while (size > ROW_SIZE_TARGET) {
      const column = writer.longest((_, { whenLong }) => whenLong === 'extended' || whenLong === 'external');
      if (column < 0) break;
      if (!moveOut(column)) return false;
    }
    while (size > ROW_SIZE_TARGET) {
      const column = writer.longest(
        (index, { whenLong }) => whenLong === 'main' && !tried.has(index) && writer.lengthOf(index) <= FRAME_SIZE,
      );
      if (column < 0) break;
      compress(column);
    }
    while (size > ROW_SIZE_MAX) {
      const column = writer.longest((_, { whenLong }) => whenLong === 'main');
      if (column < 0) break;
      if (!moveOut(column)) return false;
    }
    return true;
  }

  /** The pointer to a column's value in chunks; null when the slice is over. */
  #moveOut(x: ExecContext, writer: RowWriter, column: number, value: Value): Uint8Array | null {
    if (this.#xid !== x.xid()) {
      // What another statement left half done has been undone with it.
      this.#stored.length = 0;
      this.#garbage.length = 0;
      this.#xid = x.xid();
    }
    const known = this.#stored.findIndex((s) => s.column === column);
    if (known >= 0) {
      const [stored] = this.#stored.slice(known, known + 1);
      if (isSame(stored.value, value)) return this.#store(x, stored);
      // Begun for another image of the row: somebody changed it while a page was read.
      this.#stored.splice(known, 1);
      this.#garbage.push(...stored.chain.chunks);
    }
    const bytes = writer.valueOf(column);
    let chain: ChainWriter;
    if (writer.isCompressed(column)) {
      const frames = (bytes as Uint8Array).subarray(LONG_HEADER_SIZE);
      chain = ChainWriter.ofFrames(frames, readLongHeader(bytes as Uint8Array, 0).length);
    } else chain = ChainWriter.of(bytes, isExtended(writer, column) && !this.#tried.has(column));
    const stored = { column, value, chain };
    this.#stored.push(stored);
    return this.#store(x, stored);
  }

  #store(x: ExecContext, { chain }: StoredValue): Uint8Array | null {
    const { overflow } = this.#table;
    while (!chain.isComplete) {
      chain.step(overflow.heap(), x.transaction, x.xid());
      if (x.shouldYield(CHUNK_UNITS) && !chain.isComplete) return null;
    }
    return chain.pointer();
  }

  /** The row has been written (or removed). */
  confirm(x: ExecContext): void {
    if (this.#stored.length > 0) this.#stored.length = 0;
    if (this.#replaced.length === 0 && this.#garbage.length === 0) return;
    for (const chunk of this.#replaced) this.#garbage.push(chunk);
    this.#replaced.length = 0;
    try {
      this.sweep(x);
    } catch (error) {
      // The row is done; the rest comes before the next one.
      if (error !== PAGE_MISS) throw error;
    }
  }

  /**
   * Removes chunks that nothing points to any more. Called before a row and at the statement's end. False: the slice is over.
   */
  sweep(x: ExecContext): boolean {
    const garbage = this.#garbage;
    try {
      while (garbage.length > 0) {
        this.#table.overflow.remove(x.transaction, x.xid(), garbage[garbage.length - 1]);
        garbage.pop();
        if (x.shouldYield(CHUNK_UNITS / 4) && garbage.length > 0) return false;
      }
    } catch (error) {
      if (error === PAGE_MISS) this.#table.overflow.prefetchLast(garbage);
      throw error;
    }
    return true;
  }

  /** A statement begins: what an earlier one left unfinished failed with it. */
  reset(): void {
    this.#stored.length = 0;
    this.#garbage.length = 0;
    this.#replaced.length = 0;
    this.#xid = 0;
  }
}

function isExtended(writer: RowWriter, column: number): boolean {
  return (writer.layout.columns[column] as ColumnLayout).whenLong === 'extended';
}

/** The value of a row that is begun again: computed anew, perhaps. */
function isSame(a: Value, b: Value): boolean {
  if (a === b) return true;
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}
