/**
 * Index and scan agree: random changes of a table with inverted indexes, by two clients, in transactions that are committed, undone and
 * undone in part, with older snapshots that go on asking, and with ends and kills of the server in between.
 */
import { expect } from 'chai';
import type pg from 'pg';
import { randomOf } from '../../support/random.ts';
import { RestartableServer } from '../../support/restartable.ts';
import { seedFrom } from '../../support/seed.ts';

const SEED = seedFrom();
const STEPS = Number(process.env.STEPS ?? 40);

const SETUP = `
  CREATE EXTENSION hstore;
  CREATE TABLE t (id int PRIMARY KEY, tags text[], nums int[], doc jsonb, extra text, long jsonb, words tsvector);
  CREATE INDEX t_tags ON t USING gin (tags);
  CREATE INDEX t_doc ON t USING gin (doc);
  CREATE INDEX t_path ON t USING gin (doc jsonb_path_ops);
  CREATE INDEX t_some ON t USING gin (nums) WHERE id % 2 = 0;
  CREATE INDEX t_many ON t USING gin (nums, tags, long jsonb_path_ops);
  CREATE INDEX t_parts ON t USING gin (string_to_array(extra, ' '));
  CREATE INDEX t_words ON t USING gin (words, tags);
  CREATE INDEX t_trigrams ON t USING gin (extra gin_trgm_ops);
  CREATE INDEX t_pairs ON t USING gin (hstore(string_to_array(extra, ' '), string_to_array(extra, ' ')))`;

const PAIRS = `hstore(string_to_array(extra, ' '), string_to_array(extra, ' '))`;

const CONDITIONS = [
  `tags @> '{red}'`,
  `tags && '{red,blue}'`,
  `tags <@ '{red,blue,green}'`,
  `tags = '{red,blue}'`,
  `tags @> '{}'`,
  `tags <@ '{}'`,
  `'green' = ANY (tags)`,
  `'{red}' <@ tags`,
  `nums && '{1,2}' AND id % 2 = 0`,
  `nums @> '{3}' AND tags @> '{blue}'`,
  `nums @> '{1,NULL}'`,
  `nums = '{1,NULL}'`,
  `nums <@ '{1,2,3}'`,
  `doc @> '{"k": 1}'`,
  `doc @> '{"list": [2]}'`,
  `doc @> '{}'`,
  `doc @> '[]'`,
  `doc ? 'k'`,
  `doc ?| '{m,list}'`,
  `doc ?& '{k,list}'`,
  `doc @? '$.list[*] ? (@ == 2)'`,
  `doc @? '$.m ? (@.k == 1.5 || @.k < 1)'`,
  `doc @? '$.* ? (@ == "k")'`,
  `doc @? '$[*] ? (@ == "m")'`,
  `doc @? '$ ? (exists (@.list) && !(@.k == 1))'`,
  `doc @@ '$.k == 1'`,
  `doc @@ '$.list[0] == $.list[1]'`,
  `doc @@ '$.m.k > 1'`,
  `doc @@ '!($.k == 1)'`,
  `doc @? '$.k == 1'`,
  `doc @? 'strict $.m.k'`,
  `doc @? '$.keyvalue().key'`,
  `long @? '$.n ? (@ == 3)'`,
  `long @> '{"n": 3}'`,
  `string_to_array(extra, ' ') @> '{w3}'`,
  `words @@ 'cat'`,
  `words @@ 'cat & !dog'`,
  `words @@ '!cat'`,
  `words @@ 'c:* & d:*'`,
  `words @@ 'cat <-> dog'`,
  `words @@ 'cow | (dog & !cat)' AND tags @> '{red}'`,
  `extra LIKE '%2 w3%'`,
  `extra ILIKE 'W1 w%'`,
  `extra ~ 'w[12] w[34]'`,
  `extra LIKE '%1%'`,
  `${PAIRS} @> 'w3=>w3'`,
  `${PAIRS} @> 'w3=>w2'`,
  `${PAIRS} @> ''`,
  `${PAIRS} ? 'w1'`,
  `${PAIRS} ?| '{w1,w2}'`,
  `${PAIRS} ?& '{w1,w3}'`,
  `tags @> '{red}' OR doc @> '{"k": 2}'`,
  `tags @> '{red}' AND NOT nums @> '{1}'`,
];

