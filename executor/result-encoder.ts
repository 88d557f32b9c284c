/**
 * Result encoding: batches to DataRow messages in the connection's output buffer, in text or binary per column.
 */
import type { Encoding } from '../types/encodings/index.ts';
import { sqlError } from '../types/errors.ts';
import { binaryOutput, type FormatSettings, OID, textOutput } from '../types/index.ts';
import type { LongText } from '../types/long-text.ts';
import type { OutBuffer } from '../types/out-buffer.ts';
import { Pieces } from '../types/pieces.ts';
import type { Batch } from './batch.ts';
import { appendText } from './encoded-text.ts';
import type { ColumnEncoder, ColumnForm, RowForm } from './row-form.ts';

/** PostgreSQL's limit for a message, too. */
export const MESSAGE_SIZE_MAX = 0x3fffffff;

const DATA_ROW = 68;

/** Decimal digits of an integer, ASCII. */
function writeInteger(out: OutBuffer, value: number): void {
  out.reserve(28);
  const bytes = out.bytes;
  const start = out.length + 4;
  let at = start;
  let rest = value;
  if (rest < 0) {
    bytes[at++] = 45;
    rest = -rest;
  }
  if (rest > 2147483647) {
    at += bytes.latin1Write(String(rest), at);
  } else {
    let digits = 1;
    for (let limit = 10; digits < 10 && rest >= limit; limit *= 10) digits++;
    rest |= 0;
    for (let i = at + digits - 1; i >= at; i--) {
      const next = (rest / 10) | 0;
      bytes[i] = 48 + rest - next * 10;
      rest = next;
    }
    at += digits;
  }
  out.setInt32(out.length, at - start);
  out.length = at;
}

/** Text from this length on is counted before there is room made for it. */
const LONG_TEXT = 65536;
/** Longer values do not go through the buffer. */
const DEFERRED_MIN = 1024 * 1024;
/** Bytes made hexadecimal in one go: two digits each, from a table. */
const HEX_PIECE = 4096;
const hexPiece = new Uint16Array(HEX_PIECE);
const hexPieceBytes = new Uint8Array(hexPiece.buffer);
const HEX_PAIRS = new Uint16Array(256);
new Uint8Array(HEX_PAIRS.buffer).set(
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join(''), 'latin1'),
);

/** bytea in its hexadecimal text form, piece by piece. */
class HexDigits {
  readonly #value: Uint8Array;
  #position = 0;

  constructor(value: Uint8Array) {
    this.#value = value;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#value.length;
  }

  read(target: Uint8Array): number {
    const value = this.#value;
    const from = this.#position;
    const count = Math.min(HEX_PIECE, target.length >>> 1, value.length - from);
    for (let i = 0; i < count; i++) hexPiece[i] = HEX_PAIRS[value[from + i]];
    target.set(count === HEX_PIECE ? hexPieceBytes : hexPieceBytes.subarray(0, count * 2));
    this.#position = from + count;
    return count * 2;
  }
}

/** bytea, not by way of one string: V8's are shorter than a long value's digits. */
function writeHex(out: OutBuffer, value: Uint8Array): void {
  const digits = value.length * 2;
  const isDeferred = out.mayDefer && digits > DEFERRED_MIN;
  out.reserve(isDeferred ? 6 : 6 + digits);
  out.setInt32(out.length, digits + 2);
  out.bytes[out.length + 4] = 92;
  out.bytes[out.length + 5] = 120;
  out.length += 6;
  const source = new HexDigits(value);
  if (isDeferred) out.defer(source, digits);
  else while (!source.isAtEnd) out.length += source.read(out.bytes.subarray(out.length));
}

/** A long value with its length: its bytes are made when they can be sent. */
function deferValue(out: OutBuffer, value: string | Uint8Array, size: number): void {
  out.writeInt32(size);
  out.defer(new Pieces(value), size);
}

/** UTF-8 text with its length; short ASCII without a native call. */
function writeLengthText(out: OutBuffer, text: string | LongText): void {
  if (typeof text !== 'string') {
    writeLengthBytes(out, text.bytes);
    return;
  }
  const length = text.length;
  let room = length * 3;
  if (length > LONG_TEXT) {
    room = Buffer.byteLength(text, 'utf8');
    if (out.mayDefer && room > DEFERRED_MIN) {
      deferValue(out, text, room);
      return;
    }
  }
  out.reserve(4 + room);
  const bytes = out.bytes;
  const start = out.length + 4;
  let written = 0;
  if (length <= 48) {
    for (; written < length; written++) {
      const code = text.charCodeAt(written);
      if (code >= 128) break;
      bytes[start + written] = code;
    }
  }
  if (written < length) written = bytes.utf8Write(text, start);
  out.setInt32(out.length, written);
  out.length = start + written;
}

/** Text with its length, in another encoding than UTF-8. Where that fails the row is taken back. */
function lengthTextWriter(encoding: Encoding): (out: OutBuffer, text: string | LongText) => void {
  return (out, text) => {
    const start = out.length;
    out.writeInt32(0);
    appendText(out, text, encoding);
    out.setInt32(start, out.length - start - 4);
  };
}

