/**
 * NUMERIC: exact decimals. A value is coefficient / 10^scale, where scale is the display scale (digits after the point, kept
 * through arithmetic as PostgreSQL keeps it: 1.10 + 2 = 3.10).
 *
 * Invariants
 *  1. The coefficient is a number while it is a safe integer, and a bigint only beyond; never -0.
 *  2. NaN and the infinities have them as coefficient, and scale 0.
 *  3. 0 <= scale <= 16383, and at most 131072 digits stand before the point (22003 otherwise).
 *
 * Arithmetic first tries doubles: a sum or product of safe integers that comes out safe is exact, and NaN and the
 * infinities fail that test by themselves. So one comparison covers every special case. Remainders of numbers are computed in registers
 * (numeric-registers.ts); the rest is done with bigints.
 *
 * Long, as a value and its arithmetic are one class; digits are in numeric-kernel.ts.
 */
import { type SqlError, sqlError } from './errors.ts';
import { exponentialHalfEven, inputFloat4, inputFloat8 } from './float.ts';
import { type Decimal, expAt, lnAt, powerDigits, rescale, sqrtAt } from './numeric-kernel.ts';
import * as registers from './numeric-registers.ts';
import { bigDecimalDigits, bigDivRound, bigPow10, decimalDigits, POW10 } from './pow10.ts';
import { NUMERIC_PRECISION_MAX, numericPrecision, numericScale } from './typmod.ts';

export const NUMERIC_SCALE_MAX = 16383;
const INTEGER_DIGITS_MAX = 131072;
/** Of quotients, roots and logarithms: at least so many significant digits. */
const { SIGNIFICANT_DIGITS_MIN } = registers;
/** PostgreSQL's NUMERIC_MAX_RESULT_SCALE. */
const RESULT_SCALE_MAX = 2000;
/** Significant digits that a float8 always keeps. */
const FLOAT8_DIGITS = 15;
const SAFE = Number.MAX_SAFE_INTEGER;
const BIG_SAFE = BigInt(SAFE);
/** Of texts that are surely within the limits. */
const PLAIN_DIGITS_MAX = 1000;
const SURELY_FITS = 1n << 4096n;

/** Of doubles that most are: prices, shares and the like. */
const SHORT_SCALE_MAX = 6;

/**
 * A decimal of few digits behind the point that reads as the value: no other of so many significant digits is as near to it, as these are always
 * told apart. Both integer and power of ten are exact, so that their quotient is what the decimal reads as. null: there is none.
 */
function shortNumeric(value: number, significantDigits: number): Numeric | null {
  const limit = POW10[significantDigits];
  for (let scale = 1; scale <= SHORT_SCALE_MAX; scale++) {
    const coefficient = Math.round(value * POW10[scale]);
    if (!(coefficient < limit && coefficient > -limit)) return null;
    const read = coefficient / POW10[scale];
    if (read === value || (significantDigits < FLOAT8_DIGITS && Math.fround(read) === value)) {
      return coefficient === 0 ? null : Numeric.fromScaled(coefficient, scale);
    }
  }
  return null;
}

/** Of digits as toExponential writes them, no more than 15; zeros at the end of a fraction are left out. */
function ofExponential(text: string): Numeric {
  const e = text.indexOf('e');
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  const point = start + 1;
  let scale = e - point - 1 - Number(text.slice(e + 1));
  if (e <= point || scale < 0) return Numeric.parse(text).trimScale();
  let coefficient = Number(text.slice(start, point) + text.slice(point + 1, e));
  for (; scale > 0 && coefficient % 10 === 0; scale--) coefficient /= 10;
  return Numeric.fromScaled(start === 1 ? 0 - coefficient : coefficient, scale);
}

export class Numeric {
  readonly coefficient: number | bigint;
  readonly scale: number;

  static readonly NaN: Numeric = new Numeric(Number.NaN, 0);
  static readonly INFINITY: Numeric = new Numeric(Infinity, 0);
  static readonly NEGATIVE_INFINITY: Numeric = new Numeric(-Infinity, 0);
  static readonly ZERO: Numeric = new Numeric(0, 0);
  static readonly ONE: Numeric = new Numeric(1, 0);

  private constructor(coefficient: number | bigint, scale: number) {
    this.coefficient = coefficient;
    this.scale = scale;
  }

  /** Unchecked: a number must be a safe integer (not -0), a bigint must be beyond. */
  static fromScaled(coefficient: number | bigint, scale: number): Numeric {
    return new Numeric(coefficient, scale);
  }

  /** From any bigint; checks the limits. */
  static fromBigint(coefficient: number | bigint, scale = 0): Numeric {
    if (typeof coefficient === 'number') return new Numeric(coefficient, scale);
    return makeNumeric(coefficient, scale);
  }

