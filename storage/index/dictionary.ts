/**
 * Dictionary: what ordered and hash dictionaries have in common, which is all but the way from a key to its place.
 *
 *     leaf  [..] -> [..] -> [..]     entries in the dictionary's order, linked left to right and right to left
 *
 * An entry is a key and its posting. The key is a float64 (number key), or a reference into the key arena, beside which ordered
 * dictionaries have six bytes of the key as a float64, and hash dictionaries its hash. The posting is the row id itself while there is one, else the handle of a
 * posting list (posting-lists.ts); a bit an entry says which. So an entry is 12 or 16 bytes, 14 to 23 with the usual fill.
 * Nodes live in segments of typed arrays; node 0 is never used.
 *
 * Invariants (checkInvariants)
 *  1. Keys ascend strictly, in the dictionary's order, within a leaf and along the chain of leaves.
 *  2. Every key is found in its leaf: see the subclasses.
 *  3. No leaf is empty, unless it is the only one.
 *  4. `keyCount` is the number of entries in all leaves, `count` that of the row ids in their postings.
 *  5. A posting list has two row ids or more, and is of one entry.
 *
 * Fields are arrays by node or by segment. Subclasses add fields behind these, so that the reading functions here see two shapes
 * of object and no more.
 *
 * Long, as all that knows the bytes of a leaf is here.
 */
import { assert } from '../../types/assert.ts';
import { BIT_WORDS, BIT_WORDS_BITS, closeBit, openBit } from './entry-bits.ts';
import { IndexKey } from './index-key.ts';
import type { IndexMemory } from './index-memory.ts';
import { KeyArena, slotSize } from './key-arena.ts';
import { PostingLists } from './posting-lists.ts';

/** Entries a node holds. 64 to 128 measured alike for point reads; 128 has the cheaper memory. */
export const NODE_CAPACITY = 128;
export const NODE_CAPACITY_BITS = 7;
export const SEGMENT_NODES_BITS = 10;
export const SEGMENT_NODES = 1 << SEGMENT_NODES_BITS;
export const SEGMENT_MASK = SEGMENT_NODES - 1;
/** How full finishLoad and appendEntries make nodes, so that the first inserts do not split them all. */
export const LOADED_ENTRIES_MAX = 116;
/** Nodes that there are tables for at first: many indexes are small. */
export const NODES_FIRST = 16;

export abstract class Dictionary {
  /** True: byte keys in the arena; false: number keys. */
  readonly hasByteKeys: boolean;
  /** True: entries are in the order of hashes; a reader may ask for keys, and not for ranges of them. */
  readonly isHashed: boolean;
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
  /**
   * Per segment, the entries of its nodes, node after node: number keys, or what an ordered dictionary has of byte keys; of length 0
   * where a hash dictionary has byte keys.
   */
  readonly keySegments: Float64Array[] = [];
  protected readonly refSegments: Uint32Array[] = [];
  readonly postingSegments: Uint32Array[] = [];
  /** Hashes of the keys, where a hash dictionary has byte keys; else of length 0. */
  protected readonly hashSegments: Uint32Array[] = [];
  protected readonly hasHashes: boolean;
  private readonly hasNumbers: boolean;
  /** A bit an entry: its posting is a list. */
  protected readonly listBits: Uint32Array[] = [];
  /** No bit of listBits was ever set: most dictionaries of unique keys. */
  protected hasLists = false;
  /** Entries used in the node. */
  protected counts = new Uint16Array(NODES_FIRST);
  /** Leaf: next leaf. */
  protected nexts = new Uint32Array(NODES_FIRST);
  protected previouses = new Uint32Array(NODES_FIRST);
  protected freeNodes: number[] = [];
  protected nodeCount = 1;
  /** Ends of the chain of leaves. */
  firstLeaf = 0;
  lastLeaf = 0;
  /** Leaf of the last `locate` or `find`. */
  foundLeaf = 0;
  /** Position in it; may be its count: then the entry is the next leaf's first. */
  foundPosition = 0;

  /**
   * Entries that were taken out since there are forks (layered-dictionary.ts): of the same kind, and without a limit, since what takes
   * entries out cannot fail.
   */
  retained: Dictionary | null = null;
  /** The index is gone. */
  isReleased = false;

  protected readonly memory: IndexMemory;
  /** What this dictionary has counted there. */
  protected nodeBytes = 0;

