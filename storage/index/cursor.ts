/**
 * A reader's place in a dictionary: answers row ids between two bounds, forwards or backwards; those of one key in the
 * order of row ids, or backwards.
 *
 * The dictionary may change between two calls (its version tells). The cursor then seeks its place again, behind the key and row
 * id it gave last; so none is given twice and none that stayed is missed.
 *
 * Of a hash dictionary it may be asked for one key (both bounds), or for all entries.
 *
 * Bounds are keys; on composite byte keys a bound may be a prefix of the key's columns (encodings are prefix-free per column):
 * `isPrefix` makes every key that begins with the upper bound's bytes lie within it.
 */
import { assert } from '../../types/assert.ts';
import { ROW_ID_SLOT_BITS } from '../limits.ts';
import type { Dictionary } from './dictionary.ts';
import { IndexKey } from './index-key.ts';

/** What `next` answers at the end. */
export const CURSOR_END = -1;
const ROW_ID_MAX = 4294967295;
/** Row ids read from a posting list at once: few first, since the reader may want few. */
const CHUNK_ROWS_MIN = 8;
const CHUNK_ROWS_MAX = 256;

export class IndexCursor {
  // No #fields: of a derived class V8 would keep so many in a hash table, which costs 1.6 KB and time.
  private dictionary: Dictionary;
  readonly lower = new IndexKey();
  readonly upper = new IndexKey();
  hasLower = false;
  hasUpper = false;
  lowerInclusive = true;
  upperInclusive = true;
  /** Byte keys: lower/upper hold only the first columns. An exclusive lower prefix passes over all keys that begin with it. */
  isPrefix = false;
  descending = false;

  /** The entry to come next; backwards, one past it. */
  private leaf = 0;
  private position = 0;
  /** What of the leaf is within the bound ahead: entries before this position; backwards, from it on. */
  private limit = 0;
  /** The bound ahead is in this leaf. */
  private isLastLeaf = false;
  private version = -1;
  private started = false;
  private ended = false;
  /** The entry given last (valid while the version is unchanged); leaf 0: none given yet. */
  private lastLeaf = 0;
  private lastPosition = 0;
  /** Entries given so far: as long as it is the same, so is the key. */
  entriesGiven = 0;
  /** The row id given last. */
  private lastRow = 0;
  /** Its key, saved by `suspend`. */
  private readonly last = new IndexKey();
  private hasLast = false;
  /** Row ids of the last entry's posting list that were read ahead. */
  private chunk: Uint32Array | null = null;
  private chunkAt = 0;
  private chunkEnd = 0;
  private chunkRows = CHUNK_ROWS_MIN;
  /** There may be more in the list behind the chunk, or behind #lastRow when that is used up. */
  private isInList = false;

  constructor(dictionary: Dictionary) {
    this.dictionary = dictionary;
  }

  /** Starts again with whatever bounds are set now. */
  reset(): void {
    this.started = false;
    this.ended = false;
  }

  /** The bounds become a key's own: its posting, and nothing else. */
  setKey(key: IndexKey): void {
    this.hasLower = true;
    this.hasUpper = true;
    this.lower.copyFrom(key);
    this.upper.copyFrom(key);
    this.reset();
  }

  /** Starts behind this key and row id, which lie within the bounds and need not be there. */
  startBehind(key: IndexKey, rowId: number): void {
    this.started = true;
    this.ended = false;
    this.last.copyFrom(key);
    this.hasLast = true;
    this.lastRow = rowId;
    this.#seekAgain();
  }

