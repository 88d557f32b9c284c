/** DROP of everything but databases, roles and what they own. */
import { findCollation } from '../../catalog/collations.ts';
import { resolveCompositeClass } from '../../catalog/composite-classes.ts';
import { FIRST_NORMAL_OID, type NamedRelation, type TypeEntry } from '../../catalog/index.ts';
import { isSystemRoutine } from '../../catalog/system-routines.ts';
import { systemDomain } from '../../catalog/system-types.ts';
import { SEARCH_CLASSES, type SearchClass } from '../../catalog/text-search.ts';
import type { DropStatement, FunctionParameter, ObjectAddress, ObjectType, TypeName } from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType } from '../../types/index.ts';
import { castText, castTypes, hasCast, mustFindCast } from './casts.ts';
import { ownCollation } from './collations.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { dropObjects } from './dependencies.ts';
import { describe, type ObjectReference, reference, referenceTo } from './describe.ts';
import { findDroppedExtension } from './extensions.ts';
import { missingText, rawTypeName } from './missing.ts';
import { checkOperatorOwner, mustFindOperator } from './operators.ts';
import { findDroppedPolicy } from './policies.ts';
import {
  checkOwner,
  checkRelationOwner,
  findAndLock,
  findRelation,
  kindWord,
  refuseSystem,
  relationMissing,
  withArticle,
} from './resolve.ts';
import {
  builtinSignature,
  findRoutine,
  type RoutineWord,
  routineMissing,
  routineSignature,
  wrongKind,
} from './routine-names.ts';
import { findStatistics } from './statistics.ts';
import { checkSearchOwner, findSearchObject } from './text-search.ts';
import { findTypeOid, resolveType, shownType } from './type-names.ts';

type RelationType = 'table' | 'view' | 'materialized view' | 'index' | 'sequence' | 'foreign table';
const RELATION_TYPES = new Set<ObjectType>([
  'table',
  'view',
  'materialized view',
  'index',
  'sequence',
  'foreign table',
]);

export function* drop(x: DdlContext, statement: DropStatement): DdlSteps<DdlResult> {
  const tag = `DROP ${statement.objectType.toUpperCase()}`;
  if (statement.concurrently) {
    x.checkAlone('DROP INDEX CONCURRENTLY');
    const refused =
      statement.objects.length > 1 ? 'dropping multiple objects' : statement.behavior === 'cascade' ? 'CASCADE' : null;
    if (refused !== null) throw sqlError('0A000', `DROP INDEX CONCURRENTLY does not support ${refused}`);
  }
  const targets: ObjectReference[] = [];
  for (const object of statement.objects) {
    const target = yield* findTarget(x, statement, object);
    if (target !== null && !targets.some((other) => other.class === target.class && other.oid === target.oid)) {
      targets.push(target);
    }
  }
  if (targets.length > 0) yield* dropObjects(x, targets, statement.behavior === 'cascade');
  return { tag };
}

function* findTarget(x: DdlContext, statement: DropStatement, object: ObjectAddress): DdlSteps<ObjectReference | null> {
  const { objectType, ifExists } = statement;
  if (RELATION_TYPES.has(objectType)) {
    const found = yield* findDroppedRelation(x, objectType as RelationType, object, ifExists);
    return found === null ? null : referenceTo(found);
  }
  switch (objectType) {
    case 'schema':
      return findSchema(x, object, ifExists);
    case 'statistics': {
      const found = findStatistics(x, object.name);
      if (found === undefined) return missingObject(x, objectType, object, ifExists);
      checkOwner(x, found.owner, `statistics object ${object.name.join('.')}`);
      return reference('statistics', found.oid);
    }
    case 'collation': {
      const found = findCollation(x.catalog, object.name, x.searchPath);
      if (found !== undefined) return reference('collation', ownCollation(x, object).oid);
      if (!ifExists) throw sqlError('42704', `collation "${object.name.join('.')}" for encoding "UTF8" does not exist`);
      return missingObject(x, objectType, object, ifExists);
    }
    case 'text search configuration':
    case 'text search dictionary':
    case 'text search parser':
    case 'text search template':
      return findDroppedSearchObject(x, objectType, object, ifExists);
    case 'function':
    case 'procedure':
    case 'routine':
    case 'aggregate':
      return findDroppedRoutine(x, objectType, object, ifExists);
    case 'operator':
      return findDroppedOperator(x, object, ifExists);
    case 'cast':
      return findDroppedCast(x, object, ifExists);
    case 'type':
    case 'domain':
      return findType(x, objectType, object, ifExists);
    case 'policy':
      return (yield* findDroppedPolicy(x, object)) ?? missingObject(x, objectType, object, ifExists);
    case 'extension':
      return findDroppedExtension(x, object.name[0]) ?? missingObject(x, objectType, object, ifExists);
    default:
      return missingObject(x, objectType, object, ifExists);
  }
}

