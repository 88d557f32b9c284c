/**
 * Builds a dictionary from keys in any order: they are sorted, and the dictionary is made of them from left to right, which is a
 * fraction of an insert's work and leaves nodes as full as they should be; a hash dictionary gets its directory at once.
 *
 *      add ... add, putAside until true, add ... add, putAside until true ...        as often as what was collected is too much
 *      add ... add, step until true                                                  the last of it, and then all is there
 *
 * What was put aside is sorted, and merged in the end (sorted-runs.ts). What finds the dictionary not empty is inserted, in order.
 */

import { type Collected, collectedFor, type Entries, type Merged } from './collected-entries.ts';
import type { Dictionary } from './dictionary.ts';
import { IndexKey } from './index-key.ts';
import { SortedRun } from './sorted-runs.ts';

/** Keys of one block: what a leaf is filled with, so that the first inserts do not split it. */
const KEYS_AT_ONCE = 116;
const ROWS_AT_ONCE = 4096;
/** Entries that are put aside in one step. */
const ASIDE_AT_ONCE = 8192;
/** Entries that are inserted in one step. */
const INSERTS_AT_ONCE = 1024;

/**
 * Called for a row id whose key another one has, which may be rounded if that is not certain; `hasNull`: the key has a null. Throws if
 * it may not. May throw PAGE_MISS: the step can then be called again.
 */
export type SameKey = (key: IndexKey, rowId: number, isCertain: boolean, hasNull: boolean) => void;

export class DictionaryBuilder {
  readonly #dictionary: Dictionary;
  readonly #onSame: SameKey | null;
  readonly #key = new IndexKey();
  #collected: Collected;
  #isSorted = false;
  /** Portions that were put aside, and what merges them. */
  #runs: SortedRun[] = [];
  #merged: Merged | null = null;
  /** What is being loaded: #collected or #merged. */
  #source: Entries | null = null;
  /** The dictionary was empty when the loading began, and equal numbers are equal keys. */
  #isAppending = false;
  #at = 0;
  readonly #numbers = new Float64Array(KEYS_AT_ONCE);
  readonly #counts = new Uint32Array(KEYS_AT_ONCE);
  readonly #rows = new Uint32Array(ROWS_AT_ONCE);
  /** Arena slots of the block's keys, by their units. */
  #slots = new Uint32Array(KEYS_AT_ONCE * 8);

  constructor(dictionary: Dictionary, onSame: SameKey | null = null) {
    this.#dictionary = dictionary;
    this.#onSame = onSame;
    this.#collected = collectedFor(dictionary);
  }

  /** Entries that were collected. */
  get count(): number {
    return this.#collected.count;
  }

  /** Bytes that what was collected takes until it is loaded or put aside, at most. */
  get sizeBytes(): number {
    return this.#collected.sizeBytes;
  }

  /** Bytes of what is aside. */
  get asideBytes(): number {
    return this.#runs.reduce((sum, run) => sum + run.sizeBytes, 0);
  }

  /** Nothing is left to be loaded. */
  get isEmpty(): boolean {
    return this.#collected.count === 0 && this.#runs.length === 0;
  }

  /** Row ids of a key come ascending; the same one may come again. */
  add(key: IndexKey, rowId: number, hasNull: boolean): void {
    this.#collected.add(key, rowId, hasNull);
  }

  /** Forgets what was added since the count was this. */
  truncate(count: number): void {
    this.#collected.truncate(count);
  }

