/**
 * What exists in one database, as an immutable value. apply() answers the next value; a transaction with DDL keeps its own,
 * commit publishes it, rollback forgets it. Lookups are what the planner, the executor and the pg_catalog views ask.
 *
 * All maps are persistent (persistent-map.ts), so a change costs microseconds however much there is, and old values stay
 * valid for those who hold them.
 *
 * Invariants
 *  1. Tables, views, indexes and sequences share one namespace per schema; callers check before they add (42P07).
 *  2. `version` differs between any two values with different content, in all databases of the process: plans are kept by it.
 *  3. Lists (indexesOf and the like) keep their identity from value to value while they do not change.
 */
import { elementOfArrayName } from './array-types.ts';
import { DATABASE_OWNER_ROLE_OID } from './authority.ts';
import {
  addEntry,
  commentKey,
  emptyMaps,
  entryOf,
  INFORMATION_SCHEMA,
  type Maps,
  type NamedRelation,
  PG_CATALOG,
  removeEntry,
  searchKey,
} from './catalog-maps.ts';
import { entryKey, parseEntryKey } from './codec.ts';
import {
  type AnalysisEntry,
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
  PUBLIC_SCHEMA_OID,
  type RelationEntry,
  type RoutineEntry,
  type SchemaEntry,
  type SearchDictionaryEntry,
  type SearchEntry,
  type SequenceEntry,
  type StatisticsEntry,
  type SystemRightsEntry,
  type TypeEntry,
} from './entries.ts';
import { SYSTEM_ROUTINES } from './system-routines.ts';
import { systemRelationByName, systemRelationByOid, systemRelationByType } from './system-tables.ts';
import { SYSTEM_DOMAINS, systemDomain } from './system-types.ts';
import { rowTypeOf } from './user-types.ts';

export interface CatalogChange {
  /** entryKey(databaseOid, class, oid) */
  readonly key: string;
  /** Null: the object goes. */
  readonly entry: CatalogEntry | null;
}

/** What CREATE DATABASE starts from: to be put into storage with putCatalog. */
export const PUBLIC_SCHEMA: SchemaEntry = {
  class: 'schema',
  oid: PUBLIC_SCHEMA_OID,
  name: 'public',
  owner: DATABASE_OWNER_ROLE_OID,
};

const NO_INDEXES: readonly IndexEntry[] = [];
const NO_CONSTRAINTS: readonly ConstraintEntry[] = [];
const NO_STATISTICS: readonly StatisticsEntry[] = [];
const NO_POLICIES: readonly PolicyEntry[] = [];
const NO_OIDS: readonly number[] = [];
const NO_SEQUENCES: readonly SequenceEntry[] = [];
const NO_ROUTINES: readonly RoutineEntry[] = [];
const NO_OPERATORS: readonly OperatorDefinition[] = [];

let lastVersion = 0;
export function nextCatalogVersion(): number {
  return ++lastVersion;
}

export class Catalog {
  readonly databaseOid: number;
  readonly databaseName: string;
  readonly version: number;
  readonly #maps: Maps;

  private constructor(databaseOid: number, databaseName: string, maps: Maps) {
    this.databaseOid = databaseOid;
    this.databaseName = databaseName;
    this.version = nextCatalogVersion();
    this.#maps = maps;
  }

  /** Only what can never be dropped: pg_catalog and information_schema. Entries kept by storage are applied to it. */
  static empty(databaseOid: number, databaseName: string): Catalog {
    return new Catalog(databaseOid, databaseName, emptyMaps());
  }

  /** A new database: with the schema public. */
  static bootstrap(databaseOid: number, databaseName: string): Catalog {
    return Catalog.empty(databaseOid, databaseName).apply([
      { key: entryKey(databaseOid, 'schema', PUBLIC_SCHEMA_OID), entry: PUBLIC_SCHEMA },
    ]);
  }

