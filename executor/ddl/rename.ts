/** ALTER ... RENAME. Kept texts (checks, defaults, indexes, views) follow the new names. */
import { resolveCompositeClass } from '../../catalog/composite-classes.ts';
import type {
  DatabaseEntry,
  IndexEntry,
  NamedRelation,
  RelationEntry,
  SchemaEntry,
  SequenceEntry,
  TypeEntry,
} from '../../catalog/index.ts';
import type { Expression, QualifiedName, Query, RenameStatement } from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { isMd5Secret } from '../../types/md5-password.ts';
import { ownCollation, putCollation } from './collations.ts';
import { compositeType } from './composite-types.ts';
import { type DdlContext, type DdlResult, type DdlSteps, type ExpressionUse, wait } from './context.ts';
import { largeObjectsOf, nameRolesAgain } from './large-objects.ts';
import { checkRelationKind, findUserType, followSequence, objectMissing, refuseRowType } from './owner.ts';
import { renamePolicy } from './policies.ts';
import {
  alteredMissing,
  checkNameIsFree,
  checkOwner,
  checkRelationOwner,
  columnOrThrow,
  findAndLock,
  findColumn,
  findRelation,
  isSystemColumn,
  refuseSystem,
  roleOrThrow,
  schemaOrThrow,
} from './resolve.ts';
import { rewriteReaders } from './rewrite-readers.ts';
import { mustFindOwnRoutine, ownedWord } from './routine-names.ts';
import { checkRoutineName } from './routines.ts';
import { renamedExpiry } from './row-expiry.ts';
import { checkSchemaName } from './schemas.ts';
import { mapStatisticsTexts, renameStatistics } from './statistics.ts';
import { changedText } from './stored-text.ts';
import { ownSearchObject, putSearchObject } from './text-search.ts';
import { tablesToFollow } from './typed-tables.ts';
import { parseQuery } from './view-query.ts';
import { viewTexts } from './views.ts';

export function* rename(x: DdlContext, statement: RenameStatement): DdlSteps<DdlResult> {
  const { object } = statement;
  const tag = `ALTER ${object.objectType.toUpperCase()}`;
  const name = object.name[object.name.length - 1];
  switch (object.objectType) {
    case 'table':
    case 'view':
    case 'materialized view':
    case 'index':
    case 'sequence':
    case 'foreign table':
      yield* renameRelationOrPart(x, statement);
      return { tag };
    case 'schema': {
      const schema = schemaOrThrow(x, name);
      if (x.catalog.schemaByName(statement.newName) !== undefined) {
        throw sqlError('42P06', `schema "${statement.newName}" already exists`);
      }
      checkOwner(x, schema.owner, `schema ${schema.name}`);
      checkSchemaName(statement.newName);
      if (schema.oid < 2200) throw sqlError('42501', `permission denied for schema ${schema.name}`);
      renameSchema(x, schema, statement.newName);
      return { tag };
    }
    case 'collation':
      putCollation(x, { ...ownCollation(x, object), name: statement.newName });
      return { tag };
    case 'text search configuration':
    case 'text search dictionary':
    case 'text search parser':
    case 'text search template':
      putSearchObject(x, { ...ownSearchObject(x, object), name: statement.newName }, 'rename');
      return { tag };
    case 'function':
    case 'procedure':
    case 'aggregate':
    case 'routine': {
      const routine = mustFindOwnRoutine(x, object, object.objectType);
      checkOwner(x, routine.owner, `${ownedWord(routine)} ${routine.name}`);
      checkRoutineName(x, routine, routine.schemaOid, statement.newName);
      x.putEntry({ ...routine, name: statement.newName });
      return { tag };
    }
    case 'role':
      yield* renameRole(x, name, statement.newName);
      return { tag };
    case 'database':
      yield* renameDatabase(x, name, statement.newName);
      return { tag };
    case 'policy':
      yield* renamePolicy(x, object, statement.newName);
      return { tag };
    case 'statistics':
      renameStatistics(x, object.name, statement.newName);
      return { tag };
    case 'type':
    case 'domain':
    case 'domain constraint':
      if (statement.part?.kind === 'attribute' && findRelation(x, typeNames(object)) !== undefined) {
        // A table's row type: its columns.
        const table = { ...object, objectType: 'table', name: typeNames(object) } as const;
        yield* renameRelationOrPart(x, { ...statement, object: table });
      } else renameType(x, statement);
      return { tag };
    default:
      throw objectMissing(x, object);
  }
}

