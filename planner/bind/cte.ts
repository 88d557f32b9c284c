/** WITH: ordinary, recursive and data-modifying queries. Whether one is inlined is decided after binding (rewrite/inline-ctes). */
import { collationByOid } from '../../catalog/collations.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import type { CteDefinition, Query, RelationColumn, Target } from '../logical.ts';
import { commonCollation } from './collation.ts';
import { baseCollation } from './collation-of-type.ts';
import { coerceToCommonType, selectCommonModifier, selectCommonType } from './common-type.ts';
import { bindModify } from './modify.ts';
import { positionOf } from './position.ts';
import { checkSelfReferences, inDependencyOrder, refersTo } from './recursion.ts';
import { type BoundCte, Level } from './scope.ts';
import { bindSearchCycle } from './search-cycle.ts';
import { bindQuery } from './select.ts';
import { resolveTargets } from './targets.ts';

export interface CteInfo extends CteDefinition {
  /** AS [NOT] MATERIALIZED; null when not said. */
  readonly materialized: boolean | null;
  readonly bound: BoundCte;
}

/** Binds the WITH items into the level's names, and answers their definitions in order. */
export function bindWithClause(level: Level, clause: ast.WithClause): CteDefinition[] {
  const { context } = level;
  const seen = new Set<string>();
  const definitions: CteDefinition[] = [];
  for (const item of clause.ctes) {
    if (seen.has(item.name)) {
      throw context.error(
        '42712',
        `WITH query name "${item.name}" specified more than once`,
        positionOf(context, item.position),
      );
    }
    seen.add(item.name);
  }
  if (!clause.recursive) {
    clause.ctes.forEach((item, i) => {
      level.laterCtes = clause.ctes.slice(i).map((later) => later.name);
      definitions.push(...bindCte(level, item, false));
    });
    level.laterCtes = [];
    return definitions;
  }
  for (const item of inDependencyOrder(context, clause.ctes)) definitions.push(...bindCte(level, item, true));
  return definitions;
}

/** Without queries that nothing refers to: they are not even planned. After: PostgreSQL, SS_process_ctes() (subselect.c). */
export function referredCtes(ctes: readonly CteDefinition[]): readonly CteDefinition[] {
  return ctes.filter((cte) => cte.modify !== null || (cte as CteInfo).bound.references > 0);
}

/** The item's definition, after those of its own WITH where that is about a whole recursive union. */
function bindCte(level: Level, item: ast.CommonTableExpr, recursive: boolean): CteDefinition[] {
  const { context } = level;
  const bound: BoundCte = {
    name: item.name,
    definition: null,
    workTable: null,
    hiddenColumns: 0,
    references: 0,
  };
  const id = context.nextCte();
  const node = item.query;
  if (node.kind !== 'query') {
    if (recursive && refersTo(node, item.name)) {
      throw context.error(
        '42P19',
        `recursive query "${item.name}" must not contain data-modifying statements`,
        positionOf(context, item.position),
      );
    }
    if (node.kind === 'merge') {
      throw context.error('0A000', 'MERGE not supported in WITH query', positionOf(context, item.position));
    }
    if (level.parent !== null) {
      throw context.error(
        '0A000',
        'WITH clause containing a data-modifying statement must be at the top level',
        positionOf(context, item.position),
      );
    }
    const modify = bindModify(new Level(context, level), node);
    const columns = columnsOf(level, item, modify.returning ?? []);
    return [define(level, bound, { id, name: item.name, query: null, recursive: null, modify, columns }, item)];
  }
  if (recursive && refersTo(node, item.name)) return bindRecursive(level, item, node, bound, id);
  if (item.search !== null || item.cycle !== null)
    throw context.error('42601', 'WITH query is not recursive', positionOf(context, item.position));
  const query = context.rights.within(bound, () => bindQuery(new Level(context, level), node));
  const columns = columnsOf(level, item, query.targets);
  return [define(level, bound, { id, name: item.name, query, recursive: null, modify: null, columns }, item)];
}

function define(level: Level, bound: BoundCte, definition: CteDefinition, item: ast.CommonTableExpr): CteDefinition {
  const info: CteInfo = { ...definition, materialized: item.materialized, bound };
  bound.definition = info;
  level.ctes.set(item.name, bound);
  return info;
}

function columnsOf(level: Level, item: ast.CommonTableExpr, targets: readonly Target[]): RelationColumn[] {
  if (item.columns.length > targets.length) {
    throw level.context.error(
      '42P10',
      `WITH query "${item.name}" has ${targets.length} columns available but ${item.columns.length} columns specified`,
      positionOf(level.context, item.position),
    );
  }
  return targets.map((target, i) => ({
    name: item.columns[i] ?? target.name,
    typeOid: target.expr.typeOid,
    typeModifier: target.expr.typeModifier,
    tableOid: target.tableOid,
    columnNumber: target.columnNumber,
    ...(target.collation === undefined ? {} : { collation: target.collation }),
  }));
}

