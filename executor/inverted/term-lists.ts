/**
 * Terms and their row ids while an index is built: each term once, its rows as differences of one to five bytes, in chunks that
 * are chained and grow with the list.
 *
 *      first row, last row, count      a term each, in typed arrays; a term of one row has no chunk
 *      chunk                           16, 32, ... 512 bytes: its size as a power of two, differences, the place of the next
 *
 * Rows come in ascending order, as a scan of the heap gives them, so that nothing is sorted but the terms themselves: in runs,
 * which are merged as they are taken out, so that no step takes long.
 */
import type { IndexKey } from '../../storage/api.ts';
import { TermSet, type TermSink } from './terms.ts';

const SEGMENT_BITS = 20;
const SEGMENT_SIZE = 1 << SEGMENT_BITS;
const SEGMENT_MASK = SEGMENT_SIZE - 1;
/** Powers of two: 16 to 512 bytes. */
const CHUNK_BITS_MIN = 4;
const CHUNK_BITS_MAX = 9;
const LINK_SIZE = 4;
/** Terms that are sorted at once: a millisecond's work. */
const RUN_TERMS = 1024;

export class TermLists implements TermSink {
  /** Row that the terms that come belong to. */
  row = 0;
  /** Row ids in all lists. */
  rowCount = 0;
  readonly #terms = new TermSet();
  #first = new Uint32Array(1024);
  #last = new Uint32Array(1024);
  #counts = new Uint32Array(1024);
  /** First chunk; where the next byte goes, and where the chunk's bytes end. */
  #heads = new Uint32Array(1024);
  #tails = new Uint32Array(1024);
  #ends = new Uint32Array(1024);
  readonly #segments: Uint8Array[] = [];
  #used = SEGMENT_SIZE;

  get termCount(): number {
    return this.#terms.count;
  }

  get sizeBytes(): number {
    return this.#terms.sizeBytes + this.#first.length * 24 + this.#segments.length * SEGMENT_SIZE;
  }

  add(key: IndexKey): void {
    const term = this.#terms.indexOf(key, true);
    const { row } = this;
    if (term >= this.#first.length) this.#grow();
    const count = this.#counts[term];
    if (count === 0) this.#first[term] = row;
    else {
      const difference = row - this.#last[term];
      if (difference === 0) return;
      this.#write(term, difference);
    }
    this.#last[term] = row;
    this.#counts[term] = count + 1;
    this.rowCount++;
  }

  #grow(): void {
    const grow = (from: Uint32Array): Uint32Array<ArrayBuffer> => {
      const to = new Uint32Array(from.length * 2);
      to.set(from);
      return to;
    };
    this.#first = grow(this.#first);
    this.#last = grow(this.#last);
    this.#counts = grow(this.#counts);
    this.#heads = grow(this.#heads);
    this.#tails = grow(this.#tails);
    this.#ends = grow(this.#ends);
  }

  #write(term: number, difference: number): void {
    let rest = difference;
    for (;;) {
      if (this.#tails[term] === this.#ends[term]) this.#addChunk(term);
      const at = this.#tails[term]++;
      const segment = this.#segments[at >>> SEGMENT_BITS];
      if (rest < 128) {
        segment[at & SEGMENT_MASK] = rest;
        return;
      }
      segment[at & SEGMENT_MASK] = (rest & 127) | 128;
      rest >>>= 7;
    }
  }

