/** COPY: checks the statement and runs it in either direction. */

import type { ColumnEntry, RelationEntry } from '../../catalog/entries.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { CopyStatement, Expression, InsertStatement, Query, Statement } from '../../parser/ast.ts';
import { deparse, parse } from '../../parser/index.ts';
import { type PlannedStatement, planStatement, type ValuesPlan } from '../../planner/index.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid } from '../../types/index.ts';
import { PORTAL_PENDING, Portal } from '../portal.ts';
import { PreparedStatement } from '../prepared-statement.ts';
import { Program } from '../program.ts';
import type { Session, Task } from '../session.ts';
import { CopyInTask } from './copy-in.ts';
import { CopyOutWriter } from './copy-out.ts';
import { copyOptions } from './options.ts';

/** A statement whose program is given: COPY's INSERT reads from the client. */
class FixedStatement extends PreparedStatement {
  readonly #program: Program;

  constructor(text: string, program: Program) {
    super(text, null, []);
    this.#program = program;
  }

  override program(): Program {
    return this.#program;
  }
}

export function* runCopy(session: Session, node: CopyStatement, prepared: PreparedStatement): Task<string> {
  if (node.endpoint === 'file' || node.endpoint === 'program') {
    throw sqlError('0A000', `COPY ${node.direction === 'from' ? 'from' : 'to'} a ${node.endpoint} is not supported`, {
      hint: "Use COPY FROM STDIN or COPY TO STDOUT; psql's \\copy command reads and writes files on the client.",
    });
  }
  if (node.direction === 'from') return yield* copyFrom(session, node, prepared);
  return yield* copyTo(session, node, prepared);
}

function findTable(session: Session, node: CopyStatement): RelationEntry {
  const names = node.table as readonly string[];
  const relation = session.catalog.resolveRelation(names, session.searchPath(true));
  if (relation === undefined) throw sqlError('42P01', `relation "${names.join('.')}" does not exist`);
  const name = relation.name;
  const word = node.direction === 'from' ? 'to' : 'from';
  if (relation.class === 'sequence') throw sqlError('42809', `cannot copy ${word} sequence "${name}"`);
  if (relation.class === 'index') throw sqlError('42809', `"${name}" is an index`);
  if (relation.kind === 'view') {
    const hint = node.direction === 'to' ? { hint: 'Try the COPY (SELECT ...) TO variant.' } : {};
    throw sqlError('42809', `cannot copy ${word} view "${name}"`, hint);
  }
  if (relation.kind === 'materializedView' && node.direction === 'from') {
    throw sqlError('42809', `cannot copy to materialized view "${name}"`);
  }
  return relation;
}

function chosenColumns(table: RelationEntry, names: readonly string[]): ColumnEntry[] {
  const live = table.columns.filter((c) => !c.dropped);
  if (names.length === 0) return live.filter((c) => !c.generated);
  const chosen: ColumnEntry[] = [];
  for (const name of names) {
    const column = live.find((c) => c.name === name);
    if (column === undefined) throw sqlError('42703', `column "${name}" of relation "${table.name}" does not exist`);
    if (column.generated)
      throw sqlError('42P10', `column "${name}" is a generated column`, {
        detail: 'Generated columns cannot be used in COPY.',
      });
    if (chosen.includes(column)) throw sqlError('42701', `column "${name}" specified more than once`);
    chosen.push(column);
  }
  return chosen;
}

function qualifiedName(session: Session, table: RelationEntry): string {
  return `${quoteIdentifier(session.catalog.schemaName(table.schemaOid))}.${quoteIdentifier(table.name)}`;
}

/** INSERT INTO table (columns) with the given source: planned for its defaults, casts, checks and keys. */
function planInsert(
  session: Session,
  table: RelationEntry,
  columns: readonly ColumnEntry[],
  where: Expression | null,
): PlannedStatement {
  const names = columns.map((c) => quoteIdentifier(c.name)).join(', ');
  const params = columns.map((_c, i) => `$${i + 1}`).join(', ');
  const target = columns.length === 0 ? '' : ` (${names}) OVERRIDING SYSTEM VALUE`;
  const source = columns.length === 0 ? 'DEFAULT VALUES' : `SELECT * FROM (VALUES (${params})) AS source (${names})`;
  const filter = where === null ? '' : ` WHERE ${deparse(where)}`;
  const [statement] = parse(`INSERT INTO ${qualifiedName(session, table)}${target} ${source}${filter}`);
  // A domain's values come as those of its base type, and are checked by the INSERT.
  const types = columns.map((c) => baseTypeOid(c.typeOid));
  return planStatement(statement as Statement & { node: InsertStatement }, session.environment(session.catalog, types));
}

