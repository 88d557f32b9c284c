/**
 * Values as bytes in storage, for columns of variable length and for whatever stands inside arrays and records. The type
 * is known to whoever reads; so is the end.
 *
 * | type | bytes |
 * | --- | --- |
 * | text types, json, jsonb | UTF-8 |
 * | enum | the label's oid, u32 |
 * | bytea, tsvector, tsquery | itself |
 * | numeric | u16 big endian: bit 15 sign, bit 14 special, bits 0..13 scale; then the coefficient, big endian, no leading zero bytes. Special: scale bits 0 NaN, 1 Infinity (with sign) |
 * | interval | i64 microseconds, i32 days, i32 months |
 * | timetz | i64 microseconds, i32 seconds east |
 * | uuid | 16 bytes |
 * | array | varint element type, u8 dimensions, for each i32 length and i32 lower bound; elements |
 * | record | varint fields, for each varint type; fields. Of a composite type by number: dropped ones as NULL of type 0 |
 * | elements, fields | varint length + 1 and the bytes; 0 for null |
 * | inet, cidr | u8 family, u8 bits, 4 or 16 bytes of the address |
 * | geometric types | as in binary |
 * | range | u8 flags; the finite bounds: in their width, or varint length and bytes |
 * | multirange | varint ranges, each as above |
 * | fixed-width types | big endian, in their width |
 */
import { Buffer } from 'node:buffer';
import { SqlArray } from './array.ts';
import { copyBytes } from './byte-slab.ts';
import { ByteWriter, readFloat32, readFloat64, readInt16, readInt32, readInt64, readMicros } from './byte-writer.ts';
import { Interval } from './datetime/interval.ts';
import { TimeTz } from './datetime/time-tz.ts';
import { readGeometry, writeGeometry } from './geometry.ts';
import { readAddress, writeAddress } from './network.ts';
import { Numeric } from './numeric.ts';
import { LOWER_INFINITE, RANGE_EMPTY, type RangeType, SqlMultirange, SqlRange, UPPER_INFINITE } from './range.ts';
import { rangeType } from './range-type.ts';
import { SqlRecord } from './record.ts';
import { enumLabel, enumLabelOid, type Representation, representation } from './representation.ts';
import { attributeNames, baseTypeOid, onTypeRegistration, typeByOid } from './type.ts';
import { decodeText } from './unicode.ts';
import { uuidFromBytes, writeUuid } from './uuid.ts';
import type { Value } from './value.ts';

export { decodeUtf8, encodeTextInto } from './unicode.ts';

const representations = new Map<number, Representation>();
onTypeRegistration(() => representations.clear());

function representationOf(oid: number): Representation {
  let kind = representations.get(oid);
  if (kind === undefined) {
    kind = representation(oid);
    representations.set(oid, kind);
  }
  return kind;
}

/** Bytes of a non-null value, the caller's to keep (for bytea and its like they are the value itself). */
export function encodeDatum(oid: number, value: Value): Uint8Array {
  const kind = representationOf(oid);
  switch (kind) {
    case 'text':
    case 'bpchar':
    case 'citext':
    case 'hstore':
    case 'jsonb':
      return Buffer.from(value as string, 'utf8');
    case 'bytea':
    case 'tsvector':
    case 'tsquery':
      return value;
    case 'numeric':
      return encodeNumeric(value);
    case 'enum': {
      const labelOid = enumLabelOid(oid, value);
      return Uint8Array.of(labelOid >>> 24, labelOid >>> 16, labelOid >>> 8, labelOid);
    }
    default: {
      const writer = new ByteWriter(32);
      writeDatum(oid, kind, value, writer);
      return writer.toBytes();
    }
  }
}

/** Reads a value; bytea and text are copies, so the bytes may go. */
export function decodeDatum(oid: number, bytes: Uint8Array, start: number, end: number): Value {
  return decodeAs(representationOf(oid), oid, bytes, start, end);
}

