/**
 * What durability costs, hotrow beside PostgreSQL on the same disk:
 *
 *     node --import tsx bench/durability.ts [process | commit | checkpoint | recovery]      --seconds N
 *
 * process     in this process, without a wire: latency of a one-row UPDATE as its own transaction, and of a bare write + fdatasync of as many
 *             bytes beside it
 * commit      one client over the wire: the same; 8 clients: commits a second, and flushes a commit
 * checkpoint  p99 of commits while a checkpoint is spread over the run, against a run without one
 * recovery    megabytes of log a second after kill -9
 */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabaseServer } from '../executor/index.ts';
import { DirectClient } from '../test/support/direct-client.ts';
import { type BenchServer, type ServerSettings, startHotrow, startPostgres } from './servers.ts';

const args = process.argv.slice(2);
const SECONDS = Number(args.includes('--seconds') ? args[args.indexOf('--seconds') + 1] : 10);
const ONLY = args.find((arg) => ['process', 'commit', 'checkpoint', 'recovery'].includes(arg)) ?? '';
const SCALE = 10;
const UPDATE =
  '\\set aid random(1, 100000 * :scale)\nUPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;\n';

const FLUSH_FILE_BYTES = 64 * 1024 * 1024;
/** In process: so many commits, then so many bare flushes, so often; the first half is not counted. */
const TURNS = 20;
const PER_TURN = 500;
const ROWS_IN_PROCESS = 20_000;

const folder = fs.mkdtempSync(join(tmpdir(), 'durability-'));

function psql(server: BenchServer, text: string): string {
  const all = ['-X', '-A', '-t', '-q', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-c', text];
  return execFileSync('psql', [...all, 'postgres'], { encoding: 'utf8' }).trim();
}

function pgbench(server: BenchServer, ...options: string[]): void {
  const all = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', ...options, 'postgres'];
  const result = spawnSync('pgbench', all, { encoding: 'utf8', cwd: folder });
  if (result.status !== 0) throw new Error(`pgbench ${options.join(' ')} on ${server.name}: ${result.stderr}`);
}

/** Latencies in microseconds, sorted, of one-row updates by so many clients. */
function latencies(server: BenchServer, clients: number, seconds: number): number[] {
  const script = join(folder, 'update.sql');
  fs.writeFileSync(script, UPDATE);
  for (const name of fs.readdirSync(folder)) if (name.startsWith('latency')) fs.unlinkSync(join(folder, name));
  const scale = ['-D', `scale=${SCALE}`];
  pgbench(
    server,
    ...['-n', '-M', 'prepared', '-f', script, ...scale, '-c', String(clients), '-T', String(seconds)],
    ...['-l', '--log-prefix=latency'],
  );
  const all: number[] = [];
  for (const name of fs.readdirSync(folder)) {
    if (!name.startsWith('latency')) continue;
    for (const line of fs.readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (line !== '') all.push(Number(line.split(' ')[2]));
    }
  }
  return all.sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Microseconds of write + fdatasync, so often, into a file that has its blocks: as a log is written. */
class BareFlush {
  private readonly file: number;
  private at = 0;

  constructor(name: string) {
    const path = join(folder, name);
    fs.writeFileSync(path, Buffer.alloc(FLUSH_FILE_BYTES));
    this.file = fs.openSync(path, 'r+');
    fs.fsyncSync(this.file);
  }

  times(count: number, size: number): number[] {
    const bytes = Buffer.alloc(size, 7);
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      if (this.at + size > FLUSH_FILE_BYTES) this.at = 0;
      const start = performance.now();
      fs.writeSync(this.file, bytes, 0, size, this.at);
      fs.fdatasyncSync(this.file);
      times.push((performance.now() - start) * 1000);
      this.at += size;
    }
    return times;
  }

  close(): void {
    fs.closeSync(this.file);
  }
}

function sorted(times: readonly number[]): number[] {
  return [...times].sort((a, b) => a - b);
}

/** Commits and bare flushes in turns, so that both meet the same machine. */
async function commitsInProcess(): Promise<void> {
  const server = await openDatabaseServer({
    dataDirectory: join(folder, 'data'),
    settings: new Map([['shared_buffers', '256MB']]),
    onLog: () => {},
  });
  const client = new DirectClient(server);
  const { wal } = server.engine;
  await client.rows('CREATE TABLE accounts (aid int PRIMARY KEY, balance int)');
  await client.rows(`INSERT INTO accounts SELECT g, 0 FROM generate_series(1, ${ROWS_IN_PROCESS}) g`);
  const flush = new BareFlush('flush');
  const bare: number[] = [];
  const commits: number[] = [];
  let size = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const before = wal.insertLsn;
    const own: number[] = [];
    for (let i = 0; i < PER_TURN; i++) {
      const aid = 1 + Math.floor(Math.random() * ROWS_IN_PROCESS);
      const start = performance.now();
      await client.rows(`UPDATE accounts SET balance = balance + 1 WHERE aid = ${aid}`);
      own.push((performance.now() - start) * 1000);
    }
    size = Math.round((wal.insertLsn - before) / PER_TURN);
    // Pages' first changes are logged whole, and the code is new.
    const own2 = flush.times(PER_TURN, size);
    if (turn < TURNS / 2) continue;
    commits.push(...own);
    bare.push(...own2);
  }
  const commit = quantile(sorted(commits), 0.5);
  const alone = quantile(sorted(bare), 0.5);
  console.log(
    `in process: commit of an UPDATE, ${size} bytes of log, p50 ${commit.toFixed(0)} us; the bytes written and flushed alone ` +
      `${alone.toFixed(0)} us; beyond the flush ${(commit - alone).toFixed(0)} us`,
  );
  flush.close();
  client.close();
  await server.close();
}

