/** What definitions ask of the planner about names (planner/bind/lookup.ts), in the session's search path. */
import type { FunctionEntry, OperatorEntry } from '../../catalog/function-entry.ts';
import {
  type FoundFunction,
  isBinaryCoercible,
  lookUpExactFunction,
  lookUpExactOperator,
  lookUpFunction,
  type PlannerEnvironment,
} from '../../planner/index.ts';

export class NameLookup {
  readonly #environment: () => PlannerEnvironment;

  constructor(environment: () => PlannerEnvironment) {
    this.#environment = environment;
  }

  function(names: readonly string[], types: readonly number[]): FoundFunction | null {
    return lookUpFunction(this.#environment(), names, types);
  }

  exactFunction(names: readonly string[], types: readonly number[]): FunctionEntry | null {
    return lookUpExactFunction(this.#environment(), names, types);
  }

  /** 0 on the left: a prefix operator. */
  exactOperator(names: readonly string[], left: number, right: number): OperatorEntry | null {
    return lookUpExactOperator(this.#environment(), names, left, right);
  }

  isBinaryCoercible(source: number, target: number): boolean {
    return isBinaryCoercible(this.#environment(), source, target);
  }
}
