/** `hotrow backup` and `hotrow restore` as a user runs them: beside a server that works, that is killed, that is stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { backup } from '../../bin/backup/backup.ts';
import { restore } from '../../bin/backup/restore.ts';
import { verify } from '../../bin/verify.ts';
import { NodeFileSystem } from '../../storage/api.ts';
import { checkBank, createBank, type Ledger, trade } from '../crash/bank.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { BankServer } from './support.ts';

const SEED = seedFrom();

interface Interrupted {
  readonly target: string;
  readonly status: number | null;
  readonly stderr: string;
}

/** The command in this process: what it prints, and its exit status. */
async function runHotrow(words: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const write = (text: string): void => {
    stdout += text;
  };
  const warn = (text: string): void => {
    stderr += text;
  };
  const [name, ...rest] = words;
  const run = name === 'backup' ? backup : name === 'restore' ? restore : verify;
  const status = await run(rest, write, warn);
  return { status, stdout, stderr };
}

describe(`the commands backup and restore (SEED=${SEED})`, function () {
  this.timeout(180_000);
  const random = randomOf(SEED);
  let folder = '';
  let server: ServerProcess | null = null;
  let number = 0;
  let ledger: Ledger;
  let isOpen = true;
  let customers: Promise<void>[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hotrow-backup-'));
    ledger = { acknowledged: new Set(), inDoubt: new Set(), failures: [] };
    isOpen = true;
  });

  afterEach(async () => {
    isOpen = false;
    await server?.kill();
    await Promise.all(customers);
    customers = [];
    server = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const path = (name: string): string => join(folder, name);

  async function withClient<T>(port: number, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async function startBank(): Promise<ServerProcess> {
    server = await startServerProcess(path('data'));
    await withClient(server.port, createBank);
    const next = (): number => {
      if (!isOpen) throw new Error('the bank is closed');
      return ++number;
    };
    for (let i = 0; i < 4; i++) customers.push(trade(server.port, random, next, ledger));
    return server;
  }

  async function untilTraded(more: number): Promise<void> {
    const wanted = ledger.acknowledged.size + more;
    while (ledger.acknowledged.size < wanted) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  async function checkRestored(directory: string, before: ReadonlySet<number>): Promise<void> {
    const verified = await runHotrow(['verify', directory]);
    expect(verified.status, verified.stdout + verified.stderr).to.equal(0);
    const restored = await BankServer.start(new NodeFileSystem(), directory);
    try {
      const found = await restored.numbers();
      expect([...before].filter((each) => !found.has(each))).to.deep.equal([]);
      expect(await restored.wrong()).to.deep.equal([]);
    } finally {
      await restored.stop();
    }
  }

  it('a full and an incremental backup under load, verified, restored', async () => {
    await startBank();
    await untilTraded(30);
    const full = await runHotrow(['backup', '-D', path('data'), path('full')]);
    expect(full.status, full.stderr).to.equal(0);
    expect(full.stderr, 'no progress where there is no terminal').to.equal('');
    expect(full.stdout).to.match(/full backup, \d+ files, .* on timeline 1/);
    await untilTraded(30);
    const before = new Set(ledger.acknowledged);
    const more = await runHotrow(['backup', '-D', path('data'), '--incremental', path('full'), path('more')]);
    expect(more.status, more.stderr).to.equal(0);
    const verified = await runHotrow(['backup', '--verify', path('more')]);
    expect(verified.stdout).to.match(/whole; backup incremental to/);
    expect(verified.status).to.equal(0);
    const restored = await runHotrow(['restore', path('full'), path('more'), path('restored')]);
    expect(restored.stderr).to.equal('');
    expect(restored.stdout).to.match(/restored up to [0-9A-F]+\/[0-9A-F]+, last commit at .*; it begins timeline 2/);
    await checkRestored(path('restored'), before);
    expect(ledger.failures).to.deep.equal([]);
  });

  it('of a directory whose server was killed, and of one whose server has ended', async () => {
    const killed = await startBank();
    await untilTraded(30);
    await killed.kill();
    await Promise.all(customers);
    const first = await runHotrow(['backup', '-D', path('data'), path('first')]);
    expect(first.status, first.stderr).to.equal(0);
    const before = new Set(ledger.acknowledged);
    server = await startServerProcess(path('data'));
    expect(await server.stop()).to.equal(0);
    const second = await runHotrow(['backup', '-D', path('data'), path('second')]);
    expect(second.status, second.stderr).to.equal(0);
    expect(existsSync(path('data/hotrow.pid'))).to.equal(false);
    for (const name of ['first', 'second']) {
      const restored = await runHotrow(['restore', path(name), path(`${name}-restored`)]);
      expect(restored.status, restored.stderr).to.equal(0);
      await checkRestored(path(`${name}-restored`), before);
    }
  });

  /**
   * Starts a backup and does something to it, or to its server, when it has begun to copy; answers how it ended. One that was done by then
   * is tried again, in another folder.
   */
  async function interrupt(name: string, strike: (child: ChildProcess) => Promise<void>): Promise<Interrupted> {
    for (let attempt = 1; ; attempt++) {
      const target = path(`${name}${attempt}`);
      const words = ['--import', 'tsx', 'bin/hotrow.ts', 'backup', '-D', path('data'), target];
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      const exit = once(child, 'close');
      while (child.exitCode === null && !existsSync(join(target, 'backup.json')))
        await new Promise((resolve) => setTimeout(resolve, 1));
      await strike(child);
      const [status] = (await exit) as [number | null];
      if (status !== 0 || attempt === 10) return { target, status, stderr };
    }
  }

  it('a backup that is killed holds nothing, and is told from one that is complete', async () => {
    const bank = await startBank();
    await withClient(bank.port, (client) =>
      client.query(`CREATE TABLE large AS SELECT g, repeat('x', 900) AS t FROM generate_series(1, 60000) g`),
    );
    const { target } = await interrupt('killed', async (child) => {
      child.kill('SIGKILL');
    });
    const states = (): string[] => readdirSync(path('data')).filter((name) => name.startsWith('checkpoint.'));
    await withClient(bank.port, (client) => client.query('CHECKPOINT'));
    while (states().length > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const verified = await runHotrow(['backup', '--verify', target]);
    expect(verified.status).to.equal(1);
    expect(verified.stderr).to.match(/is not complete/);
    const again = await runHotrow(['backup', '-D', path('data'), target]);
    expect(again.stderr).to.match(/exists but is not empty/);
    expect(again.status).to.equal(1);
    const other = await runHotrow(['backup', '-D', path('data'), path('other')]);
    expect(other.status, other.stderr).to.equal(0);
    const restored = await runHotrow(['restore', path('other'), path('restored')]);
    expect(restored.status, restored.stderr).to.equal(0);
    await checkRestored(path('restored'), new Set());
  });

  it('a server that is killed meanwhile takes the backup with it, and a signal ends it in order', async () => {
    const bank = await startBank();
    await withClient(bank.port, (client) =>
      client.query(`CREATE TABLE large AS SELECT g, repeat('x', 900) AS t FROM generate_series(1, 60000) g`),
    );
    const stopped = await interrupt('stopped', async (child) => {
      child.kill('SIGINT');
    });
    expect(stopped).to.include({ status: 1, stderr: 'hotrow: ended by SIGINT\n' });
    expect(existsSync(stopped.target)).to.equal(false);
    const lost = await interrupt('lost', async () => {
      await server!.kill();
      server = await startServerProcess(path('data'));
    });
    expect(lost.stderr).to.match(/the server ended while the backup was taken/);
    expect(lost.status).to.equal(1);
    expect(existsSync(lost.target)).to.equal(false);
    const kept = new Set<number>();
    expect(await withClient(server!.port, (client) => checkBank(client, ledger, kept))).to.deep.equal([]);
  });

  it('archives by a shell command over kills, and restores from its folder to a time, and by a command', async () => {
    mkdirSync(path('archive'));
    const keep = `cmp -s %p ${path('archive')}/%f || (test ! -f ${path('archive')}/%f && cp %p ${path('archive')}/%f.new && mv ${path('archive')}/%f.new ${path('archive')}/%f)`;
    const settings = ['-c', 'archive_mode=on', '-c', `archive_command=${keep}`];
    server = await startServerProcess(path('data'), settings);
    await withClient(server.port, createBank);
    const taken = await runHotrow(['backup', '-D', path('data'), path('backup')]);
    expect(taken.status, taken.stderr).to.equal(0);
    const next = (): number => {
      if (!isOpen) throw new Error('the bank is closed');
      return ++number;
    };
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 3; i++) customers.push(trade(server.port, random, next, ledger));
      for (let i = 0; i < 2; i++) {
        await untilTraded(15);
        await withClient(server.port, (client) => client.query('SELECT pg_switch_wal()'));
      }
      await server.kill();
      await Promise.all(customers);
      server = await startServerProcess(path('data'), settings);
    }
    const { port } = server;
    const time = await withClient(port, async (client) => {
      const { rows } = await client.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
      await client.query('DELETE FROM history');
      return rows[0].now;
    });
    expect(await server.stop(), server.log()).to.equal(0);
    const folder = await runHotrow([
      'restore',
      ...['--archive', path('archive')],
      ...['--target-time', time],
      path('backup'),
      path('restored'),
    ]);
    expect(folder.status, folder.stderr).to.equal(0);
    await checkRestored(path('restored'), ledger.acknowledged);
    const command = `cp ${path('archive')}/%f %p 2> /dev/null`;
    const all = await runHotrow(['restore', '--restore-command', command, path('backup'), path('all')]);
    expect(all.status, all.stderr).to.equal(0);
    server = await startServerProcess(path('all'), settings);
    expect(await withClient(server.port, (client) => client.query('SELECT FROM history'))).to.include({ rowCount: 0 });
    const broken = await runHotrow(['restore', '--restore-command', 'exit 127', path('backup'), path('broken')]);
    expect(broken.stderr).to.match(/could not restore file "0000000\d.*" from archive: exit code 127/);
    expect(broken.status).to.equal(1);
    while (!existsSync(path('archive/00000002.history'))) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('says what is wrong, and changes nothing', async () => {
    const failure = async (words: string[], status: number, message: RegExp): Promise<void> => {
      const run = await runHotrow(words);
      expect(run.stderr).to.match(message);
      expect(run.status).to.equal(status);
    };
    mkdirSync(path('full'));
    writeFileSync(path('full/mine'), 'mine');
    server = await startServerProcess(path('data'));
    await failure(['backup', '-D', path('nothing'), path('t')], 1, /nothing" is not a data directory/);
    await failure(['backup', '-D', path('full'), path('t')], 1, /full" is not a data directory/);
    await failure(['backup', '-D', path('data'), path('full')], 1, /full" exists but is not empty/);
    await failure(['backup', path('t')], 2, /no data directory: -D DIR\nusage: /);
    await failure(['backup', '-D', path('data')], 2, /no target\nusage: /);
    await failure(['backup', '--best', path('t')], 2, /invalid argument: "--best"/);
    await failure(['backup', '-D', path('data'), '--incremental', path('full'), path('t')], 1, /full" is not a backup/);
    await failure(['backup', '--verify', path('data')], 1, /data" is not a backup/);
    expect(readdirSync(path('full'))).to.deep.equal(['mine']);
    expect(existsSync(path('t'))).to.equal(false);

    expect((await runHotrow(['backup', '-D', path('data'), path('b')])).status).to.equal(0);
    await failure(['restore', path('b')], 2, /a backup and a directory are needed/);
    await failure(['restore', path('b'), path('full')], 1, /full" exists but is not empty/);
    await failure(['restore', path('b'), path('data')], 1, /data" exists but is not empty/);
    await failure(['restore', '--target-lsn', 'x', path('b'), path('r')], 2, /invalid LSN: "x"/);
    await failure(['restore', '--target-time', 'x', path('b'), path('r')], 2, /invalid time: "x"/);
    const both = ['--target-time', '2026-01-01', '--target-lsn', '0/1'];
    await failure(['restore', ...both, path('b'), path('r')], 2, /multiple recovery targets specified/);
    await failure(['restore', '--archive', path('no'), path('b'), path('r')], 1, /no": No such file or directory/);
    const early = ['--target-time', '2001-01-01'];
    await failure(['restore', ...early, path('b'), path('r')], 1, /stop point is before consistent recovery point/);
    const late = ['--target-lsn', 'F/0'];
    await failure(['restore', ...late, path('b'), path('r')], 1, /ended before configured recovery target was reached/);
    appendFileSync(path('b/state'), 'x');
    await failure(
      ['restore', path('b'), path('r')],
      1,
      /state" of the backup is damaged: it has \d+ bytes instead of \d+/,
    );
    expect(existsSync(path('r'))).to.equal(false);
    const verified = await runHotrow(['backup', '--verify', path('b')]);
    expect(verified.stdout).to.match(/problem: file "state": it has/);
    expect(verified.status).to.equal(1);
  });
});
