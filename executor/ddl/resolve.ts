/** From names to entries: where new things go, and what existing things a statement means; with PostgreSQL's errors and locks. */

import { resolveCompositeClass } from '../../catalog/composite-classes.ts';
import type {
  ColumnEntry,
  IndexEntry,
  NamedRelation,
  RelationEntry,
  RoleEntry,
  SchemaEntry,
  SequenceEntry,
} from '../../catalog/index.ts';
import {
  BOOTSTRAP_ROLE_OID,
  FIRST_NORMAL_OID,
  INFORMATION_SCHEMA_OID,
  PG_CATALOG_SCHEMA_OID,
} from '../../catalog/index.ts';
import { databaseAcl, permissionDenied, rightsByAcl, rightsOnSchema } from '../../catalog/rights.ts';
import type { ObjectAddress, Persistence, QualifiedName, RoleSpec } from '../../parser/ast.ts';
import { errorPosition } from '../../parser/index.ts';
import type { LockMode } from '../../storage/api.ts';
import { type SqlError, type SqlErrorFields, sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlSteps } from './context.ts';

/** pg_class's oid: the class of name locks. */
const RELATION_CLASS_OID = 1259;
const ACCESS_EXCLUSIVE: LockMode = 8;

/** The position of a node in the statement, for SqlErrorFields. */
export function at(x: DdlContext, position: number): SqlErrorFields {
  return position < 0 ? {} : { position: errorPosition(x.text, position) };
}

function checkQualified(names: QualifiedName): void {
  if (names.length > 3) throw sqlError('42601', `improper qualified name (too many dotted names): ${names.join('.')}`);
}

function checkDatabase(x: DdlContext, names: QualifiedName): void {
  checkQualified(names);
  if (names.length === 3 && names[0] !== x.catalog.databaseName) {
    throw sqlError('0A000', `cross-database references are not implemented: "${names.join('.')}"`);
  }
}

export function schemaOrThrow(x: DdlContext, name: string): SchemaEntry {
  const schema = x.catalog.schemaOfPath(name, x.searchPath);
  if (schema === undefined) throw sqlError('3F000', `schema "${name}" does not exist`);
  return schema;
}

/** The schema of a name: 42501 where the user may not look into it. */
export function schemaForLookup(x: DdlContext, name: string): SchemaEntry {
  const schema = schemaOrThrow(x, name);
  x.checkSchema(schema.name);
  return schema;
}

export function isTemporarySchema(schema: SchemaEntry): boolean {
  return schema.name.startsWith('pg_temp_');
}

function isOwnTemporarySchema(x: DdlContext, schema: SchemaEntry): boolean {
  return isTemporarySchema(schema) && x.searchPath.includes(schema.name);
}

/** Where a new object goes. */
export interface NewName {
  readonly schema: SchemaEntry;
  readonly name: string;
}

/** The first schema of search_path that exists, without the ones that are only searched. */
function currentSchema(x: DdlContext): SchemaEntry | undefined {
  for (const raw of x.settings.names('search_path')) {
    if (raw === 'pg_temp') {
      const schemaOid = x.temporarySchema();
      return x.catalog.schema(schemaOid);
    }
    const name = raw === '$user' ? (x.shared.role(x.currentRoleOid)?.name ?? '') : raw;
    const schema = x.catalog.schemaByName(name);
    if (schema !== undefined && x.searchPath.includes(name)) return schema;
  }
  return undefined;
}

export function mayCreateIn(x: DdlContext, schema: SchemaEntry): boolean {
  if (x.isSuperuser || isOwnTemporarySchema(x, schema)) return true;
  return rightsOnSchema(schema, x.authority, 'C') !== '';
}

/** Schema for a new object; the session's temporary one is made when it is named. */
export function newObjectName(x: DdlContext, names: QualifiedName): NewName {
  checkDatabase(x, names);
  const name = names[names.length - 1];
  if (names.length > 1 && names[names.length - 2] === 'pg_temp') x.temporarySchema();
  const schema = names.length > 1 ? schemaOrThrow(x, names[names.length - 2]) : currentSchema(x);
  if (schema === undefined) throw sqlError('3F000', 'no schema has been selected to create in');
  if (schema.oid === PG_CATALOG_SCHEMA_OID || schema.oid === INFORMATION_SCHEMA_OID) {
    throw sqlError('42501', `permission denied to create "${schema.name}.${name}"`, {
      detail: 'System catalog modifications are currently disallowed.',
    });
  }
  if (!mayCreateIn(x, schema)) throw sqlError('42501', `permission denied for schema ${schema.name}`);
  return { schema, name };
}

