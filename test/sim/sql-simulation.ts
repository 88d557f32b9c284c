/**
 * The same over SQL: sessions that interleave, tables with constraints and indexes, definitions that come and go with rows. Each
 * transaction leaves one line in `ledger`, by a number; so what was acknowledged can be looked for, and all else that the
 * transaction did must be there with its line, or not at all.
 *
 * In some lives calls of the file system fail (EIO, ENOSPC), or the disk runs full, so that writes are cut short. Statements fail
 * then, with the SQLSTATE of what happened and no other, and the server may stop itself; when the trouble is over a server
 * that still runs must be as good as one that was started again.
 */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { rowChecks } from '../../executor/verify-rows.ts';
import { MemoryFileSystem } from '../../storage/api.ts';
import { type MemoryOp, memoryFailure } from '../../storage/io/index.ts';
import { describeProblem, verifyDirectory } from '../../storage/verify/index.ts';
import type { SqlError } from '../../types/errors.ts';
import { Random } from '../storage/heap/support.ts';
import { DirectClient } from '../support/direct-client.ts';
import { askOldSnapshot, checkIndexes } from './access-paths.ts';
import { DIRECTORY, FAULTY_OPS, newTally, type Tally } from './simulation.ts';
import { turn, VirtualTime } from './virtual-time.ts';

const SCHEMA = `
  CREATE TABLE accounts (
    id int PRIMARY KEY, owner text NOT NULL, balance bigint NOT NULL CHECK (balance >= -1000000), note text);
  CREATE INDEX accounts_owner ON accounts (owner, id);
  CREATE INDEX accounts_rich ON accounts (balance) WHERE balance > 0;
  CREATE TABLE ledger (
    number int PRIMARY KEY, account int NOT NULL REFERENCES accounts ON UPDATE CASCADE, amount int NOT NULL,
    made text, dropped text, truncated boolean, id bigserial UNIQUE);
  CREATE INDEX ledger_account ON ledger (account);
  CREATE TABLE scratch (number int PRIMARY KEY);
  CREATE TABLE wide (id int PRIMARY KEY, size int NOT NULL, body text NOT NULL, filler text, tags int[]);
  ALTER TABLE wide ALTER body SET STORAGE EXTERNAL;
  CREATE INDEX wide_size ON wide (size DESC);
  CREATE INDEX wide_tags ON wide USING gin (tags);
  CREATE INDEX wide_start ON wide (left(body, 5), id) WHERE size > 3;
  INSERT INTO accounts SELECT g, 'owner ' || g % 7, 0, NULL FROM generate_series(1, 40) g`;

const EXPECTED_ERRORS = ['25P02', '40P01', '40001', '23503', '23505', '42P01', '42P07', '42704', '3B001', '57P01'];

/** Outside transactions. Tables are emptied from their ends, and by and by given back, moved, or filled again. */
const UPKEEP = [
  'CHECKPOINT',
  'CHECKPOINT',
  'VACUUM',
  'VACUUM wide',
  'VACUUM FULL wide',
  'VACUUM FULL scratch',
  'ANALYZE',
  // Some of these fail half done, one always, and leave an index that is kept and not used.
  'CREATE INDEX CONCURRENTLY built ON wide (filler)',
  'CREATE UNIQUE INDEX CONCURRENTLY built ON wide (id, size)',
  'CREATE UNIQUE INDEX CONCURRENTLY built ON accounts ((id % 7))',
  'CREATE INDEX CONCURRENTLY built ON wide USING gin (tags) WHERE size > 2',
  'DROP INDEX IF EXISTS built',
  'DROP INDEX CONCURRENTLY IF EXISTS built',
  'DELETE FROM wide WHERE id > (SELECT avg(id) FROM wide)',
  'DELETE FROM scratch WHERE number > (SELECT avg(number) FROM scratch)',
];

