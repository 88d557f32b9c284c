/**
 * Statements that spill on a disk that answers when it likes, in any order: they come to an end, with the same rows, and give their
 * files back. A wake-up that is lost would leave one waiting for ever.
 */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { MemoryFileSystem } from '../../storage/api.ts';
import { Random, SEED } from '../storage/heap/support.ts';
import { DirectClient } from '../support/direct-client.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 2);
const PATIENCE_MS = 20_000;

const STATEMENTS = [
  'SELECT id FROM a ORDER BY word, id LIMIT 500',
  'SELECT count(*), sum(id) FROM (SELECT DISTINCT word, id FROM a) q',
  'SELECT count(*), sum(n) FROM (SELECT word, count(*) AS n FROM a GROUP BY word, id % 3000) q',
  'SELECT count(*), sum(a.id) FROM a JOIN b USING (k)',
  'SELECT count(*) FROM (SELECT word FROM a EXCEPT SELECT word FROM b) q',
  'SELECT count(*), max(r) FROM (SELECT row_number() OVER (ORDER BY word, id) AS r FROM a) q',
  'SELECT count(*) FROM a WHERE id IN (SELECT id FROM b ORDER BY word)',
  'SELECT sum(1 / (id - 5000)) FROM (SELECT id FROM a ORDER BY word) q',
  'WITH s AS MATERIALIZED (SELECT * FROM a ORDER BY word) SELECT count(*) FROM s JOIN b ON s.id = b.id',
];

describe('statements that wait for temporary files', () => {
  it(`come to an end on a disk that answers in any order (SEED=${SEED})`, async () => {
    const random = new Random(SEED);
    let slowness = 0;
    const schedule = (run: () => void): void => {
      const turns = random.below(1 + slowness);
      if (turns > 8) setTimeout(run, random.below(3));
      else {
        const later = (left: number): void => void setImmediate(() => (left > 0 ? later(left - 1) : run()));
        later(turns);
      }
    };
    const database = await openDatabaseServer({
      dataDirectory: '/data',
      fileSystem: new MemoryFileSystem({ schedule }),
      settings: new Map([['shared_buffers', '16MB']]),
    });
    const client = new DirectClient(database);
    await client.rows(`CREATE TABLE a AS SELECT i AS id, i * 7919 % 5003 AS k, md5(i::text) AS word FROM generate_series(1, 8000) i;
      CREATE TABLE b AS SELECT * FROM a WHERE id % 2 = 0; ANALYZE`);
    const expected = await Promise.all(STATEMENTS.map((sql) => answerOf(database, sql, '64MB')));
    for (let round = 0; round < ROUNDS; round++) {
      slowness = random.pick([0, 3, 12]);
      const answers = await Promise.all(STATEMENTS.map((sql) => answerOf(database, sql, '64kB')));
      answers.forEach((answer, i) => {
        expect(answer, STATEMENTS[i]).to.equal(expected[i]);
      });
      await within(untilClosed(database), 'files are given back');
    }
    expect(database.engine.temporaryFiles.fileCount).to.be.greaterThan(ROUNDS * 6);
    slowness = 0;
    client.close();
    await database.close();
  }).timeout(120_000);
});

async function answerOf(database: DatabaseServer, sql: string, workMem: string): Promise<string> {
  const client = new DirectClient(database);
  await client.rows(`SET work_mem = '${workMem}'`);
  const { rows, error } = await within(client.query(sql), sql);
  client.close();
  return error === null ? JSON.stringify(rows) : error.code;
}

async function untilClosed(database: DatabaseServer): Promise<void> {
  while (database.engine.temporaryFiles.openCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

function within<T>(work: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no end: ${what}`)), PATIENCE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
