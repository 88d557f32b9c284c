/** WITH: rows that several readers share, recursive queries and their working tables. */
import type { CteScanPlan, RecursiveUnionPlan, WithPlan, WorkTableScanPlan } from '../../planner/plan.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type ProjectFunction, projectFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import { batchBytes, HASH_ENTRY_BYTES, Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { GroupTable } from './group-table.ts';
import { HeldError } from './held-error.ts';
import { type Operator, RowStore } from './operator.ts';

/** A CTE's rows, computed as its readers pull. */
class SharedRows {
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

/** A query with CTEs: makes them known to their scans before it begins. */
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
      if (!cte.modifies) continue;
      this.#modifying.push(rows);
      execution.hasModifyingItems = true;
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

/** Reads rows that are kept elsewhere, filtered and projected. */
abstract class KeptRowsScan implements Operator {
  readonly #project: ProjectFunction;
  readonly #raw: Batch;
  readonly #out: Batch;
  /** The row to go on with. */
  protected next = 0;
  protected readonly error = new HeldError();

  /** `types`: where the execution has the types of the rows' columns. */
  constructor(plan: CteScanPlan | WorkTableScanPlan, execution: Execution, types: string) {
    const columns = execution.shared.get(types) as readonly { typeOid: number }[];
    this.#raw = new Batch(columns.length);
    this.#out = new Batch(plan.targets.length);
    this.#project = execution.program.memo(plan, 'project', () =>
      projectFunction(execution.program.slots, columns, plan.filter, plan.targets),
    );
  }

  open(): void {
    this.next = 0;
    this.error.forget();
  }

  abstract poll(x: ExecContext): Batch;

  /** The next rows that pass, of those that are there. */
  protected take(x: ExecContext, store: RowStore): Batch {
    // A projection begins with the first row.
    const areAllNext = this.next === 0 && store.count <= BATCH_SIZE;
    const count = areAllNext ? store.count : store.copyTo(this.#raw, this.next, BATCH_SIZE);
    const { columns } = areAllNext ? store : this.#raw;
    this.error.project(x, this.#project, columns, count, this.#out);
    // Not before: what is computed may have to wait.
    this.next += count;
    return this.#out;
  }

  close(): void {}
}

/** Reads a CTE. */
export class CteScanOperator extends KeptRowsScan {
  readonly #find: () => SharedRows;
  #rows: SharedRows | null = null;

  constructor(plan: CteScanPlan, execution: Execution) {
    super(plan, execution, `cte types ${plan.id}`);
    this.#find = () => execution.shared.get(`cte ${plan.id}`) as SharedRows;
  }

  poll(x: ExecContext): Batch {
    this.error.meet();
    this.#rows ??= this.#find();
    const rows = this.#rows;
    for (;;) {
      while (this.next >= rows.store.count) {
        const batch = rows.pull(x);
        if (batch === PENDING || batch === END) return batch;
      }
      const before = this.next;
      const out = this.take(x, rows.store);
      if (out.count > 0) return out;
      if (x.shouldYield(this.next - before)) return PENDING;
    }
  }
}

/** start UNION [ALL] step, until the step adds nothing. */
export class RecursiveUnionOperator implements Operator {
  readonly #start: Operator;
  readonly #step: Operator;
  readonly #out: Batch;
  /** Read by the step's WorkTableScan. */
  readonly #working: RowStore;
  readonly #next: RowStore;
  /** Of UNION: rows that there were. */
  readonly #seen: GroupTable | null;
  #phase: 'start' | 'step' | 'done' = 'start';
  /** Rows of this round and the next, and all that were ever seen. */
  #heldWorking = 0;
  readonly #heldNext = new Holding('rows of a recursive query');
  readonly #heldSeen = new Holding('rows of a recursive query');

  constructor(plan: RecursiveUnionPlan, execution: Execution) {
    this.#working = new RowStore(plan.output.length);
    this.#next = new RowStore(plan.output.length);
    this.#out = new Batch(plan.output.length);
    this.#seen = plan.distinct ? new GroupTable(plan.output.map((o) => o.typeOid)) : null;
    execution.shared.set(`work ${plan.id}`, this.#working);
    execution.shared.set(`work types ${plan.id}`, plan.output);
    this.#start = execution.build(plan.start);
    this.#step = execution.build(plan.step);
  }

  open(x: ExecContext): void {
    this.#phase = 'start';
    this.#working.clear();
    this.#next.clear();
    this.#seen?.clear();
    this.#giveBack(x);
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
      this.#working.exchange(this.#next);
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
    this.#seen?.clear();
    this.#giveBack(x);
  }
}

/** Reads what the last round of a recursive query added. */
export class WorkTableScanOperator extends KeptRowsScan {
  readonly #store: RowStore;

  constructor(plan: WorkTableScanPlan, execution: Execution) {
    super(plan, execution, `work types ${plan.id}`);
    this.#store = execution.shared.get(`work ${plan.id}`) as RowStore;
  }

  poll(x: ExecContext): Batch {
    this.error.meet();
    const store = this.#store;
    while (this.next < store.count) {
      const out = this.take(x, store);
      if (out.count > 0) return out;
    }
    return END;
  }
}
