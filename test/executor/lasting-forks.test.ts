/**
 * Forks that last (CREATE DATABASE ... TEMPLATE with a data directory) while pages of theirs are still the template's: what becomes of either,
 * of their indexes, files and backups, and over the ends of the server.
 */

import { expect } from 'chai';
import type pg from 'pg';
import { rowChecks } from '../../executor/verify-rows.ts';
import { EngineSource, takeBackup } from '../../storage/backup/index.ts';
import { describeProblem, verifyDirectory } from '../../storage/verify/index.ts';
import { restore } from '../backup/support.ts';
import { RestartableServer } from '../support/restartable.ts';

const ROWS = 15_000;
const FILL = `
  CREATE TYPE mood AS ENUM ('calm', 'merry');
  CREATE TABLE t (id int PRIMARY KEY, a int, name text UNIQUE, m mood, tags int[], long text);
  CREATE INDEX t_a ON t (a, id);
  CREATE INDEX t_hash ON t USING hash (a);
  CREATE INDEX t_tags ON t USING gin (tags);
  CREATE INDEX t_mood ON t (m, id) WHERE a > 5;
  INSERT INTO t SELECT g, g % 100, 'name ' || g, CASE WHEN g % 3 = 0 THEN 'merry' ELSE 'calm' END::mood, ARRAY[g % 10, g % 7],
      CASE WHEN g % 1000 = 0 THEN repeat(md5(g::text), 400) ELSE repeat('x', g % 200) END
    FROM generate_series(1, ${ROWS}) AS g;
  UPDATE t SET long = long || repeat('y', 900) WHERE id % 50 = 0;
  DELETE FROM t WHERE id % 20 = 7`;

const QUESTIONS = [
  `SELECT count(*), sum(id), sum(a), md5(string_agg(name || m || tags::text || md5(long), ',' ORDER BY id)) FROM t`,
  `SELECT count(*), sum(id) FROM t WHERE a BETWEEN 10 AND 12`,
  `SELECT count(*), sum(id) FROM t WHERE a = 33`,
  `SELECT count(*), sum(id) FROM t WHERE tags @> ARRAY[3, 5]`,
  `SELECT count(*), sum(id) FROM t WHERE m = 'merry' AND a > 5`,
  `SELECT id FROM t WHERE id BETWEEN 500 AND 700 ORDER BY id DESC LIMIT 20`,
  `SELECT id, a FROM t WHERE name = 'name 4711'`,
];

async function answers(client: pg.Client, questions: readonly string[] = QUESTIONS): Promise<string[]> {
  const all: string[] = [];
  for (const question of questions) all.push(JSON.stringify((await client.query(question)).rows));
  return all;
}

