/**
 * Which share of rows a condition lets through, after PostgreSQL's selfuncs.c: most common values and histograms where ANALYZE
 * has been, its defaults where not. A posting list's length answers equalities exactly.
 */

import type { Catalog } from '../../catalog/catalog.ts';
import type { RelationEntry } from '../../catalog/entries.ts';
import type { ColumnStatistics, StatisticsSource } from '../../catalog/statistics.ts';
import { comparator } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';
import { comparisonOf } from '../operators.ts';

export const DEFAULT_EQUAL = 0.005;
export const DEFAULT_INEQUALITY = 1 / 3;
export const DEFAULT_RANGE = 0.005;
export const DEFAULT_MATCH = 0.005;
export const DEFAULT_UNKNOWN = 0.005;
export const DEFAULT_NOT_UNKNOWN = 1 - DEFAULT_UNKNOWN;
export const DEFAULT_DISTINCT = 200;

/** What is known of the relations of a query. */
export interface RelationFacts {
  readonly rows: number;
  readonly table: RelationEntry | null;
  /** Distinct values of a column where something better than ANALYZE says so (group keys of a subquery); 0 unknown. */
  distinctOf(column: number): number;
}

export interface SelectivityContext {
  readonly statistics: StatisticsSource;
  readonly catalog: Catalog;
  facts(rel: number): RelationFacts | undefined;
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

interface VarStatistics {
  readonly stats: ColumnStatistics | null;
  readonly rows: number;
  readonly distinct: number;
  readonly isUnique: boolean;
}

/** What is known of a plain column; null for other expressions. */
function varStatistics(context: SelectivityContext, expr: Expr): VarStatistics | null {
  const node = logical(expr);
  if (node.kind === 'coalesce' && node.args.length === 1) return varStatistics(context, node.args[0]);
  if (node.kind !== 'var' || node.column < 0) return null;
  const facts = context.facts(node.rel);
  if (facts === undefined) return null;
  const { table, rows } = facts;
  if (table === null) {
    const known = facts.distinctOf(node.column);
    return { stats: null, rows, distinct: known > 0 ? known : Math.min(DEFAULT_DISTINCT, rows), isUnique: false };
  }
  const number = node.column + 1;
  const stats = context.statistics.column(table.oid, number);
  const isUnique = context.catalog
    .indexesOf(table.oid)
    .some(
      (index) =>
        index.unique &&
        index.columns.length === 1 &&
        index.columns[0].columnNumber === number &&
        index.predicateText === null,
    );
  let distinct: number;
  if (isUnique) distinct = rows;
  else if (stats !== null && stats.distinct > 0) distinct = stats.distinct;
  else if (stats !== null && stats.distinct < 0) distinct = -stats.distinct * rows;
  else {
    const index = context.catalog
      .indexesOf(table.oid)
      .find(
        (candidate) =>
          candidate.columns.length === 1 &&
          candidate.columns[0].columnNumber === number &&
          candidate.predicateText === null,
      );
    const counted = index === undefined ? -1 : context.statistics.indexDistinctCount(index.oid);
    distinct = counted >= 0 ? Math.max(counted, 1) : Math.min(DEFAULT_DISTINCT, rows);
  }
  return { stats, rows, distinct: Math.max(1, distinct), isUnique };
}

/** Number of different values of an expression among `rows` rows. */
export function distinctCount(context: SelectivityContext, expr: Expr, rows: number): number {
  const known = varStatistics(context, expr);
  if (known !== null) return Math.min(known.distinct, Math.max(rows, 1));
  const node = logical(expr);
  if (node.kind === 'const' || node.kind === 'param') return 1;
  if (expr.typeOid === 16) return Math.min(2, rows);
  // An expression has no more values than its columns have together.
  let product = 1;
  let found = false;
  const visit = (child: Expr): void => {
    const inner = logical(child);
    if (inner.kind === 'var') {
      found = true;
      product *= varStatistics(context, child)?.distinct ?? DEFAULT_DISTINCT;
    } else if (inner.kind === 'call') inner.args.forEach(visit);
  };
  visit(expr);
  return Math.min(found ? product : DEFAULT_DISTINCT, Math.max(rows, 1));
}

/** The constant that an expression will be, as far as it can be known; undefined when it cannot. */
export function knownValue(expr: Expr): unknown {
  const node = logical(expr);
  if (node.kind === 'const') return node.value;
  if (node.kind === 'coalesce' && node.args.length === 1) return knownValue(node.args[0]);
  if (node.kind === 'call' && node.args.length === 1 && !node.function.needsContext && !node.function.specialise) {
    const value = knownValue(node.args[0]);
    if (value === undefined || node.function.volatility !== 'immutable') return undefined;
    if (value === null) return null;
    try {
      return node.function.implementation(value);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function sameValue(typeOid: number, a: unknown, b: unknown): boolean {
  try {
    return comparator(typeOid)(a, b) === 0;
  } catch {
    return a === b;
  }
}

/** column = value. */
export function equalSelectivity(context: SelectivityContext, column: Expr, value: Expr): number {
  const known = varStatistics(context, column);
  if (known === null) return DEFAULT_EQUAL;
  if (known.isUnique) return known.rows > 0 ? 1 / known.rows : 1;
  const { stats } = known;
  const constant = knownValue(value);
  if (constant === null) return 0;
  if (stats === null) return 1 / known.distinct;
  const common = stats.mostCommonFrequencies.reduce((sum, share) => sum + share, 0);
  if (constant !== undefined) {
    const index = stats.mostCommonValues.findIndex((item) => sameValue(column.typeOid, item, constant));
    if (index >= 0) return stats.mostCommonFrequencies[index];
    const others = known.distinct - stats.mostCommonValues.length;
    const rest = 1 - common - stats.nullFraction;
    return clamp(others > 1 ? rest / others : rest);
  }
  return clamp((1 - stats.nullFraction) / known.distinct);
}

/** Share of histogram values below the constant. */
function histogramShare(stats: ColumnStatistics, typeOid: number, value: unknown): number | null {
  const { histogram } = stats;
  if (histogram.length < 2) return null;
  let compare: (a: unknown, b: unknown) => number;
  try {
    compare = comparator(typeOid);
    let low = 0;
    let high = histogram.length - 1;
    if (compare(value, histogram[0]) <= 0) return 0;
    if (compare(value, histogram[high]) >= 0) return 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (compare(histogram[middle], value) <= 0) low = middle;
      else high = middle;
    }
    const [from, to] = [histogram[low], histogram[high]];
    const inside =
      typeof value === 'number' && typeof from === 'number' && typeof to === 'number' && to > from
        ? (value - from) / (to - from)
        : 0.5;
    return (low + inside) / (histogram.length - 1);
  } catch {
    return null;
  }
}

/** column < value and the like; strategy is the btree one. */
function inequalitySelectivity(context: SelectivityContext, column: Expr, value: Expr, strategy: number): number {
  const known = varStatistics(context, column);
  const constant = knownValue(value);
  if (known === null || known.stats === null || constant === undefined) return DEFAULT_INEQUALITY;
  if (constant === null) return 0;
  const { stats } = known;
  const below = histogramShare(stats, column.typeOid, constant);
  if (below === null) return DEFAULT_INEQUALITY;
  const isLess = strategy <= 2;
  let common = 0;
  let commonMatching = 0;
  stats.mostCommonValues.forEach((item, i) => {
    const share = stats.mostCommonFrequencies[i];
    common += share;
    try {
      const order = comparator(column.typeOid)(item, constant);
      const matches =
        strategy === 1 ? order < 0 : strategy === 2 ? order <= 0 : strategy === 5 ? order > 0 : order >= 0;
      if (matches) commonMatching += share;
    } catch {
      commonMatching += share * DEFAULT_INEQUALITY;
    }
  });
  const rest = Math.max(0, 1 - common - stats.nullFraction);
  return clamp(commonMatching + rest * (isLess ? below : 1 - below));
}

function mentionsVar(expr: Expr): boolean {
  const node = logical(expr);
  if (node.kind === 'var') return true;
  if (node.kind === 'call') return node.args.some(mentionsVar);
  if (node.kind === 'coalesce') return node.args.some(mentionsVar);
  return false;
}

export function selectivity(context: SelectivityContext, expr: Expr): number {
  const node = logical(expr);
  switch (node.kind) {
    case 'const':
      return node.value === true ? 1 : 0;
    case 'and':
      return andSelectivity(context, node.args);
    case 'or': {
      let result = 0;
      for (const arg of node.args) {
        const own = selectivity(context, arg);
        result = result + own - result * own;
      }
      return clamp(result);
    }
    case 'not':
      return clamp(1 - selectivity(context, node.arg));
    case 'isNull': {
      const known = varStatistics(context, node.arg);
      const share = known?.stats?.nullFraction ?? DEFAULT_UNKNOWN;
      return node.negated ? 1 - share : share;
    }
    case 'booleanTest':
      return node.test === 'unknown' ? DEFAULT_UNKNOWN : 0.5;
    case 'inList': {
      let result = 0;
      for (const item of node.list) result += equalSelectivity(context, node.arg, item);
      return clamp(node.negated ? 1 - Math.min(result, 1) : result);
    }
    case 'arrayCompare': {
      const strategy = comparisonOf(node.operator)?.btreeStrategy ?? 0;
      if (strategy !== 3 || node.all) return DEFAULT_INEQUALITY;
      const count = node.array.kind === 'array' ? node.array.elements.length : 10;
      const known = varStatistics(context, node.left);
      return clamp(count * (known === null ? DEFAULT_EQUAL : 1 / known.distinct));
    }
    case 'distinct': {
      const equal = equalSelectivity(context, node.left, node.right);
      return node.negated ? equal : 1 - equal;
    }
    case 'call':
      return callSelectivity(context, expr as Expr & { kind: 'call' });
    case 'var':
      return 0.5;
    case 'sublink':
    case 'subplan':
      return 0.5;
    default:
      return 0.5;
  }
}

function callSelectivity(context: SelectivityContext, call: Expr & { kind: 'call' }): number {
  const operator = comparisonOf(call.function);
  if (operator === null || call.args.length !== 2) return call.typeOid === 16 ? DEFAULT_INEQUALITY : 0.5;
  const [left, right] = call.args;
  const leftVar = mentionsVar(left);
  const rightVar = mentionsVar(right);
  if (operator.btreeStrategy === 3) {
    if (leftVar && rightVar) return joinSelectivity(context, left, right);
    return leftVar ? equalSelectivity(context, left, right) : equalSelectivity(context, right, left);
  }
  if (operator.name === '<>') {
    if (leftVar && rightVar) return 1 - joinSelectivity(context, left, right);
    return clamp(1 - (leftVar ? equalSelectivity(context, left, right) : equalSelectivity(context, right, left)));
  }
  if (operator.btreeStrategy !== 0) {
    if (leftVar && rightVar) return DEFAULT_INEQUALITY;
    const strategy = leftVar ? operator.btreeStrategy : 6 - operator.btreeStrategy;
    return inequalitySelectivity(context, leftVar ? left : right, leftVar ? right : left, strategy);
  }
  return operator.name.startsWith('!') ? 1 - DEFAULT_MATCH : matchSelectivity(right);
}

/** LIKE: a fixed prefix narrows, a full wildcard does not. */
function matchSelectivity(pattern: Expr): number {
  const value = knownValue(pattern);
  if (typeof value !== 'string') return DEFAULT_MATCH;
  if (value === '%') return 1;
  let result = 1;
  for (const char of value) result *= char === '%' ? 5 : char === '_' ? 0.9 : 0.2;
  return Math.max(Math.min(result, 1), 0.0001);
}

/** Rows of a join on a = b, as a share of the product. */
export function joinSelectivity(context: SelectivityContext, left: Expr, right: Expr): number {
  const a = varStatistics(context, left);
  const b = varStatistics(context, right);
  if (a === null && b === null) return DEFAULT_EQUAL;
  const distinct = Math.max(a?.distinct ?? 0, b?.distinct ?? 0, 1);
  const nulls = (1 - (a?.stats?.nullFraction ?? 0)) * (1 - (b?.stats?.nullFraction ?? 0));
  return clamp(nulls / distinct);
}

/** A pair of bounds on one column is a range, which is narrower than two independent inequalities. */
export function andSelectivity(context: SelectivityContext, args: readonly Expr[]): number {
  let result = 1;
  const ranges: { column: Expr; low: number | null; high: number | null }[] = [];
  for (const arg of args) {
    const range = arg.kind === 'call' && arg.args.length === 2 ? asBound(arg) : null;
    if (range === null) {
      result *= selectivity(context, arg);
      continue;
    }
    const own = selectivity(context, arg);
    const key = logical(range.column);
    let entry = ranges.find((item) => {
      const other = logical(item.column);
      return key.kind === 'var' && other.kind === 'var' && key.rel === other.rel && key.column === other.column;
    });
    if (entry === undefined) ranges.push((entry = { column: range.column, low: null, high: null }));
    if (range.isLow) entry.low = entry.low === null ? own : Math.min(entry.low, own);
    else entry.high = entry.high === null ? own : Math.min(entry.high, own);
  }
  for (const { low, high } of ranges) {
    if (low !== null && high !== null) {
      const isDefault = low === DEFAULT_INEQUALITY && high === DEFAULT_INEQUALITY;
      result *= isDefault ? DEFAULT_RANGE : Math.max(low + high - 1, 0.0001);
    } else result *= low ?? high ?? 1;
  }
  return clamp(result);
}

function asBound(call: Expr & { kind: 'call' }): { column: Expr; isLow: boolean } | null {
  const strategy = comparisonOf(call.function)?.btreeStrategy ?? 0;
  if (strategy === 0 || strategy === 3) return null;
  const [left, right] = call.args;
  if (logical(left).kind === 'var' && !mentionsVar(right)) return { column: left, isLow: strategy >= 4 };
  if (logical(right).kind === 'var' && !mentionsVar(left)) return { column: right, isLow: strategy <= 2 };
  return null;
}
