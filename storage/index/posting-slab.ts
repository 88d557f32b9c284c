/**
 * Posting slab: blocks of u32 words for posting lists, off the JavaScript heap.
 *
 * Memory is segments of 1 MB; a block's reference is the position of its first word, counted over all segments (16 GB with
 * 32 bits). A block has one of some sixty sizes, four to an octave: 3 4 5 6 7 8 10 12 14 16 20 24 ... so that on average an
 * eighth of it is left over. Freed blocks are chained by their first word, a chain a size. Reference 0 is never given out.
 *
 * The first segment starts small and doubles, so that a thousand small indexes take a thousand times 4 KB; an index without a
 * second row under any key takes nothing. So an `allocate` may replace the arrays: look them up again after it.
 */
import { assert } from '../../types/assert.ts';
import type { IndexMemory } from './index-memory.ts';

const SEGMENT_BITS = 18;
const SEGMENT_WORDS = 1 << SEGMENT_BITS;
const SEGMENT_MASK = SEGMENT_WORDS - 1;
const FIRST_SEGMENT_WORDS = 1024;
/** Smallest block. */
const WORDS_MIN = 3;
const CLASS_COUNT = 66;

/** Words of a block of each size class. */
export const BLOCK_WORDS: Uint32Array = new Uint32Array(CLASS_COUNT);
for (let c = 0; c < CLASS_COUNT; c++) {
  const octave = (c - 6) >>> 2;
  BLOCK_WORDS[c] = c < 6 ? WORDS_MIN + c : 2 ** (octave + 3) + (((c - 6) & 3) + 1) * 2 ** (octave + 1);
}

/** The size class of the smallest block with so many words. */
export function blockClass(words: number): number {
  if (words <= 8) return words <= WORDS_MIN ? 0 : words - WORDS_MIN;
  const octave = 31 - Math.clz32(words - 1);
  return 6 + (octave - 3) * 4 + (((words - 1) >>> (octave - 2)) & 3);
}

export class PostingSlab {
  /** The segments, as words and as half words (little endian, as all machines that Node runs on). */
  readonly words: Uint32Array<ArrayBuffer>[] = [];
  readonly halves: Uint16Array<ArrayBuffer>[] = [];
  /** First free block of each class, 0: none. */
  readonly #free = new Uint32Array(CLASS_COUNT);
  /** Next word never given out. */
  #next = 1;
  #sizeBytes = 0;
  /** Words in use, whole blocks counted. */
  usedWords = 0;
  readonly #memory: IndexMemory;

  constructor(memory: IndexMemory) {
    this.#memory = memory;
  }

  /** Bytes reserved. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Can blocks of so many words together be given out of what is reserved? Does not count on freed blocks. */
  hasRoomFor(words: number): boolean {
    const last = this.words.length - 1;
    return last >= 0 && this.words[last].length - (this.#next - last * SEGMENT_WORDS) >= words;
  }

  /** A block of the class, with whatever was in it. */
  allocate(sizeClass: number): number {
    const size = BLOCK_WORDS[sizeClass];
    this.usedWords += size;
    const free = this.#free[sizeClass];
    if (free !== 0) {
      this.#free[sizeClass] = this.words[free >>> SEGMENT_BITS][free & SEGMENT_MASK];
      return free;
    }
    const left = SEGMENT_WORDS - (this.#next & SEGMENT_MASK);
    // A reference in word 0 of the first segment is none; in the others the first word serves.
    if (left < size && left < SEGMENT_WORDS) this.#giveUpRest(left);
    const ref = this.#next;
    this.#next += size;
    this.#reserve(this.#next);
    return ref;
  }

  /** The end of a segment, too short for what is wanted, becomes free blocks. */
  #giveUpRest(words: number): void {
    this.#reserve(this.#next + words);
    let left = words;
    while (left >= WORDS_MIN) {
      let sizeClass = blockClass(left);
      if (BLOCK_WORDS[sizeClass] > left) sizeClass--;
      const size = BLOCK_WORDS[sizeClass];
      this.usedWords += size;
      this.release(this.#next, sizeClass);
      this.#next += size;
      left -= size;
    }
    this.#next += left;
  }

  #reserve(words: number): void {
    const segment = (words - 1) >>> SEGMENT_BITS;
    assert(words < 2 ** 32, 'posting slab is full');
    while (this.words.length < segment) this.#setSegment(this.words.length, SEGMENT_WORDS);
    const needed = words - segment * SEGMENT_WORDS;
    const length = this.words[segment]?.length ?? 0;
    if (length >= needed) return;
    let wanted = segment > 0 ? SEGMENT_WORDS : Math.max(length * 2, FIRST_SEGMENT_WORDS);
    while (wanted < needed) wanted *= 2;
    this.#setSegment(segment, wanted);
  }

  #setSegment(segment: number, length: number): void {
    const old = this.words[segment];
    if (old !== undefined && old.length === length) return;
    const words = new Uint32Array(this.#memory.allocate(length * 4));
    if (old !== undefined) words.set(old);
    this.words[segment] = words;
    this.halves[segment] = new Uint16Array(words.buffer);
    this.#count(words.byteLength - (old?.byteLength ?? 0));
  }

  #count(bytes: number): void {
    this.#sizeBytes += bytes;
    this.#memory.postingBytes += bytes;
  }

  release(ref: number, sizeClass: number): void {
    this.usedWords -= BLOCK_WORDS[sizeClass];
    this.words[ref >>> SEGMENT_BITS][ref & SEGMENT_MASK] = this.#free[sizeClass];
    this.#free[sizeClass] = ref;
  }

  /** Words of the free blocks: for checkInvariants. */
  freeWords(): number {
    let sum = 0;
    for (let c = 0; c < CLASS_COUNT; c++) {
      for (let ref = this.#free[c]; ref !== 0; ref = this.words[ref >>> SEGMENT_BITS][ref & SEGMENT_MASK])
        sum += BLOCK_WORDS[c];
    }
    return sum;
  }

  /** The index is gone: memory that is no longer counted, but stays as it is for who still reads. */
  stopCounting(): void {
    this.#count(-this.#sizeBytes);
  }

  /** Forgets all blocks. */
  clear(): void {
    this.#count(-this.#sizeBytes);
    this.words.length = 0;
    this.halves.length = 0;
    this.#free.fill(0);
    this.#next = 1;
    this.usedWords = 0;
  }

  /** The segment of a block. */
  segmentOf(ref: number): Uint32Array<ArrayBuffer> {
    return this.words[ref >>> SEGMENT_BITS];
  }

  halvesOf(ref: number): Uint16Array<ArrayBuffer> {
    return this.halves[ref >>> SEGMENT_BITS];
  }
}

/** Where in its segment a block begins, in words. */
export function offsetOf(ref: number): number {
  return ref & SEGMENT_MASK;
}
