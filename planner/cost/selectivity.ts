/**
 * Which share of rows a condition lets through, after PostgreSQL's selfuncs.c: most common values and histograms where ANALYZE
 * has been, its defaults where not. A posting list's length answers equalities exactly (paths/table-paths.ts).
 */

import { comparator } from '../../types/index.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';
import { comparisonOf, estimatedComparison } from '../operators.ts';
import { groupSelectivity } from './column-groups.ts';
import {
  columnsIn,
  equalityColumn,
  mentionsVar,
  type SelectivityContext,
  type VariableStatistics,
  variableStatistics,
} from './column-statistics.ts';
import { containmentSelectivity, elementOfColumnSelectivity } from './containment-selectivity.ts';
import { commonFrequency, commonMatching, commonShare, histogramShare } from './histogram.ts';
import { joinSelectivity } from './join-selectivity.ts';
import { knownValue } from './known-values.ts';
import { patternSelectivity } from './pattern-selectivity.ts';

export const DEFAULT_EQUAL = 0.005;
export const DEFAULT_INEQUALITY = 1 / 3;
export const DEFAULT_RANGE = 0.005;
export const DEFAULT_UNKNOWN = 0.005;
/** Less than any condition lets through that is not known to let nothing through. */
const LEAST = 1e-10;

export function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/* ---- column and value ---------------------------------------------------------------------------------------------- */

/** column = value. */
export function equalSelectivity(context: SelectivityContext, column: Expr, value: Expr): number {
  const known = variableStatistics(context, column);
  if (known === null) return DEFAULT_EQUAL;
  const constant = knownValue(context, value);
  if (constant === null) return 0;
  return equalToValue(known, column.typeOid, constant);
}

/** undefined: some value that is not known. */
function equalToValue(known: VariableStatistics, typeOid: number, constant: unknown): number {
  if (known.isUnique) return known.rows > 0 ? 1 / known.rows : 1;
  const { stats } = known;
  if (stats === null) return clamp(1 / known.distinct);
  if (constant === undefined) return clamp((1 - stats.nullFraction) / known.distinct);
  const frequency = commonFrequency(stats, typeOid, constant);
  if (frequency !== undefined) return frequency;
  const rest = clamp(1 - commonShare(stats, typeOid) - stats.nullFraction);
  const others = known.distinct - stats.mostCommonValues.length;
  const share = clamp(others > 1 ? rest / others : rest);
  // What is not among the most common values is no more common than the last of them.
  const { mostCommonFrequencies } = stats;
  const last = mostCommonFrequencies.length > 0 ? mostCommonFrequencies[mostCommonFrequencies.length - 1] : 1;
  return Math.min(share, last);
}

function nullFraction(context: SelectivityContext, expr: Expr): number {
  return variableStatistics(context, expr)?.stats?.nullFraction ?? 0;
}

/** column < value and the like; strategy is the btree one. */
function inequalitySelectivity(context: SelectivityContext, column: Expr, value: Expr, strategy: number): number {
  const known = variableStatistics(context, column);
  const constant = knownValue(context, value);
  if (constant === null) return 0;
  if (known === null || known.stats === null || constant === undefined) return DEFAULT_INEQUALITY;
  return inequalityToValue(known, column.typeOid, constant, strategy) ?? DEFAULT_INEQUALITY;
}

/** Null: nothing can be said. */
function inequalityToValue(
  known: VariableStatistics,
  typeOid: number,
  constant: unknown,
  strategy: number,
): number | null {
  const { stats } = known;
  if (stats === null) return null;
  const compare = comparator(typeOid) as (a: unknown, b: unknown) => number;
  let matching: number;
  try {
    matching = commonMatching(stats, (item) => {
      const order = compare(item, constant);
      return strategy === 1 ? order < 0 : strategy === 2 ? order <= 0 : strategy === 5 ? order > 0 : order >= 0;
    });
  } catch {
    return null;
  }
  const common = commonShare(stats, typeOid);
  const rest = Math.max(0, 1 - common - stats.nullFraction);
  let below = histogramShare(stats, typeOid, constant);
  if (below === null) {
    // All values are listed, or so few are not that it does not matter.
    if (stats.mostCommonValues.length === 0 || rest > 0.2) return null;
    below = strategy <= 2 ? DEFAULT_INEQUALITY : 1 - DEFAULT_INEQUALITY;
  } else if (strategy === 2 || strategy === 5) {
    // The value itself belongs to what is below.
    const others = known.distinct - stats.mostCommonValues.length;
    if (others > 1 && below > 0 && below < 1) below = Math.min(1, below + 1 / others);
  }
  return clamp(matching + rest * (strategy <= 2 ? below : 1 - below));
}

