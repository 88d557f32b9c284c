/** Who may do what, as information_schema shows it: to those who have given a right or have it. After: PostgreSQL, information_schema.sql. */
import { type Acl, commonRights, RIGHT_NAMES } from '../acl.ts';
import type { ColumnEntry, RelationEntry, SequenceEntry } from '../entries.ts';
import { allRelations } from '../pg-catalog/relations.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from '../pg-catalog/view-context.ts';
import { columnAcl, relationAcl, rightsOnColumn, rightsOnRelation, routineAcl, typeAcl } from '../rights.ts';
import { tableName, yesNo } from './names.ts';

// -------------------------------------------------------------------------------------------------------- what is shown at all

/** The owner's, or one that the role has some right on. */
export function isVisibleRelation(context: ViewContext, entry: RelationEntry): boolean {
  const { authority, catalog } = context;
  if (authority.hasPrivilegesOf(entry.owner)) return true;
  if (rightsOnRelation(catalog, entry, authority, 'rawdDxt') !== '') return true;
  return entry.columns.some((column) => !column.dropped && rightsOnColumn(catalog, entry, column, authority, 'rawx'));
}

export function isVisibleColumn(context: ViewContext, entry: RelationEntry, column: ColumnEntry): boolean {
  const { authority, catalog } = context;
  if (authority.hasPrivilegesOf(entry.owner)) return true;
  if (rightsOnRelation(catalog, entry, authority, 'rawx') !== '') return true;
  return rightsOnColumn(catalog, entry, column, authority, 'rawx') !== '';
}

export function isVisibleSequence(context: ViewContext, entry: SequenceEntry): boolean {
  const { authority, catalog } = context;
  return authority.hasPrivilegesOf(entry.owner) || rightsOnRelation(catalog, entry, authority, 'rwU') !== '';
}

// -------------------------------------------------------------------------------------------------------------- privileges

/** Rows of one list: a right each, for who has given it or has it. */
function* rightRows(context: ViewContext, acl: Acl, owner: number, wanted: string): Iterable<Row> {
  const { authority, shared } = context;
  for (const { grantee, grantor, rights, grantable } of acl) {
    if (grantee !== 0 && !authority.hasPrivilegesOf(grantee) && !authority.hasPrivilegesOf(grantor)) continue;
    const mayGive = grantee !== 0 && shared.authority(grantee, context.catalog.databaseOid).hasPrivilegesOf(owner);
    for (const right of commonRights(rights, wanted)) {
      yield {
        grantor: context.roleName(grantor),
        grantee: grantee === 0 ? 'PUBLIC' : context.roleName(grantee),
        privilege_type: RIGHT_NAMES[right],
        is_grantable: yesNo(mayGive || grantable.includes(right)),
      };
    }
  }
}

function relations(context: ViewContext): RelationEntry[] {
  return allRelations(context).filter((entry) => entry.kind !== 'materializedView');
}

function* tablePrivileges(context: ViewContext): Iterable<Row> {
  for (const entry of relations(context)) {
    for (const row of rightRows(context, relationAcl(context.catalog, entry), entry.owner, 'arwdDxt')) {
      yield { ...tableName(context, entry), ...row, with_hierarchy: yesNo(row.privilege_type === 'SELECT') };
    }
  }
}

function* columnPrivileges(context: ViewContext): Iterable<Row> {
  for (const entry of relations(context)) {
    const ofTable = relationAcl(context.catalog, entry);
    for (const column of entry.columns) {
      if (column.dropped) continue;
      const seen = new Set<string>();
      for (const acl of [ofTable, columnAcl(context.catalog, entry, column)]) {
        for (const row of rightRows(context, acl, entry.owner, 'arwx')) {
          const key = Object.values(row).join('/');
          if (seen.has(key)) continue;
          seen.add(key);
          yield { ...tableName(context, entry), column_name: column.name, ...row };
        }
      }
    }
  }
}

function* routinePrivileges(context: ViewContext): Iterable<Row> {
  const { databaseName } = context.catalog;
  for (const entry of sorted(context.catalog.routines())) {
    for (const row of rightRows(context, routineAcl(entry), entry.owner, 'X')) {
      yield {
        specific_catalog: databaseName,
        specific_schema: context.schemaName(entry.schemaOid),
        specific_name: `${entry.name}_${entry.oid}`,
        routine_catalog: databaseName,
        routine_schema: context.schemaName(entry.schemaOid),
        routine_name: entry.name,
        ...row,
      };
    }
  }
}

