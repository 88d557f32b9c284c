/**
 * Blocks: rows of values as bytes in a temporary file, column by column.
 *
 * | bytes | what |
 * | --- | --- |
 * | i32, i32 | bytes of the block (a multiple of 8), rows |
 * | for each column: i32, i32 | form of its values; 1 when some are null |
 * | (rows + 7) >> 3, to a multiple of 8 | with nulls: bit i set = row i is null |
 * | i32 or f64 each; 1 byte each | whole numbers of 32 bits, other numbers; booleans |
 * | i32 bytes in all, i32 1 = ASCII, i32 length each; bytes | text, UTF-8 |
 * | f64 each; u16 each | small numerics: coefficients; scales |
 * | tag and value each | any mixture (below) |
 *
 * The form follows from the values, not from the declared type: a column of numbers is one whatever the type is called. Everything
 * is in the byte order of the machine; the file does not outlive the process.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { assert } from '../../types/assert.ts';
import {
  decodeDatum,
  decodeText,
  encodeDatum,
  encodeTextInto,
  Interval,
  Numeric,
  OID,
  SelfTyped,
  SqlArray,
  SqlRecord,
  TimeTz,
} from '../../types/index.ts';
import type { Columns } from '../batch.ts';
import { giveScratch, takeScratch } from '../scratch-memory.ts';

/** Rows of a block, at most: readers make room for so many. */
export const BLOCK_ROWS_MAX = 512;

const FORM_NULL = 0;
const FORM_INT32 = 1;
const FORM_FLOAT64 = 2;
const FORM_TEXT = 4;
const FORM_BOOLEAN = 8;
const FORM_DECIMAL = 16;
const FORM_MIXED = 32;

/** In mixed columns, by value: what follows the tag. Datums carry their length before them. */
const TAG_NULL = 0;
const TAG_NUMBER = 1;
const TAG_TRUE = 2;
const TAG_FALSE = 3;
const TAG_BIGINT = 4;
const TAG_TEXT = 5;
const TAG_NUMERIC = 6;
const TAG_INTERVAL = 7;
const TAG_TIMETZ = 8;
const TAG_BYTEA = 9;
const TAG_ARRAY = 10;
const TAG_RECORD = 11;
/** Values that know their type: the datum has the type's oid before it. */
const TAG_SELF_TYPED = 12;
/** Types whose datum form serves all values of a tag; arrays and records say themselves what they hold. */
const TAG_TYPES = [0, 0, 0, 0, 0, 0, OID.NUMERIC, OID.INTERVAL, OID.TIMETZ, OID.BYTEA, OID.INT4_ARRAY, OID.RECORD];

const latin1Slice = Buffer.prototype.latin1Slice as (this: Uint8Array, start: number, end: number) => string;

/** Bytes with typed views of the same memory, growing at the end. */
export class BlockBuffer {
  u8!: Buffer;
  /** The same, not as a Buffer: slices are copies. */
  plain!: Uint8Array;
  i32!: Int32Array;
  f64!: Float64Array;
  #view!: DataView;
  #memory!: ArrayBuffer;
  length = 0;

  constructor(capacity: number) {
    this.#use(takeScratch((capacity + 7) & ~7));
  }

  #use(memory: ArrayBuffer): void {
    this.#memory = memory;
    this.u8 = Buffer.from(memory);
    this.plain = new Uint8Array(memory);
    this.i32 = new Int32Array(memory);
    this.f64 = new Float64Array(memory);
    this.#view = new DataView(memory);
  }

  get view(): DataView {
    return this.#view;
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.u8.length) return;
    const outgrown = this.#memory;
    const bytes = this.u8;
    this.#use(takeScratch((Math.max(needed, bytes.length * 2) + 7) & ~7));
    bytes.copy(this.u8, 0, 0, this.length);
    giveScratch(outgrown);
  }

  /** It is not used any more: neither by its owner nor by a read or write that is under way. */
  release(): void {
    giveScratch(this.#memory);
  }

  align(): void {
    const padding = -this.length & 7;
    this.reserve(padding);
    for (let i = 0; i < padding; i++) this.u8[this.length++] = 0;
  }
}

