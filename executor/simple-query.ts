/** A Query message: the statements of one text, each run to its end before the next begins. */
import type { Value } from '../catalog/function-entry.ts';
import { type LiftedLiteral, parse, type StatementNode, statementShape } from '../parser/index.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import { PreparedStatement } from './prepared-statement.ts';
import type { Session, Task } from './session.ts';
import { DONE } from './session-api.ts';
import { runUtility } from './utility.ts';

/** Runs a text's statements: a task. Its shape is looked up before it is parsed, as that finds the plan of a text seen before. */
export function* runSimpleQuery(session: Session, bytes: Uint8Array): Task {
  const text = session.decode(bytes);
  session.beginStatement(text);
  session.portals.drop('');
  session.statements.prepared.delete('');
  const rules = session.strings.rules;
  const shape = rules === undefined ? statementShape(text) : null;
  const key = shape === null ? null : `${session.bindingVersion}\u0000${shape.shape}`;
  const found = key === null ? undefined : session.statements.find(key, text);
  if (found !== undefined) {
    const literals = shape?.literals ?? null;
    const cached = session.statements.variantForLiterals(found, literals);
    const lifted = session.statements.convert(cached, literals);
    // A literal that its type refuses: planning the text itself finds it, and says where it stands.
    if (lifted !== undefined) {
      yield* runStatement(session, cached, literals, true, text, lifted);
      return DONE;
    }
  }
  const statements = parse(text, rules);
  if (statements.length === 0) {
    session.sink.emptyQuery();
    return DONE;
  }
  session.company = statements.length > 1 ? 'text' : 'none';
  try {
    for (const [i, statement] of statements.entries()) {
      const prepared = new PreparedStatement(text, statement, [], true);
      const isLast = i === statements.length - 1;
      yield* runStatement(session, prepared, null, isLast, text);
      if (key !== null && statements.length === 1 && prepared.isPlanned && !session.transaction.hasCatalogChanges) {
        session.statements.keep(key, prepared);
      }
    }
  } finally {
    session.company = 'none';
  }
  return DONE;
}

function* runStatement(
  session: Session,
  prepared: PreparedStatement,
  literals: readonly LiftedLiteral[] | null,
  isLast: boolean,
  text: string,
  lifted: readonly Value[] | null = null,
): Task<void> {
  const node = prepared.node as StatementNode;
  session.checkNotFailed(node);
  let tag: string | null;
  if (prepared.isPlanned) {
    const portal = yield* startPortal(session, prepared, literals, lifted, text);
    const { fields } = portal.statement;
    if (fields !== null) session.sink.rowDescription(fields, []);
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
    tag = portal.tag();
    portal.close();
    session.running = null;
  } else {
    tag = yield* runUtility(session, prepared, [], true);
  }
  if (!session.transaction.isBlock && isLast && !session.commitReadOnly()) yield* session.commitTask();
  if (tag !== null) session.sink.commandComplete(tag);
}

/** A portal that has its table locks: its statement is planned for the tables as they are now. */
function* startPortal(
  session: Session,
  prepared: PreparedStatement,
  literals: readonly LiftedLiteral[] | null,
  lifted: readonly Value[] | null,
  text: string,
): Task<Portal> {
  let program = prepared.program(session);
  let portal = new Portal(session, '', prepared, [], program.statement.shareable ? literals : null, []);
  portal.lifted = lifted;
  portal.mayPlanAgain = false;
  for (;;) {
    session.running = portal;
    while (!portal.start()) yield* session.wait();
    if (!portal.isStale) return portal;
    // A table changed while we waited for it. Nobody has seen a description of the result yet: it may differ.
    const statement = literals === null ? prepared.statement : parse(text)[0];
    const again = new PreparedStatement(text, statement, [], true);
    program = again.program(session);
    portal = new Portal(session, '', again, [], null, []);
    portal.mayPlanAgain = false;
  }
}
