/** Archiving, and restores to a time or a place in the log: exactly the commits up to there, whatever else the archive has. */
import { expect } from 'chai';
import { MemoryFileSystem } from '../../storage/api.ts';
import { EngineSource, type Manifest, takeBackup } from '../../storage/backup/index.ts';
import { FIRST_LSN } from '../../storage/recovery/index.ts';
import { parseLsn, readCommit, readWal, WAL_COMMIT, walSegmentName } from '../../storage/wal/index.ts';
import { createBank } from '../crash/bank.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';
import { BankServer, MemoryArchive, restore } from './support.ts';

const SEED = seedFrom();

interface LoggedCommit {
  readonly timestamp: number;
  readonly endLsn: number;
  /** Rows of the table by then. */
  readonly rows: number;
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: Error) => error.message,
  );
}

describe(`archive and restore to a target (SEED=${SEED})`, function () {
  this.timeout(180_000);
  const random = randomOf(SEED);
  let fileSystem: MemoryFileSystem;
  let archive: MemoryArchive;
  let server: BankServer;
  let number = 0;
  let restores = 0;

  beforeEach(async () => {
    fileSystem = new MemoryFileSystem();
    archive = new MemoryArchive();
    number = 0;
    server = await BankServer.start(fileSystem, '/data', [], archive);
    await createBank(server.client);
  });

  afterEach(() => server.stop());

  function inArchive(): ReturnType<MemoryArchive['source']> {
    return archive.source(fileSystem);
  }

  async function untilArchived(count: number): Promise<void> {
    while (archive.segments.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function switchLog(): Promise<void> {
    const before = archive.segments.length;
    await server.client.query('SELECT pg_switch_wal()');
    await untilArchived(before + 1);
  }

  /** Restores, looks, and throws it away. */
  async function restored<T>(
    target: Parameters<typeof restore>[3],
    look: (bank: BankServer) => Promise<T>,
    folders: string[] = ['/backup'],
  ): Promise<T> {
    const directory = `/restored${++restores}`;
    await restore(fileSystem, folders, directory, target, inArchive());
    const bank = await BankServer.start(fileSystem, directory);
    try {
      expect(await bank.wrong(), bank.log.join('\n')).to.deep.equal([]);
      return await look(bank);
    } finally {
      await bank.stop();
    }
  }

  /** All commits that the archive's log of timeline 1 has, with the rows that the history has after each. */
  async function loggedCommits(): Promise<LoggedCommit[]> {
    const relId = Number(await server.value(`SELECT pg_relation_filenode('history')`));
    const all = new MemoryFileSystem();
    all.mkdir('/log');
    for (const [i, name] of archive.segments.entries())
      archive.source(all).fetch(name, `/log/${walSegmentName(FIRST_LSN * (i + 1))}`);
    const commits: LoggedCommit[] = [];
    let rows = 0;
    readWal({ fileSystem: all, directory: '/log', fromLsn: FIRST_LSN, chain: 0 }, (record) => {
      if (record.kind !== WAL_COMMIT) return;
      const { endLsn } = record;
      const { timestamp, rowChanges } = readCommit(record);
      for (const [relation, change] of rowChanges) if (relation === relId) rows += change;
      commits.push({ timestamp, endLsn, rows });
    });
    return commits;
  }

  it('ten restores to random times and places have exactly the commits up to there', async () => {
    server.trade(4, random, () => ++number);
    await server.untilTraded(10);
    const manifest = await server.backup(fileSystem, '/backup');
    for (let i = 0; i < 3; i++) {
      await server.untilTraded(25);
      await switchLog();
    }
    await server.settle();
    await switchLog();
    const commits = await loggedCommits();
    const later = commits.filter(({ endLsn }) => endLsn > manifest.endLsn);
    expect(later.length).to.be.greaterThan(50);
    for (let i = 0; i < 10; i++) {
      const chosen = later[Math.floor(random() * (later.length - 1))];
      // A commit whose clock stood behind that of one before is not there either: the log is cut at the first later one.
      const first = commits.findIndex(({ timestamp }) => timestamp > chosen.timestamp);
      const expected = i % 2 === 0 ? chosen.rows : commits[first - 1].rows;
      const target = i % 2 === 0 ? { lsn: chosen.endLsn + (i % 4) * 4 } : { time: chosen.timestamp };
      const found = await restored(target, (bank) => bank.value('SELECT count(*) FROM history'));
      expect(Number(found), JSON.stringify(target)).to.equal(expected);
    }
    const everything = await restored({}, (bank) => bank.value('SELECT count(*) FROM history'));
    expect(Number(everything)).to.equal(commits.at(-1)!.rows);
  });

  it('a life after a restore is a timeline of its own, in the same archive', async () => {
    await server.backup(fileSystem, '/backup');
    await server.client.query('INSERT INTO history VALUES (1, 1, 1, 0)');
    const place = parseLsn(await server.value('SELECT pg_current_wal_lsn()'))!;
    await server.client.query('INSERT INTO history VALUES (2, 1, 1, 0)');
    await switchLog();
    await restore(fileSystem, ['/backup'], '/second', { lsn: place }, inArchive());
    const second = await BankServer.start(fileSystem, '/second', [], archive);
    await second.client.query('INSERT INTO history VALUES (3, 1, 1, 0)');
    expect(await second.value(`SELECT pg_walfile_name(pg_current_wal_lsn())`)).to.match(/^00000002/);
    const later = await second.backup(fileSystem, '/later').catch(() => null);
    expect(later, 'a backup of another directory').to.equal(null);
    await second.stop();
    expect(archive.files.has('00000002.history')).to.equal(true);
    await server.client.query('INSERT INTO history VALUES (4, 1, 1, 0)');
    await switchLog();

    const numbers = async (bank: BankServer): Promise<number[]> => [...(await bank.numbers())].sort((a, b) => a - b);
    expect(await restored({}, numbers)).to.deep.equal([1, 3]);
    expect(await restored({ timeline: 2 }, numbers)).to.deep.equal([1, 3]);
    expect(await restored({ timeline: 'current' }, numbers)).to.deep.equal([1, 2, 4]);
    expect(await messageOf(restore(fileSystem, ['/backup'], '/x', { timeline: 7 }, inArchive()))).to.equal(
      'recovery target timeline 7 does not exist',
    );
    // What was restored last would be timeline 3; a backup of timeline 1 that is later than the fork cannot follow 2.
    await server.backup(fileSystem, '/late');
    expect(await messageOf(restore(fileSystem, ['/late'], '/y', {}, inArchive()))).to.equal(
      "requested timeline 2 is not a child of this backup's history",
    );
    expect(await restored({ timeline: 'current' }, numbers, ['/late'])).to.deep.equal([1, 2, 4]);
  });

  it('of two restores of one backup none has the other for its past, though both say timeline 2', async () => {
    await server.backup(fileSystem, '/backup');
    const backups: Manifest[] = [];
    for (const directory of ['/first', '/second']) {
      await restore(fileSystem, ['/backup'], directory, {}, null);
      const clone = await BankServer.start(fileSystem, directory);
      await clone.client.query('INSERT INTO history VALUES (1, 1, 1, 0)');
      const backUp = (folder: string, parent: Manifest | null): Promise<Manifest> => {
        const source = new EngineSource(() => clone.database.engine.backups!.begin());
        return takeBackup({ source, fileSystem, directory, target: fileSystem, folder, parent });
      };
      if (backups.length > 0) {
        expect(await messageOf(backUp('/wrong', backups[0]))).to.equal(
          'the earlier backup is not of this history of data directory "/second"',
        );
      }
      const full = await backUp(`${directory}-full`, null);
      backups.push(full, await backUp(`${directory}-more`, full));
      await clone.stop();
    }
    expect(backups.map(({ timeline }) => timeline)).to.deep.equal([2, 2, 2, 2]);
  });

  it('a command that fails is tried again, and no segment goes meanwhile', async () => {
    archive.failures = 2;
    await server.client.query('SELECT pg_switch_wal()');
    for (let i = 0; i < 3; i++) {
      await server.client.query('CREATE TABLE filler AS SELECT g FROM generate_series(1, 100) g; DROP TABLE filler');
      await server.client.query('SELECT pg_switch_wal()');
      await server.client.query('CHECKPOINT');
    }
    await untilArchived(4);
    const stat = await server.client.query('SELECT * FROM pg_stat_archiver');
    const [row] = stat.rows;
    expect(row.archived_count).to.equal('4');
    expect(row.failed_count).to.equal('2');
    expect(row.last_archived_wal).to.equal('000000010000000000000004');
    expect(row.last_failed_wal).to.equal('000000010000000000000001');
    expect(row.last_failed_time).to.be.instanceOf(Date);
    expect(server.log.join('\n')).to.match(
      /archive command failed with exit code 1; the failed archive command was: keep 000000010000000000000001 \(.* is tried again in 1 s\)/,
    );
    await server.client.query(`SELECT pg_stat_reset_shared('archiver')`);
    expect(await server.value('SELECT archived_count FROM pg_stat_archiver')).to.equal('0');
    expect(archive.segments).to.deep.equal([1, 2, 3, 4].map((n) => `00000001${n.toString().padStart(16, '0')}`));
  });

  it('kills lose no segment: the archive and the last backup have everything that was acknowledged', async () => {
    const manifest: Manifest = await server.backup(fileSystem, '/backup');
    const backups = fileSystem;
    for (let life = 0; life < 5; life++) {
      let fork: MemoryFileSystem | null = null;
      let acknowledged = server.ledger.acknowledged.size;
      const calls = archive.calls + Math.floor(random() * 3);
      archive.onCall = () => {
        if (archive.calls < calls || fork !== null) return;
        fork = fileSystem.fork();
        fork.crash({ random, tear: true });
        acknowledged = server.ledger.acknowledged.size;
        // The command may have done its work, though nobody is left to hear of it. The rest of that life never was.
        archive.failures = random() < 0.5 ? 1000 : 0;
        archive.isLastCall = true;
      };
      if (random() < 0.5) archive.failures = 1;
      server.trade(3, random, () => ++number);
      while (fork === null) {
        await server.untilTraded(5);
        await server.client.query('SELECT pg_switch_wal()');
        if (random() < 0.5) await server.client.query('CHECKPOINT');
      }
      await server.settle();
      archive.onCall = () => {};
      const before = new Set([...server.ledger.acknowledged].slice(0, acknowledged));
      await server.stop();
      archive.failures = 0;
      archive.isLastCall = false;
      fileSystem = fork as MemoryFileSystem;
      server = await BankServer.start(fileSystem, '/data', [], archive);
      for (const each of before) server.ledger.acknowledged.add(each);
      expect(await server.wrong()).to.deep.equal([]);
    }
    await server.stop();
    const all = new Set(server.ledger.acknowledged);
    expect(server.log.filter((l) => /another/.test(l))).to.deep.equal([]);
    fileSystem = backups;
    expect(manifest.timeline).to.equal(1);
    const found = await restored({}, (bank) => bank.numbers());
    expect([...all].filter((each) => !found.has(each))).to.deep.equal([]);
    server = await BankServer.start(fileSystem, '/end', [], null);
  });

  it('damaged and missing segments, and targets that are not there', async () => {
    const manifest = await server.backup(fileSystem, '/backup');
    const early = manifest.endLsn - 64;
    for (let i = 1; i <= 4; i++) {
      await server.client.query(`INSERT INTO history VALUES (${i}, 1, 1, 0)`);
      await switchLog();
    }
    const attempt = (target: Parameters<typeof restore>[3]): Promise<string> =>
      messageOf(restore(fileSystem, ['/backup'], `/failed${++restores}`, target, inArchive()));
    expect(await attempt({ lsn: early })).to.equal('requested recovery stop point is before consistent recovery point');
    expect(await attempt({ lsn: 2 ** 33 })).to.equal('recovery ended before configured recovery target was reached');
    expect(await attempt({ time: 1e15 })).to.equal('recovery ended before configured recovery target was reached');
    const [, second, third, last] = archive.segments;
    const whole = archive.files.get(third)!;
    archive.files.set(third, whole.slice());
    archive.files.get(third)![100] ^= 1;
    expect(await attempt({})).to.match(new RegExp(`^log segment ${third} is damaged: wrong checksum at offset \\d+$`));
    archive.files.delete(third);
    expect(await attempt({})).to.equal(`log segment ${third} is missing`);
    // What is before the gap can be had.
    const place = (Number.parseInt(second.slice(16), 16) + 1) * 2 ** 24;
    expect(await restored({ lsn: place }, (bank) => bank.value('SELECT count(*) FROM history'))).to.equal('2');
    // Nothing behind it: it is the end.
    archive.files.delete(last);
    expect(await restored({}, (bank) => bank.value('SELECT count(*) FROM history'))).to.equal('2');
    archive.files.set(third, whole.subarray(0, 60));
    expect(await restored({}, (bank) => bank.value('SELECT count(*) FROM history'))).to.equal('2');
  });

  it('log that is given up ends its timeline: what was archived of it stays, and is not followed', async () => {
    await server.backup(fileSystem, '/backup');
    const insert = (number: number): Promise<unknown> =>
      server.client.query(`INSERT INTO history VALUES (${number}, 1, 1, 0)`);
    await insert(1);
    const place = parseLsn(await server.value('SELECT pg_current_wal_lsn()'))!;
    await insert(2);
    await insert(3);
    await switchLog();
    await insert(4);
    await insert(5);
    const fork = fileSystem.fork();
    fork.crash({});
    fork.corrupt(`/data/wal/${walSegmentName(FIRST_LSN)}`, (place % FIRST_LSN) + 40);
    await server.stop();
    fileSystem = fork;
    server = await BankServer.start(fileSystem, '/data', [['accept_damaged_log', 'on']], archive);
    const numbers = async (bank: BankServer): Promise<number[]> => [...(await bank.numbers())].sort((a, b) => a - b);
    expect(await numbers(server)).to.deep.equal([1]);
    expect(await server.value('SELECT pg_walfile_name(pg_current_wal_lsn())')).to.match(/^00000002/);
    await insert(6);
    await switchLog();
    expect(archive.files.has('00000002.history')).to.equal(true);
    expect(await restored({}, numbers)).to.deep.equal([1, 6]);
    expect(await restored({ timeline: 'current' }, numbers)).to.deep.equal([1, 2, 3, 4, 5]);
    await server.stop();
    server = await BankServer.start(fileSystem, '/data', [], archive);
    expect(await server.value('SELECT pg_walfile_name(pg_current_wal_lsn())')).to.match(/^00000002/);
  });

  it('log from before a timeline that was not archived by then has the name of its own', async () => {
    await server.backup(fileSystem, '/backup');
    const insert = (number: number): Promise<unknown> =>
      server.client.query(`INSERT INTO history VALUES (${number}, 1, 1, 0)`);
    archive.failures = 1000;
    for (const number of [1, 2]) {
      await insert(number);
      await server.client.query('SELECT pg_switch_wal()');
    }
    await insert(3);
    const place = parseLsn(await server.value('SELECT pg_current_wal_lsn()'))!;
    await insert(4);
    await insert(5);
    const fork = fileSystem.fork();
    fork.crash({});
    const start = place - (place % FIRST_LSN);
    fork.corrupt(`/data/wal/${walSegmentName(start)}`, (place % FIRST_LSN) + 40);
    await server.stop();
    archive.failures = 0;
    archive.files.clear();
    fileSystem = fork;
    server = await BankServer.start(fileSystem, '/data', [['accept_damaged_log', 'on']], archive);
    const before = archive.segments.length;
    await insert(6);
    await switchLog();
    await untilArchived(before + 1);
    while (!archive.files.has(`00000002${(start / FIRST_LSN).toString(16).padStart(16, '0')}`))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(archive.segments.filter((name) => name.startsWith('00000001')).length).to.be.greaterThan(1);
    expect(await restored({}, async (bank) => [...(await bank.numbers())].sort((a, b) => a - b))).to.deep.equal([
      1, 2, 3, 6,
    ]);
  });

  it('an orderly end archives what is left, and archive_timeout ends a segment that is not full', async () => {
    await server.stop();
    const atEnd = archive.segments.length;
    expect(atEnd).to.equal(1);
    server = await BankServer.start(fileSystem, '/data', [['archive_timeout', '1']], archive);
    await server.client.query('INSERT INTO history VALUES (1, 1, 1, 0)');
    await untilArchived(atEnd + 1);
    const size = archive.files.get(archive.segments[atEnd])!.length;
    expect(size, 'no more than was written').to.be.lessThan(2 ** 20);
    expect(await server.value('SELECT pg_walfile_name(pg_current_wal_lsn())')).to.match(/^0000000100000000/);
    await server.client.query('CREATE ROLE nobody');
    await server.client.query('SET ROLE nobody');
    expect(await messageOf(server.client.query('SELECT pg_switch_wal()'))).to.equal(
      'permission denied for function pg_switch_wal',
    );
  });
});