  /** float8 to numeric: 15 significant digits (float4: 6). */
  static fromNumber(value: number, significantDigits = FLOAT8_DIGITS): Numeric {
    if (Number.isSafeInteger(value) && value < POW10[significantDigits] && value > -POW10[significantDigits]) {
      return new Numeric(value + 0, 0);
    }
    if (Number.isNaN(value)) return Numeric.NaN;
    if (value === Infinity) return Numeric.INFINITY;
    if (value === -Infinity) return Numeric.NEGATIVE_INFINITY;
    const short = shortNumeric(value, significantDigits);
    if (short !== null) return short;
    return ofExponential(exponentialHalfEven(value, significantDigits - 1));
  }

  /** Text as numeric_in takes it: optional blanks around, sign, digits with a point, exponent; NaN, Infinity, inf. */
  static parse(text: string): Numeric {
    const length = text.length;
    let i = 0;
    let negative = false;
    const first = text.charCodeAt(0);
    if (first === 45) {
      negative = true;
      i = 1;
    }
    let coefficient = 0;
    let scale = -1;
    const start = i;
    for (; i < length; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit >= 0 && digit <= 9) coefficient = coefficient * 10 + digit;
      else if (digit === -2 && scale < 0) scale = i;
      else return parseSlow(text);
    }
    const digits = length - start - (scale < 0 ? 0 : 1);
    if (digits === 0) return parseSlow(text);
    if (digits > 15) return digits > PLAIN_DIGITS_MAX ? parseSlow(text) : parsePlain(text, start, scale, negative);
    return new Numeric(negative ? 0 - coefficient : coefficient, scale < 0 ? 0 : length - scale - 1);
  }

  get isNaN(): boolean {
    return Number.isNaN(this.coefficient);
  }

  get isFinite(): boolean {
    const c = this.coefficient;
    return typeof c === 'bigint' || (c <= SAFE && c >= -SAFE);
  }

  get isZero(): boolean {
    return this.coefficient === 0;
  }

  /** -1, 0, 1; 0 for NaN. */
  sign(): number {
    const c = this.coefficient;
    return c > 0 ? 1 : c < 0 ? -1 : 0;
  }

  toString(): string {
    const { coefficient, scale } = this;
    if (scale === 0) return '' + coefficient;
    const negative = coefficient < 0;
    const digits = '' + (negative ? -coefficient : coefficient);
    const point = digits.length - scale;
    if (point > 0) return (negative ? '-' : '') + digits.slice(0, point) + '.' + digits.slice(point);
    return (negative ? '-0.' : '0.') + '0'.repeat(-point) + digits;
  }

  add(other: Numeric): Numeric {
    const a = this.coefficient;
    const b = other.coefficient;
    if (typeof a === 'number' && typeof b === 'number') {
      if (this.scale === other.scale) {
        const sum = a + b;
        if (sum <= SAFE && sum >= -SAFE) return new Numeric(sum, this.scale);
      } else {
        const difference = this.scale - other.scale;
        if (difference > 0 && difference < 16) {
          const scaled = b * POW10[difference];
          const sum = a + scaled;
          if (scaled <= SAFE && scaled >= -SAFE && sum <= SAFE && sum >= -SAFE) return new Numeric(sum, this.scale);
        } else if (difference < 0 && difference > -16) {
          const scaled = a * POW10[-difference];
          const sum = scaled + b;
          if (scaled <= SAFE && scaled >= -SAFE && sum <= SAFE && sum >= -SAFE) return new Numeric(sum, other.scale);
        }
      }
    }
    return addSlow(this, other);
  }

  sub(other: Numeric): Numeric {
    const a = this.coefficient;
    const b = other.coefficient;
    if (typeof a === 'number' && typeof b === 'number' && this.scale === other.scale) {
      const difference = a - b;
      if (difference <= SAFE && difference >= -SAFE) return new Numeric(difference, this.scale);
    }
    return this.add(other.neg());
  }

  mul(other: Numeric): Numeric {
    const a = this.coefficient;
    const b = other.coefficient;
    if (typeof a === 'number' && typeof b === 'number') {
      const product = a * b;
      const scale = this.scale + other.scale;
      if (product <= SAFE && product >= -SAFE && scale <= NUMERIC_SCALE_MAX) return new Numeric(product + 0, scale);
    }
    return mulSlow(this, other);
  }

  /** Quotient at the scale that PostgreSQL chooses: 16 significant digits or more, and not less than either operand's. */
  div(other: Numeric): Numeric {
    if (!this.isFinite || !other.isFinite) return divSpecial(this, other);
    if (other.coefficient === 0) throw divisionByZero();
    const scale = divisionScale(this, other);
    return divideAt(this, other, scale);
  }

  /** Quotient cut to an integer: div(a, b). */
  divTrunc(other: Numeric): Numeric {
    if (!this.isFinite || !other.isFinite) {
      const special = divSpecial(this, other);
      return special.isFinite ? Numeric.ZERO : special;
    }
    if (other.coefficient === 0) throw divisionByZero();
    if (inRegisters(this, other) && registers.divideTruncated(file, LEFT, RIGHT, LEFT)) return leftRegister();
    const [a, b] = aligned(this, other);
    return makeNumeric(a / b, 0);
  }

  /** Remainder with the dividend's sign. */
  mod(other: Numeric): Numeric {
    if (!this.isFinite || !other.isFinite) {
      if (this.isNaN || other.isNaN) return Numeric.NaN;
      if (!this.isFinite) {
        if (other.coefficient === 0) throw divisionByZero();
        return Numeric.NaN;
      }
      return this;
    }
    if (other.coefficient === 0) throw divisionByZero();
    const a = this.coefficient;
    const b = other.coefficient;
    if (this.scale === other.scale && typeof a === 'number' && typeof b === 'number') {
      return new Numeric((a % b) + 0, this.scale);
    }
    if (inRegisters(this, other) && registers.remainder(file, LEFT, RIGHT, LEFT)) return leftRegister();
    const [x, y] = aligned(this, other);
    return makeNumeric(x % y, Math.max(this.scale, other.scale));
  }

  neg(): Numeric {
    const c = this.coefficient;
    return new Numeric(typeof c === 'number' ? 0 - c : -c, this.scale);
  }

  abs(): Numeric {
    return this.coefficient < 0 ? this.neg() : this;
  }

  /** Numeric order; NaN equals NaN and is above everything. */
  compare(other: Numeric): number {
    const a = this.coefficient;
    const b = other.coefficient;
    if (this.scale === other.scale) {
      if (a < b) return -1;
      if (a > b) return 1;
      // biome-ignore lint/suspicious/noDoubleEquals: number and bigint of the same value
      if (a == b) return 0;
    }
    return compareSlow(this, other);
  }

  equals(other: Numeric): boolean {
    return this.compare(other) === 0;
  }

  /** Rounds half away from zero to so many digits after the point (negative: before it); pads with zeros. */
  round(scale: number): Numeric {
    return this.#toScale(scale, true);
  }

  trunc(scale: number): Numeric {
    return this.#toScale(scale, false);
  }

  #toScale(scale: number, rounds: boolean): Numeric {
    if (scale === this.scale) return this;
    if (!this.isFinite) return this;
    const c = this.coefficient;
    if (scale > this.scale) {
      if (scale > NUMERIC_SCALE_MAX) scale = NUMERIC_SCALE_MAX;
      const difference = scale - this.scale;
      if (typeof c === 'number' && difference < 16) {
        const scaled = c * POW10[difference];
        if (scaled <= SAFE && scaled >= -SAFE) return new Numeric(scaled, scale);
      }
      return makeNumeric(BigInt(c) * bigPow10(difference), scale);
    }
    // One place beyond all digits: nothing is left of the number, and nothing is carried over.
    if (scale < -INTEGER_DIGITS_MAX - 1) scale = -INTEGER_DIGITS_MAX - 1;
    const dropped = this.scale - scale;
    let quotient: number | bigint;
    if (typeof c === 'number') quotient = dropDigits(c, dropped, rounds);
    else quotient = rounds ? bigDivRound(c, bigPow10(dropped)) : c / bigPow10(dropped);
    if (scale < 0) return quotient === 0 ? Numeric.ZERO : makeNumeric(BigInt(quotient) * bigPow10(-scale), 0);
    return typeof quotient === 'number' ? new Numeric(quotient, scale) : makeNumeric(quotient, scale);
  }

  ceil(): Numeric {
    const cut = this.trunc(0);
    return this.coefficient > 0 && cut.compare(this) !== 0 ? cut.add(Numeric.ONE) : cut;
  }

  floor(): Numeric {
    const cut = this.trunc(0);
    return this.coefficient < 0 && cut.compare(this) !== 0 ? cut.sub(Numeric.ONE) : cut;
  }

  get isInteger(): boolean {
    return this.isFinite && this.trunc(0).compare(this) === 0;
  }

  /** Digits after the point that are needed. */
  minScale(): number {
    let { coefficient, scale } = this;
    if (coefficient === 0 || !this.isFinite) return 0;
    if (typeof coefficient === 'bigint') {
      while (scale > 0 && coefficient % 10n === 0n) {
        coefficient = (coefficient as bigint) / 10n;
        scale--;
      }
      return scale;
    }
    while (scale > 0 && coefficient % 10 === 0) {
      coefficient = (coefficient as number) / 10;
      scale--;
    }
    return scale;
  }

  trimScale(): Numeric {
    return this.trunc(this.minScale());
  }

  sqrt(): Numeric {
    if (!this.isFinite && this.coefficient !== -Infinity) return this;
    if (this.coefficient < 0) throw sqlError('2201F', 'cannot take square root of a negative number');
    // Half the decimal exponent, in PostgreSQL's digits of base 10000.
    const scale = resultScale(SIGNIFICANT_DIGITS_MIN - (baseWeight(this) * 2 + 1), this.scale);
    return makeNumeric(sqrtAt(BigInt(this.coefficient), this.scale, scale), scale);
  }

  exp(): Numeric {
    if (!this.isFinite) return this.coefficient === -Infinity ? Numeric.ZERO : this;
    const value = approximate(this);
    const weight = Math.max(-RESULT_SCALE_MAX, Math.min(RESULT_SCALE_MAX, value * Math.LOG10E));
    return expNumeric(this, resultScale(SIGNIFICANT_DIGITS_MIN - Math.trunc(weight), this.scale));
  }

  ln(): Numeric {
    checkLogarithm(this);
    if (!this.isFinite) return this;
    const scale = resultScale(SIGNIFICANT_DIGITS_MIN - logarithmWeight(this), this.scale);
    return makeNumeric(lnAt(BigInt(this.coefficient), this.scale, scale), scale);
  }

  /** Logarithm to a base: log(base, this). */
  log(base: Numeric = Numeric.fromScaled(10, 0)): Numeric {
    if (this.isNaN || base.isNaN) return Numeric.NaN;
    // Beside an infinity, what is negative is found before what is zero.
    if (!this.isFinite && this.coefficient < 0) checkLogarithm(this);
    checkLogarithm(base);
    checkLogarithm(this);
    if (!this.isFinite || !base.isFinite) {
      if (base.isFinite) return this;
      return this.isFinite ? Numeric.ZERO : Numeric.NaN;
    }
    const baseWeight = logarithmWeight(base);
    const scale = resultScale(
      SIGNIFICANT_DIGITS_MIN - (logarithmWeight(this) - baseWeight),
      Math.max(base.scale, this.scale),
    );
    const guard = scale + 12 + Math.abs(baseWeight) + Math.abs(logarithmWeight(this));
    const divisor = lnAt(BigInt(base.coefficient), base.scale, guard);
    if (divisor === 0n) throw divisionByZero();
    const dividend = lnAt(BigInt(this.coefficient), this.scale, guard) * bigPow10(scale);
    return makeNumeric(divisor < 0n ? bigDivRound(-dividend, -divisor) : bigDivRound(dividend, divisor), scale);
  }

  power(exponent: Numeric): Numeric {
    const special = powerSpecial(this, exponent);
    if (special !== null) return special;
    const sign = this.sign();
    if (sign === 0 && exponent.coefficient < 0) {
      throw sqlError('2201F', 'zero raised to a negative power is undefined');
    }
    const integral = exponent.isInteger;
    if (sign < 0 && !integral) throw complexPower();
    if (integral) {
      const n = Number(exponent.trunc(0).coefficient);
      if (n >= -2147483648 && n <= 2147483647) return powerInteger(this, n);
    }
    if (sign === 0) return new Numeric(0, SIGNIFICANT_DIGITS_MIN);
    const result = powerReal(this.abs(), exponent);
    return sign < 0 && BigInt(exponent.trunc(0).coefficient) % 2n !== 0n ? result.neg() : result;
  }

  /** Rounds to numeric(precision, scale) and checks that it fits. */
  applyTypmod(typmod: number): Numeric {
    if (typmod < 4) return this;
    const precision = numericPrecision(typmod);
    const scale = numericScale(typmod);
    const c = this.coefficient;
    if (this.scale === scale && typeof c === 'number' && precision < 16) {
      if (c < POW10[precision] && c > -POW10[precision]) return this;
    }
    if (!this.isFinite) {
      if (this.isNaN) return this;
      throw sqlError('22003', 'numeric field overflow', {
        detail: `A field with precision ${precision}, scale ${scale} cannot hold an infinite value.`,
      });
    }
    const rounded = this.round(scale);
    const limit = bigPow10(precision + Math.max(-scale, 0));
    const magnitude = rounded.coefficient < 0 ? -rounded.coefficient : rounded.coefficient;
    if (magnitude >= limit) {
      const digits = precision - scale;
      throw sqlError('22003', 'numeric field overflow', {
        detail:
          `A field with precision ${precision}, scale ${scale} must round to an absolute value less than ` +
          `${digits !== 0 ? `10^${digits}` : '1'}.`,
      });
    }
    return rounded;
  }

  toInt2(): number {
    return this.#toInt(-32768, 32767, 'smallint');
  }

  toInt4(): number {
    return this.#toInt(-2147483648, 2147483647, 'integer');
  }

  #toInt(min: number, max: number, name: string): number {
    if (!this.isFinite) throw cannotConvert(this, name);
    const c = this.round(0).coefficient;
    if (typeof c === 'bigint' || c < min || c > max) throw sqlError('22003', `${name} out of range`);
    return c;
  }

  /** A number while safe, else a bigint. */
  toInt8(): number | bigint {
    if (!this.isFinite) throw cannotConvert(this, 'bigint');
    const c = this.round(0).coefficient;
    if (typeof c === 'bigint' && BigInt.asIntN(64, c) !== c) throw sqlError('22003', 'bigint out of range');
    return c;
  }

  /** Nearest double; 22003 beyond the range of doubles, as PostgreSQL's cast has it. */
  toFloat8(): number {
    const { coefficient, scale } = this;
    if (typeof coefficient === 'number' && scale < 23) return scale === 0 ? coefficient : coefficient / POW10[scale];
    return inputFloat8(this.toString());
  }

  /** Nearest double; infinite beyond their range. */
  nearestFloat8(): number {
    return Number(this.toString());
  }

  /** Nearest single-precision number. */
  toFloat4(): number {
    return inputFloat4(this.toString());
  }

  /** A text equal for equal values and for no others. */
  hashKey(): string | number {
    const { coefficient } = this;
    if (typeof coefficient === 'number' && this.scale === 0) return coefficient;
    const trimmed = this.trimScale();
    return trimmed.scale === 0 && typeof trimmed.coefficient === 'number' ? trimmed.coefficient : trimmed.toString();
  }
}

