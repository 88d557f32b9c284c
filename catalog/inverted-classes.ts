/**
 * Operator classes of inverted indexes (access method gin): over which types there are extractors of terms, and which operators
 * an index of each can answer. Strategy numbers are PostgreSQL's (pg_amop).
 */
import { baseTypeOid, isArrayType, OID, typeByOid } from '../types/index.ts';

export type InvertedClassName =
  | 'array_ops'
  | 'jsonb_ops'
  | 'jsonb_path_ops'
  | 'tsvector_ops'
  | 'gin_trgm_ops'
  | 'gin_hstore_ops';

export interface InvertedClass {
  readonly name: InvertedClassName;
  /** The type it is declared for: anyarray, jsonb, tsvector or text. */
  readonly inputType: number;
  readonly isDefault: boolean;
  /** Strategy number of each operator, with the indexed value on its left side. */
  readonly strategies: ReadonlyMap<string, number>;
}

/** Array strategies. */
export const ARRAY_OVERLAPS = 1;
export const ARRAY_CONTAINS = 2;
export const ARRAY_IS_CONTAINED = 3;
export const ARRAY_EQUALS = 4;
/** value = ANY (column): not an operator of the class, but a term of it. */
export const ARRAY_HAS_ELEMENT = 100;
/** jsonb strategies, of both classes. */
export const JSONB_CONTAINS = 7;
export const JSONB_EXISTS = 9;
export const JSONB_EXISTS_ANY = 10;
const JSONB_EXISTS_ALL = 11;
export const JSONB_PATH_EXISTS = 15;
export const JSONB_PATH_MATCH = 16;
/** hstore's are jsonb's. */
export const HSTORE_CONTAINS = JSONB_CONTAINS;
export const HSTORE_EXISTS = JSONB_EXISTS;
export const HSTORE_EXISTS_ANY = JSONB_EXISTS_ANY;
/** tsvector strategies. */
const TEXT_SEARCH_MATCH = 1;
const TEXT_SEARCH_MATCH_DEPRECATED = 2;
/** Trigram strategies (pg_trgm). */
export const TRIGRAM_SIMILAR = 1;
export const TRIGRAM_LIKE = 3;
export const TRIGRAM_ILIKE = 4;
export const TRIGRAM_REGEX = 5;
export const TRIGRAM_REGEX_CASELESS = 6;
export const TRIGRAM_WORD_SIMILAR = 7;
const TRIGRAM_STRICT_WORD_SIMILAR = 9;
export const TRIGRAM_EQUALS = 10;

const CLASSES: readonly InvertedClass[] = [
  {
    name: 'array_ops',
    inputType: OID.ANYARRAY,
    isDefault: true,
    strategies: new Map([
      ['&&', ARRAY_OVERLAPS],
      ['@>', ARRAY_CONTAINS],
      ['<@', ARRAY_IS_CONTAINED],
      ['=', ARRAY_EQUALS],
    ]),
  },
  {
    name: 'jsonb_ops',
    inputType: OID.JSONB,
    isDefault: true,
    strategies: new Map([
      ['@>', JSONB_CONTAINS],
      ['?', JSONB_EXISTS],
      ['?|', JSONB_EXISTS_ANY],
      ['?&', JSONB_EXISTS_ALL],
      ['@?', JSONB_PATH_EXISTS],
      ['@@', JSONB_PATH_MATCH],
    ]),
  },
  {
    name: 'jsonb_path_ops',
    inputType: OID.JSONB,
    isDefault: false,
    strategies: new Map([
      ['@>', JSONB_CONTAINS],
      ['@?', JSONB_PATH_EXISTS],
      ['@@', JSONB_PATH_MATCH],
    ]),
  },
  {
    name: 'tsvector_ops',
    inputType: OID.TSVECTOR,
    isDefault: true,
    strategies: new Map([
      ['@@', TEXT_SEARCH_MATCH],
      ['@@@', TEXT_SEARCH_MATCH_DEPRECATED],
    ]),
  },
  {
    name: 'gin_trgm_ops',
    inputType: OID.TEXT,
    isDefault: false,
    strategies: new Map([
      ['%', TRIGRAM_SIMILAR],
      ['~~', TRIGRAM_LIKE],
      ['~~*', TRIGRAM_ILIKE],
      ['~', TRIGRAM_REGEX],
      ['~*', TRIGRAM_REGEX_CASELESS],
      ['%>', TRIGRAM_WORD_SIMILAR],
      ['%>>', TRIGRAM_STRICT_WORD_SIMILAR],
      ['=', TRIGRAM_EQUALS],
    ]),
  },
  {
    name: 'gin_hstore_ops',
    inputType: OID.ANYHSTORE,
    isDefault: true,
    strategies: new Map([
      ['@>', HSTORE_CONTAINS],
      ['?', HSTORE_EXISTS],
      ['?|', HSTORE_EXISTS_ANY],
      ['?&', JSONB_EXISTS_ALL],
    ]),
  },
];

export function invertedClassByName(name: string): InvertedClass | undefined {
  return CLASSES.find((item) => item.name === name);
}

/** Whether the class takes values of the type (domains as what they are over; varchar is text to it). */
export function invertedClassAccepts(item: InvertedClass, typeOid: number): boolean {
  const base = baseTypeOid(typeOid);
  if (item.inputType === OID.ANYARRAY) {
    const type = typeByOid(base);
    return type !== undefined && isArrayType(type);
  }
  if (item.inputType === OID.ANYHSTORE) return typeByOid(base)?.form === 'hstore';
  return base === item.inputType || (item.inputType === OID.TEXT && base === OID.VARCHAR);
}

/** The class that a column of an inverted index uses: the named one, or the default of its type. */
export function invertedClassOf(typeOid: number, name: string | undefined): InvertedClass | null {
  if (name !== undefined) return invertedClassByName(name) ?? null;
  return CLASSES.find((item) => item.isDefault && invertedClassAccepts(item, typeOid)) ?? null;
}
