/** Which plan runs: for common and rare values, for prepared statements, and when tables have grown. Told by what the scans count. */
import assert from 'node:assert/strict';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

describe('cached plans', () => {
  let server: DatabaseServer;
  let client: DirectClient;

  beforeEach(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map() });
    client = new DirectClient(server);
    await client.rows('CREATE TABLE t (id int PRIMARY KEY, kind text)');
    await client.rows('CREATE INDEX t_kind ON t (kind)');
  });

  afterEach(async () => {
    client.close();
    await server.close();
  });

  async function fill(): Promise<void> {
    await client.rows(
      "INSERT INTO t SELECT i, CASE WHEN i % 1000 = 0 THEN 'rare' ELSE 'common' END FROM generate_series(1, 20000) AS i",
    );
  }

  /** The statement's access path: which counter it moved. */
  async function pathOf(sql: string): Promise<'table' | 'index'> {
    const count = async (): Promise<[number, number]> => {
      const [[table, index]] = await client.rows(
        "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 't'",
      );
      return [Number(table), Number(index)];
    };
    const before = await count();
    await client.rows(sql);
    const after = await count();
    assert.equal(after[0] - before[0] + after[1] - before[1], 1);
    return after[0] > before[0] ? 'table' : 'index';
  }

  const text = (kind: string): string => `SELECT sum(id) FROM t WHERE kind = '${kind}'`;

  it('of one shape suit their literals, whichever came first', async () => {
    await fill();
    await client.rows('ANALYZE t');
    for (const kind of ['rare', 'common', 'rare', 'common', 'none', 'common']) {
      assert.equal(await pathOf(text(kind)), kind === 'common' ? 'table' : 'index', kind);
    }
  });

  it('of prepared statements suit their parameters; plan_cache_mode decides otherwise', async () => {
    await fill();
    await client.rows('ANALYZE t');
    await client.rows('PREPARE p(text) AS SELECT sum(id) FROM t WHERE kind = $1');
    for (const kind of ['rare', 'common', 'rare']) {
      assert.equal(await pathOf(`EXECUTE p('${kind}')`), kind === 'common' ? 'table' : 'index', kind);
    }
    const [[rare]] = await client.rows("EXPLAIN (COSTS OFF) EXECUTE p('rare')");
    const [, [common]] = await client.rows("EXPLAIN (COSTS OFF) EXECUTE p('common')");
    assert.equal(rare, 'Aggregate');
    assert.match(common as string, /Seq Scan/);
    await client.rows("SET plan_cache_mode = 'force_generic_plan'");
    assert.equal(await pathOf("EXECUTE p('rare')"), await pathOf("EXECUTE p('common')"));
    await client.rows("SET plan_cache_mode = 'force_custom_plan'");
    assert.equal(await pathOf("EXECUTE p('rare')"), 'index');
    assert.equal(await pathOf("EXECUTE p('common')"), 'table');
  });

  it('follow their tables as they grow', async () => {
    assert.equal(await pathOf('SELECT kind FROM t WHERE id = 3'), 'table');
    await fill();
    assert.equal(await pathOf('SELECT kind FROM t WHERE id = 3'), 'index');
  });

  it('follow ANALYZE', async () => {
    await fill();
    await client.rows(text('common'));
    await client.rows('ANALYZE t');
    assert.equal(await pathOf(text('common')), 'table');
    assert.equal(await pathOf(text('rare')), 'index');
  });
});
