/**
 * Forks, and databases made of others, over some seeds; and protections taken out, each of which must be missed.
 *
 * SIM_SEED chooses the first seed, SIM_FORK_SEEDS how many.
 */
import { expect } from 'chai';
import type { DatabaseServer } from '../../executor/index.ts';
import { seedFrom } from '../support/seed.ts';
import { type ForkWeakness, simulateForks } from './fork-simulation.ts';
import { newForkTally } from './forks/world.ts';

const FIRST = seedFrom('SIM_SEED');
const SEEDS = Number(process.env['SIM_FORK_SEEDS'] ?? 8);
const SEEDS_TO_NOTICE = 40;

const WEAKNESSES: Readonly<Record<string, ForkWeakness>> = {
  'pages change without being kept for forks': {
    server: ({ engine }) => {
      const { sharing } = engine.pool;
      const { claim, isClaimed } = sharing;
      sharing.claim = (rel, pageNo) => rel.source !== null && claim.call(sharing, rel, pageNo);
      sharing.isClaimed = (rel, pageNo) => rel.source === null || isClaimed.call(sharing, rel, pageNo);
    },
  },
  'index entries go that forks need': {
    server: (server) => {
      for (const heap of server.engine.heaps()) heap.mayForksSee = () => false;
    },
  },
  'a fork does not end with its last session': {
    server: ({ forks }) => {
      forks.sessionClosed = () => {};
    },
  },
  'a database that is dropped is not': {
    server: (server: DatabaseServer) => {
      const { engine } = server;
      const put = engine.putCatalog.bind(engine);
      engine.putCatalog = (txn, key, bytes) => {
        if (bytes !== null || !/database/.test(key)) put(txn, key, bytes);
      };
    },
  },
};

describe('Forks, with cuts and faults', () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`answer as copies, leave nothing, and harm nobody: npm run simulate -- --forks --seed ${seed}`, () =>
      simulateForks(seed)).timeout(120_000);
  }
});

describe('The simulation of forks notices when', () => {
  for (const [name, weakness] of Object.entries(WEAKNESSES)) {
    it(name, async () => {
      let failure: unknown = null;
      for (let seed = 1; seed <= SEEDS_TO_NOTICE && failure === null; seed++) {
        await simulateForks(seed, newForkTally(), weakness).catch((error: unknown) => {
          failure = error;
        });
      }
      expect(failure, `a violation within ${SEEDS_TO_NOTICE} seeds`).to.be.instanceOf(Error);
    }).timeout(300_000);
  }
});
