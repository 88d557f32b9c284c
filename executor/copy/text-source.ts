/**
 * COPY FROM in text or CSV: bytes become lines, lines become fields, fields become values.
 *
 *      readLine: from, to and form of each field  ->  isNull, value (or the bytes themselves, in copy-insert.ts)  ->  consume
 *
 * A field is a place in `data` until somebody wants its value. The places hold until the next receive() moves the bytes, which
 * moves them, too: a line may wait, half worked on, for as long as it must.
 */
import { isUtf8 } from 'node:buffer';
import type { Value } from '../../catalog/function-entry.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { decodeAscii, decodeText, decodeUtf8, type FormatSettings, textInput } from '../../types/index.ts';
import type { Batch } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { type CopyColumn, CopySource } from './copy-source.ts';
import type { CopyOptions } from './options.ts';
import { plainValue } from './plain-value.ts';

const NEWLINE = 10;
const RETURN = 13;
const BACKSLASH = 92;
const DOT = 46;
/** A field's room up to this is kept for the next. */
const SCRATCH_KEPT_MAX = 65536;

/** Bytes of a line or a field that errors show. */
const SHOWN_BYTES_MAX = 100;

/** Forms of a field: what stands between from and to. */
export const FIELD_NULL = 0;
/** ASCII without a zero byte, which means itself. */
export const FIELD_ASCII = 1;
/** Means itself, if it is UTF-8. */
export const FIELD_UTF8 = 2;
/** Text form: with backslashes. CSV: with quotes inside; `from` is before the first, and `to` says nothing. */
export const FIELD_ESCAPED = 3;
export type FieldForm = typeof FIELD_NULL | typeof FIELD_ASCII | typeof FIELD_UTF8 | typeof FIELD_ESCAPED;

export class CopyTextSource extends CopySource {
  readonly columns: readonly CopyColumn[];
  /** Of the current line, by field. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly forms: Uint8Array;
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
  /** There is a current line. */
  #hasLine = false;
  /** Where the last line that was read begins, and ends without its line break; below 0 when its bytes are gone. */
  #lineStart = 0;
  #lineEnd = 0;
  /** Start of the line after the current one. */
  #nextLine = 0;
  #line = 0;
  #field: Buffer = Buffer.alloc(256);
  #sawEndMarker = false;
  #isHeaderDone: boolean;

