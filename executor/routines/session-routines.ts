/**
 * Calls of user-made functions in a session's expressions.
 *
 * An expression that must wait throws, and is computed again from the start of its row (or batch). What calls in it have done
 * is not done again: the evaluation around them keeps a list of the calls that it has met, and they are met again in the same
 * order.
 *
 *      first time    f(1) done    f(2) done    f(3) waits, throws
 *      second time   f(1) known   f(2) known   f(3) goes on           f(4) ...
 *
 * ExecContext.evaluated() empties the list when a row (or batch) has been computed.
 */
import type { ColumnDefinition, QueryRows, RoutineCall, RoutineRunner, Value } from '../../catalog/function-entry.ts';
import { sqlError } from '../../types/errors.ts';
import type { SqlRecord } from '../../types/index.ts';
import type { ExecContext } from '../context.ts';
import { SLICE_MS } from '../context.ts';
import { WAIT_SIGNAL, YIELD_SIGNAL } from '../operators/operator.ts';
import type { Session } from '../session.ts';
import type { SessionFunctions } from '../session-functions.ts';
import { CursorRun } from './cursor-run.ts';
import { checkQuery, columnsOfFields, columnsOfQuery, columnsOfRows, queryCall, systemCall } from './query-call.ts';
import { RoutineRun } from './run.ts';

/** Calls within calls: some three kilobytes of stack each, of the megabyte that there is. PostgreSQL has room for some more (max_stack_depth). */
const DEPTH_MAX = 400;
/** Calls are remembered where nobody says that a row has been computed, but not for ever. */
const CALLS_MAX = 10_000;

/** A call that may wait, and is met again. */
interface Run {
  readonly call: unknown;
  readonly args: readonly Value[];
  readonly isDone: boolean;
  readonly rows: readonly Value[];
  /** Runs to the end, or throws to wait. */
  proceed(mayYield: boolean): void;
  /** Nobody asks for its rows again. */
  release(): void;
  close(): void;
}

export class SessionRoutines implements RoutineRunner {
  readonly #session: Session;
  readonly #functions: SessionFunctions;
  #depth = 0;
  #polls = -1;
  #sliceEnd = 0;
  /** The statement that is running; null: an expression of a definition, or of COPY. */
  running: ExecContext | null = null;
  /** Counts the polls of statements: a time slice begins with each. */
  polls = 0;

  constructor(session: Session, functions: SessionFunctions) {
    this.#session = session;
    this.#functions = functions;
  }

  value(call: RoutineCall, args: readonly Value[]): Value {
    const { rows } = this.#run(call, args);
    return rows.length > 0 ? rows[0] : null;
  }

  rows(call: RoutineCall, args: readonly Value[]): readonly Value[] {
    return this.#run(call, args).rows;
  }

  query(text: string, columnTypes: readonly number[], mismatch: () => Error): readonly (readonly Value[])[] {
    const call = queryCall(text);
    checkQuery(this.#session, call, columnTypes, mismatch);
    return this.#run(call, []).rows.map((row) => (row as SqlRecord).values);
  }

  statement(
    text: string,
    types: readonly number[],
    args: readonly Value[],
    sees: 'now' | 'statement' = 'now',
  ): readonly (readonly Value[])[] {
    return this.#run(systemCall(text, types, sees === 'now' ? 'volatile' : 'stable'), args).rows.map(
      (row) => (row as SqlRecord).values,
    );
  }

  once<T>(key: object, action: () => T): T {
    const { calls } = this.#functions.evaluation;
    const index = this.#functions.evaluation.called++;
    const known = calls[index];
    if (known instanceof DoneOnce && known.call === key) return known.result as T;
    for (const stale of calls.splice(index)) (stale as Run).close();
    const result = action();
    calls.push(new DoneOnce(key, result));
    return result;
  }

