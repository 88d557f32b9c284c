/**
 * Files that are damaged, missing, foreign or in use: a server says so in one line and ends with status 1, or serves what is whole.
 * Real files, real processes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';
import { runHotrow, type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { TextClient } from '../support/text-client.ts';

const PAGE = 8192;
const SEGMENT = '0000000001000000';

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] ^= 1;
  writeFileSync(path, bytes);
}

/** Offsets of the records of the first segment. */
function recordOffsets(directory: string): number[] {
  const fd = openSync(join(directory, 'wal', SEGMENT), 'r');
  const bytes = Buffer.alloc(4 * 1024 * 1024);
  const size = readSync(fd, bytes, 0, bytes.length, 0);
  const offsets: number[] = [];
  for (let at = 0; at + 4 <= size && bytes.readUInt32LE(at) !== 0; at += bytes.readUInt32LE(at)) offsets.push(at);
  return offsets;
}

function largestFile(folder: string): string {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  return paths.sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
}

/** All files and their contents. */
function fingerprint(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .sort()
    .filter((name) => statSync(join(directory, name)).isFile())
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex')}`,
    );
}

/** A directory as a kill leaves it: 600 rows in 20 flushes of the log, all behind the checkpoint. */
async function makeKilled(directory: string): Promise<void> {
  const server = await openDatabaseServer({
    dataDirectory: directory,
    settings: new Map([['shared_buffers', '1024']]),
  });
  const client = new DirectClient(server);
  await client.rows('CREATE TABLE t (a int PRIMARY KEY, b text); CHECKPOINT');
  for (let i = 0; i < 20; i++)
    await client.rows(`INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(${i * 30 + 1}, ${i * 30 + 30}) g`);
  server.engine.abandon();
}

async function countRows(server: ServerProcess): Promise<string> {
  const client = await TextClient.connect({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    database: 'postgres',
  });
  const { results } = await client.query('SELECT count(*), count(*) = max(a) FROM t');
  await client.end();
  return (results[0]?.rows[0] ?? []).join(' ');
}

