/** Rows that functions give: in FROM, and in a select list (ProjectSet). */
import type { ScalarFunction, Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import type { FunctionScanPlan, ProjectSetPlan } from '../../planner/plan.ts';
import { isVolatile } from '../../planner/traverse.ts';
import { SqlRecord } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import {
  type ProjectFunction,
  projectFunction,
  type RowValuesFunction,
  rowValuesFunction,
} from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { HeldError } from './held-error.ts';
import type { Operator } from './operator.ts';

const NO_COLUMNS: Value[][] = [];

/** Rows of an iterator, filtered and projected. */
export abstract class IteratorOperator implements Operator {
  readonly #project: ProjectFunction;
  readonly #raw: Batch;
  readonly #out: Batch;
  #iterator: Iterator<readonly Value[]> | null = null;
  readonly #error = new HeldError();

  constructor(
    execution: Execution,
    plan: { filter: Expr | null; targets: readonly Expr[] },
    types: readonly { typeOid: number }[],
  ) {
    this.#raw = new Batch(types.length);
    this.#out = new Batch(plan.targets.length);
    this.#project = execution.program.memo(plan, 'project', () =>
      projectFunction(execution.program.slots, types, plan.filter, plan.targets),
    );
  }

  protected abstract rows(x: ExecContext): Iterator<readonly Value[]>;

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  open(_x: ExecContext): void {
    this.#iterator = null;
    this.#raw.count = 0;
    this.#error.forget();
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    this.#iterator ??= this.rows(x);
    const raw = this.#raw;
    for (;;) {
      // Above 0: what is computed of rows that were taken had to wait.
      const n = this.#fill(raw);
      if (n === 0) return END;
      raw.count = n;
      this.#error.project(x, this.#project, raw.columns, n, this.#out);
      raw.count = 0;
      if (this.#out.count > 0) return this.#out;
      if (x.shouldYield(n)) return PENDING;
    }
  }

  /** Takes rows until the batch is full; answers how many it has. */
  #fill(raw: Batch): number {
    const iterator = this.#iterator as Iterator<readonly Value[]>;
    if (iterator instanceof SingleValues) return iterator.fill(raw.columns[0], raw.count, this.#batchSize);
    if (iterator instanceof SingleRow) return iterator.fill(raw.columns, raw.count, this.#batchSize);
    let n = raw.count;
    while (n < this.#batchSize) {
      const next = iterator.next();
      if (next.done === true) break;
      for (let c = 0; c < raw.columns.length; c++) raw.columns[c][n] = next.value[c] ?? null;
      n++;
    }
    return n;
  }

  close(): void {
    this.#iterator?.return?.();
    this.#iterator = null;
  }
}

/** Rows of one column, from a set of values: no array is made for a row where all that is wanted are values in a column. */
class SingleValues implements Iterator<readonly Value[]> {
  readonly #values: Iterator<Value> | null;
  /** Or they are all there. */
  readonly #all: readonly Value[];
  #next = 0;

  constructor(values: Iterable<Value>) {
    this.#all = Array.isArray(values) ? values : [];
    this.#values = Array.isArray(values) ? null : values[Symbol.iterator]();
  }

  fill(column: Value[], from: number, to: number): number {
    let n = from;
    if (this.#values === null) {
      const all = this.#all;
      let next = this.#next;
      while (n < to && next < all.length) column[n++] = singleValue(all[next++]);
      this.#next = next;
      return n;
    }
    while (n < to) {
      const { done, value } = this.#values.next();
      if (done === true) break;
      column[n++] = singleValue(value);
    }
    return n;
  }

  next(): IteratorResult<readonly Value[]> {
    const row: Value[] = [];
    return this.fill(row, 0, 1) === 0 ? { done: true, value: undefined } : { done: false, value: row };
  }

  return(): IteratorResult<readonly Value[]> {
    this.#values?.return?.();
    return { done: true, value: undefined };
  }
}

/** One row. */
class SingleRow implements Iterator<readonly Value[]> {
  #row: readonly Value[] | null;

  constructor(row: readonly Value[]) {
    this.#row = row;
  }

  fill(columns: readonly Value[][], from: number, to: number): number {
    const row = this.#row;
    if (row === null || from >= to) return from;
    for (let c = 0; c < columns.length; c++) columns[c][from] = row[c] ?? null;
    this.#row = null;
    return from + 1;
  }

  next(): IteratorResult<readonly Value[]> {
    const row = this.#row;
    this.#row = null;
    return row === null ? { done: true, value: undefined } : { done: false, value: row };
  }
}

function singleValue(value: Value): Value {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** Calls a set-returning (or plain) function: answers its rows, each an array of column values. */
function callSetFunction(
  fn: ScalarFunction,
  implementation: ScalarFunction['implementation'],
  x: ExecContext,
  args: readonly Value[],
  width: number,
  isComposite = false,
): Iterator<readonly Value[]> {
  if (fn.strict && args.some((a) => a === null)) {
    return fn.returnsSet ? NO_ROWS[Symbol.iterator]() : new SingleRow(new Array<Value>(width).fill(null));
  }
  // Not when the first row is asked for: the call may have to wait, and a generator that throws is at its end.
  const result = fn.needsContext ? implementation(x.functions, ...args) : implementation(...args);
  if (fn.returnsSet && width === 1 && !isComposite && result !== null) return new SingleValues(result);
  const asColumns = isComposite ? fieldsOf : valuesOf;
  if (!fn.returnsSet) return new SingleRow(asColumns(result, width));
  return result === null ? NO_ROWS[Symbol.iterator]() : rowsOf(result as Iterable<Value>, asColumns, width);
}

const NO_ROWS: readonly (readonly Value[])[] = [];

function* rowsOf(
  rows: Iterable<Value>,
  asColumns: (row: Value, width: number) => readonly Value[],
  width: number,
): Generator<readonly Value[]> {
  for (const row of rows) yield asColumns(row, width);
}

/** A row value in FROM: its fields are the columns. */
function fieldsOf(value: Value, width: number): readonly Value[] {
  return value instanceof SqlRecord
    ? value.values
    : value === null
      ? new Array(width).fill(null)
      : valuesOf(value, width);
}

function valuesOf(value: Value, width: number): readonly Value[] {
  if (width === 1) return [Array.isArray(value) ? value[0] : value];
  if (value === null) return new Array(width).fill(null);
  if (value instanceof SqlRecord) return value.values;
  return value as readonly Value[];
}

/** Functions in FROM. */
export class FunctionScanOperator extends IteratorOperator {
  readonly #plan: FunctionScanPlan;
  readonly #args: readonly RowValuesFunction[];
  readonly #implementations: readonly ScalarFunction['implementation'][];

  constructor(plan: FunctionScanPlan, execution: Execution) {
    const types = plan.functions.flatMap((f) => f.columnTypes.map((typeOid) => ({ typeOid })));
    if (plan.withOrdinality) types.push({ typeOid: 20 });
    super(execution, plan, types);
    this.#plan = plan;
    const { program } = execution;
    this.#args = plan.functions.map((f) => program.memo(f, 'args', () => rowValuesFunction(program.slots, [], f.args)));
    this.#implementations = plan.functions.map((f) =>
      f.function.specialise
        ? f.function.implementation(
            f.args.map((a) => a.typeOid),
            f.rowType,
            f.columnDefinitions,
          )
        : f.function.implementation,
    );
  }

  protected rows(x: ExecContext): Iterator<readonly Value[]> {
    const { functions, withOrdinality } = this.#plan;
    if (functions.length === 1 && !withOrdinality) {
      const rows = this.#rowsOf(x, 0);
      x.evaluated();
      return rows;
    }
    const iterators = functions.map((_f, i) => this.#rowsOf(x, i));
    x.evaluated();
    return this.#together(iterators);
  }

  #rowsOf(x: ExecContext, i: number): Iterator<readonly Value[]> {
    const f = this.#plan.functions[i];
    const args: Value[] = [];
    this.#args[i](x, NO_COLUMNS, 0, args);
    return callSetFunction(f.function, this.#implementations[i], x, args, f.columnTypes.length, f.isComposite);
  }

  *#together(iterators: readonly Iterator<readonly Value[]>[]): Generator<readonly Value[]> {
    const { functions, withOrdinality } = this.#plan;
    for (let ordinality = 1; ; ordinality++) {
      const results = iterators.map((it) => it.next());
      if (results.every((r) => r.done === true)) return;
      const row: Value[] = [];
      results.forEach((r, i) => {
        const width = functions[i].columnTypes.length;
        for (let c = 0; c < width; c++) row.push(r.done === true ? null : r.value[c]);
      });
      if (withOrdinality) row.push(ordinality);
      yield row;
    }
  }
}

/** Set-returning calls in a target list: rows multiply; the longest set decides, shorter ones are padded with nulls. */
export class ProjectSetOperator implements Operator {
  readonly #input: Operator;
  readonly #plan: ProjectSetPlan;
  readonly #values: RowValuesFunction;
  /** For each target: index of its first argument in the computed values, or of its value; of a volatile one among those drawn. */
  readonly #starts: number[] = [];
  /** Volatile targets, which are computed for each row that is made, and when the sets have come to their end (ExecProjectSRF); null: none. */
  readonly #draw: RowValuesFunction | null;
  readonly #drawn: Value[] = [];
  /** For each target: where its value is found. */
  readonly #sources: Value[][] = [];
  readonly #implementations: (ScalarFunction['implementation'] | null)[];
  readonly #out: Batch;
  #batch: Batch | null = null;
  #row = 0;
  #iterators: (Iterator<readonly Value[]> | null)[] | null = null;
  /** Rows in `out` that were made before one had to wait. */
  #count = 0;
  readonly #current: Value[] = [];
  readonly #error = new HeldError();
  /** `current` is of the row whose sets are still to be begun. */
  #hasValues = false;

  constructor(plan: ProjectSetPlan, execution: Execution) {
    this.#plan = plan;
    this.#input = execution.build(plan.input);
    this.#out = new Batch(plan.targets.length);
    const flat: Expr[] = [];
    const drawn: Expr[] = [];
    this.#implementations = plan.targets.map((t) => {
      const isDrawn = !(t.kind === 'call' && t.function.returnsSet) && isVolatile(t);
      this.#sources.push(isDrawn ? this.#drawn : this.#current);
      if (isDrawn) {
        this.#starts.push(drawn.length);
        drawn.push(t);
        return null;
      }
      this.#starts.push(flat.length);
      if (t.kind !== 'call' || !t.function.returnsSet) {
        flat.push(t);
        return null;
      }
      flat.push(...t.args);
      const fn = t.function;
      return fn.specialise
        ? fn.implementation(
            t.args.map((a) => a.typeOid),
            t.typeOid,
          )
        : fn.implementation;
    });
    const { program } = execution;
    const { slots } = program;
    this.#values = program.memo(plan, 'values', () => rowValuesFunction(slots, plan.input.output, flat));
    this.#draw =
      drawn.length === 0 ? null : program.memo(plan, 'drawn', () => rowValuesFunction(slots, plan.input.output, drawn));
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
    this.#input.limitTo?.(rows);
  }

  open(x: ExecContext): void {
    this.#batch = null;
    this.#iterators = null;
    this.#count = 0;
    this.#hasValues = false;
    this.#error.forget();
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    try {
      return this.#make(x);
    } catch (error) {
      this.#out.count = this.#error.hold(x, error, this.#count);
      return this.#out;
    }
  }

  #make(x: ExecContext): Batch {
    const out = this.#out;
    while (this.#count < this.#batchSize) {
      if (this.#iterators === null) {
        if (this.#batch === null || this.#row >= this.#batch.count) {
          if (this.#count > 0) break;
          const batch = this.#input.poll(x);
          if (batch === END || batch === PENDING) return batch;
          this.#batch = batch;
          this.#row = 0;
        }
        if (!this.#hasValues) this.#values(x, this.#batch.columns, this.#row, this.#current);
        this.#hasValues = true;
        this.#iterators = this.#start(x);
        this.#hasValues = false;
        x.evaluated();
        this.#row++;
      }
      // Before the sets go on: it may have to wait.
      this.#draw?.(x, (this.#batch as Batch).columns, this.#row - 1, this.#drawn);
      if (this.#step(this.#count)) this.#count++;
      else this.#iterators = null;
    }
    out.count = this.#count;
    this.#count = 0;
    return out;
  }

  #start(x: ExecContext): (Iterator<readonly Value[]> | null)[] {
    return this.#plan.targets.map((t, i) => {
      const implementation = this.#implementations[i];
      if (implementation === null || t.kind !== 'call') return null;
      const args = this.#current.slice(this.#starts[i], this.#starts[i] + t.args.length);
      const width = t.function.outColumns?.length ?? 1;
      return callSetFunction(t.function, implementation, x, args, width);
    });
  }

  #step(n: number): boolean {
    const iterators = this.#iterators as (Iterator<readonly Value[]> | null)[];
    let isAny = false;
    const results = iterators.map((it) => {
      const result = it?.next();
      if (result !== undefined && result.done !== true) isAny = true;
      return result;
    });
    if (!isAny) return false;
    results.forEach((result, i) => {
      const column = this.#out.columns[i];
      if (result === undefined) column[n] = this.#sources[i][this.#starts[i]];
      else if (result.done === true) column[n] = null;
      else column[n] = result.value.length === 1 ? result.value[0] : recordOf(this.#plan.targets[i], result.value);
    });
    return true;
  }

  close(x: ExecContext): void {
    this.#input.close(x);
  }
}

function recordOf(target: Expr, values: readonly Value[]): SqlRecord {
  const columns = target.kind === 'call' ? (target.function.outColumns ?? []) : [];
  return new SqlRecord(
    columns.map((c) => c.typeOid),
    [...values],
  );
}
