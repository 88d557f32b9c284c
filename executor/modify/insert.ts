/** INSERT, with ON CONFLICT and RETURNING. */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import type { CheckConstraint, InsertPlan, OnConflict } from '../../planner/plan.ts';
import { LOCK_NO_KEY_UPDATE, LOCK_UPDATE, PAGE_MISS, ROW_LIVE_OWN, type RowLockStrength } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import {
  type RowsCondition,
  type RowsFunction,
  type RowValuesFunction,
  rowsCondition,
  rowsFunction,
  rowValuesFunction,
} from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Operator } from '../operators/operator.ts';
import type { Execution, Program } from '../program.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { type ForeignKeys, queueReferenceChecks, queueReferencedActions } from './foreign-keys.ts';
import { policyViolation } from './policy-violation.ts';
import { RowStoreWriter, STEP_CONFLICT, STEP_DONE, STEP_WAIT, type StepAnswer, touchesKey } from './row-store.ts';
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

/** Rows of RETURNING, gathered for the current batch. */
export class Returning {
  readonly #exprs: RowsFunction;
  readonly out: Batch;
  readonly #values: Value[] = [];
  readonly #width: number;
  #isGiven = false;
  /** Of a stored row whose columns are being computed. */
  #rows: readonly (readonly Value[])[] | null = null;
  #rowId = 0;

  constructor(
    program: Program,
    plan: { returning: readonly Expr[] | null },
    inputs: readonly (readonly { typeOid: number }[])[],
  ) {
    const exprs = plan.returning as readonly Expr[];
    this.#exprs = program.memo(plan, 'returning', () => rowsFunction(program.slots, inputs, exprs, true));
    this.#width = exprs.length;
    this.out = new Batch(exprs.length);
  }

  reset(): void {
    this.out.count = 0;
    this.#isGiven = false;
    this.#rows = null;
  }

  /** Goes on with a row that is stored, but whose columns here had to wait. False: there is none. */
  resume(x: ExecContext): boolean {
    const rows = this.#rows;
    if (rows === null) return false;
    x.rowIds[0] = this.#rowId;
    this.#compute(x, rows);
    return true;
  }

  /** A poll begins. Rows that the one before could not give, since it was interrupted, are kept. */
  begin(): void {
    if (!this.#isGiven) return;
    this.out.count = 0;
    this.#isGiven = false;
  }

  /** What a poll answers: the rows, if it is these. */
  given(batch: Batch): Batch {
    if (batch === this.out) this.#isGiven = true;
    return batch;
  }

  /** Of a row that is stored: what was computed for that is not computed again. */
  add(x: ExecContext, rows: readonly (readonly Value[])[]): void {
    x.evaluated();
    this.#rows = rows;
    this.#rowId = x.rowIds[0];
    this.#compute(x, rows);
  }

  #compute(x: ExecContext, rows: readonly (readonly Value[])[]): void {
    this.#exprs(x, rows, this.#values);
    this.#rows = null;
    x.evaluated();
    for (let c = 0; c < this.#width; c++) this.out.columns[c][this.out.count] = this.#values[c];
    this.out.count++;
  }
}

/** Of COPY ... WHERE. */
export function insertCondition(program: Program, plan: InsertPlan): RowsCondition | null {
  const { condition } = plan;
  if (condition === undefined) return null;
  return program.memo(plan, 'condition', () => rowsCondition(program.slots, [plan.table.columns], condition));
}

export class InsertOperator implements Operator {
  readonly #plan: InsertPlan;
  readonly #table: TableRuntime;
  readonly #source: Operator;
  readonly #values: RowValuesFunction;
  readonly #writer: RowStoreWriter;
  readonly #returning: Returning | null;
  readonly #foreignKeys: ForeignKeys;
  readonly #conflict: ConflictHandler | null;
  readonly #arbiters: ReadonlySet<number> | null;
  readonly #condition: RowsCondition | null;
  /** Log records are written per page: for COPY and INSERT ... SELECT. */
  readonly #isBulk: boolean;
  /** The rows are computed by functions that may look for those before them: one at a time. */
  readonly #isSeen: boolean;
  #row: Value[] = [];
  #hasRow = false;
  /** The row has its values, but for generated ones; its checks may have to wait. */
  #hasValues = false;
  #batch: Batch | null = null;
  #next = 0;

