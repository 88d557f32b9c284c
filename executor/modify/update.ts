/**
 * UPDATE, with FROM and RETURNING.
 *
 * Where only fixed-width columns change that no index, check, foreign key or generated column depends on, the row's bytes are
 * copied and patched by generated code; nothing else of the row is decoded.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { UpdatePlan } from '../../planner/plan.ts';
import { LOCK_NO_KEY_UPDATE, PAGE_MISS, PAGE_SIZE } from '../../storage/api.ts';
import { BATCH_SIZE, type Batch, END, PENDING } from '../batch.ts';
import { type RowsCondition, type RowsFunction, rowsCondition, rowsFunction } from '../compile/batch-program.ts';
import { type PatchFunction, patchFunction } from '../compile/patch.ts';
import type { ExecContext } from '../context.ts';
import type { Operator } from '../operators/operator.ts';
import type { Execution } from '../program.ts';
import { rowIdOfTid } from '../row/row-tid.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { batchRow } from './delete.ts';
import { type ForeignKeys, queueReferenceChecks, queueReferencedActions } from './foreign-keys.ts';
import { Returning } from './insert.ts';
import { RowStoreWriter, STEP_CONFLICT, STEP_WAIT } from './row-store.ts';
import {
  acquireTarget,
  changedMeanwhile,
  rowsOrWait,
  TARGET_RECHECK,
  TARGET_SKIP,
  TARGET_WAIT,
  versionOf,
} from './target-row.ts';
import { wantedColumns } from './wanted-columns.ts';

/** The new image of a row, from when it is made to when the heap has it: nothing else runs in between. */
const patched = Buffer.alloc(PAGE_SIZE);

