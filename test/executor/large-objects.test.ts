/** Large objects over restarts, in forks and copies, between sessions, and by FunctionCall messages as libpq's lo_* functions send them. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

describe('Large objects', () => {
  let directory: string;
  let server: DatabaseServer;
  let client: DirectClient;

  async function open(settings: ReadonlyMap<string, string> = new Map()): Promise<void> {
    server = await openDatabaseServer({ dataDirectory: directory, settings: new Map(settings) });
    client = new DirectClient(server);
  }

  const one = async (sql: string): Promise<string> => (await client.rows(`SELECT ${sql}`))[0].join(' ');

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-large-objects-'));
    await open();
  });

  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('come from files and go into files', async () => {
    const bytes = randomBytes(3_000_001);
    const md5 = createHash('md5').update(bytes).digest('hex');
    const [from, to] = [join(directory, 'from'), join(directory, 'to')];
    writeFileSync(from, bytes);
    assert.equal(await one(`lo_import('${from}', 7)`), '7');
    assert.equal(await one('length(lo_get(7)), md5(lo_get(7))'), `3000001 ${md5}`);
    assert.equal(await one(`lo_export(7, '${to}')`), '1');
    assert.deepEqual(readFileSync(to), bytes);
    const part = createHash('md5').update(bytes.subarray(1_000_000, 2_000_003)).digest('hex');
    assert.equal(await one('md5(lo_get(7, 1000000, 1000003))'), part);
    assert.equal((await client.query(`SELECT lo_import('${directory}/nowhere')`)).error?.code, '58P01');
    assert.equal((await client.query(`SELECT lo_export(7, '${directory}/nowhere/to')`)).error?.code, '58P01');
  });

  it('are kept over restarts, and are in forks and copies of their database', async () => {
    const contents = "convert_from(lo_get(7), 'UTF8'), obj_description(7, 'pg_largeobject')";
    await client.rows("SELECT lo_from_bytea(7, 'seven')");
    await client.rows("COMMENT ON LARGE OBJECT 7 IS 'lucky'");
    await server.close();
    await open();
    assert.equal(await one(contents), 'seven lucky');
    client = new DirectClient(server, 'postgres@fork');
    await client.rows("SELECT lo_put(7, 0, 'SEVEN')");
    await client.rows("SELECT lo_from_bytea(8, 'eight')");
    assert.equal(await one(contents), 'SEVEN lucky');
    client = new DirectClient(server);
    assert.equal(await one(contents), 'seven lucky');
    assert.equal((await client.query('SELECT lo_get(8)')).error?.code, '42704');
    await client.rows('CREATE DATABASE copy TEMPLATE postgres');
    client = new DirectClient(server, 'copy');
    assert.equal(await one(contents), 'seven lucky');
    await client.rows('SELECT lo_unlink(7)');
    client = new DirectClient(server);
    assert.equal(await one(contents), 'seven lucky');
  });

  it('are made first by one session, for which the others wait', async () => {
    const other = new DirectClient(server);
    await client.rows("BEGIN; SELECT lo_from_bytea(1, 'one')");
    const waiting = other.rows("SELECT lo_from_bytea(2, 'two')");
    await client.rows('ROLLBACK');
    assert.deepEqual(await waiting, [['2']]);
    assert.deepEqual(await client.rows('SELECT oid FROM pg_largeobject_metadata'), [['2']]);
    await client.rows("BEGIN; SELECT lo_put(2, 0, 'TWO')");
    assert.equal((await other.rows("SELECT convert_from(lo_get(2), 'UTF8')"))[0][0], 'two');
    const second = other.rows("SELECT lo_put(2, 1, 'xx')");
    await client.rows('COMMIT');
    await second;
    assert.equal(await one("convert_from(lo_get(2), 'UTF8')"), 'Txx');
  });

  it('move their descriptors once, however often their expression waits', async () => {
    await client.rows("SELECT lo_from_bytea(1, sha256('x') || sha256('y') || sha256('z'))");
    await client.rows('BEGIN; SELECT lo_open(1, 393216)');
    const [[first, , second, place]] = await client.rows(
      'SELECT loread(0, 32), pg_sleep(0.05), loread(0, 32), lo_tell(0)',
    );
    assert.equal(place, '64');
    assert.equal(await one(`'${first}'::bytea = sha256('x'), '${second}'::bytea = sha256('y')`), 't t');
    const [[written, , after]] = await client.rows("SELECT lowrite(0, 'ab'), pg_sleep(0.05), lo_tell(0)");
    assert.deepEqual([written, after], ['2', '66']);
    await client.rows('COMMIT');
    assert.equal((await client.query('SELECT loread(0, 1)')).error?.code, '42704');
  });
});
