/**
 * What DEFAULT says for a column of a view (manual, CREATE VIEW, "Updatable Views"): a view's own default (ALTER VIEW ... SET
 * DEFAULT) comes before those of what it stands for. INSERT leaves a column without one to the view or table below; UPDATE
 * sets it, and a column without a default of its own becomes NULL.
 */
import type { ColumnEntry, RelationEntry } from '../../catalog/entries.ts';
import type { Expr } from '../expr.ts';
import { logical, type Query } from '../logical.ts';
import { coerceToTarget } from './coerce.ts';
import type { BindContext } from './context.ts';
import type { TargetTable, TargetView } from './modify-target.ts';
import { bindDefault } from './stored.ts';

/** The default that a new row's column takes. */
export function insertDefault(context: BindContext, target: TargetTable, column: ColumnEntry): Expr {
  const own = target.view === null ? null : viewDefault(target.view, column);
  return own === null ? bindDefault(context, column) : asColumn(context, bindDefault(context, own), column);
}

/** What SET column = DEFAULT assigns to a column of a view, by its number; null: the target is a table, and its column decides. */
export function updateDefault(context: BindContext, target: TargetTable, number: number): Expr | null {
  return target.view === null ? null : bindDefault(context, target.view.entry.columns[number - 1]);
}

/** A view may show a column more than once. */
function viewDefault(view: TargetView, column: ColumnEntry): ColumnEntry | null {
  for (const [index, base] of view.baseColumns.entries()) {
    const own = base?.number === column.number ? nearestDefault(view.entry, view.query, index) : null;
    if (own !== null) return own;
  }
  return null;
}

/** The view's column, or that of a view under it, which has a default. */
function nearestDefault(view: RelationEntry, query: Query, index: number): ColumnEntry | null {
  const column = view.columns[index];
  if (column === undefined || column.defaultText !== null) return column ?? null;
  const expr = logical(query.targets[index].expr);
  const below = expr.kind === 'var' ? query.relations.get(expr.rel) : undefined;
  if (expr.kind !== 'var' || below?.kind !== 'subquery' || below.view === null) return null;
  return nearestDefault(below.view, below.query, expr.column);
}

function asColumn(context: BindContext, value: Expr, column: ColumnEntry): Expr {
  return coerceToTarget(context, value, column.typeOid, column.typeModifier, 'assignment') ?? value;
}
