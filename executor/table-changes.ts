/**
 * What became of a table between two moments: hotrow_diff shows it, hotrow_rewind undoes it.
 *
 *      page:   [ row: version then, version now ]  ...            all-visible pages are passed over: nothing has changed there
 *                     |             |
 *                     none       there         insert
 *                     there      none          delete             a delete and an insert with the same primary key
 *                     there      another       update             are an update: the row was made again
 *
 * A row id is a row's for its life, and is not given to another while a moment that sees the row is kept; so the versions at one row
 * id are those of one row. Versions whose values are the same are no change.
 *
 * A function cannot wait in the middle: as in prewarm.ts, what a call has come to is kept here by its arguments until the statement
 * ends.
 */

import type { ColumnEntry, RelationEntry } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import { jsonWriter, quoteJson } from '../catalog/functions/json-build.ts';
import { relationDenied, rightsOnRelation } from '../catalog/rights.ts';
import {
  ACCESS_SHARE,
  type CommitMoment,
  LOCK_GRANTED,
  type LockMode,
  ROW_FLAGS_OFFSET,
  ROW_SLOT_BITS,
  type RowId,
  SHARE_ROW_EXCLUSIVE,
  type Snapshot,
} from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { outputText } from '../types/index.ts';
import { formatJsonb, parseJsonb } from '../types/jsonb.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { type ExecContext, SLICE_MS } from './context.ts';
import { columnBytes } from './memory-account.ts';
import { WAIT_SIGNAL } from './operators/operator.ts';
import { checkTable, momentOfTime } from './past.ts';
import type { Session } from './session.ts';
import { TablePages } from './table-pages.ts';
import { TableRewind } from './table-rewind.ts';
import type { TableRuntime } from './table-runtime.ts';

/** Rows, or pages that are passed over, between two looks at the clock. */
const UNITS_PER_LOOK = 64;
const CHANGE_BYTES = 96;

/** One row's versions at the two moments; null: it was not there. */
export interface RowChange {
  readonly rowId: RowId;
  readonly old: readonly Value[] | null;
  readonly new: readonly Value[] | null;
}

interface Call {
  readonly comparison: TableComparison;
  rewind: TableRewind | null;
}

