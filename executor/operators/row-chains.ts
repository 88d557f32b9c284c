/**
 * Chains of a join's rows: those with the same keys, in the order in which they came. Rows and groups of keys are numbers from 0 on
 * (group-table.ts).
 *
 *      heads[group] -> row -> next[row] -> ... -> -1
 */
import { giveArray, grownArray } from '../scratch-memory.ts';

/** What a row takes here. */
export const CHAIN_BYTES_PER_ROW = 12;

/** 64 bytes, as in interner.ts. */
const CAPACITY_FIRST = 16;
/** Arrays up to this many rows stay for the next run. */
const KEPT_CAPACITY = 4096;

export class RowChains {
  /** First row of each group. */
  heads = new Int32Array(CAPACITY_FIRST);
  /** Of each row: the next one with the same keys; -1: none. */
  next = new Int32Array(CAPACITY_FIRST);
  #tails = new Int32Array(CAPACITY_FIRST);
  #groupCount = 0;

  /** Room for so many rows in all, each of which may be a group. */
  reserve(rows: number): void {
    if (rows <= this.next.length) return;
    const capacity = Math.max(rows, this.next.length * 2);
    this.heads = grownArray(this.heads, Int32Array, capacity);
    this.next = grownArray(this.next, Int32Array, capacity);
    this.#tails = grownArray(this.#tails, Int32Array, capacity);
  }

  /** The row, for which there is room, has keys that no group has: it is in no chain. */
  addAlone(row: number): void {
    this.next[row] = -1;
  }

  /** A row of the group; a new group has the number of groups so far. */
  add(row: number, group: number): void {
    this.next[row] = -1;
    if (group === this.#groupCount) {
      this.#groupCount++;
      this.heads[group] = row;
    } else this.next[this.#tails[group]] = row;
    this.#tails[group] = row;
  }

  clear(): void {
    this.#groupCount = 0;
    if (this.next.length <= KEPT_CAPACITY) return;
    giveArray(this.heads);
    giveArray(this.next);
    giveArray(this.#tails);
    this.heads = new Int32Array(CAPACITY_FIRST);
    this.next = new Int32Array(CAPACITY_FIRST);
    this.#tails = new Int32Array(CAPACITY_FIRST);
  }
}
