/**
 * A query's plan: join paths, then the stages above them: grouping, windows, set-returning targets, DISTINCT, ORDER BY, locks,
 * LIMIT. Each stage wraps a path; the cheapest of the finished ones is built.
 */

import { inTestOrder, nodeCost } from '../cost/condition-cost.ts';
import { distinctCount } from '../cost/group-count.ts';
import { COST } from '../cost/params.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey } from '../expr.ts';
import { conjuncts, isFixedConst, logical, makeAnd, makeVar, type Query, type Target } from '../logical.ts';
import type { OutputColumn, Plan } from '../plan.ts';
import { callsVolatile, hasSetReturning, mapQuery, replaceExpr, visitExpr } from '../traverse.ts';
import { aggregateStage, groupOrderings } from './aggregate-stage.ts';
import { withCtes } from './cte-plan.ts';
import { JoinProblem, NO_RELS } from './join-problem.ts';
import { searchJoins } from './join-search.ts';
import { lockStage } from './lock-stage.ts';
import { minMaxPath } from './min-max.ts';
import { emptyPath, estimates, isOrdered, outputOf, type Path } from './path.ts';
import type { Planner } from './planner.ts';
import { setOperationPath } from './set-operation.ts';
import { setReturningStage } from './set-returning-stage.ts';
import { distinctOnStage, distinctStage, limitCount, limitStage, sortStage } from './sort-stage.ts';
import { gatePlan, NOTHING, translateAll, translateNullable } from './translate.ts';
import { windowOrderings, windowStage } from './window-stage.ts';

export interface QueryPath {
  readonly rows: number;
  readonly startup: number;
  readonly total: number;
  /** Keys by output column; -1: not an output column. */
  readonly ordering: readonly { readonly column: number; readonly descending: boolean; readonly nullsFirst: boolean }[];
  build(): Plan;
}

export function planQuery(planner: Planner, query: Query): QueryPath {
  return withCtes(planner, query.ctes, () => planBody(planner, query));
}

/** Orders are compared through this: equal columns count as one, constants as none. */
export interface Orderer {
  normalize(keys: readonly SortKey[]): SortKey[];
}

const PLAIN_ORDER: Orderer = { normalize: (keys) => [...keys] };

function ordererOf(problem: JoinProblem): Orderer {
  return {
    normalize: (keys) => {
      const result: SortKey[] = [];
      for (const key of keys) {
        if (problem.isConstant(key.expr)) continue;
        const expr = problem.canonical(key.expr);
        if (!result.some((known) => equalExpr(known.expr, expr))) result.push({ ...key, expr });
      }
      return result;
    },
  };
}

function planBody(planner: Planner, query: Query): QueryPath {
  const { paths, orderer } = basePaths(planner, query);
  let best: Path | null = null;
  const special = minMaxPath(planner, query);
  const candidates = special === null ? paths : [...paths, special];
  for (const base of candidates) {
    if (base.required !== NO_RELS) continue;
    const path =
      base === special ? finishAggregated(planner, query, base, orderer) : stages(planner, query, base, orderer);
    if (best === null || path.total < best.total) best = path;
  }
  if (best === null) throw new Error('planner: no path for the query');
  const chosen = best;
  const exprs = query.targets.map((target) => target.expr);
  return {
    rows: chosen.rows,
    startup: chosen.startup,
    total: chosen.total,
    ordering: columnOrdering(chosen.ordering, exprs, orderer),
    build: () => named(chosen.build(exprs), query.targets),
  };
}

function columnOrdering(ordering: readonly SortKey[], exprs: readonly Expr[], orderer: Orderer): QueryPath['ordering'] {
  if (ordering.length === 0) return [];
  const [first] = ordering;
  const columns = exprs.map((expr) => orderer.normalize([{ ...first, expr }])[0]?.expr ?? expr);
  return ordering.map(({ expr, descending, nullsFirst }) => ({
    column: columns.findIndex((column) => equalExpr(column, expr)),
    descending,
    nullsFirst,
  }));
}

/** The plan with the query's column names and origins. */
export function named(plan: Plan, targets: readonly Target[]): Plan {
  const output = targets.map(
    (target): OutputColumn => ({
      name: target.name,
      typeOid: target.expr.typeOid,
      typeModifier: target.expr.typeModifier,
      tableOid: target.tableOid,
      columnNumber: target.columnNumber,
      ...(target.collation === undefined ? {} : { collation: target.collation }),
    }),
  );
  return { ...plan, output };
}

