/**
 * Order, equality and hash keys of the values of a type: the btree order of PostgreSQL's default operator classes under
 * collation C. Values are never null here. A function is asked for once per type, and then called per value.
 */
import { Buffer } from 'node:buffer';
import { type SqlArray, sameNumbers } from './array.ts';
import { collationOfCollatedType } from './collation.ts';
import type { Interval } from './datetime/interval.ts';
import type { TimeTz } from './datetime/time-tz.ts';
import { sqlError } from './errors.ts';
import { compareTsqueries, unweightedTsquery } from './fulltext/tsquery.ts';
import { compareTsvectors } from './fulltext/tsvector.ts';
import { compareHstores } from './hstore.ts';
import { compareJsonb, jsonbHashKey, readJsonb } from './jsonb.ts';
import { toLower } from './letter-case.ts';
import type { Numeric } from './numeric.ts';
import { OID } from './oid.ts';
import { compareMultiranges, compareRanges, RANGE_EMPTY, type SqlMultirange, type SqlRange } from './range.ts';
import type { SqlRecord } from './record.ts';
import { enumOrder, type Representation, representation } from './representation.ts';
import { trimBlanks } from './text.ts';
import { baseTypeOid, formatType, typeByOid } from './type.ts';
import { compareText } from './unicode.ts';
import type { Value } from './value.ts';

export { compareText } from './unicode.ts';

export type Comparator = (a: Value, b: Value) => number;
/** A primitive that a Map or Set takes for the value: the same for equal values, another for others. */
export type HashKey = string | number | boolean | bigint;

/** Numbers, bigints and both mixed. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** NaN equals NaN and is above everything. */
function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function compareAscii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const DAY_MICROS = 86_400_000_000;

/** Whole days of an interval, 30 to the month, with the days in its time part. */
export function intervalDays(value: Interval): number {
  const { micros } = value;
  const days =
    typeof micros === 'number' ? Math.floor(micros / DAY_MICROS) : Number(floorDiv(micros, BigInt(DAY_MICROS)));
  return value.months * 30 + value.days + days;
}

