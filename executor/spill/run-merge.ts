/**
 * Merges sorted runs of a temporary file into one: a tree of losers over the runs' first rows.
 *
 * All runs' current blocks stand in common columns, run r in rows r * BLOCK_ROWS_MAX ..., so that the comparison that sorts rows
 * in memory also merges runs: it sees two row numbers. Among equals the run that comes first wins, which keeps the sort stable.
 *
 *      tree[0]           the run whose row is next
 *      tree[1 .. k-1]    who lost at this node; run r starts at node (r + k) >> 1
 *
 * After: Knuth, The Art of Computer Programming, volume 3, 5.4.1.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Columns } from '../batch.ts';
import { BLOCK_ROWS_MAX } from './block.ts';
import { SPILL_WAITS, SpillReader, type SpillStream } from './stream.ts';

/** Order of two row numbers. */
export type RowOrder = (a: number, b: number) => number;

export class RunMerge {
  /** The run that must wait, after an answer of SPILL_WAITS. */
  waitsFor: SpillStream;
  readonly #streams: readonly SpillStream[];
  readonly #readers: readonly SpillReader[];
  readonly #columns: readonly Value[][];
  readonly #compare: RowOrder;
  /** Per run: its next row, -1 when it has none left; and one past the rows of its block. */
  readonly #rows: Int32Array;
  readonly #ends: Int32Array;
  readonly #tree: Int32Array;
  /** Rows chosen and not yet copied. */
  readonly #chosen = new Int32Array(BLOCK_ROWS_MAX);
  /** Runs below this have their first block. */
  #readyCount = 0;
  #isBuilt = false;
  /** A run whose block is used up. */
  #refill = -1;

  constructor(streams: readonly SpillStream[], which: readonly number[], makeOrder: (columns: Columns) => RowOrder) {
    const count = streams.length;
    this.#streams = streams;
    this.waitsFor = streams[0];
    this.#readers = streams.map((stream) => new SpillReader(stream, which));
    const columns: Value[][] = [];
    for (const c of which) columns[c] = new Array(count * BLOCK_ROWS_MAX).fill(null);
    this.#columns = columns;
    this.#compare = makeOrder(columns);
    this.#rows = new Int32Array(count);
    this.#ends = new Int32Array(count);
    this.#tree = new Int32Array(count);
  }

  /** Up to BLOCK_ROWS_MAX rows in order, into the target's columns: how many, 0 at the end, or SPILL_WAITS. */
  next(target: readonly Value[][], limit: number): number {
    if (!this.#isBuilt) {
      while (this.#readyCount < this.#readers.length) {
        if (!this.#fill(this.#readyCount)) return SPILL_WAITS;
        this.#readyCount++;
      }
      this.#build();
      this.#isBuilt = true;
    }
    const rows = this.#rows;
    const tree = this.#tree;
    let copied = 0;
    let n = 0;
    while (n < limit) {
      if (this.#refill >= 0) {
        // The block that comes takes the place of rows that were chosen.
        this.#copy(target, copied, n);
        copied = n;
        if (!this.#fill(this.#refill)) return n > 0 ? n : SPILL_WAITS;
        this.#replay(this.#refill);
        this.#refill = -1;
      }
      const winner = tree[0];
      const row = rows[winner];
      if (row < 0) break;
      this.#chosen[n++] = row;
      if (row + 1 < this.#ends[winner]) {
        rows[winner] = row + 1;
        this.#replay(winner);
      } else this.#refill = winner;
    }
    this.#copy(target, copied, n);
    return n;
  }

  #copy(target: readonly Value[][], from: number, to: number): void {
    const chosen = this.#chosen;
    for (let c = 0; c < target.length; c++) {
      const source = this.#columns[c];
      const column = target[c];
      for (let i = from; i < to; i++) column[i] = source[chosen[i]];
    }
  }

  /** The run's next block; false when it must wait. */
  #fill(run: number): boolean {
    const first = run * BLOCK_ROWS_MAX;
    const count = this.#readers[run].next(this.#columns, first);
    if (count === SPILL_WAITS) {
      this.waitsFor = this.#streams[run];
      return false;
    }
    this.#rows[run] = count === 0 ? -1 : first;
    this.#ends[run] = first + count;
    return true;
  }

  /** Whether run a's row comes before run b's. */
  #isBefore(a: number, b: number): boolean {
    const x = this.#rows[a];
    const y = this.#rows[b];
    if (x < 0 || y < 0) return y < 0 && (x >= 0 || a < b);
    const order = this.#compare(x, y);
    return order < 0 || (order === 0 && a < b);
  }

  #build(): void {
    const count = this.#readers.length;
    const winners = new Int32Array(2 * count);
    for (let run = 0; run < count; run++) winners[count + run] = run;
    for (let node = count - 1; node >= 1; node--) {
      const a = winners[2 * node];
      const b = winners[2 * node + 1];
      const isA = this.#isBefore(a, b);
      winners[node] = isA ? a : b;
      this.#tree[node] = isA ? b : a;
    }
    this.#tree[0] = count === 1 ? 0 : winners[1];
  }

  /** The run has another row: who is next? */
  #replay(run: number): void {
    const tree = this.#tree;
    let winner = run;
    for (let node = (run + tree.length) >> 1; node >= 1; node >>= 1) {
      const other = tree[node];
      if (this.#isBefore(other, winner)) {
        tree[node] = winner;
        winner = other;
      }
    }
    tree[0] = winner;
  }
}
