/**
 * Aggregates over exact numbers, booleans, bits, any comparable type, text and arrays. Sums of integers are kept as
 * numbers while they are safe and as bigints beyond, so they are exact whatever comes. See also aggregates-float.ts,
 * aggregates-ordered.ts and json-aggregates.ts.
 */

import { sqlError } from '../../types/errors.ts';
import { checkDimensionCount, checkElementCount, comparator, Numeric, normaliseInt8, OID } from '../../types/index.ts';
import { sqrtAt } from '../../types/numeric-kernel.ts';
import { NumericSum } from '../../types/numeric-sum.ts';
import { bigPow10 } from '../../types/pow10.ts';
import type { AggregateImplementation, Value } from '../function-entry.ts';
import { elementTypeOf, SqlArray } from './array-values.ts';
import { type Int8, int8FromBigInt } from './integer.ts';
import type { AggregateSpec, FunctionModule } from './module.ts';
import { TextCollector } from './text-collector.ts';

function fixed(strict: boolean, implementation: AggregateImplementation, orderInsensitive = false): AggregateSpec {
  return { strict, orderInsensitive, create: () => implementation };
}

const count: AggregateImplementation = {
  initial: () => 0,
  step: (state: number) => state + 1,
  final: (state: number) => state,
  inverse: (state: number) => state - 1,
};

/** An exact integer of any size: a number while safe. */
function addExact(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(a) + BigInt(b);
}

function multiplyExact(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product;
  }
  return BigInt(a) * BigInt(b);
}

const numericOf = (value: number | bigint): Numeric => Numeric.fromBigint(value);

/** sum(int2), sum(int4): int8. */
const sumSmall: AggregateImplementation = {
  initial: () => null,
  step: (state: Int8 | null, value: number) => (state === null ? value : addExact(state, value)),
  inverse: (state: Int8, value: number) => addExact(state, -value),
  final: (state: Int8 | null) => (typeof state === 'bigint' ? int8FromBigInt(state) : state),
};

/** sum(int8): numeric. */
const sumInt8: AggregateImplementation = {
  initial: () => null,
  step: (state: number | bigint | null, value: Int8) => (state === null ? value : addExact(state, value)),
  inverse: (state: number | bigint, value: Int8) => addExact(state, -value),
  final: (state: number | bigint | null) => (state === null ? null : numericOf(state)),
};

const sumNumeric: AggregateImplementation = {
  initial: () => null,
  step(state: NumericSum | null, value: Numeric) {
    state ??= new NumericSum();
    state.add(value);
    return state;
  },
  inverse: (state: NumericSum, value: Numeric) => (state.remove(value) ? state : undefined),
  final: (state: NumericSum | null) => state?.total ?? null,
};

interface IntegerAverage {
  count: number;
  sum: number | bigint;
}

/** avg over integers: numeric, with the digits of numeric division. */
const averageInteger: AggregateImplementation = {
  initial: (): IntegerAverage => ({ count: 0, sum: 0 }),
  step(state: IntegerAverage, value: Int8) {
    state.count++;
    state.sum = addExact(state.sum, value);
    return state;
  },
  final: (state: IntegerAverage) =>
    state.count === 0 ? null : numericOf(state.sum).div(Numeric.fromScaled(state.count, 0)),
  inverse(state: IntegerAverage, value: Int8) {
    state.count--;
    state.sum = addExact(state.sum, -value);
    return state;
  },
};

interface NumericAverage {
  count: number;
  readonly sum: NumericSum;
}

const averageNumeric: AggregateImplementation = {
  initial: (): NumericAverage => ({ count: 0, sum: new NumericSum() }),
  step(state: NumericAverage, value: Numeric) {
    state.count++;
    state.sum.add(value);
    return state;
  },
  inverse(state: NumericAverage, value: Numeric) {
    if (!state.sum.remove(value)) return undefined;
    state.count--;
    return state;
  },
  final: (state: NumericAverage) =>
    state.count === 0 ? null : state.sum.total.div(Numeric.fromScaled(state.count, 0)),
};

