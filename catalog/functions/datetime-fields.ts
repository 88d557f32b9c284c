/**
 * extract, date_part, date_trunc, date_bin and age: the fields of dates, times and intervals.
 *
 * A field is computed once, as an exact pair of a number of units and their scale (microseconds have 6): extract makes a
 * numeric of it, date_part a float8.
 */

import { datePart, splitDays } from '../../types/datetime/calendar.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';
import { formatType, Interval, Numeric, OID, type TimeTz } from '../../types/index.ts';
import type { FunctionContext } from '../function-entry.ts';
import { plainName } from '../qualified-name.ts';
import {
  addMicros,
  civilFromDays,
  dateToTimestamp,
  dayOfWeek,
  daysFromCivil,
  divideMicros,
  EPOCH_JULIAN,
  isInfinite,
  isoWeek,
  isoYear,
  joinTimestamp,
  localToUtc,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  makeInterval,
  monthLength,
  splitTimestamp,
  subtractTimestamps,
  type Timestamp,
  UNIX_EPOCH_DAYS,
  utcToLocal,
} from './datetime-core.ts';
import { type Int8, int8FromBigInt, int8Mul } from './integer.ts';
import type { AnyFunction, FunctionModule } from './module.ts';
import { argumentZone, contextZone, type Zone } from './zones.ts';

export type DateUnit =
  | 'microseconds'
  | 'milliseconds'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium'
  | 'timezone'
  | 'timezone_hour'
  | 'timezone_minute'
  | 'dow'
  | 'doy'
  | 'epoch'
  | 'isodow'
  | 'isoyear'
  | 'julian';

/** PostgreSQL's spellings; names are compared up to ten characters. */
const UNIT_NAMES: readonly [DateUnit, string][] = [
  ['century', 'c cent centuries century'],
  ['day', 'd day days'],
  ['decade', 'dec decade decades decs'],
  ['hour', 'h hour hours hr hrs'],
  ['minute', 'm min mins minute minutes'],
  ['microseconds', 'microseconds microsecon us usec usecs usecond useconds'],
  ['millennium', 'mil millennia millennium mils'],
  ['milliseconds', 'milliseconds millisecon ms msec msecs msecond mseconds'],
  ['month', 'mon mons month months'],
  ['quarter', 'qtr quarter'],
  ['second', 's sec second seconds secs'],
  ['timezone', 'timezone'],
  ['timezone_hour', 'timezone_hour timezone_h'],
  ['timezone_minute', 'timezone_minute timezone_m'],
  ['week', 'w week weeks'],
  ['year', 'y year years yr yrs'],
  ['dow', 'dow'],
  ['doy', 'doy'],
  ['epoch', 'epoch'],
  ['isodow', 'isodow'],
  ['isoyear', 'isoyear'],
  ['julian', 'j jd julian'],
];

const UNITS = new Map<string, DateUnit>(
  UNIT_NAMES.flatMap(([unit, names]) => names.split(' ').map((name): [string, DateUnit] => [name, unit])),
);

function unitNamed(text: string, typeOid: number): DateUnit {
  const known = UNITS.get(text);
  if (known !== undefined) return known;
  const name = plainName(text);
  const unit = UNITS.get(name.slice(0, 10));
  if (unit === undefined) {
    throw sqlError('22023', `unit "${name}" not recognized for type ${formatType(typeOid)}`);
  }
  return unit;
}

/** Units that only extract knows; to date_trunc they are unknown words. */
const EXTRACT_ONLY: ReadonlySet<DateUnit> = new Set(['dow', 'doy', 'epoch', 'isodow', 'isoyear', 'julian']);

function truncationUnit(text: string, typeOid: number): DateUnit {
  const unit = unitNamed(text, typeOid);
  if (EXTRACT_ONLY.has(unit)) {
    throw sqlError('22023', `unit "${plainName(text)}" not recognized for type ${formatType(typeOid)}`);
  }
  return unit;
}

function unsupported(text: string, typeOid: number, detail?: string): SqlError {
  return sqlError(
    '0A000',
    `unit "${plainName(text)}" not supported for type ${formatType(typeOid)}`,
    detail ? { detail } : {},
  );
}

/** A field: an integer; one divided by 10^scale (as a double it may have been summed up otherwise); a day with a fraction of it (julian); or infinite. */
type Field =
  | Int8
  | { readonly kind: 'scaled'; readonly value: Int8 | bigint; readonly scale: number; readonly double?: number }
  | { readonly kind: 'julian'; readonly day: number; readonly micros: number }
  | { readonly kind: 'infinite'; readonly value: number };

