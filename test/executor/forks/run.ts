/** A tree of databases and forks under random work. */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../../executor/index.ts';
import { MemoryFileSystem } from '../../../storage/api.ts';
import type { Random } from '../../storage/heap/support.ts';
import { Random as Source } from '../../storage/heap/support.ts';
import { Branch } from './branch.ts';
import { Checks } from './checks.ts';
import { createTable, Definitions, emptyTable } from './definitions.ts';
import { columnsOf, OWNERS, State, textOf } from './model.ts';
import { Writes } from './writes.ts';

const BRANCHES_MAX = 10;
const DEPTH_MAX = 4;
const LABELS = ['calm', 'glad', 'sad'];

export class ForkRun {
  readonly #random: Random;
  readonly #branches: Branch[] = [];
  readonly #writes: Writes;
  readonly #definitions: Definitions;
  readonly #checks: Checks;
  readonly #log: string[] = [];
  #server!: DatabaseServer;
  #fileSystem = new MemoryFileSystem();
  #isDurable = false;
  #sharedBuffers = '';
  #number = 1;

  constructor(seed: number) {
    this.#random = new Source(seed);
    this.#writes = new Writes(this.#random);
    this.#definitions = new Definitions(this.#random);
    this.#checks = new Checks(this.#random);
  }

