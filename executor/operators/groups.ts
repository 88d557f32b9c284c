/** Groups of a hash aggregate, and what has been accumulated of them. */
import type { Value } from '../../catalog/function-entry.ts';
import type { ExecContext } from '../context.ts';
import type { Accumulator } from './accumulator.ts';
import { GroupTable } from './group-table.ts';

/** The groups and states of one grouping set. */
export class Groups {
  readonly table: GroupTable;
  readonly accumulators: readonly Accumulator[];
  /** State arrays of each accumulator. */
  readonly arrays: Value[][][];
  /** Groups that have state. */
  count = 0;
  /** Row of the batch to go on with: how far consuming it has come. */
  at = 0;
  /** What aggregates have collected; counted by generated code. */
  collectedBytes = 0;

  constructor(keyTypes: readonly number[], accumulators: readonly Accumulator[]) {
    this.table = new GroupTable(keyTypes);
    this.accumulators = accumulators;
    this.arrays = accumulators.map((a) => Array.from({ length: a.stateCount }, () => []));
  }

  /** State for one more group. */
  grow(x: ExecContext): void {
    for (let i = 0; i < this.accumulators.length; i++) this.accumulators[i].grow(x, this.arrays[i]);
    this.count++;
  }

  get byteSize(): number {
    let states = 0;
    for (const accumulator of this.accumulators) states += accumulator.stateBytes;
    return this.table.byteSize + this.count * states + this.collectedBytes;
  }

  /** Forgets all but the last group. */
  keepLast(): void {
    const last = this.count - 1;
    // Its share: how much of it is this group's is not known.
    const collected = Math.round(this.collectedBytes / this.count);
    const keys: Value[] = [];
    this.table.keyValues(last, keys);
    const states = this.arrays.map((arrays) => arrays.map((array) => array[last]));
    this.#release(last);
    this.#forget();
    this.table.groupOf(
      keys.map((key) => [key]),
      0,
    );
    this.arrays.forEach((arrays, i) => {
      arrays.forEach((array, k) => {
        array.push(states[i][k]);
      });
    });
    this.count = 1;
    this.collectedBytes = collected;
  }

  clear(): void {
    this.#release(this.count);
    this.#forget();
  }

  #release(end: number): void {
    for (let i = 0; i < this.accumulators.length; i++) this.accumulators[i].release?.(this.arrays[i], end);
  }

  #forget(): void {
    this.table.clear();
    for (const arrays of this.arrays)
      for (const array of arrays) {
        // An array that is cut to nothing loses its room.
        if (array.length === 1) array.pop();
        else if (array.length > 0) array.length = 0;
      }
    this.count = 0;
    this.at = 0;
    this.collectedBytes = 0;
  }
}
