/** ALTER TABLE ... ALTER COLUMN ... TYPE. */
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ColumnEntry, IndexEntry, RelationEntry } from '../../catalog/index.ts';
import { looseKeyCollation } from '../../catalog/loose-keys.ts';
import type { AlterTableCommand } from '../../parser/ast.ts';
import type { Expr } from '../../planner/index.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { formatType, OID } from '../../types/index.ts';
import { columnCollation } from './collations.ts';
import { tableDependencies } from './columns.ts';
import { checkComparable, validateCheck, validateForeignKey } from './constraints.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { generatedFrom, indexUsesColumn, viewsOfColumn } from './dependencies.ts';
import { describe, reference } from './describe.ts';
import { bindStored } from './expressions.ts';
import { checkKeyType, ownCollation } from './indexes.ts';
import { policiesOfColumn } from './policies.ts';
import { columnOrThrow } from './resolve.ts';
import { overNewHeap, rewrite } from './rewrite.ts';
import { checkExpiringType } from './row-expiry.ts';
import { statisticsAfterType, statisticsUsingColumn } from './statistics.ts';
import { storedText } from './stored-text.ts';
import { refuseKeptRows, refuseMembership } from './type-holders.ts';
import { checkStorable, type ResolvedType, resolveType } from './type-names.ts';
import { nowWithoutPlace } from './without-place.ts';

type AlterType = Extract<AlterTableCommand, { kind: 'alterColumnType' }>;

/** Values stay as they are: only the limit of a text's length goes up, or falls away. */
function keepsValues(column: ColumnEntry, type: ResolvedType): boolean {
  if (column.typeOid === type.typeOid && column.typeModifier === type.typeModifier) return true;
  const isText = (oid: number): boolean => oid === OID.TEXT || oid === OID.VARCHAR;
  if (!isText(column.typeOid) || !isText(type.typeOid)) return false;
  return type.typeModifier === -1 || (column.typeModifier !== -1 && type.typeModifier >= column.typeModifier);
}

/** The type of a column, or attribute, that views name stays. */
export function refuseViews(x: DdlContext, relationOid: number, columnNumber: number, name: string): void {
  const [view] = viewsOfColumn(x, relationOid, columnNumber);
  if (view === undefined) return;
  throw sqlError('0A000', 'cannot alter type of a column used by a view or rule', {
    detail: `rule _RETURN on ${view.kind === 'view' ? 'view' : 'materialized view'} ${view.name} depends on column "${name}"`,
  });
}

/** Views and policies that name the column: the oldest is told of. */
function refuseFirst(x: DdlContext, table: RelationEntry, column: ColumnEntry): void {
  const [policy] = policiesOfColumn(x, table.oid, column.number);
  const [view] = viewsOfColumn(x, table.oid, column.number);
  if (policy === undefined || (view !== undefined && view.oid < policy.oid)) {
    refuseViews(x, table.oid, column.number, column.name);
    return;
  }
  throw sqlError('0A000', 'cannot alter type of a column used in a policy definition', {
    detail: `${describe(x, reference('policy', policy.oid))} depends on column "${column.name}"`,
  });
}

function refuseDependents(x: DdlContext, table: RelationEntry, column: ColumnEntry): void {
  refuseFirst(x, table, column);
  for (const generated of generatedFrom(x, table, column.number)) {
    if (generated.number === column.number) continue;
    throw sqlError('0A000', 'cannot alter type of a column used by a generated column', {
      detail: `Column "${column.name}" is used by generated column "${generated.name}".`,
    });
  }
}

function conversion(
  x: DdlContext,
  table: RelationEntry,
  column: ColumnEntry,
  type: ResolvedType,
  using: AlterType['using'],
): Expr {
  const target = { ...type, columnName: column.name };
  if (using !== null) {
    try {
      return x.bind(using, table, 'alter using', target);
    } catch (error) {
      if (
        !(error instanceof SqlError) ||
        error.code !== '42804' ||
        !error.message.startsWith(`column "${column.name}"`)
      ) {
        throw error;
      }
      throw sqlError(
        '42804',
        `result of USING clause for column "${column.name}" cannot be cast automatically to type ${formatType(type.typeOid)}`,
        { hint: 'You might need to add an explicit cast.' },
      );
    }
  }
  try {
    return x.bind(x.parseExpression(quoteIdentifier(column.name)), table, 'alter using', target);
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== '42804') throw error;
    const shown = formatType(type.typeOid, type.typeModifier);
    throw sqlError(
      '42804',
      `column "${column.name}" cannot be cast automatically to type ${formatType(type.typeOid)}`,
      {
        hint: `You might need to specify "USING ${quoteIdentifier(column.name)}::${shown}".`,
      },
    );
  }
}

