/**
 * Expressions that may sleep. One that must wait throws, and is computed again from the start of its row (or batch) when the time has come;
 * the session counts how many sleeps of that are over (SessionFunctions.sleep), and begins anew when the code says that it is done.
 */
import type { Expr } from '../../planner/expr.ts';
import { someExpr } from '../../planner/traverse.ts';
import type { Emitter } from './emitter.ts';

/** Calls of pg_sleep and the like and of user-made functions, and subqueries, which may have some. */
export function mayWait(exprs: readonly (Expr | null)[]): boolean {
  return exprs.some((expr) => expr !== null && someExpr(expr, waits));
}

function waits(expr: Expr): boolean {
  if (expr.kind === 'subplan') return true;
  if (expr.kind !== 'call') return comparesByRoutine(expr);
  return runsStatements(expr.function) || expr.function.name.startsWith('pg_sleep');
}

/** A function that has been made, or runs a query that it is given. */
export function runsStatements(called: unknown): boolean {
  const { routine, runsQuery } = (called ?? {}) as { routine?: unknown; runsQuery?: boolean };
  return routine !== undefined || runsQuery === true;
}

/** NULLIF, IN and the like whose operator has a user-made function. */
export function comparesByRoutine(node: object): boolean {
  const { equality, operator } = node as { equality?: unknown; operator?: unknown };
  return isMade(equality) || isMade(operator);
}

function isMade(called: unknown): boolean {
  return (called as { routine?: unknown } | undefined)?.routine !== undefined;
}

/** Where a row (or batch) has been computed, and will not be again. */
export function emitEvaluated(emitter: Emitter, exprs: readonly (Expr | null)[]): void {
  if (mayWait(exprs)) emitter.emit('x.evaluated();');
}