  queryRows(text: string): QueryRows {
    const call = queryCall(text);
    const columns = columnsOfRows(this.#session, call);
    return { columns, rows: this.#run(call, []).rows.map((row) => (row as SqlRecord).values) };
  }

  queryColumns(text: string): readonly ColumnDefinition[] {
    return columnsOfQuery(this.#session, queryCall(text));
  }

  cursorRows(name: string, count: number): QueryRows {
    const columns = this.cursorColumns(name);
    const make = () => new CursorRun(this.#session, name, count);
    return { columns, rows: this.#proceed(`cursor ${name}`, [count], make, null).rows };
  }

  cursorColumns(name: string): readonly ColumnDefinition[] {
    return columnsOfFields(this.#session.cursors.get(name).portal.statement.fields ?? []);
  }

  #run(call: RoutineCall, args: readonly Value[]): RoutineRun {
    const make = () =>
      new RoutineRun(this.#session, call, args, this.running?.snapshot ?? null, this.running?.memory ?? null);
    return this.#proceed(call, args, make, call);
  }

  /** The run at this place of the evaluation: found again, or made; `entered`: a routine whose settings hold meanwhile. */
  #proceed<R extends Run>(call: unknown, args: readonly Value[], make: () => R, entered: RoutineCall | null): R {
    const { calls } = this.#functions.evaluation;
    const index = this.#functions.evaluation.called++;
    const known = calls[index] as R | undefined;
    let run: R;
    if (known !== undefined && known.call === call && sameArguments(known.args, args)) {
      if (known.isDone) return known;
      run = known;
    } else {
      for (const stale of calls.splice(index)) (stale as Run).close();
      if (index >= CALLS_MAX) {
        for (const run of calls) (run as Run).release();
        calls.length = 0;
        this.#functions.evaluation.called = 1;
      }
      if (this.#session.transaction.txn?.isWaiting !== true) this.#checkSlice();
      run = make();
      calls.push(run);
    }
    // An operator that had rows to give away asks again before the time has come.
    if (this.#session.transaction.txn?.isWaiting === true) throw WAIT_SIGNAL;
    if (this.#depth >= DEPTH_MAX) throw tooDeep();
    this.#depth++;
    const restore = entered === null ? null : this.#enter(entered);
    try {
      run.proceed(this.running !== null);
    } catch (error) {
      if (error instanceof RangeError) throw tooDeep();
      throw error;
    } finally {
      restore?.();
      this.#depth--;
    }
    return run;
  }

  /** A statement whose calls are many and short gives others a turn between two of them. */
  #checkSlice(): void {
    if (this.running === null) return;
    if (this.#polls !== this.polls) {
      this.#polls = this.polls;
      this.#sliceEnd = performance.now() + SLICE_MS;
    } else if (performance.now() > this.#sliceEnd) {
      this.#functions.evaluation.called--;
      throw YIELD_SIGNAL;
    }
  }

  /** SECURITY DEFINER and SET hold while the function runs. */
  #enter({ routine }: RoutineCall): (() => void) | null {
    if (!routine.securityDefiner && routine.settings.length === 0) return null;
    const session = this.#session;
    const { settings, role } = session;
    const { definer } = role;
    const mark = settings.mark();
    for (const setting of routine.settings) {
      const at = setting.indexOf('=');
      const name = setting.slice(0, at);
      settings.set(name, setting.slice(at + 1), { isLocal: true, isSuperuser: role.maySet(name) });
    }
    if (routine.securityDefiner) {
      role.definer = session.sharedCatalog.role(routine.owner)?.name ?? definer;
      session.forgetSearchPath();
    }
    return () => {
      if (routine.settings.length > 0) settings.rollbackTo(mark);
      role.definer = definer;
      session.forgetSearchPath();
    };
  }

  /** A statement ended, however. */
  endStatement(): void {
    const { evaluation } = this.#functions;
    for (const run of evaluation.calls) (run as Run).close();
    evaluation.calls.length = 0;
    evaluation.called = 0;
    this.running = null;
    this.#depth = 0;
    this.#session.role.definer = null;
  }
}

/** Among the calls that have been met: what was done, and is not to be done again. */
class DoneOnce {
  readonly call: object;
  readonly result: unknown;
  readonly args: readonly Value[] = [];

  constructor(call: object, result: unknown) {
    this.call = call;
    this.result = result;
  }

  release(): void {}

  close(): void {}
}

function sameArguments(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, i) => sameValue(value, b[i]));
}

/** Arguments that were computed twice are other objects of the same content, as far as it can be seen from outside (not of jsonb). */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  const keys = Object.keys(a);
  return keys.every((key) => sameValue((a as Fields)[key], (b as Fields)[key]));
}

type Fields = Readonly<Record<string, unknown>>;

function tooDeep(): Error {
  return sqlError('54001', 'stack depth limit exceeded', {
    hint: `Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.`,
  });
}