function decodeAs(kind: Representation, oid: number, bytes: Uint8Array, start: number, end: number): Value {
  switch (kind) {
    case 'text':
    case 'bpchar':
    case 'citext':
    case 'hstore':
    case 'jsonb':
      return decodeText(bytes, start, end);
    case 'enum':
      return enumLabel(oid, readInt32(bytes, start) >>> 0);
    case 'bytea':
    case 'tsvector':
    case 'tsquery':
      return copyBytes(bytes, start, end);
    case 'numeric':
      return decodeNumeric(bytes, start, end);
    case 'bool':
      return bytes[start] !== 0;
    case 'int2':
      return readInt16(bytes, start);
    case 'int4':
      return readInt32(bytes, start);
    case 'uint4':
      return readInt32(bytes, start) >>> 0;
    case 'int8':
      return readInt64(bytes, start);
    case 'float4':
      return readFloat32(bytes, start);
    case 'float8':
      return readFloat64(bytes, start);
    case 'date':
    case 'micros':
      return readMicros(bytes, start);
    case 'timetz':
      return new TimeTz(readInt64(bytes, start) as number, readInt32(bytes, start + 8));
    case 'interval':
      return new Interval(readInt32(bytes, start + 12), readInt32(bytes, start + 8), readInt64(bytes, start));
    case 'uuid':
      return uuidFromBytes(bytes, start);
    case 'tid':
      return readInt64(bytes, start);
    case 'uint8':
      return unsigned(readInt64(bytes, start));
    case 'address':
      return readAddress(bytes, start);
    case 'range':
      cursor = start;
      return readRange(rangeType(oid), bytes);
    case 'multirange':
      return decodeMultirange(rangeType(oid), bytes, start);
    case 'geometric':
      return readGeometry(baseTypeOid(oid), bytes, start, end);
    case 'array':
      return decodeArray(bytes, start);
    case 'record':
      return decodeRecord(oid, bytes, start);
  }
}

function writeDatum(oid: number, kind: Representation, value: Value, writer: ByteWriter): void {
  switch (kind) {
    case 'text':
    case 'bpchar':
    case 'citext':
    case 'hstore':
    case 'jsonb':
      writer.text(value);
      return;
    case 'bytea':
    case 'tsvector':
    case 'tsquery':
      writer.write(value);
      return;
    case 'numeric':
      writer.write(encodeNumeric(value));
      return;
    case 'bool':
      writer.uint8(value ? 1 : 0);
      return;
    case 'int2':
      writer.int16(value);
      return;
    case 'int4':
    case 'uint4':
      writer.int32(value);
      return;
    case 'int8':
    case 'date':
    case 'micros':
      writer.int64(value);
      return;
    case 'float4':
      writer.float32(value);
      return;
    case 'float8':
      writer.float64(value);
      return;
    case 'timetz':
      writer.int64((value as TimeTz).micros);
      writer.int32((value as TimeTz).offset);
      return;
    case 'interval':
      writer.int64((value as Interval).micros);
      writer.int32((value as Interval).days);
      writer.int32((value as Interval).months);
      return;
    case 'uuid':
      writer.reserve(16);
      writeUuid(value, writer.bytes, writer.length);
      writer.length += 16;
      return;
    case 'tid':
      writer.int64(value);
      return;
    case 'uint8':
      writer.int64(typeof value === 'bigint' ? BigInt.asIntN(64, value) : value);
      return;
    case 'address':
      writeAddress(value, writer);
      return;
    case 'range':
      writeRange(value, writer);
      return;
    case 'multirange':
      writer.varint((value as SqlMultirange).ranges.length);
      for (const range of (value as SqlMultirange).ranges) writeRange(range, writer);
      return;
    case 'geometric':
      writeGeometry(value, writer);
      return;
    case 'array':
      writeArray(value, writer);
      return;
    case 'record':
      writeRecord(oid, value, writer);
      return;
  }
}

const SIGN_BIT = 0x8000;
const SPECIAL_BIT = 0x4000;

