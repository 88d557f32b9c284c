/** Range types by oid: the built-in ones, and those that the catalog has registered. */
import { assert } from './assert.ts';
import { comparator } from './compare.ts';
import { DAYS_END } from './datetime/calendar.ts';
import { sqlError } from './errors.ts';
import { normaliseInt8 } from './integer.ts';
import { OID } from './oid.ts';
import type { RangeType } from './range.ts';
import { baseTypeOid, onTypeRegistration, typeByOid } from './type.ts';
import type { Value } from './value.ts';

const INT4_MAX = 2147483647;
const INT8_MAX = (1n << 63n) - 1n;

/** What makes the built-in discrete types discrete. Ranges over the same subtypes that users make are continuous. */
const SUCCESSORS: ReadonlyMap<number, (value: Value) => Value | null> = new Map<number, (value: Value) => Value | null>(
  [
    [
      OID.INT4RANGE,
      (value: number) => {
        if (value === INT4_MAX) throw sqlError('22003', 'integer out of range');
        return value + 1;
      },
    ],
    [
      OID.INT8RANGE,
      (value: number | bigint) => {
        if (typeof value === 'number' && value < Number.MAX_SAFE_INTEGER) return value + 1;
        const next = BigInt(value) + 1n;
        if (next > INT8_MAX) throw sqlError('22003', 'bigint out of range');
        return normaliseInt8(next);
      },
    ],
    [
      OID.DATERANGE,
      (value: number) => {
        if (!Number.isFinite(value)) return null;
        if (value + 1 >= DAYS_END) throw sqlError('22008', 'date out of range');
        return value + 1;
      },
    ],
  ],
);

const rangeTypes = new Map<number, RangeType>();
// Enums among the subtypes get new labels.
onTypeRegistration(() => rangeTypes.clear());

/** The range type with this oid, or that of the multirange type with this oid; domains as their base. */
export function rangeType(oid: number): RangeType {
  let found = rangeTypes.get(oid);
  if (found === undefined) {
    found = makeRangeType(oid);
    rangeTypes.set(oid, found);
  }
  return found;
}

function makeRangeType(oid: number): RangeType {
  const base = baseTypeOid(oid);
  if (base !== oid) return rangeType(base);
  const type = typeByOid(oid);
  if (type?.kind === 'm' && type.rangeOid !== undefined) return rangeType(type.rangeOid);
  assert(type?.subtypeOid !== undefined, 'a range type has a subtype');
  return {
    oid,
    multirangeOid: type.multirangeOid ?? 0,
    subtypeOid: type.subtypeOid,
    compare: comparator(type.subtypeOid),
    successor: SUCCESSORS.get(oid) ?? null,
  };
}
