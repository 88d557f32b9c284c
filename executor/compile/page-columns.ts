/**
 * Columns read straight from page bytes, as generated code.
 *
 * The row begins at byte `r` of the pool; views u8, u16, i32, f32, f64 and buf are bound. In fast mode (a bail label is given)
 * what is not plain (an int8 beyond 2^53, an infinite date, a NaN decimal, an overflow value) leaves the fast block; in
 * generic mode it is handled here.
 */
import type { ColumnEntry, RelationEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import { visitExpr } from '../../planner/traverse.ts';
import type { BufferPool } from '../../storage/api.ts';
import { datumDecoder, decodeText, OID } from '../../types/index.ts';
import { LongText } from '../../types/long-text.ts';
import { type ColumnLayout, OVERFLOW_BIT, type RowLayout } from '../row/row-layout.ts';
import { dateFrom, decimalFrom, int64From, microsFrom, type OverflowFetch } from '../row/row-reader.ts';
import { type Code, type Emitter, isSharingCode } from './emitter.ts';
import { type Operand, repOfType } from './operand.ts';
import { partialColumn } from './partial-calls.ts';

/**
 * Declares the pool's views: as locals of the generated function, which loops over many rows need, or in code that is shared, for the
 * few rows of many statements, by their names alone, since there V8's compiler takes longer than the rows.
 */
export function emitViews(emitter: Emitter, pool: BufferPool): void {
  for (const [name, view] of [
    ['u8', pool.u8],
    ['u16', pool.u16],
    ['i32', pool.i32],
    ['f32', pool.f32],
    ['f64', pool.f64],
    ['buf', pool.bytes],
  ] as const) {
    if (isSharingCode()) emitter.bindAs(name, view);
    else emitter.prelude(`const ${name} = ${emitter.bind(view)};`);
  }
}

export interface PageColumnOptions {
  readonly emitter: Emitter;
  /** Code of the row's first byte. */
  readonly row: Code;
  readonly bail: string | null;
  readonly overflow: OverflowFetch;
  /** For a result row: 'text', a very long one becomes LongText; 'bytes', a slice, or LongText if it is not in the row. */
  readonly sends?: 'text' | 'bytes';
}

/** Texts of fewer bytes become strings all the same. */
const LONG_TEXT_MIN = 1024 * 1024;

function sentText(bytes: Buffer): string | LongText {
  return bytes.length < LONG_TEXT_MIN ? decodeText(bytes, 0, bytes.length) : new LongText(bytes);
}

/** Emits the loading of a column; answers its operand. */
export function loadPageColumn(options: PageColumnOptions, column: ColumnLayout, entry: ColumnEntry): Operand {
  const { emitter, row, bail } = options;
  let isNull = 'false';
  if (!entry.notNull) {
    isNull = emitter.name('n');
    emitter.emit(`const ${isNull} = (u8[${row} + ${column.nullByte}] & ${column.nullMask}) !== 0;`);
  }
  const typeOid = column.typeOid;
  const value = emitter.name('v');
  const at = `(${row} + ${column.offset})`;
  const plain = (code: Code): Operand => {
    emitter.emit(`const ${value} = ${code};`);
    return { rep: repOfType(typeOid), typeOid, value, isNull };
  };
  const held = (code: Code): Operand => {
    emitter.emit(`const ${value} = ${isNull === 'false' ? code : `${isNull} ? null : ${code}`};`);
    return { rep: repOfType(typeOid), typeOid, value, isNull };
  };
  switch (column.storage) {
    case 'bool':
      return plain(`u8[${at}] !== 0`);
    case 'int2':
      return plain(`(u16[${at} >>> 1] << 16) >> 16`);
    case 'int4':
      return plain(`i32[${at} >>> 2]`);
    case 'uint4':
      return plain(`i32[${at} >>> 2] >>> 0`);
    case 'float4':
      return plain(`f32[${at} >>> 2]`);
    case 'float8':
      return plain(`f64[${at} >>> 3]`);
    case 'date': {
      if (bail === null) return plain(`${emitter.bind(dateFrom, 'dateFrom')}(i32[${at} >>> 2])`);
      const operand = plain(`i32[${at} >>> 2]`);
      emitter.emit(`if (${value} === 2147483647 || ${value} === -2147483648) break ${bail};`);
      return operand;
    }
    case 'int8':
    case 'micros':
      return loadInt64(options, column, value, isNull);
    case 'decimal': {
      if (bail === null) return held(`${emitter.bind(decimalFrom, 'decimalFrom')}(f64[${at} >>> 3], ${column.scale})`);
      emitter.emit(`const ${value} = f64[${at} >>> 3];`);
      emitter.emit(`if (${value} !== ${value}) break ${bail};`);
      return { rep: 'dec', typeOid, value, isNull, scale: column.scale };
    }
    default:
      return loadVariable(options, column, value, isNull);
  }
}

function loadInt64(options: PageColumnOptions, column: ColumnLayout, value: Code, isNull: Code): Operand {
  const { emitter, row, bail } = options;
  const low = emitter.name('l');
  const high = emitter.name('h');
  emitter.emit(`const ${low} = i32[(${row} + ${column.offset}) >>> 2];`);
  emitter.emit(`const ${high} = i32[(${row} + ${column.offset + 4}) >>> 2];`);
  if (bail !== null) {
    emitter.emit(`if (${high} < -2097152 || ${high} >= 2097152) break ${bail};`);
    emitter.emit(`const ${value} = ${high} * 4294967296 + (${low} >>> 0);`);
    return { rep: 'num', typeOid: column.typeOid, value, isNull };
  }
  const make = column.storage === 'int8' ? emitter.bind(int64From, 'int64') : emitter.bind(microsFrom, 'micros');
  emitter.emit(`const ${value} = ${isNull === 'false' ? '' : `${isNull} ? null : `}${make}(${low}, ${high});`);
  return { rep: repOfType(column.typeOid), typeOid: column.typeOid, value, isNull };
}

function loadVariable(options: PageColumnOptions, column: ColumnLayout, value: Code, isNull: Code): Operand {
  const { emitter, row, bail } = options;
  const start = emitter.name('s');
  const end = emitter.name('e');
  const typeOid = column.typeOid;
  if (column.dataStart >= 0) emitter.emit(`const ${start} = ${row} + ${column.dataStart};`);
  else emitter.emit(`const ${start} = ${row} + (u16[(${row} + ${column.offset - 2}) >>> 1] & ${OVERFLOW_BIT - 1});`);
  emitter.emit(`let ${end} = u16[(${row} + ${column.offset}) >>> 1];`);
  const decoder = datumDecoder(typeOid);
  const decode = (buffer: Code, from: Code, to: Code): Code =>
    column.storage === 'text'
      ? `${emitter.bind(decodeText, 'decodeText')}(${buffer}, ${from}, ${to})`
      : `${emitter.bind(decoder, 'decodeDatum')}(${buffer}, ${from}, ${to})`;
  if (bail !== null) {
    emitter.emit(`if (${end} >= ${OVERFLOW_BIT}) break ${bail};`);
    emitter.emit(`${end} += ${row};`);
    const code = decode('buf', start, end);
    // What is matched or compared where it lies is a slice as texts are.
    if (column.storage === 'text' || typeOid === OID.TSVECTOR || typeOid === OID.UUID) {
      return { rep: 'slice', typeOid, value: code, isNull, start, end };
    }
    emitter.emit(`const ${value} = ${isNull === 'false' ? code : `${isNull} ? null : ${code}`};`);
    return { rep: repOfType(typeOid), typeOid, value, isNull };
  }
  const fetchBytes = (u8: Uint8Array, from: number): Buffer => {
    const bytes = options.overflow(u8, from);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  };
  if (options.sends === 'bytes') {
    const long = emitter.name('long');
    const make = emitter.bind((u8: Uint8Array, from: number) => new LongText(fetchBytes(u8, from)), 'longText');
    emitter.emit(`let ${long} = null;`);
    const isLong = `${end} >= ${OVERFLOW_BIT}`;
    emitter.emit(`if (${isNull === 'false' ? isLong : `!(${isNull}) && ${isLong}`}) ${long} = ${make}(u8, ${start});`);
    emitter.emit(`${end} += ${row};`);
    return { rep: 'slice', typeOid, value: 'null', isNull, start, end, long };
  }
  const fetched = emitter.name('o');
  const fetch = emitter.bind((u8: Uint8Array, from: number): Uint8Array => {
    const bytes = fetchBytes(u8, from);
    // A bytea value is not copied; but it is no Buffer either, whose slice() would share bytes with it.
    return typeOid === OID.BYTEA ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  }, 'overflow');
  const fromFetched =
    options.sends === 'text'
      ? `${emitter.bind(sentText, 'sentText')}(${fetched})`
      : decode(fetched, '0', `${fetched}.length`);
  emitter.emit(`let ${value} = null;`);
  emitter.open(`if (!(${isNull})) {`);
  emitter.emit(`if (${end} < ${OVERFLOW_BIT}) ${value} = ${decode('buf', start, `${row} + ${end}`)};`);
  emitter.emit(
    typeOid === OID.BYTEA
      ? `else ${value} = ${fetch}(u8, ${start});`
      : `else { const ${fetched} = ${fetch}(u8, ${start}); ${value} = ${fromFetched}; }`,
  );
  emitter.close();
  return { rep: repOfType(typeOid), typeOid, value, isNull: isNull === 'false' ? 'false' : `(${value} === null)` };
}

/** A column that the row's layout does not carry: its missing value. */
export function missingColumn(emitter: Emitter, entry: ColumnEntry, value: Value): Operand {
  const rep = repOfType(entry.typeOid);
  if (value === null) return { rep: 'any', typeOid: entry.typeOid, value: 'null', isNull: 'true' };
  return { rep, typeOid: entry.typeOid, value: emitter.bind({ value }).concat('.value'), isNull: 'false' };
}

/** A column of the row at `r`: its value on the page, or what rows have that are older than the column. */
export function loadTableColumn(
  emitter: Emitter,
  table: { readonly entry: RelationEntry; readonly missing: readonly Value[]; readonly fetchOverflow: OverflowFetch },
  layout: RowLayout,
  index: number,
  bail: string | null,
): Operand {
  const column = layout.columns[index];
  const entry = table.entry.columns[index];
  if (column === null) return missingColumn(emitter, entry, table.missing[index]);
  return loadPageColumn({ emitter, row: 'r', bail, overflow: table.fetchOverflow }, column, entry);
}

/** Column indexes of `input` that the expressions use, ascending. */
export function usedColumns(exprs: readonly (Expr | null)[], input: number): number[] {
  return collectAll(exprs, input, true);
}

/** Those that they use otherwise than by calls for a part of a long value. */
export function wholeColumns(exprs: readonly (Expr | null)[], input: number): number[] {
  return collectAll(exprs, input, false);
}

function collectAll(exprs: readonly (Expr | null)[], input: number, countsParts: boolean): number[] {
  const used: number[] = [];
  const visit = (expr: Expr): boolean => {
    if (expr.kind === 'column') {
      if (expr.input === input && !used.includes(expr.index)) used.push(expr.index);
      return false;
    }
    if (countsParts || expr.kind !== 'call' || partialColumn(expr)?.input !== input) return true;
    for (const arg of expr.args.slice(1)) visitExpr(arg, visit);
    return false;
  };
  for (const expr of exprs) if (expr !== null) visitExpr(expr, visit);
  return used.length > 1 ? used.sort((a, b) => a - b) : used;
}

export type { RowLayout };