function encodeNumeric(value: Numeric): Uint8Array {
  const { coefficient, scale } = value;
  if (!value.isFinite) {
    const header = SPECIAL_BIT | (value.isNaN ? 0 : 1) | (coefficient < 0 ? SIGN_BIT : 0);
    return Uint8Array.of(header >>> 8, header & 255);
  }
  const header = scale | (coefficient < 0 ? SIGN_BIT : 0);
  if (typeof coefficient === 'bigint') {
    const hex = (coefficient < 0n ? -coefficient : coefficient).toString(16);
    const bytes = Buffer.alloc(2 + ((hex.length + 1) >> 1));
    bytes.write(hex.length % 2 === 1 ? '0' + hex : hex, 2, 'hex');
    bytes[0] = header >>> 8;
    bytes[1] = header;
    return bytes;
  }
  let rest = coefficient < 0 ? -coefficient : coefficient;
  let count = 0;
  for (let limit = 1; limit <= rest; limit *= 256) count++;
  const bytes = new Uint8Array(2 + count);
  bytes[0] = header >>> 8;
  bytes[1] = header;
  for (let i = count + 1; i >= 2; i--) {
    const high = Math.floor(rest / 256);
    bytes[i] = rest - high * 256;
    rest = high;
  }
  return bytes;
}

function decodeNumeric(bytes: Uint8Array, start: number, end: number): Numeric {
  const header = (bytes[start] << 8) | bytes[start + 1];
  if ((header & SPECIAL_BIT) !== 0) {
    if ((header & 1) === 0) return Numeric.NaN;
    return (header & SIGN_BIT) !== 0 ? Numeric.NEGATIVE_INFINITY : Numeric.INFINITY;
  }
  const scale = header & 0x3fff;
  const isNegative = (header & SIGN_BIT) !== 0;
  let value = 0;
  if (end - start <= 9) {
    for (let i = start + 2; i < end; i++) value = value * 256 + bytes[i];
    if (value <= Number.MAX_SAFE_INTEGER) return Numeric.fromScaled(isNegative ? 0 - value : value, scale);
  }
  const big = BigInt('0x' + Buffer.from(bytes.buffer, bytes.byteOffset + start + 2, end - start - 2).toString('hex'));
  return Numeric.fromScaled(isNegative ? -big : big, scale);
}

function writeNullable(oid: number, value: Value, writer: ByteWriter): void {
  if (value === null) {
    writer.uint8(0);
    return;
  }
  const bytes = encodeDatum(oid, value);
  writer.varint(bytes.length + 1);
  writer.write(bytes);
}

function writeArray(value: SqlArray, writer: ByteWriter): void {
  writer.varint(value.elementOid);
  writer.uint8(value.dimensions.length);
  for (let i = 0; i < value.dimensions.length; i++) {
    writer.int32(value.dimensions[i]);
    writer.int32(value.lowerBounds[i]);
  }
  for (const element of value.elements) writeNullable(value.elementOid, element, writer);
}

function writeRecord(oid: number, value: SqlRecord, writer: ByteWriter): void {
  const { typeOids, values } = value;
  const places = typeByOid(baseTypeOid(oid))?.places;
  if (places === undefined || places.length !== values.length) {
    writer.varint(values.length);
    for (const each of typeOids) writer.varint(each);
    for (let i = 0; i < values.length; i++) writeNullable(typeOids[i], values[i], writer);
    return;
  }
  const count = places.length === 0 ? 0 : places[places.length - 1] + 1;
  writer.varint(count);
  const attributeAt = new Int32Array(count).fill(-1);
  for (let i = 0; i < places.length; i++) attributeAt[places[i]] = i;
  for (const i of attributeAt) writer.varint(i < 0 ? 0 : typeOids[i]);
  for (const i of attributeAt) writeNullable(i < 0 ? 0 : typeOids[i], i < 0 ? null : values[i], writer);
}

/** Place of the reader below: varints have no fixed length. One reader at a time, saved around nested values. */
let cursor = 0;

