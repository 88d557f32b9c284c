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
    return magnitude >= 1e-4 && magnitude < 1e15 ? '' + value : layOut(value.toExponential(), 15);
  }
  const precision = Math.max(15 + extraFloatDigits, 1);
  return layOut(value.toExponential(precision - 1), precision);
}

export function outputFloat4(value: number, extraFloatDigits: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (value - value !== 0) return outputSpecial(value);
  if (extraFloatDigits > 0) return layOut(shortestFloat4(value), 6);
  const precision = Math.max(6 + extraFloatDigits, 1);
  return layOut(value.toExponential(precision - 1), precision);
}

function outputSpecial(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

const FLOAT4_NORMAL_MIN = 1.1754943508222875e-38;

/** Six digits always survive the way through a float4 (but for denormal ones); nine always identify it. */
function shortestFloat4(value: number): string {
  let digits = Math.abs(value) < FLOAT4_NORMAL_MIN ? 0 : 5;
  for (; digits < 8; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(8);
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
  const rounded = Math.fround(value);
  if ((rounded === 0 && value !== 0) || (isInfinite(rounded) && !isInfinite(value))) throw outOfRange(text, 'real');
  return rounded;
}

function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

function outOfRange(text: string, typeName: string): SqlError {
  return sqlError('22003', `"${text.trim()}" is out of range for type ${typeName}`);
}

function parseFloating(text: string, typeName: string): number {
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
