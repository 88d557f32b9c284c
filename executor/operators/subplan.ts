/**
 * Subqueries in expressions. An uncorrelated one runs once an execution and its result is kept; a correlated one runs for each
 * row, to its end: only when it is overdue (context.ts) does it let others have their turn, as the expression around it starts again then.
 *
 * A subquery that must wait (a page, a lock) throws WAIT_SIGNAL or PAGE_MISS out of the expression; the row is evaluated again later.
 * Then the subquery goes on where it was: an uncorrelated one always; a correlated one if it is asked with the same parameters, as
 * it is when the row is computed again. Otherwise one over a table larger than memory, whose first pages are gone when it comes
 * to its last, would never end. Where it has called a function since it began, it begins again: calls are remembered in their order.
 *
 * What a correlated one has given after a slice of its own is remembered, for when the row is computed again because of another one: each of several
 * would otherwise run as often as all before it have been interrupted.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Evaluation, Value } from '../../catalog/function-entry.ts';
import type { SubplanExpr } from '../../planner/expr.ts';
import { PAGE_MISS } from '../../storage/api.ts';
import { equality, typeByOid } from '../../types/index.ts';
import { type Batch, END, PENDING } from '../batch.ts';
import { makeArray, tooManyRows } from '../compile/runtime.ts';
import type { ExecContext, SubplanRunner } from '../context.ts';
import { batchBytes, columnBytes, HASH_ENTRY_BYTES, Holding } from '../memory-account.ts';
import { GroupTable } from './group-table.ts';
import { type Operator, RowStore, WAIT_SIGNAL, YIELD_SIGNAL } from './operator.ts';

/** Missing pages that were read in place, after which a correlated subquery lets others have their turn. */
const READS_IN_PLACE_MAX = 64;

interface Given {
  readonly params: readonly Value[];
  value: Value;
  interruptions: number;
}

export class SubplanOperator implements SubplanRunner {
  readonly #expr: SubplanExpr;
  readonly #operator: Operator;
  readonly #isCorrelated: boolean;
  /** CTEs that its plan reads, nested subqueries included. */
  readonly ctes: ReadonlySet<number>;
  /** Parameters that it reads and does not set itself. */
  readonly #paramIndexes: readonly number[];
  /** Correlated: their values when it had to wait; null: it did not. */
  #waitingFor: readonly Value[] | null = null;
  #isOpen = false;
  /** Uncorrelated: the kept result. */
  #hasResult = false;
  #result: Value = null;
  /** Rows of an uncorrelated quantified subquery, and its hash table. */
  #rows: RowStore | null = null;
  #table: GroupTable | null = null;
  #hasNullRow = false;
  readonly #held = new Holding('rows of a subquery');
  /** What the rows so far have given: an uncorrelated run that had to wait goes on from it. */
  #count = 0;
  #value: Value = null;
  #elements: Value[] = [];
  #answer: boolean | null = null;
  /** Correlated, of a long run: what it was asked with, what it gave, and before which interruption of the statement. */
  #given: Given | null = null;
  readonly #evaluation: Evaluation = { seen: 0, done: 0, depth: 0, calls: [], called: 0 };

  constructor(expr: SubplanExpr, operator: Operator) {
    this.#expr = expr;
    this.#operator = operator;
    const { params, ctes } = outsideOf(expr.plan);
    this.#isCorrelated = expr.params.length > 0 || params.length > 0;
    this.#paramIndexes = params;
    this.ctes = ctes;
  }

  /** For another execution. */
  reset(x: ExecContext): void {
    this.#held.clear(x.memory);
    this.#hasResult = false;
    this.#result = null;
    this.#rows = null;
    this.#table = null;
    this.#isOpen = false;
    this.#waitingFor = null;
    this.#given = null;
  }