export class TableChanges {
  readonly #session: Session;
  readonly #calls = new LazyMap<string, Call>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** hotrow_diff: operation, key, row before, row after. `until` null: what the statement sees. Throws to wait. */
  diff(tableOid: number, since: number, until: number | null): Value[][] {
    const { transaction } = this.#session;
    const { comparison } = this.#call(`diff ${tableOid} ${since} ${until}`, tableOid, ACCESS_SHARE, (x) => {
      const then = this.#momentOf(tableOid, since);
      const now = until === null ? null : this.#momentOf(tableOid, until);
      return [
        transaction.takePastSnapshot(then),
        now === null ? transaction.shareSnapshot(x.snapshot) : transaction.takePastSnapshot(now),
      ];
    });
    comparison.run();
    return comparison.rows();
  }

  /** hotrow_rewind: makes the table's rows those of the moment; answers how many were changed. Throws to wait. */
  rewind(tableOid: number, to: number): number {
    const session = this.#session;
    const call = this.#call(`rewind ${tableOid} ${to}`, tableOid, SHARE_ROW_EXCLUSIVE, () => [
      session.transaction.takePastSnapshot(this.#momentOf(tableOid, to)),
      // What others have done until they were locked out.
      session.engine.transactions.takeSnapshot(session.ensureTransaction()),
    ]);
    call.comparison.run();
    call.rewind ??= new TableRewind(session, call.comparison.table.entry, call.comparison.changes);
    return call.rewind.run(this.#running());
  }

  /** The statement is over. */
  reset(): void {
    for (const { comparison } of this.#calls.values()) comparison.close();
    if (this.#calls.size > 0) this.#calls.clear();
  }

  #call(
    key: string,
    tableOid: number,
    lock: LockMode,
    snapshots: (x: ExecContext) => readonly [then: Snapshot, now: Snapshot],
  ): Call {
    const known = this.#calls.get(key);
    if (known !== undefined) return known;
    const table = this.#lockedTable(tableOid, lock);
    const x = this.#running();
    const [then, now] = snapshots(x);
    const call: Call = { comparison: new TableComparison(this.#session, x, table, then, now), rewind: null };
    this.#calls.set(key, call);
    return call;
  }

  #running(): ExecContext {
    const { running } = this.#session.functions.routines;
    if (running === null) throw sqlError('0A000', 'the past of a table cannot be compared here');
    return running;
  }

  #lockedTable(oid: number, lock: LockMode): TableRuntime {
    const session = this.#session;
    const { locks } = session.engine;
    const tag = locks.relationTag(session.database.oid, oid);
    if (locks.acquire(session.ensureTransaction(), tag, lock, true) !== LOCK_GRANTED) {
      session.isWaitingForLock = true;
      throw WAIT_SIGNAL;
    }
    const relation = session.catalog.relation(oid);
    if (relation === undefined) {
      const other = session.catalog.namedRelation(oid);
      if (other === undefined) throw sqlError('42P01', `could not open relation with OID ${oid}`);
      throw sqlError('42809', `"${other.name}" is not a table`);
    }
    const isReadOnly = lock === ACCESS_SHARE;
    const isTable = relation.kind === 'table' || (isReadOnly && relation.kind === 'materializedView');
    if (relation.relId === 0 || !isTable) throw sqlError('42809', `"${relation.name}" is not a table`);
    const rights = isReadOnly ? 'r' : 'rawd';
    if (rightsOnRelation(session.catalog, relation, session.authority, rights) !== rights)
      throw relationDenied(relation);
    return session.tableByOid(oid);
  }

  #momentOf(tableOid: number, time: number): CommitMoment {
    const session = this.#session;
    const moment = momentOfTime(session, time);
    checkTable(session, session.catalog.relation(tableOid) as RelationEntry, moment);
    return moment;
  }
}

/** Finds the rows that differ between two snapshots, which it gives back. */
class TableComparison {
  readonly table: TableRuntime;
  readonly changes: RowChange[] = [];
  readonly #session: Session;
  readonly #x: ExecContext;
  readonly #then: Snapshot;
  readonly #now: Snapshot;
  readonly #pages: TablePages;
  readonly #columns: readonly ColumnEntry[];
  /** Of the primary key; empty: there is none. */
  readonly #keyColumns: readonly ColumnEntry[];
  #page = 0;
  #slot = 0;
  #isDone = false;
  #rows: Value[][] | null = null;

  constructor(session: Session, x: ExecContext, table: TableRuntime, then: Snapshot, now: Snapshot) {
    this.#session = session;
    this.#x = x;
    this.table = table;
    this.#then = then;
    this.#now = now;
    this.#pages = new TablePages(table, now);
    this.#columns = table.entry.columns.filter((column) => !column.dropped);
    const primary = table.indexes.find((index) => index.entry.primary);
    this.#keyColumns = (primary?.entry.columns ?? []).map(({ columnNumber }) => table.entry.columns[columnNumber - 1]);
  }

  close(): void {
    this.#session.transaction.releaseSnapshot(this.#then);
    this.#session.transaction.releaseSnapshot(this.#now);
  }

