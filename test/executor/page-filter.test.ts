/**
 * Conditions that are decided a page at a time give the rows that the same conditions give where they are computed row by row, over rows
 * of each kind: nulls, values that no double stands for, rows of an older layout, old versions, deleted rows.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { CountedBuilds } from '../support/counted-builds.ts';
import { DirectClient } from '../support/direct-client.ts';

const VALUES: Readonly<Record<string, readonly string[]>> = {
  i: ['3', '-7', '0', '500'],
  s: ['2', '-1', '32767'],
  b: ['4', '9007199254740993', '-9223372036854775808', '3000000000000000'],
  f: ['NaN', '1.5', '-Infinity', 'Infinity', '-0', '0'],
  r: ['1.1', 'NaN', '0.25'],
  n: ['12.5', '12.50', '0.001', 'NaN', '999999999999.99', '-3'],
  d: ['2020-01-05', 'infinity', '-infinity'],
  t: ['2020-01-05 12:00', 'infinity'],
  o: ['7', '4294967295'],
  c: ['5', '-5'],
};
const COLUMNS = Object.keys(VALUES);

const comparison = fc
  .record({
    column: fc.constantFrom(...COLUMNS),
    operator: fc.constantFrom('=', '<>', '<', '<=', '>', '>='),
    form: fc.nat(5),
    pick: fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }),
  })
  .map(({ column, operator, form, pick }) => {
    const values = pick.map((p) => `'${VALUES[column]![p % VALUES[column]!.length]!}'`);
    const typed = `${values[0]}::${TYPES[column]}`;
    if (form === 0) return `${column} IS NULL`;
    if (form === 1) return `${column} IS NOT NULL`;
    if (form === 2) return `${column} IN (${values.join(', ')})`;
    if (form === 3) return `${column} BETWEEN ${values[0]} AND ${values[1]}`;
    return form === 4 ? `${typed} ${operator} ${column}` : `${column} ${operator} ${typed}`;
  });
const TYPES: Readonly<Record<string, string>> = {
  i: 'int4',
  s: 'int2',
  b: 'int8',
  f: 'float8',
  r: 'float4',
  n: 'numeric(14,2)',
  d: 'date',
  t: 'timestamp',
  o: 'oid',
  c: 'int4',
};

/** Of comparisons, bare booleans and, seldom, what no page decides. */
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    { weight: 6, arbitrary: comparison },
    { weight: 1, arbitrary: fc.constantFrom('y', 'w IS NULL', "w = 'w3'", 'i % 4 = 1', 'i < c') },
    { weight: 2, arbitrary: tie('condition').map((one) => `NOT (${one})`) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(' AND ', ' OR '), fc.array(tie('condition'), { minLength: 2, maxLength: 4 }))
        .map(([word, parts]) => `(${parts.join(word)})`),
    },
  ),
}));

