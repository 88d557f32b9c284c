/** Paths of relations that are no tables: subqueries, functions, VALUES, CTEs, catalog views. */
import { OID } from '../../types/index.ts';
import { functionRows, hasDistinctRows } from '../cost/function-rows.ts';
import { COST, DEFAULT_ROWS } from '../cost/params.ts';
import { andSelectivity } from '../cost/selectivity.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey } from '../expr.ts';
import { logical, makeAnd, type Query, type RelationColumn } from '../logical.ts';
import type { Plan } from '../plan.ts';
import type { BaseRelation, JoinProblem } from './join-problem.ts';
import { columnVars, estimates, outputOf, type Path } from './path.ts';
import type { Planner } from './planner.ts';
import type { QueryPath } from './query.ts';
import { filterCost, type ScanResult } from './table-scan.ts';
import { inputResolver, NOTHING, type Resolve, translateAll, translateNullable } from './translate.ts';

/** Looking up the rows of one value: to make all rows costs some ten times as much. */
const LOOKUP_COST = 0.3;
const LOOKUP_ROWS = 2;

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
    distinctOf: (column) => (isDistinctColumn(relation, column) ? tuples : 0),
  });
  if (relation.kind === 'function') for (const call of relation.functions) planner.probes.addSet(call);
  const rows = Math.max(1, tuples * andSelectivity(planner.selectivity, restrictions));
  const estimate = {
    rows,
    startup: COST.nodeStart,
    total: COST.nodeStart + tuples * (COST.row + filterCost(restrictions)),
  };
  const path: Path = {
    ordering: [],
    required: base.lateral,
    enforced: [],
    build: (targets) => buildSimple(problem, base, restrictions, targets, estimate),
    ...estimate,
  };
  const lookups = relation.kind === 'virtual' ? lookupPaths(problem, base, restrictions) : [];
  return { rows, paths: [path, ...lookups] };
}

/** Of a catalog view: what belongs to a row of another relation, as PostgreSQL finds it by an index of the system table. */
function lookupPaths(problem: JoinProblem, base: BaseRelation, restrictions: readonly Expr[]): Path[] {
  return problem.joinEqualities(base.bit).flatMap(({ own, other, rels, expr }) => {
    const node = logical(own);
    if (node.kind !== 'var' || own.typeOid !== other.typeOid) return [];
    if (!isKeyOfCatalog(base.relation.columns[node.column])) return [];
    const conditions = [...restrictions, expr];
    const estimate = {
      rows: LOOKUP_ROWS,
      startup: LOOKUP_COST,
      total: LOOKUP_COST + LOOKUP_ROWS * filterCost(conditions),
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

/** Has few rows of a value, as what PostgreSQL's system tables have indexes by: names, oids, and whose column, index or part a row is. */
function isKeyOfCatalog(column: RelationColumn | undefined): boolean {
  if (column === undefined) return false;
  return (
    column.typeOid === OID.NAME || (column.typeOid === OID.OID && /(^oid|relid|typid|objid|objoid)$/.test(column.name))
  );
}

/** What generate_series gives, and the number of a row, never come twice; names in the catalog seldom, oids of rows never. */
function isDistinctColumn(relation: BaseRelation['relation'], column: number): boolean {
  if (relation.kind === 'virtual') {
    const { name, typeOid } = relation.columns[column];
    return name === 'oid' || typeOid === OID.NAME;
  }
  if (relation.kind !== 'function') return false;
  if (relation.withOrdinality && column === relation.columns.length - 1) return true;
  return relation.functions.length === 1 && column === 0 && hasDistinctRows(relation.functions[0]);
}

function tupleGuess(planner: Planner, relation: BaseRelation['relation']): number {
  switch (relation.kind) {
    case 'values':
      return relation.rows.length;
    case 'cte':
    case 'workTable':
      return planner.ctes.get(relation.cte)?.rows ?? DEFAULT_ROWS;
    case 'virtual':
      return 500;
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
      return { kind: 'virtualScan', tableName: relation.tableName, columnNames, ...shared };
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
