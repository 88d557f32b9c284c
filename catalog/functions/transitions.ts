/**
 * Transition and final functions of the built-in aggregates as functions of their own: CREATE AGGREGATE names them. The built-in
 * aggregates themselves keep states that are quicker (aggregates.ts, aggregates-float.ts).
 *
 * Those over states of type internal can only be named: nobody has a value of that type. So it is with what estimates how many rows
 * an operator lets through, which CREATE OPERATOR names.
 */
import { sqlError } from '../../types/errors.ts';
import { Interval, Numeric, OID, SqlArray } from '../../types/index.ts';
import { floatTransitions } from './aggregates-float.ts';
import { intervalDifference, intervalDivide, intervalSum } from './datetime.ts';
import { type Int8, int8Add, int8Sub } from './integer.ts';
import type { FunctionModule } from './module.ts';

const numericOf = (value: Int8): Numeric => Numeric.fromBigint(BigInt(value));

/** [count, sum] of int8[]. */
function countAndSum(state: SqlArray): readonly [Int8, Int8] {
  if (state.elements.length !== 2 || state.elements.includes(null))
    throw sqlError('XX000', 'expected 2-element int8 array');
  return state.elements as unknown as readonly [Int8, Int8];
}

function countedSum(count: Int8, sum: Int8): SqlArray {
  return new SqlArray(OID.INT8, [count, sum]);
}

function averageStep(state: SqlArray, value: number): SqlArray {
  const [count, sum] = countAndSum(state);
  return countedSum(int8Add(count, 1), int8Add(sum, value));
}

function averageBack(state: SqlArray, value: number): SqlArray {
  const [count, sum] = countAndSum(state);
  return countedSum(int8Sub(count, 1), int8Sub(sum, value));
}

/** int2_sum, int4_sum: NULL is no row. */
function smallSum(state: Int8 | null, value: number | null): Int8 | null {
  if (value === null) return state;
  return state === null ? value : int8Add(state, value);
}

/** [sum, count] of interval[]: the count stands in the second one's microseconds. */
function intervalState(state: SqlArray): readonly [Interval, Interval] {
  if (state.hasNull) throw sqlError('22004', 'null array element not allowed in this context');
  if (state.elements.length !== 2) throw sqlError('XX000', 'expected 2-element interval array');
  return state.elements as unknown as readonly [Interval, Interval];
}

function intervalStep(state: SqlArray, value: Interval, operation: typeof intervalSum, by: number): SqlArray {
  const [sum, count] = intervalState(state);
  const next = new Interval(count.months, count.days, int8Add(count.micros, by));
  return new SqlArray(OID.INTERVAL, [operation(sum, value), next]);
}

function intervalCombine(a: SqlArray, b: SqlArray): SqlArray {
  const [sumA, countA] = intervalState(a);
  const [sumB, countB] = intervalState(b);
  return new SqlArray(OID.INTERVAL, [intervalSum(sumA, sumB), intervalSum(countA, countB)]);
}

/** What may only be named. */
function unusable(): never {
  throw sqlError('0A000', 'functions of type internal cannot be called');
}

