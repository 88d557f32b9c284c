/**
 * int4 and oid are the same 32 bits: PostgreSQL relabels one as the other, and what is above 2,147,483,647 as an oid is negative as an
 * int4. Here they are different numbers, so the cast is a call.
 */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { typeByOid } from '../../types/index.ts';
import { INT4, OID } from './type-info.ts';

function reinterpretation(name: string, from: number, to: number, implementation: (value: number) => number) {
  const result: ScalarFunction = {
    kind: 'scalar',
    oid: 0,
    internalName: name,
    name,
    argumentTypes: [from],
    variadic: false,
    returnType: to,
    returnsSet: false,
    strict: true,
    volatility: 'immutable',
    needsContext: false,
    specialise: false,
    implementation,
  };
  return result;
}

const INT4_AS_OID = reinterpretation('int4_as_oid', INT4, OID, (value) => value >>> 0);
const OID_AS_INT4 = reinterpretation('oid_as_int4', OID, INT4, (value) => value | 0);

function isOid(typeOid: number): boolean {
  return typeOid === OID || typeByOid(typeOid)?.name.startsWith('reg') === true;
}

/** What computes the one of the other; null: they are not int4 and oid, or a reg* type. */
export function oidBits(from: number, to: number): ScalarFunction | null {
  if (from === INT4 && isOid(to)) return INT4_AS_OID;
  return to === INT4 && isOid(from) ? OID_AS_INT4 : null;
}

export function isOidBits(fn: ScalarFunction): boolean {
  return fn === INT4_AS_OID || fn === OID_AS_INT4;
}
