/** ORDER BY, DISTINCT, LIMIT. */

import { operatorsByName } from '../../catalog/functions/index.ts';
import { groupCountOf } from '../cost/group-count.ts';
import { knownValue } from '../cost/known-values.ts';
import { COST, PAGE_BYTES } from '../cost/params.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey } from '../expr.ts';
import { logical, type Query } from '../logical.ts';
import type { Plan } from '../plan.ts';
import { isVolatile } from '../traverse.ts';
import { estimates, isOrdered, outputOf, type Path, sameKey } from './path.ts';
import type { Planner } from './planner.ts';
import type { Orderer } from './query.ts';
import { inputResolver, NOTHING, translate, translateNullable, translateSort } from './translate.ts';

/** Types that are compared as numbers. */
const FAST_TYPES = new Set([16, 18, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184]);

function sortCost(
  planner: Planner,
  rows: number,
  width: number,
  limit: number | null,
  keys: readonly SortKey[],
): number {
  const count = Math.max(rows, 2);
  const kept = limit === null ? count : Math.min(Math.max(limit, 2), count);
  const isFast = keys.every((key) => FAST_TYPES.has(key.expr.typeOid));
  const compare = count * (COST.sortRow + COST.sortCompare * (isFast ? 1 : COST.sortSlow) * Math.log2(kept));
  const bytes = count * (width + 24);
  const spill = limit === null && bytes > planner.workMemBytes ? (bytes / PAGE_BYTES) * COST.sortSpillPage : 0;
  return compare + spill;
}

/** Where an expression stands among others, of the same type (a cast may have changed no more than that); a volatile one only when it is the very same. */
export function indexIn(list: readonly Expr[], expr: Expr): number {
  const same = list.indexOf(expr);
  if (same >= 0 || isVolatile(expr)) return same;
  return list.findIndex((item) => item.typeOid === expr.typeOid && equalExpr(item, expr));
}

/**
 * Sorts by `keys` (`normalized`: without what orders nothing). The sort node answers the targets, then keys that are not among
 * them; a projection takes those away again.
 */
export function sortStage(
  planner: Planner,
  path: Path,
  keys: readonly SortKey[],
  normalized: readonly SortKey[],
  count: Expr | null,
): Path {
  const limit = count === null ? null : knownNumber(planner, count);
  const disabled = planner.context.environment.settings.enableSort === false ? COST.disabled : 0;
  const used = keys.filter((key) => !isConstantKey(key.expr));
  const presorted = presortedKeys(planner, path, used, normalized, count);
  const wanted = limit ?? path.rows * DEFAULT_LIMIT_SHARE;
  const read = presorted === 0 ? path.rows : rowsUpTo(planner, path, normalized.slice(0, presorted), wanted);
  const share = path.rows > 0 ? read / path.rows : 1;
  const input = path.startup + (path.total - path.startup) * share;
  const cost = sortCost(planner, read, 32, limit, normalized) + disabled;
  const estimate = {
    rows: path.rows,
    startup: input + cost,
    total: input + cost + path.rows * COST.operator,
  };
  return {
    ordering: normalized,
    required: path.required,
    enforced: path.enforced,
    build: (targets) => buildSort(planner, path, used.length > 0 ? used : keys, count, presorted, targets, estimate),
    ...estimate,
  };
}

/** Of how many of its first keys a sort's input comes in order, where that saves rows: under a limit. */
function presortedKeys(
  planner: Planner,
  { ordering }: Path,
  used: readonly SortKey[],
  normalized: readonly SortKey[],
  count: Expr | null,
): number {
  const isOff = planner.context.environment.settings.enableIncrementalSort === false;
  if (count === null || isOff || used.length !== normalized.length) return 0;
  const unlike = normalized.findIndex((key, i) => i >= ordering.length || !sameKey(key, ordering[i]));
  return unlike < 0 ? normalized.length : unlike;
}

/** Rows that a sort reads of an input in order of its first keys, for so many: to the end of the values that the last of them has. */
function rowsUpTo(planner: Planner, { rows }: Path, keys: readonly SortKey[], limit: number): number {
  const groups = groupCount(
    planner,
    keys.map(({ expr }) => expr),
    rows,
  );
  return Math.min(rows, limit + rows / Math.max(groups, 1));
}

