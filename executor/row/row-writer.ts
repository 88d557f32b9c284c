/**
 * Row writer: turns column values into the bytes of a row image, in scratch memory that the heap copies from.
 *
 * One per table and layout. The set functions are generated so that each column's storage is decided once; a row is begun, its
 * columns are set in any order (variable-length ones are gathered and placed at the end), and finished.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { ROW_SIZE_MAX } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { encodeDatum, type Numeric } from '../../types/index.ts';
import { CHUNK_POINTER_SIZE, IN_CHUNKS } from './long-value.ts';
import { type ColumnLayout, OVERFLOW_BIT, ROW_LAYOUT_OFFSET, type RowLayout } from './row-layout.ts';
import { variableEnd, variableStart } from './row-reader.ts';

/** Rows longer than this have their long values compressed or moved out, as in PostgreSQL (TOAST_TUPLE_TARGET). */
export const ROW_SIZE_TARGET = 2032;
/** Text of so many characters is not encoded before it is known what becomes of it. */
const LONG_TEXT = 2000;

const NO_BYTES = new Uint8Array(0);
const I64_MAX_HIGH = 0x7fffffff;
const scratchFloat = new Float64Array(1);
const scratchFloatBytes = new Uint8Array(scratchFloat.buffer);
const scratchFloat4 = new Float32Array(1);
const scratchFloat4Bytes = new Uint8Array(scratchFloat4.buffer);

/** How a variable-length value stands in the row: as it is; in long form, compressed in the row; in long form, as a pointer. */
const AS_IT_IS = 0;
const COMPRESSED_IN_ROW = 1;
const POINTER = 2;
type Form = typeof AS_IT_IS | typeof COMPRESSED_IN_ROW | typeof POINTER;

export class RowWriter {
  readonly layout: RowLayout;
  /** The row image; valid up to `length` after finish(). */
  bytes: Buffer = Buffer.alloc(16384);
  length = 0;
  /** A value is so long that the row must be shortened before it is placed. */
  hasLongValue = false;
  /** setBytes takes its values from here; valid until finish(). */
  source: Uint8Array = NO_BYTES;
  readonly #values: (Uint8Array | string | null)[];
  /** Of values that stand in `source`: where, and how many blanks follow; -1 for all others. */
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #blanks: Int32Array;
  /** The bytes as numbers of 4 and 8 bytes, at their places in the row. */
  #i32: Int32Array;
  #f64: Float64Array;
  readonly #forms: Form[];
  /** How a row begins whose columns are all null: header and columns of fixed width. */
  readonly #start: Uint8Array;
  /** What lengthOf has counted, -1 before. */
  readonly #lengths: number[];

  constructor(layout: RowLayout) {
    this.layout = layout;
    this.#values = layout.columns.map(() => null);
    this.#forms = layout.columns.map(() => AS_IT_IS);
    this.#from = new Int32Array(layout.columns.length).fill(-1);
    this.#to = new Int32Array(layout.columns.length);
    this.#blanks = new Int32Array(layout.columns.length);
    this.#i32 = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length >>> 2);
    this.#f64 = new Float64Array(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length >>> 3);
    this.#lengths = layout.columns.map(() => -1);
    this.#start = new Uint8Array(layout.fixedSize);
    this.#start[ROW_LAYOUT_OFFSET] = layout.number;
    for (const column of layout.columns) if (column !== null) this.#start[column.nullByte] |= column.nullMask;
  }

  /** Starts a row with all columns null. */
  begin(): void {
    const { bytes } = this;
    const start = this.#start;
    // Short rows are copied without a native call.
    if (start.length > 96) bytes.set(start);
    else for (let i = 0; i < start.length; i++) bytes[i] = start[i];
    this.hasLongValue = false;
    for (const index of this.layout.variableColumns) {
      this.#values[index] = null;
      this.#from[index] = -1;
      this.#forms[index] = AS_IT_IS;
      this.#lengths[index] = -1;
    }
  }

  /** Sets a column of text to source[from .. to), which is UTF-8, with so many blanks behind it. For short ones: no long value. */
  setBytes(index: number, from: number, to: number, blanks = 0): void {
    const column = this.layout.columns[index] as ColumnLayout;
    this.bytes[column.nullByte] &= ~column.nullMask;
    this.#from[index] = from;
    this.#to[index] = to;
    this.#blanks[index] = blanks;
  }

