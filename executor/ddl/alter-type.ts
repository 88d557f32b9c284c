/** ALTER TABLE ... ALTER COLUMN ... TYPE. */
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ColumnEntry, IndexEntry, RelationEntry } from '../../catalog/index.ts';
import type { AlterTableCommand } from '../../parser/ast.ts';
import type { Expr } from '../../planner/index.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { formatType, isDeterministic, OID } from '../../types/index.ts';
import { columnCollation } from './collations.ts';
import { tableDependencies } from './columns.ts';
import { validateCheck, validateForeignKey } from './constraints.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { generatedFrom, indexUsesColumn } from './dependencies.ts';
import { bindStored } from './expressions.ts';
import { checkIndexable, refuseNondeterministic } from './indexes.ts';
import { columnOrThrow } from './resolve.ts';
import { overNewHeap, rewrite } from './rewrite.ts';
import { checkExpiringType } from './row-expiry.ts';
import { statisticsAfterType, statisticsUsingColumn } from './statistics.ts';
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

function refuseDependents(x: DdlContext, table: RelationEntry, column: ColumnEntry): void {
  for (const oid of x.catalog.dependentsOf(table.oid)) {
    const view = x.catalog.relation(oid);
    const uses = view?.dependsOnColumns?.some(
      (use) => use.relationOid === table.oid && use.columnNumber === column.number,
    );
    if (view === undefined || uses !== true) continue;
    throw sqlError('0A000', 'cannot alter type of a column used by a view or rule', {
      detail: `rule _RETURN on ${view.kind === 'view' ? 'view' : 'materialized view'} ${view.name} depends on column "${column.name}"`,
    });
  }
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

export function* alterColumnType(x: DdlContext, table: RelationEntry, command: AlterType): DdlSteps<void> {
  const column = columnOrThrow(table, command.column);
  const type = nowWithoutPlace(() => resolveType(x, command.type));
  checkStorable(x, column.name, type.typeOid);
  checkExpiringType(table, column, type.typeOid);
  refuseMembership(type.typeOid, table.rowTypeOid);
  refuseKeptRows(x, table);
  const collationOid = columnCollation(x, type.typeOid, command.collation);
  if (column.generated && command.using !== null) {
    throw sqlError('42P16', `cannot specify USING when altering type of generated column`, {
      detail: `Column "${column.name}" is a generated column.`,
    });
  }
  refuseDependents(x, table, column);
  const excluding = x.catalog
    .indexesOf(table.oid)
    .find((index) => index.exclusion !== undefined && indexUsesColumn(x, index, column.number));
  if (excluding !== undefined && type.typeOid !== column.typeOid) {
    throw sqlError(
      '0A000',
      `cannot alter type of column "${column.name}" because exclusion constraint "${excluding.name}" uses it`,
      {
        hint: 'Drop the constraint, and add it again afterwards.',
      },
    );
  }
  const isKept = keepsValues(column, type) && command.using === null;
  const converted = isKept || column.generated ? null : conversion(x, table, column, type, command.using);
  checkDefault(x, column, type);
  const indexes = x.catalog.indexesOf(table.oid).filter((index) => indexUsesColumn(x, index, column.number));
  for (const index of indexes) {
    if (index.columns.some((part) => part.columnNumber === column.number)) checkIndexable(type.typeOid, index.method);
  }
  const statistics = statisticsUsingColumn(x, table.oid, column.number);
  const { collationOid: _, ...bare } = column;
  const changed: ColumnEntry = { ...bare, ...type, ...(collationOid === undefined ? {} : { collationOid }) };
  if (!isDeterministic(collationOid ?? 0)) {
    for (const index of indexes) if (index.unique) refuseNondeterministic(x, collationOid as number);
  }
  const columns = table.columns.map((old) => (old === column ? changed : old));
  const after: RelationEntry = { ...table, columns, dependsOn: tableDependencies(x, columns) };
  for (const index of indexes) checkIndexAgain(x, after, index);
  if (isKept) {
    x.putEntry(after);
  } else {
    const target = { ...type, columnName: column.name };
    const expr = converted ?? bindStored(x, column.defaultText as string, table, 'generated', target);
    const values = columns.map((each) => (each === changed ? expr : null));
    yield* rewrite(x, table, overNewHeap(x, after), values);
  }
  statisticsAfterType(x, x.catalog.relation(table.oid) as RelationEntry, statistics);
  yield* checkConstraintsAgain(x, table.oid, column.number);
  changeSequenceType(x, column, type);
}

/** An index's expressions must make sense with the new type. */
function checkIndexAgain(x: DdlContext, table: RelationEntry, index: IndexEntry): void {
  for (const { expressionText } of index.columns) {
    if (expressionText !== null) bindStored(x, expressionText, table, 'index expression');
  }
  if (index.predicateText !== null) bindStored(x, index.predicateText, table, 'index predicate');
}

/** Expressions must make sense with the new type, and hold. */
function* checkConstraintsAgain(x: DdlContext, tableOid: number, columnNumber: number): DdlSteps<void> {
  const table = x.catalog.relation(tableOid) as RelationEntry;
  for (const constraint of x.catalog.constraintsOf(tableOid)) {
    if (!constraint.columns.includes(columnNumber)) continue;
    if (constraint.type === 'check') {
      bindStored(x, constraint.checkText as string, table, 'check', { typeOid: OID.BOOL, typeModifier: -1 });
      if (constraint.validated) yield* validateCheck(x, table, constraint);
    } else if (constraint.type === 'foreign key' && constraint.validated) {
      yield* validateForeignKey(x, table, constraint);
    }
  }
  for (const constraint of x.catalog.constraintsReferencing(tableOid)) {
    if (constraint.tableOid === tableOid || !constraint.referencedColumns.includes(columnNumber)) continue;
    const referencing = x.catalog.relation(constraint.tableOid) as RelationEntry;
    if (constraint.validated) yield* validateForeignKey(x, referencing, constraint);
  }
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
