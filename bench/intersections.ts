/**
 * Conditions on several indexed columns at once, beside PostgreSQL: `node --import tsx bench/intersections.ts`.
 *
 * A users-like table; rows and counts of two, three and four conditions, over the wire, one client (pgbench, prepared), the two
 * servers in turn; above 1: hotrow is faster. The answers must be equal.
 * `--rows N --rounds N --seconds N --only WORD`; `--postgres PORT`: a server that runs already, its database `postgres`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const ROWS = Number(args.get('rows') ?? 1_000_000);
const ROUNDS = Number(args.get('rounds') ?? 3);
const SECONDS = Number(args.get('seconds') ?? 3);
const ONLY = args.get('only') ?? '';
const TABLE = 'bench_users';

const DEFINITION = `
  DROP TABLE IF EXISTS ${TABLE};
  CREATE TABLE ${TABLE} (id int PRIMARY KEY, name text NOT NULL, city text NOT NULL, status text NOT NULL,
    created timestamptz NOT NULL, email text NOT NULL UNIQUE, tags text[] NOT NULL, doc jsonb NOT NULL)`;
const INDEXES = [
  `CREATE INDEX ON ${TABLE} (city)`,
  `CREATE INDEX ON ${TABLE} (status)`,
  `CREATE INDEX ON ${TABLE} (created)`,
  `CREATE INDEX ON ${TABLE} ((doc ->> 'plan'))`,
];
/** Shares of the five values of status, and of the four of doc ->> 'plan'. */
const STATUS = { active: 0.6, pending: 0.2, blocked: 0.1, closed: 0.08, new: 0.02 };
const PLANS = { free: 0.7, basic: 0.2, pro: 0.08, team: 0.02 };

/** Cities are zipf: of 1,000, `city 14` has 1 % of the rows, `city 140` 0.1 %. */
const CONDITIONS: readonly (readonly [name: string, condition: string])[] = [
  ['2 of 0.1 % and 20 %', "city = 'city 140' AND status = 'pending'"],
  ['2 of 1 % and 2 %', "city = 'city 14' AND status = 'new'"],
  ['2 of 10 % and 10 %', "city = 'city 1' AND status = 'blocked'"],
  ['3 of 1 %, 10 % and 25 %', "city = 'city 14' AND status = 'blocked' AND created >= '2025-10-01'"],
  [
    '4 of 1 %, 10 %, 25 % and 8 %',
    "city = 'city 14' AND status = 'blocked' AND created >= '2025-10-01' AND doc ->> 'plan' = 'pro'",
  ],
];
const QUERIES: readonly (readonly [name: string, query: string])[] = [
  ...CONDITIONS.map(([name, where]) => [`count, ${name}`, `SELECT count(*) FROM ${TABLE} WHERE ${where}`] as const),
  ...CONDITIONS.map(
    ([name, where]) => [`rows, ${name}`, `SELECT id, name, city, email FROM ${TABLE} WHERE ${where}`] as const,
  ),
  ['count, 1 of 10 %', `SELECT count(*) FROM ${TABLE} WHERE city = 'city 1'`],
  ['count, range of 25 %', `SELECT count(*) FROM ${TABLE} WHERE created >= '2025-10-01'`],
  ['count, all', `SELECT count(*) FROM ${TABLE}`],
  ['index only, 100 of a range', `SELECT id FROM ${TABLE} WHERE id > ${ROWS >> 1} ORDER BY id LIMIT 100`],
  ['index only, 1 % of a range', `SELECT city FROM ${TABLE} WHERE city > 'city 94' AND city < 'city 99'`],
];

