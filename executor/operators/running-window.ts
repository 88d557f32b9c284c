/**
 * row_number(), rank() and dense_rank() alone: what they answer is known when their row comes, so that rows go on as they come, and no partition is
 * gathered. Whoever wants the first rows, or the first of each group, reads no more than these.
 */
import type { Expr } from '../../planner/expr.ts';
import type { WindowPlan } from '../../planner/plan.ts';
import { type RunningCall, runningCall } from '../../planner/running-calls.ts';
import { type Comparator, comparator, type Value } from '../../types/index.ts';
import { Batch, END, PENDING } from '../batch.ts';
import { type ProjectFunction, projectFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import type { Operator } from './operator.ts';

/** Whether all of a window's calls are of this kind; offsets of a frame are checked by who computes frames. */
export function isRunningWindow({ calls, frame }: WindowPlan): boolean {
  return !('offset' in frame.start) && !('offset' in frame.end) && calls.every((call) => runningCall(call) !== null);
}

export class RunningWindowOperator implements Operator {
  readonly #input: Operator;
  readonly #calls: readonly RunningCall[];
  readonly #partitionCount: number;
  readonly #compares: readonly Comparator[];
  /** Computes the keys of the partitions, then those of the order. */
  readonly #keysOf: ProjectFunction;
  readonly #keys: Batch;
  readonly #out: Batch;
  /** Keys of the last row; null: there was none. */
  #last: Value[] | null = null;
  #position = 0;
  #rank = 0;
  #denseRank = 0;
  /** A batch whose keys could not be computed yet: something in them had to wait. */
  #held: Batch | null = null;

  constructor(plan: WindowPlan, execution: Execution) {
    const { program } = execution;
    const { partitionBy, orderBy, input } = plan;
    this.#input = execution.build(input);
    this.#calls = plan.calls.map((call) => runningCall(call) as RunningCall);
    const keys: readonly Expr[] = [...partitionBy, ...orderBy.map(({ expr }) => expr)];
    this.#partitionCount = partitionBy.length;
    this.#compares = keys.map(({ typeOid }) => comparator(typeOid));
    this.#keysOf = program.memo(plan, 'keys', () => projectFunction(program.slots, input.output, null, keys));
    this.#keys = new Batch(keys.length);
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#last = null;
    this.#held = null;
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    const batch = this.#held ?? this.#input.poll(x);
    if (batch === PENDING || batch === END) return batch;
    this.#held = batch;
    this.#keysOf(x, batch.columns, batch.count, this.#keys.columns);
    this.#held = null;
    const out = this.#out;
    const width = batch.columns.length;
    for (let c = 0; c < width; c++) {
      const source = batch.columns[c];
      const target = out.columns[c];
      for (let i = 0; i < batch.count; i++) target[i] = source[i];
    }
    this.#number(batch.count, width);
    out.count = batch.count;
    return out;
  }

  close(x: ExecContext): void {
    this.#input.close(x);
  }

  #number(count: number, width: number): void {
    for (let row = 0; row < count; row++) {
      this.#step(row);
      for (let k = 0; k < this.#calls.length; k++) this.#out.columns[width + k][row] = this.#valueOf(this.#calls[k]);
    }
    if (count > 0) this.#last = this.#keys.columns.map((column) => column[count - 1]);
  }

  #step(row: number): void {
    const unlike = this.#unlikeKey(row);
    if (unlike < this.#partitionCount) {
      this.#position = 1;
      this.#rank = 1;
      this.#denseRank = 1;
      return;
    }
    this.#position++;
    if (unlike === this.#compares.length) return;
    this.#rank = this.#position;
    this.#denseRank++;
  }

  /** The first key in which the row differs from the one before it; -1: there is none before, the number of keys: they are peers. */
  #unlikeKey(row: number): number {
    const last = this.#last;
    if (row === 0 && last === null) return -1;
    const { columns } = this.#keys;
    for (let k = 0; k < this.#compares.length; k++) {
      const before = row === 0 ? (last as Value[])[k] : columns[k][row - 1];
      const value = columns[k][row];
      if (before === value) continue;
      if (before === null || value === null || this.#compares[k](before, value) !== 0) return k;
    }
    return this.#compares.length;
  }

  #valueOf(call: RunningCall): number {
    switch (call) {
      case 'row_number':
        return this.#position;
      case 'rank':
        return this.#rank;
      case 'dense_rank':
        return this.#denseRank;
    }
  }
}
