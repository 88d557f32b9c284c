/** What all databases of a server share: roles, databases, and settings given to them. An immutable value, like Catalog. */
import { Authority } from './authority.ts';
import { type CatalogChange, nextCatalogVersion } from './catalog.ts';
import { entryKey, SHARED_DATABASE_OID } from './codec.ts';
import {
  BOOTSTRAP_ROLE_OID,
  type CatalogEntry,
  type CommentEntry,
  type DatabaseEntry,
  type EntryClass,
  type ParameterRightsEntry,
  type RoleEntry,
  type SettingEntry,
} from './entries.ts';

/** Oids of the databases that every cluster starts with, as in PostgreSQL 15. */
const TEMPLATE1_OID = 1;
const TEMPLATE0_OID = 4;
const POSTGRES_DATABASE_OID = 5;

function superuser(name: string): RoleEntry {
  return {
    class: 'role',
    oid: BOOTSTRAP_ROLE_OID,
    name,
    superuser: true,
    canLogin: true,
    createDb: true,
    createRole: true,
    inherit: true,
    replication: true,
    bypassRls: true,
    connectionLimit: -1,
    password: null,
    validUntil: null,
    memberOf: [],
  };
}

function database(oid: number, name: string, isTemplate: boolean, allowConnections: boolean): DatabaseEntry {
  return {
    class: 'database',
    oid,
    name,
    owner: BOOTSTRAP_ROLE_OID,
    allowConnections,
    connectionLimit: -1,
    isTemplate,
  };
}

/** PostgreSQL's predefined roles: they exist so that GRANT pg_read_all_data and the like find them. */
const PREDEFINED_ROLES: readonly (readonly [oid: number, name: string, memberOf: readonly number[]])[] = [
  [3373, 'pg_monitor', [3374, 3375, 3377]],
  [3374, 'pg_read_all_settings', []],
  [3375, 'pg_read_all_stats', []],
  [3377, 'pg_stat_scan_tables', []],
  [4200, 'pg_signal_backend', []],
  [4544, 'pg_checkpoint', []],
  [4569, 'pg_read_server_files', []],
  [4570, 'pg_write_server_files', []],
  [4571, 'pg_execute_server_program', []],
  [6171, 'pg_database_owner', []],
  [6181, 'pg_read_all_data', []],
  [6182, 'pg_write_all_data', []],
];

/** What a new data directory starts with: to be put into storage with putCatalog. */
export function bootstrapSharedEntries(superuserName: string): readonly (RoleEntry | DatabaseEntry)[] {
  return [
    superuser(superuserName),
    database(TEMPLATE1_OID, 'template1', true, true),
    database(TEMPLATE0_OID, 'template0', true, false),
    database(POSTGRES_DATABASE_OID, 'postgres', false, true),
  ];
}

export class SharedCatalog {
  readonly version: number;
  readonly #entries: ReadonlyMap<string, CatalogEntry>;
  readonly #roleNames: ReadonlyMap<string, RoleEntry>;
  readonly #databaseNames: ReadonlyMap<string, DatabaseEntry>;
  /** Of a fork: the database that it is; all else is in the maps of what it is a fork of. */
  readonly #fork: DatabaseEntry | null;
  #authorities: Map<string, Authority> | null = null;

  private constructor(
    entries: ReadonlyMap<string, CatalogEntry>,
    base: SharedCatalog | null = null,
    fork: DatabaseEntry | null = null,
  ) {
    this.version = nextCatalogVersion();
    this.#entries = entries;
    this.#fork = fork;
    if (base !== null) {
      this.#roleNames = base.#roleNames;
      this.#databaseNames = base.#databaseNames;
      return;
    }
    const roleNames = new Map<string, RoleEntry>();
    const databaseNames = new Map<string, DatabaseEntry>();
    for (const entry of entries.values()) {
      if (entry.class === 'role') roleNames.set(entry.name, entry);
      else if (entry.class === 'database') databaseNames.set(entry.name, entry);
    }
    this.#roleNames = roleNames;
    this.#databaseNames = databaseNames;
  }

  /** Only the predefined roles. Entries kept by storage are applied to it. */
  static empty(): SharedCatalog {
    const entries = new Map<string, CatalogEntry>();
    for (const [oid, name, memberOf] of PREDEFINED_ROLES) {
      const role: RoleEntry = {
        ...superuser(name),
        oid,
        superuser: false,
        canLogin: false,
        createDb: false,
        createRole: false,
        replication: false,
        bypassRls: false,
        memberOf,
      };
      entries.set(entryKey(SHARED_DATABASE_OID, 'role', oid), role);
    }
    return new SharedCatalog(entries);
  }

  static bootstrap(superuserName = 'postgres'): SharedCatalog {
    return SharedCatalog.empty().apply(
      bootstrapSharedEntries(superuserName).map((entry) => ({
        key: entryKey(SHARED_DATABASE_OID, entry.class, entry.oid),
        entry,
      })),
    );
  }

