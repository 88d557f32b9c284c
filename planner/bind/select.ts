/** Queries: SELECT, VALUES, set operations, WITH, views (after PostgreSQL's analyze.c). */
import type { RelationEntry } from '../../catalog/entries.ts';
import { hasInvokersRights } from '../../catalog/rights.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr, SortKey } from '../expr.ts';
import {
  logical,
  makeQuery,
  makeVar,
  type Query,
  type Relation,
  type RelationColumn,
  type Target,
  toExpr,
} from '../logical.ts';
import { mapSortKeys, replaceExpr, someExpr } from '../traverse.ts';
import { checkAsOf } from './as-of.ts';
import { coerceToBoolean } from './coerce.ts';
import { collateQuery } from './collation.ts';
import { coerceToCommonType, selectCommonModifier, selectCommonType } from './common-type.ts';
import { mustHaveEquality } from './comparable.ts';
import { bindWithClause, referredCtes } from './cte.ts';
import { bindCount, bindExpr } from './expression.ts';
import { bindFromClause } from './from.ts';
import { type BoundGrouping, bindGroupBy, GroupCheck } from './group.ts';
import { bindLocks } from './locking.ts';
import { positionOf } from './position.ts';
import { itemOfRelation, Level } from './scope.ts';
import { bindSetOperation } from './set-operation.ts';
import { bindOrderItem } from './sort.ts';
import { bindTargetReference, bindTargets, resolveTargets, type TargetList } from './targets.ts';
import { INT8, UNKNOWN } from './type-info.ts';
import { addWindow, bindWindows } from './window.ts';

export interface QueryOptions {
  /** Unknown literals of the target list stay unknown: the caller converts them (set operations, INSERT). */
  readonly keepUnknown?: boolean;
}

/** A query inside another: its level's parent is where outer references go. */
export function bindSubquery(parent: Level | null, node: ast.Query): Query {
  if (parent === null) throw new Error('a top-level query needs a context');
  return bindQuery(new Level(parent.context, parent), node);
}

/** Binds into a fresh level. */
export function bindQuery(level: Level, node: ast.Query, options: QueryOptions = {}): Query {
  const ctes = node.with === null ? [] : bindWithClause(level, node.with);
  let query: Query;
  switch (node.body.kind) {
    case 'select':
      query = bindSelect(level, node, node.body, options);
      break;
    case 'values':
      query = bindValues(level, node, node.body, options);
      break;
    case 'setOperation':
      query = bindSetOperation(level, node, node.body);
      break;
  }
  query = collateQuery(level, query);
  return ctes.length === 0 ? query : { ...query, ctes: referredCtes(ctes) };
}

const MAX_VIEW_DEPTH = 100;

/** The stored query of a view, bound as if it stood alone. */
export function bindViewQuery(level: Level, view: RelationEntry): Query {
  const { context } = level;
  if (context.storedText >= MAX_VIEW_DEPTH) {
    throw context.error('42P17', `infinite recursion detected in rules for relation "${view.name}"`);
  }
  const statement = context.environment.parse.statement(view.queryText ?? '');
  const { routine } = context;
  context.routine = null;
  context.storedText++;
  try {
    const node = statement.node as ast.Query;
    const checkAs = hasInvokersRights(view) ? 0 : view.owner;
    return context.resolved(true, () => context.rights.as(checkAs, () => bindQuery(new Level(context, null), node)));
  } finally {
    context.storedText--;
    context.routine = routine;
  }
}

/* ---- SELECT -------------------------------------------------------------------------------------------------------- */

