/** Access paths of tables: sequential scan and scan by row ids here; index-paths.ts and posting-paths.ts have the rest. */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import type { ColumnStatistics } from '../../catalog/statistics.ts';
import { unlift } from '../bind/scalar.ts';
import { bindStatisticsExpression } from '../bind/stored.ts';
import type { RelationFacts } from '../cost/column-statistics.ts';
import { knownValue } from '../cost/known-values.ts';
import { COST, DEFAULT_PAGES, DEFAULT_ROWS } from '../cost/params.ts';
import { andSelectivity } from '../cost/selectivity.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, logical, makeAnd, type TableRelation } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import { foldConstants } from '../rewrite/fold-constants.ts';
import { visitExpr } from '../traverse.ts';
import {
  type Condition,
  hasLifted,
  indexedExpression,
  matchKey,
  type UsableIndex,
  usableIndexes,
} from './index-match.ts';
import { addIndexPaths } from './index-paths.ts';
import { matchInverted, searchCount } from './inverted-match.ts';
import { type BaseRelation, type JoinProblem, NO_RELS } from './join-problem.ts';
import { addPath, estimates, outputOf, type Path, varsOf } from './path.ts';
import type { Planner } from './planner.ts';
import { addParameterisedPostings, postingPath } from './posting-paths.ts';
import { securedConditions } from './secured-conditions.ts';
import { filterCost, type ScanOptions, type ScanResult, type TableScan } from './table-scan.ts';
import { NOTHING, tableResolver, translateAll, translateNullable } from './translate.ts';

/** All paths of a table, its conditions included. */
export function tablePaths(
  problem: JoinProblem,
  base: BaseRelation,
  relation: TableRelation,
  given: readonly Expr[],
  options: ScanOptions,
): ScanResult {
  const { sample, expiry, security } = relation;
  const seen = security === undefined ? given : securedConditions(security, given);
  const present = expiry === undefined ? seen : [...seen, ...conjuncts(expiry)];
  const restrictions = sample === undefined ? present : [...present, sample.filter];
  const { planner } = problem;
  const { statistics, settings } = planner.context.environment;
  const { table } = relation;
  const known = statistics.rowCount(table.oid);
  const tuples = Math.max(known >= 0 ? known : DEFAULT_ROWS, 1);
  const knownPages = statistics.pageCount(table.oid);
  const indexes = usableIndexes(planner.context, table, relation.rel, restrictions);
  const expressions = analyzedExpressions(planner, relation, indexes);
  planner.setFacts(relation.rel, { rows: tuples, table, restrictions, ...expressions, distinctOf: () => 0 });
  planner.probes.addConditions(restrictions, tuples);
  let rows = Math.max(tuples * andSelectivity(planner.selectivity, present), 1);
  const own = restrictions.map((expr): Condition => ({ expr, rels: NO_RELS, own: null }));
  const exact = exactRows(planner, relation, indexes, own, tuples);
  if (exact !== null) rows = Math.max(1, Math.min(exact, tuples));
  if (sample !== undefined) rows = Math.max(1, rows * sample.share);
  const scan: TableScan = {
    problem,
    relation,
    table,
    bit: base.bit,
    restrictions,
    own,
    tuples,
    pages: Math.max(knownPages >= 0 ? knownPages : DEFAULT_PAGES, 1),
    resident: Math.min(1, Math.max(0, statistics.residentShare(table.oid))),
    visible: Math.max(0, statistics.visiblePages(table.oid)) / Math.max(knownPages, 1),
    needed: indexes.length === 0 ? null : neededColumns(problem, relation.rel, restrictions),
    rows,
  };
  // A sample is one of all rows.
  if (sample !== undefined) return { rows, paths: [seqPath(scan)] };
  const paths: Path[] = [];
  const rowIds = rowIdPath(scan);
  if (rowIds !== null) addPath(paths, rowIds, scan.problem.fastStart);
  const seq = seqPath(scan);
  addPath(
    paths,
    settings.enableSeqScan === false
      ? { ...seq, startup: seq.startup + COST.disabled, total: seq.total + COST.disabled }
      : seq,
    scan.problem.fastStart,
  );
  if (settings.enableIndexScan !== false) {
    for (const usable of indexes) if (usable.index.method !== 'gin') addIndexPaths(scan, usable, options, paths);
  }
  if (settings.enableBitmapScan !== false) {
    const posting = postingPath(scan, indexes);
    if (posting !== null) addPath(paths, posting, scan.problem.fastStart);
    addParameterisedPostings(scan, indexes, paths);
  }
  return { rows, paths };
}

