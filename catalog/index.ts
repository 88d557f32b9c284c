/** What exists: the catalog as immutable values, and what the pg_catalog and information_schema views show of it. */
export { Catalog, type CatalogChange, PUBLIC_SCHEMA } from './catalog.ts';
export type { NamedRelation } from './catalog-maps.ts';
export { decodeEntry, encodeEntry, entryKey, parseEntryKey, SHARED_DATABASE_OID } from './codec.ts';
export type * from './entries.ts';
export { BOOTSTRAP_ROLE_OID, FIRST_NORMAL_OID, INFORMATION_SCHEMA_OID, PG_CATALOG_SCHEMA_OID } from './entries.ts';
export { bootstrapSharedEntries, isSharedEntry, SharedCatalog } from './shared-catalog.ts';
export { isSystemView, systemRelations } from './system-tables.ts';
export { registerTypeEntry, rowTypeOf } from './user-types.ts';
