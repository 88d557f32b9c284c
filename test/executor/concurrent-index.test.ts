/** CREATE INDEX CONCURRENTLY: nobody who writes waits, no row is missed, and what fails is left as PostgreSQL leaves it. */
import { expect } from 'chai';
import type pg from 'pg';
import { MemoryFileSystem } from '../../storage/api.ts';
import { randomOf } from '../support/random.ts';
import { RestartableServer } from '../support/restartable.ts';
import { seedFrom } from '../support/seed.ts';

const SEED = seedFrom();

describe('an index that is made while others write', () => {
  const server = new RestartableServer();

  beforeEach(async () => {
    server.fileSystem = new MemoryFileSystem();
    await server.start();
    await server.client.query(`CREATE TABLE t (id int PRIMARY KEY, a int, wide text);
      INSERT INTO t SELECT g, g, repeat('x', 100) FROM generate_series(1, 20000) AS g`);
  });
  afterEach(async () => {
    const wrong = await server.wrongIndexes();
    await server.stop();
    expect(wrong).to.deep.equal([]);
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  const isValid = (name: string): Promise<unknown> =>
    server.value(`SELECT indisvalid FROM pg_index WHERE indexrelid = '${name}'::regclass`);
  const settled = async (): Promise<void> => {
    await server.client.query('VACUUM t');
  };

  /** Writes until told to stop; transactions of some statements, some rolled back. */
  async function write(client: pg.Client, random: () => number, isOver: () => boolean): Promise<number> {
    const below = (count: number): number => Math.floor(random() * count);
    let count = 0;
    for (; !isOver(); count++) {
      await client.query('BEGIN');
      for (let i = below(4); i >= 0; i--) {
        const id = 1 + below(20000);
        if (below(4) === 0) await client.query(`DELETE FROM t WHERE id = ${id}`);
        else if (below(3) === 0)
          await client.query(`INSERT INTO t VALUES (${id}, ${-id}, 'new') ON CONFLICT DO NOTHING`);
        else await client.query(`UPDATE t SET a = a + 100000 WHERE id = ${id}`);
      }
      await client.query(below(4) === 0 ? 'ROLLBACK' : 'COMMIT');
    }
    return count;
  }

  it(`has every row, and no other (SEED=${SEED})`, async () => {
    const random = randomOf(SEED);
    for (let round = 0; round < 3; round++) {
      let isOver = false;
      const writers = [await server.connect(), await server.connect()];
      const writing = writers.map((client) => write(client, random, () => isOver));
      await server.client.query('CREATE INDEX CONCURRENTLY t_a ON t (a)');
      expect(await isValid('t_a')).to.equal(true);
      isOver = true;
      const counts = await Promise.all(writing);
      expect(Math.min(...counts), 'transactions of each writer').to.be.greaterThan(0);
      await settled();
      expect(await server.wrongIndexes()).to.deep.equal([]);
      await server.client.query('DROP INDEX CONCURRENTLY t_a');
      for (const client of writers) await client.end();
    }
  }).timeout(60_000);

  it('waits for those who were writing before, and lets others write meanwhile', async () => {
    const [old, writer] = [await server.connect(), await server.connect()];
    await old.query('BEGIN; UPDATE t SET a = -1 WHERE id = 1');
    let isDone = false;
    const building = server.client.query('CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)').then(() => {
      isDone = true;
    });
    for (let tries = 0; tries < 100; tries++) {
      const { rows } = await writer.query("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('t_a')");
      if (rows.length > 0) break;
    }
    expect(
      (await writer.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")).rows,
    ).to.deep.equal([{ indisvalid: false }]);
    await writer.query('UPDATE t SET a = -2 WHERE id = 2; INSERT INTO t VALUES (20001, 20001)');
    await old.query('UPDATE t SET a = -3 WHERE id = 3');
    expect(isDone).to.equal(false);
    await old.query('COMMIT');
    await building;
    expect(await isValid('t_a')).to.equal(true);
    await server.client.query('SET enable_seqscan = off');
    expect(await server.value('SELECT array_agg(id ORDER BY id)::text FROM t WHERE a < 0')).to.equal('{1,2,3}');
    await settled();
  });

  it('a duplicate: 23505 names the key, and the index is left, not valid; REINDEX makes it valid when it can', async () => {
    await server.client.query('UPDATE t SET a = 5 WHERE id = 6');
    let failure: Partial<pg.DatabaseError> = {};
    await server.client.query('CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)').catch((error) => {
      failure = error;
    });
    expect([failure.code, failure.message, failure.detail]).to.deep.equal([
      '23505',
      'could not create unique index "t_a"',
      'Key (a)=(5) is duplicated.',
    ]);
    expect(await isValid('t_a')).to.equal(false);
    const { rows } = await server.client.query('EXPLAIN (COSTS off) SELECT * FROM t WHERE a = 5');
    expect(rows.map((row) => row['QUERY PLAN'])).to.deep.equal(['Seq Scan on t', '  Filter: (a = 5)']);
    await server.client.query('UPDATE t SET a = 6 WHERE id = 6');
    await server.kill();
    await server.start();
    expect(await isValid('t_a')).to.equal(false);
    await server.client.query('REINDEX INDEX CONCURRENTLY t_a');
    expect(await isValid('t_a')).to.equal(true);
    expect(await server.value('SELECT id FROM t WHERE a = 6')).to.equal(6);
    const again = await server.client.query('INSERT INTO t VALUES (0, 6)').catch((error) => error);
    expect(again.code).to.equal('23505');
    await settled();
  });

  it('the plain form: a duplicate leaves nothing behind, and readers go on', async () => {
    await server.client.query('UPDATE t SET a = 5 WHERE id = 6');
    const reader = await server.connect();
    const failing = server.client.query('CREATE UNIQUE INDEX t_a ON t (a)').catch((error) => error);
    expect((await reader.query('SELECT count(*)::int AS n FROM t')).rows).to.deep.equal([{ n: 20000 }]);
    expect((await failing).code).to.equal('23505');
    expect(await server.value("SELECT to_regclass('t_a')::text")).to.equal(null);
    await settled();
  });

  it('tells how far it is', async () => {
    const watcher = await server.connect();
    await server.client.query("INSERT INTO t SELECT g, g, 'y' FROM generate_series(30000, 130000) AS g");
    let isOver = false;
    const building = server.client.query('CREATE INDEX t_wide ON t (wide, a)').then(() => {
      isOver = true;
    });
    const seen: number[] = [];
    while (!isOver) {
      const { rows } = await watcher.query(
        'SELECT relid::regclass::text AS name, command, phase, blocks_done::int AS done, blocks_total::int AS total FROM pg_stat_progress_create_index',
      );
      if (rows.length === 0) continue;
      expect(rows[0]).to.include({ name: 't', command: 'CREATE INDEX', phase: 'building index: scanning table' });
      expect(rows[0].done).to.be.at.most(rows[0].total);
      seen.push(rows[0].done);
    }
    await building;
    expect(seen.length).to.be.greaterThan(0);
    expect(seen).to.deep.equal([...seen].sort((a, b) => a - b));
    expect(await server.value('SELECT count(*)::int FROM pg_stat_progress_create_index')).to.equal(0);
    await settled();
  }).timeout(30_000);
});
