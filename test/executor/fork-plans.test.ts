/** What forks share beside pages: plans, as long as their definitions are the same; and what is kept for them in indexes. */
import { expect } from 'chai';
import type pg from 'pg';
import { RestartableServer } from '../support/restartable.ts';

describe('forks of one beginning', () => {
  let server: RestartableServer;
  const forks: pg.Client[] = [];
  const fork = async (name: string): Promise<pg.Client> => {
    const client = await server.connect(`postgres@${name}`);
    forks.push(client);
    return client;
  };
  const rows = async (client: pg.Client, text: string, values: unknown[] = []): Promise<unknown[]> =>
    (await client.query({ text, values, rowMode: 'array' })).rows.map((row) => row[0]);
  const part = async (name: string): Promise<number> =>
    Number((await rows(server.client, `SELECT bytes_used FROM pg_stat_memory WHERE name = '${name}'`))[0]);

  beforeEach(async () => {
    server = new RestartableServer();
    await server.start();
    await server.client.query(`
      CREATE DOMAIN small AS int CHECK (VALUE < 100);
      CREATE TABLE t (id int PRIMARY KEY, a int, s small, b text);
      CREATE INDEX t_a ON t (a);
      INSERT INTO t SELECT g, g % 10, g % 100, 'row ' || g FROM generate_series(1, 1000) AS g;
      ANALYZE t`);
  });
  afterEach(async () => {
    for (const client of forks.splice(0)) await client.end();
    await server.stop();
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  it('plan a statement once, and run it over their own rows', async () => {
    const count = 'SELECT count(*)::int FROM t WHERE a = $1';
    const one = await fork('one');
    expect(await rows(one, count, [3])).to.deep.equal([100]);
    await one.query('DELETE FROM t WHERE a = 3 AND id < 500');
    const two = await fork('two');
    expect(await rows(two, count, [3])).to.deep.equal([100]);
    expect(await rows(one, count, [3])).to.deep.equal([50]);
    expect(await rows(server.client, count, [3])).to.deep.equal([100]);
    // Literals are those of the statement that runs, whoever planned one of its shape.
    const simple = async (client: pg.Client, a: number): Promise<unknown> =>
      (await client.query(`SELECT count(*)::int AS n FROM t WHERE a = ${a} AND b <> 'row ${a}'`)).rows[0].n;
    expect([await simple(one, 3), await simple(two, 4), await simple(two, 3)]).to.deep.equal([50, 99, 99]);
    expect([await simple(await fork('three'), 5), await simple(one, 5)]).to.deep.equal([99, 99]);
  });

  it('plan anew what one of them has defined otherwise, and nobody else does', async () => {
    const text = 'SELECT to_jsonb(t)::text FROM t WHERE id = 7';
    const [one, two] = [await fork('one'), await fork('two')];
    const before = await rows(one, text);
    await two.query('ALTER TABLE t ADD COLUMN more int DEFAULT 5; ALTER TABLE t DROP COLUMN b');
    expect(await rows(two, text)).to.deep.equal(['{"a": 7, "s": 7, "id": 7, "more": 5}']);
    expect(await rows(one, text)).to.deep.equal(before);
    await two.query('SELECT hotrow_reset()');
    expect(await rows(two, text)).to.deep.equal(before);
    // A fork of a fork that has changed shares with its own kind.
    await one.query('ALTER TABLE t RENAME COLUMN a TO c');
    const inner = await server.connect('postgres@one@inner');
    expect(await rows(inner, text)).to.deep.equal(['{"b": "row 7", "c": 7, "s": 7, "id": 7}']);
    await inner.end();
  });

  it('check domains by what each has made of them', async () => {
    const text = 'INSERT INTO t VALUES ($1, 1, $2, null)';
    const fault = (client: pg.Client, values: unknown[]): Promise<unknown> =>
      client.query(text, values).then(
        () => null,
        (error) => error.code,
      );
    const [one, two] = [await fork('one'), await fork('two')];
    expect(await fault(one, [2001, 100])).to.equal('23514');
    await two.query('ALTER DOMAIN small DROP CONSTRAINT small_check');
    expect(await fault(two, [2001, 100])).to.equal(null);
    expect(await fault(one, [2001, 100])).to.equal('23514');
    expect(await fault(await fork('three'), [2001, 100])).to.equal('23514');
  });

  it('are told by name among the activity of others', async () => {
    await fork('named');
    const text = 'SELECT datname FROM pg_stat_activity WHERE datid IS NOT NULL ORDER BY 1';
    expect(await rows(server.client, text)).to.deep.equal(['postgres', 'postgres@named']);
  });

  it('have entries kept for them that they may see, and no others', async () => {
    const one = await fork('one');
    expect(await rows(one, 'SELECT count(*)::int FROM t WHERE a = 3')).to.deep.equal([100]);
    const sweep = (): void => {
      const { engine } = server.database;
      while (engine.sweepPendingCount > 0 && engine.sweepSome(100_000) > 0);
    };
    const before = await part('index entries for forks');
    for (let i = 0; i < 20; i++) {
      await server.client.query(`INSERT INTO t SELECT 10000 + g, g, 1, 'x' FROM generate_series(1, 1000) AS g`);
      await server.client.query('UPDATE t SET a = a + 1 WHERE id > 10000');
      await server.client.query('DELETE FROM t WHERE id > 10000');
      sweep();
    }
    expect(await part('index entries for forks')).to.be.below(before + 100_000);
    await server.client.query('DELETE FROM t WHERE a = 3');
    sweep();
    expect(await rows(one, 'SELECT count(*)::int FROM t WHERE a = 3')).to.deep.equal([100]);
    await one.end();
    forks.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await part('index entries for forks')).to.equal(0);
    expect(await part('kept pages')).to.be.below(300_000);
  });
});
