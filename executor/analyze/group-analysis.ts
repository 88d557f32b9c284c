/**
 * Statistics of several columns together, for CREATE STATISTICS, from the same sample: number of combinations of each set of
 * columns (mvdistinct.c), functional dependencies (dependencies.c: the share of rows in groups of equal left columns where the
 * right column has one value), most common combinations (mcv.c).
 */
import type { StatisticsEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import type { ColumnGroupStatistics } from '../../catalog/statistics.ts';
import { hashKey } from '../../types/index.ts';
import { commonCount } from './column-analysis.ts';
import { type Sample, type SampledValue, WIDE } from './sample.ts';
import type { Slices, Steps } from './steps.ts';

/** Each column's values as small numbers, equal for equal values; null is a value here. */
interface CodedColumn {
  readonly codes: Uint32Array;
  readonly values: readonly Value[];
  readonly counts: readonly number[];
}

/** A column or an expression of a statistics object. */
export interface GroupMember {
  /** A column's number; -1, -2 ... for expressions. */
  readonly number: number;
  readonly typeOid: number;
  readonly values: readonly SampledValue[];
}

export function* analyzeGroup(
  entry: StatisticsEntry,
  members: readonly GroupMember[],
  sample: Sample,
  target: number,
  slices: Slices,
): Steps<ColumnGroupStatistics | null> {
  if (sample.rowCount === 0) return null;
  const coded: CodedColumn[] = [];
  for (const { values, typeOid } of members) {
    const column = yield* codeColumn(values, typeOid, slices);
    if (column === null) return null;
    coded.push(column);
  }
  const numbers = members.map((member) => member.number);
  const combinations = subsets(members.length);
  const grouped = new Map<number, Grouped>();
  for (const mask of combinations) grouped.set(mask, yield* groupRows(coded, mask, slices));
  const numbersOf = (mask: number): number[] => numbers.filter((_, i) => (mask & (1 << i)) !== 0);
  const whole = (1 << members.length) - 1;
  const hasKind = (kind: 'd' | 'f' | 'm'): boolean => entry.kinds.includes(kind);
  const distinct = combinations
    .filter((mask) => (mask & (mask - 1)) !== 0)
    .map((mask) => ({
      columns: numbersOf(mask),
      distinct: combinationEstimate((grouped.get(mask) as Grouped).sizes, sample),
    }));
  const dependencies = hasKind('f') ? yield* findDependencies(coded, combinations, grouped, numbersOf, slices) : null;
  return {
    statisticsOid: entry.oid,
    columns: numbers,
    distinct: hasKind('d') ? distinct : null,
    dependencies,
    common: hasKind('m') ? commonCombinations(coded, grouped.get(whole) as Grouped, sample, target) : null,
  };
}

function* codeColumn(values: readonly SampledValue[], typeOid: number, slices: Slices): Steps<CodedColumn | null> {
  const keyOf = hashKey(typeOid);
  const known = new Map<unknown, number>();
  const codes = new Uint32Array(values.length);
  const distinct: Value[] = [];
  const counts: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // Rows with long values are no sample of anything.
    if (value === WIDE) return null;
    const key = value === null ? null : keyOf(value);
    let code = known.get(key);
    if (code === undefined) {
      code = distinct.push(value) - 1;
      counts.push(0);
      known.set(key, code);
    }
    codes[i] = code;
    counts[code]++;
    if (slices.due()) yield;
  }
  return { codes, values: distinct, counts };
}

/** All non-empty sets of members, as bit masks: small ones first, and by their first members. */
function subsets(count: number): number[] {
  const bits = (mask: number): number[] => Array.from({ length: count }, (_, i) => i).filter((i) => mask & (1 << i));
  const order = (a: number, b: number): number => {
    const [x, y] = [bits(a), bits(b)];
    const at = x.findIndex((bit, i) => bit !== y[i]);
    return x.length - y.length || (at < 0 ? 0 : x[at] - y[at]);
  };
  return Array.from({ length: (1 << count) - 1 }, (_, i) => i + 1).sort(order);
}

