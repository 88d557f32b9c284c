/**
 * What a role may do with an object. After: PostgreSQL, aclchk.c (pg_class_aclmask and its kin).
 *
 * Rights are letters (acl.ts). Superusers have all of them; who owns an object has what its list gives to the owner, which is
 * everything as long as nobody has taken it away.
 */
import { type SqlError, sqlError } from '../types/errors.ts';
import { type Acl, type AclKind, ALL_RIGHTS, commonRights, defaultAcl, heldRights, schemaAcl } from './acl.ts';
import { type Authority, MONITOR_OID, READ_ALL_DATA_OID, READ_ALL_STATS_OID, WRITE_ALL_DATA_OID } from './authority.ts';
import type { Catalog } from './catalog.ts';
import {
  BOOTSTRAP_ROLE_OID,
  type ColumnEntry,
  type DatabaseEntry,
  INFORMATION_SCHEMA_OID,
  type NamedEntry,
  PG_CATALOG_SCHEMA_OID,
  PUBLIC_SCHEMA_OID,
  type RelationEntry,
  type RoutineEntry,
  type SchemaEntry,
  type SequenceEntry,
  type TypeEntry,
} from './entries.ts';
import { isSystemView } from './system-tables.ts';

/** Schemas on which initdb grants something. Others' privileges are the defaults, which are null. */
export const INITIAL_SCHEMAS: readonly number[] = [PG_CATALOG_SCHEMA_OID, PUBLIC_SCHEMA_OID, INFORMATION_SCHEMA_OID];

/** System catalogs that not everybody may read. */
const PRIVATE_CATALOGS = new Set([
  'pg_authid',
  'pg_backend_memory_contexts',
  'pg_config',
  'pg_file_settings',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_largeobject',
  'pg_replication_origin_status',
  'pg_shadow',
  'pg_shmem_allocations',
  'pg_statistic',
  'pg_statistic_ext_data',
  'pg_user_mapping',
]);

/** Views that only some predefined roles read. */
const MONITORS = new Set(['pg_backend_memory_contexts', 'pg_shmem_allocations']);

/** Built-in functions that not everybody may call (initdb's REVOKE). */
const PRIVATE_FUNCTIONS = new Set([
  'lo_export',
  'lo_import',
  'pg_backup_start',
  'pg_backup_stop',
  'pg_config',
  'pg_create_restore_point',
  'pg_current_logfile',
  'pg_get_backend_memory_contexts',
  'lo_export',
  'lo_import',
  'pg_get_shmem_allocations',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_log_backend_memory_contexts',
  'pg_ls_archive_statusdir',
  'pg_ls_dir',
  'pg_ls_logdir',
  'pg_ls_logicalmapdir',
  'pg_ls_logicalsnapdir',
  'pg_ls_replslotdir',
  'pg_ls_tmpdir',
  'pg_ls_waldir',
  'pg_promote',
  'pg_read_binary_file',
  'pg_read_file',
  'pg_reload_conf',
  'pg_rotate_logfile',
  'pg_show_all_file_settings',
  'pg_stat_file',
  'pg_stat_reset',
  'pg_stat_reset_shared',
  'pg_stat_reset_single_function_counters',
  'pg_stat_reset_single_table_counters',
  'pg_stat_reset_slru',
  'pg_switch_wal',
  'pg_wal_replay_pause',
  'pg_wal_replay_resume',
]);

/** Those that pg_monitor may call. */
const MONITORED_FUNCTIONS = new Set([
  'pg_current_logfile',
  'pg_ls_archive_statusdir',
  'pg_ls_logdir',
  'pg_ls_logicalmapdir',
  'pg_ls_logicalsnapdir',
  'pg_ls_replslotdir',
  'pg_ls_tmpdir',
  'pg_ls_waldir',
]);

export function isPrivateFunction(name: string): boolean {
  return PRIVATE_FUNCTIONS.has(name);
}

// ----------------------------------------------------------------------------------------------------------------- lists

export type TableLike = RelationEntry | SequenceEntry;

function isCatalogTable(entry: TableLike): entry is RelationEntry {
  return entry.class === 'relation' && entry.kind === 'virtual';
}

/** The list that is kept; null: the kind's default holds. */
export function keptRelationAcl(catalog: Catalog, entry: TableLike): Acl | null {
  if (!isCatalogTable(entry)) return entry.acl ?? null;
  return catalog.systemRights(entry.oid)?.acl ?? initialRelationAcl(entry);
}

/** What initdb grants on a system catalog; null: nothing. */
export function initialRelationAcl(entry: RelationEntry): Acl | null {
  const { owner } = entry;
  const own = defaultAcl('table', owner);
  const item = (grantee: number) => ({ grantee, grantor: owner, rights: 'r', grantable: '' });
  if (MONITORS.has(entry.name)) return [...own, item(READ_ALL_STATS_OID)];
  if (PRIVATE_CATALOGS.has(entry.name)) return entry.name === 'pg_authid' ? own : null;
  return [...own, item(0)];
}

export function relationKindOf(entry: TableLike): 'table' | 'sequence' {
  return entry.class === 'sequence' ? 'sequence' : 'table';
}

export function relationAcl(catalog: Catalog, entry: TableLike): Acl {
  return keptRelationAcl(catalog, entry) ?? defaultAcl(relationKindOf(entry), entry.owner);
}

