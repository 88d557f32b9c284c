/** What is kept of changed pages for forks is the forks' own risk: a disk that fails there is no error to the database that changes. */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../../executor/index.ts';
import { MemoryFileSystem } from '../../../storage/api.ts';
import { memoryFailure } from '../../../storage/io/index.ts';
import { DirectClient } from '../../support/direct-client.ts';

describe('pages that are kept for forks', () => {
  let disk: MemoryFileSystem;
  let server: DatabaseServer;
  let base: DirectClient;

  beforeEach(async () => {
    disk = new MemoryFileSystem();
    server = await openDatabaseServer({
      dataDirectory: '/data',
      fileSystem: disk,
      // So small that all are in the file.
      settings: new Map([['shared_buffers', '128kB']]),
    });
    base = new DirectClient(server);
    await base.rows(`CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int);
      INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(1, 300) g; INSERT INTO u VALUES (1)`);
  });
  afterEach(async () => {
    base.close();
    await server.close();
    expect(disk.list('/data/temp')).to.deep.equal([]);
  });

  const COUNT = "SELECT count(*) FROM t WHERE v LIKE 'x%'";

  it('are read without another page going in the middle of a row', async () => {
    await base.rows(`CREATE TABLE long (id int, body text, tail int[]); ALTER TABLE long ALTER body SET STORAGE EXTERNAL;
      INSERT INTO long SELECT g, repeat(md5(g::text), 200), ARRAY[g, g + 1] FROM generate_series(1, 30) g;
      CREATE TABLE hot AS SELECT g, repeat('h', 900) AS h FROM generate_series(1, 70) g`);
    const question = 'SELECT id, md5(body), tail FROM long ORDER BY id';
    const before = await base.rows(question);
    for (let round = 0; round < 20; round++) {
      const fork = new DirectClient(server, 'postgres@one');
      await base.rows(`UPDATE long SET body = repeat('x', ${4000 + round}), tail = '{}' WHERE id > 0`);
      await base.rows('VACUUM long');
      await base.rows(`INSERT INTO long SELECT -g, repeat('new', 2000) FROM generate_series(1, 30) g`);
      // All other frames are hotter than what is read in for the fork.
      for (let i = 0; i < 20; i++) await base.rows('SELECT count(*) FROM hot WHERE g % 2 = 0');
      expect(await fork.rows(question)).to.deep.equal(before);
      fork.close();
      for (let turns = 0; server.forks.count > 0 && turns < 1000; turns++) await new Promise(setImmediate);
      await base.rows(`TRUNCATE long; INSERT INTO long
        SELECT g, repeat(md5(g::text), 200), ARRAY[g, g + 1] FROM generate_series(1, 30) g`);
    }
  });

  for (const code of ['ENOSPC', 'EIO'] as const) {
    it(`and are lost (${code}): an error to forks that look, to nobody else`, async () => {
      const fork = new DirectClient(server, 'postgres@one');
      await fork.rows("INSERT INTO u VALUES (2); UPDATE t SET v = 'mine' WHERE id = 300");
      disk.onOperation = (op, path) => {
        if (op === 'write' && path.endsWith('/kept-pages')) throw memoryFailure(op, path, code);
      };
      await base.rows("UPDATE t SET v = 'new' WHERE id < 200");
      await base.rows("BEGIN; UPDATE t SET v = 'never' WHERE id > 150; ROLLBACK");
      disk.onOperation = null;
      expect(await base.rows(COUNT)).to.deep.equal([['101']]);
      const { error } = await fork.query(COUNT);
      expect(error).to.include({
        code: code === 'EIO' ? '58030' : '53100',
        message: 'could not keep a page for forks of the database',
      });
      expect(error?.fields.detail).to.match(
        /^When it was changed in the database that they are forks of: could not write file ".*kept-pages": .*\.$/,
      );
      expect(error?.fields.hint).to.equal('A fork that is made anew has it again.');
      // The rest of it is there, and its own.
      expect(await fork.rows('SELECT count(*) FROM u; SELECT v FROM t WHERE id = 300')).to.deep.equal([
        ['2'],
        ['mine'],
      ]);
      const other = new DirectClient(server, 'postgres@two');
      expect(await other.rows(COUNT)).to.deep.equal([['101']]);
      other.close();
      fork.close();
      for (let turns = 0; server.forks.count > 0 && turns < 1000; turns++) await new Promise(setImmediate);
      const again = new DirectClient(server, 'postgres@one');
      expect(await again.rows(COUNT)).to.deep.equal([['101']]);
      again.close();
      for (let turns = 0; server.forks.count > 0 && turns < 1000; turns++) await new Promise(setImmediate);
      expect(server.engine.pool.mainBranch.archive.count).to.equal(0);
    });

    for (const [op, isLost] of [
      ['write', true],
      ['read', false],
    ] as const)
      it(`and are needed by CREATE DATABASE while others write: it fails (${op}: ${code}), and leaves nothing`, async () => {
        const files = (): number => disk.list('/data/base').length;
        const other = new DirectClient(server);
        await other.rows("BEGIN; UPDATE t SET v = 'unfinished' WHERE id % 10 = 0");
        const before = files();
        let failures = 0;
        let hasBegun = false;
        disk.onOperation = (each, path) => {
          if (each === 'read' && path.startsWith('/data/base/')) hasBegun = true;
          if (each !== op || !path.endsWith('/kept-pages')) return;
          failures++;
          throw memoryFailure(op, path, code);
        };
        let isMaking = true;
        const making = base.query('CREATE DATABASE made TEMPLATE postgres').finally(() => {
          isMaking = false;
        });
        // It has begun when it waits for its first page.
        while (isMaking && !hasBegun) await new Promise(setImmediate);
        await other.rows('COMMIT');
        // All pages change, again and again, for as long as it copies.
        while (isMaking) await other.rows('UPDATE t SET v = v');
        const { error } = await making;
        expect(failures, 'calls that failed').to.be.greaterThan(0);
        expect(error?.code).to.equal(code === 'EIO' ? '58030' : '53100');
        expect(error?.message).to.match(
          isLost ? /^could not keep a page for forks/ : /^could not read file ".*kept-pages"/,
        );
        disk.onOperation = null;
        expect(await base.rows("SELECT count(*) FROM pg_database WHERE datname = 'made'")).to.deep.equal([['0']]);
        expect(await base.rows(COUNT)).to.deep.equal([['270']]);
        await base.rows('CHECKPOINT');
        expect(files()).to.equal(before);
        await base.rows('CREATE DATABASE made TEMPLATE postgres');
        const made = new DirectClient(server, 'made');
        expect(await made.rows(COUNT)).to.deep.equal([['270']]);
        made.close();
        other.close();
      });
  }
});
