/** Counts of old versions by relation, against a plain list of what is in which page. */
import { expect } from 'chai';
import fc from 'fast-check';
import { VersionCounts } from '../../../storage/heap/version-counts.ts';

type Step =
  | { readonly kind: 'note'; readonly page: number; readonly rel: number }
  | { readonly kind: 'forget'; readonly page: number };

const page = fc.integer({ min: 0, max: 5 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('note' as const), page, rel: fc.integer({ min: 16, max: 19 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), page }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 60 },
);

describe('version counts', () => {
  it('are those of the pages that are left, with or without one of them', () => {
    fc.assert(
      fc.property(steps, page, (run, except) => {
        const counts = new VersionCounts();
        let model: { page: number; rel: number }[] = [];
        for (const step of run) {
          if (step.kind === 'note') {
            counts.note(step.page, step.rel);
            model.push({ page: step.page, rel: step.rel });
          } else {
            counts.forget(step.page);
            model = model.filter((entry) => entry.page !== step.page);
          }
        }
        for (let rel = 16; rel < 20; rel++) {
          const of = model.filter((entry) => entry.rel === rel);
          expect(counts.of(rel)).to.equal(of.length);
          expect(counts.of(rel) - counts.ofPage(rel, except)).to.equal(
            of.filter((entry) => entry.page !== except).length,
          );
        }
      }),
    );
  });
});
