/**
 * Conditions on a table of whose rows the user may see some (row-level security, views that are security barriers): what could tell of a
 * row, by an error or to a function, is asked of those rows only. After: PostgreSQL, contain_leaked_vars() (clauses.c) and
 * order_qual_clauses() (createplan.c).
 */
import { isLeakproof } from '../../catalog/functions/leakproof.ts';
import type { Expr } from '../expr.ts';
import { caseBranch, FALSE_CONST, logical, makeAnd } from '../logical.ts';
import { someExpr } from '../traverse.ts';

/** All conditions of a scan. Those that tell nothing stay free, for indexes and for being asked in any order; the others wait for `security`. */
export function securedConditions(security: readonly Expr[], given: readonly Expr[]): readonly Expr[] {
  const leaky = given.filter(isLeaky);
  const condition = makeAnd(security.flatMap((part) => part));
  if (leaky.length === 0 || condition === null) return [...security, ...given];
  const guarded: Expr = {
    kind: 'case',
    subject: null,
    branches: [caseBranch(condition, makeAnd(leaky) as Expr)],
    otherwise: FALSE_CONST,
    typeOid: FALSE_CONST.typeOid,
    typeModifier: -1,
  };
  return [...security, ...given.filter((part) => !leaky.includes(part)), guarded];
}

/** Whether it gives values of columns to something that may tell of them. */
export function isLeaky(expr: Expr): boolean {
  return someExpr(expr, (child) => {
    switch (logical(child).kind) {
      case 'call':
      case 'nullIf':
      case 'distinct':
      case 'inList':
      case 'arrayCompare':
        return !isLeakproof(functionOf(child)) && hasColumns(child);
      case 'rowCompare':
      case 'greatest':
      case 'least':
      case 'ioCast':
      case 'typmodCast':
      case 'arrayCast':
        return hasColumns(child);
      case 'sublink':
      case 'subplan':
        return true;
      default:
        return false;
    }
  });
}

function functionOf(expr: Expr): Parameters<typeof isLeakproof>[0] {
  switch (expr.kind) {
    case 'call':
      return expr.function;
    case 'nullIf':
    case 'distinct':
    case 'inList':
      return expr.equality;
    case 'arrayCompare':
      return expr.operator;
    default:
      throw new Error(`${expr.kind} calls no function`);
  }
}

function hasColumns(expr: Expr): boolean {
  return someExpr(expr, (child) => logical(child).kind === 'var');
}
