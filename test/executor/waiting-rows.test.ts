/**
 * What an operator computes for a row may have to wait, for a subquery that outlasts a time slice or for a page: it goes on with that row, and no
 * row is lost or given twice.
 */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

describe('rows that must wait in the middle of a batch', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  before(async () => {
    scratch = await createScratchDatabase();
    client = new pg.Client(scratch.connection);
    await client.connect();
    await client.query(`CREATE TABLE a (id int, k int); CREATE TABLE b (id int, k int);
      INSERT INTO a SELECT i, i FROM generate_series(1, 3000) i;
      INSERT INTO b SELECT i, i + 1000 FROM generate_series(1, 3000) i; ANALYZE`);
  });
  after(async () => {
    await client.end();
    await scratch.drop();
  });
  beforeEach(() => client.query('RESET ALL'));

  async function count(sql: string): Promise<number> {
    return Number((await client.query(sql)).rows[0].count);
  }
  /** Runs for many slices when it is first asked for, which is in the middle of a batch: at row 500. Its value is 0. */
  const late = (row: string): string =>
    `CASE WHEN ${row} < 500 THEN 0 ELSE (SELECT (count(*) - 300000)::int FROM generate_series(1, 300000)) END`;

  for (const workMem of ['64MB', '64kB']) {
    for (const [what, condition] of [
      ['key of the one side', `a.k + ${late('a.id')} = b.k`],
      ['key of the other side', `a.k = b.k + ${late('b.id')}`],
      ['keys of both sides', `a.k + ${late('a.id')} = b.k + ${late('b.id')}`],
      ['condition', `a.k = b.k AND ${late('a.id')} = ${late('b.id')}`],
    ]) {
      it(`hash joins, with ${workMem}: a ${what}`, async () => {
        await client.query(`SET work_mem = '${workMem}'; SET enable_mergejoin = off; SET enable_nestloop = off`);
        for (const [join, expected] of [
          ['JOIN', 2000],
          ['LEFT JOIN', 3000],
          ['RIGHT JOIN', 3000],
          ['FULL JOIN', 4000],
        ] as const) {
          const sql = `SELECT count(*) FROM a ${join} b ON ${condition}`;
          expect(await count(sql), `${join} on ${what}`).to.equal(expected);
        }
      });
    }
  }

  it('hash joins: what is shown of a pair, and of a row that is alone', async () => {
    await client.query('SET enable_nestloop = off');
    const { rows } = await client.query(
      `SELECT a.id + ${late('a.id')} AS x, b.id + ${late('b.id')} AS y FROM a FULL JOIN b ON a.k = b.k ORDER BY a.id, b.id`,
    );
    const expected = [
      ...Array.from({ length: 3000 }, (_, i) => ({ x: i + 1, y: i + 1 > 1000 ? i - 999 : null })),
      ...Array.from({ length: 1000 }, (_, i) => ({ x: null, y: 2001 + i })),
    ];
    expect(rows).to.deep.equal(expected);
  });

  for (const workMem of ['64MB', '64kB'])
    it(`nested loops, with ${workMem}`, async () => {
      await client.query(
        `SET work_mem = '${workMem}'; SET hash_mem_multiplier = 1; SET enable_hashjoin = off; SET enable_mergejoin = off`,
      );
      // Rows 1 to 9 have partners: those of the other side up to 9 that come after them, and one more.
      const wide = "(SELECT *, repeat('w', 100) || id AS w FROM b OFFSET 0) b";
      const condition = `a.id < 10 AND b.w > '' AND (b.id > a.id AND b.id < 10 OR b.id = 600 + a.id) AND ${late('a.id + b.id')} = 0`;
      for (const [join, expected] of [
        ['JOIN', 36 + 9],
        ['LEFT JOIN', 36 + 9 + 3000 - 9],
      ] as const) {
        expect(await count(`SELECT count(*) FROM a ${join} ${wide} ON ${condition}`), join).to.equal(expected);
      }
    });

  const LATE = '(SELECT count(*) - 300000 FROM generate_series(1, 300000))';
  for (const [what, sql, rows] of [
    ['groups', `SELECT k, count(*) + ${LATE} FROM a GROUP BY k`, 3000],
    ['windows', `SELECT sum(k + ${LATE}) OVER (PARTITION BY k) FROM a`, 3000],
    ['function scans', `SELECT g + ${LATE} FROM generate_series(1, 3000) g`, 3000],
    ['CTEs', `WITH c AS MATERIALIZED (SELECT k FROM a) SELECT k + ${LATE} FROM c`, 3000],
    [
      'recursive queries',
      `WITH RECURSIVE r AS (SELECT 1::bigint AS n UNION ALL SELECT n + 1 + ${LATE} FROM r WHERE n < 9) TABLE r`,
      9,
    ],
    ['VALUES', `VALUES (1::bigint), (2), (3 + ${LATE}), (4)`, 4],
  ] as const) {
    it(`so do ${what}`, async () => {
      expect((await client.query(sql)).rows).to.have.length(rows);
    });
  }

  describe('correlated subqueries that outlast their slice by far', () => {
    /** Pairs of a with itself whose sum is above the row's number times 1000; 9 million are looked at. */
    const pairs = (row: string): string => `(SELECT count(*) FROM a x, a y WHERE x.k + y.k > ${row} * 1000)`;

    before(() => client.query('CREATE TABLE c (i int); INSERT INTO c SELECT generate_series(1, 3); ANALYZE c'));
    after(() => client.query('DROP TABLE c'));

    async function rowsOf(sql: string): Promise<unknown[][]> {
      const { rows } = await client.query({ text: sql, rowMode: 'array' });
      return rows.map((row) => row.map((value) => (/^\d+$/.test(String(value)) ? Number(value) : value)));
    }

    it('give what they would give at once, wherever they stand', async () => {
      const counts = (
        await rowsOf(
          `SELECT n FROM (SELECT i, 9000000 - s * (s - 1) / 2 AS n FROM c, LATERAL (SELECT i * 1000 AS s) s WHERE i < 4) x ORDER BY i`,
        )
      ).flat();
      expect(await rowsOf(`SELECT i, ${pairs('i')} FROM c ORDER BY i`)).to.deep.equal(counts.map((n, i) => [i + 1, n]));
      const two = `SELECT i, ${pairs('i')}, ${pairs('(4 - i)')} FROM c ORDER BY i`;
      expect(await rowsOf(two)).to.deep.equal([0, 1, 2].map((i) => [i + 1, counts[i], counts[2 - i]]));
      expect(await rowsOf(`SELECT sum(${pairs('i')}) FROM c`)).to.deep.equal([
        [counts.reduce((sum: number, n) => sum + Number(n), 0)],
      ]);
      const where = `${pairs('i')} > ${counts[2]} AND NOT EXISTS (SELECT FROM a x, a y WHERE x.k * y.k = -c.i)`;
      expect(await rowsOf(`SELECT i FROM c WHERE ${where} ORDER BY i`)).to.deep.equal([[1], [2]]);
      expect(
        await rowsOf('SELECT i FROM c WHERE i IN (SELECT x.k - y.k FROM a x, a y WHERE x.k > c.i * 500) ORDER BY i'),
      ).to.deep.equal([[1], [2], [3]]);
      expect(await rowsOf(`SELECT i FROM c ORDER BY ${pairs('i')}`)).to.deep.equal([[3], [2], [1]]);
      const nested = `(SELECT max(n) FROM (SELECT ${pairs('c.i')} + d.i AS n FROM c AS d) AS m)`;
      expect(await rowsOf(`SELECT i, ${nested} FROM c ORDER BY i`)).to.deep.equal(
        counts.map((n, i) => [i + 1, Number(n) + 3]),
      );
    });

    it('let others have their turn', async () => {
      const other = new pg.Client(scratch.connection);
      await other.connect();
      let isOver = false;
      const long = client.query(`SELECT ${pairs('i')}, ${pairs('(i + 1)')}, ${pairs('(i + 2)')} FROM c`).then(() => {
        isOver = true;
      });
      try {
        for (let i = 0; i < 3; i++) await other.query('SELECT 1');
        expect(isOver).to.equal(false);
        await long;
      } finally {
        await other.end();
      }
    });
  });
});
