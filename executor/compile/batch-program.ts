/**
 * Functions over batches, generated or made of closures: filter and projection, keys, rows of values.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { ColumnExpr, Expr } from '../../planner/expr.ts';
import { OID } from '../../types/index.ts';
import type { Columns } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import { rowTidCode } from '../row/row-tid.ts';
import { ClosureMaker, closureOr } from './closures.ts';
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

export function columnOperand(emitter: Emitter, typeOid: number, code: Code): Operand {
  const name = emitter.name('v');
  emitter.emit(`const ${name} = ${code};`);
  return { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` };
}

/** `(x, c, count, out)`: rows of `c` that pass the filter, projected into `out`; answers how many, or leaves it in x.rowsMade and throws. */
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
  emitter.open('try {');
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
  emitter.reopen('} catch (error) {');
  emitter.emit('x.rowsMade = n; throw error;');
  emitter.close();
  emitEvaluated(emitter, [filter, ...targets]);
  emitter.emit('return n;');
  return emitter.build('x, c, count, out');
}

/** One expression over row i of a batch. */
type Fragment = (x: ExecContext, c: Columns, i: number) => Value;

type EmitFragment = (emitter: Emitter, compiler: ExpressionCompiler) => void;

export type RowValueFunction = Fragment;

/** For values of few rows. Who calls it says when what was called in it is done (ExecContext.evaluated). */
export function rowValueFunction(slots: SlotAllocator, input: InputTypes, expr: Expr): RowValueFunction {
  const remembers = remembersCalls([expr]);
  // What is remembered has its place in generated code.
  if (remembers) return fragmentFunction(slots, input, expr, remembers, returnValue(expr));
  return batchClosures(slots, input, [expr])[0];
}

function fragmentFunction(
  slots: SlotAllocator,
  input: InputTypes,
  expr: Expr,
  remembers: boolean,
  emitBody: EmitFragment,
  inputNumber = 0,
): Fragment {
  const emitter = new Emitter();
  const loaded = new Map<number, Operand>();
  const column = (_i: number, index: number): Operand => loaded.get(index) as Operand;
  const compiler = new ExpressionCompiler({ emitter, slots, bail: null, remembers, column });
  for (const index of usedColumns([expr], inputNumber)) {
    loaded.set(index, columnOperand(emitter, input[index].typeOid, `c[${index}][i]`));
  }
  emitBody(emitter, compiler);
  return emitter.build('x, c, i');
}

function columnClosure({ index }: ColumnExpr): Fragment {
  return (_x, c, i) => c[index][i];
}

/** Values of expressions over rows of a batch, in code that is shared. */
export function batchClosures(
  slots: SlotAllocator,
  input: InputTypes,
  exprs: readonly Expr[],
  inputNumber = 0,
): Fragment[] {
  const closures = new ClosureMaker<Columns>(slots, columnClosure);
  return exprs.map((expr) => {
    if (expr.kind === 'column') return columnClosure(expr);
    return closureOr(closures.value(expr), () =>
      fragmentFunction(slots, input, expr, false, returnValue(expr), inputNumber),
    );
  });
}

function returnValue(expr: Expr): EmitFragment {
  return (emitter, compiler) => emitter.emit(`return ${compiler.toAny(compiler.compile(expr))};`);
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
  // What is remembered has its place in generated code.
  const closures = remembers ? null : new ClosureMaker<Columns>(slots, columnClosure);
  const fragment = (expr: Expr, closure: Fragment | null | undefined, emitBody: EmitFragment): Fragment =>
    closureOr(closure ?? null, () => fragmentFunction(slots, input, expr, remembers, emitBody));
  const test =
    filter === null
      ? null
      : fragment(filter, closures?.condition(filter), (emitter, compiler) => {
          compiler.compileFilter(filter, 'return false;');
          emitter.emit('return true;');
        });
  const values = targets.map((target): Fragment => {
    if (target.kind === 'column') return columnClosure(target);
    return fragment(target, closures?.value(target), returnValue(target));
  });
  return (x, c, count, out) => {
    let n = 0;
    try {
      for (let i = 0; i < count; i++) {
        if (test !== null && test(x, c, i) !== true) continue;
        // Where one throws or waits the row is not there: it is not counted.
        for (let k = 0; k < values.length; k++) out[k][n] = values[k](x, c, i);
        n++;
      }
    } catch (error) {
      x.rowsMade = n;
      throw error;
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
  // Generated code has read all literals, one of which may be refused, before the first call, which may have effects.
  if (isSharingCode() && !mayWait(exprs) && isRepeatable(exprs)) {
    const values = batchClosures(slots, input, exprs, inputNumber);
    return (x, c, i, target) => {
      for (let k = 0; k < values.length; k++) target[k] = values[k](x, c, i);
    };
  }
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
  const generate = (): ScalarFunctionOfContext => generatedScalar(slots, expr);
  if (!isSharingCode() || !isRepeatable([expr])) return generate();
  const closure = new ClosureMaker<undefined>(slots, noColumns).value(expr);
  return closureOr(closure, generate) as ScalarFunctionOfContext;
}

function noColumns(): never {
  throw new Error('column reference where none is possible');
}

function generatedScalar(slots: SlotAllocator, expr: Expr): ScalarFunctionOfContext {
  const emitter = new Emitter();
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    column: noColumns,
  });
  emitter.emit(`return ${compiler.compileToAny(expr)};`);
  return emitter.build('x');
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

/** `goesOn`: more is computed for the same row, by somebody who says when it is done (ExecContext.evaluated). */
export function rowsFunction(
  slots: SlotAllocator,
  inputs: readonly InputTypes[],
  exprs: readonly Expr[],
  goesOn = false,
): RowsFunction {
  const emitter = new Emitter();
  const compiler = rowsCompiler(emitter, slots, inputs, exprs, remembersCalls(exprs));
  const values = exprs.map((e) => compiler.compileToAny(e));
  values.forEach((code, k) => {
    emitter.emit(`target[${k}] = ${code};`);
  });
  if (!goesOn) emitEvaluated(emitter, exprs);
  return emitter.build('x, rows, target');
}

/** Whoever asks says when the row is done. */
export function rowsCondition(slots: SlotAllocator, inputs: readonly InputTypes[], condition: Expr): RowsCondition {
  const emitter = new Emitter();
  const compiler = rowsCompiler(emitter, slots, inputs, [condition]);
  compiler.compileFilter(condition, 'return false;');
  emitter.emit('return true;');
  return emitter.build('x, rows');
}

/** CHECK: fails only when false, so NULL passes. Otherwise as rowsCondition. */
export function rowsCheck(slots: SlotAllocator, inputs: readonly InputTypes[], condition: Expr): RowsCondition {
  const emitter = new Emitter();
  const compiler = rowsCompiler(emitter, slots, inputs, [condition]);
  const value = compiler.compileToAny(condition);
  emitter.emit(`return ${value} !== false;`);
  return emitter.build('x, rows');
}
