/**
 * Join order: 30 queries over a star with snowflakes (a table of sales, dimensions, and dimensions of those: ten tables), beside
 * PostgreSQL, in alternation. Printed are the times of each server's processor in the first, the second and the third run and the best one,
 * and how many times as fast hotrow is: code that is made for a plan is compiled while it runs, so the first two or three runs, of which the
 * first is also planned, take several times as long as those that follow.
 *
 *     node --import tsx bench/snowflake.ts [--rows N] [--rounds N] [--only TEXT] [--base FILE: a hotrow.js that was built before]
 */
import pg from 'pg';
import { copyIn } from './planner/data.ts';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';
import { dataOf, INDEXES, QUERIES, TABLES } from './snowflake/tables.ts';

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const ROWS = Number(args.get('rows') ?? 1_000_000);
const ROUNDS = Number(args.get('rounds') ?? 10);
const ONLY = args.get('only') ?? '';
const LIMIT_MS = 120_000;

async function connect(server: BenchServer): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query(`SET statement_timeout = ${LIMIT_MS}`);
  return client;
}

/** Values as both print them: float sums and the order of equal rows are no difference between plans. */
function summary(rows: readonly Record<string, unknown>[]): string {
  return rows
    .map((row) => Object.values(row).map(String).join('|'))
    .sort()
    .join('\n');
}

async function fill(server: BenchServer, client: pg.Client): Promise<void> {
  for (const statement of TABLES) await client.query(statement);
  for (const [table, lines] of dataOf(ROWS)) await copyIn(server.port, table, lines());
  for (const statement of INDEXES) await client.query(statement);
  await client.query('VACUUM ANALYZE');
}

/** What is shown of a query's runs. */
const SHOWN = ['first', 'second', 'third', 'best'] as const;

function shownOf(runs: readonly number[]): number[] {
  return [runs[0], runs[1] ?? Number.NaN, runs[2] ?? Number.NaN, Math.min(...runs)];
}

/** Milliseconds of each server's processor, run by run. */
async function measure(sql: string, servers: readonly BenchServer[], clients: readonly pg.Client[]) {
  const runs: number[][] = servers.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    const answers: string[] = [];
    for (const [i, client] of clients.entries()) {
      const start = servers[i].cpuMs();
      const { rows } = await client.query(sql);
      runs[i].push(servers[i].cpuMs() - start);
      answers.push(summary(rows));
    }
    if (answers.some((answer) => answer !== answers[0])) throw new Error(`different answers: ${sql}`);
  }
  return runs;
}

function report(names: readonly string[], all: readonly (readonly number[][])[]): void {
  const last = names.length - 1;
  for (let i = 0; i < last; i++) {
    for (const [at, which] of SHOWN.entries()) {
      const ratios = all.map((runs) => shownOf(runs[last])[at] / shownOf(runs[i])[at]);
      const within = ratios.filter((ratio) => ratio >= 0.5).length;
      const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
      const where = `${names[i]}, ${which} run:`.padEnd(24);
      console.log(
        `${where} within 2 x of ${names[last]} ${within} of ${ratios.length}, geometric mean ${mean.toFixed(2)}`,
      );
    }
  }
}

async function main(): Promise<void> {
  const servers: BenchServer[] = [await startHotrow()];
  const names = ['hotrow'];
  const clients: pg.Client[] = [];
  try {
    const base = args.get('base');
    if (base !== undefined) {
      servers.push(await startHotrow({}, base));
      names.push('base');
    }
    const postgres = await startPostgres();
    if (postgres !== null) {
      servers.push(postgres);
      names.push('postgres');
    }
    clients.push(...(await Promise.all(servers.map(connect))));
    for (const [i, client] of clients.entries()) await fill(servers[i], client);
    console.log(`ms of ${names.join(', ')}: ${SHOWN.join(', ')}`);
    const all: number[][][] = [];
    for (const [number, sql] of QUERIES.entries()) {
      if (!sql.includes(ONLY)) continue;
      const runs = await measure(sql, servers, clients);
      all.push(runs);
      const figures = runs.map((own) =>
        shownOf(own)
          .map((ms) => ms.toFixed(1).padStart(8))
          .join(''),
      );
      console.log(`${String(number + 1).padStart(3)}${figures.join('  |')}   ${sql.replace(/\s+/g, ' ').slice(0, 60)}`);
    }
    report(names, all);
  } finally {
    for (const client of clients) await client.end();
    for (const server of servers) server.stop();
  }
}

await main();
