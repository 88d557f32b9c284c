/** Runs definitions, and lets them wait: those of statements, and those that the session needs of its own. */
import type { IndexEntry } from '../catalog/entries.ts';
import type { Statement, StatementNode } from '../parser/ast.ts';
import { ACCESS_EXCLUSIVE } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import type { DdlContext, DdlSteps } from './ddl/context.ts';
import { applyOnCommit, dropTemporaryObjects, executeDdl } from './ddl/index.ts';
import { markClustered } from './ddl/indexes.ts';
import { overNewHeap, rewrite } from './ddl/rewrite.ts';
import type { CountedFill } from './plan-counters.ts';
import { PreparedStatement } from './prepared-statement.ts';
import type { Session, Task } from './session.ts';
import { SessionDdlContext } from './session-ddl-context.ts';

/** Runs a definition; answers its command tag. `fill`: counts what the query of CREATE TABLE AS does. */
export function* runDdl(session: Session, prepared: PreparedStatement, fill: CountedFill | null = null): Task<string> {
  const txn = session.ensureTransaction();
  if (session.transaction.isReadOnly) {
    const { node } = prepared.statement as Statement;
    throw sqlError('25006', `cannot execute ${commandName(node)} in a read-only transaction`);
  }
  session.engine.transactions.statementXid(txn);
  const context = new SessionDdlContext(session, prepared);
  context.fill = fill;
  const steps = executeDdl((prepared.statement as Statement).node, context);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value.tag;
      yield* session.wait();
    }
  } finally {
    session.indexProgress = null;
    // When it is given up while it waits, what it holds is let go.
    steps.return({ tag: '' });
    context.close();
  }
}

/** A definition's command tag, before it runs. */
function commandName(node: StatementNode): string {
  switch (node.kind) {
    case 'query':
      return 'SELECT INTO';
    case 'truncate':
      return 'TRUNCATE TABLE';
    case 'drop':
      return `DROP ${node.objectType.toUpperCase()}`;
    case 'alterTable':
      return `ALTER ${node.objectType.toUpperCase()}`;
    case 'rename':
    case 'alterOwner':
    case 'alterObjectSchema':
      return `ALTER ${node.object.objectType.toUpperCase()}`;
    case 'createTableAs':
      return node.materializedView ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS';
    case 'createEnum':
    case 'createCompositeType':
    case 'createRangeType':
      return 'CREATE TYPE';
    case 'alterEnum':
    case 'alterCompositeType':
      return 'ALTER TYPE';
    default:
      return node.kind.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
  }
}

/** Puts tables into new files, without what is between their rows. */
export function* rewriteTables(
  session: Session,
  oids: readonly number[],
  clusteredBy: IndexEntry | null = null,
): Task<void> {
  session.engine.transactions.statementXid(session.ensureTransaction());
  const x = new SessionDdlContext(session, new PreparedStatement('', null, []));
  const steps = (function* (): DdlSteps<void> {
    for (const oid of oids) {
      while (!x.lockRelation(oid, ACCESS_EXCLUSIVE)) yield;
      const table = x.catalog.relation(oid);
      if (table === undefined || table.relId === 0) continue;
      yield* rewrite(
        x,
        table,
        overNewHeap(x, table),
        table.columns.map(() => null),
      );
      if (clusteredBy !== null) markClustered(x, table, clusteredBy);
    }
  })();
  while (steps.next().done !== true) yield* session.wait();
}

/** Runs steps of definitions that no statement asked for, in the session's transaction. */
function* runSteps<T>(session: Session, make: (context: DdlContext, schemaOid: number) => DdlSteps<T>): Task<void> {
  const schema = session.catalog.schemaByName(session.temporarySchema);
  if (schema === undefined) return;
  session.engine.transactions.statementXid(session.ensureTransaction());
  const steps = make(new SessionDdlContext(session, new PreparedStatement('', null, [])), schema.oid);
  while (steps.next().done !== true) yield* session.wait();
}

/** Everything in the session's temporary schema goes. */
export function dropTemporary(session: Session): Task<void> {
  return runSteps(session, dropTemporaryObjects);
}

/** ON COMMIT of the session's temporary tables. */
export function* commitTemporary(session: Session): Task<void> {
  const schema = session.catalog.schemaByName(session.temporarySchema);
  if (schema === undefined) return;
  for (const table of session.catalog.relations()) {
    if (table.schemaOid !== schema.oid || table.onCommit === undefined || table.onCommit === 'preserve rows') continue;
    return yield* runSteps(session, applyOnCommit);
  }
}