/** The registers of the functions here. */
const LEFT = registers.SCRATCH;
const RIGHT = LEFT + registers.REGISTER_SIZE;
const file = new Float64Array(RIGHT + registers.REGISTER_SIZE);

/** Two finite values, in LEFT and RIGHT; false: the longer way over bigints is as short. */
function inRegisters(a: Numeric, b: Numeric): boolean {
  const x = a.coefficient;
  const y = b.coefficient;
  if (typeof x !== 'number' || typeof y !== 'number') return false;
  return registers.setRegister(file, LEFT, x, a.scale) && registers.setRegister(file, RIGHT, y, b.scale);
}

function leftRegister(): Numeric {
  return Numeric.fromScaled(registers.coefficientOf(file, LEFT), registers.scaleOf(file, LEFT));
}

/** Cuts `count` decimal digits off a safe integer. */
function dropDigits(c: number, count: number, rounds: boolean): number {
  if (count > 17) return 0;
  const power = POW10[count];
  const rest = c % power;
  const quotient = (c - rest) / power + 0;
  if (!rounds) return quotient;
  if (rest >= 0) return rest * 2 >= power ? quotient + 1 : quotient;
  return -rest * 2 >= power ? quotient - 1 : quotient;
}

/** A numeric from any bigint: made small again where possible, and checked against the limits. */
function makeNumeric(coefficient: bigint, scale: number): Numeric {
  if (coefficient <= BIG_SAFE && coefficient >= -BIG_SAFE) {
    if (scale > NUMERIC_SCALE_MAX) throw overflow();
    return Numeric.fromScaled(Number(coefficient), scale);
  }
  if (scale > NUMERIC_SCALE_MAX) throw overflow();
  if (coefficient > SURELY_FITS || coefficient < -SURELY_FITS) {
    const limit = bigPow10(INTEGER_DIGITS_MAX + scale);
    if (coefficient >= limit || coefficient <= -limit) throw overflow();
  }
  return Numeric.fromScaled(coefficient, scale);
}

