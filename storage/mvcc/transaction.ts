/**
 * Transactions: begin, xids, snapshots, commit, rollback, savepoints. What is done to pages and to the log is the engine's,
 * behind TransactionStore.
 *
 *                 statementXid, writes
 *                      +----+
 *                      v    |
 *      begin() ----> ACTIVE ----- commit() ----------------------------> COMMITTED
 *                      |  ^
 *          rollback()  |  | rollbackTo() true
 *                      v  |
 *                ROLLING_BACK ---- rollback() answers true --------> ABORTED
 *                      |  ^
 *                      +--+ answers false: a page is being read
 *
 * Invariants
 *  1. All xids of a transaction get their CSN at once, after its COMMIT record is in the log (perhaps not yet durable: the
 *     next one to commit stands behind it in the log, so nothing durable ever rests on something lost).
 *     Who only reads sees it when it is durable (takeSnapshot).
 *  2. An aborted xid ends only when its versions are physically undone: xid < horizon means visible.
 *  3. Locks go when the versions have become visible to those who lock or write, or are undone, not before; and before the log
 *     is durable. Only what keeps readers out (definitions, ACCESS EXCLUSIVE) goes when it is.
 *  4. The GC horizon never decreases.
 */
import { assert } from '../../types/assert.ts';
import { SqlError } from '../../types/errors.ts';
import type { CommitMoment } from './commit-clock.ts';
import { CommitTable } from './commit-table.ts';
import { History } from './history.ts';
import type { Hold, LockManager, LockOwner, TagWait } from './lock-manager.ts';
import type { RowLockLog } from './row-locks.ts';
import { type LiveSnapshot, SnapshotList } from './snapshots.ts';
import { TransactionRegistry } from './transaction-registry.ts';
import { type Snapshot, TXN_ABORTED, TXN_ACTIVE, TXN_COMMITTED, TXN_ROLLING_BACK } from './types.ts';
import { UnflushedCommits } from './unflushed-commits.ts';
import { WriteList } from './write-list.ts';

/** One change of a catalog entry; null removes it. */
export interface CatalogChange {
  readonly key: string;
  readonly bytes: Uint8Array | null;
}

export interface SavepointMark {
  readonly kind: 'savepoint';
  readonly writes: number;
  readonly catalogChanges: number;
  readonly holds: number;
  readonly rowLocks: number;
}

/** What the engine does for transactions. */
export interface TransactionStore {
  /** Writes the COMMIT record (with catalog changes); answers its LSN. Throws (53100) when it cannot: nothing is committed then. */
  logCommit(txn: Transaction, csn: number): number;
  /** The versions are visible now: publish catalog changes, drop heaps, queue what the sweep must do. Must not throw. */
  committed(txn: Transaction): void;
  /** `durable` once everything up to lsn is on disk; at once where the settings ask for no more. */
  whenDurable(txn: Transaction, lsn: number, durable: (error: Error | null) => void): void;
  /** Makes the log durable up to lsn at once, if it can be (a full disk is waited for elsewhere). */
  tryFlush(lsn: number): void;
  /**
   * Undoes the newest entry of txn.writes and drops it; `downTo`: all entries from there on are being undone. Throws PAGE_MISS
   * before it changed anything.
   */
  undoLast(txn: Transaction, downTo: number): void;
  logAbort(txn: Transaction): void;
  isPageMiss(error: unknown): boolean;
}

const NO_WRITES = new WriteList();
const WRITE_LISTS_KEPT = 16;
/** Empty ones, of all engines: a fork at rest has none. */
const spareWriteLists: WriteList[] = [];
/** A long rollback gives way to others after so many entries, some milliseconds. */
const UNDO_STEPS_MAX = 2000;

