/** Calls of functions that definitions name: what is behind an operator, a cast, an aggregate. Built-in ones, or made by users. */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { functionByOid } from '../../catalog/functions/index.ts';
import { asBuiltin, resolvedFunction, routineFunction } from '../../catalog/functions/user-routines.ts';
import type { Expr } from '../expr.ts';
import type { BindContext, Position } from './context.ts';
import { inlineCall } from './routine.ts';

/** The plain function with this oid; null: there is none (any more). */
export function scalarByOid(context: BindContext, oid: number): ScalarFunction | null {
  const builtin = functionByOid(oid);
  if (builtin !== null) return builtin.kind === 'scalar' ? builtin : null;
  const routine = context.catalog.routine(oid);
  return routine === undefined || routine.kind === 'aggregate' ? null : routineFunction(routine);
}

/**
 * The call, with arguments that have been converted: what a simple user-made function computes stands in its place. `callerOid`: the
 * role that must be allowed to call it, where that is not the user.
 */
export function callScalar(
  context: BindContext,
  entry: ScalarFunction,
  args: readonly Expr[],
  typeOid: number,
  resolve: (oid: number) => number,
  position: Position,
  callerOid = 0,
): Expr {
  if (entry.returnsSet) {
    throw context.error(
      '0A000',
      `operators and casts by set-returning functions (${entry.name}) are not supported`,
      position,
    );
  }
  if (callerOid !== 0) context.rights.callAs(entry.oid, callerOid);
  if (entry.routine === undefined) return { kind: 'call', function: entry, args, typeOid, typeModifier: -1 };
  if (callerOid === 0) context.rights.call(entry.oid);
  const builtin = asBuiltin(entry);
  if (builtin !== null) return { kind: 'call', function: builtin, args, typeOid, typeModifier: -1 };
  const inlined = context.keepsCalls ? null : inlineCall(context, entry, args, typeOid);
  if (inlined !== null) return context.at(inlined, position);
  context.callsRoutines = true;
  if (entry.volatility === 'volatile') context.callsVolatile = true;
  return { kind: 'call', function: resolvedFunction(entry, resolve), args, typeOid, typeModifier: -1 };
}

/** Notes a function that is called without an expression of its own: behind the operator of IN, ANY and the like. */
export function noteBehind(context: BindContext, entry: ScalarFunction): void {
  if (entry.routine === undefined) return;
  context.rights.call(entry.oid);
  context.callsRoutines = true;
  if (entry.volatility === 'volatile') context.callsVolatile = true;
}