const SESSIONS = 3;
const LIVES_MAX = 2;
const CUTS_MAX = 3;
const STEPS_MAX = 160;
/** Turns in which all sessions must have come to an end, when the disk is well. */
const TURNS_MAX = 20_000;
/** After this long a server that has met a full disk must have seen that it is well again. */
const FULL_DISK_MS = 3000;
/** By error number: what a statement says that meets it. EMFILE has its own. */
const SQLSTATES: { readonly [code: string]: string } = { EIO: '58030', ENOSPC: '53100', EMFILE: '53000' };

interface Cut {
  readonly fileSystem: MemoryFileSystem;
  readonly acknowledged: number;
}

/** A server's life, as its disk makes it. */
interface Life {
  /** What statements may fail with because of the disk. */
  readonly diskErrors: Set<string>;
  /** The server has stopped itself. */
  isStopped: boolean;
}

/** A session and what its transaction has done so far. */
interface Actor {
  readonly client: DirectClient;
  /** Of the transaction's line in the ledger; 0 outside one. */
  number: number;
}

export async function simulateSql(seed: number, tally: Tally = newTally()): Promise<void> {
  const time = new VirtualTime();
  time.install();
  try {
    await new SqlSimulation(seed, tally, time).run();
  } finally {
    time.uninstall();
  }
}

class SqlSimulation {
  private readonly random: Random;
  private readonly tally: Tally;
  private readonly time: VirtualTime;
  /** Numbers of transactions whose COMMIT was answered, in order. */
  private readonly acknowledged: number[] = [];
  private nextNumber = 1;
  private nextTable = 1;
  private life: Life = { diskErrors: new Set(), isStopped: false };

  constructor(seed: number, tally: Tally, time: VirtualTime) {
    this.random = new Random(seed);
    this.tally = tally;
    this.time = time;
  }

  async run(): Promise<void> {
    let fileSystem = new MemoryFileSystem();
    let server = await this.open(fileSystem);
    const client = new DirectClient(server);
    await client.rows(SCHEMA);
    client.close();
    for (let lives = 1 + this.random.below(LIVES_MAX); lives > 0; lives--) {
      ({ fileSystem, server } = await this.liveAndDie(fileSystem, server));
    }
    const before = await this.contents(server);
    await server.close();
    this.tally.cleanRestarts++;
    expectVerified(fileSystem, 'a clean end');
    const again = await this.open(fileSystem);
    expect(await this.contents(again), 'after a clean restart').to.deep.equal(before);
    again.engine.abandon();
  }

  private open(fileSystem: MemoryFileSystem): Promise<DatabaseServer> {
    const life = { diskErrors: new Set<string>(), isStopped: false };
    this.life = life;
    return openDatabaseServer({
      dataDirectory: DIRECTORY,
      fileSystem,
      settings: new Map([
        ['shared_buffers', '64'],
        ['max_wal_size', '2MB'],
        ['checkpoint_timeout', '30s'],
      ]),
      clock: () => this.time.nowMs,
      onFatal: () => {
        life.isStopped = true;
      },
      onLog: (message) => {
        if (message.startsWith('internal error')) throw new Error(message);
      },
    });
  }

