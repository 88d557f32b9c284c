/**
 * Ranges and multiranges against a model: the set of points that they hold. Points lie between the bounds as well as on them,
 * so that open and closed ends differ; for integers, only whole points exist.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { multirangeFunctions } from '../../../catalog/functions/multirange.ts';
import { rangeFunctions } from '../../../catalog/functions/range.ts';
import {
  makeMultirange,
  makeRange,
  OID,
  type RangeType,
  rangeType,
  type SqlMultirange,
  type SqlRange,
  type Value,
} from '../../../types/index.ts';

const call = { ...rangeFunctions.plain, ...multirangeFunctions.plain } as Record<string, (...args: Value[]) => Value>;

/** double precision as the subtype: continuous, and easy to step through. Bounds are whole, points also halves. */
const CONTINUOUS: RangeType = {
  oid: 0,
  multirangeOid: 0,
  subtypeOid: OID.FLOAT8,
  compare: (a: number, b: number) => a - b,
  successor: null,
};
const DISCRETE = rangeType(OID.INT4RANGE);

const WORLDS: readonly (readonly [name: string, type: RangeType, step: number])[] = [
  ['a discrete subtype', DISCRETE, 1],
  ['a continuous subtype', CONTINUOUS, 0.5],
];

/** Bounds lie in 0..6; what reaches beyond -3 and 9 is infinite. */
function pointsOf(step: number): number[] {
  const points: number[] = [];
  for (let point = -3; point <= 9; point += step) points.push(point);
  return points;
}

function rangesOf(type: RangeType): fc.Arbitrary<SqlRange> {
  const bound = fc.option(fc.integer({ min: 0, max: 6 }));
  return fc.tuple(bound, bound, fc.nat(3)).map(([a, b, inclusive]) => {
    const [lower, upper] = a !== null && b !== null && a > b ? [b, a] : [a, b];
    return makeRange(type, lower, upper, (inclusive << 1) | (lower === null ? 8 : 0) | (upper === null ? 16 : 0));
  });
}

for (const [name, type, step] of WORLDS) {
  describe(`ranges over ${name} are sets of points`, () => {
    const points = pointsOf(step);
    const range = rangesOf(type);
    const multirange = fc.array(range, { maxLength: 4 }).map((ranges) => makeMultirange(type, ranges));
    const inRange = (value: SqlRange): Set<number> =>
      new Set(points.filter((point) => call.range_contains_elem(value, point)));
    const inMultirange = (value: SqlMultirange): Set<number> =>
      new Set(points.filter((point) => call.multirange_contains_elem(value, point)));
    const both = (a: Set<number>, b: Set<number>): number[] => [...a].filter((point) => b.has(point));
    const without = (a: Set<number>, b: Set<number>): number[] => [...a].filter((point) => !b.has(point));
    const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);

    it('of one range: contains, overlaps, intersects', () => {
      fc.assert(
        fc.property(range, range, (a, b) => {
          const [x, y] = [inRange(a), inRange(b)];
          expect(a.isEmpty).to.equal(x.size === 0);
          expect(call.range_contains(a, b)).to.equal(without(y, x).length === 0);
          expect(call.range_overlaps(a, b)).to.equal(both(x, y).length > 0);
          expect(sorted(inRange(call.range_intersect(a, b)))).to.deep.equal(sorted(both(x, y)));
        }),
        { numRuns: 2000 },
      );
    });

    it('of several: union, difference, intersection, containment', () => {
      fc.assert(
        fc.property(multirange, multirange, (a, b) => {
          const [x, y] = [inMultirange(a), inMultirange(b)];
          const results = [
            [call.multirange_union(a, b), [...x, ...without(y, x)]],
            [call.multirange_minus(a, b), without(x, y)],
            [call.multirange_intersect(a, b), both(x, y)],
          ] as const;
          for (const [result, expected] of results) {
            expect(sorted(inMultirange(result))).to.deep.equal(sorted(expected));
            // In normal form: making it again changes nothing.
            expect(call.multirange_cmp(result, makeMultirange(type, result.ranges))).to.equal(0);
          }
          expect(call.multirange_contains_multirange(a, b)).to.equal(without(y, x).length === 0);
          expect(call.multirange_overlaps_multirange(a, b)).to.equal(both(x, y).length > 0);
        }),
        { numRuns: 2000 },
      );
    });

    it('touch when they are apart, but nothing lies between them', () => {
      fc.assert(
        fc.property(range, range, (a, b) => {
          fc.pre(!a.isEmpty && !b.isEmpty && !call.range_overlaps(a, b));
          const joined = makeMultirange(type, [a, b]);
          expect(call.range_adjacent(a, b)).to.equal(joined.ranges.length === 1);
        }),
        { numRuns: 2000 },
      );
    });
  });
}
