/**
 * has_table_privilege and its kin, pg_has_role. What is granted is kept for schemas; else the answer follows from superuser, ownership, and what
 * PostgreSQL gives to PUBLIC from the start: USAGE on types, languages and public, EXECUTE on functions, CONNECT and TEMP on databases,
 * SELECT on the catalogs.
 */
import { sqlError } from '../../types/errors.ts';
import { OID, SqlArray, typeByOid } from '../../types/index.ts';
import { type AclItem, schemaAcl } from '../acl.ts';
import { BOOTSTRAP_ROLE_OID } from '../entries.ts';
import type { FunctionContext } from '../function-entry.ts';
import { ViewContext } from '../pg-catalog/view-context.ts';
import type { AnyFunction, FunctionModule } from './module.ts';
import { functionByOid } from './registry.ts';
import { catalogOf, relationByText } from './system-catalog.ts';

type ObjectKind =
  | 'table'
  | 'any_column'
  | 'column'
  | 'sequence'
  | 'schema'
  | 'database'
  | 'function'
  | 'type'
  | 'language'
  | 'tablespace'
  | 'foreign_data_wrapper'
  | 'server';

const TABLE_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'RULE'];
const RIGHTS: Readonly<Record<ObjectKind, readonly string[]>> = {
  table: TABLE_RIGHTS,
  any_column: ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'],
  column: ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'],
  sequence: ['USAGE', 'SELECT', 'UPDATE'],
  schema: ['CREATE', 'USAGE'],
  database: ['CREATE', 'TEMPORARY', 'TEMP', 'CONNECT'],
  function: ['EXECUTE'],
  type: ['USAGE'],
  language: ['USAGE'],
  tablespace: ['CREATE'],
  foreign_data_wrapper: ['USAGE'],
  server: ['USAGE'],
};

/** `SELECT, UPDATE WITH GRANT OPTION`: one of them is enough. */
function parseRights(kind: ObjectKind, text: string): { readonly right: string; readonly withGrant: boolean }[] {
  return text.split(',').map((part) => {
    const word = part.trim().toUpperCase();
    const withGrant = word.endsWith(' WITH GRANT OPTION');
    const right = withGrant ? word.slice(0, -' WITH GRANT OPTION'.length).trimEnd() : word;
    if (!RIGHTS[kind].includes(right)) throw sqlError('22023', `unrecognized privilege type: "${part.trim()}"`);
    return { right, withGrant };
  });
}

function roleOid(context: FunctionContext, user: string | number | null): number {
  const view = new ViewContext(context);
  if (user === null) return view.shared.roleByName(context.currentUser)?.oid ?? BOOTSTRAP_ROLE_OID;
  if (typeof user === 'number') return user;
  if (user === 'public') return 0;
  const role = view.shared.roleByName(user);
  if (role === undefined) throw sqlError('42704', `role "${user}" does not exist`);
  return role.oid;
}

interface Target {
  readonly owner: number;
  /** Rights that everybody has. */
  readonly publicRights: readonly string[];
  /** Rights that are kept; they say what the owner and everybody have, too. */
  readonly acl?: readonly AclItem[];
}

const SCHEMA_LETTERS: Readonly<Record<string, string>> = { CREATE: 'C', USAGE: 'U' };

const NO_RIGHTS: readonly string[] = [];

function byOid(context: FunctionContext, kind: ObjectKind, oid: number): Target | null {
  const catalog = catalogOf(context);
  const { shared } = new ViewContext(context);
  switch (kind) {
    case 'table':
    case 'any_column':
    case 'column': {
      const entry = catalog.namedRelation(oid);
      if (entry === undefined) return null;
      const owner = entry.class === 'index' ? (catalog.relation(entry.tableOid)?.owner ?? 0) : entry.owner;
      const isCatalog =
        entry.class === 'relation' && entry.kind === 'virtual' && !['pg_authid', 'pg_shadow'].includes(entry.name);
      return { owner, publicRights: isCatalog ? ['SELECT'] : NO_RIGHTS };
    }
    case 'sequence': {
      const sequence = catalog.sequence(oid);
      return sequence === undefined ? null : { owner: sequence.owner, publicRights: NO_RIGHTS };
    }
    case 'schema': {
      const schema = catalog.schema(oid);
      if (schema === undefined) return null;
      return { owner: schema.owner, publicRights: NO_RIGHTS, acl: schemaAcl(schema) };
    }
    case 'database': {
      const database = shared.database(oid);
      return database === undefined ? null : { owner: database.owner, publicRights: ['CONNECT', 'TEMPORARY', 'TEMP'] };
    }
    case 'function': {
      const routine = catalog.routine(oid);
      if (routine !== undefined) return { owner: routine.owner, publicRights: ['EXECUTE'] };
      return functionByOid(oid) === null ? null : { owner: BOOTSTRAP_ROLE_OID, publicRights: ['EXECUTE'] };
    }
    case 'type': {
      const owner = catalog.type(oid)?.owner ?? BOOTSTRAP_ROLE_OID;
      return typeByOid(oid) === undefined ? null : { owner, publicRights: ['USAGE'] };
    }
    case 'language':
      return oid >= 12 && oid <= 14 ? { owner: BOOTSTRAP_ROLE_OID, publicRights: ['USAGE'] } : null;
    case 'tablespace':
      return oid === 1663 || oid === 1664 ? { owner: BOOTSTRAP_ROLE_OID, publicRights: NO_RIGHTS } : null;
    default:
      return null;
  }
}

