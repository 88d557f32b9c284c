/** Sessions of forks: who shares one, what they never wait for, who is refused, and when a fork goes. */
import { expect } from 'chai';
import pg from 'pg';
import { setPassword } from '../../../bin/set-password.ts';
import { PagedServer } from '../../support/paged-server.ts';

type Values = (string | number | boolean | null)[][];

describe('sessions of forks', () => {
  let server: PagedServer;
  let base: pg.Client;
  const clients: pg.Client[] = [];

  before(async () => {
    server = await PagedServer.start({ settings: { max_connections: '400', shared_buffers: '16MB' } });
  });
  after(() => server.stop());
  beforeEach(async () => {
    base = await connect('postgres');
    await base.query(
      'DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, $$one$$)',
    );
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => {});
    await untilForks(0);
  });

  function clientOf(database: string, more: pg.ClientConfig = {}): pg.Client {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database, ...more });
    client.on('error', () => {});
    return client;
  }

  async function connect(database: string, more: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = clientOf(database, more);
    await client.connect();
    clients.push(client);
    return client;
  }

  async function end(client: pg.Client): Promise<void> {
    clients.splice(clients.indexOf(client), 1);
    await client.end();
  }

  async function values(client: pg.Client, text: string): Promise<Values> {
    return (await client.query({ text, rowMode: 'array' })).rows as unknown as Values;
  }

  async function refused(database: string, more: pg.ClientConfig = {}): Promise<string> {
    const client = clientOf(database, more);
    const answer = await client.connect().then(
      () => 'connected',
      (error) => `${error.code} ${error.message}`,
    );
    await client.end().catch(() => {});
    return answer;
  }

  async function failure(client: pg.Client, text: string): Promise<string> {
    return client.query(text).then(
      () => 'no error',
      (error) => `${error.code} ${error.message}`,
    );
  }

  async function untilForks(count: number): Promise<void> {
    while (server.database.forks.count !== count) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  const ROWS = 'SELECT id, v FROM t ORDER BY id';

  it('of which a database that is dropped or renamed had some a moment ago are waited for', async () => {
    await base.query('CREATE DATABASE shop');
    for (let i = 0; i < 20; i++) {
      const client = await connect('shop');
      await client.query('BEGIN; CREATE TABLE u AS SELECT g FROM generate_series(1, 1000) g');
      const ending = end(client);
      await base.query('ALTER DATABASE shop RENAME TO other');
      await base.query('ALTER DATABASE other RENAME TO shop');
      await ending;
    }
    const [stays, goes] = [await connect('shop'), await connect('shop')];
    const dropping = base.query('DROP DATABASE shop');
    await end(goes);
    await end(stays);
    await dropping;
    await base.query('CREATE DATABASE shop');
    await connect('shop');
    await base.query('DROP DATABASE shop WITH (FORCE)');
    expect(await values(base, "SELECT count(*)::int FROM pg_database WHERE datname = 'shop'")).to.deep.equal([[0]]);
  });

  it('that stay keep a database from being dropped', async () => {
    await base.query('CREATE DATABASE used');
    const user = await connect('used');
    expect(await failure(base, 'DROP DATABASE used')).to.equal(
      '55006 database "used" is being accessed by other users',
    );
    const dropping = failure(base, 'DROP DATABASE used');
    const other = await connect('postgres');
    await other.query(
      "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DROP DATABASE%' AND pid <> pg_backend_pid()",
    );
    expect(await dropping).to.equal('57014 canceling statement due to user request');
    await end(user);
    await base.query('DROP DATABASE used');
  });

  describe('share a fork', () => {
    it('by its name, until the last has gone; then the name begins anew', async () => {
      const [a, b] = [await connect('postgres@one'), await connect('postgres@one')];
      await a.query("INSERT INTO t VALUES (2, 'two')");
      expect(await values(b, ROWS)).to.deep.equal([
        [1, 'one'],
        [2, 'two'],
      ]);
      expect(await values(base, ROWS)).to.deep.equal([[1, 'one']]);
      await end(a);
      expect(await values(b, ROWS)).to.deep.equal([
        [1, 'one'],
        [2, 'two'],
      ]);
      await end(b);
      await untilForks(0);
      expect(await values(await connect('postgres@one'), ROWS)).to.deep.equal([[1, 'one']]);
    });

    it('find by an index what the base has changed twice since, and swept', async () => {
      await base.query("INSERT INTO t SELECT g, 'old' FROM generate_series(2, 300) g");
      const fork = await connect('postgres@one');
      await base.query("UPDATE t SET v = 'new'");
      await base.query('VACUUM t');
      await base.query('UPDATE t SET id = id + 1000 WHERE id < 150');
      await base.query('DELETE FROM t WHERE id < 300');
      await base.query('VACUUM t');
      await fork.query('SET enable_seqscan = off; SET enable_bitmapscan = off');
      expect(await values(fork, 'SELECT count(*)::int FROM t WHERE id > 0')).to.deep.equal([[300]]);
    });

    it('leave no index entries that were kept for them, of indexes that went meanwhile either', async () => {
      const { indexMemory } = server.database.engine;
      await base.query("INSERT INTO t SELECT g, 'old' FROM generate_series(2, 300) g; CREATE INDEX t_v ON t (v)");
      const fork = await connect('postgres@one');
      expect(await values(fork, "SELECT count(*)::int FROM t WHERE v = 'old'")).to.deep.equal([[299]]);
      await base.query("UPDATE t SET v = 'new'");
      await base.query('VACUUM t');
      await base.query('DROP INDEX t_v');
      expect(indexMemory.unlimited().usedBytes).to.be.greaterThan(0);
      await end(fork);
      await untilForks(0);
      expect(indexMemory.unlimited().usedBytes).to.equal(0);
    });

    it('leave none either of other databases, which may have been dropped meanwhile', async () => {
      const { engine } = server.database;
      const used = engine.indexMemory.usedBytes;
      const leave = async (client: pg.Client): Promise<void> => {
        await end(client);
        while ((server.database.databaseByName(String(client.database))?.sessionCount ?? 0) > 0)
          await new Promise(setImmediate);
      };
      const fork = await connect('postgres@one');
      for (const name of ['other', 'dropped']) {
        await base.query(`CREATE DATABASE ${name}`);
        const client = await connect(name);
        await client.query(
          'CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u SELECT g FROM generate_series(1, 300) g',
        );
        await fork.query('SELECT FROM t WHERE id = 1');
        await (await connect('postgres@two')).query('SELECT FROM t WHERE id = 1');
        await client.query('UPDATE u SET id = id + 1000');
        await client.query('VACUUM u');
        await leave(client);
      }
      await base.query('DROP DATABASE dropped');
      for (const client of [...clients]) if (client !== base) await end(client);
      await untilForks(0);
      expect(engine.indexMemory.unlimited().usedBytes).to.equal(0);
      await base.query('DROP DATABASE other');
      expect(engine.indexMemory.usedBytes).to.equal(used);
    });

    it('a fork of a fork goes on without it', async () => {
      const parent = await connect('postgres@one');
      await parent.query("UPDATE t SET v = 'of the parent'");
      const child = await connect('postgres@one@two');
      await parent.query("UPDATE t SET v = 'later'");
      await end(parent);
      await untilForks(1);
      expect(await values(child, ROWS)).to.deep.equal([[1, 'of the parent']]);
      await child.query('CREATE INDEX ON t (v); INSERT INTO t SELECT g, $$x$$ FROM generate_series(2, 300) g');
      expect(await values(child, "SELECT count(*)::int FROM t WHERE v = 'x'")).to.deep.equal([[299]]);
    });

    it('have roles and settings of their own', async () => {
      const fork = await connect('postgres@one');
      await fork.query('CREATE ROLE of_the_fork; ALTER TABLE t OWNER TO of_the_fork');
      expect(await values(base, "SELECT count(*)::int FROM pg_roles WHERE rolname = 'of_the_fork'")).to.deep.equal([
        [0],
      ]);
      expect(await values(fork, "SELECT tableowner FROM pg_tables WHERE tablename = 't'")).to.deep.equal([
        ['of_the_fork'],
      ]);
      expect(
        await values(
          fork,
          'SELECT current_database(), count(*)::int FROM pg_database WHERE datname = current_database()',
        ),
      ).to.deep.equal([['postgres@one', 1]]);
      expect(await values(base, "SELECT count(*)::int FROM pg_database WHERE datname LIKE '%@%'")).to.deep.equal([[0]]);
    });
  });

  describe('never wait for another branch', () => {
    it('nor for its row locks and uncommitted rows', async () => {
      await base.query("BEGIN; UPDATE t SET v = 'changed' WHERE id = 1; INSERT INTO t VALUES (5, 'five')");
      const fork = await connect('postgres@one');
      expect(await values(fork, ROWS)).to.deep.equal([[1, 'one']]);
      await fork.query('SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT');
      await fork.query("UPDATE t SET v = 'of the fork' WHERE id = 1; INSERT INTO t VALUES (5, 'mine')");
      await fork.query('BEGIN; DELETE FROM t WHERE id = 1');
      await base.query('COMMIT');
      expect(await values(base, ROWS)).to.deep.equal([
        [1, 'changed'],
        [5, 'five'],
      ]);
      await fork.query('ROLLBACK');
      expect(await values(fork, ROWS)).to.deep.equal([
        [1, 'of the fork'],
        [5, 'mine'],
      ]);
      expect(await failure(fork, "INSERT INTO t VALUES (5, 'again')")).to.match(/^23505 /);
    });

    it('nor for table locks, advisory locks and definitions', async () => {
      const fork = await connect('postgres@one');
      await base.query(
        'BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; SELECT pg_advisory_xact_lock(7); ALTER TABLE t ADD w int',
      );
      await fork.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE NOWAIT');
      expect(await values(fork, 'SELECT pg_try_advisory_xact_lock(7)')).to.deep.equal([[true]]);
      await fork.query('ALTER TABLE t DROP v; COMMIT');
      await base.query('COMMIT');
      expect(await values(base, 'SELECT * FROM t')).to.deep.equal([[1, 'one', null]]);
      expect(await values(fork, 'SELECT * FROM t')).to.deep.equal([[1]]);
    });

    it('and meet no conflicts of it: snapshots and serializable transactions are of one branch', async () => {
      const fork = await connect('postgres@one');
      await fork.query('BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM t');
      await base.query("UPDATE t SET v = 'changed'");
      await fork.query("UPDATE t SET v = 'of the fork'; COMMIT");
      const other = await connect('postgres@one');
      await fork.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t');
      await other.query("UPDATE t SET v = 'by another'");
      expect(await failure(fork, "UPDATE t SET v = 'too late'")).to.match(/^40001 /);
      await fork.query('ROLLBACK');
    });

    it('and hear only what is said in their own', async () => {
      const fork = await connect('postgres@one');
      const sibling = await connect('postgres@one');
      const heard: string[] = [];
      for (const [name, client] of [
        ['base', base],
        ['fork', fork],
        ['sibling', sibling],
      ] as const) {
        client.on('notification', ({ payload }) => heard.push(`${name}: ${payload}`));
        await client.query('LISTEN news');
      }
      await fork.query("NOTIFY news, 'in the fork'");
      await base.query("NOTIFY news, 'in the base'");
      for (const client of [base, fork, sibling]) await client.query('SELECT 1');
      expect(heard.sort()).to.deep.equal(['base: in the base', 'fork: in the fork', 'sibling: in the fork']);
    });
  });

  describe('are refused', () => {
    it('without a base (3D000)', async () => {
      for (const name of ['nowhere@one', '@one', 'postgres@', '@', 'postgres@one@', 'postgres@gone@two', 'a@b@c']) {
        expect(await refused(name), name).to.equal(`3D000 database "${name}" does not exist`);
      }
      expect(server.database.forks.count).to.equal(0);
    });

    it('with a name that would be cut, where it could be the name of another (42622)', async () => {
      const name = `postgres@${'x'.repeat(54)}`;
      expect(await refused(name)).to.equal('connected');
      expect(await refused(`${name}y`)).to.equal(`42622 name of fork "${name}y" is too long`);
      await untilForks(0);
    });

    it('where the base takes no connections (55000)', async () => {
      expect(await refused('template0@one')).to.equal(
        '55000 database "template0" is not currently accepting connections',
      );
      expect(server.database.forks.count).to.equal(0);
    });

    it('without a role, or with one that may not log in (28000)', async () => {
      await base.query('CREATE ROLE sleeper');
      expect(await refused('postgres@one', { user: 'nobody' })).to.equal('28000 role "nobody" does not exist');
      expect(await refused('postgres@one', { user: 'sleeper' })).to.equal(
        '28000 role "sleeper" is not permitted to log in',
      );
      await base.query('DROP ROLE sleeper');
      expect(server.database.forks.count).to.equal(0);
    });

    it('with settings that do not exist or do not fit, and leave no fork behind', async () => {
      expect(await refused('postgres@one', { options: '-c work_mem=much' })).to.match(
        /^22023 invalid value for parameter/,
      );
      expect(await refused('postgres@one', { options: '-c no_such=1' })).to.match(/^42704 unrecognized configuration/);
      expect(server.database.forks.count).to.equal(0);
    });

    it('whatever the limit of the base says, as a fork has none', async () => {
      await base.query('CREATE DATABASE narrow CONNECTION LIMIT 0; CREATE ROLE guest LOGIN'.split(';')[0]);
      await base.query('CREATE ROLE guest LOGIN');
      expect(await refused('narrow', { user: 'guest' })).to.equal('53300 too many connections for database "narrow"');
      await end(await connect('narrow@one', { user: 'guest' }));
      await untilForks(0);
      await base.query('DROP DATABASE narrow');
      await base.query('DROP ROLE guest');
    });
  });

  describe('hotrow_reset()', () => {
    it('takes the fork back to its beginning, and only a fork', async () => {
      const fork = await connect('postgres@one');
      await fork.query(
        "DELETE FROM t; ALTER TABLE t ADD w int; CREATE TABLE u (); INSERT INTO t VALUES (9, 'nine', 9)",
      );
      await fork.query('SELECT hotrow_reset()');
      expect(await values(fork, 'SELECT * FROM t')).to.deep.equal([[1, 'one']]);
      expect(await failure(fork, 'SELECT * FROM u')).to.equal('42P01 relation "u" does not exist');
      expect(await failure(base, 'SELECT hotrow_reset()')).to.equal('55000 database "postgres" is not a fork');
    });

    it('is refused while something else is under way', async () => {
      const [fork, other] = [await connect('postgres@one'), await connect('postgres@one')];
      await fork.query('BEGIN');
      expect(await failure(fork, 'SELECT hotrow_reset()')).to.match(/^25001 /);
      await fork.query('ROLLBACK');
      await other.query('BEGIN; DELETE FROM t');
      expect(await failure(fork, 'SELECT hotrow_reset()')).to.match(/^55006 /);
      await other.query('ROLLBACK');
      const child = await connect('postgres@one@two');
      expect(await failure(fork, 'SELECT hotrow_reset()')).to.match(/^55006 /);
      await end(child);
      await untilForks(1);
      await fork.query('SELECT hotrow_reset()');
    });

    it('leaves prepared statements good, unique indexes too', async () => {
      const fork = await connect('postgres@one');
      const insert = { name: 'insert', text: 'INSERT INTO t VALUES ($1, $2)' };
      for (let i = 0; i < 4; i++) {
        await fork.query({ ...insert, values: [2, 'two'] });
        const again = await fork.query({ ...insert, values: [2, 'two'] }).catch((error) => error.code);
        expect(again).to.equal('23505');
        expect(await values(fork, ROWS)).to.deep.equal([
          [1, 'one'],
          [2, 'two'],
        ]);
        await fork.query('SELECT hotrow_reset()');
      }
    });

    it('keeps indexes that nobody had used before the fork', async () => {
      await base.query('CREATE TABLE unused (id int PRIMARY KEY)');
      const fork = await connect('postgres@one');
      await fork.query('SET enable_seqscan = off; SELECT FROM unused WHERE id = 1');
      await fork.query('SELECT hotrow_reset()');
      await fork.query('INSERT INTO unused VALUES (1)');
      const child = await connect('postgres@one@two');
      await child.query('SET enable_seqscan = off');
      expect(await values(child, 'SELECT id FROM unused WHERE id = 1')).to.deep.equal([[1]]);
      expect(await values(fork, 'SELECT id FROM unused WHERE id = 1')).to.deep.equal([[1]]);
      await base.query('DROP TABLE unused');
    });

    it('in a database that was made from a template, leaves the list of databases as it is', async () => {
      await base.query('CREATE DATABASE copied TEMPLATE postgres');
      const copy = await connect('copied');
      await copy.query('DELETE FROM t');
      await base.query('CREATE ROLE later');
      await copy.query('SELECT hotrow_reset()');
      expect(await values(copy, ROWS)).to.deep.equal([[1, 'one']]);
      expect(await values(await connect('copied'), ROWS)).to.deep.equal([[1, 'one']]);
      expect(await values(base, "SELECT count(*)::int FROM pg_roles WHERE rolname = 'later'")).to.deep.equal([[1]]);
      for (const client of clients.filter(({ database }) => database === 'copied')) await end(client);
      await base.query('DROP ROLE later');
      await base.query('DROP DATABASE copied WITH (FORCE)');
    });
  });

  describe('end', () => {
    it('with a socket that goes in the middle of a statement', async () => {
      const fork = await connect('postgres@one');
      await fork.query('BEGIN; DELETE FROM t');
      const lost = fork.query('SELECT count(*) FROM generate_series(1, 100000000)').catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
      (fork as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await lost;
      await untilForks(0);
      expect(await values(base, ROWS)).to.deep.equal([[1, 'one']]);
    });

    it('by pg_terminate_backend from the base', async () => {
      const fork = await connect('postgres@one');
      const [[processId]] = await values(fork, 'SELECT pg_backend_pid()');
      await fork.query('INSERT INTO t SELECT g FROM generate_series(2, 5000) g');
      await base.query(`SELECT pg_terminate_backend(${processId})`);
      await untilForks(0);
      expect(server.database.engine.pool.mainBranch.archive.count).to.equal(0);
    });

    it('three hundred at once, each with its own', async () => {
      const forks = await Promise.all(Array.from({ length: 300 }, (_, i) => connect(`postgres@f${i}`)));
      expect(server.database.forks.count).to.equal(300);
      await Promise.all(forks.map((fork, i) => fork.query(`INSERT INTO t VALUES (${i + 2}, 'mine')`)));
      await base.query("UPDATE t SET v = 'changed'");
      const seen = await Promise.all(forks.map((fork) => values(fork, ROWS)));
      expect(seen).to.deep.equal(
        forks.map((_, i) => [
          [1, 'one'],
          [i + 2, 'mine'],
        ]),
      );
      await Promise.all(forks.map(end));
      await untilForks(0);
      expect(await values(base, ROWS)).to.deep.equal([[1, 'changed']]);
      expect(server.database.engine.pool.mainBranch.archive.count).to.equal(0);
    });
  });

  for (const dataDirectory of [null, '/data']) {
    it(`end with their server, ${dataDirectory === null ? 'in memory' : 'with a data directory'}`, async () => {
      const other = await PagedServer.start({ dataDirectory });
      const connection = { host: '127.0.0.1', port: other.port, user: 'postgres' };
      const open: pg.Client[] = [];
      for (const database of ['postgres', 'postgres@one', 'postgres@one@two', 'postgres@three']) {
        const client = new pg.Client({ ...connection, database });
        client.on('error', () => {});
        await client.connect();
        open.push(client);
        await client.query('CREATE TABLE IF NOT EXISTS t (a int); BEGIN; INSERT INTO t VALUES (1)');
      }
      await other.stop();
      expect(other.database.forks.count).to.equal(0);
      for (const client of open) await client.end().catch(() => {});
    });
  }
});

