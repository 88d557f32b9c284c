/** hotrow_diff shows what became of a table between two times; hotrow_rewind undoes it. */
import { expect } from 'chai';
import type pg from 'pg';
import { MemoryFileSystem } from '../../../storage/api.ts';
import { randomOf } from '../../support/random.ts';
import { seedFrom } from '../../support/seed.ts';
import { PastServer } from './support.ts';

const SEED = seedFrom();

describe('changes of a table', () => {
  const server = new PastServer();
  const query = (text: string): Promise<string[]> => server.rows(text);
  const refused = async (text: string): Promise<{ code: string; message: string }> => {
    try {
      await server.client.query(text);
    } catch (error) {
      await server.client.query('ROLLBACK');
      const { code, message } = error as Error & { code: string };
      return { code, message };
    }
    throw new Error(`${text} is not refused`);
  };
  const run = async (...statements: readonly string[]): Promise<void> => {
    for (const sql of statements) {
      await server.client.query(sql);
      server.nowMs += 1000;
    }
  };
  /** The time so many seconds ago. */
  const ago = (seconds: number): string => `now() - interval '${seconds} seconds'`;

  beforeEach(async () => {
    server.fileSystem = new MemoryFileSystem();
    await server.start(['version_retention', '1h']);
  });
  afterEach(async () => {
    const { snapshots, pastSnapshots } = server.database.engine.transactions;
    expect([snapshots.count, pastSnapshots.count]).to.deep.equal([0, 0]);
    await server.stop();
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  describe('hotrow_diff', () => {
    it('answers inserted, updated and deleted rows', async () => {
      await run(
        'CREATE TABLE t (a int PRIMARY KEY, b text)',
        "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four')",
        "UPDATE t SET b = 'ONE' WHERE a = 1; UPDATE t SET b = b WHERE a = 4",
        'DELETE FROM t WHERE a = 2',
        "INSERT INTO t VALUES (5, 'five')",
      );
      const all = [
        '["update",{"a":1},{"a":1,"b":"one"},{"a":1,"b":"ONE"}]',
        '["delete",{"a":2},{"a":2,"b":"two"},null]',
        '["insert",{"a":5},null,{"a":5,"b":"five"}]',
      ];
      expect(await query(`SELECT * FROM hotrow_diff('t', ${ago(3.5)}, ${ago(0)})`)).to.deep.equal(all);
      expect(await query(`SELECT * FROM hotrow_diff('t', ${ago(3.5)}) ORDER BY key`)).to.deep.equal(all);
      expect(await query(`SELECT op, old FROM hotrow_diff('t', ${ago(2.5)}, ${ago(1.5)})`)).to.deep.equal([
        '["delete",{"a":2,"b":"two"}]',
      ]);
      expect(
        await query(`SELECT op, key FROM hotrow_diff("table" => 't', since => ${ago(0)}, until => ${ago(1.5)})`),
      ).to.deep.equal(['["delete",{"a":5}]']);
      expect(await query(`SELECT count(*)::int FROM hotrow_diff('t', ${ago(4.5)})`)).to.deep.equal(['[4]']);
      // Up to what the statement sees: in a transaction its own work, in one that reads the past that.
      await server.client.query("BEGIN; INSERT INTO t VALUES (6, 'six')");
      expect(await query(`SELECT op, key FROM hotrow_diff('t', ${ago(0)})`)).to.deep.equal(['["insert",{"a":6}]']);
      await server.client.query('ROLLBACK');
      expect(await query(`SELECT op FROM hotrow_diff('t', ${ago(3.5)}) AS OF SYSTEM TIME '-1.5s'`)).to.deep.equal([
        '["update"]',
        '["delete"]',
      ]);
    });

    it('takes a row that was deleted and made again for the same, where there is a primary key', async () => {
      await run(
        'CREATE TABLE t (a numeric, b text, PRIMARY KEY (a)); CREATE TABLE u (a int, b text)',
        "INSERT INTO t VALUES (1.0, 'x'), (2, 'y'); INSERT INTO u VALUES (1, 'x')",
        "DELETE FROM t; INSERT INTO t VALUES (1.00, 'z'), (2, 'y'); DELETE FROM u; INSERT INTO u VALUES (1, 'x')",
      );
      expect(await query(`SELECT op, old, new FROM hotrow_diff('t', ${ago(1.5)})`)).to.deep.equal([
        '["update",{"a":1.0,"b":"x"},{"a":1.00,"b":"z"}]'.replaceAll('1.00', '1').replace('1.0', '1'),
      ]);
      expect(await query(`SELECT op, key, old, new FROM hotrow_diff('u', ${ago(1.5)}) ORDER BY op`)).to.deep.equal([
        '["delete",null,{"a":1,"b":"x"},null]',
        '["insert",null,null,{"a":1,"b":"x"}]',
      ]);
    });

    it('shows the columns of today, long values as well', async () => {
      await run(
        'CREATE TABLE t (a int PRIMARY KEY, gone int, long text)',
        "INSERT INTO t SELECT g, g, string_agg(md5(n::text), '') FROM generate_series(1, 3) g, generate_series(1, 2000) n GROUP BY g",
        'ALTER TABLE t DROP gone; ALTER TABLE t ADD made timestamptz DEFAULT now()',
        "UPDATE t SET long = long || 'end' WHERE a = 2",
      );
      const [row] = (await server.client.query(`SELECT old, new FROM hotrow_diff('t', ${ago(1.5)})`)).rows as {
        old: { a: number; long: string; made: string };
        new: { long: string };
      }[];
      expect(Object.keys(row.old)).to.have.members(['a', 'long', 'made']);
      expect([row.old.long.length, row.new.long.length]).to.deep.equal([64_000, 64_003]);
    });

    it('refuses what has no such past', async () => {
      await run('CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1; CREATE SEQUENCE s', 'INSERT INTO t VALUES (1)');
      const diff = (args: string): Promise<{ code: string; message: string }> =>
        refused(`SELECT * FROM hotrow_diff(${args})`);
      expect(await diff(`'t', ${ago(2.5)}`)).to.include({ code: '72000' });
      expect((await diff(`'t', now() + interval '1s'`)).code).to.equal('22023');
      expect((await diff(`'t', ${ago(1)}, '-infinity'`)).code).to.equal('72000');
      expect(await diff(`'v', ${ago(1)}`)).to.deep.equal({ code: '42809', message: '"v" is not a table' });
      expect(await diff(`'s', ${ago(1)}`)).to.deep.equal({ code: '42809', message: '"s" is not a table' });
      expect((await diff(`4711, ${ago(1)}`)).code).to.equal('42P01');
      expect((await diff(`'nothing', ${ago(1)}`)).code).to.equal('42P01');
      expect(await query(`SELECT * FROM hotrow_diff(NULL, ${ago(1)})`)).to.deep.equal([]);
    });
  });

  describe('hotrow_rewind', () => {
    const rewound = (table: string, seconds: number): Promise<string[]> =>
      query(`SELECT hotrow_rewind('${table}', ${ago(seconds)})::int`);

    it('gives a table the rows that it had', async () => {
      await run(
        `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int UNIQUE, b text, twice int GENERATED ALWAYS AS (a * 2) STORED);
         CREATE INDEX ON t (b)`,
        "INSERT INTO t (a, b) SELECT g, 'b' || g FROM generate_series(1, 5) g",
        "UPDATE t SET b = 'changed' WHERE a < 3; DELETE FROM t WHERE a = 4; INSERT INTO t (a, b) VALUES (9, 'new')",
        'UPDATE t SET a = 4 WHERE a = 9',
      );
      const before = await query(`SELECT * FROM t AS OF SYSTEM TIME '-2.5s' ORDER BY id`);
      expect(await rewound('t', 2.5)).to.deep.equal(['[4]']);
      expect(await query('SELECT * FROM t ORDER BY id')).to.deep.equal(before);
      expect(await query("SELECT id FROM t WHERE b = 'b4'")).to.deep.equal(['[4]']);
      expect(await query('SELECT id, twice FROM t WHERE a = 4')).to.deep.equal(['[4,8]']);
      expect(await rewound('t', 2.5)).to.deep.equal(['[0]']);
      server.nowMs += 1000;
      // A rewind is a change like any other: it can be undone.
      expect(await rewound('t', 1.5)).to.deep.equal(['[4]']);
      expect(await query('SELECT b FROM t WHERE a = 4')).to.deep.equal(['["new"]']);
    });

    it('is undone with its transaction', async () => {
      await run('CREATE TABLE t (a int PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2)', 'DELETE FROM t');
      await server.client.query('BEGIN');
      expect(await rewound('t', 1.5)).to.deep.equal(['[2]']);
      expect(await query('SELECT count(*)::int FROM t')).to.deep.equal(['[2]']);
      await server.client.query('ROLLBACK');
      expect(await query('SELECT count(*)::int FROM t')).to.deep.equal(['[0]']);
    });

    it('keeps to constraints, and asks foreign keys when all is done', async () => {
      await run(
        `CREATE TABLE p (id int PRIMARY KEY, up int REFERENCES p);
         CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE)`,
        'INSERT INTO p VALUES (1, NULL), (2, 1), (3, 2)',
        'UPDATE p SET up = NULL; DELETE FROM p WHERE id = 2; INSERT INTO p VALUES (4, 3)',
        'INSERT INTO c VALUES (1, 1), (2, 4)',
      );
      expect(await rewound('p', 2.5)).to.deep.equal(['[3]']);
      expect(await query('SELECT * FROM p ORDER BY id')).to.deep.equal(['[1,null]', '[2,1]', '[3,2]']);
      // Its child went with the row that was made since.
      expect(await query('SELECT id FROM c')).to.deep.equal(['[1]']);
      await run('DELETE FROM c', 'DELETE FROM p', 'ALTER TABLE p ADD CHECK (id > 2)');
      expect((await rewoundRefusal('c', 3.5)).code).to.equal('23503');
      expect((await rewoundRefusal('p', 2.5)).code).to.equal('23514');
    });
    const rewoundRefusal = (table: string, seconds: number): Promise<{ code: string; message: string }> =>
      refused(`SELECT hotrow_rewind('${table}', ${ago(seconds)})`);

    it('waits for who writes, and keeps others from writing', async () => {
      await run('CREATE TABLE t (a int PRIMARY KEY)', 'INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)');
      const other = await server.connect();
      await other.query('BEGIN; INSERT INTO t VALUES (3)');
      const waiting = rewound('t', 1.5);
      await other.query('COMMIT');
      expect(await waiting).to.deep.equal(['[2]']);
      expect(await query('SELECT a FROM t')).to.deep.equal(['[1]']);
      await server.client.query('BEGIN');
      await rewound('t', 1.5);
      await other.query('SET lock_timeout = 1');
      const refusal = await other.query('INSERT INTO t VALUES (4)').catch((error: pg.DatabaseError) => error.code);
      expect(refusal).to.equal('55P03');
      await server.client.query('COMMIT');
      await other.end();
    });

    it('refuses what it cannot write, and times that are not kept', async () => {
      await run(
        'CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a',
        'SELECT 1',
      );
      expect((await rewoundRefusal('v', 0.5)).code).to.equal('42809');
      expect((await rewoundRefusal('m', 0.5)).code).to.equal('42809');
      expect((await rewoundRefusal('t', 2.5)).code).to.equal('72000');
      await server.client.query('BEGIN READ ONLY');
      expect((await rewoundRefusal('t', 0.5)).code).to.equal('25006');
      expect((await refused(`SELECT hotrow_rewind('t', now()) AS OF SYSTEM TIME '-0.5s'`)).code).to.equal('25006');
    });
  });

  it('are found, and undone, in a table that is larger than the pool', async function () {
    this.timeout(60_000);
    await server.stop();
    server.fileSystem = new MemoryFileSystem();
    await server.start(['version_retention', '1h'], ['shared_buffers', '1MB']);
    await run(
      "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT g, repeat('x', 700) FROM generate_series(1, 6000) g",
      "UPDATE t SET b = repeat('y', 900) WHERE a % 3 = 0",
      'DELETE FROM t WHERE a % 3 = 1',
    );
    const counted = await query(`SELECT op, count(*)::int FROM hotrow_diff('t', ${ago(2.5)}) GROUP BY op ORDER BY op`);
    expect(counted).to.deep.equal(['["delete",2000]', '["update",2000]']);
    expect(await query(`SELECT hotrow_rewind('t', ${ago(2.5)})::int`)).to.deep.equal(['[4000]']);
    expect(await query('SELECT count(*)::int, min(length(b)), max(length(b)) FROM t')).to.deep.equal([
      '[6000,700,700]',
    ]);
    expect(await query(`SELECT count(*)::int FROM hotrow_diff('t', ${ago(2.5)})`)).to.deep.equal(['[0]']);
  });

  it(`agree with copies of the table (SEED=${SEED})`, async function () {
    this.timeout(120_000);
    const random = randomOf(SEED);
    const below = (count: number): number => Math.floor(random() * count);
    await server.client.query(`
      CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX ON t (a); CREATE INDEX ON t USING hash (b);
      INSERT INTO t SELECT g, g % 7, 'b' || g FROM generate_series(1, 400) g`);
    type Row = { readonly id: number; readonly a: number; readonly b: string };
    const recorded: { readonly ms: number; readonly rows: Map<number, string> }[] = [];
    const record = async (): Promise<void> => {
      const { rows } = await server.client.query<Row>('SELECT id, a, b FROM t');
      recorded.push({
        ms: server.nowMs,
        rows: new Map(rows.map(({ id, a, b }) => [id, JSON.stringify({ a, b, id })])),
      });
      server.nowMs += 1 + below(10);
    };
    const differences = (from: Map<number, string>, to: Map<number, string>): string[] => {
      const found: string[] = [];
      for (const id of new Set([...from.keys(), ...to.keys()])) {
        if (from.get(id) !== to.get(id)) found.push(`${id}: ${from.get(id) ?? null} -> ${to.get(id) ?? null}`);
      }
      return found.sort();
    };
    const at = (ms: number): string => `'${server.time(ms)}'`;
    await record();
    for (let step = 0; step < 250; step++) {
      const id = 1 + below(450);
      const write = [
        `INSERT INTO t SELECT g, g % 5, repeat('x', ${below(700)}) FROM generate_series(${id}, ${id + below(30)}) g ON CONFLICT DO NOTHING`,
        `DELETE FROM t WHERE id BETWEEN ${id} AND ${id + below(20)}`,
        `UPDATE t SET b = repeat('y', ${below(900)}) WHERE id BETWEEN ${id} AND ${id + below(20)}`,
        `UPDATE t SET a = a + 1 WHERE id < ${id} AND id % 9 = 0`,
        'BEGIN; DELETE FROM t; ROLLBACK',
        'VACUUM t',
      ][below(6)];
      await server.client.query(write);
      await record();
      const [one, two] = [recorded[below(recorded.length)], recorded[below(recorded.length)]];
      const { rows } = await server.client.query<{ key: { id: number }; old: Row | null; new: Row | null }>(
        `SELECT key, old, new FROM hotrow_diff('t', ${at(one.ms)}, ${at(two.ms)})`,
      );
      const text = (row: Row | null): string =>
        row === null ? 'null' : JSON.stringify({ a: row.a, b: row.b, id: row.id });
      const found = rows.map(({ key, old, new: after }) => `${key.id}: ${text(old)} -> ${text(after)}`).sort();
      expect(found, write).to.deep.equal(differences(one.rows, two.rows));
      if (step % 10 !== 9) continue;
      const count = Number(await server.value(`SELECT hotrow_rewind('t', ${at(one.ms)})`));
      expect(count).to.equal(differences(recorded.at(-1)!.rows, one.rows).length);
      await record();
      expect(differences(recorded.at(-1)!.rows, one.rows)).to.deep.equal([]);
    }
    await server.client.query('SET version_retention = 0');
    while (server.database.engine.sweepSome(1000) > 0 || server.database.engine.isSweepWaiting) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await server.wrongIndexes()).to.deep.equal([]);
  });
});
