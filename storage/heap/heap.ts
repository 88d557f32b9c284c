/**
 * A table's rows: where they are, who sees which version, and how they change.
 *
 *   home slot                                    version store
 *   [xid 31 | prev ->]--------------------------> [xid 20 | prev ->] ----> [xid 7 | none]
 *    newest, in place                              seen by snapshots that do not see 31
 *
 *   home slot                 its place on another page
 *   [FORWARDED | row id ]---> [MOVED_IN | xid 44 | prev ->] ----> version store
 *    grew out of its page      the newest version, with the row's true header
 *
 *   home slot
 *   [DELETED | xid 52 | prev ->]------> [HEADER_ONLY | xid 31 | prev ->] ...
 *    columns of version 31 still here    says who made them
 *
 * Every call first makes sure of all pages it needs (PAGE_MISS, 53100 leave everything as it was), then opens a log record,
 * then changes bytes.
 *
 * Invariants
 *  1. A home slot lives as long as its row; indexes and forwards name home slots only. A place is named by exactly one home.
 *  2. The capacity of a slot is never reduced, and a place is never freed, while the version that left it may be undone.
 *  3. A previous-version pointer is valid as long as the version that holds it has an xid >= GC horizon.
 *  4. Between finishBulk calls a bulk page is pinned and takes rows of one transaction only; its rows are not logged yet.
 *
 * Long, as reads and writes of rows share the place that `locate` found; sweep, undo, bulk loads and copies are beside it.
 */
import { assert } from '../../types/assert.ts';
import { LazyMap, LazySet } from '../../types/lazy-map.ts';
import { type RelationPages, VisibilityMap } from '../buffer/index.ts';
import {
  LOCK_KEY_SHARE,
  LOCK_UPDATE,
  type RowLockStrength,
  type RowLockTable,
  type Snapshot,
  type Transaction,
  WRITE_DELETE,
  WRITE_INDEXED,
  WRITE_INSERT,
  WRITE_MOVED,
  WRITE_SHRUNK,
  WRITE_UPDATE,
} from '../mvcc/index.ts';
import {
  addSlot,
  addSlotAt,
  compactPage,
  contiguousSpace,
  freeSlot,
  growSlot,
  PAGE_KIND_HEAP,
  pageHoles,
  pageLower,
  pageSlotCount,
  pageUpper,
  slotCapacity,
  slotEntryOffset,
  slotOffset,
  totalSpace,
} from '../page/index.ts';
import { logRelationTruncate, PAGE_NOTE_CHANGED, PAGE_NOTE_LEFT, WAL_PAGES } from '../wal/index.ts';
import { BulkInserts } from './bulk.ts';
import { olderVisible } from './chain-walk.ts';
import type { HeapContext } from './context.ts';
import { copyChangedIn, copyRowIn, firstChanged, lastChanged } from './copy-bytes.ts';
import { FreeSpace } from './free-space.ts';
import { HeapCounters } from './heap-counters.ts';
import {
  NO_PREVIOUS,
  NO_VERSION,
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_FORWARD_OFFSET,
  ROW_FORWARDED,
  ROW_HEADER_ONLY,
  ROW_HEADER_SIZE,
  ROW_LAYOUT_OFFSET,
  ROW_MOVED_IN,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
  slotSize,
} from './row-header.ts';
import type { VersionStore } from './version-store.ts';

/** pageNo * 512 + slot. */
export type RowId = number;

/** Answers of Heap.checkWrite. */
export const WRITE_OK = 0;
/** heap.blocker must end first: locks.waitForTransaction(txn, heap.blocker), then check again. */
export const WRITE_WAIT = 1;
/** The newest version is committed, but the snapshot does not see it. READ COMMITTED: recheck on newest(), then write. */
export const WRITE_CHANGED = 2;
/** The row is gone: deleted by a transaction that committed, or by an earlier statement of this one. */
export const WRITE_DELETED = 3;
/** Written by this very statement (or by a function it called): skip. */
export const WRITE_OWN_LATER = 4;
export type WriteAnswer =
  | typeof WRITE_OK
  | typeof WRITE_WAIT
  | typeof WRITE_CHANGED
  | typeof WRITE_DELETED
  | typeof WRITE_OWN_LATER;