/** Kept texts name the schema: views, and the sequences of defaults. */
function renameSchema(x: DdlContext, schema: SchemaEntry, newName: string): void {
  x.putEntry({ ...schema, name: newName });
  for (const relation of [...x.catalog.relations()]) {
    if (relation.schemaOid !== schema.oid) continue;
    const { oid, name } = relation;
    rewriteReaders(x, { relationOid: oid, columnNumber: null, oldSchema: schema.name, oldName: name, newName: name });
  }
  for (const sequence of [...x.catalog.sequences()]) {
    if (sequence.schemaOid === schema.oid) followSequence(x, sequence, sequence, schema.name);
  }
}

function* renameRelationOrPart(x: DdlContext, statement: RenameStatement): DdlSteps<void> {
  const { object, part, newName } = statement;
  const found = yield* findAndLock(x, object.name, ACCESS_EXCLUSIVE, (each) => {
    if (object.objectType !== 'index') checkRelationKind(object.objectType, each);
    refuseSystem(each);
    checkRelationOwner(x, each);
  });
  if (found === undefined) {
    if (part !== null && renameOfComposite(x, statement)) return;
    const missing = alteredMissing(x, statement);
    if (missing !== null) throw missing;
    x.notice('NOTICE', '00000', `relation "${object.name.join('.')}" does not exist, skipping`);
    return;
  }
  if (part === null) {
    renameRelation(x, found, newName);
    return;
  }
  if (found.class !== 'relation') {
    throw sqlError('42809', `cannot rename columns of relation "${found.name}"`);
  }
  if (part.kind === 'constraint') renameConstraint(x, found, part.name, newName);
  else if (found.ofTypeOid !== undefined) throw sqlError('42809', 'cannot rename column of typed table');
  else renameColumn(x, found, part.name, newName);
}

/** ALTER TABLE ... RENAME of an attribute takes a composite type, too, which has no constraints. */
function renameOfComposite(x: DdlContext, statement: RenameStatement): boolean {
  const { object, part } = statement;
  const type = resolveCompositeClass(x.catalog, object.name, x.searchPath);
  if (type === undefined || object.objectType !== 'table') return false;
  if (part?.kind === 'constraint') {
    throw sqlError('42704', `constraint "${part.name}" for table "${type.name}" does not exist`);
  }
  renameType(x, statement);
  return true;
}

/** A key's constraint is called like its index, and the other way round. */
function renameRelation(x: DdlContext, entry: NamedRelation, newName: string): void {
  if (entry.name !== newName || findRelation(x, [newName]) !== undefined) checkNameIsFree(x, entry.schemaOid, newName);
  if (entry.class === 'relation' && x.catalog.typeIn(entry.schemaOid, newName) !== undefined) {
    throw sqlError('42710', `type "${newName}" already exists`);
  }
  switch (entry.class) {
    case 'relation':
      renameTable(x, entry, newName);
      rewriteReaders(x, {
        relationOid: entry.oid,
        columnNumber: null,
        oldSchema: x.catalog.schemaName(entry.schemaOid),
        oldName: entry.name,
        newName,
      });
      return;
    case 'index': {
      const constraint = x.catalog.constraintOfIndex(entry);
      x.putEntry({ ...entry, name: newName });
      if (constraint !== undefined) x.putEntry({ ...constraint, name: newName });
      return;
    }
    case 'sequence': {
      const renamed: SequenceEntry = { ...entry, name: newName };
      x.putEntry(renamed);
      followSequence(x, entry, renamed);
      return;
    }
  }
}

