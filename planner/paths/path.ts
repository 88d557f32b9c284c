/**
 * A path: one way to get the rows of a relation, a join or a stage above, with its estimated cost. The cheapest paths survive;
 * `build` makes the physical plan of the one that is chosen, computing just the columns that are asked for.
 */

import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey } from '../expr.ts';
import { logical, makeVar } from '../logical.ts';
import type { OutputColumn, Plan } from '../plan.ts';
import { visitExpr } from '../traverse.ts';
import type { Planner } from './planner.ts';

/** Sets of base relations of one query, bit i = its i-th relation. */
export type RelSet = bigint;

export interface Path {
  readonly rows: number;
  readonly startup: number;
  readonly total: number;
  /** The order in which rows come; empty: none in particular. Expressions are canonical (JoinProblem.canonical). */
  readonly ordering: readonly SortKey[];
  /** Relations that must provide parameters: the path can only be the inner side of a nested loop over them. */
  readonly required: RelSet;
  /** Join conditions that the path itself takes care of (index conditions over its parameters). */
  readonly enforced: readonly Expr[];
  /** Shortcut: what reading the path again costs (nested loops); absent: as the first time. */
  readonly rescan?: number;
  build(targets: readonly Expr[]): Plan;
}

export function estimates(path: { rows: number; startup: number; total: number }, width: number) {
  return { rows: Math.max(1, Math.round(path.rows)), width, startupCost: path.startup, totalCost: path.total };
}

export function outputOf(targets: readonly Expr[]): OutputColumn[] {
  return targets.map((target) => ({
    name: '',
    typeOid: target.typeOid,
    typeModifier: target.typeModifier,
    tableOid: 0,
    columnNumber: 0,
  }));
}

/** No rows, from nothing. */
export function emptyPath(planner: Planner): Path {
  return {
    rows: 0,
    startup: 0,
    total: 0,
    ordering: [],
    required: 0n,
    enforced: [],
    build: (targets) => ({
      kind: 'empty',
      output: outputOf(targets),
      rows: 0,
      width: planner.widthOf(targets),
      startupCost: 0,
      totalCost: 0,
    }),
  };
}

const KEY = 65536;

/** Vars of the given relations that the expressions use (inside subqueries too), each once. */
export function varsOf(exprs: Iterable<Expr | null>, rels: ReadonlySet<number> | null): Expr[] {
  const seen = new Set<number>();
  const result: Expr[] = [];
  for (const expr of exprs) {
    if (expr === null) continue;
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind !== 'var' || (rels !== null && !rels.has(node.rel))) return true;
      const key = node.rel * KEY + node.column + 16;
      if (!seen.has(key)) {
        seen.add(key);
        result.push(child);
      }
      return true;
    });
  }
  return result;
}

/** The list with the expressions added that it does not hold yet. */
export function addMissing(list: readonly Expr[], more: readonly Expr[]): Expr[] {
  const result = [...list];
  for (const expr of more) if (!result.some((known) => known === expr || equalExpr(known, expr))) result.push(expr);
  return result;
}

export function sameKey(a: SortKey, b: SortKey): boolean {
  return a.descending === b.descending && a.nullsFirst === b.nullsFirst && equalExpr(a.expr, b.expr);
}

/** Whether rows in order `have` are also in order `want`. */
export function isOrdered(have: readonly SortKey[], want: readonly SortKey[]): boolean {
  if (have === want) return true;
  if (want.length > have.length) return false;
  for (let i = 0; i < want.length; i++) if (!sameKey(want[i], have[i])) return false;
  return true;
}

const FUZZ = 1.01;

/**
 * Keeps a path unless another is as good in every respect; drops those that it beats. A fast start counts only where not all
 * rows may be wanted.
 */
export function addPath(paths: Path[], path: Path, fastStart: boolean): void {
  if (isBeaten(paths, path.total, path.startup, path.ordering, path.required, fastStart)) return;
  keepPath(paths, path, fastStart);
}

/** The first half of that, before there is a path. */
export function isBeaten(
  paths: readonly Path[],
  total: number,
  startup: number,
  ordering: readonly SortKey[],
  required: RelSet,
  fastStart: boolean,
): boolean {
  for (let i = 0; i < paths.length; i++) {
    const other = paths[i];
    // Cheap tests first: most candidates are told apart by their costs.
    if (other.total > total * FUZZ || (fastStart && other.startup > startup * FUZZ + 0.01)) continue;
    if (needsNoMore(other.required, required) && isOrdered(other.ordering, ordering)) return true;
  }
  return false;
}

/** The second half: a path that no other beats. */
export function keepPath(paths: Path[], path: Path, fastStart: boolean): void {
  for (let i = paths.length - 1; i >= 0; i--) {
    const other = paths[i];
    if (path.total > other.total * FUZZ || (fastStart && path.startup > other.startup * FUZZ + 0.01)) continue;
    if (needsNoMore(path.required, other.required) && isOrdered(path.ordering, other.ordering)) paths.splice(i, 1);
  }
  paths.push(path);
}

function needsNoMore(a: RelSet, b: RelSet): boolean {
  return a === b || (a & b) === a;
}

export function cheapest(paths: readonly Path[]): Path {
  let best = paths[0];
  for (const path of paths) if (path.total < best.total) best = path;
  return best;
}

export function columnVars(rel: number, columns: readonly { typeOid: number; typeModifier: number }[]): Expr[] {
  return columns.map((column, i) => makeVar(rel, i, column.typeOid, column.typeModifier));
}
