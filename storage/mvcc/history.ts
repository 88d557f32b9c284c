/**
 * The past that can still be read (AS OF SYSTEM TIME): how long old versions are kept, and what a moment of then saw.
 *
 *      since                          now - retention                     now
 *        |--- gone ------------------------|======== readable =============|
 *                                     ^ the newest entry that is not later: its horizon holds the GC horizon
 *
 * A moment t sees the commits whose time is not later than t. The snapshot for it needs two numbers of its entry in the commit clock:
 *
 *      csn       the last commit with a time <= t. CSNs are in the order of times, so "CSN <= csn" is "committed by then".
 *      horizon   the oldest xid that had not ended right after that commit. An xid below it had ended by then: committed with a CSN
 *                <= csn, or aborted, and then its versions were undone before it ended and none are left. So "xid < horizon" means
 *                visible, as it does for other snapshots. Today's horizon would not do: xids of later commits are below it.
 *
 * Why what such a snapshot needs is still there: the GC horizon is not above the oldest kept entry's horizon h0, and h0 <= horizon.
 * The snapshot passes a version by only if it does not see the xid X that made the newer one; then X >= horizon >= h0. Everything that
 * takes versions away (recycled pages of the version store, the sweep of rows, places and index keys, the commit table's end) asks for
 * X < GC horizon first. And a page is called all-visible if its xids are below the GC horizon, so seen by this snapshot, too.
 *
 * Invariants
 *  1. A commit's time is later than every moment that was read before it: reading a moment again shows the same.
 *  2. Times never go back, whatever the machine's clock does.
 *  3. heldHorizon never decreases while history is kept.
 *
 * A start begins a new history: versions are in memory's keeping (heap/version-store.ts).
 */
import { CommitClock, type CommitMoment } from './commit-clock.ts';

/** Commits that follow one another within so many microseconds have the same time. Bounds the clock: 120 KB a second at most. */
const GRAIN = 100;

export class History {
  /** Microseconds that are kept; 0: nothing is, and nothing is noted. */
  retention = 0;
  /** New tables keep their history. */
  isDefault = false;
  /** The GC horizon is not above it. */
  heldHorizon = Infinity;
  private readonly clock = new CommitClock();
  /** Of the last commit. */
  lastTime = -Infinity;
  /** The latest moment that was read. */
  private fence = -Infinity;

  get memoryBytes(): number {
    return this.clock.memoryBytes;
  }

  get isKept(): boolean {
    return !this.clock.isEmpty;
  }

  /** The time for a commit that is about to happen, in microseconds since 2000-01-01 UTC. */
  stamp(now: number): number {
    let time = Math.max(now, this.lastTime);
    if (time <= this.fence) time = this.fence + 1;
    else if (this.fence < this.lastTime && time - this.lastTime < GRAIN) time = this.lastTime;
    this.lastTime = time;
    return time;
  }

  /** The commit that was stamped last has happened. `horizon`: all xids below have ended. */
  note(csn: number, horizon: number): void {
    if (this.clock.isEmpty) return;
    const time = this.lastTime;
    this.clock.add({ time, csn, horizon });
    this.expire(time);
  }

  /** Keeps so much from now on. `csn`, `horizon`: of the last commit, and now. */
  keep(retention: number, now: number, csn: number, horizon: number): void {
    this.retention = retention;
    if (retention === 0) this.clear();
    else if (this.clock.isEmpty) {
      this.lastTime = Math.max(now, this.lastTime);
      this.clock.add({ time: this.lastTime, csn, horizon });
      this.heldHorizon = horizon;
    } else this.expire(now);
  }

  /** Lets go of what has become too old. */
  expire(now: number): void {
    if (this.clock.isEmpty) return;
    this.clock.dropBefore(now - this.retention);
    this.heldHorizon = this.clock.oldest.horizon;
  }

  /** The oldest moment that can be read at `now`; Infinity: none. */
  oldest(now: number): number {
    return this.clock.isEmpty ? Infinity : Math.max(this.clock.oldest.time, now - this.retention);
  }

  /** What was committed at the moment; it will not change any more. null: it is too old. */
  at(time: number): CommitMoment | null {
    const moment = this.clock.find(time);
    if (moment !== null) this.fence = Math.max(this.fence, time);
    return moment;
  }

  clear(): void {
    this.clock.clear();
    this.heldHorizon = Infinity;
  }
}
