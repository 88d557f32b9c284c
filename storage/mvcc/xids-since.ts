/**
 * The xids that a fork does not see: those that had not ended when it was made and, of a fork of the past, those that have committed
 * since the moment. Aborted ones have left no versions. A bit an xid, from the first one on.
 */
import type { CommitMoment } from './commit-clock.ts';
import type { TransactionManager } from './transaction.ts';

export class XidsSince {
  readonly #first: number;
  readonly #bits: Uint8Array;
  /** What its parent does not see is not seen either. */
  readonly #parents: XidsSince | null;
  readonly isEmpty: boolean;

  /** As things stand now; `moment`: null for the present. */
  constructor({ table }: TransactionManager, moment: CommitMoment | null, parents: XidsSince | null) {
    this.#first = moment === null ? table.oldestUnfinished : Math.max(moment.horizon, table.low);
    this.#bits = new Uint8Array((table.next - this.#first + 7) >>> 3);
    this.#parents = parents;
    const csn = moment?.csn ?? Infinity;
    let count = 0;
    for (let xid = this.#first; xid < table.next; xid++) {
      const state = table.states[xid & table.mask];
      if (!(state < 0 || state > csn)) continue;
      this.#bits[(xid - this.#first) >>> 3] |= 1 << ((xid - this.#first) & 7);
      count++;
    }
    this.isEmpty = count === 0 && parents?.isEmpty !== false;
  }

  has(xid: number): boolean {
    const at = xid - this.#first;
    if (at >= 0 && ((this.#bits[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0) return true;
    return this.#parents?.has(xid) === true;
  }
}
