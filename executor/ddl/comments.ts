/** COMMENT ON, and GRANT / REVOKE of rights on objects. */
import { functionsByName } from '../../catalog/functions/index.ts';
import type { CommentEntry, EntryClass } from '../../catalog/index.ts';
import type {
  AlterDefaultPrivilegesStatement,
  CommentStatement,
  GrantStatement,
  ObjectAddress,
  ObjectType,
} from '../../parser/ast.ts';
import { SHARE_UPDATE_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { mustFindCollation } from './collations.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { grantOnSchema } from './grant-schema.ts';
import { checkRelationKind, findUserType, objectMissing } from './owner.ts';
import {
  checkOwner,
  checkRelationOwner,
  columnOrThrow,
  findAndLock,
  findColumn,
  findRelation,
  refuseSystem,
  relationMissing,
  roleOfSpec,
  roleOrThrow,
  schemaOrThrow,
} from './resolve.ts';
import { findRoutine, mustFindRoutine } from './routine-names.ts';
import { ownedStatistics } from './statistics.ts';

interface Target {
  readonly objectClass: EntryClass;
  readonly oid: number;
  readonly columnNumber: number;
}

function* commentTarget(x: DdlContext, object: ObjectAddress): DdlSteps<Target | null> {
  const name = object.name[object.name.length - 1];
  switch (object.objectType) {
    case 'table':
    case 'view':
    case 'materialized view':
    case 'index':
    case 'sequence':
    case 'foreign table': {
      const found = yield* findAndLock(x, object.name, SHARE_UPDATE_EXCLUSIVE);
      if (found === undefined) throw relationMissing(x, object.name);
      checkRelationKind(object.objectType, found);
      if (
        object.objectType === 'table' &&
        (found.class !== 'relation' || found.kind === 'view' || found.kind === 'materializedView')
      ) {
        throw sqlError('42809', `"${found.name}" is not a table`);
      }
      refuseSystem(x, found);
      checkRelationOwner(x, found);
      return { objectClass: found.class, oid: found.oid, columnNumber: 0 };
    }
    case 'column': {
      const tableName = object.on ?? object.name.slice(0, -1);
      const found = yield* findAndLock(x, tableName, SHARE_UPDATE_EXCLUSIVE);
      if (found === undefined) throw relationMissing(x, tableName);
      if (found.class !== 'relation') {
        throw sqlError('42809', `cannot set comment on relation "${found.name}"`, {
          detail: `This operation is not supported for ${found.class === 'index' ? 'indexes' : 'sequences'}.`,
        });
      }
      refuseSystem(x, found);
      checkRelationOwner(x, found);
      return { objectClass: 'relation', oid: found.oid, columnNumber: columnOrThrow(found, name).number };
    }
    case 'constraint': {
      const on = object.on as readonly string[];
      const table = findRelation(x, on);
      if (table === undefined) throw relationMissing(x, on);
      const constraint = x.catalog.constraintsOf(table.oid).find((candidate) => candidate.name === name);
      if (constraint === undefined) {
        throw sqlError('42704', `constraint "${name}" for table "${table.name}" does not exist`);
      }
      checkRelationOwner(x, table);
      return { objectClass: 'constraint', oid: constraint.oid, columnNumber: 0 };
    }
    case 'schema': {
      const schema = schemaOrThrow(x, name);
      checkOwner(x, schema.owner, `schema ${name}`);
      return { objectClass: 'schema', oid: schema.oid, columnNumber: 0 };
    }
    case 'type':
    case 'domain': {
      const type = findUserType(x, object);
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
    case 'function':
    case 'procedure':
    case 'routine': {
      const routine = mustFindRoutine(x, object, object.objectType);
      checkOwner(x, routine.owner, `${routine.kind} ${routine.name}`);
      return { objectClass: 'routine', oid: routine.oid, columnNumber: 0 };
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

// -------------------------------------------------------------------------------------------------------------- rights

const PRIVILEGES: Readonly<Record<string, readonly string[]>> = {
  table: ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'],
  sequence: ['usage', 'select', 'update'],
  schema: ['create', 'usage'],
  database: ['create', 'connect', 'temporary', 'temp'],
  function: ['execute'],
  procedure: ['execute'],
  routine: ['execute'],
  type: ['usage'],
  domain: ['usage'],
  language: ['usage'],
  tablespace: ['create'],
  'foreign data wrapper': ['usage'],
  'foreign server': ['usage'],
  'large object': ['select', 'update'],
  parameter: ['set', 'alter system'],
};

const WORDS: Readonly<Record<string, string>> = { table: 'relation', 'foreign server': 'foreign server' };

function checkPrivileges(statement: Pick<GrantStatement, 'privileges'>, objectType: string): void {
  const known = PRIVILEGES[objectType] ?? [];
  for (const { name } of statement.privileges) {
    if (name === null || known.includes(name) || (objectType === 'table' && name === 'usage')) continue;
    const isPrivilege = Object.values(PRIVILEGES).some((list) => list.includes(name));
    if (!isPrivilege) throw sqlError('42601', `unrecognized privilege type "${name}"`);
    throw sqlError('0LP01', `invalid privilege type ${name.toUpperCase()} for ${WORDS[objectType] ?? objectType}`);
  }
}

/**
 * Names and rights are checked as PostgreSQL does, and the statement succeeds. Rights on schemas are kept; others are not: what a
 * role may do with other objects follows from ownership and superuser (README.md).
 */
export function grant(x: DdlContext, statement: GrantStatement): DdlResult {
  const tag = statement.kind === 'grant' ? 'GRANT' : 'REVOKE';
  const { target } = statement;
  checkPrivileges(statement, target.objectType);
  for (const grantee of statement.grantees) if (grantee.kind !== 'public') roleOfSpec(x, grantee);
  if (target.kind === 'allInSchema') {
    for (const name of target.schemas) schemaOrThrow(x, name);
    return { tag };
  }
  for (const object of target.objects) {
    if (target.objectType === 'schema') {
      grantOnSchema(x, schemaOrThrow(x, object.name[object.name.length - 1]), statement);
      continue;
    }
    const owner = grantTarget(x, object, target.objectType, statement);
    if (owner === null || x.isSuperuser || x.shared.isMember(x.currentRoleOid, owner)) continue;
    throw sqlError('42501', `permission denied for ${target.objectType} ${object.name[object.name.length - 1]}`);
  }
  return { tag };
}

/** The object's owner, null when rights on it cannot matter; throws when there is no such object. */
function grantTarget(
  x: DdlContext,
  object: ObjectAddress,
  objectType: string,
  statement: GrantStatement,
): number | null {
  const name = object.name[object.name.length - 1];
  switch (objectType) {
    case 'table':
    case 'sequence': {
      const found = findRelation(x, object.name);
      if (found === undefined) throw relationMissing(x, object.name);
      if (found.class === 'index') throw sqlError('42809', `"${found.name}" is an index`);
      if (objectType === 'sequence' && found.class !== 'sequence') {
        throw sqlError('42809', `"${found.name}" is not a sequence`);
      }
      if (found.class === 'relation') {
        if (statement.privileges.some(({ name: right }) => right === 'usage')) {
          throw sqlError('0LP01', 'invalid privilege type USAGE for table');
        }
        for (const { columns } of statement.privileges) {
          for (const column of columns) {
            if (findColumn(found, column) !== undefined) continue;
            throw sqlError('42703', `column "${column}" of relation "${found.name}" does not exist`);
          }
        }
      }
      return found.owner;
    }
    case 'database': {
      const database = x.shared.databaseByName(name);
      if (database === undefined) throw sqlError('3D000', `database "${name}" does not exist`);
      return database.owner;
    }
    case 'type':
    case 'domain':
      return findUserType(x, { ...object, objectType: objectType as ObjectType }).owner;
    case 'language':
      if (['sql', 'internal', 'c', 'plpgsql'].includes(name)) return null;
      throw sqlError('42704', `language "${name}" does not exist`);
    case 'tablespace':
      if (name === 'pg_default' || name === 'pg_global') return null;
      throw sqlError('42704', `tablespace "${name}" does not exist`);
    case 'parameter':
      return null;
    case 'function':
    case 'procedure':
    case 'routine':
      // Everybody may call the built-in functions.
      if (findRoutine(x, object, objectType) === null && functionsByName(name).length > 0) return null;
      return mustFindRoutine(x, object, objectType).owner;
    default:
      throw sqlError('42704', `${objectType} "${name}" does not exist`);
  }
}

export function alterDefaultPrivileges(x: DdlContext, statement: AlterDefaultPrivilegesStatement): DdlResult {
  checkPrivileges(statement, statement.objectType);
  for (const role of statement.roles) roleOfSpec(x, role);
  for (const grantee of statement.grantees) if (grantee.kind !== 'public') roleOfSpec(x, grantee);
  for (const schema of statement.schemas) schemaOrThrow(x, schema);
  return { tag: 'ALTER DEFAULT PRIVILEGES' };
}
