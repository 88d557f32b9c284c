/** Statements nested far deeper than people write, as generators do: answered as far as PostgreSQL answers them, refused with 54001 beyond. */
import { expect } from 'chai';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { type Message, WireClient } from '../support/wire-client.ts';

/** A statement by its depth, what it answers over one row (a = 3, b = 'x'), and how deep it must go. */
interface Nested {
  readonly text: (n: number) => string;
  readonly answer: (n: number) => string;
  readonly depth: number;
}

const numbered = (n: number, one: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => one(i)).join('');

const nested: Readonly<Record<string, Nested>> = {
  parentheses: { text: (n) => `SELECT ${'('.repeat(n)}a${')'.repeat(n)} FROM t`, answer: () => '3', depth: 5000 },
  'sums in parentheses, to the left': {
    text: (n) => `SELECT ${'('.repeat(n)}a${' + 1)'.repeat(n)} FROM t`,
    answer: (n) => `${3 + n}`,
    depth: 2000,
  },
  'differences in parentheses, to the right': {
    text: (n) => `SELECT ${'1 - ('.repeat(n)}a${')'.repeat(n)} FROM t`,
    answer: (n) => (n % 2 === 0 ? '3' : '-2'),
    depth: 2000,
  },
  'ORs, as builders of queries write them': {
    text: (n) => `SELECT count(*) FROM t WHERE ${'('.repeat(n)}a = -1${numbered(n, (i) => ` OR a = ${i})`)}`,
    answer: () => '1',
    depth: 2000,
  },
  'ANDs and ORs in turn': {
    text: (n) =>
      `SELECT count(*) FROM t WHERE ${'('.repeat(n)}a = 3${numbered(n, (i) => (i % 2 ? ' OR a < 0)' : ' AND a > 0)'))}`,
    answer: () => '1',
    depth: 1000,
  },
  'calls over a column': {
    text: (n) => `SELECT ${'abs('.repeat(n)}a - 5${')'.repeat(n)} FROM t`,
    answer: () => '2',
    depth: 2000,
  },
  'calls over a constant': {
    text: (n) => `SELECT ${'abs('.repeat(n)}-5${')'.repeat(n)}`,
    answer: () => '5',
    depth: 2000,
  },
  COALESCE: {
    text: (n) => `SELECT ${'coalesce(nullif(a, 3), '.repeat(n)}7${')'.repeat(n)} FROM t`,
    answer: () => '7',
    depth: 500,
  },
  'CASE in ELSE': {
    text: (n) => `SELECT ${'CASE WHEN a = 1 THEN 1 ELSE '.repeat(n)}a${' END'.repeat(n)} FROM t`,
    answer: () => '3',
    depth: 1000,
  },
  'CASE in THEN': {
    text: (n) => `SELECT ${'CASE WHEN a = 3 THEN '.repeat(n)}a${' ELSE 0 END'.repeat(n)} FROM t`,
    answer: () => '3',
    depth: 600,
  },
  'a sum': { text: (n) => `SELECT ${'a + '.repeat(n)}1 FROM t`, answer: (n) => `${3 * n + 1}`, depth: 10_000 },
  'a sum of constants': { text: (n) => `SELECT ${'1 + '.repeat(n)}1`, answer: (n) => `${n + 1}`, depth: 10_000 },
  concatenations: {
    text: (n) => `SELECT length(${'b || '.repeat(n)}'y') FROM t`,
    answer: (n) => `${n + 1}`,
    depth: 10_000,
  },
  'a sum in a condition': {
    text: (n) => `SELECT a FROM t WHERE ${'a + '.repeat(n)}1 > 0`,
    answer: () => '3',
    depth: 5000,
  },
  'a chain of UNION': {
    text: (n) => `SELECT count(*) FROM (SELECT a FROM t${numbered(n, (i) => ` UNION SELECT ${i}`)}) s`,
    answer: (n) => `${n}`,
    depth: 5000,
  },
  'UNION and UNION ALL in turn': {
    text: (n) =>
      `SELECT count(*) FROM (SELECT a FROM t${numbered(n, (i) => ` UNION${i % 2 ? '' : ' ALL'} SELECT ${i}`)}) s`,
    answer: (n) => `${n}`,
    depth: 2000,
  },
  'a sum behind GROUP BY': {
    text: (n) => `SELECT sum(a)${' + a'.repeat(n)} FROM t GROUP BY a`,
    answer: (n) => `${3 * n + 3}`,
    depth: 1000,
  },
};

const codeOf = (messages: readonly Message[]): string => messages.find(({ name }) => name === 'error')?.code ?? '';
const firstOf = (messages: readonly Message[]): string | null | undefined =>
  messages.find(({ name }) => name === 'dataRow')?.fields[0];

describe('nesting', () => {
  let scratch: ScratchDatabase;
  let client: WireClient;

  before(async () => {
    scratch = await createScratchDatabase();
    client = await WireClient.ready(scratch.connection.port as number, { user: 'postgres', database: 'postgres' });
    await client.query("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (3, 'x')");
  });
  after(async () => {
    client.close();
    await scratch.drop();
  });

  for (const [name, { text, answer, depth }] of Object.entries(nested)) {
    it(`${name}: ${depth} levels are answered, a hundred thousand are 54001`, async function () {
      this.timeout(20_000);
      for (const n of [depth - 1, depth]) {
        const messages = await client.query(text(n));
        expect(codeOf(messages)).to.equal('');
        expect(firstOf(messages)).to.equal(answer(n));
      }
      expect(codeOf(await client.query(text(100_000)))).to.equal('54001');
      expect(firstOf(await client.query('SELECT 1'))).to.equal('1');
    });
  }

  it('CASE decides what is computed, however deep', async () => {
    const guarded = `CASE WHEN a = 3 THEN 0 ELSE ${'1 + '.repeat(1000)}1 / (a - 3) END`;
    expect(firstOf(await client.query(`SELECT ${guarded} FROM t`))).to.equal('0');
    expect(codeOf(await client.query(`SELECT ${'1 + '.repeat(1000)}1 / (a - 3) FROM t`))).to.equal('22012');
    expect(firstOf(await client.query(`SELECT coalesce(a, ${'1 + '.repeat(1000)}1 / (a - 3)) FROM t`))).to.equal('3');
  });

  it('aggregates and subqueries stand at any depth', async () => {
    const deep = '1 + '.repeat(500);
    expect(firstOf(await client.query(`SELECT ${deep}sum(a) FROM t`))).to.equal('503');
    expect(firstOf(await client.query(`SELECT ${deep}(SELECT max(u.a) FROM t u WHERE u.a = t.a) FROM t`))).to.equal(
      '503',
    );
    expect(firstOf(await client.query(`SELECT sum(${deep}a) FROM t`))).to.equal('503');
    expect(codeOf(await client.query(`SELECT ${deep}sum(a), b FROM t`))).to.equal('42803');
    expect(codeOf(await client.query(`SELECT ${deep}nowhere FROM t`))).to.equal('42703');
  });
});
