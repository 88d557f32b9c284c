/** Dates, times, timestamps, intervals: comparison, arithmetic, casts, constructors, OVERLAPS, series. */

import { type SqlError, sqlError } from '../../types/errors.ts';
import {
  coerceTypmod,
  comparator,
  DEFAULT_FORMAT,
  Interval,
  OID,
  outputText,
  shortNumber,
  TimeTz,
} from '../../types/index.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import {
  addInterval,
  addIntervalInZone,
  addMicros,
  checkDate,
  civilFromDays,
  dateBeyondTimestamps,
  dateToTimestamp,
  daysFromCivil,
  divideMicros,
  EPOCH_JULIAN,
  intervalOutOfRange,
  isInfinite,
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
import { roundHalfEven } from './float.ts';
import { divisionByZero, type Int8, int8Add, int8FromBigInt, int8Sub } from './integer.ts';
import type { AnyFunction, FunctionModule } from './module.ts';
import { zeroStep } from './series.ts';
import { argumentZone, fieldZone, type Zone, contextZone as zoneOf } from './zones.ts';

// ---- comparison: dates, times and timestamps are ordered as numbers, infinities included

type Comparable = number | bigint;
const COMPARISONS: Readonly<Record<string, (a: Comparable, b: Comparable) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

/** Comparisons of a type, `left` and `right` bringing mixed operands to one kind. */
function comparisons(name: (operator: string) => string): Record<string, AnyFunction> {
  return Object.fromEntries(Object.entries(COMPARISONS).map(([operator, test]) => [name(operator), test]));
}

function mixed(
  name: (operator: string) => string,
  left: (value: Timestamp) => Timestamp,
  right: (value: Timestamp) => Timestamp,
): Record<string, AnyFunction> {
  return Object.fromEntries(
    Object.entries(COMPARISONS).map(([operator, test]) => [
      name(operator),
      (a: Timestamp, b: Timestamp) => test(left(a), right(b)),
    ]),
  );
}

type ContextFunction = (context: FunctionContext, ...args: Value[]) => Value;

function mixedInZone(
  name: (operator: string) => string,
  left: (value: Timestamp, zone: Zone) => Timestamp,
  right: (value: Timestamp, zone: Zone) => Timestamp,
): Record<string, ContextFunction> {
  return Object.fromEntries(
    Object.entries(COMPARISONS).map(([operator, test]) => [
      name(operator),
      (context: FunctionContext, a: Timestamp, b: Timestamp) =>
        test(left(a, zoneOf(context)), right(b, zoneOf(context))),
    ]),
  );
}

function byComparator(prefix: string, oid: number): Record<string, AnyFunction> {
  let compare: ((a: Value, b: Value) => number) | null = null;
  const order = (a: Value, b: Value): number => (compare ??= comparator(oid))(a, b);
  return {
    [`${prefix}_eq`]: (a, b) => order(a, b) === 0,
    [`${prefix}_ne`]: (a, b) => order(a, b) !== 0,
    [`${prefix}_lt`]: (a, b) => order(a, b) < 0,
    [`${prefix}_le`]: (a, b) => order(a, b) <= 0,
    [`${prefix}_gt`]: (a, b) => order(a, b) > 0,
    [`${prefix}_ge`]: (a, b) => order(a, b) >= 0,
    [`${prefix}_cmp`]: (a, b) => Math.sign(order(a, b)),
    [`${prefix}_larger`]: (a, b) => (order(a, b) > 0 ? a : b),
    [`${prefix}_smaller`]: (a, b) => (order(a, b) < 0 ? a : b),
  };
}

const same = (value: Timestamp): Timestamp => value;
const larger = (a: Comparable, b: Comparable): Comparable => (a > b ? a : b);
const smaller = (a: Comparable, b: Comparable): Comparable => (a < b ? a : b);
const compareNumbers = (a: Comparable, b: Comparable): number => (a < b ? -1 : a > b ? 1 : 0);

// ---- casts

function dateForComparison(days: Timestamp): Timestamp {
  if (isInfinite(days) || (days as number) < 106751983)
    return isInfinite(days) ? days : joinTimestamp(days as number, 0);
  return AFTER_ALL;
}