export function columnAcl(catalog: Catalog, entry: RelationEntry, column: ColumnEntry): Acl {
  return (isCatalogTable(entry) ? catalog.systemRights(entry.oid)?.columns?.[column.name] : column.acl) ?? [];
}

export function databaseAcl(entry: DatabaseEntry): Acl {
  return entry.acl ?? defaultAcl('database', entry.owner);
}

/** What initdb leaves of EXECUTE on a built-in function; null: everything. */
export function privateFunctionAcl(name: string): Acl | null {
  if (!isPrivateFunction(name)) return null;
  const own = defaultAcl('function', BOOTSTRAP_ROLE_OID).filter((item) => item.grantee !== 0);
  if (!MONITORED_FUNCTIONS.has(name)) return own;
  return [...own, { grantee: MONITOR_OID, grantor: BOOTSTRAP_ROLE_OID, rights: 'X', grantable: '' }];
}

/** The list of a built-in function; null: the default holds. */
export function keptFunctionAcl(catalog: Catalog, oid: number, name: string): Acl | null {
  return catalog.systemRights(oid)?.acl ?? privateFunctionAcl(name);
}

export function systemFunctionAcl(catalog: Catalog, oid: number, name: string): Acl {
  return keptFunctionAcl(catalog, oid, name) ?? defaultAcl('function', BOOTSTRAP_ROLE_OID);
}

export function routineAcl(entry: RoutineEntry): Acl {
  return entry.acl ?? defaultAcl('function', entry.owner);
}

export function typeAcl(catalog: Catalog, oid: number, type: TypeEntry | undefined): Acl {
  // The row type of a table has no entry of its own, either.
  const hasEntry = type !== undefined && type.relationOid === undefined;
  const acl = hasEntry ? type.acl : catalog.systemRights(oid)?.acl;
  return acl ?? defaultAcl('type', type?.owner ?? BOOTSTRAP_ROLE_OID);
}

export function languageAcl(catalog: Catalog, oid: number): Acl {
  return catalog.systemRights(oid)?.acl ?? defaultAcl('language', BOOTSTRAP_ROLE_OID);
}

// ------------------------------------------------------------------------------------------------------------ who has what

/** The view option security_invoker: what its query reads, its user must be allowed to read. */
export function hasInvokersRights(view: RelationEntry): boolean {
  return hasOption(view, 'security_invoker');
}

/** The view option security_barrier: nothing that could tell of a row is asked of rows that its query leaves out. */
export function isSecurityBarrier(view: RelationEntry): boolean {
  return hasOption(view, 'security_barrier');
}

function hasOption({ options }: RelationEntry, name: string): boolean {
  const option = options.find((each) => each.startsWith(`${name}=`));
  return option !== undefined && /=(t|tr|tru|true|y|ye|yes|on|1)$/i.test(option);
}

/** Which of the rights a role has on a table, a view or a sequence as a whole. */
export function rightsOnRelation(catalog: Catalog, entry: TableLike, role: Authority, wanted: string): string {
  if (role.isSuperuser) return wanted;
  let possible = wanted;
  // Nobody but superusers changes system catalogs, whatever has been granted.
  if (isCatalogTable(entry) && !isSystemView(entry.oid)) possible = commonRights(wanted, 'rxt');
  let held = heldRights(relationAcl(catalog, entry), role, possible);
  if (role.inherited.has(READ_ALL_DATA_OID)) held += commonRights(possible, 'r');
  if (role.inherited.has(WRITE_ALL_DATA_OID)) held += commonRights(possible, 'awd');
  return commonRights(wanted, held);
}

/** Of the rights on one column, without those on the table. */
export function rightsOnColumn(
  catalog: Catalog,
  entry: RelationEntry,
  column: ColumnEntry,
  role: Authority,
  wanted: string,
): string {
  if (role.isSuperuser) return wanted;
  return heldRights(columnAcl(catalog, entry, column), role, wanted);
}

export function rightsOnSchema(schema: SchemaEntry, role: Authority, wanted: string): string {
  if (role.isSuperuser) return wanted;
  let held = heldRights(schemaAcl(schema), role, wanted);
  if (role.inherited.has(READ_ALL_DATA_OID) || role.inherited.has(WRITE_ALL_DATA_OID)) held += 'U';
  return commonRights(wanted, held);
}

/** Of rights on an object whose list is all that there is to know. */
export function rightsByAcl(acl: Acl, role: Authority, wanted: string): string {
  return role.isSuperuser ? wanted : heldRights(acl, role, wanted);
}

/** 42501, as PostgreSQL says it. */
export function permissionDenied(kind: string, name: string): SqlError {
  return sqlError('42501', `permission denied for ${kind} ${name}`);
}

/** What messages call a relation. */
export function relationWord(entry: NamedEntry): string {
  if (entry.class !== 'relation') return entry.class;
  if (entry.kind === 'virtual') return isSystemView(entry.oid) ? 'view' : 'table';
  return entry.kind === 'materializedView' ? 'materialized view' : entry.kind;
}

export function relationDenied(entry: NamedEntry): SqlError {
  return permissionDenied(relationWord(entry), entry.name);
}

export { type AclKind, ALL_RIGHTS };
