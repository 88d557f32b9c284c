/**
 * Decimals of up to 31 digits in registers: exact arithmetic on pairs of doubles, which makes no objects. Generated code computes
 * with them what has outgrown a double, and Numeric what a double's operands give.
 *
 * A register is three places of a Float64Array: high, low and scale, and stands for (high + low) / 10^scale. A function takes the
 * first places of its operands and of its result, which may be one of them. It answers false where it cannot compute exactly (the
 * result is too long, the divisor zero): then the result's register holds nothing, and the caller takes the way over bigints.
 *
 * Invariants
 *  1. high and low are integers, high is the double nearest to their sum, which is at most 2^103 from zero; neither is -0. So every sum has one
 *     form, integers of up to 53 bits have low = 0, and |low| <= 2^50.
 *  2. The first SCRATCH places of every register file belong to the functions here.
 *
 * What the additions and products lose is computed by the error-free transformations of Knuth (two-sum) and of Dekker and Veltkamp
 * (two-product), written out where they are used, since doubles that pass a call become objects. Of two factors of at most 103 bits together
 * one has low = 0, and high of the one times low of the other is less than 2^52: the product of two registers takes one exact product.
 */
import { POW10 } from './pow10.ts';

export type RegisterFile = Float64Array;

/** Places of a register. */
export const REGISTER_SIZE = 3;
/** Of the four registers that functions have for themselves. */
export const SCRATCH = 4 * REGISTER_SIZE;
const DIVIDEND = 0;
const DIVISOR = REGISTER_SIZE;
const REMAINDER = 2 * REGISTER_SIZE;
const ALIGNED = 3 * REGISTER_SIZE;

const SAFE = Number.MAX_SAFE_INTEGER;
const LIMIT = 2 ** 103;
const BIG_LIMIT = 2n ** 103n;
/** Veltkamp's: a * SPLITTER - (a * SPLITTER - a) are the upper 26 bits of a. */
const SPLITTER = 2 ** 27 + 1;
/** The largest power of ten that is a double. */
const POWER_MAX = 22;
/** Of all registers, whose scales only products add up: no result has more digits than a numeric may have. */
const SCALE_MAX = 1000;
/** Of quotients: at least so many significant digits. */
export const SIGNIFICANT_DIGITS_MIN = 16;

/** From a finite coefficient; false: it, or its scale, is too long. */
export function setRegister(file: RegisterFile, to: number, coefficient: number | bigint, scale: number): boolean {
  if (scale > SCALE_MAX) return false;
  file[to + 2] = scale;
  if (typeof coefficient === 'number') {
    file[to] = coefficient;
    file[to + 1] = 0;
    return true;
  }
  if (coefficient > BIG_LIMIT || coefficient < -BIG_LIMIT) return false;
  const high = Number(coefficient);
  file[to] = high;
  file[to + 1] = Number(coefficient - BigInt(high));
  return true;
}

/** A number while it is safe, else a bigint. */
export function coefficientOf(file: ArrayLike<number>, at: number): number | bigint {
  const high = file[at];
  if (high <= SAFE && high >= -SAFE) return high;
  const low = file[at + 1];
  return low === 0 ? BigInt(high) : BigInt(high) + BigInt(low);
}

/** As an integer: what is read of a Float64Array is one to V8 only when it is told, and fields that hold another become slower everywhere. */
export function scaleOf(file: ArrayLike<number>, at: number): number {
  return file[at + 2] | 0;
}

function copyMagnitude(file: RegisterFile, from: number, to: number): void {
  const high = file[from];
  const low = file[from + 1];
  file[to] = high < 0 ? -high : high;
  file[to + 1] = high < 0 ? 0 - low : low;
  file[to + 2] = file[from + 2];
}

