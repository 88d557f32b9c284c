/**
 * Row locks (SELECT FOR ..., foreign key checks, updates of key columns), in memory, per heap: row id -> holders.
 *
 * A writer's own version on the page is its lock (at least FOR NO KEY UPDATE); it stands here only when it is more than the
 * version tells. Nearly all locked rows have one holder, kept as one number: transaction number * 4 + strength; several
 * holders of a row are an array of such numbers.
 */
import { assert } from '../../types/assert.ts';
import { LazyMap } from '../../types/lazy-map.ts';
import type { Transaction } from './transaction.ts';
import { LOCK_KEY_SHARE, LOCK_NO_KEY_UPDATE, LOCK_SHARE, LOCK_UPDATE, type RowLockStrength } from './types.ts';

/** By strength: the strengths it conflicts with, as bits. PostgreSQL's table 13.3. */
export const ROW_LOCK_CONFLICTS: readonly number[] = [
  1 << LOCK_UPDATE,
  (1 << LOCK_NO_KEY_UPDATE) | (1 << LOCK_UPDATE),
  (1 << LOCK_SHARE) | (1 << LOCK_NO_KEY_UPDATE) | (1 << LOCK_UPDATE),
  (1 << LOCK_KEY_SHARE) | (1 << LOCK_SHARE) | (1 << LOCK_NO_KEY_UPDATE) | (1 << LOCK_UPDATE),
];

export class RowLockTable {
  readonly relId: number;
  private readonly rows = new LazyMap<number, number | number[]>();

  constructor(relId: number) {
    this.relId = relId;
  }

  /** Locked rows. 0 is the cheap answer that nearly every heap gives. */
  get size(): number {
    return this.rows.size;
  }

  /** The number of another transaction whose lock on the row conflicts with `strength`, or 0. */
  conflict(rowId: number, txnId: number, strength: RowLockStrength): number {
    const held = this.rows.get(rowId);
    if (held === undefined) return 0;
    const conflicts = ROW_LOCK_CONFLICTS[strength];
    if (typeof held === 'number') return conflictOf(held, txnId, conflicts);
    for (const holder of held) {
      const found = conflictOf(holder, txnId, conflicts);
      if (found !== 0) return found;
    }
    return 0;
  }

  /** The transaction's strength on the row, -1 for none. */
  strengthOf(rowId: number, txnId: number): number {
    const held = this.rows.get(rowId);
    if (held === undefined) return -1;
    for (const holder of typeof held === 'number' ? [held] : held) {
      if (Math.floor(holder / 4) === txnId) return holder % 4;
    }
    return -1;
  }

  /** Sets (or with -1 removes) the transaction's lock on the row. */
  set(rowId: number, txnId: number, strength: number): void {
    const rows = this.rows;
    const held = rows.get(rowId);
    const others: number[] = [];
    if (held !== undefined) {
      for (const holder of typeof held === 'number' ? [held] : held) {
        if (Math.floor(holder / 4) !== txnId) others.push(holder);
      }
    }
    if (strength >= 0) others.push(txnId * 4 + strength);
    if (others.length === 0) rows.delete(rowId);
    else rows.set(rowId, others.length === 1 ? others[0] : others);
  }

  /** All holders, for pg_locks and tests: (row id, transaction number, strength). */
  *entries(): Iterable<readonly [rowId: number, txnId: number, strength: number]> {
    for (const [rowId, held] of this.rows) {
      for (const holder of typeof held === 'number' ? [held] : held) yield [rowId, Math.floor(holder / 4), holder % 4];
    }
  }
}

function conflictOf(holder: number, txnId: number, conflicts: number): number {
  const id = Math.floor(holder / 4);
  return id !== txnId && (conflicts & (1 << (holder % 4))) !== 0 ? id : 0;
}

/** A transaction's row locks, oldest first, with what each replaced. */
export class RowLockLog {
  readonly tables: RowLockTable[] = [];
  readonly rowIds: number[] = [];
  readonly previous: number[] = [];

  get count(): number {
    return this.rowIds.length;
  }

  /** Takes the lock, unless as much is held. Before: no conflict. */
  add(txn: Transaction, table: RowLockTable, rowId: number, strength: RowLockStrength): void {
    const previous = table.strengthOf(rowId, txn.id);
    if (previous >= strength) return;
    assert(table.conflict(rowId, txn.id, strength) === 0, 'a row lock is taken when nobody stands against it');
    this.tables.push(table);
    this.rowIds.push(rowId);
    this.previous.push(previous);
    table.set(rowId, txn.id, strength);
  }

  /** Gives back all but the oldest `count`. */
  releaseTo(txn: Transaction, count: number): void {
    while (this.rowIds.length > count) this.tables.pop()!.set(this.rowIds.pop()!, txn.id, this.previous.pop()!);
  }
}
