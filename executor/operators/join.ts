/**
 * Nested loop joins, and what all joins share. A join keeps its place between polls as (outer batch, outer row, inner place), so
 * that it may stop at any pair of rows.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { HashJoinPlan, JoinType, NestedLoopPlan } from '../../planner/plan.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type RowValuesFunction, rowValuesFunction } from '../compile/batch-program.ts';
import { mayWait } from '../compile/may-wait.ts';
import { type PairCondition, type PairEmit, pairCondition, pairEmit } from '../compile/pair-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { HeldError } from './held-error.ts';
import { InnerRows, ROWS_END, ROWS_MORE, ROWS_WAIT } from './inner-rows.ts';
import type { Operator } from './operator.ts';

export const NO_COLUMNS: Value[][] = [];

export interface CompiledJoin {
  readonly condition: PairCondition | null;
  readonly emit: PairEmit;
}

export function compileJoin(plan: HashJoinPlan | NestedLoopPlan, execution: Execution): CompiledJoin {
  const { program } = execution;
  const outer = plan.outer.output;
  const inner = plan.inner.output;
  const { condition } = plan;
  return program.memo(plan, 'join', () => {
    const join = {
      condition: condition === null ? null : pairCondition(program.slots, outer, inner, condition),
      emit: pairEmit(program.slots, outer, inner, plan.filter, plan.targets),
    };
    return mayWait([condition, plan.filter, ...plan.targets]) ? forgettingPairs(join, plan.joinType) : join;
  });
}

/** What has been called for a pair is not met again when the pair is done: with its emission, or by a condition that nothing is emitted after. */
function forgettingPairs({ condition, emit }: CompiledJoin, joinType: JoinType): CompiledJoin {
  return {
    condition:
      condition === null
        ? null
        : (x, o, i, d, j) => {
            const holds = condition(x, o, i, d, j);
            if (!holds || joinType === 'anti') x.evaluated();
            return holds;
          },
    emit: (x, o, i, d, j, out, n) => {
      const isGiven = emit(x, o, i, d, j, out, n);
      x.evaluated();
      return isGiven;
    },
  };
}

/** For each outer row the inner side is run again with parameters; without parameters its rows are kept and replayed. */
export class NestedLoopOperator implements Operator {
  readonly #joinType: JoinType;
  readonly #outer: Operator;
  readonly #inner: Operator;
  readonly #compiled: CompiledJoin;
  readonly #params: NestedLoopPlan['params'];
  readonly #paramValues: RowValuesFunction | null;
  readonly #values: Value[] = [];
  /** Null: it is run for each outer row. */
  readonly #rows: InnerRows | null;
  /** By place, where inner rows without a match are wanted. */
  readonly #matched: boolean[] | null;
  readonly #out: Batch;
  readonly #error = new HeldError();
  #batch: Batch | null = null;
  #row = 0;
  #innerBatch: Batch | null = null;
  #innerRow = 0;
  #isInnerOpen = false;
  #rowMatched = false;
  /** The next inner row that is looked at for that; -1: the outer side is not at its end. */
  #unmatched = -1;
  #mustStop = false;
  /** Rows in the output that are not given away yet: what is computed for a pair may have to wait (a page, a subquery). */
  #filled = 0;

  constructor(plan: NestedLoopPlan, execution: Execution) {
    this.#joinType = plan.joinType;
    this.#outer = execution.build(plan.outer);
    this.#inner = execution.build(plan.inner);
    this.#compiled = compileJoin(plan, execution);
    this.#params = plan.params;
    const { program } = execution;
    this.#paramValues =
      plan.params.length === 0
        ? null
        : program.memo(plan, 'params', () =>
            rowValuesFunction(
              program.slots,
              plan.outer.output,
              plan.params.map((p) => p.value),
            ),
          );
    this.#rows = plan.params.length === 0 ? new InnerRows(this.#inner, plan.inner.output.length) : null;
    this.#matched = plan.joinType === 'right' || plan.joinType === 'full' ? [] : null;
    this.#out = new Batch(plan.targets.length);
  }

