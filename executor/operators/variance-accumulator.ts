/** Variances and standard deviations of numeric: sums of scaled doubles and of their squares, as long as they are exact. */

import type { AggregateImplementation, Value } from '../../catalog/function-entry.ts';
import type { NumericMoments } from '../../catalog/functions/aggregates.ts';
import type { AggregateCall } from '../../planner/expr.ts';
import { NumericSum } from '../../types/numeric-sum.ts';
import type { Emitter } from '../compile/emitter.ts';
import type { ExpressionCompiler } from '../compile/expression.ts';
import type { ExecContext } from '../context.ts';
import { decimalFrom } from '../row/row-reader.ts';
import { type Accumulator, compileArgument, conditionCode, emitFilter } from './accumulator.ts';

const SAFE = Number.MAX_SAFE_INTEGER;
const NAMES: readonly string[] = ['variance', 'var_samp', 'var_pop', 'stddev', 'stddev_samp', 'stddev_pop'];

export function isVariance(name: string): boolean {
  return NAMES.includes(name);
}

export class VarianceAccumulator implements Accumulator {
  readonly stateCount = 4;
  readonly stateBytes = 50;
  readonly isGrowing = false;
  readonly #call: AggregateCall;
  readonly #implementation: AggregateImplementation;
  /** Of the doubles; set when the fast form is compiled. */
  #scale = 0;

  constructor(call: AggregateCall) {
    this.#call = call;
    this.#implementation = call.function.create([call.args[0].typeOid], call.typeOid);
  }

  /** arrays: [0] doubles added, [1] their sum, [2] that of their squares, [3] what the implementation has of all others, or null. */
  grow(_x: ExecContext, arrays: Value[][]): void {
    for (let i = 0; i < 3; i++) arrays[i].push(0);
    arrays[3].push(null);
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[]): () => void {
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const operand = compileArgument(emitter, compiler, this.#call.args[0], pass);
    const guard = operand.isNull === 'false' ? '' : `if (!(${operand.isNull})) `;
    const [counts, sums, squares, states] = arrays;
    const step = emitter.bind((all: Value[], g: number, value: Value) => this.#step(all, g, value), 'step');
    const exact = (value: string): string => `${step}(${states}, g, ${value});`;
    if (operand.rep !== 'dec' || operand.scale === -1) {
      const value = emitter.name('w');
      emitter.emit(`const ${value} = ${compiler.toAny(operand)};`);
      return () => emitter.emit(`${condition}if (${value} !== null) ${exact(value)}`);
    }
    this.#scale = operand.scale as number;
    const { value } = operand;
    const [sum, square] = [emitter.name('t'), emitter.name('t')];
    const isSafe = `${sum} <= ${SAFE} && ${sum} >= -${SAFE} && ${square} <= ${SAFE}`;
    const flush = emitter.bind((all: readonly Value[][], g: number) => this.#flush(all, g), 'flush');
    const others = `{ ${flush}([${arrays.join(', ')}], g); ${exact(compiler.nonNull(operand))} }`;
    return () =>
      emitter.emit(
        `${condition}${guard}{ const ${sum} = ${sums}[g] + ${value}, ${square} = ${squares}[g] + ${value} * ${value}; ` +
          `if (${isSafe}) { ${counts}[g]++; ${sums}[g] = ${sum}; ${squares}[g] = ${square}; } else ${others} }`,
      );
  }

  #step(states: Value[], g: number, value: Value): void {
    states[g] = this.#implementation.step((states[g] ?? this.#initial()) as NumericMoments, value);
  }

  #initial(): NumericMoments {
    return { count: 0, sum: new NumericSum(), squares: new NumericSum() };
  }

  /** Moves the doubles' sums into the exact ones. */
  #flush([counts, sums, squares, states]: readonly Value[][], g: number): void {
    if (counts[g] === 0) return;
    states[g] = this.#merged(counts[g], sums[g], squares[g], states[g]);
    counts[g] = 0;
    sums[g] = 0;
    squares[g] = 0;
  }

  #merged(count: number, sum: number, square: number, state: NumericMoments | null): NumericMoments {
    const result = this.#initial();
    result.count = count + (state?.count ?? 0);
    if (count > 0) {
      result.sum.add(decimalFrom(sum, this.#scale));
      result.squares.add(decimalFrom(square, this.#scale * 2));
    }
    if (state !== null) {
      result.sum.addAll(state.sum);
      result.squares.addAll(state.squares);
    }
    return result;
  }

  final(_x: ExecContext, [counts, sums, squares, states]: readonly (readonly Value[])[], group: number): Value {
    return this.#implementation.final(this.#merged(counts[group], sums[group], squares[group], states[group]));
  }
}
