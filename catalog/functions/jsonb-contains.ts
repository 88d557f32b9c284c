/**
 * a @> b on jsonb: a is walked once, as bytes; b is made into a pattern that is kept from call to call. Members of objects are
 * in one order in both, so that each is met once; what is not wanted is skipped.
 */
import { Buffer } from 'node:buffer';
import { decodeText, Numeric } from '../../types/index.ts';
import { quoteJson } from '../../types/json.ts';
import { CLOSE_ARRAY, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../../types/json-text.ts';
import { type Jsonb, JsonbObject, readJsonb } from '../../types/jsonb.ts';
import { existsAt, jsonbBytes, jsonbEnd, jsonbKey, skipJsonb, startsWithBytes } from './jsonb-bytes.ts';

const POINT = 46;
const MINUS = 45;

export type JsonbPattern =
  /** A string, a boolean or null: equal values are written alike. */
  | { readonly kind: 'word'; readonly bytes: Uint8Array }
  | { readonly kind: 'number'; readonly value: Numeric; readonly bytes: Uint8Array }
  | { readonly kind: 'array'; readonly elements: readonly JsonbPattern[] }
  /** Keys with their quotes, in the order of jsonb. */
  | { readonly kind: 'object'; readonly keys: readonly Uint8Array[]; readonly values: readonly JsonbPattern[] };

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function patternOf(value: Jsonb): JsonbPattern {
  if (value instanceof Numeric) return { kind: 'number', value, bytes: bytesOf(value.toString()) };
  if (Array.isArray(value)) return { kind: 'array', elements: value.map(patternOf) };
  if (value instanceof JsonbObject) {
    const keys = value.keys.map((key) => bytesOf(quoteJson(key)));
    return { kind: 'object', keys, values: value.values.map(patternOf) };
  }
  return { kind: 'word', bytes: bytesOf(typeof value === 'string' ? quoteJson(value) : String(value)) };
}

/** What is looked for by `@> text`. */
export function jsonbPattern(text: string): JsonbPattern {
  return patternOf(readJsonb(text));
}

let keptText = 'null';
let kept: JsonbPattern | null = null;

/** A pattern is made of what comes for the second time in turn. */
export function jsonbContains(a: string, b: string): boolean {
  if (b !== keptText) {
    keptText = b;
    kept = null;
    return containsDocument(a, b);
  }
  kept ??= jsonbPattern(b);
  return containsPattern(jsonbBytes(a), 0, jsonbEnd(), kept);
}

let other = Buffer.allocUnsafeSlow(256);
/** A longer one does not stay. */
const OTHER_KEPT = 64 * 1024;

/** The same of two documents, neither of which is made into a pattern. */
function containsDocument(a: string, b: string): boolean {
  const sizeMax = b.length * 3;
  if (sizeMax > OTHER_KEPT) return containsPattern(jsonbBytes(a), 0, jsonbEnd(), jsonbPattern(b));
  if (sizeMax > other.length) other = Buffer.allocUnsafeSlow(Math.min(OTHER_KEPT, sizeMax * 2));
  const otherEnd = other.utf8Write(b, 0);
  const whole = jsonbBytes(a);
  const end = jsonbEnd();
  const isScalar = other[0] !== OPEN_ARRAY && other[0] !== OPEN_OBJECT;
  return isScalar && whole[0] === OPEN_ARRAY
    ? hasElementOf(whole, 0, end, other, 0, otherEnd)
    : containsOther(whole, 0, end, other, 0, otherEnd);
}

/** Whether the value at a place contains the one at a place of another document. */
function containsOther(a: Buffer, at: number, end: number, b: Buffer, bAt: number, bEnd: number): boolean {
  const first = b[bAt];
  if (first === OPEN_OBJECT) return a[at] === OPEN_OBJECT && hasMembersOf(a, at, end, b, bAt, bEnd);
  if (first === OPEN_ARRAY) {
    if (a[at] !== OPEN_ARRAY) return false;
    let element = bAt + 1;
    while (b[element] !== CLOSE_ARRAY) {
      if (!hasElementOf(a, at, end, b, element, bEnd)) return false;
      element = skipJsonb(b, element, bEnd);
      if (b[element] !== COMMA) break;
      element += 2;
    }
    return true;
  }
  const size = skipJsonb(b, bAt, bEnd) - bAt;
  const behind = skipJsonb(a, at, end);
  if (behind - at === size && isAlike(a, at, b, bAt, size)) return true;
  return isNumberStart(first) && isNumberStart(a[at]) && isSameNumber(a, at, behind, b, bAt, bAt + size);
}

function isAlike(a: Buffer, at: number, b: Buffer, bAt: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[at + i] !== b[bAt + i]) return false;
  return true;
}

