/**
 * The storage's public face. SIGNATURES FIRST: the interfaces below are what the executor may code against from now on;
 * the classes with these names replace them here (same names, same members) as they land.
 */
export {
  ACCESS_EXCLUSIVE,
  ACCESS_SHARE,
  EXCLUSIVE,
  LOCK_GRANTED,
  LOCK_KEY_SHARE,
  LOCK_NO_KEY_UPDATE,
  LOCK_NOT_AVAILABLE,
  LOCK_SHARE,
  LOCK_UPDATE,
  LOCK_WAITING,
  type LockAnswer,
  type LockMode,
  ROW_EXCLUSIVE,
  ROW_SHARE,
  type RowLockStrength,
  SHARE,
  SHARE_ROW_EXCLUSIVE,
  SHARE_UPDATE_EXCLUSIVE,
  type Snapshot,
  TXN_ABORTED,
  TXN_ACTIVE,
  TXN_COMMITTED,
  TXN_ROLLING_BACK,
} from './mvcc/types.ts';

import type { LockAnswer, LockMode, RowLockStrength, Snapshot } from './mvcc/types.ts';

export type RowId = number;

/** One per session: the "process" that holds and waits for locks. Session advisory locks belong to it. */
export interface LockOwner {
  readonly processId: number;
}

export interface Transaction {
  /** Transaction number; what "ShareLock on transaction N" names. */
  readonly id: number;
  readonly owner: LockOwner;
  /** Has an xid, so commit writes a record. */
  readonly hasWritten: boolean;
  /** TXN_ACTIVE ... */
  readonly state: number;
  /** Set by the session: called (at most once per wait) when what it waits for is there. Never from inside the waiting call. */
  wake: () => void;
  /** True while it waits for a lock or another transaction. */
  readonly isWaiting: boolean;
}

/** Opaque: from TransactionManager.savepoint. */
export interface SavepointMark {
  readonly kind: 'savepoint';
}

export interface TransactionManager {
  /** The next xid to be given out (f64). */
  readonly nextXid: number;
  begin(owner?: LockOwner): Transaction;
  takeSnapshot(txn: Transaction): Snapshot;
  /** The same view, released on its own: for cursors and portals that outlive the statement. */
  shareSnapshot(snapshot: Snapshot): Snapshot;
  /** For the next statement of a REPEATABLE READ transaction: its own writes so far become visible in the old snapshot. */
  refreshOwnWrites(snapshot: Snapshot): void;
  releaseSnapshot(snapshot: Snapshot): void;
  /** A fresh xid for a statement that writes: once per statement, at its first write. */
  statementXid(txn: Transaction): number;
  /** Makes everything visible and calls `durable` when the COMMIT record is flushed (at once when nothing was written). Releases all locks. */
  commit(txn: Transaction, durable: (error: Error | null) => void): void;
  /** Undoes everything and releases all locks. False: a page is being read (as after PAGE_MISS); call it again. */
  rollback(txn: Transaction): boolean;
  savepoint(txn: Transaction): SavepointMark;
  /** Undoes what was done after the mark, and releases locks taken after it; the mark stays usable. False: call again. */
  rollbackTo(txn: Transaction, mark: SavepointMark): boolean;
  isVisible(xid: number, snapshot: Snapshot): boolean;
}

/** Answers of Heap.checkWrite. */
export const WRITE_OK = 0;
/** heap.blocker must end first: locks.waitForTransaction(txn, heap.blocker), then check again. */
export const WRITE_WAIT = 1;
/** The newest version is committed, but the snapshot does not see it. READ COMMITTED: recheck on newest(), then write. */
export const WRITE_CHANGED = 2;
/** The row is gone (deleted, or never was for the snapshot and gone now). */
export const WRITE_DELETED = 3;
/** Written by this very statement (or by a function it called): skip. */
export const WRITE_OWN_LATER = 4;
export type WriteAnswer = 0 | 1 | 2 | 3 | 4;