async function start(settings: ServerSettings = {}): Promise<BenchServer[]> {
  const servers = [await startHotrow(settings)];
  const postgres = await startPostgres(settings);
  if (postgres !== null) servers.push(postgres);
  for (const server of servers) pgbench(server, '-i', '-q', '-s', String(SCALE));
  return servers;
}

async function commits(): Promise<void> {
  const servers = await start();
  const flush = new BareFlush('flush');
  try {
    for (const server of servers) {
      const bytesBefore = server.walBytes();
      const one = latencies(server, 1, SECONDS);
      const size = Math.round((server.walBytes() - bytesBefore) / one.length);
      const bareUs = quantile(sorted(flush.times(2000, size)), 0.5);
      const count = (): number => Number(psql(server, 'SELECT wal_sync FROM pg_stat_wal'));
      const before = count();
      const eight = latencies(server, 8, SECONDS);
      const p50 = quantile(one, 0.5);
      console.log(
        `${server.name.padEnd(9)} 1 client p50 ${p50} us (${size} bytes written and flushed alone ${bareUs.toFixed(0)} us), ` +
          `8 clients ${(eight.length / SECONDS).toFixed(0)} commits/s, ` +
          `${((count() - before) / eight.length).toFixed(2)} flushes a commit`,
      );
    }
  } finally {
    flush.close();
    for (const server of servers) server.stop();
  }
}

async function checkpoints(): Promise<void> {
  for (const timeout of ['1h', '30s']) {
    const servers = await start({ checkpoint_timeout: timeout, max_wal_size: '4GB' });
    try {
      for (const server of servers) {
        psql(server, 'CHECKPOINT');
        const all = latencies(server, 8, Math.max(SECONDS, 60));
        console.log(
          `${server.name.padEnd(9)} checkpoint_timeout ${timeout.padStart(3)}: p50 ${quantile(all, 0.5)} us, ` +
            `p99 ${quantile(all, 0.99)} us, p99.9 ${quantile(all, 0.999)} us, max ${all.at(-1)} us`,
        );
      }
    } finally {
      for (const server of servers) server.stop();
    }
  }
}

async function recovery(): Promise<void> {
  const servers = await start({ checkpoint_timeout: '1h', max_wal_size: '8GB' });
  try {
    for (const server of servers) {
      psql(server, 'CHECKPOINT');
      const from = server.walBytes();
      latencies(server, 8, SECONDS);
      psql(server, 'INSERT INTO pgbench_history SELECT 1, 1, g, 1, now() FROM generate_series(1, 1000000) g');
      const megabytes = (server.walBytes() - from) / 1024 / 1024;
      const ms = await server.crashAndRestart();
      const count = psql(server, 'SELECT count(*) FROM pgbench_history');
      console.log(
        `${server.name.padEnd(9)} ${megabytes.toFixed(0)} MB of log, first answer after ${ms.toFixed(0)} ms ` +
          `(${((megabytes / ms) * 1000).toFixed(0)} MB/s), ${count} rows`,
      );
    }
  } finally {
    for (const server of servers) server.stop();
  }
}

try {
  if ('process'.includes(ONLY)) await commitsInProcess();
  if ('commit'.includes(ONLY)) await commits();
  if ('checkpoint'.includes(ONLY)) await checkpoints();
  if ('recovery'.includes(ONLY)) await recovery();
} finally {
  fs.rmSync(folder, { recursive: true });
}
