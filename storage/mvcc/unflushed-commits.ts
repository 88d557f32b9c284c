/**
 * Commits whose records are on their way to disk: committed for those who write, not yet there for those who only read.
 *
 *      csn   ... 7 | 8  9  10          visibleCsn 7; 8, 9, 10 wait for the log
 *                  +-- lowestXid: nobody's snapshot takes an xid from here on for "seen by all"
 *
 * Invariants
 *  1. CSNs are in order, and so are their records in the log: what is durable up to a CSN is all before it.
 *  2. visibleCsn never decreases; nor does min(lowestXid, oldest unfinished xid), for a commit's xids were unfinished before.
 */
export class UnflushedCommits {
  /** The newest commit that is durable, with all before it. */
  visibleCsn: number;
  /** The lowest xid of those that wait; Infinity without any. */
  lowestXid = Infinity;
  private readonly csns: number[] = [];
  private readonly firstXids: number[] = [];

  constructor(visibleCsn: number) {
    this.visibleCsn = visibleCsn;
  }

  get count(): number {
    return this.csns.length;
  }

  add(csn: number, firstXid: number): void {
    this.csns.push(csn);
    this.firstXids.push(firstXid);
    this.lowestXid = Math.min(this.lowestXid, firstXid);
  }

  /** The log is durable up to this commit, or its client asked not to wait for that. */
  settle(csn: number): void {
    if (csn <= this.visibleCsn) return;
    this.visibleCsn = csn;
    let settled = 0;
    while (settled < this.csns.length && this.csns[settled] <= csn) settled++;
    this.csns.splice(0, settled);
    this.firstXids.splice(0, settled);
    this.lowestXid = Math.min(...this.firstXids);
  }
}
