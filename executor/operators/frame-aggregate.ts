/**
 * Built-in aggregates over the frames of a window: carried from row to row where the frame grows at its end, or where the aggregate knows how to
 * take rows out of its state again; else computed anew for each frame.
 */
import type { AggregateImplementation, Value, WindowAccess } from '../../catalog/function-entry.ts';
import type { WindowCall, WindowFrame } from '../../planner/expr.ts';
import type { ExecContext } from '../context.ts';

/** What it needs of a partition; the condition of FILTER stands behind the arguments. */
export interface Frame extends WindowAccess {
  readonly exclude: WindowFrame['exclude'];
}

export class FrameAggregate {
  readonly #x: ExecContext;
  readonly #call: WindowCall;
  readonly #implementation: AggregateImplementation;
  readonly #partition: Frame;
  readonly #mayTakeOut: boolean;
  #state: Value;
  #start = 0;
  #end = -1;
  /** A frame whose rows are being added: one of them had to wait. */
  #isUnderWay = false;
  /** Values in the state. */
  #added = 0;
  readonly #args: Value[] = [];
  #final: Value = null;
  #isFinal = false;

  constructor(
    x: ExecContext,
    call: WindowCall,
    implementation: AggregateImplementation,
    partition: Frame,
    mayTakeOut: boolean,
  ) {
    this.#x = x;
    this.#call = call;
    this.#implementation = implementation;
    this.#partition = partition;
    this.#mayTakeOut = mayTakeOut;
  }

  value(): Value {
    const p = this.#partition;
    const canCarry =
      p.exclude === 'no others' && this.#end >= 0 && p.frameStart === this.#start && p.frameEnd >= this.#end;
    if (canCarry && p.frameEnd === this.#end && this.#isFinal && !this.#isUnderWay) return this.#final;
    if (!this.#isUnderWay && !canCarry && !this.#leave()) {
      this.#state = this.#implementation.initial(this.#x.functions);
      this.#added = 0;
      this.#start = p.frameStart;
      this.#end = p.frameStart;
    }
    this.#isUnderWay = true;
    for (let row = this.#end; row < p.frameEnd; row++) {
      if (!p.isExcluded(row)) this.#add(row);
      this.#end = row + 1;
    }
    this.#isUnderWay = false;
    this.#final = this.#implementation.final(this.#state);
    this.#isFinal = true;
    return this.#final;
  }

  /** Takes back the rows that have left the frame at its start, where that is less work than a new beginning. */
  #leave(): boolean {
    const p = this.#partition;
    const { inverse } = this.#implementation;
    if (inverse === undefined || !this.#mayTakeOut || p.exclude !== 'no others' || this.#end < 0) return false;
    if (p.frameStart < this.#start || p.frameEnd < this.#end || p.frameStart >= this.#end) return false;
    if (p.frameStart - this.#start > this.#end - p.frameStart) return false;
    for (let row = this.#start; row < p.frameStart; row++) {
      if (!this.#takeArguments(row)) continue;
      // Without its last value the state is the initial one, which inverse steps do not know.
      if (--this.#added === 0) this.#state = this.#implementation.initial(this.#x.functions);
      else {
        const state = inverse.call(this.#implementation, this.#state, ...this.#args);
        if (state === undefined) return false;
        this.#state = state;
      }
    }
    this.#start = p.frameStart;
    this.#isFinal = false;
    return true;
  }

  #add(row: number): void {
    if (!this.#takeArguments(row)) return;
    this.#added++;
    this.#state = this.#implementation.step(this.#state, ...this.#args);
  }

  /** A row's arguments; false: the aggregate does not take it. */
  #takeArguments(row: number): boolean {
    const p = this.#partition;
    const args = this.#args;
    const { function: fn, args: exprs, filter } = this.#call;
    if (filter !== null && p.argument(exprs.length, row) !== true) return false;
    for (let k = 0; k < exprs.length; k++) args[k] = p.argument(k, row);
    if (fn.kind !== 'aggregate' || !fn.strict) return true;
    for (let k = 0; k < exprs.length; k++) if (args[k] === null) return false;
    return true;
  }
}
