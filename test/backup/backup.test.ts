/** Backups of a bank that trades meanwhile: what is restored balances, and has what was acknowledged before the backup's end. */
import { expect } from 'chai';
import { MemoryFileSystem } from '../../storage/api.ts';
import { checkBackup, readManifest, StoppedSource, takeBackup } from '../../storage/backup/index.ts';
import { describeProblem, verifyDirectory } from '../../storage/verify/index.ts';
import { createBank } from '../crash/bank.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';
import { BankServer, restore } from './support.ts';

const SEED = seedFrom();

function problemsOf(fileSystem: MemoryFileSystem, directory: string): string[] {
  return verifyDirectory({ fileSystem, directory }).problems.map(describeProblem);
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: Error) => error.message,
  );
}

describe(`backup (SEED=${SEED})`, function () {
  this.timeout(120_000);
  const random = randomOf(SEED);
  let fileSystem: MemoryFileSystem;
  let server: BankServer;
  let number = 0;

  beforeEach(async () => {
    fileSystem = new MemoryFileSystem();
    number = 0;
    server = await BankServer.start(fileSystem, '/data');
    await createBank(server.client);
  });

  afterEach(async () => {
    await server.stop();
  });

  async function restored<T>(folders: string[], directory: string, look: (bank: BankServer) => Promise<T>): Promise<T> {
    await restore(fileSystem, folders, directory);
    expect(problemsOf(fileSystem, directory)).to.deep.equal([]);
    const bank = await BankServer.start(fileSystem, directory);
    try {
      expect(await bank.wrong(), bank.log.join('\n')).to.deep.equal([]);
      return await look(bank);
    } finally {
      await bank.stop();
    }
  }

  it('under load: balances, and has what was acknowledged before its end', async () => {
    server.trade(4, random, () => ++number);
    await server.untilTraded(20);
    const before = new Set(server.ledger.acknowledged);
    const manifest = await server.backup(fileSystem, '/backup');
    await server.untilTraded(20);
    await server.settle();
    expect((await checkBackup(fileSystem, '/backup')).problems).to.deep.equal([]);
    expect(manifest.damagedPages).to.deep.equal([]);
    const found = await restored(['/backup'], '/restored', (bank) => bank.numbers());
    expect([...before].filter((each) => !found.has(each))).to.deep.equal([]);
    expect(server.ledger.failures).to.deep.equal([]);
  });

  it('while tables are made, filled, dropped and cut short', async () => {
    await server.client.query(`CREATE TABLE gone AS SELECT g, repeat('x', 500) AS t FROM generate_series(1, 3000) g`);
    await server.client.query(`CREATE TABLE cut AS SELECT g, repeat('x', 500) AS t FROM generate_series(1, 3000) g`);
    server.trade(2, random, () => ++number);
    const running = server.backup(fileSystem, '/backup');
    await server.client.query('DROP TABLE gone');
    await server.client.query('DELETE FROM cut WHERE g > 100');
    await server.client.query('VACUUM cut');
    await server.client.query(`CREATE TABLE made AS SELECT g FROM generate_series(1, 5000) g`);
    await server.client.query('CREATE INDEX ON made (g)');
    await server.client.query('CHECKPOINT');
    await running;
    await server.settle();
    await restored(['/backup'], '/restored', async (bank) => {
      const tables = `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relname IN ('gone', 'cut', 'made')`;
      const names = (await bank.value(tables)).split(' ');
      for (const name of names) await bank.client.query(`SELECT count(*) FROM ${name}`);
      if (names.includes('made')) expect(await bank.value('SELECT count(*) FROM made WHERE g > 10')).to.equal('4990');
    });
  });

  it('incremental ones, each to the one before, are smaller and restore the same', async () => {
    await server.client.query(`CREATE TABLE still AS SELECT g, repeat('x', 500) AS t FROM generate_series(1, 20000) g`);
    const size = (manifest: { files: readonly { size: number; path: string }[] }): number =>
      manifest.files.filter(({ path }) => /^(relations|changes)/.test(path)).reduce((sum, file) => sum + file.size, 0);
    const full = await server.backup(fileSystem, '/full');
    server.trade(4, random, () => ++number);
    await server.untilTraded(30);
    const first = await server.backup(fileSystem, '/first', full);
    await server.client.query('CREATE TABLE late AS SELECT 1 AS one');
    await server.client.query('DROP TABLE still');
    await server.untilTraded(30);
    const before = new Set(server.ledger.acknowledged);
    const second = await server.backup(fileSystem, '/second', first);
    await server.settle();
    expect(size(first)).to.be.lessThan(size(full) / 4);
    expect(size(second)).to.be.lessThan(size(full) / 4);
    const found = await restored(['/full', '/first', '/second'], '/restored', async (bank) => {
      expect(await bank.value('SELECT one FROM late')).to.equal('1');
      expect(await bank.value(`SELECT to_regclass('still') IS NULL`)).to.equal('true');
      return bank.numbers();
    });
    expect([...before].filter((each) => !found.has(each))).to.deep.equal([]);
    // In any order; and the first without the second.
    await restored(['/first', '/full'], '/restored2', async (bank) => {
      expect(await bank.value('SELECT count(*) FROM still')).to.equal('20000');
    });
    expect(await messageOf(restore(fileSystem, ['/second'], '/x'))).to.match(/"\/second" is incremental/);
    expect(await messageOf(restore(fileSystem, ['/full', '/second'], '/x'))).to.match(/not incremental to one of/);
  });

  it('an incremental one of another cluster, or of a future that was given up, is refused', async () => {
    const full = await server.backup(fileSystem, '/full');
    await server.client.query('INSERT INTO history VALUES (-1, 1, 1, 0)');
    const later = await server.backup(fileSystem, '/later', full);
    await restore(fileSystem, ['/full'], '/restored');
    const bank = await BankServer.start(fileSystem, '/restored');
    const other = await BankServer.start(fileSystem, '/other');
    try {
      const take = (source: BankServer, directory: string, folder: string, parent: typeof full): Promise<unknown> =>
        takeBackup({ source: source.source(), fileSystem, directory, target: fileSystem, folder, parent });
      expect(await messageOf(take(other, '/other', '/x1', full))).to.match(/not one of data directory "\/other"/);
      expect(await messageOf(take(bank, '/restored', '/x2', later))).to.match(/not of this history/);
      await take(bank, '/restored', '/onFull', full);
    } finally {
      await bank.stop();
      await other.stop();
    }
    await restored(['/full', '/onFull'], '/again', async (again) => {
      expect(await again.value('SELECT count(*) FROM history')).to.equal('0');
    });
  });

  it('of a stopped directory, also after a kill', async () => {
    server.trade(4, random, () => ++number);
    await server.untilTraded(20);
    const fork = fileSystem.fork();
    fork.crash({ random, tear: true });
    await server.settle();
    const source = new StoppedSource(fork, '/data');
    await takeBackup({ source, fileSystem: fork, directory: '/data', target: fork, folder: '/backup' });
    await restore(fork, ['/backup'], '/restored');
    expect(problemsOf(fork, '/restored')).to.deep.equal([]);
    const bank = await BankServer.start(fork, '/restored');
    expect(await bank.wrong()).to.deep.equal([]);
    await bank.stop();
    const none = new StoppedSource(fork, '/nothing');
    const options = { source: none, fileSystem: fork, directory: '/nothing', target: fork, folder: '/b2' };
    expect(await messageOf(takeBackup(options))).to.equal('"/nothing" is not a data directory');
    expect(fork.exists('/b2')).to.equal(false);
  });

  it('holds no log and no file when it is over, or was given up', async () => {
    await server.backup(fileSystem, '/one');
    const running = await server.database.engine.backups!.begin();
    await server.client.query('CHECKPOINT');
    const states = (): string[] => fileSystem.list('/data').filter((name) => name.startsWith('checkpoint.'));
    // That of the backup, the one before it that its checkpoint replaced, and the newest.
    expect(states()).to.have.length(3);
    running.release();
    running.release();
    expect(states()).to.have.length(1);
    expect(server.database.engine.backups!.runningCount).to.equal(0);
  });

  it('damage in it is found before anything is served', async () => {
    const manifest = await server.backup(fileSystem, '/backup');
    const relation = manifest.files.find(({ path, size }) => path.startsWith('relations/') && size > 0)!;
    fileSystem.corrupt(`/backup/${relation.path}`, relation.size - 5, 4);
    const check = await checkBackup(fileSystem, '/backup');
    expect(check.problems).to.deep.equal([`file "${relation.path}": its checksum is wrong`]);
    expect(await messageOf(restore(fileSystem, ['/backup'], '/restored'))).to.equal(
      `file "/backup/${relation.path}" of the backup is damaged: its checksum is wrong`,
    );
    expect(await messageOf(BankServer.start(fileSystem, '/restored'))).to.match(/restore of .* did not finish/);
    fileSystem.corrupt('/backup/backup.json', 100, 1);
    expect(await messageOf(checkBackup(fileSystem, '/backup'))).to.match(/manifest .* is damaged/);
  });

  it('targets that are in use, and folders that are something else', async () => {
    await server.backup(fileSystem, '/backup');
    expect(await messageOf(server.backup(fileSystem, '/backup'))).to.equal(
      'directory "/backup" exists but is not empty',
    );
    expect(await messageOf(restore(fileSystem, ['/backup'], '/data'))).to.match(/"\/data" exists but is not empty/);
    expect(await messageOf(restore(fileSystem, ['/data'], '/x'))).to.match(/"\/data" is not a backup/);
    expect(await messageOf(BankServer.start(fileSystem, '/backup'))).to.equal(
      '"/backup" is a backup, not a data directory',
    );
    expect(readManifest(fileSystem, '/backup').parent).to.equal(null);
  });
});
