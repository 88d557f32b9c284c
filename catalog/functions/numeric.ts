/** numeric: operators, casts and mathematics over types' Numeric, which does the arithmetic itself. */

import { sqlError } from '../../types/errors.ts';
import { comparator, Numeric } from '../../types/index.ts';
import { elementTypeOf, type SqlArray } from './array-values.ts';
import { type Int8, integerOutOfRange } from './integer.ts';
import type { FunctionModule } from './module.ts';
import { prettyNumericSize } from './sizes.ts';

/** Both as integers at their larger scale. */
function aligned(a: Numeric, b: Numeric): [a: bigint, b: bigint, scale: number] {
  const scale = Math.max(a.scale, b.scale);
  return [BigInt(a.round(scale).coefficient), BigInt(b.round(scale).coefficient), scale];
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return magnitude(a);
}

function gcd(a: Numeric, b: Numeric): Numeric {
  if (!a.isFinite || !b.isFinite) return Numeric.NaN;
  const [x, y, scale] = aligned(a, b);
  return Numeric.fromBigint(greatestCommonDivisor(x, y), scale).round(scale);
}

function lcm(a: Numeric, b: Numeric): Numeric {
  if (!a.isFinite || !b.isFinite) return Numeric.NaN;
  const [x, y, scale] = aligned(a, b);
  if (x === 0n || y === 0n) return Numeric.ZERO.round(scale);
  return Numeric.fromBigint(magnitude((x / greatestCommonDivisor(x, y)) * y), scale);
}

function factorial(n: Int8): Numeric {
  if (n < 0) throw sqlError('22003', 'factorial of a negative number is undefined');
  if (n > 32177) throw sqlError('22003', 'value overflows numeric format');
  // Halving the range keeps the factors of each product of like size.
  const product = (low: number, high: number): bigint => {
    if (high - low < 8) {
      let result = BigInt(low);
      for (let i = low + 1; i <= high; i++) result *= BigInt(i);
      return result;
    }
    const middle = (low + high) >> 1;
    return product(low, middle) * product(middle + 1, high);
  };
  return Numeric.fromBigint(n <= 1 ? 1n : product(2, n as number));
}

/** 1e131000, made when a number of many digits is compared with it first: that takes 10 ms. */
let large: Numeric | null = null;
function isLarge(value: Numeric): boolean {
  if (typeof value.coefficient === 'number') return false;
  large ??= Numeric.fromBigint(10n ** 131000n);
  return value.abs().compare(large) > 0;
}
const SHRINK = Numeric.fromScaled(1, 40);

function widthBucket(operand: Numeric, low: Numeric, high: Numeric, count: number): number {
  if (count <= 0) throw sqlError('2201G', 'count must be greater than zero');
  if (operand.isNaN || low.isNaN || high.isNaN) {
    throw sqlError('2201G', 'operand, lower bound, and upper bound cannot be NaN');
  }
  if (!low.isFinite || !high.isFinite) throw sqlError('2201G', 'lower and upper bounds must be finite');
  const order = low.compare(high);
  if (order === 0) throw sqlError('2201G', 'lower bound cannot equal upper bound');
  if (operand.compare(low) * order > 0) return 0;
  if (operand.compare(high) * order <= 0) {
    if (count === 2147483647) throw integerOutOfRange();
    return count + 1;
  }
  // Divided as PostgreSQL 15 does, with as many digits as a division gives: what is rounded up to the next bucket is in it.
  // What is out of numeric's range on the way makes all of them smaller first, by whole groups of four digits.
  const all = [operand, low, high];
  const [x, from, to] = all.some(isLarge) ? all.map((each) => each.mul(SHRINK)) : all;
  const share = x.sub(from).mul(Numeric.fromScaled(count, 0)).div(to.sub(from)).floor();
  return share.add(Numeric.fromScaled(1, 0)).toInt4();
}

