/**
 * Subqueries and views in FROM that are plain SELECT ... FROM ... WHERE are merged into the query that reads them: their
 * relations join the outer ones, and references to their columns become the columns' expressions.
 *
 * On the nullable side of an outer join the expressions would have to become null with the row; there only subqueries whose
 * columns are plain columns are merged.
 */
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
import { relsOf } from '../relation-sets.ts';
import { hasSetReturning, hasSublink, isVolatile, mapQuery, replaceExpr } from '../traverse.ts';
import { columnsRead } from './unread-columns.ts';

export function flattenSubqueries(query: Query): Query {
  let current = query;
  for (;;) {
    const next = flattenOne(current);
    if (next === null) return current;
    current = next;
  }
}

function flattenOne(query: Query): Query | null {
  let nullable: ReadonlySet<number> | null = null;
  for (const relation of query.relations.values()) {
    if (relation.kind !== 'subquery' || !isSimple(relation.query)) continue;
    if (query.locks.some((lock) => lock.rel === relation.rel)) continue;
    nullable ??= nullableRels(query);
    if (!mayMerge(relation, nullable.has(relation.rel), query)) continue;
    return merge(query, relation);
  }
  return null;
}

function nullableRels({ from }: Query): ReadonlySet<number> {
  const result = new Set<number>();
  for (const item of from) markNullable(item, false, result);
  return result;
}

/** Relations on the nullable side of some outer join. */
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

function isSimple(inner: Query): boolean {
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
    inner.locks.length === 0 &&
    inner.from.length > 0
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
    if (hasSublink(expr) && countReferences(outer, relation.rel) > 1) return false;
    if (!isNullable) continue;
    const node = logical(expr);
    if (node.kind !== 'var' || !own.has(node.rel)) return false;
  }
  if (query.where !== null && isVolatile(query.where)) return false;
  if (isNullable && query.where !== null && hasSublink(query.where)) return false;
  // LATERAL: a condition on what stands beside it belongs to the join, which must be its own.
  if (
    isNullable &&
    concernsNeighbours(relation, outer) &&
    !outer.from.some((item) => isRightOfLeft(item, relation.rel))
  )
    return false;
  return true;
}

function hasFullJoin(item: FromItem): boolean {
  if (item.kind === 'rel') return false;
  if (item.kind === 'group') return item.items.some(hasFullJoin);
  return item.type === 'full' || hasFullJoin(item.left) || hasFullJoin(item.right);
}

/** Whether its condition is about relations beside it. */
function concernsNeighbours({ query, rel }: SubqueryRelation, outer: Query): boolean {
  if (query.where === null) return false;
  return [...relsOf(query.where)].some((used) => used !== rel && outer.relations.has(used));
}

function isRightOfLeft(item: FromItem, rel: number): boolean {
  if (item.kind === 'rel') return false;
  if (item.kind === 'group') return item.items.some((child) => isRightOfLeft(child, rel));
  if (item.type === 'left' && item.right.kind === 'rel' && item.right.rel === rel) return true;
  return isRightOfLeft(item.left, rel) || isRightOfLeft(item.right, rel);
}

function countReferences(query: Query, rel: number): number {
  let count = 0;
  mapQuery(query, (expr) => {
    replaceExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'var' && node.rel === rel) count++;
      return null;
    });
    return expr;
  });
  return count;
}

function merge(query: Query, relation: SubqueryRelation): Query {
  const inner = relation.query;
  const substitute = (expr: Expr): Expr =>
    replaceExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind !== 'var' || node.rel !== relation.rel) return null;
      return retyped(inner.targets[node.column].expr, node.typeOid, node.typeModifier);
    });
  const relations = new Map<number, Relation>();
  for (const [rel, other] of query.relations) if (rel !== relation.rel) relations.set(rel, other);
  for (const [rel, other] of inner.relations) {
    // What stood inside a LATERAL subquery may refer to what are its neighbours now.
    const isLateral = relation.lateral && other.kind === 'subquery';
    relations.set(rel, isLateral ? { ...other, lateral: true } : other);
  }
  const joinsNeighbours = concernsNeighbours(relation, query);
  const replaceFrom = (item: FromItem): FromItem => {
    if (item.kind === 'rel') {
      if (item.rel !== relation.rel) return item;
      return inner.from.length === 1 && inner.where === null
        ? inner.from[0]
        : { kind: 'group', items: inner.from, where: inner.where };
    }
    if (item.kind === 'group') return { ...item, items: item.items.map(replaceFrom) };
    if (joinsNeighbours && item.type === 'left' && item.right.kind === 'rel' && item.right.rel === relation.rel) {
      const on = makeAnd([...conjuncts(item.on), ...conjuncts(inner.where)]);
      return { ...item, left: item.left, right: { kind: 'group', items: inner.from, where: null }, on };
    }
    return { ...item, left: replaceFrom(item.left), right: replaceFrom(item.right) };
  };
  const merged = { ...query, relations, from: query.from.map(replaceFrom) };
  return mapQuery(merged, substitute);
}

/** A reference may have been relabelled (varchar read as text). */
function retyped(expr: Expr, typeOid: number, typeModifier: number): Expr {
  if (expr.typeOid === typeOid) return expr;
  const { kind } = logical(expr);
  if (kind === 'var' || kind === 'call' || kind === 'aggregateRef')
    return toExpr({ ...logical(expr), typeOid, typeModifier } as never);
  return { kind: 'coalesce', args: [expr], typeOid, typeModifier };
}
