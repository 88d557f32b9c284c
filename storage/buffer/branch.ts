/**
 * Branches: who shares pages with whom. Relations belong to a branch; a fork is a branch that begins as its parent was at one
 * moment, and shares the parent's pages until one of the two changes them.
 *
 *      parent   --+-------------+-----------------> goes on, in place
 *                 | epoch 1     | epoch 2
 *                 fork          fork                each sees the pages as they were then
 *
 * The parent's pages change in place, whatever forks there are. Before the first change of a page since the newest fork, a copy
 * of it is kept for those that live (a kept image): so a page costs the parent one copy a fork at most, and nothing while
 * it only reads; and a fork costs nothing to make. A fork that changes a page changes a copy of its own (page-sharing.ts).
 *
 *      images of a page    [ .. 3 ]      [ 4 .. 7 ]     now       an image kept in epoch e is what forks up to e see,
 *      forks that live         2    4       6                     down to the image before it; 2 sees the first, 4 and 6 the second
 *
 * Invariants
 *  1. Epochs of a branch ascend; each fork of it has its own.
 *  2. An image is kept only while a fork lives that sees it.
 *  3. A fork finds of a page the oldest image whose epoch is not below its own; without one, the page itself.
 */
import { assert } from '../../types/assert.ts';
import { LazyMap, LazySet } from '../../types/lazy-map.ts';
import type { PageArchive } from './page-archive.ts';
import { PageSet } from './page-set.ts';

interface KeptImage {
  readonly history: PageHistory;
  readonly pageNo: number;
  epoch: number;
  readonly slot: number;
}

export class Branch {
  /** Of the newest fork; 0: there was none. */
  epoch = 0;
  /** The newest fork sees no version with this xid or a later one. */
  newestXid = 0;
  /** It shares its parent's pages. */
  readonly #isFork: boolean;
  /** Pages must be claimed before they change: others may see them, or they are others'. */
  isShared: boolean;
  readonly archive: PageArchive;
  /** Copies under way of its relations (relation-copy.ts). */
  #copies = 0;
  /** Epochs of the forks that live, ascending. */
  readonly #live: number[] = [];
  readonly #images = new LazyMap<number, KeptImage[]>();
  readonly #histories = new LazySet<PageHistory>();
  /** What waits for forks up to an epoch to end: relations that were dropped. */
  #deferred: { readonly epoch: number; readonly action: () => void }[] = [];

  constructor(archive: PageArchive, isFork = false) {
    this.archive = archive;
    this.#isFork = isFork;
    this.isShared = isFork;
  }

  /** A relation of the branch is being copied: its pages must be claimed before they change. */
  copyBegan(): void {
    this.#copies++;
    this.isShared = true;
  }

  copyEnded(): void {
    this.#copies--;
    this.isShared = this.#isSharedNow;
  }

