/** Foreign keys that were deferred to the end of the transaction (or are made immediate now): their checks run, and what those queue. */
import type { ConstraintEntry } from '../catalog/entries.ts';
import { PAGE_MISS } from '../storage/api.ts';
import { ExecContext, type FollowUp } from './context.ts';
import type { Session, Task } from './session.ts';

/** Runs the checks of the constraints that are due; throws what the first one that fails does. */
export function* runDeferredChecks(
  session: Session,
  isDue: (constraint: ConstraintEntry) => boolean = () => true,
): Task<void> {
  const { transaction, catalog } = session;
  const txn = session.ensureTransaction();
  const context = new ExecContext(session.engine);
  context.functions = session.functions;
  context.services = session;
  const snapshot = transaction.takeSnapshot();
  context.isRepeatableRead = transaction.isRepeatableRead;
  context.begin(txn, snapshot, [], null);
  // A constraint that was dropped meanwhile asks for nothing any more.
  for (const followUp of transaction.deferred.values()) {
    if (followUp.hasWork && catalog.constraint(followUp.constraint.oid) === undefined) followUp.restore([]);
  }
  try {
    yield* drain(session, context, isDue);
  } finally {
    transaction.releaseSnapshot(snapshot);
  }
}

function* drain(session: Session, context: ExecContext, isDue: (constraint: ConstraintEntry) => boolean): Task<void> {
  const queue = session.transaction.deferred;
  for (let isAny = true; isAny; ) {
    isAny = false;
    for (const followUps of [queue, context.followUps]) {
      for (const followUp of followUps.values()) {
        while (followUp.hasWork && (followUps !== queue || isDue(followUp.constraint))) {
          isAny = true;
          context.startSlice();
          context.isWaiting = false;
          if (poll(session, followUp, context)) continue;
          if (!context.isWaiting && !session.isWaitingForLock) setImmediate(session.wake);
          yield* session.wait();
        }
      }
    }
  }
}

function poll(session: Session, followUp: FollowUp, context: ExecContext): boolean {
  try {
    return followUp.poll(context);
  } catch (error) {
    if (error !== PAGE_MISS) throw error;
    session.wakeOnLoad();
    context.isWaiting = true;
    return false;
  }
}

/** Are checks or actions of the table's rows still to come? */
export function hasPendingChecks({ deferred }: Session, tableOid: number): boolean {
  for (const [key, { constraint, hasWork }] of deferred) {
    // What has become of a row that others refer to is a matter of its own table.
    const isReferenced = key.startsWith('delete ') || key.startsWith('update ');
    if (hasWork && tableOid === (isReferenced ? constraint.referencedTableOid : constraint.tableOid)) return true;
  }
  return false;
}