  private async liveAndDie(fileSystem: MemoryFileSystem, server: DatabaseServer) {
    const { random, tally } = this;
    tally.lives++;
    const { life } = this;
    const cuts: Cut[] = [];
    const cut = (): void => {
      cuts.push({ fileSystem: fileSystem.fork(), acknowledged: this.acknowledged.length });
    };
    const chance = random.pick([0.005, 0.02, 0.1]);
    const fail = this.faultsOf();
    fileSystem.onOperation = (op, path) => {
      if (cuts.length < CUTS_MAX && random.next() < chance) cut();
      fail(op, path);
    };
    const fillsDisk = random.below(3) === 0;
    const actors: Actor[] = [];
    for (let i = 0; i < SESSIONS; i++) actors.push({ client: new DirectClient(server), number: 0 });
    const reader: Actor = { client: new DirectClient(server), number: 0 };
    let isReading = false;
    for (let steps = random.below(STEPS_MAX); steps > 0 && !life.isStopped; steps--) {
      if (fillsDisk && random.below(40) === 0) this.fillDisk(fileSystem);
      const free = actors.filter((actor) => !actor.client.isBusy);
      if (free.length > 0) {
        this.step(random.pick(free)).catch((error) => {
          // With the log broken no session comes to an orderly end: not even its transaction can.
          if (!life.isStopped) throw error;
        });
      }
      if (!isReading && random.below(20) === 0) {
        isReading = true;
        this.read(reader.client).then(
          () => {
            isReading = false;
          },
          (error) => {
            if (!life.isStopped) throw error;
          },
        );
      }
      if (free.length < SESSIONS || random.below(3) === 0) await turn();
    }
    cut();
    fileSystem.onOperation = null;
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    fileSystem.claimedFree = null;
    if (life.isStopped) tally.engineStops++;
    else if (random.below(2) === 0) await this.recover(server, actors, reader);
    this.stop(server, [...actors, reader]);
    cuts.push(...cuts.splice(random.below(cuts.length), 1));
    let survivor = server;
    for (const each of cuts) {
      if (survivor !== server) this.stop(survivor, []);
      each.fileSystem.capacity = Number.POSITIVE_INFINITY;
      each.fileSystem.claimedFree = null;
      this.end(each.fileSystem);
      if (random.below(3) === 0) expectVerified(each.fileSystem, 'a crash');
      survivor = await this.open(each.fileSystem);
      await this.check(survivor, each.acknowledged);
    }
    const last = cuts[cuts.length - 1];
    // What this survivor does not know of never was.
    this.acknowledged.length = last.acknowledged;
    return { fileSystem: last.fileSystem, server: survivor };
  }

  /** Called before each operation of a life: throws in its place, in some lives. */
  private faultsOf(): (op: MemoryOp, path: string) => void {
    const { random, tally, life } = this;
    if (random.below(2) === 0) return () => {};
    const chance = random.pick([0.002, 0.01, 0.05]);
    const kinds = random.below(2) === 0 ? FAULTY_OPS : [random.pick(FAULTY_OPS)];
    const code = random.pick(['EIO', 'ENOSPC', 'EMFILE']);
    life.diskErrors.add(SQLSTATES[code]);
    return (op, path) => {
      if (!kinds.includes(op) || random.next() >= chance) return;
      tally.faults++;
      throw memoryFailure(op, path, code);
    };
  }

  /** Full, nearly full, or free again; the disk may not say so. */
  private fillDisk(fileSystem: MemoryFileSystem): void {
    const { random } = this;
    this.life.diskErrors.add(SQLSTATES['ENOSPC']);
    fileSystem.claimedFree = null;
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    if (random.below(2) === 0) return;
    fileSystem.capacity = fileSystem.usedSpace() + random.below(200_000);
    if (random.below(2) === 0) fileSystem.claimedFree = 1e12;
  }

  /** The disk is well again: sessions come to an end, and the server that went through it all serves what a new one would. */
  private async recover(server: DatabaseServer, actors: readonly Actor[], reader: Actor): Promise<void> {
    for (let turns = 0; ; turns++) {
      if (this.life.isStopped) return;
      if (turns > TURNS_MAX) throw new Error('sessions do not come to an end, though the disk is well');
      const free = actors.filter(({ client }) => !client.isBusy);
      // The reader comes to its end by itself, when nobody is in its way.
      const isRead = !reader.client.isBusy && reader.client.transactionStatus === 'I';
      if (isRead && free.length === actors.length && free.every(({ client }) => client.transactionStatus === 'I'))
        break;
      for (const { client } of free) if (client.transactionStatus !== 'I') void client.query('ROLLBACK');
      await turn();
    }
    // A full disk is looked at again now and then.
    for (const since = this.time.nowMs; this.time.nowMs - since < FULL_DISK_MS; ) await turn();
    if (this.life.isStopped) return;
    await this.check(server, this.acknowledged.length);
  }