/** Times 10^digits, and so many digits more behind the point. */
function scaleUp(file: RegisterFile, from: number, digits: number, to: number): boolean {
  let high = file[from];
  let low = file[from + 1];
  file[to + 2] = file[from + 2] + digits;
  for (let rest = digits; rest > 0; rest -= POWER_MAX) {
    const power = POW10[rest < POWER_MAX ? rest : POWER_MAX];
    const product = high * power;
    if (!(product <= LIMIT && product >= -LIMIT)) return false;
    let error = 0;
    if (product > SAFE || product < -SAFE) {
      const a = high * SPLITTER;
      const b = power * SPLITTER;
      const upperA = a - (a - high);
      const upperB = b - (b - power);
      const lowerA = high - upperA;
      const lowerB = power - upperB;
      error = upperA * upperB - product + upperA * lowerB + lowerA * upperB + lowerA * lowerB + low * power;
    }
    high = product + error;
    low = error - (high - product);
  }
  file[to] = high;
  file[to + 1] = low;
  return true;
}

/** a + b or, with a factor of -1, a - b. */
function addTimes(file: RegisterFile, a: number, b: number, factor: number, to: number): boolean {
  const difference = file[a + 2] - file[b + 2];
  let left = a;
  let right = b;
  if (difference > 0) {
    if (!scaleUp(file, b, difference, ALIGNED)) return false;
    right = ALIGNED;
  } else if (difference < 0) {
    if (!scaleUp(file, a, -difference, ALIGNED)) return false;
    left = ALIGNED;
  }
  const x = file[left];
  const y = file[right] * factor;
  const sum = x + y;
  if (!(sum <= LIMIT && sum >= -LIMIT)) return false;
  const part = sum - x;
  const rest = x - (sum - part) + (y - part) + (file[left + 1] + file[right + 1] * factor);
  const high = sum + rest;
  file[to] = high;
  file[to + 1] = rest - (high - sum);
  file[to + 2] = file[left + 2];
  return true;
}

export function add(file: RegisterFile, a: number, b: number, to: number): boolean {
  return addTimes(file, a, b, 1, to);
}

export function subtract(file: RegisterFile, a: number, b: number, to: number): boolean {
  return addTimes(file, a, b, -1, to);
}

export function multiply(file: RegisterFile, a: number, b: number, to: number): boolean {
  const x = file[a];
  const y = file[b];
  const product = x * y;
  if (!(product <= LIMIT && product >= -LIMIT)) return false;
  const scale = file[a + 2] + file[b + 2];
  if (scale > SCALE_MAX) return false;
  file[to + 2] = scale;
  if (product <= SAFE && product >= -SAFE) {
    file[to] = product + 0;
    file[to + 1] = 0;
    return true;
  }
  const splitX = x * SPLITTER;
  const splitY = y * SPLITTER;
  const upperX = splitX - (splitX - x);
  const upperY = splitY - (splitY - y);
  const lowerX = x - upperX;
  const lowerY = y - upperY;
  const error =
    upperX * upperY -
    product +
    upperX * lowerY +
    lowerX * upperY +
    lowerX * lowerY +
    (x * file[b + 1] + y * file[a + 1]);
  const high = product + error;
  file[to] = high;
  file[to + 1] = error - (high - product);
  return true;
}

export function negate(file: RegisterFile, a: number, to: number): boolean {
  file[to] = 0 - file[a];
  file[to + 1] = 0 - file[a + 1];
  file[to + 2] = file[a + 2];
  return true;
}

export function absolute(file: RegisterFile, a: number, to: number): boolean {
  copyMagnitude(file, a, to);
  return true;
}

/** -1, 0, 1; 2: they cannot be compared here. */
export function compare(file: RegisterFile, a: number, b: number): number {
  const difference = file[a + 2] - file[b + 2];
  let left = a;
  let right = b;
  if (difference > 0) {
    if (!scaleUp(file, b, difference, ALIGNED)) return 2;
    right = ALIGNED;
  } else if (difference < 0) {
    if (!scaleUp(file, a, -difference, ALIGNED)) return 2;
    left = ALIGNED;
  }
  const high = file[left] - file[right];
  if (high !== 0) return high < 0 ? -1 : 1;
  const low = file[left + 1] - file[right + 1];
  return low < 0 ? -1 : low > 0 ? 1 : 0;
}

