/**
 * Square root, logarithm and exponential of decimals, on bigints as fixed-point numbers: the integer n at scale w stands for
 * n / 10^w. Every function takes the scale of its result and rounds once, at the end, from guard digits; so results agree
 * with PostgreSQL's, which are rounded from guard digits as well, wherever the digit after is not a run of 4999... or 5000...
 */
import { bigDecimalDigits, bigDivRound, bigPow10 } from './pow10.ts';

const GUARD_DIGITS = 12;

/** A decimal: coefficient / 10^scale, scale of either sign. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly scale: number;
}

/** The same number at another scale, rounded half away from zero. */
export function rescale(coefficient: bigint, scale: number, target: number): bigint {
  if (target >= scale) return coefficient * bigPow10(target - scale);
  return bigDivRound(coefficient, bigPow10(scale - target));
}

/** Largest integer whose square is not above n, by Newton's iteration from a double's estimate. */
function bigSqrt(n: bigint): bigint {
  if (n < 2n) return n;
  const shift = Math.max(0, (n.toString(16).length - 13) >> 1);
  // The estimate is from above, from where the iteration falls monotonously.
  let x = (BigInt(Math.ceil(Math.sqrt(Number(n >> BigInt(shift * 8))) + 1)) + 1n) << BigInt(shift * 4);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** sqrt(coefficient / 10^scale) at scale `target`. */
export function sqrtAt(coefficient: bigint, scale: number, target: number): bigint {
  // One digit more, cut; whatever follows it cannot change how it rounds.
  const root = bigSqrt(rescaleDown(coefficient, 2 * (target + 1) - scale));
  return bigDivRound(root, 10n);
}

function rescaleDown(coefficient: bigint, exponent: number): bigint {
  return exponent >= 0 ? coefficient * bigPow10(exponent) : coefficient / bigPow10(-exponent);
}

/** atanh(1 / n) at scale w. */
function inverseAtanh(n: bigint, w: number): bigint {
  const square = n * n;
  let power = bigPow10(w) / n;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power /= square;
    sum += power / k;
  }
  return sum;
}

let ln2Scale = -1;
let ln2Value = 0n;

/** ln 2, by Machin's kind of formula: 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749). */
function ln2At(w: number): bigint {
  if (w > ln2Scale) {
    const wide = w + 20;
    const sum = 18n * inverseAtanh(26n, wide) - 2n * inverseAtanh(4801n, wide) + 8n * inverseAtanh(8749n, wide);
    ln2Value = sum / bigPow10(10);
    ln2Scale = w + 10;
  }
  return ln2Value / bigPow10(ln2Scale - w);
}

/** ln(coefficient / 10^scale) at scale `target`; the argument is positive. */
export function lnAt(coefficient: bigint, scale: number, target: number): bigint {
  const digits = bigDecimalDigits(coefficient);
  const w = target + GUARD_DIGITS + String(Math.abs(digits - scale)).length;
  const one = bigPow10(w);
  // x = y * 2^n with y in about [0.7, 1.4].
  let n = Math.round((digits - scale) * 3.3219280948873626);
  const value = (bits: number): bigint => {
    const numerator = bits < 0 ? coefficient << BigInt(-bits) : coefficient;
    const denominator = bits > 0 ? 1n << BigInt(bits) : 1n;
    return scale > w
      ? numerator / (denominator * bigPow10(scale - w))
      : (numerator * bigPow10(w - scale)) / denominator;
  };
  let y = value(n);
  while (y * 10n < one * 7n) y = value(--n);
  while (y * 10n > one * 14n) y = value(++n);
  // ln y = 2 atanh((y - 1) / (y + 1)).
  const z = ((y - one) * one) / (y + one);
  const square = (z * z) / one;
  let power = z;
  let sum = z;
  for (let k = 3n; power !== 0n; k += 2n) {
    power = (power * square) / one;
    sum += power / k;
  }
  return bigDivRound(2n * sum + BigInt(n) * ln2At(w), bigPow10(w - target));
}

/** exp(coefficient / 10^scale) at scale `target`; `dweight` is about the decimal exponent of the result. */
export function expAt(coefficient: bigint, scale: number, target: number, dweight: number): bigint {
  const significant = target + dweight;
  if (significant < -2) return 0n;
  const w = Math.max(significant, 0) + GUARD_DIGITS + 8;
  const one = bigPow10(w);
  const x = rescale(coefficient, scale, w);
  const ln2 = ln2At(w + 8);
  const k = (x * bigPow10(8)) / ln2;
  // More digits for ln 2, since it is multiplied by k.
  let r = x - (k * ln2) / bigPow10(8);
  const HALVINGS = 8n;
  r >>= HALVINGS;
  let term = one;
  let sum = one;
  for (let i = 1n; term !== 0n; i++) {
    term = (term * r) / (one * i);
    sum += term;
  }
  for (let i = 0n; i < HALVINGS; i++) sum = (sum * sum) / one;
  // result = sum * 2^k / 10^w, wanted at `target`.
  const shift = target - w;
  let numerator = sum;
  let denominator = 1n;
  if (k >= 0n) numerator <<= k;
  else denominator <<= -k;
  if (shift >= 0) numerator *= bigPow10(shift);
  else denominator *= bigPow10(-shift);
  return bigDivRound(numerator, denominator);
}

/** base^exponent by repeated squaring, each product cut to `digits` significant digits. */
export function powerDigits(base: Decimal, exponent: number, digits: number): Decimal {
  let result: Decimal = { coefficient: 1n, scale: 0 };
  let square = base;
  for (let bits = exponent; ; square = multiplyDigits(square, square, digits)) {
    if (bits % 2 === 1) result = multiplyDigits(result, square, digits);
    bits = Math.floor(bits / 2);
    if (bits === 0) return result;
  }
}

function multiplyDigits(a: Decimal, b: Decimal, digits: number): Decimal {
  const coefficient = a.coefficient * b.coefficient;
  const scale = a.scale + b.scale;
  // Cheap test first: 3.32 bits a digit, 4 bits a hexadecimal digit.
  const excess = bigDecimalDigits(coefficient) - digits;
  if (excess <= 0) return { coefficient, scale };
  return { coefficient: bigDivRound(coefficient, bigPow10(excess)), scale: scale - excess };
}
