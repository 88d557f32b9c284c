/**
 * Forks over SQL: each is a private copy of what was committed. A tree of them under random statements, against copies of everything.
 *
 *     FORK_SEEDS=500 FORK_STEPS=200     as many lives, each as long
 *     SEED=7                            others
 *     FORK_SEED=701                     one of them again
 */
import { SEED } from '../../storage/heap/support.ts';
import { ForkRun } from './run.ts';

const { FORK_SEED, FORK_SEEDS, FORK_STEPS } = process.env;
const LIVES = FORK_SEED === undefined ? Number(FORK_SEEDS ?? 24) : 1;
const STEPS = Number(FORK_STEPS ?? 60);

describe('forks of databases', () => {
  for (let i = 0; i < LIVES; i++) {
    const seed = FORK_SEED === undefined ? SEED * 1000 + i : Number(FORK_SEED);
    it(`are private copies of what was committed (FORK_SEED=${seed} FORK_STEPS=${STEPS})`, async () => {
      const run = new ForkRun(seed);
      await run.start(seed % 2 === 0, seed % 3 === 0 ? '16MB' : '1MB');
      try {
        for (let step = 0; step < STEPS; step++) await run.step();
        await run.finish();
      } finally {
        await run.stop();
      }
    }).timeout(60_000);
  }
});
