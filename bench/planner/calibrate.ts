/**
 * What a unit of cost is: queries whose time is one kind of work each, with the chosen path forced, over the tables of
 * bench/planner.ts in a server that runs. Where the last column is far from the others, a constant of planner/cost/params.ts is off.
 *
 *     node --import tsx bench/planner/calibrate.ts --port P --pid N
 */
import pg from 'pg';
import { threadsCpuMs } from '../servers.ts';

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const PORT = Number(args.get('port'));
const PROCESS_ID = Number(args.get('pid'));
const RUNS = 3;
const DISABLED = 1e10;

const SCAN = ['enable_indexscan', 'enable_bitmapscan'];
const INDEX = ['enable_seqscan', 'enable_bitmapscan'];
const POSTING = ['enable_seqscan', 'enable_indexscan'];
const ALL = [...SCAN, ...POSTING, 'enable_hashjoin', 'enable_nestloop', 'enable_hashagg', 'enable_sort'];
const JOIN = 'SELECT sum(u.score) FROM users u JOIN orders o ON o.user_id = u.id WHERE o.id <= ';

const QUERIES: readonly (readonly [name: string, sql: string, off: readonly string[]])[] = [
  ['scan, narrow rows', 'SELECT count(*) FROM orders WHERE product_id = 77', SCAN],
  ['scan, wide rows', "SELECT sum(id) FROM users WHERE city = 'city 0553'", SCAN],
  ['index, in order', 'SELECT sum(product_id) FROM orders WHERE id <= 100000', INDEX],
  ['index, in no order', 'SELECT min(length(name)) FROM users WHERE score > 700', INDEX],
  ['index, one key', "SELECT min(length(name)) FROM users WHERE city = 'city 0387'", INDEX],
  ['intersection', "SELECT sum(id) FROM users WHERE city = 'city 0387' AND status = 'pending'", POSTING],
  [
    'hash join, small inner side',
    'SELECT sum(p.price) FROM products p JOIN orders o ON o.product_id = p.id',
    ['enable_nestloop'],
  ],
  ['hash join', `${JOIN} 100000`, ['enable_nestloop']],
  ['nested loop', `${JOIN} 100000`, ['enable_hashjoin', 'enable_seqscan']],
  ['sort of numbers', 'SELECT product_id FROM orders ORDER BY product_id OFFSET 999999', []],
  ['sort of texts', 'SELECT city FROM users ORDER BY city OFFSET 999999', []],
  ['few groups', 'SELECT product_id, count(*) FROM orders GROUP BY product_id', SCAN],
  ['many groups', 'SELECT count(*) FROM (SELECT user_id, count(*) FROM orders GROUP BY user_id) AS q', SCAN],
  ['first ten', 'SELECT id FROM orders ORDER BY amount LIMIT 10', []],
];

async function main(): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port: PORT, user: 'postgres', database: 'postgres' });
  await client.connect();
  console.log(`${''.padEnd(30)}       ms      cost  us a unit`);
  for (const [name, sql, off] of QUERIES) {
    for (const setting of new Set(ALL)) await client.query(`SET ${setting} = ${off.includes(setting) ? 'off' : 'on'}`);
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${sql}`);
    const value = rows[0]['QUERY PLAN'];
    const total = (typeof value === 'string' ? JSON.parse(value) : value)[0].Plan['Total Cost'] as number;
    const cost = total % DISABLED;
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < RUNS; run++) {
      const start = threadsCpuMs(PROCESS_ID);
      await client.query(sql);
      best = Math.min(best, threadsCpuMs(PROCESS_ID) - start);
    }
    console.log(
      `${name.padEnd(30)}${best.toFixed(1).padStart(9)}${cost.toFixed(0).padStart(10)}${((best * 1000) / cost).toFixed(2).padStart(11)}`,
    );
  }
  await client.end();
}

await main();
