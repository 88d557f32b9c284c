/** CONTEXT of errors inside functions: which function, which statement, and where in the body. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

describe('errors inside functions', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  before(async () => {
    scratch = await createScratchDatabase();
    client = new pg.Client(scratch.connection);
    await client.connect();
    await client.query(`CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 0);
      CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT $1 / b FROM t WHERE a = 1';
      CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT f($1) + count(*)::int FROM t';
      CREATE PROCEDURE p(int) LANGUAGE sql AS 'UPDATE t SET b = 0; INSERT INTO t VALUES ($1, 1)'`);
    await client.query('SET check_function_bodies = off');
    await client.query(`CREATE FUNCTION bad(int) RETURNS int LANGUAGE sql AS 'SELECT nope FROM t';
      CREATE FUNCTION worse(int) RETURNS int LANGUAGE sql AS 'SELECT 1; SELEC nope';
      CREATE FUNCTION many(int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1 / x FROM generate_series($1, 2) x'`);
  });
  after(async () => {
    await client.end();
    await scratch.drop();
  });

  const errorOf = async (text: string): Promise<Partial<pg.DatabaseError>> =>
    client.query(text).then(
      () => ({}),
      (error: pg.DatabaseError) => error,
    );

  for (const [text, message, where] of [
    ['SELECT f(3)', 'division by zero', 'SQL function "f" statement 2'],
    ['SELECT g(3)', 'division by zero', 'SQL function "f" statement 2\nSQL function "g" statement 1'],
    ['CALL p(1)', 'duplicate key value violates unique constraint "t_pkey"', 'SQL function "p" statement 2'],
    ['SELECT many(0)', 'division by zero', 'SQL function "many" statement 1'],
    ['SELECT bad(1)', 'column "nope" does not exist', 'SQL function "bad" during inlining'],
    ['SELECT worse(1)', 'syntax error at or near "SELEC"', 'SQL function "worse" during inlining'],
  ]) {
    it(text, async () => {
      const error = await errorOf(text);
      expect([error.message, error.where]).to.deep.equal([message, where]);
    });
  }

  it('say where they are in the body, not in the statement', async () => {
    const error = await errorOf('SELECT bad(1)');
    expect([error.position, error.internalPosition, error.internalQuery]).to.deep.equal([
      undefined,
      '8',
      'SELECT nope FROM t',
    ]);
  });

  it('are none of those outside', async () => {
    expect((await errorOf('SELECT f(1 / 0)')).where).to.equal(undefined);
    expect((await errorOf('SELECT 1 / 0')).where).to.equal(undefined);
  });
});