function checkDefault(x: DdlContext, column: ColumnEntry, type: ResolvedType): void {
  if (column.defaultText === null || column.generated) return;
  try {
    x.bind(x.parseExpression(column.defaultText), null, 'default', { ...type, columnName: column.name });
  } catch (error) {
    if (!(error instanceof SqlError) || (error.code !== '42804' && error.code !== '42846')) throw error;
    throw sqlError(
      '42804',
      `default for column "${column.name}" cannot be cast automatically to type ${formatType(type.typeOid)}`,
    );
  }
}

/** One ALTER COLUMN ... TYPE, understood over the table as it was before the statement. */
interface TypeChange {
  readonly name: string;
  readonly columnNumber: number;
  readonly type: ResolvedType;
  readonly collationOid: number | undefined;
  /** Of a row's old values; null: the value stays, or is generated. */
  readonly converted: Expr | null;
}

/** What USING names are the columns before anything else that the statement does. */
export function understoodTypeChange(x: DdlContext, table: RelationEntry, command: AlterType): TypeChange {
  const column = columnOrThrow(table, command.column);
  const type = nowWithoutPlace(() => resolveType(x, command.type));
  checkStorable(x, column.name, type.typeOid);
  refuseMembership(type.typeOid, table.rowTypeOid);
  if (column.generated && command.using !== null) {
    throw sqlError('42P16', `cannot specify USING when altering type of generated column`, {
      detail: `Column "${column.name}" is a generated column.`,
    });
  }
  const isKept = keepsValues(column, type) && command.using === null;
  return {
    name: column.name,
    columnNumber: column.number,
    type,
    collationOid: columnCollation(x, type.typeOid, command.collation),
    converted: isKept || column.generated ? null : conversion(x, table, column, type, command.using),
  };
}

/** All of a statement at once, so that each row is converted from its old values. */
export function* alterColumnTypes(x: DdlContext, table: RelationEntry, changes: readonly TypeChange[]): DdlSteps<void> {
  const numbers = changes.map(({ columnNumber }) => columnNumber);
  const again = numbers.find((number, i) => numbers.indexOf(number) < i);
  if (again !== undefined) {
    throw sqlError('0A000', `cannot alter type of column "${table.columns[again - 1].name}" twice`);
  }
  let after = table;
  const values: (Expr | null)[] = table.columns.map(() => null);
  const statistics = changes.map((change) => {
    after = withType(x, after, change, values);
    return statisticsUsingColumn(x, table.oid, change.columnNumber);
  });
  refuseKeptRows(x, table);
  after = { ...after, dependsOn: tableDependencies(x, after.columns) };
  let haveKeysChanged = false;
  const indexes: IndexEntry[] = [];
  for (const index of x.catalog.indexesOf(table.oid)) {
    if (!numbers.some((number) => indexUsesColumn(x, index, number))) continue;
    const changed = understoodIndex(x, after, index);
    haveKeysChanged ||= index.columns.some(
      (_, i) => looseKeyCollation(x.catalog, table, index, i) !== looseKeyCollation(x.catalog, after, changed, i),
    );
    indexes.push(changed);
  }
  if (haveKeysChanged || values.some((value) => value !== null)) {
    // The old rows' table has these indexes too, and their texts must hold for it.
    for (const index of indexes) x.putEntry(withTextsOf(x, index));
    yield* rewrite(x, table, overNewHeap(x, after), values);
  } else x.putEntry(after);
  for (const index of indexes) x.putEntry(index);
  for (const each of statistics) statisticsAfterType(x, x.catalog.relation(table.oid) as RelationEntry, each);
  yield* checkConstraintsAgain(x, table.oid, numbers);
  for (const { columnNumber, type } of changes) changeSequenceType(x, table.columns[columnNumber - 1], type);
}

/** The index with the texts that it has so far. */
function withTextsOf(x: DdlContext, index: IndexEntry): IndexEntry {
  const { columns, predicateText } = x.catalog.index(index.oid) as IndexEntry;
  const texts = columns.map(({ expressionText }) => expressionText);
  return { ...index, predicateText, columns: index.columns.map((key, i) => ({ ...key, expressionText: texts[i] })) };
}

/** The table with the new type; the value that it takes goes into `values`. */
function withType(
  x: DdlContext,
  table: RelationEntry,
  { name, columnNumber, type, collationOid, converted }: TypeChange,
  values: (Expr | null)[],
): RelationEntry {
  const column = table.columns[columnNumber - 1];
  if (column.dropped) throw sqlError('42703', `column "${name}" of relation "${table.name}" does not exist`);
  checkExpiringType(table, column, type.typeOid);
  refuseDependents(x, table, column);
  refuseExcluding(x, table, column, type);
  checkDefault(x, column, type);
  const indexes = x.catalog.indexesOf(table.oid).filter((index) => indexUsesColumn(x, index, columnNumber));
  for (const index of indexes) {
    for (const { columnNumber: number, operatorClass } of index.columns) {
      if (number === columnNumber) checkKeyType(x, type.typeOid, index.method, operatorClass);
    }
  }
  if (column.generated && !keepsValues(column, type)) {
    const target = { ...type, columnName: column.name };
    values[columnNumber - 1] = bindStored(x, column.defaultText as string, table, 'generated', target);
  } else values[columnNumber - 1] = converted;
  const { collationOid: _, ...bare } = column;
  const changed: ColumnEntry = { ...bare, ...type, ...(collationOid === undefined ? {} : { collationOid }) };
  return { ...table, columns: table.columns.map((old) => (old === column ? changed : old)) };
}