/** Nearest double, infinities and zero beyond their range. */
function approximate(value: Numeric): number {
  return Number(value.toString());
}

function overflow(): SqlError {
  return sqlError('22003', 'value overflows numeric format');
}

function divisionByZero(): SqlError {
  return sqlError('22012', 'division by zero');
}

function complexPower(): SqlError {
  return sqlError('2201F', 'a negative number raised to a non-integer power yields a complex result');
}

function cannotConvert(value: Numeric, name: string): SqlError {
  return sqlError('0A000', `cannot convert ${value.isNaN ? 'NaN' : 'infinity'} to ${name}`);
}

const NUMBER_FORM = /^[ \t\n\r\v\f]*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?[ \t\n\r\v\f]*$/;
const SPECIAL_FORM = /^[ \t\n\r\v\f]*(nan|[+-]?inf(?:inity)?)[ \t\n\r\v\f]*$/i;

/** Digits with or without a point, that is at `point`, or -1. */
function parsePlain(text: string, start: number, point: number, negative: boolean): Numeric {
  const digits = point < 0 ? text.slice(start) : text.slice(start, point) + text.slice(point + 1);
  const coefficient = BigInt(digits);
  return makeNumeric(negative ? -coefficient : coefficient, point < 0 ? 0 : text.length - point - 1);
}

