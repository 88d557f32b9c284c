/** ALTER ... OWNER TO and SET SCHEMA. */

import type {
  CatalogEntry,
  NamedRelation,
  RelationEntry,
  RoleEntry,
  SchemaEntry,
  SequenceEntry,
  TypeEntry,
} from '../../catalog/index.ts';
import { INFORMATION_SCHEMA_OID, PG_CATALOG_SCHEMA_OID } from '../../catalog/index.ts';
import { permissionDenied, rightsOnSchema } from '../../catalog/rights.ts';
import { systemDomain } from '../../catalog/system-types.ts';
import { SEARCH_CLASSES } from '../../catalog/text-search.ts';
import type { AlterOwnerStatement, AlterSchemaStatement, ObjectAddress, ObjectType } from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType } from '../../types/index.ts';
import { ownCollation, putCollation } from './collations.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { moveExtension } from './extensions.ts';
import { alterLargeObjectOwner } from './large-objects.ts';
import { missingText } from './missing.ts';
import { checkOperatorMove, checkOperatorOwner, madeOperator, mustFindOperator, ownOperatorOf } from './operators.ts';
import { ownedBy } from './owned.ts';
import {
  alteredMissing,
  checkNameIsFree,
  checkOwner,
  checkRelationOwner,
  findAndLock,
  isRelationName,
  isTemporarySchema,
  kindWord,
  mayCreateIn,
  refuseSystem,
  requireDatabaseRight,
  roleOfSpec,
  schemaOrThrow,
  withArticle,
} from './resolve.ts';
import { rewriteReaders } from './rewrite-readers.ts';
import { isRoutineWord, mustFindOwnRoutine, ownedWord } from './routine-names.ts';
import { checkRoutineName } from './routines.ts';
import { nextvalText } from './sequences.ts';
import { checkStatisticsName, ownedStatistics } from './statistics.ts';
import { ownSearchObject, putSearchObject } from './text-search.ts';
import { findTypeOid, resolveType } from './type-names.ts';

const RELATIONS = new Set<ObjectType>(['table', 'view', 'materialized view', 'index', 'sequence', 'foreign table']);

export function checkRelationKind(objectType: ObjectType, found: NamedRelation): void {
  const kind = kindWord(found);
  if (objectType === 'table' || objectType === kind) return;
  throw sqlError('42809', `"${found.name}" is not ${withArticle(objectType)}`);
}

/** The new owner must be somebody that the user may become, and may create in the schema. */
function checkNewOwner(x: DdlContext, role: RoleEntry, schema: SchemaEntry | undefined): void {
  if (x.isSuperuser) return;
  if (!x.authority.isMemberOf(role.oid)) throw sqlError('42501', `must be member of role "${role.name}"`);
  if (schema === undefined || isTemporarySchema(schema)) return;
  const newOwner = x.shared.authority(role.oid, x.catalog.databaseOid);
  if (rightsOnSchema(schema, newOwner, 'C') === '') throw permissionDenied('schema', schema.name);
}

/** A table's own sequences follow it. */
export function changeOwner(x: DdlContext, entry: NamedRelation, role: RoleEntry): void {
  if (entry.class === 'index') {
    throw sqlError('42809', `cannot change owner of index "${entry.name}"`, {
      hint: "Change the ownership of the index's table, instead.",
    });
  }
  checkNewOwner(x, role, x.catalog.schema(entry.schemaOid));
  if (entry.class === 'sequence') {
    if (entry.ownedByTable !== 0) {
      throw sqlError('0A000', `cannot change owner of sequence "${entry.name}"`, {
        detail: `Sequence "${entry.name}" is linked to table "${x.catalog.relation(entry.ownedByTable)?.name}".`,
      });
    }
    x.putEntry(ownedBy(entry, role.oid));
    return;
  }
  x.putEntry(ownedBy(entry, role.oid));
  for (const sequence of x.catalog.sequencesOf(entry.oid)) x.putEntry(ownedBy(sequence, role.oid));
}

function checkOwned(x: DdlContext, object: ObjectAddress, found: NamedRelation): void {
  checkRelationKind(object.objectType, found);
  refuseSystem(found);
  checkRelationOwner(x, found);
}

