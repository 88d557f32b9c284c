/** Full text and trigrams below SQL: bytes and texts of the types, and what an index may rely on. */
import { expect } from 'chai';
import fc from 'fast-check';
import { compileLike } from '../../catalog/functions/like.ts';
import { compileRegex } from '../../catalog/functions/regex/compile.ts';
import { matchTsquery, matchTsqueryAt } from '../../types/fulltext/match.ts';
import {
  DEFAULT_FORMAT,
  decodeDatum,
  encodeDatum,
  inputBinary,
  inputText,
  likeTrigrams,
  OID,
  outputBinary,
  outputText,
  regexTrigrams,
  type TermExpression,
  type TrigramExpression,
  toLower,
  trigramsOf,
  tsqueryTerms,
  tsvectorTerms,
} from '../../types/index.ts';

const input = (oid: number, text: string): Uint8Array => inputText(oid, -1, text, DEFAULT_FORMAT);
const output = (oid: number, value: Uint8Array): string => outputText(oid, value, DEFAULT_FORMAT);

const WORDS = ['a', 'b', 'ab', 'abc', 'é', "it's", 'x\\y'];
const quoted = (word: string): string => `'${word.replace(/['\\]/g, '$&$&')}'`;
const vectors = fc
  .array(fc.tuple(fc.constantFrom(...WORDS), fc.constantFrom('', ':1', ':2,3', ':1A,2', ':3B,5C', ':4')), {
    maxLength: 6,
  })
  .map((words) => words.map(([word, positions]) => quoted(word) + positions).join(' '));
const operands = fc
  .tuple(fc.constantFrom(...WORDS), fc.constantFrom('', ':*', ':A', ':*BC'))
  .map(([word, flags]) => quoted(word) + flags);
const queries = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3 },
    operands,
    fc.tuple(tie('query'), fc.constantFrom('&', '|', '<->', '<2>', '<0>'), tie('query')).map((p) => `(${p.join(' ')})`),
    tie('query').map((query) => `!${query}`),
  ),
})).query;

/** What an index would answer for one row. */
function holds(expression: TermExpression, terms: readonly string[]): boolean {
  switch (expression.kind) {
    case 'term':
      return terms.includes(Buffer.from(expression.term).toString('latin1'));
    case 'prefix': {
      const prefix = Buffer.from(expression.prefix).toString('latin1');
      return terms.some((term) => term.startsWith(prefix));
    }
    case 'and':
      return expression.parts.every((part) => holds(part, terms));
    case 'or':
      return expression.parts.some((part) => holds(part, terms));
    case 'not':
      return !holds(expression.part, terms);
    default:
      return expression.kind === 'all';
  }
}

function holdsTrigrams(expression: TrigramExpression, trigrams: readonly number[]): boolean {
  switch (expression.kind) {
    case 'trigram':
      return trigrams.includes(expression.trigram);
    case 'and':
      return expression.parts.every((part) => holdsTrigrams(part, trigrams));
    case 'or':
      return expression.parts.some((part) => holdsTrigrams(part, trigrams));
    case 'all':
      return true;
  }
}

