/**
 * WITH RECURSIVE: the order in which the items are bound, and where a recursive term may refer to itself (after PostgreSQL's
 * parse_cte.c). Works on the AST, before anything is bound.
 */
import type * as ast from '../../parser/ast.ts';
import type { BindContext } from './context.ts';
import { positionOf } from './position.ts';

/** What stands around a place, and forbids a self-reference there. */
type Place = 'ok' | 'start' | 'subquery' | 'outer join' | 'INTERSECT' | 'EXCEPT';

const PLACE_WORDS: Readonly<Record<Exclude<Place, 'ok'>, string>> = {
  start: 'its non-recursive term',
  subquery: 'a subquery',
  'outer join': 'an outer join',
  INTERSECT: 'INTERSECT',
  EXCEPT: 'EXCEPT',
};

/** Whether a WITH item's text names a relation of this name, outside of inner WITHs that hide it. */
export function refersTo(node: unknown, name: string): boolean {
  return findReference(node, name) !== null;
}

function findReference(node: unknown, name: string): number | null {
  if (node === null || typeof node !== 'object') return null;
  const record = node as Record<string, unknown>;
  if (isReference(record, name)) return record['position'] as number;
  if (record['kind'] === 'query') {
    const query = record as unknown as ast.Query;
    for (const item of itemsThatSee(query, name)) {
      const found = findReference(item.query, name);
      if (found !== null) return found;
    }
    if (hides(query, name)) return null;
  }
  for (const [key, value] of Object.entries(record)) {
    if (key === 'with' && record['kind'] === 'query') continue;
    const found = findReference(value, name);
    if (found !== null) return found;
  }
  return null;
}

/** The items of the query's own WITH in which the name means what it means outside: without RECURSIVE only later ones are hidden. */
function itemsThatSee(query: ast.Query, name: string): readonly ast.CommonTableExpr[] {
  if (query.with === null) return [];
  const { ctes, recursive } = query.with;
  const hiding = ctes.findIndex((item) => item.name === name);
  if (hiding < 0) return ctes;
  return recursive ? [] : ctes.slice(0, hiding + 1);
}

function isReference(record: Record<string, unknown>, name: string): boolean {
  if (record['kind'] !== 'table' || !Array.isArray(record['name'])) return false;
  const parts = record['name'] as string[];
  return parts.length === 1 && parts[0] === name;
}

function hides(query: ast.Query, name: string): boolean {
  return query.with?.ctes.some((item) => item.name === name) ?? false;
}

/** The items in an order in which each comes after those that it names. */
export function inDependencyOrder(
  context: BindContext,
  items: readonly ast.CommonTableExpr[],
): readonly ast.CommonTableExpr[] {
  const waiting = new Map<ast.CommonTableExpr, Set<ast.CommonTableExpr>>();
  for (const item of items) {
    waiting.set(item, new Set(items.filter((other) => other !== item && refersTo(item.query, other.name))));
  }
  const ordered: ast.CommonTableExpr[] = [];
  while (ordered.length < items.length) {
    const next = items.find((item) => waiting.get(item)?.size === 0);
    if (next === undefined) {
      const first = items.find((item) => waiting.has(item))!;
      throw context.error(
        '0A000',
        'mutual recursion between WITH items is not implemented',
        positionOf(context, first.position),
      );
    }
    ordered.push(next);
    waiting.delete(next);
    for (const others of waiting.values()) others.delete(next);
  }
  return ordered;
}

/** checkWellFormedRecursion, for [WITH ...] start UNION [ALL] step. */
export function checkSelfReferences(
  context: BindContext,
  name: string,
  whole: ast.Query,
  start: ast.Query,
  step: ast.Query,
): void {
  let count = 0;
  const refer = (place: Place, offset: number): void => {
    const refuse = (where: string) =>
      context.error(
        '42P19',
        `recursive reference to query "${name}" must not appear ${where}`,
        positionOf(context, offset),
      );
    if (place !== 'ok') throw refuse(`within ${PLACE_WORDS[place]}`);
    if (++count > 1) throw refuse('more than once');
  };
  const walkQuery = (query: ast.Query, place: Place): void => {
    for (const item of itemsThatSee(query, name)) walkItem(item, place);
    if (hides(query, name)) return;
    const { body } = query;
    if (body.kind === 'setOperation') {
      const inside = place !== 'ok' || body.operator === 'union' ? place : null;
      if (body.operator === 'intersect' && body.all) {
        walkQuery(body.left, inside ?? 'INTERSECT');
        walkQuery(body.right, inside ?? 'INTERSECT');
      } else {
        walkQuery(body.left, place);
        walkQuery(body.right, inside ?? (body.operator === 'except' ? 'EXCEPT' : place));
      }
    } else if (body.kind === 'select') {
      for (const [key, value] of Object.entries(body)) {
        if (key === 'from') for (const item of body.from) walkFrom(item, place);
        else walk(value, place);
      }
    } else walk(body, place);
    for (const [key, value] of Object.entries(query)) if (key !== 'body' && key !== 'with') walk(value, place);
  };
  const walkItem = ({ query }: ast.CommonTableExpr, place: Place): void => {
    if (query.kind === 'query') walkQuery(query, place);
    else walk(query, place);
  };
  const walkFrom = (item: ast.FromItem, place: Place): void => {
    if (item.kind === 'join') {
      const outer: Place = place === 'ok' ? 'outer join' : place;
      walkFrom(item.left, item.joinType === 'right' || item.joinType === 'full' ? outer : place);
      walkFrom(item.right, item.joinType === 'left' || item.joinType === 'full' ? outer : place);
      walk(item.on, place);
    } else if (item.kind === 'subqueryRef') walkQuery(item.query, place);
    else if (isReference(item as unknown as Record<string, unknown>, name)) refer(place, item.position);
    else walk(item, place);
  };
  // Expressions: every query in them is a sublink.
  const walk = (node: unknown, place: Place): void => {
    if (node === null || typeof node !== 'object') return;
    if ((node as { kind?: unknown }).kind === 'query') {
      walkQuery(node as ast.Query, place === 'ok' ? 'subquery' : place);
      return;
    }
    for (const value of Object.values(node)) walk(value, place);
  };
  for (const item of itemsThatSee(whole, name)) walkItem(item, 'subquery');
  walkQuery(start, 'start');
  walkQuery(step, 'ok');
}
