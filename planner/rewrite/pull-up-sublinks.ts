/**
 * EXISTS, IN and their negations in WHERE, and in conditions of inner joins, become semi and anti joins, so that the subquery takes part in
 * the join search.
 *
 *  - `EXISTS (SELECT ... FROM b WHERE b.k = a.k AND c)`: a semi join b ON b.k = a.k, with c inside b's side.
 *  - `x IN (SELECT y FROM b ...)`: the same with y = x; a subquery too complex to be opened stays a relation of its own.
 *  - Conditions of an EXISTS or IN that read nothing of its rows become conditions beside it, and may be joins themselves.
 *  - `NOT EXISTS`: anti join. `x NOT IN (...)` too, when neither side can be null; else it stays a (hashed) subplan, which
 *    knows that a null makes the answer unknown.
 *
 * What does not fit stays a sublink, and is planned as a subplan.
 */
import type { BindContext } from '../bind/context.ts';
import type { Expr } from '../expr.ts';
import {
  conjuncts,
  type FromItem,
  logical,
  makeAnd,
  makeVar,
  type Query,
  type Relation,
  type SublinkExpr,
  toExpr,
} from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import { freeRels, relsOf } from '../relation-sets.ts';
import { hasSetReturning, hasSublink, isVolatile, mapQuery, replaceRowColumns } from '../traverse.ts';
import { nullableRels } from './flatten-subqueries.ts';

export function pullUpSublinks(context: BindContext, query: Query): Query {
  if (query.from.length === 0) return query;
  const own = conjuncts(query.where);
  const lifted: Expr[] = [];
  const from = query.from.map((item) => withoutSublinks(item, lifted));
  if (lifted.length === 0 && !own.some(hasSublink)) return query;
  const parts = [...own, ...lifted].flatMap(withoutOuterConditions);
  let tree: FromItem = from.length === 1 ? from[0] : { kind: 'group', items: from, where: null };
  const relations = new Map(query.relations);
  const kept: Expr[] = [];
  for (const part of parts) {
    const joined = convert(context, part, tree, relations);
    if (joined === null) kept.push(part);
    else tree = joined;
  }
  if (kept.length === parts.length) return query;
  return { ...query, from: [tree], relations, where: makeAnd(kept) };
}

/** What is on no nullable side, without its conditions that hold sublinks: they may as well be asked above it. */
function withoutSublinks(item: FromItem, lifted: Expr[]): FromItem {
  const rest = (condition: Expr | null): Expr | null => {
    if (condition === null || !hasSublink(condition)) return condition;
    const kept: Expr[] = [];
    for (const part of conjuncts(condition)) (hasSublink(part) && !isVolatile(part) ? lifted : kept).push(part);
    return makeAnd(kept);
  };
  if (item.kind === 'rel') return item;
  if (item.kind === 'group') {
    return { kind: 'group', items: item.items.map((child) => withoutSublinks(child, lifted)), where: rest(item.where) };
  }
  if (item.type === 'full') return item;
  const left = withoutSublinks(item.left, lifted);
  if (item.type !== 'inner') return { ...item, left };
  return { ...item, left, right: withoutSublinks(item.right, lifted), on: rest(item.on) };
}

/** An EXISTS or IN, and behind it what its WHERE asks of the outer row alone: true of all of its rows, or of none. */
function withoutOuterConditions(part: Expr): Expr[] {
  const node = logical(part);
  if (node.kind !== 'sublink' || (node.mode !== 'exists' && node.mode !== 'any')) return [part];
  const { query } = node;
  if (query.where === null || query.setOperation !== null || query.hasAggregates || query.ctes.length > 0)
    return [part];
  const isOuter = (condition: Expr): boolean =>
    !isVolatile(condition) && ![...relsOf(condition)].some((rel) => query.relations.has(rel));
  const conditions = conjuncts(query.where);
  const outer = conditions.filter(isOuter);
  if (outer.length === 0) return [part];
  const where = makeAnd(conditions.filter((condition) => !outer.includes(condition)));
  return [toExpr({ ...node, query: { ...query, where } }), ...outer.flatMap(withoutOuterConditions)];
}

function convert(context: BindContext, part: Expr, tree: FromItem, relations: Map<number, Relation>): FromItem | null {
  let node = logical(part);
  let negated = false;
  if (node.kind === 'not') {
    negated = true;
    node = logical(node.arg);
  }
  if (node.kind !== 'sublink') return null;
  if (node.mode === 'exists')
    return openSubquery(context, node.query, null, negated ? 'anti' : 'semi', tree, relations);
  if (node.mode !== 'any' || node.test === null) return null;
  if (!negated) {
    const opened = openSubquery(context, node.query, node.test, 'semi', tree, relations);
    return opened ?? asRelation(context, node, tree, relations, false);
  }
  if (!isOneEquality(node.test) || !neverNull(node, tree, relations)) return null;
  return asRelation(context, node, tree, relations, true);
}

