/**
 * What a document must have for a jsonpath to hold (`@?`, `@@`): keys on the way, and values that something is compared with. What is
 * not understood asks for nothing, so that every document is looked at.
 *
 *     $.a[*] ? (@.b == 1)      jsonb_ops: key a, key b, value 1      jsonb_path_ops: the hash of a, b, 1
 *
 * In every mode an accessor that finds nothing gives nothing (lax) or makes the answer unknown (strict), and so does a comparison
 * of nothing: so keys are needed even where values are not known. Elements of arrays have the array's path in both classes.
 */
import { formatJsonb, type Jsonb, quoteJson } from '../../types/index.ts';
import { jsonpathOf } from '../../types/jsonpath/parse.ts';
import type { PathItem } from '../../types/jsonpath/path.ts';
import { ALL, allOf, anyOf, type TermNode } from './term-query.ts';

/** What a class makes of keys and values. */
export interface PathTerms {
  /** A key that must be somewhere. */
  key(name: string): TermNode;
  /** A value that something under these keys is equal to; `isWhole`: they are all keys from the top. */
  value(value: Jsonb, keys: readonly string[], isWhole: boolean): TermNode;
}

/** Where a chain of accessors has come to. */
interface Place {
  readonly keys: readonly string[];
  /** No other keys are on the way from the top. */
  readonly isWhole: boolean;
  /** What the chain gives are items of the document, not what a method made of them. */
  readonly isItem: boolean;
  /** What must be for the chain to give anything. */
  readonly needed: readonly TermNode[];
}

const TOP: Place = { keys: [], isWhole: true, isItem: true, needed: [] };

/** A path's answer to @@ (`isMatch`) or @?. */
export function jsonpathNode(path: string, isMatch: boolean, terms: PathTerms): TermNode {
  const { root } = jsonpathOf(path);
  const place = placeOf(root, TOP, terms);
  if (place !== null) return allOf(place.needed);
  // A predicate always gives something: only @@ asks what.
  return isMatch ? nodeOf(root, TOP, terms) : ALL;
}

/** null: the item is no chain of accessors from `$` or `@`. */
function placeOf(start: PathItem, current: Place, terms: PathTerms): Place | null {
  if (start.kind !== 'root' && start.kind !== 'current') return null;
  let place = start.kind === 'root' ? TOP : current;
  for (let item = start.next; item !== null; item = item.next) {
    switch (item.kind) {
      case 'key':
        place = { ...place, keys: [...place.keys, item.value], needed: [...place.needed, terms.key(item.value)] };
        break;
      case 'anyArray':
      case 'subscripts':
        break;
      case 'anyKey':
      case 'anyLevel':
        place = { ...place, isWhole: false };
        break;
      case 'filter':
        place = { ...place, needed: [...place.needed, nodeOf(item.predicate, place, terms)] };
        break;
      default:
        // Methods make values of their own, whose keys are in no document.
        return { ...place, isItem: false };
    }
  }
  return place;
}

function neededFor(item: PathItem, current: Place, terms: PathTerms): TermNode {
  const place = placeOf(item, current, terms);
  return place === null ? ALL : allOf(place.needed);
}

/** What must be for a predicate to be true. */
function nodeOf(item: PathItem, current: Place, terms: PathTerms): TermNode {
  if (item.next !== null) return ALL;
  switch (item.kind) {
    case 'and':
      return allOf([nodeOf(item.left, current, terms), nodeOf(item.right, current, terms)]);
    case 'or':
      return anyOf([nodeOf(item.left, current, terms), nodeOf(item.right, current, terms)]);
    case 'exists':
    case 'likeRegex':
      return neededFor(item.argument, current, terms);
    case 'startsWith':
      return neededFor(item.left, current, terms);
    case 'compare': {
      const { left, right } = item;
      const sides = [neededFor(left, current, terms), neededFor(right, current, terms)];
      if (item.operator !== '==') return allOf(sides);
      return allOf([...sides, equality(left, right, current, terms), equality(right, left, current, terms)]);
    }
    default:
      return ALL;
  }
}

function equality(chain: PathItem, literal: PathItem, current: Place, terms: PathTerms): TermNode {
  const value = literalOf(literal);
  const place = value === undefined ? null : placeOf(chain, current, terms);
  if (value === undefined || place === null || !place.isItem) return ALL;
  return terms.value(value, place.keys, place.isWhole);
}

function literalOf(item: PathItem): Jsonb | undefined {
  if (item.next !== null) return undefined;
  if (item.kind === 'null') return null;
  return item.kind === 'bool' || item.kind === 'number' || item.kind === 'string' ? item.value : undefined;
}

/** The document in which only this value is, under these keys. */
export function documentOf(value: Jsonb, keys: readonly string[]): string {
  return keys.reduceRight((text, key) => `{${quoteJson(key)}: ${text}}`, formatJsonb(value));
}
