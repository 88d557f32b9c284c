/**
 * CREATE DATABASE ... TEMPLATE with a data directory: what the new database has, that it lasts, and that nothing is left of half of it. Of a database
 * it is a fork (lasting-forks.test.ts has more), of a fork by name a copy.
 */
import { expect } from 'chai';
import type pg from 'pg';
import { randomOf } from '../support/random.ts';
import { RestartableServer } from '../support/restartable.ts';

const FILL = `
  CREATE TYPE mood AS ENUM ('calm', 'merry');
  CREATE TABLE parent (id serial PRIMARY KEY, a int, name text UNIQUE, m mood DEFAULT 'calm', long text);
  CREATE INDEX parent_a ON parent (a DESC);
  CREATE INDEX parent_hash ON parent USING hash (name);
  CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE, tags int[]);
  CREATE INDEX child_tags ON child USING gin (tags);
  CREATE VIEW counts AS SELECT (SELECT count(*) FROM parent) AS parents, (SELECT count(*) FROM child) AS children;
  COMMENT ON TABLE parent IS 'a table';
  ALTER TABLE child ENABLE ROW LEVEL SECURITY;
  CREATE POLICY few ON child USING (id IN (SELECT parent.id FROM parent));
  INSERT INTO parent (a, name, long)
    SELECT g % 50, 'name ' || g, CASE WHEN g % 100 = 0 THEN repeat(md5(g::text), 400) ELSE repeat('x', g % 200) END
    FROM generate_series(1, 3000) AS g;
  INSERT INTO child SELECT g, ARRAY[g % 10, g % 7] FROM generate_series(1, 1000) AS g;
  -- Rows that have moved, rows that were deleted, and old keys that wait for the sweep.
  UPDATE parent SET long = long || repeat('y', 900) WHERE id % 5 = 0;
  UPDATE parent SET a = -a WHERE id % 9 = 0;
  DELETE FROM parent WHERE id % 20 = 0`;

/** All there is, in a text. */
const CONTENT = `
  SELECT md5(string_agg(p::text, ',' ORDER BY id)) || (SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM child AS c)
    || (SELECT counts::text FROM counts) || obj_description('parent'::regclass)
    || (SELECT p::text FROM pg_policies AS p) AS all
  FROM parent AS p`;

async function contentOf(client: pg.Client): Promise<string> {
  return (await client.query<{ all: string }>(CONTENT)).rows[0].all;
}

async function databases(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ datname: string }>(`SELECT datname FROM pg_database ORDER BY datname`);
  return rows.map(({ datname }) => datname).filter((name) => !/^template|^postgres$/.test(name));
}

