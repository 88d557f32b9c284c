/**
 * hstore, the type of the extension: pairs of a text and a text or NULL, no key twice. A value is its own text as PostgreSQL prints it, pairs
 * in the order of their keys' length in bytes, then of their bytes; so equal values are equal strings.
 */
import { Buffer } from 'node:buffer';
import type { BinaryReader } from './binary-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Codec } from './codec.ts';
import { sqlError } from './errors.ts';
import { isJsonNumber, quoteJson } from './json.ts';
import { compareText } from './unicode.ts';
import type { Value } from './value.ts';

export type HstorePairs = ReadonlyMap<string, string | null>;

const SPACE = /[ \t\n\r\f]/;

/** The value of these pairs; of several with one key the first. */
export function hstoreOf(pairs: Iterable<readonly [string, string | null]>): string {
  const unique = new Map<string, string | null>();
  for (const [key, value] of pairs) if (!unique.has(key)) unique.set(key, value);
  const sorted = [...unique].map(([key, value]) => ({ key, value, length: Buffer.byteLength(key) }));
  sorted.sort((a, b) => a.length - b.length || compareText(a.key, b.key));
  return sorted.map(({ key, value }) => `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`).join(', ');
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

function escaped(text: string): string {
  // Keys that are asked for in every row are seldom more than letters.
  if (!text.includes('"') && !text.includes('\\')) return text;
  return text.replace(/["\\]/g, '\\$&');
}

/** The pairs of a value, in its order: for who wants all of them. */
export function readHstore(value: string): HstorePairs {
  const pairs = new Map<string, string | null>();
  for (let at = 0; at < value.length; ) {
    const start = endOfItem(value, at) + 2;
    const end = endOfItem(value, start);
    pairs.set(plain(value, at, start - 2) as string, plain(value, start, end));
    at = end + 2;
  }
  return pairs;
}

// ------------------------------------------------------------------------------------------------------------ single pairs

/** Whether a value has the key. */
export function hstoreHas(value: string, key: string): boolean {
  return placeOfKey(value, escaped(key)) >= 0;
}

/** NULL for a key that is not there, too. */
export function hstoreGet(value: string, key: string): string | null {
  const start = placeOfKey(value, escaped(key));
  return start < 0 ? null : plain(value, start, endOfItem(value, start));
}

/** Whether all pairs of a value are in another one. What is equal is written alike. */
export function hstoreContains(value: string, pairs: string): boolean {
  for (let at = 0; at < pairs.length; ) {
    const start = endOfItem(pairs, at) + 2;
    const end = endOfItem(pairs, start);
    const place = placeOfKey(value, pairs.slice(at + 1, start - '"=>'.length));
    if (place < 0 || !value.startsWith(pairs.slice(start, end), place)) return false;
    at = end + 2;
  }
  return true;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where the text that belongs to a key stands; -1: there is no such key. `key`: as it is written in quotes. */
function placeOfKey(value: string, key: string): number {
  for (let at = 0; at < value.length; ) {
    const end = at + 1 + key.length;
    if (value.charCodeAt(end) === QUOTE && value.startsWith(key, at + 1)) return end + '"=>'.length;
    at = endOfItem(value, endOfItem(value, at) + 2) + 2;
  }
  return -1;
}

/** What is written there. */
function plain(value: string, start: number, end: number): string | null {
  if (value.charCodeAt(start) !== QUOTE) return null;
  const text = value.slice(start + 1, end - 1);
  return text.includes('\\') ? text.replace(/\\(.)/gs, '$1') : text;
}

/** Behind the text in quotes, or the NULL, that begins there. */
function endOfItem(value: string, start: number): number {
  if (value.charCodeAt(start) !== QUOTE) return start + 'NULL'.length;
  for (let at = start + 1; ; at++) {
    const unit = value.charCodeAt(at);
    if (unit === QUOTE) return at + 1;
    if (unit === BACKSLASH) at++;
  }
}

// ------------------------------------------------------------------------------------------------------------------- input

/** hstore_in: `a => 1, "b c" => NULL`. Errors have PostgreSQL's words, and its XX000. */
class HstoreScanner {
  readonly #text: string;
  #at = 0;
  #isQuoted = false;

  constructor(text: string) {
    this.#text = text;
  }

  *pairs(): Generator<[string, string | null]> {
    for (;;) {
      const key = this.#word('=');
      if (key === null) return;
      this.#skipSpace();
      this.#expect('=');
      this.#expect('>');
      const value = this.#word(',');
      if (value === null) throw unexpectedEnd();
      yield [key, !this.#isQuoted && /^null$/i.test(value) ? null : value];
      this.#skipSpace();
      if (this.#at >= this.#text.length) return;
      this.#expect(',');
    }
  }

  /** Quoted, or up to a space, the end or `end`; null where the text has ended. */
  #word(end: string): string | null {
    const text = this.#text;
    this.#skipSpace();
    if (this.#at >= text.length) return null;
    if (end === '=' && text[this.#at] === '=') throw this.#syntaxError();
    this.#isQuoted = text[this.#at] === '"';
    if (this.#isQuoted) this.#at++;
    const isEnd = (char: string, isFirst: boolean): boolean =>
      this.#isQuoted ? char === '"' : SPACE.test(char) || (char === end && !isFirst);
    let word = '';
    for (let isFirst = true; this.#at < text.length && !isEnd(text[this.#at], isFirst); isFirst = false) {
      if (text[this.#at] === '\\') {
        this.#at++;
        if (this.#at >= text.length) throw unexpectedEnd();
      }
      word += text[this.#at++];
    }
    if (this.#isQuoted) this.#expect('"');
    return word;
  }

  #skipSpace(): void {
    while (this.#at < this.#text.length && SPACE.test(this.#text[this.#at])) this.#at++;
  }

  #expect(char: string): void {
    if (this.#at >= this.#text.length) throw unexpectedEnd();
    if (this.#text[this.#at] !== char) throw this.#syntaxError();
    this.#at++;
  }

  #syntaxError(): Error {
    const near = String.fromCodePoint(this.#text.codePointAt(this.#at) as number);
    const position = Buffer.byteLength(this.#text.slice(0, this.#at));
    return sqlError('XX000', `Syntax error near "${near}" at position ${position}`);
  }
}

function unexpectedEnd(): Error {
  return sqlError('XX000', 'Unexpected end of string');
}

/** As a JSON object. `isLoose`: t and f are true and false, numbers are numbers. */
export function hstoreJson(value: string, isLoose: boolean): string {
  const member = (text: string | null): string => {
    if (text === null) return 'null';
    if (isLoose && text === 't') return 'true';
    if (isLoose && text === 'f') return 'false';
    return isLoose && isJsonNumber(text) ? text : quoteJson(text);
  };
  return `{${[...readHstore(value)].map(([key, text]) => `${quoteJson(key)}: ${member(text)}`).join(', ')}}`;
}

/** Keys and values behind one another: what PostgreSQL compares first. */
export function hstoreStrings(pairs: HstorePairs): string {
  let result = '';
  for (const [key, value] of pairs) result += key + (value ?? '');
  return result;
}

/** Behind the strings: the number of pairs, then where each string ends, and which are NULL. */
export function* hstoreEnds(pairs: HstorePairs): Generator<number> {
  yield pairs.size;
  let end = 0;
  for (const [key, value] of pairs) {
    end += Buffer.byteLength(key);
    yield end * 2;
    end += value === null ? 0 : Buffer.byteLength(value);
    yield end * 2 + (value === null ? 1 : 0);
  }
}

/** hstore_cmp: an order without a meaning, for indexes and DISTINCT. */
export function compareHstores(a: string, b: string): number {
  if (a === b) return 0;
  const x = readHstore(a);
  const y = readHstore(b);
  if (x.size === 0 || y.size === 0) return x.size - y.size;
  const order = compareText(hstoreStrings(x), hstoreStrings(y));
  if (order !== 0) return order;
  const ends = hstoreEnds(y);
  for (const end of hstoreEnds(x)) {
    const difference = end - (ends.next().value as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const HSTORE_CODEC: Codec = {
  input: (text) => hstoreOf(new HstoreScanner(text).pairs()),
  output: (value: Value) => value as string,
  receive: receiveHstore,
  send: sendHstore,
};

function receiveHstore(reader: BinaryReader): string {
  const count = reader.int32();
  if (count < 0) throw sqlError('22023', `number of pairs (${count}) exceeds the maximum allowed (214748364)`);
  const pairs: [string, string | null][] = [];
  for (let i = 0; i < count; i++) {
    const keyLength = reader.int32();
    if (keyLength < 0) throw sqlError('22004', 'null value not allowed for hstore key');
    const key = reader.text(keyLength);
    const length = reader.int32();
    pairs.push([key, length < 0 ? null : reader.text(length)]);
  }
  return hstoreOf(pairs);
}

function sendHstore(value: Value, writer: ByteWriter): void {
  const pairs = readHstore(value as string);
  writer.int32(pairs.size);
  for (const [key, text] of pairs) {
    writer.sizedText(key);
    if (text === null) writer.int32(-1);
    else writer.sizedText(text);
  }
}
