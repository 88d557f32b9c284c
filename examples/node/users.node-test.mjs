/** For node's own runner: DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres node --test examples/node/users.node-test.mjs */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { useFork } from './hotrow-fork.mjs';

describe('users', () => {
  const db = useFork(process.env.DATABASE_URL, { before, afterEach, after });

  for (const time of ['first', 'second']) {
    it(`are deleted, the ${time} time`, async () => {
      const { rowCount } = await db.query('DELETE FROM users');
      assert.equal(rowCount, 2);
    });
  }
});
