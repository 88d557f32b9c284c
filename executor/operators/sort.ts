/**
 * Sort: collects its input, sorts a permutation of row numbers (row-sorter.ts), gives rows out in that order.
 *
 * With a limit (top-n), only the best rows are kept. When more than twice the limit have gathered, they become a heap (row-heap.ts),
 * where each better row takes the place of the last one. Of a high limit the worse half is thrown away whenever there are twice as many,
 * and rows that come after the last of the better half are not gathered from then on.
 * Where the input comes in order of the first keys, it is read until there are rows enough, and to the end of these keys' values then.
 * What is beyond work_mem (or what there is no room for, work_memory_limit being near) goes to a temporary file, sorted, and is
 * merged at the end (spill/external-sort.ts):
 *
 *      cut <-+
 *        |   |
 *      gather -> sort -> emit
 *        ^        |
 *        +- write +-> reduce -> emit
 */
import type { Expr, SortKey } from '../../planner/expr.ts';
import type { SortPlan } from '../../planner/plan.ts';
import { type Comparator, comparator, OID, type Value } from '../../types/index.ts';
import { BATCH_SIZE, Batch, type Columns, END, PENDING } from '../batch.ts';
import {
  type InputTypes,
  type ProjectFunction,
  projectFunction,
  type ScalarFunctionOfContext,
  scalarFunction,
} from '../compile/batch-program.ts';
import { Emitter } from '../compile/emitter.ts';
import type { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { ExternalSort } from '../spill/external-sort.ts';
import { MEMORY_MIN, RowMeter } from '../spill/memory.ts';
import type { SpillingOperator, SpillReport } from '../spill/report.ts';
import type { RowOrder } from '../spill/run-merge.ts';
import { SPILL_WAITS } from '../spill/stream.ts';
import { ColumnStore } from './column-store.ts';
import { keyPrefix } from './key-prefix.ts';
import type { Operator } from './operator.ts';
import { RowHeap } from './row-heap.ts';
import { RowSorter, SORTER_BYTES_PER_ROW, type SorterKey } from './row-sorter.ts';

/** Top-n without a heap gathers at least this many rows before it throws any away. */
const TOP_GATHER_MIN = 1024;
/** Up to this limit a heap is not slower than sorting and cutting, whatever order the rows come in. */
const HEAP_MAX = 1024;

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

const NO_ROWS = new Uint32Array(0);

/** Emits a function's body that answers the order of two rows, whose keys are these expressions. */
function emitOrder(
  emitter: Emitter,
  keys: readonly SortKey[],
  x: (k: number) => string,
  y: (k: number) => string,
): void {
  keys.forEach((key, k) => {
    const less = key.descending ? 1 : -1;
    emitter.open('{');
    emitter.emit(`const x = ${x(k)}, y = ${y(k)};`);
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
}

type OrderFactory = (columns: Columns) => RowOrder;
/** The order of a row of the first columns to a row of the second. */
type BoundOrderFactory = (columns: Columns, bound: Columns) => RowOrder;

/** Generates the comparison for the given keys; key k of row i is keys[k][i]. */
function rowOrderFactory(keys: readonly SortKey[]): OrderFactory {
  const emitter = new Emitter();
  keys.forEach((_key, k) => {
    emitter.emit(`const k${k} = columns[${k}];`);
  });
  emitter.open('return (a, b) => {');
  emitOrder(
    emitter,
    keys,
    (k) => `k${k}[a]`,
    (k) => `k${k}[b]`,
  );
  emitter.close('};');
  return emitter.build('columns');
}

function boundOrderFactory(keys: readonly SortKey[]): BoundOrderFactory {
  const emitter = new Emitter();
  keys.forEach((_key, k) => {
    emitter.emit(`const k${k} = columns[${k}], b${k} = bound[${k}];`);
  });
  emitter.open('return (a, b) => {');
  emitOrder(
    emitter,
    keys,
    (k) => `k${k}[a]`,
    (k) => `b${k}[b]`,
  );
  emitter.close('};');
  return emitter.build('columns, bound');
}

interface PresortedKey {
  readonly column: number;
  readonly compare: Comparator;
}

/** What is generated for a sort node. */
interface CompiledSort {
  /** Computes those keys that are not plain columns; null: all are. */
  readonly keysOf: ProjectFunction | null;
  readonly keyCount: number;
  readonly sorterKeys: readonly SorterKey[];
  /** Of columns of the input followed by computed keys. */
  readonly makeOrder: OrderFactory;
  /** The first keys, in order of which the input comes: column, and whether two values differ. */
  readonly presorted: readonly PresortedKey[];
  /** Of two tables of such columns. */
  readonly boundOrder: BoundOrderFactory;
  /** Another copy of the same code for merging runs: V8 must not see two kinds of columns in one place. */
  mergeOrder(): OrderFactory;
  /** Of the columns of the input and computed keys. */
  readonly types: InputTypes;
  readonly meter: RowMeter;
}

function compileSort(plan: SortPlan, slots: SlotAllocator): CompiledSort {
  const width = plan.output.length;
  const computed: Expr[] = [];
  const places = plan.keys.map(({ expr }) => {
    if (expr.kind === 'column' && expr.index < width) return expr.index;
    return width + computed.push(expr) - 1;
  });
  const keysAmong = (columns: Columns): Columns => places.map((place) => columns[place]);
  const orderFactory = (): OrderFactory => {
    const factory = rowOrderFactory(plan.keys);
    return (columns) => factory(keysAmong(columns));
  };
  let mergeOrder: OrderFactory | null = null;
  const types = [...plan.input.output, ...computed];
  let bounds: BoundOrderFactory | null = null;
  return {
    keysOf: computed.length === 0 ? null : projectFunction(slots, plan.input.output, null, computed),
    keyCount: computed.length,
    sorterKeys: plan.keys.map(({ expr, descending, nullsFirst }, k) => ({
      column: places[k],
      prefix: keyPrefix(expr.typeOid),
      descending,
      nullsFirst,
    })),
    boundOrder: (columns, bound) => {
      bounds ??= boundOrderFactory(plan.keys);
      return bounds(keysAmong(columns), keysAmong(bound));
    },
    makeOrder: orderFactory(),
    presorted: plan.keys.slice(0, plan.presorted ?? 0).map(({ expr }, k) => ({
      column: places[k],
      compare: comparator(expr.typeOid),
    })),
    mergeOrder: () => {
      mergeOrder ??= orderFactory();
      return mergeOrder;
    },
    types,
    meter: new RowMeter(types, SORTER_BYTES_PER_ROW),
  };
}

export class SortOperator implements Operator, SpillingOperator {
  readonly #input: Operator;
  readonly #compiled: CompiledSort;
  readonly #limit: ScalarFunctionOfContext | null;
  readonly #store: ColumnStore;
  readonly #sorter: RowSorter;
  readonly #keyBatch: Batch;
  readonly #out: Batch;
  #phase: 'gather' | 'sort' | 'cut' | 'write' | 'reduce' | 'emit' = 'gather';
  /** What the rows are sorted for. */
  #purpose: 'cut' | 'write' | 'emit' = 'emit';
  /** The sort that is under way. */
  #steps: Generator<number, void, void> | null = null;
  #isInputDone = false;
  /** Rows read, where the input comes in order of the first keys. */
  #read = 0;
  #asked = BATCH_SIZE;
  /** The first keys of the last row that is wanted so far; null: there are too few rows yet. */
  #lastKeys: readonly Value[] | null = null;
  /** A batch whose keys could not be computed yet: something in them had to wait. */
  #held: Batch | null = null;
  #keep = Infinity;
  /** Once there are enough rows for it; its row numbers are places in the store. */
  #heap: RowHeap | null = null;
  /** In which the store's rows are given out. */
  #order: Uint32Array = NO_ROWS;
  /** Rows have been left out. */
  #hasCut = false;
  /** Once as many rows as are wanted have been kept: the last of them, by columns. Rows that are not before it are not gathered. */
  #bound: Columns | null = null;
  /** Estimate of what the store holds, its largest so far, and what it may. */
  #bytes = 0;
  #bytesMax = 0;
  #memory = 0;
  readonly #account = new Holding('rows to sort');
  #external: ExternalSort | null = null;
  #next = 0;
  #end = 0;

  constructor(plan: SortPlan, execution: Execution) {
    const { program } = execution;
    const { limit } = plan;
    this.#input = execution.build(plan.input);
    this.#compiled = program.memo(plan, 'sort', () => compileSort(plan, program.slots));
    this.#limit = limit === null ? null : program.memo(limit, 'scalar', () => scalarFunction(program.slots, limit));
    this.#store = new ColumnStore(this.#compiled.types);
    this.#sorter = new RowSorter(this.#compiled.sorterKeys);
    this.#keyBatch = new Batch(this.#compiled.keyCount);
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#clear(x);
    this.#external?.close();
    this.#external = null;
    this.#phase = 'gather';
    this.#isInputDone = false;
    this.#read = 0;
    this.#lastKeys = null;
    this.#held = null;
    this.#bound = null;
    this.#heap = null;
    this.#next = 0;
    this.#bytesMax = 0;
    this.#memory = 0;
    this.#hasCut = false;
    const limit = this.#limit?.(x) ?? null;
    this.#keep = limit === null ? Infinity : Math.max(0, Number(limit));
    if (this.#compiled.presorted.length > 0) this.#askFor(this.#keep + 1);
    this.#input.open(x);
  }

  /** Rows of one batch of an input in order of the first keys: as many as are wanted and one of the next group; twice as many each time. */
  #askFor(rows: number): void {
    this.#asked = Math.min(rows, BATCH_SIZE);
    this.#input.limitTo?.(this.#asked);
  }

  #clear(x: ExecContext): void {
    this.#clearRows(x);
    this.#sorter.clear();
  }

  #clearRows(x: ExecContext): void {
    this.#store.clear();
    this.#steps = null;
    this.#account.clear(x.memory);
    this.#bytes = 0;
  }

  poll(x: ExecContext): Batch {
    for (;;) {
      switch (this.#phase) {
        case 'gather':
          if (!this.#gather(x)) return PENDING;
          if (this.#heap !== null) {
            this.#order = this.#heap.drain();
            this.#heap = null;
            this.#phase = 'emit';
            this.#end = this.#store.count;
            break;
          }
          this.#steps = this.#sorter.sort(
            this.#store.columns,
            this.#store.count,
            this.#compiled.makeOrder(this.#store.columns),
            this.#purpose === 'write',
          );
          this.#phase = 'sort';
          break;
        case 'sort':
          if (!this.#sort(x)) return PENDING;
          this.#phase = this.#purpose;
          this.#order = this.#sorter.order;
          this.#end = Math.min(this.#store.count, this.#keep);
          break;
        case 'cut':
          this.#cut();
          this.#account.set(x.memory, this.#bytes);
          this.#phase = 'gather';
          break;
        case 'write':
          if (!this.#write(x)) return PENDING;
          if (this.#isInputDone) this.#clear(x);
          else this.#clearRows(x);
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

  /** True: sort what there is, for `#purpose`. */
  #gather(x: ExecContext): boolean {
    const { keysOf } = this.#compiled;
    for (;;) {
      if (this.#mustSort(x)) return true;
      const batch = this.#held ?? this.#input.poll(x);
      if (batch === PENDING) return false;
      if (batch === END) return this.#endInput();
      if (keysOf !== null) {
        this.#held = batch;
        keysOf(x, batch.columns, batch.count, this.#keyBatch.columns);
        this.#held = null;
      }
      const keys = keysOf === null ? null : this.#keyBatch.columns;
      this.#append(batch, keys);
      if (this.#bytes > this.#bytesMax) this.#bytesMax = this.#bytes;
      this.#account.set(x.memory, this.#bytes);
      if (this.#compiled.presorted.length > 0) {
        if (this.#hasEnough(batch, keys)) return this.#endInput();
        if (this.#asked < BATCH_SIZE) this.#askFor(2 * this.#asked);
      }
      if (x.shouldYield(batch.count)) return false;
    }
  }

  #endInput(): true {
    this.#isInputDone = true;
    this.#purpose = this.#external === null ? 'emit' : 'write';
    return true;
  }

  /** Of an input in order of the first keys: whether all rows that come have others than the last that is wanted. */
  #hasEnough(batch: Batch, keys: Columns | null): boolean {
    const valuesAt = (row: number): Value[] =>
      this.#compiled.presorted.map(({ column }) => {
        const { length } = batch.columns;
        return column < length ? batch.columns[column][row] : (keys as Columns)[column - length][row];
      });
    const before = this.#read;
    if (batch.count === 0) return false;
    this.#read += batch.count;
    if (this.#read < this.#keep) return false;
    this.#lastKeys ??= valuesAt(Math.max(0, this.#keep - 1 - before));
    const last = valuesAt(batch.count - 1);
    const wanted = this.#lastKeys;
    return this.#compiled.presorted.some(({ compare }, k) => {
      const [a, b] = [wanted[k], last[k]];
      return a === null || b === null ? a !== b : compare(a, b) !== 0;
    });
  }

  #append(batch: Batch, keys: Columns | null): void {
    const { meter, boundOrder } = this.#compiled;
    const columns = keys === null ? batch.columns : [...batch.columns, ...keys];
    if (this.#heap !== null) {
      const replaced = this.#replace(this.#heap, columns, batch.count);
      if (replaced === 0) return;
      const kept = Math.max(0, 1 - replaced / this.#keep);
      const came = Math.min(replaced, this.#keep) / batch.count;
      this.#bytes = kept * this.#bytes + came * meter.bytesOf(batch.columns, batch.count, keys);
      return;
    }
    if (this.#bound === null) {
      this.#store.append(batch, keys);
      this.#bytes += meter.bytesOf(batch.columns, batch.count, keys);
      const isHeapWanted = this.#keep > 0 && this.#keep <= HEAP_MAX && this.#external === null;
      if (isHeapWanted && this.#store.count > 2 * this.#keep) this.#makeHeap();
      return;
    }
    const order = boundOrder(columns, this.#bound);
    const before = this.#store.count;
    for (let row = 0; row < batch.count; row++) if (order(row, 0) < 0) this.#store.appendFrom(columns, row);
    const share = (this.#store.count - before) / batch.count;
    if (share > 0) this.#bytes += meter.bytesOf(batch.columns, batch.count, keys) * share;
  }

  /** Of the rows there are, which are more than are wanted. */
  #makeHeap(): void {
    const store = this.#store;
    const { count } = store;
    const heap = new RowHeap(this.#keep, this.#compiled.makeOrder(store.columns));
    for (let row = 0; row < count; row++) {
      if (!heap.isFull) heap.add(row);
      else if (heap.compare(row, heap.root) < 0) heap.replaceRoot(row);
    }
    store.keep(heap.rows);
    for (let row = 0; row < this.#keep; row++) heap.rows[row] = row;
    heap.compare = this.#compiled.makeOrder(store.columns);
    this.#heap = heap;
    this.#hasCut = true;
    this.#bytes *= this.#keep / count;
  }

  /** Rows of a batch come for those that they are before; answers how many. */
  #replace(heap: RowHeap, columns: Columns, count: number): number {
    const { makeOrder, boundOrder } = this.#compiled;
    const store = this.#store;
    let order = boundOrder(columns, store.columns);
    let replaced = 0;
    for (let row = 0; row < count; row++) {
      const { root } = heap;
      if (order(row, root) >= 0) continue;
      if (store.set(root, columns, row)) {
        heap.compare = makeOrder(store.columns);
        order = boundOrder(columns, store.columns);
      }
      heap.replaceRoot(root);
      replaced++;
    }
    return replaced;
  }

  /** Whether there are twice the rows that are wanted, or more than there is room for; `#purpose` says what then. */
  #mustSort(x: ExecContext): boolean {
    const { count } = this.#store;
    if (count >= Math.max(TOP_GATHER_MIN, this.#keep * 2)) {
      this.#purpose = 'cut';
      return true;
    }
    if (this.#bytes <= MEMORY_MIN) return false;
    if (this.#memory === 0) this.#memory = x.services.sortMemoryBytes;
    if (this.#bytes <= this.#memory && !this.#account.isTight(x.memory, this.#bytes)) return false;
    if (count > this.#keep) {
      // What is over the limit are rows that are not wanted, for a part.
      this.#purpose = 'cut';
      return true;
    }
    // If it is the server's memory that is full: what there was is what there is from now on.
    if (this.#bytes < this.#memory) this.#memory = Math.max(this.#bytes, MEMORY_MIN);
    if (this.#heap !== null) {
      this.#boundBy(this.#heap.root);
      this.#heap = null;
    }
    this.#purpose = 'write';
    return true;
  }

  #sort(x: ExecContext): boolean {
    const steps = this.#steps as Generator<number, void, void>;
    for (;;) {
      const step = steps.next();
      if (step.done === true) break;
      if (x.shouldYield(step.value)) return false;
    }
    this.#steps = null;
    return true;
  }

  /** Top-n: keeps the best rows only, in order. */
  #cut(): void {
    const store = this.#store;
    const { count } = store;
    const end = this.#end;
    store.keep(this.#sorter.order.subarray(0, end));
    this.#hasCut = true;
    this.#bytes *= end / count;
    if (end > 0 && end === this.#keep) this.#boundBy(end - 1);
  }

  #boundBy(row: number): void {
    this.#bound = this.#store.columns.map((column) => [column[row]]);
  }

  #write(x: ExecContext): boolean {
    const { columns } = this.#store;
    this.#external ??= new ExternalSort(this.#memory, columns.length, this.#compiled.mergeOrder());
    return this.#end === 0 || this.#external.writeRun(x, columns, this.#sorter.order, this.#end, this.#bytes);
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
