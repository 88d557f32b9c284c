/**
 * to_char of timestamps and intervals. After PostgreSQL's DCH_to_char (src/backend/utils/adt/formatting.c).
 */

import { sqlError } from '../../types/errors.ts';
import type { Interval } from '../../types/index.ts';
import {
  addMicros,
  civilFromDays,
  dayOfWeek,
  daysFromCivil,
  divideMicros,
  EPOCH_JULIAN,
  isInfinite,
  isoDayOfYear,
  isoWeek,
  isoYear,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  splitTimestamp,
  type Timestamp,
} from './datetime-core.ts';
import { type KeywordTable, keywordTable, ordinalSuffix, type PatternNode, parsePattern } from './format-pattern.ts';
import { type IsoParts, isoPartsOfInterval, julianDay } from './iso-parts.ts';
import type { FunctionModule } from './module.ts';
import { contextZone } from './zones.ts';

export const DATE_PATTERNS = keywordTable(
  'A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J ' +
    'MI MM MONTH MON MS Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y ' +
    'a.d. a.m. ad am b.c. bc cc day ddd dd dy d ff1 ff2 ff3 ff4 ff5 ff6 fx hh24 hh12 hh iddd id iw iyyy iyy iy i j ' +
    'mi mm month mon ms of p.m. pm q rm sssss ssss ss tzh tzm tz us ww w y,yyy yyyy yyy yy y',
  'CC DDD DD D FF1 FF2 FF3 FF4 FF5 FF6 HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM MS Q SSSSS SSSS SS TZM US WW W ' +
    'Y,YYY YYYY YYY YY Y',
  true,
);

/** The same fields in templates of the SQL standard. */
export const STANDARD_DATE_PATTERNS: KeywordTable = { ...DATE_PATTERNS, isStandard: true, cache: new Map() };

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const ROMAN_MONTHS = ['XII', 'XI', 'X', 'IX', 'VIII', 'VII', 'VI', 'V', 'IV', 'III', 'II', 'I'];

/** C's struct pg_tm, as far as templates show it. */
interface Fields {
  readonly isInterval: boolean;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
  /** Days since 2000; of an interval, of the date that its parts would be. */
  readonly days: number;
  readonly dayOfYear: number;
  /** Seconds east; 0 without zone. */
  readonly offset: number;
  readonly zoneName: string;
}

/** Of a timestamp as the zone's clock shows it. */
class TimestampFields implements Fields {
  readonly isInterval = false;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
  readonly days: number;
  readonly offset: number;
  readonly zoneName: string;

  constructor(local: Timestamp, offset: number, zoneName: string) {
    const { days, micros } = splitTimestamp(local);
    const { year, month, day } = civilFromDays(days);
    const seconds = Math.floor(micros / MICROS_PER_SECOND);
    this.year = year;
    this.month = month;
    this.day = day;
    this.hour = Math.floor(seconds / 3600);
    this.minute = Math.floor(seconds / 60) % 60;
    this.second = seconds % 60;
    this.micros = micros - seconds * MICROS_PER_SECOND;
    this.days = days;
    this.offset = offset;
    this.zoneName = zoneName;
  }

  get dayOfYear(): number {
    return this.days - daysFromCivil(this.year, 1, 1) + 1;
  }
}

function intervalFields(span: Interval): Fields {
  const [hour, rest] = divideMicros(span.micros, MICROS_PER_HOUR);
  const year = Math.trunc(span.months / 12);
  const month = span.months % 12;
  return {
    isInterval: true,
    year,
    month,
    day: span.days,
    hour,
    minute: Math.trunc(rest / MICROS_PER_MINUTE),
    second: Math.trunc((rest % MICROS_PER_MINUTE) / MICROS_PER_SECOND),
    micros: rest % MICROS_PER_SECOND,
    days: julianDay(year, month, span.days) - EPOCH_JULIAN,
    dayOfYear: (year * 12 + month) * 30 + span.days,
    offset: 0,
    zoneName: '',
  };
}

