/**
 * Text to interval: quantities with units ('1 year 2 mons -3 days 04:05:06.789 ago'), SQL's forms ('1-2', '3 4:05:06') and ISO
 * 8601 ('P1Y2M3DT4H5M6S'). Fields are read from the last to the first, so that units come before their quantities. After
 * PostgreSQL's DecodeInterval and DecodeISO8601Interval.
 */
import { sqlError } from '../errors.ts';
import { normaliseInt8 } from '../integer.ts';
import type { FormatSettings } from '../settings.ts';
import {
  INTERVAL_DAY,
  INTERVAL_FULL_RANGE,
  INTERVAL_HOUR,
  INTERVAL_MINUTE,
  INTERVAL_MONTH,
  INTERVAL_SECOND,
  INTERVAL_YEAR,
  intervalFields,
} from '../typmod.ts';
import { DAY_MICROS, HOUR_MICROS, MINUTE_MICROS, SECOND_MICROS } from './calendar.ts';
import { parseClock } from './decode.ts';
import { parseError } from './input.ts';
import { Interval } from './interval.ts';
import { plainInterval } from './plain-interval.ts';
import { coerceInterval } from './precision.ts';
import {
  badFormat,
  type Field,
  fieldOverflow,
  intervalUnit,
  ParseFailure,
  parseFraction,
  rint,
  splitFields,
  type Unit,
} from './tokens.ts';

const INT32_MAX = 2147483647;
const DAYS_PER_MONTH = 30;

const TIME_UNIT_MICROS: ReadonlyMap<Unit, number> = new Map<Unit, number>([
  ['microsecond', 1],
  ['millisecond', 1000],
  ['second', SECOND_MICROS],
  ['minute', MINUTE_MICROS],
  ['hour', HOUR_MICROS],
]);
const UNIT_YEARS: ReadonlyMap<Unit, number> = new Map<Unit, number>([
  ['year', 1],
  ['decade', 10],
  ['century', 100],
  ['millennium', 1000],
]);

/** Sums up an interval from quantities of units, whole and fractional parts apart. */
class Builder {
  years = 0;
  months = 0;
  days = 0;
  /** Number while safe. */
  micros: number | bigint = 0;

  addMicros(amount: number): void {
    const sum = Number(this.micros) + amount;
    if (typeof this.micros === 'number' && Number.isSafeInteger(sum)) this.micros = sum;
    else this.#setBig(BigInt(this.micros) + BigInt(amount));
  }

  #setBig(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw fieldOverflow();
    this.micros = normaliseInt8(value);
  }

  /** whole * unit + fraction * unit microseconds. */
  addTime(whole: bigint, fraction: number, unit: number): void {
    this.#setBig(BigInt(this.micros) + whole * BigInt(unit));
    this.addFraction(fraction, unit);
  }

  /** A fraction of a unit, rounded to microseconds. */
  addFraction(fraction: number, unit: number): void {
    if (fraction === 0) return;
    const exact = fraction * unit;
    let whole = Math.trunc(exact);
    const rest = exact - whole;
    if (rest > 0.5) whole++;
    else if (rest < -0.5) whole--;
    this.addMicros(whole);
  }

  addDays(whole: bigint, scale: number): void {
    this.days = int32(BigInt(this.days) + int32Big(whole) * BigInt(scale));
  }

  /** A fraction of so many days. */
  addFractionOfDays(fraction: number, scale: number): void {
    if (fraction === 0) return;
    const exact = fraction * scale;
    const whole = Math.trunc(exact);
    this.days = int32(BigInt(this.days) + BigInt(whole));
    this.addFraction(exact - whole, DAY_MICROS);
  }

  addMonths(whole: bigint): void {
    this.months = int32(BigInt(this.months) + int32Big(whole));
  }

  addYears(whole: bigint, fraction: number, scale: number): void {
    this.years = int32(BigInt(this.years) + int32Big(whole) * BigInt(scale));
    this.months = int32(BigInt(this.months) + BigInt(rint(fraction * scale * 12)));
  }

  add(unit: Unit, whole: bigint, fraction: number): void {
    const timeUnit = TIME_UNIT_MICROS.get(unit);
    const yearUnit = UNIT_YEARS.get(unit);
    if (timeUnit !== undefined) this.addTime(whole, fraction, timeUnit);
    else if (yearUnit !== undefined) this.addYears(whole, fraction, yearUnit);
    else if (unit === 'day') {
      this.addDays(whole, 1);
      this.addFraction(fraction, DAY_MICROS);
    } else if (unit === 'week') {
      this.addDays(whole, 7);
      this.addFractionOfDays(fraction, 7);
    } else if (unit === 'month') {
      this.addMonths(whole);
      this.addFractionOfDays(fraction, DAYS_PER_MONTH);
    } else throw badFormat();
  }

  negate(): void {
    this.years = 0 - this.years;
    this.months = 0 - this.months;
    this.days = 0 - this.days;
    this.micros = typeof this.micros === 'number' ? 0 - this.micros : -this.micros;
    if (this.micros > 0 && BigInt.asIntN(64, BigInt(this.micros)) !== BigInt(this.micros)) throw fieldOverflow();
    if (this.days > INT32_MAX || this.months > INT32_MAX || this.years > INT32_MAX) throw fieldOverflow();
  }

  finish(): Interval {
    const months = this.years * 12 + this.months;
    if (months > INT32_MAX || months < -INT32_MAX - 1) throw sqlError('22008', 'interval out of range');
    return new Interval(months, this.days, this.micros);
  }
}

