/** Fields of frequent types in the form that nearly all of them have. */
import type { Value } from '../../catalog/function-entry.ts';
import {
  OID,
  plainCoefficient,
  plainDate,
  plainFloat8,
  plainInteger,
  plainNumeric,
  plainTimestamp,
} from '../../types/index.ts';
import type { CopyColumn } from './copy-source.ts';

/** Of a timestamp's modifier: microseconds, so that nothing is rounded. */
const MICROSECONDS = 6;

/** The value of a field; undefined: it needs the type's input function. */
export function plainValue(data: Buffer, from: number, to: number, column: CopyColumn): Value | undefined {
  if (column.typeOid === OID.NUMERIC) return plainNumeric(data, from, to, column.typeModifier) ?? undefined;
  const value = plainNumber(data, from, to, column.typeOid, column.typeModifier);
  return value === value ? value : undefined;
}

/** The same of types whose values are numbers, and a numeric's coefficient; NaN: it needs the type's input function. */
export function plainNumber(data: Buffer, from: number, to: number, typeOid: number, typeModifier: number): number {
  switch (typeOid) {
    case OID.INT4: {
      const value = plainInteger(data, from, to);
      return value < 2147483648 && value > -2147483648 ? value : Number.NaN;
    }
    case OID.INT8:
      return plainInteger(data, from, to);
    case OID.INT2: {
      const value = plainInteger(data, from, to);
      return value < 32768 && value > -32768 ? value : Number.NaN;
    }
    case OID.FLOAT8:
      return plainFloat8(data, from, to);
    case OID.DATE:
      return plainDate(data, from, to);
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ:
      if (typeModifier >= 0 && typeModifier < MICROSECONDS) return Number.NaN;
      return plainTimestamp(data, from, to, typeOid === OID.TIMESTAMPTZ);
    case OID.NUMERIC:
      return plainCoefficient(data, from, to, typeModifier);
    default:
      return Number.NaN;
  }
}
