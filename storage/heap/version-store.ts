/**
 * Old versions of rows: the pages of relation 1, filled one after the other, and used again as a whole.
 *
 *      used:  [p4][p5][p0][p1] <- fill           in the order they were filled
 *              ^ oldest: recyclable when nobody can see, undo or sweep any version in it
 *
 * There are two such rows of pages: versions of tables that keep their history stay longer, and must not keep the others' pages.
 *
 * An entry is a slot of such a page; a version's address is page * 512 + slot:
 *
 * | offset | size | field |
 * | 0 | 4 | place: row id where the version stood (its home, or the place its home forwarded to) |
 * | 4 | 4 | relation |
 * | 8 | 16 | the row header that it had; ROW_HEADER_ONLY set if no columns follow |
 * | 24 | n | columns |
 *
 * A version's base is that of its row header, so that it reads like a row.
 *
 * Invariants
 *  1. A version superseded by xid X is kept while X >= GC horizon (for tables without history: the present's): while a snapshot may
 *     see it, or X may be undone.
 *  2. A version that the sweep has yet to look at holds its page (keep / release).
 *  3. Previous-version pointers into recycled pages are never followed: the version that holds such a pointer has an xid below
 *     every horizon.
 *
 * Pages for which there is no use any more, after a long snapshot say, are given back (tidy): those behind the last that holds
 * versions. So that there are such, spare pages at the front are filled first when there are many.
 *
 * What the pages mean beyond the horizon is known in memory only: after a crash the startup sweep undoes what must be undone,
 * and the store begins empty.
 */
import { assert } from '../../types/assert.ts';
import { LazySet } from '../../types/lazy-map.ts';
import type { RelationPages } from '../buffer/index.ts';
import {
  addSlot,
  alignRowSize,
  contiguousSpace,
  formatPage,
  PAGE_KIND_VERSIONS,
  slotCapacity,
  slotEntryOffset,
  slotOffset,
} from '../page/index.ts';
import { logRelationTruncate } from '../wal/index.ts';
import type { HeapContext } from './context.ts';
import { ROW_FLAGS_OFFSET, ROW_HEADER_ONLY, ROW_HEADER_SIZE, ROW_SLOT_BITS } from './row-header.ts';
import { VersionCounts } from './version-counts.ts';

export const VERSION_PREFIX_SIZE = 8;
/** Spare pages that are kept in any case; more are worth giving back: 1 MB. */
const SPARE_KEPT = 128;
/** So many pages in use are a pile that somebody should look after. */
const PILE = 64;
/** Most forks have a page or none. */
const TABLES_MIN = 4;
const NO_NUMBERS = new Float64Array(0);
const NO_COUNTS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);
/** Words copied one by one; beyond it copyWithin is faster. */
const COPY_BYTES_MAX = 384;

/** One row of pages. */
class Stream {
  readonly keepsHistory: boolean;
  /** The page being filled, -1 before the first. */
  fillPage = -1;
  /** The fill page is a recycled one that the next append must format. */
  formatNext = false;
  /** Pages in the order they were filled: used[usedFirst..). */
  used: number[] = [];
  usedFirst = 0;

  constructor(keepsHistory: boolean) {
    this.keepsHistory = keepsHistory;
  }

  /** The fill page included. */
  get pageCount(): number {
    return this.used.length - this.usedFirst + (this.fillPage < 0 ? 0 : 1);
  }

  clear(): void {
    this.fillPage = -1;
    this.formatNext = false;
    this.used = [];
    this.usedFirst = 0;
  }
}

export class VersionStore {
  readonly pages: RelationPages;
  private readonly context: HeapContext;
  private readonly present = new Stream(false);
  private readonly history = new Stream(true);
  private readonly streams = [this.present, this.history];
  /** Pages to be filled again; the last recycled is taken first, being the likeliest to be in memory. */
  private spare: number[] = [];
  /** By page: the newest xid that superseded a version in it, and how many versions the sweep has yet to see. */
  private newest = NO_NUMBERS;
  private keeps = NO_COUNTS;
  /** Pages of the present's stream that the sweep keeps as long as it keeps history: they move to the other when their turn comes. */
  private readonly keptLong = new LazySet<number>();
  /** By page: 1, it is the history's. */
  private isLong = NO_BYTES;
  private readonly counts = new VersionCounts();

  constructor(context: HeapContext, pages: RelationPages) {
    this.context = context;
    this.pages = pages;
  }

  /** Pages that hold versions somebody may need, the fill page included. */
  get usedPageCount(): number {
    return this.present.pageCount + this.history.pageCount;
  }

  /** Old row images of the relation in pages that are still kept (not those that deleted rows left: their headers only). */
  countOf(relId: number): number {
    this.recycle();
    // What a fill page holds goes with it: until it is full, nobody asks whether somebody still needs it.
    let count = this.counts.of(relId);
    for (const stream of this.streams) {
      const { fillPage } = stream;
      if (fillPage >= 0 && this.isFree(fillPage, this.horizonOf(stream))) count -= this.counts.ofPage(relId, fillPage);
    }
    return count;
  }

