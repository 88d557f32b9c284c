/**
 * What a checkpoint keeps of each heap, so that a start need not read it: in the checkpoint's state file, and brought forward
 * by the log (state.ts).
 *
 * One after the other, u32 each where nothing is said:
 *
 * | relation id |
 * | row count (f64): of committed transactions |
 * | changed: count n of words, n words of a bitmap: pages whose rows the images may not show as they are |
 * | pending: the same: pages with rows of unfinished transactions, or with something for the sweep to do |
 * | left places: count, row ids (Heap.leftPlaces) |
 * | pages with room: count n, n page numbers, n bytes, from the bottom of the stack on (FreeSpace) |
 * | images: count; of each: index oid, number of the checkpoint (f64) that it was written for, its LSN (f64) |
 *
 * And after all of them (older servers wrote no more, and read no further):
 *
 * | visible: of each heap, in the same order, the words of a bitmap: all-visible pages (buffer/visibility-map.ts) |
 */
import { PageSet } from './buffer/index.ts';

export interface ImageRecord {
  readonly oid: number;
  /** The file is `index/<oid>.<number>`. */
  readonly number: number;
  readonly lsn: number;
}

export interface HeapState {
  readonly relId: number;
  rowCount: number;
  /** Since the images; with no images it means nothing. */
  readonly changed: PageSet;
  readonly pending: PageSet;
  readonly leftPlaces: Set<number>;
  readonly freePages: readonly number[];
  /** What FreeSpace knows of each of them. */
  readonly freeSpaces: readonly number[];
  /** All-visible pages; those that the log names since are not any more. */
  readonly visible: PageSet;
  readonly images: readonly ImageRecord[];
}

/** Of a heap that has just been made. */
export function newHeapState(relId: number): HeapState {
  return {
    relId,
    rowCount: 0,
    changed: new PageSet(),
    pending: new PageSet(),
    leftPlaces: new Set(),
    freePages: [],
    freeSpaces: [],
    visible: new PageSet(),
    images: [],
  };
}

export function encodeHeapStates(states: readonly HeapState[]): Uint8Array {
  const writer = new Writer();
  writer.u32(states.length);
  for (const state of states) {
    writer.u32(state.relId);
    writer.f64(state.rowCount);
    writer.words(state.changed.words);
    writer.words(state.pending.words);
    writer.words([...state.leftPlaces]);
    writer.words(state.freePages);
    writer.reserve(state.freeSpaces.length);
    for (const space of state.freeSpaces) writer.u8(space);
    writer.u32(state.images.length);
    for (const { oid, number, lsn } of state.images) {
      writer.u32(oid);
      writer.f64(number);
      writer.f64(lsn);
    }
  }
  for (const { visible } of states) writer.words(visible.words);
  return writer.bytes();
}

/** By relation id. */
export function decodeHeapStates(bytes: Uint8Array): Map<number, HeapState> {
  const states = new Map<number, HeapState>();
  if (bytes.length === 0) return states;
  const reader = new Reader(bytes);
  for (let left = reader.u32(); left > 0; left--) {
    const relId = reader.u32();
    const rowCount = reader.f64();
    const changed = new PageSet(reader.words());
    const pending = new PageSet(reader.words());
    const leftPlaces = new Set(reader.words());
    const freePages = Array.from(reader.words());
    const freeSpaces = freePages.map(() => reader.u8());
    const images: ImageRecord[] = [];
    for (let i = reader.u32(); i > 0; i--) images.push({ oid: reader.u32(), number: reader.f64(), lsn: reader.f64() });
    const visible = new PageSet();
    states.set(relId, { relId, rowCount, changed, pending, leftPlaces, freePages, freeSpaces, visible, images });
  }
  if (!reader.isAtEnd) for (const { visible } of states.values()) visible.addAll(new PageSet(reader.words()));
  return states;
}

class Writer {
  private buffer = Buffer.allocUnsafe(4096);
  private length = 0;

  reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.length + count, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  /** After reserve. */
  u8(value: number): void {
    this.length = this.buffer.writeUInt8(value, this.length);
  }

  u32(value: number): void {
    this.reserve(4);
    this.length = this.buffer.writeUInt32LE(value, this.length);
  }

  f64(value: number): void {
    this.reserve(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  words(words: ArrayLike<number>): void {
    this.u32(words.length);
    this.reserve(words.length * 4);
    for (let i = 0; i < words.length; i++) this.length = this.buffer.writeUInt32LE(words[i], this.length);
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}

class Reader {
  private readonly buffer: Buffer;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.at >= this.buffer.length;
  }

  u8(): number {
    return this.buffer.readUInt8(this.at++);
  }

  u32(): number {
    this.at += 4;
    return this.buffer.readUInt32LE(this.at - 4);
  }

  f64(): number {
    this.at += 8;
    return this.buffer.readDoubleLE(this.at - 8);
  }

  words(): Uint32Array<ArrayBuffer> {
    const words = new Uint32Array(this.u32());
    for (let i = 0; i < words.length; i++) words[i] = this.u32();
    return words;
  }
}
