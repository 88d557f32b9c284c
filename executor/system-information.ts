/** What the catalog views show of the running server (catalog/system-information.ts), as one session may ask it. */
import type { SettingRow } from '../catalog/settings.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import type { StatisticsSource } from '../catalog/statistics.ts';
import type {
  ArchiverActivity,
  DatabaseActivity,
  FrameInformation,
  IndexActivity,
  IndexBuildInformation,
  LockInformation,
  MemoryPart,
  PreloadInformation,
  SessionActivity,
  SystemInformation,
  TableActivity,
  WalActivity,
  WalPositions,
  WriterActivity,
} from '../catalog/system-information.ts';
import { PAGE_SIZE, USAGE_COUNT_MAX } from '../storage/limits.ts';
import type { LockOwner, LockRow } from '../storage/mvcc/lock-manager.ts';
import type { Transaction } from '../storage/mvcc/transaction.ts';
import { sqlError } from '../types/errors.ts';
import { activityText } from './activity-text.ts';
import { memoryParts } from './memory-parts.ts';
import { fileAt, folderAt } from './server-folders.ts';
import type { Session } from './session.ts';
import { microsecondsSince2000 } from './session-functions.ts';

const MODE_NAMES = [
  '',
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
/** When each session began. */
const sessionStarts = new WeakMap<Session, number>();

function timeOrNull(time: number): number | null {
  return time === 0 ? null : time;
}

function activityOf(session: Session): SessionActivity {
  const status = session.transactionStatus;
  const isActive = session.activity !== '' || session.isWaitingForLock;
  const idle = status === 'I' ? 'idle' : status === 'T' ? 'idle in transaction' : 'idle in transaction (aborted)';
  const { shared } = session.server;
  const awaited = awaitedLock(session);
  return {
    databaseOid: session.database.oid,
    databaseName: session.database.catalog.databaseName,
    processId: session.identity.processId,
    roleOid: shared.catalog.roleByName(session.role.sessionUser)?.oid ?? 0,
    applicationName: session.settings.show('application_name'),
    clientAddress: /^[0-9a-f.:]+$/i.test(session.identity.clientAddress) ? session.identity.clientAddress : null,
    clientPort: null,
    backendStart: sessionStarts.get(session) ?? session.server.startedAt,
    transactionStart: session.transaction.txn === null ? null : timeOrNull(session.transaction.startTimestamp),
    queryStart: timeOrNull(session.functions.statementTimestamp),
    stateChange: timeOrNull(session.functions.statementTimestamp),
    waitEventType: awaited !== null ? 'Lock' : isActive ? null : 'Client',
    waitEvent: awaited ?? (isActive ? null : 'ClientRead'),
    state: isActive ? 'active' : idle,
    transactionId: session.transaction.txn?.hasWritten === true ? shownId(session.transaction.txn) : null,
    query: isActive ? activityText(session.activity) : session.lastActivity,
    backendType: 'client backend',
  };
}

function lockOf({ tag, mode, owner, txn, isGranted }: LockRow): LockInformation {
  const numbers = tag.key.slice(1).split(/[.,]/).map(Number);
  const isRelation = tag.kind === 'relation';
  // Of an object: its database, class and oid; of an advisory lock: database, both halves of its key, and which form that has.
  const hasObject = tag.kind === 'object' || tag.kind === 'advisory';
  return {
    lockType: tag.kind,
    databaseOid: numbers[0],
    relationOid: isRelation ? numbers[1] : null,
    virtualTransaction: virtualTransactionOf(owner, txn),
    transactionId: null,
    virtualXid: null,
    classOid: hasObject ? numbers[1] >>> 0 : null,
    objectOid: hasObject ? numbers[2] >>> 0 : null,
    objectSubId: hasObject ? (numbers[3] ?? 0) : null,
    processId: owner.processId,
    mode: MODE_NAMES[mode],
    granted: isGranted,
  };
}

function virtualTransactionOf(owner: LockOwner, txn: Transaction | null): string {
  return `${owner.processId}/${txn?.id ?? 0}`;
}

/** As pg_current_xact_id() has it: the first statement's that wrote. */
function shownId(txn: Transaction): number {
  return txn.xidRuns[0] ?? txn.id;
}

/** That a session has a transaction, that this has an id, and that it waits for another's end (to change a row that the other has). */
function locksOfTransaction({ lockOwner, transaction }: Session): LockInformation[] {
  const { txn } = transaction;
  if (txn === null) return [];
  const virtualTransaction = virtualTransactionOf(lockOwner, txn);
  const base = {
    databaseOid: null,
    relationOid: null,
    transactionId: null,
    virtualXid: null,
    classOid: null,
    objectOid: null,
    objectSubId: null,
    virtualTransaction,
    processId: lockOwner.processId,
    mode: 'ExclusiveLock',
    granted: true,
  };
  const locks: LockInformation[] = [{ ...base, lockType: 'virtualxid', virtualXid: virtualTransaction }];
  if (txn.hasWritten) locks.push({ ...base, lockType: 'transactionid', transactionId: shownId(txn) });
  const awaited = lockOwner.waiting?.waitTransaction ?? null;
  if (awaited !== null) {
    locks.push({
      ...base,
      lockType: 'transactionid',
      transactionId: shownId(awaited),
      mode: 'ShareLock',
      granted: false,
    });
  }
  return locks;
}

/** The kind of lock that a session waits for, as in pg_locks.locktype; null: it does not wait for one. */
function awaitedLock({ lockOwner, isWaitingForLock }: Session): string | null {
  const { waiting } = lockOwner;
  if (waiting === null) return isWaitingForLock ? 'relation' : null;
  return waiting.waitTransaction !== null ? 'transactionid' : (waiting.waitTag?.tag.kind ?? null);
}

export class SessionSystemInformation implements SystemInformation {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
    sessionStarts.set(session, session.server.now());
  }

  get shared(): SharedCatalog {
    return this.#session.sharedCatalog;
  }

  folder(path: string): ReturnType<typeof folderAt> {
    return folderAt(this.#session.server.dataDirectory, path);
  }

  file(path: string): ReturnType<typeof fileAt> {
    return fileAt(this.#session.server.dataDirectory, path);
  }

  get currentRoleOid(): number {
    return this.#session.sharedCatalog.roleByName(this.#session.currentUser)?.oid ?? 0;
  }

  get temporarySchemaOid(): number {
    return this.#session.catalog.schemaByName(this.#session.temporarySchema)?.oid ?? 0;
  }

  get serverStart(): number {
    return this.#session.server.startedAt;
  }

  get statistics(): StatisticsSource {
    return this.#session.database.statistics;
  }

  settings(): readonly SettingRow[] {
    return this.#session.settings.rows();
  }

  activity(): readonly SessionActivity[] {
    return [...this.#session.server.sessions()].map(activityOf);
  }

  locks(): readonly LockInformation[] {
    const { engine, server } = this.#session;
    const locks = [...engine.locks.rows()].map(lockOf);
    for (const session of server.sessions()) if (session.engine === engine) locks.push(...locksOfTransaction(session));
    return locks;
  }

  blockers(processId: number): readonly number[] {
    for (const { identity, engine, lockOwner } of this.#session.server.sessions()) {
      if (identity.processId === processId) return engine.locks.blockersOf(lockOwner);
    }
    return [];
  }

  tableActivity(tableOid: number): TableActivity | null {
    const entry = this.#session.catalog.relation(tableOid);
    return entry === undefined || entry.relId === 0 ? null : this.#session.database.activity.table(entry);
  }

  indexActivity(indexOid: number): IndexActivity | null {
    return this.#session.catalog.index(indexOid) === undefined ? null : this.#session.database.activity.index(indexOid);
  }

  databaseActivity(databaseOid: number): DatabaseActivity | null {
    return this.#session.server.database(databaseOid)?.activity.database() ?? null;
  }

  writerActivity(): WriterActivity {
    return this.#session.server.activity.writer();
  }

  walPositions(): WalPositions {
    const { insertLsn, writtenLsn, flushedLsn } = this.#session.engine.wal;
    return { inserted: insertLsn, written: writtenLsn, flushed: Math.min(flushedLsn, insertLsn) };
  }

  walActivity(): WalActivity {
    return this.#session.server.activity.wal();
  }

  *frames(): Iterable<FrameInformation> {
    const { server, engine } = this.#session;
    const databases = new Map<number, number>();
    for (const database of server.databases()) {
      // Its relations have their parent's numbers, and its pages have others.
      if (database.parent !== null) continue;
      for (const { relId, overflowRelId } of database.catalog.relations()) {
        if (relId !== 0) databases.set(relId, database.oid);
        if (overflowRelId !== 0) databases.set(overflowRelId, database.oid);
      }
    }
    const { pool } = engine;
    for (let frame = 0; frame < pool.frameCount; frame++) {
      const relation = pool.residentRelation(frame);
      yield {
        number: frame,
        relationId: relation?.relId ?? null,
        databaseOid: relation === null ? 0 : (databases.get(relation.relId) ?? 0),
        pageNo: pool.framePage[frame],
        isDirty: pool.isDirty(frame * PAGE_SIZE),
        usageCount: Math.min(pool.usage[frame], USAGE_COUNT_MAX),
        pinCount: pool.pins[frame],
      };
    }
  }

  memory(): readonly MemoryPart[] {
    return memoryParts(this.#session.server);
  }

  resetDatabaseActivity(): void {
    this.#session.database.activity.reset(this.#session.server.now());
  }

  resetRelationActivity(oid: number): void {
    this.#session.database.activity.resetTable(oid);
    this.#session.database.activity.resetIndex(oid);
  }

  archiverActivity(): ArchiverActivity {
    return this.#session.server.activity.archiver();
  }

  switchWal(): number {
    if (!this.#session.isSuperuser) throw sqlError('42501', 'permission denied for function pg_switch_wal');
    const { engine } = this.#session;
    const end = engine.wal.switchSegment();
    engine.archiver?.wake();
    return end;
  }

  get currentQuery(): string {
    return this.#session.activity;
  }

  get nextXid(): number {
    return this.#session.engine.transactions.nextXid;
  }

  get oldestXid(): number {
    return this.#session.engine.transactions.oldestXid;
  }

  walFileName(lsn: number): string {
    return this.#session.server.engine.walFileName(lsn);
  }

  resetServerActivity(part: 'writer' | 'wal' | 'archiver'): void {
    this.#session.server.activity.reset(part, this.#session.server.now());
  }

  preparedStatements(): ReturnType<SystemInformation['preparedStatements']> {
    const result: ReturnType<SystemInformation['preparedStatements']>[number][] = [];
    for (const [name, prepared] of this.#session.statements.prepared) {
      if (name === '') continue;
      const { at, text } = this.#session.statements.preparation(name);
      result.push({
        name,
        statement: text ?? prepared.text,
        preparedAt: at,
        parameterTypes: prepared.parameterTypes,
        fromSql: text !== null,
      });
    }
    return result;
  }

  cursors(): ReturnType<SystemInformation['cursors']> {
    const { cursors, portals, functions } = this.#session;
    const declared = [...cursors.all()].map((cursor) => ({
      name: cursor.name,
      statement: cursor.text,
      isHoldable: cursor.isHeld,
      isBinary: cursor.isBinary,
      isScrollable: cursor.canScroll,
      createdAt: cursor.createdAt,
    }));
    const bound = [...portals.all()].map(({ name, statement, boundAt }) => ({
      name,
      statement: statement.text,
      isHoldable: false,
      isBinary: false,
      isScrollable: false,
      createdAt: boundAt ?? functions.statementTimestamp,
    }));
    return [...declared, ...bound];
  }

  sequenceState(oid: number): { readonly lastValue: number | bigint; readonly isCalled: boolean } | null {
    return this.#session.engine.sequenceState(this.#session.sequenceId(oid));
  }

  preload(): PreloadInformation {
    const { hotPages } = this.#session.engine;
    const { startedMs, endedMs, ...progress } = hotPages.progress;
    const timeOf = (ms: number): number | null => (ms === 0 ? null : microsecondsSince2000(ms));
    return {
      ...progress,
      startedAt: timeOf(startedMs),
      endedAt: timeOf(endedMs),
      secondsLeft: progress.state === 'loading' ? hotPages.secondsLeft : null,
    };
  }

  indexBuilds(): IndexBuildInformation[] {
    const builds: IndexBuildInformation[] = [];
    for (const session of this.#session.server.sessions()) {
      const { indexProgress } = session;
      if (indexProgress === null) continue;
      const { tableOid, indexOid, command, phase, blocksTotal, blocksDone, tuplesTotal, tuplesDone } = indexProgress;
      builds.push({
        processId: session.identity.processId,
        databaseOid: session.database.oid,
        tableOid,
        indexOid,
        command,
        phase,
        blocksTotal,
        blocksDone,
        tuplesTotal,
        tuplesDone,
      });
    }
    return builds;
  }

  databaseSize(oid: number): number | null {
    const database = this.#session.server.database(oid);
    if (database === undefined) return null;
    const { engine } = database;
    let pages = 0;
    let indexBytes = 0;
    for (const relation of database.catalog.relations()) {
      if (relation.relId === 0) continue;
      pages += engine.heap(relation.relId).pages.pageCount;
      if (relation.overflowRelId !== 0) pages += engine.heap(relation.overflowRelId).pages.pageCount;
      for (const index of database.catalog.indexesOf(relation.oid)) {
        indexBytes += database.dictionary(index.oid, relation.relId)?.sizeBytes ?? 0;
      }
    }
    return pages * PAGE_SIZE + indexBytes;
  }
}
