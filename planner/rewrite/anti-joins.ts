/**
 * `a LEFT JOIN b ON b.x = a.x WHERE b.x IS NULL` asks for the rows of a without a partner: an anti join, where nothing else of b is read. After:
 * PostgreSQL, reduce_outer_joins (prepjointree.c).
 */
import type { Expr } from '../expr.ts';
import { conjuncts, type FromItem, logical, makeAnd, type Query } from '../logical.ts';
import { readsOf, readsOfExpr } from './reads.ts';

export function antiJoins(query: Query): Query {
  if (query.where === null || query.locks.length > 0) return query;
  let result = query;
  for (const part of conjuncts(query.where)) result = withAntiJoin(result, part);
  return result;
}

function withAntiJoin(query: Query, part: Expr): Query {
  const column = columnThatIsNull(part);
  if (column === null) return query;
  let found = false;
  const convert = (item: FromItem): FromItem => {
    if (item.kind === 'rel') return item;
    if (item.kind === 'group') return { ...item, items: item.items.map(convert) };
    if (item.type === 'left' && item.right.kind === 'rel' && item.right.rel === column.rel) {
      const isNeeded = conjuncts(item.on).some((each) => needs(each, column));
      if (!isNeeded || readsOf(column.rel, query) > readsOfExpr(column.rel, item.on) + 1) return item;
      found = true;
      return { ...item, type: 'anti' };
    }
    // Below other outer joins the condition is about what they make of it.
    if (item.type !== 'inner' && item.type !== 'left') return item;
    return { ...item, left: convert(item.left), right: item.type === 'inner' ? convert(item.right) : item.right };
  };
  const from = query.from.map(convert);
  if (!found) return query;
  return { ...query, from, where: makeAnd(conjuncts(query.where).filter((each) => each !== part)) };
}

interface Column {
  readonly rel: number;
  readonly column: number;
}

function columnOf(expr: Expr): Column | null {
  const node = logical(expr);
  return node.kind === 'var' ? node : null;
}

function columnThatIsNull(part: Expr): Column | null {
  return part.kind === 'isNull' && !part.negated && !part.isRow ? columnOf(part.arg) : null;
}

/** The condition is not true where the column is NULL. */
function needs(condition: Expr, { rel, column }: Column): boolean {
  if (condition.kind !== 'call' || !condition.function.strict) return false;
  return condition.args.some((arg) => {
    const own = columnOf(arg);
    return own?.rel === rel && own.column === column;
  });
}
