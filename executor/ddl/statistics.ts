/** CREATE STATISTICS, ALTER STATISTICS, ALTER COLUMN ... SET STATISTICS. After: PostgreSQL, commands/statscmds.c. */

import type {
  IndexEntry,
  SchemaEntry,
  StatisticsEntry,
  StatisticsExpression,
  StatisticsKind,
} from '../../catalog/entries.ts';
import type { ColumnEntry, RelationEntry } from '../../catalog/index.ts';
import type {
  AlterStatisticsStatement,
  CreateStatisticsStatement,
  Expression,
  QualifiedName,
} from '../../parser/ast.ts';
import type { Expr } from '../../planner/index.ts';
import { SHARE_UPDATE_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType } from '../../types/index.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { bindStored, usedColumns, walkExpr } from './expressions.ts';
import { hasOrder } from './indexes.ts';
import {
  checkOwner,
  checkRelationOwner,
  findAndLock,
  findColumn,
  isSystemColumn,
  newObjectName,
  refuseSystem,
  relationMissing,
} from './resolve.ts';
import { storedText } from './stored-text.ts';

const COLUMNS_MAX = 8;
const TARGET_MAX = 10_000;
const KINDS: Readonly<Record<string, StatisticsKind>> = { ndistinct: 'd', dependencies: 'f', mcv: 'm' };

/** By name, in the schema given or along the search path. */
export function findStatistics(x: DdlContext, names: QualifiedName): StatisticsEntry | undefined {
  const name = names[names.length - 1];
  // Nothing in the temporary schema is found without its name.
  const schemas =
    names.length > 1 ? [names[names.length - 2]] : x.searchPath.filter((each) => !each.startsWith('pg_temp_'));
  for (const schemaName of schemas) {
    const schema = x.catalog.schemaOfPath(schemaName, x.searchPath);
    if (schema === undefined) continue;
    for (const entry of x.catalog.statisticsObjects())
      if (entry.schemaOid === schema.oid && entry.name === name) return entry;
  }
  return undefined;
}

/** 42704; 42501 unless the user owns it. */
export function ownedStatistics(x: DdlContext, names: QualifiedName): StatisticsEntry {
  const found = findStatistics(x, names);
  if (found === undefined) throw sqlError('42704', `statistics object "${names.join('.')}" does not exist`);
  checkOwner(x, found.owner, `statistics object ${found.name}`);
  return found;
}

/** 42710 where the schema has one of this name. */
export function checkStatisticsName(x: DdlContext, schema: SchemaEntry, name: string): void {
  for (const entry of x.catalog.statisticsObjects()) {
    if (entry.schemaOid !== schema.oid || entry.name !== name) continue;
    throw sqlError('42710', `statistics object "${name}" already exists in schema "${schema.name}"`);
  }
}

export function renameStatistics(x: DdlContext, names: QualifiedName, newName: string): void {
  const found = ownedStatistics(x, names);
  checkStatisticsName(x, x.catalog.schema(found.schemaOid) as SchemaEntry, newName);
  x.putEntry({ ...found, name: newName });
}

function tableOf({ from }: CreateStatisticsStatement): QualifiedName {
  const [item] = from;
  if (item.kind === 'table' && item.sample === null) return item.name;
  throw sqlError('0A000', 'CREATE STATISTICS only supports relation names in the FROM clause');
}

function unsupported(name: string, kind: string): Error {
  return sqlError('42809', `cannot define statistics for relation "${name}"`, {
    detail: `This operation is not supported for ${kind}.`,
  });
}

