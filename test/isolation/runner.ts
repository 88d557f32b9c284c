/**
 * Interleavings of sessions, as scripts: who waits, who goes on, who fails.
 *
 *     # What the file is about.
 *     setup
 *     CREATE TABLE t (id int PRIMARY KEY, v int);
 *
 *     === title of a scenario
 *     a: BEGIN
 *     a: UPDATE t SET v = v + 1
 *     b: UPDATE t SET v = v + 1
 *     a: COMMIT
 *     ----
 *     a: BEGIN -> BEGIN
 *     a: UPDATE t SET v = v + 1 -> UPDATE 1
 *     b: UPDATE t SET v = v + 1 ... waits
 *     a: COMMIT -> COMMIT
 *     b: ... UPDATE 1
 *
 * A step `b! SQL` is given until it answers (for what ends by a timeout). `kill NAME` ends a session's connection, `cancel NAME` cancels what it runs. What stands behind ---- is what PostgreSQL does.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { ScratchDatabase } from '../support/database-target.ts';
import { type Answer, TextClient } from '../support/text-client.ts';

export interface Scenario {
  readonly title: string;
  readonly steps: readonly string[];
  readonly expected: readonly string[];
}

export interface Script {
  readonly head: string;
  readonly setup: string;
  readonly scenarios: readonly Scenario[];
}

export function readScript(path: string): Script {
  const [head, ...parts] = readFileSync(path, 'utf8').split(/^=== /m);
  const setup = head.slice(head.indexOf('\nsetup\n') + 7);
  const scenarios = parts.map((part) => {
    const lines = part.trimEnd().split('\n');
    const at = lines.indexOf('----');
    const steps = lines.slice(1, at < 0 ? undefined : at).filter((line) => line.trim() !== '' && !line.startsWith('#'));
    return { title: lines[0], steps, expected: at < 0 ? [] : lines.slice(at + 1) };
  });
  return { head, setup, scenarios };
}

export function writeScript(script: Script, outcomes: readonly (readonly string[])[]): string {
  const parts = script.scenarios.map((s, i) => [`=== ${s.title}`, ...s.steps, '----', ...outcomes[i], ''].join('\n'));
  return script.head + parts.join('\n');
}

/** What an answer looks like in a transcript. */
function show(answer: Answer): string {
  if (answer.error !== null)
    return `ERROR ${answer.error.code}: ${answer.error.message.replaceAll(/\b\d{3,}\b/g, 'N')}`;
  const rows = answer.results.flatMap((r) => r.rows.map((row) => `(${row.map((v) => v ?? 'null').join(', ')})`));
  return [...rows, ...answer.tags].join(' ');
}

class SessionUnderTest {
  readonly client: TextClient;
  readonly processId: string;
  /** Of the step under way; null: idle. */
  running: Promise<void> | null = null;
  outcome: string | null = null;

  constructor(client: TextClient, processId: string) {
    this.client = client;
    this.processId = processId;
  }

  start(sql: string): void {
    this.outcome = null;
    this.running = this.client.query(sql).then(
      (answer) => {
        this.outcome = show(answer);
      },
      (error: Error) => {
        this.outcome = `lost: ${error.message}`;
      },
    );
  }
}

/** Round trips of a bystander after which a statement that has not answered is taken to wait. */
const PATIENCE = 40;

export class ScenarioRunner {
  readonly #database: ScratchDatabase;
  readonly #sessions = new Map<string, SessionUnderTest>();
  readonly #transcript: string[] = [];
  #bystander!: TextClient;

  constructor(database: ScratchDatabase) {
    this.#database = database;
  }

  async run(setup: string, steps: readonly string[]): Promise<string[]> {
    this.#bystander = await TextClient.connect(this.#database.connection);
    try {
      const answer = await this.#bystander.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${setup}`);
      if (answer.error !== null) throw new Error(`setup: ${answer.error.message}`);
      for (const step of steps) await this.#step(step);
      for (const [name, session] of this.#sessions) {
        if (session.running !== null) this.#transcript.push(`${name}: still waits`);
      }
    } finally {
      for (const session of this.#sessions.values()) await session.client.end();
      await this.#bystander.end();
    }
    return this.#transcript;
  }

  async #session(name: string): Promise<SessionUnderTest> {
    let session = this.#sessions.get(name);
    if (session === undefined) {
      const client = await TextClient.connect(this.#database.connection);
      const answer = await client.query('SELECT pg_backend_pid()');
      session = new SessionUnderTest(client, answer.results[0].rows[0][0] as string);
      if (this.#database.engine === 'postgresql') await client.query("SET deadlock_timeout = '10ms'");
      this.#sessions.set(name, session);
    }
    return session;
  }

  async #step(step: string): Promise<void> {
    const signal = /^(kill|cancel) (\w+)$/.exec(step);
    if (signal !== null) {
      const session = await this.#session(signal[2]);
      this.#transcript.push(step);
      if (signal[1] === 'kill') destroySocket(session.client);
      else await this.#bystander.query(`SELECT pg_cancel_backend(${session.processId})`);
      await this.#settle();
      this.#report(null);
      return;
    }
    const [, name, mark, sql] = /^(\w+)([:!]) (.*)$/.exec(step) ?? [];
    const session = await this.#session(name);
    if (session.running !== null) throw new Error(`${name} still waits: ${step}`);
    session.start(sql);
    if (mark === '!') await session.running;
    await this.#settle();
    if (session.outcome === null) this.#transcript.push(`${step} ... waits`);
    else {
      session.running = null;
      this.#transcript.push(`${step} -> ${session.outcome}`);
    }
    this.#report(session);
  }

  /** Gives everybody time to go on: until all have answered, or nobody has for a while. */
  async #settle(): Promise<void> {
    let open = -1;
    for (let quiet = 0; quiet < PATIENCE; quiet++) {
      const still = [...this.#sessions.values()].filter((s) => s.running !== null && s.outcome === null).length;
      if (still === 0) return;
      if (still !== open) quiet = 0;
      open = still;
      await this.#bystander.query('SELECT 1');
      if (this.#database.engine === 'postgresql') await new Promise((resolve) => setTimeout(resolve, 4));
    }
  }

  /** Those who waited and have answered. */
  #report(except: SessionUnderTest | null): void {
    for (const [name, session] of this.#sessions) {
      if (session === except || session.running === null || session.outcome === null) continue;
      session.running = null;
      this.#transcript.push(`${name}: ... ${session.outcome}`);
    }
  }
}

/** As a client that dies: no goodbye. */
function destroySocket(client: TextClient): void {
  const { connection } = (client as unknown as { client: { connection: { stream: Socket } } }).client;
  connection.stream.destroy();
}
