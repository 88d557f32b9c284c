/**
 * A table four times the pool, its files in the memory of the operating system:
 *
 *     node --import tsx bench/larger-than-memory.ts [--only pool|zipf|scan|fetch] [--seconds N] [--rounds N]
 *
 *     pool   hit ratio of the pool alone under zipf reads, with and without a scan beside them, next to the simulator's best
 *     zipf   point reads by 8 clients, skewed, beside PostgreSQL
 *     scan   a sequential scan, beside PostgreSQL
 *     fetch  10,000 cold rows by a list of keys, and one at a time
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { BufferPool, PAGE_MISS, type RelationPages, ScanReads } from '../storage/buffer/index.ts';
import { NodeFileSystem } from '../storage/io/index.ts';
import { PAGE_SIZE } from '../storage/limits.ts';
import { Wal } from '../storage/wal/index.ts';
import { wTinyLfu } from './buffer-trace/policies.ts';
import { clockSweep } from './buffer-trace/sweep.ts';
import { xorshift, zipfian } from './buffer-trace/traces.ts';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const POOL = '64MB';
const ROWS = 600_000;
const CLIENTS = 8;

// ---------------------------------------------------------------------------------------------------------------- pool

export interface PoolResult {
  readonly admission: boolean;
  readonly withScan: boolean;
  readonly hitRatio: number;
}

async function page(pool: BufferPool, read: () => number): Promise<boolean> {
  for (let isHit = true; ; isHit = false) {
    try {
      read();
      return isHit;
    } catch (error) {
      if (error !== PAGE_MISS) throw error;
      await new Promise<void>((resolve) => pool.onLoaded(resolve));
    }
  }
}

async function fill(pool: BufferPool, relId: number, pages: number): Promise<RelationPages> {
  const rel = pool.createRelation(relId);
  for (let i = 0; i < pages; i++) {
    pool.newPage(rel, 2);
    if (i % 64 === 63) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => pool.writer.writeFrames(pool.dirtyFrames(), resolve));
  pool.releaseClean();
  return rel;
}

/** Hits of the second half of `reads` zipf reads by 8 readers in turn; a scan of another table goes round beside them. */
async function hitRatio(size: PoolSize, admission: boolean, withScan: boolean): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'hotrow-pool-'));
  const wal = new Wal({ segments: null });
  wal.open(1024, 0);
  const fileSystem = new NodeFileSystem();
  const pool = new BufferPool({ fileSystem, directory, size: size.frames * PAGE_SIZE, wal, admission });
  try {
    const table = await fill(pool, 9, size.frames * 4);
    const other = await fill(pool, 10, withScan ? size.frames * 4 : 1);
    const next = zipfian(size.frames * 4, 0.99, xorshift(7));
    let hits = 0;
    let counted = 0;
    let left = size.reads;
    const reader = async (): Promise<void> => {
      while (left > 0) {
        const isCounted = left-- <= size.reads / 2;
        const pageNo = next();
        const isHit = await page(pool, () => pool.frameBase(table, pageNo));
        if (isCounted) counted++;
        if (isCounted && isHit) hits++;
        if (isHit && (left & 15) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const scanner = async (): Promise<void> => {
      const reads = new ScanReads(pool, other);
      for (;;) {
        const end = reads.open();
        for (let pageNo = 0; pageNo < end; pageNo++) {
          if (left <= 0) return;
          if (!(await page(pool, () => reads.base(pageNo)))) reads.missed(pageNo);
        }
      }
    };
    await Promise.all([...Array.from({ length: CLIENTS }, reader), ...(withScan ? [scanner()] : [])]);
    return hits / counted;
  } finally {
    pool.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface PoolSize {
  readonly frames: number;
  readonly reads: number;
}

export async function run(size: PoolSize): Promise<PoolResult[]> {
  const results: PoolResult[] = [];
  for (const admission of [false, true])
    for (const withScan of [false, true])
      results.push({ admission, withScan, hitRatio: await hitRatio(size, admission, withScan) });
  return results;
}

/** The same reads through simulated policies. */
function simulated(size: PoolSize): [string, number][] {
  return [clockSweep, wTinyLfu].map((make) => {
    const next = zipfian(size.frames * 4, 0.99, xorshift(7));
    const policy = make(size.frames, size.frames * 4);
    let hits = 0;
    for (let i = 0; i < size.reads; i++) if (policy.access(next()) && i >= size.reads / 2) hits++;
    return [policy.name, hits / (size.reads - size.reads / 2)];
  });
}

async function poolPart(): Promise<void> {
  const size = { frames: 4096, reads: 600_000 };
  console.log('hit ratio of zipf 0.99 reads over four times the pool');
  for (const { admission, withScan, hitRatio: ratio } of await run(size)) {
    const name = `buffer_admission = ${admission ? 'tinylfu' : 'off'}${withScan ? ', a scan beside' : ''}`;
    console.log(`  ${name.padEnd(44)}${(ratio * 100).toFixed(1).padStart(6)} %`);
  }
  for (const [name, ratio] of simulated(size))
    console.log(`  ${`simulated ${name}`.padEnd(44)}${(ratio * 100).toFixed(1).padStart(6)} %`);
}

// -------------------------------------------------------------------------------------------------------------- servers

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const ONLY = args.get('only') ?? '';
const SECONDS = args.get('seconds') ?? '5';
const ROUNDS = Number(args.get('rounds') ?? 3);

/** Zipf over rows that lie anywhere: pgbench's least skew is 1.001. */
const ZIPF_SCRIPT = `\\set z random_zipfian(1, ${ROWS}, 1.001)
\\set id permute(:z, ${ROWS}) + 1
SELECT pad FROM t WHERE id = :id;
`;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function connect(server: BenchServer): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  return client;
}

async function fillTable(server: BenchServer): Promise<void> {
  const client = await connect(server);
  await client.query('CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL, pad text NOT NULL)');
  await client.query(`INSERT INTO t SELECT i, i % 1000, repeat('x', 360) FROM generate_series(1, ${ROWS}) i`);
  await client.query('VACUUM ANALYZE t');
  await client.query('CHECKPOINT');
  await client.end();
}

/**
 * Alternating rounds; prints medians of the measure and of the server's processor time, with ratios to the last server (PostgreSQL, where
 * there is one). Of runs of a fixed length (tps) processor time says nothing by itself: it is then that of one transaction.
 */
async function compare(
  name: string,
  unit: 'tps' | 'ms',
  servers: ReadonlyMap<string, BenchServer>,
  measure: (server: BenchServer) => Promise<number> | number,
): Promise<void> {
  const results = new Map<string, { values: number[]; cpuMs: number[] }>();
  for (const label of servers.keys()) results.set(label, { values: [], cpuMs: [] });
  for (let round = 0; round < ROUNDS; round++) {
    for (const [label, server] of servers) {
      const before = server.cpuMs();
      const value = await measure(server);
      const cpuMs = server.cpuMs() - before;
      results.get(label)?.values.push(value);
      results.get(label)?.cpuMs.push(unit === 'tps' ? cpuMs / (value * Number(SECONDS)) : cpuMs);
    }
  }
  const last = [...results.values()].at(-1)!;
  for (const [label, { values, cpuMs }] of results) {
    const ratio = unit === 'tps' ? median(values) / median(last.values) : median(last.values) / median(values);
    const cpuRatio = median(last.cpuMs) / median(cpuMs);
    const of = `${median(values).toFixed(1).padStart(10)} ${unit.padEnd(3)}${ratio.toFixed(2).padStart(7)}x`;
    const cpu = `${median(cpuMs).toFixed(unit === 'tps' ? 4 : 1)} ms of CPU${cpuRatio.toFixed(2).padStart(7)}x`;
    console.log(`${`${name}, ${label}`.padEnd(46)}${of}${cpu.padStart(29)}`);
  }
}

function zipfReads(script: string): (server: BenchServer) => number {
  return (server) => {
    const options = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-n', '-M', 'prepared'];
    const more = ['-c', String(CLIENTS), '-j', '1', '-T', SECONDS, '-f', script, 'postgres'];
    const result = spawnSync('pgbench', [...options, ...more], { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(result.stderr);
    return Number(/tps = ([\d.]+)/.exec(result.stdout)?.[1]);
  };
}

async function scan(server: BenchServer): Promise<number> {
  const client = await connect(server);
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await client.query('SELECT sum(k) FROM t');
    times.push(performance.now() - start);
  }
  await client.end();
  return median(times);
}

let fetchSeed = 1;

/** Milliseconds for 10,000 rows anywhere in the table. */
async function fetch(server: BenchServer, oneAtATime: boolean): Promise<number> {
  const client = await connect(server);
  const random = xorshift(fetchSeed++);
  const ids = Array.from({ length: 10_000 }, () => 1 + Math.floor(random() * ROWS));
  const list = [...new Set(ids)].sort((a, b) => a - b);
  const start = performance.now();
  if (oneAtATime)
    for (const id of list) await client.query({ name: 'one', text: 'SELECT pad FROM t WHERE id = $1', values: [id] });
  else await client.query('SELECT pad FROM t WHERE id = ANY($1)', [list]);
  const time = performance.now() - start;
  await client.end();
  return time;
}

async function serverParts(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hotrow-zipf-'));
  const script = join(folder, 'zipf.sql');
  writeFileSync(script, ZIPF_SCRIPT);
  const servers = new Map<string, BenchServer>();
  try {
    servers.set('hotrow', await startHotrow({ shared_buffers: POOL }));
    servers.set('hotrow off', await startHotrow({ shared_buffers: POOL, buffer_admission: 'off' }));
    const postgres = await startPostgres({ shared_buffers: POOL });
    if (postgres !== null) servers.set('postgres', postgres);
    for (const server of servers.values()) await fillTable(server);
    if ('zipf'.includes(ONLY)) await compare('zipf reads, 8 clients', 'tps', servers, zipfReads(script));
    if ('scan'.includes(ONLY)) await compare('sequential scan', 'ms', servers, scan);
    if ('fetch'.includes(ONLY)) {
      await compare('10,000 rows one at a time', 'ms', servers, (server) => fetch(server, true));
      await compare('10,000 rows by a list', 'ms', servers, (server) => fetch(server, false));
    }
  } finally {
    for (const server of servers.values()) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  if ('pool'.includes(ONLY)) await poolPart();
  if (['zipf', 'scan', 'fetch'].some((part) => part.includes(ONLY))) await serverParts();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