/**
 * Integers, neither negative, the divisor not zero: the quotient, cut or (half up) rounded; the rest of the cut one in REMAINDER. Scales are
 * left as they are.
 *
 * The quotient of doubles below 2^53 is never rounded up to an integer, as it is at least 1/divisor away from it. Of longer ones it has 51
 * correct bits; the remainder's own quotient gives the rest, but for one more or less.
 */
function divideIntegers(file: RegisterFile, n: number, d: number, to: number, rounds: boolean): void {
  const dividend = file[n];
  const divisor = file[d];
  if (dividend <= SAFE && divisor <= SAFE) {
    const quotient = Math.floor(dividend / divisor);
    const rest = dividend - quotient * divisor;
    file[REMAINDER] = rest;
    file[REMAINDER + 1] = 0;
    file[to] = rounds && rest * 2 >= divisor ? quotient + 1 : quotient;
    file[to + 1] = 0;
    return;
  }
  const upper = Math.floor(dividend / divisor);
  file[REMAINDER] = dividend;
  file[REMAINDER + 1] = file[n + 1];
  takeAway(file, upper, d);
  let lower = Math.floor(file[REMAINDER] / divisor);
  if (lower !== 0) takeAway(file, lower, d);
  while (file[REMAINDER] < 0) {
    lower--;
    takeAway(file, -1, d);
  }
  while (reaches(file, 1, d)) {
    lower++;
    takeAway(file, 1, d);
  }
  if (rounds && reaches(file, 2, d)) lower++;
  const high = upper + lower;
  file[to] = high;
  file[to + 1] = lower - (high - upper);
}

/** Takes `times` the divisor off the remainder. */
function takeAway(file: RegisterFile, times: number, d: number): void {
  const divisor = file[d];
  const high = file[REMAINDER];
  const product = divisor * times;
  const a = divisor * SPLITTER;
  const b = times * SPLITTER;
  const upperA = a - (a - divisor);
  const upperB = b - (b - times);
  const lowerA = divisor - upperA;
  const lowerB = times - upperB;
  const error = upperA * upperB - product + upperA * lowerB + lowerA * upperB + lowerA * lowerB + file[d + 1] * times;
  const difference = high - product;
  const part = difference - high;
  const rest = high - (difference - part) - (product + part) + (file[REMAINDER + 1] - error);
  const sum = difference + rest;
  file[REMAINDER] = sum;
  file[REMAINDER + 1] = rest - (sum - difference);
}

/** Whether `times` the remainder is at least the divisor. */
function reaches(file: RegisterFile, times: number, d: number): boolean {
  const high = file[REMAINDER] * times;
  return high > file[d] || (high === file[d] && file[REMAINDER + 1] * times >= file[d + 1]);
}

/** Gives the result the sign of the dividend and, of quotients, the divisor. */
function setSign(file: RegisterFile, isNegative: boolean, to: number): void {
  if (!isNegative) return;
  file[to] = 0 - file[to];
  file[to + 1] = 0 - file[to + 1];
}

/** Magnitudes below this have their weight found here: all powers of ten up to it are doubles. */
const WEIGHED_MAX = 1e22;

/** PostgreSQL's weight of a magnitude: the place of its first digit in base 10000; 0 for zero. */
function weightOf(file: RegisterFile, at: number): number {
  const high = file[at];
  if (high === 0) return 0;
  const low = file[at + 1];
  const scale = file[at + 2] | 0;
  let exponent = scale;
  while (exponent > 0 && isBelowPower(high, low, exponent)) exponent -= 4;
  while (!isBelowPower(high, low, exponent + 4)) exponent += 4;
  return (exponent - scale) >> 2;
}

function isBelowPower(high: number, low: number, exponent: number): boolean {
  if (exponent < 0) return false;
  if (exponent > POWER_MAX) return true;
  const power = POW10[exponent];
  return high < power || (high === power && low < 0);
}

