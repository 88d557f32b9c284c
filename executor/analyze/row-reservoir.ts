/**
 * The reservoir of a sample: copies of rows' bytes, one behind the other in a few large pieces of memory. Most rows that get in are replaced before
 * they would be read; were each a Buffer, the process would keep the memory of all of them.
 */
import { giveScratch, takeScratch } from '../scratch-memory.ts';

/** Longer than any row on a page. */
const SEGMENT_SIZE = 256 * 1024;

/** A row's bytes begin at `start` of `bytes`. */
export interface CopiedRow {
  readonly rowId: number;
  readonly layout: number;
  readonly bytes: Buffer;
  readonly start: number;
}

interface Place {
  rowId: number;
  layout: number;
  segment: number;
  start: number;
  size: number;
  /** Bytes it may use: a row that replaces it may be shorter. */
  capacity: number;
}

export class RowReservoir {
  readonly #places: Place[] = [];
  #segments: Buffer[] = [];
  /** Bytes used of the last segment. */
  #used = SEGMENT_SIZE;
  /** Of all capacities. */
  #liveBytes = 0;

  get count(): number {
    return this.#places.length;
  }

  /** Puts a copy of u8[from .. from + size) at a place that is taken, or at the first that is not. */
  put(place: number, rowId: number, layout: number, u8: Uint8Array, from: number, size: number): void {
    if (place === this.#places.length)
      this.#places.push({ rowId: 0, layout: 0, segment: 0, start: 0, size: 0, capacity: 0 });
    const row = this.#places[place];
    if (size > row.capacity) {
      this.#liveBytes -= row.capacity;
      row.capacity = 0;
      if (this.#segments.length * SEGMENT_SIZE > 2 * this.#liveBytes + 2 * SEGMENT_SIZE) this.#compact();
      this.#reserve(row, size);
    }
    row.rowId = rowId;
    row.layout = layout;
    row.size = size;
    this.#segments[row.segment].set(u8.subarray(from, from + size), row.start);
  }

  #reserve(row: Place, size: number): void {
    if (this.#used + size > SEGMENT_SIZE) {
      this.#segments.push(Buffer.from(takeScratch(SEGMENT_SIZE)));
      this.#used = 0;
    }
    row.segment = this.#segments.length - 1;
    row.start = this.#used;
    row.capacity = size;
    this.#used += size;
    this.#liveBytes += size;
  }

  /** Leaves behind what was outgrown. */
  #compact(): void {
    const outgrown = this.#segments;
    this.#segments = [];
    this.#used = SEGMENT_SIZE;
    this.#liveBytes = 0;
    for (const row of this.#places) {
      if (row.capacity === 0) continue;
      const source = outgrown[row.segment].subarray(row.start, row.start + row.size);
      this.#reserve(row, row.size);
      this.#segments[row.segment].set(source, row.start);
    }
    for (const segment of outgrown) giveScratch(segment.buffer as ArrayBuffer);
  }

  /** In the order of the table. */
  *rows(): Generator<CopiedRow, void, void> {
    this.#places.sort((a, b) => a.rowId - b.rowId);
    for (const { rowId, layout, segment, start } of this.#places)
      yield { rowId, layout, bytes: this.#segments[segment], start };
  }

  /** Its rows are not read any more. */
  release(): void {
    for (const segment of this.#segments) giveScratch(segment.buffer as ArrayBuffer);
    this.#segments = [];
    this.#places.length = 0;
    this.#used = SEGMENT_SIZE;
    this.#liveBytes = 0;
  }
}