function parseSlow(text: string): Numeric {
  const match = NUMBER_FORM.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) {
    const special = SPECIAL_FORM.exec(text);
    if (special === null) throw sqlError('22P02', `invalid input syntax for type numeric: "${text}"`);
    const word = special[1].toLowerCase();
    if (word === 'nan') return Numeric.NaN;
    return word.startsWith('-') ? Numeric.NEGATIVE_INFINITY : Numeric.INFINITY;
  }
  const fraction = match[3] ?? '';
  const exponent = match[4] === undefined ? 0 : Number(match[4]);
  if (exponent >= 1073741823 || exponent <= -1073741823) throw overflow();
  const digits = match[2] + fraction;
  const scale = fraction.length - exponent;
  const trimmed = digits.replace(/^0+/, '');
  if (trimmed.length - scale > INTEGER_DIGITS_MAX && trimmed !== '') throw overflow();
  if (scale > NUMERIC_SCALE_MAX) throw overflow();
  let coefficient = BigInt(trimmed === '' ? '0' : trimmed);
  if (match[1] === '-') coefficient = -coefficient;
  if (coefficient === 0n) return Numeric.fromScaled(0, Math.max(scale, 0));
  return scale >= 0 ? makeNumeric(coefficient, scale) : makeNumeric(coefficient * bigPow10(-scale), 0);
}

