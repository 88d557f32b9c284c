/**
 * What all date and time functions rest on: calendar arithmetic on days since 2000-01-01, timestamps cut into day and time of
 * day, ranges, adding intervals.
 *
 * A timestamp is microseconds, a number while safe (years 1714 to 2285) and a bigint beyond, or +-Infinity. Splitting it
 * gives two plain numbers whatever it was, so that everything calendar-like is computed on numbers.
 */

import { datePart, dayOfWeek, daysInMonth, daysOfDate, isLeapYear, splitDays } from '../../types/datetime/calendar.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';
import { Interval } from '../../types/index.ts';
import { type Int8, int8Add } from './integer.ts';
import type { Zone } from './zones.ts';

export { dayOfWeek, daysInMonth as monthLength, daysOfDate as daysFromCivil, isLeapYear };

export type Timestamp = number | bigint;

export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60_000_000;
export const MICROS_PER_HOUR = 3_600_000_000;
export const MICROS_PER_DAY = 86_400_000_000;
const BIG_DAY = 86_400_000_000n;

/** Julian day number of 2000-01-01. */
export const EPOCH_JULIAN = 2451545;
/** Days from 1970-01-01 to 2000-01-01. */
export const UNIX_EPOCH_DAYS = 10957;
const DATE_MIN = -EPOCH_JULIAN;
const DATE_END = 2145031949;
const TIMESTAMP_MIN = -211813488000000000n;
const TIMESTAMP_END = 9223371331200000000n;

const dateOutOfRange = (): SqlError => sqlError('22008', 'date out of range');
const timestampOutOfRange = (): SqlError => sqlError('22008', 'timestamp out of range');
export const intervalOutOfRange = (): SqlError => sqlError('22008', 'interval out of range');

export function isInfinite(value: Timestamp): boolean {
  return value === Infinity || value === -Infinity;
}

/** Year as astronomers count (0 is 1 BC), month 1..12, day 1..31. */
export interface CivilDate {
  year: number;
  month: number;
  day: number;
}

export function civilFromDays(days: number): CivilDate {
  splitDays(days);
  return { year: datePart.year, month: datePart.month, day: datePart.day };
}

/** Monday of the first ISO week: the week with January 4th. */
export function isoYearStart(year: number): number {
  const fourth = daysOfDate(year, 1, 4);
  return fourth - ((dayOfWeek(fourth) + 6) % 7);
}

/** The Thursday of a day's week: its year is the week's. */
function thursdayOf(days: number): number {
  return days - ((dayOfWeek(days) + 6) % 7) + 3;
}

export function isoYear(days: number): number {
  splitDays(thursdayOf(days));
  return datePart.year;
}

export function isoWeek(days: number): number {
  const thursday = thursdayOf(days);
  splitDays(thursday);
  return Math.floor((thursday - daysOfDate(datePart.year, 1, 1)) / 7) + 1;
}

/** Counted from the first Monday of the ISO year. */
export function isoDayOfYear(days: number): number {
  return days - isoYearStart(isoYear(days)) + 1;
}

/** Day and microseconds of the day (0 <= micros < 24 h). */
export interface SplitTimestamp {
  days: number;
  micros: number;
}

export function splitTimestamp(value: Timestamp): SplitTimestamp {
  if (typeof value === 'number') {
    const days = Math.floor(value / MICROS_PER_DAY);
    return { days, micros: value - days * MICROS_PER_DAY };
  }
  let days = value / BIG_DAY;
  if (days * BIG_DAY > value) days--;
  return { days: Number(days), micros: Number(value - days * BIG_DAY) };
}

