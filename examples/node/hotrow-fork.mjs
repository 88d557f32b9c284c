/**
 * A private copy of a hotrow database for a file of tests, as it was when the file began, after each test again. Over node-postgres;
 * for mocha, jest, vitest and node:test. See README.md beside this folder.
 *
 *     const db = useFork(process.env.DATABASE_URL);
 *     it('...', async () => { await db.query('INSERT INTO users ...') });
 *
 * db.url is for the program under test: every connection to it is to the same copy. Between two tests no transaction may be open.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Names of databases are cut behind so many bytes. */
const NAME_BYTES_MAX = 63;

/** What the connection string names, with a private name behind it. */
export function forkUrl(url) {
  const fork = new URL(url);
  const base = decodeURIComponent(fork.pathname.slice(1)) || decodeURIComponent(fork.username);
  const name = `${base}@${randomBytes(8).toString('hex')}`;
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new Error(`the name of the database is too long: ${base}`);
  fork.pathname = `/${name}`;
  return fork.href;
}

export class Fork {
  constructor(url) {
    this.url = forkUrl(url);
    this.client = new pg.Client({ connectionString: this.url });
  }

  /** From here on the copy is there, until `end`, or the end of this process. */
  async begin() {
    await this.client.connect();
  }

  query(text, values) {
    return this.client.query(text, values);
  }

  /** Everything is as it was at `begin`: rows, definitions, sequences. */
  async reset() {
    await this.client.query('ROLLBACK');
    await this.client.query('SELECT hotrow_reset()');
  }

  async end() {
    await this.client.end();
  }
}

/**
 * To be called where tests are declared: at the top of a file, or in a describe. `hooks`: beforeAll (or before), afterEach and afterAll (or
 * after), if they are not global.
 */
export function useFork(url, hooks = globalThis) {
  const fork = new Fork(url);
  const beforeAll = hooks.beforeAll ?? hooks.before;
  const afterAll = hooks.afterAll ?? hooks.after;
  beforeAll(() => fork.begin());
  hooks.afterEach(() => fork.reset());
  afterAll(() => fork.end());
  return fork;
}
