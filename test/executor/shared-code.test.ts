/** Statements of few rows: first with closures, shared code and a plain loop over the pages, later with code of their own. */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { CountedBuilds } from '../support/counted-builds.ts';
import { DirectClient } from '../support/direct-client.ts';

const RUNS = 30;

describe('statements that come again', () => {
  let server: DatabaseServer;
  let client: DirectClient;
  const built = new CountedBuilds();

  before(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map() });
    client = new DirectClient(server);
    await client.rows(`CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(10,2));
      INSERT INTO t SELECT g, CASE WHEN g % 7 > 0 THEN 'v' || g % 10 END, g / 4.0 FROM generate_series(1, 900) g;
      ALTER TABLE t ADD c int DEFAULT 5;
      INSERT INTO t SELECT g, repeat('long', 3000), NULL, NULL FROM generate_series(901, 903) g;
      UPDATE t SET v = 'new', c = id WHERE id % 50 = 0; DELETE FROM t WHERE id % 9 = 0;
      CREATE TABLE u AS SELECT g AS id, g % 5 AS k FROM generate_series(1, 40) g`);
    built.start();
  });
  after(async () => {
    built.stop();
    client.close();
    await server.close();
  });

  for (const sql of [
    'SELECT * FROM t WHERE id > 20 OR v IS NULL ORDER BY id',
    "SELECT id, length(v), c FROM t WHERE v LIKE 'v_' OR c > 5",
    "SELECT id FROM t WHERE v = 'new' LIMIT 3 OFFSET 2",
    'SELECT v, count(*), sum(n), max(c) FROM t GROUP BY v ORDER BY v NULLS FIRST',
    'SELECT count(*), min(length(v)) FROM t WHERE c IS DISTINCT FROM 5',
    'SELECT DISTINCT k, c FROM u JOIN t USING (id) ORDER BY 1, 2',
    'SELECT id, (SELECT count(*) FROM u WHERE u.k = t.id % 5) FROM t WHERE id < 60',
    'SELECT k, rank() OVER (ORDER BY k), lag(id) OVER (PARTITION BY k ORDER BY id) FROM u ORDER BY id',
    'SELECT id FROM t WHERE id = 500 FOR UPDATE',
    'UPDATE u SET k = k + 1 - 1 WHERE id < 10 RETURNING id, k',
  ])
    it(`answer the same each time: ${sql}`, async () => {
      const first = await client.rows(sql);
      expect(first).not.to.deep.equal([]);
      const buildsOf: number[] = [];
      for (let run = 1; run < RUNS; run++) {
        built.count = 0;
        expect(await client.rows(sql), `run ${run}`).to.deep.equal(first);
        if (built.count > 0) buildsOf.push(run);
      }
      // The plan of the second run is kept; once it has been worth it all is made again, as code of its own, and not a second time.
      expect(buildsOf).to.have.length(2);
      expect(buildsOf[0]).to.equal(1);
    });

  it('may have a run under way while others get code of their own', async () => {
    // One shape, and so one plan: the first waits for a lock, the others take one that is free.
    const sql = (key: number): string =>
      `SELECT id, k FROM u WHERE k >= 0 AND pg_advisory_xact_lock_shared(${key}) IS NOT NULL ORDER BY id`;
    const [holder, waiting] = [new DirectClient(server), new DirectClient(server)];
    const expected = await client.rows('SELECT id, k FROM u ORDER BY id');
    await holder.rows('BEGIN; SELECT pg_advisory_xact_lock(1)');
    let hasEnded = false;
    const slow = waiting.rows(sql(1)).finally(() => {
      hasEnded = true;
    });
    built.count = 0;
    for (let run = 0; run < RUNS; run++) expect(await client.rows(sql(2))).to.deep.equal(expected);
    expect(built.count).to.be.greaterThan(0);
    expect(hasEnded).to.equal(false);
    await holder.rows('COMMIT');
    expect(await slow).to.deep.equal(expected);
    built.count = 0;
    expect(await waiting.rows(sql(1))).to.deep.equal(expected);
    expect(built.count).to.equal(0);
    waiting.close();
    holder.close();
  });

  it('see rows that came meanwhile, and count what they read', async () => {
    await client.rows('CREATE TABLE grows (id int)');
    const read = async (): Promise<number> =>
      Number((await client.rows("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'grows'"))[0][0]);
    for (let run = 1; run <= RUNS; run++) {
      await client.rows(`INSERT INTO grows VALUES (${run}); DELETE FROM grows WHERE id = ${run - 3}`);
      const before = await read();
      const rows = await client.rows('SELECT id FROM grows WHERE id % 2 = 1 ORDER BY id DESC');
      const expected = [run, run - 1, run - 2].filter((id) => id > 0 && id % 2 === 1).map((id) => [String(id)]);
      expect(rows).to.deep.equal(expected);
      expect((await read()) - before).to.equal(Math.min(run, 3));
    }
  });
});
