/**
 * Terms: what an inverted index knows a row by. One row gives many; each is a key of the index's dictionary, whose posting list
 * holds the row ids.
 *
 * A dictionary has number keys when the terms of all its columns are small numbers, and byte keys otherwise:
 *
 *      byte key     [ column, if there are several ] [ kind ] [ content of the term ]
 *      number key   column * 2^46 + kind             for the marks
 *                   column * 2^46 + 8 + payload      for terms; payload < 2^45
 *
 * Marks stand for what has no terms (as PostgreSQL's GIN placeholders do): the value is NULL, it is empty, an element of it is
 * NULL. With them each row has at least one key per column, so that "all rows with a value" is a range of the dictionary.
 */
import { HEAD_SIZE, headOf, IndexKey } from '../../storage/api.ts';

/** The value is NULL: below everything else of its column. */
export const KIND_NULL = 0;
/** The value has no terms. */
export const KIND_EMPTY = 1;
/** An element of the value is NULL. */
export const KIND_NULL_ELEMENT = 2;
/** A term; extractors with terms of several kinds go on counting from here. */
export const KIND_TERM = 3;

const COLUMN_STEP = 2 ** 46;
const PAYLOAD_START = 8;
/** Payloads of number keys are below. */
export const PAYLOAD_LIMIT = 2 ** 45;

/** Takes terms; the key is the caller's to use again. */
export interface TermSink {
  add(key: IndexKey): void;
}

/** Where extractors write terms: makes keys of them, and hands them on. */
export class TermWriter {
  readonly key = new IndexKey();
  readonly #hasByteKeys: boolean;
  readonly #isMultiColumn: boolean;
  #sink: TermSink = NO_SINK;
  #column = 0;
  /** Keys since the column was started. */
  #count = 0;

  constructor(hasByteKeys: boolean, isMultiColumn: boolean) {
    this.#hasByteKeys = hasByteKeys;
    this.#isMultiColumn = isMultiColumn;
  }

  startColumn(column: number, sink: TermSink): void {
    this.#column = column;
    this.#sink = sink;
    this.#count = 0;
  }

  /** Whether the column's value has given a key. */
  get hasKeys(): boolean {
    return this.#count > 0;
  }

  /** Byte keys: begins a term; its content goes to `key`. */
  begin(kind: number): IndexKey {
    const { key } = this;
    key.length = 0;
    if (this.#isMultiColumn) key.uint8(this.#column);
    key.uint8(kind);
    return key;
  }

  /** Ends the term that was begun. */
  end(): void {
    this.#emit();
  }

  /** A term that is a number below PAYLOAD_LIMIT. */
  number(payload: number): void {
    const { key } = this;
    if (this.#hasByteKeys) {
      this.begin(KIND_TERM);
      key.int16(Math.floor(payload / 4294967296));
      key.int32(payload | 0);
      this.end();
      return;
    }
    key.length = 0;
    key.number = this.#column * COLUMN_STEP + PAYLOAD_START + payload;
    this.#emit();
  }

  mark(kind: number): void {
    const { key } = this;
    if (this.#hasByteKeys) {
      this.begin(kind);
    } else {
      key.length = 0;
      key.number = this.#column * COLUMN_STEP + kind;
    }
    this.#emit();
  }

  /**
   * Bounds of all keys of the column's rows that have a value: from `lower` (inclusive) to `upper` (exclusive; false: there is
   * nothing above).
   */
  boundsOfColumn(column: number, lower: IndexKey, upper: IndexKey): boolean {
    if (!this.#hasByteKeys) {
      lower.number = column * COLUMN_STEP + KIND_EMPTY;
      upper.number = (column + 1) * COLUMN_STEP;
      return true;
    }
    lower.length = 0;
    upper.length = 0;
    if (this.#isMultiColumn) {
      lower.uint8(column);
      upper.uint8(column + 1);
    }
    lower.uint8(KIND_EMPTY);
    return this.#isMultiColumn;
  }

  #emit(): void {
    this.#count++;
    this.#sink.add(this.key);
  }
}

const NO_SINK: TermSink = { add: () => {} };

/** Terms copied out, for queries. */
export class TermList implements TermSink {
  readonly keys: IndexKey[] = [];

  add(key: IndexKey): void {
    if (this.keys.some((known) => known.equals(key))) return;
    const copy = new IndexKey();
    copy.copyFrom(key);
    this.keys.push(copy);
  }
}

const FIRST_SLOTS = 64;

/**
 * A set of terms, numbered in the order in which they came. Open addressing over typed arrays; used again and again, so that the
 * terms of a row are collected without making anything.
 */
