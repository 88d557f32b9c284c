/** CREATE, ALTER, DROP ROLE; membership; ALTER ROLE/DATABASE ... SET; REASSIGN and DROP OWNED. */
import { schemaAcl } from '../../catalog/acl.ts';
import type { RoleEntry, SettingEntry } from '../../catalog/index.ts';
import { BOOTSTRAP_ROLE_OID } from '../../catalog/index.ts';
import { ServerSettings, Settings } from '../../catalog/settings.ts';
import type {
  AlterRoleStatement,
  AlterSettingStatement,
  CreateRoleStatement,
  DropRoleStatement,
  GrantRoleStatement,
  Option,
  OwnedStatement,
  RoleSpec,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { inputText, OID, outputText } from '../../types/index.ts';
import { makeScramVerifier, parseScramVerifier } from '../../types/scram.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { dropObjects } from './dependencies.ts';
import { type ObjectReference, reference, referenceTo } from './describe.ts';
import { forgetGrants } from './grant-schema.ts';
import { at, checkOwner, roleOfSpec, roleOrThrow } from './resolve.ts';

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
    else if (name === 'password') result = { ...result, password: verifier(x, value as string | null) };
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

function verifier(x: DdlContext, password: string | null): string | null {
  if (password === null) return null;
  if (password === '') {
    x.notice('NOTICE', '00000', 'empty string is not a valid password, clearing password');
    return null;
  }
  if (parseScramVerifier(password) !== null) return password;
  return makeScramVerifier(password);
}

function checkMayGive(x: DdlContext, options: readonly Option[], verb: 'create' | 'alter'): void {
  if (x.isSuperuser) return;
  for (const { name } of options) {
    if (name === 'superuser' || name === 'isreplication' || name === 'bypassrls') {
      const what =
        name === 'superuser' ? 'superusers' : name === 'isreplication' ? 'replication users' : 'bypassrls users';
      throw sqlError(
        '42501',
        verb === 'create' ? `must be superuser to create ${what}` : `must be superuser to alter ${what}`,
      );
    }
  }
}

export function createRole(x: DdlContext, statement: CreateRoleStatement): DdlResult {
  const { name } = statement;
  const tag = 'CREATE ROLE';
  checkRoleName(x, name, statement.position);
  checkMayGive(x, statement.options, 'create');
  if (!x.isSuperuser && own(x)?.createRole !== true) throw sqlError('42501', 'permission denied to create role');
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
  x.putEntry({ ...role, memberOf: statement.inRoles.map((spec) => roleOfSpec(x, spec).oid) });
  for (const spec of [...statement.members, ...statement.admins]) addMember(x, role.oid, roleOfSpec(x, spec));
  return { tag };
}

export function alterRole(x: DdlContext, statement: AlterRoleStatement): DdlResult {
  const role = roleOfSpec(x, statement.role);
  if (role.name.startsWith('pg_')) checkRoleName(x, role.name, -1);
  checkMayGive(x, statement.options, 'alter');
  if (!x.isSuperuser) {
    if (role.superuser)
      throw sqlError('42501', 'must be superuser to alter superuser roles or change superuser attribute');
    const onlyPassword = statement.options.every(({ name }) => name === 'password') && role.oid === x.currentRoleOid;
    if (own(x)?.createRole !== true && !onlyPassword) throw sqlError('42501', 'permission denied');
  }
  x.putEntry(withOptions(x, role, statement.options));
  for (const spec of statement.addMembers) addMember(x, role.oid, roleOfSpec(x, spec));
  for (const spec of statement.dropMembers) removeMember(x, role.oid, roleOfSpec(x, spec));
  return { tag: 'ALTER ROLE' };
}

// ---------------------------------------------------------------------------------------------------------- membership

function addMember(x: DdlContext, groupOid: number, member: RoleEntry): void {
  const now = x.shared.role(member.oid) ?? member;
  const group = x.shared.role(groupOid) as RoleEntry;
  if (groupOid === now.oid || isNestedMember(x, groupOid, now.oid)) {
    throw sqlError('0LP01', `role "${group.name}" is a member of role "${now.name}"`);
  }
  if (now.memberOf.includes(groupOid)) {
    x.notice('NOTICE', '00000', `role "${now.name}" is already a member of role "${group.name}"`);
    return;
  }
  x.putEntry({ ...now, memberOf: [...now.memberOf, groupOid] });
}

/** Without the shortcut for superusers. */
function isNestedMember(x: DdlContext, roleOid: number, ofOid: number): boolean {
  return (x.shared.role(roleOid)?.memberOf ?? []).some((oid) => oid === ofOid || isNestedMember(x, oid, ofOid));
}

function removeMember(x: DdlContext, groupOid: number, member: RoleEntry): void {
  const now = x.shared.role(member.oid) ?? member;
  if (!now.memberOf.includes(groupOid)) {
    const group = x.shared.roleName(groupOid);
    x.notice('WARNING', '01000', `role "${now.name}" is not a member of role "${group}"`);
    return;
  }
  x.putEntry({ ...now, memberOf: now.memberOf.filter((oid) => oid !== groupOid) });
}

export function grantRole(x: DdlContext, statement: GrantRoleStatement): DdlResult {
  const grantees = statement.grantees.map((spec) => roleOfSpec(x, spec));
  for (const name of statement.roles) {
    const group = roleOrThrow(x, name);
    if (!x.isSuperuser && (group.superuser || own(x)?.createRole !== true)) {
      throw sqlError(
        '42501',
        group.superuser ? 'must be superuser to alter superusers' : `must have admin option on role "${name}"`,
      );
    }
    for (const grantee of grantees) {
      if (statement.kind === 'grantRole') addMember(x, group.oid, grantee);
      else if (!statement.adminOption) removeMember(x, group.oid, grantee);
    }
  }
  return { tag: statement.kind === 'grantRole' ? 'GRANT ROLE' : 'REVOKE ROLE' };
}

// ----------------------------------------------------------------------------------------------------------- DROP ROLE

/** What the role owns in this database, as messages say it. */
function ownedObjects(x: DdlContext, roleOid: number): ObjectReference[] {
  const result: ObjectReference[] = [];
  for (const schema of x.catalog.schemas()) if (schema.owner === roleOid) result.push(reference('schema', schema.oid));
  for (const relation of x.catalog.relations()) if (relation.owner === roleOid) result.push(referenceTo(relation));
  for (const sequence of x.catalog.sequences()) {
    if (sequence.owner === roleOid && sequence.ownedByTable === 0) result.push(referenceTo(sequence));
  }
  for (const type of x.catalog.types()) if (type.owner === roleOid) result.push(reference('type', type.oid));
  return result.sort((a, b) => a.oid - b.oid);
}

export function dropRole(
  x: DdlContext,
  statement: DropRoleStatement,
  describe: (object: ObjectReference) => string,
): DdlResult {
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
    checkUnused(x, role, describe);
    forgetRole(x, role);
  }
  return { tag };
}