  /** Runs to the end, or throws to wait: then to be called again. */
  run(): void {
    if (this.#isDone) return;
    const { heap } = this.table;
    const endMs = performance.now() + SLICE_MS;
    for (let units = 1; this.#page < heap.pages.pageCount; units++) {
      if (units % UNITS_PER_LOOK === 0 && performance.now() > endMs) {
        this.#session.wakeAfter(0);
        throw WAIT_SIGNAL;
      }
      if (heap.visibility.has(this.#page) || this.#slot >= this.#pages.slotCount(this.#pages.base(this.#page))) {
        this.#page++;
        this.#slot = 0;
        continue;
      }
      this.#compare(((this.#page << ROW_SLOT_BITS) + this.#slot) >>> 0, this.#pages.base(this.#page));
      this.#slot++;
    }
    this.#pairByKey();
    this.#isDone = true;
  }

  #compare(rowId: RowId, base: number): void {
    const { heap, pool } = this.table;
    const [then, now] = [this.#then, this.#now];
    const newest = this.#pages.row(base, this.#slot);
    if (newest < 0) return;
    const horizon = Math.min(then.horizon, now.horizon);
    if (pool.u8[newest + ROW_FLAGS_OFFSET] === 0 && pool.f64[newest >>> 3] < horizon) return;
    const before = heap.visible(rowId, then);
    const after = heap.visible(rowId, now);
    if (before === after) return;
    const old = before < 0 ? null : this.table.readValues(before, []);
    this.#note({ rowId, old, new: after < 0 ? null : this.table.readValues(after, []) });
  }

  #note(change: RowChange): void {
    if (this.#isSame(change)) return;
    const { old, new: after } = change;
    const bytes =
      (old === null ? 0 : columnBytes(old, old.length)) + (after === null ? 0 : columnBytes(after, after.length));
    this.#x.memory.grow(bytes + CHANGE_BYTES, 'rows that have changed');
    this.changes.push(change);
  }

  #isSame({ old, new: after }: RowChange): boolean {
    if (old === null || after === null) return false;
    return this.#columns.every(({ number, typeOid }) => {
      const [a, b] = [old[number - 1], after[number - 1]];
      if (a === b) return true;
      return a !== null && b !== null && this.#text(typeOid, a) === this.#text(typeOid, b);
    });
  }

  #text(typeOid: number, value: Value): string {
    return outputText(typeOid, value, this.#session.functions.format);
  }

  /** A row that was deleted and inserted again with its key has been updated, or not changed at all. */
  #pairByKey(): void {
    if (this.#keyColumns.length === 0) return;
    const deleted = new Map<string, RowChange>();
    for (const change of this.changes) if (change.new === null) deleted.set(this.#keyText(change.old!), change);
    if (deleted.size === 0) return;
    const isPaired = new Set<RowChange>();
    for (const [i, change] of this.changes.entries()) {
      if (change.old !== null) continue;
      const gone = deleted.get(this.#keyText(change.new!));
      if (gone === undefined) continue;
      isPaired.add(gone);
      this.changes[i] = { ...change, old: gone.old };
    }
    const rest = this.changes.filter((change) => !isPaired.has(change) && !this.#isSame(change));
    this.changes.length = 0;
    for (const change of rest) this.changes.push(change);
  }

  #keyText(values: readonly Value[]): string {
    const parts = this.#keyColumns.map(({ number, typeOid }) => {
      const text = this.#text(typeOid, values[number - 1]);
      // 1.0 and 1.00 are the same key.
      return /^-?\d+\.\d*?0*$/.test(text) ? text.replace(/\.?0+$/, '') : text;
    });
    return JSON.stringify(parts);
  }

  /** As hotrow_diff answers them. After run. */
  rows(): Value[][] {
    this.#rows ??= this.changes.map(({ old, new: after }) => {
      const operation = old === null ? 'insert' : after === null ? 'delete' : 'update';
      const key = this.#keyColumns.length === 0 ? null : this.#json(this.#keyColumns, (after ?? old)!);
      return [
        operation,
        key,
        old === null ? null : this.#json(this.#columns, old),
        after === null ? null : this.#json(this.#columns, after),
      ];
    });
    return this.#rows;
  }

  #json(columns: readonly ColumnEntry[], values: readonly Value[]): string {
    const members = columns.map(({ name, number, typeOid }) => {
      const value = values[number - 1];
      const text = value === null ? 'null' : jsonWriter(typeOid)(value, this.#session.functions);
      return `${quoteJson(name)}:${text}`;
    });
    return formatJsonb(parseJsonb(`{${members.join(',')}}`));
  }
}