/* ---- conditions ---------------------------------------------------------------------------------------------------- */

export function selectivity(context: SelectivityContext, expr: Expr): number {
  const node = logical(expr);
  switch (node.kind) {
    case 'const': {
      const value = knownValue(context, expr);
      return value === true ? 1 : 0;
    }
    case 'and':
      return andSelectivity(context, node.args);
    case 'or':
      return orSelectivity(context, node.args);
    case 'not': {
      const own = selectivity(context, node.arg);
      // Where a column is NULL neither the condition nor its opposite is true.
      const [column, ...more] = columnsIn(node.arg);
      const isStrict = node.arg.kind !== 'isNull' && node.arg.kind !== 'booleanTest' && node.arg.kind !== 'distinct';
      const nulls = column !== undefined && more.length === 0 && isStrict ? nullFraction(context, column) : 0;
      return clamp(1 - own - nulls);
    }
    case 'isNull': {
      const stats = variableStatistics(context, node.arg)?.stats ?? null;
      const share = stats === null ? (isNotNull(context, node.arg) ? 0 : DEFAULT_UNKNOWN) : stats.nullFraction;
      return node.negated ? 1 - share : share;
    }
    case 'booleanTest':
      return booleanTestSelectivity(context, node.arg, node.test, node.negated);
    case 'inList': {
      const values = new Set<unknown>();
      let result = 0;
      for (const item of node.list) {
        const value = knownValue(context, item);
        if (value !== undefined && typeof value !== 'object') {
          if (values.has(value)) continue;
          values.add(value);
        }
        result += equalSelectivity(context, node.arg, item);
      }
      return clamp(node.negated ? 1 - Math.min(result, 1) - nullFraction(context, node.arg) : result);
    }
    case 'arrayCompare':
      return arrayCompareSelectivity(context, node);
    case 'distinct': {
      const equal = equalSelectivity(context, node.left, node.right);
      return node.negated ? equal : 1 - equal;
    }
    case 'call':
      return callSelectivity(context, expr as Expr & { kind: 'call' });
    case 'rowCompare':
      // As PostgreSQL has it: few rows are equal in the first field.
      return orderSelectivity(context, ROW_STRATEGIES[node.operator], node.left[0], node.right[0]);
    case 'var': {
      const stats = variableStatistics(context, expr)?.stats ?? null;
      return (stats === null ? undefined : commonFrequency(stats, expr.typeOid, true)) ?? 0.5;
    }
    default:
      return 0.5;
  }
}

function isNotNull(context: SelectivityContext, expr: Expr): boolean {
  const node = logical(expr);
  if (node.kind !== 'var' || node.column < 0) return false;
  return context.facts(node.rel)?.table?.columns[node.column]?.notNull === true;
}

function booleanTestSelectivity(
  context: SelectivityContext,
  arg: Expr,
  test: 'true' | 'false' | 'unknown',
  negated: boolean,
): number {
  const stats = variableStatistics(context, arg)?.stats ?? null;
  let share: number;
  if (test === 'unknown') share = stats?.nullFraction ?? DEFAULT_UNKNOWN;
  else if (stats === null) share = selectivity(context, arg);
  else share = commonFrequency(stats, arg.typeOid, test === 'true') ?? 0;
  if (stats === null && test === 'false') share = 1 - share;
  return clamp(negated ? 1 - share : share);
}

