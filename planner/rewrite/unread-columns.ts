/**
 * Columns of a subquery that nobody reads become NULL, so that nothing is computed for them (PostgreSQL's
 * remove_unused_subquery_outputs, and simplify_EXISTS_query for the list of EXISTS). Volatile ones stay, and those that make rows:
 * set-returning ones. So do all columns of a DISTINCT and of what UNION, INTERSECT and EXCEPT compare: they decide which rows there are.
 */
import type { Expr } from '../expr.ts';
import { isFixedConst, logical, makeConst, type Query, type Relation, type SetOperation } from '../logical.ts';
import { hasSetReturning, isVolatile, mapChildren, mapQuery, someExpr } from '../traverse.ts';

const NOTHING: ReadonlySet<number> = new Set();

export function forgetUnreadColumns(query: Query): Query {
  if (![...query.relations.values()].some(({ kind }) => kind === 'subquery' || kind === 'values')) return query;
  const read = columnsRead(query);
  let relations: Map<number, Relation> | null = null;
  for (const [rel, relation] of query.relations) {
    const forgetful = forgetIn(relation, read.get(rel) ?? NOTHING);
    if (forgetful === relation) continue;
    relations ??= new Map(query.relations);
    relations.set(rel, forgetful);
  }
  return relations === null ? query : { ...query, relations };
}

function forgetIn(relation: Relation, read: ReadonlySet<number>): Relation {
  if (relation.kind === 'subquery') {
    const query = withoutUnread(relation.query, read);
    return query === relation.query ? relation : { ...relation, query };
  }
  // VALUES of one row is as good as a SELECT; of more rows each is computed as a whole, as PostgreSQL does.
  if (relation.kind !== 'values' || relation.rows.length !== 1) return relation;
  const [row] = relation.rows;
  const kept = row.map((value, i) => (read.has(i) ? value : (unreadValue(value) ?? value)));
  return kept.every((value, i) => value === row[i]) ? relation : { ...relation, rows: [kept] };
}

/** What stands for a value that nobody reads; null: it has to be computed. */
function unreadValue(expr: Expr): Expr | null {
  if (isFixedConst(expr, null) || isVolatile(expr) || hasSetReturning(expr)) return null;
  return makeConst(null, expr.typeOid, expr.typeModifier);
}

/** The query of an EXISTS, which is only asked whether it has rows: no list, not even of volatile functions, no order, no DISTINCT or GROUP BY, no LIMIT. */
export function simplifyExists(query: Query): Query {
  const { limit } = query;
  const leavesRows = limit === null || (limit.kind === 'const' && (limit.value === null || Number(limit.value) >= 1));
  if (!leavesRows || !isPlain(query) || query.locks.length > 0) return query;
  const nothing = { targets: [], distinct: false, distinctOn: null, windows: [], orderBy: [], limit: null };
  return { ...query, ...nothing, groupBy: [], hasAggregates: false, withTies: false };
}

/** Whether PostgreSQL drops the list of an EXISTS. */
export function isPlain(query: Query): boolean {
  const { hasSets, hasWindows, having, setOperation, groupingSets, offset } = query;
  if (hasSets || hasWindows || having !== null || callsAggregates(query)) return false;
  // OFFSET, be it 0, has the query run as it is written.
  return setOperation === null && groupingSets === null && offset === null;
}

/** Not only groups by keys. */
function callsAggregates({ hasAggregates, groupBy, targets, orderBy, distinctOn }: Query): boolean {
  if (!hasAggregates || groupBy.length === 0) return hasAggregates;
  const exprs = [...targets, ...orderBy].map(({ expr }) => expr).concat(distinctOn ?? []);
  return exprs.some((expr) => someExpr(expr, (child) => logical(child).kind === 'aggregateRef'));
}

function withoutUnread(query: Query, read: ReadonlySet<number>): Query {
  if (query.distinct) return query;
  if (query.setOperation !== null) return withoutUnreadBranches(query, query.setOperation, read);
  let changed = false;
  const targets = query.targets.map((target, i) => {
    const expr = read.has(i) ? null : unreadValue(target.expr);
    if (expr === null) return target;
    changed = true;
    return { ...target, expr };
  });
  return changed ? { ...query, targets } : query;
}

/** UNION ALL gives its branches' rows as they are. */
function withoutUnreadBranches(query: Query, operation: SetOperation, read: ReadonlySet<number>): Query {
  const isPlainUnion = operation.operation === 'union' && operation.all && query.orderBy.length === 0;
  if (!isPlainUnion || query.limit !== null || query.offset !== null) return query;
  const columns = new Set<number>();
  for (const [i, { expr }] of query.targets.entries()) {
    const node = logical(expr);
    if (node.kind !== 'var' || node.rel !== operation.rel) return query;
    if (read.has(i)) columns.add(node.column);
  }
  const left = withoutUnread(operation.left, columns);
  const right = withoutUnread(operation.right, columns);
  if (left === operation.left && right === operation.right) return query;
  return { ...query, setOperation: { ...operation, left, right } };
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
