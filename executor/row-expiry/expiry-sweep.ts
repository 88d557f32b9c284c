/**
 * Sweeps: every row_expiry_naptime the tables whose rows expire, one after the other, in a session of the server's own that pauses
 * between its steps. Rows of temporary tables are left to their sessions.
 */
import type { RelationEntry } from '../../catalog/entries.ts';
import { expiryOf } from '../../catalog/row-expiry.ts';
import type { SqlError } from '../../types/errors.ts';
import type { DatabaseRuntime } from '../database-runtime.ts';
import { maintenanceSession } from '../maintenance-session.ts';
import type { DatabaseServer } from '../server.ts';
import type { Session } from '../session.ts';
import { PENDING } from '../session-api.ts';
import { TableSweep } from './table-sweep.ts';

const PROCESS_ID = 0x7fffffef;
/** Where the sweep is off: how often it is looked whether it is still. */
const OFF_MS = 60_000;
/** A step's pause is so many times as long as the step: clients have the rest. */
const PAUSE_SHARE = 3;

const STOP_PATIENCE_MS = 5000;

interface Due {
  readonly database: DatabaseRuntime;
  readonly table: RelationEntry;
}

export class ExpirySweep {
  readonly #server: DatabaseServer;
  #timer: NodeJS.Timeout | null = null;
  #pause: NodeJS.Timeout | null = null;
  #session: Session | null = null;
  #isRunning = false;
  /** What has been said of tables whose rows stay, so that it is not said again: by database and table. */
  readonly #told = new Map<string, string>();

  constructor(server: DatabaseServer) {
    this.#server = server;
  }

  start(): void {
    this.#isRunning = true;
    const napMs = this.#server.settings.number('row_expiry_naptime');
    this.#timer = setTimeout(() => this.#round(napMs > 0), napMs > 0 ? napMs : OFF_MS);
    this.#timer.unref();
  }

  /** A step that was under way is undone when this is. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#pause !== null) clearTimeout(this.#pause);
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    session.close();
    const patience = Date.now() + STOP_PATIENCE_MS;
    while (session.transaction.txn !== null && Date.now() < patience) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #round(isOn: boolean): void {
    const queue = isOn ? [...this.#server.databases()].flatMap(dueTables) : [];
    this.#next(queue);
  }

  #next(queue: Due[]): void {
    this.#session?.close();
    this.#session = null;
    if (!this.#isRunning) return;
    const due = queue.shift();
    if (due === undefined) this.start();
    else this.#sweep(due, () => setImmediate(() => this.#next(queue)));
  }

  #sweep({ database, table }: Due, whenDone: () => void): void {
    const sweep = new TableSweep(table.oid);
    let error: SqlError | null = null;
    let startedAt = 0;
    const session = maintenanceSession(this.#server, database, {
      processId: PROCESS_ID,
      wake: () => setImmediate(goOn),
      onError: (thrown) => {
        error = thrown;
      },
    });
    this.#session = session;
    const step = (): void => {
      // A table of a database that was dropped meanwhile is nobody's.
      if (this.#server.database(database.oid) !== database) {
        whenDone();
        return;
      }
      error = null;
      startedAt = performance.now();
      const activity = `row expiry: ${table.name}`;
      if (session.maintain(activity, () => sweep.step(session)) !== PENDING) ended();
    };
    const goOn = (): void => {
      if (this.#session === session && session.resume() !== PENDING) ended();
    };
    const ended = (): void => {
      sweep.ended(error);
      if (sweep.isDone || !this.#isRunning) {
        this.#report(database, table, sweep);
        whenDone();
        return;
      }
      const pauseMs = Math.max(1, (performance.now() - startedAt) * PAUSE_SHARE);
      this.#pause = setTimeout(step, pauseMs);
      this.#pause.unref();
    };
    step();
  }

  #report(database: DatabaseRuntime, table: RelationEntry, { deleted, steps, left, refusal }: TableSweep): void {
    const server = this.#server;
    const { catalog } = database;
    const name = `"${catalog.databaseName}.${catalog.schemaName(table.schemaOid)}.${table.name}"`;
    if (deleted > 0 && server.settings.show('log_min_messages').startsWith('debug')) {
      server.writeLog('DEBUG1', `row expiry: deleted ${deleted} rows of table ${name} in ${steps} steps`);
    }
    const reason = refusal === null ? 'they are locked, or rows that have not expired refer to them' : refusal.message;
    const message = left === 0 ? '' : `row expiry: ${left} expired rows of table ${name} stay: ${reason}`;
    const key = `${database.oid}/${table.oid}`;
    if (message !== '' && message !== this.#told.get(key)) server.writeLog('WARNING', message);
    if (message === '') this.#told.delete(key);
    else this.#told.set(key, message);
  }
}

function dueTables(database: DatabaseRuntime): Due[] {
  const tables: Due[] = [];
  for (const table of database.catalog.relations()) {
    if (table.relId === 0 || table.persistence === 'temporary' || expiryOf(table) === null) continue;
    tables.push({ database, table });
  }
  return tables;
}
