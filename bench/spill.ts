/**
 * What work_mem costs: sorts, hash joins and grouping of a million rows with 4 MB and with all the memory they want, beside
 * PostgreSQL with the same. `node --import tsx bench/spill.ts [--rows N] [--rounds N]`; above 1: hotrow is faster.
 */
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const ROWS = Number(args.get('rows') ?? 1_000_000);
const ROUNDS = Number(args.get('rounds') ?? 3);

const TABLES = [
  `CREATE TABLE big AS SELECT i AS id, (i * 7919::bigint % ${ROWS + 3})::int AS k, 'name ' || (i * 104729::bigint % ${ROWS + 3}) AS name
   FROM generate_series(1, ${ROWS}) AS i`,
  'CREATE TABLE other AS SELECT id, k FROM big',
  'VACUUM ANALYZE big',
  'VACUUM ANALYZE other',
];
const QUERIES = [
  ['sort, text and int', `SELECT name, id FROM big ORDER BY name, id OFFSET ${ROWS - 1}`],
  ['sort, int', `SELECT k, id FROM big ORDER BY k OFFSET ${ROWS - 1}`],
  ['hash join', 'SELECT count(*), sum(big.id) FROM big JOIN other ON big.id = other.k'],
  ['grouping, half as many groups', 'SELECT count(*), sum(n) FROM (SELECT k / 2, count(*) AS n FROM big GROUP BY 1) q'],
] as const;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function connect(server: BenchServer): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  return client;
}

async function main(): Promise<void> {
  const servers: BenchServer[] = [await startHotrow()];
  try {
    const postgres = await startPostgres();
    if (postgres !== null) servers.push(postgres);
    const clients = await Promise.all(servers.map(connect));
    for (const client of clients) {
      for (const statement of TABLES) await client.query(statement);
      // The same algorithms are compared, not the planners.
      await client.query('SET enable_mergejoin = off');
      await client.query('SET enable_sort = on');
    }
    console.log(`${''.padEnd(40)}   hotrow postgres ms`);
    for (const [name, query] of QUERIES) {
      for (const workMem of ['4MB', '1GB']) {
        const times = clients.map((): number[] => []);
        const answers: string[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          for (const [i, client] of clients.entries()) {
            await client.query(`SET work_mem = '${workMem}'`);
            const start = performance.now();
            const { rows } = await client.query(query);
            times[i].push(performance.now() - start);
            answers[i] = JSON.stringify(rows);
          }
        }
        if (answers.some((answer) => answer !== answers[0])) throw new Error(`${query}: ${answers.join(' and ')}`);
        const [hotrow, other] = times.map(median);
        const ratio = other === undefined ? '' : `${(other / hotrow).toFixed(2).padStart(8)}x`;
        const shown = [hotrow, other ?? Number.NaN].map((time) => time.toFixed(0).padStart(9)).join('');
        console.log(`${`${name}, work_mem = ${workMem}`.padEnd(40)}${shown}${ratio}`);
      }
    }
    for (const client of clients) await client.end();
  } finally {
    for (const server of servers) server.stop();
  }
}

await main();
