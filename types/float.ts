/**
 * float4 and float8 as text. Output is the shortest text that reads back as the same value (PostgreSQL 12 and later), with an
 * exponent from 10^15 (float4: 10^6) on and below 10^-4; extra_float_digits <= 0 rounds to 15 (6) digits plus that number.
 */
import { type SqlError, sqlError } from './errors.ts';

export function outputFloat8(value: number, extraFloatDigits: number): string {
  if (Number.isInteger(value) && value < 1e15 && value > -1e15) {
    if (value === 0) return Object.is(value, -0) ? '-0' : '0';
    if (extraFloatDigits > 0) return '' + value;
  }
  if (value - value !== 0) return outputSpecial(value);
  if (extraFloatDigits > 0) {
    const magnitude = value < 0 ? -value : value;
    // There, JavaScript writes the same digits in the same layout.
    return magnitude >= 1e-4 && magnitude < 1e15 ? '' + value : layOut(shortestFloat8(value), 15);
  }
  const precision = Math.max(15 + extraFloatDigits, 1);
  return layOut(exponentialHalfEven(value, precision - 1), precision);
}

export function outputFloat4(value: number, extraFloatDigits: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (value - value !== 0) return outputSpecial(value);
  if (extraFloatDigits > 0) {
    const decimal = shortDecimal(value);
    if (decimal !== 0) return '' + decimal;
  }
  if (extraFloatDigits > 0) return layOut(shortestFloat4(value), 6);
  const precision = Math.max(6 + extraFloatDigits, 1);
  return layOut(exponentialHalfEven(value, precision - 1), precision);
}

function outputSpecial(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/**
 * A tie is a decimal of two digits more; one of at most 18 digits that is a double has fewer than 26 bits behind the point: as many as it has decimals, and 5
 * to the power of those divides its digits.
 */
const TIE_DIGITS_MAX = 16;
const TIE_UNIT = 2 ** 26;

/** toExponential, but with exact ties going to the even digit, as in C: JavaScript takes the larger. */
export function exponentialHalfEven(value: number, digits: number): string {
  const rounded = value.toExponential(digits);
  if (digits <= TIE_DIGITS_MAX && !Number.isInteger(value * TIE_UNIT)) return rounded;
  // A tie is written with one digit more.
  const longer = value.toExponential(Math.min(digits + 1, 100));
  if (longer.charCodeAt(longer.indexOf('e') - 1) !== 53 || Number(longer) !== value) return rounded;
  const wide = value.toExponential(Math.min(digits + 40, 100));
  const e = wide.indexOf('e');
  const start = wide.startsWith('-') ? 1 : 0;
  // Index of the first digit that is cut, past the point.
  const cut = start + digits + 2;
  if (wide[cut] !== '5') return rounded;
  for (let i = cut + 1; i < e; i++) if (wide[i] !== '0') return rounded;
  const last = wide.charCodeAt(digits === 0 ? start : cut - 1);
  return last % 2 === 0 ? wide.slice(0, digits === 0 ? start + 1 : cut) + wide.slice(e) : rounded;
}

/**
 * The shortest digits that lie nearer to the value than to its neighbours. JavaScript takes also those that lie in the
 * middle, if they round back to the value; PostgreSQL does not. Only from 2^51 on are middles short enough to matter.
 */
function shortestFloat8(value: number): string {
  let text = value.toExponential();
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** 51 || magnitude > 2 ** 100) return text;
  for (let digits = text.indexOf('e') - (value < 0 ? 3 : 2); isMiddle(magnitude, text); ) {
    digits = Math.max(digits + 1, 1);
    text = exponentialHalfEven(value, digits);
  }
  return text;
}

/** Whether digits stand exactly between a double of 2^51 or more and one of its neighbours. */
function isMiddle(magnitude: number, text: string): boolean {
  const e = text.indexOf('e');
  const mantissa = text.slice(text.startsWith('-') ? 1 : 0, e);
  const digits = mantissa.replace('.', '');
  const shift = Number(text.slice(e + 1)) - (digits.length - 1) + 1;
  if (shift < 0) return false;
  // Everything in twentieths.
  const distance = BigInt(digits) * 10n ** BigInt(shift) * 2n - BigInt(magnitude * 2) * 10n;
  const exponent = Math.floor(Math.log2(magnitude));
  const power = 2 ** exponent > magnitude ? exponent - 1 : exponent;
  const half = power === 51 ? 5n : 10n << BigInt(power - 52);
  if (distance === half || distance === -half) return true;
  return 2 ** power === magnitude && distance * -2n === half;
}

