/** The counters behind pg_stat_*, pg_statio_* and pg_buffercache, held against what is known to have been done. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase, type ScratchOptions } from '../support/database-target.ts';

const ROWS = 10_000;

describe('activity counters', () => {
  let scratch: ScratchDatabase;
  let client: pg.Client;

  async function open(options: ScratchOptions = {}): Promise<void> {
    scratch = await createScratchDatabase(options);
    client = await connect();
  }
  async function connect(): Promise<pg.Client> {
    const opened = new pg.Client(scratch.connection);
    await opened.connect();
    return opened;
  }
  afterEach(async () => {
    await client.end();
    await scratch.drop();
  });

  /** The only row, bigints as numbers. */
  async function row(sql: string): Promise<Record<string, unknown>> {
    const { rows } = await client.query(sql);
    expect(rows, sql).to.have.length(1);
    return Object.fromEntries(
      Object.entries(rows[0]).map(([name, value]) => [name, /^\d+$/.test(String(value)) ? Number(value) : value]),
    );
  }
  const table = (columns: string): Promise<Record<string, unknown>> =>
    row(`SELECT ${columns} FROM pg_stat_user_tables WHERE relname = 't'`);
  const blocks = (): Promise<Record<string, unknown>> =>
    row(`SELECT heap_blks_read, heap_blks_hit FROM pg_statio_user_tables WHERE relname = 't'`);
  const pages = async (): Promise<number> =>
    (await row(`SELECT pg_relation_size('t') / current_setting('block_size')::int AS n`))['n'] as number;
  async function fill(name = 't'): Promise<void> {
    await client.query(`CREATE TABLE ${name} (a int PRIMARY KEY, b text)`);
    await client.query(`INSERT INTO ${name} SELECT g, repeat('x', 100) FROM generate_series(1, ${ROWS}) g`);
  }

  describe('of blocks', () => {
    it('a scan of pages in memory is as many hits as there are pages, and no read', async () => {
      await open();
      await fill();
      const before = await blocks();
      await client.query('SELECT count(*), max(b) FROM t');
      await client.query('SELECT b FROM t');
      expect(await blocks()).to.deep.equal({
        heap_blks_read: before['heap_blks_read'],
        heap_blks_hit: (before['heap_blks_hit'] as number) + 2 * (await pages()),
      });
    });

    it('a scan of pages on disk is as many reads', async () => {
      await open({ settings: { shared_buffers: '512kB' } });
      await fill();
      // Throws the table out of the pool of 64 pages.
      await fill('other');
      await client.query('SELECT count(b) FROM other');
      // All but a few: the other table is loaded and read in rings.
      const { left } = await row(
        "SELECT count(*) AS left FROM pg_buffercache WHERE relfilenode = pg_relation_filenode('t')",
      );
      await client.query('SELECT pg_stat_reset()');
      await client.query('SELECT count(b) FROM t');
      const counts = await blocks();
      const hits = counts['heap_blks_hit'] as number;
      expect(hits).to.be.at.most(left as number);
      expect(hits).to.be.below(16);
      expect((counts['heap_blks_read'] as number) + hits).to.equal(await pages());
    });

    it('point reads are one look-up each', async () => {
      await open();
      await fill();
      await client.query('SELECT pg_stat_reset()');
      for (const a of [1, 5000, 9999]) await client.query(`SELECT b FROM t WHERE a = ${a}`);
      expect(await blocks()).to.deep.equal({ heap_blks_read: 0, heap_blks_hit: 3 });
      expect(await table('idx_scan, idx_tup_fetch, seq_scan')).to.deep.equal({
        idx_scan: 3,
        idx_tup_fetch: 3,
        seq_scan: 0,
      });
    });

    it('long values are counted apart', async () => {
      await open();
      await client.query('CREATE TABLE t (a int, b text)');
      await client.query(`INSERT INTO t SELECT 1, string_agg(md5(g::text), '') FROM generate_series(1, 2000) g`);
      await client.query('SELECT pg_stat_reset()');
      await client.query('SELECT length(b) FROM t');
      const seen = await row(`SELECT heap_blks_hit, toast_blks_hit FROM pg_statio_user_tables WHERE relname = 't'`);
      expect(seen['heap_blks_hit']).to.equal(1);
      // 64000 hexadecimal characters in pages of 8 kB, compressed or not.
      expect(seen['toast_blks_hit']).to.be.within(1, 9);
    });

    it('pg_buffercache has a row for each frame, and as many with a page as are in memory', async () => {
      await open({ settings: { shared_buffers: '512kB' } });
      await fill();
      await client.query('SELECT count(*) FROM t');
      const cache = await row(
        `SELECT count(*) AS frames, count(relfilenode) AS used, count(DISTINCT (relfilenode, relblocknumber)) AS pages,
           count(*) FILTER (WHERE relfilenode = pg_relation_filenode('t')) AS of_t,
           count(*) FILTER (WHERE usagecount NOT BETWEEN 0 AND 5 OR pinning_backends <> 0) AS odd FROM pg_buffercache`,
      );
      expect(cache['frames']).to.equal(64);
      expect(cache['pages']).to.equal(cache['used']);
      expect(cache['odd']).to.equal(0);
      expect(cache['of_t']).to.be.within(1, 64);
      await client.query('DROP TABLE t');
      const after = await row(`SELECT count(relfilenode) AS used FROM pg_buffercache`);
      expect(after['used']).to.equal((cache['used'] as number) - (cache['of_t'] as number));
    });

    it('a small table is in the cache with all its pages, under its database', async () => {
      await open();
      await fill();
      const cache = await row(
        `SELECT count(*) AS n, count(*) FILTER (WHERE isdirty) AS dirty, max(relblocknumber) AS last, min(d.datname) AS name
           FROM pg_buffercache b JOIN pg_class c ON b.relfilenode = c.relfilenode AND c.relname = 't'
           JOIN pg_database d ON d.oid = b.reldatabase`,
      );
      const n = await pages();
      expect(cache).to.deep.include({ n, last: n - 1, name: 'postgres' });
      // Bulk loads are written back as they go, not all of it at once.
      expect(cache['dirty']).to.be.within(1, n);
    });
  });

  describe('of rows', () => {
    const writes = 'n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del, n_live_tup, n_mod_since_analyze';

    it('count what was inserted, updated and deleted, rolled back or not', async () => {
      await open();
      await client.query('CREATE TABLE t (a int PRIMARY KEY, b int)');
      await client.query('INSERT INTO t SELECT g, g FROM generate_series(1, 100) g');
      await client.query('UPDATE t SET b = 0 WHERE a <= 30');
      await client.query('UPDATE t SET a = -a WHERE a <= 10');
      await client.query('DELETE FROM t WHERE a > 95');
      expect(await table(writes)).to.deep.equal({
        n_tup_ins: 100,
        n_tup_upd: 40,
        n_tup_hot_upd: 30,
        n_tup_del: 5,
        n_live_tup: 95,
        n_mod_since_analyze: 145,
      });
      await client.query('BEGIN');
      await client.query('INSERT INTO t SELECT g, g FROM generate_series(1001, 1010) g');
      await client.query('SAVEPOINT s');
      await client.query('UPDATE t SET b = 1 WHERE a > 1000');
      await client.query('DELETE FROM t WHERE a > 1005');
      await client.query('ROLLBACK TO s');
      await client.query('ROLLBACK');
      expect(await table(writes)).to.deep.equal({
        n_tup_ins: 110,
        n_tup_upd: 50,
        n_tup_hot_upd: 40,
        n_tup_del: 10,
        n_live_tup: 95,
        n_mod_since_analyze: 145,
      });
    });

    it('dead rows are those that a snapshot still holds; they go when it goes', async () => {
      await open();
      await client.query('CREATE TABLE t (a int PRIMARY KEY, b int)');
      await client.query('INSERT INTO t SELECT g, g FROM generate_series(1, 100) g');
      const holder = await connect();
      await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await holder.query('SELECT 1');
      await client.query('UPDATE t SET b = b + 1 WHERE a <= 40');
      await client.query('UPDATE t SET b = b + 1 WHERE a <= 10');
      await client.query('DELETE FROM t WHERE a > 90');
      expect(await table('n_live_tup, n_dead_tup')).to.deep.equal({ n_live_tup: 90, n_dead_tup: 60 });
      const seen = await holder.query('SELECT count(*)::int AS n, sum(b)::int AS s FROM t');
      expect(seen.rows).to.deep.equal([{ n: 100, s: 5050 }]);
      await holder.query('COMMIT');
      await holder.end();
      await client.query('VACUUM t');
      expect(await table('n_live_tup, n_dead_tup, vacuum_count, analyze_count')).to.deep.equal({
        n_live_tup: 90,
        n_dead_tup: 0,
        vacuum_count: 1,
        analyze_count: 0,
      });
    });

    it('scans count the rows that they saw, not those that passed; a limit ends the count', async () => {
      await open();
      await fill();
      await client.query('DELETE FROM t WHERE a > 9000');
      await client.query('SELECT pg_stat_reset()');
      await client.query('SELECT count(*) FROM t WHERE a < 0 OR b IS NULL');
      expect(await table('seq_scan, seq_tup_read')).to.deep.equal({ seq_scan: 1, seq_tup_read: 9000 });
      await client.query(`SELECT b FROM t LIMIT 3`);
      expect(await table('seq_scan, seq_tup_read')).to.deep.equal({ seq_scan: 2, seq_tup_read: 9003 });
    });

    it('ranges and lists of keys count at their index', async () => {
      await open();
      await fill();
      await client.query('SELECT pg_stat_reset()');
      await client.query('SELECT b FROM t WHERE a IN (5, 50, 500)');
      await client.query('SELECT b FROM t WHERE a BETWEEN 101 AND 110 ORDER BY a');
      expect(
        await row(`SELECT idx_scan, idx_tup_read, idx_tup_fetch FROM pg_stat_user_indexes WHERE relname = 't'`),
      ).to.deep.equal({ idx_scan: 4, idx_tup_read: 13, idx_tup_fetch: 13 });
    });

    it('ANALYZE and VACUUM leave their time, and begin to count changes anew', async () => {
      await open();
      await fill();
      await client.query('VACUUM ANALYZE t');
      await client.query('DELETE FROM t WHERE a = 1');
      await client.query('INSERT INTO t VALUES (-1), (-2)');
      expect(
        await table(
          `n_mod_since_analyze, n_ins_since_vacuum, last_vacuum > now() - interval '1 minute' AS vacuumed,
           last_analyze > now() - interval '1 minute' AS analyzed, last_autovacuum, vacuum_count, analyze_count`,
        ),
      ).to.deep.equal({
        n_mod_since_analyze: 3,
        n_ins_since_vacuum: 2,
        vacuumed: true,
        analyzed: true,
        last_autovacuum: null,
        vacuum_count: 1,
        analyze_count: 1,
      });
    });

    it('stay over TRUNCATE, and over one that is rolled back', async () => {
      await open();
      await fill();
      await client.query('SELECT count(*) FROM t');
      const before = await table('n_tup_ins, seq_scan');
      const hits = (await blocks())['heap_blks_hit'];
      await client.query('BEGIN; TRUNCATE t; INSERT INTO t VALUES (1); ROLLBACK');
      expect(await table('n_live_tup')).to.deep.equal({ n_live_tup: ROWS });
      await client.query('TRUNCATE t');
      expect((await blocks())['heap_blks_hit']).to.be.at.least(hits as number);
      await client.query('INSERT INTO t VALUES (7)');
      const after = await table('n_tup_ins, seq_scan, n_live_tup');
      expect(after['n_live_tup']).to.equal(1);
      expect(after['seq_scan']).to.equal(before['seq_scan']);
      expect(after['n_tup_ins']).to.be.within(ROWS + 1, ROWS + 2);
    });

    it('pg_stat_get_* give the same numbers one by one', async () => {
      await open();
      await fill();
      await client.query('UPDATE t SET b = NULL WHERE a < 10');
      const one = await row(
        `SELECT pg_stat_get_numscans(c.oid) = seq_scan AND pg_stat_get_tuples_inserted(c.oid) = n_tup_ins
           AND pg_stat_get_tuples_updated(c.oid) = n_tup_upd AND pg_stat_get_live_tuples(c.oid) = n_live_tup
           AND pg_stat_get_dead_tuples(c.oid) = n_dead_tup
           AND pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) = heap_blks_read AS same
           FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid JOIN pg_statio_user_tables USING (relid) WHERE c.relname = 't'`,
      );
      expect(one).to.deep.equal({ same: true });
    });
  });

  describe('of the database and the server', () => {
    it('transactions are counted as they end', async () => {
      await open();
      await client.query('CREATE TABLE t (a int)');
      const database = (): Promise<Record<string, unknown>> =>
        row(`SELECT xact_commit, xact_rollback FROM pg_stat_database WHERE datname = current_database()`);
      const before = await database();
      await client.query('INSERT INTO t VALUES (1)');
      await client.query('BEGIN');
      await client.query('INSERT INTO t VALUES (2)');
      await client.query('ROLLBACK');
      await client.query('SELECT 1/0').catch(() => {});
      const after = await database();
      // The first look counts as well, once it has ended.
      expect((after['xact_commit'] as number) - (before['xact_commit'] as number)).to.equal(2);
      expect((after['xact_rollback'] as number) - (before['xact_rollback'] as number)).to.equal(2);
    });

    it('files for what did not fit in memory are counted for the database whose session made them', async () => {
      await open();
      await fill();
      const counters = (name: string): Promise<Record<string, unknown>> =>
        row(`SELECT temp_files AS files, temp_bytes AS bytes, pg_stat_get_db_temp_files(datid) = temp_files
           AND pg_stat_get_db_temp_bytes(datid) = temp_bytes AS same FROM pg_stat_database WHERE datname = ${name}`);
      expect(await counters('current_database()')).to.deep.equal({ files: 0, bytes: 0, same: true });
      await client.query("SET work_mem = '64kB'");
      await client.query('SELECT * FROM t ORDER BY a DESC OFFSET 9999');
      const after = await counters('current_database()');
      expect(after['files']).to.be.above(0);
      expect(after['same']).to.equal(true);
      // Rows take a few bytes at least, and were written at least once.
      expect(after['bytes']).to.be.above(ROWS * 4);
      expect(await counters("'template1'")).to.deep.equal({ files: 0, bytes: 0, same: true });
      await client.query('SELECT pg_stat_reset()');
      expect(await counters('current_database()')).to.deep.equal({ files: 0, bytes: 0, same: true });
    });

    it('pages that did not fit into the pool were written, and are counted where they were written', async () => {
      await open({ settings: { shared_buffers: '512kB' } });
      await fill();
      const written = await row(
        `SELECT buffers_clean + buffers_backend AS n, buffers_alloc AS a FROM pg_stat_bgwriter`,
      );
      // The rows are in 164 pages, the pool has 64.
      expect(written['n']).to.be.at.least(100);
      expect(written['a']).to.be.at.least(164);
      await client.query(`SELECT pg_stat_reset_shared('bgwriter')`);
      const reset = await row(
        `SELECT buffers_clean + buffers_backend AS n, stats_reset > now() - interval '1 minute' AS r FROM pg_stat_bgwriter`,
      );
      expect(reset['r']).to.equal(true);
      // The page writer goes on meanwhile.
      expect(reset['n']).to.be.below(100);
    });

    it('the log counts its records', async () => {
      await open();
      await client.query('CREATE TABLE t (a int)');
      await client.query(`SELECT pg_stat_reset_shared('wal')`);
      await client.query('INSERT INTO t VALUES (1)');
      const wal = await row('SELECT wal_records, wal_bytes FROM pg_stat_wal');
      // The new page, the row, and the commit.
      expect(wal['wal_records']).to.be.within(2, 5);
      expect(wal['wal_bytes']).to.be.above(50);
    });

    it('pg_stat_reset_shared refuses what it does not know', async () => {
      await open();
      const error = await client.query(`SELECT pg_stat_reset_shared('x')`).catch((e: pg.DatabaseError) => e);
      expect(error).to.include({
        code: '22023',
        message: 'unrecognized reset target: "x"',
        hint: 'Target must be "archiver", "bgwriter", "recovery_prefetch", or "wal".',
      });
    });
  });
});
