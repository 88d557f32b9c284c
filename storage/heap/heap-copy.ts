/**
 * A heap that is being copied (buffer/relation-copy.ts): how a page comes to it, and its rows' entries to its indexes.
 *
 *      page missing      its rows are the source's, and found by the source's indexes
 *      page there        its rows are the heap's own, and so are their entries
 *
 * A row belongs to the page of its home; its place may be on another, which is missing or not without regard to it. That serves: before
 * a row changes in the source, its home and its place are copied, both of them as they were.
 */
import { type PageCopier, PageSet, type RelationCopy, WriteRing } from '../buffer/index.ts';
import type { Heap } from './heap.ts';
import { copyPage } from './page-copy.ts';

export class HeapCopy implements PageCopier {
  readonly source: Heap;
  readonly target: Heap;
  readonly relation: RelationCopy;
  /**
   * Makes entries of the rows whose home is a page of the heap, or of a fork of it, for the indexes that have the source's below them. May throw
   * PAGE_MISS: then it is called again. Null: there are none.
   */
  indexPage: ((source: Heap, pageNo: number) => void) | null = null;
  /** At the start, before the heap's images are loaded: entries of pages that come are made afterwards. */
  isIndexed = true;
  /** At the start: an index of the source is not there any more, so that all pages are to be copied for it. */
  needsAll = false;
  /** Called some time after it has ended: nobody reads the source's indexes for it any more. */
  onEnd: () => void = () => {};
  readonly #ring: WriteRing;

  constructor(source: Heap, target: Heap, relation: RelationCopy) {
    this.source = source;
    this.target = target;
    this.relation = relation;
    this.#ring = new WriteRing(target.context.pool, target.pages);
    relation.copier = this;
  }

  /** Until it is guarded its pages are a fork's. */
  beginning: HeapCopyBeginning | null = null;

  copy(pageNo: number): void {
    if (this.beginning !== null) this.beginning.copyPage(pageNo);
    else this.copyFrom(this.source, pageNo);
  }

  /** The source's pages are what is missing, and will be: from now on that is kept. */
  guard(): void {
    this.beginning = null;
    this.relation.isGuarding = true;
  }

  /** The same in the background: nobody wants the page. */
  copyInRing(pageNo: number): void {
    this.copyFrom(this.source, pageNo, this.#ring);
  }

  /** `source`: the heap, or a fork of it that sees the page as it must be copied. */
  copyFrom(source: Heap, pageNo: number, ring: WriteRing | null = null): void {
    const { relation } = this;
    if (!relation.isMissing(pageNo)) return;
    if (this.isIndexed) this.indexPage?.(source, pageNo);
    const rows = copyPage(source, this.target, pageNo, ring, relation.isLogged);
    relation.arrived(pageNo);
    this.beginning?.noteRows(pageNo, rows);
  }

  /** Set by the store. */
  ended: () => void = () => {};
}

/**
 * The first part of a copy of what is committed in a heap that others write to: a fork of it, made in the same turn, tells what is to be seen.
 * Its pages are the heap's, but for
 *
 *      pages with rows of unfinished transactions     the fork has them without these (fork-settling.ts), in copies of its own
 *      pages that have changed since                  images are kept for it
 *
 * These are copied from the fork; the first of them are all looked at before, since a row that is undone with the page of its home may stand on
 * another. When there are none left, in one turn, all that is missing can be had from the heap.
 */
export class HeapCopyBeginning {
  readonly copy: HeapCopy;
  readonly #fork: Heap;
  readonly #pages: PageSet;
  /** The first of `#pages` that has not been looked at; -1: all have. */
  #unsettled: number;

  /** Of a copy of the past: hears of the rows of each page that is not as it was. */
  readonly #countRows: ((rows: number) => void) | null;
  readonly #uncounted: PageSet;

  /**
   * `unfinished`: pages that are the home of a row that an unfinished transaction has written; for a copy of the past also of rows that have
   * changed since.
   */
  constructor(
    copy: HeapCopy,
    fork: Heap,
    unfinished: PageSet | undefined,
    countRows: ((rows: number) => void) | null = null,
  ) {
    this.copy = copy;
    this.#fork = fork;
    this.#countRows = countRows;
    this.#uncounted = countRows === null ? new PageSet() : (unfinished?.copy() ?? new PageSet());
    this.#pages = unfinished?.copy() ?? new PageSet();
    this.#unsettled = this.#pages.next(0);
    copy.beginning = this;
  }

  /** Looks at a page, or copies one; true: there is none to be copied from the fork, at this moment. Throws PAGE_MISS, 53100. */
  step(): boolean {
    if (this.#unsettled >= 0) {
      this.#settleNext();
      return false;
    }
    const pageNo = this.#next();
    if (pageNo < 0) return true;
    this.copy.copyFrom(this.#fork, pageNo);
    return false;
  }

  /** A page has come, with so many rows. */
  noteRows(pageNo: number, rows: number): void {
    if (this.#uncounted.has(pageNo)) this.#countRows?.(rows);
  }

  /** A page that somebody looks for meanwhile: an index that is made of a row asks for its long value. Throws as `step`. */
  copyPage(pageNo: number): void {
    while (this.#unsettled >= 0) this.#settleNext();
    this.copy.copyFrom(this.#fork, pageNo);
  }

  #settleNext(): void {
    const { context, pages } = this.#fork;
    if (this.#unsettled < pages.pageCount) context.pool.frameBase(pages, this.#unsettled);
    this.#unsettled = this.#pages.next(this.#unsettled + 1);
  }

  #next(): number {
    const { relation } = this.copy;
    for (let pageNo = this.#pages.next(0); pageNo >= 0; pageNo = this.#pages.next(pageNo + 1)) {
      if (relation.isMissing(pageNo)) return pageNo;
      this.#pages.delete(pageNo);
    }
    const { source } = this.#fork.pages;
    for (const pageNo of source?.own ?? []) if (relation.isMissing(pageNo)) return pageNo;
    for (const pageNo of source?.parent.history?.changedSince(source.epoch) ?? [])
      if (relation.isMissing(pageNo)) return pageNo;
    return -1;
  }
}
