export type { CommitMoment } from './commit-clock.ts';

export { LockManager, LockOwner } from './lock-manager.ts';

export { ROW_LOCK_CONFLICTS, type RowLockTable } from './row-locks.ts';
export { type SavepointMark, Transaction, TransactionManager, type TransactionStore } from './transaction.ts';
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
  type LockMode,
  ROW_EXCLUSIVE,
  ROW_SHARE,
  type RowLockStrength,
  SHARE,
  SHARE_ROW_EXCLUSIVE,
  SHARE_UPDATE_EXCLUSIVE,
  type Snapshot,
} from './types.ts';
export {
  isRun,
  WRITE_CREATE_HEAP,
  WRITE_CREATE_SEQUENCE,
  WRITE_DELETE,
  WRITE_DROP_HEAP,
  WRITE_DROP_SEQUENCE,
  WRITE_INDEXED,
  WRITE_INSERT,
  WRITE_KIND_MASK,
  WRITE_MOVED,
  WRITE_RESTART_SEQUENCE,
  WRITE_SHRUNK,
  WRITE_UPDATE,
} from './write-list.ts';
export { XidsSince } from './xids-since.ts';
