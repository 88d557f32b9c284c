/**
 * A database, forks of it by name, forks of those, and databases made of them that stay, with work in all of them at once: each has
 * one statement under way at a time, and a model beside it. What goes wrong with the disk ends a statement, and nothing else.
 *
 * What must be there after a crash: of the databases that stay what was acknowledged, or with what was under way; of forks by name nothing.
 */
import { expect } from 'chai';
import type { DatabaseServer } from '../../../executor/index.ts';
import { SqlError } from '../../../types/errors.ts';
import { Branch, type Trouble } from '../../executor/forks/branch.ts';
import { AskError, type Checks } from '../../executor/forks/checks.ts';
import { createTable, type Definitions, emptyTable } from '../../executor/forks/definitions.ts';
import { columnsOf, OWNERS, State, textOf } from '../../executor/forks/model.ts';
import type { Writes } from '../../executor/forks/writes.ts';
import type { Random } from '../../storage/heap/support.ts';
import { DirectClient } from '../../support/direct-client.ts';
import { turn, type VirtualTime } from '../virtual-time.ts';

const BRANCHES_MAX = 7;
const DEPTH_MAX = 3;
const LABELS = ['calm', 'glad', 'sad'];
/** Turns in which all that is under way must have come to an end, when the disk is well. */
const TURNS_MAX = 20_000;
/** After this long a server that has met a full disk must have seen that it is well again. */
const FULL_DISK_MS = 3000;
const ROOT = 'postgres';

/** What a crash may leave of a database that stays; null: it is not there. */
export interface Claim {
  readonly name: string;
  readonly states: readonly (State | null)[];
  readonly sequences: readonly number[];
}

/** Lasts for a whole simulation. */
export interface Tools {
  readonly random: Random;
  readonly time: VirtualTime;
  readonly writes: Writes;
  readonly definitions: Definitions;
  readonly checks: Checks;
  readonly tally: ForkTally;
  nextName: number;
}

export interface ForkTally {
  seeds: number;
  lives: number;
  forks: number;
  databases: number;
  pastDatabases: number;
  drops: number;
  resets: number;
  powerCuts: number;
  kills: number;
  faults: number;
  engineStops: number;
  troubledStatements: number;
  /** Calls of the file system for what forks alone have. */
  keptFileCalls: number;
  forkFileCalls: number;
}

export function newForkTally(): ForkTally {
  return {
    seeds: 0,
    lives: 0,
    forks: 0,
    databases: 0,
    pastDatabases: 0,
    drops: 0,
    resets: 0,
    powerCuts: 0,
    kills: 0,
    faults: 0,
    engineStops: 0,
    troubledStatements: 0,
    keptFileCalls: 0,
    forkFileCalls: 0,
  };
}

/** The disk's, in one life of a server. */
export class LifeTrouble implements Trouble {
  /** What statements may fail with. */
  readonly codes = new Set<string>();
  /** Only what forks alone have on the disk is hit: nobody else may notice. */
  sparesParents = false;
  isStopped = false;

  explains(branch: Branch, { code, message, severity }: Pick<SqlError, 'code' | 'message' | 'severity'>): boolean {
    if (this.isStopped && severity !== 'ERROR') return true;
    const isFork = branch.name.includes('@');
    // A page that was not kept for a fork is lost to it, and to its own forks.
    if (isFork && message.includes('could not keep a page for forks of the database')) return true;
    return this.codes.has(code) && (isFork || !this.sparesParents);
  }

  /** CREATE DATABASE goes by a fork in memory: it needs the pages that somebody changes meanwhile, and leaves nothing if it cannot have them. */
  explainsMaking(from: Branch, error: SqlError): boolean {
    return this.explains(from, error) || (this.codes.has(error.code) && OF_KEPT_PAGES.test(error.message));
  }
}

const OF_KEPT_PAGES = /^could not keep a page for forks of the database$|\/kept-pages"/;

/** A moment, and what was committed by then. */
interface Mark {
  readonly branch: Branch;
  readonly time: string;
  readonly state: State;
  readonly definitions: number;
}

export class ForkWorld {
  /** What must not have happened. */
  failure: unknown = null;
  readonly #server: DatabaseServer;
  readonly #tools: Tools;
  readonly #trouble: LifeTrouble;
  readonly #keepsHistory: boolean;
  readonly #branches: Branch[] = [];
  readonly #busy = new Set<Branch>();
  /** Somebody forks them at another moment: what is committed is not plain. */
  readonly #unsettled = new Set<Branch>();
  readonly #making = new Map<string, { readonly from: Branch; readonly state: State; readonly sequence: number }>();
  readonly #dropping = new Map<string, Branch>();
  readonly #orders = new Set<DirectClient>();
  /** Of a branch: how often its definitions have changed. */
  readonly #defined = new Map<Branch, number>();
  #marks: Mark[] = [];