function bindSelect(level: Level, node: ast.Query, body: ast.SelectBody, options: QueryOptions): Query {
  const { context } = level;
  if (body.into !== null) {
    throw context.error('42601', 'SELECT ... INTO is not allowed here', positionOf(context, body.into.position));
  }
  checkAsOf(context, body);
  const from = bindFromClause(level, body.from);
  for (const { name, spec } of body.windows) addWindow(level, name, spec);
  let targets: readonly Target[] = level.withClause('select', () => bindTargets(level, body.targets));
  targets = resolveTargets(level, targets, options.keepUnknown === true);
  const where =
    body.where === null
      ? null
      : level.withClause('where', () => coerceToBoolean(context, bindExpr(level, body.where!), 'WHERE'));
  let having =
    body.having === null
      ? null
      : level.withClause('having', () => coerceToBoolean(context, bindExpr(level, body.having!), 'HAVING'));
  const list = { targets };
  let orderBy = bindOrderBy(level, node.orderBy, list);
  const grouping: BoundGrouping =
    body.groupBy === null
      ? { keys: [], sets: null }
      : level.withClause('group by', () => bindGroupBy(level, body.groupBy!, list));
  if (body.distinct === 'all') list.targets = resolveTargets(level, list.targets);
  let distinctOn = bindDistinct(level, body, list, orderBy);
  targets = list.targets;
  const { limit, offset } = bindLimits(level, node);
  const numbers = bindWindows(level);
  if (numbers !== null) {
    const one = (expr: Expr): Expr => withWindows(level, expr, numbers);
    targets = targets.map((target) => ({ ...target, expr: one(target.expr) }));
    orderBy = mapSortKeys(orderBy, one);
    distinctOn = distinctOn === null ? null : distinctOn.map(one);
  }
  let windows = [...level.windows];
  const isGrouped = level.hasAggregates || grouping.keys.length > 0 || grouping.sets !== null || having !== null;
  if (isGrouped) {
    if (level.hasAggregates) refuseInRecursion(level, [...targets.map((target) => target.expr), having]);
    const check = new GroupCheck(level, grouping);
    const one = (expr: Expr): Expr => check.check(expr);
    targets = targets.map((target) => ({ ...target, expr: one(target.expr) }));
    if (having !== null) having = one(having);
    orderBy = mapSortKeys(orderBy, one);
    distinctOn = distinctOn === null ? null : distinctOn.map(one);
    windows = windows.map((window) => ({
      ...window,
      partitionBy: window.partitionBy.map(one),
      orderBy: mapSortKeys(window.orderBy, one),
    }));
  }
  const query: Query = makeQuery({
    id: level.queryId,
    relations: level.relations,
    from,
    where,
    targets,
    groupBy: grouping.keys,
    groupingSets: grouping.sets,
    having,
    hasAggregates: isGrouped,
    hasWindows: level.hasWindows,
    hasSets: level.hasSets,
    windows,
    distinct: body.distinct === 'all',
    distinctOn,
    orderBy,
    limit,
    offset,
    withTies: node.limitWithTies,
  });
  return node.locking.length === 0 ? query : { ...query, locks: bindLocks(level, node, query) };
}

/** Its calls over windows, by the numbers of those that stand for them. */
function withWindows({ context, queryId }: Level, expr: Expr, numbers: readonly number[]): Expr {
  return replaceExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind !== 'windowRef' || node.query !== queryId) return null;
    return context.copyLocation(child, toExpr({ ...node, window: numbers[node.window] }));
  });
}

/** A recursive term may not aggregate the rows of the round before. */
function refuseInRecursion(level: Level, exprs: readonly (Expr | null)[]): void {
  if (![...level.relations.values()].some((relation) => relation.kind === 'workTable')) return;
  let found: Expr | null = null;
  for (const expr of exprs) {
    if (expr !== null) someExpr(expr, (child) => logical(child).kind === 'aggregateRef' && (found ??= child) !== null);
  }
  throw level.context.error(
    '42P19',
    "aggregate functions are not allowed in a recursive query's recursive term",
    level.context.locationOf(found),
  );
}

/** Sort keys over the targets; sort keys of equal expressions are kept once. */
export function bindOrderBy(level: Level, items: readonly ast.OrderItem[], list: TargetList): readonly SortKey[] {
  const { context } = level;
  return level.withClause('order by', () => {
    const keys: SortKey[] = [];
    for (const item of items) {
      const expr = bindTargetReference(level, item.expr, list, 'ORDER BY');
      const key = bindOrderItem(context, item, expr);
      if (!keys.some((known) => context.sameExpr(known.expr, expr))) keys.push(key);
    }
    return keys;
  });
}

function bindDistinct(
  level: Level,
  body: ast.SelectBody,
  list: TargetList,
  orderBy: readonly SortKey[],
): readonly Expr[] | null {
  const { context } = level;
  if (body.distinct === null) return null;
  const { targets } = list;
  const inTargets = (expr: Expr): boolean => targets.some((target) => context.sameExpr(target.expr, expr));
  if (body.distinct === 'all') {
    for (const key of orderBy) {
      if (inTargets(key.expr)) continue;
      throw context.error(
        '42P10',
        'for SELECT DISTINCT, ORDER BY expressions must appear in select list',
        context.locationOf(key.expr),
      );
    }
    for (const target of targets) mustHaveEquality(context, target.expr.typeOid, context.locationOf(target.expr));
    return null;
  }
  const nodes = body.distinct;
  // What ORDER BY has too is the same expression there and here.
  const bound = level.withClause('distinct on', () =>
    nodes.map((item) => bindTargetReference(level, item, list, 'DISTINCT ON')),
  );
  const exprs = bound.map((expr) => orderBy.find((key) => context.sameExpr(key.expr, expr))?.expr ?? expr);
  const unique = exprs.filter((expr, i) => exprs.findIndex((other) => context.sameExpr(other, expr)) === i);
  const mismatch = (expr: Expr): Error =>
    context.error(
      '42P10',
      'SELECT DISTINCT ON expressions must match initial ORDER BY expressions',
      positionOf(context, leftmostOf(nodes[exprs.indexOf(expr)])),
    );
  // The sort keys must begin with the DISTINCT ON expressions, in any order.
  let skipped = false;
  for (const key of orderBy) {
    if (!unique.includes(key.expr)) skipped = true;
    else if (skipped) throw mismatch(key.expr);
  }
  const uncovered = unique.find((expr) => !orderBy.some((key) => key.expr === expr));
  if (skipped && uncovered !== undefined) throw mismatch(uncovered);
  for (const expr of unique) mustHaveEquality(context, expr.typeOid, context.locationOf(expr));
  return unique;
}

