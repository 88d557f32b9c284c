/** Functions and operators of ranges (manual 9.20). Those of multiranges: multirange.ts. */
import {
  type Comparator,
  compareBounds,
  compareRanges,
  emptyRange,
  isInclusive,
  LOWER_INCLUSIVE,
  LOWER_INFINITE,
  makeRange,
  mergeRanges,
  type Numeric,
  RANGE_EMPTY,
  type RangeType,
  rangesAdjacent,
  rangeType,
  type SqlRange,
  spanning,
  sqlError,
  UPPER_INCLUSIVE,
  UPPER_INFINITE,
} from '../../types/index.ts';
import type { Value } from '../function-entry.ts';
import type { AnyFunction, FunctionModule } from './module.ts';

const BOUND_FLAGS: ReadonlyMap<string, number> = new Map([
  ['()', 0],
  ['[)', LOWER_INCLUSIVE],
  ['(]', UPPER_INCLUSIVE],
  ['[]', LOWER_INCLUSIVE | UPPER_INCLUSIVE],
]);

function construct(type: RangeType, lower: Value, upper: Value, bounds: string | null): SqlRange {
  if (bounds === null) throw sqlError('22000', 'range constructor flags argument must not be null');
  const flags = BOUND_FLAGS.get(bounds);
  if (flags === undefined) {
    throw sqlError('42601', 'invalid range bound flags', {
      hint: 'Valid values are "[]", "[)", "(]", and "()".',
    });
  }
  return makeRange(
    type,
    lower,
    upper,
    flags | (lower === null ? LOWER_INFINITE : 0) | (upper === null ? UPPER_INFINITE : 0),
  );
}

export function rangeContainsElement(range: SqlRange, value: Value): boolean {
  const { flags, type } = range;
  if ((flags & RANGE_EMPTY) !== 0) return false;
  if ((flags & LOWER_INFINITE) === 0) {
    const order = type.compare(range.lower, value);
    if (order > 0 || (order === 0 && (flags & LOWER_INCLUSIVE) === 0)) return false;
  }
  if ((flags & UPPER_INFINITE) === 0) {
    const order = type.compare(range.upper, value);
    if (order < 0 || (order === 0 && (flags & UPPER_INCLUSIVE) === 0)) return false;
  }
  return true;
}

export function rangeContains(a: SqlRange, b: SqlRange): boolean {
  if (b.isEmpty) return true;
  if (a.isEmpty) return false;
  return compareBounds(a, true, b, true) <= 0 && compareBounds(a, false, b, false) >= 0;
}

export function rangesOverlap(a: SqlRange, b: SqlRange): boolean {
  if (a.isEmpty || b.isEmpty) return false;
  return compareBounds(a, true, b, false) <= 0 && compareBounds(b, true, a, false) <= 0;
}

/** a ends before b begins. */
export function isBefore(a: SqlRange, b: SqlRange): boolean {
  return !a.isEmpty && !b.isEmpty && compareBounds(a, false, b, true) < 0;
}

function union(a: SqlRange, b: SqlRange): SqlRange {
  if (!a.isEmpty && !b.isEmpty && !rangesOverlap(a, b) && !rangesAdjacent(a, b)) {
    throw sqlError('22000', 'result of range union would not be contiguous');
  }
  return mergeRanges(a, b);
}

export function intersectRanges(a: SqlRange, b: SqlRange): SqlRange {
  if (!rangesOverlap(a, b)) return emptyRange(a.type);
  const lower = compareBounds(a, true, b, true) >= 0 ? a : b;
  const upper = compareBounds(a, false, b, false) <= 0 ? a : b;
  return spanning(lower, upper);
}

/** What of `a` stands before `b`, which begins within it: to the other side of b's lower bound. */
export function partBefore(a: SqlRange, b: SqlRange): SqlRange {
  const upper = isInclusive(b, true) ? 0 : UPPER_INCLUSIVE;
  return makeRange(a.type, a.lower, b.lower, (a.flags & (LOWER_INCLUSIVE | LOWER_INFINITE)) | upper);
}

/** What of `a` stands behind `b`, which ends within it. */
export function partAfter(a: SqlRange, b: SqlRange): SqlRange {
  const lower = isInclusive(b, false) ? 0 : LOWER_INCLUSIVE;
  return makeRange(a.type, b.upper, a.upper, (a.flags & (UPPER_INCLUSIVE | UPPER_INFINITE)) | lower);
}

