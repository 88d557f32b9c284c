/** A session of the real engine, at message level: what PostgreSQL's protocol chapter promises about statements and portals. */
import { once } from 'node:events';
import { expect } from 'chai';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { frame, type Message, names, serialize, WireClient } from '../support/wire-client.ts';

const { parse, bind, describe: describeMessage, execute, close, sync } = serialize;

function rowsOf(messages: readonly Message[]): (string | null)[][] {
  return messages.filter((m) => m.name === 'dataRow').map((m) => m.fields);
}

function tagOf(messages: readonly Message[]): string {
  return messages.find((m) => m.name === 'commandComplete')?.text ?? '';
}

function codeOf(messages: readonly Message[]): string {
  return messages.find((m) => m.name === 'error')?.code ?? '';
}

describe('session', () => {
  let scratch: ScratchDatabase;
  let client: WireClient;
  const open = (): Promise<WireClient> =>
    WireClient.ready(scratch.connection.port as number, { user: 'postgres', database: 'postgres' });

  beforeEach(async () => {
    scratch = await createScratchDatabase();
    client = await open();
  });
  afterEach(async () => {
    client.close();
    await scratch.drop();
  });

  describe('simple query', () => {
    it('has several statements of a text in a block, as to what asks for one, but for savepoints', async () => {
      await client.query('CREATE TABLE t (a int PRIMARY KEY)');
      expect(codeOf(await client.query('LOCK TABLE t'))).to.equal('25P01');
      expect(codeOf(await client.query('LOCK TABLE t; INSERT INTO t VALUES (1)'))).to.equal('');
      expect(rowsOf(await client.query('DECLARE c CURSOR FOR TABLE t; FETCH 2 FROM c'))).to.deep.equal([['1']]);
      expect(codeOf(await client.query('FETCH c'))).to.equal('34000');
      const local = await client.query("SET LOCAL work_mem = '1MB'; SHOW work_mem");
      expect(rowsOf(local)).to.deep.equal([['1MB']]);
      expect(names(local)).to.not.include('notice');
      expect(rowsOf(await client.query('SHOW work_mem'))).to.not.deep.equal([['1MB']]);
      expect(codeOf(await client.query('SET TRANSACTION READ ONLY; INSERT INTO t VALUES (2)'))).to.equal('25006');
      expect(names(await client.query('SET CONSTRAINTS ALL DEFERRED; SELECT 1'))).to.not.include('notice');
      expect(codeOf(await client.query('SAVEPOINT s; SELECT 1'))).to.equal('25P01');
    });

    it('runs several statements as one transaction: the last error undoes the first insert', async () => {
      await client.query('CREATE TABLE t (a int PRIMARY KEY)');
      const messages = await client.query(
        'INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)',
      );
      expect(names(messages)).to.deep.equal(['commandComplete', 'error', 'readyForQuery']);
      expect(codeOf(messages)).to.equal('23505');
      expect(rowsOf(await client.query('SELECT count(*) FROM t'))).to.deep.equal([['0']]);
    });

    it('gives each statement of the same shape its own literals', async () => {
      await client.query('CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(6,2), d date)');
      for (let i = 1; i <= 5; i++)
        await client.query(`INSERT INTO t VALUES (${i}, 'row ${i}', ${i}.50, '2024-01-0${i}')`);
      for (let i = 1; i <= 5; i++) {
        expect(rowsOf(await client.query(`SELECT b, c, d FROM t WHERE a = ${i}`))).to.deep.equal([
          [`row ${i}`, `${i}.50`, `2024-01-0${i}`],
        ]);
        expect(rowsOf(await client.query(`SELECT a FROM t WHERE b = 'row ${i}' AND c > ${i - 1}.25`))).to.deep.equal([
          [`${i}`],
        ]);
        expect(rowsOf(await client.query(`SELECT ${i} + -${i * 2}, 'x${i}' || ${i}`))).to.deep.equal([
          [`${-i}`, `x${i}${i}`],
        ]);
        expect(rowsOf(await client.query(`SELECT a FROM t ORDER BY a LIMIT ${i} OFFSET 1`))).to.have.length(
          Math.min(i, 4),
        );
      }
    });

    it('takes another column for ORDER BY 2 than for ORDER BY 1, though the shape is the same', async () => {
      await client.query('CREATE TABLE t (a int, b int)');
      await client.query('INSERT INTO t VALUES (1, 9), (2, 8)');
      expect(rowsOf(await client.query('SELECT a, b FROM t ORDER BY 1'))).to.deep.equal([
        ['1', '9'],
        ['2', '8'],
      ]);
      expect(rowsOf(await client.query('SELECT a, b FROM t ORDER BY 2'))).to.deep.equal([
        ['2', '8'],
        ['1', '9'],
      ]);
    });

    it('has no parameters, and counts characters for error positions', async () => {
      expect(codeOf(await client.query('SELECT $1'))).to.equal('42P02');
      const messages = await client.query("SELECT '😀😀', nowhere");
      expect(messages.find((m) => m.name === 'error')?.position).to.equal('14');
    });

    it('plans again after the table has changed', async () => {
      await client.query('CREATE TABLE t (a int)');
      await client.query('INSERT INTO t VALUES (1)');
      expect(rowsOf(await client.query('SELECT * FROM t'))).to.deep.equal([['1']]);
      await client.query("ALTER TABLE t ADD COLUMN b text DEFAULT 'new'");
      expect(rowsOf(await client.query('SELECT * FROM t'))).to.deep.equal([['1', 'new']]);
      await client.query('ALTER TABLE t DROP COLUMN a');
      expect(rowsOf(await client.query('SELECT * FROM t'))).to.deep.equal([['new']]);
    });
  });

  describe('transactions', () => {
    it('tell their state in ReadyForQuery, and refuse statements after an error', async () => {
      const status = async (sql: string): Promise<string> => (await client.query(sql)).at(-1)?.status;
      expect(await status('BEGIN')).to.equal('T');
      expect(await status('SELECT 1/0')).to.equal('E');
      const refused = await client.query('SELECT 1');
      expect(codeOf(refused)).to.equal('25P02');
      const ended = await client.query('COMMIT');
      expect([tagOf(ended), ended.at(-1)?.status]).to.deep.equal(['ROLLBACK', 'I']);
    });

    it('go back to a savepoint after an error, definitions included', async () => {
      await client.query('BEGIN; CREATE TABLE t (a int); INSERT INTO t VALUES (1); SAVEPOINT s');
      await client.query('ALTER TABLE t ADD COLUMN b int; CREATE TABLE u (a int); INSERT INTO t VALUES (2, 2)');
      expect(codeOf(await client.query('SELECT * FROM nowhere'))).to.equal('42P01');
      await client.query('ROLLBACK TO s');
      expect(rowsOf(await client.query('SELECT * FROM t'))).to.deep.equal([['1']]);
      expect(codeOf(await client.query('SELECT * FROM u'))).to.equal('42P01');
      await client.query('ROLLBACK');
    });

    it('are not seen by others before they commit', async () => {
      const other = await open();
      await client.query('CREATE TABLE t (a int)');
      await client.query('BEGIN; INSERT INTO t VALUES (1); CREATE TABLE hidden (a int)');
      expect(rowsOf(await other.query('SELECT count(*) FROM t'))).to.deep.equal([['0']]);
      expect(codeOf(await other.query('SELECT * FROM hidden'))).to.equal('42P01');
      await client.query('COMMIT');
      expect(rowsOf(await other.query('SELECT count(*) FROM t'))).to.deep.equal([['1']]);
      expect(codeOf(await other.query('SELECT * FROM hidden'))).to.equal('');
      other.close();
    });
  });

  describe('extended query', () => {
    it('gives a portal in parts, in order, and its rest at the end', async () => {
      client.send(parse({ text: 'SELECT g FROM generate_series(1, $1::int) AS g' }), bind({ values: ['7'] }));
      client.send(execute({ rows: 3 }), execute({ rows: 3 }), execute({ rows: 3 }), sync());
      const messages = await client.untilReady();
      expect(names(messages).filter((n) => n !== 'dataRow')).to.deep.equal([
        'parseComplete',
        'bindComplete',
        'portalSuspended',
        'portalSuspended',
        'commandComplete',
        'readyForQuery',
      ]);
      expect(rowsOf(messages).flat()).to.deep.equal(['1', '2', '3', '4', '5', '6', '7']);
    });

    it('drops everything between an error and Sync', async () => {
      client.send(parse({ text: 'SELECT 1/$1::int' }), bind({ values: ['0'] }), execute());
      client.send(parse({ text: 'SELECT 2' }), bind(), execute(), sync());
      const messages = await client.untilReady();
      expect(names(messages)).to.deep.equal(['parseComplete', 'bindComplete', 'error', 'readyForQuery']);
      expect(codeOf(messages)).to.equal('22012');
    });

    it('infers parameter types and describes results before they are bound', async () => {
      await client.query('CREATE TABLE t (a int, b text, c numeric(6,2), d timestamptz)');
      client.send(parse({ name: 's', text: 'SELECT a, b, c, d FROM t WHERE a = $1 AND b = $2 AND d < $3' }));
      client.send(describeMessage({ type: 'S', name: 's' }), sync());
      const messages = await client.untilReady();
      expect(messages[1]?.dataTypeIDs).to.deep.equal([23, 25, 1184]);
      expect(messages[2]?.fields.map((f: { dataTypeID: number }) => f.dataTypeID)).to.deep.equal([23, 25, 1700, 1184]);
    });

    it('commits at Sync, and rolls back what came before an error in the same pipeline', async () => {
      await client.query('CREATE TABLE t (a int PRIMARY KEY)');
      const insert = (value: string): Uint8Array[] => [
        parse({ text: 'INSERT INTO t VALUES ($1)' }),
        bind({ values: [value] }),
        execute(),
      ];
      client.send(...insert('1'), ...insert('2'), sync());
      await client.untilReady();
      client.send(...insert('3'), ...insert('1'), sync());
      expect(codeOf(await client.untilReady())).to.equal('23505');
      expect(rowsOf(await client.query('SELECT a FROM t ORDER BY a'))).to.deep.equal([['1'], ['2']]);
    });

    it('refuses what must be alone in its transaction behind another statement of the pipeline', async () => {
      const run = async (...texts: string[]): Promise<unknown[]> => {
        client.send(...texts.flatMap((text) => [parse({ text }), bind(), execute()]), sync());
        return (await client.untilReady())
          .filter((m) => ['commandComplete', 'error'].includes(m.name))
          .map((m) => (m.name === 'error' ? `${m.code} ${m.message}` : m.text));
      };
      const refused = (what: string): string => `25001 ${what} cannot be executed within a pipeline`;
      expect(await run('SELECT 1', 'CREATE DATABASE never')).to.deep.equal(['SELECT 1', refused('CREATE DATABASE')]);
      expect(await run('SET work_mem = 1000', 'VACUUM')).to.deep.equal(['SET', refused('VACUUM')]);
      expect(await run('VACUUM', 'VACUUM')).to.deep.equal(['VACUUM', refused('VACUUM')]);
      expect(await run('BEGIN', 'COMMIT', 'VACUUM')).to.deep.equal(['BEGIN', 'COMMIT', 'VACUUM']);
      expect(await run('VACUUM')).to.deep.equal(['VACUUM']);
      // It is there, whatever comes behind it.
      expect(await run('CREATE DATABASE made', 'SELECT 1/0')).to.deep.equal([
        'CREATE DATABASE',
        '22012 division by zero',
      ]);
      expect(await run('DROP DATABASE made', 'DROP DATABASE IF EXISTS made', 'SELECT 1')).to.deep.equal([
        'DROP DATABASE',
        'DROP DATABASE',
        'SELECT 1',
      ]);
    });

    it('refuses a cached plan whose result type has changed', async () => {
      await client.query('CREATE TABLE t (a int)');
      client.send(parse({ name: 's', text: 'SELECT * FROM t' }), bind({ statement: 's' }), execute(), sync());
      await client.untilReady();
      await client.query('ALTER TABLE t ADD COLUMN b int');
      client.send(bind({ statement: 's' }), execute(), sync());
      const messages = await client.untilReady();
      const error = messages.find((m) => m.name === 'error') as (Message & { routine?: string }) | undefined;
      expect([codeOf(messages), error?.message, error?.routine]).to.deep.equal([
        '0A000',
        'cached plan must not change result type',
        // Drivers that prepare the statement anew know the error by it.
        'RevalidateCachedQuery',
      ]);
    });

    it('takes parameters of type void for OUT arguments, which a call has not', async () => {
      await client.query(
        "CREATE FUNCTION half(whole int, OUT a int, OUT b text) LANGUAGE sql AS $$ SELECT $1 / 2, 'h' $$",
      );
      const types = [23, 2278, 2278];
      client.send(parse({ text: 'SELECT * FROM half($1, $2, $3)', types }), describeMessage({ type: 'S' }));
      client.send(bind({ values: ['8', null, null] }), execute(), sync());
      expect(rowsOf(await client.untilReady())).to.deep.equal([['4', 'h']]);
      client.send(parse({ text: 'SELECT upper($1, $2)', types: [2278, 25] }), sync());
      expect(codeOf(await client.untilReady())).to.equal('');
      client.send(parse({ text: 'SELECT nowhere($1, $2)', types: [2278, 25] }), sync());
      const error = (await client.untilReady()).find((m) => m.name === 'error');
      expect(error?.message).to.equal('function nowhere(text) does not exist');
    });

    it('says where columns come from, those of the system too', async () => {
      await client.query('CREATE TABLE t (a int, b int)');
      const [[oid]] = rowsOf(await client.query("SELECT 't'::regclass::oid")) as [[string]];
      client.send(parse({ text: 'SELECT b, ctid, tableoid, b + 1 FROM t' }), describeMessage({ type: 'S' }), sync());
      const description = (await client.untilReady()).find((m) => m.name === 'rowDescription') as Message & {
        fields: { tableID: number; columnID: number }[];
      };
      expect(description.fields.map(({ tableID, columnID }) => [tableID, columnID])).to.deep.equal([
        [Number(oid), 2],
        [Number(oid), -1],
        [Number(oid), -6],
        [0, 0],
      ]);
    });

    it('names what is wrong with a Bind', async () => {
      client.send(parse({ name: 's', text: 'SELECT $1::int' }), bind({ statement: 's', values: ['1', '2'] }), sync());
      expect(codeOf(await client.untilReady())).to.equal('08P01');
      client.send(bind({ statement: 's', values: ['x'] }), sync());
      expect(codeOf(await client.untilReady())).to.equal('22P02');
      client.send(bind({ statement: 'gone' }), sync());
      expect(codeOf(await client.untilReady())).to.equal('26000');
      client.send(execute({ portal: 'gone' }), sync());
      expect(codeOf(await client.untilReady())).to.equal('34000');
    });

    it('forgets a closed statement', async () => {
      client.send(
        parse({ name: 's', text: 'SELECT 1' }),
        close({ type: 'S', name: 's' }),
        bind({ statement: 's' }),
        sync(),
      );
      expect(codeOf(await client.untilReady())).to.equal('26000');
    });

    it('checks domains in parameters whose type the client has said, inside arrays too', async () => {
      await client.query('CREATE DOMAIN pos AS int CHECK (value > 0); CREATE TABLE t (a pos[], b pos)');
      const [[array, domain]] = rowsOf(
        await client.query("SELECT 'pos[]'::regtype::oid, 'pos'::regtype::oid"),
      ) as string[][];
      for (const [a, b, code] of [
        ['{1,-1}', '1', '23514'],
        ['{1}', '-1', '23514'],
        ['{1}', '1', ''],
      ]) {
        client.send(
          parse({ text: 'INSERT INTO t VALUES ($1, $2)', types: [Number(array), Number(domain)] }),
          bind({ values: [a, b] }),
          execute(),
          sync(),
        );
        expect(codeOf(await client.untilReady())).to.equal(code);
      }
    });
  });

  describe('COPY', () => {
    it('takes lines cut anywhere, with escapes and nulls', async () => {
      await client.query('CREATE TABLE t (a int, b text, c numeric(8,2))');
      const data = Buffer.from('1\tone\t1.50\n2\t\\N\t2.25\n3\ttab\\there\\nline\\\\\t\\N\n4\tünïcödé\t4\n');
      client.send(serialize.query('COPY t FROM STDIN'));
      for (let i = 0; i < data.length; i += 3) client.send(serialize.copyData(data.subarray(i, i + 3)));
      client.send(serialize.copyDone());
      expect(tagOf(await client.untilReady())).to.equal('COPY 4');
      expect(rowsOf(await client.query('SELECT * FROM t ORDER BY a'))).to.deep.equal([
        ['1', 'one', '1.50'],
        ['2', null, '2.25'],
        ['3', 'tab\there\nline\\', null],
        ['4', 'ünïcödé', '4.00'],
      ]);
    });

    it('says line and column of a bad value, and keeps nothing', async () => {
      await client.query('CREATE TABLE t (a int)');
      client.send(
        serialize.query('COPY t FROM STDIN'),
        serialize.copyData(Buffer.from('1\nx\n')),
        serialize.copyDone(),
      );
      const messages = await client.untilReady();
      expect(codeOf(messages)).to.equal('22P02');
      expect(messages.find((m) => m.name === 'error')?.where).to.equal('COPY t, line 2, column a: "x"');
      expect(rowsOf(await client.query('SELECT count(*) FROM t'))).to.deep.equal([['0']]);
    });

    it('gives back in CSV what it would take', async () => {
      await client.query('CREATE TABLE t (a int, b text)');
      await client.query(`INSERT INTO t VALUES (1, 'plain'), (2, 'with "quotes", and\nline'), (3, NULL), (4, '')`);
      const messages = await client.query('COPY t TO STDOUT (FORMAT csv, HEADER)');
      const text = messages
        .filter((m) => m.name === 'copyData')
        .map((m) => String(m.chunk))
        .join('');
      expect(text).to.equal('a,b\n1,plain\n2,"with ""quotes"", and\nline"\n3,\n4,""\n');
      await client.query('CREATE TABLE u (LIKE t)');
      client.send(
        serialize.query('COPY u FROM STDIN (FORMAT csv, HEADER)'),
        serialize.copyData(Buffer.from(text)),
        serialize.copyDone(),
      );
      await client.untilReady();
      expect(
        rowsOf(await client.query('SELECT count(*) FROM (SELECT * FROM t EXCEPT SELECT * FROM u) AS d')),
      ).to.deep.equal([['0']]);
    });

    it("ends with the client's words when the client fails it", async () => {
      await client.query('CREATE TABLE t (a int)');
      client.send(
        serialize.query('COPY t FROM STDIN'),
        serialize.copyData(Buffer.from('1\n2')),
        serialize.copyFail('changed my mind'),
      );
      const messages = await client.untilReady();
      const error = messages.find((m) => m.name === 'error') as (Message & { where?: string }) | undefined;
      expect([codeOf(messages), error?.message, error?.where]).to.deep.equal([
        '57014',
        'COPY from stdin failed: changed my mind',
        'COPY t, line 2',
      ]);
    });

    it('looks at what has come before the client fails it', async () => {
      await client.query('CREATE TABLE t (a int)');
      client.send(
        serialize.query('COPY t FROM STDIN'),
        serialize.copyData(Buffer.from('x\n')),
        serialize.copyFail('changed my mind'),
      );
      expect(codeOf(await client.untilReady())).to.equal('22P02');
    });
  });

  describe('others', () => {
    it('are served while a long query runs', async () => {
      const other = await open();
      await client.query('CREATE TABLE t (a int PRIMARY KEY)');
      await client.query('INSERT INTO t SELECT g FROM generate_series(1, 1000) AS g');
      // Hours of work: it ends because it is cancelled, after the others have had their answers.
      const long = client.query('SELECT count(*) FROM t AS a, t AS b, t AS c, t AS d WHERE a.a + b.a + c.a + d.a = 3');
      for (let i = 1; i <= 20; i++) {
        expect(rowsOf(await other.query(`SELECT a FROM t WHERE a = ${i}`))).to.deep.equal([[`${i}`]]);
      }
      const processId = rowsOf(
        await other.query('SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()'),
      )[0]?.[0];
      await other.query(`SELECT pg_cancel_backend(${processId})`);
      expect(codeOf(await long)).to.equal('57014');
      other.close();
    });

    it('are kept out of memory trouble by a reader that stops', async () => {
      // 200 MB of rows: the server may hold back only a bounded part of them.
      const before = process.memoryUsage().rss;
      client.socket.pause();
      client.send(serialize.query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"));
      const other = await open();
      for (let i = 0; i < 50; i++) await other.query('SELECT pg_sleep(0.01)');
      expect(process.memoryUsage().rss - before).to.be.at.most(100 * 1024 * 1024);
      other.close();
    });

    it('can cancel a query that waits for a lock', async () => {
      await client.query('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
      const holder = await open();
      await holder.query('BEGIN; UPDATE t SET a = 2');
      const processId = rowsOf(await client.query('SELECT pg_backend_pid()'))[0]?.[0];
      const waiting = client.query('UPDATE t SET a = 3');
      const canceller = await open();
      // The cancel may come before the wait has begun: it is sent again until the statement has ended.
      let isDone = false;
      void waiting.then(() => {
        isDone = true;
      });
      while (!isDone) await canceller.query(`SELECT pg_cancel_backend(${processId}), pg_sleep(0.02)`);
      expect(codeOf(await waiting)).to.equal('57014');
      await holder.query('ROLLBACK');
      expect(rowsOf(await client.query('SELECT a FROM t'))).to.deep.equal([['1']]);
      holder.close();
      canceller.close();
    });
  });

  it('does not go on with its own statement when it cancels or ends itself', async () => {
    const canceled = await client.query(
      'SELECT pg_cancel_backend(pg_backend_pid()), g FROM generate_series(1, 3) AS g',
    );
    expect(codeOf(canceled)).to.equal('57014');
    expect(rowsOf(await client.query('SELECT 2'))).to.deep.equal([['2']]);
    await client.query('CREATE TABLE ended (a int)');
    const other = await open();
    await other.query('BEGIN; INSERT INTO ended VALUES (1)');
    const hasEnded = once(other.socket, 'close');
    const received: Buffer[] = [];
    other.socket.on('data', (piece) => received.push(piece));
    other.send(serialize.query('SELECT pg_terminate_backend(pg_backend_pid()); COMMIT'));
    await hasEnded;
    const answer = Buffer.concat(received).toString('latin1');
    expect(answer).to.match(/E.*FATAL.*terminating connection due to administrator command/s);
    // No ReadyForQuery behind it.
    expect(answer).not.to.match(/Z\0\0\0\x05.$/s);
    expect(rowsOf(await client.query('SELECT count(*) FROM ended'))).to.deep.equal([['0']]);
  });

  it('takes another role, and its own again', async () => {
    await client.query('CREATE ROLE helper');
    await client.query('SET ROLE helper');
    expect(rowsOf(await client.query('SELECT current_user, session_user'))).to.deep.equal([['helper', 'postgres']]);
    await client.query('RESET ROLE');
    expect(rowsOf(await client.query('SELECT current_user'))).to.deep.equal([['postgres']]);
    expect(codeOf(await client.query('DROP ROLE helper'))).to.equal('');
  });

  it('refuses text that is not UTF-8 and goes on', async () => {
    client.send(frame('Q', Buffer.concat([Buffer.from("SELECT '"), Buffer.from([0xc3, 0x28]), Buffer.from("'\0")])));
    expect(codeOf(await client.untilReady())).to.equal('22021');
    expect(rowsOf(await client.query('SELECT 1'))).to.deep.equal([['1']]);
  });

  it('ends deep nesting with 54001', async () => {
    const messages = await client.query(`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`);
    expect(codeOf(messages)).to.equal('54001');
    expect(rowsOf(await client.query('SELECT 1'))).to.deep.equal([['1']]);
  });
});
