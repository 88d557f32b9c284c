/**
 * Sorts (number key, row id) pairs for the building of an index, in slices: radix sort, least significant digit first, which is
 * stable, so that pairs added in the order of row ids come out ordered by key, then row id.
 *
 * A pair is three words: the float64 as 64 bits that sort as unsigned numbers do, then the row id. Digits of 11 bits make six passes;
 * those in which all pairs agree are left out: integers up to some millions need three. Pairs are in segments, so that nothing is
 * copied when there are more of them.
 */
const SEGMENT_BITS = 16;
const SEGMENT_PAIRS = 1 << SEGMENT_BITS;
const SEGMENT_MASK = SEGMENT_PAIRS - 1;
const WORDS = 3;
const DIGITS = 6;
const BUCKETS = 2048;
/** Pairs of one step. */
const PAIRS_AT_ONCE = 16384;

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

export class NumberSort {
  count = 0;
  #segments: Uint32Array[] = [];
  #target: Uint32Array[] = [];
  /** Digit under way: DIGITS = none yet, the pairs are being counted. */
  #digit = -1;
  #at = 0;
  readonly #counts = Array.from({ length: DIGITS }, () => new Uint32Array(BUCKETS));
  readonly #next = new Uint32Array(BUCKETS);

  /** Bytes that it will need at most. */
  get sizeBytes(): number {
    return Math.ceil(this.count / SEGMENT_PAIRS) * SEGMENT_PAIRS * WORDS * 4 * 2;
  }

  add(number: number, rowId: number): void {
    const segment = this.count >>> SEGMENT_BITS;
    if (segment === this.#segments.length) this.#segments.push(new Uint32Array(SEGMENT_PAIRS * WORDS));
    const words = this.#segments[segment];
    const at = (this.count++ & SEGMENT_MASK) * WORDS;
    // Minus zero is zero.
    float[0] = number + 0;
    const high = floatWords[1];
    const isNegative = high >>> 31 !== 0;
    words[at] = isNegative ? ~floatWords[0] : floatWords[0];
    words[at + 1] = isNegative ? ~high : high | 0x80000000;
    words[at + 2] = rowId;
  }

  /** Forgets all pairs but the first `count`; before the first step. */
  truncate(count: number): void {
    this.count = count;
  }

  /** A millisecond of work; true when all are sorted. */
  step(): boolean {
    const end = Math.min(this.count, this.#at + PAIRS_AT_ONCE);
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

  /** The pass is done: to the next digit that tells pairs apart. */
  #nextDigit(): void {
    if (this.#digit >= 0) {
      const sorted = this.#target;
      this.#target = this.#segments;
      this.#segments = sorted;
    } else this.#target = this.#segments.map(() => new Uint32Array(SEGMENT_PAIRS * WORDS));
    this.#at = 0;
    do this.#digit++;
    while (this.#digit < DIGITS && this.#counts[this.#digit].includes(this.count));
    if (this.#digit === DIGITS) {
      this.#target = [];
      return;
    }
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#next[bucket] = sum;
      sum += this.#counts[this.#digit][bucket];
    }
  }

  numberAt(i: number): number {
    const words = this.#segments[i >>> SEGMENT_BITS];
    const at = (i & SEGMENT_MASK) * WORDS;
    const high = words[at + 1];
    const isNegative = high >>> 31 === 0;
    floatWords[0] = isNegative ? ~words[at] : words[at];
    floatWords[1] = isNegative ? ~high : high & 0x7fffffff;
    return float[0];
  }

  rowAt(i: number): number {
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
