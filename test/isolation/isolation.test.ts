/**
 * Runs the scripts of this folder. With UPDATE=1 what was seen becomes what is expected (run that against PostgreSQL, by
 * HOTROW_TEST_TARGET, and read it before it is kept).
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { readScript, ScenarioRunner, writeScript } from './runner.ts';

const folder = dirname(fileURLToPath(import.meta.url));

describe('interleavings of sessions', () => {
  let database: ScratchDatabase;
  before(async () => {
    database = await createScratchDatabase();
  });
  after(() => database.drop());

  for (const file of readdirSync(folder).filter((name) => name.endsWith('.spec'))) {
    describe(file.replace('.spec', ''), () => {
      const path = join(folder, file);
      const script = readScript(path);
      const outcomes: string[][] = [];
      for (const scenario of script.scenarios) {
        it(scenario.title, async () => {
          const outcome = await new ScenarioRunner(database).run(script.setup, scenario.steps);
          outcomes.push(outcome);
          if (process.env['UPDATE'] !== '1') expect(outcome.join('\n')).to.equal(scenario.expected.join('\n'));
        }).timeout(20000);
      }
      after(() => {
        if (process.env['UPDATE'] === '1' && outcomes.length === script.scenarios.length)
          writeFileSync(path, writeScript(script, outcomes));
      });
    });
  }
});
