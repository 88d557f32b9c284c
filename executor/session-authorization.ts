/** Who may become whom: what the settings `role` and `session_authorization` accept. */
import { type Authority, SIGNAL_BACKEND_OID } from '../catalog/authority.ts';
import type { Settings } from '../catalog/settings.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import { sqlError } from '../types/index.ts';

export interface Authorization {
  readonly sharedCatalog: SharedCatalog;
  readonly sessionUser: string;
  /** The role that logged in, and whether it was a superuser then. */
  readonly login: string;
  readonly beganAsSuperuser: boolean;
  /** A function runs in its owner's name, or (isRestricted) a definition. */
  readonly definer: string | null;
  readonly isRestricted: boolean;
}

/** Throws where the setting may not have this value. */
export function checkAuthorization(role: Authorization, setting: string, value: unknown): void {
  if (setting !== 'role' && setting !== 'session_authorization') return;
  if (role.definer !== null) {
    const where = role.isRestricted ? 'security-restricted operation' : 'security-definer function';
    throw sqlError('42501', `cannot set parameter "${setting}" within ${where}`);
  }
  if (setting === 'role') checkRole(role, String(value));
  else checkSessionUser(role, String(value));
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
function checkSessionUser({ sharedCatalog, login, beganAsSuperuser }: Authorization, name: string): void {
  if (name === login) return;
  existingRole(sharedCatalog, name);
  if (!beganAsSuperuser) throw sqlError('42501', 'permission denied to set session authorization');
}

function existingRole(catalog: SharedCatalog, name: string): number {
  const role = catalog.roleByName(name);
  if (role === undefined) throw sqlError('22023', `role "${name}" does not exist`);
  return role.oid;
}

/** pg_cancel_backend, pg_terminate_backend. */
export function checkMaySignal(
  { authority, sharedCatalog }: { readonly authority: Authority; readonly sharedCatalog: SharedCatalog },
  user: string,
  terminate: boolean,
): void {
  if (authority.isSuperuser) return;
  const role = sharedCatalog.roleByName(user);
  const what = terminate ? 'process' : 'query';
  if (role?.superuser === true) {
    throw sqlError('42501', `must be a superuser to ${terminate ? 'terminate' : 'cancel'} superuser ${what}`);
  }
  if (authority.hasPrivilegesOf(role?.oid ?? 0) || authority.hasPrivilegesOf(SIGNAL_BACKEND_OID)) return;
  const done = terminate ? 'terminated' : 'canceled';
  throw sqlError('42501', `must be a member of the role whose ${what} is being ${done} or member of pg_signal_backend`);
}

/** Another user of the session begins in no role. */
export function leaveRole(settings: Settings, changed: string, isLocal: boolean): void {
  if (changed.toLowerCase() === 'session_authorization') settings.set('role', 'none', { isLocal });
}
