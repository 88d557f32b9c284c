/**
 * The buffer pool: a bounded number of frames of 8 KB in one memory, each a place for one page.
 *
 *      free/fresh --newPage--> DIRTY|NEW --writer--> clean --sweep--> (another page)
 *           |                    ^  |                  ^
 *           +--miss--> LOADING --|--+------------------+
 *                         |      +-- wal.end / markDirty
 *                         +-- read failed: free again, the error waits for the next frameBase
 *
 * Invariants
 *  1. relation.frames[pageNo] is the frame that holds the page, or -1; a page is in at most one frame.
 *  2. A pinned frame keeps its page. A frame that is not pinned keeps it until something takes a frame (a miss, a prefetch,
 *     newPage).
 *  3. A dirty page goes to disk only after its log (page-writer.ts).
 *  4. Bytes that were read are shown only if checksum, relation and page number are right; otherwise the statement gets
 *     XX001 that names file and page.
 *
 * The memory is committed by the operating system as it is first touched: a large pool costs what is used of it.
 *
 * Long, as whoever looks up, takes or gives back a frame works on the same arrays; reading, writing, choosing and sharing are
 * beside it.
 */
import { assert } from '../../types/assert.ts';
import { SqlError } from '../../types/errors.ts';
import type { FileSystem } from '../io/index.ts';
import {
  PAGE_SIZE,
  PAGES_PER_RELATION_MAX,
  POOL_FRAMES_MIN,
  POOL_SIZE_MAX,
  USAGE_BYTE_MAX,
  VERSIONS_REL_ID,
} from '../limits.ts';
import { formatPage, PageMemory } from '../page/index.ts';
import type { LoggedPages, Wal } from '../wal/index.ts';
import { Admission } from './admission.ts';
import { Branch } from './branch.ts';
import { ClockSweep, FRAME_BUSY, FRAME_DIRTY, FRAME_NEW, FRAME_UNSEEN, FRAME_WRITING } from './clock-sweep.ts';
import { PageArchive } from './page-archive.ts';
import { damageOf } from './page-damage.ts';
import { PageHeat } from './page-heat.ts';
import { ARRIVED, type Awaited, NEXT_TURN, noFrames, PAGE_MISS, PageLoad } from './page-load.ts';
import { PageLoader } from './page-loader.ts';
import { PageSharing, PageSource } from './page-sharing.ts';
import { PageWriter } from './page-writer.ts';
import { checkPool } from './pool-check.ts';
import type { QuickReads } from './quick-reads.ts';
import { RelationCopy } from './relation-copy.ts';
import { RelationFiles } from './relation-files.ts';
import { NO_FRAME, RelationPages } from './relation-pages.ts';
import type { ScanRing } from './scan-ring.ts';
import type { WriteRing } from './write-ring.ts';

export interface BufferPoolOptions {
  readonly fileSystem: FileSystem;
  /** The data directory; relations live in its folder `base`. */
  readonly directory: string;
  /** Bytes (shared_buffers), rounded down to whole pages; at least 16 frames, at most 4 GiB - 8 KiB. */
  readonly size: number;
  readonly wal: Wal;
  /** Files of relations that are open at the same time, but for those that are being read or written. */
  readonly openFilesMax?: number;
  /** Judges whether single pages are read in place; null or left out: none is. */
  readonly quickReads?: QuickReads | null;
  /** Whether pages that are read must be wanted more than those that would go for them. */
  readonly admission?: boolean;
}

/** New pages are refused while less than this is free on disk besides what pages already made will need. */
const FREE_SPACE_RESERVE = 8 * 1024 * 1024;
const SPACE_CHECK_PAGES_MAX = 1024;
/** Of forks' relations, which no log names: from here on. Their files are orphans to the next start. */
const FIRST_UNLOGGED_REL_ID = 2 ** 31;
/** Images of pages for forks, in memory: an eighth of the pool. */
const ARCHIVE_SHARE = 8;

export class BufferPool implements LoggedPages {
  readonly memory: PageMemory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  /** The same bytes as a Buffer, for its native text and copy functions. */
  readonly bytes: Buffer;

