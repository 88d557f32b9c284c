/** pg_sleep: each call of a row sleeps once, in order, however often the row is computed. Only lower bounds of times are looked at. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

describe('pg_sleep', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  before(async () => {
    scratch = await createScratchDatabase();
    client = new pg.Client(scratch.connection);
    await client.connect();
    await client.query('CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 3) g');
  });
  after(async () => {
    await client.end();
    await scratch.drop();
  });

  for (const [sql, sleeps, rows] of [
    ['SELECT pg_sleep(0.05), pg_sleep(0.05)', 2, 1],
    ['SELECT pg_sleep(0.05), pg_sleep(0), pg_sleep(0.05)', 2, 1],
    ['SELECT pg_sleep(0.05) FROM generate_series(1, 3)', 3, 3],
    ['SELECT pg_sleep(0.05), pg_sleep(0.05) FROM generate_series(1, 2)', 4, 2],
    ['SELECT pg_sleep(0.05) FROM t', 3, 3],
    ['SELECT a FROM t WHERE pg_sleep(0.05) IS NOT NULL AND pg_sleep(0.05) IS NOT NULL', 6, 3],
    ['SELECT a FROM t WHERE pg_sleep(0.05) IS NULL', 3, 0],
    ['SELECT count(pg_sleep(0.05)) FROM t', 3, 1],
    ['SELECT count(pg_sleep(0.05)) FROM (SELECT a FROM t OFFSET 1) s', 2, 1],
    ['SELECT pg_sleep(0.05) FROM (SELECT pg_sleep(0.05) FROM t OFFSET 0) s', 6, 3],
    ['SELECT (SELECT pg_sleep(0.05) WHERE a > 0), pg_sleep(0.05) FROM t', 6, 3],
    ['SELECT pg_sleep(0.05), (SELECT count(pg_sleep(0.05)) FROM t), pg_sleep(0.05)', 5, 1],
  ] as const) {
    it(`sleeps ${sleeps} times: ${sql}`, async () => {
      const start = performance.now();
      const result = await client.query(sql);
      expect(result.rows).to.have.length(rows);
      // A timer may be a little early.
      expect(performance.now() - start).to.be.above(sleeps * 50 - 2);
    });
  }
});
