/**
 * Gives the fields of a date or time their meaning, one after another: a number's depends on its length, on what has been
 * found before it, on the words beside it, and on DateOrder. After PostgreSQL's DecodeDateTime and DecodeTimeOnly, whose
 * choices are their own specification.
 *
 * Long, as each field's meaning hangs on those before it; PostgreSQL's is one file, too.
 */
import { sqlError } from '../errors.ts';
import type { FormatSettings } from '../settings.ts';
import {
  addMicros,
  DAY_MICROS,
  datePart,
  dayOfMicros,
  daysInMonth,
  daysOfDate,
  EPOCH_JULIAN,
  joinMicros,
  SECOND_MICROS,
  splitDays,
  timeOfMicros,
} from './calendar.ts';
import {
  badFormat,
  type DateWord,
  dateWord,
  type Field,
  fieldOverflow,
  isAlpha,
  isDigit,
  leadingInteger,
  ParseFailure,
  parseFraction,
  type ReservedWord,
  rint,
  type Unit,
} from './tokens.ts';
import { abbreviatedZone, abbreviationByName, sessionZone, type Zone, zoneByName } from './zone.ts';

/** Which parts are known, as bits. */
const YEAR = 1;
const MONTH = 2;
const DAY = 4;
const TZ = 8;
const DAYLIGHT = 16;
const HOUR = 32;
const MINUTE = 64;
const SECOND = 128;
const FRACTION = 256;
const DAY_OF_YEAR = 512;
const WEEKDAY = 1024;
const MERIDIEM = 2048;
const ERA = 4096;
/** A word that stands for a moment by itself: whatever else is said, that is the moment. */
const SPECIAL = 8192;
const DATE_PARTS = YEAR | MONTH | DAY;
const SECONDS_PARTS = SECOND | FRACTION;
const TIME_PARTS = HOUR | MINUTE | SECONDS_PARTS;

/** What was read. A wall-clock time, with the offset of its zone, seconds east. */
export class DecodedTime {
  /** An ordinary one, or a word that stands for a moment by itself. */
  kind: 'time' | 'epoch' | 'infinity' | '-infinity' = 'time';
  year = 0;
  month = 0;
  day = 0;
  hour = 0;
  minute = 0;
  second = 0;
  /** Microseconds of the second, up to a million. */
  fraction = 0;
  offset = 0;
}

export function hourTime(time: DecodedTime): number {
  return ((time.hour * 60 + time.minute) * 60 + time.second) * SECOND_MICROS + time.fraction;
}

class Decoder {
  readonly fields: readonly Field[];
  readonly settings: FormatSettings;
  readonly time = new DecodedTime();
  known = 0;
  isTwoDigits = false;
  isBc = false;
  isJulian = false;
  dayOfYear = 0;
  meridiem: 'am' | 'pm' | undefined;
  zone: Zone | undefined;
  zoneAbbreviation: string | undefined;
  hasTextMonth = false;
  /** The unit that the word before gave the next field. */
  unit: Unit | undefined;

  constructor(fields: readonly Field[], settings: FormatSettings) {
    this.fields = fields;
    this.settings = settings;
  }

  /** Marks parts as found; a part found twice is an error. */
  found(parts: number): void {
    if ((parts & this.known) !== 0) throw badFormat();
    this.known |= parts;
  }

  /** Wall-clock time of the transaction's start. */
  localNow(): number {
    const { now, timeZone } = this.settings;
    return addMicros(now, sessionZone(timeZone).offsetAt(now) * SECOND_MICROS) as number;
  }

  setDays(days: number): void {
    splitDays(days);
    this.time.year = datePart.year;
    this.time.month = datePart.month;
    this.time.day = datePart.day;
  }

  setTimeOfDay(micros: number): void {
    const { time } = this;
    const seconds = Math.floor(micros / SECOND_MICROS);
    time.fraction = micros - seconds * SECOND_MICROS;
    time.second = seconds % 60;
    time.minute = Math.floor(seconds / 60) % 60;
    time.hour = Math.floor(seconds / 3600);
  }

  namedZone(name: string): void {
    const zone = zoneByName(name);
    if (zone === undefined) throw sqlError('22023', `time zone "${name}" not recognized`);
    this.zone = zone;
  }