/** Beyond all timestamps, but for the infinities. */
const BEFORE_ALL = -211813488000000001n;
const AFTER_ALL = 9223371331200000000n;

/** A local time whose moment is no timestamp compares as before or after all that are. */
function inZoneForComparison(local: Timestamp, zone: Zone): Timestamp {
  try {
    return localToUtc(local, zone);
  } catch {
    return local < 0 ? BEFORE_ALL : AFTER_ALL;
  }
}

const dateInZone = (days: Timestamp, zone: Zone): Timestamp => {
  const local = dateForComparison(days);
  return local === AFTER_ALL ? local : inZoneForComparison(local, zone);
};

function dateToTimestampTz(days: number, zone: Zone): Timestamp {
  const local = dateToTimestamp(days);
  try {
    return localToUtc(local, zone);
  } catch {
    throw dateBeyondTimestamps();
  }
}

function timestampToDate(value: Timestamp): number {
  return isInfinite(value) ? (value as number) : splitTimestamp(value).days;
}

function timestampToTime(value: Timestamp): number | null {
  return isInfinite(value) ? null : splitTimestamp(value).micros;
}

function intervalToTime(interval: Interval): number {
  const [, rest] = divideMicros(interval.micros, MICROS_PER_DAY);
  return rest < 0 ? rest + MICROS_PER_DAY : rest;
}

/** Wraps around midnight. */
function addToTime(time: number, micros: Int8): number {
  const [, rest] = divideMicros(int8Add(time, micros), MICROS_PER_DAY);
  return rest < 0 ? rest + MICROS_PER_DAY : rest;
}

function timeTzToUtc(value: TimeTz): number {
  return value.micros - value.offset * MICROS_PER_SECOND;
}

function timestampTzToTimeTz(value: Timestamp, zone: Zone): TimeTz | null {
  if (isInfinite(value)) return null;
  const offset = zone.offsetAt(value);
  return new TimeTz(splitTimestamp(addMicros(value, offset * MICROS_PER_SECOND)).micros, offset);
}

// ---- arithmetic

function addDays(days: number, count: number): number {
  return isInfinite(days) ? days : checkDate(days + count);
}

function subtractDates(a: number, b: number): number {
  if (isInfinite(a) || isInfinite(b)) throw sqlError('22008', 'cannot subtract infinite dates');
  return a - b;
}

/** The difference in days and time, as justify_hours leaves it. */
function timestampDifference(a: Timestamp, b: Timestamp): Interval {
  if (isInfinite(a) || isInfinite(b)) throw sqlError('22008', 'cannot subtract infinite timestamps');
  const difference = subtractTimestamps(a, b);
  // PostgreSQL 15 does not see that the 64 bits overflow, which only the ends of the range reach.
  const wrapped = typeof difference === 'number' ? difference : int8FromBigInt(BigInt.asIntN(64, difference));
  const [days, micros] = divideMicros(wrapped, MICROS_PER_DAY);
  return new Interval(0, days, micros + 0);
}

export function intervalSum(a: Interval, b: Interval): Interval {
  try {
    return makeInterval(a.months + b.months, a.days + b.days, int8Add(a.micros, b.micros));
  } catch {
    throw intervalOutOfRange();
  }
}

export function intervalDifference(a: Interval, b: Interval): Interval {
  try {
    return makeInterval(a.months - b.months, a.days - b.days, int8Sub(a.micros, b.micros));
  } catch {
    throw intervalOutOfRange();
  }
}

function intervalNegate(a: Interval): Interval {
  return intervalDifference(new Interval(0, 0, 0), a);
}

/** PostgreSQL's TSROUND: to microseconds. */
const roundToMicros = (value: number): number => roundHalfEven(value * 1e6) / 1e6;

