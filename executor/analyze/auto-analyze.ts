/**
 * Auto-analyze: every autovacuum_naptime, tables that changed by more than autovacuum_analyze_threshold rows and
 * autovacuum_analyze_scale_factor of their rows are analyzed, one after the other, in a session of the server's own that pauses
 * between its slices. A table that somebody defines at the time is left for the next round.
 */
import type { RelationEntry } from '../../catalog/entries.ts';
import { storageOption } from '../../catalog/row-expiry.ts';
import type { DatabaseRuntime } from '../database-runtime.ts';
import { maintenanceSession } from '../maintenance-session.ts';
import type { DatabaseServer } from '../server.ts';
import type { Session, Task } from '../session.ts';
import { PENDING } from '../session-api.ts';
import { analyzeTable } from './analyze.ts';

/** Out of the way of the numbers of clients. */
const PROCESS_ID = 0x7ffffff0;

export class AutoAnalyze {
  readonly #server: DatabaseServer;
  #timer: NodeJS.Timeout | null = null;
  #session: Session | null = null;

  constructor(server: DatabaseServer) {
    this.#server = server;
  }

  start(): void {
    const { settings } = this.#server;
    this.#timer = setTimeout(() => this.#round(), settings.number('autovacuum_naptime') * 1000);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#session?.close();
    this.#session = null;
  }

  #round(): void {
    const { settings } = this.#server;
    const isOn = settings.boolean('autovacuum') && settings.boolean('track_counts');
    const queue = !isOn
      ? []
      : [...this.#server.databases()].flatMap((database) =>
          [...database.catalog.relations()]
            .filter((table) => this.#isDue(database, table))
            .map(({ oid }) => ({ database, oid })),
        );
    this.#next(queue);
  }

  /** One table, then those after it; the next round when all are done. */
  #next(queue: { readonly database: DatabaseRuntime; readonly oid: number }[]): void {
    this.#session?.close();
    this.#session = null;
    if (this.#timer === null) return;
    const first = queue.shift();
    if (first === undefined) {
      this.start();
      return;
    }
    // It may have been dropped while others had their turn.
    if (this.#server.database(first.database.oid) !== first.database) this.#next(queue);
    else this.#run(first.database, first.oid, () => this.#next(queue));
  }

  #isDue(database: DatabaseRuntime, table: RelationEntry): boolean {
    // Temporary tables are seen by their sessions only: PostgreSQL leaves them to these as well.
    if (table.relId === 0 || table.persistence === 'temporary') return false;
    const { settings } = this.#server;
    const own = (name: string): string | undefined => storageOption(table.options, name);
    if (own('autovacuum_enabled') === 'false' || own('autovacuum_enabled') === 'off') return false;
    const threshold = Number(own('autovacuum_analyze_threshold') ?? settings.number('autovacuum_analyze_threshold'));
    const factor = Number(own('autovacuum_analyze_scale_factor') ?? settings.number('autovacuum_analyze_scale_factor'));
    const { changedSinceAnalyze, liveRows } = database.activity.table(table);
    if (changedSinceAnalyze > threshold + factor * liveRows) return true;
    // What changed before the server started has not been counted.
    return database.catalog.analysis(table.oid) === undefined && liveRows > threshold;
  }

  #run(database: DatabaseRuntime, oid: number, whenDone: () => void): void {
    const settle = (): void => {
      if (session.resume() !== PENDING) whenDone();
    };
    const pauseMs = Math.max(0, this.#server.settings.number('autovacuum_vacuum_cost_delay'));
    const session = maintenanceSession(this.#server, database, {
      processId: PROCESS_ID,
      wake: () => setTimeout(settle, pauseMs),
    });
    this.#session = session;
    if (session.maintain('autovacuum: ANALYZE', () => analyzeOne(session, oid)) !== PENDING) whenDone();
  }
}

function* analyzeOne(session: Session, oid: number): Task<void> {
  if (!(yield* analyzeTable(session, oid, null, false))) return;
  const relId = session.catalog.relation(oid)?.relId;
  if (relId === undefined || !session.engine.hasHeap(relId)) return;
  session.database.activity.noteAnalyze(oid, session.engine.heap(relId), session.server.now(), true);
}
