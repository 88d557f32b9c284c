/** Inverted indexes at the caps on memory: 53200, and everything is as it was. */
import { expect } from 'chai';
import { RestartableServer } from '../../support/restartable.ts';

describe('inverted indexes and the caps on memory', () => {
  let server: RestartableServer;
  const errorOf = async (sql: string): Promise<string | null> => {
    try {
      await server.client.query(sql);
      return null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const fill = (from: number, to: number): string =>
    `INSERT INTO t SELECT g, ARRAY['word ' || g, 'other ' || g % 100] FROM generate_series(${from}, ${to}) AS g`;
  const part = async (name: string): Promise<number> =>
    Number(await server.value(`SELECT bytes_used FROM pg_stat_memory WHERE name = '${name}'`));

  beforeEach(() => {
    server = new RestartableServer();
  });
  afterEach(async () => {
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
    await server.stop();
  });

  it('rows whose terms do not fit are refused, and leave no term', async () => {
    await server.start(['index_memory_limit', '5MB']);
    await server.client.query('CREATE TABLE t (id int, words text[]); CREATE INDEX t_words ON t USING gin (words)');
    await server.client.query(fill(1, 1000));
    expect(await errorOf(fill(1001, 300_000))).to.equal('53200');
    await server.client.query('SET enable_seqscan = off');
    expect(await server.value(`SELECT count(*)::int FROM t WHERE words @> '{other 7}'`)).to.equal(10);
    expect(await server.value(`SELECT id FROM t WHERE words @> '{word 1500}'`)).to.equal(undefined);
    await server.client.query(fill(1001, 1010));
    expect(await server.value(`SELECT id FROM t WHERE words @> '{word 1005}'`)).to.equal(1005);
    expect(await server.wrongIndexes()).to.deep.equal([]);
  });

  it('an index that does not fit is not made', async () => {
    await server.start(['index_memory_limit', '5MB']);
    await server.client.query('CREATE TABLE t (id int, words text[])');
    await server.client.query(fill(1, 120_000));
    expect(await errorOf('CREATE INDEX t_words ON t USING gin (words)')).to.equal('53200');
    expect(await part('indexes')).to.equal(0);
    expect(await part('index key arenas')).to.equal(0);
    expect(await part('work memory')).to.equal(0);
    expect(await server.value(`SELECT count(*)::int FROM pg_class WHERE relname = 't_words'`)).to.equal(0);
  });

  it('nor is one whose terms outgrow the work memory of all statements; what was collected is given back', async () => {
    await server.start(['work_memory_limit', '4MB']);
    await server.client.query('CREATE TABLE t (id int, words text[])');
    await server.client.query(fill(1, 60_000));
    expect(await errorOf('CREATE INDEX t_words ON t USING gin (words)')).to.equal('53200');
    expect(await part('work memory')).to.equal(0);
    // Collected in smaller parts, it is made.
    await server.client.query(`SET maintenance_work_mem = '1MB'`);
    await server.client.query('CREATE INDEX t_words ON t USING gin (words)');
    await server.client.query('SET enable_seqscan = off');
    expect(await server.value(`SELECT id FROM t WHERE words @> '{word 59999}'`)).to.equal(59_999);
    expect(await server.wrongIndexes()).to.deep.equal([]);
  });
});
