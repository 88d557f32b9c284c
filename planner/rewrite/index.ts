/** The rewrites in their order, over a query and all queries inside it. */
import type { BindContext } from '../bind/context.ts';
import { lockWords } from '../bind/locking.ts';
import type { Expr } from '../expr.ts';
import {
  type CteDefinition,
  conjuncts,
  FALSE_CONST,
  type FromItem,
  isFixedConst,
  logical,
  type Query,
  type Relation,
  toExpr,
} from '../logical.ts';
import { mapChildren, mapQuery } from '../traverse.ts';
import { antiJoins } from './anti-joins.ts';
import { flattenSubqueries, nullableRels } from './flatten-subqueries.ts';
import { type FoldingFacts, foldingInto } from './fold-constants.ts';
import { withOpaqueKeys } from './group-keys.ts';
import { withoutGrouplessHaving } from './groupless-having.ts';
import { mergeOrEqualities } from './in-lists.ts';
import { pullUpSublinks } from './pull-up-sublinks.ts';
import { pushDownConditions, pushHaving } from './push-down.ts';
import { reduceOuterJoins } from './reduce-outer-joins.ts';
import { removeLeftJoins, uniqueKeys } from './remove-left-joins.ts';
import { forgetUnreadColumns, simplifyExists } from './unread-columns.ts';

/**
 * Answer HAVING that needs no rows, fold constants, open sublinks, forget columns that nobody reads, merge subqueries, reduce outer joins, make anti joins of some, remove those that add nothing, push conditions down; then the same for the subqueries
 * that are left. CTEs have been inlined before.
 */
export function rewriteQuery(context: BindContext, given: Query): Query {
  const query = withoutGrouplessHaving(given);
  const facts: FoldingFacts = { hasSublinks: false, hasOrs: false };
  const mapped = foldOwnExprs(query, facts);
  const folded = withWhere(mapped, mapped.from.some(isNever) ? FALSE_CONST : mapped.where);
  const opened = facts.hasSublinks ? pullUpSublinks(context, folded) : folded;
  let result = forgetUnreadColumns(flattenSubqueries(forgetUnreadColumns(opened)));
  // What was merged may hold sublinks and constants of its own.
  if (result !== folded) {
    facts.hasSublinks = true;
    facts.hasOrs = true;
    result = pullUpSublinks(context, result);
    result = foldOwnExprs(result, facts);
  }
  result = pushHaving(result);
  result = reduceOuterJoins(result);
  if (result.from.some(isNever)) result = { ...result, where: FALSE_CONST };
  if (result.locks.length > 0) checkLocks(context, result);
  result = antiJoins(result);
  result = removeLeftJoins(result, (table) => uniqueKeys(context, table));
  result = pushDownConditions(result);
  if (facts.hasOrs && result.where !== null) {
    const where = mergeOrEqualities(result.where);
    if (where !== result.where) result = { ...result, where };
  }
  return rewriteInside(context, result, facts.hasSublinks);
}

function foldOwnExprs(query: Query, facts: FoldingFacts): Query {
  return withOpaqueKeys(query, (opaque) => mapOwnExprs(opaque, foldingInto(facts, setKeys(opaque))));
}

/** Keys that a grouping set may leave out: they are NULL then, constants too. */
function setKeys({ groupingSets, groupBy }: Query): ReadonlySet<Expr> {
  return groupingSets === null ? NO_KEYS : new Set(groupBy);
}

const NO_KEYS: ReadonlySet<Expr> = new Set();

/** Where a row may be missing there is none to lock. */
function checkLocks(context: BindContext, { locks, from }: Query): void {
  const nullable = nullableRels(from);
  const lock = locks.find(({ rel }) => nullable.has(rel));
  if (lock === undefined) return;
  throw context.error('0A000', `${lockWords(lock)} cannot be applied to the nullable side of an outer join`);
}

