/**
 * Execution context: what one running statement's operators and generated code share.
 */

import type { ConstraintEntry, RelationEntry } from '../catalog/entries.ts';
import type { Evaluation, FunctionContext, Value } from '../catalog/function-entry.ts';
import type { ExpiryMode } from '../catalog/row-expiry.ts';
import type { LiftedLiteral } from '../parser/index.ts';
import type { StatementRights } from '../planner/rights.ts';
import type { Snapshot, StorageEngine, TemporaryFile, TemporaryUsage, Transaction } from '../storage/api.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { MemoryAccount, WorkMemory } from './memory-account.ts';
import { RowTarget } from './row-form.ts';
import type { TableRuntime } from './table-runtime.ts';

/** Work units (about one row each) between two looks at the clock. */
const UNITS_PER_CLOCK_LOOK = 4096;
/** A time slice: how long a statement may run before others get a turn. */
export const SLICE_MS = 2;
/**
 * So far beyond its slice a correlated subquery is interrupted, at first: what is computed again for it is little beside that. Where it is more, because
 * subqueries of rows before it run again, it is twice as long each time, so that the statement comes to its end.
 */
const OVERDUE_MS_FIRST = 50;

/** A subquery that an expression runs; answers its value or throws PAGE_MISS / a pending marker. */
export interface SubplanRunner {
  exists(context: ExecContext): boolean;
  scalar(context: ExecContext): Value;
  array(context: ExecContext): Value;
  /** x op ANY / ALL (subquery): `test` is called for each row with its columns; three-valued. */
  row(context: ExecContext, test: (row: readonly Value[]) => boolean | null): boolean | null;
  quantified(context: ExecContext, test: (row: readonly Value[]) => boolean | null, isAll: boolean): boolean | null;
  /** Hashed IN: whether there are rows to look among. */
  fillHashed(context: ExecContext): boolean;
  /** Then: keys of the outer side, already canonical. */
  hashed(values: readonly Value[]): boolean | null;
}

/** Work queued by modifying operators for the end of the statement (or the transaction): foreign keys. */
export interface FollowUp {
  readonly constraint: ConstraintEntry;
  add(item: unknown): void;
  readonly hasWork: boolean;
  /** For savepoints: what is queued, and going back to that. */
  save(): readonly unknown[];
  restore(items: readonly unknown[]): void;
  /** True when all items are done; false when it must be polled again (x.isWaiting, or the slice is over). */
  poll(x: ExecContext): boolean;
}

/** What operators ask of the session around them. */
export interface ExecServices {
  schemaName(schemaOid: number): string;
  tableByOid(oid: number): TableRuntime;
  /** Whether checks of this constraint wait until the transaction ends. */
  isDeferred(constraint: ConstraintEntry): boolean;
  /** session_replication_role = replica: rows come from where foreign keys were seen to; here, nothing is asked of them. */
  readonly isReplica: boolean;
  /** Follow-ups of the transaction. */
  readonly deferred: Map<string, FollowUp>;
  /**
   * Runs a statement inside the running one, with a fresh snapshot: rows found or changed, or null when it waits (call again
   * with the same arguments to go on).
   */
  runInternal(x: ExecContext, sql: string, params: readonly Value[], expiry?: ExpiryMode): number | null;
  /** Numbers of the columns that the user may read; null: all. */
  readableColumns(table: RelationEntry): ReadonlySet<number> | null;
  /** The user sees no more of the table than its policies let him. */
  hasHiddenRows(table: RelationEntry): boolean;
  /** Bytes that a sort, or a hash table, may hold in memory (work_mem, hash_mem_multiplier). */
  readonly sortMemoryBytes: number;
  readonly hashMemoryBytes: number;
  readonly temporaryUsage: TemporaryUsage;
  /** Has the running statement polled again. */
  readonly wake: () => void;
}

