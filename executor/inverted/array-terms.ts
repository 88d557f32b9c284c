/**
 * Terms of arrays: their elements. Those of texts and integers are read from the stored bytes (types/datum.ts), without making the
 * array.
 */

import type { Value } from '../../catalog/function-entry.ts';
import {
  ARRAY_CONTAINS,
  ARRAY_EQUALS,
  ARRAY_HAS_ELEMENT,
  ARRAY_IS_CONTAINED,
  ARRAY_OVERLAPS,
} from '../../catalog/inverted-classes.ts';
import { baseTypeOid, encodeKeyPart, OID, type SqlArray } from '../../types/index.ts';
import { type Representation, representation } from '../../types/representation.ts';
import type { QueryMaker, TermExtractor } from './extractor.ts';
import { ALL, allOf, anyOf, type TermNode, type TermQuery } from './term-query.ts';
import { KIND_EMPTY, KIND_NULL_ELEMENT, KIND_TERM, type TermWriter } from './terms.ts';

/** Elements of 32 bits are number keys. */
const NUMBER_ELEMENTS = new Set<number>([OID.INT2, OID.INT4, OID.OID, OID.DATE]);
const INT32_MIN = -2147483648;
const UINT32_MAX = 4294967295;

/** Element types of oids are unsigned, the others signed; infinite dates are the ends. */
function elementNumber(value: number): number {
  return Math.min(Math.max(value, INT32_MIN), UINT32_MAX) - INT32_MIN;
}

/** The marker of a value in keys of texts, which end with a zero byte (types/key.ts). */
const TEXT_MARKER = 1;

/** Place of the reader in stored bytes. */
let position = 0;

function readVarint(bytes: Uint8Array): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[position++];
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
}

function writeText(bytes: Uint8Array, start: number, end: number, writer: TermWriter): void {
  const key = writer.begin(KIND_TERM);
  key.reserve(end - start + 2);
  const target = key.bytes;
  let length = key.length;
  target[length++] = TEXT_MARKER;
  for (let i = start; i < end; i++) target[length++] = bytes[i];
  target[length++] = 0;
  key.length = length;
  writer.end();
}

/** Gives each element, or NULL, of an array as it is stored: big endian integers, or UTF-8. */
function storedExtractor(kind: Representation): TermExtractor['extractStored'] {
  if (kind !== 'text' && kind !== 'int2' && kind !== 'int4' && kind !== 'uint4') return undefined;
  return (bytes, start, end, writer) => {
    position = start;
    readVarint(bytes);
    const dimensions = bytes[position++];
    position += dimensions * 8;
    while (position < end) {
      const length = readVarint(bytes) - 1;
      const at = position;
      if (length < 0) {
        writer.mark(KIND_NULL_ELEMENT);
        continue;
      }
      position = at + length;
      if (kind === 'text') writeText(bytes, at, position, writer);
      else if (kind === 'int2') writer.number(elementNumber(((bytes[at] << 24) >> 16) | bytes[at + 1]));
      else {
        const word = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
        writer.number(elementNumber(kind === 'int4' ? word : word >>> 0));
      }
    }
  };
}

export function arrayOps(elementOid: number): TermExtractor {
  const usesNumbers = NUMBER_ELEMENTS.has(baseTypeOid(elementOid));
  const element = (value: Value, writer: TermWriter): void => {
    if (value === null) writer.mark(KIND_NULL_ELEMENT);
    else if (usesNumbers) writer.number(elementNumber(value as number));
    else {
      encodeKeyPart(elementOid, value, writer.begin(KIND_TERM));
      writer.end();
    }
  };
  const extract = (value: Value, writer: TermWriter): void => {
    for (const item of (value as SqlArray).elements) element(item as Value, writer);
  };
  const empty = (make: QueryMaker): TermNode[] => make((writer) => writer.mark(KIND_EMPTY));
  const query = (strategy: number, value: Value, make: QueryMaker): TermQuery => {
    if (strategy === ARRAY_HAS_ELEMENT) {
      return { node: allOf(make((writer) => element(value, writer))), isExact: true };
    }
    const { elements } = value as SqlArray;
    /** NULL is equal to nothing: only `=` finds it. */
    const known = elements.filter((item) => item !== null);
    const terms = (items: readonly unknown[]): TermNode[] =>
      make((writer) => {
        for (const item of items) element(item as Value, writer);
      });
    switch (strategy) {
      case ARRAY_OVERLAPS:
        return { node: anyOf(terms(known)), isExact: true };
      case ARRAY_CONTAINS:
        if (known.length < elements.length) return { node: { kind: 'none' }, isExact: true };
        return { node: elements.length === 0 ? ALL : allOf(terms(known)), isExact: true };
      case ARRAY_IS_CONTAINED:
        return { node: anyOf([...terms(known), ...empty(make)]), isExact: false };
      case ARRAY_EQUALS:
        return { node: elements.length === 0 ? allOf(empty(make)) : allOf(terms(elements)), isExact: false };
      default:
        throw new Error(`array_ops: strategy ${strategy}`);
    }
  };
  const extractStored = storedExtractor(representation(baseTypeOid(elementOid)));
  return extractStored === undefined ? { usesNumbers, extract, query } : { usesNumbers, extract, extractStored, query };
}
