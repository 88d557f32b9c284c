/** Sort keys: direction, nulls, and whether the type can be ordered at all. */
import type { OrderItem } from '../../parser/ast.ts';
import type { Expr, SortKey } from '../expr.ts';
import { hasOrder } from './comparable.ts';
import type { BindContext, Position } from './context.ts';
import { findBinaryOperator } from './overload.ts';
import { positionOf } from './position.ts';

export function bindOrderItem(context: BindContext, item: OrderItem, expr: Expr): SortKey {
  let descending = item.direction === 'desc';
  const position = positionOf(context, item.position);
  if (item.direction === 'using') {
    const name = item.using![item.using!.length - 1];
    const operator = findBinaryOperator(context, name, expr.typeOid, expr.typeOid);
    const strategy = operator === null || operator === 'ambiguous' ? 0 : operator.btreeStrategy;
    if (strategy !== 1 && strategy !== 5) {
      throw context.error('42809', `operator ${name} is not a valid ordering operator`, position, {
        hint: 'Ordering operators must be "<" or ">" members of btree operator families.',
      });
    }
    descending = strategy === 5;
  } else mustHaveOrder(context, expr, positionOf(context, item.expr.position));
  const nullsFirst = item.nulls === null ? descending : item.nulls === 'first';
  return { expr, descending, nullsFirst };
}

function mustHaveOrder(context: BindContext, expr: Expr, position?: Position): void {
  if (hasOrder(context, expr.typeOid)) return;
  throw context.error(
    '42883',
    `could not identify an ordering operator for type ${context.types.name(expr.typeOid)}`,
    position ?? context.locationOf(expr),
    { hint: 'Use an explicit ordering operator or modify the query.' },
  );
}
