/**
 * Grouping and aggregates, by hashing. Over a sequential scan the whole pipeline (scan, filter, grouping, accumulation) is one
 * generated loop over page bytes; otherwise the input comes in batches.
 *
 * Groups come out in the order in which they were first met, so sorted input gives sorted groups. With several grouping sets
 * there is a table of groups for each.
 *
 * When the groups outgrow their memory (work_mem * hash_mem_multiplier), those that are there go on, and rows of others are put
 * aside in partitions (group-spill.ts), each of which is grouped when all before it has been given away. Sorted input needs
 * no partitions: all groups but the last are complete, and go. Several grouping sets stay in memory, and so does what the
 * aggregates of one group collect; the server's account of work memory knows of all.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import type { AggregatePlan, SeqScanPlan } from '../../planner/plan.ts';
import { PAGE_MISS } from '../../storage/api.ts';
import { OID } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type ProjectFunction, projectFunction } from '../compile/batch-program.ts';
import { usedColumns } from '../compile/page-columns.ts';
import { type RowBody, type ScanFunction, type ScanPosition, scanFunction } from '../compile/row-program.ts';
import { substituteColumns } from '../compile/substitute.ts';
import type { ExecContext } from '../context.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { MEMORY_MIN } from '../spill/memory.ts';
import type { SpillingOperator, SpillReport } from '../spill/report.ts';
import type { Accumulator } from './accumulator.ts';
import { makeAccumulator } from './accumulators.ts';
import { type ConsumeFunction, callExprs, consumeFunction, emitAccumulation } from './aggregate-code.ts';
import { GroupSpill } from './group-spill.ts';
import { Groups } from './groups.ts';
import { HeldError } from './held-error.ts';
import type { Operator } from './operator.ts';
import { type SeqScanOperator, scanPosition } from './seq-scan.ts';

/** What a program keeps for an aggregate node: shared by its executions. */
interface CompiledAggregate {
  readonly accumulators: readonly Accumulator[];
  /** Per grouping set. */
  readonly consume: readonly ConsumeFunction[];
  readonly scan: ScanFunction<Groups> | null;
  readonly output: ProjectFunction;
}

/** What is generated when memory is full for the first time. */
interface CompiledSpill {
  /** Over the input. */
  readonly full: ConsumeFunction;
  /** Over rows that were put aside: columns of the input, then keys. */
  readonly again: ConsumeFunction;
  readonly fullAgain: ConsumeFunction;
  /** Columns of these that are needed. */
  readonly which: readonly number[];
}

export class AggregateOperator implements Operator, SpillingOperator {
  readonly #plan: AggregatePlan;
  /** Nothing but count(*) of all rows. */
  readonly #isPlainCount: boolean;
  readonly #compiled: CompiledAggregate;
  readonly #sets: readonly (readonly number[])[];
  readonly #groups: readonly Groups[];
  #input: Operator | null;
  readonly #scanned: SeqScanPlan | null;
  readonly #execution: Execution;
  /** Where the fused scan stands. */
  readonly #position: ScanPosition | null;
  readonly #raw: Batch;
  readonly #out: Batch;
  readonly #error = new HeldError();
  /** The generated loop over pages is at work. */
  #isScanning = false;
  #isConsumed = false;
  #isInputDone = false;
  /** A batch that is not wholly consumed: something in it had to wait. */
  #held: Batch | null = null;
  #set = 0;
  #group = 0;
  /** Whether full memory has an answer: partitions, or groups that go early. */
  readonly #canSpill: boolean;
  readonly #spill: GroupSpill;
  #memory = 0;
  #bytesMax = 0;
  /** Whether what is held grows with the rows at all. */
  readonly #isGrowing: boolean;
  readonly #account = new Holding('groups and what is collected in them');

