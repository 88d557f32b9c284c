/** Conditions that could tell of rows which somebody may not see. After: PostgreSQL, contain_leaked_vars() (clauses.c). */
import { isLeakproof } from '../catalog/functions/leakproof.ts';
import type { Expr } from './expr.ts';
import { logical } from './logical.ts';
import { someExpr } from './traverse.ts';

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
