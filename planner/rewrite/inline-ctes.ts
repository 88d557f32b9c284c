/**
 * WITH queries that are read once, or may be read twice (NOT MATERIALIZED), become subqueries where they are read, so that
 * conditions reach into them. Recursive, data-modifying and volatile ones, and those AS MATERIALIZED, stay; those that nobody
 * reads and that change nothing go.
 */
import type { BindContext } from '../bind/context.ts';
import type { CteInfo } from '../bind/cte.ts';
import type { Expr } from '../expr.ts';
import {
  type CteDefinition,
  type CteRelation,
  type FromItem,
  type LogicalAssignment,
  logical,
  type ModifyQuery,
  type Query,
  type Relation,
  type RowCheck,
  toExpr,
} from '../logical.ts';
import { freeRels } from '../relation-sets.ts';
import { isVolatile, mapChildren as mapChildrenOf, mapQuery, mapRelation } from '../traverse.ts';

export function inlineCtes(context: BindContext, query: Query): Query {
  return context.hasCtes ? replaceReferences(context, query, new Map()) : query;
}

export function inlineModifyCtes(context: BindContext, modify: ModifyQuery): ModifyQuery {
  return context.hasCtes ? replaceInModify(context, modify, new Map()) : modify;
}

/** The statement with reads of inlined CTEs replaced, wherever it may have a subquery. */
function replaceInModify(context: BindContext, modify: ModifyQuery, outer: Map<number, CteDefinition>): ModifyQuery {
  const { kept, inlined } = divide(modify.ctes, outer);
  const walk = (expr: Expr): Expr => inExpr(context, expr, inlined);
  const walkNullable = (expr: Expr | null): Expr | null => (expr === null ? null : walk(expr));
  const walkValues = (items: readonly LogicalAssignment[]): LogicalAssignment[] =>
    items.map((item) => ({ ...item, value: walk(item.value) }));
  const walkChecks = (checks: readonly RowCheck[]): RowCheck[] =>
    checks.map((check) => ({ ...check, expr: walk(check.expr) }));
  const { onConflict, merge } = modify;
  return {
    ...modify,
    ctes: kept.map((cte) => inCte(context, cte, inlined)),
    source: replaceReferences(context, modify.source, inlined),
    values: modify.values.map(walk),
    assignments: walkValues(modify.assignments),
    checks: walkChecks(modify.checks),
    onConflict:
      onConflict === null
        ? null
        : {
            ...onConflict,
            assignments: walkValues(onConflict.assignments),
            where: walkNullable(onConflict.where),
            visible: walkChecks(onConflict.visible),
          },
    merge:
      merge === null
        ? null
        : {
            on: walk(merge.on),
            guards: walkChecks(merge.guards),
            clauses: merge.clauses.map((clause) => ({
              ...clause,
              condition: walkNullable(clause.condition),
              assignments: walkValues(clause.assignments),
              values: clause.values.map(walk),
            })),
          },
    returning: modify.returning?.map((target) => ({ ...target, expr: walk(target.expr) })) ?? null,
  };
}

interface Divided {
  readonly kept: readonly CteDefinition[];
  /** Those of the queries around, too. */
  readonly inlined: Map<number, CteDefinition>;
}

function divide(ctes: readonly CteDefinition[], outer: Map<number, CteDefinition>): Divided {
  if (ctes.length === 0) return { kept: ctes, inlined: outer };
  const kept: CteDefinition[] = [];
  const inlined = new Map(outer);
  for (const cte of ctes) {
    const info = cte as CteInfo;
    if (cte.query === null) {
      kept.push(cte);
      continue;
    }
    const once = info.bound.references === 1 && info.materialized !== true;
    if ((once || info.materialized === false) && mayInline(cte.query)) inlined.set(cte.id, cte);
    else kept.push(cte);
  }
  return { kept, inlined };
}

function mayInline(query: Query): boolean {
  let volatile = false;
  mapQuery(query, (expr) => {
    if (isVolatile(expr)) volatile = true;
    return expr;
  });
  // One that reads rows of a query around it (its columns, from within) is not a relation that could be merged.
  return !volatile && query.locks.length === 0 && freeRels(query).size === 0;
}

function inCte(context: BindContext, cte: CteDefinition, inlined: Map<number, CteDefinition>): CteDefinition {
  return {
    ...cte,
    query: cte.query === null ? null : replaceReferences(context, cte.query, inlined),
    recursive:
      cte.recursive === null
        ? null
        : {
            ...cte.recursive,
            start: replaceReferences(context, cte.recursive.start, inlined),
            step: replaceReferences(context, cte.recursive.step, inlined),
          },
    modify: cte.modify === null ? null : replaceInModify(context, cte.modify, inlined),
  };
}

function inExpr(context: BindContext, expr: Expr, inlined: Map<number, CteDefinition>): Expr {
  const walk = (child: Expr): Expr => {
    const node = logical(child);
    if (node.kind !== 'sublink') return mapChildrenOf(child, walk);
    const test = node.test === null ? null : walk(node.test);
    return toExpr({ ...node, test, query: inSublink(context, node.query, inlined) });
  };
  return walk(expr);
}

/** What subqueries have become, by their numbers. */
const replacedSublinks = new WeakMap<Map<number, CteDefinition>, Map<number, Query>>();

