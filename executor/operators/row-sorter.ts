/**
 * Sorts row numbers by keys that stand in columns, in steps, so that a million rows do not hold up the engine.
 *
 * Comparing values is what sorting costs, so beyond a few rows they are compared as rarely as can be. A range of rows that are equal so far is
 * sorted by 64-bit prefixes of its next key (key-prefix.ts), by radix, least significant byte first, leaving out bytes that are the
 * same everywhere. Rows whose prefixes are equal are a range again: of the next key, if the prefix is all of the value; of the same
 * text behind what its rows have in common; otherwise of rows that are compared.
 *
 *      range --nulls apart--> range --prefixes, radix--> runs of equal prefixes --> ranges ...
 *
 * Rows that come in order already are left alone. Ranges of a few rows are sorted by comparing (quicksort.ts), and so are keys of types that have no prefix (a merge sort, bottom up, over
 * runs that Array.prototype.sort makes).
 *
 * Rows of equal keys come out in the order in which PostgreSQL's quicksort leaves them, up to QUICKSORT_MAX rows: a few rows are sorted
 * by it, and where more have ties, it runs over their ranks once these are known. Sorts of more rows, and runs of those that spill, are
 * stable.
 *
 * After: Knuth, The Art of Computer Programming, volume 3, 5.2.5; the prefixes are PostgreSQL's abbreviated keys (sortsupport.h).
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Columns } from '../batch.ts';
import { giveArray, takeArray } from '../scratch-memory.ts';
import type { RowOrder } from '../spill/run-merge.ts';
import { type KeyPrefix, PREFIX_ALL, PREFIX_NONE, Prefixes, sharedLength } from './key-prefix.ts';
import { QUICKSORT_MAX, quicksort, quicksortBy } from './quicksort.ts';

/** A key of the order. */
export interface SorterKey {
  /** The column it stands in. */
  readonly column: number;
  readonly prefix: KeyPrefix;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** What a row takes in the sorter's arrays: its number and its prefix, twice. */
export const SORTER_BYTES_PER_ROW = 24;

/** Ranges up to this are sorted by comparing rows: radix has its price by the range. */
const COMPARED_MAX = 128;
const RUN_LENGTH = 2048;
/** Rows between two looks whether it is time for others. */
const STEP_ROWS = 16 * 1024;
/** Arrays that have once been too short become longer than they must. */
const ROOM = 1.25;
const RADIX = 256;
const DIGITS = 8;

/** Of a rank and a row number in one integer; both are below QUICKSORT_MAX. */
const ROW_BITS = 16;
const sortRanked = quicksortBy((a: number, b: number, _: null) => (a >>> ROW_BITS) - (b >>> ROW_BITS));

const NO_PREFIXES = new Prefixes(0);

interface Range {
  readonly from: number;
  readonly to: number;
  /** The first key that may tell the rows apart. */
  readonly key: number;
}

export class RowSorter {
  readonly #keys: readonly SorterKey[];
  /** Row numbers in order, when the sort is done; and room for as many. */
  #order = new Uint32Array(0);
  #other = new Uint32Array(0);
  /** Prefixes of the rows in `order`, and room: none until a range is sorted by them. */
  #prefixes = NO_PREFIXES;
  #otherPrefixes = NO_PREFIXES;
  #counts: Uint32Array | null = null;
  #columns: Columns = [];
  #compare: RowOrder = () => 0;
  /** Row numbers decide among rows that are equal. */
  readonly #compareAll: RowOrder = (a, b) => this.#compare(a, b) || a - b;
  #ranges: Range[] = [];
  #count = 0;
  /** Ties are wanted in the order of quicksort. */
  #seeksTies = false;
  /** 1: the row at this place of the order is equal to the one before it. Null: nothing is known to be, or nobody asks. */
  #tied: Uint8Array | null = null;

  constructor(keys: readonly SorterKey[]) {
    this.#keys = keys;
  }

  get order(): Uint32Array {
    return this.#order;
  }