const values: Value[] = [];

/**
 * Appends a block of `count` rows, at most BLOCK_ROWS_MAX: those numbered order[from ...], or from ... as they stand. Only the
 * columns in `which` are written.
 */
export function encodeBlock(
  target: BlockBuffer,
  columns: Columns,
  which: readonly number[],
  order: Uint32Array | null,
  from: number,
  count: number,
): void {
  assert(count <= BLOCK_ROWS_MAX, 'a block has no more rows than readers have room for');
  const start = target.length;
  target.reserve(8);
  target.length += 8;
  for (let c = 0; c < which.length; c++) {
    const source = columns[which[c]];
    if (order === null) for (let i = 0; i < count; i++) values[i] = source[from + i];
    else for (let i = 0; i < count; i++) values[i] = source[order[from + i]];
    encodeColumn(target, count);
  }
  target.i32[start >> 2] = target.length - start;
  target.i32[(start >> 2) + 1] = count;
}

/** The one form of all values, MIXED when there is none. */
function formOf(count: number): { form: number; hasNulls: boolean } {
  let forms = 0;
  let nulls = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    switch (typeof value) {
      case 'number':
        forms |= value === (value | 0) && (value !== 0 || 1 / value > 0) ? FORM_INT32 : FORM_FLOAT64;
        break;
      case 'string':
        forms |= FORM_TEXT;
        break;
      case 'boolean':
        forms |= FORM_BOOLEAN;
        break;
      default:
        if (value === null) nulls++;
        else forms |= value instanceof Numeric && isSmall(value) ? FORM_DECIMAL : FORM_MIXED;
    }
  }
  if (forms === (FORM_INT32 | FORM_FLOAT64)) forms = FORM_FLOAT64;
  else if ((forms & (forms - 1)) !== 0) forms = FORM_MIXED;
  return { form: forms, hasNulls: nulls > 0 };
}

function isSmall(value: Numeric): boolean {
  return typeof value.coefficient === 'number' && value.isFinite;
}

function encodeColumn(target: BlockBuffer, count: number): void {
  const { form, hasNulls } = formOf(count);
  target.reserve(16 + ((count + 7) >> 3));
  target.i32[target.length >> 2] = form;
  target.i32[(target.length >> 2) + 1] = hasNulls ? 1 : 0;
  target.length += 8;
  if (hasNulls && form !== FORM_NULL && form !== FORM_MIXED) encodeNulls(target, count);
  switch (form) {
    case FORM_INT32: {
      target.reserve(count * 4);
      const at = target.length >> 2;
      for (let i = 0; i < count; i++) target.i32[at + i] = values[i] as number;
      target.length += count * 4;
      break;
    }
    case FORM_FLOAT64: {
      target.reserve(count * 8);
      const at = target.length >> 3;
      for (let i = 0; i < count; i++) target.f64[at + i] = values[i] as number;
      target.length += count * 8;
      break;
    }
    case FORM_BOOLEAN:
      target.reserve(count);
      for (let i = 0; i < count; i++) target.u8[target.length + i] = values[i] === true ? 1 : 0;
      target.length += count;
      break;
    case FORM_TEXT:
      encodeTexts(target, count);
      break;
    case FORM_DECIMAL: {
      target.reserve(count * 10);
      const at = target.length >> 3;
      for (let i = 0; i < count; i++) {
        const value = values[i] as Numeric | null;
        target.f64[at + i] = value === null ? 0 : (value.coefficient as number);
      }
      target.length += count * 8;
      for (let i = 0; i < count; i++) {
        target.view.setUint16(target.length, values[i] === null ? 0 : (values[i] as Numeric).scale, true);
        target.length += 2;
      }
      break;
    }
    case FORM_MIXED:
      for (let i = 0; i < count; i++) encodeTagged(target, values[i]);
      break;
  }
  target.align();
}

