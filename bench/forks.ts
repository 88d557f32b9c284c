/**
 * Forks of a database beside PostgreSQL's CREATE DATABASE ... TEMPLATE, and what they cost their parent:
 *
 *     node --import tsx bench/forks.ts --size 1000 --forks 1000 --seconds 5 --rounds 3      --only process | wire | lasting | memory | reads | updates
 *
 * process   in this process: an engine's fork, ten updates, its end; and a session's
 * wire      connect to a fork, ten updates, end, beside the same without a fork; PostgreSQL: CREATE DATABASE, the same, DROP DATABASE
 * lasting   CREATE DATABASE ... TEMPLATE with a data directory on both; of hotrow, until all pages have come, and what a first look at a row takes;
 *           TPC-B-like transactions a second in the template before, while the pages come, and afterwards
 * memory    resident memory of the server with so many forks of 100 MB open, without and with a write each, beside as many sessions
 * reads     point reads a second in the parent with 0, 1 and so many forks
 * updates   TPC-B-like transactions a second in the parent with 0 and 1 fork
 *
 * Times are medians; ratios are of the server's least processor time for each, in rounds that take turns.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type DatabaseServer, openDatabaseServer } from '../executor/index.ts';
import { DirectClient } from '../test/support/direct-client.ts';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const SIZE_MB = Number(args.get('size') ?? 1000);
const FORKS = Number(args.get('forks') ?? 1000);
const SECONDS = Number(args.get('seconds') ?? 5);
const ROUNDS = Number(args.get('rounds') ?? 3);
const ONLY = args.get('only') ?? '';

/** pgbench's accounts, 100,000 for a scale of 1, with their index. */
const MB_OF_SCALE = 15;
const WRITES = 10;
/** Of what is measured with many forks open. */
const SMALL_MB = 100;
/** PostgreSQL copies everything: a few times tell. */
const COPIES = 3;
const CONNECTIONS_AT_ONCE = 50;
const SETTLE_MS = 1000;

const folder = mkdtempSync(join(tmpdir(), 'forks-'));

function scaleOf(megabytes: number): number {
  return Math.max(1, Math.round(megabytes / MB_OF_SCALE));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function row(name: string, ...values: string[]): void {
  console.log(`${name.padEnd(62)}${values.map((value) => value.padStart(16)).join('')}`);
}

function ms(values: readonly number[]): string {
  return `${median(values).toFixed(3)} ms`;
}

async function timed(times: number, work: (i: number) => Promise<void> | void): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work(i);
    taken.push(performance.now() - start);
  }
  return taken;
}

function pgbench(server: BenchServer, ...options: string[]): string {
  const all = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', ...options, 'postgres'];
  const result = spawnSync('pgbench', all, { encoding: 'utf8', cwd: folder });
  if (result.status !== 0) throw new Error(`pgbench ${options.join(' ')} on ${server.name}: ${result.stderr}`);
  return result.stdout;
}

function clientOf(server: BenchServer, database = 'postgres'): pg.Client {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database });
  client.on('error', () => {});
  return client;
}

async function connect(server: BenchServer, database = 'postgres'): Promise<pg.Client> {
  const client = clientOf(server, database);
  await client.connect();
  return client;
}

const UPDATE = 'UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = $1';

function accountOf(rows: number): number {
  return 1 + Math.floor(Math.random() * rows);
}

function update(rows: number): string {
  return UPDATE.replace('$1', String(accountOf(rows)));
}

// In this process.

async function loadedServer(rows: number): Promise<DatabaseServer> {
  const sharedBuffers = `${Math.ceil(rows / 6_000) + 256}MB`;
  const server = await openDatabaseServer({
    dataDirectory: null,
    settings: new Map([['shared_buffers', sharedBuffers]]),
    onLog: () => {},
  });
  const client = new DirectClient(server);
  await client.rows('CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))');
  const step = 100_000;
  for (let from = 1; from <= rows; from += step) {
    await client.rows(
      `INSERT INTO pgbench_accounts SELECT g, 1, 0, '' FROM generate_series(${from}, ${from + step - 1}) g`,
    );
  }
  client.close();
  return server;
}

async function inProcess(): Promise<void> {
  const rows = scaleOf(SIZE_MB) * 100_000;
  const server = await loadedServer(rows);
  const { engine } = server;
  row('In one process', 'median');
  const forkEnd = await timed(FORKS, () => void engine.fork().close());
  row('  fork of the engine, and its end', ms(forkEnd));
  const session = async (database: string, i: number, writes: number): Promise<void> => {
    const client = new DirectClient(server, database === '' ? 'postgres' : `postgres@${database}${i}`);
    for (let write = 0; write < writes; write++) await client.rows(update(rows));
    client.close();
  };
  row('  a session', ms(await timed(FORKS, (i) => session('', i, 0))));
  row('  a session of a fork', ms(await timed(FORKS, (i) => session('s', i, 0))));
  row(`  a session, ${WRITES} updates`, ms(await timed(FORKS, (i) => session('', i, WRITES))));
  row(`  a session of a fork, ${WRITES} updates`, ms(await timed(FORKS, (i) => session('w', i, WRITES))));
  const keeper = new DirectClient(server, 'postgres@kept');
  const resets = await timed(FORKS, async () => {
    for (let write = 0; write < WRITES; write++) await keeper.rows(update(rows));
    await keeper.rows('SELECT hotrow_reset()');
  });
  row(`  ${WRITES} updates and hotrow_reset()`, ms(resets));
  keeper.close();
  await server.close();
}

