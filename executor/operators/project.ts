/** Filter and projection; LIMIT and OFFSET; appending. */
import type { Value } from '../../catalog/function-entry.ts';
import type { AppendPlan, LimitPlan, ProjectPlan, SubqueryScanPlan } from '../../planner/plan.ts';
import { sqlError } from '../../types/errors.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import {
  type ProjectFunction,
  projectFunction,
  type RowValuesFunction,
  rowValuesFunction,
  type ScalarFunctionOfContext,
  scalarFunction,
} from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { rowComparator } from './accumulators.ts';
import { HeldError } from './held-error.ts';
import type { Operator } from './operator.ts';

export class ProjectOperator implements Operator {
  readonly #input: Operator;
  readonly #project: ProjectFunction;
  readonly #out: Batch;
  readonly #error = new HeldError();

  constructor(plan: ProjectPlan | SubqueryScanPlan, execution: Execution) {
    this.#input = execution.build(plan.input);
    this.#out = new Batch(plan.targets.length);
    const { program } = execution;
    this.#project = program.memo(plan, 'project', () =>
      projectFunction(program.slots, plan.input.output, plan.filter, plan.targets),
    );
  }

  limitTo(rows: number): void {
    this.#input.limitTo?.(rows);
  }

  open(x: ExecContext): void {
    this.#pending = null;
    this.#error.forget();
    this.#input.open(x);
  }

  /** A batch whose projection was interrupted by a missing page: done again. */
  #pending: Batch | null = null;

  poll(x: ExecContext): Batch {
    this.#error.meet();
    for (;;) {
      const batch = this.#pending ?? this.#input.poll(x);
      if (batch === END || batch === PENDING) return batch;
      this.#pending = batch;
      this.#error.project(x, this.#project, batch.columns, batch.count, this.#out);
      this.#pending = null;
      if (this.#out.count > 0) return this.#out;
      if (x.shouldYield(batch.count)) return PENDING;
    }
  }

  close(x: ExecContext): void {
    this.#input.close(x);
  }
}

/**
 * The same where user-made functions are called, volatile ones above ORDER BY, or subqueries for each row: row by row, so that what has to wait begins again with
 * one row only, and rows are not computed that nobody asks for.
 */
export class RowProjectOperator implements Operator {
  readonly #input: Operator;
  readonly #project: ProjectFunction;
  readonly #out: Batch;
  /** One row of the input, and what becomes of it. */
  readonly #row: Value[][];
  readonly #made: Value[][];
  #batch: Batch | null = null;
  #next = 0;
  /** Rows in `out` from before one had to wait. */
  #count = 0;
  #batchSize = BATCH_SIZE;
  readonly #error = new HeldError();