/** A target and what sorts by it have one subquery: it is replaced once. */
function inSublink(context: BindContext, query: Query, inlined: Map<number, CteDefinition>): Query {
  let known = replacedSublinks.get(inlined);
  if (known === undefined) replacedSublinks.set(inlined, (known = new Map()));
  let replaced = known.get(query.id);
  if (replaced === undefined) known.set(query.id, (replaced = replaceReferences(context, query, inlined)));
  return replaced;
}

/** The query with reads of inlined CTEs replaced, its own and those of the queries around, and so in every subquery. */
function replaceReferences(context: BindContext, query: Query, outer: Map<number, CteDefinition>): Query {
  const { kept, inlined } = divide(query.ctes, outer);
  const relations = new Map<number, Relation>();
  for (const [rel, relation] of query.relations) relations.set(rel, replaceRelation(context, relation, inlined));
  const mapped = mapQuery({ ...query, relations: new Map() }, (expr) => inExpr(context, expr, inlined));
  for (const [rel, relation] of relations) {
    if (relation.kind === 'function') {
      const functions = relation.functions.map((item) => ({
        ...item,
        args: item.args.map((arg) => inExpr(context, arg, inlined)),
      }));
      relations.set(rel, { ...relation, functions });
    } else if (relation.kind === 'values') {
      const rows = relation.rows.map((row) => row.map((expr) => inExpr(context, expr, inlined)));
      relations.set(rel, { ...relation, rows });
    }
  }
  const operation = query.setOperation;
  return {
    ...mapped,
    relations,
    ctes: kept.map((cte) => inCte(context, cte, inlined)),
    setOperation:
      operation === null
        ? null
        : {
            ...operation,
            left: replaceReferences(context, operation.left, inlined),
            right: replaceReferences(context, operation.right, inlined),
          },
  };
}

function replaceRelation(context: BindContext, relation: Relation, inlined: Map<number, CteDefinition>): Relation {
  if (relation.kind === 'subquery') {
    return { ...relation, query: replaceReferences(context, relation.query, inlined) };
  }
  if (relation.kind !== 'cte') return relation;
  const cte = inlined.get(relation.cte);
  return cte === undefined ? relation : asSubquery(context, relation, cte, inlined);
}

/** Queries of CTEs that stand somewhere already: other places get copies. */
const placed = new WeakSet<Query>();

function asSubquery(
  context: BindContext,
  relation: CteRelation,
  cte: CteDefinition,
  inlined: Map<number, CteDefinition>,
): Relation {
  const { rel, alias, columns } = relation;
  // One that is named once has several places where what names it has.
  const own = placed.has(cte.query!) ? renumber(context, cte.query!) : cte.query!;
  placed.add(own);
  const query = replaceReferences(context, own, inlined);
  return { kind: 'subquery', rel, alias, columns, query, lateral: false, view: null };
}

/** A copy with relation and query numbers of its own. */
function renumber(context: BindContext, query: Query): Query {
  const rels = new Map<number, number>();
  const queries = new Map<number, number>();
  const number = (inner: Query): void => {
    queries.set(inner.id, context.nextQuery());
    for (const [rel, relation] of inner.relations) {
      rels.set(rel, context.nextRel());
      if (relation.kind === 'subquery') number(relation.query);
    }
    if (inner.setOperation !== null) {
      number(inner.setOperation.left);
      number(inner.setOperation.right);
    }
  };
  number(query);
  return copy(query);

  function expr(node: Expr): Expr {
    const child = logical(node);
    switch (child.kind) {
      case 'var': {
        const rel = rels.get(child.rel);
        return rel === undefined ? node : toExpr({ ...child, rel });
      }
      case 'aggregateRef':
      case 'windowRef':
      case 'groupingRef': {
        const mapped = logical(mapChildrenOf(node, expr)) as typeof child;
        return toExpr({ ...mapped, query: queries.get(child.query) ?? child.query } as typeof child);
      }
      case 'sublink': {
        // A target and what sorts by it have one subquery, and so do their copies.
        if (!queries.has(child.query.id)) number(child.query);
        const test = child.test === null ? null : expr(child.test);
        return toExpr({ ...child, test, query: copy(child.query) });
      }
      default:
        return mapChildrenOf(node, expr);
    }
  }

  function copy(inner: Query): Query {
    const relations = new Map<number, Relation>();
    for (const [rel, relation] of inner.relations) {
      const own = rels.get(rel)!;
      if (relation.kind === 'subquery') relations.set(own, { ...relation, rel: own, query: copy(relation.query) });
      else relations.set(own, { ...mapRelation(relation, expr), rel: own } as Relation);
    }
    const mapped = mapQuery({ ...inner, relations: new Map(), setOperation: null }, expr);
    const operation = inner.setOperation;
    return {
      ...mapped,
      id: queries.get(inner.id)!,
      relations,
      from: mapped.from.map(fromItem),
      locks: inner.locks.map((lock) => ({ ...lock, rel: rels.get(lock.rel) ?? lock.rel })),
      setOperation:
        operation === null
          ? null
          : { ...operation, rel: rels.get(operation.rel)!, left: copy(operation.left), right: copy(operation.right) },
    };
  }

  function fromItem(item: FromItem): FromItem {
    if (item.kind === 'rel') return { kind: 'rel', rel: rels.get(item.rel) ?? item.rel };
    if (item.kind === 'group') return { ...item, items: item.items.map(fromItem) };
    return { ...item, left: fromItem(item.left), right: fromItem(item.right) };
  }
}
