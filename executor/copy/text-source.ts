/** COPY FROM in text or CSV: bytes become lines, lines become rows of a batch. */
import type { Value } from '../../catalog/function-entry.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import {
  decodeUtf8,
  type FormatSettings,
  OID,
  plainDate,
  plainInteger,
  plainNumeric,
  textInput,
} from '../../types/index.ts';
import { decodeText } from '../row/row-reader.ts';
import { type CopyColumn, CopySource, withCheck } from './copy-source.ts';
import type { CopyOptions } from './options.ts';

const NEWLINE = 10;
const RETURN = 13;
const BACKSLASH = 92;
/** A field's room up to this is kept for the next. */
const SCRATCH_KEPT_MAX = 65536;

export class CopyTextSource extends CopySource {
  readonly #columns: readonly CopyColumn[];
  readonly #options: CopyOptions;
  readonly #tableName: string;
  readonly #inputs: ((text: string, typeModifier: number, format: FormatSettings) => Value)[];
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #nullBytes: Buffer;
  readonly #forceNotNull: readonly boolean[];
  readonly #forceNull: readonly boolean[];
  /** Up to here the line has no end, for a line that comes in many messages; CSV: whether that is inside of quotes. */
  #looked = 0;
  #looksInQuotes = false;
  #line = 0;
  #field: Buffer = Buffer.alloc(256);
  #sawEndMarker = false;
  #isHeaderDone: boolean;

  constructor(columns: readonly CopyColumn[], options: CopyOptions, tableName: string) {
    super(columns.length);
    this.#columns = columns;
    this.#options = options;
    this.#tableName = tableName;
    this.#inputs = columns.map((c) => withCheck(textInput(c.typeOid), c));
    this.#delimiter = options.delimiter.charCodeAt(0);
    this.#quote = options.format === 'csv' ? options.quote.charCodeAt(0) : -1;
    this.#escape = options.format === 'csv' ? options.escape.charCodeAt(0) : -1;
    this.#nullBytes = Buffer.from(options.nullText, 'utf8');
    this.#forceNotNull = columns.map((c) => options.forceNotNull.includes(c.name));
    this.#forceNull = columns.map((c) => options.forceNull.includes(c.name));
    this.#isHeaderDone = options.header === 'none';
  }

  protected override moved(by: number): void {
    this.#looked -= by;
  }