  /** Lets go of its memory. */
  clear(): void {
    this.#use(0);
    this.#columns = [];
    this.#compare = () => 0;
    this.#ranges = [];
    this.#tied = null;
  }

  /**
   * Yields after each step how many rows it went over; at the end `order` has the rows 0 .. count - 1 in order. A run is a part of a
   * larger sort.
   */
  *sort(columns: Columns, count: number, compare: RowOrder, isRun = false): Generator<number, void, void> {
    this.#reserve(count);
    this.#columns = columns;
    this.#compare = compare;
    const order = this.#order;
    for (let i = 0; i < count; i++) order[i] = i;
    this.#seeksTies = !isRun && count <= QUICKSORT_MAX;
    if (this.#seeksTies && count <= COMPARED_MAX) {
      quicksort(order, 0, count, compare);
      return;
    }
    this.#tied = null;
    this.#ranges = [];
    if (yield* this.#isInOrder(count)) return;
    this.#rangeFound(0, count, 0);
    for (let range = this.#ranges.pop(); range !== undefined; range = this.#ranges.pop()) yield* this.#sortRange(range);
    if (this.#tied !== null) yield* this.#orderTies(this.#tied);
  }

  /** Whether the rows come in order, ties included: then they stay where they are, as in PostgreSQL's quicksort. */
  *#isInOrder(count: number): Generator<number, boolean, void> {
    const compare = this.#compare;
    for (let at = 1; at < count; at += STEP_ROWS) {
      const end = Math.min(count, at + STEP_ROWS);
      for (let i = at; i < end; i++) if (compare(i - 1, i) > 0) return false;
      yield end - at;
    }
    return true;
  }

  /** Rows order[from .. to) are equal in all keys. */
  #tie(from: number, to: number): void {
    if (!this.#seeksTies) return;
    this.#tied ??= new Uint8Array(this.#count);
    const tied = this.#tied;
    for (let i = from + 1; i < to; i++) tied[i] = 1;
  }

  /** The same for those among them that are. */
  #tieEqual(from: number, to: number): void {
    if (!this.#seeksTies) return;
    const order = this.#order;
    const compare = this.#compare;
    for (let i = from + 1; i < to; i++) if (compare(order[i - 1], order[i]) === 0) this.#tie(i - 1, i + 1);
  }

  /** Sorts once more, by ranks. */
  *#orderTies(tied: Uint8Array): Generator<number, void, void> {
    const order = this.#order;
    const ranked = this.#other;
    const count = this.#count;
    let rank = 0;
    for (let i = 0; i < count; i++) {
      if (tied[i] === 0) rank++;
      ranked[order[i]] = ((rank - 1) << ROW_BITS) | order[i];
    }
    yield count;
    sortRanked(ranked, 0, count, null);
    for (let i = 0; i < count; i++) order[i] = ranked[i] & ((1 << ROW_BITS) - 1);
  }

  /** The arrays serve one sort after the other: the runs of a sort that spills are about equally long. */
  #reserve(count: number): void {
    this.#count = count;
    if (this.#order.length >= count) return;
    this.#use(this.#order.length === 0 ? count : Math.ceil(count * ROOM));
  }

  #use(length: number): void {
    giveArray(this.#order);
    giveArray(this.#other);
    this.#prefixes.release();
    this.#otherPrefixes.release();
    this.#order = takeArray(Uint32Array, length);
    this.#other = takeArray(Uint32Array, length);
    this.#prefixes = NO_PREFIXES;
    this.#otherPrefixes = NO_PREFIXES;
  }

  /** Rows order[from .. to) are equal in the keys before `key`. */
  #rangeFound(from: number, to: number, key: number): void {
    if (to - from < 2) return;
    if (key === this.#keys.length) this.#tie(from, to);
    else if (to - from <= COMPARED_MAX) this.#sortCompared(from, to);
    else this.#ranges.push({ from, to, key });
  }

  *#sortRange({ from, to, key }: Range): Generator<number, void, void> {
    const { column, prefix, nullsFirst } = this.#keys[key];
    const values = this.#columns[column];
    const nullCount = yield* this.#setNullsApart(values, from, to, nullsFirst);
    if (nullCount > 0) {
      const firstNull = nullsFirst ? from : to - nullCount;
      this.#rangeFound(firstNull, firstNull + nullCount, key + 1);
      if (nullsFirst) this.#rangeFound(from + nullCount, to, key);
      else this.#rangeFound(from, to - nullCount, key);
      return;
    }
    const coverage = yield* this.#fillPrefixes(values, from, to, key);
    if (coverage === PREFIX_NONE) {
      yield* this.#mergeSort(from, to);
      return;
    }
    yield* this.#radixSort(from, to);
    // The values themselves decide among equal prefixes: by the next key, if they are equal; texts go on behind what they share.
    const { isText } = prefix;
    const { high, low } = this.#prefixes;
    let start = from;
    let told = from;
    for (let i = from + 1; i <= to; i++) {
      if (i < to && high[i] === high[start] && low[i] === low[start]) continue;
      if (i - start > 1) {
        if (coverage === PREFIX_ALL || (!isText && this.#areEqual(prefix, values, start, i)))
          this.#rangeFound(start, i, key + 1);
        else if (isText || i - start <= COMPARED_MAX) this.#rangeFound(start, i, key);
        else yield* this.#mergeSort(start, i);
      }
      start = i;
      if (i - told < STEP_ROWS) continue;
      yield i - told;
      told = i;
    }
  }

  #areEqual(prefix: KeyPrefix, values: ArrayLike<Value>, from: number, to: number): boolean {
    const order = this.#order;
    const first = values[order[from]];
    for (let i = from + 1; i < to; i++) {
      const value = values[order[i]];
      if (value !== first && prefix.compare(value, first) !== 0) return false;
    }
    return true;
  }

  /** Nulls to their end of the range, all else in the order it has: how many nulls. */
  *#setNullsApart(
    values: ArrayLike<Value>,
    from: number,
    to: number,
    nullsFirst: boolean,
  ): Generator<number, number, void> {
    const order = this.#order;
    let nullCount = 0;
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + STEP_ROWS);
      for (let i = at; i < end; i++) if (values[order[i]] === null) nullCount++;
      yield end - at;
      at = end;
    }
    if (nullCount === 0 || nullCount === to - from) return nullCount;
    const other = this.#other;
    let nullAt = nullsFirst ? from : to - nullCount;
    let valueAt = nullsFirst ? from + nullCount : from;
    for (let i = from; i < to; i++) {
      const row = order[i];
      if (values[row] === null) other[nullAt++] = row;
      else other[valueAt++] = row;
    }
    order.set(other.subarray(from, to), from);
    yield to - from;
    return nullCount;
  }