function encodeNulls(target: BlockBuffer, count: number): void {
  const { u8, length } = target;
  const bytes = (count + 7) >> 3;
  u8.fill(0, length, length + bytes);
  for (let i = 0; i < count; i++) if (values[i] === null) u8[length + (i >> 3)] |= 1 << (i & 7);
  target.length += bytes;
  target.align();
}

function encodeTexts(target: BlockBuffer, count: number): void {
  let characters = 0;
  for (let i = 0; i < count; i++) if (values[i] !== null) characters += (values[i] as string).length;
  target.reserve(8 + count * 4 + characters * 3);
  const { u8, i32 } = target;
  const head = target.length >> 2;
  let at = target.length + 8 + count * 4;
  const first = at;
  for (let i = 0; i < count; i++) {
    const value = values[i] as string | null;
    const length = value === null ? 0 : encodeTextInto(value, u8, at);
    i32[head + 2 + i] = length;
    at += length;
  }
  i32[head] = at - first;
  i32[head + 1] = at - first === characters ? 1 : 0;
  target.length = at;
}

function tagOf(value: Value): number {
  switch (typeof value) {
    case 'number':
      return TAG_NUMBER;
    case 'bigint':
      return TAG_BIGINT;
    case 'string':
      return TAG_TEXT;
    case 'boolean':
      return value ? TAG_TRUE : TAG_FALSE;
  }
  if (value === null) return TAG_NULL;
  if (value instanceof Numeric) return TAG_NUMERIC;
  if (value instanceof SqlArray) return TAG_ARRAY;
  if (value instanceof SqlRecord) return TAG_RECORD;
  if (value instanceof Uint8Array) return TAG_BYTEA;
  if (value instanceof Interval) return TAG_INTERVAL;
  if (value instanceof TimeTz) return TAG_TIMETZ;
  if (value instanceof SelfTyped) return TAG_SELF_TYPED;
  throw new Error(`a value that cannot be written to a temporary file: ${typeof value}`);
}

function encodeTagged(target: BlockBuffer, value: Value): void {
  const tag = tagOf(value);
  target.reserve(16);
  target.u8[target.length++] = tag;
  if (tag === TAG_NUMBER || tag === TAG_BIGINT) {
    if (tag === TAG_NUMBER) target.view.setFloat64(target.length, value, true);
    else target.view.setBigInt64(target.length, value, true);
    target.length += 8;
  } else if (tag === TAG_SELF_TYPED) {
    const { typeOid } = value as SelfTyped;
    const bytes = encodeDatum(typeOid, value);
    target.reserve(8 + bytes.length);
    target.view.setInt32(target.length, bytes.length, true);
    target.view.setUint32(target.length + 4, typeOid, true);
    target.u8.set(bytes, target.length + 8);
    target.length += 8 + bytes.length;
  } else if (tag >= TAG_TEXT) {
    const bytes = tag === TAG_TEXT ? Buffer.from(value, 'utf8') : encodeDatum(TAG_TYPES[tag], value);
    target.reserve(4 + bytes.length);
    target.view.setInt32(target.length, bytes.length, true);
    target.u8.set(bytes, target.length + 4);
    target.length += 4 + bytes.length;
  }
}

/** Reads the block at `at` into rows row ... of columns[which[...]]; answers how many rows. */
export function decodeBlock(
  source: BlockBuffer,
  at: number,
  columns: readonly Value[][],
  which: readonly number[],
  row: number,
): number {
  const count = source.i32[(at >> 2) + 1];
  let place = at + 8;
  for (let c = 0; c < which.length; c++) place = decodeColumn(source, place, columns[which[c]], row, count);
  assert(place - at === source.i32[at >> 2], 'a block ends where it says');
  return count;
}

