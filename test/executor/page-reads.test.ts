/** Statements over tables larger than memory: many reads at once, the hot pages left alone, and nobody waits for another's page. */
import { expect } from 'chai';
import { PagedServer, rows, rowsOf } from '../support/paged-server.ts';
import type { WireClient } from '../support/wire-client.ts';

/** A pool of 128 pages; `big` has 500 (four rows a page), `hot` 20. */
describe('reads of pages', () => {
  let server: PagedServer;
  let client: WireClient;

  beforeEach(async () => {
    server = await PagedServer.start();
    client = await server.client();
    await rows(client, 'CREATE TABLE big (id int PRIMARY KEY, k int NOT NULL, pad text)');
    await rows(client, 'ALTER TABLE big ALTER pad SET STORAGE PLAIN');
    await rows(client, "INSERT INTO big SELECT i, i % 50, repeat('x', 1900) FROM generate_series(1, 2000) i");
    await rows(client, 'CREATE INDEX big_k ON big (k)');
    await rows(client, 'CREATE TABLE hot (id int PRIMARY KEY, pad text)');
    await rows(client, "INSERT INTO hot SELECT i, repeat('y', 1900) FROM generate_series(1, 80) i");
    expect(server.pagesOf('big').pageCount).to.be.within(490, 520);
    expect(server.pool.frameCount).to.equal(128);
    await server.chill();
    server.files.resetCounts();
  });
  afterEach(() => server.stop());

  const heat = async (): Promise<void> => {
    for (let round = 0; round < 3; round++)
      for (let id = 1; id <= 80; id += 4) await rows(client, `SELECT pad FROM hot WHERE id = ${id}`);
  };

  /** Waits until the statement has asked for what it can ask for. */
  const untilHeld = async (): Promise<void> => {
    for (let quiet = 0, last = -1; quiet < 5; quiet++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (server.files.heldCount !== last || last === 0) quiet = 0;
      last = server.files.heldCount;
    }
  };

  for (const query of ['SELECT sum(k) FROM big', 'SELECT max(id + length(pad)) FROM big WHERE k >= 0 GROUP BY k % 2']) {
    it(`a scan reads ahead, each page once: ${query}`, async () => {
      await rows(client, query);
      const { pagesRead, reads, pagesInFlightMax } = server.files;
      expect(pagesRead).to.equal(server.pagesOf('big').pageCount);
      expect(reads).to.be.below(pagesRead / 8);
      expect(pagesInFlightMax).to.be.within(20, 32);
    });
  }

  it('a scan of a large table leaves the hot pages resident, in 32 frames of its own', async () => {
    await heat();
    const hot = server.pagesOf('hot');
    expect(server.pool.residentCount(hot)).to.equal(20);
    for (let i = 0; i < 3; i++) await rows(client, 'SELECT sum(k), count(pad) FROM big');
    expect(server.pool.residentCount(hot)).to.equal(20);
    expect(server.pool.residentCount(server.pagesOf('big'))).to.be.at.most(3 * 32);
    expect((await rows(client, 'SELECT count(*) FROM (SELECT pad FROM big) x'))[0]).to.deep.equal(['2000']);
    expect(server.pool.residentCount(hot)).to.equal(20);
  });

  it('looking a row up heats its page, a scan does not', async () => {
    await heat();
    const usageOf = (name: string): number[] => {
      const { frames } = server.pagesOf(name);
      return [...frames].filter((frame) => frame >= 0).map((frame) => server.pool.usage[frame]);
    };
    expect(Math.min(...usageOf('hot'))).to.be.at.least(3);
    await rows(client, 'SELECT sum(k) FROM big');
    await rows(client, 'SELECT sum(k) FROM big');
    expect(Math.max(...usageOf('big'))).to.equal(1);
  });

  it('a table that fits in a quarter of the pool stays after a scan', async () => {
    await rows(client, 'SELECT count(pad) FROM hot');
    expect(server.pool.residentCount(server.pagesOf('hot'))).to.equal(20);
    expect(server.files.pagesInFlightMax).to.be.above(8);
  });

  it('a bulk load leaves the hot pages resident', async () => {
    await rows(client, 'SELECT sum(k) FROM big');
    await rows(client, 'CREATE TABLE loaded (a int, pad text)');
    // The pool is full of what was loaded first; what comes then turns in the ring.
    await rows(client, "INSERT INTO loaded SELECT i, repeat('z', 1900) FROM generate_series(1, 600) i");
    await heat();
    await heat();
    const { evictions } = server.pool;
    await rows(client, "INSERT INTO loaded SELECT i, repeat('z', 1900) FROM generate_series(1, 4000) i");
    expect(server.pool.evictions - evictions).to.be.above(800);
    expect(server.pool.residentCount(server.pagesOf('hot'))).to.equal(20);
    expect(await rows(client, 'SELECT count(*), sum(a) FROM loaded')).to.deep.equal([['4600', `${180300 + 8002000}`]]);
  });

  it('building an index leaves the hot pages resident', async () => {
    await heat();
    await rows(client, 'CREATE INDEX big_pad ON big (k, id)');
    expect(server.pool.residentCount(server.pagesOf('hot'))).to.equal(20);
    expect(server.files.pagesInFlightMax).to.be.at.least(16);
  });

  it('LIMIT reads a few pages, not the table', async () => {
    await rows(client, 'SELECT id FROM big LIMIT 1');
    expect(server.files.pagesRead).to.be.at.most(12);
  });

  it('UPDATE and DELETE of a large table see each row once, though its pages turn in the ring', async () => {
    await rows(client, 'UPDATE big SET k = k + 100 WHERE id % 3 = 0');
    await rows(client, 'DELETE FROM big WHERE id % 7 = 0');
    expect(await rows(client, 'SELECT count(*), sum(k) FROM big')).to.deep.equal(
      await rows(
        client,
        'SELECT count(*), sum(i % 50 + CASE WHEN i % 3 = 0 THEN 100 ELSE 0 END) FROM generate_series(1, 2000) i WHERE i % 7 <> 0',
      ),
    );
  });

  it('rows found through a posting list are read many at once', async () => {
    await rows(client, 'SET enable_indexscan = off');
    server.files.isHolding = true;
    client.send(Buffer.from(simple('SELECT count(pad) FROM big WHERE k IN (7) AND id > 0')));
    await untilHeld();
    expect(server.files.pagesInFlightMax).to.be.at.least(30);
    server.files.stopHolding();
    expect(rowsOf(await client.untilReady())).to.deep.equal([['40']]);
    expect(server.files.pagesRead).to.equal(40);
  });

  it('rows of a range are read many at once, in either direction', async () => {
    for (const order of ['ASC', 'DESC']) {
      await server.chill();
      server.files.resetCounts();
      const query = `SELECT id FROM big WHERE id BETWEEN 101 AND 1300 AND length(pad) > 1 ORDER BY id ${order}`;
      expect(await rows(client, query)).to.have.length(1200);
      expect(server.files.pagesInFlightMax, order).to.be.at.least(16);
    }
  });

  it('rows of a list of keys are read many at once', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => i * 33 + 5);
    expect(await rows(client, `SELECT length(pad) FROM big WHERE id IN (${ids.join(', ')})`)).to.have.length(60);
    expect(server.files.pagesInFlightMax).to.be.at.least(16);
    expect(server.files.pagesRead).to.be.at.most(60);
  });

  // Each reads all of `big` for each of three rows, and sees none of its pages a second time before they are gone.
  const CORRELATED: readonly [string, string][] = [
    ['(SELECT count(*) FROM big b WHERE b.k <> h.id)', '1960'],
    ['EXISTS (SELECT 1 FROM big b WHERE b.id + h.id < 0)::int', '0'],
    ['cardinality(ARRAY(SELECT b.k FROM big b WHERE b.k = h.id))', '40'],
    [
      '(h.id + 0.5 = ANY (SELECT b.k + h.id + CASE b.id WHEN 2000 THEN 0.5 ELSE 0.25 END FROM big b WHERE b.k <> h.id))::int',
      '1',
    ],
    ['coalesce((h.id = ANY (SELECT CASE b.id WHEN 1 THEN NULL ELSE 1000 + h.id END FROM big b))::int, 7)', '7'],
    ['(h.id <> ALL (SELECT b.k + 1000 + h.id FROM big b))::int', '1'],
    ['((h.id, 2000) = (SELECT h.id, b.id FROM big b WHERE b.id + 0 * h.id = 2000))::int', '1'],
    [
      '(SELECT count(*) FROM hot i WHERE i.id < 3 AND (SELECT count(*) FROM big b WHERE b.k <> i.id + 0 * h.id) = 1960)',
      '2',
    ],
  ];
  for (const [expression, expected] of CORRELATED) {
    it(`a correlated subquery goes on where it had to wait: ${expression}`, async () => {
      await rows(client, 'SET enable_indexscan = off');
      await rows(client, 'SET enable_bitmapscan = off');
      const result = await rows(client, `SELECT ${expression} FROM hot h WHERE h.id <= 3 ORDER BY h.id`);
      expect(result).to.deep.equal([[expected], [expected], [expected]]);
      expect(server.files.pagesRead).to.be.below(server.pagesOf('big').pageCount * 6.5);
    });
  }

  describe('in place', () => {
    let quick: PagedServer;
    let quickClient: WireClient;

    beforeEach(async () => {
      quick = await PagedServer.start({ quickReads: true });
      quickClient = await quick.client();
      await rows(quickClient, 'CREATE TABLE big (id int PRIMARY KEY, k int NOT NULL, pad text)');
      await rows(quickClient, 'ALTER TABLE big ALTER pad SET STORAGE PLAIN');
      await rows(quickClient, "INSERT INTO big SELECT i, i % 50, repeat('x', 1900) FROM generate_series(1, 2000) i");
      await rows(quickClient, 'CREATE TABLE hot (id int PRIMARY KEY, pad text)');
      await rows(quickClient, "INSERT INTO hot SELECT i, repeat('y', 1900) FROM generate_series(1, 80) i");
      await quick.chill();
      quick.files.resetCounts();
    });
    afterEach(() => quick.stop());

    it('rows of a list of keys are read without asking for any page ahead', async () => {
      const ids = Array.from({ length: 60 }, (_, i) => 7 + i * 31);
      expect(await rows(quickClient, `SELECT id FROM big WHERE id IN (${ids.join(', ')})`)).to.have.length(60);
      expect(quick.files.pagesRead).to.equal(0);
    });

    for (const [expression, expected] of CORRELATED) {
      it(`a correlated subquery goes on where it had to wait: ${expression}`, async () => {
        await rows(quickClient, 'SET enable_indexscan = off');
        await rows(quickClient, 'SET enable_bitmapscan = off');
        const result = await rows(quickClient, `SELECT ${expression} FROM hot h WHERE h.id <= 3 ORDER BY h.id`);
        expect(result).to.deep.equal([[expected], [expected], [expected]]);
      });
    }

    it('a function that misses pages is called once for each row', async () => {
      await rows(quickClient, 'SET enable_seqscan = off');
      await rows(quickClient, 'CREATE TABLE called (i int)');
      // More pages than one poll reads in place, and no row that it could give away meanwhile.
      const ids = Array.from({ length: 250 }, (_, i) => 1 + i * 8);
      await rows(
        quickClient,
        `CREATE FUNCTION f(i int) RETURNS bigint LANGUAGE sql AS
         'INSERT INTO called VALUES (i); SELECT i + count(*) FROM big WHERE id IN (${ids.join(', ')}) AND length(pad) = 1'`,
      );
      for (const query of [
        'SELECT (SELECT sum(f(i)) FROM generate_series(1, 3) AS i)',
        'SELECT sum((SELECT f(i) + 0 * h.id)) FROM generate_series(1, 3) AS i, hot h WHERE h.id = 1',
      ]) {
        await quick.chill();
        await rows(quickClient, 'TRUNCATE called');
        expect(await rows(quickClient, query)).to.deep.equal([['6']]);
        expect(await rows(quickClient, 'SELECT i FROM called ORDER BY i')).to.deep.equal([['1'], ['2'], ['3']]);
      }
    });
  });

  it('a missing page parks its own statement only', async () => {
    await heat();
    const other = await server.client();
    server.files.isHolding = true;
    client.send(Buffer.from(simple('SELECT id FROM big WHERE id = 1234')));
    other.send(Buffer.from(simple('SELECT sum(k) FROM big')));
    await untilHeld();
    expect(server.files.heldCount).to.be.at.least(2);
    const third = await server.client();
    for (let id = 1; id <= 80; id += 4)
      expect(await rows(third, `SELECT id FROM hot WHERE id = ${id}`)).to.deep.equal([[`${id}`]]);
    expect(server.files.heldCount).to.be.at.least(2);
    server.files.stopHolding();
    expect(rowsOf(await client.untilReady())).to.deep.equal([['1234']]);
    expect(rowsOf(await other.untilReady())).to.have.length(1);
  });
});

function simple(text: string): Uint8Array {
  const body = Buffer.from(`${text}\0`, 'utf8');
  const bytes = Buffer.alloc(5 + body.length);
  bytes.write('Q', 0);
  bytes.writeInt32BE(4 + body.length, 1);
  body.copy(bytes, 5);
  return bytes;
}
