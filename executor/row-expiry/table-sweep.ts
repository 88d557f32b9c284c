/**
 * Deletes the expired rows of one table, in bounded steps, each a transaction of its own that goes the way of DELETE: versions, log,
 * indexes and foreign keys are looked after as ever.
 *
 *      find   up to BATCH rows: by an index whose first column is the ttl column, else on the next pages of the table
 *      lock   those that nobody else has locked, and that no row refers to which would forbid it (SKIP LOCKED, NOT EXISTS)
 *      delete them, if they still are as they were found
 *
 * It never waits for a lock, as others may be waiting for what it holds: a step that would is undone. A step that fails is done again
 * in halves, until the rows that cannot be deleted are alone; those stay, for the next round.
 */
import type { ConstraintEntry, RelationEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { expiryOf, isExpiredBy, type RowExpiry } from '../../catalog/row-expiry.ts';
import { PAGE_MISS, ROW_SLOT_BITS } from '../../storage/api.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';
import { OID, SqlArray } from '../../types/index.ts';
import { PORTAL_PENDING, Portal } from '../portal.ts';
import { readColumn } from '../row/row-reader.ts';
import type { Session, Task } from '../session.ts';
import { TablePages } from '../table-pages.ts';
import type { TableRuntime } from '../table-runtime.ts';

/** Rows of a step, at most. */
export const SWEEP_BATCH = 1000;
/** Pages of a step that finds few rows, at most. */
const PAGES_MAX = 256;
/** Rows that could not be deleted, after which the round is over: the others most likely cannot either. */
const FAILURES_MAX = 100;
const TID_OFFSETS = 65536;

type Tid = number;

export class TableSweep {
  readonly tableOid: number;
  /** Rows deleted by steps that are committed. */
  deleted = 0;
  steps = 0;
  /** Rows that have expired and were left: locked, or referred to. */
  left = 0;
  /** Why a row could not be deleted. */
  refusal: SqlError | null = null;
  isDone = false;
  #relId = 0;
  #page = 0;
  /** Found, and not deleted yet. */
  readonly #chunks: Tid[][] = [];
  #deletedNow = 0;
  #leftNow = 0;
  #isExhausted = false;
  #failures = 0;

  constructor(tableOid: number) {
    this.tableOid = tableOid;
  }

  /** One transaction. */
  *step(session: Session): Task<void> {
    this.#deletedNow = 0;
    this.#leftNow = 0;
    const table = session.catalog.relation(this.tableOid);
    const expiry = table === undefined ? null : expiryOf(table);
    if (table === undefined || expiry === null || (this.#relId !== 0 && this.#relId !== table.relId)) {
      // Dropped, emptied, or it does not expire any more.
      this.#chunks.length = 0;
      this.#isExhausted = true;
      return;
    }
    this.#relId = table.relId;
    session.ensureTransaction();
    // COMMIT, too, would wait for locks if foreign keys were looked at there.
    session.transaction.constraintModes.set(0, false);
    if (this.#chunks.length === 0) {
      const found = yield* this.#find(session, table, expiry);
      if (found.length > 0) this.#chunks.push(found);
    }
    const chunk = this.#chunks.at(-1);
    if (chunk !== undefined) yield* this.#delete(session, table, expiry, chunk);
  }

  /** The step's transaction is over; null: it is committed. */
  ended(error: SqlError | null): void {
    this.steps++;
    const chunk = this.#chunks.pop();
    if (error === null) {
      this.deleted += this.#deletedNow;
      this.left += this.#leftNow;
    } else if (chunk === undefined) {
      // Nothing could be looked for: somebody has the table.
      this.#isExhausted = true;
    } else if (chunk.length > 1) {
      const half = chunk.length >>> 1;
      this.#chunks.push(chunk.slice(half), chunk.slice(0, half));
    } else {
      this.left++;
      this.#failures++;
      if (error.code !== '55P03') this.refusal = error;
    }
    if (this.#failures > FAILURES_MAX) {
      this.#chunks.length = 0;
      this.#isExhausted = true;
    }
    this.isDone = this.#isExhausted && this.#chunks.length === 0;
  }

  // ------------------------------------------------------------------------------------------------------------- find

  *#find(session: Session, table: RelationEntry, expiry: RowExpiry): Task<Tid[]> {
    const isIndexed = session.catalog
      .indexesOf(table.oid)
      .some(
        ({ method, columns, predicateText, valid, exclusion }) =>
          method === 'btree' &&
          predicateText === null &&
          valid !== false &&
          exclusion === undefined &&
          columns[0].columnNumber === expiry.column + 1,
      );
    const cutoff = session.functions.expiryCutoff(expiry.typeOid, expiry.ttl);
    if (!isIndexed) return yield* this.#findOnPages(session, table, expiry, cutoff);
    const column = quoteIdentifier(table.columns[expiry.column].name);
    // Rows that were left are the first of all.
    const rows = yield* run(
      session,
      `SELECT ctid FROM ONLY ${nameOf(session, table)} WHERE ${column} <= $1 ORDER BY ${column} LIMIT $2 OFFSET $3`,
      [cutoff, SWEEP_BATCH, this.left],
    );
    if (rows.length < SWEEP_BATCH) this.#isExhausted = true;
    return rows.map(([tid]) => tid as Tid);
  }

  *#findOnPages(session: Session, entry: RelationEntry, expiry: RowExpiry, cutoff: Value): Task<Tid[]> {
    const found: Tid[] = [];
    const table = session.database.table(session.catalog, entry);
    const snapshot = session.transaction.takeSnapshot();
    try {
      const pages = new TablePages(table, snapshot);
      for (const end = this.#page + PAGES_MAX; ; ) {
        this.#isExhausted = this.#page >= table.heap.pages.pageCount;
        if (this.#isExhausted || this.#page >= end || found.length >= SWEEP_BATCH - (1 << ROW_SLOT_BITS)) break;
        try {
          expiredOnPage(table, pages, this.#page, expiry.column, cutoff, found);
          this.#page++;
        } catch (error) {
          if (error !== PAGE_MISS) throw error;
          session.wakeOnLoad();
          yield* session.wait();
        }
      }
    } finally {
      session.transaction.releaseSnapshot(snapshot);
    }
    return found;
  }

  // ----------------------------------------------------------------------------------------------------------- delete

  *#delete(session: Session, table: RelationEntry, expiry: RowExpiry, chunk: readonly Tid[]): Task<void> {
    const name = nameOf(session, table);
    const column = quoteIdentifier(table.columns[expiry.column].name);
    const cutoff = session.functions.expiryCutoff(expiry.typeOid, expiry.ttl);
    const keepers = keepersOf(session, table);
    const locked = yield* run(
      session,
      `SELECT ctid FROM ONLY ${name} x WHERE ctid = ANY ($1) AND ${column} <= $2${keepers.conditions} FOR UPDATE OF x SKIP LOCKED`,
      [tids(chunk), cutoff, ...keepers.cutoffs],
    );
    this.#leftNow = chunk.length - locked.length;
    if (locked.length === 0) return;
    const rows = yield* run(session, `DELETE FROM ONLY ${name} WHERE ctid = ANY ($1) AND ${column} <= $2 RETURNING 1`, [
      tids(locked.map(([tid]) => tid as Tid)),
      cutoff,
    ]);
    this.#deletedNow = rows.length;
  }
}

/** Adds the tids of a page's rows that have expired. Throws PAGE_MISS before it has added any. */
function expiredOnPage(
  table: TableRuntime,
  pages: TablePages,
  page: number,
  column: number,
  cutoff: Value,
  found: Tid[],
): void {
  const base = pages.base(page);
  const count = found.length;
  const { pool } = table;
  const bytes = { u8: pool.u8, buffer: pool.bytes };
  try {
    for (let slot = 0; slot < pages.slotCount(base); slot++) {
      const row = pages.visible(base, slot);
      if (row < 0) continue;
      const layout = table.layout(pool.u8[row + 15]).columns[column];
      const value = layout === null ? table.missing[column] : readColumn(bytes, row, layout, table.fetchOverflow);
      if (isExpiredBy(value, cutoff)) found.push(page * TID_OFFSETS + slot + 1);
    }
  } catch (error) {
    found.length = count;
    throw error;
  }
}

/** Foreign keys that keep a row as long as another refers to it: conditions over x that none does, with parameters from $3 on. */
function keepersOf(session: Session, table: RelationEntry): { conditions: string; cutoffs: readonly Value[] } {
  const { catalog } = session;
  const cutoffs: Value[] = [];
  const conditions = catalog
    .constraintsReferencing(table.oid)
    .filter(({ onDelete }) => onDelete === 'no action' || onDelete === 'restrict')
    .map((constraint) => {
      const child = catalog.relation(constraint.tableOid) as RelationEntry;
      const keys = keysOf(constraint, child, table);
      const expiry = expiryOf(child);
      if (expiry === null) return ` AND NOT EXISTS (SELECT FROM ONLY ${nameOf(session, child)} c WHERE ${keys})`;
      // What has expired itself keeps nobody.
      cutoffs.push(session.functions.expiryCutoff(expiry.typeOid, expiry.ttl));
      const isLive = `(${columnOf(child, expiry.column, 'c')} > $${cutoffs.length + 2}) IS NOT FALSE`;
      return ` AND NOT EXISTS (SELECT FROM ONLY ${nameOf(session, child)} c WHERE ${keys} AND ${isLive})`;
    });
  return { conditions: conditions.join(''), cutoffs };
}

function keysOf({ columns, referencedColumns }: ConstraintEntry, child: RelationEntry, parent: RelationEntry): string {
  return columns
    .map((column, i) => `${columnOf(child, column - 1, 'c')} = ${columnOf(parent, referencedColumns[i] - 1, 'x')}`)
    .join(' AND ');
}

function columnOf(table: RelationEntry, index: number, alias: string): string {
  return `${alias}.${quoteIdentifier(table.columns[index].name)}`;
}

function nameOf({ catalog }: Session, table: RelationEntry): string {
  return `${quoteIdentifier(catalog.schemaName(table.schemaOid))}.${quoteIdentifier(table.name)}`;
}

function tids(list: readonly Tid[]): SqlArray {
  return new SqlArray(OID.TID, list);
}

/** Runs a statement that sees expired rows, too, in the session's transaction. 55P03 where it would wait for somebody. */
function* run(session: Session, sql: string, params: readonly Value[]): Task<Value[][]> {
  const rows: Value[][] = [];
  const portal = new Portal(session, '', session.prepareInternal(sql, 'all'), params, null, []);
  portal.isOfSystem = true;
  portal.isNested = true;
  portal.onBatch = (batch, from, to) => {
    for (let i = from; i < to; i++) rows.push(batch.columns.map((column) => column[i]));
  };
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) {
      if (session.transaction.txn?.isWaiting === true) throw sqlError('55P03', 'could not obtain lock on row');
      yield* session.wait();
    }
  } finally {
    portal.close();
  }
  return rows;
}
