/**
 * Range and multirange values, and the order of their bounds. A range is empty or goes from a lower to an upper bound; a bound
 * that is infinite has no value. The ranges of a multirange are not empty, stand in order, and neither overlap nor touch.
 * Immutable.
 */
import { sqlError } from './errors.ts';
import { SelfTyped } from './self-typed.ts';
import type { Value } from './value.ts';

/** PostgreSQL's flags, as its binary form has them. */
export const RANGE_EMPTY = 1;
export const LOWER_INCLUSIVE = 2;
export const UPPER_INCLUSIVE = 4;
export const LOWER_INFINITE = 8;
export const UPPER_INFINITE = 16;

/** What ranges over one subtype share. */
export interface RangeType {
  readonly oid: number;
  readonly multirangeOid: number;
  readonly subtypeOid: number;
  /** Order of the subtype's values. */
  readonly compare: (a: Value, b: Value) => number;
  /** Discrete types: the value after this one, null when it has none (an infinite date). */
  readonly successor: ((value: Value) => Value | null) | null;
}

export class SqlRange extends SelfTyped {
  readonly type: RangeType;
  /** Null when infinite, or the range empty. */
  readonly lower: Value;
  readonly upper: Value;
  readonly flags: number;

  /** For parts that are known to be in normal form; others go through makeRange. */
  constructor(type: RangeType, lower: Value, upper: Value, flags: number) {
    super();
    this.type = type;
    this.lower = lower;
    this.upper = upper;
    this.flags = flags;
  }

  override get typeOid(): number {
    return this.type.oid;
  }

  override get heldBytes(): number {
    return 64;
  }

  get isEmpty(): boolean {
    return (this.flags & RANGE_EMPTY) !== 0;
  }
}

export class SqlMultirange extends SelfTyped {
  /** The type of its ranges. */
  readonly type: RangeType;
  readonly ranges: readonly SqlRange[];

  /** For ranges that are known to be in normal form; others go through makeMultirange. */
  constructor(type: RangeType, ranges: readonly SqlRange[]) {
    super();
    this.type = type;
    this.ranges = ranges;
  }

  override get typeOid(): number {
    return this.type.multirangeOid;
  }

  override get heldBytes(): number {
    return 32 + this.ranges.length * 96;
  }
}

export function emptyRange(type: RangeType): SqlRange {
  return new SqlRange(type, null, null, RANGE_EMPTY);
}

/**
 * The range with these bounds, in normal form: empty when nothing is in it, infinite bounds exclusive, discrete ones from an
 * inclusive to an exclusive bound. 22000 when the lower bound is above the upper.
 */
export function makeRange(type: RangeType, lower: Value, upper: Value, flags: number): SqlRange {
  if ((flags & RANGE_EMPTY) !== 0) return emptyRange(type);
  const isUnbounded = (flags & (LOWER_INFINITE | UPPER_INFINITE)) !== 0;
  const order = isUnbounded ? -1 : type.compare(lower, upper);
  if (order > 0) throw sqlError('22000', 'range lower bound must be less than or equal to range upper bound');
  const bothInclusive = (flags & LOWER_INCLUSIVE) !== 0 && (flags & UPPER_INCLUSIVE) !== 0;
  if (order === 0 && !bothInclusive) return emptyRange(type);
  if ((flags & LOWER_INFINITE) !== 0) flags &= ~LOWER_INCLUSIVE;
  if ((flags & UPPER_INFINITE) !== 0) flags &= ~UPPER_INCLUSIVE;
  const { successor } = type;
  if (successor === null) return new SqlRange(type, lower, upper, flags);
  if ((flags & (LOWER_INFINITE | LOWER_INCLUSIVE)) === 0) {
    const next = successor(lower);
    if (next !== null) {
      lower = next;
      flags |= LOWER_INCLUSIVE;
    }
  }
  if ((flags & (UPPER_INFINITE | UPPER_INCLUSIVE)) === UPPER_INCLUSIVE) {
    const next = successor(upper);
    if (next !== null) {
      upper = next;
      flags &= ~UPPER_INCLUSIVE;
    }
  }
  // (1, 2) of integers holds nothing; of dates, (x, infinity] keeps its exclusive form.
  if ((flags & (LOWER_INFINITE | UPPER_INFINITE)) === 0) {
    const canonical = type.compare(lower, upper);
    if (canonical > 0) throw sqlError('22000', 'range lower bound must be less than or equal to range upper bound');
    const stillInclusive = (flags & LOWER_INCLUSIVE) !== 0 && (flags & UPPER_INCLUSIVE) !== 0;
    if (canonical === 0 && !stillInclusive) return emptyRange(type);
  }
  return new SqlRange(type, lower, upper, flags);
}

