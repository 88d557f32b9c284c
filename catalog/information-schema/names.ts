/** What all views of information_schema write alike: yes and no, and which table. */
import type { RelationEntry } from '../entries.ts';
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
