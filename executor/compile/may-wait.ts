/**
 * Expressions that may sleep. One that must wait throws, and is computed again from the start of its row (or batch) when the time has come;
 * the session counts how many sleeps of that are over (SessionFunctions.sleep), and begins anew when the code says that it is done.
 */
import type { Expr } from '../../planner/expr.ts';
import type { Emitter } from './emitter.ts';

/** Calls of pg_sleep and the like and of user-made functions, and subqueries, which may have some. */
export function mayWait(exprs: readonly (Expr | null)[]): boolean {
  const visit = (node: unknown): boolean => {
    if (node === null || typeof node !== 'object') return false;
    if (Array.isArray(node)) return node.some(visit);
    const record = node as Record<string, unknown>;
    if (record['kind'] === 'subplan') return true;
    const called = record['function'] as { name?: string } | undefined;
    if (runsStatements(called) || called?.name?.startsWith('pg_sleep') === true) return true;
    if (comparesByRoutine(record)) return true;
    return Object.entries(record).some(([name, part]) => name !== 'function' && visit(part));
  };
  return visit(exprs);
}

/** A function that has been made, or runs a query that it is given. */
export function runsStatements(called: unknown): boolean {
  const { routine, runsQuery } = (called ?? {}) as { routine?: unknown; runsQuery?: boolean };
  return routine !== undefined || runsQuery === true;
}

/** NULLIF, IN and the like whose operator has a user-made function. */
export function comparesByRoutine(record: Readonly<Record<string, unknown>>): boolean {
  const isMade = (part: unknown): boolean => (part as { routine?: unknown } | undefined)?.routine !== undefined;
  return isMade(record['equality']) || isMade(record['operator']);
}

/** Where a row (or batch) has been computed, and will not be again. */
export function emitEvaluated(emitter: Emitter, exprs: readonly (Expr | null)[]): void {
  if (mayWait(exprs)) emitter.emit('x.evaluated();');
}
