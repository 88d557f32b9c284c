/**
 * Values of COPY's text format in the form that nearly all of them have, read from the bytes without a string between. What looks any
 * different is the types' own input functions' business, and their errors are.
 */
import { DAY_MICROS, daysInMonth, daysOfDate, SECOND_MICROS } from './datetime/calendar.ts';
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

/** Digits behind the point of what plainCoefficient read last, as they are to be shown. */
let scaleRead = 0;

/**
 * [-]digits[.digits] of up to 15 digits, to the modifier's scale without rounding: the number times 10^scale, NaN for anything else. What a
 * column of numeric(p <= 15, s) keeps.
 */
export function plainCoefficient(data: Uint8Array, from: number, to: number, typmod: number): number {
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
    else return Number.NaN;
  }
  const digits = to - first - (point < 0 ? 0 : 1);
  let scale = point < 0 ? 0 : to - point - 1;
  if (digits < 1 || digits > EXACT_DIGITS || point === to - 1) return Number.NaN;
  if (typmod >= 4) {
    const wanted = numericScale(typmod);
    const precision = numericPrecision(typmod);
    const more = wanted - scale;
    if (more < 0 || digits + more > EXACT_DIGITS) return Number.NaN;
    value *= POW10[more];
    scale = wanted;
    if (precision <= EXACT_DIGITS && value >= POW10[precision]) return Number.NaN;
  }
  scaleRead = scale;
  return isNegative && value !== 0 ? -value : value;
}

/** The same as a numeric; null for anything else. */
export function plainNumeric(data: Uint8Array, from: number, to: number, typmod: number): Numeric | null {
  const coefficient = plainCoefficient(data, from, to, typmod);
  return coefficient === coefficient ? Numeric.fromScaled(coefficient, scaleRead) : null;
}

/**
 * [-]digits[.digits] of up to 15 digits as the nearest double; NaN for anything else. Integer and power of ten are exact, so that one
 * division rounds once (Clinger, How to read floating point numbers accurately, PLDI 1990).
 */
export function plainFloat8(data: Uint8Array, from: number, to: number): number {
  const coefficient = plainCoefficient(data, from, to, -1);
  return coefficient === 0 && data[from] === 45 ? -0 : coefficient / POW10[scaleRead];
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

/**
 * yyyy-mm-dd hh:mm:ss[.ffffff] that exists, in microseconds, with an offset from UTC (Z, [+-]hh[:mm]) where `hasOffset` says so; NaN for
 * anything else, and for what is no safe integer.
 */
export function plainTimestamp(data: Uint8Array, from: number, to: number, hasOffset: boolean): number {
  if (to - from < 19 || data[from + 13] !== 58 || data[from + 16] !== 58) return Number.NaN;
  if (data[from + 10] !== 32 && data[from + 10] !== 84) return Number.NaN;
  const days = plainDate(data, from, from + 10);
  const hour = twoDigits(data, from + 11);
  const minute = twoDigits(data, from + 14);
  const second = twoDigits(data, from + 17);
  if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
  let micros = ((hour * 60 + minute) * 60 + second) * SECOND_MICROS;
  let at = from + 19;
  if (at < to && data[at] === 46) {
    const first = ++at;
    for (let unit = 100_000; at < to && at - first < 6; at++, unit /= 10) {
      const digit = data[at] - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      micros += digit * unit;
    }
  }
  if (hasOffset) micros -= offsetAt(data, at, to) * SECOND_MICROS;
  else if (at !== to) return Number.NaN;
  const sum = days * DAY_MICROS + micros;
  return Number.isSafeInteger(sum) ? sum : Number.NaN;
}

/** Seconds east of UTC of Z or [+-]hh[:mm]; NaN for anything else. */
function offsetAt(data: Uint8Array, at: number, to: number): number {
  const sign = data[at];
  const length = to - at;
  if (length === 1 && (sign === 90 || sign === 122)) return 0;
  if ((sign !== 43 && sign !== 45) || (length !== 3 && length !== 6)) return Number.NaN;
  const hours = twoDigits(data, at + 1);
  const minutes = length === 3 ? 0 : data[at + 3] === 58 ? twoDigits(data, at + 4) : Number.NaN;
  if (!(hours < 16 && minutes < 60)) return Number.NaN;
  const offset = hours * 3600 + minutes * 60;
  return sign === 45 ? -offset : offset;
}

function twoDigits(data: Uint8Array, at: number): number {
  const high = data[at] - 48;
  const low = data[at + 1] - 48;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
}
