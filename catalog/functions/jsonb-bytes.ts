/**
 * Looking into jsonb without making a string of it: over the bytes of its normal form, on a page or in a buffer of their own.
 *
 * In normal form keys stand in the order of their length in bytes, then of their bytes; nothing but one blank follows a colon or a comma;
 * and a string is written in one way. So a key is found by comparing bytes with its literal, and a longer key says that it is not there.
 *
 * Places are offsets into the buffer; -1 is nowhere. `end` is behind the whole document: what ends a number at its top.
 */
import { Buffer } from 'node:buffer';
import { decodeText } from '../../types/index.ts';
import { quoteJson } from '../../types/json.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from '../../types/json-text.ts';
import type { JsonKind } from './json-scan.ts';

/** A key as it is written. */
export interface JsonbKey {
  /** With its quotes and escapes. */
  readonly literal: Uint8Array;
  /** Bytes of the key itself. */
  readonly size: number;
}

export function makeKey(name: string): JsonbKey {
  return { literal: Buffer.from(quoteJson(name), 'utf8'), size: Buffer.byteLength(name, 'utf8') };
}

let keptName = '';
let keptKey = makeKey('');

/** The key of a name; that of the last call is kept. */
export function jsonbKey(name: string): JsonbKey {
  if (name !== keptName) {
    keptKey = makeKey(name);
    keptName = name;
  }
  return keptKey;
}

// ---------------------------------------------------------------------------------------------------------------- texts as bytes

const KEPT_SIZE_MAX = 64 * 1024;
let scratch = Buffer.allocUnsafeSlow(4096);
let scratchText = '';
let scratchEnd = 0;

/** The bytes of a text, until the next call; it begins at 0, and `jsonbEnd` is its end. Several calls in turn for one text write it once. */
export function jsonbBytes(text: string): Buffer {
  if (text === scratchText) return scratch;
  const sizeMax = text.length * 3;
  if (sizeMax > KEPT_SIZE_MAX) {
    const bytes = Buffer.from(text, 'utf8');
    scratchEnd = bytes.length;
    // Not kept: the next text begins anew.
    scratchText = '';
    return bytes;
  }
  if (sizeMax > scratch.length) scratch = Buffer.allocUnsafeSlow(Math.min(KEPT_SIZE_MAX, sizeMax * 2));
  scratchEnd = scratch.utf8Write(text, 0);
  scratchText = text;
  return scratch;
}

export function jsonbEnd(): number {
  return scratchEnd;
}

// --------------------------------------------------------------------------------------------------------------- values and places

/** From an opening quote to behind the closing one. */
function skipString(buffer: Buffer, at: number): number {
  for (let i = at + 1; ; i++) {
    const c = buffer[i];
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH) i++;
  }
}

/** From the first byte of a value to behind its last. */
export function skipJsonb(buffer: Buffer, at: number, end: number): number {
  const first = buffer[at];
  if (first === QUOTE) return skipString(buffer, at);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) {
    let i = at + 1;
    for (; i < end; i++) {
      const c = buffer[i];
      if (c === COMMA || c === CLOSE_OBJECT || c === CLOSE_ARRAY) break;
    }
    return i;
  }
  let depth = 0;
  for (let i = at; ; i++) {
    const c = buffer[i];
    if (c === QUOTE) i = skipString(buffer, i) - 1;
    else if (c === OPEN_OBJECT || c === OPEN_ARRAY) depth++;
    else if ((c === CLOSE_OBJECT || c === CLOSE_ARRAY) && --depth === 0) return i + 1;
  }
}

export function startsWithBytes(buffer: Buffer, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (buffer[at + i] !== bytes[i]) return false;
  return true;
}

/** Where the value of an object's member begins; -1 also where there is no object. */
export function memberAt(buffer: Buffer, start: number, end: number, key: JsonbKey): number {
  if (buffer[start] !== OPEN_OBJECT) return -1;
  const { literal, size } = key;
  let at = start + 1;
  while (buffer[at] === QUOTE) {
    let close = at + 1;
    let hasEscape = false;
    for (; buffer[close] !== QUOTE; close++) {
      if (buffer[close] !== BACKSLASH) continue;
      hasEscape = true;
      close++;
    }
    const length = close + 1 - at;
    if (length === literal.length && startsWithBytes(buffer, at, literal)) return close + 3;
    // An escaped key is shorter than it is written.
    if (!hasEscape && length - 2 > size) return -1;
    at = skipJsonb(buffer, close + 3, end);
    if (buffer[at] !== COMMA) return -1;
    at += 2;
  }
  return -1;
}

/** Several keys, to look for in one pass. */
export class JsonbKeys {
  readonly keys: readonly JsonbKey[];
  /** Numbers of the keys in the order of normal form; null: one is written with escapes, so that its place is not seen from its bytes. */
  readonly #order: readonly number[] | null;

  constructor(names: readonly string[]) {
    const keys = names.map(makeKey);
    this.keys = keys;
    const hasEscape = keys.some(({ literal, size }) => literal.length !== size + 2);
    this.#order = hasEscape
      ? null
      : keys.map((_key, i) => i).sort((a, b) => keys[a].size - keys[b].size || compareLiterals(keys[a], keys[b]));
  }

