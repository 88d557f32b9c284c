/** Functions over a pair of rows: the condition of a join, and what it gives for pairs that pass. */
import type { Value } from '../../catalog/function-entry.ts';
import type { ColumnExpr, Expr } from '../../planner/expr.ts';
import type { Columns } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { columnOperand, type InputTypes } from './batch-program.ts';
import { CLOSURE_RUNS_MAX, type Closure, ClosureMaker } from './closures.ts';
import { Emitter, isSharingCode, sharingCode } from './emitter.ts';
import { ExpressionCompiler } from './expression.ts';
import type { Operand } from './operand.ts';
import { usedColumns } from './page-columns.ts';
import { isRepeatable } from './repeatable.ts';
import type { SlotAllocator } from './slots.ts';

/** One pair of an outer and an inner row; row number -1 = all columns null. */
export type PairCondition = (x: ExecContext, o: Columns, i: number, d: Columns, j: number) => boolean;
export type PairEmit = (
  x: ExecContext,
  o: Columns,
  i: number,
  d: Columns,
  j: number,
  out: Value[][],
  n: number,
) => boolean;

/** The row of closures over pairs. */
interface Pair {
  readonly o: Columns;
  readonly i: number;
  readonly d: Columns;
  readonly j: number;
}

function pairColumn({ input, index }: ColumnExpr): Closure<Pair> {
  if (input === 0) return (_x, { o, i }) => (i < 0 ? null : o[index][i]);
  return (_x, { d, j }) => (j < 0 ? null : d[index][j]);
}

function pairCompiler(
  emitter: Emitter,
  slots: SlotAllocator,
  outer: InputTypes,
  inner: InputTypes,
  exprs: readonly (Expr | null)[],
): ExpressionCompiler {
  const loaded = new Map<number, Operand>();
  for (const index of usedColumns(exprs, 0)) {
    loaded.set(index, columnOperand(emitter, outer[index].typeOid, `i < 0 ? null : o[${index}][i]`));
  }
  for (const index of usedColumns(exprs, 1)) {
    loaded.set(100_000 + index, columnOperand(emitter, inner[index].typeOid, `j < 0 ? null : d[${index}][j]`));
  }
  return new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    column: (input, index) => loaded.get(input * 100_000 + index) as Operand,
  });
}

export function pairCondition(
  slots: SlotAllocator,
  outer: InputTypes,
  inner: InputTypes,
  condition: Expr,
): PairCondition {
  const generate = (): PairCondition => generatedCondition(slots, outer, inner, condition);
  if (!isSharingCode() || !isRepeatable([condition])) return generate();
  const test = new ClosureMaker<Pair>(slots, pairColumn).condition(condition);
  if (test === null) return generate();
  let left = CLOSURE_RUNS_MAX;
  let generated: PairCondition | null = null;
  return (x, o, i, d, j) => {
    if (--left === 0) generated = sharingCode(generate);
    return generated === null ? test(x, { o, i, d, j }, 0) : generated(x, o, i, d, j);
  };
}

function generatedCondition(
  slots: SlotAllocator,
  outer: InputTypes,
  inner: InputTypes,
  condition: Expr,
): PairCondition {
  const emitter = new Emitter();
  const compiler = pairCompiler(emitter, slots, outer, inner, [condition]);
  compiler.compileFilter(condition, 'return false;');
  emitter.emit('return true;');
  return emitter.build('x, o, i, d, j');
}

export function pairEmit(
  slots: SlotAllocator,
  outer: InputTypes,
  inner: InputTypes,
  filter: Expr | null,
  targets: readonly Expr[],
): PairEmit {
  const generate = (): PairEmit => generatedEmit(slots, outer, inner, filter, targets);
  // As rowValuesFunction: literals come before effects.
  if (!isSharingCode() || !isRepeatable([filter, ...targets])) return generate();
  const closures = new ClosureMaker<Pair>(slots, pairColumn);
  const test = filter === null ? null : closures.condition(filter);
  const values = targets.map((target) => closures.value(target));
  if ((filter !== null && test === null) || values.includes(null)) return generate();
  const made = values as readonly Closure<Pair>[];
  let left = CLOSURE_RUNS_MAX;
  let generated: PairEmit | null = null;
  return (x, o, i, d, j, out, n) => {
    if (--left === 0) generated = sharingCode(generate);
    if (generated !== null) return generated(x, o, i, d, j, out, n);
    const pair = { o, i, d, j };
    if (test !== null && !test(x, pair, 0)) return false;
    // Where one throws or waits the pair is not there: it is not counted.
    for (let k = 0; k < made.length; k++) out[k][n] = made[k](x, pair, 0);
    return true;
  };
}

function generatedEmit(
  slots: SlotAllocator,
  outer: InputTypes,
  inner: InputTypes,
  filter: Expr | null,
  targets: readonly Expr[],
): PairEmit {
  const emitter = new Emitter();
  const compiler = pairCompiler(emitter, slots, outer, inner, [filter, ...targets]);
  if (filter !== null) compiler.compileFilter(filter, 'return false;');
  const values = targets.map((t) => compiler.compileToAny(t));
  values.forEach((code, k) => {
    emitter.emit(`out[${k}][n] = ${code};`);
  });
  emitter.emit('return true;');
  return emitter.build('x, o, i, d, j, out, n');
}