  private end(fileSystem: MemoryFileSystem): void {
    const { random, tally } = this;
    // After a failed sync the operating system shows what no disk has.
    if (!fileSystem.hasLostSync && random.below(3) === 0) {
      tally.kills++;
      fileSystem.kill();
    } else {
      tally.powerCuts++;
      fileSystem.crash({ random: () => random.next(), tear: random.below(3) > 0 });
    }
  }

  private stop(server: DatabaseServer, actors: readonly Actor[]): void {
    for (const { client } of actors) client.abandon();
    server.engine.abandon();
    this.time.forgetTimers();
  }

  /** One statement of one session; its answer comes later, if ever. */
  private async step(actor: Actor): Promise<void> {
    const { client } = actor;
    const { random } = this;
    if (client.transactionStatus === 'E') {
      actor.number = 0;
      await client.query('ROLLBACK');
      return;
    }
    if (client.transactionStatus === 'I') {
      actor.number = 0;
      if (random.below(6) === 0) await this.statement(client, random.pick(UPKEEP));
      else await client.query('BEGIN');
      return;
    }
    const choice = random.below(10);
    if (actor.number === 0 || choice < 3) await this.write(actor);
    else if (choice < 5) await client.query(random.pick(['SAVEPOINT s', 'SAVEPOINT s', 'ROLLBACK TO s']));
    else if (choice < 6) {
      actor.number = 0;
      await client.query('ROLLBACK');
    } else {
      const { number } = actor;
      const { life } = this;
      actor.number = 0;
      const { error, tags } = await client.query('COMMIT');
      this.tally.commits++;
      if (error === null && tags[0] === 'COMMIT') this.acknowledged.push(number);
      if (error !== null) this.expectDiskError(life, error, 'COMMIT');
    }
  }

  /** The whole of a transaction's work in one text, so that a savepoint takes all of it or nothing. */
  private async write(actor: Actor): Promise<void> {
    const { random } = this;
    if (actor.number !== 0) {
      const id = 1 + random.below(40);
      const size = random.pick([random.below(4), random.below(60), random.below(1200)]);
      const some = `id % 7 = ${random.below(7)}`;
      // Work that leaves no trace in the sums.
      await this.statement(
        actor.client,
        random.pick([
          `UPDATE accounts SET note = repeat('n', ${random.below(3000)}) WHERE id = ${id}`,
          `UPDATE accounts SET owner = 'owner ${random.below(9)}' WHERE id = ${id}`,
          `INSERT INTO scratch SELECT g FROM generate_series(${this.nextNumber * 1000}, ${this.nextNumber * 1000 + 200}) g`,
          'DELETE FROM scratch WHERE number % 3 = 0',
          `INSERT INTO wide SELECT g, s, repeat(md5(g::text), s), 'f', ARRAY[s % 5, 10 + g % 7] FROM (SELECT g, (g * 7 + ${size}) % ${size + 1} AS s
           FROM generate_series(${this.nextNumber * 1000}, ${this.nextNumber * 1000 + random.below(40)}) g) q`,
          `UPDATE wide SET size = ${size}, body = repeat(md5(id::text), ${size}) WHERE ${some} AND id % 5 = 1`,
          `UPDATE wide SET filler = repeat('f', ${size}) WHERE ${some}`,
          `UPDATE wide SET tags = ARRAY[size % 5, ${random.below(5)}, 10 + id % 7] WHERE ${some} AND id % 3 = 1`,
          `DELETE FROM wide WHERE ${some} AND id % 2 = 0`,
          'TRUNCATE wide',
          'SELECT count(*), sum(length(body)) FROM wide',
          'SELECT count(*) FROM accounts a JOIN ledger l ON l.account = a.id',
        ]),
      );
      return;
    }
    const number = this.nextNumber++;
    const amount = random.below(200) - 100;
    const account = 1 + random.below(40);
    const statements = [
      `UPDATE accounts SET balance = balance + ${amount} WHERE id = ${account}`,
      `INSERT INTO ledger (number, account, amount) VALUES (${number}, ${account}, ${amount})`,
    ];
    if (random.below(4) === 0) {
      const name = `made_${this.nextTable++}`;
      statements.push(
        `CREATE TABLE ${name} (a int PRIMARY KEY, b text)`,
        `INSERT INTO ${name} SELECT g, repeat('${name}', 40) FROM generate_series(1, 30) g`,
        `UPDATE ledger SET made = '${name}' WHERE number = ${number}`,
      );
    }
    if (random.below(8) === 0)
      statements.push('TRUNCATE scratch', `UPDATE ledger SET truncated = true WHERE number = ${number}`);
    if (random.below(6) === 0 && this.nextTable > 1) {
      const name = `made_${1 + random.below(this.nextTable - 1)}`;
      statements.push(`DROP TABLE ${name}`, `UPDATE ledger SET dropped = '${name}' WHERE number = ${number}`);
    }
    actor.number = number;
    await this.statement(actor.client, statements.join(';'));
  }

