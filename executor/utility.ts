/**
 * Statements that are not planned: transactions, settings, cursors, prepared statements, locks, maintenance, EXPLAIN, COPY, and the
 * definitions that executor/ddl runs.
 */
import type { RelationEntry } from '../catalog/entries.ts';
import { AVAILABLE_EXTENSIONS } from '../catalog/extensions.ts';
import type { Value } from '../catalog/function-entry.ts';
import { relationDenied, rightsOnRelation } from '../catalog/rights.ts';
import type {
  BeginStatement,
  ExecuteStatement,
  ExplainStatement,
  LockTableStatement,
  SetConstraintsStatement,
  SetStatement,
  SetTransactionStatement,
  StatementNode,
  TransactionModes,
} from '../parser/ast.ts';
import { bindScalar } from '../planner/index.ts';
import {
  ACCESS_EXCLUSIVE,
  ACCESS_SHARE,
  type CommitMoment,
  EXCLUSIVE,
  LOCK_GRANTED,
  type LockMode,
  ROW_EXCLUSIVE,
  ROW_SHARE,
  SHARE,
  SHARE_ROW_EXCLUSIVE,
  SHARE_UPDATE_EXCLUSIVE,
} from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { OID, typeByOid } from '../types/index.ts';
import { Batch } from './batch.ts';
import { scalarFunction } from './compile/batch-program.ts';
import { SlotAllocator } from './compile/expression.ts';
import { createIndexConcurrently } from './concurrent-index.ts';
import { ExecContext } from './context.ts';
import { runCopy } from './copy/copy.ts';
import { dropTemporary, runDdl } from './ddl-runner.ts';
import { runExplain } from './explain.ts';
import { momentOfExpression, readableStill } from './past.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import { reindex } from './reindex.ts';
import { ResultEncoder } from './result-encoder.ts';
import type { Session, Task } from './session.ts';
import type { FieldDescription } from './session-api.ts';
import { leaveRole } from './session-authorization.ts';
import { cluster, vacuum } from './vacuum.ts';

/** COMMIT, ROLLBACK and ROLLBACK TO: what a failed transaction still takes. */
export function isTransactionEnd(node: StatementNode): boolean {
  return node.kind === 'commit' || node.kind === 'rollback' || node.kind === 'rollbackToSavepoint';
}

function textField(name: string, typeOid: number = OID.TEXT): FieldDescription {
  return {
    name,
    tableOid: 0,
    columnNumber: 0,
    typeOid,
    typeLength: typeByOid(typeOid)?.length ?? -1,
    typeModifier: -1,
  };
}

/** What Describe says of a utility's result; null: no rows. */
export function utilityFields(session: Session, node: StatementNode): readonly FieldDescription[] | null {
  switch (node.kind) {
    case 'show':
      return node.name === null
        ? [textField('name'), textField('setting'), textField('description')]
        : [textField(showName(node.name))];
    case 'explain':
      return [textField('QUERY PLAN', explainType(node))];
    case 'fetch':
      return session.cursors.fields(node);
    case 'execute':
      return session.statements.named(node.name).fields;
    default:
      return null;
  }
}

/** SHOW heads its column as PostgreSQL spells the setting. */
function showName(name: string): string {
  const special: { readonly [name: string]: string } = {
    timezone: 'TimeZone',
    datestyle: 'DateStyle',
    intervalstyle: 'IntervalStyle',
  };
  return special[name] ?? name;
}

/** What EXPLAIN answers with; a format that there is not is refused when it runs. */
function explainType(node: ExplainStatement): number {
  const format = node.options.findLast((option) => option.name === 'format')?.value;
  return format === 'json' ? OID.JSON : format === 'xml' ? OID.XML : OID.TEXT;
}

