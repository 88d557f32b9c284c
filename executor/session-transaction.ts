/**
 * A session's transaction: block state, isolation, savepoints, and its view of the catalog.
 *
 *                    begin()                     error
 *        IDLE ------------------> IN BLOCK ----------------> FAILED
 *         | ^                      |  ^  commit, rollback      | rollback (commit is one too)
 *         | +----------------------+  +------------------------+ rollbackTo(savepoint)
 *         | statement                                          v
 *         +--> IMPLICIT (until the statement, or Sync, ends)  IDLE
 *
 * Definitions made in the transaction are a list of changes over the published catalog; commit applies them to whatever is
 * published by then (table locks keep two transactions from changing the same thing).
 */

import type { CatalogEntry, EntryClass } from '../catalog/entries.ts';
import {
  type Catalog,
  type CatalogChange,
  encodeEntry,
  entryKey,
  isSharedEntry,
  registerTypeEntry,
  rowTypeOf,
  SHARED_DATABASE_OID,
} from '../catalog/index.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import type { CommitMoment, LockOwner, SavepointMark, Snapshot, StorageEngine, Transaction } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { LazyMap } from '../types/lazy-map.ts';
import type { FollowUp } from './context.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import { type ExportedSnapshot, snapshotId } from './exported-snapshots.ts';
import { PendingNotifications } from './notifications.ts';
import type { SharedRuntime } from './shared-runtime.ts';

export type Isolation = 'read committed' | 'repeatable read' | 'serializable' | 'read uncommitted';

export interface Savepoint {
  readonly name: string;
  readonly mark: SavepointMark;
  readonly changeCount: number;
  readonly settingsMark: number;
  /** READ ONLY outside: what is set inside ends with it. */
  readonly isReadOnly: boolean;
  readonly notificationCount: number;
  /** What was queued for the end of the transaction. */
  readonly deferred: readonly (readonly [key: string, items: readonly unknown[]])[];
  readonly constraintModes: readonly (readonly [constraintOid: number, isDeferred: boolean])[];
}

/** What a statement with AS OF SYSTEM TIME sees. */
export interface Past {
  readonly moment: CommitMoment;
  readonly snapshot: Snapshot;
}

export interface PendingChange {
  readonly databaseOid: number;
  readonly key: string;
  readonly oid: number;
  readonly entry: CatalogEntry | null;
}

/** A rollback that cannot go on (disk full, a failed read) is tried again after this. */
export const UNDO_RETRY_MS = 100;

export class SessionTransaction {
  readonly #engine: StorageEngine;
  readonly #database: DatabaseRuntime;
  readonly #shared: SharedRuntime;
  readonly #owner: LockOwner;
  readonly #wake: () => void;
  readonly #now: () => number;
  txn: Transaction | null = null;
  /** In BEGIN ... COMMIT (or an implicit block of a simple query with several statements). */
  isBlock = false;
  isFailed = false;
  isolation: Isolation = 'read committed';
  #isReadOnly = false;
  isDeferrable = false;
  /** A statement has run: isolation is fixed. */
  hasSnapshot = false;
  savepoints: Savepoint[] = [];
  /** Oids of indexes that were built in it. */
  builtIndexes: number[] = [];
  /** Checks that wait for the end of the transaction. */
  readonly deferred = new LazyMap<string, FollowUp>();
  /** SET CONSTRAINTS: by constraint oid; ALL under 0. */
  readonly constraintModes = new LazyMap<number, boolean>();
  readonly notifications = new PendingNotifications();
  /** Microseconds since 2000-01-01. */
  startTimestamp = 0;
  /** When the transaction's one snapshot was taken; null where each statement has its own. */
  snapshotTime: number | null = null;
  /** AS OF SYSTEM TIME: what the running statement, and what it calls, sees; null: it sees what the transaction does. */
  past: Past | null = null;
  /** Statements are planned for a snapshot of this csn; null: for the transaction's. */
  planningCsn: number | null = null;
  /** BEGIN AS OF SYSTEM TIME: what #snapshot sees; null: the present. */
  moment: CommitMoment | null = null;
  #snapshot: Snapshot | null = null;
  #exported: ExportedSnapshot[] = [];
  #changes: PendingChange[] = [];
  #catalog: Catalog | null = null;
  #catalogBase: Catalog | null = null;
  #sharedCatalog: SharedCatalog | null = null;
  #sharedBase: SharedCatalog | null = null;

