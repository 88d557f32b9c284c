/**
 * Arrays, records and enums: comparison, containment, and the array functions. Comparison goes by the element type that a
 * call is compiled for, so these are specialised.
 */

import { sqlError } from '../../types/errors.ts';
import {
  checkElementCount,
  comparator,
  encodeDatum,
  equality,
  formatType,
  OID,
  outputText,
  type SqlRecord,
  typeByOid,
  type Value,
} from '../../types/index.ts';
import type { FunctionContext } from '../function-entry.ts';
import { elementTypeOf, SqlArray } from './array-values.ts';
import type { AnyFunction, FunctionModule, Specialiser } from './module.ts';

/** Rows as they are stored: 1.0 and 1.00 are not the same. Any type has this order, which means nothing but that there is one. */
function compareImages(a: SqlRecord, b: SqlRecord): number {
  const common = Math.min(a.values.length, b.values.length);
  for (let i = 0; i < common; i++) {
    const [left, right] = [a.typeOids[i], b.typeOids[i]];
    if (left !== right) {
      const types = `${formatType(left)} and ${formatType(right)}`;
      throw sqlError('42804', `cannot compare dissimilar column types ${types} at record column ${i + 1}`);
    }
    const [value, other] = [a.values[i], b.values[i]];
    if (value === other) continue;
    if (value === null || other === null) return value === null ? 1 : -1;
    const order = compareStored(left, value, other);
    if (order !== 0) return order;
  }
  if (a.values.length !== b.values.length) {
    throw sqlError('42804', 'cannot compare record types with different numbers of columns');
  }
  return 0;
}

/** Integers that are passed by value without their sign, everything else by its bytes. */
function compareStored(oid: number, a: Value, b: Value): number {
  if (typeByOid(oid)?.byValue === true && !FLOATS.has(oid) && isInteger(a) && isInteger(b)) {
    const [left, right] = [BigInt.asUintN(64, BigInt(a)), BigInt.asUintN(64, BigInt(b))];
    return left < right ? -1 : Number(left > right);
  }
  return Buffer.compare(encodeDatum(oid, a), encodeDatum(oid, b));
}

const FLOATS: ReadonlySet<number> = new Set([OID.FLOAT4, OID.FLOAT8]);

function isInteger(value: Value): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function byImage(test: (order: number) => boolean): Specialiser {
  return () => (a: SqlRecord, b: SqlRecord) => test(compareImages(a, b));
}

/** The six comparisons of a type that is compared by types' comparator. */
export function comparisons(
  prefix: string,
  typeOf: (argTypes: readonly number[]) => number,
): Record<string, Specialiser> {
  const by =
    (test: (order: number) => boolean): Specialiser =>
    (argTypes) => {
      const compare = comparator(typeOf(argTypes));
      return (a, b) => test(compare(a, b));
    };
  return {
    [`${prefix}_eq`](argTypes) {
      const equal = equality(typeOf(argTypes));
      return (a, b) => equal(a, b);
    },
    [`${prefix}_ne`](argTypes) {
      const equal = equality(typeOf(argTypes));
      return (a, b) => !equal(a, b);
    },
    [`${prefix}_lt`]: by((order) => order < 0),
    [`${prefix}_le`]: by((order) => order <= 0),
    [`${prefix}_gt`]: by((order) => order > 0),
    [`${prefix}_ge`]: by((order) => order >= 0),
  };
}

export function chooser(larger: boolean): Specialiser {
  return (argTypes) => {
    const compare = comparator(argTypes[0]);
    return (a, b) => ((larger ? compare(a, b) > 0 : compare(a, b) < 0) ? a : b);
  };
}

export const compareFirst: Specialiser = ([typeOid]) => signs(comparator(typeOid));

const signs =
  (compare: (a: Value, b: Value) => number) =>
  (a: Value, b: Value): number =>
    Math.sign(compare(a, b));

/** a @> b: every element of b is in a. Nulls equal nothing. */
function containment(container: 0 | 1): Specialiser {
  return (argTypes) => {
    const equal = equality(elementTypeOf(argTypes[0]));
    const contains = (whole: SqlArray, part: SqlArray): boolean =>
      part.elements.every(
        (wanted) => wanted !== null && whole.elements.some((element) => element !== null && equal(element, wanted)),
      );
    return container === 0 ? contains : (a: SqlArray, b: SqlArray) => contains(b, a);
  };
}