  /** A date with separators in it. Answers the parts it has. */
  decodeDate(text: string): number {
    const pieces: string[] = [];
    for (let i = 0; i < text.length; ) {
      while (i < text.length && !isDigit(text.charCodeAt(i)) && !isAlpha(text.charCodeAt(i))) i++;
      if (i >= text.length) throw badFormat();
      const start = i;
      const isPiece = isDigit(text.charCodeAt(i)) ? isDigit : isAlpha;
      while (i < text.length && isPiece(text.charCodeAt(i))) i++;
      pieces.push(text.slice(start, i));
      // One character between two pieces is dropped, even if it might begin the next one, as in 1999jan08.
      i++;
    }
    let known = this.known;
    let parts = 0;
    let hasTextMonth = false;
    const numbers: string[] = [];
    for (const piece of pieces) {
      if (!isAlpha(piece.charCodeAt(0))) {
        numbers.push(piece);
        continue;
      }
      const word = dateWord(piece);
      if (word?.kind === 'ignored') continue;
      if (word?.kind !== 'month' || (known & MONTH) !== 0) throw badFormat();
      this.time.month = word.value;
      hasTextMonth = true;
      known |= MONTH;
      parts |= MONTH;
    }
    for (const piece of numbers) {
      const found = this.decodeNumber(piece, hasTextMonth, known);
      if ((known & found) !== 0) throw badFormat();
      known |= found;
      parts |= found;
    }
    if ((known & ~(DAY_OF_YEAR | TZ)) !== DATE_PARTS) throw badFormat();
    return parts;
  }

  /** A number by itself: which part it is follows from the parts that are known. */
  decodeNumber(text: string, hasTextMonth: boolean, known: number): number {
    const { time } = this;
    const { value, end } = leadingInteger(text, 0);
    if (end === 0) throw badFormat();
    if (text[end] === '.') {
      if (end > 2) return this.decodeRunTogether(text, known | DATE_PARTS);
      time.fraction = rint(parseFraction(text.slice(end)) * SECOND_MICROS);
    } else if (end < text.length) throw badFormat();
    const digits = text.length;
    if (digits === 3 && (known & DATE_PARTS) === YEAR && value >= 1 && value <= 366) {
      this.dayOfYear = value;
      return DAY_OF_YEAR | MONTH | DAY;
    }
    if ((known & DATE_PARTS) === (YEAR | MONTH) && hasTextMonth && digits >= 3 && this.isTwoDigits) {
      // What was taken for the year is the day: 08-Jan-1999 in YMD order.
      time.day = time.year;
      time.year = value;
      this.isTwoDigits = false;
      return DAY;
    }
    const part = this.#partOfNumber(digits, hasTextMonth, known);
    if (part < 0) return this.decodeRunTogether(text, known);
    if (part === YEAR) {
      time.year = value;
      this.isTwoDigits = digits <= 2;
    } else if (part === MONTH) time.month = value;
    else time.day = value;
    return part;
  }

