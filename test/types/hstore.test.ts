/** What is asked of an hstore's text is what a Map of its pairs answers. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  formatJsonb,
  hstoreConcat,
  hstoreContains,
  hstoreContainsAt,
  hstoreDefinedAt,
  hstoreGet,
  hstoreHas,
  hstoreHasAt,
  hstoreJson,
  hstoreKey,
  hstoreOf,
  hstorePattern,
  hstoreTextAt,
  hstoreWithout,
  hstoreWithoutPairs,
  parseJsonb,
  readHstore,
} from '../../types/index.ts';

/** What stands between and around the pairs of the text, too. */
const text = fc
  .array(fc.constantFrom('a', 'b', '"', '\\', '=>', ', ', 'NULL', 'ß', ' ', ''), { maxLength: 4 })
  .map((parts) => parts.join(''));
const pairs = fc.array(fc.tuple(text, fc.option(text)), { maxLength: 6 });

describe('hstore, by its text', () => {
  it('has the pairs of which it was made, the first of one key', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const wanted = new Map([...given].reverse());
        const read = readHstore(hstoreOf(given));
        expect([...read].sort()).to.deep.equal([...wanted].sort());
        expect(hstoreOf(read)).to.equal(hstoreOf(given));
      }),
    );
  });

  it('finds single keys', () => {
    fc.assert(
      fc.property(pairs, text, (given, key) => {
        const value = hstoreOf(given);
        const wanted = readHstore(value);
        for (const each of [key, ...wanted.keys()]) {
          expect(hstoreHas(value, each)).to.equal(wanted.has(each));
          expect(hstoreGet(value, each)).to.equal(wanted.get(each) ?? null);
          const bytes = Buffer.from(`..${value}..`);
          const place = [bytes, 2, bytes.length - 2, hstoreKey(each)] as const;
          expect(hstoreHasAt(...place)).to.equal(wanted.has(each));
          expect(hstoreTextAt(...place)).to.equal(wanted.get(each) ?? null);
          expect(hstoreDefinedAt(...place)).to.equal(typeof wanted.get(each) === 'string');
        }
      }),
    );
  });

  it('contains what all of its pairs are in', () => {
    fc.assert(
      fc.property(pairs, pairs, fc.nat(), (given, others, count) => {
        const whole = readHstore(hstoreOf(given));
        const few = [...whole].slice(0, count % (whole.size + 1));
        expect(hstoreContains(hstoreOf(whole), hstoreOf(few))).to.equal(true);
        const other = readHstore(hstoreOf(others));
        const isIn = [...other].every(([key, each]) => whole.has(key) && whole.get(key) === each);
        expect(hstoreContains(hstoreOf(whole), hstoreOf(other))).to.equal(isIn);
        const bytes = Buffer.from(hstoreOf(whole));
        expect(hstoreContainsAt(bytes, 0, bytes.length, hstorePattern(hstoreOf(other)))).to.equal(isIn);
      }),
    );
  });

  it('is put together and taken apart', () => {
    fc.assert(
      fc.property(pairs, pairs, text, (given, others, key) => {
        const [a, b] = [hstoreOf(given), hstoreOf(others)];
        const [x, y] = [readHstore(a), readHstore(b)];
        expect(hstoreConcat(a, b)).to.equal(hstoreOf([...y, ...x]));
        expect(hstoreWithoutPairs(a, b)).to.equal(
          hstoreOf([...x].filter(([each, value]) => !y.has(each) || y.get(each) !== value)),
        );
        for (const gone of [key, ...x.keys()])
          expect(hstoreWithout(a, gone)).to.equal(hstoreOf([...x].filter(([each]) => each !== gone)));
      }),
    );
  });

  it('is a JSON object in normal form', () => {
    fc.assert(
      fc.property(pairs, fc.constantFrom('', '\n', '\x01'), (given, odd) => {
        const value = hstoreOf(given.map(([key, each]) => [key + odd, each]));
        expect(JSON.parse(hstoreJson(value))).to.deep.equal(Object.fromEntries(readHstore(value)));
        expect(formatJsonb(parseJsonb(hstoreJson(value)))).to.equal(hstoreJson(value));
      }),
    );
  });
});
