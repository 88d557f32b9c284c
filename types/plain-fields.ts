/**
 * Values of COPY's text format in the form that nearly all of them have, read from the bytes without a string between. What looks any
 * different is the types' own input functions' business, and their errors are.
 */
import { daysInMonth, daysOfDate } from './datetime/calendar.ts';
import { Numeric } from './numeric.ts';
import { POW10 } from './pow10.ts';
import { numericPrecision, numericScale } from './typmod.ts';

/** Any number of so many decimal digits is exact as a double. */
const EXACT_DIGITS = 15;

/** Plain decimal integers of up to 15 digits; NaN for anything else. */
export function plainInteger(data: Uint8Array, from: number, to: number): number {
  let at = from;
  const isNegative = data[at] === 45;
  if (isNegative) at++;
  if (to - at > EXACT_DIGITS || at >= to) return Number.NaN;
  let value = 0;
  for (; at < to; at++) {
    const digit = data[at] - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return isNegative ? 0 - value : value;
}

/** [-]digits[.digits] of up to 15 digits, to the modifier's scale without rounding; null for anything else. */
export function plainNumeric(data: Uint8Array, from: number, to: number, typmod: number): Numeric | null {
  let at = from;
  const isNegative = data[at] === 45;
  if (isNegative) at++;
  const first = at;
  let value = 0;
  let point = -1;
  for (; at < to; at++) {
    const digit = data[at] - 48;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (data[at] === 46 && point < 0 && at > first) point = at;
    else return null;
  }
  const digits = to - first - (point < 0 ? 0 : 1);
  let scale = point < 0 ? 0 : to - point - 1;
  if (digits < 1 || digits > EXACT_DIGITS || point === to - 1) return null;
  if (typmod >= 4) {
    const wanted = numericScale(typmod);
    const precision = numericPrecision(typmod);
    const more = wanted - scale;
    if (more < 0 || digits + more > EXACT_DIGITS) return null;
    value *= POW10[more];
    scale = wanted;
    if (precision <= EXACT_DIGITS && value >= POW10[precision]) return null;
  }
  return Numeric.fromScaled(isNegative && value !== 0 ? -value : value, scale);
}

/** yyyy-mm-dd of a date that exists, in days; NaN for anything else. */
export function plainDate(data: Uint8Array, from: number, to: number): number {
  if (to - from !== 10 || data[from + 4] !== 45 || data[from + 7] !== 45) return Number.NaN;
  const year = twoDigits(data, from) * 100 + twoDigits(data, from + 2);
  const month = twoDigits(data, from + 5);
  const day = twoDigits(data, from + 8);
  if (!(year > 0 && month > 0 && month < 13 && day > 0 && day <= daysInMonth(year, month))) return Number.NaN;
  return daysOfDate(year, month, day);
}

function twoDigits(data: Uint8Array, at: number): number {
  const high = data[at] - 48;
  const low = data[at + 1] - 48;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
}
