/** Index scans: one index, conditions on its first keys, and the order that it gives. */
import { isKeyReversible, NUMBER_KEY_TYPES } from '../../types/index.ts';
import { knownValue } from '../cost/known-values.ts';
import { COST } from '../cost/params.ts';
import { andSelectivity } from '../cost/selectivity.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey } from '../expr.ts';
import { logical, makeAnd } from '../logical.ts';
import type { IndexBound } from '../plan.ts';
import { type Condition, isExactMatch, type KeyMatch, matchKey, type UsableIndex } from './index-match.ts';
import { type JoinProblem, NO_RELS } from './join-problem.ts';
import { addPath, estimates, outputOf, type Path, type RelSet, varsOf } from './path.ts';
import { fetchCost, filterCost, type ScanOptions, type TableScan } from './table-scan.ts';
import { NOTHING, tableResolver, translate, translateAll, translateNullable } from './translate.ts';

interface IndexUse {
  readonly equal: Expr[];
  readonly lower: IndexBound | null;
  readonly upper: IndexBound | null;
  readonly inList: readonly Expr[] | null;
  readonly inArray: Expr | null;
  readonly isNull: boolean;
  readonly isExact: boolean;
  /** Conditions that the scan answers, for the recheck. */
  readonly conditions: readonly Expr[];
  readonly required: RelSet;
}

/** Adds the scans of one index: with own conditions, for each useful order, and parameterised by join equalities. */
export function addIndexPaths(scan: TableScan, usable: UsableIndex, options: ScanOptions, paths: Path[]): void {
  const { problem, bit, own } = scan;
  const plain = useIndex(scan, usable, own);
  if (plain.conditions.length > 0) {
    addPath(paths, indexPath(scan, usable, plain, [], false), scan.problem.fastStart);
  }
  if (usable.index.method === 'btree' && options.wanted.length > 0) {
    for (const { keys, descending } of orderingsOf(problem, usable, plain)) {
      if (!isWanted(keys, options.wanted)) continue;
      addPath(paths, indexPath(scan, usable, plain, keys, descending), scan.problem.fastStart);
    }
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
  let isExact = true;
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
      isExact &&= isExactMatch(equality.match);
      take(equality.condition);
      continue;
    }
    for (const { condition, match } of matches) {
      // Hashes find keys one by one.
      if (isHash && match.kind !== 'in' && match.kind !== 'any') continue;
      const hasRange = lower !== null || upper !== null;
      if (match.kind === 'lower' && lower === null && inList === null) {
        lower = { value: match.value, inclusive: match.inclusive };
        isExact &&= isExactMatch(match);
        take(condition);
      } else if (match.kind === 'upper' && upper === null && inList === null) {
        upper = { value: match.value, inclusive: match.inclusive };
        isExact &&= isExactMatch(match);
        take(condition);
      } else if (match.kind === 'range' && !hasRange && inList === null) {
        lower = { value: match.lower, inclusive: true };
        upper = match.upper === null ? null : { value: match.upper, inclusive: false };
        isExact &&= match.isExact;
        take(condition);
      } else if (match.kind === 'in' && !hasRange && inList === null && inArray === null) {
        inList = match.list;
        isExact &&= isExactMatch(match);
        take(condition);
      } else if (match.kind === 'any' && !hasRange && inList === null && inArray === null) {
        inArray = match.array;
        isExact &&= isExactMatch(match);
        take(condition);
      } else if (match.kind === 'null' && !hasRange && inList === null && inArray === null && !isNull) {
        isNull = true;
        take(condition);
      }
      if (inList !== null || inArray !== null || isNull) break;
    }
    break;
  }
  if (isHash && equal.length < usable.keys.length && inList === null && inArray === null) {
    return {
      equal: [],
      lower: null,
      upper: null,
      inList: null,
      inArray: null,
      isNull: false,
      isExact: true,
      conditions: [],
      required: NO_RELS,
    };
  }
  return { equal, lower, upper, inList, inArray, isNull, isExact, conditions: used, required };
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
  const { problem, relation, table, tuples, restrictions } = scan;
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
  const levels = Math.log(Math.max(tuples, 2)) / Math.log(64);
  const descent = levels * COST.indexDescent * probes + COST.indexStart;
  const covered = scan.needed !== null && isIndexOnly(scan, usable, use, scan.needed, filters);
  const share = covered ? 1 - scan.visible : 1;
  const decoded = covered && scan.needed!.size + filters.length > 0 ? decodeCost(scan, usable, entries) : 0;
  // Rows of one key come in the order of the table: of each element of a list anew.
  const isKeyWise = use.equal.length + (probes > 1 || use.isNull ? 1 : 0) === usable.keys.length;
  const fetch = probes * fetchCost(scan, entries / probes, correlationOf(scan, usable, use), isKeyWise);
  const total =
    descent +
    share * (fetch + entries * filterCost(use.conditions)) +
    decoded * (1 - share) +
    entries * (COST.indexRow + filterCost(filters));
  const estimate = { rows, startup: descent, total };
  const bound = (item: IndexBound | null): IndexBound | null =>
    item === null ? null : { ...item, value: translate(planner, item.value, NOTHING) };
  return {
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
        isExact: use.isExact,
        indexOnly: isIndexOnly(scan, usable, use, columnsOf(targets, relation.rel), filters),
        recheck: translateNullable(planner, makeAnd(use.conditions), resolve),
        filter: translateNullable(planner, makeAnd(filters), resolve),
        targets: translateAll(planner, targets, resolve),
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
    ...estimate,
  };
}