function arrayCompareSelectivity(context: SelectivityContext, node: Expr & { kind: 'arrayCompare' }): number {
  const strategy = estimatedComparison(node.operator)?.btreeStrategy ?? 0;
  const contained = elementOfColumnSelectivity(context, node);
  if (contained !== null) return contained;
  const elements = arrayElements(context, node.array);
  if (strategy !== 3 || node.all) return DEFAULT_INEQUALITY;
  if (elements === null) return clamp(10 * equalToUnknown(context, node.left));
  const known = variableStatistics(context, node.left);
  let result = 0;
  const seen = new Set<unknown>();
  for (const element of elements) {
    if (element === null || (typeof element !== 'object' && seen.has(element) && element !== undefined)) continue;
    seen.add(element);
    result += known === null ? DEFAULT_EQUAL : equalToValue(known, node.left.typeOid, element);
  }
  return clamp(result);
}

function equalToUnknown(context: SelectivityContext, column: Expr): number {
  const known = variableStatistics(context, column);
  return known === null ? DEFAULT_EQUAL : equalToValue(known, column.typeOid, undefined);
}

/** Values of an array expression, undefined for those that are not known; null: not even their number is. */
function arrayElements(context: SelectivityContext, array: Expr): readonly unknown[] | null {
  if (array.kind === 'array') return array.elements.map((element) => knownValue(context, element));
  const value = knownValue(context, array);
  if (value !== null && typeof value === 'object' && 'elements' in value) return value.elements as unknown[];
  return null;
}

const ROW_STRATEGIES = { '<': 1, '<=': 2, '>=': 4, '>': 5 } as const;

/** `left < right` and its kin, by btree strategy. */
function orderSelectivity(context: SelectivityContext, strategy: number, left: Expr, right: Expr): number {
  const leftVar = mentionsVar(left);
  if (leftVar && mentionsVar(right)) return DEFAULT_INEQUALITY;
  const [column, value] = leftVar ? [left, right] : [right, left];
  return inequalitySelectivity(context, column, value, leftVar ? strategy : 6 - strategy);
}

function callSelectivity(context: SelectivityContext, call: Expr & { kind: 'call' }): number {
  const operator = estimatedComparison(call.function);
  if (operator === null || call.args.length !== 2) {
    const stats = variableStatistics(context, call)?.stats ?? null;
    if (stats !== null) return commonFrequency(stats, call.typeOid, true) ?? 0;
    return containmentSelectivity(context, call) ?? (call.typeOid === 16 ? DEFAULT_INEQUALITY : 0.5);
  }
  const [left, right] = call.args;
  const leftVar = mentionsVar(left);
  const rightVar = mentionsVar(right);
  const column = leftVar ? left : right;
  const value = leftVar ? right : left;
  if (operator.btreeStrategy === 3) {
    if (leftVar && rightVar) return joinSelectivity(context, left, right);
    return equalSelectivity(context, column, value);
  }
  if (operator.name === '<>') {
    if (leftVar && rightVar) return clamp(1 - joinSelectivity(context, left, right));
    return clamp(1 - equalSelectivity(context, column, value) - nullFraction(context, column));
  }
  if (operator.btreeStrategy !== 0) return orderSelectivity(context, operator.btreeStrategy, left, right);
  if (!operator.name.startsWith('!')) return patternSelectivity(context, operator.name, left, right);
  const matching = patternSelectivity(context, operator.name.slice(1), left, right);
  return clamp(1 - matching - nullFraction(context, left));
}

/* ---- OR and AND ---------------------------------------------------------------------------------------------------- */

/** Equalities of one column with different values exclude each other; other arms are taken to be independent. */
function orSelectivity(context: SelectivityContext, args: readonly Expr[]): number {
  let result = 0;
  const sums: { column: Expr; share: number }[] = [];
  for (const arg of args) {
    const own = selectivity(context, arg);
    const column = equalityColumn(arg);
    const entry = column === null ? undefined : sums.find((item) => equalExpr(item.column, column));
    if (entry !== undefined) entry.share += own;
    else if (column !== null) sums.push({ column, share: own });
    else result = result + own - result * own;
  }
  for (const { share } of sums) {
    const own = clamp(share);
    result = result + own - result * own;
  }
  return clamp(result);
}

