/** Writes images (dictionary-image.ts): piece by piece, while their dictionaries go on changing. */
import { crc32 } from '../page/index.ts';
import { type Dictionary, NODE_CAPACITY } from './dictionary.ts';
import {
  BLOCK_HEADER_SIZE,
  BLOCK_ROWS_MAX,
  CHUNK_END,
  CHUNK_ENTRIES,
  CHUNK_HEADER_SIZE,
  END_SIZE,
  FLAG_LOSSY,
  FLAG_STALE_KEYS,
  headerOf,
  type ImageBuffer,
  type ImageIdentity,
  kindOf,
} from './dictionary-image.ts';
import { IndexKey } from './index-key.ts';

/** Writes an image: `next` makes its pieces one after the other, and may be called in different turns. */
export class ImageWriter {
  readonly dictionary: Dictionary;
  private readonly header: Buffer<ArrayBuffer>;
  private readonly chunk: ImageBuffer;
  private state: 'header' | 'entries' | 'end' = 'header';
  private crc = 0;
  private count = 0;
  private leaf = 0;
  private position = 0;
  private version = -1;
  /** The last key of which something was dumped. */
  private readonly lastKey = new IndexKey();
  private hasLast = false;
  /** Its last row id that was dumped; -1: all of them, when the next entry is reached. */
  private lastRow = -1;

  constructor(dictionary: Dictionary, identity: ImageIdentity, buffer: ImageBuffer) {
    this.dictionary = dictionary;
    this.chunk = buffer;
    this.header = headerOf(identity, kindOf(dictionary));
  }

  /** The file's next bytes, good until the next call; null at the end. Half a millisecond of work. */
  next(): Uint8Array | null {
    if (this.state === 'end') return null;
    if (this.state === 'header') {
      this.state = 'entries';
      this.crc = this.header.readUInt32LE(12);
      return this.header;
    }
    const size = this.fill();
    if (size > CHUNK_HEADER_SIZE) return this.seal(CHUNK_ENTRIES, size);
    this.state = 'end';
    const { dictionary, chunk } = this;
    chunk.f64[CHUNK_HEADER_SIZE >>> 3] = this.count;
    chunk.u32[(CHUNK_HEADER_SIZE + 8) >>> 2] =
      (dictionary.isLossy ? FLAG_LOSSY : 0) | (dictionary.hasStaleKeys ? FLAG_STALE_KEYS : 0);
    chunk.u32[(CHUNK_HEADER_SIZE + 12) >>> 2] = 0;
    return this.seal(CHUNK_END, CHUNK_HEADER_SIZE + END_SIZE);
  }

  private seal(kind: number, size: number): Uint8Array {
    const { bytes, u32 } = this.chunk;
    u32[0] = kind;
    u32[1] = size - CHUNK_HEADER_SIZE;
    u32[3] = 0;
    this.crc = crc32(bytes, CHUNK_HEADER_SIZE, size, crc32(bytes, 0, 8, this.crc));
    u32[2] = this.crc;
    return bytes.subarray(0, size);
  }

  /** Fills the chunk with blocks; answers its size. */
  private fill(): number {
    const { dictionary } = this;
    this.seek();
    let at = CHUNK_HEADER_SIZE;
    while (this.leaf !== 0 && at < CHUNK_HEADER_SIZE + this.chunk.chunkSize) {
      if (this.position < dictionary.leafCount(this.leaf)) at = this.block(at);
      else {
        this.leaf = dictionary.nextLeaf(this.leaf);
        this.position = 0;
      }
    }
    return at;
  }

