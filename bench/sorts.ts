/**
 * Sorting, beside PostgreSQL: keys of each kind, in memory and beyond it.
 *
 *     node --import tsx bench/sorts.ts [rows] [--rounds N] [--work-mem 512MB]
 *
 * The servers take turns; a figure is the median of its rounds in milliseconds, the ratio PostgreSQL's by hotrow's. Answers must be equal.
 */
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = process.argv.slice(2);
const ROWS = Number(/^\d+$/.test(args[0] ?? '') ? args[0] : 1_000_000);
const option = (name: string, otherwise: string): string =>
  args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : otherwise;
const ROUNDS = Number(option('rounds', '5'));
const WORK_MEM = option('work-mem', '512MB');

const TABLE = `CREATE TABLE s AS SELECT g AS id, k, k::float8 / 7 AS f, md5(g::text) AS t, 'https://example.org/items/' || k AS u,
  (k / 100.0)::numeric(12, 2) AS n, timestamp '2020-01-01' + k * interval '1 second' AS ts
  FROM (SELECT g, (g::bigint * 7919 % 1000003)::int AS k FROM generate_series(1, ${ROWS}) AS g) AS x`;

/** Of each the whole order is computed, and its last rows are asked for. */
const LAST = `OFFSET ${ROWS - 3}`;
const QUERIES: readonly (readonly [name: string, query: string])[] = [
  ['integers', `SELECT k FROM s ORDER BY k ${LAST}`],
  ['timestamps, three columns', `SELECT id, k, ts FROM s ORDER BY ts, id ${LAST}`],
  ['doubles, descending', `SELECT id, f FROM s ORDER BY f DESC, id ${LAST}`],
  ['texts', `SELECT t FROM s ORDER BY t ${LAST}`],
  ['texts with a common beginning', `SELECT u, id FROM s ORDER BY u, id ${LAST}`],
  ['numeric', `SELECT n, id FROM s ORDER BY n, id ${LAST}`],
  ['few values, then integers', `SELECT id % 5 AS a, k FROM s ORDER BY 1, 2 ${LAST}`],
  ['the first 20 of texts', 'SELECT id, t FROM s ORDER BY t LIMIT 20'],
];

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

const servers: BenchServer[] = [await startHotrow()];
try {
  const postgres = await startPostgres();
  if (postgres !== null) servers.push(postgres);
  const clients: pg.Client[] = [];
  for (const { port } of servers) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    await client.connect();
    await client.query(TABLE);
    await client.query('VACUUM ANALYZE s');
    await client.query(`SET work_mem = '${WORK_MEM}'`);
    clients.push(client);
  }
  console.log(`${ROWS} rows, work_mem ${WORK_MEM}, medians of ${ROUNDS} rounds, ms`);
  for (const [name, query] of QUERIES) {
    const times: number[][] = clients.map(() => []);
    const answers: string[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, client] of clients.entries()) {
        const start = performance.now();
        const { rows } = await client.query({ text: query, rowMode: 'array' });
        // The first round warms up.
        if (round > 0) times[i].push(performance.now() - start);
        answers[i] = JSON.stringify(rows);
      }
    }
    const [hotrow, other] = times.map(median);
    const beside =
      other === undefined ? '' : `  postgres ${other.toFixed(0).padStart(5)}  ratio ${(other / hotrow).toFixed(2)}`;
    console.log(`${name.padEnd(30)} hotrow ${hotrow.toFixed(0).padStart(5)}${beside}`);
    if (answers.some((answer) => answer !== answers[0])) throw new Error(`${name}: answers differ`);
  }
  for (const client of clients) await client.end();
} finally {
  for (const server of servers) server.stop();
}