describe('full text types', () => {
  for (const [name, oid, texts] of [
    ['tsvector', OID.TSVECTOR, vectors],
    ['tsquery', OID.TSQUERY, queries],
  ] as const) {
    it(`a ${name} is the same after its text, its binary form and its stored form`, () => {
      fc.assert(
        fc.property(texts, (text) => {
          const value = input(oid, text);
          const printed = output(oid, value);
          expect(output(oid, input(oid, printed))).to.equal(printed);
          expect(inputBinary(oid, -1, outputBinary(oid, value))).to.deep.equal(value);
          const stored = encodeDatum(oid, value);
          expect(decodeDatum(oid, stored, 0, stored.length)).to.deep.equal(value);
        }),
      );
    });
  }

  it('@@ answers the same where the vector lies among other bytes', () => {
    fc.assert(
      fc.property(vectors, queries, (vectorText, queryText) => {
        const vector = input(OID.TSVECTOR, vectorText);
        const query = input(OID.TSQUERY, queryText);
        const among = new Uint8Array(vector.length + 14).fill(97);
        among.set(vector, 7);
        expect(matchTsqueryAt(among, 7, 7 + vector.length, query)).to.equal(matchTsquery(vector, query));
      }),
    );
  });

  it('an index by terms finds every row that matches, and no other where it needs no recheck', () => {
    fc.assert(
      fc.property(vectors, queries, (vectorText, queryText) => {
        const vector = input(OID.TSVECTOR, vectorText);
        fc.pre(vectorText !== '');
        const query = input(OID.TSQUERY, queryText);
        const { expression, needsRecheck } = tsqueryTerms(query);
        const terms = tsvectorTerms(vector).map((term) => Buffer.from(term).toString('latin1'));
        const found = holds(expression, terms);
        if (matchTsquery(vector, query)) expect(found, 'finds what matches').to.equal(true);
        else if (!needsRecheck) expect(found, 'finds nothing else').to.equal(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('trigrams of patterns', () => {
  const texts = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', 'A', 's', 'ſ', 'σ', 'ς', ' ', '-', '😀', '1'),
    maxLength: 12,
  });

  it('a text that is LIKE or ILIKE a pattern has the trigrams of the pattern', () => {
    const patterns = fc.string({
      unit: fc.constantFrom('a', 'b', 'c', 'A', 's', 'σ', ' ', '-', '%', '_', '\\-'),
      maxLength: 9,
    });
    fc.assert(
      fc.property(texts, patterns, fc.nat(8), fc.nat(8), (text, pattern, from, length) => {
        // Patterns around a part of the text match often.
        for (const tried of [pattern, `%${text.slice(from, from + length).replaceAll('\\', '')}%`]) {
          const trigrams = trigramsOf(text);
          const matches = compileLike(tried)(text) || compileLike(toLower(tried))(toLower(text));
          if (matches) expect(holdsTrigrams(likeTrigrams(tried), trigrams), tried).to.equal(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('a text that matches a regular expression has the trigrams of the expression', () => {
    const patterns = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(
          'a',
          'b',
          'abc',
          'bca',
          'é',
          ' ',
          '-',
          '.',
          '[ab]',
          '[^a]',
          '\\w',
          '\\m',
          '\\s',
          '[\\Sx]',
          '😀',
        ),
        fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
        fc.tuple(tie('pattern'), tie('pattern')).map((parts) => `(${parts.join('|')})`),
        fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,1}')).map(([p, q]) => `(?:${p})${q}`),
      ),
    })).pattern;
    const options = {
      letters: 'unicode',
      ignoreCase: false,
      newlineStops: false,
      newlineAnchors: false,
      expanded: false,
      syntax: 'advanced',
    } as const;
    fc.assert(
      fc.property(texts, patterns, (text, pattern) => {
        for (const ignoreCase of [false, true]) {
          if (!compileRegex(pattern, { ...options, ignoreCase }).test.test(text)) continue;
          expect(holdsTrigrams(regexTrigrams(pattern, ignoreCase), trigramsOf(text)), pattern).to.equal(true);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('finds by what the pattern certainly has', () => {
    expect(likeTrigrams('%hello%')).to.deep.equal({
      kind: 'and',
      parts: trigramsOf('hello')
        .filter((trigram) =>
          ['ell', 'hel', 'llo'].includes(String.fromCharCode(trigram >>> 16, (trigram >>> 8) & 255, trigram & 255)),
        )
        .map((trigram) => ({ kind: 'trigram', trigram })),
    });
    expect(likeTrigrams('%ab%')).to.deep.equal({ kind: 'all' });
    expect(regexTrigrams('(abc|d)')).to.deep.equal({ kind: 'all' });
    expect(regexTrigrams('a.*bcd').kind).to.equal('trigram');
    expect(regexTrigrams('(?i)abc')).to.deep.equal({ kind: 'all' });
  });
});