  constructor(server: DatabaseServer, tools: Tools, trouble: LifeTrouble, keepsHistory: boolean) {
    this.#server = server;
    this.#tools = tools;
    this.#trouble = trouble;
    this.#keepsHistory = keepsHistory;
  }

  // --------------------------------------------------------------------------------------------------------- begins

  async found(): Promise<void> {
    const { writes, definitions } = this.#tools;
    const state = new State();
    state.labels = LABELS;
    const root = this.#add(ROOT, state, 1, null, false);
    const labels = LABELS.map((label) => `'${label}'`).join(', ');
    await root.run(`CREATE TYPE mood AS ENUM (${labels}); CREATE SEQUENCE numbers`);
    await root.run("SELECT nextval('numbers')");
    for (const [name, reference] of [
      [OWNERS, 'none'],
      ['items', 'no action'],
      ['parts', 'cascade'],
    ] as const) {
      await root.run(createTable(name, reference));
      state.tables.set(name, emptyTable(reference));
    }
    for (let i = 0; i < 8; i++) await writes.some(root);
    for (let i = 0; i < 3; i++) await definitions.some(root);
  }

  /** After a crash: each database is one of those that it may be, and there is no other. */
  async resume(claims: readonly Claim[]): Promise<void> {
    const asker = new DirectClient(this.#server, 'template1');
    const rows = await asker.rows("SELECT datname FROM pg_database WHERE datname NOT LIKE 'template%' ORDER BY 1");
    asker.close();
    const names = rows.map(([name]) => name as string);
    expect(
      names.filter((name) => !claims.some((claim) => claim.name === name)),
      'databases that nobody made',
    ).to.deep.equal([]);
    for (const claim of claims) {
      if (names.includes(claim.name)) await this.#recognise(claim);
      else if (!claim.states.includes(null)) throw new Error(`database ${claim.name} is gone`);
    }
    await this.expectNoForks();
  }

  async #recognise({ name, states, sequences }: Claim): Promise<void> {
    const { checks } = this.#tools;
    const isRoot = name === ROOT;
    const asker = new DirectClient(this.#server, name);
    const [[value]] = await asker.rows('SELECT last_value FROM numbers');
    asker.close();
    const sequence = Number(value);
    // As far as is logged ahead.
    if (!sequences.some((each) => sequence >= each && sequence <= each + 33))
      throw new Error(`the sequence of ${name} is at ${sequence}, not at ${sequences}`);
    let failure: unknown = new Error(`database ${name} is there`);
    for (const state of [...states].reverse()) {
      if (state === null) continue;
      const branch = this.#add(name, state.copy(), sequence, isRoot ? null : this.#branches[0], !isRoot);
      try {
        await checks.all(branch);
        return;
      } catch (error) {
        failure = error;
        branch.close();
        this.#branches.pop();
      }
    }
    throw failure;
  }

  #add(name: string, state: State, sequence: number, from: Branch | null, isKept: boolean): Branch {
    const branch = new Branch(this.#server, name, state, sequence, from, isKept, this.#trouble);
    this.#branches.push(branch);
    this.#defined.set(branch, 0);
    return branch;
  }

  /** What must be there when the power is cut now. */
  claims(): Claim[] {
    const claims: Claim[] = [];
    for (const branch of this.#branches) {
      if (branch.parent !== null && !branch.isKept) continue;
      const { name, committed, inFlight, sequences } = branch;
      claims.push({ name, states: inFlight === null ? [committed] : [committed, inFlight], sequences: [...sequences] });
    }
    for (const [name, { state, sequence }] of this.#making) {
      claims.push({ name, states: [null, state], sequences: [sequence] });
    }
    for (const [name, { committed, sequences }] of this.#dropping)
      claims.push({ name, states: [null, committed], sequences });
    return claims;
  }

  /** CREATE or DROP DATABASE is under way. */
  get isMaking(): boolean {
    return this.#making.size + this.#dropping.size > 0;
  }

  // ----------------------------------------------------------------------------------------------------------- work

  /** Something more is under way, if anybody is free. */
  step(): void {
    if (this.failure !== null) throw this.failure;
    const { random } = this.#tools;
    const free = this.#branches.filter((branch) => !this.#busy.has(branch));
    if (free.length === 0) return;
    const branch = random.pick(free);
    this.#busy.add(branch);
    this.#act(branch).then(
      () => this.#busy.delete(branch),
      (error) => {
        this.#busy.delete(branch);
        // With the log broken nothing comes to an orderly end.
        if (!this.#trouble.isStopped) this.failure ??= error;
      },
    );
  }

  async #act(branch: Branch): Promise<void> {
    const { random, writes } = this.#tools;
    const choice = random.below(100);
    if (choice < 44) await writes.some(branch);
    else if (choice < 56) await this.#transaction(branch);
    else if (choice < 63) await this.#define(branch);
    else if (choice < 70) this.#fork();
    else if (choice < 73) await this.#make();
    else if (choice < 78) await this.#drop(branch);
    else if (choice < 82) await this.#reset(branch);
    else if (choice < 85) await this.#count(branch);
    else if (choice < 90) await this.#readOn(branch);
    else if (choice < 92) branch.server.engine.sweepSome(1 + random.below(50));
    else if (choice < 94) await this.#mark(branch);
    else if (choice < 96) await this.#checkpoint(branch);
    else await this.#check(branch);
  }

  async #transaction(branch: Branch): Promise<void> {
    const choice = this.#tools.random.below(6);
    if (branch.pending === null) await branch.begin();
    else if (choice < 2) await branch.commit();
    else if (choice === 2) await branch.rollback();
    else if (choice === 3 && branch.savepoints.length > 0) await branch.backToSavepoint();
    else if (branch.savepoints.length < 3) await branch.savepoint();
  }