/** Answers of Heap.liveness. */
export const ROW_LIVE = 0;
export const ROW_LIVE_OWN = 1;
export const ROW_GONE = 2;
/** Inserted, updated or deleted by heap.blocker, which has not ended. */
export const ROW_IN_PROGRESS = 3;
export type LivenessAnswer = typeof ROW_LIVE | typeof ROW_LIVE_OWN | typeof ROW_GONE | typeof ROW_IN_PROGRESS;

/** Flags of Heap.update: an index key changed (the executor has added, or will add, the new entry); the sweep drops the old one. */
export const UPDATE_INDEXED = 1;
/** A key that foreign keys may refer to changed: from now on the row is locked FOR UPDATE, as by a delete. */
export const UPDATE_KEY = 2;

/** Keeps a table's indexes true when versions go away. Registered on the heap by the executor. Idempotent; never throws. */
export interface IndexMaintainer {
  /**
   * The version at `goneBase` goes away for good. For each index: if none of the versions at rest[0..restCount) has the same
   * key, remove (key of gone, rowId), if it is there. restCount 0: the row itself goes. Bases are byte offsets in the pool,
   * valid during the call only; nothing may be loaded meanwhile.
   */
  removeVersion(rowId: RowId, goneBase: number, rest: Float64Array, restCount: number): void;
}

/** Less than this is not worth a later shrinking of the slot. */
const SHRINK_MIN = 64;

export class Heap {
  readonly relId: number;
  readonly pages: RelationPages;
  maintainer: IndexMaintainer | null = null;
  private blockedBy: Transaction | null = null;
  /** Rows that committed transactions left; with writers under way, what it was before them. */
  rowCount = 0;
  /** Rows inserted, updated and deleted by committed transactions since the start: tells auto-analyze when. */
  changeCount = 0;
  /** Deleted by committed transactions, and not swept yet. */
  deadRows = 0;
  readonly counters = new HeapCounters();
  /** While the transaction that created the heap is unfinished: it, and its write list's entry. */
  creator: Transaction | null = null;
  createdAt = 0;
  /** The commit that made it, and when: snapshots of before do not see its rows as they were. 0: it was there at the start. */
  createdCsn = 0;
  createdTime = 0;
  /** Its old versions are kept for who reads the past (setHistory). */
  keepsHistory = false;
  /** Versions that an xid below has superseded are kept for who reads the present only. */
  historyFrom = 0;
  /** Moments whose horizon is below are not read. */
  pastFrom = 0;
  /** When that was, in microseconds since 2000-01-01. */
  historySince = 0;
  /** Entries of the sweep that wait until the history lets them go. */
  historyPending = 0;
  /**
   * Places, away from their homes, that rows of committed or unfinished moves left and that the sweep has yet to free. Nothing in
   * the pages tells them from places in use: checkpoint and log keep them.
   */
  readonly leftPlaces = new LazySet<RowId>();
  /** Old index keys that wait for the sweep, by the page of their row. */
  readonly unsweptKeys = new LazyMap<number, number>();
  readonly visibility: VisibilityMap;
  /** Of pages from `firstOwn` on, counted from there. */
  readonly freeSpace = new FreeSpace();
  /** In a fork, pages before it were there when it was made: their room is not looked for. */
  private firstOwn: number;
  readonly context: HeapContext;
  readonly rowLocks: RowLockTable;
  readonly bulks: BulkInserts;
  private readonly versions: VersionStore;
  /** The page that inserts go to, -1 when the next insert must find one. */
  private fillPage = -1;

  // Where a row's newest version stands: set by locate, valid until a frame may be taken.
  placeId = 0;
  placeBase = 0;
  placeRow = 0;
  homeBase = 0;

  /** `relId`: what the catalog knows it by; in a fork, the heap's pages have another number. */
  constructor(context: HeapContext, pages: RelationPages, relId = pages.relId) {
    this.relId = relId;
    this.pages = pages;
    this.context = context;
    this.versions = context.versions;
    this.rowLocks = context.locks.rowLocksOf(relId);
    this.bulks = new BulkInserts(this);
    this.visibility = new VisibilityMap(() => context.pagesWritten());
    this.firstOwn = pages.source === null ? 0 : pages.pageCount;
    // Of pages that a fork has from its parent none is ever all-visible.
    if (pages.source === null) pages.visibility = this.visibility;
  }

  /** Deleted rows and old versions that are still kept: waiting for the sweep, or for a snapshot that may see them. */
  get deadCount(): number {
    return this.deadRows + this.versions.countOf(this.relId);
  }

