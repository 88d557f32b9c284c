/**
 * What a role is: whose privileges it has, whom it may become. After: PostgreSQL, acl.c. One object for a role in one value of the
 * shared catalog: who has checked something for it need not check again while he meets the same object.
 */
import type { RoleEntry } from './entries.ts';

export const MONITOR_OID = 3373;
export const READ_ALL_STATS_OID = 3375;
export const SIGNAL_BACKEND_OID = 4200;
export const READ_ALL_DATA_OID = 6181;
export const WRITE_ALL_DATA_OID = 6182;
/** The predefined role pg_database_owner: whoever owns the database is its only member. */
export const DATABASE_OWNER_ROLE_OID = 6171;

/** What an authority is made of. */
export interface Roles {
  role(oid: number): RoleEntry | undefined;
}

export class Authority {
  readonly roleOid: number;
  readonly isSuperuser: boolean;
  /** The roles whose privileges it has, itself first: NOINHERIT ends the way. */
  readonly inherited: ReadonlySet<number>;
  /** Those that it may become. */
  readonly roles: ReadonlySet<number>;

  constructor(roles: Roles, roleOid: number, databaseOwner: number) {
    this.roleOid = roleOid;
    this.isSuperuser = roles.role(roleOid)?.superuser === true;
    this.inherited = reach(roles, roleOid, databaseOwner, true);
    this.roles = reach(roles, roleOid, databaseOwner, false);
  }

  hasPrivilegesOf(roleOid: number): boolean {
    return this.isSuperuser || this.inherited.has(roleOid);
  }

  isMemberOf(roleOid: number): boolean {
    return this.isSuperuser || this.roles.has(roleOid);
  }
}

function reach(roles: Roles, from: number, databaseOwner: number, isInherited: boolean): Set<number> {
  // A set is walked in the order in which it grows.
  const seen = new Set([from]);
  for (const oid of seen) {
    const role = roles.role(oid);
    if (role !== undefined && (!isInherited || role.inherit)) for (const parent of role.memberOf) seen.add(parent);
    if (oid === databaseOwner) seen.add(DATABASE_OWNER_ROLE_OID);
  }
  return seen;
}

/** May the role give memberships of another (WITH ADMIN OPTION)? */
export function isAdminOf(roles: Roles, member: Authority, groupOid: number): boolean {
  if (member.isSuperuser) return true;
  for (const oid of member.roles) if (roles.role(oid)?.adminOf?.includes(groupOid) === true) return true;
  return false;
}
