/**
 * Ordered dictionary: a B+tree of (key, row id) entries in typed arrays.
 *
 *     inner   [ s1 | s2 | s3 ]        separator i = smallest entry under child i + 1
 *            /     |    |     \
 *     leaf  [..] [..]  [..]  [..]     linked left to right and right to left
 *
 * Entries are ordered by key, then row id, so the row ids of one key are its posting list, in row id order. An entry is a
 * float64 (number key, or the first six bytes of a byte key), a reference into the key arena (byte keys only) and a u32 row
 * id: 12 or 16 bytes, 17-23 with the usual fill. Nodes live in segments of typed arrays; node 0 is never used.
 *
 * Invariants (checkInvariants)
 *  1. Entries ascend strictly within a leaf and along the chain of leaves.
 *  2. Every entry under child i of an inner node is >= separator i-1 and < separator i.
 *  3. No node but the root is empty.
 *  4. `count` is the number of entries in all leaves.
 *
 * Splits: in the middle, but at the end when the new entry is the last of the rightmost leaf, so that ascending loads fill
 * their leaves. Removal frees a node when it becomes empty; nodes are not merged before (as PostgreSQL's nbtree).
 */
import { assert } from '../../types/assert.ts';
import type { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';
import { KeyArena } from './key-arena.ts';

/** Entries a node holds. 64 to 128 measured alike for point reads; 128 has the cheaper memory. */
export const NODE_CAPACITY = 128;
const NODE_CAPACITY_BITS = 7;
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
  /** Entries in the tree. */
  count = 0;
  /** Changes at every insert and removal; cursors notice that they must seek again. */
  version = 0;
  /** Set when an integer beyond 2^53 was inserted: the order among equal number keys is then not that of the values. */
  isLossy = false;
  /** Set when a row got a second key: from then on a row may be found under keys that the version seen does not have. */
  hasStaleKeys = false;

  readonly arena: KeyArena | null;
  /** Per segment: the entries of its nodes, node after node. In inner nodes entry i is separator i. */
  readonly keySegments: Float64Array[] = [];
  readonly refSegments: Uint32Array[] = [];
  readonly rowSegments: Uint32Array[] = [];
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
  /** Children 1.. of inner nodes, by node; child 0 is in #next. Few enough (one node per 64 leaves and more) for own arrays. */
  readonly #children: Uint32Array[] = [];
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
    this.#root = this.#allocate();
    this.#firstLeaf = this.#root;
    this.#lastLeaf = this.#root;
  }

  /** Memory reserved, in bytes. */
  get sizeBytes(): number {
    return this.#nodeBytes + (this.arena?.sizeBytes ?? 0);
  }

  /** The index is gone: its memory is no longer counted. */
  release(): void {
    this.#memory.nodeBytes -= this.#nodeBytes;
    this.#memory.arenaBytes -= this.arena?.sizeBytes ?? 0;
    this.#nodeBytes = 0;
  }

  #countBytes(bytes: number): void {
    this.#nodeBytes += bytes;
    this.#memory.nodeBytes += bytes;
  }

  /** Indexes use all they may: an entry is taken only if the reserved nodes and key segments are enough for all it may need. */
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
    if (segment >= this.keySegments.length) this.#addSegment(segment === 0 ? 4 : SEGMENT_NODES);
    else if ((node & SEGMENT_MASK) << NODE_CAPACITY_BITS >= this.keySegments[segment].length)
      this.#growSegment(segment);
    if (node >= this.#counts.length) {
      this.#countBytes(this.#counts.byteLength + this.#next.byteLength + this.#previous.byteLength);
      const length = this.#counts.length * 2;
      this.#counts = copied(this.#counts, new Uint16Array(length));
      this.#next = copied(this.#next, new Uint32Array(length));
      this.#previous = copied(this.#previous, new Uint32Array(length));
    }
    return node;
  }

  #addSegment(nodes: number): void {
    this.keySegments.push(new Float64Array(nodes << NODE_CAPACITY_BITS));
    this.rowSegments.push(new Uint32Array(nodes << NODE_CAPACITY_BITS));
    this.refSegments.push(new Uint32Array(this.hasByteKeys ? nodes << NODE_CAPACITY_BITS : 0));
    this.#countBytes((nodes << NODE_CAPACITY_BITS) * (this.hasByteKeys ? 16 : 12));
  }

  #growSegment(segment: number): void {
    const entries = Math.min(this.keySegments[segment].length * 2, SEGMENT_NODES << NODE_CAPACITY_BITS);
    this.#countBytes((entries - this.keySegments[segment].length) * (this.hasByteKeys ? 16 : 12));
    const keys = new Float64Array(entries);
    keys.set(this.keySegments[segment]);
    this.keySegments[segment] = keys;
    const rows = new Uint32Array(entries);
    rows.set(this.rowSegments[segment]);
    this.rowSegments[segment] = rows;
    if (!this.hasByteKeys) return;
    const refs = new Uint32Array(entries);
    refs.set(this.refSegments[segment]);
    this.refSegments[segment] = refs;
  }

  /**
   * Number of entries of the node that are < (key, row); with row = -1, that have a smaller key; with row = 2^32, that have a
   * smaller or equal key.
   */
  #lowerBound(node: number, key: IndexKey, row: number): number {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const keys = this.keySegments[segment];
    const wanted = key.number;
    let low = base;
    let high = base + this.#counts[node];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const stored = keys[middle];
      if (stored < wanted || (stored === wanted && this.#tieIsLess(segment, middle, key, row))) low = middle + 1;
      else high = middle;
    }
    return low - base;
  }

  /** Entry and key agree in `number`: is the entry < (key, row)? */
  #tieIsLess(segment: number, entry: number, key: IndexKey, row: number): boolean {
    if (this.arena !== null) {
      const order = this.arena.compare(this.refSegments[segment][entry], key.bytes, key.length);
      if (order !== 0) return order < 0;
    }
    return this.rowSegments[segment][entry] < row;
  }

  /** Child of an inner node to go down for (key, row): the last one whose separator is <= it. */
  #childSlot(node: number, key: IndexKey, row: number): number {
    // Separators <= (key, row) are those < (key, row + 1): row ids are integers.
    return this.#lowerBound(node, key, row + 1);
  }

  #child(node: number, slot: number): number {
    return slot === 0 ? this.#next[node] : this.#children[node][slot - 1];
  }

  /** Goes down to the leaf for (key, row), remembering the path. */
  #descend(key: IndexKey, row: number): number {
    let node = this.#root;
    for (let level = 0; level < this.#height; level++) {
      const slot = this.#childSlot(node, key, row);
      this.#pathNodes[level] = node;
      this.#pathSlots[level] = slot;
      node = this.#child(node, slot);
    }
    return node;
  }

  /** Adds an entry; false when exactly this (key, row id) is there already. */
  insert(key: IndexKey, rowId: number): boolean {
    let leaf = this.#lastLeaf;
    let position = this.#counts[leaf];
    // Ascending loads: is the entry behind the very last one?
    const isAppend = position > 0 && this.#isGreater(leaf, position - 1, key, rowId);
    if (isAppend) {
      if (position === NODE_CAPACITY) this.#descend(key, rowId);
    } else {
      leaf = this.#descend(key, rowId);
      position = this.#lowerBound(leaf, key, rowId);
      if (position < this.#counts[leaf] && this.#equals(leaf, position, key, rowId)) return false;
    }
    if (this.#memory.isFull) this.#checkRoom(leaf);
    const ref = this.arena === null ? 0 : this.arena.store(key.bytes, key.length);
    this.version++;
    this.count++;
    if (this.#counts[leaf] === NODE_CAPACITY) {
      const right = this.#splitLeaf(leaf, isAppend ? NODE_CAPACITY : NODE_CAPACITY >>> 1);
      if (position > this.#counts[leaf] || (position === this.#counts[leaf] && isAppend)) {
        position -= this.#counts[leaf];
        leaf = right;
      }
      this.#place(leaf, position, key.number, ref, rowId);
      // The separator is the right node's first entry: known only now.
      this.#insertSeparator(this.#height - 1, right);
      return true;
    }
    this.#place(leaf, position, key.number, ref, rowId);
    return true;
  }

  #isGreater(leaf: number, entry: number, key: IndexKey, rowId: number): boolean {
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + entry;
    const stored = this.keySegments[segment][at];
    return stored < key.number || (stored === key.number && this.#tieIsLess(segment, at, key, rowId));
  }

  #equals(leaf: number, entry: number, key: IndexKey, rowId: number): boolean {
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + entry;
    if (this.keySegments[segment][at] !== key.number || this.rowSegments[segment][at] !== rowId) return false;
    return this.arena === null || this.arena.compare(this.refSegments[segment][at], key.bytes, key.length) === 0;
  }

  #place(node: number, position: number, number: number, ref: number, rowId: number): void {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const at = base + position;
    const end = base + this.#counts[node]++;
    const keys = this.keySegments[segment];
    const rows = this.rowSegments[segment];
    if (at < end) {
      keys.copyWithin(at + 1, at, end);
      rows.copyWithin(at + 1, at, end);
      if (this.hasByteKeys) this.refSegments[segment].copyWithin(at + 1, at, end);
    }
    keys[at] = number;
    rows[at] = rowId;
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
    this.rowSegments[b].set(this.rowSegments[a].subarray(start, start + count), to);
    if (this.hasByteKeys) this.refSegments[b].set(this.refSegments[a].subarray(start, start + count), to);
    this.#counts[source] = from;
    this.#counts[target] = count;
  }

  /** Hangs `right` (new sibling of the child on the path) into the inner node at `level`, with its first entry as separator. */
  #insertSeparator(level: number, right: number): void {
    const segment = right >>> SEGMENT_NODES_BITS;
    const at = (right & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const ref = this.hasByteKeys ? this.#copyKey(this.refSegments[segment][at]) : 0;
    this.#insertInner(level, this.keySegments[segment][at], ref, this.rowSegments[segment][at], right);
  }

  /** Separators own a copy of their key: the entry that it came from may go away. */
  #copyKey(ref: number): number {
    const arena = this.arena as KeyArena;
    const length = arena.copyTo(ref, copyScratch);
    return arena.store(copyScratch, length);
  }

  #insertInner(level: number, number: number, ref: number, row: number, child: number): void {
    if (level < 0) {
      const root = this.#allocate();
      this.#reserveChildren(root);
      this.#next[root] = this.#root;
      this.#place(root, 0, number, ref, row);
      this.#children[root][0] = child;
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
    const children = this.#children[node];
    children.copyWithin(slot + 1, slot, this.#counts[node]);
    children[slot] = child;
    this.#place(node, slot, number, ref, row);
  }

  #reserveChildren(node: number): void {
    if (this.#children[node] !== undefined) return;
    this.#children[node] = new Uint32Array(NODE_CAPACITY);
    this.#countBytes(NODE_CAPACITY * 4);
  }

  /** Splits an inner node: entries 0..keep-1 stay, entry `keep` goes up, the rest moves to the new right node. */
  #splitInner(node: number, keep: number, level: number): number {
    const right = this.#allocate();
    this.#reserveChildren(right);
    const children = this.#children[node];
    const count = this.#counts[node];
    this.#next[right] = children[keep];
    this.#children[right].set(children.subarray(keep + 1, count));
    this.#moveEntries(node, right, keep + 1);
    const segment = node >>> SEGMENT_NODES_BITS;
    const at = ((node & SEGMENT_MASK) << NODE_CAPACITY_BITS) + keep;
    const number = this.keySegments[segment][at];
    const ref = this.hasByteKeys ? this.refSegments[segment][at] : 0;
    const row = this.rowSegments[segment][at];
    this.#counts[node] = keep;
    this.#insertInner(level - 1, number, ref, row, right);
    return right;
  }

  /** Removes an entry; false when it is not there. */
  remove(key: IndexKey, rowId: number): boolean {
    const leaf = this.#descend(key, rowId);
    const position = this.#lowerBound(leaf, key, rowId);
    if (position === this.#counts[leaf] || !this.#equals(leaf, position, key, rowId)) return false;
    this.version++;
    this.count--;
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
    this.rowSegments[segment].copyWithin(at, at + 1, end);
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
    const count = this.#counts[node];
    if (count === 0) {
      // Its only child went: the node goes as well. The root is handled below, since it always has two children.
      this.#freeNodes.push(node);
      this.#removeChild(level - 1);
      return;
    }
    const children = this.#children[node];
    if (slot === 0) {
      this.#next[node] = children[0];
      children.copyWithin(0, 1, count);
      this.#take(node, 0);
    } else {
      children.copyWithin(slot - 1, slot, count);
      this.#take(node, slot - 1);
    }
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

  // Cursor support: leaves and positions are plain numbers, so that readers allocate nothing.

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
  rowAt(leaf: number, position: number): number {
    return this.rowSegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }
  numberAt(leaf: number, position: number): number {
    return this.keySegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }
  refAt(leaf: number, position: number): number {
    return this.refSegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }

  /** Leaf of the last `locate`. */
  foundLeaf = 0;
  /** Position in it; may be its count: then the entry is the next leaf's first. */
  foundPosition = 0;

  /** Finds the first entry >= (key, row); row -1 = the key's first entry, 2^32 = behind its last. */
  locate(key: IndexKey, row: number): void {
    // Going down for row - 1 and key lands left of or at the wanted entry; the position may be the leaf's end.
    const leaf = this.#descend(key, row);
    this.foundLeaf = leaf;
    this.foundPosition = this.#lowerBound(leaf, key, row);
  }

  /** Sign of (entry's key - key), row ids apart. */
  compareAt(leaf: number, position: number, key: IndexKey): number {
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
    const stored = this.keySegments[segment][at];
    if (stored !== key.number) return stored < key.number ? -1 : 1;
    return this.arena === null ? 0 : this.arena.compare(this.refSegments[segment][at], key.bytes, key.length);
  }

  /** Whether the entry's byte key begins with the given bytes (equality on the first columns of a composite key). */
  startsWithAt(leaf: number, position: number, prefix: Uint8Array, length: number): boolean {
    const arena = this.arena as KeyArena;
    const ref = this.refAt(leaf, position);
    if (arena.lengthOf(ref) < length) return false;
    const stored = arena.copyTo(ref, copyScratch);
    if (stored < length) return false;
    for (let i = 0; i < length; i++) if (copyScratch[i] !== prefix[i]) return false;
    return true;
  }

  // Images (dictionary-image.ts): entries leave in order, a leaf at a time, and come back so.

  /** Copies the leaf's entries from `position` on to numbers[at..) and rows[rowsAt..). */
  copyEntries(leaf: number, position: number, numbers: Float64Array, at: number, rows: Uint32Array, rowsAt: number) {
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const base = (leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const end = base + this.#counts[leaf];
    numbers.set(this.keySegments[segment].subarray(base + position, end), at);
    rows.set(this.rowSegments[segment].subarray(base + position, end), rowsAt);
  }

  /**
   * Appends up to 128 entries that are greater than all before, with the arena slots of their keys; finishLoad must follow
   * before anything else is asked. False: they are not what they should be.
   */
  appendEntries(numbers: Float64Array, rows: Uint32Array, slots: Uint8Array | null): boolean {
    const count = numbers.length;
    let leaf = this.#lastLeaf;
    const used = this.#counts[leaf];
    if (used > 0 && this.numberAt(leaf, used - 1) > numbers[0]) return false;
    if (used + count > LOADED_ENTRIES_MAX && used > 0) leaf = this.#splitLeaf(leaf, used);
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + this.#counts[leaf];
    this.keySegments[segment].set(numbers, at);
    this.rowSegments[segment].set(rows, at);
    this.#counts[leaf] += count;
    this.count += count;
    if (this.arena === null || slots === null) return this.arena === null && slots === null;
    return this.arena.appendSlots(slots, 0, slots.length, count, this.refSegments[segment], at);
  }

  /** Builds the inner nodes over the leaves that appendEntries filled. */
  finishLoad(): void {
    let nodes: number[] = [];
    for (let leaf = this.#firstLeaf; leaf !== 0; leaf = this.#next[leaf]) nodes.push(leaf);
    /** The leftmost leaf under each node: its first entry is the separator. */
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
    const children = new Uint32Array(NODE_CAPACITY);
    this.#children[node] = children;
    this.#next[node] = nodes[from];
    for (let i = from + 1; i < to; i++) {
      const leaf = leaves[i];
      const ref = this.hasByteKeys ? this.#copyKey(this.refAt(leaf, 0)) : 0;
      this.#place(node, i - from - 1, this.numberAt(leaf, 0), ref, this.rowAt(leaf, 0));
      children[i - from - 1] = nodes[i];
    }
    return node;
  }

  /** Empty again, as after an image that turned out damaged. */
  clear(): void {
    this.count = 0;
    this.version++;
    this.isLossy = false;
    this.hasStaleKeys = false;
    this.arena?.clear();
    let segmentBytes = 0;
    for (const segments of [this.keySegments, this.refSegments, this.rowSegments])
      for (const segment of segments) segmentBytes += segment.byteLength;
    this.#countBytes(-segmentBytes);
    for (const segments of [this.keySegments, this.refSegments, this.rowSegments]) segments.length = 0;
    this.#freeNodes = [];
    this.#nodeCount = 1;
    this.#children.length = 0;
    this.#height = 0;
    for (const table of [this.#counts, this.#next, this.#previous]) table.fill(0);
    this.#root = this.#allocate();
    this.#firstLeaf = this.#root;
    this.#lastLeaf = this.#root;
  }

  /** Throws when an invariant of the header comment does not hold. For tests. */
  checkInvariants(): void {
    let seen = 0;
    let leaf = this.#firstLeaf;
    let previousLeaf = 0;
    const before = { number: Number.NEGATIVE_INFINITY, ref: 0, row: -1 };
    while (leaf !== 0) {
      assert(this.#previous[leaf] === previousLeaf, 'leaf chain is broken');
      assert(this.#counts[leaf] > 0 || this.#height === 0, 'empty leaf (invariant 3)');
      for (let i = 0; i < this.#counts[leaf]; i++) {
        assert(seen === 0 || this.#ascends(before, leaf, i), 'entries out of order (invariant 1)');
        before.number = this.numberAt(leaf, i);
        before.ref = this.hasByteKeys ? this.refAt(leaf, i) : 0;
        before.row = this.rowAt(leaf, i);
        seen++;
      }
      previousLeaf = leaf;
      leaf = this.#next[leaf];
    }
    assert(previousLeaf === this.#lastLeaf, 'last leaf is wrong');
    assert(seen === this.count, 'count is wrong (invariant 4)');
    assert(this.#countLeaves(this.#root, 0) === seen, 'leaves under the root differ from the chain (invariant 2)');
  }

  #ascends(before: { number: number; ref: number; row: number }, leaf: number, position: number): boolean {
    const number = this.numberAt(leaf, position);
    if (before.number !== number) return before.number < number;
    if (this.arena !== null) {
      const length = this.arena.copyTo(this.refAt(leaf, position), copyScratch);
      const order = this.arena.compare(before.ref, copyScratch, length);
      if (order !== 0) return order < 0;
    }
    return before.row < this.rowAt(leaf, position);
  }

  #countLeaves(node: number, level: number): number {
    if (level === this.#height) return this.#counts[node];
    let sum = 0;
    for (let slot = 0; slot <= this.#counts[node]; slot++) sum += this.#countLeaves(this.#child(node, slot), level + 1);
    return sum;
  }
}

const copyScratch = new Uint8Array(65536);

function copied<T extends Uint16Array | Uint32Array>(source: T, target: T): T {
  target.set(source);
  return target;
}
