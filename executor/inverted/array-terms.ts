/** Terms of arrays: their elements, each once. */

import type { Value } from '../../catalog/function-entry.ts';
import {
  ARRAY_CONTAINS,
  ARRAY_EQUALS,
  ARRAY_HAS_ELEMENT,
  ARRAY_IS_CONTAINED,
  ARRAY_OVERLAPS,
} from '../../catalog/inverted-classes.ts';
import { baseTypeOid, encodeKeyPart, OID, type SqlArray } from '../../types/index.ts';
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
  return { usesNumbers, extract, query };
}