  protected override parseRows(format: FormatSettings, limit: number): number {
    let n = 0;
    while (n < limit) {
      const end = this.#findLineEnd();
      if (end < 0) break;
      this.#line++;
      const isRow = this.#parseLine(format, this.position, end, n);
      this.position = this.#nextLine;
      if (isRow) n++;
      if (this.#sawEndMarker) break;
    }
    return n;
  }

  /** Start of the line after the one found. */
  #nextLine = 0;

  /** End of the next whole line (without its line break), or -1. Quoted line breaks of CSV belong to the line. */
  #findLineEnd(): number {
    if (this.#sawEndMarker) {
      this.position = this.length;
      return -1;
    }
    const data = this.data;
    const length = this.length;
    let at = Math.max(this.#looked, this.position);
    if (this.#quote < 0) {
      at = nextNewline(data, at, length);
      // A backslash before the line break makes it data; an even number of them does not.
      while (at < length && isEscaped(data, at, this.position)) {
        at = nextNewline(data, at + 1, length);
      }
      this.#looked = at;
    } else at = this.#findCsvLineEnd(at);
    if (at >= length) {
      if (!this.isFinished || this.position >= length) return -1;
      this.#nextLine = length;
      this.#looksInQuotes = false;
      return length;
    }
    this.#nextLine = at + 1;
    return at > this.position && data[at - 1] === RETURN ? at - 1 : at;
  }

  /** The line break that ends the line looked at up to `from`, or the end of what came. */
  #findCsvLineEnd(from: number): number {
    const data = this.data;
    const length = this.length;
    const hasOwnEscape = this.#escape !== this.#quote;
    let inQuotes = this.#looksInQuotes;
    let at = from;
    for (; at < length; at++) {
      const byte = data[at];
      if (inQuotes && hasOwnEscape && byte === this.#escape) {
        // What it escapes may come with the next message.
        if (at + 1 === length && !this.isFinished) break;
        at++;
      } else if (byte === this.#quote) inQuotes = !inQuotes;
      else if (byte === NEWLINE && !inQuotes) {
        this.#looked = at;
        this.#looksInQuotes = false;
        return at;
      }
    }
    this.#looked = Math.min(at, length);
    this.#looksInQuotes = inQuotes;
    return length;
  }

  /** Parses a line into row n of the batch; false when it was the header or the end marker. */
  #parseLine(format: FormatSettings, start: number, end: number, n: number): boolean {
    const data = this.data;
    if (end - start === 2 && data[start] === BACKSLASH && data[start + 1] === 46) {
      this.#sawEndMarker = true;
      return false;
    }
    if (!this.#isHeaderDone) {
      this.#isHeaderDone = true;
      if (this.#options.header === 'match') this.#checkHeader(start, end);
      return false;
    }
    if (this.#quote < 0) this.#parseText(format, start, end, n);
    else this.#parseCsv(format, start, end, n);
    return true;
  }

  #parseText(format: FormatSettings, start: number, end: number, n: number): void {
    const data = this.data;
    const delimiter = this.#delimiter;
    const width = this.#columns.length;
    let column = 0;
    let from = start;
    for (;;) {
      let to = from;
      let hasEscape = false;
      let isAscii = true;
      for (; to < end; to++) {
        const byte = data[to];
        if (byte === delimiter) break;
        if (byte === BACKSLASH) {
          hasEscape = true;
          to++;
        } else if (byte >= 128) isAscii = false;
      }
      if (to > end) to = end;
      if (column >= width) {
        // A table without columns takes empty lines.
        if (width === 0 && from === end) return;
        throw this.#error('22P04', 'extra data after last expected column');
      }
      if (this.#isNull(from, to)) this.out.columns[column][n] = null;
      else this.#setValue(format, column, n, from, to, hasEscape, isAscii);
      column++;
      if (to >= end) break;
      from = to + 1;
    }
    if (column < width) throw this.#error('22P04', `missing data for column "${this.#columns[column].name}"`);
  }

  #isNull(from: number, to: number): boolean {
    const bytes = this.#nullBytes;
    if (to - from !== bytes.length) return false;
    for (let i = 0; i < bytes.length; i++) if (this.data[from + i] !== bytes[i]) return false;
    return true;
  }

  #setValue(
    format: FormatSettings,
    column: number,
    n: number,
    from: number,
    to: number,
    hasEscape: boolean,
    isAscii: boolean,
  ): void {
    const target = this.out.columns[column];
    if (!hasEscape) {
      const value = plainValue(this.data, from, to, this.#columns[column]);
      if (value !== undefined) {
        target[n] = value;
        return;
      }
    }
    let text: string;
    if (hasEscape) text = this.#unescape(from, to);
    else text = isAscii ? asciiText(this.data, from, to) : decodeUtf8(this.data, from, to);
    target[n] = this.#convert(format, column, text);
  }

  #convert(format: FormatSettings, column: number, text: string): Value {
    try {
      return this.#inputs[column](text, this.#columns[column].typeModifier, format);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
      throw error.with({
        where: `COPY ${this.#tableName}, line ${this.#line}, column ${this.#columns[column].name}: "${shown}"`,
      });
    }
  }

