/**
 * What does not fit in work_mem goes to temporary files, and nobody sees a difference but in EXPLAIN: the same queries give the
 * same rows with 64 kB as with 256 MB, and no file outlives its statement.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type pg from 'pg';
import { openDatabaseServer } from '../../executor/index.ts';
import { MemoryFileSystem } from '../../storage/api.ts';
import { type SpillServer, serve } from '../support/spill.ts';
import { eventually } from '../support/wire-client.ts';

const ROWS = 20_000;
/** Every 7th key is null; texts with all kinds of characters, some of them long; few and many equal values. */
const TABLES = `
  CREATE TABLE a (id int, k int, word text, price numeric, big bigint, tags int[], at timestamp, flag bool, wide bytea);
  INSERT INTO a SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE i * 7919 % 6000 END,
    CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'é' || i % 900 WHEN 2 THEN repeat('x', i % 90) ELSE 'w' || i * 31 % 5000 END,
    CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 37 % 4001)::numeric / 4 END,
    CASE WHEN i % 3 = 0 THEN 9007199254740993 + i ELSE i END,
    CASE WHEN i % 4 = 0 THEN NULL ELSE ARRAY[i % 10, NULL, i % 3] END,
    CASE WHEN i % 1000 = 0 THEN 'infinity'::timestamp ELSE timestamp '2020-01-01' + (i % 5000) * interval '1 hour' END,
    i % 2 = 0, decode(lpad(to_hex(i % 3000), 8, '0'), 'hex')
    FROM generate_series(1, ${ROWS}) AS i;
  CREATE TABLE b (id int, k int, word text, price numeric, span interval);
  INSERT INTO b SELECT i, CASE WHEN i % 13 = 0 THEN NULL ELSE i * 104729 % 9000 END, 'w' || i % 7000,
    (i * 17 % 3000)::numeric / 4, (i % 50) * interval '1 day 2 hours'
    FROM generate_series(1, ${ROWS / 2}) AS i;
  CREATE TABLE skewed (k int, n int);
  INSERT INTO skewed SELECT CASE WHEN i % 10 < 9 THEN 1 ELSE i END, i FROM generate_series(1, 4000) AS i;
  ANALYZE`;

