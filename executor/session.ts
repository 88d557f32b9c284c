/**
 * A session: one client's statements, portals, settings and transaction.
 *
 * What a protocol message starts is a task: a generator that yields whenever it must wait (a lock, a page, the log, the client,
 * or just the end of its time slice), after it has arranged to be woken. There is one at a time.
 *
 * Long, as messages, waits and interrupts are one state machine over the same few fields; what has a state of its own is beside it
 * (session-*.ts, transaction-end.ts, simple-query.ts, extended-query.ts).
 */

import type { Authority } from '../catalog/authority.ts';
import type { ConstraintEntry, RelationEntry } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import type { Catalog } from '../catalog/index.ts';
import { rightsOnColumn, rightsOnRelation } from '../catalog/rights.ts';
import type { ExpiryMode } from '../catalog/row-expiry.ts';
import type { Settings } from '../catalog/settings.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import type { StatementNode } from '../parser/index.ts';
import type { PlannerEnvironment } from '../planner/index.ts';
import {
  type LockOwner,
  PAGE_MISS,
  type StorageEngine,
  type TemporaryCounters,
  type TemporaryUsage,
  type Transaction,
} from '../storage/api.ts';
import { type SqlError, sqlError } from '../types/errors.ts';
import { decodeUtf8, useTypes } from '../types/index.ts';
import { activityText } from './activity-text.ts';
import { AutoExplain } from './auto-explain.ts';
import {
  type ExecContext,
  type ExecServices,
  type FollowUp,
  queryCanceled,
  SLICE_MS,
  sessionTerminated,
} from './context.ts';
import type { CopySource } from './copy/copy-source.ts';
import { Cursors } from './cursors.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import { runDeferredChecks } from './deferred-checks.ts';
import { bindPortal, describePortal, describeStatement, parseStatement, portalNamed } from './extended-query.ts';
import { runFunctionCall } from './function-call.ts';
import type { IndexProgress } from './index-progress.ts';
import { InternalStatements } from './internal-statements.ts';
import type { Notification } from './notifications.ts';
import { WAIT_SIGNAL, YIELD_SIGNAL } from './operators/operator.ts';
import { momentOfText } from './past.ts';
import { plannerEnvironment } from './planner-environment.ts';
import { PORTAL_DONE, PORTAL_PENDING, PORTAL_SUSPENDED, type Portal, type PortalAnswer } from './portal.ts';
import { Portals } from './portals.ts';
import type { PlanningSession, PreparedStatement } from './prepared-statement.ts';
import { ResultEncoder } from './result-encoder.ts';
import { isRowSecurityActive } from './row-security.ts';
import type { DatabaseServer } from './server.ts';
import {
  DONE,
  FAILED,
  type FieldDescription,
  type Notice,
  PENDING,
  type ProtocolSession,
  type ResultSink,
  type SessionHolder,
  type SessionIdentity,
  type Step,
} from './session-api.ts';
import { rollBackAndForget } from './session-end.ts';
import { SessionFunctions } from './session-functions.ts';
import { SessionNames } from './session-names.ts';
import { SessionRole } from './session-role.ts';
import { applyInitialSettings, settingsOf } from './session-settings.ts';
import { SessionStatements } from './session-statements.ts';
import { SessionTimers } from './session-timers.ts';
import { SessionTransaction } from './session-transaction.ts';
import { runSimpleQuery } from './simple-query.ts';
import { SessionStrings } from './string-rules.ts';
import type { TableRuntime } from './table-runtime.ts';
import { TransactionEnd } from './transaction-end.ts';
import { isTransactionEnd, runUtility } from './utility.ts';

/** A task: yields to wait, answers how the message ended. */
export type Task<T = Step> = Generator<undefined, T, undefined>;

/** What settings say of transactions, as of a version of them. */
interface TransactionDefaults {
  readonly version: number;
  readonly synchronousCommit: boolean;
  readonly isolation: SessionTransaction['isolation'];
  readonly isReadOnly: boolean;
  /** as_of_system_time. */
  readonly past: string;
}

