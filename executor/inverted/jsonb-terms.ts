/**
 * Terms of jsonb, scanned from the bytes of its normal form: nothing is parsed and nothing is made on the way.
 *
 *      jsonb_ops        {"a": [1.50, "x"], "b": null}    keys a, b; string element x counts as a key; values 1.5, null
 *      jsonb_path_ops                                     hashes of (path a, 1.5), (path a, "x"), (path b, null)
 *
 * Strings are taken as they stand between their quotes: in normal form equal strings are written alike. Numbers lose the zeros
 * at the end of their fraction, so that 1.50 is 1.5. Long terms are replaced by a hash, as PostgreSQL's are.
 *
 * Every answer is checked with the row: the index knows that a key is somewhere, not where.
 */

import type { Value } from '../../catalog/function-entry.ts';
import {
  JSONB_CONTAINS,
  JSONB_EXISTS,
  JSONB_EXISTS_ANY,
  JSONB_PATH_EXISTS,
  JSONB_PATH_MATCH,
} from '../../catalog/inverted-classes.ts';
import type { SqlArray } from '../../types/index.ts';
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
import type { QueryMaker, TermExtractor } from './extractor.ts';
import { documentOf, jsonpathNode, type PathTerms } from './jsonpath-query.ts';
import { ALL, allOf, anyOf, type TermQuery } from './term-query.ts';
import { KIND_TERM, PAYLOAD_LIMIT, type TermWriter } from './terms.ts';

const POINT = 46;
const ZERO = 48;
const COLON = 58;

/** Kinds of terms of jsonb_ops: keys and string elements; and values. */
const KIND_KEY = KIND_TERM;
const KIND_NULL_VALUE = KIND_TERM + 1;
const KIND_BOOLEAN = KIND_TERM + 2;
const KIND_NUMBER = KIND_TERM + 3;
const KIND_STRING = KIND_TERM + 4;
/** Added to the kind when a hash stands for the content. */
const KIND_HASHED = 16;
/** Longer contents are hashed (PostgreSQL's JGIN_MAXLENGTH). */
const CONTENT_SIZE_MAX = 125;

/** A scalar's kind, for both classes; a string's place tells whether it is a key. */
export type ScalarKind = typeof KIND_NULL_VALUE | typeof KIND_BOOLEAN | typeof KIND_NUMBER | typeof KIND_STRING;

/** Told of what a document holds, in its order. */
interface JsonbVisitor {
  /** A container begins, or ends. */
  open(isObject: boolean): void;
  close(): void;
  /** A member's key, a scalar: content in bytes[start..end). */
  key(bytes: Uint8Array, start: number, end: number): void;
  /** isElement: it stands in an array, or alone. */
  scalar(kind: ScalarKind, bytes: Uint8Array, start: number, end: number, isElement: boolean): void;
}

/** Deepest nesting whose containers are known without making anything. */
let isObjectAt = new Uint8Array(256);

/** Walks over a document in normal form. */
function scan(bytes: Uint8Array, start: number, end: number, visitor: JsonbVisitor): void {
  let depth = 0;
  let isObject = false;
  let isKey = false;
  let at = start;
  while (at < end) {
    const c = bytes[at];
    switch (c) {
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        isObject = c === OPEN_OBJECT;
        isKey = isObject;
        if (++depth >= isObjectAt.length) {
          const grown = new Uint8Array(depth * 2);
          grown.set(isObjectAt);
          isObjectAt = grown;
        }
        isObjectAt[depth] = isObject ? 1 : 0;
        visitor.open(isObject);
        at++;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        visitor.close();
        isObject = isObjectAt[--depth] === 1;
        isKey = false;
        at++;
        break;
      case COMMA:
        isKey = isObject;
        at += 2;
        break;
      case COLON:
        isKey = false;
        at += 2;
        break;
      case QUOTE: {
        const from = ++at;
        while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
        if (isKey) visitor.key(bytes, from, at);
        else visitor.scalar(KIND_STRING, bytes, from, at, !isObject);
        at++;
        break;
      }
      case LETTER_T:
      case LETTER_F:
        visitor.scalar(KIND_BOOLEAN, bytes, at, at + 1, !isObject);
        at += c === LETTER_T ? 4 : 5;
        break;
      case LETTER_N:
        visitor.scalar(KIND_NULL_VALUE, bytes, at, at, !isObject);
        at += 4;
        break;
      default: {
        const from = at;
        let hasPoint = false;
        for (; at < end; at++) {
          const digit = bytes[at];
          if (digit === POINT) hasPoint = true;
          else if (digit === COMMA || digit === CLOSE_OBJECT || digit === CLOSE_ARRAY) break;
        }
        let to = at;
        if (hasPoint) {
          while (bytes[to - 1] === ZERO) to--;
          if (bytes[to - 1] === POINT) to--;
        }
        visitor.scalar(KIND_NUMBER, bytes, from, to, !isObject);
      }
    }
  }
}

