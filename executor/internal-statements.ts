/** Statements that run inside the running one: checks of foreign keys and their actions, what definitions ask of tables. One at a time. */
import type { Value } from '../catalog/function-entry.ts';
import type { ExpiryMode } from '../catalog/row-expiry.ts';
import { parse } from '../parser/index.ts';
import { PENDING as BATCH_PENDING, END } from './batch.ts';
import type { ExecContext } from './context.ts';
import { PreparedStatement } from './prepared-statement.ts';
import type { Execution } from './program.ts';
import type { Session } from './session.ts';

interface InternalRun {
  readonly execution: Execution;
  count: number;
  readonly snapshot: ExecContext['snapshot'];
  isOpen: boolean;
}

export class InternalStatements {
  readonly #session: Session;
  #run: InternalRun | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** As ExecServices.runInternal. */
  run(x: ExecContext, sql: string, params: readonly Value[], expiry: ExpiryMode): number | null {
    this.#run ??= this.#begin(x, sql, params, expiry);
    const run = this.#run;
    if (!run.isOpen) {
      run.execution.open();
      run.isOpen = true;
    }
    const inner = run.execution.context;
    inner.startSlice();
    inner.isWaiting = false;
    for (;;) {
      const batch = run.execution.root.poll(inner);
      if (batch === BATCH_PENDING) {
        if (inner.isWaiting) x.isWaiting = true;
        return null;
      }
      if (batch === END) break;
      run.count += batch.count;
    }
    const count = run.count + inner.processedCount;
    this.close();
    return count;
  }

  #begin(x: ExecContext, sql: string, params: readonly Value[], expiry: ExpiryMode): InternalRun {
    const session = this.#session;
    const execution = this.prepare(sql, expiry).program(session).acquire(session.functions);
    const snapshot = session.engine.transactions.takeSnapshot(x.transaction);
    const inner = execution.context;
    inner.services = session;
    inner.isRepeatableRead = x.isRepeatableRead;
    inner.begin(x.transaction, snapshot, params, null);
    inner.snapshotTime = x.snapshotTime;
    inner.followUps = x.followUps;
    return { execution, count: 0, snapshot, isOpen: false };
  }

  /** Statements of our own: planned once for a catalog, names in them are qualified. */
  prepare(sql: string, expiry: ExpiryMode): PreparedStatement {
    const session = this.#session;
    const { database, catalog } = session;
    const key = `internal ${expiry}\u0001${session.bindingVersion}\u0001${sql}`;
    const cached = database.statementCache.find(key, catalog, sql);
    if (cached !== undefined) return cached;
    const prepared = new PreparedStatement(sql, parse(sql)[0], []);
    prepared.expiry = expiry;
    prepared.isResolved = true;
    prepared.isOfSystem = true;
    prepared.program(session);
    if (!session.transaction.hasCatalogChanges) database.statementCache.add(key, prepared, catalog);
    return prepared;
  }

  close(): void {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    run.execution.close();
    this.#session.engine.transactions.releaseSnapshot(run.snapshot);
    run.execution.program.release(run.execution);
  }
}
