/**
 * Sorts (byte key, row id) pairs for the building of an index, in slices: pairs added in the order of row ids come out ordered by key,
 * then row id. For hash dictionaries by hash first.
 *
 *      records    | row id, (hash,) length, bytes | ...        in segments; from the length on as in a key arena (key-arena.ts)
 *      order      places of records                            sorted
 *
 * All that there is of an entry is in one place, since every look at one is a look at memory that is not near.
 *
 * Most significant bytes first, eight at a time: of a range of entries, those bytes behind what all its keys have in common are
 * sorted as a number (word-sort.ts); ranges in which they were equal follow in the same way, small ones by comparing keys. So what
 * keys begin with is looked at once for a range, not once for a comparison, and equal keys are recognised by one look at each.
 *
 * Every step is a millisecond or two of work.
 */
import { slotSize, writeSlot } from './key-arena.ts';
import { copySlotUnits, HAS_NULL, isSameSlot, slotUnits } from './slot-units.ts';
import { SEGMENT_MASK as RUN_MASK, type SortedRun } from './sorted-runs.ts';
import { WordSort } from './word-sort.ts';

const BYTES_BITS = 20;
const BYTES_SIZE = 1 << BYTES_BITS;
const UNIT_BITS = 2;
const UNITS_BITS = BYTES_BITS - UNIT_BITS;
const UNITS_MASK = (1 << UNITS_BITS) - 1;
const ORDER_MIN = 4096;
const LENGTH_MASK = 0x7fff;
/** Ranges up to this are sorted by comparing, at once. */
const SMALL_RANGE = 256;
const INSERTION_RANGE = 12;
/** Bytes of a key in two words. */
const WORDS_SIZE = 8;
/** Entries of one step; fewer where they may be compared. */
const ENTRIES_AT_ONCE = 8192;
const TAKEN_AT_ONCE = 2048;

/** Entries order[from..to), which agree in their first `depth` bytes. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  /** By hash, and nothing is known of their keys. */
  readonly isByHash: boolean;
}

/** Entries that are touched at once. */
const TOUCHED = 64;
/** Units behind which the next line of the processor's caches begins, or is near. */
const LINE_UNITS = 10;
/** Where the loads of `touch` go to: unused, they would be optimised away. */
export let touched = 0;

const SCANNING = 0;
const FILLING = 1;
const SORTING = 2;
const TAKING = 3;

export class ByteSort {
  count = 0;
  readonly #isHashed: boolean;
  /** Units of a record before the slot. */
  readonly #slotAt: number;
  readonly #bytes: Uint8Array[] = [];
  /** The same, as words: one a unit. */
  readonly #units: Uint32Array[] = [];
  #nextUnit = 0;
  #order = new Uint32Array(ORDER_MIN);
  #isStarted = false;
  /** Ranges that are yet to be sorted; #range is under way: what is done with it, and how far. */
  readonly #ranges: Range[] = [];
  #range: Range | null = null;
  #stage = SCANNING;
  #at = 0;
  /** Of the range: bytes that its keys have in common, whether all are equal, and the longest's length. */
  #common = 0;
  #isOneKey = false;
  #lengthMax = 0;
  /** Where equal words began. */
  #tieFrom = 0;
  readonly #words = new WordSort();
  readonly #scratch = new Uint32Array(SMALL_RANGE);

  constructor(isHashed: boolean) {
    this.#isHashed = isHashed;
    this.#slotAt = isHashed ? 2 : 1;
  }

  /** Bytes that it will need at most. */
  get sizeBytes(): number {
    // Two words and a place, twice.
    return this.#bytes.length * BYTES_SIZE + this.#order.length * 4 + this.count * 24;
  }

