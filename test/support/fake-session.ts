/**
 * A database that does what its statements say, to drive the wire without one. Statements, parted by semicolons:
 *
 *     rows N [SIZE]     N rows of one text column of SIZE bytes (4), as far as the sink takes them
 *     echo              one row: the bound parameters, each as text
 *     fail [TEXT]       error 22012 with every field set
 *     fatal             error 57P01 of severity FATAL
 *     throw / assert    an exception that is no SqlError / a false assertion
 *     wait NAME         parked until `FakeDatabase.release(NAME)`, or cancelled
 *     slices N          parked N times, woken at once
 *     notice TEXT       a notice; `set NAME VALUE`  a ParameterStatus
 *     copy in           COPY FROM STDIN; the lines are kept in `copied`
 *     copy out N        N CopyData messages
 *     begin, commit, rollback
 */
import {
  DONE,
  FAILED,
  type FieldDescription,
  PENDING,
  type ProtocolSession,
  type SessionFactory,
  type SessionHolder,
  type SessionIdentity,
  type Step,
} from '../../executor/session-api.ts';
import { AssertionError } from '../../types/assert.ts';
import { SqlError, sqlError } from '../../types/errors.ts';

export const FAKE_FIELDS: readonly FieldDescription[] = [
  { name: 'value', tableOid: 16384, columnNumber: 1, typeOid: 25, typeLength: -1, typeModifier: -1 },
];

export class FakeDatabase implements SessionFactory {
  readonly sessions: FakeSession[] = [];
  readonly verifiers = new Map<string, string>();
  readonly settings = new Map([['max_connections', '20']]);

  openSession(identity: SessionIdentity, holder: SessionHolder): FakeSession {
    if (identity.database === 'missing') throw sqlError('3D000', 'database "missing" does not exist');
    const session = new FakeSession(this, identity, holder);
    this.sessions.push(session);
    return session;
  }

  passwordVerifier(user: string): string | null {
    return this.verifiers.get(user) ?? null;
  }

  serverSetting(name: string): string {
    return this.settings.get(name) ?? '';
  }

  /** Lets every session go on that waits for `name`. */
  release(name: string): void {
    for (const session of this.sessions) session.release(name);
  }
}

interface Statement {
  readonly text: string;
}

interface Portal {
  readonly task: Task;
  readonly parameters: readonly (string | null)[];
  readonly resultFormats: readonly number[];
}

/** One statement under way: each step goes on where the last one stopped. */
interface Task {
  readonly words: readonly string[];
  rowsLeft: number;
  stepsLeft: number;
  begun: boolean;
}

export class FakeSession implements ProtocolSession {
  transactionStatus: 'I' | 'T' | 'E' = 'I';
  copyInActive = false;
  closed = false;
  /** What COPY FROM STDIN got. */
  copied = '';
  /** Calls of the holder, in order, for tests that look at them. */
  readonly calls: string[] = [];
  /** Rows given to the sink. */
  rowsWritten = 0;
  readonly identity: SessionIdentity;
  readonly holder: SessionHolder;

  private readonly statements = new Map<string, Statement>();
  private readonly portals = new Map<string, Portal>();
  private queue: Task[] = [];
  private running: { task: Task; portal: Portal | null; maxRows: number } | null = null;
  private waitingFor = '';
  private cancelled = false;

  constructor(_database: FakeDatabase, identity: SessionIdentity, holder: SessionHolder) {
    this.identity = identity;
    this.holder = holder;
  }

  *reportedSettings(): Iterable<readonly [string, string]> {
    yield ['server_version', '15.0'];
    yield ['client_encoding', 'UTF8'];
    yield ['application_name', this.identity.options.get('application_name') ?? ''];
  }

  simpleQuery(text: Uint8Array): Step {
    const sql = Buffer.from(text).toString();
    this.calls.push(`query ${sql}`);
    const texts = sql.split(';').filter((part) => part.trim() !== '');
    if (texts.length === 0) {
      this.holder.sink.emptyQuery();
      return DONE;
    }
    this.queue = texts.map(taskOf);
    return this.nextStatement();
  }

  /** Answers its first argument. */
  functionCall(
    functionOid: number,
    formats: readonly number[],
    parameters: readonly (Uint8Array | null)[],
    resultFormat: number,
  ): Step {
    const texts = parameters.map((bytes) => (bytes === null ? null : Buffer.from(bytes).toString()));
    this.calls.push(`call ${functionOid} ${formats.join()} ${texts.join()} ${resultFormat}`);
    this.holder.sink.functionCallResponse(parameters[0] ?? null);
    return DONE;
  }