/** Schema for a new relation: temporary ones go to the session's own. */
export function newRelationName(
  x: DdlContext,
  names: QualifiedName,
  persistence: Persistence,
): NewName & { readonly persistence: Persistence } {
  if (persistence !== 'temporary' && names.length > 1 && names[names.length - 2] === 'pg_temp') {
    if (persistence === 'unlogged') throw onlyTemporary();
    return newRelationName(x, names, 'temporary');
  }
  if (persistence !== 'temporary') {
    const target = newObjectName(x, names);
    if (persistence === 'unlogged' && isTemporarySchema(target.schema)) throw onlyTemporary();
    return { ...target, persistence: isTemporarySchema(target.schema) ? 'temporary' : persistence };
  }
  checkDatabase(x, names);
  if (names.length > 1) {
    const qualifier = names[names.length - 2];
    const given = x.catalog.schemaByName(qualifier);
    if (qualifier !== 'pg_temp' && (given === undefined || !isOwnTemporarySchema(x, given))) {
      throw sqlError('42P16', 'cannot create temporary relation in non-temporary schema');
    }
  }
  // The schema may be made by this call: the catalog is asked after it.
  const schemaOid = x.temporarySchema();
  const schema = x.catalog.schema(schemaOid) as SchemaEntry;
  return { schema, name: names[names.length - 1], persistence };
}

function onlyTemporary(): SqlError {
  return sqlError('42P16', 'only temporary relations may be created in temporary schemas');
}

/** Two sessions that would make the same name wait for each other: the second sees what the first made. */
export function* lockNewName(x: DdlContext, target: NewName): DdlSteps<void> {
  let hash = Math.imul(target.schema.oid, 0x9e3779b1);
  for (let i = 0; i < target.name.length; i++) hash = Math.imul(hash ^ target.name.charCodeAt(i), 0x01000193);
  while (!x.lockObject(RELATION_CLASS_OID, hash >>> 0, ACCESS_EXCLUSIVE)) yield;
}

/** Whether the name is taken in the namespace of relations, which composite types share. */
export function isRelationName(x: DdlContext, schemaOid: number, name: string): boolean {
  const { catalog } = x;
  return catalog.relationByName(schemaOid, name) !== undefined || catalog.typeIn(schemaOid, name)?.kind === 'composite';
}

/** 42P07 when the name is taken in the namespace of relations. */
export function checkNameIsFree(x: DdlContext, schemaOid: number, name: string): void {
  if (isRelationName(x, schemaOid, name)) throw sqlError('42P07', `relation "${name}" already exists`);
}

/** The same for a table, a view or a sequence; 42710 when a type has the name. */
export function checkRelationName(x: DdlContext, schemaOid: number, name: string): void {
  checkNameIsFree(x, schemaOid, name);
  if (x.catalog.typeIn(schemaOid, name) === undefined) return;
  throw sqlError('42710', `type "${name}" already exists`, {
    hint: "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.",
  });
}

/** The entry a name means, or undefined. */
export function findRelation(x: DdlContext, names: QualifiedName): NamedRelation | undefined {
  checkDatabase(x, names);
  if (names.length > 1) x.checkSchema(names[names.length - 2]);
  return x.catalog.resolveRelation(names, x.searchPath);
}

/** `word`: what the name should be of ("table"); a composite type of this name is none. */
export function relationMissing(x: DdlContext, names: QualifiedName, word?: string): SqlError {
  if (names.length > 1) schemaOrThrow(x, names[names.length - 2]);
  const type = resolveCompositeClass(x.catalog, names, x.searchPath);
  if (type === undefined) return sqlError('42P01', `relation "${names.join('.')}" does not exist`);
  return sqlError('42809', `"${type.name}" is ${word === undefined ? 'a composite type' : `not ${withArticle(word)}`}`);
}

/** The relation that ALTER ... does not find; null: it is not there, and need not be. */
export function alteredMissing(
  x: DdlContext,
  statement: { object: ObjectAddress; ifExists: boolean },
): SqlError | null {
  const { name, objectType } = statement.object;
  const isComposite = resolveCompositeClass(x.catalog, name, x.searchPath) !== undefined;
  if (!isComposite && statement.ifExists) return null;
  const isTable = objectType === 'table' || objectType === 'index';
  const missing = relationMissing(x, name, isTable ? undefined : objectType);
  return isComposite && isTable ? missing.with({ hint: 'Use ALTER TYPE instead.' }) : missing;
}

export function withArticle(word: string): string {
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}

/**
 * Finds and locks: names are looked up again after a wait, since whoever held the lock may have renamed or dropped it.
 * Undefined: there is none (the caller decides how bad that is). `check` comes before each lock, and after: who may not have the
 * relation should not stand in others' way.
 */
export function* findAndLock(
  x: DdlContext,
  names: QualifiedName,
  mode: LockMode,
  check?: (found: NamedRelation) => void,
): DdlSteps<NamedRelation | undefined> {
  let locked = 0;
  for (;;) {
    const found = findRelation(x, names);
    if (found === undefined) return found;
    check?.(found);
    if (found.oid === locked) return found;
    locked = found.oid;
    while (!x.lockRelation(lockOidOf(found), mode)) yield;
  }
}

