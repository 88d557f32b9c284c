/**
 * Index keys: bytes whose unsigned order is the order of comparator(oid), and that are equal exactly when the values are.
 * Parts of a composite key follow one another: each is of fixed length or ends by itself.
 *
 *     part = marker [payload]      marker: 01 a value, 00 null where nulls come first, 02 null where they come last
 *
 * | type | payload |
 * | --- | --- |
 * | bool | 1 byte |
 * | integers, dates, timestamps, time | i64 with its sign bit flipped, big endian; infinities are the extremes |
 * | floats | f64 big endian: sign bit flipped, of negative ones all bits; NaN above all, one zero |
 * | numeric | class (0 -Infinity, 1 negative, 2 zero, 3 positive, 4 Infinity, 5 NaN); for 1 and 3: decimal exponent + 32768 in 3 bytes, digits in pairs + 1, 00; of negative ones all bits flipped |
 * | text | UTF-8, 00 (text has no U+0000) |
 * | bytea | 00 as 00 FF; 00 00 at the end |
 * | tsvector | size, count, each: 00 with positions or 01, lexeme, 00; positions and their number as 65535 - x, u16 |
 * | tsquery | count, size; each node from the root: 00 operator (255 - its code, right side, left side, 65535 - distance), 01 operand (checksum descending, lexeme, 00) |
 * | interval, timetz | two i64 |
 * | array | 01 element or 02 null, each; 00; dimensions and lower bounds |
 * | record | 01 field or 02 null, each |
 * | inet, cidr | family, network, bits, address |
 * | range | 00 empty, 01 then bounds: 00 -infinity, 01 value inclusive?, 02 infinity |
 * | multirange | ranges, 00 |
 * | jsonb | rank, then by kind; sizes first |
 *
 * A descending part has all bits of its payload flipped.
 */
import type { SqlArray } from './array.ts';
import { ByteWriter } from './byte-writer.ts';
import { intervalDays, intervalRest } from './compare.ts';
import type { Interval } from './datetime/interval.ts';
import type { TimeTz } from './datetime/time-tz.ts';
import { sqlError } from './errors.ts';
import { writeTsqueryKey, writeTsvectorKey } from './fulltext/keys.ts';
import { hstoreEnds, hstoreStrings, readHstore } from './hstore.ts';
import { type Jsonb, type JsonbObject, jsonbRank, readJsonb } from './jsonb.ts';
import { toLower } from './letter-case.ts';
import { Numeric } from './numeric.ts';
import { OID } from './oid.ts';
import { isInclusive, LOWER_INFINITE, type SqlMultirange, type SqlRange, UPPER_INFINITE } from './range.ts';
import { rangeType } from './range-type.ts';
import type { SqlRecord } from './record.ts';
import { enumOrder, representation } from './representation.ts';
import { trimBlanks } from './text.ts';
import { formatType, onTypeRegistration, typeByOid } from './type.ts';
import { writeUuid } from './uuid.ts';
import type { Value } from './value.ts';

/** An index over one column of these has number keys (float64), all others have bytes. */
export const NUMBER_KEY_TYPES: ReadonlySet<number> = new Set<number>([
  OID.INT2,
  OID.INT4,
  OID.INT8,
  OID.OID,
  OID.DATE,
  OID.TIME,
  OID.TIMESTAMP,
  OID.TIMESTAMPTZ,
]);

/** Where keys are built: `bytes` up to `length`. Reset it and use it again; `bytes` may be replaced while writing. */
export class KeyWriter extends ByteWriter {}

export type KeyEncoder = (value: Value, writer: KeyWriter) => void;

const MARKER_NULL_FIRST = 0;
export const MARKER_VALUE = 1;
const MARKER_NULL_LAST = 2;

/** Adds a part for a value or null. By default nulls come last, and first when descending. */
export function encodeKeyPart(
  oid: number,
  value: Value,
  writer: KeyWriter,
  descending = false,
  nullsFirst = descending,
): void {
  const index = oid * 4 + (descending ? 2 : 0) + (nullsFirst ? 1 : 0);
  let encoder = encoders.get(index);
  if (encoder === undefined) {
    encoder = keyEncoder(oid, descending, nullsFirst);
    encoders.set(index, encoder);
  }
  encoder(value, writer);
}

const encoders = new Map<number, KeyEncoder>();
onTypeRegistration(() => encoders.clear());

/** The same, with the type decided once. An encoder for an enum is made anew when labels are added. */
export function keyEncoder(oid: number, descending = false, nullsFirst = descending): KeyEncoder {
  const payload = payloadEncoder(oid);
  const nullMarker = nullsFirst ? MARKER_NULL_FIRST : MARKER_NULL_LAST;
  if (descending) {
    return (value, writer) => {
      if (value === null) {
        writer.uint8(nullMarker);
        return;
      }
      writer.uint8(MARKER_VALUE);
      const start = writer.length;
      payload(value, writer);
      flip(writer, start);
    };
  }
  return (value, writer) => {
    if (value === null) {
      writer.uint8(nullMarker);
      return;
    }
    writer.uint8(MARKER_VALUE);
    payload(value, writer);
  };
}

