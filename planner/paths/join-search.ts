/**
 * Join orders: dynamic programming over connected sets up to DYNAMIC_PROGRAMMING_MAX relations, greedily beyond. Relations
 * that no condition connects are joined last, as products of what is connected.
 */

import { joinSelectivity, semiJoinSelectivity } from '../cost/join-selectivity.ts';
import { DYNAMIC_PROGRAMMING_MAX } from '../cost/params.ts';
import { andSelectivity, selectivity } from '../cost/selectivity.ts';
import { logical } from '../logical.ts';
import { ComponentSets, type DueConditions, type JoinCondition } from './join-conditions.ts';
import { makeJoinPaths } from './join-paths.ts';
import { type JoinProblem, NO_RELS } from './join-problem.ts';
import { type JoinKind, JoinRelation } from './join-relation.ts';
import type { Path, RelSet } from './path.ts';
import { scanPaths } from './scan-paths.ts';
import type { ScanOptions } from './table-scan.ts';

const PLAIN: JoinKind = { special: null, reversed: false };

export function searchJoins(problem: JoinProblem, options: ScanOptions): { rows: number; paths: Path[] } {
  if (problem.base.length === 1) return scanPaths(problem, problem.base[0], options);
  const adjacency = adjacencyOf(problem);
  const base = problem.base.map((item) => {
    const { rows, paths } = scanPaths(problem, item, options);
    const relation = new JoinRelation(item.bit, rows, adjacency.get(item.bit)! & ~item.bit);
    relation.paths.push(...paths);
    return relation;
  });
  const components = connectedComponents(base);
  let joined = components.map((component) => joinComponent(problem, component));
  // Products last, small ones first; special joins may force an order.
  while (joined.length > 1) joined = joinBestPair(problem, joined, false);
  return joined[0];
}

function adjacencyOf(problem: JoinProblem): Map<RelSet, RelSet> {
  const adjacency = new Map<RelSet, RelSet>(problem.base.map((item) => [item.bit, NO_RELS]));
  const connect = (mask: RelSet): void => {
    for (const { bit } of problem.base) {
      if ((mask & bit) !== NO_RELS) adjacency.set(bit, adjacency.get(bit)! | mask);
    }
  };
  for (const clause of problem.clauses) if (clause.rels !== NO_RELS) connect(clause.rels);
  for (const special of problem.specials) {
    connect(special.minLeft | special.right);
    for (const clause of special.on) connect(clause.rels);
  }
  for (const item of problem.classes) {
    if (item.constant !== null) continue;
    connect(item.members.reduce((mask, member) => mask | member.rels, NO_RELS));
  }
  for (const item of problem.base) if (item.lateral !== NO_RELS) connect(item.bit | item.lateral);
  return adjacency;
}

function connectedComponents(base: readonly JoinRelation[]): JoinRelation[][] {
  const left = new Set(base);
  const components: JoinRelation[][] = [];
  for (const start of base) {
    if (!left.delete(start)) continue;
    const component = [start];
    for (let i = 0; i < component.length; i++) {
      for (const other of [...left]) {
        if ((component[i].neighbours & other.mask) === NO_RELS) continue;
        left.delete(other);
        component.push(other);
      }
    }
    components.push(component);
  }
  return components;
}

function joinComponent(problem: JoinProblem, component: readonly JoinRelation[]): JoinRelation {
  if (component.length === 1) return component[0];
  if (component.length <= DYNAMIC_PROGRAMMING_MAX) {
    const best = dynamicProgramming(problem, component);
    if (best !== null) return best;
  }
  let joined: JoinRelation[] = [...component];
  while (joined.length > 1) joined = joinBestPair(problem, joined, true);
  return joined[0];
}