describe(`inverted indexes and scans agree (SEED=${SEED})`, () => {
  let server: RestartableServer;
  const random = randomOf(SEED);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const below = (limit: number): number => Math.floor(random() * limit);

  beforeEach(async () => {
    server = new RestartableServer();
    await server.start();
    await server.client.query(SETUP);
  });
  afterEach(async () => {
    await server.stop();
  });

  const array = (type: string, items: readonly unknown[]): string => {
    if (random() < 0.08) return 'NULL';
    const chosen = Array.from({ length: below(4) }, () => (random() < 0.1 ? 'NULL' : pick(items)));
    return `'{${chosen.join(',')}}'::${type}[]`;
  };
  const jsonb = (): string =>
    pick([
      'NULL',
      `'{"k": ${below(4)}, "list": [${below(4)}, ${below(4)}]}'`,
      `'{"m": {"k": ${below(4)}.50}}'`,
      `'["k", "m"]'`,
      `'{}'`,
      `'[]'`,
      `'"k"'`,
    ]);
  /** Sometimes of some kilobytes: beside the row. */
  const long = (): string =>
    `jsonb_build_object('n', ${below(6)}, 'text', repeat('${pick(['ab', 'cd'])}', ${pick([1, 10, 4000])}))`;
  const words = (): string =>
    random() < 0.1
      ? 'NULL'
      : `'${Array.from({ length: below(4) }, () => `${pick(['cat', 'dog', 'cow'])}:${1 + below(5)}`).join(' ')}'::tsvector`;
  const values = (id: string): string =>
    `${id}, ${array('text', ['red', 'blue', 'green', 'black'])}, ${array('int', [1, 2, 3, 4])}, ${jsonb()}, 'w${below(5)} w${below(5)}', ${long()}, ${words()}`;
  const assignment = (): string =>
    pick([
      `tags = ${array('text', ['red', 'blue', 'green'])}`,
      `nums = ${array('int', [1, 2, 3])}`,
      `doc = ${jsonb()}`,
      `extra = 'w${below(5)}'`,
      `long = ${long()}`,
      `words = ${words()}`,
      'tags = tags',
      'tags = array_append(tags, $$blue$$)',
      'nums = array_remove(nums, 2)',
    ]);
  const change = (): string => {
    const where = pick([`id = ${below(300)}`, `id BETWEEN ${below(300)} AND ${below(300)}`, `id % 17 = ${below(17)}`]);
    const kind = random();
    if (kind < 0.4) {
      const from = below(300);
      return `INSERT INTO t SELECT ${values('g')} FROM generate_series(${from}, ${from + below(12)}) AS g ON CONFLICT (id) DO UPDATE SET ${assignment()}`;
    }
    if (kind < 0.8) return `UPDATE t SET ${assignment()} WHERE ${where}`;
    return `DELETE FROM t WHERE ${where}`;
  };

  async function ids(client: pg.Client, condition: string, byIndex: boolean): Promise<string> {
    await client.query(`SET enable_seqscan = ${!byIndex}; SET enable_bitmapscan = ${byIndex}`);
    const { rows } = await client.query({
      text: `SELECT string_agg(id::text, ' ' ORDER BY id) FROM t WHERE ${condition}`,
      rowMode: 'array',
    });
    return String(rows[0] as unknown as unknown[]);
  }

  async function compare(client: pg.Client, conditions: readonly string[]): Promise<void> {
    for (const condition of conditions) {
      const [found, wanted] = [await ids(client, condition, true), await ids(client, condition, false)];
      expect(found === wanted, `${condition}: ${found.slice(0, 300)}, not ${wanted.slice(0, 300)}`).to.equal(true);
    }
  }

  async function transaction(client: pg.Client): Promise<void> {
    await client.query('BEGIN');
    for (let i = below(4); i >= 0; i--) {
      await client.query(change());
      if (random() < 0.3) {
        await client.query('SAVEPOINT s');
        await client.query(change());
        if (random() < 0.5) await compare(client, [pick(CONDITIONS)]);
        if (random() < 0.6) await client.query('ROLLBACK TO s');
      }
      await compare(client, [pick(CONDITIONS)]);
    }
    await client.query(random() < 0.7 ? 'COMMIT' : 'ROLLBACK');
  }

  it('uses the indexes for these conditions', async () => {
    await server.client.query('SET enable_seqscan = off');
    for (const condition of CONDITIONS) {
      const { rows } = await server.client.query(`EXPLAIN SELECT * FROM t WHERE ${condition}`);
      expect(JSON.stringify(rows), condition).to.contain('Bitmap Index Scan');
    }
  });

  it('after changes that are kept, undone and undone in part, for old snapshots and new, over restarts', async () => {
    let reader = await server.connect();
    let isReading = false;
    for (let step = 0; step < STEPS; step++) {
      if (!isReading && random() < 0.05) await server.client.query('TRUNCATE t');
      await transaction(server.client);
      await compare(server.client, [pick(CONDITIONS), pick(CONDITIONS)]);
      if (isReading) await compare(reader, [pick(CONDITIONS), pick(CONDITIONS)]);
      if (random() < 0.2) {
        if (isReading) await reader.query('COMMIT');
        else {
          await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
          await reader.query('SELECT count(*) FROM t');
        }
        isReading = !isReading;
      }
      if (random() < 0.05) await server.client.query('CHECKPOINT');
      if (random() < 0.06) {
        if (random() < 0.5) await server.stop();
        else await server.kill();
        await server.start();
        reader = await server.connect();
        isReading = false;
        await compare(server.client, CONDITIONS);
      }
    }
    if (isReading) await reader.query('COMMIT');
    await compare(server.client, CONDITIONS);
    await server.client.query('VACUUM t');
    expect(await server.wrongIndexes()).to.deep.equal([]);
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  }).timeout(120_000);

  it('when they are built over rows that are there', async () => {
    await server.client.query(
      'DROP INDEX t_tags, t_doc, t_path, t_some, t_many, t_parts, t_words, t_trigrams, t_pairs; SET maintenance_work_mem = 1024',
    );
    for (let i = 0; i < 30; i++) {
      await server.client.query(
        `INSERT INTO t SELECT ${values('g')} FROM generate_series(${i * 200}, ${i * 200 + 199}) AS g`,
      );
    }
    await server.client.query(`UPDATE t SET doc = jsonb_build_object('k', id, 'name', 'name ' || id) WHERE id % 3 = 0`);
    await server.client.query(SETUP.slice(SETUP.indexOf('CREATE INDEX')));
    await compare(server.client, [...CONDITIONS, `doc @> '{"k": 1500}'`, `doc @> '{"name": "name 33"}'`]);
    expect(await server.wrongIndexes()).to.deep.equal([]);
  }).timeout(60_000);
});
