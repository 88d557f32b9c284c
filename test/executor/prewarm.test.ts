/** pg_prewarm and hotrow_preload, as sessions see them. */
import { expect } from 'chai';
import { HeldReads } from '../support/held-reads.ts';
import { PagedServer, rows, rowsOf } from '../support/paged-server.ts';
import { serialize, type WireClient } from '../support/wire-client.ts';

describe('pg_prewarm', () => {
  let server: PagedServer;
  let client: WireClient;

  beforeEach(async () => {
    server = await PagedServer.start();
    client = await server.client();
    await rows(client, 'CREATE TABLE t (id int PRIMARY KEY, pad text)');
    await rows(client, "INSERT INTO t SELECT i, repeat('x', 1500) FROM generate_series(1, 300) i");
    await rows(client, 'CREATE TABLE big (id int, pad text)');
    await rows(client, "INSERT INTO big SELECT i, repeat('x', 1500) FROM generate_series(1, 1500) i");
    await server.chill();
    server.files.resetCounts();
  });
  afterEach(() => server.stop());

  it('brings a table into the pool, many pages at once, and answers how many', async () => {
    const { pageCount } = server.pagesOf('t');
    expect(await rows(client, "SELECT pg_prewarm('t')")).to.deep.equal([[`${pageCount}`]]);
    expect(server.pool.residentCount(server.pagesOf('t'))).to.equal(pageCount);
    expect(server.files.pagesRead).to.equal(pageCount);
    expect(server.files.pagesInFlightMax).to.be.at.least(8);
    const { misses } = server.pool;
    await rows(client, 'SELECT count(pad) FROM t');
    expect(server.pool.misses).to.equal(misses);
  });

  it('brings in the blocks that are asked for', async () => {
    expect(await rows(client, "SELECT pg_prewarm('t', 'buffer', 'main', 3, 9)")).to.deep.equal([['7']]);
    const { frames } = server.pagesOf('t');
    expect([2, 3, 9, 10].map((pageNo) => frames[pageNo] >= 0)).to.deep.equal([false, true, true, false]);
  });

  for (const mode of ['prefetch', 'read']) {
    it(`${mode} reads the file and leaves the pool alone`, async () => {
      const { pageCount } = server.pagesOf('big');
      expect(await rows(client, `SELECT pg_prewarm('big', '${mode}')`)).to.deep.equal([[`${pageCount}`]]);
      expect(server.files.pagesRead).to.be.at.least(pageCount);
      expect(server.pool.residentCount(server.pagesOf('big'))).to.equal(0);
    });
  }

  it('ends for a table larger than the pool, and for several in one statement', async () => {
    const pages = server.pagesOf('big').pageCount;
    expect(pages).to.be.above(2 * server.pool.frameCount);
    expect(await rows(client, "SELECT pg_prewarm('big'), pg_prewarm('t'), pg_prewarm('big')")).to.deep.equal([
      [`${pages}`, `${server.pagesOf('t').pageCount}`, `${pages}`],
    ]);
    // A page may be read twice that had to leave before its turn came; the table is not read again.
    expect(server.files.pagesRead).to.be.below(1.5 * pages);
  });

  it('lets others work while it waits, and can be cancelled', async () => {
    const other = await server.client();
    await rows(other, 'CREATE TABLE small (a int)');
    server.files.isHolding = true;
    const pid = (await rows(client, 'SELECT pg_backend_pid()'))[0][0];
    client.send(serialize.query("SELECT pg_prewarm('big')"));
    for (let i = 0; server.files.heldCount === 0 && i < 1000; i++) await new Promise((r) => setTimeout(r, 1));
    expect(await rows(other, 'INSERT INTO small VALUES (1) RETURNING a')).to.deep.equal([['1']]);
    expect(await rows(other, `SELECT pg_cancel_backend(${pid})`)).to.deep.equal([['t']]);
    const messages = await client.untilReady();
    expect(messages.find((m) => m.name === 'error')?.code).to.equal('57014');
    server.files.stopHolding();
    expect(rowsOf(await client.query("SELECT pg_prewarm('t') > 0"))).to.deep.equal([['t']]);
  });

  it('tells of a damaged page as a read of it would', async () => {
    const { relId } = server.pagesOf('t');
    const path = server.pool.files.pathOf(relId);
    server.files.files.open(path, 'readwrite').writeSync(Uint8Array.of(1, 2, 3), 0, 3, 5 * 8192 + 4000);
    const messages = await client.query("SELECT pg_prewarm('t')");
    expect(messages.find((m) => m.name === 'error')?.code).to.equal('XX001');
    expect(rowsOf(await client.query("SELECT pg_prewarm('t', 'buffer', 'main', 6, null) > 0"))).to.deep.equal([['t']]);
  });
});

describe('hotrow_preload', () => {
  it('shows what the last run left hot being read in, while queries are served', async () => {
    const files = new HeldReads();
    const options = { files, dataDirectory: '/data', settings: { preload_rate: '1000' } };
    const first = await PagedServer.start(options);
    const client = await first.client();
    expect(await rows(client, 'SELECT state, pages_total FROM hotrow_preload()')).to.deep.equal([['off', '0']]);
    await rows(client, 'CREATE TABLE t (id int PRIMARY KEY, pad text)');
    await rows(client, "INSERT INTO t SELECT i, repeat('x', 1500) FROM generate_series(1, 1500) i");
    for (let round = 0; round < 8; round++)
      for (let id = 1000; id < 1100; id += 5) await rows(client, `SELECT pad FROM t WHERE id = ${id}`);
    const { frames } = first.pagesOf('t');
    const hot = [...frames.keys()].filter(
      (pageNo) => frames[pageNo] >= 0 && first.pool.pageHeat.of(frames[pageNo]) > 7,
    );
    expect(hot.length).to.be.within(18, 30);
    await first.stop();

    const second = await PagedServer.start(options);
    const again = await second.client();
    for (let i = 0; i < 1000; i++) {
      const [[state]] = await rows(again, 'SELECT state FROM hotrow_preload()');
      if (state === 'done') break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const [[state, isWhole, left]] = await rows(
      again,
      `SELECT state, pages_total = pages_loaded + pages_resident + pages_gone + pages_without_room, seconds_left
       FROM hotrow_preload() WHERE started_at <= ended_at`,
    );
    expect([state, isWhole, left]).to.deep.equal(['done', 't', null]);
    const pages = second.pagesOf('t');
    expect(hot.filter((pageNo) => pages.frames[pageNo] < 0)).to.deep.equal([]);
    expect(second.log.some((line) => /^preloaded \d+ of \d+ hot pages/.test(line))).to.equal(true);
    await second.stop();
  });
});
