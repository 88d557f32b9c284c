/**
 * Rows that have expired are left out wherever a table is read: a condition that belongs to the table itself, as TABLESAMPLE's does,
 * so that outer joins, locks and access paths find it where they look for conditions on the table alone.
 *
 *      (created > expiry_cutoff(ttl))                             a column that is NOT NULL
 *      ((created IS NULL) OR (created > expiry_cutoff(ttl)))      any other: NULL never expires
 *
 * The cutoff is computed once an execution, from the time of its snapshot.
 */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { FunctionContext, ScalarFunction } from '../../catalog/function-entry.ts';
import { type ExpiringType, expiryOf } from '../../catalog/row-expiry.ts';
import type { Interval } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { makeConst, makeOr, makeVar, type TableRelation } from '../logical.ts';
import type { BindContext } from './context.ts';
import { makeOperator } from './overload.ts';
import { BOOL, DATE, INTERVAL, TIMESTAMP, TIMESTAMPTZ } from './type-info.ts';

/** What a table's relation says of expiry: nothing, or which of its rows are there. */
export function expiryOn(context: BindContext, table: RelationEntry, rel: number): Pick<TableRelation, 'expiry'> {
  const expiry = expiryOf(table);
  if (expiry === null) return {};
  context.readsExpiring = true;
  const mode = context.environment.expiry ?? 'live';
  if (mode === 'all') return {};
  const column = makeVar(rel, expiry.column, expiry.typeOid, -1);
  const cutoff: Expr = {
    kind: 'call',
    function: CUTOFFS[expiry.typeOid],
    args: [makeConst(expiry.ttl, INTERVAL)],
    typeOid: expiry.typeOid,
    typeModifier: -1,
  };
  if (mode === 'expired') return { expiry: makeOperator(context, '<=', column, cutoff, undefined) };
  const live = makeOperator(context, '>', column, cutoff, undefined);
  if (table.columns[expiry.column].notNull) return { expiry: live };
  const never: Expr = { kind: 'isNull', arg: column, negated: false, isRow: false, typeOid: BOOL, typeModifier: -1 };
  return { expiry: makeOr([never, live]) };
}

/** An internal function of (context, interval). */
function cutoffFunction(typeOid: ExpiringType): ScalarFunction {
  return {
    kind: 'scalar',
    oid: 0,
    internalName: `expiry_cutoff_${typeOid}`,
    name: 'expiry_cutoff',
    argumentTypes: [INTERVAL],
    variadic: false,
    returnType: typeOid,
    returnsSet: false,
    strict: true,
    volatility: 'stable',
    needsContext: true,
    specialise: false,
    implementation: (context: FunctionContext, ttl: Interval) => context.expiryCutoff(typeOid, ttl),
  };
}

const CUTOFFS: Readonly<Record<ExpiringType, ScalarFunction>> = {
  [TIMESTAMPTZ]: cutoffFunction(TIMESTAMPTZ),
  [TIMESTAMP]: cutoffFunction(TIMESTAMP),
  [DATE]: cutoffFunction(DATE),
};
