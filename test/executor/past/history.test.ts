/**
 * A moment of the past is what it was: a history of several sessions that write, roll back and conflict is recorded as copies of the
 * table, and random moments of it are read again, by scan and by every index, while the history goes on, is swept and checkpointed.
 */
import { expect } from 'chai';
import type pg from 'pg';
import { MemoryFileSystem } from '../../../storage/api.ts';
import { randomOf } from '../../support/random.ts';
import { seedFrom } from '../../support/seed.ts';
import { PastServer } from './support.ts';

const SEED = seedFrom();
const STEPS = 700;
const READS = 1200;

interface Row {
  readonly id: number;
  readonly a: number | null;
  readonly b: string;
  readonly tags: readonly number[];
  readonly wide: string;
}

interface Recorded {
  /** What the table was from this time on. */
  readonly fromMs: number;
  readonly rows: readonly Row[];
}

const FILL = `
  CREATE TABLE t (id int PRIMARY KEY, a int, b text, tags int[], wide text) WITH (fillfactor = 100);
  CREATE INDEX t_a ON t (a);
  CREATE INDEX t_ba ON t (b DESC, a);
  CREATE INDEX t_hash ON t USING hash (b);
  CREATE INDEX t_gin ON t USING gin (tags);
  CREATE INDEX t_part ON t (id) WHERE a > 5;
  INSERT INTO t SELECT g, nullif(g % 9, 8), 'b' || g % 7, ARRAY[g % 5, g % 11], repeat('x', 150) FROM generate_series(1, 150) AS g`;

/** A condition, and the same for a row of the model. */
type Condition = readonly [sql: string, holds: (row: Row) => boolean];

function conditionsOf(below: (count: number) => number): readonly Condition[] {
  const [n, tag] = [below(9), below(11)];
  const b = `b${below(8)}`;
  const id = below(300);
  return [
    ['true', () => true],
    [`id = ${id}`, (row) => row.id === id],
    [`id BETWEEN ${id} AND ${id + 40}`, (row) => row.id >= id && row.id <= id + 40],
    [`a = ${n}`, (row) => row.a === n],
    [`a >= ${n}`, (row) => row.a !== null && row.a >= n],
    ['a IS NULL', (row) => row.a === null],
    [`b = '${b}'`, (row) => row.b === b],
    [`b = '${b}' AND a < ${n}`, (row) => row.b === b && row.a !== null && row.a < n],
    [`tags @> ARRAY[${tag}]`, (row) => row.tags.includes(tag)],
    [`tags && ARRAY[${tag}, 3]`, (row) => row.tags.includes(tag) || row.tags.includes(3)],
    [`a > 5 AND id < ${id}`, (row) => row.a !== null && row.a > 5 && row.id < id],
    [`(a = ${n} OR b = '${b}')`, (row) => row.a === n || row.b === b],
  ];
}

const OFF = 'SET enable_seqscan = off; SET enable_sort = off';
const WAYS = [
  'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off',
  `${OFF}; SET enable_bitmapscan = off`,
  `${OFF}; SET enable_indexscan = off`,
  'SELECT 1',
];

class History {
  readonly server: PastServer;
  readonly random: () => number;
  writers: pg.Client[] = [];
  readonly recorded: Recorded[] = [];
  nextId = 1000;

  constructor(server: PastServer, random: () => number) {
    this.server = server;
    this.random = random;
  }

  readonly below = (count: number): number => Math.floor(this.random() * count);

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  async start(): Promise<void> {
    await this.server.client.query(FILL);
    this.writers = await Promise.all([1, 2, 3].map(() => this.server.connect()));
    for (const client of this.writers) await client.query('SET lock_timeout = 1');
    await this.record();
  }

  /** A conflict ends the statement, or its transaction; nobody waits. */
  async run(client: pg.Client, sql: string): Promise<void> {
    try {
      await client.query(sql);
    } catch (error) {
      const { code } = error as { code?: string };
      if (!['55P03', '40001', '25P02', '23505', '3B001', '25P01', '25001'].includes(code ?? '')) throw error;
      await client.query('ROLLBACK');
    }
  }

  values(): string {
    const a = this.below(10) === 0 ? 'NULL' : this.below(9);
    return `${a}, 'b${this.below(8)}', ARRAY[${this.below(5)}, ${this.below(11)}]`;
  }

  async write(client: pg.Client): Promise<void> {
    const id = 1 + this.below(200);
    switch (this.below(9)) {
      case 0:
        return this.run(client, `INSERT INTO t VALUES (${this.below(300)}, ${this.values()}, repeat('y', 300))`);
      case 1:
        return this.run(
          client,
          `INSERT INTO t SELECT g, g % 8, 'b' || g % 9, ARRAY[g % 11], 'bulk' FROM generate_series(${this.nextId}, ${(this.nextId += 20)} - 1) g`,
        );
      case 2:
        return this.run(client, `DELETE FROM t WHERE id BETWEEN ${id} AND ${id + this.below(15)}`);
      case 3:
        return this.run(client, `UPDATE t SET wide = repeat('z', ${this.below(2500)}) WHERE id = ${id}`);
      case 4:
        return this.run(client, `DELETE FROM t WHERE id > 999 AND id < ${this.nextId - 60}`);
      default:
        return this.run(
          client,
          `UPDATE t SET (a, b, tags) = ROW(${this.values()}) WHERE id BETWEEN ${id} AND ${id + this.below(3)}`,
        );
    }
  }

