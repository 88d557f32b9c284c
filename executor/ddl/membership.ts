/** Who is a member of which role. After: PostgreSQL, user.c (AddRoleMems, DelRoleMems). */
import { DATABASE_OWNER_ROLE_OID, isAdminOf } from '../../catalog/authority.ts';
import type { RoleEntry } from '../../catalog/index.ts';
import type { GrantRoleStatement } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { roleOfSpec, roleOrThrow } from './resolve.ts';

/** May the user give and take memberships of the role? */
export function checkMayAdmin(x: DdlContext, group: RoleEntry): void {
  if (x.isSuperuser) return;
  if (group.superuser) throw sqlError('42501', 'must be superuser to alter superusers');
  if (x.shared.role(x.currentRoleOid)?.createRole === true || isAdminOf(x.shared, x.authority, group.oid)) return;
  throw sqlError('42501', `must have admin option on role "${group.name}"`);
}

/** Without the shortcut for superusers. */
function isNestedMember(x: DdlContext, roleOid: number, ofOid: number): boolean {
  return (x.shared.role(roleOid)?.memberOf ?? []).some((oid) => oid === ofOid || isNestedMember(x, oid, ofOid));
}

export function addMember(
  x: DdlContext,
  groupOid: number,
  member: RoleEntry,
  { isAdmin = false, grantor = x.currentRoleOid }: { readonly isAdmin?: boolean; readonly grantor?: number } = {},
): void {
  const now = x.shared.role(member.oid) ?? member;
  const group = x.shared.role(groupOid) as RoleEntry;
  if (groupOid === DATABASE_OWNER_ROLE_OID) {
    throw sqlError('XX000', `role "${group.name}" cannot have explicit members`);
  }
  if (now.oid === DATABASE_OWNER_ROLE_OID) throw sqlError('XX000', `role "${now.name}" cannot be a member of any role`);
  if (groupOid === now.oid || isNestedMember(x, groupOid, now.oid)) {
    throw sqlError('0LP01', `role "${group.name}" is a member of role "${now.name}"`);
  }
  const adminOf = (now.adminOf ?? []).filter((oid) => oid !== groupOid);
  if (now.memberOf.includes(groupOid) && (!isAdmin || now.adminOf?.includes(groupOid) === true)) {
    x.notice('NOTICE', '00000', `role "${now.name}" is already a member of role "${group.name}"`);
    return;
  }
  x.putEntry({
    ...now,
    memberOf: [...now.memberOf.filter((oid) => oid !== groupOid), groupOid],
    adminOf: isAdmin ? [...adminOf, groupOid] : adminOf,
    memberGrantors: { ...now.memberGrantors, [groupOid]: grantor },
  });
}

/** A role without its membership in another. */
export function withoutMembership(role: RoleEntry, groupOid: number): RoleEntry {
  const { [groupOid]: _, ...memberGrantors } = role.memberGrantors ?? {};
  return {
    ...role,
    memberOf: role.memberOf.filter((oid) => oid !== groupOid),
    adminOf: (role.adminOf ?? []).filter((oid) => oid !== groupOid),
    memberGrantors,
  };
}

export function removeMember(x: DdlContext, groupOid: number, member: RoleEntry, isAdminOnly = false): void {
  const now = x.shared.role(member.oid) ?? member;
  if (!now.memberOf.includes(groupOid)) {
    const group = x.shared.roleName(groupOid);
    x.notice('WARNING', '01000', `role "${now.name}" is not a member of role "${group}"`);
    return;
  }
  if (!isAdminOnly) x.putEntry(withoutMembership(now, groupOid));
  else x.putEntry({ ...now, adminOf: (now.adminOf ?? []).filter((oid) => oid !== groupOid) });
}

export function grantRole(x: DdlContext, statement: GrantRoleStatement): DdlResult {
  const isGrant = statement.kind === 'grantRole';
  // PostgreSQL 15 reads the grantor of REVOKE, and leaves it at that.
  const grantor = statement.grantedBy === null || !isGrant ? x.currentRoleOid : roleOfSpec(x, statement.grantedBy).oid;
  const grantees = statement.grantees.map((spec) => roleOfSpec(x, spec));
  for (const name of statement.roles) {
    const group = roleOrThrow(x, name);
    checkMayAdmin(x, group);
    if (grantor !== x.currentRoleOid && !x.isSuperuser) throw sqlError('42501', 'must be superuser to set grantor');
    for (const grantee of grantees) {
      if (isGrant) addMember(x, group.oid, grantee, { isAdmin: statement.adminOption, grantor });
      else removeMember(x, group.oid, grantee, statement.adminOption);
    }
  }
  return { tag: isGrant ? 'GRANT ROLE' : 'REVOKE ROLE' };
}
