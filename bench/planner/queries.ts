/** Queries of the planner bench, generated from a seed: each kind of condition and join with values common and rare. */
import { CITIES, cityName, DAYS, randomOf, type Sizes, STATUSES, zipf } from './data.ts';

type Random = () => number;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)];
}

function day(offset: number): string {
  return new Date(Date.UTC(2020, 0, 1) + Math.floor(offset) * 86_400_000).toISOString().slice(0, 10);
}

/** Widths of ranges from a hundred-thousandth to nearly all. */
function share(random: Random): number {
  return 10 ** (-5 * random());
}

function cityCondition(random: Random): string {
  // Half of the draws as the data is, half over all cities alike.
  const rank = random() < 0.5 ? zipf(random, CITIES) : 1 + Math.floor(random() * CITIES);
  return `city = '${cityName(rank)}'`;
}

function createdRange(random: Random, column = 'created'): string {
  const width = share(random) * DAYS;
  const from = random() * (DAYS - width);
  return `${column} >= '${day(from)}' AND ${column} < '${day(from + Math.max(width, 1))}'`;
}

function userCondition(random: Random, sizes: Sizes): string {
  const kinds: (() => string)[] = [
    () => cityCondition(random),
    () => `status = '${pick(random, STATUSES)}'`,
    () => `status <> '${pick(random, STATUSES)}'`,
    () => createdRange(random, 'created'),
    () => `created > '${day(DAYS * (1 - share(random)))}'`,
    () => `score > ${Math.round(1000 * (1 - share(random) * 0.9))}`,
    () => 'score IS NULL',
    () => `score BETWEEN ${Math.round(100 * random())} AND ${Math.round(100 + 300 * random())}`,
    () =>
      `city IN (${Array.from({ length: 2 + Math.floor(random() * 6) }, () => cityCondition(random).slice(7)).join(', ')})`,
    () => `name LIKE '${pick(random, ['anna', 'karl 1', 'emil 12', 'ivan 123', 'a', 'lena 4999'])}%'`,
    () => `id BETWEEN ${Math.floor(random() * sizes.users)} AND ${Math.floor(random() * sizes.users)}`,
    () => {
      const from = Math.floor(random() * sizes.users);
      return `id >= ${from} AND id < ${from + Math.ceil(share(random) * sizes.users)}`;
    },
    () => `(${cityCondition(random)} OR ${cityCondition(random)})`,
    () => `NOT (status = 'active')`,
    () => `email = 'user${Math.ceil(random() * sizes.users)}@example.com'`,
  ];
  return pick(random, kinds)();
}

function orderCondition(random: Random, sizes: Sizes): string {
  const kinds: (() => string)[] = [
    () => `o.state = '${pick(random, ['done', 'open', 'returned'])}'`,
    () => createdRange(random, 'o.placed'),
    () => `o.product_id = ${zipf(random, sizes.products)}`,
    () => `o.product_id = ${zipf(random, sizes.products)} AND o.placed >= '${day(random() * DAYS)}'`,
    () => `o.amount > ${Math.round(random() * 900)}`,
    () => 'o.paid IS NULL',
    () => `o.user_id < ${Math.ceil(share(random) * sizes.users)}`,
  ];
  return pick(random, kinds)();
}

export interface BenchQuery {
  readonly kind: string;
  readonly sql: string;
}

/** `count` queries; the same for the same sizes. */
export function generateQueries(count: number, sizes: Sizes, seed = 7): BenchQuery[] {
  const random = randomOf(seed);
  const user = (): string => userCondition(random, sizes);
  const order = (): string => orderCondition(random, sizes);
  const aliased = (condition: string): string =>
    condition
      .replace(/\b(city|status|created|score|name|email)\b(?=\s*(=|<>|>|<|IN|LIKE|IS|BETWEEN))/g, 'u.$1')
      .replace(/\bid\b/g, 'u.id');
  const kinds: readonly (() => BenchQuery)[] = [
    () => ({ kind: 'one condition', sql: `SELECT count(*), min(length(name)) FROM users WHERE ${user()}` }),
    () => ({
      kind: 'two conditions',
      sql: `SELECT count(*), min(length(name)) FROM users WHERE ${user()} AND ${user()}`,
    }),
    () => ({
      kind: 'city and status',
      sql: `SELECT count(*), min(length(name)) FROM users WHERE ${cityCondition(random)} AND status = '${pick(random, STATUSES)}'`,
    }),
    () => ({
      kind: 'three conditions',
      sql: `SELECT count(*), min(length(name)) FROM users WHERE ${user()} AND ${user()} AND ${cityCondition(random)}`,
    }),
    () => ({
      kind: 'order and limit',
      sql: `SELECT id, name, created FROM users WHERE ${user()} ORDER BY ${pick(random, ['created', 'created DESC', 'id', 'name', 'score DESC NULLS LAST'])} LIMIT ${pick(random, [1, 10, 100])}`,
    }),
    () => ({
      kind: 'grouping',
      sql: `SELECT ${pick(random, ['city', 'status', 'city, status', 'created::date'])}, count(*) FROM users WHERE ${user()} GROUP BY ${'$1'}`,
    }),
    () => ({
      kind: 'join of two',
      sql: `SELECT count(*), sum(o.amount) FROM users u JOIN orders o ON o.user_id = u.id WHERE ${aliased(user())} AND ${order()}`,
    }),
    () => ({
      kind: 'join of two, one condition',
      sql: `SELECT count(*), sum(o.amount) FROM users u JOIN orders o ON o.user_id = u.id WHERE ${random() < 0.5 ? aliased(user()) : order()}`,
    }),
    () => ({
      kind: 'join of four',
      sql: `SELECT c.name, count(*), sum(o.amount) FROM users u JOIN orders o ON o.user_id = u.id JOIN products p ON p.id = o.product_id
        JOIN categories c ON c.id = p.category_id WHERE ${aliased(user())} AND ${random() < 0.5 ? order() : `c.area = ${Math.floor(random() * 5)}`} GROUP BY c.name`,
    }),
    () => ({
      kind: 'semi join',
      sql: `SELECT count(*), min(length(u.name)) FROM users u WHERE ${aliased(user())} AND EXISTS (SELECT FROM orders o WHERE o.user_id = u.id AND ${order()})`,
    }),
    () => ({
      kind: 'anti join',
      sql: `SELECT count(*), min(length(u.name)) FROM users u WHERE ${aliased(user())} AND NOT EXISTS (SELECT FROM orders o WHERE o.user_id = u.id AND ${order()})`,
    }),
    () => ({
      kind: 'join, order and limit',
      sql: `SELECT u.id, o.id FROM users u JOIN orders o ON o.user_id = u.id WHERE ${random() < 0.5 ? aliased(user()) : order()} ORDER BY o.placed ${pick(random, ['', 'DESC'])} LIMIT 10`,
    }),
  ];
  return Array.from({ length: count }, (_, i) => {
    const query = kinds[i % kinds.length]();
    const keys = /SELECT (.*?), count/.exec(query.sql)?.[1] ?? '';
    return { ...query, sql: query.sql.replace('$1', keys) };
  });
}
