/** Literals as the constants that binding has made of them. */
import { FIRST_NORMAL_OID } from '../../catalog/entries.ts';
import type { Expression, Literal, TypeName } from '../../parser/ast.ts';
import type { Expr } from '../../planner/index.ts';
import { baseTypeOid, DEFAULT_FORMAT, inputText, OID, outputText, REG_TYPES, typeByOid } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { keptFormat } from './kept-types.ts';

/** 'x' and NULL have no type of their own. */
export function isUnknownLiteral(node: Expression): boolean {
  return node.kind === 'string' || node.kind === 'null';
}

const SEARCH_TYPES = new Set<number>([OID.REGCONFIG, OID.REGDICTIONARY]);

/** Is a value of this type shown under a cast, where another is meant? */
export function castable(typeOid: number): boolean {
  const type = typeByOid(typeOid);
  return typeOid !== 0 && typeOid !== OID.UNKNOWN && typeOid !== OID.RECORD && type?.kind !== 'p';
}

export function typeNameOf(x: DdlContext, typeOid: number, typeModifier: number): TypeName {
  const parsed = x.parseExpression(`NULL::${keptFormat(x, typeOid, typeModifier)}`);
  return (parsed as Extract<Expression, { kind: 'cast' }>).type;
}

/** Which form a cast is kept in says how it is done: CAST(x AS t) by a function, x::t without. */
export function castTo(
  x: DdlContext,
  arg: Expression,
  typeOid: number,
  typeModifier = -1,
  form: CastForm = 'colons',
): Expression {
  return { kind: 'cast', arg, type: typeNameOf(x, typeOid, typeModifier), form, position: arg.position };
}

type CastForm = 'cast' | 'colons';

/** How `before` has become `after`. */
export function formOfCast(before: Expr, after: Expr): CastForm {
  if (after.kind === 'typmodCast') return 'cast';
  if (after.kind !== 'call') return 'colons';
  return before.kind === 'call' && before.function === after.function ? 'colons' : 'cast';
}

/** What a literal without type has become. */
export function typedLiteral(x: DdlContext, node: Literal, target: Expr): Expression {
  const { typeOid, typeModifier } = target;
  if (!castable(typeOid)) return node;
  const base = baseTypeOid(typeOid);
  if (base !== typeOid && node.kind === 'string') {
    // A value of the type under the domain, made one of the domain.
    const value = valueNow(x, base, node.value);
    const inner: Expr = { kind: 'const', value, literalIndex: -1, typeOid: base, typeModifier: -1 };
    return castTo(x, constant(x, node, inner), typeOid, typeModifier);
  }
  if (target.kind !== 'const' || node.kind === 'null' || target.value === null)
    return castTo(x, node, typeOid, typeModifier);
  return constant(x, node, target);
}

/** A literal that becomes a value of this type by its input function. */
export function literalOfType(x: DdlContext, node: Expression, typeOid: number): Expression {
  if (node.kind !== 'string' || baseTypeOid(typeOid) !== typeOid) return castTo(x, node, typeOid);
  const value = valueNow(x, typeOid, node.value);
  return constant(x, node, { kind: 'const', value, literalIndex: -1, typeOid, typeModifier: -1 });
}

/** Names of objects are looked up along the search path of now. */
function valueNow(x: DdlContext, typeOid: number, text: string): unknown {
  const isOfNames = REG_TYPES.has(typeByOid(typeOid)?.elementOid || typeOid);
  return inputText(typeOid, -1, text, isOfNames ? x.settings.format : DEFAULT_FORMAT);
}

/** A constant by its value: its text is the output function's, whatever was written. What names an object has the object's oid. */
export function constant(x: DdlContext, node: Expression, expr: Extract<Expr, { kind: 'const' }>): Expression {
  const { typeOid, typeModifier, value } = expr;
  const { position } = node;
  if (typeOid === OID.BOOL) return { kind: 'boolean', value: value === true, position };
  // -1 would be another number behind a minus sign.
  if (typeOid === OID.INT4 && (value as number) >= 0) return integer(value as number, position);
  if (SEARCH_TYPES.has(typeOid) && value >= FIRST_NORMAL_OID) {
    // By oid, as user-made types are kept (catalog/text-search.ts).
    return castTo(x, { kind: 'string', value: String(value), literalIndex: -1, position }, typeOid, typeModifier);
  }
  const base = baseTypeOid(typeOid);
  const text = outputText(base, value, DEFAULT_FORMAT);
  return castTo(x, { kind: 'string', value: text, literalIndex: -1, position }, typeOid, typeModifier);
}

function integer(value: number, position: number): Expression {
  return { kind: 'integer', value, negative: false, literalIndex: -1, position };
}

/** What depends on no column and no query is known before there are rows. */
export function mentionsColumns(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(mentionsColumns);
  if (typeof node !== 'object' || node === null) return false;
  const { kind } = node as { kind?: unknown };
  if (kind === 'columnRef' || kind === 'query') return true;
  return Object.values(node).some(mentionsColumns);
}