  async step(): Promise<void> {
    const client = this.pick(this.writers);
    switch (this.below(14)) {
      case 0:
        return this.run(client, 'BEGIN');
      case 1:
        return this.run(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t');
      case 2:
      case 3:
        return this.run(client, 'COMMIT');
      case 4:
        return this.run(client, 'ROLLBACK');
      case 5:
        return this.run(client, 'BEGIN; SAVEPOINT s');
      case 6:
        return this.run(client, 'ROLLBACK TO s');
      case 7:
        await this.server.client.query(this.pick(['VACUUM t', 'VACUUM t', 'ANALYZE t', 'CHECKPOINT']));
        return;
      default:
        return this.write(client);
    }
  }

  async record(): Promise<void> {
    const { rows } = await this.server.client.query<Row>('SELECT id, a, b, tags, wide FROM t ORDER BY id');
    this.recorded.push({ fromMs: this.server.nowMs, rows });
    this.server.nowMs += 1 + this.below(20);
  }

  /** Reads a moment in each way; `afterMs`: not before this time. */
  async read(afterMs = 0): Promise<void> {
    const known = this.recorded.filter((moment) => moment.fromMs >= afterMs);
    const at = this.below(known.length);
    const [moment, next] = [known[at], known[at + 1]];
    const untilMs = next?.fromMs ?? this.server.nowMs;
    const time = this.server.time(moment.fromMs + this.below(untilMs - moment.fromMs));
    const [condition, holds] = this.pick(conditionsOf(this.below));
    const rows = moment.rows.filter(holds).map((row) => JSON.stringify([row.id, row.a, row.b, row.tags, row.wide]));
    const { client } = this.server;
    const way = this.pick(WAYS);
    await client.query(way);
    const asOf = `FROM t AS OF SYSTEM TIME '${time}'`;
    const found = await this.server.rows(`SELECT id, a, b, tags, wide ${asOf} WHERE ${condition} ORDER BY id`);
    expect(found, `${way}: ${asOf} WHERE ${condition}`).to.deep.equal(rows);
    const counted = await this.server.rows(`SELECT count(*) ${asOf} WHERE ${condition}`);
    expect(counted, `${way}: count, ${asOf} WHERE ${condition}`).to.deep.equal([`["${rows.length}"]`]);
    const keys = await this.server.rows(`SELECT a ${asOf} WHERE ${condition} ORDER BY a`);
    const expected = moment.rows.filter(holds).map((row) => row.a);
    expected.sort((left, right) => (left ?? Infinity) - (right ?? Infinity));
    expect(keys, `${way}: keys, ${asOf} WHERE ${condition}`).to.deep.equal(
      expected.map((key) => JSON.stringify([key])),
    );
    await client.query('RESET ALL');
  }

  async end(): Promise<void> {
    for (const writer of this.writers) await writer.end();
  }
}

describe('a recorded history', () => {
  const server = new PastServer();
  const settle = async (): Promise<void> => {
    while (server.database.engine.sweepSome(1000) > 0 || server.database.engine.isSweepWaiting) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  const relIdOf = (name: string): number => {
    for (const { catalog } of server.database.databases()) {
      for (const entry of catalog.relations()) if (entry.name === name) return entry.relId;
    }
    throw new Error(`no relation ${name}`);
  };

  afterEach(async () => {
    await server.stop();
    expect(server.log.filter((line) => line.includes('internal'))).to.deep.equal([]);
  });

  it(`is read again as it was, by scan and by every index (SEED=${SEED})`, async function () {
    this.timeout(120_000);
    server.fileSystem = new MemoryFileSystem();
    await server.start(['version_retention', '1h'], ['shared_buffers', '1MB']);
    const history = new History(server, randomOf(SEED));
    await history.start();
    for (let step = 0; step < STEPS; step++) {
      await history.step();
      await history.record();
      if (step % 5 === 0) await history.read();
    }
    for (let read = STEPS / 5; read < READS; read++) await history.read();
    await history.end();
  });

  it(`is kept from when a table is told to, and of no other table (SEED=${SEED})`, async function () {
    this.timeout(120_000);
    server.fileSystem = new MemoryFileSystem();
    await server.start();
    const history = new History(server, randomOf(SEED + 2));
    await history.start();
    const { client } = server;
    // One table keeps its history all the time, so that it goes back further than that of the other.
    await client.query(`CREATE TABLE old (a int) WITH (version_retention = '1 hour'); INSERT INTO old VALUES (1)`);
    await client.query(`SET lock_timeout = 1; CREATE TABLE hot (a int PRIMARY KEY, b int); CREATE INDEX ON hot (b);
      INSERT INTO hot SELECT g, g FROM generate_series(1, 50) g; CREATE VIEW hot_view AS SELECT * FROM hot`);
    const { engine } = server.database;
    /** When the table began to keep its history; Infinity: it does not. */
    let sinceMs = Infinity;
    let [reads, refusals] = [0, 0];
    for (let step = 0; step < 500; step++) {
      if (history.below(25) === 0) {
        const isKept = history.below(3) > 0;
        await history.run(client, `ALTER TABLE t SET (version_retention = ${isKept ? "'1 hour'" : '0'})`);
        const options = await server.value("SELECT reloptions FROM pg_class WHERE relname = 't'");
        if (!String(options).includes('hour')) sinceMs = Infinity;
        else if (sinceMs === Infinity) sinceMs = server.nowMs;
      }
      await history.step();
      await history.record();
      await client.query('UPDATE hot SET b = b + 1; UPDATE old SET a = a + 1');
      if (step % 3 > 0 || sinceMs >= history.recorded.at(-2)!.fromMs) continue;
      try {
        await history.read(sinceMs + 1);
        reads++;
      } catch (error) {
        // A writer that had begun before has not ended.
        if ((error as { code?: string }).code !== '72000') throw error;
        await client.query('RESET ALL; SET lock_timeout = 1');
        refusals++;
      }
      if (step % 10 === 0) await settle();
    }
    expect(reads).to.be.above(refusals);
    await history.end();
    await settle();
    // 25,000 versions of the other table's rows were not kept.
    expect(engine.heap(relIdOf('hot')).deadCount).to.be.below(500);
    const code = await client.query("SELECT * FROM hot_view AS OF SYSTEM TIME '-1ms'").catch((error) => error.code);
    expect(code).to.equal('55000');
    await client.query('ALTER TABLE t SET (version_retention = 0); DROP TABLE old');
    await settle();
    expect(engine.sweepPendingCount).to.equal(0);
    expect(await server.wrongIndexes()).to.deep.equal([]);
  });

  it('begins for a table where its versions are, though that of another goes back further', async () => {
    server.fileSystem = new MemoryFileSystem();
    await server.start();
    const { client } = server;
    await client.query(`
      CREATE TABLE old (a int) WITH (version_retention = '1 hour'); INSERT INTO old VALUES (1);
      CREATE TABLE t (id int PRIMARY KEY, a int, wide text); CREATE INDEX ON t (a);
      INSERT INTO t SELECT g, 0, repeat('x', 1500) FROM generate_series(1, 3) g`);
    for (let i = 1; i <= 60; i++) {
      server.nowMs++;
      await client.query(`UPDATE t SET a = ${i}, wide = '${'y'.repeat(1500)}'`);
    }
    await settle();
    await client.query("ALTER TABLE t SET (version_retention = '1 hour')");
    // Versions of before may be gone: nobody asks for them.
    const { engine } = server.database;
    expect(engine.heap(relIdOf('t')).horizon).to.be.above(engine.transactions.gcHorizon() + 50);
    server.nowMs += 1000;
    // To undo it, the keys of the older versions are asked for.
    await client.query('BEGIN; UPDATE t SET a = 70; ROLLBACK');
    await client.query('UPDATE t SET a = 80; UPDATE t SET a = 90');
    server.nowMs += 1000;
    expect(await server.rows("SELECT DISTINCT a FROM t AS OF SYSTEM TIME '-1500ms'")).to.deep.equal(['[60]']);
    await client.query('ALTER TABLE t SET (version_retention = 0); DROP TABLE old');
    await settle();
    expect(await server.wrongIndexes()).to.deep.equal([]);
  });

  it(`goes as far back as it is kept, and its space comes back (SEED=${SEED})`, async function () {
    this.timeout(120_000);
    server.fileSystem = new MemoryFileSystem();
    await server.start(['version_retention', '2s']);
    const history = new History(server, randomOf(SEED + 1));
    await history.start();
    const { engine } = server.database;
    for (let step = 0; step < 300; step++) {
      await history.step();
      await history.record();
      if (step % 10 === 0) await settle();
      if (step % 3 === 0) await history.read(server.nowMs - 2000);
    }
    await history.end();
    server.nowMs += 2001;
    engine.transactions.history.expire(engine.now());
    await server.client.query('INSERT INTO t VALUES (5000, 1)');
    server.nowMs += 2001;
    engine.transactions.history.expire(engine.now());
    await settle();
    expect(engine.sweepPendingCount).to.equal(0);
    expect(await server.wrongIndexes()).to.deep.equal([]);
    expect([...engine.heaps()].map((heap) => heap.deadCount)).to.satisfy((counts: number[]) =>
      counts.every((count) => count === 0),
    );
    expect(engine.versionPageCount).to.be.below(2);
  });
});
