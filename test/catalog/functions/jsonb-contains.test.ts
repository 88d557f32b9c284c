/** jsonb @> over text against the same over trees. */
import { expect } from 'chai';
import { jsonbContains, jsonbExists } from '../../../catalog/functions/jsonb-contains.ts';
import { formatJsonb, type Jsonb, JsonbObject, Numeric } from '../../../types/index.ts';
import { partOf, randomJsonb, withZeros } from '../../support/jsonb.ts';
import { randomOf } from '../../support/random.ts';
import { seedFrom } from '../../support/seed.ts';

const SEED = seedFrom();

function scalarEquals(a: Jsonb, b: Jsonb): boolean {
  if (a instanceof Numeric) return b instanceof Numeric && a.compare(b) === 0;
  return a === b;
}

function contains(a: Jsonb, b: Jsonb, isTop: boolean): boolean {
  if (b instanceof JsonbObject) {
    if (!(a instanceof JsonbObject)) return false;
    return b.keys.every((key, i) => {
      const value = a.get(key);
      return value !== undefined && contains(value, b.values[i], false);
    });
  }
  if (Array.isArray(b)) {
    if (!Array.isArray(a)) return false;
    return b.every((wanted) => a.some((element) => contains(element, wanted, false)));
  }
  if (isTop && Array.isArray(a)) return a.some((element) => scalarEquals(element, b));
  return scalarEquals(a, b);
}

describe(`jsonb @> (SEED=${SEED})`, () => {
  it('answers as the trees do: for parts of a document, for parts with a change, for others', () => {
    const random = randomOf(SEED);
    let yes = 0;
    for (let i = 0; i < 6000; i++) {
      const value = randomJsonb(random, 4);
      const source = random() < 0.3 ? randomJsonb(random, 2) : partOf(value, random);
      const other = random() < 0.3 ? withZeros(source) : source;
      const [a, b] = [formatJsonb(value), formatJsonb(other)];
      const expected = contains(value, other, true);
      expect(jsonbContains(a, b), `${a} @> ${b}`).to.equal(expected);
      expect(jsonbContains(b, a), `${b} @> ${a}`).to.equal(contains(other, value, true));
      if (expected) yes++;
    }
    expect(yes).to.be.within(1000, 5900);
  });

  it('? finds the members of an object', () => {
    const random = randomOf(SEED + 1);
    let count = 0;
    for (let i = 0; i < 3000; i++) {
      const value = randomJsonb(random, 3);
      const other = randomJsonb(random, 0);
      if (!(value instanceof JsonbObject) || typeof other !== 'string') continue;
      const expected = value.keys.includes(other);
      expect(jsonbExists(formatJsonb(value), other), `${formatJsonb(value)} ? ${other}`).to.equal(expected);
      if (expected) count++;
    }
    expect(count).to.be.greaterThan(10);
  });
});