  readonly frameCount: number;
  /** 0 .. 255; the sweep takes more than 5 for 5 (page-heat.ts says why there is more). */
  readonly usage: Uint8Array;
  readonly pins: Uint16Array;
  readonly flags: Uint8Array;
  readonly frameRelation: (RelationPages | null)[] = [];
  readonly framePage: Uint32Array;

  readonly wal: Wal;
  readonly files: RelationFiles;
  /** Whose relations are all that are no fork's. */
  readonly mainBranch: Branch;
  /** The version store is of a branch of its own: most forks never look into it. */
  readonly mainVersions: Branch;
  readonly sharing: PageSharing;
  readonly pageHeat: PageHeat;
  /** pageHeat.heat, for the sweep. */
  readonly heat: Float32Array;
  readonly sweep: ClockSweep;
  readonly writer: PageWriter;
  readonly loader: PageLoader;
  /** Null: every page is let in. */
  readonly admission: Admission | null;
  /** What the last PAGE_MISS was thrown for. */
  lastMiss: Awaited | null = null;
  isClosed = false;

  /**
   * Statistics. Look-ups of pages, as PostgreSQL counts them: one that finds the page that the look-up before it found is not
   * counted again (PostgreSQL would still have it pinned), and one that had to wait for the page is a read, not a hit.
   */
  hits = 0;
  reads = 0;
  /** Pages that became dirty, and frames taken for a page. */
  dirtied = 0;
  allocations = 0;
  misses = 0;
  evictions = 0;
  pinCount = 0;
  /** The frame that was looked up last, or -1. */
  private lastFrame = -1;
  /** Pages being read now. */
  readsUnderWay = 0;

  private readonly relations = new Map<number, RelationPages>();
  /** Behind the frames: zeros, which is to say no rows. */
  private readonly emptyPage: number;
  private nextUnloggedRelId = FIRST_UNLOGGED_REL_ID;
  /** Frames from here on were never used. */
  private freshFrame = 0;
  private readonly freeFrames: number[] = [];
  /** Pages that have no place on disk yet, and how many more may be made before the disk is asked again. */
  private newPageCount = 0;
  private newPageCredit = 0;

  constructor(options: BufferPoolOptions) {
    const frameCount = Math.max(POOL_FRAMES_MIN, Math.floor(Math.min(options.size, POOL_SIZE_MAX) / PAGE_SIZE));
    const memory = new PageMemory((frameCount + 1) * PAGE_SIZE);
    this.memory = memory;
    this.emptyPage = frameCount * PAGE_SIZE;
    this.u8 = memory.u8;
    this.u16 = memory.u16;
    this.i32 = memory.i32;
    this.u32 = memory.u32;
    this.f32 = memory.f32;
    this.f64 = memory.f64;
    this.bytes = memory.asBuffer();
    this.frameCount = frameCount;
    this.usage = new Uint8Array(frameCount);
    this.pins = new Uint16Array(frameCount);
    this.flags = new Uint8Array(frameCount);
    this.framePage = new Uint32Array(frameCount);
    this.wal = options.wal;
    this.files = new RelationFiles(options.fileSystem, `${options.directory}/base`, options.openFilesMax);
    const archive = new PageArchive(options.fileSystem, `${options.directory}/temp`, frameCount / ARCHIVE_SHARE);
    this.mainBranch = new Branch(archive);
    this.mainVersions = new Branch(archive);
    this.sharing = new PageSharing(this);
    this.pageHeat = new PageHeat(this.usage);
    this.heat = this.pageHeat.heat;
    this.sweep = new ClockSweep(this);
    this.writer = new PageWriter(this);
    this.loader = new PageLoader(this, options.quickReads ?? null);
    this.admission = options.admission === true ? new Admission(this) : null;
    options.wal.attachPages(this);
  }

