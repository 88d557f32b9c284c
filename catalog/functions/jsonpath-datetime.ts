/** The .datetime() of jsonpath: what it reads, how its values compare, and their text in JSON. */
import { compareNumbers, compareTimeTz } from '../../types/compare.ts';
import { addMicros, TIMESTAMP_DAYS_END } from '../../types/datetime/calendar.ts';
import { offsetText, outputDate, outputTime, outputTimestamp } from '../../types/datetime/output.ts';
import { TimeTz } from '../../types/datetime/time-tz.ts';
import { formatType, OID, SqlError, sqlError } from '../../types/index.ts';
import { DEFAULT_FORMAT } from '../../types/settings.ts';
import type { FunctionContext } from '../function-entry.ts';
import {
  joinTimestamp,
  localToUtc,
  MICROS_PER_SECOND,
  splitTimestamp,
  type Timestamp,
  utcToLocal,
} from './datetime-core.ts';
import type { PatternNode } from './format-pattern.ts';
import { readTyped, standardTemplate, type TypedDatetime } from './parse-datetime.ts';
import { contextZone } from './zones.ts';

/** An item that is a date or time: text to everybody who does not ask, and of another type than texts. */
export class DatetimeItem {
  readonly typed: TypedDatetime;

  constructor(typed: TypedDatetime) {
    this.typed = typed;
  }

  /** As .type() calls it. */
  get typeName(): string {
    return formatType(this.typed.typeOid);
  }

  /** In the form of XML Schema: 2020-01-02T03:04:05.5+05:00. */
  toString(): string {
    const { typeOid, value, offset } = this.typed;
    switch (typeOid) {
      case OID.DATE:
        return outputDate(value as number, DEFAULT_FORMAT);
      case OID.TIME:
        return outputTime(value as number);
      case OID.TIMETZ:
        return outputTime((value as TimeTz).micros) + xsdOffset((value as TimeTz).offset);
      case OID.TIMESTAMP:
        return xsdTimestamp(value as Timestamp, '');
      default:
        return xsdTimestamp(addMicros(value as Timestamp, offset * MICROS_PER_SECOND), xsdOffset(offset));
    }
  }
}

/** Minutes are always there. */
function xsdOffset(offset: number): string {
  const text = offsetText(offset);
  return text.length === 3 ? `${text}:00` : text;
}

/** " BC" stands behind the zone. */
function xsdTimestamp(local: Timestamp, zone: string): string {
  const text = outputTimestamp(local, DEFAULT_FORMAT).replace(' ', 'T');
  return text.endsWith(' BC') ? `${text.slice(0, -3)}${zone} BC` : text + zone;
}

const DATE = 'yyyy-mm-dd';
const CLOCKS = ['HH24:MI:SS.US', 'HH24:MI:SS'];
const ZONES = ['TZH:TZM', 'TZH'];
const ZONED_CLOCKS = CLOCKS.flatMap((clock) => ZONES.map((zone) => clock + zone));

/** The forms of SQL/JSON and of ISO 8601 that a text without a template may have. The first that fits is taken. */
const ISO_TEMPLATES = [
  DATE,
  ...ZONED_CLOCKS,
  ...CLOCKS,
  ...[' ', '"T"'].flatMap((separator) => ZONED_CLOCKS.map((clock) => DATE + separator + clock)),
  ...[' ', '"T"'].flatMap((separator) => CLOCKS.map((clock) => DATE + separator + clock)),
].map(standardTemplate);

/** Throws what is wrong with the text; the template itself is the path's and has been looked at before. */
export function readDatetime(text: string, template: readonly PatternNode[] | null): DatetimeItem {
  if (template !== null) return new DatetimeItem(readTyped(text, template));
  for (const each of ISO_TEMPLATES) {
    try {
      return new DatetimeItem(readTyped(text, each));
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }
  throw sqlError('22031', `datetime format is not recognized: "${text}"`, {
    hint: 'Use a datetime template argument to specify the input data format.',
  });
}

function needsZone(context: FunctionContext | null, from: string, to: string): FunctionContext {
  if (context !== null) return context;
  throw sqlError('0A000', `cannot convert value from ${from} to ${to} without time zone usage`, {
    hint: 'Use *_tz() function for time zone support.',
  });
}

/** A date or timestamp as a moment of the session's zone. */
function asMoment({ typeOid, value }: TypedDatetime, context: FunctionContext | null): Timestamp {
  if (typeOid === OID.TIMESTAMPTZ) return value as Timestamp;
  const from = typeOid === OID.DATE ? 'date' : 'timestamp';
  const zone = contextZone(needsZone(context, from, 'timestamptz'));
  const local = asTimestamp(value as Timestamp, typeOid);
  return local === Infinity ? local : localToUtc(local, zone);
}

/** Dates go on where timestamps have ended: later than all of them. */
function asTimestamp(value: Timestamp, typeOid: number): Timestamp {
  if (typeOid !== OID.DATE) return value;
  return Number(value) >= TIMESTAMP_DAYS_END ? Infinity : joinTimestamp(value as number, 0);
}

/** A time has the offset of the session's zone today. */
function asTimeTz({ value }: TypedDatetime, context: FunctionContext | null): TimeTz {
  if (value instanceof TimeTz) return value;
  const used = needsZone(context, 'time', 'timetz');
  const zone = contextZone(used);
  const today = splitTimestamp(utcToLocal(used.transactionTimestamp, zone)).days;
  return new TimeTz(Number(value), zone.offsetOfLocal(joinTimestamp(today, Number(value))));
}

const isTimeOfDay = (oid: number): boolean => oid === OID.TIME || oid === OID.TIMETZ;

/** Null: not to be compared. `context`: of a function that may use the session's time zone. */
export function compareDatetimes(
  { typed: a }: DatetimeItem,
  { typed: b }: DatetimeItem,
  context: FunctionContext | null,
): number | null {
  if (isTimeOfDay(a.typeOid) !== isTimeOfDay(b.typeOid)) return null;
  if (isTimeOfDay(a.typeOid)) {
    if (a.typeOid === OID.TIME && b.typeOid === OID.TIME) return (a.value as number) - (b.value as number);
    return compareTimeTz(asTimeTz(a, context), asTimeTz(b, context));
  }
  if (a.typeOid === OID.TIMESTAMPTZ || b.typeOid === OID.TIMESTAMPTZ) {
    return compareNumbers(asMoment(a, context), asMoment(b, context));
  }
  return compareNumbers(asTimestamp(a.value as Timestamp, a.typeOid), asTimestamp(b.value as Timestamp, b.typeOid));
}