function skip(x: DdlContext, message: string): null {
  x.notice('NOTICE', '00000', `${message}, skipping`);
  return null;
}

// ----------------------------------------------------------------------------------------------------------- relations

const MISSING_CODES: Readonly<Record<RelationType, string>> = {
  table: '42P01',
  view: '42P01',
  'materialized view': '42P01',
  index: '42704',
  sequence: '42P01',
  'foreign table': '42704',
};

function* findDroppedRelation(
  x: DdlContext,
  type: RelationType,
  object: ObjectAddress,
  ifExists: boolean,
): DdlSteps<NamedRelation | null> {
  const names = object.name;
  if (names.length > 1 && x.catalog.schemaOfPath(names[names.length - 2], x.searchPath) === undefined) {
    const message = `schema "${names[names.length - 2]}" does not exist`;
    findRelation(x, names);
    if (ifExists) return skip(x, message);
    throw sqlError('3F000', message);
  }
  const check = (found: NamedRelation): void => checkDropped(x, type, found);
  const before = findRelation(x, names);
  if (before !== undefined) check(before);
  if (before?.class === 'index') {
    const table = x.catalog.relation(before.tableOid);
    if (table !== undefined) while (!x.lockRelation(table.oid, ACCESS_EXCLUSIVE)) yield;
  }
  const found = yield* findAndLock(x, names, ACCESS_EXCLUSIVE, check);
  const name = names[names.length - 1];
  if (found === undefined) {
    if (resolveCompositeClass(x.catalog, names, x.searchPath) !== undefined) {
      throw relationMissing(x, names, type).with({ hint: 'Use DROP TYPE to remove a type.' });
    }
    const message = `${type} "${name}" does not exist`;
    if (ifExists) return skip(x, message);
    throw sqlError(MISSING_CODES[type], message);
  }
  return found;
}

function checkDropped(x: DdlContext, type: RelationType, found: NamedRelation): void {
  const kind = kindWord(found);
  if (kind !== type) {
    throw sqlError('42809', `"${found.name}" is not ${withArticle(type)}`, {
      hint: `Use DROP ${kind.toUpperCase()} to remove ${withArticle(kind)}.`,
    });
  }
  refuseSystem(found);
  checkDropRights(x, found);
}

/** The owner of the object, or of its schema. */
function checkDropRights(x: DdlContext, found: NamedRelation): void {
  const schema = x.catalog.schema(found.schemaOid);
  if (schema !== undefined && x.authority.hasPrivilegesOf(schema.owner)) return;
  checkRelationOwner(x, found);
}

// ----------------------------------------------------------------------------------------------------- schemas, types

function findSchema(x: DdlContext, object: ObjectAddress, ifExists: boolean): ObjectReference | null {
  const name = object.name[object.name.length - 1];
  const schema = x.catalog.schemaOfPath(name, x.searchPath);
  if (schema === undefined) {
    const message = `schema "${name}" does not exist`;
    if (ifExists) return skip(x, message);
    throw sqlError('3F000', message);
  }
  checkOwner(x, schema.owner, `schema ${name}`);
  if (schema.name === 'pg_catalog' || schema.name === 'information_schema') {
    throw sqlError('2BP01', `cannot drop schema ${name} because it is required by the database system`);
  }
  return reference('schema', schema.oid);
}