function isConstantKey(expr: Expr): boolean {
  const { kind } = logical(expr);
  return kind === 'const' || kind === 'param';
}

function buildSort(
  planner: Planner,
  path: Path,
  keys: readonly SortKey[],
  count: Expr | null,
  presorted: number,
  targets: readonly Expr[],
  estimate: { rows: number; startup: number; total: number },
): Plan {
  const columns = [...targets];
  const places = keys.map((key) => {
    let index = indexIn(columns, key.expr);
    if (index < 0) {
      columns.push(key.expr);
      index = columns.length - 1;
    }
    return index;
  });
  const input = path.build(columns);
  const sort: Plan = {
    kind: 'sort',
    input,
    keys: keys.map((key, i) => ({ ...key, expr: columnOf(columns, places[i]) })),
    limit: translateNullable(planner, count, NOTHING),
    ...(presorted > 0 ? { presorted } : {}),
    output: input.output,
    ...estimates(estimate, planner.widthOf(columns)),
  };
  return columns.length === targets.length ? sort : takeColumns(planner, sort, targets, estimate);
}

export function columnOf(columns: readonly Expr[], index: number): Expr {
  const { typeOid, typeModifier } = columns[index];
  return { kind: 'column', input: 0, index, typeOid, typeModifier };
}

/** The first columns of the input only. */
export function takeColumns(
  planner: Planner,
  input: Plan,
  targets: readonly Expr[],
  estimate: { rows: number; startup: number; total: number },
): Plan {
  return {
    kind: 'project',
    input,
    filter: null,
    targets: targets.map((_, i) => columnOf(targets, i)),
    output: outputOf(targets),
    ...estimates(estimate, planner.widthOf(targets)),
  };
}

/* ---- DISTINCT ------------------------------------------------------------------------------------------------------ */

/** Rows of different values of the expressions. */
export function groupCount(planner: Planner, exprs: readonly Expr[], rows: number): number {
  return groupCountOf(planner.selectivity, exprs, rows);
}

