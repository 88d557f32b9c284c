/** What the aggregates of accumulators.ts and made-aggregates.ts have in common. */
import type { Value } from '../../catalog/function-entry.ts';
import type { AggregateCall, Expr } from '../../planner/expr.ts';
import { OID } from '../../types/index.ts';
import type { Emitter } from '../compile/emitter.ts';
import type { ExpressionCompiler } from '../compile/expression.ts';
import { type Operand, repOfType } from '../compile/operand.ts';
import type { ExecContext } from '../context.ts';

export interface Accumulator {
  /** Number of state arrays; `grow` pushes the initial values of one more group onto them. */
  readonly stateCount: number;
  /** What the state of a group takes at first, about; and whether it grows with the rows. */
  readonly stateBytes: number;
  readonly isGrowing: boolean;
  /** A step or the final value may throw to wait, and is computed again. */
  readonly mayWait?: boolean;
  /** The second part of emitStep only computes. */
  readonly computesFirst?: true;
  grow(x: ExecContext, arrays: Value[][]): void;
  /**
   * Emits what adds the current row to group `g`. First part: computes arguments (may leave a fast block), answers a function
   * that emits the second part, which changes state and cannot fail halfway through several aggregates. With
   * `computesFirst` it only computes, before all others change anything, and answers what emits the change. `groups`: the Groups in
   * code, whose collectedBytes a growing state counts.
   */
  emitStep(
    emitter: Emitter,
    compiler: ExpressionCompiler,
    arrays: readonly string[],
    groups: string,
  ): () => void | (() => void);
  /** `keys`: of the group, NULL where its grouping set has them not. */
  final(x: ExecContext, arrays: readonly (readonly Value[])[], group: number, keys: readonly Value[]): Value;
  /** The first `end` groups are forgotten: what their states took of scratch memory goes back. */
  release?(arrays: readonly (readonly Value[])[], end: number): void;
}

/** Emits FILTER; answers the local that says whether the row passes, null where there is none. */
export function emitFilter(emitter: Emitter, compiler: ExpressionCompiler, { filter }: AggregateCall): string | null {
  if (filter === null) return null;
  const pass = emitter.name('p');
  emitter.emit(`let ${pass} = false;`);
  emitter.open(`${pass}L: {`);
  compiler.compileFilter(filter, `break ${pass}L;`);
  emitter.emit(`${pass} = true;`);
  emitter.close();
  return pass;
}

/** An argument, which is not computed for rows that FILTER leaves out: `sum(a / b) FILTER (WHERE b <> 0)`. */
export function compileArgument(
  emitter: Emitter,
  compiler: ExpressionCompiler,
  expr: Expr,
  pass: string | null,
): Operand {
  if (pass === null || expr.kind === 'column' || expr.kind === 'const') return compiler.compile(expr);
  const value = emitter.name('w');
  const isNull = emitter.name('n');
  const isNumber = repOfType(expr.typeOid) === 'num' || expr.typeOid === OID.NUMERIC;
  emitter.emit(`let ${value} = ${isNumber ? '0' : 'null'}; let ${isNull} = true;`);
  emitter.open(`if (${pass}) {`);
  const operand = compiler.compile(expr);
  const isPlain = operand.rep === 'num' || operand.rep === 'dec';
  if (isPlain) emitter.emit(`${value} = ${operand.value}; ${isNull} = ${operand.isNull};`);
  else emitter.emit(`${value} = ${compiler.toAny(operand)}; ${isNull} = ${value} === null;`);
  emitter.close();
  const { rep, typeOid, scale, register } = operand;
  return { rep: isPlain ? rep : repOfType(typeOid), typeOid, value, isNull, scale, register };
}

/** `if (...) ` of FILTER; '' when always. */
export function conditionCode(pass: string | null): string {
  return pass === null ? '' : `if (${pass}) `;
}
