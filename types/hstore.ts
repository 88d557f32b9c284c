/**
 * hstore, the type of the extension: pairs of a text and a text or NULL, no key twice. A value is its own text as PostgreSQL prints it, pairs
 * in the order of their keys' length in bytes, then of their bytes; so equal values are equal strings.
 */
import { Buffer } from 'node:buffer';
import type { BinaryReader } from './binary-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Codec } from './codec.ts';
import { sqlError } from './errors.ts';
import { quoteJson } from './json.ts';
import { compareText, decodeUtf8 } from './unicode.ts';
import type { Value } from './value.ts';

export type HstorePairs = ReadonlyMap<string, string | null>;

const SPACE = /[ \t\n\r\f]/;
const NO_PAIRS: HstorePairs = new Map();

/** The value of these pairs; of several with one key the first. */
export function hstoreOf(pairs: Iterable<readonly [string, string | null]>): string {
  const unique = new Map<string, string | null>();
  for (const [key, value] of pairs) if (!unique.has(key)) unique.set(key, value);
  const sorted = [...unique].map(([key, value]) => ({ key, value, length: Buffer.byteLength(key) }));
  sorted.sort((a, b) => a.length - b.length || compareText(a.key, b.key));
  return sorted.map(({ key, value }) => `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`).join(', ');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

let lastText = '';
let lastPairs = NO_PAIRS;

/** The pairs of a value, in its order. The last one read is kept: expressions ask one value for several keys. */
export function readHstore(value: string): HstorePairs {
  if (value !== lastText) {
    lastPairs = new Map(new HstoreScanner(value).pairs());
    lastText = value;
  }
  return lastPairs;
}

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

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** As a JSON object. `isLoose`: t and f are true and false, numbers are numbers. */
export function hstoreJson(value: string, isLoose: boolean): string {
  const member = (text: string | null): string => {
    if (text === null) return 'null';
    if (isLoose && text === 't') return 'true';
    if (isLoose && text === 'f') return 'false';
    return isLoose && NUMBER.test(text) ? text : quoteJson(text);
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
  // Read one behind the other, so both are taken before the last one is forgotten.
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
    const key = textOf(reader, keyLength);
    const length = reader.int32();
    pairs.push([key, length < 0 ? null : textOf(reader, length)]);
  }
  return hstoreOf(pairs);
}

function textOf(reader: BinaryReader, length: number): string {
  const start = reader.take(length);
  return decodeUtf8(reader.bytes, start, start + length);
}

function sendHstore(value: Value, writer: ByteWriter): void {
  const pairs = readHstore(value as string);
  writer.int32(pairs.size);
  for (const [key, text] of pairs) {
    writer.int32(Buffer.byteLength(key));
    writer.text(key);
    if (text === null) writer.int32(-1);
    else {
      writer.int32(Buffer.byteLength(text));
      writer.text(text);
    }
  }
}