const overlap: Specialiser = (argTypes) => {
  const equal = equality(elementTypeOf(argTypes[0]));
  return (a: SqlArray, b: SqlArray) =>
    a.elements.some((x) => x !== null && b.elements.some((y) => y !== null && equal(x, y)));
};

function checkOneDimension(array: SqlArray): void {
  if (array.dimensionCount > 1) throw sqlError('22000', 'argument must be empty or one-dimensional array');
}

/** A one-dimensional array with another element list and the given lower bound. */
function withElements(elementOid: number, elements: readonly Value[], lowerBound: number): SqlArray {
  return new SqlArray(elementOid, elements, [elements.length], [lowerBound]);
}

const append: Specialiser = (_argTypes, returnType) => {
  const elementOid = elementTypeOf(returnType);
  return (array: SqlArray | null, element: Value) => {
    if (array === null || array.length === 0) return new SqlArray(elementOid, [element]);
    checkOneDimension(array);
    return withElements(elementOid, [...array.elements, element], array.lowerBounds[0]);
  };
};

const prepend: Specialiser = (_argTypes, returnType) => {
  const elementOid = elementTypeOf(returnType);
  return (element: Value, array: SqlArray | null) => {
    if (array === null || array.length === 0) return new SqlArray(elementOid, [element]);
    checkOneDimension(array);
    if (array.lowerBounds[0] === -2147483648) throw sqlError('22003', 'integer out of range');
    return withElements(elementOid, [element, ...array.elements], array.lowerBounds[0]);
  };
};

function incompatible(detail: string): Error {
  return sqlError('2202E', 'cannot concatenate incompatible arrays', { detail });
}

const sameItems = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

/** Vectors of oids: shorter ones come first. */
function compareVectors({ elements: a }: SqlArray, { elements: b }: SqlArray): number {
  if (a.length !== b.length) return a.length - b.length;
  const i = a.findIndex((item, at) => item !== b[at]);
  return i < 0 ? 0 : (a[i] as number) - (b[i] as number);
}

/** Arrays of n and n dimensions are put one behind the other; with n and n - 1, the smaller becomes one more element. */
function concatenate(elementOid: number, a: SqlArray | null, b: SqlArray | null): SqlArray | null {
  if (a === null) return b;
  if (b === null) return a;
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const difference = a.dimensionCount - b.dimensionCount;
  const elements = a.elements.concat(b.elements);
  if (a.dimensionCount === 1 && difference === 0) {
    return new SqlArray(elementOid, elements, [elements.length], a.lowerBounds);
  }
  if (difference === 0) {
    const isAlike =
      sameItems(a.dimensions.slice(1), b.dimensions.slice(1)) &&
      sameItems(a.lowerBounds.slice(1), b.lowerBounds.slice(1));
    if (!isAlike) {
      throw incompatible('Arrays with differing element dimensions are not compatible for concatenation.');
    }
    const dimensions = [a.dimensions[0] + b.dimensions[0], ...a.dimensions.slice(1)];
    return new SqlArray(elementOid, elements, dimensions, a.lowerBounds);
  }
  if (Math.abs(difference) > 1) {
    throw incompatible(
      `Arrays of ${a.dimensionCount} and ${b.dimensionCount} dimensions are not compatible for concatenation.`,
    );
  }
  const [outer, inner] = difference > 0 ? [a, b] : [b, a];
  const fits =
    sameItems(outer.dimensions.slice(1), inner.dimensions) && sameItems(outer.lowerBounds.slice(1), inner.lowerBounds);
  if (!fits) {
    throw incompatible('Arrays with differing dimensions are not compatible for concatenation.');
  }
  return new SqlArray(elementOid, elements, [outer.dimensions[0] + 1, ...inner.dimensions], outer.lowerBounds);
}

const concatenateArrays: Specialiser = (_argTypes, returnType) => {
  const elementOid = elementTypeOf(returnType);
  return (a: SqlArray | null, b: SqlArray | null) => concatenate(elementOid, a, b);
};

function lower(array: SqlArray, dimension: number): number | null {
  return dimension < 1 || dimension > array.dimensionCount ? null : array.lowerBounds[dimension - 1];
}

function upper(array: SqlArray, dimension: number): number | null {
  if (dimension < 1 || dimension > array.dimensionCount) return null;
  return array.lowerBounds[dimension - 1] + array.dimensions[dimension - 1] - 1;
}

function length(array: SqlArray, dimension: number): number | null {
  return dimension < 1 || dimension > array.dimensionCount ? null : array.dimensions[dimension - 1];
}