/* ---- jsonb_ops ------------------------------------------------------------------------------------------------------ */

let low = 0;
let high = 0;

/** Two hashes of 32 bits, going on from what `low` and `high` are. */
function hashBytes(bytes: Uint8Array, start: number, end: number): void {
  let a = low;
  let b = high;
  for (let i = start; i < end; i++) {
    a = Math.imul(a ^ bytes[i], 0x01000193);
    b = Math.imul(b + bytes[i] + 1, 0x85ebca6b);
    b ^= b >>> 13;
  }
  low = a;
  high = b;
}

const HASH_LOW = 0x811c9dc5 | 0;
const HASH_HIGH = 0x9747b28c | 0;

class KeysAndValues implements JsonbVisitor {
  writer: TermWriter | null = null;

  open(): void {}
  close(): void {}

  key(bytes: Uint8Array, start: number, end: number): void {
    this.#write(KIND_KEY, bytes, start, end);
  }

  scalar(kind: ScalarKind, bytes: Uint8Array, start: number, end: number, isElement: boolean): void {
    this.#write(kind === KIND_STRING && isElement ? KIND_KEY : kind, bytes, start, end);
  }

  #write(kind: number, bytes: Uint8Array, start: number, end: number): void {
    const writer = this.writer as TermWriter;
    if (end - start > CONTENT_SIZE_MAX) {
      low = HASH_LOW;
      high = HASH_HIGH;
      hashBytes(bytes, start, end);
      const key = writer.begin(kind + KIND_HASHED);
      key.int32(low);
      key.int32(high);
      writer.end();
      return;
    }
    const key = writer.begin(kind);
    key.reserve(end - start);
    const target = key.bytes;
    let length = key.length;
    for (let i = start; i < end; i++) target[length++] = bytes[i];
    key.length = length;
    writer.end();
  }
}

const keysAndValues = new KeysAndValues();

let encoded = Buffer.allocUnsafeSlow(4096);

/** The bytes of a document or string, good until the next call; answers their number. */
function encode(text: string): number {
  const most = text.length * 3;
  if (encoded.length < most) encoded = Buffer.allocUnsafeSlow(most);
  return encoded.write(text, 0, 'utf8');
}

function writeKey(text: string, writer: TermWriter): void {
  const length = encode(quoteJson(text));
  keysAndValues.writer = writer;
  keysAndValues.key(encoded, 1, length - 1);
}

export const JSONB_OPS: TermExtractor = {
  usesNumbers: false,
  extract(value, writer) {
    this.extractStored?.(encoded, 0, encode(value as string), writer);
  },
  extractStored(bytes, start, end, writer) {
    keysAndValues.writer = writer;
    scan(bytes, start, end, keysAndValues);
  },
  query(strategy, value, make) {
    switch (strategy) {
      case JSONB_CONTAINS:
        return containsQuery(this, value, make);
      case JSONB_EXISTS:
        return { node: allOf(make((writer) => writeKey(value as string, writer))), isExact: false };
      case JSONB_PATH_EXISTS:
      case JSONB_PATH_MATCH:
        return {
          node: jsonpathNode(value as string, strategy === JSONB_PATH_MATCH, keysAndValuesOf(make)),
          isExact: false,
        };
      default: {
        const keys = (value as SqlArray).elements.filter((key) => key !== null) as string[];
        const terms = make((writer) => {
          for (const key of keys) writeKey(key, writer);
        });
        return { node: strategy === JSONB_EXISTS_ANY ? anyOf(terms) : allOf(terms), isExact: false };
      }
    }
  },
};