function toNumeric(field: Field | null): Numeric | null {
  if (field === null) return null;
  if (typeof field !== 'object') return Numeric.fromBigint(field);
  switch (field.kind) {
    case 'scaled':
      return Numeric.fromBigint(field.value, field.scale);
    case 'infinite':
      return field.value > 0 ? Numeric.INFINITY : Numeric.NEGATIVE_INFINITY;
    case 'julian':
      return Numeric.fromScaled(field.day, 0).add(
        Numeric.fromScaled(field.micros, 0).div(Numeric.fromScaled(MICROS_PER_DAY, 0)),
      );
  }
}

/** As PostgreSQL's doubles come about: whole seconds, and what is left. */
function secondsOf(micros: number): number {
  const rest = micros % MICROS_PER_SECOND;
  return (micros - rest) / MICROS_PER_SECOND + rest / MICROS_PER_SECOND;
}

function millisecondsOf(micros: number): number {
  const rest = micros % MICROS_PER_SECOND;
  return ((micros - rest) / MICROS_PER_SECOND) * 1000 + rest / 1000;
}

function toFloat(field: Field | null): number | null {
  if (field === null) return null;
  if (typeof field !== 'object') return Number(field);
  switch (field.kind) {
    case 'scaled':
      return field.double ?? Number(field.value) / 10 ** field.scale;
    case 'infinite':
      return field.value;
    case 'julian':
      return field.day + secondsOf(field.micros) / 86400;
  }
}

/** Fields within a minute, minutes and hours; null for all other units. */
function timeField(unit: DateUnit, micros: number): Field | null {
  const withinMinute = micros % MICROS_PER_MINUTE;
  switch (unit) {
    case 'microseconds':
      return withinMinute;
    case 'milliseconds':
      return { kind: 'scaled', value: withinMinute, scale: 3, double: millisecondsOf(withinMinute) };
    case 'second':
      return { kind: 'scaled', value: withinMinute, scale: 6, double: secondsOf(withinMinute) };
    case 'minute':
      return Math.floor(micros / MICROS_PER_MINUTE) % 60;
    case 'hour':
      return Math.floor(micros / MICROS_PER_HOUR);
    default:
      return null;
  }
}

/** C's integer division of a year by a unit, as extract counts years, from 1 AD and 1 BC. */
function yearUnit(year: number, size: number): number {
  if (size === 10) return year >= 0 ? Math.floor(year / 10) : -Math.trunc((8 - (year - 1)) / 10);
  return year > 0 ? Math.floor((year + size - 1) / size) : -Math.trunc((size - 1 - (year - 1)) / size);
}

/** Fields of the calendar; null for all other units. */
function dateField(unit: DateUnit, days: number): Field | null {
  splitDays(days);
  const { year, month, day } = datePart;
  switch (unit) {
    case 'day':
      return day;
    case 'month':
      return month;
    case 'quarter':
      return Math.floor((month - 1) / 3) + 1;
    case 'week':
      return isoWeek(days);
    case 'year':
      return year > 0 ? year : year - 1;
    case 'decade':
      return yearUnit(year, 10);
    case 'century':
      return yearUnit(year, 100);
    case 'millennium':
      return yearUnit(year, 1000);
    case 'isoyear': {
      const shown = isoYear(days);
      return shown > 0 ? shown : shown - 1;
    }
    case 'dow':
      return dayOfWeek(days);
    case 'isodow':
      return dayOfWeek(days) || 7;
    case 'doy':
      return days - daysFromCivil(year, 1, 1) + 1;
    default:
      return null;
  }
}

/** Of an infinite value: growing units are infinite, the others null. */
function infiniteField(unit: DateUnit, value: Timestamp, text: string, typeOid: number): Field | null {
  switch (unit) {
    case 'year':
    case 'decade':
    case 'century':
    case 'millennium':
    case 'julian':
    case 'isoyear':
    case 'epoch':
      return { kind: 'infinite', value: value as number };
    case 'timezone':
    case 'timezone_hour':
    case 'timezone_minute':
      if (typeOid !== OID.DATE) return null;
      throw unsupported(text, typeOid);
    default:
      return null;
  }
}

function zoneField(unit: DateUnit, offset: number): Field | null {
  switch (unit) {
    case 'timezone':
      return offset;
    case 'timezone_hour':
      return Math.trunc(offset / 3600) + 0;
    case 'timezone_minute':
      return Math.trunc((offset % 3600) / 60) + 0;
    default:
      return null;
  }
}

const UNIX_EPOCH = -UNIX_EPOCH_DAYS * MICROS_PER_DAY;

