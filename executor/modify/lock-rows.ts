/** SELECT FOR UPDATE / SHARE: locks the rows that come, and gives their newest versions. */
import type { Value } from '../../catalog/function-entry.ts';
import type { LockRowsPlan, LockStrength } from '../../planner/plan.ts';
import {
  LOCK_KEY_SHARE,
  LOCK_NO_KEY_UPDATE,
  LOCK_SHARE,
  LOCK_UPDATE,
  type RowLockStrength,
} from '../../storage/api.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type RowsCondition, type RowsFunction, rowsCondition, rowsFunction } from '../compile/batch-program.ts';
import { usedColumns } from '../compile/page-columns.ts';
import type { ExecContext } from '../context.ts';
import { HeldError } from '../operators/held-error.ts';
import type { Operator } from '../operators/operator.ts';
import type { Execution } from '../program.ts';
import { rowIdOfTid } from '../row/row-tid.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { batchRow } from './delete.ts';
import { acquireTarget, rowsOrWait, TARGET_RECHECK, TARGET_SKIP, TARGET_WAIT } from './target-row.ts';

const STRENGTHS: { readonly [strength in LockStrength]: RowLockStrength } = {
  'key share': LOCK_KEY_SHARE,
  share: LOCK_SHARE,
  'no key update': LOCK_NO_KEY_UPDATE,
  update: LOCK_UPDATE,
};

export class LockRowsOperator implements Operator {
  readonly #plan: LockRowsPlan;
  readonly #tables: readonly TableRuntime[];
  readonly #input: Operator;
  readonly #targets: RowsFunction;
  readonly #recheck: RowsCondition | null;
  /** By mark: columns whose values are looked at. */
  readonly #columns: readonly ReadonlySet<number>[];
  readonly #out: Batch;
  readonly #error = new HeldError();
  /** Rows of the output were not given away, since a poll was interrupted. */
  #isKept = false;
  readonly #values: Value[] = [];
  #batch: Batch | null = null;
  #next = 0;
  #wanted = Infinity;

  constructor(plan: LockRowsPlan, execution: Execution) {
    const { program } = execution;
    this.#plan = plan;
    this.#tables = plan.marks.map((m) => program.tableOf(m.table));
    this.#input = execution.build(plan.input);
    const inputs = [...plan.marks.map((m) => m.table.columns), plan.input.output];
    const { recheck } = plan;
    this.#targets = program.memo(plan, 'targets', () => rowsFunction(program.slots, inputs, plan.targets, true));
    this.#recheck =
      recheck === null ? null : program.memo(plan, 'recheck', () => rowsCondition(program.slots, inputs, recheck));
    this.#columns = plan.marks.map((_mark, m) => new Set(usedColumns([...plan.targets, recheck], m)));
    this.#out = new Batch(plan.targets.length);
  }

  /** Under LIMIT: no more rows than this are locked at once. */
  limitTo(rows: number): void {
    this.#wanted = rows;
  }

  open(x: ExecContext): void {
    this.#error.forget();
    this.#isKept = false;
    this.#batch = null;
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    const out = this.#out;
    if (!this.#isKept) out.count = 0;
    this.#isKept = false;
    for (;;) {
      if (this.#batch === null || this.#next >= this.#batch.count) {
        if (out.count > 0) return out;
        const batch = this.#input.poll(x);
        if (batch === END || batch === PENDING) return batch;
        this.#batch = batch;
        this.#next = 0;
        if (x.shouldYield(batch.count)) return PENDING;
      }
      try {
        if (!this.#lockRow(x, this.#batch)) return rowsOrWait(x, out);
      } catch (error) {
        // Rows before the one that fails, or has to wait, are locked, and go on their way.
        if (error instanceof SqlError) this.#error.hold(x, error, out.count);
        else if (out.count === 0 || !x.mayGoOn()) {
          this.#isKept = true;
          throw error;
        }
        return out;
      }
      this.#next++;
      x.evaluated();
      if (out.count === BATCH_SIZE || out.count >= this.#wanted) return out;
    }
  }

  /** False: waits. */
  #lockRow(x: ExecContext, batch: Batch): boolean {
    const { marks } = this.#plan;
    let mustRecheck = false;
    for (let m = 0; m < marks.length; m++) {
      const { rowIdColumn, strength, wait } = marks[m];
      const tid = batch.columns[rowIdColumn][this.#next] as number | null;
      x.rowIds[m] = tid === null ? -1 : rowIdOfTid(tid);
      if (tid === null) continue;
      const rowId = x.rowIds[m];
      const answer = acquireTarget(x, this.#tables[m], rowId, STRENGTHS[strength]);
      if (answer === TARGET_SKIP) return true;
      if (answer === TARGET_WAIT) {
        if (wait === 'block') return false;
        x.stopWaiting();
        if (wait === 'skip locked') return true;
        throw sqlError('55P03', `could not obtain lock on row in relation "${this.#tables[m].entry.name}"`);
      }
      if (answer === TARGET_RECHECK) mustRecheck = true;
      this.#tables[m].heap.lockRow(x.transaction, rowId, STRENGTHS[strength]);
    }
    const rows = marks.map((_mark, m) => {
      const table = this.#tables[m];
      return x.rowIds[m] < 0
        ? table.entry.columns.map(() => null)
        : table.readValues(table.heap.newest(x.rowIds[m], x.transaction), [], this.#columns[m]);
    });
    rows.push(batchRow(batch, this.#next));
    if (mustRecheck && this.#recheck !== null && !this.#recheck(x, rows)) return true;
    this.#targets(x, rows, this.#values);
    const out = this.#out;
    for (let c = 0; c < out.columns.length; c++) out.columns[c][out.count] = this.#values[c];
    out.count++;
    return true;
  }

  close(x: ExecContext): void {
    this.#input.close(x);
    this.#batch = null;
  }
}
