import { expect } from 'chai';
import fc from 'fast-check';
import { parseIcuLocale } from '../../types/collation.ts';
import { collationClasses } from '../../types/collation-class.ts';

const LOCALES = [
  'und-u-ks-level2',
  'und-u-ks-level1',
  'und-u-ks-level3',
  'und-u-kn-true-ks-level2',
  'und-u-ka-shifted-ks-level1',
  'de-u-co-phonebk-ks-level1',
  'hu-u-ks-level2',
  'cs-u-ks-level1',
  'da-u-ks-level2',
  'ja-u-ks-level2',
];

function collatorOf(locale: string): (a: string, b: string) => number {
  const { tag, options } = parseIcuLocale(locale);
  return new Intl.Collator(tag, options).compare;
}

/** Ways to write the same letters. */
const SPELLINGS: readonly ((text: string) => string)[] = [
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.normalize('NFD'),
  (text) => text.normalize('NFKC'),
  (text) => text.replaceAll('ß', 'ss').replaceAll('æ', 'ae'),
  (text) => text.replace(/[a-z]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)),
  (text) => text.replace(/\d+/g, (digits) => `00${digits}`),
  (text) => `\u00ad${text}`,
  (text) => text.replaceAll('-', ''),
];

describe('classes of texts under collations', () => {
  const letters = [...'abcchdzsghinouwxyABCZ0123456789 -_.@éèüößæœåçñ東京都한국어かガｶﾞไทยاب😀\u0301\u0000ﬁǆ'];
  const text = fc.array(fc.constantFrom(...letters), { maxLength: 12 }).map((chars) => chars.join(''));

  for (const locale of LOCALES) {
    const compare = collatorOf(locale);
    const classOf = collationClasses(locale);

    it(`${locale}: equal texts are of one class`, () => {
      fc.assert(
        fc.property(text, fc.constantFrom(...SPELLINGS), (a, spell) => {
          const b = spell(a);
          if (compare(a, b) === 0) expect(classOf(a)).to.equal(classOf(b));
        }),
        { numRuns: 150 },
      );
    });

    it(`${locale}: a class is one of its own texts, and of its own class, where all letters are known`, () => {
      const words = 'abcdefghijklmnopqrstuvwxyz0123456789@._'.split('');
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...words), { maxLength: 20 }), (chars) => {
          const made = classOf(chars.join(''));
          expect(classOf(made)).to.equal(made);
        }),
        { numRuns: 100 },
      );
    });
  }

  it('tells different letters apart, and knows the languages', () => {
    const classOf = collationClasses('und-u-ks-level2');
    const known = ['Ada@Example.com', 'Straße', '東京都', 'สวัสดี', '한국어', 'العربية', 'Привет', '😀'];
    for (const [i, a] of known.entries())
      for (const b of known.slice(i + 1)) expect(classOf(a)).to.not.equal(classOf(b));
    expect(classOf('STRASSE')).to.equal(classOf('straße'));
    expect(collationClasses('de-u-co-phonebk-ks-level1')('Müller')).to.equal('MUELLER');
    expect(collationClasses('und-u-kn-true-ks-level2')('no 007b')).to.equal('NO 7B');
    expect(collationClasses('hu-u-ks-level2')('ddzs')).to.equal(collationClasses('hu-u-ks-level2')('dzsdzs'));
  });

  it('ends for long texts', () => {
    const classOf = collationClasses('und-u-ks-level2');
    expect(classOf('x'.repeat(100000)).length).to.be.at.most(256);
    expect(classOf('é'.repeat(3000)).length).to.be.at.most(256);
  });
});