/** Number of thresholds that the operand has reached; they are sorted. */
function bucketOfThresholds(
  compare: (a: unknown, b: unknown) => number,
  operand: unknown,
  thresholds: SqlArray,
): number {
  if (thresholds.dimensionCount > 1) throw sqlError('2202E', 'thresholds must be one-dimensional array');
  if (thresholds.hasNull) throw sqlError('22004', 'thresholds array must not contain NULLs');
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(operand, thresholds.elements[middle]) < 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const numericFunctions: FunctionModule = {
  plain: {
    numeric_eq: (a: Numeric, b: Numeric) => a.compare(b) === 0,
    numeric_ne: (a: Numeric, b: Numeric) => a.compare(b) !== 0,
    numeric_lt: (a: Numeric, b: Numeric) => a.compare(b) < 0,
    numeric_le: (a: Numeric, b: Numeric) => a.compare(b) <= 0,
    numeric_gt: (a: Numeric, b: Numeric) => a.compare(b) > 0,
    numeric_ge: (a: Numeric, b: Numeric) => a.compare(b) >= 0,
    numeric_cmp: (a: Numeric, b: Numeric) => a.compare(b),
    numeric_larger: (a: Numeric, b: Numeric) => (a.compare(b) > 0 ? a : b),
    numeric_smaller: (a: Numeric, b: Numeric) => (a.compare(b) < 0 ? a : b),
    numeric_add: (a: Numeric, b: Numeric) => a.add(b),
    numeric_sub: (a: Numeric, b: Numeric) => a.sub(b),
    numeric_mul: (a: Numeric, b: Numeric) => a.mul(b),
    numeric_div: (a: Numeric, b: Numeric) => a.div(b),
    numeric_div_trunc: (a: Numeric, b: Numeric) => a.divTrunc(b),
    numeric_mod: (a: Numeric, b: Numeric) => a.mod(b),
    numeric_uminus: (a: Numeric) => a.neg(),
    numeric_uplus: (a: Numeric) => a,
    numeric_inc: (a: Numeric) => a.add(Numeric.ONE),
    numeric_abs: (a: Numeric) => a.abs(),
    numeric_sign: (a: Numeric) => (a.isNaN ? a : Numeric.fromScaled(a.sign(), 0)),
    numeric_ceil: (a: Numeric) => a.ceil(),
    numeric_floor: (a: Numeric) => a.floor(),
    numeric_round: (a: Numeric, scale: number) => a.round(scale),
    round_numeric: (a: Numeric) => a.round(0),
    numeric_trunc: (a: Numeric, scale: number) => a.trunc(scale),
    trunc_numeric: (a: Numeric) => a.trunc(0),
    numeric_scale: (a: Numeric) => (a.isFinite ? a.scale : null),
    numeric_min_scale: (a: Numeric) => (a.isFinite ? a.minScale() : null),
    numeric_trim_scale: (a: Numeric) => a.trimScale(),
    numeric_sqrt: (a: Numeric) => a.sqrt(),
    numeric_exp: (a: Numeric) => a.exp(),
    numeric_ln: (a: Numeric) => a.ln(),
    numeric_log: (base: Numeric, a: Numeric) => a.log(base),
    log_numeric: (a: Numeric) => a.log(),
    log10_numeric: (a: Numeric) => a.log(),
    numeric_power: (a: Numeric, b: Numeric) => a.power(b),
    numeric_gcd: gcd,
    numeric_lcm: lcm,
    numeric_fac: factorial,
    width_bucket_numeric: widthBucket,
    pg_size_pretty_numeric: prettyNumericSize,

    // casts
    numeric: (a: Numeric, typmod: number) => a.applyTypmod(typmod),
    int2_numeric: (a: number) => Numeric.fromScaled(a, 0),
    int4_numeric: (a: number) => Numeric.fromScaled(a, 0),
    int8_numeric: (a: Int8) => Numeric.fromScaled(a, 0),
    float4_numeric: (a: number) => Numeric.fromNumber(a, 6),
    float8_numeric: (a: number) => Numeric.fromNumber(a),
    numeric_int2: (a: Numeric) => a.toInt2(),
    numeric_int4: (a: Numeric) => a.toInt4(),
    numeric_int8: (a: Numeric) => a.toInt8(),
    numeric_float4: (value: Numeric) => value.toFloat4(),
    numeric_float8: (value: Numeric) => value.toFloat8(),
  },
  specialised: {
    width_bucket_array(argTypes) {
      const compare = comparator(elementTypeOf(argTypes[1]));
      return (operand, thresholds: SqlArray) => bucketOfThresholds(compare, operand, thresholds);
    },
  },
};