  constructor(plan: InsertPlan, execution: Execution) {
    const { program } = execution;
    this.#plan = plan;
    this.#table = program.tableOf(plan.table);
    this.#source = execution.build(plan.source);
    this.#values = program.memo(plan, 'values', () =>
      rowValuesFunction(program.slots, plan.source.output, plan.values),
    );
    this.#writer = new RowStoreWriter(program, this.#table, plan.checks, plan.generated);
    this.#returning = plan.returning === null ? null : new Returning(program, plan, [plan.table.columns]);
    this.#foreignKeys = program.foreignKeysOf(plan.table);
    this.#conflict =
      plan.onConflict?.action === 'update' ? new ConflictHandler(execution, plan, plan.onConflict, this.#table) : null;
    this.#condition = insertCondition(program, plan);
    // Nobody else writes while rows are written in bulk.
    this.#isBulk =
      !program.callsRoutines &&
      plan.source.kind !== 'result' &&
      (plan.source.kind !== 'values' || program.source !== null || plan.source.rowsOf.length > 64);
    this.#isSeen = program.statement.callsVolatile === true;
    const arbiters = plan.onConflict?.arbiters ?? [];
    this.#arbiters = plan.onConflict === null || arbiters.length === 0 ? null : new Set(arbiters.map((a) => a.oid));
  }

