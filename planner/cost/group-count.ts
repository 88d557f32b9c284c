/** How many groups rows fall into (selfuncs.c: estimate_num_groups). */

import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import { relsOf } from '../relation-sets.ts';
import { hasSublink, isVolatile } from '../traverse.ts';
import { coarseDistinct } from './coarse-values.ts';
import { groupDistinct } from './column-groups.ts';
import { columnsIn, DEFAULT_DISTINCT, type SelectivityContext, variableStatistics } from './column-statistics.ts';
import { functionRows } from './function-rows.ts';
import { remainingDistinct } from './join-selectivity.ts';
import { knownValue } from './known-values.ts';
import { selectivity } from './selectivity.ts';

/** Number of different values of an expression among `rows` rows. */
export function distinctCount(context: SelectivityContext, expr: Expr, rows: number): number {
  return groupCountOf(context, [expr], rows);
}

/** What is grouped by, of one relation: a column or an expression of which something is known. */
interface Grouped {
  readonly expr: Expr;
  /** Its values, where statistics of the expression itself do not say. */
  readonly distinct: number | null;
}

/** Number of different combinations of the expressions' values among `rows` rows. */
export function groupCountOf(context: SelectivityContext, exprs: readonly Expr[], rows: number): number {
  const most = Math.max(1, rows);
  let product = 1;
  let perSet = 1;
  const grouped: Grouped[] = [];
  const add = (expr: Expr, distinct: number | null = null): void => {
    if (!grouped.some((known) => equalExpr(known.expr, expr))) grouped.push({ expr, distinct });
  };
  for (const expr of exprs) {
    const node = logical(expr);
    if (node.kind === 'const' || node.kind === 'param') continue;
    if (node.kind === 'call') perSet = Math.max(perSet, functionRows(context, node));
    if (variableStatistics(context, expr) !== null) add(expr);
    else if (expr.typeOid === 16) product *= 2;
    else {
      const columns = columnsIn(expr);
      // Without a column there is one value, unless each call gives another.
      if (columns.length === 0) {
        if (isVolatile(expr)) return most;
        // A correlated subquery answers whatever it may.
        if (hasSublink(expr) && relsOf(expr).size > 0) product *= Math.min(DEFAULT_DISTINCT, most);
        continue;
      }
      const coarse = coarseDistinct(context, expr);
      // An expression has no more values than its columns have together.
      if (coarse === null) for (const column of columns) add(column);
      else add(expr, Math.min(coarse, groupCountOf(context, columns, Number.POSITIVE_INFINITY)));
    }
  }
  for (const own of byRelation(grouped)) {
    product *= relationGroups(context, own, rows);
    if (product >= most) return most;
  }
  return Math.max(1, Math.min(product * perSet, most));
}

function byRelation(grouped: readonly Grouped[]): Grouped[][] {
  const result = new Map<number, Grouped[]>();
  for (const item of grouped) {
    const [column] = columnsIn(item.expr);
    const node = logical(column ?? item.expr);
    const rel = node.kind === 'var' ? node.rel : -1;
    const list = result.get(rel);
    if (list === undefined) result.set(rel, [item]);
    else list.push(item);
  }
  return [...result.values()];
}

/** Combinations of columns of one relation, as far as its conditions leave them. */
function relationGroups(context: SelectivityContext, grouped: readonly Grouped[], rows: number): number {
  let total = rows;
  let most = 1;
  const together = groupDistinct(
    context,
    grouped.map((item) => item.expr),
  );
  let product = together.distinct;
  for (const { expr, distinct: guessed } of grouped) {
    if (!together.rest.includes(expr)) continue;
    const known = guessed === null ? variableStatistics(context, expr) : null;
    if (known === null) {
      product *= guessed ?? DEFAULT_DISTINCT;
      most = Math.max(most, guessed ?? 1);
      total = Math.max(total, relationRows(context, expr));
      continue;
    }
    total = Math.max(total, known.rows);
    const nulls = known.stats !== null && known.stats.nullFraction > 0 ? 1 : 0;
    const distinct = Math.min(known.distinct + nulls, valuesLeft(context, expr, known.distinct + nulls));
    most = Math.max(most, distinct);
    product *= distinct;
  }
  // Columns of one table are seldom independent: not all combinations will be there.
  if (grouped.length > 1 && together.rest.length > 1) product = Math.min(product, Math.max(total * 0.1, most));
  return remainingDistinct(product, total, rows);
}

function relationRows(context: SelectivityContext, expr: Expr): number {
  const node = logical(columnsIn(expr)[0] ?? expr);
  return node.kind === 'var' ? (context.facts(node.rel)?.rows ?? 1) : 1;
}

/** Values that conditions on the column alone leave: one of an equality, those of a list, the share of a range. */
function valuesLeft(context: SelectivityContext, variable: Expr, distinct: number): number {
  const node = logical(variable);
  if (node.kind !== 'var') return distinct;
  let left = distinct;
  for (const condition of context.facts(node.rel)?.restrictions ?? []) {
    const columns = columnsIn(condition);
    if (columns.length !== 1 || !equalExpr(columns[0], variable)) continue;
    left = Math.min(left, valuesOf(context, condition, distinct));
  }
  return Math.max(1, left);
}

function valuesOf(context: SelectivityContext, condition: Expr, distinct: number): number {
  switch (condition.kind) {
    case 'inList':
      return condition.negated ? distinct : condition.list.length;
    case 'or':
      return condition.args.reduce((sum, arg) => sum + valuesOf(context, arg, distinct), 0);
    case 'arrayCompare': {
      const value = knownValue(context, condition.array);
      if (condition.all || comparisonOf(condition.operator)?.btreeStrategy !== 3) return distinct;
      if (condition.array.kind === 'array') return condition.array.elements.length;
      return value !== null && typeof value === 'object' && 'elements' in value
        ? (value.elements as unknown[]).length
        : distinct;
    }
    case 'call': {
      const strategy = condition.args.length === 2 ? (comparisonOf(condition.function)?.btreeStrategy ?? 0) : 0;
      if (strategy === 0) return distinct;
      return strategy === 3 ? 1 : Math.max(1, distinct * selectivity(context, condition));
    }
    default:
      return distinct;
  }
}
