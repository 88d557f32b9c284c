/** Access paths of base relations: sequential, index, posting-list and row-id scans, subqueries, functions, VALUES, CTEs. */
import type { IndexEntry, RelationEntry } from '../../catalog/entries.ts';
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { COST, DEFAULT_PAGES, DEFAULT_ROWS } from '../cost/params.ts';
import { andSelectivity, knownValue, selectivity } from '../cost/selectivity.ts';
import type { Expr, SortKey } from '../expr.ts';
import { conjuncts, equalExpr, logical, makeAnd, type Query, type TableRelation } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import type { IndexBound, Plan, PostingExpr, PostingTerm } from '../plan.ts';
import { type Condition, type KeyMatch, matchKey, type UsableIndex, usableIndexes } from './index-match.ts';
import { type InvertedMatch, matchInverted } from './inverted-match.ts';
import { type BaseRelation, type JoinProblem, NO_RELS } from './join-problem.ts';
import { addPath, columnVars, estimates, outputOf, type Path, type RelSet, varsOf } from './path.ts';
import type { Planner } from './planner.ts';
import { planQuery, type QueryPath } from './query.ts';
import {
  inputResolver,
  NOTHING,
  type Resolve,
  tableResolver,
  translate,
  translateAll,
  translateNullable,
} from './translate.ts';

export interface ScanResult {
  readonly rows: number;
  readonly paths: Path[];
}

export interface ScanOptions {
  /** Orders that a stage above could use. */
  readonly wanted: readonly (readonly SortKey[])[];
}

/** All paths of a base relation, its conditions included. */
export function scanPaths(problem: JoinProblem, base: BaseRelation, options: ScanOptions): ScanResult {
  const { planner } = problem;
  const restrictions = problem.restrictions(base.bit);
  const { relation } = base;
  switch (relation.kind) {
    case 'table':
      return tablePaths(problem, base, relation, restrictions, options);
    case 'subquery':
      return subqueryPaths(problem, base, planQuery(planner, relation.query), restrictions, relation.query);
    default:
      return simplePaths(problem, base, restrictions);
  }
}

/* ---- tables -------------------------------------------------------------------------------------------------------- */

interface TableScan {
  readonly problem: JoinProblem;
  readonly relation: TableRelation;
  readonly table: RelationEntry;
  readonly bit: RelSet;
  readonly restrictions: readonly Expr[];
  readonly tuples: number;
  readonly pages: number;
  readonly resident: number;
  /** Rows after all restrictions. */
  readonly rows: number;
}

function tablePaths(
  problem: JoinProblem,
  base: BaseRelation,
  relation: TableRelation,
  restrictions: readonly Expr[],
  options: ScanOptions,
): ScanResult {
  const { planner } = problem;
  const { statistics, settings } = planner.context.environment;
  const { table } = relation;
  const known = statistics.rowCount(table.oid);
  const tuples = Math.max(known >= 0 ? known : DEFAULT_ROWS, 1);
  const knownPages = statistics.pageCount(table.oid);
  planner.setFacts(relation.rel, { rows: tuples, table, distinctOf: () => 0 });
  let rows = Math.max(tuples * andSelectivity(planner.selectivity, restrictions), 1);
  const indexes = usableIndexes(planner.context, table, relation.rel, restrictions);
  const exact = exactRows(planner, relation, indexes, restrictions, tuples);
  if (exact !== null) rows = Math.max(1, Math.min(exact, tuples));
  const scan: TableScan = {
    problem,
    relation,
    table,
    bit: base.bit,
    restrictions,
    tuples,
    pages: Math.max(knownPages >= 0 ? knownPages : DEFAULT_PAGES, 1),
    resident: Math.min(1, Math.max(0, statistics.residentShare(table.oid))),
    rows,
  };
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
  }
  return { rows, paths };
}