const FLOAT4_NORMAL_MIN = 1.1754943508222875e-38;
const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Six digits always survive the way through a float4 (but for denormal ones); nine always identify it. */
function shortestFloat4(value: number): string {
  const magnitude = Math.abs(value);
  scratch[0] = magnitude;
  scratchBits[0]++;
  const above = (magnitude + scratch[0]) / 2;
  scratchBits[0] -= 2;
  const below = (magnitude + scratch[0]) / 2;
  for (let digits = magnitude < FLOAT4_NORMAL_MIN ? 0 : 5; digits < 8; digits++) {
    const text = exponentialHalfEven(value, digits);
    const read = Math.abs(Number(text));
    if (read > below && read < above) return text;
    // The double next to the text may be a middle between floats that the text itself is not.
    if (read === above && compareMagnitudes(text, above) < 0) return text;
    if (read === below && compareMagnitudes(text, below) > 0) return text;
  }
  return exponentialHalfEven(value, 8);
}

/**
 * The double whose shortest text is that of a float4 too; 0: that must be found by other means. Between 10^-4 and 10^6 a text of up to nine digits
 * is an integer by a power of ten, both exact, so that their quotient is the double that the text reads as.
 */
function shortDecimal(value: number): number {
  const magnitude = value < 0 ? -value : value;
  if (!(magnitude >= 1e-4 && magnitude < 1e6)) return 0;
  if (Number.isInteger(value)) return value;
  scratch[0] = magnitude;
  const bits = scratchBits[0];
  scratchBits[0] = bits + 1;
  const above = (magnitude + scratch[0]) / 2;
  scratchBits[0] = bits - 1;
  const below = (magnitude + scratch[0]) / 2;
  // Of six digits.
  let scale = 1;
  while (magnitude * scale < 1e5) scale *= 10;
  for (let digits = 6; digits <= 9; digits++, scale *= 10) {
    const product = magnitude * scale;
    const rounded = Math.round(product);
    // The product is not exact: what it is near to must not be a tie.
    if (Math.abs(product - rounded) > 0.499999) return 0;
    const read = rounded / scale;
    if (read === above || read === below) return 0;
    if (read > below && read < above) return value < 0 ? -read : read;
  }
  return 0;
}