  parse(name: string, text: Uint8Array, parameterTypeOids: readonly number[]): Step {
    const sql = Buffer.from(text).toString();
    this.calls.push(`parse ${name} ${sql} ${parameterTypeOids.join()}`);
    if (sql.startsWith('syntax')) return this.fail(sqlError('42601', 'syntax error', { position: 1 }));
    if (name !== '' && this.statements.has(name)) {
      return this.fail(sqlError('42P05', `prepared statement "${name}" already exists`));
    }
    this.statements.set(name, { text: sql });
    this.holder.sink.parseComplete();
    return DONE;
  }

  bind(
    portal: string,
    statement: string,
    parameterFormats: readonly number[],
    parameters: readonly (Uint8Array | null)[],
    resultFormats: readonly number[],
  ): Step {
    this.calls.push(`bind ${portal} ${statement} ${parameterFormats.join()} ${resultFormats.join()}`);
    const found = this.statements.get(statement);
    if (found === undefined) {
      return this.fail(sqlError('26000', `prepared statement "${statement}" does not exist`));
    }
    const values = parameters.map((bytes) => (bytes === null ? null : Buffer.from(bytes).toString()));
    this.portals.set(portal, { task: taskOf(found.text), parameters: values, resultFormats });
    this.holder.sink.bindComplete();
    return DONE;
  }

  describeStatement(name: string): Step {
    const found = this.statements.get(name);
    if (found === undefined) return this.fail(sqlError('26000', `prepared statement "${name}" does not exist`));
    this.holder.sink.parameterDescription([23, 25]);
    this.describe(taskOf(found.text), []);
    return DONE;
  }

  describePortal(name: string): Step {
    const portal = this.portals.get(name);
    if (portal === undefined) return this.fail(sqlError('34000', `portal "${name}" does not exist`));
    this.describe(portal.task, portal.resultFormats);
    return DONE;
  }

  execute(name: string, maxRows: number): Step {
    this.calls.push(`execute ${name} ${maxRows}`);
    const portal = this.portals.get(name);
    if (portal === undefined) return this.fail(sqlError('34000', `portal "${name}" does not exist`));
    this.running = { task: portal.task, portal, maxRows };
    return this.proceed();
  }

  closeStatement(name: string): Step {
    this.statements.delete(name);
    this.holder.sink.closeComplete();
    return DONE;
  }

  closePortal(name: string): Step {
    this.portals.delete(name);
    this.holder.sink.closeComplete();
    return DONE;
  }

  sync(failed: boolean): Step {
    this.calls.push(`sync ${failed}`);
    if (failed && this.transactionStatus === 'T') this.transactionStatus = 'E';
    return DONE;
  }

  copyData(bytes: Uint8Array, start: number, end: number): Step {
    const text = Buffer.from(bytes.subarray(start, end)).toString();
    if (text.startsWith('bad')) {
      this.copyInActive = false;
      return this.fail(sqlError('22P04', 'extra data after last expected column'));
    }
    this.copied += text;
    return PENDING;
  }

  /** The rows still have to be written when the data ends: the COPY waits once more, and says so no earlier than then. */
  copyDone(): Step {
    this.running!.task.stepsLeft = 1;
    return this.proceed();
  }

  copyFail(message: string): Step {
    this.copyInActive = false;
    return this.fail(sqlError('57014', `COPY from stdin failed: ${message}`));
  }

  resume(): Step {
    return this.proceed();
  }

  cancel(): void {
    if (this.running !== null) this.cancelled = true;
  }

  close(): void {
    this.closed = true;
    this.running = null;
  }

  release(name: string): void {
    if (this.waitingFor !== name || this.closed) return;
    this.waitingFor = '';
    this.holder.wake();
  }

  private fail(error: SqlError): Step {
    this.running = null;
    this.queue = [];
    this.waitingFor = '';
    this.cancelled = false;
    if (this.transactionStatus === 'T') this.transactionStatus = 'E';
    this.holder.sink.error(error);
    return FAILED;
  }

  private nextStatement(): Step {
    const task = this.queue.shift();
    this.running = task === undefined ? null : { task, portal: null, maxRows: 0 };
    return task === undefined ? DONE : this.proceed();
  }

  private describe(task: Task, formats: readonly number[]): void {
    if (['rows', 'echo'].includes(task.words[0]!)) this.holder.sink.rowDescription(FAKE_FIELDS, formats);
    else this.holder.sink.noData();
  }

