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
export type HstorePair = readonly [key: string, value: string | null];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `=>` and `, `: what stands between the items. */
const SEPARATOR_SIZE = 2;
/** Longer texts are searched by the engine's own search. */
const SHORT_TEXT_MAX = 32;
/** Fewer pairs are sorted by insertion. */
const FEW_PAIRS = 16;

// --------------------------------------------------------------------------------------------------------------- pairs to text

interface SizedPair {
  readonly key: string;
  readonly value: string | null;
  /** Bytes of the key. */
  readonly size: number;
}

/** The value of these pairs; of several with one key the first. */
export function hstoreOf(pairs: Iterable<HstorePair>): string {
  const sorted: SizedPair[] = [];
  for (const [key, value] of pairs) sorted.push({ key, value, size: byteSize(key) });
  sortPairs(sorted);
  let result = '';
  for (let i = 0; i < sorted.length; i++) {
    const { key, value } = sorted[i];
    if (i > 0 && sorted[i - 1].key === key) continue;
    result += `${i > 0 ? ', ' : ''}${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`;
  }
  return result;
}

/** By the keys; pairs with one key stay in their order. */
function sortPairs(pairs: SizedPair[]): void {
  if (pairs.length > FEW_PAIRS) {
    pairs.sort((a, b) => a.size - b.size || compareText(a.key, b.key));
    return;
  }
  for (let i = 1; i < pairs.length; i++) {
    const pair = pairs[i];
    let at = i;
    for (; at > 0 && (pairs[at - 1].size - pair.size || compareText(pairs[at - 1].key, pair.key)) > 0; at--) {
      pairs[at] = pairs[at - 1];
    }
    pairs[at] = pair;
  }
}

