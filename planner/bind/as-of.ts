/** AS OF SYSTEM TIME: where it may stand, and what may stand in it. */
import type * as ast from '../../parser/ast.ts';
import type { PlannerEnvironment } from '../environment.ts';
import type { Expr } from '../expr.ts';
import { foldConstants } from '../rewrite/fold-constants.ts';
import { coerceToTarget, isCharacterType, resolveUnknown } from './coerce.ts';
import { BindContext } from './context.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import { Level } from './scope.ts';
import { DATE, INTERVAL, TIMESTAMP, TIMESTAMPTZ, UNKNOWN } from './type-info.ts';

/** The one of the statement, in whichever of its outermost selects it stands; null: there is none. */
export function findAsOf(context: BindContext, query: ast.Query): ast.Expression | null {
  const { body } = query;
  if (body.kind === 'select') return body.asOf ?? null;
  if (body.kind === 'values') return null;
  const left = findAsOf(context, body.left);
  const right = findAsOf(context, body.right);
  if (left !== null && right !== null) {
    throw context.error('42601', 'AS OF SYSTEM TIME may be given once', positionOf(context, right.position));
  }
  return left ?? right;
}

/** A select that is being bound has one: it must be the statement's. */
export function checkAsOf(context: BindContext, body: ast.SelectBody): void {
  if (body.asOf === undefined || body.asOf === context.asOf) return;
  throw context.error(
    '42601',
    'AS OF SYSTEM TIME must be provided on a top-level statement',
    positionOf(context, body.asOf.position),
  );
}

/** A timestamp with time zone, an interval or a text; no columns, no subqueries. */
export function bindAsOf(context: BindContext, expression: ast.Expression): Expr {
  const level = new Level(context, null);
  const expr = level.withClause('as of', () => bindExpr(level, expression));
  if (expr.typeOid === UNKNOWN) return resolveUnknown(context, expr);
  if (expr.typeOid === INTERVAL || isCharacterType(expr.typeOid)) return expr;
  if (expr.typeOid === TIMESTAMPTZ) return expr;
  const converted = [TIMESTAMP, DATE].includes(expr.typeOid)
    ? coerceToTarget(context, expr, TIMESTAMPTZ, -1, 'implicit')
    : null;
  if (converted !== null) return converted;
  const type = context.types.name(expr.typeOid);
  throw context.error(
    '42804',
    `AS OF SYSTEM TIME must be a timestamp or an interval, not type ${type}`,
    context.locationOf(expr),
  );
}

/** That of BEGIN and SET TRANSACTION. */
export function bindAsOfAlone(expression: ast.Expression, environment: PlannerEnvironment): Expr {
  return foldConstants(bindAsOf(new BindContext({ ...environment, fixedParameters: true }), expression));
}
