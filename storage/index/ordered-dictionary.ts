/**
 * Ordered dictionary: a B+tree over the leaves of a dictionary (dictionary.ts).
 *
 *     inner   [ s1 | s2 | s3 ]        separator i = smallest key under child i + 1
 *            /     |    |     \
 *     leaf  [..] [..]  [..]  [..]
 *
 * In inner nodes entry i is separator i, its posting child i + 1; child 0 is in `nexts`.
 *
 * Byte keys. What all keys of a node begin with is passed over: the node's skip is a number of bytes in which all its keys agree,
 * and its entries have the six bytes behind these (heads, key-arena.ts). So a search reads heads, and compares a key in the arena only
 * where heads are equal: mostly once, at its end.
 *
 *     between separators  user0042.. and user0043..       skip 7, heads 2.0170@ 2.3391@ 2.7004@ ...
 *
 * A key that comes to a node lies between the separators to its left and right (its fences), and has what these have in common without
 * being looked at. A node without one of them, at an end of its level, or whose keys agree in more than its fences is open: a key
 * that comes to it is first compared with entry 0 in the bytes that are skipped.
 *
 * Invariant 2 of dictionaries is here, and two more of byte keys:
 *  2. Every key under child i of an inner node is >= separator i-1 and < separator i.
 *  6. All keys of a node agree in as many bytes as its skip says; each entry's number is the head of its key behind these.
 *  7. The skip of a node that is not open is not larger than what its fences have in common.
 *
 * Splits: in the middle, but at the end when the new entry is the last of the rightmost leaf, so that ascending loads fill
 * their leaves. Removal frees a node when it becomes empty; nodes are not merged before (as PostgreSQL's nbtree).
 *
 * After: Graefe, "Modern B-Tree Techniques" (2011), 3.5: prefix truncation between fence keys, "poor man's normalized keys".
 *
 * Long, as a tree's descent, splits and cursors know each other's pages.
 */
