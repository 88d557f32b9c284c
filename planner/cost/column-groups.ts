/**
 * What CREATE STATISTICS knows of several columns together (extended_stats.c, dependencies.c, mcv.c, mvdistinct.c): combinations
 * that are common, how many combinations there are, and which column follows from others.
 */
import type { ColumnGroupStatistics } from '../../catalog/statistics.ts';
import { hashKey } from '../../types/index.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';
import { relsOf } from '../relation-sets.ts';
import { equalityColumn, type SelectivityContext } from './column-statistics.ts';
import { knownValue } from './known-values.ts';

/** selectivity.ts's own; given, because that file asks this one. */
type EqualSelectivity = (context: SelectivityContext, column: Expr, value: Expr) => number;

interface ColumnEquality {
  readonly condition: Expr;
  /** Or an expression over columns. */
  readonly column: Expr;
  readonly value: unknown;
  readonly share: number;
}

/** Share of rows for those of the conditions that statistics of a column group cover, and the conditions that are left. */
export function groupSelectivity(
  context: SelectivityContext,
  conditions: readonly Expr[],
  equalSelectivity: EqualSelectivity,
): { share: number; rest: readonly Expr[] } {
  if (conditions.length < 2) return { share: 1, rest: conditions };
  const byRelation = equalitiesByRelation(context, conditions, equalSelectivity);
  let share = 1;
  let rest: readonly Expr[] = conditions;
  for (const [tableOid, equalities] of byRelation) {
    let open = equalities;
    while (open.length >= 2) {
      const group = bestGroup(context, context.statistics.columnGroups(tableOid), open);
      if (group === null) break;
      const covered = coveredBy(context, group, open);
      share *= combinedShare(group, covered);
      const done = new Set(covered.map((item) => item.condition));
      open = open.filter((item) => !done.has(item.condition));
      rest = rest.filter((condition) => !done.has(condition));
    }
  }
  return { share, rest };
}

function equalitiesByRelation(
  context: SelectivityContext,
  conditions: readonly Expr[],
  equalSelectivity: EqualSelectivity,
): Map<number, ColumnEquality[]> {
  const result = new Map<number, ColumnEquality[]>();
  for (const condition of conditions) {
    const column = equalityColumn(condition);
    if (column === null || condition.kind !== 'call') continue;
    const rel = relationOf(column);
    const table = rel === null ? null : (context.facts(rel)?.table ?? null);
    if (table === null || context.statistics.columnGroups(table.oid).length === 0) continue;
    const other = condition.args[0] === column ? condition.args[1] : condition.args[0];
    const value = knownValue(context, other);
    if (value === undefined || value === null) continue;
    const list = result.get(table.oid) ?? [];
    if (list.some((item) => equalExpr(item.column, column))) continue;
    list.push({ condition, column, value, share: equalSelectivity(context, column, other) });
    result.set(table.oid, list);
  }
  return result;
}

/** The one relation that an expression is over; null: none, or several. */
function relationOf(expr: Expr): number | null {
  const node = logical(expr);
  if (node.kind === 'var') return node.rel;
  const [rel, ...others] = relsOf(expr);
  return rel === undefined || others.length > 0 ? null : rel;
}

/** The number under which a group has a column or an expression; 0: it does not. */
function numberIn(context: SelectivityContext, group: ColumnGroupStatistics, expr: Expr): number {
  const node = logical(expr);
  if (node.kind === 'var') return group.columns.includes(node.column + 1) ? node.column + 1 : 0;
  const rel = relationOf(expr);
  return rel === null ? 0 : (context.facts(rel)?.expressionNumber?.(group.statisticsOid, expr) ?? 0);
}

interface Covered extends ColumnEquality {
  /** As in the group's columns. */
  readonly number: number;
}

function coveredBy(
  context: SelectivityContext,
  group: ColumnGroupStatistics,
  equalities: readonly ColumnEquality[],
): Covered[] {
  return equalities
    .map((item) => ({ ...item, number: numberIn(context, group, item.column) }))
    .filter((item) => item.number !== 0);
}

