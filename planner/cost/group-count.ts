/** How many groups rows fall into (selfuncs.c: estimate_num_groups). */
import type { Expr } from '../expr.ts';
import { equalExpr, logical } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import { groupDistinct } from './column-groups.ts';
import { columnsIn, DEFAULT_DISTINCT, type SelectivityContext, variableStatistics } from './column-statistics.ts';
import { remainingDistinct } from './join-selectivity.ts';
import { knownValue } from './known-values.ts';
import { selectivity } from './selectivity.ts';

/** Number of different values of an expression among `rows` rows. */
export function distinctCount(context: SelectivityContext, expr: Expr, rows: number): number {
  return groupCountOf(context, [expr], rows);
}

/** Number of different combinations of the expressions' values among `rows` rows. */
export function groupCountOf(context: SelectivityContext, exprs: readonly Expr[], rows: number): number {
  const most = Math.max(1, rows);
  let product = 1;
  const variables: Expr[] = [];
  const add = (expr: Expr): void => {
    if (!variables.some((known) => equalExpr(known, expr))) variables.push(expr);
  };
  for (const expr of exprs) {
    const node = logical(expr);
    if (node.kind === 'const' || node.kind === 'param') continue;
    if (variableStatistics(context, expr) !== null) add(expr);
    else if (expr.typeOid === 16) product *= 2;
    else {
      // An expression has no more values than its columns have together.
      const columns = columnsIn(expr);
      if (columns.length === 0) product *= node.kind === 'call' ? Math.min(DEFAULT_DISTINCT, most) : 1;
      columns.forEach(add);
    }
  }
  for (const own of byRelation(variables)) {
    product *= relationGroups(context, own, rows);
    if (product >= most) return most;
  }
  return Math.max(1, Math.min(product, most));
}

function byRelation(variables: readonly Expr[]): Expr[][] {
  const result = new Map<number, Expr[]>();
  for (const variable of variables) {
    const [column] = columnsIn(variable);
    const node = logical(column ?? variable);
    const rel = node.kind === 'var' ? node.rel : -1;
    const list = result.get(rel);
    if (list === undefined) result.set(rel, [variable]);
    else list.push(variable);
  }
  return [...result.values()];
}

/** Combinations of columns of one relation, as far as its conditions leave them. */
function relationGroups(context: SelectivityContext, variables: readonly Expr[], rows: number): number {
  let total = rows;
  let most = 1;
  const grouped = groupDistinct(context, variables);
  let product = grouped.distinct;
  for (const variable of grouped.rest) {
    const known = variableStatistics(context, variable);
    if (known === null) {
      product *= DEFAULT_DISTINCT;
      continue;
    }
    total = Math.max(total, known.rows);
    const nulls = known.stats !== null && known.stats.nullFraction > 0 ? 1 : 0;
    const distinct = Math.min(known.distinct + nulls, valuesLeft(context, variable, known.distinct + nulls));
    most = Math.max(most, distinct);
    product *= distinct;
  }
  // Columns of one table are seldom independent: not all combinations will be there.
  if (variables.length > 1 && grouped.rest.length > 1) product = Math.min(product, Math.max(total * 0.1, most));
  return remainingDistinct(product, total, rows);
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
