/**
 * Equality of two columns (selfuncs.c: eqjoinsel). Where both have most common values these are matched with each other; what is
 * left over, and everything where one has none, is spread evenly over the distinct values.
 */
import { hashKey } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { type SelectivityContext, type VariableStatistics, variableStatistics } from './column-statistics.ts';

const DEFAULT_EQUAL = 0.005;

function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/** Rows of a join on left = right, as a share of the product. */
export function joinSelectivity(context: SelectivityContext, left: Expr, right: Expr): number {
  const a = variableStatistics(context, left);
  const b = variableStatistics(context, right);
  if (a === null && b === null) return DEFAULT_EQUAL;
  if (a !== null && b !== null && left.typeOid === right.typeOid) {
    const matched = matchCommon(a, b, left.typeOid);
    if (matched !== null) return matched.share;
  }
  const distinct = Math.max(a?.distinct ?? 0, b?.distinct ?? 0, 1);
  return clamp(((1 - nullsOf(a)) * (1 - nullsOf(b))) / distinct);
}

function nullsOf(known: VariableStatistics | null): number {
  return known?.stats?.nullFraction ?? 0;
}

interface Matched {
  readonly share: number;
  /** Share of the left rows whose value is a common one on both sides. */
  readonly leftMatched: number;
  readonly matches: number;
}

function matchCommon(a: VariableStatistics, b: VariableStatistics, typeOid: number): Matched | null {
  if (a.stats === null || b.stats === null) return null;
  const [left, right] = [a.stats, b.stats];
  if (left.mostCommonValues.length === 0 || right.mostCommonValues.length === 0) return null;
  const keyOf = hashKey(typeOid);
  const byKey = new Map<unknown, number>();
  right.mostCommonValues.forEach((value, i) => {
    byKey.set(keyOf(value), right.mostCommonFrequencies[i]);
  });
  let [product, leftMatched, rightMatched, leftOther, matches] = [0, 0, 0, 0, 0];
  left.mostCommonValues.forEach((value, i) => {
    const own = left.mostCommonFrequencies[i];
    const other = byKey.get(keyOf(value));
    if (other === undefined) leftOther += own;
    else {
      product += own * other;
      leftMatched += own;
      rightMatched += other;
      matches++;
    }
  });
  const rightOther = clamp(right.mostCommonFrequencies.reduce((sum, share) => sum + share, 0) - rightMatched);
  const leftRest = clamp(1 - left.nullFraction - leftMatched - leftOther);
  const rightRest = clamp(1 - right.nullFraction - rightMatched - rightOther);
  const [n, m] = [left.mostCommonValues.length, right.mostCommonValues.length];
  // Common values of one side that are not common on the other meet what is left there.
  let fromLeft = product;
  if (b.distinct > m) fromLeft += (leftOther * rightRest) / (b.distinct - m);
  if (b.distinct > matches) fromLeft += (leftRest * (rightRest + rightOther)) / (b.distinct - matches);
  let fromRight = product;
  if (a.distinct > n) fromRight += (rightOther * leftRest) / (a.distinct - n);
  if (a.distinct > matches) fromRight += (rightRest * (leftRest + leftOther)) / (a.distinct - matches);
  return { share: clamp(Math.min(fromLeft, fromRight)), leftMatched, matches };
}

/**
 * Share of the outer rows that have a match among `innerRows` rows of the inner side (eqjoinsel_semi): the distinct values of
 * the inner side that are left, of those of the outer side.
 */
export function semiJoinSelectivity(context: SelectivityContext, outer: Expr, inner: Expr, innerRows: number): number {
  const a = variableStatistics(context, outer);
  const b = variableStatistics(context, inner);
  const nulls = nullsOf(a);
  if (a === null || b === null) return clamp(0.5 * (1 - nulls));
  const left = remainingDistinct(b.distinct, b.rows, innerRows);
  if (a.isDefault || b.isDefault) {
    return a.isDefault && b.isDefault && innerRows >= b.rows
      ? 0.5 * (1 - nulls)
      : clamp(left / a.distinct) * (1 - nulls);
  }
  const isWhole = innerRows >= b.rows * 0.99;
  if (isWhole && outer.typeOid === inner.typeOid) {
    const matched = matchCommon(a, b, outer.typeOid);
    if (matched !== null) {
      const uncertain = Math.max(0, 1 - matched.leftMatched - nulls);
      const ownLeft = a.distinct - matched.matches;
      const otherLeft = left - matched.matches;
      const share = ownLeft <= otherLeft || ownLeft <= 0 ? 1 : Math.max(0, otherLeft) / ownLeft;
      return clamp(matched.leftMatched + uncertain * share);
    }
  }
  return clamp(left / a.distinct) * (1 - nulls);
}

/** Distinct values among `rows` of `total` rows, taken at random, that have `distinct` values altogether (Yao, Dell'Era). */
export function remainingDistinct(distinct: number, total: number, rows: number): number {
  if (rows >= total || distinct <= 1) return Math.max(1, distinct);
  const perValue = total / distinct;
  return Math.max(1, Math.min(rows, distinct * (1 - (1 - rows / total) ** perValue)));
}