  close(x: ExecContext): void {
    if (this.#isOpen) this.#operator.close(x);
    this.#isOpen = false;
    this.reset(x);
  }

  /** Whether what runs next is the run that had to wait. */
  #goesOn(x: ExecContext): boolean {
    if (!this.#isOpen) return false;
    if (!this.#isCorrelated) return true;
    return this.#waitingFor !== null && this.#isAskedWith(x, this.#waitingFor);
  }

  #isAskedWith(x: ExecContext, params: readonly Value[]): boolean {
    return params.every((value, i) => isDeepStrictEqual(value, x.execParams[this.#paramIndexes[i]]));
  }

  #params(x: ExecContext): Value[] {
    return this.#paramIndexes.map((index) => x.execParams[index]);
  }

  #begin(x: ExecContext, isAll: boolean): void {
    this.#count = 0;
    this.#value = null;
    this.#elements = [];
    this.#answer = isAll;
    this.#evaluation.done = 0;
    this.#evaluation.calls.length = 0;
    if (this.#isCorrelated) {
      this.#held.clear(x.memory);
      this.#rows = null;
    }
    this.#operator.open(x);
    this.#isOpen = true;
  }

  /** Runs the plan; `take` answers false to stop early. `isAll`: what #answer begins with. */
  #run(x: ExecContext, take: (batch: Batch) => boolean, isAll = false): void {
    if (!this.#goesOn(x)) {
      if (this.#waitingFor !== null || this.#isGivenAgain(x)) x.loseGround();
      this.#begin(x, isAll);
    }
    this.#waitingFor = null;
    const { functions } = x;
    const around = functions.evaluation;
    const { seen, called } = around;
    if (this.#isCorrelated) x.noYieldDepth++;
    else {
      // It goes on where it was, while what is around it is computed again.
      this.#evaluation.seen = 0;
      this.#evaluation.called = 0;
      this.#evaluation.depth = x.noYieldDepth;
      functions.evaluation = this.#evaluation;
    }
    try {
      this.#pull(x, take, seen, called);
    } catch (error) {
      if (this.#isCorrelated && around.seen === seen && around.called === called) this.#waitingFor = this.#params(x);
      x.interruptions++;
      throw error;
    } finally {
      if (this.#isCorrelated) x.noYieldDepth--;
      else functions.evaluation = around;
    }
    this.#operator.close(x);
    this.#isOpen = false;
    this.#given =
      this.#isCorrelated && x.isSliceOver
        ? { params: this.#params(x), value: null, interruptions: x.interruptions }
        : null;
  }

  /** `seen`, `called`: what had been met around a correlated one when it began. */
  #pull(x: ExecContext, take: (batch: Batch) => boolean, seen: number, called: number): void {
    for (let readInPlace = 0; ; ) {
      let batch: Batch;
      try {
        batch = this.#operator.poll(x);
      } catch (error) {
        if (error !== PAGE_MISS || !x.engine.pool.isMissSettled || ++readInPlace > READS_IN_PLACE_MAX) throw error;
        if (!this.#meetsAgain(x.functions.evaluation, seen, called)) throw error;
        continue;
      }
      if (batch === END) return;
      if (batch === PENDING) {
        if (x.isWaiting) throw WAIT_SIGNAL;
        if (!this.#isCorrelated || x.isOverdue) throw YIELD_SIGNAL;
        continue;
      }
      if (!take(batch)) return;
    }
  }

  /** The row that missed a page is computed again: may it be at once, and will it find what it has already called? */
  #meetsAgain(evaluation: Evaluation, seen: number, called: number): boolean {
    if (this.#isCorrelated) return evaluation.seen === seen && evaluation.called === called;
    evaluation.seen = 0;
    evaluation.called = 0;
    return true;
  }

  #once(x: ExecContext, compute: () => Value): Value {
    if (this.#isCorrelated) {
      if (this.#isGivenAgain(x)) {
        const given = this.#given as Given;
        given.interruptions = x.interruptions;
        return given.value;
      }
      const value = compute();
      if (this.#given !== null) this.#given.value = value;
      return value;
    }
    if (!this.#hasResult) {
      this.#result = compute();
      this.#hasResult = true;
    }
    return this.#result;
  }

  /** Asked the same once more, and the statement has been interrupted since: for the same row, not another one with the same parameters. */
  #isGivenAgain(x: ExecContext): boolean {
    const given = this.#given;
    return given !== null && given.interruptions < x.interruptions && this.#isAskedWith(x, given.params);
  }

  exists(x: ExecContext): boolean {
    return this.#once(x, () => {
      let found = false;
      this.#operator.limitTo?.(1);
      this.#run(x, (batch) => {
        found = batch.count > 0;
        return !found;
      });
      return found;
    });
  }

  scalar(x: ExecContext): Value {
    return this.#once(x, () => {
      this.#run(x, (batch) => {
        if (this.#count + batch.count > 1) tooManyRows();
        if (batch.count === 1) this.#value = batch.columns[0][0];
        this.#count += batch.count;
        return true;
      });
      return this.#value;
    });
  }

  array(x: ExecContext): Value {
    return this.#once(x, () => {
      this.#run(x, (batch) => {
        this.#held.add(x.memory, columnBytes(batch.columns[0], batch.count));
        for (let i = 0; i < batch.count; i++) this.#elements.push(batch.columns[0][i]);
        return true;
      });
      // A correlated one's belongs to whoever asked.
      if (this.#isCorrelated) this.#held.clear(x.memory);
      const elements = this.#elements;
      this.#elements = [];
      const elementOid = typeByOid(this.#expr.typeOid)?.elementOid ?? 0;
      // A domain over an array, and a vector, have arrays of their own.
      const element = typeByOid(this.#expr.plan.output[0].typeOid);
      const isNested = element?.category === 'A' && element.arrayOid === 0;
      return makeArray(elementOid, elements, isNested);
    });
  }

  row(x: ExecContext, test: (row: readonly Value[]) => boolean | null): boolean | null {
    if (this.#isCorrelated) {
      this.#run(x, (batch) => {
        this.#kept.append(batch);
        return this.#kept.count <= 1;
      });
    }
    const rows = this.#isCorrelated ? this.#kept : this.#keepRows(x);
    if (rows.count > 1) tooManyRows();
    return rows.count === 0 ? null : test(rows.columns.map((column) => column[0]));
  }

  /** Rows of the run that #begin began; most ask for none to be kept. */
  get #kept(): RowStore {
    this.#rows ??= new RowStore(this.#expr.plan.output.length);
    return this.#rows;
  }

  quantified(x: ExecContext, test: (row: readonly Value[]) => boolean | null, isAll: boolean): boolean | null {
    const row: Value[] = [];
    const look = (columns: readonly (readonly Value[])[], count: number): boolean => {
      for (let i = 0; i < count; i++) {
        for (let c = 0; c < columns.length; c++) row[c] = columns[c][i];
        const result = test(row);
        if (result === !isAll) {
          this.#answer = !isAll;
          return false;
        }
        if (result === null) this.#answer = null;
      }
      return true;
    };
    if (this.#isCorrelated) this.#run(x, (batch) => look(batch.columns, batch.count), isAll);
    else {
      const rows = this.#keepRows(x);
      this.#answer = isAll;
      look(rows.columns, rows.count);
    }
    return this.#answer;
  }

  #keepRows(x: ExecContext): RowStore {
    if (this.#rows === null || !this.#hasResult) {
      if (!this.#goesOn(x)) {
        this.#held.clear(x.memory);
        this.#rows = null;
      }
      this.#run(x, (batch) => {
        this.#held.add(x.memory, batchBytes(batch));
        this.#kept.append(batch);
        return true;
      });
      this.#hasResult = true;
    }
    return this.#kept;
  }

  /** Whether there are rows to look among: where there are none, the values that are looked for need not be computed. */
  fillHashed(x: ExecContext): boolean {
    if (this.#isCorrelated) {
      this.#hasResult = false;
      this.#table = null;
    }
    const rows = this.#keepRows(x);
    if (rows.count > 0 && this.#table === null) this.#buildTable(x, rows);
    return rows.count > 0;
  }

  /** After fillHashed, which has found rows. */
  hashed(values: readonly Value[]): boolean | null {
    const rows = this.#kept;
    const table = this.#table as GroupTable;
    if (values.includes(null)) return values.length === 1 ? null : this.#scan(rows, values);
    if (table.findValues(values) >= 0) return true;
    return this.#hasNullRow ? (values.length === 1 ? null : this.#scan(rows, values)) : false;
  }

  #buildTable(x: ExecContext, rows: RowStore): GroupTable {
    // The rows' values once more, and the table over them.
    this.#held.add(x.memory, this.#held.bytes + rows.count * HASH_ENTRY_BYTES);
    const table = new GroupTable(this.#expr.plan.output.map((o) => o.typeOid));
    this.#hasNullRow = false;
    for (let i = 0; i < rows.count; i++) {
      if (rows.columns.some((column) => column[i] === null)) this.#hasNullRow = true;
      else table.groupOf(rows.columns, i);
    }
    this.#table = table;
    return table;
  }

  /** Rows with nulls in play: compared one by one, three-valued. */
  #scan(rows: RowStore, values: readonly Value[]): boolean | null {
    const equalities = this.#expr.plan.output.map((o) => equality(o.typeOid));
    let answer: boolean | null = false;
    for (let i = 0; i < rows.count; i++) {
      let result: boolean | null = true;
      for (let c = 0; c < values.length && result !== false; c++) {
        const other = rows.columns[c][i];
        if (other === null || values[c] === null) result = null;
        else if (!equalities[c](other, values[c])) result = false;
      }
      if (result === true) return true;
      if (result === null) answer = null;
    }
    return answer;
  }
}

/** What a plan reads: parameters that something outside of it sets, and CTEs. */
function outsideOf(plan: unknown): { params: readonly number[]; ctes: Set<number> } {
  const ctes = new Set<number>();
  const set = new Set<number>();
  const read = new Set<number>();
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    const record = node as Record<string, unknown>;
    if (record.kind === 'cteScan') ctes.add(record.id as number);
    if (record.kind === 'execParam') read.add(record.index as number);
    if (record.kind === 'nestedLoop' || record.kind === 'subplan') {
      for (const param of record.params as { index: number }[]) set.add(param.index);
    }
    for (const key in record) if (key !== 'function' && key !== 'table' && key !== 'value') visit(record[key]);
    if (record.kind === 'nestedLoop' || record.kind === 'subplan') {
      for (const param of record.params as { value: unknown }[]) visit(param.value);
    }
  };
  visit(plan);
  return { params: [...read].filter((index) => !set.has(index)), ctes };
}