/** What is left of an interval's time part beyond whole days: 0 .. one day, microseconds. */
export function intervalRest(value: Interval): number {
  const { micros } = value;
  if (typeof micros === 'number') return micros - Math.floor(micros / DAY_MICROS) * DAY_MICROS;
  return Number(micros - floorDiv(micros, BigInt(DAY_MICROS)) * BigInt(DAY_MICROS));
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function compareIntervals(a: Interval, b: Interval): number {
  return intervalDays(a) - intervalDays(b) || intervalRest(a) - intervalRest(b);
}

/** By the moment in Greenwich, then the one further west is later. */
export function compareTimeTz(a: TimeTz, b: TimeTz): number {
  return a.micros - a.offset * 1e6 - (b.micros - b.offset * 1e6) || b.offset - a.offset;
}

const SIMPLE: Readonly<Partial<Record<Representation, Comparator>>> = {
  bool: (a: boolean, b: boolean) => Number(a) - Number(b),
  int2: (a: number, b: number) => a - b,
  int4: (a: number, b: number) => a - b,
  uint4: (a: number, b: number) => a - b,
  int8: compareNumbers,
  uint8: compareNumbers,
  date: compareNumbers,
  micros: compareNumbers,
  float4: compareFloats,
  float8: compareFloats,
  numeric: (a: Numeric, b: Numeric) => a.compare(b),
  text: compareText,
  bpchar: (a: string, b: string) => (a === b ? 0 : compareText(trimBlanks(a), trimBlanks(b))),
  citext: (a: string, b: string) => (a === b ? 0 : compareText(toLower(a), toLower(b))),
  hstore: compareHstores,
  bytea: compareBytes,
  uuid: compareAscii,
  timetz: compareTimeTz,
  interval: compareIntervals,
  jsonb: (a: string, b: string) => (a === b ? 0 : compareJsonb(readJsonb(a), readJsonb(b))),
  tid: (a: number, b: number) => a - b,
  tsvector: compareTsvectors,
  tsquery: compareTsqueries,
  address: compareAscii,
  range: compareRanges,
  multirange: compareMultiranges,
};

/** Order of a type's values: negative, 0 or positive. */
export function comparator(oid: number): Comparator {
  const collated = collationOfCollatedType(oid);
  if (collated !== undefined) return collated.compare;
  const kind = representation(oid);
  const simple = SIMPLE[kind];
  if (simple !== undefined) return simple;
  if (kind === 'enum') {
    const order = enumOrder(oid);
    return (a: string, b: string) => order(a) - order(b);
  }
  if (kind === 'record') return compareRecords;
  if (kind === 'geometric') {
    throw sqlError('42883', `could not identify a comparison function for type ${formatType(oid)}`);
  }
  const elementOid = typeByOid(oid)?.elementOid ?? 0;
  const known = elementOid === 0 ? null : comparator(elementOid);
  return (a: SqlArray, b: SqlArray) => compareArrays(a, b, known ?? comparator(a.elementOid));
}

function compareNullable(a: Value, b: Value, compare: Comparator): number {
  if (a === null) return b === null ? 0 : 1;
  return b === null ? -1 : compare(a, b);
}

/** Element by element, nulls above all; then the shorter is less, then dimensions and lower bounds decide. */
function compareArrays(a: SqlArray, b: SqlArray, compare: Comparator): number {
  const common = Math.min(a.elements.length, b.elements.length);
  for (let i = 0; i < common; i++) {
    const order = compareNullable(a.elements[i], b.elements[i], compare);
    if (order !== 0) return order;
  }
  if (a.elements.length !== b.elements.length) return a.elements.length - b.elements.length;
  if (a.dimensions.length !== b.dimensions.length) return a.dimensions.length - b.dimensions.length;
  for (let i = 0; i < a.dimensions.length; i++) {
    if (a.dimensions[i] !== b.dimensions[i]) return a.dimensions[i] - b.dimensions[i];
  }
  for (let i = 0; i < a.dimensions.length; i++) {
    if (a.lowerBounds[i] !== b.lowerBounds[i]) return a.lowerBounds[i] - b.lowerBounds[i];
  }
  return 0;
}

/** Types whose values nobody compares: in a row they are refused when the row is compared. Those of geometry are, too. */
const INCOMPARABLE: ReadonlySet<number> = new Set([OID.JSON, OID.XML, OID.JSONPATH]);

const fieldComparators = new Map<number, Comparator>();

function fieldComparator(oid: number): Comparator {
  // Enums change; what they compare by is looked up again.
  if (representation(oid) === 'enum') return comparator(oid);
  let compare = fieldComparators.get(oid);
  if (compare === undefined) {
    if (INCOMPARABLE.has(baseTypeOid(oid)))
      throw sqlError('42883', `could not identify a comparison function for type ${formatType(oid)}`);
    compare = comparator(oid);
    fieldComparators.set(oid, compare);
  }
  return compare;
}

function compareRecords(a: SqlRecord, b: SqlRecord): number {
  return compareFields(a, b, fieldComparator);
}

/** `=` of records, which asks no more of their fields than `=`. */
function sameRecords(a: SqlRecord, b: SqlRecord): boolean {
  return compareFields(a, b, fieldEquality) === 0;
}

/** Equality of a part of a value; throws 42883 where its type has none. */
function elementEquality(oid: number): (a: Value, b: Value) => boolean {
  if (INCOMPARABLE.has(baseTypeOid(oid)))
    throw sqlError('42883', `could not identify an equality operator for type ${formatType(oid)}`);
  return equality(oid);
}

function sameArrays(a: SqlArray, b: SqlArray, equal: (a: Value, b: Value) => boolean): boolean {
  if (!sameNumbers(a.dimensions, b.dimensions) || !sameNumbers(a.lowerBounds, b.lowerBounds)) return false;
  const x = a.elements;
  const y = b.elements;
  for (let i = 0; i < x.length; i++) {
    if (x[i] === null || y[i] === null ? x[i] !== y[i] : !equal(x[i], y[i])) return false;
  }
  return true;
}

const fieldEqualities = new Map<number, Comparator>();

/** 0 for equal values. */
function fieldEquality(oid: number): Comparator {
  let compare = fieldEqualities.get(oid);
  if (compare === undefined) {
    const equal = elementEquality(oid);
    compare = (a, b) => Number(!equal(a, b));
    fieldEqualities.set(oid, compare);
  }
  return compare;
}

function compareFields(a: SqlRecord, b: SqlRecord, comparatorOf: (oid: number) => Comparator): number {
  const common = Math.min(a.values.length, b.values.length);
  for (let i = 0; i < common; i++) {
    const type = a.typeOids[i];
    if (type !== b.typeOids[i]) {
      throw sqlError(
        '42804',
        `cannot compare dissimilar column types ${formatType(type)} and ${formatType(b.typeOids[i])} at record column ${i + 1}`,
      );
    }
    const order = compareNullable(a.values[i], b.values[i], comparatorOf(type));
    if (order !== 0) return order;
  }
  if (a.values.length !== b.values.length) {
    throw sqlError('42804', 'cannot compare record types with different numbers of columns');
  }
  return 0;
}

/** SQL equality of a type's values, as = and DISTINCT have it. */
export function equality(oid: number): (a: Value, b: Value) => boolean {
  const collated = collationOfCollatedType(oid);
  if (collated?.deterministic === false) return (a, b) => collated.compare(a, b) === 0;
  switch (representation(oid)) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'uint4':
    case 'int8':
    case 'uint8':
    case 'date':
    case 'micros':
    case 'text':
    case 'uuid':
    case 'address':
    case 'enum':
    case 'hstore':
      return (a, b) => a === b;
    case 'citext':
      return (a: string, b: string) => a === b || toLower(a) === toLower(b);
    case 'jsonb':
      return (a, b) => a === b || (mayBeEqualJsonb(a, b) && compareJsonb(readJsonb(a), readJsonb(b)) === 0);
    case 'record':
      return sameRecords;
    case 'array': {
      const elementOid = typeByOid(oid)?.elementOid ?? 0;
      const known = elementOid === 0 ? null : elementEquality(elementOid);
      return (a: SqlArray, b: SqlArray) => sameArrays(a, b, known ?? elementEquality(a.elementOid));
    }
    case 'geometric':
      throw sqlError('42883', `could not identify an equality operator for type ${formatType(oid)}`);
    default: {
      const compare = comparator(oid);
      return (a, b) => compare(a, b) === 0;
    }
  }
}

