/**
 * MERGE: for each row of the source joined to the target, the first WHEN clause that applies.
 *
 * Which clause applies is looked at first on the target as the snapshot sees it, so that rows to which nothing happens are not
 * waited for. A row that another transaction changed meanwhile is looked at again (READ COMMITTED): where ON holds no longer, or
 * the row is gone, the source row counts as not matched.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { CheckConstraint, MergeClause, MergePlan } from '../../planner/plan.ts';
import {
  LOCK_NO_KEY_UPDATE,
  LOCK_UPDATE,
  type RowId,
  type RowLockStrength,
  WRITE_OWN_LATER,
} from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { type Batch, END, PENDING } from '../batch.ts';
import { type RowsCondition, type RowsFunction, rowsCondition, rowsFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Operator } from '../operators/operator.ts';
import type { Execution, Program } from '../program.ts';
import { rowIdOfTid } from '../row/row-tid.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { batchRow } from './delete.ts';
import { type ForeignKeys, queueReferenceChecks, queueReferencedActions } from './foreign-keys.ts';
import { policyViolation } from './policy-violation.ts';
import { RowStoreWriter, STEP_CONFLICT, STEP_WAIT } from './row-store.ts';
import { acquireTarget, TARGET_RECHECK, TARGET_SKIP, TARGET_WAIT, versionOf } from './target-row.ts';
import { wantedColumns } from './wanted-columns.ts';

interface Clause {
  readonly action: MergeClause['action'];
  readonly seen: RowsCondition | null;
  readonly condition: RowsCondition | null;
  /** The assigned values, or the new row's. */
  readonly values: RowsFunction | null;
  readonly columns: readonly number[];
  readonly changed: ReadonlySet<number>;
  readonly strength: RowLockStrength;
}

/** A row whose long values are being stored; nobody else changes it meanwhile. */
interface BegunUpdate {
  readonly rowId: RowId;
  readonly clause: Clause;
  readonly oldValues: readonly Value[];
  readonly values: Value[];
}

const NO_ROW: readonly Value[] = [];

export class MergeOperator implements Operator {
  readonly #table: TableRuntime;
  readonly #source: Operator;
  readonly #writer: RowStoreWriter;
  readonly #foreignKeys: ForeignKeys;
  readonly #recheck: RowsCondition;
  readonly #guards: readonly { readonly check: CheckConstraint; readonly holds: RowsCondition }[];
  readonly #matched: readonly Clause[];
  readonly #notMatched: readonly Clause[];
  readonly #wanted: ReadonlySet<number>;
  readonly #values: Value[] = [];
  /** Its expressions may: functions, and WITH items that they read. */
  readonly #mayChangeRows: boolean;
  #batch: Batch | null = null;
  #next = 0;
  /** The row that is being inserted. */
  #newRow: Value[] | null = null;
  #begun: BegunUpdate | null = null;