function byteSize(text: string): number {
  if (text.length > SHORT_TEXT_MAX) return Buffer.byteLength(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return Buffer.byteLength(text);
  return text.length;
}

function quoted(text: string): string {
  return `"${escapedItem(text)}"`;
}

/** A text as it is written between quotes. */
export function escapedItem(text: string): string {
  return hasEscapes(text) ? text.replace(/["\\]/g, '\\$&') : text;
}

function hasEscapes(text: string): boolean {
  if (text.length > SHORT_TEXT_MAX) return text.includes('"') || text.includes('\\');
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE || unit === BACKSLASH) return true;
  }
  return false;
}

// --------------------------------------------------------------------------------------------------------------- text to pairs

/** The pairs of a value, in its order: for who looks for many of them. */
export function readHstore(value: string): HstorePairs {
  return new Map(hstoreEntries(value));
}

export function hstoreEntries(value: string): HstorePair[] {
  const pairs: HstorePair[] = [];
  for (let at = 0; at < value.length; ) {
    const start = behindKey(value, at);
    const end = endOfItem(value, start);
    pairs.push([plain(value, at, start - SEPARATOR_SIZE) as string, plain(value, start, end)]);
    at = end + SEPARATOR_SIZE;
  }
  return pairs;
}

export function hstoreKeys(value: string): string[] {
  const keys: string[] = [];
  for (let at = 0; at < value.length; at = behindPair(value, at)) {
    keys.push(plain(value, at, endOfItem(value, at)) as string);
  }
  return keys;
}

export function hstoreValues(value: string): (string | null)[] {
  const values: (string | null)[] = [];
  for (let at = 0; at < value.length; ) {
    const start = behindKey(value, at);
    const end = endOfItem(value, start);
    values.push(plain(value, start, end));
    at = end + SEPARATOR_SIZE;
  }
  return values;
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

/** Where the text begins whose key begins at `at`. */
function behindKey(value: string, at: number): number {
  return endOfItem(value, at) + SEPARATOR_SIZE;
}

/** Where the next pair begins; behind the value, after the last. */
function behindPair(value: string, at: number): number {
  return endOfItem(value, behindKey(value, at)) + SEPARATOR_SIZE;
}

// ------------------------------------------------------------------------------------------------------------ single pairs

let keptKey = '';
let keptItem = '';

/** As it is written between quotes; that of the last call is kept, since it is the same in every row. */
function keyItem(key: string): string {
  if (key !== keptKey) {
    keptItem = escapedItem(key);
    keptKey = key;
  }
  return keptItem;
}

/** Whether a value has the key. */
export function hstoreHas(value: string, key: string): boolean {
  return placeOfKey(value, keyItem(key)) >= 0;
}

/** NULL for a key that is not there, too. */
export function hstoreGet(value: string, key: string): string | null {
  const item = keyItem(key);
  const place = placeOfKey(value, item);
  if (place < 0) return null;
  const start = place + item.length + '""=>'.length;
  return plain(value, start, endOfItem(value, start));
}

/** Whether all pairs of a value are in another one. What is equal is written alike. */
export function hstoreContains(value: string, pairs: string): boolean {
  for (let at = 0; at < pairs.length; ) {
    const end = endOfItem(pairs, behindKey(pairs, at));
    if (!hasPair(value, placeOfKey(value, itemAt(pairs, at)), pairs.slice(at, end))) return false;
    at = end + SEPARATOR_SIZE;
  }
  return true;
}

/** The value without a key. */
export function hstoreWithout(value: string, key: string): string {
  return cut(value, placeOfKey(value, keyItem(key)));
}

/** The value without what it has in common with another one. */
export function hstoreWithoutPairs(value: string, pairs: string): string {
  let result = value;
  for (let at = 0; at < pairs.length; ) {
    const end = endOfItem(pairs, behindKey(pairs, at));
    const place = placeOfKey(result, itemAt(pairs, at));
    if (hasPair(result, place, pairs.slice(at, end))) result = cut(result, place);
    at = end + SEPARATOR_SIZE;
  }
  return result;
}

/** The pairs of both; where they have a key in common, b's. */
export function hstoreConcat(a: string, b: string): string {
  let result = '';
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const order = compareKeys(a, i, b, j);
    if (order < 0) {
      const next = behindPair(a, i);
      result += separated(a.slice(i, next - SEPARATOR_SIZE), result);
      i = next;
    } else {
      const next = behindPair(b, j);
      result += separated(b.slice(j, next - SEPARATOR_SIZE), result);
      j = next;
      if (order === 0) i = behindPair(a, i);
    }
  }
  if (i < a.length) result += separated(a.slice(i), result);
  if (j < b.length) result += separated(b.slice(j), result);
  return result;
}

function separated(pairs: string, before: string): string {
  return before === '' ? pairs : `, ${pairs}`;
}

/** Where the pair with this key begins; -1: there is none. `key`: as it is written in quotes. */
function placeOfKey(value: string, key: string): number {
  for (let at = 0; at < value.length; at = behindPair(value, at)) {
    if (value.charCodeAt(at + 1 + key.length) === QUOTE && value.startsWith(key, at + 1)) return at;
  }
  return -1;
}

/** What is written between the quotes that begin there. */
function itemAt(value: string, at: number): string {
  return value.slice(at + 1, endOfItem(value, at) - 1);
}

/** Whether the pair at a place (or -1) is this one, as it is written. */
function hasPair(value: string, place: number, pair: string): boolean {
  return place >= 0 && value.startsWith(pair, place);
}

/** Without the pair at a place; -1: all of it. */
function cut(value: string, place: number): string {
  if (place < 0) return value;
  const next = behindPair(value, place);
  if (next < value.length) return value.slice(0, place) + value.slice(next);
  return value.slice(0, Math.max(0, place - SEPARATOR_SIZE));
}

/** The order of two keys by where their quotes begin. */
function compareKeys(a: string, i: number, b: string, j: number): number {
  let difference = 0;
  for (let at = 1; ; at++) {
    const x = a.charCodeAt(i + at);
    const y = b.charCodeAt(j + at);
    if (x >= 0x80 || y >= 0x80 || x === BACKSLASH || y === BACKSLASH) return compareSpelledKeys(a, i, b, j);
    // The longer one is behind; of keys of one length the first difference counts.
    if (x === QUOTE) return y === QUOTE ? difference : -1;
    if (y === QUOTE) return 1;
    if (difference === 0) difference = x - y;
  }
}

function compareSpelledKeys(a: string, i: number, b: string, j: number): number {
  const x = plain(a, i, endOfItem(a, i)) as string;
  const y = plain(b, j, endOfItem(b, j)) as string;
  return byteSize(x) - byteSize(y) || compareText(x, y);
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

  pairs(): HstorePair[] {
    const pairs: HstorePair[] = [];
    for (;;) {
      const key = this.#word('=');
      if (key === null) return pairs;
      this.#skipSpace();
      this.#expect('=');
      this.#expect('>');
      const value = this.#word(',');
      if (value === null) throw unexpectedEnd();
      pairs.push([key, !this.#isQuoted && /^null$/i.test(value) ? null : value]);
      this.#skipSpace();
      if (this.#at >= this.#text.length) return pairs;
      this.#expect(',');
    }
  }

  /** Quoted, or up to a space, the end or `end`; null where the text has ended. */
  #word(end: string): string | null {
    const text = this.#text;
    this.#skipSpace();
    if (this.#at >= text.length) return null;
    if (end === '=' && text[this.#at] === '=') throw this.#syntaxError();
    this.#isQuoted = text.charCodeAt(this.#at) === QUOTE;
    if (this.#isQuoted) this.#at++;
    const endUnit = this.#isQuoted ? QUOTE : end.charCodeAt(0);
    const first = this.#at;
    let word = '';
    let from = first;
    let at = first;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === endUnit && (this.#isQuoted || at > first)) break;
      if (!this.#isQuoted && isSpace(unit)) break;
      if (unit !== BACKSLASH) continue;
      word += text.slice(from, at++);
      if (at >= text.length) throw unexpectedEnd();
      from = at;
    }
    word += text.slice(from, at);
    this.#at = at;
    if (this.#isQuoted) this.#expect('"');
    return word;
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
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

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d || unit === 0x0c;
}

function unexpectedEnd(): Error {
  return sqlError('XX000', 'Unexpected end of string');
}

/** As a JSON object, which is jsonb's normal form too: keys have its order, and texts without control characters are written alike. */
export function hstoreJson(value: string): string {
  const isWrittenAlike = !/[\x00-\x1f]/.test(value);
  let result = '';
  for (let at = 0; at < value.length; ) {
    const start = behindKey(value, at);
    const end = endOfItem(value, start);
    if (result !== '') result += ', ';
    if (isWrittenAlike) {
      const text = value.charCodeAt(start) === QUOTE ? value.slice(start, end) : 'null';
      result += `${value.slice(at, start - SEPARATOR_SIZE)}: ${text}`;
    } else {
      const text = plain(value, start, end);
      result += `${quoteJson(plain(value, at, start - SEPARATOR_SIZE) as string)}: ${text === null ? 'null' : quoteJson(text)}`;
    }
    at = end + SEPARATOR_SIZE;
  }
  return `{${result}}`;
}

/** The same, but t and f are true and false, numbers are numbers. */
export function hstoreLooseJson(value: string): string {
  const member = (text: string | null): string => {
    if (text === null) return 'null';
    if (text === 't') return 'true';
    if (text === 'f') return 'false';
    return isJsonNumber(text) ? text : quoteJson(text);
  };
  return `{${hstoreEntries(value)
    .map(([key, text]) => `${quoteJson(key)}: ${member(text)}`)
    .join(', ')}}`;
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
  const pairs: HstorePair[] = [];
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
  const pairs = hstoreEntries(value as string);
  writer.int32(pairs.length);
  for (const [key, text] of pairs) {
    writer.sizedText(key);
    if (text === null) writer.int32(-1);
    else writer.sizedText(text);
  }
}
