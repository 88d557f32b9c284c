/** Elements counted by Lossy Counting: what is frequent is found, and its count is off by one a bucket at most. */
import { expect } from 'chai';
import { ElementCounter, elementCounterOf } from '../../executor/analyze/element-counter.ts';
import { Slices } from '../../executor/analyze/steps.ts';
import { OID, SqlArray } from '../../types/index.ts';
import { randomOf } from '../support/random.ts';

const TARGET = 1;
/** Elements of a bucket at this target: 10 values wanted, times 1000 / 7. */
const BUCKET = 1428;

function add(counter: ElementCounter, elements: readonly (number | null)[]): void {
  counter.add(new SqlArray(OID.INT4, elements));
  if (counter.isFull) for (const _ of counter.prune(new Slices()));
}

describe('elements of arrays', () => {
  it('count once a row, NULL apart', () => {
    const counter = new ElementCounter(OID.INT4, 100, false);
    add(counter, [3, 3, 1]);
    add(counter, [3, null, null]);
    add(counter, []);
    add(counter, [1, 3, 2]);
    expect(counter.finish()).to.deep.equal({
      typeOid: OID.INT4,
      values: [1, 2, 3],
      frequencies: [0.5, 0.25, 0.75],
      least: 0.25,
      greatest: 0.75,
      nulls: 0.25,
      counts: histogramOf([0, 1, 2, 3], 100),
      averageCount: 1.5,
    });
  });

  it('of no row are nothing, and of empty arrays no elements', () => {
    const counter = new ElementCounter(OID.INT4, 100, false);
    expect(counter.finish()).to.equal(null);
    add(counter, []);
    expect(counter.finish()).to.deep.include({ values: [], averageCount: 0 });
  });

  it('that are frequent are never missed, whatever came in between', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomOf(seed);
      const counter = new ElementCounter(OID.INT4, TARGET, false);
      const exact = new Map<number, number>();
      let elements = 0;
      const rows = 3000;
      for (let row = 0; row < rows; row++) {
        const own = new Set<number>();
        for (let i = 0; i < 10; i++) own.add(Math.floor(random() ** 6 * 20_000));
        for (const element of own) exact.set(element, (exact.get(element) ?? 0) + 1);
        elements += own.size;
        add(counter, [...own]);
      }
      const found = counter.finish();
      const error = Math.ceil(elements / BUCKET);
      const frequent = [...exact].sort((a, b) => b[1] - a[1]).slice(0, 10);
      const counts = new Map(found?.values.map((value, i) => [value, (found.frequencies[i] ?? 0) * rows]));
      expect(found?.values.length, `seed ${seed}`).to.be.at.most(10);
      for (const [value, count] of counts) {
        const real = exact.get(value) ?? 0;
        expect(Math.round(count), `seed ${seed}, element ${value}`).to.be.within(real - error, real);
      }
      // What is missing was no more frequent than the least of what is there, but for the error.
      const least = Math.min(...counts.values());
      for (const [value, count] of frequent) {
        if (!counts.has(value)) expect(count, `seed ${seed}, element ${value}`).to.be.at.most(least + error);
      }
    }
  });

  it('are counted where the type has elements that compare', () => {
    expect(elementCounterOf(1007, 100)).not.to.equal(null);
    expect(elementCounterOf(3614, 100)?.isText).to.equal(true);
    expect(elementCounterOf(OID.INT4, 100)).to.equal(null);
    expect(elementCounterOf(199, 100), 'json[]').to.equal(null);
    expect(elementCounterOf(1007, 0), 'a target of 0').to.equal(null);
  });
});

/** Bounds: the count of every so many rows, first and last included. */
function histogramOf(counts: readonly number[], bounds: number): number[] {
  return Array.from({ length: bounds }, (_, i) => counts[Math.floor((i * (counts.length - 1)) / (bounds - 1))] ?? 0);
}