/** Sends rows of text (or other) values; the description too, in a simple query. */
export function sendRows(
  session: Session,
  fields: readonly FieldDescription[],
  rows: readonly (readonly Value[])[],
  isSimple: boolean,
  formats: readonly number[],
): void {
  if (isSimple) session.sink.rowDescription(fields, []);
  const encoder = new ResultEncoder(
    fields.map((f) => f.typeOid),
    formats,
  );
  const batch = new Batch(fields.length);
  for (const row of rows) {
    row.forEach((value, c) => {
      batch.columns[c][0] = value;
    });
    batch.count = 1;
    encoder.encode(session.sink.out, batch, 0, 1, session.settings.format);
  }
}

const NOT_RESTRICTED: Readonly<Record<string, string>> = {
  listen: 'LISTEN',
  unlisten: 'UNLISTEN',
  close: 'CLOSE',
  prepare: 'PREPARE',
  deallocate: 'DEALLOCATE',
  discard: 'DISCARD',
};

/** What would outlast the work that is done in another's name. */
function refuseRestricted({ kind }: StatementNode): void {
  const word = NOT_RESTRICTED[kind];
  if (word !== undefined) throw sqlError('42501', `cannot execute ${word} within security-restricted operation`);
}

/** Runs a utility; answers its command tag, or null when it has sent one itself. */
export function* runUtility(
  session: Session,
  prepared: PreparedStatement,
  formats: readonly number[],
  isSimple: boolean,
  params: readonly Value[] = [],
): Task<string | null> {
  const node = prepared.node as StatementNode;
  const { transaction } = session;
  if (session.role.isRestricted) refuseRestricted(node);
  switch (node.kind) {
    case 'begin':
      return begin(session, node);
    case 'commit':
      return yield* commit(session, node.chain);
    case 'rollback':
      return yield* rollback(session, node.chain);
    case 'savepoint':
      requireBlock(session, 'SAVEPOINT');
      session.ensureTransaction();
      transaction.savepoint(node.name, session.settings.mark());
      return 'SAVEPOINT';
    case 'releaseSavepoint':
      requireBlock(session, 'RELEASE SAVEPOINT');
      transaction.savepoints.length = transaction.findSavepoint(node.name);
      return 'RELEASE';
    case 'rollbackToSavepoint':
      return yield* rollbackTo(session, node.name);
    case 'set':
      return set(session, node);
    case 'setTransaction':
      return setTransaction(session, node);
    case 'reset':
      if (node.name === null) session.settings.resetAll();
      else if (node.name === RETENTION) setRetention(session, null);
      else {
        session.settings.reset(node.name, { isSuperuser: session.role.maySet(node.name) });
        leaveRole(session.settings, node.name, false);
      }
      return 'RESET';
    case 'show':
      show(session, node.name, isSimple, formats);
      return 'SHOW';
    case 'setConstraints':
      return yield* setConstraints(session, node);
    case 'discard':
      if (node.target === 'temp' || (node.target === 'all' && !session.transaction.isBlock))
        yield* dropTemporary(session);
      return discard(session, node.target);
    case 'prepare': {
      if (session.statements.prepared.has(node.name))
        throw sqlError('42P05', `prepared statement "${node.name}" already exists`);
      const types = node.types.map((t) => session.server.typeOidOf(session, t));
      const text = prepared.text.slice(node.statementStart, node.statementEnd);
      session.statements.prepared.set(node.name, session.prepare(text, types, true));
      return 'PREPARE';
    }
    case 'execute':
      return yield* execute(session, node, isSimple, formats);
    case 'deallocate':
      if (node.name === null) session.statements.prepared.clear();
      else if (!session.statements.prepared.delete(node.name))
        throw sqlError('26000', `prepared statement "${node.name}" does not exist`);
      return node.name === null ? 'DEALLOCATE ALL' : 'DEALLOCATE';
    case 'declareCursor':
      session.ensureTransaction();
      yield* session.cursors.declare(node, prepared, params);
      return 'DECLARE CURSOR';
    case 'fetch':
    case 'move':
      return yield* session.cursors.fetch(node, isSimple, formats);
    case 'close':
      session.cursors.close(node);
      return node.cursor === null ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR';
    case 'lockTable':
      return yield* lockTables(session, node);
    case 'vacuum':
    case 'analyze':
      return yield* vacuum(session, node);
    case 'checkpoint':
      return yield* checkpoint(session);
    case 'cluster':
      return yield* cluster(session, node);
    case 'reindex':
      return yield* reindex(session, node);
    case 'load':
      loadModule(node.file);
      return 'LOAD';
    case 'listen':
      session.ensureTransaction();
      transaction.notifications.listen(node.channel);
      return 'LISTEN';
    case 'unlisten':
      session.ensureTransaction();
      transaction.notifications.unlisten(node.channel);
      return 'UNLISTEN';
    case 'notify':
      session.ensureTransaction();
      transaction.notifications.notify(node.channel, node.payload ?? '');
      return 'NOTIFY';
    case 'explain':
      return yield* runExplain(session, node, prepared, params, isSimple, formats);
    case 'copy':
      return yield* runCopy(session, node, prepared);
    default:
      if (node.kind === 'createIndex' && node.concurrently && !session.transaction.isBlock)
        return yield* createIndexConcurrently(session, prepared);
      return yield* runDdl(session, prepared);
  }
}