/** A repeatable source of numbers (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick(shares: Readonly<Record<string, number>>, at: number): string {
  let rest = at;
  for (const [word, share] of Object.entries(shares)) {
    if (rest < share) return word;
    rest -= share;
  }
  return Object.keys(shares)[0];
}

/** The table's rows in COPY's text form. */
async function writeRows(path: string): Promise<void> {
  const random = randomOf(4);
  const file = createWriteStream(path);
  const start = Date.UTC(2025, 0, 1);
  for (let id = 1; id <= ROWS; ) {
    let chunk = '';
    for (const end = Math.min(ROWS, id + 9999); id <= end; id++) {
      const city = `city ${Math.floor(1000 ** random())}`;
      const created = new Date(start + Math.floor(random() * 365 * 86_400_000)).toISOString();
      const tags = [random(), random(), random()].map((r) => `tag${Math.floor(r * 50)}`).join(',');
      const doc = `{"plan": "${pick(PLANS, random())}", "age": ${18 + Math.floor(random() * 60)}}`;
      const status = pick(STATUS, random());
      chunk += `${id}\tname ${id}\t${city}\t${status}\t${created}\tuser${id}@example.com\t{${tags}}\t${doc}\n`;
    }
    if (!file.write(chunk)) await new Promise<void>((resolve) => file.once('drain', resolve));
  }
  await new Promise<void>((resolve) => {
    file.end(() => resolve());
  });
}

function psql(server: BenchServer, ...commands: string[]): void {
  const options = commands.flatMap((command) => ['-c', command]);
  const all = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', `${server.port}`, '-U', 'postgres'];
  execFileSync('psql', [...all, ...options, 'postgres'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function perSecond(server: BenchServer, script: string): number {
  const options = ['-n', '-M', 'prepared', '-T', `${SECONDS}`, '-f', script];
  const all = ['-h', '127.0.0.1', '-p', `${server.port}`, '-U', 'postgres', ...options, 'postgres'];
  const result = spawnSync('pgbench', all, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`pgbench on ${server.name}: ${result.stderr}`);
  return Number(/tps = ([\d.]+)/.exec(result.stdout)?.[1]);
}

/** Its rows, in an order of their own. */
async function answer(server: BenchServer, query: string): Promise<string> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  const { rows } = await client.query({ text: query, rowMode: 'array' });
  await client.end();
  const lines = rows.map((row) => JSON.stringify(row));
  return (/ORDER BY/.test(query) ? lines : lines.sort()).join('\n');
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function running(port: number): BenchServer {
  const refuse = (): never => {
    throw new Error('it is not ours to stop');
  };
  return {
    name: 'postgres',
    port,
    processId: 0,
    walBytes: () => 0,
    cpuMs: () => 0,
    crashAndRestart: refuse,
    stop: () => {},
  };
}

async function compare(servers: readonly BenchServer[], folder: string): Promise<void> {
  console.log(`${''.padEnd(40)}   hotrow postgres /s     ratio`);
  for (const [name, query] of QUERIES) {
    if (!name.includes(ONLY)) continue;
    const answers: string[] = [];
    for (const server of servers) answers.push(await answer(server, query));
    if (answers.some((text) => text !== answers[0])) throw new Error(`${query}: the answers differ`);
    const script = join(folder, 'query.sql');
    writeFileSync(script, `${query};\n`);
    const rates = servers.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, server] of servers.entries()) rates[i].push(perSecond(server, script));
    }
    const [hotrow, other] = rates.map(median);
    const ratio = other === undefined ? '' : `${(hotrow / other).toFixed(2).padStart(8)}x`;
    const shown = [hotrow, other ?? Number.NaN].map((rate) => rate.toFixed(0).padStart(9)).join('');
    console.log(`${name.padEnd(40)}${shown}${ratio.padStart(13)}`);
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hotrow-bench-'));
  const servers: BenchServer[] = [await startHotrow()];
  try {
    const port = Number(args.get('postgres') ?? 0);
    const postgres = port > 0 ? running(port) : await startPostgres();
    if (postgres !== null) servers.push(postgres);
    const file = join(folder, 'rows');
    await writeRows(file);
    for (const server of servers) {
      psql(server, DEFINITION);
      const times: string[] = [];
      for (const command of [`\\copy ${TABLE} FROM '${file}'`, ...INDEXES, `VACUUM ANALYZE ${TABLE}`]) {
        const start = performance.now();
        psql(server, command);
        times.push(((performance.now() - start) / 1000).toFixed(1));
      }
      console.log(`${server.name}: ${ROWS} rows loaded, indexed and vacuumed in ${times.join(', ')} s`);
    }
    await compare(servers, folder);
    if (port > 0) psql(servers[1], `DROP TABLE ${TABLE}`);
  } finally {
    for (const server of servers) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
