/**
 * How a session's transaction ends: what is done before a commit (deferred checks, cursors to hold, temporary tables) and after it
 * (notifications, retention, a fork's reset), and how a block or all of it is rolled back.
 */
import type { CatalogEntry } from '../catalog/entries.ts';
import { retentionOf } from '../catalog/version-retention.ts';
import { sqlError } from '../types/errors.ts';
import { commitTemporary } from './ddl-runner.ts';
import { runDeferredChecks } from './deferred-checks.ts';
import type { Session, Task } from './session.ts';

export class TransactionEnd {
  readonly #session: Session;
  /** hotrow_reset() was called: the fork goes back to its beginning when the statement's transaction has ended. */
  #resetsFork = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Commits a transaction that only read, at once; false when there is more to a commit than that. */
  commitReadOnly(): boolean {
    const session = this.#session;
    const { transaction } = session;
    const { txn } = transaction;
    if (this.#resetsFork || (txn !== null && (txn.hasWritten || txn.flushLsn !== 0))) return false;
    if (transaction.deferred.size > 0 || transaction.hasCatalogChanges || !session.cursors.isEmpty) return false;
    if (transaction.notifications.length > 0) return false;
    session.portals.closeAll();
    transaction.commit(ignore);
    session.settings.commit();
    transaction.constraintModes.clear();
    return true;
  }

  /** Commits; goes on when the commit is durable. */
  *commit(): Task<void> {
    const session = this.#session;
    const { transaction, server } = session;
    if (transaction.deferred.size > 0) yield* runDeferredChecks(session);
    yield* session.cursors.holdAll();
    session.portals.closeAll();
    session.cursors.closeAll(true);
    if (transaction.txn !== null) yield* commitTemporary(session);
    let isDurable = false;
    let failure: Error | null = null;
    let isParked = false;
    // What has gone may have been a schema of the path.
    const mayChangePath = transaction.pendingChanges.some((c) => c.entry === null || c.entry.class === 'schema');
    const mayChangeRetention = transaction.pendingChanges.some(({ entry }) => this.#mayChangeRetention(entry));
    const notifications = transaction.notifications.take();
    transaction.commit((error) => {
      isDurable = true;
      failure = error;
      // Here, not when this task goes on: listeners hear in the order of commits.
      if (error === null && notifications.length > 0)
        server.notifications.apply(session, session.database.oid, session.identity.processId, notifications);
      if (isParked) session.wake();
    });
    if (mayChangeRetention) server.applyRetention();
    session.settings.commit();
    transaction.constraintModes.clear();
    if (mayChangePath) session.forgetSearchPath();
    while (!isDurable) {
      isParked = true;
      yield undefined;
    }
    if (failure !== null) throw failure;
    server.afterCommit();
    if (this.#resetsFork) this.#resetFork();
  }

  /** A table with a version_retention of its own came, went or changed. */
  #mayChangeRetention(entry: CatalogEntry | null): boolean {
    if (entry !== null && entry.class !== 'relation') return false;
    return this.#session.server.hasTableRetention || (entry !== null && retentionOf(entry) !== null);
  }

  /** Undoes the block up to its last savepoint, or all of it, at once; it refuses statements until it is ended. */
  *abortBlock(): Task<void> {
    const session = this.#session;
    const { transaction } = session;
    const top = transaction.savepoints.length - 1;
    session.portals.fail(top);
    if (top >= 0) {
      session.cursors.rollbackTo(top);
      while (!transaction.rollbackToSavepoint(top)) yield undefined;
      session.settings.rollbackTo(transaction.savepoints[top].settingsMark);
      session.functions.largeObjects.rolledBackTo(top);
    } else {
      yield* this.#undo();
      transaction.isBlock = true;
    }
    transaction.isFailed = true;
  }

  /** Undoes all of it. */
  *rollback(): Task<void> {
    this.#session.portals.closeAll();
    yield* this.#undo();
  }

  *#undo(): Task<void> {
    const session = this.#session;
    this.#resetsFork = false;
    session.cursors.closeAll(false);
    while (!session.transaction.rollback()) yield undefined;
    session.settings.rollback();
    session.transaction.constraintModes.clear();
  }

  /** hotrow_reset() was called. */
  askForReset(): void {
    const { engine, database, server, authority, sharedCatalog, transaction } = this.#session;
    const { oid } = database;
    if (!engine.isFork) throw sqlError('55000', `database "${database.catalog.databaseName}" is not a fork`);
    // Who connects to base@name may do with that fork what he likes; one that stays has an owner.
    const isPrivate = server.forks.byOid(oid) !== undefined;
    if (!isPrivate && !authority.hasPrivilegesOf(sharedCatalog.database(oid)?.owner ?? 0)) {
      throw sqlError('42501', `must be owner of database ${database.catalog.databaseName}`);
    }
    if (transaction.isBlock) throw sqlError('25001', 'hotrow_reset() cannot run inside a transaction block');
    this.#resetsFork = true;
  }

  #resetFork(): void {
    this.#resetsFork = false;
    const { database, engine } = this.#session;
    if (engine.isBusy) {
      throw sqlError('55006', `fork "${database.catalog.databaseName}" is being used by other transactions`, {
        hint: 'End the transactions of its other sessions, and close forks of it.',
      });
    }
    database.reset();
    this.#session.forgetSearchPath();
  }
}

function ignore(): void {}
