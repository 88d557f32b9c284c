/** What all databases share: databases, roles, settings given to them. */
import { inputText, OID, SqlArray } from '../../types/index.ts';
import type { RoleEntry } from '../entries.ts';
import { FIRST_MULTIXACT, type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

const UTF8 = 6;

function* pgDatabase(context: ViewContext): Iterable<Row> {
  for (const database of sorted(context.shared.databases())) {
    yield {
      oid: database.oid,
      datname: database.name,
      datdba: database.owner,
      encoding: UTF8,
      datlocprovider: 'c',
      datistemplate: database.isTemplate,
      datallowconn: database.allowConnections,
      datconnlimit: database.connectionLimit,
      datfrozenxid: context.frozenXid,
      datminmxid: FIRST_MULTIXACT,
      dattablespace: 1663,
      datcollate: 'C',
      datctype: 'C',
      datacl: context.aclArray(database.acl),
    };
  }
}

function validUntil(context: ViewContext, role: RoleEntry): number | bigint | null {
  return role.validUntil === null ? null : inputText(OID.TIMESTAMPTZ, -1, role.validUntil, context.functions.format);
}

function* pgAuthid(context: ViewContext): Iterable<Row> {
  for (const role of sorted(context.shared.roles())) {
    yield {
      oid: role.oid,
      rolname: role.name,
      rolsuper: role.superuser,
      rolinherit: role.inherit,
      rolcreaterole: role.createRole,
      rolcreatedb: role.createDb,
      rolcanlogin: role.canLogin,
      rolreplication: role.replication,
      rolbypassrls: role.bypassRls,
      rolconnlimit: role.connectionLimit,
      rolpassword: context.isSuperuser ? role.password : '********',
      rolvaliduntil: validUntil(context, role),
    };
  }
}

function roleSettings(context: ViewContext, roleOid: number): SqlArray | null {
  const texts = [...context.shared.settings()]
    .filter((setting) => setting.roleOid === roleOid && setting.databaseOid === 0)
    .map((setting) => `${setting.name}=${setting.value}`);
  return texts.length === 0 ? null : new SqlArray(OID.TEXT, texts);
}

function* pgRoles(context: ViewContext): Iterable<Row> {
  for (const row of pgAuthid(context)) {
    yield { ...row, rolpassword: '********', rolconfig: roleSettings(context, row.oid as number) };
  }
}

function* pgUser(context: ViewContext, password: (role: RoleEntry) => string | null): Iterable<Row> {
  for (const role of sorted(context.shared.roles())) {
    if (!role.canLogin) continue;
    yield {
      usename: role.name,
      usesysid: role.oid,
      usecreatedb: role.createDb,
      usesuper: role.superuser,
      userepl: role.replication,
      usebypassrls: role.bypassRls,
      passwd: password(role),
      valuntil: validUntil(context, role),
      useconfig: roleSettings(context, role.oid),
    };
  }
}

function* pgGroup(context: ViewContext): Iterable<Row> {
  const roles = sorted(context.shared.roles());
  for (const role of roles) {
    if (role.canLogin) continue;
    const members = roles.filter((member) => member.memberOf.includes(role.oid)).map((member) => member.oid);
    yield { groname: role.name, grosysid: role.oid, grolist: new SqlArray(OID.OID, members) };
  }
}

function* pgAuthMembers(context: ViewContext): Iterable<Row> {
  for (const member of sorted(context.shared.roles())) {
    for (const oid of member.memberOf) {
      yield {
        roleid: oid,
        member: member.oid,
        grantor: member.memberGrantors?.[oid] ?? 10,
        admin_option: member.adminOf?.includes(oid) === true,
      };
    }
  }
}

function* pgDbRoleSetting(context: ViewContext): Iterable<Row> {
  const groups = new Map<string, Row & { setconfig: string[] }>();
  for (const setting of context.shared.settings()) {
    const key = `${setting.databaseOid}/${setting.roleOid}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { setdatabase: setting.databaseOid, setrole: setting.roleOid, setconfig: [] };
      groups.set(key, group);
    }
    group.setconfig.push(`${setting.name}=${setting.value}`);
  }
  for (const group of groups.values()) yield { ...group, setconfig: new SqlArray(OID.TEXT, group.setconfig) };
}

const BUILTIN_COMMENTS: readonly (readonly [oid: number, text: string])[] = [
  [1, 'default template for new databases'],
  [4, 'unmodifiable empty database'],
  [5, 'default administrative connection database'],
];

function* pgShdescription(context: ViewContext): Iterable<Row> {
  for (const [objoid, description] of BUILTIN_COMMENTS) {
    if (context.shared.comment('database', objoid) === undefined && context.shared.database(objoid) !== undefined) {
      yield { objoid, classoid: 1262, description };
    }
  }
  for (const comment of context.shared.comments()) {
    yield {
      objoid: comment.objectOid,
      classoid: comment.objectClass === 'database' ? 1262 : 1260,
      description: comment.text,
    };
  }
}

/** The comment on a database or role, built-in ones included. */
export function sharedComment(context: ViewContext, oid: number, classOid: number): string | null {
  for (const row of pgShdescription(context)) {
    if (row.objoid === oid && row.classoid === classOid) return row.description as string;
  }
  return null;
}

function* pgParameterAcl(context: ViewContext): Iterable<Row> {
  for (const { oid, name, acl } of sorted(context.shared.parameterRights())) {
    yield { oid, parname: name, paracl: context.aclArray(acl) };
  }
}

export const sharedMakers: Readonly<Record<string, RowMaker>> = {
  pg_database: pgDatabase,
  pg_authid: pgAuthid,
  pg_roles: pgRoles,
  pg_user: (context) => pgUser(context, () => '********'),
  pg_shadow: (context) => pgUser(context, (role) => role.password),
  pg_group: pgGroup,
  pg_auth_members: pgAuthMembers,
  pg_db_role_setting: pgDbRoleSetting,
  pg_parameter_acl: pgParameterAcl,
  pg_shdescription: pgShdescription,
};
