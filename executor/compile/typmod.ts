/** Length and precision coercion (typmodCast) and element-wise array casts. */
import type { Value } from '../../catalog/function-entry.ts';
import { coerceTypmod, type SqlArray } from '../../types/index.ts';

/** The function that applies a type modifier to a non-null value of the type; explicit casts truncate instead of failing. */
export function applyTypmod(typeOid: number, typeModifier: number, isExplicit: boolean): (value: Value) => Value {
  return (value) => coerceTypmod(typeOid, typeModifier, value, isExplicit);
}

export function coerceArrayElements(array: SqlArray, elementType: number, convert: (value: Value) => Value): SqlArray {
  return array.map(elementType, convert);
}
