/**
 * Rows before one that fails are shown before the error, as in PostgreSQL, which computes a row when it is asked for: in statements that
 * come once and in those that come often, in both protocols, from cursors, in COPY. What sorts or groups shows none.
 */
import { expect } from 'chai';
import pg from 'pg';
import { queryCanceled, sessionTerminated } from '../../executor/context.ts';
import { HeldError } from '../../executor/operators/held-error.ts';
import { SqlError } from '../../types/errors.ts';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

/** In a table of the numbers from 1 to 1000 the 500th fails. */
const QUERIES: readonly (readonly [what: string, sql: string, rows: number])[] = [
  ['a target of a scan', 'SELECT 1 / (x - 500) FROM t', 499],
  ['a condition of a scan', 'SELECT x FROM t WHERE 1 / (x - 500) < 5', 499],
  ['a cast', "SELECT (CASE WHEN x = 500 THEN 'a' ELSE x::text END)::int FROM t", 499],
  ['an index scan', 'SELECT 1 / (x - 500) FROM t WHERE x > 100 ORDER BY x', 399],
  ['a list of keys', 'SELECT 1 / (x - 500) FROM t WHERE x = ANY (ARRAY(SELECT generate_series(490, 510)))', 10],
  ['a projection over a sort', 'SELECT 1 / (y - 500) FROM (SELECT y FROM t ORDER BY y OFFSET 0) s', 499],
  ['rows of a function', 'SELECT 1 / (g - 500) FROM generate_series(1, 1000) g', 499],
  ['sets in a select list', 'SELECT generate_series(1, 3), 1 / (x - 500) FROM t', 1497],
  ['a hash join', 'SELECT 1 / (t.x - 500) FROM t JOIN u ON t.x = u.x', 499],
  ['a condition of a join', 'SELECT t.x FROM t LEFT JOIN u ON t.x = u.x AND 1 / (t.x + u.x - 1000) < 5', 499],
  ['a nested loop', 'SELECT 1 / (t.x - 500) FROM t, LATERAL (SELECT * FROM u WHERE u.x = t.x OFFSET 0) v', 499],
  ['a semi-join', 'SELECT 1 / (x - 500) FROM t WHERE EXISTS (SELECT FROM u WHERE u.x = t.x)', 499],
  ['UNION ALL', 'SELECT 1 UNION ALL SELECT 1 / (x - 500) FROM t', 500],
  ['a scan of a CTE', 'WITH c AS MATERIALIZED (SELECT x FROM t) SELECT 1 / (x - 500) FROM c', 499],
  ['what makes a CTE', 'WITH c AS MATERIALIZED (SELECT 1 / (x - 500) AS y FROM t) SELECT y FROM c', 499],
  [
    'a recursive query',
    'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE 1 / (n - 500) < 5) SELECT n FROM r',
    500,
  ],
  ['a subquery of a target', 'SELECT (SELECT 1 / (t.x - 500)) FROM t', 499],
  ['above a window', 'SELECT 1 / (row_number() OVER (ORDER BY x) - 500) FROM t', 499],
  ['a function of SQL', 'SELECT f(x) FROM t', 499],
  ['a domain', 'SELECT x::not_500 FROM t', 499],
  ['rows that are locked', 'SELECT 1 / (x - 500) FROM t FOR UPDATE', 499],
  ['rows of VALUES', 'SELECT 1 / (v - 2) FROM (VALUES (1), (2), (3)) v(v)', 1],
  ['LIMIT behind it', 'SELECT 1 / (x - 500) FROM t LIMIT 500', 499],
  ['OFFSET before it', 'SELECT 1 / (x - 500) FROM t OFFSET 490', 9],
  ['a number from a sequence', "SELECT nextval('counter'), 1 / (x - 500) FROM t", 499],
  ['a sort', 'SELECT 1 / (x - 500) AS y FROM t ORDER BY y', 0],
  ['an aggregate', 'SELECT sum(1 / (x - 500)) FROM t', 0],
  ['RETURNING', 'UPDATE t SET y = y RETURNING 1 / (x - 500)', 0],
  ['RETURNING of what fails before it', 'INSERT INTO w SELECT 1 / (x - 500) FROM t RETURNING *', 0],
];

