/** jsonb read from its normal form, part by part, against the tree that a full parse makes. */
import { expect } from 'chai';
import { FUNCTION_MODULES } from '../../catalog/functions/modules.ts';
import {
  compareJsonbKeys,
  formatJsonb,
  type Jsonb,
  JsonbObject,
  Numeric,
  parseJsonb,
  readJsonb,
} from '../../types/index.ts';
import { randomJsonb } from '../support/jsonb.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';

const SEED = seedFrom();

/** Everything, without what was kept of the text. */
function plain(value: Jsonb): unknown {
  if (value instanceof Numeric) return `number ${value}`;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof JsonbObject) return { keys: [...value.keys], values: value.values.map(plain) };
  return value;
}

const written = (value: Jsonb): string => formatJsonb(copy(value));

function copy(value: Jsonb): Jsonb {
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof JsonbObject) return new JsonbObject(value.keys, value.values.map(copy));
  return value;
}

describe(`reading jsonb (SEED=${SEED})`, () => {
  const random = randomOf(SEED);

  it('gives what parsing gives, and its own text again', () => {
    for (let i = 0; i < 4000; i++) {
      const text = formatJsonb(randomJsonb(random, 4));
      expect(plain(readJsonb(text))).to.deep.equal(plain(parseJsonb(text)));
      expect(formatJsonb(readJsonb(text))).to.equal(text);
      expect(written(readJsonb(text))).to.equal(text);
    }
  });

  it('answers for one member as for all, with one object for each', () => {
    for (let i = 0; i < 3000; i++) {
      const value = readJsonb(formatJsonb(randomJsonb(random, 3)));
      if (!(value instanceof JsonbObject)) continue;
      const names = ['a', 'käse', 'quo"te', '', 'nothing'];
      const before = names.map((name) => value.get(name));
      names.forEach((name, k) => {
        expect(value.get(name)).to.equal(before[k]);
        const at = value.keys.indexOf(name);
        expect(at < 0 ? undefined : value.values[at]).to.equal(before[k]);
        expect(value.get(name)).to.equal(before[k]);
      });
    }
  });

  it('orders keys by their bytes in UTF-8', () => {
    const keys = ['', 'a', 'b', 'é', 'ab', '€', '😀', 'abcd', 'ééé', '\u{10ffff}x'];
    for (const a of keys)
      for (const b of keys) {
        const [x, y] = [Buffer.from(a), Buffer.from(b)];
        expect(Math.sign(compareJsonbKeys(a, b))).to.equal(
          x.length - y.length === 0 ? x.compare(y) : Math.sign(x.length - y.length),
        );
      }
  });

  it('- takes one member out of the text', () => {
    const remove = FUNCTION_MODULES.map(({ plain: functions }) => functions?.jsonb_delete).find(
      (run) => run !== undefined,
    );
    for (let i = 0; i < 4000; i++) {
      const value = randomJsonb(random, 2);
      const name = ['a', 'käse', 'quo"te', 'x'.repeat(200), '', 'b'][i % 6];
      if (!(value instanceof JsonbObject)) continue;
      const kept = value.keys.filter((key) => key !== name);
      const expected = new JsonbObject(
        kept,
        kept.map((key) => value.get(key) as Jsonb),
      );
      expect(remove?.(formatJsonb(value), name)).to.equal(formatJsonb(expected));
    }
  });

  it('|| merges members: the right one wins', () => {
    const concatenate = FUNCTION_MODULES.map(({ plain: functions }) => functions?.jsonb_concat).find(
      (run) => run !== undefined,
    ) as (a: string, b: string) => string;
    for (let i = 0; i < 4000; i++) {
      const [a, b] = [randomJsonb(random, 2), randomJsonb(random, 2)];
      if (!(a instanceof JsonbObject && b instanceof JsonbObject)) continue;
      const both = JsonbObject.from([...a.keys, ...b.keys], [...a.values, ...b.values]);
      expect(concatenate(formatJsonb(a), formatJsonb(b))).to.equal(formatJsonb(both));
    }
  });
});