function basePaths(planner: Planner, query: Query): { paths: readonly Path[]; orderer: Orderer } {
  if (query.setOperation !== null) {
    return { paths: [setOperationPath(planner, query, query.setOperation)], orderer: PLAIN_ORDER };
  }
  if (conjuncts(query.where).some((part) => isFixedConst(part, false))) {
    return { paths: [emptyPath(planner)], orderer: PLAIN_ORDER };
  }
  if (query.from.length === 0) return { paths: [resultPath(planner, query.where)], orderer: PLAIN_ORDER };
  const problem = new JoinProblem(planner, query);
  const orderer = ordererOf(problem);
  const wanted = wantedOrderings(query).map((keys) => orderer.normalize(keys));
  const found = searchJoins(problem, { wanted }).paths;
  const condition = makeAnd(problem.gates);
  const paths = condition === null ? found : found.map((path) => gatePath(planner, path, condition));
  if (problem.base.length === 1) return { paths, orderer };
  // Conditions about no relation at all were put on the whole set; a single scan has tested them, a join has not.
  const filters = conjuncts(query.where).filter((part) => isUntested(problem, part));
  if (filters.length === 0) return { paths, orderer };
  return { paths: paths.map((path) => filterPath(planner, path, filters)), orderer };
}

/** Such a condition is due at the last join, unless that join is the one that never comes (required is the whole set). */
function isUntested(problem: JoinProblem, part: Expr): boolean {
  const clause = problem.clauses.find((candidate) => candidate.expr === part);
  return clause !== undefined && clause.rels === NO_RELS && clause.required !== problem.all;
}

function wantedOrderings(query: Query): (readonly SortKey[])[] {
  const wanted: (readonly SortKey[])[] = [];
  if (query.groupBy.length > 0) wanted.push(...groupOrderings(query));
  else if (query.hasWindows) wanted.push(...windowOrderings(query));
  else if (query.orderBy.length > 0) wanted.push(query.orderBy);
  if (query.distinctOn !== null && query.orderBy.length === 0) {
    wanted.push(query.distinctOn.map((expr) => ({ expr, descending: false, nullsFirst: false })));
  }
  return wanted;
}

/** One row from nothing. */
export function resultPath(planner: Planner, where: Expr | null): Path {
  const estimate = { rows: 1, startup: 0, total: COST.row };
  return {
    ordering: [],
    required: NO_RELS,
    enforced: [],
    build: (targets) => ({
      kind: 'result',
      filter: translateNullable(planner, inTestOrder(where), NOTHING),
      targets: translateAll(planner, targets, NOTHING),
      output: outputOf(targets),
      ...estimates(estimate, planner.widthOf(targets)),
    }),
    ...estimate,
  };
}

function gatePath(planner: Planner, path: Path, condition: Expr): Path {
  return { ...path, build: (targets) => gatePlan(planner, path.build(targets), condition) };
}

function filterPath(planner: Planner, path: Path, filters: readonly Expr[]): Path {
  return {
    ...path,
    build: (targets) => {
      const input = path.build(targets);
      return {
        kind: 'project',
        input,
        filter: translateNullable(planner, makeAnd(filters), NOTHING),
        targets: targets.map((target, index) => ({
          kind: 'column',
          input: 0,
          index,
          typeOid: target.typeOid,
          typeModifier: target.typeModifier,
        })),
        output: outputOf(targets),
        ...estimates(path, planner.widthOf(targets)),
      };
    },
  };
}

function stages(planner: Planner, query: Query, base: Path, orderer: Orderer): Path {
  if (query.groupBy.some(hasSetReturning)) {
    const below = setsBelowGrouping(planner, query, base);
    const path = stages(planner, below.query, below.path, orderer);
    return { ...path, build: (targets) => path.build(targets.map(below.toColumn)) };
  }
  const path = query.hasAggregates ? aggregateStage(planner, query, base, orderer) : base;
  return finishAggregated(planner, query, path, orderer);
}

