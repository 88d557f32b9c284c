/** Transactions that begin with the snapshot of another one: pg_export_snapshot, SET TRANSACTION SNAPSHOT; the same against PostgreSQL. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';

describe('exported snapshots', () => {
  let scratch: ScratchDatabase;
  let clients: pg.Client[] = [];

  beforeEach(async () => {
    scratch = await createScratchDatabase({});
    clients = [];
    const first = await connect();
    await first.query('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
  });
  afterEach(async () => {
    for (const client of clients) await client.end();
    await scratch.drop();
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client(scratch.connection);
    clients.push(client);
    await client.connect();
    return client;
  }
  async function onlyValue(client: pg.Client, sql: string): Promise<unknown> {
    const { rows } = await client.query({ text: sql, rowMode: 'array' });
    return rows[0][0];
  }
  const sum = (client: pg.Client): Promise<unknown> => onlyValue(client, 'SELECT sum(a)::int FROM t');
  const exported = (client: pg.Client): Promise<unknown> => onlyValue(client, 'SELECT pg_export_snapshot()');
  async function importInto(client: pg.Client, id: unknown): Promise<void> {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query(`SET TRANSACTION SNAPSHOT '${id}'`);
  }
  async function failure(promise: Promise<unknown>): Promise<string | undefined> {
    return promise.then(
      () => undefined,
      (error: pg.DatabaseError) => error.code,
    );
  }

  it('show what was committed when they were taken, and nothing of the one that exported them', async () => {
    const [writer, reader] = [clients[0], await connect()];
    const other = await connect();
    await writer.query('BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO t VALUES (10)');
    const id = await exported(writer);
    await other.query('INSERT INTO t VALUES (100); UPDATE t SET a = 2 WHERE a = 1');
    await importInto(reader, id);
    expect(await sum(reader)).to.equal(1);
    await reader.query('INSERT INTO t VALUES (1000)');
    expect(await sum(reader), 'with what it writes itself').to.equal(1001);
    expect(await sum(writer)).to.equal(11);
    await writer.query('COMMIT');
    expect(await sum(reader), 'which the other, that has ended, does not change').to.equal(1001);
    await reader.query('COMMIT');
    expect(await sum(reader)).to.equal(1112);
  });

  it('keep old rows, whoever still needs them', async () => {
    const [first, second] = [clients[0], await connect()];
    const other = await connect();
    await first.query('BEGIN');
    const id = await exported(first);
    await importInto(second, id);
    await first.query('COMMIT');
    for (let i = 0; i < 50; i++) await other.query('UPDATE t SET a = a + 1');
    await other.query('VACUUM t');
    expect(await sum(second)).to.equal(1);
    await second.query('COMMIT');
    expect(await sum(second)).to.equal(51);
  });

  it('end with their transaction, committed or not', async () => {
    const [first, second] = [clients[0], await connect()];
    for (const end of ['COMMIT', 'ROLLBACK']) {
      await first.query('BEGIN');
      const id = await exported(first);
      await first.query(end);
      await second.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      expect(await failure(second.query(`SET TRANSACTION SNAPSHOT '${id}'`)), end).to.equal('22023');
      await second.query('ROLLBACK');
    }
    const alone = await exported(first);
    await second.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    expect(await failure(second.query(`SET TRANSACTION SNAPSHOT '${alone}'`))).to.equal('22023');
  });

  it('are of one database', async () => {
    await clients[0].query('BEGIN');
    const id = await exported(clients[0]);
    const elsewhere = await createScratchDatabase({});
    const client = new pg.Client(elsewhere.connection);
    try {
      await client.connect();
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      const code = await failure(client.query(`SET TRANSACTION SNAPSHOT '${id}'`));
      // Where each scratch database has a server of its own, the snapshot is not known there.
      expect(code).to.be.oneOf(['0A000', '22023']);
    } finally {
      await client.end();
      await elsewhere.drop();
    }
  });
});
