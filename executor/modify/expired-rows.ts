/**
 * Rows that have expired and are still stored, where a new row meets them: one under the key of a new row makes way for it, one that
 * a foreign key refers to is not there. Elsewhere the planner's condition leaves them out, and the sweep removes them in time.
 */
import { expiryOf, type RowExpiry } from '../../catalog/row-expiry.ts';
import { LOCK_UPDATE, type RowId, WRITE_CHANGED, WRITE_DELETED, WRITE_OK, WRITE_WAIT } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import type { ExecContext } from '../context.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { type ForeignKeys, queueReferencedActions } from './foreign-keys.ts';
import { isExpired } from './is-expired.ts';
import { LongValues } from './long-values.ts';

/** Answers of ExpiredRows.remove. */
export const EXPIRED_GONE = 0;
/** Again later: x.isWaiting is set, or the slice is over. */
export const EXPIRED_WAIT = 1;
/** It has not expired, or the statement itself has written it. */
const EXPIRED_STAYS = 2;

export class ExpiredRows {
  readonly #table: TableRuntime;
  readonly #expiry: RowExpiry;
  readonly #foreignKeys: ForeignKeys;
  readonly #longValues: LongValues;

  constructor(table: TableRuntime, expiry: RowExpiry, foreignKeys: ForeignKeys) {
    this.#table = table;
    this.#expiry = expiry;
    this.#foreignKeys = foreignKeys;
    this.#longValues = new LongValues(table);
  }

  /** Chunks of long values of a row that was removed; false: the slice is over, go on later. */
  settle(x: ExecContext): boolean {
    return this.#longValues.sweep(x);
  }

  /** Deletes the row, if it has expired, as DELETE would: with what foreign keys that refer to it ask for. */
  remove(x: ExecContext, rowId: RowId): 0 | 1 | 2 {
    const table = this.#table;
    const { heap } = table;
    if (!isExpired(x, table, this.#expiry, heap.newest(rowId))) return EXPIRED_STAYS;
    switch (heap.checkWrite(rowId, x.transaction, x.snapshot, LOCK_UPDATE)) {
      case WRITE_WAIT:
        x.waitForTransaction(heap.blocker);
        return EXPIRED_WAIT;
      case WRITE_DELETED:
        return EXPIRED_GONE;
      case WRITE_CHANGED:
        if (x.isRepeatableRead) throw sqlError('40001', 'could not serialize access due to concurrent update');
        break;
      case WRITE_OK:
        break;
      default:
        return EXPIRED_STAYS;
    }
    const refersToIt = this.#foreignKeys.incoming.length > 0;
    const oldValues = refersToIt ? table.readValues(heap.newest(rowId), []) : null;
    this.#longValues.begin();
    this.#longValues.collect(heap.newest(rowId), null);
    heap.remove(x.transaction, x.xid(), rowId);
    this.#longValues.confirm(x);
    if (oldValues !== null) queueReferencedActions(x, this.#foreignKeys, oldValues, null);
    return this.settle(x) ? EXPIRED_GONE : EXPIRED_WAIT;
  }
}

/** What a writer of the table needs to let new rows take the place of expired ones; null: its rows do not expire. */
export function expiredRowsOf(table: TableRuntime, foreignKeys: () => ForeignKeys): ExpiredRows | null {
  const expiry = expiryOf(table.entry);
  return expiry === null ? null : new ExpiredRows(table, expiry, foreignKeys());
}