/** The timestamp of a day and microseconds (of any size), checked. */
export function joinTimestamp(days: number, micros: Int8): Timestamp {
  const value = days * MICROS_PER_DAY;
  if (typeof micros === 'number' && Number.isSafeInteger(value)) {
    const sum = value + micros;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return checkTimestamp(normalise(BigInt(days) * BIG_DAY + BigInt(micros)));
}

export const dateBeyondTimestamps = (): SqlError => sqlError('22008', 'date out of range for timestamp');

/** Midnight of a day; a date beyond the timestamps' range compares as infinity in mixed comparisons. */
export function dateToTimestamp(days: number): Timestamp {
  if (isInfinite(days)) return days;
  try {
    return joinTimestamp(days, 0);
  } catch {
    throw dateBeyondTimestamps();
  }
}

function normalise(value: bigint): Timestamp {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

function checkTimestamp(value: Timestamp): Timestamp {
  if (typeof value === 'bigint' && (value < TIMESTAMP_MIN || value >= TIMESTAMP_END)) throw timestampOutOfRange();
  return value;
}

export function checkDate(days: number): number {
  if (days < DATE_MIN || days >= DATE_END) throw dateOutOfRange();
  return days;
}

/** a + b in microseconds, checked for the range of timestamps. */
export function addMicros(value: Timestamp, micros: Int8): Timestamp {
  try {
    return checkTimestamp(int8Add(value, micros));
  } catch {
    throw timestampOutOfRange();
  }
}

/** UTC microseconds as the zone's wall clock shows them, as a timestamp. */
export function utcToLocal(value: Timestamp, zone: Zone): Timestamp {
  if (isInfinite(value)) return value;
  return addMicros(value, zone.offsetAt(value) * MICROS_PER_SECOND);
}

export function localToUtc(value: Timestamp, zone: Zone): Timestamp {
  if (isInfinite(value)) return value;
  return addMicros(value, -zone.offsetOfLocal(value) * MICROS_PER_SECOND);
}

/** Adds months (the day is held to the month's length) and days to a local timestamp. */
function addMonthsAndDays(value: Timestamp, months: number, addedDays: number): Timestamp {
  let { days, micros } = splitTimestamp(value);
  if (months !== 0) {
    const { year, month, day } = civilFromDays(days);
    const count = year * 12 + (month - 1) + months;
    const newYear = Math.floor(count / 12);
    const newMonth = count - newYear * 12 + 1;
    days = daysOfDate(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)));
    // Each step must be a timestamp, also where the next one comes back.
    if (addedDays !== 0) joinTimestamp(days, micros);
  }
  return joinTimestamp(days + addedDays, micros);
}

export function addInterval(value: Timestamp, interval: Interval, sign: 1 | -1): Timestamp {
  if (isInfinite(value)) return value;
  let result = value;
  if (interval.months !== 0 || interval.days !== 0) {
    result = addMonthsAndDays(result, sign * interval.months, sign * interval.days);
  }
  return addMicros(result, sign === 1 ? interval.micros : -interval.micros);
}

/** Months and days are of the zone's calendar, the time of day is absolute. */
export function addIntervalInZone(value: Timestamp, interval: Interval, sign: 1 | -1, zone: Zone): Timestamp {
  if (isInfinite(value)) return value;
  let result = value;
  if (interval.months !== 0 || interval.days !== 0) {
    result = localToUtc(addMonthsAndDays(utcToLocal(result, zone), sign * interval.months, sign * interval.days), zone);
  }
  return addMicros(result, sign === 1 ? interval.micros : -interval.micros);
}

const INT4_MAX = 2147483647;

export function makeInterval(months: number, days: number, micros: Int8): Interval {
  if (Math.abs(months) > INT4_MAX + (months < 0 ? 1 : 0) || Math.abs(days) > INT4_MAX + (days < 0 ? 1 : 0)) {
    throw intervalOutOfRange();
  }
  return new Interval(months + 0, days + 0, micros);
}

/** Microseconds from a to b as an int8. */
export function subtractTimestamps(a: Timestamp, b: Timestamp): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return normalise(BigInt(a) - BigInt(b));
}

/** Truncating division with rest, on either kind of number; the quotient is small. */
export function divideMicros(value: Int8, unit: number): [quotient: number, rest: number] {
  if (typeof value === 'number') {
    const quotient = Math.trunc(value / unit);
    return [quotient + 0, value - quotient * unit];
  }
  const quotient = value / BigInt(unit);
  return [Number(quotient), Number(value - quotient * BigInt(unit))];
}
