/**
 * Live snapshots, in the order they were taken: their horizons never decrease along the list, so the oldest horizon is the
 * head's, and taking and releasing are O(1). Objects are reused. Snapshots of the past stand where their horizons belong.
 *
 *      head (oldest) -> ... -> tail (newest)        horizon: only grows to the right
 */
import { assert } from '../../types/assert.ts';
import type { Snapshot } from './types.ts';

export class LiveSnapshot implements Snapshot {
  horizon = 0;
  csn = 0;
  xidLimit = 0;
  txnId = 0;
  walkFrom = -1;
  walkAt = -1;
  previous: LiveSnapshot | null = null;
  next: LiveSnapshot | null = null;
  isLive = false;
  /** Which of its list it is, in the order of taking; of one that is shared, the original's. */
  number = 0;
  /** The list that it is in. */
  list: SnapshotList | null = null;
}

export class SnapshotList {
  private head: LiveSnapshot | null = null;
  private tail: LiveSnapshot | null = null;
  private free: LiveSnapshot | null = null;
  count = 0;
  /** The number of the newest. */
  taken = 0;

  take(horizon: number, csn: number, xidLimit: number, txnId: number): LiveSnapshot {
    const snapshot = this.unused();
    snapshot.horizon = horizon;
    snapshot.csn = csn;
    snapshot.xidLimit = xidLimit;
    snapshot.txnId = txnId;
    this.link(snapshot, this.tail);
    return snapshot;
  }

  /** Of a moment in the past. `horizon`: not above that of any snapshot that is taken later. */
  takePast(horizon: number, csn: number, xidLimit: number): LiveSnapshot {
    const snapshot = this.unused();
    snapshot.horizon = horizon;
    snapshot.csn = csn;
    snapshot.xidLimit = xidLimit;
    snapshot.txnId = 0;
    let after = this.tail;
    while (after !== null && after.horizon > horizon) after = after.previous;
    this.link(snapshot, after);
    return snapshot;
  }

  /** Another holder of the same view: stands beside the original, released on its own. */
  share(original: LiveSnapshot): LiveSnapshot {
    assert(original.isLive, 'only a live snapshot is shared');
    const snapshot = this.unused();
    snapshot.horizon = original.horizon;
    snapshot.csn = original.csn;
    snapshot.xidLimit = original.xidLimit;
    snapshot.txnId = original.txnId;
    snapshot.number = original.number;
    this.link(snapshot, original);
    return snapshot;
  }

  release(snapshot: LiveSnapshot): void {
    assert(snapshot.isLive && snapshot.list === this, 'a snapshot is released once, by its list');
    snapshot.isLive = false;
    this.count--;
    if (snapshot.previous === null) this.head = snapshot.next;
    else snapshot.previous.next = snapshot.next;
    if (snapshot.next === null) this.tail = snapshot.previous;
    else snapshot.next.previous = snapshot.previous;
    snapshot.previous = null;
    snapshot.next = this.free;
    this.free = snapshot;
  }

  /** The lowest horizon of a live snapshot, Infinity without one. */
  oldestHorizon(): number {
    return this.head === null ? Infinity : this.head.horizon;
  }

  /** Whether one lives that is as old as that of this number, or older. */
  hasUpTo(number: number): boolean {
    for (let snapshot = this.head; snapshot !== null; snapshot = snapshot.next)
      if (snapshot.number <= number) return true;
    return false;
  }

  private unused(): LiveSnapshot {
    const snapshot = this.free ?? new LiveSnapshot();
    this.free = snapshot.next;
    snapshot.next = null;
    snapshot.walkFrom = -1;
    snapshot.number = ++this.taken;
    return snapshot;
  }

  private link(snapshot: LiveSnapshot, after: LiveSnapshot | null): void {
    snapshot.isLive = true;
    snapshot.list = this;
    this.count++;
    snapshot.previous = after;
    snapshot.next = after === null ? this.head : after.next;
    if (snapshot.next === null) this.tail = snapshot;
    else snapshot.next.previous = snapshot;
    if (after === null) this.head = snapshot;
    else after.next = snapshot;
  }
}
