/** Which relations expressions and queries refer to. */
import type { Expr } from './expr.ts';
import { type FromItem, logical, type Query } from './logical.ts';
import { type Mapper, mapChildren, mapQuery, visitExpr } from './traverse.ts';

/** Relations of a FROM tree. */
export function relsOfFrom(item: FromItem, into: Set<number> = new Set()): Set<number> {
  if (item.kind === 'rel') into.add(item.rel);
  else if (item.kind === 'group') for (const child of item.items) relsOfFrom(child, into);
  else {
    relsOfFrom(item.left, into);
    relsOfFrom(item.right, into);
  }
  return into;
}

/** Relations that an expression refers to (for sublinks: those outside the subquery). */
export function relsOf(expr: Expr, into: Set<number> = new Set()): Set<number> {
  visitExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind === 'var') into.add(node.rel);
    else if (node.kind === 'sublink') {
      if (node.test !== null) relsOf(node.test, into);
      for (const rel of freeRels(node.query)) into.add(rel);
      return false;
    }
    return true;
  });
  return into;
}

const freeRelsCache = new WeakMap<Query, Set<number>>();

/** Relations of outer queries that a query refers to. */
export function freeRels(query: Query): Set<number> {
  const known = freeRelsCache.get(query);
  if (known !== undefined) return known;
  const used = new Set<number>();
  // Every own relation of every level is defined somewhere inside; what is used but not defined is free.
  const defined = new Set<number>();
  const walk = (inner: Query): void => {
    for (const rel of inner.relations.keys()) defined.add(rel);
    mapQuery(inner, visit);
    const relations: Query[] = [];
    for (const relation of inner.relations.values()) if (relation.kind === 'subquery') relations.push(relation.query);
    if (inner.setOperation !== null) relations.push(inner.setOperation.left, inner.setOperation.right);
    for (const cte of inner.ctes) {
      if (cte.query !== null) relations.push(cte.query);
      if (cte.recursive !== null) relations.push(cte.recursive.start, cte.recursive.step);
      if (cte.modify !== null) {
        relations.push(cte.modify.source);
        defined.add(cte.modify.target).add(cte.modify.sourceRel);
        if (cte.modify.onConflict !== null) defined.add(cte.modify.onConflict.excluded);
      }
    }
    for (const query of relations) defineAll(query);
  };
  const defineAll = (inner: Query): void => {
    for (const [rel, relation] of inner.relations) {
      defined.add(rel);
      if (relation.kind === 'subquery') defineAll(relation.query);
    }
    if (inner.setOperation !== null) {
      defineAll(inner.setOperation.left);
      defineAll(inner.setOperation.right);
    }
    for (const cte of inner.ctes) {
      if (cte.query !== null) defineAll(cte.query);
      if (cte.recursive !== null) {
        defineAll(cte.recursive.start);
        defineAll(cte.recursive.step);
      }
    }
  };
  const visit: Mapper = (child) => {
    const node = logical(child);
    if (node.kind === 'var') used.add(node.rel);
    else if (node.kind === 'sublink') {
      if (node.test !== null) visit(node.test);
      for (const rel of freeRels(node.query)) used.add(rel);
    } else mapChildren(child, visit);
    return child;
  };
  walk(query);
  for (const rel of defined) used.delete(rel);
  freeRelsCache.set(query, used);
  return used;
}
