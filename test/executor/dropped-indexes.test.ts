/** Indexes that an open transaction has dropped, or made: what is swept meanwhile is swept from them, too. */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

describe('indexes that only some transactions see', () => {
  let server: DatabaseServer;
  let client: DirectClient;
  let other: DirectClient;

  beforeEach(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map([['shared_buffers', '1MB']]) });
    client = new DirectClient(server);
    other = new DirectClient(server);
    await client.rows(`CREATE TABLE u (); CREATE TABLE t (id int, code int); CREATE INDEX t_code ON t (code);
      INSERT INTO t SELECT g, g FROM generate_series(1, 50) g`);
  });
  afterEach(async () => {
    client.close();
    other.close();
    await server.close();
  });

  /** Rows that are deleted, and cannot be swept yet. */
  async function deletedRows(): Promise<void> {
    await other.rows('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM u');
    await client.rows('DELETE FROM t WHERE id <= 20');
  }

  async function sweep(): Promise<void> {
    await other.rows('COMMIT');
    const { engine } = server;
    for (let turns = 0; engine.sweepPendingCount > 0 && turns < 1000; turns++) {
      engine.sweepSome(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(engine.sweepPendingCount).to.equal(0);
  }

  async function expectAnswers(): Promise<void> {
    await client.rows('INSERT INTO t SELECT g, g FROM generate_series(100, 125) g');
    await client.rows('SET enable_seqscan = off; SET enable_bitmapscan = off');
    const found = await client.rows('SELECT id FROM t WHERE code > 0 ORDER BY code');
    const expected = [...Array(30).keys()].map((i) => i + 21).concat([...Array(26).keys()].map((i) => i + 100));
    expect(found.map(([id]) => Number(id))).to.deep.equal(expected);
  }

  it('have none of what went while one was dropped, when it comes back', async () => {
    await deletedRows();
    await client.rows('BEGIN; DROP INDEX t_code; ALTER TABLE t ADD more int; SELECT count(*) FROM t');
    await sweep();
    await client.rows('ROLLBACK');
    await expectAnswers();
  });

  it('have none of what went while one was made', async () => {
    await client.rows('DROP INDEX t_code');
    await deletedRows();
    await client.rows('BEGIN; CREATE INDEX t_made ON t (code)');
    // Who does not see it yet makes the table as it was.
    const reader = new DirectClient(server);
    await reader.rows('SELECT count(*) FROM t WHERE code > 3');
    reader.close();
    await sweep();
    await client.rows('COMMIT');
    await expectAnswers();
  });

  it('are forgotten when the transaction has ended', async () => {
    const used = server.engine.indexMemory.usedBytes;
    for (const end of ['ROLLBACK', 'COMMIT']) {
      await client.rows('BEGIN; CREATE INDEX t_made ON t (code); DROP INDEX t_made; SELECT count(*) FROM t');
      await client.rows(end);
    }
    expect(server.engine.indexMemory.usedBytes).to.equal(used);
    await client.rows('DROP INDEX t_code');
    expect(server.engine.indexMemory.usedBytes).to.be.below(used);
  });
});
