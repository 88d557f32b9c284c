/**
 * Names of the array types of user-made types (and of tables' rows). They are not kept: an array type is called as its element type with underscores in
 * front, one, or as many more as keep it apart from types that users named and from arrays of types whose name is shorter. So it goes out of the way of
 * a type that is made later, as in PostgreSQL (moveArrayTypeName).
 */
import type { Catalog } from './catalog.ts';
import type { TypeEntry } from './entries.ts';
import { clippedName, NAME_BYTES_MAX, rowTypeOf } from './user-types.ts';

export function arrayTypeNameIn(catalog: Catalog, element: TypeEntry): string {
  const { schemaOid, name } = element;
  for (let mark = '_'; ; mark += '_') {
    const candidate = clippedName(mark + name);
    if (catalog.typeIn(schemaOid, candidate) !== undefined && mark.length <= NAME_BYTES_MAX) continue;
    if (!isTakenByShorter(catalog, element, candidate) || mark.length > NAME_BYTES_MAX) return candidate;
  }
}

/** The element type whose array type is called so in the schema. */
export function elementOfArrayName(catalog: Catalog, schemaOid: number, name: string): TypeEntry | undefined {
  if (!name.startsWith('_')) return undefined;
  const bare = withoutMarks(name);
  const isIt = (type: TypeEntry): boolean =>
    type.schemaOid === schemaOid &&
    type.arrayOid !== 0 &&
    withoutMarks(type.name).startsWith(bare) &&
    arrayTypeNameIn(catalog, type) === name;
  for (const type of catalog.types()) if (isIt(type)) return type;
  for (const relation of catalog.relations()) {
    const type = relation.schemaOid === schemaOid ? rowTypeOf(relation) : undefined;
    if (type !== undefined && isIt(type)) return type;
  }
  return undefined;
}

/** Whether the array of a type that is called as this one, with fewer underscores in front, has the name. */
function isTakenByShorter(catalog: Catalog, element: TypeEntry, candidate: string): boolean {
  for (let { name } = element; name.startsWith('_'); ) {
    name = name.slice(1);
    const shorter = catalog.typeIn(element.schemaOid, name);
    if (shorter !== undefined && shorter.arrayOid !== 0 && arrayTypeNameIn(catalog, shorter) === candidate) return true;
  }
  return false;
}

function withoutMarks(name: string): string {
  return name.replace(/^_+/, '');
}
