/** A scan whose rows are the result, writing them to the client itself: its functions, generated for the form that is asked for. */
import type { Expr } from '../../planner/expr.ts';
import type { Plan } from '../../planner/plan.ts';
import { Batch } from '../batch.ts';
import { encodedBody } from '../compile/encoded-row.ts';
import type { RowBody } from '../compile/row-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import type { RowForm } from '../row-form.ts';

/** Answered by all: whoever polls looks at the count at once. */
export const ENCODED = new Batch(0, true);

export class SentRows<F> {
  readonly #functionFor: (form: RowForm) => F;
  #form: RowForm | null = null;
  #function: F | null = null;

  private constructor(functionFor: (form: RowForm) => F) {
    this.#functionFor = functionFor;
  }

  /**
   * null: the plan's rows are not the result, or so few that code which writes them takes longer to compile than they to be encoded (batches
   * instead: statements that come once take 12 % less time). `name`: of the function, among those of the plan.
   */
  static of<F>(
    { program, sharing }: Execution,
    plan: Plan & { readonly targets: readonly Expr[] },
    name: string,
    make: (body: RowBody) => F,
  ): SentRows<F> | null {
    if (sharing === 'all' || program.sentScan !== plan) return null;
    return new SentRows((form) =>
      program.memo(plan, `${name} ${form.key}`, () => make(encodedBody(plan.targets, form))),
    );
  }

  /** The function that writes rows to x.rowTarget; null: batches of values are wanted. */
  ask(x: ExecContext): F | null {
    const { form } = x.rowTarget;
    if (form === null) return null;
    if (form !== this.#form) {
      // Sessions that share a program have forms of their own, with equal keys.
      if (form.key !== this.#form?.key) this.#function = this.#functionFor(form);
      this.#form = form;
    }
    return this.#function;
  }
}