  /** Asks the same again and again in a snapshot that grows old. */
  private async read(client: DirectClient): Promise<void> {
    const { life } = this;
    const error = await askOldSnapshot(client, this.random, this.random.below(4));
    if (error === null) return;
    if (!EXPECTED_ERRORS.includes(error.code)) this.expectDiskError(life, error, 'an older snapshot');
    if (client.transactionStatus !== 'I') await client.query('ROLLBACK');
  }

  private async check(server: DatabaseServer, acknowledged: number): Promise<void> {
    const { random } = this;
    const client = new DirectClient(server);
    const numbers = async (sql: string): Promise<number[]> => (await client.rows(sql)).map(([value]) => Number(value));
    const found = new Set(await numbers('SELECT number FROM ledger'));
    const missing = this.acknowledged.slice(0, acknowledged).filter((number) => number > 0 && !found.has(number));
    expect(missing, 'acknowledged transactions').to.deep.equal([]);
    const [[balances, amounts]] = await client.rows(
      'SELECT (SELECT coalesce(sum(balance), 0) FROM accounts), (SELECT coalesce(sum(amount), 0) FROM ledger)',
    );
    expect(balances, 'the sum of balances').to.equal(amounts);
    expect(
      await client.rows(`SELECT a.id FROM accounts a
        WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM ledger l WHERE l.account = a.id)`),
    ).to.deep.equal([]);
    expect(
      await client.rows('SELECT * FROM ledger l WHERE NOT EXISTS (SELECT FROM accounts WHERE id = account)'),
    ).to.deep.equal([]);
    expect(await client.rows('SELECT id FROM wide WHERE body <> repeat(md5(id::text), size)')).to.deep.equal([]);
    await this.checkTables(client);
    await checkIndexes(client, this.random);
    // What a start believes to be free is; what is all-visible stops to be, for all but older snapshots, when it is written to.
    if (random.below(2) === 0) await client.rows('VACUUM');
    const reader = new DirectClient(server);
    const reading = askOldSnapshot(reader, random, 2);
    for (let turns = random.below(100); turns > 0; turns--) await turn();
    const first = this.nextNumber++ * 1000 + 500;
    const more = `generate_series(${first}, ${first + 300}) g`;
    await client.rows(`BEGIN; INSERT INTO scratch SELECT -g FROM ${more};
      INSERT INTO wide SELECT -g, g % 30, repeat(md5((-g)::text), g % 30), 'f', ARRAY[g % 5, 10 + g % 7] FROM ${more};
      UPDATE scratch SET number = number + 500000000 WHERE number % 5 = 1 AND abs(number) < 500000000;
      DELETE FROM scratch WHERE number % 7 = 1;
      UPDATE wide SET tags = ARRAY[${random.below(5)}], filler = repeat('f', ${random.below(40)}) WHERE id % 7 = 1;
      DELETE FROM wide WHERE id % 7 = 2`);
    if (random.below(2) === 0) await checkIndexes(client, random);
    await client.rows(random.below(2) === 0 ? 'COMMIT' : 'ROLLBACK');
    const error = await reading;
    if (error !== null) throw error;
    reader.close();
    await checkIndexes(client, this.random);
    await checkCounts(client, server);
    const [[largest]] = await client.rows('SELECT coalesce(max(id), 0) FROM ledger');
    const [[next]] = await client.rows("SELECT nextval('ledger_id_seq')");
    expect(Number(next), 'the sequence').to.be.greaterThan(Number(largest));
    client.close();
    expect(server.engine.pool.pinCount, 'pinned pages').to.equal(0);
  }