  /**
   * Versions of its rows that an xid below has superseded are seen by nobody, now or ever, and may be gone. When a table begins to keep
   * its history, that of others may go back further: not to before historyFrom.
   */
  get horizon(): number {
    const { transactions } = this.context;
    const present = transactions.presentHorizon();
    return this.keepsHistory ? Math.max(transactions.gcHorizon(), Math.min(this.historyFrom, present)) : present;
  }

  /** Keeps old versions from now on, or no longer. */
  setHistory(isKept: boolean, now: number): void {
    const { transactions } = this.context;
    if (isKept && !this.keepsHistory) {
      this.historyFrom = transactions.nextXid;
      // Of a heap that has just been made, nobody sees what was before.
      this.pastFrom = this.createdCsn === transactions.lastCsn ? 0 : this.historyFrom;
      this.historySince = now;
    }
    this.keepsHistory = isKept;
  }

  /** Where its old versions go: as long as the sweep has entries that wait for the history, they would hold others' pages. */
  private get staysLong(): boolean {
    return this.keepsHistory || this.historyPending > 0;
  }

  /** After WRITE_WAIT and ROW_IN_PROGRESS: who must end first. */
  get blocker(): Transaction {
    assert(this.blockedBy !== null, 'a check has just answered that somebody is in the way');
    return this.blockedBy;
  }

  /** Byte offset of the version of the row that the snapshot sees, -1 for none. Throws PAGE_MISS. */
  visible(rowId: RowId, snapshot: Snapshot): number {
    const pool = this.context.pool;
    const base = pool.frameBase(this.pages, rowId >>> ROW_SLOT_BITS);
    const slot = rowId & ROW_SLOT_MASK;
    if (slot >= pageSlotCount(pool.u16, base)) return -1;
    const offset = slotOffset(pool.u16, base, slot);
    if (offset === 0) return -1;
    const row = base + offset;
    if (pool.u8[row + ROW_FLAGS_OFFSET] === 0 && pool.f64[row >>> 3] < snapshot.horizon) return row;
    return this.resolve(row, snapshot);
  }

  /**
   * The same for a scan that stands on a slot's row and found its header not plain (flags, or xid >= horizon). Places of
   * moved rows answer -1: they are reached from their home slots.
   */
  resolve(rowBase: number, snapshot: Snapshot): number {
    const pool = this.context.pool;
    const flags = pool.u8[rowBase + ROW_FLAGS_OFFSET];
    let row = rowBase;
    if ((flags & (ROW_FORWARDED | ROW_MOVED_IN)) !== 0) {
      if ((flags & ROW_MOVED_IN) !== 0) return -1;
      row = this.rowAt(pool.u32[(rowBase + ROW_FORWARD_OFFSET) >>> 2]);
    }
    const transactions = this.context.transactions;
    if (transactions.isVisible(pool.f64[row >>> 3], snapshot)) {
      return (pool.u8[row + ROW_FLAGS_OFFSET] & ROW_DELETED) === 0 ? row : -1;
    }
    const older = olderVisible(this.context, row, snapshot);
    if (older < 0) return -1;
    return (pool.u8[older + ROW_FLAGS_OFFSET] & ROW_HEADER_ONLY) === 0 ? older : row;
  }

  /**
   * Byte offset of the newest version that is committed or the transaction's own, -1 if that is "deleted". After checkWrite
   * said OK or CHANGED. Without `txn`: the newest of all.
   */
  newest(rowId: RowId, txn?: Transaction): number {
    if (!this.locate(rowId)) return -1;
    const { pool, transactions } = this.context;
    let row = this.placeRow;
    if (txn !== undefined) {
      for (;;) {
        const writer = transactions.inProgress(pool.f64[row >>> 3]);
        if (writer === null || writer === txn) break;
        row = this.previousOf(row);
        if (row < 0) return -1;
      }
    }
    const flags = pool.u8[row + ROW_FLAGS_OFFSET];
    if ((flags & ROW_DELETED) !== 0) return -1;
    return (flags & ROW_HEADER_ONLY) === 0 ? row : this.placeRow;
  }

  /** xid of who wrote the row last, or deleted it; 0: the row is gone for good. Throws PAGE_MISS. */
  lastWriter(rowId: RowId): number {
    return this.locate(rowId) ? this.context.pool.f64[this.placeRow >>> 3] : 0;
  }

