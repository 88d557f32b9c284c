/** DISTINCT, first-of-run, INTERSECT and EXCEPT. */
import type { Value } from '../../catalog/function-entry.ts';
import type { DistinctPlan, SetOperationPlan, UniquePlan } from '../../planner/plan.ts';
import type { TemporaryFile } from '../../storage/api.ts';
import { comparator } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type RowValuesFunction, rowValuesFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { MEMORY_MIN } from '../spill/memory.ts';
import {
  columnNumbers,
  type Division,
  divide,
  KeyHasher,
  LEVELS_MAX,
  PartitionWriter,
  PartStack,
  readBatch,
} from '../spill/partitions.ts';
import type { SpillingOperator, SpillReport } from '../spill/report.ts';
import { SpillReader, type SpillStream } from '../spill/stream.ts';
import { GroupSpill } from './group-spill.ts';
import { GroupTable } from './group-table.ts';
import type { Operator } from './operator.ts';

/** Gives each row away when it is first met. When memory is full, rows that are not known are put aside (group-spill.ts). */
export class DistinctOperator implements Operator, SpillingOperator {
  readonly #input: Operator;
  readonly #seen: GroupTable;
  readonly #out: Batch;
  readonly #spill: GroupSpill;
  readonly #which: readonly number[];
  readonly #rowsExpected: number;
  #memory = 0;
  #bytesMax = 0;
  readonly #account = new Holding('distinct rows');

  constructor(plan: DistinctPlan, execution: Execution) {
    this.#input = execution.build(plan.input);
    const types = plan.output.map((o) => o.typeOid);
    this.#seen = new GroupTable(types);
    this.#out = new Batch(plan.output.length);
    this.#spill = new GroupSpill(types, types.length);
    this.#which = columnNumbers(types.length);
    this.#rowsExpected = plan.rows;
  }

