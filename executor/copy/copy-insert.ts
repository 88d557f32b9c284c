/**
 * COPY FROM in text or CSV into a table: a line's fields go from the client's bytes to the row's image, and become values only where
 * somebody looks at them (an index, a constraint, a type that needs its input function).
 *
 * A row that is out of the ordinary (a null where none may be, long values) is made again of all its values and written as INSERT would.
 * Until the row is stored its line stays the source's current one, so that after a wait it is begun again from there.
 */
import { isUtf8 } from 'node:buffer';
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import type { InsertPlan } from '../../planner/plan.ts';
import { OID } from '../../types/index.ts';
import { type Batch, END, PENDING } from '../batch.ts';
import { type RowsCondition, type RowValuesFunction, rowValuesFunction } from '../compile/batch-program.ts';
import { usedColumns } from '../compile/page-columns.ts';
import type { ExecContext } from '../context.ts';
import { type ForeignKeys, queueReferenceChecks } from '../modify/foreign-keys.ts';
import { insertCondition } from '../modify/insert.ts';
import { RowStoreWriter, STEP_CONFLICT, STEP_WAIT } from '../modify/row-store.ts';
import { wantedColumns } from '../modify/wanted-columns.ts';
import type { Operator } from '../operators/operator.ts';
import type { Execution } from '../program.ts';
import type { ColumnLayout } from '../row/row-layout.ts';
import { ROW_SIZE_TARGET } from '../row/row-writer.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { plainNumber } from './plain-value.ts';
import { CopyTextSource, FIELD_ASCII, FIELD_ESCAPED, FIELD_NULL, FIELD_UTF8 } from './text-source.ts';

/** How a field gets into the image: as a number, as its bytes, as char(n), or by its value. */
const BY_NUMBER = 0;
const BY_BYTES = 1;
const BY_PADDED_BYTES = 2;
const BY_VALUE = 3;

interface FieldTarget {
  readonly by: typeof BY_NUMBER | typeof BY_BYTES | typeof BY_PADDED_BYTES | typeof BY_VALUE;
  /** The table's column, and its type. */
  readonly column: number;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Most bytes of a text that needs no look at its characters. */
  readonly bytesMax: number;
  /** NULL is not simply stored. */
  readonly isNotNull: boolean;
  /** Somebody looks at its value. */
  readonly isWanted: boolean;
}

/** A column that no field is for. */
interface ComputedColumn {
  readonly column: number;
  readonly isNotNull: boolean;
}

/** Longer texts may have to be compressed or moved out. */
const BYTES_MAX = 2000;
/** Answers of #insertWhole for a row id. */
const ROW_WAITS = -1;
const ROW_LEFT_OUT = -2;
/** Lines between two looks at the time. */
const LINES_PER_LOOK = 64;

/** The operator for the INSERT of a COPY, where the fields are the columns' values; null: it takes batches, as any other. */
export function copyInsert(plan: InsertPlan, execution: Execution): Operator | null {
  const { program } = execution;
  const source = program.source;
  if (source === null || plan.source !== source.plan || !(source.operator instanceof CopyTextSource)) return null;
  if (plan.onConflict !== null || plan.returning !== null || program.callsRoutines) return null;
  const areFieldsOrNot = plan.values.every((value) => value.kind === 'column' || usedColumns([value], 0).length === 0);
  return areFieldsOrNot ? new CopyInsertOperator(plan, execution, source.operator) : null;
}

class CopyInsertOperator implements Operator {
  readonly #source: CopyTextSource;
  readonly #table: TableRuntime;
  readonly #rows: RowStoreWriter;
  readonly #foreignKeys: ForeignKeys;
  /** By field. */
  readonly #targets: readonly FieldTarget[];
  readonly #computed: readonly ComputedColumn[];
  readonly #compute: RowValuesFunction | null;
  readonly #computedValues: Value[] = [];
  /** The current line's #computedValues are there: functions in defaults are called once a row. */
  #isComputed = false;
  readonly #generated: readonly number[];
  /** WHERE: looks at the whole row. */
  readonly #condition: RowsCondition | null;
  /** Has CHECKs or generated columns. */
  readonly #isCompleted: boolean;
  /** The table's row, as far as its values are wanted. */
  #row: Value[];
  /** #row has all values of the current line. */
  #isWhole = false;
  #linesUntilLook = LINES_PER_LOOK;