  constructor(plan: AggregatePlan, execution: Execution) {
    this.#plan = plan;
    this.#execution = execution;
    const { program } = execution;
    const { input, groupKeys, aggregates } = plan;
    this.#sets = plan.groupingSets ?? [groupKeys.map((_k, i) => i)];
    this.#isPlainCount = isPlainCount(plan);
    const canFuse =
      input.kind === 'seqScan' &&
      !program.callsRoutines &&
      plan.groupingSets === null &&
      execution.instrument === null &&
      !(this.#isPlainCount && input.filter === null);
    this.#scanned = canFuse ? (input as SeqScanPlan) : null;
    this.#position = this.#scanned === null ? null : scanPosition(program.tableOf(this.#scanned.table));
    this.#compiled = program.memo(plan, 'aggregate', () => this.#compile(canFuse));
    this.#groups = this.#sets.map(
      (set) =>
        new Groups(
          set.map((k) => groupKeys[k].typeOid),
          this.#compiled.accumulators,
        ),
    );
    this.#input = this.#scanned === null ? execution.build(input) : null;
    if (this.#isPlainCount) this.#input?.countOnly?.();
    this.#raw = new Batch(groupKeys.length + aggregates.length + 1);
    this.#out = new Batch(plan.targets.length);
    this.#canSpill = plan.groupingSets === null && groupKeys.length > 0;
    this.#spill = new GroupSpill(
      groupKeys.map((k) => k.typeOid),
      input.output.length + groupKeys.length,
    );
    this.#isGrowing = groupKeys.length > 0 || this.#compiled.accumulators.some((a) => a.isGrowing);
  }

