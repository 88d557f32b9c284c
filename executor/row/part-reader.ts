/**
 * Parts of long values, without the rest: the chunks that hold some of its bytes, its number of characters.
 *
 *      stored as it was     byte n is in chunk n / CHUNK_SIZE: found through the index chunks above it
 *      compressed           byte n is in frame n / FRAME_SIZE; where that begins in the chunks, the headers of those before it say
 *      characters           counted block by block. A block is what a frame holds: FRAME_SIZE bytes, of text some bytes fewer, since
 *                           its writer ends frames at whole characters; so where a text's block begins is learnt by counting, too
 *
 * What has been learnt of a value (where frames begin, how many characters stand before a block) is kept for a second: whoever
 * asks begins its row again after PAGE_MISS, and often asks for the next part soon. Work goes in slices, as overflow-reader.ts has it;
 * a part that takes more than one is kept while it is filled.
 */
import { Buffer } from 'node:buffer';
import { type Heap, ROW_HEADER_SIZE, ROW_SLOT_BITS, type StorageEngine } from '../../storage/api.ts';
import { assert } from '../../types/assert.ts';
import { askForMissing, CHUNK_SIZE, chunkBase, dataChunkCount, INDEX_FANOUT } from './chunks.ts';
import {
  COMPRESSED,
  decompress,
  FRAME_SIZE,
  FRAME_STORED_MAX,
  frameSizeAt,
  IN_CHUNKS,
  LONG_HEADER_SIZE,
  type LongHeader,
  readFrame,
  readLongHeader,
} from './long-value.ts';

const SLICE_MS = 2;
/** Pages asked for ahead of who goes through a value from its beginning. */
const PREFETCH_MAX = 128;
/** Whole parts beyond these do not stay, but for the last. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
const KEPT_PARTS_MAX = 16;
const KEPT_VALUES_MAX = 256;
const KEPT_MS = 1000;

/** Bytes of a value from `from` on, as far as they have come. */
interface Part {
  readonly isText: boolean;
  readonly from: number;
  readonly bytes: Buffer;
  filled: number;
}

interface Known {
  readonly xid: number;
  readonly header: LongHeader;
  /** Row ids of the data chunks below the index chunk used last, the first of which is data chunk `leafStart`. */
  leaf: Uint32Array;
  leafStart: number;
  /** Compressed: where frame i begins in the stored bytes; known for as many as have been needed. */
  readonly frames: number[];
  /** Of a text: where block i begins, and how many characters begin before it; known for as many as have been needed. */
  readonly starts: number[];
  readonly characters: number[];
  /** The block that was read last, and the memory that it is in. */
  block: Buffer;
  readonly memory: Buffer;
  blockNo: number;
  /** Parts of more than one block, by place and length: what has come of them need not come again. */
  readonly parts: Map<string, Part>;
  usedAt: number;
}

const NO_BYTES = Buffer.alloc(0);
const frameHeader = Buffer.alloc(4);
const stored = Buffer.alloc(FRAME_STORED_MAX);

export class PartReader {
  readonly #engine: StorageEngine;
  readonly #heap: () => Heap;
  /** By root chunk, least recently used first. */
  readonly #known = new Map<number, Known>();
  #timer: NodeJS.Timeout | null = null;
  #sliceEnd = 0;
  #steps = 0;

  constructor(engine: StorageEngine, heap: () => Heap) {
    this.#engine = engine;
    this.#heap = heap;
  }

  /** Bytes of the long value whose header is at `start`. */
  octetLength(u8: Uint8Array, start: number): number {
    return readLongHeader(u8, start).length;
  }

  /** Its bytes from..to-1, within its length; the caller's own. Throws PAGE_MISS. */
  bytes(u8: Uint8Array, start: number, from: number, to: number): Uint8Array {
    const header = readLongHeader(u8, start);
    assert(from >= 0 && from <= to && to <= header.length, 'a part is within its value');
    if ((header.form & IN_CHUNKS) === 0) return inRow(u8, start, header).subarray(from, to);
    return this.#part(this.#open(header), false, from, to);
  }

  /** Characters of a text. Throws PAGE_MISS. */
  characterCount(u8: Uint8Array, start: number): number {
    const header = readLongHeader(u8, start);
    if ((header.form & IN_CHUNKS) === 0) return countCharacters(inRow(u8, start, header));
    const known = this.#open(header);
    while (known.starts[known.starts.length - 1] < header.length) this.#countBlock(known);
    return known.characters[known.characters.length - 1];
  }

  /** Characters from..to-1 of a text, as far as it has them: their bytes. Throws PAGE_MISS. */
  characters(u8: Uint8Array, start: number, from: number, to: number): Uint8Array {
    const header = readLongHeader(u8, start);
    if (to <= from) return NO_BYTES;
    if ((header.form & IN_CHUNKS) === 0) {
      const value = inRow(u8, start, header);
      const first = offsetOfCharacter(value, from);
      return value.subarray(first, first + offsetOfCharacter(value.subarray(first), to - from));
    }
    const known = this.#open(header);
    const first = this.#offsetOf(known, from);
    return this.#part(known, true, first, this.#offsetOf(known, to));
  }

