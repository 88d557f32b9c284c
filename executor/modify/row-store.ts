/**
 * Writing rows of one table: constraints, unique checks, heap and indexes together. Used by INSERT, UPDATE, DELETE and COPY.
 *
 * Every step that may have to wait comes before the first byte is changed, so that a row can be begun again after a wait.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Assignment, CheckConstraint } from '../../planner/plan.ts';
import {
  CURSOR_END,
  IndexCursor,
  IndexKey,
  ROW_DELETED,
  ROW_IN_PROGRESS,
  type RowId,
  UPDATE_INDEXED,
  UPDATE_KEY,
} from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { outputText } from '../../types/index.ts';
import { type RowsCondition, type RowsFunction, rowsCheck, rowsFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import { type IndexRuntime, KEY_HAS_NULL, KEY_NOT_INDEXED, type KeyAnswer } from '../index-runtime.ts';
import type { Program } from '../program.ts';
import { sameKey, type TableRuntime } from '../table-runtime.ts';

/** Answers of the steps below: done, or wait for somebody (x.isWaiting is set), or a unique conflict (conflictRowId). */
export const STEP_DONE = 0;
export const STEP_WAIT = 1;
export const STEP_CONFLICT = 2;
export type StepAnswer = 0 | 1 | 2;

export interface CompiledCheck {
  readonly name: string;
  readonly holds: RowsCondition;
}

export class RowStoreWriter {
  readonly table: TableRuntime;
  readonly checks: readonly CompiledCheck[];
  readonly #generated: RowsFunction | null;
  readonly #generatedColumns: readonly number[];
  readonly #generatedValues: Value[] = [];
  readonly #keys: IndexKey[];
  readonly #answers: KeyAnswer[] = [];
  readonly #oldKey = new IndexKey();
  readonly #foundKey = new IndexKey();
  readonly #cursors: IndexCursor[];
  readonly #rows: (readonly Value[])[] = [];
  /** After STEP_CONFLICT: the row that has the key, and the index. */
  conflictRowId = 0;
  conflictIndex: IndexRuntime | null = null;

  constructor(
    program: Program,
    table: TableRuntime,
    checks: readonly CheckConstraint[],
    generated: readonly Assignment[],
  ) {
    this.table = table;
    const columns = table.entry.columns;
    this.checks = checks.map((c) => ({
      name: c.name,
      holds: program.memo(c, 'check', () => rowsCheck(program.slots, [columns], c.expr)),
    }));
    this.#generatedColumns = generated.map((g) => g.columnIndex);
    this.#generated =
      generated.length === 0
        ? null
        : program.memo(generated, 'generated', () =>
            rowsFunction(
              program.slots,
              [columns],
              generated.map((g) => g.value),
            ),
          );
    this.#keys = table.indexes.map(() => new IndexKey());
    this.#cursors = table.indexes.map((index) => new IndexCursor(index.dictionary));
  }

