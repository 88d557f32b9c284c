/**
 * For jest: DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres NODE_OPTIONS=--experimental-vm-modules \
 *   npx jest --rootDir examples/node/jest
 */
import { useFork } from '../hotrow-fork.mjs';

describe('users', () => {
  const db = useFork(process.env.DATABASE_URL);

  it('are added', async () => {
    const { rows } = await db.query("INSERT INTO users (email) VALUES ('new@example.org') RETURNING id");
    expect(rows).toEqual([{ id: '3' }]);
  });

  it('are not seen by the next test, which gets the same number again', async () => {
    const { rows } = await db.query("INSERT INTO users (email) VALUES ('new@example.org') RETURNING id");
    expect(rows).toEqual([{ id: '3' }]);
  });

  it('survive a test that leaves a transaction open', async () => {
    await db.query('BEGIN');
    await db.query('DELETE FROM users');
  });

  it('are there again', async () => {
    const { rows } = await db.query('SELECT sum(balance)::int AS sum FROM users');
    expect(rows).toEqual([{ sum: 150 }]);
  });
});
