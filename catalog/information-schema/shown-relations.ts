/** Which tables and views information_schema shows. */
import type { RelationEntry } from '../entries.ts';
import { allRelations } from '../pg-catalog/relations.ts';
import type { ViewContext } from '../pg-catalog/view-context.ts';
import { isSystemView } from '../system-tables.ts';
import { isVisibleRelation } from './rights.ts';

/** Tables and views that the session's role may see. */
export function* visibleRelations(context: ViewContext): Iterable<RelationEntry> {
  for (const entry of allRelations(context)) {
    if (entry.kind === 'materializedView') continue;
    // Every view that shows them has these columns.
    if (!context.mayBe('table_name', entry.name)) continue;
    if (!context.mayBe('table_schema', context.schemaName(entry.schemaOid))) continue;
    if (entry.schemaOid !== 0 && isOtherTemporary(context, entry)) continue;
    if (isVisibleRelation(context, entry)) yield entry;
  }
}

export function isOtherTemporary(context: ViewContext, entry: RelationEntry): boolean {
  if (entry.persistence !== 'temporary') return false;
  return context.system !== null && entry.schemaOid !== context.system.temporarySchemaOid;
}

export function isView(entry: RelationEntry): boolean {
  return entry.kind === 'view' || (entry.kind === 'virtual' && isSystemView(entry.oid));
}
