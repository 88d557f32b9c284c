/** DELETE, with USING and RETURNING. */
import type { Value } from '../../catalog/function-entry.ts';
import type { DeletePlan } from '../../planner/plan.ts';
import { LOCK_UPDATE, PAGE_MISS } from '../../storage/api.ts';
import { BATCH_SIZE, type Batch, END, PENDING } from '../batch.ts';
import { type RowsCondition, rowsCondition } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Operator } from '../operators/operator.ts';
import type { Execution } from '../program.ts';
import { rowIdOfTid } from '../row/row-tid.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { type ForeignKeys, queueReferencedActions } from './foreign-keys.ts';
import { Returning } from './insert.ts';
import { LongValues } from './long-values.ts';
import { acquireTarget, rowsOrWait, TARGET_RECHECK, TARGET_SKIP, TARGET_WAIT } from './target-row.ts';
import { wantedColumns } from './wanted-columns.ts';

/** Values of row i of a batch. */
export function batchRow(batch: Batch, i: number): Value[] {
  return batch.columns.map((column) => column[i]);
}

export class DeleteOperator implements Operator {
  readonly #table: TableRuntime;
  readonly #source: Operator;
  readonly #recheck: RowsCondition | null;
  readonly #returning: Returning | null;
  readonly #foreignKeys: ForeignKeys;
  readonly #longValues: LongValues;
  /** Columns whose values are looked at: long values of others are not read. */
  readonly #wanted: ReadonlySet<number>;
  #batch: Batch | null = null;
  #next = 0;

  constructor(plan: DeletePlan, execution: Execution) {
    const { program } = execution;
    const inputs = [plan.table.columns, plan.source.output];
    const { recheck } = plan;
    this.#table = program.tableOf(plan.table);
    this.#longValues = new LongValues(this.#table);
    this.#source = execution.build(plan.source);
    this.#recheck =
      recheck === null ? null : program.memo(plan, 'recheck', () => rowsCondition(program.slots, inputs, recheck));
    this.#returning = plan.returning === null ? null : new Returning(program, plan, inputs);
    this.#foreignKeys = program.foreignKeysOf(plan.table);
    this.#wanted = wantedColumns(this.#table, this.#foreignKeys, new Set(), [recheck, ...(plan.returning ?? [])]);
  }

  open(x: ExecContext): void {
    this.#longValues.reset();
    this.#batch = null;
    this.#returning?.reset();
    this.#source.open(x);
  }

  poll(x: ExecContext): Batch {
    const returning = this.#returning;
    returning?.begin();
    try {
      const batch = this.#pull(x);
      return returning === null ? batch : returning.given(batch);
    } catch (error) {
      // Rows that are done go out; the next poll meets the missing page again, or finds it.
      if (error === PAGE_MISS && returning !== null && returning.out.count > 0 && x.mayGoOn()) {
        return returning.given(returning.out);
      }
      throw error;
    }
  }

  #pull(x: ExecContext): Batch {
    const returning = this.#returning;
    if (returning?.resume(x)) this.#next++;
    for (;;) {
      if (returning !== null && returning.out.count === BATCH_SIZE) return returning.out;
      if (!this.#longValues.sweep(x)) return returning === null ? PENDING : rowsOrWait(x, returning.out);
      if (this.#batch === null || this.#next >= this.#batch.count) {
        if (returning !== null && returning.out.count > 0) return returning.out;
        const batch = this.#source.poll(x);
        if (batch === END || batch === PENDING) return batch;
        this.#batch = batch;
        this.#next = 0;
        if (x.shouldYield(batch.count)) return PENDING;
      }
      if (!this.#deleteRow(x, this.#batch)) return returning === null ? PENDING : rowsOrWait(x, returning.out);
      this.#next++;
      x.evaluated();
    }
  }

  /** False: waits. */
  #deleteRow(x: ExecContext, batch: Batch): boolean {
    const table = this.#table;
    const tid = batch.columns[0][this.#next] as number | null;
    if (tid === null) return true;
    const rowId = rowIdOfTid(tid);
    const answer = acquireTarget(x, table, rowId, LOCK_UPDATE);
    if (answer === TARGET_WAIT) return false;
    if (answer === TARGET_SKIP) return true;
    const needsValues = answer === TARGET_RECHECK || this.#returning !== null || this.#foreignKeys.incoming.length > 0;
    const oldValues = needsValues ? table.readValues(table.heap.newest(rowId), [], this.#wanted) : null;
    const rows = oldValues === null ? [] : [oldValues, batchRow(batch, this.#next)];
    if (answer === TARGET_RECHECK && this.#recheck !== null && !this.#recheck(x, rows)) return true;
    this.#longValues.begin();
    this.#longValues.collect(table.heap.newest(rowId), null);
    table.heap.remove(x.transaction, x.xid(), rowId);
    this.#longValues.confirm(x);
    x.processedCount++;
    if (oldValues !== null) queueReferencedActions(x, this.#foreignKeys, oldValues, null);
    if (this.#returning !== null) {
      x.rowIds[0] = rowId;
      this.#returning.add(x, rows);
    }
    return true;
  }

  close(x: ExecContext): void {
    this.#source.close(x);
    this.#batch = null;
  }
}
