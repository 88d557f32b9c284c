/**
 * AS OF SYSTEM TIME: which moment is meant, whether it can be read, and the session's state while it is.
 *
 *      SELECT ... AS OF SYSTEM TIME '-10s'        one statement, and what it calls
 *      BEGIN AS OF SYSTEM TIME '2030-01-01'       a transaction
 *      SET as_of_system_time = '-10s'             each transaction that begins from then on
 *
 * A time that is relative counts from the start of the statement that says it, or that begins the transaction. What is read then is a
 * moment of the engine's history (storage/mvcc/history.ts): it needs old versions of rows, and indexes that had been built by then.
 */

import type { RelationEntry } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import { addIntervalInZone } from '../catalog/functions/datetime-core.ts';
import { contextZone } from '../catalog/functions/zones.ts';
import { retentionOf } from '../catalog/version-retention.ts';
import type { Expression } from '../parser/ast.ts';
import type { Expr } from '../planner/expr.ts';
import { bindAsOfAlone } from '../planner/index.ts';
import type { CommitMoment, StorageEngine } from '../storage/api.ts';
import { SqlError, type SqlErrorFields, sqlError } from '../types/errors.ts';
import { type FormatSettings, type Interval, inputText, OID, outputText } from '../types/index.ts';
import { scalarFunction } from './compile/batch-program.ts';
import { SlotAllocator } from './compile/slots.ts';
import { ExecContext } from './context.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import type { Program } from './program.ts';
import type { Session } from './session.ts';

const FORM_HINT = "Give a timestamp, or a negative interval like '-10s'.";

/** The moment that a planned statement reads. */
export function momentOfStatement(session: Session, program: Program, params: readonly Value[]): CommitMoment {
  const asOf = program.statement.asOf as Expr;
  const compute = program.memo(asOf, 'as of', () => scalarFunction(new SlotAllocator(), asOf));
  return momentOfValue(session, compute(contextOf(session, params)), asOf.typeOid);
}

/** That of BEGIN and SET TRANSACTION. */
export function momentOfExpression(session: Session, expression: Expression): CommitMoment {
  const expr = bindAsOfAlone(expression, session.environment(session.catalog, []));
  const compute = scalarFunction(new SlotAllocator(), expr);
  return momentOfValue(session, compute(contextOf(session, [])), expr.typeOid);
}

/** That of CREATE DATABASE: of the history of the template's engine. */
export function momentOfTemplate(session: Session, engine: StorageEngine, expression: Expression): CommitMoment {
  const expr = bindAsOfAlone(expression, session.environment(session.catalog, []));
  const compute = scalarFunction(new SlotAllocator(), expr);
  return momentOfValue(session, compute(contextOf(session, [])), expr.typeOid, engine);
}

/** That of the setting. */
export function momentOfText(session: Session, text: string): CommitMoment {
  return momentOfValue(session, text, OID.TEXT);
}

/** That of microseconds since 2000-01-01 UTC. */
export function momentOfTime(session: Session, time: number): CommitMoment {
  return readableMoment(session.engine, time, session.functions.format);
}

function contextOf(session: Session, params: readonly Value[]): ExecContext {
  const context = new ExecContext(session.engine);
  context.functions = session.functions;
  context.services = session;
  context.params = params;
  return context;
}

function momentOfValue(session: Session, value: Value, typeOid: number, engine = session.engine): CommitMoment {
  if (value === null) throw sqlError('22004', 'the time of AS OF SYSTEM TIME must not be null');
  const { functions } = session;
  const { format } = functions;
  const statementTime = functions.statementTimestamp;
  const isText = typeOid !== OID.TIMESTAMPTZ && typeOid !== OID.INTERVAL;
  const parsed = isText ? parseTime(String(value), format) : value;
  let time = Number(parsed);
  if (typeof parsed === 'object') {
    time = Number(addIntervalInZone(statementTime, parsed as Interval, 1, contextZone(functions)));
    if (time > statementTime) {
      throw sqlError('22023', 'the interval of AS OF SYSTEM TIME must be negative', { hint: FORM_HINT });
    }
  }
  return readableMoment(engine, time, format);
}

/** A timestamp's number, or an interval. */
function parseTime(text: string, format: FormatSettings): Value {
  const isInterval = text.trimStart().startsWith('-');
  try {
    if (isInterval && text.trim() !== '-infinity') return inputText(OID.INTERVAL, -1, text, format);
    return inputText(OID.TIMESTAMPTZ, -1, text, format);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw invalidTime(error.code, text);
  }
}

