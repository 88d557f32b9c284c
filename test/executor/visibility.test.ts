/**
 * Counts and index-only scans give what the rows give, for every snapshot: also where they pass rows by because their pages are
 * all-visible, while others write, roll back, sweep, and the server starts again.
 */
import { expect } from 'chai';
import type pg from 'pg';
import { MemoryFileSystem } from '../../storage/api.ts';
import { randomOf } from '../support/random.ts';
import { RestartableServer } from '../support/restartable.ts';
import { seedFrom } from '../support/seed.ts';

const SEED = seedFrom();
const STEPS = 120;
const OFF = 'SET enable_seqscan = off; SET enable_sort = off';
/** Rows are fetched and counted here. */
const BY_TABLE = 'RESET ALL; SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off';
const WAYS = [
  `RESET ALL; ${OFF}; SET enable_bitmapscan = off`,
  `RESET ALL; ${OFF}; SET enable_indexscan = off`,
  'RESET ALL',
];
const CONDITIONS = [
  'a = 3',
  'a > 5',
  'a <= 2',
  'a IN (1, 4, 6)',
  'a IS NULL',
  'b IS NULL',
  "b = 'b2'",
  "b LIKE 'b1%'",
  "b LIKE 'b_1%'",
  "b >= 'b3'",
  "a = 2 AND b = 'b2'",
  "a > 2 AND b < 'b4' AND c > 100",
  'c > 9007199254740992',
  'c = 9007199254740993',
  'c < 50',
  'a = 1 AND c < 300',
  "(a = 1 OR b = 'b3')",
  'true',
];
const OUTPUTS = [
  ['count(*)', ''],
  ['a', ' ORDER BY a'],
  ['b', ' ORDER BY b DESC NULLS LAST'],
  ['a, c', ' ORDER BY a DESC NULLS LAST, c DESC NULLS LAST'],
  ['c', ' ORDER BY c'],
  ['max(c), min(c)', ''],
  ['max(b), min(a)', ''],
  ["a, b || '!'", ''],
] as const;

const FILL = `
  CREATE TABLE t (id int PRIMARY KEY, a int, b text, c bigint, wide text) WITH (fillfactor = 100);
  CREATE INDEX t_a ON t (a);
  CREATE INDEX t_b ON t (b DESC NULLS LAST);
  CREATE INDEX t_ac ON t (a, c);
  CREATE INDEX t_c ON t (c);
  CREATE INDEX t_part ON t (c) WHERE a = 1;
  INSERT INTO t SELECT g, nullif(g % 9, 8), 'b' || g % 7, g, repeat('x', 150) FROM generate_series(1, 900) AS g`;

class Life {
  readonly server: RestartableServer;
  readonly random: () => number;
  clients: pg.Client[] = [];
  nextId = 1000;

