/** What functions ask of their session: FunctionContext. */

import { randomBytes as cryptoRandomBytes } from 'node:crypto';
import type { PolicyEntry, RelationEntry, SequenceEntry } from '../catalog/entries.ts';
import type { Evaluation, FunctionContext, Value } from '../catalog/function-entry.ts';
import { relationDenied, rightsOnRelation } from '../catalog/rights.ts';
import { type ExpiringType, expiryCutoff } from '../catalog/row-expiry.ts';
import type { SystemInformation } from '../catalog/system-information.ts';
import { updatableColumns } from '../planner/index.ts';
import { LOCK_GRANTED, LOCK_WAITING, SEQUENCE_LOG_VALUES } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { type FormatSettings, type Interval, snapshotText } from '../types/index.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { queryCanceled, sessionTerminated } from './context.ts';
import { printPolicyCondition, printRoutineBody, printViewQuery } from './definitions/index.ts';
import { domainCheckOf } from './domains.ts';
import { SessionLargeObjects } from './large-objects.ts';
import { WAIT_SIGNAL } from './operators/operator.ts';
import { Prewarm } from './prewarm.ts';
import { SessionRoutines } from './routines/session-routines.ts';
import { isRowSecurityActive } from './row-security.ts';
import type { Session } from './session.ts';
import { checkMaySignal, leaveRole } from './session-authorization.ts';
import { SessionSystemInformation } from './system-information.ts';
import { TableChanges } from './table-changes.ts';

const MICROS_1970_TO_2000 = 946684800000000;