/** What numeric variance needs: N, the sum and the sum of squares, exact. */
interface ExactMoments {
  count: number;
  sum: Numeric;
  squares: Numeric;
}

/**
 * PostgreSQL's numeric_stddev_internal: (N * sum of squares - sum^2) / (N * N) or / (N * (N - 1)), one division only.
 */
function exactVariance(state: ExactMoments, sample: boolean, root: boolean): Numeric | null {
  const { count: n, sum, squares } = state;
  if (n === 0 || (sample && n === 1)) return null;
  if (!sum.isFinite || !squares.isFinite) return Numeric.NaN;
  const size = Numeric.fromScaled(n, 0);
  return dividedVariance(n, size.mul(squares).sub(sum.mul(sum)), sample, root);
}

/** The same where squares are no numerics any more, though the variance may be one. */
function wideVariance({ count: n, sum, squares }: NumericMoments, sample: boolean, root: boolean): Numeric | null {
  if (sample && n === 1) return null;
  const [total, ofSquares] = [sum.exact, squares.exact];
  const scale = Math.max(2 * total.scale, ofSquares.scale);
  const square = total.coefficient * total.coefficient * bigPow10(scale - 2 * total.scale);
  const numerator = BigInt(n) * ofSquares.coefficient * bigPow10(scale - ofSquares.scale) - square;
  return dividedVariance(n, Numeric.fromScaled(normaliseInt8(numerator), scale), sample, root);
}

function dividedVariance(n: number, numerator: Numeric, sample: boolean, root: boolean): Numeric {
  const size = Numeric.fromScaled(n, 0);
  if (numerator.sign() <= 0) return Numeric.ZERO;
  const divisor = size.mul(Numeric.fromScaled(sample ? n - 1 : n, 0));
  const variance = numerator.div(divisor);
  if (!root) return variance;
  // The root keeps the digits of the quotient.
  return Numeric.fromBigint(sqrtAt(BigInt(variance.coefficient), variance.scale, variance.scale), variance.scale);
}

/** State of the variance family over numeric. */
export interface NumericMoments {
  count: number;
  readonly sum: NumericSum;
  readonly squares: NumericSum;
}

function numericVariance(sample: boolean, root: boolean): AggregateSpec {
  return fixed(true, {
    initial: () => ({ count: 0, sum: new NumericSum(), squares: new NumericSum() }),
    step(state: NumericMoments, value: Numeric) {
      state.count++;
      state.sum.add(value);
      state.squares.addSquare(value);
      return state;
    },
    final: (state: NumericMoments) =>
      state.squares.isWide
        ? wideVariance(state, sample, root)
        : exactVariance({ count: state.count, sum: state.sum.total, squares: state.squares.total }, sample, root),
  });
}

function integerVariance(sample: boolean, root: boolean): AggregateSpec {
  interface State {
    count: number;
    sum: number | bigint;
    squares: number | bigint;
  }
  return fixed(true, {
    initial: (): State => ({ count: 0, sum: 0, squares: 0 }),
    step(state: State, value: Int8) {
      state.count++;
      state.sum = addExact(state.sum, value);
      state.squares = addExact(state.squares, multiplyExact(value, value));
      return state;
    },
    final: (state: State) =>
      exactVariance({ count: state.count, sum: numericOf(state.sum), squares: numericOf(state.squares) }, sample, root),
  });
}

/** The variance family over integers and numeric, under PostgreSQL's names. */
function varianceFamily(): Record<string, AggregateSpec> {
  const family: Record<string, AggregateSpec> = {};
  const kinds: [name: string, sample: boolean, root: boolean][] = [
    ['variance', true, false],
    ['var_samp', true, false],
    ['var_pop', false, false],
    ['stddev', true, true],
    ['stddev_samp', true, true],
    ['stddev_pop', false, true],
  ];
  for (const [name, sample, root] of kinds) {
    for (const type of ['int2', 'int4', 'int8']) family[`${name}_${type}`] = integerVariance(sample, root);
    family[`${name}_numeric`] = numericVariance(sample, root);
  }
  return family;
}

