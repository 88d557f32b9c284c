/**
 * User-made types in kept texts (defaults, checks, index expressions, views) stand there by oid, as in PostgreSQL's node trees: so
 * neither the search path of whoever uses the text nor a new name or schema of the type makes a difference. A kept type name is
 * one identifier, a mark and the oid; what users see has the name instead. User-made collations are kept in the same way.
 */
import { type FormatSettings, formatType } from '../types/index.ts';
import type { Catalog } from './catalog.ts';
import { quoteIdentifier } from './functions/quote.ts';
import { operatorLabel } from './functions/user-operators.ts';
import { routineLabel } from './functions/user-routines.ts';
import { replaceKeptCollations } from './kept-collations.ts';
import { shownConstants } from './kept-constants.ts';
import { attributeIndex, replaceKeptFields } from './kept-fields.ts';
import { replaceKeptOperators, replaceKeptRoutines } from './kept-routines.ts';
import { collationName, typeDisplayName } from './pg-catalog/definitions.ts';
import { replaceKeptSearch } from './text-search.ts';

const MARK = '\u0001';
const QUOTED = new RegExp(`"${MARK}([0-9]+)"`, 'g');
/** The identifier (unquoted) that a type is kept under. */
export function keptTypeName(oid: number): string {
  return MARK + String(oid);
}

/** The oid of an identifier that keptTypeName made; 0 for others. */
export function keptTypeOid(name: string): number {
  return name.startsWith(MARK) ? Number(name.slice(MARK.length)) : 0;
}

/** The types that a kept text names, each once. */
export function keptTypes(text: string | null): number[] {
  if (text?.includes(MARK) !== true) return [];
  return [...new Set([...text.matchAll(QUOTED)].map((match) => Number(match[1])))];
}

/** A kept text as it is shown: objects under their names, constants in the session's styles. */
export function shownText(
  catalog: Catalog,
  text: string,
  searchPath: readonly string[],
  format: FormatSettings,
): string {
  const styled = shownConstants(text, format);
  const named = replaceKeptCollations(styled, (oid) => collationName(catalog, oid, searchPath));
  const operated = replaceKeptOperators(named, (oid) => operatorLabel(catalog, oid, searchPath));
  const labelled = replaceKeptRoutines(operated, (oid) => routineLabel(catalog, oid, searchPath));
  const selected = replaceKeptFields(labelled, ({ typeOid, number }) => {
    const type = catalog.type(typeOid);
    const attribute = type === undefined ? undefined : type.attributes?.[attributeIndex(type, number)];
    return quoteIdentifier(attribute?.name ?? '?dropped?column?');
  });
  const called = replaceKeptSearch(catalog, selected, searchPath);
  if (!called.includes(MARK)) return called;
  return called.replace(QUOTED, (_, oid: string) =>
    typeDisplayName(catalog, Number(oid), searchPath, (type) => formatType(type)),
  );
}
