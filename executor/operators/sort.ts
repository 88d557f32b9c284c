/**
 * Sort: collects its input, sorts a permutation of row numbers, gives rows out in that order.
 *
 * A merge sort, bottom up, whose steps may be interrupted at any merge: sorting a million rows must not hold up the engine. Runs
 * of RUN_LENGTH are sorted by Array.prototype.sort. Stable, as input order then decides among equals.
 * With a limit (top-n), only the best rows are kept: whenever twice the limit has gathered, the worse half is thrown away.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { SortKey } from '../../planner/expr.ts';
import type { SortPlan } from '../../planner/plan.ts';
import { comparator, OID } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import {
  type ProjectFunction,
  projectFunction,
  type ScalarFunctionOfContext,
  scalarFunction,
} from '../compile/batch-program.ts';
import { Emitter } from '../compile/emitter.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { type Operator, RowStore } from './operator.ts';

const RUN_LENGTH = 2048;
/** Top-n gathers at least this many rows before it throws any away. */
const TOP_GATHER_MIN = 1024;

/** `(a, b)`: order of two row numbers over key columns. */
type RowOrder = (a: number, b: number) => number;

/** Types whose values the < operator of JavaScript orders as SQL does. */
const PLAIN_TYPES = new Set<number>([
  OID.INT2,
  OID.INT4,
  OID.INT8,
  OID.OID,
  OID.DATE,
  OID.TIME,
  OID.TIMESTAMP,
  OID.TIMESTAMPTZ,
  OID.BOOL,
]);

/** Generates the comparison for the given keys; key k of row i is keys[k][i]. */
export function rowOrderFactory(keys: readonly SortKey[]): (columns: readonly (readonly Value[])[]) => RowOrder {
  const emitter = new Emitter();
  keys.forEach((_key, k) => {
    emitter.emit(`const k${k} = columns[${k}];`);
  });
  emitter.open('return (a, b) => {');
  keys.forEach((key, k) => {
    const less = key.descending ? 1 : -1;
    emitter.open('{');
    emitter.emit(`const x = k${k}[a], y = k${k}[b];`);
    emitter.open('if (x !== y) {');
    emitter.emit(`if (x === null) return ${key.nullsFirst ? -1 : 1};`);
    emitter.emit(`if (y === null) return ${key.nullsFirst ? 1 : -1};`);
    if (PLAIN_TYPES.has(key.expr.typeOid)) emitter.emit(`return x < y ? ${less} : ${-less};`);
    else {
      emitter.emit(`const o = ${emitter.bind(comparator(key.expr.typeOid), 'compare')}(x, y);`);
      emitter.emit(`if (o !== 0) return ${key.descending ? '-o' : 'o'};`);
    }
    emitter.close();
    emitter.close();
  });
  emitter.emit('return 0;');
  emitter.close('};');
  return emitter.build('columns');
}

export class SortOperator implements Operator {
  readonly #input: Operator;
  readonly #keysOf: ProjectFunction;
  readonly #makeOrder: (columns: readonly (readonly Value[])[]) => RowOrder;
  readonly #limit: ScalarFunctionOfContext | null;
  readonly #store: RowStore;
  readonly #keys: RowStore;
  readonly #keyBatch: Batch;
  readonly #out: Batch;
  #phase: 'gather' | 'merge' | 'emit' = 'gather';
  #keep = Infinity;
  #order: Uint32Array = new Uint32Array(0);
  #other: Uint32Array = new Uint32Array(0);
  #compare: RowOrder | null = null;
  /** Merge state: runs of #width are sorted; the pair at #left is next. */
  #width = 0;
  #left = 0;
  #next = 0;
  #end = 0;