/** min and max: the first of equal values stays. */
function extreme(isBetter: (candidate: Value, best: Value) => boolean): AggregateSpec {
  return fixed(
    true,
    {
      initial: () => null,
      step: (state: Value, value: Value) => (state === null || isBetter(value, state) ? value : state),
      final: (state: Value) => state,
    },
    true,
  );
}

/** min and max of a type whose values JavaScript orders as SQL does. */
export const orderExtreme = (larger: boolean): AggregateSpec =>
  larger ? extreme((a, b) => a > b) : extreme((a, b) => a < b);

/** NaN is above all numbers. */
function floatExtreme(larger: boolean): AggregateSpec {
  return larger
    ? extreme((a: number, b: number) => a > b || (Number.isNaN(a) && !Number.isNaN(b)))
    : extreme((a: number, b: number) => a < b || (Number.isNaN(b) && !Number.isNaN(a)));
}

function comparedExtreme(typeOf: (argTypes: readonly number[]) => number, larger: boolean): AggregateSpec {
  return {
    strict: true,
    orderInsensitive: true,
    create(argTypes, returnType) {
      const compare = comparator(typeOf(argTypes));
      const spec = extreme(larger ? (a, b) => compare(a, b) > 0 : (a, b) => compare(a, b) < 0);
      return spec.create(argTypes, returnType);
    },
  };
}

function extremes(): Record<string, AggregateSpec> {
  const all: Record<string, AggregateSpec> = {};
  for (const [name, larger] of [['max', true] as const, ['min', false] as const]) {
    for (const type of ['int2', 'int4', 'int8', 'oid', 'date', 'time', 'timestamp', 'timestamptz', 'xid8', 'pg_lsn']) {
      all[`${name}_${type}`] = orderExtreme(larger);
    }
    all[`${name}_float4`] = floatExtreme(larger);
    all[`${name}_float8`] = floatExtreme(larger);
    const compared: Record<string, number> = {
      numeric: OID.NUMERIC,
      text: OID.TEXT,
      bpchar: OID.BPCHAR,
      interval: OID.INTERVAL,
      timetz: OID.TIMETZ,
      tid: OID.TID,
    };
    for (const [type, oid] of Object.entries(compared)) all[`${name}_${type}`] = comparedExtreme(() => oid, larger);
    all[`${name}_anyarray`] = comparedExtreme((argTypes) => argTypes[0], larger);
    all[`${name}_anyenum`] = comparedExtreme((argTypes) => argTypes[0], larger);
  }
  return all;
}

function boolean(combine: (a: boolean, b: boolean) => boolean): AggregateSpec {
  return fixed(true, {
    initial: () => null,
    step: (state: boolean | null, value: boolean) => (state === null ? value : combine(state, value)),
    final: (state: boolean | null) => state,
  });
}

function bits(combine: (a: Int8, b: Int8) => Int8): AggregateSpec {
  return fixed(true, {
    initial: () => null,
    step: (state: Int8 | null, value: Int8) => (state === null ? value : combine(state, value)),
    final: (state: Int8 | null) => state,
  });
}

const wide =
  (combine: (a: bigint, b: bigint) => bigint) =>
  (a: Int8, b: Int8): Int8 =>
    int8FromBigInt(BigInt.asIntN(64, combine(BigInt(a), BigInt(b))));

function bitAggregates(): Record<string, AggregateSpec> {
  const and = bits((a, b) => (a as number) & (b as number));
  const or = bits((a, b) => (a as number) | (b as number));
  const xor = bits((a, b) => (a as number) ^ (b as number));
  return {
    bit_and_int2: and,
    bit_and_int4: and,
    bit_and_int8: bits(wide((a, b) => a & b)),
    bit_or_int2: or,
    bit_or_int4: or,
    bit_or_int8: bits(wide((a, b) => a | b)),
    bit_xor_int2: xor,
    bit_xor_int4: xor,
    bit_xor_int8: bits(wide((a, b) => a ^ b)),
  };
}

