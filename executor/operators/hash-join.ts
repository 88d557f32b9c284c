/**
 * Hash joins. The inner side goes into a table by its keys; the outer side's rows look for their partners in it. The place between
 * polls is (outer batch, outer row, inner row), so that a join may stop at any pair.
 *
 * Keys, conditions and targets may have to wait (a page, a subquery): a batch that was begun is kept and gone on with at its row.
 *
 * An inner side that does not fit in its memory (work_mem * hash_mem_multiplier) is divided by the hash of its keys into
 * partitions in a temporary file, and so is the outer side; then each pair of partitions is joined as if it were all there is. A
 * partition that does not fit either is divided again, unless that would be of no use: equal keys cannot be parted.
 *
 *      build --- all there ---------------------------------------> probe -> END
 *        | full                                                     ^   |
 *        v                                                          |   v
 *      spill stored -> spill inner -> spill outer -> next part -> build <- (done: next part)
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { HashJoinPlan } from '../../planner/plan.ts';
import { BATCH_SIZE, Batch, type Columns, END, PENDING } from '../batch.ts';
import { type RowValuesFunction, rowValuesFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { MEMORY_MIN, RowMeter } from '../spill/memory.ts';
import {
  columnNumbers,
  divide,
  KeyHasher,
  LEVELS_MAX,
  PartitionWriter,
  PartStack,
  readBatch,
} from '../spill/partitions.ts';
import type { SpillingOperator, SpillReport } from '../spill/report.ts';
import { SpillReader, type SpillStream } from '../spill/stream.ts';
import { ColumnStore } from './column-store.ts';
import { GroupTable } from './group-table.ts';
import { HeldError } from './held-error.ts';
import { type CompiledJoin, compileJoin, NO_COLUMNS } from './join.ts';
import type { Operator } from './operator.ts';
import { CHAIN_BYTES_PER_ROW, RowChains } from './row-chains.ts';

/** What the table takes for a row, beyond its values: up to four slots and a key. */
const TABLE_ROW_BYTES = 28;
/** Streams of a part. */
const INNER = 0;
const OUTER = 1;

/** Estimates may be too high by far. */
const RESERVED_ROWS_MAX = 512 * 1024;

type Phase = 'build' | 'spill stored' | 'spill inner' | 'spill outer' | 'next part' | 'probe' | 'done';