function findType(
  x: DdlContext,
  objectType: 'type' | 'domain',
  object: ObjectAddress,
  ifExists: boolean,
): ObjectReference | null {
  const names = object.types[0]?.name ?? object.name;
  if (names.length > 1 && x.catalog.schemaOfPath(names[names.length - 2], x.searchPath) === undefined) {
    const message = `schema "${names[names.length - 2]}" does not exist`;
    if (ifExists) return skip(x, message);
    throw sqlError('3F000', message);
  }
  const oid = findTypeOid(x, names);
  if (oid === 0) {
    const message = `type "${names.join('.')}" does not exist`;
    if (ifExists) return skip(x, message);
    throw sqlError('42704', message);
  }
  const type = x.catalog.type(oid);
  if (type === undefined || systemDomain(oid) !== undefined) {
    throw sqlError('2BP01', `cannot drop type ${formatType(oid)} because it is required by the database system`);
  }
  if (objectType === 'domain' && (type.kind !== 'domain' || type.oid !== oid)) {
    throw sqlError('42809', `"${names.join('.')}" is not a domain`);
  }
  const user = ownerOfType(x, type, oid);
  if (user !== null) {
    throw sqlError('2BP01', `cannot drop type ${shownType(x, oid)} because ${user} requires it`, {
      hint: `You can drop ${user} instead.`,
    });
  }
  checkOwner(x, type.owner, `type ${type.name}`);
  return reference('type', type.oid);
}

/** What a type goes with and cannot be dropped without: a row type's table, an array's element, a multirange's range. */
function ownerOfType(x: DdlContext, type: TypeEntry, oid: number): string | null {
  if (type.oid !== oid) return `type ${shownType(x, type.oid)}`;
  if (type.rangeOid !== undefined) return `type ${shownType(x, type.rangeOid)}`;
  return type.relationOid === undefined ? null : describe(x, reference('relation', type.relationOid));
}

function findDroppedSearchObject(
  x: DdlContext,
  objectType: ObjectType,
  object: ObjectAddress,
  ifExists: boolean,
): ObjectReference | null {
  if (ifExists && missingBefore(x, objectType, object) !== null) return missingObject(x, objectType, object, ifExists);
  const found = findSearchObject(x, SEARCH_CLASSES[objectType] as SearchClass, object.name);
  if (found === undefined) return missingObject(x, objectType, object, ifExists);
  const schema = x.catalog.schema(found.schemaOid);
  if (schema === undefined || !x.authority.hasPrivilegesOf(schema.owner)) {
    checkSearchOwner(x, found, object.name.join('.'));
  }
  if (found.oid < FIRST_NORMAL_OID) {
    throw sqlError('2BP01', `cannot drop ${objectType} ${found.name} because it is required by the database system`);
  }
  return reference(found.class, found.oid);
}

function findDroppedRoutine(
  x: DdlContext,
  word: RoutineWord,
  object: ObjectAddress,
  ifExists: boolean,
): ObjectReference | null {
  if (ifExists) {
    const missing = missingName(x, object);
    if (missing !== null) return skip(x, missing);
  }
  const found = findRoutine(x, object, word);
  if (found === null) {
    const builtin = builtinSignature(x, object);
    if (builtin !== null) {
      throw sqlError('2BP01', `cannot drop function ${builtin} because it is required by the database system`);
    }
    if (!ifExists) throw routineMissing(x, object, word);
    const shown = object.parameters === null ? `${object.name.join('.')}()` : signature(x, object, true);
    return skip(x, `${word} ${shown} does not exist`);
  }
  if (isSystemRoutine(found)) {
    const shown = `${found.kind} ${routineSignature(x, found)}`;
    throw sqlError('2BP01', `cannot drop ${shown} because it is required by the database system`);
  }
  if (word === 'function' && found.kind === 'aggregate') {
    throw sqlError('42809', `"${object.name.join('.')}" is an aggregate function`, {
      hint: 'Use DROP AGGREGATE to drop aggregate functions.',
    });
  }
  if (word !== 'routine' && found.kind !== word) throw wrongKind(x, found, word);
  checkOwner(x, found.owner, `${found.kind} ${found.name}`);
  return reference('routine', found.oid);
}

function findDroppedOperator(x: DdlContext, object: ObjectAddress, ifExists: boolean): ObjectReference | null {
  if (ifExists) {
    const before = missingBefore(x, 'operator', object);
    if (before !== null) return skip(x, before);
    const [left, right] = object.types.map((type) => (type === null ? 0 : resolveType(x, type).typeOid));
    if (x.lookUp.exactOperator(object.name, left, right) === null) {
      return skip(x, `operator ${object.name.join('.')} does not exist`);
    }
  }
  const found = mustFindOperator(x, object);
  checkOperatorOwner(x, object, found);
  if (found.definition === undefined) {
    const types = [found.leftType, found.rightType].map((oid) => (oid === 0 ? 'NONE' : formatType(oid))).join(',');
    throw sqlError(
      '2BP01',
      `cannot drop operator ${found.name}(${types}) because it is required by the database system`,
    );
  }
  return reference('operator', found.oid);
}