/** Numbers that are not written alike are another, unless zeros follow a point. */
function isSameNumber(a: Buffer, at: number, end: number, b: Buffer, bAt: number, bEnd: number): boolean {
  const x = decodeText(a, at, end);
  const y = decodeText(b, bAt, bEnd);
  if (!x.includes('.') && !y.includes('.')) return false;
  return Numeric.parse(x).compare(Numeric.parse(y)) === 0;
}

function hasElementOf(a: Buffer, start: number, end: number, b: Buffer, bAt: number, bEnd: number): boolean {
  let at = start + 1;
  if (a[at] === CLOSE_ARRAY) return false;
  for (;;) {
    if (containsOther(a, at, end, b, bAt, bEnd)) return true;
    at = skipJsonb(a, at, end);
    if (a[at] !== COMMA) return false;
    at += 2;
  }
}

/** Members are in one order in both. */
function hasMembersOf(a: Buffer, start: number, end: number, b: Buffer, bStart: number, bEnd: number): boolean {
  let at = start + 1;
  let wanted = bStart + 1;
  while (b[wanted] === QUOTE) {
    const behind = skipJsonb(b, wanted, bEnd);
    const size = behind - wanted;
    for (;;) {
      if (a[at] !== QUOTE) return false;
      const value = skipJsonb(a, at, end) + 2;
      const isWanted = value - 2 - at === size && isAlike(a, at, b, wanted, size);
      if (isWanted && !containsOther(a, value, end, b, behind + 2, bEnd)) return false;
      at = skipJsonb(a, value, end);
      if (a[at] === COMMA) at += 2;
      if (isWanted) break;
    }
    wanted = skipJsonb(b, behind + 2, bEnd);
    if (b[wanted] !== COMMA) return true;
    wanted += 2;
  }
  return true;
}

function isNumberStart(byte: number): boolean {
  return byte === MINUS || (byte >= 48 && byte <= 57);
}

/** Whether a document contains the pattern. As a special case an array contains a plain value that is one of its elements, at the top only. */
export function containsPattern(buffer: Buffer, start: number, end: number, pattern: JsonbPattern): boolean {
  const isScalar = pattern.kind === 'word' || pattern.kind === 'number';
  return isScalar && buffer[start] === OPEN_ARRAY
    ? hasElement(buffer, start, end, pattern)
    : containsAt(buffer, start, end, pattern);
}

/** Does the text exist as a key, or as a string element of an array, or is it the string itself? */
export function jsonbExists(text: string, name: string): boolean {
  return existsAt(jsonbBytes(text), 0, jsonbEnd(), jsonbKey(name));
}

/** Whether the value at a place contains what the pattern says. */
function containsAt(buffer: Buffer, at: number, end: number, pattern: JsonbPattern): boolean {
  switch (pattern.kind) {
    case 'word':
      return startsWithBytes(buffer, at, pattern.bytes);
    case 'number':
      return isNumber(buffer, at, end, pattern);
    case 'array':
      if (buffer[at] !== OPEN_ARRAY) return false;
      for (const element of pattern.elements) if (!hasElement(buffer, at, end, element)) return false;
      return true;
    case 'object':
      return buffer[at] === OPEN_OBJECT && hasMembers(buffer, at, end, pattern.keys, pattern.values);
  }
}

function isNumber(buffer: Buffer, at: number, end: number, pattern: JsonbPattern & { kind: 'number' }): boolean {
  if (!isNumberStart(buffer[at])) return false;
  const behind = skipJsonb(buffer, at, end);
  if (behind - at === pattern.bytes.length && startsWithBytes(buffer, at, pattern.bytes)) return true;
  // Other digits are another number, unless zeros follow a point.
  const number = decodeText(buffer, at, behind);
  if (!number.includes('.') && !pattern.bytes.includes(POINT)) return false;
  return Numeric.parse(number).compare(pattern.value) === 0;
}

/** Whether an element of the array at a place contains what the pattern says. */
function hasElement(buffer: Buffer, start: number, end: number, pattern: JsonbPattern): boolean {
  let at = start + 1;
  if (buffer[at] === CLOSE_ARRAY) return false;
  for (;;) {
    if (containsAt(buffer, at, end, pattern)) return true;
    at = skipJsonb(buffer, at, end);
    if (buffer[at] !== COMMA) return false;
    at += 2;
  }
}

function hasMembers(
  buffer: Buffer,
  start: number,
  end: number,
  keys: readonly Uint8Array[],
  values: readonly JsonbPattern[],
): boolean {
  const count = keys.length;
  let found = 0;
  let at = start + 1;
  while (found < count && buffer[at] === QUOTE) {
    const isWanted = startsWithBytes(buffer, at, keys[found]);
    at = (isWanted ? at + keys[found].length : skipJsonb(buffer, at, end)) + 2;
    if (isWanted && !containsAt(buffer, at, end, values[found++])) return false;
    if (found === count) return true;
    at = skipJsonb(buffer, at, end);
    if (buffer[at] !== COMMA) return false;
    at += 2;
  }
  return found === count;
}
