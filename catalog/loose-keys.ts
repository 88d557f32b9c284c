/**
 * Keys of indexes under collations that call different texts equal. Such a key holds the texts' class (types/collation-class.ts): equal
 * texts have the same, and whoever finds a row by it compares the texts themselves.
 */
import { collatedType, equality, isArrayType, isDeterministic, OID, trimBlanks, typeByOid } from '../types/index.ts';
import type { Catalog } from './catalog.ts';
import { collationByOid } from './collations.ts';
import type { ColumnEntry, IndexEntry, RelationEntry } from './entries.ts';
import type { ScalarFunction, Value } from './function-entry.ts';
import { collationClass } from './functions/collated.ts';
import { collationOf, collationOfKey, qualifiedName } from './pg-catalog/definitions.ts';

/** The collation of a key, where it is such a one; 0: its values are kept as they are. */
export function looseKeyCollation(
  catalog: Catalog,
  table: RelationEntry,
  { method, columns }: IndexEntry,
  place: number,
): number {
  if (method === 'gin') return 0;
  const oid = collationOfKey(catalog, table, columns[place]);
  return oid === 0 || isDeterministic(oid) ? 0 : oid;
}

/** What makes the key of a value. `typeOid`: the value's type, of domains that under them. */
export function classFunction(collationOid: number, typeOid: number): ScalarFunction {
  const type = typeByOid(typeOid);
  const isArray = type !== undefined && isArrayType(type);
  return collationClass(collationOid, (isArray ? type.elementOid : typeOid) === OID.BPCHAR, isArray);
}

/** `=` of the values under the collation. */
export function looseEquality(collationOid: number, typeOid: number): (a: Value, b: Value) => boolean {
  const isEqual = equality(collatedType(collationOid, typeOid));
  if (typeOid !== OID.BPCHAR) return isEqual;
  return (a: string, b: string) => isEqual(trimBlanks(a), trimBlanks(b));
}

/** The COLLATE clause of a comparison between columns of a foreign key: of unlike collations that of the referenced one decides. */
export function referencedCollation(catalog: Catalog, referenced: ColumnEntry, own: ColumnEntry): string {
  if (referenced.collationOid === own.collationOid) return '';
  const oid = referenced.collationOid ?? collationOf(referenced.typeOid, catalog);
  const collation = oid === 0 ? undefined : collationByOid(catalog, oid);
  return collation === undefined ? '' : ` COLLATE ${qualifiedName(catalog, collation)}`;
}