  /**
   * Byte offset of the page. Throws PAGE_MISS if it must be read first (the read is queued; pool.onLoaded), and what the
   * read failed with: XX001 for damage, 58030 for an input/output error, 53000 when every frame is pinned.
   */
  frameBase(rel: RelationPages, pageNo: number): number {
    const frame = rel.frames[pageNo];
    if (frame >= 0) {
      if (this.usage[frame] < USAGE_BYTE_MAX) this.usage[frame]++;
      if (frame !== this.lastFrame) this.count(rel, frame);
      return frame * PAGE_SIZE;
    }
    return this.miss(rel, pageNo, null);
  }

  /** The same for a scan in a ring: it neither heats the pages it passes nor takes frames from the others. */
  scanFrameBase(rel: RelationPages, pageNo: number, ring: ScanRing): number {
    const frame = rel.frames[pageNo];
    if (frame >= 0) {
      if (this.usage[frame] === 0) this.usage[frame] = 1;
      if (frame !== this.lastFrame) this.count(rel, frame);
      return frame * PAGE_SIZE;
    }
    return this.miss(rel, pageNo, ring);
  }

  /** Another statement begins: what the one before looked up last is not its page yet. */
  beginCounting(): void {
    this.lastFrame = -1;
  }

  /** A look-up of another page than the one before. */
  private count(rel: RelationPages, frame: number): void {
    this.lastFrame = frame;
    if ((this.flags[frame] & FRAME_UNSEEN) === 0) {
      rel.hits++;
      this.hits++;
      return;
    }
    this.flags[frame] &= ~FRAME_UNSEEN;
    rel.reads++;
    this.reads++;
  }

  /** Byte offset of the page if it is in memory, or -1. */
  tryFrame(rel: RelationPages, pageNo: number): number {
    if (pageNo >= rel.pageCount) return -1;
    if (rel.source !== null) return this.sharing.tryBase(rel.source, pageNo);
    const frame = rel.frames[pageNo];
    return frame < 0 ? -1 : frame * PAGE_SIZE;
  }

  /** After PAGE_MISS: `callback` runs once when the statement should try again. Call it before anything else can miss. */
  onLoaded(callback: () => void): void {
    assert(this.lastMiss !== null, 'a page was missed');
    this.lastMiss.onLoaded(callback);
  }

  /** After PAGE_MISS: the page is there by now (or its error is), so that who missed it need not wait. */
  get isMissSettled(): boolean {
    return this.lastMiss?.isSettled === true;
  }

  /** Whether a page that somebody waits for is read in place: then single pages need not be asked for ahead (quick-reads.ts). */
  get readsInPlace(): boolean {
    return this.loader.readsInPlace;
  }

  /** Throws PAGE_MISS though nothing is missing: for who has worked long enough, and can go on later like after a miss. */
  missUntilNextTurn(): never {
    this.lastMiss = NEXT_TURN;
    throw PAGE_MISS;
  }

  /** Throws PAGE_MISS though the page is there by now: for it to be, a frame was taken, and bases that were looked up are not good any more. */
  missSettled(): never {
    this.lastMiss = ARRIVED;
    throw PAGE_MISS;
  }

  /**
   * Appends an empty page, formatted and dirty; its number is rel.pageCount - 1 afterwards. Log it with wal.pageInit in the
   * same turn. Throws 53000 when every frame is pinned, 53100 when the disk is full; nothing has happened then. A bulk load gives
   * its ring. Recovery does not ask for space: the page was granted once.
   */
  newPage(rel: RelationPages, flags: number, ring?: WriteRing, needsSpace = true): number {
    assert(!rel.dropped, 'the relation exists');
    if (rel.pageCount >= PAGES_PER_RELATION_MAX) {
      throw new SqlError('54000', `relation ${rel.relId} cannot have more than ${PAGES_PER_RELATION_MAX} pages`);
    }
    if (needsSpace) this.grantPage(rel);
    const frame = ring === undefined ? this.takeFrameNow() : this.takeRingFrame(ring);
    ring?.made(frame, rel.pageCount);
    if (rel.branch.isShared) this.sharing.grows(rel);
    const pageNo = rel.pageCount;
    rel.reservePages(pageNo + 1);
    rel.pageCount = pageNo + 1;
    formatPage(this, frame * PAGE_SIZE, rel.relId, pageNo, flags);
    this.settle(frame, rel, pageNo, 1, FRAME_DIRTY | FRAME_NEW);
    this.lastFrame = frame;
    this.madePage();
    return frame * PAGE_SIZE;
  }

