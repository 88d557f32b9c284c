/** Statements of a size that no one writes by hand, but programs do: they end in an answer, or in PostgreSQL's error. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

const list = (count: number, item: (i: number) => string, separator = ','): string =>
  Array.from({ length: count }, (_, i) => item(i)).join(separator);

describe('large statements', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  const value = async (sql: string): Promise<unknown> => Object.values((await client.query(sql)).rows[0])[0];
  const failure = (sql: string): Promise<string> =>
    client.query(sql).then(
      () => 'done',
      (error: { code: string; message: string }) => `${error.code} ${error.message}`,
    );

  before(async () => {
    scratch = await createScratchDatabase();
    client = new pg.Client(scratch.connection);
    await client.connect();
    await client.query('CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE DEFERRABLE)');
    await client.query("INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 2000) AS i");
    await client.query('ANALYZE t');
  });

  after(async () => {
    await client.end();
    await scratch.drop();
  });

  it('take lists of more values than a function may have variables', async () => {
    const numbers = list(70_000, (i) => String(2 * i));
    const names = list(70_000, (i) => `'n${2 * i}'`);
    expect(await value(`SELECT count(*) FROM t WHERE id + 0 IN (${numbers})`)).to.equal('1000');
    expect(await value(`SELECT count(*) FROM t WHERE id IN (${numbers})`)).to.equal('1000');
    expect(await value(`SELECT count(*) FROM t WHERE name || '' IN (${names})`)).to.equal('1000');
    expect(await value(`SELECT count(*) FROM t WHERE name NOT IN (${names})`)).to.equal('1000');
    expect(await value(`SELECT count(*) FROM t WHERE id = ANY (ARRAY[${numbers}])`)).to.equal('1000');
    expect(await value(`SELECT count(*) FROM t WHERE id IN (${numbers}, (SELECT 7)) OR id = 5`)).to.equal('1002');
    expect(await value(`SELECT cardinality(ARRAY[${numbers}, 1 + (SELECT 1)])`)).to.equal(70_001);
    expect(await value(`SELECT sum(a) FROM (VALUES ${list(70_000, (i) => `(${i}, 'x${i}')`)}) AS v (a, b)`)).to.equal(
      '2449965000',
    );
  });

  it('check deferred keys of two hundred thousand rows', async () => {
    await client.query(`BEGIN; SET CONSTRAINTS ALL DEFERRED;
      INSERT INTO t SELECT i + 10000, 'd' || i FROM generate_series(1, 200000) AS i;
      UPDATE t SET name = 'd' || (id - 10000) % 200000 + 1 WHERE id > 10000`);
    // What is queued by then is there again.
    await client.query('SAVEPOINT s; UPDATE t SET name = name || id WHERE id = 1; ROLLBACK TO s');
    await client.query('COMMIT');
    expect(await value("SELECT count(DISTINCT name) FROM t WHERE name LIKE 'd%'")).to.equal('200000');
    await client.query('DELETE FROM t WHERE id > 10000');
  });

  it('combine ten thousand conditions', async () => {
    expect(await value(`SELECT count(*) FROM t WHERE ${list(10_000, (i) => `id = ${3 * i}`, ' OR ')}`)).to.equal('666');
    expect(await value(`SELECT count(*) FROM t WHERE ${list(10_000, (i) => `id <> ${i + 5}`, ' AND ')}`)).to.equal('4');
  });

  it('have as many columns as PostgreSQL allows, and no more', async () => {
    const columns = (count: number): string => list(count, (i) => `c${i} int`);
    expect(await failure(`CREATE TABLE wide (${columns(1601)})`)).to.equal(
      '54011 tables can have at most 1600 columns',
    );
    await client.query(`CREATE TABLE wide (${columns(1600)})`);
    await client.query(`INSERT INTO wide SELECT ${list(1600, (i) => `g + ${i}`)} FROM generate_series(1, 3) AS g`);
    await client.query('UPDATE wide SET c1599 = c0');
    const sums = (await client.query(`SELECT ${list(1600, (i) => `sum(c${i}) AS s${i}`)} FROM wide`)).rows[0];
    expect([sums.s0, sums.s1, sums.s1598, sums.s1599]).to.deep.equal(['6', '9', '4800', '6']);
    const targets = (count: number): string => list(count, String);
    expect((await client.query(`SELECT ${targets(1664)}`)).fields.length).to.equal(1664);
    const many = '54011 target lists can have at most 1664 entries';
    expect(await failure(`SELECT ${targets(1665)}`)).to.equal(many);
    expect(await failure('SELECT * FROM wide AS a, wide AS b')).to.equal(many);
    expect(await failure(`SELECT ROW(${targets(1665)})`)).to.equal(
      '54011 ROW expressions can have at most 1664 entries',
    );
  });

  it('join two hundred tables', async () => {
    const aliases = list(200, (i) => `t AS t${i}`);
    const conditions = list(199, (i) => `t${i}.id = t${i + 1}.id`, ' AND ');
    expect(await value(`SELECT count(*) FROM ${aliases} WHERE ${conditions} AND t7.id < 50`)).to.equal('49');
  });

  it('are refused where their values would take the memory of all', async () => {
    const most = '54000 array size exceeds the maximum allowed';
    expect(await failure('SELECT cardinality(array_fill(1, ARRAY[100000000]))')).to.equal(`${most} (16777216)`);
    expect(await failure('SELECT array_fill(1, ARRAY[200000000])')).to.equal(`${most} (134217727)`);
    expect(await failure("SELECT string_to_array(repeat(',', 20000000), ',')")).to.equal(`${most} (16777216)`);
    expect(await failure("SELECT ('[' || repeat('1,', 20000000) || '1]')::jsonb")).to.equal(
      '54000 a JSON text of more than 16777216 values cannot be read',
    );
    expect(await value('SELECT 1')).to.equal(1);
  });
});