/** The table's own texts name it where they mean its whole row. */
function renameTable(x: DdlContext, table: RelationEntry, newName: string): void {
  const renamed: RelationEntry = { ...table, name: newName };
  const columns = new Set(table.columns.map((column) => column.name));
  const follow = (name: readonly string[], star: boolean): readonly string[] => {
    const at = name.length - (star || (name.length === 1 && !columns.has(name[0])) ? 1 : 2);
    return at >= 0 && name[at] === table.name ? name.with(at, newName) : name;
  };
  const inText = (text: string, use: ExpressionUse): string =>
    text.includes(table.name) ? changeNames(x, text, renamed, use, follow) : text;
  x.putEntry({ ...renamed, columns: mapGenerated(table.columns, inText) });
  mapTexts(x, table.oid, inText);
}

type TextChange = (text: string, use: ExpressionUse) => string;

function mapGenerated(columns: RelationEntry['columns'], inText: TextChange): RelationEntry['columns'] {
  return columns.map((column) =>
    column.generated && column.defaultText !== null
      ? { ...column, defaultText: inText(column.defaultText, 'generated') }
      : column,
  );
}

/** Checks, index keys and statistics of a table. */
function mapTexts(x: DdlContext, tableOid: number, inText: TextChange): void {
  for (const constraint of x.catalog.constraintsOf(tableOid)) {
    if (constraint.checkText === null) continue;
    x.putEntry({ ...constraint, checkText: inText(constraint.checkText, 'check') });
  }
  for (const index of x.catalog.indexesOf(tableOid)) renameInIndex(x, index, inText);
  mapStatisticsTexts(x, tableOid, (text) => inText(text, 'statistics expression'));
}

function renameConstraint(x: DdlContext, table: RelationEntry, oldName: string, newName: string): void {
  const constraints = x.catalog.constraintsOf(table.oid);
  const constraint = constraints.find((candidate) => candidate.name === oldName);
  if (constraint === undefined) {
    throw sqlError('42704', `constraint "${oldName}" for table "${table.name}" does not exist`);
  }
  if (constraints.some((candidate) => candidate.name === newName)) {
    throw sqlError('42710', `constraint "${newName}" for relation "${table.name}" already exists`);
  }
  const index = constraint.type === 'foreign key' ? undefined : x.catalog.index(constraint.indexOid);
  if (index !== undefined) checkNameIsFree(x, table.schemaOid, newName);
  x.putEntry({ ...constraint, name: newName });
  if (index !== undefined) x.putEntry({ ...index, name: newName });
}

function renameColumn(x: DdlContext, table: RelationEntry, oldName: string, newName: string): void {
  if (isSystemColumn(oldName)) throw sqlError('0A000', `cannot rename system column "${oldName}"`);
  if (findColumn(table, oldName) === undefined) throw sqlError('42703', `column "${oldName}" does not exist`);
  const column = columnOrThrow(table, oldName);
  if (isSystemColumn(newName)) {
    throw sqlError('42701', `column name "${newName}" conflicts with a system column name`);
  }
  if (findColumn(table, newName) !== undefined) {
    throw sqlError('42701', `column "${newName}" of relation "${table.name}" already exists`);
  }
  const renamedTable: RelationEntry = {
    ...table,
    options: renamedExpiry(table, oldName, newName),
    columns: table.columns.map((old) => (old === column ? { ...old, name: newName } : old)),
  };
  const isOwn = (name: readonly string[]): boolean =>
    (name.length === 1 || name[name.length - 2] === table.name) && name[name.length - 1] === oldName;
  const follow = (name: readonly string[], star: boolean): readonly string[] =>
    !star && isOwn(name) ? name.with(name.length - 1, newName) : name;
  const inText = (text: string, use: ExpressionUse): string => changeNames(x, text, renamedTable, use, follow);
  const columns = mapGenerated(renamedTable.columns, inText);
  const texts = table.queryText === null ? {} : viewTexts(x, renameTarget(table.queryText, column.number, newName));
  x.putEntry({ ...renamedTable, columns, ...texts });
  mapTexts(x, table.oid, inText);
  rewriteReaders(x, {
    relationOid: table.oid,
    columnNumber: column.number,
    oldSchema: x.catalog.schemaName(table.schemaOid),
    oldName,
    newName,
  });
}

