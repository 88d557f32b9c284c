/** Whether a type can be ordered, and its values grouped: a composite type if all its attributes can, an array type if its elements can. */
import { comparisonOperator, equalityFunction } from '../../catalog/functions/index.ts';
import type { BindContext, Position } from './context.ts';
import { RECORD_ARRAY } from './type-info.ts';

export function hasOrder(context: BindContext, typeOid: number): boolean {
  return every(context, typeOid, (oid) => comparisonOperator(oid, 1) !== null);
}

function hasEquality(context: BindContext, typeOid: number): boolean {
  return every(context, typeOid, (oid) => equalityFunction(oid) !== null);
}

function every(context: BindContext, typeOid: number, test: (comparedAs: number) => boolean): boolean {
  const { types } = context;
  const base = types.base(typeOid);
  const attributes = types.get(base)?.attributes;
  if (attributes !== undefined) return attributes.every((attribute) => every(context, attribute.typeOid, test));
  const element = base === RECORD_ARRAY ? 0 : types.elementOf(base);
  return element === 0 ? test(types.comparedAs(base)) : every(context, element, test);
}

/** Types without equality cannot be grouped, distinct, hashed. */
export function mustHaveEquality(context: BindContext, typeOid: number, position: Position): void {
  if (hasEquality(context, typeOid)) return;
  throw context.error(
    '42883',
    `could not identify an equality operator for type ${context.types.name(typeOid)}`,
    position,
  );
}