/** Both coefficients at the larger scale; finite operands. */
function aligned(a: Numeric, b: Numeric): [bigint, bigint] {
  const x = BigInt(a.coefficient);
  const y = BigInt(b.coefficient);
  if (a.scale > b.scale) return [x, y * bigPow10(a.scale - b.scale)];
  return [a.scale < b.scale ? x * bigPow10(b.scale - a.scale) : x, y];
}

function addSlow(a: Numeric, b: Numeric): Numeric {
  if (!a.isFinite || !b.isFinite) {
    if (a.isFinite) return b;
    if (b.isFinite) return a;
    return a.coefficient === b.coefficient ? a : Numeric.NaN;
  }
  const [x, y] = aligned(a, b);
  return makeNumeric(x + y, Math.max(a.scale, b.scale));
}

function mulSlow(a: Numeric, b: Numeric): Numeric {
  if (!a.isFinite || !b.isFinite) {
    if (a.isNaN || b.isNaN) return Numeric.NaN;
    const sign = a.sign() * b.sign();
    if (sign === 0) return Numeric.NaN;
    return sign > 0 ? Numeric.INFINITY : Numeric.NEGATIVE_INFINITY;
  }
  const product = BigInt(a.coefficient) * BigInt(b.coefficient);
  const scale = a.scale + b.scale;
  if (scale <= NUMERIC_SCALE_MAX) return makeNumeric(product, scale);
  return makeNumeric(rescale(product, scale, NUMERIC_SCALE_MAX), NUMERIC_SCALE_MAX);
}

function divSpecial(a: Numeric, b: Numeric): Numeric {
  if (a.isNaN || b.isNaN) return Numeric.NaN;
  if (a.isFinite) return Numeric.ZERO;
  if (!b.isFinite) return Numeric.NaN;
  if (b.coefficient === 0) throw divisionByZero();
  return a.sign() * b.sign() > 0 ? Numeric.INFINITY : Numeric.NEGATIVE_INFINITY;
}

/** a / b at the given scale, rounded. */
function divideAt(a: Numeric, b: Numeric, scale: number): Numeric {
  let dividend = BigInt(a.coefficient);
  let divisor = BigInt(b.coefficient);
  const shift = scale + b.scale - a.scale;
  if (shift >= 0) dividend *= bigPow10(shift);
  else divisor *= bigPow10(-shift);
  if (divisor < 0n) {
    dividend = -dividend;
    divisor = -divisor;
  }
  return makeNumeric(bigDivRound(dividend, divisor), scale);
}

