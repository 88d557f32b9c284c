/**
 * The shapes that transactions, snapshots and locks have for their users. No code beyond constants.
 *
 * Three numbers that must not be mixed:
 *  - transaction number: one per transaction, from begin(); what lock waits name.
 *  - xid: one per *statement that writes*; what row versions carry (f64, never wraps, starts at 1).
 *  - CSN: one per commit of a writing transaction; what snapshots compare with.
 */

/** A transaction as the executor sees it. Made by TransactionManager.begin. */
export const TXN_ACTIVE = 0;
/** Undo is under way (it may wait for pages); nothing else may be done with the transaction. */
export const TXN_ROLLING_BACK = 1;
export const TXN_COMMITTED = 2;
export const TXN_ABORTED = 3;

/** What one statement (or one REPEATABLE READ transaction) sees. Pooled: not to be used after releaseSnapshot. */
export interface Snapshot {
  /** Versions with xid < horizon are visible, no further question: all older xids had ended when the snapshot was taken. */
  readonly horizon: number;
  /** The last commit that is seen. */
  readonly csn: number;
  /** Own versions with xid < xidLimit are seen: those of earlier statements. */
  readonly xidLimit: number;
  /** The transaction number whose own versions are seen; 0: nobody's. */
  readonly txnId: number;
  /** A walk down old versions that met a missing page (heap/chain-walk.ts): the address it began at, -1 for none, and how far it came. */
  walkFrom: number;
  walkAt: number;
}

/** Row lock strengths, PostgreSQL's four. The order is that of strength. */
export const LOCK_KEY_SHARE = 0;
export const LOCK_SHARE = 1;
export const LOCK_NO_KEY_UPDATE = 2;
export const LOCK_UPDATE = 3;
export type RowLockStrength =
  | typeof LOCK_KEY_SHARE
  | typeof LOCK_SHARE
  | typeof LOCK_NO_KEY_UPDATE
  | typeof LOCK_UPDATE;

/** Table lock modes, PostgreSQL's eight. */
export const ACCESS_SHARE = 1;
export const ROW_SHARE = 2;
export const ROW_EXCLUSIVE = 3;
export const SHARE_UPDATE_EXCLUSIVE = 4;
export const SHARE = 5;
export const SHARE_ROW_EXCLUSIVE = 6;
export const EXCLUSIVE = 7;
export const ACCESS_EXCLUSIVE = 8;
export type LockMode = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Answers of LockManager.acquire. */
export const LOCK_GRANTED = 0;
/** Queued; `transaction.wake()` is called when it is granted; then it is held (no second acquire needed, though it does no harm). */
export const LOCK_WAITING = 1;
/** `wait` was false and somebody holds a conflicting lock (NOWAIT: 55P03 is the executor's). */
export const LOCK_NOT_AVAILABLE = 2;
export type LockAnswer = typeof LOCK_GRANTED | typeof LOCK_WAITING | typeof LOCK_NOT_AVAILABLE;