/** DISTINCT over all targets: by hashing, or over an input whose order brings equal rows together. */
export function distinctStage(planner: Planner, path: Path, exprs: readonly Expr[], orderer: Orderer): Path {
  const rows = groupCount(planner, exprs, path.rows);
  const wanted = orderer.normalize(exprs.map((expr) => ({ expr, descending: false, nullsFirst: false })));
  const leading = path.ordering.slice(0, wanted.length);
  const isGrouped =
    leading.length === wanted.length && wanted.every((key) => leading.some((own) => equalExpr(own.expr, key.expr)));
  if (isGrouped && wanted.length > 0) {
    const estimate = { rows, startup: path.startup, total: path.total + path.rows * COST.operator * exprs.length };
    return {
      ...path,
      ...estimate,
      build: () => {
        const input = path.build(exprs);
        const keys = exprs.map((_, i) => columnOf(exprs, i));
        return { kind: 'unique', input, keys, output: input.output, ...estimates(estimate, planner.widthOf(exprs)) };
      },
    };
  }
  const total = path.total + path.rows * (COST.groupRow + COST.operator * exprs.length) + rows * COST.groupInsert;
  const estimate = { rows, startup: total, total: total + rows * COST.operator };
  return {
    ...path,
    ...estimate,
    ordering: [],
    build: (targets) => {
      // A sort above asks for the same columns: its keys are among the targets.
      const input = path.build(exprs);
      const distinct: Plan = {
        kind: 'distinct',
        input,
        output: input.output,
        ...estimates(estimate, planner.widthOf(exprs)),
      };
      const resolve = inputResolver(exprs, 0);
      const places = targets.map((target) => indexIn(exprs, target));
      if (places.length === exprs.length && places.every((place, i) => place === i)) return distinct;
      return {
        kind: 'project',
        input: distinct,
        filter: null,
        targets: targets.map((target, i) =>
          places[i] >= 0 ? columnOf(exprs, places[i]) : translate(planner, target, resolve),
        ),
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
  };
}

/** DISTINCT ON: sorted by ORDER BY (which begins with the keys), then the first row of each run. */
export function distinctOnStage(
  planner: Planner,
  query: Query,
  path: Path,
  on: readonly Expr[],
  orderer: Orderer,
): Path {
  const keys: SortKey[] = [...query.orderBy];
  for (const expr of on) {
    if (!keys.some((key) => equalExpr(key.expr, expr))) keys.push({ expr, descending: false, nullsFirst: false });
  }
  // Keys of DISTINCT ON that ORDER BY does not name come before what else it sorts by.
  const ordered = [
    ...keys.filter((key) => on.some((expr) => equalExpr(expr, key.expr))),
    ...keys.filter((key) => !on.some((expr) => equalExpr(expr, key.expr))),
  ];
  const normalized = orderer.normalize(ordered);
  const sorted = isOrdered(path.ordering, normalized) ? path : sortStage(planner, path, ordered, normalized, null);
  const rows = groupCount(planner, on, path.rows);
  const estimate = { rows, startup: sorted.startup, total: sorted.total + sorted.rows * COST.operator * on.length };
  return {
    ...sorted,
    ...estimate,
    build: (targets) => {
      const columns = [...targets];
      const places = on.map((expr) => {
        let index = indexIn(columns, expr);
        if (index < 0) index = columns.push(expr) - 1;
        return index;
      });
      const input = sorted.build(columns);
      const unique: Plan = {
        kind: 'unique',
        input,
        keys: places.map((place) => columnOf(columns, place)),
        output: input.output,
        ...estimates(estimate, planner.widthOf(columns)),
      };
      return columns.length === targets.length ? unique : takeColumns(planner, unique, targets, estimate);
    },
  };
}

/* ---- LIMIT --------------------------------------------------------------------------------------------------------- */

function knownNumber(planner: Planner, expr: Expr): number | null {
  const value = knownValue(planner.selectivity, expr);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}

/** How many rows a sort below LIMIT must keep: limit + offset; null: all. */
export function limitCount(query: Query): Expr | null {
  const { limit, offset } = query;
  if (limit === null || query.withTies || query.locks.length > 0) return null;
  if (offset === null) return limit;
  const plus = operatorsByName('+').find((operator) => operator.leftType === 20 && operator.rightType === 20);
  if (plus === undefined) return null;
  return { kind: 'call', function: plus.function, args: [limit, offset], typeOid: 20, typeModifier: -1 };
}

const DEFAULT_LIMIT_SHARE = 0.1;

export function limitStage(planner: Planner, query: Query, path: Path): Path {
  const { limit, offset } = query;
  const skip = offset === null ? 0 : (knownNumber(planner, offset) ?? path.rows * DEFAULT_LIMIT_SHARE);
  const wanted = limit === null ? path.rows : (knownNumber(planner, limit) ?? path.rows * DEFAULT_LIMIT_SHARE);
  const rows = Math.max(1, Math.min(wanted, Math.max(path.rows - skip, 1)));
  const perRow = path.rows > 0 ? (path.total - path.startup) / path.rows : 0;
  const estimate = {
    rows,
    startup: path.startup + perRow * Math.min(skip, path.rows),
    total: path.startup + perRow * Math.min(skip + rows, path.rows),
  };
  return {
    ...path,
    ...estimate,
    build: (targets) => {
      const ties = query.withTies ? query.orderBy : null;
      const columns = [...targets];
      if (ties !== null) for (const key of ties) if (indexIn(columns, key.expr) < 0) columns.push(key.expr);
      const input = path.build(columns);
      const resolve = inputResolver(columns, 0);
      const plan: Plan = {
        kind: 'limit',
        input,
        count: translateNullable(planner, limit, NOTHING),
        offset: translateNullable(planner, offset, NOTHING),
        tiesKeys:
          ties === null
            ? null
            : translateSort(
                planner,
                ties.map((key) => ({ ...key, expr: key.expr })),
                resolve,
              ),
        output: input.output,
        ...estimates(estimate, planner.widthOf(columns)),
      };
      return columns.length === targets.length ? plan : takeColumns(planner, plan, targets, estimate);
    },
  };
}
