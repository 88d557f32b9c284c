/**
 * What conditions cost to test, in calls: of several that may be tested at one place the cheap ones come first, and those that cost the same in
 * the order in which they are found. After: PostgreSQL, cost_qual_eval, order_qual_clauses.
 */
import type { Expr } from '../expr.ts';
import { conjuncts, logical, makeAnd } from '../logical.ts';
import { visitExpr } from '../traverse.ts';

/** A subquery is run. */
const SUBLINK_COST = 1000;
/** Comparisons with an array whose length nobody knows: half of it. */
const ARRAY_COST = 5;

/** Of the node itself, without what is below it. */
export function nodeCost(expr: Expr): number {
  const node = logical(expr);
  switch (node.kind) {
    case 'call':
    case 'distinct':
    case 'nullIf':
    case 'typmodCast':
      return 1;
    case 'ioCast':
      return 2;
    case 'rowCompare':
      return node.left.length;
    case 'inList':
      return node.list.length / 2;
    case 'arrayCompare':
      return ARRAY_COST;
    case 'sublink':
      return SUBLINK_COST;
    default:
      return 0;
  }
}

export function conditionCost(expr: Expr): number {
  let cost = 0;
  visitExpr(expr, (child) => {
    cost += nodeCost(child);
    return logical(child).kind !== 'sublink';
  });
  return cost;
}

export function cheapestFirst<T>(list: readonly T[], costOf: (item: T) => number): readonly T[] {
  if (list.length < 2) return list;
  return list
    .map((item) => ({ item, cost: costOf(item) }))
    .sort((a, b) => a.cost - b.cost)
    .map(({ item }) => item);
}

/** A condition with its parts in the order in which they are tested. */
export function inTestOrder(condition: Expr | null): Expr | null {
  const parts = conjuncts(condition);
  return parts.length < 2 ? condition : makeAnd(cheapestFirst(parts, conditionCost));
}
