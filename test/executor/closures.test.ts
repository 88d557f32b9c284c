/** Expressions as closures answer what generated code answers, shared or of a statement's own: for each kind of expression. */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { CountedBuilds } from '../support/counted-builds.ts';
import { DirectClient } from '../support/direct-client.ts';

/** More than a statement has with shared code. */
const RUNS = 25;
/** Times the table's rows: more than closures are good for. */
const COPIES = 60;

const EXPRESSIONS = [
  'i',
  's',
  'b',
  'f',
  'n',
  't',
  'd',
  'ts',
  'j',
  'a',
  'i + 1',
  '-i',
  'i * 3 - s',
  'b * 2',
  'b - 9007199254740000',
  'f / 4',
  'n * 1.5 - n',
  'abs(n)',
  "t || 'x'",
  't || t || i',
  'upper(t)',
  'length(t)',
  'left(t, 2)',
  'substr(t, 2, 3)',
  "t LIKE 'a%'",
  "t < 'b'",
  "t = 'abc'",
  'i BETWEEN 3 AND 7',
  'i > 3 AND s < 5',
  'i > 30 OR s IS NULL OR t IS NULL',
  'NOT (i > 3)',
  'NOT (s > 3 AND b > 5)',
  's IS NULL',
  's IS NOT NULL',
  '(s > 3) IS TRUE',
  '(s > 3) IS NOT FALSE',
  '(s > 3) IS UNKNOWN',
  "CASE WHEN i > 5 THEN 'more' WHEN i > 2 THEN t END",
  "CASE i % 4 WHEN 0 THEN 'none' WHEN 1 THEN 'one' ELSE (CASE s WHEN 1 THEN 'inner' END) END",
  'CASE WHEN s > 2 THEN 10 / s ELSE -1 END',
  'coalesce(s, b, 7)',
  'nullif(i, 4)',
  'nullif(t, s::text)',
  'greatest(i, s, 5)',
  'least(t, s::text)',
  'i IS DISTINCT FROM s',
  's IS NOT DISTINCT FROM NULL',
  'ARRAY[i, s, 1]',
  'ARRAY[[1, 2], [i, s]]',
  'ARRAY[]::text[]',
  'ROW(i, t)',
  'ROW(i, s) < ROW(5, 3)',
  '(i, s) >= (5, 3)',
  '(i, s) = (5, 3)',
  'i = ANY (a)',
  'i = ANY (ARRAY[1, 5, NULL])',
  "t = ANY ('{abc,b}')",
  's <> ALL (ARRAY[1, 2])',
  'i < ALL (a)',
  'i IN (1, 3, 5)',
  'i IN (s, 3, b)',
  "t NOT IN ('abc', 'b')",
  's NOT IN (1, NULL)',
  'i::text',
  'i::numeric(5,1)',
  't::varchar(2)',
  "(i || '')::int",
  'd::text',
  'n::int',
  'f::numeric(6,2)',
  "j -> 'k'",
  "j ->> 'k'",
  'j @> \'{"k": 2}\'',
  "(j ->> 'k')::int + 1",
  'a[1]',
  'a[1:2]',
  'a || i',
  'array_length(a, 1)',
  'd + i',
  "d - date '2020-01-01'",
  "ts + interval '1 day'",
  'extract(year FROM ts)',
  'ts::date = d',
  "to_char(ts, 'YYYY-MM')",
  "date_trunc('month', ts)",
  "date '2020-01-01' < d",
  'concat(t, i, NULL)',
  "concat_ws('-', t, i)",
  "format('%s:%s', t, i)",
  'concat(VARIADIC ARRAY[t, i::text])',
  'num_nulls(i, s, t)',
  "md5('x' || 'y')",
  "length(repeat('a', 10)) + i",
  '(SELECT count(*) FROM u WHERE u.k < x.i)',
  '(SELECT max(k) FROM u)',
  'EXISTS (SELECT FROM u WHERE u.k = x.s)',
  'ARRAY(SELECT k FROM u WHERE k < x.i ORDER BY k)',
  'i IN (SELECT k FROM u)',
  's NOT IN (SELECT k FROM u WHERE k > 0)',
  'i = ANY (SELECT k + x.s FROM u)',
  '(i, s) IN (SELECT k, k FROM u)',
  'i > ALL (SELECT k FROM u WHERE k < 3)',
  '(ROW(i, t)).f1',
  'x',
  '(x).i',
  'x IS NULL',
  'x.* IS NOT NULL',
  'x.ctid IS NULL',
  'x.tableoid::regclass',
  'm',
  "m < 'ok'",
  'm::text',
  'r',
  'r @> i',
  'lower(r)',
  "ip & inet '255.0.0.0'",
  'bin',
  'length(bin)',
  "bits & B'1010'",
  'u',
  "current_setting('search_path') IS NOT NULL",
];
const FAILING = [
  '10 / (i - 5)',
  "(t || 'x')::int",
  'i::int2 * 32767::int2',
  'CASE WHEN i > 3 THEN 1 / (i - i) END',
  '(SELECT k FROM u WHERE k < x.i)',
  'sqrt(-i)',
  "('{1,' || t || '}')::int[]",
  'b * 9223372036854775807',
  'n / (n - n)',
  "to_date(t, 'YYYY-MM-DD')",
  '(i > 2)::text::date',
];

