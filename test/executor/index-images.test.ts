/** Starting again: what is read, what is loaded, and that every index agrees with its table, whatever happened to either. */
import { expect } from 'chai';
import { RestartableServer } from '../support/restartable.ts';

const FILL = `
  CREATE TABLE t (id int PRIMARY KEY, a int, name text, wide text);
  CREATE INDEX t_a ON t (a DESC NULLS FIRST);
  CREATE INDEX t_name ON t (lower(name), a) WHERE a > 10;
  INSERT INTO t SELECT g, g % 100, 'Name ' || g, repeat('x', g % 300) FROM generate_series(1, 5000) AS g;
  CREATE TABLE plain (a int, b text);
  INSERT INTO plain SELECT g, repeat('y', 200) FROM generate_series(1, 2000) AS g`;

/** What a start says about indexes; how far the log was replayed is another matter. */
function isOfIndexes(line: string): boolean {
  return /index|image|rebuil/.test(line);
}

describe('a start', () => {
  let server: RestartableServer;
  const residentPages = (): number[] =>
    [...server.database.engine.heaps()].map((h) => server.database.engine.pool.residentCount(h.pages));

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

  async function restart(how: 'stop' | 'kill'): Promise<void> {
    if (how === 'stop') await server.stop();
    else await server.kill();
    await server.start();
  }

  it('after a clean end reads no page of any table, and every index answers', async () => {
    await restart('stop');
    expect(residentPages().every((count) => count === 0)).to.equal(true);
    expect(server.log.filter(isOfIndexes)).to.deep.equal([]);
    expect(await server.value('SELECT name FROM t WHERE id = 4711')).to.equal('Name 4711');
    expect(await server.value('SELECT count(*) FROM t WHERE a = 77')).to.equal('50');
    expect(await server.value("SELECT id FROM t WHERE lower(name) = 'name 4711' AND a > 10")).to.equal(4711);
    // An update of a column that no index has costs no new image.
    const files = server.indexFiles();
    await server.client.query("UPDATE t SET wide = 'short' WHERE id < 100");
    await restart('stop');
    expect(server.indexFiles()).to.deep.equal(files);
    expect(residentPages().every((count) => count === 0)).to.equal(true);
  });

  it('after a kill reads the changed pages only, tables without indexes included', async () => {
    await server.client.query('CHECKPOINT');
    await server.client.query('UPDATE t SET a = a + 1 WHERE id BETWEEN 1000 AND 1010');
    await server.client.query('DELETE FROM t WHERE id = 3000');
    await server.client.query("INSERT INTO t VALUES (6000, 50, 'new', '')");
    await server.client.query('DELETE FROM plain WHERE a = 7');
    const open = await server.connect();
    await open.query("BEGIN; UPDATE t SET id = -id WHERE id = 4000; INSERT INTO t VALUES (7000, 51, 'lost', '')");
    await restart('kill');
    const pages = [...server.database.engine.heaps()].map((heap) => heap.pages.pageCount);
    for (const [i, count] of residentPages().entries()) expect(count, `of ${pages[i]} pages`).to.be.lessThan(16);
    expect(await server.value('SELECT count(*) FROM t')).to.equal('5000');
    expect(await server.value('SELECT count(*) FROM t WHERE id IN (-4000, 7000, 3000)')).to.equal('0');
    expect(await server.value('SELECT name FROM t WHERE id = 6000')).to.equal('new');
    expect(await server.value('SELECT count(*) FROM t WHERE a = 3')).to.equal('50');
    expect(await server.value('SELECT count(*) FROM plain')).to.equal('1999');
  });

  it('with damaged or missing images rebuilds those indexes, says so, and answers the same', async () => {
    await server.stop();
    const [first, second, third] = server.indexFiles();
    const file = server.fileSystem.open(first, 'readwrite');
    const byte = new Uint8Array(1);
    file.readSync(byte, 0, 1, 20_000);
    byte[0] ^= 4;
    file.writeSync(byte, 0, 1, 20_000);
    file.close();
    server.fileSystem.unlink(second);
    await server.start();
    const log = server.log.join('\n');
    expect(log).to.match(/index "t_pkey" cannot be used: the checksum of its bytes \d+ to \d+ is wrong/);
    expect(log).to.match(/index "t_a" cannot be used: could not open file/);
    expect(log).to.match(/rebuilding indexes "t_pkey", "t_a" of table "t": \d+ pages to read/);
    expect(log).to.match(/rebuilt indexes "t_pkey", "t_a" of table "t": 5000 rows/);
    expect(log).to.not.include('t_name');
    expect(server.indexFiles()).to.include(third);
    expect(await server.wrongIndexes()).to.deep.equal([]);
    // What was rebuilt has an image again after the next end.
    await restart('stop');
    expect(server.log.filter(isOfIndexes)).to.deep.equal([]);
    expect(residentPages().every((count) => count === 0)).to.equal(true);
  });

  it('does not take an image for another index, or for one of another definition', async () => {
    await server.stop();
    const [first, second] = server.indexFiles();
    server.fileSystem.rename(first, '/data/index/spare');
    server.fileSystem.rename(second, first);
    server.fileSystem.rename('/data/index/spare', second);
    await server.start();
    expect(server.log.filter((line) => line.includes('it is of another index or time'))).to.have.length(2);
    expect(await server.wrongIndexes()).to.deep.equal([]);
    await server.client.query('CHECKPOINT');
    await server.client.query('ALTER TABLE t RENAME COLUMN name TO label');
    await restart('kill');
    expect(await server.value("SELECT id FROM t WHERE lower(label) = 'name 4711' AND a > 10")).to.equal(4711);
  });

  it('after definitions changed has the indexes of the committed catalog', async () => {
    await server.client.query('CHECKPOINT');
    const open = await server.connect();
    await open.query('BEGIN; CREATE INDEX lost ON plain (a); DROP INDEX t_a');
    await restart('kill');
    expect(await server.wrongIndexes()).to.deep.equal([]);
    await server.client.query('CREATE INDEX plain_a ON plain (a)');
    await server.client.query('DROP INDEX t_name');
    await restart('kill');
    expect(await server.value('SELECT count(*) FROM plain WHERE a = 15')).to.equal('1');
    expect(await server.wrongIndexes()).to.deep.equal([]);
    await server.client.query('CHECKPOINT');
    await server.client.query('TRUNCATE t');
    await server.client.query("INSERT INTO t SELECT g, g, 'again', '' FROM generate_series(1, 3000) AS g");
    await server.client.query('ALTER TABLE plain ALTER COLUMN a TYPE text');
    await restart('kill');
    expect(await server.wrongIndexes()).to.deep.equal([]);
    expect(await server.value('SELECT count(*) FROM t WHERE id > 2990')).to.equal('10');
    expect(await server.value("SELECT count(*) FROM plain WHERE a = '15'")).to.equal('1');
    await restart('stop');
    expect(await server.value("SELECT count(*) FROM plain WHERE a = '15'")).to.equal('1');
    expect(server.indexFiles()).to.have.length(3);
  });

  it('does not take an image for true again that had entries of rows which are gone', async () => {
    await server.client.query('CHECKPOINT');
    await server.client.query('DELETE FROM t');
    await restart('kill');
    expect(await server.wrongIndexes()).to.deep.equal([]);
    await server.client.query('CHECKPOINT');
    await restart('kill');
    expect(await server.wrongIndexes()).to.deep.equal([]);
    await server.client.query("INSERT INTO t SELECT g, g, 'again', '' FROM generate_series(1, 3000) AS g");
    await restart('stop');
  });

  it('knows rows that stand on other pages than their homes', async () => {
    // Longer than its page has room for: they move, and those of the second statement again.
    await server.client.query("UPDATE t SET wide = repeat('w', 3000) WHERE id % 500 = 0");
    await server.client.query("UPDATE t SET wide = repeat('w', 7000) WHERE id % 1000 = 0");
    while (server.database.engine.sweepPendingCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.client.query('CHECKPOINT');
    await server.client.query('DELETE FROM t WHERE id IN (500, 1000)');
    await server.client.query('UPDATE t SET a = -1 WHERE id IN (1500, 2000)');
    const open = await server.connect();
    await open.query('BEGIN; DELETE FROM t WHERE id IN (2500, 3000); UPDATE t SET a = -2 WHERE id IN (3500, 4000)');
    await open.query("UPDATE t SET wide = repeat('v', 7900) WHERE id = 4500");
    await restart('kill');
    expect(server.log.filter(isOfIndexes)).to.deep.equal([]);
    expect(await server.wrongIndexes()).to.deep.equal([]);
    expect(await server.value('SELECT count(*) FROM t WHERE id IN (500, 1000, 2500, 3000)')).to.equal('2');
    expect(await server.value('SELECT count(*) FROM t WHERE a = -1')).to.equal('2');
    expect(await server.value('SELECT count(*) FROM t WHERE a = -2')).to.equal('0');
  });

  it('keeps row counts over clean ends and kills', async () => {
    await server.client.query('CHECKPOINT');
    await server.client.query("INSERT INTO plain SELECT g, 'z' FROM generate_series(1, 500) AS g");
    await server.client.query('BEGIN; DELETE FROM plain WHERE a < 100; ROLLBACK');
    await server.client.query('DELETE FROM plain WHERE a > 1900');
    await restart('kill');
    expect(await server.value("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'plain'")).to.equal('2400');
    await restart('stop');
    expect(await server.value("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'plain'")).to.equal('2400');
  });

  it('finds integers beyond 2^53 by an index that was loaded', async () => {
    await server.client.query('CREATE TABLE big (n bigint PRIMARY KEY, filler text)');
    await server.client.query("INSERT INTO big SELECT g, repeat('f', 500) FROM generate_series(1, 500) AS g");
    await server.client.query("INSERT INTO big VALUES (9007199254740993, ''), (9007199254740992, '')");
    await restart('stop');
    expect(server.log.filter(isOfIndexes)).to.deep.equal([]);
    expect(await server.value('SELECT count(*) FROM big WHERE n = 9007199254740993')).to.equal('1');
    expect(await server.value('SELECT n FROM big WHERE n > 9007199254740992')).to.equal('9007199254740993');
  });
});
