/**
 * Reads pages into frames: one that a statement waits for, or many ahead of it. Neighbours are read together; a single page that somebody
 * waits for may be read in place (quick-reads.ts). A load that finds no frame waits until the page writer has made one clean.
 */
import type { SqlError } from '../../types/errors.ts';
import { PAGE_SIZE } from '../limits.ts';
import { FRAME_LOADING, FRAME_UNSEEN } from './clock-sweep.ts';
import { damageOf } from './page-damage.ts';
import { loadTargets, noFrames, PageLoad, READ_GAP_MAX } from './page-load.ts';
import type { BufferPool } from './pool.ts';
import type { QuickReads } from './quick-reads.ts';
import type { RelationCopy } from './relation-copy.ts';
import type { RelationPages } from './relation-pages.ts';
import type { ScanRing } from './scan-ring.ts';

/** How many neighbouring pages one read spans at most. */
const READ_RUN_MAX = 128;
/** Whether one read fetches the page as well: some pages between, which are read over, cost less than another read. */
function isNeighbour(first: number, last: number, pageNo: number): boolean {
  return pageNo > last && pageNo - last - 1 <= READ_GAP_MAX && pageNo - first < READ_RUN_MAX;
}

/** Of one pool. */
export class PageLoader {
  private readonly pool: BufferPool;
  /** Null: all pages are read in the thread pool. */
  private readonly quickReads: QuickReads | null;
  /** Loads without a frame: all that could be taken are busy or dirty. */
  private waiting: PageLoad[] = [];

  constructor(pool: BufferPool, quickReads: QuickReads | null) {
    this.pool = pool;
    this.quickReads = quickReads;
  }

  /** Whether a page that somebody waits for is read in place. */
  get readsInPlace(): boolean {
    return this.quickReads?.isOn === true;
  }

  /**
   * Starts reading those of pageNos[0..count) that are not in memory. With `usages` only into frames that hold nothing, and the pages begin with
   * these usage counts. Answers how many page numbers it has dealt with.
   */
  read(
    rel: RelationPages,
    pageNos: ArrayLike<number>,
    count: number,
    ring: ScanRing | null,
    usages: ArrayLike<number> | null,
  ): number {
    if (rel.source !== null) {
      pageNos = this.pool.sharing.prefetch(rel.source, pageNos, count, ring);
      count = pageNos.length;
    }
    const { copyOf } = rel;
    if (copyOf !== null && usages === null) this.prefetchForCopy(copyOf, pageNos, count, ring);
    const run: PageLoad[] = [];
    let i = 0;
    for (; i < count; i++) {
      const pageNo = pageNos[i];
      if (pageNo >= rel.pageCount || rel.frameOf(pageNo) >= 0 || rel.loads.has(pageNo)) continue;
      if (copyOf?.isMissing(pageNo) === true) continue;
      if (this.pool.readsUnderWay >= this.pool.frameCount >>> 2) break;
      const frame =
        usages === null ? this.pool.takeFrameForLoad(rel, pageNo, ring, false) : this.pool.takeUnusedFrame();
      if (frame < 0) break;
      const load = this.begin(rel, pageNo, frame);
      load.usage = usages === null ? 1 : usages[i];
      const last = run.length === 0 ? null : run[run.length - 1];
      if (last !== null && !isNeighbour(run[0].pageNo, last.pageNo, pageNo)) this.readRun(run.splice(0));
      run.push(load);
    }
    if (run.length > 0) this.readRun(run);
    return i;
  }

  /** Pages that the copy misses are read where it has them from. */
  private prefetchForCopy(
    { source, missing }: RelationCopy,
    pageNos: ArrayLike<number>,
    count: number,
    ring: ScanRing | null,
  ): void {
    const wanted: number[] = [];
    for (let i = 0; i < count; i++) if (missing.has(pageNos[i])) wanted.push(pageNos[i]);
    if (wanted.length > 0) this.read(source, wanted, wanted.length, ring, null);
  }

  /** Reads a page that somebody waits for, as soon as there is a frame. */
  start(load: PageLoad, ring: ScanRing | null): void {
    const frame = this.pool.takeFrameForLoad(load.relation, load.pageNo, ring, true);
    if (frame >= 0) {
      this.claim(load, frame);
      this.readRun([load]);
      return;
    }
    this.waiting.push(load);
    this.pool.writer.kick();
  }