  async #define(branch: Branch): Promise<void> {
    const { random, definitions } = this.#tools;
    // They would wait for the cursor.
    if (branch.cursor !== null) return;
    this.#defined.set(branch, this.#defined.get(branch)! + 1);
    if (branch.pending === null && random.below(3) === 0) await definitions.upkeep(branch);
    else await definitions.some(branch);
  }

  async #checkpoint(branch: Branch): Promise<void> {
    if (branch.pending === null) await branch.run('CHECKPOINT');
  }

  async #check(branch: Branch): Promise<void> {
    await this.#ask(branch, () => this.#tools.checks.all(branch));
  }

  /** Questions, which may meet what is wrong with the disk. False: they have, and a transaction that has ended by it has gone back. */
  async #ask(branch: Branch, questions: () => Promise<void>): Promise<boolean> {
    try {
      await questions();
      return true;
    } catch (error) {
      if (!(error instanceof AskError || error instanceof SqlError) || !branch.isTrouble(error)) throw error;
      this.#tools.tally.troubledStatements++;
      if (branch.writer.transactionStatus === 'E') await branch.giveUp();
      return false;
    }
  }

  #isSettled(branch: Branch): boolean {
    return branch.inFlight === null && !this.#unsettled.has(branch);
  }

  /** A fork of any, whatever it is at. */
  #fork(): void {
    const { random, tally } = this.#tools;
    const parent = random.pick(this.#branches);
    if (this.#branches.length >= BRANCHES_MAX || parent.depth >= DEPTH_MAX || !this.#isSettled(parent)) return;
    const name = `${parent.name}@f${this.#tools.nextName++}`;
    try {
      this.#add(name, parent.committed.copy(), parent.sequence, parent, false);
      tally.forks++;
    } catch (error) {
      if (!(error instanceof SqlError) || !parent.isTrouble(error)) throw error;
    }
  }

  async #make(): Promise<void> {
    const { random, tally } = this.#tools;
    const from = random.pick(this.#branches);
    if (this.#branches.length >= BRANCHES_MAX || from.depth >= DEPTH_MAX || !this.#isSettled(from)) return;
    const marks = this.#marks.filter(
      ({ branch, definitions }) => branch === from && definitions === this.#defined.get(from) && !from.hasDefinitions,
    );
    const mark = marks.length > 0 && random.below(3) > 0 ? random.pick(marks) : null;
    const name = `kept${this.#tools.nextName++}`;
    const state = (mark?.state ?? from.committed).copy();
    const { sequence } = from;
    this.#making.set(name, { from, state, sequence });
    const moment = mark === null ? '' : ` AS OF '${mark.time}'`;
    const error = await this.#order(`CREATE DATABASE ${name} TEMPLATE "${from.name}"${moment}`, (met) =>
      this.#trouble.explainsMaking(from, met),
    );
    if (error !== null && this.#trouble.isStopped) return;
    this.#making.delete(name);
    if (error !== null) return;
    tally.databases++;
    if (mark !== null) tally.pastDatabases++;
    this.#add(name, state, sequence, from, true);
  }

  /** A statement outside of all of them; answers what it met. */
  async #order(text: string, isTrouble: (error: SqlError) => boolean): Promise<SqlError | null> {
    let error: SqlError | null = null;
    try {
      const client = new DirectClient(this.#server, 'template1');
      this.#orders.add(client);
      ({ error } = await client.query(text));
      client.close();
      this.#orders.delete(client);
    } catch (thrown) {
      if (!(thrown instanceof SqlError)) throw thrown;
      error = thrown;
    }
    if (error === null || isTrouble(error)) return error;
    throw new Error(`${error.code} ${error.message}: ${text}`);
  }

  async #drop(branch: Branch): Promise<void> {
    const isNeeded = [...this.#making.values()].some(({ from }) => from === branch);
    if (branch.parent === null || isNeeded) return;
    branch.close();
    this.#branches.splice(this.#branches.indexOf(branch), 1);
    this.#marks = this.#marks.filter((mark) => mark.branch !== branch);
    if (!branch.isKept) return;
    const { name, committed, sequence } = branch;
    this.#dropping.set(name, branch);
    while ((this.#server.databaseByName(name)?.sessionCount ?? 0) > 0) await turn();
    const error = await this.#order(`DROP DATABASE ${name}`, (met) => this.#branches[0].isTrouble(met));
    if (error !== null && this.#trouble.isStopped) return;
    this.#dropping.delete(name);
    if (error === null) this.#tools.tally.drops++;
    else this.#add(name, committed, sequence, branch.parent, true);
  }

  async #reset(branch: Branch): Promise<void> {
    const { writer } = branch;
    this.#unsettled.add(branch);
    const { error } = await writer.query('SELECT hotrow_reset()');
    this.#unsettled.delete(branch);
    const isForked = this.#branches.some(({ parent, origin }) => parent === branch && origin !== null);
    // A database that is being made of it may have all that it needs by now.
    const mayBeForked = [...this.#making.values()].some(({ from }) => from === branch);
    if (error !== null && branch.isTrouble(error)) {
      // It has not happened.
    } else if (branch.origin === null) expect(['55000', '25001', '55006', undefined]).to.include(error?.code);
    else if (branch.pending !== null) expect(error?.code).to.equal('25001');
    else if (branch.cursor !== null || isForked) expect(error?.code).to.equal('55006');
    else if (error?.code !== '55006') {
      expect(error).to.equal(null);
      branch.committed = branch.origin.state.copy();
      branch.sequence = branch.origin.sequence;
      this.#defined.set(branch, this.#defined.get(branch)! + 1);
      this.#marks = this.#marks.filter((mark) => mark.branch !== branch);
      this.#tools.tally.resets++;
    } else if (!mayBeForked) expect(branch.server.engine.forkCount, 'forks that still end').to.be.greaterThan(0);
    if (writer.transactionStatus === 'E') await branch.giveUp();
  }

  async #count(branch: Branch): Promise<void> {
    const { random } = this.#tools;
    const isSet = random.below(3) === 0;
    const value = isSet ? random.below(1000) + 1 : branch.sequence + 1;
    this.#unsettled.add(branch);
    branch.sequences.push(value);
    const isOutside = branch.pending === null;
    const isDone = await branch.run(isSet ? `SELECT setval('numbers', ${value})` : "SELECT nextval('numbers')");
    if (isDone) {
      branch.sequence = value;
      if (isOutside) branch.sequences = [value];
      else branch.hasCounted = true;
    } else if (!this.#trouble.isStopped) await this.#lookAtSequence(branch, value);
    this.#unsettled.delete(branch);
  }

  /** A number may be gone though nobody got it. */
  async #lookAtSequence(branch: Branch, value: number): Promise<void> {
    for (;;) {
      const { rows, error } = await branch.writer.query('SELECT last_value FROM numbers');
      if (error !== null) {
        if (!branch.isTrouble(error)) throw error;
        if (branch.writer.transactionStatus === 'E') await branch.giveUp();
        if (this.#trouble.isStopped) return;
        await turn();
        continue;
      }
      const found = Number(rows[0][0]);
      expect([branch.sequence, value]).to.include(found);
      branch.sequence = found;
      return;
    }
  }

  /** A cursor over an index that goes on while others write, here and in other branches. */
  async #readOn(branch: Branch): Promise<void> {
    const { random } = this.#tools;
    const { reader, cursor } = branch;
    if (cursor === null) {
      if (branch.hasDefinitions) return;
      const [name, table] = random.pick([...branch.committed.tables]);
      const isDown = random.below(2) === 0;
      const rows = [...table.rows.values()].sort((a, b) => (isDown ? b.id - a.id : a.id - b.id));
      const question = `SELECT ${columnsOf(table)} FROM ${name} WHERE id >= 0 ORDER BY id${isDown ? ' DESC' : ''}`;
      const isOpen = await this.#ask(branch, async () => {
        await reader.rows(
          `SET enable_seqscan = off; SET enable_bitmapscan = off; BEGIN; DECLARE reading CURSOR FOR ${question}`,
        );
      });
      if (isOpen) branch.cursor = { expected: rows.map((row) => textOf(row, table)), seen: [] };
      else if (reader.transactionStatus !== 'I') await reader.query('ROLLBACK');
      return;
    }
    const count = 1 + random.below(random.below(4) === 0 ? 200 : 10);
    const isRead = await this.#ask(branch, async () => {
      const got = await reader.rows(`FETCH ${count} FROM reading`);
      cursor.seen.push(...got);
      expect(cursor.seen, `${branch.name}: cursor`).to.deep.equal(cursor.expected.slice(0, cursor.seen.length));
      if (got.length === count) return;
      expect(cursor.seen.length, `${branch.name}: cursor at its end`).to.equal(cursor.expected.length);
      await reader.rows('COMMIT');
      branch.cursor = null;
    });
    if (isRead) return;
    if (reader.transactionStatus !== 'I') await reader.query('ROLLBACK');
    branch.cursor = null;
  }

  /** A moment at which nothing is under way in the branch. */
  async #mark(branch: Branch): Promise<void> {
    // Indexes that are not committed by then cannot be copied as they were then.
    if (!this.#keepsHistory || branch.hasDefinitions) return;
    const { time } = this.#tools;
    const definitions = this.#defined.get(branch)!;
    await turn();
    await turn();
    const moment = new Date(time.nowMs).toISOString();
    this.#marks.push({ branch, time: moment, state: branch.committed.copy(), definitions });
    await turn();
    await turn();
  }

  // ----------------------------------------------------------------------------------------------------------- ends

  /** The disk is well again: all comes to an end, and each is what it must be. False: the server has stopped itself. */
  async settle(): Promise<boolean> {
    const { time } = this.#tools;
    for (let turns = 0; this.#busy.size > 0; turns++) {
      if (this.failure !== null) throw this.failure;
      if (this.#trouble.isStopped) return false;
      if (turns > TURNS_MAX) throw new Error('statements do not come to an end, though the disk is well');
      await turn();
    }
    // A full disk is looked at again now and then.
    for (const since = time.nowMs; time.nowMs - since < FULL_DISK_MS; ) await turn();
    if (this.#trouble.isStopped) return false;
    this.#trouble.codes.clear();
    for (const branch of this.#branches) await this.#check(branch);
    return !this.#trouble.isStopped;
  }

  /** All forks by name end, and leave nothing; some of the databases are dropped. */
  async endForks(): Promise<void> {
    const { random } = this.#tools;
    for (;;) {
      const forks = this.#branches.filter(
        ({ parent, isKept }) => parent !== null && (!isKept || random.below(3) === 0),
      );
      if (forks.length === 0) break;
      await this.#drop(random.pick(forks));
      if (random.below(3) === 0) await this.#check(random.pick(this.#branches));
    }
    await this.#check(random.pick(this.#branches));
    await this.expectNoForks();
  }

  /** No session of any fork is there, nor anything that was kept for one. */
  async expectNoForks(): Promise<void> {
    const { forks, engine } = this.#server;
    for (let turns = 0; forks.count > 0 && turns < TURNS_MAX; turns++) await turn();
    expect(forks.count, 'forks').to.equal(0);
    // Of databases that stay there may be some.
    if (this.#branches.some(({ isKept }) => isKept)) return;
    for (let turns = 0; engine.forkCount > 0 && turns < TURNS_MAX; turns++) await turn();
    expect(engine.forkCount, 'forks of the engine').to.equal(0);
    expect(engine.pool.mainBranch.archive.count, 'kept pages').to.equal(0);
    expect(engine.indexMemory.unlimited().usedBytes, 'index entries that are kept for forks').to.equal(0);
    expect(engine.pool.checkInvariants()).to.equal(null);
  }

  close(): void {
    for (const branch of this.#branches) branch.close();
  }

  /** The server is dead. */
  abandon(): void {
    for (const client of this.#orders) client.abandon();
    for (const branch of [...this.#branches, ...this.#dropping.values()]) {
      branch.writer.abandon();
      branch.reader.abandon();
    }
  }
}