/** `local` is what the clock showed; `utc` counts for the epoch; `offset` null for timestamps without zone. */
function timestampField(text: string, local: Timestamp, utc: Timestamp, offset: number | null): Field | null {
  const typeOid = offset === null ? OID.TIMESTAMP : OID.TIMESTAMPTZ;
  const unit = unitNamed(text, typeOid);
  if (isInfinite(utc)) return infiniteField(unit, utc, text, typeOid);
  if (unit === 'epoch') return { kind: 'scaled', value: subtractTimestamps(utc, UNIX_EPOCH), scale: 6 };
  const { days, micros } = splitTimestamp(local);
  if (unit === 'julian') return { kind: 'julian', day: days + EPOCH_JULIAN, micros };
  const field = timeField(unit, micros) ?? dateField(unit, days) ?? (offset === null ? null : zoneField(unit, offset));
  if (field === null) throw unsupported(text, typeOid);
  return field;
}

function timestampTzField(text: string, value: Timestamp, zone: Zone): Field | null {
  const offset = isInfinite(value) ? 0 : zone.offsetAt(value);
  const local = isInfinite(value) ? value : addMicros(value, offset * MICROS_PER_SECOND);
  return timestampField(text, local, value, offset);
}

function dayField(text: string, days: number): Field | null {
  const unit = unitNamed(text, OID.DATE);
  const isTime = timeField(unit, 0) !== null || unit.startsWith('timezone');
  if (isTime) throw unsupported(text, OID.DATE);
  if (isInfinite(days)) return infiniteField(unit, days, text, OID.DATE);
  if (unit === 'epoch') return (days + UNIX_EPOCH_DAYS) * 86400;
  if (unit === 'julian') return days + EPOCH_JULIAN;
  return dateField(unit, days);
}

function timeOfDayField(text: string, micros: number, offset: number | null): Field {
  const typeOid = offset === null ? OID.TIME : OID.TIMETZ;
  const unit = unitNamed(text, typeOid);
  if (unit === 'epoch') return { kind: 'scaled', value: micros - (offset ?? 0) * MICROS_PER_SECOND, scale: 6 };
  const field = timeField(unit, micros) ?? (offset === null ? null : zoneField(unit, offset));
  if (field === null) throw unsupported(text, typeOid);
  return field;
}

/** A year has 365.25 days here, a month 30. */
function intervalEpoch(span: Interval): Field {
  const years = Math.trunc(span.months / 12);
  const quarterDays = 1461 * years + 120 * (span.months % 12) + 4 * span.days;
  const micros = BigInt(quarterDays) * 21_600_000_000n + BigInt(span.micros);
  const double =
    Number(span.micros) / MICROS_PER_SECOND + 31_557_600 * years + 2_592_000 * (span.months % 12) + 86_400 * span.days;
  return { kind: 'scaled', value: toNumberIfSafe(micros), scale: 6, double };
}

