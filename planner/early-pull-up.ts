/**
 * A query as PostgreSQL's planner has it when it computes constants: EXISTS and IN of WHERE are joins, plain subqueries, rows of constants
 * and the members of UNION ALL are part of the query that reads them. It is looked at and never run, so that what an outer join or a
 * grouping set may make NULL needs no care but to be no constant. After: PostgreSQL, prepjointree.c.
 */
import type { Expr } from './expr.ts';
import {
  conjuncts,
  type FromItem,
  logical,
  makeAnd,
  makeVar,
  type Query,
  type Relation,
  type SublinkExpr,
  type SubqueryRelation,
} from './logical.ts';
import { freeRels, relsOf } from './relation-sets.ts';
import { isSimple, mayBeBeside, merge, nullableRels } from './rewrite/flatten-subqueries.ts';
import { isPlain } from './rewrite/unread-columns.ts';
import { hasSetReturning, isVolatile, mapQuery, replaceExpr, replaceRowColumns } from './traverse.ts';

export interface PulledUp {
  readonly query: Query;
  /** Arguments of functions in FROM: computed before all else. */
  readonly functions: (readonly Expr[])[];
  /** Columns of the members of UNION ALL that are part of the query. */
  readonly members: Expr[];
  /** What those read. */
  readonly memberQueries: Query[];
  /** Members that are planned by themselves. */
  readonly others: Query[];
}

export function pullUp(query: Query): PulledUp {
  const into = { functions: [], members: [], memberQueries: [], others: [] };
  return { ...into, query: new PullUp(into).query(query) };
}

class PullUp {
  readonly #into: Omit<PulledUp, 'query'>;
  /** Relations of sublinks that have become joins have no number of their own. */
  #lastRel = 0;

  constructor(into: Omit<PulledUp, 'query'>) {
    this.#into = into;
  }

  query(given: Query): Query {
    const union = given.setOperation === null ? null : membersOf(given);
    if (union !== null) {
      for (const member of union) this.#member(member);
      return { ...given, setOperation: null };
    }
    const query = this.#withJoins(given);
    for (const relation of query.relations.values()) {
      if (relation.kind !== 'function') continue;
      for (const { args } of relation.functions) this.#into.functions.push(args);
    }
    let result = query;
    const nullable = nullableRels(query.from);
    for (const relation of query.relations.values()) {
      if (relation.kind === 'subquery') result = this.#subquery(result, relation, nullable.has(relation.rel));
      else if (relation.kind === 'values' && relation.rows.length === 1) result = withRow(result, relation);
    }
    return result;
  }

  #subquery(query: Query, relation: SubqueryRelation, isNullable: boolean): Query {
    const { query: inner, lateral } = relation;
    const isUnion = inner.setOperation !== null && inner.orderBy.length === 0 && inner.limit === null;
    if (isUnion && inner.offset === null && inner.ctes.length === 0 && !lateral && membersOf(inner) !== null) {
      this.query(inner);
      return without(query, relation);
    }
    if (!isSimple(inner) || inner.targets.some(({ expr }) => isVolatile(expr) || hasSetReturning(expr))) return query;
    if (lateral && !mayBeBeside(relation, isNullable, query)) return query;
    const pulled = this.query(inner);
    const isWrapped = isNullable || query.groupingSets !== null;
    const read = (expr: Expr): Expr => (isWrapped && !readsAny(expr, pulled) ? noConstant(expr) : expr);
    return merge(query, { ...relation, query: pulled, lateral: false }, read);
  }

  #member(member: Query): void {
    const isPart = isSimple(member) && !member.targets.some(({ expr }) => isVolatile(expr) || hasSetReturning(expr));
    const pulled = isPart && isOneRelation(member) ? this.query(member) : null;
    if (pulled === null || !isOneRelation(pulled)) {
      this.#into.others.push(member);
      return;
    }
    this.#into.members.push(...pulled.targets.map(({ expr }) => expr));
    this.#into.memberQueries.push(pulled);
  }

  /** EXISTS and IN of WHERE as joins: the first stands innermost, and has the rest of WHERE on its left. */
  #withJoins(query: Query): Query {
    const parts = conjuncts(query.where);
    const rest: Expr[] = [];
    const joins: { readonly right: FromItem; readonly on: Expr | null }[] = [];
    const relations = new Map(query.relations);
    for (const part of parts) {
      const join = this.#joinOf(part, query, relations);
      if (join === null) rest.push(part);
      else joins.push(join);
    }
    if (joins.length === 0) return query;
    const left: FromItem = { kind: 'group', items: query.from, where: makeAnd(rest) };
    const tree = joins.reduce<FromItem>((item, join) => ({ kind: 'join', type: 'semi', left: item, ...join }), left);
    return { ...query, from: [tree], where: null, relations };
  }

  #joinOf(part: Expr, outer: Query, relations: Map<number, Relation>): { right: FromItem; on: Expr | null } | null {
    const node = logical(part);
    const sublink = node.kind === 'not' ? logical(node.arg) : node;
    if (sublink.kind !== 'sublink') return null;
    if (sublink.mode === 'exists') return ofExists(sublink, relations);
    if (sublink.mode !== 'any' || sublink !== node) return null;
    return this.#ofIn(sublink, outer, relations);
  }

  #ofIn({ query, test }: SublinkExpr, outer: Query, relations: Map<number, Relation>) {
    if (test === null || isVolatile(test) || freeRels(query).size > 0) return null;
    if (![...relsOf(test)].some((rel) => outer.relations.has(rel))) return null;
    const rel = --this.#lastRel;
    relations.set(rel, { kind: 'subquery', rel, alias: '', columns: [], query, lateral: false, view: null });
    const on = replaceRowColumns(test, ({ index, typeOid, typeModifier }) =>
      makeVar(rel, index, typeOid, typeModifier),
    );
    return { right: { kind: 'rel', rel } as FromItem, on };
  }
}

