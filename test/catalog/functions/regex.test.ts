/** Regular expressions: automata and JavaScript's engine agree where both may be asked; no pattern takes a text's life. */
import { expect } from 'chai';
import fc from 'fast-check';
import { isAlike } from '../../../catalog/functions/regex/alike.ts';
import { compileRegex } from '../../../catalog/functions/regex/compile.ts';
import { Divider } from '../../../catalog/functions/regex/divide.ts';
import { plainOptions } from '../../../catalog/functions/regex/options.ts';
import { AdvancedParser } from '../../../catalog/functions/regex/parse.ts';

const OPTIONS = plainOptions(false);

const patterns = fc.letrec((tie) => {
  const smaller = tie('pattern') as fc.Arbitrary<string>;
  return {
    pattern: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^c]', '\\d', 'é', '😀', '^', '$', '\\y', '(?=b)'),
      fc.tuple(smaller, smaller).map((parts) => parts.join('')),
      fc.tuple(smaller, smaller).map((parts) => `(${parts.join('|')})`),
      fc.tuple(smaller, fc.constantFrom('*', '+', '?', '{2}', '{1,2}')).map(([part, q]) => `(?:${part})${q}`),
    ),
  };
}).pattern as fc.Arbitrary<string>;
const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', 'é', '😀', ' ', '\n'), maxLength: 12 });

describe('regular expressions', () => {
  it('are divided as JavaScript divides them, where its first match is the only one', () => {
    let alike = 0;
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const tree = new AdvancedParser(pattern, OPTIONS).parse();
        if (!isAlike(tree.root, 'u')) return;
        alike++;
        const regex = compileRegex(pattern, OPTIONS);
        const match = regex.find(text, 0);
        const spans = new Divider(tree, 'u', (same) => same).find(text, 0);
        const expected =
          match === null
            ? null
            : Array.from({ length: regex.groupCount + 1 }, (_, group) => regex.spanOf(text, match, group) ?? [-1, -1]);
        expect(spans, pattern).to.deep.equal(expected?.flat() ?? null);
      }),
      { numRuns: 3000 },
    );
    expect(alike).to.be.greaterThan(200);
  });

  it('find a match where they say that there is one', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const regex = compileRegex(pattern, OPTIONS);
        expect(regex.test.test(text), pattern).to.equal(regex.find(text, 0) !== null);
      }),
      { numRuns: 2000 },
    );
  });

  it('come to an end where choices overlap', () => {
    const text = 'a'.repeat(2000);
    for (const pattern of ['^(a|a)*$', '(a+)+b', '(?:a?){60}b', '(a*)*(a*)*b', '(?:a|a)(?:a|aa){40}b', 'a*a*a*a*b']) {
      expect(compileRegex(pattern, OPTIONS).test.test(`${text}c`), pattern).to.equal(false);
    }
  });
});
