/**
 * Forks by name: who connects to `base@name` gets a private fork of the database `base`, as it was at the first connection of that
 * name. It goes with the last one. A fork's name may be a base again.
 *
 *      app@one, app@one      two connections, one fork
 *      app@one@two           a fork of the fork, while app@one is there
 *
 * A fork is a database runtime of its own over a fork of the engine: its catalog begins as the base's, its statements are planned for
 * itself, roles that it makes are its own. None of it is kept.
 */
import type { DatabaseEntry } from '../catalog/entries.ts';
import { SqlError } from '../types/errors.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import { checkMayConnect } from './rights.ts';
import type { DatabaseServer } from './server.ts';
import { SharedRuntime } from './shared-runtime.ts';

const SEPARATOR = '@';

export class Forks {
  readonly #server: DatabaseServer;
  readonly #byName = new Map<string, DatabaseRuntime>();
  readonly #byOid = new Map<number, DatabaseRuntime>();

  constructor(server: DatabaseServer) {
    this.#server = server;
  }

  get count(): number {
    return this.#byName.size;
  }

  find(name: string): DatabaseRuntime | undefined {
    return this.#byName.get(name);
  }

  byOid(oid: number): DatabaseRuntime | undefined {
    return this.#byOid.get(oid);
  }

  all(): Iterable<DatabaseRuntime> {
    return this.#byName.values();
  }

  /** What a fork of that name would be of; undefined: the name is not a fork's, or there is no such base. */
  baseOf(name: string): DatabaseRuntime | undefined {
    const at = name.lastIndexOf(SEPARATOR);
    return at <= 0 || at === name.length - 1 ? undefined : this.#server.databaseByName(name.slice(0, at));
  }

  /** A fork of that name, which is not there yet; undefined: see baseOf. */
  make(name: string, roleOid: number): DatabaseRuntime | undefined {
    const base = this.baseOf(name);
    if (base === undefined) return undefined;
    this.#checkConnect(base, roleOid);
    const oid = base.engine.allocateOid();
    const fork = base.fork(oid, name, sharedOf(base, oid, name));
    this.#byName.set(name, fork);
    this.#byOid.set(oid, fork);
    return fork;
  }

  #checkConnect(base: DatabaseRuntime, roleOid: number): void {
    const entry = base.shared.catalog.database(base.oid);
    if (entry === undefined) return;
    checkMayConnect(base.shared.catalog, entry, roleOid);
    if (entry.allowConnections) return;
    throw new SqlError('55000', `database "${entry.name}" is not currently accepting connections`, {}, 'FATAL');
  }

  /** A session of the database has ended, or has not come about. */
  sessionClosed(database: DatabaseRuntime): void {
    if (this.#byOid.get(database.oid) === database && database.sessionCount === 0) this.#end(database);
  }

  closeAll(): void {
    for (const fork of [...this.#byName.values()].reverse()) this.#end(fork);
  }

  #end(fork: DatabaseRuntime): void {
    this.#byName.delete(fork.catalog.databaseName);
    this.#byOid.delete(fork.oid);
    void fork.engine.close();
    fork.end();
  }
}

/** Roles and databases as the base has them, and the fork itself. */
function sharedOf(base: DatabaseRuntime, oid: number, name: string): SharedRuntime {
  const { catalog } = base.shared;
  const entry = { ...(catalog.database(base.oid) as DatabaseEntry), oid, name, isTemplate: false, connectionLimit: -1 };
  return new SharedRuntime(catalog.forked(entry));
}
