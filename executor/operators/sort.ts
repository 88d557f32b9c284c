/**
 * Sort: collects its input, sorts a permutation of row numbers, gives rows out in that order.
 *
 * A merge sort, bottom up, whose steps may be interrupted at any merge: sorting a million rows must not hold up the engine. Runs
 * of RUN_LENGTH are sorted by Array.prototype.sort. Stable, as input order then decides among equals.
 * With a limit (top-n), only the best rows are kept: whenever twice the limit has gathered, the worse half is thrown away.
 * What is beyond work_mem (or what there is no room for, work_memory_limit being near) goes to a temporary file, sorted, and is
 * merged at the end (spill/external-sort.ts):
 *
 *      gather -> sort -> emit
 *        ^        |
 *        +- write +-> reduce -> emit
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr, SortKey } from '../../planner/expr.ts';
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
import type { SlotAllocator } from '../compile/expression.ts';
import type { ExecContext } from '../context.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { ExternalSort } from '../spill/external-sort.ts';
import { MEMORY_MIN, RowMeter } from '../spill/memory.ts';
import type { SpillingOperator, SpillReport } from '../spill/report.ts';
import type { RowOrder } from '../spill/run-merge.ts';
import { SPILL_WAITS } from '../spill/stream.ts';
import { type Operator, RowStore } from './operator.ts';

const RUN_LENGTH = 2048;
/** Top-n gathers at least this many rows before it throws any away. */
const TOP_GATHER_MIN = 1024;

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

/** Two row numbers in the permutations. */
const ORDER_BYTES = 8;

type OrderFactory = (columns: readonly (readonly Value[])[]) => RowOrder;

/** What is generated for a sort node. */
interface CompiledSort {
  /** Computes those keys that are not plain columns; null: all are. */
  readonly keysOf: ProjectFunction | null;
  readonly keyCount: number;
  /** Of columns of the input followed by computed keys. */
  readonly makeOrder: OrderFactory;
  /** Another copy of the same code for merging runs: V8 must not see two kinds of columns in one place. */
  mergeOrder(): OrderFactory;
  readonly meter: RowMeter;
}

function compileSort(plan: SortPlan, slots: SlotAllocator): CompiledSort {
  const width = plan.output.length;
  const computed: Expr[] = [];
  const places = plan.keys.map(({ expr }) => {
    if (expr.kind === 'column' && expr.index < width) return expr.index;
    return width + computed.push(expr) - 1;
  });
  const orderFactory = (): OrderFactory => {
    const factory = rowOrderFactory(plan.keys);
    return (columns) => factory(places.map((place) => columns[place]));
  };
  let mergeOrder: OrderFactory | null = null;
  return {
    keysOf: computed.length === 0 ? null : projectFunction(slots, plan.input.output, null, computed),
    keyCount: computed.length,
    makeOrder: orderFactory(),
    mergeOrder: () => {
      mergeOrder ??= orderFactory();
      return mergeOrder;
    },
    meter: new RowMeter([...plan.input.output, ...computed], ORDER_BYTES),
  };
}