export class Transaction {
  readonly id: number;
  readonly owner: LockOwner;
  state: typeof TXN_ACTIVE | typeof TXN_ROLLING_BACK | typeof TXN_COMMITTED | typeof TXN_ABORTED = TXN_ACTIVE;
  /** Called once per wait, when what it waits for is there. */
  wake: () => void = doNothing;
  /** false: commit does not wait for the log (synchronous_commit = off). */
  synchronousCommit = true;
  /** After rollback answered false: true if it waits for a page, false if its time slice was over. */
  undoNeedsPage = false;
  /** After rollback answered false: what keeps it from undoing for now (a full disk, a failed read); try again in a while. */
  undoError: SqlError | null = null;
  /** Something of it stands in the log without an xid (a sequence's values), or it has seen what does: commit waits for this LSN. */
  flushLsn = 0;
  /** The xids given out, as first, last pairs of runs. */
  readonly xidRuns: number[] = [];
  writes: WriteList = NO_WRITES;
  catalogChanges: CatalogChange[] | null = null;
  /** Holds, or held, a lock beyond ACCESS SHARE: its snapshots see all commits, durable or not. */
  seesLatest = false;
  /** Holds, or held, an ACCESS EXCLUSIVE lock: it keeps readers out until its commit is durable. */
  keepsReadersOut = false;
  /** Known to TransactionManager.registry: has xids or row locks, so others may have to find it. */
  isRegistered = false;

  // Written by the lock manager only.
  readonly holds: Hold[] = [];
  rowLocks: RowLockLog | null = null;
  /** What it waits for: a place in a lock's queue, or a transaction's end. */
  waitTag: TagWait | null = null;
  waitTransaction: Transaction | null = null;
  /** Who waits for this one's end, in order. */
  waiters: Transaction[] | null = null;

  constructor(id: number, owner: LockOwner) {
    this.id = id;
    this.owner = owner;
  }

  /** Has an xid: its commit writes a record. */
  get hasWritten(): boolean {
    return this.xidRuns.length > 0;
  }

  get isWaiting(): boolean {
    return this.waitTag !== null || this.waitTransaction !== null;
  }

  get isEnded(): boolean {
    return this.state === TXN_COMMITTED || this.state === TXN_ABORTED;
  }
}

function doNothing(): void {}

export class TransactionManager {
  readonly table: CommitTable;
  readonly locks: LockManager;
  /** Transactions that others may meet in a version or a row lock. */
  readonly registry = new TransactionRegistry();
  readonly snapshots = new SnapshotList();
  /** Those of moments in the past: only tables that keep their history are read with them. */
  readonly pastSnapshots = new SnapshotList();
  /** The past that is kept for AS OF SYSTEM TIME. */
  readonly history = new History();
  /** CSN of the last commit, and the end of its record in the log. */
  lastCsn: number;
  private lastCommitLsn = 0;
  private unflushed: UnflushedCommits;
  private nextId = 1;
  private readonly store: TransactionStore;

  constructor(store: TransactionStore, locks: LockManager, firstXid = 1, lastCsn = 1) {
    this.store = store;
    this.locks = locks;
    this.table = new CommitTable(firstXid);
    this.lastCsn = lastCsn;
    this.unflushed = new UnflushedCommits(lastCsn);
  }

  /** Before the first transaction: where a recovered engine goes on. */
  restart(nextXid: number, lastCsn: number): void {
    this.table.restart(nextXid);
    this.lastCsn = lastCsn;
    this.unflushed = new UnflushedCommits(lastCsn);
    this.history.clear();
  }

  get nextXid(): number {
    return this.table.next;
  }

  /** All xids below have ended. */
  get oldestXid(): number {
    return this.table.oldestUnfinished;
  }

  /** Memory of the commit table, and of commit times. */
  get memoryBytes(): number {
    return this.table.states.byteLength + this.history.memoryBytes;
  }

  begin(owner?: LockOwner): Transaction {
    return new Transaction(this.nextId++, owner ?? this.locks.createOwner(0));
  }