describe('forks that last', function () {
  this.timeout(60_000);
  let server: RestartableServer;
  let content: string[];

  beforeEach(async () => {
    server = new RestartableServer();
    await server.start();
    await server.client.query(FILL);
    content = await answers(server.client);
    await server.client.query('CREATE DATABASE work');
  });

  afterEach(async () => {
    await complete();
    await sweep();
    const { engine } = server.database;
    const wrong = await server.wrongIndexes();
    const { isShared } = engine.pool.mainBranch;
    const log = server.log.filter((line) => line.includes('internal'));
    const retired = [...engine.pool.allRelations()].filter((relation) => relation.isRetired);
    await server.stop();
    expect(wrong).to.deep.equal([]);
    expect(isShared).to.equal(false);
    expect(retired).to.deep.equal([]);
    expect(log).to.deep.equal([]);
    expect(problems()).to.deep.equal([]);
  });

  function problems(directory = '/data'): string[] {
    return verifyDirectory({ fileSystem: server.fileSystem, directory, rowChecks }).problems.map(describeProblem);
  }

  /** Pages that have not come yet, of all forks. */
  function missing(): number {
    return [...server.database.engine.copies()].reduce((sum, { relation }) => sum + relation.missingCount, 0);
  }

  /** Old keys of indexes, and deleted rows, go. */
  async function sweep(): Promise<void> {
    const { engine } = server.database;
    for (let idle = 0; engine.sweepPendingCount > 0 && idle < 1000; idle++) {
      if (engine.sweepSome(100_000) > 0) idle = 0;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async function complete(): Promise<void> {
    while ([...server.database.engine.copies()].length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async function fork(name: string, template = 'postgres'): Promise<void> {
    const maker = await server.connect('template1');
    await maker.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    await maker.end();
    expect(missing()).to.be.greaterThan(0);
  }

  /** Answers how many pages had not come when it started. */
  async function restart(how: 'stop' | 'kill'): Promise<number> {
    if (how === 'stop') await server.stop();
    else await server.kill();
    expect(problems()).to.deep.equal([]);
    let found = 0;
    server.onOpened = () => {
      found = missing();
    };
    await server.start();
    return found;
  }

  for (const how of ['stop', 'kill'] as const) {
    it(`of the past have what was then, however much has changed since, over a ${how} too`, async () => {
      await server.client.query(`SET version_retention = '1h'`);
      await server.client.query('VACUUM t');
      const { rows } = await server.client.query('SELECT clock_timestamp()::text AS now');
      // Rows that move, keys that change, rows that go and that come; and one of whom it is not known yet.
      await server.client.query(`
        UPDATE t SET a = a + 50, long = long || repeat('z', 700) WHERE id % 400 = 3;
        DELETE FROM t WHERE id BETWEEN 600 AND 650;
        INSERT INTO t (id, a, name, m, tags, long) SELECT 100000 + g, 11, 'new ' || g, 'merry', '{3,5}', 'l' FROM generate_series(1, 300) AS g;
        UPDATE t SET name = 'other 12' WHERE id = 12`);
      const writer = await server.connect();
      await writer.query(`BEGIN; UPDATE t SET a = 33 WHERE id % 700 = 1; DELETE FROM t WHERE id = 4711`);
      await server.client.query(`CREATE DATABASE past TEMPLATE postgres AS OF '${rows[0].now}'`);
      const size = await server.client.query(`SELECT (pg_relation_size('t') / 8192)::int AS pages`);
      expect(missing(), 'pages that are as they were are not copied').to.be.greaterThan(size.rows[0].pages / 3);
      let past = await server.connect('past');
      expect(await answers(past, QUESTIONS.slice(1))).to.deep.equal(content.slice(1));
      await writer.query('COMMIT');
      await writer.end();
      await server.client.query('DELETE FROM t WHERE id % 3 = 0');
      await restart(how);
      past = await server.connect('past');
      expect(await answers(past)).to.deep.equal(content);
      await past.query(`UPDATE t SET a = a + 1 WHERE id % 3 = 0; UPDATE t SET a = a - 1 WHERE id % 3 = 0`);
      await complete();
      expect(await answers(past)).to.deep.equal(content);
      const { rows: counts } = await past.query(
        `SELECT (SELECT count(*) FROM t)::int AS there, n_live_tup::int AS known FROM pg_stat_user_tables WHERE relname = 't'`,
      );
      expect(counts[0].known).to.equal(counts[0].there);
      await past.end();
      await server.client.query('SET version_retention = 0');
    });
  }

  it('of the past know how many rows they have, where they have gone since', async () => {
    await server.client.query(`SET version_retention = '1h'`);
    await server.client.query('VACUUM t');
    const { rows } = await server.client.query(
      'SELECT clock_timestamp()::text AS now, (SELECT count(*)::int FROM t) AS n',
    );
    await server.client.query('DELETE FROM t');
    await server.client.query(`CREATE DATABASE past TEMPLATE postgres AS OF '${rows[0].now}'`);
    const past = await server.connect('past');
    const known = await past.query(`SELECT n_live_tup::int AS n FROM pg_stat_user_tables WHERE relname = 't'`);
    expect(known.rows[0].n).to.equal(rows[0].n);
    expect(await answers(past)).to.deep.equal(content);
    await past.end();
    await server.client.query('SET version_retention = 0');
  });

  for (const how of ['stop', 'kill'] as const) {
    it(`are there with the indexes of their template, over a ${how} before their pages have come, and after`, async () => {
      await fork('f');
      expect(await restart(how)).to.be.greaterThan(0);
      const first = await server.connect('f');
      await first.query(`UPDATE t SET a = 1000 WHERE id = 77`);
      expect((await first.query('SELECT id FROM t WHERE a = 1000')).rows).to.deep.equal([{ id: 77 }]);
      await first.query(`UPDATE t SET a = 77 WHERE id = 77`);
      expect(await answers(first)).to.deep.equal(content);
      await complete();
      expect(await answers(first)).to.deep.equal(content);
      await restart(how);
      expect(await answers(await server.connect('f'))).to.deep.equal(content);
      expect(await answers(server.client)).to.deep.equal(content);
    });
  }

  it('do not see what the template does from then on, in whatever way its indexes change', async () => {
    const writer = await server.connect();
    await writer.query(`BEGIN; UPDATE t SET a = a + 1, long = long || repeat('z', 1500) WHERE id % 100 = 3`);
    await writer.query(`DELETE FROM t WHERE id % 100 = 4; INSERT INTO t VALUES (${ROWS + 1}, 1, 'new')`);
    await fork('f');
    await writer.query('COMMIT');
    await server.client.query(`UPDATE t SET a = 12, name = 'other ' || id WHERE id % 10 = 1`);
    await server.client.query(`DELETE FROM t WHERE id % 10 = 2`);
    await sweep();
    const client = await server.connect('f');
    expect(await answers(client)).to.deep.equal(content);
    const again = await server.connect('f');
    const fault = await again.query(`INSERT INTO t (id, name) VALUES (-1, 'name 1')`).catch((error) => error);
    expect(fault.code).to.equal('23505');
    await restart('kill');
    expect(await answers(await server.connect('f'))).to.deep.equal(content);
  });

  it('are read by their own indexes alone when all pages have come, also by plans that were made before', async () => {
    await fork('f');
    const client = await server.connect('f');
    const questions = [
      'SELECT id FROM t WHERE id > 14900 ORDER BY id DESC',
      'SELECT count(*) FROM t WHERE id >= 14000',
      'SELECT count(*) FROM t WHERE a = 33',
      'SELECT id FROM t WHERE a = 33 AND id > 14000 ORDER BY id',
      'SELECT count(*) FROM t WHERE tags @> ARRAY[3, 5]',
    ].map((text, i) => ({ name: `q${i}`, text }));
    const ask = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const question of questions) found.push((await client.query(question)).rows);
      return found;
    };
    await client.query('SET enable_seqscan = off');
    const before = await ask();
    await complete();
    // Not what the template's indexes have from now on.
    await server.client.query('UPDATE t SET id = id + 100000, a = 33, tags = ARRAY[3, 5] WHERE id % 3 = 0');
    await client.query('VACUUM t');
    for (let round = 0; round < 3; round++) {
      expect(await ask()).to.deep.equal(before);
      await client.query('INSERT INTO t (id, name) VALUES (100003, $1)', [`of mine ${round}`]);
      await client.query('DELETE FROM t WHERE id = 100003');
    }
  });

  for (const change of [
    'DROP TABLE t',
    'TRUNCATE t',
    'DROP INDEX t_a, t_hash, t_tags',
    'ALTER TABLE t ALTER a TYPE bigint, ALTER tags TYPE bigint[]',
    'VACUUM FULL t',
    `ALTER TYPE mood ADD VALUE 'angry' BEFORE 'calm'; ALTER TABLE t ADD COLUMN more int DEFAULT 7`,
  ]) {
    it(`stay what they are after ${change} in the template, and a kill`, async () => {
      await fork('f');
      for (const statement of change.split('; ')) await server.client.query(statement);
      const client = await server.connect('f');
      expect(await answers(client, QUESTIONS.slice(1))).to.deep.equal(content.slice(1));
      await restart('kill');
      expect(await answers(await server.connect('f'))).to.deep.equal(content);
    });
  }

  it('have their own when the template gives pages back, also to a start that reads of both in the log', async () => {
    const size = async (): Promise<number> => Number(await server.value("SELECT pg_relation_size('t')"));
    const before = await size();
    await fork('f');
    await complete();
    await server.client.query('DELETE FROM t');
    await sweep();
    await server.client.query('VACUUM t');
    expect(await size()).to.be.lessThan(before / 2);
    await restart('kill');
    expect(await answers(await server.connect('f'))).to.deep.equal(content);
    expect(await server.value('SELECT max(id) FROM t')).to.equal(null);
  });

  it('outlive their template, which leaves no files behind', async () => {
    await fork('one');
    await fork('two', 'one');
    const maker = await server.connect('template1');
    await maker.query('DROP DATABASE one');
    await fork('three', 'two');
    await maker.query('DROP DATABASE two');
    await restart('kill');
    expect(await answers(await server.connect('three'))).to.deep.equal(content);
    await complete();
    // Files go when the log is durable.
    await server.client.query('CHECKPOINT');
    const relations = new Set([...server.database.engine.heaps()].map(({ relId }) => relId));
    const files = server.fileSystem.list('/data/base').map(Number);
    expect(files.filter((relId) => relId >= 16 && !relations.has(relId))).to.deep.equal([]);
  });

  it('keep no index entries when forks of them have ended, of a template that is gone either', async () => {
    await fork('one');
    await fork('two', 'one');
    const maker = await server.connect('template1');
    await maker.query('DROP DATABASE one');
    const client = await server.connect('two@here');
    await client.query('UPDATE t SET a = a + 1 WHERE id < 10; DELETE FROM t WHERE id = 11');
    expect(await answers(client, QUESTIONS.slice(3))).to.deep.equal(content.slice(3));
    await client.end();
    const { engine } = server.database;
    while (engine.forkCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(engine.indexMemory.unlimited().usedBytes).to.equal(0);
  });

  it('may be dropped at once: nothing of them is left', async () => {
    const before = [...server.database.engine.heaps()].length;
    await fork('f');
    const maker = await server.connect('template1');
    await maker.query('DROP DATABASE f');
    expect([...server.database.engine.copies()]).to.deep.equal([]);
    expect([...server.database.engine.heaps()].length).to.equal(before);
    expect(await restart('kill')).to.equal(0);
    expect([...server.database.engine.heaps()].length).to.equal(before);
  });

  it('may be dropped while forks of them look for pages that have not come, with long values in indexes', async () => {
    await server.client.query(`CREATE TABLE notes (id int PRIMARY KEY, body text);
      ALTER TABLE notes ALTER body SET STORAGE EXTERNAL; CREATE INDEX ON notes (left(body, 20));
      INSERT INTO notes SELECT g, repeat(md5(g::text), 300) FROM generate_series(1, 500) g`);
    const question = "SELECT count(*), md5(string_agg(body, ',' ORDER BY id)) FROM notes WHERE left(body, 20) >= '5'";
    const before = await answers(server.client, [question]);
    await fork('f');
    const client = await server.connect('f@one');
    const maker = await server.connect('template1');
    await maker.query('DROP DATABASE f');
    await server.client.query("UPDATE notes SET body = 'x' WHERE id % 7 = 0");
    await server.client.query('DELETE FROM notes WHERE id % 7 = 3');
    await client.query('SET enable_seqscan = off');
    expect(await answers(client, [question])).to.deep.equal(before);
    await client.query('SET enable_seqscan = on; SET enable_indexscan = off; SET enable_bitmapscan = off');
    expect(await answers(client, [question])).to.deep.equal(before);
    await client.end();
  });

  it('have tables dropped and definitions changed in them, undone too, while their pages come', async () => {
    await fork('f');
    const client = await server.connect('f');
    await client.query('BEGIN; DROP INDEX t_a; ALTER TABLE t ADD COLUMN more int DEFAULT 3; SELECT sum(more) FROM t');
    await server.client.query(`UPDATE t SET a = 0 WHERE id % 2 = 0`);
    await client.query('ROLLBACK');
    expect(await answers(client)).to.deep.equal(content);
    await client.query('CREATE INDEX t_name ON t (md5(name)); ALTER TABLE t ADD COLUMN more int DEFAULT 3');
    const found = await client.query(`SELECT id, more FROM t WHERE md5(name) = md5('name 4711')`);
    expect(found.rows).to.deep.equal([{ id: 4711, more: 3 }]);
    await client.query('DROP TABLE t');
    expect(missing()).to.equal(0);
  });

  it('are forked by name, and read in the past, while their pages come', async () => {
    await server.client.query(`SET version_retention = '1h'`);
    await fork('f');
    const client = await server.connect('f');
    const { rows } = await client.query('SELECT clock_timestamp()::text AS now');
    const named = await server.connect('f@one');
    await client.query(`DELETE FROM t WHERE id % 3 = 0; UPDATE t SET a = 1 WHERE id % 7 = 0`);
    await server.client.query(`UPDATE t SET a = 2`);
    const past = QUESTIONS.map((question) => question.replace(/ WHERE|$/, ` AS OF SYSTEM TIME '${rows[0].now}'$&`));
    expect(await answers(client, past.slice(1, 4))).to.deep.equal(content.slice(1, 4));
    await client.query('DROP TABLE t');
    expect(await answers(named)).to.deep.equal(content);
    await named.end();
    await server.client.query(`SET version_retention = 0`);
  });

  it('are in backups that are taken before their pages have come', async () => {
    await fork('f');
    const { fileSystem } = server;
    const backups = server.database.engine.backups;
    if (backups === null) throw new Error('a data directory can be backed up');
    const source = new EngineSource(() => backups.begin());
    const running = takeBackup({ fileSystem, directory: '/data', target: fileSystem, folder: '/backup', source });
    await server.client.query(`UPDATE t SET a = 1 WHERE id % 3 = 0`);
    await running;
    await restore(fileSystem, ['/backup'], '/restored');
    expect(problems('/restored')).to.deep.equal([]);
    const restored = new RestartableServer();
    restored.fileSystem = fileSystem;
    restored.directory = '/restored';
    await restored.start();
    expect(await answers(await restored.connect('f'))).to.deep.equal(content);
    expect(await restored.wrongIndexes()).to.deep.equal([]);
    await restored.stop();
  });

  it('are refused when their indexes will not have the memory', async () => {
    const { indexMemory } = server.database.engine;
    indexMemory.limit = indexMemory.usedBytes + 10_000;
    const fault = await server.client.query('CREATE DATABASE f TEMPLATE postgres').catch((error) => error);
    expect([fault.code, missing()]).to.deep.equal(['53200', 0]);
    indexMemory.limit = Number.POSITIVE_INFINITY;
    await fork('f');
    // What was granted is not asked for again.
    indexMemory.limit = indexMemory.usedBytes;
    await complete();
    indexMemory.limit = Number.POSITIVE_INFINITY;
    expect(await answers(await server.connect('f'))).to.deep.equal(content);
  });

  it('wait for a full disk: the template goes on as far as it can, and nothing is lost', async () => {
    await server.client.query('CHECKPOINT');
    await fork('f');
    server.fileSystem.capacity = server.fileSystem.usedSpace() + 200_000;
    let fault: { code?: string } = {};
    for (let i = 0; i < 50 && fault.code === undefined; i++)
      fault = await server.client.query(`UPDATE t SET a = 3 WHERE id % 50 = ${i}`).catch((error) => error);
    expect(fault.code).to.equal('53100');
    expect(missing()).to.be.greaterThan(0);
    server.fileSystem.capacity = Number.POSITIVE_INFINITY;
    await restart('kill');
    expect(await answers(await server.connect('f'))).to.deep.equal(content);
  });
});
