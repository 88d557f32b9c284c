/** Composite types: CREATE TYPE ... AS (...), and ALTER TYPE of their attributes, in the passes in which PostgreSQL alters tables. */
import type { TypeEntry } from '../../catalog/index.ts';
import { attributeNumber, attributeNumbers } from '../../catalog/kept-fields.ts';
import type {
  AlterCompositeTypeStatement,
  AlterTableCommand,
  CreateCompositeTypeStatement,
  QualifiedName,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { alterTyped } from './alter-table.ts';
import { refuseViews } from './alter-type.ts';
import { collationFor } from './collations.ts';
import { checkColumnNames } from './columns.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { dropObjects } from './dependencies.ts';
import { reference } from './describe.ts';
import { fillKeptRows, rebuildKeysOfRows } from './kept-rows.ts';
import { checkNameIsFree, checkOwner, findRelation, lockNewName, newObjectName, relationMissing } from './resolve.ts';
import { holderOfType, namerOfType, refuseMembership } from './type-holders.ts';
import { checkStorable, findTypeOid, type ResolvedType, resolveType, serialType } from './type-names.ts';
import { tablesToFollow } from './typed-tables.ts';
import { checkTypeNameIsFree, newType } from './types.ts';
import { changedViews, putViews } from './views.ts';

type Command = AlterCompositeTypeStatement['commands'][number];
type Attribute = NonNullable<TypeEntry['attributes']>[number];

export function* createCompositeType(x: DdlContext, statement: CreateCompositeTypeStatement): DdlSteps<DdlResult> {
  const target = newObjectName(x, statement.name);
  yield* lockNewName(x, target);
  checkTypeNameIsFree(x, target);
  checkNameIsFree(x, target.schema.oid, target.name);
  const attributes: Attribute[] = [];
  checkColumnNames(statement.attributes.map(({ name }) => name));
  for (const { name, type, collation } of statement.attributes) {
    if (type === null) continue;
    const resolved = resolveType(x, type);
    checkStorable(x, name, resolved.typeOid);
    const collationOid = collationFor(x, resolved.typeOid, collation);
    attributes.push({ name, ...resolved, ...(collationOid === undefined ? {} : { collationOid }) });
  }
  x.putEntry({ ...newType(x, target, 'composite'), attributes });
  return { tag: 'CREATE TYPE' };
}

/** PostgreSQL keeps composite types among its relations, and other types are not there. */
export function compositeType(x: DdlContext, names: QualifiedName): TypeEntry {
  const type = x.catalog.type(findTypeOid(x, names));
  if (type?.kind !== 'composite') {
    const relation = findRelation(x, names);
    if (relation === undefined) throw relationMissing(x, names);
    throw sqlError('42809', `"${relation.name}" is not a composite type`);
  }
  checkOwner(x, type.owner, `table ${type.name}`);
  if (type.relationOid !== undefined) throw sqlError('42809', `"${type.name}" is not a composite type`);
  return type;
}

const PASSES: Partial<Record<AlterTableCommand['kind'], number>> = { dropColumn: 0, alterColumnType: 1, addColumn: 2 };

export function* alterCompositeType(x: DdlContext, statement: AlterCompositeTypeStatement): DdlSteps<DdlResult> {
  const type = compositeType(x, statement.name);
  for (const command of statement.commands) {
    if (command.kind === 'alterColumnType') understoodType(x, type, command);
    tablesToFollow(x, type, statement.isCascade);
  }
  const commands = [...statement.commands].sort((a, b) => (PASSES[a.kind] ?? 0) - (PASSES[b.kind] ?? 0));
  const current = (): TypeEntry => x.catalog.type(type.oid) as TypeEntry;
  for (const command of commands) yield* alterAttribute(x, current(), command);
  for (const table of tablesToFollow(x, type, true)) yield* alterTyped(x, table.oid, commands);
  return { tag: 'ALTER TYPE' };
}

function attributeMissing(type: TypeEntry, name: string): Error {
  return sqlError('42703', `column "${name}" of relation "${type.name}" does not exist`);
}

/** Stored values keep what they have: attributes that are dropped stay in them, added ones are null. Others would have to be rewritten. */
function understoodType(
  x: DdlContext,
  type: TypeEntry,
  command: Extract<Command, { kind: 'alterColumnType' }>,
): ResolvedType & Pick<Attribute, 'collationOid'> {
  if (!(type.attributes ?? []).some(({ name }) => name === command.column))
    throw attributeMissing(type, command.column);
  const resolved = resolveType(x, command.type);
  const collationOid = collationFor(x, resolved.typeOid, command.collation);
  checkStorable(x, command.column, resolved.typeOid);
  refuseMembership(resolved.typeOid, type.oid);
  const where = holderOfType(x, type.oid) ?? namerOfType(x, type.oid);
  if (where !== null) throw sqlError('0A000', `cannot alter type "${type.name}" because ${where} uses it`);
  return { ...resolved, ...(collationOid === undefined ? {} : { collationOid }) };
}

function* alterAttribute(x: DdlContext, type: TypeEntry, command: Command): DdlSteps<void> {
  const { attributes = [] } = type;
  switch (command.kind) {
    case 'addColumn':
      yield* fillKeptRows(x, type.oid);
      addAttribute(x, type, command);
      yield* rebuildKeysOfRows(x, type.oid);
      return;
    case 'dropColumn': {
      const index = attributes.findIndex(({ name }) => name === command.column);
      if (index >= 0) {
        const attribute = reference('column', type.oid, attributeNumber(type, index));
        yield* dropObjects(x, [attribute], command.behavior === 'cascade');
        return;
      }
      const missing = attributeMissing(type, command.column);
      if (!command.ifExists) throw missing;
      x.notice('NOTICE', '00000', `${missing.message}, skipping`);
      return;
    }
    case 'alterColumnType': {
      const changed = understoodType(x, type, command);
      const index = attributes.findIndex(({ name }) => name === command.column);
      refuseViews(x, type.oid, attributeNumber(type, index), command.column);
      const { collationOid: _, ...old } = attributes[index];
      x.putEntry({ ...type, attributes: attributes.with(index, { ...old, ...changed }) });
      return;
    }
    default:
      throw sqlError('42809', `ALTER action cannot be performed on relation "${type.name}"`);
  }
}

function addAttribute(x: DdlContext, type: TypeEntry, { column }: Extract<Command, { kind: 'addColumn' }>): void {
  const { attributes = [] } = type;
  const { name, type: typeName, collation } = column;
  if (typeName === null) return;
  if (serialType(typeName) !== null) {
    throw sqlError('42809', `sequence cannot be owned by relation "${type.name}"`, {
      detail: 'This operation is not supported for composite types.',
    });
  }
  if (attributes.some((attribute) => attribute.name === name)) {
    throw sqlError('42701', `column "${name}" of relation "${type.name}" already exists`);
  }
  const resolved = resolveType(x, typeName);
  const collationOid = collationFor(x, resolved.typeOid, collation, column.collationPosition);
  checkStorable(x, name, resolved.typeOid);
  refuseMembership(resolved.typeOid, type.oid);
  const number = attributeNumbers(type) + 1;
  const added = { name, ...resolved, number, ...(collationOid === undefined ? {} : { collationOid }) };
  x.putEntry({ ...type, attributes: [...attributes, added] });
  putViews(x, changedViews(x, { kind: 'added', relationOid: type.oid, columnNumber: number }));
}