  /** Where the values of the members begin, by key; -1 of those that are not there, all of which is so where there is no object. */
  placesIn(buffer: Buffer, start: number, end: number, places: number[]): void {
    const { keys } = this;
    const order = this.#order;
    for (let k = 0; k < keys.length; k++) places[k] = -1;
    if (buffer[start] !== OPEN_OBJECT) return;
    if (order === null || !this.#walk(buffer, start, end, order, places))
      for (let k = 0; k < keys.length; k++) places[k] = memberAt(buffer, start, end, keys[k]);
  }

  /** False: an escape in a key of the object. */
  #walk(buffer: Buffer, start: number, end: number, order: readonly number[], places: number[]): boolean {
    let next = 0;
    let at = start + 1;
    while (next < order.length && buffer[at] === QUOTE) {
      let close = at + 1;
      for (; buffer[close] !== QUOTE; close++) if (buffer[close] === BACKSLASH) return false;
      for (; next < order.length; next++) {
        const { literal, size } = this.keys[order[next]];
        const difference = size - (close - at - 1) || compareAt(literal, buffer, at);
        if (difference === 0) places[order[next]] = close + 3;
        if (difference > 0) break;
      }
      if (next === order.length) break;
      at = skipJsonb(buffer, close + 3, end);
      if (buffer[at] !== COMMA) break;
      at += 2;
    }
    return true;
  }
}

function compareLiterals(a: JsonbKey, b: JsonbKey): number {
  return Buffer.compare(a.literal, b.literal);
}

function compareAt(bytes: Uint8Array, buffer: Buffer, at: number): number {
  for (let i = 0; i < bytes.length; i++) {
    const difference = bytes[i] - buffer[at + i];
    if (difference !== 0) return difference;
  }
  return 0;
}

export function countJsonbElements(buffer: Buffer, start: number, end: number): number {
  let at = start + 1;
  if (buffer[at] === CLOSE_ARRAY) return 0;
  for (let count = 1; ; count++) {
    at = skipJsonb(buffer, at, end);
    if (buffer[at] !== COMMA) return count;
    at += 2;
  }
}

/** Where an element of an array begins; negative indexes count from its end. */
function arrayElementAt(buffer: Buffer, start: number, end: number, index: number): number {
  if (buffer[start] !== OPEN_ARRAY) return -1;
  if (index < 0) index += countJsonbElements(buffer, start, end);
  let at = start + 1;
  if (index < 0 || buffer[at] === CLOSE_ARRAY) return -1;
  for (let i = 0; i < index; i++) {
    at = skipJsonb(buffer, at, end);
    if (buffer[at] !== COMMA) return -1;
    at += 2;
  }
  return at;
}

/** As `arrayElementAt`; a scalar is kept like an array of one, and answers as such. */
export function elementAt(buffer: Buffer, start: number, end: number, index: number): number {
  const first = buffer[start];
  if (first === OPEN_ARRAY) return arrayElementAt(buffer, start, end, index);
  return first !== OPEN_OBJECT && (index === 0 || index === -1) ? start : -1;
}

/** Steps of a path: each a key and, if it is one, an index. */
export type JsonbPath = readonly { readonly key: JsonbKey; readonly index: number }[] | null;

/** Null: a step is null, and the path leads nowhere. */
export function jsonbPath(steps: readonly (string | null)[]): JsonbPath {
  if (steps.includes(null)) return null;
  return (steps as readonly string[]).map((step) => ({
    key: makeKey(step),
    index: /^\s*[+-]?\d+$/.test(step) ? Number(step) : Number.NaN,
  }));
}

/** What a path leads to. */
export function pathAt(buffer: Buffer, start: number, end: number, path: JsonbPath): number {
  if (path === null) return -1;
  let at = start;
  for (const { key, index } of path) {
    if (buffer[at] === OPEN_OBJECT) at = memberAt(buffer, at, end, key);
    else at = Number.isNaN(index) ? -1 : arrayElementAt(buffer, at, end, index);
    if (at < 0) return -1;
  }
  return at;
}

/** The value at a place as ->> gives it; null for JSON's null. */
export function jsonbTextAt(buffer: Buffer, at: number, end: number): string | null {
  const first = buffer[at];
  if (first === LETTER_N) return null;
  if (first !== QUOTE) return decodeText(buffer, at, skipJsonb(buffer, at, end));
  let close = at + 1;
  for (; buffer[close] !== QUOTE; close++) {
    if (buffer[close] === BACKSLASH) return JSON.parse(decodeText(buffer, at, skipString(buffer, close - 1)));
  }
  return decodeText(buffer, at + 1, close);
}

export function jsonbKindAt(buffer: Buffer, at: number): JsonKind {
  switch (buffer[at]) {
    case OPEN_OBJECT:
      return 'object';
    case OPEN_ARRAY:
      return 'array';
    case QUOTE:
      return 'string';
    case LETTER_T:
    case LETTER_F:
      return 'boolean';
    case LETTER_N:
      return 'null';
    default:
      return 'number';
  }
}

/** Is it a key of the object, or a string that is an element of the array, or the string itself? */
export function existsAt(buffer: Buffer, start: number, end: number, key: JsonbKey): boolean {
  const first = buffer[start];
  if (first === OPEN_OBJECT) return memberAt(buffer, start, end, key) >= 0;
  if (first === QUOTE) return startsWithBytes(buffer, start, key.literal);
  if (first !== OPEN_ARRAY) return false;
  let at = start + 1;
  if (buffer[at] === CLOSE_ARRAY) return false;
  for (;;) {
    if (startsWithBytes(buffer, at, key.literal)) return true;
    at = skipJsonb(buffer, at, end);
    if (buffer[at] !== COMMA) return false;
    at += 2;
  }
}
