/**
 * Outer joins whose null-extended rows a condition above throws away become inner (or less outer) joins:
 * `a LEFT JOIN b ON ... WHERE b.x > 1` is an inner join.
 */
import type { Expr } from '../expr.ts';
import type { FromItem, Query } from '../logical.ts';
import { relsOfFrom } from '../relation-sets.ts';
import { nonNullableRels } from './strictness.ts';

export function reduceOuterJoins(query: Query): Query {
  if (!query.from.some(hasOuter)) return query;
  const forced = query.where === null ? new Set<number>() : nonNullableRels(query.where);
  for (const item of query.from) addForced(item, forced);
  const from = query.from.map((item) => reduce(item, forced));
  return from.every((item, i) => item === query.from[i]) ? query : { ...query, from };
}

function hasOuter(item: FromItem): boolean {
  if (item.kind === 'rel') return false;
  if (item.kind === 'group') return item.items.some(hasOuter);
  return item.type === 'left' || item.type === 'full' || hasOuter(item.left) || hasOuter(item.right);
}

/** What conditions inside of an item keep from being all null in every row of it: where a LATERAL subquery was merged, they are about its siblings. */
function addForced(item: FromItem, forced: Set<number>): void {
  if (item.kind === 'rel') return;
  if (item.kind === 'group') {
    if (item.where !== null) for (const rel of nonNullableRels(item.where)) forced.add(rel);
    for (const child of item.items) addForced(child, forced);
    return;
  }
  if (item.type === 'full') return;
  addForced(item.left, forced);
  if (item.type !== 'inner') return;
  if (item.on !== null) for (const rel of nonNullableRels(item.on)) forced.add(rel);
  addForced(item.right, forced);
}

function meets(item: FromItem, rels: Set<number>): boolean {
  for (const rel of relsOfFrom(item)) if (rels.has(rel)) return true;
  return false;
}

/** `forced`: relations that conditions above keep from being all null. */
function reduce(item: FromItem, forced: Set<number>): FromItem {
  if (item.kind === 'rel') return item;
  if (item.kind === 'group') {
    const inner = item.where === null ? forced : new Set([...forced, ...nonNullableRels(item.where)]);
    const items = item.items.map((child) => reduce(child, inner));
    return items.every((child, i) => child === item.items[i]) ? item : { ...item, items };
  }
  let { type, left, right } = item;
  if (type === 'full') {
    const leftForced = meets(left, forced);
    const rightForced = meets(right, forced);
    if (leftForced && rightForced) type = 'inner';
    else if (leftForced) type = 'left';
    else if (rightForced) {
      type = 'left';
      [left, right] = [right, left];
    }
  } else if (type === 'left' && meets(right, forced)) type = 'inner';
  const own = (on: Expr | null): Set<number> => (on === null ? new Set() : nonNullableRels(on));
  // Conditions above bind both sides of an inner join; an outer join's own ON binds its nullable side only.
  let leftForced = forced;
  let rightForced = forced;
  if (type === 'inner' || type === 'semi') {
    leftForced = new Set([...forced, ...own(item.on)]);
    rightForced = leftForced;
  } else if (type === 'left' || type === 'anti') {
    rightForced = own(item.on);
  } else if (type === 'full') {
    leftForced = new Set();
    rightForced = new Set();
  }
  const newLeft = reduce(left, leftForced);
  const newRight = reduce(right, rightForced);
  if (type === item.type && newLeft === item.left && newRight === item.right) return item;
  return { ...item, type, left: newLeft, right: newRight };
}
