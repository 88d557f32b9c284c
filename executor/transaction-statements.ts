/** Statements about the transaction itself: BEGIN, COMMIT, ROLLBACK, savepoints, its modes, and when its constraints are checked. */
import type { ConstraintEntry } from '../catalog/entries.ts';
import type {
  BeginStatement,
  SetConstraintsStatement,
  SetTransactionStatement,
  TransactionModes,
} from '../parser/ast.ts';
import type { CommitMoment } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { momentOfExpression, readableStill } from './past.ts';
import type { Session, Task } from './session.ts';

/** AS OF SYSTEM TIME; null: there is none. */
function pastOf(session: Session, { asOf, readOnly }: TransactionModes): CommitMoment | null {
  if (asOf === undefined) return null;
  if (readOnly === false) throw sqlError('42601', 'AS OF SYSTEM TIME cannot be given with READ WRITE');
  if (session.transaction.isBlock && session.transaction.hasSnapshot) {
    throw sqlError('25001', 'AS OF SYSTEM TIME must be given before any query');
  }
  return momentOfExpression(session, asOf);
}

/** Sets what the modes name: isolation, READ ONLY, DEFERRABLE, and the moment that is seen. */
export function applyModes(session: Session, modes: TransactionModes, past: CommitMoment | null = null): void {
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
    if (!modes.readOnly && transaction.isReadOnly && transaction.savepoints.length > 0) {
      throw sqlError('25001', 'cannot set transaction read-write mode inside a read-only transaction');
    }
    if (!modes.readOnly && transaction.isReadOnly && transaction.hasSnapshot) {
      throw sqlError('25001', 'transaction read-write mode must be set before any query');
    }
    transaction.isReadOnly = modes.readOnly;
  }
  if (modes.deferrable !== null) transaction.isDeferrable = modes.deferrable;
}

/** BEGIN, START TRANSACTION. */
export function begin(session: Session, node: BeginStatement): string {
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

/** COMMIT; ROLLBACK of a block that has failed. */
export function* commit(session: Session, isChain: boolean): Task<string> {
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

/** ROLLBACK. */
export function* rollback(session: Session, isChain: boolean): Task<string> {
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

/** 25P01 outside a transaction block. */
function requireBlock(session: Session, what: string): void {
  if (!session.transaction.isBlock) throw sqlError('25P01', `${what} can only be used in transaction blocks`);
}

/** SAVEPOINT. */
export function savepoint(session: Session, name: string): string {
  requireBlock(session, 'SAVEPOINT');
  session.ensureTransaction();
  session.transaction.savepoint(name, session.settings.mark());
  return 'SAVEPOINT';
}

/** RELEASE SAVEPOINT. */
export function releaseSavepoint(session: Session, name: string): string {
  requireBlock(session, 'RELEASE SAVEPOINT');
  const { transaction } = session;
  const i = transaction.findSavepoint(name);
  transaction.releaseSavepoint(i);
  session.portals.release(i);
  session.cursors.release(i);
  session.functions.largeObjects.released(i);
  return 'RELEASE';
}

/** ROLLBACK TO SAVEPOINT. */
export function* rollbackTo(session: Session, name: string): Task<string> {
  requireBlock(session, 'ROLLBACK TO SAVEPOINT');
  const { transaction } = session;
  const i = transaction.findSavepoint(name);
  session.portals.rollbackTo(i);
  session.cursors.rollbackTo(i);
  while (!transaction.rollbackToSavepoint(i)) yield undefined;
  session.settings.rollbackTo(transaction.savepoints[i].settingsMark);
  session.functions.largeObjects.rolledBackTo(i);
  transaction.isFailed = false;
  return 'ROLLBACK';
}

/** SET TRANSACTION, SET SESSION CHARACTERISTICS. */
export function setTransaction(session: Session, node: SetTransactionStatement): string {
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
  if (!session.isInBlock) {
    session.notice({
      severity: 'WARNING',
      code: '25P01',
      message: 'SET TRANSACTION can only be used in transaction blocks',
    });
    if (node.snapshot === null) return 'SET';
  }
  session.ensureTransaction();
  if (node.snapshot !== null) session.transaction.importSnapshot(node.snapshot);
  else applyModes(session, node.modes, pastOf(session, node.modes));
  return 'SET';
}

/**
 * The deferrable constraints of a name: of its schema, or of the first in the search path that has one. 3F000, 42704: there is none;
 * 42809: one that is to be deferred cannot be.
 */
function deferrableConstraints(session: Session, names: readonly string[], deferred: boolean): ConstraintEntry[] {
  const { catalog } = session;
  const path = session.searchPath(true);
  const name = names[names.length - 1];
  if (names.length > 2 && names[0] !== catalog.databaseName) {
    throw sqlError('0A000', `cross-database references are not implemented: "${names.join('.')}"`);
  }
  const schemas = names.length === 1 ? path : [names[names.length - 2]];
  for (const schemaName of schemas) {
    const schema = catalog.schemaOfPath(schemaName, path);
    if (names.length > 1) {
      if (schema === undefined) throw sqlError('3F000', `schema "${schemaName}" does not exist`);
      session.checkSchema(schema.name);
    }
    const found = schema === undefined ? [] : catalog.constraintsByName(schema.oid, name);
    if (deferred && found.some(({ deferrable }) => !deferrable)) {
      throw sqlError('42809', `constraint "${name}" is not deferrable`);
    }
    if (found.length > 0) return found.filter(({ deferrable }) => deferrable);
  }
  throw sqlError('42704', `constraint "${name}" does not exist`);
}

/** SET CONSTRAINTS: constraints that become immediate are checked now. */
export function* setConstraints(session: Session, node: SetConstraintsStatement): Task<string> {
  const { constraints, deferred } = node;
  if (!session.isInBlock) {
    session.notice({
      severity: 'WARNING',
      code: '25P01',
      message: 'SET CONSTRAINTS can only be used in transaction blocks',
    });
  }
  const found = constraints?.flatMap((names) => deferrableConstraints(session, names, deferred));
  if (!session.isInBlock) return 'SET CONSTRAINTS';
  const { constraintModes } = session.transaction;
  if (found === undefined) {
    constraintModes.clear();
    constraintModes.set(0, deferred);
  } else for (const { oid } of found) constraintModes.set(oid, deferred);
  if (!deferred) yield* session.runDeferred((constraint) => !session.isDeferred(constraint));
  return 'SET CONSTRAINTS';
}