  /** `hash`: for hash dictionaries. */
  add(key: Uint8Array, length: number, rowId: number, hasNull: boolean, hash = 0): void {
    const units = this.#slotAt + (slotSize(length) >>> UNIT_BITS);
    if ((this.#nextUnit & UNITS_MASK) + units > UNITS_MASK + 1) this.#nextUnit = (this.#nextUnit | UNITS_MASK) + 1;
    const record = this.#nextUnit;
    const segment = record >>> UNITS_BITS;
    if (segment === this.#bytes.length) {
      this.#bytes.push(new Uint8Array(BYTES_SIZE));
      this.#units.push(new Uint32Array(this.#bytes[segment].buffer));
    }
    if (this.count === this.#order.length) this.#growOrder();
    this.#order[this.count++] = record;
    this.#nextUnit += units;
    const words = this.#units[segment];
    words[record & UNITS_MASK] = rowId;
    if (this.#isHashed) words[(record & UNITS_MASK) + 1] = hash;
    const start = ((record & UNITS_MASK) + this.#slotAt) << UNIT_BITS;
    const bytes = this.#bytes[segment];
    writeSlot(key, length, bytes, start);
    if (hasNull) bytes[start + 1] |= HAS_NULL >>> 8;
  }

  /** Forgets all pairs but the first `count`; before the first step. */
  truncate(count: number): void {
    if (count >= this.count) return;
    this.#nextUnit = this.#order[count];
    this.count = count;
  }

  #growOrder(): void {
    const grown = new Uint32Array(this.#order.length * 2);
    grown.set(this.#order);
    this.#order = grown;
  }

  // Reading, of the sorted: i counts in order.

  /**
   * Before entries [from, end) are read one after the other, which would make the processor wait for each: they come into its caches side
   * by side.
   */
  touch(from: number, end: number): void {
    let sum = 0;
    for (let i = from; i < end; i++) {
      const record = this.#order[i];
      const units = this.#units[record >>> UNITS_BITS];
      const at = record & UNITS_MASK;
      sum += units[at] + units[Math.min(at + LINE_UNITS, UNITS_MASK)];
    }
    touched = sum | 0;
  }

  rowAt(i: number): number {
    const record = this.#order[i];
    return this.#units[record >>> UNITS_BITS][record & UNITS_MASK];
  }

  hasNullAt(i: number): boolean {
    const record = this.#order[i];
    const start = this.#slotStart(record);
    return (this.#bytes[record >>> UNITS_BITS][start + 1] & (HAS_NULL >>> 8)) !== 0;
  }

  /** Whether it has the key of the one before. */
  isSameKeyAt(i: number): boolean {
    const a = this.#order[i];
    const b = this.#order[i - 1];
    const at = this.#slotAt;
    return isSameSlot(
      this.#units[a >>> UNITS_BITS],
      (a & UNITS_MASK) + at,
      this.#units[b >>> UNITS_BITS],
      (b & UNITS_MASK) + at,
    );
  }

  /** Units of the key's arena slot. */
  slotUnitsAt(i: number): number {
    const record = this.#order[i];
    return slotUnits(this.#units[record >>> UNITS_BITS], (record & UNITS_MASK) + this.#slotAt);
  }

  /** Writes the key's arena slot to target[at..), which has room; answers its end. */
  copySlot(i: number, target: Uint32Array, at: number): number {
    const record = this.#order[i];
    return copySlotUnits(this.#units[record >>> UNITS_BITS], (record & UNITS_MASK) + this.#slotAt, target, at);
  }

  /** Adds the entry to the run, as SlotEntries. */
  putAside(i: number, run: SortedRun): void {
    const record = this.#order[i];
    const units = this.#units[record >>> UNITS_BITS];
    const start = record & UNITS_MASK;
    const count = this.#slotAt + slotUnits(units, start + this.#slotAt);
    const place = run.reserve(count);
    const target = run.segmentOf(place);
    const at = place & RUN_MASK;
    for (let j = 0; j < count; j++) target[at + j] = units[start + j];
  }

  /** Where the slot begins in the record's segment. */
  #slotStart(record: number): number {
    return ((record & UNITS_MASK) + this.#slotAt) << UNIT_BITS;
  }

  #lengthOf(record: number): number {
    const bytes = this.#bytes[record >>> UNITS_BITS];
    const start = this.#slotStart(record);
    return (bytes[start] | (bytes[start + 1] << 8)) & LENGTH_MASK;
  }

  // Sorting.

  /** Some work; true when all are sorted. */
  step(): boolean {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#push(0, this.count, 0, this.#isHashed);
      return false;
    }
    if (this.#range === null) {
      const range = this.#ranges.pop();
      if (range === undefined) return true;
      this.#range = range;
      this.#stage = range.isByHash ? FILLING : SCANNING;
      this.#at = range.from;
      this.#common = Number.MAX_SAFE_INTEGER;
      this.#isOneKey = true;
      this.#lengthMax = 0;
      this.#words.reset();
    }
    if (this.#stage === SCANNING) this.#scan(this.#range);
    else if (this.#stage === FILLING) this.#fill(this.#range);
    else if (this.#stage === SORTING) {
      if (this.#words.step()) this.#enter(TAKING, this.#range);
    } else this.#take(this.#range);
    return false;
  }

  #enter(stage: number, range: Range): void {
    this.#stage = stage;
    this.#at = range.from;
    this.#tieFrom = range.from;
  }

  #push(from: number, to: number, depth: number, isByHash = false): void {
    if (to - from < 2) return;
    if (to - from <= SMALL_RANGE && !isByHash) this.#sortSmall(from, to, depth);
    else this.#ranges.push({ from, to, depth, isByHash });
  }

  /** What the keys of the range have in common. */
  #scan(range: Range): void {
    const order = this.#order;
    const first = order[range.from];
    const end = Math.min(range.to, this.#at + ENTRIES_AT_ONCE);
    const firstLength = this.#lengthOf(first);
    let common = Math.min(this.#common, Math.max(firstLength, range.depth));
    for (let i = this.#at; i < end; i++) {
      if (range.depth > 0 && (i - this.#at) % TOUCHED === 0) this.touch(i, Math.min(end, i + TOUCHED));
      const length = this.#lengthOf(order[i]);
      if (length > this.#lengthMax) this.#lengthMax = length;
      common = this.#commonLength(first, order[i], range.depth, common);
      if (length !== firstLength || common < firstLength) this.#isOneKey = false;
    }
    this.#common = common;
    this.#at = end;
    if (end < range.to) return;
    if (this.#isOneKey) this.#range = null;
    else this.#enter(FILLING, range);
  }

  #commonLength(a: number, b: number, from: number, max: number): number {
    const bytesA = this.#bytes[a >>> UNITS_BITS];
    const bytesB = this.#bytes[b >>> UNITS_BITS];
    const startA = this.#slotStart(a) + 2;
    const startB = this.#slotStart(b) + 2;
    const end = Math.min(max, this.#lengthOf(b));
    let i = from;
    while (i < end && bytesA[startA + i] === bytesB[startB + i]) i++;
    return i;
  }

  #fill(range: Range): void {
    const order = this.#order;
    const end = Math.min(range.to, this.#at + ENTRIES_AT_ONCE);
    const depth = this.#common;
    // Keys that have no more bytes agree in those that they have: the shorter one is the smaller.
    const isByLength = depth >= this.#lengthMax;
    for (let i = this.#at; i < end; i++) {
      const record = order[i];
      if (range.isByHash) this.#words.add(0, this.#units[record >>> UNITS_BITS][(record & UNITS_MASK) + 1], record);
      else if (isByLength) this.#words.add(this.#lengthOf(record), 0, record);
      else this.#addWords(record, depth);
    }
    this.#at = end;
    if (end === range.to) this.#enter(SORTING, range);
  }

  #addWords(record: number, depth: number): void {
    const bytes = this.#bytes[record >>> UNITS_BITS];
    const start = this.#slotStart(record);
    const from = start + 2 + depth;
    const end = start + 2 + ((bytes[start] | (bytes[start + 1] << 8)) & LENGTH_MASK);
    this.#words.add(wordAt(bytes, from + 4, end), wordAt(bytes, from, end), record);
  }

  /** Takes the sorted entries, and goes into those with equal words. */
  #take(range: Range): void {
    const order = this.#order;
    const words = this.#words;
    const end = Math.min(range.to, this.#at + TAKEN_AT_ONCE);
    const depth = range.isByHash ? 0 : this.#common + WORDS_SIZE;
    const isDone = !range.isByHash && this.#common >= this.#lengthMax;
    for (let i = this.#at; i < end; i++) {
      const at = i - range.from;
      order[i] = words.payloadAt(at);
      if (isDone || at === 0) continue;
      if (words.lowAt(at) === words.lowAt(at - 1) && words.highAt(at) === words.highAt(at - 1)) continue;
      this.#push(this.#tieFrom, i, depth);
      this.#tieFrom = i;
    }
    this.#at = end;
    if (end < range.to) return;
    this.#range = null;
    if (!isDone) this.#push(this.#tieFrom, end, depth);
  }

  /** Sign of (key a - key b), which agree in their first `depth` bytes. */
  #compare(a: number, b: number, depth: number): number {
    const bytesA = this.#bytes[a >>> UNITS_BITS];
    const bytesB = this.#bytes[b >>> UNITS_BITS];
    const startA = this.#slotStart(a);
    const startB = this.#slotStart(b);
    const lengthA = (bytesA[startA] | (bytesA[startA + 1] << 8)) & LENGTH_MASK;
    const lengthB = (bytesB[startB] | (bytesB[startB + 1] << 8)) & LENGTH_MASK;
    const end = 2 + (lengthA < lengthB ? lengthA : lengthB);
    for (let i = 2 + depth; i < end; i++) {
      const difference = bytesA[startA + i] - bytesB[startB + i];
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  /** Merge sort, bottom up, of runs sorted by insertion: stable. */
  #sortSmall(from: number, to: number, depth: number): void {
    const order = this.#order;
    this.touch(from, to);
    for (let start = from; start < to; start += INSERTION_RANGE) {
      const end = Math.min(to, start + INSERTION_RANGE);
      for (let i = start + 1; i < end; i++) {
        const record = order[i];
        let at = i;
        for (; at > start && this.#compare(order[at - 1], record, depth) > 0; at--) order[at] = order[at - 1];
        order[at] = record;
      }
    }
    for (let size = INSERTION_RANGE; size < to - from; size *= 2) {
      for (let start = from; start + size < to; start += size * 2)
        this.#merge(start, start + size, Math.min(to, start + size * 2), depth);
    }
  }

  #merge(from: number, middle: number, to: number, depth: number): void {
    const order = this.#order;
    if (this.#compare(order[middle - 1], order[middle], depth) <= 0) return;
    const left = this.#scratch;
    const leftCount = middle - from;
    for (let i = 0; i < leftCount; i++) left[i] = order[from + i];
    let at = from;
    let i = 0;
    let j = middle;
    while (i < leftCount && j < to) {
      if (this.#compare(order[j], left[i], depth) < 0) order[at++] = order[j++];
      else order[at++] = left[i++];
    }
    while (i < leftCount) order[at++] = left[i++];
  }
}

/** Four bytes, big endian, zeros behind the end. */
function wordAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end) return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
  let word = 0;
  for (let i = at; i < at + 4; i++) word = word * 256 + (i < end ? bytes[i] : 0);
  return word;
}
