/**
 * Does the server keep to its memory? A mixed load (TPC-B, point reads, scans, sorts, groupings, COPY, growing and shrinking rows) for some
 * minutes; resident memory against shared_buffers + indexes + 150 MB.
 *
 *     node --import tsx bench/memory.ts [--minutes 10] [--buffers 128MB]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { startHotrow } from './servers.ts';

const args = process.argv.slice(2);
const option = (name: string, otherwise: string): string =>
  args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : otherwise;
const MINUTES = Number(option('minutes', '10'));
const BUFFERS = option('buffers', '128MB');
const ALLOWED_BYTES = 150 * 1024 * 1024;

/** One after the other, again and again. */
const STATEMENTS = [
  'SELECT sum(abalance) FROM pgbench_accounts',
  'SELECT bid, count(*), avg(abalance) FROM pgbench_accounts GROUP BY bid ORDER BY bid',
  'SELECT aid FROM pgbench_accounts ORDER BY abalance DESC, aid LIMIT 10',
  'SELECT count(*) FROM (SELECT aid, filler FROM pgbench_accounts ORDER BY filler, aid DESC) AS s',
  'SELECT count(*) FROM pgbench_accounts a JOIN pgbench_accounts b ON a.aid = b.aid + 1',
  'CREATE TABLE IF NOT EXISTS wide (id int PRIMARY KEY, t text)',
  "INSERT INTO wide SELECT g, repeat(md5(g::text), 100) FROM generate_series(1, 5000) AS g ON CONFLICT (id) DO UPDATE SET t = wide.t || 'x'",
  "UPDATE wide SET t = repeat('y', id % 9000) WHERE id % 3 = 0",
  'DELETE FROM wide WHERE id % 5 = 0',
  "DELETE FROM pgbench_history WHERE mtime < now() - interval '30 seconds'",
];

function residentBytes(processId: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1]) * 1024;
}

async function main(): Promise<void> {
  const server = await startHotrow({ shared_buffers: BUFFERS, work_mem: '8MB', max_wal_size: '256MB' });
  const target = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres'];
  const load = (...options: string[]): ChildProcess =>
    spawn('pgbench', [...target, '-n', '-T', String(MINUTES * 60), ...options, 'postgres'], { stdio: 'ignore' });
  try {
    spawnSync('pgbench', [...target, '-i', '-q', '-s', '10', 'postgres']);
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
    await client.connect();
    const memory = async (): Promise<Map<string, number>> => {
      const { rows } = await client.query<{ name: string; bytes_used: string }>(
        'SELECT name, bytes_used FROM pg_stat_memory',
      );
      return new Map(rows.map((row) => [row.name, Number(row.bytes_used)]));
    };
    const loads = [load('-c', '4', '-M', 'prepared'), load('-S', '-c', '4', '-M', 'extended')];
    const end = Date.now() + MINUTES * 60_000;
    let statements = 0;
    let highest = 0;
    let beyond = 0;
    let atHeight = new Map<string, number>();
    let heightOf = '';
    while (Date.now() < end) {
      const statement = STATEMENTS[statements++ % STATEMENTS.length];
      await client.query(statement);
      const resident = residentBytes(server.processId);
      const parts = await memory();
      const indexes = (parts.get('indexes') ?? 0) + (parts.get('index key arenas') ?? 0);
      const pool = parts.get('buffer pool') ?? 0;
      highest = Math.max(highest, resident);
      if (resident - pool - indexes <= beyond) continue;
      beyond = resident - pool - indexes;
      atHeight = parts;
      heightOf = statement;
    }
    for (const child of loads) child.kill();
    const mb = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);
    console.log(
      `${MINUTES} minutes, ${statements} statements beside pgbench: at most ${mb(highest)} MB resident, ` +
        `${mb(beyond)} MB beyond pool and indexes (allowed ${mb(ALLOWED_BYTES)})${beyond > ALLOWED_BYTES ? '  BEYOND' : ''}`,
    );
    const atEnd = await memory();
    console.log(`${''.padEnd(26)}at its height  at the end    (height: after ${heightOf})`);
    for (const [name, bytes] of atEnd)
      console.log(`  ${name.padEnd(24)} ${mb(atHeight.get(name) ?? 0).padStart(9)} MB ${mb(bytes).padStart(8)} MB`);
    await client.end();
  } finally {
    server.stop();
  }
}

await main();
