/**
 * The visibility map of a heap: the pages on which there is nothing to ask about. A page in it is all-visible:
 *
 *      every row whose home is on it    has one version that every snapshot sees, whoever has it and whoever takes one later
 *      nothing else is there            no tombstone, no row of an unfinished transaction
 *      every index entry of its rows    has the key of that version
 *
 * So who comes to a row id of such a page by an index need not look at the row to know that it is there and what its key is, and
 * knows how many rows the page has.
 *
 * A page leaves the map when the log names it, which is before anybody can see what was done to it; so no path that changes
 * pages can forget to say so. Bulk pages, which are logged later, are new, and pages without rows are never in the map. Who puts
 * pages in has looked at their rows (heap/visibility.ts). Checkpoints keep the pages, without their rows' counts.
 *
 * Cost: 2 bytes a page, of 8192; a comparison at each page that a log record names.
 */
import { PageSet } from './page-set.ts';

/** The page came from a checkpoint: its rows are not counted yet. */
const ROWS_UNKNOWN = 65535;
const NO_STATES = new Uint16Array(0);

export class VisibilityMap {
  /** By page: 0 not all-visible, 1 + its rows, or ROWS_UNKNOWN. May end before the last page. */
  private states = NO_STATES;
  /** Pages in the map. */
  pageCount = 0;
  /** Rows of those pages whose rows are counted, and how many pages are not. */
  rowCount = 0;
  uncountedPages = 0;
  /** Above 0: pages may leave the map, and none comes in. Whoever reads entries now and asks of their pages later holds it. */
  holds = 0;
  /** Pages that the log has named since somebody last looked whether they are all-visible. */
  readonly written = new PageSet();
  private hasWritten = false;
  private readonly onWritten: () => void;

  /** `onWritten`: called at the first page that is named after `rest`. */
  constructor(onWritten: () => void) {
    this.onWritten = onWritten;
  }

  has(pageNo: number): boolean {
    return pageNo < this.states.length && this.states[pageNo] !== 0;
  }

  /** Rows of an all-visible page; -1: it is not, or they are not counted. */
  rowsOf(pageNo: number): number {
    if (pageNo >= this.states.length) return -1;
    const state = this.states[pageNo];
    return state === ROWS_UNKNOWN ? -1 : state - 1;
  }

  /** The page is all-visible, and has so many rows. */
  add(pageNo: number, rows: number): void {
    this.remove(pageNo);
    if (pageNo >= this.states.length) this.grow(pageNo + 1);
    this.states[pageNo] = rows + 1;
    this.pageCount++;
    this.rowCount += rows;
  }

  /** The log names the page. */
  noteWritten(pageNo: number): void {
    if (pageNo < this.states.length && this.states[pageNo] !== 0) this.remove(pageNo);
    this.written.add(pageNo);
    if (this.hasWritten) return;
    this.hasWritten = true;
    this.onWritten();
  }

  /** The next noteWritten calls onWritten again; answers whether there was one since the last time. */
  rest(): boolean {
    const had = this.hasWritten;
    this.hasWritten = false;
    return had;
  }

  /** The first page from `from` on, and before `end`, that is not in the map; `end` if all are. */
  nextMissing(from: number, end: number): number {
    const { states } = this;
    const known = Math.min(end, states.length);
    let pageNo = from;
    while (pageNo < known && states[pageNo] !== 0) pageNo++;
    return Math.min(pageNo, end);
  }

  /** The first all-visible page from `from` on; -1: there is none. */
  nextVisible(from: number): number {
    const { states } = this;
    for (let pageNo = from; pageNo < states.length; pageNo++) if (states[pageNo] !== 0) return pageNo;
    return -1;
  }

  /** The pages from pageCount on are gone. */
  truncate(pageCount: number): void {
    for (let pageNo = pageCount; pageNo < this.states.length; pageNo++) this.remove(pageNo);
  }

  /** What a checkpoint keeps. */
  copyPages(): PageSet {
    const pages = new PageSet();
    if (this.pageCount === 0) return pages;
    for (let pageNo = this.nextVisible(0); pageNo >= 0; pageNo = this.nextVisible(pageNo + 1)) pages.add(pageNo);
    return pages;
  }

  /** What the checkpoint kept, but for pages that the log has named since. Before anything else is done with the heap. */
  restore(pages: PageSet, changed: PageSet, pageCount: number): void {
    for (let pageNo = pages.next(0); pageNo >= 0 && pageNo < pageCount; pageNo = pages.next(pageNo + 1)) {
      if (changed.has(pageNo)) continue;
      if (pageNo >= this.states.length) this.grow(pageNo + 1);
      this.states[pageNo] = ROWS_UNKNOWN;
      this.pageCount++;
      this.uncountedPages++;
    }
  }

  /** Memory. */
  get byteSize(): number {
    return this.states.byteLength + this.written.words.byteLength;
  }

  private remove(pageNo: number): void {
    if (pageNo >= this.states.length) return;
    const state = this.states[pageNo];
    if (state === 0) return;
    this.states[pageNo] = 0;
    this.pageCount--;
    if (state === ROWS_UNKNOWN) this.uncountedPages--;
    else this.rowCount -= state - 1;
  }

  private grow(length: number): void {
    const grown = new Uint16Array(Math.max(length, this.states.length * 2, 16));
    grown.set(this.states);
    this.states = grown;
  }
}
