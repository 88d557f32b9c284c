/**
 * Typed tables: CREATE TABLE ... OF type, ALTER TABLE ... OF and NOT OF. Their columns are the type's attributes, and change with it only
 * (ALTER TYPE ... CASCADE).
 */
import type { ColumnEntry, RelationEntry, TypeEntry } from '../../catalog/index.ts';
import type { AlterTableCommand, ColumnDefinition, QualifiedName, TableElement } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { checkTypeUsage, findTypeOid, type ResolvedType } from './type-names.ts';

/** A composite type of CREATE TYPE: those of tables do not do. */
export function typeOfTable(x: DdlContext, names: QualifiedName): TypeEntry {
  const oid = findTypeOid(x, names);
  if (oid === 0) throw sqlError('42704', `type "${names.join('.')}" does not exist`);
  const type = x.catalog.type(oid);
  if (type?.kind !== 'composite' || type.relationOid !== undefined || type.oid !== oid) {
    throw sqlError('42809', `type ${formatType(oid)} is not a composite type`);
  }
  checkTypeUsage(x, oid);
  return type;
}

/** What a typed table's column is by its type. */
export interface TypedColumn {
  readonly definition: ColumnDefinition;
  readonly type: ResolvedType & { readonly collationOid?: number };
}

/** The attributes in their order, each with what the statement says of it. */
export function typedColumns(type: TypeEntry, elements: readonly TableElement[]): readonly TypedColumn[] {
  const attributes = type.attributes ?? [];
  const given = new Map<string, ColumnDefinition>();
  for (const element of elements) {
    if (element.kind !== 'column') continue;
    const { name } = element;
    if (given.has(name)) throw sqlError('42701', `column "${name}" specified more than once`);
    if (!attributes.some((attribute) => attribute.name === name)) {
      throw sqlError('42703', `column "${name}" does not exist`);
    }
    given.set(name, element);
  }
  return attributes.map(({ name, ...own }) => {
    const bare = { kind: 'column', name, type: null, collation: null, compression: null, constraints: [], position: 0 };
    return { definition: given.get(name) ?? (bare as ColumnDefinition), type: own };
  });
}

const REFUSED: Partial<Record<AlterTableCommand['kind'], string>> = {
  addColumn: 'cannot add column to typed table',
  dropColumn: 'cannot drop column from typed table',
  alterColumnType: 'cannot alter column type of typed table',
  inherit: 'cannot change inheritance of typed table',
};

/** What only the type can say. */
export function refuseTyped(table: RelationEntry, { kind }: AlterTableCommand): void {
  const refusal = table.ofTypeOid === undefined ? undefined : REFUSED[kind];
  if (refusal !== undefined) throw sqlError('42809', refusal);
}

/** ALTER TABLE ... OF: the columns must be the attributes already, in their order. */
export function setTypeOfTable(x: DdlContext, table: RelationEntry, names: QualifiedName): void {
  const type = typeOfTable(x, names);
  const columns = table.columns.filter((column) => !column.dropped);
  (type.attributes ?? []).forEach((attribute, i) => {
    const column = columns[i] as ColumnEntry | undefined;
    if (column === undefined) throw sqlError('42804', `table is missing column "${attribute.name}"`);
    if (column.name !== attribute.name) {
      throw sqlError('42804', `table has column "${column.name}" where type requires "${attribute.name}"`);
    }
    const isSame =
      column.typeOid === attribute.typeOid &&
      column.typeModifier === attribute.typeModifier &&
      column.collationOid === attribute.collationOid;
    if (!isSame) {
      throw sqlError('42804', `table "${table.name}" has different type for column "${attribute.name}"`);
    }
  });
  const extra = columns[type.attributes?.length ?? 0];
  if (extra !== undefined) throw sqlError('42804', `table has extra column "${extra.name}"`);
  x.putEntry({ ...table, ofTypeOid: type.oid });
}

export function forgetTypeOfTable(x: DdlContext, table: RelationEntry): void {
  if (table.ofTypeOid === undefined) throw sqlError('42809', `"${table.name}" is not a typed table`);
  const { ofTypeOid: _, ...untyped } = table;
  x.putEntry(untyped);
}

export function typedTables(x: DdlContext, typeOid: number): RelationEntry[] {
  return [...x.catalog.relations()].filter((table) => table.ofTypeOid === typeOid).sort((a, b) => a.oid - b.oid);
}

/** Before a type is changed: its tables follow with CASCADE only. */
export function tablesToFollow(x: DdlContext, type: TypeEntry, isCascade: boolean): RelationEntry[] {
  const tables = typedTables(x, type.oid);
  if (tables.length === 0 || isCascade) return tables;
  throw sqlError('2BP01', `cannot alter type "${type.name}" because it is the type of a typed table`, {
    hint: 'Use ALTER ... CASCADE to alter the typed tables too.',
  });
}
