/** Scans by row id: ctid = ... */
import type { RowIdScanPlan } from '../../planner/plan.ts';
import { type HeapCounters, PAGE_MISS, ROWS_TOUCHED, touchRows } from '../../storage/api.ts';
import { SqlArray } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END } from '../batch.ts';
import { type ScalarFunctionOfContext, scalarFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { isRowTid, rowIdOfTid } from '../row/row-tid.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { HeldError } from './held-error.ts';
import { type Operator, WaitSignal } from './operator.ts';
import { RowFetcher } from './row-fetcher.ts';

/** Rows by row id, in order. */
export class RowIdScanOperator implements Operator {
  readonly #fetcher: RowFetcher;
  readonly #counters: HeapCounters;
  readonly #out: Batch;
  readonly #error = new HeldError();
  readonly #table: TableRuntime;
  readonly #values: ScalarFunctionOfContext[];
  readonly #held = new Holding('row ids of a bitmap');
  #rows: Uint32Array = new Uint32Array(0);
  #next = 0;

  constructor(plan: RowIdScanPlan, execution: Execution) {
    const { program } = execution;
    const table = program.tableOf(plan.table);
    this.#fetcher = new RowFetcher(execution, plan, table);
    this.#counters = table.heap.counters;
    this.#out = new Batch(plan.targets.length);
    this.#table = table;
    this.#values = plan.rowIds.map((e) => program.memo(e, 'scalar', () => scalarFunction(program.slots, e)));
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  open(x: ExecContext): void {
    this.#error.forget();
    this.#held.clear(x.memory);
    this.#rows = this.#collect(x);
    this.#held.add(x.memory, this.#rows.byteLength);
    this.#next = 0;
  }

  #collect(x: ExecContext): Uint32Array {
    const { pageCount } = this.#table.heap.pages;
    const ids = new Set<number>();
    const add = (tid: number | null): void => {
      if (tid !== null && isRowTid(tid, pageCount)) ids.add(rowIdOfTid(tid));
    };
    for (const compute of this.#values) {
      const value = compute(x);
      if (value instanceof SqlArray) for (const tid of value.elements) add(tid as number | null);
      else add(value as number | null);
    }
    return Uint32Array.from(ids).sort();
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    const out = this.#fetcher.begin(x, this.#out);
    const limit = out.isEncoded ? Math.min(this.#batchSize, x.rowTarget.rowsMax) : this.#batchSize;
    let n = 0;
    const start = this.#next;
    try {
      while (this.#next < this.#rows.length && n < limit) {
        const end = Math.min(this.#next + Math.min(ROWS_TOUCHED, limit), this.#rows.length);
        touchRows(this.#fetcher.heap, this.#rows, this.#next, end);
        for (; this.#next < end && n < limit; this.#next++) {
          if (this.#fetcher.fetch(x, this.#rows[this.#next], n)) n++;
        }
      }
    } catch (error) {
      if (error === PAGE_MISS) this.#fetcher.prefetch.list(this.#rows, this.#next, this.#rows.length);
      if (error !== PAGE_MISS && !(error instanceof WaitSignal)) this.#error.hold(x, error, n);
      else if (!x.mayGoOn() || n === 0) throw error;
    } finally {
      this.#counters.bitmapRows += this.#fetcher.visible;
      this.#fetcher.visible = 0;
    }
    x.shouldYield(this.#next - start);
    out.count = n;
    return n > 0 ? out : END;
  }

  close(x: ExecContext): void {
    this.#rows = new Uint32Array(0);
    this.#held.clear(x.memory);
  }
}
