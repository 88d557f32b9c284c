/**
 * Terms of hstore: hashes of its keys, and of its pairs. Every answer is checked with the row, since two of them may have one hash.
 */
import { HSTORE_CONTAINS, HSTORE_EXISTS, HSTORE_EXISTS_ANY } from '../../catalog/inverted-classes.ts';
import { readHstore, type SqlArray } from '../../types/index.ts';
import type { TermExtractor } from './extractor.ts';
import { allOf, anyOf } from './term-query.ts';
import { PAYLOAD_LIMIT, type TermWriter } from './terms.ts';

/** Where a key ends: no character. */
const END_OF_KEY = 0x10000;
const NULL_VALUE = 0x10001;

let low = 0;
let high = 0;

function hash(text: string): void {
  for (let i = 0; i < text.length; i++) mix(text.charCodeAt(i));
}

function mix(unit: number): void {
  low = Math.imul(low ^ unit, 0x01000193);
  high = Math.imul(high ^ unit, 0x85ebca6b);
  high ^= high >>> 15;
}

function write(writer: TermWriter): void {
  const spread = low ^ (low >>> 15);
  writer.number(((spread >>> 0) * 8192 + (high >>> 19)) % PAYLOAD_LIMIT);
}

/** The term of a key. */
function writeKey(key: string, writer: TermWriter): void {
  low = 0x811c9dc5;
  high = 0x9e3779b1;
  hash(key);
  write(writer);
}

/** The term of a pair. */
function writePair(key: string, value: string | null, writer: TermWriter): void {
  low = 0x811c9dc5;
  high = 0x9e3779b1;
  hash(key);
  mix(END_OF_KEY);
  if (value === null) mix(NULL_VALUE);
  else hash(value);
  write(writer);
}

export const HSTORE_OPS: TermExtractor = {
  usesNumbers: true,
  extract(value, writer) {
    for (const [key, text] of readHstore(value as string)) {
      writeKey(key, writer);
      writePair(key, text, writer);
    }
  },
  query(strategy, value, make) {
    switch (strategy) {
      case HSTORE_CONTAINS: {
        const terms = make((writer) => {
          for (const [key, text] of readHstore(value as string)) writePair(key, text, writer);
        });
        return { node: allOf(terms), isExact: false };
      }
      case HSTORE_EXISTS:
        return { node: allOf(make((writer) => writeKey(value as string, writer))), isExact: false };
      default: {
        const keys = (value as SqlArray).elements.filter((key): key is string => key !== null);
        const terms = make((writer) => {
          for (const key of keys) writeKey(key, writer);
        });
        return { node: strategy === HSTORE_EXISTS_ANY ? anyOf(terms) : allOf(terms), isExact: false };
      }
    }
  },
};
