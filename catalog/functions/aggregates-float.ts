/**
 * float4 and float8 aggregates. Sums are plain additions in input order; variances and the regression family use the
 * Youngs-Cramer updates in PostgreSQL's order of operations, so that the digits agree.
 */
import { sqlError } from '../../types/errors.ts';
import { OID, SqlArray } from '../../types/index.ts';
import type { AggregateImplementation } from '../function-entry.ts';
import type { AggregateSpec, FunctionModule } from './module.ts';

const overflow = (): Error => sqlError('22003', 'value out of range: overflow');
const isInfinite = (value: number): boolean => value === Infinity || value === -Infinity;

/** [N, Sx, Sxx] as float8_accum has it. */
interface Moments {
  count: number;
  sum: number;
  squares: number;
}

function accumulate(state: Moments, value: number): Moments {
  state.count++;
  const previousSum = state.sum;
  state.sum += value;
  if (state.count > 1) {
    const difference = value * state.count - state.sum;
    state.squares += (difference * difference) / (state.count * (state.count - 1));
    if (isInfinite(state.sum) || isInfinite(state.squares)) {
      if (!isInfinite(previousSum) && !isInfinite(value)) throw overflow();
      state.squares = NaN;
    }
  } else if (Number.isNaN(value) || isInfinite(value)) {
    state.squares = NaN;
  }
  return state;
}

function ofMoments(final: (state: Moments) => number | null): AggregateSpec {
  const implementation: AggregateImplementation = {
    initial: () => ({ count: 0, sum: 0, squares: 0 }),
    step: accumulate,
    final,
  };
  return { strict: true, create: () => implementation };
}

function sum(round: (value: number) => number): AggregateSpec {
  const implementation: AggregateImplementation = {
    initial: () => null,
    step(state: number | null, value: number) {
      if (state === null) return value;
      const result = round(state + value);
      if (isInfinite(result) && !isInfinite(state) && !isInfinite(value)) throw overflow();
      return result;
    },
    final: (state: number | null) => state,
  };
  return { strict: true, create: () => implementation };
}

const average = (state: Moments): number | null => (state.count === 0 ? null : state.sum / state.count);
const variancePopulation = (state: Moments): number | null => (state.count === 0 ? null : state.squares / state.count);
const varianceSample = (state: Moments): number | null => (state.count <= 1 ? null : state.squares / (state.count - 1));
const deviationPopulation = (state: Moments): number | null =>
  state.count === 0 ? null : Math.sqrt(state.squares / state.count);
const deviationSample = (state: Moments): number | null =>
  state.count <= 1 ? null : Math.sqrt(state.squares / (state.count - 1));

/** [N, Sx, Sxx, Sy, Syy, Sxy] as float8_regr_accum has it. */
interface Regression {
  count: number;
  sx: number;
  sxx: number;
  sy: number;
  syy: number;
  sxy: number;
}

/** PostgreSQL's argument order: the dependent variable y comes first. */
function accumulatePair(state: Regression, y: number, x: number): Regression {
  const { sx: previousX, sy: previousY } = state;
  const count = state.count + 1;
  let { sxx, syy, sxy } = state;
  const sx = state.sx + x;
  const sy = state.sy + y;
  if (state.count > 0) {
    const dx = x * count - sx;
    const dy = y * count - sy;
    const scale = 1 / (count * state.count);
    sxx += dx * dx * scale;
    syy += dy * dy * scale;
    sxy += dx * dy * scale;
    if ([sx, sxx, sy, syy, sxy].some(isInfinite)) {
      const xFinite = !isInfinite(previousX) && !isInfinite(x);
      const yFinite = !isInfinite(previousY) && !isInfinite(y);
      if (
        ((isInfinite(sx) || isInfinite(sxx)) && xFinite) ||
        ((isInfinite(sy) || isInfinite(syy)) && yFinite) ||
        (isInfinite(sxy) && xFinite && yFinite)
      ) {
        throw overflow();
      }
      if (isInfinite(sxx)) sxx = NaN;
      if (isInfinite(syy)) syy = NaN;
      if (isInfinite(sxy)) sxy = NaN;
    }
  } else {
    if (Number.isNaN(x) || isInfinite(x)) sxx = sxy = NaN;
    if (Number.isNaN(y) || isInfinite(y)) syy = sxy = NaN;
  }
  state.count = count;
  state.sx = sx;
  state.sxx = sxx;
  state.sy = sy;
  state.syy = syy;
  state.sxy = sxy;
  return state;
}