export class ExecContext {
  readonly engine: StorageEngine;
  /** What the statement needs to be allowed; null: it is the system's own. */
  rights: StatementRights | null = null;
  /** The session's, set when an execution starts. */
  functions!: FunctionContext;
  transaction!: Transaction;
  snapshot!: Snapshot;
  /** Values of $1..$n. */
  params: readonly Value[] = [];
  /** Values set by nested loops and correlated subqueries. */
  readonly execParams: Value[] = [];
  /** The statement's literals, for plans shared by shape; converted on first use by `lifted`. */
  literals: readonly LiftedLiteral[] | null = null;
  /** Converted literals, by slot. */
  readonly lifted: Value[] = [];
  /** Values computed once an execution (invariant subexpressions, IN sets), by slot; undefined = not yet. */
  readonly once: unknown[] = [];
  /** Subqueries of expressions, by slot (see operators/subplan.ts); the execution that owns the context fills it. */
  subplan: (slot: number) => SubplanRunner = () => {
    throw new Error('no subqueries here');
  };
  /**
   * Above 0 while an expression runs a correlated subquery: the end of a time slice does not interrupt it, since the expressions around it are computed
   * again then. Only one that goes on far beyond the slice is interrupted.
   */
  noYieldDepth = 0;
  /** Such a subquery is to let others have their turn, and goes on in another slice. */
  isOverdue = false;
  /** How often a subquery has interrupted the row that asks for it. */
  interruptions = 0;
  /** xid of this statement, 0 until its first write. */
  #xid = 0;
  /** When its snapshot was taken, in microseconds since 2000: what had expired by then is not there. null: nobody has asked yet. */
  snapshotTime: number | null = null;
  /** Set by cancel(), statement_timeout or a lost client; thrown at the next checkpoint. */
  interrupt: Error | null = null;
  /** True after a PENDING that waits for somebody else (a lock), not for the next time slice. */
  isWaiting = false;
  /** The statement calls user-made functions, which may change its rows. */
  callsRoutines = false;
  /** Set by a projection that throws: the rows that it has made. */
  rowsMade = 0;
  /** Rows go to the client as they are made, so an error waits behind those before it (operators/held-error.ts). */
  holdsErrors = true;
  /** Counted by modifying operators for the command tag. */
  processedCount = 0;
  /** Called when the transaction takes row locks or writes: READ COMMITTED may look again. */
  isRepeatableRead = false;
  /** Row ids of the rows that are being modified or locked, by input of rowsFunction, for their ctid; -1: no row (outer joins). */
  readonly rowIds: number[] = [];
  /** Where the scan whose rows are the result may write them. */
  readonly rowTarget = new RowTarget();
  #units = UNITS_PER_CLOCK_LOOK;
  #sliceEnd = 0;
  #isSliceOver = false;
  #overdueMs = OVERDUE_MS_FIRST;
  /** Work for the end of the statement. */
  followUps = new LazyMap<string, FollowUp>();
  services!: ExecServices;
  /** What the statement's operators hold in rows; grow throws 53200 beyond the server's cap. */
  readonly memory: MemoryAccount;

  constructor(engine: StorageEngine, workMemory = new WorkMemory()) {
    this.engine = engine;
    this.memory = new MemoryAccount(workMemory);
  }

  /** Makes the context ready for another statement of its session. */
  begin(
    transaction: Transaction,
    snapshot: Snapshot,
    params: readonly Value[],
    literals: readonly LiftedLiteral[] | null,
    lifted: readonly Value[] | null = null,
  ): void {
    this.transaction = transaction;
    this.snapshot = snapshot;
    this.params = params;
    this.literals = literals;
    this.lifted.length = 0;
    // Not as arguments of one push: lists have hundreds of thousands.
    if (lifted !== null) for (const value of lifted) this.lifted.push(value);
    this.once.length = 0;
    this.#xid = 0;
    this.snapshotTime = null;
    this.noYieldDepth = 0;
    this.interrupt = null;
    this.processedCount = 0;
    this.followUps = new LazyMap();
    this.isWaiting = false;
    this.#overdueMs = OVERDUE_MS_FIRST;
    this.#units = UNITS_PER_CLOCK_LOOK;
    this.#sliceEnd = 0;
    this.engine.pool.beginCounting();
  }

