/**
 * User-made aggregates at run time. Their functions are expressions over the state and the arguments (MadeAggregate), compiled like any
 * other. They may have to wait: then they throw, and what called them is called again.
 *
 *  - A step is computed before any state of its row is changed; so the row can be computed again from its start.
 *  - Where many steps are taken at once (DISTINCT and ORDER BY inside, frames of windows), the steps that were taken are kept with
 *    their state, and are not taken again.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { AggregateCall, Expr, MadeAggregate } from '../../planner/expr.ts';
import { sqlError } from '../../types/errors.ts';
import { Emitter } from '../compile/emitter.ts';
import { ExpressionCompiler } from '../compile/expression.ts';
import { mayWait } from '../compile/may-wait.ts';
import { type Operand, repOfType } from '../compile/operand.ts';
import { usedColumns } from '../compile/page-columns.ts';
import type { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import { valueBytes } from '../spill/memory.ts';
import { type Accumulator, compileArgument, conditionCode, emitFilter } from './accumulator.ts';

/** An expression over the values of `r`. */
type ValueFunction = (x: ExecContext, r: readonly Value[]) => Value;

function valueFunction(slots: SlotAllocator, types: readonly number[], expr: Expr): ValueFunction {
  const emitter = new Emitter();
  const loaded = new Map<number, Operand>();
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    column: (_input, index) => loaded.get(index) as Operand,
  });
  for (const index of usedColumns([expr], 0)) {
    const name = emitter.name('v');
    emitter.emit(`const ${name} = r[${index}];`);
    const typeOid = types[index];
    loaded.set(index, { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` });
  }
  emitter.emit(`return ${compiler.compileToAny(expr)};`);
  return emitter.build('x, r');
}

/** Direct arguments of a call: of a group, computed of its keys. */
export class DirectArguments {
  readonly mayWait: boolean;
  readonly #functions: readonly ValueFunction[];

  constructor({ directArgs }: AggregateCall, slots: SlotAllocator, keyTypes: readonly number[]) {
    this.mayWait = mayWait(directArgs);
    this.#functions = directArgs.map((expr) => valueFunction(slots, keyTypes, expr));
  }

  values(x: ExecContext, keys: readonly Value[]): readonly Value[] {
    return this.#functions.map((value) => value(x, keys));
  }
}

/** Where a run over many rows stands. */
export interface SteppedRun {
  state: Value;
  /** A strict function without INITCOND has no state before its first row. */
  isBegun: boolean;
  /** Rows in the state. */
  count: number;
  /** Rows taken. */
  at: number;
}

export class MadeSteps {
  readonly made: MadeAggregate;
  /** Something in it may throw to wait. */
  readonly mayWait: boolean;
  readonly #step: ValueFunction;
  readonly #final: ValueFunction | null;

  readonly #inverse: ValueFunction | null;

  /** `inverse`: what takes a row out of a state again. */
  constructor(made: MadeAggregate, slots: SlotAllocator, inverse: Expr | null = null) {
    this.made = made;
    this.mayWait = mayWait([made.step, made.final, inverse]);
    this.#inverse = inverse === null ? null : valueFunction(slots, [made.stateType, ...made.argumentTypes], inverse);
    this.#step = valueFunction(slots, [made.stateType, ...made.argumentTypes], made.step);
    this.#final = made.final === null ? null : valueFunction(slots, [made.stateType, ...made.directTypes], made.final);
  }

  begin(): SteppedRun {
    return { state: this.made.initial, isBegun: this.made.initial !== null, count: 0, at: 0 };
  }

  /** The state after one more row; `values`: the state, then the arguments. */
  next(x: ExecContext, values: readonly Value[], isBegun: boolean): Value {
    const { strict } = this.made;
    if (strict) {
      for (let i = 1; i < values.length; i++) if (values[i] === null) return values[0];
      if (!isBegun) return values[1];
      // A strict function that answered NULL once is not called again.
      if (values[0] === null) return null;
    }
    return this.#step(x, values);
  }

  /** Does the row begin a state that there is not yet? */
  isSkipped(values: readonly Value[]): boolean {
    if (!this.made.strict) return false;
    for (let i = 1; i < values.length; i++) if (values[i] === null) return true;
    return false;
  }

  get canTakeOut(): boolean {
    return this.#inverse !== null;
  }

  /** The state without a row that was put into it; null: it has to be computed anew. */
  without(x: ExecContext, values: readonly Value[]): Value {
    return (this.#inverse as ValueFunction)(x, values);
  }

  value(x: ExecContext, state: Value, directArgs: readonly Value[]): Value {
    if (this.#final === null) return state;
    if (this.made.finalStrict && (state === null || this.made.final === null || directArgs.includes(null))) return null;
    return this.#final(x, [state, ...directArgs]);
  }

  /** Takes rows up to `end` (null: one that does not count); throws to wait, and goes on there. Of the steps taken nothing is computed again. */
  run(x: ExecContext, run: SteppedRun, end: number, argumentsOf: (row: number) => readonly Value[] | null): void {
    const { evaluation } = x.functions;
    // Calls of the row around it that were made before: they are met again, those of steps are not.
    const before = evaluation.called;
    for (; run.at < end; run.at++) {
      const args = argumentsOf(run.at);
      if (args === null) continue;
      const values = [run.state, ...args];
      if (this.isSkipped(values)) continue;
      run.state = this.next(x, values, run.isBegun);
      if (run.state === null && this.canTakeOut) {
        throw sqlError('22004', 'moving-aggregate transition function must not return null');
      }
      run.isBegun = true;
      run.count++;
      if (evaluation.called === before) continue;
      evaluation.calls.length = before;
      evaluation.called = before;
    }
  }
}

/** Bytes of a state beyond its place. */
function heldBytes(value: Value): number {
  return typeof value === 'object' || typeof value === 'string' ? valueBytes(value) : 0;
}

/** Takes each row as it comes. */
export class MadeAccumulator implements Accumulator {
  /** State, and whether there is one. */
  readonly stateCount = 2;
  readonly stateBytes = 80;
  readonly isGrowing: boolean;
  readonly mayWait: boolean;
  readonly computesFirst = true;
  readonly #call: AggregateCall;
  readonly #steps: MadeSteps;

  constructor(call: AggregateCall, steps: MadeSteps) {
    this.#call = call;
    this.#steps = steps;
    this.mayWait = steps.mayWait;
    this.isGrowing = !['num', 'bool'].includes(repOfType(steps.made.stateType));
  }

  grow(_x: ExecContext, arrays: Value[][]): void {
    const { state, isBegun } = this.#steps.begin();
    arrays[0].push(state);
    arrays[1].push(isBegun);
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[], groups: string) {
    const { args } = this.#call;
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const values = args.map((arg) => {
      const name = emitter.name('w');
      emitter.emit(`const ${name} = ${compiler.toAny(compileArgument(emitter, compiler, arg, pass))};`);
      return name;
    });
    const steps = emitter.bind(this.#steps, 'steps');
    const [state, isBegun] = arrays;
    return () => {
      const [next, isTaken] = [emitter.name('n'), emitter.name('p')];
      emitter.emit(`let ${next} = null, ${isTaken} = false;`);
      const taken = this.#steps.made.strict ? values.map((value) => `${value} !== null`).join(' && ') : '';
      const test = taken === '' ? '' : `if (${taken}) `;
      const row = [`${state}[g]`, ...values].join(', ');
      emitter.emit(`${condition}${test}{ ${next} = ${steps}.next(x, [${row}], ${isBegun}[g]); ${isTaken} = true; }`);
      return () => {
        const growth = emitter.bind((before: Value, after: Value) => heldBytes(after) - heldBytes(before), 'growth');
        const count = this.isGrowing ? `${groups}.collectedBytes += ${growth}(${state}[g], ${next}); ` : '';
        emitter.emit(`if (${isTaken}) { ${count}${state}[g] = ${next}; ${isBegun}[g] = true; }`);
      };
    };
  }

  final(x: ExecContext, arrays: readonly (readonly Value[])[], group: number): Value {
    return this.#steps.value(x, arrays[0][group], []);
  }
}

/** What collects rows, and puts them in order: accumulators.ts. */
interface Collector extends Accumulator {
  rowsInOrder(rows: Value[][]): readonly Value[][];
}

/** DISTINCT, ORDER BY, WITHIN GROUP: steps are taken at the end. */
export class MadeCollectingAccumulator implements Accumulator {
  /** Rows, and how far the steps over them have come. */
  readonly stateCount = 2;
  readonly stateBytes = 80;
  readonly isGrowing = true;
  readonly mayWait: boolean;
  readonly #call: AggregateCall;
  readonly #steps: MadeSteps;
  readonly #collector: Collector;
  readonly #direct: DirectArguments;

  constructor(call: AggregateCall, direct: DirectArguments, steps: MadeSteps, collector: Collector) {
    this.#call = call;
    this.#direct = direct;
    this.#steps = steps;
    this.#collector = collector;
    this.mayWait = steps.mayWait || direct.mayWait;
  }

  grow(x: ExecContext, arrays: Value[][]): void {
    this.#collector.grow(x, arrays);
    arrays[1].push(null);
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[], groups: string): () => void {
    return this.#collector.emitStep(emitter, compiler, arrays, groups) as () => void;
  }

  final(x: ExecContext, arrays: readonly (readonly Value[])[], group: number, keys: readonly Value[]): Value {
    const { args } = this.#call;
    const collected = arrays[0][group] as Value[][];
    const direct = this.#direct.values(x, keys);
    const places = arrays[1] as Value[];
    places[group] ??= { rows: this.#collector.rowsInOrder(collected), run: this.#steps.begin() };
    const { rows, run } = places[group] as { rows: readonly Value[][]; run: SteppedRun };
    this.#steps.run(x, run, rows.length, (each) => rows[each].slice(0, args.length));
    return this.#steps.value(x, run.state, direct);
  }
}
