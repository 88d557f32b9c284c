/** pg_ls_dir and its kin: the server's folders, for those who may look. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

describe('Files of the server', () => {
  let directory: string;
  let server: DatabaseServer;
  let client: DirectClient;

  async function open(dataDirectory: string | null): Promise<void> {
    server = await openDatabaseServer({ dataDirectory, settings: new Map() });
    client = new DirectClient(server);
  }

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-server-files-'));
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  afterEach(() => server.close());

  const ask = async (sql: string): Promise<string> => (await client.rows(sql)).map((row) => row.join(',')).join(' ');
  const code = async (sql: string): Promise<string | undefined> => (await client.query(sql)).error?.code;

  it('are listed, by a path from the data directory', async () => {
    await open(directory);
    assert.equal(
      await ask("SELECT count(*) FROM pg_ls_dir('.') AS name WHERE name IN ('base', 'wal', 'control')"),
      '3',
    );
    assert.equal(await ask("SELECT count(*) FROM pg_ls_dir('.', false, true) AS name WHERE name IN ('.', '..')"), '2');
    assert.equal(await ask("SELECT pg_ls_dir('nowhere', true, true)"), '');
    assert.equal(await ask('SELECT count(*) > 0, bool_and(size > 0) FROM pg_ls_waldir()'), 't,t');
    assert.equal(await ask('SELECT * FROM pg_ls_tmpdir(), pg_ls_archive_statusdir(), pg_ls_logicalsnapdir()'), '');
    assert.equal(await ask("SELECT isdir, modification <= now() FROM pg_stat_file('wal')"), 't,t');
    assert.equal(await ask("SELECT size IS NULL FROM pg_stat_file('nowhere', true)"), 't');
  });

  it('that are not there are an error', async () => {
    await open(directory);
    assert.equal(await code("SELECT pg_ls_dir('nowhere')"), '58P01');
    assert.equal(await code("SELECT pg_ls_dir('control')"), '42809');
    assert.equal(await code("SELECT pg_stat_file('nowhere')"), '58P01');
    assert.equal(await code('SELECT * FROM pg_ls_logdir()'), '58P01');
    assert.equal(await code("SELECT * FROM pg_ls_replslotdir('x')"), '42704');
  });

  it('are for superusers, some of them for pg_monitor', async () => {
    await open(directory);
    await client.rows('CREATE ROLE watcher; SET ROLE watcher');
    assert.equal(await code("SELECT pg_ls_dir('.')"), '42501');
    assert.equal(await code('SELECT * FROM pg_ls_waldir()'), '42501');
    await client.rows('RESET ROLE; GRANT pg_monitor TO watcher; SET ROLE watcher');
    assert.equal(await ask('SELECT count(*) > 0 FROM pg_ls_waldir()'), 't');
    assert.equal(await code("SELECT pg_stat_file('wal')"), '42501');
  });

  it('are for whom EXECUTE is granted, below the data directory', async () => {
    await open(directory);
    await client.rows('CREATE ROLE reader; GRANT EXECUTE ON FUNCTION pg_ls_dir(text), pg_stat_file(text) TO reader');
    await client.rows('SET ROLE reader');
    assert.equal(await ask("SELECT count(*) > 0 FROM pg_ls_dir('wal/../.')"), 't');
    assert.equal(await ask("SELECT isdir FROM pg_stat_file('wal')"), 't');
    assert.equal(await code("SELECT pg_ls_dir('.', true, false)"), '42501');
    const refused = async (sql: string): Promise<string | undefined> => (await client.query(sql)).error?.message;
    assert.equal(await refused("SELECT pg_ls_dir('..')"), 'path must be in or below the data directory');
    assert.equal(await refused("SELECT pg_stat_file('wal/../../x')"), 'path must be in or below the data directory');
    assert.equal(await refused("SELECT pg_ls_dir('/etc')"), 'absolute path not allowed');
    await client.rows('RESET ROLE; GRANT pg_read_server_files TO reader; SET ROLE reader');
    assert.equal(await ask("SELECT count(*) > 0 FROM pg_ls_dir('/etc')"), 't');
    await client.rows('RESET ROLE; REVOKE EXECUTE ON FUNCTION pg_ls_dir(text) FROM reader; SET ROLE reader');
    assert.equal(await refused("SELECT pg_ls_dir('.')"), 'permission denied for function pg_ls_dir');
  });

  it('are none in memory', async () => {
    await open(null);
    assert.equal(await code("SELECT pg_ls_dir('.')"), '58P01');
    assert.equal(await ask('SELECT count(*) FROM pg_ls_waldir()'), '0');
  });
});