  /**
   * Sorts or puts aside some of what was collected; true when more can be added. What is aside takes about what the index will.
   */
  putAside(): boolean {
    if (!this.#isSorted) {
      this.#isSorted = this.#collected.step();
      return false;
    }
    const collected = this.#collected;
    if (this.#at === 0) this.#runs.push(new SortedRun(this.#runs.length));
    const run = this.#runs[this.#runs.length - 1];
    const end = Math.min(collected.count, this.#at + ASIDE_AT_ONCE);
    for (; this.#at < end; ) {
      const touched = Math.min(end, this.#at + KEYS_AT_ONCE);
      collected.touch(this.#at, touched);
      for (; this.#at < touched; this.#at++) collected.putAside(this.#at, run);
    }
    if (end < collected.count) return false;
    this.#startPortion();
    return true;
  }

  /**
   * Sorts or loads some of what was collected; true when all of it is in the dictionary. Throws 53200 at the cap on the memory of
   * indexes.
   */
  step(): boolean {
    if (this.#source === null) {
      if (this.#runs.length === 0) {
        this.#isSorted = this.#collected.step();
        if (this.#isSorted) this.#startLoading(this.#collected);
      } else if (this.#collected.count === 0 || this.putAside()) {
        this.#merged = this.#collected.merged(this.#runs);
        this.#merged.fill();
        this.#startLoading(this.#merged);
      }
      return false;
    }
    this.#dictionary.checkLimit();
    const { count } = this.#source;
    if (!this.#isAppending) this.#insert(this.#source, Math.min(count, this.#at + INSERTS_AT_ONCE));
    else for (const end = Math.min(count, this.#at + ROWS_AT_ONCE); this.#at < end; ) this.#append(this.#source);
    if (this.#at < count) return false;
    if (this.#merged?.fill() === true) {
      this.#at = 0;
      return false;
    }
    if (this.#isAppending) this.#dictionary.finishLoad();
    this.clear();
    return true;
  }

  #startLoading(source: Entries): void {
    this.#source = source;
    this.#at = 0;
    const { count, isLossy } = this.#dictionary;
    this.#isAppending = count === 0 && !isLossy;
  }

  /** A block of keys. */
  #append(source: Entries): void {
    const { count, hasPrevious } = source;
    let at = this.#at;
    source.touch(at, Math.min(count, at + KEYS_AT_ONCE));
    let keys = 0;
    let rows = 0;
    let slotUnits = 0;
    for (; at < count && rows < ROWS_AT_ONCE; at++) {
      const row = source.rowAt(at);
      const isSame = (at > 0 || hasPrevious) && source.isSameKeyAt(at);
      if (isSame) {
        if (row === source.rowAt(at - 1)) continue;
        if (this.#onSame !== null) this.#tellSame(source, at, row);
      }
      if (isSame && keys > 0) this.#counts[keys - 1]++;
      else if (keys === KEYS_AT_ONCE) break;
      else {
        if (source.hasSlots) slotUnits = this.#addSlot(source, at, slotUnits);
        else this.#numbers[keys] = source.numberAt(at);
        this.#counts[keys++] = 1;
      }
      this.#rows[rows++] = row;
    }
    this.#at = at;
    if (rows === 0) return;
    const isTaken = this.#dictionary.appendEntries(
      keys,
      source.hasSlots ? null : this.#numbers.subarray(0, keys),
      rows === keys ? null : this.#counts.subarray(0, keys),
      this.#rows.subarray(0, rows),
      source.hasSlots ? new Uint8Array(this.#slots.buffer, 0, slotUnits * 4) : null,
    );
    if (!isTaken) throw new Error('sorted keys are in no order');
  }

  #addSlot(source: Entries, at: number, start: number): number {
    const end = start + source.slotUnitsAt(at);
    if (end > this.#slots.length) {
      const grown = new Uint32Array(end * 2);
      grown.set(this.#slots.subarray(0, start));
      this.#slots = grown;
    }
    return source.copySlot(at, this.#slots, start);
  }

  #tellSame(source: Entries, at: number, row: number): void {
    source.readKey(at, this.#key);
    this.#onSame?.(this.#key, row, true, source.hasNullAt(at));
  }

  #insert(source: Entries, end: number): void {
    const dictionary = this.#dictionary;
    const key = this.#key;
    for (; this.#at < end; this.#at++) {
      const row = source.rowAt(this.#at);
      source.readKey(this.#at, key);
      if (this.#onSame !== null && dictionary.find(key)) this.#onSame(key, row, false, source.hasNullAt(this.#at));
      dictionary.insert(key, row);
    }
  }

  /** Forgets what was collected. */
  clear(): void {
    this.#runs = [];
    this.#merged = null;
    this.#source = null;
    this.#startPortion();
  }

  #startPortion(): void {
    this.#collected = collectedFor(this.#dictionary);
    this.#isSorted = false;
    this.#at = 0;
  }
}
