/** The sort of an index build is that of numbers, and stable. */
import { expect } from 'chai';
import { NumberSort } from '../../../storage/index/index.ts';
import { Random, SEED } from '../heap/support.ts';

describe('number sort', () => {
  const kinds: Record<string, (random: Random) => number> = {
    'small integers': (random) => random.below(1000),
    'integers of both signs': (random) => random.below(2_000_000) - 1_000_000,
    'large integers': (random) => Math.floor((random.next() - 0.5) * 2 ** 53),
    'fractions and extremes': (random) =>
      random.pick([random.next(), -random.next() * 1e-300, Infinity, -Infinity, 0, -0, Number.MAX_VALUE, -5e-324]),
    'one value': () => 42,
  };
  for (const [kind, make] of Object.entries(kinds)) {
    it(`${kind} (SEED=${SEED})`, () => {
      const random = new Random(SEED);
      for (const count of [0, 1, 2, 1000, 150_000]) {
        const sort = new NumberSort();
        const pairs: [number, number][] = [];
        for (let i = 0; i < count; i++) {
          const number = make(random);
          sort.add(number, i * 3);
          pairs.push([number, i * 3]);
        }
        if (count > 2) {
          sort.add(7, 7);
          sort.truncate(count);
        }
        if (count > 0) while (!sort.step());
        pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
        for (let i = 0; i < count; i++) {
          if (sort.numberAt(i) !== pairs[i][0] || sort.rowAt(i) !== pairs[i][1])
            expect.fail(`pair ${i} of ${count} is ${sort.numberAt(i)} ${sort.rowAt(i)}, not ${pairs[i]}`);
        }
      }
    }).timeout(20_000);
  }
});
