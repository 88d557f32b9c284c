/** Where a session looks names up: its search path, what of it the user may look into, and whatever else binding depends on. */
import type { Authority } from '../catalog/authority.ts';
import type { Catalog } from '../catalog/index.ts';
import { permissionDenied, rightsOnSchema } from '../catalog/rights.ts';
import type { Session } from './session.ts';

/** Settings that plans depend on. */
const PLANNER_SETTINGS = [
  'enable_seqscan',
  'enable_indexscan',
  'enable_bitmapscan',
  'enable_hashjoin',
  'enable_nestloop',
  'enable_mergejoin',
  'enable_indexonlyscan',
  'enable_hashagg',
  'enable_incremental_sort',
  'enable_sort',
  'work_mem',
  'hash_mem_multiplier',
  'row_security',
];

export class SessionNames {
  readonly #session: Session;
  /** What #path and #version were made of. */
  #settingsVersion = -1;
  #authority: Authority | null = null;
  #catalog: Catalog | null = null;
  /** The search path with what is in it implicitly. */
  #path: readonly string[] = [];
  #version = '';
  /** Comes before all others. */
  #first: string | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Schemas in which names are looked up, in order. */
  searchPath(includeImplicit: boolean): readonly string[] {
    if (!includeImplicit) return this.#lookUpPath(false);
    this.#refresh();
    return this.#path;
  }

  #lookUpPath(includeImplicit: boolean): readonly string[] {
    const { settings, currentUser, catalog, temporarySchema } = this.#session;
    const named = settings.names('search_path').map((name) => (name === '$user' ? currentUser : name));
    const names = this.#first === null ? named : [this.#first, ...named];
    // What one may not use is not there for names without a schema.
    const path = names.filter((name) => name === 'pg_catalog' || name === 'pg_temp' || this.#mayUseSchema(name));
    // One that stands first is made when it is first needed.
    const hasTemporary = path[0] === 'pg_temp' || catalog.schemaByName(temporarySchema) !== undefined;
    const real = path.flatMap((name) => (name !== 'pg_temp' ? [name] : hasTemporary ? [temporarySchema] : []));
    if (!includeImplicit) return real;
    const implicit: string[] = [];
    if (!real.includes(temporarySchema) && hasTemporary) implicit.push(temporarySchema);
    if (!real.includes('pg_catalog')) implicit.push('pg_catalog');
    return [...implicit, ...real];
  }

  #mayUseSchema(name: string): boolean {
    const { catalog, temporarySchema, authority } = this.#session;
    const schema = catalog.schemaByName(name);
    if (schema === undefined) return false;
    return name === temporarySchema || rightsOnSchema(schema, authority, 'U') !== '';
  }

  /** Of a schema that a statement names: 42501 where the user may not look into it. */
  checkSchema(name: string): void {
    if (name === 'pg_temp' || this.#session.catalog.schemaByName(name) === undefined) return;
    if (!this.#mayUseSchema(name)) throw permissionDenied('schema', name);
  }

  /** While CREATE SCHEMA makes what is in the schema. */
  lookFirstIn(schema: string | null): void {
    this.#first = schema;
    this.forget();
  }

  /** A schema of the path came or went. */
  forget(): void {
    this.#settingsVersion = -1;
  }

  /** Changes when the same text may mean something else, or be planned otherwise. */
  get bindingVersion(): string {
    const { transaction, database } = this.#session;
    this.#refresh();
    const csn = transaction.snapshotCsn;
    // Such a transaction plans without indexes that are newer than its snapshot.
    if (csn >= database.newestIndexBuild) return this.#version;
    return `${this.#version}|${database.readableIndexes(csn)}`;
  }

  #refresh(): void {
    const { authority, catalog, settings } = this.#session;
    const isSame = this.#authority === authority && this.#catalog === catalog;
    if (isSame && this.#settingsVersion === settings.version) return;
    this.#catalog = catalog;
    this.#settingsVersion = settings.version;
    this.#authority = authority;
    this.#path = this.#lookUpPath(true);
    this.#version = this.#describe(authority);
  }

  #describe(authority: Authority): string {
    const { settings, currentUser, sharedCatalog, catalog } = this.#session;
    return [
      this.#path.join(','),
      currentUser,
      // Who is no superuser finds other names when his memberships change. Of views, their owners' say which rows there are.
      authority.isSuperuser && catalog.hasNoPolicies ? '' : sharedCatalog.version,
      settings.show('TimeZone'),
      settings.show('DateStyle'),
      settings.show('IntervalStyle'),
      settings.show('xmloption'),
      settings.show('xmlbinary'),
      ...PLANNER_SETTINGS.map((name) => settings.show(name)),
    ].join('|');
  }
}
