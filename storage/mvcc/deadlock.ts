/**
 * The wait-for graph and its circles. Nodes are processes (sessions); a process waits for
 *   hard: everyone who holds what it waits for, or the transaction whose end it waits for
 *   soft: everyone before it in the same queue with a conflicting request
 *
 * It is searched depth first from the process that is about to wait. A circle with a soft edge is opened, as PostgreSQL does
 * (README of its lock manager), by letting the later one of that queue go first; a circle of hard edges only is a deadlock, and
 * the one that closed it gets 40P01.
 */
import { type SqlError, sqlError } from '../../types/errors.ts';
import type { LockManager, LockOwner, TagWait } from './lock-manager.ts';
import { LOCK_CONFLICTS, LOCK_MODE_NAMES } from './lock-tags.ts';
import type { Transaction } from './transaction.ts';

interface Edge {
  readonly waiter: Transaction;
  readonly blocker: LockOwner;
  /** The earlier place in the queue, null for a hard edge. */
  readonly before: TagWait | null;
}

/** Queues are turned at most so often for one wait; a knot that is not open then is taken for a deadlock. */
const TURNS_MAX = 64;

let searches = 0;

/** `txn` has just begun to wait: throws 40P01 if that can never end. */
export function resolveDeadlock(locks: LockManager, txn: Transaction): void {
  for (let turn = 0; ; turn++) {
    const circle: Edge[] = [];
    if (!findCircle(txn, txn.owner, ++searches, circle)) return;
    const soft = circle.find((edge) => edge.before !== null);
    if (soft === undefined || turn === TURNS_MAX) throw deadlockError(circle);
    goBefore(locks, soft.waiter.waitTag!, soft.before!);
    if (!txn.isWaiting) return;
  }
}

/** Fills `path` with the edges from `txn` back to `target`. */
function findCircle(txn: Transaction, target: LockOwner, search: number, path: Edge[]): boolean {
  txn.owner.searchMark = search;
  for (const edge of edgesOf(txn)) {
    path.push(edge);
    if (edge.blocker === target) return true;
    const next = edge.blocker.waiting;
    if (next !== null && edge.blocker.searchMark !== search && findCircle(next, target, search, path)) return true;
    path.pop();
  }
  return false;
}

/** Whom a transaction that waits waits for. */
export function edgesOf(txn: Transaction): Edge[] {
  if (txn.waitTransaction !== null) return [{ waiter: txn, blocker: txn.waitTransaction.owner, before: null }];
  const wait = txn.waitTag!;
  const conflicts = LOCK_CONFLICTS[wait.mode];
  const edges: Edge[] = [];
  for (const hold of wait.tag.holds) {
    if (hold.owner !== txn.owner && (conflicts & (1 << hold.mode)) !== 0) {
      edges.push({ waiter: txn, blocker: hold.owner, before: null });
    }
  }
  for (const earlier of wait.tag.queue) {
    if (earlier === wait) break;
    if (earlier.txn.owner !== txn.owner && (conflicts & (1 << earlier.mode)) !== 0) {
      edges.push({ waiter: txn, blocker: earlier.txn.owner, before: earlier });
    }
  }
  return edges;
}

function goBefore(locks: LockManager, later: TagWait, earlier: TagWait): void {
  const queue = later.tag.queue;
  queue.splice(queue.indexOf(later), 1);
  queue.splice(queue.indexOf(earlier), 0, later);
  locks.grantFrom(later.tag);
}

function deadlockError(circle: readonly Edge[]): SqlError {
  const lines = circle.map(({ waiter, blocker }) => {
    const wait = waiter.waitTag;
    const what =
      wait !== null
        ? `${LOCK_MODE_NAMES[wait.mode]} on ${wait.tag.description}`
        : `ShareLock on transaction ${waiter.waitTransaction!.id}`;
    return `Process ${waiter.owner.processId} waits for ${what}; blocked by process ${blocker.processId}.`;
  });
  return sqlError('40P01', 'deadlock detected', {
    detail: lines.join('\n'),
    hint: 'See server log for query details.',
  });
}
