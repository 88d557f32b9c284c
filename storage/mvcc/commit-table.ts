/**
 * Which xids are committed, and when: a ring over the xids that anybody may still ask about.
 *
 *        finished, seen by all          asked about                  not given out yet
 *     ...-------------------------|low--------oldestUnfinished---|next...
 *                                   a ring of f64, index xid & mask
 *
 * An entry is  < 0: in progress, minus the owner's transaction number
 *              > 0: committed, the CSN
 *              NaN: aborted (its versions are undone before it is written; it is here only to end the wait for them)
 *
 * Invariants
 *  1. low <= oldestUnfinished <= next; all xids below oldestUnfinished have ended.
 *  2. Nobody asks below low: low is raised only to the GC horizon.
 *
 * Cost: 8 bytes for each xid between the oldest snapshot's horizon and now; a snapshot held for a million writing statements
 * holds 8 MB here.
 */
import { assert } from '../../types/assert.ts';

/** Of one that has hardly been used: there is one for each fork. */
const CAPACITY_FIRST = 8;
/** A ring is made so large before entries are looked for that nobody asks about any more. */
const CAPACITY_MIN = 64;

export class CommitTable {
  /** The ring; index xid & mask. Also read in place by the visibility test of transactions.ts. */
  states: Float64Array = new Float64Array(CAPACITY_FIRST);
  mask = CAPACITY_FIRST - 1;
  /** The oldest xid that has an entry. */
  low: number;
  /** The next xid to be given out. */
  next: number;
  /** All below have ended. */
  oldestUnfinished: number;

  constructor(firstXid: number) {
    this.low = firstXid;
    this.next = firstXid;
    this.oldestUnfinished = firstXid;
  }

  /** Gives out an xid for a transaction. */
  assign(transactionId: number, lowest: number): number {
    const xid = this.next;
    if (xid - this.low > this.mask) this.makeRoom(lowest);
    this.states[xid & this.mask] = -transactionId;
    this.next = xid + 1;
    return xid;
  }

  /** `lowest`: nobody asks below it. */
  private makeRoom(lowest: number): void {
    assert(lowest >= this.low && lowest <= this.next, 'the horizon is in the ring');
    this.low = lowest;
    const { length } = this.states;
    if (length >= CAPACITY_MIN && this.next - this.low <= this.mask >>> 1) return;
    const grown = new Float64Array(Math.max(CAPACITY_MIN, length * 2));
    const grownMask = grown.length - 1;
    for (let xid = this.low; xid < this.next; xid++) grown[xid & grownMask] = this.states[xid & this.mask];
    this.states = grown;
    this.mask = grownMask;
  }

  /** Ends xids first..last with a CSN, or NaN for an abort. */
  finish(first: number, last: number, state: number): void {
    for (let xid = first; xid <= last; xid++) this.states[xid & this.mask] = state;
    if (first !== this.oldestUnfinished) return;
    let oldest = last + 1;
    while (oldest < this.next && !(this.states[oldest & this.mask] < 0)) oldest++;
    this.oldestUnfinished = oldest;
  }

  /** The entry of an xid that has not been forgotten; 1 (committed long ago) for those below oldestUnfinished that may have been. */
  state(xid: number): number {
    if (xid < this.low) return 1;
    return this.states[xid & this.mask];
  }

  /** At the start, before anything was given out: the first xid. */
  restart(firstXid: number): void {
    assert(this.low === this.next, 'restart only when nothing was given out');
    this.low = firstXid;
    this.next = firstXid;
    this.oldestUnfinished = firstXid;
  }
}