  constructor(columns: readonly CopyColumn[], options: CopyOptions, tableName: string) {
    super(columns.length, options.encoding);
    this.columns = columns;
    this.from = new Int32Array(columns.length);
    this.to = new Int32Array(columns.length);
    this.forms = new Uint8Array(columns.length);
    this.#options = options;
    this.#tableName = tableName;
    this.#inputs = columns.map((c) => textInput(c.typeOid));
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
    this.#lineStart -= by;
    this.#lineEnd -= by;
    if (!this.#hasLine) return;
    this.#nextLine -= by;
    for (let i = 0; i < this.from.length; i++) {
      this.from[i] -= by;
      this.to[i] -= by;
    }
  }

  protected override parseRows(format: FormatSettings, limit: number): number {
    const { columns } = this.out;
    let n = 0;
    while (n < limit && this.readLine(format)) {
      for (let i = 0; i < columns.length; i++) columns[i][n] = this.value(format, i);
      this.consume();
      n++;
    }
    return n;
  }

  /** Where the fields stand; until the next receive(). */
  get bytes(): Buffer {
    return this.data;
  }

  /** For who takes lines, not batches: null when there is one, else what poll() would answer. */
  pollLine(x: ExecContext): Batch | null {
    if (this.#hasLine) return null;
    this.begin();
    return this.readLine(x.functions.format) ? null : this.endOrWait(x);
  }

  /** Whether there is a current line; if not, the next one becomes it. False: its bytes have not come, or it was the last. */
  readLine(format: FormatSettings): boolean {
    if (this.#hasLine) return true;
    for (;;) {
      if (this.#sawEndMarker) {
        this.position = this.length;
        return false;
      }
      // The usual line is looked at once, for its end and its fields.
      const isFast = this.#quote < 0 && this.#isHeaderDone && this.#looked <= this.position;
      const end = isFast && !this.#isEndMarker() ? this.#scanLine() : this.#findLineEnd();
      if (end < 0) return false;
      this.#line++;
      this.#lineStart = this.position;
      this.#lineEnd = end;
      this.#hasLine = true;
      if (isFast && this.#isScanned) return true;
      if (this.#readFound(end, format)) return true;
      this.consume();
    }
  }

  /** The current line is done. */
  consume(): void {
    this.#hasLine = false;
    this.#isScanned = false;
    this.position = this.#nextLine;
  }

  /** A line that was found by its end: false when it was the header or the end marker. */
  #readFound(end: number, format: FormatSettings): boolean {
    const start = this.position;
    if (this.#isEndMarker() && end - start === 2) {
      this.#sawEndMarker = true;
      return false;
    }
    if (!this.#isHeaderDone) {
      this.#isHeaderDone = true;
      if (this.#options.header === 'match') this.#checkHeader(start, end);
      return false;
    }
    if (this.#quote < 0) {
      this.#scanText(start, end, format);
      return true;
    }
    if (this.#line > 1) this.#line += this.#innerLineBreaks(start, end);
    this.#scanCsv(start, end, format);
    return true;
  }

  /** Line breaks in quotes begin lines, too; not in the first, where PostgreSQL does not know yet what a line break is. */
  #innerLineBreaks(start: number, end: number): number {
    let count = 0;
    for (let at = nextNewline(this.data, start, end); at < end; at = nextNewline(this.data, at + 1, end)) count++;
    return count;
  }

  #isEndMarker(): boolean {
    return this.data[this.position] === BACKSLASH && this.data[this.position + 1] === DOT;
  }

  /** #scanLine has found the line's fields as well as its end. */
  #isScanned = false;

  /** Text form: the next line with its fields, as #findLineEnd and #scanText would find them. */
  #scanLine(): number {
    const { data, length, from, to, forms } = this;
    const delimiter = this.#delimiter;
    const width = from.length;
    let column = 0;
    let start = this.position;
    let form: number = FIELD_ASCII;
    for (let at = start; at < length; at++) {
      const byte = data[at];
      if (byte === delimiter || byte === NEWLINE) {
        const isLast = byte === NEWLINE;
        const end = isLast && at > this.position && data[at - 1] === RETURN ? at - 1 : at;
        if (column === width) return this.#findLineEnd();
        from[column] = start;
        to[column] = end;
        forms[column] = this.#isNullText(start, end) ? FIELD_NULL : form;
        column++;
        if (isLast) {
          this.#nextLine = at + 1;
          if (column < width) return end;
          this.#isScanned = true;
          return end;
        }
        start = at + 1;
        form = FIELD_ASCII;
      } else if (byte === BACKSLASH) {
        form = FIELD_ESCAPED;
        at++;
      } else if ((byte >= 128 || byte === 0) && form === FIELD_ASCII) form = FIELD_UTF8;
    }
    // Not all of it has come, or it is the last one and has no line break.
    return this.#findLineEnd();
  }

  /** End of the next whole line (without its line break), or -1. Quoted line breaks of CSV belong to the line. */
  #findLineEnd(): number {
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

  #scanText(start: number, end: number, format: FormatSettings): void {
    const data = this.data;
    const delimiter = this.#delimiter;
    const width = this.columns.length;
    let column = 0;
    let from = start;
    for (;;) {
      let to = from;
      let form: FieldForm = FIELD_ASCII;
      for (; to < end; to++) {
        const byte = data[to];
        if (byte === delimiter) break;
        if (byte === BACKSLASH) {
          form = FIELD_ESCAPED;
          to++;
        } else if ((byte >= 128 || byte === 0) && form === FIELD_ASCII) form = FIELD_UTF8;
      }
      if (to > end) to = end;
      if (column >= width) {
        // A table without columns takes empty lines.
        if (width === 0 && from === end) return;
        throw this.#error('22P04', 'extra data after last expected column');
      }
      this.from[column] = from;
      this.to[column] = to;
      this.forms[column] = this.#isNullText(from, to) ? FIELD_NULL : form;
      column++;
      if (to >= end) break;
      from = to + 1;
    }
    if (column < width) throw this.#missingData(column, format);
  }

  /** The line ends before this column; what is wrong with a field before that is told first. */
  #missingData(column: number, format: FormatSettings): Error {
    for (let i = 0; i < column; i++) this.value(format, i);
    return this.#error('22P04', `missing data for column "${this.columns[column].name}"`);
  }

  #isNullText(from: number, to: number): boolean {
    const bytes = this.#nullBytes;
    if (to - from !== bytes.length) return false;
    for (let i = 0; i < bytes.length; i++) if (this.data[from + i] !== bytes[i]) return false;
    return true;
  }