/** Replaces the one-row VALUES of the parameters by a node that the COPY task stands for. */
function withCopySource(plan: PlannedStatement['plan'], found: (source: ValuesPlan) => void): PlannedStatement['plan'] {
  const visit = (node: PlannedStatement['plan']): PlannedStatement['plan'] => {
    if (node.kind === 'values' || node.kind === 'result') {
      const source: ValuesPlan = { ...node, kind: 'values', rowsOf: [] };
      found(source);
      return source;
    }
    if ('source' in node) return { ...node, source: visit(node.source) };
    if ('input' in node) return { ...node, input: visit(node.input) };
    throw new Error(`COPY cannot feed a plan of kind ${node.kind}`);
  };
  return visit(plan);
}

/** COPY's input functions have applied lengths and precisions, with the line and column for errors: not again. */
function withoutLengthCasts(plan: PlannedStatement['plan']): PlannedStatement['plan'] {
  if (plan.kind !== 'insert') return plan;
  const values = plan.values.map((value, i) => {
    const column = plan.table.columns[i];
    return value.kind === 'typmodCast' && value.arg.kind === 'column' && value.typeModifier === column.typeModifier
      ? value.arg
      : value;
  });
  return { ...plan, values };
}

function* copyFrom(session: Session, node: CopyStatement, prepared: PreparedStatement): Task<string> {
  const options = copyOptions(node);
  const table = findTable(session, node);
  const columns = chosenColumns(table, node.columns);
  const planned = planInsert(session, table, columns, node.where);
  let source: ValuesPlan | null = null;
  const plan = withCopySource(planned.plan, (s) => {
    source = s;
  });
  const program = new Program({ ...planned, plan: withoutLengthCasts(plan) }, session.database, session.catalog);
  const task = new CopyInTask(columns, options, table.name);
  program.setSource(source as unknown as ValuesPlan, task);
  const portal = new Portal(session, '', new FixedStatement(prepared.text, program), [], null, []);
  session.sink.copyInResponse(
    0,
    columns.map(() => 0),
  );
  session.beginCopyIn(task);
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
    return `COPY ${portal.processedCount}`;
  } finally {
    session.endCopyIn();
    portal.close();
  }
}

function* copyTo(session: Session, node: CopyStatement, prepared: PreparedStatement): Task<string> {
  const options = copyOptions(node);
  let statement: PreparedStatement;
  if (node.query !== null) {
    const inner: Statement = {
      node: node.query as Query,
      start: 0,
      end: 0,
      literalStart: 0,
      literalEnd: 0,
      parameterCount: 0,
    };
    if (node.query.kind !== 'query' && !('returning' in node.query && node.query.returning.length > 0)) {
      throw sqlError('0A000', 'COPY query must have a RETURNING clause');
    }
    statement = new PreparedStatement(prepared.text, inner, []);
  } else {
    const table = findTable(session, node);
    const columns = chosenColumns(table, node.columns).map((c) => quoteIdentifier(c.name));
    const text = `SELECT ${columns.join(', ')} FROM ONLY ${qualifiedName(session, table)}`;
    statement = new PreparedStatement(text, parse(text)[0], []);
  }
  statement.program(session);
  const fields = statement.fields ?? [];
  const names = fields.map((f) => f.name);
  const writer = new CopyOutWriter(
    names,
    fields.map((f) => f.typeOid),
    options,
  );
  const { sink } = session;
  sink.copyOutResponse(
    0,
    fields.map(() => 0),
  );
  if (options.header !== 'none') writer.header(sink.out, names);
  const portal = new Portal(session, '', statement, [], null, []);
  portal.onBatch = (batch, from, to) => writer.rows(sink.out, batch, from, to, session.settings.format);
  portal.respectsSink = true;
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
  } finally {
    portal.close();
  }
  sink.copyDone();
  return `COPY ${portal.rowCount}`;
}