/** The delimiter of the first row is not used; a null value adds nothing, a null delimiter no delimiter. */
const stringAggregate: AggregateImplementation = {
  initial: () => null,
  step(state: TextCollector | null, value: string | null, delimiter: string | null) {
    if (value === null) return state;
    const texts = state ?? new TextCollector();
    if (state !== null && delimiter !== null) texts.append(delimiter);
    texts.append(value);
    return texts;
  },
  final: (state: TextCollector | null) => (state === null ? null : state.toString()),
};

const bytesAggregate: AggregateImplementation = {
  initial: () => null,
  step(state: Uint8Array[] | null, value: Uint8Array | null, delimiter: Uint8Array | null) {
    if (value === null) return state;
    if (state === null) return [value];
    if (delimiter !== null) state.push(delimiter);
    state.push(value);
    return state;
  },
  final: (state: Uint8Array[] | null) => (state === null ? null : new Uint8Array(Buffer.concat(state))),
};

const arrayAggregate: AggregateSpec = {
  strict: false,
  create(argTypes) {
    return {
      initial: () => null,
      step(state: Value[] | null, value: Value) {
        if (state === null) return [value];
        state.push(value);
        return state;
      },
      final: (state: Value[] | null) => (state === null ? null : new SqlArray(argTypes[0], state.slice())),
    };
  },
};

function sameBounds(a: SqlArray, b: SqlArray): boolean {
  if (a.dimensions.length !== b.dimensions.length) return false;
  for (let i = 0; i < a.dimensions.length; i++) {
    if (a.dimensions[i] !== b.dimensions[i] || a.lowerBounds[i] !== b.lowerBounds[i]) return false;
  }
  return true;
}

/** Arrays of the same bounds, behind one another. */
interface JoinedArrays {
  readonly first: SqlArray;
  readonly elements: Value[];
  count: number;
}

/** array_agg over arrays: one dimension more; all must have the same bounds. */
const nestedArrayAggregate: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const elementOid = elementTypeOf(argTypes[0]);
    return {
      initial: () => null,
      step(state: JoinedArrays | null, value: SqlArray | null) {
        if (value === null) throw sqlError('22004', 'cannot accumulate null arrays');
        if (state === null) {
          if (value.length === 0) throw sqlError('2202E', 'cannot accumulate empty arrays');
          checkDimensionCount(value.dimensionCount + 1);
          return { first: value, elements: value.elements.slice(), count: 1 };
        }
        if (!sameBounds(state.first, value)) {
          throw sqlError('2202E', 'cannot accumulate arrays of different dimensionality');
        }
        for (const element of value.elements) state.elements.push(element);
        checkElementCount(state.elements.length);
        state.count++;
        return state;
      },
      final(state: JoinedArrays | null) {
        if (state === null) return null;
        const { first, count, elements } = state;
        return new SqlArray(elementOid, elements.slice(), [count, ...first.dimensions], [1, ...first.lowerBounds]);
      },
    };
  },
};

export const aggregateFunctions: FunctionModule = {
  aggregates: {
    count_star: fixed(false, count),
    count_any: fixed(true, count),
    sum_int2: fixed(true, sumSmall),
    sum_int4: fixed(true, sumSmall),
    sum_int8: fixed(true, sumInt8),
    sum_numeric: fixed(true, sumNumeric),
    avg_int2: fixed(true, averageInteger),
    avg_int4: fixed(true, averageInteger),
    avg_int8: fixed(true, averageInteger),
    avg_numeric: fixed(true, averageNumeric),
    ...varianceFamily(),
    ...extremes(),
    bool_and_bool: boolean((a, b) => a && b),
    bool_or_bool: boolean((a, b) => a || b),
    every_bool: boolean((a, b) => a && b),
    ...bitAggregates(),
    string_agg_text_text: fixed(false, stringAggregate),
    string_agg_bytea_bytea: fixed(false, bytesAggregate),
    array_agg_anynonarray: arrayAggregate,
    array_agg_anyarray: nestedArrayAggregate,
  },
};