  /** The xid that this statement's versions carry; taken at the first write. */
  xid(): number {
    if (this.#xid === 0) this.#xid = this.engine.transactions.statementXid(this.transaction);
    return this.#xid;
  }

  /** Starts a time slice. */
  startSlice(): void {
    this.#sliceEnd = performance.now() + SLICE_MS;
    this.#isSliceOver = false;
    this.isOverdue = false;
    this.#units = UNITS_PER_CLOCK_LOOK;
  }

  /** After `units` rows of work: true when the slice is over and the operator should answer PENDING. Throws interrupts. */
  shouldYield(units: number): boolean {
    // It stays over: an operator that gave a batch away when it heard so must not be polled again at once.
    if (this.#isSliceOver && this.noYieldDepth === 0) return true;
    this.#units -= units;
    if (this.#units > 0) return false;
    this.#units = UNITS_PER_CLOCK_LOOK;
    if (this.interrupt !== null) throw this.interrupt;
    const late = performance.now() - this.#sliceEnd;
    if (late > 0) this.#isSliceOver = true;
    if (this.noYieldDepth === 0) return this.#isSliceOver;
    // Not for good: what has been called since may not be found again.
    this.isOverdue = late > this.#overdueMs && this.#findsItsPlace();
    return this.isOverdue;
  }

  /** Correlated subqueries go on where they were, when they are asked again, but for those that have called what may have slept, or other functions. */
  #findsItsPlace(): boolean {
    const { seen, called } = this.functions.evaluation;
    return !this.callsRoutines && seen === 0 && called === 0;
  }

  /** An interrupted subquery begins again, or one that had come to its end before. */
  loseGround(): void {
    this.#overdueMs *= 2;
  }

  /** What is computed now has outlasted its slice. */
  get isSliceOver(): boolean {
    return this.#isSliceOver;
  }

  /** A row (or batch) that may have slept is computed; inside a correlated subquery it will be computed again with the row around it. */
  evaluated(): void {
    const { evaluation } = this.functions;
    if (this.noYieldDepth === evaluation.depth) {
      evaluation.seen = 0;
      evaluation.done = 0;
      if (evaluation.calls.length > 0) forgetCalls(evaluation);
    }
  }

  /**
   * A row that had to wait will be computed again, after the rows before it have been given away. False: those must be computed
   * again too, as functions that were called count from the start of what is around a correlated subquery.
   */
  mayGoOn(): boolean {
    const { evaluation } = this.functions;
    if (evaluation.called === 0) return true;
    if (this.noYieldDepth !== evaluation.depth) return false;
    evaluation.seen = 0;
    evaluation.called = 0;
    return true;
  }

  checkInterrupt(): void {
    if (this.interrupt !== null) throw this.interrupt;
  }

  /** Begins to wait for another transaction's end; throws 40P01 when that would close a circle. */
  waitForTransaction(other: Transaction): void {
    this.engine.locks.waitForTransaction(this.transaction, other);
    this.isWaiting = true;
  }

  /** A file for what does not fit in memory. Work that cannot be interrupted does not wait for it either. */
  createTemporaryFile(): TemporaryFile {
    return this.engine.temporaryFiles.create(this.services.temporaryUsage, this.noYieldDepth > 0);
  }

  /** Begins to wait for an operation of the file that is under way: PENDING comes next, and a poll when it has ended. */
  waitForFile(file: TemporaryFile): void {
    file.onProgress(this.services.wake);
    this.isWaiting = true;
  }

  /** False: so much is on its way to the file that the statement must wait (and does). */
  canWrite(file: TemporaryFile): boolean {
    file.check();
    if (!file.isBusy) return true;
    this.waitForFile(file);
    return false;
  }

  stopWaiting(): void {
    this.engine.locks.cancelWait(this.transaction);
    this.isWaiting = false;
  }

  schemaName(schemaOid: number): string {
    return this.services.schemaName(schemaOid);
  }

  tableByOid(oid: number): TableRuntime {
    return this.services.tableByOid(oid);
  }

  queueFollowUp(key: string, constraint: ConstraintEntry, make: () => FollowUp, mayDefer = true): FollowUp {
    const queue = mayDefer && this.services.isDeferred(constraint) ? this.services.deferred : this.followUps;
    let followUp = queue.get(key);
    if (followUp === undefined) {
      followUp = make();
      queue.set(key, followUp);
    }
    return followUp;
  }

  runInternal(sql: string, params: readonly Value[], expiry: ExpiryMode = 'live'): number | null {
    return this.services.runInternal(this, sql, params, expiry);
  }
}

function forgetCalls(evaluation: Evaluation): void {
  // RoutineRun, of executor/routines/.
  for (const run of evaluation.calls) (run as { release(): void }).release();
  evaluation.calls.length = 0;
  evaluation.called = 0;
}

/** What cancel() sets. */
export function queryCanceled(reason: 'user request' | 'statement timeout'): Error {
  return sqlError('57014', `canceling statement due to ${reason}`);
}

/** What pg_terminate_backend and a server that stops tell the client. */
export function sessionTerminated(): SqlError {
  return new SqlError('57P01', 'terminating connection due to administrator command', {}, 'FATAL');
}