/** C's %0*d: the sign counts. */
function zeroPadded(value: number, width: number): string {
  if (width === 2 && value >= 0 && value < 100) return value < 10 ? `0${value}` : `${value}`;
  const digits = String(Math.abs(value));
  return value < 0 ? `-${digits.padStart(width - 1, '0')}` : digits.padStart(width, '0');
}

function invalidForInterval(): Error {
  return sqlError('22007', 'invalid format specification for an interval value', {
    hint: 'Intervals are not tied to specific calendar dates.',
  });
}

const NEEDS_CALENDAR = new Set([
  'TZ',
  'OF',
  'A.D.',
  'AD',
  'B.C.',
  'BC',
  'MONTH',
  'MON',
  'DAY',
  'DY',
  'D',
  'ID',
  'TZH',
  'TZM',
]);

/** The year as people count it: 1 BC is 1 again. */
function shownYear(fields: Fields): number {
  return fields.isInterval || fields.year > 0 ? fields.year : -(fields.year - 1);
}

function isoPartsOf({ year, month, day }: Fields): IsoParts {
  return isoPartsOfInterval(year, month, day);
}

function shownIsoYear(fields: Fields): number {
  if (fields.isInterval) return isoPartsOf(fields).year;
  const year = isoYear(fields.days);
  return year > 0 ? year : -(year - 1);
}

/** A name in the case of its keyword: MONTH, Month or month. */
function inCaseOf(keyword: string, name: string): string {
  if (keyword === keyword.toUpperCase()) return name.toUpperCase();
  return keyword === keyword.toLowerCase() ? name.toLowerCase() : name;
}

function padded(node: PatternNode, text: string, width: number): string {
  return node.fillMode || node.translated ? text : text.padEnd(width);
}

/** A piece of a pattern: what stands before a field, and the field. */
interface Piece {
  readonly text: string;
  readonly write: (fields: Fields) => string;
}

const pieces = new WeakMap<readonly PatternNode[], readonly Piece[]>();
let lastNodes: readonly PatternNode[] = [];
let lastPieces: readonly Piece[] = [];

/** Patterns are kept, and so are their pieces. */
function piecesOf(nodes: readonly PatternNode[]): readonly Piece[] {
  if (nodes === lastNodes) return lastPieces;
  let known = pieces.get(nodes);
  if (known === undefined) {
    known = cutInPieces(nodes);
    pieces.set(nodes, known);
  }
  lastNodes = nodes;
  lastPieces = known;
  return known;
}

function cutInPieces(nodes: readonly PatternNode[]): Piece[] {
  const result: Piece[] = [];
  let text = '';
  for (const node of nodes) {
    if (node.kind !== 'keyword') text += node.text;
    else {
      result.push({ text, write: fieldWriter(node) });
      text = '';
    }
  }
  if (text !== '') result.push({ text, write: () => '' });
  return result;
}

function fieldWriter(node: PatternNode): (fields: Fields) => string {
  const name = node.keyword.toUpperCase();
  const usual = node.fillMode || node.ordinal !== '' ? undefined : USUAL_FIELDS[name];
  if (usual !== undefined) return usual;
  const needsCalendar = NEEDS_CALENDAR.has(name);
  return (fields) => {
    if (needsCalendar && fields.isInterval) throw invalidForInterval();
    return writeName(fields, node, name) ?? withOrdinal(writeNumber(fields, node, name), node);
  };
}

const TWO_DIGITS = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'));

/** A place for the sign is counted besides. */
function twoDigits(value: number): string {
  return value >= 0 && value < 100 ? TWO_DIGITS[value] : zeroPadded(value, value < 0 ? 3 : 2);
}

/** What the functions below give, said shorter for the fields of which most patterns are made. */
const USUAL_FIELDS: { readonly [name: string]: (fields: Fields) => string } = {
  HH24: ({ hour }) => twoDigits(hour),
  MI: ({ minute }) => twoDigits(minute),
  SS: ({ second }) => twoDigits(second),
  MM: ({ month }) => twoDigits(month),
  DD: ({ day }) => (day >= 0 ? twoDigits(day) : zeroPadded(day, 2)),
  YYYY(fields) {
    const year = shownYear(fields);
    return year >= 1000 && year <= 9999 ? String(year) : zeroPadded(year, year < 0 ? 5 : 4);
  },
};