/** A product or quotient of an interval: `scale` does it to one field; fractions cascade down to smaller fields. */
function scaleInterval(span: Interval, scale: (value: number) => number): Interval {
  const monthProduct = scale(span.months);
  const dayProduct = scale(span.days);
  if (!(Math.abs(monthProduct) < 2147483648) || !(Math.abs(dayProduct) < 2147483648)) throw intervalOutOfRange();
  const months = Math.trunc(monthProduct);
  let days = Math.trunc(dayProduct);
  const monthRest = roundToMicros((monthProduct - months) * 30);
  let seconds = roundToMicros((dayProduct - days + monthRest - Math.trunc(monthRest)) * 86400);
  if (Math.abs(seconds) >= 86400) {
    const whole = Math.trunc(seconds / 86400);
    days += whole;
    seconds -= whole * 86400;
  }
  days += Math.trunc(monthRest);
  const micros = roundHalfEven(scale(Number(span.micros)) + seconds * MICROS_PER_SECOND);
  if (!(Math.abs(micros) < 2 ** 63)) throw intervalOutOfRange();
  return makeInterval(months, days, Number.isSafeInteger(micros) ? micros + 0 : int8FromBigInt(BigInt(micros)));
}

export function intervalMultiply(span: Interval, factor: number): Interval {
  return scaleInterval(span, (value) => value * factor);
}

export function intervalDivide(span: Interval, divisor: number): Interval {
  if (divisor === 0) throw divisionByZero();
  return scaleInterval(span, (value) => value / divisor);
}

/** Makes two neighbouring fields agree in sign. */
function settle(big: number, small: Int8, unit: number): [big: number, small: Int8] {
  if (big > 0 && small < 0) return [big - 1, int8Add(small, unit)];
  if (big < 0 && small > 0) return [big + 1, int8Sub(small, unit)];
  return [big, small];
}

function justifyHours(span: Interval): Interval {
  const [whole, rest] = divideMicros(span.micros, MICROS_PER_DAY);
  const [days, micros] = settle(span.days + whole, rest, MICROS_PER_DAY);
  return makeInterval(span.months, days, micros);
}

function justifyDays(span: Interval): Interval {
  const whole = Math.trunc(span.days / 30);
  const [months, days] = settle(span.months + whole, span.days - whole * 30, 30);
  return makeInterval(months, days as number, span.micros);
}

function justifyInterval(span: Interval): Interval {
  const [wholeDays, rest] = divideMicros(span.micros, MICROS_PER_DAY);
  let micros: Int8 = rest;
  let days = span.days + wholeDays;
  const wholeMonths = Math.trunc(days / 30);
  days -= wholeMonths * 30;
  let months = span.months + wholeMonths;
  if (months > 0 && (days < 0 || (days === 0 && micros < 0))) {
    days += 30;
    months--;
  } else if (months < 0 && (days > 0 || (days === 0 && micros > 0))) {
    days -= 30;
    months++;
  }
  [days, micros] = settle(days, micros, MICROS_PER_DAY);
  return makeInterval(months, days, micros);
}

// ---- constructors

function dateFieldOutOfRange(year: number, month: number, day: number): SqlError {
  const two = (value: number): string => String(value).padStart(2, '0');
  return sqlError('22008', `date field value out of range: ${year}-${two(month)}-${two(day)}`);
}

/** Negative years are BC; there is no year 0. */
/** An error of the fields tells the year as `toldYear`. */
function makeDays(year: number, month: number, day: number, toldYear = year): number {
  const astronomical = year < 0 ? year + 1 : year;
  const isDay = year !== 0 && month >= 1 && month <= 12 && day >= 1 && day <= monthLength(astronomical, month);
  if (!isDay) throw dateFieldOutOfRange(toldYear, month, day);
  const days = daysFromCivil(astronomical, month, day);
  if (days < -EPOCH_JULIAN || days >= 2145031949) {
    const two = (value: number): string => String(value).padStart(2, '0');
    throw sqlError('22008', `date out of range: ${year}-${two(month)}-${two(day)}`);
  }
  return days;
}

function makeMicros(hour: number, minute: number, second: number): number {
  const total = (hour * 60 + minute) * MICROS_PER_MINUTE + roundHalfEven(second * MICROS_PER_SECOND);
  const secondFits = second >= 0 && second <= 60;
  if (hour < 0 || minute < 0 || minute > 59 || !secondFits || hour > 24 || total > MICROS_PER_DAY) {
    const two = (value: number): string => String(value).padStart(2, '0');
    throw sqlError('22008', `time field value out of range: ${hour}:${two(minute)}:${two(second)}`);
  }
  return total;
}