  /** Sessions may be in each other's way, and meet the disk's errors, but find nothing damaged, and no statement is wrong. */
  private async statement(client: DirectClient, sql: string): Promise<void> {
    const { life } = this;
    const { error } = await client.query(sql);
    if (error !== null && !EXPECTED_ERRORS.includes(error.code)) this.expectDiskError(life, error, sql);
  }

  private expectDiskError(life: Life, error: SqlError, sql: string): void {
    if (life.diskErrors.has(error.code) || (life.isStopped && error.severity !== 'ERROR')) return;
    throw new Error(`${sql}: ${error.severity} ${error.code} ${error.message}`);
  }

  /** A table is there if the line that made it is, and none that dropped it. */
  private async checkTables(client: DirectClient): Promise<void> {
    const names = async (sql: string): Promise<string[]> => (await client.rows(sql)).map(([name]) => name as string);
    const expected = await names(
      'SELECT made FROM ledger WHERE made IS NOT NULL EXCEPT SELECT dropped FROM ledger WHERE dropped IS NOT NULL ORDER BY 1',
    );
    expect(
      await names("SELECT relname FROM pg_class WHERE relname LIKE 'made\\_%' AND relkind = 'r' ORDER BY 1"),
    ).to.deep.equal(expected);
    for (const name of expected) {
      const [row] = await client.rows(
        `SELECT count(*), min(b) = max(b) AND max(b) = repeat('${name}', 40) FROM ${name}`,
      );
      expect(row, name).to.deep.equal(['30', 't']);
    }
  }

  /** All that a client can see, in order. */
  private async contents(server: DatabaseServer): Promise<unknown> {
    const client = new DirectClient(server);
    const all: unknown[] = [];
    for (const table of ['accounts', 'ledger', 'scratch', 'wide'])
      all.push(await client.rows(`SELECT * FROM ${table} ORDER BY 1`));
    all.push(await client.rows('SELECT relname, relkind FROM pg_class WHERE oid >= 16384 ORDER BY 1'));
    await checkIndexes(client, this.random);
    client.close();
    return all;
  }
}

/** Rows are counted without being read. */
async function checkCounts(client: DirectClient, server: DatabaseServer): Promise<void> {
  const heaps = await client.rows(
    "SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE relname IN ('scratch', 'wide')",
  );
  for (const [name, relId] of heaps) {
    const [[count]] = await client.rows(`SELECT count(*) FROM ${name}`);
    expect(server.engine.heap(Number(relId)).rowCount, `rows of ${name}`).to.equal(Number(count));
  }
}

function expectVerified(fileSystem: MemoryFileSystem, after: string): void {
  const { problems } = verifyDirectory({ fileSystem, directory: DIRECTORY, rowChecks });
  if (problems.length > 0) throw new Error(`verify after ${after}: ${problems.map(describeProblem).join('; ')}`);
}
