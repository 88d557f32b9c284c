/**
 * Ordered dictionary: a B+tree over the leaves of a dictionary (dictionary.ts).
 *
 *     inner   [ s1 | s2 | s3 ]        separator i = smallest key under child i + 1
 *            /     |    |     \
 *     leaf  [..] [..]  [..]  [..]
 *
 * In inner nodes entry i is separator i, its posting child i + 1; child 0 is in `nexts`.
 *
 * Invariant 2 of dictionaries is here: every key under child i of an inner node is >= separator i-1 and < separator i.
 *
 * Splits: in the middle, but at the end when the new entry is the last of the rightmost leaf, so that ascending loads fill
 * their leaves. Removal frees a node when it becomes empty; nodes are not merged before (as PostgreSQL's nbtree).
 */
import { assert } from '../../types/assert.ts';
import {
  Dictionary,
  LOADED_ENTRIES_MAX,
  NODE_CAPACITY,
  NODE_CAPACITY_BITS,
  SEGMENT_MASK,
  SEGMENT_NODES_BITS,
} from './dictionary.ts';
import type { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';

/** Deepest tree: 128^8 entries at least half full is beyond 2^32 row ids. */
const DEPTH_MAX = 10;

export class OrderedDictionary extends Dictionary {
  #root = 0;
  /** Levels of inner nodes above the leaves. */
  #height = 0;
  readonly #pathNodes = new Uint32Array(DEPTH_MAX);
  readonly #pathSlots = new Int32Array(DEPTH_MAX);

  constructor(hasByteKeys: boolean, memory = new IndexMemory()) {
    super(hasByteKeys, false, memory);
    this.startEmpty();
  }

  protected startAgain(leaf: number): void {
    this.#root = leaf;
    this.#height = 0;
  }

  protected checkRoom(leaf: number): void {
    const splits = this.counts[leaf] === NODE_CAPACITY ? this.#height + 2 : 0;
    if (this.arena !== null && !this.arena.hasRoomFor(splits + 1)) throw this.memory.error();
    if (this.spareNodes < splits) throw this.memory.error();
  }

  /** Number of entries of the node whose key is smaller. */
  #lowerBound(node: number, key: IndexKey): number {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const keys = this.keySegments[segment];
    const wanted = key.number;
    let low = base;
    let high = base + this.counts[node];
    if (this.arena === null) {
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (keys[middle] < wanted) low = middle + 1;
        else high = middle;
      }
      return low - base;
    }
    const refs = this.refSegments[segment];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const stored = keys[middle];
      if (stored < wanted || (stored === wanted && this.arena.compare(refs[middle], key.bytes, key.length) < 0))
        low = middle + 1;
      else high = middle;
    }
    return low - base;
  }

  /** Number of entries of the node whose key is smaller or equal: in an inner node, the slot of the child to go down to. */
  #upperBound(node: number, key: IndexKey): number {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const keys = this.keySegments[segment];
    const wanted = key.number;
    let low = base;
    let high = base + this.counts[node];
    if (this.arena === null) {
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (keys[middle] <= wanted) low = middle + 1;
        else high = middle;
      }
      return low - base;
    }
    const refs = this.refSegments[segment];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const stored = keys[middle];
      if (stored < wanted || (stored === wanted && this.arena.compare(refs[middle], key.bytes, key.length) <= 0))
        low = middle + 1;
      else high = middle;
    }
    return low - base;
  }

  #child(node: number, slot: number): number {
    return slot === 0 ? this.nexts[node] : this.postingAt(node, slot - 1);
  }

  /** Goes down to the leaf for the key, remembering the path. */
  #descend(key: IndexKey): number {
    let node = this.#root;
    for (let level = 0; level < this.#height; level++) {
      const slot = this.#upperBound(node, key);
      this.#pathNodes[level] = node;
      this.#pathSlots[level] = slot;
      node = this.#child(node, slot);
    }
    return node;
  }

  insert(key: IndexKey, rowId: number): boolean {
    let leaf = this.lastLeaf;
    let position = this.counts[leaf];
    // Ascending loads: does the key belong behind the very last one, or is it that?
    const order = position > 0 ? this.compareAt(leaf, position - 1, key) : 1;
    if (order === 0) return this.addRow(leaf, position - 1, rowId);
    const isAppend = order < 0;
    if (isAppend) {
      if (position === NODE_CAPACITY) this.#descend(key);
    } else {
      leaf = this.#descend(key);
      position = this.#lowerBound(leaf, key);
      if (position < this.counts[leaf] && this.compareAt(leaf, position, key) === 0)
        return this.addRow(leaf, position, rowId);
    }
    if (this.memory.isFull) this.checkRoom(leaf);
    const ref = this.arena === null ? 0 : this.arena.store(key.bytes, key.length);
    this.version++;
    this.count++;
    this.keyCount++;
    if (this.counts[leaf] === NODE_CAPACITY) {
      const right = this.splitLeaf(leaf, isAppend ? NODE_CAPACITY : NODE_CAPACITY >>> 1);
      if (position > this.counts[leaf] || (position === this.counts[leaf] && isAppend)) {
        position -= this.counts[leaf];
        leaf = right;
      }
      this.place(leaf, position, key.number, ref, rowId);
      // The separator is the right node's first key: known only now.
      this.#insertSeparator(this.#height - 1, right);
      return true;
    }
    this.place(leaf, position, key.number, ref, rowId);
    return true;
  }

  /** Hangs `right` (new sibling of the child on the path) into the inner node at `level`, with its first key as separator. */
  #insertSeparator(level: number, right: number): void {
    const ref = this.arena === null ? 0 : this.arena.copy(this.refAt(right, 0));
    this.#insertInner(level, this.numberAt(right, 0), ref, right);
  }

  #insertInner(level: number, number: number, ref: number, child: number): void {
    if (level < 0) {
      const root = this.allocate();
      this.nexts[root] = this.#root;
      this.place(root, 0, number, ref, child);
      this.#root = root;
      this.#height++;
      assert(this.#height < DEPTH_MAX, 'ordered dictionary is too deep');
      return;
    }
    let node = this.#pathNodes[level];
    let slot = this.#pathSlots[level];
    if (this.counts[node] === NODE_CAPACITY) {
      const isLast = slot === NODE_CAPACITY;
      const keep = isLast ? NODE_CAPACITY - 1 : NODE_CAPACITY >>> 1;
      const right = this.#splitInner(node, keep, level);
      // The separator at `keep` went up; children behind it are in the new node.
      if (slot > keep) {
        slot -= keep + 1;
        node = right;
      }
    }
    this.place(node, slot, number, ref, child);
  }

  /** Splits an inner node: entries 0..keep-1 stay, entry `keep` goes up, the rest moves to the new right node. */
  #splitInner(node: number, keep: number, level: number): number {
    const right = this.allocate();
    this.nexts[right] = this.postingAt(node, keep);
    this.moveEntries(node, right, keep + 1);
    const number = this.numberAt(node, keep);
    const ref = this.hasByteKeys ? this.refAt(node, keep) : 0;
    this.counts[node] = keep;
    this.#insertInner(level - 1, number, ref, right);
    return right;
  }

  /** The leaf is on the path of the last descent. */
  protected forgetLeaf(): void {
    this.#removeChild(this.#height - 1);
  }

  /** Takes the child on the path out of the inner node at `level`, and that node too when it was its last. */
  #removeChild(level: number): void {
    const node = this.#pathNodes[level];
    const slot = this.#pathSlots[level];
    if (this.counts[node] === 0) {
      // Its only child went: the node goes as well. The root is handled below, since it always has two children.
      this.freeNodes.push(node);
      this.#removeChild(level - 1);
      return;
    }
    if (slot === 0) {
      this.nexts[node] = this.postingAt(node, 0);
      this.take(node, 0);
    } else this.take(node, slot - 1);
    if (level === 0) this.#shrinkRoot();
  }

  /** A root with one child gives its place to it. */
  #shrinkRoot(): void {
    while (this.#height > 0 && this.counts[this.#root] === 0) {
      const old = this.#root;
      this.#root = this.nexts[old];
      this.freeNodes.push(old);
      this.#height--;
    }
  }

  locate(key: IndexKey, isBehind = false): void {
    const leaf = this.#descend(key);
    this.foundLeaf = leaf;
    this.foundPosition = isBehind ? this.#upperBound(leaf, key) : this.#lowerBound(leaf, key);
  }

  find(key: IndexKey): boolean {
    const leaf = this.#descend(key);
    const position = this.#lowerBound(leaf, key);
    this.foundLeaf = leaf;
    this.foundPosition = position;
    return position < this.counts[leaf] && this.compareAt(leaf, position, key) === 0;
  }

  compareAt(leaf: number, position: number, key: IndexKey): number {
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
    const stored = this.keySegments[segment][at];
    if (stored !== key.number) return stored < key.number ? -1 : 1;
    return this.arena === null ? 0 : this.arena.compare(this.refSegments[segment][at], key.bytes, key.length);
  }

  protected compareLoaded(leaf: number, position: number, number: number, slots: Uint8Array | null): number {
    const last = this.numberAt(leaf, position);
    if (last !== number) return last < number ? -1 : 1;
    return slots === null || this.arena!.isSlot(this.refAt(leaf, position), slots, 0) ? 0 : -1;
  }

  protected noteLoaded(): void {}

  /** Builds the inner nodes over the leaves that appendEntries filled. */
  finishLoad(): void {
    let nodes: number[] = [];
    for (let leaf = this.firstLeaf; leaf !== 0; leaf = this.nexts[leaf]) nodes.push(leaf);
    /** The leftmost leaf under each node: its first key is the separator. */
    let leaves = nodes;
    while (nodes.length > 1) {
      const parents: number[] = [];
      const parentLeaves: number[] = [];
      const parentCount = Math.ceil(nodes.length / LOADED_ENTRIES_MAX);
      for (let i = 0; i < parentCount; i++) {
        const from = Math.floor((i * nodes.length) / parentCount);
        const to = Math.floor(((i + 1) * nodes.length) / parentCount);
        parents.push(this.#loadInner(nodes, leaves, from, to));
        parentLeaves.push(leaves[from]);
      }
      nodes = parents;
      leaves = parentLeaves;
      this.#height++;
    }
    this.#root = nodes[0];
    this.version++;
  }

  #loadInner(nodes: readonly number[], leaves: readonly number[], from: number, to: number): number {
    const node = this.allocate();
    this.nexts[node] = nodes[from];
    for (let i = from + 1; i < to; i++) {
      const leaf = leaves[i];
      const ref = this.arena === null ? 0 : this.arena.copy(this.refAt(leaf, 0));
      this.place(node, i - from - 1, this.numberAt(leaf, 0), ref, nodes[i]);
    }
    return node;
  }

  override checkInvariants(): void {
    super.checkInvariants();
    assert(
      this.#countLeaves(this.#root, 0) === this.keyCount,
      'leaves under the root differ from the chain (invariant 2)',
    );
  }

  #countLeaves(node: number, level: number): number {
    if (level === this.#height) return this.counts[node];
    let sum = 0;
    for (let slot = 0; slot <= this.counts[node]; slot++) sum += this.#countLeaves(this.#child(node, slot), level + 1);
    return sum;
  }
}