import { assert } from '../../types/assert.ts';
import {
  copied,
  Dictionary,
  LOADED_ENTRIES_MAX,
  NODE_CAPACITY,
  NODE_CAPACITY_BITS,
  NODES_FIRST,
  SEGMENT_MASK,
  SEGMENT_NODES_BITS,
} from './dictionary.ts';
import { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';
import { HEAD_SIZE, headOf, type KeyArena } from './key-arena.ts';

/** Deepest tree: 128^8 entries at least half full is beyond 2^32 row ids. */
const DEPTH_MAX = 10;

/** Beside a node's skip: the node is open. */
const OPEN = 0x8000;
const SKIP_MASK = 0x7fff;
/** A node is open for the sake of a longer skip if it wins more bytes than this: else heads tell its keys apart all the same. */
const GAIN_MIN = 3;

export class OrderedDictionary extends Dictionary {
  #root = 0;
  /** Levels of inner nodes above the leaves. */
  #height = 0;
  readonly #pathNodes = new Uint32Array(DEPTH_MAX);
  readonly #pathSlots = new Int32Array(DEPTH_MAX);
  /** Number keys: of the last descent. */
  readonly #bounds = new Float64Array(2);
  /** Byte keys, by node: how many bytes are skipped, and OPEN. */
  #skips = new Uint16Array(0);
  /** Of the last #sideOf that answered 0. */
  #head = 0;
  #skip = 0;
  /** Whether the last #bytePosition came to an equal key. */
  #isEqual = false;
  /** The key that `find` has not found, as long as its path stands: whoever asks for a key may be about to insert it. */
  readonly #missed = new IndexKey();
  #missedVersion = -1;
  /** Of the last #findFences: references of separators, 0: there is none. */
  #lowerFence = 0;
  #upperFence = 0;

  constructor(hasByteKeys: boolean, memory = new IndexMemory()) {
    super(hasByteKeys, false, memory);
    if (hasByteKeys) {
      this.#skips = new Uint16Array(NODES_FIRST);
      this.countBytes(this.#skips.byteLength);
    }
    this.startEmpty();
  }

  protected twin(memory: IndexMemory): Dictionary {
    return new OrderedDictionary(this.hasByteKeys, memory);
  }

  protected startAgain(leaf: number): void {
    this.#root = leaf;
    this.#height = 0;
    this.#skips[leaf] = OPEN;
  }

  protected override growNodeTables(length: number): void {
    super.growNodeTables(length);
    if (!this.hasByteKeys) return;
    this.countBytes(this.#skips.byteLength);
    this.#skips = copied(this.#skips, new Uint16Array(length));
  }

  // Skips and heads of byte keys.

  /**
   * Where the key lies by the bytes that the node skips: -1 before its keys, 1 behind them, 0 among them; #head and #skip are then
   * what to search with. `isStranger`: the key did not come down to the node, and may lie beyond its fences.
   */
  #sideOf(node: number, key: IndexKey, isStranger: boolean, arena: KeyArena): number {
    const word = this.#skips[node];
    const skip = word & SKIP_MASK;
    if ((word > OPEN || (isStranger && skip > 0)) && this.counts[node] > 0) {
      const order = arena.comparePrefix(this.refAt(node, 0), key.bytes, key.length, skip);
      if (order !== 0) return order > 0 ? -1 : 1;
    }
    this.#skip = skip;
    this.#head = headOf(key.bytes, skip, key.length);
    return 0;
  }

  /** Puts an entry whose byte key is stored already at its place in a node. */
  #put(node: number, position: number, ref: number, posting: number): void {
    const arena = this.arena as KeyArena;
    const count = this.counts[node];
    const word = this.#skips[node];
    let skip = word & SKIP_MASK;
    if (word > OPEN) {
      const common = count === 0 ? 0 : arena.commonLength(ref, this.refAt(node, 0), skip);
      if (common < skip) {
        skip = common;
        this.#setSkip(node, skip | OPEN);
      }
    }
    this.place(node, position, arena.headAt(ref, skip), ref, posting);
    // Nodes at the ends of levels are split late, or never: what their keys agree in is looked for as they fill.
    if (word >= OPEN && count >= 4 && (count & (count - 1)) === 0)
      this.#setSkip(node, arena.commonLength(this.refAt(node, 0), this.refAt(node, count)) | OPEN);
  }

  /** Sets skip and OPEN, and the heads that follow. */
  #setSkip(node: number, word: number, isSure = false): void {
    const skip = word & SKIP_MASK;
    const isSame = (this.#skips[node] & SKIP_MASK) === skip && !isSure;
    this.#skips[node] = word;
    if (isSame) return;
    const arena = this.arena as KeyArena;
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const heads = this.keySegments[segment];
    const refs = this.refSegments[segment];
    const end = base + this.counts[node];
    for (let i = base; i < end; i++) heads[i] = arena.headAt(refs[i], skip);
  }

  /** Chooses the skip of a node between two fences; `isNew`: it has no heads yet. */
  #settle(node: number, lower: number, upper: number, isNew = false): void {
    const arena = this.arena as KeyArena;
    const count = this.counts[node];
    const isBetween = lower !== 0 && upper !== 0;
    const given = isBetween ? arena.commonLength(lower, upper) : 0;
    const common = count === 0 ? given : arena.commonLength(this.refAt(node, 0), this.refAt(node, count - 1));
    const isClosed = isBetween && common <= given + GAIN_MIN;
    this.#setSkip(node, isClosed ? given : common | OPEN, isNew);
  }

  /** The separators to both sides of the node at `level` of the path. */
  #findFences(level: number): void {
    this.#lowerFence = 0;
    this.#upperFence = 0;
    for (let i = level - 1; i >= 0; i--) {
      const node = this.#pathNodes[i];
      const slot = this.#pathSlots[i];
      if (this.#lowerFence === 0 && slot > 0) this.#lowerFence = this.refAt(node, slot - 1);
      if (this.#upperFence === 0 && slot < this.counts[node]) this.#upperFence = this.refAt(node, slot);
    }
  }

  /** A separator is gone: the nodes beside it, from this one at `level` down, have a wider fence at their lower or upper end. */
  #widen(top: number, level: number, isUpper: boolean): void {
    if (!this.hasByteKeys) return;
    let node = top;
    for (let i = level; ; i++) {
      this.#skips[node] |= OPEN;
      if (i === this.#height) return;
      node = this.#child(node, isUpper ? this.counts[node] : 0);
    }
  }

  // The way down.

  protected checkRoom(leaf: number, key: IndexKey): void {
    const splits = this.counts[leaf] === NODE_CAPACITY ? this.#height + 2 : 0;
    if (this.arena !== null && !this.arena.hasRoomFor(key.length, splits)) throw this.memory.error();
    if (this.spareNodes < splits) throw this.memory.error();
  }

  /** Number of entries of the leaf, to which #descend has just come, whose key is smaller. */
  #lowerBound(leaf: number, key: IndexKey): number {
    if (this.arena !== null) return this.#bytePosition(leaf, key, false, false, this.arena);
    const keys = this.keySegments[leaf >>> SEGMENT_NODES_BITS];
    const base = (leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const bounds = this.#bounds;
    return lowerBoundNear(keys, base, base + this.counts[leaf], key.number, bounds[0], bounds[1]) - base;
  }

  positionIn(leaf: number, key: IndexKey, isBehind: boolean): number {
    if (this.arena !== null) return this.#bytePosition(leaf, key, isBehind, true, this.arena);
    return this.#numberPosition(leaf, key, isBehind);
  }

  /** Number of entries of the node, to which the key came, whose key is smaller or equal: the slot of the child to go down to. */
  #upperBound(node: number, key: IndexKey): number {
    if (this.arena !== null) return this.#bytePosition(node, key, true, false, this.arena);
    return this.#numberPosition(node, key, true);
  }

  #numberPosition(node: number, key: IndexKey, isBehind: boolean): number {
    const keys = this.keySegments[node >>> SEGMENT_NODES_BITS];
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const wanted = key.number;
    let low = base;
    let high = base + this.counts[node];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < wanted || (isBehind && keys[middle] === wanted)) low = middle + 1;
      else high = middle;
    }
    return low - base;
  }

  #bytePosition(node: number, key: IndexKey, isBehind: boolean, isStranger: boolean, arena: KeyArena): number {
    this.#isEqual = false;
    const side = this.#sideOf(node, key, isStranger, arena);
    const count = this.counts[node];
    if (side !== 0) return side < 0 ? 0 : count;
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const heads = this.keySegments[segment];
    const wanted = this.#head;
    let low = base;
    let high = base + count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const head = heads[middle];
      if (head < wanted) low = middle + 1;
      else if (head > wanted) high = middle;
      else {
        const order = arena.compare(this.refSegments[segment][middle], key.bytes, key.length, this.#skip + HEAD_SIZE);
        if (order === 0) {
          this.#isEqual = true;
          return middle - base + (isBehind ? 1 : 0);
        }
        if (order < 0) low = middle + 1;
        else high = middle;
      }
    }
    return low - base;
  }

  #child(node: number, slot: number): number {
    return slot === 0 ? this.nexts[node] : this.postingAt(node, slot - 1);
  }

  /** Goes down to the leaf for the key, remembering the path and, for number keys, between which separators the leaf is. */
  #descend(key: IndexKey): number {
    let node = this.#root;
    this.#missedVersion = -1;
    const bounds = this.#bounds;
    bounds[0] = Number.NEGATIVE_INFINITY;
    bounds[1] = Number.POSITIVE_INFINITY;
    for (let level = 0; level < this.#height; level++) {
      const slot = this.#upperBound(node, key);
      if (this.arena === null) {
        if (slot > 0) bounds[0] = this.numberAt(node, slot - 1);
        if (slot < this.counts[node]) bounds[1] = this.numberAt(node, slot);
      }
      this.#pathNodes[level] = node;
      this.#pathSlots[level] = slot;
      node = this.#child(node, slot);
    }
    return node;
  }

  insert(key: IndexKey, rowId: number): boolean {
    if (this.#missedVersion === this.version && this.#missed.equals(key)) {
      const isLast = this.foundLeaf === this.lastLeaf && this.foundPosition === this.counts[this.foundLeaf];
      this.#insertAt(this.foundLeaf, this.foundPosition, isLast, key, rowId);
      return true;
    }
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
      if (this.#isAt(leaf, position, key)) return this.addRow(leaf, position, rowId);
    }
    this.#insertAt(leaf, position, isAppend, key, rowId);
    return true;
  }

  /** A new key at its place in the leaf, to which the path leads if it is full. */
  #insertAt(leaf: number, at: number, isAppend: boolean, key: IndexKey, rowId: number): void {
    let position = at;
    if (this.memory.isFull) this.checkRoom(leaf, key);
    const ref = this.arena === null ? 0 : this.arena.store(key.bytes, key.length);
    this.version++;
    this.count++;
    this.keyCount++;
    if (this.counts[leaf] < NODE_CAPACITY) {
      if (this.arena === null) this.place(leaf, position, key.number, 0, rowId);
      else this.#put(leaf, position, ref, rowId);
      return;
    }
    const right = this.splitLeaf(leaf, isAppend ? NODE_CAPACITY : NODE_CAPACITY >>> 1);
    const isRight = position > this.counts[leaf] || (position === this.counts[leaf] && isAppend);
    const target = isRight ? right : leaf;
    if (isRight) position -= this.counts[leaf];
    if (this.arena === null) this.place(target, position, key.number, 0, rowId);
    else {
      this.#skips[right] = this.#skips[leaf] | OPEN;
      this.#put(target, position, ref, rowId);
      this.#settleHalves(leaf, right, this.refAt(right, 0), this.#height);
    }
    // The separator is the right node's first key: known only now.
    this.#insertSeparator(this.#height - 1, right);
  }

  /** The node at `level` of the path was split, before its parent has the separator. */
  #settleHalves(left: number, right: number, separator: number, level: number): void {
    this.#findFences(level);
    this.#settle(left, this.#lowerFence, separator);
    this.#settle(right, separator, this.#upperFence);
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
      this.#skips[root] = OPEN;
      this.#placeInner(root, 0, number, ref, child);
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
    this.#placeInner(node, slot, number, ref, child);
  }

  #placeInner(node: number, slot: number, number: number, ref: number, child: number): void {
    if (this.arena === null) this.place(node, slot, number, 0, child);
    else this.#put(node, slot, ref, child);
  }

  /** Splits an inner node: entries 0..keep-1 stay, entry `keep` goes up, the rest moves to the new right node. */
  #splitInner(node: number, keep: number, level: number): number {
    const right = this.allocate();
    this.nexts[right] = this.postingAt(node, keep);
    this.moveEntries(node, right, keep + 1);
    const number = this.numberAt(node, keep);
    const ref = this.hasByteKeys ? this.refAt(node, keep) : 0;
    this.counts[node] = keep;
    if (this.arena !== null) {
      this.#skips[right] = this.#skips[node] | OPEN;
      this.#settleHalves(node, right, ref, level);
    }
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
      this.#widen(this.nexts[node], level + 1, false);
    } else {
      this.take(node, slot - 1);
      this.#widen(this.#child(node, slot - 1), level + 1, true);
    }
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
    if (!this.#isBehindAll(key)) {
      const leaf = this.#descend(key);
      this.foundLeaf = leaf;
      this.foundPosition = this.#lowerBound(leaf, key);
      if (this.#isAt(leaf, this.foundPosition, key)) return true;
    }
    this.#missed.copyFrom(key);
    this.#missedVersion = this.version;
    return false;
  }

  /** Ascending loads: a number key goes behind the very last one, where there is room. That is its place, found without a path. */
  #isBehindAll(key: IndexKey): boolean {
    const leaf = this.lastLeaf;
    const count = this.counts[leaf];
    if (this.arena !== null || count === 0 || count === NODE_CAPACITY) return false;
    if (this.numberAt(leaf, count - 1) >= key.number) return false;
    this.foundLeaf = leaf;
    this.foundPosition = count;
    return true;
  }

  /** Whether the key is at the place where #lowerBound has just found that it would be. */
  #isAt(leaf: number, position: number, key: IndexKey): boolean {
    if (this.arena !== null) return this.#isEqual;
    return position < this.counts[leaf] && this.numberAt(leaf, position) === key.number;
  }

  compareAt(leaf: number, position: number, key: IndexKey): number {
    if (this.arena !== null) return this.arena.compare(this.refAt(leaf, position), key.bytes, key.length, 0);
    const stored = this.numberAt(leaf, position);
    return stored === key.number ? 0 : stored < key.number ? -1 : 1;
  }

  protected compareLoaded(leaf: number, position: number, number: number, slots: Uint8Array | null): number {
    if (this.arena !== null) return this.arena.compareSlot(this.refAt(leaf, position), slots as Uint8Array, 0);
    const last = this.numberAt(leaf, position);
    return last === number ? 0 : last < number ? -1 : 1;
  }

  /** With the first entry of a leaf, the one before it is known to be full. */
  protected noteLoaded(leaf: number, from: number): void {
    const previous = this.previouses[leaf];
    if (this.arena !== null && from === 0 && previous !== 0) this.#settleLoaded(previous, this.refAt(leaf, 0));
  }

  #settleLoaded(leaf: number, upper: number): void {
    this.#settle(leaf, this.previouses[leaf] === 0 ? 0 : this.refAt(leaf, 0), upper, true);
  }

  /** Builds the inner nodes over the leaves that appendEntries filled. */
  finishLoad(): void {
    if (this.arena !== null) this.#settleLoaded(this.lastLeaf, 0);
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
    if (this.arena !== null) {
      const lower = from === 0 ? 0 : this.refAt(leaves[from], 0);
      this.#settle(node, lower, to === nodes.length ? 0 : this.refAt(leaves[to], 0), true);
    }
    return node;
  }

  override checkInvariants(): void {
    super.checkInvariants();
    assert(
      this.#countLeaves(this.#root, 0) === this.keyCount,
      'leaves under the root differ from the chain (invariant 2)',
    );
    this.#checkNode(this.#root, 0, null, null);
  }

  #countLeaves(node: number, level: number): number {
    if (level === this.#height) return this.counts[node];
    let sum = 0;
    for (let slot = 0; slot <= this.counts[node]; slot++) sum += this.#countLeaves(this.#child(node, slot), level + 1);
    return sum;
  }

  /** Invariants 2, 6 and 7 of the node and all below it, which lies between the two fences (null: none). */
  #checkNode(node: number, level: number, lower: IndexKey | null, upper: IndexKey | null): void {
    const count = this.counts[node];
    for (let i = 0; i < count; i++) {
      assert(lower === null || this.compareAt(node, i, lower) >= 0, 'a key is below the node (invariant 2)');
      assert(upper === null || this.compareAt(node, i, upper) < 0, 'a key is above the node (invariant 2)');
    }
    if (this.arena !== null) this.#checkSkip(node, this.arena, lower, upper);
    if (level === this.#height) return;
    let left = lower;
    for (let slot = 0; slot <= count; slot++) {
      let right = upper;
      if (slot < count) {
        right = new IndexKey();
        this.keyAt(node, slot, right);
      }
      this.#checkNode(this.#child(node, slot), level + 1, left, right);
      left = right;
    }
  }

  #checkSkip(node: number, arena: KeyArena, lower: IndexKey | null, upper: IndexKey | null): void {
    const word = this.#skips[node];
    const skip = word & SKIP_MASK;
    let given = 0;
    if (lower !== null && upper !== null) {
      const end = Math.min(lower.length, upper.length);
      while (given < end && lower.bytes[given] === upper.bytes[given]) given++;
    }
    assert(word >= OPEN || skip <= given, 'a node is not open (invariant 7)');
    for (let i = 0; i < this.counts[node]; i++) {
      const ref = this.refAt(node, i);
      assert(
        arena.commonLength(ref, this.refAt(node, 0), skip) === skip,
        'keys differ where they are skipped (invariant 6)',
      );
      assert(this.numberAt(node, i) === arena.headAt(ref, skip), 'a wrong head (invariant 6)');
    }
  }
}

