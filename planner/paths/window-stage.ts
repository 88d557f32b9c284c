/** Window functions: one node for each window, over input sorted by its keys; windows of one order share a sort. */
import { COST } from '../cost/params.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey, WindowCall } from '../expr.ts';
import { logical, type Query, type WindowRef } from '../logical.ts';
import type { OutputColumn, Plan } from '../plan.ts';
import { runningCall } from '../running-calls.ts';
import { callsVolatile, visitExpr } from '../traverse.ts';
import { estimates, isOrdered, outputOf, type Path } from './path.ts';
import type { Planner } from './planner.ts';
import type { Orderer } from './query.ts';
import { limitCount, sortStage } from './sort-stage.ts';
import {
  inputResolver,
  translate,
  translateAll,
  translateFrame,
  translateNullable,
  translateSort,
} from './translate.ts';

interface WindowGroup {
  readonly window: number;
  readonly calls: WindowRef[];
  readonly order: readonly SortKey[];
}

function orderOf(query: Query, window: number): SortKey[] {
  const { partitionBy, orderBy } = query.windows[window];
  const keys = partitionBy.map((expr): SortKey => ({ expr, descending: false, nullsFirst: false }));
  return [...keys, ...orderBy.filter((key) => !keys.some((own) => equalExpr(own.expr, key.expr)))];
}

/** Windows in use, those with the most sort keys first, so that later ones find their order made. */
function groupsOf(query: Query): WindowGroup[] {
  const groups: WindowGroup[] = [];
  const collect = (expr: Expr): void => {
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind !== 'windowRef' || node.query !== query.id) return true;
      let group = groups.find((item) => item.window === node.window);
      if (group === undefined) {
        group = { window: node.window, calls: [], order: orderOf(query, node.window) };
        groups.push(group);
      }
      // Each call of a volatile function has an answer of its own.
      const isNew = callsVolatile(child)
        ? !group.calls.includes(node)
        : !group.calls.some((known) => equalExpr(known as unknown as Expr, child));
      if (isNew) group.calls.push(node);
      return false;
    });
  };
  for (const target of query.targets) collect(target.expr);
  for (const key of query.orderBy) collect(key.expr);
  for (const expr of query.distinctOn ?? []) collect(expr);
  return groups.sort((a, b) => b.order.length - a.order.length);
}

export function windowOrderings(query: Query): SortKey[][] {
  return groupsOf(query)
    .map((group) => [...group.order])
    .filter((order) => order.length > 0);
}

export function windowStage(planner: Planner, query: Query, base: Path, orderer: Orderer): Path {
  let path = base;
  for (const group of groupsOf(query)) {
    const normalized = orderer.normalize(group.order);
    if (!isOrdered(path.ordering, normalized)) {
      path = sortStage(planner, path, group.order, normalized, isNumbered(query, group) ? limitCount(query) : null);
    }
    path = oneWindow(planner, query, path, group);
  }
  return path;
}

/** Whether the first rows of the query are those of the one window's order, with numbers that depend on no others. */
function isNumbered({ windows, orderBy, distinct, distinctOn, hasSets }: Query, { calls }: WindowGroup): boolean {
  if (windows.length !== 1 || windows[0].partitionBy.length > 0) return false;
  return (
    orderBy.length === 0 &&
    !distinct &&
    distinctOn === null &&
    !hasSets &&
    calls.every((call) => runningCall(call) !== null)
  );
}

function oneWindow(planner: Planner, query: Query, input: Path, group: WindowGroup): Path {
  const total =
    input.total + input.rows * COST.operator * (group.calls.length + group.order.length + 1) + input.rows * COST.row;
  const estimate = { rows: input.rows, startup: input.startup, total };
  return {
    ...input,
    ...estimate,
    build: (targets) => buildWindow(planner, query, input, group, targets, estimate),
  };
}

/** What can stand below: vars, aggregates, other windows' results; each expression down to these. */
function leavesOf(query: Query, exprs: readonly (Expr | null)[], group: WindowGroup): Expr[] {
  const result: Expr[] = [];
  const own = new Set(query.relations.keys());
  const add = (expr: Expr): void => {
    const isKnown = callsVolatile(expr) ? result.includes(expr) : result.some((known) => equalExpr(known, expr));
    if (!isKnown) result.push(expr);
  };
  const isKey = (expr: Expr): boolean => query.hasAggregates && query.groupBy.some((key) => equalExpr(key, expr));
  for (const expr of exprs) {
    if (expr === null) continue;
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'const') return false;
      if (isKey(child)) {
        add(child);
        return false;
      }
      if (node.kind === 'windowRef' && node.query === query.id) {
        if (node.window === group.window) return false;
        add(child);
        return false;
      }
      if ((node.kind === 'aggregateRef' || node.kind === 'groupingRef') && node.query === query.id) {
        add(child);
        return false;
      }
      if (node.kind === 'var' && own.has(node.rel)) add(child);
      return true;
    });
  }
  return result;
}

function buildWindow(
  planner: Planner,
  query: Query,
  input: Path,
  group: WindowGroup,
  targets: readonly Expr[],
  estimate: { rows: number; startup: number; total: number },
): Plan {
  const definition = query.windows[group.window];
  const inside: (Expr | null)[] = [];
  for (const call of group.calls) inside.push(...call.args, call.filter);
  inside.push(...definition.partitionBy, ...definition.orderBy.map((key) => key.expr));
  const columns = leavesOf(query, [...targets, ...inside], group);
  const child = input.build(columns);
  const resolve = inputResolver(columns, 0);
  const output: OutputColumn[] = [...child.output, ...outputOf(group.calls as unknown as Expr[])];
  const window: Plan = {
    kind: 'window',
    input: child,
    partitionBy: translateAll(planner, definition.partitionBy, resolve),
    orderBy: translateSort(planner, definition.orderBy, resolve),
    frame: translateFrame(planner, definition.frame, resolve),
    calls: group.calls.map(
      (call): WindowCall => ({
        function: call.function,
        made: call.made,
        args: translateAll(planner, call.args, resolve),
        filter: translateNullable(planner, call.filter, resolve),
        typeOid: call.typeOid,
        typeModifier: call.typeModifier,
      }),
    ),
    output,
    ...estimates(estimate, planner.widthOf(columns)),
  };
  const above = [...columns, ...(group.calls as unknown as Expr[])];
  const fromWindow = inputResolver(above, 0);
  const built = targets.map((target) => translate(planner, target, fromWindow));
  const isIdentity =
    built.length === above.length && built.every((expr, i) => expr.kind === 'column' && expr.index === i);
  if (isIdentity) return window;
  return {
    kind: 'project',
    input: window,
    filter: null,
    targets: built,
    output: outputOf(targets),
    ...estimates(estimate, planner.widthOf(targets)),
  };
}