/** d.ddde[+-]x as fixed notation if -4 <= x < fixedLimit, otherwise with an exponent of two digits or more. */
function layOut(text: string, fixedLimit: number): string {
  const e = text.indexOf('e');
  const exponent = Number(text.slice(e + 1));
  const isNegative = text.startsWith('-');
  let digits = text.slice(isNegative ? 1 : 0, e).replace('.', '');
  let end = digits.length;
  while (end > 1 && digits.charCodeAt(end - 1) === 48) end--;
  digits = digits.slice(0, end);
  const sign = isNegative ? '-' : '';
  if (exponent < -4 || exponent >= fixedLimit) {
    const mantissa = digits.length === 1 ? digits : digits[0] + '.' + digits.slice(1);
    const magnitude = Math.abs(exponent);
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${magnitude < 10 ? '0' : ''}${magnitude}`;
  }
  if (exponent < 0) return sign + '0.' + '0'.repeat(-exponent - 1) + digits;
  if (digits.length <= exponent + 1) return sign + digits + '0'.repeat(exponent + 1 - digits.length);
  return sign + digits.slice(0, exponent + 1) + '.' + digits.slice(exponent + 1);
}

const DECIMAL_FORM = /^[ \t\n\v\f\r]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t\n\v\f\r]*$/;
const HEX_FORM = /^[ \t\n\v\f\r]*([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?[ \t\n\v\f\r]*$/;
const SPECIAL_FORM = /^[ \t\n\v\f\r]*(nan|[+-]?inf(?:inity)?)[ \t\n\v\f\r]*$/i;

export function inputFloat8(text: string): number {
  const value = parseFloating(text, 'double precision');
  return value;
}

export function inputFloat4(text: string): number {
  const value = parseFloating(text, 'real');
  const rounded = roundedOnce(text, value);
  if ((rounded === 0 && value !== 0) || (isInfinite(rounded) && !isInfinite(value))) throw outOfRange(text, 'real');
  return rounded;
}

/**
 * The float4 next to a decimal text whose nearest double is `value`. Where that double stands in the middle between two floats, it
 * does not say on which side of it the text is.
 */
function roundedOnce(text: string, value: number): number {
  const rounded = Math.fround(value);
  if (rounded === value || !Number.isFinite(rounded) || rounded === 0) return rounded;
  scratch[0] = rounded;
  scratchBits[0] += Math.abs(value) > Math.abs(rounded) ? 1 : -1;
  const other = scratch[0];
  if (rounded / 2 + other / 2 !== value) return rounded;
  const decimal = DECIMAL_FORM.exec(text);
  const order = decimal === null ? 0 : compareMagnitudes(decimal[1], value);
  if (order === 0) return rounded;
  return order > 0 === Math.abs(other) > Math.abs(rounded) ? other : rounded;
}

/** How the magnitude of a decimal text compares with that of a normal double, exactly. */
function compareMagnitudes(text: string, value: number): number {
  const [mantissa, exponent = '0'] = text.replace(/^[+-]/, '').split(/[eE]/);
  const [whole, fraction = ''] = mantissa.split('.');
  const power10 = Number(exponent) - fraction.length;
  const power2 = Math.floor(Math.log2(Math.abs(value))) - 54;
  // 2^power2 divides every double of this size.
  let left = BigInt(whole + fraction);
  let right = BigInt(Math.abs(value) / 2 ** power2);
  if (power10 >= 0) left *= 10n ** BigInt(power10);
  else right *= 10n ** BigInt(-power10);
  if (power2 >= 0) right <<= BigInt(power2);
  else left <<= BigInt(-power2);
  return left < right ? -1 : left > right ? 1 : 0;
}

function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

function outOfRange(text: string, typeName: string): SqlError {
  return sqlError('22003', `"${text.trim()}" is out of range for type ${typeName}`);
}

/** Of texts whose digits are surely an exact integer. */
const PLAIN_LENGTH_MAX = 16;

/** Digits with a point among them or not; NaN: it is another text. */
function plainDecimal(text: string): number {
  const { length } = text;
  if (length > PLAIN_LENGTH_MAX) return Number.NaN;
  const isNegative = text.charCodeAt(0) === 45;
  let value = 0;
  let scale = 0;
  let digits = 0;
  for (let at = isNegative ? 1 : 0; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
      scale *= 10;
    } else if (digit === -2 && scale === 0) scale = 1;
    else return Number.NaN;
  }
  if (digits === 0 || digits > 15) return Number.NaN;
  if (scale > 1) value /= scale;
  return isNegative ? -value : value;
}

function parseFloating(text: string, typeName: string): number {
  const plain = plainDecimal(text);
  if (plain === plain) return plain;
  const decimal = DECIMAL_FORM.exec(text);
  if (decimal !== null) {
    const value = Number(decimal[1]);
    if (isInfinite(value) || (value === 0 && /[1-9]/.test(decimal[1].split(/[eE]/)[0])))
      throw outOfRange(text, typeName);
    return value;
  }
  const special = SPECIAL_FORM.exec(text);
  if (special !== null) {
    const word = special[1].toLowerCase();
    return word === 'nan' ? Number.NaN : word.startsWith('-') ? -Infinity : Infinity;
  }
  const hex = HEX_FORM.exec(text);
  if (hex !== null && hex[2] + (hex[3] ?? '') !== '') {
    const fraction = hex[3] ?? '';
    const magnitude = Number(`0x${hex[2]}${fraction}`) * 2 ** (Number(hex[4] ?? 0) - 4 * fraction.length);
    return hex[1] === '-' ? -magnitude : magnitude;
  }
  throw sqlError('22P02', `invalid input syntax for type ${typeName}: "${text}"`);
}

/** Six significant digits, as C's %g writes them. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const [mantissa, exponent] = value.toExponential(5).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  return `${Number(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