  /** The next value. Roles and databases are few: everything is copied. */
  apply(changes: readonly CatalogChange[]): SharedCatalog {
    const entries = this.#allEntries();
    for (const { key, entry } of changes) {
      if (entry === null) entries.delete(key);
      else entries.set(key, entry);
    }
    return new SharedCatalog(entries);
  }

  /** The same, and one database more: that costs the same however many roles there are. */
  forked(database: DatabaseEntry): SharedCatalog {
    const base = this.#fork === null ? this : new SharedCatalog(this.#allEntries());
    return new SharedCatalog(base.#entries, base, database);
  }

  #allEntries(): Map<string, CatalogEntry> {
    const entries = new Map(this.#entries);
    if (this.#fork !== null) entries.set(entryKey(SHARED_DATABASE_OID, 'database', this.#fork.oid), this.#fork);
    return entries;
  }

  entry(entryClass: EntryClass, oid: number): CatalogEntry | undefined {
    if (oid === this.#fork?.oid && entryClass === 'database') return this.#fork;
    return this.#entries.get(entryKey(SHARED_DATABASE_OID, entryClass, oid));
  }
  role(oid: number): RoleEntry | undefined {
    return this.entry('role', oid) as RoleEntry | undefined;
  }
  roleByName(name: string): RoleEntry | undefined {
    return this.#roleNames.get(name);
  }
  roles(): Iterable<RoleEntry> {
    return this.#roleNames.values();
  }
  /** Name of a role, as pg_get_userbyid prints it. */
  roleName(oid: number): string {
    return this.role(oid)?.name ?? `unknown (OID=${oid})`;
  }
  /** Is the role the other one, or a member of it, directly or not? Superusers are members of everything. */
  isMember(roleOid: number, ofOid: number): boolean {
    if (roleOid === ofOid || this.role(roleOid)?.superuser === true) return true;
    const seen = new Set<number>([roleOid]);
    const open = [roleOid];
    for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
      for (const parent of this.role(oid)?.memberOf ?? []) {
        if (parent === ofOid) return true;
        if (!seen.has(parent)) {
          seen.add(parent);
          open.push(parent);
        }
      }
    }
    return false;
  }
  /** What the role is in a database: always the same object. */
  authority(roleOid: number, databaseOid: number): Authority {
    const key = `${roleOid}/${databaseOid}`;
    this.#authorities ??= new Map();
    let known = this.#authorities.get(key);
    if (known === undefined) {
      known = new Authority(this, roleOid, this.database(databaseOid)?.owner ?? BOOTSTRAP_ROLE_OID);
      this.#authorities.set(key, known);
    }
    return known;
  }
  database(oid: number): DatabaseEntry | undefined {
    return this.entry('database', oid) as DatabaseEntry | undefined;
  }
  databaseByName(name: string): DatabaseEntry | undefined {
    return name === this.#fork?.name ? this.#fork : this.#databaseNames.get(name);
  }
  *databases(): Iterable<DatabaseEntry> {
    yield* this.#databaseNames.values();
    if (this.#fork !== null) yield this.#fork;
  }
  *settings(): IterableIterator<SettingEntry> {
    for (const entry of this.#entries.values()) if (entry.class === 'setting') yield entry;
  }
  /** ALTER DATABASE/ROLE ... SET for a session's start, weakest first: role-less and database-less ones are overridden. */
  settingsFor(databaseOid: number, roleOid: number): SettingEntry[] {
    const rank = (setting: SettingEntry): number =>
      (setting.roleOid !== 0 ? 2 : 0) + (setting.databaseOid !== 0 ? 1 : 0);
    return [...this.settings()]
      .filter(
        (setting) =>
          (setting.databaseOid === 0 || setting.databaseOid === databaseOid) &&
          (setting.roleOid === 0 || setting.roleOid === roleOid),
      )
      .sort((a, b) => rank(a) - rank(b));
  }
  /** What has been granted on settings. */
  *parameterRights(): IterableIterator<ParameterRightsEntry> {
    for (const entry of this.#entries.values()) if (entry.class === 'parameterRights') yield entry;
  }
  rightsOnParameter(name: string): ParameterRightsEntry | undefined {
    const wanted = name.toLowerCase();
    for (const entry of this.parameterRights()) if (entry.name === wanted) return entry;
    return undefined;
  }
  comment(objectClass: EntryClass, objectOid: number): CommentEntry | undefined {
    for (const entry of this.comments()) {
      if (entry.objectClass === objectClass && entry.objectOid === objectOid) return entry;
    }
    return undefined;
  }
  *comments(): IterableIterator<CommentEntry> {
    for (const entry of this.#entries.values()) if (entry.class === 'comment') yield entry;
  }
}

const SHARED_CLASSES: ReadonlySet<EntryClass> = new Set(['setting', 'parameterRights']);

/** Is this entry kept for all databases together? Comments are, when they are on a role or database. */
export function isSharedEntry(entry: CatalogEntry): boolean {
  if (entry.class === 'comment') return entry.objectClass === 'role' || entry.objectClass === 'database';
  return entry.class === 'role' || entry.class === 'database' || SHARED_CLASSES.has(entry.class);
}