  constructor(
    engine: StorageEngine,
    database: DatabaseRuntime,
    shared: SharedRuntime,
    owner: LockOwner,
    wake: () => void,
    now: () => number,
  ) {
    this.#now = now;
    this.#engine = engine;
    this.#database = database;
    this.#shared = shared;
    this.#owner = owner;
    this.#wake = wake;
  }

  get status(): 'I' | 'T' | 'E' {
    return !this.isBlock ? 'I' : this.isFailed ? 'E' : 'T';
  }

  get isRepeatableRead(): boolean {
    return this.isolation === 'repeatable read' || this.isolation === 'serializable';
  }

  /** What is read in the past is not written. */
  get isReadOnly(): boolean {
    return this.#isReadOnly || this.moment !== null || this.past !== null;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
  }

  /** The transaction sees this moment from now on, whatever its isolation. Before: no statement has run in it. */
  beginPast(moment: CommitMoment): void {
    this.#releaseOwnSnapshot();
    this.#snapshot = this.#engine.transactions.takePastSnapshot(this.txn as Transaction, moment);
    this.moment = moment;
    this.snapshotTime = moment.time;
  }

  /** The running transaction, begun if there is none. */
  ensure(now: number): Transaction {
    if (this.txn === null) {
      this.txn = this.#engine.transactions.begin(this.#owner);
      this.txn.wake = this.#wake;
      this.startTimestamp = now;
    }
    return this.txn;
  }

