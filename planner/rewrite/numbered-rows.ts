/**
 * `SELECT ... FROM (SELECT ..., row_number() OVER (ORDER BY x) AS n FROM t) AS q WHERE n <= 20`: no more than the first twenty rows of the subquery are
 * wanted. It gets a LIMIT; the condition stays. (PostgreSQL has run conditions of the window for it.)
 */

import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { functionByOid } from '../../catalog/functions/index.ts';
import type { Expr } from '../expr.ts';
import { logical, makeConst, type Query } from '../logical.ts';
import { commutatorOf, comparisonOf } from '../operators.ts';
import { runningCall } from '../running-calls.ts';

const [INT8, INT4, INT2] = [20, 23, 21];
/** int8larger, and the casts of integers to bigint. */
const LARGER = 1236;
const WIDENED: Readonly<Record<number, number>> = { [INT4]: 481, [INT2]: 754 };

/** The subquery with the limit that the condition is; null: it is none. */
export function limitedByNumber(query: Query, part: Expr, rel: number): Query | null {
  if (!query.hasWindows || query.windows.length !== 1 || query.limit !== null || query.offset !== null) return null;
  if (query.distinct || query.distinctOn !== null || query.orderBy.length > 0) return null;
  if (query.hasSets || query.locks.length > 0 || query.windows[0].partitionBy.length > 0) return null;
  const bound = upperBound(part, rel);
  if (bound === null) return null;
  const number = logical(query.targets[bound.column].expr);
  if (number.kind !== 'windowRef' || number.query !== query.id || runningCall(number) !== 'row_number') return null;
  const value = asBigint(bound.value);
  // LIMIT takes no negative number.
  return value === null ? null : { ...query, limit: call(LARGER, [value, makeConst(0, INT8)]) };
}

/** `column < value`, `<=`, `=`, either way round; of a value that is known before there are rows. */
function upperBound(part: Expr, rel: number): { column: number; value: Expr } | null {
  if (part.kind !== 'call' || part.args.length !== 2) return null;
  const operator = comparisonOf(part.function);
  if (operator === null) return null;
  for (const [own, other, read] of [
    [part.args[0], part.args[1], operator],
    [part.args[1], part.args[0], commutatorOf(operator)],
  ] as const) {
    const node = logical(own);
    const strategy = read?.btreeStrategy ?? 0;
    if (node.kind !== 'var' || node.rel !== rel || node.column < 0 || strategy < 1 || strategy > 3) continue;
    if (other.kind === 'const' || other.kind === 'param') return { column: node.column, value: other };
  }
  return null;
}

function asBigint(value: Expr): Expr | null {
  if (value.typeOid === INT8) return value;
  const cast = WIDENED[value.typeOid];
  return cast === undefined ? null : call(cast, [value]);
}

function call(oid: number, args: readonly Expr[]): Expr {
  return { kind: 'call', function: functionByOid(oid) as ScalarFunction, args, typeOid: INT8, typeModifier: -1 };
}
