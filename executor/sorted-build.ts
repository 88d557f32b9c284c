/**
 * Building an index with number keys: its pairs are sorted, and the dictionary is made of them from left to right, which is an
 * insert's tenth of work and leaves full nodes. Beyond maintenance_work_mem what was collected is loaded, and the rest follows in
 * sorted portions that are inserted.
 */
import { type Dictionary, IndexKey, NumberSort } from '../storage/api.ts';
import type { ExecContext } from './context.ts';
import { Holding } from './memory-account.ts';

/** Keys of one block: what a leaf is filled with, so that the first inserts do not split it. */
const KEYS_AT_ONCE = 116;
const ROWS_AT_ONCE = 4096;

export class SortedBuilder {
  readonly #x: ExecContext;
  readonly #dictionary: Dictionary;
  readonly #sizeMax: number;
  /** Called for a row id whose key another one has, which may be rounded if that is not certain; throws if it may not. */
  readonly #onSame: (key: IndexKey, rowId: number, isCertain: boolean) => void;
  readonly #held = new Holding('entries of an index that is built');
  readonly #key = new IndexKey();
  #sort = new NumberSort();
  #isSorted = false;
  /** The dictionary was empty when the loading began, and equal numbers are equal keys. */
  #isAppending = false;
  #at = 0;
  readonly #numbers = new Float64Array(KEYS_AT_ONCE);
  readonly #counts = new Uint32Array(KEYS_AT_ONCE);
  readonly #rows = new Uint32Array(ROWS_AT_ONCE);

  constructor(
    x: ExecContext,
    dictionary: Dictionary,
    sizeMax: number,
    onSame: (key: IndexKey, rowId: number, isCertain: boolean) => void,
  ) {
    this.#x = x;
    this.#dictionary = dictionary;
    this.#sizeMax = sizeMax;
    this.#onSame = onSame;
  }

  get count(): number {
    return this.#sort.count;
  }

  get isEmpty(): boolean {
    return this.#sort.count === 0;
  }

  add(number: number, rowId: number): void {
    this.#sort.add(number, rowId);
  }

  /** Forgets what was added since the count was this: a page is read again. */
  truncate(count: number): void {
    this.#sort.truncate(count);
  }

  /** After some rows: whether they must be loaded (step) before more are added. Throws 53200 at the cap on work memory. */
  isFull(): boolean {
    this.#held.set(this.#x.memory, this.#sort.sizeBytes);
    return this.#sort.sizeBytes > this.#sizeMax;
  }

  /** Sorts or loads some of what was collected; true when all of it is in the dictionary. May be called again after PAGE_MISS. */
  step(): boolean {
    if (!this.#isSorted) {
      this.#isSorted = this.#sort.step();
      const { count, isLossy } = this.#dictionary;
      if (this.#isSorted) this.#isAppending = count === 0 && !isLossy;
      return false;
    }
    this.#dictionary.checkLimit();
    const rowsEnd = Math.min(this.#sort.count, this.#at + ROWS_AT_ONCE);
    if (this.#isAppending) while (this.#at < rowsEnd) this.#append();
    else this.#insert(rowsEnd);
    if (this.#at < this.#sort.count) return false;
    if (this.#isAppending) this.#dictionary.finishLoad();
    this.close();
    return true;
  }

  /** A block of keys. */
  #append(): void {
    const sort = this.#sort;
    let at = this.#at;
    let keys = 0;
    let rows = 0;
    for (; at < sort.count && rows < ROWS_AT_ONCE; at++) {
      const number = sort.numberAt(at);
      if (at > 0 && number === sort.numberAt(at - 1)) {
        this.#key.number = number;
        this.#onSame(this.#key, sort.rowAt(at), true);
      }
      if (keys > 0 && this.#numbers[keys - 1] === number) this.#counts[keys - 1]++;
      else if (keys === KEYS_AT_ONCE) break;
      else {
        this.#numbers[keys] = number;
        this.#counts[keys++] = 1;
      }
      this.#rows[rows++] = sort.rowAt(at);
    }
    const counts = rows === keys ? null : this.#counts.subarray(0, keys);
    this.#dictionary.appendEntries(keys, this.#numbers.subarray(0, keys), counts, this.#rows.subarray(0, rows), null);
    this.#at = at;
  }

  #insert(end: number): void {
    const sort = this.#sort;
    const dictionary = this.#dictionary;
    const key = this.#key;
    for (; this.#at < end; this.#at++) {
      key.number = sort.numberAt(this.#at);
      if (dictionary.find(key)) this.#onSame(key, sort.rowAt(this.#at), false);
      dictionary.insert(key, sort.rowAt(this.#at));
    }
  }

  /** Forgets what was collected. */
  close(): void {
    this.#sort = new NumberSort();
    this.#isSorted = false;
    this.#at = 0;
    this.#held.clear(this.#x.memory);
  }
}