/** start UNION [ALL] step, where step reads the rows that the last round added. */
function bindRecursive(
  level: Level,
  item: ast.CommonTableExpr,
  node: ast.Query,
  bound: BoundCte,
  id: number,
): CteDefinition[] {
  const { context } = level;
  const position = positionOf(context, item.position);
  const { body } = node;
  if (body.kind !== 'setOperation' || body.operator !== 'union') {
    throw context.error(
      '42P19',
      `recursive query "${item.name}" does not have the form non-recursive-term UNION [ALL] recursive-term`,
      position,
    );
  }
  checkSelfReferences(context, item.name, node, body.left, body.right);
  const refuse = (what: string, offset: number) =>
    context.error('0A000', `${what} in a recursive query is not implemented`, positionOf(context, offset));
  if (node.orderBy.length > 0) throw refuse('ORDER BY', node.orderBy[0].expr.position);
  if (node.offset !== null) throw refuse('OFFSET', node.offset.position);
  if (node.limit !== null) throw refuse('LIMIT', node.limit.position);
  if (node.locking.length > 0) throw refuse('FOR UPDATE/SHARE', -1);
  const outer = new Level(context, level);
  const before = node.with === null ? [] : bindWithClause(outer, node.with);
  const startLevel = new Level(context, outer);
  const untyped = bindQuery(startLevel, body.left, { keepUnknown: body.left.body.kind === 'select' });
  const start = { ...untyped, targets: resolveTargets(startLevel, untyped.targets) };
  const own = columnsOf(level, item, start.targets);
  const more = bindSearchCycle(level, item, own);
  if (more !== null) checkPlainSelects(level, body);
  const columns = more === null ? own : [...own, ...more.columns];
  const workTable: CteDefinition = { id, name: item.name, query: null, recursive: null, modify: null, columns };
  bound.workTable = workTable;
  bound.hiddenColumns = columns.length - own.length;
  outer.ctes.set(item.name, bound);
  const bare = bindQuery(new Level(context, outer), body.right, { keepUnknown: true });
  const step = coerceStep(level, item, own, untyped, bare);
  bound.workTable = null;
  bound.hiddenColumns = 0;
  bound.references = 0;
  const recursive = {
    start: more === null ? start : more.wrapStart(start),
    step: more === null ? step : more.wrapStep(step, workTableOf(level, item, step)),
    distinct: !body.all,
  };
  return [
    ...before,
    define(level, bound, { id, name: item.name, query: null, recursive, modify: null, columns }, item),
  ];
}

function checkPlainSelects(level: Level, body: ast.SetOperation): void {
  for (const [side, query] of [
    ['left', body.left],
    ['right', body.right],
  ] as const) {
    if (query.body.kind !== 'setOperation') continue;
    throw level.context.error(
      side === 'left' ? '0A000' : '42601',
      `with a SEARCH or CYCLE clause, the ${side} side of the UNION must be a SELECT`,
    );
  }
}

/** The work table in FROM of a step with SEARCH or CYCLE. */
function workTableOf(level: Level, item: ast.CommonTableExpr, step: Query): number {
  for (const relation of step.relations.values()) if (relation.kind === 'workTable') return relation.rel;
  throw level.context.error(
    '0A000',
    `with a SEARCH or CYCLE clause, the recursive reference to WITH query "${item.name}" must be at the top level of its right-hand SELECT`,
  );
}

/** Both terms must agree on the collation that the first gives the column. */
function checkStepCollation(
  level: Level,
  item: ast.CommonTableExpr,
  index: number,
  column: RelationColumn,
  start: Expr,
  step: Expr,
): void {
  const { context } = level;
  if (!context.usesCollations) return;
  const own = baseCollation(context, column.typeOid);
  if (own === 0) return;
  const overall = commonCollation(level, [start, step], false) ?? own;
  const before = column.collation ?? own;
  if (overall === before) return;
  const name = (oid: number) => collationByOid(context.catalog, oid)?.name ?? '';
  throw context.error(
    '42P21',
    `recursive query "${item.name}" column ${index + 1} has collation "${name(before)}" in non-recursive term but collation "${name(overall)}" overall`,
    context.locationOf(start),
    { hint: 'Use the COLLATE clause to set the collation of the non-recursive term.' },
  );
}

function coerceStep(
  level: Level,
  item: ast.CommonTableExpr,
  columns: readonly RelationColumn[],
  start: Query,
  step: Query,
): Query {
  const { context } = level;
  if (step.targets.length !== columns.length) {
    throw context.error(
      '42601',
      'each UNION query must have the same number of columns',
      context.locationOf(step.targets[0]?.expr),
    );
  }
  const targets = step.targets.map((target, i) => {
    const column = columns[i];
    const pair = [start.targets[i].expr, target.expr];
    const overall = selectCommonType(context, pair, 'UNION');
    const modifier = selectCommonModifier(pair, overall);
    if (overall !== column.typeOid || modifier !== column.typeModifier) {
      const name = (oid: number, typeModifier: number) => context.types.nameWithModifier(oid, typeModifier);
      throw context.error(
        '42804',
        `recursive query "${item.name}" column ${i + 1} has type ${name(column.typeOid, column.typeModifier)} in non-recursive term but type ${name(overall, modifier)} overall`,
        context.locationOf(start.targets[i].expr),
        { hint: 'Cast the output of the non-recursive term to the correct type.' },
      );
    }
    const expr = coerceToCommonType(context, target.expr, column.typeOid, 'UNION');
    checkStepCollation(level, item, i, column, start.targets[i].expr, expr);
    return { ...target, expr };
  });
  return { ...step, targets };
}