function renameInIndex(x: DdlContext, index: IndexEntry, inText: TextChange): void {
  if (index.predicateText === null && index.columns.every((column) => column.expressionText === null)) return;
  x.putEntry({
    ...index,
    predicateText: index.predicateText === null ? null : inText(index.predicateText, 'index predicate'),
    ...(index.bound === undefined
      ? {}
      : {
          bound: {
            columns: index.bound.columns.map((text) => (text === null ? null : inText(text, 'index expression'))),
            predicate: index.bound.predicate === null ? null : inText(index.bound.predicate, 'index predicate'),
          },
        }),
    columns: index.columns.map((column) =>
      column.expressionText === null
        ? column
        : { ...column, expressionText: inText(column.expressionText, 'index expression') },
    ),
  });
}

/** In an expression over one table's columns; `table` has the new name already. */
function changeNames(
  x: DdlContext,
  text: string,
  table: RelationEntry,
  use: ExpressionUse,
  follow: (name: readonly string[], star: boolean) => readonly string[],
): string {
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    const node = value as Record<string, unknown>;
    if (node.kind === 'columnRef') return { ...node, name: follow(node.name as string[], node.star === true) };
    return Object.fromEntries(Object.entries(node).map(([key, part]) => [key, change(part)]));
  };
  const expression = change(x.parseExpression(text)) as Expression;
  // It still means something.
  x.bind(expression, table, use);
  return changedText(x, expression);
}

/** A view's own column: its target gets another alias. */
function renameTarget(queryText: string, columnNumber: number, newName: string): Query {
  const query = parseQuery(queryText);
  const renameIn = (each: Query): Query => {
    const { body } = each;
    if (body.kind === 'setOperation') return { ...each, body: { ...body, left: renameIn(body.left) } };
    if (body.kind !== 'select') return each;
    const targets = body.targets.map((target, i) => (i === columnNumber - 1 ? { ...target, alias: newName } : target));
    return { ...each, body: { ...body, targets } };
  };
  return renameIn(query);
}

// ------------------------------------------------------------------------------------------------ roles, databases, types

function* renameRole(x: DdlContext, oldName: string, newName: string): DdlSteps<void> {
  const role = roleOrThrow(x, oldName);
  for (const name of [oldName, newName]) {
    if (!name.startsWith('pg_')) continue;
    throw sqlError('42939', `role name "${name}" is reserved`, {
      detail: 'Role names starting with "pg_" are reserved.',
    });
  }
  if (x.shared.roleByName(newName) !== undefined) throw sqlError('42710', `role "${newName}" already exists`);
  if (role.name === x.settings.show('session_authorization')) throw sqlError('0A000', 'session user cannot be renamed');
  if (role.oid === x.currentRoleOid) throw sqlError('0A000', 'current user cannot be renamed');
  requireCreateRole(
    x,
    role.superuser ? 'must be superuser to rename superusers' : 'permission denied to rename role',
    role.superuser,
  );
  const largeObjects = yield* largeObjectsOf(x, role.oid);
  // It was made with the old name.
  const isForgotten = role.password !== null && isMd5Secret(role.password);
  if (isForgotten) x.notice('NOTICE', '00000', 'MD5 password cleared because of role rename');
  x.putEntry({ ...role, name: newName, password: isForgotten ? null : role.password });
  yield* nameRolesAgain(x, largeObjects);
}

