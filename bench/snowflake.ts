/**
 * Join order: 30 queries over a star with snowflakes (a table of sales, dimensions, and dimensions of those: ten tables), beside
 * PostgreSQL, in alternation. Printed are the times of the server's processor and their ratio; above 1: hotrow is faster. A query's time is
 * its best of the rounds: code that is made for a plan is compiled while it runs, so the first two or three runs take several times as
 * long. What the first one took, planning and all, is printed beside it.
 *
 *     node --import tsx bench/snowflake.ts [--rows N] [--rounds N] [--only TEXT]
 */
import pg from 'pg';
import { copyIn, randomOf, zipf } from './planner/data.ts';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const ROWS = Number(args.get('rows') ?? 1_000_000);
const ROUNDS = Number(args.get('rounds') ?? 10);
const ONLY = args.get('only') ?? '';
const LIMIT_MS = 120_000;

const CUSTOMERS = Math.round(ROWS / 20);
const PRODUCTS = Math.round(ROWS / 100);

const TABLES = [
  'CREATE TABLE region (id int PRIMARY KEY, name text)',
  'CREATE TABLE nation (id int PRIMARY KEY, region_id int, name text)',
  'CREATE TABLE customer (id int PRIMARY KEY, nation_id int, segment text, name text)',
  'CREATE TABLE brand (id int PRIMARY KEY, name text, origin_id int)',
  'CREATE TABLE category (id int PRIMARY KEY, name text, department text)',
  'CREATE TABLE product (id int PRIMARY KEY, brand_id int, category_id int, price numeric(8,2), name text)',
  'CREATE TABLE city (id int PRIMARY KEY, nation_id int, name text)',
  'CREATE TABLE store (id int PRIMARY KEY, city_id int, kind text)',
  'CREATE TABLE day (id int PRIMARY KEY, date date, year int, month int, holiday bool)',
  `CREATE TABLE sale (id int PRIMARY KEY, customer_id int, product_id int, store_id int, day_id int, quantity int, amount numeric(10,2))`,
];
const INDEXES = [
  'CREATE INDEX ON nation (region_id)',
  'CREATE INDEX ON customer (nation_id)',
  'CREATE INDEX ON customer (segment)',
  'CREATE INDEX ON product (brand_id)',
  'CREATE INDEX ON product (category_id)',
  'CREATE INDEX ON store (city_id)',
  'CREATE INDEX ON city (nation_id)',
  'CREATE INDEX ON sale (customer_id)',
  'CREATE INDEX ON sale (product_id)',
  'CREATE INDEX ON sale (store_id)',
  'CREATE INDEX ON sale (day_id)',
];

function* rows(seed: number, count: number, line: (i: number, random: () => number) => string): Generator<string> {
  const random = randomOf(seed);
  for (let i = 1; i <= count; i++) yield `${i}\t${line(i, random)}\n`;
}

const SEGMENTS = ['consumer', 'business', 'public', 'export'];
const upTo = (random: () => number, n: number): number => 1 + Math.floor(random() * n);

const DATA: readonly (readonly [table: string, lines: () => Iterable<string>])[] = [
  ['region', () => rows(1, 5, (i) => `region ${i}`)],
  ['nation', () => rows(2, 50, (i) => `${(i % 5) + 1}\tnation ${i}`)],
  [
    'customer',
    () => rows(3, CUSTOMERS, (i, r) => `${zipf(r, 50)}\t${SEGMENTS[Math.floor(r() ** 2 * 4)]}\tcustomer ${i}`),
  ],
  ['brand', () => rows(4, 100, (i, r) => `brand ${i}\t${upTo(r, 50)}`)],
  ['category', () => rows(5, 40, (i) => `category ${i}\tdepartment ${i % 6}`)],
  [
    'product',
    () => rows(6, PRODUCTS, (i, r) => `${zipf(r, 100)}\t${upTo(r, 40)}\t${(r() * 500).toFixed(2)}\tproduct ${i}`),
  ],
  ['city', () => rows(7, 300, (i, r) => `${upTo(r, 50)}\tcity ${i}`)],
  ['store', () => rows(8, 1000, (_, r) => `${zipf(r, 300)}\t${r() < 0.1 ? 'flagship' : 'normal'}`)],
  [
    'day',
    () =>
      rows(9, 1460, (i, r) => {
        const date = new Date(Date.UTC(2020, 0, i));
        const text = date.toISOString().slice(0, 10);
        return `${text}\t${date.getUTCFullYear()}\t${date.getUTCMonth() + 1}\t${r() < 0.03 ? 't' : 'f'}`;
      }),
  ],
  [
    'sale',
    () =>
      rows(10, ROWS, (i, r) => {
        const day = 1 + Math.floor((i / (ROWS + 1)) * 1460);
        const quantity = upTo(r, 10);
        return `${zipf(r, CUSTOMERS)}\t${zipf(r, PRODUCTS)}\t${upTo(r, 1000)}\t${day}\t${quantity}\t${(quantity * r() * 100).toFixed(2)}`;
      }),
  ],
];