  constructor(hasByteKeys: boolean, isHashed: boolean, memory: IndexMemory) {
    this.hasByteKeys = hasByteKeys;
    this.isHashed = isHashed;
    this.hasHashes = hasByteKeys && isHashed;
    this.hasNumbers = !this.hasHashes;
    this.memory = memory;
    this.countBytes(this.counts.byteLength + this.nexts.byteLength + this.previouses.byteLength);
    this.arena = hasByteKeys ? new KeyArena(memory) : null;
    this.lists = new PostingLists(memory);
  }

  // What the subclasses know.

  /** Finds the entry of the key; false: there is none, and the place found is where it would be. */
  abstract find(key: IndexKey): boolean;
  /** Finds the first entry whose key is >= key, or > key, in the dictionary's order. */
  abstract locate(key: IndexKey, isBehind?: boolean): void;
  /** Sign of (entry's key - key), in the dictionary's order. */
  abstract compareAt(leaf: number, position: number, key: IndexKey): number;
  /** How many entries of the leaf, which need not be the key's, are smaller than the key, or (`isBehind`) not greater. */
  abstract positionIn(leaf: number, key: IndexKey, isBehind: boolean): number;
  /** Adds a row id to a key's posting; false when it is there already. */
  abstract insert(key: IndexKey, rowId: number): boolean;
  /** After the last appendEntries: makes the way from keys to leaves. */
  abstract finishLoad(): void;
  /** Room that a key, and the split of the leaf, may need: throws 53200 if it is not there. Asked when indexes use all they may. */
  protected abstract checkRoom(leaf: number, key: IndexKey): void;
  /** An empty leaf is out of the chain: takes it out of the way from keys to leaves. */
  protected abstract forgetLeaf(leaf: number, previous: number, next: number): void;
  /** The way from keys to leaves when there is one leaf. */
  protected abstract startAgain(leaf: number): void;
  /** Sign of (entry's key - the key of a loaded block's start). */
  protected abstract compareLoaded(leaf: number, position: number, number: number, slots: Uint8Array | null): number;
  /** Entries from..to of a leaf were loaded: what else there is to know of them. */
  protected abstract noteLoaded(leaf: number, from: number, to: number): void;

  // Memory.

  /** Memory reserved, in bytes. */
  get sizeBytes(): number {
    return this.nodeBytes + (this.arena?.sizeBytes ?? 0) + this.lists.slab.sizeBytes;
  }

  /** About the size of an image. */
  get imageBytes(): number {
    return (
      this.keyCount * (this.hasByteKeys ? 4 : 12) +
      (this.count > this.keyCount ? this.count * 4 : 0) +
      (this.arena?.usedBytes ?? 0)
    );
  }

  /**
   * The index is gone: its memory is no longer counted. All stays readable: a checkpoint may be in the middle of its image.
   */
  release(): void {
    this.memory.nodeBytes -= this.nodeBytes;
    this.memory.arenaBytes -= this.arena?.sizeBytes ?? 0;
    this.nodeBytes = 0;
    this.lists.slab.stopCounting();
    this.isReleased = true;
    this.forgetRetained();
  }

  /** An empty dictionary of the same kind. */
  protected abstract twin(memory: IndexMemory): Dictionary;

  /** What is retained of it, from now on. */
  retainedNow(): Dictionary {
    this.retained ??= this.twin(this.memory.unlimited());
    return this.retained;
  }

  /** The entry is about to be taken out, and forks may need it. */
  retain(key: IndexKey, rowId: number): void {
    this.retainedNow().insert(key, rowId);
  }

  /** There are no forks any more. */
  forgetRetained(): void {
    this.retained?.release();
    this.retained = null;
  }

  /** As LayeredDictionary: itself. */
  layers(): readonly Dictionary[] {
    return [this];
  }

  get top(): Dictionary {
    return this;
  }

  protected countBytes(bytes: number): void {
    this.nodeBytes += bytes;
    this.memory.nodeBytes += bytes;
  }

  /** Nodes that are reserved and not in use. */
  protected get spareNodes(): number {
    let nodes = this.freeNodes.length - this.nodeCount;
    for (const postings of this.postingSegments) nodes += postings.length >>> NODE_CAPACITY_BITS;
    return nodes;
  }

