/**
 * RANGE with an offset: which values of the order key are within `offset` of the current row's (PostgreSQL's in_range support
 * functions). Where key plus offset leaves the key's own type (a date and an interval make a timestamp; an int4 may overflow;
 * times do not wrap), the comparison happens in the wider space.
 */
import type { ScalarFunction, Value } from '../../catalog/function-entry.ts';
import type { WindowFrame } from '../../planner/expr.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, comparator, Interval, Numeric, normaliseInt8, OID, TimeTz } from '../../types/index.ts';
import type { ExecContext } from '../context.ts';

const MICROS_PER_DAY = 86_400_000_000;

export interface RangeBound {
  /** The bound, the lowest value of the frame or its highest: current key plus or minus the offset. */
  move(x: ExecContext, current: Value, offset: Value, isSubtract: boolean, isLowest: boolean): Value;
  /** A key against a bound. */
  compare(key: Value, bound: Value): number;
}

type IntegerValue = number | bigint;

function moveInteger(_x: ExecContext, current: IntegerValue, offset: IntegerValue, isSubtract: boolean): IntegerValue {
  const result = isSubtract ? Number(current) - Number(offset) : Number(current) + Number(offset);
  if (Number.isSafeInteger(result) && typeof current === 'number' && typeof offset === 'number') return result;
  const exact = isSubtract ? BigInt(current) - BigInt(offset) : BigInt(current) + BigInt(offset);
  return normaliseInt8(exact);
}

/** Of an infinite key an infinite offset backwards leaves nothing to compare with: all numbers are in the frame. */
function moveFloat(_x: ExecContext, current: number, offset: number, isSubtract: boolean, isLowest: boolean): number {
  const result = isSubtract ? current - offset : current + offset;
  if (!Number.isNaN(result) || Number.isNaN(current)) return result;
  return isLowest ? -Infinity : Infinity;
}

function moveNumeric(
  _x: ExecContext,
  current: Numeric,
  offset: Numeric,
  isSubtract: boolean,
  isLowest: boolean,
): Numeric {
  const result = isSubtract ? current.sub(offset) : current.add(offset);
  if (!result.isNaN || current.isNaN) return result;
  return isLowest ? Numeric.NEGATIVE_INFINITY : Numeric.INFINITY;
}

function moveTime(_x: ExecContext, current: number, offset: Interval, isSubtract: boolean): number {
  return current + (isSubtract ? -1 : 1) * Number(offset.micros);
}

function moveTimeTz(_x: ExecContext, current: TimeTz, offset: Interval, isSubtract: boolean): TimeTz {
  return new TimeTz(current.micros + (isSubtract ? -1 : 1) * Number(offset.micros), current.offset);
}

function caller(fn: ScalarFunction | null): (x: ExecContext, key: Value, offset: Value) => Value {
  if (fn === null) {
    throw sqlError('0A000', 'RANGE with offset PRECEDING/FOLLOWING is not supported for this column type');
  }
  const call = fn.specialise ? fn.implementation(fn.argumentTypes, fn.returnType) : fn.implementation;
  return fn.needsContext ? (x, key, offset) => call(x.functions, key, offset) : (_x, key, offset) => call(key, offset);
}

function isInfiniteTime(value: Value): boolean {
  return value === Infinity || value === -Infinity;
}

export function rangeBound(keyType: number, frame: WindowFrame): RangeBound {
  const compare = comparator(keyType);
  switch (baseTypeOid(keyType)) {
    case OID.INT2:
    case OID.INT4:
    case OID.INT8:
      return { move: moveInteger, compare: comparator(OID.INT8) };
    case OID.FLOAT4:
    case OID.FLOAT8:
      return { move: moveFloat, compare: comparator(OID.FLOAT8) };
    case OID.NUMERIC:
      return { move: moveNumeric, compare };
    case OID.TIME:
      return { move: moveTime, compare };
    case OID.TIMETZ:
      return { move: moveTimeTz, compare };
    default: {
      const add = caller(frame.rangeAdd);
      const subtract = caller(frame.rangeSubtract);
      const move = (x: ExecContext, current: Value, offset: Value, isSubtract: boolean): Value =>
        isInfiniteTime(current) ? current : (isSubtract ? subtract : add)(x, current, offset);
      if (baseTypeOid(keyType) !== OID.DATE) return { move, compare };
      const compareTimestamps = comparator(OID.TIMESTAMP);
      return { move, compare: (day: number, bound) => compareTimestamps(startOfDay(day), bound) };
    }
  }
}

function startOfDay(day: number): IntegerValue {
  if (isInfiniteTime(day)) return day;
  const micros = day * MICROS_PER_DAY;
  return Number.isSafeInteger(micros) ? micros : normaliseInt8(BigInt(day) * BigInt(MICROS_PER_DAY));
}

/** 22013 for an offset below zero, or that is no number. */
export function checkRangeOffset(keyType: number, offset: Value): void {
  let isRefused: boolean;
  const base = baseTypeOid(keyType);
  if (offset instanceof Interval) {
    isRefused =
      base === OID.TIME || base === OID.TIMETZ
        ? offset.micros < 0
        : comparator(OID.INTERVAL)(offset, new Interval(0, 0, 0)) < 0;
  } else if (typeof offset === 'number' || typeof offset === 'bigint') isRefused = offset < 0 || Number.isNaN(offset);
  else isRefused = offset.isNaN === true || offset.sign() < 0;
  if (isRefused) throw sqlError('22013', 'invalid preceding or following size in window function');
}
