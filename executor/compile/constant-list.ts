/**
 * Constants, alone and in lists of expressions: IN lists and arrays have a hundred thousand. They are held as data: as code each would
 * take a variable, of which a function has no more than 65,535, and lists that differ in length would share no code.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { ConstExpr, Expr } from '../../planner/expr.ts';
import type { ExecContext } from '../context.ts';
import type { Code } from './emitter.ts';
import type { ExpressionCompiler } from './expression.ts';
import { liftedValue } from './runtime.ts';
import type { SlotAllocator } from './slots.ts';

/** Where the context keeps what a lifted literal is read as; -1: it is not lifted. */
function slotOf(slots: SlotAllocator, { literalIndex, typeOid, typeModifier }: ConstExpr): number {
  return literalIndex < 0 ? -1 : slots.liftedSlot(literalIndex, typeOid, typeModifier);
}

function constantValue(x: ExecContext, { value, literalIndex, typeOid, typeModifier }: ConstExpr, slot: number): Value {
  return slot < 0 || x.literals === null ? value : liftedValue(x, slot, literalIndex, typeOid, typeModifier);
}

/** Reads a constant, which may be a lifted literal. */
export function constantReader(slots: SlotAllocator, constant: ConstExpr): (x: ExecContext) => Value {
  const slot = slotOf(slots, constant);
  return (x) => constantValue(x, constant, slot);
}

/** A list of expressions, of which most are constants. */
export class ConstantList {
  /** Null in the places of other expressions. */
  readonly #constants: readonly (ConstExpr | null)[];
  readonly #slots: readonly number[];

  constructor(exprs: readonly Expr[], slots: SlotAllocator) {
    this.#constants = exprs.map((expr) => (expr.kind === 'const' ? expr : null));
    this.#slots = this.#constants.map((constant) => (constant === null ? -1 : slotOf(slots, constant)));
  }

  /** Of the constant at a place. */
  valueAt(x: ExecContext, i: number): Value {
    return constantValue(x, this.#constants[i] as ConstExpr, this.#slots[i]);
  }

  /** The values of all; `others`: of the expressions that are no constants, in their order. */
  values(x: ExecContext, others: readonly Value[]): Value[] {
    let next = 0;
    return this.#constants.map((constant, i) => (constant === null ? others[next++] : this.valueAt(x, i)));
  }
}

/** Code for the values of a list, a new array for each evaluation. */
export function compileList(c: ExpressionCompiler, exprs: readonly Expr[]): Code {
  const others = exprs.filter((expr) => expr.kind !== 'const').map((expr) => c.compileToAny(expr));
  if (others.length === exprs.length) return `[${others.join(', ')}]`;
  const list = c.emitter.bind(new ConstantList(exprs, c.slots), 'list');
  return `${list}.values(x, [${others.join(', ')}])`;
}
