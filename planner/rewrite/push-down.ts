/**
 * Conditions on a subquery's columns move into the subquery: below GROUP BY when they are about group keys, into every branch
 * of a set operation, below DISTINCT and window functions when they are about what those divide rows by.
 */

import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import {
  conjuncts,
  type FromItem,
  logical,
  makeAnd,
  type Query,
  type Relation,
  type SubqueryRelation,
} from '../logical.ts';
import { freeRels, relsOf } from '../relation-sets.ts';
import { hasSetReturning, hasSublink, isVolatile, replaceExpr, someExpr } from '../traverse.ts';

export function pushDownConditions(query: Query): Query {
  if (query.where === null || !hasSubquery(query)) return query;
  const nullable = new Set<number>();
  for (const item of query.from) collectNullable(item, nullable);
  const kept: Expr[] = [];
  const relations = new Map<number, Relation>(query.relations);
  let changed = false;
  for (const part of conjuncts(query.where)) {
    const target = targetOf(part, relations);
    if (target === null || nullable.has(target.rel)) {
      kept.push(part);
      continue;
    }
    const pushed = pushInto(target.query, part, target.rel);
    if (pushed === null) kept.push(part);
    else {
      relations.set(target.rel, { ...target, query: pushed });
      changed = true;
    }
  }
  return changed ? { ...query, relations, where: makeAnd(kept) } : query;
}

function hasSubquery({ relations }: Query): boolean {
  for (const { kind } of relations.values()) if (kind === 'subquery') return true;
  return false;
}

function collectNullable(item: FromItem, into: Set<number>): void {
  if (item.kind === 'rel') return;
  if (item.kind === 'group') {
    for (const child of item.items) collectNullable(child, into);
    return;
  }
  collectNullable(item.left, into);
  collectNullable(item.right, into);
  const mark = (child: FromItem): void => {
    if (child.kind === 'rel') into.add(child.rel);
    else if (child.kind === 'group') child.items.forEach(mark);
    else {
      mark(child.left);
      mark(child.right);
    }
  };
  if (item.type !== 'inner' && item.type !== 'semi') mark(item.right);
  if (item.type === 'full') mark(item.left);
}

/** The one subquery that the condition is about. */
function targetOf(part: Expr, relations: ReadonlyMap<number, Relation>): SubqueryRelation | null {
  const [rel, ...others] = relsOf(part);
  const relation = rel === undefined || others.length > 0 ? undefined : relations.get(rel);
  if (relation?.kind !== 'subquery' || hasSublink(part) || isVolatile(part)) return null;
  return relation;
}

/** The query with the condition inside, or null when it cannot be moved. */
function pushInto(query: Query, part: Expr, rel: number): Query | null {
  if (query.limit !== null || query.offset !== null || query.hasSets || query.locks.length > 0) return null;
  const used = columnsUsed(part, rel);
  const operation = query.setOperation;
  if (operation !== null) {
    const left = pushInto(operation.left, part, rel);
    const right = pushInto(operation.right, part, rel);
    if (left === null || right === null) return null;
    return { ...query, setOperation: { ...operation, left, right } };
  }
  for (const column of used) {
    const { expr } = query.targets[column];
    if (isVolatile(expr) || hasSetReturning(expr) || hasSublink(expr)) return null;
    if (query.distinctOn !== null && !query.distinctOn.some((key) => equalExpr(key, expr))) return null;
    if (query.hasWindows) {
      const divided = query.windows.every((window) => window.partitionBy.some((key) => equalExpr(key, expr)));
      if (!divided) return null;
    }
  }
  const inner = replaceExpr(part, (child) => {
    const node = logical(child);
    return node.kind === 'var' && node.rel === rel ? query.targets[node.column].expr : null;
  });
  if (!query.hasAggregates) return { ...query, where: makeAnd([...conjuncts(query.where), inner]) };
  const isKey = (column: number): boolean => query.groupBy.some((key) => equalExpr(key, query.targets[column].expr));
  if (query.groupingSets === null && query.groupBy.length > 0 && [...used].every(isKey)) {
    return { ...query, where: makeAnd([...conjuncts(query.where), inner]) };
  }
  return { ...query, having: makeAnd([...conjuncts(query.having), inner]) };
}

function columnsUsed(part: Expr, rel: number): Set<number> {
  const used = new Set<number>();
  replaceExpr(part, (child) => {
    const node = logical(child);
    if (node.kind === 'var' && node.rel === rel) used.add(node.column);
    return null;
  });
  return used;
}

/**
 * HAVING conditions that do not use aggregates are tested before grouping. Subqueries stay above it, where they are run less often; but not those
 * that are run once.
 */
export function pushHaving(query: Query): Query {
  if (query.having === null || query.groupingSets !== null || query.groupBy.length === 0) return query;
  const down: Expr[] = [];
  const kept: Expr[] = [];
  for (const part of conjuncts(query.having)) {
    (usesAggregate(part, query) || isVolatile(part) || runsPerRow(part, query) ? kept : down).push(part);
  }
  if (down.length === 0) return query;
  return { ...query, having: makeAnd(kept), where: makeAnd([...conjuncts(query.where), ...down]) };
}

function usesAggregate(expr: Expr, { id }: Query): boolean {
  return someExpr(expr, (child) => {
    const node = logical(child);
    return (node.kind === 'aggregateRef' || node.kind === 'groupingRef') && node.query === id;
  });
}

/** Some subquery's answer depends on the row, or on the value that is looked for in it. */
function runsPerRow(expr: Expr, { relations }: Query): boolean {
  return someExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind !== 'sublink') return false;
    return node.test !== null || [...freeRels(node.query)].some((rel) => relations.has(rel));
  });
}