  /**
   * A page of a branch that shares pages (rel.branch.isShared) is about to change. True: a frame was taken. See PageSharing.claim.
   */
  claim(rel: RelationPages, pageNo: number): boolean {
    return this.sharing.claim(rel, pageNo);
  }

  /** Starts reading those of pageNos[0..count) that are not in memory, as far as there are frames. Never waits or throws. */
  prefetch(rel: RelationPages, pageNos: ArrayLike<number>, count: number, ring: ScanRing | null = null): void {
    this.loader.read(rel, pageNos, count, ring, null);
  }

  /**
   * The same into frames that hold nothing, so that no page goes for it; the pages begin with these usage counts. Answers how
   * many page numbers it has dealt with: fewer than `count` when there are no such frames, or enough reads under way.
   */
  preload(rel: RelationPages, pageNos: ArrayLike<number>, count: number, usages: ArrayLike<number>): number {
    return this.loader.read(rel, pageNos, count, null, usages);
  }

  /**
   * A frame for a page of a relation that is being copied, which is its own from now on: dirty, with whatever bytes. Log its image in the
   * same turn. Throws as newPage.
   */
  placePage(rel: RelationPages, pageNo: number, ring: WriteRing | null): number {
    this.grantPage(rel);
    const frame = ring === null ? this.takeFrameNow() : this.takeRingFrame(ring);
    ring?.made(frame, pageNo);
    this.settle(frame, rel, pageNo, 1, FRAME_DIRTY | FRAME_NEW);
    this.madePage();
    return frame * PAGE_SIZE;
  }

  /** Frames that hold no page. */
  get unusedFrames(): number {
    return this.freeFrames.length + this.frameCount - this.freshFrame;
  }

  /** Frames from this one on have never held a page. */
  get usedFrameEnd(): number {
    return this.freshFrame;
  }

  /** The page at base stays there until as many unpins. */
  pin(base: number): void {
    this.pins[(base / PAGE_SIZE) | 0]++;
    this.pinCount++;
  }

  unpin(base: number): void {
    const frame = (base / PAGE_SIZE) | 0;
    assert(this.pins[frame] > 0, 'only a pinned page is unpinned');
    this.pins[frame]--;
    this.pinCount--;
  }

  /** The page differs from its copy on disk. wal.end does this for the pages it logged. */
  markDirty(base: number): void {
    const frame = (base / PAGE_SIZE) | 0;
    const flags = this.flags[frame];
    if ((flags & FRAME_DIRTY) !== 0) return;
    this.flags[frame] = flags | FRAME_DIRTY;
    this.dirtied++;
  }

  /** A log record changes the page. */
  noteTouched(rel: RelationPages, pageNo: number): void {
    assert(
      !rel.branch.isShared || this.sharing.isClaimed(rel, pageNo),
      'a page that others see is claimed before it changes',
    );
    rel.visibility?.noteWritten(pageNo);
  }

  /** A log record names the page, or something about it. */
  noteNamed(rel: RelationPages, pageNo: number): void {
    rel.visibility?.noteWritten(pageNo);
  }

  /** The log names the page, for the first time since its redo LSN. */
  noteChanged(rel: RelationPages, pageNo: number): void {
    rel.changed.add(pageNo);
  }

  isDirty(base: number): boolean {
    return (this.flags[(base / PAGE_SIZE) | 0] & FRAME_DIRTY) !== 0;
  }

  /** A new relation without pages. The caller logs it (logRelationCreate). */
  createRelation(relId: number): RelationPages {
    assert(!this.relations.has(relId), 'relation ids are used once');
    const rel = new RelationPages(relId, relId === VERSIONS_REL_ID ? this.mainVersions : this.mainBranch);
    this.relations.set(relId, rel);
    return rel;
  }

