/** Tables whose pages have numbers near the end of what a row id can say: 64 GB of them, most of which nobody ever wrote. */
import { expect } from 'chai';
import { openDatabaseServer } from '../../executor/index.ts';
import type { DatabaseServer } from '../../executor/server.ts';
import type { Heap } from '../../storage/api.ts';
import { PAGES_PER_RELATION_MAX } from '../../storage/limits.ts';
import { WireServer } from '../../wire/index.ts';
import { type Answer, TextClient } from '../support/text-client.ts';

function logFailure(where: string, error: unknown): void {
  throw new Error(`${where}: ${String(error)}`);
}

describe('large tables', () => {
  let database: DatabaseServer;
  let server: WireServer;
  let client: TextClient;

  beforeEach(async () => {
    database = await openDatabaseServer({ dataDirectory: null, settings: new Map([['shared_buffers', '1MB']]) });
    server = new WireServer({ factory: database, hosts: ['127.0.0.1'], port: 0, authMethod: 'trust', logFailure });
    await server.listen();
    const { port } = server;
    client = await TextClient.connect({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  });

  afterEach(async () => {
    await client.end();
    await server.stop();
    await database.close();
  });

  async function run(sql: string): Promise<Answer> {
    const answer = await client.query(sql);
    expect(answer.error, sql).to.equal(null);
    return answer;
  }

  async function rows(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    return (await run(sql)).results[0]?.rows ?? [];
  }

  async function heapsOf(table: string): Promise<{ main: Heap; overflow: Heap }> {
    const [[relId]] = await rows(`SELECT pg_relation_filenode('${table}')`);
    const main = database.engine.heap(Number(relId));
    return { main, overflow: database.engine.heap(Number(relId) + 1) };
  }

  /** As if the heap had so many pages: its next is one of that number. */
  function beginAt(heap: Heap, pageCount: number): void {
    heap.pages.reservePages(pageCount);
    heap.pages.pageCount = pageCount;
  }

  it('have rows with ids above 2^31, found, changed, moved, deleted and rolled back like others', async function () {
    this.timeout(60_000);
    await run('CREATE TABLE t (id int PRIMARY KEY, a int, b int, t text)');
    await run('CREATE INDEX ON t (a)');
    await run('CREATE INDEX ON t (b)');
    const { main, overflow } = await heapsOf('t');
    beginAt(main, 4_194_300);
    beginAt(overflow, PAGES_PER_RELATION_MAX - 2000);
    await run("INSERT INTO t SELECT i, i % 50, i % 7, 'row ' || i FROM generate_series(1, 3000) i");
    for (let i = 3001; i <= 3020; i++) await run(`INSERT INTO t VALUES (${i}, ${i % 50}, ${i % 7}, 'row ${i}')`);
    expect(main.pages.pageCount).to.be.within(4_194_310, 4_194_400);
    beginAt(main, PAGES_PER_RELATION_MAX - 100);
    await run("INSERT INTO t SELECT i, i % 50, i % 7, 'row ' || i FROM generate_series(3021, 6000) i");
    expect(main.pages.pageCount).to.be.within(PAGES_PER_RELATION_MAX - 99, PAGES_PER_RELATION_MAX - 50);

    const model = new Map<number, string>();
    for (let i = 1; i <= 6000; i++) model.set(i, `row ${i}`);
    const check = async (): Promise<void> => {
      const found = await rows('SELECT id, md5(t) = md5(t), t FROM t WHERE id BETWEEN 0 AND 10000 ORDER BY id');
      expect(new Map(found.map(([id, , text]) => [Number(id), text ?? '']))).to.deep.equal(model);
      const both = await rows('SELECT id FROM t WHERE a = 13 AND b = 3 ORDER BY id');
      const wanted = [...model.keys()].filter((id) => id % 50 === 13 && id % 7 === 3).sort((x, y) => x - y);
      expect(both.map(([id]) => Number(id))).to.deep.equal(wanted);
    };
    await check();

    await run("UPDATE t SET t = repeat('moved ', 50) || id WHERE a = 7");
    for (const id of model.keys()) if (id % 50 === 7) model.set(id, `${'moved '.repeat(50)}${id}`);
    await run('DELETE FROM t WHERE b = 5');
    for (const id of [...model.keys()]) if (id % 7 === 5) model.delete(id);
    const long = (id: number): string => `${id}`.repeat(20_000);
    await run('UPDATE t SET t = repeat(id::text, 20000) WHERE a = 20');
    for (const id of model.keys()) if (id % 50 === 20) model.set(id, long(id));
    await check();

    await run('BEGIN');
    await run("UPDATE t SET t = 'undone', a = a + 1 WHERE id BETWEEN 0 AND 10000 AND b < 4");
    await run('DELETE FROM t WHERE b = 4');
    await run("INSERT INTO t SELECT i, i % 50, i % 7, repeat('x', 5000) FROM generate_series(7000, 7050) i");
    await run('ROLLBACK');
    await check();
    expect(overflow.pages.pageCount).to.be.greaterThan(PAGES_PER_RELATION_MAX - 2000);
  });

  it('end with 54000 when row ids do; nothing is lost, and freed space serves', async () => {
    await run('CREATE TABLE t (id int PRIMARY KEY, t text)');
    const { main } = await heapsOf('t');
    beginAt(main, PAGES_PER_RELATION_MAX - 5);
    await run("INSERT INTO t SELECT i, repeat('x', 900) FROM generate_series(1, 20) i");
    const refused = await client.query("INSERT INTO t SELECT i, repeat('x', 900) FROM generate_series(21, 200) i");
    expect(refused.error?.code).to.equal('54000');
    const count = 'SELECT count(*) FROM t WHERE id BETWEEN 0 AND 1000';
    expect(await rows(count)).to.deep.equal([['20']]);
    await run("INSERT INTO t SELECT i, repeat('x', 900) FROM generate_series(21, 40) i");
    expect((await client.query("INSERT INTO t VALUES (41, repeat('x', 900))")).error?.code).to.equal('54000');
    await run('DELETE FROM t WHERE id <= 20 AND id > 0');
    while (database.engine.sweepPendingCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await run("INSERT INTO t SELECT i, repeat('x', 900) FROM generate_series(41, 60) i");
    expect(await rows(count)).to.deep.equal([['40']]);
    expect(main.pages.pageCount).to.equal(PAGES_PER_RELATION_MAX);
  });
});