  /** Nobody needs any version of it. */
  get isIdle(): boolean {
    return this.streams.every((stream) => {
      const horizon = this.horizonOf(stream);
      const { fillPage, used, usedFirst } = stream;
      if (fillPage >= 0 && !this.isFree(fillPage, horizon)) return false;
      return used.every((page, i) => i < usedFirst || this.isFree(page, horizon));
    });
  }

  private horizonOf(stream: Stream): number {
    const { transactions } = this.context;
    return stream.keepsHistory ? transactions.gcHorizon() : transactions.presentHorizon();
  }

  /** Base of the version's row header. Throws PAGE_MISS. */
  versionBase(page: number, slot: number): number {
    const base = this.context.pool.frameBase(this.pages, page);
    const offset = slotOffset(this.context.pool.u16, base, slot);
    assert(offset !== 0, 'a version that may be asked for is there');
    return base + offset + VERSION_PREFIX_SIZE;
  }

  /** versionBase by address. */
  baseOf(version: number): number {
    return this.versionBase(Math.floor(version / (1 << ROW_SLOT_BITS)), version % (1 << ROW_SLOT_BITS));
  }

  /** The row id of the place where the version stood. */
  placeOf(versionBase: number): number {
    return this.context.pool.u32[(versionBase - VERSION_PREFIX_SIZE) >>> 2];
  }

  /** The relation of the row. */
  relationOf(versionBase: number): number {
    return this.context.pool.u32[(versionBase - VERSION_PREFIX_SIZE + 4) >>> 2];
  }

  /** Bytes of header and columns that are kept for it. */
  sizeOf(page: number, slot: number): number {
    const base = this.context.pool.frameBase(this.pages, page);
    return slotCapacity(this.context.pool.u16, base, slot) - VERSION_PREFIX_SIZE;
  }

  /** True if a version of `size` bytes (header included) can be appended without a call of makeRoom. */
  hasRoom(size: number, keepsHistory: boolean): boolean {
    const { fillPage, formatNext } = keepsHistory ? this.history : this.present;
    if (fillPage < 0) return false;
    const base = this.context.pool.tryFrame(this.pages, fillPage);
    if (base < 0 || !this.isClaimed(fillPage)) return false;
    return formatNext || contiguousSpace(this.context.pool.u16, base) >= alignRowSize(size + VERSION_PREFIX_SIZE);
  }

  private isClaimed(page: number): boolean {
    return !this.pages.branch.isShared || this.context.pool.sharing.isClaimed(this.pages, page);
  }

  /** True: the fill page may be written to from now on, and where it is has to be looked up again. */
  private claimFill({ fillPage }: Stream): boolean {
    if (this.isClaimed(fillPage)) return false;
    this.context.pool.frameBase(this.pages, fillPage);
    this.context.pool.claim(this.pages, fillPage);
    return true;
  }

  /** After it, or after another call, hasRoom. May take a frame. Throws PAGE_MISS, 53100. */
  makeRoom(size: number, keepsHistory: boolean): void {
    const { pool } = this.context;
    const stream = keepsHistory ? this.history : this.present;
    if (stream.fillPage >= 0) {
      if (this.claimFill(stream)) return;
      const base = pool.frameBase(this.pages, stream.fillPage);
      if (stream.formatNext) return;
      if (contiguousSpace(pool.u16, base) >= alignRowSize(size + VERSION_PREFIX_SIZE)) return;
      stream.used.push(stream.fillPage);
      stream.fillPage = -1;
    }
    this.recycle();
    const spare = this.spare.pop();
    if (spare !== undefined) {
      stream.fillPage = spare;
      stream.formatNext = true;
      this.isLong[spare] = keepsHistory ? 1 : 0;
      this.newest[spare] = 0;
      this.counts.forget(spare);
      pool.frameBase(this.pages, spare);
      return;
    }
    stream.fillPage = this.context.newPage(this.pages, PAGE_KIND_VERSIONS);
    this.ensureTables(stream.fillPage);
    this.isLong[stream.fillPage] = keepsHistory ? 1 : 0;
    if (this.usedPageCount > PILE) this.context.versionsPiled();
  }

  /**
   * Takes back pages whose versions nobody can see, and gives back to the file system those at the end that are not needed.
   * True: there is a pile still, so look again later. Throws 53100.
   */
  tidy(): boolean {
    this.recycle();
    for (const stream of this.streams) {
      const { fillPage } = stream;
      if (fillPage < 0 || this.spare.length <= SPARE_KEPT || !this.isFree(fillPage, this.horizonOf(stream))) continue;
      // It may be the last of all.
      this.spare.push(fillPage);
      stream.fillPage = -1;
      stream.formatNext = false;
    }
    const inUse = this.usedPageCount;
    if (this.spare.length > SPARE_KEPT && this.spare.length > 3 * inUse) this.giveBack();
    return inUse > PILE || this.spare.length > SPARE_KEPT;
  }