  constructor(plan: MergePlan, execution: Execution) {
    const { program } = execution;
    this.#mayChangeRows = program.callsRoutines || execution.hasModifyingItems;
    this.#table = program.tableOf(plan.table);
    this.#source = execution.build(plan.source);
    this.#writer = new RowStoreWriter(program, this.#table, plan.checks, plan.generated);
    this.#foreignKeys = program.foreignKeysOf(plan.table);
    const inputs = [plan.table.columns, plan.source.output];
    this.#recheck = program.memo(plan, 'recheck', () => rowsCondition(program.slots, inputs, plan.recheck));
    this.#guards = program.memo(plan, 'guards', () =>
      plan.guards.map((check) => ({ check, holds: rowsCondition(program.slots, inputs, check.expr) })),
    );
    const compiled = plan.clauses.map((clause) => ({ clause, made: this.#compile(program, plan, clause) }));
    this.#matched = compiled.filter(({ clause }) => clause.matched).map(({ made }) => made);
    this.#notMatched = compiled.filter(({ clause }) => !clause.matched).map(({ made }) => made);
    const changed = new Set(this.#matched.flatMap((clause) => [...clause.changed]));
    this.#wanted = wantedColumns(this.#table, this.#foreignKeys, changed, [
      plan.recheck,
      ...plan.clauses.flatMap((clause) => [clause.condition, ...clause.assignments.map((item) => item.value)]),
      ...plan.generated.map((item) => item.value),
      ...[...plan.checks, ...plan.guards].map((check) => check.expr),
    ]);
  }

  #compile(program: Program, plan: MergePlan, clause: MergeClause): Clause {
    const inputs = [plan.table.columns, plan.source.output];
    const { seen, condition, action } = clause;
    const exprs = action === 'insert' ? clause.values : clause.assignments.map((item) => item.value);
    const columns = clause.assignments.map((item) => item.columnIndex);
    const changed = new Set(action === 'update' ? [...columns, ...plan.generated.map((g) => g.columnIndex)] : []);
    return {
      action,
      seen: seen === null ? null : program.memo(clause, 'seen', () => rowsCondition(program.slots, inputs, seen)),
      condition:
        condition === null
          ? null
          : program.memo(clause, 'condition', () => rowsCondition(program.slots, inputs, condition)),
      values: program.memo(clause, 'values', () => rowsFunction(program.slots, inputs, exprs, true)),
      columns,
      changed,
      strength: action === 'delete' ? LOCK_UPDATE : LOCK_NO_KEY_UPDATE,
    };
  }

  open(x: ExecContext): void {
    this.#writer.longValues.reset();
    this.#batch = null;
    this.#newRow = null;
    this.#begun = null;
    this.#source.open(x);
  }

