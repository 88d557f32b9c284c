/**
 * The dictionary of an index that a fork has from its parent: the parent's, as it goes on, and one of the fork's own over it.
 *
 *      own        entries that the fork made
 *      retained   entries that the parent took out since it has forks (Dictionary.retained)
 *      parent's   what the fork began with, and what the parent has added since
 *
 * Together they have every entry that a version the fork sees needs, and others: of rows that only the parent has, or had. So what is found
 * are rows to look at: hasStaleKeys is set, and whoever reads compares keys. Nothing is ever taken out of the parent's for a fork.
 * A fork of a fork has the layers of its parent, and one more.
 *
 * A heap that is being copied (heap/heap-copy.ts) has such a dictionary too. Rows of pages that it misses are found below, and nothing of them is taken out
 * there before they come; so it needs no entries that are retained. When all pages are there, its own layer serves alone.
 */
import type { Dictionary } from './dictionary.ts';
import type { IndexKey } from './index-key.ts';

/** What serves an index: a dictionary, or layers of them. */
export type IndexDictionary = Dictionary | LayeredDictionary;

export class LayeredDictionary {
  readonly hasByteKeys: boolean;
  readonly isHashed: boolean;
  /** What changes below, and all that is below: each with what was taken out of it. */
  #lower: readonly Dictionary[];
  #below: readonly Dictionary[];
  readonly #makeOwn: () => Dictionary;
  /** Null: the fork has made no entry yet. */
  own: Dictionary | null = null;
  /** The index is gone: nothing is put into it any more. */
  isReleased = false;

  constructor(parent: IndexDictionary, makeOwn: () => Dictionary, keepsRetained = true) {
    this.hasByteKeys = parent.hasByteKeys;
    this.isHashed = parent.isHashed;
    this.#lower = parent.layers();
    this.#below = keepsRetained ? this.#lower.flatMap(withRetained) : this.#lower;
    this.#makeOwn = makeOwn;
  }

  /** Those that change; what is retained of them is not among them. */
  layers(): readonly Dictionary[] {
    return this.own === null ? this.#lower : [...this.#lower, this.own];
  }

  /** All to be searched, from the bottom up. */
  all(): readonly Dictionary[] {
    return this.own === null ? this.#below : [...this.#below, this.own];
  }

  /** Always: see above. */
  get hasStaleKeys(): boolean {
    return true;
  }

  /** Of the layer that changes, which may come to serve alone. */
  set hasStaleKeys(isSet: true) {
    this.top.hasStaleKeys = isSet;
  }

  get isLossy(): boolean {
    return this.all().some((dictionary) => dictionary.isLossy);
  }

  set isLossy(isLossy: boolean) {
    this.top.isLossy = isLossy;
  }

  /** Distinct keys, about. */
  get keyCount(): number {
    return this.all().reduce((sum, { keyCount }) => sum + keyCount, 0);
  }

  get count(): number {
    return this.all().reduce((sum, { count }) => sum + count, 0);
  }

  /** Of the fork's own. */
  get sizeBytes(): number {
    return this.own?.sizeBytes ?? 0;
  }

  /** How many row ids the key has, at most. */
  rowCountOf(key: IndexKey): number {
    return this.all().reduce((sum, dictionary) => sum + dictionary.rowCountOf(key), 0);
  }

  insert(key: IndexKey, rowId: number): boolean {
    return this.top.insert(key, rowId);
  }

  /** Of what the fork made: what is below stays. */
  remove(key: IndexKey, rowId: number): boolean {
    return this.own?.remove(key, rowId) ?? false;
  }

  retain(key: IndexKey, rowId: number): void {
    this.own?.retain(key, rowId);
  }

  forgetRetained(): void {
    this.own?.forgetRetained();
  }

  release(): void {
    this.isReleased = true;
    this.own?.release();
  }

  /** Its own layer has all that is needed: whoever begins to read it now, with a cursor that he has had before, reads that alone. */
  standAlone(): void {
    void this.top;
    this.#lower = [];
    this.#below = [];
  }

  /** As the fork began. */
  forgetOwn(): void {
    this.own?.release();
    this.own = null;
  }

  /** The layer that changes. */
  get top(): Dictionary {
    this.own ??= this.#makeOwn();
    return this.own;
  }
}

/** Nothing is taken out of what is released: it is read for databases that were made of one that is gone. */
function withRetained(layer: Dictionary): Dictionary[] {
  return layer.isReleased ? [layer] : [layer, layer.retainedNow()];
}