  constructor(plan: SortPlan, execution: Execution) {
    const { program } = execution;
    const { limit } = plan;
    this.#input = execution.build(plan.input);
    this.#keysOf = program.memo(plan, 'keys', () =>
      projectFunction(
        program.slots,
        plan.input.output,
        null,
        plan.keys.map((k) => k.expr),
      ),
    );
    this.#makeOrder = program.memo(plan, 'order', () => rowOrderFactory(plan.keys));
    this.#limit = limit === null ? null : program.memo(limit, 'scalar', () => scalarFunction(program.slots, limit));
    this.#store = new RowStore(plan.output.length);
    this.#keys = new RowStore(plan.keys.length);
    this.#keyBatch = new Batch(plan.keys.length);
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#store.clear();
    this.#keys.clear();
    this.#phase = 'gather';
    this.#next = 0;
    const limit = this.#limit?.(x) ?? null;
    this.#keep = limit === null ? Infinity : Math.max(0, Number(limit));
    this.#compare = null;
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    if (this.#phase === 'gather') {
      if (!this.#gather(x)) return PENDING;
      this.#startSort();
      this.#phase = 'merge';
    }
    if (this.#phase === 'merge') {
      if (!this.#merge(x)) return PENDING;
      this.#phase = 'emit';
      this.#end = Math.min(this.#store.count, this.#keep);
    }
    const count = this.#store.copyTo(this.#out, this.#next, Math.min(BATCH_SIZE, this.#end - this.#next), this.#order);
    this.#next += count;
    return count > 0 ? this.#out : END;
  }

  #gather(x: ExecContext): boolean {
    for (;;) {
      const batch = this.#input.poll(x);
      if (batch === PENDING) return false;
      if (batch === END) return true;
      this.#keyBatch.count = this.#keysOf(x, batch.columns, batch.count, this.#keyBatch.columns);
      this.#keys.append(this.#keyBatch);
      this.#store.append(batch);
      if (this.#store.count >= Math.max(TOP_GATHER_MIN, this.#keep * 2)) this.#cut();
      if (x.shouldYield(batch.count)) return false;
    }
  }

  /** Top-n: keeps the best rows only, in input order among equals. */
  #cut(): void {
    const order = Array.from({ length: this.#store.count }, (_, i) => i).sort(this.#makeOrder(this.#keys.columns));
    order.length = Math.min(order.length, this.#keep);
    for (const rows of [this.#store, this.#keys]) {
      for (let c = 0; c < rows.columns.length; c++) {
        const column = rows.columns[c];
        rows.columns[c] = order.map((i) => column[i]);
      }
      rows.count = order.length;
    }
  }

  #startSort(): void {
    const count = this.#store.count;
    this.#order = new Uint32Array(count);
    this.#other = new Uint32Array(count);
    this.#compare = this.#makeOrder(this.#keys.columns);
    this.#width = 0;
    this.#left = 0;
  }

  #merge(x: ExecContext): boolean {
    const count = this.#store.count;
    if (this.#width === 0) {
      while (this.#left < count) {
        const end = Math.min(count, this.#left + RUN_LENGTH);
        const start = this.#left;
        const run = Array.from({ length: end - start }, (_, i) => start + i).sort(this.#compare as RowOrder);
        this.#order.set(run, start);
        this.#left = end;
        if (x.shouldYield(RUN_LENGTH)) return false;
      }
      this.#width = RUN_LENGTH;
      this.#left = 0;
    }
    while (this.#width < count) {
      while (this.#left < count) {
        this.#mergePair(
          this.#left,
          Math.min(count, this.#left + this.#width),
          Math.min(count, this.#left + 2 * this.#width),
        );
        const done = 2 * this.#width;
        this.#left += done;
        if (x.shouldYield(done)) return false;
      }
      const sorted = this.#other;
      this.#other = this.#order;
      this.#order = sorted;
      this.#width *= 2;
      this.#left = 0;
    }
    return true;
  }

  /** Merges order[left..middle) and order[middle..right) into other. */
  #mergePair(left: number, middle: number, right: number): void {
    const from = this.#order;
    const to = this.#other;
    const compare = this.#compare as RowOrder;
    let i = left;
    let j = middle;
    for (let k = left; k < right; k++) {
      if (i < middle && (j >= right || compare(from[i], from[j]) <= 0)) to[k] = from[i++];
      else to[k] = from[j++];
    }
  }

  close(x: ExecContext): void {
    this.#input.close(x);
    this.#store.clear();
    this.#keys.clear();
    this.#order = new Uint32Array(0);
    this.#other = new Uint32Array(0);
  }
}
