/** min and max of an indexed column: the first entry of the index that is not null. */
import type { AggregateFunction } from '../../catalog/function-entry.ts';
import { isCollated } from '../../catalog/functions/collated.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey } from '../expr.ts';
import { conjuncts, logical, makeAnd, makeConst, makeQuery, type Query, toExpr } from '../logical.ts';
import { hasSublink, isVolatile } from '../traverse.ts';
import { aggregatesOf } from './aggregate-stage.ts';
import { NO_RELS } from './join-problem.ts';
import { estimates, outputOf, type Path } from './path.ts';
import type { Planner } from './planner.ts';
import { planQuery } from './query.ts';
import { translateAll, translateNullable } from './translate.ts';

const INT8 = 20;

/** A path for a query whose only aggregates are min and max over one table, or null. */
export function minMaxPath(planner: Planner, query: Query): Path | null {
  if (!query.hasAggregates || query.groupBy.length > 0 || query.groupingSets !== null || query.setOperation !== null)
    return null;
  if (query.from.length !== 1 || query.from[0].kind !== 'rel') return null;
  const relation = query.relations.get(query.from[0].rel);
  if (relation?.kind !== 'table' || query.hasWindows) return null;
  const indexes = planner.context.catalog.indexesOf(relation.table.oid);
  if (indexes.length === 0) return null;
  const aggregates = aggregatesOf(query);
  if (aggregates.length === 0 || aggregates.length > 4) return null;
  const subqueries: Expr[] = [];
  let total = 0;
  for (const aggregate of aggregates) {
    const fn: AggregateFunction = aggregate.function;
    if ((fn.name !== 'min' && fn.name !== 'max') || aggregate.args.length !== 1 || aggregate.filter !== null)
      return null;
    // An index is in the order of bytes.
    if (isCollated(fn)) return null;
    const [arg] = aggregate.args;
    if (logical(arg).kind !== 'var' || isVolatile(arg)) return null;
    if (query.where !== null && (hasSublink(query.where) || isVolatile(query.where))) return null;
    const indexed = indexes.some(
      (index) =>
        index.method === 'btree' &&
        index.exclusion === undefined &&
        index.valid !== false &&
        index.columns.some((column) => column.columnNumber - 1 === (logical(arg) as { column: number }).column),
    );
    if (!indexed) return null;
    const descending = fn.name === 'max';
    const order: SortKey = { expr: arg, descending, nullsFirst: descending };
    const notNull: Expr = { kind: 'isNull', arg, negated: true, isRow: false, typeOid: 16, typeModifier: -1 };
    const inner: Query = makeQuery({
      id: planner.context.nextQuery(),
      relations: query.relations,
      from: query.from,
      where: makeAnd([...conjuncts(query.where), notNull]),
      targets: [{ expr: arg, name: fn.name, tableOid: 0, columnNumber: 0 }],
      orderBy: [order],
      limit: makeConst(1, INT8),
    });
    const path = planQuery(planner, inner);
    total += path.total;
    const { typeOid, typeModifier } = aggregate;
    subqueries.push(toExpr({ kind: 'sublink', mode: 'scalar', query: inner, test: null, typeOid, typeModifier }));
  }
  const estimate = { rows: 1, startup: total, total: total + 0.01 };
  return {
    ordering: [],
    required: NO_RELS,
    enforced: [],
    build: (targets) => {
      const built = new Map<Expr, Expr>();
      const resolve = (expr: Expr): Expr | null => {
        const index = aggregates.findIndex((known) => equalExpr(known as unknown as Expr, expr));
        if (index < 0) return null;
        const sublink = subqueries[index];
        let plan = built.get(sublink);
        if (plan === undefined) {
          const node = logical(sublink);
          if (node.kind !== 'sublink') return null;
          plan = planner.buildSubplan(node, () => null);
          built.set(sublink, plan);
        }
        return plan;
      };
      return {
        kind: 'result',
        filter: translateNullable(planner, query.having, resolve),
        targets: translateAll(planner, targets, resolve),
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
    ...estimate,
  };
}