/** A join that has no rows, whatever is in its relations. */
function isNever(item: FromItem): boolean {
  if (item.kind === 'rel') return false;
  if (item.kind === 'group') return conjuncts(item.where).some(isFalseOrNull) || item.items.some(isNever);
  switch (item.type) {
    case 'inner':
    case 'semi':
      return conjuncts(item.on).some(isFalseOrNull) || isNever(item.left) || isNever(item.right);
    case 'left':
    case 'anti':
      return isNever(item.left);
    case 'full':
      return isNever(item.left) && isNever(item.right);
  }
}

function isFalseOrNull(part: Expr): boolean {
  return isFixedConst(part, false) || isFixedConst(part, null);
}

/** With a condition that has been folded: no row passes one that is null. */
function withWhere(query: Query, where: Expr | null): Query {
  if (isFixedConst(where, true)) return { ...query, where: null };
  if (where !== null && where.kind === 'const' && where.value === null) return { ...query, where: FALSE_CONST };
  return where === query.where ? query : { ...query, where };
}

/** Maps the query's own expressions, and leaves the queries inside sublinks and FROM alone. */
function mapOwnExprs(query: Query, map: (expr: Expr) => Expr): Query {
  const hasInner =
    query.setOperation !== null || query.ctes.length > 0 || [...query.relations.values()].some(isSubquery);
  if (!hasInner) return mapQuery(query, map);
  const shallow: Map<number, Relation> = new Map();
  for (const [rel, relation] of query.relations) if (!isSubquery(relation)) shallow.set(rel, relation);
  const mapped = mapQuery({ ...query, relations: shallow, setOperation: null, ctes: [] }, map);
  const relations = new Map<number, Relation>();
  for (const [rel, relation] of query.relations) {
    relations.set(rel, isSubquery(relation) ? relation : mapped.relations.get(rel)!);
  }
  return { ...mapped, relations, setOperation: query.setOperation, ctes: query.ctes };
}

function isSubquery(relation: Relation): boolean {
  return relation.kind === 'subquery';
}

function rewriteInside(context: BindContext, query: Query, hasSublinks: boolean): Query {
  const inExpr = (expr: Expr): Expr => {
    const node = logical(expr);
    if (node.kind !== 'sublink') return mapChildren(expr, inExpr);
    const test = node.test === null ? null : inExpr(node.test);
    const asked = node.mode === 'exists' ? simplifyExists(node.query) : node.query;
    if (node.query.limit !== null && asked.limit === null) context.useLiteral(node.query.limit);
    return toExpr({ ...node, test, query: rewriteQuery(context, asked) });
  };
  const own = hasSublinks ? mapOwnExprs(query, inExpr) : query;
  const mapped = own.ctes.length === 0 ? own : { ...own, ctes: own.ctes.map((cte) => rewriteCte(context, cte)) };
  let { relations } = mapped;
  for (const [rel, relation] of mapped.relations) {
    if (relation.kind !== 'subquery') continue;
    if (relations === mapped.relations) relations = new Map(mapped.relations);
    (relations as Map<number, Relation>).set(rel, {
      ...relation,
      query: rewriteQuery(context, relation.query),
    });
  }
  const operation = mapped.setOperation;
  if (operation === null) return relations === mapped.relations ? mapped : { ...mapped, relations };
  const left = rewriteQuery(context, operation.left);
  const right = rewriteQuery(context, operation.right);
  return { ...mapped, relations, setOperation: { ...operation, left, right } };
}

/** One that stays where it is read; those that write are the statement's (plan-statement.ts). */
function rewriteCte(context: BindContext, cte: CteDefinition): CteDefinition {
  const { query, recursive } = cte;
  if (query !== null) return { ...cte, query: rewriteQuery(context, query) };
  if (recursive === null) return cte;
  const [start, step] = [rewriteQuery(context, recursive.start), rewriteQuery(context, recursive.step)];
  return { ...cte, recursive: { ...recursive, start, step } };
}

export { foldConstants } from './fold-constants.ts';
export { inlineCtes, inlineModifyCtes } from './inline-ctes.ts';