// ----------------------------------------------------------------------------------------------------- transactions

/** AS OF SYSTEM TIME; null: there is none. */
function pastOf(session: Session, { asOf, readOnly }: TransactionModes): CommitMoment | null {
  if (asOf === undefined) return null;
  if (readOnly === false) throw sqlError('42601', 'AS OF SYSTEM TIME cannot be given with READ WRITE');
  if (session.transaction.isBlock && session.transaction.hasSnapshot) {
    throw sqlError('25001', 'AS OF SYSTEM TIME must be given before any query');
  }
  return momentOfExpression(session, asOf);
}

function applyModes(session: Session, modes: TransactionModes, past: CommitMoment | null = null): void {
  const { transaction } = session;
  if (past !== null) transaction.beginPast(past);
  if (modes.isolation !== null) {
    if (transaction.hasSnapshot && modes.isolation !== transaction.isolation) {
      throw sqlError('25001', 'SET TRANSACTION ISOLATION LEVEL must be called before any query');
    }
    transaction.isolation = modes.isolation;
  }
  if (modes.readOnly !== null) {
    if (!modes.readOnly && transaction.moment !== null && past === null) {
      throw sqlError('25001', 'a transaction that reads the past cannot write');
    }
    if (!modes.readOnly && transaction.isReadOnly && transaction.hasSnapshot) {
      throw sqlError('25001', 'transaction read-write mode must be set before any query');
    }
    transaction.isReadOnly = modes.readOnly;
  }
  if (modes.deferrable !== null) transaction.isDeferrable = modes.deferrable;
}

function begin(session: Session, node: BeginStatement): string {
  const { transaction } = session;
  // Before the block is open: a time that cannot be read opens none.
  const past = pastOf(session, node.modes);
  if (transaction.isBlock)
    session.notice({ severity: 'WARNING', code: '25001', message: 'there is already a transaction in progress' });
  else {
    session.ensureTransaction();
    transaction.isBlock = true;
    transaction.isDeferrable = session.settings.boolean('default_transaction_deferrable');
  }
  applyModes(session, node.modes, past);
  return node.startTransaction ? 'START TRANSACTION' : 'BEGIN';
}

function* commit(session: Session, isChain: boolean): Task<string> {
  const { transaction } = session;
  if (!transaction.isBlock) {
    if (isChain) throw sqlError('25P01', 'COMMIT AND CHAIN can only be used in transaction blocks');
    session.notice({ severity: 'WARNING', code: '25P01', message: 'there is no transaction in progress' });
    // Statements before it in the same query are one implicit transaction.
    if (transaction.txn !== null) yield* session.commitTask();
    return 'COMMIT';
  }
  const modes = currentModes(session);
  const hasFailed = transaction.isFailed;
  if (hasFailed) yield* session.rollbackTask();
  else {
    try {
      yield* session.commitTask();
    } catch (error) {
      // A commit that fails (a deferred constraint) ends the transaction all the same.
      yield* session.rollbackTask();
      throw error;
    }
  }
  if (isChain) chain(session, modes);
  return hasFailed ? 'ROLLBACK' : 'COMMIT';
}

