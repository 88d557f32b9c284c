/** EXPLAIN (ANALYZE, BUFFERS): what each node looked up, against what is known of the table. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

interface Node {
  readonly 'Node Type': string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly 'Shared Dirtied Blocks': number;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'WAL Records': number;
  readonly 'Rows Left'?: number;
  readonly 'Posting Lists'?: number;
  readonly 'Posting Rows'?: number;
  readonly 'Array Containers'?: number;
  readonly 'Bitmap Containers'?: number;
  readonly Plans?: readonly Node[];
}

describe('EXPLAIN (ANALYZE, BUFFERS)', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;
  let pages: number;

  beforeEach(async () => {
    scratch = await createScratchDatabase({ settings: { shared_buffers: '2MB' } });
    client = new pg.Client(scratch.connection);
    await client.connect();
    await client.query('CREATE TABLE t (a int PRIMARY KEY, b text)');
    await client.query(`INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 10000) g`);
    const { rows } = await client.query(`SELECT pg_relation_size('t') / 8192 AS n`);
    pages = Number(rows[0].n);
  });
  afterEach(async () => {
    await client.end();
    await scratch.drop();
  });

  async function explain(sql: string, options = ''): Promise<Node> {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT json${options}) ${sql}`);
    return rows[0]['QUERY PLAN'][0].Plan;
  }
  const visits = (node: Node): number => node['Shared Hit Blocks'] + node['Shared Read Blocks'];

  it('a node counts its own look-ups and those of what is below it', async () => {
    const plan = await explain('SELECT b, count(*) FROM t WHERE a % 2 = 0 GROUP BY b');
    let node: Node | undefined = plan;
    for (; node !== undefined; node = node.Plans?.[0]) expect(visits(node), node['Node Type']).to.equal(pages);
  });

  it('both sides of a join are in their sum', async () => {
    const plan = await explain('SELECT count(*) FROM t x JOIN t y ON x.b = y.b AND x.a = y.a + 1');
    expect(visits(plan)).to.equal(2 * pages);
  });

  it('pages that were not in memory are reads', async () => {
    await client.query('CREATE TABLE other AS SELECT * FROM t');
    await client.query('SELECT count(b) FROM other; SELECT count(b) FROM other');
    const plan = await explain('SELECT * FROM t');
    expect(visits(plan)).to.equal(pages);
    expect(plan['Shared Read Blocks']).to.be.above(0);
  });

  it('says how many rows a filter removed', async () => {
    const plan = await explain('SELECT * FROM t WHERE a % 10 = 0');
    expect([plan['Actual Rows'], plan['Rows Removed by Filter']]).to.deep.equal([1000, 9000]);
    const point = await explain(`SELECT * FROM t WHERE a BETWEEN 1 AND 20 AND b LIKE 'y%'`);
    expect(point).to.include({ 'Node Type': 'Index Scan', 'Actual Rows': 0, 'Rows Removed by Filter': 20 });
  });

  it('shows each list of an intersection, its length and containers, and what was left', async () => {
    await client.query(
      'CREATE TABLE p AS SELECT g AS a, g % 2 AS half, g % 100 AS few FROM generate_series(1, 20000) AS g',
    );
    await client.query('CREATE INDEX ON p (half); CREATE INDEX ON p (few)');
    await client.query('VACUUM ANALYZE p');
    await client.query('SET enable_seqscan = off; SET enable_indexscan = off');
    for (const targets of ['sum(a)', 'count(*)']) {
      const plan = await explain(`SELECT ${targets} FROM p WHERE half = 1 AND few = 7`);
      const [scan] = plan.Plans ?? [];
      const [and] = scan.Plans ?? [];
      // Of 20,000 rows half are odd, and all that end in 07.
      expect(and).to.include({ 'Node Type': 'BitmapAnd', 'Rows Left': 200 });
      expect(and.Plans?.map((node) => [node['Posting Lists'], node['Posting Rows']])).to.deep.equal([
        [1, 200],
        [1, 10_000],
      ]);
      expect(and.Plans?.[0]['Array Containers']).to.equal(1);
      expect(and.Plans?.[1]['Bitmap Containers']).to.equal(1);
    }
    const { rows } = await client.query('EXPLAIN SELECT a FROM p WHERE half = 1 AND few = 7');
    expect(rows.map((row) => row['QUERY PLAN']).join()).to.not.match(/Left|Posting/);
  });

  it('writes are dirtied pages and log records, in a transaction that is rolled back as well', async () => {
    await client.query('CHECKPOINT');
    await client.query('BEGIN');
    const plan = await explain('DELETE FROM t WHERE a <= 10', ', WAL');
    await client.query('ROLLBACK');
    expect(plan['WAL Records']).to.be.at.least(10);
    expect(visits(plan)).to.be.above(0);
    const { rows } = await client.query('SELECT count(*)::int AS n FROM t');
    expect(rows[0].n).to.equal(10_000);
  });

  it('an error inside leaves counters and server as they were', async () => {
    const error = await explain('SELECT 1 / (a - 5000) FROM t').catch((e: pg.DatabaseError) => e);
    expect(error).to.include({ code: '22012' });
    expect(visits(await explain('SELECT count(b) FROM t'))).to.equal(pages);
  });
});
