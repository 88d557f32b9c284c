/** The heaps that have indexes, as storage keeps images of them: whose, of what definition, and how a row's entry is made. */
import type { IndexEntry, RelationEntry } from '../catalog/entries.ts';
import type { Catalog } from '../catalog/index.ts';
import { looseKeyCollation } from '../catalog/loose-keys.ts';
import type { IndexedHeap, IndexSource } from '../storage/api.ts';
import type { DatabaseRuntime } from './database-runtime.ts';

/**
 * Of the published catalogs. `isStart`: makes the tables' runtimes, and with them the dictionaries. Later nothing is made: a
 * runtime made anew would take the heap's maintenance from a transaction that is changing definitions.
 */
export function* indexedHeaps(databases: Iterable<DatabaseRuntime>, isStart: boolean): Iterable<IndexedHeap> {
  for (const database of databases) {
    for (const entry of database.catalog.relations()) {
      if (entry.relId === 0) continue;
      const indexes = database.catalog.indexesOf(entry.oid);
      if (indexes.length === 0) continue;
      const heap = isStart ? startingHeap(database, entry, indexes) : runningHeap(database, entry, indexes);
      if (heap !== null) yield heap;
    }
  }
}

function startingHeap(
  database: DatabaseRuntime,
  entry: RelationEntry,
  indexes: readonly IndexEntry[],
): IndexedHeap | null {
  const table = database.table(database.catalog, entry);
  return {
    relId: entry.relId,
    name: entry.name,
    indexes: indexes.map((index, i) => sourceOf(database.catalog, entry, index, table.indexes[i].dictionary.top)),
    add: (index, rowId, rowBase) => {
      table.indexRow(table.indexes[index], rowId, rowBase);
    },
    keys: (index) => table.rowKeys(table.indexes[index]),
  };
}

function runningHeap(
  database: DatabaseRuntime,
  entry: RelationEntry,
  indexes: readonly IndexEntry[],
): IndexedHeap | null {
  const sources: IndexSource[] = [];
  for (const index of indexes) {
    const dictionary = database.dictionary(index.oid, entry.relId);
    // Nobody has used the table yet: it has no rows.
    if (dictionary === undefined) return null;
    sources.push(sourceOf(database.catalog, entry, index, dictionary.top));
  }
  return { relId: entry.relId, name: entry.name, indexes: sources, add: () => {}, keys: () => null };
}

function sourceOf(
  catalog: Catalog,
  entry: RelationEntry,
  index: IndexEntry,
  dictionary: IndexSource['dictionary'],
): IndexSource {
  const definition = definitionOf(catalog, entry, index);
  return { oid: index.storageId ?? index.oid, name: index.name, definition, dictionary };
}

/** What the entries depend on. */
export function definitionOf(catalog: Catalog, entry: RelationEntry, index: IndexEntry): string {
  const isInverted = index.method === 'gin';
  const predicateText = index.bound?.predicate ?? index.predicateText;
  const columns = index.columns.map(({ columnNumber, expressionText, descending, nullsFirst, operatorClass }, i) => {
    const column = columnNumber > 0 ? entry.columns[columnNumber - 1] : null;
    const of =
      column === null
        ? (index.bound?.columns[i] ?? expressionText)
        : [columnNumber, column.typeOid, column.typeModifier];
    const collation = looseKeyCollation(catalog, entry, index, i);
    // Classes are what this version of ICU makes them.
    const classes = collation === 0 ? [] : [collation, process.versions['icu']];
    return isInverted ? [of, operatorClass] : [of, descending, nullsFirst, ...classes];
  });
  if (isInverted) return JSON.stringify(['gin', columns, predicateText]);
  const { exclusion } = index;
  // Its operators say what the key is.
  if (exclusion !== undefined) return JSON.stringify(['exclusion', columns, exclusion.operators, predicateText]);
  return JSON.stringify([columns, predicateText]);
}