type DateTimeFields = [year: number, month: number, day: number, hour: number, minute: number, second: number];

function makeTimestamp(...[year, month, day, hour, minute, second]: DateTimeFields): Timestamp {
  return joinTimestamp(makeDays(year, month, day), makeMicros(hour, minute, second));
}

function makeIntervalFromParts(
  years: number,
  months: number,
  weeks: number,
  days: number,
  hours: number,
  minutes: number,
  seconds: number,
): Interval {
  if (!Number.isFinite(seconds)) throw intervalOutOfRange();
  const clock = BigInt(hours * 3600 + minutes * 60) * 1_000_000n;
  const rounded = roundHalfEven(seconds * MICROS_PER_SECOND);
  // PostgreSQL 15 lets all three wrap around; seconds that are too many for 64 bits become the least of them.
  const micros = Math.abs(rounded) < 2 ** 63 ? BigInt(rounded) : -(2n ** 63n);
  const wrapped = int8FromBigInt(BigInt.asIntN(64, clock + micros));
  return makeInterval((years * 12 + months) | 0, (weeks * 7 + days) | 0, wrapped);
}

function timestampFromUnixSeconds(seconds: number): Timestamp {
  if (Number.isNaN(seconds)) throw sqlError('22008', 'timestamp cannot be NaN');
  if (isInfinite(seconds)) return seconds;
  if (seconds < -210866803200 || seconds >= 9224318016000) {
    throw sqlError('22008', `timestamp out of range: "${shortNumber(seconds)}"`);
  }
  const micros = roundHalfEven((seconds - UNIX_EPOCH_DAYS * 86400) * MICROS_PER_SECOND);
  return addMicros(0, Number.isSafeInteger(micros) ? micros + 0 : int8FromBigInt(BigInt(micros)));
}

// ---- time zones

/** AT TIME ZONE interval: an offset east of Greenwich, in seconds. */
function intervalOffset(zone: Interval): number {
  if (zone.months !== 0 || zone.days !== 0) {
    throw sqlError(
      '22023',
      `interval time zone "${outputText(OID.INTERVAL, zone, DEFAULT_FORMAT)}" must not include months or days`,
    );
  }
  // In PostgreSQL the seconds are 32 bits wide, and wrap around.
  return divideMicros(zone.micros, MICROS_PER_SECOND)[0] | 0;
}

function timeTzInZone(value: TimeTz, offset: number): TimeTz {
  const local = timeTzToUtc(value) + offset * MICROS_PER_SECOND;
  const rest = local % MICROS_PER_DAY;
  return new TimeTz(rest < 0 ? rest + MICROS_PER_DAY : rest, offset);
}

// ---- OVERLAPS

/** The SQL standard's rule with nulls; pairs may come in either order, and a point is a pair of equal ends. */
function overlaps<T>(
  compare: (a: T, b: T) => number,
): (s1: T | null, e1: T | null, s2: T | null, e2: T | null) => boolean | null {
  const order = (start: T | null, end: T | null): [T, T | null] | null => {
    if (start === null && end === null) return null;
    if (start === null) return [end as T, null];
    if (end === null) return [start, null];
    return compare(start, end) > 0 ? [end, start] : [start, end];
  };
  return (s1, e1, s2, e2) => {
    const first = order(s1, e1);
    const second = order(s2, e2);
    if (first === null || second === null) return null;
    const difference = compare(first[0], second[0]);
    if (difference === 0) return first[1] === null || second[1] === null ? null : true;
    const [early, late] = difference > 0 ? [second, first] : [first, second];
    if (early[1] === null) return null;
    if (compare(late[0], early[1]) < 0) return true;
    return late[1] === null ? null : false;
  };
}

const overlapsNumbers = overlaps<Comparable>(compareNumbers);

