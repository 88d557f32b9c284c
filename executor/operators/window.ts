/**
 * Window functions. The input comes sorted by partition and order; one partition at a time is gathered and computed.
 *
 * Frames are [start, end) positions within the partition. Aggregates over a frame that only grows at its end are carried from row to
 * row, and so are those with an inverse step over frames that move; others are computed for each frame anew.
 */
import type { AggregateImplementation, Value, WindowAccess } from '../../catalog/function-entry.ts';
import type { Expr, FrameBound, SortKey, WindowCall, WindowFrame } from '../../planner/expr.ts';
import type { WindowPlan } from '../../planner/plan.ts';
import { sqlError } from '../../types/errors.ts';
import { comparator } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import {
  type ProjectFunction,
  projectFunction,
  type ScalarFunctionOfContext,
  scalarFunction,
} from '../compile/batch-program.ts';
import type { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import { batchBytes, Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { valueBytes } from '../spill/memory.ts';
import { MadeSteps } from './made-aggregates.ts';
import { MadeFrameAggregate } from './made-frames.ts';
import { type Operator, RowStore } from './operator.ts';
import { checkRangeOffset, type RangeBound, rangeBound } from './range-bound.ts';

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
  /** Columns of the current call's arguments. */
  args: readonly (readonly Value[])[] = [];
  exclude: WindowFrame['exclude'] = 'no others';
  /** Per row: number of its peer group, and where groups start. */
  readonly peerGroups: number[] = [];
  readonly groupStarts: number[] = [];

  argument(index: number, row: number): Value {
    return this.args[index][this.first + row];
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

/** An argument is not computed for rows that FILTER leaves out. */
function whereFilter({ filter }: WindowCall, arg: Expr): Expr {
  if (filter === null || arg.kind === 'column' || arg.kind === 'const') return arg;
  const { typeOid, typeModifier } = arg;
  // biome-ignore lint/suspicious/noThenProperty: the contract's name; nobody awaits an expression
  const branches = [{ when: filter, then: arg }];
  return { kind: 'case', subject: null, branches, otherwise: null, typeOid, typeModifier };
}

export class WindowOperator implements Operator {
  readonly #plan: WindowPlan;
  readonly #input: Operator;
  /** Computes partition keys, order keys, then each call's arguments and filter, as columns. */
  readonly #extra: ProjectFunction;
  readonly #extraWidth: number;
  readonly #callStarts: number[] = [];
  readonly #partitionCompares: ((a: Value, b: Value) => number)[];
  readonly #orderCompares: ((a: Value, b: Value) => number)[];
  readonly #offsets: { start: ScalarFunctionOfContext | null; end: ScalarFunctionOfContext | null };
  readonly #functions: ((window: WindowAccess) => Value)[] = [];
  readonly #aggregates: (AggregateImplementation | MadeSteps | null)[] = [];
  readonly #rows: RowStore;
  readonly #values: RowStore;
  readonly #extraBatch: Batch;
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
    const exprs = [...plan.partitionBy, ...plan.orderBy.map((k) => k.expr)];
    for (const call of plan.calls) {
      this.#callStarts.push(exprs.length);
      exprs.push(...call.args.map((arg) => whereFilter(call, arg)));
      if (call.filter !== null) exprs.push(call.filter);
      const types = call.args.map((a) => a.typeOid);
      this.#functions.push(call.function.kind === 'window' ? call.function.create(types, call.typeOid) : () => null);
      this.#aggregates.push(this.#aggregateOf(call, types));
    }
    this.#extraWidth = exprs.length;
    this.#extra = program.memo(plan, 'extra', () => projectFunction(program.slots, plan.input.output, null, exprs));
    this.#partitionCompares = plan.partitionBy.map((e) => comparator(e.typeOid));
    this.#orderCompares = plan.orderBy.map((k) => comparator(k.expr.typeOid));
    const offset = (bound: FrameBound): ScalarFunctionOfContext | null =>
      'offset' in bound ? program.memo(bound, 'offset', () => scalarFunction(program.slots, bound.offset)) : null;
    this.#offsets = { start: offset(plan.frame.start), end: offset(plan.frame.end) };
    this.#rows = new RowStore(plan.input.output.length);
    this.#values = new RowStore(this.#extraWidth);
    this.#extraBatch = new Batch(this.#extraWidth);
    this.#results = plan.calls.map(() => []);
    this.#out = new Batch(plan.output.length);
  }

  #aggregateOf(call: WindowCall, types: readonly number[]): AggregateImplementation | MadeSteps | null {
    if (call.function.kind !== 'aggregate') return null;
    if (call.made === undefined) return call.function.create(types, call.typeOid);
    const { moving } = call.made;
    const { start, exclude } = this.#plan.frame;
    const isMoving = start.kind !== 'unboundedPreceding' && exclude === 'no others';
    if (moving !== undefined && isMoving) return new MadeSteps(moving, this.#slots, moving.inverse);
    return new MadeSteps(call.made, this.#slots);
  }

  open(x: ExecContext): void {
    this.#work = null;
    this.#rows.clear();
    this.#values.clear();
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
          this.#extraBatch.count = this.#extra(x, batch.columns, batch.count, this.#extraBatch.columns);
          this.#begun = null;
          this.#rows.append(batch);
          this.#values.append(this.#extraBatch);
          // Rows, keys and arguments, and a place for each result.
          const results = batch.count * this.#results.length * 8;
          this.#held.add(x.memory, batchBytes(batch) + batchBytes(this.#extraBatch) + results);
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
      call: 0,
      row: 0,
      runner: null,
    };
    this.#goOn(x, this.#work);
    this.#work = null;
  }

  /** Computes a partition's calls, one after the other, from where they stand. */
  #goOn(x: ExecContext, work: PartitionWork): void {
    const { calls } = this.#plan;
    for (; work.call < calls.length; work.call++) {
      if (work.runner === null && work.row === 0) this.#beginCall(x, work);
      this.#computeCall(x, work);
      work.runner = null;
      work.row = 0;
      x.checkInterrupt();
    }
  }

  #beginCall(x: ExecContext, work: PartitionWork): void {
    const p = this.#partition;
    const call = this.#plan.calls[work.call];
    const start = this.#callStarts[work.call];
    p.args = this.#values.columns.slice(start, start + call.args.length);
    p.state = undefined;
    const filter = call.filter === null ? null : this.#values.columns[start + call.args.length];
    const aggregate = this.#aggregates[work.call];
    if (aggregate === null) return;
    work.runner =
      aggregate instanceof MadeSteps
        ? new MadeFrameAggregate(x, aggregate, p, filter)
        : new FrameAggregate(x, call, aggregate, p, filter);
  }

  #computeCall(x: ExecContext, work: PartitionWork): void {
    const p = this.#partition;
    const { frames, runner } = work;
    const results = this.#results[work.call];
    const compute = this.#functions[work.call];
    // An aggregate may make a value of each frame, and a long one: array_agg.
    let bytes = 0;
    let last: Value = null;
    for (let row = work.row; row < p.partitionSize; row++) {
      work.row = row;
      frames.moveTo(row);
      const value = runner === null ? compute(p) : runner.value();
      if (runner instanceof MadeFrameAggregate) x.evaluated();
      results[p.first + row] = value;
      if (runner === null || typeof value === 'number' || value === last) continue;
      last = value;
      bytes += valueBytes(value);
      if (bytes < RESULT_BYTES) continue;
      this.#held.add(x.memory, bytes);
      bytes = 0;
    }
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
  /** Of the plan's calls. */
  call: number;
  row: number;
  runner: { value(): Value } | null;
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

/** An aggregate over the current frame. */
class FrameAggregate {
  readonly #x: ExecContext;
  readonly #call: WindowCall;
  readonly #implementation: AggregateImplementation;
  readonly #partition: Partition;
  readonly #filter: readonly Value[] | null;
  #state: Value;
  #start = 0;
  #end = -1;
  /** Values in the state. */
  #added = 0;
  readonly #args: Value[] = [];
  #final: Value = null;
  #isFinal = false;

  constructor(
    x: ExecContext,
    call: WindowCall,
    implementation: AggregateImplementation,
    partition: Partition,
    filter: readonly Value[] | null,
  ) {
    this.#x = x;
    this.#call = call;
    this.#implementation = implementation;
    this.#partition = partition;
    this.#filter = filter;
  }

  value(): Value {
    const p = this.#partition;
    const canCarry =
      p.exclude === 'no others' && this.#end >= 0 && p.frameStart === this.#start && p.frameEnd >= this.#end;
    if (canCarry && p.frameEnd === this.#end && this.#isFinal) return this.#final;
    if (!canCarry && !this.#leave()) {
      this.#state = this.#implementation.initial(this.#x.functions);
      this.#added = 0;
      this.#start = p.frameStart;
      this.#end = p.frameStart;
    }
    for (let row = this.#end; row < p.frameEnd; row++) if (!p.isExcluded(row)) this.#add(row);
    this.#end = p.frameEnd;
    this.#final = this.#implementation.final(this.#state);
    this.#isFinal = true;
    return this.#final;
  }

  /** Takes back the rows that have left the frame at its start, where that is less work than a new beginning. */
  #leave(): boolean {
    const p = this.#partition;
    const { inverse } = this.#implementation;
    if (inverse === undefined || p.exclude !== 'no others' || this.#end < 0) return false;
    if (p.frameStart < this.#start || p.frameEnd < this.#end || p.frameStart >= this.#end) return false;
    if (p.frameStart - this.#start > this.#end - p.frameStart) return false;
    for (let row = this.#start; row < p.frameStart; row++) {
      if (!this.#takeArguments(row)) continue;
      // Without its last value the state is the initial one, which inverse steps do not know.
      if (--this.#added === 0) this.#state = this.#implementation.initial(this.#x.functions);
      else {
        const state = inverse.call(this.#implementation, this.#state, ...this.#args);
        if (state === undefined) return false;
        this.#state = state;
      }
    }
    this.#start = p.frameStart;
    this.#isFinal = false;
    return true;
  }

  #add(row: number): void {
    if (!this.#takeArguments(row)) return;
    this.#added++;
    this.#state = this.#implementation.step(this.#state, ...this.#args);
  }

  /** A row's arguments; false: the aggregate does not take it. */
  #takeArguments(row: number): boolean {
    const p = this.#partition;
    if (this.#filter !== null && this.#filter[p.first + row] !== true) return false;
    const args = this.#args;
    const { function: fn } = this.#call;
    const isStrict = fn.kind === 'aggregate' && fn.strict;
    for (let k = 0; k < this.#call.args.length; k++) {
      args[k] = p.argument(k, row);
      if (isStrict && args[k] === null) return false;
    }
    return true;
  }
}