export function* alterOwner(x: DdlContext, statement: AlterOwnerStatement): DdlSteps<DdlResult> {
  const { object } = statement;
  const tag = `ALTER ${object.objectType.toUpperCase()}`;
  const role = roleOfSpec(x, statement.owner);
  if (RELATIONS.has(object.objectType)) {
    const found = yield* findAndLock(x, object.name, ACCESS_EXCLUSIVE, (each) => checkOwned(x, object, each));
    if (found === undefined) throw alteredMissing(x, { object, ifExists: false }) as Error;
    changeOwner(x, found, role);
    return { tag };
  }
  if (object.objectType === 'large object') return yield* alterLargeObjectOwner(x, statement);
  const name = object.name[object.name.length - 1];
  switch (object.objectType) {
    case 'schema': {
      const schema = schemaOrThrow(x, name);
      checkOwner(x, schema.owner, `schema ${schema.name}`);
      checkNewOwner(x, role, undefined);
      requireDatabaseRight(x, 'C');
      x.putEntry(ownedBy(schema, role.oid));
      return { tag };
    }
    case 'database': {
      const database = x.shared.databaseByName(name);
      if (database === undefined) throw sqlError('3D000', `database "${name}" does not exist`);
      checkOwner(x, database.owner, `database ${name}`);
      checkNewOwner(x, role, undefined);
      if (!x.isSuperuser && x.shared.role(x.currentRoleOid)?.createDb !== true) {
        throw sqlError('42501', 'permission denied to change owner of database');
      }
      x.putEntry(ownedBy(database, role.oid));
      return { tag };
    }
    case 'statistics': {
      const found = ownedStatistics(x, object.name);
      checkNewOwner(x, role, x.catalog.schema(found.schemaOid));
      x.putEntry({ ...found, owner: role.oid });
      return { tag };
    }
    case 'collation': {
      const entry = ownCollation(x, object);
      checkNewOwner(x, role, x.catalog.schema(entry.schemaOid));
      x.putEntry({ ...entry, owner: role.oid });
      return { tag };
    }
    case 'text search configuration':
    case 'text search dictionary': {
      const entry = ownSearchObject(x, object);
      checkNewOwner(x, role, x.catalog.schema(entry.schemaOid));
      if ('owner' in entry) x.putEntry({ ...entry, owner: role.oid });
      return { tag };
    }
    case 'function':
    case 'procedure':
    case 'aggregate':
    case 'routine': {
      const routine = mustFindOwnRoutine(x, object, object.objectType);
      checkOwner(x, routine.owner, `${ownedWord(routine)} ${routine.name}`);
      checkNewOwner(x, role, x.catalog.schema(routine.schemaOid));
      x.putEntry(ownedBy(routine, role.oid));
      return { tag };
    }
    case 'operator': {
      const entry = ownOperatorOf(x, object);
      checkNewOwner(x, role, x.catalog.schema(entry.schemaOid));
      x.putEntry({ ...entry, owner: role.oid });
      return { tag };
    }
    case 'type':
    case 'domain': {
      const type = findUserType(x, object);
      refuseRowType(type);
      checkOwner(x, type.owner, `type ${type.name}`);
      checkNewOwner(x, role, x.catalog.schema(type.schemaOid));
      x.putEntry(ownedBy(type, role.oid));
      // A range takes its multirange along.
      const multirange = type.range === undefined ? undefined : x.catalog.type(type.range.multirangeOid);
      if (multirange !== undefined) x.putEntry(ownedBy(multirange, role.oid));
      return { tag };
    }
    default:
      throw objectMissing(x, object);
  }
}

export function findUserType(x: DdlContext, object: ObjectAddress): Extract<CatalogEntry, { class: 'type' }> {
  const names = object.types[0]?.name ?? object.name;
  const oid = findTypeOid(x, names);
  if (oid === 0) throw sqlError('42704', `type "${names.join('.')}" does not exist`);
  const type = x.catalog.type(oid);
  if (type === undefined || systemDomain(oid) !== undefined) {
    throw sqlError('42501', `must be owner of type ${names.join('.')}`);
  }
  if (object.objectType === 'domain' && type.kind !== 'domain') {
    throw sqlError('42809', `${names.join('.')} is not a domain`);
  }
  return type;
}

