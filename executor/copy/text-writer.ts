/** COPY TO in text or CSV. */
import { Buffer } from 'node:buffer';
import type { Value } from '../../catalog/function-entry.ts';
import { type FormatSettings, textOutput } from '../../types/index.ts';
import { LongText } from '../../types/long-text.ts';
import type { OutBuffer } from '../../types/out-buffer.ts';
import { replaceEach } from '../../types/replace-each.ts';
import type { Batch } from '../batch.ts';
import { appendText } from '../encoded-text.ts';
import { copyEscapes, writeEscaped } from '../row/field-writers.ts';
import type { RowForm } from '../row-form.ts';
import { COPY_DATA, CopyWriter } from './copy-writer.ts';
import type { CopyOptions } from './options.ts';

/** In no number, date or bool, so that those need no look for it. */
const PLAIN_DELIMITERS = '\t,;|';

type ToText = (value: Value, format: FormatSettings) => string;

export class CopyTextWriter extends CopyWriter {
  readonly #form: RowForm | null;
  readonly #names: readonly string[];
  readonly #outputs: readonly ToText[];
  readonly #options: CopyOptions;
  readonly #forceQuote: readonly boolean[];
  readonly #needsEscape: RegExp;
  readonly #needsQuote: RegExp;
  /** What is escaped within quotes. */
  readonly #quoted: RegExp;

  constructor(names: readonly string[], typeOids: readonly number[], options: CopyOptions, isFramed: boolean) {
    super(isFramed);
    this.#names = names;
    this.#outputs = typeOids.map((oid) => textOutput(oid));
    this.#options = options;
    this.#forceQuote = names.map((name) => options.forceQuote === '*' || options.forceQuote.includes(name));
    const special = (text: string): string => text.replace(/[\\\]^-]/g, '\\$&');
    this.#needsEscape = new RegExp(`[\\\\\\b\\f\\n\\r\\t\\v${special(options.delimiter)}]`, 'g');
    this.#needsQuote = new RegExp(`[\\r\\n${special(options.delimiter)}${special(options.quote)}]`);
    this.#quoted = new RegExp(`[${special(options.quote)}${special(options.escape)}]`, 'g');
    this.#form = this.#lineForm(typeOids, isFramed);
  }

  override get form(): RowForm | null {
    return this.#form;
  }

  #lineForm(typeOids: readonly number[], isFramed: boolean): RowForm | null {
    const { delimiter, format, nullText, encoding } = this.#options;
    if (format === 'csv' || !PLAIN_DELIMITERS.includes(delimiter)) return null;
    const table = copyEscapes(delimiter.charCodeAt(0));
    return {
      key: `copy text ${isFramed} ${delimiter} ${nullText}${encoding === null ? '' : ` ${encoding.name}`}`,
      messageType: isFramed ? COPY_DATA : 0,
      line: {
        delimiter: delimiter.charCodeAt(0),
        nullText: Buffer.from(encoding === null ? nullText : encoding.encode(nullText)),
      },
      columns: typeOids.map((typeOid, i) => ({
        typeOid,
        isBinary: false,
        isUtf8: encoding === null,
        encode: (out, value: Value | LongText, format) => {
          if (value instanceof LongText) writeEscapedLong(out, value.bytes, table);
          else this.#append(out, this.#text(this.#outputs[i](value, format)));
        },
      })),
    };
  }

  /** The header line, if one is wanted. */
  override begin(out: OutBuffer): void {
    const { delimiter, format, header } = this.#options;
    if (header === 'none') return;
    const names = this.#names;
    // FORCE_QUOTE is about values.
    const fields = names.map((name) =>
      format === 'csv' ? this.#csv(name, false, names.length === 1) : this.#text(name),
    );
    this.#line(out, `${fields.join(delimiter)}\n`);
  }

  override rows(out: OutBuffer, batch: Batch, from: number, to: number, format: FormatSettings): void {
    const { delimiter, nullText } = this.#options;
    const isCsv = this.#options.format === 'csv';
    const width = this.#outputs.length;
    for (let row = from; row < to; row++) {
      let line = '';
      for (let c = 0; c < width; c++) {
        if (c > 0) line += delimiter;
        const value = batch.columns[c][row];
        if (value === null) line += nullText;
        else {
          const text = this.#outputs[c](value, format);
          line += isCsv ? this.#csv(text, this.#forceQuote[c], width === 1) : this.#text(text);
        }
      }
      this.#line(out, `${line}\n`);
    }
  }

  #line(out: OutBuffer, text: string): void {
    const start = this.beginRow(out);
    try {
      this.#append(out, text);
    } catch (error) {
      out.length = start;
      throw error;
    }
    this.endRow(out, start);
  }

  #append(out: OutBuffer, text: string): void {
    const { encoding } = this.#options;
    if (encoding !== null) {
      appendText(out, text, encoding);
      return;
    }
    out.reserve(text.length * 3);
    out.length += out.bytes.utf8Write(text, out.length);
  }

  #text(text: string): string {
    this.#needsEscape.lastIndex = 0;
    if (!this.#needsEscape.test(text)) return text;
    return replaceEach(text, this.#needsEscape, (c) => TEXT_ESCAPES[c] ?? `\\${c}`);
  }

  #csv(text: string, isForced: boolean, isOnlyColumn: boolean): string {
    const { quote, escape: escapeCharacter, nullText } = this.#options;
    // A lone \. would end the data.
    const mustQuote = isForced || text === nullText || (isOnlyColumn && text === '\\.') || this.#needsQuote.test(text);
    if (!mustQuote) return text;
    return quote + replaceEach(text, this.#quoted, (c) => escapeCharacter + c) + quote;
  }
}

function writeEscapedLong(out: OutBuffer, bytes: Uint8Array, table: Uint8Array): void {
  let size = bytes.length;
  for (let i = 0; i < bytes.length; i++) if (table[bytes[i]] !== 0) size++;
  out.reserve(size);
  out.length = writeEscaped(out.bytes, out.length, bytes, 0, bytes.length, table);
}

const TEXT_ESCAPES: { readonly [character: string]: string } = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
