/** What rows must fulfil that are written through a view (after PostgreSQL's rewriteTargetView). */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { Expr } from '../expr.ts';
import { type Query, type RowCheck, type SubqueryRelation, toExpr } from '../logical.ts';
import { asUpdatable } from './view-target.ts';

export interface ViewChecks {
  /** Of all views on the way to the table. */
  readonly conditions: readonly RowCheck[];
  /** Of those WITH CHECK OPTION: CASCADED reaches all views below, LOCAL the view itself and those below that have one of their own. */
  readonly checks: readonly RowCheck[];
}

/** `bound`: the query of the view that the statement names. Inner views come first. */
export function viewChecks(view: RelationEntry, bound: Query): ViewChecks {
  const conditions: RowCheck[] = [];
  const checks: RowCheck[] = [];
  let entry: RelationEntry | null = view;
  let isCascaded = false;
  for (let depth = 0, query: Query | null = bound; entry !== null && query !== null; depth++) {
    const option = entry.checkOption ?? null;
    if (option === 'cascaded') isCascaded = true;
    const where = conditionAt(view, bound, depth);
    if (where !== null) {
      const check = { name: entry.name, isView: true, expr: where };
      conditions.unshift(check);
      if (isCascaded || option !== null) checks.unshift(check);
    }
    const inner: SubqueryRelation | null = innerView(query);
    query = inner?.query ?? null;
    entry = inner?.view ?? null;
  }
  return { conditions, checks };
}

/** The view that a view's query selects from, if it is one. */
function innerView(query: Query): SubqueryRelation | null {
  const [item] = query.from;
  const relation = item?.kind === 'rel' ? query.relations.get(item.rel) : undefined;
  return relation?.kind === 'subquery' && relation.view !== null ? relation : null;
}

/** The condition of the view `depth` below the first, as one over the table, false where it is null; null: it has none. */
function conditionAt(view: RelationEntry, bound: Query, depth: number): Expr | null {
  const target = asUpdatable(view, onlyWhere(bound, depth));
  if (typeof target === 'string' || target.where === null) return null;
  return toExpr({
    kind: 'booleanTest',
    arg: target.where,
    test: 'true',
    negated: false,
    typeOid: 16,
    typeModifier: -1,
  });
}

/** The query without the conditions of all other levels. */
function onlyWhere(query: Query, depth: number): Query {
  const where = depth === 0 ? query.where : null;
  const inner = innerView(query);
  if (inner === null) return { ...query, where };
  const relations = new Map(query.relations);
  relations.set(inner.rel, { ...inner, query: onlyWhere(inner.query, depth - 1) });
  return { ...query, where, relations };
}