  /** May this transaction write (or lock, with `strength`) the row now? Row locks by others count; nothing is locked. */
  checkWrite(rowId: RowId, txn: Transaction, snapshot: Snapshot, strength: RowLockStrength): WriteAnswer {
    if (!this.locate(rowId)) return WRITE_DELETED;
    const { pool, transactions } = this.context;
    const xid = pool.f64[this.placeRow >>> 3];
    const deleted = (pool.u8[this.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0;
    const writer = transactions.inProgress(xid);
    if (writer !== null && writer !== txn) {
      if (strength === LOCK_KEY_SHARE && !deleted && this.rowLocks.strengthOf(rowId, writer.id) !== LOCK_UPDATE) {
        return this.checkKeyShare(rowId, txn, snapshot, writer);
      }
      this.blockedBy = writer;
      return WRITE_WAIT;
    }
    if (writer === txn && xid >= snapshot.xidLimit) return WRITE_OWN_LATER;
    if (deleted) return WRITE_DELETED;
    if (this.rowLocks.size !== 0 && this.isLockedAgainst(rowId, txn, strength)) return WRITE_WAIT;
    return transactions.isVisible(xid, snapshot) ? WRITE_OK : WRITE_CHANGED;
  }

  /** The row is being updated by `writer`, who leaves its key alone: what counts is the version below. */
  private checkKeyShare(rowId: RowId, txn: Transaction, snapshot: Snapshot, writer: Transaction): WriteAnswer {
    const { pool, transactions } = this.context;
    let row = this.placeRow;
    while (row >= 0 && transactions.inProgress(pool.f64[row >>> 3]) === writer) row = this.previousOf(row);
    if (row < 0) {
      this.blockedBy = writer;
      return WRITE_WAIT;
    }
    if (this.rowLocks.size !== 0 && this.isLockedAgainst(rowId, txn, LOCK_KEY_SHARE)) return WRITE_WAIT;
    return transactions.isVisible(pool.f64[row >>> 3], snapshot) ? WRITE_OK : WRITE_CHANGED;
  }

  private isLockedAgainst(rowId: RowId, txn: Transaction, strength: RowLockStrength): boolean {
    const holder = this.rowLocks.conflict(rowId, txn.id, strength);
    if (holder === 0) return false;
    this.blockedBy = this.context.transactions.owner(holder);
    return true;
  }

  /** Locks the row to the end of the transaction (or the rollback of a savepoint before it). Before: checkWrite OK or CHANGED. */
  lockRow(txn: Transaction, rowId: RowId, strength: RowLockStrength): void {
    if (!txn.isRegistered) this.context.transactions.register(txn);
    this.context.locks.lockRow(txn, this.rowLocks, rowId, strength);
  }

  /** What stands at the row id, for uniqueness checks: its key is that of newest(). */
  liveness(rowId: RowId, txn: Transaction): LivenessAnswer {
    if (!this.locate(rowId)) return ROW_GONE;
    const { pool, transactions } = this.context;
    const writer = transactions.inProgress(pool.f64[this.placeRow >>> 3]);
    if (writer !== null && writer !== txn) {
      this.blockedBy = writer;
      return ROW_IN_PROGRESS;
    }
    if ((pool.u8[this.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0) return ROW_GONE;
    return writer === txn ? ROW_LIVE_OWN : ROW_LIVE;
  }

  /** Copies `length` bytes of a row image (16 bytes of header space first, the layout byte in it filled in) into the heap. */
  insert(txn: Transaction, xid: number, row: Uint8Array, length: number): RowId {
    return this.insertAt(txn, xid, row, 0, length);
  }

  /** The same for row[start..start + length). */
  insertAt(txn: Transaction, xid: number, row: Uint8Array, start: number, length: number): RowId {
    const size = slotSize(length);
    const pageNo = this.pageFor(size, true);
    const { pool, wal } = this.context;
    if (this.pages.branch.isShared) pool.claim(this.pages, pageNo);
    const base = pool.frameBase(this.pages, pageNo);
    wal.begin(WAL_PAGES, xid);
    const slot = addSlot(pool, base, size);
    const target = base + slotOffset(pool.u16, base, slot);
    copyRowIn(pool, row, start, length, target);
    this.setHeader(target, xid, NO_PREVIOUS, 0, row[start + ROW_LAYOUT_OFFSET]);
    this.logNewRow(pageNo, base, slot, length);
    wal.end();
    const rowId = (pageNo << ROW_SLOT_BITS) + slot;
    txn.writes.addToRun(this.relId, rowId >>> 0, WRITE_INSERT);
    return rowId >>> 0;
  }

  /**
   * Insert for many rows: as soon as the pages with room are full, rows go to new pages that are logged once, when full.
   * finishBulk at the end of the statement.
   */
  insertBulk(txn: Transaction, xid: number, row: Uint8Array, start: number, length: number): RowId {
    return this.bulks.insert(txn, xid, row, start, length);
  }

  finishBulk(txn: Transaction): void {
    this.bulks.finish(txn);
  }

  /** Replaces the newest version. Before: checkWrite OK, or CHANGED and rechecked. `flags`: UPDATE_INDEXED, UPDATE_KEY. */
  update(txn: Transaction, xid: number, rowId: RowId, row: Uint8Array, length: number, flags = 0): void {
    const size = slotSize(length);
    let movesTo = -1;
    for (;;) {
      this.mustLocate(rowId);
      const capacity = slotCapacity(this.context.pool.u16, this.placeBase, this.placeId & ROW_SLOT_MASK);
      // What may take a frame comes first; then everything is looked up again.
      if (!this.versions.hasRoom(capacity, this.staysLong)) {
        this.versions.makeRoom(capacity, this.staysLong);
        continue;
      }
      if (this.pages.branch.isShared && this.claimPlaces(rowId, movesTo)) continue;
      if (size <= capacity || this.canGrow(this.placeBase, size - capacity, size)) break;
      if (movesTo >= 0 && this.hasSpace(movesTo, size)) break;
      movesTo = this.pageFor(size, true);
    }
    if (flags & UPDATE_KEY) this.lockRow(txn, rowId, LOCK_UPDATE);
    const { pool, wal } = this.context;
    const slot = this.placeId & ROW_SLOT_MASK;
    const capacity = slotCapacity(pool.u16, this.placeBase, slot);
    let kind: number = WRITE_UPDATE | (flags & UPDATE_INDEXED ? WRITE_INDEXED : 0);
    wal.begin(WAL_PAGES, xid);
    const version = this.versions.append(this.staysLong, this.relId, this.placeId, this.placeRow, capacity, false, xid);
    if (this.placeId !== rowId) this.noteHome(rowId);
    if (size <= capacity) {
      this.updateInPlace(xid, version, row, length);
      if (capacity - size >= SHRINK_MIN) kind |= WRITE_SHRUNK;
    } else if (movesTo < 0) {
      this.updateGrown(xid, version, slot, row, length, size);
    } else {
      this.updateMoved(xid, version, rowId, movesTo, row, length, size);
      kind |= WRITE_MOVED;
    }
    wal.end();
    if (kind === WRITE_UPDATE) txn.writes.addToRun(this.relId, rowId, kind);
    else txn.writes.add(this.relId, rowId, kind, size, version);
  }

  private updateInPlace(xid: number, version: number, row: Uint8Array, length: number): void {
    const { pool, wal } = this.context;
    const target = this.placeRow;
    copyChangedIn(pool, row, ROW_HEADER_SIZE, length, target);
    this.setHeader(target, xid, version, pool.u8[target + ROW_FLAGS_OFFSET], row[ROW_LAYOUT_OFFSET]);
    const pageNo = this.placeId >>> ROW_SLOT_BITS;
    const offset = target - this.placeBase;
    // A range costs 12 bytes of its own: near ones are logged as one.
    if (firstChanged === lastChanged || firstChanged > ROW_HEADER_SIZE + 12) {
      wal.pageRange(this.pages, pageNo, this.placeBase, offset, offset + ROW_HEADER_SIZE);
      if (firstChanged === lastChanged) return;
      wal.pageRange(this.pages, pageNo, this.placeBase, offset + firstChanged, offset + lastChanged);
    } else wal.pageRange(this.pages, pageNo, this.placeBase, offset, offset + lastChanged);
  }

  private updateGrown(xid: number, version: number, slot: number, row: Uint8Array, length: number, size: number): void {
    const { pool, wal } = this.context;
    const base = this.placeBase;
    const flags = pool.u8[this.placeRow + ROW_FLAGS_OFFSET];
    const compacts = pageUpper(pool.u16, base) - pageLower(pool.u16, base) < size;
    if (compacts) {
      // The old version is in the version store: its bytes here are room too.
      freeSlot(pool, base, slot);
      compactPage(pool, base);
      const added = addSlotAt(pool, base, slot, size);
      assert(added, 'canGrow was asked before');
    } else growSlot(pool, base, slot, size);
    const target = base + slotOffset(pool.u16, base, slot);
    copyRowIn(pool, row, 0, length, target);
    this.setHeader(target, xid, version, flags, row[ROW_LAYOUT_OFFSET]);
    if (compacts) wal.pageImage(this.pages, this.placeId >>> ROW_SLOT_BITS, base);
    else this.logNewRow(this.placeId >>> ROW_SLOT_BITS, base, slot, length);
  }

  private updateMoved(
    xid: number,
    version: number,
    rowId: RowId,
    pageNo: number,
    row: Uint8Array,
    length: number,
    size: number,
  ): void {
    const { pool, wal } = this.context;
    const left = this.placeId;
    if (left !== rowId) {
      wal.pageNote(this.pages, left >>> ROW_SLOT_BITS, PAGE_NOTE_LEFT, left & ROW_SLOT_MASK);
      this.leftPlaces.add(left);
    }
    const base = pool.frameBase(this.pages, pageNo);
    const slot = addSlot(pool, base, size);
    assert(slot >= 0, 'the page was chosen for its room');
    const target = base + slotOffset(pool.u16, base, slot);
    copyRowIn(pool, row, 0, length, target);
    this.setHeader(target, xid, version, ROW_MOVED_IN, row[ROW_LAYOUT_OFFSET]);
    this.logNewRow(pageNo, base, slot, length);
    const homeSlot = rowId & ROW_SLOT_MASK;
    const home = this.homeBase + slotOffset(pool.u16, this.homeBase, homeSlot);
    pool.f64[home >>> 3] = xid;
    pool.u8[home + ROW_FLAGS_OFFSET] = ROW_FORWARDED;
    this.logForward(rowId, home, ((pageNo << ROW_SLOT_BITS) + slot) >>> 0);
  }

  /** The row stands away from its home, and only its place changes: what knows the row by its home's page must hear of it. */
  private noteHome(rowId: RowId): void {
    this.context.wal.pageNote(this.pages, rowId >>> ROW_SLOT_BITS, PAGE_NOTE_CHANGED, rowId & ROW_SLOT_MASK);
  }

  /** Points the home slot at a place, in the open record. */
  logForward(rowId: RowId, home: number, placeId: number): void {
    const { pool, wal } = this.context;
    pool.u32[(home + ROW_FORWARD_OFFSET) >>> 2] = placeId;
    const offset = home - this.homeBase;
    wal.pageRange(this.pages, rowId >>> ROW_SLOT_BITS, this.homeBase, offset, offset + ROW_FORWARD_OFFSET + 4);
  }

  /** Writes a tombstone over the newest version. Before: as for update. */
  remove(txn: Transaction, xid: number, rowId: RowId): void {
    for (;;) {
      this.mustLocate(rowId);
      if (!this.versions.hasRoom(ROW_HEADER_SIZE, this.staysLong)) {
        this.versions.makeRoom(ROW_HEADER_SIZE, this.staysLong);
        continue;
      }
      if (!this.pages.branch.isShared || !this.claimPlaces(rowId, -1)) break;
    }
    const { pool, wal } = this.context;
    const target = this.placeRow;
    wal.begin(WAL_PAGES, xid);
    const version = this.versions.append(this.staysLong, this.relId, this.placeId, target, ROW_HEADER_SIZE, true, xid);
    this.setHeader(
      target,
      xid,
      version,
      pool.u8[target + ROW_FLAGS_OFFSET] | ROW_DELETED,
      pool.u8[target + ROW_LAYOUT_OFFSET],
    );
    this.logHeader();
    if (this.placeId !== rowId) this.noteHome(rowId);
    wal.end();
    txn.writes.addToRun(this.relId, rowId, WRITE_DELETE);
  }

  /** Logs the row header at the located place, in the open record. */
  logHeader(): void {
    const offset = this.placeRow - this.placeBase;
    const pageNo = this.placeId >>> ROW_SLOT_BITS;
    this.context.wal.pageRange(this.pages, pageNo, this.placeBase, offset, offset + ROW_HEADER_SIZE);
  }

  /** `version`: the address of the version before, or NO_PREVIOUS. */
  setHeader(row: number, xid: number, version: number, flags: number, layout: number): void {
    const pool = this.context.pool;
    pool.f64[row >>> 3] = xid;
    if (version === NO_PREVIOUS) {
      pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2] = NO_VERSION;
      pool.u16[(row + ROW_PREVIOUS_SLOT_OFFSET) >>> 1] = 0;
    } else {
      pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2] = Math.floor(version / (1 << ROW_SLOT_BITS));
      pool.u16[(row + ROW_PREVIOUS_SLOT_OFFSET) >>> 1] = version & ROW_SLOT_MASK;
    }
    pool.u8[row + ROW_FLAGS_OFFSET] = flags;
    pool.u8[row + ROW_LAYOUT_OFFSET] = layout;
  }

  /** Finds where the row's newest version stands. False: the slot is free. Throws PAGE_MISS. */
  locate(rowId: RowId): boolean {
    const pool = this.context.pool;
    const base = pool.frameBase(this.pages, rowId >>> ROW_SLOT_BITS);
    const slot = rowId & ROW_SLOT_MASK;
    if (slot >= pageSlotCount(pool.u16, base)) return false;
    const offset = slotOffset(pool.u16, base, slot);
    if (offset === 0) return false;
    this.homeBase = base;
    const row = base + offset;
    if ((pool.u8[row + ROW_FLAGS_OFFSET] & ROW_FORWARDED) !== 0) {
      this.placeId = pool.u32[(row + ROW_FORWARD_OFFSET) >>> 2];
      this.placeRow = this.rowAt(this.placeId);
      this.placeBase = pool.frameBase(this.pages, this.placeId >>> ROW_SLOT_BITS);
      return true;
    }
    this.placeId = rowId;
    this.placeBase = base;
    this.placeRow = row;
    return true;
  }

  /**
   * Before the row changes where `locate` has found it: its pages, and that which it may move to, are the branch's own to change. True:
   * pages may have moved.
   */
  claimPlaces(rowId: RowId, movesTo: number): boolean {
    const { pool } = this.context;
    const { pages } = this;
    let isMoved = pool.claim(pages, rowId >>> ROW_SLOT_BITS);
    if (this.placeId !== rowId) isMoved = pool.claim(pages, this.placeId >>> ROW_SLOT_BITS) || isMoved;
    if (movesTo >= 0) isMoved = pool.claim(pages, movesTo) || isMoved;
    return isMoved;
  }

  /**
   * Whether a fork may see a version of the row with the index keys of the one at `row`, which is about to go for good. One that no fork sees
   * may have its keys from one that they do: then the row was there when they were made.
   */
  mayForksSee(rowId: RowId, row: number): boolean {
    const { pages } = this;
    if (pages.branch.forkCount === 0) return false;
    const { pool } = this.context;
    return (
      pool.f64[row >>> 3] < pages.branch.newestXid ||
      pool.sharing.hadSlot(pages, rowId >>> ROW_SLOT_BITS, rowId & ROW_SLOT_MASK)
    );
  }

  mustLocate(rowId: RowId): void {
    const found = this.locate(rowId);
    assert(found, 'only a row that is there is written');
  }

  /** Base of the row in a used slot. Throws PAGE_MISS. */
  rowAt(rowId: RowId): number {
    const pool = this.context.pool;
    const base = pool.frameBase(this.pages, rowId >>> ROW_SLOT_BITS);
    const offset = slotOffset(pool.u16, base, rowId & ROW_SLOT_MASK);
    assert(offset !== 0, 'a home slot forwards to a used slot');
    return base + offset;
  }

  /** Base of the version before, -1 if there is none. */
  previousOf(row: number): number {
    const pool = this.context.pool;
    const page = pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
    if (page === NO_VERSION) return -1;
    return this.versions.versionBase(page, pool.u16[(row + ROW_PREVIOUS_SLOT_OFFSET) >>> 1]);
  }

  /** A page with contiguous space for a row of `size`, in memory; -1 if there is none and mayExtend is false. */
  pageFor(size: number, mayExtend: boolean): number {
    for (;;) {
      if (this.fillPage >= 0) {
        if (this.hasSpace(this.fillPage, size)) return this.fillPage;
        const left = this.fillPage;
        this.fillPage = -1;
        this.noteSpace(left);
      }
      const noted = this.freeSpace.take(size);
      if (noted >= 0) this.fillPage = this.firstOwn + noted;
      else if (!mayExtend) return -1;
      else this.fillPage = this.context.newPage(this.pages, PAGE_KIND_HEAP);
    }
  }

  /** The page that inserts go to: not among those that freeSpace knows. -1: none. */
  get insertPage(): number {
    return this.fillPage;
  }

  /** Inserts go to this page next. */
  setFillPage(pageNo: number): void {
    if (this.fillPage >= 0 && this.fillPage !== pageNo) this.noteSpace(this.fillPage);
    this.fillPage = pageNo;
  }

  /** No row, dead or alive, is on the page. Throws PAGE_MISS. */
  isPageEmpty(pageNo: number): boolean {
    const pool = this.context.pool;
    return pageSlotCount(pool.u16, pool.frameBase(this.pages, pageNo)) === 0;
  }

  /**
   * A fork goes back to its beginning: the heap's pages are those of the parent again (`pool.resetUnlogged`), with so many rows. Before: no
   * transaction is under way.
   */
  restart(rowCount: number): void {
    this.bulks.discard();
    this.fillPage = -1;
    this.firstOwn = this.pages.pageCount;
    this.freeSpace.truncate(0);
    this.leftPlaces.clear();
    this.unsweptKeys.clear();
    this.rowCount = rowCount;
    this.deadRows = 0;
    this.historyPending = 0;
  }

  /** Gives back pages from pageCount on. Before: they are empty, and nobody else uses the heap (ACCESS EXCLUSIVE). Throws 53100. */
  truncate(pageCount: number): void {
    // Forks see the pages.
    if (this.pages.branch.isShared) return;
    assert(this.bulks.isEmpty, 'nobody inserts into a heap that is truncated');
    logRelationTruncate(this.context.wal, this.relId, pageCount);
    if (this.fillPage >= pageCount) this.fillPage = -1;
    this.freeSpace.truncate(pageCount);
    this.context.pool.truncateRelation(this.pages, pageCount);
  }

  /** The page may have room now. Nothing happens if it is not in memory. */
  noteSpace(pageNo: number): void {
    if (pageNo === this.fillPage || pageNo < this.firstOwn) return;
    const space = this.spaceOf(pageNo);
    if (space >= 0) this.freeSpace.note(pageNo - this.firstOwn, space);
  }

  /** Room for one more row in the page, -1 if it is not in memory. */
  spaceOf(pageNo: number): number {
    const base = this.context.pool.tryFrame(this.pages, pageNo);
    return base < 0 ? -1 : totalSpace(this.context.pool.u16, base);
  }

  /** Contiguous space for one more row of `size`, made by compaction if need be. Throws PAGE_MISS, 53100. */
  private hasSpace(pageNo: number, size: number): boolean {
    const { pool, wal } = this.context;
    let base = pool.frameBase(this.pages, pageNo);
    if (contiguousSpace(pool.u16, base) >= size) return true;
    if (totalSpace(pool.u16, base) < size) return false;
    if (this.pages.branch.isShared && pool.claim(this.pages, pageNo)) base = pool.frameBase(this.pages, pageNo);
    wal.begin(WAL_PAGES, 0);
    compactPage(pool, base);
    wal.pageImage(this.pages, pageNo, base);
    wal.end();
    return true;
  }

  /** Could a slot of the page grow by `more` bytes to `size`: in contiguous space, or after compaction? */
  private canGrow(base: number, more: number, size: number): boolean {
    const u16 = this.context.pool.u16;
    const contiguous = pageUpper(u16, base) - pageLower(u16, base);
    return contiguous >= size || contiguous + pageHoles(u16, base) >= more;
  }

  private logNewRow(pageNo: number, base: number, slot: number, length: number): void {
    const { pool, wal } = this.context;
    const directory = slotEntryOffset(slot);
    const offset = slotOffset(pool.u16, base, slot);
    wal.pageHeader(this.pages, pageNo, base);
    wal.pageRange(this.pages, pageNo, base, directory, directory + 4);
    wal.pageRange(this.pages, pageNo, base, offset, offset + length);
  }
}