  /** Changed since the last call: to the first row id behind the last one dumped. */
  private seek(): void {
    const { dictionary } = this;
    if (dictionary.version === this.version) return;
    this.version = dictionary.version;
    if (!this.hasLast) {
      this.leaf = dictionary.firstLeaf;
      this.position = 0;
      return;
    }
    // Row ids that the key gets while its list is being dumped may come in or not; one that it had may not be dumped twice.
    dictionary.locate(this.lastKey);
    this.leaf = dictionary.foundLeaf;
    this.position = dictionary.foundPosition;
    if (
      this.position === dictionary.leafCount(this.leaf) ||
      dictionary.compareAt(this.leaf, this.position, this.lastKey) !== 0
    ) {
      this.rowsFrom = 0;
      return;
    }
    this.rowsFrom = this.lastRow + 1;
  }

  /** Row ids below this of the entry at the place are dumped already. */
  private rowsFrom = 0;

  /** Keys of one leaf with their row ids; answers the end. */
  private block(start: number): number {
    const { dictionary, leaf } = this;
    const { lists } = dictionary;
    const first = this.position;
    const rest = dictionary.leafCount(leaf) - first;
    // Row ids are gathered apart: where they begin depends on the number of keys.
    let keys = 0;
    let rows = 0;
    while (keys < rest && rows < BLOCK_ROWS_MAX) {
      const position = first + keys;
      const posting = dictionary.postingAt(leaf, position);
      let got = 1;
      if (dictionary.isListAt(leaf, position)) {
        const max = BLOCK_ROWS_MAX - rows;
        got = this.rowsFrom > ROW_ID_MAX ? 0 : lists.read(posting, this.rowsFrom, rowScratch, rows, max);
        countScratch[keys++] = got;
        rows += got;
        if (got === max) {
          // It may go on.
          this.rowsFrom = rowScratch[rows - 1] + 1;
          break;
        }
      } else {
        if (posting < this.rowsFrom) got = 0;
        else rowScratch[rows] = posting;
        countScratch[keys++] = got;
        rows += got;
      }
      this.rowsFrom = 0;
      this.position++;
    }
    return this.writeBlock(start, first, keys, rows);
  }

  /** The gathered row ids, and their keys but for such without any. */
  private writeBlock(start: number, firstPosition: number, gathered: number, rows: number): number {
    const { dictionary, chunk, leaf } = this;
    const { u32 } = chunk;
    let keys = 0;
    for (let i = 0; i < gathered; i++) {
      if (countScratch[i] === 0) continue;
      positionScratch[keys] = firstPosition + i;
      countScratch[keys++] = countScratch[i];
    }
    if (keys === 0) return start;
    let at = (start + BLOCK_HEADER_SIZE) >>> 2;
    if (dictionary.arena === null) {
      for (let i = 0; i < keys; i++) chunk.f64[(at >>> 1) + i] = dictionary.numberAt(leaf, positionScratch[i]);
      at += keys * 2;
    }
    if (rows !== keys) for (let i = 0; i < keys; i++) u32[at++] = countScratch[i];
    u32.set(rowScratch.subarray(0, rows), at);
    at += rows;
    const slotsAt = at * 4;
    let end = slotsAt;
    if (dictionary.arena !== null) {
      for (let i = 0; i < keys; i++)
        end += dictionary.arena.copySlot(dictionary.refAt(leaf, positionScratch[i]), chunk.bytes, end);
    }
    u32[start >>> 2] = keys;
    u32[(start + 4) >>> 2] = rows;
    u32[(start + 8) >>> 2] = end - slotsAt;
    u32[(start + 12) >>> 2] = 0;
    if ((end & 4) !== 0) u32[end >>> 2] = 0;
    this.count += rows;
    dictionary.keyAt(leaf, positionScratch[keys - 1], this.lastKey);
    this.lastRow = rowScratch[rows - 1];
    this.hasLast = true;
    return (end + 7) & -8;
  }
}

const ROW_ID_MAX = 0xffffffff;
const rowScratch = new Uint32Array(BLOCK_ROWS_MAX);
const countScratch = new Uint32Array(NODE_CAPACITY);
const positionScratch = new Uint32Array(NODE_CAPACITY);