  #batchSize = BATCH_SIZE;

  /** Under a limit: outer rows asked for at once, the first time as many as are wanted, then twice as many each time. */
  #outerRows = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  open(x: ExecContext): void {
    this.#error.forget();
    this.#outerRows = this.#batchSize;
    this.#outer.limitTo?.(this.#outerRows);
    this.#batch = null;
    this.#innerBatch = null;
    this.#isInnerOpen = false;
    this.#rows?.open(x);
    if (this.#matched !== null) this.#matched.length = 0;
    this.#unmatched = -1;
    this.#filled = 0;
    this.#outer.open(x);
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    try {
      return this.#join(x);
    } catch (error) {
      // Pairs before the one that fails are in the output.
      this.#out.count = this.#error.hold(x, error, this.#filled);
      this.#filled = 0;
      return this.#out;
    }
  }

  #join(x: ExecContext): Batch {
    const out = this.#out;
    let n = this.#filled;
    while (n < this.#batchSize) {
      if (this.#unmatched >= 0) return this.#emitUnmatched(x);
      if (this.#batch === null || this.#row >= this.#batch.count) {
        if (n > 0) break;
        if (this.#isWithoutPartners) return END;
        if (this.#batch !== null && this.#outerRows < BATCH_SIZE) {
          this.#outerRows = Math.min(this.#outerRows * 2, BATCH_SIZE);
          this.#outer.limitTo?.(this.#outerRows);
        }
        const batch = this.#outer.poll(x);
        if (batch === PENDING) return PENDING;
        if (batch === END) {
          if (this.#matched === null) return END;
          this.#unmatched = 0;
          (this.#rows as InnerRows).rewind();
          continue;
        }
        this.#batch = batch;
        this.#row = 0;
        this.#isInnerOpen = false;
      }
      n = this.#rows === null ? this.#loopParameterised(x) : this.#loopKept(x, this.#rows);
      if (this.#mustStop) {
        this.#mustStop = false;
        if (n === 0) return PENDING;
        break;
      }
    }
    out.count = n;
    this.#filled = 0;
    return out;
  }

  /** Joins the current outer row; answers the rows in the output. Sets
   * #mustStop when the slice is over, or the inner side waits. */
  #loopKept(x: ExecContext, rows: InnerRows): number {
    const batch = this.#batch as Batch;
    let n = this.#filled;
    const { condition, emit } = this.#compiled;
    if (!this.#isInnerOpen) {
      this.#isInnerOpen = true;
      this.#innerRow = 0;
      this.#rowMatched = false;
      if (!rows.isInMemory) rows.rewind();
    }
    for (;;) {
      const { columns, base, end } = rows;
      const from = this.#innerRow;
      while (this.#innerRow < end) {
        if (n === this.#batchSize) return n;
        const j = this.#innerRow;
        if (condition !== null && !condition(x, batch.columns, this.#row, columns, j - base)) {
          this.#innerRow = j + 1;
          continue;
        }
        this.#rowMatched = true;
        if (this.#matched !== null) this.#matched[j] = true;
        if (this.#joinType === 'semi' || this.#joinType === 'anti') return this.#endKept(x, j - from);
        if (emit(x, batch.columns, this.#row, columns, j - base, this.#out.columns, n)) this.#filled = ++n;
        this.#innerRow = j + 1;
      }
      if (n === this.#batchSize) return n;
      const more = rows.isInMemory ? ROWS_END : rows.advance(x);
      if (more === ROWS_END) return this.#endKept(x, end - from);
      this.#mustStop = more === ROWS_WAIT || x.shouldYield(end - from);
      if (this.#mustStop) return n;
    }
  }

  /** `passed`: inner rows since the slice was last asked after. */
  #endKept(x: ExecContext, passed: number): number {
    const n = this.#endRow(x, NO_COLUMNS);
    this.#mustStop = x.shouldYield(passed + 1);
    return n;
  }

  /** As #loopKept. */
  #loopParameterised(x: ExecContext): number {
    const batch = this.#batch as Batch;
    let n = this.#filled;
    const { condition, emit } = this.#compiled;
    if (!this.#isInnerOpen) {
      (this.#paramValues as RowValuesFunction)(x, batch.columns, this.#row, this.#values);
      this.#setParams(x);
      this.#inner.open(x);
      this.#isInnerOpen = true;
      this.#innerBatch = null;
      this.#rowMatched = false;
    } else this.#setParams(x);
    for (;;) {
      if (this.#innerBatch === null || this.#innerRow >= this.#innerBatch.count) {
        // Rows in the output hold values only, so the inner batch may be overwritten.
        const inner = this.#inner.poll(x);
        if (inner === PENDING) {
          this.#mustStop = true;
          return n;
        }
        if (inner === END) break;
        this.#innerBatch = inner;
        this.#innerRow = 0;
      }
      const columns = this.#innerBatch.columns;
      while (this.#innerRow < this.#innerBatch.count) {
        if (n === this.#batchSize) return n;
        const j = this.#innerRow;
        if (condition !== null && !condition(x, batch.columns, this.#row, columns, j)) {
          this.#innerRow = j + 1;
          continue;
        }
        this.#rowMatched = true;
        if (this.#joinType === 'semi' || this.#joinType === 'anti') return this.#endRowAndClose(x);
        if (emit(x, batch.columns, this.#row, columns, j, this.#out.columns, n)) this.#filled = ++n;
        this.#innerRow = j + 1;
      }
    }
    if (n === this.#batchSize) {
      this.#innerBatch = null;
      return n;
    }
    return this.#endRowAndClose(x);
  }

  #setParams(x: ExecContext): void {
    for (let p = 0; p < this.#params.length; p++) x.execParams[this.#params[p].index] = this.#values[p];
  }

  #endRowAndClose(x: ExecContext): number {
    const n = this.#endRow(x, NO_COLUMNS);
    this.#inner.close(x);
    return n;
  }

  #endRow(x: ExecContext, inner: Value[][]): number {
    let n = this.#filled;
    const joinType = this.#joinType;
    const emitsAlone = this.#rowMatched
      ? joinType === 'semi'
      : joinType === 'left' || joinType === 'full' || joinType === 'anti';
    if (
      emitsAlone &&
      this.#compiled.emit(x, (this.#batch as Batch).columns, this.#row, inner, -1, this.#out.columns, n)
    )
      this.#filled = ++n;
    this.#row++;
    this.#isInnerOpen = false;
    return n;
  }

  /** There are no inner rows, and outer rows alone are not wanted: none of them is looked at any more. */
  get #isWithoutPartners(): boolean {
    const rows = this.#rows;
    if (rows === null || !rows.isInMemory || rows.end > 0) return false;
    return this.#joinType === 'inner' || this.#joinType === 'semi';
  }

  #emitUnmatched(x: ExecContext): Batch {
    const rows = this.#rows as InnerRows;
    const matched = this.#matched as boolean[];
    const out = this.#out;
    let n = this.#filled;
    while (n < this.#batchSize) {
      const { columns, base, end } = rows;
      if (this.#unmatched >= end) {
        const more = rows.advance(x);
        if (more === ROWS_MORE) continue;
        if (more === ROWS_WAIT && n === 0) return PENDING;
        break;
      }
      const j = this.#unmatched;
      if (matched[j] !== true && this.#compiled.emit(x, NO_COLUMNS, -1, columns, j - base, out.columns, n)) {
        this.#filled = ++n;
      }
      this.#unmatched = j + 1;
    }
    out.count = n;
    this.#filled = 0;
    return n > 0 ? out : END;
  }

  close(x: ExecContext): void {
    this.#outer.close(x);
    if (this.#rows === null) this.#inner.close(x);
    else this.#rows.close(x);
    this.#batch = null;
    this.#innerBatch = null;
  }
}