  /** Nobody has made anything in it: it has the schema public, and what all databases have. */
  get isBare(): boolean {
    const { schemas, relations, sequences, types, routines, operators, casts, collations, comments, extensions } =
      this.#maps;
    const { searchConfigurations, searchDictionaries, searchParsers, searchTemplates } = this.#maps;
    const search = [searchConfigurations, searchDictionaries, searchParsers, searchTemplates];
    const made = [relations, sequences, types, routines, operators, casts, collations, comments, extensions, ...search];
    return schemas.size <= 3 && made.every(({ size }) => size === 0);
  }

  /** Tables, views, indexes and sequences that have been made. */
  get classCount(): number {
    const { relations, indexes, sequences } = this.#maps;
    return relations.size + indexes.size + sequences.size;
  }

  /** The same content for a fork of the database: what is planned with one is not for the other. */
  forked(databaseOid: number, databaseName: string): Catalog {
    return new Catalog(databaseOid, databaseName, this.#maps);
  }

  /** The next value. Changes of other databases, and of shared classes, must not be among them. */
  apply(changes: readonly CatalogChange[]): Catalog {
    const maps = { ...this.#maps };
    const edit = {};
    for (const { key, entry } of changes) {
      const { class: entryClass, oid } = parseEntryKey(key);
      const old = entryOf(maps, entryClass, oid);
      if (old !== undefined) removeEntry(maps, old, edit);
      if (entry !== null) addEntry(maps, entry, edit);
    }
    return new Catalog(this.databaseOid, this.databaseName, maps);
  }

  /** Of a transaction: what is committed. */
  #committed: Catalog | null = null;

  /** The same with changes of a transaction that is not committed. */
  withOwn(changes: readonly CatalogChange[]): Catalog {
    const own = this.apply(changes);
    own.#committed = this.#committed ?? this;
    return own;
  }

  /**
   * Labels that the transaction has added to an enum that was there before: they cannot be used yet, since they would stay in
   * indexes and elsewhere if the transaction were rolled back (PostgreSQL's rule).
   */
  unsafeLabels(typeOid: number): readonly string[] {
    const type = this.type(typeOid);
    const before = this.#committed?.type(typeOid);
    if (type?.kind !== 'enum' || before === undefined || before === type) return [];
    const known = new Set(before.labelOids);
    return type.labels.filter((_, i) => !known.has(type.labelOids?.[i] ?? 0));
  }

  /** What was made in it, and the schema public. */
  *entries(): Iterable<CatalogEntry> {
    const { schemas, relations, indexes, sequences, constraints, types } = this.#maps;
    const { comments, analyses, statistics, collations, routines, systemRights, defaultRights } = this.#maps;
    const { operators, casts, extensions, policies } = this.#maps;
    for (const schema of schemas.values()) {
      // As they are from the start they are there anyway.
      if (schema !== PG_CATALOG && schema !== INFORMATION_SCHEMA) yield schema;
    }
    for (const map of [types, relations, sequences, indexes, constraints]) yield* map.values();
    for (const map of [comments, analyses, statistics, collations, routines]) yield* map.values();
    for (const map of [operators, casts, extensions, policies]) yield* map.values();
    yield* this.searchEntries();
    for (const map of [systemRights, defaultRights]) yield* map.values();
  }

  /** The entry with this class and oid, of those that a database has of its own. */
  entry(entryClass: EntryClass, oid: number): CatalogEntry | undefined {
    return entryOf(this.#maps, entryClass, oid);
  }

  // ------------------------------------------------------------------------------------------------------- schemas

  schema(oid: number): SchemaEntry | undefined {
    return this.#maps.schemas.get(oid);
  }
  schemaByName(name: string): SchemaEntry | undefined {
    return this.#maps.schemaNames.get(name);
  }
  schemas(): Iterable<SchemaEntry> {
    return this.#maps.schemas.values();
  }
  /** Name of a schema; '' when there is none. */
  schemaName(oid: number): string {
    return this.#maps.schemas.get(oid)?.name ?? '';
  }

  // ----------------------------------------------------------------------------------------------------- relations

  /** Table, view, materialized view or virtual table. */
  relation(oid: number): RelationEntry | undefined {
    return this.#maps.relations.get(oid) ?? systemRelationByOid(oid);
  }
  relations(): Iterable<RelationEntry> {
    return this.#maps.relations.values();
  }
  index(oid: number): IndexEntry | undefined {
    return this.#maps.indexes.get(oid);
  }
  indexes(): Iterable<IndexEntry> {
    return this.#maps.indexes.values();
  }
  sequence(oid: number): SequenceEntry | undefined {
    return this.#maps.sequences.get(oid);
  }
  sequences(): Iterable<SequenceEntry> {
    return this.#maps.sequences.values();
  }
  /** Whatever is called so in the shared namespace of the schema. */
  relationByName(schemaOid: number, name: string): NamedRelation | undefined {
    const found = this.#maps.names.get(`${schemaOid}/${name}`);
    if (found !== undefined) return found;
    if (schemaOid === PG_CATALOG_SCHEMA_OID || schemaOid === INFORMATION_SCHEMA_OID) {
      return systemRelationByName(schemaOid, name);
    }
    return undefined;
  }
  indexByName(schemaOid: number, name: string): IndexEntry | undefined {
    const found = this.relationByName(schemaOid, name);
    return found?.class === 'index' ? found : undefined;
  }
  sequenceByName(schemaOid: number, name: string): SequenceEntry | undefined {
    const found = this.relationByName(schemaOid, name);
    return found?.class === 'sequence' ? found : undefined;
  }
  /** Table, index or sequence by oid, as regclass has them all. */
  namedRelation(oid: number): NamedRelation | undefined {
    return this.relation(oid) ?? this.index(oid) ?? this.sequence(oid);
  }

  /**
   * A name as written: [name], [schema, name] or [database, schema, name]. The search path is complete: where pg_catalog and
   * the session's temporary schema (pg_temp_N, also called pg_temp) come, the session has said. Undefined: no such relation.
   */
  resolveRelation(names: readonly string[], searchPath: readonly string[]): NamedRelation | undefined {
    const name = names[names.length - 1];
    if (names.length > 1) {
      const schema = this.schemaOfPath(names[names.length - 2], searchPath);
      return schema === undefined ? undefined : this.relationByName(schema.oid, name);
    }
    for (const schemaName of searchPath) {
      const schema = this.schemaOfPath(schemaName, searchPath);
      if (schema === undefined) continue;
      const found = this.relationByName(schema.oid, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The schema of that name, where pg_temp means the session's own temporary schema. */
  schemaOfPath(name: string, searchPath: readonly string[]): SchemaEntry | undefined {
    if (name === 'pg_temp') {
      const temporary = searchPath.find((candidate) => candidate.startsWith('pg_temp_'));
      return temporary === undefined ? undefined : this.schemaByName(temporary);
    }
    return this.schemaByName(name);
  }

  /** Sorted by oid. */
  indexesOf(tableOid: number): readonly IndexEntry[] {
    return this.#maps.tableIndexes.get(tableOid) ?? NO_INDEXES;
  }
  constraint(oid: number): ConstraintEntry | undefined {
    return this.#maps.constraints.get(oid);
  }
  constraints(): Iterable<ConstraintEntry> {
    return this.#maps.constraints.values();
  }
  /** All constraints of that name on tables of the schema. */
  constraintsByName(schemaOid: number, name: string): readonly ConstraintEntry[] {
    return this.#maps.constraintNames.get(`${schemaOid}/${name}`) ?? NO_CONSTRAINTS;
  }
  /** Sorted by name, the order in which PostgreSQL checks them. */
  constraintsOf(tableOid: number): readonly ConstraintEntry[] {
    return this.#maps.tableConstraints.get(tableOid) ?? NO_CONSTRAINTS;
  }
  /** Foreign keys that refer to the table, its own included. */
  constraintsReferencing(tableOid: number): readonly ConstraintEntry[] {
    return this.#maps.referencing.get(tableOid) ?? NO_CONSTRAINTS;
  }
  /** PRIMARY KEY or UNIQUE whose index this is; undefined for a plain index. */
  constraintOfIndex(index: IndexEntry): ConstraintEntry | undefined {
    return this.constraintsOf(index.tableOid).find(
      (candidate) => candidate.indexOid === index.oid && candidate.type !== 'foreign key',
    );
  }
  /** Sequences that belong to columns of the table. */
  sequencesOf(tableOid: number): readonly SequenceEntry[] {
    return this.#maps.tableSequences.get(tableOid) ?? NO_SEQUENCES;
  }
  /** Relations (views mostly) that name this oid in dependsOn, in order of their oids. */
  dependentsOf(oid: number): readonly number[] {
    return this.#maps.dependents.get(oid) ?? NO_OIDS;
  }

  // --------------------------------------------------------------------------------------------------------- types

  /** A user-made type; `oid` may be its array type's. Built-in ones are in types/. */
  type(oid: number): TypeEntry | undefined {
    const found = this.#maps.types.get(oid) ?? this.#maps.arrayTypes.get(oid);
    if (found !== undefined) return found;
    const table = this.#maps.rowTypes.get(oid);
    const relation = table === undefined ? systemRelationByType(oid) : this.#maps.relations.get(table);
    return relation === undefined ? systemDomain(oid) : rowTypeOf(relation);
  }
  /** Those made by CREATE TYPE and CREATE DOMAIN; not the row types of tables. */
  types(): Iterable<TypeEntry> {
    return this.#maps.types.values();
  }
  /** A type that is called so in the schema: made by a user, a domain of information_schema, or the row type of a relation; no array types. */
  typeIn(schemaOid: number, name: string): TypeEntry | undefined {
    const found = this.#maps.typeNames.get(`${schemaOid}/${name}`);
    if (found !== undefined) return found;
    const domain = SYSTEM_DOMAINS.find((type) => type.schemaOid === schemaOid && type.name === name);
    if (domain !== undefined) return domain;
    const relation = this.relationByName(schemaOid, name);
    return relation?.class === 'relation' ? rowTypeOf(relation) : undefined;
  }
  /** As typeIn, in the schema of that name or, when that is null, along the search path. */
  typeByName(schemaName: string | null, name: string, searchPath: readonly string[]): TypeEntry | undefined {
    for (const candidate of schemaName === null ? searchPath : [schemaName]) {
      const schema = this.schemaOfPath(candidate, searchPath);
      const found = schema === undefined ? undefined : this.typeIn(schema.oid, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  /** The oid of a type that is called so, as typeByName, or of an array type by its own name (_name); 0: there is none. */
  typeOidByName(schemaName: string | null, name: string, searchPath: readonly string[]): number {
    for (const candidate of schemaName === null ? searchPath : [schemaName]) {
      const schema = this.schemaOfPath(candidate, searchPath);
      if (schema === undefined) continue;
      const oid = this.typeIn(schema.oid, name)?.oid ?? elementOfArrayName(this, schema.oid, name)?.arrayOid ?? 0;
      if (oid !== 0) return oid;
    }
    return 0;
  }

  // ---------------------------------------------------------------------------------------------------- statistics

  /** What ANALYZE found in the table; undefined before the first. */
  analysis(tableOid: number): AnalysisEntry | undefined {
    return this.#maps.analyses.get(tableOid);
  }
  /** Statistics objects (CREATE STATISTICS). */
  statisticsObjects(): Iterable<StatisticsEntry> {
    return this.#maps.statistics.values();
  }
  /** Sorted by oid. */
  statisticsOf(tableOid: number): readonly StatisticsEntry[] {
    return this.#maps.tableStatistics.get(tableOid) ?? NO_STATISTICS;
  }

  // ------------------------------------------------------------------------------------------------------ policies

  get hasNoPolicies(): boolean {
    return this.#maps.policies.size === 0;
  }
  policies(): Iterable<PolicyEntry> {
    return this.#maps.policies.values();
  }
  /** Sorted by name, the order in which PostgreSQL takes them. */
  policiesOf(tableOid: number): readonly PolicyEntry[] {
    return this.#maps.tablePolicies.get(tableOid) ?? NO_POLICIES;
  }
  policy(oid: number): PolicyEntry | undefined {
    return this.#maps.policies.get(oid);
  }

  // ------------------------------------------------------------------------------------------------------ comments

  extension(oid: number): ExtensionEntry | undefined {
    return this.#maps.extensions.get(oid);
  }
  /** There are few. */
  extensionByName(name: string): ExtensionEntry | undefined {
    for (const entry of this.#maps.extensions.values()) if (entry.name === name) return entry;
    return undefined;
  }
  extensions(): Iterable<ExtensionEntry> {
    return this.#maps.extensions.values();
  }

  /** Of those that users have made; collations.ts has the built-in ones. */
  collation(oid: number): CollationEntry | undefined {
    return this.#maps.collations.get(oid);
  }
  collationByName(schemaOid: number, name: string): CollationEntry | undefined {
    return this.#maps.collationNames.get(`${schemaOid}/${name}`);
  }
  collations(): Iterable<CollationEntry> {
    return this.#maps.collations.values();
  }

  routine(oid: number): RoutineEntry | undefined {
    return this.#maps.routines.get(oid) ?? SYSTEM_ROUTINES.find((routine) => routine.oid === oid);
  }
  /** All of a name, sorted by oid. */
  routinesByName(schemaOid: number, name: string): readonly RoutineEntry[] {
    if (schemaOid === INFORMATION_SCHEMA_OID) return SYSTEM_ROUTINES.filter((routine) => routine.name === name);
    if (this.#maps.routines.size === 0) return NO_ROUTINES;
    return this.#maps.routineNames.get(`${schemaOid}/${name}`) ?? NO_ROUTINES;
  }
  /** Those that were made: not the system's own. */
  routines(): Iterable<RoutineEntry> {
    return this.#maps.routines.values();
  }

  /** An operator that was made; the built-in ones are in functions/. */
  operator(oid: number): OperatorDefinition | undefined {
    return this.#maps.operators.get(oid);
  }
  /** Of all schemas, shells included; sorted by oid. */
  operatorsNamed(name: string): readonly OperatorDefinition[] {
    if (this.#maps.operators.size === 0) return NO_OPERATORS;
    return this.#maps.operatorNames.get(name) ?? NO_OPERATORS;
  }
  operators(): Iterable<OperatorDefinition> {
    return this.#maps.operators.values();
  }

  cast(oid: number): CastDefinition | undefined {
    return this.#maps.casts.get(oid);
  }
  get hasMadeCasts(): boolean {
    return this.#maps.casts.size > 0;
  }
  /** A cast that was made; the built-in ones are in functions/. */
  castBetween(sourceTypeOid: number, targetTypeOid: number): CastDefinition | undefined {
    if (!this.hasMadeCasts) return undefined;
    return this.#maps.castTypes.get(`${sourceTypeOid}/${targetTypeOid}`);
  }
  casts(): Iterable<CastDefinition> {
    return this.#maps.casts.values();
  }

  /** Of text search: what users have made; text-search.ts has what is built in. */
  *searchEntries(): Iterable<SearchEntry> {
    const { searchConfigurations, searchDictionaries, searchParsers, searchTemplates } = this.#maps;
    for (const map of [searchTemplates, searchParsers, searchDictionaries, searchConfigurations]) yield* map.values();
  }
  searchEntryByName(entryClass: SearchEntry['class'], schemaOid: number, name: string): SearchEntry | undefined {
    return this.#maps.searchNames.get(searchKey(entryClass, schemaOid, name));
  }
  searchDictionary(oid: number): SearchDictionaryEntry | undefined {
    return this.#maps.searchDictionaries.get(oid);
  }

  /** What has been granted on a built-in object. */
  systemRights(objectOid: number): SystemRightsEntry | undefined {
    return this.#maps.systemRights.get(objectOid);
  }
  allSystemRights(): Iterable<SystemRightsEntry> {
    return this.#maps.systemRights.values();
  }
  defaultRights(): Iterable<DefaultRightsEntry> {
    return this.#maps.defaultRights.values();
  }

  comment(objectClass: EntryClass, objectOid: number, columnNumber = 0): CommentEntry | undefined {
    return this.#maps.commentKeys.get(commentKey(objectClass, objectOid, columnNumber));
  }
  comments(): Iterable<CommentEntry> {
    return this.#maps.comments.values();
  }
}
