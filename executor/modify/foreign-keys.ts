/**
 * Foreign keys at run time. A new referencing row is checked at the end of the statement (or of the transaction, when deferred):
 * the referenced row must be there, and is locked FOR KEY SHARE. A change of a referenced row runs its action at the statement's end,
 * as SQL over the referencing table, as PostgreSQL's ri_triggers.c does.
 */

import type { ConstraintEntry, RelationEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { expiryOf } from '../../catalog/row-expiry.ts';
import {
  CURSOR_END,
  cursorOf,
  IndexKey,
  LOCK_KEY_SHARE,
  type RowId,
  WRITE_DELETED,
  WRITE_WAIT,
} from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import {
  baseTypeOid,
  DEFAULT_FORMAT,
  encodeDatum,
  equality,
  formatType,
  inputText,
  outputText,
} from '../../types/index.ts';
import type { ExecContext, FollowUp } from '../context.ts';
import { KEY_NOT_INDEXED } from '../index-runtime.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { isExpired } from './is-expired.ts';
import { mayShow } from './shown-values.ts';

/** A foreign key with both its tables, resolved for a catalog. */
export interface ForeignKey {
  readonly constraint: ConstraintEntry;
  readonly child: RelationEntry;
  readonly parent: RelationEntry;
  /** By column: the COLLATE clause with which a referencing column is compared to the referenced one; empty: its own collation. */
  readonly collations: readonly string[];
}

/** The keys of a table's rows, both ways; made by the database runtime for a catalog version. */
export interface ForeignKeys {
  /** Constraints on the table. */
  readonly outgoing: readonly ForeignKey[];
  /** Constraints of other tables (or itself) that refer to it. */
  readonly incoming: readonly ForeignKey[];
}

export const NO_FOREIGN_KEYS: ForeignKeys = { outgoing: [], incoming: [] };

function keyOf(values: readonly Value[], columns: readonly number[]): Value[] {
  return columns.map((c) => values[c - 1]);
}

/** Values of the row version at `base`, long ones only of these columns (numbers). */
function keyRow(table: TableRuntime, base: number, columns: readonly number[]): Value[] {
  return table.readValues(base, [], { has: (index) => columns.includes(index + 1) });
}

/** Where a key refers to one of another type, as int4 to numeric: the two base types; null where they are the same. */
function typesOf({ constraint, child, parent }: ForeignKey): ({ readonly from: number; readonly to: number } | null)[] {
  return constraint.columns.map((column, i) => {
    const from = baseTypeOid(child.columns[column - 1].typeOid);
    const to = baseTypeOid(parent.columns[constraint.referencedColumns[i] - 1].typeOid);
    return from === to ? null : { from, to };
  });
}

/** Whether two values of a key, of a type, are taken for the same; nulls are. */
type SameValue = (typeOid: number, value: Value, other: Value) => boolean;

function agree(
  a: readonly Value[],
  b: readonly Value[],
  table: RelationEntry,
  columns: readonly number[],
  isSame: SameValue,
): boolean {
  return a.every((value, i) => {
    const other = b[i];
    if (value === null || other === null) return value === other;
    return isSame(table.columns[columns[i] - 1].typeOid, value, other);
  });
}

const isEqual: SameValue = (typeOid, value, other) => value === other || equality(typeOid)(value, other);

/** Whether they are stored alike: 1.0 and 1.00, 0 and -0, or citext's 'a' and 'A' are equal, and not the same. */
const isSameImage: SameValue = (typeOid, value, other) => {
  if (Object.is(value, other)) return true;
  if (typeof value === 'string') return false;
  const baseOid = baseTypeOid(typeOid);
  return Buffer.compare(encodeDatum(baseOid, value), encodeDatum(baseOid, other)) === 0;
};

/** Remembers the checks that a new or changed row of the child needs. */
export function queueReferenceChecks(
  x: ExecContext,
  keys: ForeignKeys,
  oldValues: readonly Value[] | null,
  values: readonly Value[],
  rowId: RowId,
): void {
  for (const key of keys.outgoing) {
    const { columns, matchFull, name } = key.constraint;
    const wanted = keyOf(values, columns);
    const nulls = wanted.filter((v) => v === null).length;
    if (nulls === wanted.length || x.services.isReplica) continue;
    if (nulls > 0) {
      if (!matchFull) continue;
      throw sqlError(
        '23503',
        `insert or update on table "${key.child.name}" violates foreign key constraint "${name}"`,
        {
          detail: 'MATCH FULL does not allow mixing of null and nonnull key values.',
          schema: x.schemaName(key.child.schemaOid),
          table: key.child.name,
          constraint: name,
        },
      );
    }
    if (oldValues !== null && agree(wanted, keyOf(oldValues, columns), key.child, columns, isEqual)) continue;
    x.queueFollowUp(`check ${key.constraint.oid}`, key.constraint, () => new ReferenceCheck(key)).add({
      values: wanted,
      rowId,
    });
  }
}

/** Remembers the actions that a deleted (newValues null) or changed row of the parent needs. */
export function queueReferencedActions(
  x: ExecContext,
  keys: ForeignKeys,
  oldValues: readonly Value[],
  newValues: readonly Value[] | null,
): void {
  for (const key of keys.incoming) {
    const { referencedColumns } = key.constraint;
    const oldKey = keyOf(oldValues, referencedColumns);
    if (oldKey.includes(null)) continue;
    const newKey = newValues === null ? null : keyOf(newValues, referencedColumns);
    // A key that is equal and looks otherwise goes to the referencing rows, too.
    if (newKey !== null && agree(oldKey, newKey, key.parent, referencedColumns, isSameImage)) continue;
    if (x.services.isReplica) continue;
    const event = newKey === null ? 'delete' : 'update';
    const action = newKey === null ? key.constraint.onDelete : key.constraint.onUpdate;
    // Only the check of NO ACTION can wait for the end of the transaction.
    const mayDefer = action === 'no action';
    const name = `${event} ${key.constraint.oid}`;
    x.queueFollowUp(name, key.constraint, () => new ReferencedAction(key, event), mayDefer).add([oldKey, newKey]);
  }
}

interface ReferencingRow {
  readonly values: readonly Value[];
  readonly rowId: RowId;
}

/** Looks up the parent rows of new child rows, through the parent's unique index. */
class ReferenceCheck implements FollowUp {
  readonly #key: ForeignKey;
  #queue: ReferencingRow[] = [];
  #next = 0;
  readonly #searchKey = new IndexKey();
  readonly #foundKey = new IndexKey();
  readonly #types: ReturnType<typeof typesOf>;

  constructor(key: ForeignKey) {
    this.#key = key;
    this.#types = typesOf(key);
  }

  /** A referencing row's values as the referenced columns have them. */
  #asReferenced(values: readonly Value[]): readonly Value[] {
    if (this.#types.every((types) => types === null)) return values;
    return values.map((value, i) => {
      const types = this.#types[i];
      if (types === null || value === null) return value;
      return inputText(types.to, -1, outputText(types.from, value, DEFAULT_FORMAT), DEFAULT_FORMAT);
    });
  }

  get hasWork(): boolean {
    return this.#queue.length > 0;
  }

  add(item: unknown): void {
    this.#queue.push(item as ReferencingRow);
  }

  get constraint(): ConstraintEntry {
    return this.#key.constraint;
  }

  save(): readonly unknown[] {
    return this.#queue.slice(this.#next);
  }

  restore(items: readonly unknown[]): void {
    this.#queue = [...(items as ReferencingRow[])];
    this.#next = 0;
  }

  poll(x: ExecContext): boolean {
    const parent = x.tableByOid(this.#key.parent.oid);
    // READ COMMITTED: rows that were committed meanwhile count.
    const { transactions } = x.engine;
    const snapshot = x.isRepeatableRead
      ? transactions.shareSnapshot(x.snapshot)
      : transactions.takeSnapshot(x.transaction);
    if (x.isRepeatableRead) transactions.refreshOwnWrites(snapshot);
    try {
      while (this.#next < this.#queue.length) {
        const row = this.#queue[this.#next];
        const found = this.#find(x, parent, snapshot, this.#asReferenced(row.values));
        if (found === null) return false;
        if (!found && this.#stillRefers(x, row)) throw this.#violation(x, row.values);
        this.#next++;
        if (x.shouldYield(1)) return false;
      }
    } finally {
      x.engine.transactions.releaseSnapshot(snapshot);
    }
    this.#queue = [];
    this.#next = 0;
    return true;
  }

  /** False: the row has been deleted or changed since, and whoever changed it has queued a check of its own. */
  #stillRefers(x: ExecContext, row: ReferencingRow): boolean {
    const { constraint, child } = this.#key;
    const table = x.tableByOid(child.oid);
    const base = table.heap.newest(row.rowId, x.transaction);
    if (base < 0) return false;
    return agree(
      row.values,
      keyOf(keyRow(table, base, constraint.columns), constraint.columns),
      child,
      constraint.columns,
      isEqual,
    );
  }

  /** null: must wait. */
  #find(
    x: ExecContext,
    parent: TableRuntime,
    snapshot: ExecContext['snapshot'],
    values: readonly Value[],
  ): boolean | null {
    const { constraint } = this.#key;
    const index =
      parent.indexes.find((i) => i.entry.oid === constraint.indexOid) ??
      parent.indexes.find((i) => matches(i.entry.columns, constraint));
    if (index === undefined) throw new Error(`foreign key ${constraint.name} has no index to look in`);
    const order = index.entry.columns.map(({ columnNumber }) => constraint.referencedColumns.indexOf(columnNumber));
    const wanted = order.map((place) => values[place]);
    index.columnsKey(wanted, this.#searchKey);
    const expiry = expiryOf(parent.entry);
    const cursor = cursorOf(index.dictionary);
    cursor.setKey(this.#searchKey);
    for (let rowId = cursor.next(); rowId !== CURSOR_END; rowId = cursor.next()) {
      if (parent.heap.visible(rowId, snapshot) < 0) continue;
      const answer = parent.heap.checkWrite(rowId, x.transaction, snapshot, LOCK_KEY_SHARE);
      if (answer === WRITE_DELETED) continue;
      if (answer === WRITE_WAIT) {
        x.waitForTransaction(parent.heap.blocker);
        return null;
      }
      const base = parent.heap.newest(rowId, x.transaction);
      if (base < 0 || index.keyFromRow(x, base, this.#foundKey) === KEY_NOT_INDEXED) continue;
      if (expiry !== null && isExpired(x, parent, expiry, base)) continue;
      const row = keyRow(parent, base, constraint.referencedColumns);
      const found = index.entry.columns.map(({ columnNumber }) => row[columnNumber - 1]);
      if (!wanted.every((value, i) => index.isEqualAt(i, value, found[i]))) continue;
      parent.heap.lockRow(x.transaction, rowId, LOCK_KEY_SHARE);
      return true;
    }
    return false;
  }

  #violation(x: ExecContext, values: readonly Value[]): Error {
    const { constraint, child, parent } = this.#key;
    return sqlError(
      '23503',
      `insert or update on table "${child.name}" violates foreign key constraint "${constraint.name}"`,
      {
        detail: `${shownKey(x, child, constraint.columns, values)} is not present in table "${parent.name}".`,
        schema: x.schemaName(child.schemaOid),
        table: child.name,
        constraint: constraint.name,
      },
    );
  }
}

function matches(columns: readonly { columnNumber: number }[], constraint: ConstraintEntry): boolean {
  return (
    columns.length === constraint.referencedColumns.length &&
    columns.every((c) => constraint.referencedColumns.includes(c.columnNumber))
  );
}

/** Without the values, where they are not for the user. */
function shownKey(x: ExecContext, table: RelationEntry, columns: readonly number[], values: readonly Value[]): string {
  if (!mayShow(x, table, columns)) return 'Key';
  const names = columns.map((c) => table.columns[c - 1].name);
  const texts = values.map((v, i) =>
    v === null ? 'null' : outputText(table.columns[columns[i] - 1].typeOid, v, x.functions.format),
  );
  return `Key (${names.join(', ')})=(${texts.join(', ')})`;
}

/** ON DELETE / ON UPDATE of the parent's rows. */
class ReferencedAction implements FollowUp {
  readonly #key: ForeignKey;
  readonly #event: 'delete' | 'update';
  #queue: [Value[], Value[] | null][] = [];
  #next = 0;
  /** NO ACTION: first it is seen whether another parent row has taken the key. */
  #isParentChecked = false;
  /** NO ACTION and RESTRICT: referencing rows that have expired are out of the way. */
  #isChildSwept = false;
  /** SET DEFAULT: the referencing rows have been changed. */
  #isUpdated = false;

  constructor(key: ForeignKey, event: 'delete' | 'update') {
    this.#key = key;
    this.#event = event;
  }

  get hasWork(): boolean {
    return this.#queue.length > 0;
  }

  add(item: unknown): void {
    this.#queue.push(item as [Value[], Value[] | null]);
  }

  get constraint(): ConstraintEntry {
    return this.#key.constraint;
  }

  save(): readonly unknown[] {
    return this.#queue.slice(this.#next);
  }

  restore(items: readonly unknown[]): void {
    this.#queue = [...(items as [Value[], Value[] | null][])];
    this.#next = 0;
  }

  poll(x: ExecContext): boolean {
    while (this.#next < this.#queue.length) {
      const [oldKey, newKey] = this.#queue[this.#next];
      if (!this.#act(x, oldKey, newKey)) return false;
      this.#next++;
      this.#isParentChecked = false;
      this.#isChildSwept = false;
      this.#isUpdated = false;
      if (x.shouldYield(1)) return false;
    }
    this.#queue = [];
    this.#next = 0;
    return true;
  }

  /** False: waits. */
  #act(x: ExecContext, oldKey: Value[], newKey: Value[] | null): boolean {
    const { constraint } = this.#key;
    const action = this.#event === 'delete' ? constraint.onDelete : constraint.onUpdate;
    if (action === 'no action' || action === 'restrict') return this.#refuse(x, action, oldKey);
    const child = `ONLY ${quoteIdentifier(x.schemaName(this.#key.child.schemaOid))}.${quoteIdentifier(this.#key.child.name)}`;
    const where = this.#ofChild();
    const count = constraint.columns.length;
    if (action === 'cascade' && this.#event === 'delete')
      return x.runInternal(`DELETE FROM ${child} WHERE ${where}`, oldKey, 'all') !== null;
    const columns = constraint.columns.map((c) => quoteIdentifier(this.#key.child.columns[c - 1].name));
    if (action === 'cascade') {
      const casts = this.#casts();
      const assignments = columns.map((c, i) => `${c} = $${count + i + 1}${casts[i]}`).join(', ');
      return (
        x.runInternal(
          `UPDATE ${child} SET ${assignments} WHERE ${where}`,
          [...oldKey, ...(newKey as Value[])],
          'all',
        ) !== null
      );
    }
    const value = action === 'set null' ? 'NULL' : 'DEFAULT';
    const assignments = this.#columnsToSet()
      .map((c) => `${quoteIdentifier(this.#key.child.columns[c - 1].name)} = ${value}`)
      .join(', ');
    if (!this.#isUpdated) {
      if (x.runInternal(`UPDATE ${child} SET ${assignments} WHERE ${where}`, oldKey, 'all') === null) return false;
      this.#isUpdated = true;
    }
    // Rows whose default is the very key that went still refer to it.
    return action === 'set null' || this.#refuse(x, 'no action', oldKey);
  }

  /** ON DELETE SET NULL (columns) leaves the others as they are. */
  #columnsToSet(): readonly number[] {
    const { columns, onDeleteColumns = [] } = this.#key.constraint;
    return this.#event === 'delete' && onDeleteColumns.length > 0 ? onDeleteColumns : columns;
  }

  /** Parameters are the referenced columns' values: their type is said where the referencing column's is another. */
  #casts(): readonly string[] {
    return typesOf(this.#key).map((types) => (types === null ? '' : `::${formatType(types.to)}`));
  }

  /** The referencing rows of a key. */
  #ofChild(): string {
    const { child, constraint, collations } = this.#key;
    const casts = this.#casts();
    const terms = constraint.columns.map(
      (c, i) => `${quoteIdentifier(child.columns[c - 1].name)}${collations[i]} = $${i + 1}${casts[i]}`,
    );
    return terms.join(' AND ');
  }

  #ofParent(): string {
    const { parent, constraint } = this.#key;
    const names = constraint.referencedColumns.map((c) => quoteIdentifier(parent.columns[c - 1].name));
    return names.map((name, i) => `${name} = $${i + 1}`).join(' AND ');
  }

  #refuse(x: ExecContext, action: string, oldKey: Value[]): boolean {
    const { constraint, child, parent } = this.#key;
    if (action === 'no action' && !this.#isParentChecked) {
      const table = `ONLY ${quoteIdentifier(x.schemaName(parent.schemaOid))}.${quoteIdentifier(parent.name)} x`;
      const again = x.runInternal(`SELECT 1 FROM ${table} WHERE ${this.#ofParent()} FOR KEY SHARE OF x`, oldKey);
      if (again === null) return false;
      if (again > 0) return true;
      this.#isParentChecked = true;
    }
    const table = `ONLY ${quoteIdentifier(x.schemaName(child.schemaOid))}.${quoteIdentifier(child.name)} x`;
    const where = this.#ofChild();
    if (!this.#isChildSwept && expiryOf(child) !== null) {
      // They do not keep the row, and must not be left without it: ALTER TABLE ... RESET (ttl) would show them again.
      if (x.runInternal(`DELETE FROM ${table} WHERE ${where}`, oldKey, 'expired') === null) return false;
      this.#isChildSwept = true;
    }
    const rows = x.runInternal(`SELECT 1 FROM ${table} WHERE ${where} FOR KEY SHARE OF x`, oldKey);
    if (rows === null) return false;
    if (rows === 0) return true;
    throw sqlError(
      '23503',
      `update or delete on table "${parent.name}" violates foreign key constraint "${constraint.name}" on table "${child.name}"`,
      {
        detail: `${shownKey(x, parent, constraint.referencedColumns, oldKey)} is still referenced from table "${child.name}".`,
        schema: x.schemaName(child.schemaOid),
        table: child.name,
        constraint: constraint.name,
      },
    );
  }
}