/** A table's row type is altered with its table. */
export function refuseRowType({ name, relationOid }: TypeEntry): void {
  if (relationOid === undefined) return;
  throw sqlError('42809', `${name} is a table's row type`, { hint: 'Use ALTER TABLE instead.' });
}

/** Objects of kinds that cannot be made do not exist. */
export function objectMissing(x: DdlContext, object: ObjectAddress): Error {
  const name = object.name.join('.');
  if (object.objectType === 'function' || object.objectType === 'procedure' || object.objectType === 'aggregate') {
    const types = (object.parameters ?? []).map(({ type }) => formatType(resolveType(x, type).typeOid));
    return sqlError('42883', `${object.objectType} ${name}(${types.join(', ')}) does not exist`);
  }
  return sqlError('42704', missingText(x, object, false));
}

// ---------------------------------------------------------------------------------------------------------- SET SCHEMA

function checkSchemaMove(from: SchemaEntry, to: SchemaEntry): void {
  if (isTemporarySchema(from) || isTemporarySchema(to)) {
    throw sqlError('0A000', 'cannot move objects into or out of temporary schemas');
  }
}

export function* alterObjectSchema(x: DdlContext, statement: AlterSchemaStatement): DdlSteps<DdlResult> {
  const { object } = statement;
  const tag = `ALTER ${object.objectType.toUpperCase()}`;
  if (object.objectType === 'type' || object.objectType === 'domain') {
    const type = findUserType(x, object);
    const target = targetSchema(x, statement.schema);
    checkOwner(x, type.owner, `type ${type.name}`);
    refuseRowType(type);
    checkSchemaMove(x.catalog.schema(type.schemaOid) as SchemaEntry, target);
    if (target.oid === type.schemaOid) return { tag };
    if (x.catalog.typeByName(target.name, type.name, x.searchPath) !== undefined) {
      throw sqlError('42710', `type "${type.name}" already exists in schema "${target.name}"`);
    }
    x.putEntry({ ...type, schemaOid: target.oid });
    return { tag };
  }
  if (isRoutineWord(object.objectType)) {
    const routine = mustFindOwnRoutine(x, object, object.objectType);
    checkOwner(x, routine.owner, `${ownedWord(routine)} ${routine.name}`);
    const target = targetSchema(x, statement.schema);
    if (routine.schemaOid === target.oid) return { tag };
    checkSchemaMove(x.catalog.schema(routine.schemaOid) as SchemaEntry, target);
    checkRoutineName(x, routine, target.oid, routine.name);
    x.putEntry({ ...routine, schemaOid: target.oid });
    return { tag };
  }
  if (object.objectType === 'operator') {
    const found = mustFindOperator(x, object);
    const target = targetSchema(x, statement.schema);
    const entry = madeOperator(object, found);
    if (entry.schemaOid === target.oid) return { tag };
    checkSchemaMove(x.catalog.schema(entry.schemaOid) as SchemaEntry, target);
    checkOperatorOwner(x, object, found);
    checkOperatorMove(x, entry, target);
    x.putEntry({ ...entry, schemaOid: target.oid });
    return { tag };
  }
  if (object.objectType === 'statistics') {
    const found = ownedStatistics(x, object.name);
    const target = targetSchema(x, statement.schema);
    if (found.schemaOid === target.oid) return { tag };
    checkSchemaMove(x.catalog.schema(found.schemaOid) as SchemaEntry, target);
    checkStatisticsName(x, target, found.name);
    x.putEntry({ ...found, schemaOid: target.oid });
    return { tag };
  }
  if (object.objectType === 'extension') {
    moveExtension(x, object.name[0], targetSchema(x, statement.schema));
    return { tag };
  }
  if (object.objectType === 'collation') {
    const entry = ownCollation(x, object);
    const target = targetSchema(x, statement.schema);
    checkSchemaMove(x.catalog.schema(entry.schemaOid) as SchemaEntry, target);
    putCollation(x, { ...entry, schemaOid: target.oid });
    return { tag };
  }
  if (SEARCH_CLASSES[object.objectType] !== undefined) {
    const entry = ownSearchObject(x, object);
    const target = targetSchema(x, statement.schema);
    if (entry.schemaOid === target.oid) return { tag };
    checkSchemaMove(x.catalog.schema(entry.schemaOid) as SchemaEntry, target);
    putSearchObject(x, { ...entry, schemaOid: target.oid }, 'set schema of');
    return { tag };
  }
  if (!RELATIONS.has(object.objectType)) throw objectMissing(x, object);
  const found = yield* findAndLock(x, object.name, ACCESS_EXCLUSIVE, (each) => checkOwned(x, object, each));
  if (found === undefined) {
    const missing = alteredMissing(x, statement);
    if (missing !== null) throw missing;
    x.notice('NOTICE', '00000', `relation "${object.name.join('.')}" does not exist, skipping`);
    return { tag };
  }
  const target = targetSchema(x, statement.schema);
  if (found.class === 'index')
    throw sqlError('42809', `cannot change schema of index "${found.name}"`, {
      hint: 'Change the schema of the table instead.',
    });
  if (found.class === 'sequence' && found.ownedByTable !== 0) {
    throw sqlError('0A000', 'cannot move an owned sequence into another schema', {
      detail: `Sequence "${found.name}" is linked to table "${x.catalog.relation(found.ownedByTable)?.name}".`,
    });
  }
  moveRelation(x, found, target);
  return { tag };
}

