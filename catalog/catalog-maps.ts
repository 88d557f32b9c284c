/**
 * Where a catalog's entries are found: maps by oid, and those by name, table or type that go with them. addEntry and removeEntry
 * keep them all in step.
 */
import { assert } from '../types/assert.ts';
import { registerCollationEntry } from './collations.ts';
import {
  type AnalysisEntry,
  BOOTSTRAP_ROLE_OID,
  type CastDefinition,
  type CatalogEntry,
  type CollationEntry,
  type CommentEntry,
  type ConstraintEntry,
  type DefaultRightsEntry,
  type EntryClass,
  type ExtensionEntry,
  INFORMATION_SCHEMA_OID,
  type IndexEntry,
  type OperatorDefinition,
  PG_CATALOG_SCHEMA_OID,
  type PolicyEntry,
  type RelationEntry,
  type RoutineEntry,
  type SchemaEntry,
  type SearchConfigurationEntry,
  type SearchDictionaryEntry,
  type SearchEntry,
  type SearchParserEntry,
  type SearchTemplateEntry,
  type SequenceEntry,
  type StatisticsEntry,
  type SystemRightsEntry,
  type TypeEntry,
} from './entries.ts';
import { PersistentMap } from './persistent-map.ts';
import { registerTypeEntry, rowTypeOf } from './user-types.ts';

/** What FROM and DROP may name: everything in the namespace that relations share. */
export type NamedRelation = RelationEntry | IndexEntry | SequenceEntry;

export const PG_CATALOG: SchemaEntry = {
  class: 'schema',
  oid: PG_CATALOG_SCHEMA_OID,
  name: 'pg_catalog',
  owner: BOOTSTRAP_ROLE_OID,
};
export const INFORMATION_SCHEMA: SchemaEntry = {
  class: 'schema',
  oid: INFORMATION_SCHEMA_OID,
  name: 'information_schema',
  owner: BOOTSTRAP_ROLE_OID,
};
/** Everything a Catalog holds; a working copy of it is what apply() changes. */
export interface Maps {
  schemas: PersistentMap<number, SchemaEntry>;
  schemaNames: PersistentMap<string, SchemaEntry>;
  relations: PersistentMap<number, RelationEntry>;
  indexes: PersistentMap<number, IndexEntry>;
  sequences: PersistentMap<number, SequenceEntry>;
  constraints: PersistentMap<number, ConstraintEntry>;
  types: PersistentMap<number, TypeEntry>;
  /** Oid of a row type, or of its array type, to the table's. */
  rowTypes: PersistentMap<number, number>;
  /** Array type oid to element type. */
  arrayTypes: PersistentMap<number, TypeEntry>;
  comments: PersistentMap<number, CommentEntry>;
  /** By table oid. */
  analyses: PersistentMap<number, AnalysisEntry>;
  statistics: PersistentMap<number, StatisticsEntry>;
  tableStatistics: PersistentMap<number, readonly StatisticsEntry[]>;
  policies: PersistentMap<number, PolicyEntry>;
  tablePolicies: PersistentMap<number, readonly PolicyEntry[]>;
  collations: PersistentMap<number, CollationEntry>;
  /** `<schemaOid>/<name>`. */
  collationNames: PersistentMap<string, CollationEntry>;
  extensions: PersistentMap<number, ExtensionEntry>;
  routines: PersistentMap<number, RoutineEntry>;
  /** `<schemaOid>/<name>` to all of that name. */
  routineNames: PersistentMap<string, readonly RoutineEntry[]>;
  operators: PersistentMap<number, OperatorDefinition>;
  /** By name, of all schemas. */
  operatorNames: PersistentMap<string, readonly OperatorDefinition[]>;
  casts: PersistentMap<number, CastDefinition>;
  /** `<sourceTypeOid>/<targetTypeOid>`. */
  castTypes: PersistentMap<string, CastDefinition>;
  searchConfigurations: PersistentMap<number, SearchConfigurationEntry>;
  searchDictionaries: PersistentMap<number, SearchDictionaryEntry>;
  searchParsers: PersistentMap<number, SearchParserEntry>;
  searchTemplates: PersistentMap<number, SearchTemplateEntry>;
  /** `<class>/<schemaOid>/<name>`. */
  searchNames: PersistentMap<string, SearchEntry>;
  /** `<schemaOid>/<name>`. */
  names: PersistentMap<string, NamedRelation>;
  typeNames: PersistentMap<string, TypeEntry>;
  /** `<class>/<oid>/<column>`. */
  commentKeys: PersistentMap<string, CommentEntry>;
  tableIndexes: PersistentMap<number, readonly IndexEntry[]>;
  /** `<schemaOid>/<name>` to all constraints of that name: different tables may use one name. */
  constraintNames: PersistentMap<string, readonly ConstraintEntry[]>;
  tableConstraints: PersistentMap<number, readonly ConstraintEntry[]>;
  referencing: PersistentMap<number, readonly ConstraintEntry[]>;
  tableSequences: PersistentMap<number, readonly SequenceEntry[]>;
  /** Oid to the relations that name it in dependsOn. */
  dependents: PersistentMap<number, readonly number[]>;
  systemRights: PersistentMap<number, SystemRightsEntry>;
  defaultRights: PersistentMap<number, DefaultRightsEntry>;
}

