/**
 * What is computed of a window's rows: keys of the partitions and of the order, then each call's arguments and the condition of its FILTER.
 *
 * A call asks for arguments of some rows only: lag() for none of the last row, an aggregate for none outside of its frames. Whole batches
 * are computed as they come all the same, since that is cheaper and nobody sees it; but
 *  - a batch in which something fails is left for LATER: each value is computed, and fails, where a call asks for it;
 *  - so is what nobody may compute for nothing: calls with effects, and what may have to wait.
 *
 * After: PostgreSQL, WinGetFuncArgInPartition, advance_windowaggregate (nodeWindowAgg.c).
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr, WindowCall } from '../../planner/expr.ts';
import type { WindowPlan } from '../../planner/plan.ts';
import { isVolatile } from '../../planner/traverse.ts';
import { SqlError } from '../../types/errors.ts';
import { Batch } from '../batch.ts';
import {
  type ProjectFunction,
  projectFunction,
  type RowValueFunction,
  rowValueFunction,
} from '../compile/batch-program.ts';
import { mayWait } from '../compile/may-wait.ts';
import type { ExecContext } from '../context.ts';
import type { Program } from '../program.ts';
import type { RowStore } from './operator.ts';

/** Stands for a value that is computed when it is asked for. */
export const LATER: unique symbol = Symbol('computed when it is asked for');

/** Errors of the server, not of values: interrupts, resources. */
const NOT_OF_VALUES = /^(5|XX)/;

/** A column of arguments that is not computed with its batch. */
interface LateColumn {
  readonly expr: Expr;
  /** Made when the first value is asked for. */
  compute: RowValueFunction | null;
  /** Computed anew for each call that asks, but kept until that call has all that it asks for. */
  readonly isVolatile: boolean;
  keptAt: number;
  kept: Value;
}

export class WindowColumns {
  readonly width: number;
  /** First column of each call. */
  readonly starts: readonly number[];
  /** Calls of which something has effects: no value of theirs may be asked for twice. */
  readonly volatileCalls: readonly boolean[];
  /** Some values are LATER. */
  isLate: boolean;
  readonly #program: Program;
  readonly #plan: WindowPlan;
  readonly #batch: Batch;
  readonly #keys: readonly Expr[];
  readonly #late: readonly LateColumn[];
  /** Columns that are computed with their batch: all keys come first. */
  readonly #early: readonly number[];
  readonly #earlyOut: Value[][];
  readonly #compute: ProjectFunction;
  readonly #hasAlwaysLate: boolean;

  constructor(plan: WindowPlan, program: Program) {
    const { calls, input, partitionBy, orderBy } = plan;
    this.#program = program;
    this.#plan = plan;
    this.#keys = [...partitionBy, ...orderBy.map((key) => key.expr)];
    const exprs = [...this.#keys];
    const starts: number[] = [];
    for (const { args, filter } of calls) {
      starts.push(exprs.length);
      exprs.push(...args);
      if (filter !== null) exprs.push(filter);
    }
    this.starts = starts;
    this.volatileCalls = calls.map(({ args, filter }) => [...args, filter].some((e) => e !== null && isVolatile(e)));
    this.width = exprs.length;
    this.#batch = new Batch(this.width);
    this.#late = exprs.map((expr) => ({ expr, compute: null, isVolatile: isVolatile(expr), keptAt: -1, kept: null }));
    this.#early = exprs.flatMap((expr, c) => (c < this.#keys.length || !isAlwaysLate(expr) ? [c] : []));
    this.#earlyOut = this.#early.map((c) => this.#batch.columns[c]);
    this.#hasAlwaysLate = this.#early.length < this.width;
    this.isLate = this.#hasAlwaysLate;
    const filtered = [...this.#keys, ...calls.flatMap(filteredArguments)];
    const early = this.#early.map((c) => filtered[c]);
    this.#compute = program.memo(plan, 'columns', () => projectFunction(program.slots, input.output, null, early));
  }

  open(): void {
    this.isLate = this.#hasAlwaysLate;
    this.forgetKept();
  }

  /** The columns of a batch. What fails in its keys is thrown. */
  of(x: ExecContext, { columns, count }: Batch): Batch {
    const batch = this.#batch;
    batch.count = count;
    if (this.#hasAlwaysLate) {
      for (const [c, column] of batch.columns.entries())
        if (!this.#early.includes(c)) leave(column, column.length, count);
    }
    try {
      this.#compute(x, columns, count, this.#earlyOut);
    } catch (error) {
      if (!(error instanceof SqlError) || NOT_OF_VALUES.test(error.code)) throw error;
      this.#keysOnly()(x, columns, count, batch.columns);
      for (let c = this.#keys.length; c < this.width; c++) leave(batch.columns[c], 0, count);
      this.isLate = true;
    }
    return batch;
  }

  #keysOnly(): ProjectFunction {
    const { slots } = this.#program;
    const make = () => projectFunction(slots, this.#plan.input.output, null, this.#keys);
    return this.#program.memo(this.#plan, 'keys', make);
  }

  /**
   * A value that was LATER: of row `at` of the stores. Throws to wait; what was called for other values that the call has asked
   * for is not called again then.
   */
  value(x: ExecContext, rows: RowStore, values: RowStore, column: number, at: number): Value {
    const late = this.#late[column];
    if (late.keptAt === at) return late.kept;
    late.compute ??= this.#program.memo(late.expr, 'late', () =>
      rowValueFunction(this.#program.slots, this.#plan.input.output, late.expr),
    );
    const { evaluation } = x.functions;
    const before = evaluation.called;
    const value = late.compute(x, rows.columns, at);
    if (evaluation.called !== before) {
      evaluation.calls.length = before;
      evaluation.called = before;
    }
    x.evaluated();
    if (late.isVolatile) {
      late.keptAt = at;
      late.kept = value;
    } else values.columns[column][at] = value;
    return value;
  }

  /** A call has what it has asked for. */
  forgetKept(): void {
    for (const late of this.#late) late.keptAt = -1;
  }
}

function leave(column: Value[], start: number, end: number): void {
  for (let i = start; i < end; i++) column[i] = LATER;
}

function isAlwaysLate(expr: Expr): boolean {
  return isVolatile(expr) || mayWait([expr]);
}

/** A call's arguments, which are not computed for rows that FILTER leaves out, and the condition of that. */
function filteredArguments({ args, filter }: WindowCall): readonly Expr[] {
  if (filter === null) return args;
  const ofRow = args.map((arg): Expr => {
    if (arg.kind === 'column' || arg.kind === 'const') return arg;
    const { typeOid, typeModifier } = arg;
    // biome-ignore lint/suspicious/noThenProperty: the contract's name; nobody awaits an expression
    const branches = [{ when: filter, then: arg }];
    return { kind: 'case', subject: null, branches, otherwise: null, typeOid, typeModifier };
  });
  return [...ofRow, filter];
}