  constructor(plan: ProjectPlan | SubqueryScanPlan, execution: Execution) {
    this.#input = execution.build(plan.input);
    this.#out = new Batch(plan.targets.length);
    this.#row = plan.input.output.map(() => []);
    this.#made = plan.targets.map(() => []);
    const { program } = execution;
    this.#project = program.memo(plan, 'project', () =>
      projectFunction(program.slots, plan.input.output, plan.filter, plan.targets),
    );
  }

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
    this.#input.limitTo?.(rows);
  }

  open(x: ExecContext): void {
    this.#batch = null;
    this.#count = 0;
    this.#error.forget();
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    const out = this.#out;
    while (this.#count < this.#batchSize) {
      if (this.#batch === null || this.#next >= this.#batch.count) {
        if (this.#count > 0) break;
        this.#batch = null;
        const batch = this.#input.poll(x);
        if (batch === END || batch === PENDING) return batch;
        this.#batch = batch;
        this.#next = 0;
      }
      try {
        this.#projectRow(x, this.#batch);
      } catch (error) {
        this.#error.hold(x, error, this.#count);
        break;
      }
      if (x.shouldYield(1) && this.#count === 0) return PENDING;
    }
    out.count = this.#count;
    this.#count = 0;
    return out;
  }

  #projectRow(x: ExecContext, { columns }: Batch): void {
    for (let c = 0; c < this.#row.length; c++) this.#row[c][0] = columns[c][this.#next];
    const made = this.#project(x, this.#row, 1, this.#made);
    this.#next++;
    if (made === 0) return;
    for (let c = 0; c < this.#made.length; c++) this.#out.columns[c][this.#count] = this.#made[c][0];
    this.#count++;
  }

  close(x: ExecContext): void {
    this.#input.close(x);
  }
}

export class LimitOperator implements Operator {
  readonly #input: Operator;
  readonly #count: ScalarFunctionOfContext | null;
  readonly #offset: ScalarFunctionOfContext | null;
  readonly #tiesKeys: LimitPlan['tiesKeys'];
  readonly #keyValues: RowValuesFunction | null;
  readonly #out: Batch;
  #left = Infinity;
  #skip = 0;
  #lastKeys: Value[] | null = null;
  #isDone = false;
  /** Rows that an outer limit wants at once. */
  #wanted = Infinity;
  /** Its rows are the result, and the scan below may write them to the client. */
  readonly #isSent: boolean;

  constructor(plan: LimitPlan, execution: Execution) {
    const { program } = execution;
    const { count, offset, tiesKeys } = plan;
    this.#input = execution.build(plan.input);
    this.#isSent = program.sentLimits.includes(plan);
    this.#count = count === null ? null : program.memo(count, 'scalar', () => scalarFunction(program.slots, count));
    this.#offset = offset === null ? null : program.memo(offset, 'scalar', () => scalarFunction(program.slots, offset));
    this.#tiesKeys = tiesKeys;
    this.#keyValues =
      tiesKeys === null
        ? null
        : program.memo(tiesKeys, 'keys', () =>
            rowValuesFunction(
              program.slots,
              plan.input.output,
              tiesKeys.map((k) => k.expr),
            ),
          );
    this.#out = new Batch(plan.output.length);
  }

  limitTo(rows: number): void {
    this.#wanted = rows;
    this.#limitInput();
  }

  #limitInput(): void {
    const rows = Math.min(this.#left, this.#wanted) + this.#skip;
    this.#input.limitTo?.(this.#tiesKeys === null ? Math.max(1, rows) : 1);
  }

  open(x: ExecContext): void {
    const count = this.#count?.(x) ?? null;
    const offset = this.#offset?.(x) ?? null;
    if (count !== null && count < 0) throw sqlError('2201W', 'LIMIT must not be negative');
    if (offset !== null && offset < 0) throw sqlError('2201X', 'OFFSET must not be negative');
    this.#left = count === null ? Infinity : Number(count);
    this.#skip = offset === null ? 0 : Number(offset);
    this.#isDone = this.#left === 0;
    this.#lastKeys = null;
    this.#limitInput();
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    while (!this.#isDone) {
      const batch = this.#isSent ? this.#pollSent(x) : this.#input.poll(x);
      if (batch === END) {
        this.#isDone = true;
        break;
      }
      if (batch === PENDING) return PENDING;
      if (batch.isEncoded) {
        this.#left -= batch.count;
        this.#isDone = this.#left === 0;
        return batch;
      }
      const out = this.#take(x, batch);
      if (out !== null) return out;
    }
    return END;
  }

  /** What is written cannot be taken back: no more than is left, and nothing while rows are passed over. */
  #pollSent(x: ExecContext): Batch {
    const target = x.rowTarget;
    const { form, rowsMax } = target;
    try {
      if (this.#skip > 0) target.form = null;
      target.rowsMax = Math.min(rowsMax, this.#left);
      return this.#input.poll(x);
    } finally {
      target.form = form;
      target.rowsMax = rowsMax;
    }
  }

  #take(x: ExecContext, batch: Batch): Batch | null {
    let from = 0;
    if (this.#skip > 0) {
      from = Math.min(this.#skip, batch.count);
      this.#skip -= from;
      if (from === batch.count) return null;
    }
    let until = Math.min(batch.count, from + this.#left);
    this.#left -= until - from;
    if (this.#left === 0) {
      if (this.#tiesKeys === null) this.#isDone = true;
      else until = this.#withTies(x, batch, from, until);
    }
    if (from === 0 && until === batch.count) return batch;
    const out = this.#out;
    for (let c = 0; c < out.columns.length; c++) {
      for (let i = from; i < until; i++) out.columns[c][i - from] = batch.columns[c][i];
    }
    out.count = until - from;
    return out.count > 0 ? out : null;
  }

  /** Goes on while rows tie with the last one that counted. */
  #withTies(x: ExecContext, batch: Batch, from: number, until: number): number {
    const keys = this.#tiesKeys as NonNullable<LimitPlan['tiesKeys']>;
    const valuesOf = this.#keyValues as RowValuesFunction;
    if (this.#lastKeys === null && until > from) {
      this.#lastKeys = [];
      valuesOf(x, batch.columns, until - 1, this.#lastKeys);
    }
    const compare = rowComparator(keys, (row: readonly Value[], k) => row[k]);
    const current: Value[] = [];
    while (until < batch.count) {
      valuesOf(x, batch.columns, until, current);
      if (compare(current, this.#lastKeys as Value[]) !== 0) {
        this.#isDone = true;
        break;
      }
      until++;
    }
    return until;
  }

  close(x: ExecContext): void {
    this.#input.close(x);
  }
}

export class AppendOperator implements Operator {
  readonly #inputs: readonly Operator[];
  #current = 0;

  constructor(plan: AppendPlan, execution: Execution) {
    this.#inputs = plan.inputs.map((p) => execution.build(p));
  }

  limitTo(rows: number): void {
    for (const input of this.#inputs) input.limitTo?.(rows);
  }

  open(x: ExecContext): void {
    this.#current = 0;
    if (this.#inputs.length > 0) this.#inputs[0].open(x);
  }

  poll(x: ExecContext): Batch {
    while (this.#current < this.#inputs.length) {
      const batch = this.#inputs[this.#current].poll(x);
      if (batch !== END) return batch;
      this.#inputs[this.#current].close(x);
      this.#current++;
      if (this.#current < this.#inputs.length) this.#inputs[this.#current].open(x);
    }
    return END;
  }

  close(x: ExecContext): void {
    if (this.#current < this.#inputs.length) this.#inputs[this.#current].close(x);
  }
}