function dimensionsText(array: SqlArray): string | null {
  if (array.dimensionCount === 0) return null;
  return array.dimensions.map((_, i) => `[${lower(array, i + 1)}:${upper(array, i + 1)}]`).join('');
}

/** Equality in which nulls are equal, as array_remove, array_replace and array_position have it. */
function notDistinct(elementOid: number): (a: Value, b: Value) => boolean {
  const equal = equality(elementOid);
  return (a, b) => (a === null || b === null ? a === b : equal(a, b));
}

const remove: Specialiser = (_argTypes, returnType) => {
  const elementOid = elementTypeOf(returnType);
  const equal = notDistinct(elementOid);
  return (array: SqlArray | null, element: Value) => {
    if (array === null) return null;
    if (array.dimensionCount > 1) {
      throw sqlError('0A000', 'removing elements from multidimensional arrays is not supported');
    }
    const kept = array.elements.filter((candidate) => !equal(candidate, element));
    if (kept.length === array.length) return array;
    return kept.length === 0 ? new SqlArray(elementOid, []) : withElements(elementOid, kept, array.lowerBounds[0]);
  };
};

const replace: Specialiser = (_argTypes, returnType) => {
  const elementOid = elementTypeOf(returnType);
  const equal = notDistinct(elementOid);
  return (array: SqlArray | null, from: Value, to: Value) =>
    array === null ? null : array.map(elementOid, (element) => (equal(element, from) ? to : element));
};

function checkSearchable(array: SqlArray): void {
  if (array.dimensionCount > 1) {
    throw sqlError('0A000', 'searching for elements in multidimensional arrays is not supported');
  }
}

const position: Specialiser = (argTypes) => {
  const equal = notDistinct(elementTypeOf(argTypes[0]));
  return (array: SqlArray | null, element: Value, start?: number | null) => {
    if (array === null || array.length === 0) return null;
    checkSearchable(array);
    if (element === null && !array.hasNull) return null;
    if (start === null) throw sqlError('22004', 'initial position must not be null');
    const lowerBound = array.lowerBounds[0];
    for (let i = Math.max(0, (start ?? lowerBound) - lowerBound); i < array.length; i++) {
      if (equal(array.elements[i], element)) return i + lowerBound;
    }
    return null;
  };
};

const positions: Specialiser = (argTypes) => {
  const equal = notDistinct(elementTypeOf(argTypes[0]));
  return (array: SqlArray | null, element: Value) => {
    if (array === null) return null;
    checkSearchable(array);
    const found: number[] = [];
    array.elements.forEach((candidate, i) => {
      if (equal(candidate, element)) found.push(i + array.lowerBounds[0]);
    });
    return new SqlArray(OID.INT4, found);
  };
};

function fillSizes(sizes: SqlArray | null, lowerBounds: SqlArray | null | undefined): [number[], number[]] {
  if (sizes === null || lowerBounds === null) {
    throw sqlError('22004', 'dimension array or low bound array cannot be null');
  }
  if (sizes.dimensionCount > 1 || (lowerBounds !== undefined && lowerBounds.dimensionCount > 1)) {
    throw sqlError('2202E', 'wrong number of array subscripts', { detail: 'Dimension array must be one dimensional.' });
  }
  if (sizes.hasNull || lowerBounds?.hasNull) throw sqlError('22004', 'dimension values cannot be null');
  if (lowerBounds !== undefined && lowerBounds.length !== sizes.length) {
    throw sqlError('2202E', 'wrong number of array subscripts', {
      detail: 'Low bound array has different size than dimensions array.',
    });
  }
  if (sizes.length > 6) {
    throw sqlError('54000', `number of array dimensions (${sizes.length}) exceeds the maximum allowed (6)`);
  }
  const lower = lowerBounds === undefined ? sizes.elements.map(() => 1) : lowerBounds.elements;
  return [sizes.elements as number[], lower as number[]];
}

const fill: Specialiser = (_argTypes, returnType) => {
  const elementOid = elementTypeOf(returnType);
  return (element: Value, sizeArray: SqlArray | null, lowerArray?: SqlArray | null) => {
    const [sizes, lowerBounds] = fillSizes(sizeArray, lowerArray);
    let count = sizes.length === 0 ? 0 : 1;
    for (const size of sizes) {
      count *= size;
      checkElementCount(size < 0 ? Infinity : count);
    }
    return new SqlArray(elementOid, new Array(count).fill(element), sizes, lowerBounds);
  };
};

