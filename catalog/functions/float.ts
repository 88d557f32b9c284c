/**
 * float4 and float8: arithmetic with PostgreSQL's overflow and underflow errors, comparison with NaN above all numbers, and
 * the mathematical functions with their domain errors. A float4 is a double that Math.fround leaves alone.
 */

import { type SqlError, sqlError } from '../../types/errors.ts';
import * as elementary from './elementary.ts';
import {
  bigintOutOfRange,
  divisionByZero,
  type Int8,
  int8FromBigInt,
  integerOutOfRange,
  smallintOutOfRange,
} from './integer.ts';
import type { FunctionModule } from './module.ts';

const overflow = (): SqlError => sqlError('22003', 'value out of range: overflow');
const underflow = (): SqlError => sqlError('22003', 'value out of range: underflow');
const inputOutOfRange = (): SqlError => sqlError('22003', 'input is out of range');

const isInfinite = (value: number): boolean => value === Infinity || value === -Infinity;

export function float8Add(a: number, b: number): number {
  const sum = a + b;
  if (isInfinite(sum) && !isInfinite(a) && !isInfinite(b)) throw overflow();
  return sum;
}

export function float8Sub(a: number, b: number): number {
  const difference = a - b;
  if (isInfinite(difference) && !isInfinite(a) && !isInfinite(b)) throw overflow();
  return difference;
}

export function float8Mul(a: number, b: number): number {
  const product = a * b;
  if (isInfinite(product) && !isInfinite(a) && !isInfinite(b)) throw overflow();
  if (product === 0 && a !== 0 && b !== 0) throw underflow();
  return product;
}

export function float8Div(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
  const quotient = a / b;
  if (isInfinite(quotient) && !isInfinite(a)) throw overflow();
  if (quotient === 0 && a !== 0 && !isInfinite(b)) throw underflow();
  return quotient;
}

function float4Add(a: number, b: number): number {
  const sum = Math.fround(a + b);
  if (isInfinite(sum) && !isInfinite(a) && !isInfinite(b)) throw overflow();
  return sum;
}

function float4Sub(a: number, b: number): number {
  const difference = Math.fround(a - b);
  if (isInfinite(difference) && !isInfinite(a) && !isInfinite(b)) throw overflow();
  return difference;
}

function float4Mul(a: number, b: number): number {
  const product = Math.fround(a * b);
  if (isInfinite(product) && !isInfinite(a) && !isInfinite(b)) throw overflow();
  if (product === 0 && a !== 0 && b !== 0) throw underflow();
  return product;
}

function float4Div(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
  const quotient = Math.fround(a / b);
  if (isInfinite(quotient) && !isInfinite(a)) throw overflow();
  if (quotient === 0 && a !== 0 && !isInfinite(b)) throw underflow();
  return quotient;
}

// NaN equals NaN and is greater than every number.
const eq = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));
const ne = (a: number, b: number) => a !== b && (!Number.isNaN(a) || !Number.isNaN(b));
const lt = (a: number, b: number) => a < b || (Number.isNaN(b) && !Number.isNaN(a));
const le = (a: number, b: number) => a <= b || Number.isNaN(b);
const gt = (a: number, b: number) => a > b || (Number.isNaN(a) && !Number.isNaN(b));
const ge = (a: number, b: number) => a >= b || Number.isNaN(a);
const larger = (a: number, b: number) => (gt(a, b) ? a : b);
const smaller = (a: number, b: number) => (lt(a, b) ? a : b);
const compare = (a: number, b: number) => (gt(a, b) ? 1 : lt(a, b) ? -1 : 0);
const same = (value: number) => value;

function comparisons(prefix: string): Record<string, (a: number, b: number) => boolean> {
  return {
    [`${prefix}eq`]: eq,
    [`${prefix}ne`]: ne,
    [`${prefix}lt`]: lt,
    [`${prefix}le`]: le,
    [`${prefix}gt`]: gt,
    [`${prefix}ge`]: ge,
  };
}

