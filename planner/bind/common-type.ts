/** The one type that several expressions become: of UNION, CASE, VALUES, ARRAY and the like (manual, 10.5). */
import type { Expr } from '../expr.ts';
import { canCoerce, coerceType } from './coerce.ts';
import type { BindContext } from './context.ts';
import { TEXT, UNKNOWN } from './type-info.ts';

/** select_common_type over type oids; null when categories differ. All unknown: text. */
export function commonTypeOf(context: BindContext, oids: readonly number[]): number | null {
  const result = trySelectCommonType(context, oids);
  return result.ok ? result.type : null;
}

function trySelectCommonType(
  context: BindContext,
  oids: readonly number[],
): { ok: true; type: number } | { ok: false; left: number; right: number } {
  const { types } = context;
  const first = oids[0];
  if (first !== UNKNOWN && oids.every((oid) => oid === first)) return { ok: true, type: first };
  let chosen = types.base(first);
  for (let i = 1; i < oids.length; i++) {
    const next = types.base(oids[i]);
    if (next === UNKNOWN || next === chosen) continue;
    if (chosen === UNKNOWN) {
      chosen = next;
    } else if (types.category(next) !== types.category(chosen)) {
      return { ok: false, left: chosen, right: next };
    } else if (
      !types.isPreferred(chosen) &&
      canCoerce(context, chosen, next, 'implicit') &&
      !canCoerce(context, next, chosen, 'implicit')
    ) {
      chosen = next;
    }
  }
  return { ok: true, type: chosen === UNKNOWN ? TEXT : chosen };
}

/** The common type of expressions for UNION, CASE, COALESCE ...; `what` starts the message. */
export function selectCommonType(context: BindContext, exprs: readonly Expr[], what: string): number {
  const result = trySelectCommonType(
    context,
    exprs.map((expr) => expr.typeOid),
  );
  if (result.ok) return result.type;
  // The position is that of the first expression of the second type.
  const culprit = exprs.find((expr) => context.types.base(expr.typeOid) === result.right);
  throw context.error(
    '42804',
    `${what} types ${context.types.name(result.left)} and ${context.types.name(result.right)} cannot be matched`,
    context.locationOf(culprit),
  );
}

/** Common typmod: that of all when they agree, and have the common type. */
export function selectCommonModifier(exprs: readonly Expr[], typeOid: number): number {
  let modifier: number | null = null;
  for (const expr of exprs) {
    if (expr.typeOid !== typeOid) return -1;
    if (modifier === null) modifier = expr.typeModifier;
    else if (modifier !== expr.typeModifier) return -1;
  }
  return modifier ?? -1;
}

/** coerce_to_common_type: the target was found by selectCommonType. */
export function coerceToCommonType(context: BindContext, expr: Expr, target: number, what: string): Expr {
  if (expr.typeOid === target) return expr;
  if (canCoerce(context, expr.typeOid, target, 'implicit')) {
    return coerceType(context, expr, target, -1, 'implicit');
  }
  throw context.error(
    '42846',
    `${what} could not convert type ${context.types.name(expr.typeOid)} to ${context.types.name(target)}`,
    context.locationOf(expr),
  );
}
