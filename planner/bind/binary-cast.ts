/**
 * CREATE CAST ... WITHOUT FUNCTION: the bytes of a value are taken for a value of another type. Here values of many types are the same
 * JavaScript value, and then it is relabelled; where they are not, it goes through the types' binary forms.
 */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { inputBinary, OID, outputBinary } from '../../types/index.ts';

/** Types whose values are alike. */
const ALIKE: readonly ReadonlySet<number>[] = [
  new Set([OID.TEXT, OID.VARCHAR, OID.BPCHAR, OID.JSON]),
  new Set([OID.INT4, OID.DATE]),
  new Set([OID.INT8, OID.TIMESTAMP, OID.TIMESTAMPTZ, OID.TIME, OID.MONEY]),
];

/** The function that makes one of the other; null: they are the same. */
export function reinterpretation(source: number, target: number): ScalarFunction | null {
  if (ALIKE.some((group) => group.has(source) && group.has(target))) return null;
  return {
    kind: 'scalar',
    oid: 0,
    internalName: `binary_cast_${source}_${target}`,
    name: 'binary_cast',
    argumentTypes: [source],
    variadic: false,
    returnType: target,
    returnsSet: false,
    strict: true,
    volatility: 'immutable',
    needsContext: false,
    specialise: false,
    implementation: (value) => inputBinary(target, -1, outputBinary(source, value)),
  };
}
