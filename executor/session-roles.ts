/**
 * Who a session is: the settings session_authorization and role say it, so that ROLLBACK, savepoints and SET LOCAL bring back who it
 * was. Who logged in decides which session users may be taken on; the session user decides which roles.
 */
import type { SettingRaw } from '../catalog/settings.ts';
import { sqlError } from '../types/errors.ts';
import type { Session } from './session.ts';

/** Refuses a new value of one of the two; every other setting passes. */
export function checkRoleSetting(session: Session, name: string, value: SettingRaw): SettingRaw {
  if (name !== 'role' && name !== 'session_authorization') return value;
  if (name === 'role' && value === 'none') return value;
  const catalog = session.sharedCatalog;
  const role = catalog.roleByName(String(value));
  if (role === undefined) throw sqlError('22023', `role "${value}" does not exist`);
  if (name === 'role') {
    const own = catalog.roleByName(session.sessionUser);
    if (own !== undefined && !own.superuser && !catalog.isMember(own.oid, role.oid)) {
      throw sqlError('42501', `permission denied to set role "${value}"`);
    }
    return value;
  }
  if (value !== session.identity.user && catalog.roleByName(session.identity.user)?.superuser !== true) {
    throw sqlError('42501', `permission denied to set session authorization "${value}"`);
  }
  // A new session user has set no role yet.
  if (session.settings.text('role') !== 'none') session.settings.set('role', 'none');
  return value;
}

/** One of the two has changed. */
export function followRoleSetting(session: Session, name: string): void {
  if (name !== 'role' && name !== 'session_authorization') return;
  const role = session.settings.text('role');
  session.sessionUser = session.settings.text('session_authorization');
  session.currentUser = role === 'none' ? session.sessionUser : role;
  session.settings.override('is_superuser', session.isSuperuser ? 'on' : 'off');
}