function write(fields: Fields, nodes: readonly PatternNode[]): string {
  let result = '';
  for (const piece of piecesOf(nodes)) result += piece.text + piece.write(fields);
  return result;
}

function withOrdinal(digits: string, node: PatternNode): string {
  return node.ordinal === '' || digits === '' ? digits : digits + ordinalSuffix(digits, node.ordinal === 'TH');
}

/** Keywords that print words; null for the others. */
function writeName(fields: Fields, node: PatternNode, name: string): string | null {
  const { keyword } = node;
  const { month, year } = fields;
  switch (name) {
    case 'FX':
      return '';
    case 'A.M.':
    case 'P.M.':
      return inCaseOf(keyword, fields.hour % 24 >= 12 ? 'P.M.' : 'A.M.');
    case 'AM':
    case 'PM':
      return inCaseOf(keyword, fields.hour % 24 >= 12 ? 'PM' : 'AM');
    case 'A.D.':
    case 'B.C.':
      return inCaseOf(keyword, year <= 0 ? 'B.C.' : 'A.D.');
    case 'AD':
    case 'BC':
      return inCaseOf(keyword, year <= 0 ? 'BC' : 'AD');
    case 'TZ':
      return keyword === 'tz' ? fields.zoneName.toLowerCase() : fields.zoneName;
    case 'TZH':
      return `${fields.offset >= 0 ? '+' : '-'}${zeroPadded(Math.trunc(Math.abs(fields.offset) / 3600), 2)}`;
    case 'TZM':
      return zeroPadded(Math.trunc((Math.abs(fields.offset) % 3600) / 60), 2);
    case 'OF':
      return offsetText(fields.offset, node.fillMode);
    case 'MONTH':
      return padded(node, inCaseOf(keyword, MONTHS[month - 1]), 9);
    case 'MON':
      return inCaseOf(keyword, MONTHS[month - 1].slice(0, 3));
    case 'DAY':
      return padded(node, inCaseOf(keyword, DAYS[dayOfWeek(fields.days)]), 9);
    case 'DY':
      return inCaseOf(keyword, DAYS[dayOfWeek(fields.days)].slice(0, 3));
    case 'RM':
      return romanMonth(fields, node);
    default:
      return null;
  }
}

function offsetText(offset: number, fillMode: boolean): string {
  const hours = Math.trunc(Math.abs(offset) / 3600);
  const minutes = Math.trunc((Math.abs(offset) % 3600) / 60);
  const sign = offset >= 0 ? '+' : '-';
  const tail = Math.abs(offset) % 3600 !== 0 ? `:${zeroPadded(minutes, 2)}` : '';
  return `${sign}${zeroPadded(hours, fillMode ? 0 : 2)}${tail}`;
}

function romanMonth({ month, year }: Fields, node: PatternNode): string {
  if (month === 0 && year === 0) return '';
  let index: number;
  if (month === 0) index = year >= 0 ? 0 : 11;
  else if (month < 0) index = -(month + 1);
  else index = 12 - month;
  const text = inCaseOf(node.keyword, ROMAN_MONTHS[index]);
  return node.fillMode ? text : text.padEnd(4);
}

