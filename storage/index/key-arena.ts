/**
 * Key arena: the bytes of variable-length index keys, off the JavaScript heap.
 *
 * Memory is segments of 1 MB; a key's reference is its position in 8-byte units, counted over all segments (32 GB with
 * 32 bits). A key is stored as u16 length, then its bytes, in a slot rounded up to 8 bytes; a key never crosses a segment.
 * Freed slots go to a free list by size class and are used again by keys of that class. Reference 0 is never given out.
 */
import { assert } from '../../types/assert.ts';
import { IndexMemory } from './index-memory.ts';

const SEGMENT_SIZE_BITS = 20;
const SEGMENT_SIZE = 1 << SEGMENT_SIZE_BITS;
const UNIT_BITS = 3;
const UNITS_PER_SEGMENT_BITS = SEGMENT_SIZE_BITS - UNIT_BITS;
const UNITS_MASK = (1 << UNITS_PER_SEGMENT_BITS) - 1;

/** Longest key in bytes; longer ones are refused by whoever encodes them (54000, as PostgreSQL's index row size limit). */
export const KEY_SIZE_MAX = 2704;

/** Longer slots are copied natively. */
const COPY_BYTES_MAX = 64;

export class KeyArena {
  readonly #segments: Uint8Array[] = [new Uint8Array(SEGMENT_SIZE)];
  /** Next free unit; unit 0 is left unused so that 0 can mean "no key". */
  #nextUnit = 1;
  /** Free slots by size in units. */
  readonly #free: (number[] | undefined)[] = [];
  readonly #memory: IndexMemory;

  constructor(memory = new IndexMemory()) {
    this.#memory = memory;
    memory.arenaBytes += SEGMENT_SIZE;
  }

  /** Can this many keys of any length be stored in what is reserved? */
  hasRoomFor(keys: number): boolean {
    const left = (this.#segments.length << UNITS_PER_SEGMENT_BITS) - this.#nextUnit;
    return left >= (keys * (KEY_SIZE_MAX + 2 + 7)) >>> UNIT_BITS;
  }

  /** Bytes reserved for segments. */
  get sizeBytes(): number {
    return this.#segments.length * SEGMENT_SIZE;
  }

  /** Bytes of them that were given out, some of which may be free again. */
  get usedBytes(): number {
    return this.#nextUnit * (1 << UNIT_BITS);
  }

  /** Stores a copy of the key and answers its reference. */
  store(key: Uint8Array, length: number): number {
    assert(length <= KEY_SIZE_MAX, 'index key too long for the arena');
    const units = (length + 2 + 7) >>> UNIT_BITS;
    const free = this.#free[units];
    const ref = free !== undefined && free.length > 0 ? (free.pop() as number) : this.#take(units);
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    segment[start] = length & 255;
    segment[start + 1] = length >>> 8;
    for (let i = 0; i < length; i++) segment[start + 2 + i] = key[i];
    return ref;
  }

  #take(units: number): number {
    const left = (1 << UNITS_PER_SEGMENT_BITS) - (this.#nextUnit & UNITS_MASK);
    if (left < units) this.#nextUnit += left;
    if (this.#nextUnit >>> UNITS_PER_SEGMENT_BITS >= this.#segments.length) {
      this.#segments.push(new Uint8Array(SEGMENT_SIZE));
      this.#memory.arenaBytes += SEGMENT_SIZE;
    }
    const ref = this.#nextUnit;
    this.#nextUnit += units;
    return ref;
  }

  /** Gives the slot back; the reference must not be used any more. */
  release(ref: number): void {
    const units = (this.lengthOf(ref) + 2 + 7) >>> UNIT_BITS;
    (this.#free[units] ??= []).push(ref);
  }

  lengthOf(ref: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    return segment[start] | (segment[start + 1] << 8);
  }

  /** Sign of (stored key - given key), as unsigned bytes, shorter first. */
  compare(ref: number, key: Uint8Array, length: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const stored = segment[start] | (segment[start + 1] << 8);
    const common = stored < length ? stored : length;
    for (let i = 0; i < common; i++) {
      const difference = segment[start + 2 + i] - key[i];
      if (difference !== 0) return difference;
    }
    return stored - length;
  }

  /** For images: copies the key's slot (length, bytes, rounded up) to target[at..), which has room; answers its size. */
  copySlot(ref: number, target: Uint8Array, at: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const size = ((segment[start] | (segment[start + 1] << 8)) + 2 + 7) & -8;
    if (size > COPY_BYTES_MAX) target.set(segment.subarray(start, start + size), at);
    else for (let i = 0; i < size; i++) target[at + i] = segment[start + i];
    return size;
  }

  /**
   * For images: takes over `count` slots that lie one behind the other in source[start..end), at most a segment's size; their
   * references go to refs[at..). False: the slots are not what they should be.
   */
  appendSlots(source: Uint8Array, start: number, end: number, count: number, refs: Uint32Array, at: number): boolean {
    const units = (end - start) >>> UNIT_BITS;
    let ref = this.#take(units);
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    segment.set(source.subarray(start, end), (ref & UNITS_MASK) << UNIT_BITS);
    let from = start;
    for (let i = 0; i < count; i++) {
      if (from >= end) return false;
      const size = ((source[from] | (source[from + 1] << 8)) + 2 + 7) & -8;
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
    this.#free.length = 0;
  }

  /** Copies the key out; `target` must have room for KEY_SIZE_MAX bytes. Answers the length. */
  copyTo(ref: number, target: Uint8Array): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const length = segment[start] | (segment[start + 1] << 8);
    target.set(segment.subarray(start + 2, start + 2 + length));
    return length;
  }
}