  #compile(canFuse: boolean): CompiledAggregate {
    const { program } = this.#execution;
    const { slots } = program;
    const { input, groupKeys, aggregates, having, targets } = this.#plan;
    const keyTypes = groupKeys.map((key) => key.typeOid);
    const accumulators = aggregates.map((call) => makeAccumulator(call, slots, keyTypes));
    const rawTypes = [...groupKeys, ...aggregates, { typeOid: OID.INT4 }];
    const output = projectFunction(slots, rawTypes, having, targets);
    if (!canFuse) {
      const consume = this.#sets.map((set) =>
        consumeFunction(
          slots,
          input.output,
          set.map((k) => groupKeys[k]),
          aggregates,
          accumulators,
        ),
      );
      return { accumulators, consume, scan: null, output };
    }
    const scan = input as SeqScanPlan;
    const keys = substituteColumns(groupKeys, scan.targets);
    const calls = substituteColumns(aggregates, scan.targets);
    const scanAccumulators = calls.map((call) => makeAccumulator(call, slots, keyTypes));
    const body: RowBody = {
      exprs: [...keys, ...callExprs(calls)],
      emit: (emitter, compiler) => emitAccumulation(emitter, compiler, 'out', keys, scanAccumulators),
    };
    const table = program.tableOf(scan.table);
    return {
      accumulators: scanAccumulators,
      consume: [],
      scan: scanFunction<Groups>({ table, slots, filter: scan.filter, body }, false),
      output,
    };
  }

  #compileSpill(): CompiledSpill {
    const { slots } = this.#execution.program;
    const { input, groupKeys, aggregates } = this.#plan;
    // Those of the fused loop are over the table's columns; states are the same.
    const keyTypes = groupKeys.map((key) => key.typeOid);
    const accumulators = aggregates.map((call) => makeAccumulator(call, slots, keyTypes));
    const width = input.output.length;
    const types = [...input.output, ...groupKeys];
    const keys = groupKeys.map(
      ({ typeOid, typeModifier }, k): Expr => ({ kind: 'column', input: 0, index: width + k, typeOid, typeModifier }),
    );
    return {
      full: consumeFunction(slots, input.output, groupKeys, aggregates, accumulators, true),
      again: consumeFunction(slots, types, keys, aggregates, accumulators),
      fullAgain: consumeFunction(slots, types, keys, aggregates, accumulators, true),
      which: [...usedColumns(callExprs(aggregates), 0), ...keys.map((_k, k) => width + k)],
    };
  }

  open(x: ExecContext): void {
    for (const groups of this.#groups) groups.clear();
    this.#spill.reset();
    this.#error.forget();
    this.#isConsumed = false;
    this.#isInputDone = false;
    this.#held = null;
    this.#set = 0;
    this.#group = 0;
    this.#memory = 0;
    this.#bytesMax = 0;
    this.#account.clear(x.memory);
    this.#isScanning = this.#scanned !== null;
    if (this.#scanned !== null) this.#execution.program.tableOf(this.#scanned.table).heap.counters.sequentialScans++;
    const position = this.#position;
    if (position !== null) {
      position.page = 0;
      position.slot = 0;
      position.endPage = position.reads.open();
    } else this.#input?.open(x);
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    for (;;) {
      if (!this.#isConsumed) {
        if (!this.#consume(x)) return PENDING;
        this.#isConsumed = true;
        // Without keys there is one group, even over nothing: also for the empty grouping set.
        this.#groups.forEach((groups, s) => {
          if (this.#sets[s].length === 0 && groups.count === 0) groups.grow(x);
        });
      }
      const batch = this.#emit(x);
      if (batch !== END || !this.#goOn(x)) return batch;
    }
  }

  /** All groups that can be given away are: is there more to group? */
  #goOn(x: ExecContext): boolean {
    const [groups] = this.#groups;
    if (!this.#isInputDone) groups.keepLast();
    else if (this.#spill.nextPart()) {
      groups.clear();
      this.#isInputDone = false;
    } else return false;
    this.#account.set(x.memory, groups.byteSize);
    this.#isConsumed = false;
    this.#set = 0;
    this.#group = 0;
    return true;
  }

  /** True: groups can be given away, all or (of sorted input, when memory is full) all but the last. */
  #consume(x: ExecContext): boolean {
    if (this.#isScanning) {
      // Before a slice, and not after: a missing page ends one with a throw.
      if (!this.#isFull(x)) {
        const isDone = this.#scan(x);
        if (isDone) this.#isFull(x);
        return isDone;
      }
      this.#leaveScan(x);
    }
    const isSorted = this.#plan.strategy === 'sorted';
    for (;;) {
      const spill = this.#spill;
      if (spill.isSpilling && !x.canWrite(spill.file)) return false;
      const batch = this.#held ?? (spill.isReading ? spill.pull(x) : (this.#input as Operator).poll(x));
      if (batch === PENDING) return false;
      if (batch === END) {
        this.#isInputDone = true;
        spill.endInput();
        return true;
      }
      this.#held = batch;
      this.#consumeBatch(x, batch);
      this.#held = null;
      for (const groups of this.#groups) groups.at = 0;
      if (this.#isFull(x) && !spill.isSpilling) {
        if (isSorted) return true;
        this.#startSpilling(x);
      }
      if (x.shouldYield(batch.count)) return false;
    }
  }

  #consumeBatch(x: ExecContext, batch: Batch): void {
    if (this.#isPlainCount) {
      const [groups] = this.#groups;
      if (groups.count === 0) groups.grow(x);
      for (const [counts] of groups.arrays) counts[0] += batch.count;
      return;
    }
    const spill = this.#spill;
    const { consume } = this.#compiled;
    if (!spill.isSpilling && !spill.isReading) {
      for (let s = 0; s < consume.length; s++) consume[s](x, batch.columns, batch.count, this.#groups[s], null);
      return;
    }
    const compiled = this.#compiledSpill();
    const step = spill.isReading ? (spill.isSpilling ? compiled.fullAgain : compiled.again) : compiled.full;
    step(x, batch.columns, batch.count, this.#groups[0], spill);
  }

  #compiledSpill(): CompiledSpill {
    return this.#execution.program.memo(this.#plan, 'spill', () => this.#compileSpill());
  }

  /** A slice of the fused loop; true: it has come to the table's end. */
  #scan(x: ExecContext): boolean {
    const position = this.#position as ScanPosition;
    const scan = this.#compiled.scan as ScanFunction<Groups>;
    try {
      const isDone = !scan(x, position, this.#groups[0], 0, x.snapshot) && position.page >= position.endPage;
      if (isDone) this.#isInputDone = true;
      return isDone;
    } catch (error) {
      if (error === PAGE_MISS) position.reads.missed(position.page);
      throw error;
    }
  }

  /** The rest of the table comes in batches: rows that have no group yet are put aside. */
  #leaveScan(x: ExecContext): void {
    const rest = this.#execution.build(this.#scanned as SeqScanPlan) as SeqScanOperator;
    rest.open();
    rest.startAt(this.#position as ScanPosition);
    this.#input = rest;
    this.#isScanning = false;
    this.#startSpilling(x);
  }

  /** After a batch or a slice: tells the account, and whether it is time to put rows aside. */
  #isFull(x: ExecContext): boolean {
    if (!this.#isGrowing) return false;
    let bytes = 0;
    for (const groups of this.#groups) bytes += groups.byteSize;
    if (bytes > this.#bytesMax) this.#bytesMax = bytes;
    if (bytes <= MEMORY_MIN) return false;
    if (this.#memory === 0) this.#memory = x.services.hashMemoryBytes;
    const isBeyond = bytes > this.#memory || this.#account.isTight(x.memory, bytes);
    this.#account.set(x.memory, bytes);
    if (!isBeyond || !this.#canSpill || !this.#spill.canDivide || this.#groups[0].count <= 1) return false;
    // If it is the server's memory that is full: what there was is what there is from now on.
    this.#memory = Math.min(this.#memory, bytes);
    return true;
  }

  #startSpilling(x: ExecContext): void {
    const [groups] = this.#groups;
    const expected = (this.#plan.rows * groups.byteSize) / Math.max(groups.count, 1);
    this.#spill.start(x, this.#memory, expected, this.#compiledSpill().which);
  }

  #emit(x: ExecContext): Batch {
    const { accumulators, output } = this.#compiled;
    const keyCount = this.#plan.groupKeys.length;
    const raw = this.#raw;
    const keyValues: Value[] = [];
    const keys: Value[] = [];
    while (this.#set < this.#groups.length) {
      const groups = this.#groups[this.#set];
      const set = this.#sets[this.#set];
      const mask = this.#plan.groupingSets === null ? 0 : maskOf(set, keyCount);
      // The last group of sorted input may go on.
      const end = this.#isInputDone ? groups.count : groups.count - 1;
      let n = 0;
      let group = this.#group;
      while (group < end && n < BATCH_SIZE) {
        groups.table.keyValues(group, keyValues);
        for (let k = 0; k < keyCount; k++) keys[k] = null;
        set.forEach((k, i) => {
          keys[k] = keyValues[i];
        });
        for (let k = 0; k < keyCount; k++) raw.columns[k][n] = keys[k];
        for (let a = 0; a < accumulators.length; a++) {
          raw.columns[keyCount + a][n] = accumulators[a].final(x, groups.arrays[a], group, keys);
        }
        raw.columns[keyCount + accumulators.length][n] = mask;
        group++;
        n++;
      }
      if (n === 0) {
        this.#set++;
        this.#group = 0;
        continue;
      }
      this.#error.project(x, output, raw.columns, n, this.#out);
      if (accumulators.some((accumulator) => accumulator.mayWait === true)) x.evaluated();
      // Not before: what is computed of them may have to wait.
      this.#group = group;
      if (this.#out.count > 0) return this.#out;
    }
    return END;
  }

  spillReport(): SpillReport | null {
    if (!this.#canSpill || this.#plan.strategy !== 'hash') return null;
    const { partCount, writtenBytes } = this.#spill;
    const [groups] = this.#groups;
    const memoryBytes = Math.max(this.#bytesMax, groups.byteSize);
    return { kind: 'groups', batches: 1 + partCount, memoryBytes, diskBytes: writtenBytes };
  }

  close(x: ExecContext): void {
    this.#input?.close(x);
    if (this.#scanned !== null) this.#input = null;
    for (const groups of this.#groups) groups.clear();
    this.#account.clear(x.memory);
    this.#spill.close();
  }
}

/** SELECT count(*), once or more: of its input only the number of rows counts. */
function isPlainCount({ groupKeys, groupingSets, aggregates, input }: AggregatePlan): boolean {
  if (groupKeys.length > 0 || groupingSets !== null || aggregates.length === 0 || input.output.length > 0) return false;
  return aggregates.every(
    (call) =>
      call.function.name === 'count' &&
      call.args.length === 0 &&
      call.filter === null &&
      !call.distinct &&
      call.orderBy.length === 0,
  );
}

/** Bit i set: key i is not in the set. */
function maskOf(set: readonly number[], keyCount: number): number {
  let mask = 0;
  for (let k = 0; k < keyCount; k++) if (!set.includes(k)) mask |= 1 << k;
  return mask;
}