describe('an error behind rows', () => {
  const shown = { holdsErrors: true };

  it("waits for them, where it is a row's", () => {
    const held = new HeldError();
    expect(held.hold(shown, new SqlError('22012', 'division by zero'), 3)).to.equal(3);
    expect(() => held.meet()).to.throw('division by zero');
  });

  it('does not wait, where it ends the statement or the session from outside: LIMIT would leave it behind', () => {
    for (const error of [queryCanceled('statement timeout'), sessionTerminated()])
      expect(() => new HeldError().hold(shown, error, 3)).to.throw(error.message);
  });
});

describe('rows before one that fails', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  before(async () => {
    scratch = await createScratchDatabase();
    client = new pg.Client(scratch.connection);
    await client.connect();
    await client.query(`CREATE TABLE t (x int PRIMARY KEY, y int); INSERT INTO t SELECT i, i FROM generate_series(1, 1000) i;
      CREATE TABLE u AS SELECT * FROM t ORDER BY x; CREATE TABLE w (z int CHECK (z < 0)); CREATE SEQUENCE counter;
      CREATE FUNCTION f(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 / ($1 - 500)';
      CREATE DOMAIN not_500 AS int CHECK (VALUE <> 500); ANALYZE t; ANALYZE u`);
  });
  after(async () => {
    await client.end();
    await scratch.drop();
  });

  /** The rows that have come, and the error's code. */
  function run(text: string, options: object = {}): Promise<{ rows: number; code: string }> {
    return new Promise((resolve) => {
      let rows = 0;
      const query = new pg.Query({ text, ...options } as pg.QueryConfig);
      query.on('row', () => rows++);
      query.on('end', () => resolve({ rows, code: '' }));
      query.on('error', (error) => resolve({ rows, code: (error as pg.DatabaseError).code ?? '' }));
      client.query(query);
    });
  }

  for (const [what, sql, expected] of QUERIES) {
    it(what, async () => {
      // Statements that come often have code of their own (program.ts).
      for (let round = 0; round < 25; round++) {
        await client.query('BEGIN');
        const isExtended = round % 2 === 1;
        const { rows, code } = await run(sql, isExtended ? { values: [], queryMode: 'extended' } : {});
        await client.query('ROLLBACK');
        expect(rows, `round ${round}`).to.equal(expected);
        expect(['22012', '22P02', '23514']).to.include(code);
      }
    });
  }

  it('numbers from a sequence are taken for the rows up to it', async () => {
    await client.query("SELECT setval('counter', 1000)");
    await run("SELECT nextval('counter'), 1 / (x - 500) FROM t");
    expect((await client.query('SELECT last_value::int FROM counter')).rows).to.deep.equal([{ last_value: 1500 }]);
  });

  it('cursors give them, and fail when more is asked for', async () => {
    for (let round = 0; round < 25; round++) {
      await client.query('BEGIN; DECLARE c CURSOR FOR SELECT 1 / (x - 500) FROM t');
      expect((await client.query('FETCH 400 FROM c')).rows).to.have.length(400);
      expect((await client.query('FETCH 99 FROM c')).rows).to.have.length(99);
      expect(await run('FETCH 1 FROM c')).to.deep.equal({ rows: 0, code: '22012' });
      await client.query('ROLLBACK');
    }
  });

  it('COPY writes them', async () => {
    for (let round = 0; round < 25; round++) {
      const text = 'COPY (SELECT x, 1 / (x - 500) FROM t) TO STDOUT';
      const lines = await new Promise<number>((resolve) => {
        let count = 0;
        const query = new pg.Query(text);
        Object.assign(query, { handleCopyData: () => count++, handleError: () => resolve(count) });
        client.query(query);
      });
      expect(lines, `round ${round}`).to.equal(499);
    }
  });

  it('what a row violates comes before what a later row fails in', async () => {
    expect((await run('INSERT INTO w SELECT 1 / (x - 500) + 1 FROM t')).code).to.equal('23514');
  });
});
