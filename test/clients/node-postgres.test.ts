/** node-postgres does what it usually does: parameters and types, named statements, errors with their fields, pools, cancel. */
import { once } from 'node:events';
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

describe('node-postgres', () => {
  let database: ScratchDatabase;
  let client: pg.Client;

  before(async () => {
    database = await createScratchDatabase();
    client = new pg.Client(database.connection);
    await client.connect();
    await client.query(`CREATE TABLE person (
      id serial PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, age int CHECK (age >= 0), born date, at timestamptz,
      score numeric(8,2), tags text[], data jsonb, raw bytea, big bigint, ok boolean, f double precision)`);
  });

  after(async () => {
    await client.end();
    await database.drop();
  });

  afterEach(async () => {
    await client.query('ROLLBACK');
    await client.query('TRUNCATE person');
  });

  async function failureOf(work: Promise<unknown>): Promise<pg.DatabaseError> {
    try {
      await work;
    } catch (error) {
      return error as pg.DatabaseError;
    }
    throw new Error('no error came');
  }

  describe('types', () => {
    const parse = async (expression: string): Promise<unknown> =>
      (await client.query(`SELECT ${expression} AS value`)).rows[0].value;

    it('come as JavaScript values', async () => {
      expect(await parse('42::int4')).to.equal(42);
      expect(await parse('42::int2')).to.equal(42);
      expect(await parse('1.5::float8')).to.equal(1.5);
      expect(await parse('9007199254740993::int8')).to.equal('9007199254740993');
      expect(await parse('1.10::numeric')).to.equal('1.10');
      expect(await parse('true')).to.equal(true);
      expect(await parse('NULL::int')).to.equal(null);
      expect(await parse("'ä 🐘'::text")).to.equal('ä 🐘');
      expect(await parse(`'{"a": [1, null]}'::json`)).to.deep.equal({ a: [1, null] });
      expect(await parse(`'{"a": [1, null]}'::jsonb`)).to.deep.equal({ a: [1, null] });
      expect(await parse('ARRAY[1, NULL, 3]')).to.deep.equal([1, null, 3]);
      expect(await parse(`ARRAY['a', 'b c', NULL]`)).to.deep.equal(['a', 'b c', null]);
      expect(await parse(`'\\x00ff'::bytea`)).to.deep.equal(Buffer.from([0, 255]));
      expect(await parse(`'2024-01-02 03:04:05+00'::timestamptz`)).to.deep.equal(new Date('2024-01-02T03:04:05Z'));
      expect(await parse(`'1 day 02:00'::interval`)).to.deep.include({ days: 1, hours: 2 });
    });

    it('are described with their oid and modifier', async () => {
      const { fields } = await client.query('SELECT id, name, score, tags, data FROM person');
      expect(fields.map((field) => field.dataTypeID)).to.deep.equal([23, 1043, 1700, 1009, 3802]);
      expect(fields.map((field) => field.dataTypeModifier)).to.deep.equal([-1, 44, 524294, -1, -1]);
      expect(fields.map((field) => field.columnID)).to.deep.equal([1, 2, 6, 7, 8]);
      expect(new Set(fields.map((field) => field.tableID)).size).to.equal(1);
    });
  });

  describe('parameters', () => {
    it('of all types go in and come out', async () => {
      const at = new Date('2024-05-06T07:08:09.123Z');
      const values = ['Zoë', 7, '2020-02-29', at, '12.50', ['a', 'b "c"', null], { x: [1] }, Buffer.from([1, 0, 255])];
      const { rows, rowCount } = await client.query(
        `INSERT INTO person (name, age, born, at, score, tags, data, raw, big, ok, f)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING *, born::text AS born_text`,
        [...values, 9007199254740993n, true, 0.1],
      );
      expect(rowCount).to.equal(1);
      expect(rows[0]).to.deep.include({
        name: 'Zoë',
        age: 7,
        born_text: '2020-02-29',
        at,
        score: '12.50',
        tags: ['a', 'b "c"', null],
        data: { x: [1] },
        raw: Buffer.from([1, 0, 255]),
        big: '9007199254740993',
        ok: true,
        f: 0.1,
      });
    });

    it('may be null', async () => {
      const { rows } = await client.query('SELECT $1::int AS a, $2::text IS NULL AS b', [null, null]);
      expect(rows).to.deep.equal([{ a: null, b: true }]);
    });

    it('get their types from where they stand', async () => {
      await client.query("INSERT INTO person (name, age) VALUES ('a', 1), ('b', 2), ('c', 3)");
      const { rows } = await client.query(
        'SELECT name FROM person WHERE age = ANY ($1) AND name > $2 ORDER BY name LIMIT $3',
        [[2, 3], 'a', '1'],
      );
      expect(rows).to.deep.equal([{ name: 'b' }]);
    });

    it('of the query that EXPLAIN shows, or a cursor reads', async () => {
      await client.query(`INSERT INTO person (name, age) SELECT 'p' || i, i FROM generate_series(1, 20) AS i`);
      const explain =
        'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) SELECT * FROM person WHERE age > $1';
      const { rows } = await client.query(explain, [15]);
      expect(rows[0]['QUERY PLAN'][0].Plan['Actual Rows']).to.equal(5);
      await client.query('BEGIN');
      await client.query('DECLARE c CURSOR FOR SELECT age FROM person WHERE age < $1 AND name <> $2 ORDER BY age', [
        4,
        'p2',
      ]);
      expect((await client.query('FETCH ALL FROM c')).rows).to.deep.equal([{ age: 1 }, { age: 3 }]);
      await client.query('COMMIT');
      const failure = await failureOf(client.query('EXPLAIN SELECT * FROM nobody WHERE age > $1', [1]));
      expect(failure.code).to.equal('42P01');
    });

    it('that do not fit are refused', async () => {
      const notANumber = await failureOf(client.query('SELECT $1::int', ['x']));
      expect(notANumber).to.include({ code: '22P02', message: 'invalid input syntax for type integer: "x"' });
      const tooFew = await failureOf(client.query('SELECT $1::int, $2::int', [1]));
      expect(tooFew.code).to.equal('08P01');
      const unknownType = await failureOf(client.query('SELECT $1 + $2 AS x, nosuch', [1, 2]));
      expect(unknownType.code).to.be.oneOf(['42703', '42725']);
    });
  });

  describe('named statements', () => {
    it('are parsed once and run often', async () => {
      const run = (n: number): Promise<pg.QueryResult> =>
        client.query({ name: 'square', text: 'SELECT $1::int * $1::int AS n', values: [n] });
      for (let n = 0; n < 20; n++) expect((await run(n)).rows[0].n).to.equal(n * n);
      const { rows } = await client.query(
        "SELECT count(*)::int AS n FROM pg_prepared_statements WHERE name = 'square'",
      );
      expect(rows[0].n).to.equal(1);
    });

    it('see what was changed since', async () => {
      const count = { name: 'count', text: 'SELECT count(*)::int AS n FROM person WHERE age > $1', values: [0] };
      expect((await client.query(count)).rows[0].n).to.equal(0);
      await client.query("INSERT INTO person (name, age) VALUES ('a', 1)");
      expect((await client.query(count)).rows[0].n).to.equal(1);
    });

    it('give rows in portions when asked', async () => {
      const { rows } = await client.query({
        text: 'SELECT g FROM generate_series(1, 25) g',
        rows: 10,
      } as pg.QueryConfig);
      expect(rows.length).to.be.greaterThan(0);
      expect(rows[0]).to.deep.equal({ g: 1 });
    });
  });

  describe('errors', () => {
    it('have the fields that applications read', async () => {
      await client.query("INSERT INTO person (name) VALUES ('a')");
      const duplicate = await failureOf(client.query("INSERT INTO person (name) VALUES ('a')"));
      expect(duplicate).to.be.instanceOf(pg.DatabaseError);
      expect(duplicate).to.include({
        code: '23505',
        severity: 'ERROR',
        constraint: 'person_name_key',
        table: 'person',
        schema: 'public',
        detail: 'Key (name)=(a) already exists.',
      });
      const isNull = await failureOf(client.query('INSERT INTO person (name) VALUES (NULL)'));
      expect(isNull).to.include({ code: '23502', column: 'name', table: 'person' });
      const check = await failureOf(client.query("INSERT INTO person (name, age) VALUES ('b', -1)"));
      expect(check).to.include({ code: '23514', constraint: 'person_age_check' });
      const column = await failureOf(client.query('SELECT nosuch FROM person'));
      expect(column).to.include({ code: '42703', position: '8' });
      const tooLong = await failureOf(client.query('INSERT INTO person (name) VALUES ($1)', ['x'.repeat(41)]));
      expect(tooLong).to.include({ code: '22001', message: 'value too long for type character varying(40)' });
    });

    it('of one query leave the connection well', async () => {
      await failureOf(client.query('SELECT 1 / $1::int', [0]));
      await failureOf(client.query('SELEC'));
      expect((await client.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
    });

    it('tell who may not come in', async () => {
      const config = { ...database.connection };
      if (config.connectionString !== undefined) {
        const url = new URL(config.connectionString);
        url.pathname = '/nosuch';
        config.connectionString = url.toString();
      } else config.database = 'nosuch';
      const failure = await failureOf(new pg.Client(config).connect());
      expect(failure).to.include({ code: '3D000', message: 'database "nosuch" does not exist', severity: 'FATAL' });
    });
  });

  describe('transactions', () => {
    it('are kept or given up as a whole', async () => {
      await client.query('BEGIN');
      await client.query("INSERT INTO person (name) VALUES ('a')");
      await client.query('ROLLBACK');
      await client.query('BEGIN');
      await client.query("INSERT INTO person (name) VALUES ('b')");
      await client.query('COMMIT');
      expect((await client.query('SELECT name FROM person')).rows).to.deep.equal([{ name: 'b' }]);
    });

    it('refuse everything after an error, until their end', async () => {
      await client.query('BEGIN');
      await failureOf(client.query('SELECT 1 / 0'));
      expect((await failureOf(client.query('SELECT $1::int', [1]))).code).to.equal('25P02');
      expect((await client.query('COMMIT')).command).to.equal('ROLLBACK');
    });

    it('of a client that goes away are rolled back', async () => {
      const other = new pg.Client(database.connection);
      await other.connect();
      await other.query('BEGIN');
      await other.query("INSERT INTO person (name) VALUES ('gone')");
      await other.end();
      // The same key again: waits for the other's end, and must not find it.
      await client.query("INSERT INTO person (name) VALUES ('gone')");
    });
  });

  describe('results', () => {
    it('of several statements come one by one', async () => {
      const results = (await client.query(
        'SELECT 1 AS a; SELECT 2 AS b; CREATE TEMP TABLE tmp_several (a int)',
      )) as unknown as pg.QueryResult[];
      expect(results.map((result) => result.command)).to.deep.equal(['SELECT', 'SELECT', 'CREATE']);
      expect(results[1]!.rows).to.deep.equal([{ b: 2 }]);
    });

    it('may be large', async () => {
      const { rows } = await client.query("SELECT g, repeat('x', 200) AS t FROM generate_series(1, 20000) g");
      expect(rows.length).to.equal(20_000);
      expect(rows[19_999].g).to.equal(20_000);
      expect(rows.every((row) => row.t.length === 200)).to.equal(true);
    });

    it('count what was changed', async () => {
      expect(
        (await client.query("INSERT INTO person (name) SELECT 'p' || g FROM generate_series(1, 5) g")).rowCount,
      ).to.equal(5);
      expect((await client.query('UPDATE person SET age = 1')).rowCount).to.equal(5);
      expect((await client.query("DELETE FROM person WHERE name > 'p3'")).rowCount).to.equal(2);
    });

    it('of nothing are empty', async () => {
      expect((await client.query('')).rows).to.deep.equal([]);
      expect((await client.query('SELECT 1 WHERE false')).rowCount).to.equal(0);
    });
  });

  it('a cursor of DECLARE is described and closed as a portal', async () => {
    const own = new pg.Client(database.connection);
    own.on('error', () => {});
    await own.connect();
    await own.query('BEGIN');
    await own.query('DECLARE c CURSOR FOR SELECT 1 AS one, now() AS at');
    // What follows is asked message by message, which the client itself never does.
    const { connection } = own as unknown as {
      connection: NodeJS.EventEmitter & { describe(about: object): void; close(about: object): void; sync(): void };
    };
    for (const event of ['rowDescription', 'errorMessage', 'readyForQuery']) connection.removeAllListeners(event);
    const answers: string[] = [];
    connection.on('rowDescription', ({ fields }: { fields: { name: string; dataTypeID: number }[] }) =>
      answers.push(fields.map((field) => `${field.name} ${field.dataTypeID}`).join(', ')),
    );
    connection.on('closeComplete', () => answers.push('closed'));
    connection.on('errorMessage', ({ code }: { code: string }) => answers.push(code));
    for (const message of ['describe', 'close', 'describe'] as const) {
      connection[message]({ type: 'P', name: 'c' });
      connection.sync();
      await once(connection, 'readyForQuery');
    }
    expect(answers).to.deep.equal(['one 23, at 1184', 'closed', '34000']);
    await own.end();
  });

  it('COPY in binary has its header in front of the first row, or of the trailer, in one message', async () => {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    let sizes: number[] = [];
    const listener = (message: { chunk: Buffer }): void => void sizes.push(message.chunk.length);
    connection.on('copyData', listener);
    for (const count of [0, 1, 20_000]) {
      sizes = [];
      await client.query(`COPY (SELECT i::int FROM generate_series(1, ${count}) AS i) TO STDOUT (FORMAT binary)`);
      const rows = Array.from({ length: count }, () => 10);
      expect(sizes).to.deep.equal([...rows, 2].map((size, i) => (i === 0 ? size + 19 : size)));
    }
    await client.query('CREATE TABLE copied AS SELECT i::int FROM generate_series(1, 20000) AS i');
    sizes = [];
    await client.query('COPY copied TO STDOUT (FORMAT binary)');
    expect(sizes.length).to.equal(20_001);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(20_000 * 10 + 19 + 2);
    await client.query('DROP TABLE copied');
    connection.removeListener('copyData', listener);
  });

  it('notices reach the listener', async () => {
    const notice = once(client, 'notice');
    await client.query('DROP TABLE IF EXISTS nosuch');
    expect((await notice)[0]).to.include({ code: '00000', message: 'table "nosuch" does not exist, skipping' });
  });

  it('a pool of ten serves many at once', async () => {
    const pool = new pg.Pool({ ...database.connection, max: 10 });
    await pool.query('CREATE TABLE counter (id int PRIMARY KEY, n int)');
    await pool.query('INSERT INTO counter VALUES (1, 0)');
    const work = Array.from({ length: 200 }, () => pool.query('UPDATE counter SET n = n + 1 WHERE id = $1', [1]));
    await Promise.all(work);
    expect((await pool.query('SELECT n FROM counter')).rows).to.deep.equal([{ n: 200 }]);
    await pool.end();
  });

  it('a running query can be cancelled', async () => {
    const other = new pg.Client(database.connection);
    await other.connect();
    const pid = (await other.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const sleeping = failureOf(other.query('SELECT pg_sleep(30)'));
    await client.query('SELECT pg_sleep(0.05)');
    expect((await client.query('SELECT pg_cancel_backend($1) AS done', [pid])).rows).to.deep.equal([{ done: true }]);
    expect(await sleeping).to.include({ code: '57014', message: 'canceling statement due to user request' });
    expect((await other.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
    await other.end();
  });

  it('LISTEN works or is refused, and the session goes on', async () => {
    const outcome = await client.query('LISTEN news').then(
      () => 'works',
      (error: pg.DatabaseError) => error.code,
    );
    expect(outcome).to.be.oneOf(['works', '0A000']);
    expect((await client.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
  });

  it('statement_timeout of the connection is kept', async () => {
    const other = new pg.Client({ ...database.connection, statement_timeout: 50 });
    await other.connect();
    expect(await failureOf(other.query('SELECT pg_sleep(30)'))).to.include({
      code: '57014',
      message: 'canceling statement due to statement timeout',
    });
    await other.end();
  });
});
