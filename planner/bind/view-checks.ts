/** What rows must fulfil that are written through a view (after PostgreSQL's rewriteTargetView). */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { Expr } from '../expr.ts';
import { type Query, type RowCheck, type SubqueryRelation, toExpr } from '../logical.ts';
import { asUpdatable, innerView } from './view-target.ts';

/**
 * Of views WITH CHECK OPTION. `bound`: the query of the view that the statement names. CASCADED reaches all views below, LOCAL the view itself and those
 * below that have a check option of their own.
 */
export function viewChecks(view: RelationEntry, bound: Query): RowCheck[] {
  let isCascaded = false;
  return checksOf(view, bound, ({ checkOption }) => {
    if (checkOption === 'cascaded') isCascaded = true;
    return isCascaded || (checkOption ?? null) !== null;
  });
}

/** Of all views on the way to the table. */
export function viewConditions(view: RelationEntry, bound: Query): RowCheck[] {
  return checksOf(view, bound, () => true);
}

/** Of those views that count, which are asked from the outermost on. Inner views are checked first. */
function checksOf(view: RelationEntry, bound: Query, counts: (entry: RelationEntry) => boolean): RowCheck[] {
  const checks: RowCheck[] = [];
  let entry: RelationEntry | null = view;
  for (let depth = 0, query: Query | null = bound; entry !== null && query !== null; depth++) {
    const where = counts(entry) ? conditionAt(view, bound, depth) : null;
    if (where !== null) checks.unshift({ name: entry.name, kind: 'view', expr: where });
    const inner: SubqueryRelation | null = innerView(query);
    query = inner?.query ?? null;
    entry = inner?.view ?? null;
  }
  return checks;
}

/** The condition of the view `depth` below the first, as one over the table, false where it is null; null: it has none. */
function conditionAt(view: RelationEntry, bound: Query, depth: number): Expr | null {
  const target = asUpdatable(view, onlyWhere(bound, depth));
  if ('refused' in target || target.where === null) return null;
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
