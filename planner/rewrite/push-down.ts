/**
 * Conditions on a subquery's columns move into the subquery: below GROUP BY when they are about group keys, into every branch
 * of a set operation, below DISTINCT and window functions when they are about what those divide rows by.
 */

import { isSecurityBarrier } from '../../catalog/rights.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { isLeaky } from '../leaky.ts';
import {
  conjuncts,
  type FromItem,
  logical,
  makeAnd,
  type Query,
  type Relation,
  type SubqueryRelation,
} from '../logical.ts';
import { freeRels, relsOf, relsOfFrom } from '../relation-sets.ts';
import { hasSetReturning, hasSublink, isVolatile, replaceExpr, someExpr } from '../traverse.ts';
import { limitedByNumber } from './numbered-rows.ts';

export function pushDownConditions(query: Query): Query {
  if (!hasSubquery(query)) return query;
  const relations = new Map<number, Relation>(query.relations);
  const pusher = new Pusher(relations);
  const from = query.from.map((item) => pusher.inJoins(item));
  const where = pusher.into(query.from, query.where);
  return pusher.hasPushed ? { ...query, relations, from, where } : query;
}

class Pusher {
  readonly #relations: Map<number, Relation>;
  hasPushed = false;

  constructor(relations: Map<number, Relation>) {
    this.#relations = relations;
  }

  /** What is left of a condition that rows of the items must fulfil. */
  into(items: readonly FromItem[], condition: Expr | null): Expr | null {
    if (condition === null) return null;
    const reached = new Set(items.flatMap((item) => [...relsOfFrom(item)]));
    for (const item of items) withoutNullable(item, reached);
    const kept: Expr[] = [];
    for (const part of conjuncts(condition)) {
      const target = targetOf(part, this.#relations);
      const isReached = target !== null && reached.has(target.rel) && maySee(target, part);
      const pushed = isReached ? pushInto(target.query, part, target.rel) : null;
      if (pushed === null) kept.push(part);
      const query = pushed ?? (isReached ? limitedByNumber(target.query, part, target.rel) : null);
      if (target === null || query === null) continue;
      this.#relations.set(target.rel, { ...target, query });
      this.hasPushed = true;
    }
    return makeAnd(kept);
  }

  /** Conditions of joins: of those that keep all rows of their left side, they are about the right one. */
  inJoins(item: FromItem): FromItem {
    if (item.kind === 'rel') return item;
    if (item.kind === 'group') {
      const where = this.into(item.items, item.where);
      return { ...item, items: item.items.map((child) => this.inJoins(child)), where };
    }
    const { type, left, right, on } = item;
    const sides = type === 'full' ? [] : type === 'inner' ? [left, right] : [right];
    return { ...item, on: this.into(sides, on), left: this.inJoins(left), right: this.inJoins(right) };
  }
}

function hasSubquery({ relations }: Query): boolean {
  for (const { kind } of relations.values()) if (kind === 'subquery') return true;
  return false;
}

/** Takes out of `rels` those that a join within the item may fill with NULL, or that are not seen above it. */
function withoutNullable(item: FromItem, rels: Set<number>): void {
  if (item.kind === 'rel') return;
  if (item.kind === 'group') {
    for (const child of item.items) withoutNullable(child, rels);
    return;
  }
  const { type, left, right } = item;
  withoutNullable(left, rels);
  withoutNullable(right, rels);
  if (type !== 'inner' && type !== 'semi') for (const rel of relsOfFrom(right)) rels.delete(rel);
  if (type === 'full') for (const rel of relsOfFrom(left)) rels.delete(rel);
}

/** The one subquery that the condition is about. */
function targetOf(part: Expr, relations: ReadonlyMap<number, Relation>): SubqueryRelation | null {
  const [rel, ...others] = relsOf(part);
  const relation = rel === undefined || others.length > 0 ? undefined : relations.get(rel);
  if (relation?.kind !== 'subquery' || hasSublink(part) || isVolatile(part)) return null;
  return relation;
}

/** Behind a security barrier nothing is asked that could tell of rows which are left out. */
function maySee({ view }: SubqueryRelation, part: Expr): boolean {
  return view === null || !isSecurityBarrier(view) || !isLeaky(part);
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
