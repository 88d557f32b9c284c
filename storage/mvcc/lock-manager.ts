/**
 * Table, object and advisory locks with their queues, row locks, waits for a transaction's end.
 *
 *      tag   holds:  A AccessShare, B AccessShare          granted together: no conflict
 *            queue:  C AccessExclusive, D AccessShare      D conflicts with C, who came first: it waits its turn
 *
 * A request is granted when no other process holds a conflicting mode and no earlier one in the queue asks for one. Who
 * already holds a mode that an earlier one waits for goes before that one (it would wait for itself).
 *
 * Invariants
 *  1. Whoever waits is in exactly one queue, and its owner's `waiting` is the transaction that waits.
 *  2. Nothing in a queue could be granted: every change of holders or queue ends in grantFrom.
 *  3. The wait-for graph has no circle: it is searched before a wait begins (deadlock.ts), the only moment an edge is added.
 *
 * A process (LockOwner) is a session: it never conflicts with itself, and its session advisory locks outlive transactions.
 * `wake` is never called from inside the call that waits, but from inside the one that frees.
 */
import { assert } from '../../types/assert.ts';
import { edgesOf, resolveDeadlock } from './deadlock.ts';
import { LOCK_CONFLICTS, LockTag } from './lock-tags.ts';
import { RowLockLog, RowLockTable } from './row-locks.ts';
import type { Transaction } from './transaction.ts';
import {
  ACCESS_EXCLUSIVE,
  ACCESS_SHARE,
  EXCLUSIVE,
  LOCK_GRANTED,
  LOCK_NOT_AVAILABLE,
  LOCK_WAITING,
  type LockAnswer,
  type LockMode,
  type RowLockStrength,
  SHARE,
} from './types.ts';

/** One per session: who holds and waits. */
export class LockOwner {
  readonly processId: number;
  /** Its transaction that waits now. */
  waiting: Transaction | null = null;
  /** Session advisory locks, with how often each was taken. */
  readonly sessionHolds: Hold[] = [];
  /** Commits up to this one have been seen by its snapshots. */
  seenCsn = 0;
  /** Last deadlock search that came by. */
  searchMark = 0;

  constructor(processId: number) {
    this.processId = processId;
  }
}

/** A granted lock. */
export class Hold {
  readonly tag: LockTag;
  readonly mode: LockMode;
  readonly owner: LockOwner;
  /** null: held by the session. */
  readonly txn: Transaction | null;
  /** Place in tag.holds. */
  index = 0;
  /** Session locks: how often it was taken. */
  count = 1;

  constructor(tag: LockTag, mode: LockMode, owner: LockOwner, txn: Transaction | null) {
    this.tag = tag;
    this.mode = mode;
    this.owner = owner;
    this.txn = txn;
  }
}

/** A place in a tag's queue. */
export interface TagWait {
  readonly tag: LockTag;
  readonly mode: LockMode;
  readonly txn: Transaction;
  readonly forSession: boolean;
}

/** A lock as pg_locks shows it. */
export interface LockRow {
  readonly tag: LockTag;
  readonly mode: LockMode;
  readonly owner: LockOwner;
  readonly txn: Transaction | null;
  readonly isGranted: boolean;
}

export class LockManager {
  private readonly tags = new Map<string, LockTag>();
  private readonly rowTables = new Map<number, RowLockTable>();
  /** Inside whose request we are: it is told by the answer, not woken. */
  private requesting: Transaction | null = null;

  createOwner(processId: number): LockOwner {
    return new LockOwner(processId);
  }

  relationTag(databaseOid: number, relationOid: number): LockTag {
    return this.tag('relation', `r${databaseOid}.${relationOid}`, () => {
      return `relation ${relationOid} of database ${databaseOid}`;
    });
  }

  objectTag(databaseOid: number, classOid: number, objectOid: number): LockTag {
    return this.tag('object', `o${databaseOid}.${classOid}.${objectOid}`, () => {
      return `object ${objectOid} of class ${classOid} of database ${databaseOid}`;
    });
  }

  /** `key`: the four numbers of PostgreSQL's advisory lock tag, "database,high,low,1 or 2", as its messages show them. */
  advisoryTag(key: string): LockTag {
    return this.tag('advisory', `a${key}`, () => `advisory lock [${key}]`);
  }

  /** Throws 40P01 when waiting would close a circle. */
  acquire(txn: Transaction, tag: LockTag, mode: LockMode, wait: boolean): LockAnswer {
    return this.request(txn, tag, mode, false, wait);
  }

  /** Other transactions that hold a mode which conflicts with this one. */
  conflicting(txn: Transaction, tag: LockTag, mode: LockMode): Transaction[] {
    const found = new Set<Transaction>();
    for (const hold of tag.holds) {
      if (hold.owner !== txn.owner && hold.txn !== null && (LOCK_CONFLICTS[mode] & (1 << hold.mode)) !== 0)
        found.add(hold.txn);
    }
    return [...found];
  }

