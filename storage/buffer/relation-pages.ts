/**
 * A relation as the pool knows it: its page table, its size and its file.
 *
 * `frames` is replaced by a larger array when the relation grows (newPage): read it again after anything that may add a
 * page. The file is made at the first write-back; a relation that was never written has none.
 */
import type { SqlError } from '../../types/errors.ts';
import { LazyMap } from '../../types/lazy-map.ts';
import type { File } from '../io/index.ts';
import type { Branch, PageHistory } from './branch.ts';
import type { RelationLoads } from './page-load.ts';
import { PageSet } from './page-set.ts';
import type { PageSource } from './page-sharing.ts';
import type { RelationCopy } from './relation-copy.ts';
import type { VisibilityMap } from './visibility-map.ts';

/** In `frames`: the page is not in memory. */
export const NO_FRAME = -1;

/** Of relations whose pages are found by a map: no page is in it. */
const NO_PAGE_TABLE = new Int32Array(0);
const NO_COPIES: readonly RelationCopy[] = [];

export class RelationPages {
  readonly relId: number;
  /** Whose relation it is. */
  readonly branch: Branch;
  /** Of a relation that a fork has from its parent: where its pages are that are not its own. */
  readonly source: PageSource | null;
  /** What is kept of its pages for forks of its branch. */
  history: PageHistory | null = null;
  /** It is being copied from another: some of its pages are not its own yet. */
  copyOf: RelationCopy | null = null;
  /** It was, or is: indexes may still name rows of pages that it never had (relation-copy.ts). */
  isCopy = false;
  /** Those that are being copied from it. */
  copies: readonly RelationCopy[] = NO_COPIES;
  /** It is dropped, and its pages stay until nobody copies them any more. */
  isRetired = false;
  /** Of a fork: no log names it, no checkpoint waits for it, and nothing of it is there at the next start. */
  readonly isUnlogged: boolean;
  /** Page number -> frame, or -1. Longer than pageCount. */
  frames = new Int32Array(8).fill(NO_FRAME);
  pageCount = 0;
  dropped = false;
  /** Pages that the log has named since the last checkpoint's capture (after a start: since its redo LSN). */
  readonly changed = new PageSet();
  /** Of a heap: which of its pages are all-visible. */
  visibility: VisibilityMap | null = null;
  /** Look-ups of its pages that found them in memory, and that had them read; for statistics. */
  hits = 0;
  reads = 0;

  /** The rest is the pool's. */
  file: File | null = null;
  /** There is a file of it, open or not. */
  hasFile = false;
  /** Written since its file was last synced. */
  needsSync = false;
  /** Reads and writes under way: the file stays open. */
  ioCount = 0;
  /** Pages being read, and reads that failed and whose error nobody has seen yet. */
  readonly loads: RelationLoads = new LazyMap();
  /** Why its last write-back failed, for statistics. */
  writeError: SqlError | null = null;

  constructor(relId: number, branch: Branch, isUnlogged = false, source: PageSource | null = null) {
    this.relId = relId;
    this.branch = branch;
    this.isUnlogged = isUnlogged;
    this.source = source;
    if (source !== null) this.frames = NO_PAGE_TABLE;
  }

  /** The frame that holds a page, of its own or read in as its own; or NO_FRAME. */
  frameOf(pageNo: number): number {
    const frame = this.source === null ? this.frames[pageNo] : this.source.placed.get(pageNo);
    return frame ?? NO_FRAME;
  }

  /** The page is in this frame from now on; NO_FRAME: in none. */
  place(pageNo: number, frame: number): void {
    const { source } = this;
    if (source === null) this.frames[pageNo] = frame;
    else if (frame === NO_FRAME) source.placed.delete(pageNo);
    else source.placed.set(pageNo, frame);
  }

  /** Pages in memory, with their frames. */
  *placed(): Iterable<readonly [pageNo: number, frame: number]> {
    if (this.source !== null) yield* this.source.placed;
    else
      for (let pageNo = 0; pageNo < this.pageCount; pageNo++) {
        if (this.frames[pageNo] >= 0) yield [pageNo, this.frames[pageNo]];
      }
  }

  /** Makes room in the page table. */
  reservePages(count: number): void {
    if (this.source !== null || count <= this.frames.length) return;
    const grown = new Int32Array(Math.max(count, this.frames.length * 2)).fill(NO_FRAME);
    grown.set(this.frames);
    this.frames = grown;
  }
}
