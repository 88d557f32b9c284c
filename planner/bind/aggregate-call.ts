/** Calls of aggregates: which query level they belong to, and where they may stand. */
import type { AggregateFunction } from '../../catalog/function-entry.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr, SortKey } from '../expr.ts';
import { type AggregateRef, type GroupingRef, type LogicalExpr, logical, toExpr } from '../logical.ts';
import { lastSetCall, visitExpr } from '../traverse.ts';
import { CLAUSE_WORDS } from './clause-words.ts';
import { resolveUnknown } from './coerce.ts';
import { mustHaveEquality } from './comparable.ts';
import type { BindContext, Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { madeAggregate } from './made-aggregate.ts';
import { type Clause, type Level, levelOfRel } from './scope.ts';
import { bindOrderItem } from './sort.ts';

/** What a call of an aggregate or of a window function is given, bound. */
export interface CallParts {
  readonly args: readonly Expr[];
  readonly filter: Expr | null;
}

interface AggregateParts extends CallParts {
  /** The arguments before they were converted to the types that the function takes. */
  readonly given: readonly Expr[];
}

/** A call of an aggregate, in the list of the level that it belongs to. */
export function makeAggregate(
  level: Level,
  node: ast.FunctionCall,
  entry: AggregateFunction,
  { args, given, filter }: AggregateParts,
  typeOid: number,
  position: Position,
): Expr {
  const { context } = level;
  const { name } = entry;
  if (node.args.length === 0 && !node.star && !node.withinGroup) {
    throw context.error('42809', `${name}(*) must be used to call a parameterless aggregate function`, position);
  }
  if (node.withinGroup && !entry.orderedSet) {
    throw context.error('42809', `${name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`, position);
  }
  if (!node.withinGroup && entry.orderedSet) {
    throw context.error('42809', `WITHIN GROUP is required for ordered-set aggregate ${name}`, position);
  }
  if (node.distinct && node.withinGroup) {
    throw context.error('0A000', 'cannot use DISTINCT with WITHIN GROUP', position);
  }
  const directCount = node.withinGroup ? args.length - node.orderBy.length : 0;
  const directArgs = args.slice(0, directCount);
  const aggregated = args.slice(directCount);
  const orderBy: SortKey[] = node.orderBy.map((item, i) => {
    const expr = node.withinGroup
      ? aggregated[i]
      : matchArgument(context, resolveUnknown(context, bindExpr(level, item.expr)), aggregated, given);
    return bindOrderItem(context, item, expr);
  });
  if (node.distinct) checkDistinctAggregate(level, aggregated, orderBy, position);
  const inner = [...args, ...orderBy.map((key) => key.expr), ...(filter === null ? [] : [filter])];
  const owner = aggregateLevel(level, inner);
  checkAggregateArguments(level, owner, inner, position);
  checkAggregatePlace(context, owner, level, position);
  owner.hasAggregates = true;
  const made = madeAggregate(context, entry, directArgs, aggregated, typeOid, position);
  return context.at(
    toExpr({
      kind: 'aggregateRef',
      query: owner.queryId,
      function: entry,
      args: aggregated,
      directArgs,
      distinct: node.distinct,
      orderBy,
      filter,
      ...(made === undefined ? {} : { made }),
      typeOid,
      typeModifier: -1,
    }),
    position,
  );
}

/** An ORDER BY expression that is an argument as it was given is that argument (after its conversion). */
function matchArgument(context: BindContext, expr: Expr, args: readonly Expr[], given: readonly Expr[]): Expr {
  const isSame = (arg: Expr, i: number): boolean =>
    context.sameExpr(i >= given.length || given[i].kind === 'param' ? arg : given[i], expr);
  return args.find(isSame) ?? expr;
}

function checkDistinctAggregate(
  level: Level,
  args: readonly Expr[],
  orderBy: readonly SortKey[],
  position: Position,
): void {
  const { context } = level;
  for (const key of orderBy) {
    if (args.includes(key.expr)) continue;
    throw context.error(
      '42P10',
      'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
      context.locationOf(key.expr) ?? position,
    );
  }
  for (const arg of args) mustHaveEquality(context, arg.typeOid, context.locationOf(arg) ?? position);
}

/** The level that an aggregate belongs to: the innermost one whose columns its arguments use. */
export function aggregateLevel(level: Level, inner: readonly Expr[]): Level {
  let best: Level | null = null;
  let bestDepth = Number.POSITIVE_INFINITY;
  const consider = (owner: Level | null): void => {
    if (owner === null) return;
    let depth = 0;
    for (let current: Level | null = level; current !== null && current !== owner; current = current.parent) depth++;
    if (depth < bestDepth) {
      bestDepth = depth;
      best = owner;
    }
  };
  for (const expr of inner) {
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'var') consider(levelOfRel(level, node.rel));
      else if (isGroupValue(node)) consider(levelByQuery(level, node.query));
      return true;
    });
  }
  return best ?? level;
}

/** GROUPING is as little a value of a row as an aggregate. */
function isGroupValue(node: LogicalExpr): node is AggregateRef | GroupingRef {
  return node.kind === 'aggregateRef' || node.kind === 'groupingRef';
}

function levelByQuery(level: Level, query: number): Level | null {
  for (let current: Level | null = level; current !== null; current = current.parent) {
    if (current.queryId === query) return current;
  }
  return null;
}

function checkAggregateArguments(level: Level, owner: Level, inner: readonly Expr[], position: Position): void {
  const { context } = level;
  for (const expr of inner) {
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (isGroupValue(node) && node.query === owner.queryId) {
        throw context.error(
          '42803',
          'aggregate function calls cannot be nested',
          context.locationOf(child) ?? position,
        );
      }
      if (node.kind === 'windowRef' && node.query === owner.queryId) {
        throw context.error(
          '42803',
          'aggregate function calls cannot contain window function calls',
          context.locationOf(child) ?? position,
        );
      }
      return true;
    });
    const set = lastSetCall(expr);
    if (set !== null) {
      throw context.error(
        '0A000',
        'aggregate function calls cannot contain set-returning function calls',
        context.locationOf(set) ?? position,
        { hint: 'You might be able to move the set-returning function into a LATERAL FROM item.' },
      );
    }
  }
}

const AGGREGATES_ALLOWED = new Set<Clause>([
  'select',
  'having',
  'order by',
  'distinct on',
  'window partition',
  'window order',
  'aggregate argument',
  'other',
]);

export function checkAggregatePlace(
  context: BindContext,
  owner: Level,
  level: Level,
  position: Position,
  what = 'aggregate functions',
): void {
  if (owner.fromSubselect && owner !== level) {
    throw context.error('42803', `${what} are not allowed in FROM clause of their own query level`, position);
  }
  const { clause } = owner;
  if (AGGREGATES_ALLOWED.has(clause)) return;
  const words = CLAUSE_WORDS[clause] ?? clause;
  throw context.error('42803', `${what} are not allowed in ${words}`, position);
}
