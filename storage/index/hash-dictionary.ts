/**
 * Hash dictionary: the leaves of a dictionary (dictionary.ts) in the order of 32-bit hashes, and a directory over them.
 *
 *     directory  | 0.. | 1.. | 2.. | 3.. |      by the upper bits of a hash: the leaf in which hashes with these bits begin
 *                   |    /       \     |
 *     leaf        [..] -> [....] -> [..]        each with the smallest hash that belongs to it
 *
 * Hashes are evenly spread, so a key's leaf is the one the directory names, or one soon behind it, and its place in the leaf is
 * about where its hash lies between the leaf's and the next one's. Equal hashes are in the order of keys; when they fill more
 * than a leaf, several leaves have the same smallest hash. Readers and images have an order of entries that does not
 * depend on when the dictionary grew: a cursor finds its place again whatever happened meanwhile.
 *
 * Growth: a full leaf splits in two, at a change of hashes near its middle; that is all that moves. When there are more than
 * half as many leaves as slots, the directory is made anew at twice the size, from the chain of leaves, which took
 * 1 ms of processor time at 3 million entries (131,072 slots). It never shrinks.
 *
 * Invariant 2 of dictionaries is here: (a) smallest hashes do not descend along the chain, and the first leaf's is 0; (b) no entry
 * has a smaller hash than its leaf, nor a greater one than the next leaf; (c) a slot has the last leaf whose smallest hash is not
 * beyond the slot's first.
 *
 * Somebody who chooses keys of one hash gets a chain of leaves that is searched from its end. As PostgreSQL's, hashes have no secret.
 */
