/** A table gets a new heap: after ALTER TYPE, a volatile default, or TRUNCATE. */
import type { RelationEntry } from '../../catalog/index.ts';
import type { Expr } from '../../planner/index.ts';
import { type DdlContext, type DdlSteps, wait } from './context.ts';

/** The same table over empty heaps, where all rows have one layout. */
export function overNewHeap(x: DdlContext, table: RelationEntry): RelationEntry {
  return {
    ...table,
    relId: x.createHeap(),
    overflowRelId: x.createHeap(),
    layout: 0,
    columns: table.columns.map((column) => ({ ...column, sinceLayout: 0, missingText: null })),
  };
}

export function dropHeaps(x: DdlContext, table: RelationEntry): void {
  x.dropHeap(table.relId);
  if (table.overflowRelId !== 0) x.dropHeap(table.overflowRelId);
}

/**
 * Puts `to` in place of `from`, with all rows copied; values[i] computes column i over the old row, null copies it. `to` has
 * new heaps (overNewHeap). Indexes are filled on the way.
 */
export function* rewrite(
  x: DdlContext,
  from: RelationEntry,
  to: RelationEntry,
  values: readonly (Expr | null)[],
): DdlSteps<void> {
  x.putEntry(to);
  yield* wait(x.rewriteTable(from, to, values));
  dropHeaps(x, from);
}
