/**
 * a @> b on jsonb: a stays text and is walked once, b is made into a pattern that is kept from call to call. Members of objects are
 * in one order in both, so that each is met once; what is not wanted is skipped.
 */
import { Numeric } from '../../types/index.ts';
import { type Jsonb, JsonbObject, parseJsonb } from '../../types/jsonb.ts';
import { quoteJson } from './json-build.ts';
import { skipString, skipValue } from './json-scan.ts';

const QUOTE = 34;
const COMMA = 44;
const OPEN_ARRAY = 91;
const OPEN_OBJECT = 123;

type Pattern =
  /** A string, a boolean or null: equal values are written alike. */
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'number'; readonly value: Numeric; readonly text: string }
  | { readonly kind: 'array'; readonly elements: readonly Pattern[] }
  /** Keys with their quotes, in the order of jsonb. */
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly values: readonly Pattern[] };

function patternOf(value: Jsonb): Pattern {
  if (value instanceof Numeric) return { kind: 'number', value, text: value.toString() };
  if (Array.isArray(value)) return { kind: 'array', elements: value.map(patternOf) };
  if (value instanceof JsonbObject) {
    return { kind: 'object', keys: value.keys.map(quoteJson), values: value.values.map(patternOf) };
  }
  return { kind: 'word', text: typeof value === 'string' ? quoteJson(value) : String(value) };
}

let keptText = 'null';
let kept: Pattern = patternOf(null);

/** As a special case an array contains a plain value that is one of its elements, at the top only. */
export function jsonbContains(a: string, b: string): boolean {
  if (b !== keptText) {
    kept = patternOf(parseJsonb(b));
    keptText = b;
  }
  const isScalar = kept.kind === 'word' || kept.kind === 'number';
  return isScalar && a.charCodeAt(0) === OPEN_ARRAY ? hasElement(a, 0, kept) : containsAt(a, 0, kept);
}

let keptName = '';
let keptKey = '""';

/** Whether an object has a member of this name; the text is that of an object. */
export function hasMember(text: string, name: string): boolean {
  if (name !== keptName) {
    keptKey = quoteJson(name);
    keptName = name;
  }
  let at = 1;
  while (text.charCodeAt(at) === QUOTE) {
    if (text.startsWith(keptKey, at)) return true;
    at = skipValue(text, skipString(text, at) + 2);
    if (text.charCodeAt(at) !== COMMA) return false;
    at += 2;
  }
  return false;
}

/** Whether the value at a place of the text contains what the pattern says. */
function containsAt(text: string, at: number, pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'word':
      return text.startsWith(pattern.text, at);
    case 'number':
      return isNumber(text, at, pattern);
    case 'array':
      if (text.charCodeAt(at) !== OPEN_ARRAY) return false;
      for (const element of pattern.elements) if (!hasElement(text, at, element)) return false;
      return true;
    case 'object':
      return text.charCodeAt(at) === OPEN_OBJECT && hasMembers(text, at, pattern.keys, pattern.values);
  }
}

function isNumber(text: string, at: number, pattern: Pattern & { kind: 'number' }): boolean {
  const first = text.charCodeAt(at);
  if (first !== 45 && (first < 48 || first > 57)) return false;
  const end = skipValue(text, at);
  const length = end - at;
  if (length === pattern.text.length && text.startsWith(pattern.text, at)) return true;
  // Other digits are another number, unless zeros follow a point.
  const number = text.slice(at, end);
  if (!number.includes('.') && !pattern.text.includes('.')) return false;
  return Numeric.parse(number).compare(pattern.value) === 0;
}

/** Whether an element of the array at a place contains what the pattern says. */
function hasElement(text: string, start: number, pattern: Pattern): boolean {
  let at = start + 1;
  if (text.charCodeAt(at) === 93) return false;
  for (;;) {
    if (containsAt(text, at, pattern)) return true;
    at = skipValue(text, at);
    if (text.charCodeAt(at) !== COMMA) return false;
    at += 2;
  }
}

function hasMembers(text: string, start: number, keys: readonly string[], values: readonly Pattern[]): boolean {
  const count = keys.length;
  let found = 0;
  let at = start + 1;
  while (found < count && text.charCodeAt(at) === QUOTE) {
    const isWanted = text.startsWith(keys[found], at);
    at = (isWanted ? at + keys[found].length : skipString(text, at)) + 2;
    if (isWanted && !containsAt(text, at, values[found++])) return false;
    if (found === count) return true;
    at = skipValue(text, at);
    if (text.charCodeAt(at) !== COMMA) return false;
    at += 2;
  }
  return found === count;
}