describe('roles of forks', () => {
  let server: PagedServer;

  before(async () => {
    server = await PagedServer.start({ authMethod: 'scram-sha-256' });
    await setPassword(server.database, 'postgres', 'secret');
  });
  after(() => server.stop());

  async function connect(user: string, password: string, database: string): Promise<pg.Client> {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user, password, database });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  it('log in to them, with their passwords there', async () => {
    const base = await connect('postgres', 'secret', 'postgres');
    const fork = await connect('postgres', 'secret', 'postgres@one');
    await fork.query(`CREATE ROLE guest LOGIN PASSWORD 'of the fork'; ALTER ROLE postgres PASSWORD 'changed'`);
    const guest = await connect('guest', 'of the fork', 'postgres@one');
    expect((await guest.query('SELECT current_user, current_database()')).rows[0]).to.deep.equal({
      current_user: 'guest',
      current_database: 'postgres@one',
    });
    // In a fork of it, too; nowhere else.
    const deeper = await connect('guest', 'of the fork', 'postgres@one@two');
    const refused = async (user: string, password: string, database: string): Promise<string> =>
      connect(user, password, database).then(
        () => 'connected',
        (error) => error.code,
      );
    expect(await refused('guest', 'of the fork', 'postgres')).to.equal('28P01');
    expect(await refused('guest', 'of the fork', 'postgres@three')).to.equal('28P01');
    expect(await refused('postgres', 'secret', 'postgres@one')).to.equal('28P01');
    expect(await refused('postgres', 'changed', 'postgres')).to.equal('28P01');
    const owner = await connect('postgres', 'changed', 'postgres@one');
    for (const client of [owner, deeper, guest, fork, base]) await client.end();
  });
});