function refuseExcluding(x: DdlContext, table: RelationEntry, column: ColumnEntry, type: ResolvedType): void {
  if (type.typeOid === column.typeOid) return;
  const excluding = x.catalog
    .indexesOf(table.oid)
    .find((index) => index.exclusion !== undefined && indexUsesColumn(x, index, column.number));
  if (excluding === undefined) return;
  throw sqlError(
    '0A000',
    `cannot alter type of column "${column.name}" because exclusion constraint "${excluding.name}" uses it`,
    { hint: 'Drop the constraint, and add it again afterwards.' },
  );
}

/** An index's expressions must make sense with the new type, and have the collations that follow from it. */
function understoodIndex(x: DdlContext, table: RelationEntry, index: IndexEntry): IndexEntry {
  const predicateText =
    index.predicateText === null ? null : understoodCondition(x, table, index.predicateText, 'index predicate');
  const columns = index.columns.map((column) => {
    if (column.expressionText === null) return column;
    const bound = bindStored(x, column.expressionText, table, 'index expression');
    const { typeOid, typeModifier } = bound;
    const { ownCollationOid: _, ...bare } = column;
    const expressionText = storedText(x, x.parseExpression(column.expressionText), bound, table, 'index expression');
    const result = { name: column.result?.name ?? 'expr', typeOid, typeModifier };
    const own = x.collationOf(x.parseExpression(column.expressionText), table, 'index expression');
    return { ...bare, ...ownCollation(own), expressionText, result };
  });
  return { ...index, columns, predicateText };
}

/** Expressions must make sense with the new type, and hold. */
function* checkConstraintsAgain(x: DdlContext, tableOid: number, numbers: readonly number[]): DdlSteps<void> {
  const uses = (columns: readonly number[]): boolean => columns.some((number) => numbers.includes(number));
  const table = x.catalog.relation(tableOid) as RelationEntry;
  for (const constraint of x.catalog.constraintsOf(tableOid)) {
    if (!uses(constraint.columns)) continue;
    if (constraint.type === 'check') {
      const changed = {
        ...constraint,
        checkText: understoodCondition(x, table, constraint.checkText as string, 'check'),
      };
      x.putEntry(changed);
      if (constraint.validated) yield* validateCheck(x, table, changed);
    } else if (constraint.type === 'foreign key') {
      checkComparable(table, x.catalog.relation(constraint.referencedTableOid) as RelationEntry, constraint);
      if (constraint.validated) yield* validateForeignKey(x, table, constraint);
    }
  }
  for (const constraint of x.catalog.constraintsReferencing(tableOid)) {
    if (constraint.tableOid === tableOid || !uses(constraint.referencedColumns)) continue;
    const referencing = x.catalog.relation(constraint.tableOid) as RelationEntry;
    checkComparable(referencing, table, constraint);
    if (constraint.validated) yield* validateForeignKey(x, referencing, constraint);
  }
}

/** A kept condition with the casts that the columns' types imply now. */
function understoodCondition(
  x: DdlContext,
  table: RelationEntry,
  text: string,
  use: 'check' | 'index predicate',
): string {
  const target = { typeOid: OID.BOOL, typeModifier: -1 };
  const bound = bindStored(x, text, table, use, target);
  return storedText(x, x.parseExpression(text), bound, table, use, target);
}

/** An identity column's sequence follows its type. */
function changeSequenceType(x: DdlContext, column: ColumnEntry, type: ResolvedType): void {
  if (column.identity === null) return;
  const sequence = x.catalog.sequence(column.sequenceOid);
  if (sequence === undefined || sequence.typeOid === type.typeOid) return;
  const limits: Readonly<Record<number, string>> = {
    [OID.INT2]: '32767',
    [OID.INT4]: '2147483647',
    [OID.INT8]: '9223372036854775807',
  };
  if (!(type.typeOid in limits)) throw sqlError('22023', 'identity column type must be smallint, integer, or bigint');
  const wasLimit = sequence.maximum === limits[sequence.typeOid];
  x.putEntry({ ...sequence, typeOid: type.typeOid, maximum: wasLimit ? limits[type.typeOid] : sequence.maximum });
}
