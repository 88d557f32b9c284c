/**
 * Getting hold of a row that is to be changed or locked: PostgreSQL's rules for rows that changed since the snapshot.
 */
import {
  type RowId,
  type RowLockStrength,
  WRITE_CHANGED,
  WRITE_DELETED,
  WRITE_OK,
  WRITE_OWN_LATER,
  WRITE_WAIT,
} from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { type Batch, PENDING } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import type { TableRuntime } from '../table-runtime.ts';

/** The row is ours to change, as the snapshot saw it. */
const TARGET_OK = 0;
/** It is ours, but another transaction changed it meanwhile: conditions must be checked again on the newest version. */
export const TARGET_RECHECK = 1;
/** It is gone, or this statement has changed it already. */
export const TARGET_SKIP = 2;
/** x.isWaiting: try again later. */
export const TARGET_WAIT = 3;
export type TargetAnswer = 0 | 1 | 2 | 3;

/** A row must be waited for: rows that are ready go out first, and the wait begins again when the next are wanted. */
export function rowsOrWait(x: ExecContext, ready: Batch): Batch {
  if (ready.count === 0) return PENDING;
  x.stopWaiting();
  return ready;
}

/** Who wrote the row's newest version, or deleted it. Throws PAGE_MISS. */
export function versionOf(table: TableRuntime, rowId: RowId): number {
  return table.heap.lastWriter(rowId);
}

/** A function that the statement calls has changed the row under it. */
export function changedInside(what: 'updated' | 'deleted'): Error {
  return sqlError(
    '27000',
    `tuple to be ${what} was already modified by an operation triggered by the current command`,
    {
      hint: 'Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.',
    },
  );
}

/**
 * Whether what was computed for a row has changed the row itself, of `version` before: a WITH item did that was read meanwhile, and the
 * row is passed over. 27000: a function did.
 */
export function changedMeanwhile(x: ExecContext, table: TableRuntime, rowId: RowId, version: number): boolean {
  const now = versionOf(table, rowId);
  if (now === version) return false;
  if (now !== x.xid()) throw changedInside('updated');
  return true;
}

export function acquireTarget(
  x: ExecContext,
  table: TableRuntime,
  rowId: RowId,
  strength: RowLockStrength,
): TargetAnswer {
  const { heap } = table;
  switch (heap.checkWrite(rowId, x.transaction, x.snapshot, strength)) {
    case WRITE_OK:
      return TARGET_OK;
    case WRITE_WAIT:
      x.waitForTransaction(heap.blocker);
      return TARGET_WAIT;
    case WRITE_CHANGED:
      if (x.isRepeatableRead) throw sqlError('40001', 'could not serialize access due to concurrent update');
      return TARGET_RECHECK;
    case WRITE_DELETED:
      if (x.isRepeatableRead) throw sqlError('40001', 'could not serialize access due to concurrent delete');
      return TARGET_SKIP;
    case WRITE_OWN_LATER:
      if (x.callsRoutines && versionOf(table, rowId) !== x.xid()) throw changedInside('updated');
      return TARGET_SKIP;
  }
}