/** With ORDER BY where rows come in an order; otherwise rows are compared as a set. */
const ORDERED = [
  'SELECT id, word FROM a ORDER BY word, id',
  'SELECT id, word FROM a ORDER BY word DESC NULLS LAST, id DESC',
  'SELECT id FROM a ORDER BY k NULLS FIRST, price DESC, id',
  'SELECT id, tags FROM a ORDER BY tags, at, id',
  'SELECT id, wide, big FROM a ORDER BY wide DESC, big',
  'SELECT id, at, flag FROM a ORDER BY flag, at DESC, id',
  // Stable: equal keys stay as they came.
  'SELECT id, flag FROM a ORDER BY flag',
  'SELECT id FROM a ORDER BY length(word) + k, id LIMIT 9000 OFFSET 100',
  'SELECT id, a.* FROM a ORDER BY price, id LIMIT 15',
  "SELECT (id, word, price)::text, lower(word) FROM a ORDER BY lower(word) || 'x', id",
  'SELECT DISTINCT ON (k) k, id, word FROM a ORDER BY k, id DESC',
];
const UNORDERED = [
  'SELECT a.id, b.id FROM a JOIN b ON a.k = b.k',
  'SELECT a.id, b.id, b.price FROM a LEFT JOIN b ON a.word = b.word AND a.id > b.id',
  'SELECT a.id, a.tags, b.id FROM b RIGHT JOIN a ON a.k = b.k AND b.id % 3 = 0',
  'SELECT a.id, a.word, b.id, b.price FROM a FULL JOIN b ON a.price = b.price AND a.k = b.k',
  'SELECT id FROM a WHERE k IN (SELECT k FROM b WHERE price > 100)',
  'SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND b.word = a.word)',
  'SELECT x.n, y.n FROM skewed x JOIN skewed y ON x.k = y.k AND x.n - y.n BETWEEN 1 AND 3 WHERE x.n + y.n < 6000',
  'SELECT a.id, b.id, c.id FROM a JOIN b ON a.k = b.k JOIN a c ON c.big = a.big WHERE c.price IS NOT NULL',
  // The inner side of a nested loop, for one outer row, for more, for part of them, and without any.
  'SELECT x.id, a.id, a.tags FROM (SELECT * FROM b WHERE id < 2) x JOIN a ON a.id % 3 > x.id',
  'SELECT x.id, a.id, a.word, a.wide FROM (SELECT * FROM b WHERE id < 9) x LEFT JOIN a ON a.k < x.id + x.id AND a.word > x.word',
  'SELECT x.id FROM (SELECT * FROM b WHERE id < 40) x WHERE EXISTS (SELECT 1 FROM a WHERE a.id > x.id * 900)',
  'SELECT x.id FROM (SELECT * FROM b WHERE id < 9) x WHERE NOT EXISTS (SELECT 1 FROM a WHERE a.id > x.id * 4000 AND a.id < x.id * 5000)',
  'SELECT x.id, y.id FROM (SELECT * FROM b WHERE id < 4) x FULL JOIN (SELECT * FROM a OFFSET 9000) y ON true',
  'SELECT x.id, y.id FROM (SELECT * FROM b WHERE id < 4) x FULL JOIN (SELECT * FROM a OFFSET 9000) y ON false',
  'SELECT (SELECT count(*) FROM a y, b z WHERE y.id > x.id + z.id AND z.id < 4) FROM b x WHERE id < 4',
  'SELECT k, count(*), sum(price), avg(big), min(word), max(at) FROM a GROUP BY k',
  'SELECT word, k, count(DISTINCT flag), array_agg(id ORDER BY id DESC), bool_or(flag) FROM a GROUP BY word, k',
  "SELECT price, string_agg(word, ',' ORDER BY id), count(*) FILTER (WHERE flag) FROM a GROUP BY price HAVING count(*) > 2",
  'SELECT tags, id % 4000, percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM a GROUP BY 1, 2',
  'SELECT span, word, sum(price) FROM b GROUP BY span, word',
  'SELECT k, word, flag, count(*), GROUPING(k, word) FROM a GROUP BY GROUPING SETS ((k, word), (flag), ())',
  'SELECT DISTINCT k, word, price FROM a',
  'SELECT DISTINCT tags, wide FROM a',
  'SELECT k, word FROM a UNION SELECT k, word FROM b',
  'SELECT k FROM a INTERSECT SELECT k FROM b',
  'SELECT k, word FROM a EXCEPT SELECT k, word FROM b',
  'SELECT k FROM a INTERSECT ALL SELECT k FROM b',
  'SELECT k FROM a EXCEPT ALL SELECT k FROM b',
  'SELECT id, rank() OVER (PARTITION BY k ORDER BY price, id), sum(id) OVER (ORDER BY word, id) FROM a',
  'WITH x AS MATERIALIZED (SELECT k, count(*) AS n FROM a GROUP BY k) SELECT x.k, y.n FROM x JOIN x y ON x.k = y.k + 1',
  'SELECT id, (SELECT count(*) FROM (SELECT DISTINCT word, id FROM a) q WHERE q.word = b.word) FROM b WHERE id < 4',
];

function open(
  dataDirectory: string | null,
  settings: Record<string, string> = {},
): ReturnType<typeof openDatabaseServer> {
  return openDatabaseServer({
    dataDirectory,
    settings: new Map([['shared_buffers', '32MB'], ...Object.entries(settings)]),
  });
}

async function rowsOf(client: pg.Client, text: string): Promise<string[]> {
  const { rows } = await client.query({ text, rowMode: 'array' });
  return rows.map((row) => JSON.stringify(row));
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error) => `${error.code} ${error.message}`,
  );
}

