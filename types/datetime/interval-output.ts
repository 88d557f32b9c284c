/** Intervals as text, in the four IntervalStyles. After PostgreSQL's EncodeInterval, oddities of signs included. */
import type { FormatSettings } from '../settings.ts';
import { HOUR_MICROS, MINUTE_MICROS, SECOND_MICROS } from './calendar.ts';
import type { Interval } from './interval.ts';
import { fractionText } from './output.ts';

/** Fields of an interval, each with its own sign. */
interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Microseconds of the second. */
  readonly fraction: number;
}

function partsOf(interval: Interval): Parts {
  const year = Math.trunc(interval.months / 12);
  const { micros } = interval;
  let hour: number;
  let rest: number;
  if (typeof micros === 'number') {
    hour = Math.trunc(micros / HOUR_MICROS);
    rest = micros - hour * HOUR_MICROS;
  } else {
    hour = Number(micros / BigInt(HOUR_MICROS));
    rest = Number(micros % BigInt(HOUR_MICROS));
  }
  const minute = Math.trunc(rest / MINUTE_MICROS);
  rest -= minute * MINUTE_MICROS;
  const second = Math.trunc(rest / SECOND_MICROS);
  return {
    year,
    month: interval.months - year * 12,
    day: interval.days,
    hour,
    minute,
    second,
    fraction: rest - second * SECOND_MICROS,
  };
}

export function outputInterval(interval: Interval, settings: FormatSettings): string {
  const parts = partsOf(interval);
  switch (settings.intervalStyle) {
    case 'postgres':
      return postgresStyle(parts);
    case 'postgres_verbose':
      return verboseStyle(parts);
    case 'sql_standard':
      return sqlStyle(parts);
    case 'iso_8601':
      return isoStyle(parts);
  }
}

function two(value: number): string {
  return value < 10 ? '0' + value : '' + value;
}

/** Seconds without their sign. */
function secondsText(parts: Parts, isPadded: boolean): string {
  const second = Math.abs(parts.second);
  const text = isPadded ? two(second) : '' + second;
  return parts.fraction === 0 ? text : text + fractionText(Math.abs(parts.fraction));
}

function hasNegativeTime(parts: Parts): boolean {
  return parts.hour < 0 || parts.minute < 0 || parts.second < 0 || parts.fraction < 0;
}

function hasTime(parts: Parts): boolean {
  return parts.hour !== 0 || parts.minute !== 0 || parts.second !== 0 || parts.fraction !== 0;
}

function postgresStyle(parts: Parts): string {
  let text = '';
  let wasNegative = false;
  const add = (value: number, unit: string): void => {
    if (value === 0) return;
    const sign = wasNegative && value > 0 ? '+' : '';
    text += `${text === '' ? '' : ' '}${sign}${value} ${unit}${value === 1 ? '' : 's'}`;
    wasNegative = value < 0;
  };
  add(parts.year, 'year');
  add(parts.month, 'mon');
  add(parts.day, 'day');
  if (text !== '' && !hasTime(parts)) return text;
  const sign = hasNegativeTime(parts) ? '-' : wasNegative ? '+' : '';
  const blank = text === '' ? '' : ' ';
  return `${text}${blank}${sign}${two(Math.abs(parts.hour))}:${two(Math.abs(parts.minute))}:${secondsText(parts, true)}`;
}

function verboseStyle(parts: Parts): string {
  let text = '@';
  let isAgo = false;
  const isZero = (): boolean => text === '@';
  const add = (value: number, unit: string): void => {
    if (value === 0) return;
    if (isZero()) {
      isAgo = value < 0;
      value = Math.abs(value);
    } else if (isAgo) value = -value;
    text += ` ${value} ${unit}${value === 1 ? '' : 's'}`;
  };
  add(parts.year, 'year');
  add(parts.month, 'mon');
  add(parts.day, 'day');
  add(parts.hour, 'hour');
  add(parts.minute, 'min');
  if (parts.second !== 0 || parts.fraction !== 0) {
    let sign = '';
    if (parts.second < 0 || parts.fraction < 0) {
      if (isZero()) isAgo = true;
      else if (!isAgo) sign = '-';
    } else if (isAgo) sign = '-';
    const isOne = Math.abs(parts.second) === 1 && parts.fraction === 0;
    text += ` ${sign}${secondsText(parts, false)} sec${isOne ? '' : 's'}`;
  }
  if (isZero()) text += ' 0';
  return isAgo ? text + ' ago' : text;
}

function isoStyle(parts: Parts): string {
  let text = 'P';
  const add = (value: number, unit: string): void => {
    if (value !== 0) text += value + unit;
  };
  add(parts.year, 'Y');
  add(parts.month, 'M');
  add(parts.day, 'D');
  if (hasTime(parts)) text += 'T';
  add(parts.hour, 'H');
  add(parts.minute, 'M');
  if (parts.second !== 0 || parts.fraction !== 0) {
    text += (parts.second < 0 || parts.fraction < 0 ? '-' : '') + secondsText(parts, false) + 'S';
  }
  return text === 'P' ? 'PT0S' : text;
}

function sqlStyle(parts: Parts): string {
  const values = [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second, parts.fraction];
  const hasNegative = values.some((value) => value < 0);
  const hasPositive = values.some((value) => value > 0);
  const hasYearMonth = parts.year !== 0 || parts.month !== 0;
  const hasDayTime = parts.day !== 0 || hasTime(parts);
  if (!hasNegative && !hasPositive) return '0';
  const [year, month, day, hour, minute] = values.map(Math.abs);
  const clock = `${hour}:${two(minute)}:${secondsText(parts, true)}`;
  if ((hasNegative && hasPositive) || (hasYearMonth && hasDayTime)) {
    // Not of the standard's kinds: every part shows its sign.
    const yearSign = parts.year < 0 || parts.month < 0 ? '-' : '+';
    const daySign = parts.day < 0 ? '-' : '+';
    const timeSign = hasNegativeTime(parts) ? '-' : '+';
    return `${yearSign}${year}-${month} ${daySign}${day} ${timeSign}${clock}`;
  }
  const sign = hasNegative ? '-' : '';
  if (hasYearMonth) return `${sign}${year}-${month}`;
  return parts.day !== 0 ? `${sign}${day} ${clock}` : sign + clock;
}
