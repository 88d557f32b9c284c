/**
 * Values of a composite type, or of a table's row type, that are kept in other tables, when the type gets or loses attributes. The
 * values stay as they are (types/datum.ts); what was made of all their fields does not: keys of indexes, and defaults of added columns.
 */
import type { RelationEntry } from '../../catalog/index.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { overNewHeap, rewrite } from './rewrite.ts';
import { holdsType } from './type-holders.ts';

/** Before the change: rows get the values of columns added with a default, whose text is one of the type as it is. */
export function* fillKeptRows(x: DdlContext, typeOid: number): DdlSteps<void> {
  yield* writeAnew(
    x,
    [...x.catalog.relations()].filter(({ columns }) => columns.some(isFilled)),
  );
  function isFilled(column: RelationEntry['columns'][number]): boolean {
    return !column.dropped && column.missingText !== null && holdsType(column.typeOid, typeOid);
  }
}

/** After the change: indexes whose keys have values of the type. */
export function* rebuildKeysOfRows(x: DdlContext, typeOid: number): DdlSteps<void> {
  const tables = new Set<RelationEntry>();
  for (const index of x.catalog.indexes()) {
    const table = x.catalog.relation(index.tableOid);
    if (table === undefined) continue;
    const hasKey = index.columns.some(({ columnNumber, result }) => {
      return holdsType(table.columns[columnNumber - 1]?.typeOid ?? result?.typeOid ?? 0, typeOid);
    });
    if (hasKey) tables.add(table);
  }
  yield* writeAnew(x, [...tables]);
}

function* writeAnew(x: DdlContext, tables: readonly RelationEntry[]): DdlSteps<void> {
  for (const { oid } of [...tables].sort((a, b) => a.oid - b.oid)) {
    while (!x.lockRelation(oid, ACCESS_EXCLUSIVE)) yield;
    const table = x.catalog.relation(oid);
    if (table === undefined) continue;
    yield* rewrite(
      x,
      table,
      overNewHeap(x, table),
      table.columns.map(() => null),
    );
  }
}