  /** A relation of a fork: without pages, or one that the fork of this epoch has from its parent. Nothing is logged. */
  createUnlogged(branch: Branch, inherited: { parent: RelationPages; epoch: number } | null): RelationPages {
    const source = inherited === null ? null : new PageSource(inherited.parent, inherited.epoch);
    const rel = new RelationPages(this.nextUnloggedRelId++, branch, true, source);
    if (source !== null) rel.pageCount = sizeOf(source);
    return rel;
  }

  /** A fork's relation is again what the fork began with. */
  resetUnlogged(rel: RelationPages): void {
    this.freePages(rel, 0);
    const { source } = rel;
    rel.pageCount = source === null ? 0 : sizeOf(source);
    source?.own.clear();
  }

  /** A fork's relation is gone, with its frames and its file. */
  dropUnlogged(rel: RelationPages): void {
    this.freePages(rel, 0);
    rel.dropped = true;
    rel.pageCount = 0;
    if (rel.hasFile && !this.isClosed) this.files.remove(rel);
  }

  /** The relation, or undefined. */
  relation(relId: number): RelationPages | undefined {
    return this.relations.get(relId);
  }

  allRelations(): IterableIterator<RelationPages> {
    return this.relations.values();
  }

  /** The target becomes a copy of the source as it is now, of so many pages. The caller logs it (logRelationCopy). */
  copyRelation(source: RelationPages, target: RelationPages, pageCount: number): RelationCopy {
    return RelationCopy.begin(source, target, pageCount);
  }

  /** Copies under way. */
  *copies(): Iterable<RelationCopy> {
    for (const { copyOf } of this.relations.values()) if (copyOf !== null) yield copyOf;
  }

  /** The copy is complete, or its target gone. A source that was kept for it goes. */
  endCopy(copy: RelationCopy): void {
    copy.end();
    const { source } = copy;
    if (source.isRetired && source.copies.length === 0) this.dropRelation(source);
  }

  /**
   * The relation is gone: its frames are free at once, its file when everything logged so far is durable. The caller has
   * logged the drop (in a COMMIT, or logRelationDrop) before. Nobody may have its pages pinned.
   */
  dropRelation(rel: RelationPages): void {
    assert(!rel.dropped, 'a relation is dropped once');
    if (rel.copies.length > 0) {
      rel.isRetired = true;
      return;
    }
    this.relations.delete(rel.relId);
    if (rel.copyOf !== null) rel.copyOf.isLogged = false;
    rel.branch.afterForks(() => this.removeRelation(rel));
  }

  private removeRelation(rel: RelationPages): void {
    if (rel.copyOf !== null) this.endCopy(rel.copyOf);
    this.freePages(rel, 0);
    rel.dropped = true;
    rel.pageCount = 0;
    this.wal.requestDurable(this.wal.insertLsn, (error) => {
      if (error === null && !this.isClosed) this.files.remove(rel);
    });
  }

  /** Pages from pageCount on are gone; the caller has logged it (logRelationTruncate) before. None of them may be pinned. */
  truncateRelation(rel: RelationPages, pageCount: number): void {
    assert(rel.branch.forkCount === 0 && rel.copies.length === 0, 'pages that others see stay');
    if (pageCount >= rel.pageCount) return;
    this.freePages(rel, pageCount);
    rel.pageCount = pageCount;
    rel.visibility?.truncate(pageCount);
    this.wal.requestDurable(this.wal.insertLsn, (error) => {
      if (error === null && !this.isClosed && !rel.dropped) this.files.truncate(rel);
    });
  }

  /**
   * Frames whose page must be written for a checkpoint that begins now. Those whose write is under way as well: it may fail, and
   * the page is dirty again then. A frame that is clean when its turn comes is passed over.
   */
  dirtyFrames(): number[] {
    const frames: number[] = [];
    for (let frame = 0; frame < this.freshFrame; frame++) {
      if ((this.flags[frame] & (FRAME_DIRTY | FRAME_WRITING)) === 0) continue;
      if (this.frameRelation[frame]?.isUnlogged !== true) frames.push(frame);
    }
    return frames;
  }

  /** Whose page is in the frame; null: nobody's, or it is still being read. */
  residentRelation(frame: number): RelationPages | null {
    const rel = this.frameRelation[frame] ?? null;
    return rel !== null && rel.frameOf(this.framePage[frame]) === frame ? rel : null;
  }

