/**
 * HAVING over all rows as one group, which no aggregate reads: the group is there whatever the rows are, so that the condition decides
 * over one row of nothing, and no table is read.
 *
 *     SELECT 1 FROM t WHERE a = 2 HAVING now() > '2020-01-01'  ->  SELECT 1 WHERE now() > '2020-01-01'
 *
 * After: PostgreSQL, create_degenerate_grouping_paths (planner.c).
 */
import { logical, type Query } from '../logical.ts';
import { mapQuery, someExpr } from '../traverse.ts';

export function withoutGrouplessHaving(query: Query): Query {
  const { having, groupBy, groupingSets } = query;
  if (having === null || groupBy.length > 0 || groupingSets !== null || hasOwnAggregate(query)) return query;
  return { ...query, relations: new Map(), from: [], where: having, having: null, hasAggregates: false };
}

function hasOwnAggregate(query: Query): boolean {
  let found = false;
  mapQuery(query, (expr) => {
    found ||= someExpr(expr, (child) => {
      const node = logical(child);
      return node.kind === 'aggregateRef' && node.query === query.id;
    });
    return expr;
  });
  return found;
}