export function emptyMaps(): Maps {
  return {
    schemas: PersistentMap.empty<number, SchemaEntry>()
      .set(PG_CATALOG.oid, PG_CATALOG)
      .set(INFORMATION_SCHEMA.oid, INFORMATION_SCHEMA),
    schemaNames: PersistentMap.empty<string, SchemaEntry>()
      .set(PG_CATALOG.name, PG_CATALOG)
      .set(INFORMATION_SCHEMA.name, INFORMATION_SCHEMA),
    relations: PersistentMap.empty(),
    indexes: PersistentMap.empty(),
    sequences: PersistentMap.empty(),
    constraints: PersistentMap.empty(),
    types: PersistentMap.empty(),
    rowTypes: PersistentMap.empty(),
    arrayTypes: PersistentMap.empty(),
    comments: PersistentMap.empty(),
    analyses: PersistentMap.empty(),
    statistics: PersistentMap.empty(),
    tableStatistics: PersistentMap.empty(),
    policies: PersistentMap.empty(),
    tablePolicies: PersistentMap.empty(),
    collations: PersistentMap.empty(),
    collationNames: PersistentMap.empty(),
    extensions: PersistentMap.empty(),
    routines: PersistentMap.empty(),
    routineNames: PersistentMap.empty(),
    operators: PersistentMap.empty(),
    operatorNames: PersistentMap.empty(),
    casts: PersistentMap.empty(),
    castTypes: PersistentMap.empty(),
    searchConfigurations: PersistentMap.empty(),
    searchDictionaries: PersistentMap.empty(),
    searchParsers: PersistentMap.empty(),
    searchTemplates: PersistentMap.empty(),
    searchNames: PersistentMap.empty(),
    names: PersistentMap.empty(),
    typeNames: PersistentMap.empty(),
    commentKeys: PersistentMap.empty(),
    tableIndexes: PersistentMap.empty(),
    constraintNames: PersistentMap.empty(),
    tableConstraints: PersistentMap.empty(),
    referencing: PersistentMap.empty(),
    tableSequences: PersistentMap.empty(),
    dependents: PersistentMap.empty(),
    systemRights: PersistentMap.empty(),
    defaultRights: PersistentMap.empty(),
  };
}

export function searchKey(entryClass: SearchEntry['class'], schemaOid: number, name: string): string {
  return `${entryClass}/${schemaOid}/${name}`;
}

export function commentKey(objectClass: EntryClass, objectOid: number, columnNumber: number): string {
  return `${objectClass}/${objectOid}/${columnNumber}`;
}

/** The map by oid of each class that a database has of its own. */
const MAP_BY_OID = {
  schema: 'schemas',
  relation: 'relations',
  index: 'indexes',
  constraint: 'constraints',
  sequence: 'sequences',
  type: 'types',
  comment: 'comments',
  analysis: 'analyses',
  statistics: 'statistics',
  policy: 'policies',
  collation: 'collations',
  routine: 'routines',
  extension: 'extensions',
  operator: 'operators',
  cast: 'casts',
  searchConfiguration: 'searchConfigurations',
  searchDictionary: 'searchDictionaries',
  searchParser: 'searchParsers',
  searchTemplate: 'searchTemplates',
  systemRights: 'systemRights',
  defaultRights: 'defaultRights',
} as const satisfies { readonly [entryClass in EntryClass]?: keyof Maps };

type MapByOid = (typeof MAP_BY_OID)[keyof typeof MAP_BY_OID];

function mapNameOf(entryClass: EntryClass): MapByOid {
  const name = (MAP_BY_OID as { readonly [entryClass in EntryClass]?: MapByOid })[entryClass];
  if (name === undefined) throw new Error(`${entryClass} entries are shared by all databases`);
  return name;
}

function setByOid(maps: Maps, name: MapByOid, map: PersistentMap<number, CatalogEntry>): void {
  (maps as Record<MapByOid, PersistentMap<number, CatalogEntry>>)[name] = map;
}

/** The entry with this class and oid. */
export function entryOf(maps: Maps, entryClass: EntryClass, oid: number): CatalogEntry | undefined {
  return maps[mapNameOf(entryClass)].get(oid);
}

