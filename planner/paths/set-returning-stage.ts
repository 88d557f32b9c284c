/**
 * Set-returning functions in the target list: rows multiply. A call inside another expression is computed by a node of its own
 * below; the expression then uses its column.
 */
import { functionRows } from '../cost/function-rows.ts';
import { COST } from '../cost/params.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical, type Query } from '../logical.ts';
import type { Plan } from '../plan.ts';
import { hasSetReturning, isVolatile, mapChildren, visitExpr } from '../traverse.ts';
import { estimates, outputOf, type Path } from './path.ts';
import type { Planner } from './planner.ts';
import { inputResolver, translateAll } from './translate.ts';

export function setReturningStage(planner: Planner, query: Query, input: Path, exprs: readonly Expr[]): Path {
  const rows = input.rows * setRows(planner, exprs);
  const estimate = { rows, startup: input.startup, total: input.total + rows * COST.row };
  return {
    ...input,
    ...estimate,
    ordering: [],
    build: (targets) => buildSets(planner, query, input, targets, estimate),
  };
}

/** Rows for each row below: the most of the calls that run side by side, times those of the calls in their arguments. */
function setRows(planner: Planner, exprs: readonly Expr[]): number {
  const levels: number[] = [];
  for (const expr of exprs) {
    visitSetCalls(expr, (call, level) => {
      levels[level] = Math.max(levels[level] ?? 1, functionRows(planner.selectivity, call));
      planner.probes.addSet(call);
    });
  }
  return levels.reduce((product, rows) => product * rows, 1);
}

/** Answers how deeply calls are nested: 0 for none. */
function visitSetCalls(expr: Expr, visit: (call: SetCall, level: number) => void): number {
  if (logical(expr).kind === 'sublink') return 0;
  let depth = 0;
  mapChildren(expr, (child) => {
    depth = Math.max(depth, visitSetCalls(child, visit));
    return child;
  });
  if (!isSetCall(expr)) return depth;
  visit(expr, depth);
  return depth + 1;
}

type SetCall = Expr & { readonly kind: 'call' };

function isSetCall(expr: Expr): expr is SetCall {
  return expr.kind === 'call' && expr.function.returnsSet;
}

/** Set-returning calls whose arguments have none: they run side by side, in one node. */
function nextCalls(targets: readonly Expr[]): Expr[] {
  const found: Expr[] = [];
  for (const target of targets) {
    visitExpr(target, (child) => {
      if (logical(child).kind === 'sublink') return false;
      if (!isSetCall(child)) return true;
      const { args } = child as Expr & { kind: 'call' };
      if (args.some(hasSetReturning)) return true;
      found.push(child);
      return false;
    });
  }
  return found;
}

/** Columns that the expressions need from below. */
function leaves(query: Query, exprs: readonly Expr[]): Expr[] {
  const own = new Set(query.relations.keys());
  const result: Expr[] = [];
  const add = (expr: Expr): void => {
    if (!result.some((known) => equalExpr(known, expr))) result.push(expr);
  };
  for (const expr of exprs) {
    visitExpr(expr, (child) => {
      const node = logical(child);
      const computed =
        (node.kind === 'aggregateRef' || node.kind === 'windowRef' || node.kind === 'groupingRef') &&
        node.query === query.id;
      const isKey = query.hasAggregates && node.kind !== 'const' && query.groupBy.some((key) => equalExpr(key, child));
      if (computed || isKey) {
        add(child);
        return false;
      }
      if (node.kind === 'var' && own.has(node.rel)) add(child);
      return true;
    });
  }
  return result;
}

function buildSets(
  planner: Planner,
  query: Query,
  input: Path,
  targets: readonly Expr[],
  estimate: { rows: number; startup: number; total: number },
): Plan {
  let columns: Expr[] = leaves(query, targets);
  let plan = input.build(columns);
  for (;;) {
    const current = targets.map((target) => substitute(target, columns));
    const calls = nextCalls(current);
    // The last round computes the targets themselves, when all calls left are whole targets.
    if (calls.length === 0 || calls.every((call) => current.includes(call))) break;
    const next = [...columns, ...calls];
    plan = projectSet(planner, plan, columns, next, estimate);
    columns = next;
  }
  const top = targets.map((target) => substitute(target, columns));
  const resolve = inputResolver(columns, 0);
  if (!top.some((target) => isSetCall(target) && !columns.some((column) => equalExpr(column, target)))) {
    return {
      kind: 'project',
      input: plan,
      filter: null,
      targets: translateAll(planner, top, resolve),
      ...(targets.some(isVolatile) ? { isVolatile: true } : {}),
      output: outputOf(targets),
      ...estimates(estimate, planner.widthOf(targets)),
    };
  }
  return projectSet(planner, plan, columns, top, estimate);
}

/** Calls that are computed below are columns; from the inside out, as the arguments of a call that is one are columns themselves. */
function substitute(target: Expr, columns: readonly Expr[]): Expr {
  const map = (expr: Expr): Expr => {
    if (logical(expr).kind === 'sublink') return expr;
    const child = mapChildren(expr, map);
    if (!isSetCall(child)) return child;
    const index = columns.findIndex((column) => equalExpr(column, child));
    if (index < 0) return child;
    return { kind: 'column', input: 0, index, typeOid: child.typeOid, typeModifier: child.typeModifier };
  };
  return map(target);
}

function projectSet(
  planner: Planner,
  input: Plan,
  columns: readonly Expr[],
  targets: readonly Expr[],
  estimate: { rows: number; startup: number; total: number },
): Plan {
  return {
    kind: 'projectSet',
    input,
    targets: translateAll(planner, targets, inputResolver(columns, 0)),
    output: outputOf(targets),
    ...estimates(estimate, planner.widthOf(targets)),
  };
}