/** The forms with an interval instead of an end: `add` finds the end. */
function overlapsWithIntervals(
  prefix: string,
  types: readonly [string, string],
  add: (context: FunctionContext, start: Value, span: Interval) => Value,
): Record<string, ContextFunction> {
  const [point, span] = types;
  const end = (context: FunctionContext, start: Value, interval: Interval | null): Value =>
    start === null || interval === null ? null : add(context, start, interval);
  return {
    [`${prefix}_${point}_${span}_${point}_${span}`]: (c, s1, i1, s2, i2) =>
      overlapsNumbers(s1, end(c, s1, i1), s2, end(c, s2, i2)),
    [`${prefix}_${point}_${point}_${point}_${span}`]: (c, s1, e1, s2, i2) =>
      overlapsNumbers(s1, e1, s2, end(c, s2, i2)),
    [`${prefix}_${point}_${span}_${point}_${point}`]: (c, s1, i1, s2, e2) =>
      overlapsNumbers(s1, end(c, s1, i1), s2, e2),
  };
}

// ---- series

function intervalSign(step: Interval): number {
  return comparator(OID.INTERVAL)(step, new Interval(0, 0, 0));
}

function* timestampSeries(
  start: Timestamp,
  stop: Timestamp,
  step: Interval,
  add: (value: Timestamp, step: Interval) => Timestamp,
): Generator<Timestamp> {
  const sign = intervalSign(step);
  if (sign === 0) throw zeroStep();
  for (let value = start; sign > 0 ? value <= stop : value >= stop; value = add(value, step)) yield value;
}

const timestampName = (operator: string): string => `timestamp_${operator}`;