  /** YEAR, MONTH or DAY; -1 when the date is complete. */
  #partOfNumber(digits: number, hasTextMonth: boolean, known: number): number {
    const order = this.settings.dateOrder;
    switch (known & DATE_PARTS) {
      case 0:
        if (digits >= 3 || order === 'YMD') return YEAR;
        return order === 'DMY' ? DAY : MONTH;
      case YEAR:
      case DAY:
        return MONTH;
      case MONTH:
        if (!hasTextMonth) return DAY;
        return digits >= 3 || order === 'YMD' ? YEAR : DAY;
      case YEAR | MONTH:
        return DAY;
      case MONTH | DAY:
        return YEAR;
      case DATE_PARTS:
        return -1;
      default:
        throw badFormat();
    }
  }

  /** yyyymmdd, yymmdd, hhmmss, hhmm, each with a fraction of a second if it is a time. */
  decodeRunTogether(text: string, known: number): number {
    const { time } = this;
    let digits = text;
    const point = text.indexOf('.');
    if (point >= 0) {
      const fraction = Number.parseFloat(text.slice(point));
      time.fraction = Number.isNaN(fraction) ? 0 : rint(fraction * SECOND_MICROS);
      digits = text.slice(0, point);
    } else if ((known & DATE_PARTS) !== DATE_PARTS && digits.length >= 6) {
      const { length } = digits;
      time.day = Number(digits.slice(length - 2));
      time.month = Number(digits.slice(length - 4, length - 2));
      time.year = asInt4(digits.slice(0, length - 4));
      if (length - 4 === 2) this.isTwoDigits = true;
      return DATE_PARTS;
    }
    if ((known & TIME_PARTS) !== TIME_PARTS && (digits.length === 6 || digits.length === 4)) {
      time.hour = Number(digits.slice(0, 2));
      time.minute = Number(digits.slice(2, 4));
      time.second = digits.length === 6 ? Number(digits.slice(4)) : 0;
      return TIME_PARTS;
    }
    throw badFormat();
  }

  decodeTime(text: string): number {
    const parsed = parseClock(text, false);
    this.time.hour = parsed.hour;
    this.time.minute = parsed.minute;
    this.time.second = parsed.second;
    this.time.fraction = parsed.fraction;
    return TIME_PARTS;
  }

  /** The field after a word such as y, m, d, h, j or t. */
  decodeLabelled(text: string, unit: Unit): number {
    const { time } = this;
    const { value, end } = leadingInteger(text, 0);
    const rest = text.slice(end);
    if (rest.startsWith('.')) {
      if (unit !== 'julian' && unit !== 'time' && unit !== 'second') throw badFormat();
    } else if (rest !== '') throw badFormat();
    switch (unit) {
      case 'year':
        time.year = value;
        return YEAR;
      case 'month':
        // After a month and an hour, m means minutes.
        if ((this.known & (MONTH | HOUR)) === (MONTH | HOUR)) {
          time.minute = value;
          return MINUTE;
        }
        time.month = value;
        return MONTH;
      case 'day':
        time.day = value;
        return DAY;
      case 'hour':
        time.hour = value;
        return HOUR;
      case 'minute':
        time.minute = value;
        return MINUTE;
      case 'second':
        time.second = value;
        if (rest === '') return SECOND;
        time.fraction = rint(parseFraction(rest) * SECOND_MICROS);
        return SECONDS_PARTS;
      case 'julian':
        if (value < 0) throw fieldOverflow();
        this.setDays(value - EPOCH_JULIAN);
        this.isJulian = true;
        if (rest === '') return DATE_PARTS;
        this.setTimeOfDay(Math.trunc(parseFraction(rest) * DAY_MICROS));
        return DATE_PARTS | TIME_PARTS;
      case 'time': {
        const parts = this.decodeRunTogether(text, this.known | DATE_PARTS);
        if (parts !== TIME_PARTS) throw badFormat();
        return parts;
      }
      default:
        throw badFormat();
    }
  }

  /** A date-like field where a date is known already: a zone's name, or hhmmss-zz. */
  decodeTrailing(text: string, known: number): number {
    if (!isDigit(text.charCodeAt(0)) && this.unit === undefined) {
      this.namedZone(text);
      return TZ;
    }
    if (this.unit !== undefined && this.unit !== 'time') throw badFormat();
    this.unit = undefined;
    if ((known & TIME_PARTS) === TIME_PARTS) throw badFormat();
    const dash = text.indexOf('-');
    if (dash < 0) throw badFormat();
    this.time.offset = parseOffset(text.slice(dash));
    return this.decodeRunTogether(text.slice(0, dash), known) | TZ;
  }

  /** What dates and times have in common of a word. Answers the parts found, or the word for the caller to handle. */
  decodeWord(text: string, index: number, isTimeOnly: boolean): number {
    const abbreviation = abbreviationByName(text);
    if (abbreviation !== undefined) {
      if (abbreviation.offset === undefined) {
        this.zone = abbreviatedZone(text, abbreviation.zoneName as string);
        this.zoneAbbreviation = text;
        return TZ;
      }
      this.time.offset = abbreviation.offset;
      return abbreviation.isDaylight ? TZ | DAYLIGHT : TZ;
    }
    const word = dateWord(text);
    if (word === undefined) {
      const zone = zoneByName(text);
      if (zone === undefined) throw badFormat();
      this.zone = zone;
      return TZ;
    }
    switch (word.kind) {
      case 'reserved':
        return isTimeOnly ? this.#reservedTime(word.word) : this.#reservedDate(word.word);
      case 'meridiem':
        this.meridiem = word.isPm ? 'pm' : 'am';
        return MERIDIEM;
      case 'era':
        this.isBc = word.isBc;
        return ERA;
      case 'daylight modifier':
        this.time.offset += 3600;
        return DAYLIGHT;
      case 'unit':
        this.unit = word.unit;
        return 0;
      case 'iso time': {
        if (!isTimeOnly && (this.known & DATE_PARTS) !== DATE_PARTS) throw badFormat();
        const next = this.fields[index + 1]?.type;
        if (next !== 'number' && next !== 'time' && next !== 'date') throw badFormat();
        this.unit = 'time';
        return 0;
      }
      case 'ignored':
        return 0;
      default:
        if (isTimeOnly) throw badFormat();
        return this.#dateOnlyWord(word);
    }
  }

  #dateOnlyWord(word: DateWord): number {
    if (word.kind === 'weekday') return WEEKDAY;
    if (word.kind !== 'month') throw badFormat();
    const { time } = this;
    let parts = MONTH;
    if ((this.known & (MONTH | DAY)) === MONTH && !this.hasTextMonth && time.month >= 1 && time.month <= 31) {
      // The number taken for the month was the day: 8 Jan 1999.
      time.day = time.month;
      parts = DAY;
    }
    this.hasTextMonth = true;
    time.month = word.value;
    return parts;
  }

  #reservedDate(word: ReservedWord): number {
    // The last of such words says what it is: infinity, or a time.
    this.time.kind = 'time';
    switch (word) {
      case 'now': {
        const local = this.localNow();
        const day = dayOfMicros(local);
        this.setDays(day);
        this.setTimeOfDay(timeOfMicros(local, day));
        this.time.offset = sessionZone(this.settings.timeZone).offsetAt(this.settings.now);
        return DATE_PARTS | TIME_PARTS | TZ;
      }
      case 'yesterday':
      case 'today':
      case 'tomorrow':
        this.setDays(dayOfMicros(this.localNow()) + (word === 'today' ? 0 : word === 'tomorrow' ? 1 : -1));
        return DATE_PARTS;
      case 'allballs':
        this.setTimeOfDay(0);
        this.time.offset = 0;
        return TIME_PARTS | TZ;
      default:
        this.time.kind = word;
        return SPECIAL;
    }
  }

  #reservedTime(word: ReservedWord): number {
    if (word === 'now') {
      const local = this.localNow();
      this.setTimeOfDay(timeOfMicros(local, dayOfMicros(local)));
      return TIME_PARTS;
    }
    if (word !== 'allballs') throw badFormat();
    this.setTimeOfDay(0);
    this.time.offset = 0;
    return TIME_PARTS | TZ;
  }

  /** Centuries, eras, days of the year; then months and days must exist. */
  validateDate(): void {
    const { time, known } = this;
    if ((known & YEAR) !== 0 && !this.isJulian) {
      if (this.isBc) {
        if (time.year <= 0) throw fieldOverflow();
        time.year = 1 - time.year;
      } else if (this.isTwoDigits) {
        if (time.year < 0) throw fieldOverflow();
        if (time.year < 70) time.year += 2000;
        else if (time.year < 100) time.year += 1900;
      } else if (time.year <= 0) throw fieldOverflow();
    }
    if ((known & DAY_OF_YEAR) !== 0) this.setDays(daysOfDate(time.year, 1, 1) + this.dayOfYear - 1);
    if ((known & MONTH) !== 0 && (time.month < 1 || time.month > 12)) throw new ParseFailure('month or day');
    if ((known & DAY) !== 0 && (time.day < 1 || time.day > 31)) throw new ParseFailure('month or day');
    if ((known & DATE_PARTS) === DATE_PARTS && time.day > daysInMonth(time.year, time.month)) throw fieldOverflow();
  }

  applyMeridiem(): void {
    if (this.meridiem === undefined) return;
    const { time } = this;
    if (time.hour > 12) throw fieldOverflow();
    if (this.meridiem === 'am' && time.hour === 12) time.hour = 0;
    else if (this.meridiem === 'pm' && time.hour !== 12) time.hour += 12;
  }

  checkTimeOfDay(): void {
    const { time } = this;
    if (time.hour < 0 || time.hour > 24 || time.minute < 0 || time.minute > 59 || hourTime(time) > DAY_MICROS) {
      throw fieldOverflow();
    }
    if (time.second < 0 || time.second > 60 || time.fraction < 0 || time.fraction > SECOND_MICROS)
      throw fieldOverflow();
  }

  /** The offset, where it was not given as a number: of the zone named, or the session's. */
  resolveZone(days: number): void {
    const { time } = this;
    const hasModifier = (this.known & DAYLIGHT) !== 0 && (this.known & TZ) === 0;
    if (this.zone !== undefined) {
      if ((this.known & DAYLIGHT) !== 0) throw badFormat();
      time.offset = this.zone.offsetOfLocal(joinMicros(days, hourTime(time)));
    } else if ((this.known & TZ) === 0) {
      if (hasModifier) throw badFormat();
      time.offset = sessionZone(this.settings.timeZone).offsetOfLocal(joinMicros(days, hourTime(time)));
    }
  }
}

