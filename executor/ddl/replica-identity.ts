/**
 * ALTER TABLE ... REPLICA IDENTITY: by what rows would be told apart in a log of changes. Nothing here replicates; it is checked and
 * kept, for those who look and for dumps.
 */
import type { Catalog, IndexEntry, RelationEntry } from '../../catalog/index.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext } from './context.ts';

export function setReplicaIdentity(
  x: DdlContext,
  table: RelationEntry,
  identity: 'default' | 'full' | 'nothing' | 'index',
  name: string | null,
): void {
  const chosen = identity === 'index' ? replicaIndex(x.catalog, table, name as string) : null;
  for (const index of x.catalog.indexesOf(table.oid)) {
    const isChosen = index.oid === chosen?.oid;
    if (isChosen === (index.replicaIdentity === true)) continue;
    const { replicaIdentity: _, ...unmarked } = index;
    x.putEntry(isChosen ? { ...unmarked, replicaIdentity: true } : unmarked);
  }
  const { replicaIdentity: _, ...unmarked } = table;
  x.putEntry(identity === 'default' ? unmarked : { ...unmarked, replicaIdentity: identity });
}

/** A unique index over columns that are never null, of all rows and at once. */
function replicaIndex(catalog: Catalog, table: RelationEntry, name: string): IndexEntry {
  const index = catalog.indexByName(table.schemaOid, name);
  if (index === undefined) throw sqlError('42704', `index "${name}" for table "${table.name}" does not exist`);
  if (index.tableOid !== table.oid) throw sqlError('42809', `"${name}" is not an index for table "${table.name}"`);
  if (!index.unique) throw sqlError('42809', `cannot use non-unique index "${name}" as replica identity`);
  if (catalog.constraintOfIndex(index)?.deferrable === true) {
    throw sqlError('0A000', `cannot use non-immediate index "${name}" as replica identity`);
  }
  if (index.columns.some((column) => column.columnNumber === 0)) {
    throw sqlError('0A000', `cannot use expression index "${name}" as replica identity`);
  }
  if (index.predicateText !== null) throw sqlError('0A000', `cannot use partial index "${name}" as replica identity`);
  if (index.valid === false) throw sqlError('42704', `cannot use invalid index "${name}" as replica identity`);
  for (const { columnNumber } of index.columns) {
    const column = table.columns[columnNumber - 1];
    if (column.notNull) continue;
    throw sqlError(
      '42809',
      `index "${name}" cannot be used as replica identity because column "${column.name}" is nullable`,
    );
  }
  return index;
}

/** Before a column may be null again. */
export function checkReplicaIdentity(
  x: DdlContext,
  table: RelationEntry,
  column: RelationEntry['columns'][number],
): void {
  const index = x.catalog.indexesOf(table.oid).find((each) => each.replicaIdentity === true);
  if (index?.columns.some(({ columnNumber }) => columnNumber === column.number) !== true) return;
  throw sqlError('42P16', `column "${column.name}" is in index used as replica identity`);
}
