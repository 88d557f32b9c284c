/** Caps on memory: a statement that would hold too much fails with 53200, the server goes on, and nothing stays held. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

describe('memory limits', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  async function open(settings: Record<string, string>): Promise<void> {
    scratch = await createScratchDatabase({ settings });
    client = await connect();
  }
  async function connect(): Promise<pg.Client> {
    const opened = new pg.Client(scratch.connection);
    await opened.connect();
    return opened;
  }
  afterEach(async () => {
    await client.end();
    await scratch.drop();
  });

  const errorOf = (sql: string): Promise<pg.DatabaseError | null> =>
    client.query(sql).then(
      () => null,
      (error: pg.DatabaseError) => error,
    );
  async function part(name: string, by = client): Promise<number> {
    const { rows } = await by.query('SELECT bytes_used FROM pg_stat_memory WHERE name = $1', [name]);
    return Number(rows[0].bytes_used);
  }
  async function temporaryFiles(): Promise<number> {
    const { rows } = await client.query('SELECT temp_files FROM pg_stat_database WHERE datname = current_database()');
    return Number(rows[0].temp_files);
  }
  const fill = (rows = 100_000): Promise<unknown> =>
    client.query(
      `CREATE TABLE t (a int, b text); INSERT INTO t SELECT g, 'row ' || g FROM generate_series(1, ${rows}) g`,
    );

  describe('work_memory_limit', () => {
    /** Statements that hold 100,000 rows, and what their error names. */
    const HOLDERS: readonly (readonly [what: string, sql: string])[] = [
      ['rows of a window', 'SELECT max(n), max(b) FROM (SELECT count(*) OVER () AS n, b FROM t) s'],
      ['rows of a CTE', 'WITH c AS MATERIALIZED (SELECT * FROM t) SELECT count(*) FROM c'],
      [
        'rows of a recursive query',
        'WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n + 1 FROM r WHERE n < 1000000) SELECT max(n) FROM r',
      ],
      ['rows of a subquery', 'SELECT count(*) FROM t WHERE b NOT IN (SELECT b FROM t)'],
      ['rows of a subquery', "SELECT cardinality(ARRAY(SELECT b || ' of many' FROM t))"],
      ['rows of a subquery', "SELECT count(ARRAY(SELECT b || ' of many' FROM t WHERE t.a > x.a)) FROM t x WHERE a < 3"],
      ...[
        'SELECT cardinality(array_agg(b)) FROM t',
        "SELECT length(string_agg(b, ',')) FROM t",
        'SELECT cardinality(array_agg(a ORDER BY b)) FROM t',
        'SELECT count(DISTINCT b) FROM t',
        'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY b) FROM t',
        // Plain numbers take little.
        'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t, generate_series(1, 10)',
        // What is too much here is the copy that is sorted.
        'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t, generate_series(1, 3)',
        // Not over the table itself, and with groups that are put aside: those that stay go on collecting.
        'SELECT cardinality(array_agg(b)) FROM (SELECT b FROM t OFFSET 1) s',
        'SELECT sum(cardinality(n)) FROM (SELECT array_agg(b) AS n FROM t GROUP BY a % 3) s',
        "SELECT max(n) FROM (SELECT count(*) AS n FROM t GROUP BY GROUPING SETS ((a), (b), (b || 'x'), ())) s",
      ].map((sql) => ['groups and what is collected in them', sql] as const),
      [
        'rows of a window',
        'SELECT max(cardinality(n)) FROM (SELECT array_agg(a) OVER (ORDER BY a) AS n FROM t WHERE a <= 2000) s',
      ],
      [
        'the inner rows of a join',
        'SELECT count(y.b) FROM t x LEFT JOIN (SELECT a / 1000000 AS k, b FROM t) y ON y.k = x.a',
      ],
    ];
    /** Statements that would hold as much, but put it aside. */
    const SPILLERS = [
      'SELECT md5(string_agg(b, NULL)) FROM (SELECT b FROM t ORDER BY b OFFSET 99900) s',
      'SELECT count(*), sum(y.a) FROM t x JOIN t y ON x.b = y.b',
      'SELECT count(*) FROM (SELECT * FROM t WHERE a < 3) x LEFT JOIN t y ON x.a < y.a AND x.b > y.b',
      'SELECT count(*), sum(n) FROM (SELECT b, count(*) AS n FROM t GROUP BY b) s',
      "SELECT count(*), sum(length(n)) FROM (SELECT string_agg(b, ',') AS n FROM t GROUP BY a) s",
      'SELECT count(*), max(b) FROM (SELECT DISTINCT b, a FROM t) s',
      'SELECT count(*), max(b) FROM (SELECT b FROM t INTERSECT SELECT b FROM t WHERE a > 10) s',
      'SELECT count(*), max(b) FROM (SELECT b FROM t EXCEPT ALL SELECT b FROM t WHERE a > 10) s',
    ];

    for (const [what, sql] of HOLDERS) {
      it(`ends a statement with too many ${what}, which is then as if it had never been`, async () => {
        await open({ work_memory_limit: '4MB' });
        await fill();
        for (let round = 0; round < 2; round++) {
          const error = await errorOf(sql);
          expect(error).to.include({ code: '53200', message: 'out of memory' });
          expect(error?.detail).to.contain(`for ${what};`).and.contain('the 4096 kB that work_memory_limit allows');
          expect(await part('work memory')).to.equal(0);
        }
        const { rows } = await client.query('SELECT count(*)::int AS n FROM t');
        expect(rows).to.deep.equal([{ n: 100_000 }]);
      });
    }

    it('puts aside what can be put aside, whatever work_mem allows, and answers the same', async () => {
      await open({ work_memory_limit: '8MB' });
      await fill();
      const filesOf = async (sql: string): Promise<{ rows: unknown; files: number }> => {
        const before = await temporaryFiles();
        const { rows } = await client.query(sql).catch((error) => expect.fail(`${sql}: ${error.detail}`));
        return { rows, files: (await temporaryFiles()) - before };
      };
      for (const sql of SPILLERS) {
        await client.query("SET work_mem = '1GB'");
        const byCap = await filesOf(sql);
        expect(byCap.files, sql).to.be.above(0);
        expect(await part('work memory'), sql).to.equal(0);
        await client.query("SET work_mem = '256kB'");
        expect((await filesOf(sql)).rows, sql).to.deep.equal(byCap.rows);
      }
    });

    it('counts the rows of a set that a function answers, and those of its calls before no longer', async () => {
      await open({ work_memory_limit: '4MB' });
      await fill();
      await client.query(`CREATE FUNCTION many(int) RETURNS SETOF text LANGUAGE sql AS 'SELECT b || repeat(''x'', 40) FROM t WHERE a <= $1';
        CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text)`);
      for (const sql of [
        'SELECT count(many(100000))',
        'SELECT count(*) FROM many(100000)',
        'SELECT many(100000) LIMIT 1',
      ]) {
        const error = await errorOf(sql.replace('count(many(100000))', 'count(x) FROM (SELECT many(100000) AS x) q'));
        expect(error, sql).to.include({ code: '53200' });
        expect(error?.detail, sql).to.contain('for rows of a function;');
        expect(await part('work memory')).to.equal(0);
      }
      // 100 times 1,000 rows.
      const { rows } = await client.query(
        'SELECT count(*)::int AS n FROM (SELECT many(1000) FROM generate_series(1, 100)) q',
      );
      expect(rows).to.deep.equal([{ n: 100_000 }]);
      expect(await part('work memory')).to.equal(0);
      // What a user-made aggregate has gathered counts, too.
      const error = await errorOf("SELECT length(joined(b || repeat('x', 2000))) FROM t");
      expect(error).to.include({ code: '53200' });
      expect(error?.detail).to.contain('for groups and what is collected in them;');
    });

    it('is given back by what is opened again for each row, and by cursors that are closed in the middle', async () => {
      await open({ work_memory_limit: '8MB' });
      await fill(20_000);
      // Each of them 20,000 rows, 30 times: more than the cap if any were kept.
      const again = [
        '(SELECT y.b FROM t y WHERE y.a >= x.a ORDER BY y.b LIMIT 1)',
        '(SELECT count(*) FROM (SELECT DISTINCT y.b FROM t y WHERE y.a >= x.a) s)',
        '(SELECT count(*) FROM (SELECT y.b FROM t y WHERE y.a >= x.a INTERSECT SELECT b FROM t) s)',
        '(SELECT max(n) FROM (SELECT count(*) AS n FROM t y WHERE y.a >= x.a GROUP BY y.b) s)',
        '(SELECT cardinality(array_agg(y.b)) FROM t y WHERE y.a >= x.a)',
        '(SELECT cardinality(ARRAY(SELECT y.b FROM t y WHERE y.a >= x.a)))',
        '(SELECT count(*) FROM t y JOIN t z ON y.b = z.b WHERE y.a >= x.a)',
      ];
      for (const subquery of again) {
        expect(await errorOf(`SELECT ${subquery} FROM t x WHERE a <= 30`), subquery).to.equal(null);
        expect(await part('work memory'), subquery).to.equal(0);
      }
      await client.query('BEGIN; DECLARE c CURSOR FOR SELECT * FROM t ORDER BY b; FETCH 10 FROM c');
      expect(await part('work memory')).to.be.above(20_000 * 30);
      await client.query('CLOSE c');
      expect(await part('work memory')).to.equal(0);
      await client.query('COMMIT');
    });

    it('counts long values by their length', async () => {
      await open({ work_memory_limit: '32MB' });
      await client.query('CREATE TABLE wide AS SELECT g AS a FROM generate_series(1, 100) g');
      const sql = "SELECT cardinality(array_agg(repeat('x', 1000000) || a)) FROM wide";
      expect((await errorOf(sql))?.code).to.equal('53200');
      expect(await errorOf(sql.replace('1000000', '100'))).to.equal(null);
      expect(await part('work memory')).to.equal(0);
    });

    it('leaves nothing held when statements end well', async () => {
      await open({ work_memory_limit: '64MB' });
      await fill();
      for (const [, sql] of HOLDERS.filter(([what]) => !what.includes('recursive'))) {
        expect(await errorOf(sql)).to.equal(null);
        expect(await part('work memory'), sql).to.equal(0);
      }
    });

    it('counts the rows of cursors until they are closed, held ones beyond their transaction', async () => {
      await open({ work_memory_limit: '4MB' });
      await fill();
      await client.query('BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t WHERE a <= 1000; COMMIT');
      const held = await part('work memory');
      // Two places, and a short text, a row.
      expect(held).to.be.within(1000 * 30, 1000 * 80);
      await client.query('BEGIN; DECLARE d CURSOR FOR SELECT * FROM t');
      const error = await errorOf('MOVE ALL FROM d');
      expect(error?.code).to.equal('53200');
      expect(error?.detail).to.contain('for rows of a cursor;');
      await client.query('ROLLBACK');
      expect(await part('work memory')).to.equal(held);
      await client.query('CLOSE c');
      expect(await part('work memory')).to.equal(0);
    });

    it('gets back what a session held that goes away', async () => {
      await open({ work_memory_limit: '4MB' });
      await fill();
      const other = await connect();
      await other.query('BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t WHERE a <= 1000; COMMIT');
      expect(await part('work memory')).to.be.above(0);
      await other.end();
      for (let i = 0; i < 200 && (await part('work memory')) > 0; i++) await new Promise((r) => setTimeout(r, 5));
      expect(await part('work memory')).to.equal(0);
    });

    it('gets back what a cancelled statement held', async () => {
      await open({});
      await fill();
      await client.query('SET statement_timeout = 100');
      const error = await errorOf(
        'WITH c AS MATERIALIZED (SELECT * FROM t) SELECT count(*) FROM c x, c y WHERE x.b > y.b',
      );
      expect(error?.code).to.equal('57014');
      expect(await part('work memory')).to.equal(0);
    });

    it('is shared: what one session holds, another may not', async () => {
      await open({ work_memory_limit: '4MB' });
      await fill(30_000);
      const other = await connect();
      await other.query('BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; MOVE ALL FROM c');
      const sql = 'WITH c AS MATERIALIZED (SELECT * FROM t) SELECT count(*) FROM c a, c b WHERE a.a = 1 AND b.a = 1';
      expect(await part('work memory', other)).to.be.above(1024 * 1024);
      for (const name of ['d', 'e'])
        await other.query(`DECLARE ${name} CURSOR FOR SELECT * FROM t; MOVE 20000 FROM ${name}`);
      expect((await errorOf(sql))?.code).to.equal('53200');
      await other.query('COMMIT');
      expect(await errorOf(sql)).to.equal(null);
      await other.end();
    });
  });

  describe('index_memory_limit', () => {
    it('refuses what would make indexes larger, and undoes the statement; what is there stays true', async () => {
      await open({ index_memory_limit: '4MB' });
      await client.query('CREATE TABLE t (a int PRIMARY KEY, b text)');
      await client.query('INSERT INTO t SELECT g FROM generate_series(1, 1000) g');
      const error = await errorOf(`INSERT INTO t SELECT g, 'x' FROM generate_series(1001, 1000000) g`);
      expect(error).to.include({ code: '53200', message: 'out of memory' });
      expect(error?.detail).to.contain('that index_memory_limit allows');
      const { rows } = await client.query('SELECT count(*)::int AS n, max(a) AS m FROM t');
      expect(rows).to.deep.equal([{ n: 1000, m: 1000 }]);
      // There is room again in what is reserved.
      await client.query('INSERT INTO t VALUES (1001)');
      expect((await client.query('SELECT a FROM t WHERE a > 999 ORDER BY a')).rows).to.deep.equal([
        { a: 1000 },
        { a: 1001 },
      ]);
      expect((await errorOf('INSERT INTO t VALUES (7)'))?.code).to.equal('23505');
    });

    it('an index that does not fit is not made; one that is dropped gives its memory back', async () => {
      await open({ index_memory_limit: '4MB' });
      await fill();
      expect((await errorOf('CREATE INDEX i ON t (b, a)'))?.code).to.equal('53200');
      expect(await part('indexes')).to.equal(0);
      expect(await part('index key arenas')).to.equal(0);
      await client.query('CREATE INDEX i ON t (a)');
      expect(await part('indexes')).to.be.above(100_000 * 12);
      await client.query('CREATE INDEX lists ON t ((a % 10))');
      expect(await part('index posting lists')).to.be.above(10_000);
      await client.query('DROP TABLE t');
      expect(await part('indexes')).to.equal(0);
      expect(await part('index posting lists')).to.equal(0);
    });
  });

  it('pg_stat_memory adds up to what the process holds', async () => {
    await open({});
    await fill();
    const { rows } = await client.query('SELECT name, bytes_used, bytes_limit, description FROM pg_stat_memory');
    expect(rows.map(({ name }) => name)).to.deep.equal([
      'buffer pool',
      'kept pages',
      'page tables',
      'indexes',
      'index posting lists',
      'index key arenas',
      'index entries for forks',
      'log tail',
      'commit table',
      'catalog',
      'wire buffers',
      'scratch memory',
      'work memory',
      'lock tables',
      'statement cache',
      'JavaScript heap',
      'other',
    ]);
    const sum = rows.reduce((total, { bytes_used }) => total + Number(bytes_used), 0);
    // The server is this process; it may have grown a little since.
    expect(sum).to.be.within(process.memoryUsage.rss() * 0.8, process.memoryUsage.rss() * 1.2);
    expect(rows.every(({ description }) => description.length > 0)).to.equal(true);
    const pool = rows.find(({ name }) => name === 'buffer pool');
    expect(Number(pool.bytes_limit)).to.equal(16 * 1024 * 1024);
    expect(Number(pool.bytes_used)).to.be.within(1024 * 1024, 17 * 1024 * 1024);
  });
});