export class HashJoinOperator implements Operator, SpillingOperator {
  readonly #plan: HashJoinPlan;
  readonly #outer: Operator;
  readonly #inner: Operator;
  readonly #compiled: CompiledJoin;
  readonly #outerKeys: RowValuesFunction;
  readonly #innerKeys: RowValuesFunction;
  readonly #meter: RowMeter;
  readonly #store: ColumnStore;
  readonly #table: GroupTable;
  /** Inner rows of each group of keys. */
  readonly #chains = new RowChains();
  /** For right and full joins: inner rows that found a partner; else empty. */
  #matched = new Uint8Array(0);
  /** Inner rows of the store that are in the table. */
  #tableRows = 0;
  readonly #keys: Value[] = [];
  readonly #out: Batch;
  readonly #error = new HeldError();
  #phase: Phase = 'build';
  #batch: Batch | null = null;
  #row = 0;
  #candidate = -1;
  #hasCandidate = false;
  #rowMatched = false;
  #unmatched = -1;
  /** What the store and the table take, at most so far in this run, and may take. */
  #bytes = 0;
  #bytesMax = 0;
  #memory = 0;
  readonly #account = new Holding('the inner rows of a join');
  #rowsMax = 0;
  #partCount = 1;
  /** Made when the first row is put aside. */
  #hasher: KeyHasher | null = null;
  /** Pairs of partitions. While none is worked on, the inputs themselves are. */
  readonly #parts = new PartStack();
  #innerReader: SpillReader | null = null;
  #outerReader: SpillReader | null = null;
  #innerBatch: Batch | null = null;
  #outerBatch: Batch | null = null;
  #writer: PartitionWriter | null = null;
  #innerStreams: SpillStream[] = [];
  /** While building or putting aside: a batch that was begun. */
  #begun: Batch | null = null;
  /** The next row to put aside, of the store or of the batch that was begun. */
  #asideRow = 0;
  /** Rows in the output that are not given away yet. */
  #filled = 0;

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
    this.#meter = program.memo(
      plan,
      'meter',
      () => new RowMeter(plan.inner.output, TABLE_ROW_BYTES + CHAIN_BYTES_PER_ROW),
    );
    this.#store = new ColumnStore(plan.inner.output);
    this.#table = new GroupTable(plan.keyTypes);
    this.#out = new Batch(plan.targets.length);
  }

  open(x: ExecContext): void {
    this.#error.forget();
    this.#clearTable(x);
    this.#closeFiles();
    this.#phase = 'build';
    this.#bytesMax = 0;
    this.#rowsMax = 0;
    this.#memory = 0;
    this.#partCount = 1;
    this.#inner.open(x);
    this.#outer.open(x);
  }

  #clearTable(x: ExecContext): void {
    this.#account.clear(x.memory);
    this.#store.clear();
    this.#table.clear();
    this.#chains.clear();
    this.#matched = new Uint8Array(0);
    this.#tableRows = 0;
    this.#bytes = 0;
    this.#batch = null;
    this.#begun = null;
    this.#row = 0;
    this.#filled = 0;
    this.#hasCandidate = false;
    this.#unmatched = -1;
  }

  #closeFiles(): void {
    this.#parts.close();
    this.#writer?.file.close();
    this.#innerReader = null;
    this.#outerReader = null;
    this.#writer = null;
    this.#innerStreams = [];
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
    for (;;) {
      switch (this.#phase) {
        case 'build':
          if (!this.#build(x)) return PENDING;
          break;
        case 'spill stored':
          if (!this.#spillStored(x)) return PENDING;
          break;
        case 'spill inner':
        case 'spill outer':
          if (!this.#spillInput(x, this.#phase === 'spill inner')) return PENDING;
          break;
        case 'next part':
          this.#phase = this.#startNextPart(x) ? 'build' : 'done';
          break;
        case 'probe': {
          const batch = this.#probeOn(x);
          if (batch !== END) return batch;
          this.#phase = this.#parts.current === null ? 'done' : 'next part';
          break;
        }
        case 'done':
          return END;
      }
    }
  }

  // -------------------------------------------------------------------------------------------------------------- inputs

  #pullInner(x: ExecContext): Batch {
    const part = this.#parts.current;
    if (part === null) return this.#inner.poll(x);
    this.#innerBatch ??= new Batch(this.#plan.inner.output.length);
    return readBatch(x, this.#innerReader as SpillReader, part.streams[INNER], this.#innerBatch);
  }

  #pullOuter(x: ExecContext): Batch {
    const part = this.#parts.current;
    if (part === null) return this.#outer.poll(x);
    this.#outerReader ??= new SpillReader(part.streams[OUTER], columnNumbers(this.#plan.outer.output.length));
    this.#outerBatch ??= new Batch(this.#plan.outer.output.length);
    return readBatch(x, this.#outerReader, part.streams[OUTER], this.#outerBatch);
  }

  // --------------------------------------------------------------------------------------------------------------- build

  /** True: another phase has come. */
  #build(x: ExecContext): boolean {
    const store = this.#store;
    const chains = this.#chains;
    for (;;) {
      let batch = this.#begun;
      if (batch === null) {
        batch = this.#pullInner(x);
        if (batch === PENDING) return false;
        if (batch === END) {
          const { joinType } = this.#plan;
          if (joinType === 'right' || joinType === 'full') this.#matched = new Uint8Array(store.count);
          this.#phase = 'probe';
          return true;
        }
        store.append(batch);
        this.#begun = batch;
      }
      const first = store.count - batch.count;
      chains.reserve(store.count);
      for (let i = this.#tableRows - first; i < batch.count; i++) {
        this.#innerKeys(x, batch.columns, i, this.#keys);
        this.#tableRows = first + i + 1;
        if (this.#hasNullKey()) chains.addAlone(first + i);
        else chains.add(first + i, this.#groupOf());
      }
      this.#begun = null;
      this.#bytes += this.#meter.bytesOf(batch.columns, batch.count);
      if (this.#bytes > this.#bytesMax) {
        this.#bytesMax = this.#bytes;
        this.#rowsMax = store.count;
      }
      const mustSpill = this.#bytes > MEMORY_MIN && this.#mustSpill(x);
      this.#account.set(x.memory, this.#bytes);
      if (mustSpill) {
        this.#startSpilling(x);
        return true;
      }
      if (x.shouldYield(batch.count)) return false;
    }
  }

  #mustSpill(x: ExecContext): boolean {
    if (this.#memory === 0) {
      this.#memory = x.services.hashMemoryBytes;
      const rowBytes = this.#bytes / this.#store.count;
      this.#reserve(Math.ceil(Math.min(this.#plan.inner.rows, this.#memory / rowBytes, RESERVED_ROWS_MAX)));
    }
    if (this.#bytes <= this.#memory && !this.#account.isTight(x.memory, this.#bytes)) return false;
    const part = this.#parts.current;
    if (part !== null && (part.isSkewed || part.level >= LEVELS_MAX)) return false;
    // If it is the server's memory that is full: what there was is what there is from now on.
    this.#memory = Math.min(this.#memory, this.#bytes);
    return true;
  }

  /** Room for so many rows: what grows step by step leaves its outgrown memory to the collector of garbage. */
  #reserve(rows: number): void {
    this.#store.reserve(rows);
    this.#chains.reserve(rows);
    this.#table.reserve(rows);
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

  // --------------------------------------------------------------------------------------------------------------- spill

  #startSpilling(x: ExecContext): void {
    const part = this.#parts.current;
    const rowBytes = this.#bytes / this.#store.count;
    const rows = part === null ? this.#plan.inner.rows : part.streams[INNER].rowCount;
    const division = divide(this.#memory, rows * rowBytes, part === null ? 0 : part.level);
    this.#hasher ??= new KeyHasher(this.#plan.keyTypes);
    const file = x.createTemporaryFile();
    this.#writer = new PartitionWriter(file, division, columnNumbers(this.#plan.inner.output.length), rowBytes);
    this.#asideRow = 0;
    this.#phase = 'spill stored';
  }

  #spillStored(x: ExecContext): boolean {
    const { columns, count } = this.#store;
    while (this.#asideRow < count) {
      if (!x.canWrite((this.#writer as PartitionWriter).file)) return false;
      const rows = Math.min(count - this.#asideRow, BATCH_SIZE);
      this.#putAside(x, columns, this.#asideRow + rows, true);
      if (x.shouldYield(rows)) return false;
    }
    this.#clearTable(x);
    this.#phase = 'spill inner';
    return true;
  }

  /** Puts the rest of an input aside. */
  #spillInput(x: ExecContext, isInner: boolean): boolean {
    for (;;) {
      const writer = this.#writer as PartitionWriter;
      if (!x.canWrite(writer.file)) return false;
      let batch = this.#begun;
      if (batch === null) {
        batch = isInner ? this.#pullInner(x) : this.#pullOuter(x);
        if (batch === PENDING) return false;
        if (batch === END) break;
        this.#begun = batch;
        this.#asideRow = 0;
      }
      this.#putAside(x, batch.columns, batch.count, isInner);
      this.#begun = null;
      if (x.shouldYield(batch.count)) return false;
    }
    if (isInner) this.#endInner();
    else this.#endOuter();
    return true;
  }

  /** From #asideRow on; it stands at the row that must wait, if one must. */
  #putAside(x: ExecContext, columns: Columns, to: number, isInner: boolean): void {
    const writer = this.#writer as PartitionWriter;
    const hasher = this.#hasher as KeyHasher;
    const { joinType } = this.#plan;
    const keysOf = isInner ? this.#innerKeys : this.#outerKeys;
    // A row without a partner is needed only where it is shown alone.
    const keepsLonely = isInner
      ? joinType === 'right' || joinType === 'full'
      : joinType === 'left' || joinType === 'full' || joinType === 'anti';
    while (this.#asideRow < to) {
      const i = this.#asideRow;
      keysOf(x, columns, i, this.#keys);
      this.#asideRow = i + 1;
      let partition = 0;
      if (this.#hasNullKey()) {
        if (!keepsLonely) continue;
      } else {
        partition = writer.partitionOf(hasher.hashOf(this.#keys));
        if (!isInner && !keepsLonely && this.#innerStreams[partition].rowCount === 0) continue;
      }
      writer.add(partition, columns, i);
    }
  }

  #endInner(): void {
    const writer = this.#writer as PartitionWriter;
    this.#innerStreams = writer.finish();
    const which = columnNumbers(this.#plan.outer.output.length);
    const rowBytes = 16 + 24 * which.length;
    this.#writer = new PartitionWriter(writer.file, writer.division, which, rowBytes);
    this.#phase = 'spill outer';
  }

  #endOuter(): void {
    const writer = this.#writer as PartitionWriter;
    const outer = writer.finish();
    this.#writer = null;
    const { joinType } = this.#plan;
    const needsInner = joinType === 'inner' || joinType === 'semi' || joinType === 'right';
    const needsOuter = joinType !== 'right' && joinType !== 'full';
    const parts: SpillStream[][] = [];
    this.#innerStreams.forEach((inner, i) => {
      if ((needsInner && inner.rowCount === 0) || (needsOuter && outer[i].rowCount === 0)) return;
      if (inner.rowCount + outer[i].rowCount > 0) parts.push([inner, outer[i]]);
    });
    this.#innerStreams = [];
    this.#partCount += parts.length - 1;
    if (parts.length === 0) writer.file.close();
    this.#parts.add(writer.division, parts);
    this.#phase = 'next part';
  }

  #startNextPart(x: ExecContext): boolean {
    this.#clearTable(x);
    const part = this.#parts.next();
    this.#outerReader = null;
    this.#innerReader =
      part === null ? null : new SpillReader(part.streams[INNER], columnNumbers(this.#plan.inner.output.length));
    if (part === null) return false;
    // As many as it has, or as the memory has held so far.
    this.#reserve(Math.min(part.streams[INNER].rowCount, this.#rowsMax));
    return true;
  }

  // --------------------------------------------------------------------------------------------------------------- probe

  #probeOn(x: ExecContext): Batch {
    const { joinType } = this.#plan;
    if (this.#store.count === 0 && (joinType === 'inner' || joinType === 'semi' || joinType === 'right')) return END;
    const out = this.#out;
    let n = this.#filled;
    while (n < BATCH_SIZE) {
      if (this.#unmatched >= 0) return this.#emitUnmatched(x);
      if (this.#batch === null || this.#row >= this.#batch.count) {
        // Give away what is there before the outer side may overwrite its batch.
        if (n > 0) break;
        const batch = this.#pullOuter(x);
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
      n = this.#probe(x);
    }
    out.count = n;
    this.#filled = 0;
    return out;
  }

  /** Joins the current outer row as far as the output has room; answers the rows in the output. */
  #probe(x: ExecContext): number {
    const batch = this.#batch as Batch;
    const { condition, emit } = this.#compiled;
    const { joinType } = this.#plan;
    const inner = this.#store.columns;
    const out = this.#out.columns;
    let n = this.#filled;
    if (!this.#hasCandidate) {
      this.#outerKeys(x, batch.columns, this.#row, this.#keys);
      const group = this.#hasNullKey() ? -1 : this.#table.findValues(this.#keys);
      this.#candidate = group < 0 ? -1 : this.#chains.heads[group];
      this.#rowMatched = false;
      this.#hasCandidate = true;
    }
    while (this.#candidate >= 0) {
      if (n === BATCH_SIZE) return n;
      const j = this.#candidate;
      if (condition === null || condition(x, batch.columns, this.#row, inner, j)) {
        this.#rowMatched = true;
        if (this.#matched.length > 0) this.#matched[j] = 1;
        if (joinType === 'semi' || joinType === 'anti') break;
        if (emit(x, batch.columns, this.#row, inner, j, out, n)) this.#filled = ++n;
      }
      this.#candidate = this.#chains.next[j];
    }
    if (n === BATCH_SIZE) {
      // The last step below may add a row: come back for it, with no candidate left.
      this.#candidate = -1;
      return n;
    }
    const emitsAlone = this.#rowMatched
      ? joinType === 'semi'
      : joinType === 'left' || joinType === 'full' || joinType === 'anti';
    if (emitsAlone && emit(x, batch.columns, this.#row, inner, -1, out, n)) this.#filled = ++n;
    this.#row++;
    this.#hasCandidate = false;
    return n;
  }

  /** Right and full joins: inner rows without a partner, at the end. */
  #emitUnmatched(x: ExecContext): Batch {
    const out = this.#out;
    let n = this.#filled;
    while (this.#unmatched < this.#store.count && n < BATCH_SIZE) {
      const j = this.#unmatched;
      if (this.#matched[j] === 0 && this.#compiled.emit(x, NO_COLUMNS, -1, this.#store.columns, j, out.columns, n)) {
        this.#filled = ++n;
      }
      this.#unmatched = j + 1;
    }
    out.count = n;
    this.#filled = 0;
    return n > 0 ? out : END;
  }

  spillReport(): SpillReport {
    let buckets = 1024;
    while (buckets < this.#rowsMax) buckets *= 2;
    return { kind: 'hash', buckets, batches: this.#partCount, originalBatches: 1, memoryBytes: this.#bytesMax };
  }

  close(x: ExecContext): void {
    this.#outer.close(x);
    this.#inner.close(x);
    this.#clearTable(x);
    this.#closeFiles();
  }
}
