/** What became of a call's arguments. */
import type { FunctionCall } from '../../parser/ast.ts';
import type { Expr } from '../../planner/index.ts';
import { OID, typeByOid } from '../../types/index.ts';

/** What a literal becomes that nothing gives another type. */
export const TEXT: Expr = { kind: 'const', value: null, literalIndex: -1, typeOid: OID.TEXT, typeModifier: -1 };

/** Of SUBSTRING, patterns have the syntax of SIMILAR, or none; FROM and FOR are for places. */
export function syntaxOf({ name, args, sqlSyntax }: FunctionCall, parts: readonly Expr[] | undefined): Syntax {
  const isPattern = sqlSyntax && name[name.length - 1] === 'substring' && parts?.[1]?.typeOid === OID.TEXT;
  return isPattern ? args.length === 3 && 'similar' : sqlSyntax;
}

type Syntax = FunctionCall['sqlSyntax'];

/** A literal under COLLATE that has become a value without collation. */
export function isLiteralWithout(bound: Expr | undefined, target: Expr | undefined): boolean {
  return bound?.typeOid === OID.UNKNOWN && target !== undefined && typeByOid(target.typeOid)?.category !== 'S';
}

/** How many of a call's arguments have become one array. */
export function collectedBy(bound: Expr | undefined, parts: readonly Expr[] | undefined): number {
  const last = bound?.kind === 'call' ? bound.args[bound.args.length - 1] : undefined;
  if (last?.kind !== 'array' || parts === undefined) return 0;
  return last.elements[last.elements.length - 1] === parts[parts.length - 1] ? last.elements.length : 0;
}

/** Of a call, or the call's negation, the first argument. */
export function argumentOf(bound: Expr | undefined): Expr | undefined {
  const call = bound?.kind === 'not' ? bound.arg : bound;
  return call?.kind === 'call' ? call.args[0] : undefined;
}
