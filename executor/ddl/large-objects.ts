/** Definitions of large objects: owners, rights and comments. They are kept in rows (catalog/large-objects.ts), which are read and changed here. */
import { type Acl, aclItemText, defaultAcl, mentionsRole, parseAclItem, withNewOwner } from '../../catalog/acl.ts';
import { LARGE_OBJECT_METADATA_OID } from '../../catalog/large-objects.ts';
import type { AlterOwnerStatement, GrantStatement } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { OID, SqlArray } from '../../types/index.ts';
import { type DdlContext, type DdlResult, type DdlSteps, wait } from './context.ts';
import { grant } from './grant.ts';
import type { RightsObject } from './grant-objects.ts';
import { checkOwner, roleOfSpec } from './resolve.ts';

/** What a row of pg_largeobject_metadata says; `acl`: null: the default. */
export interface LargeObject {
  readonly oid: number;
  readonly owner: number;
  readonly acl: Acl | null;
}

const METADATA = 'pg_catalog.pg_largeobject_metadata';

function* rows(x: DdlContext, condition: string, parameters: readonly number[]): DdlSteps<LargeObject[]> {
  if (x.catalog.relation(LARGE_OBJECT_METADATA_OID)?.kind !== 'table') return [];
  const text = `SELECT oid, lomowner, lomacl FROM ${METADATA} WHERE ${condition} ORDER BY oid`;
  const found = yield* wait(x.runInternal(text, parameters));
  const roleOid = (name: string): number => x.shared.roleByName(name)?.oid ?? 0;
  return found.map(([oid, owner, list]) => {
    const items = (list as SqlArray | null)?.elements.map((item) => parseAclItem(item as string, roleOid));
    return { oid, owner, acl: items ?? null };
  });
}

/** 42704 where there is none; `name`: its oid as it was written. */
export function* mustFindLargeObject(x: DdlContext, name: string): DdlSteps<LargeObject> {
  const oid = Number(name);
  const [found] = oid >= 0 && oid <= 4294967295 ? yield* rows(x, 'oid = $1', [oid]) : [];
  if (found === undefined) throw sqlError('42704', `large object ${name} does not exist`);
  return found;
}

/** With the right to change it; where its rights are not looked at, anybody has it. */
export function* ownLargeObject(x: DdlContext, name: string): DdlSteps<LargeObject> {
  const found = yield* mustFindLargeObject(x, name);
  if (x.settings.show('lo_compat_privileges') !== 'on') checkOwner(x, found.owner, `large object ${name}`);
  return found;
}

function* update(x: DdlContext, { oid, owner, acl }: LargeObject): DdlSteps<void> {
  const roleName = (roleOid: number): string => x.shared.roleName(roleOid);
  const list =
    acl === null
      ? null
      : new SqlArray(
          OID.ACLITEM,
          acl.map((item) => aclItemText(item, roleName)),
        );
  const text = `UPDATE ${METADATA} SET lomowner = $2, lomacl = $3 WHERE oid = $1`;
  yield* wait(x.runInternal(text, [oid, owner, list]));
}

export function* alterLargeObjectOwner(x: DdlContext, statement: AlterOwnerStatement): DdlSteps<DdlResult> {
  const found = yield* ownLargeObject(x, statement.object.name[0]);
  const role = roleOfSpec(x, statement.owner);
  if (!x.isSuperuser && !x.authority.isMemberOf(role.oid)) {
    throw sqlError('42501', `must be member of role "${role.name}"`);
  }
  yield* changeOwner(x, found, role.oid);
  return { tag: 'ALTER LARGE OBJECT' };
}

function* changeOwner(x: DdlContext, found: LargeObject, owner: number): DdlSteps<void> {
  const acl = found.acl === null ? null : withNewOwner(found.acl, found.owner, owner);
  yield* update(x, { ...found, owner, acl });
}

export function* grantLargeObjects(x: DdlContext, statement: GrantStatement): DdlSteps<DdlResult> {
  const changed: LargeObject[] = [];
  const objects: RightsObject[] = [];
  const named = statement.target.kind === 'objects' ? statement.target.objects : [];
  for (const { name } of named) {
    const found = yield* mustFindLargeObject(x, name[0]);
    objects.push({
      kind: 'large object',
      word: 'large object',
      name: name[0],
      owner: found.owner,
      acl: found.acl ?? defaultAcl('large object', found.owner),
      keep: (acl) => changed.push({ ...found, acl }),
    });
  }
  const result = grant(x, statement, objects);
  for (const object of changed) yield* update(x, object);
  return result;
}

// ------------------------------------------------------------------------------------------------------ what roles have

/** Those that the role owns, or has rights on. */
export function* largeObjectsOf(x: DdlContext, roleOid: number): DdlSteps<LargeObject[]> {
  const found = yield* rows(x, 'lomowner = $1 OR lomacl IS NOT NULL', [roleOid]);
  return found.filter(({ owner, acl }) => owner === roleOid || mentionsRole(acl ?? undefined, roleOid));
}

export function* reassignLargeObjects(x: DdlContext, roleOid: number, newOwner: number): DdlSteps<void> {
  for (const found of yield* largeObjectsOf(x, roleOid)) {
    if (found.owner === roleOid) yield* changeOwner(x, found, newOwner);
  }
}

/** After a role of their rights has got another name: lists in rows are texts. */
export function* nameRolesAgain(x: DdlContext, objects: readonly LargeObject[]): DdlSteps<void> {
  for (const object of objects) {
    if (object.acl !== null) yield* update(x, object);
  }
}

/** Those that it owns go, and its rights on others. */
export function* dropLargeObjects(x: DdlContext, roleOid: number): DdlSteps<void> {
  for (const { oid, owner, acl } of yield* largeObjectsOf(x, roleOid)) {
    if (owner !== roleOid) {
      const rest = (acl ?? []).filter(({ grantee, grantor }) => grantee !== roleOid && grantor !== roleOid);
      yield* update(x, { oid, owner, acl: rest });
      continue;
    }
    yield* wait(x.runInternal('DELETE FROM pg_catalog.pg_largeobject WHERE loid = $1', [oid]));
    yield* wait(x.runInternal(`DELETE FROM ${METADATA} WHERE oid = $1`, [oid]));
    const comment = x.catalog.comment('largeObject', oid);
    if (comment !== undefined) x.removeEntry(comment);
  }
}