/** Rows for all restrictions when an index knows the exact count of its part; null otherwise. */
function exactRows(
  planner: Planner,
  relation: TableRelation,
  indexes: readonly UsableIndex[],
  restrictions: readonly Expr[],
  tuples: number,
): number | null {
  let best: number | null = null;
  for (const { index, keys } of indexes) {
    if (index.method === 'gin') continue;
    const conditions = restrictions.map((expr): Condition => ({ expr, rels: NO_RELS, own: null }));
    const used: Expr[] = [];
    const values: unknown[] = [];
    for (const key of keys) {
      let found: { value: unknown; expr: Expr } | null = null;
      for (const condition of conditions) {
        const match = matchKey(planner.context, relation.rel, key, condition);
        if (match?.kind !== 'equal') continue;
        const value = knownValue(match.value);
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

function filterCost(filters: readonly Expr[]): number {
  return filters.length * COST.operator;
}

function seqPath(scan: TableScan): Path {
  const { pages, resident, tuples, rows, restrictions, problem, relation, table } = scan;
  const pageCost = pages * (resident * COST.residentSeqPage + (1 - resident) * COST.seqPage);
  const total = pageCost + tuples * (COST.row + filterCost(restrictions));
  const estimate = { rows, startup: 0, total };
  return {
    ...estimate,
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
    const estimate = { rows: rowIds.length, startup: 0, total: rowIds.length * (COST.residentRandomPage + COST.row) };
    return {
      ...estimate,
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

/* ---- index scans --------------------------------------------------------------------------------------------------- */

interface IndexUse {
  readonly equal: Expr[];
  readonly lower: IndexBound | null;
  readonly upper: IndexBound | null;
  readonly inList: readonly Expr[] | null;
  readonly inArray: Expr | null;
  readonly isNull: boolean;
  /** Conditions that the scan answers, for the recheck. */
  readonly conditions: readonly Expr[];
  readonly required: RelSet;
}

function addIndexPaths(scan: TableScan, usable: UsableIndex, options: ScanOptions, paths: Path[]): void {
  const { problem, bit, restrictions } = scan;
  const own = restrictions.map((expr): Condition => ({ expr, rels: NO_RELS, own: null }));
  const plain = useIndex(scan, usable, own);
  const orderings = orderingsOf(problem, usable, plain);
  const useful = orderings.filter((ordering) => isWanted(ordering.keys, options.wanted));
  if (plain.conditions.length > 0) {
    addPath(paths, indexPath(scan, usable, plain, [], false), scan.problem.fastStart);
  }
  if (usable.index.method === 'btree') {
    for (const { keys, descending } of useful)
      addPath(paths, indexPath(scan, usable, plain, keys, descending), scan.problem.fastStart);
  }
  const joins = problem.joinEqualities(bit);
  if (joins.length === 0) return;
  const masks = new Set<RelSet>(joins.map((join) => join.rels));
  let all = NO_RELS;
  for (const mask of masks) all |= mask;
  if (masks.size > 1 && masks.size <= 4) masks.add(all);
  for (const mask of masks) {
    const conditions = [
      ...own,
      ...joins
        .filter((join) => (join.rels & ~mask) === NO_RELS)
        .map((join): Condition => ({ expr: join.expr, rels: join.rels, own: join.own })),
    ];
    const use = useIndex(scan, usable, conditions);
    if (use.required !== NO_RELS) addPath(paths, indexPath(scan, usable, use, [], false), scan.problem.fastStart);
  }
}

/** Picks conditions for the keys from the left: equalities, then one range, list or null test. */
function useIndex(scan: TableScan, usable: UsableIndex, conditions: readonly Condition[]): IndexUse {
  const { problem, relation } = scan;
  const { context } = problem.planner;
  const equal: Expr[] = [];
  const used: Expr[] = [];
  let required = NO_RELS;
  let lower: IndexBound | null = null;
  let upper: IndexBound | null = null;
  let inList: readonly Expr[] | null = null;
  let inArray: Expr | null = null;
  let isNull = false;
  const take = (condition: Condition): void => {
    used.push(condition.expr);
    required |= condition.rels;
  };
  const isHash = usable.index.method === 'hash';
  for (const key of usable.keys) {
    const matches: { condition: Condition; match: KeyMatch }[] = [];
    for (const condition of conditions) {
      const match = matchKey(context, relation.rel, key, condition);
      if (match !== null) matches.push({ condition, match });
    }
    const equality = matches.find(({ match }) => match.kind === 'equal');
    if (equality !== undefined) {
      equal.push((equality.match as KeyMatch & { kind: 'equal' }).value);
      take(equality.condition);
      continue;
    }
    if (isHash) break;
    for (const { condition, match } of matches) {
      const hasRange = lower !== null || upper !== null;
      if (match.kind === 'lower' && lower === null && inList === null) {
        lower = { value: match.value, inclusive: match.inclusive };
        take(condition);
      } else if (match.kind === 'upper' && upper === null && inList === null) {
        upper = { value: match.value, inclusive: match.inclusive };
        take(condition);
      } else if (match.kind === 'range' && !hasRange && inList === null) {
        lower = { value: match.lower, inclusive: true };
        upper = match.upper === null ? null : { value: match.upper, inclusive: false };
        take(condition);
      } else if (match.kind === 'in' && !hasRange && inList === null && inArray === null) {
        inList = match.list;
        take(condition);
      } else if (match.kind === 'any' && !hasRange && inList === null && inArray === null) {
        inArray = match.array;
        take(condition);
      } else if (match.kind === 'null' && !hasRange && inList === null && inArray === null && !isNull) {
        isNull = true;
        take(condition);
      }
      if (inList !== null || inArray !== null || isNull) break;
    }
    break;
  }
  if (isHash && equal.length < usable.keys.length) {
    return {
      equal: [],
      lower: null,
      upper: null,
      inList: null,
      inArray: null,
      isNull: false,
      conditions: [],
      required: NO_RELS,
    };
  }
  return { equal, lower, upper, inList, inArray, isNull, conditions: used, required };
}

/** The orders that a scan forwards and backwards gives, equalities left out. */
function orderingsOf(
  problem: JoinProblem,
  usable: UsableIndex,
  use: IndexUse,
): { keys: SortKey[]; descending: boolean }[] {
  if (use.inList !== null || use.inArray !== null) return [];
  const build = (backward: boolean): SortKey[] => {
    const keys: SortKey[] = [];
    usable.keys.forEach((expr, i) => {
      if (i < use.equal.length || problem.isConstant(expr)) return;
      const column = usable.index.columns[i];
      const descending = column.descending !== backward;
      const nullsFirst = column.nullsFirst !== backward;
      keys.push({ expr: problem.canonical(expr), descending, nullsFirst });
    });
    return keys;
  };
  return [
    { keys: build(false), descending: false },
    { keys: build(true), descending: true },
  ];
}

function isWanted(keys: readonly SortKey[], wanted: readonly (readonly SortKey[])[]): boolean {
  if (keys.length === 0) return false;
  return wanted.some((want) => {
    const first = want[0];
    if (first === undefined) return false;
    const [own] = keys;
    return (
      own.descending === first.descending && own.nullsFirst === first.nullsFirst && equalExpr(own.expr, first.expr)
    );
  });
}

function indexPath(
  scan: TableScan,
  usable: UsableIndex,
  use: IndexUse,
  ordering: readonly SortKey[],
  descending: boolean,
): Path {
  const { problem, relation, table, tuples, pages, resident, restrictions } = scan;
  const { planner } = problem;
  const fullUnique = usable.index.unique && use.equal.length === usable.keys.length;
  const entries = fullUnique ? 1 : Math.max(1, indexRows(scan, usable, use));
  const filters = restrictions.filter((expr) => !use.conditions.includes(expr));
  const joined = use.conditions.filter((expr) => !restrictions.includes(expr));
  const rows = fullUnique
    ? 1
    : use.required === NO_RELS
      ? scan.rows
      : Math.max(1, entries * andSelectivity(planner.selectivity, filters));
  const probes = use.inList?.length ?? (use.inArray === null ? 1 : 10);
  const descent = (Math.log(Math.max(tuples, 2)) / Math.log(64)) * COST.indexDescent * probes + COST.nodeStart;
  const touched = Math.min(entries, pages);
  const fetch = touched * (resident * COST.residentRandomPage + (1 - resident) * COST.randomPage);
  const total =
    descent +
    fetch +
    entries * (COST.indexRow + COST.row + COST.indexFetch + filterCost(filters) + filterCost(use.conditions));
  const estimate = { rows, startup: descent, total };
  const bound = (item: IndexBound | null): IndexBound | null =>
    item === null ? null : { ...item, value: translate(planner, item.value, NOTHING) };
  return {
    ...estimate,
    ordering,
    required: use.required,
    enforced: joined,
    build: (targets) => {
      const resolve = tableResolver(relation.rel, table.oid);
      return {
        kind: 'indexScan',
        table,
        index: usable.index,
        alias: relation.alias,
        equal: translateAll(planner, use.equal, NOTHING),
        lower: bound(use.lower),
        upper: bound(use.upper),
        inList: use.inList === null ? null : translateAll(planner, use.inList, NOTHING),
        inArray: use.inArray === null ? null : translate(planner, use.inArray, NOTHING),
        isNull: use.isNull,
        descending,
        recheck: translateNullable(planner, makeAnd(use.conditions), resolve),
        filter: translateNullable(planner, makeAnd(filters), resolve),
        targets: translateAll(planner, targets, resolve),
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
  };
}

/** Entries that the index conditions leave. */
function indexRows(scan: TableScan, usable: UsableIndex, use: IndexUse): number {
  const { problem, tuples } = scan;
  const { planner } = problem;
  if (use.conditions.length === 0) return tuples;
  if (use.equal.length > 0) {
    const values = use.equal.map(knownValue);
    if (values.every((value) => value !== undefined)) {
      const count = planner.context.environment.statistics.indexEqualCount(usable.index.oid, values);
      if (count >= 0) {
        const rest = use.conditions.slice(use.equal.length);
        return Math.min(count, tuples) * andSelectivity(planner.selectivity, rest);
      }
    }
  }
  return tuples * andSelectivity(planner.selectivity, use.conditions);
}

/* ---- posting lists ------------------------------------------------------------------------------------------------- */

interface TermUse {
  readonly postings: PostingExprLogical;
  readonly conditions: readonly Expr[];
  readonly rows: number;
  readonly work: number;
}

type PostingExprLogical =
  | {
      readonly kind: 'term';
      readonly index: IndexEntry;
      readonly equal: readonly Expr[];
      readonly lower: IndexBound | null;
      readonly upper: IndexBound | null;
    }
  | { readonly kind: 'search'; readonly index: IndexEntry; readonly matches: readonly InvertedMatch[] }
  | { readonly kind: 'and' | 'or'; readonly args: readonly PostingExprLogical[] };

/** Two or more indexes at once: intersect the lists of AND, unite those of OR. */
function postingPath(scan: TableScan, indexes: readonly UsableIndex[]): Path | null {
  if (indexes.length === 0 || scan.restrictions.length === 0) return null;
  const terms: TermUse[] = [];
  for (const restriction of scan.restrictions) {
    const term = termFor(scan, indexes, restriction);
    if (term !== null) terms.push(term);
  }
  if (terms.length === 0) return null;
  terms.sort((a, b) => a.rows - b.rows);
  const chosen = chooseTerms(scan, terms);
  const used = [...indexesIn(chosen)];
  // One list of an ordered index alone is worth it when pages must be read: in page order, many at once.
  if (used.length === 1 && used[0].method !== 'gin' && scan.resident > 0.9) return null;
  return makePostingPath(scan, chosen);
}

function indexesIn(chosen: readonly TermUse[]): Set<IndexEntry> {
  const result = new Set<IndexEntry>();
  const walk = (postings: PostingExprLogical): void => {
    if (postings.kind === 'term' || postings.kind === 'search') result.add(postings.index);
    else postings.args.forEach(walk);
  };
  for (const term of chosen) walk(term.postings);
  return result;
}

/** Takes lists while intersecting one more saves more fetches than it costs. */
function chooseTerms(scan: TableScan, terms: readonly TermUse[]): TermUse[] {
  const chosen: TermUse[] = [terms[0]];
  let rows = terms[0].rows;
  for (const term of terms.slice(1)) {
    const share = term.rows / scan.tuples;
    const saved = rows * (1 - share) * (COST.row + COST.postingFetch + COST.residentRandomPage);
    const work = Math.min(term.work, rows * 8 * COST.postingEntry) + COST.indexDescent * 2;
    if (saved <= work) continue;
    chosen.push(term);
    rows *= share;
  }
  return chosen;
}

function termFor(scan: TableScan, indexes: readonly UsableIndex[], restriction: Expr): TermUse | null {
  if (restriction.kind === 'or') {
    const arms: TermUse[] = [];
    for (const arg of restriction.args) {
      const arm = armFor(scan, indexes, arg);
      if (arm === null) return null;
      arms.push(arm);
    }
    const rows = Math.min(
      scan.tuples,
      arms.reduce((sum, arm) => sum + arm.rows, 0),
    );
    const work = arms.reduce((sum, arm) => sum + arm.work, 0);
    return { postings: { kind: 'or', args: arms.map((arm) => arm.postings) }, conditions: [restriction], rows, work };
  }
  return singleTerm(scan, indexes, restriction);
}

/** One arm of OR: a condition, or several of AND of which each that an index knows takes part. */
function armFor(scan: TableScan, indexes: readonly UsableIndex[], arm: Expr): TermUse | null {
  const terms = conjuncts(arm)
    .map((part) => singleTerm(scan, indexes, part))
    .filter((term) => term !== null);
  if (terms.length === 0) return null;
  terms.sort((a, b) => a.rows - b.rows);
  const chosen = chooseTerms(scan, terms);
  if (chosen.length === 1) return chosen[0];
  const rows = chosen.reduce((product, term) => (product * term.rows) / scan.tuples, scan.tuples);
  return {
    postings: conjunction(chosen.map((term) => term.postings)),
    conditions: [arm],
    rows,
    work: chosen.reduce((sum, term) => sum + term.work, 0),
  };
}

function singleTerm(scan: TableScan, indexes: readonly UsableIndex[], restriction: Expr): TermUse | null {
  const { problem, relation, tuples } = scan;
  const { planner } = problem;
  let best: TermUse | null = null;
  for (const usable of indexes) {
    if (usable.index.method === 'gin') {
      const term = searchTerm(scan, usable, restriction);
      if (term !== null && (best === null || term.work < best.work)) best = term;
      continue;
    }
    const condition: Condition = { expr: restriction, rels: NO_RELS, own: null };
    const match = matchKey(planner.context, relation.rel, usable.keys[0], condition);
    if (match === null) continue;
    if (usable.index.method === 'hash' && (usable.keys.length > 1 || match.kind !== 'equal')) continue;
    const postings = postingOf(usable.index, match);
    if (postings === null) continue;
    const equalValue = match.kind === 'equal' ? knownValue(match.value) : undefined;
    const counted =
      equalValue === undefined
        ? -1
        : planner.context.environment.statistics.indexEqualCount(usable.index.oid, [equalValue]);
    const rows = counted >= 0 ? counted : tuples * selectivity(planner.selectivity, restriction);
    const term = { postings, conditions: [restriction], rows: Math.max(rows, 1), work: rows * COST.postingEntry };
    if (best === null || usable.keys.length === 1) best = term;
  }
  return best;
}

/** What an inverted index knows of a condition. */
function searchTerm(scan: TableScan, usable: UsableIndex, restriction: Expr): TermUse | null {
  const { planner } = scan.problem;
  const match = matchInverted(planner.context, scan.relation.rel, usable, restriction);
  if (match === null) return null;
  const rows = Math.max(1, scan.tuples * selectivity(planner.selectivity, restriction));
  return {
    postings: { kind: 'search', index: usable.index, matches: [match] },
    conditions: [restriction],
    rows,
    // jsonb_ops looks at a list for each key and each value, of which those of keys are long.
    work: rows * COST.postingEntry * (usable.index.columns[match.column].operatorClass === 'jsonb_ops' ? 3 : 1),
  };
}

/** Searches of one inverted index are one search. */
function mergeSearches(args: readonly PostingExprLogical[]): PostingExprLogical[] {
  const result: PostingExprLogical[] = [];
  for (const arg of args) {
    const at =
      arg.kind === 'search' ? result.findIndex((other) => other.kind === 'search' && other.index === arg.index) : -1;
    const other = result[at];
    if (other?.kind === 'search' && arg.kind === 'search') {
      result[at] = { ...other, matches: [...other.matches, ...arg.matches] };
    } else result.push(arg);
  }
  return result;
}

function conjunction(args: readonly PostingExprLogical[]): PostingExprLogical {
  const merged = mergeSearches(args);
  return merged.length === 1 ? merged[0] : { kind: 'and', args: merged };
}

function postingOf(index: IndexEntry, match: KeyMatch): PostingExprLogical | null {
  const term = (equal: readonly Expr[], lower: IndexBound | null, upper: IndexBound | null): PostingExprLogical => ({
    kind: 'term',
    index,
    equal,
    lower,
    upper,
  });
  switch (match.kind) {
    case 'equal':
      return term([match.value], null, null);
    case 'lower':
      return term([], { value: match.value, inclusive: match.inclusive }, null);
    case 'upper':
      return term([], null, { value: match.value, inclusive: match.inclusive });
    case 'range':
      return term(
        [],
        { value: match.lower, inclusive: true },
        match.upper === null ? null : { value: match.upper, inclusive: false },
      );
    case 'in':
      if (match.list.length > 1000) return null;
      return { kind: 'or', args: match.list.map((value) => term([value], null, null)) };
    case 'any':
    case 'null':
      return null;
  }
}

function makePostingPath(scan: TableScan, chosen: readonly TermUse[]): Path {
  const { problem, relation, table, tuples, pages, resident, restrictions } = scan;
  const { planner } = problem;
  const conditions = chosen.flatMap((term) => term.conditions);
  const filters = restrictions.filter((expr) => !conditions.includes(expr));
  const fetched = Math.max(
    1,
    chosen.reduce((product, term) => (product * term.rows) / tuples, tuples),
  );
  const work = chosen.reduce((sum, term) => sum + term.work, 0);
  const touched = Math.min(fetched, pages);
  // Rows are fetched in page order: between a sequential and a random read.
  const pageCost = resident * COST.residentRandomPage + (1 - resident) * ((COST.randomPage + COST.seqPage) / 2);
  const startup = chosen.length * COST.indexDescent * 2 + work + COST.nodeStart;
  const total = startup + touched * pageCost + fetched * (COST.row + COST.postingFetch + filterCost(restrictions));
  const estimate = { rows: scan.rows, startup, total };
  const postings = conjunction(chosen.map((term) => term.postings));
  const bound = (item: IndexBound | null): IndexBound | null =>
    item === null ? null : { ...item, value: translate(planner, item.value, NOTHING) };
  const resolve = tableResolver(relation.rel, table.oid);
  const physical = (node: PostingExprLogical): PostingExpr => {
    if (node.kind === 'search') {
      const conditions = node.matches.map(({ column, strategy, value, condition }) => ({
        column,
        strategy,
        value: translate(planner, value, NOTHING),
        shown: translate(planner, condition, resolve),
      }));
      return { kind: 'search', search: { index: node.index, conditions } };
    }
    if (node.kind !== 'term') return { kind: node.kind, args: node.args.map(physical) };
    const term: PostingTerm = {
      index: node.index,
      equal: translateAll(planner, node.equal, NOTHING),
      lower: bound(node.lower),
      upper: bound(node.upper),
    };
    return { kind: 'term', term };
  };
  return {
    ...estimate,
    ordering: [],
    required: NO_RELS,
    enforced: [],
    build: (targets) => ({
      kind: 'postingScan',
      table,
      alias: relation.alias,
      postings: physical(postings),
      recheck: translateNullable(planner, makeAnd(conditions), resolve),
      filter: translateNullable(planner, makeAnd(filters), resolve),
      targets: translateAll(planner, targets, resolve),
      output: outputOf(targets),
      ...estimates(estimate, planner.widthOf(targets)),
    }),
  };
}

/* ---- everything else ----------------------------------------------------------------------------------------------- */

function subqueryPaths(
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
    ...estimate,
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
function simplePaths(problem: JoinProblem, base: BaseRelation, restrictions: readonly Expr[]): ScanResult {
  const { planner } = problem;
  const { relation } = base;
  const tuples = tupleGuess(planner, relation);
  planner.setFacts(relation.rel, { rows: tuples, table: null, distinctOf: () => 0 });
  const rows = Math.max(1, tuples * andSelectivity(planner.selectivity, restrictions));
  const estimate = {
    rows,
    startup: COST.nodeStart,
    total: COST.nodeStart + tuples * (COST.row + filterCost(restrictions)),
  };
  const path: Path = {
    ...estimate,
    ordering: [],
    required: base.lateral,
    enforced: [],
    build: (targets) => buildSimple(problem, base, restrictions, targets, estimate),
  };
  return { rows, paths: [path] };
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
    case 'function': {
      const first = relation.functions[0];
      if (first.function.name === 'generate_series' && first.args.length === 2) {
        const [from, to] = first.args.map(knownValue);
        if (typeof from === 'number' && typeof to === 'number') return Math.max(1, to - from + 1);
      }
      return first.function.name === 'unnest' ? 10 : DEFAULT_ROWS;
    }
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
