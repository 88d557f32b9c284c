/** Assignment to an element or a slice of an array (after PostgreSQL's array_set_element and array_set_slice). */
import { ARRAY_DIMENSIONS_MAX, checkElementCount, SqlArray } from './array.ts';
import { sqlError } from './errors.ts';
import type { Value } from './value.ts';

function subscriptError(message: string, detail?: string): Error {
  return sqlError('2202E', message, detail === undefined ? {} : { detail });
}

function checkCount(count: number): void {
  if (count > 0 && count <= ARRAY_DIMENSIONS_MAX) return;
  throw sqlError(
    '54000',
    `number of array dimensions (${count}) exceeds the maximum allowed (${ARRAY_DIMENSIONS_MAX})`,
  );
}

/** The one-dimensional array, made longer with nulls so that it covers from..to. */
function covering(array: SqlArray, from: number, to: number): { elements: Value[]; lower: number } {
  const lower = Math.min(array.lowerBounds[0], from);
  const upper = Math.max(array.lowerBounds[0] + array.dimensions[0] - 1, to);
  const length = upper - lower + 1;
  checkElementCount(length);
  const before = array.lowerBounds[0] - lower;
  const elements: Value[] = new Array(length).fill(null);
  for (let i = 0; i < array.elements.length; i++) elements[before + i] = array.elements[i];
  return { elements, lower };
}

/** array[s1][s2]... := value. A null array counts as empty; what lies between the old end and a new element is null. */
export function assignElement(
  array: SqlArray | null,
  elementOid: number,
  subscripts: readonly number[],
  value: Value,
): SqlArray {
  const count = subscripts.length;
  checkCount(count);
  if (array === null || array.dimensionCount === 0) {
    const ones = subscripts.map(() => 1);
    return new SqlArray(elementOid, [value], ones, [...subscripts]);
  }
  if (array.dimensionCount !== count) throw subscriptError('wrong number of array subscripts');
  if (count === 1) {
    const { elements, lower } = covering(array, subscripts[0], subscripts[0]);
    elements[subscripts[0] - lower] = value;
    return new SqlArray(array.elementOid, elements, [elements.length], [lower]);
  }
  let index = 0;
  for (let i = 0; i < count; i++) {
    const offset = subscripts[i] - array.lowerBounds[i];
    if (offset < 0 || offset >= array.dimensions[i]) throw subscriptError('array subscript out of range');
    index = index * array.dimensions[i] + offset;
  }
  const elements = array.elements.slice();
  elements[index] = value;
  return new SqlArray(array.elementOid, elements, array.dimensions, array.lowerBounds);
}

export interface SliceBound {
  /** null: the dimension's own. */
  readonly lower: number | null;
  readonly upper: number | null;
}

function checkOrder(lower: number, upper: number): void {
  if (lower > upper) throw subscriptError('upper bound cannot be less than lower bound');
}

/** array[l:u]... := source, whose first elements are taken in storage order. A null source changes nothing. */
export function assignSlice(
  array: SqlArray | null,
  elementOid: number,
  bounds: readonly SliceBound[],
  source: SqlArray | null,
): SqlArray {
  const target = array ?? new SqlArray(elementOid, []);
  if (source === null) return target;
  checkCount(bounds.length);
  if (target.dimensionCount === 0) return newSlice(elementOid, bounds, source);
  if (target.dimensionCount < bounds.length) throw subscriptError('wrong number of array subscripts');
  const ranges = target.dimensions.map((length, i) => {
    const low = target.lowerBounds[i];
    return { lower: bounds[i]?.lower ?? low, upper: bounds[i]?.upper ?? low + length - 1 };
  });
  for (const { lower, upper } of ranges) checkOrder(lower, upper);
  if (target.dimensionCount === 1) return assignRange(target, ranges[0].lower, ranges[0].upper, source);
  ranges.forEach(({ lower, upper }, i) => {
    const low = target.lowerBounds[i];
    if (lower < low || upper >= low + target.dimensions[i]) throw subscriptError('array subscript out of range');
  });
  checkSource(
    source,
    ranges.reduce((product, { lower, upper }) => product * (upper - lower + 1), 1),
  );
  return assignBlock(target, ranges, source);
}

function newSlice(elementOid: number, bounds: readonly SliceBound[], source: SqlArray): SqlArray {
  for (const { lower, upper } of bounds) {
    if (lower === null || upper === null) {
      throw subscriptError(
        'array slice subscript must provide both boundaries',
        'When assigning to a slice of an empty array value, slice boundaries must be fully specified.',
      );
    }
  }
  const lengths = bounds.map(({ lower, upper }) => (upper as number) - (lower as number) + 1);
  if (lengths.some((length) => length < 0)) checkElementCount(Infinity);
  const size = lengths.reduce((product, length) => product * length, 1);
  checkElementCount(size);
  checkSource(source, size);
  const lowers = bounds.map(({ lower }) => lower as number);
  return new SqlArray(elementOid, source.elements.slice(0, size), lengths, lowers);
}

function checkSource(source: SqlArray, size: number): void {
  if (source.length < size) throw subscriptError('source array too small');
}

function assignRange(target: SqlArray, from: number, to: number, source: SqlArray): SqlArray {
  const size = to - from + 1;
  checkSource(source, size);
  const { elements, lower } = covering(target, from, to);
  for (let i = 0; i < size; i++) elements[from - lower + i] = source.elements[i];
  return new SqlArray(target.elementOid, elements, [elements.length], [lower]);
}

function assignBlock(
  target: SqlArray,
  ranges: readonly { lower: number; upper: number }[],
  source: SqlArray,
): SqlArray {
  const elements = target.elements.slice();
  let taken = 0;
  const fill = (dimension: number, base: number): void => {
    const { lower, upper } = ranges[dimension];
    for (let i = lower; i <= upper; i++) {
      const index = base * target.dimensions[dimension] + i - target.lowerBounds[dimension];
      if (dimension === ranges.length - 1) elements[index] = source.elements[taken++];
      else fill(dimension + 1, index);
    }
  };
  fill(0, 0);
  return new SqlArray(target.elementOid, elements, target.dimensions, target.lowerBounds);
}