/** Order of two bounds by value alone, an infinite one being below or above everything. */
function compareBoundValues(a: SqlRange, aIsLower: boolean, b: SqlRange, bIsLower: boolean): number {
  const aIsInfinite = (a.flags & (aIsLower ? LOWER_INFINITE : UPPER_INFINITE)) !== 0;
  const bIsInfinite = (b.flags & (bIsLower ? LOWER_INFINITE : UPPER_INFINITE)) !== 0;
  if (aIsInfinite) {
    if (bIsInfinite && aIsLower === bIsLower) return 0;
    return aIsLower ? -1 : 1;
  }
  if (bIsInfinite) return bIsLower ? 1 : -1;
  return a.type.compare(aIsLower ? a.lower : a.upper, bIsLower ? b.lower : b.upper);
}

/** Order of two bounds: an exclusive lower one begins behind its value, an exclusive upper one ends before it. */
export function compareBounds(a: SqlRange, aIsLower: boolean, b: SqlRange, bIsLower: boolean): number {
  const order = compareBoundValues(a, aIsLower, b, bIsLower);
  if (order !== 0) return order;
  const aIsInclusive = isInclusive(a, aIsLower);
  const bIsInclusive = isInclusive(b, bIsLower);
  if ((a.flags & (aIsLower ? LOWER_INFINITE : UPPER_INFINITE)) !== 0) return 0;
  if (!aIsInclusive && !bIsInclusive) return aIsLower === bIsLower ? 0 : aIsLower ? 1 : -1;
  if (!aIsInclusive) return aIsLower ? 1 : -1;
  if (!bIsInclusive) return bIsLower ? -1 : 1;
  return 0;
}

export function isInclusive(range: SqlRange, isLower: boolean): boolean {
  return (range.flags & (isLower ? LOWER_INCLUSIVE : UPPER_INCLUSIVE)) !== 0;
}

/** Order of ranges: the empty one first, then by lower, then by upper bound. */
export function compareRanges(a: SqlRange, b: SqlRange): number {
  if (a.isEmpty) return b.isEmpty ? 0 : -1;
  if (b.isEmpty) return 1;
  return compareBounds(a, true, b, true) || compareBounds(a, false, b, false);
}

export function compareMultiranges(a: SqlMultirange, b: SqlMultirange): number {
  const common = Math.min(a.ranges.length, b.ranges.length);
  for (let i = 0; i < common; i++) {
    const order = compareRanges(a.ranges[i], b.ranges[i]);
    if (order !== 0) return order;
  }
  return a.ranges.length - b.ranges.length;
}

/** Whether nothing lies between the upper bound of `a` and the lower bound of `b`, and they do not overlap. */
function boundsAdjacent(a: SqlRange, b: SqlRange): boolean {
  const order = compareBoundValues(a, false, b, true);
  if (order > 0) return false;
  if (order === 0) return isInclusive(a, false) !== isInclusive(b, true);
  if (a.type.successor === null) return false;
  // What is between them, each bound seen from the other side.
  const flags = (isInclusive(a, false) ? 0 : LOWER_INCLUSIVE) | (isInclusive(b, true) ? 0 : UPPER_INCLUSIVE);
  return makeRange(a.type, a.upper, b.lower, flags).isEmpty;
}

/** a's end touches b's begin. Neither is empty. */
export function touches(a: SqlRange, b: SqlRange): boolean {
  return boundsAdjacent(a, b);
}

export function rangesAdjacent(a: SqlRange, b: SqlRange): boolean {
  if (a.isEmpty || b.isEmpty) return false;
  return boundsAdjacent(a, b) || boundsAdjacent(b, a);
}

/** From the lower bound of one to the upper bound of another. */
export function spanning(lower: SqlRange, upper: SqlRange): SqlRange {
  const flags = (lower.flags & (LOWER_INCLUSIVE | LOWER_INFINITE)) | (upper.flags & (UPPER_INCLUSIVE | UPPER_INFINITE));
  return makeRange(lower.type, lower.lower, upper.upper, flags);
}

/** The smallest range that holds both. */
export function mergeRanges(a: SqlRange, b: SqlRange): SqlRange {
  if (a.isEmpty) return b;
  if (b.isEmpty) return a;
  const lower = compareBounds(a, true, b, true) < 0 ? a : b;
  const upper = compareBounds(a, false, b, false) > 0 ? a : b;
  return lower === upper ? lower : spanning(lower, upper);
}

/** The multirange of all that is in any of the ranges. */
export function makeMultirange(type: RangeType, ranges: readonly SqlRange[]): SqlMultirange {
  const sorted = ranges.filter((range) => !range.isEmpty).sort(compareRanges);
  const result: SqlRange[] = [];
  for (const range of sorted) {
    const last = result[result.length - 1];
    if (last === undefined || (compareBounds(last, false, range, true) < 0 && !rangesAdjacent(last, range))) {
      result.push(range);
    } else result[result.length - 1] = mergeRanges(last, range);
  }
  return new SqlMultirange(type, result);
}
