/**
 * @>, <@, &&, ?, @@ and their kin, where no inverted index counts (contsel, arraycontsel, tsmatchsel, matchingsel, rangesel): by the
 * statistics of elements for arrays and tsvectors; for jsonb by trying the operator on the values that ANALYZE kept.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { SqlArray } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { comparisonOf } from '../operators.ts';
import { columnsIn, type SelectivityContext, variableStatistics } from './column-statistics.ts';
import {
  type ArrayOperator,
  arraySelectivity,
  DEFAULT_CONTAINS,
  DEFAULT_OVERLAPS,
  DEFAULT_TEXT_MATCH,
  meanFrequency,
  textMatchSelectivity,
} from './element-selectivity.ts';
import { commonMatching, commonShare } from './histogram.ts';
import { knownValue } from './known-values.ts';

type Call = Expr & { readonly kind: 'call' };

/** By the name of the operator's function. */
const ARRAY_OPERATORS: Readonly<Record<string, ArrayOperator>> = {
  arraycontains: 'contains',
  arraycontained: 'contained',
  arrayoverlap: 'overlaps',
};
const SWAPPED: Readonly<Record<ArrayOperator, ArrayOperator>> = {
  contains: 'contained',
  contained: 'contains',
  overlaps: 'overlaps',
};
const TEXT_MATCHES = new Set(['ts_match_vq', 'ts_match_qv']);
const MATCHES = new Set([
  'jsonb_contains',
  'jsonb_contained',
  'jsonb_exists',
  'jsonb_exists_any',
  'jsonb_exists_all',
  'jsonb_path_exists_opr',
  'jsonb_path_match_opr',
  'ts_match_tt',
  'ts_match_tq',
  'tsq_mcontains',
  'tsq_mcontained',
]);
const DEFAULT_MATCH = 0.01;
const RANGES: Readonly<Record<string, number>> = {
  range_overlaps: DEFAULT_OVERLAPS,
  range_contains: DEFAULT_CONTAINS,
  range_contained_by: DEFAULT_CONTAINS,
  range_contains_elem: DEFAULT_CONTAINS,
  elem_contained_by_range: DEFAULT_CONTAINS,
};
/** A histogram with fewer bounds says nothing, with more it is weighed; its ends are outliers. */
const BOUNDS_MIN = 10;
const BOUNDS_ENOUGH = 100;
const MATCH_LEAST = 0.0001;

/** Null: it is none of these. */
export function containmentSelectivity(context: SelectivityContext, call: Call): number | null {
  const name = call.function.internalName;
  if (call.args.length !== 2) return null;
  if (Object.hasOwn(ARRAY_OPERATORS, name)) return arrayCallSelectivity(context, call, ARRAY_OPERATORS[name]);
  if (TEXT_MATCHES.has(name)) return textCallSelectivity(context, call);
  if (MATCHES.has(name)) return matchingSelectivity(context, call);
  return Object.hasOwn(RANGES, name) ? RANGES[name] : null;
}

/** The column's side and the value, undefined where that is not known; null: both sides are columns, or none. */
function sidesOf(
  context: SelectivityContext,
  { args }: Call,
): { column: Expr; value: unknown; isLeft: boolean } | null {
  const [isLeft, isRight] = args.map((arg) => columnsIn(arg).length > 0);
  if (isLeft === isRight) return null;
  const [column, other] = isLeft ? args : [args[1], args[0]];
  return { column, value: knownValue(context, other), isLeft };
}

function arrayCallSelectivity(context: SelectivityContext, call: Call, named: ArrayOperator): number {
  const unknown = named === 'overlaps' ? DEFAULT_OVERLAPS : DEFAULT_CONTAINS;
  const sides = sidesOf(context, call);
  if (sides === null) return unknown;
  const { column, value, isLeft } = sides;
  if (value === null) return 0;
  if (!(value instanceof SqlArray)) return unknown;
  return elementsSelectivity(context, column, isLeft ? named : SWAPPED[named], value.elements, value.elementOid);
}

function elementsSelectivity(
  context: SelectivityContext,
  column: Expr,
  operator: ArrayOperator,
  elements: readonly unknown[],
  elementType: number,
): number {
  const stats = variableStatistics(context, column)?.stats ?? null;
  try {
    const share = arraySelectivity(stats?.elements, elementType, operator, elements);
    return share * (1 - (stats?.nullFraction ?? 0));
  } catch {
    // Elements that cannot be compared.
    return operator === 'overlaps' ? DEFAULT_OVERLAPS : DEFAULT_CONTAINS;
  }
}

/** value = ANY (column) and value <> ALL (column) are containment; null: it is something else (scalararraysel_containment). */
export function elementOfColumnSelectivity(
  context: SelectivityContext,
  node: Expr & { readonly kind: 'arrayCompare' },
): number | null {
  if (columnsIn(node.array).length === 0) return null;
  const comparison = comparisonOf(node.operator);
  const isEquality = comparison?.btreeStrategy === 3;
  if (!isEquality && comparison?.name !== '<>') return null;
  const value = knownValue(context, node.left);
  if (value === undefined) {
    const counted = isEquality && !node.all ? variableStatistics(context, node.array)?.stats : undefined;
    return counted?.elements === undefined ? null : meanFrequency(counted.elements) * (1 - counted.nullFraction);
  }
  if (value === null) return 0;
  const operator = node.all === isEquality ? 'contained' : 'contains';
  const share = elementsSelectivity(context, node.array, operator, [value], node.left.typeOid);
  return isEquality ? share : 1 - share;
}

function textCallSelectivity(context: SelectivityContext, call: Call): number {
  const sides = sidesOf(context, call);
  if (sides === null) return DEFAULT_TEXT_MATCH;
  const { column, value } = sides;
  if (value === null) return 0;
  if (!(value instanceof Uint8Array)) return DEFAULT_TEXT_MATCH;
  const stats = variableStatistics(context, column)?.stats ?? null;
  return textMatchSelectivity(stats?.elements, value) * (1 - (stats?.nullFraction ?? 0));
}

/** The operator tried on the common values and on the histogram's bounds, which are a sample (generic_restriction_selectivity). */
function matchingSelectivity(context: SelectivityContext, call: Call): number {
  const sides = sidesOf(context, call);
  if (sides === null) return DEFAULT_MATCH;
  const { column, value, isLeft } = sides;
  if (value === null) return 0;
  const stats = variableStatistics(context, column)?.stats ?? null;
  const { implementation, needsContext, specialise } = call.function;
  if (stats === null || value === undefined || needsContext || specialise) return DEFAULT_MATCH;
  const test = (item: Value): boolean => {
    try {
      return (isLeft ? implementation(item, value) : implementation(value, item)) === true;
    } catch {
      return false;
    }
  };
  const sample = stats.histogram.slice(1, -1);
  let share = DEFAULT_MATCH;
  if (stats.histogram.length >= BOUNDS_MIN) {
    share = sample.filter(test).length / sample.length;
    const weight = Math.min(1, stats.histogram.length / BOUNDS_ENOUGH);
    share = share * weight + DEFAULT_MATCH * (1 - weight);
  }
  share = Math.min(Math.max(share, MATCH_LEAST), 1 - MATCH_LEAST);
  const rest = Math.max(0, 1 - stats.nullFraction - commonShare(stats, column.typeOid));
  return Math.min(1, share * rest + commonMatching(stats, test));
}
