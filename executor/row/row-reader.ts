/**
 * Reading columns from row bytes, for code that is not generated: index maintenance, foreign keys, COPY TO, row images of
 * modified rows. Generated code reads by the same layout, inlined (compile/column-access.ts).
 */
import type { Value } from '../../catalog/function-entry.ts';
import { decodeDatum, decodeText, Numeric, OID } from '../../types/index.ts';
import { KeptLong } from './kept-long.ts';
import { CHUNK_POINTER_SIZE, IN_CHUNKS } from './long-value.ts';
import { type ColumnLayout, OVERFLOW_BIT, type RowLayout } from './row-layout.ts';

/** The bytes that rows are read from: the pool, or a scratch row image. */
export interface RowBytes {
  readonly u8: Uint8Array;
  readonly buffer: Buffer;
}

/** Fetches a value by the place of its long form, in bytes that stay as they are; throws PAGE_MISS. */
export type OverflowFetch = (bytes: Uint8Array, start: number) => Uint8Array;

/** Columns (indexes) whose values somebody will look at. */
export type WantedColumns = { has(column: number): boolean };
/** For who looks at columns of fixed width only. */
export const NO_COLUMNS: WantedColumns = new Set<number>();

export function isNullAt(u8: Uint8Array, row: number, column: ColumnLayout): boolean {
  return (u8[row + column.nullByte] & column.nullMask) !== 0;
}

/** Whether a column of the version at `row` is not null and in its long form. */
export function isLongAt(u8: Uint8Array, row: number, column: ColumnLayout): boolean {
  return column.isVariable && !isNullAt(u8, row, column) && (variableEnd(u8, row, column) & OVERFLOW_BIT) !== 0;
}

/** First byte of a variable-length column, from the row's start. */
export function variableStart(u8: Uint8Array, row: number, column: ColumnLayout): number {
  if (column.dataStart >= 0) return column.dataStart;
  const at = row + column.offset - 2;
  return (u8[at] | (u8[at + 1] << 8)) & ~OVERFLOW_BIT;
}

/** End of a variable-length column with its overflow bit. */
export function variableEnd(u8: Uint8Array, row: number, column: ColumnLayout): number {
  const at = row + column.offset;
  return u8[at] | (u8[at + 1] << 8);
}

export function readInt32(u8: Uint8Array, at: number): number {
  return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
}

/** int8 from its halves: a number while safe, else a bigint. */
export function int64From(low: number, high: number): number | bigint {
  if (high >= -2097152 && high < 2097152) return high * 4294967296 + (low >>> 0);
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

export function microsFrom(low: number, high: number): number | bigint {
  if (high === 0x7fffffff && low === -1) return Infinity;
  if (high === -0x80000000 && low === 0) return -Infinity;
  return int64From(low, high);
}

export function dateFrom(days: number): number {
  return days === 0x7fffffff ? Infinity : days === -0x80000000 ? -Infinity : days;
}

const floatBytes = new Uint8Array(8);
const float8 = new Float64Array(floatBytes.buffer);
const float4 = new Float32Array(floatBytes.buffer, 0, 1);

function readFloat8(u8: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) floatBytes[i] = u8[at + i];
  return float8[0];
}

/** A column's value. `layout` must be the row's own; the caller handles columns that the layout does not carry. */
export function readColumn(bytes: RowBytes, row: number, column: ColumnLayout, overflow: OverflowFetch): Value {
  const u8 = bytes.u8;
  if (isNullAt(u8, row, column)) return null;
  const at = row + column.offset;
  switch (column.storage) {
    case 'bool':
      return u8[at] !== 0;
    case 'int2':
      return ((u8[at] | (u8[at + 1] << 8)) << 16) >> 16;
    case 'int4':
      return readInt32(u8, at);
    case 'uint4':
      return readInt32(u8, at) >>> 0;
    case 'date':
      return dateFrom(readInt32(u8, at));
    case 'float4':
      for (let i = 0; i < 4; i++) floatBytes[i] = u8[at + i];
      return float4[0];
    case 'float8':
      return readFloat8(u8, at);
    case 'int8':
      return int64From(readInt32(u8, at), readInt32(u8, at + 4));
    case 'micros':
      return microsFrom(readInt32(u8, at), readInt32(u8, at + 4));
    case 'decimal':
      return decimalFrom(readFloat8(u8, at), column.scale);
    default:
      return readVariable(bytes, row, column, overflow);
  }
}

/** What stands for a value in chunks; null: the column has none. */
function keptLong(u8: Uint8Array, row: number, column: ColumnLayout, overflow: OverflowFetch): KeptLong | null {
  if (!isLongAt(u8, row, column)) return null;
  const start = row + variableStart(u8, row, column);
  if ((u8[start] & IN_CHUNKS) === 0) return null;
  const pointer = u8.slice(start, start + CHUNK_POINTER_SIZE);
  return new KeptLong(() => longValue(pointer, 0, column, overflow));
}

/** The numeric that a scaled double stands for. */
export function decimalFrom(coefficient: number, scale: number): Numeric {
  return coefficient === coefficient ? Numeric.fromScaled(coefficient, scale) : Numeric.NaN;
}

function readVariable(bytes: RowBytes, row: number, column: ColumnLayout, overflow: OverflowFetch): Value {
  const start = row + variableStart(bytes.u8, row, column);
  const end = variableEnd(bytes.u8, row, column);
  if ((end & OVERFLOW_BIT) !== 0) return longValue(bytes.u8, start, column, overflow);
  if (column.storage === 'text') return decodeText(bytes.buffer, start, row + end);
  return decodeDatum(column.typeOid, bytes.u8, start, row + end);
}

function longValue(u8: Uint8Array, start: number, column: ColumnLayout, overflow: OverflowFetch): Value {
  const value = overflow(u8, start);
  const buffer = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (column.storage === 'text') return decodeText(buffer, 0, value.length);
  // No copy; but not a Buffer either, whose slice() would share bytes with it.
  if (column.typeOid === OID.BYTEA) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  return decodeDatum(column.typeOid, value, 0, value.length);
}

/**
 * All columns of a row; `missing` gives the values of columns that the row's layout does not carry. With `wanted`, values in chunks
 * of other columns are not read: KeptLong stands for them.
 */
export function readRow(
  bytes: RowBytes,
  row: number,
  layout: RowLayout,
  missing: readonly Value[],
  overflow: OverflowFetch,
  target: Value[],
  wanted: WantedColumns | null = null,
): Value[] {
  const columns = layout.columns;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    if (column === null) target[i] = missing[i];
    else if (wanted === null || wanted.has(i)) target[i] = readColumn(bytes, row, column, overflow);
    else target[i] = keptLong(bytes.u8, row, column, overflow) ?? readColumn(bytes, row, column, overflow);
  }
  return target;
}
