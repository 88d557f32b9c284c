/** User-made aggregates, operators and casts where more than one statement meets: restarts, forks, plans that are kept, waits, spilling. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { randomOf } from '../support/random.ts';
import { RestartableServer } from '../support/restartable.ts';
import { seedFrom } from '../support/seed.ts';

const DEFINITIONS = `
  CREATE TYPE pair AS (a int, b int);
  CREATE FUNCTION add_pairs(pair, pair) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT row($1.a + $2.a, $1.b + $2.b)::pair';
  CREATE FUNCTION pair_of(int) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT row($1, -$1)::pair';
  CREATE OPERATOR +# (LEFTARG = pair, RIGHTARG = pair, PROCEDURE = add_pairs, COMMUTATOR = +#);
  CREATE AGGREGATE total(pair) (SFUNC = add_pairs, STYPE = pair, INITCOND = '(0,0)');
  CREATE CAST (int AS pair) WITH FUNCTION pair_of(int) AS IMPLICIT;
  CREATE VIEW v AS SELECT total(i) AS t, 1::pair +# 2 AS s FROM generate_series(1, 4) i;
  COMMENT ON OPERATOR +# (pair, pair) IS 'adds'`;

const USES = `SELECT t::text || s::text || (SELECT total(7))::text || (1 +# 2::pair)::text ||
  (SELECT obj_description('+#(pair,pair)'::regoperator, 'pg_operator')) FROM v`;
const USED = '(10,-10)(3,-3)(7,-7)(3,-3)adds';

describe('definitions of users', () => {
  it('are there after a restart and a crash', async () => {
    const server = new RestartableServer();
    await server.start();
    await server.client.query(DEFINITIONS);
    for (const end of ['stop', 'kill'] as const) {
      await server[end]();
      await server.start();
      expect(await server.value(USES)).to.equal(USED);
    }
    await server.client.query('DROP TYPE pair CASCADE');
    await server.stop();
    await server.start();
    expect(await server.value(`SELECT count(*)::int FROM pg_operator WHERE oprname = '+#'`)).to.equal(0);
    expect(await server.value(`SELECT count(*)::int FROM pg_cast WHERE oid >= 16384`)).to.equal(0);
    await server.stop();
  });

  it('are those of each fork', async () => {
    const server = new RestartableServer();
    await server.start();
    await server.client.query(DEFINITIONS);
    const fork = await server.connect('postgres@own');
    const ask = async (client: pg.Client, text: string) =>
      (await client.query({ text, rowMode: 'array' })).rows[0] as unknown as unknown[];
    expect(await ask(fork, USES)).to.deep.equal([USED]);
    await fork.query('DROP CAST (int AS pair) CASCADE; DROP AGGREGATE total(pair) CASCADE');
    await fork.query(`CREATE AGGREGATE total(int) (SFUNC = int4mul, STYPE = int, INITCOND = '1')`);
    expect(await ask(fork, 'SELECT total(i) FROM generate_series(1, 4) i')).to.deep.equal([24]);
    expect(await ask(server.client, USES)).to.deep.equal([USED]);
    await fork.query('SELECT hotrow_reset()');
    expect(await ask(fork, USES)).to.deep.equal([USED]);
    await fork.end();
    await server.stop();
  });
});

describe('definitions of users, in sessions', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;
  let other: pg.Client;

  const connect = async (): Promise<pg.Client> => {
    const result = new pg.Client(scratch.connection);
    await result.connect();
    return result;
  };
  const rows = async (text: string, values: unknown[] = []): Promise<unknown[][]> =>
    (await client.query({ text, values, rowMode: 'array' })).rows as unknown[][];
  const errorOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'no error',
      (error: pg.DatabaseError) => `${error.code} ${error.message}`,
    );

  before(async () => {
    scratch = await createScratchDatabase();
    client = await connect();
    other = await connect();
  });
  after(async () => {
    await client.end();
    await other.end();
    await scratch.drop();
  });

  it('go with their transaction, and with a savepoint', async () => {
    await client.query(`BEGIN; CREATE AGGREGATE passing(int) (SFUNC = int4pl, STYPE = int)`);
    await client.query(`SAVEPOINT s; CREATE OPERATOR <<<# (LEFTARG = int, RIGHTARG = int, PROCEDURE = int4pl)`);
    expect(await rows('SELECT passing(i), 1 <<<# 2 FROM generate_series(1, 3) i')).to.deep.equal([[6, 3]]);
    await client.query('ROLLBACK TO s');
    expect(await errorOf(client.query('SELECT 1 <<<# 2'))).to.equal(
      '42883 operator does not exist: integer <<<# integer',
    );
    await client.query('ROLLBACK');
    expect(await errorOf(client.query('SELECT passing(1)'))).to.equal('42883 function passing(integer) does not exist');
  });

  it('are refused where an operator would return a set, which works in PostgreSQL', async () => {
    await client.query(`CREATE FUNCTION pair_up(int, int) RETURNS SETOF int LANGUAGE sql AS 'VALUES ($1), ($2)';
      CREATE OPERATOR &&&# (LEFTARG = int, RIGHTARG = int, PROCEDURE = pair_up)`);
    expect(await errorOf(client.query('SELECT 1 &&&# 2'))).to.equal(
      '0A000 operators and casts by set-returning functions (pair_up) are not supported',
    );
    await client.query('DROP FUNCTION pair_up CASCADE');
  });

  it('are asked for again by prepared statements', async () => {
    await client.query(`CREATE FUNCTION step(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
      CREATE AGGREGATE changing(int) (SFUNC = step, STYPE = int, INITCOND = '0')`);
    const ask = async (): Promise<unknown> =>
      (await client.query({ name: 'ask', text: 'SELECT changing(i) FROM generate_series(1, 4) i', rowMode: 'array' }))
        .rows[0][0 as never];
    expect(await ask()).to.equal(10);
    await other.query(`CREATE OR REPLACE FUNCTION step(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 - $2'`);
    expect(await ask()).to.equal(-10);
    await other.query(`CREATE OR REPLACE AGGREGATE changing(int) (SFUNC = int4larger, STYPE = int)`);
    expect(await ask()).to.equal(4);
    await other.query('CREATE ROLE no_step; REVOKE EXECUTE ON FUNCTION changing(int) FROM public');
    await client.query('SET ROLE no_step');
    expect(await errorOf(ask())).to.equal('42501 permission denied for aggregate changing');
    await client.query('RESET ROLE; DROP ROLE no_step');
  });

  it('wait in their steps for a lock, and no step is taken twice', async () => {
    await client.query(`CREATE TABLE taken (id int PRIMARY KEY, n int); INSERT INTO taken SELECT i, 0 FROM generate_series(1, 20) i;
      CREATE FUNCTION take(int, int) RETURNS int LANGUAGE sql AS
        'UPDATE taken SET n = n + 1 WHERE id = $2; SELECT $1 + $2';
      CREATE AGGREGATE taking(int) (SFUNC = take, STYPE = int, INITCOND = '0')`);
    for (const text of [
      'SELECT sum(x), sum(y) FROM (SELECT taking(i) AS x, sum(i)::int AS y FROM generate_series(1, 20) i GROUP BY i % 3) q',
      'SELECT taking(i ORDER BY i DESC), sum(i)::int FROM generate_series(1, 20) i',
      'SELECT max(x), max(y) FROM (SELECT taking(i) OVER (ORDER BY i) AS x, sum(i) OVER (ORDER BY i) AS y FROM generate_series(1, 20) i) q',
    ]) {
      await client.query('UPDATE taken SET n = 0');
      await other.query('BEGIN; UPDATE taken SET n = n WHERE id = 13');
      const asked = rows(text);
      await other.query('SELECT pg_sleep(0.05)');
      await other.query('COMMIT');
      expect(
        (await asked).map((row) => row.map(Number)),
        text,
      ).to.deep.equal([[210, 210]]);
      expect(await rows('SELECT min(n), max(n) FROM taken'), text).to.deep.equal([[1, 1]]);
    }
  });

  it('take many slices in their steps and final functions', async () => {
    await client.query(`CREATE FUNCTION long_step(int, int) RETURNS int LANGUAGE sql AS
        'SELECT $1 + $2 + (SELECT (count(*) - 20000)::int FROM generate_series(1, 20000))';
      CREATE FUNCTION long_end(int) RETURNS int LANGUAGE sql AS
        'SELECT $1 + (SELECT (count(*) - 20000)::int FROM generate_series(1, 20000))';
      CREATE AGGREGATE long_sum(int) (SFUNC = long_step, STYPE = int, INITCOND = '0', FINALFUNC = long_end)`);
    expect(
      await rows(`SELECT k, long_sum(i), long_sum(DISTINCT i % 10), sum(i)::int FROM generate_series(1, 60) i, LATERAL (SELECT i % 2) q(k)
        GROUP BY k ORDER BY k`),
    ).to.deep.equal([
      [0, 930, 20, 930],
      [1, 900, 25, 900],
    ]);
    expect(
      await rows(
        `SELECT i, long_sum(i) OVER (ORDER BY i ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM generate_series(1, 5) i`,
      ),
    ).to.deep.equal([
      [1, 1],
      [2, 3],
      [3, 6],
      [4, 9],
      [5, 12],
    ]);
  });

  it('wait in an operator and a cast', async () => {
    await client.query(`CREATE TYPE boxed AS (n int);
      CREATE FUNCTION box_it(int) RETURNS boxed LANGUAGE sql AS 'UPDATE taken SET n = n + 1 WHERE id = $1; SELECT row($1)::boxed';
      CREATE CAST (int AS boxed) WITH FUNCTION box_it(int);
      CREATE OPERATOR ?+? (LEFTARG = int, RIGHTARG = int, PROCEDURE = take)`);
    await client.query('UPDATE taken SET n = 0');
    await other.query('BEGIN; UPDATE taken SET n = n WHERE id = 7');
    const asked = rows('SELECT sum((i::boxed).n)::int, sum(100 ?+? i)::int FROM generate_series(1, 10) i');
    await other.query('SELECT pg_sleep(0.05)');
    await other.query('COMMIT');
    expect(await asked).to.deep.equal([[55, 1055]]);
    expect(await rows('SELECT min(n), max(n) FROM taken WHERE id <= 10')).to.deep.equal([[2, 2]]);
  });

  it('of arguments that FILTER leaves out nothing is computed', async () => {
    expect(
      await rows(
        'SELECT sum(10 / i) FILTER (WHERE i > 0)::int, count(10 / i) FILTER (WHERE i > 5)::int FROM generate_series(0, 10) i',
      ),
    ).to.deep.equal([[27, 5]]);
  });

  it('answer what the built-in aggregates answer, whatever the query and the memory', async () => {
    const seed = seedFrom();
    const random = randomOf(seed);
    const integer = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
    await client.query(`CREATE FUNCTION plus(bigint, int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1 + $2, $1, $2)';
      CREATE AGGREGATE made_sum(int) (SFUNC = plus, STYPE = bigint);
      CREATE AGGREGATE made_max(int) (SFUNC = int4larger, STYPE = int);
      CREATE AGGREGATE made_array(anycompatible) (SFUNC = array_append, STYPE = anycompatiblearray);
      CREATE AGGREGATE made_avg(int) (SFUNC = int4_avg_accum, STYPE = bigint[], FINALFUNC = int8_avg, INITCOND = '{0,0}');
      CREATE TABLE data (id int, k int, n int)`);
    await client.query(
      'INSERT INTO data SELECT i, (i * 7919) % $1, nullif((i * 104729) % 1000, 13) FROM generate_series(1, 6000) i',
      [integer(3, 4000)],
    );
    const pairs = [
      ['sum', 'made_sum'],
      ['max', 'made_max'],
      ['avg', 'made_avg'],
      ['array_agg', 'made_array'],
    ];
    const pick = <T>(list: readonly T[]): T => list[integer(0, list.length - 1)];
    for (let i = 0; i < 40; i++) {
      const [builtin, made] = pick(pairs);
      const inside = builtin === 'array_agg' ? ' ORDER BY id' : pick(['', '', ' ORDER BY n DESC, id']);
      const filter = pick(['', ' FILTER (WHERE n % 3 > 0)']);
      const window = pick([null, 'ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING', 'PARTITION BY k ORDER BY id']);
      const call = (name: string): string =>
        window === null
          ? `${name}(${inside === '' ? pick(['n', 'DISTINCT n']) : 'n'}${inside})${filter}`
          : `${name}(n)${filter} OVER (${window})`;
      const shown = call('?');
      const [a, b] = [builtin, made].map((name) => shown.replace('?', name));
      await client.query(`SET work_mem = '${pick(['64kB', '64MB'])}'`);
      const text =
        window === null
          ? `SELECT count(*)::int FROM (SELECT k, ${a} AS a, ${b} AS b FROM data GROUP BY k) q WHERE a IS DISTINCT FROM b`
          : `SELECT count(*)::int FROM (SELECT ${a} AS a, ${b} AS b FROM (SELECT * FROM data WHERE id <= 800) d) q WHERE a IS DISTINCT FROM b`;
      expect(await rows(text), `seed ${seed}: ${text}`).to.deep.equal([[0]]);
    }
  });
});
