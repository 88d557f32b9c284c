/** Entries on their way into a dictionary that is built: as they are collected and sorted, and as they come from merged runs. */
import { ByteSort } from './byte-sort.ts';
import type { Dictionary } from './dictionary.ts';
import type { IndexKey } from './index-key.ts';
import { KEY_SIZE_MAX, readSlot, slotSize } from './key-arena.ts';
import { hashOfBytes, hashOfNumber } from './key-hash.ts';
import { fromWords, highWord, lowWord, NumberSort, toWords } from './number-sort.ts';
import { copySlotUnits, HAS_NULL, isSameSlot, slotUnits } from './slot-units.ts';
import { type EntryForm, NumberEntries, RunMerge, SlotEntries, type SortedRun } from './sorted-runs.ts';

/** Entries in the dictionary's order. */
export interface Entries {
  readonly count: number;
  readonly sizeBytes: number;
  /** Entry -1 can be read too: it was given before. */
  readonly hasPrevious: boolean;
  /** Keys are given as arena slots; else as numbers. */
  readonly hasSlots: boolean;
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

/** Entries that are collected and sorted. */
export interface Collected extends Entries {
  add(key: IndexKey, rowId: number, hasNull: boolean): void;
  truncate(count: number): void;
  step(): boolean;
  /** When they are sorted: adds entry i to a run. */
  putAside(i: number, run: SortedRun): void;
  /** What merges such runs. */
  merged(runs: readonly SortedRun[]): Merged;
}

/** Entries of runs, a chunk after the other. */
export interface Merged extends Entries {
  /** The next chunk; false: there are no more. */
  fill(): boolean;
}

export function collectedFor({ hasByteKeys, isHashed }: Dictionary): Collected {
  if (hasByteKeys) return new CollectedBytes(isHashed);
  return isHashed ? new CollectedHashes() : new CollectedNumbers();
}

/** NULLs have the infinities. */
class CollectedNumbers implements Collected {
  readonly hasSlots = false;
  readonly hasPrevious = false;
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
  putAside(i: number, run: SortedRun): void {
    this.#sort.putAside(i, run);
  }
  merged(runs: readonly SortedRun[]): Merged {
    return new MergedNumbers(runs);
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
  readonly hasPrevious = false;
  protected readonly sort: ByteSort;
  readonly #isHashed: boolean;
  readonly #slotUnits = new Uint32Array(slotSize(KEY_SIZE_MAX) >>> 2);
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
  putAside(i: number, run: SortedRun): void {
    this.sort.putAside(i, run);
  }
  merged(runs: readonly SortedRun[]): Merged {
    return new MergedSlots(this.#isHashed, runs);
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
  override merged(runs: readonly SortedRun[]): Merged {
    return new MergedHashes(true, runs);
  }
  override numberAt(i: number): number {
    this.readSlotAt(i);
    return numberOfSlot(this.slot);
  }
  override readKey(i: number, key: IndexKey): void {
    key.number = this.numberAt(i);
  }
}

function numberOfSlot(slot: Uint8Array): number {
  const high = ((slot[2] << 24) | (slot[3] << 16) | (slot[4] << 8) | slot[5]) >>> 0;
  const low = ((slot[6] << 24) | (slot[7] << 16) | (slot[8] << 8) | slot[9]) >>> 0;
  return fromWords(low, high);
}

/** What entries of merged runs have in common, whatever their form. */
abstract class MergedRuns implements Merged {
  abstract readonly hasSlots: boolean;
  protected readonly merge: RunMerge;

  constructor(form: EntryForm, runs: readonly SortedRun[]) {
    this.merge = new RunMerge(form, runs);
  }
  get count(): number {
    return this.merge.count;
  }
  get sizeBytes(): number {
    return this.merge.sizeBytes;
  }
  get hasPrevious(): boolean {
    return this.merge.hasPrevious;
  }
  fill(): boolean {
    return this.merge.fill();
  }
  /** Runs are read from start to end. */
  touch(): void {}
  rowAt(i: number): number {
    return this.merge.unitsOf(i)[this.merge.atOf(i)];
  }
  abstract isSameKeyAt(i: number): boolean;
  abstract hasNullAt(i: number): boolean;
  abstract readKey(i: number, key: IndexKey): void;
  abstract numberAt(i: number): number;
  abstract slotUnitsAt(i: number): number;
  abstract copySlot(i: number, target: Uint32Array, at: number): number;
}

class MergedNumbers extends MergedRuns {
  readonly hasSlots = false;

  constructor(runs: readonly SortedRun[]) {
    super(new NumberEntries(), runs);
  }
  numberAt(i: number): number {
    const units = this.merge.unitsOf(i);
    const at = this.merge.atOf(i);
    return fromWords(units[at + 1], units[at + 2]);
  }
  isSameKeyAt(i: number): boolean {
    return this.numberAt(i) === this.numberAt(i - 1);
  }
  hasNullAt(i: number): boolean {
    return !Number.isFinite(this.numberAt(i));
  }
  readKey(i: number, key: IndexKey): void {
    key.number = this.numberAt(i);
  }
  slotUnitsAt(): number {
    return 0;
  }
  copySlot(): number {
    return 0;
  }
}

class MergedSlots extends MergedRuns {
  readonly hasSlots: boolean = true;
  readonly #slotAt: number;
  readonly #slotUnits = new Uint32Array(slotSize(KEY_SIZE_MAX) >>> 2);
  protected readonly slot = new Uint8Array(this.#slotUnits.buffer);

  constructor(isHashed: boolean, runs: readonly SortedRun[]) {
    const form = new SlotEntries(isHashed);
    super(form, runs);
    this.#slotAt = form.slotAt;
  }
  isSameKeyAt(i: number): boolean {
    const { merge } = this;
    const at = this.#slotAt;
    return isSameSlot(merge.unitsOf(i), merge.atOf(i) + at, merge.unitsOf(i - 1), merge.atOf(i - 1) + at);
  }
  hasNullAt(i: number): boolean {
    return (this.merge.unitsOf(i)[this.merge.atOf(i) + this.#slotAt] & HAS_NULL) !== 0;
  }
  protected readSlotAt(i: number): void {
    this.copySlot(i, this.#slotUnits, 0);
  }
  readKey(i: number, key: IndexKey): void {
    this.readSlotAt(i);
    readSlot(this.slot, 0, key);
  }
  numberAt(_i: number): number {
    return 0;
  }
  slotUnitsAt(i: number): number {
    return slotUnits(this.merge.unitsOf(i), this.merge.atOf(i) + this.#slotAt);
  }
  copySlot(i: number, target: Uint32Array, at: number): number {
    return copySlotUnits(this.merge.unitsOf(i), this.merge.atOf(i) + this.#slotAt, target, at);
  }
}

class MergedHashes extends MergedSlots {
  override readonly hasSlots = false;

  override numberAt(i: number): number {
    this.readSlotAt(i);
    return numberOfSlot(this.slot);
  }
  override readKey(i: number, key: IndexKey): void {
    key.number = this.numberAt(i);
  }
}
