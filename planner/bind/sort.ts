/** Sort keys: direction, nulls, and whether the type can be ordered at all. */
import type { OrderItem } from '../../parser/ast.ts';
import type { Expr, SortKey } from '../expr.ts';
import { hasOrder } from './comparable.ts';
import { checkOperatorSchema } from './comparison.ts';
import type { BindContext, Position } from './context.ts';
import { isBinaryCoercible } from './lookup.ts';
import { mustFindOperator } from './overload.ts';
import { positionOf } from './position.ts';

export function bindOrderItem(context: BindContext, item: OrderItem, expr: Expr): SortKey {
  if (item.direction === 'using') return bindUsing(context, item, expr);
  mustHaveOrder(context, expr, positionOf(context, item.expr.position));
  const descending = item.direction === 'desc';
  return { expr, descending, nullsFirst: item.nulls === null ? descending : item.nulls === 'first' };
}

/** "<" and ">" of the operator classes that compare texts by their bytes, whatever their collation. */
const BYTEWISE: Readonly<Record<string, 1 | 5>> = {
  text_pattern_lt: 1,
  text_pattern_gt: 5,
  bpchar_pattern_lt: 1,
  bpchar_pattern_gt: 5,
  citext_pattern_lt: 1,
  citext_pattern_gt: 5,
};

function bindUsing(context: BindContext, item: OrderItem, expr: Expr): SortKey {
  const { types, environment } = context;
  const position = positionOf(context, item.position);
  const [name, schema] = item.using!.toReversed();
  const { typeOid } = expr;
  checkOperatorSchema(context, schema ?? null, position);
  const operator = mustFindOperator(context, name, typeOid, typeOid, position, schema ?? null);
  if (![operator.leftType, operator.rightType].every((oid) => isBinaryCoercible(environment, typeOid, oid))) {
    const shown = `${types.name(typeOid)} ${name} ${types.name(typeOid)}`;
    throw context.error('42883', `operator requires run-time type coercion: ${shown}`, position);
  }
  const bytewise = BYTEWISE[operator.function.name];
  const strategy = bytewise ?? operator.btreeStrategy;
  if (strategy !== 1 && strategy !== 5) {
    throw context.error('42809', `operator ${name} is not a valid ordering operator`, position, {
      hint: 'Ordering operators must be "<" or ">" members of btree operator families.',
    });
  }
  const descending = strategy === 5;
  const nullsFirst = item.nulls === null ? descending : item.nulls === 'first';
  return { expr, descending, nullsFirst, ...(bytewise === undefined ? {} : { isBytewise: true as const }) };
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
