/** Sets of page numbers, held against Set. */
import { expect } from 'chai';
import { PageSet } from '../../../storage/buffer/index.ts';
import { Random, SEED } from '../heap/support.ts';

function membersOf(set: PageSet): number[] {
  const members: number[] = [];
  for (let pageNo = set.next(0); pageNo >= 0; pageNo = set.next(pageNo + 1)) members.push(pageNo);
  return members;
}

describe('a set of pages', () => {
  it(`has what was added, in order, and comes back from its words (SEED=${SEED})`, () => {
    const random = new Random(SEED);
    for (let round = 0; round < 200; round++) {
      const range = 1 + random.below(round % 10 === 0 ? 100_000 : 300);
      const sets = [new PageSet(), new PageSet()];
      const models = [new Set<number>(), new Set<number>()];
      for (let i = random.below(100); i > 0; i--) {
        const which = random.below(2);
        const pageNo = random.below(range);
        sets[which].add(pageNo);
        models[which].add(pageNo);
      }
      const copy = sets[0].copy();
      sets[0].addAll(sets[1]);
      const union = [...new Set([...models[0], ...models[1]])].sort((a, b) => a - b);
      expect(membersOf(sets[0])).to.deep.equal(union);
      expect(sets[0].count).to.equal(union.length);
      expect(sets[0].isEmpty).to.equal(union.length === 0);
      expect(membersOf(new PageSet(sets[0].words.slice()))).to.deep.equal(union);
      expect(membersOf(copy)).to.deep.equal([...models[0]].sort((a, b) => a - b));
      for (const pageNo of [0, 31, 32, range, random.below(range), 2 ** 23 - 1]) {
        expect(copy.has(pageNo)).to.equal(models[0].has(pageNo));
        expect(copy.next(pageNo)).to.equal(
          [...models[0]].sort((a, b) => a - b).find((member) => member >= pageNo) ?? -1,
        );
      }
      sets[0].clear();
      expect(membersOf(sets[0])).to.deep.equal([]);
    }
  });
});
