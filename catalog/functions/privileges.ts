/** has_table_privilege and its kin, pg_has_role, and what can be done with lists of rights. */
import { sqlError } from '../../types/errors.ts';
import { OID, SqlArray, typeByOid } from '../../types/index.ts';
import {
  type Acl,
  type AclItem,
  type AclKind,
  aclItemText,
  defaultAcl,
  grantableRights,
  heldRights,
  parseAclItem,
  RIGHT_LETTERS,
  RIGHT_NAMES,
  schemaAcl,
  withoutRights,
} from '../acl.ts';
import { type Authority, isAdminOf } from '../authority.ts';
import type { Catalog } from '../catalog.ts';
import { BOOTSTRAP_ROLE_OID, type ColumnEntry, type RelationEntry } from '../entries.ts';
import type { FunctionContext } from '../function-entry.ts';
import { ViewContext } from '../pg-catalog/view-context.ts';
import {
  columnAcl,
  databaseAcl,
  languageAcl,
  relationAcl,
  rightsOnRelation,
  rightsOnSchema,
  routineAcl,
  systemFunctionAcl,
  type TableLike,
  typeAcl,
} from '../rights.ts';
import { isSystemRoutine } from '../system-routines.ts';
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
  | 'server'
  | 'parameter';

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
  parameter: ['SET', 'ALTER SYSTEM'],
};

