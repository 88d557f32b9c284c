/**
 * Arithmetic of numeric(p, s) columns: scans compute it on doubles and registers, and what stands above a subquery on values, by
 * numeric's own functions. Random expressions have the same results, digit for digit, and the same errors.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

/** Columns: of doubles that stay small, of those that do not, and others. */
const TABLE = `CREATE TABLE t (id int, a numeric(5, 2), b numeric(15, 2), c numeric(15, 6), d numeric(9, 0), e numeric(4, 4),
  f numeric(30, 10), g numeric, i int)`;
const ROWS = `INSERT INTO t VALUES
  (1, 1.25, 12.50, 3.000001, 7, 0.0001, 12345678901234.5678, 1.10, 3), (2, 0, 0, 0, 0, 0, 0, 0, 0),
  (3, -999.99, 9999999999999.99, -999999999.999999, 999999999, 0.9999, -99999999999999999999.9999999999, 1e30, -2147483648),
  (4, 999.99, -9999999999999.99, 999999999.999999, -999999999, -0.9999, 0.0000000001, -1e-20, 2147483647),
  (5, NULL, 1, NULL, 5, NULL, NULL, 4, 8), (6, 5.05, NULL, 0.5, NULL, 0.5, 2, NULL, NULL),
  (7, 0.01, 4503599627370.49, 0.000001, 1, -0.0001, 9007199254.740993, 9007199254740993, 10),
  (8, -0.01, -4503599627370.48, 900719925.474099, -1, 0.0001, -9007199254.740991, -9007199254740991.5, -10),
  (9, 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 1), (10, 2.5, 50000.5, 2.5, 10000, 0.25, 2.5, 'Infinity', 2),
  (11, 99.99, 9999.99, 9999.999999, 9999, 0.1, 10000, 10000, 10000), (12, 1, 1, 1, 1, 0.1, 1, 1, 1)`;

const literal = fc.oneof(
  fc.constantFrom(
    '0.5',
    '1',
    '100',
    '1.19',
    '0.001',
    '7.5',
    '10000',
    '0.0000',
    '9007199254740993',
    '12345678901234567890.5',
  ),
  fc
    .tuple(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 5 }))
    .map(([c, s]) => (c / 10 ** s).toFixed(s)),
);
const column = fc.constantFrom('a', 'a', 'b', 'b', 'c', 'd', 'e', 'f', 'g', 'i');

const { expression } = fc.letrec<{ expression: string; binary: string; unary: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    column,
    column,
    literal,
    tie('binary'),
    tie('binary'),
    tie('unary'),
  ),
  binary: fc
    .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '*', '/', '%'), tie('expression'))
    .map(([l, operator, r]) => `(${l} ${operator} ${r})`),
  unary: fc.oneof(
    fc
      .tuple(fc.constantFrom('round', 'trunc'), tie('expression'), fc.integer({ min: -3, max: 12 }))
      .map(([f, x, digits]) => `${f}((${x})::numeric, ${digits})`),
    fc
      .tuple(fc.constantFrom('ceil', 'floor', 'abs', '-', 'round', 'trunc', 'sqrt'), tie('expression'))
      .map(([f, x]) => `${f}((${x})::numeric)`),
    tie('expression').map((x) => `power((${x})::numeric, 2)`),
    fc.tuple(tie('expression'), tie('expression')).map(([l, r]) => `div((${l})::numeric, (${r})::numeric)`),
    fc
      .tuple(tie('expression'), fc.constantFrom('15, 2', '9, 4', '12, 0'))
      .map(([x, typmod]) => `((${x})::numeric(${typmod}))`),
    fc.tuple(tie('expression'), tie('expression')).map(([l, r]) => `(CASE WHEN id % 2 = 0 THEN ${l} ELSE ${r} END)`),
  ),
}));

describe('numeric arithmetic in scans', () => {
  let server: DatabaseServer;
  let client: DirectClient;

  before(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map() });
    client = new DirectClient(server);
    await client.rows(TABLE);
    await client.rows(ROWS);
  });

  after(async () => {
    client.close();
    await server.close();
  });

  async function answer(sql: string): Promise<string> {
    try {
      return JSON.stringify(await client.rows(sql));
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Over the table, and over its rows as values. */
  async function expectSame(select: string, rest: string): Promise<void> {
    const scanned = await answer(`${select} FROM t WHERE ${rest}`);
    const computed = await answer(`${select} FROM (SELECT * FROM t OFFSET 0) AS t WHERE ${rest}`);
    expect(scanned, `${select} WHERE ${rest}`).to.equal(computed);
  }

  it('gives what it gives of values', async () => {
    await fc.assert(
      fc.asyncProperty(expression, fc.integer({ min: 1, max: 12 }), async (x, row) => {
        await expectSame(`SELECT id, (${x})::numeric`, `id = ${row}`);
      }),
      { numRuns: 500, seed: 11 },
    );
  });

  it('is added up exactly, whatever scales the results have', async () => {
    await fc.assert(
      fc.asyncProperty(
        expression,
        fc.constantFrom('id <> 9', 'id IN (1, 11, 12)', 'id > 6 AND id <> 9'),
        async (x, rest) => {
          const value = `(${x})::numeric`;
          await expectSame(`SELECT sum(${value}), avg(${value}), min(${value}), max(${value}), count(${value})`, rest);
          await expectSame(`SELECT sum(${value}) FILTER (WHERE id % 2 = 0), max(${value}) FILTER (WHERE a > 1)`, rest);
          await expectSame(`SELECT stddev(${value}), var_pop(${value}), variance(a), stddev_pop(b)`, rest);
        },
      ),
      { numRuns: 250, seed: 12 },
    );
  });

  it('is compared', async () => {
    const operator = fc.constantFrom('<', '<=', '=', '<>', '>', '>=');
    await fc.assert(
      fc.asyncProperty(expression, operator, expression, async (x, comparison, y) => {
        await expectSame('SELECT count(*), sum(id)', `id < 9 AND (${x}) ${comparison} (${y})`);
      }),
      { numRuns: 300, seed: 13 },
    );
  });
});
