/** Posting scans: lists of one or several indexes, intersected and united before any row is fetched. */
import type { IndexEntry } from '../../catalog/entries.ts';
import { knownValue } from '../cost/known-values.ts';
import { COST } from '../cost/params.ts';
import { selectivity } from '../cost/selectivity.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, makeAnd } from '../logical.ts';
import type { IndexBound, PostingExpr, PostingTerm } from '../plan.ts';
import { type Condition, isExactMatch, type KeyMatch, matchKey, type UsableIndex } from './index-match.ts';
import { type InvertedMatch, matchInverted, searchCount } from './inverted-match.ts';
import { NO_RELS } from './join-problem.ts';
import { addPath, estimates, outputOf, type Path, type RelSet } from './path.ts';
import { fetchCost, filterCost, type TableScan } from './table-scan.ts';
import { NOTHING, tableResolver, translate, translateAll, translateNullable } from './translate.ts';

/** More sets of outer relations than these are not tried together. */
const MASKS_MAX = 4;

interface TermUse {
  readonly postings: PostingExprLogical;
  /** A range of keys: its entries are made one list first, however few of them are wanted. */
  readonly isGathered?: boolean;
  /** The lists select just what the conditions say. */
  readonly isExact: boolean;
  readonly conditions: readonly Expr[];
  /** Relations that its values come from. */
  readonly required: RelSet;
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
export function postingPath(scan: TableScan, indexes: readonly UsableIndex[]): Path | null {
  if (indexes.length === 0 || scan.restrictions.length === 0) return null;
  const terms: TermUse[] = [];
  for (const restriction of scan.restrictions) {
    const term = termFor(scan, indexes, restriction);
    if (term !== null) terms.push(term);
  }
  if (terms.length === 0) return null;
  terms.sort((a, b) => a.rows - b.rows);
  const chosen = chooseTerms(scan, terms);
  const counting = isCount(scan, terms) && chosen.length < terms.length ? makePostingPath(scan, terms) : null;
  const used = [...indexesIn(chosen)];
  // One list of an ordered index alone is worth it when pages must be read: in page order, many at once.
  if (used.length === 1 && used[0].method !== 'gin' && scan.resident > 0.9) return counting;
  const path = makePostingPath(scan, chosen);
  return counting !== null && counting.total < path.total ? counting : path;
}

/** Inner sides of nested loops: lists for values of the outer row, intersected with each other and with the lists of own conditions. */
export function addParameterisedPostings(scan: TableScan, indexes: readonly UsableIndex[], paths: Path[]): void {
  const { problem, bit, restrictions } = scan;
  if (indexes.length === 0 || problem.base.length < 2) return;
  const joins: TermUse[] = [];
  const add = (condition: Condition): void => {
    const term = singleTerm(scan, indexes, condition);
    if (term !== null) joins.push(term);
  };
  for (const { expr, rels, own } of problem.joinEqualities(bit)) add({ expr, rels, own });
  if (indexes.some(({ index }) => index.method === 'gin')) {
    for (const { expr, rels } of problem.joinConditions(bit)) add({ expr, rels, own: null });
  }
  if (joins.length === 0) return;
  const own = restrictions.map((restriction) => termFor(scan, indexes, restriction)).filter((term) => term !== null);
  const masks = new Set(joins.map((term) => term.required));
  let all = NO_RELS;
  for (const mask of masks) all |= mask;
  if (masks.size > 1 && masks.size <= MASKS_MAX) masks.add(all);
  for (const mask of masks) {
    const terms = [...own, ...joins.filter(({ required }) => (required & ~mask) === NO_RELS)];
    terms.sort((a, b) => a.rows - b.rows);
    const chosen = chooseTerms(scan, terms);
    const used = [...indexesIn(chosen)];
    const isList = chosen.length > 1 && chosen.some((term) => term.required !== NO_RELS);
    // One ordered index is what an index scan reads, and faster.
    const isSearch = used.length === 1 && used[0].method === 'gin' && chosen[0].required !== NO_RELS;
    if (isSearch || (isList && used.length > 1)) {
      addPath(paths, makePostingPath(scan, chosen), problem.fastStart);
    }
  }
}

/** Only the number of rows is wanted, and the lists know it: with all of them, rows of all-visible pages are not looked at. */
function isCount(scan: TableScan, terms: readonly TermUse[]): boolean {
  if (scan.problem.planner.context.environment.settings.enableIndexOnlyScan === false) return false;
  if (scan.needed === null || scan.needed.size > 0 || scan.problem.base.length > 1) return false;
  return terms.length === scan.restrictions.length && terms.every((term) => term.isExact);
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

/** What reading a list costs, of which rows are looked for that `rows` others have left. */
function readCost(term: TermUse, rows: number): number {
  return term.isGathered === true ? term.work : Math.min(term.work, rows * 8 * COST.postingEntry);
}

/** Takes lists while intersecting one more saves more fetches than it costs. */
function chooseTerms(scan: TableScan, terms: readonly TermUse[]): TermUse[] {
  const chosen: TermUse[] = [terms[0]];
  let rows = terms[0].rows;
  for (const term of terms.slice(1)) {
    const share = term.rows / scan.tuples;
    const saved = rows * (1 - share) * (COST.row + COST.fetch + COST.fetchRandom);
    const work = readCost(term, rows) + (sharesSearch(chosen, term) ? COST.searchTerm : COST.postingStart);
    if (saved <= work) continue;
    chosen.push(term);
    rows *= share;
  }
  return chosen;
}

/** Whether the term becomes part of a search of its index that is made anyway. */
function sharesSearch(chosen: readonly TermUse[], { postings }: TermUse): boolean {
  if (postings.kind !== 'search') return false;
  return chosen.some((other) => other.postings.kind === 'search' && other.postings.index === postings.index);
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
    const isExact = arms.every((arm) => arm.isExact);
    const postings: PostingExprLogical = { kind: 'or', args: arms.map((arm) => arm.postings) };
    return { postings, isExact, conditions: [restriction], required: NO_RELS, rows, work };
  }
  return singleTerm(scan, indexes, ownCondition(restriction));
}

function ownCondition(expr: Expr): Condition {
  return { expr, rels: NO_RELS, own: null };
}

/** One arm of OR: a condition, or several of AND of which each that an index knows takes part. */
function armFor(scan: TableScan, indexes: readonly UsableIndex[], arm: Expr): TermUse | null {
  const terms = conjuncts(arm)
    .map((part) => singleTerm(scan, indexes, ownCondition(part)))
    .filter((term) => term !== null);
  if (terms.length === 0) return null;
  terms.sort((a, b) => a.rows - b.rows);
  const chosen = chooseTerms(scan, terms);
  const isExact = chosen.length === conjuncts(arm).length && chosen.every((term) => term.isExact);
  if (chosen.length === 1) return { ...chosen[0], isExact };
  const rows = chosen.reduce((product, term) => (product * term.rows) / scan.tuples, scan.tuples);
  return {
    postings: conjunction(chosen.map((term) => term.postings)),
    isExact,
    conditions: [arm],
    required: NO_RELS,
    rows,
    work: chosen.reduce((sum, term) => sum + term.work, 0),
  };
}

function singleTerm(scan: TableScan, indexes: readonly UsableIndex[], condition: Condition): TermUse | null {
  const { problem, relation, tuples } = scan;
  const { expr, rels } = condition;
  const { planner } = problem;
  let best: TermUse | null = null;
  for (const usable of indexes) {
    if (usable.index.method === 'gin') {
      const term = searchTerm(scan, usable, condition);
      if (term !== null && (best === null || term.work < best.work)) best = term;
      continue;
    }
    const match = matchKey(planner.context, relation.rel, usable.keys[0], condition);
    if (match === null) continue;
    if (usable.index.method === 'hash' && (usable.keys.length > 1 || match.kind !== 'equal')) continue;
    const postings = postingOf(usable.index, match);
    if (postings === null) continue;
    const equalValue = match.kind === 'equal' ? knownValue(planner.selectivity, match.value) : undefined;
    const counted =
      equalValue === undefined
        ? -1
        : planner.context.environment.statistics.indexEqualCount(usable.index.oid, [equalValue]);
    const rows = counted >= 0 ? counted : tuples * selectivity(planner.selectivity, expr);
    const isExact = isExactMatch(match);
    const isGathered = match.kind === 'lower' || match.kind === 'upper' || match.kind === 'range';
    const work = rows * (isGathered ? COST.gatheredEntry : COST.postingEntry);
    const term = { postings, isExact, isGathered, conditions: [expr], required: rels, rows: Math.max(rows, 1), work };
    if (best === null || usable.keys.length === 1) best = term;
  }
  return best;
}

/** What an inverted index knows of a condition. */
function searchTerm(scan: TableScan, usable: UsableIndex, { expr, rels }: Condition): TermUse | null {
  const { planner } = scan.problem;
  const match = matchInverted(planner.context, scan.relation.rel, usable, expr);
  if (match === null) return null;
  const counted = searchCount(planner, match);
  const rows = Math.max(1, counted >= 0 ? counted : scan.tuples * selectivity(planner.selectivity, expr));
  return {
    postings: { kind: 'search', index: usable.index, matches: [match] },
    // Terms of a search may say less than the condition.
    isExact: false,
    conditions: [expr],
    required: rels,
    rows,
    // jsonb_ops looks at a list for each key and each value, of which those of keys are long.
    work: rows * COST.postingEntry * (usable.index.columns[match.column].operatorClass === 'jsonb_ops' ? 3 : 1),
  };
}

/** Searches of one inverted index are one search. */
function conjunction(args: readonly PostingExprLogical[]): PostingExprLogical {
  const merged: PostingExprLogical[] = [];
  for (const arg of args) {
    const at =
      arg.kind === 'search' ? merged.findIndex((other) => other.kind === 'search' && other.index === arg.index) : -1;
    const other = merged[at];
    if (other?.kind === 'search' && arg.kind === 'search') {
      merged[at] = { ...other, matches: [...other.matches, ...arg.matches] };
    } else merged.push(arg);
  }
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
  const { problem, relation, table, tuples, restrictions } = scan;
  const { planner } = problem;
  const conditions = chosen.flatMap((term) => term.conditions);
  const filters = restrictions.filter((expr) => !conditions.includes(expr));
  const fetched = Math.max(
    1,
    chosen.reduce((product, term) => (product * term.rows) / tuples, tuples),
  );
  let work = 0;
  let rows = tuples;
  for (const term of chosen) {
    work += readCost(term, rows);
    rows *= term.rows / tuples;
  }
  const startup = chosen.length * COST.postingStart + work + COST.nodeStart;
  // Row ids come sorted: rows are fetched in page order.
  const fetch = fetchCost(scan, fetched, 0, true) + fetched * filterCost(restrictions);
  const total = startup + fetch * (isCount(scan, chosen) ? 1 - scan.visible : 1);
  const joined = chosen.filter((term) => term.required !== NO_RELS);
  const joinShare = joined.reduce((share, term) => (share * term.rows) / tuples, 1);
  const estimate = { rows: Math.max(1, scan.rows * joinShare), startup, total };
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
    ordering: [],
    required: joined.reduce((mask, term) => mask | term.required, NO_RELS),
    enforced: joined.flatMap((term) => term.conditions),
    build: (targets) => ({
      kind: 'postingScan',
      table,
      alias: relation.alias,
      postings: physical(postings),
      isExact: chosen.every((term) => term.isExact),
      recheck: translateNullable(planner, makeAnd(conditions), resolve),
      filter: translateNullable(planner, makeAnd(filters), resolve),
      targets: translateAll(planner, targets, resolve),
      output: outputOf(targets),
      ...estimates(estimate, planner.widthOf(targets)),
    }),
    ...estimate,
  };
}
