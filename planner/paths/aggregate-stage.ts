/** GROUP BY and aggregates: hashed, or over an input that comes in groups. */

import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { operatorsByName } from '../../catalog/functions/index.ts';
import { inTestOrder } from '../cost/condition-cost.ts';
import { COST } from '../cost/params.ts';
import { equalExpr, placeAmong } from '../equal-expr.ts';
import type { AggregateCall, Expr, SortKey } from '../expr.ts';
import { type AggregateRef, type GroupingRef, logical, makeConst, type Query } from '../logical.ts';
import type { Plan } from '../plan.ts';
import { callsVolatile, visitExpr } from '../traverse.ts';
import { estimates, isOrdered, outputOf, type Path, varsOf } from './path.ts';
import type { Planner } from './planner.ts';
import type { Orderer } from './query.ts';
import { groupCount, sortStage } from './sort-stage.ts';
import { inputResolver, type Resolve, translateAll, translateNullable, translateSort } from './translate.ts';

/** Orders in which the groups could come: as ORDER BY wants them first. */
export function groupOrderings(query: Query): SortKey[][] {
  if (query.groupingSets !== null) return [];
  const keys = query.groupBy.map((expr): SortKey => ({ expr, descending: false, nullsFirst: false }));
  const result = [keys];
  const leading = query.orderBy.filter((key) => query.groupBy.some((expr) => equalExpr(expr, key.expr)));
  if (leading.length > 0 && leading.length === query.orderBy.length) {
    result.unshift([...leading, ...keys.filter((key) => !leading.some((own) => equalExpr(own.expr, key.expr)))]);
  }
  return result;
}

/** Everything above the grouping that the aggregate node must compute. */
export function aggregatesOf(query: Query): AggregateRef[] {
  const result: AggregateRef[] = [];
  const collect = (expr: Expr | null): void => {
    if (expr === null) return;
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind !== 'aggregateRef' || node.query !== query.id) return true;
      // Each call of a volatile function has an answer of its own.
      const isNew = callsVolatile(child)
        ? !result.includes(node)
        : !result.some((known) => equalExpr(known as unknown as Expr, child));
      if (isNew) result.push(node);
      return false;
    });
  };
  for (const target of query.targets) collect(target.expr);
  collect(query.having);
  for (const key of query.orderBy) collect(key.expr);
  for (const expr of query.distinctOn ?? []) collect(expr);
  for (const window of query.windows) {
    window.partitionBy.forEach(collect);
    for (const key of window.orderBy) collect(key.expr);
  }
  return result;
}

/** Group keys, and columns that a grouped primary key determines and something above uses. */
function keysOf(query: Query): Expr[] {
  const keys = [...query.groupBy];
  if (query.groupBy.length === 0) return keys;
  const own = new Set(query.relations.keys());
  const above = (expr: Expr | null): void => {
    if (expr === null) return;
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'aggregateRef' && node.query === query.id) return false;
      if (keys.some((key) => equalExpr(key, child))) return false;
      if (node.kind === 'var' && own.has(node.rel)) keys.push(child);
      return true;
    });
  };
  for (const target of query.targets) above(target.expr);
  above(query.having);
  for (const key of query.orderBy) above(key.expr);
  for (const window of query.windows) {
    window.partitionBy.forEach(above);
    for (const key of window.orderBy) above(key.expr);
  }
  return keys;
}

export function aggregateStage(planner: Planner, query: Query, path: Path, orderer: Orderer): Path {
  const keys = keysOf(query);
  const aggregates = aggregatesOf(query);
  const sets = groupingSetsOf(query, keys);
  const work = path.rows * COST.operator * (aggregates.length + keys.length + 1);
  const groups = keys.length === 0 ? 1 : groupCount(planner, query.groupBy, path.rows);
  const rows = sets === null ? groups : Math.max(1, Math.min(path.rows * sets.length, groups * sets.length));
  const stage = (
    input: Path,
    strategy: 'plain' | 'hash' | 'sorted',
    cost: { startup: number; total: number },
  ): Path => {
    const havingShare = query.having === null ? 1 : 0.5;
    const estimate = { rows: Math.max(1, rows * havingShare), ...cost };
    return {
      ordering: strategy === 'sorted' ? input.ordering : [],
      required: input.required,
      enforced: [],
      build: (targets) => buildAggregate(planner, query, input, strategy, keys, aggregates, sets, targets, estimate),
      ...estimate,
    };
  };
  if (keys.length === 0 || (sets !== null && query.groupBy.length === 0)) {
    const total = path.total + work;
    return stage(path, keys.length === 0 && sets === null ? 'plain' : 'hash', {
      startup: total,
      total: total + COST.row,
    });
  }
  const hashTotal = path.total + work + path.rows * COST.groupRow + groups * COST.groupInsert;
  const tooLarge = groups * (planner.widthOf(keys) + 64) > planner.hashMemoryBytes;
  const { enableHashAggregate } = planner.context.environment.settings;
  const hashed = stage(path, 'hash', {
    startup:
      hashTotal + (tooLarge ? path.rows * COST.operator * 4 : 0) + (enableHashAggregate === false ? COST.disabled : 0),
    total:
      hashTotal +
      groups * COST.row +
      (tooLarge ? path.rows * COST.operator * 4 : 0) +
      (enableHashAggregate === false ? COST.disabled : 0),
  });
  if (sets !== null) return hashed;
  const sorted = sortedInput(planner, query, path, keys, orderer);
  const grouped = stage(sorted, 'sorted', {
    startup: sorted.startup,
    total: sorted.total + work + groups * COST.row,
  });
  return hashed.total <= grouped.total ? hashed : grouped;
}

