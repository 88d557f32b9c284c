/**
 * One call of a user-made function on its way: its statements one after the other, each a portal of its own.
 *
 * A statement that must wait throws out of the expression that the call is in; the expression is computed again later, the
 * call is found again (session-routines.ts), and goes on where it was.
 */
import type { Evaluation, RoutineCall, Value } from '../../catalog/function-entry.ts';
import { withFunction } from '../../catalog/functions/routine-errors.ts';
import type { Snapshot } from '../../storage/api.ts';
import { SqlError } from '../../types/errors.ts';
import { OID } from '../../types/index.ts';
import type { Batch } from '../batch.ts';
import { batchBytes, Holding, type MemoryAccount } from '../memory-account.ts';
import { WAIT_SIGNAL, YIELD_SIGNAL } from '../operators/operator.ts';
import { PORTAL_PENDING, Portal } from '../portal.ts';
import type { Session, Task } from '../session.ts';
import { runUtility } from '../utility.ts';
import { type BodyStatement, bodyOf, type ResultMaker, resultMaker } from './body.ts';

export class RoutineRun {
  readonly call: RoutineCall;
  readonly args: readonly Value[];
  readonly #session: Session;
  /** Of a function that is not volatile: what its caller sees; null: each statement sees what there is. */
  readonly #snapshot: Snapshot | null;
  readonly #body: readonly BodyStatement[];
  readonly #evaluation: Evaluation = { seen: 0, done: 0, depth: 0, calls: [], called: 0 };
  #next = 0;
  #portal: Portal | null = null;
  #utility: Task<string | null> | null = null;
  isDone = false;
  readonly rows: Value[] = [];
  /** Of the statement that calls it; null: none runs. */
  readonly #account: MemoryAccount | null;
  readonly #held = new Holding('rows of a function');

  constructor(
    session: Session,
    call: RoutineCall,
    args: readonly Value[],
    snapshot: Snapshot | null,
    account: MemoryAccount | null,
  ) {
    this.#account = account;
    this.#session = session;
    this.call = call;
    this.args = args;
    this.#snapshot = call.routine.volatility === 'volatile' ? null : snapshot;
    this.#body = bodyOf(call);
  }

  /** Runs to the end, or throws to wait. `mayYield`: other sessions get a turn between time slices. */
  proceed(mayYield: boolean): void {
    const { functions } = this.#session;
    const around = functions.evaluation;
    functions.evaluation = this.#evaluation;
    try {
      for (; this.#next < this.#body.length; this.#next++) this.#statement(this.#body[this.#next], mayYield);
      this.isDone = true;
    } catch (error) {
      throw error instanceof SqlError ? this.#placed(error) : error;
    } finally {
      functions.evaluation = around;
    }
  }

  /** The error with its CONTEXT, the functions around it from within; a place in the body is none in the statement. */
  #placed(error: SqlError): SqlError {
    const { routine, returnType } = this.call;
    const isStarted = this.#utility !== null || (this.#portal !== null && this.#portal.execution !== null);
    // PostgreSQL looks first whether a function of this form can be inlined.
    const mayInline = this.#body.length === 1 && !routine.returnsSet && returnType !== OID.RECORD;
    const when = isStarted ? `statement ${this.#next + 1}` : mayInline ? 'during inlining' : 'during startup';
    return withFunction(error, routine, when);
  }

  #statement(statement: BodyStatement, mayYield: boolean): void {
    if (statement.prepared.isPlanned) this.#planned(statement, mayYield);
    else this.#runUtility(statement);
  }

  #planned(statement: BodyStatement, mayYield: boolean): void {
    this.#portal ??= this.#open(statement);
    const { call } = this;
    // Nobody asks for a second row of what is no set.
    const isOne = statement.isLast && !call.routine.returnsSet && statement.prepared.node?.kind === 'query';
    while (this.#portal.run(isOne ? 1 : 0) === PORTAL_PENDING) {
      if (this.#session.isWaitingForLock || this.#portal.execution?.context.isWaiting === true) throw WAIT_SIGNAL;
      if (mayYield) throw YIELD_SIGNAL;
    }
    const portal = this.#portal;
    this.#portal = null;
    portal.close();
    this.#evaluation.calls.length = 0;
  }

  #open({ prepared, isLast }: BodyStatement): Portal {
    const portal = new Portal(this.#session, '', prepared, this.args, null, []);
    portal.isNested = true;
    portal.sharedSnapshot = this.#snapshot;
    let make: ResultMaker | null = null;
    const isWanted = isLast && this.call.returnType !== OID.VOID;
    portal.onBatch = (batch: Batch, from: number, to: number): void => {
      if (!isWanted) return;
      // Not before: what it answers is known when it has been planned for this session.
      make ??= resultMaker(this.call, prepared);
      if (this.#account !== null && this.call.routine.returnsSet) {
        this.#held.add(this.#account, Math.ceil((batchBytes(batch) * (to - from)) / Math.max(batch.count, 1)));
      }
      for (let i = from; i < to; i++) this.rows.push(make(batch.columns.map((column) => column[i])));
    };
    return portal;
  }

  #runUtility({ prepared }: BodyStatement): void {
    this.#utility ??= runUtility(this.#session, prepared, [], false, this.args);
    const step = this.#utility.next();
    if (step.done !== true) throw WAIT_SIGNAL;
    this.#utility = null;
  }

  /** Nobody asks for its rows again. */
  release(): void {
    if (this.#account !== null) this.#held.clear(this.#account);
  }

  /** Gives back what a call that will not go on holds. */
  close(): void {
    this.release();
    this.#portal?.close();
    this.#portal = null;
    this.#utility?.return(null);
    this.#utility = null;
    for (const inner of this.#evaluation.calls) (inner as { close(): void }).close();
    this.#evaluation.calls.length = 0;
  }
}
