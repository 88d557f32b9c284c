/**
 * Backups and archives over some hundreds of seeds, and protections taken out one by one, each of which must be missed.
 *
 * SIM_SEED chooses the first seed, SIM_SEEDS how many.
 */
import { expect } from 'chai';
import type { StorageEngine } from '../../storage/api.ts';
import { seedFrom } from '../support/seed.ts';
import { type BackupWeakness, newBackupTally, simulateBackups } from './backup-simulation.ts';

const FIRST = seedFrom('SIM_SEED');
const SEEDS = Number(process.env['SIM_SEEDS'] ?? 100);
const SEEDS_PER_TEST = 50;
const SEEDS_TO_NOTICE = 200;

/** The parts of an engine that a weakness reaches into. */
interface Parts {
  readonly archiver: { hold: { lsn: number } };
  readonly backups: { retention: { holdLog: (lsn: number) => { lsn: number } } };
}

function partsOf(engine: StorageEngine): Parts {
  return engine as unknown as Parts;
}

const WEAKNESSES: Readonly<Record<string, BackupWeakness>> = {
  'log that is not archived may go': {
    engine: (engine) => {
      const { archiver } = partsOf(engine);
      if (archiver === null) return;
      archiver.hold.lsn = Number.POSITIVE_INFINITY;
      archiver.hold = { lsn: 0 };
      // It goes with a checkpoint: there are more of them.
      const { wal } = engine;
      const end = wal.switchSegment.bind(wal);
      wal.switchSegment = () => {
        engine.checkpoint(() => {});
        return end();
      };
    },
  },
  'pages are copied as they are read': {
    source: (source) => Object.assign(Object.create(source), { isInLog: () => true }),
  },
  'pages are taken for unchanged that changed during the backup before': {
    parent: (parent) => ({ ...parent, control: { ...parent.control, redoLsn: parent.endLsn } }),
  },
  'a backup ends with its first record': {
    source: (source) => {
      let startLsn = 0;
      return Object.assign(Object.create(source), {
        begin: async () => {
          const control = await source.begin();
          startLsn = control.checkpointLsn + 48;
          return control;
        },
        end: async () => startLsn,
      });
    },
  },
};

describe('Backups and an archive, with cuts and faults', () => {
  for (let first = FIRST; first < FIRST + SEEDS; first += SEEDS_PER_TEST) {
    const last = Math.min(first + SEEDS_PER_TEST, FIRST + SEEDS) - 1;
    it(`are what was committed: seeds ${first} to ${last}`, async () => {
      const tally = newBackupTally();
      for (let seed = first; seed <= last; seed++) {
        try {
          await simulateBackups(seed, tally);
        } catch (error) {
          if (error instanceof Error) error.message += ` (again: npm run simulate -- --backup --seed ${seed})`;
          throw error;
        }
      }
      if (SEEDS < SEEDS_PER_TEST) return;
      const { backups, incremental, failedBackups, powerCuts, segments, restores } = tally;
      expect(Math.min(backups, incremental, failedBackups, powerCuts, segments, restores)).to.be.greaterThan(0);
    }).timeout(300_000);
  }
});

describe('The simulation of backups notices when', () => {
  for (const [name, weakness] of Object.entries(WEAKNESSES)) {
    it(name, async () => {
      let failure: unknown = null;
      for (let seed = 1; seed <= SEEDS_TO_NOTICE && failure === null; seed++) {
        await simulateBackups(seed, newBackupTally(), weakness).catch((error: unknown) => {
          failure = error;
        });
      }
      expect(failure, `a violation within ${SEEDS_TO_NOTICE} seeds`).to.be.instanceOf(Error);
    }).timeout(120_000);
  }
});