function digitCount(coefficient: number | bigint): number {
  if (typeof coefficient === 'number') return decimalDigits(coefficient < 0 ? -coefficient : coefficient);
  return bigDecimalDigits(coefficient);
}

/** PostgreSQL's weight: position of the first digit in base 10000; 0 for zero. */
function baseWeight(value: Numeric): number {
  if (value.coefficient === 0) return 0;
  return Math.floor((digitCount(value.coefficient) - value.scale - 1) / 4);
}

/** The first `count` digits of base 10000, as an integer: floor(|value| / 10000^(weight + 1 - count)). */
function leadingDigits(value: Numeric, weight: number, count: number): number {
  const c = value.coefficient;
  const exponent = value.scale + 4 * (weight + 1 - count);
  if (typeof c === 'number') {
    const magnitude = c < 0 ? -c : c;
    if (exponent >= 0 && exponent < 16) return (magnitude - (magnitude % POW10[exponent])) / POW10[exponent];
    if (exponent < 0) return magnitude * 10 ** -exponent;
  }
  const magnitude = BigInt(c < 0 ? -c : c);
  return Number(exponent >= 0 ? magnitude / bigPow10(exponent) : magnitude * bigPow10(-exponent));
}

/** select_div_scale. */
function divisionScale(a: Numeric, b: Numeric): number {
  const weightA = baseWeight(a);
  const weightB = baseWeight(b);
  const firstA = a.coefficient === 0 ? 0 : leadingDigits(a, weightA, 1);
  let weight = weightA - weightB;
  if (firstA <= leadingDigits(b, weightB, 1)) weight--;
  return resultScale(SIGNIFICANT_DIGITS_MIN - weight * 4, Math.max(a.scale, b.scale));
}

function resultScale(wanted: number, inputScale: number): number {
  return Math.min(Math.max(wanted, inputScale, 0), NUMERIC_PRECISION_MAX);
}

function compareSlow(a: Numeric, b: Numeric): number {
  if (a.isNaN) return b.isNaN ? 0 : 1;
  if (b.isNaN) return -1;
  const x = a.coefficient;
  const y = b.coefficient;
  const signA = a.sign();
  const signB = b.sign();
  if (signA !== signB) return signA < signB ? -1 : 1;
  if (signA === 0) return 0;
  if (!a.isFinite || !b.isFinite) return x === y ? 0 : x < y ? -1 : 1;
  if (typeof x === 'number' && typeof y === 'number') {
    const difference = a.scale - b.scale;
    if (difference > 0 && difference < 16) {
      const scaled = y * POW10[difference];
      if (scaled <= SAFE && scaled >= -SAFE) return x < scaled ? -1 : x > scaled ? 1 : 0;
    } else if (difference < 0 && difference > -16) {
      const scaled = x * POW10[-difference];
      if (scaled <= SAFE && scaled >= -SAFE) return scaled < y ? -1 : scaled > y ? 1 : 0;
    }
  }
  const [p, q] = aligned(a, b);
  return p < q ? -1 : p > q ? 1 : 0;
}

function checkLogarithm(value: Numeric): void {
  if (value.coefficient === 0) throw sqlError('2201E', 'cannot take logarithm of zero');
  if (value.coefficient < 0) throw sqlError('2201E', 'cannot take logarithm of a negative number');
}

const POINT_NINE = Numeric.fromScaled(9, 1);
const ONE_POINT_ONE = Numeric.fromScaled(11, 1);

/** Decimal exponent of ln(value), about: PostgreSQL's estimate_ln_dweight, to which result scales are tied. */
function logarithmWeight(value: Numeric): number {
  if (value.compare(POINT_NINE) >= 0 && value.compare(ONE_POINT_ONE) <= 0) {
    const x = value.sub(Numeric.ONE);
    if (x.coefficient === 0) return 0;
    const weight = baseWeight(x);
    return weight * 4 + Math.trunc(Math.log10(leadingDigits(x, weight, 1)));
  }
  const weight = baseWeight(value);
  // PostgreSQL takes the second digit only if there is one; without it the estimate is the same.
  const estimate = Math.log(leadingDigits(value, weight, 2)) + (weight - 1) * 4 * Math.LN10;
  return Math.trunc(Math.log10(Math.abs(estimate)));
}

function expNumeric(x: Numeric, scale: number): Numeric {
  const value = approximate(x);
  if (Math.abs(value) >= RESULT_SCALE_MAX * 3) {
    if (value > 0) throw overflow();
    return Numeric.fromScaled(0, scale);
  }
  const weight = Math.trunc(value * Math.LOG10E);
  return makeNumeric(expAt(BigInt(x.coefficient), x.scale, scale, weight), scale);
}

