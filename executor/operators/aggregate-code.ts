/** The generated code of grouping: from a row to its group, and into the states of the group's aggregates. */
import type { Value } from '../../catalog/function-entry.ts';
import type { AggregateCall, Expr } from '../../planner/expr.ts';
import { batchClosures, type InputTypes } from '../compile/batch-program.ts';
import { computedCode, isComputed } from '../compile/closures.ts';
import { Emitter, isSharingCode } from '../compile/emitter.ts';
import { ExpressionCompiler } from '../compile/expression.ts';
import { emitEvaluated } from '../compile/may-wait.ts';
import { type Operand, repOfType } from '../compile/operand.ts';
import { usedColumns } from '../compile/page-columns.ts';
import { isRepeatable } from '../compile/repeatable.ts';
import type { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import type { Accumulator } from './accumulator.ts';
import type { GroupSpill } from './group-spill.ts';
import { equalsVary, keysAreBytes } from './group-table.ts';
import type { Groups } from './groups.ts';

/** Emits the work for one row, with all columns loaded; `st` is the Groups in code. */
export function emitAccumulation(
  emitter: Emitter,
  compiler: ExpressionCompiler,
  st: string,
  keys: readonly Expr[],
  accumulators: readonly Accumulator[],
): void {
  const steps = emitSteps(emitter, compiler, st, accumulators);
  if (keys.length === 0) emitter.emit('const g = 0;');
  const show = keys.length === 0 ? '' : emitGroup(emitter, compiler, st, keys);
  emitter.emit(`if (g === ${st}.count) { ${st}.grow(x); ${show}}`);
  emitChanges(steps);
}

/** Emits the row's group, `g`; answers the code that keeps how a new group's values look. */
function emitGroup(emitter: Emitter, compiler: ExpressionCompiler, st: string, keys: readonly Expr[]): string {
  let show = '';
  const operands = keys.map((key) => compiler.compile(key));
  const ids = operands.map((operand, k) => {
    if (keys.length === 1 || !equalsVary(operand.typeOid)) return emitKeyId(emitter, compiler, st, operand, k);
    const value = emitter.name('w');
    const id = emitter.name('n');
    emitter.emit(`const ${value} = ${compiler.toAny(operand)};`);
    emitter.emit(`const ${id} = ${emitInterner(emitter, st, k)}.idOf(${value});`);
    show += `${st}.table.show(${k}, ${id}, g, ${value}); `;
    return id;
  });
  emitter.emit(`let g = ${ids[0]};`);
  for (let k = 1; k < keys.length; k++) {
    const pair = emitter.name('p');
    emitter.prelude(`const ${pair} = ${st}.table.pairs[${k - 1}];`);
    emitter.emit(`g = ${pair}.idOf(g, ${ids[k]});`);
  }
  return show;
}

/** The second halves. What may wait comes first, so that nothing has been changed by then. */
function emitChanges(steps: Steps): void {
  const changes = steps.computing.map((step) => step());
  for (const change of changes) change?.();
  for (const step of steps.changing) step();
}

/** Second halves: those that compute, and answer what emits the change; those that only change. */
interface Steps {
  readonly computing: (() => void | (() => void))[];
  readonly changing: (() => void)[];
}

/** The first halves of the steps; answers what emits the second ones. */
function emitSteps(
  emitter: Emitter,
  compiler: ExpressionCompiler,
  st: string,
  accumulators: readonly Accumulator[],
): Steps {
  const result: Steps = { computing: [], changing: [] };
  accumulators.forEach((accumulator, i) => {
    const names = Array.from({ length: accumulator.stateCount }, (_, k) => {
      const name = emitter.name('a');
      emitter.prelude(`const ${name} = ${st}.arrays[${i}][${k}];`);
      return name;
    });
    const step = accumulator.emitStep(emitter, compiler, names, st);
    if (accumulator.computesFirst === true) result.computing.push(step);
    else result.changing.push(step as () => void);
  });
  return result;
}

/** The same when memory is full: a row without a group is put aside with its keys, before anything else is computed of it. */
function emitFullAccumulation(
  emitter: Emitter,
  compiler: ExpressionCompiler,
  keys: readonly Expr[],
  accumulators: readonly Accumulator[],
): void {
  const values = keys.map((key) => {
    const name = emitter.name('k');
    emitter.emit(`const ${name} = ${compiler.toAny(compiler.compile(key))};`);
    return name;
  });
  values.forEach((value, k) => {
    const interner = emitter.name('t');
    emitter.prelude(`const ${interner} = st.table.interners[${k}];`);
    if (k === 0) emitter.emit(`let g = ${interner}.find(${value});`);
    else {
      const pair = emitter.name('p');
      emitter.prelude(`const ${pair} = st.table.pairs[${k - 1}];`);
      const id = emitter.name('n');
      emitter.emit(
        `if (g >= 0) { const ${id} = ${interner}.find(${value}); g = ${id} < 0 ? -1 : ${pair}.find(g, ${id}); }`,
      );
    }
  });
  const hold = values.map((value, k) => `sp.keys[${k}] = ${value};`).join(' ');
  emitter.emit(`if (g < 0) { ${hold} sp.put(c, i, sp.keys); continue; }`);
  emitChanges(emitSteps(emitter, compiler, 'st', accumulators));
}

function emitInterner(emitter: Emitter, st: string, k: number): string {
  const interner = emitter.name('t');
  emitter.prelude(`const ${interner} = ${st}.table.interners[${k}];`);
  return interner;
}

function emitKeyId(emitter: Emitter, compiler: ExpressionCompiler, st: string, operand: Operand, k: number): string {
  const interner = emitInterner(emitter, st, k);
  // Slices of other types are equal by more than their bytes: 1 and 1.0 of jsonb.
  if (operand.rep === 'slice' && keysAreBytes(operand.typeOid)) {
    const id = `${interner}.idOfBytes(u8, ${operand.start}, ${operand.end})`;
    return operand.isNull === 'false' ? id : `(${operand.isNull} ? ${interner}.idOf(null) : ${id})`;
  }
  return `${interner}.idOf(${compiler.toAny(operand)})`;
}

/** `sp` takes rows without a group, where the function is made for full memory. */
export type ConsumeFunction = (
  x: ExecContext,
  c: readonly (readonly Value[])[],
  count: number,
  st: Groups,
  sp: GroupSpill | null,
) => void;

/** A function that takes the rows of a batch. */
export function consumeFunction(
  slots: SlotAllocator,
  input: InputTypes,
  keys: readonly Expr[],
  calls: readonly AggregateCall[],
  accumulators: readonly Accumulator[],
  isFull = false,
): ConsumeFunction {
  const emitter = new Emitter();
  const loaded = new Map<number, Operand>();
  const exprs = [...keys, ...callExprs(calls)];
  const closed = isSharingCode() && isRepeatable(exprs) ? exprs.filter(isComputed) : [];
  const closures = batchClosures(slots, input, closed);
  const computed = new Map(closed.map((expr, k) => [expr, closures[k]]));
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    column: (_i, index) => loaded.get(index) as Operand,
    computed: computedCode(emitter, computed, 'c, i'),
  });
  // An expression may have to wait (a subquery, a page): its row is the one to go on with.
  emitter.emit('let i = st.at;');
  emitter.open('try {');
  emitter.open('for (; i < count; i++) {');
  const open = exprs.filter((expr) => !computed.has(expr));
  for (const index of usedColumns(open, 0)) {
    const name = emitter.name('v');
    emitter.prelude(`const c${index}_ = c[${index}];`);
    emitter.emit(`const ${name} = c${index}_[i];`);
    const { typeOid } = input[index];
    loaded.set(index, { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` });
  }
  if (isFull) emitFullAccumulation(emitter, compiler, keys, accumulators);
  else emitAccumulation(emitter, compiler, 'st', keys, accumulators);
  if (accumulators.some((accumulator) => accumulator.mayWait === true)) emitter.emit('x.evaluated();');
  else emitEvaluated(emitter, exprs);
  emitter.close();
  emitter.reopen('} finally {');
  emitter.emit('st.at = i;');
  emitter.close();
  return emitter.build('x, c, count, st, sp');
}

/** What the calls compute of a row. Direct arguments are of the group. */
export function callExprs(calls: readonly AggregateCall[]): Expr[] {
  return calls.flatMap((c) => [...c.args, ...c.orderBy.map((k) => k.expr), ...(c.filter === null ? [] : [c.filter])]);
}