export function bindLimits(level: Level, node: ast.Query): { limit: Expr | null; offset: Expr | null } {
  const one = (expr: ast.Expression | null, what: 'LIMIT' | 'OFFSET'): Expr | null => {
    if (expr === null || expr.kind === 'null') return null;
    const clause = what === 'LIMIT' ? 'limit' : 'offset';
    const bound = level.withClause(clause, () => bindCount(level, expr, INT8, what));
    const { context } = level;
    const local = findLocalVar(level, bound);
    if (local !== null) {
      throw context.error('42P10', `argument of ${what} must not contain variables`, context.locationOf(local));
    }
    return bound;
  };
  if (node.limitWithTies && node.orderBy.length === 0) {
    throw level.context.error('42601', 'WITH TIES cannot be specified without ORDER BY clause');
  }
  if (node.limitWithTies && node.limit?.kind === 'null') {
    throw level.context.error('2201W', 'row count cannot be null in FETCH FIRST ... WITH TIES clause');
  }
  const offset = one(node.offset, 'OFFSET');
  return { limit: one(node.limit, 'LIMIT'), offset };
}

function findLocalVar(level: Level, expr: Expr): Expr | null {
  let found: Expr | null = null;
  const visit = (child: Expr): void => {
    const inner = logical(child);
    if (inner.kind === 'var' && level.relations.has(inner.rel)) found ??= child;
    if (inner.kind === 'call') inner.args.forEach(visit);
  };
  visit(expr);
  return found;
}

/* ---- VALUES -------------------------------------------------------------------------------------------------------- */

/** Items may be t.* or (row).*, which stand for their columns. */
function bindValuesRow(level: Level, row: readonly ast.Expression[]): Expr[] {
  return row.flatMap((expr) => {
    const isStar = expr.kind === 'fieldStar' || (expr.kind === 'columnRef' && expr.star);
    if (!isStar) return [bindExpr(level, expr)];
    return bindTargets(level, [{ expr, alias: null, position: expr.position }]).map((target) => target.expr);
  });
}

function bindValues(level: Level, node: ast.Query, body: ast.ValuesBody, options: QueryOptions): Query {
  const { context } = level;
  const rows = level.withClause('values', () => body.rows.map((row) => bindValuesRow(level, row)));
  const width = rows[0].length;
  const other = rows.findIndex((row) => row.length !== width);
  if (other >= 0) {
    const position = positionOf(context, body.rows[other][0]?.position ?? body.position);
    throw context.error('42601', 'VALUES lists must all be the same length', position);
  }
  const columns: RelationColumn[] = [];
  for (let i = 0; i < width; i++) {
    const column = rows.map((row) => row[i]);
    const allUnknown = options.keepUnknown === true && column.every((expr) => expr.typeOid === UNKNOWN);
    const typeOid = allUnknown ? UNKNOWN : selectCommonType(context, column, 'VALUES');
    if (!allUnknown) for (const row of rows) row[i] = coerceToCommonType(context, row[i], typeOid, 'VALUES');
    const typeModifier = selectCommonModifier(
      rows.map((row) => row[i]),
      typeOid,
    );
    columns.push({ name: `column${i + 1}`, typeOid, typeModifier, tableOid: 0, columnNumber: 0 });
  }
  const rel = context.nextRel();
  const relation: Relation = { kind: 'values', rel, alias: '*VALUES*', columns, rows };
  level.relations.set(rel, relation);
  // ORDER BY may compute with column1, column2, ...
  const item = itemOfRelation(relation, { name: relation.alias, schemaName: null, table: null, hasAlias: true });
  level.namespace.push(item);
  level.allItems.push(item);
  const targets = columns.map((column, i) => ({
    expr: makeVar(rel, i, column.typeOid, column.typeModifier),
    name: column.name,
    tableOid: 0,
    columnNumber: 0,
  }));
  const orderBy = bindOrderBy(level, node.orderBy, { targets });
  const { limit, offset } = bindLimits(level, node);
  if (node.locking.length > 0) {
    throw context.error('0A000', `FOR ${node.locking[0].strength.toUpperCase()} cannot be applied to VALUES`);
  }
  return makeQuery({
    id: level.queryId,
    relations: level.relations,
    from: [{ kind: 'rel', rel }],
    targets,
    orderBy,
    limit,
    offset,
    withTies: node.limitWithTies,
  });
}

/** The node at the beginning of an expression's text. */
export function leftmostOf(expr: ast.Expression): number {
  if (expr.kind === 'cast' && expr.form === 'colons') return leftmostOf(expr.arg);
  return expr.kind === 'operator' && expr.left !== null ? leftmostOf(expr.left) : expr.position;
}
