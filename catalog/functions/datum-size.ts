/**
 * pg_column_size: how many bytes a value takes in a table of PostgreSQL's. What it takes here depends on its neighbours (storage
 * compresses long values in chunks), so this is the size that PostgreSQL's documentation explains, of a value that is stored and not
 * compressed: short values have a header of one byte, longer ones of four.
 */
import { SqlArray } from '../../types/array.ts';
import { Numeric, OID, outputBinary, typeByOid } from '../../types/index.ts';
import { type Jsonb, JsonbObject, readJsonb } from '../../types/jsonb.ts';
import { SqlMultirange, SqlRange } from '../../types/range.ts';
import { SqlRecord } from '../../types/record.ts';
import type { Value } from '../function-entry.ts';
import type { FunctionModule } from './module.ts';

const SHORT_SIZE_MAX = 126;
const HEADER_SIZE = 4;
const ALIGNMENT: Readonly<Record<string, number>> = { c: 1, s: 2, i: 4, d: 8 };
/** Of a row: what every row of a table begins with, to the bitmap of its nulls. */
const ROW_HEADER_SIZE = 23;
const ARRAY_HEADER_SIZE = 16;
const JSONB_ENTRY_SIZE = 4;

function aligned(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}

function utf8Size(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Of a value in a row. */
export function datumSize(typeOid: number, value: Value): number {
  const length = typeByOid(typeOid)?.length ?? -1;
  if (length >= 0) return length;
  if (length === -2) return utf8Size(String(value)) + 1;
  const size = dataSize(typeOid, value);
  return size <= SHORT_SIZE_MAX ? size + 1 : size + HEADER_SIZE;
}

/** Without the header, of a type of no fixed length. */
function dataSize(typeOid: number, value: Value): number {
  if (value instanceof Numeric) return numericSize(value);
  if (value instanceof SqlArray) return arraySize(value);
  if (value instanceof SqlRecord) return recordSize(value);
  if (value instanceof SqlRange) return rangeSize(value);
  if (value instanceof SqlMultirange) return multirangeSize(value);
  switch (typeByOid(typeOid)?.baseOid ?? typeOid) {
    case OID.JSONB:
      return jsonbSize(readJsonb(value as string), true);
    case OID.BYTEA:
    case OID.TSVECTOR:
      return (value as Uint8Array).length;
    case OID.BIT:
    case OID.VARBIT:
      return 4 + Math.ceil((value as string).length / 8);
    case OID.INET:
    case OID.CIDR:
      // The binary form says its length and whether it is a cidr, too.
      return outputBinary(typeOid, value).length - 2;
    case OID.POLYGON:
      // Its bounding box.
      return outputBinary(typeOid, value).length + 32;
    case OID.PATH:
      // Whether it is closed takes four bytes, and four that are not used.
      return outputBinary(typeOid, value).length + 7;
    default:
      return typeof value === 'string' ? utf8Size(value) : outputBinary(typeOid, value).length;
  }
}

/** Two bytes of weight and scale if they fit, else four; two for four digits. */
function numericSize(value: Numeric): number {
  const form = Buffer.from(outputBinary(OID.NUMERIC, value));
  if (!value.isFinite) return 2;
  const weight = form.readInt16BE(2);
  const isShort = weight >= -64 && weight <= 63 && form.readUInt16BE(6) <= 63;
  return (isShort ? 2 : 4) + 2 * form.readInt16BE(0);
}

/** Where a value ends that is put behind `start`: in arrays and jsonb they have headers of four bytes, and are aligned. */
function endOfElement(start: number, typeOid: number, value: Value): number {
  const type = typeByOid(typeOid);
  const at = aligned(start, ALIGNMENT[type?.align ?? 'i'] ?? 4);
  if (type !== undefined && type.length !== -1) return at + datumSize(typeOid, value);
  return at + HEADER_SIZE + dataSize(typeOid, value);
}

function arraySize({ elements, dimensions, elementOid, hasNull }: SqlArray): number {
  const header = ARRAY_HEADER_SIZE + 8 * dimensions.length;
  const start = hasNull ? aligned(header + Math.ceil(elements.length / 8), 8) : header;
  const align = ALIGNMENT[typeByOid(elementOid)?.align ?? 'i'] ?? 4;
  let end = start;
  for (const element of elements) if (element !== null) end = aligned(endOfElement(end, elementOid, element), align);
  return end - HEADER_SIZE;
}

function recordSize({ typeOids, values }: SqlRecord): number {
  const nulls = values.includes(null) ? Math.ceil(values.length / 8) : 0;
  const header = aligned(ROW_HEADER_SIZE + nulls, 8);
  let end = 0;
  values.forEach((value, i) => {
    if (value === null) return;
    const type = typeByOid(typeOids[i]);
    const size = datumSize(typeOids[i], value);
    const isShort = type?.length === -1 && size <= SHORT_SIZE_MAX + 1;
    end = (isShort ? end : aligned(end, ALIGNMENT[type?.align ?? 'i'] ?? 4)) + size;
  });
  return header + end - HEADER_SIZE;
}

/** The type's oid, the bounds, a byte of flags. */
function rangeSize({ type, lower, upper }: SqlRange): number {
  let end = HEADER_SIZE + 4;
  for (const bound of [lower, upper]) {
    if (bound === null) continue;
    const known = typeByOid(type.subtypeOid);
    const isShort = known?.length === -1;
    end = (isShort ? end : aligned(end, ALIGNMENT[known?.align ?? 'i'] ?? 4)) + datumSize(type.subtypeOid, bound);
  }
  return end + 1 - HEADER_SIZE;
}

/** The type's oid and a count; an offset for each range but the first, a byte of flags for each, the bounds. */
function multirangeSize({ type, ranges }: SqlMultirange): number {
  const align = ALIGNMENT[typeByOid(type.subtypeOid)?.align ?? 'i'] ?? 4;
  let end = HEADER_SIZE + 8 + 4 * Math.max(0, ranges.length - 1) + ranges.length;
  end = aligned(end, align);
  for (const { lower, upper } of ranges) {
    for (const bound of [lower, upper])
      if (bound !== null) end = aligned(end, align) + datumSize(type.subtypeOid, bound);
  }
  return aligned(end, align) - HEADER_SIZE;
}

/** A container: its header, an entry for each key and value, and what they need. A scalar alone is an array of one. */
function jsonbSize(value: Jsonb, isRoot: boolean, start = HEADER_SIZE): number {
  if (isRoot && (value === null || typeof value !== 'object' || value instanceof Numeric))
    return jsonbSize([value], false);
  const isObject = value instanceof JsonbObject;
  const parts: readonly Jsonb[] = isObject ? [...value.keys, ...value.values] : (value as Jsonb[]);
  let end = start + 4 + JSONB_ENTRY_SIZE * parts.length;
  for (const part of parts) {
    if (typeof part === 'string') end += utf8Size(part);
    else if (part instanceof Numeric) end = aligned(end, 4) + numericDatumSize(part);
    else if (part !== null && typeof part === 'object') {
      const at = aligned(end, 4);
      end = at + jsonbSize(part, false, 0);
    }
  }
  return end - start;
}

/** With a header of four bytes. */
function numericDatumSize(value: Numeric): number {
  return HEADER_SIZE + numericSize(value);
}

export const datumSizeFunctions: FunctionModule = {
  specialised: {
    pg_column_size:
      ([typeOid]) =>
      (value: Value) =>
        datumSize(typeOid, value),
    // How storage keeps a value is nothing that goes along with it.
    pg_column_compression: () => () => null,
  },
};
