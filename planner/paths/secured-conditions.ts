/**
 * Conditions on a table of whose rows the user may see some (row-level security, views that are security barriers): what could tell of a
 * row, by an error or to a function, is asked of those rows only. After: PostgreSQL, order_qual_clauses() (createplan.c).
 */
import type { Expr } from '../expr.ts';
import { isLeaky } from '../leaky.ts';
import { caseBranch, FALSE_CONST, makeAnd } from '../logical.ts';

/** All conditions of a scan. Those that tell nothing stay free, for indexes and for being asked in any order; the others wait for `security`. */
export function securedConditions(security: readonly Expr[], given: readonly Expr[]): readonly Expr[] {
  const leaky = given.filter(isLeaky);
  const condition = makeAnd(security);
  if (leaky.length === 0 || condition === null) return [...security, ...given];
  const guarded: Expr = {
    kind: 'case',
    subject: null,
    branches: [caseBranch(condition, makeAnd(leaky) as Expr)],
    otherwise: FALSE_CONST,
    isGuard: true,
    typeOid: FALSE_CONST.typeOid,
    typeModifier: -1,
  };
  return [...security, ...given.filter((part) => !leaky.includes(part)), guarded];
}