function flip(writer: KeyWriter, start: number): void {
  const { bytes, length } = writer;
  for (let i = start; i < length; i++) bytes[i] = ~bytes[i];
}

/** Whether the type's encoder holds as long as the type is there: that of an enum changes with its labels, and what is made of others may have one. */
export function hasFixedKeys(oid: number): boolean {
  switch (representation(oid)) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'uint4':
    case 'int8':
    case 'date':
    case 'micros':
    case 'float4':
    case 'float8':
    case 'numeric':
    case 'text':
    case 'bpchar':
    case 'citext':
    case 'hstore':
    case 'bytea':
    case 'uuid':
      return true;
    default:
      return false;
  }
}

/** Whether a type's values are text that keys hold as it is: `encodeTextPart` is its encoder, too. */
export function hasTextKeys(oid: number): boolean {
  return representation(oid) === 'text';
}

/** Adds a part for the text bytes[start..end), which is UTF-8 without U+0000. */
export function encodeTextPart(
  bytes: Uint8Array,
  start: number,
  end: number,
  writer: KeyWriter,
  descending: boolean,
): void {
  writer.reserve(end - start + 2);
  const target = writer.bytes;
  let at = writer.length;
  target[at++] = MARKER_VALUE;
  if (descending) {
    for (let i = start; i < end; i++) target[at++] = ~bytes[i];
    target[at++] = 255;
  } else {
    for (let i = start; i < end; i++) target[at++] = bytes[i];
    target[at++] = 0;
  }
  writer.length = at;
}

function payloadEncoder(oid: number): KeyEncoder {
  switch (representation(oid)) {
    case 'bool':
      return (value: boolean, writer) => writer.uint8(value ? 1 : 0);
    case 'int2':
    case 'int4':
    case 'uint4':
    case 'int8':
    case 'date':
    case 'micros':
      return writeOrdered;
    case 'uint8':
      return writeUnsigned;
    case 'float4':
    case 'float8':
      return writeFloat;
    case 'numeric':
      return writeNumeric;
    case 'text':
      return writeText;
    case 'bpchar':
      return (value: string, writer) => writeText(trimBlanks(value), writer);
    case 'citext':
      return (value: string, writer) => writeText(toLower(value), writer);
    case 'hstore':
      return writeHstore;
    case 'bytea':
      return writeBytea;
    case 'uuid':
      return (value: string, writer) => {
        writer.reserve(16);
        writeUuid(value, writer.bytes, writer.length);
        writer.length += 16;
      };
    case 'timetz':
      return (value: TimeTz, writer) => {
        writeOrdered(value.micros - value.offset * 1e6, writer);
        writeOrdered(-value.offset, writer);
      };
    case 'interval':
      return (value: Interval, writer) => {
        writeOrdered(intervalDays(value), writer);
        writeOrdered(intervalRest(value), writer);
      };
    case 'jsonb':
      return (value: string, writer) => writeJsonb(readJsonb(value), writer, true);
    case 'tid':
      return writeOrdered;
    case 'tsvector':
      return writeTsvectorKey;
    case 'tsquery':
      return writeTsqueryKey;
    case 'enum': {
      const order = enumOrder(oid);
      return (value: string, writer) => writeFloat(order(value), writer);
    }
    case 'array': {
      const elementOid = typeByOid(oid)?.elementOid ?? 0;
      const known = elementOid === 0 ? null : keyEncoder(elementOid);
      return (value: SqlArray, writer) => writeArray(value, known ?? keyEncoder(value.elementOid), writer);
    }
    case 'address':
      return (value: string, writer) => {
        for (let i = 0; i < value.length; i++) writer.uint8(value.charCodeAt(i));
      };
    case 'range': {
      const boundOf = boundEncoder(oid);
      return (value: SqlRange, writer) => writeRange(value, boundOf(value), writer);
    }
    case 'multirange': {
      const boundOf = boundEncoder(oid);
      return (value: SqlMultirange, writer) => {
        for (const range of value.ranges) writeRange(range, boundOf(value), writer);
        writer.uint8(0);
      };
    }
    case 'geometric':
      throw sqlError('42883', `could not identify a comparison function for type ${formatType(oid)}`);
    case 'record':
      return (value: SqlRecord, writer) => {
        for (let i = 0; i < value.values.length; i++) encodeKeyPart(value.typeOids[i], value.values[i], writer);
      };
  }
}

/** Sign flipped, so that negative ones come first. */
function writeOrdered(value: number | bigint, writer: KeyWriter): void {
  const start = writer.length;
  writer.int64(value);
  writer.bytes[start] ^= 0x80;
}

