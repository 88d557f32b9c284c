/** For mocha: DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres npx mocha examples/node/users.mocha.mjs */
import assert from 'node:assert/strict';
import pg from 'pg';
import { useFork } from './hotrow-fork.mjs';

describe('users', () => {
  const db = useFork(process.env.DATABASE_URL);

  it('are added', async () => {
    const { rows } = await db.query("INSERT INTO users (email) VALUES ('new@example.org') RETURNING id");
    assert.equal(rows[0].id, '3');
  });

  it('are not seen by the next test, which gets the same number again', async () => {
    const { rows } = await db.query("INSERT INTO users (email) VALUES ('new@example.org') RETURNING id");
    assert.equal(rows[0].id, '3');
  });

  it('can be migrated', async () => {
    await db.query('ALTER TABLE users ADD name text; DROP INDEX IF EXISTS users_name; TRUNCATE users');
  });

  it('are the old ones after that', async () => {
    const { rows, fields } = await db.query('SELECT * FROM users ORDER BY id');
    assert.deepEqual(
      fields.map((field) => field.name),
      ['id', 'email', 'balance'],
    );
    assert.equal(rows.length, 2);
  });

  it('are those that the program under test works with', async () => {
    const pool = new pg.Pool({ connectionString: db.url });
    await pool.query('UPDATE users SET balance = 0');
    const { rows } = await db.query('SELECT sum(balance)::int AS sum FROM users');
    assert.equal(rows[0].sum, 0);
    await pool.end();
  });

  it('survive a test that leaves a transaction open', async () => {
    await db.query('BEGIN');
    await db.query('DELETE FROM users');
  });

  it('are there again', async () => {
    const { rows } = await db.query('SELECT sum(balance)::int AS sum FROM users');
    assert.equal(rows[0].sum, 150);
  });
});
