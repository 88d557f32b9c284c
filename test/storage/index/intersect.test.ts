/** Intersections and unions of posting lists answer what sets of numbers would. */
import { expect } from 'chai';
import fc from 'fast-check';
import { gallop, intersectSorted, uniteSorted } from '../../../storage/index/index.ts';

const list = fc
  .uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 600 })
  .map((a) => Uint32Array.from(a).sort());

describe('posting list operations', () => {
  it('intersect like sets', () => {
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 4 }), (lists) => {
        const sets = lists.map((l) => new Set(l));
        const expected = [...lists[0]].filter((row) => sets.every((s) => s.has(row)));
        expect([...intersectSorted(lists)]).to.deep.equal(expected);
      }),
    );
  });

  it('unite like sets', () => {
    fc.assert(
      fc.property(fc.array(list, { maxLength: 5 }), (lists) => {
        const expected = [...new Set(lists.flatMap((l) => [...l]))].sort((a, b) => a - b);
        expect([...uniteSorted(lists)]).to.deep.equal(expected);
      }),
    );
  });

  it('gallop to the first value that is not smaller', () => {
    fc.assert(
      fc.property(list, fc.nat(600), fc.integer({ min: 0, max: 5001 }), (values, from, wanted) => {
        let expected = Math.min(from, values.length);
        while (expected < values.length && values[expected] < wanted) expected++;
        expect(gallop(values, Math.min(from, values.length), wanted)).to.equal(expected);
      }),
    );
  });
});