function checkUnused(x: DdlContext, role: RoleEntry, describe: (object: ObjectReference) => string): void {
  const message = `role "${role.name}" cannot be dropped because some objects depend on it`;
  if (role.oid === BOOTSTRAP_ROLE_OID || role.name.startsWith('pg_')) {
    throw sqlError('2BP01', `cannot drop role ${role.name} because it is required by the database system`);
  }
  const lines = ownedObjects(x, role.oid).map((object) => `owner of ${describe(object)}`);
  for (const schema of x.catalog.schemas()) {
    if (schema.owner === role.oid) continue;
    if (schemaAcl(schema).some(({ grantee, grantor }) => grantee === role.oid || grantor === role.oid)) {
      lines.push(`privileges for schema ${schema.name}`);
    }
  }
  for (const database of x.shared.databases()) {
    if (database.owner === role.oid) lines.push(`owner of database ${database.name}`);
  }
  if (lines.length > 0) throw sqlError('2BP01', message, { detail: lines.join('\n') });
}

function forgetRole(x: DdlContext, role: RoleEntry): void {
  for (const other of [...x.shared.roles()]) {
    if (other.memberOf.includes(role.oid)) {
      x.putEntry({ ...other, memberOf: other.memberOf.filter((oid) => oid !== role.oid) });
    }
  }
  for (const setting of [...x.shared.settings()]) if (setting.roleOid === role.oid) x.removeEntry(setting);
  const comment = x.shared.comment('role', role.oid);
  if (comment !== undefined) x.removeEntry(comment);
  x.removeEntry(role);
}

export function* owned(x: DdlContext, statement: OwnedStatement): DdlSteps<DdlResult> {
  const roles = statement.roles.map((spec: RoleSpec) => roleOfSpec(x, spec));
  const newOwner = statement.newOwner === null ? null : roleOfSpec(x, statement.newOwner);
  for (const role of roles) {
    if (!x.isSuperuser && !x.shared.isMember(x.currentRoleOid, role.oid)) {
      throw sqlError(
        '42501',
        statement.kind === 'dropOwned' ? 'permission denied to drop objects' : 'permission denied to reassign objects',
      );
    }
    if (role.oid === BOOTSTRAP_ROLE_OID) {
      const verb = statement.kind === 'dropOwned' ? 'drop objects owned by' : 'reassign ownership of objects owned by';
      throw sqlError('2BP01', `cannot ${verb} role ${role.name} because they are required by the database system`);
    }
    if (newOwner === null) {
      yield* dropObjects(x, ownedObjects(x, role.oid), statement.behavior === 'cascade');
      forgetGrants(x, role.oid);
      continue;
    }
    for (const { class: objectClass, oid } of ownedObjects(x, role.oid)) {
      const entry =
        objectClass === 'schema' || objectClass === 'type'
          ? x.catalog.entry(objectClass, oid)
          : x.catalog.namedRelation(oid);
      if (entry !== undefined && 'owner' in entry) x.putEntry({ ...entry, owner: newOwner.oid });
      if (entry?.class === 'relation') {
        for (const sequence of x.catalog.sequencesOf(oid)) x.putEntry({ ...sequence, owner: newOwner.oid });
      }
    }
    for (const database of [...x.shared.databases()]) {
      if (database.owner === role.oid) x.putEntry({ ...database, owner: newOwner.oid });
    }
  }
  return { tag: newOwner === null ? 'DROP OWNED' : 'REASSIGN OWNED' };
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
      isSuperuser: x.isSuperuser,
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
