/**
 * Operators without a table below: constants, functions, catalog views, CTEs and working tables.
 */
import type { ScalarFunction, Value } from '../../catalog/function-entry.ts';
import type { ConstExpr, Expr } from '../../planner/expr.ts';
import type {
  CteScanPlan,
  FunctionScanPlan,
  ProjectSetPlan,
  RecursiveUnionPlan,
  ResultPlan,
  ValuesPlan,
  VirtualScanPlan,
  WithPlan,
  WorkTableScanPlan,
} from '../../planner/plan.ts';
import { SqlRecord } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import {
  type ProjectFunction,
  projectFunction,
  type RowValuesFunction,
  rowValuesFunction,
} from '../compile/batch-program.ts';
import { liftedValue } from '../compile/runtime.ts';
import type { ExecContext } from '../context.ts';
import { batchBytes, HASH_ENTRY_BYTES, Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { GroupTable } from './group-table.ts';
import { type Operator, RowStore } from './operator.ts';

const NO_COLUMNS: Value[][] = [];

/** One row, or none when the filter fails. */
export class ResultOperator implements Operator {
  readonly #project: ProjectFunction;
  readonly #out: Batch;
  #isDone = false;

  constructor(plan: ResultPlan, execution: Execution) {
    this.#out = new Batch(plan.targets.length);
    this.#project = execution.program.memo(plan, 'project', () =>
      projectFunction(execution.program.slots, [], plan.filter, plan.targets),
    );
  }

  open(): void {
    this.#isDone = false;
  }

  poll(x: ExecContext): Batch {
    if (this.#isDone) return END;
    this.#out.count = this.#project(x, NO_COLUMNS, 1, this.#out.columns);
    this.#isDone = true;
    return this.#out.count > 0 ? this.#out : END;
  }

  close(): void {}
}

export class EmptyOperator implements Operator {
  open(): void {}
  poll(): Batch {
    return END;
  }
  close(): void {}
}

/** One row of VALUES. */
type ValuesRow = (x: ExecContext, target: Value[]) => void;

/** The expression with its constants taken out, into `constants`, and replaced by columns of the same types. */
function withoutConstants<T>(node: T, constants: ConstExpr[]): T {
  if (node === null || typeof node !== 'object') return node;
  if (Array.isArray(node)) return node.map((item) => withoutConstants(item, constants)) as T;
  const expr = node as unknown as Expr & Record<string, unknown>;
  if (expr.kind === 'const') {
    const index = constants.push(expr as ConstExpr) - 1;
    return { kind: 'column', input: 0, index, typeOid: expr.typeOid, typeModifier: expr.typeModifier } as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key in expr) {
    const isOpaque = key === 'function' || key === 'equality' || key === 'operator' || key === 'plan';
    copy[key] = isOpaque ? expr[key] : withoutConstants(expr[key], constants);
  }
  return copy as T;
}

/** Rows of a long VALUES list differ in their constants only: one function is generated for all that are alike. */
class ValuesCompiler {
  readonly #execution: Execution;
  readonly #byShape = new Map<string, RowValuesFunction>();

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  row(exprs: readonly Expr[]): ValuesRow {
    const { slots } = this.#execution.program;
    const constants: ConstExpr[] = [];
    const open = withoutConstants(exprs, constants);
    const liftedSlots = constants.map((c) =>
      c.literalIndex < 0 ? -1 : slots.liftedSlot(c.literalIndex, c.typeOid, c.typeModifier),
    );
    // Rows of constants alone need no code.
    const compute =
      constants.length === exprs.length && exprs.every((e) => e.kind === 'const')
        ? null
        : this.#compiled(open, constants);
    const columns: Value[][] = compute === null ? [] : constants.map(() => []);
    return (x, target) => {
      for (let c = 0; c < constants.length; c++) {
        const { value, literalIndex, typeOid, typeModifier } = constants[c];
        const isLifted = literalIndex >= 0 && x.literals !== null;
        const actual = isLifted ? liftedValue(x, liftedSlots[c], literalIndex, typeOid, typeModifier) : value;
        if (compute === null) target[c] = actual;
        else columns[c][0] = actual;
      }
      if (compute !== null) compute(x, columns, 0, target);
    };
  }

  #compiled(open: readonly Expr[], constants: readonly ConstExpr[]): RowValuesFunction {
    const key = JSON.stringify(open, (name, value) =>
      name === 'function' || name === 'equality' || name === 'operator' ? (value?.oid ?? value) : value,
    );
    let compute = this.#byShape.get(key);
    if (compute === undefined || key.includes('"subplan"')) {
      compute = rowValuesFunction(this.#execution.program.slots, constants, open);
      this.#byShape.set(key, compute);
    }
    return compute;
  }
}

export class ValuesOperator implements Operator {
  readonly #rows: readonly ValuesRow[];
  readonly #out: Batch;
  readonly #values: Value[] = [];
  #next = 0;
  /** Rows in `out` that were computed before one had to wait. */
  #count = 0;

  constructor(plan: ValuesPlan, execution: Execution) {
    const { program } = execution;
    this.#out = new Batch(plan.output.length);
    this.#rows = program.memo(plan, 'rows', () => {
      const compiler = new ValuesCompiler(execution);
      return plan.rowsOf.map((exprs) => compiler.row(exprs));
    });
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  open(): void {
    this.#next = 0;
    this.#count = 0;
  }

  poll(x: ExecContext): Batch {
    const out = this.#out;
    while (this.#next < this.#rows.length && this.#count < this.#batchSize) {
      this.#rows[this.#next](x, this.#values);
      for (let c = 0; c < out.columns.length; c++) out.columns[c][this.#count] = this.#values[c];
      // Not before: what is computed may have to wait.
      this.#next++;
      this.#count++;
    }
    out.count = this.#count;
    this.#count = 0;
    return out.count > 0 ? out : END;
  }

  close(): void {}
}

/** Rows of an iterator, filtered and projected. */
abstract class IteratorOperator implements Operator {
  readonly #project: ProjectFunction;
  readonly #raw: Batch;
  readonly #out: Batch;
  #iterator: Iterator<readonly Value[]> | null = null;

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

  open(): void {
    this.#iterator = null;
    this.#raw.count = 0;
  }

  poll(x: ExecContext): Batch {
    this.#iterator ??= this.rows(x);
    const raw = this.#raw;
    for (;;) {
      // Above 0: what is computed of rows that were taken had to wait.
      let n = raw.count;
      while (n < this.#batchSize) {
        const next = this.#iterator.next();
        if (next.done === true) break;
        for (let c = 0; c < raw.columns.length; c++) raw.columns[c][n] = next.value[c] ?? null;
        n++;
      }
      if (n === 0) return END;
      raw.count = n;
      this.#out.count = this.#project(x, raw.columns, n, this.#out.columns);
      raw.count = 0;
      if (this.#out.count > 0) return this.#out;
      if (x.shouldYield(n)) return PENDING;
    }
  }

  close(): void {
    this.#iterator?.return?.();
    this.#iterator = null;
  }
}

export class VirtualScanOperator extends IteratorOperator {
  readonly #name: string;
  readonly #execution: Execution;

  constructor(plan: VirtualScanPlan, execution: Execution) {
    super(execution, plan, execution.program.database.virtualColumns(plan.tableName));
    this.#name = plan.tableName;
    this.#execution = execution;
  }

  protected rows(x: ExecContext): Iterator<readonly Value[]> {
    return this.#execution.program.database.virtualRows(this.#name, x.functions)[Symbol.iterator]();
  }
}

/** Calls a set-returning (or plain) function: answers its rows, each an array of column values. */
export function callSetFunction(
  fn: ScalarFunction,
  implementation: ScalarFunction['implementation'],
  x: ExecContext,
  args: readonly Value[],
  width: number,
  isComposite = false,
): Iterator<readonly Value[]> {
  if (fn.strict && args.some((a) => a === null)) {
    return fn.returnsSet ? NO_ROWS[Symbol.iterator]() : [new Array<Value>(width).fill(null)][Symbol.iterator]();
  }
  // Not when the first row is asked for: the call may have to wait, and a generator that throws is at its end.
  const result = fn.needsContext ? implementation(x.functions, ...args) : implementation(...args);
  const asColumns = isComposite ? fieldsOf : valuesOf;
  if (!fn.returnsSet) return [asColumns(result, width)][Symbol.iterator]();
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
    const { functions } = this.#plan;
    const iterators = functions.map((f, i) => {
      const args: Value[] = [];
      this.#args[i](x, NO_COLUMNS, 0, args);
      return callSetFunction(
        f.function,
        this.#implementations[i],
        x,
        args.slice(0, f.args.length),
        f.columnTypes.length,
        f.isComposite,
      );
    });
    x.evaluated();
    return this.#together(iterators);
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
  /** For each target: index of its first argument in the computed values, or of its value. */
  readonly #starts: number[] = [];
  readonly #implementations: (ScalarFunction['implementation'] | null)[];
  readonly #out: Batch;
  #batch: Batch | null = null;
  #row = 0;
  #iterators: (Iterator<readonly Value[]> | null)[] | null = null;
  /** Rows in `out` that were made before one had to wait. */
  #count = 0;
  readonly #current: Value[] = [];
  /** `current` is of the row whose sets are still to be begun. */
  #hasValues = false;

  constructor(plan: ProjectSetPlan, execution: Execution) {
    this.#plan = plan;
    this.#input = execution.build(plan.input);
    this.#out = new Batch(plan.targets.length);
    const flat: Expr[] = [];
    this.#implementations = plan.targets.map((t) => {
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
    this.#values = program.memo(plan, 'values', () => rowValuesFunction(program.slots, plan.input.output, flat));
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
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
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
      if (result === undefined) column[n] = this.#current[this.#starts[i]];
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

/** A CTE's rows, computed as its readers pull. */
export class SharedRows {
  readonly store: RowStore;
  readonly source: Operator;
  isOpen = false;
  isDone = false;
  readonly #held = new Holding('rows of a CTE');

  constructor(source: Operator, width: number) {
    this.source = source;
    this.store = new RowStore(width);
  }

  /** Makes sure that the store has more than `have` rows, if there are any. PENDING or END or the last batch. */
  pull(x: ExecContext): Batch {
    if (this.isDone) return END;
    if (!this.isOpen) {
      this.source.open(x);
      this.isOpen = true;
    }
    // Rows that a CTE modifies are not those that the statement's tag counts.
    const { processedCount } = x;
    let batch: Batch;
    try {
      batch = this.source.poll(x);
    } finally {
      x.processedCount = processedCount;
    }
    if (batch === PENDING) return PENDING;
    if (batch === END) this.isDone = true;
    else {
      this.#held.add(x.memory, batchBytes(batch));
      this.store.append(batch);
    }
    return batch;
  }

  reset(x: ExecContext): void {
    if (this.isOpen) this.source.close(x);
    this.store.clear();
    this.#held.clear(x.memory);
    this.isOpen = false;
    this.isDone = false;
  }
}

export class WithOperator implements Operator {
  readonly #input: Operator;
  readonly #plan: WithPlan;
  readonly #execution: Execution;
  readonly #shared: SharedRows[] = [];
  readonly #modifying: SharedRows[] = [];
  #isInputDone = false;

  constructor(plan: WithPlan, execution: Execution) {
    this.#plan = plan;
    this.#execution = execution;
    for (const cte of plan.ctes) {
      // Readers, the CTE's own recursion among them, are built after this.
      execution.shared.set(`cte types ${cte.id}`, cte.plan.output);
      const rows = new SharedRows(execution.build(cte.plan), cte.plan.output.length);
      execution.shared.set(`cte ${cte.id}`, rows);
      this.#shared.push(rows);
      if (cte.modifies) this.#modifying.push(rows);
    }
    this.#input = execution.build(plan.input);
  }

  open(x: ExecContext): void {
    for (const rows of this.#shared) rows.reset(x);
    for (const { id } of this.#plan.ctes) this.#execution.forgetReaders(id);
    this.#isInputDone = false;
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    if (!this.#isInputDone) {
      const batch = this.#input.poll(x);
      if (batch !== END) return batch;
      this.#isInputDone = true;
    }
    // Data-modifying ones run to their end, whether read or not.
    for (const rows of this.#modifying) {
      while (!rows.isDone) if (rows.pull(x) === PENDING) return PENDING;
    }
    return END;
  }

  close(x: ExecContext): void {
    this.#input.close(x);
    for (const rows of this.#shared) rows.reset(x);
  }
}

export class CteScanOperator implements Operator {
  readonly #rows: () => SharedRows;
  readonly #project: ProjectFunction;
  readonly #raw: Batch;
  readonly #out: Batch;
  #next = 0;

  constructor(plan: CteScanPlan, execution: Execution) {
    this.#rows = () => execution.shared.get(`cte ${plan.id}`) as SharedRows;
    const types = execution.shared.get(`cte types ${plan.id}`) as readonly { typeOid: number }[];
    this.#raw = new Batch(types.length);
    this.#out = new Batch(plan.targets.length);
    this.#project = execution.program.memo(plan, 'project', () =>
      projectFunction(execution.program.slots, types, plan.filter, plan.targets),
    );
  }

  open(): void {
    this.#next = 0;
  }

  poll(x: ExecContext): Batch {
    const rows = this.#rows();
    for (;;) {
      while (this.#next >= rows.store.count) {
        const batch = rows.pull(x);
        if (batch === PENDING || batch === END) return batch;
      }
      const count = rows.store.copyTo(this.#raw, this.#next, BATCH_SIZE, null);
      this.#out.count = this.#project(x, this.#raw.columns, count, this.#out.columns);
      // Not before: what is computed may have to wait.
      this.#next += count;
      if (this.#out.count > 0) return this.#out;
      if (x.shouldYield(this.#raw.count)) return PENDING;
    }
  }

  close(): void {}
}

/** start UNION [ALL] step, until the step adds nothing. */
export class RecursiveUnionOperator implements Operator {
  readonly #start: Operator;
  readonly #step: Operator;
  readonly #plan: RecursiveUnionPlan;
  readonly #out: Batch;
  /** Read by the step's WorkTableScan. */
  readonly #working: RowStore;
  #next: RowStore;
  #seen: GroupTable | null = null;
  #phase: 'start' | 'step' | 'done' = 'start';
  /** Rows of this round and the next, and all that were ever seen. */
  #heldWorking = 0;
  readonly #heldNext = new Holding('rows of a recursive query');
  readonly #heldSeen = new Holding('rows of a recursive query');

  constructor(plan: RecursiveUnionPlan, execution: Execution) {
    this.#plan = plan;
    this.#working = new RowStore(plan.output.length);
    this.#next = new RowStore(plan.output.length);
    this.#out = new Batch(plan.output.length);
    execution.shared.set(`work ${plan.id}`, this.#working);
    execution.shared.set(`work types ${plan.id}`, plan.output);
    this.#start = execution.build(plan.start);
    this.#step = execution.build(plan.step);
  }

  open(x: ExecContext): void {
    this.#phase = 'start';
    this.#working.clear();
    this.#next.clear();
    this.#giveBack(x);
    this.#seen = this.#plan.distinct ? new GroupTable(this.#plan.output.map((o) => o.typeOid)) : null;
    this.#start.open(x);
  }

  poll(x: ExecContext): Batch {
    for (;;) {
      if (this.#phase === 'done') return END;
      const source = this.#phase === 'start' ? this.#start : this.#step;
      const batch = source.poll(x);
      if (batch === PENDING) return PENDING;
      if (batch !== END) {
        const out = this.#keepNew(x, batch);
        if (out.count > 0) return out;
        if (x.shouldYield(batch.count)) return PENDING;
        continue;
      }
      if (this.#next.count === 0) {
        this.#phase = 'done';
        return END;
      }
      // What this round added is what the next one works on.
      this.#working.clear();
      for (let c = 0; c < this.#working.columns.length; c++) {
        const column = this.#next.columns[c];
        for (let i = 0; i < column.length; i++) this.#working.columns[c].push(column[i]);
      }
      this.#working.count = this.#next.count;
      this.#next.clear();
      x.memory.shrink(this.#heldWorking);
      this.#heldWorking = this.#heldNext.bytes;
      this.#heldNext.bytes = 0;
      if (this.#phase === 'step') this.#step.close(x);
      this.#phase = 'step';
      this.#step.open(x);
      x.checkInterrupt();
    }
  }

  #keepNew(x: ExecContext, batch: Batch): Batch {
    const out = this.#out;
    let n = 0;
    for (let i = 0; i < batch.count; i++) {
      if (this.#seen !== null && !this.#seen.addRow(batch.columns, i)) continue;
      for (let c = 0; c < out.columns.length; c++) out.columns[c][n] = batch.columns[c][i];
      n++;
    }
    out.count = n;
    const bytes = batchBytes(out);
    this.#heldNext.add(x.memory, bytes);
    if (this.#seen !== null) this.#heldSeen.add(x.memory, bytes + n * HASH_ENTRY_BYTES);
    this.#next.append(out);
    return out;
  }

  #giveBack(x: ExecContext): void {
    x.memory.shrink(this.#heldWorking);
    this.#heldWorking = 0;
    this.#heldNext.clear(x.memory);
    this.#heldSeen.clear(x.memory);
  }

  close(x: ExecContext): void {
    this.#start.close(x);
    if (this.#phase === 'step') this.#step.close(x);
    this.#working.clear();
    this.#next.clear();
    this.#seen = null;
    this.#giveBack(x);
  }
}

export class WorkTableScanOperator implements Operator {
  readonly #store: () => RowStore;
  readonly #project: ProjectFunction;
  readonly #raw: Batch;
  readonly #out: Batch;
  #next = 0;

  constructor(plan: WorkTableScanPlan, execution: Execution) {
    this.#store = () => execution.shared.get(`work ${plan.id}`) as RowStore;
    const types = execution.shared.get(`work types ${plan.id}`) as readonly { typeOid: number }[];
    this.#raw = new Batch(types.length);
    this.#out = new Batch(plan.targets.length);
    this.#project = execution.program.memo(plan, 'project', () =>
      projectFunction(execution.program.slots, types, plan.filter, plan.targets),
    );
  }

  open(): void {
    this.#next = 0;
  }

  poll(x: ExecContext): Batch {
    const store = this.#store();
    while (this.#next < store.count) {
      const count = store.copyTo(this.#raw, this.#next, BATCH_SIZE, null);
      this.#out.count = this.#project(x, this.#raw.columns, count, this.#out.columns);
      this.#next += count;
      if (this.#out.count > 0) return this.#out;
    }
    return END;
  }

  close(): void {}
}
