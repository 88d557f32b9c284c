/**
 * Generated functions over batches: filter and projection, join conditions, keys.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import { OID } from '../../types/index.ts';
import type { Columns } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { rowTidCode } from '../row/row-tid.ts';
import { constantReader } from './constant-list.ts';
import { type Code, Emitter, isSharingCode } from './emitter.ts';
import { ExpressionCompiler } from './expression.ts';
import { emitEvaluated, mayWait } from './may-wait.ts';
import { type Operand, repOfType } from './operand.ts';
import { usedColumns } from './page-columns.ts';
import { isRepeatable, remembersCalls } from './repeatable.ts';
import type { SlotAllocator } from './slots.ts';

/** Types of an input's columns. */
export type InputTypes = readonly { readonly typeOid: number }[];

function columnOperand(emitter: Emitter, typeOid: number, code: Code): Operand {
  const name = emitter.name('v');
  emitter.emit(`const ${name} = ${code};`);
  return { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` };
}

/** `(x, c, count, out)`: rows of `c` that pass the filter, projected into `out`; answers how many. */
export type ProjectFunction = (x: ExecContext, c: Columns, count: number, out: Value[][]) => number;

export function projectFunction(
  slots: SlotAllocator,
  input: InputTypes,
  filter: Expr | null,
  targets: readonly Expr[],
): ProjectFunction {
  if (isSharingCode()) return projectionOfFragments(slots, input, filter, targets);
  const emitter = new Emitter();
  const loaded = new Map<number, Operand>();
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    remembers: remembersCalls([filter, ...targets]),
    column: (_i, index) => loaded.get(index) as Operand,
  });
  const load = (exprs: readonly (Expr | null)[]): void => {
    for (const index of usedColumns(exprs, 0)) {
      if (loaded.has(index)) continue;
      emitter.prelude(`const c${index}_ = c[${index}];`);
      loaded.set(index, columnOperand(emitter, input[index].typeOid, `c${index}_[i]`));
    }
  };
  emitter.emit('let n = 0;');
  emitter.open('for (let i = 0; i < count; i++) {');
  load([filter]);
  if (filter !== null) compiler.compileFilter(filter, 'continue;');
  load(targets);
  const values = targets.map((t) => compiler.compileToAny(t));
  values.forEach((code, k) => {
    emitter.emit(`out[${k}][n] = ${code};`);
  });
  emitter.emit('n++;');
  emitter.close();
  emitEvaluated(emitter, [filter, ...targets]);
  emitter.emit('return n;');
  return emitter.build('x, c, count, out');
}

/** One expression over row i of a batch. */
type Fragment = (x: ExecContext, c: Columns, i: number) => Value;

function fragmentFunction(
  slots: SlotAllocator,
  input: InputTypes,
  expr: Expr,
  remembers: boolean,
  emitBody: (emitter: Emitter, compiler: ExpressionCompiler) => void,
): Fragment {
  const emitter = new Emitter();
  const loaded = new Map<number, Operand>();
  const column = (_i: number, index: number): Operand => loaded.get(index) as Operand;
  const compiler = new ExpressionCompiler({ emitter, slots, bail: null, remembers, column });
  for (const index of usedColumns([expr], 0)) {
    loaded.set(index, columnOperand(emitter, input[index].typeOid, `c[${index}][i]`));
  }
  emitBody(emitter, compiler);
  return emitter.build('x, c, i');
}

/** A projection in pieces that are shared, as rows of tables have them (rowOfFragments in row-program.ts). */
function projectionOfFragments(
  slots: SlotAllocator,
  input: InputTypes,
  filter: Expr | null,
  targets: readonly Expr[],
): ProjectFunction {
  const waits = mayWait([filter, ...targets]);
  const remembers = waits && !isRepeatable([filter, ...targets]);
  const test =
    filter === null
      ? null
      : fragmentFunction(slots, input, filter, remembers, (emitter, compiler) => {
          compiler.compileFilter(filter, 'return false;');
          emitter.emit('return true;');
        });
  const values = targets.map((target): Fragment => {
    if (target.kind === 'column') return (_x, c, i) => c[target.index][i];
    return fragmentFunction(slots, input, target, remembers, (emitter, compiler) =>
      emitter.emit(`return ${compiler.toAny(compiler.compile(target))};`),
    );
  });
  return (x, c, count, out) => {
    let n = 0;
    for (let i = 0; i < count; i++) {
      if (test !== null && test(x, c, i) !== true) continue;
      // Where one throws or waits the row is not there: it is not counted.
      for (let k = 0; k < values.length; k++) out[k][n] = values[k](x, c, i);
      n++;
    }
    if (waits) x.evaluated();
    return n;
  };
}

/** Values of expressions for one row: `(x, c, i, target)`. */
export type RowValuesFunction = (x: ExecContext, c: Columns, i: number, target: Value[]) => void;

/** `inputNumber`: what the expressions call the input (a join's inner side is 1). */
export function rowValuesFunction(
  slots: SlotAllocator,
  input: InputTypes,
  exprs: readonly Expr[],
  inputNumber = 0,
): RowValuesFunction {
  const emitter = new Emitter();
  const loaded = new Map<number, Operand>();
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    remembers: remembersCalls(exprs),
    column: (_i, index) => loaded.get(index) as Operand,
  });
  for (const index of usedColumns(exprs, inputNumber)) {
    loaded.set(index, columnOperand(emitter, input[index].typeOid, `c[${index}][i]`));
  }
  const values = exprs.map((e) => compiler.compileToAny(e));
  values.forEach((code, k) => {
    emitter.emit(`target[${k}] = ${code};`);
  });
  emitEvaluated(emitter, exprs);
  return emitter.build('x, c, i, target');
}

/** A value from parameters and constants alone. */
export type ScalarFunctionOfContext = (x: ExecContext) => Value;

export function scalarFunction(slots: SlotAllocator, expr: Expr): ScalarFunctionOfContext {
  if (expr.kind === 'const') return constantReader(slots, expr);
  if (expr.kind === 'param') return (x) => x.params[expr.index];
  const emitter = new Emitter();
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    column: () => {
      throw new Error('column reference where none is possible');
    },
  });
  emitter.emit(`return ${compiler.compileToAny(expr)};`);
  return emitter.build('x');
}

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

/**
 * General form for modifications: several inputs, each a row of values. `(x, rows, target)`: rows[k] is input k.
 */
export type RowsFunction = (x: ExecContext, rows: readonly (readonly Value[])[], target: Value[]) => void;
export type RowsCondition = (x: ExecContext, rows: readonly (readonly Value[])[]) => boolean;

function rowsCompiler(
  emitter: Emitter,
  slots: SlotAllocator,
  inputs: readonly InputTypes[],
  exprs: readonly (Expr | null)[],
  remembers = false,
): ExpressionCompiler {
  const loaded = new Map<string, Operand>();
  inputs.forEach((types, input) => {
    for (const index of usedColumns(exprs, input)) {
      loaded.set(`${input}/${index}`, columnOperand(emitter, types[index].typeOid, `rows[${input}][${index}]`));
    }
  });
  return new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    remembers,
    column: (input, index) => loaded.get(`${input}/${index}`) as Operand,
    systemColumn: (input, name, tableOid) =>
      name === 'ctid'
        ? {
            rep: 'num',
            typeOid: OID.TID,
            value: rowTidCode(`x.rowIds[${input}]`),
            isNull: `(x.rowIds[${input}] < 0)`,
          }
        : { rep: 'num', typeOid: OID.OID, value: name === 'tableoid' ? String(tableOid) : '0', isNull: 'false' },
  });
}

export function rowsFunction(
  slots: SlotAllocator,
  inputs: readonly InputTypes[],
  exprs: readonly Expr[],
): RowsFunction {
  const emitter = new Emitter();
  const compiler = rowsCompiler(emitter, slots, inputs, exprs, remembersCalls(exprs));
  const values = exprs.map((e) => compiler.compileToAny(e));
  values.forEach((code, k) => {
    emitter.emit(`target[${k}] = ${code};`);
  });
  emitEvaluated(emitter, exprs);
  return emitter.build('x, rows, target');
}

export function rowsCondition(slots: SlotAllocator, inputs: readonly InputTypes[], condition: Expr): RowsCondition {
  const emitter = new Emitter();
  const compiler = rowsCompiler(emitter, slots, inputs, [condition]);
  compiler.compileFilter(condition, 'return false;');
  emitter.emit('return true;');
  return emitter.build('x, rows');
}

/** CHECK: fails only when false, so NULL passes. */
export function rowsCheck(slots: SlotAllocator, inputs: readonly InputTypes[], condition: Expr): RowsCondition {
  const emitter = new Emitter();
  const compiler = rowsCompiler(emitter, slots, inputs, [condition]);
  const value = compiler.compileToAny(condition);
  emitter.emit(`return ${value} !== false;`);
  return emitter.build('x, rows');
}
