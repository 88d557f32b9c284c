/**
 * hotrow beside PostgreSQL, in turn, on this machine: `npm run bench`.
 *
 * Every figure is a median of rounds in which the two servers alternate, and what counts is the ratio (above 1: hotrow is
 * faster). Without PostgreSQL's binaries only hotrow's figures are printed. `--rounds N --seconds N --only WORD` shorten it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

interface Figure {
  readonly name: string;
  /** Per second, or milliseconds. */
  readonly unit: 'tps' | 'ms';
  readonly hotrow: number;
  readonly postgres: number | null;
  /** Least ratio wanted. */
  readonly wanted: number;
}

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const ROUNDS = Number(args.get('rounds') ?? 3);
const SECONDS = Number(args.get('seconds') ?? 5);
const ONLY = args.get('only') ?? '';
const SCALE = 10;
const ROWS = 1_000_000;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function pgbench(server: BenchServer, ...options: string[]): string {
  const all = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', ...options, 'postgres'];
  const result = spawnSync('pgbench', all, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`pgbench ${options.join(' ')} on ${server.name}: ${result.stderr}`);
  return result.stdout;
}

function transactionsPerSecond(server: BenchServer, options: readonly string[]): number {
  const output = pgbench(server, '-n', '-T', String(SECONDS), ...options);
  const failed = /number of failed transactions: (\d+)/.exec(output);
  if (failed !== null && failed[1] !== '0') throw new Error(`failed transactions on ${server.name}: ${output}`);
  return Number(/tps = ([\d.]+)/.exec(output)?.[1]);
}