function toNumberIfSafe(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

function intervalField(text: string, span: Interval): Field {
  const unit = unitNamed(text, OID.INTERVAL);
  const [hours, rest] = divideMicros(span.micros, MICROS_PER_HOUR);
  const withinMinute = (rest % MICROS_PER_MINUTE) + 0;
  const years = Math.trunc(span.months / 12) + 0;
  const months = (span.months % 12) + 0;
  switch (unit) {
    case 'microseconds':
      return withinMinute;
    case 'milliseconds':
      return { kind: 'scaled', value: withinMinute, scale: 3, double: millisecondsOf(withinMinute) };
    case 'second':
      return { kind: 'scaled', value: withinMinute, scale: 6, double: secondsOf(withinMinute) };
    case 'minute':
      return Math.trunc(rest / MICROS_PER_MINUTE) + 0;
    case 'hour':
      return hours;
    case 'day':
      return span.days;
    case 'month':
      return months;
    case 'quarter':
      return Math.trunc(months / 3) + 1;
    case 'year':
      return years;
    case 'decade':
      return Math.trunc(years / 10) + 0;
    case 'century':
      return Math.trunc(years / 100) + 0;
    case 'millennium':
      return Math.trunc(years / 1000) + 0;
    case 'epoch':
      return intervalEpoch(span);
    default:
      throw unsupported(text, OID.INTERVAL);
  }
}

// ---- date_trunc

/** First year of the decade, century or millennium that a year is in. */
function firstYear(year: number, unit: DateUnit): number {
  if (unit === 'decade') return year > 0 ? Math.floor(year / 10) * 10 : -Math.trunc((8 - (year - 1)) / 10) * 10;
  const size = unit === 'century' ? 100 : 1000;
  if (year > 0) return Math.floor((year + size - 1) / size) * size - size + 1;
  return -Math.trunc((size - 1 - (year - 1)) / size) * size + 1;
}

/** The first day of the unit that a day is in; null when the unit is smaller than a day or no such unit. */
function truncateDays(unit: DateUnit, days: number): number | null {
  const { year, month } = civilFromDays(days);
  switch (unit) {
    case 'millennium':
    case 'century':
    case 'decade':
      return daysFromCivil(firstYear(year, unit), 1, 1);
    case 'year':
      return daysFromCivil(year, 1, 1);
    case 'quarter':
      return daysFromCivil(year, month - ((month - 1) % 3), 1);
    case 'month':
      return daysFromCivil(year, month, 1);
    case 'week':
      return days - ((dayOfWeek(days) + 6) % 7);
    case 'day':
      return days;
    default:
      return null;
  }
}

/** Microseconds of a unit smaller than a day, 0 for others. */
function smallUnit(unit: DateUnit): number {
  switch (unit) {
    case 'hour':
      return MICROS_PER_HOUR;
    case 'minute':
      return MICROS_PER_MINUTE;
    case 'second':
      return MICROS_PER_SECOND;
    case 'milliseconds':
      return 1000;
    case 'microseconds':
      return 1;
    default:
      return 0;
  }
}

function truncateTimestamp(text: string, value: Timestamp): Timestamp {
  if (isInfinite(value)) return value;
  const unit = truncationUnit(text, OID.TIMESTAMP);
  const size = smallUnit(unit);
  if (size === 0 && truncateDays(unit, 0) === null) throw unsupported(text, OID.TIMESTAMP);
  const { days, micros } = splitTimestamp(value);
  if (size > 0) return joinTimestamp(days, micros - (micros % size));
  return joinTimestamp(truncateDays(unit, days) as number, 0);
}

function truncateInZone(text: string, value: Timestamp, zone: Zone): Timestamp {
  if (isInfinite(value)) return value;
  const unit = truncationUnit(text, OID.TIMESTAMPTZ);
  const size = smallUnit(unit);
  if (size === 0 && truncateDays(unit, 0) === null) throw unsupported(text, OID.TIMESTAMPTZ);
  if (size > 0) {
    // Within an hour the offset stays what it is.
    const offset = zone.offsetAt(value) * MICROS_PER_SECOND;
    const { days, micros } = splitTimestamp(addMicros(value, offset));
    return addMicros(joinTimestamp(days, micros - (micros % size)), -offset);
  }
  const { days } = splitTimestamp(utcToLocal(value, zone));
  return localToUtc(joinTimestamp(truncateDays(unit, days) as number, 0), zone);
}

function truncateInterval(text: string, span: Interval): Interval {
  const unit = truncationUnit(text, OID.INTERVAL);
  const monthUnits: Partial<Record<DateUnit, number>> = {
    millennium: 12000,
    century: 1200,
    decade: 120,
    year: 12,
    quarter: 3,
    month: 1,
  };
  const months = monthUnits[unit];
  if (months !== undefined) return new Interval(Math.trunc(span.months / months) * months + 0, 0, 0);
  if (unit === 'day') return new Interval(span.months, span.days, 0);
  const size = smallUnit(unit);
  if (size === 0) {
    throw unsupported(text, OID.INTERVAL, unit === 'week' ? 'Months usually have fractional weeks.' : undefined);
  }
  const [quotient] = divideMicros(span.micros, size);
  return new Interval(span.months, span.days, int8Mul(quotient, size));
}

// ---- date_bin

function bin(stride: Interval, value: Timestamp, origin: Timestamp): Timestamp {
  if (isInfinite(value)) return value;
  if (isInfinite(origin)) throw sqlError('22008', 'origin out of range');
  if (stride.months !== 0) {
    throw sqlError('0A000', 'timestamps cannot be binned into intervals containing months or years');
  }
  const known = plainBin(stride, value, origin);
  if (known !== null) return known;
  const size = inInterval(BigInt(stride.days) * BigInt(MICROS_PER_DAY) + BigInt(stride.micros));
  if (size <= 0n) throw sqlError('22008', 'stride must be greater than zero');
  const difference = inInterval(BigInt(value) - BigInt(origin));
  const rest = difference % size;
  let delta = difference - rest;
  // The bin's start, even if the origin lies in the future.
  if (rest < 0n) delta -= size;
  return addMicros(origin, int8FromBigInt(inInterval(delta)));
}

/** The same where doubles are exact; null: they are not, or the stride is refused. */
function plainBin({ days, micros }: Interval, value: Timestamp, origin: Timestamp): Timestamp | null {
  if (typeof micros !== 'number' || typeof value !== 'number' || typeof origin !== 'number') return null;
  const size = days * MICROS_PER_DAY + micros;
  const difference = value - origin;
  if (!(size > 0) || !Number.isSafeInteger(size) || !Number.isSafeInteger(difference)) return null;
  const rest = difference % size;
  const delta = difference - rest - (rest < 0 ? size : 0);
  return Number.isSafeInteger(delta) ? addMicros(origin, delta) : null;
}

/** Microseconds that fit an interval. */
function inInterval(micros: bigint): bigint {
  if (BigInt.asIntN(64, micros) !== micros) throw sqlError('22008', 'interval out of range');
  return micros;
}

// ---- age

/** The difference in years, months, days and time: what a calendar shows, borrowing days from the earlier month. */
function age(first: Timestamp, second: Timestamp): Interval {
  const [a, b] = [largestForInfinity(first), largestForInfinity(second)];
  if (a < b) {
    const { months, days, micros } = ageForward(b, a);
    return makeInterval(-months, -days, micros === 0 ? 0 : -micros);
  }
  return ageForward(a, b);
}

/** PostgreSQL 15 computes with infinity as with the largest integer, which has a date; the smallest has none. */
function largestForInfinity(value: Timestamp): Timestamp {
  if (value === Infinity) return 9223372036854775807n;
  if (value === -Infinity) throw sqlError('22008', 'timestamp out of range');
  return value;
}

/** later >= earlier. Missing days are borrowed from the month of the earlier one. */
function ageForward(later: Timestamp, earlier: Timestamp): Interval {
  const x = splitTimestamp(later);
  const y = splitTimestamp(earlier);
  const from = civilFromDays(x.days);
  const to = civilFromDays(y.days);
  let micros = x.micros - y.micros;
  let days = from.day - to.day;
  let months = (from.year - to.year) * 12 + (from.month - to.month);
  if (micros < 0) {
    micros += MICROS_PER_DAY;
    days--;
  }
  while (days < 0) {
    days += monthLength(to.year, to.month);
    months--;
  }
  return makeInterval(months, days, micros);
}

/** extract and date_part over one type: the same field as numeric and as float8. */
function both<T>(
  extractName: string,
  partName: string,
  field: (text: string, value: T) => Field | null,
): Record<string, AnyFunction> {
  return {
    [extractName]: (text: string, value: T) => toNumeric(field(text, value)),
    [partName]: (text: string, value: T) => toFloat(field(text, value)),
  };
}

function midnight(context: FunctionContext): Timestamp {
  const local = utcToLocal(context.transactionTimestamp, contextZone(context));
  return joinTimestamp(splitTimestamp(local).days, 0);
}

export const datetimeFieldFunctions: FunctionModule = {
  plain: {
    ...both('extract_timestamp', 'timestamp_part', (text, value: Timestamp) =>
      timestampField(text, value, value, null),
    ),
    extract_date: (text: string, days: number) => toNumeric(dayField(text, days)),
    ...both('extract_interval', 'interval_part', intervalField),
    ...both('extract_time', 'time_part', (text, value: number) => timeOfDayField(text, value, null)),
    ...both('extract_timetz', 'timetz_part', (text, value: TimeTz) => timeOfDayField(text, value.micros, value.offset)),
    date_part_text_date: (text: string, days: number) => {
      const value = dateToTimestamp(days);
      return toFloat(timestampField(text, value, value, null));
    },
    timestamp_trunc: truncateTimestamp,
    interval_trunc: truncateInterval,
    timestamptz_trunc_zone: (text: string, value: Timestamp, zone: string) =>
      isInfinite(value) ? value : truncateInZone(text, value, argumentZone(zone)),
    timestamp_bin: bin,
    timestamptz_bin: bin,
    timestamp_age: age,
  },
  contextual: {
    extract_timestamptz: (context, text: string, value: Timestamp) =>
      toNumeric(timestampTzField(text, value, contextZone(context))),
    timestamptz_part: (context, text: string, value: Timestamp) =>
      toFloat(timestampTzField(text, value, contextZone(context))),
    timestamptz_trunc: (context, text: string, value: Timestamp) => truncateInZone(text, value, contextZone(context)),
    timestamptz_age(context, a: Timestamp, b: Timestamp) {
      const zone = contextZone(context);
      return age(utcToLocal(a, zone), utcToLocal(b, zone));
    },
    age_timestamp: (context, value: Timestamp) => age(midnight(context), value),
    age_timestamptz: (context, value: Timestamp) => age(midnight(context), utcToLocal(value, contextZone(context))),
  },
};
