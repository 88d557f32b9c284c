/** ANALYZE by itself: what it finds, that it lasts, and when the server does it unasked. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commonCount } from '../../executor/analyze/column-analysis.ts';
import { Slices, sortSliced } from '../../executor/analyze/steps.ts';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';
import { randomOf } from '../support/random.ts';

interface Stats {
  readonly nulls: number;
  readonly distinct: number;
  readonly common: string | null;
  readonly bounds: number;
}

describe('ANALYZE', () => {
  let directory: string;
  let server: DatabaseServer;
  let client: DirectClient;

  async function open(settings: readonly (readonly [string, string])[] = []): Promise<void> {
    server = await openDatabaseServer({ dataDirectory: directory, settings: new Map(settings) });
    client = new DirectClient(server);
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-analyze-'));
    await open();
  });

  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function statsOf(column: string): Promise<Stats | null> {
    const [row] = await client.rows(
      `SELECT null_frac, n_distinct, most_common_vals, coalesce(array_length(histogram_bounds::text::text[], 1), 0)
       FROM pg_stats WHERE tablename = 't' AND attname = '${column}'`,
    );
    if (row === undefined) return null;
    const [nulls, distinct, common, bounds] = row;
    return { nulls: Number(nulls), distinct: Number(distinct), common, bounds: Number(bounds) };
  }

  const FILL = `CREATE TABLE t AS SELECT i AS id, i % 5 AS few, CASE WHEN i % 4 = 0 THEN NULL ELSE i END AS holes,
    CASE WHEN i % 2 = 0 THEN 'half' ELSE 'x' || i END AS name, repeat('long ', 300) || i AS wide FROM generate_series(1, 5000) AS i`;

  it('finds nulls, distinct values, common values and a histogram', async () => {
    await client.rows(FILL);
    await client.rows('ANALYZE t');
    assert.deepEqual(await statsOf('few'), { nulls: 0, distinct: 5, common: '{0,1,2,3,4}', bounds: 0 });
    assert.deepEqual(await statsOf('id'), { nulls: 0, distinct: -1, common: null, bounds: 101 });
    assert.deepEqual(await statsOf('holes'), { nulls: 0.25, distinct: -0.75, common: null, bounds: 101 });
    const name = await statsOf('name');
    assert.equal(name?.common, '{half}');
    // Values that are long are counted, and taken to differ, but not read.
    assert.deepEqual(await statsOf('wide'), { nulls: 0, distinct: -1, common: null, bounds: 0 });
  });

  it('samples large tables: the estimates are near, the work is bounded', async () => {
    await client.rows(FILL);
    await client.rows('SET default_statistics_target = 10');
    await client.rows('ANALYZE t');
    const holes = await statsOf('holes');
    assert.ok(Math.abs((holes?.nulls ?? 0) - 0.25) < 0.05, `null_frac ${holes?.nulls}`);
    assert.equal((await statsOf('few'))?.distinct, 5);
    assert.equal((await statsOf('id'))?.bounds, 11);
  });

  it('of some columns leaves what is known of the others', async () => {
    await client.rows(FILL);
    await client.rows('ANALYZE t');
    await client.rows('UPDATE t SET few = 1, holes = 1');
    await client.rows('ANALYZE t (few)');
    assert.equal((await statsOf('few'))?.distinct, 1);
    assert.equal((await statsOf('holes'))?.distinct, -0.75);
    const { error } = await client.query('ANALYZE t (nothing)');
    assert.equal(error?.code, '42703');
  });

  it('is undone with its transaction, and lasts over a restart', async () => {
    await client.rows(FILL);
    await client.rows('BEGIN');
    await client.rows('ANALYZE t');
    await client.rows('ROLLBACK');
    assert.equal(await statsOf('few'), null);
    await client.rows('ANALYZE t');
    client.close();
    await server.close();
    await open();
    assert.deepEqual(await statsOf('few'), { nulls: 0, distinct: 5, common: '{0,1,2,3,4}', bounds: 0 });
    await client.rows('DROP TABLE t');
    assert.equal(await statsOf('few'), null);
  });

  it('reads what expressions of indexes give', async () => {
    await client.rows(FILL);
    await client.rows('CREATE INDEX t_expr ON t ((id % 10))');
    await client.rows('ANALYZE t');
    const [[plan]] = await client.rows('EXPLAIN SELECT * FROM t WHERE id % 10 = 3');
    const rows = Number(/rows=(\d+)/.exec(plan as string)?.[1]);
    assert.ok(rows > 450 && rows < 550, `rows=${rows}`);
  });

  it('runs by itself when enough has changed', async () => {
    client.close();
    await server.close();
    await open([['autovacuum_naptime', '1']]);
    await client.rows(FILL);
    for (let i = 0; i < 100 && (await statsOf('few')) === null; i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await statsOf('few'))?.distinct, 5);
    const [[count, last, manual]] = await client.rows(
      "SELECT autoanalyze_count, last_autoanalyze IS NOT NULL, last_analyze IS NULL FROM pg_stat_user_tables WHERE relname = 't'",
    );
    assert.deepEqual([count, last, manual], ['1', 't', 't']);
  });
});

describe('the list of common values', () => {
  it('ends where a value is no more frequent than those that are not listed', () => {
    // 1,000 of 100,000 rows looked at; 10 values stand out, then all are alike.
    const counts = [...Array(10).fill(50), ...Array(90).fill(3)];
    assert.equal(commonCount(counts, 500, 0, 1000, 100_000), 10);
    assert.equal(commonCount([3, 3, 3], 500, 0, 1000, 100_000), 0);
    // The whole table was looked at: all of them are true.
    assert.equal(commonCount(counts, 500, 0, 1000, 1000), 100);
  });
});

describe('a sort in slices', () => {
  it('sorts, stably', () => {
    const random = randomOf(11);
    for (const length of [0, 1, 2, 3, 100, 1023]) {
      const keys = Array.from({ length }, () => Math.floor(random() * 50));
      const order = Uint32Array.from(keys, (_, i) => i);
      const steps = sortSliced(order, (a, b) => keys[a] - keys[b], new Slices());
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      const expected = [...keys.keys()].sort((a, b) => keys[a] - keys[b] || a - b);
      assert.deepEqual([...step.value], expected);
    }
  });
});
