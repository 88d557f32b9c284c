/** Columns of a row that a modification looks at; of the others, it need not read long values. */
import type { Expr } from '../../planner/expr.ts';
import { usedColumns } from '../compile/page-columns.ts';
import type { TableRuntime } from '../table-runtime.ts';
import type { ForeignKeys } from './foreign-keys.ts';

/**
 * Column indexes that the expressions use as input 0, that foreign keys compare, and of indexes whose keys may change.
 * `changed`: the assigned columns, which are wanted only if somebody looks at what they were.
 */
export function wantedColumns(
  table: TableRuntime,
  keys: ForeignKeys,
  changed: ReadonlySet<number>,
  exprs: readonly (Expr | null)[],
): ReadonlySet<number> {
  const wanted = new Set(usedColumns(exprs, 0));
  for (const index of table.indexes) {
    if (index.dependsOn.some((c) => changed.has(c))) for (const c of index.dependsOn) wanted.add(c);
  }
  for (const key of keys.outgoing) for (const number of key.constraint.columns) wanted.add(number - 1);
  for (const key of keys.incoming) for (const number of key.constraint.referencedColumns) wanted.add(number - 1);
  return wanted;
}