  /** A field's value, as its type's input function makes it. */
  value(format: FormatSettings, column: number): Value {
    const value = this.#read(format, column);
    const { check } = this.columns[column];
    if (check === null) return value;
    try {
      return check(value);
    } catch (error) {
      throw this.#inColumn(error, column, this.forms[column] === FIELD_NULL ? null : this.#text(column));
    }
  }

  #read(format: FormatSettings, column: number): Value {
    const form = this.forms[column];
    if (form === FIELD_NULL) return null;
    if (form !== FIELD_ESCAPED) {
      const value = plainValue(this.data, this.from[column], this.to[column], this.columns[column]);
      if (value !== undefined) return value;
    }
    const text = this.#text(column);
    try {
      return this.#inputs[column](text, this.columns[column].typeModifier, format);
    } catch (error) {
      throw this.#inColumn(error, column, text);
    }
  }

  /** A field's text, which is not NULL. */
  #text(column: number): string {
    const from = this.from[column];
    const to = this.to[column];
    switch (this.forms[column]) {
      case FIELD_ESCAPED:
        return this.#quote < 0 ? this.#unescape(from, to) : this.#csvField(from, to).text;
      case FIELD_ASCII:
        return decodeAscii(this.data, from, to);
      default:
        return decodeUtf8(this.data, from, to);
    }
  }

  #inColumn(error: unknown, column: number, text: string | null): unknown {
    if (!(error instanceof SqlError)) return error;
    const shown = text === null ? 'null input' : `"${shownText(text)}"`;
    return error.within(`COPY ${this.#tableName}, line ${this.#line}, column ${this.columns[column].name}: ${shown}`);
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

  #scanCsv(start: number, end: number, format: FormatSettings): void {
    const width = this.columns.length;
    let column = 0;
    let from = start;
    for (;;) {
      if (column >= width) {
        this.#csvField(from, end);
        throw this.#error('22P04', 'extra data after last expected column');
      }
      from = this.#scanCsvField(column, from, end);
      column++;
      if (from > end) break;
    }
    if (column < width) throw this.#missingData(column, format);
  }

  /** One field; answers where the next one begins, beyond `end` after the last. */
  #scanCsvField(column: number, start: number, end: number): number {
    const data = this.data;
    const isQuoted = start < end && data[start] === this.#quote;
    const first = isQuoted ? start + 1 : start;
    let at = first;
    let form: FieldForm = FIELD_ASCII;
    for (; at < end; at++) {
      const byte = data[at];
      if (byte === this.#quote || (isQuoted && byte === this.#escape)) break;
      if (!isQuoted && byte === this.#delimiter) break;
      if ((byte >= 128 || byte === 0) && form === FIELD_ASCII) form = FIELD_UTF8;
    }
    const isPlain = isQuoted
      ? at < end && data[at] === this.#quote && (at + 1 === end || data[at + 1] === this.#delimiter)
      : at === end || data[at] === this.#delimiter;
    if (!isPlain) return this.#scanOddCsvField(column, start, end);
    this.from[column] = first;
    this.to[column] = at;
    const isNull = this.#isNullText(first, at) && (isQuoted ? this.#forceNull[column] : !this.#forceNotNull[column]);
    this.forms[column] = isNull ? FIELD_NULL : form;
    return at + (isQuoted ? 2 : 1);
  }

  /** A field with quotes somewhere inside. */
  #scanOddCsvField(column: number, start: number, end: number): number {
    const field = this.#csvField(start, end);
    const isNull = field.text === this.#options.nullText && this.#forceNull[column];
    this.from[column] = start;
    this.to[column] = end;
    this.forms[column] = isNull ? FIELD_NULL : FIELD_ESCAPED;
    return field.next;
  }

  /** One CSV field; `next`: where the next one begins, beyond `end` after the last. */
  #csvField(from: number, end: number): { text: string; next: number } {
    const data = this.data;
    const bytes = this.#scratch(end - from);
    let count = 0;
    let inQuotes = false;
    let at = from;
    for (; at < end; at++) {
      const byte = data[at];
      if (inQuotes) {
        if (byte === this.#escape && at + 1 < end && (data[at + 1] === this.#quote || data[at + 1] === this.#escape))
          bytes[count++] = data[++at];
        else if (byte === this.#quote) inQuotes = false;
        else bytes[count++] = byte;
      } else if (byte === this.#quote) inQuotes = true;
      else if (byte === this.#delimiter) break;
      else bytes[count++] = byte;
    }
    if (inQuotes) throw this.#error('22P04', 'unterminated CSV quoted field');
    return { text: decodeUtf8(bytes, 0, count), next: at + 1 };
  }

  #checkHeader(start: number, end: number): void {
    const { delimiter, nullText } = this.#options;
    const names: (string | null)[] = [];
    if (this.#quote < 0)
      for (const text of decodeUtf8(this.data, start, end).split(delimiter))
        names.push(text === nullText ? null : text);
    else {
      for (let from = start; from <= end; ) {
        const field = this.#csvField(from, end);
        const isQuoted = this.data[from] === this.#quote;
        names.push(field.text === nullText && !isQuoted ? null : field.text);
        from = field.next;
      }
    }
    if (names.length !== this.columns.length) {
      throw this.#error(
        '22P04',
        `wrong number of fields in header line: got ${names.length}, expected ${this.columns.length}`,
      );
    }
    names.forEach((name, i) => {
      const { name: expected } = this.columns[i];
      if (name === expected) return;
      const got = name === null ? `null value ("${nullText}")` : `"${name}"`;
      throw this.#error(
        '22P04',
        `column name mismatch in header line field ${i + 1}: got ${got}, expected "${expected}"`,
      );
    });
  }

  #error(code: string, message: string): Error {
    return sqlError(code, message, { where: this.place(0, true) });
  }

  protected override place(_done: number, withText: boolean): string {
    const place = `COPY ${this.#tableName}, line ${this.#line}`;
    if (!withText || this.#lineStart < 0) return place;
    // What is wrong may be that it is no text.
    if (!isUtf8(this.data.subarray(this.#lineStart, this.#lineEnd))) return place;
    return `${place}: "${this.#lineText()}"`;
  }

  protected override placeOfNext(): string {
    return `COPY ${this.#tableName}, line ${this.#line + 1}`;
  }

  /** The line without its line break, or as much of it as errors show. */
  #lineText(): string {
    const { data } = this;
    const start = this.#lineStart;
    const end = this.#lineEnd;
    if (end - start <= SHOWN_BYTES_MAX) return decodeText(data, start, end);
    return `${decodeText(data, start, clippedEnd(data, start))}...`;
  }
}

/** As much of a field as errors show. */
function shownText(text: string): string {
  if (text.length <= SHOWN_BYTES_MAX && Buffer.byteLength(text) <= SHOWN_BYTES_MAX) return text;
  const bytes = Buffer.from(text.slice(0, SHOWN_BYTES_MAX));
  return `${decodeText(bytes, 0, clippedEnd(bytes, 0))}...`;
}

/** Where SHOWN_BYTES_MAX bytes from `start` end: a character is shown whole or not at all. */
function clippedEnd(bytes: Uint8Array, start: number): number {
  let end = start + SHOWN_BYTES_MAX;
  while ((bytes[end] & 0xc0) === 0x80) end--;
  return end;
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
