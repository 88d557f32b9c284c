/** Queries that built-in functions are given as text (ts_stat, ts_rewrite): run as the body of a function would be. */
import { BOOTSTRAP_ROLE_OID, type RoutineEntry } from '../../catalog/entries.ts';
import type { RoutineCall } from '../../catalog/function-entry.ts';
import { inFunction } from '../../catalog/functions/routine-errors.ts';
import { sqlError } from '../../types/errors.ts';
import { OID } from '../../types/index.ts';
import type { Session } from '../session.ts';
import { bodyOf } from './body.ts';

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
    volatility: 'volatile',
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

/** 42P11 where it is none that has rows; `mismatch` where its columns are of other types. */
export function checkQuery(
  session: Session,
  call: RoutineCall,
  columnTypes: readonly number[],
  mismatch: () => Error,
): void {
  const statements = bodyOf(call);
  const [only] = statements;
  if (statements.length !== 1) throw sqlError('42P11', 'cannot open multi-query plan as cursor');
  const { prepared } = only;
  if (prepared.node === null || prepared.node.kind !== 'query') {
    const kind = (prepared.node?.kind ?? '').replace(/([A-Z])/g, ' $1').toUpperCase();
    throw sqlError('42P11', `cannot open ${kind} query as cursor`);
  }
  inFunction(call.routine, 'during startup', () => prepared.program(session));
  const { outputTypes } = prepared;
  if (outputTypes.length !== columnTypes.length || outputTypes.some((type, i) => type !== columnTypes[i])) {
    throw mismatch();
  }
}
