/** Row expiry: what is gone when its time is over, for everybody who reads or writes, on a clock that the test moves. */
import assert from 'node:assert/strict';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

const START_MS = Date.UTC(2026, 0, 31, 12);
const MINUTE_MS = 60_000;

describe('Row expiry', () => {
  let server: DatabaseServer;
  let client: DirectClient;
  let other: DirectClient;
  let nowMs: number;

  beforeEach(async () => {
    nowMs = START_MS;
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map(), clock: () => nowMs });
    client = new DirectClient(server);
    other = new DirectClient(server);
  });

  afterEach(() => server.close());

  const pass = (minutes: number): void => {
    nowMs += minutes * MINUTE_MS;
  };

  /** Rows as text, columns parted by commas. */
  async function ask(sql: string, who = client): Promise<string> {
    return (await who.rows(sql)).map((row) => row.map((value) => value ?? 'null').join(',')).join(' ');
  }

  async function fails(sql: string, code: string, message?: string, who = client): Promise<void> {
    const { error } = await who.query(sql);
    assert.equal(error?.code, code, `${sql}: ${error?.message}`);
    if (message !== undefined) assert.equal(error?.message, message);
  }

  const TABLE = `CREATE TABLE t (id int PRIMARY KEY, created timestamptz DEFAULT now(), note text)
    WITH (ttl = '1 hour', ttl_column = created)`;

  describe('reads', () => {
    beforeEach(async () => {
      await client.rows(TABLE);
      await client.rows(
        "INSERT INTO t VALUES (1, now(), 'old'), (2, now() + interval '30 minutes', 'young'), (3, null, 'for ever')",
      );
    });

    it('leaves expired rows out at once, wherever the table is read', async () => {
      assert.equal(await ask('SELECT id FROM t ORDER BY id'), '1 2 3');
      pass(59.999);
      assert.equal(await ask('SELECT id FROM t ORDER BY id'), '1 2 3');
      pass(0.001);
      assert.equal(await ask('SELECT id FROM t ORDER BY id'), '2 3');
      assert.equal(await ask('SELECT count(*) FROM t'), '2');
      assert.equal(await ask('SELECT id FROM t WHERE id = 1'), '');
      assert.equal(await ask('SELECT min(id), max(id) FROM t'), '2,3');
      assert.equal(
        await ask('SELECT x, t.id FROM generate_series(1, 2) x LEFT JOIN t ON t.id = x ORDER BY x'),
        '1,null 2,2',
      );
      assert.equal(
        await ask('SELECT t.id, u.id FROM t FULL JOIN t u ON t.id = u.id + 1 ORDER BY 1, 2'),
        '2,null 3,2 null,3',
      );
      assert.equal(await ask('SELECT EXISTS (SELECT FROM t WHERE id = 1), 1 IN (SELECT id FROM t)'), 'f,f');
      assert.equal(await ask('WITH x AS MATERIALIZED (SELECT * FROM t) SELECT count(*) FROM x'), '2');
      await client.rows('CREATE VIEW v AS SELECT id, note FROM t');
      assert.equal(await ask('SELECT note FROM v ORDER BY id'), 'young for ever');
      assert.equal(await ask("UPDATE t SET note = 'x' WHERE id = 1 RETURNING id"), '');
      assert.equal(await ask('SELECT id FROM t ORDER BY id FOR UPDATE'), '2 3');
      assert.equal(await ask('DELETE FROM t RETURNING id'), '2 3');
    });

    it("is the snapshot's: a repeatable read sees what was there when it began", async () => {
      await client.rows('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await client.rows('SELECT 1');
      await other.rows('BEGIN');
      assert.equal(await ask('SELECT count(*) FROM t'), '3');
      assert.equal(await ask('SELECT count(*) FROM t', other), '3');
      pass(60);
      assert.equal(await ask('SELECT count(*) FROM t'), '3');
      assert.equal(await ask('SELECT count(*) FROM t', other), '2');
      await client.rows('COMMIT');
      await other.rows('COMMIT');
      assert.equal(await ask('SELECT count(*) FROM t'), '2');
    });

    it("is the cursor's: its rows are those of the moment when it was declared", async () => {
      await client.rows('BEGIN');
      await client.rows('DECLARE c CURSOR FOR SELECT id FROM t ORDER BY note');
      pass(60);
      assert.equal(await ask('FETCH 3 FROM c'), '3 1 2');
      assert.equal(await ask('SELECT id FROM t ORDER BY note'), '3 2');
      await client.rows('COMMIT');
    });

    it('counts at each execution of a prepared statement', async () => {
      await client.rows('PREPARE q (int) AS SELECT id FROM t WHERE id >= $1 ORDER BY id');
      await client.rows('SET plan_cache_mode = force_generic_plan');
      assert.equal(await ask('EXECUTE q (1)'), '1 2 3');
      pass(60);
      assert.equal(await ask('EXECUTE q (1)'), '2 3');
      pass(30);
      assert.equal(await ask('EXECUTE q (1)'), '3');
    });

    it('reads by an index on the column, and by that index alone', async () => {
      await client.rows('CREATE INDEX t_created ON t (created)');
      await client.rows(
        "INSERT INTO t SELECT i, now() - i * interval '1 second', 'x' FROM generate_series(10, 5000) i",
      );
      await client.rows('ANALYZE t');
      const plan = (
        await client.rows("EXPLAIN (COSTS OFF) SELECT count(*) FROM t WHERE created > now() - interval '1 minute'")
      )
        .flat()
        .join('\n');
      assert.match(plan, /t_created/);
      assert.match(plan, /expiry_cutoff/);
      assert.equal(await ask('SELECT count(*) FROM t'), String(3 + 3590));
      assert.equal(await ask("SELECT count(*) FROM t WHERE created > now() - interval '1 day'"), String(2 + 3590));
      assert.equal(await ask('SELECT max(id) FROM t'), '3599');
    });

    it('shows its condition in EXPLAIN', async () => {
      assert.deepEqual((await client.rows('EXPLAIN (COSTS OFF) SELECT * FROM t')).flat(), [
        'Seq Scan on t',
        "  Filter: ((created IS NULL) OR (created > expiry_cutoff('01:00:00'::interval)))",
      ]);
      await client.rows("CREATE TABLE n (at date NOT NULL) WITH (ttl = '3 days', ttl_column = at)");
      assert.deepEqual((await client.rows('EXPLAIN (COSTS OFF) SELECT * FROM n')).flat(), [
        'Seq Scan on n',
        "  Filter: (at > expiry_cutoff('3 days'::interval))",
      ]);
    });

    it('goes with COPY, CREATE TABLE AS and materialized views', async () => {
      pass(60);
      await client.rows('CREATE TABLE copied AS SELECT * FROM t');
      await client.rows('CREATE MATERIALIZED VIEW m AS SELECT id FROM t');
      assert.equal(await ask('SELECT count(*) FROM copied'), '2');
      assert.equal(await ask('SELECT count(*) FROM m'), '2');
      assert.deepEqual((await client.query('COPY t TO STDOUT')).tags, ['COPY 2']);
    });

    it('checks a row again that another transaction has prolonged, or cut short', async () => {
      await client.rows('BEGIN');
      await client.rows("UPDATE t SET created = created - interval '2 hours' WHERE id = 2");
      const waiting = other.query("UPDATE t SET note = 'seen' WHERE id = 2 RETURNING id");
      await client.rows('COMMIT');
      assert.deepEqual((await waiting).rows, []);
    });
  });

  it('is as of the moment that is read, in the past too', async () => {
    await client.rows("SET version_retention = '1d'");
    await client.rows(TABLE);
    await client.rows("INSERT INTO t VALUES (1, now(), 'old')");
    await client.rows("CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM t'");
    const inserted = new Date(nowMs).toISOString();
    pass(30);
    await client.rows("INSERT INTO t VALUES (2, now(), 'young')");
    pass(40);
    const text = `AS OF SYSTEM TIME '${inserted}'`;
    assert.equal(await ask('SELECT id FROM t'), '2');
    assert.equal(await ask("SELECT id FROM t AS OF SYSTEM TIME '-15 min' ORDER BY id"), '1 2');
    assert.equal(await ask("SELECT f() FROM (SELECT 1) x AS OF SYSTEM TIME '-15 min'"), '2');
    await client.rows("INSERT INTO t VALUES (1, now(), 'new')");
    assert.equal(await ask(`SELECT note FROM t ${text}`), 'old');
    await client.rows("BEGIN AS OF SYSTEM TIME '-15 min'");
    assert.equal(await ask('SELECT note FROM t ORDER BY note'), 'old young');
    await client.rows('COMMIT');
    assert.equal(await ask('SELECT note FROM t ORDER BY note'), 'new young');
  });

  describe('by type of the column', () => {
    it("is timestamptz, timestamp or date, also under a domain; the server's time zone says which day it is", async () => {
      await client.rows('CREATE DOMAIN moment AS timestamp');
      await client.rows("CREATE TABLE a (at timestamp) WITH (ttl = '1 day', ttl_column = at)");
      await client.rows("CREATE TABLE b (at date) WITH (ttl = '1 day', ttl_column = at)");
      await client.rows("CREATE TABLE c (at moment) WITH (ttl = '1 day', ttl_column = at)");
      await client.rows("SET timezone = 'Asia/Tokyo'");
      for (const table of ['a', 'c']) {
        await client.rows(
          `INSERT INTO ${table} VALUES ('2026-01-30 12:00:00'), ('2026-01-30 12:00:01'), ('infinity'), ('-infinity')`,
        );
        assert.equal(await ask(`SELECT count(*) FROM ${table}`), '2');
      }
      await client.rows("INSERT INTO b VALUES ('2026-01-29'), ('2026-01-30'), ('2026-01-31'), ('infinity')");
      assert.equal(await ask('SELECT at FROM b ORDER BY at'), '2026-01-31 infinity');
      pass(12 * 60);
      assert.equal(await ask('SELECT at FROM b ORDER BY at'), 'infinity');
    });

    it('takes months as the calendar has them', async () => {
      await client.rows("CREATE TABLE a (at timestamptz) WITH (ttl = '1 month', ttl_column = at)");
      await client.rows("INSERT INTO a VALUES ('2025-12-31 12:00 UTC'), ('2025-12-31 12:01 UTC')");
      assert.equal(await ask("SELECT at AT TIME ZONE 'UTC' FROM a"), '2025-12-31 12:01:00');
      await client.rows("ALTER TABLE a SET (ttl = '400000 years')");
      await client.rows("INSERT INTO a VALUES ('0001-01-01')");
      assert.equal(await ask('SELECT count(*) FROM a'), '3');
    });
  });

  describe('keys', () => {
    beforeEach(async () => {
      await client.rows(TABLE);
      await client.rows("INSERT INTO t VALUES (1, now(), repeat('long ', 100000))");
      pass(60);
    });

    it('makes way for a new row under its key', async () => {
      await client.rows("INSERT INTO t VALUES (1, now(), 'new')");
      assert.equal(await ask('SELECT id, note FROM t'), '1,new');
      await fails('INSERT INTO t VALUES (1)', '23505');
      assert.equal(await ask("SELECT n_tup_ins, n_tup_del FROM pg_stat_user_tables WHERE relname = 't'"), '2,1');
    });

    it('makes way for ON CONFLICT, MERGE, COPY and UPDATE', async () => {
      assert.equal(await ask("INSERT INTO t VALUES (1, now(), 'a') ON CONFLICT DO NOTHING RETURNING note"), 'a');
      pass(60);
      assert.equal(
        await ask(
          "INSERT INTO t VALUES (1, now(), 'b') ON CONFLICT (id) DO UPDATE SET note = t.note || 'x' RETURNING note",
        ),
        'b',
      );
      pass(60);
      await client.rows(
        "MERGE INTO t USING (VALUES (1)) s (id) ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, now(), 'c')",
      );
      assert.equal(await ask('SELECT id, note FROM t'), '1,c');
      pass(60);
      await client.rows("INSERT INTO t VALUES (2, now(), 'd')");
      await client.rows('UPDATE t SET id = 1 WHERE id = 2');
      assert.equal(await ask('SELECT id, note FROM t'), '1,d');
    });

    it('comes back when its successor is rolled back', async () => {
      await client.rows('BEGIN');
      await client.rows("INSERT INTO t VALUES (1, now(), 'new')");
      await client.rows('ROLLBACK');
      await client.rows('ALTER TABLE t RESET (ttl, ttl_column)');
      assert.equal(await ask('SELECT id, length(note) FROM t'), '1,500000');
    });

    it('waits for who prolongs it', async () => {
      await client.rows('ALTER TABLE t RESET (ttl, ttl_column)');
      await other.rows('BEGIN');
      await other.rows('UPDATE t SET created = now() WHERE id = 1');
      const inserting = client.query('INSERT INTO t (id) VALUES (1)');
      await other.rows('COMMIT');
      assert.equal((await inserting).error?.code, '23505');
    });

    it('holds of exclusion and of deferrable constraints, and of a row that had expired when it came', async () => {
      await client.rows(`CREATE TABLE e (during int4range, id int UNIQUE DEFERRABLE, at timestamptz,
        EXCLUDE USING gist (during WITH &&)) WITH (ttl = '1 hour', ttl_column = at)`);
      await client.rows("INSERT INTO e VALUES ('[1,5)', 1, now()), ('[5,9)', 2, now())");
      pass(60);
      await client.rows("INSERT INTO e VALUES ('[2,7)', 1, now() - interval '3 hours')");
      assert.equal(await ask('SELECT count(*) FROM e'), '0');
      await client.rows("INSERT INTO e VALUES ('[2,7)', 1, now())");
      assert.equal(await ask('SELECT during, id FROM e'), '[2,7),1');
      await fails("INSERT INTO e VALUES ('[6,7)', 3, now())", '23P01');
    });

    it('does not make way for a row of the same statement', async () => {
      await fails("INSERT INTO t VALUES (7, now() - interval '2 hours'), (7, now())", '23505');
      assert.equal(
        await ask("INSERT INTO t SELECT i, now() - interval '2 hours' FROM generate_series(1, 3) i RETURNING id"),
        '1 2 3',
      );
      await client.rows('INSERT INTO t SELECT i, now() FROM generate_series(1, 5) i');
      assert.equal(await ask('SELECT count(*) FROM t'), '5');
    });

    it('is out of the way of new constraints', async () => {
      await client.rows(
        "CREATE TABLE d (id int, n int, at timestamptz DEFAULT now()) WITH (ttl = '1 hour', ttl_column = at)",
      );
      await client.rows('INSERT INTO d VALUES (1, null), (1, -1)');
      pass(60);
      await client.rows('INSERT INTO d VALUES (1, 1)');
      await client.rows('CREATE UNIQUE INDEX ON d (id)');
      await client.rows('ALTER TABLE d ALTER n SET NOT NULL, ADD CHECK (n > 0)');
      await client.rows('ALTER TABLE d RESET (ttl, ttl_column)');
      assert.equal(await ask('SELECT id, n FROM d'), '1,1');
    });
  });

  describe('foreign keys', () => {
    const family = async (action: string, childTtl = ''): Promise<void> => {
      await client.rows(
        `CREATE TABLE p (id int PRIMARY KEY, at timestamptz DEFAULT now()) WITH (ttl = '1 hour', ttl_column = at)`,
      );
      await client.rows(
        `CREATE TABLE c (pid int DEFAULT 0 REFERENCES p ON DELETE ${action}, at timestamptz DEFAULT now()) ${childTtl}`,
      );
      await client.rows('INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)');
    };

    it('refuses a child of an expired parent', async () => {
      await family('CASCADE');
      pass(60);
      await fails(
        'INSERT INTO c VALUES (1)',
        '23503',
        'insert or update on table "c" violates foreign key constraint "c_pid_fkey"',
      );
    });

    it('runs the actions when a new parent takes the place', async () => {
      await family('CASCADE');
      pass(60);
      await client.rows('INSERT INTO p VALUES (1)');
      assert.equal(await ask('SELECT count(*) FROM c'), '0');
    });

    it('SET NULL', async () => {
      await family('SET NULL');
      pass(60);
      await client.rows('INSERT INTO p VALUES (1)');
      assert.equal(await ask('SELECT pid FROM c'), 'null');
    });

    it('NO ACTION hands the child on to the new parent', async () => {
      await family('NO ACTION');
      pass(60);
      await client.rows('INSERT INTO p VALUES (1)');
      assert.equal(await ask('SELECT p.id, c.pid FROM p JOIN c ON c.pid = p.id'), '1,1');
    });

    it('RESTRICT keeps the parent, unless the child has expired, too', async () => {
      await family('RESTRICT', "WITH (ttl = '2 hours', ttl_column = at)");
      pass(60);
      await fails('INSERT INTO p VALUES (1)', '23503');
      pass(60);
      await client.rows('INSERT INTO p VALUES (1)');
      await client.rows('ALTER TABLE c RESET (ttl, ttl_column)');
      assert.equal(await ask('SELECT count(*) FROM c'), '0');
    });
  });

  describe('definitions', () => {
    it('refuses what cannot be', async () => {
      const create = (options: string): string => `CREATE TABLE x (id int, at timestamptz) WITH (${options})`;
      await fails(create("ttl = '1 hour'"), '22023', 'option "ttl" requires option "ttl_column"');
      await fails(create('ttl_column = at'), '22023', 'option "ttl_column" requires option "ttl"');
      await fails(create("ttl = 'soon', ttl_column = at"), '22023', 'invalid value for interval option "ttl": soon');
      await fails(create("ttl = '0', ttl_column = at"), '22023', 'value 0 out of bounds for option "ttl"');
      await fails(create("ttl = '-1 hour', ttl_column = at"), '22023');
      await fails(create("ttl = '1 month -30 days', ttl_column = at"), '22023');
      await fails(
        create("ttl = '1 hour', ttl_column = nowhere"),
        '42703',
        'column "nowhere" of relation "x" does not exist',
      );
      await fails(
        create("ttl = '1 hour', ttl_column = id"),
        '42804',
        'rows cannot expire by column "id" of type integer',
      );
      await fails(create("toast.ttl = '1 hour'"), '22023', 'unrecognized parameter "ttl"');
      await fails(
        "CREATE MATERIALIZED VIEW x WITH (ttl = '1 hour') AS SELECT 1",
        '22023',
        'unrecognized parameter "ttl"',
      );
      await client.rows(TABLE);
      await fails('ALTER TABLE t RESET (ttl)', '22023');
      await fails("ALTER TABLE t SET (ttl = 'x')", '22023');
      await fails('ALTER TABLE t ALTER created TYPE text', '42804');
      await fails(
        'ALTER TABLE t DROP created',
        '2BP01',
        'cannot drop column created of table t because other objects depend on it',
      );
    });

    it('follows the column', async () => {
      await client.rows(TABLE);
      const options = (): Promise<string> => ask("SELECT reloptions FROM pg_class WHERE relname = 't'");
      assert.equal(await options(), '{"ttl=1 hour",ttl_column=created}');
      await client.rows('ALTER TABLE t RENAME created TO "Made at"');
      assert.equal(await options(), '{"ttl=1 hour","ttl_column=Made at"}');
      await client.rows('INSERT INTO t (id) VALUES (1)');
      await client.rows('ALTER TABLE t ALTER "Made at" TYPE timestamp');
      await client.rows("ALTER TABLE t SET (ttl = '2 hours')");
      pass(60);
      assert.equal(await ask('SELECT count(*) FROM t'), '1');
      pass(60);
      assert.equal(await ask('SELECT count(*) FROM t'), '0');
      await client.rows('ALTER TABLE t DROP "Made at" CASCADE');
      assert.equal(await options(), 'null');
      assert.equal(await ask('SELECT count(*) FROM t'), '1');
    });

    it('is set and reset on a table with rows, and rolled back', async () => {
      await client.rows('CREATE TABLE t (id int, created timestamptz DEFAULT now())');
      await client.rows('INSERT INTO t VALUES (1)');
      pass(120);
      await client.rows('BEGIN');
      await client.rows("ALTER TABLE t SET (ttl = '1 hour', ttl_column = created)");
      assert.equal(await ask('SELECT count(*) FROM t'), '0');
      await client.rows('ROLLBACK');
      assert.equal(await ask('SELECT count(*) FROM t'), '1');
      await client.rows("ALTER TABLE t SET (ttl = '1 hour', ttl_column = created)");
      assert.equal(await ask('SELECT count(*) FROM t'), '0');
    });
  });
});