export class Session implements ProtocolSession, PlanningSession, ExecServices {
  readonly server: DatabaseServer;
  readonly engine: StorageEngine;
  readonly database: DatabaseRuntime;
  readonly identity: SessionIdentity;
  readonly holder: SessionHolder;
  readonly sink: ResultSink;
  readonly role: SessionRole;
  readonly settings: Settings;
  readonly functions: SessionFunctions;
  readonly lockOwner: LockOwner;
  readonly transaction: SessionTransaction;
  readonly temporaryUsage: TemporaryUsage;
  readonly cursors: Cursors;
  readonly statements: SessionStatements;
  readonly portals = new Portals();
  /** session_replication_role is replica, as of a version of the settings. */
  #isReplica = false;
  #replicaVersion = -1;
  isWaitingForLock = false;
  /** Of the index that the session is building. */
  indexProgress: IndexProgress | null = null;
  /** Text of what runs. */
  activity = '';
  /** Of what ran last, as pg_stat_activity shows it of a session that is idle. */
  lastActivity = '';
  #task: Task | null = null;
  #interrupt: Error | null = null;
  #isClosed = false;
  /** The statement's portal that an error must close. */
  running: Portal | null = null;
  readonly #internal: InternalStatements;
  readonly #names: SessionNames;
  readonly #end: TransactionEnd;
  readonly #timers: SessionTimers;
  /** Other statements in the implicit transaction of the one that runs: of the same text, or before it in a pipeline. */
  company: 'none' | 'text' | 'pipeline' = 'none';
  #copyIn: CopySource | null = null;
  /** Not yet told: a transaction is under way. */
  #notifications: Notification[] = [];
  #isWoken = false;

  constructor(server: DatabaseServer, database: DatabaseRuntime, identity: SessionIdentity, holder: SessionHolder) {
    this.server = server;
    this.engine = database.engine;
    this.database = database;
    this.identity = identity;
    this.temporarySchema = `pg_temp_${identity.processId}`;
    this.holder = holder;
    this.sink = holder.sink;
    this.role = new SessionRole(this);
    this.lockOwner = this.engine.locks.createOwner(identity.processId);
    this.transaction = new SessionTransaction(this.engine, database, database.shared, this.lockOwner, this.#wake, () =>
      server.now(),
    );
    this.settings = settingsOf(this);
    this.#timers = new SessionTimers(this.settings, this.#wake);
    this.temporaryUsage = usageOf(this.settings, database.activity.temporary);
    this.functions = new SessionFunctions(this);
    this.cursors = new Cursors(this);
    this.statements = new SessionStatements(this);
    this.#internal = new InternalStatements(this);
    this.#names = new SessionNames(this);
    this.#end = new TransactionEnd(this);
    applyInitialSettings(this);
    server.attachNames(this);
  }

  // ------------------------------------------------------------------------------------------------------- identity

  /** Roles and databases as the transaction sees them: its own changes included. */
  get sharedCatalog(): SharedCatalog {
    return this.transaction.sharedCatalog;
  }

  get authority(): Authority {
    return this.role.authority;
  }

  get isSuperuser(): boolean {
    return this.role.isSuperuser;
  }

  get currentUser(): string {
    return this.role.currentUser;
  }

  /** Where a statement's snapshot is in time, at the moment when it is taken. */
  get snapshotTime(): number {
    const { past, snapshotTime } = this.transaction;
    return past?.moment.time ?? snapshotTime ?? this.server.now();
  }

  get transactionStatus(): 'I' | 'T' | 'E' {
    return this.transaction.status;
  }

  reportedSettings(): Iterable<readonly [name: string, value: string]> {
    return this.settings.reported();
  }

  get catalog(): Catalog {
    return this.transaction.catalog;
  }

  /** What storage knows a sequence by. */
  sequenceId(oid: number): number {
    return this.catalog.sequence(oid)?.storageId ?? oid;
  }

  lookFirstIn(schema: string | null): void {
    this.#names.lookFirstIn(schema);
  }

  searchPath(includeImplicit: boolean): readonly string[] {
    return this.#names.searchPath(includeImplicit);
  }

  /** Of a schema that a statement names: 42501 where the user may not look into it. */
  readonly checkSchema = (name: string): void => this.#names.checkSchema(name);

