/** A session's side of row-level security: as whom it reads and writes. */
import type { Authority } from '../catalog/authority.ts';
import type { Catalog, RelationEntry } from '../catalog/index.ts';
import { type RowSecuritySource, restrictedRole } from '../catalog/row-security.ts';
import type { Session } from './session.ts';

export class SessionRowSecurity implements RowSecuritySource {
  readonly #session: Session;
  readonly #databaseOid: number;

  constructor(session: Session, { databaseOid }: Pick<Catalog, 'databaseOid'>) {
    this.#session = session;
    this.#databaseOid = databaseOid;
  }

  get isOn(): boolean {
    return this.#session.settings.boolean('row_security');
  }

  authority(roleOid: number): Authority {
    const { authority, sharedCatalog } = this.#session;
    return roleOid === 0 ? authority : sharedCatalog.authority(roleOid, this.#databaseOid);
  }

  bypasses(roleOid: number): boolean {
    const { sharedCatalog } = this.#session;
    const role = sharedCatalog.role(roleOid === 0 ? this.#session.authority.roleOid : roleOid);
    return role?.superuser === true || role?.bypassRls === true;
  }
}

/** Whether the user sees no more of the table than its policies let him. */
export function isRowSecurityActive(session: Session, table: RelationEntry): boolean {
  if (table.rowSecurity !== true) return false;
  return restrictedRole(new SessionRowSecurity(session, session.catalog), table, 0) !== null;
}