/** The path in an order in which equal keys are together: as it comes if it does, else sorted. */
function sortedInput(planner: Planner, query: Query, path: Path, keys: readonly Expr[], orderer: Orderer): Path {
  const plain = keys.map((expr): SortKey => ({ expr, descending: false, nullsFirst: false }));
  const wanted = orderer.normalize(plain);
  const leading = path.ordering.slice(0, wanted.length);
  const inGroups =
    leading.length === wanted.length && wanted.every((key) => leading.some((own) => equalExpr(own.expr, key.expr)));
  if (inGroups) return path;
  const [preferred] = groupOrderings(query);
  const extra = plain.filter((key) => !preferred.some((own) => equalExpr(own.expr, key.expr)));
  const order = [...preferred, ...extra];
  const normalized = orderer.normalize(order);
  return isOrdered(path.ordering, normalized) ? path : sortStage(planner, path, order, normalized, null);
}

/** Indexes into `keys`; keys beyond the query's own are determined ones, and belong to every set. */
function groupingSetsOf(query: Query, keys: readonly Expr[]): readonly (readonly number[])[] | null {
  if (query.groupingSets === null) return null;
  const extra = keys.map((_, i) => i).slice(query.groupBy.length);
  return query.groupingSets.map((set) => [...set, ...extra]);
}

function buildAggregate(
  planner: Planner,
  query: Query,
  input: Path,
  strategy: 'plain' | 'hash' | 'sorted',
  keys: readonly Expr[],
  aggregates: readonly AggregateRef[],
  sets: readonly (readonly number[])[] | null,
  targets: readonly Expr[],
  estimate: { rows: number; startup: number; total: number },
): Plan {
  const below: (Expr | null)[] = [...keys];
  for (const aggregate of aggregates) {
    below.push(...aggregate.args, aggregate.filter, ...aggregate.orderBy.map((key) => key.expr));
  }
  const rels = new Set(query.relations.keys());
  const columns = varsOf(below, rels);
  const child = input.build(columns);
  const fromChild = inputResolver(columns, 0);
  const resolve = groupResolver(query, keys, aggregates);
  return {
    kind: 'aggregate',
    input: child,
    strategy,
    groupKeys: translateAll(planner, keys, fromChild),
    aggregates: aggregates.map(
      (aggregate): AggregateCall => ({
        function: aggregate.function,
        made: aggregate.made,
        args: translateAll(planner, aggregate.args, fromChild),
        directArgs: translateAll(planner, aggregate.directArgs, resolve),
        distinct: aggregate.distinct && !aggregate.function.orderInsensitive,
        orderBy: aggregate.function.orderInsensitive ? [] : translateSort(planner, aggregate.orderBy, fromChild),
        filter: translateNullable(planner, aggregate.filter, fromChild),
        typeOid: aggregate.typeOid,
        typeModifier: aggregate.typeModifier,
      }),
    ),
    groupingSets: sets,
    having: translateNullable(planner, inTestOrder(query.having), resolve),
    targets: translateAll(planner, targets, resolve),
    output: outputOf(targets),
    ...estimates(estimate, planner.widthOf(targets)),
  };
}

/** The aggregate node's row: keys, then aggregates, then the mask of keys that are not in the set. */
function groupResolver(query: Query, keys: readonly Expr[], aggregates: readonly AggregateRef[]): Resolve {
  return (expr) => {
    const node = logical(expr);
    const { typeOid, typeModifier } = expr;
    if (node.kind === 'const' && keys.length > 0 && !keys.includes(expr)) return null;
    if (node.kind === 'aggregateRef') {
      const own = aggregates.indexOf(node);
      const index = own >= 0 ? own : aggregates.findIndex((known) => equalExpr(known as unknown as Expr, expr));
      return index < 0 ? null : { kind: 'column', input: 0, index: keys.length + index, typeOid, typeModifier };
    }
    if (node.kind === 'groupingRef' && node.query === query.id)
      return groupingMask(query, node, keys.length + aggregates.length);
    const index = placeAmong(keys, expr);
    return index < 0 ? null : { kind: 'column', input: 0, index, typeOid, typeModifier };
  };
}

/** GROUPING(a, b): bit per argument, the last one lowest, out of the mask in which bit i is key i. */
function groupingMask(query: Query, node: GroupingRef, column: number): Expr {
  if (query.groupingSets === null) return makeConst(0, 23);
  const mask: Expr = { kind: 'column', input: 0, index: column, typeOid: 23, typeModifier: -1 };
  const call = (name: string, left: Expr, right: Expr): Expr => {
    const operator = operatorsByName(name).find((item) => item.leftType === 23 && item.rightType === 23);
    const fn = operator?.function as ScalarFunction;
    return { kind: 'call', function: fn, args: [left, right], typeOid: 23, typeModifier: -1 };
  };
  let result: Expr | null = null;
  node.keys.forEach((key, i) => {
    const place = node.keys.length - 1 - i;
    // (mask >> key & 1) << place
    const bit = call('&', call('>>', mask, makeConst(key, 23)), makeConst(1, 23));
    const shifted = place === 0 ? bit : call('<<', bit, makeConst(place, 23));
    result = result === null ? shifted : call('|', result, shifted);
  });
  return result ?? makeConst(0, 23);
}