/** By size, so that all paths of a set are there before it is joined with another. */
function dynamicProgramming(problem: JoinProblem, component: readonly JoinRelation[]): JoinRelation | null {
  const sets = new ComponentSets(problem, problem.conditions, component);
  const bySize: JoinRelation[][] = [[], [...component]];
  const known = new Map<number, JoinRelation>();
  for (let size = 2; size <= component.length; size++) {
    const level: JoinRelation[] = [];
    bySize.push(level);
    for (let small = 1; small * 2 <= size; small++) {
      const isHalf = small * 2 === size;
      const others = bySize[size - small];
      for (const a of bySize[small]) {
        const { inComponent, nearComponent } = a;
        for (const b of others) {
          const other = b.inComponent;
          if ((inComponent & other) !== 0 || (nearComponent & other) === 0 || (isHalf && inComponent > other)) continue;
          const isConstrained = problem.hasLateral || sets.meetsSpecial(inComponent, other);
          const kind = isConstrained ? joinKind(problem, a.mask, b.mask) : PLAIN;
          if (kind === null) continue;
          const conditions = sets.due(a, b, kind);
          const before = known.get(inComponent | other);
          const result = before ?? emptyJoin(problem, a, b, kind, conditions);
          problem.planner.consideredJoins++;
          makeJoinPaths(problem, a, b, kind, conditions, result);
          if (before !== undefined || result.paths.length === 0) continue;
          result.enter(sets);
          known.set(result.inComponent, result);
          level.push(result);
        }
      }
    }
  }
  return bySize[component.length][0] ?? null;
}

function emptyJoin(
  problem: JoinProblem,
  a: JoinRelation,
  b: JoinRelation,
  kind: JoinKind,
  conditions: DueConditions,
): JoinRelation {
  const mask = a.mask | b.mask;
  const rows = joinRows(problem, a, b, kind, conditions);
  return new JoinRelation(mask, rows, (a.neighbours | b.neighbours) & ~mask);
}

/** Pairs once looked at need not be estimated again. */
const pairRows = new WeakMap<JoinRelation, WeakMap<JoinRelation, number>>();

function estimatedRows(problem: JoinProblem, a: JoinRelation, b: JoinRelation, kind: JoinKind): number {
  let known = pairRows.get(a);
  if (known === undefined) pairRows.set(a, (known = new WeakMap()));
  let rows = known.get(b);
  if (rows === undefined) {
    rows = joinRows(problem, a, b, kind, problem.conditions.due(a.mask, b.mask, kind));
    known.set(b, rows);
    problem.planner.consideredJoins++;
  }
  return rows;
}

/** Joins the pair whose result is smallest. */
function joinBestPair(problem: JoinProblem, list: readonly JoinRelation[], connectedOnly: boolean): JoinRelation[] {
  const candidates: { a: JoinRelation; b: JoinRelation; kind: JoinKind; rows: number }[] = [];
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) {
      const [a, b] = [list[i], list[j]];
      if (connectedOnly && (a.neighbours & b.mask) === NO_RELS) continue;
      const kind = joinKind(problem, a.mask, b.mask);
      if (kind !== null) candidates.push({ a, b, kind, rows: estimatedRows(problem, a, b, kind) });
    }
  }
  candidates.sort((x, y) => x.rows - y.rows);
  for (const { a, b, kind } of candidates) {
    const conditions = problem.conditions.due(a.mask, b.mask, kind);
    const result = emptyJoin(problem, a, b, kind, conditions);
    makeJoinPaths(problem, a, b, kind, conditions, result);
    if (result.paths.length === 0) continue;
    return [...list.filter((item) => item !== a && item !== b), result];
  }
  if (connectedOnly) return joinBestPair(problem, list, false);
  if (!problem.specials.some(({ type }) => type === 'full'))
    throw new Error('planner: no order of the joins is allowed');
  throw problem.planner.context.error(
    '0A000',
    'FULL JOIN is only supported with merge-joinable or hash-joinable join conditions',
  );
}

