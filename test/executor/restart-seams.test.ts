/** Starting again where pieces meet: what a checkpoint kept of a heap, and what the log has done to it since. */
import { expect } from 'chai';
import { RestartableServer } from '../support/restartable.ts';

const FILL = `
  CREATE TABLE t (id int PRIMARY KEY, a int, wide text);
  CREATE INDEX t_a ON t (a);
  INSERT INTO t SELECT g, g % 100, repeat('x', 200) FROM generate_series(1, 5000) AS g`;

describe('a start after a kill', () => {
  let server: RestartableServer;

  beforeEach(async () => {
    server = new RestartableServer();
    await server.start();
    await server.client.query(FILL);
  });
  afterEach(async () => {
    const wrong = await server.wrongIndexes();
    await server.stop();
    expect(wrong).to.deep.equal([]);
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  async function restart(): Promise<void> {
    await server.kill();
    await server.start();
  }

  /** Pages at the table's end are empty, and the checkpoint knows them for free; then they are given back. */
  async function giveBackAfterCheckpoint(): Promise<void> {
    const holder = await server.connect();
    await server.client.query('DELETE FROM t WHERE id > 2000');
    await holder.query('BEGIN; LOCK TABLE t IN ACCESS SHARE MODE');
    await server.client.query('VACUUM t');
    await server.client.query('CHECKPOINT');
    const before = Number(await server.value("SELECT pg_relation_size('t')"));
    await holder.query('COMMIT');
    await server.client.query('VACUUM t');
    expect(Number(await server.value("SELECT pg_relation_size('t')"))).to.be.lessThan(before / 2);
  }

  it('does not insert into pages that were given back since the checkpoint', async () => {
    await giveBackAfterCheckpoint();
    await restart();
    await server.client.query("INSERT INTO t SELECT g, 7, repeat('y', 200) FROM generate_series(6000, 9000) AS g");
    expect(await server.value("SELECT count(*) FROM t WHERE a = 7 AND wide LIKE 'y%'")).to.equal('3001');
    expect(await server.value('SELECT count(*) FROM t')).to.equal('5001');
  });

  it('knows rows on pages that were given back and have come again', async () => {
    await giveBackAfterCheckpoint();
    await server.client.query("INSERT INTO t SELECT g, 7, repeat('y', 200) FROM generate_series(6000, 7500) AS g");
    await server.client.query('DELETE FROM t WHERE id BETWEEN 6100 AND 6200');
    await restart();
    expect(await server.value("SELECT count(*) FROM t WHERE a = 7 AND wide LIKE 'y%'")).to.equal('1400');
    expect(await server.value('SELECT count(*) FROM t WHERE id > 2000')).to.equal('1400');
    await server.client.query("INSERT INTO t SELECT g, 8, repeat('z', 200) FROM generate_series(10000, 12000) AS g");
  });
});
