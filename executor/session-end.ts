/** The last things of a closed session: its transaction is rolled back, its temporary objects go, then it is forgotten. */
import { dropTemporary } from './ddl-runner.ts';
import type { Session, Task } from './session.ts';
import { UNDO_RETRY_MS } from './session-transaction.ts';

/** Goes on by itself until all is done: nobody holds the session any more. */
export function rollBackAndForget(session: Session): void {
  const { transaction, engine, lockOwner } = session;
  if (!transaction.rollback()) {
    const again = (): void => rollBackAndForget(session);
    if (transaction.txn?.undoError != null) setTimeout(again, UNDO_RETRY_MS);
    else setImmediate(again);
    return;
  }
  engine.locks.releaseAllAdvisory(lockOwner);
  dropTemporaryObjects(session);
}

function dropTemporaryObjects(session: Session): void {
  const { catalog, server, temporarySchema } = session;
  if (catalog.schemaByName(temporarySchema) === undefined) {
    server.sessionClosed(session);
    return;
  }
  const task = dropTemporaryTask(session);
  const step = (): void => {
    try {
      if (task.next().done !== true) {
        setTimeout(step, 1);
        return;
      }
    } catch (error) {
      server.toSqlError(error);
      session.transaction.rollback();
    }
    server.sessionClosed(session);
  };
  step();
}

function* dropTemporaryTask(session: Session): Task<void> {
  yield* dropTemporary(session);
  yield* session.commitTask();
}
