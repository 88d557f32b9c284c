/**
 * Sorts (number key, row id) pairs for the building of an index, in slices: pairs added in the order of row ids come out ordered by key,
 * then row id. A number is the float64 as 64 bits that sort as unsigned numbers do; integers up to some millions need three passes.
 */
import { SEGMENT_MASK, type SortedRun } from './sorted-runs.ts';
import { WordSort } from './word-sort.ts';

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

/** The last words of `toWords`. */
export let lowWord = 0;
export let highWord = 0;

export function toWords(number: number): void {
  // Minus zero is zero.
  float[0] = number + 0;
  const high = floatWords[1];
  const isNegative = high >>> 31 !== 0;
  lowWord = isNegative ? ~floatWords[0] >>> 0 : floatWords[0];
  highWord = isNegative ? ~high >>> 0 : (high | 0x80000000) >>> 0;
}

export function fromWords(low: number, high: number): number {
  const isNegative = high >>> 31 === 0;
  floatWords[0] = isNegative ? ~low : low;
  floatWords[1] = isNegative ? ~high : high & 0x7fffffff;
  return float[0];
}

export class NumberSort {
  readonly #words = new WordSort();

  get count(): number {
    return this.#words.count;
  }

  /** Bytes that it will need at most. */
  get sizeBytes(): number {
    return this.#words.sizeBytes;
  }

  add(number: number, rowId: number): void {
    toWords(number);
    this.#words.add(lowWord, highWord, rowId);
  }

  /** Forgets all pairs but the first `count`; before the first step. */
  truncate(count: number): void {
    this.#words.truncate(count);
  }

  /** A millisecond of work; true when all are sorted. */
  step(): boolean {
    return this.#words.step();
  }

  numberAt(i: number): number {
    return fromWords(this.#words.lowAt(i), this.#words.highAt(i));
  }

  /** Adds the pair to the run, as NumberEntries. */
  putAside(i: number, run: SortedRun): void {
    const place = run.reserve(3);
    const target = run.segmentOf(place);
    const at = place & SEGMENT_MASK;
    target[at] = this.#words.payloadAt(i);
    target[at + 1] = this.#words.lowAt(i);
    target[at + 2] = this.#words.highAt(i);
  }

  rowAt(i: number): number {
    return this.#words.payloadAt(i);
  }
}