function* rollback(session: Session, isChain: boolean): Task<string> {
  const { transaction } = session;
  if (!transaction.isBlock) {
    if (isChain) throw sqlError('25P01', 'ROLLBACK AND CHAIN can only be used in transaction blocks');
    session.notice({ severity: 'WARNING', code: '25P01', message: 'there is no transaction in progress' });
    if (transaction.txn !== null) yield* session.rollbackTask();
    return 'ROLLBACK';
  }
  const modes = currentModes(session);
  yield* session.rollbackTask();
  if (isChain) chain(session, modes);
  return 'ROLLBACK';
}

interface ChainedModes {
  readonly modes: TransactionModes;
  readonly past: CommitMoment | null;
}

function currentModes(session: Session): ChainedModes {
  const { isolation, isReadOnly, isDeferrable, past, moment } = session.transaction;
  const readOnly = isReadOnly && moment === null && past === null;
  return { modes: { isolation, readOnly, deferrable: isDeferrable }, past: moment };
}

function chain(session: Session, { modes, past }: ChainedModes): void {
  session.ensureTransaction();
  session.transaction.isBlock = true;
  applyModes(session, modes, past === null ? null : readableStill(session, past));
}

function requireBlock(session: Session, what: string): void {
  if (!session.transaction.isBlock) throw sqlError('25P01', `${what} can only be used in transaction blocks`);
}

function* rollbackTo(session: Session, name: string): Task<string> {
  requireBlock(session, 'ROLLBACK TO SAVEPOINT');
  const { transaction } = session;
  const i = transaction.findSavepoint(name);
  for (const portal of session.portals.values()) portal.close();
  session.portals.clear();
  while (!transaction.rollbackToSavepoint(i)) yield undefined;
  session.settings.rollbackTo(transaction.savepoints[i].settingsMark);
  transaction.isFailed = false;
  return 'ROLLBACK';
}

// ----------------------------------------------------------------------------------------------------------- settings

function set(session: Session, node: SetStatement): string {
  if (node.scope === 'local' && !session.transaction.isBlock) {
    session.notice({ severity: 'WARNING', code: '25P01', message: 'SET LOCAL can only be used in transaction blocks' });
  }
  if (node.name === 'transaction_isolation' || node.name === 'transaction_read_only') {
    const text = node.values?.[0]?.value ?? '';
    if (node.name === 'transaction_isolation') {
      applyModes(session, {
        isolation: text.toLowerCase() as TransactionModes['isolation'],
        readOnly: null,
        deferrable: null,
      });
    } else applyModes(session, { isolation: null, readOnly: text === 'on' || text === 'true', deferrable: null });
    return 'SET';
  }
  if (node.name === RETENTION) {
    setRetention(session, node.values);
    return 'SET';
  }
  session.settings.setValues(node.name, node.values, {
    isLocal: node.scope === 'local',
    isSuperuser: session.role.maySet(node.name),
    isInterval: node.interval !== null,
  });
  leaveRole(session.settings, node.name, node.scope === 'local');
  return 'SET';
}

const RETENTION = 'version_retention';

/** For the whole server, at once: there is no ROLLBACK for it. */
function setRetention(session: Session, values: SetStatement['values']): void {
  if (!session.isSuperuser) throw sqlError('42501', `permission denied to set parameter "${RETENTION}"`);
  if (session.transaction.isBlock) {
    throw sqlError('25001', `parameter "${RETENTION}" cannot be set inside a transaction block`);
  }
  if (values !== null && values.length > 1) throw sqlError('22023', `SET ${RETENTION} takes only one argument`);
  session.server.setVersionRetention(values === null ? null : values[0].value);
}