const ALL = `sale s JOIN customer c ON c.id = s.customer_id JOIN nation n ON n.id = c.nation_id JOIN region r ON r.id = n.region_id
  JOIN product p ON p.id = s.product_id JOIN brand b ON b.id = p.brand_id JOIN category g ON g.id = p.category_id
  JOIN store t ON t.id = s.store_id JOIN city y ON y.id = t.city_id JOIN day d ON d.id = s.day_id`;

const QUERIES: readonly string[] = [
  // One dimension, from rare to frequent.
  "SELECT count(*), sum(s.amount) FROM sale s JOIN product p ON p.id = s.product_id WHERE p.name = 'product 77'",
  "SELECT count(*), sum(s.amount) FROM sale s JOIN customer c ON c.id = s.customer_id WHERE c.segment = 'export'",
  'SELECT c.segment, count(*), sum(s.amount) FROM sale s JOIN customer c ON c.id = s.customer_id GROUP BY c.segment',
  'SELECT d.month, sum(s.amount) FROM sale s JOIN day d ON d.id = s.day_id WHERE d.year = 2021 GROUP BY d.month',
  "SELECT sum(s.amount) FROM sale s JOIN day d ON d.id = s.day_id WHERE d.date = '2022-05-05'",
  'SELECT t.kind, sum(s.amount) FROM sale s JOIN store t ON t.id = s.store_id GROUP BY t.kind',
  // One snowflake.
  "SELECT n.name, sum(s.amount) FROM sale s JOIN customer c ON c.id = s.customer_id JOIN nation n ON n.id = c.nation_id WHERE n.name = 'nation 49' GROUP BY n.name",
  'SELECT r.name, count(*) FROM sale s JOIN customer c ON c.id = s.customer_id JOIN nation n ON n.id = c.nation_id JOIN region r ON r.id = n.region_id GROUP BY r.name',
  "SELECT b.name, sum(s.amount) FROM sale s JOIN product p ON p.id = s.product_id JOIN brand b ON b.id = p.brand_id WHERE b.name = 'brand 90' GROUP BY b.name",
  "SELECT g.department, sum(s.quantity) FROM sale s JOIN product p ON p.id = s.product_id JOIN category g ON g.id = p.category_id WHERE g.department = 'department 3' GROUP BY g.department",
  "SELECT y.name, sum(s.amount) FROM sale s JOIN store t ON t.id = s.store_id JOIN city y ON y.id = t.city_id WHERE y.name = 'city 250' GROUP BY y.name",
  // Two dimensions.
  "SELECT sum(s.amount) FROM sale s JOIN product p ON p.id = s.product_id JOIN customer c ON c.id = s.customer_id WHERE p.name = 'product 500' AND c.segment = 'business'",
  'SELECT count(*) FROM sale s JOIN product p ON p.id = s.product_id JOIN day d ON d.id = s.day_id WHERE p.price < 1 AND d.holiday',
  'SELECT d.year, p.brand_id, sum(s.amount) FROM sale s JOIN product p ON p.id = s.product_id JOIN day d ON d.id = s.day_id WHERE p.category_id = 7 GROUP BY d.year, p.brand_id',
  "SELECT count(*) FROM sale s JOIN customer c ON c.id = s.customer_id JOIN store t ON t.id = s.store_id WHERE c.name = 'customer 4000' AND t.kind = 'flagship'",
  "SELECT sum(s.amount) FROM sale s JOIN store t ON t.id = s.store_id JOIN day d ON d.id = s.day_id WHERE t.kind = 'flagship' AND d.year = 2023 AND d.month = 12",
  // Three and more.
  "SELECT n.name, g.name, sum(s.amount) FROM sale s JOIN customer c ON c.id = s.customer_id JOIN nation n ON n.id = c.nation_id JOIN product p ON p.id = s.product_id JOIN category g ON g.id = p.category_id WHERE n.region_id = 3 AND g.department = 'department 1' GROUP BY n.name, g.name",
  `SELECT count(*), sum(s.amount) FROM ${ALL} WHERE r.name = 'region 2' AND g.department = 'department 5' AND d.year = 2022`,
  `SELECT d.year, count(*) FROM ${ALL} WHERE b.name = 'brand 3' AND y.name = 'city 10' GROUP BY d.year`,
  `SELECT r.name, d.year, sum(s.amount) FROM ${ALL} WHERE d.holiday GROUP BY r.name, d.year ORDER BY 1, 2`,
  `SELECT n.name, sum(s.amount) FROM ${ALL} WHERE p.name = 'product 123' GROUP BY n.name ORDER BY 2 DESC LIMIT 5`,
  `SELECT count(*) FROM ${ALL} WHERE c.name = 'customer 17'`,
  // Nations of three roles: the same table twice and more.
  'SELECT count(*) FROM sale s JOIN customer c ON c.id = s.customer_id JOIN store t ON t.id = s.store_id JOIN city y ON y.id = t.city_id WHERE y.nation_id = c.nation_id',
  'SELECT n1.name, count(*) FROM sale s JOIN customer c ON c.id = s.customer_id JOIN nation n1 ON n1.id = c.nation_id JOIN product p ON p.id = s.product_id JOIN brand b ON b.id = p.brand_id JOIN nation n2 ON n2.id = b.origin_id WHERE n1.region_id = n2.region_id AND s.day_id BETWEEN 100 AND 120 GROUP BY n1.name',
  // Outer, semi, anti.
  "SELECT count(*), count(s.id) FROM customer c LEFT JOIN sale s ON s.customer_id = c.id AND s.day_id = 5 WHERE c.segment = 'public'",
  'SELECT count(*) FROM customer c WHERE EXISTS (SELECT FROM sale s JOIN product p ON p.id = s.product_id WHERE s.customer_id = c.id AND p.brand_id = 95)',
  'SELECT count(*) FROM product p WHERE NOT EXISTS (SELECT FROM sale s WHERE s.product_id = p.id AND s.quantity = 10)',
  'SELECT count(*) FROM sale s WHERE s.product_id IN (SELECT p.id FROM product p JOIN brand b ON b.id = p.brand_id WHERE b.origin_id = 12)',
  // Order and limit.
  'SELECT s.id, c.name, s.amount FROM sale s JOIN customer c ON c.id = s.customer_id JOIN nation n ON n.id = c.nation_id WHERE n.region_id = 1 ORDER BY s.id DESC LIMIT 20',
  'SELECT p.name, sum(s.amount) AS total FROM sale s JOIN product p ON p.id = s.product_id JOIN day d ON d.id = s.day_id WHERE d.year = 2023 AND d.month <= 3 GROUP BY p.name ORDER BY total DESC LIMIT 10',
];

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