export class TermSet implements TermSink {
  count = 0;
  /** Per term: number (or the head of the bytes), and where its bytes are. */
  numbers = new Float64Array(FIRST_SLOTS >>> 1);
  #starts = new Float64Array(FIRST_SLOTS >>> 1);
  #lengths = new Uint16Array(FIRST_SLOTS >>> 1);
  #hashes = new Int32Array(FIRST_SLOTS >>> 1);
  /** Slot -> term + 1; 0: free. */
  #slots = new Int32Array(FIRST_SLOTS);
  #bytes = Buffer.allocUnsafeSlow(1024);
  #bytesUsed = 0;

  /** Bytes reserved. */
  get sizeBytes(): number {
    return this.#slots.byteLength + this.numbers.byteLength * 2 + this.#lengths.byteLength * 3 + this.#bytes.length;
  }

  clear(): void {
    this.count = 0;
    this.#bytesUsed = 0;
    this.#slots.fill(0);
  }

  add(key: IndexKey): void {
    this.indexOf(key, true);
  }

  has(key: IndexKey): boolean {
    return this.indexOf(key, false) >= 0;
  }

  /** The term's number, or -1; `adds`: it gets one. */
  indexOf(key: IndexKey, adds: boolean): number {
    const { bytes, length } = key;
    const number = length === 0 ? key.number : headOf(bytes, 0, length);
    const hash = hashKey(number, bytes, length);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const term = slots[slot] - 1;
      if (term < 0) {
        if (!adds) return -1;
        slots[slot] = this.count + 1;
        return this.#append(number, bytes, length, hash);
      }
      if (this.#hashes[term] === hash && this.#equals(term, number, bytes, length)) return term;
    }
  }

  #equals(term: number, number: number, bytes: Uint8Array, length: number): boolean {
    if (this.numbers[term] !== number || this.#lengths[term] !== length) return false;
    const own = this.#bytes;
    const start = this.#starts[term];
    // The head was compared with the number.
    for (let i = HEAD_SIZE; i < length; i++) if (own[start + i] !== bytes[i]) return false;
    return true;
  }

  #append(number: number, bytes: Uint8Array, length: number, hash: number): number {
    const term = this.count++;
    if (term >= this.numbers.length) this.#grow();
    if (this.#bytesUsed + length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#bytesUsed + length));
      grown.set(this.#bytes.subarray(0, this.#bytesUsed));
      this.#bytes = grown;
    }
    const start = this.#bytesUsed;
    const own = this.#bytes;
    for (let i = 0; i < length; i++) own[start + i] = bytes[i];
    this.numbers[term] = number;
    this.#starts[term] = start;
    this.#lengths[term] = length;
    this.#hashes[term] = hash;
    this.#bytesUsed = start + length;
    if (this.count * 2 > this.#slots.length) this.#rehash();
    return term;
  }

  #grow(): void {
    const capacity = this.numbers.length * 2;
    const grow = <T extends Float64Array | Uint16Array | Int32Array>(from: T, to: T): T => {
      to.set(from as never);
      return to;
    };
    this.numbers = grow(this.numbers, new Float64Array(capacity));
    this.#starts = grow(this.#starts, new Float64Array(capacity));
    this.#lengths = grow(this.#lengths, new Uint16Array(capacity));
    this.#hashes = grow(this.#hashes, new Int32Array(capacity));
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let term = 0; term < this.count; term++) {
      let slot = this.#hashes[term] & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = term + 1;
    }
    this.#slots = slots;
  }

  /** Copies a term to `key`. */
  read(term: number, key: IndexKey): void {
    const length = this.#lengths[term];
    key.length = 0;
    key.reserve(length);
    const { bytes } = key;
    const own = this.#bytes;
    const start = this.#starts[term];
    for (let i = 0; i < length; i++) bytes[i] = own[start + i];
    key.length = length;
    key.number = length === 0 ? this.numbers[term] : 0;
  }

  lengthOf(term: number): number {
    return this.#lengths[term];
  }

  /** Sign of (term a - term b), in the dictionary's order. */
  compare(a: number, b: number): number {
    const difference = this.numbers[a] - this.numbers[b];
    if (difference !== 0) return difference;
    const own = this.#bytes;
    const common = Math.min(this.#lengths[a], this.#lengths[b]);
    const [x, y] = [this.#starts[a], this.#starts[b]];
    for (let i = HEAD_SIZE; i < common; i++) {
      const order = own[x + i] - own[y + i];
      if (order !== 0) return order;
    }
    return this.#lengths[a] - this.#lengths[b];
  }
}

function hashKey(number: number, bytes: Uint8Array, length: number): number {
  let hash = Math.imul(number | 0, 0x9e3779b1) ^ Math.imul((number / 4294967296) | 0, 0x85ebca6b);
  for (let i = HEAD_SIZE; i < length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