/** Adds an entry, whose class and oid are not there. */
export function addEntry(maps: Maps, entry: CatalogEntry, edit: object): void {
  const name = mapNameOf(entry.class);
  setByOid(maps, name, (maps[name] as PersistentMap<number, CatalogEntry>).set(entry.oid, entry, edit));
  switch (entry.class) {
    case 'schema':
      maps.schemaNames = maps.schemaNames.set(entry.name, entry, edit);
      return;
    case 'relation':
      addName(maps, entry, edit);
      addRowType(maps, entry, edit);
      for (const oid of entry.dependsOn) maps.dependents = addOid(maps.dependents, oid, entry.oid, edit);
      return;
    case 'index':
      maps.tableIndexes = addTo(maps.tableIndexes, entry.tableOid, entry, byOid, edit);
      addName(maps, entry, edit);
      return;
    case 'sequence':
      if (entry.ownedByTable !== 0) {
        maps.tableSequences = addTo(maps.tableSequences, entry.ownedByTable, entry, byOid, edit);
      }
      addName(maps, entry, edit);
      return;
    case 'constraint':
      maps.constraintNames = addTo(maps.constraintNames, `${entry.schemaOid}/${entry.name}`, entry, byOid, edit);
      maps.tableConstraints = addTo(maps.tableConstraints, entry.tableOid, entry, byName, edit);
      if (entry.type === 'foreign key') {
        maps.referencing = addTo(maps.referencing, entry.referencedTableOid, entry, byName, edit);
      }
      return;
    case 'type':
      if (entry.arrayOid !== 0) maps.arrayTypes = maps.arrayTypes.set(entry.arrayOid, entry, edit);
      maps.typeNames = maps.typeNames.set(`${entry.schemaOid}/${entry.name}`, entry, edit);
      registerTypeEntry(entry);
      return;
    case 'statistics':
      maps.tableStatistics = addTo(maps.tableStatistics, entry.tableOid, entry, byOid, edit);
      return;
    case 'policy':
      maps.tablePolicies = addTo(maps.tablePolicies, entry.tableOid, entry, byName, edit);
      for (const oid of entry.dependsOn) maps.dependents = addOid(maps.dependents, oid, entry.oid, edit);
      return;
    case 'collation':
      maps.collationNames = maps.collationNames.set(`${entry.schemaOid}/${entry.name}`, entry, edit);
      registerCollationEntry(entry);
      return;
    case 'routine':
      maps.routineNames = addTo(maps.routineNames, `${entry.schemaOid}/${entry.name}`, entry, byOid, edit);
      for (const oid of entry.dependsOn) maps.dependents = addOid(maps.dependents, oid, entry.oid, edit);
      return;
    case 'operator':
      maps.operatorNames = addTo(maps.operatorNames, entry.name, entry, byOid, edit);
      return;
    case 'cast':
      maps.castTypes = maps.castTypes.set(`${entry.sourceTypeOid}/${entry.targetTypeOid}`, entry, edit);
      return;
    case 'searchConfiguration':
    case 'searchDictionary':
    case 'searchParser':
    case 'searchTemplate':
      maps.searchNames = maps.searchNames.set(searchKey(entry.class, entry.schemaOid, entry.name), entry, edit);
      return;
    case 'comment':
      maps.commentKeys = maps.commentKeys.set(
        commentKey(entry.objectClass, entry.objectOid, entry.columnNumber),
        entry,
        edit,
      );
      return;
  }
}