  /** Generated columns, NOT NULL and CHECK on a complete new row. */
  complete(x: ExecContext, values: Value[]): void {
    this.#rows[0] = values;
    if (this.#generated !== null) {
      this.#generated(x, this.#rows, this.#generatedValues);
      this.#generatedColumns.forEach((column, i) => {
        values[column] = this.#generatedValues[i];
      });
    }
    const { entry } = this.table;
    const columns = entry.columns;
    for (let i = 0; i < columns.length; i++) {
      if (values[i] === null && columns[i].notNull && !columns[i].dropped) {
        throw sqlError(
          '23502',
          `null value in column "${columns[i].name}" of relation "${entry.name}" violates not-null constraint`,
          {
            detail: `Failing row contains ${x.describeRow(this.table.entry, values)}.`,
            ...this.#names(x),
            column: columns[i].name,
          },
        );
      }
    }
    for (const check of this.checks) {
      if (!check.holds(x, this.#rows)) {
        throw sqlError('23514', `new row for relation "${entry.name}" violates check constraint "${check.name}"`, {
          detail: `Failing row contains ${x.describeRow(this.table.entry, values)}.`,
          ...this.#names(x),
          constraint: check.name,
        });
      }
    }
  }

  #names(x: ExecContext): { schema: string; table: string } {
    return { schema: x.schemaName(this.table.entry.schemaOid), table: this.table.entry.name };
  }

  /** Computes all keys of a new row and looks for unique conflicts; `arbiters` only, when given. */
  checkUnique(x: ExecContext, values: readonly Value[], arbiters: ReadonlySet<number> | null): StepAnswer {
    const { indexes } = this.table;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i];
      const answer = index.keyFromValues(x, values, this.#keys[i]);
      this.#answers[i] = answer;
      if (!index.entry.unique || answer === KEY_NOT_INDEXED) continue;
      if (answer === KEY_HAS_NULL && !index.entry.nullsNotDistinct) continue;
      if (arbiters !== null && !arbiters.has(index.entry.oid)) continue;
      const step = this.#findConflict(x, i, -1);
      if (step !== STEP_DONE) return step;
    }
    return STEP_DONE;
  }

  /** Looks for a live row, other than `self`, with the key in #keys[i]. */
  #findConflict(x: ExecContext, i: number, self: number): StepAnswer {
    const index = this.table.indexes[i];
    const { heap } = this.table;
    const cursor = this.#cursors[i];
    const key = this.#keys[i];
    cursor.hasLower = true;
    cursor.hasUpper = true;
    cursor.lower.copyFrom(key);
    cursor.upper.copyFrom(key);
    cursor.reset();
    for (let rowId = cursor.next(); rowId !== CURSOR_END; rowId = cursor.next()) {
      if (rowId === self) continue;
      const liveness = heap.liveness(rowId, x.transaction);
      if (liveness === ROW_DELETED) continue;
      if (liveness === ROW_IN_PROGRESS) {
        x.waitForTransaction(heap.blocker);
        return STEP_WAIT;
      }
      const base = heap.newest(rowId);
      if (base < 0 || index.keyFromRow(x, base, this.#foundKey) === KEY_NOT_INDEXED) continue;
      if (!sameKey(key, this.#foundKey, index.hasNumberKeys)) continue;
      if (index.dictionary.isLossy && !this.#sameKeyValues(x, index, base)) continue;
      this.conflictRowId = rowId;
      this.conflictIndex = index;
      return STEP_CONFLICT;
    }
    return STEP_DONE;
  }

  /** Number keys beyond 2^53 may be rounded: compares the values themselves. */
  #sameKeyValues(_x: ExecContext, index: IndexRuntime, base: number): boolean {
    const column = index.keyColumns[0];
    const values: Value[] = [];
    this.table.readValues(base, values);
    return values[column] === this.#rows[0]?.[column];
  }

  /** 23505 for the conflict found. */
  uniqueViolation(x: ExecContext, values: readonly Value[]): Error {
    const index = this.conflictIndex as IndexRuntime;
    const { entry } = this.table;
    const names = index.keyColumns.map((c, i) =>
      c >= 0 ? entry.columns[c].name : (index.entry.columns[i].expressionText ?? ''),
    );
    const texts = index.keyColumns.map((c) => {
      if (c < 0) return '';
      return values[c] === null ? 'null' : outputText(entry.columns[c].typeOid, values[c], x.functions.format);
    });
    return sqlError('23505', `duplicate key value violates unique constraint "${index.entry.name}"`, {
      detail: `Key (${names.join(', ')})=(${texts.join(', ')}) already exists.`,
      ...this.#names(x),
      constraint: index.entry.name,
    });
  }

  /** Writes the row and its index entries; checkUnique has run for these values. */
  insert(x: ExecContext, values: readonly Value[], isBulk: boolean): RowId {
    const { table } = this;
    const length = this.#encode(x, values);
    const { bytes } = table.writer;
    const rowId = isBulk
      ? table.heap.insertBulk(x.transaction, x.xid(), bytes, 0, length)
      : table.heap.insert(x.transaction, x.xid(), bytes, length);
    const { indexes } = table;
    for (let i = 0; i < indexes.length; i++) {
      if (this.#answers[i] !== KEY_NOT_INDEXED) indexes[i].dictionary.insert(this.#keys[i], rowId);
    }
    return rowId;
  }

  #encode(x: ExecContext, values: readonly Value[]): number {
    const { writer, entry } = this.table;
    writer.begin();
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value !== null && !entry.columns[i].dropped) writer.set(i, value);
    }
    return writer.finish((bytes) => this.table.overflow.store(x.transaction, x.xid(), bytes));
  }

  /**
   * Replaces the newest version of a row that checkWrite allowed. `changed` are the assigned columns (indexes). May answer
   * STEP_WAIT or STEP_CONFLICT before anything is changed.
   */
  update(
    x: ExecContext,
    rowId: RowId,
    oldValues: readonly Value[],
    values: readonly Value[],
    changed: ReadonlySet<number>,
  ): StepAnswer {
    const { table } = this;
    const { indexes } = table;
    let flags = 0;
    this.#rows[0] = values;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i];
      this.#answers[i] = KEY_NOT_INDEXED;
      if (!index.dependsOn.some((c) => changed.has(c))) continue;
      const oldAnswer = index.keyFromValues(x, oldValues, this.#oldKey);
      const answer = index.keyFromValues(x, values, this.#keys[i]);
      if (answer === KEY_NOT_INDEXED) {
        if (oldAnswer !== KEY_NOT_INDEXED) flags |= UPDATE_INDEXED;
        continue;
      }
      const isSame = oldAnswer !== KEY_NOT_INDEXED && sameKey(this.#oldKey, this.#keys[i], index.hasNumberKeys);
      if (isSame && !index.dictionary.isLossy) continue;
      this.#answers[i] = answer;
      flags |= index.entry.unique ? UPDATE_INDEXED | UPDATE_KEY : UPDATE_INDEXED;
      if (!index.entry.unique || (answer === KEY_HAS_NULL && !index.entry.nullsNotDistinct)) continue;
      const step = this.#findConflict(x, i, rowId);
      if (step !== STEP_DONE) return step;
    }
    // The old values have been read in full: the new row gets long values of its own.
    table.removeOverflow(x, table.heap.newest(rowId));
    const length = this.#encode(x, values);
    table.heap.update(x.transaction, x.xid(), rowId, table.writer.bytes, length, flags);
    for (let i = 0; i < indexes.length; i++) {
      if (this.#answers[i] !== KEY_NOT_INDEXED) indexes[i].dictionary.insert(this.#keys[i], rowId);
    }
    return STEP_DONE;
  }
}

/** Whether an UPDATE that assigns these columns may change a key that a foreign key could refer to. */
export function touchesUniqueKey(table: TableRuntime, changed: ReadonlySet<number>): boolean {
  return table.indexes.some((i) => i.entry.unique && i.predicate === null && i.dependsOn.some((c) => changed.has(c)));
}