describe('conditions over a page', () => {
  let server: DatabaseServer;
  let client: DirectClient;
  let other: DirectClient;

  before(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map() });
    client = new DirectClient(server);
    other = new DirectClient(server);
    await client.rows(`CREATE TABLE t (id int PRIMARY KEY, i int4, s int2, b int8, f float8, r float4, n numeric(14,2), d date, t timestamp, o oid, y bool, w text);
      INSERT INTO t SELECT g, g % 11 - 3, CASE WHEN g % 3 > 0 THEN g % 5 END, CASE g % 6 WHEN 0 THEN NULL WHEN 1 THEN 9007199254740993 WHEN 2 THEN 3000000000000000 ELSE g % 9 END,
        CASE g % 8 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-0' WHEN 3 THEN NULL ELSE g / 4.0 END::float8, (g % 5) * 1.1, CASE g % 7 WHEN 0 THEN 'NaN' WHEN 1 THEN NULL ELSE g % 14 + 0.5 END,
        CASE g % 9 WHEN 0 THEN 'infinity' WHEN 1 THEN NULL ELSE date '2020-01-01' + g % 10 END, CASE g % 9 WHEN 2 THEN '-infinity' ELSE timestamp '2020-01-01 12:00' + g % 10 * interval '1 day' END,
        CASE WHEN g % 10 > 0 THEN g % 8 END, CASE g % 3 WHEN 0 THEN true WHEN 1 THEN false END, CASE WHEN g % 4 > 0 THEN 'w' || g % 5 END
      FROM generate_series(1, 400) g;
      ALTER TABLE t ADD c int DEFAULT 5;
      INSERT INTO t SELECT g + 400, i, s, b, f, r, n, d, t, o, y, w, g % 11 - 5 FROM t, generate_series(1, 1) z, LATERAL (SELECT id AS g) q WHERE id <= 200;
      UPDATE t SET i = -i, c = id % 13 - 6 WHERE id % 10 = 0; DELETE FROM t WHERE id % 17 = 0`);
  });
  after(async () => {
    client.close();
    other.close();
    await server.close();
  });

  /** The ids that the condition passes where it is computed as a value, row by row. */
  const byRow = (sql: string): string =>
    `SELECT id FROM (SELECT id, (${sql}) AS passes FROM t OFFSET 0) AS x WHERE passes ORDER BY id`;
  const byPage = (sql: string): string => `SELECT id FROM t WHERE ${sql} ORDER BY id`;

  it('pass the rows that they pass one by one', () =>
    fc.assert(
      fc.asyncProperty(condition, async (sql) => {
        expect(await client.rows(byPage(sql)), sql).to.deep.equal(await client.rows(byRow(sql)));
      }),
      { numRuns: 400 },
    ));

  it('feed aggregates, and end under LIMIT in the middle of a page', () =>
    fc.assert(
      fc.asyncProperty(condition, fc.nat(60), async (sql, limit) => {
        const ids = await client.rows(byRow(sql));
        expect(await client.rows(`SELECT count(*) FROM t WHERE ${sql}`), sql).to.deep.equal([[String(ids.length)]]);
        const taken = await client.rows(`SELECT id FROM t WHERE ${sql} LIMIT ${limit}`);
        expect(taken.length, sql).to.equal(Math.min(limit, ids.length));
        expect(ids.map(String)).to.include.members(taken.map(String));
      }),
      { numRuns: 100 },
    ));

  it('see the versions of a snapshot, not those that others have made since', async () => {
    await client.rows('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const before = await client.rows(byPage('i BETWEEN -2 AND 2 OR c IS NULL'));
    await other.rows('UPDATE t SET i = 1000, c = NULL WHERE id % 2 = 0; DELETE FROM t WHERE id % 5 = 0');
    expect(await client.rows(byPage('i BETWEEN -2 AND 2 OR c IS NULL'))).to.deep.equal(before);
    await client.rows('COMMIT');
    expect(await client.rows(byPage('i = 1000'))).to.deep.equal(await client.rows(byRow('i = 1000')));
    expect(await client.rows(byPage('i = 1000'))).not.to.deep.equal([]);
  });

  it('compare with parameters and with columns of the query around them', async () => {
    await client.rows(
      'PREPARE p(int, numeric, float8) AS SELECT count(*) FROM t WHERE c >= $1 AND (n < $2 OR f <> $3)',
    );
    const counts = async (args: string): Promise<string> => String(await client.rows(`EXECUTE p(${args})`));
    const direct = async (a: string, b: string, c: string): Promise<string> =>
      String(await client.rows(`SELECT count(*) FILTER (WHERE c >= ${a} AND (n < ${b} OR f <> ${c})) FROM t`));
    for (const [a, b, c] of [
      ['0', '5', '2.5'],
      ['0', '5.123', '2.5'],
      ['0', "'NaN'", "'NaN'"],
      ['NULL::int', '5', '2.5'],
      ['-3', 'NULL::numeric', "'Infinity'"],
    ] as const)
      expect(await counts(`${a}, ${b}, ${c}`), `${a}, ${b}, ${c}`).to.equal(await direct(a, b, c));
    expect(
      await client.rows('SELECT z, (SELECT count(*) FROM t WHERE c = z AND i < z) FROM generate_series(1, 5) z'),
    ).to.deep.equal(
      await client.rows(
        'SELECT z, (SELECT count(*) FILTER (WHERE c = z AND i < z) FROM t) FROM generate_series(1, 5) z',
      ),
    );
  });

  it('keep their values while a function that they call scans the same table with others', async () => {
    await client.rows(`CREATE FUNCTION descend(depth int) RETURNS bigint LANGUAGE sql VOLATILE AS
      'SELECT count(*) FROM t WHERE id >= depth * 100 AND (depth = 0 OR descend(depth - 1) > 0)'`);
    expect(await client.rows('SELECT descend(2), descend(0)')).to.deep.equal(
      await client.rows('SELECT count(*) FILTER (WHERE id >= 200), count(*) FROM t'),
    );
  });

  it('raise what a later condition raises for rows that pass, and for those alone', async () => {
    const failing = await client.query('SELECT id FROM t WHERE c >= 0 AND 10 / c > 1');
    expect(failing.error?.code).to.equal('22012');
    expect((await client.query('SELECT id FROM t WHERE c > 0 AND 10 / c > 1')).error).to.equal(null);
  });

  it('take scans of tens of thousands of rows, and generate nothing for a condition', async () => {
    await client.rows(
      'CREATE TABLE large AS SELECT g AS id, g % 100 AS k, g % 7 AS m FROM generate_series(1, 30000) g; ANALYZE large',
    );
    const built = new CountedBuilds();
    const count = (condition: string): Promise<unknown> => client.rows(`SELECT count(*) FROM large WHERE ${condition}`);
    const expected = async (condition: string): Promise<unknown> =>
      client.rows(`SELECT count(*) FILTER (WHERE ${condition}) FROM large`);
    expect(await count('k < 10 OR m = 3')).to.deep.equal(await expected('k < 10 OR m = 3'));
    const conditions = ['k < 5', 'k > 50 AND m IN (1, 2) OR id <= 5 AND NOT (k = 7 OR m > 3) AND k BETWEEN 1 AND 70'];
    const answers: unknown[] = [];
    for (const condition of conditions) answers.push(await expected(condition));
    const builds: number[] = [];
    built.start();
    try {
      for (const [i, condition] of conditions.entries()) {
        built.count = 0;
        expect(await count(condition)).to.deep.equal(answers[i]);
        builds.push(built.count);
      }
      expect(builds[1]).to.equal(builds[0]);
    } finally {
      built.stop();
    }
  });
});
