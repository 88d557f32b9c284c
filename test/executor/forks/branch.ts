/** A database or a fork of it, with the sessions that use it and what it must hold. */
import { expect } from 'chai';
import type { DatabaseServer } from '../../../executor/index.ts';
import { DirectClient } from '../../support/direct-client.ts';
import type { State } from './model.ts';

/** A cursor that is read bit by bit while others write. */
export interface OpenCursor {
  readonly expected: readonly (string | null)[][];
  readonly seen: (string | null)[][];
}

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
  cursor: OpenCursor | null = null;

  constructor(
    server: DatabaseServer,
    name: string,
    committed: State,
    sequence: number,
    from: Branch | null,
    isKept = false,
  ) {
    this.server = server;
    this.name = name;
    this.parent = from;
    this.depth = from === null ? 0 : from.depth + 1;
    this.isKept = isKept;
    this.committed = committed;
    this.sequence = sequence;
    const isCopy = isKept && server.engine.isDurable;
    this.origin = from === null || isCopy ? null : { state: committed.copy(), sequence };
    this.writer = new DirectClient(server, name);
    this.reader = new DirectClient(server, name);
  }

  get state(): State {
    return this.pending ?? this.committed;
  }

  /** A statement that must succeed. */
  async run(text: string): Promise<void> {
    const { error } = await this.writer.query(text);
    if (error !== null) throw new Error(`${this.name}: ${error.code} ${error.message}: ${short(text)}`);
  }

  /**
   * A statement and what it makes of the state. It fails with one of `codes` if there are any, and only then; a transaction goes back to its
   * newest savepoint, or ends.
   */
  async change(text: string, next: State, codes: ReadonlySet<string>): Promise<void> {
    const { error } = await this.writer.query(text);
    if (codes.size === 0) {
      if (error !== null) throw new Error(`${this.name}: ${error.code} ${error.message}: ${short(text)}`);
      if (this.pending === null) this.committed = next;
      else this.pending = next;
      return;
    }
    expect([...codes], `${this.name}: ${short(text)}`).to.include(error?.code ?? 'no error');
    if (this.pending === null) return;
    expect(this.writer.transactionStatus).to.equal('E');
    if (this.savepoints.length > 0) await this.backToSavepoint();
    else await this.rollback();
  }

  async begin(): Promise<void> {
    await this.run('BEGIN');
    this.pending = this.committed.copy();
  }

  async savepoint(): Promise<void> {
    await this.run(`SAVEPOINT s${this.savepoints.length}`);
    this.savepoints.push(this.state.copy());
  }

  async backToSavepoint(): Promise<void> {
    const last = this.savepoints.length - 1;
    await this.run(`ROLLBACK TO SAVEPOINT s${last}`);
    this.pending = this.savepoints[last].copy();
  }

  async commit(): Promise<void> {
    await this.run('COMMIT');
    this.committed = this.state;
    this.#ended();
  }

  async rollback(): Promise<void> {
    await this.run('ROLLBACK');
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