  get #isSharedNow(): boolean {
    return this.#isFork || this.#copies > 0 || this.#live.length > 0;
  }

  get forkCount(): number {
    return this.#live.length;
  }

  /** Epoch of the newest fork that lives; 0: none does. */
  get newestLive(): number {
    const live = this.#live;
    return live.length === 0 ? 0 : live[live.length - 1];
  }

  /** A fork begins, which sees no version from `nextXid` on; its epoch. */
  fork(nextXid: number): number {
    this.newestXid = nextXid;
    this.#live.push(++this.epoch);
    this.isShared = true;
    return this.epoch;
  }

  /** The fork of this epoch has ended: what only it could see goes. */
  release(epoch: number): void {
    const live = this.#live;
    const at = live.indexOf(epoch);
    assert(at >= 0, 'a fork ends once');
    const before = live[at - 1] ?? 0;
    const after = live[at + 1] ?? Infinity;
    live.splice(at, 1);
    if (live.length === 0) this.#forgetAll();
    else {
      for (const [kept, images] of [...this.#images]) {
        if (kept < epoch || kept >= after) continue;
        this.#images.delete(kept);
        for (const image of images) this.#settle(image, before);
      }
    }
    if (this.#deferred.length > 0) this.#runDeferred();
  }

  /** Does something when no fork that lives now does any more; at once if none does. */
  afterForks(action: () => void): void {
    if (this.#live.length === 0) action();
    else this.#deferred.push({ epoch: this.newestLive, action });
  }

  /** An image that the ended fork saw: of use to the fork of `before`, or to nobody. */
  #settle(image: KeptImage, before: number): void {
    if (before > 0 && image.history.isSeen(image.pageNo, image.epoch, before)) {
      image.epoch = before;
      this.note(image);
    } else {
      image.history.forget(image);
      this.archive.release(image.slot);
    }
  }

  #runDeferred(): void {
    const oldest = this.#live[0] ?? Infinity;
    const ready = this.#deferred.filter(({ epoch }) => epoch < oldest);
    this.#deferred = this.#deferred.filter(({ epoch }) => epoch >= oldest);
    for (const { action } of ready) action();
  }

  #forgetAll(): void {
    for (const images of this.#images.values()) for (const { slot } of images) this.archive.release(slot);
    this.#images.clear();
    for (const history of this.#histories) history.end();
    this.#histories.clear();
    this.isShared = this.#isSharedNow;
  }

  /** An image is kept: it goes when no fork sees it any more. */
  note(image: KeptImage): void {
    const images = this.#images.get(image.epoch);
    if (images === undefined) this.#images.set(image.epoch, [image]);
    else images.push(image);
  }

  /** A relation has something kept from now on. */
  begun(history: PageHistory): void {
    this.#histories.add(history);
  }
}

/** What of a relation's pages is kept for the forks of its branch; made at the first change with a fork. */
export class PageHistory {
  readonly #branch: Branch;
  readonly #onEnd: () => void;
  /** Pages that have been copied, or made, since the fork of `#epoch`: they may change. */
  readonly #claimed = new PageSet();
  #epoch = 0;
  readonly #images = new Map<number, KeptImage[]>();
  /** Sizes of the relation as forks up to an epoch see it. */
  readonly #sizes: { readonly epoch: number; readonly pageCount: number }[] = [];

  constructor(branch: Branch, onEnd: () => void) {
    this.#branch = branch;
    this.#onEnd = onEnd;
    branch.begun(this);
  }

  /** The page has been claimed since the newest fork. */
  isClaimed(pageNo: number): boolean {
    return this.#epoch === this.#branch.epoch && this.#claimed.has(pageNo);
  }

  /** Whether a fork that lives sees the page as it is now, before it changes: then an image of it must be kept. */
  isWanted(pageNo: number, pageCount: number): boolean {
    this.#enter();
    if (this.#claimed.has(pageNo)) return false;
    const { newestLive } = this.#branch;
    const images = this.#images.get(pageNo);
    const last = images === undefined ? 0 : images[images.length - 1].epoch;
    return newestLive > last && pageNo < (this.sizeAt(newestLive) ?? pageCount);
  }

  /** The page may change from now on. */
  claim(pageNo: number): void {
    this.#enter();
    this.#claimed.add(pageNo);
  }

  /** The image of a page that is wanted. */
  keep(pageNo: number, slot: number): void {
    const image = { history: this, pageNo, epoch: this.#epoch, slot };
    const images = this.#images.get(pageNo);
    if (images === undefined) this.#images.set(pageNo, [image]);
    else images.push(image);
    this.#branch.note(image);
  }

  /** The relation of `pageCount` pages is about to get another one. */
  grows(pageCount: number): void {
    this.#enter();
    this.#claimed.add(pageCount);
    const sizes = this.#sizes;
    const last = sizes.length === 0 ? 0 : sizes[sizes.length - 1].epoch;
    if (this.#branch.newestLive > last) sizes.push({ epoch: this.#epoch, pageCount });
  }

  #enter(): void {
    if (this.#epoch === this.#branch.epoch) return;
    this.#epoch = this.#branch.epoch;
    this.#claimed.clear();
  }

  /** Pages that the fork of this epoch sees; undefined: as many as there are. */
  sizeAt(epoch: number): number | undefined {
    return this.#sizes.find((size) => size.epoch >= epoch)?.pageCount;
  }

  /** Where the page is kept as the fork of this epoch sees it; -1: it has not changed. */
  imageAt(pageNo: number, epoch: number): number {
    return this.#images.get(pageNo)?.find((image) => image.epoch >= epoch)?.slot ?? -1;
  }

  /** Pages that have changed since the fork of this epoch was made. */
  *changedSince(epoch: number): Iterable<number> {
    for (const [pageNo, images] of this.#images) if (images[images.length - 1].epoch >= epoch) yield pageNo;
  }

  /** Whether the fork of epoch `viewer` sees the image that was kept in epoch `kept`. */
  isSeen(pageNo: number, kept: number, viewer: number): boolean {
    const images = this.#images.get(pageNo) as KeptImage[];
    const at = images.findIndex((image) => image.epoch === kept);
    if (pageNo >= (this.sizeAt(viewer) ?? Number.POSITIVE_INFINITY)) return false;
    return viewer <= kept && viewer > (images[at - 1]?.epoch ?? 0);
  }

  forget(image: KeptImage): void {
    const images = this.#images.get(image.pageNo) as KeptImage[];
    images.splice(images.indexOf(image), 1);
    if (images.length === 0) this.#images.delete(image.pageNo);
  }

  end(): void {
    this.#onEnd();
  }
}
