/** AS OF SYSTEM TIME: its forms, and what is refused. */
import { expect } from 'chai';
import { MemoryFileSystem } from '../../../storage/api.ts';
import { PastServer } from './support.ts';

describe('AS OF SYSTEM TIME', () => {
  const server = new PastServer();
  const query = (text: string): Promise<string[]> => server.rows(text);
  const refused = async (text: string): Promise<{ code: string; message: string; detail?: string; hint?: string }> => {
    try {
      await server.client.query(text);
    } catch (error) {
      await server.client.query('ROLLBACK');
      const { code, message, detail, hint } = error as Error & { code: string; detail?: string; hint?: string };
      return { code, message, ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) };
    }
    throw new Error(`${text} is not refused`);
  };

  before(async () => {
    server.fileSystem = new MemoryFileSystem();
    await server.start(['version_retention', '1h']);
    await server.client.query('CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TEMP TABLE private (a int)');
    server.nowMs += 1000;
    await server.client.query("INSERT INTO t VALUES (1, 'one'), (2, 'two')");
    server.nowMs += 1000;
    await server.client.query("UPDATE t SET b = 'ONE' WHERE a = 1");
    server.nowMs += 1000;
    await server.client.query('DELETE FROM t WHERE a = 2');
    server.nowMs += 1000;
  });
  after(async () => {
    await server.stop();
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  it('reads what was committed by then', async () => {
    expect(await query('SELECT * FROM t ORDER BY a')).to.deep.equal(['[1,"ONE"]']);
    const at = (interval: string) => query(`SELECT * FROM t AS OF SYSTEM TIME '${interval}' ORDER BY a`);
    expect(await at('-1s')).to.deep.equal(['[1,"ONE"]']);
    expect(await at('-1001ms')).to.deep.equal(['[1,"ONE"]', '[2,"two"]']);
    expect(await at('-2s')).to.deep.equal(['[1,"ONE"]', '[2,"two"]']);
    expect(await at('-2.5s')).to.deep.equal(['[1,"one"]', '[2,"two"]']);
    expect(await at('-3500ms')).to.deep.equal([]);
    expect(await at('-0s')).to.deep.equal(['[1,"ONE"]']);
  });

  const THREE = '-2.5s';
  const THEN = ['[1,"one"]', '[2,"two"]'];
  const NOW = ['[1,"ONE"]'];
  const TABLE = 'SELECT * FROM t ORDER BY a';

  it('takes timestamps, intervals, texts, expressions and parameters', async () => {
    const time = server.time(server.nowMs - 2500);
    for (const asOf of [
      `'${time}'`,
      `timestamptz '${time}'`,
      `'${time}'::timestamp`,
      "now() - interval '2.5 seconds'",
      "interval '-2500ms'",
      `'-' || '2.5s'`,
      "  '-00:00:02.5'",
      `to_timestamp(${(server.nowMs - 2500) / 1000})`,
    ]) {
      expect(await query(`SELECT * FROM t AS OF SYSTEM TIME ${asOf} ORDER BY a`), asOf).to.deep.equal(THEN);
    }
    const text = 'SELECT b FROM t AS OF SYSTEM TIME $1 WHERE a = $2';
    for (const value of [time, '-2.5s', new Date(server.nowMs - 2500)]) {
      const { rows } = await server.client.query({ name: 'past', text, values: [value, 1] });
      expect(rows).to.deep.equal([{ b: 'one' }]);
    }
    const typed = 'SELECT b FROM t AS OF SYSTEM TIME now() - $1::interval WHERE a = 1';
    expect((await server.client.query(typed, ['2.5s'])).rows).to.deep.equal([{ b: 'one' }]);
    expect((await server.client.query(typed, ['0'])).rows).to.deep.equal([{ b: 'ONE' }]);
  });

  it('holds for the whole statement: joins, subqueries, WITH, UNION, views, functions', async () => {
    await server.client.query(`
      CREATE VIEW v AS SELECT * FROM t;
      CREATE FUNCTION looked() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM t';
      CREATE FUNCTION inlined() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM t'`);
    const at = `AS OF SYSTEM TIME '${THREE}'`;
    const two = ['[2]'];
    for (const sql of [
      `SELECT count(*)::int FROM t x JOIN t y USING (a) ${at} WHERE y.b IN ('one', 'two')`,
      `SELECT count(*)::int FROM t AS x (k, v) ${at}`,
      `SELECT (SELECT count(*) FROM t)::int ${at}`,
      `SELECT count(*)::int FROM (SELECT * FROM t) AS s ${at}`,
      `WITH w AS (SELECT * FROM t) SELECT count(*)::int FROM w ${at}`,
      `WITH w AS MATERIALIZED (SELECT * FROM t) SELECT count(*)::int FROM w ${at}`,
      `SELECT count(*)::int FROM v ${at}`,
      `SELECT looked()::int ${at}`,
      `SELECT looked()::int FROM t ${at} LIMIT 1`,
      `SELECT inlined()::int FROM generate_series(1, 1) ${at}`,
      `SELECT 2 WHERE EXISTS (SELECT FROM t WHERE b = 'two') UNION SELECT count(*)::int FROM t ${at}`,
      `(SELECT count(*)::int FROM t ${at}) UNION ALL SELECT 7 FROM t WHERE b = 'none'`,
      `SELECT count(*)::int FROM t ${at} GROUP BY () HAVING count(*) > 1 ORDER BY 1 LIMIT 1`,
    ]) {
      expect(await query(sql), sql).to.deep.equal(two);
    }
    expect(await query(`TABLE t ${at} ORDER BY a`)).to.deep.equal(THEN);
    expect(await query('SELECT looked()::int')).to.deep.equal(['[1]']);
  });

  it('holds for a transaction', async () => {
    for (const begin of [
      `BEGIN AS OF SYSTEM TIME '${THREE}'`,
      `BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, AS OF SYSTEM TIME '${THREE}'`,
      `START TRANSACTION AS OF SYSTEM TIME now() - interval '2.5s' READ ONLY`,
      `BEGIN; SET TRANSACTION AS OF SYSTEM TIME '${THREE}'`,
    ]) {
      await server.client.query(begin);
      expect(await query(TABLE), begin).to.deep.equal(THEN);
      server.nowMs += 100;
      expect(await query(TABLE), begin).to.deep.equal(THEN);
      expect(await query('SHOW transaction_read_only')).to.deep.equal(['["on"]']);
      server.nowMs -= 100;
      await server.client.query('COMMIT');
      expect(await query(TABLE)).to.deep.equal(NOW);
    }
  });

  it('goes on in the transaction that AND CHAIN begins', async () => {
    await server.client.query(`BEGIN AS OF SYSTEM TIME '${THREE}'`);
    await server.client.query('COMMIT AND CHAIN');
    expect(await query(TABLE)).to.deep.equal(THEN);
    await server.client.query('ROLLBACK AND CHAIN');
    expect(await query(TABLE)).to.deep.equal(THEN);
    await server.client.query('COMMIT');
    expect(await query(TABLE)).to.deep.equal(NOW);
  });

  it('may be another for a statement of such a transaction', async () => {
    await server.client.query(`BEGIN AS OF SYSTEM TIME '${THREE}'`);
    expect(await query("SELECT * FROM t AS OF SYSTEM TIME '-1s'")).to.deep.equal(NOW);
    expect(await query(TABLE)).to.deep.equal(THEN);
    await server.client.query('COMMIT');
  });

  it('leaves a transaction that writes as it is, and does not see what it wrote', async () => {
    await server.client.query("BEGIN; INSERT INTO t VALUES (3, 'three')");
    expect(await query(`SELECT * FROM t AS OF SYSTEM TIME '${THREE}' ORDER BY a`)).to.deep.equal(THEN);
    expect(await query("SELECT * FROM t AS OF SYSTEM TIME '-0s'")).to.deep.equal(NOW);
    expect(await query(TABLE)).to.deep.equal([...NOW, '[3,"three"]']);
    await server.client.query("UPDATE t SET b = 'drei' WHERE a = 3; ROLLBACK");
  });

  it('is a setting of the session', async () => {
    await server.client.query(`SET as_of_system_time = '${THREE}'`);
    expect(await query(TABLE)).to.deep.equal(THEN);
    await server.client.query('BEGIN');
    expect(await query(TABLE)).to.deep.equal(THEN);
    await server.client.query('COMMIT');
    const refusal = await refused("INSERT INTO t VALUES (9, 'nine')");
    expect(refusal).to.deep.equal({ code: '25006', message: 'cannot execute INSERT in a read-only transaction' });
    await server.client.query("SET as_of_system_time = ''");
    expect(await query(TABLE)).to.deep.equal(NOW);
    expect((await refused("SET as_of_system_time = 'soon'")).code).to.equal('22007');
    // A time that cannot be read keeps nobody from setting another.
    await server.client.query("SET as_of_system_time = '-1 year'");
    expect((await refused(TABLE)).code).to.equal('72000');
    await server.client.query('RESET as_of_system_time');
    expect(await query(TABLE)).to.deep.equal(NOW);
  });

  it('is what a cursor reads to its end', async () => {
    await server.client.query(`BEGIN; DECLARE c CURSOR FOR SELECT * FROM t AS OF SYSTEM TIME '${THREE}' ORDER BY a`);
    expect(await query('FETCH 1 FROM c')).to.deep.equal(THEN.slice(0, 1));
    expect(await query(TABLE)).to.deep.equal(NOW);
    expect(await query('FETCH ALL FROM c')).to.deep.equal(THEN.slice(1));
    await server.client.query('COMMIT');
    await server.client.query(
      `BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t AS OF SYSTEM TIME '${THREE}' ORDER BY a; COMMIT`,
    );
    expect(await query('FETCH ALL FROM c')).to.deep.equal(THEN);
    await server.client.query('CLOSE c');
  });

  it('can be prepared: the time is that of each execution', async () => {
    await server.client.query("PREPARE p AS SELECT * FROM t AS OF SYSTEM TIME '-2.5s' ORDER BY a");
    expect(await query('EXECUTE p')).to.deep.equal(THEN);
    server.nowMs += 2000;
    expect(await query('EXECUTE p')).to.deep.equal(NOW);
    server.nowMs -= 2000;
    await server.client.query('PREPARE q (interval) AS SELECT * FROM t AS OF SYSTEM TIME $1 ORDER BY a');
    expect(await query("EXECUTE q ('-2.5s')")).to.deep.equal(THEN);
    await server.client.query('DEALLOCATE ALL');
  });

  it('is explained', async () => {
    const sql = `SELECT * FROM t AS OF SYSTEM TIME '${THREE}' WHERE a = 1`;
    expect((await query(`EXPLAIN ${sql}`)).join()).to.contain('Scan');
    expect((await query(`EXPLAIN ANALYZE SELECT * FROM t AS OF SYSTEM TIME '${THREE}'`)).join()).to.contain('rows=2');
    expect((await refused("EXPLAIN SELECT * FROM t AS OF SYSTEM TIME '-1 year'")).code).to.equal('72000');
  });

  it('keeps its words free: of, system and time are names', async () => {
    expect(await query('SELECT 1 AS of, 2 AS system, 3 AS time')).to.deep.equal(['[1,2,3]']);
    expect(await query('SELECT of.a FROM t AS of')).to.deep.equal(['[1]']);
    expect(await query('SELECT system.a FROM t AS system')).to.deep.equal(['[1]']);
    expect(await query('SELECT of.x FROM t AS of (x) WHERE x = 1')).to.deep.equal(['[1]']);
    expect(await query("SELECT of.* FROM t AS of AS OF SYSTEM TIME '-2.5s' ORDER BY a")).to.deep.equal(THEN);
    expect((await refused('SELECT a FROM t AS of system')).code).to.equal('42601');
    expect((await refused("SELECT a FROM t AS OF SYSTEM TIMES '-1s'")).code).to.equal('42601');
    expect((await refused('SELECT a FROM t AS OF SYSTEM TIME')).code).to.equal('42601');
  });

  describe('is refused', () => {
    const at = (time: string): string => `SELECT * FROM t AS OF SYSTEM TIME ${time}`;
    const form = { hint: "Give a timestamp, or a negative interval like '-10s'." };

    it('where it is no time', async () => {
      const invalid = (code: string, text: string) => ({
        code,
        message: `invalid time for AS OF SYSTEM TIME: "${text}"`,
        ...form,
      });
      expect(await refused(at("'yesterbeer'"))).to.deep.equal(invalid('22007', 'yesterbeer'));
      expect(await refused(at("''"))).to.deep.equal(invalid('22007', ''));
      expect(await refused(at("'10s'"))).to.deep.equal(invalid('22007', '10s'));
      expect(await refused(at("'-10 sheep'"))).to.deep.equal(invalid('22007', '-10 sheep'));
      expect(await refused(at("'2030-02-30'"))).to.deep.equal(invalid('22008', '2030-02-30'));
      const positive = 'the interval of AS OF SYSTEM TIME must be negative';
      expect(await refused(at("interval '10s'"))).to.deep.equal({ code: '22023', message: positive, ...form });
      expect(await refused(at('NULL'))).to.deep.equal({
        code: '22004',
        message: 'the time of AS OF SYSTEM TIME must not be null',
      });
      expect(await refused(at('10'))).to.deep.equal({
        code: '42804',
        message: 'AS OF SYSTEM TIME must be a timestamp or an interval, not type integer',
      });
      expect((await refused(at('a'))).code).to.equal('42703');
      expect((await refused(at("(SELECT '-1s')"))).message).to.equal('cannot use subquery in AS OF SYSTEM TIME');
      expect((await refused(at("max('-1s')"))).message).to.equal(
        'aggregate functions are not allowed in AS OF SYSTEM TIME',
      );
      expect((await refused("BEGIN AS OF SYSTEM TIME 'never'")).code).to.equal('22007');
      expect((await refused('BEGIN AS OF SYSTEM TIME $1')).code).to.equal('42P02');
    });

    it('in the future', async () => {
      expect(await refused(at(`'${server.time(server.nowMs + 1)}'`))).to.deep.equal({
        code: '22023',
        message: 'cannot read as of 2030-01-01 00:00:04.001+00: it is in the future',
      });
      expect((await refused(at("'infinity'"))).message).to.equal('cannot read as of infinity: it is in the future');
    });

    it('from before history is kept', async () => {
      const refusal = {
        code: '72000',
        message: 'cannot read as of 2029-12-31 23:59:59+00: history is kept from 2030-01-01 00:00:00+00 on',
        hint: 'It goes back as far as "version_retention" says, to the start of the server at most.',
      };
      expect(await refused(at(`'${server.time(server.nowMs - 5000)}'`))).to.deep.equal(refusal);
      expect(await refused("BEGIN AS OF SYSTEM TIME '-5s'")).to.deep.equal(refusal);
      expect((await refused(at("'-infinity'"))).code).to.equal('72000');
      // BEGIN has opened no block.
      expect(await query(TABLE)).to.deep.equal(NOW);
    });

    it('where something is written or locked', async () => {
      const nested = { code: '42601', message: 'AS OF SYSTEM TIME must be provided on a top-level statement' };
      for (const sql of [
        `INSERT INTO t ${at("'-1s'")}`,
        `UPDATE t SET b = (SELECT b FROM t AS OF SYSTEM TIME '-1s' LIMIT 1)`,
        `SELECT * FROM (${at("'-1s'")}) s`,
        `WITH w AS (${at("'-1s'")}) SELECT * FROM w`,
        `CREATE VIEW w AS ${at("'-1s'")}`,
        `CREATE MATERIALIZED VIEW w AS ${at("'-1s'")}`,
        `CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS $$ ${at("'-1s'")} $$`,
      ]) {
        expect(await refused(sql), sql).to.include(nested);
      }
      expect(await refused(`${at("'-1s'")} FOR UPDATE`)).to.deep.equal({
        code: '0A000',
        message: 'FOR UPDATE is not allowed with AS OF SYSTEM TIME',
      });
      const written = { code: '25006', message: 'a statement with AS OF SYSTEM TIME cannot write' };
      expect(await refused(`WITH d AS (DELETE FROM t RETURNING *) ${at("'-1s'")}`)).to.deep.equal(written);
      await server.client.query('CREATE SEQUENCE s');
      expect(await refused("SELECT nextval('s') FROM t AS OF SYSTEM TIME '-1s'")).to.deep.equal(written);
      await server.client.query(
        "CREATE FUNCTION wrote() RETURNS void LANGUAGE sql VOLATILE AS $$ INSERT INTO t VALUES (7, 'seven') $$",
      );
      const readOnly = 'cannot execute INSERT in a read-only transaction';
      expect((await refused("SELECT wrote() FROM t AS OF SYSTEM TIME '-1s'")).message).to.equal(readOnly);
      await server.client.query("BEGIN AS OF SYSTEM TIME '-1s'");
      expect((await refused("INSERT INTO t VALUES (7, 'seven')")).message).to.equal(readOnly);
      await server.client.query("BEGIN AS OF SYSTEM TIME '-1s'");
      expect((await refused('CREATE TABLE never (a int)')).code).to.equal('25006');
      await server.client.query("BEGIN AS OF SYSTEM TIME '-1s'");
      expect((await refused('INSERT INTO private VALUES (7)')).message).to.equal(readOnly);
      await server.client.query("BEGIN AS OF SYSTEM TIME '-1s'");
      expect((await refused('SELECT * FROM t FOR SHARE')).code).to.equal('25006');
      expect(await query(TABLE)).to.deep.equal(NOW);
    });

    it('neither gives its snapshot to others nor takes one of theirs', async () => {
      await server.client.query("BEGIN AS OF SYSTEM TIME '-2.5s'");
      expect(await refused('SELECT pg_export_snapshot()')).to.deep.include({ code: '0A000' });
      const held = server.database.engine.transactions.pastSnapshots.count;
      await server.client.query("BEGIN ISOLATION LEVEL REPEATABLE READ AS OF SYSTEM TIME '-2.5s'");
      const message = 'a transaction that reads the past cannot import a snapshot';
      expect(await refused("SET TRANSACTION SNAPSHOT '00000001-00000001-1'")).to.deep.equal({ code: '0A000', message });
      expect(server.database.engine.transactions.pastSnapshots.count, 'and is given back').to.equal(held);
    });

    it('where a transaction has begun otherwise', async () => {
      expect((await refused("BEGIN READ WRITE AS OF SYSTEM TIME '-1s'")).code).to.equal('42601');
      await server.client.query('BEGIN; SELECT 1 FROM t');
      expect((await refused("SET TRANSACTION AS OF SYSTEM TIME '-1s'")).code).to.equal('25001');
      await server.client.query("BEGIN AS OF SYSTEM TIME '-1s'");
      expect((await refused('SET TRANSACTION READ WRITE')).code).to.equal('25001');
      expect((await refused("SET SESSION CHARACTERISTICS AS TRANSACTION AS OF SYSTEM TIME '-1s'")).code).to.equal(
        '0A000',
      );
      expect(
        (await refused("SELECT 1 AS OF SYSTEM TIME '-1s' UNION SELECT 2 AS OF SYSTEM TIME '-1s'")).message,
      ).to.equal('AS OF SYSTEM TIME may be given once');
    });
  });

  describe('as time goes on', () => {
    it('refuses what was before the table was made', async () => {
      await server.client.query('CREATE TABLE made AS SELECT 1 AS a');
      server.nowMs += 1000;
      await server.client.query('BEGIN; TRUNCATE made; INSERT INTO made VALUES (2); COMMIT');
      server.nowMs += 1000;
      await server.client.query('ALTER TABLE made ALTER a TYPE text; ALTER TABLE made ADD b int DEFAULT 7');
      server.nowMs += 1000;
      const shown = (interval: string): string =>
        server
          .time(server.nowMs + Number(interval.slice(0, -1)) * 1000)
          .replace('T', ' ')
          .replace('00Z', '+00');
      for (const interval of ['-3.5s', '-2.5s', '-1.5s']) {
        expect(await refused(`SELECT * FROM made AS OF SYSTEM TIME '${interval}'`), interval).to.deep.equal({
          code: '72000',
          message: `cannot read table "made" as of ${shown(interval)}`,
          detail: 'It was created, truncated or rewritten at 2030-01-01 00:00:06+00.',
        });
      }
      await server.client.query(`BEGIN AS OF SYSTEM TIME '-1.5s'`);
      expect((await refused('SELECT count(*) FROM made')).code).to.equal('72000');
      expect(await query("SELECT * FROM made AS OF SYSTEM TIME '-0.5s'")).to.deep.equal(['["2",7]']);
      await server.client.query('BEGIN; TRUNCATE made');
      expect((await refused("SELECT * FROM made AS OF SYSTEM TIME '-0.5s'")).detail).to.contain('by this transaction');
      expect(await query("SELECT * FROM made AS OF SYSTEM TIME '-0.5s'")).to.deep.equal(['["2",7]']);
    });

    it('is kept for each table as its parameter says', async () => {
      await server.client.query(`
        CREATE TABLE kept (a int, long text) WITH (version_retention = '1 day');
        CREATE TABLE brief (a int) WITH (version_retention = '2 seconds');
        CREATE TABLE none (a int) WITH (version_retention = 0);
        INSERT INTO kept VALUES (1, repeat('x', 100000)); INSERT INTO brief VALUES (1); INSERT INTO none VALUES (1)`);
      server.nowMs += 1000;
      await server.client.query('DELETE FROM kept; DELETE FROM brief; DELETE FROM none');
      server.nowMs += 1000;
      const read = (table: string, interval: string): Promise<string[]> =>
        query(`SELECT a FROM ${table} AS OF SYSTEM TIME '${interval}'`);
      expect(await read('kept', '-1.5s')).to.deep.equal(['[1]']);
      expect(await read('brief', '-1.5s')).to.deep.equal(['[1]']);
      expect(await refused("SELECT * FROM none AS OF SYSTEM TIME '-1.5s'")).to.include({
        code: '55000',
        detail: 'No history of it is kept.',
      });
      server.nowMs += 3_600_000 * 2;
      // The server keeps an hour.
      expect((await refused("SELECT * FROM t AS OF SYSTEM TIME '-90min'")).code).to.equal('72000');
      expect((await refused("SELECT * FROM brief AS OF SYSTEM TIME '-5s'")).code).to.equal('72000');
      expect(await query("SELECT a, length(long) FROM kept AS OF SYSTEM TIME '-7201500ms'")).to.deep.equal([
        '[1,100000]',
      ]);
      await server.client.query('ALTER TABLE kept RESET (version_retention)');
      expect((await refused("SELECT * FROM kept AS OF SYSTEM TIME '-7201500ms'")).code).to.equal('72000');
      const invalid = await refused("ALTER TABLE kept SET (version_retention = 'long')");
      expect(invalid).to.include({ code: '22023', message: 'invalid value for "version_retention": "long"' });
      expect((await refused('ALTER TABLE kept SET (version_retention = -1)')).code).to.equal('22023');
      expect((await refused("ALTER TABLE kept SET (version_retention = '2 years')")).code).to.equal('22023');
      await server.client.query('DROP TABLE kept, brief, none');
    });

    it('shows rows that had not expired then', async () => {
      const expiring = "ttl = '10 seconds', ttl_column = made";
      await server.client.query(`CREATE TABLE e (a int, made timestamptz DEFAULT now()) WITH (${expiring})`);
      await server.client.query('INSERT INTO e VALUES (1)');
      server.nowMs += 8000;
      await server.client.query('INSERT INTO e VALUES (2)');
      server.nowMs += 4000;
      const both = ['[1]', '[2]'];
      const then = "SELECT a FROM e AS OF SYSTEM TIME '-3s' ORDER BY a";
      expect(await query('SELECT a FROM e')).to.deep.equal(['[2]']);
      expect(await query(then)).to.deep.equal(both);
      await server.client.query("BEGIN AS OF SYSTEM TIME '-3s'");
      expect(await query('SELECT a FROM e ORDER BY a')).to.deep.equal(both);
      await server.client.query('COMMIT');
    });

    it('finds rows that an index was built without', async () => {
      await server.client.query(
        'CREATE TABLE i (a int, b int); INSERT INTO i SELECT g, g FROM generate_series(1, 2000) g',
      );
      server.nowMs += 1000;
      await server.client.query('BEGIN; UPDATE i SET b = -b; CREATE INDEX i_b ON i (b); ANALYZE i; COMMIT');
      server.nowMs += 1000;
      await server.client.query('CREATE INDEX i_a ON i (a); ANALYZE i');
      server.nowMs += 1000;
      await server.client.query('SET enable_seqscan = off');
      const rows = (condition: string, interval: string): Promise<string[]> =>
        query(`SELECT * FROM i AS OF SYSTEM TIME '${interval}' WHERE ${condition}`);
      expect(await rows('b = 5', '-2.5s')).to.deep.equal(['[5,5]']);
      expect(await rows('b = -5', '-2.5s')).to.deep.equal([]);
      expect(await rows('b = -5', '-0.5s')).to.deep.equal(['[5,-5]']);
      expect(await rows('b = 5', '-2.5s')).to.deep.equal(['[5,5]']);
      expect(await rows('a = 5', '-1.5s')).to.deep.equal(['[5,-5]']);
      const plan = (interval: string): Promise<string[]> =>
        query(`EXPLAIN SELECT * FROM i AS OF SYSTEM TIME '${interval}' WHERE a = 5`);
      expect((await plan('-0.5s')).join()).to.contain('i_a');
      expect((await plan('-1.5s')).join()).to.contain('Seq Scan');
      await server.client.query('RESET ALL');
    });

    it('says so where no history is kept, and keeps it from when it is told to', async () => {
      await server.client.query('SET version_retention = 0');
      expect(await query('SHOW version_retention')).to.deep.equal(['["0"]']);
      expect(await refused("SELECT * FROM t AS OF SYSTEM TIME '-1s'")).to.deep.equal({
        code: '55000',
        message: `cannot read as of ${server
          .time(server.nowMs - 1000)
          .replace('T', ' ')
          .replace('.000Z', '+00')}: no history is kept`,
        hint: 'Set "version_retention" to how far back reads shall go.',
      });
      server.nowMs += 10_000;
      await server.client.query("SET version_retention = '1min'");
      expect(await query('SHOW version_retention')).to.deep.equal(['["1min"]']);
      server.nowMs += 1000;
      expect((await refused("SELECT * FROM t AS OF SYSTEM TIME '-2s'")).code).to.equal('72000');
      expect(await query("SELECT * FROM t AS OF SYSTEM TIME '-1s'")).to.deep.equal(NOW);
      const blocked = await refused('BEGIN; SET version_retention = 0');
      expect(blocked.code).to.equal('25001');
      expect((await refused("SET version_retention = 'long'")).code).to.equal('22023');
      await server.client.query('CREATE ROLE nobody; SET ROLE nobody');
      expect((await refused('SET version_retention = 0')).code).to.equal('42501');
      await server.client.query('RESET ROLE; RESET version_retention');
      expect(await query('SHOW version_retention')).to.deep.equal(['["1h"]']);
    });
  });
});
