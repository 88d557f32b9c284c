/**
 * Posting lists of one dictionary: sets of row ids, two or more each, in a slab.
 *
 * A list is known by its handle, the reference of its block. Changing a list may move it: `add` and `remove` answer the handle
 * that holds from then on.
 *
 *     flat      | kind, class, count |            row ids, ascending ...
 *     grouped   | kind, class, containers | rows | entry | entry | ...       an entry a page group that has rows
 *     entry     | page group (16), rows - 1 (16) | block | kind (2), class (7), stride or runs |
 *
 * Lists are flat up to FLAT_ROWS_MIN rows, and beyond as long as they have fewer than four rows a page group (an entry and a
 * block cost more than that); what a container is stands in posting-container.ts.
 *
 * Invariants (checkInvariants)
 *  1. Row ids ascend strictly, in flat lists and over the entries of grouped ones. A list has at least two row ids.
 *  2. The rows that entries and header say are those in the containers.
 *  3. A bitmap's rows are at least a quarter of what an array of its size would hold; runs do not touch.
 *  4. Used and free blocks are all blocks of the slab (asked of all lists together, by the dictionary).
 *
 * Long, as reading and changing walk the same bytes, for each row id, and share their small steps.
 */
import { assert } from '../../types/assert.ts';
import type { IndexMemory } from './index-memory.ts';
import {
  BITMAP_WORDS_MAX,
  CONTAINER_ARRAY,
  CONTAINER_BITMAP,
  CONTAINER_RUNS,
  chooseKind,
  chosen,
  GROUP_BITS,
  LOW_MASK,
  lowerBound16,
  PAGES_PER_GROUP,
  packChosen,
  popCount,
  runAt,
  unpackBitmap,
  unpacked,
  unpackRuns,
} from './posting-container.ts';
import { BLOCK_WORDS, blockClass, offsetOf, PostingSlab } from './posting-slab.ts';
import type { ContainerView } from './row-group.ts';

const FLAT_ROWS_MIN = 1024;
/** More rows a group than this: grouped. */
const GROUPED_ROWS_PER_GROUP = 4;
const FLAT_ROWS_MAX = 65536;
/** Fewer rows than this, or than three for two groups: flat again. */
const FLAT_AGAIN_ROWS = 512;

/** Behind the last page group. */
export const GROUP_END = 65536;

const CLASS_MASK = 127;
const GROUPED = 128;
const COUNT_SHIFT = 8;
const DIRECTORY_START = 2;
const ENTRY_WORDS = 3;

/** A reader's place in a list: at a page group that has rows. */
export class GroupPlace {
  list = 0;
  group = 0;
  rows = 0;
  /** Words from the list's start to the group's entry, or in flat lists to its first row id, and behind its last. */
  at = 0;
  end = 0;
}

function gone(): never {
  throw new Error('posting list: no such kind of container');
}

export class PostingLists {
  readonly slab: PostingSlab;
  /** Whether the last `add` or `remove` changed anything. */
  changed = false;

  constructor(memory: IndexMemory) {
    this.slab = new PostingSlab(memory);
  }

  isGrouped(list: number): boolean {
    return (this.slab.segmentOf(list)[offsetOf(list)] & GROUPED) !== 0;
  }

  /** Row ids in the list. */
  count(list: number): number {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    return (words[at] & GROUPED) === 0 ? words[at] >>> COUNT_SHIFT : words[at + 1];
  }

  /** Words that adding a row may take from the slab at most: for the cap on memory. */
  wordsForAdd(list: number): number {
    const header = this.slab.segmentOf(list)[offsetOf(list)];
    const size = BLOCK_WORDS[header & CLASS_MASK];
    // Grouped: a directory and a container. Flat: a larger one, or as many words again with entries and containers.
    return (header & GROUPED) !== 0 ? size * 2 + 2 * BITMAP_WORDS_MAX : size * 3 + 2 * BITMAP_WORDS_MAX;
  }

  /** A list of two row ids. */
  createPair(first: number, second: number): number {
    const list = this.slab.allocate(0);
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    words[at] = 2 << COUNT_SHIFT;
    words[at + 1] = first < second ? first : second;
    words[at + 2] = first < second ? second : first;
    return list;
  }

  /** A list of the row ids in rows[from..to), ascending, two or more. */
  create(rows: Uint32Array, from: number, to: number): number {
    const list = this.createPair(rows[from], rows[from + 1]);
    return this.append(list, rows, from + 2, to);
  }

