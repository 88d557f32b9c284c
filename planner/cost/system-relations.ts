/**
 * What is known of the tables and views of pg_catalog and information_schema, whose rows are made when they are read: nobody analyzes them. What is
 * said here of values is what PostgreSQL's own catalogs have.
 */
import type { Catalog } from '../../catalog/catalog.ts';
import { OID } from '../../types/index.ts';
import type { RelationColumn, VirtualRelation } from '../logical.ts';

/** Rows of a system relation of which nothing else is known. */
const ROWS = 500;
/** What every database has, of the relations that have more. */
const BUILTIN_ROWS: ReadonlyMap<string, number> = new Map([
  ['pg_catalog.pg_description', 5100],
  ['pg_catalog.pg_attribute', 3000],
  ['pg_catalog.pg_proc', 2900],
  ['pg_catalog.pg_operator', 800],
  ['pg_catalog.pg_collation', 800],
  ['pg_catalog.pg_type', 600],
]);
/** Those of few: what they say goes for the database's own objects alone. */
const OWN_ONLY = new Set(
  ['pg_index', 'pg_constraint', 'pg_attrdef', 'pg_sequence'].map((name) => `pg_catalog.${name}`),
);
const NAMESPACES = 'pg_catalog.pg_namespace';
const NAMESPACE_ROWS = 5;
const COLUMNS_OF_A_CLASS = 8;
/** Kinds and types of something. */
const KINDS = 4;

export function systemRelationRows(catalog: Catalog, { tableName }: VirtualRelation): number {
  if (tableName === NAMESPACES) return NAMESPACE_ROWS;
  const own = catalog.classCount;
  if (OWN_ONLY.has(tableName)) return Math.max(1, own);
  const perClass = tableName === 'pg_catalog.pg_attribute' ? COLUMNS_OF_A_CLASS : 1;
  return (BUILTIN_ROWS.get(tableName) ?? ROWS) + own * perClass;
}

/** How many values a column has; 0: who knows. */
export function systemRelationDistinct(column: RelationColumn, rows: number): number {
  const { name, typeOid } = column;
  if (typeOid === OID.CHAR) return Math.min(KINDS, rows);
  if (namesSchema(column)) return Math.min(NAMESPACE_ROWS, rows);
  // Names come twice seldom, oids of rows never.
  if (name === 'oid' || typeOid === OID.NAME) return rows;
  if (typeOid !== OID.OID) return 0;
  return isKeyOfSystemRelation(column) ? Math.max(1, rows / COLUMNS_OF_A_CLASS) : 0;
}

/** Has few rows of a value, as what PostgreSQL's system tables have indexes by: names, oids, and whose column, index or part a row is. */
export function isKeyOfSystemRelation(column: RelationColumn | undefined): boolean {
  if (column === undefined) return false;
  const { name, typeOid } = column;
  if (typeOid === OID.NAME) return !namesSchema(column);
  return typeOid === OID.OID && /(^oid|relid|typid|objid|objoid)$/.test(name);
}

/** By its oid or, in information_schema and the views of statistics, by its name. */
function namesSchema({ name, typeOid }: RelationColumn): boolean {
  return typeOid === OID.OID ? name.endsWith('namespace') : /(_schema|_catalog|schemaname)$/.test(name);
}