  /**
   * What is durable is seen, and what the session has built upon: who has written or locked sees all commits, since what it was
   * kept waiting for must show, and its own commit stands behind them in the log. Once seen, they stay seen.
   */
  takeSnapshot(txn: Transaction): LiveSnapshot {
    const { table, unflushed } = this;
    const { owner } = txn;
    if (txn.isRegistered || txn.seesLatest || owner.sessionHolds.length > 0) owner.seenCsn = this.lastCsn;
    const csn = Math.max(unflushed.visibleCsn, owner.seenCsn);
    // It is told that it has committed when what it has seen cannot be lost any more, even if it only reads.
    if (csn > unflushed.visibleCsn) txn.flushLsn = Math.max(txn.flushLsn, this.lastCommitLsn);
    return this.snapshots.take(this.visibleHorizon(), csn, table.next, txn.id);
  }

  /**
   * What was committed at a moment of the history (history.ts), without the transaction's own writes. The horizon may be lower than the
   * moment's: that costs a question to the commit table. It must be for commits that are not durable yet: snapshots that do not see
   * them may follow this one in the list.
   */
  takePastSnapshot(txn: Transaction, moment: CommitMoment): LiveSnapshot {
    if (moment.csn > this.unflushed.visibleCsn) {
      this.store.tryFlush(this.lastCommitLsn);
      // On a full disk it is told of its end when what it has seen cannot be lost any more.
      txn.flushLsn = Math.max(txn.flushLsn, this.lastCommitLsn);
    }
    const horizon = Math.min(moment.horizon, this.visibleHorizon());
    return this.pastSnapshots.takePast(horizon, moment.csn, this.table.next);
  }

  /**
   * What another transaction's snapshot sees, with the transaction's own writes in place of the other's. The snapshot must live. Once seen, its
   * commits stay seen.
   */
  adoptSnapshot(txn: Transaction, snapshot: Snapshot): LiveSnapshot {
    if (snapshot.csn > this.unflushed.visibleCsn) txn.flushLsn = Math.max(txn.flushLsn, this.lastCommitLsn);
    txn.owner.seenCsn = Math.max(txn.owner.seenCsn, snapshot.csn);
    const adopted = this.shareSnapshot(snapshot);
    adopted.txnId = txn.id;
    return adopted;
  }

  /** Keeps so many microseconds of history from now on. */
  keepHistory(retention: number, now: number): void {
    this.history.keep(retention, now, this.lastCsn, this.table.oldestUnfinished);
  }

  /** Xids below have ended, and whatever snapshot is taken from now on sees them. */
  private visibleHorizon(): number {
    return Math.min(this.table.oldestUnfinished, this.unflushed.lowestXid);
  }

  shareSnapshot(snapshot: Snapshot): LiveSnapshot {
    const live = snapshot as LiveSnapshot;
    return (live.list as SnapshotList).share(live);
  }

  /** Answers when all snapshots that live now have been released; to be asked now and then. */
  whenReleased(): () => boolean {
    const [present, past] = [this.snapshots.taken, this.pastSnapshots.taken];
    return () => !this.snapshots.hasUpTo(present) && !this.pastSnapshots.hasUpTo(past);
  }

  refreshOwnWrites(snapshot: Snapshot): void {
    (snapshot as LiveSnapshot).xidLimit = this.table.next;
    snapshot.walkFrom = -1;
  }

  releaseSnapshot(snapshot: Snapshot): void {
    const live = snapshot as LiveSnapshot;
    (live.list as SnapshotList).release(live);
  }

  /** Versions superseded by an xid below this are seen by nobody, now or ever. */
  gcHorizon(): number {
    return Math.min(this.presentHorizon(), this.pastSnapshots.oldestHorizon(), this.history.heldHorizon);
  }

  /** The same of tables that keep no history: nobody sees them in the past. */
  presentHorizon(): number {
    return Math.min(this.snapshots.oldestHorizon(), this.visibleHorizon());
  }