describe('a database that is a copy', () => {
  let server: RestartableServer;

  beforeEach(async () => {
    server = new RestartableServer();
    await server.start();
    await server.client.query(FILL);
  });
  afterEach(async () => {
    const { engine } = server.database;
    while (engine.sweepPendingCount > 0 && engine.sweepSome(100_000) > 0);
    const wrong = await server.wrongIndexes();
    const left = [engine.forkCount, engine.pool.mainBranch.archive.count];
    await server.stop();
    expect(wrong).to.deep.equal([]);
    expect(left).to.deep.equal([0, 0]);
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  it('has what is committed in its template, which is in use; and keeps it over a stop and a kill', async () => {
    const before = await contentOf(server.client);
    const other = await server.connect();
    await other.query(
      `BEGIN; INSERT INTO parent (a, name) VALUES (1, 'not yet'); UPDATE parent SET a = 1000; CREATE TABLE u (i int)`,
    );
    await server.client.query('CREATE DATABASE copy TEMPLATE postgres');
    await other.query('COMMIT');
    for (const how of ['stop', 'kill', 'nothing'] as const) {
      const copy = await server.connect('copy');
      expect(await contentOf(copy)).to.equal(before);
      const { rows } = await copy.query(`SELECT count(*)::int AS n FROM parent WHERE a BETWEEN 3 AND 5`);
      expect(rows[0].n).to.equal(160);
      const fault = await copy.query(`INSERT INTO parent (name) VALUES ('name 7')`).catch((error) => error);
      expect(fault.code).to.equal('23505');
      if (how === 'nothing') break;
      if (how === 'stop') await server.stop();
      else await server.kill();
      await server.start();
    }
  });

  it('goes its own way: rows, sequences, types, definitions; also after a restart', async () => {
    await server.client.query('CREATE DATABASE copy TEMPLATE postgres');
    let copy = await server.connect('copy');
    await copy.query(`ALTER TYPE mood ADD VALUE 'angry'`);
    await copy.query(`ALTER TABLE child ADD COLUMN more int DEFAULT 7`);
    const next = async (client: pg.Client, mood: string): Promise<unknown> =>
      client.query(`INSERT INTO parent (m) VALUES ('${mood}') RETURNING id`).then(
        ({ rows }) => rows[0].id,
        (error) => error.code,
      );
    expect([await next(copy, 'angry'), await next(copy, 'angry')]).to.deep.equal([3001, 3002]);
    expect([await next(server.client, 'calm'), await next(server.client, 'angry')]).to.deep.equal([3001, '22P02']);
    await server.stop();
    await server.start();
    copy = await server.connect('copy');
    expect(await next(copy, 'angry')).to.equal(3003);
    expect(await next(server.client, 'angry')).to.equal('22P02');
    expect((await copy.query('SELECT c::text AS row FROM child AS c LIMIT 1')).rows[0].row).to.match(/,7\)$/);
    expect((await server.client.query('SELECT c::text AS row FROM child AS c LIMIT 1')).rows[0].row).to.match(/"\)$/);
    await copy.end();
    await server.client.query('DROP DATABASE copy');
    expect(await next(server.client, 'merry')).to.equal(3002);
  });

  it('may be one of a fork by name, and of the past', async () => {
    const before = await contentOf(server.client);
    await server.client.query(`SET version_retention = '1h'`);
    await server.client.query(`UPDATE parent SET a = 0`);
    const { rows } = await server.client.query('SELECT clock_timestamp()::text AS now');
    const then = await contentOf(server.client);
    await server.client.query(`DELETE FROM parent WHERE id % 2 = 0`);
    await server.client.query(`CREATE DATABASE past TEMPLATE postgres AS OF '${rows[0].now}'`);
    expect(await contentOf(await server.connect('past'))).to.equal(then);
    expect(then).to.not.equal(before);
    const fork = await server.connect('postgres@work');
    await fork.query(`UPDATE parent SET a = 3 WHERE id = 1`);
    await server.client.query(`CREATE DATABASE kept TEMPLATE "postgres@work"`);
    const work = await contentOf(fork);
    await fork.end();
    expect(await contentOf(await server.connect('kept'))).to.equal(work);
    await server.client.query(`SET version_retention = 0`);
  });

  it('has all rows of a fork by name, whatever the numbers of its transactions mean elsewhere', async () => {
    const fork = await server.connect('postgres@work');
    const other = await server.connect();
    // The same numbers: of one that has not ended, and of others that have been rolled back.
    await other.query('BEGIN; UPDATE parent SET a = 1 WHERE id = 1; UPDATE parent SET a = 2 WHERE id = 2');
    for (let i = 0; i < 5; i++) {
      await server.client.query('BEGIN; UPDATE parent SET a = 1 WHERE id = 3; ROLLBACK');
      await fork.query(`INSERT INTO parent (a) VALUES (${i}); UPDATE parent SET long = repeat('z', 9000) WHERE id = 7`);
    }
    await server.client.query(`CREATE DATABASE kept TEMPLATE "postgres@work"`);
    const work = await contentOf(fork);
    await fork.end();
    expect(await contentOf(await server.connect('kept'))).to.equal(work);
    await other.query('ROLLBACK');
    await server.kill();
    await server.start();
    expect(await contentOf(await server.connect('kept'))).to.equal(work);
  });

  for (const [of, template, longest] of [
    ['a fork', 'postgres@work', 60],
    ['a database', 'postgres', 12],
    ['the past', 'postgres', 60],
  ] as const) {
    it(`of ${of} is there as a whole or not at all, wherever the server is killed`, () =>
      killed(template, longest, of === 'the past')).timeout(60_000);
  }

  /** A moment from which on rows have changed, and are as they were again. */
  async function changedSince(): Promise<string> {
    await server.client.query(`SET version_retention = '1h'`);
    const { rows } = await server.client.query('SELECT clock_timestamp()::text AS now');
    for (const by of ['+', '-']) await server.client.query(`UPDATE parent SET a = a ${by} 1 WHERE id % 70 = 1`);
    return ` AS OF '${rows[0].now}'`;
  }

  async function killed(template: string, longest: number, isPast: boolean): Promise<void> {
    const before = await contentOf(server.client);
    const random = randomOf(42);
    const seen = new Set<number>();
    for (let round = 0; round < 12; round++) {
      if (template.includes('@')) await server.connect(template);
      const moment = isPast ? await changedSince() : '';
      const copying = server.client.query(`CREATE DATABASE copy TEMPLATE "${template}"${moment}`).catch(() => {});
      const turns = Math.floor(random() ** 2 * longest);
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve, 1));
      await server.kill();
      await copying;
      await server.start();
      const found = await databases(server.client);
      seen.add(found.length);
      expect(await contentOf(server.client)).to.equal(before);
      if (found.length === 0) continue;
      const copy = await server.connect('copy');
      expect(await contentOf(copy)).to.equal(before);
      await copy.end();
      // The same of its end.
      const dropping = server.client.query('DROP DATABASE copy').catch(() => {});
      for (let i = Math.floor(random() * 4); i > 0; i--) await new Promise((resolve) => setTimeout(resolve, 1));
      await server.kill();
      await dropping;
      await server.start();
      if ((await databases(server.client)).length === 0) continue;
      const left = await server.connect('copy');
      expect(await contentOf(left)).to.equal(before);
      await left.end();
      await server.client.query('DROP DATABASE copy');
    }
    expect(seen.has(0)).to.equal(true);
  }

  it('has whole indexes, also when checkpoints come while they are filled', async () => {
    const other = await server.connect();
    await other.query(
      'INSERT INTO child SELECT 1 + g % 19, ARRAY[g % 100, g % 77, g % 31] FROM generate_series(1, 60000) AS g',
    );
    let isDone = false;
    await server.connect('postgres@work');
    const copying = server.client.query('CREATE DATABASE copy TEMPLATE "postgres@work"').then(() => {
      isDone = true;
    });
    let checkpoints = 0;
    for (; !isDone; checkpoints++) await other.query('CHECKPOINT');
    await copying;
    expect(checkpoints).to.be.above(2);
    const before = await contentOf(server.client);
    await server.kill();
    await server.start();
    expect(await contentOf(await server.connect('copy'))).to.equal(before);
  });

  it('leaves nothing behind when it is given up', async () => {
    const { engine } = server.database;
    const heaps = [...engine.heaps()].length;
    const fork = await server.connect('postgres@work');
    await server.client.query(`SET statement_timeout = 5`);
    const fault = await server.client.query('CREATE DATABASE copy TEMPLATE "postgres@work"').catch((error) => error);
    expect(fault.code).to.equal('57014');
    await server.client.query(`RESET statement_timeout`);
    expect(await databases(server.client)).to.deep.equal([]);
    expect([...engine.heaps()].length).to.equal(heaps);
    await fork.end();
    await server.client.query('CREATE DATABASE copy TEMPLATE postgres');
    expect(await databases(server.client)).to.deep.equal(['copy']);
  });
});