  /** Goes on with the running statement. */
  private proceed(): Step {
    const { task, portal, maxRows } = this.running!;
    if (this.cancelled) return this.fail(sqlError('57014', 'canceling statement due to user request'));
    const sink = this.holder.sink;
    const words = task.words;
    switch (words[0]!.toLowerCase()) {
      case 'rows': {
        const result = this.writeRows(task, portal, maxRows);
        if (result === 'full') return PENDING;
        if (result === 'suspended') return this.finishPortal();
        break;
      }
      case 'echo': {
        if (portal === null) sink.rowDescription(FAKE_FIELDS, []);
        const value = portal === null ? 'none' : portal.parameters.map((text) => text ?? 'NULL').join('|');
        this.writeRow(0x44, Buffer.from(value));
        sink.commandComplete('SELECT 1');
        break;
      }
      case 'fail':
        return this.fail(everyField(words.slice(1).join(' ') || 'division by zero'));
      case 'fatal':
        return this.fail(new SqlError('57P01', 'terminating connection due to administrator command', {}, 'FATAL'));
      case 'throw':
        throw new TypeError('undefined is not a function');
      case 'assert':
        throw new AssertionError('pages add up');
      case 'wait':
        if (!task.begun) {
          task.begun = true;
          this.waitingFor = words[1]!;
        }
        if (this.waitingFor !== '') return PENDING;
        sink.commandComplete('WAIT');
        break;
      case 'slices':
        if (task.stepsLeft-- > 0) {
          this.holder.wake();
          return PENDING;
        }
        sink.commandComplete('SLICES');
        break;
      case 'notice':
        sink.notice({ severity: 'NOTICE', code: '00000', message: words.slice(1).join(' '), detail: 'd', hint: 'h' });
        sink.commandComplete('NOTICE');
        break;
      case 'set':
        sink.parameterStatus(words[1]!, words[2]!);
        sink.commandComplete('SET');
        break;
      case 'copy':
        if (words[1] === 'in' && task.begun) {
          if (task.stepsLeft-- > 0) {
            this.holder.wake();
            return PENDING;
          }
          this.copyInActive = false;
          sink.commandComplete(`COPY ${this.copied.split('\n').length - 1}`);
          break;
        }
        if (words[1] === 'in') {
          task.begun = true;
          this.copied = '';
          this.copyInActive = true;
          sink.copyInResponse(0, [0, 0]);
          return PENDING;
        }
        sink.copyOutResponse(0, [0]);
        for (let i = 0; i < task.rowsLeft; i++) this.writeRow(0x64, Buffer.from(`line ${i}\n`));
        sink.copyDone();
        sink.commandComplete(`COPY ${task.rowsLeft}`);
        break;
      default:
        this.transaction(words[0]!);
    }
    return portal === null ? this.nextStatement() : this.finishPortal();
  }

  private finishPortal(): Step {
    this.running = null;
    return DONE;
  }

  private writeRows(task: Task, portal: Portal | null, maxRows: number): 'full' | 'suspended' | 'all' {
    const sink = this.holder.sink;
    if (!task.begun && portal === null) sink.rowDescription(FAKE_FIELDS, []);
    task.begun = true;
    const value = Buffer.alloc(Number(task.words[2] ?? 4), 'x');
    let rowsOfCall = 0;
    while (task.rowsLeft > 0) {
      if (maxRows > 0 && rowsOfCall === maxRows) {
        sink.portalSuspended();
        return 'suspended';
      }
      if (sink.isFull()) return 'full';
      this.writeRow(0x44, value);
      task.rowsLeft--;
      task.stepsLeft++;
      rowsOfCall++;
    }
    sink.commandComplete(`SELECT ${task.stepsLeft}`);
    return 'all';
  }

  private writeRow(type: number, value: Uint8Array): void {
    const out = this.holder.sink.out;
    out.writeUint8(type);
    if (type === 0x44) {
      out.writeInt32(10 + value.length);
      out.writeInt16(1);
      out.writeInt32(value.length);
    } else {
      out.writeInt32(4 + value.length);
    }
    out.writeBytes(value);
    this.rowsWritten++;
  }

  private transaction(word: string): void {
    if (word === 'begin') this.transactionStatus = 'T';
    if (word === 'commit' || word === 'rollback') this.transactionStatus = 'I';
    this.holder.sink.commandComplete(word.toUpperCase());
  }
}

function taskOf(text: string): Task {
  const words = text.trim().split(/\s+/);
  const rows = words[0] === 'copy' ? Number(words[2]) : Number(words[1]);
  return { words, rowsLeft: rows || 0, stepsLeft: words[0] === 'slices' ? rows : 0, begun: false };
}

function everyField(message: string): SqlError {
  return sqlError('22012', message, {
    detail: 'detail',
    hint: 'hint',
    position: 7,
    internalPosition: 3,
    internalQuery: 'inner query',
    where: 'where',
    schema: 'schema',
    table: 'table',
    column: 'column',
    dataType: 'type',
    constraint: 'constraint',
  });
}
