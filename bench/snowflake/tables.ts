/** The ten tables of the snowflake, their rows, and the queries over them. */
import { randomOf, zipf } from '../planner/data.ts';

export const TABLES = [
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
export const INDEXES = [
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

/** The lines to copy into each table; `count`: rows of the table of sales. */
export function dataOf(count: number): readonly (readonly [table: string, lines: () => Iterable<string>])[] {
  const customers = Math.round(count / 20);
  const products = Math.round(count / 100);
  return [
    ['region', () => rows(1, 5, (i) => `region ${i}`)],
    ['nation', () => rows(2, 50, (i) => `${(i % 5) + 1}\tnation ${i}`)],
    [
      'customer',
      () => rows(3, customers, (i, r) => `${zipf(r, 50)}\t${SEGMENTS[Math.floor(r() ** 2 * 4)]}\tcustomer ${i}`),
    ],
    ['brand', () => rows(4, 100, (i, r) => `brand ${i}\t${upTo(r, 50)}`)],
    ['category', () => rows(5, 40, (i) => `category ${i}\tdepartment ${i % 6}`)],
    [
      'product',
      () => rows(6, products, (i, r) => `${zipf(r, 100)}\t${upTo(r, 40)}\t${(r() * 500).toFixed(2)}\tproduct ${i}`),
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
        rows(10, count, (i, r) => {
          const day = 1 + Math.floor((i / (count + 1)) * 1460);
          const quantity = upTo(r, 10);
          return `${zipf(r, customers)}\t${zipf(r, products)}\t${upTo(r, 1000)}\t${day}\t${quantity}\t${(quantity * r() * 100).toFixed(2)}`;
        }),
    ],
  ];
}

const ALL = `sale s JOIN customer c ON c.id = s.customer_id JOIN nation n ON n.id = c.nation_id JOIN region r ON r.id = n.region_id
  JOIN product p ON p.id = s.product_id JOIN brand b ON b.id = p.brand_id JOIN category g ON g.id = p.category_id
  JOIN store t ON t.id = s.store_id JOIN city y ON y.id = t.city_id JOIN day d ON d.id = s.day_id`;

export const QUERIES: readonly string[] = [
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