describe('a data directory that is damaged', function () {
  this.timeout(60_000);
  const root = mkdtempSync(join(tmpdir(), 'hotrow-faults-'));
  const killed = join(root, 'killed');
  let directory = '';
  let copies = 0;
  let server: ServerProcess | null = null;

  before(() => makeKilled(killed));
  beforeEach(() => {
    directory = join(root, `copy-${copies++}`);
    cpSync(killed, directory, { recursive: true });
  });
  afterEach(async () => {
    await server?.kill();
    server = null;
    rmSync(directory, { recursive: true, force: true });
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** One line that names the fault, and status 1. */
  async function expectRefused(words: RegExp, options: readonly string[] = []): Promise<void> {
    const { status, stdout, stderr } = await runHotrow(['-D', directory, '-p', '0', '-B', '16MB', ...options]);
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('hotrow: '));
    expect(lines.length, stderr).to.equal(1);
    expect(lines[0]).to.match(words);
    expect([status, stdout]).to.deep.equal([1, '']);
  }

  it('in the tail of its log: recovery stops there, and says how far it came', async () => {
    const offsets = recordOffsets(directory);
    flip(join(directory, 'wal', SEGMENT), offsets[offsets.length - 1]! + 40);
    server = await startServerProcess(directory);
    expect(await countRows(server)).to.equal('570 t');
    expect(server.log()).to.match(
      /LOG: {2}recovery: redo of \d+ log records from [0-9a-f]+ to [0-9a-f]+ \(wrong checksum\)/,
    );
  });

  it('in the middle of its log: it is refused, as acknowledged commits would be lost, until somebody accepts that', async () => {
    const offsets = recordOffsets(directory);
    const middle = offsets[offsets.length - 100]!;
    flip(join(directory, 'wal', SEGMENT), middle + 40);
    await expectRefused(
      new RegExp(
        `the write-ahead log is damaged in its middle: wrong checksum at offset ${middle} of file ".*/wal/${SEGMENT}"`,
      ),
    );
    server = await startServerProcess(directory, ['-c', 'accept_damaged_log=on']);
    const [count, whole] = (await countRows(server)).split(' ');
    expect(whole).to.equal('t');
    expect(Number(count)).to.be.lessThan(570);
    expect(server.log()).to.include('accept_damaged_log: the log from');
    await server.kill();
    server = await startServerProcess(directory);
    expect(await countRows(server)).to.equal(`${count} t`);
  });

  it('and has lost the log of a DROP, a TRUNCATE and a VACUUM: the tables are back, without what is gone from their files', async () => {
    const lossy = join(root, 'lossy');
    const running = await openDatabaseServer({ dataDirectory: lossy, settings: new Map() });
    const client = new DirectClient(running);
    const size = (): number => running.engine.wal.insertLsn - 0x1000000;
    await client.rows(`CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE dropped (LIKE t INCLUDING ALL);
      CREATE TABLE emptied (LIKE t INCLUDING ALL); CREATE TABLE shortened (LIKE t INCLUDING ALL);
      INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(1, 300) g;
      INSERT INTO dropped SELECT * FROM t; INSERT INTO emptied SELECT * FROM t; INSERT INTO shortened SELECT * FROM t;
      CHECKPOINT`);
    await client.rows("UPDATE t SET b = 'y' WHERE a = 1");
    const from = size();
    for (let i = 0; i < 5; i++) await client.rows(`INSERT INTO t VALUES (${1000 + i}, 'lost')`);
    await client.rows('DROP TABLE dropped; TRUNCATE emptied; DELETE FROM shortened WHERE a > 100');
    while (running.engine.sweepPendingCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await client.rows('VACUUM shortened');
    await client.rows("INSERT INTO t VALUES (2000, 'lost')");
    running.engine.abandon();
    flip(join(lossy, 'wal', SEGMENT), from + 40);
    try {
      server = await startServerProcess(lossy, ['-c', 'accept_damaged_log=on']);
      expect(server.log()).to.match(/accept_damaged_log: \d+ of \d+ pages of relation base\/\d+ are gone/);
      const counts = async (): Promise<string[]> => {
        const { port } = server as ServerProcess;
        const text = await TextClient.connect({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
        const answers: string[] = [];
        for (const table of ['t', 'dropped', 'emptied', 'shortened']) {
          const { results } = await text.query(
            `SELECT count(*), count(*) = (SELECT count(*) FROM ${table} WHERE a > 0) FROM ${table}`,
          );
          answers.push((results[0]?.rows[0] ?? []).join(' '));
          await text.query(`INSERT INTO ${table} VALUES (5000, 'new') ON CONFLICT (a) DO NOTHING`);
        }
        await text.end();
        return answers;
      };
      const first = await counts();
      expect(first.slice(0, 3)).to.deep.equal(['300 t', '0 t', '0 t']);
      expect(Number(first[3]!.split(' ')[0])).to.be.within(100, 299);
      expect(first[3]).to.match(/ t$/);
      await server.kill();
      server = await startServerProcess(lossy);
      const again = await counts();
      expect(again.map((answer) => Number(answer.split(' ')[0]))).to.deep.equal(
        first.map((answer) => Number(answer.split(' ')[0]) + 1),
      );
    } finally {
      await server?.kill();
      server = null;
    }
  });

  it('without a segment of its log', async () => {
    rmSync(join(directory, 'wal', SEGMENT));
    await expectRefused(
      new RegExp(`the write-ahead log ends before the last checkpoint: file ".*/wal/${SEGMENT}" is missing`),
    );
  });

  it('without its control file, or with one that is damaged', async () => {
    flip(join(directory, 'control'), 50);
    await expectRefused(/control file ".*\/control" is damaged: its checksum is wrong/);
    rmSync(join(directory, 'control'));
    await expectRefused(/could not open file ".*\/control": No such file or directory .*its control file is missing/);
    expect(existsSync(join(directory, 'wal', SEGMENT))).to.equal(true);
  });

  it('of a newer version: refused, and nothing is changed', async () => {
    const control = readFileSync(join(directory, 'control'));
    control.writeUInt32LE(99, 8);
    writeFileSync(join(directory, 'control'), control);
    const before = fingerprint(directory);
    await expectRefused(/database files are incompatible with server \(The data directory has format version 99/);
    expect(fingerprint(directory)).to.deep.equal(before);
  });

  it('or that may only be read', async () => {
    const before = fingerprint(directory);
    if (mountReadOnly(directory)) {
      try {
        await expectRefused(/could not open file ".*hotrow\.pid": Read-only file system/);
      } finally {
        execFileSync('umount', [directory]);
      }
    } else {
      // Without the right to mount there is no root either: permissions count.
      chmodSync(directory, 0o500);
      await expectRefused(/could not open file ".*hotrow\.pid": Permission denied/);
      chmodSync(directory, 0o700);
    }
    expect(fingerprint(directory)).to.deep.equal(before);
  });

  it('or in use by another server, which goes on', async () => {
    server = await startServerProcess(directory);
    await expectRefused(/lock file "hotrow\.pid" already exists \(Is another hotrow server \(PID \d+\) running/);
    const verify = await runHotrow(['verify', directory]);
    expect([verify.status, verify.stderr]).to.deep.equal([2, verify.stderr]);
    expect(verify.stderr).to.match(/a server \(PID \d+\) is running on data directory/);
    expect(await countRows(server)).to.equal('600 t');
  });

  it('verify tells a whole directory from a damaged one by its exit status, and changes neither', async () => {
    const before = fingerprint(directory);
    const whole = await runHotrow(['verify', directory]);
    expect([whole.status, whole.stderr]).to.deep.equal([0, '']);
    expect(whole.stdout).to.match(/: whole; \d+ relations, \d+ pages, 600 rows \(0 moved\)/);
    expect(fingerprint(directory)).to.deep.equal(before);
    const offsets = recordOffsets(directory);
    flip(join(directory, 'wal', SEGMENT), offsets[offsets.length - 100]! + 40);
    const damaged = await runHotrow(['verify', directory, '--json']);
    const report = JSON.parse(damaged.stdout);
    expect([damaged.status, report.isWhole, report.problems[0].file]).to.deep.equal([1, false, `wal/${SEGMENT}`]);
    const nowhere = await runHotrow(['verify', join(root, 'nowhere')]);
    expect([nowhere.status, nowhere.stderr]).to.deep.equal([
      2,
      `hotrow: "${join(root, 'nowhere')}" is not a data directory\n`,
    ]);
  });

  it('dump shows control file, log and pages', async () => {
    const control = await runHotrow(['dump', 'control', directory]);
    expect([control.status, control.stdout.includes('redo from')]).to.deep.equal([0, true]);
    const wal = await runHotrow(['dump', 'wal', directory]);
    expect(wal.stdout).to.match(/ COMMIT 64 bytes xid \d+: csn/);
    const usage = await runHotrow(['dump', 'nothing']);
    expect([usage.status, usage.stderr.startsWith('usage: hotrow dump control DIR')]).to.deep.equal([2, true]);
  });

  it('in one of its pages: who needs that page is told file and block, all others are served', async () => {
    server = await startServerProcess(directory, ['-c', 'shared_buffers=1MB']);
    const client = await TextClient.connect({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      database: 'postgres',
    });
    // More than the pool holds, so that the damaged page must be read.
    await client.query('CREATE TABLE big (a int PRIMARY KEY, b text)');
    await client.query("INSERT INTO big SELECT g, repeat('x', 700) FROM generate_series(1, 5000) g");
    await client.query('CHECKPOINT');
    await client.query('SELECT sum(length(b)) FROM big');
    const file = largestFile(join(directory, 'base'));
    flip(file, 3 * PAGE + 6000);
    const scan = await client.query('SELECT sum(length(b)) FROM big');
    expect(scan.error?.code).to.equal('XX001');
    expect(scan.error?.message).to.match(/invalid page in block 3 of relation base\/\d+/);
    expect(scan.error?.detail).to.equal(`In file "${file}", its checksum is wrong.`);
    const last = await client.query('SELECT length(b) FROM big WHERE a = 5000');
    expect(last.results[0]?.rows).to.deep.equal([['700']]);
    const first = await client.query('SELECT length(b) FROM big WHERE a = 1');
    expect(first.results[0]?.rows).to.deep.equal([['700']]);
    expect((await client.query('SELECT count(*) FROM t')).results[0]?.rows).to.deep.equal([['600']]);
    await client.end();
  });
});

/** True if the directory is mounted over itself, read-only; it takes root's rights. */
function mountReadOnly(directory: string): boolean {
  try {
    execFileSync('mount', ['--bind', directory, directory], { stdio: 'ignore' });
  } catch {
    return false;
  }
  try {
    execFileSync('mount', ['-o', 'remount,ro,bind', directory], { stdio: 'ignore' });
    return true;
  } catch (error) {
    execFileSync('umount', [directory]);
    throw error;
  }
}