function int32Big(value: bigint): bigint {
  if (BigInt.asIntN(32, value) !== value) throw fieldOverflow();
  return value;
}

function int32(value: bigint): number {
  return Number(int32Big(value));
}

export function inputInterval(text: string, typmod: number, settings: FormatSettings): Interval {
  if (typmod < 0 && settings.intervalStyle !== 'sql_standard') {
    const plain = plainInterval(text);
    if (plain !== null) return plain;
  }
  let builder: Builder;
  try {
    try {
      builder = decodeFields(splitFields(text), intervalFields(typmod), settings);
    } catch (failure) {
      if (!(failure instanceof ParseFailure) || failure.kind !== 'format') throw failure;
      builder = decodeIso(text);
    }
  } catch (failure) {
    const isOverflow = failure instanceof ParseFailure && failure.kind === 'field';
    throw parseError(isOverflow ? new ParseFailure('interval') : failure, 'interval', text);
  }
  return coerceInterval(builder.finish(), typmod);
}

/** Which units have been given, so that none is given twice. */
type FoundUnits = Set<Unit>;

const TIME_UNITS: readonly Unit[] = ['hour', 'minute', 'second', 'millisecond', 'microsecond'];

function markFound(found: FoundUnits, units: readonly Unit[]): void {
  for (const unit of units) if (found.has(unit)) throw badFormat();
  for (const unit of units) found.add(unit);
}

function decodeFields(fields: readonly Field[], range: number, settings: FormatSettings): Builder {
  const builder = new Builder();
  const found: FoundUnits = new Set();
  // In SQL's style a minus at the start, and no sign after it, is for all that follows.
  const isAllNegative =
    settings.intervalStyle === 'sql_standard' &&
    fields[0]?.text[0] === '-' &&
    !fields.slice(1).some((field) => field.text[0] === '-' || field.text[0] === '+');
  let unit: Unit | undefined;
  let isAgo = false;
  for (let i = fields.length - 1; i >= 0; i--) {
    const { type, text } = fields[i];
    switch (type) {
      case 'time':
        markFound(found, TIME_UNITS);
        addClock(builder, text, range, isAllNegative, isAllNegative);
        unit = 'day';
        break;
      case 'tz':
        if (text.indexOf(':') > 0 && isClock(text.slice(1))) {
          markFound(found, TIME_UNITS);
          addClock(builder, text.slice(1), range, text[0] === '-', isAllNegative);
          unit = 'day';
          break;
        }
        unit = addQuantity(builder, found, text, unit ?? unitOfRange(range), isAllNegative);
        break;
      case 'date':
      case 'number':
        unit = addQuantity(builder, found, text, unit ?? unitOfRange(range), isAllNegative);
        break;
      default:
        if (text === 'ago') {
          isAgo = true;
          unit = undefined;
        } else {
          unit = intervalUnit(text);
          if (unit === undefined) throw badFormat();
        }
    }
  }
  if (found.size === 0) throw badFormat();
  if (isAgo) builder.negate();
  return builder;
}

function isClock(text: string): boolean {
  try {
    parseClock(text, false);
    return true;
  } catch {
    return false;
  }
}

/** A time is the whole time part: it replaces what quantities after it have given. */
function addClock(builder: Builder, text: string, range: number, isNegative: boolean, isAllNegative: boolean): void {
  const { hour, minute, second, fraction } = parseClock(text, range === (INTERVAL_MINUTE | INTERVAL_SECOND));
  builder.micros = 0;
  builder.addTime(BigInt(hour), 0, HOUR_MICROS);
  builder.addTime(BigInt(minute * 60 + second), 0, SECOND_MICROS);
  builder.addMicros(fraction);
  if ((isNegative || isAllNegative) && builder.micros > 0) {
    builder.micros = -builder.micros;
  }
}

