/** Statistics objects (CREATE STATISTICS): pg_statistic_ext, pg_statistic_ext_data, pg_stats_ext, and their definitions as SQL. */
import { OID, outputText, SqlArray } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import type { StatisticsEntry, StatisticsKind } from '../entries.ts';
import type { Value } from '../function-entry.ts';
import { quoteIdentifier } from '../functions/quote.ts';
import type { ColumnGroupStatistics, ColumnStatistics, ElementStatistics } from '../statistics.ts';
import { indexExpression } from './definitions.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

const KIND_NAMES: Readonly<Partial<Record<StatisticsKind, string>>> = {
  d: 'ndistinct',
  f: 'dependencies',
  m: 'mcv',
};
const CHAR_ARRAY_ELEMENT = 18;

function columnNames(catalog: Catalog, entry: StatisticsEntry): string[] {
  const columns = catalog.relation(entry.tableOid)?.columns ?? [];
  return entry.columns.map((number) => columns[number - 1]?.name ?? '');
}

/** CREATE STATISTICS s.name [ (kinds) ] ON columns and expressions FROM table. */
export function statisticsDefinition(catalog: Catalog, entry: StatisticsEntry, tableName: string): string {
  const name = `${quoteIdentifier(catalog.schemaName(entry.schemaOid))}.${quoteIdentifier(entry.name)}`;
  const named = entry.kinds.flatMap((kind) => KIND_NAMES[kind] ?? []);
  const isAll = named.length === Object.keys(KIND_NAMES).length;
  const isAlone = entry.columns.length + (entry.expressions?.length ?? 0) === 1;
  const kinds = isAll || isAlone ? '' : ` (${named.join(', ')})`;
  return `CREATE STATISTICS ${name}${kinds} ON ${statisticsColumns(catalog, entry)} FROM ${tableName}`;
}

export function statisticsColumns(catalog: Catalog, entry: StatisticsEntry): string {
  const expressions = (entry.expressions ?? []).map(({ text }) => indexExpression(text, true));
  return [...columnNames(catalog, entry).map(quoteIdentifier), ...expressions].join(', ');
}

/** As they are kept. */
export function statisticsExpressions(entry: StatisticsEntry): SqlArray | null {
  if (entry.expressions === undefined) return null;
  return new SqlArray(
    OID.TEXT,
    entry.expressions.map(({ text }) => text),
  );
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
      stxexprs: entry.expressions === undefined ? null : entry.expressions.map(({ text }) => text).join(', '),
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
  if (group.dependencies === null || group.dependencies.length === 0) return null;
  const items = group.dependencies.map(({ from, to, degree }) => `"${from.join(', ')} => ${to}": ${degree.toFixed(6)}`);
  return `{${items.join(', ')}}`;
}

/** ANALYZE has met the object. */
function isAnalyzed(context: ViewContext, entry: StatisticsEntry): boolean {
  if (groupOf(context, entry) !== undefined) return true;
  const { statistics } = context.system ?? {};
  return (entry.expressions ?? []).some((_, i) => (statistics?.statisticsExpression(entry.oid, i) ?? null) !== null);
}

/** A row an expression, also before ANALYZE has met it. */
function* pgStatsExtExprs(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  for (const entry of sorted(catalog.statisticsObjects())) {
    const table = catalog.relation(entry.tableOid);
    // What an expression is of, nobody has noted.
    const all = (table?.columns ?? []).filter((column) => !column.dropped).map((column) => column.number);
    if (table === undefined || !context.mayRead(table, all)) continue;
    for (const [i, { text, typeOid }] of (entry.expressions ?? []).entries()) {
      const found = context.system?.statistics.statisticsExpression(entry.oid, i) ?? null;
      yield {
        schemaname: context.schemaName(table.schemaOid),
        tablename: table.name,
        statistics_schemaname: context.schemaName(entry.schemaOid),
        statistics_name: entry.name,
        statistics_owner: context.roleName(entry.owner),
        expr: text,
        ...(found === null ? {} : { inherited: false, ...statisticsColumnsOf(found, typeOid) }),
      };
    }
  }
}