/** Answers where the next column starts. */
function decodeColumn(source: BlockBuffer, at: number, target: Value[], row: number, count: number): number {
  const { u8, i32, f64 } = source;
  const form = i32[at >> 2];
  const hasNulls = i32[(at >> 2) + 1] === 1;
  const nulls = at + 8;
  let place = nulls;
  if (hasNulls && form !== FORM_NULL && form !== FORM_MIXED) place += (((count + 7) >> 3) + 7) & ~7;
  switch (form) {
    case FORM_NULL:
      for (let i = 0; i < count; i++) target[row + i] = null;
      return place;
    case FORM_INT32:
      for (let i = 0; i < count; i++) target[row + i] = i32[(place >> 2) + i];
      place += count * 4;
      break;
    case FORM_FLOAT64:
      for (let i = 0; i < count; i++) target[row + i] = f64[(place >> 3) + i];
      place += count * 8;
      break;
    case FORM_BOOLEAN:
      for (let i = 0; i < count; i++) target[row + i] = u8[place + i] === 1;
      place += count;
      break;
    case FORM_TEXT:
      place = decodeTexts(source, place, target, row, count);
      break;
    case FORM_DECIMAL: {
      const scales = place + count * 8;
      for (let i = 0; i < count; i++) {
        target[row + i] = Numeric.fromScaled(f64[(place >> 3) + i], source.view.getUint16(scales + i * 2, true));
      }
      place = scales + count * 2;
      break;
    }
    default:
      return decodeTagged(source, place, target, row, count);
  }
  if (hasNulls) {
    for (let i = 0; i < count; i++) if ((u8[nulls + (i >> 3)] & (1 << (i & 7))) !== 0) target[row + i] = null;
  }
  return (place + 7) & ~7;
}

/** Up to so many characters a substring is a copy, and does not keep the whole block's text alive. */
const COPIED_LENGTH_MAX = 12;

function decodeTexts(source: BlockBuffer, at: number, target: Value[], row: number, count: number): number {
  const { u8, i32 } = source;
  const head = at >> 2;
  const first = at + 8 + count * 4;
  const end = first + i32[head];
  const isAscii = i32[head + 1] === 1;
  // One call for all short ones; texts that are long on the average get their own.
  const whole = isAscii && end - first <= count * COPIED_LENGTH_MAX ? latin1Slice.call(u8, first, end) : null;
  let place = first;
  for (let i = 0; i < count; i++) {
    const next = place + i32[head + 2 + i];
    if (whole !== null && next - place <= COPIED_LENGTH_MAX)
      target[row + i] = whole.substring(place - first, next - first);
    else target[row + i] = isAscii ? latin1Slice.call(u8, place, next) : decodeText(u8, place, next);
    place = next;
  }
  return place;
}

function decodeTagged(source: BlockBuffer, at: number, target: Value[], row: number, count: number): number {
  const { u8, view } = source;
  let place = at;
  for (let i = 0; i < count; i++) {
    const tag = u8[place++];
    let value: Value = null;
    if (tag === TAG_TRUE || tag === TAG_FALSE) value = tag === TAG_TRUE;
    else if (tag === TAG_NUMBER || tag === TAG_BIGINT) {
      value = tag === TAG_NUMBER ? view.getFloat64(place, true) : view.getBigInt64(place, true);
      place += 8;
    } else if (tag === TAG_SELF_TYPED) {
      const start = place + 8;
      const end = start + view.getInt32(place, true);
      value = decodeDatum(view.getUint32(place + 4, true), source.plain, start, end);
      place = end;
    } else if (tag !== TAG_NULL) {
      const start = place + 4;
      place = start + view.getInt32(place, true);
      value = tag === TAG_TEXT ? decodeText(u8, start, place) : decodeDatum(TAG_TYPES[tag], source.plain, start, place);
    }
    target[row + i] = value;
  }
  return (place + 7) & ~7;
}
