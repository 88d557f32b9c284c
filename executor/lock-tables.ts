/** LOCK TABLE. */
import { resolveCompositeClass } from '../catalog/composite-classes.ts';
import type { RelationEntry } from '../catalog/entries.ts';
import { hasInvokersRights, relationDenied, rightsOnRelation } from '../catalog/rights.ts';
import type { LockTableStatement } from '../parser/ast.ts';
import {
  ACCESS_EXCLUSIVE,
  ACCESS_SHARE,
  EXCLUSIVE,
  LOCK_GRANTED,
  type LockMode,
  ROW_EXCLUSIVE,
  ROW_SHARE,
  SHARE,
  SHARE_ROW_EXCLUSIVE,
  SHARE_UPDATE_EXCLUSIVE,
} from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import type { Session, Task } from './session.ts';

const LOCK_MODES: { readonly [mode in LockTableStatement['mode']]: LockMode } = {
  'access share': ACCESS_SHARE,
  'row share': ROW_SHARE,
  'row exclusive': ROW_EXCLUSIVE,
  'share update exclusive': SHARE_UPDATE_EXCLUSIVE,
  share: SHARE,
  'share row exclusive': SHARE_ROW_EXCLUSIVE,
  exclusive: EXCLUSIVE,
  'access exclusive': ACCESS_EXCLUSIVE,
};

/** Who may read a table may keep it from being dropped; what keeps others from writing wants a right to write. */
function checkLockRight(
  session: Session,
  relation: RelationEntry,
  mode: LockTableStatement['mode'],
  authority = session.authority,
): void {
  const rights = mode === 'access share' ? 'r' : mode === 'row exclusive' ? 'awdD' : 'wdD';
  if (rightsOnRelation(session.catalog, relation, authority, rights) === '') throw relationDenied(relation);
}

/** Takes the locks in the order of the names. */
export function* lockTables(session: Session, node: LockTableStatement): Task<string> {
  if (!session.isInBlock) throw sqlError('25P01', 'LOCK TABLE can only be used in transaction blocks');
  session.ensureTransaction();
  for (const table of node.tables) {
    const relation = session.catalog.resolveRelation(table.name, session.searchPath(true));
    const name = table.name[table.name.length - 1];
    if (relation === undefined) {
      const composite = resolveCompositeClass(session.catalog, table.name, session.searchPath(true));
      if (composite !== undefined) throw notLockable(name, 'composite types');
      throw sqlError('42P01', `relation "${table.name.join('.')}" does not exist`);
    }
    if (table.name.length > 1) session.checkSchema(table.name[table.name.length - 2]);
    if (relation.class !== 'relation') throw notLockable(name, relation.class === 'index' ? 'indexes' : 'sequences');
    if (relation.kind === 'materializedView') throw notLockable(name, 'materialized views');
    checkLockRight(session, relation, node.mode);
    yield* lockOne(session, node, relation);
    if (relation.kind === 'view') yield* lockBehind(session, node, relation, new Set([relation.oid]));
  }
  return 'LOCK TABLE';
}

function notLockable(name: string, what: string): Error {
  return sqlError('42809', `cannot lock relation "${name}"`, {
    detail: `This operation is not supported for ${what}.`,
  });
}

/** What a view reads, views behind it too, each by the rights of its owner or, under security_invoker, the user's. */
function* lockBehind(session: Session, node: LockTableStatement, view: RelationEntry, locked: Set<number>): Task<void> {
  const { catalog, sharedCatalog } = session;
  const authority = hasInvokersRights(view)
    ? session.authority
    : sharedCatalog.authority(view.owner, catalog.databaseOid);
  for (const oid of view.dependsOn) {
    const relation = catalog.relation(oid);
    if (relation === undefined || relation.kind === 'materializedView' || locked.has(oid)) continue;
    locked.add(oid);
    checkLockRight(session, relation, node.mode, authority);
    yield* lockOne(session, node, relation);
    if (relation.kind === 'view') yield* lockBehind(session, node, relation, locked);
  }
}

function* lockOne(session: Session, node: LockTableStatement, { oid, name }: RelationEntry): Task<void> {
  const { locks } = session.engine;
  const tag = locks.relationTag(session.database.oid, oid);
  const txn = session.ensureTransaction();
  for (;;) {
    const answer = locks.acquire(txn, tag, LOCK_MODES[node.mode], !node.nowait);
    if (answer === LOCK_GRANTED) return;
    if (node.nowait) throw sqlError('55P03', `could not obtain lock on relation "${name}"`);
    session.isWaitingForLock = true;
    yield* session.wait();
  }
}