/** What a scan must give besides what its own conditions need; null: the row itself, or what cannot be told. */
function neededColumns(problem: JoinProblem, rel: number, restrictions: readonly Expr[]): ReadonlySet<number> | null {
  const { query } = problem;
  if (query.locks.length > 0) return null;
  const needed = new Set<number>();
  const add = (expr: Expr): void =>
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'var' && node.rel === rel) needed.add(node.column);
      return true;
    });
  for (const { expr } of query.targets) add(expr);
  query.groupBy.forEach(add);
  if (query.having !== null) add(query.having);
  for (const { expr } of query.orderBy) add(expr);
  query.distinctOn?.forEach(add);
  for (const window of query.windows) {
    window.partitionBy.forEach(add);
    for (const { expr } of window.orderBy) add(expr);
  }
  if (problem.base.length > 1) {
    for (const { expr } of problem.clauses) if (!restrictions.includes(expr)) add(expr);
    for (const special of problem.specials) for (const { expr } of special.on) add(expr);
    for (const { members } of problem.classes) for (const { expr } of members) add(expr);
    // What a lateral relation asks for is not looked at.
    if (problem.base.some(({ lateral }) => lateral !== NO_RELS)) return null;
  }
  for (const column of needed) if (column < 0) return null;
  return needed;
}

/** Statistics of expressions that indexes and statistics objects hold; literals of the statement count as the constants that they are now. */
function analyzedExpressions(
  planner: Planner,
  { table, rel }: TableRelation,
  indexes: readonly UsableIndex[],
): Pick<RelationFacts, 'expressionStatistics' | 'expressionNumber'> {
  const { context } = planner;
  const { statistics } = context.environment;
  const analyzed = indexes.flatMap(({ index, keys }) =>
    keys.flatMap((expr, i) => {
      const stats = index.columns[i].columnNumber > 0 ? null : statistics.indexExpression(index.oid, i);
      return stats === null ? [] : [{ expr: indexedExpression(expr), stats }];
    }),
  );
  const members = context.catalog.statisticsOf(table.oid).flatMap((object) =>
    (object.expressions ?? []).map(
      ({ text }, i): Member => ({
        statisticsOid: object.oid,
        number: -1 - i,
        expr: foldConstants(bindStatisticsExpression(context, text, table, rel)),
      }),
    ),
  );
  for (const { statisticsOid, number, expr } of members) {
    const stats = statistics.statisticsExpression(statisticsOid, -1 - number);
    if (stats !== null) analyzed.push({ expr, stats });
  }
  return analyzed.length === 0 && members.length === 0 ? {} : expressionFacts(analyzed, members);
}

interface Member {
  readonly statisticsOid: number;
  readonly number: number;
  readonly expr: Expr;
}

/** A function of its own: a cached plan's probes keep what it returns, and nothing of the planner with it. */
function expressionFacts(
  analyzed: readonly { readonly expr: Expr; readonly stats: ColumnStatistics }[],
  members: readonly Member[],
): Pick<RelationFacts, 'expressionStatistics' | 'expressionNumber'> {
  const plain = (expr: Expr): Expr => (hasLifted(expr) ? foldConstants(unlift(expr)) : expr);
  return {
    expressionStatistics: (expr) => {
      const wanted = plain(expr);
      return analyzed.find((item) => equalExpr(item.expr, wanted))?.stats ?? null;
    },
    expressionNumber: (statisticsOid, expr) => {
      const wanted = plain(expr);
      const found = members.find((item) => item.statisticsOid === statisticsOid && equalExpr(item.expr, wanted));
      return found?.number ?? 0;
    },
  };
}

