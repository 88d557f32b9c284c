/**
 * ANALYZE: samples a table's rows and keeps per-column statistics for the planner.
 *
 * The sample is every n-th row of a scan, as the pages come; distinct counts are estimated as PostgreSQL's analyze.c does (Haas and
 * Stokes, "Estimating the number of classes in a finite population", 1998).
 */

import type { RelationEntry } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import { quoteIdentifier } from '../catalog/functions/quote.ts';
import type { ColumnStatistics } from '../catalog/statistics.ts';
import { comparator, hashKey } from '../types/index.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import type { Session, Task } from './session.ts';

const SAMPLE_ROWS = 30_000;
const COMMON_VALUES_MAX = 100;
const HISTOGRAM_BUCKETS = 100;

export function* analyzeTable(session: Session, table: RelationEntry): Task<void> {
  const columns = table.columns.filter((c) => !c.dropped);
  if (columns.length === 0) return;
  const names = columns.map((c) => quoteIdentifier(c.name)).join(', ');
  const name = `${quoteIdentifier(session.catalog.schemaName(table.schemaOid))}.${quoteIdentifier(table.name)}`;
  const total = Math.max(0, session.database.statistics.rowCount(table.oid));
  const step = Math.max(1, Math.floor(total / SAMPLE_ROWS));
  const prepared = session.prepareInternal(`SELECT ${names} FROM ONLY ${name}`);
  const samples: Value[][] = columns.map(() => []);
  let seen = 0;
  const portal = new Portal(session, '', prepared, [], null, []);
  portal.onBatch = (batch, from, to) => {
    for (let i = from; i < to; i++) {
      if (seen++ % step !== 0) continue;
      for (let c = 0; c < columns.length; c++) samples[c].push(batch.columns[c][i]);
    }
  };
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
  } finally {
    portal.close();
  }
  columns.forEach((column, c) => {
    session.database.statistics.setColumn(table.oid, column.number, columnStatistics(column.typeOid, samples[c], seen));
  });
}

export function columnStatistics(typeOid: number, sample: readonly Value[], totalRows: number): ColumnStatistics {
  const values = sample.filter((v) => v !== null);
  const keyOf = hashKey(typeOid);
  const counts = new Map<unknown, { value: Value; count: number }>();
  let width = 0;
  for (const value of values) {
    const key = keyOf(value);
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { value, count: 1 });
    else entry.count++;
    width += typeof value === 'string' ? value.length : 8;
  }
  const distinct = counts.size;
  const repeated = [...counts.values()].filter((e) => e.count > 1);
  const once = distinct - repeated.length;
  const n = values.length;
  const nonNullRows = sample.length === 0 ? 0 : (totalRows * n) / sample.length;
  let estimate: number;
  if (repeated.length === 0) estimate = -1;
  else if (once === 0) estimate = distinct;
  else {
    const duj1 = (n * distinct) / (n - once + (once * n) / Math.max(nonNullRows, 1));
    estimate = Math.min(Math.max(Math.round(duj1), distinct), Math.round(nonNullRows));
    if (estimate > 0.1 * nonNullRows) estimate = -(estimate / nonNullRows);
  }
  // Common enough to be listed: clearly more often than the average value.
  const average = n / Math.max(distinct, 1);
  const all = once === 0 && distinct <= COMMON_VALUES_MAX;
  const common = repeated
    .filter((e) => all || e.count > average * 1.25)
    .sort((a, b) => b.count - a.count)
    .slice(0, COMMON_VALUES_MAX);
  const listed = new Set(common.map((e) => keyOf(e.value)));
  return {
    nullFraction: sample.length === 0 ? 0 : (sample.length - n) / sample.length,
    averageWidth: n === 0 ? 0 : Math.round(width / n),
    distinct: n === 0 ? 0 : estimate,
    mostCommonValues: common.map((e) => e.value),
    mostCommonFrequencies: common.map((e) => e.count / sample.length),
    histogram: histogram(
      typeOid,
      values.filter((v) => !listed.has(keyOf(v))),
    ),
    correlation: correlation(typeOid, values),
  };
}

function histogram(typeOid: number, values: Value[]): Value[] {
  if (values.length < 2) return [];
  values.sort(comparator(typeOid));
  const buckets = Math.min(HISTOGRAM_BUCKETS, values.length - 1);
  return Array.from({ length: buckets + 1 }, (_, i) => values[Math.round((i * (values.length - 1)) / buckets)]);
}

/** Between physical position and rank in value order. */
function correlation(typeOid: number, values: readonly Value[]): number {
  const n = values.length;
  if (n < 2) return 0;
  const compare = comparator(typeOid);
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => compare(values[a], values[b]) || a - b);
  let sum = 0;
  order.forEach((position, rank) => {
    sum += position * rank;
  });
  const mean = (n - 1) / 2;
  const variance = (n * n - 1) / 12;
  return (sum / n - mean * mean) / variance;
}