/** The group that covers most columns. */
function bestGroup(
  context: SelectivityContext,
  groups: readonly ColumnGroupStatistics[],
  equalities: readonly ColumnEquality[],
): ColumnGroupStatistics | null {
  let best: ColumnGroupStatistics | null = null;
  let most = 1;
  for (const group of groups) {
    if (group.dependencies === null && group.common === null) continue;
    const covered = coveredBy(context, group, equalities).length;
    if (covered > most) {
      best = group;
      most = covered;
    }
  }
  return best;
}

function combinedShare(group: ColumnGroupStatistics, covered: readonly Covered[]): number {
  const independent = covered.reduce((product, item) => product * item.share, 1);
  const byDependency = group.dependencies === null ? independent : dependentShare(group, covered);
  if (group.common === null) return byDependency;
  let [found, base, total] = [0, 0, 0];
  for (const item of group.common) {
    total += item.frequency;
    const matches = covered.every(({ number, value, column }) => {
      const own = item.values[group.columns.indexOf(number)];
      if (own === null) return false;
      const keyOf = hashKey(column.typeOid);
      return keyOf(own) === keyOf(value as never);
    });
    if (!matches) continue;
    found += item.frequency;
    base += item.baseFrequency;
  }
  if (found > 0 && covered.length === group.columns.length) return found;
  // What is not listed: as by the columns, but no more than is left beside the list.
  const others = Math.max(0, byDependency - base);
  return Math.min(1, found + Math.min(others, Math.max(0, 1 - total)));
}

/** P(a, b) = f * Min(P(a), P(b)) + (1 - f) * P(a) * P(b), strongest dependency first (dependencies.c). */
function dependentShare(group: ColumnGroupStatistics, covered: readonly Covered[]): number {
  const shares = new Map(covered.map((item) => [item.number, item.share]));
  const open = new Set(shares.keys());
  const chosen: { from: readonly number[]; to: number; degree: number }[] = [];
  for (;;) {
    let best: { from: readonly number[]; to: number; degree: number } | null = null;
    for (const item of group.dependencies ?? []) {
      if (!open.has(item.to) || !item.from.every((number) => open.has(number))) continue;
      if (
        best === null ||
        item.from.length > best.from.length ||
        (item.from.length === best.from.length && item.degree > best.degree)
      )
        best = item;
    }
    if (best === null) break;
    chosen.push(best);
    open.delete(best.to);
  }
  // The conditions that follow from others count for what does not follow.
  for (const { from, to, degree } of chosen.reverse()) {
    const given = from.reduce((product, number) => product * (shares.get(number) ?? 1), 1);
    const own = shares.get(to) ?? 1;
    shares.set(to, given <= own ? degree + (1 - degree) * own : (degree * own) / given + (1 - degree) * own);
  }
  let result = 1;
  for (const share of shares.values()) result *= share;
  return result;
}

/** Combinations of those of the columns that a group knows, and the columns that are left. */
export function groupDistinct(
  context: SelectivityContext,
  variables: readonly Expr[],
): { distinct: number; rest: readonly Expr[] } {
  if (variables.length < 2) return { distinct: 1, rest: variables };
  const rel = relationOf(variables[0]);
  const table = rel === null ? null : (context.facts(rel)?.table ?? null);
  if (table === null) return { distinct: 1, rest: variables };
  let best: { members: readonly number[]; numbers: readonly number[]; distinct: number } | null = null;
  for (const group of context.statistics.columnGroups(table.oid)) {
    if (group.distinct === null) continue;
    const numbers = variables.map((variable) => numberIn(context, group, variable));
    for (const item of group.distinct) {
      if (!item.columns.every((number) => numbers.includes(number))) continue;
      if (best !== null && item.columns.length <= best.members.length) continue;
      best = { members: item.columns, numbers, distinct: item.distinct };
    }
  }
  if (best === null) return { distinct: 1, rest: variables };
  const { members, numbers, distinct } = best;
  const rows = Math.max(1, context.statistics.rowCount(table.oid));
  return {
    distinct: distinct < 0 ? -distinct * rows : distinct,
    rest: variables.filter((_, i) => !members.includes(numbers[i])),
  };
}
