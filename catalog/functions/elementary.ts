/**
 * exp, ln, log, power and their hyperbolic kin of doubles, to the last digit that C's library gives (glibc's are within 0.52 units of the
 * last place). V8's are fdlibm's, of which one power or exponential in ten has another last digit.
 *
 * Logarithms are sums of two doubles, some 2^-68 precise: x = 2^e m, m close to i / 128, ln x = e ln 2 - ln(1/c) + ln(1 + r), r = m/c - 1 exactly.
 * After: Tang, Table-driven implementation of the logarithm (and exponential) function, ACM TOMS 1989 and 1990; products by Dekker, 1971.
 * Costs 20 to 60 ns a call. Results that are not normal numbers are left to V8.
 */

const SPLITTER = 2 ** 27 + 1;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Arguments of exp beyond which results may be no normal numbers. */
const EXP_MAX = 700;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** Error of the product a * b = p. */
function productError(a: number, b: number, p: number): number {
  const aBig = SPLITTER * a;
  const aHigh = aBig - (aBig - a);
  const aLow = a - aHigh;
  const bBig = SPLITTER * b;
  const bHigh = bBig - (bBig - b);
  const bLow = b - bHigh;
  return aLow * bLow - (p - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

const FIXED_BITS = 160n;
const ONE = 1n << FIXED_BITS;

/** A number with 160 bits behind the point as a double, and what that leaves. */
function parts(fixed: bigint): [number, number] {
  const scale = 2 ** -160;
  const high = Number(fixed);
  return [high * scale, Number(fixed - BigInt(high)) * scale];
}

/** ln(n / d), n / d near 1: twice the area tangent of (n - d) / (n + d). */
function fixedLn(n: number, d: number): bigint {
  const z = (BigInt(n - d) << FIXED_BITS) / BigInt(n + d);
  const square = (z * z) >> FIXED_BITS;
  let power = z;
  let sum = 0n;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k;
    power = (power * square) >> FIXED_BITS;
  }
  return 2n * sum;
}

interface Tables {
  /** By i = round(128 m): 1/c with ten bits behind the point, and -ln(1/c). */
  readonly inverse: Float64Array;
  readonly lnHigh: Float64Array;
  readonly lnLow: Float64Array;
  /** 2^(i/128), and what is left of it, as its share. */
  readonly root: Float64Array;
  readonly rootRest: Float64Array;
}

let tables: Tables | null = null;

function makeTables(): Tables {
  const made: Tables = {
    inverse: new Float64Array(256),
    lnHigh: new Float64Array(256),
    lnLow: new Float64Array(256),
    root: new Float64Array(128),
    rootRest: new Float64Array(128),
  };
  for (let i = 90; i <= 182; i++) {
    const inverse = Math.round((128 / i) * 1024);
    made.inverse[i] = inverse / 1024;
    [made.lnHigh[i], made.lnLow[i]] = parts(-fixedLn(inverse, 1024));
  }
  // The 128th root of 2 by seven square roots.
  let step = 2n << FIXED_BITS;
  for (let k = 0; k < 7; k++) step = squareRoot(step << FIXED_BITS);
  for (let i = 0, power = ONE; i < 128; i++, power = (power * step) >> FIXED_BITS) {
    const [high, low] = parts(power);
    made.root[i] = high;
    made.rootRest[i] = low / high;
  }
  tables = made;
  return made;
}

/** Newton's, from above. */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** What lnParts found. */
let lnHigh = 0;
let lnLow = 0;

/** ln of a positive, finite number. */
function lnParts(x: number): void {
  const { inverse, lnHigh: tableHigh, lnLow: tableLow } = tables ?? makeTables();
  double[0] = x < 2.2250738585072014e-308 ? x * 2 ** 54 : x;
  let e = (words[1] >>> 20) - (x < 2.2250738585072014e-308 ? 1077 : 1023);
  words[1] = (words[1] & 0xfffff) | 0x3ff00000;
  let m = double[0];
  if (m > Math.SQRT2) {
    m *= 0.5;
    e++;
  }
  const i = Math.round(m * 128);
  const factor = inverse[i];
  const product = m * factor;
  const exact = product - 1;
  const rest = productError(m, factor, product);
  const r = exact + rest;
  const rLow = rest - (r - exact);
  const square = r * r;
  const squareLow = productError(r, r, square) + 2 * r * rLow;
  const further = 1 / 5 - r * (1 / 6 - r * (1 / 7 - r * (1 / 8 - r * (1 / 9))));
  const series = square * r * (1 / 3 - r * (1 / 4 - r * further));
  const first = r - 0.5 * square;
  let low = r - first - 0.5 * square + (rLow - 0.5 * squareLow) + series;
  const whole = e * LN2_HIGH;
  const ofTable = tableHigh[i];
  const start = whole + ofTable;
  low += whole !== 0 ? whole - start + ofTable : 0;
  const sum = start + first;
  // The larger of the two first.
  low += Math.abs(start) > Math.abs(first) ? start - sum + first : first - sum + start;
  low += tableLow[i] + e * LN2_LOW;
  lnHigh = sum + low;
  lnLow = low - (lnHigh - sum);
}

const ROOTS_OF_LN2 = 128 / Math.LN2;
const LN2_128_HIGH = LN2_HIGH / 128;
const LN2_128_LOW = LN2_LOW / 128;

/** exp(x + low), whose result is a normal number. */
function expOf(x: number, low: number): number {
  const { root, rootRest } = tables ?? makeTables();
  const k = Math.round(x * ROOTS_OF_LN2);
  const r = x - k * LN2_128_HIGH - k * LN2_128_LOW + low;
  const i = k & 127;
  const square = r * r;
  const series = square * (1 / 2 + r * (1 / 6)) + square * square * (1 / 24 + r * (1 / 120 + r * (1 / 720)));
  const base = root[i];
  words[0] = 0;
  words[1] = ((k - i) / 128 + 1023) << 20;
  return (base + base * (rootRest[i] + r + series)) * double[0];
}

export function exp(x: number): number {
  return Math.abs(x) < EXP_MAX ? expOf(x, 0) : Math.exp(x);
}

/** Of a number that is not negative. */
export function ln(x: number): number {
  if (!(x > 0 && x < Infinity)) return Math.log(x);
  lnParts(x);
  return lnHigh;
}

/** fdlibm's log10, over a better logarithm. */
export function log10(x: number): number {
  if (!(x >= 2.2250738585072014e-308 && x < Infinity)) return Math.log10(x);
  double[0] = x;
  const e = (words[1] >>> 20) - 1023;
  const isBelow = e < 0 ? 1 : 0;
  words[1] = (words[1] & 0xfffff) | ((0x3ff - isBelow) << 20);
  const m = double[0];
  const y = e + isBelow;
  return y * 3.694239077158931e-13 + Math.LOG10E * ln(m) + y * 0.30102999566361177;
}

/** base ** exponent, of a base that is not negative or an exponent that is whole. */
export function power(base: number, exponent: number): number {
  const size = Math.abs(base);
  if (!(size > 0 && size < Infinity && Math.abs(exponent) < 1e300) || size === 1 || exponent === 0) {
    return base ** exponent;
  }
  lnParts(size);
  const product = exponent * lnHigh;
  if (!(Math.abs(product) < EXP_MAX)) return base ** exponent;
  const result = expOf(product, productError(exponent, lnHigh, product) + exponent * lnLow);
  return base < 0 && exponent % 2 !== 0 ? -result : result;
}

/** fdlibm's cosh, over a better exponential. */
export function cosh(x: number): number {
  const size = Math.abs(x);
  if (!(size > 0.34657359027997264 && size < EXP_MAX)) return Math.cosh(x);
  const t = exp(size);
  return size < 22 ? 0.5 * t + 0.5 / t : 0.5 * t;
}

/** fdlibm's asinh and acosh, over a better logarithm. */
export function asinh(x: number): number {
  const size = Math.abs(x);
  if (!(size > 2 && size < Infinity)) return Math.asinh(x);
  const result = size > 2 ** 28 ? ln(size) + Math.LN2 : ln(2 * size + 1 / (Math.sqrt(size * size + 1) + size));
  return x > 0 ? result : -result;
}

export function acosh(x: number): number {
  if (!(x > 2 && x < Infinity)) return Math.acosh(x);
  return x > 2 ** 28 ? ln(x) + Math.LN2 : ln(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
}
