/**
 * Row writer: turns column values into the bytes of a row image, in scratch memory that the heap copies from.
 *
 * One per table and layout. The set functions are generated so that each column's storage is decided once; a row is begun, its
 * columns are set in any order (variable-length ones are gathered and placed at the end), and finished.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { sqlError } from '../../types/errors.ts';
import { encodeDatum, type Numeric } from '../../types/index.ts';
import { type ColumnLayout, ROW_LAYOUT_OFFSET, type RowLayout } from './row-layout.ts';
import { variableStart } from './row-reader.ts';

/** Largest row image: what one page can hold beside its header and slot. Longer values go to overflow chains before. */
export const ROW_SIZE_MAX = 8192 - 40;
/** Variable-length values above this many bytes are moved out of the row when it does not fit. */
export const OVERFLOW_THRESHOLD = 2000;

const OVERFLOW_POINTER_SIZE = 8;

/** Stores a long value outside the row and answers its pointer. */
export type OverflowStore = (bytes: Uint8Array) => Uint8Array;

const I64_MAX_HIGH = 0x7fffffff;
const scratchFloat = new Float64Array(1);
const scratchFloatBytes = new Uint8Array(scratchFloat.buffer);
const scratchFloat4 = new Float32Array(1);
const scratchFloat4Bytes = new Uint8Array(scratchFloat4.buffer);

export class RowWriter {
  readonly layout: RowLayout;
  /** The row image; valid up to `length` after finish(). */
  bytes: Buffer = Buffer.alloc(16384);
  length = 0;
  readonly #values: (Uint8Array | string | null)[];
  readonly #isOverflow: boolean[];

  constructor(layout: RowLayout) {
    this.layout = layout;
    this.#values = layout.columns.map(() => null);
    this.#isOverflow = layout.columns.map(() => false);
  }

  /** Starts a row with all columns null. */
  begin(): void {
    const { layout, bytes } = this;
    bytes.fill(0, 0, layout.fixedSize);
    bytes[ROW_LAYOUT_OFFSET] = layout.number;
    for (const column of layout.columns) if (column !== null) bytes[column.nullByte] |= column.nullMask;
    for (const index of layout.variableColumns) {
      this.#values[index] = null;
      this.#isOverflow[index] = false;
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
        return;
      case 'datum':
        this.#values[index] = encodeDatum(column.typeOid, value);
        return;
      default:
        writeFixed(bytes, column, value);
    }
  }

  /** Sets a variable-length column from its stored bytes. They are copied at finish(): keep them unchanged until then. */
  setBytes(index: number, value: Uint8Array, isOverflow = false): void {
    const column = this.layout.columns[index] as ColumnLayout;
    this.bytes[column.nullByte] &= ~column.nullMask;
    this.#values[index] = value;
    this.#isOverflow[index] = isOverflow;
  }

  /** Takes over the pointer that another version of the row has for a long value. */
  keepPointer(index: number, u8: Uint8Array, row: number, layout: RowLayout): void {
    const start = row + variableStart(u8, row, layout.columns[index] as ColumnLayout);
    this.setBytes(index, u8.slice(start, start + OVERFLOW_POINTER_SIZE), true);
  }

  /** Places the variable-length values; answers the row's length in bytes. Moves the longest out while the row is too long. */
  finish(overflow: OverflowStore): number {
    const { layout } = this;
    let size = this.#place();
    while (size > ROW_SIZE_MAX) {
      const longest = this.#longest();
      if (longest < 0) throw sqlError('54000', `row is too big: size ${size}, maximum size ${ROW_SIZE_MAX}`);
      const value = this.#values[longest] as Uint8Array | string;
      this.#values[longest] = overflow(typeof value === 'string' ? Buffer.from(value, 'utf8') : value);
      this.#isOverflow[longest] = true;
      size = this.#place();
    }
    for (const index of layout.variableColumns) this.#values[index] = null;
    this.length = size;
    return size;
  }

  #longest(): number {
    let found = -1;
    let size = 32;
    for (const index of this.layout.variableColumns) {
      const value = this.#values[index];
      if (value === null || this.#isOverflow[index]) continue;
      const length = typeof value === 'string' ? Buffer.byteLength(value, 'utf8') : value.length;
      if (length > size) {
        size = length;
        found = index;
      }
    }
    return found;
  }

  #place(): number {
    const { layout } = this;
    let end = layout.fixedSize;
    for (const index of layout.variableColumns) {
      const value = this.#values[index];
      const column = layout.columns[index] as ColumnLayout;
      if (value !== null) {
        if (typeof value === 'string') {
          this.#reserve(end + value.length * 3);
          end += writeText(this.bytes, value, end);
        } else {
          this.#reserve(end + value.length);
          this.bytes.set(value, end);
          end += value.length;
        }
      }
      const stored = this.#isOverflow[index] ? end | 0x8000 : end;
      // A row too long for its page is never stored, so an end beyond 15 bits is only passing through.
      this.bytes[column.offset] = stored & 255;
      this.bytes[column.offset + 1] = (stored >>> 8) & 255;
    }
    return end;
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(size, this.bytes.length * 2));
    this.bytes.copy(grown);
    this.bytes = grown;
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
export function decimalCoefficient(value: Numeric, scale: number): number {
  if (value.isNaN) return Number.NaN;
  const scaled = value.scale === scale ? value : value.round(scale);
  return Number(scaled.coefficient);
}
