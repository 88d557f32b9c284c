/**
 * Random statements give on hotrow what they give on PostgreSQL 15, where one is installed or HOTROW_TEST_REFERENCE names one;
 * elsewhere there is nothing to compare with, and no test. A fixed seed, so that a run says the same every time: the search
 * for more is `npm run differential`.
 */
import { expect } from 'chai';
import { createScratchDatabase } from '../support/database-target.ts';
import { runDifferential } from './differential.ts';
import { findReference, hasReference, type Reference } from './postgres.ts';
import { expression, list, optional, query, render, smaller, text } from './tree.ts';

const SEED = 1;
const STATEMENTS = 500;

const REFERENCE = process.env['HOTROW_TEST_REFERENCE'] ?? '';

describe('generated statements', () => {
  it('are made smaller by what their parts are', () => {
    const one = expression('int4', ['1']);
    const sum = expression('int4', ['(', one, ' + ', expression('int4', ['x']), ')'], ['0']);
    const root = query('SELECT ', list([sum, 'y']), optional(' WHERE true'), text(';'));
    const made = [...smaller(root)].map(render);
    expect(made).to.include.members([
      'SELECT (1 + x), y;',
      'SELECT y WHERE true;',
      'SELECT (1 + x) WHERE true;',
      'SELECT 1, y WHERE true;',
      'SELECT x, y WHERE true;',
      'SELECT 0, y WHERE true;',
    ]);
    expect(made.every((each) => each !== render(root))).to.equal(true);
  });
});

if (hasReference(REFERENCE)) {
  describe(`differential: PostgreSQL (seed ${SEED})`, function () {
    this.timeout(300_000);
    let reference: Reference | null = null;

    before(async () => {
      reference = await findReference(REFERENCE);
    });

    after(() => reference?.stop());

    it(`${STATEMENTS} random statements are answered alike`, async () => {
      const database = await createScratchDatabase();
      const { host, port, user, database: name } = database.connection;
      const found: string[] = [];
      const result = await runDifferential({
        queries: STATEMENTS,
        seed: SEED,
        referenceUrl: reference!.url,
        targetUrl: `postgres://${user}@${host}:${port}/${name}`,
        shownMax: 5,
        onDifference: ({ seed, sql, difference }) =>
          found.push(`seed ${seed}: ${sql}\n  reference: ${difference.reference}\n  target:    ${difference.target}`),
      });
      await database.drop();
      expect(found.join('\n')).to.equal('');
      expect(result).to.include({ asked: STATEMENTS, differences: 0 });
    });
  });
}