function textEncoder(typeOid: number, encoding: Encoding | null): ColumnEncoder {
  const writeText = encoding === null ? writeLengthText : lengthTextWriter(encoding);
  switch (typeOid) {
    case OID.INT2:
    case OID.INT4:
    case OID.OID:
      return writeInteger;
    case OID.INT8:
      return (out, value) => {
        if (typeof value === 'number') writeInteger(out, value);
        else writeLengthText(out, String(value));
      };
    case OID.BOOL:
      return (out, value) => {
        out.reserve(5);
        out.setInt32(out.length, 1);
        out.bytes[out.length + 4] = value ? 116 : 102;
        out.length += 5;
      };
    case OID.TEXT:
    case OID.VARCHAR:
    case OID.BPCHAR:
    case OID.NAME:
    case OID.JSON:
    case OID.JSONB:
    case OID.UNKNOWN:
    case OID.UUID:
      return writeText;
    case OID.BYTEA: {
      const output = textOutput(typeOid);
      return (out, value: Uint8Array, format) => {
        if (format.byteaOutput === 'hex') writeHex(out, value);
        else writeLengthText(out, output(value, format));
      };
    }
    default: {
      const output = textOutput(typeOid);
      return (out, value, format) => writeText(out, output(value, format));
    }
  }
}

function binaryEncoder(typeOid: number, encoding: Encoding | null): ColumnEncoder {
  if (typeOid === OID.INT4) {
    return (out, value) => {
      out.reserve(8);
      out.setInt32(out.length, 4);
      out.setInt32(out.length + 4, value);
      out.length += 8;
    };
  }
  // Long values of these are not copied before they are sent.
  if (typeOid === OID.BYTEA) return writeLengthBytes;
  if (typeOid === OID.TEXT || typeOid === OID.VARCHAR || typeOid === OID.BPCHAR || typeOid === OID.JSON) {
    return encoding === null ? writeLengthText : lengthTextWriter(encoding);
  }
  const output = binaryOutput(typeOid, encoding);
  return (out, value) => writeLengthBytes(out, output(value));
}

function writeLengthBytes(out: OutBuffer, bytes: Uint8Array): void {
  if (out.mayDefer && bytes.length > DEFERRED_MIN) {
    deferValue(out, bytes, bytes.length);
    return;
  }
  out.writeInt32(bytes.length);
  out.writeBytes(bytes);
}

/** How a column's values are sent; format 0 text, 1 binary. `encoding`: of texts; null: UTF-8. */
export function columnForm(typeOid: number, format: number, encoding: Encoding | null): ColumnForm {
  const isBinary = format === 1;
  const encode = isBinary ? binaryEncoder(typeOid, encoding) : textEncoder(typeOid, encoding);
  return { typeOid, isBinary, isUtf8: encoding === null, encode };
}

export class ResultEncoder {
  /** For a scan that writes its rows itself. */
  readonly form: RowForm;
  readonly encoding: Encoding | null;
  readonly #encoders: readonly ColumnEncoder[];

  /** `formats`: none (all text), one for all columns, or one each; 0 text, 1 binary. `encoding`: of texts; null: UTF-8. */
  constructor(typeOids: readonly number[], formats: readonly number[], encoding: Encoding | null) {
    this.encoding = encoding;
    const columns = typeOids.map((typeOid, i) =>
      columnForm(typeOid, formats.length === 0 ? 0 : formats.length === 1 ? formats[0] : formats[i], encoding),
    );
    this.#encoders = columns.map((column) => column.encode);
    this.form = {
      key: `rows ${formats.join(',')}${encoding === null ? '' : ` ${encoding.name}`}`,
      messageType: DATA_ROW,
      line: null,
      columns,
    };
  }

  /** Writes rows from..to-1 of the batch. */
  encode(out: OutBuffer, batch: Batch, from: number, to: number, format: FormatSettings): void {
    const encoders = this.#encoders;
    const { columns } = batch;
    const width = encoders.length;
    let start = out.length;
    let valuesBefore = out.deferred.length;
    try {
      for (let row = from; row < to; row++) {
        out.reserve(7);
        start = out.length;
        valuesBefore = out.deferred.length;
        const deferredBefore = out.deferredSize;
        out.bytes[start] = DATA_ROW;
        out.bytes[start + 5] = width >>> 8;
        out.bytes[start + 6] = width;
        out.length = start + 7;
        for (let c = 0; c < width; c++) {
          const value = columns[c][row];
          if (value === null) out.writeInt32(-1);
          else encoders[c](out, value, format);
        }
        const size = out.length - start - 1 + (out.deferredSize - deferredBefore);
        if (size > MESSAGE_SIZE_MAX) {
          throw sqlError('54000', `row is too long for a message: the maximum is ${MESSAGE_SIZE_MAX} bytes`);
        }
        out.setInt32(start + 1, size);
      }
    } catch (error) {
      // A value without a text, or too long: the client must not see half a row before the error.
      out.length = start;
      out.deferred.length = valuesBefore;
      throw error;
    }
  }
}