function isOneEquality(test: Expr): boolean {
  return test.kind === 'call' && comparisonOf(test.function)?.btreeStrategy === 3 && !relsOf(test.args[1]).size;
}

/** Both sides of the one equality are columns declared NOT NULL, of rows that no outer join makes up. */
function neverNull(node: SublinkExpr, tree: FromItem, relations: Map<number, Relation>): boolean {
  const left = (node.test as Expr & { kind: 'call' }).args[0];
  const madeUp = nullableRels([tree]);
  if ([...relsOf(left)].some((rel) => madeUp.has(rel))) return false;
  const { query } = node;
  if (query.setOperation !== null || !query.from.every((item) => item.kind === 'rel')) return false;
  if (query.groupingSets !== null) return false;
  return isNotNullColumn(left, relations) && isNotNullColumn(query.targets[0].expr, query.relations);
}

function isNotNullColumn(expr: Expr, relations: ReadonlyMap<number, Relation>): boolean {
  const node = logical(expr);
  if (node.kind !== 'var' || node.column < 0) return false;
  const relation = relations.get(node.rel);
  return relation?.kind === 'table' && relation.table.columns[node.column].notNull;
}

/** A subquery of plain SELECT ... FROM ... WHERE: its relations join the outer ones. */
function openSubquery(
  context: BindContext,
  inner: Query,
  test: Expr | null,
  type: 'semi' | 'anti',
  tree: FromItem,
  relations: Map<number, Relation>,
): FromItem | null {
  const simple =
    inner.setOperation === null &&
    !inner.hasAggregates &&
    !inner.hasWindows &&
    !inner.hasSets &&
    inner.ctes.length === 0 &&
    inner.distinctOn === null &&
    inner.offset === null &&
    inner.locks.length === 0 &&
    inner.from.length > 0;
  if (!simple) return null;
  if (inner.limit !== null) {
    if (test !== null) return null;
    const { limit } = inner;
    if (limit.kind !== 'const' || limit.value === null || Number(limit.value) < 1) return null;
    context.useLiteral(limit);
  }
  const own = new Set(inner.relations.keys());
  const inside: Expr[] = [];
  const on: Expr[] = [];
  const outerRels = new Set(relations.keys());
  for (const part of conjuncts(inner.where)) {
    const rels = relsOf(part);
    if ([...rels].every((rel) => own.has(rel))) inside.push(part);
    else if (hasSublink(part) || isVolatile(part)) return null;
    else on.push(part);
  }
  // References from inside FROM to the outer query cannot be moved.
  const rest = { ...inner, where: null, targets: test === null ? [] : inner.targets, orderBy: [], limit: null };
  if (freeRels(rest).size > 0) return null;
  if (test !== null) {
    if (
      inner.targets.some((target) => isVolatile(target.expr) || hasSublink(target.expr) || hasSetReturning(target.expr))
    ) {
      return null;
    }
    on.push(...conjuncts(replaceRowColumns(test, ({ index }) => inner.targets[index].expr)));
  }
  const mentionsOuter = on.some((part) => [...relsOf(part)].some((rel) => outerRels.has(rel)));
  if (!mentionsOuter) return null;
  for (const part of on) if (hasSublink(part)) return null;
  for (const [rel, relation] of inner.relations) relations.set(rel, relation);
  const right: FromItem = { kind: 'group', items: inner.from, where: makeAnd(inside) };
  return { kind: 'join', type, left: tree, right, on: makeAnd(on) };
}

/** The subquery as a relation beside the others; its columns are compared in the join condition. */
function asRelation(
  context: BindContext,
  node: SublinkExpr,
  tree: FromItem,
  relations: Map<number, Relation>,
  negated: boolean,
): FromItem | null {
  const { query, test } = node;
  if (freeRels(query).size > 0 || test === null || hasSublink(test)) return null;
  if (volatileInside(query)) return null;
  const outerRels = relsOf(test);
  if (![...outerRels].some((rel) => relations.has(rel))) return null;
  const rel = context.nextRel();
  const columns = query.targets.map((target) => ({
    name: target.name,
    typeOid: target.expr.typeOid,
    typeModifier: target.expr.typeModifier,
    tableOid: 0,
    columnNumber: 0,
  }));
  const on = replaceRowColumns(test, ({ index, typeOid, typeModifier }) => makeVar(rel, index, typeOid, typeModifier));
  relations.set(rel, { kind: 'subquery', rel, alias: 'ANY_subquery', columns, query, lateral: false, view: null });
  const right: FromItem = { kind: 'rel', rel };
  if (!negated) return { kind: 'join', type: 'semi', left: tree, right, on };
  return { kind: 'join', type: 'anti', left: tree, right, on };
}

function volatileInside(query: Query): boolean {
  let found = false;
  mapQuery(query, (expr) => {
    if (isVolatile(expr)) found = true;
    return expr;
  });
  return found;
}