/** That digit. Uses DIVISOR and REMAINDER. */
function firstDigit(file: RegisterFile, at: number, weight: number): number {
  const high = file[at];
  const exponent = (file[at + 2] | 0) + 4 * weight;
  if (exponent < 0) return (high * POW10[-exponent]) | 0;
  const power = POW10[exponent];
  const digit = Math.floor(high / power) | 0;
  if (high <= SAFE) return digit;
  file[DIVISOR] = power;
  file[DIVISOR + 1] = 0;
  file[REMAINDER] = high;
  file[REMAINDER + 1] = file[at + 1];
  takeAway(file, digit, DIVISOR);
  return file[REMAINDER] < 0 ? digit - 1 : digit;
}

/** Of a quotient: PostgreSQL's select_div_scale. -1: not known here. */
function quotientScale(file: RegisterFile, a: number, b: number): number {
  copyMagnitude(file, a, DIVIDEND);
  copyMagnitude(file, b, ALIGNED);
  if (!(file[DIVIDEND] < WEIGHED_MAX && file[ALIGNED] < WEIGHED_MAX)) return -1;
  const weightA = weightOf(file, DIVIDEND);
  const weightB = weightOf(file, ALIGNED);
  let weight = weightA - weightB;
  if (firstDigit(file, DIVIDEND, weightA) <= firstDigit(file, ALIGNED, weightB)) weight--;
  const scale = SIGNIFICANT_DIGITS_MIN - weight * 4;
  return Math.min(Math.max(scale, file[a + 2], file[b + 2]), SCALE_MAX) | 0;
}

/** Divisors below 10^4, 10^6, 10^8: so many digits may be added to a remainder for it to be a safe integer still. */
const PART_DIGITS: readonly (readonly [limit: number, digits: number])[] = [
  [1e4, 11],
  [1e6, 9],
  [1e8, 7],
];

function partDigits(divisor: number): number {
  for (let i = 0; i < PART_DIGITS.length; i++) if (divisor < PART_DIGITS[i][0]) return PART_DIGITS[i][1];
  return 0;
}

/**
 * DIVIDEND * 10^shift / DIVISOR, rounded, as people divide: digit by digit, but in two parts of many digits. false: not for numbers of such
 * size.
 */
function divideInParts(file: RegisterFile, shift: number, to: number): boolean {
  const dividend = file[DIVIDEND];
  const divisor = file[DIVISOR];
  const digits = partDigits(divisor);
  const first = shift > digits ? shift - digits : 0;
  if (!(dividend <= SAFE) || first > digits) return false;
  let quotient = Math.floor(dividend / divisor);
  let rest = dividend - quotient * divisor;
  if (first > 0) {
    rest *= POW10[first];
    const part = Math.floor(rest / divisor);
    rest -= part * divisor;
    quotient = quotient * POW10[first] + part;
    if (!(quotient <= SAFE)) return false;
  }
  const power = POW10[shift - first];
  rest *= power;
  let last = Math.floor(rest / divisor);
  rest -= last * divisor;
  if (rest * 2 >= divisor) last++;
  const product = quotient * power;
  const splitQuotient = quotient * SPLITTER;
  const splitPower = power * SPLITTER;
  const upperQuotient = splitQuotient - (splitQuotient - quotient);
  const upperPower = splitPower - (splitPower - power);
  const lowerQuotient = quotient - upperQuotient;
  const lowerPower = power - upperPower;
  const error =
    upperQuotient * upperPower -
    product +
    upperQuotient * lowerPower +
    lowerQuotient * upperPower +
    lowerQuotient * lowerPower +
    last;
  const high = product + error;
  file[to] = high;
  file[to + 1] = error - (high - product);
  return true;
}