const INTERNAL_ONLY = `
  array_agg_array_finalfn array_agg_array_transfn array_agg_finalfn array_agg_transfn bool_accum bool_accum_inv bool_alltrue
  bool_anytrue bytea_string_agg_finalfn bytea_string_agg_transfn hypothetical_cume_dist_final hypothetical_dense_rank_final
  int2_accum int2_accum_inv int4_accum int4_accum_inv int8_accum int8_accum_inv int8_avg_accum int8_avg_accum_inv
  int8_avg_combine int8_avg_deserialize int8_avg_serialize json_agg_finalfn json_agg_transfn json_object_agg_finalfn
  json_object_agg_transfn jsonb_agg_finalfn jsonb_agg_transfn jsonb_object_agg_finalfn jsonb_object_agg_transfn mode_final
  range_agg_finalfn range_agg_transfn multirange_agg_transfn numeric_accum numeric_accum_inv numeric_avg numeric_avg_accum
  numeric_avg_combine numeric_avg_deserialize numeric_avg_serialize numeric_combine numeric_deserialize numeric_poly_avg
  numeric_poly_combine numeric_poly_deserialize numeric_poly_serialize numeric_poly_stddev_pop numeric_poly_stddev_samp
  numeric_poly_sum numeric_poly_var_pop numeric_poly_var_samp numeric_serialize numeric_stddev_pop numeric_stddev_samp
  numeric_sum numeric_var_pop numeric_var_samp ordered_set_transition ordered_set_transition_multi
  hypothetical_percent_rank_final percentile_cont_float8_final percentile_cont_float8_multi_final
  percentile_cont_interval_final percentile_cont_interval_multi_final percentile_disc_final percentile_disc_multi_final
  hypothetical_rank_final string_agg_finalfn string_agg_transfn
  areajoinsel areasel arraycontjoinsel arraycontsel contjoinsel contsel eqjoinsel eqsel iclikejoinsel iclikesel icnlikejoinsel
  icnlikesel icregexeqjoinsel icregexeqsel icregexnejoinsel icregexnesel likejoinsel likesel matchingjoinsel matchingsel
  multirangesel neqjoinsel neqsel networkjoinsel networksel nlikejoinsel nlikesel positionjoinsel positionsel prefixjoinsel
  prefixsel rangesel regexeqjoinsel regexeqsel regexnejoinsel regexnesel scalargejoinsel scalargesel scalargtjoinsel
  scalargtsel scalarlejoinsel scalarlesel scalarltjoinsel scalarltsel tsmatchjoinsel tsmatchsel`
  .trim()
  .split(/\s+/);

export const transitionFunctions: FunctionModule = {
  plain: {
    ...floatTransitions,
    ...Object.fromEntries(INTERNAL_ONLY.map((name) => [name, unusable])),
    int2_sum: smallSum,
    int4_sum: smallSum,
    int8_sum(state: Numeric | null, value: Int8 | null) {
      if (value === null) return state;
      return state === null ? numericOf(value) : state.add(numericOf(value));
    },
    int2_avg_accum: averageStep,
    int4_avg_accum: averageStep,
    int2_avg_accum_inv: averageBack,
    int4_avg_accum_inv: averageBack,
    int4_avg_combine(a: SqlArray, b: SqlArray) {
      const [countA, sumA] = countAndSum(a);
      const [countB, sumB] = countAndSum(b);
      return countedSum(int8Add(countA, countB), int8Add(sumA, sumB));
    },
    int8_avg(state: SqlArray) {
      const [count, sum] = countAndSum(state);
      return Number(count) === 0 ? null : numericOf(sum).div(numericOf(count));
    },
    int2int4_sum(state: SqlArray) {
      const [count, sum] = countAndSum(state);
      return Number(count) === 0 ? null : sum;
    },
    int8inc_any: (count: Int8) => int8Add(count, 1),
    int8dec_any: (count: Int8) => int8Sub(count, 1),
    int8inc_float8_float8: (count: Int8) => int8Add(count, 1),
    interval_accum: (state: SqlArray, value: Interval) => intervalStep(state, value, intervalSum, 1),
    interval_accum_inv: (state: SqlArray, value: Interval) => intervalStep(state, value, intervalDifference, -1),
    interval_combine: intervalCombine,
    interval_avg(state: SqlArray) {
      const [sum, count] = intervalState(state);
      return Number(count.micros) === 0 ? null : intervalDivide(sum, Number(count.micros));
    },
    tidlarger: (a: number, b: number) => Math.max(a, b),
    tidsmaller: (a: number, b: number) => Math.min(a, b),
    pg_lsn_larger: (a: Int8, b: Int8) => (a > b ? a : b),
    pg_lsn_smaller: (a: Int8, b: Int8) => (a < b ? a : b),
  },
};