  /** The relation's id, for admission: a frame that is in use. */
  relationOf(frame: number): number {
    return this.frameRelation[frame]?.relId ?? 0;
  }

  /** Pages of the relation in memory, of rel.pageCount. */
  residentCount(rel: RelationPages): number {
    let count = 0;
    for (let pageNo = 0; pageNo < rel.pageCount; pageNo++) if (this.tryFrame(rel, pageNo) >= 0) count++;
    return count;
  }

  /** Bytes of frames that were ever used (the system gives memory at first touch), and of the tables over frames. */
  get memoryBytes(): number {
    const { usage, pins, flags, framePage, writer } = this;
    const tables = usage.byteLength + pins.byteLength + flags.byteLength + framePage.byteLength;
    return this.freshFrame * PAGE_SIZE + tables + writer.stagingBytes;
  }

  /** Bytes of the page tables of all relations. */
  get pageTableBytes(): number {
    let bytes = 0;
    for (const { frames } of this.relations.values()) bytes += frames.byteLength;
    return bytes;
  }

  /** Forgets up to `count` clean, idle pages except those in frames to `keep`; answers how many. */
  releaseClean(count = this.frameCount, keep: Uint8Array | null = null): number {
    let released = 0;
    for (let frame = 0; frame < this.freshFrame && released < count; frame++) {
      const isFree = this.frameRelation[frame] === null || this.frameRelation[frame] === undefined;
      if (isFree || this.pins[frame] !== 0 || keep?.[frame] === 1) continue;
      if ((this.flags[frame] & (FRAME_BUSY | FRAME_DIRTY)) !== 0) continue;
      this.forget(frame);
      this.releaseFrame(frame);
      released++;
    }
    return released;
  }

  /** Closes the files; writes nothing (a checkpoint does). */
  close(): void {
    this.isClosed = true;
    this.mainBranch.archive.close();
    this.files.closeAll();
  }

  // What follows is for the rest of storage/buffer and for recovery.

  /**
   * Recovery's way to a page: reads it in place, without waiting. Answers -1 when it is damaged or missing in its file.
   */
  frameBaseSync(rel: RelationPages, pageNo: number): number {
    const resident = rel.frames[pageNo];
    if (resident >= 0) {
      if (this.usage[resident] < USAGE_BYTE_MAX) this.usage[resident]++;
      return resident * PAGE_SIZE;
    }
    const frame = this.takeFrameNow();
    const base = frame * PAGE_SIZE;
    let count = 0;
    try {
      count = this.files.open(rel, false).readSync(this.bytes, base, PAGE_SIZE, pageNo * PAGE_SIZE);
    } catch (error) {
      this.freeFrames.push(frame);
      if (error instanceof SqlError && error.code === '58P01') return -1;
      throw error;
    }
    if (damageOf(this.memory, base, count, rel.relId, pageNo, this.files) !== null) {
      this.freeFrames.push(frame);
      return -1;
    }
    this.settle(frame, rel, pageNo, 1, 0);
    return base;
  }

  /** Recovery's way to a page that the log makes anew: a frame for it with whatever bytes, without a read. Dirty. */
  frameForReplay(rel: RelationPages, pageNo: number): number {
    let frame = rel.frames[pageNo];
    if (!(frame >= 0)) {
      frame = this.takeFrameNow();
      this.settle(frame, rel, pageNo, 1, 0);
    }
    this.flags[frame] |= FRAME_DIRTY;
    return frame * PAGE_SIZE;
  }

  /** After a page was written: its place on disk is there. */
  markWritten(frame: number): void {
    this.flags[frame] &= ~FRAME_NEW;
    this.newPageCount--;
  }

  markClean(frame: number): void {
    if ((this.flags[frame] & FRAME_NEW) !== 0) this.markWritten(frame);
    this.flags[frame] &= ~FRAME_DIRTY;
  }

