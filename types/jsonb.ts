/**
 * jsonb. At run time it is its normalised text, so that it can be stored, copied and printed as it is; functions that look
 * inside parse it to a tree. Normal form, as PostgreSQL prints it: keys ordered by length in bytes, then bytes; of equal keys
 * the last stays; numbers as numeric prints them; one blank after each colon and comma.
 */
import { Buffer } from 'node:buffer';
import { type JsonBuilder, parseJson, quoteJson } from './json.ts';
import { Numeric } from './numeric.ts';
import { compareText } from './unicode.ts';

export type Jsonb = null | boolean | string | Numeric | Jsonb[] | JsonbObject;

/** Members in the order of jsonb; no key twice. */
export class JsonbObject {
  readonly keys: readonly string[];
  readonly values: readonly Jsonb[];

  constructor(keys: readonly string[], values: readonly Jsonb[]) {
    this.keys = keys;
    this.values = values;
  }

  /** From members in any order; the last of equal keys stays. */
  static from(keys: readonly string[], values: readonly Jsonb[]): JsonbObject {
    if (isOrdered(keys)) return new JsonbObject(keys, values);
    const members = new Map<string, Jsonb>();
    keys.forEach((key, i) => {
      members.set(key, values[i]);
    });
    const ordered = [...members.keys()].sort(compareKeys);
    return new JsonbObject(
      ordered,
      ordered.map((key) => members.get(key) as Jsonb),
    );
  }

  get(key: string): Jsonb | undefined {
    const index = this.keys.indexOf(key);
    return index < 0 ? undefined : this.values[index];
  }
}

function compareKeys(a: string, b: string): number {
  return Buffer.byteLength(a, 'utf8') - Buffer.byteLength(b, 'utf8') || compareText(a, b);
}

function isOrdered(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (compareKeys(keys[i - 1], keys[i]) >= 0) return false;
  return true;
}

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
  let text = '{';
  for (let i = 0; i < value.keys.length; i++) {
    text += (i === 0 ? '' : ', ') + quoteJson(value.keys[i]) + ': ' + formatJsonb(value.values[i]);
  }
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
  const rank = jsonbRank(a);
  const difference = rank - jsonbRank(b);
  if (difference !== 0 || a === null) return difference;
  if (typeof a === 'string') return compareText(a, b as string);
  if (typeof a === 'boolean') return Number(a) - Number(b);
  if (a instanceof Numeric) return a.compare(b as Numeric);
  if (Array.isArray(a)) return compareSequences(a, b as Jsonb[]);
  const other = b as JsonbObject;
  if (a.keys.length !== other.keys.length) return a.keys.length - other.keys.length;
  for (let i = 0; i < a.keys.length; i++) {
    const order = compareText(a.keys[i], other.keys[i]) || compareJsonb(a.values[i], other.values[i], false);
    if (order !== 0) return order;
  }
  return 0;
}

function compareSequences(a: readonly Jsonb[], b: readonly Jsonb[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const order = compareJsonb(a[i], b[i], false);
    if (order !== 0) return order;
  }
  return 0;
}

/** The text with numbers cut to the digits they need: equal for equal values and for no others. */
export function jsonbHashKey(text: string): string {
  return text.includes('.') ? formatJsonb(trimNumbers(parseJsonb(text))) : text;
}

function trimNumbers(value: Jsonb): Jsonb {
  if (value instanceof Numeric) return value.trimScale();
  if (Array.isArray(value)) return value.map(trimNumbers);
  if (value instanceof JsonbObject) return new JsonbObject(value.keys, value.values.map(trimNumbers));
  return value;
}