  #unescape(from: number, to: number): string {
    const data = this.data;
    const bytes = this.#scratch(to - from);
    let count = 0;
    for (let i = from; i < to; i++) {
      const byte = data[i];
      if (byte !== BACKSLASH || i + 1 >= to) {
        bytes[count++] = byte;
        continue;
      }
      i = unescapeByte(data, i + 1, to, bytes, count++);
    }
    return decodeUtf8(bytes, 0, count);
  }

  /** Room for a field's bytes without what escapes them, which are no more than `size`. */
  #scratch(size: number): Uint8Array {
    if (size > SCRATCH_KEPT_MAX) return Buffer.allocUnsafeSlow(size);
    if (size > this.#field.length) this.#field = Buffer.allocUnsafeSlow(Math.max(size, this.#field.length * 2));
    return this.#field;
  }

  #parseCsv(format: FormatSettings, start: number, end: number, n: number): void {
    const width = this.#columns.length;
    let column = 0;
    let from = start;
    for (;;) {
      const field = this.#csvField(from, end);
      if (column >= width) throw this.#error('22P04', 'extra data after last expected column');
      const isNullText = field.text === this.#options.nullText;
      const isNull =
        isNullText &&
        ((!field.wasQuoted && !this.#forceNotNull[column]) || (field.wasQuoted && this.#forceNull[column]));
      this.out.columns[column][n] = isNull ? null : this.#convert(format, column, field.text);
      column++;
      if (field.next > end) break;
      from = field.next;
    }
    if (column < width) throw this.#error('22P04', `missing data for column "${this.#columns[column].name}"`);
  }

  /** One CSV field; `next`: where the next one begins, beyond `end` after the last. */
  #csvField(from: number, end: number): { text: string; wasQuoted: boolean; next: number } {
    const data = this.data;
    const bytes = this.#scratch(end - from);
    let count = 0;
    let inQuotes = false;
    let wasQuoted = false;
    let at = from;
    for (; at < end; at++) {
      const byte = data[at];
      if (inQuotes) {
        if (byte === this.#escape && at + 1 < end && (data[at + 1] === this.#quote || data[at + 1] === this.#escape))
          bytes[count++] = data[++at];
        else if (byte === this.#quote) inQuotes = false;
        else bytes[count++] = byte;
      } else if (byte === this.#quote) {
        inQuotes = true;
        wasQuoted = true;
      } else if (byte === this.#delimiter) break;
      else bytes[count++] = byte;
    }
    if (inQuotes) throw this.#error('22P04', 'unterminated CSV quoted field');
    return { text: decodeUtf8(bytes, 0, count), wasQuoted, next: at + 1 };
  }

  #checkHeader(start: number, end: number): void {
    const line = decodeUtf8(this.data, start, end);
    const names: string[] = [];
    if (this.#quote < 0) names.push(...line.split(this.#options.delimiter));
    else {
      for (let from = start; from <= end; ) {
        const field = this.#csvField(from, end);
        names.push(field.text);
        from = field.next;
      }
    }
    if (names.length !== this.#columns.length) {
      throw this.#error(
        '22P04',
        `wrong number of fields in header line: got ${names.length}, expected ${this.#columns.length}`,
      );
    }
    names.forEach((name, i) => {
      if (name === this.#columns[i].name) return;
      throw this.#error(
        '22P04',
        `column name mismatch in header line field ${i + 1}: got "${name}", expected "${this.#columns[i].name}"`,
      );
    });
  }

  #error(code: string, message: string): Error {
    const line = decodeText(this.data, this.position, Math.min(this.#nextLine, this.position + 100)).trimEnd();
    return sqlError(code, message, { where: `COPY ${this.#tableName}, line ${this.#line}: "${line}"` });
  }
}

/** A field of a frequent type in its plain form; undefined: it needs the type's input function. */
function plainValue(data: Buffer, from: number, to: number, column: CopyColumn): Value | undefined {
  switch (column.typeOid) {
    case OID.INT2:
    case OID.INT4:
    case OID.INT8: {
      const value = plainInteger(data, from, to);
      const limit = column.typeOid === OID.INT8 ? Infinity : column.typeOid === OID.INT4 ? 2147483648 : 32768;
      return value < limit && value > -limit ? value : undefined;
    }
    case OID.DATE: {
      const days = plainDate(data, from, to);
      return days === days ? days : undefined;
    }
    case OID.NUMERIC:
      return plainNumeric(data, from, to, column.typeModifier) ?? undefined;
    default:
      return undefined;
  }
}

/** Bytes that are known to be ASCII: no UTF-8 decoder is needed. */
function asciiText(data: Buffer, from: number, to: number): string {
  return to - from > 24 ? data.latin1Slice(from, to) : decodeText(data, from, to);
}

/** Position of the next line break before `length`, or `length`. What stands behind it in the buffer is stale. */
function nextNewline(data: Buffer, from: number, length: number): number {
  const at = data.indexOf(NEWLINE, from);
  return at < 0 || at > length ? length : at;
}

function isEscaped(data: Uint8Array, at: number, start: number): boolean {
  let backslashes = 0;
  for (let i = at - 1; i >= start && data[i] === BACKSLASH; i--) backslashes++;
  return backslashes % 2 === 1;
}

const SIMPLE_ESCAPES: { readonly [byte: number]: number } = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11 };

/** Decodes the escape whose character stands at i into bytes[count]; answers the position of its last byte. */
function unescapeByte(data: Uint8Array, i: number, to: number, bytes: Uint8Array, count: number): number {
  const byte = data[i];
  const simple = SIMPLE_ESCAPES[byte];
  if (simple !== undefined) {
    bytes[count] = simple;
    return i;
  }
  if (byte >= 48 && byte <= 55) {
    let value = 0;
    let at = i;
    for (; at < to && at < i + 3 && data[at] >= 48 && data[at] <= 55; at++) value = value * 8 + data[at] - 48;
    bytes[count] = value;
    return at - 1;
  }
  if (byte === 120 && i + 1 < to && /[0-9a-fA-F]/.test(String.fromCharCode(data[i + 1]))) {
    let text = String.fromCharCode(data[i + 1]);
    if (i + 2 < to && /[0-9a-fA-F]/.test(String.fromCharCode(data[i + 2]))) text += String.fromCharCode(data[i + 2]);
    bytes[count] = Number.parseInt(text, 16);
    return i + text.length;
  }
  bytes[count] = byte;
  return i;
}
