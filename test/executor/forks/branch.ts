/** A database or a fork of it, with the sessions that use it and what it must hold. */
import { expect } from 'chai';
import type { DatabaseServer } from '../../../executor/index.ts';
import type { SqlError } from '../../../types/errors.ts';
import { DirectClient } from '../../support/direct-client.ts';
import type { State } from './model.ts';

/** A cursor that is read bit by bit while others write. */
export interface OpenCursor {
  readonly expected: readonly (string | null)[][];
  readonly seen: (string | null)[][];
}

/** What goes wrong around a server. */
export interface Trouble {
  /** The server has stopped itself. */
  readonly isStopped: boolean;
  /** Whether a statement in the branch may say this because of it. */
  explains(branch: Branch, error: Pick<SqlError, 'code' | 'message' | 'severity'>): boolean;
}

const NO_TROUBLE: Trouble = { isStopped: false, explains: () => false };

export class Branch {
  readonly name: string;
  readonly parent: Branch | null;
  readonly depth: number;
  /** By CREATE DATABASE: it goes when it is dropped. */
  readonly isKept: boolean;
  readonly server: DatabaseServer;
  readonly writer: DirectClient;
  readonly reader: DirectClient;
  /** What it began with; null: it is no fork, but a copy, which is what a data directory keeps, or the first. */
  readonly origin: { readonly state: State; readonly sequence: number } | null;
  committed: State;
  /** Null: no transaction is open. */
  pending: State | null = null;
  /** What the savepoints go back to, newest last. */
  savepoints: State[] = [];
  /** Its transaction has changed definitions, and holds their locks. */
  hasDefinitions = false;
  sequence: number;
  /** Values of it that a crash may leave: it goes on from one of them, or as far behind as is logged ahead. */
  sequences: number[];
  /** Its transaction has counted: what it commits is on disk then. One that writes nothing leaves what another one, rolled back, has counted. */
  hasCounted = false;
  cursor: OpenCursor | null = null;
  /** What the statement under way commits; null: none does. */
  inFlight: State | null = null;
  readonly #trouble: Trouble;

  constructor(
    server: DatabaseServer,
    name: string,
    committed: State,
    sequence: number,
    from: Branch | null,
    isKept = false,
    trouble: Trouble = NO_TROUBLE,
  ) {
    this.server = server;
    this.name = name;
    this.parent = from;
    this.depth = from === null ? 0 : from.depth + 1;
    this.isKept = isKept;
    this.committed = committed;
    this.sequence = sequence;
    this.sequences = [sequence];
    this.#trouble = trouble;
    const isCopy = isKept && server.engine.isDurable;
    this.origin = from === null || isCopy ? null : { state: committed.copy(), sequence };
    this.writer = new DirectClient(server, name);
    try {
      this.reader = new DirectClient(server, name);
    } catch (error) {
      this.writer.close();
      throw error;
    }
  }

  get state(): State {
    return this.pending ?? this.committed;
  }

  /** Whether the error is one that the surroundings explain. */
  isTrouble(error: Pick<SqlError, 'code' | 'message' | 'severity'>): boolean {
    return this.#trouble.explains(this, error);
  }

  /** A statement that must succeed, or meet trouble: false, and it has not happened. */
  async run(text: string): Promise<boolean> {
    const { error } = await this.writer.query(text);
    if (error === null) return true;
    if (!this.isTrouble(error)) throw new Error(`${this.name}: ${error.code} ${error.message}: ${short(text)}`);
    await this.giveUp();
    return false;
  }

  /**
   * A statement and what it makes of the state. It fails with one of `codes` if there are any, and only then; a transaction goes back to its
   * newest savepoint, or ends. In trouble it may fail.
   */
  async change(text: string, next: State, codes: ReadonlySet<string>): Promise<void> {
    const commits = this.pending === null && codes.size === 0;
    if (commits) this.inFlight = next;
    const { error } = await this.writer.query(text);
    if (error !== null && this.isTrouble(error)) {
      if (!this.#trouble.isStopped) this.inFlight = null;
      await this.giveUp();
      return;
    }
    this.inFlight = null;
    if (codes.size === 0) {
      if (error !== null) throw new Error(`${this.name}: ${error.code} ${error.message}: ${short(text)}`);
      if (this.pending === null) this.committed = next;
      else this.pending = next;
      return;
    }
    expect([...codes], `${this.name}: ${short(text)}`).to.include(error?.code ?? 'no error');
    if (this.pending !== null) expect(this.writer.transactionStatus).to.equal('E');
    await this.giveUp();
  }

  /** A statement has failed: its transaction goes back to its newest savepoint, or ends. */
  async giveUp(): Promise<void> {
    if (this.pending === null) return;
    if (this.savepoints.length > 0) await this.backToSavepoint();
    else await this.rollback();
  }

  async begin(): Promise<void> {
    this.hasCounted = false;
    if (await this.run('BEGIN')) this.pending = this.committed.copy();
  }

  async savepoint(): Promise<void> {
    if (await this.run(`SAVEPOINT s${this.savepoints.length}`)) this.savepoints.push(this.state.copy());
  }

  async backToSavepoint(): Promise<void> {
    const last = this.savepoints.length - 1;
    const { error } = await this.writer.query(`ROLLBACK TO SAVEPOINT s${last}`);
    if (error === null) this.pending = this.savepoints[last].copy();
    else if (this.isTrouble(error)) await this.rollback();
    else throw new Error(`${this.name}: ${error.code} ${error.message}: ROLLBACK TO SAVEPOINT`);
  }

  async commit(): Promise<void> {
    this.inFlight = this.state;
    const { error } = await this.writer.query('COMMIT');
    if (error !== null && !this.isTrouble(error))
      throw new Error(`${this.name}: ${error.code} ${error.message}: COMMIT`);
    if (error === null) {
      this.committed = this.state;
      if (this.hasCounted) this.sequences = [this.sequence];
    }
    if (error === null || !this.#trouble.isStopped) this.inFlight = null;
    this.#ended();
  }

  async rollback(): Promise<void> {
    const { error } = await this.writer.query('ROLLBACK');
    if (error !== null && !this.isTrouble(error))
      throw new Error(`${this.name}: ${error.code} ${error.message}: ROLLBACK`);
    this.#ended();
  }

  #ended(): void {
    this.pending = null;
    this.savepoints = [];
    this.hasDefinitions = false;
  }

  /** Its sessions end, with whatever they have under way. */
  close(): void {
    this.writer.close();
    this.reader.close();
  }
}

function short(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