function invalidTime(code: string, text: string): SqlError {
  return sqlError(code, `invalid time for AS OF SYSTEM TIME: "${text}"`, { hint: FORM_HINT });
}

/** For SET: the value need not be readable yet, but it must be a time. */
export function checkTimeText(text: string, format: FormatSettings): void {
  if (text !== '') parseTime(text, format);
}

function readableMoment(engine: StorageEngine, time: number, format: FormatSettings): CommitMoment {
  const { history } = engine.transactions;
  const now = engine.now();
  const words = `cannot read as of ${shown(time, format)}`;
  if (time > now) throw sqlError('22023', `${words}: it is in the future`);
  if (!history.isKept) {
    throw sqlError('55000', `${words}: no history is kept`, {
      hint: 'Set "version_retention" to how far back reads shall go.',
    });
  }
  const moment = time < history.oldest(now) ? null : history.at(time);
  if (moment === null) {
    throw sqlError('72000', `${words}: history is kept from ${shown(history.oldest(now), format)} on`, {
      hint: 'It goes back as far as "version_retention" says, to the start of the server at most.',
    });
  }
  return { ...moment, time };
}

function shown(time: number, format: FormatSettings): string {
  return outputText(OID.TIMESTAMPTZ, time, format);
}

/** The moment again, when its snapshot is taken: it may have become too old while the statement waited for a lock. */
export function readableStill(session: Session, moment: CommitMoment): CommitMoment {
  return readableMoment(session.engine, moment.time, session.functions.format);
}

/** The statement's program for what was there at the moment. */
export function programFor(session: Session, statement: PreparedStatement, moment: CommitMoment): Program {
  const { transaction } = session;
  transaction.planningCsn = moment.csn;
  try {
    return statement.program(session);
  } finally {
    transaction.planningCsn = null;
  }
}

/** What the statement reads was not made since, and its versions are kept: otherwise its rows of then are gone. */
export function checkTables(session: Session, { statement, catalog }: Program, moment: CommitMoment): void {
  for (const { tableOid } of statement.tableLocks) {
    const entry = catalog.relation(tableOid);
    if (entry !== undefined && entry.relId !== 0) checkTable(session, entry, moment);
  }
}

export function checkTable(session: Session, entry: RelationEntry, moment: CommitMoment): void {
  const { engine, functions, transaction, server } = session;
  const { format } = functions;
  const heap = engine.heap(entry.relId);
  const refuse = (code: string, detail: string, fields: SqlErrorFields = {}): Error =>
    sqlError(code, `cannot read table "${entry.name}" as of ${shown(moment.time, format)}`, { detail, ...fields });
  if (heap.createdCsn > moment.csn) {
    const when = heap.creator === null ? `at ${shown(heap.createdTime, format)}` : 'by this transaction';
    throw refuse('72000', `It was created, truncated or rewritten ${when}.`);
  }
  const seconds = retentionOf(entry) ?? server.settings.number('version_retention');
  if (!heap.keepsHistory) {
    throw refuse('55000', 'No history of it is kept.', {
      hint: 'Set its parameter "version_retention" to how far back reads shall go.',
    });
  }
  // Who reads one moment for long may go on.
  const now = transaction.moment === moment ? transaction.startTimestamp : engine.now();
  const since = now - seconds * 1_000_000;
  if (moment.time >= since && moment.horizon >= heap.pastFrom) return;
  throw refuse('72000', `History of it is kept from ${shown(Math.max(since, heap.historySince), format)} on.`);
}

/** What a fork of the moment would find is all there: tables that have not been made anew since, and indexes that had been built by then. */
export function checkTemplate(template: DatabaseRuntime, moment: CommitMoment, format: FormatSettings): void {
  const { catalog, engine } = template;
  const words = (what: string): string => `cannot copy ${what} as it was at ${shown(moment.time, format)}`;
  for (const entry of catalog.relations()) {
    if (entry.relId === 0) continue;
    const heap = engine.heap(entry.relId);
    if (heap.createdCsn > moment.csn) {
      throw sqlError('72000', words(`table "${entry.name}"`), {
        detail: `It was created, truncated or rewritten at ${shown(heap.createdTime, format)}.`,
      });
    }
    if (!heap.keepsHistory || moment.horizon < heap.pastFrom) {
      throw sqlError('72000', words(`table "${entry.name}"`), { detail: 'Its history is not kept from then on.' });
    }
    for (const index of catalog.indexesOf(entry.oid)) {
      if (template.isIndexReadable(index.oid, moment.csn)) continue;
      throw sqlError('72000', words(`index "${index.name}"`), { detail: 'It was built at a later time.' });
    }
  }
}
