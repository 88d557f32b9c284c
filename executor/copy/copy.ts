/** COPY: checks the statement and runs it in either direction. */

import { resolveCompositeClass } from '../../catalog/composite-classes.ts';
import type { ColumnEntry, RelationEntry } from '../../catalog/entries.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { relationDenied, rightsOnColumn, rightsOnRelation } from '../../catalog/rights.ts';
import type { CopyStatement, Expression, InsertStatement, Query, Statement } from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import {
  bindScalar,
  type Expr,
  type InsertPlan,
  type PlannedStatement,
  planStatement,
  type ValuesPlan,
  withoutDomainCheck,
} from '../../planner/index.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, typeByOid } from '../../types/index.ts';
import { OutBuffer } from '../../types/out-buffer.ts';
import { usedColumns } from '../compile/page-columns.ts';
import { inputCheckOf } from '../domains.ts';
import { PORTAL_PENDING, Portal } from '../portal.ts';
import { PreparedStatement } from '../prepared-statement.ts';
import { Program } from '../program.ts';
import { isRowSecurityActive } from '../row-security.ts';
import { intoClause } from '../select-into.ts';
import type { Session, Task } from '../session.ts';
import { CopyBinarySource } from './binary-source.ts';
import { CopyBinaryWriter } from './binary-writer.ts';
import type { CopyColumn, CopySource } from './copy-source.ts';
import type { CopyWriter } from './copy-writer.ts';
import { type CopyOptions, copyOptions } from './options.ts';
import { checkServerAccess, ServerReader, ServerWriter } from './server-file.ts';
import { CopyTextSource } from './text-source.ts';
import { CopyTextWriter } from './text-writer.ts';

/** Bytes of rows that are written to a file at once. */
const FILE_BUFFER_BYTES = 262144;

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
  if (node.endpoint === 'file' || node.endpoint === 'program')
    checkServerAccess(session, node.direction, node.endpoint);
  if (node.direction === 'from') return yield* copyFrom(session, node, prepared);
  return yield* copyTo(session, node, prepared);
}