/** Keywords that print a number. */
function writeNumber(fields: Fields, node: PatternNode, name: string): string {
  const { hour, micros } = fields;
  // Widths count a place for the sign of a negative number.
  const number = (value: number, width: number): string =>
    zeroPadded(value, node.fillMode ? 0 : value < 0 ? width + 1 : width);
  switch (name) {
    case 'HH':
    case 'HH12':
      return zeroPadded(hour % 12 === 0 ? 12 : hour % 12, node.fillMode ? 0 : hour >= 0 ? 2 : 3);
    case 'HH24':
      return number(hour, 2);
    case 'MI':
      return number(fields.minute, 2);
    case 'SS':
      return number(fields.second, 2);
    case 'MS':
    case 'FF3':
      return zeroPadded(Math.trunc(micros / 1000), 3);
    case 'US':
    case 'FF6':
      return zeroPadded(micros, 6);
    case 'FF1':
    case 'FF2':
    case 'FF4':
    case 'FF5': {
      const digits = Number(name[2]);
      return zeroPadded(Math.trunc(micros / 10 ** (6 - digits)), digits);
    }
    case 'SSSS':
    case 'SSSSS':
      return String(hour * 3600 + fields.minute * 60 + fields.second);
    default:
      return writeDateNumber(fields, node, name, number);
  }
}

function writeDateNumber(
  fields: Fields,
  node: PatternNode,
  name: string,
  number: (value: number, width: number) => string,
): string {
  const { month, day, days } = fields;
  switch (name) {
    case 'MM':
      return number(month, 2);
    case 'DD':
      return zeroPadded(day, node.fillMode ? 0 : 2);
    case 'DDD':
      return zeroPadded(fields.dayOfYear, node.fillMode ? 0 : 3);
    case 'IDDD':
      return zeroPadded(fields.isInterval ? isoPartsOf(fields).dayOfYear : isoDayOfYear(days), node.fillMode ? 0 : 3);
    case 'D':
      return String(dayOfWeek(days) + 1);
    case 'ID':
      return String(dayOfWeek(days) || 7);
    case 'WW':
      return zeroPadded(Math.trunc((fields.dayOfYear - 1) / 7) + 1, node.fillMode ? 0 : 2);
    case 'IW':
      return zeroPadded(fields.isInterval ? isoPartsOf(fields).week : isoWeek(days), node.fillMode ? 0 : 2);
    case 'W':
      return String(Math.trunc((day - 1) / 7) + 1);
    case 'Q':
      return month === 0 ? '' : String(Math.trunc((month - 1) / 3) + 1);
    case 'J':
      return String(days + EPOCH_JULIAN);
    case 'CC':
      return number(century(fields), 2);
    case 'Y,YYY': {
      const shown = shownYear(fields);
      const thousands = Math.trunc(shown / 1000);
      return `${thousands},${zeroPadded(shown - thousands * 1000, 3)}`;
    }
    default:
      return writeYear(fields, name.startsWith('I') ? shownIsoYear(fields) : shownYear(fields), name.length, node);
  }
}

/** YYYY, YYY, YY, Y and their ISO twins: the last digits of the year. */
function writeYear(fields: Fields, shown: number, digits: number, node: PatternNode): string {
  const value = digits === 4 ? shown : shown % 10 ** digits;
  if (digits === 1) return String(value);
  // A place for the sign of the year itself, whichever year is shown.
  return zeroPadded(value, node.fillMode ? 0 : shownYear(fields) < 0 ? digits + 1 : digits);
}

function century({ isInterval, year }: Fields): number {
  if (isInterval) return Math.trunc(year / 100);
  if (year > 0) return Math.trunc((year - 1) / 100) + 1;
  return Math.trunc(year / 100) - 1;
}

export const datetimeFormatFunctions: FunctionModule = {
  plain: {
    timestamp_to_char(value: Timestamp, format: string) {
      if (format === '' || isInfinite(value)) return null;
      return write(new TimestampFields(value, 0, ''), parsePattern(format, DATE_PATTERNS));
    },
    interval_to_char(span: Interval, format: string) {
      if (format === '') return null;
      return write(intervalFields(span), parsePattern(format, DATE_PATTERNS));
    },
  },
  contextual: {
    timestamptz_to_char(context, value: Timestamp, format: string) {
      if (format === '' || isInfinite(value)) return null;
      const zone = contextZone(context);
      const offset = zone.offsetAt(value);
      const local = addMicros(value, offset * MICROS_PER_SECOND);
      const fields = new TimestampFields(local, offset, zone.abbreviationAt(value));
      return write(fields, parsePattern(format, DATE_PATTERNS));
    },
  },
};
