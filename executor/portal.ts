/**
 * Portals: a bound statement on its way through execution, perhaps over several Execute messages.
 *
 *      NEW --- start: table locks, snapshot ---> RUNNING --- rows, row limit ---> (suspended, RUNNING)
 *                                                  | END
 *                                                  v
 *                                              FOLLOW-UPS (foreign keys) ---> DONE
 */
import type { Value } from '../catalog/function-entry.ts';
import type { LiftedLiteral } from '../parser/index.ts';
import type { LockStrength, Plan, PlannedStatement } from '../planner/plan.ts';
import {
  ACCESS_SHARE,
  type CommitMoment,
  LOCK_GRANTED,
  LOCK_WAITING,
  type LockMode,
  ROW_EXCLUSIVE,
  ROW_SHARE,
  type Snapshot,
} from '../storage/api.ts';
import { assert } from '../types/assert.ts';
import { sqlError } from '../types/errors.ts';
import { LongText } from '../types/long-text.ts';
import type { OutBuffer } from '../types/out-buffer.ts';
import type { WatchedStatement } from './auto-explain.ts';
import { type Batch, END, PENDING } from './batch.ts';
import { checkConstants } from './compile/runtime.ts';
import { checkTables, momentOfStatement, programFor, readableStill } from './past.ts';
import type { Counter } from './plan-counters.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import type { Execution, Program } from './program.ts';
import type { ResultEncoder } from './result-encoder.ts';
import type { RowForm } from './row-form.ts';
import type { Session } from './session.ts';
import type { Past } from './session-transaction.ts';

/** Answers of Portal.run. */
export const PORTAL_DONE = 0;
export const PORTAL_PENDING = 1;
/** The row limit was reached; there may be more. */
export const PORTAL_SUSPENDED = 2;
export type PortalAnswer = 0 | 1 | 2;

const LOCK_MODES: { readonly [mode in PlannedStatement['tableLocks'][number]['mode']]: LockMode } = {
  'access share': ACCESS_SHARE,
  'row share': ROW_SHARE,
  'row exclusive': ROW_EXCLUSIVE,
};

/** Who takes rows as values knows nothing of LongText. */
function makeStrings(batch: Batch, from: number, to: number): void {
  for (const column of batch.columns) {
    for (let row = from; row < to; row++) if (column[row] instanceof LongText) column[row] = String(column[row]);
  }
}

/**
 * 25006 for what writes to tables, or locks their rows, and for functions that write. Temporary tables are nobody else's business, but
 * where the past is read nothing is written at all.
 */
function refuseWriting({ statement, catalog }: Program, isPast: boolean): void {
  const { command, plan, readOnly, tableLocks, writingCall } = statement;
  const writesInPast = isPast && command !== 'select';
  if (readOnly && !writesInPast) return;
  const writes =
    writesInPast ||
    tableLocks.some(
      ({ tableOid, mode }) => mode !== 'access share' && catalog.relation(tableOid)?.persistence !== 'temporary',
    );
  if (!writes) {
    if (writingCall === undefined) return;
    throw sqlError('25006', `cannot execute ${writingCall}() in a read-only transaction`);
  }
  const strength = command === 'select' ? lockStrengthOf(plan) : null;
  const name = strength === null ? command : `select for ${strength}`;
  throw sqlError('25006', `cannot execute ${name.toUpperCase()} in a read-only transaction`);
}

function lockStrengthOf(plan: Plan): LockStrength | null {
  for (let node = plan; ; node = node.input) {
    if (node.kind === 'lockRows') return node.marks[0].strength;
    if (!('input' in node)) return null;
  }
}

/** What modifies comes to its end before any of its rows is shown (PORTAL_ONE_RETURNING, PORTAL_ONE_MOD_WITH). */
function showsRowsAtOnce({ tableLocks, plan }: PlannedStatement): boolean {
  return plan.output.length === 0 || !tableLocks.some(({ mode }) => mode === 'row exclusive');
}

export class Portal {
  readonly name: string;
  readonly statement: PreparedStatement;
  readonly params: readonly Value[];
  readonly resultFormats: readonly number[];
  readonly #session: Session;
  readonly #literals: readonly LiftedLiteral[] | null;
  #program: Program | null = null;
  #execution: Execution | null = null;
  #snapshot: Snapshot | null = null;
  #encoder: ResultEncoder | null = null;
  #batch: Batch | null = null;
  #nextRow = 0;
  #lockedCount = 0;
  #isDraining = false;
  #isOpen = false;
  isDone = false;
  /** It failed, or what it is part of did. */
  hasFailed = false;
  /** Savepoints that it is behind. */
  depth = 0;
  /** When it was bound, by a name; null: the unnamed one is as old as what it runs. */
  boundAt: number | null = null;
  /** False: when tables changed while it waited for them, it says so (isStale) and does not start. */
  mayPlanAgain = true;
  isStale = false;
  /** Work of a definition, which has asked for the rights that it needs. */
  isOfSystem = false;
  /** The table that a definition has made and fills; 0: none. */
  ownTarget = 0;
  /** Rows sent so far, and before the run that is under way or was the last. */
  rowCount = 0;
  #rowsBefore = 0;
  /** Keeps result rows as values instead of encoding them: in-process use, internal queries. */
  onBatch: ((batch: Batch, from: number, to: number) => void) | null = null;

