/** Who may become whom: what the settings `role` and `session_authorization` accept. */
import type { Settings } from '../catalog/settings.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import { sqlError } from '../types/index.ts';

export interface Authorization {
  readonly sharedCatalog: SharedCatalog;
  readonly sessionUser: string;
  /** The role that logged in, and whether it was a superuser then. */
  readonly identity: { readonly user: string };
  readonly beganAsSuperuser: boolean;
}

/** Throws where the setting may not have this value. */
export function checkAuthorization(session: Authorization, setting: string, value: unknown): void {
  if (setting === 'role') checkRole(session, String(value));
  else if (setting === 'session_authorization') checkSessionUser(session, String(value));
}

function checkRole({ sharedCatalog, sessionUser }: Authorization, name: string): void {
  if (name === 'none') return;
  const role = existingRole(sharedCatalog, name);
  const self = sharedCatalog.roleByName(sessionUser);
  if (self !== undefined && self.superuser !== true && !sharedCatalog.isMember(self.oid, role)) {
    throw sqlError('42501', `permission denied to set role "${name}"`);
  }
}

/** Who logged in as superuser may be anybody, and everybody may go back to whom they logged in as. */
function checkSessionUser({ sharedCatalog, identity, beganAsSuperuser }: Authorization, name: string): void {
  if (name === identity.user) return;
  existingRole(sharedCatalog, name);
  if (!beganAsSuperuser) throw sqlError('42501', 'permission denied to set session authorization');
}

function existingRole(catalog: SharedCatalog, name: string): number {
  const role = catalog.roleByName(name);
  if (role === undefined) throw sqlError('22023', `role "${name}" does not exist`);
  return role.oid;
}

/** Another user of the session begins in no role. */
export function leaveRole(settings: Settings, changed: string, isLocal: boolean): void {
  if (changed.toLowerCase() === 'session_authorization') settings.set('role', 'none', { isLocal });
}
