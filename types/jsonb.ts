/**
 * jsonb. At run time it is its normalised text, so that it can be stored, copied and printed as it is; functions that look
 * inside parse it to a tree. Normal form, as PostgreSQL prints it: keys ordered by length in bytes, then bytes; of equal keys
 * the last stays; numbers as numeric prints them; one blank after each colon and comma.
 */
import { type JsonBuilder, parseJson, quoteJson } from './json.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  COMMA,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipString,
  skipValue,
} from './json-text.ts';
import { Numeric } from './numeric.ts';
import { compareText } from './unicode.ts';

export type Jsonb = null | boolean | string | Numeric | Jsonb[] | JsonbObject;

/**
 * Members in the order of jsonb; no key twice. One that was read from a value (`readJsonb`) keeps its text, and takes it apart when it
 * is asked for its members: most of a document is copied as it is, or not looked at.
 */
export class JsonbObject {
  /** Null: not taken apart yet. */
  #keys: readonly string[] | null;
  #values: readonly Jsonb[];
  readonly #text: string | null;
  /** Members that were asked for by name before: each is one object for good. */
  #found: { readonly name: string; readonly value: Jsonb }[] | null = null;

  constructor(keys: readonly string[] | null, values: readonly Jsonb[], text: string | null = null) {
    this.#keys = keys;
    this.#values = values;
    this.#text = text;
  }

  /** From members in any order; the last of equal keys stays. */
  static from(keys: readonly string[], values: readonly Jsonb[]): JsonbObject {
    if (isOrdered(keys)) return new JsonbObject(keys, values);
    const members = new Map<string, Jsonb>();
    keys.forEach((key, i) => {
      members.set(key, values[i]);
    });
    const ordered = [...members.keys()].sort(compareJsonbKeys);
    return new JsonbObject(
      ordered,
      ordered.map((key) => members.get(key) as Jsonb),
    );
  }

  get keys(): readonly string[] {
    return this.#keys ?? this.#takeApart();
  }

  get values(): readonly Jsonb[] {
    if (this.#keys === null) this.#takeApart();
    return this.#values;
  }

  /** Its normal form, where it was read. */
  get text(): string | null {
    return this.#text;
  }

  get(key: string): Jsonb | undefined {
    if (this.#keys === null) return this.#find(key);
    const index = this.#keys.indexOf(key);
    return index < 0 ? undefined : this.#values[index];
  }

  #takeApart(): readonly string[] {
    const text = this.#text as string;
    const keys: string[] = [];
    const values: Jsonb[] = [];
    for (let at = 1; text.charCodeAt(at) === QUOTE; at = readEnd + 2) {
      const key = readString(text, at);
      keys.push(key);
      const known = this.#found?.find(({ name }) => name === key);
      const start = readEnd + 2;
      if (known === undefined) values.push(readValue(text, start));
      else {
        values.push(known.value);
        readEnd = skipValue(text, start);
      }
    }
    this.#values = values;
    this.#found = null;
    this.#keys = keys;
    return keys;
  }

  #find(name: string): Jsonb | undefined {
    if (this.#found !== null) {
      for (const found of this.#found) if (found.name === name) return found.value;
    }
    const text = this.#text as string;
    const literal = quoteJson(name);
    for (let at = 1; text.charCodeAt(at) === QUOTE; ) {
      const end = skipString(text, at);
      if (end - at === literal.length && text.startsWith(literal, at)) {
        const value = readValue(text, end + 2);
        // Most are asked for one member: an array of just that.
        if (this.#found === null) this.#found = [{ name, value }];
        else this.#found.push({ name, value });
        return value;
      }
      at = skipValue(text, end + 2) + 2;
    }
    return undefined;
  }
}

/** The order of keys: by their length in bytes, then by their bytes. */
export function compareJsonbKeys(a: string, b: string): number {
  return utf8Length(a) - utf8Length(b) || compareText(a, b);
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Each half of a pair is two of its four bytes.
    if (code >= 0x80) length += code < 0x800 || (code & 0xf800) === 0xd800 ? 1 : 2;
  }
  return length;
}

function isOrdered(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (compareJsonbKeys(keys[i - 1], keys[i]) >= 0) return false;
  return true;
}

// ----------------------------------------------------------------------------------------------------------- reading the normal form

/** Behind what was read last. */
let readEnd = 0;

/** The tree of a jsonb value, which is in normal form and is not checked again. Objects are taken apart where they are looked into. */
export function readJsonb(text: string): Jsonb {
  return text.charCodeAt(0) === OPEN_OBJECT ? new JsonbObject(null, [], text) : readValue(text, 0);
}

function readValue(text: string, at: number): Jsonb {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return readString(text, at);
    case OPEN_OBJECT:
      readEnd = skipValue(text, at);
      return new JsonbObject(null, [], text.slice(at, readEnd));
    case OPEN_ARRAY:
      return readArray(text, at);
    case LETTER_T:
      readEnd = at + 4;
      return true;
    case LETTER_F:
      readEnd = at + 5;
      return false;
    case LETTER_N:
      readEnd = at + 4;
      return null;
    default:
      readEnd = skipValue(text, at);
      return Numeric.parse(text.slice(at, readEnd));
  }
}

