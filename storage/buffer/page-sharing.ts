/**
 * Copy on write: where a fork finds the pages that it shares, and what must happen before a shared page changes.
 *
 *      a fork looks for a page:     its own copy  ->  an image kept for it (branch.ts)  ->  its parent's page, where that is
 *      a page is about to change:   in a fork: a copy becomes its own;  in a branch with forks: an image is kept for them
 *
 * A fork's relation has no page table of its own: pages that are its own, and images that were read in, are found by a map, so
 * that a fork of a large table costs what it changes. Images are read into frames like pages; they are clean, and read again when they
 * were evicted.
 */
import { SqlError } from '../../types/errors.ts';
import { PAGE_SIZE } from '../limits.ts';
import { PAGE_SLOT_COUNT_OFFSET, setPageLsn, setPageRelation, slotEntryOffset } from '../page/index.ts';
import { PageHistory } from './branch.ts';
import { FRAME_DIRTY, FRAME_NEW } from './clock-sweep.ts';
import type { PageArchive } from './page-archive.ts';
import type { BufferPool } from './pool.ts';
import { NO_FRAME, type RelationPages } from './relation-pages.ts';
import type { ScanRing } from './scan-ring.ts';

/** Looks at pages before a fork sees them (heap/fork-settling.ts). */
export interface PageSettling {
  /** The page is as the fork must see it, or is being made so. */
  isSettled(pageNo: number): boolean;
  /** Throws PAGE_MISS: to be called again. True: frames may have been taken. */
  settle(pageNo: number): boolean;
}

/** Where a fork's relation has its pages from. */
export class PageSource {
  readonly parent: RelationPages;
  /** Of the fork, in the parent's branch. */
  readonly epoch: number;
  /** Pages that are not the parent's any more, or never were. */
  readonly own = new Set<number>();
  /** Frames of its own pages, and of images that were read in. */
  readonly placed = new Map<number, number>();
  /** Null: pages are seen as they were when the fork was made. */
  settling: PageSettling | null = null;

  constructor(parent: RelationPages, epoch: number) {
    this.parent = parent;
    this.epoch = epoch;
  }

  /** The kept image that the fork sees, -1: the parent's page. */
  imageOf(pageNo: number): number {
    return this.parent.history?.imageAt(pageNo, this.epoch) ?? -1;
  }
}

export class PageSharing {
  readonly #pool: BufferPool;
  /**
   * A fork's pages are being settled: that changes nothing of what its own forks see, who undo the same in whatever image they have, so
   * none is kept.
   */
  isSettling = false;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /**
   * Base of a page of a fork's relation, -1 when it is its own and must be read. Throws PAGE_MISS for the parent's, and whenever a frame was taken: what
   * the caller has looked up before may be gone.
   */
  base(rel: RelationPages, source: PageSource, pageNo: number, ring: ScanRing | null): number {
    const pool: BufferPool = this.#pool;
    if (source.settling?.isSettled(pageNo) === false && source.settling.settle(pageNo)) pool.missSettled();
    const frame = source.placed.get(pageNo);
    if (frame !== undefined) {
      pool.noteVisit(rel, frame);
      return frame * PAGE_SIZE;
    }
    if (source.own.has(pageNo)) return -1;
    const image = source.imageOf(pageNo);
    if (image < 0) {
      return ring === null ? pool.frameBase(source.parent, pageNo) : pool.scanFrameBase(source.parent, pageNo, ring);
    }
    const taken = pool.takeFrameNow();
    const base = taken * PAGE_SIZE;
    try {
      rel.branch.archive.load(image, pool.bytes, base);
    } catch (error) {
      pool.releaseFrame(taken);
      throw error;
    }
    setPageRelation(pool.u32, base, rel.relId);
    pool.settle(taken, rel, pageNo, 1, 0);
    return pool.missSettled();
  }

  /** The same, -1 if it is not in memory. */
  tryBase(source: PageSource, pageNo: number): number {
    if (source.settling?.isSettled(pageNo) === false) return -1;
    const frame = source.placed.get(pageNo);
    if (frame !== undefined) return frame * PAGE_SIZE;
    if (source.own.has(pageNo) || source.imageOf(pageNo) >= 0) return -1;
    return this.#pool.tryFrame(source.parent, pageNo);
  }

  /** Those of the pages that are the parent's are asked for there; answers the others that may have to be read. */
  prefetch(source: PageSource, pageNos: ArrayLike<number>, count: number, ring: ScanRing | null): Uint32Array {
    const own: number[] = [];
    const shared: number[] = [];
    for (let i = 0; i < count; i++) {
      const pageNo = pageNos[i];
      if (source.own.has(pageNo)) own.push(pageNo);
      else if (source.imageOf(pageNo) < 0) shared.push(pageNo);
    }
    if (shared.length > 0) this.#pool.prefetch(source.parent, shared, shared.length, ring);
    return Uint32Array.from(own);
  }

