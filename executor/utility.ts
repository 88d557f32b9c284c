/**
 * Statements that are not planned: transactions, settings, cursors, prepared statements, locks, maintenance, EXPLAIN, COPY, and the
 * definitions that executor/ddl runs.
 */
import { AVAILABLE_EXTENSIONS } from '../catalog/extensions/available.ts';
import type { Value } from '../catalog/function-entry.ts';
import type {
  ExecuteStatement,
  ExplainStatement,
  ListenStatement,
  NotifyStatement,
  PrepareStatement,
  StatementNode,
  UnlistenStatement,
} from '../parser/ast.ts';
import { errorPosition } from '../parser/index.ts';
import { sqlError } from '../types/errors.ts';
import { OID } from '../types/index.ts';
import { createIndexConcurrently } from './concurrent-index.ts';
import { runCopy } from './copy/copy.ts';
import { dropTemporary, runDdl } from './ddl-runner.ts';
import { executeArguments, ofPrepared } from './execute-arguments.ts';
import { runExplain } from './explain.ts';
import { lockTables } from './lock-tables.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import { reindex } from './reindex.ts';
import type { Session, Task } from './session.ts';
import type { FieldDescription } from './session-api.ts';
import { discard, reset, set, show, showName } from './setting-statements.ts';
import {
  begin,
  commit,
  releaseSavepoint,
  rollback,
  rollbackTo,
  savepoint,
  setConstraints,
  setTransaction,
} from './transaction-statements.ts';
import { textField } from './utility-rows.ts';
import { cluster, vacuum } from './vacuum.ts';

/** COMMIT, ROLLBACK and ROLLBACK TO: what a failed transaction still takes. */
export function isTransactionEnd(node: StatementNode): boolean {
  return node.kind === 'commit' || node.kind === 'rollback' || node.kind === 'rollbackToSavepoint';
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

/** What EXPLAIN answers with; a format that there is not is refused when it runs. */
function explainType(node: ExplainStatement): number {
  const format = node.options.findLast((option) => option.name === 'format')?.value;
  return format === 'json' ? OID.JSON : format === 'xml' ? OID.XML : OID.TEXT;
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
  if (session.role.isRestricted) refuseRestricted(node);
  switch (node.kind) {
    case 'begin':
      return begin(session, node);
    case 'commit':
      return yield* commit(session, node.chain);
    case 'rollback':
      return yield* rollback(session, node.chain);
    case 'savepoint':
      return savepoint(session, node.name);
    case 'releaseSavepoint':
      return releaseSavepoint(session, node.name);
    case 'rollbackToSavepoint':
      return yield* rollbackTo(session, node.name);
    case 'set':
      return set(session, node);
    case 'setTransaction':
      return setTransaction(session, node);
    case 'reset':
      return reset(session, node.name);
    case 'show':
      show(session, node.name, isSimple, formats);
      return 'SHOW';
    case 'setConstraints':
      return yield* setConstraints(session, node);
    case 'discard':
      if (node.target === 'temp' || (node.target === 'all' && !session.transaction.isBlock))
        yield* dropTemporary(session);
      return discard(session, node.target);
    case 'prepare':
      return prepare(session, node, prepared.text);
    case 'execute':
      return yield* execute(session, node, isSimple, formats);
    case 'deallocate':
      return deallocate(session, node.name);
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
      return loadModule(node.file);
    case 'listen':
    case 'unlisten':
    case 'notify':
      return notifications(session, node);
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

// ------------------------------------------------------------------------------------------------ prepared statements

function prepare(session: Session, node: PrepareStatement, text: string): string {
  const { prepared } = session.statements;
  if (prepared.has(node.name)) throw sqlError('42P05', `prepared statement "${node.name}" already exists`);
  const types = node.types.map((t) => session.server.typeOidOf(session, t));
  const before = errorPosition(text, node.statementStart) - 1;
  let statement: PreparedStatement;
  try {
    statement = session.prepare(text.slice(node.statementStart, node.statementEnd), types, true);
  } catch (error) {
    throw ofPrepared(error, before);
  }
  session.statements.add(node.name, statement, text, before);
  return 'PREPARE';
}

function deallocate(session: Session, name: string | null): string {
  const { prepared } = session.statements;
  if (name === null) prepared.clear();
  else if (!prepared.delete(name)) throw sqlError('26000', `prepared statement "${name}" does not exist`);
  return name === null ? 'DEALLOCATE ALL' : 'DEALLOCATE';
}

function* execute(
  session: Session,
  node: ExecuteStatement,
  isSimple: boolean,
  formats: readonly number[],
): Task<string> {
  const prepared = session.statements.named(node.name);
  session.checkNotFailed(prepared.node);
  const params = yield* executeArguments(session, node, prepared);
  if (!prepared.isPlanned) return (yield* runUtility(session, prepared, formats, isSimple, params)) as string;
  let portal: Portal | null = null;
  try {
    const variant = session.statements.variantForParameters(prepared, params);
    if (isSimple && prepared.fields !== null) session.sink.rowDescription(prepared.fields, []);
    portal = new Portal(session, '', variant, params, null, formats);
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
    return portal.tag();
  } catch (error) {
    throw ofPrepared(error, session.statements.preparation(node.name).length);
  } finally {
    portal?.close();
  }
}

/** What PostgreSQL has as loadable modules is built in here, or is not there at all. */
function loadModule(file: string): string {
  const name = /^(?:\$libdir\/(?:plugins\/)?)?(\w+)(?:\.so)?$/.exec(file)?.[1] ?? '';
  if (name === 'auto_explain' || name === 'plpgsql' || AVAILABLE_EXTENSIONS.has(name)) return 'LOAD';
  throw sqlError('58P01', `could not access file "${file}": No such file or directory`);
}

/** LISTEN, UNLISTEN and NOTIFY take effect when the transaction commits. */
function notifications(session: Session, node: ListenStatement | UnlistenStatement | NotifyStatement): string {
  session.ensureTransaction();
  const { notifications } = session.transaction;
  if (node.kind === 'listen') {
    notifications.listen(node.channel);
    return 'LISTEN';
  }
  if (node.kind === 'unlisten') {
    notifications.unlisten(node.channel);
    return 'UNLISTEN';
  }
  notifications.notify(node.channel, node.payload ?? '');
  return 'NOTIFY';
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
