/** Queries that built-in functions are given as text (ts_stat, query_to_xml): run as the body of a function would be. */
import { BOOTSTRAP_ROLE_OID, type RoutineEntry } from '../../catalog/entries.ts';
import type { ColumnDefinition, RoutineCall } from '../../catalog/function-entry.ts';
import { inFunction } from '../../catalog/functions/routine-errors.ts';
import { sqlError } from '../../types/errors.ts';
import { OID } from '../../types/index.ts';
import type { PreparedStatement } from '../prepared-statement.ts';
import type { Session } from '../session.ts';
import type { FieldDescription } from '../session-api.ts';
import { bodyOf, statementsOf } from './body.ts';

const CACHE_SIZE = 64;
const calls = new Map<string, RoutineCall>();

/** One object a text: a call is found again by it. */
export function queryCall(text: string): RoutineCall {
  let call = calls.get(text);
  if (call === undefined) {
    call = { routine: routineOf(text), argumentTypes: [], returnType: OID.RECORD, columns: null };
    if (calls.size >= CACHE_SIZE) calls.delete(calls.keys().next().value as string);
    calls.set(text, call);
  }
  return call;
}

const systemCalls = new Map<string, RoutineCall>();

/** A statement of the system's own, with parameters. */
export function systemCall(
  text: string,
  argumentTypes: readonly number[],
  volatility: 'stable' | 'volatile',
): RoutineCall {
  const key = `${volatility} ${text}`;
  let call = systemCalls.get(key);
  if (call === undefined) {
    const parameters = argumentTypes.map((typeOid) => ({ name: '', mode: 'in', typeOid, defaultText: null }) as const);
    const routine = { ...routineOf(text), owner: BOOTSTRAP_ROLE_OID, securityDefiner: true, parameters, volatility };
    const hasRows = /^SELECT|\bRETURNING\b/.test(text);
    call = { routine, argumentTypes, returnType: hasRows ? OID.RECORD : OID.VOID, columns: null };
    systemCalls.set(key, call);
  }
  return call;
}

function routineOf(bodyText: string): RoutineEntry {
  return {
    class: 'routine',
    oid: 0,
    name: '',
    schemaOid: 0,
    owner: 0,
    kind: 'function',
    language: 'sql',
    parameters: [],
    returnTypeOid: OID.RECORD,
    returnsSet: true,
    // It sees what the statement around it sees, and changes nothing.
    volatility: 'stable',
    strict: true,
    leakproof: false,
    securityDefiner: false,
    parallel: 'unsafe',
    cost: 100,
    rows: 1000,
    settings: [],
    bodyText,
    statements: null,
    dependsOn: [],
  };
}

/** Its statement, understood for this session; 42P11 where it is none that has rows. */
function cursorStatement(session: Session, call: RoutineCall): PreparedStatement {
  const statements = inFunction(call.routine, 'during startup', () => statementsOf(call));
  if (statements.length !== 1) throw sqlError('42P11', 'cannot open multi-query plan as cursor');
  const { node } = statements[0].statement;
  if (node.kind !== 'query') throw sqlError('42P11', `cannot open ${commandName(node.kind)} query as cursor`);
  const [{ prepared }] = bodyOf(call);
  inFunction(call.routine, 'during startup', () => prepared.program(session));
  return prepared;
}

/** createTable: CREATE TABLE. */
function commandName(kind: string): string {
  return kind.replace(/([A-Z])/g, ' $1').toUpperCase();
}

/** 42P11 where it is none that has rows; `mismatch` where its columns are of other types. */
export function checkQuery(
  session: Session,
  call: RoutineCall,
  columnTypes: readonly number[],
  mismatch: () => Error,
): void {
  const { outputTypes } = cursorStatement(session, call);
  if (outputTypes.length !== columnTypes.length || outputTypes.some((type, i) => type !== columnTypes[i])) {
    throw mismatch();
  }
}

/** The columns of a query that could be a cursor. */
export function columnsOfQuery(session: Session, call: RoutineCall): readonly ColumnDefinition[] {
  return columnsOfFields(cursorStatement(session, call).fields ?? []);
}

/** The columns of a query that is run for its rows: 22000 where there is none, 0A000 where it would change something. */
export function columnsOfRows(session: Session, call: RoutineCall): readonly ColumnDefinition[] {
  const statements = bodyOf(call);
  if (statements.length !== 1) throw sqlError('22000', 'invalid query');
  const kind = statements[0].prepared.node?.kind;
  if (kind === 'query') return columnsOfQuery(session, call);
  throw sqlError('0A000', `${commandName(kind ?? '')} is not allowed in a non-volatile function`);
}

export function columnsOfFields(fields: readonly FieldDescription[]): readonly ColumnDefinition[] {
  return fields.map(({ name, typeOid, typeModifier }) => ({ name, typeOid, typeModifier }));
}
