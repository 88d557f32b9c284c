/**
 * Keys of GROUP BY above the grouping: a rewrite must not see what a key is made of. NOT (a = 1) is a <> 1, which the key a = 1 is no part
 * of any more, and the grouping would need a itself.
 */
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical, makeVar, type Query, toExpr } from '../logical.ts';
import { type Mapper, mapChildren, mapQuery } from '../traverse.ts';

/** Rewrites a query's expressions by `rewrite`, which sees a column of no relation wherever a key is used. */
export function withOpaqueKeys(query: Query, rewrite: (query: Query) => Query): Query {
  const keys = query.groupBy.flatMap((key, i) => (isMade(key) ? [{ key, i }] : []));
  if (keys.length === 0) return rewrite(query);
  const hidden = mapAboveGrouping(query, (expr) => {
    const found = keys.find(({ key }) => equalExpr(key, expr));
    return found === undefined ? null : makeVar(-1 - found.i, 0, expr.typeOid, expr.typeModifier);
  });
  const result = rewrite(hidden);
  if (hidden === query) return result;
  return mapAboveGrouping(result, (expr) => {
    const node = logical(expr);
    return node.kind === 'var' && node.rel < 0 ? result.groupBy[-1 - node.rel] : null;
  });
}

function isMade(key: Expr): boolean {
  const { kind } = logical(key);
  return kind !== 'var' && kind !== 'const';
}

/** Subqueries are left alone: they find columns among the keys, and no expressions. What is compared with their rows is the query's own. */
function mapAboveGrouping(query: Query, replace: (expr: Expr) => Expr | null): Query {
  const map: Mapper = (expr) => {
    const found = replace(expr);
    if (found !== null) return found;
    const node = logical(expr);
    if (node.kind !== 'sublink') return mapChildren(expr, map);
    const test = node.test === null ? null : map(node.test);
    return test === node.test ? expr : toExpr({ ...node, test });
  };
  const nothing = { relations: NO_RELATIONS, from: [], where: null, groupBy: [], setOperation: null, ctes: [] };
  const above = { ...query, ...nothing };
  const mapped = mapQuery(above, map);
  if (mapped === above) return query;
  const { targets, having, windows, distinctOn, orderBy } = mapped;
  return { ...query, targets, having, windows, distinctOn, orderBy };
}

const NO_RELATIONS: Query['relations'] = new Map();
