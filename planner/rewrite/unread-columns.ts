/**
 * Columns of a subquery that nobody reads become NULL, so that nothing is computed for them (PostgreSQL's
 * remove_unused_subquery_outputs, and simplify_EXISTS_query for the list of EXISTS). Volatile ones stay, and those that make rows:
 * set-returning ones. So do all columns of a DISTINCT and of the branches of a set operation: they decide which rows there are.
 */
import type { Expr } from '../expr.ts';
import {
  hasSetReturning,
  isFixedConst,
  isVolatile,
  logical,
  makeConst,
  mapChildren,
  mapQuery,
  type Query,
  type Relation,
  type SublinkExpr,
} from '../logical.ts';

const NOTHING: ReadonlySet<number> = new Set();

export function forgetUnreadColumns(query: Query): Query {
  if (![...query.relations.values()].some((relation) => relation.kind === 'subquery')) return query;
  const read = columnsRead(query);
  let relations: Map<number, Relation> | null = null;
  for (const [rel, relation] of query.relations) {
    if (relation.kind !== 'subquery') continue;
    const inner = withoutUnread(relation.query, read.get(rel) ?? NOTHING);
    if (inner === relation.query) continue;
    relations ??= new Map(query.relations);
    relations.set(rel, { ...relation, query: inner });
  }
  return relations === null ? query : { ...query, relations };
}

/** The query of an EXISTS, which is only asked whether it has rows. */
export function forgetExistsColumns({ mode, query }: SublinkExpr): Query {
  return mode === 'exists' && isPlain(query) ? withoutUnread(query, NOTHING) : query;
}

/** Whether PostgreSQL drops the list of an EXISTS. */
export function isPlain(query: Query): boolean {
  const { hasSets, hasAggregates, hasWindows, having, setOperation, groupingSets } = query;
  return !hasSets && !hasAggregates && !hasWindows && having === null && setOperation === null && groupingSets === null;
}

function withoutUnread(query: Query, read: ReadonlySet<number>): Query {
  if (query.distinct || query.setOperation !== null) return query;
  let changed = false;
  const targets = query.targets.map((target, i) => {
    const { expr } = target;
    if (read.has(i) || isFixedConst(expr, null) || isVolatile(expr) || hasSetReturning(expr)) return target;
    changed = true;
    return { ...target, expr: makeConst(null, expr.typeOid, expr.typeModifier) };
  });
  return changed ? { ...query, targets } : query;
}

/** Columns of relations that a query reads, wherever in it. */
export function columnsRead(query: Query): ReadonlyMap<number, ReadonlySet<number>> {
  const read = new Map<number, Set<number>>();
  const visit = (expr: Expr): Expr => {
    const node = logical(expr);
    if (node.kind !== 'var') return mapChildren(expr, visit);
    const columns = read.get(node.rel);
    if (columns === undefined) read.set(node.rel, new Set([node.column]));
    else columns.add(node.column);
    return expr;
  };
  mapQuery(query, visit);
  return read;
}