describe('closures', () => {
  let server: DatabaseServer;
  let client: DirectClient;
  const built = new CountedBuilds();

  before(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map() });
    client = new DirectClient(server);
    await client.rows(`CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
      CREATE TABLE t (i int NOT NULL, s smallint, b bigint, f float8, n numeric(8,2), t text, d date, ts timestamp, j jsonb, a int[], m mood, r int4range,
        ip inet, bin bytea, bits bit(4), u uuid);
      INSERT INTO t SELECT g, CASE WHEN g % 3 > 0 THEN g END, CASE WHEN g % 5 > 0 THEN g * 3000000000000000 END, g / 8.0, CASE WHEN g % 4 > 0 THEN g * 1.25 END,
        CASE WHEN g % 6 > 0 THEN substr('abcdefgh', 1, g) END, date '2020-01-01' + g * 40, timestamp '2020-01-01' + g * interval '33 days 5 hours',
        jsonb_build_object('k', g), ARRAY[g, NULL, 5], (enum_range(NULL::mood))[g % 4], int4range(g, g * 2), ('10.0.0.' || g)::inet,
        decode(repeat('0f', g), 'hex'), g::bit(4), lpad(g::text, 32, '0')::uuid
      FROM generate_series(1, 20) g;
      INSERT INTO t (i, t) SELECT 21, string_agg(md5(g::text), '') FROM generate_series(1, 400) g;
      CREATE TABLE u AS SELECT g AS k FROM generate_series(0, 8, 2) g`);
    built.start();
  });
  after(async () => {
    built.stop();
    client.close();
    await server.close();
  });

  const answer = (sql: string): Promise<unknown> => client.rows(sql).catch((error) => `${error.code} ${error.message}`);

  for (const expression of EXPRESSIONS)
    it(`of ${expression}`, async () => {
      const forms: [string, (e: string) => string][] = [
        ['target', (e) => `SELECT i, ${e} FROM t x ORDER BY x.i`],
        ['condition', (e) => `SELECT i FROM t x WHERE (${e}) IS NOT NULL AND i <> 7 ORDER BY x.i`],
        ['group', (e) => `SELECT (${e})::text, count(${e}), min(i) FROM t x GROUP BY 1 ORDER BY 1, 3`],
        ['pair', (e) => `SELECT i, ${e} FROM t x LEFT JOIN u AS v ON v.k = x.i AND (${e}) IS NOT NULL ORDER BY x.i`],
      ];
      for (const [name, form] of forms) {
        const sql = form(expression);
        const first = await client.rows(sql);
        for (let run = 1; run < RUNS; run++) expect(await answer(sql), `${name}, run ${run}`).to.deep.equal(first);
      }
      const once = (await client.rows(`SELECT i, (${expression})::text FROM t x ORDER BY x.i`)) as unknown[];
      const copies = await client.rows(
        `SELECT i, (${expression})::text FROM t x CROSS JOIN generate_series(1, ${COPIES}) g ORDER BY x.i, g`,
      );
      expect(copies).to.deep.equal(once.flatMap((row) => Array(COPIES).fill(row)));
    });

  for (const expression of FAILING)
    it(`of ${expression}, which fails`, async () => {
      for (const sql of [`SELECT i, ${expression} FROM t x`, `SELECT i FROM t x WHERE (${expression}) IS NULL`]) {
        const first = await answer(sql);
        expect(first).to.be.a('string');
        for (let run = 1; run < RUNS; run++) expect(await answer(sql), `run ${run}`).to.equal(first);
      }
    });

  it('take the place of generated code where a statement comes once', async () => {
    await client.rows('CREATE TABLE v AS SELECT * FROM t WHERE i < 21');
    await client.rows('SELECT i, s, t FROM v WHERE i + s > 0 AND t > $$$$');
    built.count = 0;
    await client.rows(
      "SELECT i * 7 - s, CASE WHEN s IN (1, 2) THEN t || 'y' END FROM v WHERE i % 3 = 1 AND coalesce(t, 'z') > 'b'",
    );
    expect(built.count).to.equal(0);
  });
});
