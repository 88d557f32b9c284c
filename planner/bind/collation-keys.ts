/** Keys of sorting and grouping under a collation, and the texts that they were made of. */
import { collationKey, collationText } from '../../catalog/functions/collated.ts';
import type { Expr } from '../expr.ts';
import { nameOf } from './collation-state.ts';
import type { BindContext } from './context.ts';

/** `isTrimmed`: char(n) without its padding. */
export function keyCall(context: BindContext, expr: Expr, collation: number, isTrimmed: boolean): Expr {
  const fn = collationKey(collation, context.types.base(expr.typeOid), isTrimmed);
  return context.copyLocation(expr, {
    kind: 'call',
    function: fn,
    args: [expr],
    typeOid: fn.returnType,
    typeModifier: -1,
  });
}

/** Of a collation that calls different texts equal. Arrays of them are compared by their elements, of which nobody knows what they are keys of. */
export function groupingKey(context: BindContext, expr: Expr, collation: number): Expr {
  const { types } = context;
  if (types.elementOf(types.base(expr.typeOid)) !== 0) refuseGrouping(context, expr, collation);
  return keyCall(context, expr, collation, false);
}

/** The text that a key was made of: of a group, the first one's. */
export function textCall(context: BindContext, key: Expr, like: Expr, collation: number): Expr {
  const { typeOid, typeModifier } = like;
  const fn = collationText(collation, context.types.base(typeOid));
  return context.copyLocation(like, { kind: 'call', function: fn, args: [key], typeOid, typeModifier });
}

/** What is grouped otherwise than by keys of one text. */
export function refuseGrouping(context: BindContext, expr: Expr, collation: number): never {
  throw context.error(
    '0A000',
    `grouping by the nondeterministic collation "${nameOf(context, collation)}" is not supported here`,
    context.locationOf(expr),
  );
}

/** Columns of a set operation as keys, and the text that a key of the result was made of. */
export interface KeyedColumns {
  readonly keys: readonly Expr[];
  textOf(column: Expr): Expr;
}