function setTransaction(session: Session, node: SetTransactionStatement): string {
  if (node.snapshot !== null) throw sqlError('0A000', 'SET TRANSACTION SNAPSHOT is not supported');
  if (node.sessionCharacteristics) {
    if (node.modes.asOf !== undefined) {
      throw sqlError('0A000', 'AS OF SYSTEM TIME is not a characteristic of sessions', {
        hint: 'SET as_of_system_time has all transactions of the session read the past.',
      });
    }
    const { isolation, readOnly, deferrable } = node.modes;
    if (isolation !== null) session.settings.set('default_transaction_isolation', isolation);
    if (readOnly !== null) session.settings.set('default_transaction_read_only', readOnly ? 'on' : 'off');
    if (deferrable !== null) session.settings.set('default_transaction_deferrable', deferrable ? 'on' : 'off');
    return 'SET';
  }
  if (!session.transaction.isBlock) {
    session.notice({
      severity: 'WARNING',
      code: '25P01',
      message: 'SET TRANSACTION can only be used in transaction blocks',
    });
    return 'SET';
  }
  applyModes(session, node.modes, pastOf(session, node.modes));
  return 'SET';
}

function show(session: Session, name: string | null, isSimple: boolean, formats: readonly number[]): void {
  if (name === null) {
    const fields = [textField('name'), textField('setting'), textField('description')];
    const rows = session.settings.showAll().map((s) => [s.name, s.setting, s.description]);
    sendRows(session, fields, rows, isSimple, formats);
    return;
  }
  sendRows(session, [textField(showName(name))], [[session.settings.show(name)]], isSimple, formats);
}

function* setConstraints(session: Session, node: SetConstraintsStatement): Task<string> {
  if (!session.transaction.isBlock) {
    session.notice({
      severity: 'WARNING',
      code: '25P01',
      message: 'SET CONSTRAINTS can only be used in transaction blocks',
    });
    return 'SET CONSTRAINTS';
  }
  if (node.constraints === null) {
    session.constraintModes.clear();
    session.constraintModes.set(0, node.deferred);
  } else {
    for (const name of node.constraints) {
      const last = name[name.length - 1];
      const found = [...session.catalog.constraints()].filter((c) => c.name === last);
      if (found.length === 0) throw sqlError('42704', `constraint "${last}" does not exist`);
      if (!found.some((c) => c.deferrable)) throw sqlError('42809', `constraint "${last}" is not deferrable`);
      for (const constraint of found) session.constraintModes.set(constraint.oid, node.deferred);
    }
  }
  if (!node.deferred) yield* session.runDeferred((constraint) => !session.isDeferred(constraint));
  return 'SET CONSTRAINTS';
}

function discard(session: Session, target: 'all' | 'plans' | 'sequences' | 'temp'): string {
  if (target === 'all') {
    session.checkAlone('DISCARD ALL');
    session.settings.resetAll();
    session.statements.prepared.clear();
    session.cursors.close({ kind: 'close', cursor: null, position: -1 });
    session.functions.advisoryUnlockAll();
    session.server.notifications.unlisten(session, session.database.oid, null);
    session.functions.forgetSequences();
    session.settings.reset('session_authorization');
    leaveRole(session.settings, 'session_authorization', false);
  } else if (target === 'sequences') session.functions.forgetSequences();
  return `DISCARD ${target.toUpperCase()}`;
}

// ------------------------------------------------------------------------------------------------ prepared statements

function* execute(
  session: Session,
  node: ExecuteStatement,
  isSimple: boolean,
  formats: readonly number[],
): Task<string> {
  const prepared = session.statements.named(node.name);
  session.checkNotFailed(prepared.node);
  const params = executeArguments(session, node, prepared);
  if (!prepared.isPlanned) return (yield* runUtility(session, prepared, formats, isSimple)) as string;
  const variant = session.statements.variantForParameters(prepared, params);
  if (isSimple && prepared.fields !== null) session.sink.rowDescription(prepared.fields, []);
  const portal = new Portal(session, '', variant, params, null, formats);
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
    return portal.tag();
  } finally {
    portal.close();
  }
}

