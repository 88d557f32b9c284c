/**
 * A reader's place in an ordered dictionary: answers row ids between two bounds, forwards or backwards.
 *
 * The dictionary may change between two calls (its version tells). The cursor then seeks its place again, behind the entry it
 * gave last; so an entry is never given twice and none that stayed is missed.
 *
 * Bounds are keys; on composite byte keys a bound may be a prefix of the key's columns (encodings are prefix-free per column):
 * `upperIsPrefix` makes every key that begins with the upper bound's bytes lie within it.
 */
import { assert } from '../../types/assert.ts';
import { IndexKey } from './index-key.ts';
import type { OrderedDictionary } from './ordered-dictionary.ts';

const ROW_BEFORE_ALL = -1;
const ROW_AFTER_ALL = 4294967296;
/** What `next` answers at the end. */
export const CURSOR_END = -1;

export class IndexCursor {
  #dictionary: OrderedDictionary;
  readonly lower = new IndexKey();
  readonly upper = new IndexKey();
  hasLower = false;
  hasUpper = false;
  lowerInclusive = true;
  upperInclusive = true;
  /** Byte keys: lower/upper hold only the first columns. An exclusive lower prefix passes over all keys that begin with it. */
  isPrefix = false;
  descending = false;

  #leaf = 0;
  #position = 0;
  #version = -1;
  #started = false;
  #ended = false;
  readonly #last = new IndexKey();
  #lastRow = 0;

  constructor(dictionary: OrderedDictionary) {
    this.#dictionary = dictionary;
  }

  /** Starts again with whatever bounds are set now. */
  reset(): void {
    this.#started = false;
    this.#ended = false;
  }

