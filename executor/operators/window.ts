/**
 * Window functions. The input comes sorted by partition and order; one partition at a time is gathered and computed.
 *
 * Frames are [start, end) positions within the partition. Aggregates over a frame that only grows at its end are carried from row to
 * row, and so are those with an inverse step over frames that move; others are computed for each frame anew.
 */
import type { AggregateImplementation, Value, WindowAccess } from '../../catalog/function-entry.ts';
import type { FrameBound, SortKey, WindowCall, WindowFrame } from '../../planner/expr.ts';
import type { WindowPlan } from '../../planner/plan.ts';
import { sqlError } from '../../types/errors.ts';
import { comparator } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type ScalarFunctionOfContext, scalarFunction } from '../compile/batch-program.ts';
import type { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import { batchBytes, Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { valueBytes } from '../spill/memory.ts';
import { FrameAggregate } from './frame-aggregate.ts';
import { MadeSteps } from './made-aggregates.ts';
import { MadeFrameAggregate } from './made-frames.ts';
import { type Operator, RowStore } from './operator.ts';
import { checkRangeOffset, type RangeBound, rangeBound } from './range-bound.ts';
import { LATER, WindowColumns } from './window-columns.ts';

/** Everything a call needs of the current partition. */
class Partition implements WindowAccess {
  partitionSize = 0;
  currentRow = 0;
  frameStart = 0;
  frameEnd = 0;
  peerStart = 0;
  peerEnd = 0;
  peerGroup = 0;
  state: Value = undefined;
  /** First row of the partition in the stores. */
  first = 0;
  /** Columns of the current call: arguments, and the condition of FILTER. */
  args: readonly (readonly Value[])[] = [];
  exclude: WindowFrame['exclude'] = 'no others';
  /** Per row: number of its peer group, and where groups start. */
  readonly peerGroups: number[] = [];
  readonly groupStarts: number[] = [];

  /** Computes a value that was left for LATER. */
  later: (index: number, row: number) => Value = () => null;

  argument(index: number, row: number): Value {
    const value = this.args[index][this.first + row];
    return value === LATER ? this.later(index, this.first + row) : value;
  }

  isExcluded(row: number): boolean {
    switch (this.exclude) {
      case 'current row':
        return row === this.currentRow;
      case 'group':
        return row >= this.peerStart && row < this.peerEnd;
      case 'ties':
        return row >= this.peerStart && row < this.peerEnd && row !== this.currentRow;
      default:
        return false;
    }
  }
}

/** Results are counted in parts of this size. */
const RESULT_BYTES = 64 * 1024;

export class WindowOperator implements Operator {
  readonly #plan: WindowPlan;
  readonly #input: Operator;
  readonly #columns: WindowColumns;
  readonly #partitionCompares: ((a: Value, b: Value) => number)[];
  readonly #orderCompares: ((a: Value, b: Value) => number)[];
  readonly #offsets: { start: ScalarFunctionOfContext | null; end: ScalarFunctionOfContext | null };
  readonly #functions: ((window: WindowAccess) => Value)[] = [];
  readonly #aggregates: (AggregateImplementation | MadeSteps | null)[] = [];
  readonly #rows: RowStore;
  readonly #values: RowStore;
  readonly #results: Value[][];
  readonly #out: Batch;
  readonly #partition = new Partition();
  #isInputDone = false;
  /** A batch whose keys and arguments could not be computed yet: something in them had to wait. */
  #begun: Batch | null = null;
  #next = 0;
  /** Rows of the store before this are computed. */
  #computed = 0;
  /** Rows looked at for a partition's end. */
  #looked = 0;
  readonly #held = new Holding('rows of a window');
  readonly #slots: SlotAllocator;
  /** A partition that is being computed: something in it had to wait. */
  #work: PartitionWork | null = null;

  constructor(plan: WindowPlan, execution: Execution) {
    this.#plan = plan;
    this.#input = execution.build(plan.input);
    const { program } = execution;
    this.#slots = program.slots;
    this.#columns = new WindowColumns(plan, program);
    for (const [index, call] of plan.calls.entries()) {
      const types = call.args.map((a) => a.typeOid);
      this.#functions.push(call.function.kind === 'window' ? call.function.create(types, call.typeOid) : () => null);
      this.#aggregates.push(this.#aggregateOf(call, types, !this.#columns.volatileCalls[index]));
    }
    this.#partitionCompares = plan.partitionBy.map((e) => comparator(e.typeOid));
    this.#orderCompares = plan.orderBy.map((k) => comparator(k.expr.typeOid));
    const offset = (bound: FrameBound): ScalarFunctionOfContext | null =>
      'offset' in bound ? program.memo(bound, 'offset', () => scalarFunction(program.slots, bound.offset)) : null;
    this.#offsets = { start: offset(plan.frame.start), end: offset(plan.frame.end) };
    this.#rows = new RowStore(plan.input.output.length);
    this.#values = new RowStore(this.#columns.width);
    this.#results = plan.calls.map(() => []);
    this.#out = new Batch(plan.output.length);
  }

  #aggregateOf(
    call: WindowCall,
    types: readonly number[],
    mayTakeOut: boolean,
  ): AggregateImplementation | MadeSteps | null {
    if (call.function.kind !== 'aggregate') return null;
    if (call.made === undefined) return call.function.create(types, call.typeOid);
    const { moving } = call.made;
    const { start, exclude } = this.#plan.frame;
    const isMoving = mayTakeOut && start.kind !== 'unboundedPreceding' && exclude === 'no others';
    if (moving !== undefined && isMoving) return new MadeSteps(moving, this.#slots, moving.inverse);
    return new MadeSteps(call.made, this.#slots);
  }

  open(x: ExecContext): void {
    this.#work = null;
    this.#rows.clear();
    this.#values.clear();
    this.#columns.open();
    for (const column of this.#results) column.length = 0;
    this.#isInputDone = false;
    this.#begun = null;
    this.#next = 0;
    this.#computed = 0;
    this.#looked = 0;
    this.#held.clear(x.memory);
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    for (;;) {
      if (this.#work !== null) this.#computeWhole(x);
      if (this.#next < this.#computed) return this.#give();
      if (this.#isInputDone && this.#computed === this.#rows.count) return END;
      if (!this.#isInputDone) {
        const batch = this.#begun ?? this.#input.poll(x);
        if (batch === PENDING) return PENDING;
        if (batch === END) this.#isInputDone = true;
        else {
          this.#drop(x);
          this.#begun = batch;
          const values = this.#columns.of(x, batch);
          this.#begun = null;
          this.#rows.append(batch);
          this.#values.append(values);
          // Rows, keys and arguments, and a place for each result.
          const results = batch.count * this.#results.length * 8;
          this.#held.add(x.memory, batchBytes(batch) + batchBytes(values) + results);
        }
      }
      this.#computeWhole(x);
      if (x.shouldYield(BATCH_SIZE)) return PENDING;
    }
  }

  /** Gives computed rows away. */
  #give(): Batch {
    const out = this.#out;
    const width = this.#rows.columns.length;
    const count = Math.min(BATCH_SIZE, this.#computed - this.#next);
    for (let c = 0; c < width; c++) {
      const source = this.#rows.columns[c];
      for (let i = 0; i < count; i++) out.columns[c][i] = source[this.#next + i];
    }
    this.#results.forEach((source, k) => {
      for (let i = 0; i < count; i++) out.columns[width + k][i] = source[this.#next + i];
    });
    out.count = count;
    this.#next += count;
    return out;
  }

  /** Forgets rows that were given away, once they are many. */
  #drop(x: ExecContext): void {
    const given = this.#next;
    if (given < 8 * BATCH_SIZE || given < this.#rows.count / 2) return;
    // Their share of what is held, as if rows were alike.
    const share = Math.floor((this.#held.bytes * given) / this.#rows.count);
    x.memory.shrink(share);
    this.#held.bytes -= share;
    for (const store of [this.#rows, this.#values]) {
      for (const column of store.columns) column.splice(0, given);
      store.count -= given;
    }
    for (const column of this.#results) column.splice(0, given);
    this.#computed -= given;
    this.#looked -= given;
    this.#next = 0;
  }

  /** Computes all partitions whose end is known. */
  #computeWhole(x: ExecContext): void {
    const count = this.#rows.count;
    if (this.#work !== null) {
      const { first, partitionSize } = this.#partition;
      this.#goOn(x, this.#work);
      this.#work = null;
      this.#computed = first + partitionSize;
    }
    this.#looked = Math.max(this.#looked, this.#computed + 1);
    while (this.#looked < count) {
      if (!this.#isSamePartition(this.#looked - 1, this.#looked)) {
        this.#compute(x, this.#computed, this.#looked);
        this.#computed = this.#looked;
      }
      this.#looked++;
    }
    if (this.#isInputDone && this.#computed < count) {
      this.#compute(x, this.#computed, count);
      this.#computed = count;
    }
  }

  #isSamePartition(a: number, b: number): boolean {
    for (let k = 0; k < this.#partitionCompares.length; k++) {
      if (!isSame(this.#values.columns[k][a], this.#values.columns[k][b], this.#partitionCompares[k])) return false;
    }
    return true;
  }

  #isPeer(a: number, b: number): boolean {
    const offset = this.#partitionCompares.length;
    for (let k = 0; k < this.#orderCompares.length; k++) {
      const column = this.#values.columns[offset + k];
      if (!isSame(column[a], column[b], this.#orderCompares[k])) return false;
    }
    return true;
  }

  #compute(x: ExecContext, first: number, end: number): void {
    const p = this.#partition;
    p.first = first;
    p.partitionSize = end - first;
    p.exclude = this.#plan.frame.exclude;
    p.peerGroups.length = 0;
    p.groupStarts.length = 0;
    for (let row = 0; row < p.partitionSize; row++) {
      if (row === 0 || !this.#isPeer(first + row - 1, first + row)) p.groupStarts.push(row);
      p.peerGroups.push(p.groupStarts.length - 1);
    }
    this.#work = {
      frames: new Frames(x, this.#plan, p, this.#values, this.#offsets.start, this.#offsets.end),
      runs: this.#plan.calls.map((_, call) => this.#begin(x, call)),
      byRow:
        this.#columns.isLate ||
        this.#aggregates.some((aggregate) => aggregate instanceof MadeSteps && aggregate.mayWait),
      call: 0,
      row: 0,
    };
    this.#goOn(x, this.#work);
    this.#work = null;
  }

  #begin(x: ExecContext, index: number): CallRun {
    const p = this.#partition;
    const call = this.#plan.calls[index];
    const start = this.#columns.starts[index];
    const aggregate = this.#aggregates[index];
    const width = call.args.length + (call.filter === null ? 0 : 1);
    const columns = this.#values.columns.slice(start, start + width);
    const later = (column: number, at: number): Value =>
      this.#columns.value(x, this.#rows, this.#values, start + column, at);
    let runner: CallRun['runner'] = null;
    if (aggregate instanceof MadeSteps) runner = new MadeFrameAggregate(x, aggregate, p, call);
    else if (aggregate !== null)
      runner = new FrameAggregate(x, call, aggregate, p, !this.#columns.volatileCalls[index]);
    return { columns, later, runner, state: undefined, bytes: 0, last: null };
  }

  /**
   * Computes a partition's calls from where they stand: one after the other; or all of them for each row, as PostgreSQL does, where it
   * can be seen: something in them has effects or fails.
   */
  #goOn(x: ExecContext, work: PartitionWork): void {
    const { partitionSize } = this.#partition;
    const { runs } = work;
    if (work.byRow) {
      for (; work.row < partitionSize; work.row++) {
        for (; work.call < runs.length; work.call++) this.#computeRows(x, work, work.row + 1);
        work.call = 0;
      }
      return;
    }
    for (; work.call < runs.length; work.call++) {
      this.#computeRows(x, work, partitionSize);
      work.row = 0;
      x.checkInterrupt();
    }
  }

  #computeRows(x: ExecContext, work: PartitionWork, end: number): void {
    const p = this.#partition;
    const { frames } = work;
    const run = work.runs[work.call];
    const { runner } = run;
    const results = this.#results[work.call];
    const compute = this.#functions[work.call];
    const mayWait = work.byRow || runner instanceof MadeFrameAggregate;
    p.args = run.columns;
    p.later = run.later;
    p.state = run.state;
    for (let row = work.row; row < end; row++) {
      work.row = row;
      frames.moveTo(row);
      const value = runner === null ? compute(p) : runner.value();
      if (mayWait) this.#rowDone(x);
      results[p.first + row] = value;
      // An aggregate may make a value of each frame, and a long one: array_agg.
      if (runner === null || typeof value === 'number' || value === run.last) continue;
      run.last = value;
      run.bytes += valueBytes(value);
      if (run.bytes < RESULT_BYTES) continue;
      this.#held.add(x.memory, run.bytes);
      run.bytes = 0;
    }
    run.state = p.state;
  }

  #rowDone(x: ExecContext): void {
    this.#columns.forgetKept();
    x.evaluated();
  }

  close(x: ExecContext): void {
    this.#input.close(x);
    this.#rows.clear();
    this.#values.clear();
    for (const column of this.#results) column.length = 0;
    this.#held.clear(x.memory);
  }
}

/** How far a partition has been computed. */
interface PartitionWork {
  readonly frames: Frames;
  readonly runs: readonly CallRun[];
  readonly byRow: boolean;
  /** Of the plan's calls. */
  call: number;
  row: number;
}

/** A call over one partition. */
interface CallRun {
  /** Arguments, and the condition of FILTER. */
  readonly columns: readonly (readonly Value[])[];
  readonly later: (column: number, at: number) => Value;
  /** Null: the call is of a window function. */
  readonly runner: FrameAggregate | MadeFrameAggregate | null;
  /** Of a window function. */
  state: Value;
  /** Of values that are not counted yet. */
  bytes: number;
  last: Value;
}

function isSame(a: Value, b: Value, compare: (a: Value, b: Value) => number): boolean {
  if (a === b) return true;
  return a !== null && b !== null && compare(a, b) === 0;
}

/** Sets the frame and the peers of the current row. */
class Frames {
  readonly #frame: WindowFrame;
  readonly #partition: Partition;
  readonly #orderBy: readonly SortKey[];
  readonly #orderColumn: readonly Value[] | null;
  readonly #x: ExecContext;
  #range: RangeBound | null = null;
  /** Bounds of the last row, from which those of the next are looked for: they are near. */
  #lastStart = 0;
  #lastEnd = 0;
  /** The bound that is looked for: a value, and which end of the frame it is. */
  #wanted: Value = null;
  #isStart = false;
  /** Whether a row of the partition is before it. Nulls are at one end. */
  readonly #isBefore = (row: number): boolean => {
    const value = (this.#orderColumn as readonly Value[])[this.#partition.first + row];
    const { descending, nullsFirst } = this.#orderBy[0];
    let order: number;
    if (value === null) order = nullsFirst ? -1 : 1;
    else {
      order = (this.#range as RangeBound).compare(value, this.#wanted);
      if (descending) order = -order;
    }
    return this.#isStart ? order < 0 : order <= 0;
  };
  readonly #startOffset: Value;
  readonly #endOffset: Value;

  constructor(
    x: ExecContext,
    plan: WindowPlan,
    partition: Partition,
    values: RowStore,
    startOffset: ScalarFunctionOfContext | null,
    endOffset: ScalarFunctionOfContext | null,
  ) {
    this.#x = x;
    this.#frame = plan.frame;
    this.#partition = partition;
    this.#orderBy = plan.orderBy;
    this.#orderColumn = plan.orderBy.length > 0 ? values.columns[plan.partitionBy.length] : null;
    this.#startOffset = startOffset === null ? 0 : this.#checked(startOffset(x), 'starting');
    this.#endOffset = endOffset === null ? 0 : this.#checked(endOffset(x), 'ending');
  }

  #checked(offset: Value, which: 'starting' | 'ending'): Value {
    if (offset === null) throw sqlError('22004', `frame ${which} offset must not be null`);
    if (this.#frame.mode === 'range') checkRangeOffset(this.#orderBy[0].expr.typeOid, offset);
    else if (offset < 0) throw sqlError('22013', `frame ${which} offset must not be negative`);
    return offset;
  }

  moveTo(row: number): void {
    const p = this.#partition;
    p.currentRow = row;
    const group = p.peerGroups[row];
    p.peerGroup = group;
    p.peerStart = p.groupStarts[group];
    p.peerEnd = group + 1 < p.groupStarts.length ? p.groupStarts[group + 1] : p.partitionSize;
    const size = p.partitionSize;
    p.frameStart = Math.min(size, Math.max(0, this.#bound(this.#frame.start, this.#startOffset, true)));
    p.frameEnd = Math.max(p.frameStart, Math.min(size, this.#bound(this.#frame.end, this.#endOffset, false)));
  }

  /** Position of the frame's start, or one past its end. */
  #bound(bound: FrameBound, offset: Value, isStart: boolean): number {
    const p = this.#partition;
    const { mode } = this.#frame;
    switch (bound.kind) {
      case 'unboundedPreceding':
        return 0;
      case 'unboundedFollowing':
        return p.partitionSize;
      case 'currentRow':
        if (mode === 'rows') return isStart ? p.currentRow : p.currentRow + 1;
        return isStart ? p.peerStart : p.peerEnd;
      default: {
        const isPreceding = bound.kind === 'preceding';
        if (mode === 'rows') return p.currentRow + (isPreceding ? -Number(offset) : Number(offset)) + (isStart ? 0 : 1);
        if (mode === 'groups')
          return this.#groupBound(p.peerGroup + (isPreceding ? -Number(offset) : Number(offset)), isStart);
        return this.#rangeBound(offset, isPreceding, isStart);
      }
    }
  }

  #groupBound(group: number, isStart: boolean): number {
    const p = this.#partition;
    if (group < 0) return 0;
    if (group >= p.groupStarts.length) return p.partitionSize;
    if (isStart) return p.groupStarts[group];
    return group + 1 < p.groupStarts.length ? p.groupStarts[group + 1] : p.partitionSize;
  }

  /** RANGE with an offset: by the value of the one order key; rows with a null key are peers of each other only. */
  #rangeBound(offset: Value, isPreceding: boolean, isStart: boolean): number {
    const p = this.#partition;
    const column = this.#orderColumn as readonly Value[];
    const key = this.#orderBy[0];
    const current = column[p.first + p.currentRow];
    if (current === null) return isStart ? p.peerStart : p.peerEnd;
    this.#range ??= rangeBound(key.expr.typeOid, this.#frame);
    const { descending } = key;
    this.#wanted = this.#range.move(this.#x, current, offset, isPreceding !== descending, isStart !== descending);
    this.#isStart = isStart;
    const found = searchFrom(isStart ? this.#lastStart : this.#lastEnd, p.partitionSize, this.#isBefore);
    if (isStart) this.#lastStart = found;
    else this.#lastEnd = found;
    return found;
  }
}

/** How many of the first `size` rows are before a bound, by steps from a guess that double, and halving between the last two. */
function searchFrom(guess: number, size: number, isBefore: (row: number) => boolean): number {
  let low = 0;
  let high = size;
  let step = 1;
  if (guess < size && isBefore(guess)) {
    low = guess + 1;
    while (low + step <= size && isBefore(low + step - 1)) {
      low += step;
      step *= 2;
    }
    high = Math.min(size, low + step - 1);
  } else {
    high = Math.min(guess, size);
    while (high - step >= 0 && !isBefore(high - step)) {
      high -= step;
      step *= 2;
    }
    low = Math.max(0, high - step + 1);
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