async function main(): Promise<void> {
  const servers: BenchServer[] = [await startHotrow()];
  const clients: pg.Client[] = [];
  try {
    const postgres = await startPostgres();
    if (postgres !== null) servers.push(postgres);
    clients.push(...(await Promise.all(servers.map(connect))));
    for (const [i, client] of clients.entries()) {
      for (const statement of TABLES) await client.query(statement);
      for (const [table, lines] of DATA) await copyIn(servers[i].port, table, lines());
      for (const statement of INDEXES) await client.query(statement);
      await client.query('VACUUM ANALYZE');
    }
    const names = servers.map(({ name }) => name.padStart(9)).join('');
    console.log(`   ${names}${names}${postgres === null ? '' : '    ratio'}   ms: best, first run`);
    const ratios: number[] = [];
    const firstRatios: number[] = [];
    for (const [number, sql] of QUERIES.entries()) {
      if (!sql.includes(ONLY)) continue;
      const best = servers.map(() => Number.POSITIVE_INFINITY);
      const first = servers.map(() => 0);
      const answers: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, client] of clients.entries()) {
          const start = servers[i].cpuMs();
          const { rows: found } = await client.query(sql);
          const ms = servers[i].cpuMs() - start;
          if (round === 0) first[i] = ms;
          best[i] = Math.min(best[i], ms);
          answers[i] = summary(found);
        }
      }
      if (answers.length > 1 && answers[0] !== answers[1]) throw new Error(`different answers: ${sql}`);
      const ratio = best.length > 1 ? best[1] / best[0] : Number.NaN;
      ratios.push(ratio);
      if (first.length > 1) firstRatios.push(first[1] / first[0]);
      const figures = [...best, ...first].map((ms) => ms.toFixed(1).padStart(9)).join('');
      console.log(
        `${String(number + 1).padStart(3)}${figures}${ratio.toFixed(2).padStart(9)}x  ${sql.replace(/\s+/g, ' ').slice(0, 100)}`,
      );
    }
    const within = ratios.filter((ratio) => ratio >= 0.5).length;
    console.log(`within 2 x of PostgreSQL's time: ${within} of ${ratios.length}`);
    const mean = (of: readonly number[]): string =>
      Math.exp(of.reduce((sum, ratio) => sum + Math.log(ratio), 0) / of.length).toFixed(2);
    console.log(`geometric mean of the ratios: ${mean(ratios)}; of first runs: ${mean(firstRatios)}`);
  } finally {
    for (const client of clients) await client.end();
    for (const server of servers) server.stop();
  }
}

await main();