  /** Not in the page table: elsewhere, if it is a fork's; otherwise it must be read. */
  private miss(rel: RelationPages, pageNo: number, ring: ScanRing | null): number {
    if (rel.source !== null) {
      // The parent's indexes, which the fork reads, have rows of pages that only the parent has.
      if (pageNo >= rel.pageCount) return this.emptyPage;
      const base = this.sharing.base(rel, rel.source, pageNo, ring);
      if (base >= 0) return base;
    }
    if (rel.isCopy) {
      if (pageNo >= rel.pageCount) return this.emptyPage;
      this.copyMissing(rel, pageNo);
    }
    assert(pageNo >= 0 && pageNo < rel.pageCount && !rel.dropped, 'the page exists');
    this.misses++;
    let load = rel.loads.get(pageNo);
    if (load !== undefined && load.error !== null) {
      rel.loads.delete(pageNo);
      throw load.error;
    }
    if (load === undefined) {
      load = new PageLoad(rel, pageNo);
      load.demanded = true;
      rel.loads.set(pageNo, load);
      this.loader.start(load, ring);
    }
    load.demanded = true;
    this.lastMiss = load;
    throw PAGE_MISS;
  }

  /** A page that is not the relation's own yet becomes so. A miss all the same: a frame was taken. */
  private copyMissing({ copyOf }: RelationPages, pageNo: number): void {
    if (copyOf?.isMissing(pageNo) !== true) return;
    copyOf.copy(pageNo);
    this.missSettled();
  }

  /** The frame holds the page from here on. */
  settle(frame: number, rel: RelationPages, pageNo: number, usage: number, flags: number): void {
    this.frameRelation[frame] = rel;
    this.framePage[frame] = pageNo;
    this.flags[frame] = flags;
    this.usage[frame] = usage;
    if (this.lastFrame === frame) this.lastFrame = -1;
    this.allocations++;
    rel.place(pageNo, frame);
    this.pageHeat.arrived(frame, rel.relId, pageNo);
  }

  /** A frame for a page that is to be read, emptied, or -1: all are pinned, busy or dirty. */
  takeFrameForLoad(rel: RelationPages, pageNo: number, ring: ScanRing | null, isDemanded: boolean): number {
    if (ring === null) return this.takeCleanFrame(rel, isDemanded ? pageNo : -1);
    const slot = ring.next;
    ring.next = slot + 1 === ring.frames.length ? 0 : slot + 1;
    ring.reads++;
    let frame = ring.frames[slot];
    if (frame >= 0 && this.isRingFrameFree(frame, rel, ring.pageNos[slot])) {
      ring.reuses++;
      this.forget(frame);
    } else frame = this.takeCleanFrame();
    ring.frames[slot] = frame;
    ring.pageNos[slot] = pageNo;
    return frame;
  }

  private isRingFrameFree(frame: number, rel: RelationPages, pageNo: number): boolean {
    return (
      this.frameRelation[frame] === rel &&
      this.framePage[frame] === pageNo &&
      this.pins[frame] === 0 &&
      this.usage[frame] <= 1 &&
      (this.flags[frame] & (FRAME_BUSY | FRAME_DIRTY)) === 0
    );
  }

  /** `pageNo`: a page that must be admitted; -1: one that is let in. */
  private takeCleanFrame(rel: RelationPages | null = null, pageNo = -1): number {
    const unused = this.takeUnusedFrame();
    if (unused >= 0) return unused;
    let frame = this.sweep.findClean(this.wantFrame);
    this.writer.kick();
    if (this.admission !== null && rel !== null && frame >= 0 && pageNo >= 0)
      frame = this.admission.choose(frame, rel.relId, pageNo);
    if (frame >= 0) this.evict(frame);
    return frame;
  }

  private readonly wantFrame = (frame: number): void => this.writer.want(frame);

  /** A frame at once, writing a dirty page synchronously if there is no other way. */
  takeFrameNow(): number {
    const clean = this.takeCleanFrame();
    if (clean >= 0) return clean;
    for (let tries = 0; tries < this.frameCount; tries++) {
      const frame = this.sweep.findAny();
      if (frame < 0) break;
      if ((this.flags[frame] & FRAME_DIRTY) !== 0) {
        if (!this.writer.canWriteNow(frame)) continue;
        this.writer.writeSync(frame);
      }
      this.evict(frame);
      return frame;
    }
    throw noFrames();
  }