  /** The next row id, or CURSOR_END. */
  next(): number {
    if (this.ended) return CURSOR_END;
    if (!this.started) this.#start();
    else if (this.version !== this.dictionary.version) this.#seekAgain();
    if (this.chunkAt < this.chunkEnd || (this.isInList && this.#fillChunk())) {
      this.lastRow = (this.chunk as Uint32Array)[this.chunkAt++];
      return this.lastRow;
    }
    if (!this.#nextEntry()) {
      this.ended = true;
      return CURSOR_END;
    }
    const dictionary = this.dictionary;
    if (!dictionary.isListAt(this.lastLeaf, this.lastPosition)) {
      this.lastRow = dictionary.postingAt(this.lastLeaf, this.lastPosition);
      return this.lastRow;
    }
    this.isInList = true;
    this.lastRow = this.descending ? ROW_ID_MAX + 1 : -1;
    this.chunkRows = CHUNK_ROWS_MIN;
    this.#fillChunk();
    this.lastRow = (this.chunk as Uint32Array)[this.chunkAt++];
    return this.lastRow;
  }

  /**
   * Goes to the next key within the bounds, whatever is left of the last one's row ids; false: there is none. `rowCount`, `rowId`
   * and `copyKey` are of it, until the dictionary changes.
   */
  nextKey(): boolean {
    if (this.ended) return false;
    if (!this.started) this.#start();
    else if (this.version !== this.dictionary.version) this.#seekAgain();
    this.#leaveList();
    // Should the place have to be sought again: behind this key.
    this.lastRow = this.descending ? 0 : ROW_ID_MAX;
    this.ended = !this.#nextEntry();
    return !this.ended;
  }

  /**
   * Passes over what is left of a leaf, as far as the bounds go, without giving it: answers how many row ids that were. It stops at
   * the first that is not on one of the pages, and at lists, unless all pages are known to be right (null). 0: go on with `next`.
   * Forwards only.
   */
  passLeaf(pages: { has(pageNo: number): boolean } | null): number {
    if (this.ended) return 0;
    if (!this.started) this.#start();
    else if (this.version !== this.dictionary.version) this.#seekAgain();
    if (this.isInList || this.chunkAt < this.chunkEnd) return 0;
    const dictionary = this.dictionary;
    if (!this.#reachEntry()) return 0;
    const leaf = this.leaf;
    const from = this.position;
    let end = this.limit;
    let passed = 0;
    if (pages === null) passed = dictionary.rowCountBetween(leaf, from, end);
    else {
      let at = from;
      for (; at < end && !dictionary.isListAt(leaf, at); at++)
        if (!pages.has(dictionary.postingAt(leaf, at) >>> ROW_ID_SLOT_BITS)) break;
      end = at;
      passed = end - from;
    }
    if (passed === 0) return 0;
    this.lastLeaf = leaf;
    this.lastPosition = end - 1;
    this.position = end;
    // Should the place have to be sought again: behind this key.
    this.lastRow = ROW_ID_MAX;
    return passed;
  }

  /** Row ids of the key that `nextKey` went to. */
  get rowCount(): number {
    return this.dictionary.rowCountAt(this.lastLeaf, this.lastPosition);
  }

  /** Its row ids from `row` on, ascending, to target[at..), at most `max`; answers how many. */
  readRows(row: number, target: Uint32Array, at: number, max: number): number {
    const dictionary = this.dictionary;
    const posting = dictionary.postingAt(this.lastLeaf, this.lastPosition);
    if (dictionary.isListAt(this.lastLeaf, this.lastPosition))
      return dictionary.lists.read(posting, row, target, at, max);
    if (posting < row) return 0;
    target[at] = posting;
    return 1;
  }

  copyKey(key: IndexKey): void {
    this.dictionary.keyAt(this.lastLeaf, this.lastPosition, key);
  }

  /** Reads on in the list of the last entry; false: it is at its end. */
  #fillChunk(): boolean {
    this.chunk ??= new Uint32Array(CHUNK_ROWS_MAX);
    const count = this.#readList(this.chunk, 0, this.chunkRows, this.lastRow);
    this.isInList = count === this.chunkRows;
    this.chunkRows = Math.min(CHUNK_ROWS_MAX, this.chunkRows * 2);
    this.chunkAt = 0;
    this.chunkEnd = count;
    return count > 0;
  }

  /** Row ids of the last entry's list behind `row`. */
  #readList(target: Uint32Array, at: number, max: number, row: number): number {
    const { lists } = this.dictionary;
    const list = this.dictionary.postingAt(this.lastLeaf, this.lastPosition);
    if (this.descending) return row === 0 ? 0 : lists.readBackward(list, row - 1, target, at, max);
    return row === ROW_ID_MAX ? 0 : lists.read(list, row + 1, target, at, max);
  }

