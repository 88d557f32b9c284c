/**
 * Subqueries and views in FROM that are plain SELECT ... FROM ... WHERE are merged into the query that reads them: their
 * relations join the outer ones, and references to their columns become the columns' expressions.
 *
 * On the nullable side of an outer join the expressions would have to become null with the row; there only subqueries whose
 * columns are plain columns are merged.
 */
import { isSecurityBarrier } from '../../catalog/rights.ts';
import type { Expr } from '../expr.ts';
import {
  conjuncts,
  type FromItem,
  isFixedConst,
  logical,
  makeAnd,
  type Query,
  type Relation,
  type SubqueryRelation,
  toExpr,
} from '../logical.ts';
import { relsOf, relsOfFrom } from '../relation-sets.ts';
import { hasSetReturning, hasSublink, isVolatile, mapQuery, replaceExpr, someExpr, visitExpr } from '../traverse.ts';
import { columnsRead } from './unread-columns.ts';

export function flattenSubqueries(query: Query): Query {
  return flattened(query, false);
}

/** Views that are security barriers, too: for who sees to it by himself that they are. */
export function flattenThroughBarriers(query: Query): Query {
  return flattened(query, true);
}

function flattened(query: Query, isThroughBarriers: boolean): Query {
  let current = query;
  for (;;) {
    const next = flattenOne(current, isThroughBarriers);
    if (next === null) return current;
    current = next;
  }
}

function flattenOne(query: Query, isThroughBarriers: boolean): Query | null {
  let nullable: ReadonlySet<number> | null = null;
  for (const relation of query.relations.values()) {
    if (relation.kind !== 'subquery' || relation.query.from.length === 0 || !isSimple(relation.query)) continue;
    if (!isThroughBarriers && relation.view !== null && isSecurityBarrier(relation.view)) continue;
    nullable ??= nullableRels(query.from);
    if (!mayMerge(relation, nullable.has(relation.rel), query)) continue;
    return merge(query, relation);
  }
  return null;
}

/** Relations on the nullable side of some outer join. */
export function nullableRels(from: readonly FromItem[]): ReadonlySet<number> {
  const result = new Set<number>();
  for (const item of from) markNullable(item, false, result);
  return result;
}

function markNullable(item: FromItem, isNullable: boolean, into: Set<number>): void {
  if (item.kind === 'rel') {
    if (isNullable) into.add(item.rel);
  } else if (item.kind === 'group') for (const child of item.items) markNullable(child, isNullable, into);
  else {
    markNullable(item.left, isNullable || item.type === 'full', into);
    const rightNullable = item.type === 'left' || item.type === 'full';
    markNullable(item.right, isNullable || rightNullable, into);
  }
}

/** Plain SELECT ... FROM ... WHERE. */
export function isSimple(inner: Query): boolean {
  return (
    inner.setOperation === null &&
    !inner.hasAggregates &&
    !inner.hasWindows &&
    !inner.hasSets &&
    !inner.distinct &&
    inner.distinctOn === null &&
    // The order shows where rows are collected or given out as they come; PostgreSQL, too, leaves such a subquery alone.
    inner.orderBy.length === 0 &&
    inner.limit === null &&
    inner.offset === null &&
    inner.ctes.length === 0 &&
    inner.locks.every((lock) => lock.isPushedDown)
  );
}

function mayMerge(relation: SubqueryRelation, isNullable: boolean, outer: Query): boolean {
  const { query } = relation;
  const own = query.relations;
  // A FULL JOIN whose sides depend on what stands beside it is computed anew for each of its rows, as a whole.
  if (relation.lateral && query.from.some(hasFullJoin)) return false;
  const read = isNullable || outer.groupingSets !== null ? (columnsRead(outer).get(relation.rel) ?? null) : null;
  for (const [i, { expr }] of query.targets.entries()) {
    if (isFixedConst(expr, null) && read?.has(i) !== true) continue;
    if (isVolatile(expr) || hasSetReturning(expr)) return false;
    // A constant column that a grouping set leaves out is NULL: as a constant it could not be told from others.
    if (outer.groupingSets !== null && relsOf(expr).size === 0) return false;
    // A subplan would be run again at every reference.
    if (hasSublink(expr) && countReferences(outer, relation.rel, i) > 1) return false;
    const node = logical(expr);
    const isColumn = node.kind === 'var' && own.has(node.rel);
    if (isNullable && !isColumn) return false;
    // What a group shows to a subquery above it is a column of its own, not something that is computed of ungrouped ones.
    if (!isColumn && outer.groupBy.length > 0 && isReadAboveGroups(outer, relation.rel, i) && relsOf(expr).size > 0)
      return false;
  }
  if (query.where !== null && isVolatile(query.where)) return false;
  if (isNullable && query.where !== null && hasSublink(query.where)) return false;
  return !relation.lateral || mayBeBeside(relation, isNullable, outer);
}