  /** A snapshot for a statement; give it back with releaseSnapshot. */
  takeSnapshot(): Snapshot {
    const txn = this.txn as Transaction;
    const { transactions } = this.#engine;
    this.hasSnapshot = true;
    if (this.past !== null) return transactions.shareSnapshot(this.past.snapshot);
    if (this.moment !== null) return transactions.shareSnapshot(this.#snapshot as Snapshot);
    if (!this.isRepeatableRead) return transactions.takeSnapshot(txn);
    if (this.#snapshot === null) {
      this.#snapshot = transactions.takeSnapshot(txn);
      this.snapshotTime = this.#now();
    } else transactions.refreshOwnWrites(this.#snapshot);
    return transactions.shareSnapshot(this.#snapshot);
  }

  /** A name by which other transactions can import the snapshot of the running statement, until this one ends. */
  exportSnapshot(processId: number): string {
    if (this.savepoints.length > 0) throw sqlError('25001', 'cannot export a snapshot from a subtransaction');
    if (this.pastMoment !== null) throw sqlError('0A000', 'cannot export a snapshot of the past');
    const id = snapshotId(processId, (this.txn as Transaction).id, this.#exported.length + 1);
    const snapshot = this.takeSnapshot();
    const { oid: databaseOid } = this.#database;
    const { isolation, isReadOnly } = this;
    const time = this.snapshotTime ?? this.#now();
    const exported = { id, databaseOid, snapshot, time, isolation, isReadOnly };
    this.#exported.push(exported);
    this.#shared.exportedSnapshots.add(exported);
    return id;
  }

  /** SET TRANSACTION SNAPSHOT: the transaction sees what the one sees that exported it, but for that one's own writes. */
  importSnapshot(id: string): void {
    const txn = this.txn as Transaction;
    if (this.hasSnapshot || this.savepoints.length > 0 || txn.isRegistered) {
      throw sqlError('25001', 'SET TRANSACTION SNAPSHOT must be called before any query');
    }
    if (!this.isRepeatableRead) {
      const message = 'a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ';
      throw sqlError('0A000', message);
    }
    if (this.moment !== null) throw sqlError('0A000', 'a transaction that reads the past cannot import a snapshot');
    const exported = this.#shared.exportedSnapshots.find(id, this.#database.oid);
    if (this.isolation === 'serializable') checkSerializable(this.isReadOnly, exported);
    this.#snapshot = this.#engine.transactions.adoptSnapshot(txn, exported.snapshot);
    this.snapshotTime = exported.time;
    this.hasSnapshot = true;
  }

  /** A snapshot of a moment in the past; give it back with releaseSnapshot. */
  takePastSnapshot(moment: CommitMoment): Snapshot {
    this.hasSnapshot = true;
    return this.#engine.transactions.takePastSnapshot(this.txn as Transaction, moment);
  }

  shareSnapshot(snapshot: Snapshot): Snapshot {
    return this.#engine.transactions.shareSnapshot(snapshot);
  }

  /** The past that the running statement, or the transaction, sees; null: it sees the present. */
  get pastMoment(): CommitMoment | null {
    return this.past?.moment ?? this.moment;
  }

  /** The csn that the transaction's one snapshot sees, or the running statement's of the past; Infinity where each has its own. */
  get snapshotCsn(): number {
    if (this.planningCsn !== null) return this.planningCsn;
    const snapshot = this.past?.snapshot ?? this.#snapshot;
    return snapshot === null ? Infinity : snapshot.csn;
  }

  releaseSnapshot(snapshot: Snapshot): void {
    this.#engine.transactions.releaseSnapshot(snapshot);
  }

  // ------------------------------------------------------------------------------------------------------- catalog

  /** The catalog with this transaction's own definitions. */
  get catalog(): Catalog {
    const base = this.#database.catalog;
    if (this.#changes.length === 0) return base;
    if (this.#catalog === null || this.#catalogBase !== base) {
      this.#catalogBase = base;
      this.#catalog = base.withOwn(
        this.#changes.filter((c) => c.databaseOid !== SHARED_DATABASE_OID).map(toCatalogChange),
      );
    }
    return this.#catalog;
  }

  /** Roles and databases with this transaction's own definitions. */
  get sharedCatalog(): SharedCatalog {
    const base = this.#shared.catalog;
    if (this.#changes.length === 0) return base;
    if (this.#sharedCatalog === null || this.#sharedBase !== base) {
      const own = this.#changes.filter((change) => change.databaseOid === SHARED_DATABASE_OID);
      this.#sharedBase = base;
      this.#sharedCatalog = own.length === 0 ? base : base.apply(own.map(toCatalogChange));
    }
    return this.#sharedCatalog;
  }

  get hasCatalogChanges(): boolean {
    return this.#changes.length > 0;
  }

  get pendingChanges(): readonly PendingChange[] {
    return this.#changes;
  }

  putEntry(entry: CatalogEntry): void {
    this.#change(isSharedEntry(entry) ? SHARED_DATABASE_OID : this.#database.oid, entry.class, entry.oid, entry);
  }

  removeEntry(entryClass: EntryClass, oid: number, isShared = false): void {
    this.#change(isShared ? SHARED_DATABASE_OID : this.#database.oid, entryClass, oid, null);
  }

  #change(databaseOid: number, entryClass: EntryClass, oid: number, entry: CatalogEntry | null): void {
    const key = entryKey(databaseOid, entryClass, oid);
    const change = { databaseOid, key, oid, entry };
    this.#changes.push(change);
    this.#engine.putCatalog(this.txn as Transaction, key, entry === null ? null : encodeEntry(entry));
    // Incremental: one statement may make many entries.
    if (databaseOid !== SHARED_DATABASE_OID) {
      if (this.#catalog !== null && this.#catalogBase === this.#database.catalog) {
        this.#catalog = this.#catalog.withOwn([toCatalogChange(change)]);
      } else this.#catalog = null;
    } else this.#sharedCatalog = null;
  }

  #dropChanges(from: number): void {
    if (this.#changes.length === from) return;
    const dropped = this.#changes.slice(from);
    const tables = this.#changedTables(dropped);
    this.#changes.length = from;
    this.#catalog = null;
    this.#sharedCatalog = null;
    this.#database.dropUnusedDictionaries(new Set(dropped.map((c) => c.oid)), this.catalog);
    this.#database.restoreMaintainers(tables, this.#database.catalog);
    if (from > 0) this.#database.restoreMaintainers(tables, this.catalog);
    for (const { oid, entry } of dropped)
      if (entry?.class === 'type' || entry?.class === 'relation') this.#restoreType(oid);
  }

  /** Types are known to all by their oid: one that was changed is again what it was. */
  #restoreType(oid: number): void {
    const type = this.catalog.type(oid);
    if (type !== undefined) registerTypeEntry(type);
    const relation = this.catalog.relation(oid);
    const rowType = relation === undefined ? undefined : rowTypeOf(relation);
    if (rowType !== undefined) registerTypeEntry(rowType);
  }

  /** Oids of tables that were changed, or whose indexes were. */
  #changedTables(changes: readonly PendingChange[]): Set<number> {
    const tables = new Set<number>();
    const { catalog } = this;
    for (const { entry, oid } of changes) {
      if (entry?.class === 'relation') tables.add(oid);
      else if (entry?.class === 'index') tables.add(entry.tableOid);
      else if (entry === null) {
        const tableOid = (this.#database.catalog.index(oid) ?? catalog.index(oid))?.tableOid;
        if (tableOid !== undefined) tables.add(tableOid);
      }
    }
    return tables;
  }

  /** Undo takes rows out of the indexes that this transaction sees. */
  #prepareUndo(): void {
    if (this.#changes.length === 0) return;
    this.#database.restoreMaintainers(this.#changedTables(this.#changes), this.catalog);
  }

  // ------------------------------------------------------------------------------------------------------ savepoints

  savepoint(name: string, settingsMark: number): void {
    this.savepoints.push({
      name,
      mark: this.#engine.transactions.savepoint(this.txn as Transaction),
      changeCount: this.#changes.length,
      settingsMark,
      isReadOnly: this.#isReadOnly,
      notificationCount: this.notifications.length,
      deferred: [...this.deferred].map(([key, followUp]) => [key, followUp.save()] as const),
      constraintModes: [...this.constraintModes],
    });
  }

  findSavepoint(name: string): number {
    for (let i = this.savepoints.length - 1; i >= 0; i--) if (this.savepoints[i].name === name) return i;
    throw sqlError('3B001', `savepoint "${name}" does not exist`);
  }

  /** What came after savepoint i is part of what was around it. */
  releaseSavepoint(i: number): void {
    this.#isReadOnly = this.savepoints[i].isReadOnly;
    this.savepoints.length = i;
  }

  /** Undoes what came after savepoint i; false: call again when woken. */
  rollbackToSavepoint(i: number): boolean {
    const savepoint = this.savepoints[i];
    const txn = this.txn as Transaction;
    this.#prepareUndo();
    if (!this.#engine.transactions.rollbackTo(txn, savepoint.mark)) {
      this.#wakeAfterUndo(txn);
      return false;
    }
    this.savepoints.length = i + 1;
    this.#isReadOnly = savepoint.isReadOnly;
    const queued = new Map(savepoint.deferred);
    for (const [key, followUp] of this.deferred) followUp.restore(queued.get(key) ?? []);
    this.constraintModes.clear();
    for (const [oid, isDeferred] of savepoint.constraintModes) this.constraintModes.set(oid, isDeferred);
    this.#dropChanges(savepoint.changeCount);
    this.notifications.truncate(savepoint.notificationCount);
    return true;
  }

  #wakeAfterUndo(txn: Transaction): void {
    if (txn.undoNeedsPage) this.#engine.pool.onLoaded(this.#wake);
    else if (txn.undoError !== null) setTimeout(this.#wake, UNDO_RETRY_MS);
    else setImmediate(this.#wake);
  }

  // ------------------------------------------------------------------------------------------------------------- end

  /** Makes everything visible; `durable` when it may be acknowledged. The session's state is idle at once. */
  commit(durable: (error: Error | null) => void): void {
    const { txn } = this;
    if (txn === null) {
      if (this.isBlock) this.#database.activity.commits++;
      this.#reset();
      durable(null);
      return;
    }
    const changes = this.#changes;
    this.#releaseOwnSnapshot();
    this.#engine.transactions.commit(txn, durable);
    for (const oid of this.builtIndexes) this.#database.indexBuilt(oid, this.#engine.transactions.lastCsn);
    this.#database.activity.commits++;
    if (changes.length > 0) this.#publish(changes);
    this.#reset();
  }

  #publish(changes: readonly PendingChange[]): void {
    const own = changes.filter((c) => c.databaseOid !== SHARED_DATABASE_OID);
    if (own.length > 0) {
      const tables = this.#changedTables(own);
      this.#database.catalog = this.#database.catalog.apply(own.map(toCatalogChange));
      this.#database.dropUnusedDictionaries(new Set(own.map((c) => c.oid)), this.#database.catalog);
      this.#database.restoreMaintainers(tables, this.#database.catalog);
    }
    const shared = changes.filter((c) => c.databaseOid === SHARED_DATABASE_OID);
    if (shared.length > 0) this.#shared.apply(shared.map(toCatalogChange));
  }

  /** Undoes everything; false: call again when woken. */
  rollback(): boolean {
    const { txn } = this;
    if (txn !== null) {
      this.#releaseOwnSnapshot();
      this.#prepareUndo();
      if (!this.#engine.transactions.rollback(txn)) {
        this.#wakeAfterUndo(txn);
        return false;
      }
      this.#dropChanges(0);
    }
    if (txn !== null || this.isBlock) this.#database.activity.rollbacks++;
    this.#reset();
    return true;
  }

  #releaseOwnSnapshot(): void {
    if (this.#snapshot !== null) this.#engine.transactions.releaseSnapshot(this.#snapshot);
    this.#snapshot = null;
    this.snapshotTime = null;
  }

  #withdrawExported(): void {
    for (const { id, snapshot } of this.#exported) {
      this.#shared.exportedSnapshots.remove(id);
      this.#engine.transactions.releaseSnapshot(snapshot);
    }
    this.#exported = [];
  }

  #reset(): void {
    if (this.#exported.length > 0) this.#withdrawExported();
    this.txn = null;
    this.isBlock = false;
    this.isFailed = false;
    this.hasSnapshot = false;
    this.past = null;
    this.moment = null;
    this.savepoints = [];
    if (this.builtIndexes.length > 0) this.builtIndexes = [];
    this.deferred.clear();
    this.notifications.truncate(0);
    this.#changes = [];
    this.#catalog = null;
    this.#catalogBase = null;
  }
}

function checkSerializable(isReadOnly: boolean, exported: ExportedSnapshot): void {
  if (exported.isolation !== 'serializable') {
    throw sqlError('0A000', 'a serializable transaction cannot import a snapshot from a non-serializable transaction');
  }
  if (exported.isReadOnly && !isReadOnly) {
    const message = 'a non-read-only serializable transaction cannot import a snapshot from a read-only transaction';
    throw sqlError('0A000', message);
  }
}

function toCatalogChange(change: PendingChange): CatalogChange {
  return { key: change.key, entry: change.entry } as CatalogChange;
}
