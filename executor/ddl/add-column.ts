/** ALTER TABLE ... ADD COLUMN: the column, what rows that are there get for it, its constraints. */
import type { ColumnEntry, RelationEntry } from '../../catalog/index.ts';
import type { ColumnDefinition } from '../../parser/ast.ts';
import type { Expr } from '../../planner/index.ts';
import { sqlError } from '../../types/errors.ts';
import { DEFAULT_FORMAT, outputText } from '../../types/index.ts';
import { domainEntry } from '../domains.ts';
import { bareColumn, type ColumnSpec, columnSpec, tableDependencies } from './columns.ts';
import {
  addCheck,
  addForeignKey,
  addKey,
  checkNoNulls,
  current,
  validateCheck,
  validateForeignKey,
} from './constraints.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { COLUMNS_MAX, columnWithDefault } from './create-table.ts';
import { volatilityOf } from './expressions.ts';
import { fillKeptRows, rebuildKeysOfRows } from './kept-rows.ts';
import { findColumn } from './resolve.ts';
import { overNewHeap, rewrite } from './rewrite.ts';
import { nextvalText } from './sequences.ts';
import { refuseKeptRows, refuseMembership } from './type-holders.ts';
import { changedViews, putViews } from './views.ts';
import { withoutPlace } from './without-place.ts';

const LAYOUT_MAX = 255;

export function* addColumn(
  x: DdlContext,
  table: RelationEntry,
  definition: ColumnDefinition,
  ifNotExists: boolean,
): DdlSteps<void> {
  if (findColumn(table, definition.name) !== undefined) {
    const message = `column "${definition.name}" of relation "${table.name}" already exists`;
    if (!ifNotExists) throw sqlError('42701', message);
    x.notice('NOTICE', '42701', `${message}, skipping`);
    return;
  }
  if (table.columns.length >= COLUMNS_MAX) {
    throw sqlError('54011', `tables can have at most ${COLUMNS_MAX} columns`);
  }
  yield* withoutPlace(addAsSpecified(x, table, columnSpec(x, table.name, definition)));
}

function* addAsSpecified(x: DdlContext, table: RelationEntry, spec: ColumnSpec): DdlSteps<void> {
  const bare = bareColumn(spec, table.columns.length + 1, table.layout + 1);
  const withBare: RelationEntry = { ...table, columns: [...table.columns, bare] };
  const column = columnWithDefault(x, withBare, bare, spec);
  if (table.rowTypeOid !== undefined) yield* fillKeptRows(x, table.rowTypeOid);
  yield* putNewColumn(x, table, column);
  if (table.rowTypeOid !== undefined) yield* rebuildKeysOfRows(x, table.rowTypeOid);
  putViews(x, changedViews(x, { kind: 'added', relationOid: table.oid, columnNumber: column.number }));
  const now = (): RelationEntry => current(x, table);
  if (spec.notNull && column.defaultText === null && column.identity === null) yield* checkNoNulls(x, now(), [column]);
  for (const constraint of spec.keys) yield* addKey(x, now(), { ...constraint, columns: [spec.name] }, false);
  for (const constraint of spec.checks) {
    const entry = addCheck(x, now(), { ...constraint, notValid: false });
    yield* validateCheck(x, now(), entry);
  }
  for (const constraint of spec.foreignKeys) {
    const entry = yield* addForeignKey(x, now(), { ...constraint, columns: [spec.name], notValid: false });
    yield* validateForeignKey(x, now(), entry);
  }
}

/** What existing rows get: nothing to do, one value that is kept with the column, or a computed one for each. */
function* putNewColumn(x: DdlContext, table: RelationEntry, column: ColumnEntry): DdlSteps<void> {
  const after = (added: ColumnEntry, layout: number): RelationEntry => {
    const columns = [...table.columns, added];
    return { ...table, columns, layout, dependsOn: tableDependencies(x, columns) };
  };
  refuseMembership(column.typeOid, table.rowTypeOid);
  const fill = fillExpression(x, table, column);
  if (fill !== null) refuseKeptRows(x, table);
  const layout = table.layout + 1;
  if (layout <= LAYOUT_MAX) {
    if (fill === null || x.isEmpty(table)) {
      x.putEntry(after(column, layout));
      return;
    }
    if (!column.generated && volatilityOf(fill) !== 'volatile') {
      const value = x.evaluate(fill);
      const missingText = value === null ? null : outputText(column.typeOid, value, DEFAULT_FORMAT);
      x.putEntry(after({ ...column, missingText }, layout));
      return;
    }
  }
  const values = [...table.columns.map(() => null), fill ?? x.bind(x.parseExpression('NULL'), null, 'default', column)];
  yield* rewrite(x, table, overNewHeap(x, after(column, 0)), values);
}

/** The value of the new column for a row that is there already, or null for NULL. */
function fillExpression(x: DdlContext, table: RelationEntry, column: ColumnEntry): Expr | null {
  const target = { typeOid: column.typeOid, typeModifier: column.typeModifier, columnName: column.name };
  if (column.identity !== null) {
    const sequence = x.catalog.sequence(column.sequenceOid);
    if (sequence === undefined) return null;
    const text = nextvalText(x.catalog.schemaName(sequence.schemaOid), sequence.name);
    return x.bind(x.parseExpression(text), null, 'default', target);
  }
  // A domain has a default of its own, and may refuse NULL.
  const ofDomain = domainEntry(x.catalog, column.typeOid);
  const text = column.defaultText ?? (ofDomain === undefined ? null : (ofDomain.defaultText ?? 'NULL'));
  if (text === null) return null;
  const expression = x.parseExpression(text);
  return column.generated
    ? x.bind(expression, table, 'generated', target)
    : x.bind(expression, null, 'default', target);
}