  release(list: number): void {
    const { slab } = this;
    const words = slab.segmentOf(list);
    const at = offsetOf(list);
    const header = words[at];
    if ((header & GROUPED) !== 0) {
      const end = at + DIRECTORY_START + (header >>> COUNT_SHIFT) * ENTRY_WORDS;
      for (let entry = at + DIRECTORY_START; entry < end; entry += ENTRY_WORDS)
        slab.release(words[entry + 1], (words[entry + 2] >>> 2) & CLASS_MASK);
    }
    slab.release(list, header & CLASS_MASK);
  }

  /** The row id of a list that has come down to one. */
  only(list: number): number {
    assert(this.count(list) === 1 && !this.isGrouped(list), 'posting list with one row id');
    return this.slab.segmentOf(list)[offsetOf(list) + 1];
  }

  // Changing.

  /** Adds a row id; answers the list's handle from now on. */
  add(list: number, row: number): number {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const header = words[at];
    if ((header & GROUPED) !== 0) return this.#addGrouped(list, row);
    const count = header >>> COUNT_SHIFT;
    let place = at + 1 + count;
    if (words[place - 1] >= row) {
      place = lowerBound32(words, at + 1, place, row);
      if (words[place] === row) {
        this.changed = false;
        return list;
      }
    }
    if (count + 1 < BLOCK_WORDS[header & CLASS_MASK]) {
      words.copyWithin(place + 1, place, at + 1 + count);
      words[place] = row;
      words[at] = header + (1 << COUNT_SHIFT);
      this.changed = true;
      return list;
    }
    if (count >= FLAT_ROWS_MIN && isDense(words, at, count)) return this.#addGrouped(this.#group(list), row);
    // Half as many again: lists that grow together leave each block free at once, and none of them wants it again.
    return this.add(this.#resizeFlat(list, count + 1 + (count >>> 1)), row);
  }

  /** Moves a flat list to a block that has room for so many row ids. */
  #resizeFlat(list: number, rows: number): number {
    const { slab } = this;
    const sizeClass = blockClass(rows + 1);
    const moved = slab.allocate(sizeClass);
    const source = slab.segmentOf(list);
    const at = offsetOf(list);
    const header = source[at];
    const target = slab.segmentOf(moved);
    const count = header >>> COUNT_SHIFT;
    target.set(source.subarray(at, at + 1 + count), offsetOf(moved));
    target[offsetOf(moved)] = sizeClass | (count << COUNT_SHIFT);
    slab.release(list, header & CLASS_MASK);
    return moved;
  }

