/**
 * Indexes over to_tsvector('mine', x): when the configuration, or a dictionary behind it, is altered, their tables are written anew, as
 * the entries of an index are those that its definition makes of the rows (docs/indexes.md).
 */
import type { RelationEntry, SearchDictionaryEntry, SearchEntry } from '../../catalog/entries.ts';
import {
  keptSearchText,
  keySearchEntries,
  type SearchClass,
  searchEntries,
  searchEntry,
} from '../../catalog/text-search.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { type ObjectReference, reference } from './describe.ts';
import { overNewHeap, rewrite } from './rewrite.ts';
import { textsWith } from './routine-dependents.ts';

/** What makes other lexemes when this does: configurations with a dictionary, thesauri over it. */
function usersOf(x: DdlContext, entry: SearchEntry): SearchEntry[] {
  if (entry.class !== 'searchDictionary') return [entry];
  const thesauri = searchEntries(x.catalog, 'searchDictionary').filter(({ innerOid }) => innerOid === entry.oid);
  const dictionaries: SearchDictionaryEntry[] = [entry, ...thesauri];
  const isUsed = (oid: number): boolean => dictionaries.some((dictionary) => dictionary.oid === oid);
  const configurations = searchEntries(x.catalog, 'searchConfiguration').filter(({ mappings }) =>
    mappings.some(({ dictionaryOids }) => dictionaryOids.some(isUsed)),
  );
  return [...dictionaries, ...configurations];
}

/** What is defined by it, or names it in a kept text. */
export function usersOfSearchObject(x: DdlContext, entryClass: SearchClass, oid: number): ObjectReference[] {
  const entry = searchEntry(x.catalog, entryClass, oid);
  if (entry === undefined) return [];
  const mark = keptSearchText(entry);
  const result = mark === '' ? [] : textsWith(x, mark, oid);
  for (const other of x.catalog.searchEntries()) {
    const uses =
      (entryClass === 'searchTemplate' && other.class === 'searchDictionary' && other.templateOid === oid) ||
      (other.class === 'searchConfiguration' &&
        ((entryClass === 'searchParser' && other.parserOid === oid) ||
          (entryClass === 'searchDictionary' &&
            other.mappings.some(({ dictionaryOids }) => dictionaryOids.includes(oid)))));
    if (uses) result.push(reference(other.class, other.oid));
  }
  return result;
}

export function* rebuildIndexesOf(x: DdlContext, entry: SearchEntry): DdlSteps<void> {
  const users = usersOf(x, entry);
  const tables = new Set<number>();
  for (const index of x.catalog.indexes()) {
    if (keySearchEntries(x.catalog, index).some((named) => users.includes(named))) tables.add(index.tableOid);
  }
  for (const oid of [...tables].sort((a, b) => a - b)) {
    while (!x.lockRelation(oid, ACCESS_EXCLUSIVE)) yield;
    const table = x.catalog.relation(oid) as RelationEntry | undefined;
    if (table === undefined) continue;
    const values = table.columns.map(() => null);
    yield* rewrite(x, table, overNewHeap(x, table), values);
  }
}