/** a / b at PostgreSQL's scale, rounded. */
export function divide(file: RegisterFile, a: number, b: number, to: number): boolean {
  if (file[b] === 0) return false;
  const scale = quotientScale(file, a, b);
  if (scale < 0) return false;
  const isNegative = file[a] < 0 !== file[b] < 0;
  const shift = (scale - file[a + 2] + file[b + 2]) | 0;
  copyMagnitude(file, b, DIVISOR);
  if (shift >= 0 && divideInParts(file, shift, to)) {
    setSign(file, isNegative, to);
    file[to + 2] = scale;
    return true;
  }
  if (!scaleUp(file, DIVIDEND, shift > 0 ? shift : 0, DIVIDEND)) return false;
  if (shift < 0 && !scaleUp(file, DIVISOR, -shift, DIVISOR)) return false;
  divideIntegers(file, DIVIDEND, DIVISOR, to, true);
  setSign(file, isNegative, to);
  file[to + 2] = scale;
  return true;
}

/** Magnitudes of both at their larger scale, to DIVIDEND and DIVISOR; false: too long, or b is zero. */
function alignMagnitudes(file: RegisterFile, a: number, b: number): boolean {
  if (file[b] === 0) return false;
  const difference = file[a + 2] - file[b + 2];
  copyMagnitude(file, a, DIVIDEND);
  copyMagnitude(file, b, DIVISOR);
  if (difference > 0) return scaleUp(file, DIVISOR, difference, DIVISOR);
  return scaleUp(file, DIVIDEND, -difference, DIVIDEND);
}

/** a / b, cut to an integer. */
export function divideTruncated(file: RegisterFile, a: number, b: number, to: number): boolean {
  const isNegative = file[a] < 0 !== file[b] < 0;
  if (!alignMagnitudes(file, a, b)) return false;
  divideIntegers(file, DIVIDEND, DIVISOR, to, false);
  setSign(file, isNegative, to);
  file[to + 2] = 0;
  return true;
}

/** What is left of a, with its sign. */
export function remainder(file: RegisterFile, a: number, b: number, to: number): boolean {
  const isNegative = file[a] < 0;
  const scale = Math.max(file[a + 2], file[b + 2]);
  if (!alignMagnitudes(file, a, b)) return false;
  divideIntegers(file, DIVIDEND, DIVISOR, to, false);
  file[to] = file[REMAINDER];
  file[to + 1] = file[REMAINDER + 1];
  setSign(file, isNegative, to);
  file[to + 2] = scale;
  return true;
}

/** With so many digits behind the point, 0 or more: zeros are added, digits are cut or (half away from zero) rounded. */
function toScale(file: RegisterFile, a: number, scale: number, to: number, rounds: boolean): boolean {
  const dropped = file[a + 2] - scale;
  if (scale > SCALE_MAX) return false;
  if (dropped <= 0) return scaleUp(file, a, -dropped, to);
  if (dropped > POWER_MAX || scale < 0) return false;
  const isNegative = file[a] < 0;
  copyMagnitude(file, a, DIVIDEND);
  file[DIVISOR] = POW10[dropped];
  file[DIVISOR + 1] = 0;
  divideIntegers(file, DIVIDEND, DIVISOR, to, rounds);
  setSign(file, isNegative, to);
  file[to + 2] = scale;
  return true;
}

export function round(file: RegisterFile, a: number, scale: number, to: number): boolean {
  return toScale(file, a, scale, to, true);
}

export function truncate(file: RegisterFile, a: number, scale: number, to: number): boolean {
  return toScale(file, a, scale, to, false);
}

/** The next integer from a number cut, where that was not one: away from zero on the side of `direction`. */
function toInteger(file: RegisterFile, a: number, direction: number, to: number): boolean {
  const sign = file[a] < 0 ? -1 : 1;
  if (file[a + 2] === 0) return scaleUp(file, a, 0, to);
  if (!toScale(file, a, 0, to, false)) return false;
  if (sign !== direction || file[REMAINDER] === 0) return true;
  file[ALIGNED] = direction;
  file[ALIGNED + 1] = 0;
  file[ALIGNED + 2] = 0;
  return addTimes(file, to, ALIGNED, 1, to);
}