/** Whether the two sets may be joined now, and by which special join. Null: not in this order. */
function joinKind(problem: JoinProblem, a: RelSet, b: RelSet): JoinKind | null {
  const both = a | b;
  let found: JoinKind | null = null;
  for (const special of problem.specials) {
    const { left, right, minLeft, type } = special;
    if (type === 'full') {
      const sides = left | right;
      if ((both & sides) === NO_RELS || (both & ~left) === NO_RELS || (both & ~right) === NO_RELS) continue;
      if ((sides & ~a) === NO_RELS || (sides & ~b) === NO_RELS) continue;
    } else {
      if ((both & right) === NO_RELS || (both & ~right) === NO_RELS) continue;
      const needed = minLeft | right;
      if ((needed & ~a) === NO_RELS || (needed & ~b) === NO_RELS) continue;
    }
    let kind: JoinKind;
    if (b === right && (type === 'full' ? a === left : (minLeft & ~a) === NO_RELS)) kind = { special, reversed: false };
    else if (a === right && (type === 'full' ? b === left : (minLeft & ~b) === NO_RELS))
      kind = { special, reversed: true };
    else return null;
    if (found !== null) return null;
    found = kind;
  }
  if (problem.hasLateral && strandsLateral(problem, both)) return null;
  return found ?? PLAIN;
}

/**
 * Whether the set still refers laterally to relations that it can only meet on the right side of an outer, semi or anti join of which it is the left
 * side, at once or after others: such a set never becomes part of the whole (PostgreSQL's join_is_legal).
 */
function strandsLateral(problem: JoinProblem, set: RelSet): boolean {
  let wanted = NO_RELS;
  for (const { bit, lateral } of problem.base) if ((bit & set) !== NO_RELS) wanted |= lateral;
  wanted &= ~set;
  if (wanted === NO_RELS) return false;
  let reached = set;
  for (let grows = true; grows; ) {
    grows = false;
    for (const { type, minLeft, right } of problem.specials) {
      if (type === 'full' || (minLeft & reached) === NO_RELS || (right & ~reached) === NO_RELS) continue;
      reached |= right;
      grows = true;
    }
  }
  return (reached & wanted) !== NO_RELS;
}

function joinRows(
  problem: JoinProblem,
  a: JoinRelation,
  b: JoinRelation,
  kind: JoinKind,
  conditions: DueConditions,
): number {
  const { special } = kind;
  const on = shareOf(problem, conditions.on);
  const filter = shareOf(problem, conditions.filter);
  if (special === null) return Math.max(1, a.rows * b.rows * on);
  const [outer, inner] = kind.reversed ? [b, a] : [a, b];
  switch (special.type) {
    case 'left':
      return Math.max(1, Math.max(outer.rows * inner.rows * on, outer.rows) * filter);
    case 'full':
      return Math.max(1, Math.max(outer.rows * inner.rows * on, outer.rows, inner.rows) * filter);
    case 'semi':
      return Math.max(1, outer.rows * matchShare(problem, conditions.on, outer, inner) * filter);
    case 'anti':
      return Math.max(1, outer.rows * (1 - matchShare(problem, conditions.on, outer, inner)) * filter);
  }
}

function shareOf(problem: JoinProblem, conditions: readonly JoinCondition[]): number {
  if (conditions.length === 1) return conditions[0].selectivity;
  return andSelectivity(
    problem.planner.selectivity,
    conditions.map(({ expr }) => expr),
  );
}

/** Share of outer rows that have a match. */
function matchShare(
  problem: JoinProblem,
  on: readonly JoinCondition[],
  outer: JoinRelation,
  inner: JoinRelation,
): number {
  const context = problem.planner.selectivity;
  let share = 1;
  for (const { expr } of on) {
    if (expr.kind !== 'call' || expr.args.length !== 2) {
      share *= selectivity(context, expr);
      continue;
    }
    const [x, y] = expr.args;
    const xIsOuter = (problem.maskOf(x) & ~outer.mask) === NO_RELS;
    const [outerSide, innerSide] = xIsOuter ? [x, y] : [y, x];
    if (logical(outerSide).kind === 'var' && logical(innerSide).kind === 'var') {
      share *= semiJoinSelectivity(context, outerSide, innerSide, inner.rows);
    } else share *= Math.min(1, joinSelectivity(context, x, y) * inner.rows);
  }
  return Math.min(1, Math.max(share, 0.0001));
}