export function* createStatistics(x: DdlContext, statement: CreateStatisticsStatement): DdlSteps<DdlResult> {
  const tag = 'CREATE STATISTICS';
  const table = tableOf(statement);
  const found = yield* findAndLock(x, table, SHARE_UPDATE_EXCLUSIVE);
  if (found === undefined) {
    const missing = relationMissing(x, table);
    throw missing.code === '42P01' ? missing : unsupported(table.at(-1) as string, 'composite types');
  }
  if (statement.from.length > 1) throw sqlError('0A000', 'only a single relation is allowed in CREATE STATISTICS');
  if (found.class !== 'relation' || found.kind === 'view') {
    const kind = found.class === 'relation' ? 'views' : found.class === 'index' ? 'indexes' : 'sequences';
    throw unsupported(found.name, kind);
  }
  refuseSystem(found);
  checkRelationOwner(x, found);
  const { schema, name } = newObjectName(x, statement.name);
  for (const entry of x.catalog.statisticsObjects()) {
    if (entry.schemaOid !== schema.oid || entry.name !== name) continue;
    const message = `statistics object "${name}" already exists`;
    if (!statement.ifNotExists) throw sqlError('42710', message);
    x.notice('NOTICE', '42710', `${message}, skipping`);
    return { tag };
  }
  const { exprs } = statement;
  if (exprs.length > COLUMNS_MAX) {
    throw sqlError('54011', `cannot have more than ${COLUMNS_MAX} columns in statistics`);
  }
  const columns: number[] = [];
  const expressions: StatisticsExpression[] = [];
  for (const expr of exprs) {
    const element = statisticsElement(x, found, expr, exprs.length > 1);
    if (typeof element === 'number') columns.push(element);
    else expressions.push(element);
  }
  if (exprs.length === 1 && expressions.length === 1 && statement.kinds.length > 0) {
    throw sqlError('0A000', 'when building statistics on a single expression, statistics kinds may not be specified');
  }
  const kinds = exprs.length > 1 ? kindsOf(statement.kinds) : [];
  if (exprs.length < 2 && expressions.length !== 1) {
    throw sqlError('42P17', 'extended statistics require at least 2 columns');
  }
  if (new Set(columns).size < columns.length) {
    throw sqlError('42701', 'duplicate column name in statistics definition');
  }
  if (new Set(expressions.map(({ text }) => text)).size < expressions.length) {
    throw sqlError('42701', 'duplicate expression in statistics definition');
  }
  x.putEntry({
    class: 'statistics',
    oid: x.allocateOid(),
    name,
    schemaOid: schema.oid,
    owner: x.currentRoleOid,
    tableOid: found.oid,
    columns: columns.sort((a, b) => a - b),
    ...(expressions.length === 0 ? {} : { expressions }),
    kinds: expressions.length === 0 ? kinds : [...kinds, 'e'],
    target: -1,
  });
  return { tag };
}

/** A column's number, or an expression. */
function statisticsElement(
  x: DdlContext,
  table: RelationEntry,
  expression: Expression,
  isOneOfMany: boolean,
): number | StatisticsExpression {
  if (expression.kind === 'columnRef' && expression.name.length === 1) {
    return statisticsColumn(table, expression.name[0]).number;
  }
  const expr = x.bind(expression, table, 'statistics expression');
  refuseSystemColumns(expr);
  if (expr.kind === 'column') return statisticsColumn(table, table.columns[expr.index].name).number;
  // Alone, an expression is analyzed as a column is, whatever its type.
  if (isOneOfMany && !hasOrder(expr.typeOid)) {
    throw sqlError(
      '0A000',
      `expression cannot be used in multivariate statistics because its type ${formatType(expr.typeOid)} has no default btree operator class`,
    );
  }
  return { text: storedText(x, expression, expr, table, 'statistics expression'), typeOid: expr.typeOid };
}

function refuseSystemColumns(expr: Expr): void {
  walkExpr(expr, (node) => {
    if (node.kind === 'systemColumn') throw sqlError('0A000', 'statistics creation on system columns is not supported');
  });
}

function statisticsColumn(table: RelationEntry, name: string): ColumnEntry {
  const column = findColumn(table, name);
  if (column === undefined) {
    if (isSystemColumn(name)) throw sqlError('0A000', 'statistics creation on system columns is not supported');
    throw sqlError('42703', `column "${name}" does not exist`);
  }
  if (!hasOrder(column.typeOid)) {
    throw sqlError(
      '0A000',
      `column "${name}" cannot be used in statistics because its type ${formatType(column.typeOid)} has no default btree operator class`,
    );
  }
  return column;
}

/** None named: all. */
function kindsOf(names: readonly string[]): StatisticsKind[] {
  const kinds = names.map((name) => {
    if (!Object.hasOwn(KINDS, name)) throw sqlError('42601', `unrecognized statistics kind "${name}"`);
    return KINDS[name];
  });
  return Object.values(KINDS).filter((kind) => kinds.length === 0 || kinds.includes(kind));
}

/** ALTER STATISTICS ... SET STATISTICS. */
// biome-ignore lint/correctness/useYield: it never waits
export function* alterStatistics(x: DdlContext, statement: AlterStatisticsStatement): DdlSteps<DdlResult> {
  const tag = 'ALTER STATISTICS';
  const target = statisticsTarget(x, statement.target);
  const name = statement.name.join('.');
  const found = findStatistics(x, statement.name);
  if (found === undefined) {
    if (!statement.ifExists) throw sqlError('42704', `statistics object "${name}" does not exist`);
    x.notice('NOTICE', '00000', `statistics object "${name}" does not exist, skipping`);
    return { tag };
  }
  checkOwner(x, found.owner, `statistics object ${name}`);
  x.putEntry({ ...found, target });
  return { tag };
}