function findTable(session: Session, node: CopyStatement): RelationEntry {
  const names = node.table as readonly string[];
  if (names.length > 1) session.checkSchema(names[names.length - 2]);
  const relation = session.catalog.resolveRelation(names, session.searchPath(true));
  if (relation === undefined) {
    const composite = resolveCompositeClass(session.catalog, names, session.searchPath(true));
    if (composite !== undefined) throw sqlError('42809', `"${composite.name}" is a composite type`);
    throw sqlError('42P01', `relation "${names.join('.')}" does not exist`);
  }
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

/** FORCE_QUOTE, FORCE_NOT_NULL and FORCE_NULL name columns that are copied. */
function checkForced(table: RelationEntry, columns: readonly ColumnEntry[], options: CopyOptions): void {
  const { forceQuote, forceNotNull, forceNull } = options;
  const lists = {
    FORCE_QUOTE: forceQuote === '*' ? [] : forceQuote,
    FORCE_NOT_NULL: forceNotNull,
    FORCE_NULL: forceNull,
  };
  for (const [word, names] of Object.entries(lists)) {
    if (names.length === 0) continue;
    const missing = chosenColumns(table, names).find((column) => !columns.includes(column));
    if (missing !== undefined) throw sqlError('42P10', `${word} column "${missing.name}" not referenced by COPY`);
  }
}

function qualifiedName(session: Session, table: RelationEntry): string {
  return `${quoteIdentifier(session.catalog.schemaName(table.schemaOid))}.${quoteIdentifier(table.name)}`;
}

/** Asked before row-level security, which the query would tell of first. */
function checkReadable({ catalog, authority }: Session, table: RelationEntry, columns: readonly ColumnEntry[]): void {
  if (rightsOnRelation(catalog, table, authority, 'r') !== '') return;
  const isReadable = (column: ColumnEntry): boolean => rightsOnColumn(catalog, table, column, authority, 'r') !== '';
  if (!columns.every(isReadable)) throw relationDenied(table);
}

/** INSERT INTO table (columns) with the given source: planned for its defaults, casts, checks and keys. */
function planInsert(session: Session, table: RelationEntry, columns: readonly ColumnEntry[]): PlannedStatement {
  const names = columns.map((c) => quoteIdentifier(c.name)).join(', ');
  const params = columns.map((_c, i) => `$${i + 1}`).join(', ');
  const target = columns.length === 0 ? '' : ` (${names}) OVERRIDING SYSTEM VALUE`;
  const source = columns.length === 0 ? 'DEFAULT VALUES' : `SELECT * FROM (VALUES (${params})) AS source (${names})`;
  const [statement] = parse(`INSERT INTO ${qualifiedName(session, table)}${target} ${source}`);
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

/** WHERE, over the table's row before its generated columns are computed. */
function conditionOf(session: Session, table: RelationEntry, where: Expression): Expr {
  const condition = bindScalar(where, table, session.environment(session.catalog, []), { source: 'copy where' });
  for (const column of usedColumns([condition], 0)) {
    if (!table.columns[column].generated) continue;
    throw sqlError('42P10', 'generated columns are not supported in COPY FROM WHERE conditions', {
      detail: `Column "${table.columns[column].name}" is a generated column.`,
    });
  }
  return condition;
}

/** COPY has applied lengths, precisions and domains to what it read, with the line and column for errors: not again. */
function asRead(plan: PlannedStatement['plan']): InsertPlan {
  if (plan.kind !== 'insert') throw new Error(`COPY makes no plan of kind ${plan.kind}`);
  return { ...plan, values: plan.values.map((value) => readColumn(value) ?? value) };
}

/** The column of the source, if the value is nothing else, made fit for the table's. */
function readColumn(value: Expr): Expr | null {
  let inner = withoutDomainCheck(value);
  if (inner.kind === 'coalesce' && inner.args.length === 1) [inner] = inner.args;
  if (inner.kind === 'typmodCast') inner = inner.arg;
  return inner.kind === 'column' ? inner : null;
}

function* copyFrom(session: Session, node: CopyStatement, prepared: PreparedStatement): Task<string> {
  const options = copyOptions(node, session.sink.encoding);
  const table = findTable(session, node);
  const columns = chosenColumns(table, node.columns);
  checkForced(table, columns, options);
  if (isRowSecurityActive(session, table)) {
    throw sqlError('0A000', 'COPY FROM not supported with row-level security', {
      hint: 'Use INSERT statements instead.',
    });
  }
  const condition = node.where === null ? null : conditionOf(session, table, node.where);
  const planned = planInsert(session, table, columns);
  let source: ValuesPlan | null = null;
  const plan = withCopySource(planned.plan, (s) => {
    source = s;
  });
  const insert = asRead(plan);
  const program = new Program(
    { ...planned, plan: condition === null ? insert : { ...insert, condition } },
    session.database,
    session.catalog,
  );
  const fields = columns.map((column) => copyColumn(session, column));
  const reads =
    options.format === 'binary'
      ? new CopyBinarySource(fields, table.name, options.encoding)
      : new CopyTextSource(fields, options, table.name);
  // In batches nobody would know which of the rows is refused.
  if (condition !== null || program.callsRoutines) reads.limitTo(1);
  program.checkRights(session);
  program.setSource(source as unknown as ValuesPlan, reads);
  const portal = new Portal(session, '', new FixedStatement(prepared.text, program), [], null, []);
  const count =
    node.endpoint === 'file' || node.endpoint === 'program'
      ? yield* fromServer(session, node, portal, reads)
      : yield* fromClient(session, options, columns.length, portal, reads);
  return `COPY ${count}`;
}

/** A domain's values are read as those of its base type, and checked; so are domains inside arrays and composite values. */
function copyColumn({ engine, catalog, database, functions }: Session, column: ColumnEntry): CopyColumn {
  const check = inputCheckOf(engine, catalog, column.typeOid, database.bindEnvironment(catalog));
  let { typeOid, typeModifier } = column;
  for (let type = typeByOid(typeOid); type?.baseOid !== undefined; type = typeByOid(typeOid)) {
    typeOid = type.baseOid;
    typeModifier = type.baseTypmod ?? -1;
  }
  const { name } = column;
  return { name, typeOid, typeModifier, check: check === null ? null : (value) => check(functions, value) };
}

function* fromClient(
  session: Session,
  options: CopyOptions,
  width: number,
  portal: Portal,
  source: CopySource,
): Task<number> {
  const format = options.format === 'binary' ? 1 : 0;
  session.sink.copyInResponse(format, new Array(width).fill(format));
  session.beginCopyIn(source);
  try {
    while (isPending(session, portal, source)) yield* session.wait();
    return portal.processedCount;
  } finally {
    session.endCopyIn();
    portal.close();
  }
}

/** Works on what has come; errors say of which line. */
function isPending(session: Session, portal: Portal, source: CopySource): boolean {
  try {
    return session.pollPortal(portal, 0) === PORTAL_PENDING;
  } catch (error) {
    throw source.placed(error, portal.processedCount);
  }
}

function* fromServer(session: Session, node: CopyStatement, portal: Portal, source: CopySource): Task<number> {
  const { path } = node;
  const reader = yield* ServerReader.open(session, { endpoint: node.endpoint as 'file' | 'program', path }, source);
  try {
    while (isPending(session, portal, source)) {
      if (source.wantsData) reader.pump();
      yield* session.wait();
    }
    yield* reader.finish();
    return portal.processedCount;
  } finally {
    reader.close();
    portal.close();
  }
}

function* copyTo(session: Session, node: CopyStatement, prepared: PreparedStatement): Task<string> {
  const options = copyOptions(node, session.sink.encoding);
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
    if (node.query.kind === 'merge') throw sqlError('0A000', 'MERGE not supported in COPY');
    if (node.query.kind !== 'query' && !('returning' in node.query && node.query.returning.length > 0)) {
      throw sqlError('0A000', 'COPY query must have a RETURNING clause');
    }
    if (node.query.kind === 'query' && intoClause(node.query.body) !== null) {
      throw sqlError('0A000', 'COPY (SELECT INTO) is not supported');
    }
    statement = new PreparedStatement(prepared.text, inner, []);
  } else {
    const table = findTable(session, node);
    const columns = chosenColumns(table, node.columns);
    checkForced(table, columns, options);
    checkReadable(session, table, columns);
    const names = columns.map((column) => quoteIdentifier(column.name));
    const text = `SELECT ${names.join(', ')} FROM ONLY ${qualifiedName(session, table)}`;
    statement = new PreparedStatement(text, parse(text)[0], []);
  }
  statement.program(session).checkRights(session);
  const fields = statement.fields ?? [];
  const names = fields.map((f) => f.name);
  const toServer = node.endpoint === 'file' || node.endpoint === 'program';
  const typeOids = fields.map((f) => f.typeOid);
  const writer =
    options.format === 'binary'
      ? new CopyBinaryWriter(typeOids, !toServer, options.encoding)
      : new CopyTextWriter(names, typeOids, options, !toServer);
  const portal = new Portal(session, '', statement, [], null, []);
  if (toServer) yield* rowsToServer(session, node, portal, writer);
  else yield* rowsToClient(session, options, names.length, portal, writer);
  return `COPY ${portal.rowCount}`;
}

function* rowsToClient(
  session: Session,
  options: CopyOptions,
  width: number,
  portal: Portal,
  writer: CopyWriter,
): Task<void> {
  const { sink } = session;
  const format = options.format === 'binary' ? 1 : 0;
  sink.copyOutResponse(format, new Array(width).fill(format));
  writer.begin(sink.out);
  portal.rowForm = writer.form;
  portal.onBatch = (batch, from, to) => {
    writer.rows(sink.out, batch, from, to, session.settings.format);
    portal.rowForm = writer.form;
  };
  portal.respectsSink = true;
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
  } finally {
    portal.close();
  }
  writer.end(sink.out);
  sink.copyDone();
}

function* rowsToServer(session: Session, node: CopyStatement, portal: Portal, writer: CopyWriter): Task<void> {
  const { path } = node;
  const file = yield* ServerWriter.open(session, { endpoint: node.endpoint as 'file' | 'program', path });
  const out = new OutBuffer();
  const flush = function* (): Task<void> {
    yield* file.write(out.bytes.subarray(0, out.length));
    out.length = 0;
  };
  try {
    writer.begin(out);
    portal.rowForm = writer.form;
    portal.rowsOut = out;
    portal.onBatch = (batch, from, to) => {
      writer.rows(out, batch, from, to, session.settings.format);
      portal.rowForm = writer.form;
    };
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) {
      yield* session.wait();
      if (out.length > FILE_BUFFER_BYTES) yield* flush();
    }
    writer.end(out);
    yield* flush();
    yield* file.finish();
  } finally {
    file.close();
    portal.close();
  }
}