  open(x: ExecContext): void {
    this.#seen.clear();
    this.#account.clear(x.memory);
    this.#spill.reset();
    this.#memory = 0;
    this.#bytesMax = 0;
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    const out = this.#out;
    const spill = this.#spill;
    for (;;) {
      if (spill.isSpilling && !x.canWrite(spill.file)) return PENDING;
      const batch = spill.isReading ? spill.pull(x) : this.#input.poll(x);
      if (batch === PENDING) return PENDING;
      if (batch === END) {
        spill.endInput();
        if (!spill.nextPart()) return END;
        this.#seen.clear();
        this.#account.clear(x.memory);
        continue;
      }
      out.count = spill.isSpilling ? this.#putAside(batch) : this.#takeNew(batch);
      if (!spill.isSpilling && this.#isFull(x)) this.#startSpilling(x);
      if (out.count > 0) return out;
      if (x.shouldYield(batch.count)) return PENDING;
    }
  }

  #takeNew(batch: Batch): number {
    const out = this.#out;
    let n = 0;
    for (let i = 0; i < batch.count; i++) {
      if (!this.#seen.addRow(batch.columns, i)) continue;
      for (let c = 0; c < out.columns.length; c++) out.columns[c][n] = batch.columns[c][i];
      n++;
    }
    return n;
  }

  #putAside(batch: Batch): number {
    const { keys } = this.#spill;
    for (let i = 0; i < batch.count; i++) {
      if (this.#seen.findRow(batch.columns, i) >= 0) continue;
      for (let c = 0; c < batch.columns.length; c++) keys[c] = batch.columns[c][i];
      this.#spill.put(batch.columns, i, keys);
    }
    return 0;
  }

  #isFull(x: ExecContext): boolean {
    const bytes = this.#seen.byteSize;
    this.#bytesMax = Math.max(this.#bytesMax, bytes);
    if (bytes <= MEMORY_MIN) return false;
    if (this.#memory === 0) this.#memory = x.services.hashMemoryBytes;
    const isBeyond = bytes > this.#memory || this.#account.isTight(x.memory, bytes);
    this.#account.set(x.memory, bytes);
    if (!isBeyond || !this.#spill.canDivide) return false;
    // If it is the server's memory that is full: what there was is what there is from now on.
    this.#memory = Math.min(this.#memory, bytes);
    return true;
  }

  #startSpilling(x: ExecContext): void {
    const expected = (this.#rowsExpected * this.#seen.byteSize) / this.#seen.count;
    this.#spill.start(x, this.#memory, expected, this.#which);
  }

  spillReport(): SpillReport {
    const { partCount, writtenBytes } = this.#spill;
    return { kind: 'groups', batches: 1 + partCount, memoryBytes: this.#bytesMax, diskBytes: writtenBytes };
  }

  close(x: ExecContext): void {
    this.#input.close(x);
    this.#seen.clear();
    this.#account.clear(x.memory);
    this.#spill.close();
  }
}

export class UniqueOperator implements Operator {
  readonly #input: Operator;
  readonly #keys: RowValuesFunction;
  readonly #compares: ((a: Value, b: Value) => number)[];
  readonly #out: Batch;
  #last: Value[] | null = null;
  #current: Value[] = [];

  constructor(plan: UniquePlan, execution: Execution) {
    this.#input = execution.build(plan.input);
    const { program } = execution;
    this.#keys = program.memo(plan, 'keys', () => rowValuesFunction(program.slots, plan.input.output, plan.keys));
    this.#compares = plan.keys.map((k) => comparator(k.typeOid));
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#last = null;
    this.#input.open(x);
  }

  poll(x: ExecContext): Batch {
    const out = this.#out;
    for (;;) {
      const batch = this.#input.poll(x);
      if (batch === END || batch === PENDING) return batch;
      let n = 0;
      for (let i = 0; i < batch.count; i++) {
        this.#keys(x, batch.columns, i, this.#current);
        if (this.#last !== null && this.#isSame()) continue;
        const previous = this.#last ?? [];
        this.#last = this.#current;
        this.#current = previous;
        for (let c = 0; c < out.columns.length; c++) out.columns[c][n] = batch.columns[c][i];
        n++;
      }
      out.count = n;
      if (n > 0) return out;
      if (x.shouldYield(batch.count)) return PENDING;
    }
  }

  #isSame(): boolean {
    const last = this.#last as Value[];
    return this.#compares.every((compare, k) => {
      const a = last[k];
      const b = this.#current[k];
      return a === null || b === null ? a === b : compare(a, b) === 0;
    });
  }

  close(x: ExecContext): void {
    this.#input.close(x);
  }
}

/**
 * INTERSECT and EXCEPT [ALL]: counts the rows of both sides by group; a group is made by the left side. When memory is full, rows
 * of the left side without a group are put aside in partitions, then those of the right side in the same; each pair of
 * partitions is counted when all before it has been given away.
 */
export class SetOperationOperator implements Operator {
  readonly #plan: SetOperationPlan;
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #table: GroupTable;
  readonly #leftCounts: number[] = [];
  readonly #rightCounts: number[] = [];
  readonly #out: Batch;
  readonly #values: Value[] = [];
  readonly #types: readonly number[];
  readonly #which: readonly number[];
  #phase: 'left' | 'right' | 'emit' = 'left';
  #group = 0;
  #copies = 0;
  #memory = 0;
  readonly #account = new Holding('rows of INTERSECT or EXCEPT');
  #hasher: KeyHasher | null = null;
  #writer: PartitionWriter | null = null;
  #leftStreams: SpillStream[] = [];
  /** Pairs of a left and a right stream. */
  readonly #parts = new PartStack();
  #reader: SpillReader | null = null;
  #batch: Batch | null = null;

  constructor(plan: SetOperationPlan, execution: Execution) {
    this.#plan = plan;
    this.#left = execution.build(plan.left);
    this.#right = execution.build(plan.right);
    this.#types = plan.output.map((o) => o.typeOid);
    this.#which = columnNumbers(this.#types.length);
    this.#table = new GroupTable(this.#types);
    this.#out = new Batch(plan.output.length);
  }

  open(x: ExecContext): void {
    this.#closeFiles();
    this.#memory = 0;
    this.#restart(x);
    this.#left.open(x);
    this.#right.open(x);
  }

  #restart(x: ExecContext): void {
    this.#table.clear();
    this.#account.clear(x.memory);
    this.#leftCounts.length = 0;
    this.#rightCounts.length = 0;
    this.#phase = 'left';
    this.#group = 0;
    this.#copies = -1;
    this.#reader = null;
  }