  /** Makes a flat list a grouped one. */
  #group(list: number): number {
    const { slab } = this;
    const at = offsetOf(list);
    const count = slab.segmentOf(list)[at] >>> COUNT_SHIFT;
    const rows = slab.segmentOf(list).slice(at + 1, at + 1 + count);
    slab.release(list, slab.segmentOf(list)[at] & CLASS_MASK);
    return this.#appendGrouped(this.#createGrouped(rows, count), rows, 0, count);
  }

  #createGrouped(rows: Uint32Array, count: number): number {
    let groups = 1;
    for (let i = 1; i < count; i++) if (rows[i] >>> GROUP_BITS !== rows[i - 1] >>> GROUP_BITS) groups++;
    const sizeClass = blockClass(DIRECTORY_START + groups * ENTRY_WORDS);
    const list = this.slab.allocate(sizeClass);
    this.slab.segmentOf(list)[offsetOf(list)] = sizeClass | GROUPED;
    this.slab.segmentOf(list)[offsetOf(list) + 1] = 0;
    return list;
  }

  /** Offset in its segment of the first entry whose page group is >= group. */
  #findEntry(words: Uint32Array, at: number, group: number): number {
    const count = words[at] >>> COUNT_SHIFT;
    const first = at + DIRECTORY_START;
    if (count > 0 && words[first + (count - 1) * ENTRY_WORDS] >>> GROUP_BITS < group)
      return first + count * ENTRY_WORDS;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (words[first + middle * ENTRY_WORDS] >>> GROUP_BITS < group) low = middle + 1;
      else high = middle;
    }
    return first + low * ENTRY_WORDS;
  }

  #addGrouped(list: number, row: number): number {
    const { slab } = this;
    const words = slab.segmentOf(list);
    const at = offsetOf(list);
    const group = row >>> GROUP_BITS;
    const entry = this.#findEntry(words, at, group);
    const end = at + DIRECTORY_START + (words[at] >>> COUNT_SHIFT) * ENTRY_WORDS;
    if (entry === end || words[entry] >>> GROUP_BITS !== group) {
      unpacked[0] = row & LOW_MASK;
      return this.#insertEntry(list, entry - at, group, 1);
    }
    this.#addToContainer(list, entry - at, row & LOW_MASK);
    if (this.changed) this.slab.segmentOf(list)[at + 1]++;
    return list;
  }

  /** Puts an entry for the first `count` unpacked low halves at `place` words behind the list's start; answers the list. */
  #insertEntry(list: number, place: number, group: number, count: number): number {
    const { slab } = this;
    chooseKind(unpacked, count);
    const blockOf = slab.allocate(blockClass(chosen.words));
    const meta = chosen.kind | (blockClass(chosen.words) << 2) | (chosen.detail << 9);
    packChosen(unpacked, count, slab.segmentOf(blockOf), slab.halvesOf(blockOf), offsetOf(blockOf));
    let target = list;
    const header = slab.segmentOf(list)[offsetOf(list)];
    const entries = header >>> COUNT_SHIFT;
    if (DIRECTORY_START + (entries + 1) * ENTRY_WORDS > BLOCK_WORDS[header & CLASS_MASK])
      target = this.#resizeDirectory(list, entries + 1);
    const words = slab.segmentOf(target);
    const at = offsetOf(target);
    const entry = at + place;
    words.copyWithin(entry + ENTRY_WORDS, entry, at + DIRECTORY_START + entries * ENTRY_WORDS);
    words[entry] = (group << GROUP_BITS) | (count - 1);
    words[entry + 1] = blockOf;
    words[entry + 2] = meta;
    words[at] += 1 << COUNT_SHIFT;
    words[at + 1] += count;
    this.changed = true;
    return target;
  }

  #resizeDirectory(list: number, entries: number): number {
    const { slab } = this;
    const sizeClass = blockClass(DIRECTORY_START + entries * ENTRY_WORDS);
    const moved = slab.allocate(sizeClass);
    const source = slab.segmentOf(list);
    const at = offsetOf(list);
    const header = source[at];
    const used = DIRECTORY_START + (header >>> COUNT_SHIFT) * ENTRY_WORDS;
    const target = slab.segmentOf(moved);
    target.set(source.subarray(at, at + used), offsetOf(moved));
    target[offsetOf(moved)] = (header & ~CLASS_MASK) | sizeClass;
    slab.release(list, header & CLASS_MASK);
    return moved;
  }

  #addToContainer(list: number, entryPlace: number, low: number): void {
    const { slab } = this;
    const words = slab.segmentOf(list);
    const entry = offsetOf(list) + entryPlace;
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const block = offsetOf(ref);
    const rows = (words[entry] & LOW_MASK) + 1;
    this.changed = true;
    switch (meta & 3) {
      case CONTAINER_BITMAP: {
        const stride = meta >>> 9;
        const slotWord = (low & 511) >>> 5;
        if (slotWord >= stride) break;
        const bits = slab.segmentOf(ref);
        const word = block + (low >>> 9) * stride + slotWord;
        const bit = 1 << (low & 31);
        if ((bits[word] & bit) !== 0) this.changed = false;
        else {
          bits[word] |= bit;
          words[entry]++;
        }
        return;
      }
      case CONTAINER_ARRAY: {
        const halves = slab.halvesOf(ref);
        const start = block * 2;
        const end = start + rows;
        let place = end;
        if (halves[end - 1] >= low) {
          place = lowerBound16(halves, start, end, low);
          if (halves[place] === low) {
            this.changed = false;
            return;
          }
        }
        if (rows === BLOCK_WORDS[(meta >>> 2) & CLASS_MASK] * 2) break;
        if (place < end) halves.copyWithin(place + 1, place, end);
        halves[place] = low;
        words[entry]++;
        return;
      }
      case CONTAINER_RUNS:
        if (this.#addToRuns(words, entry, low)) return;
        break;
      default:
        gone();
    }
    // No room, or a slot that the bitmap has no words for.
    const count = this.#unpack(words, entry);
    let place = count;
    if (unpacked[count - 1] > low) {
      place = lowerBound16(unpacked, 0, count, low);
      unpacked.copyWithin(place + 1, place, count);
    }
    unpacked[place] = low;
    this.#repack(list, entryPlace, count + 1);
  }

  /** False: there is no room for another run. */
  #addToRuns(words: Uint32Array, entry: number, low: number): boolean {
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const halves = this.slab.halvesOf(ref);
    const start = offsetOf(ref) * 2;
    const runs = meta >>> 9;
    const run = runAt(halves, start, runs, low);
    const at = start + run * 2;
    const end = start + runs * 2;
    // One past the run before, and whether the run behind begins right behind `low`.
    const past = run < 0 ? -1 : halves[at] + halves[at + 1] + 1;
    if (low < past) {
      this.changed = false;
      return true;
    }
    const touchesNext = at + 2 < end && halves[at + 2] === low + 1;
    if (low === past) {
      halves[at + 1] += touchesNext ? halves[at + 3] + 2 : 1;
      if (touchesNext) {
        halves.copyWithin(at + 2, at + 4, end);
        words[entry + 2] = meta - (1 << 9);
      }
    } else if (touchesNext) {
      halves[at + 2] = low;
      halves[at + 3]++;
    } else {
      if (runs === BLOCK_WORDS[(meta >>> 2) & CLASS_MASK]) return false;
      halves.copyWithin(at + 4, at + 2, end);
      halves[at + 2] = low;
      halves[at + 3] = 0;
      words[entry + 2] = meta + (1 << 9);
    }
    words[entry]++;
    return true;
  }

  /** Low halves of the container, to `unpacked`; answers how many. */
  #unpack(words: Uint32Array, entry: number): number {
    const { slab } = this;
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const block = offsetOf(ref);
    const kind = meta & 3;
    if (kind === CONTAINER_BITMAP) return unpackBitmap(slab.segmentOf(ref), block, meta >>> 9, unpacked, 0);
    const halves = slab.halvesOf(ref);
    if (kind === CONTAINER_RUNS) return unpackRuns(halves, block * 2, meta >>> 9, unpacked, 0);
    const rows = (words[entry] & LOW_MASK) + 1;
    unpacked.set(halves.subarray(block * 2, block * 2 + rows));
    return rows;
  }

  /** Makes the container anew from the first `count` unpacked low halves. */
  #repack(list: number, entryPlace: number, count: number): void {
    const { slab } = this;
    chooseKind(unpacked, count);
    const sizeClass = blockClass(chosen.words);
    const entryOf = (): number => offsetOf(list) + entryPlace;
    const old = slab.segmentOf(list);
    slab.release(old[entryOf() + 1], (old[entryOf() + 2] >>> 2) & CLASS_MASK);
    const ref = slab.allocate(sizeClass);
    packChosen(unpacked, count, slab.segmentOf(ref), slab.halvesOf(ref), offsetOf(ref));
    const words = slab.segmentOf(list);
    const entry = entryOf();
    words[entry] = ((words[entry] & ~LOW_MASK) | (count - 1)) >>> 0;
    words[entry + 1] = ref;
    words[entry + 2] = chosen.kind | (sizeClass << 2) | (chosen.detail << 9);
  }

  /** Removes a row id; answers the list's handle from now on. A list with one row id left is to be given up by the caller. */
  remove(list: number, row: number): number {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const header = words[at];
    if ((header & GROUPED) !== 0) return this.#removeGrouped(list, row);
    const count = header >>> COUNT_SHIFT;
    const end = at + 1 + count;
    const place = lowerBound32(words, at + 1, end, row);
    this.changed = place < end && words[place] === row;
    if (!this.changed) return list;
    words.copyWithin(place, place + 1, end);
    words[at] = header - (1 << COUNT_SHIFT);
    return count * 2 < BLOCK_WORDS[header & CLASS_MASK] && count > 3 ? this.#resizeFlat(list, count - 1) : list;
  }

  #removeGrouped(list: number, row: number): number {
    const { slab } = this;
    const words = slab.segmentOf(list);
    const at = offsetOf(list);
    const entries = words[at] >>> COUNT_SHIFT;
    const entry = this.#findEntry(words, at, row >>> GROUP_BITS);
    const end = at + DIRECTORY_START + entries * ENTRY_WORDS;
    this.changed = false;
    if (entry === end || words[entry] >>> GROUP_BITS !== row >>> GROUP_BITS) return list;
    this.#removeFromContainer(list, entry - at, row & LOW_MASK);
    if (!this.changed) return list;
    const now = slab.segmentOf(list);
    const rows = --now[at + 1];
    if (now[entry + 1] === 0) {
      now.copyWithin(entry, entry + ENTRY_WORDS, end);
      now[at] -= 1 << COUNT_SHIFT;
    }
    const left = now[at] >>> COUNT_SHIFT;
    if (rows < FLAT_AGAIN_ROWS || (rows * 2 < left * 3 && rows < FLAT_ROWS_MAX / 2)) return this.#flatten(list, rows);
    if ((DIRECTORY_START + left * ENTRY_WORDS) * 2 < BLOCK_WORDS[now[at] & CLASS_MASK])
      return this.#resizeDirectory(list, left);
    return list;
  }

  /** An entry whose last row goes gets block 0. */
  #removeFromContainer(list: number, entryPlace: number, low: number): void {
    const { slab } = this;
    const words = slab.segmentOf(list);
    const entry = offsetOf(list) + entryPlace;
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const block = offsetOf(ref);
    const rows = (words[entry] & LOW_MASK) + 1;
    const size = BLOCK_WORDS[(meta >>> 2) & CLASS_MASK];
    let isToRepack = false;
    switch (meta & 3) {
      case CONTAINER_BITMAP: {
        const stride = meta >>> 9;
        const slotWord = (low & 511) >>> 5;
        if (slotWord >= stride) return;
        const bits = slab.segmentOf(ref);
        const word = block + (low >>> 9) * stride + slotWord;
        const bit = 1 << (low & 31);
        if ((bits[word] & bit) === 0) return;
        bits[word] &= ~bit;
        isToRepack = rows < stride * PAGES_PER_GROUP;
        break;
      }
      case CONTAINER_ARRAY: {
        const halves = slab.halvesOf(ref);
        const end = block * 2 + rows;
        const place = lowerBound16(halves, block * 2, end, low);
        if (place === end || halves[place] !== low) return;
        halves.copyWithin(place, place + 1, end);
        isToRepack = rows < size && size > 4;
        break;
      }
      case CONTAINER_RUNS: {
        const answer = this.#removeFromRuns(words, entry, low);
        if (answer === 'not there') return;
        if (answer === 'no room') {
          const count = this.#unpack(words, entry);
          const place = lowerBound16(unpacked, 0, count, low);
          unpacked.copyWithin(place, place + 1, count);
          this.changed = true;
          this.#repack(list, entryPlace, count - 1);
          return;
        }
        isToRepack = (words[entry + 2] >>> 9) * 2 < size && size > 4;
        break;
      }
      default:
        gone();
    }
    this.changed = true;
    if (rows === 1) {
      slab.release(ref, (meta >>> 2) & CLASS_MASK);
      words[entry + 1] = 0;
      return;
    }
    words[entry]--;
    if (isToRepack) this.#repack(list, entryPlace, this.#unpack(words, entry));
  }

  #removeFromRuns(words: Uint32Array, entry: number, low: number): 'removed' | 'not there' | 'no room' {
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const halves = this.slab.halvesOf(ref);
    const start = offsetOf(ref) * 2;
    const runs = meta >>> 9;
    const run = runAt(halves, start, runs, low);
    const at = start + run * 2;
    const end = start + runs * 2;
    if (run < 0 || low > halves[at] + halves[at + 1]) return 'not there';
    const first = halves[at];
    const length = halves[at + 1];
    if (length === 0) {
      halves.copyWithin(at, at + 2, end);
      words[entry + 2] = meta - (1 << 9);
    } else if (low === first) {
      halves[at]++;
      halves[at + 1]--;
    } else if (low === first + length) halves[at + 1]--;
    else {
      if (runs === BLOCK_WORDS[(meta >>> 2) & CLASS_MASK]) return 'no room';
      halves.copyWithin(at + 4, at + 2, end);
      halves[at + 1] = low - first - 1;
      halves[at + 2] = low + 1;
      halves[at + 3] = first + length - low - 1;
      words[entry + 2] = meta + (1 << 9);
    }
    return 'removed';
  }

  #flatten(list: number, count: number): number {
    const rows = new Uint32Array(count);
    this.read(list, 0, rows, 0, count);
    this.release(list);
    const { slab } = this;
    const sizeClass = blockClass(count + 1);
    const flat = slab.allocate(sizeClass);
    const words = slab.segmentOf(flat);
    words.set(rows, offsetOf(flat) + 1);
    words[offsetOf(flat)] = sizeClass | (count << COUNT_SHIFT);
    return flat;
  }

  /** Adds rows[from..to), ascending and behind all that the list has; answers the list's handle from now on. */
  append(list: number, rows: Uint32Array, from: number, to: number): number {
    if (from >= to) return list;
    if (this.isGrouped(list)) return this.#appendGrouped(list, rows, from, to);
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const header = words[at];
    const count = header >>> COUNT_SHIFT;
    const total = count + to - from;
    if (total > FLAT_ROWS_MIN && total > BLOCK_WORDS[header & CLASS_MASK] - 1) {
      const groups = (rows[to - 1] >>> GROUP_BITS) - (words[at + 1] >>> GROUP_BITS) + 1;
      if (total >= FLAT_ROWS_MAX || total >= groups * GROUPED_ROWS_PER_GROUP)
        return this.#appendGrouped(this.#group(list), rows, from, to);
    }
    const target = total + 1 > BLOCK_WORDS[header & CLASS_MASK] ? this.#resizeFlat(list, total) : list;
    const into = this.slab.segmentOf(target);
    into.set(rows.subarray(from, to), offsetOf(target) + 1 + count);
    into[offsetOf(target)] += (to - from) << COUNT_SHIFT;
    return target;
  }

  #appendGrouped(grouped: number, rows: Uint32Array, from: number, to: number): number {
    let list = grouped;
    let at = from;
    while (at < to) {
      const group = rows[at] >>> GROUP_BITS;
      const words = this.slab.segmentOf(list);
      const start = offsetOf(list);
      const entry = this.#findEntry(words, start, group);
      const isThere = entry < start + DIRECTORY_START + (words[start] >>> COUNT_SHIFT) * ENTRY_WORDS;
      const before = isThere ? this.#unpack(words, entry) : 0;
      let count = before;
      while (at < to && rows[at] >>> GROUP_BITS === group) unpacked[count++] = rows[at++] & LOW_MASK;
      if (isThere) {
        this.#repack(list, entry - start, count);
        this.slab.segmentOf(list)[start + 1] += count - before;
      } else list = this.#insertEntry(list, entry - start, group, count);
    }
    return list;
  }

  // Reading.

  has(list: number, row: number): boolean {
    return this.read(list, row, oneRow, 0, 1) === 1 && oneRow[0] === row;
  }

  /** Row ids >= from, ascending, to target[at..), at most `max`; answers how many. */
  read(list: number, from: number, target: Uint32Array, targetAt: number, max: number): number {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const count = words[at] >>> COUNT_SHIFT;
    if ((words[at] & GROUPED) === 0) {
      const end = at + 1 + count;
      const start = from === 0 ? at + 1 : lowerBound32(words, at + 1, end, from);
      const length = end - start < max ? end - start : max;
      for (let i = 0; i < length; i++) target[targetAt + i] = words[start + i];
      return length;
    }
    const end = at + DIRECTORY_START + count * ENTRY_WORDS;
    let entry = this.#findEntry(words, at, from >>> GROUP_BITS);
    let low = entry < end && words[entry] >>> GROUP_BITS === from >>> GROUP_BITS ? from & LOW_MASK : 0;
    let found = 0;
    for (; entry < end && found < max; entry += ENTRY_WORDS, low = 0)
      found += this.#readContainer(words, entry, low, target, targetAt + found, max - found);
    return found;
  }

  #readContainer(
    words: Uint32Array,
    entry: number,
    low: number,
    target: Uint32Array,
    targetAt: number,
    max: number,
  ): number {
    const base = words[entry] & ~LOW_MASK;
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const block = offsetOf(ref);
    let found = 0;
    if ((meta & 3) === CONTAINER_BITMAP) {
      const bits = this.slab.segmentOf(ref);
      const stride = meta >>> 9;
      let page = low >>> 9;
      let w = (low & 511) >>> 5;
      let mask = -1 << (low & 31);
      for (; page < PAGES_PER_GROUP; page++, w = 0) {
        for (; w < stride; w++) {
          let word = bits[block + page * stride + w] & mask;
          mask = -1;
          const start = base | (page << 9) | (w << 5);
          while (word !== 0) {
            const lowest = word & -word;
            target[targetAt + found++] = start | (31 - Math.clz32(lowest));
            if (found === max) return found;
            word ^= lowest;
          }
        }
        mask = -1;
      }
      return found;
    }
    const halves = this.slab.halvesOf(ref);
    const start = block * 2;
    if ((meta & 3) === CONTAINER_ARRAY) {
      const end = start + (words[entry] & LOW_MASK) + 1;
      const first = low === 0 ? start : lowerBound16(halves, start, end, low);
      const length = end - first < max ? end - first : max;
      for (let i = 0; i < length; i++) target[targetAt + i] = base | halves[first + i];
      return length;
    }
    const runs = meta >>> 9;
    let run = low === 0 ? 0 : Math.max(0, runAt(halves, start, runs, low));
    for (; run < runs; run++) {
      const last = halves[start + run * 2] + halves[start + run * 2 + 1];
      for (let value = Math.max(low, halves[start + run * 2]); value <= last; value++) {
        target[targetAt + found++] = base | value;
        if (found === max) return found;
      }
    }
    return found;
  }

  /** Row ids <= from, descending, to target[at..), at most `max`; answers how many. */
  readBackward(list: number, from: number, target: Uint32Array, targetAt: number, max: number): number {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const count = words[at] >>> COUNT_SHIFT;
    if ((words[at] & GROUPED) === 0) {
      const end = from >= 0xffffffff ? at + 1 + count : lowerBound32(words, at + 1, at + 1 + count, from + 1);
      const length = end - (at + 1) < max ? end - (at + 1) : max;
      for (let i = 0; i < length; i++) target[targetAt + i] = words[end - 1 - i];
      return length;
    }
    const first = at + DIRECTORY_START;
    const end = first + count * ENTRY_WORDS;
    const group = from >>> GROUP_BITS;
    let entry = this.#findEntry(words, at, group);
    let low = from & LOW_MASK;
    if (entry === end || words[entry] >>> GROUP_BITS !== group) {
      entry -= ENTRY_WORDS;
      low = LOW_MASK;
    }
    let found = 0;
    for (; entry >= first && found < max; entry -= ENTRY_WORDS, low = LOW_MASK)
      found += this.#readContainerBackward(words, entry, low, target, targetAt + found, max - found);
    return found;
  }

  #readContainerBackward(
    words: Uint32Array,
    entry: number,
    low: number,
    target: Uint32Array,
    targetAt: number,
    max: number,
  ): number {
    const base = words[entry] & ~LOW_MASK;
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const block = offsetOf(ref);
    let found = 0;
    if ((meta & 3) === CONTAINER_BITMAP) {
      const bits = this.slab.segmentOf(ref);
      const stride = meta >>> 9;
      for (let page = low >>> 9; page >= 0; page--) {
        for (let w = stride - 1; w >= 0; w--) {
          const start = (page << 9) | (w << 5);
          if (start > low) continue;
          let word: number = bits[block + page * stride + w];
          if (low - start < 31) word &= (2 << (low - start)) - 1;
          while (word !== 0) {
            const bit = 31 - Math.clz32(word);
            target[targetAt + found++] = base | start | bit;
            if (found === max) return found;
            word &= ~(1 << bit);
          }
        }
      }
      return found;
    }
    const halves = this.slab.halvesOf(ref);
    const start = block * 2;
    if ((meta & 3) === CONTAINER_ARRAY) {
      const end = lowerBound16(halves, start, start + (words[entry] & LOW_MASK) + 1, low + 1);
      const length = end - start < max ? end - start : max;
      for (let i = 0; i < length; i++) target[targetAt + i] = base | halves[end - 1 - i];
      return length;
    }
    for (let run = runAt(halves, start, meta >>> 9, low); run >= 0; run--) {
      const first = halves[start + run * 2];
      for (let value = Math.min(low, first + halves[start + run * 2 + 1]); value >= first; value--) {
        target[targetAt + found++] = base | value;
        if (found === max) return found;
      }
    }
    return found;
  }

  // Page group by page group.

  /**
   * Goes to the first page group >= group in which the list has rows, and sets what `place` says of it. If the place is of this
   * list and not behind the group, looks from there on: a walk through the groups costs a step each.
   */
  seekGroup(list: number, group: number, place: GroupPlace): void {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const header = words[at];
    const count = header >>> COUNT_SHIFT;
    const isOnward = place.list === list && place.group <= group;
    place.list = list;
    if ((header & GROUPED) === 0) {
      const end = at + 1 + count;
      const from = gallop32(words, isOnward ? place.at + at : at + 1, end, group * 65536, 1);
      place.at = from - at;
      place.group = from === end ? GROUP_END : words[from] >>> GROUP_BITS;
      place.end = place.group === GROUP_END ? from : gallop32(words, from, end, (place.group + 1) * 65536, 1) - at;
      place.rows = place.end - place.at;
      return;
    }
    const end = at + DIRECTORY_START + count * ENTRY_WORDS;
    const from = isOnward ? place.at + at : at + DIRECTORY_START;
    const entry = gallop32(words, from, end, group * 65536, ENTRY_WORDS);
    place.at = entry - at;
    place.group = entry === end ? GROUP_END : words[entry] >>> GROUP_BITS;
    place.rows = entry === end ? 0 : (words[entry] & LOW_MASK) + 1;
  }

  /** Sets the view to the rows of the group at the place, good until the list changes. */
  viewGroup(place: GroupPlace, view: ContainerView): void {
    const words = this.slab.segmentOf(place.list);
    const at = offsetOf(place.list);
    if ((words[at] & GROUPED) === 0) {
      view.setRows(words, at + place.at, at + place.end);
      return;
    }
    const entry = at + place.at;
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    view.kind = meta & 3;
    view.rows = place.rows;
    view.detail = meta >>> 9;
    if (view.kind === CONTAINER_BITMAP) {
      view.words = this.slab.segmentOf(ref);
      view.start = offsetOf(ref);
    } else {
      view.halves = this.slab.halvesOf(ref);
      view.start = offsetOf(ref) * 2;
    }
  }

  /** How many row ids lie in the two kinds of lists and the three of containers: for EXPLAIN, measurements and tests. */
  describe(list: number): {
    rows: number;
    flat: boolean;
    arrays: number;
    bitmaps: number;
    runs: number;
    words: number;
  } {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const header = words[at];
    const kinds = [0, 0, 0];
    let used = BLOCK_WORDS[header & CLASS_MASK];
    const flat = (header & GROUPED) === 0;
    if (!flat) {
      const first = at + DIRECTORY_START;
      for (let entry = first; entry < first + (header >>> COUNT_SHIFT) * ENTRY_WORDS; entry += ENTRY_WORDS) {
        kinds[words[entry + 2] & 3]++;
        used += BLOCK_WORDS[(words[entry + 2] >>> 2) & CLASS_MASK];
      }
    }
    return { rows: this.count(list), flat, arrays: kinds[0], bitmaps: kinds[1], runs: kinds[2], words: used };
  }

  /** Throws when an invariant of the header comment does not hold; answers the words of the list. For tests. */
  checkInvariants(list: number): number {
    const words = this.slab.segmentOf(list);
    const at = offsetOf(list);
    const header = words[at];
    const count = this.count(list);
    assert(count >= 2, 'a posting list of one row (invariant 1)');
    const rows = new Uint32Array(count + 1);
    assert(this.read(list, 0, rows, 0, count + 1) === count, 'rows differ from the count (invariant 2)');
    for (let i = 1; i < count; i++) assert(rows[i - 1] < rows[i], 'rows out of order (invariant 1)');
    if ((header & GROUPED) === 0) return BLOCK_WORDS[header & CLASS_MASK];
    const first = at + DIRECTORY_START;
    for (let entry = first; entry < first + (header >>> COUNT_SHIFT) * ENTRY_WORDS; entry += ENTRY_WORDS)
      this.#checkContainer(words, entry);
    return this.describe(list).words;
  }

  #checkContainer(words: Uint32Array, entry: number): void {
    const meta = words[entry + 2];
    const ref = words[entry + 1];
    const block = offsetOf(ref);
    const rows = (words[entry] & LOW_MASK) + 1;
    const size = BLOCK_WORDS[(meta >>> 2) & CLASS_MASK];
    if ((meta & 3) === CONTAINER_BITMAP) {
      const bits = this.slab.segmentOf(ref);
      const length = (meta >>> 9) * PAGES_PER_GROUP;
      let sum = 0;
      for (let i = block; i < block + length; i++) sum += popCount(bits[i]);
      assert(sum === rows, 'rows of a bitmap (invariant 2)');
      assert(length <= size && rows * 2 >= length, 'a bitmap too empty (invariant 3)');
      return;
    }
    const halves = this.slab.halvesOf(ref);
    if ((meta & 3) === CONTAINER_ARRAY) {
      assert(rows <= size * 2, 'rows of an array (invariant 2)');
      return;
    }
    const runs = meta >>> 9;
    let sum = 0;
    for (let i = 0; i < runs; i++) {
      const run = block * 2 + i * 2;
      sum += halves[run + 1] + 1;
      if (i > 0) assert(halves[run - 2] + halves[run - 1] + 1 < halves[run], 'runs touch (invariant 3)');
    }
    assert(sum === rows && runs <= size, 'rows of runs (invariant 2)');
  }
}

