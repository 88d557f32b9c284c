/** What survives, seen through SQL: constraints, definitions, indexes against tables. `npm run simulate -- --sql` runs more. */

import { seedFrom } from '../support/seed.ts';
import { simulateSql } from './sql-simulation.ts';

const FIRST = seedFrom('SIM_SEED');
const SEEDS = Number(process.env['SIM_SQL_SEEDS'] ?? 5);

describe('A power cut or a kill, seen through SQL', () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`loses nothing acknowledged and leaves nothing half done: npm run simulate -- --sql --seed ${seed}`, () =>
      simulateSql(seed)).timeout(120_000);
  }
});
