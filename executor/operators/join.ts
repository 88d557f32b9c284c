/**
 * Joins: hash and nested loop. Both keep their place between polls as (outer batch, outer row, inner place), so that a join may stop
 * at any pair of rows.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { HashJoinPlan, JoinType, NestedLoopPlan } from '../../planner/plan.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import {
  type PairCondition,
  type PairEmit,
  pairCondition,
  pairEmit,
  type RowValuesFunction,
  rowValuesFunction,
} from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import { batchBytes, Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { GroupTable } from './group-table.ts';
import { type Operator, RowStore } from './operator.ts';

const NO_COLUMNS: Value[][] = [];

interface CompiledJoin {
  readonly condition: PairCondition | null;
  readonly emit: PairEmit;
}

function compileJoin(plan: HashJoinPlan | NestedLoopPlan, execution: Execution): CompiledJoin {
  const { program } = execution;
  const outer = plan.outer.output;
  const inner = plan.inner.output;
  const { condition } = plan;
  return program.memo(plan, 'join', () => ({
    condition: condition === null ? null : pairCondition(program.slots, outer, inner, condition),
    emit: pairEmit(program.slots, outer, inner, plan.filter, plan.targets),
  }));
}

export class HashJoinOperator implements Operator {
  readonly #plan: HashJoinPlan;
  readonly #outer: Operator;
  readonly #inner: Operator;
  readonly #compiled: CompiledJoin;
  readonly #outerKeys: RowValuesFunction;
  readonly #innerKeys: RowValuesFunction;
  readonly #store: RowStore;
  readonly #table: GroupTable;
  /** First inner row of each key group, and the next one with the same key; -1 ends. */
  readonly #heads: number[] = [];
  readonly #tails: number[] = [];
  readonly #nextRow: number[] = [];
  /** For right and full joins: inner rows that found a partner. */
  readonly #matched: boolean[] = [];
  readonly #keys: Value[] = [];
  readonly #out: Batch;
  #isBuilt = false;
  #batch: Batch | null = null;
  #row = 0;
  #candidate = -1;
  #hasCandidate = false;
  #rowMatched = false;
  #unmatched = -1;

  constructor(plan: HashJoinPlan, execution: Execution) {
    this.#plan = plan;
    this.#outer = execution.build(plan.outer);
    this.#inner = execution.build(plan.inner);
    this.#compiled = compileJoin(plan, execution);
    const { program } = execution;
    this.#outerKeys = program.memo(plan, 'outerKeys', () =>
      rowValuesFunction(program.slots, plan.outer.output, plan.outerKeys),
    );
    this.#innerKeys = program.memo(plan, 'innerKeys', () =>
      rowValuesFunction(program.slots, plan.inner.output, plan.innerKeys, 1),
    );
    this.#store = new RowStore(plan.inner.output.length);
    this.#table = new GroupTable(plan.keyTypes);
    this.#out = new Batch(plan.targets.length);
  }

  open(x: ExecContext): void {
    this.#store.clear();
    this.#table.clear();
    this.#heads.length = 0;
    this.#tails.length = 0;
    this.#nextRow.length = 0;
    this.#matched.length = 0;
    this.#isBuilt = false;
    this.#batch = null;
    this.#unmatched = -1;
    this.#inner.open(x);
    this.#outer.open(x);
  }

  poll(x: ExecContext): Batch {
    if (!this.#isBuilt) {
      if (!this.#build(x)) return PENDING;
      this.#isBuilt = true;
    }
    const { joinType } = this.#plan;
    if (this.#store.count === 0 && (joinType === 'inner' || joinType === 'semi' || joinType === 'right')) return END;
    const out = this.#out;
    let n = 0;
    while (n < BATCH_SIZE) {
      if (this.#unmatched >= 0) return this.#emitUnmatched(x, n);
      if (this.#batch === null || this.#row >= this.#batch.count) {
        // Give away what is there before the outer side may overwrite its batch.
        if (n > 0) break;
        const batch = this.#outer.poll(x);
        if (batch === PENDING) return PENDING;
        if (batch === END) {
          if (joinType !== 'right' && joinType !== 'full') return END;
          this.#unmatched = 0;
          continue;
        }
        this.#batch = batch;
        this.#row = 0;
        this.#hasCandidate = false;
        if (x.shouldYield(batch.count)) return PENDING;
      }
      n = this.#probe(x, n);
    }
    out.count = n;
    return out;
  }

  #build(x: ExecContext): boolean {
    const store = this.#store;
    for (;;) {
      const batch = this.#inner.poll(x);
      if (batch === PENDING) return false;
      if (batch === END) return true;
      const first = store.count;
      store.append(batch);
      for (let i = 0; i < batch.count; i++) {
        this.#nextRow.push(-1);
        this.#matched.push(false);
        this.#innerKeys(x, batch.columns, i, this.#keys);
        if (this.#hasNullKey()) continue;
        const group = this.#groupOf();
        if (group === this.#heads.length) {
          this.#heads.push(first + i);
          this.#tails.push(first + i);
        } else {
          this.#nextRow[this.#tails[group]] = first + i;
          this.#tails[group] = first + i;
        }
      }
      if (x.shouldYield(batch.count)) return false;
    }
  }

  #hasNullKey(): boolean {
    for (let k = 0; k < this.#plan.keyTypes.length; k++) if (this.#keys[k] === null) return true;
    return false;
  }

  /** Group of the current keys, made when new. */
  #groupOf(): number {
    const { interners, pairs } = this.#table;
    let group = interners[0].idOf(this.#keys[0]);
    for (let k = 0; k < pairs.length; k++) group = pairs[k].idOf(group, interners[k + 1].idOf(this.#keys[k + 1]));
    return group;
  }

  /** Joins the current outer row as far as the output has room; answers the rows in the output. */
  #probe(x: ExecContext, n: number): number {
    const batch = this.#batch as Batch;
    const { condition, emit } = this.#compiled;
    const { joinType } = this.#plan;
    const inner = this.#store.columns;
    const out = this.#out.columns;
    if (!this.#hasCandidate) {
      this.#outerKeys(x, batch.columns, this.#row, this.#keys);
      const group = this.#hasNullKey() ? -1 : this.#table.findValues(this.#keys);
      this.#candidate = group < 0 ? -1 : this.#heads[group];
      this.#rowMatched = false;
      this.#hasCandidate = true;
    }
    while (this.#candidate >= 0) {
      if (n === BATCH_SIZE) return n;
      const j = this.#candidate;
      if (condition === null || condition(x, batch.columns, this.#row, inner, j)) {
        this.#rowMatched = true;
        this.#matched[j] = true;
        if (joinType === 'semi' || joinType === 'anti') break;
        if (emit(x, batch.columns, this.#row, inner, j, out, n)) n++;
      }
      this.#candidate = this.#nextRow[j];
    }
    if (n === BATCH_SIZE) {
      // The last step below may add a row: come back for it, with no candidate left.
      this.#candidate = -1;
      return n;
    }
    const emitsAlone = this.#rowMatched
      ? joinType === 'semi'
      : joinType === 'left' || joinType === 'full' || joinType === 'anti';
    if (emitsAlone && emit(x, batch.columns, this.#row, inner, -1, out, n)) n++;
    this.#row++;
    this.#hasCandidate = false;
    return n;
  }

  /** Right and full joins: inner rows without a partner, at the end. */
  #emitUnmatched(x: ExecContext, n: number): Batch {
    const out = this.#out;
    while (this.#unmatched < this.#store.count && n < BATCH_SIZE) {
      const j = this.#unmatched++;
      if (!this.#matched[j] && this.#compiled.emit(x, NO_COLUMNS, -1, this.#store.columns, j, out.columns, n)) n++;
    }
    out.count = n;
    return n > 0 ? out : END;
  }

  close(x: ExecContext): void {
    this.#outer.close(x);
    this.#inner.close(x);
    this.#store.clear();
    this.#table.clear();
    this.#batch = null;
  }
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
  readonly #store: RowStore | null;
  readonly #matched: boolean[] = [];
  readonly #out: Batch;
  #isStored = false;
  #batch: Batch | null = null;
  #row = 0;
  #innerBatch: Batch | null = null;
  #innerRow = 0;
  #isInnerOpen = false;
  #rowMatched = false;
  #unmatched = -1;
  #mustStop = false;
  readonly #held = new Holding('the inner rows of a join');

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
    this.#store = plan.params.length === 0 ? new RowStore(plan.inner.output.length) : null;
    this.#out = new Batch(plan.targets.length);
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  open(x: ExecContext): void {
    this.#batch = null;
    this.#innerBatch = null;
    this.#isInnerOpen = false;
    this.#isStored = false;
    this.#store?.clear();
    this.#held.clear(x.memory);
    this.#matched.length = 0;
    this.#unmatched = -1;
    this.#outer.open(x);
  }

  poll(x: ExecContext): Batch {
    if (this.#store !== null && !this.#isStored && !this.#keepInner(x)) return PENDING;
    const out = this.#out;
    let n = 0;
    while (n < this.#batchSize) {
      if (this.#unmatched >= 0) return this.#emitUnmatched(x, n);
      if (this.#batch === null || this.#row >= this.#batch.count) {
        if (n > 0) break;
        const batch = this.#outer.poll(x);
        if (batch === PENDING) return PENDING;
        if (batch === END) {
          if (this.#joinType !== 'right' && this.#joinType !== 'full') return END;
          this.#unmatched = 0;
          continue;
        }
        this.#batch = batch;
        this.#row = 0;
        this.#isInnerOpen = false;
      }
      n = this.#store === null ? this.#loopParameterised(x, n) : this.#loopStored(x, n);
      if (this.#mustStop) {
        this.#mustStop = false;
        if (n === 0) return PENDING;
        break;
      }
    }
    out.count = n;
    return out;
  }

  #keepInner(x: ExecContext): boolean {
    const store = this.#store as RowStore;
    if (!this.#isInnerOpen) {
      this.#inner.open(x);
      this.#isInnerOpen = true;
    }
    for (;;) {
      const batch = this.#inner.poll(x);
      if (batch === PENDING) return false;
      if (batch === END) break;
      this.#held.add(x.memory, batchBytes(batch));
      store.append(batch);
      if (x.shouldYield(batch.count)) return false;
    }
    for (let i = 0; i < store.count; i++) this.#matched.push(false);
    this.#isStored = true;
    this.#isInnerOpen = false;
    return true;
  }

  /** Joins the current outer row; answers the rows in the output. Sets
   * #mustStop when the slice is over, or the inner side waits. */
  #loopStored(x: ExecContext, n: number): number {
    const batch = this.#batch as Batch;
    const store = this.#store as RowStore;
    const { condition, emit } = this.#compiled;
    if (!this.#isInnerOpen) {
      this.#isInnerOpen = true;
      this.#innerRow = 0;
      this.#rowMatched = false;
    }
    while (this.#innerRow < store.count) {
      if (n === this.#batchSize) return n;
      const j = this.#innerRow++;
      if (condition !== null && !condition(x, batch.columns, this.#row, store.columns, j)) continue;
      this.#rowMatched = true;
      this.#matched[j] = true;
      if (this.#joinType === 'semi' || this.#joinType === 'anti') {
        this.#innerRow = store.count;
        break;
      }
      if (emit(x, batch.columns, this.#row, store.columns, j, this.#out.columns, n)) n++;
    }
    if (n === this.#batchSize) return n;
    n = this.#endRow(x, n, store.columns);
    this.#mustStop = x.shouldYield(store.count + 1);
    return n;
  }

  /** As #loopStored. */
  #loopParameterised(x: ExecContext, n: number): number {
    const batch = this.#batch as Batch;
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
        const j = this.#innerRow++;
        if (condition !== null && !condition(x, batch.columns, this.#row, columns, j)) continue;
        this.#rowMatched = true;
        if (this.#joinType === 'semi' || this.#joinType === 'anti') return this.#closeRow(x, n);
        if (emit(x, batch.columns, this.#row, columns, j, this.#out.columns, n)) n++;
      }
    }
    if (n === this.#batchSize) {
      this.#innerBatch = null;
      return n;
    }
    return this.#closeRow(x, n);
  }

  #setParams(x: ExecContext): void {
    for (let p = 0; p < this.#params.length; p++) x.execParams[this.#params[p].index] = this.#values[p];
  }

  #closeRow(x: ExecContext, n: number): number {
    this.#inner.close(x);
    return this.#endRow(x, n, NO_COLUMNS);
  }

  #endRow(x: ExecContext, n: number, inner: Value[][]): number {
    const joinType = this.#joinType;
    const emitsAlone = this.#rowMatched
      ? joinType === 'semi'
      : joinType === 'left' || joinType === 'full' || joinType === 'anti';
    if (
      emitsAlone &&
      this.#compiled.emit(x, (this.#batch as Batch).columns, this.#row, inner, -1, this.#out.columns, n)
    )
      n++;
    this.#row++;
    this.#isInnerOpen = false;
    return n;
  }

  #emitUnmatched(x: ExecContext, n: number): Batch {
    const store = this.#store as RowStore;
    const out = this.#out;
    while (this.#unmatched < store.count && n < this.#batchSize) {
      const j = this.#unmatched++;
      if (!this.#matched[j] && this.#compiled.emit(x, NO_COLUMNS, -1, store.columns, j, out.columns, n)) n++;
    }
    out.count = n;
    return n > 0 ? out : END;
  }

  close(x: ExecContext): void {
    this.#outer.close(x);
    this.#inner.close(x);
    this.#store?.clear();
    this.#held.clear(x.memory);
    this.#batch = null;
    this.#innerBatch = null;
  }
}