function findDroppedCast(x: DdlContext, object: ObjectAddress, ifExists: boolean): ObjectReference | null {
  if (ifExists) {
    const before = missingBefore(x, 'cast', object);
    if (before !== null) return skip(x, before);
    if (!hasCast(x, object)) {
      const [source, target] = object.types.map((type) => rawTypeName(type as TypeName));
      return skip(x, `cast from type ${source} to type ${target} does not exist`);
    }
  }
  const found = mustFindCast(x, object);
  if (found !== 'system') return reference('cast', found.oid);
  const shown = castText(x, ...castTypes(x, object));
  throw sqlError('2BP01', `cannot drop ${shown} because it is required by the database system`);
}

/** A schema, or a type of the argument list, that is not there; null: they are. */
function missingName(x: DdlContext, object: ObjectAddress): string | null {
  const isMissing = (names: readonly string[]): boolean =>
    names.length > 1 && x.catalog.schemaOfPath(names[names.length - 2], x.searchPath) === undefined;
  const schema = (names: readonly string[]): string => `schema "${names[names.length - 2]}" does not exist`;
  if (isMissing(object.name)) return schema(object.name);
  for (const { type } of object.parameters ?? []) {
    if (isMissing(type.name)) return schema(type.name);
    if (findTypeOid(x, type.name) === 0) return `type "${type.name.join('.')}" does not exist`;
  }
  return null;
}

// ------------------------------------------------------------------------------------------- what never exists here

function signature(x: DdlContext, object: ObjectAddress, isRaw: boolean): string {
  const types = (object.parameters ?? [])
    .filter((parameter: FunctionParameter) => parameter.mode !== 'out' && parameter.mode !== 'table')
    .map(({ type }) => (isRaw ? rawTypeName(type) : writtenType(x, type)));
  return `${object.name.join('.')}(${types.join(isRaw ? ',' : ', ')})`;
}

function writtenType(x: DdlContext, type: TypeName): string {
  const { typeOid } = resolveType(x, type);
  return formatType(typeOid);
}

/** Whose schemas are looked for before the objects themselves. */
const IN_SCHEMAS = new Set<ObjectType>([
  'function',
  'procedure',
  'routine',
  'aggregate',
  'operator',
  'operator class',
  'operator family',
  'collation',
  'conversion',
  'statistics',
  'text search parser',
  'text search dictionary',
  'text search template',
  'text search configuration',
]);

/** IF EXISTS skips by the first thing that is missing: the schema, a type of the arguments, the object. */
function missingBefore(x: DdlContext, type: ObjectType, object: ObjectAddress): string | null {
  const inSchema = (names: readonly string[] | null): string | null => {
    if (names === null || names.length < 2) return null;
    const schema = names[names.length - 2];
    return x.catalog.schemaOfPath(schema, x.searchPath) === undefined ? `schema "${schema}" does not exist` : null;
  };
  const missing = IN_SCHEMAS.has(type) ? inSchema(object.name) : inSchema(object.on);
  if (missing !== null) return missing;
  const types = [...(object.parameters ?? []).map((parameter) => parameter.type), ...object.types];
  for (const each of types) {
    if (each === null) continue;
    const own = inSchema(each.name);
    if (own !== null) return own;
    if (findTypeOid(x, each.name) === 0) return `type "${each.name.join('.')}" does not exist`;
  }
  return null;
}

/** Objects of kinds that cannot be made: they are missing, whatever they are called. */
function missingObject(x: DdlContext, type: ObjectType, object: ObjectAddress, ifExists: boolean): null {
  const before = ifExists ? missingBefore(x, type, object) : null;
  if (before !== null) return skip(x, before);
  if (type === 'language' || type === 'access method') refuseBuiltin(type, object.name.join('.'));
  const isOfRelation = type === 'trigger' || type === 'rule' || type === 'policy';
  if (ifExists && isOfRelation && object.on !== null && findRelation(x, object.on) === undefined) {
    return skip(x, `relation "${object.on.join('.')}" does not exist`);
  }
  const message = missingText(x, object, ifExists);
  if (ifExists) return skip(x, message);
  throw sqlError('42704', message);
}

function refuseBuiltin(type: ObjectType, name: string): void {
  const builtin = type === 'language' ? ['internal', 'c', 'sql', 'plpgsql'] : ['btree', 'hash', 'heap'];
  if (builtin.includes(name)) {
    throw sqlError('2BP01', `cannot drop ${type} ${name} because it is required by the database system`);
  }
}
