/**
 * Calls that need only a part of a long value: its length, some of its bytes or characters. Over a column of a table they do not
 * fetch the value, where it is in chunks.
 */
import type { ColumnEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import { checkIndex } from '../../catalog/functions/bytea.ts';
import type { CallExpr, ColumnExpr, Expr } from '../../planner/expr.ts';
import { sqlError } from '../../types/errors.ts';
import { decodeDatum, decodeText, OID } from '../../types/index.ts';
import type { PartReader } from '../row/part-reader.ts';
import { type ColumnLayout, OVERFLOW_BIT } from '../row/row-layout.ts';
import type { Code, Emitter } from './emitter.ts';
import { type Operand, repOfType } from './operand.ts';

type PartialCall = (parts: PartReader, u8: Uint8Array, start: number, a: number, b: number) => Value;

/** Behind the last character or byte of any value. */
const TO_END = 0x7fffffff;

/** From and to, counted from 0, of substring(value from a for b). */
function checkedEnd(start: number, length: number): number {
  if (length < 0) throw sqlError('22011', 'negative substring length not allowed');
  return Math.max(start + length - 1, 0);
}

function bytesBetween(parts: PartReader, u8: Uint8Array, start: number, from: number, to: number): Uint8Array {
  const length = parts.octetLength(u8, start);
  const end = Math.min(to, length);
  const bytes = parts.bytes(u8, start, Math.min(from, end), end);
  // No Buffer, whose slice() would share bytes with it.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function textBetween(parts: PartReader, u8: Uint8Array, start: number, from: number, to: number): string {
  const bytes = parts.characters(u8, start, from, to);
  return decodeText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

/** By internal name; the long value comes first. All are strict. */
const PARTIAL_CALLS: { readonly [internalName: string]: PartialCall } = {
  byteaoctetlen: (parts, u8, start) => parts.octetLength(u8, start),
  textoctetlen: (parts, u8, start) => parts.octetLength(u8, start),
  textlen: (parts, u8, start) => parts.characterCount(u8, start),
  bytea_substr: (parts, u8, start, a, b) => bytesBetween(parts, u8, start, Math.max(a, 1) - 1, checkedEnd(a, b)),
  bytea_substr_no_len: (parts, u8, start, a) => bytesBetween(parts, u8, start, Math.max(a, 1) - 1, TO_END),
  byteaGetByte: (parts, u8, start, a) => {
    const at = checkIndex(a, parts.octetLength(u8, start));
    return parts.bytes(u8, start, at, at + 1)[0];
  },
  byteaGetBit: (parts, u8, start, a) => {
    const at = checkIndex(a, parts.octetLength(u8, start) * 8);
    const byte = Math.floor(at / 8);
    return (parts.bytes(u8, start, byte, byte + 1)[0] >> (at & 7)) & 1;
  },
  text_substr: (parts, u8, start, a, b) => textBetween(parts, u8, start, Math.max(a, 1) - 1, checkedEnd(a, b)),
  text_substr_no_len: (parts, u8, start, a) => textBetween(parts, u8, start, Math.max(a, 1) - 1, TO_END),
  text_left: (parts, u8, start, a) =>
    textBetween(parts, u8, start, 0, a >= 0 ? a : parts.characterCount(u8, start) + a),
  text_right: (parts, u8, start, a) =>
    textBetween(parts, u8, start, Math.max(0, a >= 0 ? parts.characterCount(u8, start) - a : -a), TO_END),
};

/** The column that such a call takes a part of; null: it is another call. */
export function partialColumn(expr: Expr): ColumnExpr | null {
  if (expr.kind !== 'call' || expr.spreadsArray === true || expr.args[0]?.kind !== 'column') return null;
  return Object.hasOwn(PARTIAL_CALLS, expr.function.internalName) ? expr.args[0] : null;
}

export interface PartialCallOptions {
  readonly emitter: Emitter;
  /** Code of the row's first byte. */
  readonly row: Code;
  readonly parts: PartReader;
}

/** Emits the call; `args` is the code of the arguments behind the column, values or null. */
export function emitPartialCall(
  options: PartialCallOptions,
  expr: CallExpr,
  column: ColumnLayout,
  entry: ColumnEntry,
  args: readonly Code[],
): Operand {
  const { emitter, row, parts } = options;
  const { function: fn, typeOid } = expr;
  const value = emitter.name('v');
  const start = emitter.name('s');
  const end = emitter.name('e');
  const isThere = [
    ...(entry.notNull ? [] : [`(u8[${row} + ${column.nullByte}] & ${column.nullMask}) === 0`]),
    ...args.map((arg) => `${arg} !== null`),
  ];
  emitter.emit(`let ${value} = null;`);
  emitter.open(`if (${isThere.length === 0 ? 'true' : isThere.join(' && ')}) {`);
  emitter.emit(
    column.dataStart >= 0
      ? `const ${start} = ${row} + ${column.dataStart};`
      : `const ${start} = ${row} + (u16[(${row} + ${column.offset - 2}) >>> 1] & ${OVERFLOW_BIT - 1});`,
  );
  emitter.emit(`const ${end} = u16[(${row} + ${column.offset}) >>> 1];`);
  const whole =
    column.storage === 'text'
      ? `${emitter.bind(decodeText, 'decodeText')}(buf, ${start}, ${row} + ${end})`
      : `${emitter.bind(decodeDatum, 'decodeDatum')}(${OID.BYTEA}, buf, ${start}, ${row} + ${end})`;
  const rest = args.map((arg) => `, ${arg}`).join('');
  const part = emitter.bind(PARTIAL_CALLS[fn.internalName], 'part');
  emitter.emit(
    `${value} = ${end} < ${OVERFLOW_BIT} ? ${emitter.bind(fn.implementation, 'fn')}(${whole}${rest}) : ` +
      `${part}(${emitter.bind(parts, 'parts')}, u8, ${start}${rest});`,
  );
  emitter.close();
  return { rep: repOfType(typeOid), typeOid, value, isNull: `(${value} === null)` };
}