/** Grouping by a set-returning call: the rows multiply first, and the key is then a column like any other. */
function setsBelowGrouping(planner: Planner, query: Query, base: Path) {
  const rel = planner.context.nextRel();
  const keys = query.groupBy.filter(hasSetReturning);
  const columns = keys.map((key, i) => makeVar(rel, i, key.typeOid, key.typeModifier));
  const toColumn = (expr: Expr): Expr =>
    replaceExpr(expr, (child) => {
      const index = keys.findIndex((key) => equalExpr(key, child));
      return index < 0 ? null : columns[index];
    });
  const toKey = (expr: Expr): Expr => {
    const index = columns.findIndex((column) => equalExpr(column, expr));
    return index < 0 ? expr : keys[index];
  };
  const mapped = mapQuery(query, toColumn);
  const names = keys.map((key) => ({
    name: '',
    typeOid: key.typeOid,
    typeModifier: key.typeModifier,
    tableOid: 0,
    columnNumber: 0,
  }));
  const relations = new Map(mapped.relations).set(rel, { kind: 'setOperation', rel, alias: '', columns: names });
  const plain: Query = { ...query, hasAggregates: false, groupBy: [], groupingSets: null };
  const sets = setReturningStage(planner, plain, base, keys);
  planner.setFacts(rel, {
    rows: sets.rows,
    table: null,
    distinctOf: (column) => distinctCount(planner.selectivity, keys[column], sets.rows),
  });
  const hasSets = mapped.targets.some((target) => hasSetReturning(target.expr));
  return {
    toColumn,
    query: { ...mapped, relations, hasSets },
    path: { ...sets, build: (targets: readonly Expr[]) => sets.build(targets.map(toKey)) },
  };
}

/**
 * ORDER BY, and DISTINCT ON with it, comes before set-returning and volatile functions that it does not sort by: the rows that are left
 * then multiply, and LIMIT takes no more values of a sequence than rows (make_sort_input_target). Under LIMIT it comes before all that costs something,
 * subqueries above all. DISTINCT compares what the functions give.
 */
function computesLast({ orderBy, distinct, distinctOn, targets, hasSets, locks, limit }: Query): boolean {
  if (orderBy.length === 0 || distinct) return false;
  const keys = [...orderBy.map((key) => key.expr), ...(distinctOn ?? [])];
  if (hasSets) return !keys.some(hasSetReturning);
  if (locks.length > 0 || keys.some(callsVolatile)) return false;
  const isCostly = (expr: Expr): boolean => costOf(expr) > LAST_COST && !keys.some((key) => equalExpr(key, expr));
  return targets.some(({ expr }) => callsVolatile(expr) || (limit !== null && isCostly(expr)));
}

/** In calls: what costs more is computed of the rows that LIMIT leaves. */
const LAST_COST = 10;

/** As conditionCost; but a subquery without relations is no more than its expressions. */
function costOf(expr: Expr): number {
  let cost = 0;
  visitExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind !== 'sublink') cost += nodeCost(child);
    else if (node.query.from.length > 0 || node.query.setOperation !== null) cost += nodeCost(child);
    return true;
  });
  return cost;
}

function finishAggregated(planner: Planner, query: Query, grouped: Path, orderer: Orderer): Path {
  let path = grouped;
  if (query.hasWindows) path = windowStage(planner, query, path, orderer);
  const exprs = query.targets.map((target) => target.expr);
  const computed = (below: Path): Path =>
    setReturningStage(planner, query, below, [...exprs, ...query.orderBy.map((key) => key.expr)]);
  const isLast = computesLast(query);
  if (query.hasSets && !isLast) path = computed(path);
  const count = isLast && query.hasSets ? null : limitCount(query);
  if (query.distinct) path = distinctStage(planner, path, exprs, orderer);
  if (query.distinctOn !== null) path = distinctOnStage(planner, query, path, query.distinctOn, orderer);
  else if (query.orderBy.length > 0) {
    const keys = orderer.normalize(query.orderBy);
    if (!isOrdered(path.ordering, keys)) path = sortStage(planner, path, query.orderBy, keys, count);
  }
  if (isLast) path = computed(path);
  if (query.locks.length > 0) path = lockStage(planner, query, path);
  if (query.limit !== null || query.offset !== null) {
    planner.probes.addLimit(query.limit);
    path = limitStage(planner, query, path);
  }
  return path;
}