  async start(isDurable: boolean, sharedBuffers: string): Promise<void> {
    this.#isDurable = isDurable;
    this.#sharedBuffers = sharedBuffers;
    await this.#open();
    const state = new State();
    state.labels = LABELS;
    const root = new Branch(this.#server, 'postgres', state, 1, null);
    this.#branches.push(root);
    await root.run(
      `CREATE TYPE mood AS ENUM (${LABELS.map((label) => `'${label}'`).join(', ')}); CREATE SEQUENCE numbers`,
    );
    await root.run("SELECT nextval('numbers')");
    for (const [name, reference] of [
      [OWNERS, 'none'],
      ['items', 'no action'],
      ['parts', 'cascade'],
    ] as const) {
      await root.run(createTable(name, reference));
      state.tables.set(name, emptyTable(reference));
    }
    for (let i = 0; i < 12; i++) await this.#writes.some(root);
    for (let i = 0; i < 4; i++) await this.#definitions.some(root);
  }

  async #open(): Promise<void> {
    this.#server = await openDatabaseServer({
      dataDirectory: this.#isDurable ? '/data' : null,
      settings: new Map([['shared_buffers', this.#sharedBuffers]]),
      fileSystem: this.#fileSystem,
      onLog: (message) => this.#log.push(message),
    });
  }

  /** What lasts is there again: databases, with what was committed in them. */
  async #restart(): Promise<void> {
    const isKilled = this.#random.below(2) === 0;
    const disk = this.#fileSystem.fork();
    disk.crash({});
    for (const branch of this.#branches) branch.close();
    await this.#server.close();
    if (isKilled) this.#fileSystem = disk;
    await this.#open();
    const before = this.#branches.splice(0);
    for (const branch of before) {
      if (branch.name.includes('@')) continue;
      const parent = this.#branches.find(({ name }) => name === branch.parent?.name) ?? this.#branches[0] ?? null;
      const again = new Branch(this.#server, branch.name, branch.committed, branch.sequence, parent, branch.isKept);
      this.#branches.push(again);
      // After a kill it goes on behind what was logged ahead.
      if (isKilled) await again.run(`SELECT setval('numbers', ${branch.sequence})`);
    }
  }

  async step(): Promise<void> {
    const random = this.#random;
    const branch = random.pick(this.#branches);
    const choice = random.below(100);
    if (choice < 45) await this.#write(branch);
    else if (choice < 50) await this.#writeEverywhere();
    else if (choice < 62) await this.#transaction(branch);
    else if (choice < 70) await this.#define(branch);
    else if (choice < 77) await this.#fork(branch);
    else if (choice < 80) await this.#drop(branch);
    else if (choice < 83) await this.#reset(branch);
    else if (choice < 86) await this.#nextval(branch);
    else if (choice < 92) await this.#read(branch);
    else if (choice < 94) branch.server.engine.sweepSome(1 + random.below(50));
    else if (choice < 96 && this.#isDurable) await this.#restart();
    else await this.#checks.all(branch);
  }

  async #write(branch: Branch): Promise<void> {
    await this.#writes.some(branch);
  }

  /** At the same time in some of them: nobody waits for another. */
  async #writeEverywhere(): Promise<void> {
    const some = this.#branches.filter(() => this.#random.below(2) === 0);
    await Promise.all(some.map((branch) => this.#writes.some(branch)));
  }

  async #transaction(branch: Branch): Promise<void> {
    const choice = this.#random.below(6);
    if (branch.pending === null) await branch.begin();
    else if (choice < 2) await branch.commit();
    else if (choice === 2) await branch.rollback();
    else if (choice === 3 && branch.savepoints.length > 0) await branch.backToSavepoint();
    else if (branch.savepoints.length < 3) await branch.savepoint();
  }

  async #define(branch: Branch): Promise<void> {
    // They would wait for the cursor.
    if (branch.cursor !== null) return;
    if (branch.pending === null && this.#random.below(3) === 0) await this.#definitions.upkeep(branch);
    else await this.#definitions.some(branch);
  }

  async #fork(branch: Branch): Promise<void> {
    const random = this.#random;
    if (this.#branches.length >= BRANCHES_MAX || branch.depth >= DEPTH_MAX) return;
    // In the middle of a statement as well: what its transaction has done is not committed.
    const work = branch.pending !== null && random.below(2) === 0 ? this.#writes.some(branch) : null;
    const mayKeep = !branch.name.includes('@');
    const name = `fork${this.#number++}`;
    if (mayKeep && random.below(3) === 0) {
      const maker = new Branch(this.#server, 'template1', new State(), 0, null);
      await maker.run(`CREATE DATABASE ${name} TEMPLATE ${branch.name}`);
      maker.close();
      this.#branches.push(new Branch(this.#server, name, branch.committed.copy(), branch.sequence, branch, true));
    } else {
      const full = `${branch.name}@${name}`;
      this.#branches.push(new Branch(this.#server, full, branch.committed.copy(), branch.sequence, branch));
    }
    await work;
  }

  async #drop(branch: Branch): Promise<void> {
    if (branch.parent === null) return;
    branch.close();
    this.#branches.splice(this.#branches.indexOf(branch), 1);
    if (!branch.isKept) return;
    await this.#settled(branch.name);
    const maker = new Branch(this.#server, 'template1', new State(), 0, null);
    await maker.run(`DROP DATABASE ${branch.name}`);
    maker.close();
  }

  /** Its sessions have rolled back. */
  async #settled(name: string): Promise<void> {
    while ((this.#server.databaseByName(name)?.sessionCount ?? 0) > 0)
      await new Promise((resolve) => setImmediate(resolve));
  }

  async #reset(branch: Branch): Promise<void> {
    const { error } = await branch.writer.query('SELECT hotrow_reset()');
    const hasForks = this.#branches.some(({ parent, origin }) => parent === branch && origin !== null);
    if (branch.origin === null) expect(error?.code).to.equal('55000');
    else if (branch.pending !== null) expect(error?.code).to.equal('25001');
    else if (branch.cursor !== null || hasForks) expect(error?.code).to.equal('55006');
    else if (error?.code !== '55006') {
      expect(error).to.equal(null);
      branch.committed = branch.origin.state.copy();
      branch.sequence = branch.origin.sequence;
    } else expect(branch.server.engine.forkCount, 'forks that still end').to.be.greaterThan(0);
    if (branch.pending === null) return;
    if (branch.savepoints.length > 0) await branch.backToSavepoint();
    else await branch.rollback();
  }

  async #nextval(branch: Branch): Promise<void> {
    if (this.#random.below(3) === 0) {
      branch.sequence = this.#random.below(1000) + 1;
      await branch.run(`SELECT setval('numbers', ${branch.sequence})`);
      return;
    }
    branch.sequence++;
    await branch.run("SELECT nextval('numbers')");
  }

  /** A cursor over an index that goes on while others write, here and in other branches. */
  async #read(branch: Branch): Promise<void> {
    const random = this.#random;
    const { reader, cursor } = branch;
    if (cursor === null) {
      if (branch.hasDefinitions) return;
      const [name, table] = random.pick([...branch.committed.tables]);
      const isDown = random.below(2) === 0;
      const rows = [...table.rows.values()].sort((a, b) => (isDown ? b.id - a.id : a.id - b.id));
      const question = `SELECT ${columnsOf(table)} FROM ${name} WHERE id >= 0 ORDER BY id${isDown ? ' DESC' : ''}`;
      await reader.rows(
        `SET enable_seqscan = off; SET enable_bitmapscan = off; BEGIN; DECLARE reading CURSOR FOR ${question}`,
      );
      branch.cursor = { expected: rows.map((row) => textOf(row, table)), seen: [] };
      return;
    }
    const count = 1 + random.below(random.below(4) === 0 ? 200 : 10);
    const got = await reader.rows(`FETCH ${count} FROM reading`);
    cursor.seen.push(...got);
    expect(cursor.seen, `${branch.name}: cursor`).to.deep.equal(cursor.expected.slice(0, cursor.seen.length));
    if (got.length === count) return;
    expect(cursor.seen.length, `${branch.name}: cursor at its end`).to.equal(cursor.expected.length);
    await reader.rows('COMMIT');
    branch.cursor = null;
  }

  async finish(): Promise<void> {
    for (const branch of this.#branches) await this.#checks.all(branch);
    const [root] = this.#branches;
    while (this.#branches.length > 1) await this.#drop(this.#random.pick(this.#branches.slice(1)));
    await this.#checks.all(root);
    if (root.pending !== null) await root.rollback();
    const { engine } = this.#server;
    while (engine.forkCount > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(engine.pool.mainBranch.archive.count).to.equal(0);
    expect(engine.pool.checkInvariants()).to.equal(null);
  }

  async stop(): Promise<void> {
    for (const branch of this.#branches) branch.close();
    await this.#server.close();
    const faults = this.#log.filter((message) => message.includes('internal error'));
    if (faults.length > 0) throw new Error(`the server failed inside: ${faults.join('\n')}`);
  }
}