async function timed(work: () => void | Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Runs the measurement on both servers in turn. */
async function compare(
  servers: readonly BenchServer[],
  rounds: number,
  name: string,
  unit: Figure['unit'],
  wanted: number,
  measure: (server: BenchServer) => number | Promise<number>,
): Promise<Figure> {
  const results = new Map<string, number[]>(servers.map((s) => [s.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) results.get(server.name)?.push(await measure(server));
  }
  const of = (which: string): number | null => (results.has(which) ? median(results.get(which) as number[]) : null);
  const figure = { name, unit, hotrow: of('hotrow') as number, postgres: of('postgres'), wanted };
  print(figure);
  return figure;
}

function ratioOf(figure: Figure): number | null {
  if (figure.postgres === null) return null;
  return figure.unit === 'tps' ? figure.hotrow / figure.postgres : figure.postgres / figure.hotrow;
}

function print(figure: Figure): void {
  const ratio = ratioOf(figure);
  const show = (value: number | null): string =>
    (value === null ? '-' : value.toFixed(value < 100 ? 1 : 0)).padStart(9);
  const verdict =
    ratio === null
      ? ''
      : `${ratio.toFixed(2).padStart(7)}x  (wanted ${figure.wanted})${ratio < figure.wanted ? '  BELOW' : ''}`;
  console.log(`${figure.name.padEnd(44)}${show(figure.hotrow)}${show(figure.postgres)} ${figure.unit}${verdict}`);
}

async function sql(server: BenchServer, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

const LINEITEM = `CREATE TABLE lineitem (id int PRIMARY KEY, returnflag char(1) NOT NULL, linestatus char(1) NOT NULL,
  quantity numeric(15,2) NOT NULL, extendedprice numeric(15,2) NOT NULL, discount numeric(15,2) NOT NULL,
  tax numeric(15,2) NOT NULL, shipdate date NOT NULL, amount int NOT NULL)`;
const FILL = `INSERT INTO lineitem SELECT i, substr('ANR', 1 + i % 3, 1), substr('FO', 1 + (i / 3) % 2, 1), 1 + i % 50,
  900 + (i % 10000 * 7919) % 100000 / 100.0, (i % 11) / 100.0, (i % 9) / 100.0, date '1992-01-01' + i % 2500, i % 1000
  FROM generate_series(1, ${ROWS}) AS i`;
const FILTER_SUM = 'SELECT sum(amount) FROM lineitem WHERE amount < 500';
const Q1 = `SELECT returnflag, linestatus, sum(quantity), sum(extendedprice), sum(extendedprice * (1 - discount)),
  sum(extendedprice * (1 - discount) * (1 + tax)), avg(quantity), avg(extendedprice), avg(discount), count(*)
  FROM lineitem WHERE shipdate <= date '1998-09-02' GROUP BY returnflag, linestatus ORDER BY returnflag, linestatus`;

async function queryTime(server: BenchServer, text: string): Promise<number> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    const times: number[] = [];
    for (let i = 0; i < 7; i++) times.push(await timed(() => client.query(text)));
    return median(times);
  } finally {
    await client.end();
  }
}

async function analytics(servers: readonly BenchServer[], figures: Figure[]): Promise<void> {
  for (const server of servers)
    await sql(server, 'DROP TABLE IF EXISTS lineitem', LINEITEM, FILL, 'VACUUM ANALYZE lineitem');
  figures.push(await compare(servers, ROUNDS, `filter + sum, ${ROWS} rows`, 'ms', 1, (s) => queryTime(s, FILTER_SUM)));
  figures.push(await compare(servers, ROUNDS, `TPC-H Q1 shape, ${ROWS} rows`, 'ms', 2, (s) => queryTime(s, Q1)));
}

async function loading(servers: readonly BenchServer[], figures: Figure[]): Promise<void> {
  const init = (server: BenchServer): Promise<number> =>
    timed(() => void pgbench(server, '-i', '-q', '-s', String(SCALE)));
  figures.push(await compare(servers, ROUNDS, `pgbench -i -s ${SCALE}`, 'ms', 0.5, init));
  const folder = mkdtempSync(join(tmpdir(), 'hotrow-copy-'));
  const file = join(folder, 'rows.txt');
  const lines: string[] = [];
  for (let i = 0; i < ROWS; i++)
    lines.push(
      `${i}\tname ${i % 1000}\t${(i * 37) % 100000}.${(i % 90) + 10}\t2024-01-${String((i % 28) + 1).padStart(2, '0')}`,
    );
  writeFileSync(file, `${lines.join('\n')}\n`);
  const copy = async (server: BenchServer): Promise<number> => {
    await sql(
      server,
      'DROP TABLE IF EXISTS copied',
      'CREATE TABLE copied (id int, name text, price numeric(12,2), day date)',
    );
    return timed(
      () =>
        void execFileSync('psql', [
          '-h',
          '127.0.0.1',
          '-p',
          String(server.port),
          '-U',
          'postgres',
          '-q',
          '-c',
          `\\copy copied from '${file}'`,
          'postgres',
        ]),
    );
  };
  try {
    figures.push(await compare(servers, ROUNDS, `COPY ${ROWS} rows`, 'ms', 0.5, copy));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function transactions(servers: readonly BenchServer[], figures: Figure[]): Promise<void> {
  for (const server of servers) pgbench(server, '-i', '-q', '-s', String(SCALE));
  for (const script of ['select-only', 'tpcb-like']) {
    for (const mode of ['simple', 'extended', 'prepared']) {
      for (const clients of [1, 8]) {
        const options = ['-b', script, '-M', mode, '-c', String(clients), '-j', '1'];
        const name = `pgbench ${script}, ${mode}, ${clients} client${clients > 1 ? 's' : ''}`;
        figures.push(await compare(servers, ROUNDS, name, 'tps', 1, (s) => transactionsPerSecond(s, options)));
      }
    }
  }
}

async function main(): Promise<void> {
  const servers: BenchServer[] = [];
  const figures: Figure[] = [];
  try {
    servers.push(await startHotrow());
    const postgres = await startPostgres();
    if (postgres === null) console.log('PostgreSQL not found: hotrow alone');
    else servers.push(postgres);
    console.log(`${''.padEnd(44)}   hotrow postgres`);
    if ('analytics'.includes(ONLY)) await analytics(servers, figures);
    if ('loading'.includes(ONLY)) await loading(servers, figures);
    if ('transactions'.includes(ONLY)) await transactions(servers, figures);
  } finally {
    for (const server of servers) server.stop();
  }
  const ratios = Object.fromEntries(figures.map((f) => [f.name, ratioOf(f)]));
  if (servers.length === 2) {
    appendFileSync(
      new URL('results.jsonl', import.meta.url),
      `${JSON.stringify({ at: new Date().toISOString(), rounds: ROUNDS, seconds: SECONDS, ratios, figures })}\n`,
    );
  }
}

await main();
