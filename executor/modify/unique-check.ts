/**
 * Uniqueness: who else has a key.
 *
 * A unique index refuses a second live row at once; one behind a DEFERRABLE constraint only remembers the row, and looks again at
 * the end of the statement (or of the transaction), when rows may have made way.
 */

import { Catalog } from '../../catalog/catalog.ts';
import type { ConstraintEntry, RelationEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { shownText } from '../../catalog/kept-types.ts';
import { indexExpression } from '../../catalog/pg-catalog/definitions.ts';
import {
  CURSOR_END,
  cursorOf,
  type IndexCursor,
  IndexKey,
  ROW_DELETED,
  ROW_IN_PROGRESS,
  ROW_LIVE_OWN,
  type RowId,
} from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { outputText } from '../../types/index.ts';
import type { ExecContext, FollowUp } from '../context.ts';
import { type IndexRuntime, KEY_HAS_NULL, KEY_NOT_INDEXED } from '../index-runtime.ts';
import { NO_COLUMNS } from '../row/row-reader.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { CONFLICT_UNDECIDED, NO_CONFLICT } from './conflict-answers.ts';
import { type Exclusion, ExclusionFinder } from './exclusion.ts';
import { mayShow } from './shown-values.ts';

export { CONFLICT_UNDECIDED, NO_CONFLICT } from './conflict-answers.ts';

/** Who looks for rows that keep a new one out: by its key, or by an exclusion constraint's operators. */
export function finderOf(table: TableRuntime, index: IndexRuntime): ConflictFinder | ExclusionFinder {
  return index.exclusion === null ? new ConflictFinder(table, index) : new ExclusionFinder(table, index);
}

/** Looks through one unique index for live rows with a key. */
class ConflictFinder {
  readonly #table: TableRuntime;
  readonly #index: IndexRuntime;
  /** Made when it is first asked: most updates change no key. */
  #cursor: IndexCursor | null = null;
  readonly #found = new IndexKey();

  constructor(table: TableRuntime, index: IndexRuntime) {
    this.#table = table;
    this.#index = index;
  }

  /** Row id of a live row, other than `self`, with the key of `values`; or NO_CONFLICT or CONFLICT_UNDECIDED. */
  find(x: ExecContext, key: IndexKey, values: readonly Value[], self: RowId | -1): RowId | -1 | -2 {
    const { heap } = this.#table;
    const index = this.#index;
    this.#cursor ??= cursorOf(index.dictionary);
    const cursor = this.#cursor;
    cursor.setKey(key);
    for (let rowId = cursor.next(); rowId !== CURSOR_END; rowId = cursor.next()) {
      if (rowId === self) continue;
      const liveness = heap.liveness(rowId, x.transaction);
      if (liveness === ROW_DELETED) continue;
      if (liveness === ROW_IN_PROGRESS) return CONFLICT_UNDECIDED;
      const base = heap.newest(rowId);
      if (base < 0 || index.keyFromRow(x, base, this.#found) === KEY_NOT_INDEXED) continue;
      if (!key.equals(this.#found)) continue;
      if (index.dictionary.isLossy && !this.#isSameNumber(base, values)) continue;
      if (index.loose.length > 0 && !index.isSame(x, this.#keyRow(base), values)) continue;
      return rowId;
    }
    return NO_CONFLICT;
  }

  #keyRow(base: number): readonly Value[] {
    return this.#table.readValues(base, [], new Set(this.#index.dependsOn));
  }

  /** Number keys beyond 2^53 are rounded: compares the values themselves. */
  #isSameNumber(base: number, values: readonly Value[]): boolean {
    const column = this.#index.keyColumns[0];
    return this.#table.readValues(base, [], NO_COLUMNS)[column] === values[column];
  }
}

/** The keys as pg_get_indexdef prints each of them, in its pretty form. */
function keyNames(x: ExecContext, table: RelationEntry, index: IndexRuntime): string[] {
  return index.entry.columns.map((column) =>
    column.columnNumber > 0
      ? quoteIdentifier(table.columns[column.columnNumber - 1].name)
      : indexExpression(shownExpression(x, column.expressionText ?? ''), true),
  );
}

/** A kept text under the names that its types and functions have. */
function shownExpression({ functions }: ExecContext, text: string): string {
  return functions.catalog instanceof Catalog
    ? shownText(functions.catalog, text, functions.searchPath(true), functions.format)
    : text;
}

/** "Key (a, lower(b))=(1, x)" of a row, as details of errors show it. */
export function describeIndexKey(
  x: ExecContext,
  table: RelationEntry,
  index: IndexRuntime,
  values: readonly Value[],
): string {
  const names = keyNames(x, table, index);
  const keys = index.keyValues(x, values);
  const texts = keys.map((value, i) =>
    value === null ? 'null' : outputText(index.shown[i].typeOid, value, x.functions.format),
  );
  return `Key (${names.join(', ')})=(${texts.join(', ')})`;
}

/** 23505 for a row. */
export function uniqueViolation(
  x: ExecContext,
  table: RelationEntry,
  index: IndexRuntime,
  values: readonly Value[],
): Error {
  const numbers = index.entry.columns.map((column) => column.columnNumber);
  return sqlError('23505', `duplicate key value violates unique constraint "${index.entry.name}"`, {
    ...(mayShow(x, table, numbers) ? { detail: `${describeIndexKey(x, table, index, values)} already exists.` } : {}),
    schema: x.schemaName(table.schemaOid),
    table: table.name,
    constraint: index.entry.name,
  });
}

/** "Key (room, during)=(1, [1,3))" of a row's elements. */
function describeElements(x: ExecContext, table: RelationEntry, index: IndexRuntime, row: readonly Value[]): string {
  const exclusion = index.exclusion as Exclusion;
  const names = keyNames(x, table, index);
  const texts = exclusion
    .values(x, row)
    .map((value, i) =>
      value === null ? 'null' : outputText(exclusion.elements[i].typeOid, value, x.functions.format),
    );
  return `(${names.join(', ')})=(${texts.join(', ')})`;
}

/** 23P01 for a row and the one that excludes it. `isBuilding`: both were there before the constraint. */
export function exclusionViolation(
  x: ExecContext,
  table: TableRuntime,
  index: IndexRuntime,
  values: readonly Value[],
  other: RowId,
  isBuilding = false,
): Error {
  const { entry } = table;
  const { name } = index.entry;
  const row = table.readValues(table.heap.newest(other), []);
  // Of two that were there before, the one that stands first is told of first.
  const [key, existing] = (isBuilding ? [row, values] : [values, row]).map((each) =>
    describeElements(x, entry, index, each),
  );
  const message = isBuilding
    ? `could not create exclusion constraint "${name}"`
    : `conflicting key value violates exclusion constraint "${name}"`;
  return sqlError('23P01', message, {
    detail: `Key ${key} conflicts with ${isBuilding ? '' : 'existing '}key ${existing}.`,
    schema: x.schemaName(entry.schemaOid),
    table: entry.name,
    constraint: name,
  });
}

/** Remembers a row that had company under its key. */
export function queueUniqueCheck(x: ExecContext, table: TableRuntime, index: IndexRuntime, rowId: RowId): void {
  const constraint = index.deferrableConstraint;
  if (constraint === null) return;
  x.queueFollowUp(
    `unique ${constraint.oid}`,
    constraint,
    () => new DeferredUniqueCheck(constraint, table.entry.oid, index.entry.oid),
  ).add(rowId);
}

/** Looks again at rows whose keys others had, too. */
class DeferredUniqueCheck implements FollowUp {
  readonly constraint: ConstraintEntry;
  readonly #tableOid: number;
  readonly #indexOid: number;
  #rows: RowId[] = [];
  readonly #key = new IndexKey();

  constructor(constraint: ConstraintEntry, tableOid: number, indexOid: number) {
    this.constraint = constraint;
    this.#tableOid = tableOid;
    this.#indexOid = indexOid;
  }

  get hasWork(): boolean {
    return this.#rows.length > 0;
  }

  add(item: unknown): void {
    this.#rows.push(item as RowId);
  }

  save(): readonly unknown[] {
    return [...this.#rows];
  }

  restore(items: readonly unknown[]): void {
    this.#rows = [...(items as RowId[])];
  }

  poll(x: ExecContext): boolean {
    const table = x.tableByOid(this.#tableOid);
    const index = table.indexes.find((i) => i.entry.oid === this.#indexOid);
    if (index === undefined) {
      this.#rows.length = 0;
      return true;
    }
    const finder = finderOf(table, index);
    while (this.#rows.length > 0) {
      if (!this.#check(x, table, index, finder, this.#rows[this.#rows.length - 1])) return false;
      this.#rows.pop();
      if (x.shouldYield(1)) return false;
    }
    return true;
  }

  /** False: waits. */
  #check(
    x: ExecContext,
    table: TableRuntime,
    index: IndexRuntime,
    finder: ConflictFinder | ExclusionFinder,
    rowId: RowId,
  ): boolean {
    const { heap } = table;
    if (heap.liveness(rowId, x.transaction) !== ROW_LIVE_OWN) return true;
    const base = heap.newest(rowId);
    if (base < 0) return true;
    const answer = index.keyFromRow(x, base, this.#key);
    if (answer === KEY_NOT_INDEXED || (answer === KEY_HAS_NULL && !index.entry.nullsNotDistinct)) return true;
    const values = table.readValues(base, [], new Set(index.dependsOn));
    const found = finder.find(x, this.#key, values, rowId);
    if (found === NO_CONFLICT) return true;
    if (found === CONFLICT_UNDECIDED) {
      x.waitForTransaction(heap.blocker);
      return false;
    }
    if (index.exclusion !== null) throw exclusionViolation(x, table, index, values, found);
    throw uniqueViolation(x, table.entry, index, values);
  }
}