interface ColumnConditions {
  readonly column: Expr;
  readonly equal: Expr[];
  low: number | null;
  high: number | null;
  readonly others: number[];
}

/**
 * Conditions on different columns are taken to be independent, unless CREATE STATISTICS knows better. On one column they are
 * not: two bounds make a range, two values exclude each other, and beside a value nothing else counts.
 */
export function andSelectivity(context: SelectivityContext, args: readonly Expr[]): number {
  if (args.length === 0) return 1;
  const { share, rest } = groupSelectivity(context, args, equalSelectivity);
  let result = share;
  const columns: ColumnConditions[] = [];
  for (const arg of rest) {
    const own = selectivity(context, arg);
    const column = conditionColumn(context, arg);
    if (column === null) {
      result *= own;
      continue;
    }
    let entry = columns.find((item) => equalExpr(item.column, column));
    if (entry === undefined) columns.push((entry = { column, equal: [], low: null, high: null, others: [] }));
    const bound = boundKind(arg, column);
    if (bound === 'low') entry.low = entry.low === null ? own : Math.min(entry.low, own);
    else if (bound === 'high') entry.high = entry.high === null ? own : Math.min(entry.high, own);
    else if (equalityColumn(arg) !== null) entry.equal.push(arg);
    else entry.others.push(own);
  }
  for (const entry of columns) result *= columnSelectivity(context, entry);
  return clamp(result);
}

function columnSelectivity(context: SelectivityContext, entry: ColumnConditions): number {
  const { equal, low, high, others, column } = entry;
  if (equal.length > 0) {
    const shares = equal.map((expr) => selectivity(context, expr));
    const values = equal.map((expr) => constantOf(context, expr));
    const [first] = values;
    const differ = first !== undefined && values.some((value) => value !== undefined && !isSame(column, first, value));
    if (differ) return LEAST;
    return Math.min(...shares, ...others, low ?? 1, high ?? 1);
  }
  let result = others.reduce((product, share) => product * share, 1);
  if (low !== null && high !== null) {
    const isDefault = low === DEFAULT_INEQUALITY && high === DEFAULT_INEQUALITY;
    const share = low + high - 1 + nullFraction(context, column);
    result *= isDefault ? DEFAULT_RANGE : Math.max(share, LEAST);
  } else result *= low ?? high ?? 1;
  return result;
}

function constantOf(context: SelectivityContext, equality: Expr): unknown {
  if (equality.kind !== 'call') return undefined;
  const [left, right] = equality.args;
  return knownValue(context, mentionsVar(left) ? right : left);
}

function isSame(column: Expr, a: unknown, b: unknown): boolean {
  try {
    return (comparator(column.typeOid) as (a: unknown, b: unknown) => number)(a, b) === 0;
  } catch {
    return true;
  }
}

/** The one column, or the analyzed expression, that a condition compares with constants; null where it is something else. */
function conditionColumn(context: SelectivityContext, expr: Expr): Expr | null {
  const isKnown = (arg: Expr): boolean =>
    logical(arg).kind === 'var' || (mentionsVar(arg) && variableStatistics(context, arg) !== null);
  if (expr.kind === 'inList') return isKnown(expr.arg) && !expr.list.some(mentionsVar) ? expr.arg : null;
  if (expr.kind !== 'call' || expr.args.length !== 2 || estimatedComparison(expr.function) === null) return null;
  const [left, right] = expr.args;
  const isLeft = mentionsVar(left);
  if (isLeft === mentionsVar(right)) return null;
  const column = isLeft ? left : right;
  return isKnown(column) ? column : null;
}

function boundKind(expr: Expr, column: Expr): 'low' | 'high' | null {
  if (expr.kind !== 'call' || expr.args.length !== 2) return null;
  const strategy = comparisonOf(expr.function)?.btreeStrategy ?? 0;
  if (strategy === 0 || strategy === 3) return null;
  const isLower = strategy >= 4;
  return (expr.args[0] === column) === isLower ? 'low' : 'high';
}
