/** Texts that aggregates collect, beside a string that grows. */
import { expect } from 'chai';
import fc from 'fast-check';
import { TextCollector } from '../../../catalog/functions/text-collector.ts';
import { seedFrom } from '../../support/seed.ts';

/** Ascii, Latin-1, beyond it, pairs and halves of pairs; long ones too. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('', 'é', 'ÿ', 'Ā', '€ ', '😀', '\ud83d', 'x'.repeat(300), 'ü'.repeat(70), 'ž'.repeat(500)),
);

describe('TextCollector', () => {
  it('answers what was appended, whole and in parts, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 120 }), fc.nat(), (texts, seed) => {
        const collector = new TextCollector();
        let model = '';
        texts.forEach((each, i) => {
          const before = collector.length;
          collector.append(each);
          model += each;
          expect(collector.length).to.equal(model.length);
          expect(collector.slice(before, collector.length)).to.equal(each);
          if ((i + seed) % 7 === 0) expect(collector.toString()).to.equal(model);
        });
        expect(collector.toString()).to.equal(model);
      }),
      { seed: seedFrom(), numRuns: 500 },
    );
  });
});
