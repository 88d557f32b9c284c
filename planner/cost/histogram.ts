/**
 * Most common values and histograms as tables that can be asked: the frequency of a value, the share below a value. Between
 * two bounds of a histogram values are taken to be spread evenly, on a line for numbers, dates and texts alike (selfuncs.c:
 * convert_to_scalar).
 */
import type { ColumnStatistics } from '../../catalog/statistics.ts';
import { comparator, hashKey, Numeric } from '../../types/index.ts';

interface Indexed {
  readonly frequencies: ReadonlyMap<unknown, number>;
  readonly commonShare: number;
}

const indexed = new WeakMap<ColumnStatistics, Indexed>();

function indexOf(stats: ColumnStatistics, typeOid: number): Indexed {
  let known = indexed.get(stats);
  if (known === undefined) {
    const keyOf = hashKey(typeOid);
    const frequencies = new Map<unknown, number>();
    let commonShare = 0;
    stats.mostCommonValues.forEach((value, i) => {
      frequencies.set(keyOf(value), stats.mostCommonFrequencies[i]);
      commonShare += stats.mostCommonFrequencies[i];
    });
    known = { frequencies, commonShare };
    indexed.set(stats, known);
  }
  return known;
}

/** Share of rows that hold one of the most common values. */
export function commonShare(stats: ColumnStatistics, typeOid: number): number {
  return indexOf(stats, typeOid).commonShare;
}

/** Share of rows with this value when it is among the most common ones; undefined when not. */
export function commonFrequency(stats: ColumnStatistics, typeOid: number, value: unknown): number | undefined {
  try {
    return indexOf(stats, typeOid).frequencies.get(hashKey(typeOid)(value as never));
  } catch {
    return undefined;
  }
}

/** Sum of the frequencies of most common values that pass the test. */
export function commonMatching(stats: ColumnStatistics, test: (value: unknown) => boolean): number {
  let sum = 0;
  stats.mostCommonValues.forEach((value, i) => {
    if (test(value)) sum += stats.mostCommonFrequencies[i];
  });
  return sum;
}

/** Share of the histogram's values that are below the value (null: there is no histogram, or the value is of another kind). */
export function histogramShare(stats: ColumnStatistics, typeOid: number, value: unknown): number | null {
  const { histogram } = stats;
  if (histogram.length < 2) return null;
  try {
    const compare = comparator(typeOid) as (a: unknown, b: unknown) => number;
    let low = 0;
    let high = histogram.length - 1;
    if (compare(value, histogram[0]) <= 0) return 0;
    if (compare(value, histogram[high]) >= 0) return 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (compare(histogram[middle], value) <= 0) low = middle;
      else high = middle;
    }
    return (low + between(value, histogram[low], histogram[high])) / (histogram.length - 1);
  } catch {
    return null;
  }
}

/** Where a value stands between two others, 0..1. */
function between(value: unknown, low: unknown, high: unknown): number {
  if (typeof value === 'string' && typeof low === 'string' && typeof high === 'string') {
    return textBetween(value, low, high);
  }
  const [v, from, to] = [asNumber(value), asNumber(low), asNumber(high)];
  if (v === null || from === null || to === null || !(to > from)) return 0.5;
  return Math.min(1, Math.max(0, (v - from) / (to - from)));
}

/** Null: no number, or not a finite one. */
export function asNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Numeric) return value.isFinite ? Number(value.toString()) : null;
  return null;
}

const TEXT_DIGITS = 8;

/** Texts without what all three begin with, as fractions in a base of the characters that occur. */
function textBetween(value: string, low: string, high: string): number {
  let skip = 0;
  while (skip < low.length && low[skip] === high[skip] && low[skip] === value[skip]) skip++;
  let least = 255;
  let most = 0;
  for (const text of [value, low, high]) {
    for (let i = skip; i < Math.min(text.length, skip + TEXT_DIGITS); i++) {
      const code = Math.min(text.charCodeAt(i), 255);
      least = Math.min(least, code);
      most = Math.max(most, code);
    }
  }
  // A class of which one member occurs may occur as a whole.
  for (const [from, to] of [
    [65, 90],
    [97, 122],
    [48, 57],
  ]) {
    if (least <= to && most >= from) {
      least = Math.min(least, from);
      most = Math.max(most, to);
    }
  }
  const base = most - least + 1;
  if (base <= 1) return 0.5;
  const fraction = (text: string): number => {
    let result = 0;
    let scale = 1;
    for (let i = skip; i < Math.min(text.length, skip + TEXT_DIGITS); i++) {
      scale /= base;
      result += (Math.min(text.charCodeAt(i), 255) - least) * scale;
    }
    return result;
  };
  const [v, from, to] = [fraction(value), fraction(low), fraction(high)];
  return to > from ? Math.min(1, Math.max(0, (v - from) / (to - from))) : 0.5;
}