/** [+-]hh, hhmm, hh:mm, hh:mm:ss; seconds east. */
export function parseOffset(text: string): number {
  const sign = text[0];
  if (sign !== '+' && sign !== '-') throw badFormat();
  const match = /^(\d*)(?::(\d*))?(?::(\d*))?/.exec(text.slice(1)) as RegExpExecArray;
  let hours = Number(match[1]);
  let minutes = Number(match[2] ?? 0);
  const seconds = Number(match[3] ?? 0);
  if (match[2] === undefined && text.length > 3 && match[1].length === text.length - 1) {
    minutes = hours % 100;
    hours = Math.floor(hours / 100);
  }
  if (hours > 15 || minutes > 59 || seconds > 59) throw new ParseFailure('displacement');
  if (match[0].length !== text.length - 1) throw badFormat();
  const offset = (hours * 60 + minutes) * 60 + seconds;
  return sign === '-' ? 0 - offset : offset;
}

/** hh:mm, hh:mm:ss, with a fraction; mm:ss.fff. The hour's range is the caller's business. */
export function parseClock(
  text: string,
  isMinuteToSecond: boolean,
): { hour: number; minute: number; second: number; fraction: number } {
  const match = /^(\d*)(?::(\d*))?(?::(\d*))?/.exec(text) as RegExpExecArray;
  if (match[2] === undefined) throw badFormat();
  let hour = Number(match[1]);
  let minute = Number(match[2]);
  let second = Number(match[3] ?? 0);
  const rest = text.slice(match[0].length);
  let fraction = 0;
  if (rest.startsWith('.')) fraction = rint(parseFraction(rest) * SECOND_MICROS);
  else if (rest !== '') throw badFormat();
  if (match[3] === undefined && (rest !== '' || isMinuteToSecond)) {
    second = minute;
    minute = hour;
    hour = 0;
  }
  if (hour > 9007199254 || minute > 59 || second > 60 || fraction > SECOND_MICROS) throw fieldOverflow();
  return { hour, minute, second, fraction };
}