function readString(text: string, at: number): string {
  for (let i = at + 1; ; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      readEnd = i + 1;
      return text.slice(at + 1, i);
    }
    if (code === BACKSLASH) break;
  }
  readEnd = skipString(text, at);
  return JSON.parse(text.slice(at, readEnd)) as string;
}

function readArray(text: string, start: number): Jsonb[] {
  const values: Jsonb[] = [];
  let at = start + 1;
  if (text.charCodeAt(at) === CLOSE_ARRAY) {
    readEnd = at + 1;
    return values;
  }
  for (;;) {
    values.push(readValue(text, at));
    if (text.charCodeAt(readEnd) !== COMMA) break;
    at = readEnd + 2;
  }
  readEnd++;
  return values;
}

// ------------------------------------------------------------------------------------------------------------------- text in and out

const builder: JsonBuilder<Jsonb> = {
  nullValue: () => null,
  boolean: (value) => value,
  string: (value) => value,
  number: (text) => Numeric.parse(text),
  array: (values) => values,
  object: (keys, values) => JsonbObject.from(keys, values),
};

/** Text of any form, from outside. Throws PostgreSQL's errors (22P02, 22P05). */
export function parseJsonb(text: string): Jsonb {
  return parseJson(text, builder);
}

export function formatJsonb(value: Jsonb): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoteJson(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof Numeric) return value.toString();
  if (Array.isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : ', ') + formatJsonb(value[i]);
    return text + ']';
  }
  if (value.text !== null) return value.text;
  const { keys, values } = value;
  let text = '{';
  for (let i = 0; i < keys.length; i++) {
    text += (i === 0 ? '' : ', ') + quoteJson(keys[i]) + ': ' + formatJsonb(values[i]);
  }
  return text + '}';
}

/** The normal form of an object, by its keys and the normal forms of its values. */
export function formatMembers(members: ReadonlyMap<string, string>): string {
  const keys = [...members.keys()];
  if (!isOrdered(keys)) keys.sort(compareJsonbKeys);
  let text = '{';
  for (const key of keys) text += `${text.length === 1 ? '' : ', '}${quoteJson(key)}: ${members.get(key)}`;
  return text + '}';
}

export function inputJsonb(text: string): string {
  return formatJsonb(parseJsonb(text));
}

/** Null < string < number < boolean < array < object. */
export function jsonbRank(value: Jsonb): number {
  if (value === null) return 0;
  if (typeof value === 'string') return 1;
  if (value instanceof Numeric) return 2;
  if (typeof value === 'boolean') return 3;
  return Array.isArray(value) ? 4 : 5;
}

/** Btree order: by rank, then arrays and objects by their size, then member by member; an empty array at the top is lowest. */
export function compareJsonb(a: Jsonb, b: Jsonb, isTop = true): number {
  if (isTop) {
    const emptyA = Array.isArray(a) && a.length === 0;
    const emptyB = Array.isArray(b) && b.length === 0;
    if (emptyA || emptyB) return emptyA && emptyB ? 0 : emptyA ? -1 : 1;
  }
  const difference = jsonbRank(a) - jsonbRank(b);
  if (difference !== 0 || a === null) return Math.sign(difference);
  if (typeof a === 'string') return compareText(a, b as string);
  if (typeof a === 'boolean') return Number(a) - Number(b);
  if (a instanceof Numeric) return a.compare(b as Numeric);
  if (Array.isArray(a)) return compareSequences(a, b as Jsonb[]);
  return compareObjects(a, b as JsonbObject);
}

function compareObjects(a: JsonbObject, b: JsonbObject): number {
  const { keys, values } = a;
  const { keys: otherKeys, values: otherValues } = b;
  if (keys.length !== otherKeys.length) return Math.sign(keys.length - otherKeys.length);
  for (let i = 0; i < keys.length; i++) {
    const order = compareText(keys[i], otherKeys[i]) || compareJsonb(values[i], otherValues[i], false);
    if (order !== 0) return order;
  }
  return 0;
}

function compareSequences(a: readonly Jsonb[], b: readonly Jsonb[]): number {
  if (a.length !== b.length) return Math.sign(a.length - b.length);
  for (let i = 0; i < a.length; i++) {
    const order = compareJsonb(a[i], b[i], false);
    if (order !== 0) return order;
  }
  return 0;
}

/** The text with numbers cut to the digits they need: equal for equal values and for no others. */
export function jsonbHashKey(text: string): string {
  return text.includes('.') ? formatJsonb(trimNumbers(readJsonb(text))) : text;
}

function trimNumbers(value: Jsonb): Jsonb {
  if (value instanceof Numeric) return value.trimScale();
  if (Array.isArray(value)) return value.map(trimNumbers);
  if (value instanceof JsonbObject) return new JsonbObject(value.keys, value.values.map(trimNumbers));
  return value;
}
