/** Collations at run time: their order is total, ties are decided by bytes, and ICU's locales are read in both of their forms. */
import { expect } from 'chai';
import {
  collatedType,
  collation,
  comparator,
  compareText,
  equality,
  isByteOrder,
  looseCollationOf,
  NO_COLLATION,
  OID,
  parseIcuLocale,
  registerCollation,
  SqlArray,
  SqlError,
} from '../../types/index.ts';
import { randomOf } from '../support/random.ts';

/** Oids that no catalog of these tests gives to anything else. */
const GERMAN = 900_001;
const IGNORES_CASE = 900_002;
registerCollation({ oid: GERMAN, locale: 'de', deterministic: true });
registerCollation({ oid: IGNORES_CASE, locale: 'und-u-ks-level2', deterministic: false });

const LETTERS = ['a', 'A', 'b', 'B', 'ä', 'Ä', 'a\u0308', 'ß', 'ss', 'z', ' ', '-', '1', '10', '\u{1F600}', '\uFFFD'];

function words(seed: number, count: number): string[] {
  const next = randomOf(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: Math.floor(next() * 4) }, () => LETTERS[Math.floor(next() * LETTERS.length)]).join(''),
  );
}

describe('collations', () => {
  it('order totally, and call only the same bytes equal when they are deterministic', () => {
    const compare = comparator(collatedType(GERMAN, OID.TEXT));
    const list = words(1, 60);
    for (const a of list) {
      for (const b of list) {
        expect(Math.sign(compare(a, b))).to.equal(-Math.sign(compare(b, a)) + 0, `${a} and ${b}`);
        expect(compare(a, b) === 0).to.equal(a === b, `${a} and ${b}`);
        for (const c of list) {
          if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).to.be.at.most(0, `${a}, ${b}, ${c}`);
        }
      }
    }
  });

  it('order as the language does, and as bytes where it sees no difference', () => {
    const { compare } = collation(GERMAN);
    expect(['z', 'ä', 'B', 'a', 'b', 'A'].sort(compare)).to.deep.equal(['a', 'A', 'ä', 'b', 'B', 'z']);
    // Canonically equivalent: one letter, or a letter and an accent.
    expect(Math.sign(compare('ä', 'a\u0308'))).to.equal(Math.sign(compareText('ä', 'a\u0308')));
  });

  it('compare arrays element by element', () => {
    const type = collatedType(GERMAN, OID.TEXT_ARRAY);
    const of = (...items: string[]): SqlArray => new SqlArray(OID.TEXT, items);
    expect(comparator(type)(of('ä'), of('b'))).to.be.below(0);
    expect(comparator(OID.TEXT_ARRAY)(of('ä'), of('b'))).to.be.above(0);
  });

  it('are equal beyond bytes when they are not deterministic', () => {
    const isEqual = equality(collatedType(IGNORES_CASE, OID.TEXT));
    expect(isEqual('Abc', 'aBC')).to.equal(true);
    expect(isEqual('abc', 'äbc')).to.equal(false);
  });

  it('are byte order unless somebody has said otherwise', () => {
    expect(isByteOrder(100)).to.equal(true);
    expect(isByteOrder(GERMAN)).to.equal(false);
    expect(isByteOrder(NO_COLLATION)).to.equal(false);
    expect(() => collation(NO_COLLATION).compare('a', 'b')).to.throw(SqlError, 'could not determine which collation');
  });

  it('read language tags and the older names of locales alike', () => {
    const phonebook = { tag: 'de-u-co-phonebk', options: { usage: 'sort' } };
    expect(parseIcuLocale('de-u-co-phonebk')).to.deep.equal(phonebook);
    expect(parseIcuLocale('de@collation=phonebook')).to.deep.equal(phonebook);
    expect(parseIcuLocale('en_US@colNumeric=yes;colCaseFirst=upper')).to.deep.equal({
      tag: 'en-US',
      options: { usage: 'sort', numeric: true, caseFirst: 'upper' },
    });
    expect(parseIcuLocale('en-u-ks-level1-kc-true').options.sensitivity).to.equal('case');
    expect(parseIcuLocale('en-u-ka-shifted').options.ignorePunctuation).to.equal(true);
    // The root's order, which is English's; not that of the process's own language.
    expect(parseIcuLocale('und').tag).to.equal('en');
    expect(() => parseIcuLocale('en-u-ks-identic')).to.throw(SqlError, 'is not supported');
  });

  it('are those of the server that was asked last, where several have used an oid', () => {
    const oid = 0xe0000000;
    registerCollation({ oid, locale: 'und', deterministic: true });
    const [before, type] = [collation(oid), collatedType(oid, OID.TEXT)];
    expect(before.compare('a', 'A')).not.to.equal(0);
    registerCollation({ oid, locale: 'und', deterministic: true });
    expect(collation(oid)).to.equal(before);
    registerCollation({ oid, locale: 'und-u-ks-level2', deterministic: false });
    expect(collation(oid).compare('a', 'A')).to.equal(0);
    expect(collatedType(oid, OID.TEXT)).not.to.equal(type);
    expect(looseCollationOf(collatedType(oid, OID.TEXT))).to.equal(collation(oid));
  });
});
