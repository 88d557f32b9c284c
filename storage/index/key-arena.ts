/**
 * Key arena: the bytes of variable-length index keys from the seventh on, off the JavaScript heap. The first six are in the
 * dictionary's entry, as a number (`bytePrefix`): they decide most comparisons, and need not be kept twice.
 *
 * Memory is segments of 1 MB; a key's reference is its position in 4-byte units, counted over all segments (16 GB with
 * 32 bits). A slot is the whole key's length as u16, then its bytes from the seventh on, rounded up to 4 bytes; it never
 * crosses a segment. Freed slots go to a free list by size class and are used again by keys of that class. Reference 0 is
 * never given out.
 */
import { assert } from '../../types/assert.ts';
import type { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';

const SEGMENT_SIZE_BITS = 20;
const SEGMENT_SIZE = 1 << SEGMENT_SIZE_BITS;
/** The first segment starts with this and doubles: a thousand small indexes must not take a megabyte each. */
const FIRST_SEGMENT_SIZE = 4096;
const UNIT_BITS = 2;
const UNITS_PER_SEGMENT_BITS = SEGMENT_SIZE_BITS - UNIT_BITS;
const UNITS_MASK = (1 << UNITS_PER_SEGMENT_BITS) - 1;

/** Longest key in bytes; longer ones are refused by whoever encodes them (54000, as PostgreSQL's index row size limit). */
export const KEY_SIZE_MAX = 2704;

/** Bytes of a key that are in `number`. */
export const PREFIX_SIZE = 6;

/** Longer slots are copied natively. */
const COPY_BYTES_MAX = 64;

/** Bytes of the slot of a key of this length. */
export function slotSize(length: number): number {
  return length <= PREFIX_SIZE ? 4 : (length - PREFIX_SIZE + 2 + 3) & -4;
}

export class KeyArena {
  readonly #segments: Uint8Array[] = [new Uint8Array(FIRST_SEGMENT_SIZE)];
  /** Next free unit; unit 0 is left unused so that 0 can mean "no key". */
  #nextUnit = 1;
  /** First free slot by size in units, 0: none; a free slot's bytes are the reference of the next. */
  readonly #free = new Uint32Array((slotSize(KEY_SIZE_MAX) >>> UNIT_BITS) + 1);
  readonly #memory: IndexMemory;

  constructor(memory = new IndexMemory()) {
    this.#memory = memory;
    memory.arenaBytes += FIRST_SEGMENT_SIZE;
  }

  /** Can this many keys of any length be stored in what is reserved? */
  hasRoomFor(keys: number): boolean {
    const left = (this.sizeBytes >>> UNIT_BITS) - this.#nextUnit;
    return left >= keys * (slotSize(KEY_SIZE_MAX) >>> UNIT_BITS);
  }

  /** Bytes reserved for segments. */
  get sizeBytes(): number {
    return (this.#segments.length - 1) * SEGMENT_SIZE + this.#segments[0].length;
  }

  /** Bytes of them that were given out, some of which may be free again. */
  get usedBytes(): number {
    return this.#nextUnit * (1 << UNIT_BITS);
  }

  /** Stores a copy of the key's bytes from the seventh on and answers its reference. */
  store(key: Uint8Array, length: number): number {
    assert(length <= KEY_SIZE_MAX, 'index key too long for the arena');
    const units = slotSize(length) >>> UNIT_BITS;
    const ref = this.#slot(units);
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    segment[start] = length & 255;
    segment[start + 1] = length >>> 8;
    const from = start + 2 - PREFIX_SIZE;
    for (let i = PREFIX_SIZE; i < length; i++) segment[from + i] = key[i];
    return ref;
  }

  #slot(units: number): number {
    const free = this.#free[units];
    if (free === 0) return this.#take(units);
    const segment = this.#segments[free >>> UNITS_PER_SEGMENT_BITS];
    const start = (free & UNITS_MASK) << UNIT_BITS;
    this.#free[units] =
      segment[start] | (segment[start + 1] << 8) | (segment[start + 2] << 16) | (segment[start + 3] << 24);
    return free;
  }

  #take(units: number): number {
    const left = (1 << UNITS_PER_SEGMENT_BITS) - (this.#nextUnit & UNITS_MASK);
    if (left < units) this.#nextUnit += left;
    const ref = this.#nextUnit;
    this.#nextUnit += units;
    const last = (this.#nextUnit - 1) >>> UNITS_PER_SEGMENT_BITS;
    if (last === 0) this.#growFirst(this.#nextUnit << UNIT_BITS);
    while (last >= this.#segments.length) {
      this.#segments.push(new Uint8Array(SEGMENT_SIZE));
      this.#memory.arenaBytes += SEGMENT_SIZE;
    }
    return ref;
  }

  #growFirst(bytes: number): void {
    const first = this.#segments[0];
    if (bytes <= first.length) return;
    let size = first.length * 2;
    while (size < bytes) size *= 2;
    this.#segments[0] = new Uint8Array(size);
    this.#segments[0].set(first);
    this.#memory.arenaBytes += size - first.length;
  }

  /** Stores the same key once more. */
  copy(ref: number): number {
    const length = this.lengthOf(ref);
    const units = slotSize(length) >>> UNIT_BITS;
    const copied = this.#slot(units);
    // After #slot, which may replace the first segment.
    const source = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    this.#segments[copied >>> UNITS_PER_SEGMENT_BITS].set(
      source.subarray(start, start + (units << UNIT_BITS)),
      (copied & UNITS_MASK) << UNIT_BITS,
    );
    return copied;
  }

  /** Gives the slot back; the reference must not be used any more. */
  release(ref: number): void {
    const units = slotSize(this.lengthOf(ref)) >>> UNIT_BITS;
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const next = this.#free[units];
    for (let i = 0; i < 4; i++) segment[start + i] = next >>> (i * 8);
    this.#free[units] = ref;
  }

  /** Length of the whole key. */
  lengthOf(ref: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    return segment[start] | (segment[start + 1] << 8);
  }

  /** Sign of (stored key - given key) for keys that agree in their first six bytes, as unsigned bytes, shorter first. */
  compare(ref: number, key: Uint8Array, length: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const stored = segment[start] | (segment[start + 1] << 8);
    const common = stored < length ? stored : length;
    const from = start + 2 - PREFIX_SIZE;
    for (let i = PREFIX_SIZE; i < common; i++) {
      const difference = segment[from + i] - key[i];
      if (difference !== 0) return difference;
    }
    return stored - length;
  }

  /** Whether the stored key, which agrees with the prefix in its first six bytes (or as many as that has), begins with it. */
  startsWith(ref: number, prefix: Uint8Array, length: number): boolean {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    if ((segment[start] | (segment[start + 1] << 8)) < length) return false;
    const from = start + 2 - PREFIX_SIZE;
    for (let i = PREFIX_SIZE; i < length; i++) if (segment[from + i] !== prefix[i]) return false;
    return true;
  }

  /** For images: copies the key's slot to target[at..), which has room; answers its size. */
  copySlot(ref: number, target: Uint8Array, at: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const size = slotSize(segment[start] | (segment[start + 1] << 8));
    if (size > COPY_BYTES_MAX) target.set(segment.subarray(start, start + size), at);
    else for (let i = 0; i < size; i++) target[at + i] = segment[start + i];
    return size;
  }

  /** For images: whether the slot at source[at..) is the key's. */
  isSlot(ref: number, source: Uint8Array, at: number): boolean {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const length = segment[start] | (segment[start + 1] << 8);
    const end = length <= PREFIX_SIZE ? 2 : length - PREFIX_SIZE + 2;
    for (let i = 0; i < end; i++) if (segment[start + i] !== source[at + i]) return false;
    return true;
  }

  /**
   * For images: takes over `count` slots that lie one behind the other in source[start..end), at most a segment's size; their
   * references go to refs[at..). False: the slots are not what they should be.
   */
  appendSlots(source: Uint8Array, start: number, end: number, count: number, refs: Uint32Array, at: number): boolean {
    if (count === 0) return start === end;
    const units = (end - start) >>> UNIT_BITS;
    let ref = this.#take(units);
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    segment.set(source.subarray(start, end), (ref & UNITS_MASK) << UNIT_BITS);
    let from = start;
    for (let i = 0; i < count; i++) {
      if (from >= end) return false;
      const size = slotSize(source[from] | (source[from + 1] << 8));
      refs[at + i] = ref;
      ref += size >>> UNIT_BITS;
      from += size;
    }
    return from === end;
  }

  /** Forgets all keys. */
  clear(): void {
    this.#memory.arenaBytes -= (this.#segments.length - 1) * SEGMENT_SIZE;
    this.#segments.length = 1;
    this.#nextUnit = 1;
    this.#free.fill(0);
  }

  /** Copies the whole key out, given its prefix; `target` must have room for KEY_SIZE_MAX bytes. Answers the length. */
  copyTo(ref: number, prefix: number, target: Uint8Array): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const length = segment[start] | (segment[start + 1] << 8);
    writePrefix(prefix, length, target);
    if (length > PREFIX_SIZE) target.set(segment.subarray(start + 2, start + 2 + length - PREFIX_SIZE), PREFIX_SIZE);
    return length;
  }
}

/** For images: completes a key, whose number is set, with what the slot at source[at..) has. */
export function readSlot(source: Uint8Array, at: number, key: IndexKey): void {
  const length = source[at] | (source[at + 1] << 8);
  key.length = 0;
  key.reserve(length);
  writePrefix(key.number, length, key.bytes);
  for (let i = PREFIX_SIZE; i < length; i++) key.bytes[i] = source[at + 2 + i - PREFIX_SIZE];
  key.length = length;
}

/** The first six bytes of a key, or as many as it has. */
function writePrefix(prefix: number, length: number, target: Uint8Array): void {
  let high = Math.floor(prefix / 16777216);
  let low = prefix - high * 16777216;
  for (let i = 2; i >= 0; i--) {
    if (i < length) target[i] = high & 255;
    if (i + 3 < length) target[i + 3] = low & 255;
    high >>>= 8;
    low >>>= 8;
  }
}
