/**
 * to_date, to_timestamp and the .datetime() of jsonpath: what a template's fields have given, put together. After PostgreSQL's
 * do_to_timestamp and parse_datetime (src/backend/utils/adt/formatting.c).
 */
import { isTimestamp } from '../../types/datetime/calendar.ts';
import { roundMicros } from '../../types/datetime/precision.ts';
import { TimeTz } from '../../types/datetime/time-tz.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';
import { OID } from '../../types/oid.ts';
import {
  addMicros,
  civilFromDays,
  daysFromCivil,
  EPOCH_JULIAN,
  isLeapYear,
  isoYearStart,
  joinTimestamp,
  localToUtc,
  MICROS_PER_SECOND,
  monthLength,
  type Timestamp,
} from './datetime-core.ts';
import { formatError, type Parsed, TemplateReader } from './datetime-template.ts';
import { DATE_PATTERNS, STANDARD_DATE_PATTERNS } from './format-datetime.ts';
import { type PatternNode, parsePattern } from './format-pattern.ts';
import type { FunctionModule } from './module.ts';
import { contextZone } from './zones.ts';

interface DateTimeValue {
  readonly days: number;
  readonly micros: number;
  readonly precision: number;
  /** Seconds east, or null when the text named no zone. */
  readonly offset: number | null;
}

function fieldOutOfRange(text: string): SqlError {
  return sqlError('22008', `date/time field value out of range: "${text}"`);
}

/** The year in our count (0 is 1 BC), 0 when not given. */
function resolveYear(p: Parsed): number {
  if (p.year !== 0) {
    if (p.cc !== 0 && p.yearDigits <= 2) {
      const cc = p.bc ? -p.cc : p.cc;
      const low = p.year % 100;
      if (low === 0) return cc * 100 + (cc >= 0 ? 0 : 1);
      return cc >= 0 ? low + (cc - 1) * 100 : (cc + 1) * 100 - low + 1;
    }
    const year = p.bc ? -p.year : p.year;
    return year < 0 ? year + 1 : year;
  }
  if (p.cc === 0) return 0;
  const cc = p.bc ? -p.cc : p.cc;
  return cc >= 0 ? (cc - 1) * 100 + 1 : cc * 100 + 1;
}

const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

function daysBeforeMonth(year: number, month: number): number {
  return DAYS_BEFORE[month] + (month >= 2 && isLeapYear(year) ? 1 : 0);
}

function resolveDate(p: Parsed, text: string): number {
  let year = resolveYear(p);
  let month = 1;
  let day = 1;
  const take = (days: number): void => {
    ({ year, month, day } = civilFromDays(days));
  };
  let { dd, ddd } = p;
  if (p.j !== 0) take(p.j - EPOCH_JULIAN);
  if (p.ww !== 0) {
    if (p.mode === 'iso') {
      const monday = isoYearStart(year) + (p.ww - 1) * 7;
      take(p.d === 0 ? monday : monday + (p.d > 1 ? p.d - 2 : 6));
    } else {
      ddd = (p.ww - 1) * 7 + 1;
    }
  }
  if (p.w !== 0) dd = (p.w - 1) * 7 + 1;
  if (dd !== 0) day = dd;
  if (p.mm !== 0) month = p.mm;
  if (ddd !== 0 && (month <= 1 || day <= 1)) {
    if (year === 0 && !p.bc) throw formatError('cannot calculate day of year without year information');
    if (p.mode === 'iso') {
      take(isoYearStart(year) - 1 + ddd);
    } else {
      let i = 1;
      while (i <= 12 && ddd > daysBeforeMonth(year, i)) i++;
      if (month <= 1) month = i;
      if (day <= 1) day = ddd - daysBeforeMonth(year, i - 1);
    }
  }
  if (month < 1 || month > 12 || day < 1 || day > 31 || day > monthLength(year, month)) throw fieldOutOfRange(text);
  return daysFromCivil(year, month, day);
}

/** Hour, minute, second and microseconds as given; only the 12-hour clock is checked. */
function readClock(p: Parsed): [hour: number, minute: number, second: number, fraction: number] {
  let hour = Math.floor(p.ssss / 3600);
  let minute = Math.floor(p.ssss / 60) % 60;
  let second = p.ssss % 60;
  if (p.ss !== 0) second = p.ss;
  if (p.mi !== 0) minute = p.mi;
  if (p.hh !== 0) hour = p.hh;
  if (p.twelveHours) {
    if (hour < 1 || hour > 12) {
      throw formatError(
        `hour "${hour}" is invalid for the 12-hour clock`,
        undefined,
        'Use the 24-hour clock, or give an hour between 1 and 12.',
      );
    }
    if (p.pm && hour < 12) hour += 12;
    else if (!p.pm && hour === 12) hour = 0;
  }
  return [hour, minute, second, p.ms * 1000 + p.us];
}