/** A date, with or without a time. */
export function decodeDateTime(fields: readonly Field[], settings: FormatSettings): DecodedTime {
  const decoder = new Decoder(fields, settings);
  fields.forEach((field, i) => {
    decoder.found(decodeDateTimeField(decoder, field, i));
  });
  if (decoder.time.kind === 'time') {
    decoder.validateDate();
    decoder.applyMeridiem();
    if ((decoder.known & DATE_PARTS) !== DATE_PARTS) throw badFormat();
    const { year, month, day } = decoder.time;
    decoder.resolveZone(daysOfDate(year, month, day));
  }
  return decoder.time;
}

function decodeDateTimeField(decoder: Decoder, field: Field, index: number): number {
  const { text } = field;
  const { known, unit } = decoder;
  switch (field.type) {
    case 'date':
      if (unit === 'julian') return decodeJulianZone(decoder, text);
      if (unit !== undefined || (known & (MONTH | DAY)) === (MONTH | DAY)) return decoder.decodeTrailing(text, known);
      return decoder.decodeDate(text);
    case 'time': {
      if (unit !== undefined && unit !== 'time') throw badFormat();
      decoder.unit = undefined;
      const parts = decoder.decodeTime(text);
      decoder.checkTimeOfDay();
      return parts;
    }
    case 'tz':
      decoder.time.offset = parseOffset(text);
      return TZ;
    case 'number': {
      if (unit !== undefined) {
        decoder.unit = undefined;
        return decoder.decodeLabelled(text, unit);
      }
      const point = text.indexOf('.');
      if (point >= 0 && (known & DATE_PARTS) === 0) return decoder.decodeDate(text);
      if (point > 2) return decoder.decodeRunTogether(text, known);
      if (text.length >= 6 && ((known & DATE_PARTS) === 0 || (known & TIME_PARTS) === 0)) {
        return decoder.decodeRunTogether(text, known);
      }
      return decoder.decodeNumber(text, decoder.hasTextMonth, known);
    }
    default:
      return decoder.decodeWord(text, index, false);
  }
}