  /** What is known of a value; a new slice begins. */
  #open(header: LongHeader): Known {
    this.#sliceEnd = performance.now() + SLICE_MS;
    // Another value may have been given the row id since: no two chunks in one place share their xid.
    const xid = this.#engine.pool.f64[chunkBase(this.#engine, this.#heap(), header.root) >>> 3];
    let known = this.#known.get(header.root);
    this.#known.delete(header.root);
    if (known === undefined || known.xid !== xid || known.header.length !== header.length) {
      known = {
        xid,
        header,
        leaf: header.levels === 0 ? Uint32Array.of(header.root) : new Uint32Array(0),
        leafStart: 0,
        frames: [0],
        starts: [0],
        characters: [0],
        block: NO_BYTES,
        memory: Buffer.allocUnsafe(Math.min(FRAME_SIZE, header.length)),
        blockNo: -1,
        parts: new Map(),
        usedAt: 0,
      };
    }
    known.usedAt = performance.now();
    this.#known.set(header.root, known);
    if (this.#known.size > KEPT_VALUES_MAX) this.#known.delete(this.#known.keys().next().value as number);
    this.#timer ??= setTimeout(this.#expire, KEPT_MS).unref();
    return known;
  }

  readonly #expire = (): void => {
    this.#timer = null;
    const before = performance.now() - KEPT_MS;
    for (const [root, known] of this.#known) if (known.usedAt <= before) this.#known.delete(root);
    if (this.#known.size > 0) this.#timer = setTimeout(this.#expire, KEPT_MS).unref();
  };

  /** After some work: throws PAGE_MISS if the slice is over. What is worth keeping has been kept. */
  #step(): void {
    if ((++this.#steps & 15) === 0 && performance.now() > this.#sliceEnd) this.#engine.pool.missUntilNextTurn();
  }

  #part(known: Known, isText: boolean, from: number, to: number): Uint8Array {
    const { parts } = known;
    if (Math.floor(from / FRAME_SIZE) >= Math.floor((to - 1) / FRAME_SIZE)) {
      const part = { isText, from, bytes: Buffer.allocUnsafe(to - from), filled: 0 };
      while (part.filled < part.bytes.length) this.#fill(known, part);
      return part.bytes;
    }
    const key = `${from} ${to}`;
    let part = parts.get(key);
    if (part === undefined) {
      part = { isText, from, bytes: Buffer.allocUnsafeSlow(to - from), filled: 0 };
      parts.set(key, part);
    }
    while (part.filled < part.bytes.length) {
      this.#fill(known, part);
      if (part.filled < part.bytes.length) this.#step();
    }
    let kept = 0;
    for (const { bytes } of parts.values()) kept += bytes.length;
    for (const [other, { bytes, filled }] of parts) {
      if (kept <= KEPT_BYTES_MAX && parts.size <= KEPT_PARTS_MAX) break;
      if (other === key || filled < bytes.length) continue;
      kept -= bytes.length;
      parts.delete(other);
    }
    return part.bytes;
  }

  /** The next bytes of a part: to the end of their chunk, or block. */
  #fill(known: Known, part: Part): void {
    const at = part.from + part.filled;
    const wanted = part.bytes.length - part.filled;
    if ((known.header.form & COMPRESSED) !== 0) {
      const blockNo = part.isText ? this.#textBlockAt(known, at) : Math.floor(at / FRAME_SIZE);
      const first = at - (part.isText ? known.starts[blockNo] : blockNo * FRAME_SIZE);
      const count = this.#block(known, blockNo).copy(part.bytes, part.filled, first, first + wanted);
      assert(count > 0, 'a block holds its part of the value');
      part.filled += count;
    } else part.filled += this.#copyStored(known, at, wanted, part.bytes, part.filled);
  }

