/**
 * Posting sets: AND, OR and AND NOT of posting lists, evaluated page group by page group (128 pages) in page order.
 *
 *      new PostingReader(andSet([postingsOf(city, x), orSet([postingsOf(status, y), postingsOf(status, z)])]))
 *
 * No list is copied and no result made as a whole: a reader goes through the groups that the smallest lists have, and in each
 * applies the smallest container first (row-group.ts). Between two groups work may stop, and the dictionaries may change: a row id
 * that was in a list before and after is found, one that came or went in between may be or not. So what comes out are rows to
 * look at, as from any index: whoever reads them checks the version that it sees.
 *
 * AND NOT is over entries: a row may be under keys that only old versions have (`hasStaleKeys`), and would be missed. It is right
 * where entries are all there is to know, or the right side is known to be exact.
 *
 * A PostingSet may be read by one reader at a time, and again after it.
 *
 * Long, as the kinds of sets are parts of one evaluation, group by group.
 */
import type { IndexCursor } from './cursor.ts';
import type { Dictionary } from './dictionary.ts';
import { IndexKey } from './index-key.ts';
import { IndexMemory } from './index-memory.ts';
import { LayeredCursor } from './layered-cursor.ts';
import { type IndexDictionary, LayeredDictionary } from './layered-dictionary.ts';
import { GROUP_END, GroupPlace, PostingLists } from './posting-lists.ts';
import { ContainerView, RowGroup } from './row-group.ts';

/** What posting lists take part, for EXPLAIN; flat lists count as arrays. */
export class PostingSummary {
  lists = 0;
  rows = 0;
  arrays = 0;
  bitmaps = 0;
  runs = 0;

  add(lists: PostingLists, list: number): void {
    const { rows, flat, arrays, bitmaps, runs } = lists.describe(list);
    this.lists++;
    this.rows += rows;
    this.arrays += flat ? 1 : arrays;
    this.bitmaps += bitmaps;
    this.runs += runs;
  }

  addRow(): void {
    this.lists++;
    this.rows++;
  }
}

export interface PostingSet {
  /** Row ids in it at most; of one key exactly. Known when it is prepared. */
  readonly rowsMax: number;
  /** Bytes that it holds by itself. */
  readonly sizeBytes: number;
  /** Does what must be done before the first group, about `budget` row ids of it; false: call again, in another slice. */
  prepare(budget: number): boolean;
  /** Must be called before a dictionary may change while prepare has answered false. */
  suspend(): void;
  /** The first page group >= group that may have rows; GROUP_END: none. */
  nextGroup(group: number): number;
  /** Rows in the group at most. */
  rowsInGroup(group: number): number;
  /** `target` becomes the rows of this set in the group. */
  load(group: number, target: RowGroup): void;
  /** `target` keeps, loses, or takes in as well, the rows of this set in the group. */
  retain(group: number, target: RowGroup): void;
  discard(group: number, target: RowGroup): void;
  add(group: number, target: RowGroup): void;
  /** Adds its lists. */
  describe(summary: PostingSummary): void;
}

/**
 * A set that is a container in each group. It remembers the group it is at: since `asked`, no rows come before it. Groups are asked
 * for in order, so that going on costs a step or two.
 */
abstract class LeafSet implements PostingSet {
  abstract readonly rowsMax: number;
  abstract readonly sizeBytes: number;
  abstract describe(summary: PostingSummary): void;
  protected readonly view = new ContainerView();
  protected readonly place = new GroupPlace();
  #asked = GROUP_END + 1;

  prepare(_budget: number): boolean {
    return true;
  }

  suspend(): void {}

  /** Moves `place` to the first group >= group that has rows. */
  protected abstract seek(group: number): void;
  /** Sets `view` to the rows at `place`. */
  protected abstract look(): void;
  /** Whether what `place` says holds no more. */
  protected abstract isOutdated(): boolean;

  nextGroup(group: number): number {
    const { place } = this;
    if (group < this.#asked || group > place.group || this.isOutdated()) {
      this.seek(group);
      this.#asked = group;
    }
    return place.group;
  }

  rowsInGroup(group: number): number {
    return this.nextGroup(group) === group ? this.place.rows : 0;
  }

  load(group: number, target: RowGroup): void {
    if (this.nextGroup(group) !== group) {
      target.clear();
      return;
    }
    this.look();
    target.load(this.view);
  }