  /** Row id of the next entry, or CURSOR_END. */
  next(): number {
    if (this.#ended) return CURSOR_END;
    if (!this.#started) this.#start();
    else if (this.#version !== this.#dictionary.version) this.#seekAgain();
    return this.descending ? this.#stepBackward() : this.#stepForward();
  }

  /**
   * Row ids of the entries that follow, up to `count`, without moving; answers how many. To be called in the same poll as the
   * `next` before it.
   */
  peek(rows: Uint32Array, count: number): number {
    if (!this.#started || this.#ended || this.#version !== this.#dictionary.version) return 0;
    const leaf = this.#leaf;
    const position = this.#position;
    const lastLeaf = this.#lastLeaf;
    const lastPosition = this.#lastPosition;
    let found = 0;
    for (; found < count; found++) {
      const row = this.descending ? this.#stepBackward() : this.#stepForward();
      if (row === CURSOR_END) break;
      rows[found] = row;
    }
    this.#leaf = leaf;
    this.#position = position;
    this.#lastLeaf = lastLeaf;
    this.#lastPosition = lastPosition;
    this.#ended = false;
    return found;
  }

  /** Must be called before the dictionary may change (end of a poll), so that the place can be found again. */
  suspend(): void {
    if (!this.#started || this.#ended) return;
    const dictionary = this.#dictionary;
    if (this.#version !== dictionary.version) return;
    // The entry given last is one step behind the place.
    this.#saveLast();
  }

  #saveLast(): void {
    if (this.#lastLeaf === 0) return;
    const dictionary = this.#dictionary;
    const ref = dictionary.arena === null ? 0 : dictionary.refAt(this.#lastLeaf, this.#lastPosition);
    this.#last.number = dictionary.numberAt(this.#lastLeaf, this.#lastPosition);
    this.#lastRow = dictionary.rowAt(this.#lastLeaf, this.#lastPosition);
    if (dictionary.arena !== null) {
      this.#last.length = 0;
      this.#last.reserve(dictionary.arena.lengthOf(ref));
      this.#last.length = dictionary.arena.copyTo(ref, this.#last.bytes);
    }
    this.#hasLast = true;
  }

  /** Whether the entry given last has this key; also after `suspend` and changes of the dictionary. */
  isAtKey(key: IndexKey): boolean {
    const dictionary = this.#dictionary;
    if (this.#lastLeaf !== 0 && this.#version === dictionary.version)
      return dictionary.compareAt(this.#lastLeaf, this.#lastPosition, key) === 0;
    assert(this.#hasLast, 'a suspended cursor knows the entry it gave last');
    return this.#last.equals(key);
  }

  /** The number key of the entry that `next` has just given. */
  get lastNumber(): number {
    return this.#dictionary.numberAt(this.#lastLeaf, this.#lastPosition);
  }

  /** Byte keys: copies the key of the entry that `next` has just given; its length, in key.length. */
  copyLastKey(key: IndexKey): void {
    const { arena } = this.#dictionary;
    assert(arena !== null, 'number keys are asked for by lastNumber');
    const ref = this.#dictionary.refAt(this.#lastLeaf, this.#lastPosition);
    key.length = 0;
    key.reserve(arena.lengthOf(ref));
    key.length = arena.copyTo(ref, key.bytes);
  }

  /** Where the entry given last stands (valid while the version is unchanged); leaf 0 = none given yet. */
  #lastLeaf = 0;
  #lastPosition = 0;
  #hasLast = false;

  #start(): void {
    this.#started = true;
    this.#hasLast = false;
    this.#lastLeaf = 0;
    this.#version = this.#dictionary.version;
    if (this.descending) this.#startBackward();
    else this.#startForward();
  }

  #startForward(): void {
    const dictionary = this.#dictionary;
    if (!this.hasLower) {
      this.#leaf = dictionary.firstLeaf;
      this.#position = 0;
      return;
    }
    dictionary.locate(this.lower, this.lowerInclusive || this.isPrefix ? ROW_BEFORE_ALL : ROW_AFTER_ALL);
    this.#leaf = dictionary.foundLeaf;
    this.#position = dictionary.foundPosition;
    if (!this.lowerInclusive && this.isPrefix) this.#skipLowerPrefix();
  }

  #skipLowerPrefix(): void {
    const dictionary = this.#dictionary;
    while (this.#settleForward()) {
      if (!dictionary.startsWithAt(this.#leaf, this.#position, this.lower.bytes, this.lower.length)) return;
      this.#position++;
    }
  }

  /** Moves a position at the end of its leaf to the next leaf's start; false at the end of the dictionary. */
  #settleForward(): boolean {
    const dictionary = this.#dictionary;
    while (this.#leaf !== 0 && this.#position >= dictionary.leafCount(this.#leaf)) {
      this.#leaf = dictionary.nextLeaf(this.#leaf);
      this.#position = 0;
    }
    return this.#leaf !== 0;
  }

  #stepForward(): number {
    if (!this.#settleForward()) return this.#finish();
    const dictionary = this.#dictionary;
    if (this.hasUpper && !this.#isWithinUpper()) return this.#finish();
    this.#lastLeaf = this.#leaf;
    this.#lastPosition = this.#position;
    return dictionary.rowAt(this.#leaf, this.#position++);
  }

  #isWithinUpper(): boolean {
    const dictionary = this.#dictionary;
    const order = dictionary.compareAt(this.#leaf, this.#position, this.upper);
    if (order < 0) return true;
    if (this.isPrefix) {
      return (
        this.upperInclusive && dictionary.startsWithAt(this.#leaf, this.#position, this.upper.bytes, this.upper.length)
      );
    }
    return order === 0 && this.upperInclusive;
  }

  #isWithinLower(): boolean {
    const dictionary = this.#dictionary;
    const order = dictionary.compareAt(this.#leaf, this.#position, this.lower);
    if (order < 0) return false;
    if (this.lowerInclusive) return true;
    if (this.isPrefix) {
      return !dictionary.startsWithAt(this.#leaf, this.#position, this.lower.bytes, this.lower.length);
    }
    return order > 0;
  }

  /** Backwards: #position is one past the entry to give next. */
  #startBackward(): void {
    const dictionary = this.#dictionary;
    if (!this.hasUpper) {
      this.#leaf = dictionary.lastLeaf;
      this.#position = dictionary.leafCount(this.#leaf);
      return;
    }
    if (this.isPrefix && this.upperInclusive) {
      // Behind all keys that begin with the prefix: at the first key that is greater and does not.
      dictionary.locate(this.upper, ROW_BEFORE_ALL);
      this.#leaf = dictionary.foundLeaf;
      this.#position = dictionary.foundPosition;
      while (
        this.#settleForward() &&
        dictionary.startsWithAt(this.#leaf, this.#position, this.upper.bytes, this.upper.length)
      ) {
        this.#position++;
      }
      if (this.#leaf === 0) {
        this.#leaf = dictionary.lastLeaf;
        this.#position = dictionary.leafCount(this.#leaf);
      }
      return;
    }
    dictionary.locate(this.upper, this.upperInclusive ? ROW_AFTER_ALL : ROW_BEFORE_ALL);
    this.#leaf = dictionary.foundLeaf;
    this.#position = dictionary.foundPosition;
  }

  #stepBackward(): number {
    const dictionary = this.#dictionary;
    while (this.#leaf !== 0 && this.#position === 0) {
      this.#leaf = dictionary.previousLeaf(this.#leaf);
      if (this.#leaf !== 0) this.#position = dictionary.leafCount(this.#leaf);
    }
    if (this.#leaf === 0) return this.#finish();
    this.#position--;
    if (this.hasLower && !this.#isWithinLower()) return this.#finish();
    this.#lastLeaf = this.#leaf;
    this.#lastPosition = this.#position;
    return dictionary.rowAt(this.#leaf, this.#position);
  }

  #finish(): number {
    this.#ended = true;
    return CURSOR_END;
  }

  #seekAgain(): void {
    const dictionary = this.#dictionary;
    this.#version = dictionary.version;
    if (!this.#hasLast) {
      if (this.descending) this.#startBackward();
      else this.#startForward();
      return;
    }
    dictionary.locate(this.#last, this.descending ? this.#lastRow : this.#lastRow + 1);
    this.#leaf = dictionary.foundLeaf;
    this.#position = dictionary.foundPosition;
    this.#lastLeaf = 0;
  }
}