// Over the wire.

async function visit(server: BenchServer, database: string, writes: number, rows: number): Promise<void> {
  const client = await connect(server, database);
  for (let write = 0; write < writes; write++) await client.query(UPDATE, [accountOf(rows)]);
  await client.end();
}

async function overTheWire(): Promise<void> {
  const scale = scaleOf(SIZE_MB);
  const rows = scale * 100_000;
  const settings = { shared_buffers: `${Math.ceil(SIZE_MB * 1.5) + 256}MB`, max_wal_size: '8GB' };
  const server = await startHotrow(settings);
  try {
    pgbench(server, '-i', '-q', '-s', String(scale));
    row(`hotrow, ${SIZE_MB} MB, over the wire`, 'median');
    const fork = (i: number): string => `postgres@b${i}`;
    await timed(200, () => visit(server, 'postgres', WRITES, rows));
    row('  connect, end', ms(await timed(FORKS, () => visit(server, 'postgres', 0, rows))));
    row('  connect to a fork, end', ms(await timed(FORKS, (i) => visit(server, fork(i), 0, rows))));
    row(`  connect, ${WRITES} updates, end`, ms(await timed(FORKS, () => visit(server, 'postgres', WRITES, rows))));
    row(
      `  connect to a fork, ${WRITES} updates, end`,
      ms(await timed(FORKS, (i) => visit(server, fork(i), WRITES, rows))),
    );
  } finally {
    server.stop();
  }
  const postgres = await startPostgres(settings);
  if (postgres === null) return;
  try {
    pgbench(postgres, '-i', '-q', '-s', String(scale));
    row(`PostgreSQL, ${SIZE_MB} MB, over the wire`, 'median');
    row('  connect, end', ms(await timed(200, () => visit(postgres, 'postgres', 0, rows))));
    for (const strategy of ['wal_log', 'file_copy']) {
      const made = await timed(COPIES, async (i) => {
        const client = await connect(postgres, 'template1');
        await client.query(`CREATE DATABASE ${strategy}${i} TEMPLATE postgres STRATEGY ${strategy}`);
        await client.end();
        await visit(postgres, `${strategy}${i}`, WRITES, rows);
        const other = await connect(postgres, 'template1');
        await other.query(`DROP DATABASE ${strategy}${i}`);
        await other.end();
      });
      row(`  CREATE DATABASE (${strategy}), connect, ${WRITES} updates, DROP`, ms(made));
    }
  } finally {
    postgres.stop();
  }
}

// Forks that last.

function tpcbRate(server: BenchServer, seconds: number): number {
  const output = pgbench(server, '-n', '-M', 'prepared', '-c', '4', '-T', String(seconds), '-b', 'tpcb-like');
  return Number(/^tps = ([\d.]+)/m.exec(output)?.[1]);
}