function minus(a: SqlRange, b: SqlRange): SqlRange {
  if (a.isEmpty || b.isEmpty) return a;
  const lowers = compareBounds(a, true, b, true);
  const uppers = compareBounds(a, false, b, false);
  if (lowers < 0 && uppers > 0) throw sqlError('22000', 'result of range difference would not be contiguous');
  if (compareBounds(a, true, b, false) > 0 || compareBounds(a, false, b, true) < 0) return a;
  if (lowers >= 0 && uppers <= 0) return emptyRange(a.type);
  return lowers < 0 ? partBefore(a, b) : partAfter(a, b);
}

/** Distances between values in seconds, by which GiST would weigh ranges. */
const subtractMicros = (a: number | bigint, b: number | bigint): number => {
  const exact = typeof a === 'bigint' || typeof b === 'bigint' ? Number(BigInt(a) - BigInt(b)) : a - b;
  return exact / 1e6;
};

export function byOrder(prefix: string, compare: Comparator): Record<string, AnyFunction> {
  return {
    [`${prefix}_eq`]: (a: Value, b: Value) => compare(a, b) === 0,
    [`${prefix}_ne`]: (a: Value, b: Value) => compare(a, b) !== 0,
    [`${prefix}_lt`]: (a: Value, b: Value) => compare(a, b) < 0,
    [`${prefix}_le`]: (a: Value, b: Value) => compare(a, b) <= 0,
    [`${prefix}_gt`]: (a: Value, b: Value) => compare(a, b) > 0,
    [`${prefix}_ge`]: (a: Value, b: Value) => compare(a, b) >= 0,
    [`${prefix}_cmp`]: (a: Value, b: Value) => Math.sign(compare(a, b)),
  };
}

const canonical = (range: SqlRange): SqlRange => range;

export const rangeFunctions: FunctionModule = {
  plain: {
    ...byOrder('range', compareRanges),
    range_lower: (range: SqlRange) => range.lower,
    range_upper: (range: SqlRange) => range.upper,
    range_empty: (range: SqlRange) => range.isEmpty,
    range_lower_inc: (range: SqlRange) => (range.flags & LOWER_INCLUSIVE) !== 0,
    range_upper_inc: (range: SqlRange) => (range.flags & UPPER_INCLUSIVE) !== 0,
    range_lower_inf: (range: SqlRange) => (range.flags & LOWER_INFINITE) !== 0,
    range_upper_inf: (range: SqlRange) => (range.flags & UPPER_INFINITE) !== 0,
    range_contains_elem: rangeContainsElement,
    elem_contained_by_range: (value: Value, range: SqlRange) => rangeContainsElement(range, value),
    range_contains: rangeContains,
    range_contained_by: (a: SqlRange, b: SqlRange) => rangeContains(b, a),
    range_overlaps: rangesOverlap,
    range_adjacent: rangesAdjacent,
    range_before: isBefore,
    range_after: (a: SqlRange, b: SqlRange) => isBefore(b, a),
    range_overleft: (a: SqlRange, b: SqlRange) => !a.isEmpty && !b.isEmpty && compareBounds(a, false, b, false) <= 0,
    range_overright: (a: SqlRange, b: SqlRange) => !a.isEmpty && !b.isEmpty && compareBounds(a, true, b, true) >= 0,
    range_union: union,
    range_merge: mergeRanges,
    range_intersect: intersectRanges,
    range_intersect_agg_transfn: intersectRanges,
    range_minus: minus,
    int4range_canonical: canonical,
    int8range_canonical: canonical,
    daterange_canonical: canonical,
    int4range_subdiff: (a: number, b: number) => a - b,
    int8range_subdiff: (a: number | bigint, b: number | bigint) => Number(a) - Number(b),
    numrange_subdiff: (a: Numeric, b: Numeric) => a.sub(b).nearestFloat8(),
    daterange_subdiff: (a: number, b: number) => a - b,
    tsrange_subdiff: subtractMicros,
    tstzrange_subdiff: subtractMicros,
  },
  specialised: {
    range_constructor2: (_argTypes, returnType) => (lower: Value, upper: Value) =>
      construct(rangeType(returnType), lower, upper, '[)'),
    range_constructor3: (_argTypes, returnType) => (lower: Value, upper: Value, bounds: string | null) =>
      construct(rangeType(returnType), lower, upper, bounds),
  },
  aggregates: {
    range_intersect_agg_anyrange: {
      strict: true,
      orderInsensitive: true,
      create: () => ({
        initial: () => null,
        step: (state: SqlRange | null, range: SqlRange) => (state === null ? range : intersectRanges(state, range)),
        final: (state: SqlRange | null) => state,
      }),
    },
  },
};