function nameToOid(context: FunctionContext, kind: ObjectKind, name: string): number {
  const catalog = catalogOf(context);
  switch (kind) {
    case 'table':
    case 'any_column':
    case 'column':
      return relationByText(context, name).oid;
    case 'sequence': {
      const { oid } = relationByText(context, name);
      if (catalog.sequence(oid) === undefined) throw sqlError('42809', `"${name}" is not a sequence`);
      return oid;
    }
    case 'schema': {
      const schema = catalog.schemaByName(name);
      if (schema === undefined) throw sqlError('3F000', `schema "${name}" does not exist`);
      return schema.oid;
    }
    case 'database': {
      const database = new ViewContext(context).shared.databaseByName(name);
      if (database === undefined) throw sqlError('3D000', `database "${name}" does not exist`);
      return database.oid;
    }
    case 'function':
    case 'type': {
      // 2202 regprocedure, 2206 regtype.
      const oid = context.format.names?.regInput(kind === 'function' ? 2202 : 2206, name) ?? 0;
      if (oid === 0) throw sqlError(kind === 'type' ? '42704' : '42883', `${kind} "${name}" does not exist`);
      return oid;
    }
    case 'language': {
      const at = ['internal', 'c', 'sql'].indexOf(name);
      if (at < 0) throw sqlError('42704', `language "${name}" does not exist`);
      return 12 + at;
    }
    case 'tablespace': {
      if (name === 'pg_default') return 1663;
      if (name === 'pg_global') return 1664;
      throw sqlError('42704', `tablespace "${name}" does not exist`);
    }
    default:
      throw sqlError('42704', `${kind.replaceAll('_', '-')} "${name}" does not exist`);
  }
}

function check(
  context: FunctionContext,
  kind: ObjectKind,
  user: string | number | null,
  object: string | number,
  rights: string,
): boolean | null {
  const role = roleOid(context, user);
  const oid = typeof object === 'string' ? nameToOid(context, kind, object) : object;
  const wanted = parseRights(kind, rights);
  const target = byOid(context, kind, oid);
  if (target === null) return null;
  const { shared } = new ViewContext(context);
  const isOwner = role !== 0 && shared.isMember(role, target.owner);
  const { acl } = target;
  if (acl !== undefined) {
    const isAll = role !== 0 && shared.role(role)?.superuser === true;
    return wanted.some(({ right, withGrant }) => {
      // The owner may always give rights on.
      if (isAll || (withGrant && isOwner)) return true;
      return acl.some(({ grantee, rights: had, grantable }) => {
        const isOwn = grantee === 0 || (role !== 0 && shared.isMember(role, grantee));
        return isOwn && (withGrant ? grantable : had).includes(SCHEMA_LETTERS[right]);
      });
    });
  }
  return wanted.some(({ right, withGrant }) => isOwner || (!withGrant && target.publicRights.includes(right)));
}

type Contextual = Record<string, (context: FunctionContext, ...args: never[]) => unknown>;

function family(kind: ObjectKind): Contextual {
  const name = `has_${kind}_privilege`;
  const withUser = (context: FunctionContext, user: string | number, object: string | number, rights: string) =>
    check(context, kind, user, object, rights);
  const withoutUser = (context: FunctionContext, object: string | number, rights: string) =>
    check(context, kind, null, object, rights);
  return {
    [`${name}_name_name`]: withUser,
    [`${name}_name_id`]: withUser,
    [`${name}_id_name`]: withUser,
    [`${name}_id_id`]: withUser,
    [`${name}_name`]: withoutUser,
    [`${name}_id`]: withoutUser,
  };
}

/** The column must exist; rights are the table's. */
function checkColumn(
  context: FunctionContext,
  user: string | number | null,
  table: string | number,
  column: string | number,
  rights: string,
): boolean | null {
  const oid = typeof table === 'string' ? nameToOid(context, 'column', table) : table;
  const entry = catalogOf(context).relation(oid);
  if (entry === undefined) return null;
  const found = entry.columns.find((each) => !each.dropped && (each.name === column || each.number === column));
  if (found === undefined) {
    if (typeof column === 'number') return null;
    throw sqlError('42703', `column "${column}" of relation "${entry.name}" does not exist`);
  }
  return check(context, 'column', user, oid, rights);
}

function columnFamily(): Contextual {
  const functions: Contextual = {};
  const withUser = (
    context: FunctionContext,
    user: string | number,
    table: string | number,
    column: string | number,
    rights: string,
  ) => checkColumn(context, user, table, column, rights);
  const withoutUser = (context: FunctionContext, table: string | number, column: string | number, rights: string) =>
    checkColumn(context, null, table, column, rights);
  for (const table of ['name', 'id']) {
    for (const column of ['name', 'attnum']) {
      functions[`has_column_privilege_${table}_${column}`] = withoutUser;
      for (const user of ['name', 'id']) functions[`has_column_privilege_${user}_${table}_${column}`] = withUser;
    }
  }
  return functions;
}

