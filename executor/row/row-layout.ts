/**
 * Row layout: where each column's bytes are in a row image.
 *
 *   0          16           fixed area (widest first)       offset table     variable-length bytes
 *   [ header ] [ null bits ][ 8-byte ][ 4-byte ][2][1 ]     [u16 ends ...]   [ ... ]
 *
 * Fixed-width columns stand at constant, aligned offsets, present even when null; variable-length ones follow an offset
 * table of their ends (from the row's start), so any column is reached without looking at the others. A table has one layout
 * per ADD COLUMN; a row says in its header which one wrote it, and is never rewritten for a new one.
 *
 * Bit 15 of an end offset: the bytes are the value's long form (long-value.ts), not the value.
 */
import type { ColumnStorage, RelationEntry } from '../../catalog/entries.ts';
import { assert } from '../../types/assert.ts';
import { OID, typeByOid } from '../../types/index.ts';

const ROW_HEADER_SIZE = 16;
export const ROW_LAYOUT_OFFSET = 15;
export const OVERFLOW_BIT = 0x8000;

/** How a column's bytes are read and written. */
export type Storage =
  | 'bool' /* u8 */
  | 'int2' /* i16 */
  | 'int4' /* i32 */
  | 'uint4' /* u32 (oid) */
  | 'date' /* i32, infinities as the extremes */
  | 'float4' /* f32 */
  | 'float8' /* f64 */
  | 'int8' /* i64 as low u32, high i32 */
  | 'micros' /* i64 likewise, infinities as the extremes */
  | 'decimal' /* f64, coefficient of numeric(p<=15, s) times 10^s */
  | 'text' /* UTF-8 bytes */
  | 'datum'; /* encodeDatum's bytes */

export interface ColumnLayout {
  readonly storage: Storage;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Bytes from the row's start; for variable-length columns: of the end offset in the offset table. */
  readonly offset: number;
  /** Byte and bit of the null bitmap. */
  readonly nullByte: number;
  readonly nullMask: number;
  readonly isVariable: boolean;
  /** Variable-length: where the bytes begin if it is the first such column, else -1: at the end of the one before (offset - 2). */
  readonly dataStart: number;
  /** What may become of a value that is too long for its row. */
  readonly whenLong: ColumnStorage;
  /** Decimal digits after the point, for 'decimal'. */
  readonly scale: number;
  /** Most decimal digits of a 'decimal' coefficient. */
  readonly precision: number;
}

export interface RowLayout {
  readonly number: number;
  /** By index of the table's columns; null where a row of this layout does not carry the column. */
  readonly columns: readonly (ColumnLayout | null)[];
  /** Bytes before the first variable-length byte: a row of only nulls has this size. */
  readonly fixedSize: number;
  readonly variableCount: number;
  /** Variable-length columns' indexes, in order. */
  readonly variableColumns: readonly number[];
}

const FIXED_SIZE: { readonly [storage in Storage]: number } = {
  bool: 1,
  int2: 2,
  int4: 4,
  uint4: 4,
  date: 4,
  float4: 4,
  float8: 8,
  int8: 8,
  micros: 8,
  decimal: 8,
  text: 0,
  datum: 0,
};

/** Most digits for which numeric(p, s) is stored as a scaled double: 10^15 < 2^53. */
const DECIMAL_PRECISION_MAX = 15;

export function storageOf(typeOid: number, typeModifier: number): Storage {
  switch (typeOid) {
    case OID.BOOL:
      return 'bool';
    case OID.INT2:
      return 'int2';
    case OID.INT4:
      return 'int4';
    case OID.OID:
    case OID.REGCLASS:
    case OID.REGTYPE:
    case OID.REGPROC:
      return 'uint4';
    case OID.DATE:
      return 'date';
    case OID.FLOAT4:
      return 'float4';
    case OID.FLOAT8:
      return 'float8';
    case OID.INT8:
    case OID.MONEY:
    case OID.MACADDR:
      return 'int8';
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ:
    case OID.TIME:
      return 'micros';
    case OID.NUMERIC:
      return isDecimal(typeModifier) ? 'decimal' : 'datum';
    case OID.TEXT:
    case OID.VARCHAR:
    case OID.BPCHAR:
    case OID.NAME:
    case OID.JSON:
    case OID.JSONB:
    case OID.UNKNOWN:
      return 'text';
    default:
      return 'datum';
  }
}

/** SET STORAGE DEFAULT: the type's. What is not known here (enums, domains, types of users) can be compressed and moved out. */
function defaultStorage(typeOid: number): ColumnStorage {
  switch (typeByOid(typeOid)?.storage) {
    case 'p':
      return 'plain';
    case 'm':
      return 'main';
    case 'e':
      return 'external';
    default:
      return 'extended';
  }
}

function decimalPrecision(typeModifier: number): number {
  return ((typeModifier - 4) >>> 16) & 0xffff;
}

/** PostgreSQL 15 keeps the scale in 11 bits, signed. */
function decimalScale(typeModifier: number): number {
  return (((typeModifier - 4) & 0x7ff) ^ 1024) - 1024;
}

function isDecimal(typeModifier: number): boolean {
  if (typeModifier < 4) return false;
  const precision = decimalPrecision(typeModifier);
  const scale = decimalScale(typeModifier);
  return precision <= DECIMAL_PRECISION_MAX && scale >= 0 && scale <= DECIMAL_PRECISION_MAX;
}

/** The layout `number` of a table. Layouts are deterministic: they follow from the columns alone. */
export function rowLayout(table: RelationEntry, number: number): RowLayout {
  const carried = table.columns.filter((column) => column.sinceLayout <= number);
  const bitmapSize = (carried.length + 7) >>> 3;
  let offset = ROW_HEADER_SIZE + bitmapSize;
  const columns: (ColumnLayout | null)[] = table.columns.map(() => null);
  const described = carried.map((column, position) => {
    const storage = storageOf(column.typeOid, column.typeModifier);
    return { column, position, storage, size: FIXED_SIZE[storage] };
  });
  const place = (item: (typeof described)[number], at: number, dataStart: number): void => {
    columns[item.column.number - 1] = {
      storage: item.storage,
      typeOid: item.column.typeOid,
      typeModifier: item.column.typeModifier,
      offset: at,
      nullByte: ROW_HEADER_SIZE + (item.position >>> 3),
      nullMask: 1 << (item.position & 7),
      isVariable: item.size === 0,
      dataStart,
      whenLong: item.column.storage ?? defaultStorage(item.column.typeOid),
      scale: item.storage === 'decimal' ? decimalScale(item.column.typeModifier) : 0,
      precision: item.storage === 'decimal' ? decimalPrecision(item.column.typeModifier) : 0,
    };
  };
  for (const size of [8, 4, 2, 1]) {
    for (const item of described) {
      if (item.size !== size) continue;
      offset = (offset + size - 1) & -size;
      place(item, offset, -1);
      offset += size;
    }
  }
  const variable = described.filter((item) => item.size === 0);
  if (variable.length > 0) offset = (offset + 1) & -2;
  const fixedSize = offset + variable.length * 2;
  variable.forEach((item, i) => {
    place(item, offset + i * 2, i === 0 ? fixedSize : -1);
  });
  assert(fixedSize < 8100, 'row layout does not fit a page');
  return {
    number,
    columns,
    fixedSize,
    variableCount: variable.length,
    variableColumns: variable.map((item) => item.column.number - 1),
  };
}
