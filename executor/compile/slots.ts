/** Places in an execution's context for what a plan's generated functions compute once or take from the statement. */
import type { Value } from '../../catalog/function-entry.ts';
import type { SubplanExpr } from '../../planner/expr.ts';

/** Slots of the execution context that a compiled statement uses; shared by all generated functions of a plan. */
export class SlotAllocator {
  /** Literals that plans shared by shape take from each statement, each in its slot of ExecContext.lifted. */
  readonly lifted: { readonly literalIndex: number; readonly typeOid: number; readonly typeModifier: number }[] = [];
  /** By literalIndex: a literal is taken as a few types at most, a statement may have a hundred thousand literals. */
  readonly #slotsOfLiterals: number[][] = [];
  onceCount = 0;
  /** Where functions keep what they compute once; null: in ExecContext.once, for one execution. */
  readonly kept: Value[] | null;
  readonly subplans: SubplanExpr[] = [];

  /**
   * `isOfCatalog`: for expressions that belong to no statement (of indexes). Contexts of all statements run them, whose slots are not
   * theirs; without parameters, what they compute once stays good.
   */
  constructor(isOfCatalog = false) {
    this.kept = isOfCatalog ? [] : null;
  }

  liftedSlot(literalIndex: number, typeOid: number, typeModifier: number): number {
    const { lifted } = this;
    const known = this.#slotsOfLiterals[literalIndex]?.find(
      (slot) => lifted[slot].typeOid === typeOid && lifted[slot].typeModifier === typeModifier,
    );
    if (known !== undefined) return known;
    const slot = lifted.push({ literalIndex, typeOid, typeModifier }) - 1;
    this.#slotsOfLiterals[literalIndex] ??= [];
    this.#slotsOfLiterals[literalIndex].push(slot);
    return slot;
  }

  /** The same subquery keeps its slot in the fast and the generic form of a program. */
  subplanSlot(expr: SubplanExpr): number {
    const known = this.subplans.indexOf(expr);
    return known >= 0 ? known : this.subplans.push(expr) - 1;
  }
}
