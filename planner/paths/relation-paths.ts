/** Paths of relations that are no tables: subqueries, functions, VALUES, CTEs, catalog views. */
import { functionRows, hasDistinctRows } from '../cost/function-rows.ts';
import { COST, DEFAULT_ROWS } from '../cost/params.ts';
import { andSelectivity } from '../cost/selectivity.ts';
import { isKeyOfSystemRelation, systemRelationDistinct, systemRelationRows } from '../cost/system-relations.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey } from '../expr.ts';
import { logical, makeAnd, type Query, type VirtualRelation } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import type { Plan } from '../plan.ts';
import { relsOf } from '../relation-sets.ts';
import type { BaseRelation, JoinProblem } from './join-problem.ts';
import { columnVars, estimates, outputOf, type Path } from './path.ts';
import type { Planner } from './planner.ts';
import type { QueryPath } from './query.ts';
import { filterCost, type ScanResult } from './table-scan.ts';
import { inputResolver, NOTHING, type Resolve, translateAll, translateNullable } from './translate.ts';

/** Making a row of a system relation: 1 us. */
const MADE_ROW_COST = 0.8;
/** Finding those of one value among what is made. */
const LOOKUP_COST = 0.3;
/** A btree's strategy. */
const EQUAL = 3;

/** A subquery in FROM, planned by itself. */
export function subqueryPaths(
  problem: JoinProblem,
  base: BaseRelation,
  inner: QueryPath,
  restrictions: readonly Expr[],
  query: Query,
): ScanResult {
  const { planner } = problem;
  const { relation } = base;
  planner.setFacts(relation.rel, {
    rows: inner.rows,
    table: null,
    distinctOf: (column) => (isSoleKey(query, column) ? inner.rows : 0),
  });
  const rows = Math.max(1, inner.rows * andSelectivity(planner.selectivity, restrictions));
  const estimate = {
    rows,
    startup: inner.startup,
    total: inner.total + inner.rows * (COST.operator + filterCost(restrictions)),
  };
  const path: Path = {
    ordering: subqueryOrdering(problem, base, inner),
    required: base.lateral,
    enforced: [],
    build: (targets) => {
      const plan = inner.build();
      const columns = columnVars(relation.rel, relation.columns);
      const resolve = inputResolver(columns, 0);
      const filter = translateNullable(planner, makeAnd(restrictions), resolve);
      const built = translateAll(planner, targets, resolve);
      if (filter === null && isIdentity(built, plan)) return plan;
      return {
        kind: 'subqueryScan',
        input: plan,
        alias: relation.alias,
        filter,
        targets: built,
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
    ...estimate,
  };
  return { rows, paths: [path] };
}

function isSoleKey(query: Query, column: number): boolean {
  const { expr } = query.targets[column];
  if (query.distinct && query.targets.length === 1) return true;
  return query.groupBy.length === 1 && query.groupingSets === null && equalExpr(query.groupBy[0], expr);
}

/** The subquery's order in terms of its columns as seen from outside. */
function subqueryOrdering(problem: JoinProblem, base: BaseRelation, inner: QueryPath): SortKey[] {
  const result: SortKey[] = [];
  for (const key of inner.ordering) {
    if (key.column < 0) break;
    const expr = columnVars(base.relation.rel, base.relation.columns)[key.column];
    result.push({ expr: problem.canonical(expr), descending: key.descending, nullsFirst: key.nullsFirst });
  }
  return result;
}

function isIdentity(targets: readonly Expr[], plan: Plan): boolean {
  return (
    targets.length === plan.output.length &&
    targets.every(
      (target, i) => target.kind === 'column' && target.index === i && target.typeOid === plan.output[i].typeOid,
    )
  );
}

/** Functions, VALUES, CTEs, work tables, catalog views: one way to read them. */
export function simplePaths(problem: JoinProblem, base: BaseRelation, restrictions: readonly Expr[]): ScanResult {
  const { planner } = problem;
  const { relation } = base;
  const tuples = tupleGuess(planner, relation);
  planner.setFacts(relation.rel, {
    rows: tuples,
    table: null,
    distinctOf: (column) => distinctGuess(relation, column, tuples),
  });
  if (relation.kind === 'function') for (const call of relation.functions) planner.probes.addSet(call);
  const rows = Math.max(1, tuples * andSelectivity(planner.selectivity, restrictions));
  const estimate = {
    rows,
    startup: COST.nodeStart,
    total: COST.nodeStart + readCost(planner, relation, tuples, restrictions) + tuples * filterCost(restrictions),
  };
  const path: Path = {
    ordering: [],
    required: base.lateral,
    enforced: [],
    build: (targets) => buildSimple(problem, base, restrictions, targets, estimate),
    ...estimate,
  };
  const lookups = relation.kind === 'virtual' ? lookupPaths(problem, base, restrictions, tuples) : [];
  return { rows, paths: [path, ...lookups] };
}

/** Rows of system relations are made; of those whose key is known, only few. */
function readCost(
  planner: Planner,
  relation: BaseRelation['relation'],
  tuples: number,
  restrictions: readonly Expr[],
): number {
  if (relation.kind !== 'virtual') return tuples * COST.row;
  const keyed = restrictions.filter((restriction) => isKeyCondition(relation, restriction));
  return MADE_ROW_COST * tuples * andSelectivity(planner.selectivity, keyed) + tuples * COST.row;
}

/** `key = value` */
function isKeyCondition(relation: VirtualRelation, condition: Expr): boolean {
  if (condition.kind !== 'call' || comparisonOf(condition.function)?.btreeStrategy !== EQUAL) return false;
  const [left, right] = condition.args;
  const [own, other] = logical(left).kind === 'var' ? [logical(left), right] : [logical(right), left];
  return own.kind === 'var' && isKeyOfSystemRelation(relation.columns[own.column]) && relsOf(other).size === 0;
}

/** Of a catalog view: what belongs to a row of another relation, as PostgreSQL finds it by an index of the system table. */
function lookupPaths(problem: JoinProblem, base: BaseRelation, restrictions: readonly Expr[], tuples: number): Path[] {
  return problem.joinEqualities(base.bit).flatMap(({ own, other, rels, expr }) => {
    const node = logical(own);
    if (node.kind !== 'var' || own.typeOid !== other.typeOid) return [];
    const column = base.relation.columns[node.column];
    if (!isKeyOfSystemRelation(column)) return [];
    const conditions = [...restrictions, expr];
    const found = tuples / systemRelationDistinct(column, tuples);
    const estimate = {
      rows: Math.max(1, found * andSelectivity(problem.planner.selectivity, restrictions)),
      startup: LOOKUP_COST,
      total: LOOKUP_COST + found * (MADE_ROW_COST + filterCost(conditions)),
    };
    return {
      ordering: [],
      required: base.lateral | rels,
      enforced: [expr],
      build: (targets: readonly Expr[]) => buildSimple(problem, base, conditions, targets, estimate),
      ...estimate,
    };
  });
}

/** What generate_series gives, and the number of a row, never come twice. 0: nothing is known. */
function distinctGuess(relation: BaseRelation['relation'], column: number, tuples: number): number {
  if (relation.kind === 'virtual') return systemRelationDistinct(relation.columns[column], tuples);
  if (relation.kind !== 'function') return 0;
  if (relation.withOrdinality && column === relation.columns.length - 1) return tuples;
  return relation.functions.length === 1 && column === 0 && hasDistinctRows(relation.functions[0]) ? tuples : 0;
}

function tupleGuess(planner: Planner, relation: BaseRelation['relation']): number {
  switch (relation.kind) {
    case 'values':
      return relation.rows.length;
    case 'cte':
    case 'workTable':
      return planner.ctes.get(relation.cte)?.rows ?? DEFAULT_ROWS;
    case 'virtual':
      return systemRelationRows(planner.selectivity.catalog, relation);
    case 'function':
      // ROWS FROM goes on as long as the longest of them.
      return Math.max(...relation.functions.map((call) => functionRows(planner.selectivity, call)));
    default:
      return DEFAULT_ROWS;
  }
}

function buildSimple(
  problem: JoinProblem,
  base: BaseRelation,
  restrictions: readonly Expr[],
  targets: readonly Expr[],
  estimate: { rows: number; startup: number; total: number },
): Plan {
  const { planner } = problem;
  const { relation } = base;
  const columns = columnVars(relation.rel, relation.columns);
  const resolve: Resolve = inputResolver(columns, 0);
  const shared = {
    alias: relation.alias,
    filter: translateNullable(planner, makeAnd(restrictions), resolve),
    targets: translateAll(planner, targets, resolve),
    output: outputOf(targets),
    ...estimates(estimate, planner.widthOf(targets)),
  };
  const columnNames = relation.columns.map((column) => column.name);
  switch (relation.kind) {
    case 'virtual':
      return {
        kind: 'virtualScan',
        tableName: relation.tableName,
        tableRows: tupleGuess(planner, relation),
        columnNames,
        ...shared,
      };
    case 'cte':
      return { kind: 'cteScan', id: relation.cte, name: relation.name, columnNames, ...shared };
    case 'workTable':
      return { kind: 'workTableScan', id: relation.cte, columnNames, ...shared };
    case 'function':
      return {
        kind: 'functionScan',
        columnNames,
        functions: relation.functions.map((item) => ({ ...item, args: translateAll(planner, item.args, NOTHING) })),
        withOrdinality: relation.withOrdinality,
        ...shared,
      };
    case 'values': {
      const values: Plan = {
        kind: 'values',
        rowsOf: relation.rows.map((row) => translateAll(planner, row, NOTHING)),
        output: relation.columns.map((column) => ({ ...column, name: column.name })),
        ...estimates({ ...estimate, rows: relation.rows.length }, planner.widthOf(columns)),
      };
      if (shared.filter === null && isIdentity(shared.targets, values)) return values;
      return { kind: 'project', input: values, ...shared };
    }
    default:
      throw new Error(`planner: no scan of ${relation.kind}`);
  }
}