  protected allocate(): number {
    const free = this.freeNodes.pop();
    if (free !== undefined) {
      this.counts[free] = 0;
      this.nexts[free] = 0;
      this.previouses[free] = 0;
      return free;
    }
    const node = this.nodeCount++;
    const segment = node >>> SEGMENT_NODES_BITS;
    // The first segment starts small: a database with a thousand small indexes must not pay 1.5 MB for each.
    if (segment >= this.postingSegments.length) this.setSegment(segment, segment === 0 ? 4 : SEGMENT_NODES);
    else {
      const nodes = this.postingSegments[segment].length >>> NODE_CAPACITY_BITS;
      if ((node & SEGMENT_MASK) >= nodes) this.setSegment(segment, Math.min(nodes * 2, SEGMENT_NODES));
    }
    if (node >= this.counts.length) this.growNodeTables(this.counts.length * 2);
    return node;
  }

  protected growNodeTables(length: number): void {
    this.countBytes(this.counts.byteLength + this.nexts.byteLength + this.previouses.byteLength);
    this.counts = copied(this.counts, new Uint16Array(length));
    this.nexts = copied(this.nexts, new Uint32Array(length));
    this.previouses = copied(this.previouses, new Uint32Array(length));
  }

  /** Makes a segment, or a larger one of it. */
  protected setSegment(segment: number, nodes: number): void {
    const entries = nodes << NODE_CAPACITY_BITS;
    const grown = entries - (this.postingSegments[segment]?.length ?? 0);
    const entrySize = 4 + (this.hasNumbers ? 8 : 0) + (this.hasByteKeys ? 4 : 0) + (this.hasHashes ? 4 : 0);
    this.countBytes(grown * entrySize + (grown >>> 3));
    this.keySegments[segment] = copied(
      this.keySegments[segment],
      new Float64Array(this.memory.allocate(this.hasNumbers ? entries * 8 : 0)),
    );
    this.postingSegments[segment] = copied(
      this.postingSegments[segment],
      new Uint32Array(this.memory.allocate(entries * 4)),
    );
    this.refSegments[segment] = copied(
      this.refSegments[segment],
      new Uint32Array(this.memory.allocate(this.hasByteKeys ? entries * 4 : 0)),
    );
    this.hashSegments[segment] = copied(
      this.hashSegments[segment],
      new Uint32Array(this.memory.allocate(this.hasHashes ? entries * 4 : 0)),
    );
    this.listBits[segment] = copied(this.listBits[segment], new Uint32Array(nodes * BIT_WORDS));
  }

  // Changing.

  /** Adds a row id to the posting of an entry. */
  protected addRow(leaf: number, position: number, rowId: number): boolean {
    const { lists } = this;
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position;
    const posting = this.postingSegments[segment][at];
    if (this.isListAt(leaf, position)) {
      if (this.memory.isFull && !lists.slab.hasRoomFor(lists.wordsForAdd(posting)) && !lists.has(posting, rowId))
        throw this.memory.error();
      const list = lists.add(posting, rowId);
      if (!lists.changed) return false;
      this.postingSegments[segment][at] = list;
    } else {
      if (posting === rowId) return false;
      if (this.memory.isFull && !lists.slab.hasRoomFor(3)) throw this.memory.error();
      this.postingSegments[segment][at] = lists.createPair(posting, rowId);
      this.setListBit(leaf, position);
    }
    this.version++;
    this.count++;
    return true;
  }

