/** Rows, if a condition holds that is looked at once, before what makes them is begun. */
import type { GatePlan } from '../../planner/plan.ts';
import { type Batch, END } from '../batch.ts';
import { type ScalarFunctionOfContext, scalarFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import type { Operator } from './operator.ts';

export class GateOperator implements Operator {
  readonly #input: Operator;
  readonly #condition: ScalarFunctionOfContext;
  /** Null: the condition has not been looked at yet. It may have to wait, which operators do when they are polled. */
  #isOpen: boolean | null = null;

  constructor({ input, filter }: GatePlan, execution: Execution) {
    const { program } = execution;
    this.#input = execution.build(input);
    this.#condition = program.memo(filter, 'scalar', () => scalarFunction(program.slots, filter));
  }

  limitTo(rows: number): void {
    this.#input.limitTo?.(rows);
  }

  countOnly(): boolean {
    return this.#input.countOnly?.() ?? false;
  }

  open(): void {
    this.#isOpen = null;
  }

  poll(x: ExecContext): Batch {
    if (this.#isOpen === null) {
      this.#isOpen = this.#condition(x) === true;
      x.evaluated();
      if (this.#isOpen) this.#input.open(x);
    }
    return this.#isOpen ? this.#input.poll(x) : END;
  }

  close(x: ExecContext): void {
    this.#isOpen = null;
    this.#input.close(x);
  }
}
