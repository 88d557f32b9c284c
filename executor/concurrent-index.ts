/** Indexes that are filled after they were made: CREATE INDEX CONCURRENTLY, and REINDEX of one that is not valid. */
import type { IndexEntry, RelationEntry } from '../catalog/entries.ts';
import { LOCK_GRANTED, SHARE, SHARE_UPDATE_EXCLUSIVE } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { TASK_PENDING } from './ddl/context.ts';
import { runDdl } from './ddl-runner.ts';
import { PreparedStatement } from './prepared-statement.ts';
import type { Session, Task } from './session.ts';
import { SessionDdlContext } from './session-ddl-context.ts';

/**
 * CREATE INDEX CONCURRENTLY, in three transactions, so that nobody who writes is kept waiting:
 *
 *      1  the index is there, not valid: whoever begins to write keeps it up to date
 *      2  those who were writing before have ended; a snapshot's rows are put in
 *      3  the index is valid
 *
 * Should 2 fail, the index stays, to be dropped or built again (REINDEX); unique or not, it refuses nothing until then.
 */
export function* createIndexConcurrently(session: Session, prepared: PreparedStatement): Task<string> {
  const tag = yield* runDdl(session, prepared);
  const made = session.transaction.pendingChanges.findLast(({ entry }) => entry?.class === 'index');
  if (made === undefined) return tag;
  yield* session.commitTask();
  yield* fillConcurrently(session, made.oid);
  return tag;
}

/** Fills an index that is not valid while others write. */
export function* fillConcurrently(session: Session, oid: number): Task<void> {
  if (session.catalog.index(oid)?.ready === false) {
    yield* changeIndex(session, oid, ({ ready: _, ...entry }) => entry);
    yield* session.commitTask();
  }
  try {
    yield* fillIndex(session, oid, true);
  } catch (error) {
    yield* session.rollbackTask();
    if (session.catalog.index(oid) !== undefined) {
      yield* changeIndex(session, oid, (entry) => ({ ...entry, ready: false }));
      yield* session.commitTask();
    }
    throw error;
  }
}

function* changeIndex(session: Session, oid: number, change: (entry: IndexEntry) => IndexEntry): Task<void> {
  const { engine, database } = session;
  const txn = session.ensureTransaction();
  const tag = engine.locks.relationTag(database.oid, session.catalog.index(oid)?.tableOid ?? 0);
  if (engine.locks.acquire(txn, tag, SHARE_UPDATE_EXCLUSIVE, true) !== LOCK_GRANTED) {
    session.isWaitingForLock = true;
    yield* session.wait();
  }
  const entry = session.catalog.index(oid);
  if (entry === undefined) return;
  engine.transactions.statementXid(txn);
  session.transaction.putEntry(change(entry));
}

/** Fills an index that is not valid, and makes it so at the end of the transaction. */
export function* fillIndex(session: Session, oid: number, isConcurrent: boolean): Task<void> {
  const { engine, database } = session;
  const lock = function* (): Task<IndexEntry> {
    const tableOid = session.catalog.index(oid)?.tableOid ?? 0;
    const mode = isConcurrent ? SHARE_UPDATE_EXCLUSIVE : SHARE;
    const txn = session.ensureTransaction();
    if (engine.locks.acquire(txn, engine.locks.relationTag(database.oid, tableOid), mode, true) !== LOCK_GRANTED) {
      session.isWaitingForLock = true;
      yield* session.wait();
    }
    const entry = session.catalog.index(oid);
    if (entry === undefined) throw sqlError('42704', `could not open relation with OID ${oid}`);
    return entry;
  };
  const entry = yield* lock();
  const txn = session.ensureTransaction();
  // From now on heaps are kept with the index, whoever comes first.
  const table = session.catalog.relation(entry.tableOid) as RelationEntry;
  database.table(session.catalog, table);
  const tag = engine.locks.relationTag(database.oid, entry.tableOid);
  for (const writer of isConcurrent ? engine.locks.conflicting(txn, tag, SHARE) : []) {
    if (engine.locks.waitForTransaction(txn, writer) === LOCK_GRANTED) continue;
    session.isWaitingForLock = true;
    yield* session.wait();
  }
  const context = new SessionDdlContext(session, new PreparedStatement('', null, []));
  try {
    const building = context.buildIndex(entry, isConcurrent);
    while (building.poll() === TASK_PENDING) yield* session.wait();
  } finally {
    session.indexProgress = null;
    context.close();
  }
  if (isConcurrent) {
    yield* session.commitTask();
    yield* lock();
  }
  const filled = session.catalog.index(oid);
  if (filled === undefined) throw sqlError('42704', `could not open relation with OID ${oid}`);
  const { valid: _valid, ready: _ready, ...valid } = filled;
  engine.transactions.statementXid(session.ensureTransaction());
  session.transaction.putEntry(valid);
}
