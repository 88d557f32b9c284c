/**
 * What survives, over some hundreds of seeds; `npm run simulate` runs thousands. And that the simulation has eyes: each
 * protection, taken out, is missed within a few seeds.
 *
 * SIM_SEED chooses the first seed, SIM_SEEDS how many.
 */
import { expect } from 'chai';
import { MemoryFileSystem, StorageEngine } from '../../storage/api.ts';
import { SqlError } from '../../types/errors.ts';
import { makeRow, Random, readRow } from '../storage/heap/support.ts';
import { seedFrom } from '../support/seed.ts';
import { DIRECTORY, newTally, simulate, type Weakness } from './simulation.ts';
import { NO_PAGE_CHECKSUMS, WEAKNESSES } from './weaknesses.ts';

const FIRST = seedFrom('SIM_SEED');
const SEEDS = Number(process.env['SIM_SEEDS'] ?? 200);
const SEEDS_PER_TEST = 50;
const SEEDS_TO_NOTICE = 200;

describe('A power cut, a kill or a failing disk at any moment', () => {
  for (let first = FIRST; first < FIRST + SEEDS; first += SEEDS_PER_TEST) {
    const last = Math.min(first + SEEDS_PER_TEST, FIRST + SEEDS) - 1;
    it(`loses nothing acknowledged and leaves nothing half done: seeds ${first} to ${last}`, async () => {
      const tally = newTally();
      for (let seed = first; seed <= last; seed++) {
        try {
          await simulate(seed, tally);
        } catch (error) {
          if (error instanceof Error) error.message += ` (again: npm run simulate -- --seed ${seed})`;
          throw error;
        }
      }
      expect(Math.min(tally.powerCuts, tally.kills, tally.cutsInRecovery, tally.cleanRestarts)).to.be.greaterThan(0);
    }).timeout(300_000);
  }
});

describe('The simulation notices when', () => {
  for (const [name, weakness] of Object.entries(WEAKNESSES)) {
    it(name, async () => {
      let failure: unknown = null;
      for (let seed = 1; seed <= SEEDS_TO_NOTICE && failure === null; seed++) {
        await simulate(seed, newTally(), weakness).catch((error: unknown) => {
          failure = error;
        });
      }
      expect(failure, `a violation within ${SEEDS_TO_NOTICE} seeds`).to.be.instanceOf(Error);
    }).timeout(120_000);
  }
});

/** What a reader of all rows gets after one bit of a closed directory's pages has changed. */
async function afterBitRot(seed: number, weakness: Weakness): Promise<'refused' | 'wrong' | 'unnoticed'> {
  const random = new Random(seed);
  const fileSystem = new MemoryFileSystem();
  const open = (): Promise<StorageEngine> =>
    StorageEngine.open({
      dataDirectory: DIRECTORY,
      fileSystem: weakness.fileSystem?.(fileSystem) ?? fileSystem,
      sharedBuffers: 64 * 8192,
    });
  const engine = await open();
  await engine.startupSweep();
  const txn = engine.transactions.begin();
  const heap = engine.createHeap(txn);
  const xid = engine.transactions.statementXid(txn);
  for (let value = 0; value < 200; value++) heap.insert(txn, xid, makeRow(value, 150), 150);
  await new Promise<void>((resolve) => engine.transactions.commit(txn, () => resolve()));
  const size = heap.pages.pageCount * 8192;
  await engine.close();
  fileSystem.corrupt(`${DIRECTORY}/base/${heap.relId}`, random.below(size), 1 << random.below(8));
  const again = await open();
  const values: number[] = [];
  try {
    await again.startupSweep(undefined, () => (_rowId, base) => void values.push(readRow(again, base)));
  } catch (error) {
    return error instanceof SqlError && error.code === 'XX001' ? 'refused' : 'wrong';
  } finally {
    again.abandon();
  }
  return values.length === 200 && values.every((value, i) => value === i) ? 'unnoticed' : 'wrong';
}

describe('A bit that changed on disk', () => {
  it('is refused, wherever it is', async () => {
    for (let seed = 0; seed < 60; seed++) expect(await afterBitRot(seed, {}), `seed ${seed}`).to.equal('refused');
  });

  it('gives wrong rows when page checksums are not looked at', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) seen.add(await afterBitRot(seed, NO_PAGE_CHECKSUMS));
    expect([...seen]).to.include('wrong');
  });
});
