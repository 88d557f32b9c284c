/** Portals over several messages: as cursors to SQL, across savepoints and failures; and what drivers read in errors and calls. */
import { expect } from 'chai';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { type Message, serialize, WireClient } from '../support/wire-client.ts';

const { parse, bind, describe: describeMessage, execute, sync } = serialize;

/** One line: rows, tags, errors, and what else counts. */
function told(messages: readonly Message[]): string {
  const words = messages.flatMap((m) => {
    if (m.name === 'dataRow') return [`(${m.fields.join(',')})`];
    if (m.name === 'commandComplete') return [m.text as string];
    if (m.name === 'error') return [`${m.code} ${m.message}`];
    return m.name === 'portalSuspended' ? ['...'] : [];
  });
  return words.join(' ');
}

describe('portals', () => {
  let scratch: ScratchDatabase;
  let client: WireClient;
  const query = async (text: string): Promise<string> => told(await client.query(text));
  const send = async (...messages: Uint8Array[]): Promise<string> => {
    client.send(...messages, sync());
    return told(await client.untilReady());
  };
  const open = (portal: string, rows: number): Promise<string> =>
    send(bind({ portal, statement: 'series' }), execute({ portal, rows }));
  const go = (portal: string, rows = 0): Promise<string> => send(execute({ portal, rows }));

  beforeEach(async () => {
    scratch = await createScratchDatabase();
    client = await WireClient.ready(scratch.connection.port as number, { user: 'postgres', database: 'postgres' });
    await send(parse({ name: 'series', text: 'SELECT generate_series(1, 9)' }));
    await query('BEGIN');
  });
  afterEach(async () => {
    client.close();
    await scratch.drop();
  });

  describe('as cursors', () => {
    it('are where the last of Execute, FETCH and MOVE left them', async () => {
      expect(await open('p', 2)).to.equal('(1) (2) ...');
      expect(await query('FETCH 2 FROM p')).to.equal('(3) (4) FETCH 2');
      expect(await query('MOVE 2 IN p')).to.equal('MOVE 2');
      expect(await go('p', 1)).to.equal('(7) ...');
      expect(await query('FETCH ABSOLUTE 8 FROM p')).to.equal('(8) FETCH 1');
      expect(await go('p')).to.equal('(9) SELECT 1');
      expect(await query('FETCH p')).to.equal('FETCH 0');
    });

    it('say when they were bound', async () => {
      await open('p', 1);
      await query('SELECT pg_sleep(0.01)');
      await open('q', 1);
      await query('SELECT pg_sleep(0.01)');
      const text =
        "SELECT name, creation_time < statement_timestamp() FROM pg_cursors WHERE name <> '' ORDER BY creation_time";
      expect(await query(text)).to.equal('(p,t) (q,t) SELECT 2');
    });

    it('go forward only', async () => {
      await open('p', 3);
      expect(await query('FETCH BACKWARD 1 FROM p')).to.equal('55000 cursor can only scan forward');
    });

    it('give to FETCH what INSERT ... RETURNING has left', async () => {
      await query('CREATE TABLE t (a int)');
      await send(
        parse({ text: 'INSERT INTO t SELECT generate_series(1, 3) RETURNING a' }),
        bind({ portal: 'p' }),
        execute({ portal: 'p', rows: 1 }),
      );
      expect(await query('FETCH 1 FROM p')).to.equal('(2) FETCH 1');
      expect(await go('p')).to.equal('(3) INSERT 0 1');
      expect(await query('SELECT count(*) FROM t')).to.equal('(3) SELECT 1');
    });

    it('give rows as values to FETCH that were written by their scan to Execute', async () => {
      await query('CREATE TABLE t (a int, b text)');
      await query("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g");
      await send(parse({ text: 'SELECT * FROM t' }), bind({ portal: 'p' }), execute({ portal: 'p', rows: 2 }));
      expect(await query('FETCH 2 FROM p')).to.equal('(3,x) (4,x) FETCH 2');
      expect(await go('p', 2)).to.equal('(5,x) (6,x) ...');
      expect(await query('MOVE ALL IN p')).to.equal('MOVE 994');
      expect(await go('p')).to.equal('SELECT 0');
    });

    it('are listed, closed, and have their names for themselves', async () => {
      await open('p', 1);
      const listed = await query('SELECT name, is_holdable, is_scrollable FROM pg_cursors');
      expect(listed).to.equal('(p,f,f) SELECT 1');
      expect(await query('CLOSE p')).to.equal('CLOSE CURSOR');
      expect(await go('p')).to.equal('34000 portal "p" does not exist');
      await query('ROLLBACK; BEGIN');
      await open('p', 1);
      expect(await query('CLOSE ALL')).to.equal('CLOSE CURSOR ALL');
      await open('p', 1);
      expect(await query('DECLARE p CURSOR FOR SELECT 1')).to.equal('42P03 cursor "p" already exists');
    });

    it('and cursors of DECLARE as portals', async () => {
      await query('DECLARE c CURSOR FOR SELECT generate_series(1, 4)');
      expect(await go('c', 2)).to.equal('(1) (2) ...');
      expect(await query('FETCH c')).to.equal('(3) FETCH 1');
      expect(await go('c')).to.equal('(4) SELECT 1');
    });
  });

  describe('across savepoints', () => {
    it('stay when one is rolled back that they were there before', async () => {
      await open('p', 1);
      await query('SAVEPOINT a');
      await open('q', 1);
      expect(await query('SELECT 1/0')).to.equal('22012 division by zero');
      const refused = '25P02 current transaction is aborted, commands ignored until end of transaction block';
      expect(await go('p')).to.equal(refused);
      expect(await go('q')).to.equal(refused);
      expect(await send(describeMessage({ type: 'P', name: 'p' }))).to.equal(refused);
      expect(await go('r')).to.equal('34000 portal "r" does not exist');
      const nothing = [parse({ name: 'nothing', text: ';' }), describeMessage({ type: 'S', name: 'nothing' })];
      expect(await send(...nothing)).to.equal('');
      expect(await send(bind({ portal: 'n', statement: 'nothing' }))).to.equal(refused);
      await query('ROLLBACK TO a');
      expect(await go('p', 2)).to.equal('(2) (3) ...');
      expect(await go('q')).to.equal('34000 portal "q" does not exist');
    });

    it('belong to what is around a savepoint that is released', async () => {
      await query('SAVEPOINT a');
      await open('p', 1);
      await query('RELEASE a; SAVEPOINT b');
      await query('ROLLBACK TO b');
      expect(await go('p', 1)).to.equal('(2) ...');
    });

    it('that fail behind one cannot be run any more', async () => {
      await send(
        parse({ text: 'SELECT 1 / (2 - g) FROM generate_series(1, 9) g' }),
        bind({ portal: 'p' }),
        execute({ portal: 'p', rows: 1 }),
      );
      await query('SAVEPOINT a');
      expect(await go('p')).to.equal('22012 division by zero');
      await query('ROLLBACK TO a');
      expect(await go('p')).to.equal('55000 portal "p" cannot be run');
    });
  });

  it('say which parameter cannot be read, and as much of its text as is wanted', async () => {
    const contextOf = async (values: (string | Buffer)[], portal = ''): Promise<string> => {
      client.send(parse({ text: 'SELECT $1::int, $2::float8', types: [23, 701] }), bind({ portal, values }), sync());
      const error = (await client.untilReady()).find((m) => m.name === 'error');
      return `${error?.code} ${error?.message}: ${error?.where}`;
    };
    await query('ROLLBACK');
    const wrong = '22P02 invalid input syntax for type double precision: "it\'s"';
    expect(await contextOf(['1', "it's"])).to.equal(`${wrong}: unnamed portal parameter $2 = '...'`);
    await query('SET log_parameter_max_length_on_error = 3');
    expect(await contextOf(['1', "it's"], 'p')).to.equal(`${wrong}: portal "p" parameter $2 = 'it''...'`);
    await query('SET log_parameter_max_length_on_error = -1');
    expect(await contextOf(['1', "it's"])).to.equal(`${wrong}: unnamed portal parameter $2 = 'it''s'`);
    expect(await contextOf([Buffer.from([0, 0, 0, 1, 0]), Buffer.alloc(8)])).to.equal(
      '22P03 incorrect binary data format in bind parameter 1: unnamed portal parameter $1',
    );
  });

  it('are gone with a transaction that failed', async () => {
    await open('p', 1);
    await query('SELECT 1/0');
    await query('ROLLBACK');
    expect(await go('p')).to.equal('34000 portal "p" does not exist');
  });

  it('take no argument for a parameter of type void', async () => {
    const VOID = 2278;
    expect(
      await send(
        parse({ text: 'SELECT abs($1, $2), now($3) = now()', types: [VOID, 23, VOID] }),
        bind({ values: [null, '-3', ''] }),
        execute(),
      ),
    ).to.equal('(3,t) SELECT 1');
  });

  it("name PostgreSQL's function to a driver whose statement must be prepared anew", async () => {
    await query('CREATE TABLE t (a int)');
    await send(parse({ name: 's', text: 'TABLE t' }), bind({ statement: 's' }), execute());
    await query('ALTER TABLE t ADD COLUMN b int');
    client.send(bind({ statement: 's' }), execute(), sync());
    const error = (await client.untilReady()).find((m) => m.name === 'error');
    expect([error?.code, error?.routine]).to.deep.equal(['0A000', 'RevalidateCachedQuery']);
  });

  it('refuse a plan whose result has another length', async () => {
    await query('CREATE TABLE t (a varchar(20))');
    await send(parse({ name: 's', text: 'TABLE t' }), bind({ statement: 's' }), execute());
    await query('ALTER TABLE t ALTER a TYPE varchar(30)');
    expect(await send(bind({ statement: 's' }), execute())).to.equal('0A000 cached plan must not change result type');
  });

  it('take no parameter of a type that is gone, though one of its name has come', async () => {
    await query("CREATE TYPE mood AS ENUM ('well')");
    await send(parse({ name: 's', text: 'SELECT $1::mood' }));
    await query("DROP TYPE mood; CREATE TYPE mood AS ENUM ('sick')");
    const answer = await send(bind({ statement: 's', values: ['sick'] }), execute());
    expect(answer).to.match(/^XX000 cache lookup failed for type \d+$/);
  });

  it('and PREPARE share a statement, but not how it got its name', async () => {
    const text = 'SELECT 1, 2';
    await send(parse({ name: 's', text }));
    await query(`PREPARE p AS ${text}`);
    const listed =
      'SELECT name, statement, from_sql FROM pg_prepared_statements WHERE name IN ($$s$$, $$p$$) ORDER BY 1';
    expect(await query(listed)).to.equal(`(p,PREPARE p AS ${text},t) (s,${text},f) SELECT 2`);
  });

  it('of no name go with the next simple query, and the statement of no name', async () => {
    await send(parse({ text: 'SELECT 1' }));
    await query('SELECT 2');
    expect(await send(bind({}), execute())).to.equal('26000 unnamed prepared statement does not exist');
  });
});
