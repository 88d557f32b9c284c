/** Comparisons with many values: of rows, with the elements of an array (ANY, ALL), with a list (IN). */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import { plainComparison } from '../../planner/operators.ts';
import { comparator, hashKey, OID } from '../../types/index.ts';
import { equalityCall, implementation } from './call.ts';
import { compileList } from './constant-list.ts';
import type { Code } from './emitter.ts';
import type { ExpressionCompiler } from './expression.ts';
import { isInvariant } from './invariant.ts';
import type { Operand } from './operand.ts';
import * as runtime from './runtime.ts';

/** (a, b) < (c, d): by the first columns that differ. */
export function compileRowComparison(
  c: ExpressionCompiler,
  left: readonly Expr[],
  right: readonly Expr[],
  operator: '<' | '<=' | '>' | '>=',
): Operand {
  const emitter = c.emitter;
  const result = emitter.name('v');
  const label = emitter.name('L');
  emitter.emit(`let ${result} = ${operator.length === 2};`);
  emitter.open(`${label}: {`);
  for (let i = 0; i < left.length; i++) {
    const l = c.compileToAny(left[i]);
    const r = c.compileToAny(right[i]);
    const compare = emitter.bind(comparator(left[i].typeOid), 'compare');
    const order = emitter.name('o');
    emitter.emit(`if (${l} === null || ${r} === null) { ${result} = null; break ${label}; }`);
    emitter.emit(`const ${order} = ${compare}(${l}, ${r});`);
    emitter.emit(`if (${order} !== 0) { ${result} = ${order} ${operator[0]} 0; break ${label}; }`);
  }
  emitter.close();
  return { rep: 'bool', typeOid: OID.BOOL, value: result, isNull: `(${result} === null)` };
}

/** x operator ANY / ALL (array). */
export function compileArrayComparison(
  c: ExpressionCompiler,
  left: Expr,
  array: Expr,
  operator: ScalarFunction,
  all: boolean,
): Operand {
  const l = c.compileToAny(left);
  if (isInvariant(array) && asksMembership(operator, all)) return membership(c, l, left.typeOid, array, all);
  const a = c.compileToAny(array);
  // A closure for each evaluation only where the operator asks the session.
  const f = operator.needsContext
    ? `(a, b) => ${equalityCall(c, operator, operator.argumentTypes)}a, b)`
    : implementation(c, operator, operator.argumentTypes, OID.BOOL);
  const run = c.emitter.bind(runtime.arrayCompare, 'arrayCompare');
  return c.anyResult(`${run}(${l}, ${a}, ${f}, ${all})`, OID.BOOL);
}

/** = ANY and <> ALL by the hash keys of an array that stays the same: a list of thousands costs a row no more than one of two. */
function membership(c: ExpressionCompiler, left: Code, typeOid: number, array: Expr, all: boolean): Operand {
  const emitter = c.emitter;
  const keyOf = emitter.bind(hashKey(typeOid), 'keyOf');
  const set = emitter.name('s');
  const slot = c.onceSlot();
  emitter.prelude(`let ${set} = ${slot};`);
  emitter.open(`if (${set} === undefined) {`);
  const makeSet = emitter.bind(runtime.makeArraySet, 'makeArraySet');
  emitter.emit(`${set} = ${slot} = ${makeSet}(${typeOid}, ${c.compileToAny(array)});`);
  emitter.close();
  const found = `${set}.keys.has(${keyOf}(${left})) ? ${!all} : ${set}.hasNull ? null : ${all}`;
  return c.anyResult(`${set} === null ? null : ${set}.isEmpty ? ${all} : ${left} === null ? null : ${found}`, OID.BOOL);
}

/** x IN (list): by hash keys where the list stays the same. */
export function compileInList(c: ExpressionCompiler, expr: Extract<Expr, { kind: 'inList' }>): Operand {
  const emitter = c.emitter;
  const arg = c.compileToAny(expr.arg);
  const keyOf = emitter.bind(hashKey(expr.arg.typeOid), 'keyOf');
  const result = emitter.name('v');
  if (expr.list.every((e) => isInvariant(e))) {
    const set = emitter.name('s');
    const slot = c.onceSlot();
    emitter.prelude(`let ${set} = ${slot};`);
    emitter.open(`if (${set} === undefined) {`);
    const makeInSet = emitter.bind(runtime.makeInSet, 'makeInSet');
    emitter.emit(`${set} = ${slot} = ${makeInSet}(${expr.arg.typeOid}, ${compileList(c, expr.list)});`);
    emitter.close();
    emitter.emit(
      `const ${result} = ${arg} === null ? null : ${set}.keys.has(${keyOf}(${arg})) ? ${!expr.negated} : ${set}.hasNull ? null : ${expr.negated};`,
    );
    return { rep: 'bool', typeOid: OID.BOOL, value: result, isNull: `(${result} === null)` };
  }
  const label = emitter.name('L');
  const f = equalityCall(c, expr.equality, [expr.arg.typeOid, expr.arg.typeOid]);
  emitter.emit(`let ${result} = ${arg} === null ? null : ${expr.negated};`);
  emitter.open(`${label}: if (${arg} !== null) {`);
  for (const element of expr.list) {
    const value = c.compileToAny(element);
    emitter.emit(`if (${value} === null) ${result} = null;`);
    emitter.emit(`else if (${f}${arg}, ${value}) === true) { ${result} = ${!expr.negated}; break ${label}; }`);
  }
  emitter.close();
  return { rep: 'bool', typeOid: OID.BOOL, value: result, isNull: `(${result} === null)` };
}

/** Whether `x operator ANY / ALL (array)` asks if the array has x, by an equality that hash keys know; that of records may raise errors. */
export function asksMembership(operator: ScalarFunction, all: boolean): boolean {
  const comparison = plainComparison(operator);
  return comparison?.name === (all ? '<>' : '=') && comparison.leftType !== OID.RECORD;
}