  /** Removes a row id from a key's posting, and the key with its last; false when it is not there. */
  remove(key: IndexKey, rowId: number): boolean {
    if (!this.find(key)) return false;
    const leaf = this.foundLeaf;
    const position = this.foundPosition;
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
        this.clearListBit(leaf, position);
      }
      this.version++;
      this.count--;
      return true;
    }
    if (posting !== rowId) return false;
    this.version++;
    this.count--;
    this.keyCount--;
    this.take(leaf, position);
    if (this.counts[leaf] === 0 && this.firstLeaf !== this.lastLeaf) this.unlinkLeaf(leaf);
    return true;
  }

  private unlinkLeaf(leaf: number): void {
    const next = this.nexts[leaf];
    const previous = this.previouses[leaf];
    if (previous === 0) this.firstLeaf = next;
    else this.nexts[previous] = next;
    if (next === 0) this.lastLeaf = previous;
    else this.previouses[next] = previous;
    this.freeNodes.push(leaf);
    this.forgetLeaf(leaf, previous, next);
  }

  protected setListBit(leaf: number, position: number): void {
    this.hasLists = true;
    const bits = this.listBits[leaf >>> SEGMENT_NODES_BITS];
    bits[((leaf & SEGMENT_MASK) << BIT_WORDS_BITS) + (position >>> 5)] |= 1 << (position & 31);
  }

  private clearListBit(leaf: number, position: number): void {
    const bits = this.listBits[leaf >>> SEGMENT_NODES_BITS];
    bits[((leaf & SEGMENT_MASK) << BIT_WORDS_BITS) + (position >>> 5)] &= ~(1 << (position & 31));
  }

  protected place(node: number, position: number, number: number, ref: number, posting: number): void {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const at = base + position;
    const end = base + this.counts[node]++;
    const keys = this.keySegments[segment];
    const postings = this.postingSegments[segment];
    if (at < end) {
      if (!this.hasByteKeys) moveUp(postings, keys, at, end);
      else if (this.hasHashes) moveThreeUp(postings, this.refSegments[segment], this.hashSegments[segment], at, end);
      else moveThreeUp(postings, this.refSegments[segment], keys, at, end);
      if (this.hasLists) openBit(this.listBits[segment], (node & SEGMENT_MASK) << BIT_WORDS_BITS, position);
    }
    if (this.hasNumbers) keys[at] = number;
    postings[at] = posting;
    if (this.hasByteKeys) this.refSegments[segment][at] = ref;
  }

  protected take(node: number, position: number): void {
    const segment = node >>> SEGMENT_NODES_BITS;
    const base = (node & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const at = base + position;
    const end = base + this.counts[node]--;
    if (this.arena !== null) {
      this.arena.release(this.refSegments[segment][at]);
      this.refSegments[segment].copyWithin(at, at + 1, end);
    }
    if (this.hasNumbers) this.keySegments[segment].copyWithin(at, at + 1, end);
    this.postingSegments[segment].copyWithin(at, at + 1, end);
    if (this.hasHashes) this.hashSegments[segment].copyWithin(at, at + 1, end);
    if (this.hasLists) closeBit(this.listBits[segment], (node & SEGMENT_MASK) << BIT_WORDS_BITS, position);
  }

  /** Moves entries from `keep` on to a new node and links it into the chain of leaves. */
  protected splitLeaf(leaf: number, keep: number): number {
    const right = this.allocate();
    this.moveEntries(leaf, right, keep);
    const next = this.nexts[leaf];
    this.nexts[right] = next;
    this.previouses[right] = leaf;
    this.nexts[leaf] = right;
    if (next === 0) this.lastLeaf = right;
    else this.previouses[next] = right;
    return right;
  }

  protected moveEntries(source: number, target: number, from: number): void {
    const count = this.counts[source] - from;
    const start = ((source & SEGMENT_MASK) << NODE_CAPACITY_BITS) + from;
    const to = (target & SEGMENT_MASK) << NODE_CAPACITY_BITS;
    const a = source >>> SEGMENT_NODES_BITS;
    const b = target >>> SEGMENT_NODES_BITS;
    if (this.hasNumbers) this.keySegments[b].set(this.keySegments[a].subarray(start, start + count), to);
    this.postingSegments[b].set(this.postingSegments[a].subarray(start, start + count), to);
    if (this.hasByteKeys) this.refSegments[b].set(this.refSegments[a].subarray(start, start + count), to);
    if (this.hasHashes) this.hashSegments[b].set(this.hashSegments[a].subarray(start, start + count), to);
    if (this.hasLists) {
      for (let i = 0; i < count; i++) {
        if (!this.isListAt(source, from + i)) continue;
        this.clearListBit(source, from + i);
        this.setListBit(target, i);
      }
    }
    this.counts[source] = from;
    this.counts[target] = count;
  }

  // Reading: leaves and positions are plain numbers, so that readers allocate nothing.

  leafCount(leaf: number): number {
    return this.counts[leaf];
  }
  nextLeaf(leaf: number): number {
    return this.nexts[leaf];
  }
  previousLeaf(leaf: number): number {
    return this.previouses[leaf];
  }
  /** The entry's row id, or the handle of its posting list. */
  postingAt(leaf: number, position: number): number {
    return this.postingSegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }
  isListAt(leaf: number, position: number): boolean {
    if (!this.hasLists) return false;
    const bits = this.listBits[leaf >>> SEGMENT_NODES_BITS];
    return (bits[((leaf & SEGMENT_MASK) << BIT_WORDS_BITS) + (position >>> 5)] & (1 << (position & 31))) !== 0;
  }
  /** Row ids in the entry's posting. */
  rowCountAt(leaf: number, position: number): number {
    return this.isListAt(leaf, position) ? this.lists.count(this.postingAt(leaf, position)) : 1;
  }
  /** Row ids in the postings of the entries from..to-1. */
  rowCountBetween(leaf: number, from: number, to: number): number {
    let count = to - from;
    if (!this.hasLists) return count;
    const bits = this.listBits[leaf >>> SEGMENT_NODES_BITS];
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
  /** The number key, or what an ordered dictionary has of a byte key. */
  numberAt(leaf: number, position: number): number {
    return this.keySegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }
  refAt(leaf: number, position: number): number {
    return this.refSegments[leaf >>> SEGMENT_NODES_BITS][((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + position];
  }

  /** Copies the entry's key. */
  keyAt(leaf: number, position: number, key: IndexKey): void {
    if (this.arena === null) {
      key.number = this.numberAt(leaf, position);
      return;
    }
    const ref = this.refAt(leaf, position);
    key.number = 0;
    key.length = 0;
    key.reserve(this.arena.lengthOf(ref));
    key.length = this.arena.copyTo(ref, key.bytes);
  }

  /** How many row ids the key has. */
  rowCountOf(key: IndexKey): number {
    return this.find(key) ? this.rowCountAt(this.foundLeaf, this.foundPosition) : 0;
  }

  // Loading: entries come in the dictionary's order.

  /** Between blocks of a load: throws 53200 when indexes use all they may. */
  checkLimit(): void {
    if (this.memory.isFull) throw this.memory.error();
  }

  /**
   * Appends up to 128 keys that are greater than all before (but the first may be the last one before: its row ids then follow
   * those that it has), with their row ids: one each, or as many as counts[i] says. Number keys are in `numbers`, the arena slots of
   * byte keys in `slots`. finishLoad must follow before anything else is asked. False: they are not what they should be.
   */
  appendEntries(
    keyCount: number,
    numbers: Float64Array | null,
    counts: Uint32Array | null,
    rows: Uint32Array,
    slots: Uint8Array | null,
  ): boolean {
    if ((this.arena === null) !== (slots === null) || (slots === null) !== (numbers !== null)) return false;
    let leaf = this.lastLeaf;
    let first = 0;
    let rowsAt = 0;
    let slotsAt = 0;
    const used = this.counts[leaf];
    if (used > 0) {
      const order = this.compareLoaded(leaf, used - 1, numbers === null ? 0 : numbers[0], slots);
      if (order > 0) return false;
      if (order === 0) {
        rowsAt = counts === null ? 1 : counts[0];
        if (!this.appendRows(leaf, used - 1, rows, 0, rowsAt)) return false;
        first = 1;
        if (slots !== null) slotsAt = slotSize(slots[0] | (slots[1] << 8));
      }
    }
    const count = keyCount - first;
    if (count === 0) return slots === null || slotsAt === slots.length;
    if (used + count > LOADED_ENTRIES_MAX && used > 0) leaf = this.splitLeaf(leaf, used);
    const segment = leaf >>> SEGMENT_NODES_BITS;
    const from = this.counts[leaf];
    const at = ((leaf & SEGMENT_MASK) << NODE_CAPACITY_BITS) + from;
    if (numbers !== null) this.keySegments[segment].set(first === 0 ? numbers : numbers.subarray(first), at);
    this.counts[leaf] += count;
    this.keyCount += count;
    this.count += rows.length - rowsAt;
    if (counts === null) this.postingSegments[segment].set(rowsAt === 0 ? rows : rows.subarray(rowsAt), at);
    else if (!this.appendPostings(leaf, from, counts, first, rows, rowsAt)) return false;
    if (this.arena !== null && slots !== null) {
      if (!this.arena.appendSlots(slots, slotsAt, slots.length, count, this.refSegments[segment], at)) return false;
    }
    this.noteLoaded(leaf, from, from + count);
    return true;
  }

  private appendPostings(
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
        this.setListBit(leaf, position);
      }
      at = end;
    }
    return at === rows.length;
  }

  private appendRows(leaf: number, position: number, rows: Uint32Array, from: number, to: number): boolean {
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
    this.setListBit(leaf, position);
    return true;
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
    this.hasLists = false;
    let segmentBytes = 0;
    for (const segments of [
      this.keySegments,
      this.refSegments,
      this.postingSegments,
      this.hashSegments,
      this.listBits,
    ]) {
      for (const segment of segments) segmentBytes += segment.byteLength;
      segments.length = 0;
    }
    this.countBytes(-segmentBytes);
    this.freeNodes = [];
    this.nodeCount = 1;
    for (const table of [this.counts, this.nexts, this.previouses]) table.fill(0);
    this.startEmpty();
  }

  /** One leaf without entries. */
  protected startEmpty(): void {
    const leaf = this.allocate();
    this.firstLeaf = leaf;
    this.lastLeaf = leaf;
    this.startAgain(leaf);
  }

  /** Throws when an invariant of the header comment does not hold. For tests. */
  checkInvariants(): void {
    let seen = 0;
    let rows = 0;
    let listWords = 0;
    let leaf = this.firstLeaf;
    let previousLeaf = 0;
    let previousPosition = 0;
    while (leaf !== 0) {
      assert(this.previouses[leaf] === previousLeaf, 'leaf chain is broken');
      assert(this.counts[leaf] > 0 || this.firstLeaf === this.lastLeaf, 'empty leaf (invariant 3)');
      let before = previousLeaf;
      for (let i = 0; i < this.counts[leaf]; i++) {
        assert(before === 0 || this.ascendsAt(before, previousPosition, leaf, i), 'keys out of order (invariant 1)');
        before = leaf;
        previousPosition = i;
        rows += this.rowCountAt(leaf, i);
        if (this.isListAt(leaf, i)) listWords += this.lists.checkInvariants(this.postingAt(leaf, i));
        seen++;
      }
      for (let i = this.counts[leaf]; i < NODE_CAPACITY; i++)
        assert(!this.isListAt(leaf, i), 'a bit behind the entries of a leaf');
      previousLeaf = leaf;
      leaf = this.nexts[leaf];
    }
    assert(previousLeaf === this.lastLeaf, 'last leaf is wrong');
    assert(seen === this.keyCount, 'keyCount is wrong (invariant 4)');
    assert(rows === this.count, 'count is wrong (invariant 4)');
    assert(listWords === this.lists.slab.usedWords, 'posting lists without an entry (invariant 5)');
    const slabWords = (listWords + this.lists.slab.freeWords()) * 4;
    assert(slabWords <= this.lists.slab.sizeBytes, 'more blocks than the slab has');
  }

  private ascendsAt(beforeLeaf: number, beforePosition: number, leaf: number, position: number): boolean {
    this.keyAt(leaf, position, checkedKey);
    return this.compareAt(beforeLeaf, beforePosition, checkedKey) < 0;
  }
}

// One loop over the arrays: a call of copyWithin for each takes twice as long as moving all of half a node.

function moveUp(postings: Uint32Array, keys: Float64Array, at: number, end: number): void {
  for (let i = end; i > at; i--) {
    postings[i] = postings[i - 1];
    keys[i] = keys[i - 1];
  }
}

function moveThreeUp(
  postings: Uint32Array,
  refs: Uint32Array,
  keys: Float64Array | Uint32Array,
  at: number,
  end: number,
): void {
  for (let i = end; i > at; i--) {
    postings[i] = postings[i - 1];
    refs[i] = refs[i - 1];
    keys[i] = keys[i - 1];
  }
}

const checkedKey = new IndexKey();
const lastRow = new Uint32Array(1);

function ascends(rows: Uint32Array, from: number, to: number): boolean {
  if (to > rows.length || from >= to) return false;
  for (let i = from + 1; i < to; i++) if (rows[i - 1] >= rows[i]) return false;
  return true;
}

/** A larger array with what the source has. */
export function copied<T extends Uint16Array | Uint32Array | Float64Array>(source: T | undefined, target: T): T {
  if (source !== undefined) target.set(source);
  return target;
}
