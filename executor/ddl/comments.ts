/** COMMENT ON. */
import { resolveCompositeClass } from '../../catalog/composite-classes.ts';
import type { CommentEntry, EntryClass } from '../../catalog/index.ts';
import { attributeNumber } from '../../catalog/kept-fields.ts';
import { SEARCH_CLASSES, type SearchClass } from '../../catalog/text-search.ts';
import type { CommentStatement, ObjectAddress } from '../../parser/ast.ts';
import { SHARE_UPDATE_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { mustFindCast } from './casts.ts';
import { mustFindCollation } from './collations.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { mustFindExtension } from './extensions.ts';
import { ownLargeObject } from './large-objects.ts';
import { ownOperatorOf } from './operators.ts';
import { checkRelationKind, findUserType, objectMissing } from './owner.ts';
import { ownPolicy } from './policies.ts';
import {
  asTable,
  checkOwner,
  checkRelationOwner,
  columnOrThrow,
  findAndLock,
  findRelation,
  refuseSystem,
  relationMissing,
  roleOrThrow,
  schemaOrThrow,
} from './resolve.ts';
import { mustFindRoutine } from './routine-names.ts';
import { ownedStatistics } from './statistics.ts';
import { checkSearchOwner, mustFindSearchObject } from './text-search.ts';

interface Target {
  readonly objectClass: EntryClass;
  readonly oid: number;
  readonly columnNumber: number;
}

function* relationTarget(x: DdlContext, object: ObjectAddress): DdlSteps<Target> {
  const found = yield* findAndLock(x, object.name, SHARE_UPDATE_EXCLUSIVE);
  if (found === undefined) throw relationMissing(x, object.name, object.objectType);
  checkRelationKind(object.objectType, found);
  if (
    object.objectType === 'table' &&
    (found.class !== 'relation' || found.kind === 'view' || found.kind === 'materializedView')
  ) {
    throw sqlError('42809', `"${found.name}" is not a table`);
  }
  refuseSystem(found);
  checkRelationOwner(x, found);
  return { objectClass: found.class, oid: found.oid, columnNumber: 0 };
}

function* columnTarget(x: DdlContext, object: ObjectAddress): DdlSteps<Target> {
  const name = object.name[object.name.length - 1];
  const tableName = object.on ?? object.name.slice(0, -1);
  const found = yield* findAndLock(x, tableName, SHARE_UPDATE_EXCLUSIVE);
  if (found === undefined) return attributeTarget(x, tableName, name);
  if (found.class !== 'relation') {
    throw sqlError('42809', `cannot set comment on relation "${found.name}"`, {
      detail: `This operation is not supported for ${found.class === 'index' ? 'indexes' : 'sequences'}.`,
    });
  }
  refuseSystem(found);
  checkOwner(x, found.owner, `relation ${found.name}`);
  return { objectClass: 'relation', oid: found.oid, columnNumber: columnOrThrow(found, name).number };
}

/** An attribute of a composite type. */
function attributeTarget(x: DdlContext, typeName: readonly string[], name: string): Target {
  const type = resolveCompositeClass(x.catalog, typeName, x.searchPath);
  if (type === undefined) throw relationMissing(x, typeName);
  checkOwner(x, type.owner, `relation ${type.name}`);
  const index = type.attributes?.findIndex((attribute) => attribute.name === name) ?? -1;
  if (index < 0) throw sqlError('42703', `column "${name}" of relation "${type.name}" does not exist`);
  return { objectClass: 'relation', oid: type.oid, columnNumber: attributeNumber(type, index) };
}

function constraintTarget(x: DdlContext, object: ObjectAddress): Target {
  const name = object.name[object.name.length - 1];
  const on = object.on as readonly string[];
  const table = findRelation(x, on);
  if (table === undefined) throw relationMissing(x, on);
  const constraint = x.catalog.constraintsOf(table.oid).find((candidate) => candidate.name === name);
  if (constraint === undefined) {
    throw sqlError('42704', `constraint "${name}" for table "${table.name}" does not exist`);
  }
  checkOwner(x, asTable(table).owner, `relation ${table.name}`);
  return { objectClass: 'constraint', oid: constraint.oid, columnNumber: 0 };
}

function domainConstraintTarget(x: DdlContext, object: ObjectAddress): Target {
  const name = object.name[object.name.length - 1];
  const type = findUserType(x, { ...object, objectType: 'type', name: object.on as readonly string[] });
  if (type.kind !== 'domain') throw sqlError('42809', `"${type.name}" is not a domain`);
  checkOwner(x, type.owner, `type ${type.name}`);
  const check = type.checks?.find((candidate) => candidate.name === name);
  if (check === undefined) {
    throw sqlError('42704', `constraint "${name}" for domain ${type.name} does not exist`);
  }
  return { objectClass: 'constraint', oid: check.oid, columnNumber: 0 };
}

function* commentTarget(x: DdlContext, object: ObjectAddress): DdlSteps<Target | null> {
  const name = object.name[object.name.length - 1];
  switch (object.objectType) {
    case 'table':
    case 'view':
    case 'materialized view':
    case 'index':
    case 'sequence':
    case 'foreign table':
      return yield* relationTarget(x, object);
    case 'column':
      return yield* columnTarget(x, object);
    case 'constraint':
      return constraintTarget(x, object);
    case 'domain constraint':
      return domainConstraintTarget(x, object);
    case 'schema': {
      const schema = schemaOrThrow(x, name);
      checkOwner(x, schema.owner, `schema ${name}`);
      return { objectClass: 'schema', oid: schema.oid, columnNumber: 0 };
    }
    case 'type':
    case 'domain': {
      const type = findUserType(x, { ...object, objectType: 'type' });
      if (object.objectType === 'domain' && type.kind !== 'domain') {
        throw sqlError('42809', `"${type.name}" is not a domain`);
      }
      checkOwner(x, type.owner, `type ${type.name}`);
      return { objectClass: 'type', oid: type.oid, columnNumber: 0 };
    }
    case 'statistics': {
      const entry = ownedStatistics(x, object.name);
      return { objectClass: 'statistics', oid: entry.oid, columnNumber: 0 };
    }
    case 'collation': {
      const entry = mustFindCollation(x, object.name);
      checkOwner(x, entry.owner, `collation ${entry.name}`);
      return { objectClass: 'collation', oid: entry.oid, columnNumber: 0 };
    }
    case 'text search configuration':
    case 'text search dictionary':
    case 'text search parser':
    case 'text search template': {
      const entry = mustFindSearchObject(x, SEARCH_CLASSES[object.objectType] as SearchClass, object.name);
      checkSearchOwner(x, entry, object.name.join('.'));
      return { objectClass: entry.class, oid: entry.oid, columnNumber: 0 };
    }
    case 'function':
    case 'procedure':
    case 'aggregate':
    case 'routine': {
      const routine = mustFindRoutine(x, object, object.objectType);
      checkOwner(x, routine.owner, `${routine.kind} ${routine.name}`);
      return { objectClass: 'routine', oid: routine.oid, columnNumber: 0 };
    }
    case 'policy':
      return { objectClass: 'policy', oid: ownPolicy(x, object).oid, columnNumber: 0 };
    case 'extension': {
      const extension = mustFindExtension(x, name);
      checkOwner(x, extension.owner, `extension ${name}`);
      return { objectClass: 'extension', oid: extension.oid, columnNumber: 0 };
    }
    case 'operator': {
      const entry = ownOperatorOf(x, object);
      return { objectClass: 'operator', oid: entry.oid, columnNumber: 0 };
    }
    case 'cast': {
      const entry = mustFindCast(x, object);
      if (entry === 'system') throw sqlError('0A000', 'comments on built-in casts are not supported');
      return { objectClass: 'cast', oid: entry.oid, columnNumber: 0 };
    }
    case 'large object': {
      const found = yield* ownLargeObject(x, name);
      return { objectClass: 'largeObject', oid: found.oid, columnNumber: 0 };
    }
    case 'role': {
      const role = roleOrThrow(x, name);
      return { objectClass: 'role', oid: role.oid, columnNumber: 0 };
    }
    case 'database': {
      const database = x.shared.databaseByName(name);
      if (database === undefined) {
        x.notice('WARNING', '3D000', `database "${name}" does not exist`);
        return null;
      }
      checkOwner(x, database.owner, `database ${name}`);
      return { objectClass: 'database', oid: database.oid, columnNumber: 0 };
    }
    default:
      throw objectMissing(x, object);
  }
}

export function* comment(x: DdlContext, statement: CommentStatement): DdlSteps<DdlResult> {
  const tag = 'COMMENT';
  const target = yield* commentTarget(x, statement.object);
  if (target === null) return { tag };
  const isShared = target.objectClass === 'role' || target.objectClass === 'database';
  const old = isShared
    ? x.shared.comment(target.objectClass, target.oid)
    : x.catalog.comment(target.objectClass, target.oid, target.columnNumber);
  const text = statement.comment;
  if (text === null || text === '') {
    if (old !== undefined) x.removeEntry(old);
    return { tag };
  }
  const entry: CommentEntry = {
    class: 'comment',
    oid: old?.oid ?? x.allocateOid(),
    objectClass: target.objectClass,
    objectOid: target.oid,
    columnNumber: target.columnNumber,
    text,
  };
  x.putEntry(entry);
  return { tag };
}
