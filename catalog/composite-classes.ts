/**
 * Composite types of CREATE TYPE as relations: pg_class and pg_attribute have rows of them, regclass knows them, clients ask there
 * for their attributes. PostgreSQL gives the relation an oid of its own; here the type's serves as both.
 */
import type { Catalog } from './catalog.ts';
import type { TypeEntry } from './entries.ts';

function isFree(type: TypeEntry): boolean {
  return type.kind === 'composite' && type.relationOid === undefined;
}

export function compositeClasses(catalog: Catalog): TypeEntry[] {
  return [...catalog.types()].filter(isFree);
}

export function compositeClass(catalog: Catalog, oid: number): TypeEntry | undefined {
  const type = catalog.type(oid);
  return type !== undefined && isFree(type) ? type : undefined;
}

export function resolveCompositeClass(
  catalog: Catalog,
  names: readonly string[],
  searchPath: readonly string[],
): TypeEntry | undefined {
  const schema = names.length > 1 ? names[names.length - 2] : null;
  const type = catalog.typeByName(schema, names[names.length - 1], searchPath);
  return type !== undefined && isFree(type) ? type : undefined;
}