/** `SELECT, UPDATE WITH GRANT OPTION`: one of them is enough. */
function parseRights(kind: ObjectKind, text: string): { readonly right: string; readonly withGrant: boolean }[] {
  return text.split(',').map((part) => {
    const word = part.trim().toUpperCase();
    const withGrant = word.endsWith(' WITH GRANT OPTION');
    const right = withGrant ? word.slice(0, -' WITH GRANT OPTION'.length) : word;
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

/** Whether somebody has a right on an object, or (withGrant) may give it on. */
type Holds = (role: Authority, right: string, withGrant: boolean) => boolean;

function holdsByAcl(acl: Acl, owner: number): Holds {
  return (role, right, withGrant) =>
    role.isSuperuser || (withGrant ? grantableRights(acl, role, owner, right) : heldRights(acl, role, right)) !== '';
}

function holdsOnRelation(catalog: Catalog, entry: TableLike): Holds {
  return (role, right, withGrant) => {
    if (!withGrant) return rightsOnRelation(catalog, entry, role, right) !== '';
    return role.isSuperuser || grantableRights(relationAcl(catalog, entry), role, entry.owner, right) !== '';
  };
}

/** On one column by itself, not by the table. */
function holdsOnColumn(catalog: Catalog, entry: RelationEntry, column: ColumnEntry): Holds {
  return holdsByAcl(columnAcl(catalog, entry, column), entry.owner);
}

const nobody: Holds = (role) => role.isSuperuser;

/** Null: there is no such object. */
function holdsOn(context: FunctionContext, kind: ObjectKind, oid: number): Holds | null {
  const catalog = catalogOf(context);
  const { shared } = new ViewContext(context);
  switch (kind) {
    case 'table':
    case 'any_column':
    case 'column': {
      const entry = catalog.namedRelation(oid);
      if (entry === undefined) return null;
      if (entry.class === 'index') {
        const owner = catalog.relation(entry.tableOid)?.owner ?? BOOTSTRAP_ROLE_OID;
        return holdsByAcl(defaultAcl('table', owner), owner);
      }
      const whole = holdsOnRelation(catalog, entry);
      if (kind === 'table' || entry.class === 'sequence') return whole;
      const columns = entry.columns.filter((column) => !column.dropped);
      const ofColumns = kind === 'any_column' ? columns.map((column) => holdsOnColumn(catalog, entry, column)) : [];
      return (...asked) => whole(...asked) || ofColumns.some((holds) => holds(...asked));
    }
    case 'sequence': {
      const sequence = catalog.sequence(oid);
      if (sequence !== undefined) return holdsOnRelation(catalog, sequence);
      const other = catalog.namedRelation(oid);
      if (other !== undefined) throw sqlError('42809', `"${other.name}" is not a sequence`);
      return null;
    }
    case 'schema': {
      const schema = catalog.schema(oid);
      if (schema === undefined) return null;
      const byAcl = holdsByAcl(schemaAcl(schema), schema.owner);
      return (role, right, withGrant) =>
        byAcl(role, right, withGrant) || (!withGrant && rightsOnSchema(schema, role, right) !== '');
    }
    case 'database': {
      const database = shared.database(oid);
      return database === undefined ? null : holdsByAcl(databaseAcl(database), database.owner);
    }
    case 'function': {
      const routine = catalog.routine(oid);
      if (routine !== undefined && !isSystemRoutine(routine)) return holdsByAcl(routineAcl(routine), routine.owner);
      const name = routine?.name ?? functionByOid(oid)?.name;
      return name === undefined ? null : holdsByAcl(systemFunctionAcl(catalog, oid, name), BOOTSTRAP_ROLE_OID);
    }
    case 'type': {
      const entry = catalog.type(oid);
      const type = typeByOid(oid);
      if (type === undefined) return null;
      const acl = typeAcl(catalog, entry?.oid ?? (type.category === 'A' ? type.elementOid : oid), entry);
      return holdsByAcl(acl, entry?.owner ?? BOOTSTRAP_ROLE_OID);
    }
    case 'language':
      return oid >= 12 && oid <= 14 ? holdsByAcl(languageAcl(catalog, oid), BOOTSTRAP_ROLE_OID) : null;
    case 'tablespace':
      return oid === 1663 || oid === 1664 ? nobody : null;
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
      throw sqlError('42704', `${kind === 'server' ? kind : 'foreign-data wrapper'} "${name}" does not exist`);
  }
}

function authorityOf(context: FunctionContext, user: string | number | null): Authority {
  const { shared, catalog } = new ViewContext(context);
  return shared.authority(roleOid(context, user), catalog.databaseOid);
}

function check(
  context: FunctionContext,
  kind: ObjectKind,
  user: string | number | null,
  object: string | number,
  rights: string,
): boolean | null {
  const role = authorityOf(context, user);
  const oid = typeof object === 'string' ? nameToOid(context, kind, object) : object;
  const wanted = parseRights(kind, rights);
  const holds = holdsOn(context, kind, oid);
  if (holds === null) return null;
  return wanted.some(({ right, withGrant }) => holds(role, RIGHT_LETTERS[right.toLowerCase()] ?? '', withGrant));
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

/** A right on the table is one on each of its columns. */
function checkColumn(
  context: FunctionContext,
  user: string | number | null,
  table: string | number,
  column: string | number,
  rights: string,
): boolean | null {
  const catalog = catalogOf(context);
  const role = authorityOf(context, user);
  const oid = typeof table === 'string' ? nameToOid(context, 'column', table) : table;
  const entry = catalog.relation(oid);
  if (entry === undefined) return null;
  const found = entry.columns.find((each) => each.name === column || each.number === column);
  if (found === undefined && typeof column === 'string') {
    throw sqlError('42703', `column "${column}" of relation "${entry.name}" does not exist`);
  }
  const wanted = parseRights('column', rights);
  if (found === undefined || found.dropped) return null;
  const whole = holdsOnRelation(catalog, entry);
  const own = holdsOnColumn(catalog, entry, found);
  return wanted.some(({ right, withGrant }) => {
    const letter = RIGHT_LETTERS[right.toLowerCase()];
    return whole(role, letter, withGrant) || own(role, letter, withGrant);
  });
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

/** Everybody is no role. */
function memberRole(context: FunctionContext, user: string | number | null): number {
  if (user === 'public') throw sqlError('42704', 'role "public" does not exist');
  return roleOid(context, user);
}

function hasRole(
  context: FunctionContext,
  user: string | number | null,
  role: string | number,
  rights: string,
): boolean {
  const { shared, catalog } = new ViewContext(context);
  const member = shared.authority(memberRole(context, user), catalog.databaseOid);
  const of = memberRole(context, role);
  const parts = rights.split(',').map((part) => part.trim());
  for (const part of parts) {
    if (!ROLE_RIGHTS.has(part.toUpperCase())) throw sqlError('22023', `unrecognized privilege type: "${part}"`);
  }
  return parts.some((part) => {
    const word = part.toUpperCase();
    if (word.includes(' WITH ')) return isAdminOf(shared, member, of);
    return word === 'USAGE' ? member.hasPrivilegesOf(of) : member.isMemberOf(of);
  });
}

const hasRoleOf = (context: FunctionContext, user: string | number, role: string | number, rights: string): boolean =>
  hasRole(context, user, role, rights);
const hasOwnRole = (context: FunctionContext, role: string | number, rights: string): boolean =>
  hasRole(context, null, role, rights);

function hasParameter(context: FunctionContext, user: string | number | null, name: string, rights: string): boolean {
  const wanted = parseRights('parameter', rights);
  const { shared, catalog } = new ViewContext(context);
  const role = roleOid(context, user);
  if (shared.role(role)?.superuser === true) return true;
  const known = shared.rightsOnParameter(name);
  if (known === undefined) return false;
  const authority = shared.authority(role, catalog.databaseOid);
  const holds = holdsByAcl(known.acl, BOOTSTRAP_ROLE_OID);
  return wanted.some(({ right, withGrant }) => holds(authority, right === 'SET' ? 's' : 'A', withGrant));
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

/** Letters of acldefault's object types. */
const KIND_LETTERS: Readonly<Record<string, AclKind>> = {
  r: 'table',
  c: 'column',
  s: 'sequence',
  d: 'database',
  f: 'function',
  l: 'language',
  L: 'large object',
  n: 'schema',
  p: 'parameter',
  t: 'tablespace',
  F: 'foreign data wrapper',
  S: 'foreign server',
  T: 'type',
};

function itemText(context: FunctionContext, item: AclItem): string {
  const view = new ViewContext(context);
  return aclItemText(item, (oid) => view.shared.role(oid)?.name ?? String(oid));
}

function acldefault(context: FunctionContext, objectType: string, ownerOid: number): SqlArray {
  const kind = KIND_LETTERS[objectType];
  if (kind === undefined) throw sqlError('XX000', `unrecognized objtype abbreviation: ${objectType}`);
  return new SqlArray(
    OID.ACLITEM,
    defaultAcl(kind, ownerOid).map((item) => itemText(context, item)),
  );
}

export function parseItem(context: FunctionContext, text: string): AclItem {
  const { shared } = new ViewContext(context);
  return parseAclItem(text, (name) => shared.roleByName(name)?.oid ?? 0);
}

/** (grantor, grantee, privilege_type, is_grantable) for each right of each item. */
function explodeAcl(context: FunctionContext, acl: SqlArray): unknown[][] {
  if (acl.dimensions.length !== 1) throw sqlError('22023', 'ACL arrays must be one-dimensional');
  return (acl.elements as readonly string[]).flatMap((text) => {
    const { grantor, grantee, rights, grantable } = parseItem(context, text);
    return [...rights].map((right) => [grantor, grantee, RIGHT_NAMES[right] ?? right, grantable.includes(right)]);
  });
}

function makeItem(
  context: FunctionContext,
  grantee: number,
  grantor: number,
  word: string,
  isGrantable: boolean,
): string {
  const rights = RIGHT_LETTERS[word.toLowerCase()];
  if (rights === undefined) throw sqlError('22023', `unrecognized privilege type: "${word}"`);
  return itemText(context, { grantee, grantor, rights, grantable: isGrantable ? rights : '' });
}

function containsItem(context: FunctionContext, acl: SqlArray, text: string): boolean {
  const wanted = parseItem(context, text);
  return (acl.elements as readonly string[]).some((each) => {
    const item = parseItem(context, each);
    if (item.grantee !== wanted.grantee || item.grantor !== wanted.grantor) return false;
    return withoutRights(wanted.rights, item.rights) === '' && withoutRights(wanted.grantable, item.grantable) === '';
  });
}

export const privilegeFunctions: FunctionModule = {
  plain: { aclitem_eq: (a: string, b: string) => a === b },
  contextual: {
    ...(Object.assign({}, ...KINDS.map(family), columnFamily()) as Record<string, AnyFunction>),
    pg_has_role_name_name: hasRoleOf,
    pg_has_role_name_id: hasRoleOf,
    pg_has_role_id_name: hasRoleOf,
    pg_has_role_id_id: hasRoleOf,
    pg_has_role_name: hasOwnRole,
    pg_has_role_id: hasOwnRole,
    acldefault_sql: acldefault,
    aclexplode: explodeAcl,
    makeaclitem: makeItem,
    aclcontains: containsItem,
    has_parameter_privilege_name: (context, name: string, rights: string) => hasParameter(context, null, name, rights),
    has_parameter_privilege_name_name: (context, user: string, name: string, rights: string) =>
      hasParameter(context, user, name, rights),
    has_parameter_privilege_id_name: (context, user: number, name: string, rights: string) =>
      hasParameter(context, user, name, rights),
  },
};