describe('spilling', function () {
  this.timeout(30_000);

  describe('to a temporary folder', () => {
    let server: SpillServer;
    let small: pg.Client;
    let large: pg.Client;

    before(async () => {
      server = await serve(await open(null));
      large = await server.connect({ work_mem: '256MB' });
      small = await server.connect({ work_mem: '64kB', hash_mem_multiplier: '1' });
      await large.query(TABLES);
    });
    after(() => server.stop());

    for (const query of ORDERED) {
      it(`gives the same rows in the same order: ${query}`, async () => {
        const { fileCount } = server.database.engine.temporaryFiles;
        expect(await rowsOf(small, query)).to.deep.equal(await rowsOf(large, query));
        if (!query.includes('LIMIT 15')) expect(server.database.engine.temporaryFiles.fileCount).to.be.above(fileCount);
      });
    }

    for (const query of UNORDERED) {
      it(`gives the same rows: ${query}`, async () => {
        const expected = (await rowsOf(large, query)).sort();
        const { fileCount } = server.database.engine.temporaryFiles;
        expect((await rowsOf(small, query)).sort()).to.deep.equal(expected);
        if (!query.includes('GROUPING SETS')) {
          expect(server.database.engine.temporaryFiles.fileCount).to.be.above(fileCount);
        }
      });
    }

    it('needs no file for what fits, nor for the first rows of many', async () => {
      const { fileCount } = server.database.engine.temporaryFiles;
      await rowsOf(large, 'SELECT id FROM a ORDER BY word');
      await rowsOf(small, 'SELECT id FROM a ORDER BY word LIMIT 10');
      await rowsOf(small, 'SELECT k % 10, count(*) FROM a GROUP BY 1 ORDER BY 1');
      await rowsOf(small, 'SELECT a.id, c.word FROM a, a AS c LIMIT 10');
      await rowsOf(small, 'SELECT a.id, c.word FROM a CROSS JOIN a AS c WHERE a.id < 0');
      expect(server.database.engine.temporaryFiles.fileCount).to.equal(fileCount);
    });

    it('works inside a subquery that runs for each row, and in one that outlasts a time slice', async () => {
      const query = `SELECT b.id, (SELECT string_agg(word, ',') FROM (SELECT word FROM a WHERE a.id > b.id
        ORDER BY word, id LIMIT 3 OFFSET 5000) q) FROM b WHERE id < 3 ORDER BY id`;
      expect(await rowsOf(small, query)).to.deep.equal(await rowsOf(large, query));
      const [row] = await rowsOf(
        small,
        'SELECT (SELECT count(*) FROM (SELECT DISTINCT x.id, y.k FROM a x JOIN a y USING (k)) q)',
      );
      expect(row).to.equal(
        (await rowsOf(large, 'SELECT count(*) FROM (SELECT DISTINCT x.id, y.k FROM a x JOIN a y USING (k)) q'))[0],
      );
    });

    it('is waited for by a subquery without losing the rows it has given already', async () => {
      const numbers = Array.from({ length: 20_000 }, (_, i) => i + 1);
      const [row] = await rowsOf(
        small,
        `SELECT ARRAY(SELECT id FROM a ORDER BY id), (SELECT x.id FROM a x JOIN a y ON x.big = y.big WHERE x.id = 7),
          (SELECT x.id FROM a x, a y WHERE x.id = 3 AND y.id < 100 AND x.id + y.id = 4)`,
      );
      expect(JSON.parse(row)).to.deep.equal([numbers, 7, 3]);
      const [slow] = await rowsOf(small, 'SELECT (SELECT i FROM generate_series(1, 300000) AS i WHERE i = 5)');
      expect(slow).to.equal('[5]');
      const many = '(SELECT count(*) FROM generate_series(1, 100000))';
      const [inScan] = await rowsOf(small, `SELECT count(*), sum(CASE WHEN id > 100 THEN ${many} ELSE 0 END) FROM a`);
      expect(inScan).to.equal('["20000","1990000000"]');
      const text = `SELECT sum(n) FROM (SELECT CASE WHEN id > 300 THEN ${many} ELSE 0 END + id AS n FROM a OFFSET 0) q`;
      expect((await rowsOf(small, text))[0]).to.equal(`["${1_970_000_000 + 200_010_000}"]`);
      const grouped = `SELECT count(*), sum(CASE WHEN i > 700 THEN ${many} ELSE 1 END) FROM generate_series(1, 1000) AS i`;
      expect((await rowsOf(small, grouped))[0]).to.equal(`["1000","${700 + 30_000_000}"]`);
      const sorted = `SELECT i FROM generate_series(1, 1000) AS i ORDER BY CASE WHEN i > 700 THEN ${many} ELSE 1 END DESC, i LIMIT 2`;
      expect(await rowsOf(small, sorted)).to.deep.equal(['[701]', '[702]']);
    });

    it('shows in EXPLAIN ANALYZE what was in memory and what on disk, by PostgreSQL’s words', async () => {
      const explained = async (client: pg.Client, query: string): Promise<string> => {
        const { rows } = await client.query(`EXPLAIN (ANALYZE, COSTS off, TIMING off) ${query}`);
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      const sort = 'SELECT id FROM a ORDER BY word';
      expect(await explained(small, sort)).to.match(/^ {2}Sort Method: external merge {2}Disk: [1-9]\d*kB$/m);
      expect(await explained(large, sort)).to.match(/^ {2}Sort Method: quicksort {2}Memory: [1-9]\d*kB$/m);
      expect(await explained(small, `${sort} LIMIT 3`)).to.match(/Sort Method: top-N heapsort {2}Memory: [1-9]\d*kB$/m);
      const hash = 'SELECT a.id FROM a JOIN b ON a.k = b.k';
      const shape =
        /-> {2}Hash\b.*\n +Buckets: \d+ \(originally \d+\) {2}Batches: ([2-9]|\d\d+) \(originally 1\) {2}Memory Usage: \d+kB$/m;
      expect(await explained(small, hash)).to.match(shape);
      expect(await explained(large, hash)).to.match(
        /-> {2}Hash\b.*\n +Buckets: \d+ {2}Batches: 1 {2}Memory Usage: \d+kB$/m,
      );
      const groups = 'SELECT word, count(*) FROM a GROUP BY word';
      expect(await explained(small, groups)).to.match(
        /Batches: ([2-9]|\d\d+) {2}Memory Usage: \d+kB {2}Disk Usage: [1-9]\d*kB$/m,
      );
      expect(await explained(large, groups)).to.match(/Batches: 1 {2}Memory Usage: \d+kB$/m);
      const { rows } = await small.query(`EXPLAIN (ANALYZE, FORMAT json) ${sort}`);
      expect(rows[0]['QUERY PLAN'][0].Plan).to.include({ 'Sort Method': 'external merge', 'Sort Space Type': 'Disk' });
      const { rows: plain } = await small.query(`EXPLAIN ${sort}`);
      expect(JSON.stringify(plain)).not.to.include('Sort Method');
    });

    it('ends the statement when its files would exceed temp_file_limit', async () => {
      const client = await server.connect({ work_mem: '64kB', temp_file_limit: '100kB' });
      const failure = '53400 temporary file size exceeds temp_file_limit (100kB)';
      expect(await failureOf(client.query('SELECT id, word FROM a ORDER BY word'))).to.equal(failure);
      expect(await failureOf(client.query('SELECT a.id FROM a JOIN a x USING (big)'))).to.equal(failure);
      // Behind OFFSET 0, where groups are looked at batch by batch: a scan of its own may be over before it is time to look.
      const grouping = 'SELECT big, count(*) FROM (SELECT big FROM a OFFSET 0) q GROUP BY big';
      expect(await failureOf(client.query(grouping))).to.equal(failure);
      // What the failed ones had is given back.
      await client.query("SET temp_file_limit = '3MB'");
      for (let i = 0; i < 5; i++) await client.query('SELECT id FROM a ORDER BY word');
    });

    it('leaves no file behind wherever the limit is met', async () => {
      const client = await server.connect({ work_mem: '64kB', temp_file_limit: '0' });
      const files = server.database.engine.temporaryFiles;
      await eventually(() => files.openCount === 0);
      let failed = 0;
      // Among them limits that are met by what is written last, when the input has ended.
      for (let limit = 8; limit < 500; limit += 12) {
        await client.query(`SET temp_file_limit = ${limit}`);
        for (const query of [
          'SELECT id FROM a ORDER BY word',
          'SELECT big, count(*) FROM a GROUP BY big',
          'SELECT k, word FROM a EXCEPT SELECT k, word FROM b',
          'SELECT a.id FROM a JOIN a x USING (big)',
        ]) {
          const failure = await failureOf(client.query(query));
          if (failure !== 'no error') {
            expect(failure).to.match(/^53400 /);
            failed++;
          }
        }
      }
      expect(failed).to.be.above(20);
      await eventually(() => files.openCount === 0);
    });

    it('serves others while it sorts', async () => {
      const other = await server.connect();
      let isSorted = false;
      const sorting = small
        .query('SELECT count(*) FROM (SELECT x.id FROM a x JOIN b y ON x.id > y.id ORDER BY x.word, y.word OFFSET 1) q')
        .then(() => {
          isSorted = true;
        });
      let answers = 0;
      while (!isSorted) {
        await other.query('SELECT 1');
        answers++;
        if (answers > 20) break;
      }
      expect(isSorted, 'the sort is still at work').to.equal(false);
      const killer = await server.connect();
      await killer.query(`SELECT pg_cancel_backend(${(small as unknown as { processID: number }).processID})`);
      expect(await failureOf(sorting)).to.match(/^57014 /);
    });

    it('leaves no file behind: after the end, an error, a cancel, and a client that is gone', async () => {
      const files = server.database.engine.temporaryFiles;
      await eventually(() => files.openCount === 0);
      const fails = 'SELECT 1 / (id - 20000) FROM a ORDER BY word, 1';
      expect(await failureOf(small.query(fails))).to.match(/^22012 /);
      await eventually(() => files.openCount === 0);
      // A portal in the middle of its rows holds its files, and gives them back.
      const client = await server.connect({ work_mem: '64kB' });
      await client.query('BEGIN; DECLARE c CURSOR FOR SELECT id FROM a ORDER BY word');
      await client.query('FETCH 10 FROM c');
      expect(files.openCount).to.be.above(0);
      await client.query('CLOSE c');
      await eventually(() => files.openCount === 0);
      await client.query('DECLARE c CURSOR FOR SELECT a.id FROM a JOIN b USING (k)');
      await client.query('FETCH 10 FROM c');
      expect(files.openCount).to.be.above(0);
      await client.query('ROLLBACK');
      await eventually(() => files.openCount === 0);
      await client.query('BEGIN; DECLARE c CURSOR FOR SELECT DISTINCT word, id FROM a');
      await client.query('FETCH 8000 FROM c');
      expect(files.openCount).to.be.above(0);
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await eventually(() => files.openCount === 0);
      // Many files come and go: a disk that others keep busy takes its time.
    }).timeout(120_000);
  });

  it('empties the folder at the start, and uses it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'spill-'));
    try {
      let server = await serve(await open(directory));
      const client = await server.connect({ work_mem: '64kB' });
      await client.query('CREATE TABLE t AS SELECT i AS a FROM generate_series(1, 20000) AS i');
      await client.query('BEGIN; DECLARE c CURSOR FOR SELECT a FROM t ORDER BY -a');
      await client.query('FETCH 1 FROM c');
      expect(readdirSync(join(directory, 'temp'))).not.to.deep.equal([]);
      await server.stop();
      expect(readdirSync(join(directory, 'temp'))).to.deep.equal([]);
      writeFileSync(join(directory, 'temp', 'temp.77'), 'left by a process that died');
      server = await serve(await open(directory));
      expect(readdirSync(join(directory, 'temp'))).to.deep.equal([]);
      await server.stop();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('fails the statement alone when the disk is full: 53100, and the next one finds space', async () => {
    const fileSystem = new MemoryFileSystem();
    const database = await openDatabaseServer({
      dataDirectory: 'data',
      fileSystem,
      settings: new Map([['shared_buffers', '16MB']]),
    });
    const server = await serve(database);
    try {
      const client = await server.connect({ work_mem: '64kB' });
      await client.query('CREATE TABLE t AS SELECT i AS a FROM generate_series(1, 20000) AS i');
      const sort = 'SELECT a FROM t ORDER BY -a OFFSET 19999';
      fileSystem.failNext('write', 'ENOSPC');
      expect(await failureOf(client.query(sort))).to.match(/^53100 could not write/);
      expect(database.engine.temporaryFiles.openCount).to.equal(0);
      expect(await rowsOf(client, sort)).to.deep.equal(['[1]']);
      fileSystem.failNext('read', 'EIO');
      expect(await failureOf(client.query(sort))).to.match(/^58030 could not read/);
      expect(await rowsOf(client, sort)).to.deep.equal(['[1]']);
    } finally {
      await server.stop();
    }
  });
});
