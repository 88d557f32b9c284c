/**
 * What the building of an index does with more entries than it may sort at once: each sorted portion is put aside as a run, and in the end
 * the runs are merged.
 *
 *      portion, sorted -> run, portion, sorted -> run ... -> merge, some thousand entries at a time
 *
 * A run is its entries one behind the other, without what sorting needs: about as large as what the index will have of them. Its memory goes
 * segment by segment as it is read, so that runs and index together are not much larger than the index in the end.
 *
 * Among equal keys the earlier run's entry comes first: portions come in the order of row ids, and so the rows of a key stay ascending.
 */
import { compareSlotUnits, slotUnits } from './slot-units.ts';

const SEGMENT_BITS = 18;
const SEGMENT_UNITS = 1 << SEGMENT_BITS;
/** Of a place: where it is in its segment. */
export const SEGMENT_MASK = SEGMENT_UNITS - 1;
const ENTRIES_AT_ONCE = 4096;
const RELEASED = new Uint32Array(0);

/** What an entry is: the row id first. */
export interface EntryForm {
  /** Units of the entry at units[at..). */
  sizeAt(units: Uint32Array, at: number): number;
  /** Order of two entries' keys. */
  compare(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number;
}

/** Row id, hash of the key if it is for a hash dictionary, the key's arena slot. */
export class SlotEntries implements EntryForm {
  readonly isHashed: boolean;
  /** Units before the slot. */
  readonly slotAt: number;

  constructor(isHashed: boolean) {
    this.isHashed = isHashed;
    this.slotAt = isHashed ? 2 : 1;
  }

  sizeAt(units: Uint32Array, at: number): number {
    return this.slotAt + slotUnits(units, at + this.slotAt);
  }

  compare(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
    if (this.isHashed && a[atA + 1] !== b[atB + 1]) return a[atA + 1] - b[atB + 1];
    return compareSlotUnits(a, atA + this.slotAt, b, atB + this.slotAt);
  }
}

/** Row id, and the two words of a number that sort as it does. */
export class NumberEntries implements EntryForm {
  sizeAt(): number {
    return 3;
  }

  compare(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
    return a[atA + 2] - b[atB + 2] || a[atA + 1] - b[atB + 1];
  }
}

export class SortedRun {
  /** How many there were before it. */
  readonly number: number;
  readonly segments: Uint32Array[] = [];
  /** Units used of each segment: no entry crosses its end. */
  readonly #ends: number[] = [];
  #left = 0;
  /** Place of the entry that is next; -1: there is none. */
  place = -1;
  /** Segments before this one are let go. */
  #kept = 0;

  constructor(number: number) {
    this.number = number;
  }

  get sizeBytes(): number {
    return (this.segments.length - this.#kept) * SEGMENT_UNITS * 4;
  }

  /** Where to write an entry of so many units: in `segments`, at a place. */
  reserve(units: number): number {
    let last = this.segments.length - 1;
    if (last < 0 || this.#ends[last] + units > SEGMENT_UNITS) {
      this.segments.push(new Uint32Array(SEGMENT_UNITS));
      this.#ends.push(0);
      last++;
    }
    const place = last * SEGMENT_UNITS + this.#ends[last];
    this.#ends[last] += units;
    this.#left++;
    if (this.place < 0) this.place = 0;
    return place;
  }

  segmentOf(place: number): Uint32Array {
    return this.segments[place >>> SEGMENT_BITS];
  }

  /** To the next entry; the one at `place` has so many units. */
  advance(units: number): void {
    if (--this.#left === 0) {
      this.place = -1;
      return;
    }
    const segment = this.place >>> SEGMENT_BITS;
    const at = (this.place & SEGMENT_MASK) + units;
    this.place = at === this.#ends[segment] ? (segment + 1) * SEGMENT_UNITS : this.place + units;
  }

  /** Entries before the place are not asked for again. */
  release(place: number): void {
    for (const end = place >>> SEGMENT_BITS; this.#kept < end; this.#kept++) this.segments[this.#kept] = RELEASED;
  }
}

/** Merges runs: entries come in chunks, in order; those of a chunk, and the last one before it, can be read. */
export class RunMerge {
  readonly #form: EntryForm;
  readonly #runs: readonly SortedRun[];
  /** Runs that have entries left; the one whose entry is next is first, and none is before its parent at (i - 1) >>> 1. */
  readonly #heap: SortedRun[] = [];
  /** Of the chunk's entries: where they are; the first is the last one of the chunk before. */
  readonly #units: Uint32Array[] = [RELEASED];
  readonly #at = new Uint32Array(ENTRIES_AT_ONCE + 1);
  /** Entries of the chunk. */
  count = 0;
  /** There was a chunk before this one. */
  hasPrevious = false;

  constructor(form: EntryForm, runs: readonly SortedRun[]) {
    this.#form = form;
    this.#runs = runs;
    for (const run of runs) if (run.place >= 0) this.#heap.push(run);
    for (let i = this.#heap.length >>> 1; i >= 0; i--) this.#sink(i);
  }

  get sizeBytes(): number {
    return this.#runs.reduce((sum, run) => sum + run.sizeBytes, 0);
  }

  /** The next chunk; false: there are no more entries. */
  fill(): boolean {
    if (this.count > 0) {
      this.hasPrevious = true;
      this.#units[0] = this.#units[this.count];
      this.#at[0] = this.#at[this.count];
    }
    for (const run of this.#heap) run.release(run.place);
    let n = 0;
    while (n < ENTRIES_AT_ONCE && this.#heap.length > 0) {
      const run = this.#heap[0];
      n++;
      const units = run.segmentOf(run.place);
      const at = run.place & SEGMENT_MASK;
      this.#units[n] = units;
      this.#at[n] = at;
      run.advance(this.#form.sizeAt(units, at));
      if (run.place < 0) {
        const last = this.#heap.pop() as SortedRun;
        if (last === run) continue;
        this.#heap[0] = last;
      }
      this.#sink(0);
    }
    this.count = n;
    return n > 0;
  }

  /** The segment of entry i of the chunk; -1: the one before. */
  unitsOf(i: number): Uint32Array {
    return this.#units[i + 1];
  }

  /** The place of entry i in its segment. */
  atOf(i: number): number {
    return this.#at[i + 1];
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let i = from; ; ) {
      let first = i;
      for (let child = 2 * i + 1; child <= 2 * i + 2; child++)
        if (child < heap.length && this.#isBefore(heap[child], heap[first])) first = child;
      if (first === i) return;
      const run = heap[i];
      heap[i] = heap[first];
      heap[first] = run;
      i = first;
    }
  }

  #isBefore(a: SortedRun, b: SortedRun): boolean {
    const order = this.#form.compare(
      a.segmentOf(a.place),
      a.place & SEGMENT_MASK,
      b.segmentOf(b.place),
      b.place & SEGMENT_MASK,
    );
    return order < 0 || (order === 0 && a.number < b.number);
  }
}
