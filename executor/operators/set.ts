/** DISTINCT, first-of-run, INTERSECT and EXCEPT. */
import type { Value } from '../../catalog/function-entry.ts';
import type { DistinctPlan, SetOperationPlan, UniquePlan } from '../../planner/plan.ts';
import { comparator } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type RowValuesFunction, rowValuesFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { GroupTable } from './group-table.ts';
import type { Operator } from './operator.ts';

export class DistinctOperator implements Operator {
  readonly #input: Operator;
  readonly #seen: GroupTable;
  readonly #out: Batch;

  constructor(plan: DistinctPlan, execution: Execution) {
    this.#input = execution.build(plan.input);
    this.#seen = new GroupTable(plan.output.map((o) => o.typeOid));
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#seen.clear();
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    const out = this.#out;
    for (;;) {
      const batch = this.#input.poll(x);
      if (batch === END || batch === PENDING) return batch;
      let n = 0;
      for (let i = 0; i < batch.count; i++) {
        if (!this.#seen.addRow(batch.columns, i)) continue;
        for (let c = 0; c < out.columns.length; c++) out.columns[c][n] = batch.columns[c][i];
        n++;
      }
      out.count = n;
      if (n > 0) return out;
      if (x.shouldYield(batch.count)) return PENDING;
    }
  }

  close(x: ExecContext): void {
    this.#input.close(x);
    this.#seen.clear();
  }
}

export class UniqueOperator implements Operator {
  readonly #input: Operator;
  readonly #keys: RowValuesFunction;
  readonly #compares: ((a: Value, b: Value) => number)[];
  readonly #out: Batch;
  #last: Value[] | null = null;
  #current: Value[] = [];

  constructor(plan: UniquePlan, execution: Execution) {
    this.#input = execution.build(plan.input);
    const { program } = execution;
    this.#keys = program.memo(plan, 'keys', () => rowValuesFunction(program.slots, plan.input.output, plan.keys));
    this.#compares = plan.keys.map((k) => comparator(k.typeOid));
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#last = null;
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    const out = this.#out;
    for (;;) {
      const batch = this.#input.poll(x);
      if (batch === END || batch === PENDING) return batch;
      let n = 0;
      for (let i = 0; i < batch.count; i++) {
        this.#keys(x, batch.columns, i, this.#current);
        if (this.#last !== null && this.#isSame()) continue;
        const previous = this.#last ?? [];
        this.#last = this.#current;
        this.#current = previous;
        for (let c = 0; c < out.columns.length; c++) out.columns[c][n] = batch.columns[c][i];
        n++;
      }
      out.count = n;
      if (n > 0) return out;
      if (x.shouldYield(batch.count)) return PENDING;
    }
  }

  #isSame(): boolean {
    const last = this.#last as Value[];
    return this.#compares.every((compare, k) => {
      const a = last[k];
      const b = this.#current[k];
      return a === null || b === null ? a === b : compare(a, b) === 0;
    });
  }

  close(x: ExecContext): void {
    this.#input.close(x);
  }
}

/** INTERSECT and EXCEPT [ALL]: counts rows of both sides by group. */
export class SetOperationOperator implements Operator {
  readonly #plan: SetOperationPlan;
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #table: GroupTable;
  readonly #leftCounts: number[] = [];
  readonly #rightCounts: number[] = [];
  readonly #out: Batch;
  readonly #values: Value[] = [];
  #phase: 'left' | 'right' | 'emit' = 'left';
  #group = 0;
  #copies = 0;

  constructor(plan: SetOperationPlan, execution: Execution) {
    this.#plan = plan;
    this.#left = execution.build(plan.left);
    this.#right = execution.build(plan.right);
    this.#table = new GroupTable(plan.output.map((o) => o.typeOid));
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#table.clear();
    this.#leftCounts.length = 0;
    this.#rightCounts.length = 0;
    this.#phase = 'left';
    this.#group = 0;
    this.#copies = -1;
    this.#left.open(x);
    this.#right.open(x);
  }

  poll(x: ExecContext): Batch {
    while (this.#phase !== 'emit') {
      const isLeft = this.#phase === 'left';
      const batch = (isLeft ? this.#left : this.#right).poll(x);
      if (batch === PENDING) return PENDING;
      if (batch === END) {
        this.#phase = isLeft ? 'right' : 'emit';
        continue;
      }
      for (let i = 0; i < batch.count; i++) {
        const group = this.#table.groupOf(batch.columns, i);
        if (group === this.#leftCounts.length) {
          this.#leftCounts.push(0);
          this.#rightCounts.push(0);
        }
        (isLeft ? this.#leftCounts : this.#rightCounts)[group]++;
      }
      if (x.shouldYield(batch.count)) return PENDING;
    }
    return this.#emit();
  }

  #copiesOf(group: number): number {
    const left = this.#leftCounts[group];
    const right = this.#rightCounts[group];
    const { operation, all } = this.#plan;
    if (operation === 'intersect') return all ? Math.min(left, right) : left > 0 && right > 0 ? 1 : 0;
    return all ? Math.max(0, left - right) : left > 0 && right === 0 ? 1 : 0;
  }

  #emit(): Batch {
    const out = this.#out;
    let n = 0;
    while (this.#group < this.#leftCounts.length && n < BATCH_SIZE) {
      if (this.#copies < 0) this.#copies = this.#copiesOf(this.#group);
      if (this.#copies === 0) {
        this.#group++;
        this.#copies = -1;
        continue;
      }
      this.#table.keyValues(this.#group, this.#values);
      for (let c = 0; c < out.columns.length; c++) out.columns[c][n] = this.#values[c];
      this.#copies--;
      n++;
    }
    out.count = n;
    return n > 0 ? out : END;
  }

  close(x: ExecContext): void {
    this.#left.close(x);
    this.#right.close(x);
    this.#table.clear();
  }
}
