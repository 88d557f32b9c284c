/** WHERE CURRENT OF cursor: ctid = <the row that the cursor stands on>, which the session tells when the statement runs. */
import type { FunctionContext, ScalarFunction } from '../../catalog/function-entry.ts';
import type { CurrentOfExpr } from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { makeConst, makeVar } from '../logical.ts';
import type { TargetTable } from './modify-target.ts';
import { makeOperator } from './overload.ts';
import type { Level } from './scope.ts';
import { OID, TEXT, TID } from './type-info.ts';

/** An internal function of (context, cursor, table). */
const currentOf: ScalarFunction = {
  kind: 'scalar',
  oid: 0,
  internalName: 'current_of',
  name: 'current_of',
  argumentTypes: [TEXT, OID],
  variadic: false,
  returnType: TID,
  returnsSet: false,
  strict: false,
  volatility: 'stable',
  needsContext: true,
  specialise: false,
  implementation: (context: FunctionContext, cursor: string, tableOid: number) =>
    context.currentOf?.(cursor, tableOid) ?? null,
};

export function bindCurrentOf(level: Level, node: CurrentOfExpr, target: TargetTable): Expr {
  const { context } = level;
  if (target.view !== null) throw context.error('0A000', 'WHERE CURRENT OF on a view is not implemented');
  const row: Expr = {
    kind: 'call',
    function: currentOf,
    args: [makeConst(node.cursor, TEXT), makeConst(target.table.oid, OID)],
    typeOid: TID,
    typeModifier: -1,
  };
  return makeOperator(context, '=', makeVar(target.rel, -1, TID, -1), row, undefined);
}
