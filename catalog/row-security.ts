/** Who must keep to the policies of a table's row-level security. After: PostgreSQL, check_enable_rls() (rls.c). */
import type { Authority } from './authority.ts';
import type { RelationEntry } from './entries.ts';

/** What row-level security asks of roles, by oid. 0: the user. */
export interface RowSecuritySource {
  /** The setting row_security: off, nothing may be left out in silence. */
  readonly isOn: boolean;
  authority(roleOid: number): Authority;
  /** Superusers and roles with BYPASSRLS. */
  bypasses(roleOid: number): boolean;
}

/** The role, if it must keep to the table's policies; null: all rows are there for it. */
export function restrictedRole(source: RowSecuritySource, table: RelationEntry, roleOid: number): Authority | null {
  if (table.rowSecurity !== true || source.bypasses(roleOid)) return null;
  const role = source.authority(roleOid);
  return role.hasPrivilegesOf(table.owner) && table.forcesRowSecurity !== true ? null : role;
}