/** Cost of making rows of keys, in an index-only scan of so many entries. */
function decodeCost(scan: TableScan, { index, keys }: UsableIndex, entries: number): number {
  if (keys.length === 1 && NUMBER_KEY_TYPES.has(keys[0].typeOid)) return entries * COST.keyRow;
  const distinct = scan.problem.planner.context.environment.statistics.indexDistinctCount(index.oid);
  const decoded = distinct < 0 ? entries : Math.max(1, entries * Math.min(1, distinct / scan.tuples));
  return entries * COST.keyRowBytes + decoded * COST.keyDecode;
}

/** Columns (from 0; system columns below) that the expressions use. */
function columnsOf(exprs: readonly (Expr | null)[], rel: number): Set<number> {
  const columns = new Set<number>();
  for (const expr of varsOf(exprs, new Set([rel]))) {
    const node = logical(expr);
    if (node.kind === 'var') columns.add(node.column);
  }
  return columns;
}

/** Whether the key has all that is needed: a btree's columns whose keys, and those before them, keep their values. */
function isIndexOnly(
  scan: TableScan,
  { index, keys }: UsableIndex,
  use: IndexUse,
  needed: ReadonlySet<number>,
  filters: readonly Expr[],
): boolean {
  const { rel } = scan.relation;
  const { enableIndexOnlyScan } = scan.problem.planner.context.environment.settings;
  if (enableIndexOnlyScan === false || index.method !== 'btree' || !use.isExact) return false;
  const given = new Set<number>();
  for (const key of keys) {
    const node = logical(key);
    if (node.kind !== 'var' || !isKeyReversible(node.typeOid)) break;
    given.add(node.column);
  }
  for (const column of needed) if (!given.has(column)) return false;
  for (const column of columnsOf(filters, rel)) if (!given.has(column)) return false;
  return true;
}

/** How far the index's order is that of the table: the square of the correlation of the first key that is not fixed. */
function correlationOf(scan: TableScan, usable: UsableIndex, use: IndexUse): number {
  const { columnNumber } = usable.index.columns[Math.min(use.equal.length, usable.keys.length - 1)];
  if (use.equal.length > 0 || columnNumber <= 0) return 0;
  const { statistics } = scan.problem.planner.context.environment;
  return (statistics.column(scan.table.oid, columnNumber)?.correlation ?? 0) ** 2;
}

/** Entries that the index conditions leave. */
function indexRows(scan: TableScan, usable: UsableIndex, use: IndexUse): number {
  const { problem, tuples } = scan;
  const { planner } = problem;
  if (use.conditions.length === 0) return tuples;
  if (use.equal.length > 0) {
    const values = use.equal.map((value) => knownValue(planner.selectivity, value));
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