/** Rounds half to even, as C's rint(). */
export function roundHalfEven(value: number): number {
  if (!(Math.abs(value) < 4503599627370496)) return value;
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction < 0.5) return floor;
  if (fraction > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function float8ToInt2(value: number): number {
  const rounded = roundHalfEven(value);
  if (!(rounded >= -32768 && rounded < 32768)) throw smallintOutOfRange();
  return rounded + 0;
}

function float8ToInt4(value: number): number {
  const rounded = roundHalfEven(value);
  if (!(rounded >= -2147483648 && rounded < 2147483648)) throw integerOutOfRange();
  return rounded + 0;
}

function float8ToInt8(value: number): Int8 {
  const rounded = roundHalfEven(value);
  if (!(rounded >= -(2 ** 63) && rounded < 2 ** 63)) throw bigintOutOfRange();
  return Number.isSafeInteger(rounded) ? rounded + 0 : int8FromBigInt(BigInt(rounded));
}

function float8ToFloat4(value: number): number {
  const result = Math.fround(value);
  if (isInfinite(result) && !isInfinite(value)) throw overflow();
  if (result === 0 && value !== 0) throw underflow();
  return result;
}

/** The nearest float4 of an integer; a double between would round twice for big int8 values. */
function int8ToFloat4(value: Int8): number {
  if (typeof value === 'number') return Math.fround(value);
  // Keep the bits that decide the rounding: shift down to 53 bits with a sticky last bit.
  const negative = value < 0n;
  const magnitude = negative ? -value : value;
  const shift = 12n;
  const kept = Number(magnitude >> shift) + ((magnitude & 4095n) !== 0n ? 0.5 : 0);
  const result = Math.fround(kept) * 4096;
  return negative ? -result : result;
}

function power(base: number, exponent: number): number {
  if (Number.isNaN(base)) return exponent === 0 ? 1 : NaN;
  if (Number.isNaN(exponent)) return base === 1 ? 1 : NaN;
  if (base === 0 && exponent < 0) throw sqlError('2201F', 'zero raised to a negative power is undefined');
  if (base < 0 && Math.floor(exponent) !== exponent) {
    throw sqlError('2201F', 'a negative number raised to a non-integer power yields a complex result');
  }
  // C says 1 for pow(±1, ±infinity) where JavaScript says NaN.
  if (isInfinite(exponent)) return Math.abs(base) === 1 ? 1 : base ** exponent;
  const result = elementary.power(base, exponent);
  if (isInfinite(result) && !isInfinite(base)) throw overflow();
  if (result === 0 && base !== 0 && !isInfinite(base)) throw underflow();
  return result;
}

function exponential(value: number): number {
  const result = elementary.exp(value);
  if (isInfinite(result) && !isInfinite(value)) throw overflow();
  if (result === 0 && !isInfinite(value)) throw underflow();
  return result;
}

function squareRoot(value: number): number {
  if (value < 0) throw sqlError('2201F', 'cannot take square root of a negative number');
  return Math.sqrt(value);
}

function checkLogarithm(value: number): void {
  if (value === 0) throw sqlError('2201E', 'cannot take logarithm of zero');
  if (value < 0) throw sqlError('2201E', 'cannot take logarithm of a negative number');
}

function naturalLogarithm(value: number): number {
  checkLogarithm(value);
  return elementary.ln(value);
}

function commonLogarithm(value: number): number {
  checkLogarithm(value);
  return elementary.log10(value);
}

/** Trigonometric functions refuse infinity. */
function finiteArgument(f: (value: number) => number): (value: number) => number {
  return (value) => {
    if (isInfinite(value)) throw inputOutOfRange();
    return f(value);
  };
}

function unitArgument(f: (value: number) => number): (value: number) => number {
  return (value) => {
    if (value < -1 || value > 1) throw inputOutOfRange();
    return f(value);
  };
}

const RADIANS_PER_DEGREE = 0.017453292519943295;

function degrees(radians: number): number {
  const result = radians / RADIANS_PER_DEGREE;
  if (isInfinite(result) && !isInfinite(radians)) throw overflow();
  return result;
}

// Degree functions are exact at multiples of 30 and 45 degrees, by scaling with the measured value of those, as PostgreSQL's
// float.c does ("to ensure that ... are exactly 0.5 and so on").
const SIN_30 = Math.sin(30 * RADIANS_PER_DEGREE);
const ONE_MINUS_COS_60 = 1 - Math.cos(60 * RADIANS_PER_DEGREE);
const ASIN_0_5 = Math.asin(0.5);
const ACOS_0_5 = Math.acos(0.5);
const ATAN_1 = Math.atan(1);

const sin0to30 = (x: number): number => Math.sin(x * RADIANS_PER_DEGREE) / SIN_30 / 2;
const cos0to60 = (x: number): number => 1 - (1 - Math.cos(x * RADIANS_PER_DEGREE)) / ONE_MINUS_COS_60 / 2;
const sin0to90 = (x: number): number => (x <= 30 ? sin0to30(x) : cos0to60(90 - x));
const cos0to90 = (x: number): number => (x <= 60 ? cos0to60(x) : sin0to30(90 - x));
const TAN_45 = sin0to90(45) / cos0to90(45);
const COT_45 = cos0to90(45) / sin0to90(45);

/** Reduces an angle to 0..90 and says which signs sine and cosine have there. */
function reduceDegrees(angle: number): { angle: number; sinSign: number; cosSign: number } {
  let x = angle % 360;
  let sinSign = 1;
  let cosSign = 1;
  if (x < 0) {
    x = -x;
    sinSign = -1;
  }
  if (x > 180) {
    x = 360 - x;
    sinSign = -sinSign;
  }
  if (x > 90) {
    x = 180 - x;
    cosSign = -1;
  }
  return { angle: x, sinSign, cosSign };
}

function sineDegrees(value: number): number {
  const { angle, sinSign } = reduceDegrees(value);
  return sinSign * sin0to90(angle);
}

function cosineDegrees(value: number): number {
  const { angle, cosSign } = reduceDegrees(value);
  return cosSign * cos0to90(angle);
}

function tangentDegrees(value: number): number {
  const { angle, sinSign, cosSign } = reduceDegrees(value);
  const result = (sinSign * cosSign * (sin0to90(angle) / cos0to90(angle))) / TAN_45;
  return result + 0; // no -0
}

function cotangentDegrees(value: number): number {
  const { angle, sinSign, cosSign } = reduceDegrees(value);
  const result = (sinSign * cosSign * (cos0to90(angle) / sin0to90(angle))) / COT_45;
  return result + 0;
}

function arcsine0to1(x: number): number {
  return x <= 0.5 ? (Math.asin(x) / ASIN_0_5) * 30 : 90 - (Math.acos(x) / ACOS_0_5) * 60;
}

function arccosine0to1(x: number): number {
  return x <= 0.5 ? 90 - (Math.asin(x) / ASIN_0_5) * 30 : (Math.acos(x) / ACOS_0_5) * 60;
}

const arcsineDegrees = (x: number): number => (x >= 0 ? arcsine0to1(x) : -arcsine0to1(-x));
const arccosineDegrees = (x: number): number => (x >= 0 ? arccosine0to1(x) : 90 + arcsine0to1(-x));

function hyperbolicArccosine(value: number): number {
  if (value < 1) throw inputOutOfRange();
  return elementary.acosh(value);
}

function hyperbolicArctangent(value: number): number {
  if (value < -1 || value > 1) throw inputOutOfRange();
  return Math.atanh(value);
}

/** width_bucket(operand, low, high, count) over float8; bounds may run down. */
function widthBucketFloat8(operand: number, low: number, high: number, count: number): number {
  if (count <= 0) throw sqlError('2201G', 'count must be greater than zero');
  if (Number.isNaN(operand) || Number.isNaN(low) || Number.isNaN(high)) {
    throw sqlError('2201G', 'operand, lower bound, and upper bound cannot be NaN');
  }
  if (isInfinite(low) || isInfinite(high)) throw sqlError('2201G', 'lower and upper bounds must be finite');
  if (low === high) throw sqlError('2201G', 'lower bound cannot equal upper bound');
  const beyond = (): number => {
    if (count === 2147483647) throw integerOutOfRange();
    return count + 1;
  };
  const [outside, past] = low < high ? [operand < low, operand >= high] : [operand > low, operand <= high];
  if (outside) return 0;
  if (past) return beyond();
  // Halves, lest high - low overflow.
  const share = isInfinite(high - low)
    ? (operand / 2 - low / 2) / (high / 2 - low / 2)
    : (operand - low) / (high - low);
  return Math.min(Math.floor(share * count), count - 1) + 1;
}

export const floatFunctions: FunctionModule = {
  plain: {
    ...comparisons('float4'),
    ...comparisons('float8'),
    ...comparisons('float48'),
    ...comparisons('float84'),
    btfloat4cmp: compare,
    btfloat8cmp: compare,
    float4pl: float4Add,
    float4mi: float4Sub,
    float4mul: float4Mul,
    float4div: float4Div,
    float8pl: float8Add,
    float8mi: float8Sub,
    float8mul: float8Mul,
    float8div: float8Div,
    float48pl: float8Add,
    float48mi: float8Sub,
    float48mul: float8Mul,
    float48div: float8Div,
    float84pl: float8Add,
    float84mi: float8Sub,
    float84mul: float8Mul,
    float84div: float8Div,
    float4um: (a: number) => -a,
    float8um: (a: number) => -a,
    float4up: same,
    float8up: same,
    float4abs: Math.abs,
    float8abs: Math.abs,
    float4larger: larger,
    float4smaller: smaller,
    float8larger: larger,
    float8smaller: smaller,

    // casts
    i2tof: same,
    i4tof: Math.fround,
    i8tof: int8ToFloat4,
    i2tod: same,
    i4tod: same,
    i8tod: Number,
    ftod: same,
    dtof: float8ToFloat4,
    ftoi2: float8ToInt2,
    ftoi4: float8ToInt4,
    ftoi8: float8ToInt8,
    dtoi2: float8ToInt2,
    dtoi4: float8ToInt4,
    dtoi8: float8ToInt8,

    // What is rounded to zero keeps its sign.
    dround: (value: number) => (value < 0 || Object.is(value, -0) ? -roundHalfEven(-value) : roundHalfEven(value)),
    dceil: Math.ceil,
    dfloor: Math.floor,
    dtrunc: Math.trunc,
    // NaN has no sign: 0, as in PostgreSQL.
    dsign: (a: number) => (a > 0 ? 1 : a < 0 ? -1 : 0),
    dsqrt: squareRoot,
    dcbrt: Math.cbrt,
    dpow: power,
    dexp: exponential,
    dlog1: naturalLogarithm,
    dlog10: commonLogarithm,
    dpi: () => Math.PI,
    degrees,
    radians: (a: number) => float8Mul(a, RADIANS_PER_DEGREE),
    dsin: finiteArgument(Math.sin),
    dcos: finiteArgument(Math.cos),
    dtan: finiteArgument(Math.tan),
    dcot: finiteArgument((x) => 1 / Math.tan(x)),
    dasin: unitArgument(Math.asin),
    dacos: unitArgument(Math.acos),
    datan: Math.atan,
    datan2: Math.atan2,
    dsind: finiteArgument(sineDegrees),
    dcosd: finiteArgument(cosineDegrees),
    dtand: finiteArgument(tangentDegrees),
    dcotd: finiteArgument(cotangentDegrees),
    dasind: unitArgument(arcsineDegrees),
    dacosd: unitArgument(arccosineDegrees),
    datand: (x: number) => (Math.atan(x) / ATAN_1) * 45,
    datan2d: (y: number, x: number) => (Math.atan2(y, x) / ATAN_1) * 45,
    dsinh: Math.sinh,
    dcosh: elementary.cosh,
    dtanh: Math.tanh,
    dasinh: elementary.asinh,
    dacosh: hyperbolicArccosine,
    datanh: hyperbolicArctangent,
    width_bucket_float8: widthBucketFloat8,
  },
  contextual: {
    drandom: (context) => context.random(),
    setseed(context, seed: number) {
      if (!(seed >= -1 && seed <= 1)) {
        throw sqlError('22023', `setseed parameter ${seed} is out of allowed range [-1,1]`);
      }
      context.setSeed(seed);
      return '';
    },
  },
};
