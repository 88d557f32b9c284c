/**
 * The database server without its sockets: the storage engine, the databases, the sessions, and what they share.
 */

import { constants } from 'node:buffer';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { CatalogEntry, RoleEntry } from '../catalog/entries.ts';
import {
  bootstrapSharedEntries,
  Catalog,
  type CatalogChange,
  decodeEntry,
  encodeEntry,
  entryKey,
  PUBLIC_SCHEMA,
  parseEntryKey,
  registerTypeEntry,
  SHARED_DATABASE_OID,
  SharedCatalog,
} from '../catalog/index.ts';
import { ServerSettings } from '../catalog/settings.ts';
import { retentionOf } from '../catalog/version-retention.ts';
import type { TypeName } from '../parser/ast.ts';
import { lookUpType } from '../planner/index.ts';
import {
  type ArchiveCommand,
  type CommitMoment,
  type FileSystem,
  StorageEngine,
  shellArchiveCommand,
} from '../storage/api.ts';
import { AssertionError } from '../types/assert.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import { MAIN_TYPES, type TypeRegistry, useTypes } from '../types/index.ts';
import { AutoAnalyze } from './analyze/auto-analyze.ts';
import { catalogNames } from './catalog-names.ts';
import { DatabaseRuntime } from './database-runtime.ts';
import { Forks } from './forks.ts';
import { indexedHeaps } from './indexed-heaps.ts';
import { restoreLayers } from './lasting-fork.ts';
import { WorkMemory } from './memory-account.ts';
import { NotificationHub } from './notifications.ts';
import { checkMayConnect } from './rights.ts';
import { ExpirySweep } from './row-expiry/expiry-sweep.ts';
import { ServerActivity } from './server-activity.ts';
import { Session } from './session.ts';
import type { ProtocolSession, SessionFactory, SessionHolder, SessionIdentity } from './session-api.ts';
import { microsecondsSince2000 } from './session-functions.ts';
import { SharedRuntime } from './shared-runtime.ts';

export interface DatabaseServerOptions {
  /** null: in memory, nothing is kept. */
  readonly dataDirectory: string | null;
  /** By PostgreSQL's names, values as in a configuration file. */
  readonly settings: ReadonlyMap<string, string>;
  readonly fileSystem?: FileSystem;
  /** Instead of the shell, which sees real files only. */
  readonly archiveCommand?: ArchiveCommand;
  /** Whether pages are read in place while that is quick; without it, where no file system is given. */
  readonly quickReads?: boolean;
  /** Milliseconds since 1970; with a fraction where there is one. */
  readonly clock?: () => number;
  readonly onLog?: (message: string) => void;
  readonly onFatal?: (error: SqlError) => void;
}

/** How long the end of the server waits for sessions to roll back. */
const CLOSE_PATIENCE_MS = 5000;

export class DatabaseServer implements SessionFactory {
  readonly engine: StorageEngine;
  /** null: in memory. */
  readonly dataDirectory: string | null;
  readonly settings: ServerSettings;
  readonly shared: SharedRuntime;
  readonly workMemory: WorkMemory;
  readonly activity: ServerActivity;
  readonly startedAt: number;
  readonly #autoAnalyze = new AutoAnalyze(this);
  readonly #expirySweep = new ExpirySweep(this);
  readonly #databases = new Map<number, DatabaseRuntime>();
  readonly #sessions = new Map<number, Session>();
  readonly forks: Forks;
  readonly notifications = new NotificationHub();
  readonly #clock: () => number;
  readonly #onLog: (message: string) => void;