/** The columns of pg_stats, and of the view over expressions, that say what ANALYZE found. */
export function statisticsColumnsOf(found: ColumnStatistics, typeOid: number): Row {
  // anyarray: the array says itself what its elements are.
  const shown = (values: readonly Value[]): SqlArray | null =>
    values.length === 0 ? null : new SqlArray(typeOid, [...values]);
  const numbers = (values: readonly number[]): SqlArray | null =>
    values.length === 0 ? null : new SqlArray(OID.FLOAT4, [...values]);
  return {
    null_frac: found.nullFraction,
    avg_width: found.averageWidth,
    n_distinct: found.distinct,
    most_common_vals: shown(found.mostCommonValues),
    most_common_freqs: numbers(found.mostCommonFrequencies),
    histogram_bounds: shown(found.histogram),
    // Without an order of its values, or without values, a column has none.
    correlation: found.distinct === 0 ? null : found.correlation,
    ...(found.elements === undefined ? {} : elementColumns(found.elements)),
  };
}

/** Shares are followed by the least and the greatest of them and that of NULL elements, counts by their average. */
function elementColumns({ typeOid, values, frequencies, least, greatest, nulls, ...rest }: ElementStatistics): Row {
  const { counts, averageCount } = rest;
  const shares = [...frequencies, least, greatest, ...(nulls === null ? [] : [nulls])];
  return {
    most_common_elems: values.length === 0 ? null : new SqlArray(typeOid, [...values]),
    most_common_elem_freqs: values.length === 0 ? null : new SqlArray(OID.FLOAT4, shares),
    elem_count_histogram: counts.length === 0 ? null : new SqlArray(OID.FLOAT4, [...counts, averageCount]),
  };
}

function* pgStatsExt(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  for (const entry of sorted(catalog.statisticsObjects())) {
    const table = catalog.relation(entry.tableOid);
    if (table === undefined || !isAnalyzed(context, entry) || !context.mayRead(table, entry.columns)) continue;
    const group = groupOf(context, entry);
    const common = group?.common ?? null;
    const types = [
      ...entry.columns.map((number) => table.columns[number - 1].typeOid),
      ...(entry.expressions ?? []).map(({ typeOid }) => typeOid),
    ];
    const text = (value: Value, i: number): string | null =>
      value === null ? null : outputText(types[i], value, context.functions.format);
    yield {
      schemaname: context.schemaName(table.schemaOid),
      tablename: table.name,
      statistics_schemaname: context.schemaName(entry.schemaOid),
      statistics_name: entry.name,
      statistics_owner: context.roleName(entry.owner),
      attnames: entry.columns.length === 0 ? null : new SqlArray(OID.NAME, columnNames(catalog, entry)),
      exprs: statisticsExpressions(entry),
      kinds: new SqlArray(CHAR_ARRAY_ELEMENT, [...entry.kinds]),
      inherited: false,
      n_distinct: group === undefined ? null : distinctText(group),
      dependencies: group === undefined ? null : dependenciesText(group),
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

/** The lists of values are in pg_stats_ext alone. */
function* pgStatisticExtData(context: ViewContext): Iterable<Row> {
  for (const entry of sorted(context.catalog.statisticsObjects())) {
    if (!isAnalyzed(context, entry)) continue;
    const group = groupOf(context, entry);
    yield {
      stxoid: entry.oid,
      stxdinherit: false,
      stxdndistinct: group === undefined ? null : distinctText(group),
      stxddependencies: group === undefined ? null : dependenciesText(group),
    };
  }
}

export const extendedStatisticsMakers: Readonly<Record<string, RowMaker>> = {
  pg_statistic_ext: pgStatisticExt,
  pg_statistic_ext_data: pgStatisticExtData,
  pg_stats_ext: pgStatsExt,
  pg_stats_ext_exprs: pgStatsExtExprs,
};
