/** Which conditions an inverted index (gin) can answer: operators of its columns' classes, with a value that is known before the scan. */
import { ARRAY_HAS_ELEMENT, type InvertedClass, invertedClassOf } from '../../catalog/inverted-classes.ts';
import type { Value } from '../../types/index.ts';
import type { BindContext } from '../bind/context.ts';
import { knownValue } from '../cost/known-values.ts';
import type { Expr } from '../expr.ts';
import { commutatorOf, comparisonOf, operatorOf } from '../operators.ts';
import { relsOf } from '../relation-sets.ts';
import { isVolatile } from '../traverse.ts';
import { asKeyValue, matchesExpression, type UsableIndex } from './index-match.ts';
import type { Planner } from './planner.ts';

export interface InvertedMatch {
  readonly usable: UsableIndex;
  /** Key column, from 0. */
  readonly column: number;
  readonly strategy: number;
  readonly value: Expr;
  /** The condition with the column on its left side, for EXPLAIN. */
  readonly condition: Expr;
}

/** Rows that the match finds, from the index's posting lists; -1: the value is not known, or nobody knows. */
export function searchCount(planner: Planner, match: InvertedMatch): number {
  const value = knownValue(planner.selectivity, match.value);
  if (value === undefined) return -1;
  if (value === null) return 0;
  const { statistics } = planner.context.environment;
  return statistics.indexSearchCount(match.usable.index.oid, match.column, match.strategy, value as Value);
}

/** How the index can take part in the condition: by the first column that it fits. */
export function matchInverted(
  context: BindContext,
  rel: number,
  usable: UsableIndex,
  expr: Expr,
): InvertedMatch | null {
  for (let column = 0; column < usable.keys.length; column++) {
    const key = usable.keys[column];
    const item = invertedClassOf(key.typeOid, usable.index.columns[column].operatorClass);
    if (item === null) continue;
    const match =
      expr.kind === 'arrayCompare' ? matchElement(context, key, item, expr) : matchCall(context, key, item, expr);
    if (match === null || relsOf(match.value).has(rel) || isVolatile(match.value)) continue;
    return { usable, column, ...match };
  }
  return null;
}

type Match = Pick<InvertedMatch, 'strategy' | 'value' | 'condition'>;

function matchCall(context: BindContext, key: Expr, item: InvertedClass, expr: Expr): Match | null {
  if (expr.kind !== 'call' || expr.args.length !== 2) return null;
  let operator = operatorOf(expr.function);
  if (operator === null) return null;
  let [own, value] = expr.args;
  let condition: Expr = expr;
  if (!item.strategies.has(operator.name) || !matchesExpression(context, key, own)) {
    if (!matchesExpression(context, key, value)) return null;
    operator = commutatorOf(operator);
    if (operator === null) return null;
    [own, value] = [value, own];
    condition = { ...expr, function: operator.function, args: [own, value] };
  }
  const strategy = item.strategies.get(operator.name);
  if (strategy === undefined || operator.leftType !== item.inputType) return null;
  return { strategy, value, condition };
}

/** value = ANY (column). */
function matchElement(
  context: BindContext,
  key: Expr,
  item: InvertedClass,
  expr: Expr & { kind: 'arrayCompare' },
): Match | null {
  if (item.name !== 'array_ops' || expr.all || comparisonOf(expr.operator)?.btreeStrategy !== 3) return null;
  if (!matchesExpression(context, key, expr.array)) return null;
  const value = asKeyValue(context, context.types.elementOf(key.typeOid), expr.left, true);
  return value === null ? null : { strategy: ARRAY_HAS_ELEMENT, value, condition: expr };
}