export const datetimeFunctions: FunctionModule = {
  plain: {
    ...comparisons((operator) => `date_${operator}`),
    ...comparisons((operator) => `time_${operator}`),
    ...comparisons(timestampName),
    ...mixed((operator) => `date_${operator}_timestamp`, dateForComparison, same),
    ...mixed((operator) => `timestamp_${operator}_date`, same, dateForComparison),
    ...byComparator('interval', OID.INTERVAL),
    ...byComparator('timetz', OID.TIMETZ),
    date_cmp: compareNumbers,
    time_cmp: compareNumbers,
    timestamp_cmp: compareNumbers,
    date_larger: larger,
    date_smaller: smaller,
    time_larger: larger,
    time_smaller: smaller,
    timestamp_larger: larger,
    timestamp_smaller: smaller,
    date_finite: (days: number) => !isInfinite(days),
    timestamp_finite: (value: Timestamp) => !isInfinite(value),
    interval_finite: () => true,

    date_pli: addDays,
    date_mii: (days: number, count: number) => addDays(days, -count),
    integer_pl_date_int4_date: (count: number, days: number) => addDays(days, count),
    date_mi: subtractDates,
    date_pl_interval: (days: number, span: Interval) => addInterval(dateToTimestamp(days), span, 1),
    date_mi_interval: (days: number, span: Interval) => addInterval(dateToTimestamp(days), span, -1),
    interval_pl_date_interval_date: (span: Interval, days: number) => addInterval(dateToTimestamp(days), span, 1),
    datetime_timestamp: (days: number, time: number) =>
      isInfinite(days) ? days : addMicros(dateToTimestamp(days), time),
    timedate_pl_time_date: (time: number, days: number) =>
      isInfinite(days) ? days : addMicros(dateToTimestamp(days), time),
    datetimetz_timestamptz: (days: number, time: TimeTz) =>
      isInfinite(days) ? days : addMicros(dateToTimestamp(days), timeTzToUtc(time)),
    timetzdate_pl_timetz_date: (time: TimeTz, days: number) =>
      isInfinite(days) ? days : addMicros(dateToTimestamp(days), timeTzToUtc(time)),
    timestamp_mi: timestampDifference,
    timestamp_pl_interval: (value: Timestamp, span: Interval) => addInterval(value, span, 1),
    timestamp_mi_interval: (value: Timestamp, span: Interval) => addInterval(value, span, -1),
    interval_pl_timestamp_interval_timestamp: (span: Interval, value: Timestamp) => addInterval(value, span, 1),
    time_pl_interval: (time: number, span: Interval) => addToTime(time, span.micros),
    time_mi_interval: (time: number, span: Interval) => addToTime(time, -span.micros),
    interval_pl_time_interval_time: (span: Interval, time: number) => addToTime(time, span.micros),
    time_mi_time: (a: number, b: number) => new Interval(0, 0, a - b),
    timetz_pl_interval: (time: TimeTz, span: Interval) => new TimeTz(addToTime(time.micros, span.micros), time.offset),
    timetz_mi_interval: (time: TimeTz, span: Interval) => new TimeTz(addToTime(time.micros, -span.micros), time.offset),
    interval_pl_timetz_interval_timetz: (span: Interval, time: TimeTz) =>
      new TimeTz(addToTime(time.micros, span.micros), time.offset),
    interval_pl: intervalSum,
    interval_mi: intervalDifference,
    interval_um: intervalNegate,
    interval_mul: intervalMultiply,
    mul_d_interval: (factor: number, span: Interval) => intervalMultiply(span, factor),
    interval_div: intervalDivide,
    interval_justify_hours: justifyHours,
    interval_justify_days: justifyDays,
    interval_justify_interval: justifyInterval,

    // casts
    date_timestamp: dateToTimestamp,
    timestamp_date: timestampToDate,
    timestamp_time: timestampToTime,
    time_interval: (time: number) => new Interval(0, 0, time),
    interval_time: intervalToTime,
    timetz_time: (time: TimeTz) => time.micros,
    timestamp_scale: (value: Timestamp, typmod: number) => coerceTypmod(OID.TIMESTAMP, typmod, value, true),
    timestamptz_scale: (value: Timestamp, typmod: number) => coerceTypmod(OID.TIMESTAMPTZ, typmod, value, true),
    time_scale: (value: number, typmod: number) => coerceTypmod(OID.TIME, typmod, value, true),
    timetz_scale: (value: TimeTz, typmod: number) => coerceTypmod(OID.TIMETZ, typmod, value, true),
    interval_scale: (value: Interval, typmod: number) => coerceTypmod(OID.INTERVAL, typmod, value, true),

    // PostgreSQL, too, tells a year before Christ by its astronomical number here, and nowhere else.
    make_date: (year: number, month: number, day: number) => makeDays(year, month, day, year < 0 ? year + 1 : year),
    make_time: makeMicros,
    make_timestamp: makeTimestamp,
    make_timestamptz_at_timezone(...args: [...DateTimeFields, string]) {
      const fields = args.slice(0, 6) as DateTimeFields;
      return localToUtc(makeTimestamp(...fields), fieldZone(args[6]));
    },
    make_interval: makeIntervalFromParts,
    float8_timestamptz: timestampFromUnixSeconds,

    timestamp_zone: (zone: string, value: Timestamp) =>
      isInfinite(value) ? value : localToUtc(value, argumentZone(zone)),
    timestamptz_zone: (zone: string, value: Timestamp) =>
      isInfinite(value) ? value : utcToLocal(value, argumentZone(zone)),
    timestamp_izone: (zone: Interval, value: Timestamp) =>
      isInfinite(value) ? value : addMicros(value, -intervalOffset(zone) * MICROS_PER_SECOND),
    timestamptz_izone: (zone: Interval, value: Timestamp) =>
      isInfinite(value) ? value : addMicros(value, intervalOffset(zone) * MICROS_PER_SECOND),
    timetz_izone: (zone: Interval, value: TimeTz) => timeTzInZone(value, intervalOffset(zone)),

    overlaps_timestamp: overlapsNumbers,
    overlaps_time: overlapsNumbers,
    overlaps_timetz: overlaps<TimeTz>((a, b) => comparator(OID.TIMETZ)(a, b)),

    generate_series_timestamp: (start: Timestamp, stop: Timestamp, step: Interval) =>
      timestampSeries(start, stop, step, (value, span) => addInterval(value, span, 1)),
  },
  contextual: {
    ...mixedInZone((operator) => `date_${operator}_timestamptz`, dateInZone, same),
    ...mixedInZone((operator) => `timestamptz_${operator}_date`, same, dateInZone),
    ...mixedInZone((operator) => `timestamp_${operator}_timestamptz`, inZoneForComparison, same),
    ...mixedInZone((operator) => `timestamptz_${operator}_timestamp`, same, inZoneForComparison),
    timestamptz_pl_interval: (context, value: Timestamp, span: Interval) =>
      addIntervalInZone(value, span, 1, zoneOf(context)),
    timestamptz_mi_interval: (context, value: Timestamp, span: Interval) =>
      addIntervalInZone(value, span, -1, zoneOf(context)),
    interval_pl_timestamptz_interval_timestamptz: (context, span: Interval, value: Timestamp) =>
      addIntervalInZone(value, span, 1, zoneOf(context)),
    date_timestamptz: (context, days: number) => dateToTimestampTz(days, zoneOf(context)),
    timestamptz_date: (context, value: Timestamp) => timestampToDate(utcToLocal(value, zoneOf(context))),
    timestamp_timestamptz: (context, value: Timestamp) => localToUtc(value, zoneOf(context)),
    timestamptz_timestamp: (context, value: Timestamp) => utcToLocal(value, zoneOf(context)),
    timestamptz_time: (context, value: Timestamp) => timestampToTime(utcToLocal(value, zoneOf(context))),
    timestamptz_timetz: (context, value: Timestamp) => timestampTzToTimeTz(value, zoneOf(context)),
    time_timetz: (context, time: number) => {
      // Today's offset, as PostgreSQL takes it.
      const today = splitTimestamp(utcToLocal(context.transactionTimestamp, zoneOf(context))).days;
      return new TimeTz(time, zoneOf(context).offsetOfLocal(joinTimestamp(today, time)));
    },
    timestamptz_date_time: (context, days: number, time: number) =>
      isInfinite(days) ? days : localToUtc(addMicros(dateToTimestamp(days), time), zoneOf(context)),
    make_timestamptz: (context, ...fields: DateTimeFields) => localToUtc(makeTimestamp(...fields), zoneOf(context)),
    timetz_zone: (context, zone: string, value: TimeTz) =>
      timeTzInZone(value, argumentZone(zone).offsetAt(context.transactionTimestamp)),
    pg_sleep_for_interval(context, span: Interval) {
      const micros = Number(span.micros) + (span.days + span.months * 30) * MICROS_PER_DAY;
      context.sleep(micros / MICROS_PER_SECOND);
      return '';
    },
    pg_sleep_until_timestamptz(context, until: Timestamp) {
      context.sleep(Number(subtractTimestamps(until, context.clockTimestamp())) / MICROS_PER_SECOND);
      return '';
    },
    timeofday: (context) => timeOfDay(context.clockTimestamp(), zoneOf(context)),
    generate_series_timestamptz: (context, start: Timestamp, stop: Timestamp, step: Interval) =>
      timestampSeries(start, stop, step, (value, span) => addIntervalInZone(value, span, 1, zoneOf(context))),
    ...overlapsWithIntervals('overlaps', ['timestamp', 'interval'], (_c, start, span) => addInterval(start, span, 1)),
    ...overlapsWithIntervals('overlaps', ['timestamptz', 'interval'], (context, start, span) =>
      addIntervalInZone(start, span, 1, zoneOf(context)),
    ),
    ...overlapsWithIntervals('overlaps', ['time', 'interval'], (_c, start, span) => addToTime(start, span.micros)),
  },
};

/** Like C's asctime, with microseconds. */
function timeOfDay(value: Timestamp, zone: Zone): string {
  const { days, micros } = splitTimestamp(utcToLocal(value, zone));
  const { year, month, day } = civilFromDays(days);
  const date = new Date(Date.UTC(year, month - 1, day));
  const [weekday, , monthName] = date.toUTCString().split(/,? /);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const clock = `${two(micros / MICROS_PER_HOUR)}:${two((micros / MICROS_PER_MINUTE) % 60)}`;
  const seconds = ((micros % MICROS_PER_MINUTE) / MICROS_PER_SECOND).toFixed(6).padStart(9, '0');
  return `${weekday} ${monthName ?? ''} ${two(day)} ${clock}:${seconds} ${year} ${zone.abbreviationAt(value)}`;
}