  private constructor(engine: StorageEngine, settings: ServerSettings, options: DatabaseServerOptions) {
    this.engine = engine;
    this.dataDirectory = options.dataDirectory;
    this.settings = settings;
    this.#clock = options.clock ?? preciseClock();
    this.#onLog = options.onLog ?? (() => {});
    this.startedAt = this.now();
    this.activity = new ServerActivity(engine);
    this.workMemory = new WorkMemory(limitOf(settings.number('work_memory_limit'), defaultWorkMemoryLimit()));
    const { shared, databases } = this.#loadCatalogs();
    this.shared = new SharedRuntime(shared);
    this.forks = new Forks(this);
    for (const [oid, [catalog, types]] of databases) this.addDatabase(this.#runtime(oid, catalog, types));
  }

  static async open(options: DatabaseServerOptions): Promise<DatabaseServer> {
    const settings = new ServerSettings();
    for (const [name, value] of options.settings) settings.set(name, value, 'command line');
    const engine = await StorageEngine.open({
      dataDirectory: options.dataDirectory,
      sharedBuffers: settings.number('shared_buffers') * 8192,
      maxWalSize: settings.number('max_wal_size') * 1024 * 1024,
      walSync: walSyncOf(settings),
      acceptDamagedLog: settings.boolean('accept_damaged_log'),
      checkpointTimeoutMs: settings.number('checkpoint_timeout') * 1000,
      // Sockets and the log want some, too.
      openFilesMax: Math.min(512, settings.number('max_files_per_process')),
      bufferAdmission: settings.show('buffer_admission') === 'tinylfu',
      preloadIntervalMs: settings.number('preload_interval') * 1000,
      ...archiveOf(settings, options),
      preloadRate: settings.number('preload_rate') * 1024 * 1024,
      ...(options.fileSystem === undefined ? {} : { fileSystem: options.fileSystem }),
      ...(options.quickReads === undefined ? {} : { quickReads: options.quickReads }),
      // Commits are stamped by the clock that now() asks.
      clock: options.clock ?? preciseClock(),
      ...(options.onLog === undefined ? {} : { onLog: options.onLog }),
      ...(options.onFatal === undefined ? {} : { onFatal: options.onFatal }),
    });
    const isNew = engine.catalog.size === 0;
    const server = new DatabaseServer(engine, settings, options);
    restoreLayers(server.#databases.values(), engine.copies());
    let isStart = true;
    await engine.startupSweep(() => indexedHeaps(server.#databases.values(), isStart));
    isStart = false;
    if (isNew) await server.#bootstrap();
    server.#setMaintainers();
    await server.#dropOrphans();
    server.#autoAnalyze.start();
    server.#expirySweep.start();
    server.setVersionRetention(null);
    // Not before: a server whose indexes have grown beyond a limit that was lowered still starts.
    engine.indexMemory.limit = limitOf(settings.number('index_memory_limit'), machineMemory() / 2);
    return server;
  }

  /** Microseconds since 2000-01-01 UTC. */
  now(): number {
    return microsecondsSince2000(this.#clock());
  }

  // --------------------------------------------------------------------------------------------------------- start-up

  #loadCatalogs(): { shared: SharedCatalog; databases: Map<number, readonly [Catalog, TypeRegistry]> } {
    const changes = new Map<number, CatalogChange[]>();
    for (const [key, bytes] of this.engine.catalog) {
      const { databaseOid } = parseEntryKey(key);
      const entry = decodeEntry(bytes);
      const list = changes.get(databaseOid) ?? [];
      list.push({ key, entry });
      changes.set(databaseOid, list);
    }
    const shared = SharedCatalog.empty().apply(changes.get(SHARED_DATABASE_OID) ?? []);
    const databases = new Map<number, readonly [Catalog, TypeRegistry]>();
    for (const database of shared.databases()) {
      const types = MAIN_TYPES.forDatabase();
      useTypes(types);
      const own = changes.get(database.oid) ?? [];
      for (const { entry } of own) if (entry?.class === 'type') registerTypeEntry(entry);
      databases.set(database.oid, [Catalog.empty(database.oid, database.name).apply(own), types]);
    }
    return { shared, databases };
  }

  /** The first start: the superuser, and the databases postgres, template0 and template1. */
  async #bootstrap(): Promise<void> {
    const txn = this.engine.transactions.begin();
    this.engine.transactions.statementXid(txn);
    const entries = bootstrapSharedEntries('postgres');
    const changes = entries.map((entry) => ({
      key: entryKey(SHARED_DATABASE_OID, entry.class, entry.oid),
      entry: entry as CatalogEntry,
    }));
    for (const { key, entry } of changes) this.engine.putCatalog(txn, key, encodeEntry(entry));
    for (const entry of entries) {
      if (entry.class !== 'database') continue;
      const key = entryKey(entry.oid, 'schema', PUBLIC_SCHEMA.oid);
      this.engine.putCatalog(txn, key, encodeEntry(PUBLIC_SCHEMA));
      const catalog = Catalog.empty(entry.oid, entry.name).apply([{ key, entry: PUBLIC_SCHEMA }]);
      this.#databases.set(entry.oid, this.#runtime(entry.oid, catalog));
    }
    await new Promise<void>((resolve, reject) => {
      this.engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error)));
    });
    this.shared.apply(changes);
  }

