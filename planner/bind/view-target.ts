/**
 * Views as targets of INSERT, UPDATE and DELETE (manual, CREATE VIEW, "Updatable Views"): a view over one table, without
 * anything that would keep its rows from being rows of that table, stands for the table.
 */
import type { ColumnEntry, RelationEntry } from '../../catalog/entries.ts';
import { isSecurityBarrier } from '../../catalog/rights.ts';
import type * as ast from '../../parser/ast.ts';
import type { PlannerEnvironment } from '../environment.ts';
import type { Expr } from '../expr.ts';
import { logical, type Query, type SubqueryRelation, type TableRelation } from '../logical.ts';
import { flattenThroughBarriers } from '../rewrite/flatten-subqueries.ts';
import { BindContext } from './context.ts';
import { Level, type NamespaceColumn } from './scope.ts';
import { bindQuery, bindViewQuery } from './select.ts';

export interface UpdatableView {
  readonly relation: TableRelation;
  /** The view's columns as expressions over the table. */
  readonly columns: readonly NamespaceColumn[];
  /** Base column of each view column; null: computed, not to be assigned. */
  readonly baseColumns: readonly (ColumnEntry | null)[];
  readonly where: Expr | null;
}

/** A view that cannot be changed through, for itself or for what is selected from it. */
export interface RefusedView {
  readonly refused: RelationEntry;
  /** The error's detail. */
  readonly reason: string;
}

/** What a view stands for, or which view cannot be changed through: itself, or one that it selects from. */
export function asUpdatable(view: RelationEntry, bound: Query): UpdatableView | RefusedView {
  const refused = refusedView(view, bound);
  if (refused !== null) return refused;
  const query = flattenThroughBarriers(withoutOrder(bound));
  const [item] = query.from;
  let { where } = query;
  let tree = item;
  // A view of a view leaves a filtered group behind.
  while (tree !== undefined && tree.kind === 'group' && tree.items.length === 1) {
    if (tree.where !== null) {
      where = where === null ? tree.where : { kind: 'and', args: [where, tree.where], typeOid: 16, typeModifier: -1 };
    }
    tree = tree.items[0];
  }
  const relation = query.from.length === 1 && tree?.kind === 'rel' ? query.relations.get(tree.rel) : undefined;
  if (relation?.kind !== 'table') return { refused: view, reason: NOT_SINGLE };
  const baseColumns = query.targets.map((target) => {
    const node = logical(target.expr);
    return node.kind === 'var' && node.rel === relation.rel && node.column >= 0
      ? relation.table.columns[node.column]
      : null;
  });
  const columns = query.targets.map((target, i) => ({
    name: view.columns[i]?.name ?? target.name,
    expr: target.expr,
    tableOid: view.oid,
    columnNumber: i + 1,
  }));
  return { relation, columns, baseColumns, where };
}

/** Whether a view, or one that it selects from, is a security barrier. */
export function isBehindBarrier(view: RelationEntry, bound: Query): boolean {
  const inner = innerView(bound);
  return isSecurityBarrier(view) || (inner !== null && inner.view !== null && isBehindBarrier(inner.view, inner.query));
}

/** The outermost view that cannot be changed through. */
function refusedView(view: RelationEntry, query: Query): RefusedView | null {
  const reason = refusal(query);
  if (reason !== null) return { refused: view, reason };
  const inner = innerView(query);
  return inner?.view == null ? null : refusedView(inner.view, inner.query);
}

/** The order of a view's rows says nothing of which rows they are, whatever view it is selected from. */
function withoutOrder(query: Query): Query {
  const inner = innerView(query);
  if (inner === null) return { ...query, orderBy: [] };
  const relations = new Map(query.relations);
  relations.set(inner.rel, { ...inner, query: withoutOrder(inner.query) });
  return { ...query, orderBy: [], relations };
}

/** The view that a view's query selects from, if it is one. */
export function innerView(query: Query): SubqueryRelation | null {
  const [item] = query.from;
  const relation = item?.kind === 'rel' ? query.relations.get(item.rel) : undefined;
  return relation?.kind === 'subquery' && relation.view !== null ? relation : null;
}

/** Why rows cannot go through a view with this query; null: they can. */
export function viewRefusal(node: ast.Query, environment: PlannerEnvironment): string | null {
  return refusal(bindQuery(new Level(new BindContext(environment), null), node));
}

/** Which columns of a view rows can be changed through it in; null: none can be changed at all. */
export function updatableColumns(view: RelationEntry, environment: PlannerEnvironment): boolean[] | null {
  const target = asUpdatable(view, bindViewQuery(new Level(new BindContext(environment), null), view));
  if ('refused' in target || target.relation.table.kind !== 'table') return null;
  return target.baseColumns.map((column) => column !== null);
}

const NOT_SINGLE = 'Views that do not select from a single table or view are not automatically updatable.';

function refusal(query: Query): string | null {
  const containing = (what: string): string => `Views containing ${what} are not automatically updatable.`;
  const returning = (what: string): string => `Views that return ${what} are not automatically updatable.`;
  if (query.distinct || query.distinctOn !== null) return containing('DISTINCT');
  if (query.groupBy.length > 0 || query.groupingSets !== null) return containing('GROUP BY');
  if (query.having !== null) return containing('HAVING');
  if (query.setOperation !== null) return containing('UNION, INTERSECT, or EXCEPT');
  if (query.ctes.length > 0) return containing('WITH');
  if (query.limit !== null || query.offset !== null) return containing('LIMIT or OFFSET');
  if (query.hasAggregates) return returning('aggregate functions');
  if (query.hasWindows) return returning('window functions');
  if (query.hasSets) return returning('set-returning functions');
  if (query.from.length !== 1 || query.from[0].kind !== 'rel') return NOT_SINGLE;
  const relation = query.relations.get(query.from[0].rel);
  if (relation?.kind === 'table') return relation.sample === undefined ? null : containing('TABLESAMPLE');
  // A subquery is none, even where it could be flattened.
  return relation?.kind === 'subquery' && relation.view !== null ? null : NOT_SINGLE;
}