  retain(group: number, target: RowGroup): void {
    if (this.nextGroup(group) !== group) {
      target.clear();
      return;
    }
    this.look();
    target.retain(this.view);
  }

  discard(group: number, target: RowGroup): void {
    if (this.nextGroup(group) !== group) return;
    this.look();
    target.discard(this.view);
  }

  add(group: number, target: RowGroup): void {
    if (this.nextGroup(group) !== group) return;
    this.look();
    target.add(this.view);
  }
}

const rowScratch = new Uint32Array(1);

/** Sets the place to that of a single row id. */
function seekRow(row: number, group: number, place: GroupPlace): void {
  place.list = 0;
  place.group = row >>> 16 >= group ? row >>> 16 : GROUP_END;
  place.rows = 1;
}

function lookAtRow(row: number, view: ContainerView): void {
  rowScratch[0] = row;
  view.setRows(rowScratch, 0, 1);
}

/** Row ids in no order, put into a list of their own. */
class GatheredSet extends LeafSet {
  readonly #lists = new PostingLists(new IndexMemory());
  /** Row ids taken; with one it is #first, with more #list. */
  #count = 0;
  #first = 0;
  #list = 0;

  get rowsMax(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#lists.slab.sizeBytes;
  }

  describe(summary: PostingSummary): void {
    if (this.#count > 1) summary.add(this.#lists, this.#list);
    else if (this.#count === 1) summary.addRow();
  }

  /** Before the first group is asked for. */
  take(row: number): void {
    if (this.#count === 0) {
      this.#first = row;
      this.#count = 1;
    } else if (this.#count > 1) {
      this.#list = this.#lists.add(this.#list, row);
      if (this.#lists.changed) this.#count++;
    } else if (row !== this.#first) {
      this.#list = this.#lists.createPair(this.#first, row);
      this.#count = 2;
    }
  }

  protected isOutdated(): boolean {
    return false;
  }

  protected seek(group: number): void {
    if (this.#count > 1) this.#lists.seekGroup(this.#list, group, this.place);
    else if (this.#count === 1) seekRow(this.#first, group, this.place);
    else this.place.group = GROUP_END;
  }

  protected look(): void {
    if (this.#count > 1) this.#lists.viewGroup(this.place, this.view);
    else lookAtRow(this.#first, this.view);
  }
}

/** The posting of one key. */
class KeySet extends LeafSet {
  readonly #dictionary: Dictionary;
  readonly #key = new IndexKey();
  #version = -1;
  /** Row ids now; with one, #posting is it, else a list. */
  #count = 0;
  #posting = 0;

  constructor(dictionary: Dictionary, key: IndexKey) {
    super();
    this.#dictionary = dictionary;
    this.#key.copyFrom(key);
  }

  readonly sizeBytes = 0;

  get rowsMax(): number {
    if (this.isOutdated()) this.#find();
    return this.#count;
  }

  describe(summary: PostingSummary): void {
    if (this.isOutdated()) this.#find();
    if (this.#count > 1) summary.add(this.#dictionary.lists, this.#posting);
    else if (this.#count === 1) summary.addRow();
  }

  #find(): void {
    const dictionary = this.#dictionary;
    this.#version = dictionary.version;
    this.#count = dictionary.rowCountOf(this.#key);
    if (this.#count > 0) this.#posting = dictionary.postingAt(dictionary.foundLeaf, dictionary.foundPosition);
    // Where things were in the list says nothing any more.
    this.place.list = 0;
    this.place.group = -1;
  }

  protected isOutdated(): boolean {
    return this.#version !== this.#dictionary.version;
  }

  protected seek(group: number): void {
    if (this.isOutdated()) this.#find();
    if (this.#count > 1) this.#dictionary.lists.seekGroup(this.#posting, group, this.place);
    else if (this.#count === 1) seekRow(this.#posting, group, this.place);
    else this.place.group = GROUP_END;
  }

  protected look(): void {
    if (this.#count > 1) this.#dictionary.lists.viewGroup(this.place, this.view);
    else lookAtRow(this.#posting, this.view);
  }
}

/** A set made of others: what it needs a group of its own for goes through `temporary`. */
export abstract class CombinedSet implements PostingSet {
  abstract readonly rowsMax: number;
  protected readonly sets: readonly PostingSet[];
  #temporary: RowGroup | null = null;
  readonly #view = new ContainerView();

  constructor(sets: readonly PostingSet[]) {
    this.sets = sets;
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const set of this.sets) sum += set.sizeBytes;
    return sum;
  }

  prepare(budget: number): boolean {
    for (const set of this.sets) if (!set.prepare(budget)) return false;
    return true;
  }

  suspend(): void {
    for (const set of this.sets) set.suspend();
  }

  describe(summary: PostingSummary): void {
    for (const set of this.sets) set.describe(summary);
  }

  abstract nextGroup(group: number): number;
  abstract rowsInGroup(group: number): number;
  abstract load(group: number, target: RowGroup): void;

  #loaded(group: number): ContainerView {
    this.#temporary ??= new RowGroup();
    this.load(group, this.#temporary);
    return this.#temporary.view(this.#view);
  }

  retain(group: number, target: RowGroup): void {
    target.retain(this.#loaded(group));
  }

  discard(group: number, target: RowGroup): void {
    target.discard(this.#loaded(group));
  }

  add(group: number, target: RowGroup): void {
    target.add(this.#loaded(group));
  }
}

class AndSet extends CombinedSet {
  readonly #order: number[];
  readonly #rows: number[];

  constructor(sets: readonly PostingSet[]) {
    super(sets);
    this.#order = sets.map((_, i) => i);
    this.#rows = sets.map(() => 0);
  }

  get rowsMax(): number {
    let least = Infinity;
    for (const set of this.sets) least = Math.min(least, set.rowsMax);
    return least;
  }

  nextGroup(group: number): number {
    const { sets } = this;
    let wanted = group;
    for (let agreed = 0, i = 0; agreed < sets.length && wanted < GROUP_END; i = i + 1 === sets.length ? 0 : i + 1) {
      const next = sets[i].nextGroup(wanted);
      agreed = next === wanted ? agreed + 1 : 1;
      wanted = next;
    }
    return wanted;
  }

  rowsInGroup(group: number): number {
    let least = Infinity;
    for (const set of this.sets) least = Math.min(least, set.rowsInGroup(group));
    return least;
  }

  load(group: number, target: RowGroup): void {
    const order = this.#sort(group);
    this.sets[order[0]].load(group, target);
    for (let i = 1; i < order.length && !target.isEmpty; i++) this.sets[order[i]].retain(group, target);
  }

  override retain(group: number, target: RowGroup): void {
    for (const i of this.#sort(group)) this.sets[i].retain(group, target);
  }

  /** Smallest first, as they are in this group. */
  #sort(group: number): readonly number[] {
    const { sets } = this;
    const rows = this.#rows;
    for (let i = 0; i < sets.length; i++) rows[i] = sets[i].rowsInGroup(group);
    const order = this.#order;
    for (let i = 1; i < order.length; i++) {
      const set = order[i];
      let at = i;
      for (; at > 0 && rows[order[at - 1]] > rows[set]; at--) order[at] = order[at - 1];
      order[at] = set;
    }
    return order;
  }
}

class OrSet extends CombinedSet {
  get rowsMax(): number {
    let sum = 0;
    for (const set of this.sets) sum += set.rowsMax;
    return sum;
  }

  nextGroup(group: number): number {
    let first = GROUP_END;
    for (const set of this.sets) first = Math.min(first, set.nextGroup(group));
    return first;
  }

  rowsInGroup(group: number): number {
    let sum = 0;
    for (const set of this.sets) sum += set.rowsInGroup(group);
    return sum;
  }

  load(group: number, target: RowGroup): void {
    target.clear();
    for (const set of this.sets) set.add(group, target);
  }

  override add(group: number, target: RowGroup): void {
    for (const set of this.sets) set.add(group, target);
  }

  override discard(group: number, target: RowGroup): void {
    for (const set of this.sets) set.discard(group, target);
  }
}

class AndNotSet extends CombinedSet {
  get rowsMax(): number {
    return this.sets[0].rowsMax;
  }

  nextGroup(group: number): number {
    return this.sets[0].nextGroup(group);
  }

  rowsInGroup(group: number): number {
    return this.sets[0].rowsInGroup(group);
  }

  load(group: number, target: RowGroup): void {
    this.sets[0].load(group, target);
    for (let i = 1; i < this.sets.length; i++) this.sets[i].discard(group, target);
  }
}

/** A key with as many row ids takes part with its own list; those of others are gathered in one. */
const OWN_LIST_ROWS = 4096;
/** Row ids read from a key's list at once. */
const CHUNK_ROWS = 1024;
const chunk = new Uint32Array(CHUNK_ROWS);

/** All keys between the bounds of a cursor. */
class RangeSet extends CombinedSet {
  readonly #dictionary: Dictionary;
  /** Where entries go that are taken out of the dictionary while the set is read; null: nobody needs them. */
  readonly #retained: Dictionary | null;
  readonly #cursor: IndexCursor;
  readonly #gathered: GatheredSet;
  readonly #union: OrSet;
  #isPrepared = false;

  constructor(dictionary: Dictionary, cursor: IndexCursor, retained: Dictionary | null = null) {
    const gathered = new GatheredSet();
    const sets: PostingSet[] = [gathered];
    super(sets);
    this.#dictionary = dictionary;
    this.#retained = retained;
    this.#cursor = cursor;
    this.#gathered = gathered;
    this.#union = new OrSet(sets);
    this.#add = (set) => {
      sets.push(set);
    };
  }

  readonly #add: (set: PostingSet) => void;

  get rowsMax(): number {
    return this.#union.rowsMax;
  }

  override prepare(budget: number): boolean {
    let left = budget;
    while (!this.#isPrepared && left > 0) {
      if (!this.#cursor.nextKey()) {
        this.#isPrepared = true;
        break;
      }
      left -= this.#takeKey() + 1;
    }
    return this.#isPrepared;
  }

  #takeKey(): number {
    const count = this.#cursor.rowCount;
    if (count >= OWN_LIST_ROWS) {
      const key = new IndexKey();
      this.#cursor.copyKey(key);
      this.#add(new KeySet(this.#dictionary, key));
      if (this.#retained !== null) this.#add(new KeySet(this.#retained, key));
      return 1;
    }
    let from = 0;
    for (let read = CHUNK_ROWS; read === CHUNK_ROWS && from <= 0xffffffff; ) {
      read = this.#cursor.readRows(from, chunk, 0, CHUNK_ROWS);
      for (let i = 0; i < read; i++) this.#gathered.take(chunk[i]);
      if (read > 0) from = chunk[read - 1] + 1;
    }
    return count;
  }

  override suspend(): void {
    if (!this.#isPrepared) this.#cursor.suspend();
  }

  nextGroup(group: number): number {
    return this.#union.nextGroup(group);
  }

  rowsInGroup(group: number): number {
    return this.#union.rowsInGroup(group);
  }

  load(group: number, target: RowGroup): void {
    this.#union.load(group, target);
  }

  override add(group: number, target: RowGroup): void {
    this.#union.add(group, target);
  }

  override discard(group: number, target: RowGroup): void {
    this.#union.discard(group, target);
  }
}

/** The row ids of one key. */
export function keySet(dictionary: IndexDictionary, key: IndexKey): PostingSet {
  if (dictionary instanceof LayeredDictionary) return orSet(dictionary.all().map((layer) => new KeySet(layer, key)));
  return new KeySet(dictionary, key);
}

/** The row ids of all keys between the cursor's bounds; the cursor is the set's own from then on. */
export function rangeSet(dictionary: IndexDictionary, cursor: IndexCursor): PostingSet {
  cursor.reset();
  // In this order: what is taken out of a layer after it was read has been read, and what before is retained by then.
  if (cursor instanceof LayeredCursor)
    return orSet(cursor.cursors().map(([layer, own]) => new RangeSet(layer, own, layer.retained)));
  if (dictionary instanceof LayeredDictionary) throw new Error('layers are read by a cursor of their own');
  return new RangeSet(dictionary, cursor);
}

/** No row at all. */
export function emptySet(): PostingSet {
  return new GatheredSet();
}

export function andSet(sets: readonly PostingSet[]): PostingSet {
  return sets.length === 1 ? sets[0] : new AndSet(sets);
}

export function orSet(sets: readonly PostingSet[]): PostingSet {
  return sets.length === 1 ? sets[0] : new OrSet(sets);
}

/** Rows of the first set that are in none of the others; read what the head of this file says of it. */
export function andNotSet(set: PostingSet, others: readonly PostingSet[]): PostingSet {
  return others.length === 0 ? set : new AndNotSet([set, ...others]);
}

/** Groups gone through in one call, at most: half a millisecond with bitmaps in all of them. */
const GROUPS_AT_ONCE = 128;
/** Row ids prepared in one call. */
const PREPARED_AT_ONCE = 4096;

/** The group that a reader is at; nothing is kept in it between two calls. */
const groupScratch = new RowGroup();

/** Reads a set's row ids, ascending. */
export class PostingReader {
  readonly set: PostingSet;
  /** Row ids read and not taken yet: rows[next..end). The reader's user moves `next`. */
  rows = new Uint32Array(1024);
  next = 0;
  end = 0;
  /** Row ids read so far. */
  rowsRead = 0;
  #nextGroup = 0;
  #isPrepared = false;

  constructor(set: PostingSet) {
    this.set = set;
  }

  /** All row ids were read (and may not be taken yet). */
  get isAtEnd(): boolean {
    return this.#nextGroup >= GROUP_END;
  }

  get sizeBytes(): number {
    return this.rows.byteLength + this.set.sizeBytes;
  }

  /** From the first group on again. */
  rewind(): void {
    this.next = 0;
    this.end = 0;
    this.#nextGroup = 0;
  }

  /**
   * Reads until `count` row ids are there to be taken, the end is reached, or it has been at it for half a millisecond. Answers
   * how many are there.
   */
  fill(count: number): number {
    if (!this.#prepare()) return this.end - this.next;
    if (this.next > 0) {
      this.rows.copyWithin(0, this.next, this.end);
      this.end -= this.next;
      this.next = 0;
    }
    for (let groups = 0; this.end < count && groups < GROUPS_AT_ONCE && this.#nextGroup < GROUP_END; groups++) {
      const group = this.set.nextGroup(this.#nextGroup);
      this.#nextGroup = group + 1;
      if (group >= GROUP_END) break;
      this.set.load(group, groupScratch);
      if (groupScratch.isEmpty) continue;
      this.#reserve(this.end + groupScratch.rows);
      const copied = groupScratch.copyRows(group, this.rows, this.end);
      this.end += copied;
      this.rowsRead += copied;
    }
    return this.end;
  }

  #prepare(): boolean {
    if (!this.#isPrepared) {
      this.#isPrepared = this.set.prepare(PREPARED_AT_ONCE);
      if (!this.#isPrepared) this.set.suspend();
    }
    return this.#isPrepared;
  }

  #reserve(length: number): void {
    if (length <= this.rows.length) return;
    const grown = new Uint32Array(Math.max(length, this.rows.length * 2));
    grown.set(this.rows.subarray(0, this.end));
    this.rows = grown;
  }
}

/**
 * Counts a set's row ids without making them; but for those of page groups that `isCounted` does not want counted like that: these
 * are in rows[0..end) after each step, for who must look at them.
 */
export class PostingCounter {
  /** Row ids counted so far. */
  count = 0;
  rows = new Uint32Array(0);
  end = 0;
  readonly #set: PostingSet;
  readonly #isCounted: (group: number) => boolean;
  #nextGroup = 0;
  #isPrepared = false;

  constructor(set: PostingSet, isCounted: (group: number) => boolean = () => true) {
    this.#set = set;
    this.#isCounted = isCounted;
  }

  get sizeBytes(): number {
    return this.rows.byteLength + this.#set.sizeBytes;
  }

  /** Half a millisecond of work; true at the end. */
  step(): boolean {
    this.end = 0;
    if (!this.#isPrepared) {
      this.#isPrepared = this.#set.prepare(PREPARED_AT_ONCE);
      if (!this.#isPrepared) this.#set.suspend();
      if (!this.#isPrepared) return false;
    }
    for (let groups = 0; groups < GROUPS_AT_ONCE; groups++) {
      const group = this.#set.nextGroup(this.#nextGroup);
      this.#nextGroup = group + 1;
      if (group >= GROUP_END) return true;
      this.#set.load(group, groupScratch);
      if (this.#isCounted(group)) this.count += groupScratch.rows;
      else this.#copy(group);
      if (this.end >= PREPARED_AT_ONCE) return false;
    }
    return false;
  }

  #copy(group: number): void {
    const length = this.end + groupScratch.rows;
    if (length > this.rows.length) {
      const grown = new Uint32Array(Math.max(length, this.rows.length * 2, 1024));
      grown.set(this.rows.subarray(0, this.end));
      this.rows = grown;
    }
    this.end += groupScratch.copyRows(group, this.rows, this.end);
  }
}