  private giveBack(): void {
    // Forks see the pages.
    if (this.pages.branch.isShared) return;
    let end = SPARE_KEPT;
    for (const { fillPage, used, usedFirst } of this.streams) {
      end = Math.max(end, fillPage + 1);
      for (let i = usedFirst; i < used.length; i++) end = Math.max(end, used[i] + 1);
    }
    if (end < this.pages.pageCount) {
      logRelationTruncate(this.context.wal, this.pages.relId, end);
      this.context.pool.truncateRelation(this.pages, end);
      this.spare = this.spare.filter((page) => page < end);
    }
    // From here on the first pages are filled first.
    this.spare.sort((a, b) => b - a);
  }

  private ensureTables(pageNo: number): void {
    if (pageNo < this.newest.length) return;
    const newest = new Float64Array(Math.max(pageNo + 1, this.newest.length * 2, TABLES_MIN));
    newest.set(this.newest);
    this.newest = newest;
    const keeps = new Int32Array(newest.length);
    keeps.set(this.keeps);
    this.keeps = keeps;
    const isLong = new Uint8Array(newest.length);
    isLong.set(this.isLong);
    this.isLong = isLong;
  }

  private isFree(page: number, horizon: number): boolean {
    return this.newest[page] < horizon && this.keeps[page] === 0;
  }

  private recycle(): void {
    for (const stream of this.streams) if (stream.usedFirst < stream.used.length) this.recycleOf(stream);
  }

  private recycleOf(stream: Stream): void {
    const horizon = this.horizonOf(stream);
    while (stream.usedFirst < stream.used.length) {
      const page = stream.used[stream.usedFirst];
      if (this.isFree(page, horizon)) {
        this.spare.push(page);
        this.counts.forget(page);
      } else if (this.keptLong.has(page) && !stream.keepsHistory) {
        this.history.used.push(page);
        this.isLong[page] = 1;
      } else break;
      if (this.keptLong.size > 0) this.keptLong.delete(page);
      stream.usedFirst++;
    }
    if (stream.usedFirst > 64 && stream.usedFirst * 2 > stream.used.length) {
      stream.used = stream.used.slice(stream.usedFirst);
      stream.usedFirst = 0;
    }
  }

  /**
   * Appends the row at rowBase (its first `size` bytes; only its header if headerOnly) as superseded by xid. Before: hasRoom,
   * an open log record. Answers the version's address.
   */
  append(
    keepsHistory: boolean,
    relId: number,
    place: number,
    rowBase: number,
    size: number,
    headerOnly: boolean,
    xid: number,
  ): number {
    const { pool, wal } = this.context;
    const stream = keepsHistory ? this.history : this.present;
    const pageNo = stream.fillPage;
    const base = pool.tryFrame(this.pages, pageNo);
    if (stream.formatNext) {
      formatPage(pool, base, this.pages.relId, pageNo, PAGE_KIND_VERSIONS);
      wal.pageInit(this.pages, pageNo, base);
      stream.formatNext = false;
    }
    const kept = headerOnly ? ROW_HEADER_SIZE : size;
    const slot = addSlot(pool, base, kept + VERSION_PREFIX_SIZE);
    assert(slot >= 0, 'room was made before');
    const entry = base + slotOffset(pool.u16, base, slot);
    const u32 = pool.u32;
    u32[entry >>> 2] = place;
    u32[(entry + 4) >>> 2] = relId;
    const target = entry + VERSION_PREFIX_SIZE;
    if (kept > COPY_BYTES_MAX) pool.u8.copyWithin(target, rowBase, rowBase + kept);
    else {
      let to = target >>> 2;
      const end = (rowBase + kept) >>> 2;
      for (let from = rowBase >>> 2; from < end; from++) u32[to++] = u32[from];
    }
    pool.u8[target + ROW_FLAGS_OFFSET] = headerOnly ? ROW_HEADER_ONLY : 0;
    wal.pageHeader(this.pages, pageNo, base);
    const directory = slotEntryOffset(slot);
    wal.pageRange(this.pages, pageNo, base, directory, directory + 4);
    wal.pageRange(this.pages, pageNo, base, entry - base, target + kept - base);
    if (!headerOnly) this.counts.note(pageNo, relId);
    if (this.newest[pageNo] < xid) this.newest[pageNo] = xid;
    return pageNo * (1 << ROW_SLOT_BITS) + slot;
  }

  /** The sweep will look at this version, or not before the history lets it go: its page is not recycled before release. */
  keep(version: number, isLong: boolean): void {
    const page = Math.floor(version / (1 << ROW_SLOT_BITS));
    this.keeps[page]++;
    if (isLong && this.isLong[page] === 0) this.keptLong.add(page);
  }

  release(version: number): void {
    this.keeps[Math.floor(version / (1 << ROW_SLOT_BITS))]--;
  }

  /** A fork goes back to its beginning, or is at rest. Before: `pages` have gone back to theirs. */
  restart(): void {
    for (const stream of this.streams) stream.clear();
    this.spare = [];
    this.newest.fill(0);
    this.keeps.fill(0);
    this.keptLong.clear();
    this.counts.clear();
  }

  /** After the startup sweep: no version is needed. */
  reset(): void {
    assert(this.usedPageCount === 0, 'nothing has been appended yet');
    if (this.pages.pageCount > 0) this.context.pool.truncateRelation(this.pages, 0);
  }
}
