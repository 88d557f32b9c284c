/**
 * Ordered-set aggregates (percentiles and mode), and the interval aggregates. The executor hands the rows in the order of
 * WITHIN GROUP; direct arguments come as arguments of final().
 */

import { sqlError } from '../../types/errors.ts';
import { equality, Interval, shortNumber, type Value } from '../../types/index.ts';
import type { SqlArray } from './array-values.ts';
import { intervalDifference, intervalDivide, intervalMultiply, intervalSum } from './datetime.ts';
import type { AggregateSpec, FunctionModule } from './module.ts';

function checkFraction(fraction: number): void {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw sqlError('22003', `percentile value ${shortNumber(fraction)} is not between 0 and 1`);
  }
}

type Percentile = (values: readonly Value[], fraction: number) => Value;

/** The first value whose place in the order is at or past the fraction. */
function discrete(values: readonly Value[], fraction: number): Value {
  checkFraction(fraction);
  return values[Math.max(0, Math.ceil(fraction * values.length) - 1)];
}

/** Between two neighbours, by proportion. */
function continuous(between: (low: Value, high: Value, share: number) => Value): Percentile {
  return (values, fraction) => {
    checkFraction(fraction);
    const place = fraction * (values.length - 1);
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return low === high ? values[low] : between(values[low], values[high], place - low);
  };
}

const betweenFloats = (low: number, high: number, share: number): number => low + share * (high - low);
const betweenIntervals = (low: Interval, high: Interval, share: number): Interval =>
  intervalSum(low, intervalMultiply(intervalDifference(high, low), share));

function collect(state: Value[], value: Value): Value[] {
  state.push(value);
  return state;
}

function ofFraction(percentile: Percentile): AggregateSpec {
  return {
    strict: true,
    create: () => ({
      initial: () => [],
      step: collect,
      final(values: Value[], fraction: number | null) {
        if (fraction === null) return null;
        // Before it is asked whether there are any.
        checkFraction(fraction);
        return values.length === 0 ? null : percentile(values, fraction);
      },
    }),
  };
}

/** An array of fractions gives an array of the same shape. */
function ofFractions(percentile: Percentile): AggregateSpec {
  return {
    strict: true,
    create: (argTypes) => ({
      initial: () => [],
      step: collect,
      final(values: Value[], fractions: SqlArray | null) {
        if (values.length === 0 || fractions === null) return null;
        return fractions.map(argTypes[argTypes.length - 1], (fraction) =>
          fraction === null ? null : percentile(values, fraction),
        );
      },
    }),
  };
}

/** The most frequent value; of several, the first in order. */
const mode: AggregateSpec = {
  strict: true,
  create(argTypes) {
    const equal = equality(argTypes[argTypes.length - 1]);
    return {
      initial: () => [],
      step: collect,
      final(values: Value[]) {
        let best: Value = null;
        let bestCount = 0;
        for (let start = 0; start < values.length; ) {
          let end = start + 1;
          while (end < values.length && equal(values[start], values[end])) end++;
          if (end - start > bestCount) {
            best = values[start];
            bestCount = end - start;
          }
          start = end;
        }
        return best;
      },
    };
  },
};

const sumInterval: AggregateSpec = {
  strict: true,
  create: () => ({
    initial: () => null,
    step: (state: Interval | null, value: Interval) => (state === null ? value : intervalSum(state, value)),
    final: (state: Interval | null) => state,
  }),
};

const averageInterval: AggregateSpec = {
  strict: true,
  create: () => ({
    initial: () => ({ count: 0, sum: new Interval(0, 0, 0) }),
    step: (state: { count: number; sum: Interval }, value: Interval) => ({
      count: state.count + 1,
      sum: intervalSum(state.sum, value),
    }),
    final: (state: { count: number; sum: Interval }) =>
      state.count === 0 ? null : intervalDivide(state.sum, state.count),
  }),
};

/** Where a row would stand among the others: `final` is over the rows before it (or with it, for cume_dist) and all rows. */
function hypothetical(
  counts: (order: number, isNewGroup: boolean) => boolean,
  final: (counted: number, total: number) => number,
): AggregateSpec {
  return {
    strict: false,
    hypothetical: true,
    create: () => ({
      initial: () => ({ counted: 0, total: 0 }),
      step(state: { counted: number; total: number }, order: number, isNewGroup: boolean) {
        if (counts(order, isNewGroup)) state.counted++;
        state.total++;
        return state;
      },
      final: (state: { counted: number; total: number }) => final(state.counted, state.total),
    }),
  };
}

const isBefore = (order: number): boolean => order < 0;

export const orderedAggregates: FunctionModule = {
  aggregates: {
    percentile_disc_float8_anyelement: ofFraction(discrete),
    percentile_disc__float8_anyelement: ofFractions(discrete),
    percentile_cont_float8_float8: ofFraction(continuous(betweenFloats)),
    percentile_cont__float8_float8: ofFractions(continuous(betweenFloats)),
    percentile_cont_float8_interval: ofFraction(continuous(betweenIntervals)),
    percentile_cont__float8_interval: ofFractions(continuous(betweenIntervals)),
    mode_anyelement: mode,
    rank_any: hypothetical(isBefore, (before) => before + 1),
    dense_rank_any: hypothetical(
      (order, isNewGroup) => order < 0 && isNewGroup,
      (groups) => groups + 1,
    ),
    percent_rank_any: hypothetical(isBefore, (before, total) => (total === 0 ? 0 : before / total)),
    cume_dist_any: hypothetical(
      (order) => order <= 0,
      (upTo, total) => (upTo + 1) / (total + 1),
    ),
    sum_interval: sumInterval,
    avg_interval: averageInterval,
  },
};
