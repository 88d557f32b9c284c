/** CREATE STATISTICS, ALTER COLUMN ... SET STATISTICS. After: PostgreSQL, commands/statscmds.c. Statistics over expressions are refused. */

import type { StatisticsEntry, StatisticsKind } from '../../catalog/entries.ts';
import type { ColumnEntry, RelationEntry } from '../../catalog/index.ts';
import type { CreateStatisticsStatement, Expression, QualifiedName } from '../../parser/ast.ts';
import { SHARE_UPDATE_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType } from '../../types/index.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { checkIndexable } from './indexes.ts';
import { checkRelationOwner, findAndLock, newObjectName, refuseSystem, relationMissing } from './resolve.ts';

const COLUMNS_MAX = 8;
export const TARGET_MAX = 10_000;
const KINDS: Readonly<Record<string, StatisticsKind>> = { ndistinct: 'd', dependencies: 'f', mcv: 'm' };

/** By name, in the schema given or along the search path. */
export function findStatistics(x: DdlContext, names: QualifiedName): StatisticsEntry | undefined {
  const name = names[names.length - 1];
  const schemas = names.length > 1 ? [names[names.length - 2]] : x.searchPath;
  for (const schemaName of schemas) {
    const schema = x.catalog.schemaOfPath(schemaName, x.searchPath);
    if (schema === undefined) continue;
    for (const entry of x.catalog.statisticsObjects())
      if (entry.schemaOid === schema.oid && entry.name === name) return entry;
  }
  return undefined;
}

export function* createStatistics(x: DdlContext, statement: CreateStatisticsStatement): DdlSteps<DdlResult> {
  const tag = 'CREATE STATISTICS';
  const found = yield* findAndLock(x, statement.table, SHARE_UPDATE_EXCLUSIVE);
  if (found === undefined) throw relationMissing(x, statement.table);
  if (found.class !== 'relation' || found.kind === 'view') {
    const kind = found.class === 'relation' ? 'views' : found.class === 'index' ? 'indexes' : 'sequences';
    throw sqlError('42809', `cannot define statistics for relation "${found.name}"`, {
      detail: `This operation is not supported for ${kind}.`,
    });
  }
  refuseSystem(x, found);
  checkRelationOwner(x, found);
  const { schema, name } = newObjectName(x, statement.name);
  for (const entry of x.catalog.statisticsObjects()) {
    if (entry.schemaOid !== schema.oid || entry.name !== name) continue;
    const message = `statistics object "${name}" already exists`;
    if (!statement.ifNotExists) throw sqlError('42710', message);
    x.notice('NOTICE', '42710', `${message}, skipping`);
    return { tag };
  }
  if (statement.exprs.length > COLUMNS_MAX) {
    throw sqlError('54023', `cannot have more than ${COLUMNS_MAX} columns in statistics`);
  }
  const columns = statement.exprs.map((expr) => statisticsColumn(found, expr).number);
  const kinds = kindsOf(statement.kinds);
  if (columns.length < 2) throw sqlError('42P17', 'extended statistics require at least 2 columns');
  if (new Set(columns).size < columns.length) {
    throw sqlError('42701', 'duplicate column name in statistics definition');
  }
  x.putEntry({
    class: 'statistics',
    oid: x.allocateOid(),
    name,
    schemaOid: schema.oid,
    owner: x.currentRoleOid,
    tableOid: found.oid,
    columns: columns.sort((a, b) => a - b),
    kinds,
    target: -1,
  });
  return { tag };
}

function statisticsColumn(table: RelationEntry, expr: Expression): ColumnEntry {
  if (expr.kind !== 'columnRef' || expr.name.length !== 1) {
    throw sqlError('0A000', 'statistics over expressions are not supported');
  }
  const [name] = expr.name;
  const column = table.columns.find((candidate) => !candidate.dropped && candidate.name === name);
  if (column === undefined) throw sqlError('42703', `column "${name}" does not exist`);
  try {
    checkIndexable(column.typeOid, 'btree');
  } catch {
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

/** -1: default_statistics_target. */
export function withStatisticsTarget(x: DdlContext, column: ColumnEntry, value: number): ColumnEntry {
  if (value < -1) throw sqlError('22023', `statistics target ${value} is too low`);
  let target = value;
  if (value > TARGET_MAX) {
    target = TARGET_MAX;
    x.notice('WARNING', '22023', `lowering statistics target to ${TARGET_MAX}`);
  }
  const { statisticsTarget: _, ...rest } = column;
  return target === -1 ? rest : { ...rest, statisticsTarget: target };
}

/** Statistics objects that use a column, which goes: they go with it. */
export function dropStatisticsOfColumn(x: DdlContext, tableOid: number, columnNumber: number): void {
  for (const entry of x.catalog.statisticsOf(tableOid)) if (entry.columns.includes(columnNumber)) x.removeEntry(entry);
}