function ofPairs(minimum: number, final: (state: Regression) => number | null): AggregateSpec {
  const implementation: AggregateImplementation = {
    initial: () => ({ count: 0, sx: 0, sxx: 0, sy: 0, syy: 0, sxy: 0 }),
    step: accumulatePair,
    final: (state: Regression) => (state.count < minimum ? null : final(state)),
  };
  return { strict: true, create: () => implementation };
}

function determination(s: Regression): number | null {
  if (s.sxx === 0) return null;
  return s.syy === 0 ? 1 : (s.sxy * s.sxy) / (s.sxx * s.syy);
}

const slope = (s: Regression): number | null => (s.sxx === 0 ? null : s.sxy / s.sxx);
const intercept = (s: Regression): number | null => (s.sxx === 0 ? null : (s.sy - (s.sx * s.sxy) / s.sxx) / s.count);
const correlation = (s: Regression): number | null =>
  s.sxx === 0 || s.syy === 0 ? null : s.sxy / Math.sqrt(s.sxx * s.syy);

const pairCount: AggregateSpec = {
  strict: true,
  create: () => ({ initial: () => 0, step: (count: number) => count + 1, final: (count: number) => count }),
};

const PAIR = '_float8_float8';

export const floatAggregates: FunctionModule = {
  aggregates: {
    sum_float4: sum(Math.fround),
    sum_float8: sum((value) => value),
    avg_float4: ofMoments(average),
    avg_float8: ofMoments(average),
    variance_float4: ofMoments(varianceSample),
    variance_float8: ofMoments(varianceSample),
    var_samp_float4: ofMoments(varianceSample),
    var_samp_float8: ofMoments(varianceSample),
    var_pop_float4: ofMoments(variancePopulation),
    var_pop_float8: ofMoments(variancePopulation),
    stddev_float4: ofMoments(deviationSample),
    stddev_float8: ofMoments(deviationSample),
    stddev_samp_float4: ofMoments(deviationSample),
    stddev_samp_float8: ofMoments(deviationSample),
    stddev_pop_float4: ofMoments(deviationPopulation),
    stddev_pop_float8: ofMoments(deviationPopulation),
    [`regr_count${PAIR}`]: pairCount,
    [`regr_sxx${PAIR}`]: ofPairs(1, (s) => s.sxx),
    [`regr_syy${PAIR}`]: ofPairs(1, (s) => s.syy),
    [`regr_sxy${PAIR}`]: ofPairs(1, (s) => s.sxy),
    [`regr_avgx${PAIR}`]: ofPairs(1, (s) => s.sx / s.count),
    [`regr_avgy${PAIR}`]: ofPairs(1, (s) => s.sy / s.count),
    [`regr_r2${PAIR}`]: ofPairs(1, determination),
    [`regr_slope${PAIR}`]: ofPairs(1, slope),
    [`regr_intercept${PAIR}`]: ofPairs(1, intercept),
    [`covar_pop${PAIR}`]: ofPairs(1, (s) => s.sxy / s.count),
    [`covar_samp${PAIR}`]: ofPairs(2, (s) => s.sxy / (s.count - 1)),
    [`corr${PAIR}`]: ofPairs(1, correlation),
  },
};

// ---------------------------------------------------------------------------------------- the same as functions of arrays

function momentsOf(name: string, state: SqlArray): Moments {
  const [count, sum, squares] = numbersOf(name, state, 3);
  return { count, sum, squares };
}

function pairsOf(name: string, state: SqlArray): Regression {
  const [count, sx, sxx, sy, syy, sxy] = numbersOf(name, state, 6);
  return { count, sx, sxx, sy, syy, sxy };
}

function numbersOf(name: string, state: SqlArray, length: number): readonly number[] {
  if (state.elements.length === length && !state.elements.includes(null)) return state.elements as readonly number[];
  throw sqlError('XX000', `${name}: expected ${length}-element float8 array`);
}

