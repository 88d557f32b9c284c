/** A table gets a new heap: after ALTER TYPE, a volatile default, or TRUNCATE. */
import type { RelationEntry } from '../../catalog/index.ts';
import type { Expr } from '../../planner/index.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
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
 * new heaps (overNewHeap). Indexes are filled on the way; CHECKs are not looked at: who changes values does that afterwards, and
 * those that are NOT VALID need not hold.
 */
export function* rewrite(
  x: DdlContext,
  from: RelationEntry,
  to: RelationEntry,
  values: readonly (Expr | null)[],
): DdlSteps<void> {
  x.putEntry(to);
  try {
    yield* wait(x.rewriteTable(from, to, values));
  } catch (error) {
    throw ofTable(error);
  }
  dropHeaps(x, from);
}

/** What a row was refused for, as an error about the table. */
export function ofTable(error: unknown): unknown {
  if (!(error instanceof SqlError)) return error;
  const { schema, table, column, constraint, detail } = error.fields;
  if (error.code === '23505' && constraint !== undefined) {
    return sqlError('23505', `could not create unique index "${constraint}"`, {
      ...(detail === undefined ? {} : { detail: detail.replace(/already exists\.$/, 'is duplicated.') }),
      schema,
      table,
      constraint,
    });
  }
  if (error.code === '23502' && column !== undefined) {
    return sqlError('23502', `column "${column}" of relation "${table}" contains null values`, {
      schema,
      table,
      column,
    });
  }
  return error;
}