/** -1: default_statistics_target. */
function statisticsTarget(x: DdlContext, value: number): number {
  if (value < -1) throw sqlError('22023', `statistics target ${value} is too low`);
  if (value <= TARGET_MAX) return value;
  x.notice('WARNING', '22023', `lowering statistics target to ${TARGET_MAX}`);
  return TARGET_MAX;
}

export function withStatisticsTarget<Column extends { readonly statisticsTarget?: number }>(
  x: DdlContext,
  column: Column,
  value: number,
): Column {
  const target = statisticsTarget(x, value);
  const { statisticsTarget: _, ...rest } = column;
  return (target === -1 ? rest : { ...rest, statisticsTarget: target }) as Column;
}

/** ALTER INDEX ... ALTER COLUMN n SET STATISTICS. */
export function setIndexStatistics(x: DdlContext, index: IndexEntry, number: number, value: number): void {
  const target = statisticsTarget(x, value);
  const { columns, includedColumns } = index;
  if (number > columns.length + includedColumns.length) {
    throw sqlError('42703', `column number ${number} of relation "${index.name}" does not exist`);
  }
  const key = columns[number - 1];
  const table = x.catalog.relation(index.tableOid) as RelationEntry;
  const nameOf = (columnNumber: number): string => table.columns[columnNumber - 1].name;
  if (key === undefined) {
    const name = nameOf(includedColumns[number - columns.length - 1]);
    throw sqlError('0A000', `cannot alter statistics on included column "${name}" of index "${index.name}"`);
  }
  if (key.columnNumber > 0) {
    const name = nameOf(key.columnNumber);
    throw sqlError('0A000', `cannot alter statistics on non-expression column "${name}" of index "${index.name}"`, {
      hint: 'Alter statistics on table column instead.',
    });
  }
  const changed = withStatisticsTarget(x, key, target);
  x.putEntry({ ...index, columns: columns.map((column) => (column === key ? changed : column)) });
}

function usesColumn(x: DdlContext, entry: StatisticsEntry, columnNumber: number): boolean {
  if (entry.columns.includes(columnNumber)) return true;
  const table = x.catalog.relation(entry.tableOid) as RelationEntry;
  return (entry.expressions ?? []).some(({ text }) =>
    usedColumns(bindStored(x, text, table, 'statistics expression')).includes(columnNumber),
  );
}

/** Statistics objects that use a column, which goes: they go with it. */
export function dropStatisticsOfColumn(x: DdlContext, tableOid: number, columnNumber: number): void {
  for (const entry of x.catalog.statisticsOf(tableOid)) if (usesColumn(x, entry, columnNumber)) x.removeEntry(entry);
}

/** Kept texts of expressions, changed. */
export function mapStatisticsTexts(x: DdlContext, tableOid: number, change: (text: string) => string | null): void {
  for (const entry of x.catalog.statisticsOf(tableOid)) {
    if (entry.expressions === undefined) continue;
    const expressions = entry.expressions.map((item) => ({ ...item, text: change(item.text) ?? item.text }));
    if (expressions.every((item, i) => item.text === entry.expressions?.[i].text)) continue;
    x.putEntry({ ...entry, expressions });
  }
}

/** A column has another type: expressions must make sense with it, and what ANALYZE found of the objects is of no use. */
export function statisticsAfterType(x: DdlContext, table: RelationEntry, changed: readonly StatisticsEntry[]): void {
  if (changed.length === 0) return;
  for (const entry of changed) {
    const expressions = entry.expressions?.map(({ text }) => ({
      text,
      typeOid: bindStored(x, text, table, 'statistics expression').typeOid,
    }));
    if (expressions !== undefined) x.putEntry({ ...entry, expressions });
  }
  const analysis = x.catalog.analysis(table.oid);
  if (analysis === undefined) return;
  const isKept = ({ statisticsOid }: { readonly statisticsOid: number }): boolean =>
    !changed.some(({ oid }) => oid === statisticsOid);
  x.putEntry({
    ...analysis,
    groups: analysis.groups.filter(isKept),
    expressions: (analysis.expressions ?? []).filter(isKept),
  });
}

/** Objects that know something of a column. */
export function statisticsUsingColumn(x: DdlContext, tableOid: number, columnNumber: number): StatisticsEntry[] {
  return [...x.catalog.statisticsOf(tableOid)].filter((entry) => usesColumn(x, entry, columnNumber));
}
