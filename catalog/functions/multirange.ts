/** Functions and operators of multiranges (manual 9.20), those between them and ranges, and the aggregates that make them. */
import {
  compareBounds,
  compareMultiranges,
  emptyRange,
  LOWER_INCLUSIVE,
  LOWER_INFINITE,
  makeMultirange,
  type RangeType,
  rangeType,
  type SqlArray,
  SqlMultirange,
  type SqlRange,
  spanning,
  sqlError,
  touches,
  UPPER_INCLUSIVE,
  UPPER_INFINITE,
} from '../../types/index.ts';
import type { Value } from '../function-entry.ts';
import type { AggregateSpec, FunctionModule } from './module.ts';
import {
  byOrder,
  intersectRanges,
  isBefore,
  partAfter,
  partBefore,
  rangeContains,
  rangeContainsElement,
  rangesOverlap,
} from './range.ts';

/** The first range whose end is not before what is looked for: `isBehind(range)` is false for all from it on. */
function firstNotBehind(ranges: readonly SqlRange[], isBehind: (range: SqlRange) => boolean): SqlRange | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBehind(ranges[middle])) low = middle + 1;
    else high = middle;
  }
  return ranges[low];
}

function containsElement(multirange: SqlMultirange, value: Value): boolean {
  const { compare } = multirange.type;
  const range = firstNotBehind(multirange.ranges, (each) => {
    if ((each.flags & UPPER_INFINITE) !== 0) return false;
    const order = compare(each.upper, value);
    return order < 0 || (order === 0 && (each.flags & UPPER_INCLUSIVE) === 0);
  });
  return range !== undefined && rangeContainsElement(range, value);
}

/** The first range that does not end before `other` begins. */
function firstMeeting(multirange: SqlMultirange, other: SqlRange): SqlRange | undefined {
  return firstNotBehind(multirange.ranges, (each) => compareBounds(each, false, other, true) < 0);
}

function containsRange(multirange: SqlMultirange, range: SqlRange): boolean {
  if (range.isEmpty) return true;
  const found = firstMeeting(multirange, range);
  return found !== undefined && rangeContains(found, range);
}

function containsMultirange(a: SqlMultirange, b: SqlMultirange): boolean {
  return b.ranges.every((range) => containsRange(a, range));
}

function overlapsRange(multirange: SqlMultirange, range: SqlRange): boolean {
  if (range.isEmpty) return false;
  const found = firstMeeting(multirange, range);
  return found !== undefined && rangesOverlap(found, range);
}

/** First and last range of a multirange, the range itself of a range; null when there is nothing in it. */
function ends(value: SqlMultirange | SqlRange): { first: SqlRange; last: SqlRange } | null {
  if (!(value instanceof SqlMultirange)) return value.isEmpty ? null : { first: value, last: value };
  const { ranges } = value;
  return ranges.length === 0 ? null : { first: ranges[0], last: ranges[ranges.length - 1] };
}

type Either = SqlMultirange | SqlRange;

/** A relation that only the ends decide; false when one side has none. */
function byEnds(
  test: (a: { first: SqlRange; last: SqlRange }, b: { first: SqlRange; last: SqlRange }) => boolean,
): (a: Either, b: Either) => boolean {
  return (a, b) => {
    const endsOfA = ends(a);
    const endsOfB = ends(b);
    return endsOfA !== null && endsOfB !== null && test(endsOfA, endsOfB);
  };
}

const before = byEnds((a, b) => isBefore(a.last, b.first));
const after = byEnds((a, b) => isBefore(b.last, a.first));
const overleft = byEnds((a, b) => compareBounds(a.last, false, b.last, false) <= 0);
const overright = byEnds((a, b) => compareBounds(a.first, true, b.first, true) >= 0);
const adjacent = byEnds((a, b) => touches(a.last, b.first) || touches(b.last, a.first));

/** A range holds a multirange when it holds all from its first to its last range. */
function rangeContainsMultirange(range: SqlRange, multirange: SqlMultirange): boolean {
  return (
    multirange.ranges.length === 0 || (!range.isEmpty && multirange.ranges.every((each) => rangeContains(range, each)))
  );
}

function minus(a: SqlMultirange, b: SqlMultirange): SqlMultirange {
  const result: SqlRange[] = [];
  let from = 0;
  for (const range of a.ranges) {
    let rest: SqlRange | null = range;
    while (from < b.ranges.length && isBefore(b.ranges[from], range)) from++;
    for (let i = from; i < b.ranges.length && rest !== null && !isBefore(rest, b.ranges[i]); i++) {
      const hole = b.ranges[i];
      if (compareBounds(rest, true, hole, true) < 0) result.push(partBefore(rest, hole));
      rest = compareBounds(rest, false, hole, false) > 0 ? partAfter(rest, hole) : null;
    }
    if (rest !== null) result.push(rest);
  }
  return new SqlMultirange(a.type, result);
}

function intersect(a: SqlMultirange, b: SqlMultirange): SqlMultirange {
  const result: SqlRange[] = [];
  let i = 0;
  let j = 0;
  while (i < a.ranges.length && j < b.ranges.length) {
    const common = intersectRanges(a.ranges[i], b.ranges[j]);
    if (!common.isEmpty) result.push(common);
    if (compareBounds(a.ranges[i], false, b.ranges[j], false) < 0) i++;
    else j++;
  }
  return new SqlMultirange(a.type, result);
}