const oneRow = new Uint32Array(1);

/**
 * The first index of from, from + stride, ... below `to` whose value is >= wanted, or `to`: looks ahead in doubling steps (Bentley
 * and Yao, "An almost optimal algorithm for unbounded searching", 1976).
 */
function gallop32(values: Uint32Array, from: number, to: number, wanted: number, stride: number): number {
  if (from >= to || values[from] >= wanted) return from;
  let step = stride;
  let low = from;
  let high = from + stride;
  while (high < to && values[high] < wanted) {
    low = high;
    step *= 2;
    high = low + step;
  }
  if (high > to) high = to;
  // values[low] < wanted, and high is the end or values[high] >= wanted.
  low += stride;
  while (low < high) {
    const middle = low + (((high - low) / stride) >>> 1) * stride;
    if (values[middle] < wanted) low = middle + stride;
    else high = middle;
  }
  return low;
}

/** First index in from..to of ascending values whose value is >= wanted. */
function lowerBound32(values: Uint32Array, from: number, to: number, wanted: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a flat list should be grouped. */
function isDense(words: Uint32Array, at: number, count: number): boolean {
  const groups = (words[at + count] >>> GROUP_BITS) - (words[at + 1] >>> GROUP_BITS) + 1;
  return count >= FLAT_ROWS_MAX || count >= groups * GROUPED_ROWS_PER_GROUP;
}