/**
 * LATERAL: conditions on what stands beside the subquery. An outer join that has some depends on the rows beside it, and stays with its subquery. On the
 * nullable side they belong to the join, which must be the subquery's own and have all that they are about. After: PostgreSQL,
 * is_simple_subquery (prepjointree.c).
 */
export function mayBeBeside(relation: SubqueryRelation, isNullable: boolean, outer: Query): boolean {
  const { from, where } = relation.query;
  const isBeside = (condition: Expr | null): boolean => neighboursIn(condition, relation, outer).length > 0;
  if (from.some((item) => hasOuterJoinOn(item, isBeside, false))) return false;
  if (!isNullable) return true;
  const conditions: Expr[] = conjuncts(where).filter(isBeside);
  for (const item of from) withoutConditions(item, isBeside, conditions);
  if (conditions.length === 0) return true;
  const join = outer.from.reduce<FromItem | null>((found, item) => found ?? leftJoinOf(item, relation.rel), null);
  if (join === null || join.kind !== 'join' || conditions.some(hasSublink)) return false;
  const known = relsOfFrom(join.left);
  return conditions.every((condition) => neighboursIn(condition, relation, outer).every((rel) => known.has(rel)));
}

/** Whether a condition of an outer join, or below one, is among those. */
function hasOuterJoinOn(item: FromItem, isMeant: (condition: Expr | null) => boolean, isBelow: boolean): boolean {
  if (item.kind === 'rel') return false;
  if (item.kind === 'group') {
    return (isBelow && isMeant(item.where)) || item.items.some((child) => hasOuterJoinOn(child, isMeant, isBelow));
  }
  const isOuter = isBelow || item.type !== 'inner';
  return (
    (isOuter && isMeant(item.on)) || [item.left, item.right].some((side) => hasOuterJoinOn(side, isMeant, isOuter))
  );
}

/** Without those conditions of inner joins, which go to `taken`. */
function withoutConditions(item: FromItem, isMeant: (condition: Expr) => boolean, taken: Expr[]): FromItem {
  const rest = (condition: Expr | null): Expr | null => {
    const parts = conjuncts(condition);
    const meant = parts.filter(isMeant);
    if (meant.length === 0) return condition;
    taken.push(...meant);
    return makeAnd(parts.filter((part) => !meant.includes(part)));
  };
  if (item.kind === 'rel') return item;
  if (item.kind === 'group') {
    const items = item.items.map((child) => withoutConditions(child, isMeant, taken));
    return asItem(items, rest(item.where));
  }
  if (item.type !== 'inner') return item;
  const left = withoutConditions(item.left, isMeant, taken);
  return { ...item, left, right: withoutConditions(item.right, isMeant, taken), on: rest(item.on) };
}

function hasFullJoin(item: FromItem): boolean {
  if (item.kind === 'rel') return false;
  if (item.kind === 'group') return item.items.some(hasFullJoin);
  return item.type === 'full' || hasFullJoin(item.left) || hasFullJoin(item.right);
}

/** Relations beside a subquery that a condition in it is about. */
function neighboursIn(condition: Expr | null, { rel }: SubqueryRelation, outer: Query): number[] {
  if (condition === null) return [];
  return [...relsOf(condition)].filter((used) => used !== rel && outer.relations.has(used));
}