  /** Sets a column of fixed width whose value is a number: a safe integer for 8 bytes, a coefficient for 'decimal'. */
  setNumber(index: number, value: number): void {
    const column = this.layout.columns[index] as ColumnLayout;
    this.bytes[column.nullByte] &= ~column.nullMask;
    switch (column.storage) {
      case 'int4':
      case 'date':
        this.#i32[column.offset >>> 2] = value;
        return;
      case 'float8':
      case 'decimal':
        this.#f64[column.offset >>> 3] = value;
        return;
      case 'int8':
      case 'micros': {
        const high = Math.floor(value / 4294967296);
        this.#i32[column.offset >>> 2] = value - high * 4294967296;
        this.#i32[(column.offset >>> 2) + 1] = high;
        return;
      }
      default:
        writeFixed(this.bytes, column, value);
    }
  }

  /** Sets a column from its runtime value. */
  set(index: number, value: Value): void {
    const column = this.layout.columns[index];
    if (column === null || value === null) return;
    const bytes = this.bytes;
    bytes[column.nullByte] &= ~column.nullMask;
    switch (column.storage) {
      case 'text':
        this.#values[index] = value as string;
        if ((value as string).length > LONG_TEXT) this.hasLongValue = true;
        return;
      case 'datum': {
        const datum = encodeDatum(column.typeOid, value);
        this.#values[index] = datum;
        if (datum.length > LONG_TEXT) this.hasLongValue = true;
        return;
      }
      default:
        writeFixed(bytes, column, value);
    }
  }

  /** Sets a column from a value's long form. It is copied at finish(): keep it unchanged until then. */
  setLong(index: number, value: Uint8Array): void {
    const column = this.layout.columns[index] as ColumnLayout;
    this.bytes[column.nullByte] &= ~column.nullMask;
    this.#values[index] = value;
    this.#forms[index] = (value[0] & IN_CHUNKS) === 0 ? COMPRESSED_IN_ROW : POINTER;
  }

  /** Takes over the long form that another version of the row has of a value. */
  keepLong(index: number, u8: Uint8Array, row: number, layout: RowLayout): void {
    const column = layout.columns[index] as ColumnLayout;
    const end = row + (variableEnd(u8, row, column) & ~OVERFLOW_BIT);
    this.setLong(index, u8.slice(row + variableStart(u8, row, column), end));
  }

  /** Bytes that the row would have. */
  measure(): number {
    let size = this.layout.fixedSize;
    for (const index of this.layout.variableColumns) size += this.lengthOf(index);
    return size;
  }

  /** Bytes of a variable-length column, in the form that it has now. */
  lengthOf(index: number): number {
    const value = this.#values[index];
    if (value === null) return 0;
    if (typeof value !== 'string') return value.length;
    if (this.#lengths[index] < 0) this.#lengths[index] = Buffer.byteLength(value, 'utf8');
    return this.#lengths[index];
  }

  /** What a variable-length column was set to. */
  valueOf(index: number): string | Uint8Array {
    return this.#values[index] as string | Uint8Array;
  }

  isCompressed(index: number): boolean {
    return this.#forms[index] === COMPRESSED_IN_ROW;
  }

  /** The longest of the values that are not in chunks, -1 if there is none that is wanted. */
  longest(isWanted: (index: number, column: ColumnLayout) => boolean): number {
    let found = -1;
    let size = CHUNK_POINTER_SIZE;
    for (const index of this.layout.variableColumns) {
      if (this.#values[index] === null || this.#forms[index] === POINTER) continue;
      const length = this.lengthOf(index);
      if (length <= size || !isWanted(index, this.layout.columns[index] as ColumnLayout)) continue;
      size = length;
      found = index;
    }
    return found;
  }

  /** Places the variable-length values; answers the row's length in bytes. 54000 if no page can hold it. */
  finish(): number {
    if (this.hasLongValue) {
      const size = this.measure();
      if (size > ROW_SIZE_MAX) throw sqlError('54000', `row is too big: size ${size}, maximum size ${ROW_SIZE_MAX}`);
    }
    const { layout } = this;
    let end = layout.fixedSize;
    for (const index of layout.variableColumns) {
      const value = this.#values[index];
      const column = layout.columns[index] as ColumnLayout;
      if (this.#from[index] >= 0) end = this.#placeBytes(index, end);
      else if (value !== null) {
        if (typeof value === 'string') {
          this.#reserve(end + value.length * 3);
          end += writeText(this.bytes, value, end);
        } else {
          this.#reserve(end + value.length);
          this.bytes.set(value, end);
          end += value.length;
        }
      }
      const stored = this.#forms[index] === AS_IT_IS ? end : end | OVERFLOW_BIT;
      // A row too long for its page is never stored, so an end beyond 15 bits is only passing through.
      this.bytes[column.offset] = stored & 255;
      this.bytes[column.offset + 1] = (stored >>> 8) & 255;
    }
    this.length = end;
    return end;
  }

  #placeBytes(index: number, at: number): number {
    const { source } = this;
    const from = this.#from[index];
    const to = this.#to[index];
    const end = at + to - from + this.#blanks[index];
    this.#reserve(end);
    const { bytes } = this;
    let place = at;
    // Short ones without a native call.
    if (to - from > 64) {
      bytes.set(source.subarray(from, to), place);
      place += to - from;
    } else for (let i = from; i < to; i++) bytes[place++] = source[i];
    if (place < end) this.#placeBlanks(place, end);
    return end;
  }

  #placeBlanks(from: number, end: number): void {
    const { bytes } = this;
    let at = from;
    while (at < end && (at & 3) !== 0) bytes[at++] = 32;
    for (; at + 4 <= end; at += 4) this.#i32[at >>> 2] = 0x20202020;
    while (at < end) bytes[at++] = 32;
  }

  /** The row has been stored: long values need not be kept for it. */
  forgetLong(): void {
    if (!this.hasLongValue) return;
    for (const index of this.layout.variableColumns) this.#values[index] = null;
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(size, this.bytes.length * 2));
    this.bytes.copy(grown);
    this.bytes = grown;
    this.#i32 = new Int32Array(grown.buffer, grown.byteOffset, grown.length >>> 2);
    this.#f64 = new Float64Array(grown.buffer, grown.byteOffset, grown.length >>> 3);
  }
}

