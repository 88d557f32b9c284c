/** Long values as statements use them: space that comes back, others who are served meanwhile, limits. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { openDatabaseServer } from '../../executor/index.ts';
import type { DatabaseServer } from '../../executor/server.ts';
import { WireServer } from '../../wire/index.ts';

function logFailure(where: string, error: unknown): void {
  throw new Error(`${where}: ${String(error)}`);
}

describe('long values in statements', () => {
  let database: DatabaseServer;
  let server: WireServer;
  let client: pg.Client;

  async function connect(): Promise<pg.Client> {
    const { port } = server;
    const connected = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    await connected.connect();
    return connected;
  }

  beforeEach(async () => {
    // 4 MB: smaller than the values.
    database = await openDatabaseServer({ dataDirectory: null, settings: new Map([['shared_buffers', '4MB']]) });
    server = new WireServer({ factory: database, hosts: ['127.0.0.1'], port: 0, authMethod: 'trust', logFailure });
    await server.listen();
    client = await connect();
  });

  afterEach(async () => {
    await client.end();
    await server.stop();
    await database.close();
  });

  async function pages(table: string): Promise<number> {
    const { rows } = await client.query(`SELECT pg_table_size('${table}') / 8192 AS pages`);
    return Number(rows[0].pages);
  }

  async function swept(): Promise<void> {
    while (database.engine.sweepPendingCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('do not make the table grow through a hundred updates, deletions and rollbacks', async function () {
    this.timeout(60_000);
    await client.query('CREATE TABLE t (id int PRIMARY KEY, b bytea, n int)');
    await client.query('INSERT INTO t VALUES (1, $1, 0)', [randomBytes(1_000_000)]);
    const one = await pages('t');
    expect(one).to.be.within(124, 130);
    let value = Buffer.alloc(0);
    for (let round = 0; round < 100; round++) {
      value = randomBytes(1_000_000 - round * 100);
      if (round % 10 === 3) {
        await client.query('BEGIN');
        await client.query('UPDATE t SET b = $1', [randomBytes(1_000_000)]);
        await client.query('ROLLBACK');
      }
      if (round % 10 === 5) {
        await client.query('DELETE FROM t');
        await client.query('INSERT INTO t VALUES (1, $1, 0)', [value]);
      } else await client.query('UPDATE t SET b = $1, n = n + 1', [value]);
      await swept();
    }
    const { rows } = await client.query('SELECT b FROM t WHERE id = 1');
    expect(value.equals(rows[0].b)).to.equal(true);
    expect(await pages('t')).to.be.at.most(one * 3);
  });

  it('leave the columns beside them as they are, while their pages come and go for many clients', async function () {
    this.timeout(60_000);
    await client.query('CREATE TABLE t (id int PRIMARY KEY, a text, n int, b text, u text)');
    await client.query(`INSERT INTO t SELECT i, md5(i::text) || repeat(i::text, 100000 + i), -i,
      (SELECT string_agg(md5((i * 100 + k)::text), '') FROM generate_series(1, 1500) k), 'u' || i
      FROM generate_series(1, 60) i`);
    await client.query('ALTER TABLE t ALTER b SET STORAGE EXTERNAL');
    await client.query('UPDATE t SET b = b || 1');
    const wanted = (await client.query('SELECT id, md5(a) AS a, md5(b) AS b FROM t ORDER BY id')).rows;
    const clients = await Promise.all([connect(), connect(), connect()]);
    await Promise.all(
      clients.map(async (other, k) => {
        for (let round = 0; round < 60; round++) {
          const id = 1 + ((round * 7 + k * 23) % 60);
          const { rows } = await other.query('SELECT id, md5(a) AS a, n, md5(b) AS b, u FROM t WHERE id = $1', [id]);
          expect(rows).to.deep.equal([{ ...wanted[id - 1], n: -id, u: `u${id}` }]);
        }
      }),
    );
    for (const other of clients) await other.end();
  });

  it('that did not change are not written again', async () => {
    await client.query('CREATE TABLE t (id int PRIMARY KEY, b bytea, t text)');
    await client.query('INSERT INTO t VALUES (1, $1, $2)', [randomBytes(1_000_000), 'short']);
    const before = await pages('t');
    for (let i = 0; i < 20; i++) await client.query('UPDATE t SET id = id + 1, t = t || $1', ['.']);
    expect(await pages('t')).to.be.at.most(before + 1);
    const { rows } = await client.query('SELECT id, t, length(b) AS length FROM t');
    expect(rows).to.deep.equal([{ id: 21, t: `short${'.'.repeat(20)}`, length: 1_000_000 }]);
  });

  /** Pages that a statement asked for, its commit not counted. */
  async function pagesAskedFor(sql: string): Promise<number> {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`);
    const plan = rows[0]['QUERY PLAN'][0].Plan;
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  }

  it('beside columns that are changed, locked or refused are not read', async () => {
    await client.query('CREATE TABLE p (id int PRIMARY KEY)');
    await client.query(`CREATE TABLE t (id int PRIMARY KEY, k int, name text, b bytea, t text, p int REFERENCES p,
      twice int GENERATED ALWAYS AS (k * 2) STORED, CHECK (k < 100))`);
    await client.query('CREATE INDEX ON t (k, name)');
    await client.query('CREATE TABLE child (t int REFERENCES t ON DELETE CASCADE)');
    const bytes = randomBytes(3_000_000);
    const text = bytes.toString('base64');
    await client.query('INSERT INTO t VALUES (1, 0, $1, $2, $3)', ['a', bytes, text]);
    for (const sql of [
      'UPDATE t SET k = k + 1',
      "UPDATE t SET name = name || 'b', p = NULL",
      'UPDATE t SET id = id + 1, k = 7 RETURNING k, name, twice',
      'INSERT INTO t VALUES (2, 5) ON CONFLICT (id) DO UPDATE SET k = t.k + EXCLUDED.k WHERE t.k > 0 RETURNING t.id',
      'SELECT id, k FROM t WHERE k > 0 FOR UPDATE',
    ]) {
      expect(await pagesAskedFor(sql), sql).to.be.lessThan(60);
    }
    const refused = await client.query('UPDATE t SET k = 1000, name = NULL').catch((error) => error);
    expect([refused.code, refused.detail]).to.deep.equal([
      '23514',
      `Failing row contains (2, 1000, null, \\x${bytes.toString('hex', 0, 31)}..., ${text.slice(0, 64)}..., null, 2000).`,
    ]);
    const { rows } = await client.query('SELECT * FROM t');
    expect(rows.map((row) => ({ ...row, b: bytes.equals(row.b), t: row.t === text }))).to.deep.equal([
      { id: 2, k: 12, name: 'ab', b: true, t: true, p: null, twice: 24 },
    ]);
    await client.query('UPDATE t SET k = 1, b = $1', [bytes.subarray(1000)]);
    expect((await client.query('SELECT b FROM t WHERE k = 1')).rows[0].b.equals(bytes.subarray(1000))).to.equal(true);
  });

  it('of which a part is asked for are not read as a whole', async () => {
    await client.query('CREATE TABLE t (id int PRIMARY KEY, b bytea, packed bytea, t text)');
    const bytes = randomBytes(3_000_000);
    const text = Array.from({ length: 250_000 }, (_, i) => `${(i * 2654435761) >>> 0} größer 😀\n`).join('');
    const values = [1, bytes, Buffer.from(bytes.toString('base64')), text];
    await client.query('INSERT INTO t VALUES ($1, $2, $3, $4), (2, NULL, NULL, NULL)', values);
    await client.query("INSERT INTO t VALUES (3, 'short', 'shörter', 'größer 😀')");
    const few = [
      'octet_length(b)',
      'length(b) + length(packed)',
      'octet_length(t)',
      'substring(b from 2000000 for 1000)',
      'substr(b, 2999990)',
      'substring(b from -5 for 20)',
      'get_byte(b, 3)',
      'get_bit(b, 17)',
      'left(t, 100)',
      'substr(t, 5, 60000)',
      'get_byte(packed, 2)',
      'substring(t from $1::int for 0)',
    ];
    const gone = [
      'substr(packed, 1000000, 200000)',
      'length(t)',
      'right(t, 20)',
      'substr(t, 2000000, 100)',
      'left(t, -70)',
    ];
    for (const call of [...few, ...gone]) {
      const one = call.replace('$1::int', '7');
      // || '' makes it another expression, which takes the whole value.
      const whole = one.replace(/\b(b|packed|t)\b(?=[,) ])/g, "($1 || '')");
      expect(whole).to.not.equal(one);
      const same = `SELECT id, (${one}) IS NOT DISTINCT FROM (${whole}) AS same FROM t WHERE id < 3 ORDER BY id`;
      expect((await client.query(same)).rows, one).to.deep.equal([
        { id: 1, same: true },
        { id: 2, same: true },
      ]);
      if (few.includes(call)) expect(await pagesAskedFor(`SELECT ${one} FROM t WHERE id = 1`), one).to.be.lessThan(60);
    }
    const { rows } = await client.query(
      'SELECT length(b) AS b, length(packed) AS packed, length(t) AS t, get_byte(b, 0) AS first FROM t WHERE id <> 1 ORDER BY id',
    );
    expect(rows).to.deep.equal([
      { b: null, packed: null, t: null, first: null },
      { b: 5, packed: 8, t: 8, first: 115 },
    ]);
    const codes: string[] = [];
    for (const call of ['get_byte(b, 3000000)', 'get_bit(b, -1)', 'substr(b, 5, -1)', 'substr(t, 5, -1)']) {
      const refused = await client.query(`SELECT ${call} FROM t WHERE id = 1`).catch((error) => error);
      codes.push(`${refused.code} ${refused.message}`);
    }
    expect(codes).to.deep.equal([
      '2202E index 3000000 out of valid range, 0..2999999',
      '2202E index -1 out of valid range, 0..23999999',
      '22011 negative substring length not allowed',
      '22011 negative substring length not allowed',
    ]);
    // EXPLAIN ANALYZE would not run this as one loop.
    const chunksRead = async (): Promise<number> => {
      const io = await client.query(
        "SELECT toast_blks_hit + toast_blks_read AS n FROM pg_statio_user_tables WHERE relname = 't'",
      );
      return Number(io.rows[0].n);
    };
    const before = await chunksRead();
    await client.query('SELECT sum(length(b)), max(octet_length(t)) FROM t WHERE length(b) > 10');
    expect((await chunksRead()) - before).to.be.lessThan(60);
  });

  it('of several times the pool go in and out by parameter while others are served', async function () {
    this.timeout(60_000);
    await client.query('CREATE TABLE t (id int PRIMARY KEY, b bytea, t text)');
    const other = await connect();
    const during = async <T>(work: Promise<T>): Promise<{ result: T; answered: number }> => {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      let answered = 0;
      while (!isDone) {
        await other.query('SELECT 1');
        answered++;
      }
      return { result: await done, answered };
    };
    const bytes = randomBytes(16_000_000);
    const inserted = await during(client.query('INSERT INTO t VALUES (1, $1, NULL)', [bytes]));
    expect(inserted.answered).to.be.greaterThan(2);
    const text = Array.from({ length: 700_000 }, (_, i) => `${(i * 2654435761) >>> 0} größer,\n`).join('');
    const stored = await during(client.query('INSERT INTO t VALUES (2, NULL, $1)', [text]));
    expect(stored.answered).to.be.greaterThan(2);
    const read = await during(client.query('SELECT id, b, t FROM t ORDER BY id'));
    expect(bytes.equals(read.result.rows[0].b)).to.equal(true);
    expect(read.result.rows[1].t === text).to.equal(true);
    expect(read.answered).to.be.greaterThan(2);

    await client.query('CREATE TABLE copied (LIKE t)');
    await client.query('INSERT INTO copied SELECT * FROM t');
    const same = await client.query(
      'SELECT count(*)::int AS n FROM t JOIN copied USING (id) WHERE md5(t.b) = md5(copied.b) OR md5(t.t) = md5(copied.t)',
    );
    expect(same.rows).to.deep.equal([{ n: 2 }]);
    const deleted = await during(client.query('DELETE FROM t'));
    expect(deleted.result.rowCount).to.equal(2);
    await other.end();
  });

  it('of text come to clients as their bytes, and to all others as strings', async () => {
    await client.query('CREATE TABLE t (id int PRIMARY KEY, v varchar, j json)');
    const text = Array.from({ length: 200_000 }, (_, i) => `${(i * 2654435761) >>> 0} größer 😀,`).join('');
    await client.query('INSERT INTO t VALUES (1, $1, $2), (2, $3, NULL)', [text, JSON.stringify([text]), 'short']);
    for (const sql of ['SELECT v, id, v AS again FROM t', 'SELECT v, id, v AS again FROM t WHERE id > 0 LIMIT 2']) {
      const { rows } = await client.query(sql);
      expect(rows.map((row) => [row.v === row.again, row.v.length])).to.deep.equal([
        [true, text.length],
        [true, 5],
      ]);
      expect(rows[0].v === text, sql).to.equal(true);
    }
    const binary = await client.query({ text: 'SELECT j, v FROM t WHERE id = 1', binary: true } as pg.QueryConfig);
    expect(binary.rows[0].v.toString() === text).to.equal(true);
    await client.query('DECLARE c CURSOR WITH HOLD FOR SELECT v FROM t');
    expect((await client.query('FETCH 1 FROM c')).rows[0].v === text).to.equal(true);
    await client.query('CREATE TABLE copied AS SELECT v, j FROM t');
    const same = await client.query(
      'SELECT count(*)::int AS n FROM t JOIN copied ON t.v = copied.v AND t.v || 1 = copied.v || 1',
    );
    expect(same.rows).to.deep.equal([{ n: 2 }]);
    expect((await client.query('SELECT v FROM t WHERE v > $1 AND length(v) > 10', ['1'])).rows.length).to.be.below(2);
  });

  it('of an update under way are seen by nobody; a cancelled one leaves nothing', async function () {
    this.timeout(60_000);
    await client.query('CREATE TABLE t (id int PRIMARY KEY, b bytea)');
    await client.query('INSERT INTO t VALUES (1, $1)', [Buffer.from('before')]);
    const other = await connect();
    const { rows: who } = await client.query('SELECT pg_backend_pid() AS pid');
    const update = client.query('UPDATE t SET b = $1', [randomBytes(30_000_000)]).then(
      () => 'done',
      (error: Error & { code: string }) => error.code,
    );
    let isCancelled = false;
    for (let i = 0; i < 1000 && !isCancelled; i++) {
      const { rows } = await other.query('SELECT b FROM t');
      expect(rows[0].b.toString()).to.equal('before');
      // As soon as it has begun to store.
      if ((await other.query("SELECT pg_table_size('t') > 4000000 AS begun")).rows[0].begun) {
        await other.query('SELECT pg_cancel_backend($1)', [who[0].pid]);
        isCancelled = true;
      }
    }
    expect(isCancelled).to.equal(true);
    expect(await update).to.equal('57014');
    expect((await client.query('SELECT b FROM t')).rows[0].b.toString()).to.equal('before');
    await client.query('VACUUM t');
    expect(await pages('t')).to.be.lessThan(5);
    await other.end();
  });

  it('two transactions that update one row do not mix their values', async function () {
    this.timeout(60_000);
    await client.query('CREATE TABLE t (id int PRIMARY KEY, b bytea, n int)');
    await client.query('INSERT INTO t VALUES (1, NULL, 0)');
    const other = await connect();
    const values = [randomBytes(5_000_000), randomBytes(5_000_000)];
    await Promise.all([client, other].map((c, i) => c.query('UPDATE t SET b = $1, n = n + 1', [values[i]])));
    const { rows } = await client.query('SELECT b, n FROM t');
    expect(rows[0].n).to.equal(2);
    expect(values.some((value) => value.equals(rows[0].b))).to.equal(true);
    await swept();
    await other.end();
  });

  it('ON CONFLICT DO UPDATE and RETURNING store and give them, too', async () => {
    await client.query('CREATE TABLE t (id int PRIMARY KEY, b bytea)');
    const values = [randomBytes(3_000_000), randomBytes(3_000_000)];
    const upsert = 'INSERT INTO t VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET b = t.b || EXCLUDED.b RETURNING b';
    expect(values[0].equals((await client.query(upsert, [values[0]])).rows[0].b)).to.equal(true);
    expect(Buffer.concat(values).equals((await client.query(upsert, [values[1]])).rows[0].b)).to.equal(true);
  });

  it('stay in the row with SET STORAGE PLAIN, which must then fit its page', async () => {
    await client.query('CREATE TABLE t (b bytea)');
    await client.query('ALTER TABLE t ALTER b SET STORAGE PLAIN');
    await client.query('INSERT INTO t VALUES ($1)', [Buffer.alloc(7000)]);
    const refused = await client.query('INSERT INTO t VALUES ($1)', [Buffer.alloc(9000)]).catch((error) => error);
    expect([refused.code, refused.message]).to.deep.equal(['54000', 'row is too big: size 9020, maximum size 8152']);
    await client.query('ALTER TABLE t ALTER b SET STORAGE EXTENDED');
    await client.query('INSERT INTO t VALUES ($1)', [Buffer.alloc(9000)]);
    const { rows } = await client.query('SELECT length(b) AS length FROM t ORDER BY 1');
    expect(rows).to.deep.equal([{ length: 7000 }, { length: 9000 }]);
  });

  it('text longer than a string can be is 54000', async () => {
    const refused = await client.query("SELECT repeat('x', 600000000) || 'y' AS t").catch((error) => error);
    expect(refused.code).to.equal('54000');
  });
});