/** The LEFT JOIN whose right side the relation is. */
function leftJoinOf(item: FromItem, rel: number): FromItem | null {
  if (item.kind === 'rel') return null;
  if (item.kind === 'group') {
    return item.items.reduce<FromItem | null>((found, child) => found ?? leftJoinOf(child, rel), null);
  }
  if (item.type === 'left' && item.right.kind === 'rel' && item.right.rel === rel) return item;
  return leftJoinOf(item.left, rel) ?? leftJoinOf(item.right, rel);
}

/** Whether a subquery in what is computed of the groups reads a column. */
function isReadAboveGroups({ id, targets, having, orderBy, distinctOn, windows }: Query, rel: number, column: number) {
  const reads = (expr: Expr): boolean => {
    const node = logical(expr);
    return node.kind === 'var' && node.rel === rel && node.column === column;
  };
  const isAbove = (expr: Expr | null): boolean => {
    let found = false;
    if (expr === null) return found;
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'aggregateRef' && node.query === id) return false;
      if (node.kind === 'sublink') found ||= someExpr(child, reads);
      return !found && node.kind !== 'sublink';
    });
    return found;
  };
  return (
    targets.some(({ expr }) => isAbove(expr)) ||
    isAbove(having) ||
    orderBy.some(({ expr }) => isAbove(expr)) ||
    distinctOn?.some(isAbove) === true ||
    windows.some((window) => window.partitionBy.some(isAbove) || window.orderBy.some(({ expr }) => isAbove(expr)))
  );
}

function countReferences(query: Query, rel: number, column: number): number {
  let count = 0;
  mapQuery(query, (expr) => {
    replaceExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'var' && node.rel === rel && node.column === column) count++;
      return null;
    });
    return expr;
  });
  return count;
}

/** `read`: what stands for a column's expression. */
export function merge(query: Query, relation: SubqueryRelation, read: (expr: Expr) => Expr = (expr) => expr): Query {
  const inner = relation.query;
  const substitute = (expr: Expr): Expr =>
    replaceExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind !== 'var' || node.rel !== relation.rel) return null;
      return retyped(read(inner.targets[node.column].expr), node.typeOid, node.typeModifier);
    });
  const relations = new Map<number, Relation>();
  for (const [rel, other] of query.relations) if (rel !== relation.rel) relations.set(rel, other);
  for (const [rel, other] of inner.relations) {
    // What stood inside a LATERAL subquery may refer to what are its neighbours now.
    const isLateral = relation.lateral && other.kind === 'subquery';
    relations.set(rel, isLateral ? { ...other, lateral: true } : other);
  }
  const isBeside = (condition: Expr): boolean => neighboursIn(condition, relation, query).length > 0;
  const replaceFrom = (item: FromItem): FromItem => {
    if (item.kind === 'rel') {
      if (item.rel !== relation.rel) return item;
      return asItem(inner.from, inner.where);
    }
    if (item.kind === 'group') return { ...item, items: item.items.map(replaceFrom) };
    if (relation.lateral && item.type === 'left' && item.right.kind === 'rel' && item.right.rel === relation.rel) {
      const conditions = conjuncts(item.on);
      const right = withoutConditions(asItem(inner.from, inner.where), isBeside, conditions);
      return { ...item, right, on: makeAnd(conditions) };
    }
    return { ...item, left: replaceFrom(item.left), right: replaceFrom(item.right) };
  };
  const locks = [...query.locks.filter(({ rel }) => rel !== relation.rel), ...inner.locks];
  const merged = { ...query, relations, from: query.from.map(replaceFrom), locks };
  return mapQuery(merged, substitute);
}

function asItem(items: readonly FromItem[], where: Expr | null): FromItem {
  return items.length === 1 && where === null ? items[0] : { kind: 'group', items, where };
}

/** A reference may have been relabelled (varchar read as text). */
function retyped(expr: Expr, typeOid: number, typeModifier: number): Expr {
  if (expr.typeOid === typeOid) return expr;
  const { kind } = logical(expr);
  if (kind === 'var' || kind === 'call' || kind === 'aggregateRef')
    return toExpr({ ...logical(expr), typeOid, typeModifier } as never);
  return { kind: 'coalesce', args: [expr], typeOid, typeModifier };
}
