/** LOCK TABLE. */
import type { RelationEntry } from '../catalog/entries.ts';
import { relationDenied, rightsOnRelation } from '../catalog/rights.ts';
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
import { requireBlock } from './transaction-statements.ts';

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
function checkLockRight(session: Session, relation: RelationEntry, mode: LockTableStatement['mode']): void {
  const rights = mode === 'access share' ? 'r' : mode === 'row exclusive' ? 'awdD' : 'wdD';
  if (rightsOnRelation(session.catalog, relation, session.authority, rights) === '') throw relationDenied(relation);
}

/** Takes the locks in the order of the names. */
export function* lockTables(session: Session, node: LockTableStatement): Task<string> {
  requireBlock(session, 'LOCK TABLE');
  const txn = session.ensureTransaction();
  for (const table of node.tables) {
    const relation = session.catalog.resolveRelation(table.name, session.searchPath(true));
    const name = table.name[table.name.length - 1];
    if (relation === undefined) throw sqlError('42P01', `relation "${table.name.join('.')}" does not exist`);
    if (relation.class !== 'relation') throw sqlError('42809', `"${name}" is not a table or view`);
    if (table.name.length > 1) session.checkSchema(table.name[table.name.length - 2]);
    checkLockRight(session, relation, node.mode);
    const { locks } = session.engine;
    const tag = locks.relationTag(session.database.oid, relation.oid);
    for (;;) {
      const answer = locks.acquire(txn, tag, LOCK_MODES[node.mode], !node.nowait);
      if (answer === LOCK_GRANTED) break;
      if (node.nowait) throw sqlError('55P03', `could not obtain lock on relation "${name}"`);
      session.isWaitingForLock = true;
      yield* session.wait();
    }
  }
  return 'LOCK TABLE';
}
