/** Rows without a table: one of expressions, those of VALUES, none. */
import type { Value } from '../../catalog/function-entry.ts';
import type { ConstExpr, Expr } from '../../planner/expr.ts';
import type { ResultPlan, ValuesPlan } from '../../planner/plan.ts';
import { BATCH_SIZE, Batch, END } from '../batch.ts';
import {
  type ProjectFunction,
  projectFunction,
  type RowValuesFunction,
  rowValuesFunction,
} from '../compile/batch-program.ts';
import { ConstantList } from '../compile/constant-list.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { HeldError } from './held-error.ts';
import type { Operator } from './operator.ts';

const NO_COLUMNS: Value[][] = [];

/** One row, or none when the filter fails. */
export class ResultOperator implements Operator {
  readonly #project: ProjectFunction;
  readonly #out: Batch;
  #isDone = false;

  constructor(plan: ResultPlan, execution: Execution) {
    this.#out = new Batch(plan.targets.length);
    this.#project = execution.program.memo(plan, 'project', () =>
      projectFunction(execution.program.slots, [], plan.filter, plan.targets),
    );
  }

  open(): void {
    this.#isDone = false;
  }

  poll(x: ExecContext): Batch {
    if (this.#isDone) return END;
    this.#out.count = this.#project(x, NO_COLUMNS, 1, this.#out.columns);
    this.#isDone = true;
    return this.#out.count > 0 ? this.#out : END;
  }

  close(): void {}
}

/** No rows: of a condition that is false. */
export class EmptyOperator implements Operator {
  open(): void {}
  poll(): Batch {
    return END;
  }
  close(): void {}
}

/** One row of VALUES. */
type ValuesRow = (x: ExecContext, target: Value[]) => void;

/** The expression with its constants taken out, into `constants`, and replaced by columns of the same types. */
function withoutConstants<T>(node: T, constants: ConstExpr[]): T {
  if (node === null || typeof node !== 'object') return node;
  if (Array.isArray(node)) return node.map((item) => withoutConstants(item, constants)) as T;
  const expr = node as unknown as Expr & Record<string, unknown>;
  if (expr.kind === 'const') {
    const index = constants.push(expr as ConstExpr) - 1;
    return { kind: 'column', input: 0, index, typeOid: expr.typeOid, typeModifier: expr.typeModifier } as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key in expr) {
    const isOpaque = key === 'function' || key === 'equality' || key === 'operator' || key === 'plan';
    copy[key] = isOpaque ? expr[key] : withoutConstants(expr[key], constants);
  }
  return copy as T;
}

/** Rows of a long VALUES list differ in their constants only: one function is generated for all that are alike. */
class ValuesCompiler {
  readonly #execution: Execution;
  readonly #byShape = new Map<string, RowValuesFunction>();

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  row(exprs: readonly Expr[]): ValuesRow {
    const { slots } = this.#execution.program;
    const constants: ConstExpr[] = [];
    const open = withoutConstants(exprs, constants);
    const list = new ConstantList(constants, slots);
    // Rows of constants alone need no code.
    const compute =
      constants.length === exprs.length && exprs.every((e) => e.kind === 'const')
        ? null
        : this.#compiled(open, constants);
    const columns: Value[][] = compute === null ? [] : constants.map(() => []);
    return (x, target) => {
      for (let c = 0; c < constants.length; c++) {
        const actual = list.valueAt(x, c);
        if (compute === null) target[c] = actual;
        else columns[c][0] = actual;
      }
      if (compute !== null) compute(x, columns, 0, target);
    };
  }

  #compiled(open: readonly Expr[], constants: readonly ConstExpr[]): RowValuesFunction {
    const key = JSON.stringify(open, (name, value) =>
      name === 'function' || name === 'equality' || name === 'operator' ? (value?.oid ?? value) : value,
    );
    let compute = this.#byShape.get(key);
    if (compute === undefined || key.includes('"subplan"')) {
      compute = rowValuesFunction(this.#execution.program.slots, constants, open);
      this.#byShape.set(key, compute);
    }
    return compute;
  }
}

/** VALUES. */
export class ValuesOperator implements Operator {
  readonly #rows: readonly ValuesRow[];
  readonly #out: Batch;
  readonly #values: Value[] = [];
  #next = 0;
  /** Rows in `out` that were computed before one had to wait. */
  #count = 0;
  readonly #error = new HeldError();

  constructor(plan: ValuesPlan, execution: Execution) {
    const { program } = execution;
    this.#out = new Batch(plan.output.length);
    this.#rows = program.memo(plan, 'rows', () => {
      const compiler = new ValuesCompiler(execution);
      return plan.rowsOf.map((exprs) => compiler.row(exprs));
    });
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  open(): void {
    this.#next = 0;
    this.#count = 0;
    this.#error.forget();
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    const out = this.#out;
    while (this.#next < this.#rows.length && this.#count < this.#batchSize) {
      try {
        this.#rows[this.#next](x, this.#values);
      } catch (error) {
        this.#error.hold(x, error, this.#count);
        break;
      }
      for (let c = 0; c < out.columns.length; c++) out.columns[c][this.#count] = this.#values[c];
      // Not before: what is computed may have to wait.
      this.#next++;
      this.#count++;
    }
    out.count = this.#count;
    this.#count = 0;
    return out.count > 0 ? out : END;
  }

  close(): void {}
}
