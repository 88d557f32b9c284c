/**
 * Conditions that have no place for an operator's schema (LIKE, BETWEEN, IN), for texts that are to be kept: where user-made operators are
 * behind them, as these operators.
 */
import { keptRoutineName, keptRoutineOid } from '../../catalog/kept-routines.ts';
import type { Expression } from '../../parser/ast.ts';
import { plainCall } from '../../parser/index.ts';
import type { DdlContext } from './context.ts';
import { castTo, isUnknownLiteral, mentionsColumns } from './understood-literal.ts';

/** Null: nothing that would have to be written in another way. */
export function withOperators(x: DdlContext, node: Expression): Expression | null {
  switch (node.kind) {
    case 'like':
      return ofLike(x, node);
    case 'between':
      return ofBetween(x, node);
    case 'inList':
      return ofInList(x, node);
    case 'inSubquery':
      return ofInSubquery(x, node);
    default:
      return null;
  }
}

/** What a kept schema is, where a user-made operator's oid stands in its place; the built-in ones need none. */
export function keptSchema(schema: string | null): string | null {
  return schema !== null && keptRoutineOid(schema) !== 0 ? schema : null;
}

type Kind<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** `operator` of the schema's place; null: a built-in one. */
function madeOperator(x: DdlContext, node: object, operator: string): { operator: string; schema: string } | null {
  const oid = x.operatorOf(node, operator);
  return oid === 0 ? null : { operator, schema: keptRoutineName(oid) };
}

function ofLike(x: DdlContext, node: Kind<'like'>): Expression | null {
  const { left, pattern, escape: escapeBy, negated, position } = node;
  const name = { like: '~~', ilike: '~~*', similar: '~' }[node.operator];
  const operator = madeOperator(x, node, negated ? `!${name}` : name);
  if (operator === null) return null;
  let right = pattern;
  if (node.operator === 'similar' || escapeBy !== null) {
    const escaper = node.operator === 'similar' ? 'similar_to_escape' : 'like_escape';
    right = plainCall(['pg_catalog', escaper], escapeBy === null ? [pattern] : [pattern, escapeBy], -1);
  }
  return { kind: 'operator', ...operator, left, right, position };
}

function ofBetween(x: DdlContext, node: Kind<'between'>): Expression | null {
  const { arg, lower, upper, negated, position } = node;
  const operators = operatorsOfBetween(negated);
  const isMade = [lower, upper].some((bound) => operators.some((operator) => x.operatorOf(bound, operator) !== 0));
  if (!isMade) return null;
  return asComparisons(node, (operator, right) => {
    const made = madeOperator(x, right, operator) ?? { operator, schema: null };
    return { kind: 'operator', ...made, left: arg, right, position };
  });
}

function operatorsOfBetween(negated: boolean): readonly [low: string, high: string] {
  return negated ? ['<', '>'] : ['>=', '<='];
}

/** BETWEEN as what it stands for; `compare` makes a comparison with a bound, which is the `side` of that `pair` of them (SYMMETRIC has two). */
export function asComparisons(
  { lower, upper, negated, symmetric, position }: Kind<'between'>,
  compare: (operator: string, bound: Expression, pair: 0 | 1, side: 0 | 1) => Expression,
): Expression {
  const [low, high] = operatorsOfBetween(negated);
  const both = (from: Expression, to: Expression, pair: 0 | 1): Expression => {
    return { kind: negated ? 'or' : 'and', args: [compare(low, from, pair, 0), compare(high, to, pair, 1)], position };
  };
  if (!symmetric) return both(lower, upper, 0);
  return { kind: negated ? 'and' : 'or', args: [both(lower, upper, 0), both(upper, lower, 1)], position };
}

/** As it is bound: values that are no columns are a list, the others comparisons. */
function ofInList(x: DdlContext, node: Kind<'inList'>): Expression | null {
  const { list, arg, negated, position } = node;
  const operator = madeOperator(x, node, negated ? '<>' : '=');
  if (operator === null) return null;
  const typeOid = x.catalog.operator(keptRoutineOid(operator.schema))?.rightTypeOid ?? 0;
  const values = list.filter((item) => !mentionsColumns(item));
  const isList = values.length > 1;
  const parts: Expression[] = (isList ? list.filter((item) => !values.includes(item)) : list).map((right) => ({
    kind: 'operator',
    ...operator,
    ...{ left: arg, right, position },
  }));
  if (isList) {
    const elements = values.map((item) => (isUnknownLiteral(item) ? castTo(x, item, typeOid) : item));
    const array: Expression = { kind: 'array', elements, position };
    parts.unshift({ kind: 'quantifiedArray', ...operator, all: negated, left: arg, array, position });
  }
  return parts.length === 1 ? parts[0] : { kind: negated ? 'and' : 'or', args: parts, position };
}

function ofInSubquery(x: DdlContext, node: Kind<'inSubquery'>): Expression | null {
  const { arg, query, negated, position } = node;
  const operator = madeOperator(x, node, '=');
  if (operator === null) return null;
  const any: Expression = { kind: 'quantifiedSubquery', ...operator, all: false, left: arg, query, position };
  return negated ? { kind: 'not', arg: any, position } : any;
}
