/** CREATE, ALTER, DROP ROLE; ALTER ROLE/DATABASE ... SET. */

import type { RoleEntry, SettingEntry } from '../../catalog/index.ts';
import { rightsByAcl } from '../../catalog/rights.ts';
import { ServerSettings, Settings } from '../../catalog/settings.ts';
import type {
  AlterRoleStatement,
  AlterSettingStatement,
  CreateRoleStatement,
  DropRoleStatement,
  Option,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { inputText, OID, outputText } from '../../types/index.ts';
import { isMd5Secret, makeMd5Secret } from '../../types/md5-password.ts';
import { makeScramVerifier, parseScramVerifier } from '../../types/scram.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { largeObjectsOf } from './large-objects.ts';
import { addMember, checkMayAdmin, removeMember, withoutMembership } from './membership.ts';
import { checkUnused } from './owned.ts';
import { at, checkOwner, roleOfSpec } from './resolve.ts';

type RoleFlags = Pick<
  RoleEntry,
  'superuser' | 'canLogin' | 'createDb' | 'createRole' | 'inherit' | 'replication' | 'bypassRls'
>;
const FLAG_OF_OPTION: Readonly<Record<string, keyof RoleFlags>> = {
  superuser: 'superuser',
  canlogin: 'canLogin',
  createdb: 'createDb',
  createrole: 'createRole',
  inherit: 'inherit',
  isreplication: 'replication',
  bypassrls: 'bypassRls',
};

function checkRoleName(x: DdlContext, name: string, position: number): void {
  if (name.startsWith('pg_')) {
    throw sqlError('42939', `role name "${name}" is reserved`, {
      detail: 'Role names starting with "pg_" are reserved.',
    });
  }
  if (name === 'public' || name === 'none') {
    throw sqlError('42939', `role name "${name}" is reserved`, at(x, position));
  }
}

function own(x: DdlContext): RoleEntry | undefined {
  return x.shared.role(x.currentRoleOid);
}

/** What options say, over an older entry. */
function withOptions(x: DdlContext, role: RoleEntry, options: readonly Option[]): RoleEntry {
  let result = role;
  for (const { name, value } of options) {
    const flag = FLAG_OF_OPTION[name];
    if (flag !== undefined) result = { ...result, [flag]: value === true };
    else if (name === 'password') result = { ...result, password: secretOf(x, role.name, value as string | null) };
    else if (name === 'connectionlimit') {
      if (Number(value) < -1) throw sqlError('22023', `invalid connection limit: ${value}`);
      result = { ...result, connectionLimit: Number(value) };
    } else if (name === 'validUntil') {
      const time = inputText(OID.TIMESTAMPTZ, -1, String(value), x.settings.format);
      result = { ...result, validUntil: outputText(OID.TIMESTAMPTZ, time, { ...x.settings.format, timeZone: 'UTC' }) };
    } else if (name === 'sysid') x.notice('NOTICE', '00000', 'SYSID can no longer be specified');
  }
  return result;
}

/** What is kept of a password, which may be given as what is kept already. */
function secretOf(x: DdlContext, role: string, password: string | null): string | null {
  if (password === null) return null;
  if (isOfNothing(role, password)) {
    x.notice('NOTICE', '00000', 'empty string is not a valid password, clearing password');
    return null;
  }
  if (parseScramVerifier(password) !== null || isMd5Secret(password)) return password;
  return x.settings.show('password_encryption') === 'md5' ? makeMd5Secret(password, role) : makeScramVerifier(password);
}

/** More would stop all sessions for seconds. */
const CHECKED_ITERATIONS_MAX = 100_000;

/** The empty password, which many clients cannot send, in any form. */
function isOfNothing(role: string, password: string): boolean {
  if (password === '' || password === makeMd5Secret('', role)) return true;
  const verifier = parseScramVerifier(password);
  if (verifier === null || verifier.iterations > CHECKED_ITERATIONS_MAX) return false;
  return makeScramVerifier('', verifier.salt, verifier.iterations) === password;
}

/** Attributes that only superusers give, in the order in which they are asked for. */
const SUPERUSERS_OWN: readonly (readonly [option: string, created: string])[] = [
  ['superuser', 'superusers'],
  ['isreplication', 'replication users'],
  ['bypassrls', 'bypassrls users'],
];

function checkMayCreate(x: DdlContext, options: readonly Option[]): void {
  if (x.isSuperuser) return;
  for (const [name, what] of SUPERUSERS_OWN) {
    if (!options.some((option) => option.name === name && option.value === true)) continue;
    throw sqlError('42501', `must be superuser to create ${what}`);
  }
  if (own(x)?.createRole !== true) throw sqlError('42501', 'permission denied to create role');
}

function checkMayAlter(x: DdlContext, role: RoleEntry, options: readonly Option[], hasMembers: boolean): void {
  if (x.isSuperuser) return;
  const has = (name: string): boolean => options.some((option) => option.name === name);
  if (role.superuser || has('superuser')) {
    throw sqlError('42501', 'must be superuser to alter superuser roles or change superuser attribute');
  }
  if (role.replication || has('isreplication')) {
    throw sqlError('42501', 'must be superuser to alter replication roles or change replication attribute');
  }
  if (has('bypassrls')) throw sqlError('42501', 'must be superuser to change bypassrls attribute');
  if (own(x)?.createRole === true) return;
  // One's own password is one's own business.
  const isOwnPassword = role.oid === x.currentRoleOid && options.every(({ name }) => name === 'password');
  if (!isOwnPassword || options.length === 0 || hasMembers) throw sqlError('42501', 'permission denied');
}

export function createRole(x: DdlContext, statement: CreateRoleStatement): DdlResult {
  const { name } = statement;
  const tag = 'CREATE ROLE';
  checkRoleName(x, name, statement.position);
  checkMayCreate(x, statement.options);
  if (x.shared.roleByName(name) !== undefined) throw sqlError('42710', `role "${name}" already exists`);
  const role = withOptions(
    x,
    {
      class: 'role',
      oid: x.allocateOid(),
      name,
      superuser: false,
      canLogin: statement.roleType === 'user',
      createDb: false,
      createRole: false,
      inherit: true,
      replication: false,
      bypassRls: false,
      connectionLimit: -1,
      password: null,
      validUntil: null,
      memberOf: [],
    },
    statement.options,
  );
  x.putEntry(role);
  for (const spec of statement.inRoles) {
    const group = roleOfSpec(x, spec);
    checkMayAdmin(x, group);
    addMember(x, group.oid, role);
  }
  for (const spec of statement.members) addMember(x, role.oid, roleOfSpec(x, spec));
  for (const spec of statement.admins) addMember(x, role.oid, roleOfSpec(x, spec), { isAdmin: true });
  return { tag };
}

export function alterRole(x: DdlContext, statement: AlterRoleStatement): DdlResult {
  const role = roleOfSpec(x, statement.role);
  if (role.name.startsWith('pg_')) {
    throw sqlError('42939', `role name "${role.name}" is reserved`, { detail: 'Cannot alter reserved roles.' });
  }
  const { addMembers, dropMembers } = statement;
  checkMayAlter(x, role, statement.options, addMembers.length + dropMembers.length > 0);
  if (addMembers.length + dropMembers.length > 0) checkMayAdmin(x, role);
  x.putEntry(withOptions(x, role, statement.options));
  for (const spec of statement.addMembers) addMember(x, role.oid, roleOfSpec(x, spec));
  for (const spec of statement.dropMembers) removeMember(x, role.oid, roleOfSpec(x, spec));
  return { tag: 'ALTER ROLE' };
}

// ----------------------------------------------------------------------------------------------------------- DROP ROLE

export function* dropRole(x: DdlContext, statement: DropRoleStatement): DdlSteps<DdlResult> {
  const tag = 'DROP ROLE';
  if (!x.isSuperuser && own(x)?.createRole !== true) throw sqlError('42501', 'permission denied to drop role');
  for (const spec of statement.roles) {
    if (spec.kind !== 'name') throw sqlError('22023', 'cannot use special role specifier in DROP ROLE');
    const role = x.shared.roleByName(spec.name);
    if (role === undefined) {
      if (!statement.ifExists) throw sqlError('42704', `role "${spec.name}" does not exist`);
      x.notice('NOTICE', '00000', `role "${spec.name}" does not exist, skipping`);
      continue;
    }
    if (role.oid === x.currentRoleOid) throw sqlError('55006', 'current user cannot be dropped');
    if (role.name === x.settings.show('session_authorization')) {
      throw sqlError('55006', 'session user cannot be dropped');
    }
    if (role.superuser && !x.isSuperuser) throw sqlError('42501', 'must be superuser to drop superusers');
    checkUnused(x, role, yield* largeObjectsOf(x, role.oid));
    forgetRole(x, role);
  }
  return { tag };
}

function forgetRole(x: DdlContext, role: RoleEntry): void {
  for (const other of [...x.shared.roles()]) {
    if (other.memberOf.includes(role.oid)) {
      x.putEntry(withoutMembership(other, role.oid));
    }
  }
  for (const setting of [...x.shared.settings()]) if (setting.roleOid === role.oid) x.removeEntry(setting);
  const comment = x.shared.comment('role', role.oid);
  if (comment !== undefined) x.removeEntry(comment);
  x.removeEntry(role);
}

// ------------------------------------------------------------------------------------------- ALTER ROLE/DATABASE ... SET

export function alterSetting(x: DdlContext, statement: AlterSettingStatement): DdlResult {
  const isDatabase = statement.kind === 'alterDatabaseSet';
  const databaseName = isDatabase ? statement.name : statement.database;
  const database = databaseName === null ? undefined : x.shared.databaseByName(databaseName);
  if (databaseName !== null && database === undefined) {
    throw sqlError('3D000', `database "${databaseName}" does not exist`);
  }
  const role = statement.role === null ? undefined : roleOfSpec(x, statement.role);
  if (isDatabase && database !== undefined) checkOwner(x, database.owner, `database ${database.name}`);
  if (role?.superuser === true && !x.isSuperuser) throw sqlError('42501', 'must be superuser to alter superusers');
  if (!isDatabase && !x.isSuperuser && role?.oid !== x.currentRoleOid && own(x)?.createRole !== true) {
    throw sqlError('42501', role === undefined ? 'must be superuser to alter settings globally' : 'permission denied');
  }
  const databaseOid = database?.oid ?? 0;
  const roleOid = role?.oid ?? 0;
  const { setting } = statement;
  const existing = (name: string | null): SettingEntry[] =>
    [...x.shared.settings()].filter(
      (entry) =>
        entry.databaseOid === databaseOid &&
        entry.roleOid === roleOid &&
        (name === null || entry.name.toLowerCase() === name.toLowerCase()),
    );
  if (setting.kind === 'reset' || setting.values === null) {
    for (const entry of existing(setting.name)) x.removeEntry(entry);
  } else {
    const trial = new Settings(new ServerSettings());
    trial.setValues(setting.name, setting.values, {
      isSuperuser: x.isSuperuser || maySet(x, setting.name),
      isInterval: setting.interval !== null,
    });
    const value = trial.show(setting.name);
    const [old] = existing(setting.name);
    x.putEntry(
      old === undefined
        ? { class: 'setting', oid: x.allocateOid(), databaseOid, roleOid, name: setting.name, value }
        : { ...old, value },
    );
  }
  return { tag: isDatabase ? 'ALTER DATABASE' : 'ALTER ROLE' };
}

/** SET on the parameter has been granted. */
function maySet(x: DdlContext, name: string): boolean {
  const known = x.shared.rightsOnParameter(name);
  return known !== undefined && rightsByAcl(known.acl, x.authority, 's') !== '';
}
