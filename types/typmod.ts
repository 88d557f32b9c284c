/**
 * Type modifiers as PostgreSQL encodes them in attypmod: numeric (p << 16 | s) + 4, character types n + 4, times their
 * precision, interval (fields << 16 | precision), bit its length. -1 is "none" everywhere.
 */
import { sqlError } from './errors.ts';
import { OID } from './oid.ts';

export const NUMERIC_PRECISION_MAX = 1000;
const NUMERIC_SCALE_MIN = -1000;
const NUMERIC_SCALE_MAX = 1000;
const CHAR_LENGTH_MAX = 10485760;

/** Scale is signed, 11 bits. */
export function encodeNumericTypmod(precision: number, scale: number): number {
  if (precision < 1 || precision > NUMERIC_PRECISION_MAX) {
    throw sqlError('22023', `NUMERIC precision ${precision} must be between 1 and ${NUMERIC_PRECISION_MAX}`);
  }
  if (scale < NUMERIC_SCALE_MIN || scale > NUMERIC_SCALE_MAX) {
    throw sqlError('22023', `NUMERIC scale ${scale} must be between ${NUMERIC_SCALE_MIN} and ${NUMERIC_SCALE_MAX}`);
  }
  return ((precision << 16) | (scale & 0x7ff)) + 4;
}

export function numericPrecision(typmod: number): number {
  return ((typmod - 4) >> 16) & 0xffff;
}

export function numericScale(typmod: number): number {
  return (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
}

/** varchar(n), char(n): n characters. */
export function encodeCharTypmod(typeOid: number, length: number): number {
  const name = typeOid === OID.BPCHAR ? 'char' : 'varchar';
  if (length < 1) throw sqlError('22023', `length for type ${name} must be at least 1`);
  if (length > CHAR_LENGTH_MAX) throw sqlError('22023', `length for type ${name} cannot exceed ${CHAR_LENGTH_MAX}`);
  return length + 4;
}

export function charLength(typmod: number): number {
  return typmod - 4;
}

/** Precision of time, timetz, timestamp, timestamptz: 0..6. Larger ones are reduced to 6 (PostgreSQL warns). */
export function encodeTimeTypmod(precision: number, describe: string): number {
  if (precision < 0) throw sqlError('22023', `${describe.toUpperCase()} precision must not be negative`);
  return Math.min(precision, 6);
}

export const INTERVAL_MONTH = 1 << 1;
export const INTERVAL_YEAR = 1 << 2;
export const INTERVAL_DAY = 1 << 3;
export const INTERVAL_HOUR = 1 << 10;
export const INTERVAL_MINUTE = 1 << 11;
export const INTERVAL_SECOND = 1 << 12;
export const INTERVAL_FULL_RANGE = 0x7fff;
export const INTERVAL_FULL_PRECISION = 0xffff;

const INTERVAL_FIELDS: ReadonlyMap<number, string> = new Map([
  [INTERVAL_YEAR, 'year'],
  [INTERVAL_MONTH, 'month'],
  [INTERVAL_DAY, 'day'],
  [INTERVAL_HOUR, 'hour'],
  [INTERVAL_MINUTE, 'minute'],
  [INTERVAL_SECOND, 'second'],
  [INTERVAL_YEAR | INTERVAL_MONTH, 'year to month'],
  [INTERVAL_DAY | INTERVAL_HOUR, 'day to hour'],
  [INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE, 'day to minute'],
  [INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND, 'day to second'],
  [INTERVAL_HOUR | INTERVAL_MINUTE, 'hour to minute'],
  [INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND, 'hour to second'],
  [INTERVAL_MINUTE | INTERVAL_SECOND, 'minute to second'],
]);

/** `fields` is a set of INTERVAL_* bits or INTERVAL_FULL_RANGE; `precision` null for none. */
export function encodeIntervalTypmod(fields: number, precision: number | null): number {
  if (precision === null) return fields === INTERVAL_FULL_RANGE ? -1 : (fields << 16) | INTERVAL_FULL_PRECISION;
  if (precision < 0) throw sqlError('22023', `INTERVAL(${precision}) precision must not be negative`);
  return (fields << 16) | (precision > 6 ? 6 : precision);
}

export function intervalFields(typmod: number): number {
  return typmod < 0 ? INTERVAL_FULL_RANGE : (typmod >> 16) & 0x7fff;
}

export function intervalPrecision(typmod: number): number {
  return typmod < 0 ? INTERVAL_FULL_PRECISION : typmod & 0xffff;
}

/** The fields of "interval year to month", from the words; 0 when there is no such combination. */
export function intervalFieldsByName(name: string): number {
  for (const [fields, text] of INTERVAL_FIELDS) if (text === name) return fields;
  return 0;
}

/** The SQL name with a modifier (not negative); other types ignore it. */
export function formatTypmod(oid: number, displayName: string, typmod: number): string {
  switch (oid) {
    case OID.BPCHAR:
    case OID.VARCHAR:
      return typmod > 4 ? `${displayName}(${typmod - 4})` : displayName;
    case OID.BIT:
    case OID.VARBIT:
      return `${displayName}(${typmod})`;
    case OID.NUMERIC:
      return typmod >= 4 ? `numeric(${numericPrecision(typmod)},${numericScale(typmod)})` : displayName;
    case OID.TIME:
      return `time(${typmod}) without time zone`;
    case OID.TIMETZ:
      return `time(${typmod}) with time zone`;
    case OID.TIMESTAMP:
      return `timestamp(${typmod}) without time zone`;
    case OID.TIMESTAMPTZ:
      return `timestamp(${typmod}) with time zone`;
    case OID.INTERVAL:
      return formatInterval(typmod);
    default:
      return displayName;
  }
}

function formatInterval(typmod: number): string {
  const fields = intervalFields(typmod);
  const precision = intervalPrecision(typmod);
  const digits = precision === INTERVAL_FULL_PRECISION ? '' : `(${precision})`;
  if (fields === INTERVAL_FULL_RANGE) return `interval${digits}`;
  const words = INTERVAL_FIELDS.get(fields);
  if (words === undefined) throw sqlError('XX000', `invalid INTERVAL typmod: 0x${typmod.toString(16)}`);
  return `interval ${words}${digits}`;
}