export class UpdateOperator implements Operator {
  readonly #table: TableRuntime;
  readonly #source: Operator;
  readonly #assignments: RowsFunction;
  readonly #columns: readonly number[];
  readonly #changed: ReadonlySet<number>;
  readonly #recheck: RowsCondition | null;
  readonly #writer: RowStoreWriter;
  readonly #returning: Returning | null;
  readonly #foreignKeys: ForeignKeys;
  /** Columns whose values are looked at: long values of others are handed on unread. */
  readonly #wanted: ReadonlySet<number>;
  /** null: this statement cannot patch. */
  readonly #patch: PatchFunction | null;
  readonly #values: Value[] = [];
  #batch: Batch | null = null;
  #next = 0;
  /** The row whose long values are being stored; nobody else changes it meanwhile. */
  #begun: {
    readonly rowId: number;
    readonly rows: readonly Value[][];
    readonly values: Value[];
    /** Of the version that it was computed from. */
    readonly version: number;
  } | null = null;
  /** Its expressions do things: they are computed once, whatever has to be waited for. */
  readonly #computesOnce: boolean;

  constructor(plan: UpdatePlan, execution: Execution) {
    const { program } = execution;
    const inputs = [plan.table.columns, plan.source.output];
    const { recheck } = plan;
    this.#table = program.tableOf(plan.table);
    this.#source = execution.build(plan.source);
    this.#assignments = program.memo(plan, 'assignments', () =>
      rowsFunction(
        program.slots,
        inputs,
        plan.assignments.map((a) => a.value),
        true,
      ),
    );
    this.#columns = plan.assignments.map((a) => a.columnIndex);
    this.#changed = new Set([...this.#columns, ...plan.generated.map((g) => g.columnIndex)]);
    this.#recheck =
      recheck === null ? null : program.memo(plan, 'recheck', () => rowsCondition(program.slots, inputs, recheck));
    this.#writer = new RowStoreWriter(program, this.#table, plan.checks, plan.generated);
    this.#returning = plan.returning === null ? null : new Returning(program, plan, inputs);
    this.#foreignKeys = program.foreignKeysOf(plan.table);
    this.#wanted = wantedColumns(this.#table, this.#foreignKeys, this.#changed, [
      ...plan.assignments.map((a) => a.value),
      ...plan.generated.map((g) => g.value),
      ...plan.checks.map((c) => c.expr),
      ...(plan.returning ?? []),
      recheck,
    ]);
    this.#computesOnce = program.callsRoutines || execution.hasModifyingItems;
    this.#patch = this.#canPatch(plan)
      ? program.memo(plan, 'patch', () => patchFunction(program.slots, this.#table, plan))
      : null;
  }

  #canPatch(plan: UpdatePlan): boolean {
    const table = this.#table;
    const layout = table.layout(plan.table.layout);
    return (
      !this.#computesOnce &&
      plan.generated.length === 0 &&
      plan.checks.length === 0 &&
      this.#columns.every((c) => layout.columns[c]?.isVariable === false) &&
      !table.indexes.some((i) => i.dependsOn.some((c) => this.#changed.has(c))) &&
      !this.#foreignKeys.outgoing.some((k) => k.constraint.columns.some((c) => this.#changed.has(c - 1))) &&
      !this.#foreignKeys.incoming.some((k) => k.constraint.referencedColumns.some((c) => this.#changed.has(c - 1)))
    );
  }

  open(x: ExecContext): void {
    this.#writer.longValues.reset();
    this.#begun = null;
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
      if (!this.#writer.longValues.sweep(x)) return returning === null ? PENDING : rowsOrWait(x, returning.out);
      if (this.#batch === null || this.#next >= this.#batch.count) {
        if (returning !== null && returning.out.count > 0) return returning.out;
        const batch = this.#source.poll(x);
        if (batch === END || batch === PENDING) return batch;
        this.#batch = batch;
        this.#next = 0;
        if (x.shouldYield(batch.count)) return PENDING;
      }
      if (!this.#updateRow(x, this.#batch)) return returning === null ? PENDING : rowsOrWait(x, returning.out);
      this.#next++;
      x.evaluated();
    }
  }

  /** False: waits. */
  #updateRow(x: ExecContext, batch: Batch): boolean {
    const table = this.#table;
    const tid = batch.columns[0][this.#next] as number | null;
    if (tid === null) return true;
    const rowId = rowIdOfTid(tid);
    const answer = acquireTarget(x, table, rowId, LOCK_NO_KEY_UPDATE);
    if (answer === TARGET_WAIT) return false;
    if (answer === TARGET_SKIP) return true;
    const base = table.heap.newest(rowId);
    if (this.#patch !== null && answer !== TARGET_RECHECK && table.pool.u8[base + 15] === table.entry.layout) {
      this.#patchRow(x, this.#patch, batch, rowId, base);
      return true;
    }
    return this.#rewriteRow(x, batch, rowId, base, answer === TARGET_RECHECK);
  }

  #patchRow(x: ExecContext, patch: PatchFunction, batch: Batch, rowId: number, base: number): void {
    const table = this.#table;
    const length = patch(x, base, batch.columns, this.#next, patched);
    table.heap.update(x.transaction, x.xid(), rowId, patched, length, 0);
    x.processedCount++;
    if (this.#returning !== null) {
      x.rowIds[0] = rowId;
      this.#returning.add(x, [
        table.readValues(table.heap.newest(rowId), [], this.#wanted),
        batchRow(batch, this.#next),
      ]);
    }
  }

  #rewriteRow(x: ExecContext, batch: Batch, rowId: number, base: number, mustRecheck: boolean): boolean {
    const table = this.#table;
    const writer = this.#writer;
    x.rowIds[0] = rowId;
    const version = this.#computesOnce ? versionOf(table, rowId) : 0;
    let begun = this.#begun;
    this.#begun = null;
    const isKept = writer.longValues.isUnderWay || (this.#computesOnce && begun?.version === version);
    if (begun?.rowId !== rowId || !isKept) {
      const oldValues = table.readValues(base, [], this.#wanted);
      const rows = [oldValues, batchRow(batch, this.#next)];
      if (mustRecheck && this.#recheck !== null && !this.#recheck(x, rows)) return true;
      this.#assignments(x, rows, this.#values);
      const values = [...oldValues];
      this.#columns.forEach((c, i) => {
        values[c] = this.#values[i];
      });
      writer.complete(x, values, 'update');
      begun = { rowId, rows, values, version };
      if (this.#computesOnce) {
        this.#begun = begun;
        x.evaluated();
        if (changedMeanwhile(x, table, rowId, version)) {
          this.#begun = null;
          return true;
        }
      }
    }
    if (this.#computesOnce) this.#begun = begun;
    const { rows, values } = begun;
    const [oldValues] = rows;
    const step = writer.update(x, rowId, oldValues, values, this.#changed);
    if (step === STEP_WAIT) {
      if (writer.longValues.isUnderWay) this.#begun = begun;
      return false;
    }
    if (step === STEP_CONFLICT) throw writer.uniqueViolation(x, values);
    this.#begun = null;
    x.processedCount++;
    queueReferenceChecks(x, this.#foreignKeys, oldValues, values, rowId);
    queueReferencedActions(x, this.#foreignKeys, oldValues, values);
    if (this.#returning !== null) this.#returning.add(x, [values, rows[1]]);
    return true;
  }

  close(x: ExecContext): void {
    this.#source.close(x);
    this.#batch = null;
  }
}