  *#fillPrefixes(values: ArrayLike<Value>, from: number, to: number, key: number): Generator<number, number, void> {
    const { prefix, descending } = this.#keys[key];
    const order = this.#order;
    if (this.#prefixes === NO_PREFIXES) {
      this.#prefixes = new Prefixes(order.length);
      this.#otherPrefixes = new Prefixes(order.length);
    }
    let shared = 0;
    if (prefix.isText) {
      shared = Infinity;
      for (let at = from; at < to && shared > 0; at += STEP_ROWS) {
        shared = sharedLength(values, order, at, Math.min(to, at + STEP_ROWS), values[order[from]] as string, shared);
        yield Math.min(to, at + STEP_ROWS) - at;
      }
    }
    let coverage = PREFIX_ALL;
    for (let at = from; at < to; at += STEP_ROWS) {
      const end = Math.min(to, at + STEP_ROWS);
      coverage = Math.min(coverage, prefix.fill(this.#prefixes, values, order, at, end, shared));
      if (coverage === PREFIX_NONE) return PREFIX_NONE;
      if (descending) this.#prefixes.invert(at, end);
      yield 2 * (end - at);
    }
    return coverage;
  }

  *#radixSort(from: number, to: number): Generator<number, void, void> {
    this.#counts ??= new Uint32Array(DIGITS * RADIX);
    const counts = this.#counts.fill(0);
    for (let at = from; at < to; at += STEP_ROWS) {
      const end = Math.min(to, at + STEP_ROWS);
      this.#prefixes.count(counts, at, end);
      yield end - at;
    }
    for (let digit = 0; digit < DIGITS; digit++) {
      const places = counts.subarray(digit * RADIX, (digit + 1) * RADIX);
      if (!countsToPlaces(places, from, to - from)) continue;
      for (let at = from; at < to; at += STEP_ROWS) {
        const end = Math.min(to, at + STEP_ROWS);
        this.#prefixes.distribute(this.#order, digit, places, at, end, this.#otherPrefixes, this.#other);
        yield end - at;
      }
      this.#swap(from, to);
    }
  }