export class SortOperator implements Operator, SpillingOperator {
  readonly #input: Operator;
  readonly #compiled: CompiledSort;
  readonly #limit: ScalarFunctionOfContext | null;
  readonly #store: RowStore;
  readonly #keyBatch: Batch;
  readonly #out: Batch;
  #phase: 'gather' | 'sort' | 'write' | 'reduce' | 'emit' = 'gather';
  #isInputDone = false;
  /** A batch whose keys could not be computed yet: something in them had to wait. */
  #held: Batch | null = null;
  #keep = Infinity;
  #hasCut = false;
  /** Estimate of what the store holds, its largest so far, and what it may. */
  #bytes = 0;
  #bytesMax = 0;
  #memory = 0;
  readonly #account = new Holding('rows to sort');
  #external: ExternalSort | null = null;
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
    this.#compiled = program.memo(plan, 'sort', () => compileSort(plan, program.slots));
    this.#limit = limit === null ? null : program.memo(limit, 'scalar', () => scalarFunction(program.slots, limit));
    this.#store = new RowStore(plan.output.length + this.#compiled.keyCount);
    this.#keyBatch = new Batch(this.#compiled.keyCount);
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#clear(x);
    this.#external?.close();
    this.#external = null;
    this.#phase = 'gather';
    this.#isInputDone = false;
    this.#held = null;
    this.#next = 0;
    this.#bytesMax = 0;
    this.#memory = 0;
    this.#hasCut = false;
    const limit = this.#limit?.(x) ?? null;
    this.#keep = limit === null ? Infinity : Math.max(0, Number(limit));
    this.#input.open(x);
  }

  #clear(x: ExecContext): void {
    this.#store.clear();
    this.#account.clear(x.memory);
    this.#bytes = 0;
    this.#compare = null;
    this.#order = new Uint32Array(0);
    this.#other = new Uint32Array(0);
  }

  poll(x: ExecContext): Batch {
    for (;;) {
      switch (this.#phase) {
        case 'gather':
          if (!this.#gather(x)) return PENDING;
          this.#startSort();
          this.#phase = 'sort';
          break;
        case 'sort':
          if (!this.#merge(x)) return PENDING;
          this.#phase = this.#isInputDone && this.#external === null ? 'emit' : 'write';
          this.#end = Math.min(this.#store.count, this.#keep);
          break;
        case 'write':
          if (!this.#write(x)) return PENDING;
          this.#clear(x);
          this.#phase = this.#isInputDone ? 'reduce' : 'gather';
          break;
        case 'reduce':
          this.#account.set(x.memory, (this.#external as ExternalSort).mergeBytes);
          if (!(this.#external as ExternalSort).reduce(x)) return PENDING;
          this.#phase = 'emit';
          this.#end = this.#keep;
          break;
        case 'emit':
          return this.#emit(x);
      }
    }
  }

  /** True: sort what there is, since it is all or memory is full. */
  #gather(x: ExecContext): boolean {
    const { keysOf, meter } = this.#compiled;
    for (;;) {
      const batch = this.#held ?? this.#input.poll(x);
      if (batch === PENDING) return false;
      if (batch === END) {
        this.#isInputDone = true;
        return true;
      }
      if (keysOf === null) this.#store.append(batch);
      else {
        this.#held = batch;
        keysOf(x, batch.columns, batch.count, this.#keyBatch.columns);
        this.#held = null;
        this.#store.append(batch, this.#keyBatch.columns);
      }
      const { columns } = this.#store;
      this.#bytes += meter.bytesOf(batch.columns, batch.count, keysOf === null ? null : this.#keyBatch.columns);
      if (this.#store.count >= Math.max(TOP_GATHER_MIN, this.#keep * 2)) this.#cut(columns);
      if (this.#bytes > this.#bytesMax) this.#bytesMax = this.#bytes;
      const isFull = this.#bytes > MEMORY_MIN && this.#isFull(x);
      this.#account.set(x.memory, this.#bytes);
      if (isFull) return true;
      if (x.shouldYield(batch.count)) return false;
    }
  }

  #isFull(x: ExecContext): boolean {
    if (this.#memory === 0) this.#memory = x.services.sortMemoryBytes;
    if (!this.#isBeyond(x)) return false;
    // What is over the limit may be rows that are not wanted.
    if (this.#store.count > this.#keep) this.#cut(this.#store.columns);
    if (!this.#isBeyond(x)) return false;
    // If it is the server's memory that is full: what there was is what there is from now on.
    if (this.#bytes < this.#memory) this.#memory = Math.max(this.#bytes, MEMORY_MIN);
    return true;
  }

  #isBeyond(x: ExecContext): boolean {
    return this.#bytes > this.#memory || this.#account.isTight(x.memory, this.#bytes);
  }

  /** Top-n: keeps the best rows only, in input order among equals. */
  #cut(columns: Value[][]): void {
    const { count } = this.#store;
    const order = Array.from({ length: count }, (_, i) => i).sort(this.#compiled.makeOrder(columns));
    order.length = Math.min(count, this.#keep);
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c];
      columns[c] = order.map((i) => column[i]);
    }
    this.#store.count = order.length;
    this.#hasCut = true;
    this.#bytes *= order.length / count;
  }

  #startSort(): void {
    const count = this.#store.count;
    this.#order = new Uint32Array(count);
    this.#other = new Uint32Array(count);
    this.#compare = this.#compiled.makeOrder(this.#store.columns);
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

  #write(x: ExecContext): boolean {
    const { columns } = this.#store;
    this.#external ??= new ExternalSort(this.#memory, columns.length, this.#compiled.mergeOrder());
    return this.#end === 0 || this.#external.writeRun(x, columns, this.#order, this.#end, this.#bytes);
  }

  #emit(x: ExecContext): Batch {
    const wanted = Math.min(BATCH_SIZE, this.#end - this.#next);
    let count: number;
    if (this.#external === null) count = this.#store.copyTo(this.#out, this.#next, wanted, this.#order);
    else {
      count = wanted === 0 ? 0 : this.#external.next(x, this.#out.columns, wanted);
      if (count === SPILL_WAITS) return PENDING;
      this.#out.count = count;
    }
    this.#next += count;
    return count > 0 ? this.#out : END;
  }

  spillReport(): SpillReport {
    const diskBytes = this.#external?.writtenBytes ?? 0;
    const method = this.#external !== null ? 'external merge' : this.#hasCut ? 'top-N heapsort' : 'quicksort';
    return { kind: 'sort', method, diskBytes, memoryBytes: this.#bytesMax };
  }

  close(x: ExecContext): void {
    this.#input.close(x);
    this.#clear(x);
    this.#external?.close();
    this.#external = null;
  }
}