export function ceiling(file: RegisterFile, a: number, to: number): boolean {
  return toInteger(file, a, 1, to);
}

export function floor(file: RegisterFile, a: number, to: number): boolean {
  return toInteger(file, a, -1, to);
}

/** a^2, at PostgreSQL's scale of powers. */
export function square(file: RegisterFile, a: number, to: number): boolean {
  const scale = Math.max(SIGNIFICANT_DIGITS_MIN, scaleOf(file, a));
  return multiply(file, a, a, to) && toScale(file, to, scale, to, true);
}

/** sqrt(a) at PostgreSQL's scale, rounded: the root as a double has 52 bits of it, and what its square leaves of the radicand gives the rest. */
export function squareRoot(file: RegisterFile, a: number, to: number): boolean {
  const coefficient = file[a];
  if (!(coefficient >= 0 && coefficient <= SAFE)) return false;
  const scale = Math.max(SIGNIFICANT_DIGITS_MIN - (weightOf(file, a) * 2 + 1), scaleOf(file, a));
  const shift = 2 * scale - scaleOf(file, a);
  if (shift > 2 * POWER_MAX) return false;
  // Their product is longer than a register may be; what the root's square leaves of it is not.
  const power = POW10[Math.min(shift, POWER_MAX)];
  const more = POW10[Math.max(shift - POWER_MAX, 0)];
  const root = Math.floor(Math.sqrt(coefficient * power * more));
  const product = coefficient * power;
  const error = productError(coefficient, power, product);
  const radicand = product * more;
  const square = root * root;
  file[REMAINDER] = radicand - square;
  file[REMAINDER + 1] = 0;
  addToRemainder(file, productError(product, more, radicand));
  addToRemainder(file, error * more);
  addToRemainder(file, productError(error, more, error * more));
  addToRemainder(file, -productError(root, root, square));
  let rest = root === 0 ? 0 : Math.floor(file[REMAINDER] / (2 * root));
  file[DIVISOR] = 2 * root;
  file[DIVISOR + 1] = 0;
  takeAway(file, rest, DIVISOR);
  addToRemainder(file, -rest * rest);
  // From here on the remainder is what the square of root + rest leaves: less than the next square's distance, 2 (root + rest) + 1.
  setDistance(file, root, rest);
  while (file[REMAINDER] < 0) {
    rest--;
    setDistance(file, root, rest);
    takeAway(file, -1, DIVISOR);
  }
  while (reaches(file, 1, DIVISOR)) {
    takeAway(file, 1, DIVISOR);
    rest++;
    setDistance(file, root, rest);
  }
  if (reaches(file, 2, DIVISOR)) rest++;
  const high = root + rest;
  file[to] = high;
  file[to + 1] = rest - (high - root);
  file[to + 2] = scale;
  return true;
}

/** What a product of doubles has lost. */
function productError(a: number, b: number, product: number): number {
  const splitA = a * SPLITTER;
  const splitB = b * SPLITTER;
  const upperA = splitA - (splitA - a);
  const upperB = splitB - (splitB - b);
  const lowerA = a - upperA;
  const lowerB = b - upperB;
  return upperA * upperB - product + upperA * lowerB + lowerA * upperB + lowerA * lowerB;
}

function addToRemainder(file: RegisterFile, value: number): void {
  file[REMAINDER + 2] = 0;
  file[ALIGNED] = value;
  file[ALIGNED + 1] = 0;
  file[ALIGNED + 2] = 0;
  addTimes(file, REMAINDER, ALIGNED, 1, REMAINDER);
}

/** From (root + rest)^2 to the next square, to DIVISOR. */
function setDistance(file: RegisterFile, root: number, rest: number): void {
  const small = 2 * rest + 1;
  const high = 2 * root + small;
  file[DIVISOR] = high;
  file[DIVISOR + 1] = small - (high - 2 * root);
}
