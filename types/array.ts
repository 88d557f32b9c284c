/**
 * SQL arrays: elements in row-major order, with a length and a lower bound for each dimension. An empty array has no
 * dimensions. Immutable; functions that change one make another.
 */
import { sqlError } from './errors.ts';
import type { Value } from './value.ts';

export const ARRAY_DIMENSIONS_MAX = 6;

/** As PostgreSQL's MaxArraySize. */
const POSTGRES_ELEMENTS_MAX = 134217727;
/** Elements are values on V8's heap, of 8 to 40 bytes, and a few copies of them while they are printed: more could end the server. */
export const ARRAY_ELEMENTS_MAX = 1 << 24;

/** Throws 54000 for arrays that are too long; `count` may be of any size. */
export function checkElementCount(count: number): void {
  if (count <= ARRAY_ELEMENTS_MAX) return;
  const limit = count > POSTGRES_ELEMENTS_MAX ? POSTGRES_ELEMENTS_MAX : ARRAY_ELEMENTS_MAX;
  throw sqlError('54000', `array size exceeds the maximum allowed (${limit})`);
}

export class SqlArray {
  readonly elementOid: number;
  /** Row-major; do not change. */
  readonly elements: readonly Value[];
  /** Length of each dimension; empty for the empty array. */
  readonly dimensions: readonly number[];
  readonly lowerBounds: readonly number[];

  /** One-dimensional from 1 unless told otherwise. The element array is kept, not copied. */
  constructor(
    elementOid: number,
    elements: readonly Value[],
    dimensions?: readonly number[],
    lowerBounds?: readonly number[],
  ) {
    checkElementCount(elements.length);
    this.elementOid = elementOid;
    this.elements = elements;
    this.dimensions = elements.length === 0 ? NO_DIMENSIONS : (dimensions ?? oneDimension(elements.length));
    this.lowerBounds =
      elements.length === 0
        ? NO_DIMENSIONS
        : (lowerBounds ?? (this.dimensions.length === 1 ? ONE : this.dimensions.map(() => 1)));
    if (lowerBounds !== undefined) checkUpperBounds(this.dimensions, this.lowerBounds);
  }

  get length(): number {
    return this.elements.length;
  }

  get dimensionCount(): number {
    return this.dimensions.length;
  }

  get hasNull(): boolean {
    return this.elements.includes(null);
  }

  /** ARRAY[a, b] of arrays: one dimension more. Null and empty arrays may only stand among their like. */
  static nest(elementOid: number, parts: readonly (SqlArray | null)[]): SqlArray {
    let first: SqlArray | null = null;
    let emptyCount = 0;
    for (const part of parts) {
      if (part === null || part.dimensions.length === 0) emptyCount++;
      else first ??= part;
    }
    if (first === null) return new SqlArray(elementOid, []);
    if (emptyCount > 0) throw mismatchedDimensions();
    checkDimensionCount(first.dimensions.length + 1);
    const elements: Value[] = [];
    for (const part of parts as readonly SqlArray[]) {
      if (!sameNumbers(part.dimensions, first.dimensions) || !sameNumbers(part.lowerBounds, first.lowerBounds)) {
        throw mismatchedDimensions();
      }
      for (const element of part.elements) elements.push(element);
    }
    return new SqlArray(elementOid, elements, [parts.length, ...first.dimensions], [1, ...first.lowerBounds]);
  }

  /** array[s1][s2]...: null outside the bounds or with another number of subscripts. */
  at(subscripts: readonly number[]): Value {
    const count = this.dimensions.length;
    if (subscripts.length !== count || count === 0) return null;
    let index = 0;
    for (let i = 0; i < count; i++) {
      const offset = subscripts[i] - this.lowerBounds[i];
      if (offset < 0 || offset >= this.dimensions[i]) return null;
      index = index * this.dimensions[i] + offset;
    }
    return this.elements[index];
  }

  /** array[l:u][l:u]...: missing bounds are the dimension's own, missing dimensions whole; bounds then start at 1. */
  slice(bounds: readonly (readonly (number | null | undefined)[])[]): SqlArray {
    const count = this.dimensions.length;
    if (count < bounds.length || count === 0) return new SqlArray(this.elementOid, []);
    const lower: number[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < count; i++) {
      const low = this.lowerBounds[i];
      const high = low + this.dimensions[i] - 1;
      const from = Math.max(bounds[i]?.[0] ?? low, low);
      const to = Math.min(bounds[i]?.[1] ?? high, high);
      if (from > to) return new SqlArray(this.elementOid, []);
      lower.push(from - low);
      lengths.push(to - from + 1);
    }
    const elements: Value[] = [];
    const collect = (dimension: number, base: number): void => {
      for (let i = 0; i < lengths[dimension]; i++) {
        const index = base * this.dimensions[dimension] + lower[dimension] + i;
        if (dimension === count - 1) elements.push(this.elements[index]);
        else collect(dimension + 1, index);
      }
    };
    collect(0, 0);
    return new SqlArray(this.elementOid, elements, lengths);
  }

  /** The same shape with other elements. `convert` gets null elements too. */
  map(elementOid: number, convert: (value: Value) => Value): SqlArray {
    return new SqlArray(elementOid, this.elements.map(convert), this.dimensions, this.lowerBounds);
  }
}

const NO_DIMENSIONS: readonly number[] = [];
const ONE: readonly number[] = [1];

/** Dimensions of arrays that are not long are shared. */
const SHARED_DIMENSIONS_MAX = 64;
const sharedDimensions: (readonly number[] | undefined)[] = [];

function oneDimension(length: number): readonly number[] {
  if (length > SHARED_DIMENSIONS_MAX) return [length];
  let dimensions = sharedDimensions[length];
  if (dimensions === undefined) {
    dimensions = [length];
    sharedDimensions[length] = dimensions;
  }
  return dimensions;
}

export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The position behind each dimension's last must be an int4, too (ArrayCheckBounds). */
function checkUpperBounds(dimensions: readonly number[], lowerBounds: readonly number[]): void {
  for (let i = 0; i < dimensions.length; i++) {
    if (lowerBounds[i] + dimensions[i] > 2147483647)
      throw sqlError('54000', `array lower bound is too large: ${lowerBounds[i]}`);
  }
}

function mismatchedDimensions(): Error {
  return sqlError('2202E', 'multidimensional arrays must have array expressions with matching dimensions');
}

/** Throws 54000. */
export function checkDimensionCount(count: number): void {
  if (count <= ARRAY_DIMENSIONS_MAX) return;
  throw sqlError(
    '54000',
    `number of array dimensions (${count}) exceeds the maximum allowed (${ARRAY_DIMENSIONS_MAX})`,
  );
}