/** power_var_int: base^n at 16 digits after the point, or the base's own scale if larger. */
function powerInteger(base: Numeric, n: number): Numeric {
  const scale = resultScale(SIGNIFICANT_DIGITS_MIN, base.scale);
  if (n === 0) return Numeric.ONE.round(scale);
  if (n === 1) return base.round(scale);
  if (n === -1) return divideAt(Numeric.ONE, base, scale);
  if (n === 2) return base.mul(base).round(scale);
  if (base.coefficient === 0) return Numeric.fromScaled(0, scale);
  const weight = baseWeight(base);
  const log10 = n * (Math.log10(leadingDigits(base, weight, 4)) + (weight - 3) * 4);
  if (log10 > 3 * 32767 * 4) throw overflow();
  if (log10 + 1 < -scale || log10 + 1 < -NUMERIC_PRECISION_MAX) return Numeric.fromScaled(0, scale);
  const digits = 1 + scale + Math.trunc(log10) + Math.trunc(Math.log(Math.abs(n))) + 8;
  // A negative power is the reciprocal, and as many digits of the divisor are needed as of the quotient.
  const power = powerDigits(
    { coefficient: BigInt(base.coefficient), scale: base.scale },
    Math.abs(n),
    Math.max(digits, 20),
  );
  if (n > 0) return makeNumeric(rescale(power.coefficient, power.scale, scale), scale);
  const shift = power.scale + scale;
  const negative = power.coefficient < 0n;
  const divisor = negative ? -power.coefficient : power.coefficient;
  const quotient = shift >= 0 ? bigDivRound(bigPow10(shift), divisor) : bigDivRound(1n, divisor * bigPow10(-shift));
  return makeNumeric(negative ? -quotient : quotient, scale);
}

/** power_var for an exponent that is no int4: e^(exponent * ln base), base positive. */
function powerReal(base: Numeric, exponent: Numeric): Numeric {
  // Its logarithm is zero, which no exponent makes larger.
  if (base.equals(Numeric.ONE)) {
    return Numeric.ONE.round(resultScale(SIGNIFICANT_DIGITS_MIN, Math.max(base.scale, exponent.scale)));
  }
  const lnWeight = logarithmWeight(base);
  const roughScale = Math.max(8 - lnWeight, 0);
  const product = (scale: number): Decimal => ({
    coefficient: rescale(
      lnAt(BigInt(base.coefficient), base.scale, scale) * BigInt(exponent.coefficient),
      scale + exponent.scale,
      scale,
    ),
    scale,
  });
  const rough = product(roughScale);
  let value = Number(`${rough.coefficient}e${-rough.scale}`);
  if (Math.abs(value) > RESULT_SCALE_MAX * 3.01) {
    if (value > 0) throw overflow();
    return Numeric.fromScaled(0, NUMERIC_PRECISION_MAX);
  }
  value *= Math.LOG10E;
  const weight = Math.trunc(value);
  const scale = resultScale(SIGNIFICANT_DIGITS_MIN - weight, Math.max(base.scale, exponent.scale));
  // Enough that the exponent's size does not eat the guard digits.
  const localScale = Math.max(scale + weight - lnWeight + 12, 0) + digitCount(exponent.coefficient);
  const exact = product(localScale);
  return expNumeric(makeNumeric(exact.coefficient, exact.scale), scale);
}

/** NaN and infinities in power(), by the rules of POSIX pow(); null when both operands are finite. */
function powerSpecial(base: Numeric, exponent: Numeric): Numeric | null {
  if (base.isFinite && exponent.isFinite) return null;
  const { ONE, ZERO, INFINITY } = Numeric;
  if (base.isNaN) return exponent.isZero ? ONE : Numeric.NaN;
  if (exponent.isNaN) return base.equals(ONE) ? ONE : Numeric.NaN;
  const baseSign = base.sign();
  const exponentSign = exponent.sign();
  if (baseSign === 0 && exponentSign < 0) throw sqlError('2201F', 'zero raised to a negative power is undefined');
  if (baseSign < 0 && exponent.isFinite && !exponent.isInteger) throw complexPower();
  if (base.equals(ONE) || exponentSign === 0) return ONE;
  if (baseSign === 0) return ZERO;
  if (!exponent.isFinite) {
    const magnitude = base.abs().compare(ONE);
    if (magnitude === 0) return ONE;
    return magnitude > 0 === exponentSign > 0 ? INFINITY : ZERO;
  }
  if (exponentSign < 0) return ZERO;
  if (baseSign > 0) return INFINITY;
  return BigInt(exponent.trunc(0).coefficient) % 2n !== 0n ? Numeric.NEGATIVE_INFINITY : INFINITY;
}