  /** A schema of the path came or went. */
  forgetSearchPath(): void {
    this.#names.forget();
  }

  /** Where this session's temporary tables are. */
  readonly temporarySchema: string;

  get bindingVersion(): string {
    return this.#names.bindingVersion;
  }

  environment(catalog: Catalog, parameterTypes: readonly number[]): PlannerEnvironment {
    return plannerEnvironment(this, catalog, parameterTypes);
  }

  ensureTransaction(): Transaction {
    if (this.transaction.txn === null) {
      const txn = this.transaction.ensure(this.server.now());
      const defaults = this.#transactionDefaults();
      txn.synchronousCommit = defaults.synchronousCommit;
      this.settings.format.now = this.transaction.startTimestamp;
      if (!this.transaction.isBlock) {
        this.transaction.isolation = defaults.isolation;
        this.transaction.isReadOnly = defaults.isReadOnly;
      }
      if (defaults.past !== '') this.transaction.beginPast(momentOfText(this, defaults.past));
      return txn;
    }
    return this.transaction.txn;
  }

  #defaults: TransactionDefaults | null = null;

  #transactionDefaults(): TransactionDefaults {
    const { settings } = this;
    if (this.#defaults?.version === settings.version) return this.#defaults;
    this.#defaults = {
      version: settings.version,
      synchronousCommit: settings.show('synchronous_commit') !== 'off',
      isolation: settings.show('default_transaction_isolation') as SessionTransaction['isolation'],
      isReadOnly: settings.boolean('default_transaction_read_only'),
      past: settings.text('as_of_system_time'),
    };
    return this.#defaults;
  }

  /** auto_explain: to the server's log, and to the client if it wants to see messages of this level. */
  logStatement(level: string, message: string): void {
    const severity = level.replace(/\d$/, '').toUpperCase() as Notice['severity'];
    this.server.writeLog(severity, message);
    this.notice({ severity, code: '00000', message });
  }

  readonly autoExplain = new AutoExplain(this);
  readonly strings = new SessionStrings(this);

  /** A text from the client: 22021, 22P05. */
  decode(bytes: Uint8Array): string {
    const { encoding } = this.sink;
    return encoding === null ? decodeUtf8(bytes, 0, bytes.length) : encoding.decode(bytes, 0, bytes.length);
  }

  notice(notice: Notice): void {
    if (this.#isClosed) return;
    const least = MESSAGE_LEVELS.indexOf(this.settings.show('client_min_messages'));
    if (notice.severity !== 'INFO' && MESSAGE_LEVELS.indexOf(notice.severity.toLowerCase()) < least) return;
    this.sink.notice(notice);
  }

  encoderFor(statement: PreparedStatement, formats: readonly number[]): ResultEncoder {
    const fields = statement.fields as readonly FieldDescription[];
    const { encoding } = this.sink;
    return statement.memoEncoder(
      formats,
      encoding,
      () =>
        new ResultEncoder(
          fields.map((f) => f.typeOid),
          formats,
          encoding,
        ),
    );
  }

  get sortMemoryBytes(): number {
    return this.settings.number('work_mem') * 1024;
  }

  get hashMemoryBytes(): number {
    return this.sortMemoryBytes * this.settings.number('hash_mem_multiplier');
  }

  // -------------------------------------------------------------------------------------------------------- waiting

  get wake(): () => void {
    return this.#wake;
  }

  readonly #wake = (): void => {
    this.isWaitingForLock = false;
    if (this.#task !== null && !this.#isWoken && !this.#isClosed) {
      this.#isWoken = true;
      this.holder.wake();
    }
  };

  /** Arranges to be woken by the clock. */
  wakeAfter(milliseconds: number): void {
    this.#timers.wakeAfter(milliseconds);
  }

  /** Arranges to be woken when the page is there that was just missed. */
  wakeOnLoad(): void {
    this.engine.pool.onLoaded(this.#wake);
  }

  /** Runs on; pages that were read in place (quick-reads.ts) are no reason to wait, for the length of a time slice. */
  #runPortal(portal: Portal, maxRows: number): PortalAnswer {
    let untilMs = 0;
    for (;;) {
      try {
        return portal.run(maxRows);
      } catch (error) {
        if (error !== PAGE_MISS || !this.engine.pool.isMissSettled) throw error;
        const nowMs = performance.now();
        if (untilMs === 0) untilMs = nowMs + SLICE_MS;
        else if (nowMs > untilMs) throw error;
      }
    }
  }

  /** Polls a portal; on PENDING whatever it waits for will wake the session. */
  pollPortal(portal: Portal, maxRows: number): PortalAnswer {
    let answer: PortalAnswer;
    try {
      answer = this.#runPortal(portal, maxRows);
    } catch (error) {
      if (error === PAGE_MISS) {
        this.engine.pool.onLoaded(this.#wake);
        return PORTAL_PENDING;
      }
      if (error === WAIT_SIGNAL) return PORTAL_PENDING;
      if (error !== YIELD_SIGNAL) throw error;
      setImmediate(this.#wake);
      return PORTAL_PENDING;
    }
    if (
      answer === PORTAL_PENDING &&
      !this.isWaitingForLock &&
      portal.execution?.context.isWaiting !== true &&
      !this.sink.isFull()
    ) {
      setImmediate(this.#wake);
    }
    return answer;
  }

  *wait(): Task<void> {
    // lock_timeout counts from where a wait for a lock begins.
    const timeout = this.transaction.txn?.isWaiting === true ? this.settings.number('lock_timeout') : 0;
    const timer = timeout > 0 ? setTimeout(() => this.#interruptWith(lockTimedOut()), timeout) : null;
    do {
      yield undefined;
      if (this.#interrupt !== null) {
        if (timer !== null) clearTimeout(timer);
        if (this.transaction.txn?.isWaiting === true) this.engine.locks.cancelWait(this.transaction.txn);
        const interrupt = this.#interrupt;
        this.#interrupt = null;
        throw interrupt;
      }
      // Something else may have woken us (COPY data, a clock of before): the wait for a lock goes on.
    } while (this.transaction.txn?.isWaiting === true);
    if (timer !== null) clearTimeout(timer);
  }

  /** Work of the server's own, in a transaction of its own. */
  maintain(activity: string, work: () => Task<void>): Step {
    return this.#start(this.#maintain(activity, work));
  }

  *#maintain(activity: string, work: () => Task<void>): Task {
    this.beginStatement(activity);
    yield* work();
    yield* this.commitTask();
    return DONE;
  }

  /** What never waits needs no task, but for its error. */
  #runNow(action: () => void): Step {
    useTypes(this.database.types);
    try {
      action();
      return DONE;
    } catch (error) {
      return this.#start(rethrow(error));
    }
  }

  #start(task: Task): Step {
    this.#timers.endIdle();
    this.#task = this.#guard(task);
    return this.resume();
  }

  resume(): Step {
    const task = this.#task;
    if (task === null) return DONE;
    useTypes(this.database.types);
    this.#isWoken = false;
    const result = task.next();
    if (result.done !== true) return PENDING;
    this.#task = null;
    return result.value;
  }

  *#guard(task: Task): Task {
    try {
      return yield* task;
    } catch (error) {
      yield* this.#fail(error);
      return FAILED;
    } finally {
      this.#endStatement();
    }
  }

  /** NOTIFY of others, or of the session's own transaction. */
  notify(notification: Notification): void {
    this.#notifications.push(notification);
    if (this.#task === null && this.running === null) this.#tellNotifications();
  }

  /** Between two transactions only. */
  #tellNotifications(): void {
    if (this.#notifications.length === 0 || this.transaction.isBlock || this.transaction.txn !== null) return;
    for (const { processId, channel, payload } of this.#notifications)
      this.sink.notification(processId, channel, payload);
    this.#notifications = [];
  }

  #endStatement(): void {
    this.#tellNotifications();
    this.#interrupt = null;
    this.#timers.startIdle(this.transaction.isBlock, this.#endWith);
    this.functions.endStatement();
    this.#timers.endStatement();
    if (this.activity !== '') this.lastActivity = activityText(this.activity);
    this.activity = '';
    if (this.settings.hasReports)
      for (const [name, value] of this.settings.takeReports()) this.sink.parameterStatus(name, value);
  }

  /** The statement failed: undoes it (or the transaction) and tells the client. */
  *#fail(error: unknown): Task<void> {
    this.#copyIn = null;
    this.running?.fail();
    this.running = null;
    this.#internal.close();
    if (!this.transaction.isBlock) yield* this.#end.rollback();
    else if (!this.transaction.isFailed) yield* this.#end.abortBlock();
    const reported = this.server.toSqlError(error);
    if (reported.code === '40P01') this.database.activity.deadlocks++;
    this.sink.error(reported);
  }

  // ----------------------------------------------------------------------------------------------------- transactions

  /** Commits a transaction that only read, at once; false when there is more to a commit than that. */
  commitReadOnly(): boolean {
    return this.#end.commitReadOnly();
  }

  commitTask(): Task<void> {
    return this.#end.commit();
  }

  rollbackTask(): Task<void> {
    return this.#end.rollback();
  }

  runDeferred(isDue?: (constraint: ConstraintEntry) => boolean): Task<void> {
    return runDeferredChecks(this, isDue);
  }

  /** hotrow_reset() was called: the fork goes back to its beginning when the statement's transaction has ended. */
  askForReset(): void {
    this.#end.askForReset();
  }

  // ---------------------------------------------------------------------------------------------------- simple query

  simpleQuery(text: Uint8Array): Step {
    return this.#start(runSimpleQuery(this, text));
  }

  functionCall(
    functionOid: number,
    parameterFormats: readonly number[],
    parameters: readonly (Uint8Array | null)[],
    resultFormat: number,
  ): Step {
    return this.#start(runFunctionCall(this, functionOid, parameterFormats, parameters, resultFormat));
  }

  /** A statement begins: its time, its timeout. */
  beginStatement(text: string): void {
    this.activity = text;
    this.functions.statementTimestamp = this.server.now();
    this.#timers.startStatement(this.#interruptWith);
  }

  /** In a transaction block, or one of several statements of a text, which are one transaction as well. */
  get isInBlock(): boolean {
    return this.transaction.isBlock || this.company === 'text';
  }

  /** 25001 unless the statement is alone in its transaction: for what cannot be undone, or commits by itself. */
  checkAlone(what: string): void {
    if (this.isInBlock) throw sqlError('25001', `${what} cannot run inside a transaction block`);
    if (this.company === 'pipeline') throw sqlError('25001', `${what} cannot be executed within a pipeline`);
  }

  /** 25P02 for anything but the end of a failed transaction. */
  checkNotFailed(node: StatementNode | null): void {
    if (!this.transaction.isFailed || (node !== null && isTransactionEnd(node))) return;
    throw sqlError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
  }

  // -------------------------------------------------------------------------------------------------------- extended

  parse(statementName: string, text: Uint8Array, parameterTypeOids: readonly number[]): Step {
    return this.#runNow(() => parseStatement(this, statementName, text, parameterTypeOids));
  }

  /** Parses and plans one statement, or finds it. `isScanned`: its strings have been warned of already. */
  prepare(text: string, types: readonly number[], isScanned = false): PreparedStatement {
    const rules = this.strings.rules;
    const quiet = isScanned && rules !== undefined ? { ...rules, onEscape: null } : rules;
    return this.statements.prepare(text, types, quiet);
  }

  bind(
    portalName: string,
    statementName: string,
    parameterFormats: readonly number[],
    parameters: readonly (Uint8Array | null)[],
    resultFormats: readonly number[],
  ): Step {
    return this.#runNow(() => bindPortal(this, portalName, statementName, parameterFormats, parameters, resultFormats));
  }

  describeStatement(statementName: string): Step {
    return this.#runNow(() => describeStatement(this, statementName));
  }

  describePortal(portalName: string): Step {
    return this.#runNow(() => describePortal(this, portalName));
  }

  execute(portalName: string, maxRows: number): Step {
    const portal = this.portals.find(portalName);
    if (portal === undefined || !portal.isPlanned || this.transaction.isFailed) {
      return this.#start(this.#execute(portalName, maxRows));
    }
    // Most statements never wait: only one that does becomes a task.
    this.beginStatement(portal.statement.text);
    this.running = portal;
    let answer: PortalAnswer;
    try {
      answer = this.pollPortal(portal, maxRows);
    } catch (error) {
      return this.#start(rethrow(error));
    }
    if (answer === PORTAL_PENDING) return this.#start(this.#executeOn(portal, maxRows));
    this.#endExecute(portal, answer);
    this.#endStatement();
    return DONE;
  }

  *#execute(name: string, maxRows: number): Task {
    const cursor = this.portals.find(name) === undefined ? this.cursors.find(name) : undefined;
    if (cursor !== undefined) {
      this.beginStatement(cursor.text);
      this.checkNotFailed(null);
      const tag = yield* this.cursors.execute(cursor, maxRows);
      this.#tellEnd(tag);
      return DONE;
    }
    const portal = portalNamed(this, name);
    const { node } = portal.statement;
    this.beginStatement(portal.statement.text);
    if (node === null) {
      this.sink.emptyQuery();
      return DONE;
    }
    this.checkNotFailed(node);
    const tag = yield* runUtility(this, portal.statement, portal.resultFormats, false, portal.params);
    // What must be alone in its transaction ends it: what follows in the pipeline takes nothing of it back.
    const endsAtOnce = node.kind === 'createDatabase' || node.kind === 'dropDatabase';
    if (endsAtOnce && !this.transaction.isBlock) yield* this.commitTask();
    this.company = endsAtOnce || node.kind === 'commit' || node.kind === 'rollback' ? 'none' : 'pipeline';
    if (tag !== null) this.sink.commandComplete(tag);
    return DONE;
  }

  /** A portal that has answered PENDING once. */
  *#executeOn(portal: Portal, maxRows: number): Task {
    let answer: PortalAnswer;
    do {
      yield* this.wait();
      answer = this.pollPortal(portal, maxRows);
    } while (answer === PORTAL_PENDING);
    this.#endExecute(portal, answer);
    return DONE;
  }

  #endExecute(portal: Portal, answer: PortalAnswer): void {
    this.running = null;
    this.company = 'pipeline';
    this.#tellEnd(answer === PORTAL_SUSPENDED ? null : portal.tag());
    if (answer === PORTAL_DONE) portal.finish();
  }

  /** Of an Execute; null: there may be more rows. */
  #tellEnd(tag: string | null): void {
    if (tag === null) this.sink.portalSuspended();
    else this.sink.commandComplete(tag);
  }

  closeStatement(statementName: string): Step {
    this.statements.prepared.delete(statementName);
    this.sink.closeComplete();
    return DONE;
  }

  closePortal(portalName: string): Step {
    this.portals.drop(portalName);
    this.cursors.closeNamed(portalName);
    this.sink.closeComplete();
    return DONE;
  }

  sync(failed: boolean): Step {
    this.company = 'none';
    if (this.transaction.isBlock) {
      // The holder refused a message by itself (a malformed Bind): the block fails with it.
      return failed && !this.transaction.isFailed ? this.#start(this.#failBlock()) : DONE;
    }
    if (this.transaction.txn === null) {
      if (!this.portals.isEmpty) this.portals.closeAll();
      return DONE;
    }
    if (!failed && this.#end.commitReadOnly()) {
      this.#tellNotifications();
      return DONE;
    }
    return this.#start(failed ? this.#syncFailed() : this.#syncCommit());
  }

  *#failBlock(): Task {
    yield* this.#end.abortBlock();
    return DONE;
  }

  *#syncCommit(): Task {
    yield* this.commitTask();
    return DONE;
  }

  *#syncFailed(): Task {
    yield* this.#end.rollback();
    return DONE;
  }

  // ------------------------------------------------------------------------------------------------------------ copy

  get copyInActive(): boolean {
    return this.#copyIn?.wantsData === true;
  }

  beginCopyIn(task: CopySource): void {
    this.#copyIn = task;
  }

  endCopyIn(): void {
    this.#copyIn = null;
  }

  copyData(bytes: Uint8Array, start: number, end: number): Step {
    const task = this.#copyIn;
    if (task === null) return this.resume();
    task.receive(bytes, start, end);
    // Clients send a message a row: waking the whole statement for each would cost more than the row.
    return task.bufferedBytes < COPY_BUFFER_BYTES ? PENDING : this.resume();
  }

  copyDone(): Step {
    this.#copyIn?.finish();
    return this.resume();
  }

  copyFail(message: string): Step {
    this.#copyIn?.fail(sqlError('57014', `COPY from stdin failed: ${message}`));
    return this.resume();
  }

  // ------------------------------------------------------------------------------------------------- cancel and close

  readonly #interruptWith = (error: Error): void => {
    if (this.#task === null) return;
    this.#interrupt = error;
    const execution = this.running?.execution;
    if (execution !== undefined && execution !== null) execution.context.interrupt = error;
    this.#wake();
  };

  cancel(): void {
    this.#interruptWith(queryCanceled('user request'));
  }

  terminate(): void {
    this.#endWith(sessionTerminated());
  }

  readonly #endWith = (reason: SqlError): void => {
    if (this.#task !== null) this.#interruptWith(reason);
    else this.holder.terminate?.(reason);
  };

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.server.notifications.unlisten(this, this.database.oid, null);
    this.#copyIn = null;
    this.#timers.endStatement();
    this.#timers.endIdle();
    const txn = this.transaction.txn;
    if (txn?.isWaiting === true) this.engine.locks.cancelWait(txn);
    this.running?.close();
    this.#internal.close();
    this.functions.endStatement();
    this.portals.closeAll();
    this.cursors.close({ kind: 'close', cursor: null, position: -1 });
    this.#task = null;
    rollBackAndForget(this);
  }

  // ------------------------------------------------------------------------------------------------ services to operators

  schemaName(schemaOid: number): string {
    return this.catalog.schemaName(schemaOid);
  }

  tableByOid(oid: number): TableRuntime {
    const entry = this.catalog.relation(oid);
    if (entry === undefined) throw sqlError('42P01', `could not open relation with OID ${oid}`);
    return this.database.table(this.catalog, entry);
  }

  hasHiddenRows(table: RelationEntry): boolean {
    return isRowSecurityActive(this, table);
  }

  readableColumns(table: RelationEntry): ReadonlySet<number> | null {
    const { authority, catalog } = this;
    if (rightsOnRelation(catalog, table, authority, 'r') !== '') return null;
    const readable = table.columns.filter((column) => rightsOnColumn(catalog, table, column, authority, 'r') !== '');
    return new Set(readable.map((column) => column.number));
  }

  get deferred(): Map<string, FollowUp> {
    return this.transaction.deferred;
  }

  isDeferred(constraint: ConstraintEntry): boolean {
    if (!constraint.deferrable) return false;
    const { constraintModes } = this.transaction;
    return constraintModes.get(constraint.oid) ?? constraintModes.get(0) ?? constraint.initiallyDeferred;
  }

  get isReplica(): boolean {
    const { settings } = this;
    // Asked for every row of a table with foreign keys.
    if (this.#replicaVersion !== settings.version) {
      this.#replicaVersion = settings.version;
      this.#isReplica = settings.text('session_replication_role') === 'replica';
    }
    return this.#isReplica;
  }

  runInternal(x: ExecContext, sql: string, params: readonly Value[], expiry: ExpiryMode = 'live'): number | null {
    return this.#internal.run(x, sql, params, expiry);
  }

  /** A statement of our own, whose names are qualified. */
  prepareInternal(sql: string, expiry: ExpiryMode): PreparedStatement {
    return this.#internal.prepare(sql, expiry);
  }
}

/** Levels of client_min_messages, the chattiest first. */
const MESSAGE_LEVELS = ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'notice', 'warning', 'error'];

function lockTimedOut(): SqlError {
  return sqlError('55P03', 'canceling statement due to lock timeout');
}

/** A task that fails at once: errors have one way to the client. */
// biome-ignore lint/correctness/useYield: it ends before it could wait
function* rethrow(error: unknown): Task {
  throw error;
}

function usageOf(settings: Settings, counters: TemporaryCounters): TemporaryUsage {
  return {
    bytes: 0,
    counters,
    get limitKb() {
      return settings.number('temp_file_limit');
    },
  };
}

/** COPY FROM: bytes gathered before the statement runs on. */
const COPY_BUFFER_BYTES = 65536;