/** Removes an entry that is there. */
export function removeEntry(maps: Maps, entry: CatalogEntry, edit: object): void {
  const name = mapNameOf(entry.class);
  setByOid(maps, name, (maps[name] as PersistentMap<number, CatalogEntry>).delete(entry.oid, edit));
  switch (entry.class) {
    case 'schema':
      maps.schemaNames = maps.schemaNames.delete(entry.name, edit);
      return;
    case 'relation':
      removeName(maps, entry, edit);
      for (const oid of [entry.rowTypeOid, entry.rowArrayTypeOid]) {
        if (oid !== undefined) maps.rowTypes = maps.rowTypes.delete(oid, edit);
      }
      for (const oid of entry.dependsOn) maps.dependents = removeOid(maps.dependents, oid, entry.oid, edit);
      return;
    case 'index':
      maps.tableIndexes = removeFrom(maps.tableIndexes, entry.tableOid, entry, edit);
      removeName(maps, entry, edit);
      return;
    case 'sequence':
      maps.tableSequences = removeFrom(maps.tableSequences, entry.ownedByTable, entry, edit);
      removeName(maps, entry, edit);
      return;
    case 'constraint':
      maps.constraintNames = removeFrom(maps.constraintNames, `${entry.schemaOid}/${entry.name}`, entry, edit);
      maps.tableConstraints = removeFrom(maps.tableConstraints, entry.tableOid, entry, edit);
      maps.referencing = removeFrom(maps.referencing, entry.referencedTableOid, entry, edit);
      return;
    case 'type':
      maps.arrayTypes = maps.arrayTypes.delete(entry.arrayOid, edit);
      if (maps.typeNames.get(`${entry.schemaOid}/${entry.name}`) === entry) {
        maps.typeNames = maps.typeNames.delete(`${entry.schemaOid}/${entry.name}`, edit);
      }
      return;
    case 'statistics':
      maps.tableStatistics = removeFrom(maps.tableStatistics, entry.tableOid, entry, edit);
      return;
    case 'policy':
      maps.tablePolicies = removeFrom(maps.tablePolicies, entry.tableOid, entry, edit);
      for (const oid of entry.dependsOn) maps.dependents = removeOid(maps.dependents, oid, entry.oid, edit);
      return;
    case 'collation':
      if (maps.collationNames.get(`${entry.schemaOid}/${entry.name}`) === entry) {
        maps.collationNames = maps.collationNames.delete(`${entry.schemaOid}/${entry.name}`, edit);
      }
      return;
    case 'routine':
      maps.routineNames = removeFrom(maps.routineNames, `${entry.schemaOid}/${entry.name}`, entry, edit);
      for (const oid of entry.dependsOn) maps.dependents = removeOid(maps.dependents, oid, entry.oid, edit);
      return;
    case 'operator':
      maps.operatorNames = removeFrom(maps.operatorNames, entry.name, entry, edit);
      return;
    case 'cast':
      if (maps.castTypes.get(`${entry.sourceTypeOid}/${entry.targetTypeOid}`) === entry) {
        maps.castTypes = maps.castTypes.delete(`${entry.sourceTypeOid}/${entry.targetTypeOid}`, edit);
      }
      return;
    case 'searchConfiguration':
    case 'searchDictionary':
    case 'searchParser':
    case 'searchTemplate': {
      const key = searchKey(entry.class, entry.schemaOid, entry.name);
      if (maps.searchNames.get(key) === entry) maps.searchNames = maps.searchNames.delete(key, edit);
      return;
    }
    case 'comment':
      maps.commentKeys = maps.commentKeys.delete(
        commentKey(entry.objectClass, entry.objectOid, entry.columnNumber),
        edit,
      );
      return;
  }
}

function addRowType(maps: Maps, relation: RelationEntry, edit: object): void {
  const type = rowTypeOf(relation);
  if (type === undefined) return;
  maps.rowTypes = maps.rowTypes.set(type.oid, relation.oid, edit).set(type.arrayOid, relation.oid, edit);
  registerTypeEntry(type);
}

function addName(maps: Maps, entry: NamedRelation, edit: object): void {
  maps.names = maps.names.set(`${entry.schemaOid}/${entry.name}`, entry, edit);
}

/** Two objects may trade names within one batch: only the holder of a name takes it away. */
function removeName(maps: Maps, entry: NamedRelation, edit: object): void {
  const key = `${entry.schemaOid}/${entry.name}`;
  if (maps.names.get(key) === entry) maps.names = maps.names.delete(key, edit);
}

type ListMap<T, K extends string | number = number> = PersistentMap<K, readonly T[]>;

function byOid(a: { readonly oid: number }, b: { readonly oid: number }): number {
  return a.oid - b.oid;
}

function byName<T extends ConstraintEntry | PolicyEntry>(a: T, b: T): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.oid - b.oid;
}

function addTo<T, K extends string | number>(
  map: ListMap<T, K>,
  key: K,
  entry: T,
  order: (a: T, b: T) => number,
  edit: object,
): ListMap<T, K> {
  const list = map.get(key) ?? [];
  return map.set(key, [...list, entry].sort(order), edit);
}

function removeFrom<T, K extends string | number>(map: ListMap<T, K>, key: K, entry: T, edit: object): ListMap<T, K> {
  const list = map.get(key);
  if (list === undefined) return map;
  const rest = list.filter((candidate) => candidate !== entry);
  return rest.length === 0 ? map.delete(key, edit) : map.set(key, rest, edit);
}

function addOid(map: ListMap<number>, key: number, oid: number, edit: object): ListMap<number> {
  const list = map.get(key) ?? [];
  if (list.includes(oid)) return map;
  return map.set(
    key,
    [...list, oid].sort((a, b) => a - b),
    edit,
  );
}

function removeOid(map: ListMap<number>, key: number, oid: number, edit: object): ListMap<number> {
  const list = map.get(key);
  assert(list !== undefined, 'a dependency that is taken away was recorded');
  const rest = list.filter((candidate) => candidate !== oid);
  return rest.length === 0 ? map.delete(key, edit) : map.set(key, rest, edit);
}