interface Grouped {
  /** Group of each row. */
  readonly groups: Uint32Array;
  readonly sizes: readonly number[];
  /** A row of each group. */
  readonly rows: readonly number[];
}

function* groupRows(coded: readonly CodedColumn[], mask: number, slices: Slices): Steps<Grouped> {
  const columns = coded.filter((_, i) => (mask & (1 << i)) !== 0);
  const rowCount = coded[0].codes.length;
  let groups: Uint32Array = columns[0].codes;
  let [sizes, rows]: [number[], number[]] = [[], []];
  for (let c = 0; c < columns.length; c++) {
    const next = new Uint32Array(rowCount);
    const width = columns[c].values.length;
    const known = new Map<number, number>();
    [sizes, rows] = [[], []];
    for (let i = 0; i < rowCount; i++) {
      const key = c === 0 ? columns[0].codes[i] : groups[i] * width + columns[c].codes[i];
      let group = known.get(key);
      if (group === undefined) {
        group = sizes.push(0) - 1;
        rows.push(i);
        known.set(key, group);
      }
      next[i] = group;
      sizes[group]++;
      if (slices.due()) yield;
    }
    groups = next;
  }
  return { groups, sizes, rows };
}

/** The estimator of single columns, over combinations. */
function combinationEstimate(sizes: readonly number[], sample: Sample): number {
  const { rowCount, totalRows } = sample;
  const once = sizes.reduce((sum, size) => sum + (size === 1 ? 1 : 0), 0);
  const distinct = sizes.length;
  if (rowCount >= totalRows) return distinct;
  const estimate = (rowCount * distinct) / (rowCount - once + (once * rowCount) / totalRows);
  return Math.floor(Math.min(Math.max(estimate, distinct), totalRows) + 0.5);
}

function* findDependencies(
  coded: readonly CodedColumn[],
  combinations: readonly number[],
  grouped: ReadonlyMap<number, Grouped>,
  numbersOf: (mask: number) => number[],
  slices: Slices,
): Steps<NonNullable<ColumnGroupStatistics['dependencies']>> {
  const result: { from: readonly number[]; to: number; degree: number }[] = [];
  const rowCount = coded[0].codes.length;
  for (const mask of combinations) {
    const { groups, sizes, rows } = grouped.get(mask) as Grouped;
    for (let to = 0; to < coded.length; to++) {
      if ((mask & (1 << to)) !== 0) continue;
      const { codes } = coded[to];
      const isMixed = new Uint8Array(sizes.length);
      for (let i = 0; i < rowCount; i++) {
        if (codes[i] !== codes[rows[groups[i]]]) isMixed[groups[i]] = 1;
        if (slices.due()) yield;
      }
      const supporting = sizes.reduce((sum, size, group) => sum + (isMixed[group] === 0 ? size : 0), 0);
      const degree = supporting / rowCount;
      if (degree > 0) result.push({ from: numbersOf(mask), to: numbersOf(1 << to)[0], degree });
    }
  }
  return result;
}

function commonCombinations(
  coded: readonly CodedColumn[],
  { sizes, rows }: Grouped,
  sample: Sample,
  target: number,
): NonNullable<ColumnGroupStatistics['common']> {
  const order = sizes.map((_, i) => i).filter((group) => sizes[group] > 1 || sizes.length <= target);
  order.sort((a, b) => sizes[b] - sizes[a] || rows[a] - rows[b]);
  const most = order.slice(0, target);
  const isComplete = order.length === sizes.length && sizes.length <= target;
  const listed = isComplete
    ? most.length
    : commonCount(
        most.map((group) => sizes[group]),
        combinationEstimate(sizes, sample),
        0,
        sample.rowCount,
        sample.totalRows,
      );
  return most.slice(0, listed).map((group) => {
    const row = rows[group];
    return {
      values: coded.map((column) => column.values[column.codes[row]]),
      frequency: sizes[group] / sample.rowCount,
      baseFrequency: coded.reduce(
        (product, column) => (product * column.counts[column.codes[row]]) / sample.rowCount,
        1,
      ),
    };
  });
}
