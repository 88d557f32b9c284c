/** Expressions that PostgreSQL has taken apart into comparisons. An understood text keeps them whole: there AND within AND would be one. */
import type { Expression } from '../../parser/ast.ts';

/** a = b of rows is a = b of their fields, all of them; <> and IS DISTINCT FROM of any. BETWEEN is two comparisons. */
export function comparisonsOf(node: Expression): Expression {
  if (node.kind === 'between') return ofBetween(node);
  if (node.kind !== 'operator' && node.kind !== 'isDistinct') return node;
  const { left, right, position } = node;
  if (left?.kind !== 'row' || right.kind !== 'row' || left.fields.length < 2) return node;
  const isAll = node.kind === 'operator' && node.operator === '=';
  if (node.kind === 'operator' && !isAll && node.operator !== '<>') return node;
  const args = left.fields.map((field, i) => ({ ...node, left: field, right: right.fields[i] }));
  return { kind: isAll ? 'and' : 'or', args, position };
}

function ofBetween(node: Extract<Expression, { kind: 'between' }>): Expression {
  const { arg, lower, upper, negated, symmetric, position } = node;
  const one = (low: Expression, high: Expression): Expression => {
    const compared = (operator: string, right: Expression): Expression => ({
      ...{ kind: 'operator', operator, schema: null, left: arg, right, position },
    });
    const args = [compared(negated ? '<' : '>=', low), compared(negated ? '>' : '<=', high)];
    return { kind: negated ? 'or' : 'and', args, position };
  };
  if (!symmetric) return one(lower, upper);
  return { kind: negated ? 'and' : 'or', args: [one(lower, upper), one(upper, lower)], position };
}
