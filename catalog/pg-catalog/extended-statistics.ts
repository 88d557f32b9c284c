/** Statistics objects (CREATE STATISTICS): pg_statistic_ext, pg_statistic_ext_data, pg_stats_ext, and their definitions as SQL. */
import { OID, outputText, SqlArray } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import type { StatisticsEntry, StatisticsKind } from '../entries.ts';
import type { Value } from '../function-entry.ts';
import { quoteIdentifier } from '../functions/quote.ts';
import type { ColumnGroupStatistics } from '../statistics.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

const KIND_NAMES: Readonly<Record<StatisticsKind, string>> = { d: 'ndistinct', f: 'dependencies', m: 'mcv' };
const CHAR_ARRAY_ELEMENT = 18;

function columnNames(catalog: Catalog, entry: StatisticsEntry): string[] {
  const columns = catalog.relation(entry.tableOid)?.columns ?? [];
  return entry.columns.map((number) => columns[number - 1]?.name ?? '');
}

/** CREATE STATISTICS s.name [ (kinds) ] ON columns FROM table. */
export function statisticsDefinition(catalog: Catalog, entry: StatisticsEntry, tableName: string): string {
  const name = `${quoteIdentifier(catalog.schemaName(entry.schemaOid))}.${quoteIdentifier(entry.name)}`;
  const isAll = entry.kinds.length === Object.keys(KIND_NAMES).length;
  const kinds = isAll ? '' : ` (${entry.kinds.map((kind) => KIND_NAMES[kind]).join(', ')})`;
  return `CREATE STATISTICS ${name}${kinds} ON ${statisticsColumns(catalog, entry)} FROM ${tableName}`;
}

export function statisticsColumns(catalog: Catalog, entry: StatisticsEntry): string {
  return columnNames(catalog, entry).map(quoteIdentifier).join(', ');
}

function* pgStatisticExt({ catalog }: ViewContext): Iterable<Row> {
  for (const entry of sorted(catalog.statisticsObjects())) {
    yield {
      oid: entry.oid,
      stxrelid: entry.tableOid,
      stxname: entry.name,
      stxnamespace: entry.schemaOid,
      stxowner: entry.owner,
      stxstattarget: entry.target,
      stxkeys: new SqlArray(OID.INT2, [...entry.columns]),
      stxkind: new SqlArray(CHAR_ARRAY_ELEMENT, [...entry.kinds]),
    };
  }
}

function groupOf(context: ViewContext, entry: StatisticsEntry): ColumnGroupStatistics | undefined {
  return context.system?.statistics.columnGroups(entry.tableOid).find((group) => group.statisticsOid === entry.oid);
}

function distinctText(group: ColumnGroupStatistics): string | null {
  if (group.distinct === null) return null;
  return `{${group.distinct.map(({ columns, distinct }) => `"${columns.join(', ')}": ${Math.round(distinct)}`).join(', ')}}`;
}

function dependenciesText(group: ColumnGroupStatistics): string | null {
  if (group.dependencies === null) return null;
  const items = group.dependencies.map(({ from, to, degree }) => `"${from.join(', ')} => ${to}": ${degree.toFixed(6)}`);
  return `{${items.join(', ')}}`;
}

function* pgStatsExt(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  for (const entry of sorted(catalog.statisticsObjects())) {
    const group = groupOf(context, entry);
    const table = catalog.relation(entry.tableOid);
    if (group === undefined || table === undefined) continue;
    const { common } = group;
    const types = entry.columns.map((number) => table.columns[number - 1].typeOid);
    const text = (value: Value, i: number): string | null =>
      value === null ? null : outputText(types[i], value, context.functions.format);
    yield {
      schemaname: context.schemaName(table.schemaOid),
      tablename: table.name,
      statistics_schemaname: context.schemaName(entry.schemaOid),
      statistics_name: entry.name,
      statistics_owner: context.roleName(entry.owner),
      attnames: new SqlArray(OID.NAME, columnNames(catalog, entry)),
      kinds: new SqlArray(CHAR_ARRAY_ELEMENT, [...entry.kinds]),
      inherited: false,
      n_distinct: distinctText(group),
      dependencies: dependenciesText(group),
      ...(common === null || common.length === 0 ? {} : commonColumns(common, text)),
    };
  }
}

function commonColumns(
  common: NonNullable<ColumnGroupStatistics['common']>,
  text: (value: Value, i: number) => string | null,
): Row {
  const width = common[0].values.length;
  const dimensions = [common.length, width];
  const values = common.flatMap((item) => item.values.map(text));
  return {
    most_common_vals: new SqlArray(OID.TEXT, values, dimensions),
    most_common_val_nulls: new SqlArray(
      OID.BOOL,
      values.map((value) => value === null),
      dimensions,
    ),
    most_common_freqs: new SqlArray(
      OID.FLOAT8,
      common.map((item) => item.frequency),
    ),
    most_common_base_freqs: new SqlArray(
      OID.FLOAT8,
      common.map((item) => item.baseFrequency),
    ),
  };
}

export const extendedStatisticsMakers: Readonly<Record<string, RowMaker>> = {
  pg_statistic_ext: pgStatisticExt,
  pg_stats_ext: pgStatsExt,
};