  /** True if the transaction itself holds exactly this mode. */
  holds(txn: Transaction, tag: LockTag, mode: LockMode): boolean {
    const holds = txn.holds;
    for (let i = 0; i < holds.length; i++) if (holds[i].tag === tag && holds[i].mode === mode) return true;
    return false;
  }

  acquireAdvisory(txn: Transaction, key: string, exclusive: boolean, session: boolean, wait: boolean): LockAnswer {
    return this.request(txn, this.advisoryTag(key), exclusive ? EXCLUSIVE : SHARE, session, wait);
  }

  /** A session advisory lock. False: it was not held. */
  releaseAdvisory(owner: LockOwner, key: string, exclusive: boolean): boolean {
    const tag = this.tags.get(`a${key}`);
    const mode = exclusive ? EXCLUSIVE : SHARE;
    const at = owner.sessionHolds.findIndex((hold) => hold.tag === tag && hold.mode === mode);
    if (at < 0) return false;
    const hold = owner.sessionHolds[at];
    if (--hold.count > 0) return true;
    owner.sessionHolds.splice(at, 1);
    this.releaseHold(hold);
    return true;
  }

  /** pg_advisory_unlock_all, and the end of a session. */
  releaseAllAdvisory(owner: LockOwner): void {
    for (const hold of owner.sessionHolds.splice(0)) this.releaseHold(hold);
  }

  /** Waits until `other` has ended. Throws 40P01 when that would close a circle. GRANTED: it has ended already. */
  waitForTransaction(txn: Transaction, other: Transaction): LockAnswer {
    assert(!txn.isWaiting && txn !== other, 'one wait at a time, and not for oneself');
    if (other.isEnded) return LOCK_GRANTED;
    txn.waitTransaction = other;
    txn.owner.waiting = txn;
    (other.waiters ??= []).push(txn);
    this.searchDeadlock(txn);
    return LOCK_WAITING;
  }

  /** Leaves whatever it waits for, without being woken. */
  cancelWait(txn: Transaction): void {
    const wait = txn.waitTag;
    const other = txn.waitTransaction;
    if (wait === null && other === null) return;
    txn.waitTag = null;
    txn.waitTransaction = null;
    txn.owner.waiting = null;
    if (other !== null) other.waiters!.splice(other.waiters!.indexOf(txn), 1);
    if (wait !== null) {
      wait.tag.queue.splice(wait.tag.queue.indexOf(wait), 1);
      this.grantFrom(wait.tag);
    }
  }

  /** The row locks of a heap. */
  rowLocksOf(relId: number): RowLockTable {
    let table = this.rowTables.get(relId);
    if (table === undefined) {
      table = new RowLockTable(relId);
      this.rowTables.set(relId, table);
    }
    return table;
  }

  /** Before: RowLockTable.conflict answered 0, and the transaction is registered. */
  lockRow(txn: Transaction, table: RowLockTable, rowId: number, strength: RowLockStrength): void {
    (txn.rowLocks ??= new RowLockLog()).add(txn, table, rowId, strength);
  }

  /** The transaction is over: all its locks go, and who waited for it goes on. */
  ended(txn: Transaction): void {
    assert(!txn.isWaiting, 'who waits does not end');
    this.releaseTo(txn, 0, 0);
    this.wakeWaiters(txn);
  }

  /** Who waits for the transaction's end looks again: it has ended, or given back something (rollback to a savepoint). */
  wakeWaiters(txn: Transaction): void {
    const waiters = txn.waiters;
    if (waiters === null) return;
    txn.waiters = null;
    for (const waiter of waiters) {
      waiter.waitTransaction = null;
      waiter.owner.waiting = null;
      waiter.wake();
    }
  }

  /** Gives back all but the oldest `holds` locks and `rowLocks` row locks. */
  releaseTo(txn: Transaction, holds: number, rowLocks: number): void {
    if (txn.rowLocks !== null) txn.rowLocks.releaseTo(txn, rowLocks);
    while (txn.holds.length > holds) this.releaseHold(txn.holds.pop()!);
  }

  /** The object is gone for good: its tag need not be kept. */
  forget(tag: LockTag): void {
    if (tag.holds.length === 0 && tag.queue.length === 0) this.tags.delete(tag.key);
  }

  forgetHeap(relId: number): void {
    this.rowTables.delete(relId);
  }

  /** Everything held and waited for, as pg_locks lists it (row locks are not in it, as in PostgreSQL). */
  *rows(): Iterable<LockRow> {
    for (const tag of this.tags.values()) {
      for (const hold of tag.holds) yield { tag, mode: hold.mode, owner: hold.owner, txn: hold.txn, isGranted: true };
      for (const wait of tag.queue) {
        yield { tag, mode: wait.mode, owner: wait.txn.owner, txn: wait.txn, isGranted: false };
      }
    }
  }