/** J2451187-08: a Julian day with a zone. */
function decodeJulianZone(decoder: Decoder, text: string): number {
  const { value, end } = leadingInteger(text, 0);
  if (value < 0) throw fieldOverflow();
  decoder.setDays(value - EPOCH_JULIAN);
  decoder.isJulian = true;
  decoder.time.offset = parseOffset(text.slice(end));
  decoder.unit = undefined;
  return DATE_PARTS | TIME_PARTS | TZ;
}

/** A time of day, with or without a zone; a date may come with it, for the zone's sake. */
export function decodeTimeOnly(fields: readonly Field[], settings: FormatSettings): DecodedTime {
  const decoder = new Decoder(fields, settings);
  fields.forEach((field, i) => {
    decoder.found(decodeTimeOnlyField(decoder, field, i));
  });
  decoder.validateDate();
  decoder.applyMeridiem();
  decoder.checkTimeOfDay();
  if ((decoder.known & TIME_PARTS) !== TIME_PARTS) throw badFormat();
  const hasDate = (decoder.known & DATE_PARTS) === DATE_PARTS;
  if (!hasDate && (decoder.known & DATE_PARTS) !== 0) throw badFormat();
  if (decoder.zone !== undefined && decoder.zone.fixedOffset === undefined && !hasDate) {
    // The name of a zone with daylight time says nothing without a date; its abbreviation means today.
    if (decoder.zoneAbbreviation === undefined) throw badFormat();
  }
  const { year, month, day } = decoder.time;
  decoder.resolveZone(hasDate ? daysOfDate(year, month, day) : dayOfMicros(decoder.localNow()));
  return decoder.time;
}

function decodeTimeOnlyField(decoder: Decoder, field: Field, index: number): number {
  const { text } = field;
  const { known, unit, fields } = decoder;
  const last = fields[fields.length - 1].type;
  switch (field.type) {
    case 'date':
      if (index === 0 && fields.length >= 2 && (last === 'date' || fields[1].type === 'time')) {
        return decoder.decodeDate(text);
      }
      return decoder.decodeTrailing(text, known | (isDigit(text.charCodeAt(0)) ? DATE_PARTS : 0));
    case 'time':
      decoder.unit = undefined;
      return decoder.decodeTime(text);
    case 'tz':
      decoder.time.offset = parseOffset(text);
      return TZ;
    case 'number': {
      if (unit !== undefined) {
        decoder.unit = undefined;
        return decoder.decodeLabelled(text, unit);
      }
      const point = text.indexOf('.');
      if (point >= 0) {
        if (index === 0 && fields.length >= 2 && last === 'date') return decoder.decodeDate(text);
        if (point <= 2) throw badFormat();
        return decoder.decodeRunTogether(text, known | DATE_PARTS);
      }
      if (text.length > 4) return decoder.decodeRunTogether(text, known | DATE_PARTS);
      return decoder.decodeNumber(text, false, known | DATE_PARTS);
    }
    default:
      return decoder.decodeWord(text, index, true);
  }
}

/** As atoi() reads it: cut to 64 bits at the limit, and to 32 by leaving out the rest. */
function asInt4(digits: string): number {
  if (digits.length < 10) return Number(digits);
  const value = BigInt(digits);
  return Number(BigInt.asIntN(32, value > INT8_MAX ? INT8_MAX : value));
}

const INT8_MAX = 9223372036854775807n;
