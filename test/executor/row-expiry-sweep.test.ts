/** The sweep of expired rows: that they go, in bounded steps, past locks and foreign keys, and over a restart. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { SWEEP_BATCH } from '../../executor/row-expiry/table-sweep.ts';
import { DirectClient } from '../support/direct-client.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';

const MINUTE_MS = 60_000;

describe('The sweep of expired rows', () => {
  let directory: string;
  let server: DatabaseServer;
  let client: DirectClient;
  let nowMs: number;
  let log: string[];

  async function open(napMs = 1): Promise<void> {
    server = await openDatabaseServer({
      dataDirectory: directory,
      settings: new Map([
        ['row_expiry_naptime', String(napMs)],
        ['log_min_messages', 'debug1'],
      ]),
      clock: () => nowMs,
      onLog: (line) => log.push(line),
    });
    client = new DirectClient(server);
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-row-expiry-'));
    nowMs = Date.UTC(2026, 0, 31, 12);
    log = [];
    await open();
  });

  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const pass = (minutes: number): void => {
    nowMs += minutes * MINUTE_MS;
  };

  async function ask(sql: string, who = client): Promise<string> {
    return (await who.rows(sql)).map((row) => row.map((value) => value ?? 'null').join(',')).join(' ');
  }

  /** Until the query answers so; a server that does not get there answers something else in the end. */
  async function becomes(sql: string, expected: string): Promise<void> {
    for (let i = 0; i < 500 && (await ask(sql)) !== expected; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await ask(sql), expected, sql);
  }

  const deletedFrom = (table: string): string => `SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = '${table}'`;
  const roundEnds = async (line: RegExp): Promise<string> => {
    for (let i = 0; i < 500 && !log.some((each) => line.test(each)); i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return log.find((each) => line.test(each)) ?? log.join('\n');
  };

  const FILL =
    "INSERT INTO t SELECT i, CASE WHEN i % 10 = 0 THEN null ELSE now() + (i % 2) * interval '2 hours' END FROM generate_series(1, 10000) i";

  for (const index of ['no index', 'CREATE INDEX ON t (created, id)']) {
    it(`deletes what has expired, in steps: ${index}`, async () => {
      await client.rows(
        "CREATE TABLE t (id int PRIMARY KEY, created timestamptz) WITH (ttl = '1 hour', ttl_column = created)",
      );
      if (index !== 'no index') await client.rows(index);
      await client.rows(FILL);
      pass(60);
      await becomes(deletedFrom('t'), '4000');
      const line = await roundEnds(/deleted/);
      assert.match(line, /^DEBUG1: {2}row expiry: deleted 4000 rows of table "postgres.public.t" in \d+ steps$/);
      assert.ok(Number(/in (\d+) steps/.exec(line)?.[1]) >= 4000 / SWEEP_BATCH, line);
      assert.equal(await ask('SELECT count(*), count(created) FROM t'), '6000,5000');
      await client.rows('ALTER TABLE t RESET (ttl, ttl_column)');
      assert.equal(await ask('SELECT count(*) FROM t'), '6000');
    });
  }

  it('passes rows that others have locked, and does not wait for them', async () => {
    await client.rows(
      "CREATE TABLE t (id int PRIMARY KEY, created timestamptz) WITH (ttl = '1 hour', ttl_column = created)",
    );
    await client.rows(FILL);
    const holder = new DirectClient(server);
    await holder.rows('BEGIN');
    await holder.rows('SELECT id FROM t WHERE id IN (2, 4) FOR UPDATE');
    pass(60);
    await becomes(deletedFrom('t'), '3998');
    assert.equal(await ask('UPDATE t SET created = null WHERE id = 1 RETURNING id'), '1');
    await holder.rows('COMMIT');
    await becomes(deletedFrom('t'), '4000');
  });

  it('passes a table that somebody has for himself', async () => {
    await client.rows("CREATE TABLE t (id int, at timestamptz DEFAULT now()) WITH (ttl = '1 hour', ttl_column = at)");
    await client.rows("CREATE TABLE u (id int, at timestamptz DEFAULT now()) WITH (ttl = '1 hour', ttl_column = at)");
    await client.rows('INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)');
    const holder = new DirectClient(server);
    await holder.rows('BEGIN');
    await holder.rows('LOCK TABLE t');
    pass(60);
    await becomes(deletedFrom('u'), '1');
    assert.equal(await ask(deletedFrom('t')), '0');
    await holder.rows('COMMIT');
    await becomes(deletedFrom('t'), '1');
  });

  it('runs ON DELETE actions, and leaves what a row refers to that may not lose it', async () => {
    await client.rows(
      "CREATE TABLE p (id int PRIMARY KEY, at timestamptz DEFAULT now()) WITH (ttl = '1 hour', ttl_column = at)",
    );
    await client.rows('CREATE TABLE gone (pid int REFERENCES p ON DELETE CASCADE)');
    await client.rows('CREATE TABLE loose (pid int REFERENCES p ON DELETE SET NULL)');
    await client.rows('CREATE TABLE kept (pid int REFERENCES p)');
    await client.rows(
      "CREATE TABLE late (pid int REFERENCES p DEFERRABLE INITIALLY DEFERRED, at timestamptz DEFAULT now()) WITH (ttl = '2 hours', ttl_column = at)",
    );
    await client.rows('INSERT INTO p SELECT generate_series(1, 5)');
    await client.rows(
      'INSERT INTO gone VALUES (1), (1); INSERT INTO loose VALUES (2); INSERT INTO kept VALUES (3); INSERT INTO late VALUES (4)',
    );
    pass(60);
    await becomes(deletedFrom('p'), '3');
    assert.equal(await ask('SELECT count(*) FROM gone'), '0');
    assert.equal(await ask('SELECT pid FROM loose'), 'null');
    assert.match(
      await roundEnds(/stay/),
      /^WARNING: {2}row expiry: 2 expired rows of table "postgres.public.p" stay: /,
    );
    pass(60);
    await becomes(deletedFrom('p'), '4');
    await client.rows('DELETE FROM kept');
    await becomes(deletedFrom('p'), '5');
  });

  it('leaves a row alone that cannot be deleted for another reason, and deletes the others', async () => {
    await client.rows(
      "CREATE TABLE p (id int PRIMARY KEY, at timestamptz DEFAULT now()) WITH (ttl = '1 hour', ttl_column = at)",
    );
    await client.rows('CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p ON DELETE CASCADE)');
    await client.rows('CREATE TABLE g (cid int REFERENCES c)');
    await client.rows('INSERT INTO p SELECT generate_series(1, 100)');
    await client.rows('INSERT INTO c VALUES (1, 37), (2, 38); INSERT INTO g VALUES (1)');
    pass(60);
    await roundEnds(/deleted 99 rows/);
    assert.match(
      await roundEnds(/stay/),
      /1 expired rows .* stay: update or delete on table "c" violates foreign key constraint/,
    );
    await client.rows('DELETE FROM g');
    assert.match(await roundEnds(/deleted 1 rows/), /deleted 1 rows/);
    await client.rows('ALTER TABLE p RESET (ttl, ttl_column)');
    assert.equal(await ask('SELECT count(*) FROM p'), '0');
  });

  it('goes on after a restart, with long values and their chunks', async () => {
    await client.rows(
      "CREATE TABLE t (id int PRIMARY KEY, created timestamptz, note text) WITH (ttl = '1 hour', ttl_column = created)",
    );
    await client.rows(
      "INSERT INTO t SELECT i, now(), (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 300) j) FROM generate_series(1, 100) i",
    );
    client.close();
    await server.close();
    pass(60);
    await open();
    assert.equal(await ask('SELECT count(*) FROM t'), '0');
    await becomes(deletedFrom('t'), '100');
    await client.rows('VACUUM t');
    await client.rows('ALTER TABLE t RESET (ttl, ttl_column)');
    assert.equal(await ask("SELECT count(*), pg_total_relation_size('t') < 300000 FROM t"), '0,t');
  });

  it('is off at 0', async () => {
    client.close();
    await server.close();
    await open(0);
    await client.rows("CREATE TABLE t (at timestamptz DEFAULT now()) WITH (ttl = '1 hour', ttl_column = at)");
    await client.rows('INSERT INTO t DEFAULT VALUES');
    pass(60);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await ask('SELECT count(*) FROM t'), '0');
    assert.equal(await ask(deletedFrom('t')), '0');
    assert.equal(await ask('SHOW row_expiry_naptime'), '0');
  });

  it('shows what a model shows, whatever is inserted, prolonged and deleted as time goes by', async () => {
    const seed = seedFrom();
    const random = randomOf(seed);
    const pick = (count: number): number => Math.floor(random() * count);
    const TTL_MS = 60 * MINUTE_MS;
    await client.rows(
      "CREATE TABLE t (id int PRIMARY KEY, created timestamptz, n int UNIQUE) WITH (ttl = '60 minutes', ttl_column = created)",
    );
    if (random() < 0.5) await client.rows('CREATE INDEX ON t (created)');
    const model = new Map<number, { created: number | null; n: number }>();
    const isLive = (created: number | null): boolean => created === null || created + TTL_MS > nowMs;
    const expire = (): void => {
      for (const [id, { created }] of model) if (!isLive(created)) model.delete(id);
    };
    const sqlTime = (at: number | null): string => (at === null ? 'null' : `'${new Date(at).toISOString()}'`);
    for (let i = 0; i < 400; i++) {
      nowMs += pick(4) * MINUTE_MS;
      expire();
      const id = pick(30);
      const n = pick(30);
      const created = random() < 0.1 ? null : nowMs - pick(90) * MINUTE_MS;
      const other = [...model].find(([key, row]) => row.n === n && key !== id)?.[0];
      const what = `seed ${seed}, step ${i}`;
      switch (pick(4)) {
        case 0: {
          const { error } = await client.query(`INSERT INTO t VALUES (${id}, ${sqlTime(created)}, ${n})`);
          assert.equal(error?.code, model.has(id) || other !== undefined ? '23505' : undefined, what);
          if (error === null) model.set(id, { created, n });
          break;
        }
        case 1: {
          const { error } = await client.query(
            `INSERT INTO t VALUES (${id}, ${sqlTime(created)}, ${n}) ON CONFLICT (id) DO UPDATE SET created = excluded.created`,
          );
          const before = model.get(id);
          if (before === undefined && other !== undefined) assert.equal(error?.code, '23505', what);
          else model.set(id, { created, n: before?.n ?? n });
          break;
        }
        case 2: {
          const [[count]] = await client.rows(
            `WITH x AS (UPDATE t SET created = ${sqlTime(created)} WHERE id = ${id} RETURNING 1) SELECT count(*) FROM x`,
          );
          const row = model.get(id);
          assert.equal(count, row === undefined ? '0' : '1', what);
          if (row !== undefined) model.set(id, { ...row, created });
          break;
        }
        default:
          await client.rows(`DELETE FROM t WHERE n = ${n}`);
          for (const [key, row] of model) if (row.n === n) model.delete(key);
      }
      expire();
      const expected = [...model].sort(([a], [b]) => a - b).map(([key, row]) => `${key},${row.n}`);
      assert.equal(await ask('SELECT id, n FROM t ORDER BY id'), expected.join(' '), what);
      assert.equal(await ask('SELECT count(*) FROM t'), String(expected.length), what);
    }
  });

  it('keeps keys and references whole, with clients that write at the same time', async () => {
    const seed = seedFrom();
    const random = randomOf(seed);
    const pick = (count: number): number => Math.floor(random() * count);
    await client.rows(
      "CREATE TABLE p (id int PRIMARY KEY, at timestamptz, n int UNIQUE) WITH (ttl = '60 minutes', ttl_column = at)",
    );
    if (random() < 0.5) await client.rows('CREATE INDEX ON p (at)');
    await client.rows(
      "CREATE TABLE c (id int, pid int REFERENCES p ON DELETE CASCADE, at timestamptz) WITH (ttl = '90 minutes', ttl_column = at)",
    );
    await client.rows('CREATE INDEX ON c (pid)');
    await client.rows('CREATE TABLE r (pid int REFERENCES p)');
    const time = (): string => (random() < 0.1 ? 'null' : `now() - interval '${pick(100)} minutes'`);
    const statement = (): string => {
      const [id, n] = [pick(40), pick(40)];
      switch (pick(9)) {
        case 0:
        case 1:
          return `INSERT INTO p VALUES (${id}, ${time()}, ${n})`;
        case 2:
          return `INSERT INTO p VALUES (${id}, ${time()}, ${n}) ON CONFLICT (id) DO UPDATE SET at = excluded.at`;
        case 3:
          return `UPDATE p SET at = ${time()} WHERE id = ${id}`;
        case 4:
          return `UPDATE p SET n = ${n} WHERE id = ${id}`;
        case 5:
          return `DELETE FROM p WHERE n = ${n}`;
        case 6:
          return `INSERT INTO c VALUES (${n}, ${id}, ${time()})`;
        case 7:
          return random() < 0.2 ? `INSERT INTO r VALUES (${id})` : `DELETE FROM r WHERE pid = ${id}`;
        default:
          return `SELECT count(*) FROM p JOIN c ON c.pid = p.id WHERE p.id < ${id}`;
      }
    };
    const allowed = new Set(['23505', '23503', '40001', '40P01', '25P02']);
    const work = async (who: DirectClient): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        nowMs += pick(2) * MINUTE_MS;
        const isolation = random() < 0.3 ? ' ISOLATION LEVEL REPEATABLE READ' : '';
        const isBlock = random() < 0.5;
        if (isBlock) await who.query(`BEGIN${isolation}`);
        for (let k = isBlock ? 1 + pick(4) : 1; k > 0; k--) {
          const sql = statement();
          const { error } = await who.query(sql);
          assert.ok(
            error === null || allowed.has(error.code),
            `seed ${seed}: ${sql}: ${error?.code} ${error?.message}`,
          );
        }
        if (isBlock) await who.query(random() < 0.8 ? 'COMMIT' : 'ROLLBACK');
      }
    };
    const clients = Array.from({ length: 4 }, () => new DirectClient(server));
    await Promise.all(clients.map(work));
    const what = `seed ${seed}`;
    // What is stored, whether it has expired or not, while no sweep goes on.
    await client.rows('BEGIN; ALTER TABLE p RESET (ttl, ttl_column); ALTER TABLE c RESET (ttl, ttl_column)');
    assert.equal(
      await ask(
        'SELECT id FROM p GROUP BY id HAVING count(*) > 1 UNION ALL SELECT n FROM p GROUP BY n HAVING count(*) > 1',
      ),
      '',
      what,
    );
    assert.equal(await ask('SELECT pid FROM c WHERE NOT EXISTS (SELECT FROM p WHERE p.id = c.pid)'), '', what);
    assert.equal(await ask('SELECT pid FROM r WHERE NOT EXISTS (SELECT FROM p WHERE p.id = r.pid)'), '', what);
    const all = await ask('SELECT id, n FROM p ORDER BY id');
    await client.rows('SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off');
    assert.equal(await ask('SELECT id, n FROM p WHERE id >= 0 ORDER BY id'), all, what);
    await client.rows('COMMIT');
  });
});
