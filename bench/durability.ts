/**
 * What durability costs, hotrow beside PostgreSQL on the same disk:
 *
 *     node --import tsx bench/durability.ts [commit | checkpoint | recovery]      --seconds N
 *
 * commit      one client: latency of a one-row UPDATE as its own transaction, less a bare write + fdatasync of as many bytes; 8 clients:
 *             commits a second, and flushes a commit
 * checkpoint  p99 of commits while a checkpoint is spread over the run, against a run without one
 * recovery    megabytes of log a second after kill -9
 */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchServer, type ServerSettings, startHotrow, startPostgres } from './servers.ts';

const args = process.argv.slice(2);
const SECONDS = Number(args.includes('--seconds') ? args[args.indexOf('--seconds') + 1] : 10);
const ONLY = args.find((arg) => ['commit', 'checkpoint', 'recovery'].includes(arg)) ?? '';
const SCALE = 10;
const UPDATE =
  '\\set aid random(1, 100000 * :scale)\nUPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;\n';

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

/** Median microseconds of write + fdatasync of 300 bytes into a file that has its blocks. */
function bareFlush(): number {
  const path = join(folder, 'flush');
  fs.writeFileSync(path, Buffer.alloc(16 * 1024 * 1024));
  const file = fs.openSync(path, 'r+');
  fs.fsyncSync(file);
  const bytes = Buffer.alloc(300, 7);
  const times: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const start = performance.now();
    fs.writeSync(file, bytes, 0, bytes.length, i * bytes.length);
    fs.fdatasyncSync(file);
    times.push((performance.now() - start) * 1000);
  }
  fs.closeSync(file);
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
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
  try {
    const bareUs = bareFlush();
    console.log(`write + fdatasync alone: ${bareUs.toFixed(0)} us`);
    for (const server of servers) {
      const one = latencies(server, 1, SECONDS);
      const count = (): number => Number(psql(server, 'SELECT wal_sync FROM pg_stat_wal'));
      const before = count();
      const eight = latencies(server, 8, SECONDS);
      const p50 = quantile(one, 0.5);
      console.log(
        `${server.name.padEnd(9)} 1 client p50 ${p50} us (${(p50 - bareUs).toFixed(0)} us beyond the flush), ` +
          `8 clients ${(eight.length / SECONDS).toFixed(0)} commits/s, ` +
          `${((count() - before) / eight.length).toFixed(2)} flushes a commit`,
      );
    }
  } finally {
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
  if ('commit'.includes(ONLY)) await commits();
  if ('checkpoint'.includes(ONLY)) await checkpoints();
  if ('recovery'.includes(ONLY)) await recovery();
} finally {
  fs.rmSync(folder, { recursive: true });
}