function microsOfClock([hour, minute, second, fraction]: ReturnType<typeof readClock>, text: string): number {
  const fits = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  if (!fits || fraction < 0 || fraction >= MICROS_PER_SECOND) throw fieldOutOfRange(text);
  return ((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + fraction;
}

function parseDateTime(text: string, format: string): DateTimeValue {
  return resolve(new TemplateReader(text, parsePattern(format, DATE_PATTERNS)).read(), text);
}

function resolve(p: Parsed, text: string): DateTimeValue {
  const clock = readClock(p);
  const days = resolveDate(p, text);
  const micros = microsOfClock(clock, text);
  const { precision } = p;
  if (p.zoneSign === 0) return { days, micros, precision, offset: null };
  if (p.zoneHours < 0 || p.zoneHours > 15 || p.zoneMinutes < 0 || p.zoneMinutes >= 60) {
    throw sqlError('22009', `time zone displacement out of range: "${text}"`);
  }
  return { days, micros, precision, offset: p.zoneSign * (p.zoneHours * 3600 + p.zoneMinutes * 60) };
}

const TIME_KEYWORDS = new Set('A.M. AM P.M. PM HH HH12 HH24 MI SS MS US FF1 FF2 FF3 FF4 FF5 FF6 SSSS SSSSS'.split(' '));
const ZONE_KEYWORDS = new Set(['TZH', 'TZM']);

/** What a template's fields make. */
interface TemplateKind {
  readonly isDated: boolean;
  readonly isTimed: boolean;
  readonly isZoned: boolean;
}

function templateKind(nodes: readonly PatternNode[]): TemplateKind {
  const names = nodes.map(({ keyword }) => keyword.toUpperCase()).filter((name) => name !== '' && name !== 'FX');
  return {
    isDated: names.some((name) => !TIME_KEYWORDS.has(name) && !ZONE_KEYWORDS.has(name)),
    isTimed: names.some((name) => TIME_KEYWORDS.has(name)),
    isZoned: names.some((name) => ZONE_KEYWORDS.has(name)),
  };
}

/** A template of the SQL standard; throws 22007 where it has a separator that the standard does not know. */
export function standardTemplate(format: string): readonly PatternNode[] {
  return parsePattern(format, STANDARD_DATE_PATTERNS);
}

/** A value whose type is what its template had fields for. */
export interface TypedDatetime {
  /** date, time, timetz, timestamp or timestamptz. */
  readonly typeOid: number;
  readonly value: number | bigint | TimeTz;
  /** Of a timestamptz: seconds east of Greenwich, as the text had it. */
  readonly offset: number;
}

/** parse_datetime: a text as SQL/JSON's .datetime() reads it. */
export function readTyped(text: string, template: readonly PatternNode[]): TypedDatetime {
  const parsed = new TemplateReader(text, template, true).read();
  const { isDated, isTimed, isZoned } = templateKind(template);
  const { days, micros, precision, offset: given } = resolve(parsed, text);
  const offset = given ?? 0;
  if (isDated && isTimed) {
    const local = joinTimestamp(days, micros);
    const value = isZoned ? addMicros(local, -offset * MICROS_PER_SECOND) : local;
    if (!isTimestamp(value)) throw sqlError('22008', `timestamp${isZoned ? 'tz' : ''} out of range`);
    return { typeOid: isZoned ? OID.TIMESTAMPTZ : OID.TIMESTAMP, value: roundMicros(value, precision), offset };
  }
  if (isDated) {
    if (isZoned) throw formatError('datetime format is zoned but not timed');
    return { typeOid: OID.DATE, value: checkedDate(days, text), offset };
  }
  if (!isTimed) throw formatError('datetime format is not dated and not timed');
  const time = Number(roundMicros(micros, precision));
  return isZoned
    ? { typeOid: OID.TIMETZ, value: new TimeTz(time, offset), offset }
    : { typeOid: OID.TIME, value: time, offset };
}

function checkedDate(days: number, text: string): number {
  if (days < -EPOCH_JULIAN || days >= 2145031949) throw sqlError('22008', `date out of range: "${text}"`);
  return days;
}

export const datetimeParseFunctions: FunctionModule = {
  contextual: {
    to_timestamp(context, text: string, format: string): Timestamp {
      const { days, micros, precision, offset } = parseDateTime(text, format);
      const local = joinTimestamp(days, micros);
      const utc =
        offset === null ? localToUtc(local, contextZone(context)) : addMicros(local, -offset * MICROS_PER_SECOND);
      return roundMicros(utc, precision);
    },
  },
  plain: {
    to_date: (text: string, format: string) => checkedDate(parseDateTime(text, format).days, text),
  },
};