export class SessionFunctions implements FunctionContext {
  readonly system: SystemInformation;
  readonly #session: Session;
  readonly #prewarm: Prewarm;
  readonly #changes: TableChanges;
  readonly routines: SessionRoutines;
  readonly largeObjects: SessionLargeObjects;
  readonly #currentValues = new LazyMap<number, number | bigint>();
  #lastSequence = 0;
  #seed: number | null = null;
  statementTimestamp = 0;
  evaluation: Evaluation = { seen: 0, done: 0, depth: 0, calls: [], called: 0 };
  /** When pg_sleep's current call ends; 0: none runs. */
  #sleepUntil = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#prewarm = new Prewarm(session);
    this.#changes = new TableChanges(session);
    this.routines = new SessionRoutines(session, this);
    this.largeObjects = new SessionLargeObjects(session);
    this.system = new SessionSystemInformation(session);
  }

  get format(): FormatSettings {
    return this.#session.settings.format;
  }

  get transactionTimestamp(): number {
    return this.#session.transaction.startTimestamp;
  }

  currentOf(cursor: string, tableOid: number): number | null {
    return this.#session.cursors.currentOf(cursor, tableOid);
  }

  resetFork(): void {
    this.#refuseReadOnly('hotrow_reset');
    this.#session.askForReset();
  }

  clockTimestamp(): number {
    return this.#session.server.now();
  }

  /** As of the snapshot of the statement that runs: to one that sees the rows of a moment, those are there that were there then. */
  expiryCutoff(typeOid: ExpiringType, ttl: Interval): number | bigint {
    const { running } = this.routines;
    const now = running === null ? this.#session.snapshotTime : (running.snapshotTime ??= this.#session.snapshotTime);
    return expiryCutoff(typeOid, ttl, now, this.#session.server.settings.show('TimeZone'));
  }

  random(): number {
    if (this.#seed === null) return Math.random();
    // xorshift32: enough for repeatable tests.
    let s = this.#seed;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#seed = s | 0 || 1;
    return (this.#seed >>> 0) / 4294967296;
  }

  setSeed(seed: number): void {
    this.#seed = Math.floor(seed * 2147483647) | 0 || 1;
  }

  randomBytes(count: number): Uint8Array {
    return cryptoRandomBytes(count);
  }

  get currentUser(): string {
    return this.#session.currentUser;
  }

  get sessionUser(): string {
    return this.#session.role.sessionUser;
  }

  get currentDatabase(): string {
    return this.#session.identity.database;
  }

  get processId(): number {
    return this.#session.identity.processId;
  }

  viewDefinition(oid: number, isPretty: boolean, wrapColumn: number): string {
    const { catalog } = this.#session;
    const view = catalog.relation(oid) as RelationEntry;
    return printViewQuery(catalog, view, this.searchPath(true), isPretty, wrapColumn);
  }

  policyCondition(oid: number, part: 'using' | 'check'): string {
    const { catalog } = this.#session;
    return printPolicyCondition(catalog, catalog.policy(oid) as PolicyEntry, part, this.searchPath(true));
  }

  isRowSecurityActive(oid: number): boolean {
    const table = this.#session.catalog.relation(oid);
    return table !== undefined && isRowSecurityActive(this.#session, table);
  }

  routineBody(text: string): string {
    return printRoutineBody(this.#session.catalog, text, this.searchPath(true));
  }

  updatableViewColumns(oid: number): readonly boolean[] | null {
    const { catalog } = this.#session;
    const view = catalog.relation(oid);
    if (view?.kind !== 'view' || view.queryText === null) return null;
    return updatableColumns(view, this.#session.environment(catalog, []));
  }

  searchPath(includeImplicit: boolean): readonly string[] {
    return this.#session.searchPath(includeImplicit);
  }

  checkDomain(typeOid: number, value: Value): void {
    const { engine, catalog, database } = this.#session;
    domainCheckOf(engine, catalog, typeOid, database.bindEnvironment(catalog))?.(this, value);
  }

  getSetting(name: string, missingOk: boolean): string | null {
    const value = this.#session.settings.showOrNull(name);
    if (value === null && !missingOk) throw sqlError('42704', `unrecognized configuration parameter "${name}"`);
    return value;
  }

  setSetting(name: string, value: string, isLocal: boolean): string {
    this.#session.settings.set(name, value, { isLocal, isSuperuser: this.#session.role.maySet(name) });
    leaveRole(this.#session.settings, name, isLocal);
    return this.#session.settings.show(name);
  }

  // ------------------------------------------------------------------------------------------------------ sequences

  #sequence(oid: number): SequenceEntry {
    const entry = this.#session.catalog.sequence(oid);
    if (entry !== undefined) return entry;
    const { catalog } = this.#session;
    const other = catalog.relation(oid) ?? catalog.index(oid);
    if (other !== undefined) throw sqlError('42809', `"${other.name}" is not a sequence`);
    throw sqlError('42P01', `could not open relation with OID ${oid}`);
  }

  #refuseReadOnly(name: string): void {
    if (!this.#session.transaction.isReadOnly) return;
    throw sqlError('25006', `cannot execute ${name}() in a read-only transaction`);
  }

  /** 42501 where the user has none of the rights. */
  #require(entry: SequenceEntry, rights: string): void {
    const { authority, catalog } = this.#session;
    if (authority.isSuperuser) return;
    if (rightsOnRelation(catalog, entry, authority, rights) === '') throw relationDenied(entry);
  }

  nextval(oid: number, isChecked = true): number | bigint {
    const entry = this.#sequence(oid);
    if (isChecked) this.#require(entry, 'Uw');
    // Temporary sequences are nobody else's business.
    if (entry.persistence !== 'temporary') this.#refuseReadOnly('nextval');
    const { engine } = this.#session;
    const state = engine.sequenceState(entry.storageId ?? oid);
    if (state === null) throw sqlError('42P01', `could not open relation with OID ${oid}`);
    this.#awaitSequence(oid);
    const increment = BigInt(entry.increment);
    const next = nextValue(entry, BigInt(state.lastValue), state.isCalled);
    let ahead = next + increment * BigInt(SEQUENCE_LOG_VALUES);
    if (ahead > BigInt(entry.maximum)) ahead = BigInt(entry.maximum);
    if (ahead < BigInt(entry.minimum)) ahead = BigInt(entry.minimum);
    const value = plain(next);
    engine.setSequence(entry.storageId ?? oid, value, true, this.#session.ensureTransaction(), plain(ahead));
    this.#currentValues.set(oid, value);
    this.#lastSequence = oid;
    return value;
  }

  /** Somebody has started it again, and may take that back. */
  #awaitSequence(oid: number): void {
    const session = this.#session;
    const txn = session.ensureTransaction();
    const blocker = session.engine.sequenceBlocker(session.sequenceId(oid), txn);
    if (blocker === null) return;
    session.engine.locks.waitForTransaction(txn, blocker);
    session.isWaitingForLock = true;
    throw WAIT_SIGNAL;
  }

  currval(oid: number): number | bigint {
    this.#require(this.#sequence(oid), 'rU');
    const value = this.#currentValues.get(oid);
    if (value === undefined) {
      throw sqlError('55000', `currval of sequence "${this.#sequence(oid).name}" is not yet defined in this session`);
    }
    return value;
  }

  lastval(): number | bigint {
    const value = this.#currentValues.get(this.#lastSequence);
    if (value === undefined || this.#session.catalog.sequence(this.#lastSequence) === undefined)
      throw sqlError('55000', 'lastval is not yet defined in this session');
    this.#require(this.#sequence(this.#lastSequence), 'rU');
    return value;
  }

  setval(oid: number, value: number | bigint, isCalled: boolean): number | bigint {
    const entry = this.#sequence(oid);
    this.#require(entry, 'w');
    if (entry.persistence !== 'temporary') this.#refuseReadOnly('setval');
    const big = BigInt(value);
    if (big < BigInt(entry.minimum) || big > BigInt(entry.maximum)) {
      throw sqlError(
        '22003',
        `setval: value ${value} is out of bounds for sequence "${entry.name}" (${entry.minimum}..${entry.maximum})`,
      );
    }
    this.#awaitSequence(oid);
    this.#session.engine.setSequence(entry.storageId ?? oid, value, isCalled, this.#session.ensureTransaction());
    if (isCalled) this.#currentValues.set(oid, value);
    return value;
  }

  /** DISCARD SEQUENCES. */
  forgetSequences(): void {
    this.#currentValues.clear();
    this.#lastSequence = 0;
  }

  // ---------------------------------------------------------------------------------------------------------- others

  signalSession(processId: number, terminate: boolean): boolean {
    const session = this.#session;
    const user = session.server.userOf(processId);
    if (user === null) {
      this.notice('WARNING', '01000', `PID ${processId} is not a PostgreSQL backend process`);
      return false;
    }
    checkMaySignal(session, user, terminate);
    // One's own statement does not come to its end.
    if (processId === session.identity.processId) throw terminate ? sessionTerminated() : queryCanceled('user request');
    return session.server.signalSession(processId, terminate);
  }

  currentXid(assign: boolean): number | null {
    const txn = this.#session.ensureTransaction();
    // One for each writing statement: the first stands for the transaction.
    if (txn.xidRuns.length > 0) return txn.xidRuns[0];
    return assign ? this.#session.engine.transactions.statementXid(txn) : null;
  }

  currentSnapshot(): string {
    const session = this.#session;
    const txn = session.ensureTransaction();
    const snapshot = session.transaction.takeSnapshot();
    try {
      return snapshotText(session.engine.transactions.describeSnapshot(snapshot, txn));
    } finally {
      session.transaction.releaseSnapshot(snapshot);
    }
  }

  exportSnapshot(): string {
    this.#session.ensureTransaction();
    return this.#session.transaction.exportSnapshot(this.processId);
  }

  xactStatus(xid: number | bigint): 'in progress' | 'committed' | 'aborted' | 'future' | null {
    return this.#session.engine.transactions.statusOf(Number(xid));
  }

  get catalog(): unknown {
    return this.#session.catalog;
  }

  relationSize(relationOid: number): number | null {
    const { catalog, engine, database } = this.#session;
    const relation = catalog.relation(relationOid);
    if (relation !== undefined) return relation.relId === 0 ? 0 : engine.heap(relation.relId).pages.pageCount * 8192;
    const index = catalog.index(relationOid);
    if (index !== undefined) {
      const table = catalog.relation(index.tableOid);
      return table === undefined ? null : (database.dictionary(relationOid, table.relId)?.sizeBytes ?? 0);
    }
    return catalog.sequence(relationOid) === undefined ? null : 8192;
  }

  overflowSize(relationOid: number): number {
    const { catalog, engine } = this.#session;
    const relId = catalog.relation(relationOid)?.overflowRelId ?? 0;
    return relId === 0 ? 0 : engine.heap(relId).pages.pageCount * 8192;
  }

  advisoryLock(
    key: number | bigint,
    key2: number | null,
    shared: boolean,
    transactionScoped: boolean,
    wait: boolean,
  ): boolean {
    const session = this.#session;
    const txn = session.ensureTransaction();
    const answer = session.engine.locks.acquireAdvisory(
      txn,
      advisoryKey(session.database.oid, key, key2),
      !shared,
      !transactionScoped,
      wait,
    );
    if (answer === LOCK_GRANTED) return true;
    if (answer !== LOCK_WAITING) return false;
    session.isWaitingForLock = true;
    throw WAIT_SIGNAL;
  }

  advisoryUnlock(key: number | bigint, key2: number | null, shared: boolean): boolean {
    const session = this.#session;
    const isHeld = session.engine.locks.releaseAdvisory(
      session.lockOwner,
      advisoryKey(session.database.oid, key, key2),
      !shared,
    );
    if (!isHeld)
      this.notice('WARNING', '01000', `you don't own a lock of type ${shared ? 'ShareLock' : 'ExclusiveLock'}`);
    return isHeld;
  }

  notify(channel: string, payload: string): void {
    this.#session.ensureTransaction();
    this.#session.transaction.notifications.notify(channel, payload);
  }

  listeningChannels(): string[] {
    return this.#session.server.notifications.channelsOf(this.#session);
  }

  advisoryUnlockAll(): void {
    this.#session.engine.locks.releaseAllAdvisory(this.#session.lockOwner);
  }

  notice(severity: 'NOTICE' | 'WARNING', code: string, message: string, detail?: string): void {
    this.#session.notice({ severity, code, message, ...(detail === undefined ? {} : { detail }) });
  }

  sleep(seconds: number): void {
    const { evaluation } = this;
    evaluation.seen++;
    if (evaluation.seen <= evaluation.done) return;
    const now = performance.now();
    if (this.#sleepUntil === 0 && seconds > 0) this.#sleepUntil = now + seconds * 1000;
    if (now >= this.#sleepUntil) {
      this.#sleepUntil = 0;
      evaluation.done = evaluation.seen;
      return;
    }
    this.#session.wakeAfter(this.#sleepUntil - now);
    throw WAIT_SIGNAL;
  }

  prewarm(
    relationOid: number | null,
    mode: string | null,
    fork: string | null,
    first: number | bigint | null,
    last: number | bigint | null,
  ): number {
    return this.#prewarm.blocks(relationOid, mode, fork, first, last);
  }

  tableChanges(tableOid: number, since: number, until: number | null): Value[][] {
    return this.#changes.diff(tableOid, since, until);
  }

  rewindTable(tableOid: number, to: number): number {
    this.#refuseReadOnly('hotrow_rewind');
    return this.#changes.rewind(tableOid, to);
  }

  /** A statement ended, however: a sleep in it is over. */
  endStatement(): void {
    this.#sleepUntil = 0;
    this.evaluation.seen = 0;
    this.evaluation.done = 0;
    this.routines.endStatement();
    this.#prewarm.reset();
    this.#changes.reset();
  }
}

function plain(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

function nextValue(entry: SequenceEntry, last: bigint, isCalled: boolean): bigint {
  if (!isCalled) return last;
  const increment = BigInt(entry.increment);
  const next = last + increment;
  const maximum = BigInt(entry.maximum);
  const minimum = BigInt(entry.minimum);
  if (increment > 0n && next > maximum) {
    if (!entry.cycle)
      throw sqlError('2200H', `nextval: reached maximum value of sequence "${entry.name}" (${entry.maximum})`);
    return minimum;
  }
  if (increment < 0n && next < minimum) {
    if (!entry.cycle)
      throw sqlError('2200H', `nextval: reached minimum value of sequence "${entry.name}" (${entry.minimum})`);
    return maximum;
  }
  return next;
}

/** Of the database; one- and two-key locks are different locks, as in PostgreSQL. */
function advisoryKey(databaseOid: number, key: number | bigint, key2: number | null): string {
  if (key2 !== null) return `${databaseOid},${Number(key) >>> 0},${key2 >>> 0},2`;
  const bits = BigInt.asUintN(64, BigInt(key));
  return `${databaseOid},${bits >> 32n},${bits & 0xffffffffn},1`;
}

export function microsecondsSince2000(millisecondsSince1970: number): number {
  return Math.round(millisecondsSince1970 * 1000) - MICROS_1970_TO_2000;
}
