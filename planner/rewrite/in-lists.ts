/** `a = 1 OR a = 2 OR a IN (3, 4)` is `a IN (1, 2, 3, 4)`: one probe a value instead of a test a row. */

import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical, makeOr } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import { relsOf } from '../relation-sets.ts';
import { mapChildren } from '../traverse.ts';

export function mergeOrEqualities(expr: Expr): Expr {
  const { kind } = logical(expr);
  if (kind === 'const' || kind === 'var' || kind === 'sublink') return expr;
  const mapped = mapChildren(expr, mergeOrEqualities);
  return mapped.kind === 'or' ? mergeOr(mapped) : mapped;
}

interface Group {
  readonly arg: Expr;
  readonly equality: (Expr & { kind: 'call' })['function'];
  readonly list: Expr[];
  readonly original: Expr[];
}

function mergeOr(expr: Expr & { kind: 'and' | 'or' }): Expr {
  const groups: Group[] = [];
  const rest: Expr[] = [];
  for (const arg of expr.args) {
    const part = asEquality(arg);
    if (part === null) {
      rest.push(arg);
      continue;
    }
    const known = groups.find((group) => group.equality === part.equality && equalExpr(group.arg, part.arg));
    if (known === undefined) groups.push({ original: [arg], ...part });
    else {
      for (const element of part.list) known.list.push(element);
      known.original.push(arg);
    }
  }
  if (!groups.some((group) => group.original.length > 1)) return expr;
  const parts = groups.map((group): Expr => {
    if (group.original.length === 1) return group.original[0];
    const { arg, list, equality } = group;
    return { kind: 'inList', arg, list, equality, negated: false, typeOid: 16, typeModifier: -1 };
  });
  return makeOr([...parts, ...rest]);
}

function asEquality(expr: Expr): Omit<Group, 'original'> | null {
  if (expr.kind === 'inList' && !expr.negated) return { arg: expr.arg, equality: expr.equality, list: [...expr.list] };
  if (expr.kind !== 'call' || expr.args.length !== 2) return null;
  if (comparisonOf(expr.function)?.btreeStrategy !== 3) return null;
  const [left, right] = expr.args;
  if (logical(left).kind !== 'var' || relsOf(right).size > 0) return null;
  if (right.kind !== 'const' && right.kind !== 'param') return null;
  return { arg: left, equality: expr.function, list: [right] };
}
