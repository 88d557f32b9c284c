/** From row ids, however they were found, to the rows that a snapshot sees. */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import type { IndexScanPlan, PostingScanPlan, RowIdScanPlan } from '../../planner/plan.ts';
import { type Heap, type IndexCursor, type IndexKey, PAGE_MISS } from '../../storage/api.ts';
import type { OutBuffer } from '../../types/out-buffer.ts';
import type { Batch } from '../batch.ts';
import { batchBody, type GenericRowFunction, type RowProgramInput, rowFunction } from '../compile/row-program.ts';
import type { ExecContext } from '../context.ts';
import { type IndexRuntime, KEY_NOT_INDEXED } from '../index-runtime.ts';
import type { Execution } from '../program.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { RowPrefetch } from './row-prefetch.ts';
import { ENCODED, SentRows } from './sent-rows.ts';

/** Missing pages that one poll reads in place; some microseconds each. More of them are the time slice's to allow (session.ts). */
const READS_IN_PLACE_MAX = 64;
type RowOutput = Value[][] | OutBuffer;

/** Turns row ids into batches: visible version, recheck and filter, targets. */
export class RowFetcher {
  /** Made when they are asked for: rows that are sent never do. */
  readonly #makeValues: () => GenericRowFunction<Value[][]>;
  #values: GenericRowFunction<Value[][]> | null = null;
  /** Without the recheck. */
  readonly #makeExactValues: () => GenericRowFunction<Value[][]>;
  #exactValues: GenericRowFunction<Value[][]> | null = null;
  readonly #sent: SentRows<GenericRowFunction<OutBuffer>> | null;
  readonly #exactSent: SentRows<GenericRowFunction<OutBuffer>> | null;
  /** Of the poll that runs: where its rows go, and by which function. */
  #row!: GenericRowFunction<RowOutput>;
  #out: RowOutput = [];
  readonly #table: TableRuntime;
  readonly prefetch: RowPrefetch;

  /** `columns`: to be read instead of the plan's targets, of rows that its filter has not seen. */
  constructor(
    execution: Execution,
    plan: IndexScanPlan | PostingScanPlan | RowIdScanPlan,
    table: TableRuntime,
    columns: readonly Expr[] | null = null,
  ) {
    const { program } = execution;
    const recheck = plan.kind === 'rowIdScan' ? null : plan.recheck;
    const conditions = [recheck, columns === null ? plan.filter : null].filter((e) => e !== null);
    const filter =
      conditions.length === 2
        ? ({ kind: 'and', args: conditions, typeOid: 16, typeModifier: -1 } as NonNullable<RowProgramInput['filter']>)
        : (conditions[0] ?? null);
    this.#table = table;
    this.prefetch = new RowPrefetch(table);
    const { slots } = program;
    this.#makeValues = () =>
      program.memo(plan, 'row', () =>
        rowFunction<Value[][]>({
          table,
          slots,
          filter,
          body: batchBody(columns ?? plan.targets, columns === null && program.sentScan === plan),
        }),
      );
    const isSent = columns === null;
    this.#sent = isSent
      ? SentRows.of(execution, plan, 'row', (body) => rowFunction<OutBuffer>({ table, slots, filter, body }))
      : null;
    this.#exactSent = isSent
      ? SentRows.of(execution, plan, 'exactRow', (body) =>
          rowFunction<OutBuffer>({ table, slots, filter: plan.filter, body }),
        )
      : null;
    this.#makeExactValues = () =>
      program.memo(plan, 'exactRow', () =>
        rowFunction<Value[][]>({
          table,
          slots: program.slots,
          filter: plan.filter,
          body: batchBody(plan.targets, program.sentScan === plan),
        }),
      );
  }

  get heap(): Heap {
    return this.#table.heap;
  }

  get readsInPlace(): boolean {
    return this.#table.pool.readsInPlace;
  }

  /** Pages that were missing, read in place, in this poll. */
  #readInPlace = 0;

  /** Whether a row whose fetch threw may be fetched again at once. One that has slept counts its sleeps from the statement's start. */
  #isThere(x: ExecContext, error: unknown): boolean {
    if (error !== PAGE_MISS || !this.#table.pool.isMissSettled || x.functions.evaluation.seen > 0) return false;
    return ++this.#readInPlace <= READS_IN_PLACE_MAX;
  }

  /** Rows that were visible, counted by fetch; whoever fetches counts from 0 again. */
  visible = 0;

  /**
   * Before a poll's rows: `batch` gets them, unless they are to be sent; answers the batch that the poll has filled then. `isExact`: an
   * index has answered for the rows, and only the filter is asked.
   */
  begin(x: ExecContext, batch: Batch, isExact = false): Batch {
    this.#readInPlace = 0;
    const sent = (isExact ? this.#exactSent : this.#sent)?.ask(x) ?? null;
    if (sent !== null) {
      this.#row = sent as GenericRowFunction<RowOutput>;
      this.#out = x.rowTarget.out;
      return ENCODED;
    }
    if (isExact) this.#exactValues ??= this.#makeExactValues();
    else this.#values ??= this.#makeValues();
    this.#row = (isExact ? this.#exactValues : this.#values) as GenericRowFunction<RowOutput>;
    this.#out = batch.columns;
    return batch;
  }

  /** True when the row is visible and passed; it is then row n of what `begin` was given. */
  fetch(x: ExecContext, rowId: number, n: number): boolean {
    for (;;) {
      try {
        const r = this.#table.heap.visible(rowId, x.snapshot);
        if (r < 0) return false;
        const passed = this.#row(x, r, rowId, this.#out, n);
        this.visible++;
        return passed;
      } catch (error) {
        if (!this.#isThere(x, error)) throw error;
      }
    }
  }

  /** The same, when the version seen has the key under which the cursor found the row. */
  fetchAtKey(
    x: ExecContext,
    rowId: number,
    n: number,
    index: IndexRuntime,
    cursor: IndexCursor,
    key: IndexKey,
  ): boolean {
    for (;;) {
      try {
        const r = this.#table.heap.visible(rowId, x.snapshot);
        if (r < 0 || index.keyFromRow(x, r, key) === KEY_NOT_INDEXED || !cursor.isAtKey(key)) return false;
        const passed = this.#row(x, r, rowId, this.#out, n);
        this.visible++;
        return passed;
      } catch (error) {
        if (!this.#isThere(x, error)) throw error;
      }
    }
  }
}
