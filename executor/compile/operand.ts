/**
 * Operands: what the expression compiler knows about a computed value at compile time.
 *
 * A value is a piece of code plus a piece of code that tells whether it is null; keeping the two apart lets V8 hold numbers
 * unboxed. `rep` says what the value is when it is not null.
 */
import { OID } from '../../types/index.ts';
import type { Code } from './emitter.ts';

export type Rep =
  | 'num' /* a JavaScript number, never a bigint */
  | 'bool'
  | 'str'
  | 'any' /* any runtime value; the code itself yields null when null */
  | 'slice' /* bytes of a text, tsvector or uuid in the pool: from `start` to `end` */
  | 'dec'; /* numeric as a scaled double, `scale` digits after the point, or in a register (decimal-calls.ts) */

export interface Operand {
  readonly rep: Rep;
  readonly typeOid: number;
  /** The value; meaningful only when not null. For slices the decoded text is made by toAny. */
  readonly value: Code;
  /** 'true', 'false' or an expression. */
  readonly isNull: Code;
  readonly start?: Code;
  readonly end?: Code;
  /** Of a slice within another, whose end has to be searched: a place that is not before it. */
  readonly limit?: Code;
  /** Of a slice for the client, in generic mode: the LongText that a long value is instead, or null. */
  readonly long?: Code;
  readonly scale?: number;
  /** Of a decimal whose double may be NaN: then it stands in this register of the function. */
  readonly register?: number;
}

export const NULL_OPERAND = (typeOid: number): Operand => ({ rep: 'any', typeOid, value: 'null', isNull: 'true' });

/** What non-null values of a type are. int8, timestamps and the like may be bigint, so 'any'. */
export function repOfType(typeOid: number): Rep {
  switch (typeOid) {
    case OID.BOOL:
      return 'bool';
    case OID.INT2:
    case OID.INT4:
    case OID.OID:
    case OID.DATE:
    case OID.TIME:
    case OID.FLOAT4:
    case OID.FLOAT8:
    case OID.REGCLASS:
    case OID.REGTYPE:
    case OID.REGPROC:
    case OID.TID:
      return 'num';
    case OID.TEXT:
    case OID.VARCHAR:
    case OID.BPCHAR:
    case OID.NAME:
      return 'str';
    default:
      return 'any';
  }
}

/** `a || b` without the constant parts. */
export function anyOf(conditions: readonly Code[]): Code {
  if (conditions.includes('true')) return 'true';
  const parts = conditions.filter((c, i) => c !== 'false' && conditions.indexOf(c) === i);
  return parts.length === 0 ? 'false' : parts.length === 1 ? parts[0] : `(${parts.join(' || ')})`;
}