function writeUnsigned(value: number | bigint, writer: KeyWriter): void {
  writer.int64(typeof value === 'bigint' ? BigInt.asIntN(64, value) : value);
}

/** For the bounds of a range type; anyrange's and anymultirange's values say themselves what they are. */
function boundEncoder(oid: number): (value: SqlRange | SqlMultirange) => KeyEncoder {
  if (oid === OID.ANYRANGE || oid === OID.ANYMULTIRANGE) return (value) => payloadEncoder(value.type.subtypeOid);
  const bound = payloadEncoder(rangeType(oid).subtypeOid);
  return () => bound;
}

/** The empty range is below all others, as a multirange's end is. */
function writeRange(range: SqlRange, bound: KeyEncoder, writer: KeyWriter): void {
  if (range.isEmpty) {
    writer.uint8(0);
    return;
  }
  writer.uint8(1);
  if ((range.flags & LOWER_INFINITE) !== 0) writer.uint8(0);
  else {
    writer.uint8(1);
    bound(range.lower, writer);
    writer.uint8(isInclusive(range, true) ? 0 : 1);
  }
  if ((range.flags & UPPER_INFINITE) !== 0) writer.uint8(2);
  else {
    writer.uint8(1);
    bound(range.upper, writer);
    writer.uint8(isInclusive(range, false) ? 1 : 0);
  }
}

function writeFloat(value: number, writer: KeyWriter): void {
  const start = writer.length;
  // Adding 0 makes -0 into 0; any NaN becomes the one that the number literal has.
  writer.float64(Number.isNaN(value) ? Number.NaN : value + 0);
  if (writer.bytes[start] < 0x80 || Number.isNaN(value)) writer.bytes[start] |= 0x80;
  else flip(writer, start);
}

function writeText(value: string, writer: KeyWriter): void {
  writer.text(value);
  writer.uint8(0);
}

/** In the order of compareHstores: the empty one first. */
function writeHstore(value: string, writer: KeyWriter): void {
  const pairs = readHstore(value);
  writer.uint8(pairs.size === 0 ? 0 : 1);
  writeText(hstoreStrings(pairs), writer);
  for (const end of hstoreEnds(pairs)) writeOrdered(end, writer);
}

function writeBytea(value: Uint8Array, writer: KeyWriter): void {
  for (const byte of value) {
    writer.uint8(byte);
    if (byte === 0) writer.uint8(255);
  }
  writer.uint8(0);
  writer.uint8(0);
}

const EXPONENT_BIAS = 32768;

function writeNumeric(value: Numeric, writer: KeyWriter): void {
  const { coefficient } = value;
  if (!value.isFinite) {
    writer.uint8(value.isNaN ? 5 : coefficient > 0 ? 4 : 0);
    return;
  }
  if (coefficient === 0) {
    writer.uint8(2);
    return;
  }
  const isNegative = coefficient < 0;
  writer.uint8(isNegative ? 1 : 3);
  const start = writer.length;
  const digits = '' + (isNegative ? -coefficient : coefficient);
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end--;
  // Exponent of the first digit: value = 0.d1d2... * 10^exponent.
  const exponent = digits.length - value.scale + EXPONENT_BIAS;
  writer.uint8(exponent >>> 16);
  writer.int16(exponent & 0xffff);
  for (let i = 0; i < end; i += 2) {
    const high = digits.charCodeAt(i) - 48;
    const low = i + 1 < end ? digits.charCodeAt(i + 1) - 48 : 0;
    writer.uint8(high * 10 + low + 1);
  }
  writer.uint8(0);
  if (isNegative) flip(writer, start);
}

function writeArray(value: SqlArray, element: KeyEncoder, writer: KeyWriter): void {
  for (const item of value.elements) element(item, writer);
  writer.uint8(0);
  writer.uint8(value.dimensions.length);
  for (const length of value.dimensions) writer.int32(length);
  for (const bound of value.lowerBounds) writer.int32(bound ^ 0x80000000);
}

function writeJsonb(value: Jsonb, writer: KeyWriter, isTop: boolean): void {
  // An empty array at the top is below everything.
  if (isTop && Array.isArray(value) && value.length === 0) {
    writer.uint8(0);
    return;
  }
  writer.uint8(jsonbRank(value) + 1);
  if (value === null) return;
  if (typeof value === 'string') {
    writeText(value, writer);
    return;
  }
  if (typeof value === 'boolean') {
    writer.uint8(value ? 1 : 0);
    return;
  }
  if (value instanceof Numeric) {
    writeNumeric(value, writer);
    return;
  }
  if (Array.isArray(value)) {
    writer.int32(value.length);
    for (const item of value) writeJsonb(item, writer, false);
    return;
  }
  const { keys, values } = value as JsonbObject;
  writer.int32(keys.length);
  for (let i = 0; i < keys.length; i++) {
    writeText(keys[i], writer);
    writeJsonb(values[i], writer, false);
  }
}