/** Until nothing is logged any more: seconds. */
async function untilQuiet(server: BenchServer): Promise<number> {
  const start = performance.now();
  let last = start;
  for (let before = -1; performance.now() - last < SETTLE_MS; ) {
    const now = server.walBytes();
    if (now !== before) last = performance.now();
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return (last - start) / 1000;
}

async function lasting(): Promise<void> {
  const scale = scaleOf(SIZE_MB);
  const rows = scale * 100_000;
  const settings = { shared_buffers: `${Math.ceil(SIZE_MB * 2.5) + 256}MB`, max_wal_size: '8GB' };
  for (const start of [startHotrow, startPostgres]) {
    const server = await start(settings);
    if (server === null) return;
    try {
      pgbench(server, '-i', '-q', '-s', String(scale));
      row(`${server.name}, ${SIZE_MB} MB, commits and databases durable`, 'median');
      const rates = [tpcbRate(server, SECONDS), 0, 0];
      const client = await connect(server, 'template1');
      await client.query('CHECKPOINT');
      const [made, looked, come]: [number[], number[], number[]] = [[], [], []];
      for (let i = 0; i < COPIES; i++) {
        made.push(
          ...(await timed(1, async () => void (await client.query(`CREATE DATABASE copy${i} TEMPLATE postgres`)))),
        );
        const other = await connect(server, `copy${i}`);
        looked.push(...(await timed(1, async () => void (await other.query(UPDATE, [accountOf(rows)])))));
        await other.end();
        come.push(await untilQuiet(server));
        await client.query(`DROP DATABASE copy${i}`);
        await untilQuiet(server);
      }
      row('  CREATE DATABASE ... TEMPLATE', ms(made));
      row('  its first update of a row', ms(looked));
      if (server.name === 'hotrow') row('  until all pages have come', `${median(come).toFixed(2)} s`);
      await client.query('CREATE DATABASE last TEMPLATE postgres');
      rates[1] = tpcbRate(server, SECONDS);
      await untilQuiet(server);
      rates[2] = tpcbRate(server, SECONDS);
      await client.end();
      row('  TPC-B-like before, from then on, when all is done', rates.map((rate) => rate.toFixed(0)).join(' / '));
    } finally {
      server.stop();
    }
  }
}

// Many forks.

function residentMb(server: BenchServer): number {
  const status = readFileSync(`/proc/${server.processId}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

async function openMany(server: BenchServer, count: number, nameOf: (i: number) => string): Promise<pg.Client[]> {
  const clients: pg.Client[] = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(CONNECTIONS_AT_ONCE, count - clients.length) }, (_, i) =>
      connect(server, nameOf(clients.length + i)),
    );
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

async function each(clients: readonly pg.Client[], work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < clients.length; from += CONNECTIONS_AT_ONCE)
    await Promise.all(clients.slice(from, from + CONNECTIONS_AT_ONCE).map(work));
}

/** A server with pgbench's tables, all of them in memory. */
async function smallServer(): Promise<BenchServer> {
  const server = await startHotrow({ shared_buffers: '512MB', max_connections: String(FORKS + 100) });
  pgbench(server, '-i', '-q', '-s', String(scaleOf(SMALL_MB)));
  return server;
}

async function memory(): Promise<void> {
  const rows = scaleOf(SMALL_MB) * 100_000;
  row(`${FORKS} at once, ${SMALL_MB} MB`, 'before', 'after', 'KB each', 'ratio');
  const kinds = [
    ['sessions', () => 'postgres', 0],
    ['sessions with a write', () => 'postgres', 1],
    ['forks', (i: number) => `postgres@m${i}`, 0],
    ['forks with a write', (i: number) => `postgres@m${i}`, 1],
  ] as const;
  for (const [name, nameOf, writes] of kinds) {
    const server = await smallServer();
    try {
      const before = residentMb(server);
      const clients = await openMany(server, FORKS, nameOf);
      if (writes > 0) await each(clients, (client) => client.query(UPDATE, [accountOf(rows)]));
      const after = residentMb(server);
      const kilobytes = ((after - before) * 1024) / FORKS;
      row(
        `  ${name}`,
        `${before.toFixed(0)} MB`,
        `${after.toFixed(0)} MB`,
        kilobytes.toFixed(0),
        (after / before).toFixed(2),
      );
      await each(clients, (client) => client.end());
    } finally {
      server.stop();
    }
  }
}

interface Rate {
  readonly perSecond: number;
  /** Microseconds of the server's processor time for each. */
  readonly cpuUs: number;
}

function rateOf(server: BenchServer, ...options: string[]): Rate {
  const before = server.cpuMs();
  const output = pgbench(server, '-n', '-M', 'prepared', '-c', '4', '-T', String(SECONDS), ...options);
  const usedMs = server.cpuMs() - before;
  const done = Number(/^number of transactions actually processed: (\d+)/m.exec(output)?.[1]);
  return { perSecond: done / SECONDS, cpuUs: (usedMs * 1000) / done };
}

/** With so many forks open, in turns. The least processor time says most where the machine has other work. */
async function withForks(counts: readonly number[], ...options: string[]): Promise<void> {
  const server = await smallServer();
  try {
    const rates = counts.map((): Rate[] => []);
    rateOf(server, ...options);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, count] of counts.entries()) {
        const clients = await openMany(server, count, (j) => `postgres@r${round}x${j}`);
        await each(clients, (client) => client.query('SELECT count(*) FROM pgbench_branches'));
        // What making them left to be collected is not the readers'.
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        rates[i].push(rateOf(server, ...options));
        await each(clients, (client) => client.end());
      }
    }
    const least = rates.map((some) => Math.min(...some.map(({ cpuUs }) => cpuUs)));
    for (const [i, count] of counts.entries()) {
      const rate = median(rates[i].map(({ perSecond }) => perSecond));
      row(
        `  with ${count} forks`,
        `${rate.toFixed(0)} /s`,
        `${least[i].toFixed(1)} us`,
        (least[i] / least[0]).toFixed(3),
      );
    }
  } finally {
    server.stop();
  }
}

try {
  if (ONLY === '' || ONLY === 'process') await inProcess();
  if (ONLY === '' || ONLY === 'wire') await overTheWire();
  if (ONLY === '' || ONLY === 'lasting') await lasting();
  if (ONLY === '' || ONLY === 'memory') await memory();
  if (ONLY === '' || ONLY === 'reads') {
    row(`Point reads in the parent, ${SMALL_MB} MB`, 'median rate', 'least cpu', 'ratio of it');
    const script = join(folder, 'read.sql');
    const aid = `\\set aid random(1, ${scaleOf(SMALL_MB) * 100_000})`;
    writeFileSync(script, `${aid}\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n`);
    await withForks([0, 1, FORKS], '-f', script);
  }
  if (ONLY === '' || ONLY === 'updates') {
    row(`TPC-B-like in the parent, ${SMALL_MB} MB`, 'median rate', 'least cpu', 'ratio of it');
    await withForks([0, 1], '-b', 'tpcb-like');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
