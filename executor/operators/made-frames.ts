/**
 * User-made aggregates over the frames of a window. What has been stepped over is kept while the steps have to wait. One that knows how
 * to take rows out of its state again does so where the frame's start moves (after PostgreSQL, nodeWindowAgg.c).
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { WindowCall } from '../../planner/expr.ts';
import type { ExecContext } from '../context.ts';
import type { Frame } from './frame-aggregate.ts';
import type { MadeSteps, SteppedRun } from './made-aggregates.ts';

export class MadeFrameAggregate {
  readonly #x: ExecContext;
  readonly #steps: MadeSteps;
  readonly #frame: Frame;
  readonly #call: WindowCall;
  /** Rows [#start, #run.at) of the partition are in its state. */
  #run: SteppedRun | null = null;
  #start = 0;
  #end = -1;
  #final: Value = null;
  /** The frame that #run is of, where rows are left out of it. */
  #key = '';

  constructor(x: ExecContext, steps: MadeSteps, frame: Frame, call: WindowCall) {
    this.#x = x;
    this.#steps = steps;
    this.#frame = frame;
    this.#call = call;
  }

  value(): Value {
    const { frameStart, frameEnd, exclude } = this.#frame;
    const key = exclude === 'no others' ? '' : `${frameStart}/${frameEnd}/${this.#excluded()}`;
    let canCarry = this.#run !== null && key === this.#key && frameEnd >= this.#run.at;
    if (canCarry && frameStart !== this.#start) canCarry = this.#steps.canTakeOut && this.#takeOut(frameStart);
    if (!canCarry) {
      this.#run = { ...this.#steps.begin(), at: frameStart };
      this.#start = frameStart;
      this.#key = key;
      this.#end = -1;
    }
    const run = this.#run as SteppedRun;
    if (this.#end === frameEnd) return this.#final;
    this.#steps.run(this.#x, run, frameEnd, (row) => this.#arguments(row));
    this.#final = this.#steps.value(this.#x, run.state, []);
    this.#end = frameEnd;
    return this.#final;
  }

  /** Takes the rows before the frame out of the state; false: it has to be computed anew. */
  #takeOut(frameStart: number): boolean {
    const run = this.#run as SteppedRun;
    if (frameStart < this.#start || frameStart > run.at) return false;
    this.#end = -1;
    for (; this.#start < frameStart; this.#start++) {
      const args = this.#arguments(this.#start);
      if (args === null) continue;
      const values = [run.state, ...args];
      if (this.#steps.isSkipped(values)) continue;
      // Without its last row it is in its initial state, which the inverse function does not know.
      if (run.count <= 1) return false;
      const state = this.#steps.without(this.#x, values);
      if (state === null) return false;
      run.state = state;
      run.count--;
    }
    return true;
  }

  /** Which rows of the frame are left out, as a text. */
  #excluded(): string {
    const rows: number[] = [];
    for (let row = this.#frame.frameStart; row < this.#frame.frameEnd; row++) {
      if (this.#frame.isExcluded(row)) rows.push(row);
    }
    return rows.join(',');
  }

  /** null: the row does not count. */
  #arguments(row: number): readonly Value[] | null {
    const frame = this.#frame;
    const { args, filter } = this.#call;
    if (frame.isExcluded(row)) return null;
    if (filter !== null && frame.argument(args.length, row) !== true) return null;
    return args.map((_, k) => frame.argument(k, row));
  }
}
