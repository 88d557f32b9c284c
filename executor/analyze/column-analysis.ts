/**
 * Statistics of one column from a sample (analyze.c: compute_scalar_stats): nulls, width, number of distinct values (Haas and
 * Stokes, "Estimating the number of classes in a finite population", 1998), most common values, histogram, correlation between
 * the order of values and that of rows.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { ColumnStatistics } from '../../catalog/statistics.ts';
import { comparator, typeByOid } from '../../types/index.ts';
import { hasOrder } from '../ddl/indexes.ts';
import { type SampledColumn, WIDE } from './sample.ts';
import { type Slices, type Steps, sortSliced } from './steps.ts';

interface Run {
  /** First of the equal values, in sorted order. */
  readonly first: number;
  readonly count: number;
}

export interface ColumnSample extends SampledColumn {
  readonly typeOid: number;
  readonly sampleRows: number;
  readonly totalRows: number;
  /** Most values in each list. */
  readonly target: number;
}

/** Null when there is nothing to be said. */
export function* analyzeColumn(sample: ColumnSample, slices: Slices): Steps<ColumnStatistics | null> {
  const { sampleRows, nonNull } = sample;
  if (sampleRows === 0 || sample.target === 0) return null;
  const nullFraction = (sampleRows - nonNull) / sampleRows;
  const typeLength = typeByOid(sample.typeOid)?.length ?? -1;
  const averageWidth = typeLength > 0 ? typeLength : nonNull === 0 ? 0 : Math.round(sample.widthSum / nonNull);
  const elements = sample.elements?.finish() ?? null;
  const found = elements === null ? {} : { elements };
  const nothing = { mostCommonValues: [], mostCommonFrequencies: [], histogram: [], correlation: 0, ...found };
  if (nonNull === 0) return { nullFraction: 1, averageWidth, distinct: 0, ...nothing };
  const compare = orderOf(sample.typeOid);
  const values = sample.values.filter((value): value is Value => value !== null && value !== WIDE);
  const wide = nonNull - values.length;
  if (compare === null) return { nullFraction, averageWidth, distinct: 0, ...nothing };
  if (values.length === 0) return { nullFraction, averageWidth, distinct: -(1 - nullFraction), ...nothing };
  const unsorted = Uint32Array.from(values, (_, i) => i);
  const order = yield* sortSliced(unsorted, (a, b) => compare(values[a], values[b]), slices);
  const runs: Run[] = [];
  let repeated = 0;
  for (let i = 0; i < order.length; ) {
    let end = i + 1;
    while (end < order.length && compare(values[order[i]], values[order[end]]) === 0) end++;
    runs.push({ first: i, count: end - i });
    if (end - i > 1) repeated++;
    i = end;
    if (slices.due()) yield;
  }
  const distinct = distinctEstimate(sample, runs.length, repeated, wide, nullFraction);
  const common = commonRuns(sample, runs, distinct, wide, nullFraction);
  return {
    nullFraction,
    averageWidth,
    distinct,
    mostCommonValues: common.map((run) => values[order[run.first]]),
    mostCommonFrequencies: common.map((run) => run.count / sampleRows),
    histogram: histogram(values, order, common, runs.length, sample.target),
    correlation: correlation(order),
    ...found,
  };
}

function orderOf(typeOid: number): ((a: Value, b: Value) => number) | null {
  // json has a comparator, but no operators.
  if (!hasOrder(typeOid)) return null;
  try {
    return comparator(typeOid);
  } catch {
    return null;
  }
}

/** As ColumnStatistics.distinct. */
function distinctEstimate(
  sample: ColumnSample,
  distinct: number,
  repeated: number,
  wide: number,
  nullFraction: number,
): number {
  const { totalRows, sampleRows } = sample;
  // Nothing came twice: all differ. Everything did: there are no others.
  if (repeated === 0) return -(1 - nullFraction);
  if (wide === 0 && repeated === distinct) return asShare(distinct, totalRows);
  if (sampleRows >= totalRows && wide === 0) return asShare(distinct, totalRows);
  const once = distinct - repeated + wide;
  const all = once + repeated;
  const n = sample.nonNull;
  const total = totalRows * (1 - nullFraction);
  const estimate = total > 0 ? (n * all) / (n - once + (once * n) / total) : 0;
  return asShare(Math.floor(Math.min(Math.max(estimate, all), total) + 0.5), totalRows);
}

/** A number that would grow with the table is kept as a share of it. */
function asShare(distinct: number, totalRows: number): number {
  return distinct > 0.1 * totalRows ? -(distinct / totalRows) : distinct;
}

function commonRuns(sample: ColumnSample, runs: readonly Run[], distinct: number, wide: number, nullFraction: number) {
  const { target, sampleRows, totalRows } = sample;
  const repeated = runs.filter((run) => run.count > 1).sort((a, b) => b.count - a.count || a.first - b.first);
  const isComplete = repeated.length === runs.length && wide === 0 && distinct > 0;
  if (isComplete && repeated.length <= target) return repeated;
  const common = repeated.slice(0, target);
  return common.slice(
    0,
    commonCount(
      common.map((run) => run.count),
      distinct < 0 ? -distinct * totalRows : distinct,
      nullFraction,
      sampleRows,
      totalRows,
    ),
  );
}

/**
 * How many of the values, most frequent first, are common enough to be listed: the last of them must be clearly more frequent
 * than what would be supposed of a value that is not listed (analyze_mcv_list).
 */
export function commonCount(
  counts: readonly number[],
  distinct: number,
  nullFraction: number,
  sampleRows: number,
  totalRows: number,
): number {
  let listed = counts.length;
  if (sampleRows >= totalRows || totalRows <= 1) return listed;
  let before = counts.slice(0, -1).reduce((sum, count) => sum + count, 0);
  while (listed > 0) {
    let share = Math.min(1, Math.max(0, 1 - before / sampleRows - nullFraction));
    const others = distinct - (listed - 1);
    if (others > 1) share /= others;
    const count = counts[listed - 1];
    const [N, n] = [totalRows, sampleRows];
    const K = (N * count) / n;
    const deviation = Math.sqrt(Math.max(0, (n * K * (N - K) * (N - n)) / (N * N * (N - 1))));
    if (count > share * n + 2 * deviation + 0.5) break;
    listed--;
    if (listed > 0) before -= counts[listed - 1];
  }
  return listed;
}

/** Bounds over what is not listed as common, first and last included. */
function histogram(
  values: readonly Value[],
  order: Uint32Array,
  common: readonly Run[],
  distinct: number,
  target: number,
): Value[] {
  if (distinct - common.length < 2) return [];
  const listed = [...common].sort((a, b) => a.first - b.first);
  const rest = new Uint32Array(order.length - common.reduce((sum, run) => sum + run.count, 0));
  let at = 0;
  let from = 0;
  for (const run of [...listed, { first: order.length, count: 0 }]) {
    rest.set(order.subarray(from, run.first), at);
    at += run.first - from;
    from = run.first + run.count;
  }
  const bounds = Math.min(target + 1, distinct - common.length, rest.length);
  if (bounds < 2) return [];
  return Array.from({ length: bounds }, (_, i) => values[rest[Math.floor((i * (rest.length - 1)) / (bounds - 1))]]);
}

/** Between position in the table and rank in value order. */
function correlation(order: Uint32Array): number {
  const n = order.length;
  if (n < 2) return 0;
  let sum = 0;
  for (let rank = 0; rank < n; rank++) sum += order[rank] * rank;
  const mean = (n - 1) / 2;
  const variance = (n * n - 1) / 12;
  return (sum / n - mean * mean) / variance;
}
