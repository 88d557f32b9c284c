/**
 * A relation as the pool knows it: its page table, its size and its file.
 *
 * `frames` is replaced by a larger array when the relation grows (newPage): read it again after anything that may add a
 * page. The file is made at the first write-back; a relation that was never written has none.
 */
import type { SqlError } from '../../types/errors.ts';
import type { File } from '../io/index.ts';
import type { RelationLoads } from './page-load.ts';
import { PageSet } from './page-set.ts';
import type { VisibilityMap } from './visibility-map.ts';

/** In `frames`: the page is not in memory. */
export const NO_FRAME = -1;

export class RelationPages {
  readonly relId: number;
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
  /** Written since its file was last synced. */
  needsSync = false;
  /** Reads and writes under way: the file stays open. */
  ioCount = 0;
  /** Pages being read, and reads that failed and whose error nobody has seen yet. */
  readonly loads: RelationLoads = new Map();
  /** Why its last write-back failed, for statistics. */
  writeError: SqlError | null = null;

  constructor(relId: number) {
    this.relId = relId;
  }

  /** Makes room in the page table. */
  reservePages(count: number): void {
    if (count <= this.frames.length) return;
    const grown = new Int32Array(Math.max(count, this.frames.length * 2)).fill(NO_FRAME);
    grown.set(this.frames);
    this.frames = grown;
  }
}