const ROLE_RIGHTS = new Set([
  'MEMBER',
  'USAGE',
  'MEMBER WITH ADMIN OPTION',
  'MEMBER WITH GRANT OPTION',
  'USAGE WITH ADMIN OPTION',
  'USAGE WITH GRANT OPTION',
]);

function hasRole(
  context: FunctionContext,
  user: string | number | null,
  role: string | number,
  rights: string,
): boolean {
  const member = roleOid(context, user);
  const of = roleOid(context, role);
  for (const part of rights.split(',')) {
    if (!ROLE_RIGHTS.has(part.trim().toUpperCase())) {
      throw sqlError('22023', `unrecognized privilege type: "${part.trim()}"`);
    }
  }
  return new ViewContext(context).shared.isMember(member, of);
}

const hasRoleOf = (context: FunctionContext, user: string | number, role: string | number, rights: string): boolean =>
  hasRole(context, user, role, rights);
const hasOwnRole = (context: FunctionContext, role: string | number, rights: string): boolean =>
  hasRole(context, null, role, rights);

function hasParameter(context: FunctionContext, user: string | number | null): boolean {
  return new ViewContext(context).shared.role(roleOid(context, user))?.superuser === true;
}

const KINDS: readonly ObjectKind[] = [
  'table',
  'any_column',
  'sequence',
  'schema',
  'database',
  'function',
  'type',
  'language',
  'tablespace',
  'foreign_data_wrapper',
  'server',
];

/** Rights that an object has before anything is granted: the owner's, and (with an empty name) everybody's. */
const DEFAULT_RIGHTS: Readonly<Record<string, readonly [owner: string, everybody: string]>> = {
  r: ['arwdDxt', ''],
  c: ['', ''],
  s: ['rwU', ''],
  d: ['CTc', 'Tc'],
  f: ['X', 'X'],
  l: ['U', 'U'],
  L: ['rw', ''],
  n: ['UC', ''],
  p: ['', ''],
  t: ['C', ''],
  F: ['U', ''],
  S: ['U', ''],
  T: ['U', 'U'],
};

function defaultAcl(context: FunctionContext, objectType: string, ownerOid: number): SqlArray {
  const rights = DEFAULT_RIGHTS[objectType];
  if (rights === undefined) throw sqlError('XX000', `unrecognized object type abbreviation: ${objectType}`);
  const owner = new ViewContext(context).roleName(ownerOid);
  const items: string[] = [];
  if (rights[1] !== '') items.push(`=${rights[1]}/${owner}`);
  if (rights[0] !== '') items.push(`${owner}=${rights[0]}/${owner}`);
  return new SqlArray(OID.ACLITEM, items);
}

const RIGHT_LETTERS: Readonly<Record<string, string>> = {
  a: 'INSERT',
  r: 'SELECT',
  w: 'UPDATE',
  d: 'DELETE',
  D: 'TRUNCATE',
  x: 'REFERENCES',
  t: 'TRIGGER',
  X: 'EXECUTE',
  U: 'USAGE',
  C: 'CREATE',
  T: 'TEMPORARY',
  c: 'CONNECT',
  s: 'SET',
  A: 'ALTER SYSTEM',
};

/** (grantor, grantee, privilege_type, is_grantable) for each right of each item. */
function explodeAcl(context: FunctionContext, acl: SqlArray): unknown[][] {
  const { shared } = new ViewContext(context);
  const rows: unknown[][] = [];
  for (const item of acl.elements as readonly string[]) {
    const [, grantee, letters, grantor] = /^(.*)=([^/]*)\/(.*)$/.exec(item) ?? [];
    if (letters === undefined) continue;
    for (const [, letter, star] of letters.matchAll(/([A-Za-z])(\*?)/g)) {
      rows.push([
        shared.roleByName(grantor)?.oid ?? 0,
        shared.roleByName(grantee)?.oid ?? 0,
        RIGHT_LETTERS[letter] ?? letter,
        star === '*',
      ]);
    }
  }
  return rows;
}

export const privilegeFunctions: FunctionModule = {
  contextual: {
    ...(Object.assign({}, ...KINDS.map(family), columnFamily()) as Record<string, AnyFunction>),
    pg_has_role_name_name: hasRoleOf,
    pg_has_role_name_id: hasRoleOf,
    pg_has_role_id_name: hasRoleOf,
    pg_has_role_id_id: hasRoleOf,
    pg_has_role_name: hasOwnRole,
    pg_has_role_id: hasOwnRole,
    acldefault_sql: defaultAcl,
    aclexplode: explodeAcl,
    has_parameter_privilege_name: (context) => hasParameter(context, null),
    has_parameter_privilege_name_name: (context, user: string) => hasParameter(context, user),
    has_parameter_privilege_id_name: (context, user: number) => hasParameter(context, user),
  },
};
