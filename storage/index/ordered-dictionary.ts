/**
 * Ordered dictionary: a B+tree from keys to postings, in typed arrays.
 *
 *     inner   [ s1 | s2 | s3 ]        separator i = smallest key under child i + 1
 *            /     |    |     \
 *     leaf  [..] [..]  [..]  [..]     linked left to right and right to left
 *
 * An entry is a key and its posting. The key is a float64 (number key, or the first six bytes of a byte key) and, for byte keys, a
 * reference into the key arena, where the rest is. The posting is the row id itself while there is one, else the handle of a
 * posting list (posting-lists.ts); a bit an entry says which. So an entry is 12 or 16 bytes, 14 to 23 with the usual fill.
 * Nodes live in segments of typed arrays; node 0 is never used.
 *
 * Invariants (checkInvariants)
 *  1. Keys ascend strictly within a leaf and along the chain of leaves.
 *  2. Every key under child i of an inner node is >= separator i-1 and < separator i.
 *  3. No node but the root is empty.
 *  4. `keyCount` is the number of entries in all leaves, `count` that of the row ids in their postings.
 *  5. A posting list has two row ids or more, and is of one entry.
 *
 * Splits: in the middle, but at the end when the new entry is the last of the rightmost leaf, so that ascending loads fill
 * their leaves. Removal frees a node when it becomes empty; nodes are not merged before (as PostgreSQL's nbtree).
 */
