/**
 * Builds a dictionary from keys in any order: they are sorted, and the dictionary is made of them from left to right, which is a
 * fraction of an insert's work and leaves nodes as full as they should be; a hash dictionary gets its directory at once.
 *
 *      add ... add, step until true, add ... add, step until true        as often as what was collected should be loaded
 *
 * Only the first portion finds the dictionary empty; those after it are inserted, in order.
 */

import { ByteSort } from './byte-sort.ts';
import type { Dictionary } from './dictionary.ts';
import { IndexKey } from './index-key.ts';
import { readSlot } from './key-arena.ts';
import { hashOfBytes, hashOfNumber } from './key-hash.ts';
import { fromWords, highWord, lowWord, NumberSort, toWords } from './number-sort.ts';

/** Keys of one block: what a leaf is filled with, so that the first inserts do not split it. */
const KEYS_AT_ONCE = 116;
const ROWS_AT_ONCE = 4096;
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

  /** Bytes that what was collected takes until it is loaded, at most. */
  get sizeBytes(): number {
    return this.#collected.sizeBytes;
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
   * Sorts or loads some of what was collected; true when all of it is in the dictionary. Throws 53200 at the cap on the memory of
   * indexes.
   */
  step(): boolean {
    if (!this.#isSorted) {
      this.#isSorted = this.#collected.step();
      const { count, isLossy } = this.#dictionary;
      if (this.#isSorted) this.#isAppending = count === 0 && !isLossy;
      return false;
    }
    this.#dictionary.checkLimit();
    const { count } = this.#collected;
    if (!this.#isAppending) this.#insert(Math.min(count, this.#at + INSERTS_AT_ONCE));
    else for (const end = Math.min(count, this.#at + ROWS_AT_ONCE); this.#at < end; ) this.#append();
    if (this.#at < count) return false;
    if (this.#isAppending) this.#dictionary.finishLoad();
    this.clear();
    return true;
  }

  /** A block of keys. */
  #append(): void {
    const collected = this.#collected;
    const { count } = collected;
    let at = this.#at;
    collected.touch(at, Math.min(count, at + KEYS_AT_ONCE));
    let keys = 0;
    let rows = 0;
    let slotUnits = 0;
    for (; at < count && rows < ROWS_AT_ONCE; at++) {
      const row = collected.rowAt(at);
      const isSame = at > 0 && collected.isSameKeyAt(at);
      if (isSame) {
        if (row === collected.rowAt(at - 1)) continue;
        if (this.#onSame !== null) this.#tellSame(at, row);
      }
      if (isSame && keys > 0) this.#counts[keys - 1]++;
      else if (keys === KEYS_AT_ONCE) break;
      else {
        if (collected.hasSlots) slotUnits = this.#addSlot(at, slotUnits);
        else this.#numbers[keys] = collected.numberAt(at);
        this.#counts[keys++] = 1;
      }
      this.#rows[rows++] = row;
    }
    this.#at = at;
    if (rows === 0) return;
    const isTaken = this.#dictionary.appendEntries(
      keys,
      collected.hasSlots ? null : this.#numbers.subarray(0, keys),
      rows === keys ? null : this.#counts.subarray(0, keys),
      this.#rows.subarray(0, rows),
      collected.hasSlots ? new Uint8Array(this.#slots.buffer, 0, slotUnits * 4) : null,
    );
    if (!isTaken) throw new Error('sorted keys are in no order');
  }

  #addSlot(at: number, start: number): number {
    const end = start + this.#collected.slotUnitsAt(at);
    if (end > this.#slots.length) {
      const grown = new Uint32Array(end * 2);
      grown.set(this.#slots.subarray(0, start));
      this.#slots = grown;
    }
    return this.#collected.copySlot(at, this.#slots, start);
  }

  #tellSame(at: number, row: number): void {
    this.#collected.readKey(at, this.#key);
    this.#onSame?.(this.#key, row, true, this.#collected.hasNullAt(at));
  }

  #insert(end: number): void {
    const collected = this.#collected;
    const dictionary = this.#dictionary;
    const key = this.#key;
    for (; this.#at < end; this.#at++) {
      const row = collected.rowAt(this.#at);
      collected.readKey(this.#at, key);
      if (this.#onSame !== null && dictionary.find(key)) this.#onSame(key, row, false, collected.hasNullAt(this.#at));
      dictionary.insert(key, row);
    }
  }

  /** Forgets what was collected. */
  clear(): void {
    this.#collected = collectedFor(this.#dictionary);
    this.#isSorted = false;
    this.#at = 0;
  }
}

/** Entries, first in the order in which they come, then, when `step` has answered true, in the dictionary's. */
interface Collected {
  readonly count: number;
  readonly sizeBytes: number;
  /** Keys are given as arena slots; else as numbers. */
  readonly hasSlots: boolean;
  add(key: IndexKey, rowId: number, hasNull: boolean): void;
  truncate(count: number): void;
  step(): boolean;
  /** Entries [from, end) will be read next. */
  touch(from: number, end: number): void;
  rowAt(i: number): number;
  /** Whether it has the key of the one before; numbers may be rounded. */
  isSameKeyAt(i: number): boolean;
  hasNullAt(i: number): boolean;
  readKey(i: number, key: IndexKey): void;
  numberAt(i: number): number;
  slotUnitsAt(i: number): number;
  copySlot(i: number, target: Uint32Array, at: number): number;
}

function collectedFor({ hasByteKeys, isHashed }: Dictionary): Collected {
  if (hasByteKeys) return new CollectedBytes(isHashed);
  return isHashed ? new CollectedHashes() : new CollectedNumbers();
}

/** NULLs have the infinities. */
class CollectedNumbers implements Collected {
  readonly hasSlots = false;
  readonly #sort = new NumberSort();
  get count(): number {
    return this.#sort.count;
  }
  get sizeBytes(): number {
    return this.#sort.sizeBytes;
  }
  add(key: IndexKey, rowId: number): void {
    this.#sort.add(key.number, rowId);
  }
  truncate(count: number): void {
    this.#sort.truncate(count);
  }
  step(): boolean {
    return this.#sort.step();
  }
  touch(): void {}
  rowAt(i: number): number {
    return this.#sort.rowAt(i);
  }
  isSameKeyAt(i: number): boolean {
    return this.#sort.numberAt(i) === this.#sort.numberAt(i - 1);
  }
  hasNullAt(i: number): boolean {
    return !Number.isFinite(this.#sort.numberAt(i));
  }
  readKey(i: number, key: IndexKey): void {
    key.number = this.#sort.numberAt(i);
  }
  numberAt(i: number): number {
    return this.#sort.numberAt(i);
  }
  slotUnitsAt(): number {
    return 0;
  }
  copySlot(): number {
    return 0;
  }
}

class CollectedBytes implements Collected {
  readonly hasSlots: boolean = true;
  protected readonly sort: ByteSort;
  readonly #isHashed: boolean;
  readonly #slotUnits = new Uint32Array(1024);
  protected readonly slot = new Uint8Array(this.#slotUnits.buffer);

  constructor(isHashed: boolean) {
    this.sort = new ByteSort(isHashed);
    this.#isHashed = isHashed;
  }
  get count(): number {
    return this.sort.count;
  }
  get sizeBytes(): number {
    return this.sort.sizeBytes;
  }
  add({ bytes, length }: IndexKey, rowId: number, hasNull: boolean): void {
    this.sort.add(bytes, length, rowId, hasNull, this.#isHashed ? hashOfBytes(bytes, length) : 0);
  }
  truncate(count: number): void {
    this.sort.truncate(count);
  }
  step(): boolean {
    return this.sort.step();
  }
  touch(from: number, end: number): void {
    this.sort.touch(from, end);
  }
  rowAt(i: number): number {
    return this.sort.rowAt(i);
  }
  isSameKeyAt(i: number): boolean {
    return this.sort.isSameKeyAt(i);
  }
  hasNullAt(i: number): boolean {
    return this.sort.hasNullAt(i);
  }
  protected readSlotAt(i: number): void {
    this.sort.copySlot(i, this.#slotUnits, 0);
  }
  readKey(i: number, key: IndexKey): void {
    this.readSlotAt(i);
    readSlot(this.slot, 0, key);
  }
  numberAt(_i: number): number {
    return 0;
  }
  slotUnitsAt(i: number): number {
    return this.sort.slotUnitsAt(i);
  }
  copySlot(i: number, target: Uint32Array, at: number): number {
    return this.sort.copySlot(i, target, at);
  }
}

/** Number keys in the order of their hashes: as bytes that sort as numbers do. */
class CollectedHashes extends CollectedBytes {
  override readonly hasSlots = false;
  readonly #bytes = new Uint8Array(8);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor() {
    super(true);
  }
  override add(key: IndexKey, rowId: number, hasNull: boolean): void {
    toWords(key.number);
    this.#view.setUint32(0, highWord);
    this.#view.setUint32(4, lowWord);
    this.sort.add(this.#bytes, 8, rowId, hasNull, hashOfNumber(key.number));
  }
  override numberAt(i: number): number {
    this.readSlotAt(i);
    const { slot } = this;
    const high = ((slot[2] << 24) | (slot[3] << 16) | (slot[4] << 8) | slot[5]) >>> 0;
    const low = ((slot[6] << 24) | (slot[7] << 16) | (slot[8] << 8) | slot[9]) >>> 0;
    return fromWords(low, high);
  }
  override readKey(i: number, key: IndexKey): void {
    key.number = this.numberAt(i);
  }
}
