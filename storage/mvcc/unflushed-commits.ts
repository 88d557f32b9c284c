/**
 * Commits whose records are on their way to disk: committed for those who write, not yet there for those who only read.
 *
 *      csn   ... 7 | 8  9  10          visibleCsn 7; 8, 9, 10 wait for the log
 *                  +-- lowestXid: nobody's snapshot takes an xid from here on for "seen by all"
 *
 * Invariants
 *  1. CSNs are in order, and so are their records in the log: what is durable up to a CSN is all before it.
 *  2. visibleCsn never decreases; nor does min(lowestXid, oldest unfinished xid), for a commit's xids were unfinished before.
 *  3. A commit that need not be durable (synchronous_commit = off) is seen, and acknowledged, when those before it are that must be:
 *     it never shows one of them that could still be lost, and what is acknowledged is seen by all. So it waits for a flush that is
 *     under way for others, never for one of its own.
 */
type Acknowledge = (error: Error | null) => void;

export class UnflushedCommits {
  /** The newest commit that is durable, with all before it. */
  visibleCsn: number;
  /** The lowest xid of those that wait; Infinity without any. */
  lowestXid = Infinity;
  private readonly csns: number[] = [];
  private readonly firstXids: number[] = [];
  /** Of the commits at the same place that need not be durable: what tells their clients; null: they must be. */
  private readonly released: (Acknowledge | null)[] = [];

  constructor(visibleCsn: number) {
    this.visibleCsn = visibleCsn;
  }

  get count(): number {
    return this.csns.length;
  }

  add(csn: number, firstXid: number): void {
    this.csns.push(csn);
    this.firstXids.push(firstXid);
    this.released.push(null);
    this.lowestXid = Math.min(this.lowestXid, firstXid);
  }

  /** The log is durable up to this commit, or it must be seen whether it is or not. */
  settle(csn: number): void {
    if (csn <= this.visibleCsn) return;
    this.visibleCsn = csn;
    this.goOn();
  }

  /** This commit need not be durable: `acknowledge` is called when it is seen, perhaps at once. */
  release(csn: number, acknowledge: Acknowledge): void {
    const at = this.csns.indexOf(csn);
    if (at < 0) {
      acknowledge(null);
      return;
    }
    this.released[at] = acknowledge;
    if (at === 0) this.goOn();
  }

  /** The log is broken: those that wait behind others hear of it with them. */
  fail(error: Error): void {
    const waiting = this.released.splice(0, this.released.length, ...this.released.map(() => null));
    for (const acknowledge of waiting) acknowledge?.(error);
  }

  private goOn(): void {
    const { csns, released } = this;
    let settled = 0;
    while (settled < csns.length && (csns[settled] <= this.visibleCsn || released[settled] !== null)) settled++;
    if (settled > 0) this.visibleCsn = Math.max(this.visibleCsn, csns[settled - 1]);
    csns.splice(0, settled);
    this.firstXids.splice(0, settled);
    const acknowledged = released.splice(0, settled);
    this.lowestXid = Math.min(...this.firstXids);
    for (const acknowledge of acknowledged) acknowledge?.(null);
  }
}
