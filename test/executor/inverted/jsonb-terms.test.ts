/** Terms of jsonb: a document has the terms of whatever it contains. */
import { expect } from 'chai';
import type { FunctionContext } from '../../../catalog/function-entry.ts';
import { JSONB_CONTAINS, JSONB_EXISTS } from '../../../catalog/inverted-classes.ts';
import type { TermExtractor } from '../../../executor/inverted/extractor.ts';
import { JSONB_OPS, JSONB_PATH_OPS } from '../../../executor/inverted/jsonb-terms.ts';
import type { TermNode } from '../../../executor/inverted/term-query.ts';
import { TermList, TermSet, TermWriter } from '../../../executor/inverted/terms.ts';
import { formatJsonb } from '../../../types/index.ts';
import { partOf, randomJsonb, withZeros } from '../../support/jsonb.ts';
import { randomOf } from '../../support/random.ts';
import { seedFrom } from '../../support/seed.ts';

const SEED = seedFrom();
function satisfies(node: TermNode, terms: TermSet): boolean {
  switch (node.kind) {
    case 'term':
      return terms.has(node.key);
    case 'and':
      return node.args.every((arg) => satisfies(arg, terms));
    case 'or':
      return node.args.some((arg) => satisfies(arg, terms));
    default:
      return node.kind === 'all';
  }
}

for (const [name, extractor, hasByteKeys] of [
  ['jsonb_ops', JSONB_OPS, true],
  ['jsonb_path_ops', JSONB_PATH_OPS, false],
  ['jsonb_path_ops beside byte keys', JSONB_PATH_OPS, true],
] as readonly [string, TermExtractor, boolean][]) {
  describe(`terms of ${name} (SEED=${SEED})`, () => {
    const writer = new TermWriter(hasByteKeys, true);
    const termsOf = (text: string): TermSet => {
      const set = new TermSet();
      writer.startColumn(3, set);
      extractor.extract(text, writer);
      return set;
    };
    const query = (strategy: number, value: string): TermNode =>
      extractor.query(
        strategy,
        value,
        (write) => {
          const list = new TermList();
          writer.startColumn(3, list);
          write(writer);
          return list.keys.map((key) => ({ kind: 'term', key }));
        },
        {} as FunctionContext,
      ).node;

    it('find every document that contains the one asked for', () => {
      const random = randomOf(SEED);
      let missed = 0;
      let others = 0;
      let previous = termsOf('{}');
      for (let i = 0; i < 2000; i++) {
        const value = randomJsonb(random, 4);
        const part = formatJsonb(partOf(value, random));
        const terms = termsOf(formatJsonb(value));
        const node = query(JSONB_CONTAINS, part);
        if (!satisfies(node, terms)) missed++;
        if (!satisfies(node, previous)) others++;
        previous = terms;
      }
      expect(missed).to.equal(0);
      // They tell documents apart.
      expect(others).to.be.greaterThan(400);
    });

    it('are those of the value, however a number is written', () => {
      const random = randomOf(SEED + 1);
      for (let i = 0; i < 500; i++) {
        const value = randomJsonb(random, 3);
        const [text, other] = [formatJsonb(value), formatJsonb(withZeros(value))];
        expect(termsOf(other).count).to.equal(termsOf(text).count);
        expect(satisfies(query(JSONB_CONTAINS, other), termsOf(text)), text).to.equal(true);
      }
    });

    it('come from stored bytes as from text', () => {
      const random = randomOf(SEED + 2);
      const key = writer.key;
      for (let i = 0; i < 500; i++) {
        const text = formatJsonb(randomJsonb(random, 4));
        const bytes = Buffer.from(`..${text}}]"`);
        const stored = new TermSet();
        writer.startColumn(3, stored);
        extractor.extractStored?.(bytes, 2, bytes.length - 3, writer);
        const terms = termsOf(text);
        expect(stored.count).to.equal(terms.count);
        for (let term = 0; term < terms.count; term++) {
          terms.read(term, key);
          expect(stored.has(key)).to.equal(true);
        }
      }
    });
  });
}

it('jsonb_ops finds keys and string elements by ?', () => {
  const writer = new TermWriter(true, false);
  const terms = new TermSet();
  writer.startColumn(0, terms);
  JSONB_OPS.extract('{"key": ["element", {"deep": "value"}], "quo\\"te": 1}', writer);
  const finds = (text: string): boolean =>
    satisfies(
      JSONB_OPS.query(
        JSONB_EXISTS,
        text,
        (write) => {
          const list = new TermList();
          writer.startColumn(0, list);
          write(writer);
          return list.keys.map((key) => ({ kind: 'term', key }));
        },
        {} as FunctionContext,
      ).node,
      terms,
    );
  expect(['key', 'element', 'deep', 'quo"te', 'value', '1', 'ke'].filter(finds)).to.deep.equal([
    'key',
    'element',
    'deep',
    'quo"te',
  ]);
});