/** Answers of Heap.liveness. */
export const ROW_LIVE = 0;
export const ROW_LIVE_OWN = 1;
export const ROW_DELETED = 2;
/** Inserted, updated or deleted by heap.blocker, which has not ended. */
export const ROW_IN_PROGRESS = 3;
export type LivenessAnswer = 0 | 1 | 2 | 3;

/** Flags of Heap.update. */
/** The update changed the key of an index (and the executor has added the new entry): the sweep will ask the maintainer to drop the old one. */
export const UPDATE_INDEXED = 1;
/** The update changed a key that a foreign key may refer to: it conflicts with KEY SHARE, like a delete. */
export const UPDATE_KEY = 2;

/** Keeps a table's indexes true when versions go away. Registered on the heap by the executor. Must be idempotent. */
export interface IndexMaintainer {
  /**
   * The version at `goneBase` goes away for good. For each index: if none of the versions at rest[0..restCount) has the
   * same key, remove (key of gone, rowId), if it is there. restCount 0: the row itself goes. Bases are byte offsets in the pool,
   * valid during the call; all pages are in memory; nothing may be loaded meanwhile. Must not throw.
   */
  removeVersion(rowId: RowId, goneBase: number, rest: Int32Array | Float64Array, restCount: number): void;
}

export interface Heap {
  readonly relId: number;
  maintainer: IndexMaintainer | null;
  /** After WRITE_WAIT and ROW_IN_PROGRESS. */
  readonly blocker: Transaction;
  /** Rows that committed transactions left (inserts - deletes): an estimate for the planner, exact when nobody writes. */
  readonly rowCount: number;
  visible(rowId: RowId, snapshot: Snapshot): number;
  resolve(rowBase: number, snapshot: Snapshot): number;
  insert(txn: Transaction, xid: number, row: Uint8Array, length: number): RowId;
  insertBulk(txn: Transaction, xid: number, row: Uint8Array, start: number, length: number): RowId;
  finishBulk(txn: Transaction): void;
  checkWrite(rowId: RowId, txn: Transaction, snapshot: Snapshot, strength: RowLockStrength): WriteAnswer;
  newest(rowId: RowId): number;
  update(txn: Transaction, xid: number, rowId: RowId, row: Uint8Array, length: number, flags?: number): void;
  remove(txn: Transaction, xid: number, rowId: RowId): void;
  lockRow(txn: Transaction, rowId: RowId, strength: RowLockStrength): void;
  liveness(rowId: RowId, txn: Transaction): LivenessAnswer;
}

/** Interned: the same lock has the same tag object, which may be kept (tables: until LockManager.forget). */
export interface LockTag {
  readonly kind: 'relation' | 'object' | 'advisory';
}

export interface LockManager {
  /** A session's identity in the lock tables. */
  createOwner(processId: number): LockOwner;
  relationTag(databaseOid: number, relationOid: number): LockTag;
  objectTag(databaseOid: number, classOid: number, objectOid: number): LockTag;
  /** Throws 40P01 when waiting would close a circle. */
  acquire(txn: Transaction, tag: LockTag, mode: LockMode, wait: boolean): LockAnswer;
  holds(txn: Transaction, tag: LockTag, mode: LockMode): boolean;
  waitForTransaction(txn: Transaction, other: Transaction): LockAnswer;
  /** lock_timeout, cancel: leaves the queue it waits in. */
  cancelWait(txn: Transaction): void;
  /** Advisory locks: shared or exclusive, of the session or the transaction. Keys as in pg_advisory_lock(bigint) / (int, int). */
  acquireAdvisory(txn: Transaction, key: string, exclusive: boolean, session: boolean, wait: boolean): LockAnswer;
  /** False: was not held (PostgreSQL warns). */
  releaseAdvisory(owner: LockOwner, key: string, exclusive: boolean): boolean;
  releaseAllAdvisory(owner: LockOwner): void;
}