  /**
   * Row ids that follow, up to `count`, without moving; answers how many. To be called in the same poll as the `next` before it.
   */
  peek(rows: Uint32Array, count: number): number {
    const dictionary = this.dictionary;
    if (!this.started || this.ended || this.version !== dictionary.version) return 0;
    const leaf = this.leaf;
    const position = this.position;
    const limit = this.limit;
    const isLastLeaf = this.isLastLeaf;
    const lastLeaf = this.lastLeaf;
    const lastPosition = this.lastPosition;
    let found = 0;
    for (let at = this.chunkAt; at < this.chunkEnd && found < count; at++)
      rows[found++] = (this.chunk as Uint32Array)[at];
    if (this.isInList) found += this.#readList(rows, found, count - found, found > 0 ? rows[found - 1] : this.lastRow);
    while (found < count && this.#nextEntry()) {
      if (!dictionary.isListAt(this.lastLeaf, this.lastPosition))
        rows[found++] = dictionary.postingAt(this.lastLeaf, this.lastPosition);
      else found += this.#readList(rows, found, count - found, this.descending ? ROW_ID_MAX + 1 : -1);
    }
    this.leaf = leaf;
    this.position = position;
    this.limit = limit;
    this.isLastLeaf = isLastLeaf;
    this.lastLeaf = lastLeaf;
    this.lastPosition = lastPosition;
    return found;
  }

  /** Must be called before the dictionary may change (end of a poll), so that the place can be found again. */
  suspend(): void {
    if (!this.started || this.ended) return;
    const dictionary = this.dictionary;
    if (this.version !== dictionary.version || this.lastLeaf === 0) return;
    dictionary.keyAt(this.lastLeaf, this.lastPosition, this.last);
    this.hasLast = true;
  }

  /** Whether the entry given last has this key; also after `suspend` and changes of the dictionary. */
  isAtKey(key: IndexKey): boolean {
    const dictionary = this.dictionary;
    if (this.lastLeaf !== 0 && this.version === dictionary.version)
      return dictionary.compareAt(this.lastLeaf, this.lastPosition, key) === 0;
    assert(this.hasLast, 'a suspended cursor knows the entry it gave last');
    return this.last.equals(key);
  }

  /** The number key of the entry that `next` has just given. */
  get lastNumber(): number {
    return this.dictionary.numberAt(this.lastLeaf, this.lastPosition);
  }

  #start(): void {
    this.started = true;
    this.hasLast = false;
    this.lastLeaf = 0;
    this.#leaveList();
    this.version = this.dictionary.version;
    if (this.#isOneKey()) this.#startAtKey();
    else this.#startAtBound();
  }

