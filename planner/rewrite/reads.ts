/** How often relations are read. */
import type { Expr } from '../expr.ts';
import { logical, type Query } from '../logical.ts';
import { mapChildren, mapQuery } from '../traverse.ts';

/** How often the relation is read in a query, wherever in it. */
export function readsOf(rel: number, query: Query): number {
  const counter = new ReadCounter(rel);
  mapQuery(query, counter.visit);
  return counter.count;
}

export function readsOfExpr(rel: number, expr: Expr | null): number {
  const counter = new ReadCounter(rel);
  if (expr !== null) counter.visit(expr);
  return counter.count;
}

class ReadCounter {
  count = 0;
  readonly visit: (expr: Expr) => Expr;

  constructor(rel: number) {
    this.visit = (expr) => {
      const node = logical(expr);
      if (node.kind !== 'var') return mapChildren(expr, this.visit);
      if (node.rel === rel) this.count++;
      return expr;
    };
  }
}
