/**
 * Grouping and aggregates, by hashing. Over a sequential scan the whole pipeline (scan, filter, grouping, accumulation) is one
 * generated loop over page bytes; otherwise the input comes in batches.
 *
 * Groups come out in the order in which they were first met, so sorted input gives sorted groups. With several grouping sets
 * there is a table of groups for each.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { AggregateCall, Expr } from '../../planner/expr.ts';
import type { AggregatePlan, SeqScanPlan } from '../../planner/plan.ts';
import { PAGE_MISS } from '../../storage/api.ts';
import { OID } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type InputTypes, type ProjectFunction, projectFunction } from '../compile/batch-program.ts';
import { Emitter } from '../compile/emitter.ts';
import { ExpressionCompiler, type SlotAllocator } from '../compile/expression.ts';
import { type Operand, repOfType } from '../compile/operand.ts';
import { usedColumns } from '../compile/page-columns.ts';
import { type RowBody, type ScanFunction, type ScanPosition, scanFunction } from '../compile/row-program.ts';
import { substituteColumns } from '../compile/substitute.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { type Accumulator, makeAccumulator } from './accumulators.ts';
import { GroupTable } from './group-table.ts';
import type { Operator } from './operator.ts';
import { scanPosition } from './scan.ts';

/** The groups and states of one grouping set. */
class Groups {
  readonly table: GroupTable;
  readonly accumulators: readonly Accumulator[];
  /** State arrays of each accumulator. */
  readonly arrays: Value[][][];
  /** Groups that have state. */
  count = 0;

  constructor(keyTypes: readonly number[], accumulators: readonly Accumulator[]) {
    this.table = new GroupTable(keyTypes);
    this.accumulators = accumulators;
    this.arrays = accumulators.map((a) => Array.from({ length: a.stateCount }, () => []));
  }

  /** State for one more group. */
  grow(x: ExecContext): void {
    for (let i = 0; i < this.accumulators.length; i++) this.accumulators[i].grow(x, this.arrays[i]);
    this.count++;
  }

  clear(): void {
    this.table.clear();
    for (const arrays of this.arrays) for (const array of arrays) array.length = 0;
    this.count = 0;
  }
}

/** Emits the work for one row, with all columns loaded; `st` is the Groups in code. */
function emitAccumulation(
  emitter: Emitter,
  compiler: ExpressionCompiler,
  st: string,
  keys: readonly Expr[],
  accumulators: readonly Accumulator[],
  isFast: boolean,
): void {
  const steps = accumulators.map((accumulator, i) => {
    const names = Array.from({ length: accumulator.stateCount }, (_, k) => {
      const name = emitter.name('a');
      emitter.prelude(`const ${name} = ${st}.arrays[${i}][${k}];`);
      return name;
    });
    return accumulator.emitStep(emitter, compiler, names, isFast);
  });
  const operands = keys.map((k) => compiler.compile(k));
  if (keys.length === 0) emitter.emit('const g = 0;');
  else {
    emitter.emit(`let g = ${emitKeyId(emitter, compiler, st, operands[0], 0)};`);
    for (let k = 1; k < keys.length; k++) {
      const pair = emitter.name('p');
      emitter.prelude(`const ${pair} = ${st}.table.pairs[${k - 1}];`);
      emitter.emit(`g = ${pair}.idOf(g, ${emitKeyId(emitter, compiler, st, operands[k], k)});`);
    }
  }
  emitter.emit(`if (g === ${st}.count) ${st}.grow(x);`);
  for (const step of steps) step();
}

function emitKeyId(emitter: Emitter, compiler: ExpressionCompiler, st: string, operand: Operand, k: number): string {
  const interner = emitter.name('t');
  emitter.prelude(`const ${interner} = ${st}.table.interners[${k}];`);
  if (operand.rep === 'slice' && operand.typeOid !== OID.BPCHAR) {
    const id = `${interner}.idOfBytes(u8, ${operand.start}, ${operand.end})`;
    return operand.isNull === 'false' ? id : `(${operand.isNull} ? ${interner}.idOf(null) : ${id})`;
  }
  return `${interner}.idOf(${compiler.toAny(operand)})`;
}

type ConsumeFunction = (x: ExecContext, c: readonly (readonly Value[])[], count: number, st: Groups) => void;

