/**
 * A relation that is being copied: complete from the first moment on for who reads it, page by page in truth.
 *
 *      source   [ p0 | p1 | p2 | p3 | ... ]     goes on; before it changes a page that is missing below, that page is copied
 *      target   [    | p1 |    | p3 | ... ]     what is missing is copied when it is looked for, and in the background
 *
 * Invariants
 *  1. A page that is missing in the target is, in the source, as it was when the copy began.
 *  2. A page stops being missing by a log record with its whole image, before the record of the source's change: so after a crash
 *     what the log has brought of both is as in 1, wherever it ends.
 *  3. The source's pages stay, though the relation is dropped (isRetired), while a copy misses pages of it.
 *
 * Which pages are missing is a bit a page, kept by checkpoints and brought forward by the log (recovery/recover.ts). How a page is
 * copied is the heap's (heap/heap-copy.ts).
 */
import { assert } from '../../types/assert.ts';
import { PageSet } from './page-set.ts';
import type { RelationPages } from './relation-pages.ts';

/** Copies a page that is missing. */
export interface PageCopier {
  /** Takes a frame. Throws PAGE_MISS, 53100: nothing has happened then. */
  copy(pageNo: number): void;
  /** The copy has come to its end: complete, or the target is gone. */
  ended(): void;
}

/** The relation that has the page: one that is being copied has what it misses from its source. */
export function holderOf(relation: RelationPages, pageNo: number): RelationPages {
  let holder = relation;
  while (holder.copyOf?.isMissing(pageNo) === true) holder = holder.copyOf.source;
  return holder;
}

export class RelationCopy {
  readonly source: RelationPages;
  readonly target: RelationPages;
  readonly missing: PageSet;
  missingCount: number;
  /** Set before anybody looks for a page. */
  copier: PageCopier | null = null;
  /** Before the source's pages change they are copied; not yet while the copy is being made (executor/lasting-fork.ts). */
  isGuarding = false;
  /** False: the target is dropped, and only forks still look for its pages. */
  isLogged = true;
  private isEnded = false;

  constructor(source: RelationPages, target: RelationPages, missing: PageSet) {
    this.source = source;
    this.target = target;
    this.missing = missing;
    this.missingCount = missing.count;
    assert(target.copyOf === null, 'a relation is a copy of one');
    target.copyOf = this;
    target.isCopy = true;
    source.copies = [...source.copies, this];
    source.branch.copyBegan();
  }

  /** All pages up to there are missing. */
  static begin(source: RelationPages, target: RelationPages, pageCount: number): RelationCopy {
    const words = new Uint32Array((pageCount + 31) >>> 5).fill(0xffffffff);
    if ((pageCount & 31) !== 0) words[words.length - 1] >>>= 32 - (pageCount & 31);
    target.reservePages(pageCount);
    target.pageCount = pageCount;
    return new RelationCopy(source, target, new PageSet(words));
  }

  isMissing(pageNo: number): boolean {
    return this.missing.has(pageNo);
  }

  /** The page must be copied before the source's changes. */
  isGuarded(pageNo: number): boolean {
    return this.isGuarding && this.missing.has(pageNo);
  }

  copy(pageNo: number): void {
    assert(this.copier !== null, 'a copy can be looked at');
    this.copier.copy(pageNo);
  }

  /** The page is the target's own. */
  arrived(pageNo: number): void {
    if (!this.missing.has(pageNo)) return;
    this.missing.delete(pageNo);
    this.missingCount--;
  }

  /** It needs its source no more. */
  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const { source, target } = this;
    target.copyOf = null;
    source.copies = source.copies.filter((copy) => copy !== this);
    source.branch.copyEnded();
    this.copier?.ended();
  }
}