function targetSchema(x: DdlContext, name: string): SchemaEntry {
  const schema = schemaOrThrow(x, name);
  if (schema.oid === PG_CATALOG_SCHEMA_OID || schema.oid === INFORMATION_SCHEMA_OID) {
    throw sqlError('42501', `permission denied for schema ${name}`);
  }
  if (!mayCreateIn(x, schema)) throw sqlError('42501', `permission denied for schema ${name}`);
  return schema;
}

function moveRelation(x: DdlContext, entry: RelationEntry | SequenceEntry, target: SchemaEntry): void {
  if (entry.schemaOid === target.oid) return;
  checkSchemaMove(x.catalog.schema(entry.schemaOid) as SchemaEntry, target);
  if (isRelationName(x, target.oid, entry.name)) {
    throw sqlError('42P07', `relation "${entry.name}" already exists in schema "${target.name}"`);
  }
  if (entry.class === 'sequence') {
    moveSequence(x, entry, target);
    return;
  }
  x.putEntry({ ...entry, schemaOid: target.oid });
  rewriteReaders(x, {
    relationOid: entry.oid,
    columnNumber: null,
    oldSchema: x.catalog.schemaName(entry.schemaOid),
    oldName: entry.name,
    newName: entry.name,
  });
  for (const index of x.catalog.indexesOf(entry.oid)) {
    checkNameIsFree(x, target.oid, index.name);
    x.putEntry({ ...index, schemaOid: target.oid });
  }
  for (const constraint of x.catalog.constraintsOf(entry.oid)) x.putEntry({ ...constraint, schemaOid: target.oid });
  for (const sequence of x.catalog.sequencesOf(entry.oid)) moveSequence(x, sequence, target);
}

function moveSequence(x: DdlContext, sequence: SequenceEntry, target: SchemaEntry): void {
  checkNameIsFree(x, target.oid, sequence.name);
  const moved = { ...sequence, schemaOid: target.oid };
  x.putEntry(moved);
  followSequence(x, sequence, moved);
}

/** Defaults name sequences in text: they are written anew when the sequence is renamed or moved. */
export function followSequence(
  x: DdlContext,
  before: SequenceEntry,
  after: SequenceEntry,
  oldSchema = x.catalog.schemaName(before.schemaOid),
): void {
  const oldText = nextvalText(oldSchema, before.name);
  const newText = nextvalText(x.catalog.schemaName(after.schemaOid), after.name);
  for (const oid of x.catalog.dependentsOf(before.oid)) {
    const table = x.catalog.relation(oid);
    if (table === undefined) continue;
    const columns = table.columns.map((column) =>
      column.defaultDependsOn?.includes(before.oid) === true && column.defaultText !== null
        ? { ...column, defaultText: column.defaultText.replace(oldText, () => newText) }
        : column,
    );
    x.putEntry({ ...table, columns });
  }
}