  /** Both bounds are one key. */
  #isOneKey(): boolean {
    if (!this.hasLower || !this.hasUpper || this.isPrefix || !this.lowerInclusive || !this.upperInclusive) return false;
    return this.lower.equals(this.upper);
  }

  #startAtKey(): void {
    const dictionary = this.dictionary;
    const isThere = dictionary.find(this.lower);
    this.leaf = dictionary.foundLeaf;
    this.position = dictionary.foundPosition;
    this.limit = this.position;
    this.isLastLeaf = true;
    if (!isThere) return;
    if (this.descending) this.position++;
    else this.limit++;
  }

  #startAtBound(): void {
    if (this.descending) this.#startBackward();
    else this.#startForward();
    this.#enterLeaf();
  }

  /** Finds out how much of the leaf is within the bound ahead. */
  #enterLeaf(): void {
    const dictionary = this.dictionary;
    const leaf = this.leaf;
    if (leaf === 0) return;
    if (this.descending) {
      this.limit = this.hasLower ? this.#lowerLimit(leaf) : 0;
      this.isLastLeaf = this.limit > 0;
    } else {
      const count = dictionary.leafCount(leaf);
      this.limit = this.hasUpper ? this.#upperLimit(leaf) : count;
      this.isLastLeaf = this.limit < count;
    }
  }

  #lowerLimit(leaf: number): number {
    const dictionary = this.dictionary;
    if (this.lowerInclusive || !this.isPrefix) return dictionary.positionIn(leaf, this.lower, !this.lowerInclusive);
    if (!prefixSuccessor(this.lower)) return dictionary.leafCount(leaf);
    return dictionary.positionIn(leaf, successor, false);
  }

  #upperLimit(leaf: number): number {
    const dictionary = this.dictionary;
    if (!this.upperInclusive || !this.isPrefix) return dictionary.positionIn(leaf, this.upper, this.upperInclusive);
    if (!prefixSuccessor(this.upper)) return dictionary.leafCount(leaf);
    return dictionary.positionIn(leaf, successor, false);
  }

  #leaveList(): void {
    this.isInList = false;
    this.chunkAt = 0;
    this.chunkEnd = 0;
  }

  #startForward(): void {
    const dictionary = this.dictionary;
    if (!this.hasLower) {
      this.leaf = dictionary.firstLeaf;
      this.position = 0;
      return;
    }
    if (!this.isPrefix || this.lowerInclusive) dictionary.locate(this.lower, !this.lowerInclusive);
    else if (prefixSuccessor(this.lower)) dictionary.locate(successor);
    else {
      this.leaf = 0;
      return;
    }
    this.leaf = dictionary.foundLeaf;
    this.position = dictionary.foundPosition;
  }

  #startBackward(): void {
    const dictionary = this.dictionary;
    if (!this.hasUpper || (this.isPrefix && this.upperInclusive && !prefixSuccessor(this.upper))) {
      this.leaf = dictionary.lastLeaf;
      this.position = dictionary.leafCount(this.leaf);
      return;
    }
    // Behind all keys that begin with the prefix, or at or behind the bound itself.
    if (this.isPrefix && this.upperInclusive) dictionary.locate(successor);
    else dictionary.locate(this.upper, this.upperInclusive);
    this.leaf = dictionary.foundLeaf;
    this.position = dictionary.foundPosition;
  }

  /** Goes to the next entry within the bounds, which is the last one given from then on; false: there is none. */
  #nextEntry(): boolean {
    this.entriesGiven++;
    return this.descending ? this.#stepBackward() : this.#stepForward();
  }

  /** Goes on to a leaf that has an entry within the bounds, if this one has no more; false: there is none. */
  #reachEntry(): boolean {
    while (this.leaf !== 0 && this.position >= this.limit) {
      if (this.isLastLeaf) return false;
      this.leaf = this.dictionary.nextLeaf(this.leaf);
      this.position = 0;
      this.#enterLeaf();
    }
    return this.leaf !== 0;
  }

  #stepForward(): boolean {
    if (!this.#reachEntry()) return false;
    this.lastLeaf = this.leaf;
    this.lastPosition = this.position++;
    return true;
  }

  #stepBackward(): boolean {
    const dictionary = this.dictionary;
    while (this.leaf !== 0 && this.position <= this.limit) {
      if (this.isLastLeaf) return false;
      this.leaf = dictionary.previousLeaf(this.leaf);
      if (this.leaf !== 0) this.position = dictionary.leafCount(this.leaf);
      this.#enterLeaf();
    }
    if (this.leaf === 0) return false;
    this.lastLeaf = this.leaf;
    this.lastPosition = --this.position;
    return true;
  }

  /** The dictionary has changed: behind the row id given last. */
  #seekAgain(): void {
    const dictionary = this.dictionary;
    this.version = dictionary.version;
    this.#leaveList();
    if (!this.hasLast) {
      assert(this.lastLeaf === 0, 'a cursor is suspended before its dictionary changes');
      this.#startAtBound();
      return;
    }
    const isThere = dictionary.find(this.last);
    const leaf = dictionary.foundLeaf;
    const position = dictionary.foundPosition;
    this.leaf = leaf;
    this.position = position;
    this.lastLeaf = 0;
    this.#enterLeaf();
    if (!isThere) return;
    let isPassed = true;
    if (dictionary.isListAt(leaf, position)) {
      this.lastLeaf = leaf;
      this.lastPosition = position;
      this.isInList = true;
      this.chunkRows = CHUNK_ROWS_MIN;
    } else {
      const row = dictionary.postingAt(leaf, position);
      isPassed = this.descending ? row >= this.lastRow : row <= this.lastRow;
    }
    // Backwards the position is one past the entry to come.
    if (isPassed !== this.descending) this.position++;
  }
}

const successor = new IndexKey();

/** Sets `successor` to the first key behind all that begin with the prefix; false: there is none. */
function prefixSuccessor(prefix: IndexKey): boolean {
  successor.copyFrom(prefix);
  while (successor.length > 0 && successor.bytes[successor.length - 1] === 255) successor.length--;
  if (successor.length === 0) return false;
  successor.bytes[successor.length - 1]++;
  return true;
}