  #addChunk(term: number): void {
    const bits = Math.min(CHUNK_BITS_MAX, CHUNK_BITS_MIN + 32 - Math.clz32(this.#counts[term] >>> 4));
    const size = 1 << bits;
    if (this.#used + size > SEGMENT_SIZE) {
      this.#segments.push(new Uint8Array(SEGMENT_SIZE));
      this.#used = 0;
    }
    const last = this.#segments.length - 1;
    const chunk = last * SEGMENT_SIZE + this.#used;
    this.#segments[last][this.#used] = bits;
    this.#used += size;
    const end = this.#ends[term];
    if (end === 0) this.#heads[term] = chunk;
    else {
      const segment = this.#segments[end >>> SEGMENT_BITS];
      for (let i = 0; i < LINK_SIZE; i++) segment[(end & SEGMENT_MASK) + i] = chunk >>> (8 * i);
    }
    this.#tails[term] = chunk + 1;
    this.#ends[term] = chunk + size - LINK_SIZE;
  }

  countOf(term: number): number {
    return this.#counts[term];
  }

  readKey(term: number, key: IndexKey): void {
    this.#terms.read(term, key);
  }

  /** Copies the term's row ids, ascending, to target[at..), which has room for countOf. */
  readRows(term: number, target: Uint32Array, at: number): void {
    let row = this.#first[term];
    target[at] = row;
    const stop = at + this.#counts[term];
    if (++at === stop) return;
    let chunk = this.#heads[term];
    let segment = this.#segments[chunk >>> SEGMENT_BITS];
    let position = (chunk & SEGMENT_MASK) + 1;
    let end = (chunk & SEGMENT_MASK) + (1 << segment[position - 1]) - LINK_SIZE;
    while (at < stop) {
      let difference = 0;
      for (let shift = 0; ; shift += 7) {
        if (position === end) {
          chunk = (segment[end] | (segment[end + 1] << 8) | (segment[end + 2] << 16) | (segment[end + 3] << 24)) >>> 0;
          segment = this.#segments[chunk >>> SEGMENT_BITS];
          position = (chunk & SEGMENT_MASK) + 1;
          end = position - 1 + (1 << segment[position - 1]) - LINK_SIZE;
        }
        const byte = segment[position++];
        difference |= (byte & 127) << shift;
        if (byte < 128) break;
      }
      row += difference >>> 0;
      target[at++] = row;
    }
  }

  /** Their order, to be sorted run by run. */
  startSort(): TermOrder {
    return new TermOrder(this.#terms);
  }
}

/** The terms in the dictionary's order: runs that are sorted one by one, then merged by a heap of their heads. */
export class TermOrder {
  readonly #terms: TermSet;
  readonly #order: Uint32Array;
  readonly #compare: (a: number, b: number) => number;
  #sorted = 0;
  /** Per run: its next term's place, and its end. */
  #next = new Uint32Array(0);
  #heap: Uint32Array<ArrayBuffer> = new Uint32Array(0);
  #heapSize = 0;

  constructor(terms: TermSet) {
    this.#terms = terms;
    this.#order = Uint32Array.from({ length: terms.count }, (_, i) => i);
    this.#compare = (a, b) => terms.compare(a, b);
  }

  /** Sorts one more run; true when all are. */
  sortRun(): boolean {
    const count = this.#order.length;
    if (this.#sorted < count) {
      const end = Math.min(this.#sorted + RUN_TERMS, count);
      this.#order.subarray(this.#sorted, end).sort(this.#compare);
      this.#sorted = end;
      return false;
    }
    const runs = Math.ceil(count / RUN_TERMS);
    this.#next = Uint32Array.from({ length: runs }, (_, run) => run * RUN_TERMS);
    this.#heap = Uint32Array.from({ length: runs }, (_, run) => run);
    this.#heapSize = runs;
    for (let at = (runs >>> 1) - 1; at >= 0; at--) this.#sink(at);
    return true;
  }

  /** The next term, or -1. */
  next(): number {
    if (this.#heapSize === 0) return -1;
    const run = this.#heap[0];
    const at = this.#next[run]++;
    if (at + 1 === Math.min((run + 1) * RUN_TERMS, this.#order.length)) this.#heap[0] = this.#heap[--this.#heapSize];
    this.#sink(0);
    return this.#order[at];
  }

  #isLess(a: number, b: number): boolean {
    return this.#terms.compare(this.#order[this.#next[a]], this.#order[this.#next[b]]) < 0;
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const size = this.#heapSize;
    let at = start;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= size) return;
      if (child + 1 < size && this.#isLess(heap[child + 1], heap[child])) child++;
      if (!this.#isLess(heap[child], heap[at])) return;
      const run = heap[at];
      heap[at] = heap[child];
      heap[child] = run;
      at = child;
    }
  }
}
