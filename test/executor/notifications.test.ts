/** LISTEN and NOTIFY: who hears what, in which order, and when. */
import { expect } from 'chai';
import pg from 'pg';
import { PagedServer } from '../support/paged-server.ts';

describe('LISTEN and NOTIFY', () => {
  let server: PagedServer;
  const clients: pg.Client[] = [];
  /** By client: what it heard, as channel:payload. */
  const heard = new Map<pg.Client, string[]>();
  before(async () => {
    server = await PagedServer.start();
  });
  after(() => server.stop());
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end();
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
    await client.connect();
    const list: string[] = [];
    heard.set(client, list);
    client.on('notification', ({ channel, payload }) => list.push(`${channel}:${payload}`));
    clients.push(client);
    return client;
  }

  /** All that is under way has arrived: one more round trip, and the turn after. */
  async function heardBy(client: pg.Client): Promise<string[]> {
    await client.query('SELECT 1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    return heard.get(client)!.splice(0);
  }

  async function failure(client: pg.Client, sql: string): Promise<string> {
    return client.query(sql).then(
      () => 'no error',
      (error) => `${error.code} ${error.message}`,
    );
  }

  it('tells all who listen, the sender too, with its process id', async () => {
    const [a, b, c] = [await connect(), await connect(), await connect()];
    await a.query('LISTEN news');
    await b.query('LISTEN "news"');
    const senders: number[] = [];
    b.on('notification', ({ processId }) => senders.push(processId));
    await a.query("NOTIFY news, 'hello'");
    await c.query('NOTIFY news');
    expect(await heardBy(a)).to.deep.equal(['news:hello', 'news:']);
    expect(await heardBy(b)).to.deep.equal(['news:hello', 'news:']);
    expect(await heardBy(c)).to.deep.equal([]);
    const pid = async (client: pg.Client): Promise<number> =>
      (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    expect(senders).to.deep.equal([await pid(a), await pid(c)]);
  });

  it('tells at commit, once for the same words, in the order they were said', async () => {
    const [a, b] = [await connect(), await connect()];
    await a.query('LISTEN x; LISTEN y');
    await b.query("BEGIN; NOTIFY x, '1'; NOTIFY y, '2'; NOTIFY x, '1'; SELECT pg_notify('x', '3')");
    expect(await heardBy(a)).to.deep.equal([]);
    await b.query('COMMIT');
    expect(await heardBy(a)).to.deep.equal(['x:1', 'y:2', 'x:3']);
  });

  it('says nothing of what was rolled back, whole or to a savepoint', async () => {
    const [a, b] = [await connect(), await connect()];
    await a.query('LISTEN x');
    await b.query("BEGIN; NOTIFY x, 'gone'; ROLLBACK");
    await b.query(
      "BEGIN; NOTIFY x, '1'; SAVEPOINT s; NOTIFY x, '2'; ROLLBACK TO s; NOTIFY x, '2'; NOTIFY x, '3'; COMMIT",
    );
    await b.query('BEGIN; LISTEN x; ROLLBACK');
    await b.query("NOTIFY x, 'end'");
    expect(await heardBy(a)).to.deep.equal(['x:1', 'x:2', 'x:3', 'x:end']);
    expect(await heardBy(b)).to.deep.equal([]);
  });

  it('waits for the end of the listener’s own transaction', async () => {
    const [a, b] = [await connect(), await connect()];
    await a.query('LISTEN x');
    await a.query('BEGIN');
    await b.query('NOTIFY x');
    expect(await heardBy(a)).to.deep.equal([]);
    await a.query('COMMIT');
    expect(await heardBy(a)).to.deep.equal(['x:']);
  });

  it('reaches an idle listener at once, and one that uses the extended protocol', async () => {
    const [a, b] = [await connect(), await connect()];
    await a.query('LISTEN x');
    const arrived = new Promise((resolve) => a.once('notification', resolve));
    await b.query('SELECT pg_notify($1, $2)', ['x', 'now']);
    await arrived;
    expect(await heardBy(a)).to.deep.equal(['x:now']);
  });

  it('ends with UNLISTEN, DISCARD ALL and the connection', async () => {
    const [a, b] = [await connect(), await connect()];
    const channels = async (): Promise<string[]> =>
      (await a.query('SELECT pg_listening_channels() AS c')).rows.map((row) => row.c);
    await a.query('LISTEN x; LISTEN y; LISTEN x');
    expect(await channels()).to.deep.equal(['x', 'y']);
    await a.query('UNLISTEN x');
    expect(await channels()).to.deep.equal(['y']);
    await a.query('LISTEN z; UNLISTEN *');
    expect(await channels()).to.deep.equal([]);
    await a.query('LISTEN x');
    await a.query('DISCARD ALL');
    await b.query('NOTIFY x; NOTIFY y');
    expect(await heardBy(a)).to.deep.equal([]);
    await a.query('LISTEN x');
    clients.splice(clients.indexOf(a), 1);
    await a.end();
    await b.query('NOTIFY x');
  });

  it('is a matter of one database', async () => {
    const a = await connect();
    await a.query('CREATE DATABASE other');
    const other = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'other' });
    await other.connect();
    await a.query('LISTEN x');
    await other.query('NOTIFY x');
    await other.end();
    expect(await heardBy(a)).to.deep.equal([]);
  });

  it('refuses what PostgreSQL refuses', async () => {
    const a = await connect();
    expect(await failure(a, "SELECT pg_notify('', 'x')")).to.equal('22023 channel name cannot be empty');
    expect(await failure(a, 'SELECT pg_notify(NULL, NULL)')).to.equal('22023 channel name cannot be empty');
    expect(await failure(a, "SELECT pg_notify(repeat('c', 64), '')")).to.equal('22023 channel name too long');
    expect(await failure(a, "SELECT pg_notify('c', repeat('x', 8000))")).to.equal('22023 payload string too long');
    await a.query("LISTEN c; SELECT pg_notify('c', repeat('x', 7999))");
    expect((await heardBy(a))[0]).to.have.length(8001);
  });
});