function ofExists({ query }: SublinkExpr, relations: Map<number, Relation>) {
  const { from, where, ctes, limit } = query;
  if (!isPlain(query) || ctes.length > 0 || limit !== null || from.length === 0) return null;
  if (where === null || isVolatile(where) || ![...relsOf(where)].some((rel) => !query.relations.has(rel))) return null;
  if (freeRels({ ...query, where: null, targets: [], orderBy: [], groupBy: [], distinctOn: null }).size > 0)
    return null;
  for (const [rel, relation] of query.relations) relations.set(rel, relation);
  return { right: { kind: 'group', items: from, where: null } as FromItem, on: where };
}

/** The members of a query that is a UNION ALL and nothing else but sorted or cut; null: it is none. */
function membersOf({ setOperation: operation, targets }: Query): readonly Query[] | null {
  if (operation === null || operation.operation !== 'union' || !operation.all) return null;
  if (!targets.every(({ expr }) => isColumnOf(expr, operation.rel))) return null;
  const members: Query[] = [];
  for (const side of [operation.left, operation.right]) {
    const isWhole = side.orderBy.length === 0 && side.limit === null && side.offset === null && side.ctes.length === 0;
    const inner = side.setOperation === null || !isWhole ? [side] : membersOf(side);
    if (inner === null) return null;
    members.push(...inner);
  }
  return members;
}

function isColumnOf(expr: Expr, rel: number): boolean {
  const node = logical(expr);
  return node.kind === 'var' && node.rel === rel;
}

function isOneRelation({ from, where }: Query): boolean {
  if (where !== null || from.length > 1) return false;
  let item: FromItem | undefined = from[0];
  while (item?.kind === 'group') {
    if (item.where !== null || item.items.length > 1) return false;
    item = item.items[0];
  }
  return item?.kind !== 'join';
}

function without(query: Query, { rel }: Relation): Query {
  const relations = new Map(query.relations);
  relations.delete(rel);
  return { ...query, relations };
}

/** The columns of one row of VALUES are what stands there, where no outer join is around it. */
function withRow(query: Query, relation: Relation & { readonly kind: 'values' }): Query {
  const [row] = relation.rows;
  if (row.some((expr) => isVolatile(expr) || hasSetReturning(expr))) return query;
  if (query.from.some((item) => isInOuterJoin(item, relation.rel, false))) return query;
  return mapQuery(without(query, relation), (expr) =>
    replaceExpr(expr, (child) => {
      const node = logical(child);
      const value = node.kind === 'var' && node.rel === relation.rel ? row[node.column] : undefined;
      return value === undefined || value.typeOid !== child.typeOid ? null : value;
    }),
  );
}

function isInOuterJoin(item: FromItem, rel: number, isBelow: boolean): boolean {
  if (item.kind === 'rel') return isBelow && item.rel === rel;
  if (item.kind === 'group') return item.items.some((child) => isInOuterJoin(child, rel, isBelow));
  const isOuter = isBelow || item.type === 'left' || item.type === 'full';
  return [item.left, item.right].some((side) => isInOuterJoin(side, rel, isOuter));
}

function readsAny(expr: Expr, { relations }: Query): boolean {
  return [...relsOf(expr)].some((rel) => relations.has(rel));
}

/** What may be NULL for another reason: its parts are computed, and it is none. */
function noConstant(expr: Expr): Expr {
  const { typeOid, typeModifier } = expr;
  return { kind: 'row', fields: [expr], names: [''], typeOid, typeModifier };
}