  private takeRingFrame(ring: WriteRing): number {
    if (this.unusedFrames > 0) return this.takeFrameNow();
    const frame = ring.reusable();
    if (frame < 0) return this.takeFrameNow();
    this.forget(frame);
    return frame;
  }

  /** A frame that holds nothing, or -1. */
  takeUnusedFrame(): number {
    const free = this.freeFrames.pop();
    if (free !== undefined) return free;
    return this.freshFrame < this.frameCount ? this.freshFrame++ : -1;
  }

  /** The clean, idle page in the frame goes; its heat is remembered. */
  private evict(frame: number): void {
    const rel = this.frameRelation[frame];
    if (rel !== null && rel !== undefined) this.pageHeat.evicted(frame, rel.relId, this.framePage[frame]);
    this.forget(frame);
  }

  private forget(frame: number): void {
    assert(this.pins[frame] === 0 && (this.flags[frame] & (FRAME_BUSY | FRAME_DIRTY)) === 0, 'the frame may be taken');
    const rel = this.frameRelation[frame];
    if (rel !== null && rel !== undefined) rel.place(this.framePage[frame], NO_FRAME);
    this.frameRelation[frame] = null;
    this.evictions++;
  }

  releaseFrame(frame: number): void {
    this.flags[frame] = 0;
    this.usage[frame] = 0;
    this.frameRelation[frame] = null;
    this.freeFrames.push(frame);
  }

  private freePages(rel: RelationPages, fromPage: number): void {
    for (const [pageNo, frame] of rel.placed()) {
      if (pageNo < fromPage) continue;
      assert(this.pins[frame] === 0, 'a page that goes away is not pinned');
      if ((this.flags[frame] & FRAME_NEW) !== 0) this.markWritten(frame);
      rel.place(pageNo, NO_FRAME);
      this.releaseFrame(frame);
    }
    // A read under way finds that nobody waits for it any more, and gives its frame back.
    for (const [pageNo, load] of rel.loads) {
      if (pageNo < fromPage) continue;
      rel.loads.delete(pageNo);
      if (load.frame < 0) load.wake();
    }
  }

  /** A page is to be made. Throws 53100. */
  grantPage(rel: RelationPages): void {
    if (this.newPageCredit <= 0) this.checkSpace(rel);
    this.newPageCredit--;
  }

  /** A page was made: dirty, with no place on disk. */
  madePage(): void {
    this.newPageCount++;
    this.dirtied++;
  }

  /** What was read in for a fork is its own from now on. */
  madeOwn(frame: number): void {
    this.flags[frame] |= FRAME_DIRTY | FRAME_NEW;
    this.madePage();
  }

  /** A look-up of a fork's page found it in this frame. */
  noteVisit(rel: RelationPages, frame: number): void {
    if (this.usage[frame] < USAGE_BYTE_MAX) this.usage[frame]++;
    if (frame !== this.lastFrame) this.count(rel, frame);
  }

  /** New pages need disk space later; a disk that is nearly full refuses them now, while it can be said to somebody. */
  private checkSpace(rel: RelationPages): void {
    const free = this.files.freeSpace() - FREE_SPACE_RESERVE - this.newPageCount * PAGE_SIZE;
    const credit = Math.floor(free / PAGE_SIZE / 4);
    if (credit < 1) {
      throw new SqlError('53100', `could not extend file "${this.files.pathOf(rel.relId)}": No space left on device`, {
        hint: 'Check free disk space.',
      });
    }
    this.newPageCredit = Math.min(SPACE_CHECK_PAGES_MAX, credit);
  }

  /** The invariants, for tests and HOTROW_CHECK; null if they hold. */
  checkInvariants(): string | null {
    return checkPool(this, this.freeFrames);
  }
}

/** Pages that a fork's relation began with. */
function sizeOf({ parent, epoch }: PageSource): number {
  return parent.history?.sizeAt(epoch) ?? parent.pageCount;
}