function trim(array: SqlArray, count: number): SqlArray {
  const size = array.dimensions[0] ?? 0;
  if (count < 0 || count > size) {
    throw sqlError('2202E', `number of elements to trim must be between 0 and ${size}`);
  }
  if (size === 0) return array;
  return array.slice([[array.lowerBounds[0], upper(array, 1)! - count]]);
}

function subscripts(array: SqlArray, dimension: number, reverse = false): number[] {
  const first = lower(array, dimension);
  if (first === null) return [];
  const indices = Array.from({ length: array.dimensions[dimension - 1] }, (_, i) => first + i);
  return reverse ? indices.reverse() : indices;
}

const toText: Specialiser = (argTypes) => {
  const elementOid = elementTypeOf(argTypes[0]);
  return (context: FunctionContext, array: SqlArray | null, separator: string | null, nullText?: string | null) => {
    if (array === null || separator === null) return null;
    const parts: string[] = [];
    for (const element of array.elements) {
      if (element !== null) parts.push(outputText(elementOid, element, context.format));
      else if (nullText !== undefined && nullText !== null) parts.push(nullText);
    }
    return parts.join(separator);
  };
};

function byTid(test: (order: number) => boolean): AnyFunction {
  const compare = comparator(OID.TID);
  return (a, b) => test(compare(a, b));
}

const firstType = (argTypes: readonly number[]): number => argTypes[0];
const recordType = (): number => OID.RECORD;

export const arrayFunctions: FunctionModule = {
  plain: {
    array_ndims: (array: SqlArray) => (array.dimensionCount === 0 ? null : array.dimensionCount),
    array_dims: dimensionsText,
    array_lower: lower,
    array_upper: upper,
    array_length: length,
    array_cardinality: (array: SqlArray) => array.length,
    array_unnest: (array: SqlArray) => array.elements,
    generate_subscripts: subscripts,
    generate_subscripts_nodir: subscripts,
    trim_array: trim,
    // tid is its text
    tideq: (a: string, b: string) => a === b,
    tidne: (a: string, b: string) => a !== b,
    enum_eq: (a: string, b: string) => a === b,
    enum_ne: (a: string, b: string) => a !== b,
    oidvectoreq: (a: SqlArray, b: SqlArray) => sameItems(a.elements as number[], b.elements as number[]),
    oidvectorne: (a: SqlArray, b: SqlArray) => !sameItems(a.elements as number[], b.elements as number[]),
    oidvectorlt: (a: SqlArray, b: SqlArray) => compareVectors(a, b) < 0,
    oidvectorle: (a: SqlArray, b: SqlArray) => compareVectors(a, b) <= 0,
    oidvectorgt: (a: SqlArray, b: SqlArray) => compareVectors(a, b) > 0,
    oidvectorge: (a: SqlArray, b: SqlArray) => compareVectors(a, b) >= 0,
  },
  specialised: {
    ...comparisons('array', firstType),
    ...comparisons('record', recordType),
    record_image_eq: byImage((order) => order === 0),
    record_image_ne: byImage((order) => order !== 0),
    record_image_lt: byImage((order) => order < 0),
    record_image_le: byImage((order) => order <= 0),
    record_image_gt: byImage((order) => order > 0),
    record_image_ge: byImage((order) => order >= 0),
    tidlt: () => byTid((order) => order < 0),
    tidle: () => byTid((order) => order <= 0),
    tidgt: () => byTid((order) => order > 0),
    tidge: () => byTid((order) => order >= 0),
    enum_lt: (argTypes) => comparisons('enum', firstType).enum_lt(argTypes, 0),
    enum_le: (argTypes) => comparisons('enum', firstType).enum_le(argTypes, 0),
    enum_gt: (argTypes) => comparisons('enum', firstType).enum_gt(argTypes, 0),
    enum_ge: (argTypes) => comparisons('enum', firstType).enum_ge(argTypes, 0),
    enum_cmp: compareFirst,
    enum_larger: chooser(true),
    enum_smaller: chooser(false),
    array_larger: chooser(true),
    array_smaller: chooser(false),
    btarraycmp: compareFirst,
    btrecordcmp: () => signs(comparator(OID.RECORD)),
    arraycontains: containment(0),
    arraycontained: containment(1),
    arrayoverlap: overlap,
    array_append: append,
    array_prepend: prepend,
    array_cat: concatenateArrays,
    array_remove: remove,
    array_replace: replace,
    array_position: position,
    array_position_start: position,
    array_positions: positions,
    array_fill: fill,
    array_fill_with_lower_bounds: fill,
  },
  specialisedContextual: {
    array_to_text: toText,
    array_to_text_null: toText,
  },
};