  /**
   * Before a page changes, and before a log record is opened: see above. True: a frame was taken, so that pages are
   * to be looked up again. Throws PAGE_MISS, 53100 (a fork's own page); nothing has happened then.
   */
  claim(rel: RelationPages, pageNo: number): boolean {
    const { source, branch } = rel;
    const isMoved = source !== null && !source.own.has(pageNo) && this.#adopt(rel, source, pageNo);
    if (branch.forkCount > 0 && !this.isSettling) this.#keep(rel, pageNo);
    return this.#copy(rel, pageNo) || isMoved;
  }

  /** Nobody else sees the page as it is. */
  isClaimed({ source, branch, history, copies }: RelationPages, pageNo: number): boolean {
    if (source !== null && !source.own.has(pageNo)) return false;
    if (copies.length > 0 && !this.isSettling && copies.some((copy) => copy.isGuarded(pageNo))) return false;
    return branch.forkCount === 0 || this.isSettling || history?.isClaimed(pageNo) === true;
  }

  /** Whether the newest fork sees the slot in use; true also if it is not known. */
  hadSlot({ branch, history }: RelationPages, pageNo: number, slot: number): boolean {
    if (history === null) return true;
    const { newestLive, archive } = branch;
    if (pageNo >= (history.sizeAt(newestLive) ?? Number.POSITIVE_INFINITY)) return false;
    const image = history.imageAt(pageNo, newestLive);
    if (image < 0) return true;
    try {
      return slot < archive.u16At(image, PAGE_SLOT_COUNT_OFFSET) && archive.u16At(image, slotEntryOffset(slot)) !== 0;
    } catch (error) {
      // An image that cannot be read is an error to the fork that reads it, and to nobody else.
      if (!(error instanceof SqlError)) throw error;
      return true;
    }
  }

  /** The relation is about to get another page. */
  grows(rel: RelationPages): void {
    if (rel.branch.forkCount > 0) historyOf(rel).grows(rel.pageCount);
    rel.source?.own.add(rel.pageCount);
  }

  /** The page goes to those who copy the relation and do not have it yet. True: it did. */
  #copy({ copies }: RelationPages, pageNo: number): boolean {
    let isCopied = false;
    for (const copy of copies) {
      if (!copy.isGuarded(pageNo)) continue;
      copy.copy(pageNo);
      isCopied = true;
    }
    return isCopied;
  }

  #keep(rel: RelationPages, pageNo: number): void {
    const history = historyOf(rel);
    if (history.isClaimed(pageNo)) return;
    if (history.isWanted(pageNo, rel.pageCount)) {
      const pool = this.#pool;
      const base = pool.frameBase(rel, pageNo);
      history.keep(pageNo, saved(rel.branch.archive, pool.bytes, base));
    }
    history.claim(pageNo);
  }

  /** The page becomes the fork's own; false: in the frame where it was. */
  #adopt(rel: RelationPages, source: PageSource, pageNo: number): boolean {
    const pool = this.#pool;
    pool.grantPage(rel);
    const before = source.placed.get(pageNo);
    const shared = pool.frameBase(rel, pageNo);
    // It has been settled just now.
    if (source.own.has(pageNo)) return true;
    const placed = source.placed.get(pageNo);
    if (placed !== undefined) {
      pool.madeOwn(placed);
      source.own.add(pageNo);
      return placed !== before;
    }
    pool.pin(shared);
    let frame = NO_FRAME;
    try {
      frame = pool.takeFrameNow();
    } finally {
      pool.unpin(shared);
    }
    const base = frame * PAGE_SIZE;
    pool.bytes.copyWithin(base, shared, shared + PAGE_SIZE);
    setPageRelation(pool.u32, base, rel.relId);
    setPageLsn(pool.f64, base, 0);
    pool.settle(frame, rel, pageNo, 1, FRAME_DIRTY | FRAME_NEW);
    pool.madePage();
    source.own.add(pageNo);
    return true;
  }
}

/** A disk that refuses it takes the page from the forks: who changes it goes on. */
function saved(archive: PageArchive, bytes: Buffer, base: number): number {
  try {
    return archive.save(bytes, base);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return archive.lose(error);
  }
}

function historyOf(rel: RelationPages): PageHistory {
  rel.history ??= new PageHistory(rel.branch, () => {
    rel.history = null;
  });
  return rel.history;
}
