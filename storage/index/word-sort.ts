/**
 * Sorts triples of words, by the first two as one number of 64 bits, in slices: radix sort, least significant digit first, which is
 * stable. The third is what goes with them: a row id, or the number of an entry.
 *
 * Digits of 11 bits make six passes; those in which all triples agree are left out. Triples are in segments, so that nothing is
 * copied when there are more of them.
 */
import { mappedBuffer } from '../memory/index.ts';

const SEGMENT_BITS = 16;
const SEGMENT_TRIPLES = 1 << SEGMENT_BITS;
const SEGMENT_MASK = SEGMENT_TRIPLES - 1;
const WORDS = 3;
const SEGMENT_BYTES = SEGMENT_TRIPLES * WORDS * 4;
const DIGITS = 6;
const BUCKETS = 2048;
/** Triples of one step. */
const TRIPLES_AT_ONCE = 16384;

function newSegment(): Uint32Array {
  return new Uint32Array(mappedBuffer(SEGMENT_BYTES));
}

export class WordSort {
  count = 0;
  #segments: Uint32Array[] = [];
  #target: Uint32Array[] = [];
  /** Digit under way; -1: none yet, they are being counted; DIGITS: all are sorted. */
  #digit = -1;
  #at = 0;
  readonly #counts = Array.from({ length: DIGITS }, () => new Uint32Array(BUCKETS));
  readonly #next = new Uint32Array(BUCKETS);

  /** Bytes that it will need at most. */
  get sizeBytes(): number {
    return Math.ceil(this.count / SEGMENT_TRIPLES) * SEGMENT_BYTES * 2;
  }

  add(low: number, high: number, payload: number): void {
    const segment = this.count >>> SEGMENT_BITS;
    if (segment === this.#segments.length) this.#segments.push(newSegment());
    const words = this.#segments[segment];
    const at = (this.count++ & SEGMENT_MASK) * WORDS;
    words[at] = low;
    words[at + 1] = high;
    words[at + 2] = payload;
  }

  /** Empty again, for other triples; the memory is kept. */
  reset(): void {
    this.count = 0;
    this.#digit = -1;
    this.#at = 0;
    for (const counts of this.#counts) counts.fill(0);
  }

  /** Forgets all but the first `count`; before the first step. */
  truncate(count: number): void {
    this.count = count;
  }

  /** A millisecond of work; true when all are sorted. */
  step(): boolean {
    const end = Math.min(this.count, this.#at + TRIPLES_AT_ONCE);
    if (this.#digit < 0) this.#countDigits(end);
    else if (this.#digit < DIGITS) this.#scatter(end);
    else return true;
    this.#at = end;
    if (end === this.count) this.#nextDigit();
    return this.#digit === DIGITS;
  }

  #countDigits(end: number): void {
    for (let i = this.#at; i < end; i++) {
      const words = this.#segments[i >>> SEGMENT_BITS];
      const at = (i & SEGMENT_MASK) * WORDS;
      for (let digit = 0; digit < DIGITS; digit++) this.#counts[digit][digitOf(words, at, digit)]++;
    }
  }

  #scatter(end: number): void {
    const digit = this.#digit;
    const next = this.#next;
    for (let i = this.#at; i < end; i++) {
      const words = this.#segments[i >>> SEGMENT_BITS];
      const at = (i & SEGMENT_MASK) * WORDS;
      const to = next[digitOf(words, at, digit)]++;
      const target = this.#target[to >>> SEGMENT_BITS];
      const place = (to & SEGMENT_MASK) * WORDS;
      target[place] = words[at];
      target[place + 1] = words[at + 1];
      target[place + 2] = words[at + 2];
    }
  }

  /** The pass is done: to the next digit that tells triples apart. */
  #nextDigit(): void {
    if (this.#digit >= 0) {
      const sorted = this.#target;
      this.#target = this.#segments;
      this.#segments = sorted;
    } else while (this.#target.length < this.#segments.length) this.#target.push(newSegment());
    this.#at = 0;
    do this.#digit++;
    while (this.#digit < DIGITS && this.#counts[this.#digit].includes(this.count));
    if (this.#digit === DIGITS) return;
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#next[bucket] = sum;
      sum += this.#counts[this.#digit][bucket];
    }
  }

  lowAt(i: number): number {
    return this.#segments[i >>> SEGMENT_BITS][(i & SEGMENT_MASK) * WORDS];
  }

  highAt(i: number): number {
    return this.#segments[i >>> SEGMENT_BITS][(i & SEGMENT_MASK) * WORDS + 1];
  }

  payloadAt(i: number): number {
    return this.#segments[i >>> SEGMENT_BITS][(i & SEGMENT_MASK) * WORDS + 2];
  }
}

function digitOf(words: Uint32Array, at: number, digit: number): number {
  switch (digit) {
    case 0:
      return words[at] & 2047;
    case 1:
      return (words[at] >>> 11) & 2047;
    case 2:
      return words[at] >>> 22;
    case 3:
      return words[at + 1] & 2047;
    case 4:
      return (words[at + 1] >>> 11) & 2047;
    default:
      return words[at + 1] >>> 22;
  }
}