import { assert } from '../../types/assert.ts';
import type { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';
import { KeyArena, slotSize } from './key-arena.ts';
import { PostingLists } from './posting-lists.ts';

/** Entries a node holds. 64 to 128 measured alike for point reads; 128 has the cheaper memory. */
export const NODE_CAPACITY = 128;
const NODE_CAPACITY_BITS = 7;
/** Words of a node's bits that say which postings are lists. */
const BIT_WORDS = NODE_CAPACITY >>> 5;
const BIT_WORDS_BITS = 2;
const SEGMENT_NODES_BITS = 10;
const SEGMENT_NODES = 1 << SEGMENT_NODES_BITS;
const SEGMENT_MASK = SEGMENT_NODES - 1;
/** Deepest tree: 128^8 entries at least half full is beyond 2^32 row ids. */
const DEPTH_MAX = 10;
/** How full finishLoad and appendEntries make nodes, so that the first inserts do not split them all. */
const LOADED_ENTRIES_MAX = 116;

export class OrderedDictionary {
  /** True: byte keys in the arena; false: number keys. */
  readonly hasByteKeys: boolean;
  /** Row ids in all postings. */
  count = 0;
  /** Distinct keys. */
  keyCount = 0;
  /** Changes at every insert and removal; cursors notice that they must seek again. */
  version = 0;
  /** Set when an integer beyond 2^53 was inserted: the order among equal number keys is then not that of the values. */
  isLossy = false;
  /** Set when a row got a second key: from then on a row may be found under keys that the version seen does not have. */
  hasStaleKeys = false;

  readonly arena: KeyArena | null;
  /** Postings of keys with two row ids and more. */
  readonly lists: PostingLists;
  /** Per segment: the entries of its nodes, node after node. In inner nodes entry i is separator i, its posting child i + 1. */
  readonly keySegments: Float64Array[] = [];
  readonly refSegments: Uint32Array[] = [];
  readonly postingSegments: Uint32Array[] = [];
  /** A bit an entry: its posting is a list. */
  readonly #listBits: Uint32Array[] = [];
  /** No bit of #listBits was ever set: most dictionaries of unique keys. */
  #hasLists = false;
  /** Entries used in the node. */
  #counts = new Uint16Array(SEGMENT_NODES);
  /** Leaf: next leaf. Inner: child 0. */
  #next = new Uint32Array(SEGMENT_NODES);
  #previous = new Uint32Array(SEGMENT_NODES);
  #freeNodes: number[] = [];
  #nodeCount = 1;
  #root: number;
  /** Levels of inner nodes above the leaves. */
  #height = 0;
  #firstLeaf: number;
  #lastLeaf: number;
  readonly #pathNodes = new Uint32Array(DEPTH_MAX);
  readonly #pathSlots = new Int32Array(DEPTH_MAX);

  readonly #memory: IndexMemory;
  /** What this dictionary has counted there. */
  #nodeBytes = 0;

  constructor(hasByteKeys: boolean, memory = new IndexMemory()) {
    this.hasByteKeys = hasByteKeys;
    this.#memory = memory;
    this.#countBytes(this.#counts.byteLength + this.#next.byteLength + this.#previous.byteLength);
    this.arena = hasByteKeys ? new KeyArena(memory) : null;
    this.lists = new PostingLists(memory);
    this.#root = this.#allocate();
    this.#firstLeaf = this.#root;
    this.#lastLeaf = this.#root;
  }

  /** Memory reserved, in bytes. */
  get sizeBytes(): number {
    return this.#nodeBytes + (this.arena?.sizeBytes ?? 0) + this.lists.slab.sizeBytes;
  }

  /** About the size of an image. */
  get imageBytes(): number {
    return this.keyCount * 12 + (this.count > this.keyCount ? this.count * 4 : 0) + (this.arena?.usedBytes ?? 0);
  }

  /**
   * The index is gone: its memory is no longer counted. All stays readable: a checkpoint may be in the middle of its image.
   */
  release(): void {
    this.#memory.nodeBytes -= this.#nodeBytes;
    this.#memory.arenaBytes -= this.arena?.sizeBytes ?? 0;
    this.#memory.postingBytes -= this.lists.slab.sizeBytes;
    this.#nodeBytes = 0;
    this.lists.slab.stopCounting();
  }

  #countBytes(bytes: number): void {
    this.#nodeBytes += bytes;
    this.#memory.nodeBytes += bytes;
  }

  /** Indexes use all they may: a key is taken only if the reserved nodes and key segments are enough for all it may need. */
  #checkRoom(leaf: number): void {
    const splits = this.#counts[leaf] === NODE_CAPACITY ? this.#height + 2 : 0;
    if (this.arena !== null && !this.arena.hasRoomFor(splits + 1)) throw this.#memory.error();
    let nodes = this.#freeNodes.length - this.#nodeCount;
    for (const keys of this.keySegments) nodes += keys.length >>> NODE_CAPACITY_BITS;
    if (nodes < splits) throw this.#memory.error();
  }

  #allocate(): number {
    const free = this.#freeNodes.pop();
    if (free !== undefined) {
      this.#counts[free] = 0;
      this.#next[free] = 0;
      this.#previous[free] = 0;
      return free;
    }
    const node = this.#nodeCount++;
    const segment = node >>> SEGMENT_NODES_BITS;
    // The first segment starts small: a database with a thousand small indexes must not pay 1.5 MB for each.
    if (segment >= this.keySegments.length) this.#setSegment(segment, segment === 0 ? 4 : SEGMENT_NODES);
    else {
      const nodes = this.keySegments[segment].length >>> NODE_CAPACITY_BITS;
      if ((node & SEGMENT_MASK) >= nodes) this.#setSegment(segment, Math.min(nodes * 2, SEGMENT_NODES));
    }
    if (node >= this.#counts.length) {
      this.#countBytes(this.#counts.byteLength + this.#next.byteLength + this.#previous.byteLength);
      const length = this.#counts.length * 2;
      this.#counts = copied(this.#counts, new Uint16Array(length));
      this.#next = copied(this.#next, new Uint32Array(length));
      this.#previous = copied(this.#previous, new Uint32Array(length));
    }
    return node;
  }

  /** Makes a segment, or a larger one of it. */
  #setSegment(segment: number, nodes: number): void {
    const entries = nodes << NODE_CAPACITY_BITS;
    const grown = entries - (this.keySegments[segment]?.length ?? 0);
    this.#countBytes(grown * (this.hasByteKeys ? 16 : 12) + (grown >>> 3));
    this.keySegments[segment] = copied(this.keySegments[segment], new Float64Array(entries));
    this.postingSegments[segment] = copied(this.postingSegments[segment], new Uint32Array(entries));
    this.refSegments[segment] = copied(this.refSegments[segment], new Uint32Array(this.hasByteKeys ? entries : 0));
    this.#listBits[segment] = copied(this.#listBits[segment], new Uint32Array(nodes * BIT_WORDS));
  }

  /** Number of entries of the node whose key is smaller. */
  #lowerBound(node: number, key: IndexKey): number {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const keys = this.keySegments[segment];
    const wanted = key.number;
    let low = base;
    let high = base + this.#counts[node];
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
    let high = base + this.#counts[node];
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
    return slot === 0 ? this.#next[node] : this.postingAt(node, slot - 1);
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

  /** Adds a row id to a key's posting; false when it is there already. */
  insert(key: IndexKey, rowId: number): boolean {
    let leaf = this.#lastLeaf;
    let position = this.#counts[leaf];
    // Ascending loads: does the key belong behind the very last one, or is it that?
    const order = position > 0 ? this.compareAt(leaf, position - 1, key) : 1;
    if (order === 0) return this.#addRow(leaf, position - 1, rowId);
    const isAppend = order < 0;
    if (isAppend) {
      if (position === NODE_CAPACITY) this.#descend(key);
    } else {
      leaf = this.#descend(key);
      position = this.#lowerBound(leaf, key);
      if (position < this.#counts[leaf] && this.compareAt(leaf, position, key) === 0)
        return this.#addRow(leaf, position, rowId);
    }
    if (this.#memory.isFull) this.#checkRoom(leaf);
    const ref = this.arena === null ? 0 : this.arena.store(key.bytes, key.length);
    this.version++;
    this.count++;
    this.keyCount++;
    if (this.#counts[leaf] === NODE_CAPACITY) {
      const right = this.#splitLeaf(leaf, isAppend ? NODE_CAPACITY : NODE_CAPACITY >>> 1);
      if (position > this.#counts[leaf] || (position === this.#counts[leaf] && isAppend)) {
        position -= this.#counts[leaf];
        leaf = right;
      }
      this.#place(leaf, position, key.number, ref, rowId);
      // The separator is the right node's first key: known only now.
      this.#insertSeparator(this.#height - 1, right);
      return true;
    }
    this.#place(leaf, position, key.number, ref, rowId);
    return true;
  }

  /** Adds a row id to the posting of an entry. */
  #addRow(leaf: number, position: number, rowId: number): boolean {
    const { lists } = this;
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
    const posting = this.postingSegments[segment][at];
    if (this.isListAt(leaf, position)) {
      if (this.#memory.isFull && !lists.slab.hasRoomFor(lists.wordsForAdd(posting)) && !lists.has(posting, rowId))
        throw this.#memory.error();
      const list = lists.add(posting, rowId);
      if (!lists.changed) return false;
      this.postingSegments[segment][at] = list;
    } else {
      if (posting === rowId) return false;
      if (this.#memory.isFull && !lists.slab.hasRoomFor(3)) throw this.#memory.error();
      this.postingSegments[segment][at] = lists.createPair(posting, rowId);
      this.#setListBit(leaf, position);
    }
    this.version++;
    this.count++;
    return true;
  }

  #setListBit(leaf: number, position: number): void {
    this.#hasLists = true;
    const bits = this.#listBits[leaf >>> SEGMENT_NODES_BITS];
    bits[((leaf & SEGMENT_MASK) << BIT_WORDS_BITS) + (position >>> 5)] |= 1 << (position & 31);
  }

  #clearListBit(leaf: number, position: number): void {
    const bits = this.#listBits[leaf >>> SEGMENT_NODES_BITS];
    bits[((leaf & SEGMENT_MASK) << BIT_WORDS_BITS) + (position >>> 5)] &= ~(1 << (position & 31));
  }

  #place(node: number, position: number, number: number, ref: number, posting: number): void {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const at = base + position;
    const end = base + this.#counts[node]++;
    const keys = this.keySegments[segment];
    const postings = this.postingSegments[segment];
    if (at < end) {
      keys.copyWithin(at + 1, at, end);
      postings.copyWithin(at + 1, at, end);
      if (this.hasByteKeys) this.refSegments[segment].copyWithin(at + 1, at, end);
      if (this.#hasLists) openBit(this.#listBits[segment], (node & SEGMENT_MASK) << BIT_WORDS_BITS, position);
    }
    keys[at] = number;
    postings[at] = posting;
    if (this.hasByteKeys) this.refSegments[segment][at] = ref;
  }

  /** Moves entries from `keep` on to a new node and links it into the chain of leaves. */
  #splitLeaf(leaf: number, keep: number): number {
    const right = this.#allocate();
    this.#moveEntries(leaf, right, keep);
    const next = this.#next[leaf];
    this.#next[right] = next;
    this.#previous[right] = leaf;
    this.#next[leaf] = right;
    if (next === 0) this.#lastLeaf = right;
    else this.#previous[next] = right;
    return right;
  }

  #moveEntries(source: number, target: number, from: number): void {
    const count = this.#counts[source] - from;
    const start = ((source & SEGMENT_MASK) << NODE_CAPACITY_BITS) + from;
    const to = (target & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const a = source >>> SEGMENT_NODES_BITS;
    const b = target >>> SEGMENT_NODES_BITS;
    this.keySegments[b].set(this.keySegments[a].subarray(start, start + count), to);
    this.postingSegments[b].set(this.postingSegments[a].subarray(start, start + count), to);
    if (this.hasByteKeys) this.refSegments[b].set(this.refSegments[a].subarray(start, start + count), to);
    if (this.#hasLists) {
      for (let i = 0; i < count; i++) {
        if (!this.isListAt(source, from + i)) continue;
        this.#clearListBit(source, from + i);
        this.#setListBit(target, i);
      }
    }
    this.#counts[source] = from;
    this.#counts[target] = count;
  }

  /** Hangs `right` (new sibling of the child on the path) into the inner node at `level`, with its first key as separator. */
  #insertSeparator(level: number, right: number): void {
    const ref = this.arena === null ? 0 : this.arena.copy(this.refAt(right, 0));
    this.#insertInner(level, this.numberAt(right, 0), ref, right);
  }

  #insertInner(level: number, number: number, ref: number, child: number): void {
    if (level < 0) {
      const root = this.#allocate();
      this.#next[root] = this.#root;
      this.#place(root, 0, number, ref, child);
      this.#root = root;
      this.#height++;
      assert(this.#height < DEPTH_MAX, 'ordered dictionary is too deep');
      return;
    }
    let node = this.#pathNodes[level];
    let slot = this.#pathSlots[level];
    if (this.#counts[node] === NODE_CAPACITY) {
      const isLast = slot === NODE_CAPACITY;
      const keep = isLast ? NODE_CAPACITY - 1 : NODE_CAPACITY >>> 1;
      const right = this.#splitInner(node, keep, level);
      // The separator at `keep` went up; children behind it are in the new node.
      if (slot > keep) {
        slot -= keep + 1;
        node = right;
      }
    }
    this.#place(node, slot, number, ref, child);
  }

  /** Splits an inner node: entries 0..keep-1 stay, entry `keep` goes up, the rest moves to the new right node. */
  #splitInner(node: number, keep: number, level: number): number {
    const right = this.#allocate();
    this.#next[right] = this.postingAt(node, keep);
    this.#moveEntries(node, right, keep + 1);
    const number = this.numberAt(node, keep);
    const ref = this.hasByteKeys ? this.refAt(node, keep) : 0;
    this.#counts[node] = keep;
    this.#insertInner(level - 1, number, ref, right);
    return right;
  }

  /** Removes a row id from a key's posting, and the key with its last; false when it is not there. */
  remove(key: IndexKey, rowId: number): boolean {
    const leaf = this.#descend(key);
    const position = this.#lowerBound(leaf, key);
    if (position === this.#counts[leaf] || this.compareAt(leaf, position, key) !== 0) return false;
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
    const posting = this.postingSegments[segment][at];
    if (this.isListAt(leaf, position)) {
      const { lists } = this;
      const list = lists.remove(posting, rowId);
      if (!lists.changed) return false;
      this.postingSegments[segment][at] = list;
      if (lists.count(list) === 1) {
        this.postingSegments[segment][at] = lists.only(list);
        lists.release(list);
        this.#clearListBit(leaf, position);
      }
      this.version++;
      this.count--;
      return true;
    }
    if (posting !== rowId) return false;
    this.version++;
    this.count--;
    this.keyCount--;
    this.#take(leaf, position);
    if (this.#counts[leaf] === 0 && this.#height > 0) this.#unlinkLeaf(leaf);
    return true;
  }

  #take(node: number, position: number): void {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const at = base + position;
    const end = base + this.#counts[node]--;
    if (this.arena !== null) {
      this.arena.release(this.refSegments[segment][at]);
      this.refSegments[segment].copyWithin(at, at + 1, end);
    }
    this.keySegments[segment].copyWithin(at, at + 1, end);
    this.postingSegments[segment].copyWithin(at, at + 1, end);
    if (this.#hasLists) closeBit(this.#listBits[segment], (node & SEGMENT_MASK) << BIT_WORDS_BITS, position);
  }

  #unlinkLeaf(leaf: number): void {
    const next = this.#next[leaf];
    const previous = this.#previous[leaf];
    if (previous === 0) this.#firstLeaf = next;
    else this.#next[previous] = next;
    if (next === 0) this.#lastLeaf = previous;
    else this.#previous[next] = previous;
    this.#freeNodes.push(leaf);
    this.#removeChild(this.#height - 1);
  }

  /** Takes the child on the path out of the inner node at `level`, and that node too when it was its last. */
  #removeChild(level: number): void {
    const node = this.#pathNodes[level];
    const slot = this.#pathSlots[level];
    if (this.#counts[node] === 0) {
      // Its only child went: the node goes as well. The root is handled below, since it always has two children.
      this.#freeNodes.push(node);
      this.#removeChild(level - 1);
      return;
    }
    if (slot === 0) {
      this.#next[node] = this.postingAt(node, 0);
      this.#take(node, 0);
    } else this.#take(node, slot - 1);
    if (level === 0) this.#shrinkRoot();
  }

  /** A root with one child gives its place to it. */
  #shrinkRoot(): void {
    while (this.#height > 0 && this.#counts[this.#root] === 0) {
      const old = this.#root;
      this.#root = this.#next[old];
      this.#freeNodes.push(old);
      this.#height--;
    }
  }

  // Reading: leaves and positions are plain numbers, so that readers allocate nothing.

  get firstLeaf(): number {
    return this.#firstLeaf;
  }
  get lastLeaf(): number {
    return this.#lastLeaf;
  }
  leafCount(leaf: number): number {
    return this.#counts[leaf];
  }
  nextLeaf(leaf: number): number {
    return this.#next[leaf];
  }
  previousLeaf(leaf: number): number {
    return this.#previous[leaf];
  }
  /** The entry's row id, or the handle of its posting list. */
  postingAt(leaf: number, position: number): number {
    return this.postingSegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }
  isListAt(leaf: number, position: number): boolean {
    if (!this.#hasLists) return false;
    const bits = this.#listBits[leaf >>> SEGMENT_NODES_BITS];
    return (bits[((leaf & SEGMENT_MASK) << BIT_WORDS_BITS) + (position >>> 5)] & (1 << (position & 31))) !== 0;
  }
  /** Row ids in the entry's posting. */
  rowCountAt(leaf: number, position: number): number {
    return this.isListAt(leaf, position) ? this.lists.count(this.postingAt(leaf, position)) : 1;
  }
  /** Row ids in the postings of the entries from..to-1. */
  rowCountBetween(leaf: number, from: number, to: number): number {
    let count = to - from;
    if (!this.#hasLists) return count;
    const bits = this.#listBits[leaf >>> SEGMENT_NODES_BITS];
    const base = (leaf & SEGMENT_MASK) << BIT_WORDS_BITS;
    for (let word = from >>> 5; word << 5 < to; word++) {
      // One list a turn: bits & (bits - 1) is without the lowest.
      for (let rest = bits[base + word]; rest !== 0; rest &= rest - 1) {
        const position = (word << 5) + 31 - Math.clz32(rest & -rest);
        if (position >= from && position < to) count += this.lists.count(this.postingAt(leaf, position)) - 1;
      }
    }
    return count;
  }
  numberAt(leaf: number, position: number): number {
    return this.keySegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }
  refAt(leaf: number, position: number): number {
    return this.refSegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }

  /** Copies the entry's key. */
  keyAt(leaf: number, position: number, key: IndexKey): void {
    key.number = this.numberAt(leaf, position);
    if (this.arena === null) return;
    const ref = this.refAt(leaf, position);
    key.length = 0;
    key.reserve(this.arena.lengthOf(ref));
    key.length = this.arena.copyTo(ref, key.number, key.bytes);
  }

  /** Leaf of the last `locate`. */
  foundLeaf = 0;
  /** Position in it; may be its count: then the entry is the next leaf's first. */
  foundPosition = 0;

  /** Finds the first entry whose key is >= key, or > key. */
  locate(key: IndexKey, isBehind = false): void {
    const leaf = this.#descend(key);
    this.foundLeaf = leaf;
    this.foundPosition = isBehind ? this.#upperBound(leaf, key) : this.#lowerBound(leaf, key);
  }

  /** Finds the entry of the key; false: there is none. */
  find(key: IndexKey): boolean {
    const leaf = this.#descend(key);
    const position = this.#lowerBound(leaf, key);
    this.foundLeaf = leaf;
    this.foundPosition = position;
    return position < this.#counts[leaf] && this.compareAt(leaf, position, key) === 0;
  }

  /** How many row ids the key has. */
  rowCountOf(key: IndexKey): number {
    return this.find(key) ? this.rowCountAt(this.foundLeaf, this.foundPosition) : 0;
  }

  /** Sign of (entry's key - key). */
  compareAt(leaf: number, position: number, key: IndexKey): number {
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
    const stored = this.keySegments[segment][at];
    if (stored !== key.number) return stored < key.number ? -1 : 1;
    return this.arena === null ? 0 : this.arena.compare(this.refSegments[segment][at], key.bytes, key.length);
  }

  /** Whether the entry's byte key begins with the given bytes (equality on the first columns of a composite key). */
  startsWithAt(leaf: number, position: number, prefix: IndexKey): boolean {
    const number = this.numberAt(leaf, position);
    if (number !== prefix.number) {
      // A prefix of fewer than six bytes is padded: only its own bytes count.
      if (prefix.length >= 6) return false;
      const unit = 256 ** (6 - prefix.length);
      if (Math.floor(number / unit) !== Math.floor(prefix.number / unit)) return false;
    }
    return (this.arena as KeyArena).startsWith(this.refAt(leaf, position), prefix.bytes, prefix.length);
  }

  // Loading: entries come in key order.

  /** Between blocks of a load: throws 53200 when indexes use all they may. */
  checkLimit(): void {
    if (this.#memory.isFull) throw this.#memory.error();
  }

  /**
   * Appends up to 128 keys that are greater than all before (but the first may be the last one before: its row ids then follow
   * those that it has), with their row ids: one each, or as many as counts[i] says. `slots` are the arena slots of the keys.
   * finishLoad must follow before anything else is asked. False: they are not what they should be.
   */
  appendEntries(
    numbers: Float64Array,
    counts: Uint32Array | null,
    rows: Uint32Array,
    slots: Uint8Array | null,
  ): boolean {
    if ((this.arena === null) !== (slots === null)) return false;
    let leaf = this.#lastLeaf;
    let first = 0;
    let rowsAt = 0;
    let slotsAt = 0;
    const used = this.#counts[leaf];
    if (used > 0) {
      const last = this.numberAt(leaf, used - 1);
      if (last > numbers[0]) return false;
      if (last === numbers[0] && (slots === null || this.arena!.isSlot(this.refAt(leaf, used - 1), slots, 0))) {
        rowsAt = counts === null ? 1 : counts[0];
        if (!this.#appendRows(leaf, used - 1, rows, 0, rowsAt)) return false;
        first = 1;
        if (slots !== null) slotsAt = slotSize(slots[0] | (slots[1] << 8));
      }
    }
    const count = numbers.length - first;
    if (count === 0) return slots === null || slotsAt === slots.length;
    if (used + count > LOADED_ENTRIES_MAX && used > 0) leaf = this.#splitLeaf(leaf, used);
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const from = this.#counts[leaf];
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + from;
    this.keySegments[segment].set(first === 0 ? numbers : numbers.subarray(first), at);
    this.#counts[leaf] += count;
    this.keyCount += count;
    this.count += rows.length - rowsAt;
    if (counts === null) this.postingSegments[segment].set(rowsAt === 0 ? rows : rows.subarray(rowsAt), at);
    else if (!this.#appendPostings(leaf, from, counts, first, rows, rowsAt)) return false;
    if (this.arena === null || slots === null) return true;
    return this.arena.appendSlots(slots, slotsAt, slots.length, count, this.refSegments[segment], at);
  }

  #appendPostings(
    leaf: number,
    from: number,
    counts: Uint32Array,
    first: number,
    rows: Uint32Array,
    rowsFrom: number,
  ): boolean {
    const postings = this.postingSegments[leaf >>> SEGMENT_NODES_BITS];
    const base = (leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    let at = rowsFrom;
    for (let i = first; i < counts.length; i++) {
      const end = at + counts[i];
      const position = from + i - first;
      if (counts[i] === 1) postings[base + position] = rows[at];
      else {
        if (!ascends(rows, at, end)) return false;
        postings[base + position] = this.lists.create(rows, at, end);
        this.#setListBit(leaf, position);
      }
      at = end;
    }
    return at === rows.length;
  }

  #appendRows(leaf: number, position: number, rows: Uint32Array, from: number, to: number): boolean {
    const { lists } = this;
    const postings = this.postingSegments[leaf >>> SEGMENT_NODES_BITS];
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
    if (!ascends(rows, from, to)) return false;
    this.count += to - from;
    if (this.isListAt(leaf, position)) {
      lists.readBackward(postings[at], 0xffffffff, lastRow, 0, 1);
      if (lastRow[0] >= rows[from]) return false;
      postings[at] = lists.append(postings[at], rows, from, to);
      return true;
    }
    if (postings[at] >= rows[from]) return false;
    postings[at] = lists.append(lists.createPair(postings[at], rows[from]), rows, from + 1, to);
    this.#setListBit(leaf, position);
    return true;
  }

  /** Builds the inner nodes over the leaves that appendEntries filled. */
  finishLoad(): void {
    let nodes: number[] = [];
    for (let leaf = this.#firstLeaf; leaf !== 0; leaf = this.#next[leaf]) nodes.push(leaf);
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
    const node = this.#allocate();
    this.#next[node] = nodes[from];
    for (let i = from + 1; i < to; i++) {
      const leaf = leaves[i];
      const ref = this.arena === null ? 0 : this.arena.copy(this.refAt(leaf, 0));
      this.#place(node, i - from - 1, this.numberAt(leaf, 0), ref, nodes[i]);
    }
    return node;
  }

  /** Empty again, as after an image that turned out damaged. */
  clear(): void {
    this.count = 0;
    this.keyCount = 0;
    this.version++;
    this.isLossy = false;
    this.hasStaleKeys = false;
    this.arena?.clear();
    this.lists.slab.clear();
    this.#hasLists = false;
    let segmentBytes = 0;
    for (const segments of [this.keySegments, this.refSegments, this.postingSegments, this.#listBits]) {
      for (const segment of segments) segmentBytes += segment.byteLength;
      segments.length = 0;
    }
    this.#countBytes(-segmentBytes);
    this.#freeNodes = [];
    this.#nodeCount = 1;
    this.#height = 0;
    for (const table of [this.#counts, this.#next, this.#previous]) table.fill(0);
    this.#root = this.#allocate();
    this.#firstLeaf = this.#root;
    this.#lastLeaf = this.#root;
  }

  /** Throws when an invariant of the header comment does not hold. For tests. */
  checkInvariants(): void {
    let seen = 0;
    let rows = 0;
    let listWords = 0;
    let leaf = this.#firstLeaf;
    let previousLeaf = 0;
    const before = { number: Number.NEGATIVE_INFINITY, ref: 0 };
    while (leaf !== 0) {
      assert(this.#previous[leaf] === previousLeaf, 'leaf chain is broken');
      assert(this.#counts[leaf] > 0 || this.#height === 0, 'empty leaf (invariant 3)');
      for (let i = 0; i < this.#counts[leaf]; i++) {
        assert(seen === 0 || this.#ascends(before, leaf, i), 'keys out of order (invariant 1)');
        before.number = this.numberAt(leaf, i);
        before.ref = this.hasByteKeys ? this.refAt(leaf, i) : 0;
        rows += this.rowCountAt(leaf, i);
        if (this.isListAt(leaf, i)) listWords += this.lists.checkInvariants(this.postingAt(leaf, i));
        seen++;
      }
      for (let i = this.#counts[leaf]; i < NODE_CAPACITY; i++)
        assert(!this.isListAt(leaf, i), 'a bit behind the entries of a leaf');
      previousLeaf = leaf;
      leaf = this.#next[leaf];
    }
    assert(previousLeaf === this.#lastLeaf, 'last leaf is wrong');
    assert(seen === this.keyCount, 'keyCount is wrong (invariant 4)');
    assert(rows === this.count, 'count is wrong (invariant 4)');
    assert(listWords === this.lists.slab.usedWords, 'posting lists without an entry (invariant 5)');
    const slabWords = (listWords + this.lists.slab.freeWords()) * 4;
    assert(slabWords <= this.lists.slab.sizeBytes, 'more blocks than the slab has');
    assert(this.#countLeaves(this.#root, 0) === seen, 'leaves under the root differ from the chain (invariant 2)');
  }

  #ascends(before: { number: number; ref: number }, leaf: number, position: number): boolean {
    const number = this.numberAt(leaf, position);
    if (before.number !== number) return before.number < number;
    if (this.arena === null) return false;
    const length = this.arena.copyTo(this.refAt(leaf, position), number, copyScratch);
    return this.arena.compare(before.ref, copyScratch, length) < 0;
  }

  #countLeaves(node: number, level: number): number {
    if (level === this.#height) return this.#counts[node];
    let sum = 0;
    for (let slot = 0; slot <= this.#counts[node]; slot++) sum += this.#countLeaves(this.#child(node, slot), level + 1);
    return sum;
  }
}

const copyScratch = new Uint8Array(65536);
const lastRow = new Uint32Array(1);

function ascends(rows: Uint32Array, from: number, to: number): boolean {
  if (to > rows.length || from >= to) return false;
  for (let i = from + 1; i < to; i++) if (rows[i - 1] >= rows[i]) return false;
  return true;
}

/** Moves the node's bits from `position` on up by one; the bit there is clear. */
function openBit(bits: Uint32Array, base: number, position: number): void {
  const word = base + (position >>> 5);
  for (let i = base + BIT_WORDS - 1; i > word; i--) bits[i] = (bits[i] << 1) | (bits[i - 1] >>> 31);
  const below = (1 << (position & 31)) - 1;
  const old = bits[word];
  bits[word] = ((old & ~below) << 1) | (old & below);
}

/** Moves the node's bits behind `position` down by one. */
function closeBit(bits: Uint32Array, base: number, position: number): void {
  const last = base + BIT_WORDS - 1;
  const word = base + (position >>> 5);
  const below = (1 << (position & 31)) - 1;
  const old = bits[word];
  bits[word] = ((old >>> 1) & ~below) | (old & below);
  for (let i = word; i < last; i++) {
    bits[i] = (bits[i] & 0x7fffffff) | (bits[i + 1] << 31);
    bits[i + 1] >>>= 1;
  }
}

function copied<T extends Uint16Array | Uint32Array | Float64Array>(source: T | undefined, target: T): T {
  if (source !== undefined) target.set(source);
  return target;
}