function requireCreateRole(x: DdlContext, message: string, needsSuperuser: boolean): void {
  if (x.isSuperuser) return;
  if (needsSuperuser || x.shared.role(x.currentRoleOid)?.createRole !== true) throw sqlError('42501', message);
}

function* renameDatabase(x: DdlContext, oldName: string, newName: string): DdlSteps<void> {
  const database = x.shared.databaseByName(oldName);
  if (database === undefined) throw sqlError('3D000', `database "${oldName}" does not exist`);
  checkOwner(x, database.owner, `database ${oldName}`);
  if (!x.isSuperuser && x.shared.role(x.currentRoleOid)?.createDb !== true) {
    throw sqlError('42501', 'permission denied to rename database');
  }
  if (x.shared.databaseByName(newName) !== undefined) throw sqlError('42P04', `database "${newName}" already exists`);
  if (database.oid === x.catalog.databaseOid) throw sqlError('0A000', 'current database cannot be renamed');
  yield* expectUnused(x, database);
  x.putEntry({ ...database, name: newName });
}

/** Nobody is connected to the database, or will be in a moment: 55006. It is still there then: 3D000. */
export function* expectUnused(x: DdlContext, { oid, name }: DatabaseEntry): DdlSteps<void> {
  const count = yield* wait(x.sessionsLeft(oid));
  if (count > 0)
    throw sqlError('55006', `database "${name}" is being accessed by other users`, { detail: otherSessions(count) });
  if (x.shared.databaseByName(name)?.oid !== oid) throw sqlError('3D000', `database "${name}" does not exist`);
}

function otherSessions(count: number): string {
  return count === 1
    ? 'There is 1 other session using the database.'
    : `There are ${count} other sessions using the database.`;
}

function typeNames(object: RenameStatement['object']): QualifiedName {
  return object.types[0]?.name ?? object.name;
}

function renameAttribute(x: DdlContext, type: TypeEntry, oldName: string, newName: string): void {
  const { attributes = [] } = type;
  const at = attributes.findIndex(({ name }) => name === oldName);
  if (at < 0) throw sqlError('42703', `column "${oldName}" does not exist`);
  if (attributes.some(({ name }) => name === newName)) {
    throw sqlError('42701', `column "${newName}" of relation "${type.name}" already exists`);
  }
  x.putEntry({ ...type, attributes: attributes.with(at, { ...attributes[at], name: newName }) });
}

function renameType(x: DdlContext, statement: RenameStatement): void {
  const { object, part, newName } = statement;
  if (object.objectType === 'domain constraint' || part?.kind === 'constraint') {
    const oldName = part?.name ?? object.name[object.name.length - 1];
    const domain = findUserType(x, { ...object, name: object.on ?? object.name, objectType: 'domain' });
    if (domain.checks?.some((check) => check.name === oldName) !== true) {
      throw sqlError('42704', `constraint "${oldName}" for domain ${domain.name} does not exist`);
    }
    const checks = domain.checks.map((check) => (check.name === oldName ? { ...check, name: newName } : check));
    x.putEntry({ ...domain, checks });
    return;
  }
  if (part !== null) {
    const type = compositeType(x, typeNames(object));
    const tables = tablesToFollow(x, type, statement.behavior === 'cascade');
    renameAttribute(x, type, part.name, newName);
    for (const table of tables) renameColumn(x, table, part.name, newName);
    return;
  }
  const type = findUserType(x, object);
  checkOwner(x, type.owner, `type ${type.name}`);
  refuseRowType(type);
  if (type.kind === 'composite') checkNameIsFree(x, type.schemaOid, newName);
  if (x.catalog.typeByName(x.catalog.schemaName(type.schemaOid), newName, x.searchPath) !== undefined) {
    throw sqlError('42710', `type "${newName}" already exists`);
  }
  x.putEntry({ ...type, name: newName });
}