function readVarint(bytes: Uint8Array): number {
  const first = bytes[cursor];
  if (first < 128) {
    cursor++;
    return first;
  }
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[cursor++];
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

function readNullable(oid: number, bytes: Uint8Array): Value {
  return readNullableAs(representationOf(oid), oid, bytes);
}

function readNullableAs(kind: Representation, oid: number, bytes: Uint8Array): Value {
  const length = readVarint(bytes) - 1;
  if (length < 0) return null;
  const start = cursor;
  const value = decodeAs(kind, oid, bytes, start, start + length);
  cursor = start + length;
  return value;
}

function decodeArray(bytes: Uint8Array, start: number): SqlArray {
  cursor = start;
  const elementOid = readVarint(bytes);
  const kind = representationOf(elementOid);
  const dimensionCount = bytes[cursor++];
  if (dimensionCount === 1 && readInt32(bytes, cursor + 4) === 1) {
    const length = readInt32(bytes, cursor);
    cursor += 8;
    return new SqlArray(elementOid, readElements(kind, elementOid, length, bytes));
  }
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  let count = dimensionCount === 0 ? 0 : 1;
  for (let i = 0; i < dimensionCount; i++) {
    dimensions.push(readInt32(bytes, cursor));
    lowerBounds.push(readInt32(bytes, cursor + 4));
    count *= dimensions[i];
    cursor += 8;
  }
  return new SqlArray(elementOid, readElements(kind, elementOid, count, bytes), dimensions, lowerBounds);
}

/** Longer ones grow while they are read. */
const SIZED_ELEMENTS_MAX = 1000;

function readElements(kind: Representation, oid: number, count: number, bytes: Uint8Array): Value[] {
  if (count > SIZED_ELEMENTS_MAX) {
    const elements: Value[] = [];
    for (let i = 0; i < count; i++) elements.push(readNullableAs(kind, oid, bytes));
    return elements;
  }
  // An array that grows from nothing has room for 17 elements at once.
  const elements: Value[] = new Array(count);
  for (let i = 0; i < count; i++) elements[i] = readNullableAs(kind, oid, bytes);
  return elements;
}

function unsigned(value: number | bigint): number | bigint {
  return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
}

/** Bytes of values that have the same number of them always. */
const WIDTHS: { readonly [kind in Representation]?: number } = {
  bool: 1,
  int2: 2,
  int4: 4,
  uint4: 4,
  float4: 4,
  int8: 8,
  uint8: 8,
  float8: 8,
  date: 8,
  micros: 8,
  tid: 8,
  timetz: 12,
  interval: 16,
  uuid: 16,
};

function writeRange(range: SqlRange, writer: ByteWriter): void {
  const { flags, type } = range;
  writer.uint8(flags);
  if ((flags & RANGE_EMPTY) !== 0) return;
  const kind = representationOf(type.subtypeOid);
  const isFixed = WIDTHS[kind] !== undefined;
  for (const [value, infinite] of [
    [range.lower, LOWER_INFINITE],
    [range.upper, UPPER_INFINITE],
  ] as const) {
    if ((flags & infinite) !== 0) continue;
    if (isFixed) writeDatum(type.subtypeOid, kind, value, writer);
    else {
      const bytes = encodeDatum(type.subtypeOid, value);
      writer.varint(bytes.length);
      writer.write(bytes);
    }
  }
}

/** The range at the cursor, which goes behind it. */
function readRange(type: RangeType, bytes: Uint8Array): SqlRange {
  const flags = bytes[cursor++];
  if ((flags & RANGE_EMPTY) !== 0) return new SqlRange(type, null, null, flags);
  const width = WIDTHS[representationOf(type.subtypeOid)] ?? 0;
  const lower = (flags & LOWER_INFINITE) !== 0 ? null : readBound(type.subtypeOid, width, bytes);
  const upper = (flags & UPPER_INFINITE) !== 0 ? null : readBound(type.subtypeOid, width, bytes);
  return new SqlRange(type, lower, upper, flags);
}

/** Reads a value of one type, as decodeDatum does: for loops, which ask for it once. */
export type DatumDecoder = (bytes: Uint8Array, start: number, end: number) => Value;

const FIXED_READERS: { readonly [kind in Representation]?: (bytes: Uint8Array, at: number) => Value } = {
  int4: readInt32,
  int8: readInt64,
  date: readMicros,
  micros: readMicros,
  float8: readFloat64,
};

/** The type is looked up now: a decoder for what an enum's labels order is made anew when labels are added. */
export function datumDecoder(oid: number): DatumDecoder {
  if (representationOf(oid) === 'range') {
    const type = rangeType(oid);
    const kind = representationOf(type.subtypeOid);
    const read = FIXED_READERS[kind];
    if (read !== undefined) return fixedRangeDecoder(type, WIDTHS[kind] as number, read);
  }
  const kind = representationOf(oid);
  switch (kind) {
    case 'bytea':
    case 'tsvector':
    case 'tsquery':
      return copyBytes;
    case 'numeric':
      return decodeNumeric;
    case 'array':
      return decodeArray;
    case 'uuid':
      return uuidFromBytes;
    default:
      return (bytes, start, end) => decodeAs(kind, oid, bytes, start, end);
  }
}

function fixedRangeDecoder(
  type: RangeType,
  width: number,
  read: (bytes: Uint8Array, at: number) => Value,
): DatumDecoder {
  return (bytes, start) => {
    const flags = bytes[start];
    if ((flags & RANGE_EMPTY) !== 0) return new SqlRange(type, null, null, flags);
    if ((flags & (LOWER_INFINITE | UPPER_INFINITE)) === 0) {
      return new SqlRange(type, read(bytes, start + 1), read(bytes, start + 1 + width), flags);
    }
    if ((flags & LOWER_INFINITE) === 0) return new SqlRange(type, read(bytes, start + 1), null, flags);
    return new SqlRange(type, null, (flags & UPPER_INFINITE) === 0 ? read(bytes, start + 1) : null, flags);
  };
}

/** `width` 0: its length stands before it. */
function readBound(oid: number, width: number, bytes: Uint8Array): Value {
  const length = width > 0 ? width : readVarint(bytes);
  const start = cursor;
  const value = decodeDatum(oid, bytes, start, start + length);
  cursor = start + length;
  return value;
}

function decodeMultirange(type: RangeType, bytes: Uint8Array, start: number): SqlMultirange {
  cursor = start;
  const count = readVarint(bytes);
  const ranges: SqlRange[] = [];
  for (let i = 0; i < count; i++) ranges.push(readRange(type, bytes));
  return new SqlMultirange(type, ranges);
}

/** Attributes that its type has got since are null; those that were dropped since are passed over, their types may be gone. */
function decodeRecord(oid: number, bytes: Uint8Array, start: number): SqlRecord {
  cursor = start;
  const count = readVarint(bytes);
  const typeOids: number[] = [];
  for (let i = 0; i < count; i++) typeOids.push(readVarint(bytes));
  const values: Value[] = [];
  const type = typeByOid(baseTypeOid(oid));
  const attributes = type?.attributes;
  if (attributes === undefined) {
    for (let i = 0; i < count; i++) values.push(readNullable(typeOids[i], bytes));
    return new SqlRecord(typeOids, values);
  }
  const places = type?.places;
  const types: number[] = [];
  for (let i = 0, at = 0; i < attributes.length; i++, at++) {
    const place = places === undefined ? i : places[i];
    for (; at < place && at < count; at++) skipNullable(bytes);
    types.push(at < count && typeOids[at] !== 0 ? typeOids[at] : attributes[i].typeOid);
    values.push(at < count ? readNullable(typeOids[at], bytes) : null);
  }
  return new SqlRecord(types, values, attributeNames(attributes));
}

function skipNullable(bytes: Uint8Array): void {
  const length = readVarint(bytes) - 1;
  if (length > 0) cursor += length;
}
