/** What definitions want to know of a bound expression: the columns, sequences and functions in it. */
import type { RelationEntry } from '../../catalog/index.ts';
import { callVolatility, type Expr, isStableCast } from '../../planner/index.ts';
import { SqlError } from '../../types/errors.ts';
import { OID } from '../../types/index.ts';
import type { DdlContext } from './context.ts';

const REG_TYPES = new Set<number>([OID.REGCLASS]);

/** Calls `visit` for the expression and all in it; plans of subqueries are left out. */
export function walkExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const value of Object.values(expr)) walkValue(value, visit);
}

function walkValue(value: unknown, visit: (expr: Expr) => void): void {
  if (Array.isArray(value)) {
    for (const element of value) walkValue(element, visit);
    return;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if ('kind' in value) {
    if ('typeOid' in value && typeof value.kind === 'string') walkExpr(value as Expr, visit);
    return;
  }
  // Branches of CASE, subscripts and other parts without a kind of their own.
  if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const part of Object.values(value)) walkValue(part, visit);
  }
}

/** One-based numbers of the table's columns, in the order in which they are met. */
export function usedColumns(expr: Expr): number[] {
  const numbers = new Set<number>();
  walkExpr(expr, (node) => {
    if (node.kind === 'column') numbers.add(node.index + 1);
  });
  return [...numbers];
}

/** Names of the system columns in it. */
export function usedSystemColumns(expr: Expr): string[] {
  const names = new Set<string>();
  walkExpr(expr, (node) => {
    if (node.kind === 'systemColumn') names.add(node.name);
  });
  return [...names];
}

/** Oids in constants of type regclass: the sequence of nextval('s'). */
export function namedRelations(expr: Expr): number[] {
  const oids = new Set<number>();
  walkExpr(expr, (node) => {
    if (node.kind === 'const' && REG_TYPES.has(node.typeOid) && typeof node.value === 'number') oids.add(node.value);
  });
  return [...oids].sort((a, b) => a - b);
}

/** The least stable function in it. `isChecked`: the binder has looked at user-made ones, as they are when they are inlined. */
export function volatilityOf(expr: Expr, isChecked = false): 'immutable' | 'stable' | 'volatile' {
  let result: 'immutable' | 'stable' | 'volatile' = 'immutable';
  walkExpr(expr, (node) => {
    if (node.kind === 'ioCast' && isStableCast(node)) {
      if (result === 'immutable') result = 'stable';
      return;
    }
    if (node.kind !== 'call' || (isChecked && node.function.routine !== undefined)) return;
    const volatility = callVolatility(node);
    if (volatility === 'volatile' || (volatility === 'stable' && result === 'immutable')) result = volatility;
  });
  return result;
}

/** Binds kept text. Its errors have no position: it is not in the statement. */
export function bindStored(
  x: DdlContext,
  text: string,
  table: RelationEntry | null,
  use: Parameters<DdlContext['bind']>[2],
  target?: Parameters<DdlContext['bind']>[3],
): Expr {
  try {
    return x.bind(x.parseExpression(text), table, use, target);
  } catch (error) {
    if (!(error instanceof SqlError) || error.fields.position === undefined) throw error;
    const { position: _, ...fields } = error.fields;
    throw new SqlError(error.code, error.message, fields, error.severity);
  }
}