  poll(x: ExecContext): Batch {
    for (;;) {
      if (!this.#writer.longValues.sweep(x)) return PENDING;
      if (this.#batch === null || this.#next >= this.#batch.count) {
        const batch = this.#source.poll(x);
        if (batch === END || batch === PENDING) return batch;
        this.#batch = batch;
        this.#next = 0;
        if (x.shouldYield(batch.count)) return PENDING;
      }
      if (!this.#mergeRow(x, this.#batch)) return PENDING;
      this.#next++;
      x.evaluated();
    }
  }

  /** False: waits. */
  #mergeRow(x: ExecContext, batch: Batch): boolean {
    if (this.#newRow !== null) return this.#insert(x, this.#newRow);
    const tid = batch.columns[0][this.#next] as number | null;
    const sourceRow = batchRow(batch, this.#next);
    if (tid === null) return this.#mergeUnmatched(x, sourceRow);
    return this.#mergeMatched(x, rowIdOfTid(tid), sourceRow);
  }

  #mergeMatched(x: ExecContext, rowId: RowId, sourceRow: readonly Value[]): boolean {
    const table = this.#table;
    const begun = this.#begun;
    this.#begun = null;
    if (begun !== null && begun.rowId === rowId && this.#writer.longValues.isUnderWay) return this.#update(x, begun);
    x.rowIds[0] = rowId;
    let clause = this.#matched.find(({ seen }) => seen === null || seen(x, [NO_ROW, sourceRow])) ?? null;
    let oldValues: Value[] | null = null;
    while (clause !== null && clause.action !== 'nothing') {
      const answer = acquireTarget(x, table, rowId, clause.strength);
      if (answer === TARGET_WAIT) return false;
      if (answer === TARGET_SKIP) {
        this.#refuseSecondTime(x, rowId, clause);
        return this.#mergeUnmatched(x, sourceRow);
      }
      const isFirst = oldValues === null;
      oldValues ??= table.readValues(table.heap.newest(rowId), [], this.#wanted);
      if (answer !== TARGET_RECHECK || !isFirst) return this.#change(x, rowId, clause, oldValues, sourceRow);
      const rows = [oldValues, sourceRow];
      if (!this.#recheck(x, rows)) return this.#mergeUnmatched(x, sourceRow);
      // Another clause may ask for a stronger lock: once more, and then it stays.
      clause = this.#matched.find(({ condition }) => condition === null || condition(x, rows)) ?? null;
    }
    return true;
  }

  #refuseSecondTime(x: ExecContext, rowId: RowId, clause: Clause): void {
    const answer = this.#table.heap.checkWrite(rowId, x.transaction, x.snapshot, clause.strength);
    if (answer === WRITE_OWN_LATER) throw secondTime();
  }

  #change(
    x: ExecContext,
    rowId: RowId,
    clause: Clause,
    oldValues: readonly Value[],
    sourceRow: readonly Value[],
  ): boolean {
    this.#checkGuards(x, clause.action, oldValues);
    if (clause.action === 'delete') {
      this.#delete(x, rowId, oldValues);
      return true;
    }
    const version = this.#mayChangeRows ? versionOf(this.#table, rowId) : 0;
    (clause.values as RowsFunction)(x, [oldValues, sourceRow], this.#values);
    if (this.#mayChangeRows && versionOf(this.#table, rowId) !== version) throw secondTime();
    const values = [...oldValues];
    clause.columns.forEach((c, i) => {
      values[c] = this.#values[i];
    });
    this.#writer.complete(x, values, 'update');
    return this.#update(x, { rowId, clause, oldValues, values });
  }

  /** Rows that are seen, and that policies say are not to be changed so. */
  #checkGuards(x: ExecContext, action: Clause['action'], oldValues: readonly Value[]): void {
    for (const { check, holds } of this.#guards) {
      if (check.event !== action || holds(x, [oldValues, NO_ROW])) continue;
      throw policyViolation('target row', check.name, ' (USING expression)', this.#table.entry);
    }
  }

  #update(x: ExecContext, begun: BegunUpdate): boolean {
    const { rowId, clause, oldValues, values } = begun;
    const writer = this.#writer;
    const step = writer.update(x, rowId, oldValues, values, clause.changed);
    if (step === STEP_WAIT) {
      if (writer.longValues.isUnderWay) this.#begun = begun;
      return false;
    }
    if (step === STEP_CONFLICT) throw writer.uniqueViolation(x, values);
    x.processedCount++;
    queueReferenceChecks(x, this.#foreignKeys, oldValues, values, rowId);
    queueReferencedActions(x, this.#foreignKeys, oldValues, values);
    return true;
  }

  #delete(x: ExecContext, rowId: RowId, oldValues: readonly Value[]): void {
    const { heap } = this.#table;
    const { longValues } = this.#writer;
    longValues.begin();
    longValues.collect(heap.newest(rowId), null);
    heap.remove(x.transaction, x.xid(), rowId);
    longValues.confirm(x);
    x.processedCount++;
    queueReferencedActions(x, this.#foreignKeys, oldValues, null);
  }

  #mergeUnmatched(x: ExecContext, sourceRow: readonly Value[]): boolean {
    const rows = [NO_ROW, sourceRow];
    const clause = this.#notMatched.find(({ seen }) => seen === null || seen(x, rows));
    if (clause === undefined || clause.action === 'nothing') return true;
    const row: Value[] = [];
    (clause.values as RowsFunction)(x, rows, row);
    this.#writer.complete(x, row, 'insert');
    x.evaluated();
    this.#newRow = row;
    return this.#insert(x, row);
  }

  #insert(x: ExecContext, row: Value[]): boolean {
    const writer = this.#writer;
    if (!writer.resume(x, row)) return false;
    const step = writer.checkUnique(x, row, null);
    if (step === STEP_WAIT) return false;
    if (step === STEP_CONFLICT) throw writer.uniqueViolation(x, row);
    const rowId = writer.insert(x, row, false);
    if (rowId < 0) return false;
    this.#newRow = null;
    x.processedCount++;
    queueReferenceChecks(x, this.#foreignKeys, null, row, rowId);
    return true;
  }

  close(x: ExecContext): void {
    this.#source.close(x);
    this.#batch = null;
  }
}

function secondTime(): Error {
  return sqlError('21000', 'MERGE command cannot affect row a second time', {
    hint: 'Ensure that not more than one source row matches any one target row.',
  });
}
