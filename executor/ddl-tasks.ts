/** What a definition waits for while it runs: statements of our own, and work on all rows of a table in slices. */
import type { Value } from '../catalog/function-entry.ts';
import { PAGE_MISS } from '../storage/api.ts';
import { type Task as DdlTask, TASK_PENDING } from './ddl/context.ts';
import { WAIT_SIGNAL } from './operators/operator.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import type { Session } from './session.ts';

/** A statement of our own, run to its end. */
export class StatementTask<T> implements DdlTask<T> {
  readonly #session: Session;
  readonly portal: Portal;
  readonly #result: () => T;
  /** In whose name it runs; null: in the session's. */
  definer: string | null = null;

  constructor(
    session: Session,
    prepared: PreparedStatement,
    params: readonly Value[],
    onRow: (row: Value[]) => void,
    result: (portal: Portal) => T,
    /** Of the statement that it is the work of; null: it is a statement by itself, within another. */
    queryText: string | null = null,
  ) {
    this.#session = session;
    this.portal = new Portal(session, '', prepared, params, null, []);
    this.portal.isNested = queryText === null;
    // What a definition does of its own accord; a query that it takes rows from is the user's.
    this.portal.isOfSystem = queryText === null;
    this.portal.queryText = queryText;
    this.portal.onBatch = (batch, from, to) => {
      for (let i = from; i < to; i++) onRow(batch.columns.map((column) => column[i]));
    };
    this.#result = () => result(this.portal);
  }

  poll(): T | typeof TASK_PENDING {
    const session = this.#session;
    const { role } = session;
    const { definer, isRestricted } = role;
    if (this.definer !== null) {
      role.definer = this.definer;
      role.isRestricted = true;
    }
    try {
      if (session.pollPortal(this.portal, 0) === PORTAL_PENDING) return TASK_PENDING;
    } catch (error) {
      this.portal.close();
      throw error;
    } finally {
      role.definer = definer;
      role.isRestricted = isRestricted;
    }
    const result = this.#result();
    this.portal.close();
    return result;
  }
}

/** Work on all rows of a table, in slices. `step` does some and answers true at the end; a missing page is waited for. */
export class SliceTask implements DdlTask<void> {
  readonly #session: Session;
  readonly #step: () => boolean;

  constructor(session: Session, step: () => boolean) {
    this.#session = session;
    this.#step = step;
  }

  poll(): undefined | typeof TASK_PENDING {
    const end = performance.now() + 2;
    try {
      while (performance.now() < end) if (this.#step()) return undefined;
    } catch (error) {
      // Somebody's end is waited for: it wakes us.
      if (error === WAIT_SIGNAL) return TASK_PENDING;
      if (error !== PAGE_MISS) throw error;
      this.#session.engine.pool.onLoaded(() => this.#session.wakeAfter(0));
      return TASK_PENDING;
    }
    this.#session.wakeAfter(0);
    return TASK_PENDING;
  }
}