const fromMoments = ({ count, sum: total, squares }: Moments): SqlArray =>
  new SqlArray(OID.FLOAT8, [count, total, squares]);
const fromPairs = ({ count, sx, sxx, sy, syy, sxy }: Regression): SqlArray =>
  new SqlArray(OID.FLOAT8, [count, sx, sxx, sy, syy, sxy]);

const step = (name: string) => (state: SqlArray, value: number) =>
  fromMoments(accumulate(momentsOf(name, state), value));
const finalMoments = (name: string, final: (state: Moments) => number | null) => (state: SqlArray) =>
  final(momentsOf(name, state));
const finalPairs =
  (name: string, minimum: number, final: (state: Regression) => number | null) => (state: SqlArray) => {
    const pairs = pairsOf(name, state);
    return pairs.count < minimum ? null : final(pairs);
  };

/** Two halves of the rows. */
function combineMoments(a: SqlArray, b: SqlArray): SqlArray {
  const [left, right] = [momentsOf('float8_combine', a), momentsOf('float8_combine', b)];
  if (left.count === 0) return fromMoments(right);
  if (right.count === 0) return fromMoments(left);
  const count = left.count + right.count;
  const total = left.sum + right.sum;
  const difference = left.sum / left.count - right.sum / right.count;
  const squares = left.squares + right.squares + (left.count * right.count * difference * difference) / count;
  if (isInfinite(squares) && !isInfinite(left.squares) && !isInfinite(right.squares)) throw overflow();
  return fromMoments({ count, sum: total, squares });
}

function combinePairs(a: SqlArray, b: SqlArray): SqlArray {
  const [left, right] = [pairsOf('float8_regr_combine', a), pairsOf('float8_regr_combine', b)];
  if (left.count === 0) return fromPairs(right);
  if (right.count === 0) return fromPairs(left);
  const count = left.count + right.count;
  const dx = left.sx / left.count - right.sx / right.count;
  const dy = left.sy / left.count - right.sy / right.count;
  const weight = (left.count * right.count) / count;
  return fromPairs({
    count,
    sx: left.sx + right.sx,
    sxx: left.sxx + right.sxx + weight * dx * dx,
    sy: left.sy + right.sy,
    syy: left.syy + right.syy + weight * dy * dy,
    sxy: left.sxy + right.sxy + weight * dx * dy,
  });
}

export const floatTransitions: NonNullable<FunctionModule['plain']> = {
  float4_accum: step('float4_accum'),
  float8_accum: step('float8_accum'),
  float8_combine: combineMoments,
  float8_avg: finalMoments('float8_avg', average),
  float8_var_pop: finalMoments('float8_var_pop', variancePopulation),
  float8_var_samp: finalMoments('float8_var_samp', varianceSample),
  float8_stddev_pop: finalMoments('float8_stddev_pop', deviationPopulation),
  float8_stddev_samp: finalMoments('float8_stddev_samp', deviationSample),
  float8_regr_accum: (state: SqlArray, y: number, x: number) =>
    fromPairs(accumulatePair(pairsOf('float8_regr_accum', state), y, x)),
  float8_regr_combine: combinePairs,
  float8_regr_sxx: finalPairs('float8_regr_sxx', 1, (s) => s.sxx),
  float8_regr_syy: finalPairs('float8_regr_syy', 1, (s) => s.syy),
  float8_regr_sxy: finalPairs('float8_regr_sxy', 1, (s) => s.sxy),
  float8_regr_avgx: finalPairs('float8_regr_avgx', 1, (s) => s.sx / s.count),
  float8_regr_avgy: finalPairs('float8_regr_avgy', 1, (s) => s.sy / s.count),
  float8_regr_r2: finalPairs('float8_regr_r2', 1, determination),
  float8_regr_slope: finalPairs('float8_regr_slope', 1, slope),
  float8_regr_intercept: finalPairs('float8_regr_intercept', 1, intercept),
  float8_covar_pop: finalPairs('float8_covar_pop', 1, (s) => s.sxy / s.count),
  float8_covar_samp: finalPairs('float8_covar_samp', 2, (s) => s.sxy / (s.count - 1)),
  float8_corr: finalPairs('float8_corr', 1, correlation),
};
