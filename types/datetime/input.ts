/**
 * Text to date, time, timetz, timestamp and timestamptz. The ISO form, which nearly all programs send, is read straight;
 * everything else goes through fields and their decoding.
 */
import { type SqlError, sqlError } from '../errors.ts';
import type { FormatSettings } from '../settings.ts';
import {
  DAY_MICROS,
  DAYS_END,
  DAYS_MIN,
  dateOutOfRange,
  daysInMonth,
  daysOfDate,
  isTimestamp,
  joinMicros,
  SECOND_MICROS,
  timestampOutOfRange,
  UNIX_EPOCH_DAYS,
} from './calendar.ts';
import { type DecodedTime, decodeDateTime, decodeTimeOnly, hourTime } from './decode.ts';
import type { Micros } from './interval.ts';
import { roundMicros } from './precision.ts';
import { TimeTz } from './time-tz.ts';
import { ParseFailure, splitFields } from './tokens.ts';
import { sessionZone } from './zone.ts';

/** The error that a client sees for a text of a type. */
export function parseError(failure: unknown, typeName: string, text: string): SqlError {
  if (!(failure instanceof ParseFailure)) throw failure;
  switch (failure.kind) {
    case 'format':
      return sqlError('22007', `invalid input syntax for type ${typeName}: "${text}"`);
    case 'field':
      return sqlError('22008', `date/time field value out of range: "${text}"`);
    case 'month or day':
      return sqlError('22008', `date/time field value out of range: "${text}"`, {
        hint: 'Perhaps you need a different "datestyle" setting.',
      });
    case 'displacement':
      return sqlError('22009', `time zone displacement out of range: "${text}"`);
    case 'interval':
      return sqlError('22015', `interval field value out of range: "${text}"`);
  }
}

function decode(text: string, typeName: string, settings: FormatSettings): DecodedTime {
  try {
    return decodeDateTime(splitFields(text), settings);
  } catch (failure) {
    throw parseError(failure, typeName, text);
  }
}

function digitsAt(text: string, at: number): number {
  const high = text.charCodeAt(at) - 48;
  const low = text.charCodeAt(at + 1) - 48;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
}

/** Days of yyyy-mm-dd at the start of a text; NaN if it is not that, or not a date that exists. */
function isoDays(text: string): number {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = digitsAt(text, 0) * 100 + digitsAt(text, 2);
  const month = digitsAt(text, 5);
  const day = digitsAt(text, 8);
  if (!(year > 0 && month > 0 && month < 13 && day > 0 && day <= daysInMonth(year, month))) return Number.NaN;
  return daysOfDate(year, month, day);
}

/** Where isoTime stopped reading. */
let isoEnd = 0;

/** Microseconds of hh:mm:ss[.ffffff] at an index; NaN if it is not that. Sets isoEnd. */
function isoTime(text: string, at: number): number {
  if (text.charCodeAt(at + 2) !== 58 || text.charCodeAt(at + 5) !== 58) return Number.NaN;
  const hour = digitsAt(text, at);
  const minute = digitsAt(text, at + 3);
  const second = digitsAt(text, at + 6);
  if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
  let micros = ((hour * 60 + minute) * 60 + second) * SECOND_MICROS;
  let i = at + 8;
  if (text.charCodeAt(i) === 46) {
    let unit = 100_000;
    for (i++; unit >= 1; i++, unit /= 10) {
      const digit = text.charCodeAt(i) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      micros += digit * unit;
      if (unit === 1) {
        i++;
        break;
      }
    }
  }
  isoEnd = i;
  return micros;
}

/** Offset of Z or [+-]hh[:mm] up to the text's end, seconds east; NaN if it is not that. */
function isoOffset(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const left = text.length - at;
  if (left === 1 && (code === 90 || code === 122)) return 0;
  if ((code !== 43 && code !== 45) || (left !== 3 && left !== 6)) return Number.NaN;
  const hours = digitsAt(text, at + 1);
  const minutes = left === 6 ? (text.charCodeAt(at + 3) === 58 ? digitsAt(text, at + 4) : Number.NaN) : 0;
  if (!(hours < 16 && minutes < 60)) return Number.NaN;
  const offset = hours * 3600 + minutes * 60;
  return code === 45 ? 0 - offset : offset;
}