function lockOidOf(entry: NamedRelation): number {
  return entry.oid;
}

export function kindWord(entry: NamedRelation): string {
  if (entry.class !== 'relation') return entry.class;
  switch (entry.kind) {
    case 'view':
      return 'view';
    case 'materializedView':
      return 'materialized view';
    default:
      return 'table';
  }
}

/** 42501 without a right on the database of the session. */
export function requireDatabaseRight(x: DdlContext, right: 'C' | 'T'): void {
  const database = x.shared.database(x.catalog.databaseOid);
  if (database !== undefined && rightsByAcl(databaseAcl(database), x.authority, right) !== '') return;
  if (right === 'C') throw permissionDenied('database', x.catalog.databaseName);
  throw sqlError('42501', `permission denied to create temporary tables in database "${x.catalog.databaseName}"`);
}

/** A table (not a view, index, sequence): 42809 else. System catalogs are refused with 42501. */
export function asTable(entry: NamedRelation): RelationEntry {
  if (entry.class !== 'relation' || entry.kind === 'view' || entry.kind === 'materializedView') {
    throw sqlError('42809', `"${entry.name}" is not a table`);
  }
  refuseSystem(entry);
  return entry;
}

export function refuseSystem(entry: NamedRelation): void {
  if (entry.oid < FIRST_NORMAL_OID && entry.class === 'relation') {
    throw sqlError('42501', `permission denied: "${entry.name}" is a system catalog`);
  }
}

/** 42501 `must be owner of table t`, unless the role owns it or is a superuser. */
export function checkOwner(x: DdlContext, owner: number, what: string): void {
  if (!x.authority.hasPrivilegesOf(owner)) {
    throw sqlError('42501', `must be owner of ${what}`);
  }
}

function ownerOf(x: DdlContext, entry: NamedRelation): number {
  return entry.class === 'index' ? (x.catalog.relation(entry.tableOid)?.owner ?? BOOTSTRAP_ROLE_OID) : entry.owner;
}

export function checkRelationOwner(x: DdlContext, entry: NamedRelation): void {
  checkOwner(x, ownerOf(x, entry), `${kindWord(entry)} ${entry.name}`);
}

export function findColumn(table: RelationEntry, name: string): ColumnEntry | undefined {
  return table.columns.find((column) => !column.dropped && column.name === name);
}

/** A column that GRANT names. */
export function columnForGrant(table: RelationEntry, name: string): ColumnEntry {
  const column = findColumn(table, name);
  if (column !== undefined) return column;
  throw sqlError('42703', `column "${name}" of relation "${table.name}" does not exist`);
}

const SYSTEM_COLUMNS = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

export function isSystemColumn(name: string): boolean {
  return SYSTEM_COLUMNS.has(name);
}

/** 42703, or 0A000 for ctid and its like. */
export function columnOrThrow(table: RelationEntry, name: string): ColumnEntry {
  const column = findColumn(table, name);
  if (column !== undefined) return column;
  if (isSystemColumn(name)) throw sqlError('0A000', `cannot alter system column "${name}"`);
  throw sqlError('42703', `column "${name}" of relation "${table.name}" does not exist`);
}

export function roleOrThrow(x: DdlContext, name: string): RoleEntry {
  const role = x.shared.roleByName(name);
  if (role === undefined) throw sqlError('42704', `role "${name}" does not exist`);
  return role;
}

/** A role as ALTER ... OWNER TO and GRANT name it. */
export function roleOfSpec(x: DdlContext, spec: RoleSpec): RoleEntry {
  switch (spec.kind) {
    case 'name':
      return roleOrThrow(x, spec.name);
    case 'public':
      throw sqlError('42704', 'role "public" does not exist');
    case 'session_user':
      return roleOrThrow(x, x.settings.show('session_authorization'));
    default:
      return x.shared.role(x.currentRoleOid) as RoleEntry;
  }
}

/** Is the thing found by its plain name, along the search path? */
export function isVisible(x: DdlContext, entry: NamedRelation): boolean {
  return x.catalog.resolveRelation([entry.name], x.searchPath)?.oid === entry.oid;
}

export type { IndexEntry, SequenceEntry };

/** 55006 for a table that an open cursor reads, or whose deferred checks are still to come. */
export function checkNotInUse(
  x: DdlContext,
  table: { readonly oid: number; readonly name: string },
  doing: string,
): void {
  if (x.isReadByCursor(table.oid)) {
    throw sqlError(
      '55006',
      `cannot ${doing} "${table.name}" because it is being used by active queries in this session`,
    );
  }
  if (!x.hasPendingChecks(table.oid)) return;
  throw sqlError('55006', `cannot ${doing} "${table.name}" because it has pending trigger events`);
}