  statementXid(txn: Transaction): number {
    assert(txn.state === TXN_ACTIVE, 'only an active transaction writes');
    const xid = this.table.assign(txn.id, this.gcHorizon());
    const runs = txn.xidRuns;
    const last = runs.length - 1;
    if (last > 0 && runs[last] === xid - 1) runs[last] = xid;
    else runs.push(xid, xid);
    if (!txn.isRegistered) this.register(txn);
    if (txn.writes === NO_WRITES) txn.writes = spareWriteLists.pop() ?? new WriteList();
    return xid;
  }

  /** Others can find it by its number from now on. */
  register(txn: Transaction): void {
    txn.isRegistered = true;
    this.registry.add(txn);
  }

  isVisible(xid: number, snapshot: Snapshot): boolean {
    if (xid < snapshot.horizon) return true;
    const table = this.table;
    const state = table.states[xid & table.mask];
    if (state > 0) return state <= snapshot.csn;
    return state === -snapshot.txnId && xid < snapshot.xidLimit;
  }

  /**
   * A snapshot as a list of xids: all below xmin have ended, none from xmax on had; xip are those between that had not, without the
   * transaction's own. What was rolled back has ended.
   */
  describeSnapshot(
    snapshot: Snapshot,
    txn: Transaction,
  ): { readonly xmin: bigint; readonly xmax: bigint; readonly xip: readonly bigint[] } {
    const { table } = this;
    const xip: bigint[] = [];
    const from = Math.max(snapshot.horizon, table.low);
    let xmax = from;
    for (let xid = from; xid < snapshot.xidLimit; xid++) {
      const state = table.states[xid & table.mask];
      const isUnderWay = state < 0 || (state > 0 && state > snapshot.csn);
      if (!isUnderWay) xmax = xid + 1;
      else if (state !== -txn.id) xip.push(BigInt(xid));
    }
    const seen = xip.filter((xid) => xid < BigInt(xmax));
    return { xmin: seen.length === 0 ? BigInt(xmax) : seen[0], xmax: BigInt(xmax), xip: seen };
  }

  /** What became of an xid; null: it is older than what is remembered. */
  statusOf(xid: number): 'in progress' | 'committed' | 'aborted' | 'future' | null {
    const { table } = this;
    if (xid >= table.next) return 'future';
    if (xid < table.low) return null;
    const state = table.states[xid & table.mask];
    return state < 0 ? 'in progress' : state > 0 ? 'committed' : 'aborted';
  }

  /** The unfinished transaction that an xid belongs to, or null when it has ended. */
  inProgress(xid: number): Transaction | null {
    if (xid < this.table.oldestUnfinished) return null;
    const state = this.table.state(xid);
    return state < 0 ? this.owner(-state) : null;
  }

  /** The registered transaction with this number. */
  owner(id: number): Transaction {
    const txn = this.registry.get(id);
    assert(txn !== undefined, 'an unfinished xid has its transaction');
    return txn;
  }

  /** Was this xid given out to the transaction? */
  isOwn(xid: number, txn: Transaction): boolean {
    return xid >= this.table.oldestUnfinished && this.table.state(xid) === -txn.id;
  }

  commit(txn: Transaction, durable: (error: Error | null) => void): void {
    assert(txn.state === TXN_ACTIVE, 'only an active transaction commits');
    if (!txn.hasWritten) {
      this.end(txn, TXN_COMMITTED);
      if (txn.flushLsn > 0) this.store.whenDurable(txn, txn.flushLsn, durable);
      else durable(null);
      return;
    }
    const csn = this.lastCsn + 1;
    const lsn = this.store.logCommit(txn, csn);
    const isSeenAtOnce = txn.catalogChanges !== null || txn.keepsReadersOut;
    if (isSeenAtOnce) this.store.tryFlush(lsn);
    this.lastCsn = csn;
    this.lastCommitLsn = lsn;
    this.unflushed.add(csn, txn.xidRuns[0]);
    // Its definitions are about to be everybody's: who reads by them must see its rows, though a full disk keeps it from being durable.
    if (isSeenAtOnce) this.unflushed.settle(csn);
    this.finishXids(txn, csn);
    this.history.note(csn, this.table.oldestUnfinished);
    this.store.committed(txn);
    this.end(txn, TXN_COMMITTED);
    this.store.whenDurable(txn, lsn, (error) => {
      if (error !== null) this.unflushed.fail(error);
      else if (!txn.synchronousCommit) {
        this.unflushed.release(csn, durable);
        return;
      } else this.unflushed.settle(csn);
      durable(error);
    });
  }

