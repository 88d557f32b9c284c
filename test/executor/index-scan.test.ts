/**
 * Scans of an ordered index that ask the rows for nothing that the index has said: they give the rows that the conditions give, whatever
 * keys rows have had, and fetch no more of them than are wanted.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

describe('scans of an ordered index', () => {
  let server: DatabaseServer;
  let client: DirectClient;
  let other: DirectClient;

  before(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map() });
    client = new DirectClient(server);
    other = new DirectClient(server);
    await client.rows(`CREATE TABLE t (id int PRIMARY KEY, k int, n numeric, f float8, w text, UNIQUE (k, id));
      INSERT INTO t SELECT g, g % 40, g % 40 + 0.5, g % 40, 'w' || g % 40 FROM generate_series(1, 600) g;
      CREATE INDEX ON t (k); CREATE INDEX ON t (n); CREATE INDEX ON t (f DESC); CREATE INDEX ON t (lower(w)); CREATE INDEX ON t USING hash (w);
      CREATE INDEX ON t (id) WHERE k < 10; ANALYZE t;
      SET enable_seqscan = off; SET enable_bitmapscan = off`);
    await other.rows('SET enable_seqscan = off; SET enable_bitmapscan = off');
  });
  after(async () => {
    client.close();
    other.close();
    await server.close();
  });

  const value = fc.integer({ min: -2, max: 45 });
  /** A condition that an index answers, and the same that none does. */
  const condition = fc
    .tuple(fc.constantFrom('k', 'n', 'f'), fc.nat(6), value, value)
    .map(([column, form, a, b]): [string, string] => {
      const forms = (c: string): string[] => [
        `${c} = ${a}`,
        `${c} BETWEEN ${a} AND ${b}`,
        `${c} > ${a}`,
        `${c} <= ${a}`,
        `${c} IN (${a}, ${b}, 7)`,
        `${c} IS NULL`,
        `k < 10 AND id < ${Math.abs(a) * 10}`,
      ];
      return [
        forms(column)[form]!,
        forms(`(${column} + 0)`)[form]!.replace('k < 10', 'k + 0 < 10').replace('id <', 'id + 0 <'),
      ];
    });
  const text = value.map((v): [string, string] => [`lower(w) = 'w${v}'`, `lower(w || '') = 'w${v}'`]);
  const hashed = value.map((v): [string, string] => [`w = 'w${v}'`, `w || '' = 'w${v}'`]);

  it('give each row once, under the key that the snapshot sees', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, value, fc.nat(9)), { maxLength: 4 }),
        fc.array(fc.oneof(condition, text, hashed), { minLength: 1, maxLength: 4 }),
        async (changes, conditions) => {
          await client.rows('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t');
          for (const [from, to, part] of changes)
            await other.rows(
              `UPDATE t SET k = ${to}, n = ${to}, f = CASE WHEN ${part} = 0 THEN NULL ELSE ${to} END, w = 'w' || ${to} WHERE k = ${from} AND id % 10 = ${part}`,
            );
          for (const [byIndex, byRow] of conditions)
            for (const session of [client, other])
              expect(await session.rows(`SELECT id, k, f FROM t WHERE ${byIndex} ORDER BY id`), byIndex).to.deep.equal(
                await session.rows(`SELECT id, k, f FROM t WHERE ${byRow} ORDER BY id`),
              );
          await client.rows('COMMIT');
        },
      ),
      { numRuns: 60 },
    ));

  it('read one row more than a page has, and twice as many each time that it does not end there', async () => {
    await client.rows(
      'CREATE TABLE u AS SELECT g AS id, g / 15 AS k FROM generate_series(0, 599) g; CREATE INDEX ON u (id); CREATE INDEX ON u (k); ANALYZE u',
    );
    const rowsRead = async (query: string): Promise<number> => {
      const plan = String(await client.rows(`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${query}`));
      return Number(/Index Scan [^(]*\(actual rows=(\d+)/.exec(plan)?.[1]);
    };
    expect(await rowsRead('SELECT id FROM u WHERE id > 3 ORDER BY id, k LIMIT 20')).to.equal(21);
    // 15 rows have one k.
    expect(await rowsRead('SELECT id FROM u ORDER BY k, id DESC LIMIT 2')).to.equal(3 + 6 + 12);
    expect(await rowsRead('SELECT id FROM u ORDER BY k DESC, id LIMIT 20')).to.equal(21 + 42);
  });
});