export function inputDate(text: string, settings: FormatSettings): number {
  if (text.length === 10) {
    const days = isoDays(text);
    if (!Number.isNaN(days)) return days;
  }
  const time = decode(text, 'date', settings);
  switch (time.kind) {
    case 'epoch':
      return UNIX_EPOCH_DAYS;
    case 'infinity':
      return Infinity;
    case '-infinity':
      return -Infinity;
    case 'time': {
      const days = daysOfDate(time.year, time.month, time.day);
      if (!(days >= DAYS_MIN && days < DAYS_END)) throw dateOutOfRange(text);
      return days;
    }
  }
}

export function inputTimestamp(text: string, typmod: number, settings: FormatSettings): Micros {
  const { length } = text;
  if (length >= 10 && length <= 26) {
    const days = isoDays(text);
    if (!Number.isNaN(days)) {
      if (length === 10) return joinMicros(days, 0);
      const separator = text.charCodeAt(10);
      if (separator === 32 || separator === 84) {
        const time = isoTime(text, 11);
        if (!Number.isNaN(time) && isoEnd === length) return roundMicros(joinMicros(days, time), typmod);
      }
    }
  }
  const time = decode(text, 'timestamp', settings);
  return roundMicros(momentOf(time, 0, text), typmod);
}

export function inputTimestampTz(text: string, typmod: number, settings: FormatSettings): Micros {
  const { length } = text;
  if (length >= 10 && length <= 32) {
    const days = isoDays(text);
    const separator = text.charCodeAt(10);
    if (!Number.isNaN(days) && (separator === 32 || separator === 84)) {
      const time = isoTime(text, 11);
      if (!Number.isNaN(time)) {
        const offset =
          isoEnd === length
            ? sessionZone(settings.timeZone).offsetOfLocal(joinMicros(days, time))
            : isoOffset(text, isoEnd);
        if (!Number.isNaN(offset)) return roundMicros(joinMicros(days, time - offset * SECOND_MICROS), typmod);
      }
    }
  }
  const time = decode(text, 'timestamp with time zone', settings);
  return roundMicros(momentOf(time, time.offset, text), typmod);
}

function momentOf(time: DecodedTime, offset: number, text: string): Micros {
  switch (time.kind) {
    case 'epoch':
      return joinMicros(UNIX_EPOCH_DAYS, 0);
    case 'infinity':
      return Infinity;
    case '-infinity':
      return -Infinity;
    case 'time': {
      const days = daysOfDate(time.year, time.month, time.day);
      // Roughly first, since the offset may bring it back into the exact bounds.
      if (days < DAYS_MIN - 23 || days > 110_000_000) throw timestampOutOfRange(text);
      const micros = joinMicros(days, hourTime(time) - offset * SECOND_MICROS);
      if (!isTimestamp(micros)) throw timestampOutOfRange(text);
      return micros;
    }
  }
}

function decodeClock(text: string, typeName: string, settings: FormatSettings): DecodedTime {
  try {
    return decodeTimeOnly(splitFields(text), settings);
  } catch (failure) {
    throw parseError(failure, typeName, text);
  }
}

export function inputTime(text: string, typmod: number, settings: FormatSettings): number {
  const micros = isoTime(text, 0);
  if (!Number.isNaN(micros) && isoEnd === text.length) return roundMicros(micros, typmod) as number;
  return roundMicros(Math.min(hourTime(decodeClock(text, 'time', settings)), DAY_MICROS), typmod) as number;
}

export function inputTimeTz(text: string, typmod: number, settings: FormatSettings): TimeTz {
  const micros = isoTime(text, 0);
  if (!Number.isNaN(micros)) {
    const offset = isoOffset(text, isoEnd);
    if (!Number.isNaN(offset)) return new TimeTz(roundMicros(micros, typmod) as number, offset);
  }
  const time = decodeClock(text, 'time with time zone', settings);
  return new TimeTz(roundMicros(hourTime(time), typmod) as number, time.offset);
}
