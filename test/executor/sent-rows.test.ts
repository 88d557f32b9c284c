/**
 * Rows that a scan writes to the client itself are the bytes that they are by way of values (a cursor's rows): for each kind of scan,
 * in text and binary, under LIMIT and OFFSET, and some at a time.
 */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

const raw = { getTypeParser: () => (value: unknown) => value } as unknown as pg.CustomTypesConfig;

const COLUMNS = `id, flag, small, amount, big, real_, double_, price, share, name, code, doc, bytes, day, at, at_zone, time_, tags,
  uuid_, long, label, id + 1 AS next, price * 2 AS twice, upper(name) AS upper, later, later_text`;

const QUERIES: readonly (readonly [scan: string, sql: string])[] = [
  ['Seq Scan', `SELECT ${COLUMNS} FROM t`],
  ['Seq Scan', `SELECT ${COLUMNS} FROM t WHERE flag AND name LIKE '%1%'`],
  ['Seq Scan', `SELECT ${COLUMNS} FROM t LIMIT 700`],
  ['Seq Scan', `SELECT ${COLUMNS} FROM t LIMIT 600 OFFSET 530`],
  ['Seq Scan', `SELECT ${COLUMNS} FROM (SELECT * FROM t LIMIT 900 OFFSET 20) s LIMIT 10 OFFSET 5`],
  ['Index Scan', `SELECT ${COLUMNS} FROM t WHERE id = 7`],
  ['Index Scan', `SELECT ${COLUMNS} FROM t WHERE id > 40 ORDER BY id LIMIT 600`],
  ['Index Scan', `SELECT ${COLUMNS} FROM t WHERE id > 40 ORDER BY id DESC LIMIT 8 OFFSET 2`],
  ['Bitmap Heap Scan', `SELECT ${COLUMNS} FROM t WHERE code = 'c 3' AND small = 3`],
  ['Tid Scan', `SELECT ${COLUMNS} FROM t WHERE ctid = (SELECT ctid FROM t WHERE id = 9)`],
];

describe('rows of a scan', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  before(async () => {
    scratch = await createScratchDatabase();
    client = new pg.Client(scratch.connection);
    await client.connect();
    await client.query('CREATE DOMAIN label AS text');
    await client.query(`CREATE TABLE t (id int PRIMARY KEY, flag bool, small int2, amount int, big int8, real_ float4,
      double_ float8, price numeric(15,2), share numeric(15,13), name text, code varchar(20), doc jsonb, bytes bytea, day date,
      at timestamp, at_zone timestamptz, time_ time, tags text[], uuid_ uuid, long text, label label)`);
    await client.query(`INSERT INTO t SELECT i, i % 2 = 0, i % 10, i * 1000003, (i - 600) * 9007199254740::int8, i / 3.0, i / 7.0,
      (i - 600) * 1000000.07, (i - 600) / 10000.0, CASE WHEN i % 5 > 0 THEN repeat('n' || i || 'é', i % 40) END, 'c ' || i % 10,
      jsonb_build_object('a', i), decode(lpad(to_hex(i), 8, '0'), 'hex'), date '0001-01-01 BC' + i * 700,
      timestamp '1999-12-31 23:59:59.999' + i * interval '7 hours 0.001 s', timestamptz '2024-03-31 00:30+00' + i * interval '1 min',
      time '00:00' + i * interval '1.5 s', ARRAY['a', NULL], md5(i::text)::uuid,
      CASE WHEN i % 50 = 0 THEN repeat('long' || chr(9) || 'é' || i, 3000) END,
      repeat('label' || i, CASE i % 40 WHEN 0 THEN 3000 ELSE 2 END) FROM generate_series(1, 1300) i`);
    // In the slow form of the generated code: what is not plain, and rows of an older layout.
    await client.query(`UPDATE t SET big = 9223372036854775807, day = 'infinity', at = '-infinity' WHERE id % 97 = 0`);
    await client.query(
      `ALTER TABLE t ADD COLUMN later date DEFAULT 'infinity', ADD COLUMN later_text text DEFAULT 'later'`,
    );
    await client.query(`UPDATE t SET later = NULL WHERE id % 31 = 0`);
    await client.query('CREATE INDEX ON t (code)');
    await client.query('CREATE INDEX ON t (small)');
    await client.query('ANALYZE t');
  });
  after(async () => {
    await client.end();
    await scratch.drop();
  });

  async function rows(text: string, options: object = {}): Promise<unknown[][]> {
    const result = await client.query({
      text,
      values: [],
      rowMode: 'array',
      queryMode: 'extended',
      types: raw,
      ...options,
    } as pg.QueryArrayConfig);
    return result.rows as unknown[][];
  }

  async function cursorRows(sql: string, isBinary: boolean): Promise<unknown[][]> {
    await client.query('BEGIN');
    try {
      await client.query(`DECLARE c ${isBinary ? 'BINARY' : ''} CURSOR FOR ${sql}`);
      return await rows('FETCH ALL FROM c', { binary: isBinary });
    } finally {
      await client.query('ROLLBACK');
    }
  }

  for (const settings of [
    "SET datestyle = 'ISO, MDY'; SET timezone = 'UTC'",
    "SET datestyle = 'Postgres, DMY'; SET timezone = 'Europe/Berlin'; SET extra_float_digits = 0; SET bytea_output = 'escape'",
  ]) {
    for (const [scan, sql] of QUERIES) {
      it(`${scan}: ${sql.replace(COLUMNS, '...')} (${settings.slice(17, 25)})`, async () => {
        await client.query(settings);
        if (scan === 'Bitmap Heap Scan' || scan === 'Index Scan') await client.query('SET enable_seqscan = off');
        try {
          const plan = (await rows(`EXPLAIN ${sql}`)).join('\n');
          expect(plan).to.contain(scan);
          for (const binary of [false, true]) {
            const expected = await cursorRows(sql, binary);
            expect(expected).to.have.length.above(0);
            expect(await rows(sql, { binary })).to.deep.equal(expected);
            expect(await rows(sql, { binary, rows: 7 })).to.deep.equal(expected);
          }
        } finally {
          await client.query('RESET ALL');
        }
      });
    }
  }

  for (const [scan, where] of [
    ['Index Scan', 'id BETWEEN 3 AND 7'],
    ['Bitmap Heap Scan', "code = 'c 3' AND small = 3 LIMIT 5"],
    ['Tid Scan', 'ctid = ANY (ARRAY(SELECT ctid FROM t WHERE id < 6))'],
  ]) {
    it(`none is lost where the next one sleeps: ${scan}`, async () => {
      await client.query('SET enable_seqscan = off');
      const sql = `SELECT name, pg_sleep(0.002) IS NULL FROM t WHERE ${where}`;
      expect((await rows(`EXPLAIN ${sql}`)).join('\n')).to.contain(scan);
      expect(await rows(sql)).to.have.length(5);
      await client.query('RESET ALL');
    });
  }

  it('an error in a row comes after the rows before it, and the session goes on', async () => {
    const error = await client.query('SELECT id, 1 / (id - 5) FROM t').catch((e: unknown) => e);
    expect(error).to.have.property('code', '22012');
    expect(await rows('SELECT id FROM t WHERE id < 3')).to.deep.equal([['1'], ['2']]);
  });
});
