/** The rewrites in their order, over a query and all queries inside it. */
import type { BindContext } from '../bind/context.ts';
import type { Expr } from '../expr.ts';
import {
  FALSE_CONST,
  isFixedConst,
  logical,
  mapChildren,
  mapQuery,
  type Query,
  type Relation,
  toExpr,
} from '../logical.ts';
import { flattenSubqueries } from './flatten-subqueries.ts';
import { foldConstants } from './fold-constants.ts';
import { mergeOrEqualities } from './in-lists.ts';
import { pullUpSublinks } from './pull-up-sublinks.ts';
import { pushDownConditions, pushHaving } from './push-down.ts';
import { reduceOuterJoins } from './reduce-outer-joins.ts';

/**
 * Fold constants, open sublinks, merge subqueries, reduce outer joins, push conditions down; then the same for the subqueries
 * that are left. CTEs have been inlined before.
 */
export function rewriteQuery(context: BindContext, query: Query): Query {
  let result = mapOwnExprs(query, (expr) => foldConstants(expr));
  result = normalizeWhere(result);
  result = pullUpSublinks(context, result);
  result = flattenSubqueries(result);
  // What was merged may hold sublinks and constants of its own.
  if (result !== query && result.where !== null) result = normalizeWhere(pullUpSublinks(context, result));
  result = pushHaving(result);
  result = reduceOuterJoins(result);
  result = pushDownConditions(result);
  if (result.where !== null) result = { ...result, where: mergeOrEqualities(result.where) };
  return rewriteInside(context, result);
}

function normalizeWhere(query: Query): Query {
  if (query.where === null) return query;
  const where = foldConstants(query.where);
  if (isFixedConst(where, true)) return { ...query, where: null };
  if (where.kind === 'const' && where.value === null) return { ...query, where: FALSE_CONST };
  return where === query.where ? query : { ...query, where };
}

/** Maps the query's own expressions, and leaves the queries inside sublinks and FROM alone. */
function mapOwnExprs(query: Query, map: (expr: Expr) => Expr): Query {
  const shallow: Map<number, Relation> = new Map();
  const kept = new Map<number, Relation>();
  for (const [rel, relation] of query.relations) (relation.kind === 'subquery' ? kept : shallow).set(rel, relation);
  const mapped = mapQuery({ ...query, relations: shallow, setOperation: null, ctes: [] }, map);
  const relations = new Map<number, Relation>();
  for (const rel of query.relations.keys()) relations.set(rel, kept.get(rel) ?? mapped.relations.get(rel)!);
  return { ...mapped, relations, setOperation: query.setOperation, ctes: query.ctes };
}

function rewriteInside(context: BindContext, query: Query): Query {
  const inExpr = (expr: Expr): Expr => {
    const node = logical(expr);
    if (node.kind !== 'sublink') return mapChildren(expr, inExpr);
    const test = node.test === null ? null : inExpr(node.test);
    return toExpr({ ...node, test, query: rewriteQuery(context, node.query) });
  };
  const mapped = mapOwnExprs(query, inExpr);
  const relations = new Map<number, Relation>();
  for (const [rel, relation] of mapped.relations) {
    relations.set(
      rel,
      relation.kind === 'subquery' ? { ...relation, query: rewriteQuery(context, relation.query) } : relation,
    );
  }
  const operation = mapped.setOperation;
  return {
    ...mapped,
    relations,
    setOperation:
      operation === null
        ? null
        : { ...operation, left: rewriteQuery(context, operation.left), right: rewriteQuery(context, operation.right) },
  };
}

export { foldConstants } from './fold-constants.ts';
export { inlineCtes, inlineModifyCtes } from './inline-ctes.ts';
