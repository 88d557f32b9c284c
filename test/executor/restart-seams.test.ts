/** Starting again where pieces meet: what a checkpoint kept of a heap, and what the log has done to it since. */
import { expect } from 'chai';
import type { MemoryFileSystem } from '../../storage/api.ts';
import { WAL_SEGMENT_SIZE } from '../../storage/limits.ts';
import { walSegmentName } from '../../storage/wal/index.ts';
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

  it('reads values of a composite type by the places that their attributes have, also those written before one was dropped', async () => {
    await server.client.query(`
      CREATE TYPE part AS (gone int, name text, price numeric);
      CREATE TABLE held (id int, one part, many part[]);
      INSERT INTO held VALUES (1, ROW(7, 'x', 1.50), ARRAY[ROW(1, 'p', 2.5)::part]);
      ALTER TYPE part DROP ATTRIBUTE gone;
      ALTER TYPE part ADD ATTRIBUTE made date;
      INSERT INTO held VALUES (2, ROW('y', 3, '2020-01-01'), NULL)`);
    const shown = "SELECT string_agg(concat(one, ' ', (one).price, ' ', many), '; ' ORDER BY id) FROM held";
    const before = await server.value(shown);
    expect(before).to.equal('(x,1.50,) 1.50 {"(p,2.5,)"}; (y,3,2020-01-01) 3 ');
    await restart();
    expect(await server.value(shown)).to.equal(before);
  });

  it('without the end of its log, as somebody accepted: indexes agree with rows, whatever pages show of what is lost', async () => {
    const { client } = server;
    await client.query('CHECKPOINT');
    await client.query('UPDATE t SET a = a + 1000 WHERE id BETWEEN 100 AND 200');
    const { engine } = server.database;
    const lostFrom = engine.wal.insertLsn;
    for (const id of [150, 1000, 2000, 3000])
      await client.query(`UPDATE t SET a = -a WHERE id BETWEEN ${id} AND ${id} + 50`);
    await client.query(
      "DELETE FROM t WHERE id BETWEEN 4000 AND 4100; INSERT INTO t SELECT g, 7, 'new' FROM generate_series(8000, 8500) g",
    );
    await client.query('UPDATE t SET id = id + 10000 WHERE id BETWEEN 4500 AND 4600');
    const before = server.fileSystem.fork();
    await client.query('CHECKPOINT');
    const pages = server.fileSystem.fork();
    await server.stop();
    // The background writer has written all pages, and no checkpoint has come.
    copyFolder(pages, before, '/data/base');
    damage(before, lostFrom);
    before.kill();
    server.fileSystem = before;
    await server.start(['accept_damaged_log', 'on']);
    let rows: unknown;
    for (const again of [false, true]) {
      expect(server.log.join('\n').includes('accept_damaged_log')).to.equal(!again);
      expect(await server.wrongIndexes()).to.deep.equal([]);
      expect(await server.value('SELECT count(*) FROM t WHERE id BETWEEN 100 AND 200 AND a >= 1000')).to.equal('101');
      // Rows whose old versions went with the log stay as they were found; those that were new are gone.
      const found = await server.value(
        'SELECT array_agg(t ORDER BY id)::text FROM t WHERE id NOT BETWEEN 1000 AND 1010',
      );
      expect(found).to.equal((rows ??= found));
      expect(Number(await server.value('SELECT count(*) FROM t'))).to.be.within(4899, 5000);
      expect(await server.value("SELECT count(*) FROM t WHERE wide = 'new'")).to.equal('0');
      // What is done now is not lost for what the pages showed.
      if (!again) await server.client.query('UPDATE t SET wide = NULL WHERE id BETWEEN 1000 AND 1010');
      expect(await server.value('SELECT count(*) FROM t WHERE wide IS NULL')).to.equal('11');
      await restart();
    }
    await server.client.query('CHECKPOINT');
    await restart();
    expect(server.fileSystem.exists('/data/log_given_up')).to.equal(false);
    expect(await server.value('SELECT count(*) FROM t WHERE wide IS NULL')).to.equal('11');
  });
});

function copyFolder(from: MemoryFileSystem, to: MemoryFileSystem, folder: string): void {
  for (const name of from.list(folder)) {
    const path = `${folder}/${name}`;
    const source = from.open(path, 'read');
    const bytes = new Uint8Array(source.size());
    source.readSync(bytes, 0, bytes.length, 0);
    source.close();
    to.unlink(path);
    const target = to.open(path, 'create');
    target.writeSync(bytes, 0, bytes.length, 0);
    target.fdatasyncSync();
    target.close();
  }
  to.fsyncDir(folder);
}

function damage(fileSystem: MemoryFileSystem, lsn: number): void {
  const offset = lsn % WAL_SEGMENT_SIZE;
  const file = fileSystem.open(`/data/wal/${walSegmentName(lsn - offset)}`, 'readwrite');
  const byte = new Uint8Array(1);
  file.readSync(byte, 0, 1, offset + 40);
  byte[0] ^= 1;
  file.writeSync(byte, 0, 1, offset + 40);
  file.close();
}