import { assert } from '../../types/assert.ts';
import {
  copied,
  Dictionary,
  NODE_CAPACITY,
  NODE_CAPACITY_BITS,
  NODES_FIRST,
  SEGMENT_MASK,
  SEGMENT_NODES_BITS,
} from './dictionary.ts';
import { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';
import { readSlot } from './key-arena.ts';
import { hashOfBytes, hashOfNumber } from './key-hash.ts';

const SLOTS_MIN = 16;
/** The directory is a fiftieth of the rest then. */
const SLOTS_PER_LEAF_MIN = 2;
const HASHES = 2 ** 32;

export class HashDictionary extends Dictionary {
  /** By leaf: the smallest hash that belongs to it. */
  #firsts = new Uint32Array(NODES_FIRST);
  #slots = new Uint32Array(SLOTS_MIN);
  /** Lower bits of a hash that do not choose the slot. */
  #shift = 28;
  #leafCount = 0;

  constructor(hasByteKeys: boolean, memory = new IndexMemory()) {
    super(hasByteKeys, true, memory);
    this.countBytes(this.#firsts.byteLength + this.#slots.byteLength);
    this.startEmpty();
  }

  protected twin(memory: IndexMemory): Dictionary {
    return new HashDictionary(this.hasByteKeys, memory);
  }

  protected startAgain(leaf: number): void {
    this.countBytes((SLOTS_MIN - this.#slots.length) * 4);
    this.#slots = new Uint32Array(SLOTS_MIN).fill(leaf);
    this.#shift = 28;
    this.#leafCount = 1;
    this.#firsts[leaf] = 0;
  }

  protected override growNodeTables(length: number): void {
    super.growNodeTables(length);
    this.countBytes(this.#firsts.byteLength);
    this.#firsts = copied(this.#firsts, new Uint32Array(length));
  }

  protected checkRoom(leaf: number, key: IndexKey): void {
    if (this.arena !== null && !this.arena.hasRoomFor(key.length, 0)) throw this.memory.error();
    if (this.counts[leaf] === NODE_CAPACITY && this.spareNodes < 1) throw this.memory.error();
  }

  #hashOf(key: IndexKey): number {
    return this.hasByteKeys ? hashOfBytes(key.bytes, key.length) : hashOfNumber(key.number);
  }

  #hashAt(leaf: number, position: number): number {
    if (!this.hasByteKeys) return hashOfNumber(this.numberAt(leaf, position));
    return this.hashSegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }

  /** The leaf that the key belongs to. */
  #leafOf(hash: number, key: IndexKey): number {
    const firsts = this.#firsts;
    const { nexts } = this;
    let leaf = this.#slots[hash >>> this.#shift];
    for (let next = nexts[leaf]; next !== 0 && firsts[next] <= hash; next = nexts[leaf]) leaf = next;
    // Keys of one hash may fill several leaves, and begin in the middle of the one before those.
    while (firsts[leaf] === hash && this.#compare(leaf, 0, hash, key) > 0) {
      const previous = this.previouses[leaf];
      if (previous === 0 || this.#hashAt(previous, this.counts[previous] - 1) !== hash) break;
      leaf = previous;
    }
    return leaf;
  }

  /** Sign of (entry - key) by hash, then key. */
  #compare(leaf: number, position: number, hash: number, key: IndexKey): number {
    const stored = this.#hashAt(leaf, position);
    return stored !== hash ? (stored < hash ? -1 : 1) : this.#compareKey(leaf, position, key);
  }

  #compareKey(leaf: number, position: number, key: IndexKey): number {
    if (this.arena !== null) return this.arena.compare(this.refAt(leaf, position), key.bytes, key.length, 0);
    const number = this.numberAt(leaf, position);
    return number === key.number ? 0 : number < key.number ? -1 : 1;
  }

  /** Number of entries of the leaf that are smaller than the key (or equal to it, if `isBehind`). */
  #search(leaf: number, hash: number, key: IndexKey, isBehind: boolean): number {
    const count = this.counts[leaf];
    const first = this.#firsts[leaf];
    const next = this.nexts[leaf];
    const end = next === 0 ? HASHES : this.#firsts[next];
    let guess = end > first ? Math.floor(((hash - first) / (end - first)) * count) : 0;
    if (guess > count) guess = count;
    else if (guess < 0) guess = 0;
    let position = this.hasByteKeys
      ? this.#hashPosition(leaf, hash, guess, count)
      : this.#numberPosition(leaf, hash, guess, count);
    while (position < count && this.#hashAt(leaf, position) === hash) {
      const order = this.#compareKey(leaf, position, key);
      if (order > 0 || (order === 0 && !isBehind)) break;
      position++;
    }
    return position;
  }

  /** The first entry whose hash is not smaller: near the guess, mostly. */
  #hashPosition(leaf: number, hash: number, guess: number, count: number): number {
    const hashes = this.hashSegments[leaf >>> SEGMENT_NODES_BITS];
    const base = (leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const end = base + count;
    let at = base + guess;
    while (at > base && hashes[at - 1] >= hash) at--;
    while (at < end && hashes[at] < hash) at++;
    return at - base;
  }

  #numberPosition(leaf: number, hash: number, guess: number, count: number): number {
    const keys = this.keySegments[leaf >>> SEGMENT_NODES_BITS];
    const base = (leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const end = base + count;
    let at = base + guess;
    while (at > base && hashOfNumber(keys[at - 1]) >= hash) at--;
    while (at < end && hashOfNumber(keys[at]) < hash) at++;
    return at - base;
  }

  find(key: IndexKey): boolean {
    const hash = this.#hashOf(key);
    const leaf = this.#leafOf(hash, key);
    const position = this.#search(leaf, hash, key, false);
    this.foundLeaf = leaf;
    this.foundPosition = position;
    return position < this.counts[leaf] && this.#compareKey(leaf, position, key) === 0;
  }

  locate(key: IndexKey, isBehind = false): void {
    const hash = this.#hashOf(key);
    this.foundLeaf = this.#leafOf(hash, key);
    this.foundPosition = this.#search(this.foundLeaf, hash, key, isBehind);
  }

  positionIn(leaf: number, key: IndexKey, isBehind: boolean): number {
    return this.#search(leaf, this.#hashOf(key), key, isBehind);
  }

  compareAt(leaf: number, position: number, key: IndexKey): number {
    return this.#compare(leaf, position, this.#hashOf(key), key);
  }

  insert(key: IndexKey, rowId: number): boolean {
    const hash = this.#hashOf(key);
    let leaf = this.#leafOf(hash, key);
    let position = this.#search(leaf, hash, key, false);
    if (position < this.counts[leaf] && this.#compareKey(leaf, position, key) === 0)
      return this.addRow(leaf, position, rowId);
    if (this.memory.isFull) this.checkRoom(leaf, key);
    const ref = this.arena === null ? 0 : this.arena.store(key.bytes, key.length);
    this.version++;
    this.count++;
    this.keyCount++;
    if (this.counts[leaf] === NODE_CAPACITY) {
      const keep = this.#splitPlace(leaf);
      const right = this.#split(leaf, keep);
      if (position > keep) {
        position -= keep;
        leaf = right;
      }
    }
    this.place(leaf, position, key.number, ref, rowId);
    if (this.hasHashes) {
      const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
      this.hashSegments[leaf >>> SEGMENT_NODES_BITS][at] = hash;
    }
    return true;
  }

  /** Where the hash changes, as near to the middle as may be; the middle when all are equal. */
  #splitPlace(leaf: number): number {
    const middle = NODE_CAPACITY >>> 1;
    for (let i = 0; i < middle; i++) {
      if (this.#hashAt(leaf, middle + i - 1) !== this.#hashAt(leaf, middle + i)) return middle + i;
      if (i + 1 < middle && this.#hashAt(leaf, middle - i - 2) !== this.#hashAt(leaf, middle - i - 1))
        return middle - i - 1;
    }
    return middle;
  }

  #split(leaf: number, keep: number): number {
    const right = this.splitLeaf(leaf, keep);
    const first = this.#hashAt(right, 0);
    this.#firsts[right] = first;
    this.#leafCount++;
    this.#redirect(first, leaf, right);
    // At the cap on memory chains get longer instead.
    if (this.#leafCount * SLOTS_PER_LEAF_MIN > this.#slots.length && this.#shift > 1 && !this.memory.isFull) {
      this.#shift--;
      this.#fillSlots(this.#slots.length * 2);
    }
    return right;
  }

  /** Slots that begin at the hash or behind it, and have the leaf `from`, get the leaf `to`. */
  #redirect(hash: number, from: number, to: number): void {
    const slots = this.#slots;
    const width = 2 ** this.#shift;
    for (let i = Math.ceil(hash / width); i < slots.length && slots[i] === from; i++) slots[i] = to;
  }

  #fillSlots(length: number): void {
    this.countBytes((length - this.#slots.length) * 4);
    const slots = length === this.#slots.length ? this.#slots : new Uint32Array(length);
    const firsts = this.#firsts;
    const { nexts } = this;
    const width = 2 ** this.#shift;
    let leaf = this.firstLeaf;
    for (let i = 0, start = 0; i < length; i++, start += width) {
      for (let next = nexts[leaf]; next !== 0 && firsts[next] <= start; next = nexts[leaf]) leaf = next;
      slots[i] = leaf;
    }
    this.#slots = slots;
  }

  protected forgetLeaf(leaf: number, previous: number, next: number): void {
    this.#leafCount--;
    this.#redirect(this.#firsts[leaf], leaf, previous === 0 ? next : previous);
    if (previous === 0) this.#firsts[next] = 0;
  }

  protected compareLoaded(leaf: number, position: number, number: number, slots: Uint8Array | null): number {
    loadedKey.number = number;
    if (slots !== null) readSlot(slots, 0, loadedKey);
    return this.compareAt(leaf, position, loadedKey);
  }

  protected noteLoaded(leaf: number, from: number, to: number): void {
    if (!this.hasHashes) return;
    const hashes = this.hashSegments[leaf >>> SEGMENT_NODES_BITS];
    const base = (leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    for (let i = from; i < to; i++) {
      this.keyAt(leaf, i, loadedKey);
      hashes[base + i] = hashOfBytes(loadedKey.bytes, loadedKey.length);
    }
  }

  finishLoad(): void {
    this.#leafCount = 0;
    for (let leaf = this.firstLeaf; leaf !== 0; leaf = this.nexts[leaf]) {
      this.#firsts[leaf] = leaf === this.firstLeaf ? 0 : this.#hashAt(leaf, 0);
      this.#leafCount++;
    }
    let length = this.#slots.length;
    for (; length < this.#leafCount * SLOTS_PER_LEAF_MIN && this.#shift > 1; length *= 2) this.#shift--;
    this.#fillSlots(length);
    this.version++;
  }

  override checkInvariants(): void {
    super.checkInvariants();
    assert(this.#firsts[this.firstLeaf] === 0, 'the first leaf begins behind 0 (invariant 2a)');
    let leaves = 0;
    for (let leaf = this.firstLeaf; leaf !== 0; leaf = this.nexts[leaf]) {
      leaves++;
      const next = this.nexts[leaf];
      const end = next === 0 ? HASHES : this.#firsts[next];
      assert(this.#firsts[leaf] <= end, 'leaves begin out of order (invariant 2a)');
      for (let i = 0; i < this.counts[leaf]; i++) {
        const hash = this.#hashAt(leaf, i);
        assert(hash >= this.#firsts[leaf] && hash <= end, 'an entry in another leaf than its hash (invariant 2b)');
        this.keyAt(leaf, i, loadedKey);
        assert(hash === this.#hashOf(loadedKey), 'a wrong hash');
        assert(this.find(loadedKey) && this.foundLeaf === leaf && this.foundPosition === i, 'a key is not found');
      }
    }
    assert(leaves === this.#leafCount, 'the number of leaves is wrong');
    const slots = this.#slots;
    const width = 2 ** this.#shift;
    assert(slots.length * width === HASHES, 'the directory has another size than it says');
    for (let i = 0; i < slots.length; i++) {
      const next = this.nexts[slots[i]];
      const isRight = this.#firsts[slots[i]] <= i * width && (next === 0 || this.#firsts[next] > i * width);
      assert(isRight, 'a slot has another leaf (invariant 2c)');
    }
  }
}

const loadedKey = new IndexKey();
