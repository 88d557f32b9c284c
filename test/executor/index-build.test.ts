/** CREATE INDEX over more rows than maintenance_work_mem holds: sorted portions are put aside and merged. */
import { expect } from 'chai';
import { RestartableServer } from '../support/restartable.ts';

const ROWS = 100_000;

describe('an index that is built in portions', () => {
  let server: RestartableServer;

  const fill = async (): Promise<void> => {
    await server.client.query(`CREATE TABLE t (id int, email text, city text, n float8);
      INSERT INTO t SELECT g, 'user' || (g * 7919::bigint) % ${ROWS * 2} || '@example.com', 'city ' || g % 97,
        CASE WHEN g % 50 = 0 THEN NULL ELSE (g * 104729::bigint) % 1000003 END FROM generate_series(1, ${ROWS}) AS g`);
    await server.client.query(`SET maintenance_work_mem = '1MB'`);
  };
  const part = async (name: string): Promise<number> =>
    Number(await server.value(`SELECT bytes_used FROM pg_stat_memory WHERE name = '${name}'`));

  beforeEach(() => {
    server = new RestartableServer();
  });
  afterEach(async () => {
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
    await server.stop();
  });

  it('has what the table has, in order, and holds no work memory afterwards', async function () {
    this.timeout(60_000);
    await server.start();
    await fill();
    for (const definition of ['(email)', '(city, email DESC)', '(n, id)', '(id)', 'USING hash (email)'])
      await server.client.query(`CREATE INDEX ON t ${definition}`);
    expect(await server.wrongIndexes()).to.deep.equal([]);
    expect(await part('work memory')).to.equal(0);
    const ordered = `SELECT md5(string_agg(email, ',')) FROM (SELECT email FROM t ORDER BY email LIMIT 60000) AS s`;
    await server.client.query('SET enable_sort = off; SET enable_seqscan = off');
    const byIndex = await server.value(ordered);
    await server.client.query('SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_seqscan = on');
    expect(await server.value(ordered)).to.equal(byIndex);
  });

  it('a duplicate in another portion ends the statement with 23505, and nothing is left of the index', async () => {
    await server.start();
    await fill();
    const kept = await part('indexes');
    await server.client.query(`UPDATE t SET email = (SELECT email FROM t WHERE id = 3) WHERE id = ${ROWS}`);
    const error = await server.client.query('CREATE UNIQUE INDEX t_email ON t (email)').then(
      () => null,
      (e: { code: string; detail: string }) => e,
    );
    expect(error).to.include({ code: '23505', detail: 'Key (email)=(user23757@example.com) is duplicated.' });
    expect(await part('work memory')).to.equal(0);
    expect(await part('indexes')).to.equal(kept);
    await server.client.query(`DELETE FROM t WHERE id = ${ROWS}`);
    await server.client.query('CREATE UNIQUE INDEX t_email ON t (email)');
    expect(await server.wrongIndexes()).to.deep.equal([]);
  });

  it('where work memory is tight, portions are loaded and inserted as they come', async function () {
    this.timeout(60_000);
    await server.start(['work_memory_limit', '12MB']);
    await fill();
    await server.client.query('CREATE INDEX ON t (email); CREATE INDEX ON t USING hash (city)');
    expect(await server.wrongIndexes()).to.deep.equal([]);
    expect(await part('work memory')).to.equal(0);
  });
});