  /** Processes whose locks, or earlier wishes, the owner waits for. */
  blockersOf({ waiting }: LockOwner): readonly number[] {
    const edges = waiting?.isWaiting === true ? edgesOf(waiting) : [];
    return [...new Set(edges.map((edge) => edge.blocker.processId))];
  }

  /** Grants what can be granted, from the head of the queue on. */
  grantFrom(tag: LockTag): void {
    for (let i = 0; i < tag.queue.length; ) {
      const wait = tag.queue[i];
      if (this.mustWait(tag, wait.mode, wait.txn.owner, i)) {
        i++;
        continue;
      }
      tag.queue.splice(i, 1);
      wait.txn.waitTag = null;
      wait.txn.owner.waiting = null;
      this.grant(wait.txn, tag, wait.mode, wait.forSession);
      if (wait.txn !== this.requesting) wait.txn.wake();
    }
  }

  private request(txn: Transaction, tag: LockTag, mode: LockMode, forSession: boolean, wait: boolean): LockAnswer {
    assert(!txn.isWaiting, 'one wait at a time');
    if (forSession ? this.countSessionHold(txn.owner, tag, mode) : this.holds(txn, tag, mode)) return LOCK_GRANTED;
    const free = (LOCK_CONFLICTS[mode] & tag.grantedMask) === 0 && tag.queue.length === 0;
    const position = free ? 0 : this.queuePosition(tag, txn.owner);
    if (free || !this.mustWait(tag, mode, txn.owner, position)) {
      this.grant(txn, tag, mode, forSession);
      return LOCK_GRANTED;
    }
    if (!wait) return LOCK_NOT_AVAILABLE;
    const entry: TagWait = { tag, mode, txn, forSession };
    tag.queue.splice(position, 0, entry);
    txn.waitTag = entry;
    txn.owner.waiting = txn;
    this.searchDeadlock(txn);
    // Turning a queue to avoid a circle may have granted it at once.
    return txn.waitTag === null ? LOCK_GRANTED : LOCK_WAITING;
  }

  private searchDeadlock(txn: Transaction): void {
    this.requesting = txn;
    try {
      resolveDeadlock(this, txn);
    } catch (error) {
      this.cancelWait(txn);
      throw error;
    } finally {
      this.requesting = null;
    }
  }

  /** True if someone else holds, or one of the first `position` in the queue wants, a mode that conflicts. */
  private mustWait(tag: LockTag, mode: LockMode, owner: LockOwner, position: number): boolean {
    const conflicts = LOCK_CONFLICTS[mode];
    if ((conflicts & tag.grantedMask) !== 0) {
      for (const hold of tag.holds) if (hold.owner !== owner && (conflicts & (1 << hold.mode)) !== 0) return true;
    }
    for (let i = 0; i < position; i++) {
      const earlier = tag.queue[i];
      if (earlier.txn.owner !== owner && (conflicts & (1 << earlier.mode)) !== 0) return true;
    }
    return false;
  }

  /** The end of the queue, or before the first one that waits for what this owner holds. */
  private queuePosition(tag: LockTag, owner: LockOwner): number {
    let own = 0;
    for (const hold of tag.holds) if (hold.owner === owner) own |= 1 << hold.mode;
    if (own === 0) return tag.queue.length;
    const at = tag.queue.findIndex((wait) => (LOCK_CONFLICTS[wait.mode] & own) !== 0);
    return at < 0 ? tag.queue.length : at;
  }

  private countSessionHold(owner: LockOwner, tag: LockTag, mode: LockMode): boolean {
    const hold = owner.sessionHolds.find((held) => held.tag === tag && held.mode === mode);
    if (hold === undefined) return false;
    hold.count++;
    return true;
  }

  private grant(txn: Transaction, tag: LockTag, mode: LockMode, forSession: boolean): void {
    const hold = new Hold(tag, mode, txn.owner, forSession ? null : txn);
    if (mode > ACCESS_SHARE) txn.seesLatest = true;
    if (mode === ACCESS_EXCLUSIVE) txn.keepsReadersOut = true;
    hold.index = tag.holds.length;
    tag.holds.push(hold);
    tag.grantedCounts[mode]++;
    tag.grantedMask |= 1 << mode;
    (forSession ? txn.owner.sessionHolds : txn.holds).push(hold);
  }

  private releaseHold(hold: Hold): void {
    const tag = hold.tag;
    const last = tag.holds.pop()!;
    if (last !== hold) {
      tag.holds[hold.index] = last;
      last.index = hold.index;
    }
    if (--tag.grantedCounts[hold.mode] === 0) tag.grantedMask &= ~(1 << hold.mode);
    if (tag.queue.length > 0) this.grantFrom(tag);
    else if (tag.kind === 'advisory' && tag.holds.length === 0) this.tags.delete(tag.key);
  }

  private tag(kind: 'relation' | 'object' | 'advisory', key: string, describe: () => string): LockTag {
    let tag = this.tags.get(key);
    if (tag === undefined) {
      tag = new LockTag(kind, key, describe());
      this.tags.set(key, tag);
    }
    return tag;
  }
}