  constructor(server: RestartableServer, random: () => number) {
    this.server = server;
    this.random = random;
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** Conflicts end a statement, or its transaction; nobody waits. */
  async run(client: pg.Client, sql: string): Promise<void> {
    try {
      await client.query(sql);
    } catch (error) {
      const { code } = error as { code?: string };
      if (!['55P03', '40001', '25P02', '23505', '3B001', '25P01', '25001'].includes(code ?? '')) throw error;
      await client.query('ROLLBACK');
    }
  }

  values(): string {
    const a = this.below(10) === 0 ? 'NULL' : this.below(9);
    const b = this.below(10) === 0 ? 'NULL' : `'b${this.below(25)}'`;
    const c = this.below(20) === 0 ? `${9007199254740990n + BigInt(this.below(6))}` : this.below(1000);
    return `${a}, ${b}, ${c}`;
  }

  async write(client: pg.Client): Promise<void> {
    const id = 1 + this.below(1000);
    switch (this.below(8)) {
      case 0:
        return this.run(client, `INSERT INTO t VALUES (${this.nextId++}, ${this.values()}, repeat('y', 300))`);
      case 1:
        return this.run(
          client,
          `INSERT INTO t SELECT g, g % 8, 'b' || g % 9, g, 'bulk' FROM generate_series(${this.nextId}, ${(this.nextId += 60)} - 1) g`,
        );
      case 2:
        return this.run(client, `DELETE FROM t WHERE id BETWEEN ${id} AND ${id + this.below(20)}`);
      case 3:
        return this.run(client, `UPDATE t SET wide = repeat('z', ${this.below(900)}) WHERE id = ${id}`);
      default:
        return this.run(client, `UPDATE t SET (a, b, c) = (${this.values()}) WHERE id = ${id}`);
    }
  }

  async step(): Promise<void> {
    const client = this.pick(this.clients);
    switch (this.below(16)) {
      case 0:
        return this.run(client, 'BEGIN');
      case 1:
        return this.run(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
      case 2:
      case 3:
        return this.run(client, 'COMMIT');
      case 4:
        return this.run(client, 'ROLLBACK');
      case 5:
        return this.run(client, 'BEGIN; SAVEPOINT s');
      case 6:
        return this.run(client, 'ROLLBACK TO s');
      case 7: {
        await this.server.client.query('VACUUM t');
        return;
      }
      case 8:
      case 9:
      case 10:
        return this.compare(client);
      default:
        return this.write(client);
    }
  }

  async compare(client: pg.Client): Promise<void> {
    const condition = this.pick(CONDITIONS);
    const [output, order] = this.pick(OUTPUTS);
    try {
      const byTable = output === 'count(*)' ? 'id' : output;
      await client.query(BY_TABLE);
      const seen = await this.rows(client, `SELECT ${byTable} FROM t WHERE ${condition}${order}`);
      const expected = output === 'count(*)' ? [`["${seen.length}"]`] : seen;
      for (const way of WAYS) {
        await client.query(way);
        const sql = `SELECT ${output} FROM t WHERE ${condition}${order}`;
        const found = await this.rows(client, sql);
        if (order === '') {
          found.sort();
          expected.sort();
        }
        expect(found, `${way}: ${sql}`).to.deep.equal(expected);
      }
    } catch (error) {
      if ((error as { code?: string }).code !== '25P02') throw error;
      await client.query('ROLLBACK');
    }
    await client.query('RESET ALL; SET lock_timeout = 1').catch(() => {});
  }

  async rows(client: pg.Client, text: string): Promise<string[]> {
    const { rows } = await client.query({ text, rowMode: 'array' });
    return rows.map((row) => JSON.stringify(row));
  }

  async connect(): Promise<void> {
    this.clients = await Promise.all([1, 2, 3].map(() => this.server.connect()));
    for (const client of this.clients) await client.query('SET lock_timeout = 1');
  }
}

describe('all-visible pages', () => {
  const server = new RestartableServer();

  beforeEach(async () => {
    server.fileSystem = new MemoryFileSystem();
    await server.start();
    await server.client.query(FILL);
    await server.client.query('VACUUM t');
  });
  afterEach(async () => {
    await server.stop();
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  const visible = async (): Promise<number> =>
    Number(await server.value("SELECT relallvisible FROM pg_class WHERE relname = 't'"));
  const pages = async (): Promise<number> =>
    Number(await server.value("SELECT relpages FROM pg_class WHERE relname = 't'"));

  for (let seed = SEED; seed < SEED + 3; seed++) {
    it(`never make an answer wrong (SEED=${seed})`, async () => {
      const random = randomOf(seed);
      const life = new Life(server, random);
      for (let lives = 0; lives < 3; lives++) {
        await life.connect();
        for (let i = 0; i < STEPS; i++) await life.step();
        if (random() < 0.5) await server.client.query('CHECKPOINT');
        if (random() < 0.5) await server.kill();
        else await server.stop();
        await server.start();
        await life.connect();
        for (let i = 0; i < 30; i++) await life.compare(life.pick(life.clients));
      }
      expect(await server.wrongIndexes()).to.deep.equal([]);
    }).timeout(180_000);
  }

  it('an element of an IN list finds a row under its own key only: the old one is still in the index', async () => {
    const reader = await server.connect();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    const { client } = server;
    const expected = (await client.query('SELECT id FROM t WHERE a IN (1, 4, 6) ORDER BY id')).rows;
    await client.query('UPDATE t SET a = 4 WHERE a = 1');
    await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off');
    for (const condition of ['a IN (1, 4, 6)', "a = ANY ('{1,4,6}')"]) {
      const { rows } = await client.query(`SELECT id FROM t WHERE ${condition} ORDER BY id`);
      expect(rows).to.deep.equal(expected);
      const count = await server.value(`SELECT count(*)::int FROM t WHERE ${condition}`);
      expect(count, condition).to.equal(expected.length);
    }
    await reader.query('COMMIT');
  });

  it('become so by VACUUM, and by themselves some time after the last write', async () => {
    expect(await visible()).to.equal(await pages());
    await server.client.query('UPDATE t SET a = 5 WHERE id = 450');
    expect(await visible()).to.equal((await pages()) - 1);
    const end = Date.now() + 20_000;
    while ((await visible()) < (await pages()) && Date.now() < end) await new Promise((r) => setTimeout(r, 100));
    expect(await visible()).to.equal(await pages());
  }).timeout(30_000);

  it('are not, as long as a snapshot sees an older version', async () => {
    const reader = await server.connect();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await server.client.query('UPDATE t SET a = 5 WHERE id = 450; DELETE FROM t WHERE id = 1');
    await server.client.query('VACUUM t');
    expect(await visible()).to.equal((await pages()) - 2);
    expect((await reader.query('SELECT count(*)::int AS n FROM t')).rows[0].n).to.equal(900);
    await reader.query('COMMIT');
    await server.client.query('VACUUM t');
    expect(await visible()).to.equal(await pages());
    expect(await server.value('SELECT count(*)::int FROM t')).to.equal(899);
  });

  it('are known after a restart; those written since the checkpoint are not', async () => {
    await server.client.query('CHECKPOINT');
    await server.client.query('UPDATE t SET a = 5 WHERE id = 450');
    await server.kill();
    await server.start();
    expect(await visible()).to.equal((await pages()) - 1);
    await server.stop();
    await server.start();
    expect(await visible()).to.be.at.least((await pages()) - 1);
    expect(await server.value('SELECT count(*)::int FROM t')).to.equal(900);
  });

  it('let index-only scans and counts pass the table by: EXPLAIN tells how many rows were fetched', async () => {
    const plan = async (sql: string): Promise<string> => {
      const { rows } = await server.client.query({
        text: `EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ${sql}`,
        rowMode: 'array',
      });
      return (rows as unknown as string[][]).map(([line]) => line).join('\n');
    };
    await server.client.query('ANALYZE t; SET enable_seqscan = off; SET enable_bitmapscan = off');
    expect(await plan('SELECT id FROM t WHERE id > 890')).to.equal(
      'Index Only Scan using t_pkey on t (actual rows=10 loops=1)\n  Index Cond: (id > 890)\n  Heap Fetches: 0',
    );
    await server.client.query('UPDATE t SET c = -1 WHERE id = 900');
    const last = Number(
      await server.value(
        "SELECT count(*) FROM t WHERE ctid >= '(0,1)' AND id > 890 AND split_part(ctid::text, ',', 1) = (SELECT split_part(ctid::text, ',', 1) FROM t WHERE id = 900)",
      ),
    );
    expect(last).to.be.greaterThan(0);
    expect(await plan('SELECT id FROM t WHERE id > 890')).to.contain(`Heap Fetches: ${last}`);
    await server.client.query('SET enable_indexonlyscan = off');
    expect(await plan('SELECT id FROM t WHERE id > 890')).to.contain('Index Scan using t_pkey');
  });
});
