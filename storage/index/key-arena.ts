/**
 * Key arena: the bytes of variable-length index keys, off the JavaScript heap.
 *
 * Memory is segments of 1 MB; a key's reference is its position in 4-byte units, counted over all segments (16 GB with
 * 32 bits). A slot is the key's length as u16, then its bytes, rounded up to 4 bytes; it never crosses a segment. Freed slots
 * go to a free list by size class and are used again by keys of that class. Reference 0 is never given out.
 *
 * A head is six bytes of a key as an integer, big endian, zero padded: 48 bits fit a double exactly and sort as the bytes do.
 * Ordered dictionaries keep heads in their entries, which decide most comparisons (ordered-dictionary.ts).
 */
import { assert } from '../../types/assert.ts';
import type { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';

const SEGMENT_SIZE_BITS = 20;
export const SEGMENT_SIZE = 1 << SEGMENT_SIZE_BITS;
/** The first segment starts with this and doubles: a thousand small indexes must not take a megabyte each. */
const FIRST_SEGMENT_SIZE = 4096;
const UNIT_BITS = 2;
const UNITS_PER_SEGMENT_BITS = SEGMENT_SIZE_BITS - UNIT_BITS;
const UNITS_MASK = (1 << UNITS_PER_SEGMENT_BITS) - 1;

/**
 * Longest key in bytes; longer ones are refused by whoever encodes them (54000). PostgreSQL's limit is 2,704 bytes of a value that was
 * compressed, which texts of two to three times that length fit in: keys are not compressed here. A node's keys must fit in a segment
 * (dictionary-image.ts), and a slot's length in 15 bits (slot-units.ts).
 */
export const KEY_SIZE_MAX = 8190;

const SLOT_UNITS_MAX = (KEY_SIZE_MAX + 2) >>> UNIT_BITS;
const FREE_SIZES_MIN = 64;

/** Bytes of a key that are in a head. */
export const HEAD_SIZE = 6;

/** Longer slots are copied natively. */
const COPY_BYTES_MAX = 64;

/** Bytes of the slot of a key of this length. */
export function slotSize(length: number): number {
  return (length + 2 + 3) & -4;
}

/** The head of a key from `skip` on. */
export function headOf(bytes: Uint8Array, skip: number, length: number): number {
  if (skip + HEAD_SIZE <= length) {
    return (
      ((bytes[skip] << 16) | (bytes[skip + 1] << 8) | bytes[skip + 2]) * 16777216 +
      ((bytes[skip + 3] << 16) | (bytes[skip + 4] << 8) | bytes[skip + 5])
    );
  }
  let head = 0;
  for (let i = skip; i < skip + HEAD_SIZE; i++) head = head * 256 + (i < length ? bytes[i] : 0);
  return head;
}

export class KeyArena {
  readonly #segments: Uint8Array[] = [new Uint8Array(FIRST_SEGMENT_SIZE)];
  /** Next free unit; unit 0 is left unused so that 0 can mean "no key". */
  #nextUnit = 1;
  /** First free slot by size in units, as far as some were freed, 0: none; a free slot's bytes are the reference of the next. */
  #free = new Uint32Array(FREE_SIZES_MIN);
  /** Of what was stored. */
  #unitsMax = 0;
  readonly #memory: IndexMemory;

  constructor(memory = new IndexMemory()) {
    this.#memory = memory;
    memory.arenaBytes += FIRST_SEGMENT_SIZE;
  }

  /** Can a key of this length, and `copies` of keys that are there, be stored in what is reserved? */
  hasRoomFor(length: number, copies: number): boolean {
    const left = (this.sizeBytes >>> UNIT_BITS) - this.#nextUnit;
    return left >= (slotSize(length) >>> UNIT_BITS) + copies * this.#unitsMax;
  }

  /** Bytes reserved for segments. */
  get sizeBytes(): number {
    return (this.#segments.length - 1) * SEGMENT_SIZE + this.#segments[0].length;
  }

  /** Bytes of them that were given out, some of which may be free again. */
  get usedBytes(): number {
    return this.#nextUnit * (1 << UNIT_BITS);
  }

  /** Stores a copy of the key's bytes and answers its reference. */
  store(key: Uint8Array, length: number): number {
    assert(length <= KEY_SIZE_MAX, 'index key too long for the arena');
    const units = slotSize(length) >>> UNIT_BITS;
    const ref = this.#slot(units);
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    segment[start] = length & 255;
    segment[start + 1] = length >>> 8;
    if (length > COPY_BYTES_MAX) segment.set(key.subarray(0, length), start + 2);
    else for (let i = 0; i < length; i++) segment[start + 2 + i] = key[i];
    return ref;
  }

  #slot(units: number): number {
    if (units > this.#unitsMax) this.#unitsMax = units;
    const free = units < this.#free.length ? this.#free[units] : 0;
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
      this.#segments.push(new Uint8Array(this.#memory.allocate(SEGMENT_SIZE)));
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
    if (units >= this.#free.length) this.#growFree(units);
    const next = this.#free[units];
    for (let i = 0; i < 4; i++) segment[start + i] = next >>> (i * 8);
    this.#free[units] = ref;
  }

  #growFree(units: number): void {
    const grown = new Uint32Array(Math.max(units + 1, this.#free.length * 2));
    grown.set(this.#free);
    this.#free = grown;
  }

  /** Length of the whole key. */
  lengthOf(ref: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    return segment[start] | (segment[start + 1] << 8);
  }

  /** The key's head from `skip` on. */
  headAt(ref: number, skip: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const end = start + 2 + (segment[start] | (segment[start + 1] << 8));
    return headOf(segment, start + 2 + skip, end);
  }

  /** Sign of (stored key - given key) for keys that agree before `from`, as unsigned bytes, shorter first. */
  compare(ref: number, key: Uint8Array, length: number, from: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const stored = segment[start] | (segment[start + 1] << 8);
    const common = stored < length ? stored : length;
    for (let i = from; i < common; i++) {
      const difference = segment[start + 2 + i] - key[i];
      if (difference !== 0) return difference;
    }
    return stored - length;
  }

  /** Sign of (stored key - given key) by their first `size` bytes, of which the stored key has as many. */
  comparePrefix(ref: number, key: Uint8Array, length: number, size: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const at = ((ref & UNITS_MASK) << UNIT_BITS) + 2;
    const common = size < length ? size : length;
    for (let i = 0; i < common; i++) {
      const difference = segment[at + i] - key[i];
      if (difference !== 0) return difference;
    }
    return size - common;
  }

  /** How many bytes two keys agree in, at most `max`. */
  commonLength(ref: number, other: number, max = KEY_SIZE_MAX): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    const start = (ref & UNITS_MASK) << UNIT_BITS;
    const otherSegment = this.#segments[other >>> UNITS_PER_SEGMENT_BITS];
    const otherStart = (other & UNITS_MASK) << UNIT_BITS;
    const end = Math.min(max, this.lengthOf(ref), this.lengthOf(other));
    for (let i = 0; i < end; i++) if (segment[start + 2 + i] !== otherSegment[otherStart + 2 + i]) return i;
    return end;
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

  /** For images: sign of (stored key - key of the slot at source[at..)). */
  compareSlot(ref: number, source: Uint8Array, at: number): number {
    const segment = this.#segments[ref >>> UNITS_PER_SEGMENT_BITS];
    return compareSlots(segment, (ref & UNITS_MASK) << UNIT_BITS, source, at);
  }

  /**
   * For images: takes over `count` slots that lie one behind the other in source[start..end), at most a segment's size; their
   * references go to refs[at..). False: the slots are not what they should be.
   */
  appendSlots(source: Uint8Array, start: number, end: number, count: number, refs: Uint32Array, at: number): boolean {
    if (count === 0) return start === end;
    const units = (end - start) >>> UNIT_BITS;
    if (units > this.#unitsMax) this.#unitsMax = Math.min(units, SLOT_UNITS_MAX);
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
    this.#unitsMax = 0;
  }

  /** Copies the key out; `target` must have room for it. Answers the length. */
  copyTo(ref: number, target: Uint8Array): number {
    return copySlotKey(this.#segments[ref >>> UNITS_PER_SEGMENT_BITS], (ref & UNITS_MASK) << UNIT_BITS, target);
  }
}

/** Writes the slot of a key to target[at..), which has room; answers its end. */
export function writeSlot(key: Uint8Array, length: number, target: Uint8Array, at: number): number {
  const end = at + slotSize(length);
  target[at] = length & 255;
  target[at + 1] = length >>> 8;
  if (length > COPY_BYTES_MAX) target.set(key.subarray(0, length), at + 2);
  else for (let i = 0; i < length; i++) target[at + 2 + i] = key[i];
  for (let i = at + 2 + length; i < end; i++) target[i] = 0;
  return end;
}

/** The key of the slot at source[at..). */
export function readSlot(source: Uint8Array, at: number, key: IndexKey): void {
  key.length = 0;
  key.reserve(source[at] | (source[at + 1] << 8));
  key.length = copySlotKey(source, at, key.bytes);
}

function copySlotKey(source: Uint8Array, at: number, target: Uint8Array): number {
  const length = source[at] | (source[at + 1] << 8);
  if (length > COPY_BYTES_MAX) target.set(source.subarray(at + 2, at + 2 + length));
  else for (let i = 0; i < length; i++) target[i] = source[at + 2 + i];
  return length;
}

/** Sign of (key of the one slot - key of the other), as unsigned bytes, shorter first. */
export function compareSlots(a: Uint8Array, atA: number, b: Uint8Array, atB: number): number {
  const lengthA = a[atA] | (a[atA + 1] << 8);
  const lengthB = b[atB] | (b[atB + 1] << 8);
  const common = lengthA < lengthB ? lengthA : lengthB;
  for (let i = 2; i < common + 2; i++) {
    const difference = a[atA + i] - b[atB + i];
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