/** Values of EXECUTE's arguments. */
export function executeArguments(
  session: Session,
  node: Pick<ExecuteStatement, 'name' | 'args'>,
  prepared: PreparedStatement,
): Value[] {
  const types = prepared.parameterTypes;
  if (node.args.length !== types.length) {
    throw sqlError('42601', `wrong number of parameters for prepared statement "${node.name}"`, {
      detail: `Expected ${types.length} parameters but got ${node.args.length}.`,
    });
  }
  const environment = session.environment(session.catalog, []);
  const context = new ExecContext(session.engine);
  context.functions = session.functions;
  context.services = session;
  return node.args.map((arg, i) => {
    const expr = bindScalar(arg, null, environment, {
      source: 'value',
      targetType: { typeOid: types[i], typeModifier: -1 },
    });
    return scalarFunction(new SlotAllocator(), expr)(context);
  });
}

/** What PostgreSQL has as loadable modules is built in here, or is not there at all. */
function loadModule(file: string): void {
  const name = /^(?:\$libdir\/(?:plugins\/)?)?(\w+)(?:\.so)?$/.exec(file)?.[1] ?? '';
  if (name === 'auto_explain' || name === 'plpgsql' || AVAILABLE_EXTENSIONS.has(name)) return;
  throw sqlError('58P01', `could not access file "${file}": No such file or directory`);
}

// --------------------------------------------------------------------------------------------------------- maintenance

const LOCK_MODES: { readonly [mode in LockTableStatement['mode']]: LockMode } = {
  'access share': ACCESS_SHARE,
  'row share': ROW_SHARE,
  'row exclusive': ROW_EXCLUSIVE,
  'share update exclusive': SHARE_UPDATE_EXCLUSIVE,
  share: SHARE,
  'share row exclusive': SHARE_ROW_EXCLUSIVE,
  exclusive: EXCLUSIVE,
  'access exclusive': ACCESS_EXCLUSIVE,
};

/** Who may read a table may keep it from being dropped; what keeps others from writing wants a right to write. */
function checkLockRight(session: Session, relation: RelationEntry, mode: LockTableStatement['mode']): void {
  const rights = mode === 'access share' ? 'r' : mode === 'row exclusive' ? 'awdD' : 'wdD';
  if (rightsOnRelation(session.catalog, relation, session.authority, rights) === '') throw relationDenied(relation);
}

function* lockTables(session: Session, node: LockTableStatement): Task<string> {
  requireBlock(session, 'LOCK TABLE');
  const txn = session.ensureTransaction();
  for (const table of node.tables) {
    const relation = session.catalog.resolveRelation(table.name, session.searchPath(true));
    const name = table.name[table.name.length - 1];
    if (relation === undefined) throw sqlError('42P01', `relation "${table.name.join('.')}" does not exist`);
    if (relation.class !== 'relation') throw sqlError('42809', `"${name}" is not a table or view`);
    if (table.name.length > 1) session.checkSchema(table.name[table.name.length - 2]);
    checkLockRight(session, relation, node.mode);
    const { locks } = session.engine;
    const tag = locks.relationTag(session.database.oid, relation.oid);
    for (;;) {
      const answer = locks.acquire(txn, tag, LOCK_MODES[node.mode], !node.nowait);
      if (answer === LOCK_GRANTED) break;
      if (node.nowait) throw sqlError('55P03', `could not obtain lock on relation "${name}"`);
      session.isWaitingForLock = true;
      yield* session.wait();
    }
  }
  return 'LOCK TABLE';
}

function* checkpoint(session: Session): Task<string> {
  if (!session.role.isMemberOf('pg_checkpoint')) {
    throw sqlError('42501', 'must be superuser or have privileges of pg_checkpoint to do CHECKPOINT');
  }
  let isDone = false;
  let failure: Error | null = null;
  session.engine.checkpoint((error) => {
    isDone = true;
    failure = error;
    session.wakeAfter(0);
  });
  while (!isDone) yield* session.wait();
  if (failure !== null) throw failure;
  return 'CHECKPOINT';
}