  #setMaintainers(): void {
    for (const database of this.#databases.values()) {
      for (const entry of database.catalog.relations()) {
        if (entry.relId !== 0) database.table(database.catalog, entry);
      }
    }
  }

  /** Temporary schemas of sessions that did not live to drop them: a closing session of the same number does it. */
  async #dropOrphans(): Promise<void> {
    const user = [...this.shared.catalog.roles()].find((role) => role.superuser)?.name ?? '';
    for (const database of this.#databases.values()) {
      for (const schema of [...database.catalog.schemas()]) {
        const number = /^pg_temp_(\d+)$/.exec(schema.name)?.[1];
        if (number === undefined) continue;
        const identity: SessionIdentity = {
          user,
          database: database.catalog.databaseName,
          options: new Map(),
          processId: Number(number),
          secretKey: 0,
          clientAddress: '',
        };
        const session = new Session(this, database, identity, { sink: {} as SessionHolder['sink'], wake: () => {} });
        this.#sessions.set(identity.processId, session);
        database.sessionCount++;
        session.close();
        await this.#sessionsEnded();
      }
    }
  }

  /** All sessions have been closed; waits until they have let go of everything. */
  async #sessionsEnded(): Promise<void> {
    const patience = Date.now() + CLOSE_PATIENCE_MS;
    while (this.#sessions.size > 0 && Date.now() < patience) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  // -------------------------------------------------------------------------------------------------------- databases

  #runtime(oid: number, catalog: Catalog, types?: TypeRegistry): DatabaseRuntime {
    return new DatabaseRuntime(this.engine, oid, catalog, this.shared, this.workMemory, null, types);
  }

  database(oid: number): DatabaseRuntime | undefined {
    return this.#databases.get(oid) ?? this.forks.byOid(oid);
  }

  /** Those that are kept: no forks. */
  databases(): Iterable<DatabaseRuntime> {
    return this.#databases.values();
  }

  /** The database of that name, its fork if the name says so (forks.ts). */
  databaseByName(name: string): DatabaseRuntime | undefined {
    const entry = this.shared.catalog.databaseByName(name);
    return entry === undefined ? this.forks.find(name) : this.#databases.get(entry.oid);
  }

  /** A database that is being made: nobody else knows it until it is added. */
  newDatabase(oid: number, catalog: Catalog, types: TypeRegistry): DatabaseRuntime {
    return this.#runtime(oid, catalog, types);
  }

  /** Checkpoints keep images of its indexes from now on: they are whole. */
  addDatabase(database: DatabaseRuntime): void {
    this.#databases.set(database.oid, database);
  }

  /** CREATE DATABASE ... TEMPLATE without a data directory: a fork that stays until it is dropped. */
  addFork(base: DatabaseRuntime, oid: number, name: string, moment: CommitMoment | null): void {
    this.#databases.set(oid, base.fork(oid, name, this.shared, moment));
  }

  removeDatabase(oid: number): void {
    const database = this.#databases.get(oid);
    if (database?.parent != null) void database.engine.close();
    database?.end();
    this.#databases.delete(oid);
  }

  // --------------------------------------------------------------------------------------------------------- sessions

  sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  openSession(identity: SessionIdentity, holder: SessionHolder): ProtocolSession {
    const role = this.#rolesFor(identity.database).roleByName(identity.user);
    if (role === undefined) throw new SqlError('28000', `role "${identity.user}" does not exist`, {}, 'FATAL');
    if (!role.canLogin) throw new SqlError('28000', `role "${identity.user}" is not permitted to log in`, {}, 'FATAL');
    const database = this.databaseByName(identity.database) ?? this.forks.make(identity.database, role.oid);
    if (database === undefined) throw unknownDatabase(identity.database);
    try {
      return this.#connect(database, role, identity, holder);
    } catch (error) {
      // A fork that was made for it goes.
      this.forks.sessionClosed(database);
      throw error;
    }
  }

  #connect(
    database: DatabaseRuntime,
    role: RoleEntry,
    identity: SessionIdentity,
    holder: SessionHolder,
  ): ProtocolSession {
    const entry = database.shared.catalog.database(database.oid);
    if (entry === undefined) throw unknownDatabase(identity.database);
    if (!entry.allowConnections) {
      throw new SqlError(
        '55000',
        `database "${identity.database}" is not currently accepting connections`,
        {},
        'FATAL',
      );
    }
    checkMayConnect(database.shared.catalog, entry, role.oid);
    if (entry.connectionLimit >= 0 && database.sessionCount >= entry.connectionLimit && !role.superuser) {
      throw new SqlError('53300', `too many connections for database "${identity.database}"`, {}, 'FATAL');
    }
    const session = new Session(this, database, identity, holder);
    this.#sessions.set(identity.processId, session);
    database.sessionCount++;
    database.activity.sessions++;
    return session;
  }

  sessionClosed(session: Session): void {
    if (!this.#sessions.delete(session.identity.processId)) return;
    session.database.sessionCount--;
    this.forks.sessionClosed(session.database);
  }

  /** The role that a session logged in as; null: there is no such session. */
  userOf(processId: number): string | null {
    return this.#sessions.get(processId)?.identity.user ?? null;
  }

  signalSession(processId: number, terminate: boolean): boolean {
    const session = this.#sessions.get(processId);
    if (session === undefined) return false;
    if (terminate) session.terminate();
    else session.cancel();
    return true;
  }

  /** Names of reg* types are those that the session sees. */
  attachNames(session: Session): void {
    (session.settings.format as { names?: unknown }).names = catalogNames(session);
  }

  typeOidOf(session: Session, name: TypeName): number {
    return lookUpType(session.environment(session.catalog, []), name);
  }

  passwordVerifier(user: string, database: string): string | null {
    return this.#rolesFor(database).roleByName(user)?.password ?? null;
  }

  /** Who may log in to the database: a fork's roles are its own, those of one that is not there yet are its base's. */
  #rolesFor(database: string): SharedCatalog {
    return (this.databaseByName(database) ?? this.forks.baseOf(database))?.shared.catalog ?? this.shared.catalog;
  }

  /** How far back AS OF SYSTEM TIME can read, from now on; null: as far as at the start. */
  setVersionRetention(text: string | null): void {
    const { settings } = this;
    this.#startRetention ??= String(settings.number('version_retention'));
    settings.set('version_retention', text ?? this.#startRetention, settings.source('version_retention'));
    this.applyRetention();
  }

  /** Tables have a version_retention of their own. */
  hasTableRetention = false;

  /** Has each engine and table keep the history that the setting and the tables' parameters ask for. */
  applyRetention(): void {
    const seconds = this.settings.number('version_retention');
    const longest = new Map([[this.engine, seconds]]);
    const databases = [...this.#databases.values(), ...this.forks.all()];
    this.hasTableRetention = false;
    for (const { catalog, engine } of databases) {
      let most = longest.get(engine) ?? seconds;
      for (const entry of catalog.relations()) {
        const own = retentionOf(entry);
        if (own === null) continue;
        this.hasTableRetention = true;
        most = Math.max(most, own);
      }
      longest.set(engine, most);
    }
    for (const [engine, most] of longest) engine.keepHistory(most * 1_000_000, seconds > 0);
    for (const { catalog, engine } of databases) {
      for (const entry of catalog.relations()) {
        if (entry.relId === 0) continue;
        const isKept = (retentionOf(entry) ?? seconds) > 0;
        engine.setHistory(entry.relId, isKept);
        if (entry.overflowRelId > 0) engine.setHistory(entry.overflowRelId, isKept);
      }
    }
  }

  #startRetention: string | null = null;

  serverSetting(name: string): string {
    return this.settings.show(name);
  }

  /** A transaction has committed: dropped databases go. */
  afterCommit(): void {
    for (const oid of this.#databases.keys()) {
      if (this.shared.catalog.database(oid) === undefined) this.removeDatabase(oid);
    }
  }

  /** What a client is told: our own mistakes become XX000, with their stack in the log. */
  toSqlError(error: unknown): SqlError {
    if (error instanceof SqlError) return error;
    if (error instanceof RangeError && /call stack/i.test(error.message)) {
      return sqlError('54001', 'stack depth limit exceeded', {
        hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
      });
    }
    if (error instanceof Error && /^(Invalid string length|Cannot create a string longer)/.test(error.message)) {
      return sqlError('54000', `text is too long: the maximum is ${constants.MAX_STRING_LENGTH} characters`);
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#onLog(`internal error: ${text}`);
    const words = error instanceof AssertionError ? 'assertion failed' : 'internal error';
    return sqlError('XX000', `${words}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** Lines after the first are indented by a tab, as PostgreSQL has them. */
  writeLog(severity: string, message: string): void {
    const text = message.replaceAll('\n', '\n\t');
    this.#onLog(severity === 'LOG' ? text : `${severity}:  ${text}`);
  }

  async close(): Promise<void> {
    this.#autoAnalyze.stop();
    await this.#expirySweep.stop();
    for (const session of [...this.#sessions.values()]) session.close();
    await this.#sessionsEnded();
    this.forks.closeAll();
    for (const database of [...this.#databases.values()].reverse()) {
      if (database.parent !== null) this.removeDatabase(database.oid);
    }
    await this.engine.close();
  }
}

function unknownDatabase(name: string): SqlError {
  return new SqlError('3D000', `database "${name}" does not exist`, {}, 'FATAL');
}

/** fsync=off asks for no more than wal_sync=everysec gives: what a crash of the process, not of the machine, keeps. */
function walSyncOf(settings: ServerSettings): 'always' | 'everysec' {
  return settings.show('wal_sync') === 'everysec' || !settings.boolean('fsync') ? 'everysec' : 'always';
}

/** archive_mode = always means on: here no server follows another. */
function archiveOf(
  settings: ServerSettings,
  { dataDirectory, archiveCommand }: DatabaseServerOptions,
): { archive?: { command: ArchiveCommand | null; timeoutMs: number } } {
  if (settings.show('archive_mode') === 'off' || dataDirectory === null) return {};
  const text = settings.show('archive_command');
  const command = text === '' ? null : shellArchiveCommand(text, dataDirectory);
  return { archive: { command: archiveCommand ?? command, timeoutMs: settings.number('archive_timeout') * 1000 } };
}

/** A limit in kB as it is set, -1 for the default, in bytes. */
function limitOf(kilobytes: number, automatic: number): number {
  return kilobytes < 0 ? automatic : kilobytes * 1024;
}

/** Memory of the machine, or what its container may use. */
function machineMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}

/** A quarter of the machine's memory; rows are JavaScript values, so no more than half of what the engine's heap may hold. */
function defaultWorkMemoryLimit(): number {
  return Math.min(machineMemory() / 4, getHeapStatistics().heap_size_limit / 2);
}

/** Wall clock with microseconds: Date.now at the start, then the monotonic clock. */
function preciseClock(): () => number {
  return () => performance.timeOrigin + performance.now();
}

export function openDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  return DatabaseServer.open(options);
}