  private begin(rel: RelationPages, pageNo: number, frame: number): PageLoad {
    const load = new PageLoad(rel, pageNo);
    rel.loads.set(pageNo, load);
    this.claim(load, frame);
    return load;
  }

  private claim(load: PageLoad, frame: number): void {
    load.frame = frame;
    this.pool.flags[frame] = FRAME_LOADING;
    this.pool.frameRelation[frame] = load.relation;
    this.pool.framePage[frame] = load.pageNo;
    load.relation.ioCount++;
    this.pool.readsUnderWay++;
  }

  /** Reads neighbouring pages, one or more, straight into their frames. */
  private readRun(loads: PageLoad[]): void {
    const first = loads[0];
    const onRead = (error: SqlError | null, count: number): void => {
      for (let i = 0; i < loads.length; i++) {
        this.finish(loads[i], error, count - (loads[i].pageNo - first.pageNo) * PAGE_SIZE);
      }
      this.pool.files.afterWrites([first.relation]);
      // Later, so that those who waited for these pages come first.
      if (this.waiting.length > 0) setImmediate(this.retryWaiting);
    };
    if (this.quickReads !== null && loads.length === 1 && first.demanded && this.quickReads.isOn) {
      this.readInPlace(first, this.quickReads);
      return;
    }
    try {
      const file = this.pool.files.open(first.relation, false);
      const offset = first.pageNo * PAGE_SIZE;
      if (loads.length === 1) file.readInto(this.pool.bytes, first.frame * PAGE_SIZE, PAGE_SIZE, offset, onRead);
      else {
        file.readv(loadTargets(this.pool.bytes, loads), offset, onRead);
      }
    } catch (error) {
      setImmediate(onRead, error as SqlError, 0);
    }
  }

  /** The load is settled when this returns: who missed the page may look again at once. */
  private readInPlace(load: PageLoad, quickReads: QuickReads): void {
    const { relation, pageNo, frame } = load;
    let count = 0;
    let failure: SqlError | null = null;
    // Who missed it may ask for other pages before it looks again: they must not take this frame first.
    load.usage = 1;
    try {
      const file = this.pool.files.open(relation, false);
      count = quickReads.timed(() => file.readSync(this.pool.bytes, frame * PAGE_SIZE, PAGE_SIZE, pageNo * PAGE_SIZE));
    } catch (error) {
      failure = error as SqlError;
    }
    this.finish(load, failure, count);
    this.pool.files.afterWrites([relation]);
  }

  private finish(load: PageLoad, error: SqlError | null, count: number): void {
    const { relation, pageNo, frame } = load;
    this.pool.readsUnderWay--;
    relation.ioCount--;
    if (relation.dropped || pageNo >= relation.pageCount || relation.loads.get(pageNo) !== load) {
      this.pool.releaseFrame(frame);
      load.wake();
      return;
    }
    const failure =
      error ?? damageOf(this.pool.memory, frame * PAGE_SIZE, count, relation.relId, pageNo, this.pool.files);
    if (failure !== null) {
      this.pool.releaseFrame(frame);
      this.fail(load, failure);
      return;
    }
    relation.loads.delete(pageNo);
    this.pool.settle(frame, relation, pageNo, load.usage, FRAME_UNSEEN);
    load.wake();
  }

  /** The error waits for the statement that needs the page; nobody's error is forgotten, and the next one reads again. */
  private fail(load: PageLoad, failure: SqlError): void {
    if (load.demanded) load.error = failure;
    else load.relation.loads.delete(load.pageNo);
    load.wake();
  }

  /** The writer made frames clean: loads that wait for a frame can go on. */
  onFramesFreed(): void {
    if (this.waiting.length === 0) return;
    const loads = this.waiting;
    this.waiting = [];
    for (const load of loads) {
      if (load.relation.loads.get(load.pageNo) !== load) load.wake();
      else this.start(load, null);
    }
  }

  /** Loads wait for a frame. */
  get hasWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** The writer finds nothing that it could write, or cannot write: what still waits cannot be helped by it. */
  onNothingToWrite(error: SqlError | null): void {
    this.onFramesFreed();
    if (this.waiting.length === 0 || this.pool.readsUnderWay > 0 || this.pool.writer.isRunning) return;
    for (const load of this.waiting.splice(0)) this.fail(load, error ?? noFrames());
  }

  private readonly retryWaiting = (): void => {
    if (this.pool.isClosed) return;
    this.onFramesFreed();
    if (this.waiting.length > 0) this.pool.writer.kick();
  };
}