/** Keys are terms, wherever they are; a string that is an element counts as one. */
function keysAndValuesOf(make: QueryMaker): PathTerms {
  return {
    key: (name) => allOf(make((writer) => writeKey(name, writer))),
    value(value) {
      const [asElement] = make((writer) => JSONB_OPS.extract(documentOf(value, []), writer));
      const asMember = make((writer) => JSONB_OPS.extract(documentOf(value, ['']), writer))[1];
      return anyOf([asElement, asMember]);
    },
  };
}

/* ---- jsonb_path_ops ------------------------------------------------------------------------------------------------- */

class PathHashes implements JsonbVisitor {
  writer: TermWriter | null = null;
  /** Hashes of the path to the container at each depth, and of the path to what comes next. */
  readonly #lows: number[] = [];
  readonly #highs: number[] = [];
  #depth = 0;
  #low = HASH_LOW;
  #high = HASH_HIGH;

  reset(): void {
    this.#depth = 0;
    this.#low = HASH_LOW;
    this.#high = HASH_HIGH;
  }

  /** Elements of an array have its own path. */
  open(): void {
    this.#lows[this.#depth] = this.#low;
    this.#highs[this.#depth] = this.#high;
    this.#depth++;
  }

  close(): void {
    this.#depth--;
    if (this.#depth === 0) return;
    this.#low = this.#lows[this.#depth - 1];
    this.#high = this.#highs[this.#depth - 1];
  }

  key(bytes: Uint8Array, start: number, end: number): void {
    low = this.#lows[this.#depth - 1];
    high = this.#highs[this.#depth - 1];
    hashBytes(bytes, start, end);
    // Where one key ends and the next begins counts.
    this.#low = Math.imul(low ^ 0x2f, 0x01000193);
    this.#high = Math.imul(high ^ 0x2f, 0x85ebca6b);
  }

  scalar(kind: ScalarKind, bytes: Uint8Array, start: number, end: number): void {
    low = Math.imul(this.#low ^ kind, 0x01000193);
    high = Math.imul(this.#high ^ kind, 0x85ebca6b);
    hashBytes(bytes, start, end);
    low ^= low >>> 15;
    high ^= high >>> 16;
    (this.writer as TermWriter).number(((low >>> 0) * 8192 + (high >>> 19)) % PAYLOAD_LIMIT);
    if (this.#depth === 0) return;
    // The next element of an array; a member begins with a key, which sets them itself.
    this.#low = this.#lows[this.#depth - 1];
    this.#high = this.#highs[this.#depth - 1];
  }
}

const pathHashes = new PathHashes();

export const JSONB_PATH_OPS: TermExtractor = {
  usesNumbers: true,
  extract(value, writer) {
    this.extractStored?.(encoded, 0, encode(value as string), writer);
  },
  extractStored(bytes, start, end, writer) {
    pathHashes.writer = writer;
    pathHashes.reset();
    scan(bytes, start, end, pathHashes);
  },
  query(strategy, value, make) {
    if (strategy === JSONB_CONTAINS) return containsQuery(this, value, make);
    const terms: PathTerms = {
      key: () => ALL,
      value: (wanted, keys, isWhole) =>
        isWhole ? allOf(make((writer) => this.extract(documentOf(wanted, keys), writer))) : ALL,
    };
    return { node: jsonpathNode(value as string, strategy === JSONB_PATH_MATCH, terms), isExact: false };
  },
};

/** A document without terms is contained in all that have its shape. */
function containsQuery(extractor: TermExtractor, value: Value, make: QueryMaker): TermQuery {
  const terms = make((writer) => extractor.extract(value, writer));
  return { node: terms.length === 0 ? ALL : allOf(terms), isExact: false };
}