/**
 * Of different texts in normal form only those stand for one value that differ in zeros behind a fraction, or its point: where they part,
 * one goes on with such a character.
 */
function mayBeEqualJsonb(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  const x = a.charCodeAt(i);
  const y = b.charCodeAt(i);
  return x === 48 || x === 46 || y === 48 || y === 46;
}

const identityKey = (value: Value): HashKey => value;
const floatKey = (value: number): HashKey => value + 0;

/**
 * Keys for Map and Set. Integers of all widths give the same key for the same number, and so do the floats among themselves
 * and numerics that are integers; NaN is its own equal there (SameValueZero).
 */
export function hashKey(oid: number): (value: Value) => HashKey {
  switch (representation(oid)) {
    case 'float4':
    case 'float8':
      return floatKey;
    case 'numeric':
      return (value: Numeric) => value.hashKey();
    case 'bpchar':
      return trimBlanks;
    case 'citext':
      return toLower;
    case 'bytea':
    case 'tsvector':
      return bytesKey;
    case 'tsquery':
      return (value: Uint8Array) => bytesKey(unweightedTsquery(value));
    case 'timetz':
      return (value: TimeTz) => `${value.micros}:${value.offset}`;
    case 'interval':
      return intervalKey;
    case 'jsonb':
      return jsonbHashKey;
    case 'array':
      return arrayKey;
    case 'record':
      return recordKey;
    case 'range':
      return rangeKey;
    case 'multirange':
      return (value: SqlMultirange) => value.ranges.map((range) => partKey(range, rangeKey)).join('');
    default:
      return identityKey;
  }
}

const latin1Slice = Buffer.prototype.latin1Slice as (this: Uint8Array, start: number, end: number) => string;

function bytesKey(value: Uint8Array): string {
  return latin1Slice.call(value, 0, value.length);
}

function intervalKey(value: Interval): HashKey {
  const key = intervalDays(value) * DAY_MICROS + intervalRest(value);
  return Number.isSafeInteger(key) ? key : `${intervalDays(value)}:${intervalRest(value)}`;
}

/** Each part with its length before it, so that no two lists run into one another. */
function partKey(value: Value, keyOf: (value: Value) => HashKey): string {
  if (value === null) return 'n';
  const key = String(keyOf(value));
  return `${key.length}:${key}`;
}

/** Elements are written as texts that say what they are, none with a zero character: their keys need no lengths. */
const PLAIN_ELEMENTS: ReadonlySet<Representation> = new Set([
  'int2',
  'int4',
  'uint4',
  'int8',
  'date',
  'micros',
  'float4',
  'float8',
  'text',
  'uuid',
]);

function arrayKey(value: SqlArray): string {
  const { elements } = value;
  const hasUsualBounds = value.lowerBounds.length <= 1 && (value.lowerBounds[0] ?? 1) === 1;
  let key = hasUsualBounds ? '' : `[${value.dimensions.join()};${value.lowerBounds.join()}]`;
  if (PLAIN_ELEMENTS.has(representation(value.elementOid)) && !elements.includes(null)) {
    return `${key}=${elements.length}:${elements.join('\0')}`;
  }
  const keyOf = hashKey(value.elementOid);
  for (const element of elements) key += partKey(element, keyOf);
  return key;
}

function rangeKey(value: SqlRange): string {
  const { flags, lower, upper, type } = value;
  if ((flags & RANGE_EMPTY) !== 0) return 'e';
  const keyOf = hashKey(type.subtypeOid);
  return `${flags}:${partKey(lower, keyOf)}${partKey(upper, keyOf)}`;
}

function recordKey(value: SqlRecord): string {
  let key = '';
  for (let i = 0; i < value.values.length; i++) key += partKey(value.values[i], hashKey(value.typeOids[i]));
  return key;
}
