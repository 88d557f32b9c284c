/** The collation that values of a type have by themselves: pg_type.typcollation. */
import { C_COLLATION, DEFAULT_COLLATION } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import type { BindContext } from './context.ts';
import { BPCHAR, NAME, TEXT, VARCHAR } from './type-info.ts';

/** 0: the type has none. */
export function typeCollation(context: BindContext, typeOid: number): number {
  switch (typeOid) {
    case TEXT:
    case VARCHAR:
    case BPCHAR:
      return DEFAULT_COLLATION;
    case NAME:
      return C_COLLATION;
    default: {
      const { types } = context;
      const element = types.elementOf(typeOid);
      if (element !== 0) return typeCollation(context, element);
      if (types.get(typeOid)?.form === 'citext') return DEFAULT_COLLATION;
      if (!types.isDomain(typeOid)) return 0;
      const entry = context.catalog.type(typeOid);
      return entry?.collationOid ?? typeCollation(context, entry?.baseTypeOid ?? types.base(typeOid));
    }
  }
}

/** The same of the type under a domain: what columns are kept against. */
export function baseCollation(context: BindContext, typeOid: number): number {
  return typeCollation(context, context.types.base(typeOid));
}

/** The collation that a domain declares, for a value that was made one of it; undefined: it declares none, the value keeps its own. */
export function declaredCollation(context: BindContext, typeOid: number, before: number): number | undefined {
  if (typeOid === before || !context.types.isDomain(typeOid)) return undefined;
  const declared = typeCollation(context, typeOid);
  return declared === 0 || declared === DEFAULT_COLLATION ? undefined : declared;
}

/** The type of a call's value before it was taken as one of another type with the same values (coerce.ts). */
export function typeBeforeRelabel(expr: Expr): number {
  if (expr.kind === 'call') return expr.function.returnType;
  return expr.kind === 'coalesce' && expr.args.length === 1 ? expr.args[0].typeOid : expr.typeOid;
}
