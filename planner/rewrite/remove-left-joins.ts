/**
 * LEFT JOIN to a relation that has at most one row for each row of the left side, and of which nobody reads a column, is its left side: views over
 * many tables of which few are asked for, counts of what an ORM has joined. After: PostgreSQL, remove_useless_joins (analyzejoins.c).
 */
import type { BindContext } from '../bind/context.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, type FromItem, logical, type Query, type TableRelation } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import { relsOf } from '../relation-sets.ts';
import { readsOf, readsOfExpr } from './reads.ts';

type LeftJoin = Extract<FromItem, { kind: 'join' }> & { readonly right: Extract<FromItem, { kind: 'rel' }> };

/** Columns, no two rows being equal in all of them. */
type UniqueKey = readonly number[];

/** Removal of one may leave another without readers. */
export function removeLeftJoins(query: Query, uniqueKeysOf: (table: TableRelation) => readonly UniqueKey[]): Query {
  if (!query.from.some(hasLeftJoin)) return query;
  let result = query;
  for (;;) {
    const removed = [...leftJoins(result.from)].find((join) => isUseless(result, join, uniqueKeysOf));
    if (removed === undefined) return result;
    const relations = new Map(result.relations);
    relations.delete(removed.right.rel);
    result = { ...result, relations, from: result.from.map((item) => without(item, removed)) };
  }
}

/** By indexes that keep their keys unique at once, for all rows. */
export function uniqueKeys({ catalog }: BindContext, { table }: TableRelation): readonly UniqueKey[] {
  return catalog.indexesOf(table.oid).flatMap((index): UniqueKey[] => {
    const { unique, predicateText, exclusion, valid, ready, columns } = index;
    if (!unique || predicateText !== null || exclusion !== undefined || valid === false || ready === false) return [];
    if (catalog.constraintOfIndex(index)?.deferrable === true) return [];
    // An expression is none of the columns that may be equal.
    return [columns.map(({ columnNumber }) => columnNumber - 1)];
  });
}

function hasLeftJoin(item: FromItem): boolean {
  if (item.kind === 'rel') return false;
  if (item.kind === 'group') return item.items.some(hasLeftJoin);
  return isLeftJoin(item) || hasLeftJoin(item.left) || hasLeftJoin(item.right);
}

function isLeftJoin(item: FromItem): item is LeftJoin {
  return item.kind === 'join' && item.type === 'left' && item.right.kind === 'rel';
}

function* leftJoins(items: readonly FromItem[]): Generator<LeftJoin> {
  for (const item of items) {
    if (item.kind === 'rel') continue;
    if (item.kind === 'group') yield* leftJoins(item.items);
    else {
      if (isLeftJoin(item)) yield item;
      yield* leftJoins([item.left, item.right]);
    }
  }
}

function without(item: FromItem, removed: LeftJoin): FromItem {
  if (item === removed) return removed.left;
  if (item.kind === 'rel') return item;
  if (item.kind === 'group') return { ...item, items: item.items.map((child) => without(child, removed)) };
  return { ...item, left: without(item.left, removed), right: without(item.right, removed) };
}

function isUseless(
  query: Query,
  join: LeftJoin,
  uniqueKeysOf: (table: TableRelation) => readonly UniqueKey[],
): boolean {
  const { rel } = join.right;
  const relation = query.relations.get(rel);
  if (relation?.kind !== 'table' && relation?.kind !== 'subquery') return false;
  if (query.locks.some((lock) => lock.rel === rel)) return false;
  const equal = new Set(conjuncts(join.on).flatMap((part) => equalColumn(part, rel)));
  const isUnique =
    relation.kind === 'table'
      ? uniqueKeysOf(relation).some((key) => key.every((column) => equal.has(column)))
      : isDistinctIn(relation.query, equal);
  return isUnique && readsOf(rel, query) === readsOfExpr(rel, join.on);
}

/** The column of the relation that the condition says to be equal to what does not depend on it. */
function equalColumn(part: Expr, rel: number): number[] {
  if (part.kind !== 'call' || part.args.length !== 2 || comparisonOf(part.function)?.btreeStrategy !== 3) return [];
  const columns = part.args.map((arg) => {
    const node = logical(arg);
    return node.kind === 'var' && node.rel === rel && node.column >= 0 ? node.column : null;
  });
  return columns.flatMap((column, i) => (column === null || relsOf(part.args[1 - i]).has(rel) ? [] : [column]));
}

/** query_is_distinct_for: whether no two rows of the query are equal in these columns. */
function isDistinctIn(query: Query, columns: ReadonlySet<number>): boolean {
  const { targets, setOperation, groupBy, groupingSets, distinctOn } = query;
  const isCovered = (exprs: readonly Expr[]): boolean =>
    exprs.every((key) => targets.some(({ expr }, i) => columns.has(i) && isSameKey(expr, key)));
  const hasAll = targets.every((_, i) => columns.has(i));
  if (query.hasSets) return false;
  if (query.distinct && hasAll) return true;
  if (distinctOn !== null && isCovered(distinctOn)) return true;
  if (groupingSets !== null) return groupingSets.length === 1 && groupingSets[0].length === 0;
  if (groupBy.length > 0) return isCovered(groupBy);
  if (query.hasAggregates || query.having !== null) return true;
  return setOperation !== null && !setOperation.all && hasAll;
}

function isSameKey(target: Expr, key: Expr): boolean {
  return target === key || equalExpr(target, key);
}
