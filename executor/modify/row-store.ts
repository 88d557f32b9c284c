/**
 * Writing rows of one table: constraints, unique checks, heap and indexes together. Used by INSERT, UPDATE, DELETE and COPY.
 *
 * Every step that may have to wait comes before the first byte is changed, so that a row can be begun again after a wait.
 */

import type { Value } from '../../catalog/function-entry.ts';
import type { Assignment, CheckConstraint } from '../../planner/plan.ts';
import {
  IndexKey,
  LOCK_NO_KEY_UPDATE,
  LOCK_UPDATE,
  type RowId,
  UPDATE_INDEXED,
  UPDATE_KEY,
  WRITE_WAIT,
} from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { type RowsCondition, type RowsFunction, rowsCheck, rowsFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import { type IndexRuntime, KEY_COMPLETE, KEY_HAS_NULL, KEY_NOT_INDEXED, type KeyAnswer } from '../index-runtime.ts';
import type { RowTerms } from '../inverted/row-terms.ts';
import { TermSet } from '../inverted/terms.ts';
import type { Program } from '../program.ts';
import type { ColumnLayout } from '../row/row-layout.ts';
import { isLongAt } from '../row/row-reader.ts';
import { ROW_SIZE_TARGET } from '../row/row-writer.ts';
import { sameKey, type TableRuntime } from '../table-runtime.ts';
import { EXPIRED_GONE, EXPIRED_WAIT, type ExpiredRows, expiredRowsOf } from './expired-rows.ts';
import { LongValues } from './long-values.ts';
import { policyViolation } from './policy-violation.ts';
import { failingRow } from './shown-values.ts';
import {
  CONFLICT_UNDECIDED,
  exclusionViolation,
  finderOf,
  NO_CONFLICT,
  queueUniqueCheck,
  uniqueViolation,
} from './unique-check.ts';

/** Answers of the steps below: done, or wait for somebody (x.isWaiting is set), or a unique conflict (conflictRowId). */
export const STEP_DONE = 0;
export const STEP_WAIT = 1;
export const STEP_CONFLICT = 2;
export type StepAnswer = 0 | 1 | 2;

interface CompiledCheck {
  readonly name: string;
  readonly holds: RowsCondition;
}

export class RowStoreWriter {
  readonly table: TableRuntime;
  readonly #policies: Readonly<Record<'insert' | 'update', readonly CompiledCheck[]>>;
  readonly #checks: readonly CompiledCheck[];
  /** Of views WITH CHECK OPTION, looked at when the row is stored. */
  readonly #viewChecks: readonly CompiledCheck[];
  readonly longValues: LongValues;
  readonly #generated: RowsFunction | null;
  readonly #generatedColumns: readonly number[];
  readonly #generatedValues: Value[] = [];
  readonly #keys: IndexKey[];
  readonly #answers: KeyAnswer[] = [];
  readonly #oldKey = new IndexKey();
  /** By inverted index: the terms to add; null for other indexes. */
  readonly #terms: (TermSet | null)[];
  /** Null: no term has changed yet. */
  #oldTerms: TermSet | null = null;
  #newTerms: TermSet | null = null;
  readonly #finders: ReturnType<typeof finderOf>[];
  readonly #expired: ExpiredRows | null;
  /** By index: another row may have the key, which a deferrable constraint allows for now. */
  readonly #isCrowded: boolean[] = [];
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
    this.longValues = new LongValues(table);
    const columns = table.entry.columns;
    const compile = (c: CheckConstraint): CompiledCheck => ({
      name: c.name,
      holds: program.memo(c, 'check', () => rowsCheck(program.slots, [columns], c.expr)),
    });
    this.#checks = checks.filter(({ kind }) => kind === 'check').map(compile);
    this.#viewChecks = checks.filter(({ kind }) => kind === 'view').map(compile);
    const policies = (wanted: CheckConstraint['event']): CompiledCheck[] =>
      checks.filter(({ kind, event }) => kind === 'policy' && event === wanted).map(compile);
    this.#policies = { insert: policies('insert'), update: policies('update') };
    this.#generatedColumns = generated.map((g) => g.columnIndex);
    this.#generated =
      generated.length === 0
        ? null
        : program.memo(generated, 'generated', () =>
            rowsFunction(
              program.slots,
              [columns],
              generated.map((g) => g.value),
              true,
            ),
          );
    this.#keys = table.indexes.map(() => new IndexKey());
    this.#terms = table.indexes.map((index) => (index.terms === null ? null : new TermSet()));
    this.#finders = table.indexes.map((index) => finderOf(table, index));
    this.#expired = expiredRowsOf(table, () => program.foreignKeysOf(table.entry));
  }

  /** Generated columns, policies, NOT NULL and CHECK on a complete new row. */
  complete(x: ExecContext, values: Value[], event: 'insert' | 'update'): void {
    this.#rows[0] = values;
    if (this.#generated !== null) {
      this.#generated(x, this.#rows, this.#generatedValues);
      this.#generatedColumns.forEach((column, i) => {
        values[column] = this.#generatedValues[i];
      });
    }
    const { entry } = this.table;
    for (const { name, holds } of this.#policies[event]) {
      if (!holds(x, this.#rows)) throw policyViolation('new row', name, '', entry);
    }
    const columns = entry.columns;
    for (let i = 0; i < columns.length; i++) {
      if (values[i] === null && columns[i].notNull && !columns[i].dropped) {
        throw sqlError(
          '23502',
          `null value in column "${columns[i].name}" of relation "${entry.name}" violates not-null constraint`,
          {
            ...failingRow(x, this.table.entry, values),
            ...this.#names(x),
            column: columns[i].name,
          },
        );
      }
    }
    for (const check of this.#checks) {
      if (check.holds(x, this.#rows)) continue;
      throw sqlError('23514', `new row for relation "${entry.name}" violates check constraint "${check.name}"`, {
        ...failingRow(x, entry, values),
        ...this.#names(x),
        constraint: check.name,
      });
    }
  }

  /** After checkUnique, since a row that is there already is told of first; before the row is stored, since the condition may have to wait. */
  #checkViews(x: ExecContext, values: readonly Value[]): void {
    if (this.#viewChecks.length === 0) return;
    this.#rows[0] = values;
    for (const { name, holds } of this.#viewChecks) {
      if (holds(x, this.#rows)) continue;
      const detail = failingRow(x, this.table.entry, values);
      throw sqlError('44000', `new row violates check option for view "${name}"`, detail);
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
      this.#isCrowded[i] = false;
      const terms = this.#terms[i];
      if (terms !== null) {
        terms.clear();
        this.#answers[i] = index.terms?.ofValues(x, values, terms) === true ? KEY_COMPLETE : KEY_NOT_INDEXED;
        continue;
      }
      const answer = index.keyFromValues(x, values, this.#keys[i]);
      this.#answers[i] = answer;
      if (!this.#isUniqueKey(index, answer)) continue;
      if (arbiters !== null && !arbiters.has(index.entry.oid)) continue;
      const step = this.#findConflict(x, i, values, -1);
      if (step !== STEP_DONE) return step;
    }
    return STEP_DONE;
  }

  #isUniqueKey(index: IndexRuntime, answer: KeyAnswer): boolean {
    if (index.exclusion !== null) return index.entry.ready !== false && answer !== KEY_NOT_INDEXED;
    if (!index.entry.unique || index.entry.ready === false || answer === KEY_NOT_INDEXED) return false;
    return answer !== KEY_HAS_NULL || index.entry.nullsNotDistinct;
  }

  /** Looks for a live row, other than `self`, with the key in #keys[i]. */
  #findConflict(x: ExecContext, i: number, values: readonly Value[], self: RowId | -1): StepAnswer {
    const index = this.table.indexes[i];
    const expired = this.#expired;
    if (expired?.settle(x) === false) return STEP_WAIT;
    let found = this.#finders[i].find(x, this.#keys[i], values, self);
    // One that has expired makes way.
    while (expired !== null && found >= 0) {
      const answer = expired.remove(x, found);
      if (answer === EXPIRED_WAIT) return STEP_WAIT;
      if (answer !== EXPIRED_GONE) break;
      found = this.#finders[i].find(x, this.#keys[i], values, self);
    }
    if (found === NO_CONFLICT) return STEP_DONE;
    if (index.deferrableConstraint !== null) {
      this.#isCrowded[i] = true;
      return STEP_DONE;
    }
    if (found === CONFLICT_UNDECIDED) {
      x.waitForTransaction(this.table.heap.blocker);
      return STEP_WAIT;
    }
    this.conflictRowId = found;
    this.conflictIndex = index;
    return STEP_CONFLICT;
  }

  /** 23505, or 23P01 of an exclusion constraint, for the conflict found. */
  uniqueViolation(x: ExecContext, values: readonly Value[]): Error {
    const index = this.conflictIndex as IndexRuntime;
    if (index.exclusion !== null) return exclusionViolation(x, this.table, index, values, this.conflictRowId);
    return uniqueViolation(x, this.table.entry, index, values);
  }

  /** A row whose long values an earlier try has begun to store; false: the slice is over again. Before checkUnique. */
  resume(x: ExecContext, values: readonly Value[]): boolean {
    return !this.longValues.isUnderWay || this.longValues.resumeAll(x, values);
  }

  /**
   * Writes the row and its index entries; checkUnique has run for these values. Answers -1 when the slice was over before all
   * its long values were stored: try again with the same values.
   */
  insert(x: ExecContext, values: readonly Value[], isBulk: boolean): RowId | -1 {
    const { table, longValues } = this;
    this.#checkViews(x, values);
    longValues.begin();
    const length = this.#encode(x, values, null, -1);
    if (length < 0) return -1;
    const { bytes } = table.writer;
    const rowId = isBulk
      ? table.heap.insertBulk(x.transaction, x.xid(), bytes, 0, length)
      : table.heap.insert(x.transaction, x.xid(), bytes, length);
    longValues.confirm(x);
    this.#addKeys(x, rowId);
    return rowId;
  }

  /** The same of many, of a row whose image stands in the table's writer already and has no long values. */
  insertImage(x: ExecContext): RowId {
    const { writer, heap } = this.table;
    const rowId = heap.insertBulk(x.transaction, x.xid(), writer.bytes, 0, writer.length);
    this.#addKeys(x, rowId);
    return rowId;
  }

  #addKeys(x: ExecContext, rowId: RowId): void {
    const { indexes } = this.table;
    for (let i = 0; i < indexes.length; i++) {
      if (this.#isCrowded[i]) queueUniqueCheck(x, this.table, indexes[i], rowId);
      if (this.#answers[i] === KEY_NOT_INDEXED) continue;
      const terms = this.#terms[i];
      if (terms !== null) {
        for (let term = 0; term < terms.count; term++) {
          terms.read(term, this.#keys[i]);
          indexes[i].dictionary.insert(this.#keys[i], rowId);
        }
        continue;
      }
      indexes[i].dictionary.insert(this.#keys[i], rowId);
    }
  }

  /**
   * The row's image in the table's writer: its length, or -1 when the slice was over before all long values were stored. Those
   * of the version at `oldBase` that are kept keep their chunks.
   */
  #encode(
    x: ExecContext,
    values: readonly Value[],
    isKept: ((column: number) => boolean) | null,
    oldBase: number,
  ): number {
    const { longValues } = this;
    const { writer, entry, pool } = this.table;
    writer.begin();
    if (isKept !== null) {
      // Before anything that may take a frame.
      const oldLayout = this.table.layout(pool.u8[oldBase + 15]);
      for (const i of oldLayout.variableColumns) if (isKept(i)) writer.keepLong(i, pool.u8, oldBase, oldLayout);
    }
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value === null || entry.columns[i].dropped || isKept?.(i) === true) continue;
      if (longValues.isUnderWay) {
        const pointer = longValues.resume(x, i, value);
        if (pointer === null) return -1;
        if (pointer !== undefined) {
          writer.setLong(i, pointer);
          continue;
        }
      }
      writer.set(i, value);
    }
    if (!writer.hasLongValue) {
      const length = writer.finish();
      if (length <= ROW_SIZE_TARGET) return length;
    }
    if (!longValues.shorten(x, writer, values)) return -1;
    const length = writer.finish();
    writer.forgetLong();
    return length;
  }

  /**
   * Replaces the newest version of a row that checkWrite allowed (LOCK_NO_KEY_UPDATE). `changed` are the assigned columns (indexes).
   * May answer STEP_WAIT or STEP_CONFLICT before anything is changed.
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
    if (!this.resume(x, values)) return STEP_WAIT;
    let flags = 0;
    this.#rows[0] = values;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i];
      this.#answers[i] = KEY_NOT_INDEXED;
      this.#isCrowded[i] = false;
      if (!index.dependsOn.some((c) => changed.has(c) && oldValues[c] !== values[c])) continue;
      if (index.terms !== null) {
        if (this.#changeTerms(x, i, index.terms, oldValues, values)) {
          flags |= UPDATE_INDEXED;
          index.dictionary.hasStaleKeys = true;
        }
        continue;
      }
      const oldAnswer = index.keyFromValues(x, oldValues, this.#oldKey);
      const answer = index.keyFromValues(x, values, this.#keys[i]);
      if (answer === KEY_NOT_INDEXED) {
        if (oldAnswer !== KEY_NOT_INDEXED) {
          flags |= UPDATE_INDEXED;
          index.dictionary.hasStaleKeys = true;
        }
        continue;
      }
      const isSame = oldAnswer !== KEY_NOT_INDEXED && sameKey(this.#oldKey, this.#keys[i], index.hasNumberKeys);
      if (isSame && !index.dictionary.isLossy) {
        // The entry is there, but the rest of what an exclusion constraint compares may be another, and so may a text of the key's class.
        if (index.exclusion === null && (index.loose.length === 0 || !this.#isUniqueKey(index, answer))) continue;
        if (index.loose.length > 0 && isReferable(index)) {
          flags |= UPDATE_KEY;
          if (!this.#mayChangeKey(x, rowId)) return STEP_WAIT;
        }
        const step = this.#findConflict(x, i, values, rowId);
        if (step !== STEP_DONE) return step;
        continue;
      }
      this.#answers[i] = answer;
      index.dictionary.hasStaleKeys = true;
      flags |= UPDATE_INDEXED;
      if (isReferable(index)) {
        flags |= UPDATE_KEY;
        if (!this.#mayChangeKey(x, rowId)) return STEP_WAIT;
      }
      if (!this.#isUniqueKey(index, answer)) continue;
      const step = this.#findConflict(x, i, values, rowId);
      if (step !== STEP_DONE) return step;
    }
    this.#checkViews(x, values);
    const { longValues } = this;
    longValues.begin();
    const base = table.heap.newest(rowId);
    const isKept = this.#keptLongValues(base, oldValues, values);
    longValues.collect(base, isKept);
    const length = this.#encode(x, values, isKept, base);
    if (length < 0) {
      // Others have their turn now: nobody else changes the row before we come back to it.
      table.heap.lockRow(x.transaction, rowId, (flags & UPDATE_KEY) === 0 ? LOCK_NO_KEY_UPDATE : LOCK_UPDATE);
      return STEP_WAIT;
    }
    table.heap.update(x.transaction, x.xid(), rowId, table.writer.bytes, length, flags);
    longValues.confirm(x);
    this.#addKeys(x, rowId);
    return STEP_DONE;
  }

  /** Others may hold the row's key (FOR KEY SHARE) as long as it stays what it is. False: waits. */
  #mayChangeKey(x: ExecContext, rowId: RowId): boolean {
    const { heap } = this.table;
    if (heap.checkWrite(rowId, x.transaction, x.snapshot, LOCK_UPDATE) !== WRITE_WAIT) return true;
    x.waitForTransaction(heap.blocker);
    return false;
  }

  /** Which terms an inverted index has to add for the new version; false: its terms are those of the old one. */
  #changeTerms(
    x: ExecContext,
    i: number,
    terms: RowTerms,
    oldValues: readonly Value[],
    values: readonly Value[],
  ): boolean {
    this.#oldTerms ??= new TermSet();
    this.#newTerms ??= new TermSet();
    const before = this.#oldTerms;
    const after = this.#newTerms;
    const added = this.#terms[i] as TermSet;
    before.clear();
    after.clear();
    added.clear();
    terms.ofValues(x, oldValues, before);
    terms.ofValues(x, values, after);
    const key = this.#keys[i];
    for (let term = 0; term < after.count; term++) {
      after.read(term, key);
      if (!before.has(key)) added.add(key);
    }
    if (added.count > 0) this.#answers[i] = KEY_COMPLETE;
    return added.count > 0 || before.count !== after.count;
  }

  /** Which columns of the old version have chunks that the new one can point to as well; null: none. */
  #keptLongValues(
    base: number,
    oldValues: readonly Value[],
    values: readonly Value[],
  ): ((column: number) => boolean) | null {
    const { table } = this;
    if (table.entry.overflowRelId === 0) return null;
    const { u8 } = table.pool;
    const layout = table.layout(u8[base + 15]);
    const kept = layout.variableColumns.filter(
      (c) => values[c] === oldValues[c] && isLongAt(u8, base, layout.columns[c] as ColumnLayout),
    );
    return kept.length === 0 ? null : (column) => kept.includes(column);
  }
}

/** Whether a foreign key could refer to the index's key: other keys may change while the row is held FOR KEY SHARE. */
function isReferable({ entry, predicate }: IndexRuntime): boolean {
  return entry.unique && predicate === null && entry.columns.every(({ columnNumber }) => columnNumber > 0);
}

/** Whether one of these columns is in such a key: ON CONFLICT locks the row as if its value became another. */
export function touchesKey(table: TableRuntime, changed: ReadonlySet<number>): boolean {
  return table.indexes.some((index) => isReferable(index) && index.dependsOn.some((column) => changed.has(column)));
}