function construct(type: RangeType, ranges: SqlArray): SqlMultirange {
  if (ranges.dimensions.length > 1) {
    throw sqlError('21000', 'multiranges cannot be constructed from multidimensional arrays');
  }
  if (ranges.hasNull) throw sqlError('22004', 'multirange values cannot contain null members');
  return makeMultirange(type, ranges.elements as readonly SqlRange[]);
}

/** range_agg: all ranges of the group, made one at its end; null without any. */
function collect(partsOf: (value: Value) => readonly SqlRange[]): AggregateSpec {
  return {
    strict: true,
    orderInsensitive: true,
    create: (_argTypes, returnType) => ({
      initial: () => null,
      step: (state: SqlRange[] | null, value: Value) => {
        const ranges = state ?? [];
        ranges.push(...partsOf(value));
        return ranges;
      },
      final: (state: SqlRange[] | null) => (state === null ? null : makeMultirange(rangeType(returnType), state)),
    }),
  };
}

const hasFlag =
  (pick: 'first' | 'last', flag: number) =>
  (value: SqlMultirange): boolean => {
    const found = ends(value);
    return found !== null && (found[pick].flags & flag) !== 0;
  };

export const multirangeFunctions: FunctionModule = {
  plain: {
    ...byOrder('multirange', compareMultiranges),
    multirange_lower: (value: SqlMultirange) => ends(value)?.first.lower ?? null,
    multirange_upper: (value: SqlMultirange) => ends(value)?.last.upper ?? null,
    multirange_empty: (value: SqlMultirange) => value.ranges.length === 0,
    multirange_lower_inc: hasFlag('first', LOWER_INCLUSIVE),
    multirange_upper_inc: hasFlag('last', UPPER_INCLUSIVE),
    multirange_lower_inf: hasFlag('first', LOWER_INFINITE),
    multirange_upper_inf: hasFlag('last', UPPER_INFINITE),
    multirange_contains_elem: containsElement,
    elem_contained_by_multirange: (value: Value, multirange: SqlMultirange) => containsElement(multirange, value),
    multirange_contains_range: containsRange,
    range_contained_by_multirange: (range: SqlRange, multirange: SqlMultirange) => containsRange(multirange, range),
    multirange_contains_multirange: containsMultirange,
    multirange_contained_by_multirange: (a: SqlMultirange, b: SqlMultirange) => containsMultirange(b, a),
    range_contains_multirange: rangeContainsMultirange,
    multirange_contained_by_range: (multirange: SqlMultirange, range: SqlRange) =>
      rangeContainsMultirange(range, multirange),
    range_overlaps_multirange: (range: SqlRange, multirange: SqlMultirange) => overlapsRange(multirange, range),
    multirange_overlaps_range: overlapsRange,
    multirange_overlaps_multirange: (a: SqlMultirange, b: SqlMultirange) =>
      a.ranges.some((range) => overlapsRange(b, range)),
    range_before_multirange: before,
    multirange_before_range: before,
    multirange_before_multirange: before,
    range_after_multirange: after,
    multirange_after_range: after,
    multirange_after_multirange: after,
    range_overleft_multirange: overleft,
    multirange_overleft_range: overleft,
    multirange_overleft_multirange: overleft,
    range_overright_multirange: overright,
    multirange_overright_range: overright,
    multirange_overright_multirange: overright,
    range_adjacent_multirange: adjacent,
    multirange_adjacent_range: adjacent,
    multirange_adjacent_multirange: adjacent,
    multirange_union: (a: SqlMultirange, b: SqlMultirange) => makeMultirange(a.type, [...a.ranges, ...b.ranges]),
    multirange_minus: minus,
    multirange_intersect: intersect,
    multirange_intersect_agg_transfn: intersect,
    range_merge_from_multirange: (value: SqlMultirange) => {
      const found = ends(value);
      return found === null ? emptyRange(value.type) : spanning(found.first, found.last);
    },
    multirange_unnest: (value: SqlMultirange) => value.ranges,
  },
  specialised: {
    multirange_constructor0: (_argTypes, returnType) => () => new SqlMultirange(rangeType(returnType), []),
    multirange_constructor1: (_argTypes, returnType) => (range: SqlRange) =>
      makeMultirange(rangeType(returnType), [range]),
    multirange_constructor2: (_argTypes, returnType) => (ranges: SqlArray) => construct(rangeType(returnType), ranges),
  },
  aggregates: {
    range_agg_anyrange: collect((range: SqlRange) => [range]),
    range_agg_anymultirange: collect((multirange: SqlMultirange) => multirange.ranges),
    range_intersect_agg_anymultirange: {
      strict: true,
      orderInsensitive: true,
      create: () => ({
        initial: () => null,
        step: (state: SqlMultirange | null, value: SqlMultirange) => (state === null ? value : intersect(state, value)),
        final: (state: SqlMultirange | null) => state,
      }),
    },
  },
};
