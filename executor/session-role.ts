/** In whose name a session acts: the role that logged in, those it has become since, and what they may do. */
import type { Authority } from '../catalog/authority.ts';
import { rightsByAcl } from '../catalog/rights.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import type { Session } from './session.ts';

export class SessionRole {
  readonly #session: Session;
  /** The role that logged in, and whether it was a superuser then. */
  readonly login: string;
  readonly beganAsSuperuser: boolean;
  /** The owner of the SECURITY DEFINER function that runs; null: none does. */
  definer: string | null = null;
  /** A definition runs somebody else's query in his name: nothing may be left for the session to do in its own. */
  isRestricted = false;
  /** Of #authority: what it was made of. */
  #shared: SharedCatalog | null = null;
  #settingsVersion = -1;
  #authorityDefiner: string | null = null;
  #authority: Authority | null = null;

  constructor(session: Session) {
    this.#session = session;
    this.login = session.identity.user;
    this.beganAsSuperuser = session.database.shared.catalog.roleByName(this.login)?.superuser === true;
  }

  /** Roles as the transaction sees them: its own changes included. */
  get sharedCatalog(): SharedCatalog {
    return this.#session.sharedCatalog;
  }

  /** session_user. */
  get sessionUser(): string {
    return this.#session.settings.text('session_authorization');
  }

  /** current_user. */
  get currentUser(): string {
    if (this.definer !== null) return this.definer;
    const role = this.#session.settings.text('role');
    return role === 'none' ? this.sessionUser : role;
  }

  /** What the current role is; another object when anything of that changes. */
  get authority(): Authority {
    const { sharedCatalog, settings, database } = this.#session;
    if (
      this.#authority === null ||
      this.#shared !== sharedCatalog ||
      this.#settingsVersion !== settings.version ||
      this.#authorityDefiner !== this.definer
    ) {
      this.#shared = sharedCatalog;
      this.#settingsVersion = settings.version;
      this.#authorityDefiner = this.definer;
      const oid = sharedCatalog.roleByName(this.currentUser)?.oid ?? 0;
      this.#authority = sharedCatalog.authority(oid, database.oid);
    }
    return this.#authority;
  }

  get isSuperuser(): boolean {
    return this.authority.isSuperuser;
  }

  /** Superusers, and whom SET on the parameter has been granted. */
  maySet(parameter: string): boolean {
    if (this.isSuperuser) return true;
    const known = this.sharedCatalog.rightsOnParameter(parameter);
    return known !== undefined && rightsByAcl(known.acl, this.authority, 's') !== '';
  }

  /** Whether the current role has the privileges of a role, itself or through others. */
  isMemberOf(name: string): boolean {
    const role = this.sharedCatalog.roleByName(name);
    return role !== undefined && this.authority.hasPrivilegesOf(role.oid);
  }
}
