/** What views of information_schema write alike: yes and no, which table, which collation. */
import { DEFAULT_COLLATION } from '../../types/index.ts';
import { collationByOid } from '../collations.ts';
import type { CollationEntry, RelationEntry } from '../entries.ts';
import { collationOf } from '../pg-catalog/definitions.ts';
import type { Row, ViewContext } from '../pg-catalog/view-context.ts';

export function yesNo(value: boolean): string {
  return value ? 'YES' : 'NO';
}

export function tableName(context: ViewContext, entry: RelationEntry): Row {
  return {
    table_catalog: context.catalog.databaseName,
    table_schema: context.schemaName(entry.schemaOid),
    table_name: entry.name,
  };
}

/** Only what is not the default collation is shown. `named`: by COLLATE. */
export function shownCollation(
  { catalog }: ViewContext,
  typeOid: number,
  named: number | undefined,
): CollationEntry | null {
  const oid = named ?? collationOf(typeOid, catalog);
  return oid === 0 || oid === DEFAULT_COLLATION ? null : (collationByOid(catalog, oid) ?? null);
}

export function collationColumns(context: ViewContext, collation: CollationEntry | null): Row {
  if (collation === null) return {};
  return {
    collation_catalog: context.catalog.databaseName,
    collation_schema: context.schemaName(collation.schemaOid),
    collation_name: collation.name,
  };
}