function* usagePrivileges(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  const name = (entry: { readonly schemaOid: number; readonly name: string }, type: string): Row => ({
    object_catalog: catalog.databaseName,
    object_schema: context.schemaName(entry.schemaOid),
    object_name: entry.name,
    object_type: type,
  });
  for (const entry of sorted(catalog.collations())) {
    yield {
      grantor: context.roleName(entry.owner),
      grantee: 'PUBLIC',
      ...name(entry, 'COLLATION'),
      privilege_type: 'USAGE',
      is_grantable: 'NO',
    };
  }
  for (const entry of sorted(catalog.types())) {
    if (entry.kind !== 'domain') continue;
    const acl = typeAcl(catalog, entry.oid, entry);
    for (const row of rightRows(context, acl, entry.owner, 'U')) yield { ...name(entry, 'DOMAIN'), ...row };
  }
  for (const entry of sorted(catalog.sequences())) {
    const acl = relationAcl(catalog, entry);
    for (const row of rightRows(context, acl, entry.owner, 'U')) yield { ...name(entry, 'SEQUENCE'), ...row };
  }
}

function* udtPrivileges(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  for (const entry of sorted(catalog.types())) {
    if (entry.kind !== 'composite') continue;
    for (const row of rightRows(context, typeAcl(catalog, entry.oid, entry), entry.owner, 'U')) {
      yield {
        udt_catalog: catalog.databaseName,
        udt_schema: context.schemaName(entry.schemaOid),
        udt_name: entry.name,
        ...row,
        privilege_type: 'TYPE USAGE',
      };
    }
  }
}

/** Only what the session's roles have given or been given, not what everybody has. */
function ofRoles(make: RowMaker<Row>): RowMaker {
  return function* (context) {
    const isEnabled = (name: unknown): boolean => {
      const role = context.shared.roleByName(String(name));
      return role !== undefined && context.authority.hasPrivilegesOf(role.oid);
    };
    for (const row of make(context)) if (isEnabled(row.grantor) || isEnabled(row.grantee)) yield row;
  };
}

// ------------------------------------------------------------------------------------------------------------------- roles

function* enabledRoles(context: ViewContext): Iterable<Row> {
  for (const role of sorted(context.shared.roles())) {
    if (context.authority.hasPrivilegesOf(role.oid)) yield { role_name: role.name };
  }
}

const DATABASE_OWNER = 'pg_database_owner';

function* applicableRoles(context: ViewContext): Iterable<Row> {
  const { shared, authority, catalog } = context;
  for (const member of sorted(shared.roles())) {
    if (!authority.hasPrivilegesOf(member.oid)) continue;
    for (const oid of member.memberOf) {
      const isGrantable = member.adminOf?.includes(oid) === true;
      yield { grantee: member.name, role_name: context.roleName(oid), is_grantable: yesNo(isGrantable) };
    }
    if (shared.database(catalog.databaseOid)?.owner !== member.oid) continue;
    yield { grantee: member.name, role_name: DATABASE_OWNER, is_grantable: 'NO' };
  }
}

function* administrableRoles(context: ViewContext): Iterable<Row> {
  for (const row of applicableRoles(context)) if (row.is_grantable === 'YES') yield row;
}

export const rightsMakers: Readonly<Record<string, RowMaker>> = {
  table_privileges: tablePrivileges,
  column_privileges: columnPrivileges,
  routine_privileges: routinePrivileges,
  usage_privileges: usagePrivileges,
  udt_privileges: udtPrivileges,
  role_table_grants: ofRoles(tablePrivileges),
  role_column_grants: ofRoles(columnPrivileges),
  role_routine_grants: ofRoles(routinePrivileges),
  role_usage_grants: ofRoles(usagePrivileges),
  role_udt_grants: ofRoles(udtPrivileges),
  enabled_roles: enabledRoles,
  applicable_roles: applicableRoles,
  administrable_role_authorizations: administrableRoles,
};
