/**
 * May the user do what a statement does? Asked when it starts, once for each plan and authority: a plan belongs to one value of the
 * database's catalog, an authority to one of the shared catalog (roles), so what has been found holds as long as both are met.
 */
import { commonRights, withoutRights } from '../catalog/acl.ts';
import type { Authority } from '../catalog/authority.ts';
import type { DatabaseEntry, RelationEntry, RoutineEntry } from '../catalog/entries.ts';
import { functionByOid } from '../catalog/functions/registry.ts';
import type { Catalog } from '../catalog/index.ts';
import {
  databaseAcl,
  permissionDenied,
  relationDenied,
  rightsByAcl,
  rightsOnColumn,
  rightsOnRelation,
  routineAcl,
  systemFunctionAcl,
} from '../catalog/rights.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import { type RelationNeed, type StatementRights, WHOLE_ROW } from '../planner/rights.ts';
import { SqlError } from '../types/errors.ts';

/** Throws 42501 for the first thing that the statement needs and the user is not allowed. */
export function checkStatementRights(
  rights: StatementRights,
  catalog: Catalog,
  shared: SharedCatalog,
  user: Authority,
  ownTarget = 0,
): void {
  for (const need of rights.relations) {
    if (need.relation.oid === ownTarget) continue;
    const role = need.checkAs === 0 ? user : shared.authority(need.checkAs, catalog.databaseOid);
    if (!isAllowed(need, catalog, role)) throw relationDenied(need.relation);
  }
  for (const { oid, roleOid } of rights.functionsOfOthers) {
    checkFunctionRight(catalog, oid, shared.authority(roleOid, catalog.databaseOid));
  }
  if (user.isSuperuser) return;
  for (const oid of rights.functions) checkFunctionRight(catalog, oid, user);
}

/** The end of a connection attempt of who has no CONNECT right. */
export function checkMayConnect(shared: SharedCatalog, database: DatabaseEntry, roleOid: number): void {
  if (rightsByAcl(databaseAcl(database), shared.authority(roleOid, database.oid), 'c') !== '') return;
  const detail = 'User does not have CONNECT privilege.';
  throw new SqlError('42501', `permission denied for database "${database.name}"`, { detail }, 'FATAL');
}

/** EXECUTE on a function. */
function checkFunctionRight(catalog: Catalog, oid: number, user: Authority): void {
  const routine: RoutineEntry | undefined = catalog.routine(oid);
  const name = routine?.name ?? functionByOid(oid)?.name ?? '';
  const acl = routine === undefined ? systemFunctionAcl(catalog, oid, name) : routineAcl(routine);
  if (rightsByAcl(acl, user, 'X') === '') throw permissionDenied(routine?.kind ?? 'function', name);
}

/** ExecCheckRTEPerms. */
function isAllowed(need: RelationNeed, catalog: Catalog, role: Authority): boolean {
  if (role.isSuperuser) return true;
  const { relation } = need;
  const missing = withoutRights(need.rights, rightsOnRelation(catalog, relation, role, need.rights));
  if (missing === '') return true;
  // Some rights are had column by column, too.
  if (relation.class === 'sequence' || commonRights(missing, 'raw') !== missing) return false;
  return [...missing].every((right) => hasOnColumns(need, relation, right, catalog, role));
}

function hasOnColumns(
  need: RelationNeed,
  relation: RelationEntry,
  right: string,
  catalog: Catalog,
  role: Authority,
): boolean {
  const numbers = right === 'r' ? need.selected : right === 'a' ? need.inserted : need.updated;
  const live = relation.columns.filter((column) => !column.dropped);
  const has = (column: RelationEntry['columns'][number]): boolean =>
    rightsOnColumn(catalog, relation, column, role, right) !== '';
  // count(*) and INSERT ... DEFAULT VALUES name no column: any will do.
  if (numbers.size === 0) return live.some(has);
  for (const number of numbers) {
    if (number === WHOLE_ROW ? !live.every(has) : number < 0 || !has(relation.columns[number - 1])) return false;
  }
  return true;
}