function consumeFunction(
  slots: SlotAllocator,
  input: InputTypes,
  keys: readonly Expr[],
  calls: readonly AggregateCall[],
  accumulators: readonly Accumulator[],
): ConsumeFunction {
  const emitter = new Emitter();
  const loaded = new Map<number, Operand>();
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    column: (_i, index) => loaded.get(index) as Operand,
  });
  emitter.open('for (let i = 0; i < count; i++) {');
  for (const index of usedColumns([...keys, ...callExprs(calls)], 0)) {
    const name = emitter.name('v');
    emitter.prelude(`const c${index}_ = c[${index}];`);
    emitter.emit(`const ${name} = c${index}_[i];`);
    const { typeOid } = input[index];
    loaded.set(index, { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` });
  }
  emitAccumulation(emitter, compiler, 'st', keys, accumulators, false);
  emitter.close();
  return emitter.build('x, c, count, st');
}

function callExprs(calls: readonly AggregateCall[]): Expr[] {
  return calls.flatMap((c) => [
    ...c.args,
    ...c.directArgs,
    ...c.orderBy.map((k) => k.expr),
    ...(c.filter === null ? [] : [c.filter]),
  ]);
}

/** What a program keeps for an aggregate node: shared by its executions. */
interface CompiledAggregate {
  readonly accumulators: readonly Accumulator[];
  /** Per grouping set. */
  readonly consume: readonly ConsumeFunction[];
  readonly scan: ScanFunction<Groups> | null;
  readonly output: ProjectFunction;
}

export class AggregateOperator implements Operator {
  readonly #plan: AggregatePlan;
  readonly #compiled: CompiledAggregate;
  readonly #sets: readonly (readonly number[])[];
  readonly #groups: readonly Groups[];
  readonly #input: Operator | null;
  readonly #scanned: SeqScanPlan | null;
  readonly #execution: Execution;
  /** Where the fused scan stands. */
  readonly #position: ScanPosition | null;
  readonly #raw: Batch;
  readonly #out: Batch;
  #isConsumed = false;
  #set = 0;
  #group = 0;

  constructor(plan: AggregatePlan, execution: Execution) {
    this.#plan = plan;
    this.#execution = execution;
    const { program } = execution;
    const { input, groupKeys, aggregates } = plan;
    this.#sets = plan.groupingSets ?? [groupKeys.map((_k, i) => i)];
    const canFuse = input.kind === 'seqScan' && plan.groupingSets === null && execution.instrument === null;
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
    this.#raw = new Batch(groupKeys.length + aggregates.length + 1);
    this.#out = new Batch(plan.targets.length);
  }

  #compile(canFuse: boolean): CompiledAggregate {
    const { program } = this.#execution;
    const { slots } = program;
    const { input, groupKeys, aggregates, having, targets } = this.#plan;
    const accumulators = aggregates.map(makeAccumulator);
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
    const scanAccumulators = calls.map(makeAccumulator);
    const body: RowBody = {
      exprs: [...keys, ...callExprs(calls)],
      emit: (emitter, compiler, isFast) => emitAccumulation(emitter, compiler, 'out', keys, scanAccumulators, isFast),
    };
    const table = program.tableOf(scan.table);
    return {
      accumulators: scanAccumulators,
      consume: [],
      scan: scanFunction<Groups>({ table, slots, filter: scan.filter, body }, { countsRows: false }),
      output,
    };
  }

  open(x: ExecContext): void {
    for (const groups of this.#groups) groups.clear();
    this.#isConsumed = false;
    this.#set = 0;
    this.#group = 0;
    if (this.#scanned !== null) this.#execution.program.tableOf(this.#scanned.table).heap.counters.sequentialScans++;
    const position = this.#position;
    if (position !== null) {
      position.page = 0;
      position.slot = 0;
      position.endPage = position.reads.open();
    } else this.#input?.open(x);
  }

  poll(x: ExecContext): Batch {
    if (!this.#isConsumed) {
      if (!this.#consume(x)) return PENDING;
      this.#isConsumed = true;
      // Without keys there is one group, even over nothing: also for the empty grouping set.
      this.#groups.forEach((groups, s) => {
        if (this.#sets[s].length === 0 && groups.count === 0) groups.grow(x);
      });
    }
    return this.#emit(x);
  }

  /** False: not all input has been seen. */
  #consume(x: ExecContext): boolean {
    const { scan, consume } = this.#compiled;
    if (scan !== null) {
      const position = this.#position as ScanPosition;
      try {
        return !scan(x, position, this.#groups[0], 0, x.snapshot) && position.page >= position.endPage;
      } catch (error) {
        if (error === PAGE_MISS) position.reads.missed(position.page);
        throw error;
      }
    }
    for (;;) {
      const batch = (this.#input as Operator).poll(x);
      if (batch === PENDING) return false;
      if (batch === END) return true;
      for (let s = 0; s < consume.length; s++) consume[s](x, batch.columns, batch.count, this.#groups[s]);
      if (x.shouldYield(batch.count)) return false;
    }
  }

  #emit(x: ExecContext): Batch {
    const { accumulators, output } = this.#compiled;
    const keyCount = this.#plan.groupKeys.length;
    const raw = this.#raw;
    const keyValues: Value[] = [];
    while (this.#set < this.#groups.length) {
      const groups = this.#groups[this.#set];
      const set = this.#sets[this.#set];
      const mask = this.#plan.groupingSets === null ? 0 : maskOf(set, keyCount);
      let n = 0;
      while (this.#group < groups.count && n < BATCH_SIZE) {
        groups.table.keyValues(this.#group, keyValues);
        for (let k = 0; k < keyCount; k++) raw.columns[k][n] = null;
        set.forEach((k, i) => {
          raw.columns[k][n] = keyValues[i];
        });
        for (let a = 0; a < accumulators.length; a++) {
          raw.columns[keyCount + a][n] = accumulators[a].final(x, groups.arrays[a], this.#group);
        }
        raw.columns[keyCount + accumulators.length][n] = mask;
        this.#group++;
        n++;
      }
      if (n === 0) {
        this.#set++;
        this.#group = 0;
        continue;
      }
      this.#out.count = output(x, raw.columns, n, this.#out.columns);
      if (this.#out.count > 0) return this.#out;
    }
    return END;
  }

  close(x: ExecContext): void {
    this.#input?.close(x);
    for (const groups of this.#groups) groups.clear();
  }
}

/** Bit i set: key i is not in the set. */
function maskOf(set: readonly number[], keyCount: number): number {
  let mask = 0;
  for (let k = 0; k < keyCount; k++) if (!set.includes(k)) mask |= 1 << k;
  return mask;
}