/** Rows for all restrictions when an index knows the exact count of its part; null otherwise. */
function exactRows(
  planner: Planner,
  relation: TableRelation,
  indexes: readonly UsableIndex[],
  conditions: readonly Condition[],
  tuples: number,
): number | null {
  if (indexes.length === 0) return null;
  const restrictions = conditions.map(({ expr }) => expr);
  let best: number | null = null;
  for (const usable of indexes) {
    const { index, keys } = usable;
    if (index.method === 'gin') {
      const rows = searchedRows(planner, relation, usable, restrictions, tuples);
      if (rows !== null && (best === null || rows < best)) best = rows;
      continue;
    }
    const used: Expr[] = [];
    const values: unknown[] = [];
    for (const key of keys) {
      let found: { value: unknown; expr: Expr } | null = null;
      for (const condition of conditions) {
        const match = matchKey(planner.context, relation.rel, key, condition);
        if (match?.kind !== 'equal') continue;
        const value = knownValue(planner.selectivity, match.value);
        if (value !== undefined) found = { value, expr: condition.expr };
        break;
      }
      if (found === null) break;
      used.push(found.expr);
      values.push(found.value);
    }
    if (values.length === 0) continue;
    if (index.unique && values.length === keys.length && values.every((value) => value !== null)) return 1;
    const count = planner.context.environment.statistics.indexEqualCount(index.oid, values);
    if (count < 0) continue;
    const rest = restrictions.filter((expr) => !used.includes(expr));
    const rows = Math.min(count, tuples) * andSelectivity(planner.selectivity, rest);
    if (best === null || rows < best) best = rows;
  }
  return best;
}

/** The same by the lists of an inverted index. */
function searchedRows(
  planner: Planner,
  relation: TableRelation,
  usable: UsableIndex,
  restrictions: readonly Expr[],
  tuples: number,
): number | null {
  let rows = tuples;
  const rest: Expr[] = [];
  for (const restriction of restrictions) {
    const match = matchInverted(planner.context, relation.rel, usable, restriction);
    const count = match === null ? -1 : searchCount(planner, match);
    if (count < 0) rest.push(restriction);
    else rows *= Math.min(1, count / tuples);
  }
  return rest.length === restrictions.length ? null : rows * andSelectivity(planner.selectivity, rest);
}

function seqPath(scan: TableScan): Path {
  const { pages, resident, tuples, rows, restrictions, problem, relation, table } = scan;
  const pageCost = pages * (resident * COST.residentSeqPage + (1 - resident) * COST.seqPage);
  const total = pageCost + tuples * (COST.row + filterCost(restrictions));
  const estimate = { rows, startup: 0, total };
  return {
    ordering: [],
    required: NO_RELS,
    enforced: [],
    build: (targets) => {
      const { planner } = problem;
      const resolve = tableResolver(relation.rel, table.oid);
      return {
        kind: 'seqScan',
        table,
        alias: relation.alias,
        filter: translateNullable(planner, makeAnd(restrictions), resolve),
        targets: translateAll(planner, targets, resolve),
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
    ...estimate,
  };
}

/** ctid = '(0,1)', ctid = ANY (...). */
function rowIdPath(scan: TableScan): Path | null {
  const { problem, relation, table, restrictions } = scan;
  const { planner } = problem;
  for (const restriction of restrictions) {
    const rowIds = rowIdsOf(restriction, relation.rel);
    if (rowIds === null) continue;
    const rest = restrictions.filter((expr) => expr !== restriction);
    const estimate = { rows: rowIds.length, startup: 0, total: rowIds.length * (COST.fetchRandom + COST.row) };
    return {
      ordering: [],
      required: NO_RELS,
      enforced: [],
      build: (targets) => {
        const resolve = tableResolver(relation.rel, table.oid);
        return {
          kind: 'rowIdScan',
          table,
          alias: relation.alias,
          rowIds: translateAll(planner, rowIds, NOTHING),
          filter: translateNullable(planner, makeAnd(rest), resolve),
          targets: translateAll(planner, targets, resolve),
          output: outputOf(targets),
          ...estimates(estimate, planner.widthOf(targets)),
        };
      },
      ...estimate,
    };
  }
  return null;
}

function isTidEquality(fn: ScalarFunction): boolean {
  return comparisonOf(fn)?.btreeStrategy === 3;
}

function rowIdsOf(expr: Expr, rel: number): readonly Expr[] | null {
  const isRowId = (arg: Expr): boolean => {
    const node = logical(arg);
    return node.kind === 'var' && node.rel === rel && node.column === -1;
  };
  const isFree = (arg: Expr): boolean => varsOf([arg], new Set([rel])).length === 0;
  if (expr.kind === 'inList' && !expr.negated && isRowId(expr.arg) && expr.list.every(isFree)) return expr.list;
  if (expr.kind === 'arrayCompare' && !expr.all && isRowId(expr.left) && isFree(expr.array)) {
    return isTidEquality(expr.operator) ? [expr.array] : null;
  }
  if (expr.kind !== 'call' || comparisonOf(expr.function)?.btreeStrategy !== 3) return null;
  const [left, right] = expr.args;
  if (isRowId(left) && isFree(right)) return [right];
  return isRowId(right) && isFree(left) ? [left] : null;
}