/** Adds a number of units, or years-months. Answers the unit for a bare number before it. */
function addQuantity(builder: Builder, found: FoundUnits, text: string, unit: Unit, isAllNegative: boolean): Unit {
  const match = /^([+-]?\d*)/.exec(text) as RegExpExecArray;
  const isNegative = text[0] === '-';
  let whole = match[1] === '' || match[1] === '-' || match[1] === '+' ? 0n : BigInt(match[1].replace('+', ''));
  if (BigInt.asIntN(64, whole) !== whole) throw fieldOverflow();
  const rest = text.slice(match[1].length);
  let fraction = 0;
  if (rest.startsWith('-')) {
    const months = /^-(\d*)/.exec(rest) as RegExpExecArray;
    if (Number(months[1]) >= 12) throw fieldOverflow();
    if (months[0].length < rest.length) throw badFormat();
    unit = 'month';
    whole = whole * 12n + BigInt(isNegative ? -Number(months[1]) : Number(months[1]));
  } else if (rest.startsWith('.')) {
    fraction = parseFraction(rest);
    if (isNegative) fraction = -fraction;
  } else if (rest !== '') throw badFormat();
  if (isAllNegative) {
    if (whole > 0n) whole = -whole;
    if (fraction > 0) fraction = -fraction;
  }
  builder.add(unit, whole, fraction);
  // Seconds with a fraction are milliseconds and microseconds too.
  markFound(found, unit === 'second' && fraction !== 0 ? ['second', 'millisecond', 'microsecond'] : [unit]);
  return unit === 'hour' ? 'day' : unit;
}

/** What a number without a unit counts. */
function unitOfRange(range: number): Unit {
  if (range === INTERVAL_FULL_RANGE || (range & INTERVAL_SECOND) !== 0) return 'second';
  if ((range & INTERVAL_MINUTE) !== 0) return 'minute';
  if ((range & INTERVAL_HOUR) !== 0) return 'hour';
  if ((range & INTERVAL_DAY) !== 0) return 'day';
  if ((range & INTERVAL_MONTH) !== 0) return 'month';
  return (range & INTERVAL_YEAR) !== 0 ? 'year' : 'second';
}

const ISO_DATE_UNITS: Readonly<Record<string, Unit>> = { Y: 'year', M: 'month', W: 'week', D: 'day' };
const ISO_TIME_UNITS: Readonly<Record<string, Unit>> = { H: 'hour', M: 'minute', S: 'second' };

/** ISO 8601: with designators, or the alternative form P0001-02-03T04:05:06, also without separators. */
function decodeIso(text: string): Builder {
  if (text.length < 2 || text[0] !== 'P') throw badFormat();
  const builder = new Builder();
  let at = 1;
  let isTime = false;
  let hasField = false;
  const readNumber = (): { whole: bigint; fraction: number; digits: number } => {
    const match = /^[+-]?(\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?/.exec(text.slice(at)) as RegExpExecArray;
    const value = Number(match[0]);
    if (!/^[-.0-9]/.test(match[0]) || !/\d/.test(match[0]) || Number.isNaN(value)) throw badFormat();
    if (value < -1e15 || value > 1e15) throw fieldOverflow();
    at += match[0].length;
    const whole = Math.trunc(value);
    return { whole: BigInt(whole), fraction: value - whole, digits: match[1].length };
  };
  while (at < text.length) {
    if (text[at] === 'T') {
      isTime = true;
      hasField = false;
      at++;
      continue;
    }
    const { whole, fraction, digits } = readNumber();
    const designator = text[at++] ?? '';
    const unit = (isTime ? ISO_TIME_UNITS : ISO_DATE_UNITS)[designator];
    if (unit !== undefined) {
      builder.add(unit, whole, fraction);
      hasField = true;
      continue;
    }
    if (isTime) {
      if (designator !== '' && designator !== ':') throw badFormat();
      if (designator === '' && digits === 6 && !hasField) {
        builder.add('hour', whole / 10000n, 0);
        builder.add('minute', (whole / 100n) % 100n, 0);
        builder.add('second', whole % 100n, 0);
        builder.addFraction(fraction, 1);
        return builder;
      }
      if (hasField) throw badFormat();
      builder.add('hour', whole, fraction);
      if (designator === '') return builder;
      const minutes = readNumber();
      builder.add('minute', minutes.whole, minutes.fraction);
      if (at >= text.length) return builder;
      if (text[at] !== ':') throw badFormat();
      at++;
      const seconds = readNumber();
      builder.add('second', seconds.whole, seconds.fraction);
      if (at < text.length) throw badFormat();
      return builder;
    }
    if (designator !== '' && designator !== 'T' && designator !== '-') throw badFormat();
    if (designator !== '-' && digits === 8 && !hasField) {
      builder.add('year', whole / 10000n, 0);
      builder.add('month', (whole / 100n) % 100n, 0);
      builder.add('day', whole % 100n, fraction);
      isTime = true;
      continue;
    }
    if (hasField) throw badFormat();
    builder.add('year', whole, fraction);
    isTime = true;
    if (designator !== '-') continue;
    const months = readNumber();
    builder.add('month', months.whole, months.fraction);
    if (at >= text.length || text[at] === 'T') continue;
    if (text[at] !== '-') throw badFormat();
    at++;
    const days = readNumber();
    builder.add('day', days.whole, days.fraction);
    if (at < text.length && text[at] !== 'T') throw badFormat();
  }
  return builder;
}
