/**
 * The proleptic Gregorian calendar on days since 2000-01-01, and microseconds taken apart into days and time of day.
 * Years count astronomically: 1 BC is 0.
 */
import { type SqlError, sqlError } from '../errors.ts';
import { normaliseInt8 } from '../integer.ts';
import type { Micros } from './interval.ts';

export const DAY_MICROS = 86_400_000_000;
export const HOUR_MICROS = 3_600_000_000;
export const MINUTE_MICROS = 60_000_000;
export const SECOND_MICROS = 1_000_000;
/** Julian day of 2000-01-01. */
export const EPOCH_JULIAN = 2451545;
/** 1970-01-01 on our scale. */
export const UNIX_EPOCH_DAYS = -10957;
/** Julian day 0, 4714-11-24 BC, is the first date; of timestamps too. */
export const DAYS_MIN = -EPOCH_JULIAN;
/** Past the last date, 5874897-12-31. */
export const DAYS_END = 2147483494 - EPOCH_JULIAN;
/** Past the last day of timestamps, 294276-12-31. */
export const TIMESTAMP_DAYS_END = 106_751_983;

const BIG_DAY_MICROS = BigInt(DAY_MICROS);
const TIMESTAMP_MIN = BigInt(DAYS_MIN) * BIG_DAY_MICROS;
const TIMESTAMP_END = 9223371331200000000n;

/** Where dateOfDays leaves its answer; read it before the next call. */
export const datePart = { year: 0, month: 0, day: 0 };

/** Splits a day number into datePart. */
export function splitDays(days: number): void {
  // Counted from 0000-03-01, so that leap days end years (after Howard Hinnant, "chrono-compatible low-level date algorithms").
  const shifted = days + 730425;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36524) | 0) - ((dayOfEra / 146096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  datePart.day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  datePart.month = month;
  datePart.year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
}

/** Day number of a date; day and month may be beyond their usual bounds. */
export function daysOfDate(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear - 730425;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTH_DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : MONTH_DAYS[month - 1];
}

/** 0 Sunday .. 6 Saturday. 2000-01-01 was a Saturday. */
export function dayOfWeek(days: number): number {
  return (((days + 6) % 7) + 7) % 7;
}

export function floorDivMicros(micros: Micros, unit: number): number {
  if (typeof micros === 'number') return Math.floor(micros / unit);
  const big = BigInt(unit);
  const quotient = micros / big;
  return Number(micros % big < 0n ? quotient - 1n : quotient);
}

/** Day that a moment lies in. */
export function dayOfMicros(micros: Micros): number {
  return floorDivMicros(micros, DAY_MICROS);
}

/** Microseconds since that day's midnight. */
export function timeOfMicros(micros: Micros, day: number): number {
  if (typeof micros === 'number') return micros - day * DAY_MICROS;
  return Number(micros - BigInt(day) * BIG_DAY_MICROS);
}

/** Day and time of day as one number, a bigint where it must be. `time` may exceed a day. */
export function joinMicros(day: number, time: number): Micros {
  const micros = day * DAY_MICROS + time;
  if (Number.isSafeInteger(micros)) return micros;
  return normaliseInt8(BigInt(day) * BIG_DAY_MICROS + BigInt(time));
}

export function addMicros(micros: Micros, delta: number): Micros {
  if (typeof micros === 'number') {
    const sum = micros + delta;
    if (Number.isSafeInteger(sum) || sum - sum !== 0) return sum;
  }
  return normaliseInt8(BigInt(micros) + BigInt(delta));
}

/** In range for a timestamp; infinities are. */
export function isTimestamp(micros: Micros): boolean {
  if (typeof micros === 'number') return true;
  return micros >= TIMESTAMP_MIN && micros < TIMESTAMP_END;
}

export function timestampOutOfRange(text?: string): SqlError {
  return sqlError('22008', text === undefined ? 'timestamp out of range' : `timestamp out of range: "${text}"`);
}

export function dateOutOfRange(text?: string): SqlError {
  return sqlError('22008', text === undefined ? 'date out of range' : `date out of range: "${text}"`);
}