  constructor(plan: InsertPlan, execution: Execution, source: CopyTextSource) {
    const { program } = execution;
    this.#source = source;
    this.#table = program.tableOf(plan.table);
    this.#rows = new RowStoreWriter(program, this.#table, plan.checks, plan.generated);
    this.#foreignKeys = program.foreignKeysOf(plan.table);
    this.#generated = plan.generated.map((g) => g.columnIndex);
    this.#condition = insertCondition(program, plan);
    this.#isCompleted = plan.checks.length > 0 || plan.generated.length > 0;
    this.#row = new Array(plan.table.columns.length).fill(null);
    const all = new Set(plan.values.keys());
    const wanted = wantedColumns(this.#table, this.#foreignKeys, all, [
      ...plan.checks.map((c) => c.expr),
      ...plan.generated.map((g) => g.value),
    ]);
    const targets: FieldTarget[] = [];
    const computed: ComputedColumn[] = [];
    const exprs: Expr[] = [];
    plan.values.forEach((value, column) => {
      const { notNull, dropped } = plan.table.columns[column];
      if (value.kind === 'column')
        targets[value.index] = this.#targetOf(
          column,
          notNull || source.columns[value.index].check !== null,
          wanted.has(column),
        );
      else if (!dropped && !this.#generated.includes(column) && (notNull || !isNullConstant(value))) {
        computed.push({ column, isNotNull: notNull });
        exprs.push(value);
      }
    });
    this.#targets = targets;
    this.#computed = computed;
    this.#compute = computed.length === 0 ? null : rowValuesFunction(program.slots, plan.source.output, exprs);
  }

  #targetOf(column: number, isNotNull: boolean, isWanted: boolean): FieldTarget {
    const { typeOid, typeModifier } = this.#table.entry.columns[column];
    const layout = this.#table.writer.layout.columns[column] as ColumnLayout;
    const base = { column, typeOid, typeModifier, isNotNull, isWanted, bytesMax: BYTES_MAX };
    switch (typeOid) {
      case OID.INT2:
      case OID.INT4:
      case OID.INT8:
      case OID.FLOAT8:
      case OID.DATE:
      case OID.TIMESTAMP:
      case OID.TIMESTAMPTZ:
        return { ...base, by: BY_NUMBER };
      case OID.NUMERIC:
        return { ...base, by: layout.storage === 'decimal' && !isWanted ? BY_NUMBER : BY_VALUE };
      case OID.TEXT:
        return { ...base, by: BY_BYTES };
      case OID.VARCHAR:
        return {
          ...base,
          by: BY_BYTES,
          bytesMax: typeModifier < 4 ? BYTES_MAX : Math.min(typeModifier - 4, BYTES_MAX),
        };
      case OID.BPCHAR:
        return {
          ...base,
          by: isWanted || typeModifier < 4 || typeModifier - 4 > BYTES_MAX ? BY_VALUE : BY_PADDED_BYTES,
        };
      default:
        return { ...base, by: BY_VALUE };
    }
  }

  open(): void {
    this.#rows.longValues.reset();
    this.#isComputed = false;
    this.#isWhole = false;
    this.#source.open();
  }

  poll(x: ExecContext): Batch {
    const source = this.#source;
    for (;;) {
      if (!this.#rows.longValues.sweep(x)) return PENDING;
      const answer = source.pollLine(x);
      if (answer !== null) {
        // Others may run now: what was written in bulk goes to the log first.
        this.#table.heap.finishBulk(x.transaction);
        return answer === END ? END : PENDING;
      }
      if (!this.#insertLine(x)) return PENDING;
      source.consume();
      this.#isComputed = false;
      this.#isWhole = false;
      if (--this.#linesUntilLook > 0) continue;
      this.#linesUntilLook = LINES_PER_LOOK;
      if (x.shouldYield(LINES_PER_LOOK)) return PENDING;
    }
  }

  close(): void {
    this.#source.close();
  }

  /** False: it has to wait, or its slice is over; the line begins again. */
  #insertLine(x: ExecContext): boolean {
    const needsAll = this.#isWhole || this.#condition !== null;
    const rowId = needsAll || !this.#encode(x) ? this.#insertWhole(x) : this.#insertImage(x);
    if (rowId < 0) return rowId === ROW_LEFT_OUT;
    x.evaluated();
    x.processedCount++;
    if (this.#foreignKeys.outgoing.length > 0) queueReferenceChecks(x, this.#foreignKeys, null, this.#row, rowId);
    return true;
  }

  /** The line as an image in the table's writer, and what is wanted of it in #row; false: it is not of the usual kind. */
  #encode(x: ExecContext): boolean {
    const source = this.#source;
    const targets = this.#targets;
    const row = this.#row;
    const { writer } = this.#table;
    const { format } = x.functions;
    writer.begin();
    writer.source = source.bytes;
    for (let field = 0; field < targets.length; field++) {
      const target = targets[field];
      if (source.forms[field] === FIELD_NULL) {
        if (target.isNotNull) return false;
        row[target.column] = null;
      } else if (!this.#encodeField(field, target)) {
        if (source.to[field] - source.from[field] > BYTES_MAX) return false;
        const value = source.value(format, field);
        writer.set(target.column, value);
        row[target.column] = value;
      } else if (target.isWanted && target.by !== BY_NUMBER) row[target.column] = source.value(format, field);
    }
    this.#computeOnce(x);
    for (let i = 0; i < this.#computed.length; i++) {
      const { column, isNotNull } = this.#computed[i];
      const value = this.#computedValues[i];
      if (value === null && isNotNull) return false;
      writer.set(column, value);
      row[column] = value;
    }
    if (this.#isCompleted && !this.#complete(x)) return false;
    return !writer.hasLongValue && writer.finish() <= ROW_SIZE_TARGET;
  }

  /** Defaults, when the fields have been read: what is refused before takes no value of a sequence. */
  #computeOnce(x: ExecContext): void {
    if (this.#compute === null || this.#isComputed) return;
    this.#compute(x, [], 0, this.#computedValues);
    this.#isComputed = true;
  }

  /** A field straight into the image, a number into #row too; false: its value is needed for it. */
  #encodeField(field: number, target: FieldTarget): boolean {
    const source = this.#source;
    const { writer } = this.#table;
    const { bytes } = source;
    const form = source.forms[field];
    const from = source.from[field];
    const to = source.to[field];
    if (form === FIELD_ESCAPED) return false;
    switch (target.by) {
      case BY_NUMBER: {
        const number = plainNumber(bytes, from, to, target.typeOid, target.typeModifier);
        if (number !== number) return false;
        writer.setNumber(target.column, number);
        this.#row[target.column] = number;
        return true;
      }
      case BY_BYTES:
        if (to - from > target.bytesMax || (form === FIELD_UTF8 && !isText(bytes, from, to))) return false;
        writer.setBytes(target.column, from, to);
        return true;
      case BY_PADDED_BYTES: {
        const blanks = target.typeModifier - 4 - (to - from);
        if (form !== FIELD_ASCII || blanks < 0) return false;
        writer.setBytes(target.column, from, to, blanks);
        return true;
      }
      default:
        return false;
    }
  }

  /** CHECKs and generated columns; false: the row is refused, which is told of all its values. */
  #complete(x: ExecContext): boolean {
    try {
      this.#rows.complete(x, this.#row, 'insert');
    } catch {
      return false;
    }
    for (const column of this.#generated) this.#table.writer.set(column, this.#row[column]);
    return true;
  }

  /** Answers the row's id, ROW_WAITS if it has to wait. */
  #insertImage(x: ExecContext): number {
    if (!this.#isUnique(x)) return ROW_WAITS;
    return this.#rows.insertImage(x);
  }

  #insertWhole(x: ExecContext): number {
    const rows = this.#rows;
    if (!this.#isWhole) {
      this.#row = this.#allValues(x);
      if (this.#condition?.(x, [this.#row]) === false) return ROW_LEFT_OUT;
      rows.complete(x, this.#row, 'insert');
      x.evaluated();
      this.#isWhole = true;
    }
    if (!rows.resume(x, this.#row) || !this.#isUnique(x)) return ROW_WAITS;
    return rows.insert(x, this.#row, true);
  }

  #isUnique(x: ExecContext): boolean {
    const step = this.#rows.checkUnique(x, this.#row, null);
    if (step === STEP_CONFLICT) throw this.#rows.uniqueViolation(x, this.#row);
    return step !== STEP_WAIT;
  }

  #allValues(x: ExecContext): Value[] {
    const row: Value[] = new Array(this.#row.length).fill(null);
    this.#targets.forEach(({ column }, field) => {
      row[column] = this.#source.value(x.functions.format, field);
    });
    this.#computeOnce(x);
    this.#computed.forEach(({ column }, i) => {
      row[column] = this.#computedValues[i];
    });
    return row;
  }
}

function isNullConstant(expr: Expr): boolean {
  return expr.kind === 'const' && expr.value === null;
}

/** UTF-8 without a zero byte. */
function isText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] === 0) return false;
  return isUtf8(bytes.subarray(from, to));
}