  open(x: ExecContext): void {
    this.#writer.longValues.reset();
    if (this.#plan.onConflict !== null) this.#refuseDeferrableArbiters(x);
    this.#hasRow = false;
    this.#hasValues = false;
    this.#batch = null;
    this.#returning?.reset();
    if (this.#isSeen) this.#source.limitTo?.(1);
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
    if (returning?.resume(x)) {
      this.#hasRow = false;
      this.#next++;
    }
    for (;;) {
      if (returning !== null && returning.out.count === BATCH_SIZE) return returning.out;
      if (!this.#writer.longValues.sweep(x)) return returning === null ? PENDING : rowsOrWait(x, returning.out);
      if (!this.#hasRow) {
        if (this.#batch === null || this.#next >= this.#batch.count) {
          if (returning !== null && returning.out.count > 0) return returning.out;
          const batch = this.#source.poll(x);
          if (batch === PENDING) return this.#pause(x);
          if (batch === END) {
            this.#finishBulk(x);
            return END;
          }
          this.#batch = batch;
          this.#next = 0;
          if (x.shouldYield(batch.count)) return PENDING;
        }
        if (!this.#hasValues) {
          this.#row = new Array(this.#table.entry.columns.length);
          this.#values(x, this.#batch.columns, this.#next, this.#row);
          this.#hasValues = true;
        }
        if (this.#condition?.(x, [this.#row]) === false) {
          this.#hasValues = false;
          this.#next++;
          x.evaluated();
          continue;
        }
        this.#writer.complete(x, this.#row, 'insert');
        x.evaluated();
        this.#hasRow = true;
        this.#hasValues = false;
      }
      const step = this.#insertRow(x);
      if (step === STEP_WAIT) {
        // Rows that are in the heap already go out first: the next poll continues with this one.
        return returning === null ? PENDING : rowsOrWait(x, returning.out);
      }
      this.#hasRow = false;
      this.#next++;
      x.evaluated();
    }
  }

  #insertRow(x: ExecContext): StepAnswer {
    const writer = this.#writer;
    const row = this.#row;
    if (this.#conflict === null && !writer.resume(x, row)) return STEP_WAIT;
    const step = writer.checkUnique(x, row, this.#arbiters);
    if (step === STEP_WAIT) return STEP_WAIT;
    if (step === STEP_CONFLICT) {
      if (this.#plan.onConflict === null) throw writer.uniqueViolation(x, row);
      if (this.#conflict === null) {
        this.#checkConflictIsSeen(x, writer.conflictRowId);
        return STEP_DONE;
      }
      return this.#conflict.update(x, row, writer, this.#returning, this.#foreignKeys);
    }
    if (this.#arbiters !== null) {
      // Unique indexes that do not arbitrate refuse as usual.
      const rest = writer.checkUnique(x, row, null);
      if (rest === STEP_WAIT) return STEP_WAIT;
      if (rest === STEP_CONFLICT) throw writer.uniqueViolation(x, row);
    }
    const rowId = writer.insert(x, row, this.#isBulk);
    if (rowId < 0) return STEP_WAIT;
    x.processedCount++;
    if (this.#foreignKeys.outgoing.length > 0) queueReferenceChecks(x, this.#foreignKeys, null, row, rowId);
    if (this.#returning !== null) {
      x.rowIds[0] = rowId;
      this.#returning.add(x, [row]);
    }
    return STEP_DONE;
  }

  #refuseDeferrableArbiters(x: ExecContext): void {
    for (const { entry, deferrableConstraint } of this.#table.indexes) {
      if (deferrableConstraint === null || this.#arbiters?.has(entry.oid) === false) continue;
      throw sqlError(
        '55000',
        'ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters',
        {
          schema: x.schemaName(this.#table.entry.schemaOid),
          table: this.#table.entry.name,
          constraint: deferrableConstraint.name,
        },
      );
    }
  }

  /** DO NOTHING must not show that a row is there which the transaction's snapshot does not see. */
  #checkConflictIsSeen(x: ExecContext, rowId: number): void {
    const { heap } = this.#table;
    if (!x.isRepeatableRead || heap.visible(rowId, x.snapshot) >= 0) return;
    if (heap.liveness(rowId, x.transaction) === ROW_LIVE_OWN) return;
    throw sqlError('40001', 'could not serialize access due to concurrent update');
  }

  /** Others may run now: what was written in bulk goes to the log first. */
  #pause(x: ExecContext): Batch {
    this.#finishBulk(x);
    return PENDING;
  }

  #finishBulk(x: ExecContext): void {
    if (this.#isBulk) this.#table.heap.finishBulk(x.transaction);
  }

  close(x: ExecContext): void {
    this.#source.close(x);
    this.#batch = null;
  }
}

interface BegunRow {
  readonly rowId: number;
  readonly oldValues: readonly Value[];
  readonly values: Value[];
}

/** ON CONFLICT DO UPDATE: changes the row that was in the way. */
class ConflictHandler {
  readonly #table: TableRuntime;
  readonly #assignments: RowsFunction;
  readonly #columns: readonly number[];
  readonly #where: RowsCondition | null;
  /** Conditions of views and policies. */
  readonly #visible: readonly { readonly check: CheckConstraint; readonly holds: RowsCondition }[];
  readonly #changed: ReadonlySet<number>;
  /** Columns whose values are looked at: long values of others are handed on unread. */
  readonly #wanted: ReadonlySet<number>;
  readonly #values: Value[] = [];
  /** Its expressions may change rows. */
  readonly #computesOnce: boolean;
  readonly #strength: RowLockStrength;
  /** The row whose long values are being stored; nobody else changes it meanwhile. */
  #begun: BegunRow | null = null;

  constructor(execution: Execution, plan: InsertPlan, onConflict: OnConflict, table: TableRuntime) {
    const { program } = execution;
    this.#computesOnce = program.callsRoutines || execution.hasModifyingItems;
    const inputs = [plan.table.columns, plan.table.columns];
    const { where, visible } = onConflict;
    this.#table = table;
    this.#assignments = program.memo(onConflict, 'assignments', () =>
      rowsFunction(
        program.slots,
        inputs,
        onConflict.assignments.map((a) => a.value),
        true,
      ),
    );
    this.#columns = onConflict.assignments.map((a) => a.columnIndex);
    this.#where =
      where === null ? null : program.memo(onConflict, 'where', () => rowsCondition(program.slots, inputs, where));
    this.#visible = program.memo(onConflict, 'visible', () =>
      visible.map((check) => ({ check, holds: rowsCondition(program.slots, inputs, check.expr) })),
    );
    this.#changed = new Set([...this.#columns, ...plan.generated.map((g) => g.columnIndex)]);
    this.#strength = touchesKey(table, this.#changed) ? LOCK_UPDATE : LOCK_NO_KEY_UPDATE;
    this.#wanted = wantedColumns(table, program.foreignKeysOf(plan.table), this.#changed, [
      ...onConflict.assignments.map((a) => a.value),
      ...plan.generated.map((g) => g.value),
      ...plan.checks.map((c) => c.expr),
      ...(plan.returning ?? []),
      where,
      ...visible.map((check) => check.expr),
    ]);
  }

  update(
    x: ExecContext,
    proposed: readonly Value[],
    writer: RowStoreWriter,
    returning: Returning | null,
    keys: ForeignKeys,
  ): StepAnswer {
    const table = this.#table;
    const rowId = writer.conflictRowId;
    const answer = acquireTarget(x, table, rowId, this.#strength);
    if (answer === TARGET_WAIT) return STEP_WAIT;
    if (answer === TARGET_SKIP) {
      throw sqlError('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
        hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
      });
    }
    // TARGET_RECHECK: READ COMMITTED updates the newest version, whether the snapshot sees it or not.
    void TARGET_RECHECK;
    let begun = this.#begun;
    this.#begun = null;
    if (begun?.rowId !== rowId || !writer.longValues.isUnderWay) {
      const version = this.#computesOnce ? versionOf(table, rowId) : 0;
      begun = this.#begin(x, proposed, writer, rowId);
      if (this.#computesOnce && changedMeanwhile(x, table, rowId, version)) return STEP_DONE;
    }
    if (begun === null) {
      table.heap.lockRow(x.transaction, rowId, LOCK_NO_KEY_UPDATE);
      return STEP_DONE;
    }
    const { oldValues, values } = begun;
    const step = writer.update(x, rowId, oldValues, values, this.#changed);
    if (step === STEP_WAIT) {
      if (writer.longValues.isUnderWay) this.#begun = begun;
      return STEP_WAIT;
    }
    if (step === STEP_CONFLICT) throw writer.uniqueViolation(x, values);
    x.processedCount++;
    queueReferenceChecks(x, keys, oldValues, values, rowId);
    queueReferencedActions(x, keys, oldValues, values);
    if (returning !== null) {
      x.rowIds[0] = rowId;
      returning.add(x, [values]);
    }
    return STEP_DONE;
  }

  /** The row before and after; null: WHERE does not hold. */
  #begin(x: ExecContext, proposed: readonly Value[], writer: RowStoreWriter, rowId: number): BegunRow | null {
    const table = this.#table;
    const oldValues = table.readValues(table.heap.newest(rowId), [], this.#wanted);
    const rows = [oldValues, proposed];
    x.rowIds[0] = rowId;
    for (const { check, holds } of this.#visible) {
      if (check.kind === 'policy' || holds(x, rows)) continue;
      throw sqlError('55000', `conflicting row is not visible through view "${check.name}"`);
    }
    if (this.#where !== null && !this.#where(x, rows)) return null;
    for (const { check, holds } of this.#visible) {
      if (check.kind === 'view' || holds(x, rows)) continue;
      throw policyViolation('new row', check.name, ' (USING expression)', table.entry);
    }
    this.#assignments(x, rows, this.#values);
    const values = [...oldValues];
    this.#columns.forEach((c, i) => {
      values[c] = this.#values[i];
    });
    writer.complete(x, values, 'update');
    return { rowId, oldValues, values };
  }
}
