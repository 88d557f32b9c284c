/** The tables of the planner bench: users-like, with orders, products and categories; the same rows for every server. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';

/** A small seeded generator (mulberry32): the same data in every run. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const CITIES = 1000;
export const STATUSES = ['active', 'inactive', 'pending', 'banned', 'deleted'] as const;
const STATUS_SHARES = [0.6, 0.85, 0.95, 0.999, 1];
const FIRST = ['anna', 'bernd', 'carla', 'dora', 'emil', 'frida', 'georg', 'hanna', 'ivan', 'jana', 'karl', 'lena'];
const TAGS = ['red', 'green', 'blue', 'new', 'old', 'vip', 'trial', 'eu', 'us', 'asia'];
const PLANS = ['free', 'basic', 'pro', 'team'];

/** Rank 1..n, with a probability in proportion to 1 / rank. */
export function zipf(random: () => number, n: number): number {
  return Math.min(n, Math.floor((n + 1) ** random()));
}

export function cityName(rank: number): string {
  // Ranks in no alphabetical order.
  return `city ${String((rank * 387) % 1009).padStart(4, '0')}`;
}

function day(offset: number): string {
  return new Date(Date.UTC(2020, 0, 1) + offset * 86_400_000).toISOString().slice(0, 10);
}

export const DAYS = 1800;

export interface Sizes {
  readonly users: number;
  readonly orders: number;
  readonly products: number;
}

export function sizesOf(rows: number): Sizes {
  return { users: rows, orders: rows, products: Math.max(100, Math.round(rows / 100)) };
}

function* users(sizes: Sizes): Generator<string> {
  const random = randomOf(1);
  for (let i = 1; i <= sizes.users; i++) {
    const status = STATUS_SHARES.findIndex((share) => random() < share);
    const name = `${FIRST[Math.floor(random() * FIRST.length)]} ${Math.floor(random() ** 2 * 50_000)}`;
    // Users came in the order of their ids, a few days around.
    const created = `${day(Math.floor((i / sizes.users) * (DAYS - 30) + random() * 30))} ${String(Math.floor(random() * 24)).padStart(2, '0')}:00:00`;
    const tags = TAGS.filter(() => random() < 0.15);
    const score = random() < 0.1 ? '\\N' : (random() * random() * 1000).toFixed(2);
    const doc = `{"plan": "${PLANS[Math.floor(random() ** 2 * 4)]}", "age": ${18 + Math.floor(random() * 70)}}`;
    yield `${i}\t${name}\t${cityName(zipf(random, CITIES))}\t${STATUSES[Math.max(status, 0)]}\t${created}\tuser${i}@example.com\t${score}\t{${tags.join(',')}}\t${doc}\n`;
  }
}

function* orders(sizes: Sizes): Generator<string> {
  const random = randomOf(2);
  for (let i = 1; i <= sizes.orders; i++) {
    const user = random() < 0.5 ? zipf(random, sizes.users) : 1 + Math.floor(random() * sizes.users);
    const product = zipf(random, sizes.products);
    const state = random() < 0.9 ? 'done' : random() < 0.9 ? 'open' : 'returned';
    const placed = day(Math.floor((i / sizes.orders) * DAYS));
    // Shipped follows from placed; paid is missing for what is open.
    const paid = state === 'open' ? '\\N' : placed;
    yield `${i}\t${user}\t${product}\t${(1 + random() ** 3 * 999).toFixed(2)}\t${state}\t${placed}\t${paid}\n`;
  }
}

function* products(sizes: Sizes): Generator<string> {
  const random = randomOf(3);
  for (let i = 1; i <= sizes.products; i++) {
    yield `${i}\tproduct ${i}\t${1 + Math.floor(random() * 50)}\t${(random() * 500).toFixed(2)}\n`;
  }
}

function* categories(): Generator<string> {
  for (let i = 1; i <= 50; i++) yield `${i}\tcategory ${i}\t${i % 5}\n`;
}

const TABLES = [
  `CREATE TABLE users (id int PRIMARY KEY, name text, city text, status text, created timestamp, email text UNIQUE,
     score numeric(8,2), tags text[], doc jsonb)`,
  `CREATE TABLE orders (id int PRIMARY KEY, user_id int, product_id int, amount numeric(8,2), state text, placed date, paid date)`,
  'CREATE TABLE products (id int PRIMARY KEY, name text, category_id int, price numeric(8,2))',
  'CREATE TABLE categories (id int PRIMARY KEY, name text, area int)',
];

const INDEXES = [
  'CREATE INDEX users_city ON users (city)',
  'CREATE INDEX users_status ON users (status)',
  'CREATE INDEX users_created ON users (created)',
  'CREATE INDEX users_name ON users (name)',
  'CREATE INDEX users_score ON users (score)',
  'CREATE INDEX orders_user ON orders (user_id)',
  'CREATE INDEX orders_product ON orders (product_id, placed)',
  'CREATE INDEX orders_placed ON orders (placed)',
  'CREATE INDEX orders_state ON orders (state)',
  'CREATE INDEX products_category ON products (category_id)',
];

/** COPY through psql: the same path for every server. */
export async function copyIn(port: number, table: string, lines: Iterable<string>): Promise<void> {
  const args = ['-X', '-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', `COPY ${table} FROM STDIN`];
  const child = spawn('psql', [...args, 'postgres'], { stdio: ['pipe', 'ignore', 'inherit'] });
  Readable.from(chunks(lines)).pipe(child.stdin);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`COPY ${table} failed`);
}

function* chunks(lines: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const line of lines) {
    chunk += line;
    if (chunk.length < 65536) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

export interface Runner {
  readonly port: number;
  query(text: string): Promise<unknown>;
}

export async function load(runner: Runner, sizes: Sizes): Promise<void> {
  for (const statement of TABLES) await runner.query(statement);
  await copyIn(runner.port, 'users', users(sizes));
  await copyIn(runner.port, 'orders', orders(sizes));
  await copyIn(runner.port, 'products', products(sizes));
  await copyIn(runner.port, 'categories', categories());
  for (const statement of INDEXES) await runner.query(statement);
  await runner.query('VACUUM ANALYZE');
}
