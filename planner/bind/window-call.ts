/** Calls with OVER. */
import type { AggregateFunction, FunctionEntry, ScalarFunction, WindowFunction } from '../../catalog/function-entry.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { logical, toExpr } from '../logical.ts';
import { lastSetCall, someExpr } from '../traverse.ts';
import type { CallParts } from './aggregate-call.ts';
import { CLAUSE_WORDS } from './clause-words.ts';
import type { Position } from './context.ts';
import { madeWindowAggregate } from './made-aggregate.ts';
import type { Clause, Level } from './scope.ts';
import { bindWindowReference } from './window.ts';

const WINDOWS_ALLOWED = new Set<Clause>(['select', 'order by', 'distinct on']);

/** A call of a window function, or of an aggregate over a window. */
export function makeWindowCall(
  level: Level,
  node: ast.FunctionCall,
  entry: Exclude<FunctionEntry, ScalarFunction>,
  { args, filter }: CallParts,
  typeOid: number,
  position: Position,
): Expr {
  const { context } = level;
  if (node.distinct) throw context.error('0A000', 'DISTINCT is not implemented for window functions', position);
  if (entry.kind === 'aggregate' && entry.orderedSet) {
    if (!node.withinGroup) {
      throw context.error('42809', `WITHIN GROUP is required for ordered-set aggregate ${entry.name}`, position);
    }
    throw context.error('0A000', `OVER is not supported for ordered-set aggregate ${entry.name}`, position);
  }
  if (entry.kind === 'aggregate' && node.args.length === 0 && !node.star) {
    throw context.error('42809', `${entry.name}(*) must be used to call a parameterless aggregate function`, position);
  }
  if (entry.kind === 'window' && node.filter !== null) {
    throw context.error('0A000', 'FILTER is not implemented for non-aggregate window functions', position);
  }
  if (node.orderBy.length > 0) {
    throw context.error('0A000', 'aggregate ORDER BY is not implemented for window functions', position);
  }
  checkWindowPlace(level, position);
  const nested = args.find((arg) =>
    someExpr(arg, (child) => {
      const inner = logical(child);
      return inner.kind === 'windowRef' && inner.query === level.queryId;
    }),
  );
  if (nested !== undefined) {
    throw context.error('42P20', 'window function calls cannot be nested', context.locationOf(nested) ?? position);
  }
  const set = args.map(lastSetCall).findLast((call) => call !== null);
  if (set !== undefined) {
    const at = context.locationOf(set) ?? position;
    throw context.error('0A000', 'window function calls cannot contain set-returning function calls', at, {
      hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
    });
  }
  const window = bindWindowReference(level, node.over!);
  level.hasWindows = true;
  const fn: WindowFunction | AggregateFunction = entry;
  const made = entry.kind === 'aggregate' ? madeWindowAggregate(context, entry, args, typeOid, position) : undefined;
  return context.at(
    toExpr({
      kind: 'windowRef',
      query: level.queryId,
      function: fn,
      args,
      filter,
      window,
      ...(made === undefined ? {} : { made }),
      typeOid,
      typeModifier: -1,
    }),
    position,
  );
}

function checkWindowPlace(level: Level, position: Position): void {
  const { clause, context } = level;
  if (WINDOWS_ALLOWED.has(clause)) return;
  if (clause === 'window partition' || clause === 'window order') {
    throw context.error('42P20', 'window functions are not allowed in window definitions', position);
  }
  const words = CLAUSE_WORDS[clause] ?? clause;
  throw context.error('42P20', `window functions are not allowed in ${words}`, position);
}