  /** With onBatch: rows may be written in this form instead, to the sink or to `rowsOut`. */
  rowForm: RowForm | null = null;
  rowsOut: OutBuffer | null = null;

  /** The literals that were converted beforehand (convertLiterals). */
  lifted: readonly Value[] | null = null;
  /** With onBatch: the rows go to the client all the same, so stop when it is behind. */
  respectsSink = false;

  constructor(
    session: Session,
    name: string,
    statement: PreparedStatement,
    params: readonly Value[],
    literals: readonly LiftedLiteral[] | null,
    resultFormats: readonly number[],
  ) {
    this.#session = session;
    this.name = name;
    this.statement = statement;
    this.params = params;
    this.#literals = literals;
    this.resultFormats = resultFormats;
  }

  get execution(): Execution | null {
    return this.#execution;
  }

  /** Runs on, sending at most maxRows rows (0: all). Throws what the statement throws; then the portal must be closed. */
  run(maxRows: number): PortalAnswer {
    this.checkNotFailed();
    if (this.#hasAnswered) this.#rowsBefore = this.rowCount;
    if (this.isDone) return PORTAL_DONE;
    this.#hasAnswered = false;
    const { routines, evaluation } = this.#session.functions;
    const { transaction } = this.#session;
    const around = routines.running;
    const pastAround = transaction.past;
    if (!this.isNested || this.isOfSystem) routines.polls++;
    let answer: PortalAnswer;
    try {
      answer = this.#runOn(maxRows);
    } finally {
      routines.running = around;
      transaction.past = pastAround;
    }
    if (answer !== PORTAL_PENDING) evaluation.calls.length = 0;
    this.#hasAnswered = answer !== PORTAL_PENDING;
    if (this.#hasAnswered) this.#watched?.pause();
    return answer;
  }

  #runOn(maxRows: number): PortalAnswer {
    if (!this.start()) return PORTAL_PENDING;
    // What it calls sees the same.
    if (this.#past !== null) this.#session.transaction.past = this.#past;
    this.#watched?.resume();
    const execution = this.#execution as Execution;
    const x = execution.context;
    this.#session.functions.routines.running = x;
    x.startSlice();
    x.checkInterrupt();
    x.isWaiting = false;
    // What threw to wait is computed again from its start.
    const { evaluation } = this.#session.functions;
    evaluation.seen = 0;
    evaluation.called = 0;
    if (!this.#isOpen) {
      this.#want(execution, maxRows === 0 ? Infinity : maxRows);
      // Bounds of an index scan may ask a subquery: what it throws to wait comes by here again.
      execution.open();
      this.#isOpen = true;
    }
    if (!this.#isDraining) {
      const answer = this.#pull(execution, maxRows === 0 ? Infinity : maxRows);
      if (answer !== PORTAL_DONE) return answer;
      this.#isDraining = true;
    }
    for (const followUp of x.followUps.values()) {
      if (followUp.hasWork && !followUp.poll(x)) return PORTAL_PENDING;
    }
    // A follow-up may have queued more behind or before it.
    for (const followUp of x.followUps.values()) if (followUp.hasWork) return this.#runOn(maxRows);
    this.isDone = true;
    return PORTAL_DONE;
  }

  /** Takes locks and snapshot, if that is still to be done; false: waits for a lock. */
  start(): boolean {
    return this.#execution !== null || this.#start();
  }

  #start(): boolean {
    const session = this.#session;
    const { transaction, engine } = session;
    const txn = session.ensureTransaction();
    let program = this.#program ?? this.statement.program(session);
    if (program.statement.asOf !== undefined) program = this.#programOfThen(program);
    this.#program = program;
    const planned = program.statement;
    while (this.#lockedCount < planned.tableLocks.length) {
      const { tableOid, mode } = planned.tableLocks[this.#lockedCount];
      const tag = engine.locks.relationTag(session.database.oid, tableOid);
      const answer = engine.locks.acquire(txn, tag, LOCK_MODES[mode], true);
      if (answer === LOCK_WAITING) {
        session.isWaitingForLock = true;
        return false;
      }
      if (answer !== LOCK_GRANTED) throw new Error('a table lock was neither granted nor queued');
      this.#lockedCount++;
    }
    // Somebody may have changed the tables while we waited: plan again for what is there now.
    if (program.catalog.version !== session.catalog.version) {
      if (!this.mayPlanAgain) {
        this.isStale = true;
        return true;
      }
      this.#program = null;
      this.#lockedCount = 0;
      return this.#start();
    }
    if (transaction.isReadOnly) refuseWriting(program, transaction.pastMoment !== null);
    if (!this.isOfSystem) program.checkRights(session, this.ownTarget);
    if (program.unpopulated !== null) {
      throw sqlError('55000', `materialized view "${program.unpopulated}" has not been populated`, {
        hint: 'Use the REFRESH MATERIALIZED VIEW command.',
      });
    }
    if (planned.early !== undefined) checkConstants(planned.early, this.#literals, session.functions);
    this.#watched = session.autoExplain.watch(this.isNested);
    this.#watched?.resume();
    if (this.#given === null) this.#counted = this.#watched?.execution(program) ?? null;
    else this.#watched?.useCounters(this.#given.counters);
    const execution = this.#given?.execution ?? this.#counted ?? program.acquire(session.functions);
    execution.context.functions = session.functions;
    const past = this.moment ?? transaction.pastMoment;
    if (past !== null) checkTables(session, program, past);
    this.#snapshot = this.#takeSnapshot();
    const x = execution.context;
    x.services = session;
    x.callsRoutines = program.callsRoutines;
    x.isRepeatableRead = transaction.isRepeatableRead;
    x.holdsErrors = showsRowsAtOnce(planned);
    x.begin(txn, this.#snapshot, this.params, this.#literals, this.lifted);
    if (planned.readsExpiring === true) x.snapshotTime = this.moment?.time ?? session.snapshotTime;
    this.#execution = execution;
    return true;
  }

  #takeSnapshot(): Snapshot {
    const { transaction } = this.#session;
    if (this.moment !== null) {
      const moment = readableStill(this.#session, this.moment);
      const snapshot = transaction.takePastSnapshot(moment);
      this.#past = { moment, snapshot };
      return snapshot;
    }
    return this.sharedSnapshot === null ? transaction.takeSnapshot() : transaction.shareSnapshot(this.sharedSnapshot);
  }

  /** AS OF SYSTEM TIME: finds the moment, and the plan with indexes that had been built by then. */
  #programOfThen(program: Program): Program {
    this.moment ??= momentOfStatement(this.#session, program, this.params);
    return this.#given === null ? programFor(this.#session, this.statement, this.moment) : program;
  }

  #pull(execution: Execution, maxRows: number): PortalAnswer {
    const x = execution.context;
    const { sink } = this.#session;
    let left = maxRows;
    // The client may have chosen another since the rows before.
    if (this.#encoder?.encoding !== sink.encoding) this.#encoder = null;
    this.#offerTarget(execution);
    for (;;) {
      if (this.#batch === null) {
        x.rowTarget.rowsMax = left;
        this.#want(execution, left);
        const batch = execution.root.poll(x);
        if (batch === PENDING) return PORTAL_PENDING;
        if (batch === END) return PORTAL_DONE;
        this.#batch = batch;
        this.#nextRow = 0;
      }
      const batch = this.#batch;
      const to = Math.min(batch.count, this.#nextRow + left);
      if (batch.isEncoded) assert(to === batch.count, 'a scan has sent more rows than were asked for');
      else if (this.onBatch !== null) {
        if (execution.program.sentScan !== null) makeStrings(batch, this.#nextRow, to);
        this.onBatch(batch, this.#nextRow, to);
      } else if (this.statement.fields !== null) this.#encode(batch, to);
      left -= to - this.#nextRow;
      this.rowCount += to - this.#nextRow;
      this.#nextRow = to;
      if (to === batch.count) this.#batch = null;
      if (left === 0) return PORTAL_SUSPENDED;
      if ((this.onBatch === null || this.respectsSink) && sink.isFull()) return PORTAL_PENDING;
      if (x.shouldYield(0)) return PORTAL_PENDING;
    }
  }

  /**
   * No rows are computed ahead of those that are asked for: their errors and sequence numbers would come too early. Without sequence
   * numbers and the like, as many as have been asked for before may be: batches of a row are dear.
   */
  #want(execution: Execution, asked: number): void {
    const rows = execution.program.statement.callsVolatile === true ? asked : Math.max(asked, this.rowCount);
    if (rows === this.#wanted) return;
    this.#wanted = rows;
    execution.root.limitTo?.(rows);
  }

  /** Rows of a scan need not become values on their way to the client. */
  #offerTarget(execution: Execution): void {
    const { rowTarget } = execution.context;
    if (execution.program.sentScan === null) return;
    if (this.rowForm !== null) rowTarget.offer(this.rowForm, this.rowsOut ?? this.#session.sink.out);
    else if (this.onBatch === null && this.statement.fields !== null) {
      this.#encoder ??= this.#session.encoderFor(this.statement, this.resultFormats);
      rowTarget.offer(this.#encoder.form, this.#session.sink.out);
    } else rowTarget.withdraw();
  }

  #encode(batch: Batch, to: number): void {
    const session = this.#session;
    this.#encoder ??= session.encoderFor(this.statement, this.resultFormats);
    this.#encoder.encode(session.sink.out, batch, this.#nextRow, to, session.settings.format);
  }

  /** Runs this execution instead of one of the program's own: with counters, for EXPLAIN ANALYZE. */
  execute(execution: Execution, counters: Map<Plan, Counter>): void {
    this.#given = { execution, counters };
  }

  #given: { readonly execution: Execution; readonly counters: Map<Plan, Counter> } | null = null;

  /** AS OF SYSTEM TIME: what it reads; null: the present, or what the transaction reads. */
  moment: CommitMoment | null = null;
  #past: Past | null = null;
  /** It sees what the statement sees that it is part of; null: it has a snapshot of its own. */
  sharedSnapshot: Snapshot | null = null;
  /** Another statement runs it. */
  isNested = false;
  /** What auto_explain shows as its text; null: its own. */
  queryText: string | null = null;
  /** For auto_explain; null: it does not look. */
  #watched: WatchedStatement | null = null;
  /** Its execution, with counters. */
  #counted: Execution | null = null;
  /** What batches have been limited to. */
  #wanted = Infinity;
  /** The last run came to its end, or to as many rows as were asked for. */
  #hasAnswered = false;

  /** The tables of what has more rows to give, after as many as were asked for. */
  get heldTables(): PlannedStatement['tableLocks'] {
    return this.#hasAnswered && this.#execution !== null ? this.#execution.program.statement.tableLocks : [];
  }

  get planned(): PlannedStatement | null {
    return this.#program?.statement ?? null;
  }

  /** Rows inserted, updated or deleted. */
  get processedCount(): number {
    return this.#execution?.context.processedCount ?? 0;
  }

  /** The command tag of a finished portal. It counts the rows that its last run has sent, where it sends rows. */
  tag(): string {
    if (this.#finishedTag !== null) return this.#finishedTag.replace(/\d+$/, '0');
    const planned = (this.#program as Program).statement;
    const sent = this.rowCount - this.#rowsBefore;
    const processed = this.statement.fields === null ? this.processedCount : sent;
    switch (planned.command) {
      case 'select':
        return `SELECT ${sent}`;
      case 'call':
        return 'CALL';
      case 'insert':
        return `INSERT 0 ${processed}`;
      case 'update':
        return `UPDATE ${processed}`;
      case 'delete':
        return `DELETE ${processed}`;
      case 'merge':
        return `MERGE ${processed}`;
    }
  }

  /** Keeps the finished portal (a second Execute answers no rows) but gives back what ran it. */
  finish(): void {
    const tag = this.tag();
    this.close();
    this.#finishedTag = tag;
  }

  #finishedTag: string | null = null;

  get isPlanned(): boolean {
    return this.statement.isPlanned;
  }

  checkNotFailed(): void {
    if (this.hasFailed) throw sqlError('55000', `portal "${this.name}" cannot be run`);
  }

  fail(): void {
    this.close();
    this.hasFailed = true;
  }

  /** Gives everything back. Must be called while the transaction still runs, or after its end. */
  close(): void {
    const execution = this.#execution;
    if (execution === null) return;
    this.#execution = null;
    this.isDone = true;
    this.#batch = null;
    execution.context.rowTarget.withdraw();
    // The execution may serve another.
    this.#want(execution, Infinity);
    execution.close();
    if (this.#watched !== null && this.#hasAnswered) {
      // A plan that texts of one shape share was made for another text.
      const isShared = this.#literals !== null;
      const text = this.queryText ?? (isShared ? this.#session.activity : this.statement.text);
      this.#watched.report(execution.program, text, this.#literals);
    }
    if (this.#snapshot !== null) this.#session.transaction.releaseSnapshot(this.#snapshot);
    this.#snapshot = null;
    if (this.#given === null && this.#counted === null) execution.program.release(execution);
  }
}