  /** What is in the other arrays is what counts; rows outside the range are as they were. */
  #swap(from: number, to: number): void {
    if (from > 0 || to < this.#count) {
      this.#order.set(this.#other.subarray(from, to), from);
      this.#prefixes.set(this.#otherPrefixes, from, to);
      return;
    }
    const order = this.#order;
    const prefixes = this.#prefixes;
    this.#order = this.#other;
    this.#prefixes = this.#otherPrefixes;
    this.#other = order;
    this.#otherPrefixes = prefixes;
  }

  /** Of a few rows. */
  #sortCompared(from: number, to: number): void {
    quicksort(this.#order, from, to, this.#compareAll);
    this.#tieEqual(from, to);
  }

  *#mergeSort(from: number, to: number): Generator<number, void, void> {
    const order = this.#order;
    for (let at = from; at < to; at += RUN_LENGTH) {
      const end = Math.min(to, at + RUN_LENGTH);
      order.set(Array.from(order.subarray(at, end)).sort(this.#compare), at);
      yield RUN_LENGTH;
    }
    let source = order;
    let target = this.#other;
    for (let width = RUN_LENGTH; width < to - from; width *= 2) {
      for (let left = from; left < to; left += 2 * width) {
        const merge = new PairMerge(source, target, left, Math.min(to, left + width), Math.min(to, left + 2 * width));
        while (merge.step(this.#compare)) yield STEP_ROWS;
      }
      const sorted = target;
      target = source;
      source = sorted;
    }
    if (source !== order) order.set(source.subarray(from, to), from);
    this.#tieEqual(from, to);
  }
}

/** Counts of a digit to the places its rows begin at; false: they all have the same, and stay where they are. */
function countsToPlaces(counts: Uint32Array, from: number, total: number): boolean {
  let place = from;
  for (let value = 0; value < RADIX; value++) {
    const count = counts[value];
    if (count === total) return false;
    counts[value] = place;
    place += count;
  }
  return true;
}

/** Merges source[left .. middle) and source[middle .. right) into target[left .. right). */
class PairMerge {
  readonly #source: Uint32Array;
  readonly #target: Uint32Array;
  readonly #middle: number;
  readonly #right: number;
  #i: number;
  #j: number;
  #k: number;

  constructor(source: Uint32Array, target: Uint32Array, left: number, middle: number, right: number) {
    this.#source = source;
    this.#target = target;
    this.#middle = middle;
    this.#right = right;
    this.#i = left;
    this.#j = middle;
    this.#k = left;
  }

  /** True: there is more to do. */
  step(compare: RowOrder): boolean {
    const from = this.#source;
    const to = this.#target;
    const middle = this.#middle;
    const right = this.#right;
    const end = Math.min(right, this.#k + STEP_ROWS);
    let i = this.#i;
    let j = this.#j;
    for (let k = this.#k; k < end; k++) {
      if (i < middle && (j >= right || compare(from[i], from[j]) <= 0)) to[k] = from[i++];
      else to[k] = from[j++];
    }
    this.#i = i;
    this.#j = j;
    this.#k = end;
    return end < right;
  }
}
