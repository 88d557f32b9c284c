/** Sequential scans: all pages of a table, by one generated loop. */
import type { Value } from '../../catalog/function-entry.ts';
import type { SeqScanPlan } from '../../planner/plan.ts';
import { PAGE_MISS, RING_FRAMES, ScanReads } from '../../storage/api.ts';
import type { OutBuffer } from '../../types/out-buffer.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { batchBody, type ScanFunction, type ScanPosition, scanFunction } from '../compile/row-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { HeldError } from './held-error.ts';
import { type Operator, WaitSignal } from './operator.ts';
import { countRows } from './row-count.ts';
import { ENCODED, SentRows } from './sent-rows.ts';

/** Pages of one batch of a scan in a ring whose reader comes back to the rows. */
const REVISITED_PAGES = RING_FRAMES / 4;

/** The beginning of a table. */
export function scanPosition(table: TableRuntime): ScanPosition {
  return { page: 0, slot: 0, endPage: 0, count: 0, reads: new ScanReads(table.pool, table.heap.pages), readAhead: 0 };
}

/** The rows of a table, in the order of its pages. */
export class SeqScanOperator implements Operator {
  readonly #plan: SeqScanPlan;
  readonly #table: TableRuntime;
  readonly #makeScan: () => ScanFunction<Value[][]>;
  /** Made when it is asked for: rows that are sent never do. */
  #scan: ScanFunction<Value[][]> | null = null;
  readonly #position: ScanPosition;
  readonly #error = new HeldError();
  readonly #out: Batch;
  readonly #sent: SentRows<ScanFunction<OutBuffer>> | null;
  /** Who wants row ids goes back to the rows, and should still find them in the ring. */
  readonly #isRevisited: boolean;
  #endPage = 0;

  constructor(plan: SeqScanPlan, execution: Execution) {
    const { program } = execution;
    this.#plan = plan;
    this.#table = program.tableOf(plan.table);
    this.#position = scanPosition(this.#table);
    this.#isRevisited = plan.targets.some((target) => target.kind === 'systemColumn');
    this.#out = new Batch(plan.targets.length);
    this.#makeScan = () =>
      program.memo(plan, 'scan', () =>
        scanFunction<Value[][]>(
          {
            table: this.#table,
            slots: program.slots,
            filter: plan.filter,
            body: batchBody(plan.targets, program.sentScan === plan),
          },
          true,
        ),
      );
    this.#sent = SentRows.of(execution, plan, 'scan', (body) =>
      scanFunction<OutBuffer>({ table: this.#table, slots: program.slots, filter: plan.filter, body }, true),
    );
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  #isCounting = false;

  countOnly(): boolean {
    this.#isCounting = this.#plan.filter === null && this.#plan.targets.length === 0;
    return this.#isCounting;
  }

  open(): void {
    this.#error.forget();
    this.#position.page = 0;
    this.#position.slot = 0;
    this.#table.heap.counters.sequentialScans++;
    // Rows that come later than the snapshot are not seen anyway, so the end is fixed here.
    this.#endPage = this.#position.reads.open();
    this.#position.endPage = this.#endPage;
  }

  /** After open: goes on from where another scan of the table has come to. */
  startAt(position: ScanPosition): void {
    this.#position.page = position.page;
    this.#position.slot = position.slot;
    this.#endPage = position.endPage;
    this.#position.endPage = this.#endPage;
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    const position = this.#position;
    const sent = this.#sent?.ask(x) ?? null;
    const out = sent === null ? this.#out : ENCODED;
    if (this.#isCounting) {
      out.count = countRows(x, this.#table, position);
      if (out.count > 0) return out;
      return position.page < this.#endPage ? PENDING : END;
    }
    for (;;) {
      if (this.#isRevisited && position.reads.ring !== null)
        position.endPage = Math.min(this.#endPage, position.page + REVISITED_PAGES);
      let yielded = false;
      try {
        yielded =
          sent === null
            ? (this.#scan ??= this.#makeScan())(x, position, out.columns, this.#batchSize, x.snapshot)
            : sent(x, position, x.rowTarget.out, Math.min(this.#batchSize, x.rowTarget.rowsMax), x.snapshot);
      } catch (error) {
        if (error === PAGE_MISS) position.reads.missed(position.page);
        // Rows before the missing page go on their way; the next poll meets the miss again, or finds the page.
        if (error !== PAGE_MISS && !(error instanceof WaitSignal)) this.#error.hold(x, error, position.count);
        else if (!x.mayGoOn() || position.count === 0) throw error;
      }
      out.count = position.count;
      if (out.count > 0) return out;
      if (yielded) return PENDING;
      if (position.page >= this.#endPage) return END;
    }
  }

  close(): void {}
}