  /**
   * Undoes everything. False: call it again, when the page is there (txn.undoNeedsPage: pool.onLoaded), in a while
   * (txn.undoError), or soon.
   */
  rollback(txn: Transaction): boolean {
    assert(!txn.isEnded, 'a transaction ends once');
    this.locks.cancelWait(txn);
    if (!this.undoTo(txn, 0)) return false;
    if (txn.hasWritten) {
      this.store.logAbort(txn);
      this.finishXids(txn, Number.NaN);
    }
    txn.catalogChanges = null;
    this.end(txn, TXN_ABORTED);
    return true;
  }

  savepoint(txn: Transaction): SavepointMark {
    return {
      kind: 'savepoint',
      writes: txn.writes === NO_WRITES ? 0 : txn.writes.seal(),
      catalogChanges: txn.catalogChanges === null ? 0 : txn.catalogChanges.length,
      holds: txn.holds.length,
      rowLocks: txn.rowLocks === null ? 0 : txn.rowLocks.count,
    };
  }

  /** Undoes what was done after the mark, which stays usable. False: as in rollback. */
  rollbackTo(txn: Transaction, mark: SavepointMark): boolean {
    this.locks.cancelWait(txn);
    if (!this.undoTo(txn, mark.writes)) return false;
    if (txn.writes !== NO_WRITES) txn.writes.seal();
    if (txn.catalogChanges !== null) txn.catalogChanges.length = mark.catalogChanges;
    txn.state = TXN_ACTIVE;
    this.locks.releaseTo(txn, mark.holds, mark.rowLocks);
    this.locks.wakeWaiters(txn);
    return true;
  }

  /** First, last pairs of all unfinished xids: a checkpoint keeps them. */
  unfinishedXids(): number[] {
    const xids: number[] = [];
    const table = this.table;
    for (let xid = table.oldestUnfinished; xid < table.next; xid++) {
      if (table.states[xid & table.mask] < 0) xids.push(xid);
    }
    return xids;
  }

  private undoTo(txn: Transaction, count: number): boolean {
    txn.state = TXN_ROLLING_BACK;
    txn.undoNeedsPage = false;
    txn.undoError = null;
    const writes = txn.writes;
    try {
      for (let step = 0; writes.count > count; step++) {
        if (step === UNDO_STEPS_MAX) return false;
        this.store.undoLast(txn, count);
      }
    } catch (error) {
      txn.undoNeedsPage = this.store.isPageMiss(error);
      if (txn.undoNeedsPage) return false;
      if (!mayPass(error)) throw error;
      txn.undoError = error;
      return false;
    }
    return true;
  }

  private finishXids(txn: Transaction, state: number): void {
    const runs = txn.xidRuns;
    for (let i = 0; i < runs.length; i += 2) this.table.finish(runs[i], runs[i + 1], state);
  }

  private end(txn: Transaction, state: typeof TXN_COMMITTED | typeof TXN_ABORTED): void {
    txn.state = state;
    if (txn.isRegistered) this.registry.remove(txn);
    const writes = txn.writes;
    if (writes !== NO_WRITES) {
      txn.writes = NO_WRITES;
      if (writes.clear() && spareWriteLists.length < WRITE_LISTS_KEPT) spareWriteLists.push(writes);
    }
    this.locks.ended(txn);
  }
}

/** A rollback cannot be given up: what has other causes than the database itself is waited for. A broken log ends the server. */
function mayPass(error: unknown): error is SqlError {
  if (!(error instanceof SqlError) || error.severity === 'PANIC') return false;
  return error.code === '53100' || error.code === '53000' || error.code === '58030';
}