/** Entries to both sides of a guess that are looked at first: a cache line's. */
const NEAR = 4;

/**
 * The first of the ascending keys from..to that is not smaller than the one wanted; all lie between low and high. Where keys are spread
 * evenly it is near where interpolation puts it, so that one or two cache lines are read instead of a binary search's four or five.
 * Where they are not, the steps double. Infinite bounds give no guess (NaN).
 */
function lowerBoundNear(
  keys: Float64Array,
  from: number,
  to: number,
  wanted: number,
  low: number,
  high: number,
): number {
  let guess = from + Math.floor(((wanted - low) / (high - low)) * (to - from));
  if (!(guess >= from && guess < to)) guess = (from + to) >>> 1;
  let start = from;
  let end = to;
  if (guess < to && keys[guess] < wanted) {
    start = guess + 1;
    for (let step = NEAR; start + step < to; step *= 2) {
      if (keys[start + step] >= wanted) {
        end = start + step;
        break;
      }
      start += step + 1;
    }
  } else {
    end = guess;
    for (let step = NEAR; end - step >= from; step *= 2) {
      if (keys[end - step] < wanted) {
        start = end - step + 1;
        break;
      }
      end -= step;
    }
  }
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (keys[middle] < wanted) start = middle + 1;
    else end = middle;
  }
  return start;
}