/** Writes UTF-8; short ASCII text without a native call. */
function writeText(bytes: Buffer, text: string, offset: number): number {
  const length = text.length;
  if (length > 40) return bytes.utf8Write(text, offset);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 128) return bytes.utf8Write(text, offset);
    bytes[offset + i] = code;
  }
  return length;
}

/** Writes a non-null value of a fixed-width column. Exported for generated update code. */
export function writeFixed(bytes: Uint8Array, column: ColumnLayout, value: Value): void {
  const at = column.offset;
  switch (column.storage) {
    case 'bool':
      bytes[at] = value ? 1 : 0;
      return;
    case 'int2':
      bytes[at] = value;
      bytes[at + 1] = value >> 8;
      return;
    case 'int4':
    case 'uint4':
      writeInt32(bytes, at, value);
      return;
    case 'date':
      writeInt32(bytes, at, value === Infinity ? 0x7fffffff : value === -Infinity ? -0x80000000 : value);
      return;
    case 'float4':
      scratchFloat4[0] = value;
      for (let i = 0; i < 4; i++) bytes[at + i] = scratchFloat4Bytes[i];
      return;
    case 'float8':
      writeFloat8(bytes, at, value);
      return;
    case 'int8':
      writeInt64(bytes, at, value);
      return;
    case 'micros':
      writeMicros(bytes, at, value);
      return;
    case 'decimal':
      writeFloat8(bytes, at, typeof value === 'number' ? value : decimalCoefficient(value as Numeric, column.scale));
      return;
    default:
      throw new Error(`column storage ${column.storage} is not of fixed width`);
  }
}

function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >> 24;
}

function writeFloat8(bytes: Uint8Array, at: number, value: number): void {
  scratchFloat[0] = value;
  for (let i = 0; i < 8; i++) bytes[at + i] = scratchFloatBytes[i];
}

function writeMicros(bytes: Uint8Array, at: number, value: number | bigint): void {
  if (value === Infinity) {
    writeInt32(bytes, at, -1);
    writeInt32(bytes, at + 4, I64_MAX_HIGH);
  } else if (value === -Infinity) {
    writeInt32(bytes, at, 0);
    writeInt32(bytes, at + 4, -0x80000000);
  } else writeInt64(bytes, at, value);
}

function writeInt64(bytes: Uint8Array, at: number, value: number | bigint): void {
  if (typeof value === 'number') {
    const high = Math.floor(value / 4294967296);
    writeInt32(bytes, at, (value - high * 4294967296) | 0);
    writeInt32(bytes, at + 4, high);
  } else {
    writeInt32(bytes, at, Number(BigInt.asIntN(32, value)));
    writeInt32(bytes, at + 4, Number(BigInt.asIntN(32, value >> 32n)));
  }
}

/** The double that stands for a numeric in a column of the given scale; the value has been rounded to it before. */
function decimalCoefficient(value: Numeric, scale: number): number {
  if (value.isNaN) return Number.NaN;
  const scaled = value.scale === scale ? value : value.round(scale);
  return Number(scaled.coefficient);
}
