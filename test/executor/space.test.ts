/** What DROP, TRUNCATE, VACUUM and the end of a session free is free at once: in the sizes that are told, and on disk. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabaseServer } from '../../executor/index.ts';
import type { DatabaseServer } from '../../executor/server.ts';
import { WireServer } from '../../wire/index.ts';
import { type Answer, TextClient } from '../support/text-client.ts';

function logFailure(where: string, error: unknown): void {
  throw new Error(`${where}: ${String(error)}`);
}

describe('space on disk', () => {
  let directory: string;
  let database: DatabaseServer;
  let server: WireServer;
  let client: TextClient;

  async function connect(): Promise<TextClient> {
    return TextClient.connect({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-space-'));
    database = await openDatabaseServer({
      dataDirectory: directory,
      settings: new Map([['shared_buffers', '4MB']]),
      onLog: () => {},
    });
    server = new WireServer({ factory: database, hosts: ['127.0.0.1'], port: 0, authMethod: 'trust', logFailure });
    await server.listen();
    client = await connect();
  });

  afterEach(async () => {
    await client.end();
    await server.stop();
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function run(sql: string): Promise<Answer> {
    const answer = await client.query(sql);
    expect(answer.error, sql).to.equal(null);
    return answer;
  }

  async function number(sql: string): Promise<number> {
    return Number((await run(sql)).results[0]?.rows[0]?.[0]);
  }

  function onDisk(): number {
    const base = join(directory, 'base');
    return readdirSync(base).reduce((sum, name) => sum + statSync(join(base, name)).size, 0);
  }

  /** Files follow the log, which is made durable in its own time. */
  async function onDiskSoon(limit: number): Promise<number> {
    for (let wait = 0; wait < 200 && onDisk() > limit; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
    return onDisk();
  }

  const FILL = `INSERT INTO t SELECT i, (SELECT string_agg(md5((i * 1000 + k)::text), '') FROM generate_series(1, 400) k),
    repeat('x', 200) FROM generate_series(1, 400) i`;

  async function filled(): Promise<number> {
    await run('CREATE TABLE t (id int PRIMARY KEY, a text, b text)');
    await run('ALTER TABLE t ALTER a SET STORAGE EXTERNAL');
    await run(FILL);
    await run('CHECKPOINT');
    const size = onDisk();
    expect(size).to.be.greaterThan(5_000_000);
    return size;
  }

  it('sizes are told as they are', async () => {
    await filled();
    const [main, table, indexes, total] = (
      await run("SELECT pg_relation_size('t'), pg_table_size('t'), pg_indexes_size('t'), pg_total_relation_size('t')")
    ).results[0]!.rows[0]!.map(Number) as [number, number, number, number];
    expect(table).to.equal(onDisk());
    expect(main).to.be.within(80_000, 200_000);
    expect(indexes).to.be.greaterThan(400 * 4);
    expect(total).to.equal(table + indexes);
    expect(await number('SELECT pg_database_size(current_database())')).to.be.at.least(total);
  });

  it('TRUNCATE and DROP give it back when they commit, and not when they are rolled back', async () => {
    const size = await filled();
    await run('BEGIN');
    await run('TRUNCATE t');
    expect(await number("SELECT pg_table_size('t')")).to.equal(0);
    await run('ROLLBACK');
    expect(await number("SELECT pg_table_size('t')")).to.equal(size);
    await run('TRUNCATE t');
    expect(await onDiskSoon(100_000)).to.be.lessThan(100_000);
    await run(FILL);
    await run('CHECKPOINT');
    expect(onDisk()).to.be.greaterThan(5_000_000);
    await run('DROP TABLE t');
    expect(await onDiskSoon(100_000)).to.be.lessThan(100_000);
  });

  it('so does the end of a session that has temporary tables', async () => {
    const other = await connect();
    await other.query('CREATE TEMP TABLE t (id int, a text, b text)');
    await other.query('ALTER TABLE t ALTER a SET STORAGE EXTERNAL');
    await other.query(FILL);
    await run('CHECKPOINT');
    expect(onDisk()).to.be.greaterThan(5_000_000);
    await other.end();
    expect(await onDiskSoon(100_000)).to.be.lessThan(100_000);
  });

  it('VACUUM trims the end of a table, VACUUM FULL all of it', async () => {
    const size = await filled();
    await run('DELETE FROM t WHERE id > 200');
    await run('VACUUM t');
    const trimmed = await number("SELECT pg_table_size('t')");
    expect(trimmed).to.be.lessThan(size * 0.6);
    expect(await onDiskSoon(size * 0.7)).to.be.lessThan(size * 0.7);
    await run('DELETE FROM t WHERE id % 2 = 0');
    await run('VACUUM t');
    await run('VACUUM FULL t');
    expect(await number("SELECT pg_table_size('t')")).to.be.lessThan(size * 0.3);
    expect(await number('SELECT count(*) FROM t WHERE length(a) = 12800')).to.equal(100);
    expect(await number('SELECT count(*) FROM t WHERE id BETWEEN 1 AND 99')).to.equal(50);
    await run(FILL.replace('FROM generate_series(1, 400) i', 'FROM generate_series(201, 400) i'));
    expect(await number('SELECT count(*) FROM t')).to.equal(300);
  });
});