  /** Copies stored bytes, at most to the end of their chunk; answers how many. */
  #copyStored(known: Known, at: number, wanted: number, target: Buffer, to: number): number {
    const chunk = Math.floor(at / CHUNK_SIZE);
    const first = at - chunk * CHUNK_SIZE;
    const count = Math.min(wanted, CHUNK_SIZE - first, known.header.storedLength - at);
    assert(count > 0, 'stored bytes are within their value');
    // Pages of one part, and of a value that is gone through, come together.
    const ahead = Math.ceil((first + wanted) / CHUNK_SIZE);
    const from = this.#dataChunk(known, chunk, ahead) + ROW_HEADER_SIZE + first;
    this.#engine.pool.bytes.copy(target, to, from, from + count);
    return count;
  }

  /** Byte offset of a data chunk in the pool. Throws PAGE_MISS: `ahead` chunks have been asked for. */
  #dataChunk(known: Known, chunk: number, ahead: number): number {
    const engine = this.#engine;
    const heap = this.#heap();
    if (chunk < known.leafStart || chunk >= known.leafStart + known.leaf.length) this.#findLeaf(known, chunk);
    const i = chunk - known.leafStart;
    const rowId = known.leaf[i];
    if (engine.pool.tryFrame(heap.pages, rowId >>> ROW_SLOT_BITS) < 0) {
      const window = Math.min(ahead, PREFETCH_MAX, Math.max(1, engine.pool.frameCount >>> 3));
      askForMissing(engine, heap, known.leaf.subarray(i, i + window));
    }
    return chunkBase(engine, heap, rowId);
  }

  #findLeaf(known: Known, chunk: number): void {
    const { header } = known;
    const { u32 } = this.#engine.pool;
    let rowId = header.root;
    let start = 0;
    for (let level = header.levels; level > 1; level--) {
      const span = INDEX_FANOUT ** (level - 1);
      const child = Math.floor((chunk - start) / span);
      const first = (chunkBase(this.#engine, this.#heap(), rowId) + ROW_HEADER_SIZE) >>> 2;
      rowId = u32[first + child];
      start += child * span;
    }
    const first = (chunkBase(this.#engine, this.#heap(), rowId) + ROW_HEADER_SIZE) >>> 2;
    known.leaf = u32.slice(first, first + Math.min(INDEX_FANOUT, dataChunkCount(header) - start));
    known.leafStart = start;
  }

  /** The bytes of a block; valid until the next is asked for. */
  #block(known: Known, blockNo: number): Buffer {
    if (known.blockNo === blockNo) return known.block;
    const { header } = known;
    known.blockNo = -1;
    let length = Math.min(FRAME_SIZE, header.length - blockNo * FRAME_SIZE);
    if ((header.form & COMPRESSED) !== 0) {
      const from = this.#frameStart(known, blockNo);
      const size = this.#frameStart(known, blockNo + 1) - from;
      for (let filled = 0; filled < size; ) {
        filled += this.#copyStored(known, from + filled, size - filled, stored, filled);
      }
      length = readFrame(stored, 0, size, known.memory, 0);
    } else {
      const from = blockNo * FRAME_SIZE;
      for (let filled = 0; filled < length; ) {
        filled += this.#copyStored(known, from + filled, length - filled, known.memory, filled);
      }
    }
    known.block = known.memory.subarray(0, length);
    known.blockNo = blockNo;
    return known.block;
  }

  /** Where a frame begins in the stored bytes; the end of all for the one behind the last. */
  #frameStart(known: Known, frame: number): number {
    const { frames, header } = known;
    while (frames.length <= frame) {
      const at = frames[frames.length - 1];
      for (let filled = 0; filled < 4; ) {
        filled += this.#copyStored(known, at + filled, 4 - filled, frameHeader, filled);
      }
      const next = at + frameSizeAt(frameHeader, 0, 4);
      assert(next <= header.storedLength, 'frames are whole');
      frames.push(next);
      this.#step();
    }
    return frames[frame];
  }

  /** Counts the first block that has not been counted yet. */
  #countBlock(known: Known): void {
    const { characters, starts } = known;
    const last = starts.length - 1;
    const block = this.#block(known, last);
    starts.push(starts[last] + block.length);
    characters.push(characters[last] + countCharacters(block));
    this.#step();
  }

  #textBlockAt(known: Known, at: number): number {
    while (known.starts[known.starts.length - 1] <= at) this.#countBlock(known);
    return lastAtMost(known.starts, at);
  }

  /** Offset of a character's first byte; the value's length if it has not so many. */
  #offsetOf(known: Known, character: number): number {
    const { header, starts, characters } = known;
    if (character >= header.length) return header.length;
    while (characters[characters.length - 1] <= character) {
      if (starts[starts.length - 1] === header.length) return header.length;
      this.#countBlock(known);
    }
    const blockNo = lastAtMost(characters, character);
    return starts[blockNo] + offsetOfCharacter(this.#block(known, blockNo), character - characters[blockNo]);
  }
}

/** Index of the last of the ascending numbers that is at most `limit`; the first is. */
function lastAtMost(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (numbers[middle] <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function inRow(u8: Uint8Array, start: number, header: LongHeader): Buffer {
  return decompress(
    Buffer.from(u8.buffer, u8.byteOffset + start + LONG_HEADER_SIZE, header.storedLength),
    header.length,
  );
}

/** Characters of UTF-8 that begin in these bytes. */
function countCharacters(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] & 0xc0) !== 0x80) count++;
  return count;
}

/** Offset of the character number `character`, from 0, of those that begin in these bytes; their length if there are fewer. */
function offsetOfCharacter(bytes: Uint8Array, character: number): number {
  let left = character;
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] & 0xc0) !== 0x80 && left-- === 0) return i;
  return bytes.length;
}