  poll(x: ExecContext): Batch {
    for (;;) {
      while (this.#phase !== 'emit') {
        if (this.#writer !== null && !x.canWrite(this.#writer.file)) return PENDING;
        const isLeft = this.#phase === 'left';
        const batch = this.#pull(x, isLeft);
        if (batch === PENDING) return PENDING;
        if (batch === END) {
          this.#endSide(isLeft);
          continue;
        }
        if (isLeft && this.#writer === null) this.#count(batch);
        else this.#countKnown(batch, isLeft);
        if (isLeft && this.#writer === null && this.#isFull(x)) this.#startSpilling(x);
        if (x.shouldYield(batch.count)) return PENDING;
      }
      const batch = this.#emit();
      if (batch !== END || this.#parts.next() === null) return batch;
      this.#restart(x);
    }
  }

  #pull(x: ExecContext, isLeft: boolean): Batch {
    const part = this.#parts.current;
    if (part === null) return (isLeft ? this.#left : this.#right).poll(x);
    const stream = part.streams[isLeft ? 0 : 1];
    this.#reader ??= new SpillReader(stream, this.#which);
    this.#batch ??= new Batch(this.#types.length);
    return readBatch(x, this.#reader, stream, this.#batch);
  }

  /** The left side, while there is memory. */
  #count(batch: Batch): void {
    for (let i = 0; i < batch.count; i++) {
      const group = this.#table.groupOf(batch.columns, i);
      if (group === this.#leftCounts.length) {
        this.#leftCounts.push(0);
        this.#rightCounts.push(0);
      }
      this.#leftCounts[group]++;
    }
  }

  #countKnown(batch: Batch, isLeft: boolean): void {
    const counts = isLeft ? this.#leftCounts : this.#rightCounts;
    for (let i = 0; i < batch.count; i++) {
      const group = this.#table.findRow(batch.columns, i);
      if (group >= 0 && group < counts.length) counts[group]++;
      else if (this.#writer !== null) this.#putAside(this.#writer, batch.columns, i);
    }
  }

  #putAside(writer: PartitionWriter, columns: readonly Value[][], row: number): void {
    for (let c = 0; c < columns.length; c++) this.#values[c] = columns[c][row];
    const partition = writer.partitionOf((this.#hasher as KeyHasher).hashOf(this.#values));
    // On the right, rows count only where the left side has some.
    if (this.#phase === 'left' || this.#leftStreams[partition].rowCount > 0) writer.add(partition, columns, row);
  }

  #isFull(x: ExecContext): boolean {
    const bytes = this.#table.byteSize + this.#leftCounts.length * 20;
    if (bytes <= MEMORY_MIN) return false;
    if (this.#memory === 0) this.#memory = x.services.hashMemoryBytes;
    const isBeyond = bytes > this.#memory || this.#account.isTight(x.memory, bytes);
    this.#account.set(x.memory, bytes);
    const part = this.#parts.current;
    if (!isBeyond || (part !== null && part.level >= LEVELS_MAX)) return false;
    this.#memory = Math.min(this.#memory, bytes);
    return true;
  }

  #startSpilling(x: ExecContext): void {
    const expected = (this.#plan.left.rows * this.#table.byteSize) / this.#leftCounts.length;
    const division = divide(this.#memory, expected, this.#parts.current?.level ?? 0);
    this.#hasher ??= new KeyHasher(this.#types);
    this.#writer = this.#newWriter(x.createTemporaryFile(), division);
  }

  #newWriter(file: TemporaryFile, division: Division): PartitionWriter {
    return new PartitionWriter(file, division, this.#which, 24 * (this.#which.length + 1));
  }

  #endSide(isLeft: boolean): void {
    const writer = this.#writer;
    this.#reader = null;
    this.#phase = isLeft ? 'right' : 'emit';
    if (writer === null) return;
    const streams = writer.finish();
    if (isLeft) {
      this.#leftStreams = streams;
      this.#writer = this.#newWriter(writer.file, writer.division);
      return;
    }
    this.#writer = null;
    const pairs = this.#leftStreams.flatMap((left, i) => (left.rowCount === 0 ? [] : [[left, streams[i]]]));
    this.#leftStreams = [];
    if (pairs.length === 0) writer.file.close();
    this.#parts.add(writer.division, pairs);
  }

  #copiesOf(group: number): number {
    const left = this.#leftCounts[group];
    const right = this.#rightCounts[group];
    const { operation, all } = this.#plan;
    if (operation === 'intersect') return all ? Math.min(left, right) : left > 0 && right > 0 ? 1 : 0;
    return all ? Math.max(0, left - right) : left > 0 && right === 0 ? 1 : 0;
  }

  #emit(): Batch {
    const out = this.#out;
    let n = 0;
    while (this.#group < this.#leftCounts.length && n < BATCH_SIZE) {
      if (this.#copies < 0) this.#copies = this.#copiesOf(this.#group);
      if (this.#copies === 0) {
        this.#group++;
        this.#copies = -1;
        continue;
      }
      this.#table.keyValues(this.#group, this.#values);
      for (let c = 0; c < out.columns.length; c++) out.columns[c][n] = this.#values[c];
      this.#copies--;
      n++;
    }
    out.count = n;
    return n > 0 ? out : END;
  }

  #closeFiles(): void {
    this.#writer?.file.close();
    this.#writer = null;
    this.#leftStreams = [];
    this.#parts.close();
  }

  close(x: ExecContext): void {
    this.#left.close(x);
    this.#right.close(x);
    this.#table.clear();
    this.#account.clear(x.memory);
    this.#closeFiles();
  }
}
