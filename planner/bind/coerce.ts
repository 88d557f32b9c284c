/**
 * Type conversion (manual, chapter 10; after PostgreSQL's parse_coerce.c): which casts exist in which context, how an
 * expression is converted, common types of UNION and CASE, and polymorphic arguments.
 *
 * A binary-compatible cast ("relabel") needs no work, but the type of the result matters. Columns and calls just get the
 * other type; nodes whose type says how they convert (casts, lifted literals, parameters) are wrapped in a COALESCE of one
 * argument, which is the identity.
 */
import { safeLabel } from '../../catalog/enum-labels.ts';
import type { CastEntry, FunctionContext, ScalarFunction, Value } from '../../catalog/function-entry.ts';
import { markedCollation } from '../../catalog/functions/collated.ts';
import { lookupCast } from '../../catalog/functions/index.ts';
import { castEntry } from '../../catalog/functions/user-operators.ts';
import { castToMultirange } from '../../catalog/range-constructors.ts';
import type { SqlArray } from '../../types/index.ts';
import type { ConstExpr, Expr } from '../expr.ts';
import { logical, makeConst } from '../logical.ts';
import { hasSetReturning } from '../traverse.ts';
import { reinterpretation } from './binary-cast.ts';
import { typeCollation } from './collation-of-type.ts';
import type { BindContext, Position } from './context.ts';
import { inputLiteral } from './input-value.ts';
import { callScalar } from './made-call.ts';
import { oidBits } from './oid-bits.ts';
import { isPolymorphic, resolvePolymorphic } from './polymorphic.ts';
import {
  ANY,
  ANYARRAY,
  ANYCOMPATIBLE,
  ANYCOMPATIBLEARRAY,
  ANYCOMPATIBLENONARRAY,
  ANYELEMENT,
  ANYENUM,
  ANYNONARRAY,
  BOOL,
  BPCHAR,
  FLOAT4,
  FLOAT8,
  INT2,
  INT2VECTOR,
  INT4,
  INT8,
  INTERVAL,
  NUMERIC,
  OID,
  OIDVECTOR,
  RECORD,
  RECORD_ARRAY,
  TEXT,
  UNKNOWN,
  VARCHAR,
} from './type-info.ts';

export type CoercionContext = 'implicit' | 'assignment' | 'explicit';
const RANK: Readonly<Record<CoercionContext, number>> = { implicit: 0, assignment: 1, explicit: 2 };

export type CoercionPath =
  | { readonly kind: 'none' | 'relabel' | 'io' | 'array' }
  | { readonly kind: 'function'; readonly cast: CastEntry };

const NONE: CoercionPath = { kind: 'none' };
const RELABEL: CoercionPath = { kind: 'relabel' };
const VIA_IO: CoercionPath = { kind: 'io' };
const VIA_ARRAY: CoercionPath = { kind: 'array' };

/** find_coercion_pathway. */
export function findCoercion(
  context: BindContext,
  source: number,
  target: number,
  coercion: CoercionContext,
): CoercionPath {
  const { types } = context;
  const from = types.base(source);
  const to = types.base(target);
  if (from === to) return RELABEL;
  const cast = lookupCast(from, to) ?? castToMultirange(context.catalog, from, to) ?? madeCast(context, from, to);
  if (cast !== null) {
    if (RANK[coercion] < RANK[cast.context]) return NONE;
    if (cast.definition?.method === 'inout') return VIA_IO;
    return cast.function === null ? RELABEL : { kind: 'function', cast };
  }
  const fromElement = types.elementOf(from);
  const toElement = types.elementOf(to);
  // Nothing becomes an int2vector or oidvector this way (as in PostgreSQL).
  if (fromElement !== 0 && toElement !== 0 && to !== INT2VECTOR && to !== OIDVECTOR) {
    const path = findCoercion(context, fromElement, toElement, coercion);
    const isChecked = fromElement !== toElement && types.isDomain(toElement);
    const isSame = path.kind === 'relabel' && oidBits(types.base(fromElement), types.base(toElement)) === null;
    if (path.kind === 'none' || (isSame && !isChecked)) return path;
    return VIA_ARRAY;
  }
  if (RANK[coercion] >= RANK.assignment && types.category(to) === 'S') return VIA_IO;
  if (RANK[coercion] >= RANK.explicit && types.category(from) === 'S') return VIA_IO;
  return NONE;
}

/** CREATE CAST. */
function madeCast({ catalog }: BindContext, source: number, target: number): CastEntry | null {
  const definition = catalog.castBetween(source, target);
  return definition === undefined ? null : castEntry(catalog, definition);
}

/** What a cast WITHOUT FUNCTION has to do after all; null: nothing. */
function binaryCast({ types, catalog }: BindContext, source: number, target: number): ScalarFunction | null {
  const [from, to] = [types.base(source), types.base(target)];
  if (catalog.castBetween(from, to)?.method !== 'binary') return null;
  const [valuesFrom, valuesTo] = [from, to].map((oid) => (types.get(oid)?.form === 'citext' ? TEXT : oid));
  return valuesFrom === valuesTo ? null : reinterpretation(valuesFrom, valuesTo);
}

/** Definitions that keep a text keep what it uses. */
function noteMadeCast(context: BindContext, source: number, target: number): void {
  const { noteCast } = context.environment;
  if (noteCast === undefined) return;
  const { types, catalog } = context;
  const definition = catalog.castBetween(types.base(source), types.base(target));
  if (definition !== undefined) noteCast(definition.oid, definition.functionOid);
}

/** can_coerce_type over parallel lists. */
export function canCoerceAll(
  context: BindContext,
  inputs: readonly number[],
  targets: readonly number[],
  coercion: CoercionContext,
): boolean {
  let generic = false;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    const target = targets[i];
    if (input === target || target === ANY) continue;
    if (isPolymorphic(target)) {
      generic = true;
      continue;
    }
    if (input === UNKNOWN) continue;
    if (findCoercion(context, input, target, coercion).kind !== 'none') continue;
    if (input === RECORD && context.types.isComposite(context.types.base(target))) continue;
    if (target === RECORD && context.types.isComposite(context.types.base(input))) continue;
    if (target === RECORD_ARRAY && context.types.isComposite(context.types.elementOf(input))) continue;
    if (isRowOfTyped(context, input, target)) continue;
    return false;
  }
  return generic ? resolvePolymorphic(context, targets, inputs) !== null : true;
}

/** The row type of a table OF the other (typeIsOfTypedTable). */
function isRowOfTyped({ catalog }: BindContext, rowType: number, typeOid: number): boolean {
  const relationOid = catalog.type(rowType)?.relationOid;
  return relationOid !== undefined && catalog.relation(relationOid)?.ofTypeOid === typeOid;
}

export function canCoerce(context: BindContext, input: number, target: number, coercion: CoercionContext): boolean {
  return canCoerceAll(context, [input], [target], coercion);
}

const RETYPED = new Set([
  'var',
  'column',
  'systemColumn',
  'call',
  'field',
  'subscript',
  'caseSubject',
  'aggregateRef',
  'windowRef',
  'execParam',
]);

/** The same value under another, binary-compatible type. */
function relabel(context: BindContext, expr: Expr, typeOid: number, typeModifier = -1): Expr {
  if (expr.typeOid === typeOid && expr.typeModifier === typeModifier) return expr;
  const node = logical(expr);
  const isPlainConst =
    node.kind === 'const' && (node.literalIndex < 0 || (isText(node.typeOid) && isText(typeOid) && typeModifier < 0));
  const result =
    isPlainConst || RETYPED.has(node.kind)
      ? ({ ...expr, typeOid, typeModifier } as Expr)
      : ({ kind: 'coalesce', args: [expr], typeOid, typeModifier } as Expr);
  return context.copyLocation(expr, result);
}

function isText(oid: number): boolean {
  return oid === TEXT || oid === VARCHAR;
}

/** Whether a number may be read directly as the other type by its input function: always, whatever a lifted literal's value. */
function literalWidens(expr: ConstExpr, target: number): boolean {
  const { typeOid, value } = expr;
  if (expr.isQuoted) return false;
  if (typeOid === INT4) {
    const isFixed = expr.literalIndex < 0 && typeof value === 'number';
    if (target === INT2) return isFixed && value >= -32768 && value <= 32767;
    if (target === OID) return isFixed && value >= 0;
    return target === INT8 || target === NUMERIC || target === FLOAT4 || target === FLOAT8;
  }
  if (typeOid === INT8) return target === NUMERIC || target === FLOAT4 || target === FLOAT8;
  return typeOid === NUMERIC && (target === FLOAT8 || target === FLOAT4);
}

/** coerce_type: the expression as `target`; the caller has made sure that a conversion exists. */
export function coerceType(
  context: BindContext,
  expr: Expr,
  target: number,
  targetModifier: number,
  coercion: CoercionContext,
): Expr {
  const source = expr.typeOid;
  if (source === target) return expr;
  const { types } = context;
  if (target === ANY || target === ANYELEMENT || target === ANYNONARRAY || target === ANYCOMPATIBLE) return expr;
  if (target === ANYCOMPATIBLENONARRAY) return expr;
  if (target === ANYARRAY || target === ANYENUM || target === ANYCOMPATIBLEARRAY) {
    if (source !== UNKNOWN) {
      const base = types.base(source);
      return base === source ? expr : relabel(context, expr, base);
    }
  }
  if (expr.kind === 'const' && source === UNKNOWN)
    return coerceUnknownConst(context, expr, target, targetModifier, coercion);
  if (expr.kind === 'param' && source === UNKNOWN) return coerceParameter(context, expr, target);
  if (expr.kind === 'call' && source === UNKNOWN && markedCollation(expr.function) !== undefined)
    return coerceUnderCollate(context, expr, target, targetModifier, coercion);
  if (source === UNKNOWN) return withInputCheck(context, context.copyLocation(expr, ioCast(expr, target)), target);
  const path = findCoercion(context, source, target, coercion);
  noteMadeCast(context, source, target);
  switch (path.kind) {
    case 'relabel': {
      const bytes = binaryCast(context, source, target);
      if (bytes !== null) {
        const cast = context.copyLocation(expr, {
          kind: 'call',
          function: bytes,
          args: [expr],
          typeOid: bytes.returnType,
          typeModifier: -1,
        });
        return bytes.returnType === target ? cast : coerceToDomain(context, cast, target, coercion);
      }
      const base = types.base(target);
      const bits = oidBits(types.base(source), base);
      let result =
        bits === null
          ? relabel(context, expr, base, types.base(source) === base ? expr.typeModifier : -1)
          : withOidBits(context, expr, bits, base);
      if (base !== target) result = coerceToDomain(context, result, target, coercion);
      return result;
    }
    case 'function': {
      const base = types.base(target);
      const cast = context.copyLocation(expr, applyCast(context, expr, path.cast, base, targetModifier, coercion));
      const bits = path.cast.function?.returnType === INT4 ? oidBits(INT4, base) : null;
      const result = bits === null ? cast : withOidBits(context, cast, bits, base);
      return base === target ? result : coerceToDomain(context, result, target, coercion);
    }
    case 'io': {
      const base = types.base(target);
      const read = context.copyLocation(expr, ioCast(expr, base));
      const result = withInputCheck(context, read, base);
      return base === target ? result : coerceToDomain(context, result, target, coercion);
    }
    case 'array': {
      const subject: Expr = { kind: 'caseSubject', typeOid: types.elementOf(types.base(source)), typeModifier: -1 };
      const base = types.base(target);
      const element = coerceType(context, subject, types.elementOf(base), targetModifier, coercion);
      const result: Expr = { kind: 'arrayCast', arg: expr, element, typeOid: base, typeModifier: -1 };
      context.copyLocation(expr, result);
      return base === target ? result : coerceToDomain(context, result, target, coercion);
    }
    case 'none':
      if (source === RECORD && types.isComposite(types.base(target))) {
        const composite = recordToComposite(context, expr, target, coercion);
        return types.isDomain(target)
          ? context.copyLocation(expr, coerceToDomain(context, composite, target, coercion))
          : composite;
      }
      if (isRowOfTyped(context, source, target)) return relabel(context, expr, target);
      // A row of a named type stays one: functions over records ask for the type's fields when it is null.
      if (target === RECORD && types.isComposite(types.base(source))) return expr;
      if (target === RECORD || source === RECORD || target === RECORD_ARRAY) return relabel(context, expr, target);
      throw cannotCast(context, source, target, context.locationOf(expr));
  }
}

/** A literal under COLLATE gets its type beneath it; types without collations leave COLLATE out. */
function coerceUnderCollate(
  context: BindContext,
  expr: Expr & { kind: 'call' },
  target: number,
  targetModifier: number,
  coercion: CoercionContext,
): Expr {
  const arg = coerceType(context, expr.args[0], target, targetModifier, coercion);
  if (typeCollation(context, arg.typeOid) === 0) return arg;
  const { typeOid, typeModifier } = arg;
  return context.copyLocation(expr, { ...expr, args: [arg], typeOid, typeModifier });
}

function withOidBits(context: BindContext, expr: Expr, bits: ScalarFunction, target: number): Expr {
  const isSame = expr.kind === 'const' && expr.literalIndex < 0 && (expr.value === null || expr.value <= 2147483647);
  if (isSame && (expr.value === null || (expr.value as number) >= 0)) return relabel(context, expr, target);
  return context.copyLocation(expr, { kind: 'call', function: bits, args: [expr], typeOid: target, typeModifier: -1 });
}

/** coerce_record_to_complex: a ROW(...) as a composite type, or the one that a domain is over, field by field. */
function recordToComposite(context: BindContext, expr: Expr, target: number, coercion: CoercionContext): Expr {
  const { types } = context;
  const position = context.locationOf(expr);
  const refuse = (detail?: string) =>
    context.error('42846', `cannot cast type ${types.name(RECORD)} to ${types.name(target)}`, position, { detail });
  if (expr.kind !== 'row') throw refuse();
  const typeOid = types.base(target);
  const attributes = types.get(typeOid)?.attributes ?? [];
  const fields = attributes.map((attribute, i) => {
    const field = expr.fields[i];
    if (field === undefined) {
      // A kept text had a field for each attribute that there was when it was understood.
      if (context.isResolved) return makeConst(null, attribute.typeOid);
      throw refuse('Input has too few columns.');
    }
    const converted = coerceToTarget(context, field, attribute.typeOid, attribute.typmod, coercion);
    if (converted !== null) return converted;
    throw refuse(
      `Cannot cast type ${types.name(field.typeOid)} to ${types.name(attribute.typeOid)} in column ${i + 1}.`,
    );
  });
  if (expr.fields.length > attributes.length) throw refuse('Input has too many columns.');
  const names = attributes.map((attribute) => attribute.name);
  return context.copyLocation(expr, { kind: 'row', fields, names, typeOid, typeModifier: -1 });
}

function ioCast(expr: Expr, target: number): Expr {
  return { kind: 'ioCast', arg: expr, typeOid: target, typeModifier: -1 };
}

function coerceUnknownConst(
  context: BindContext,
  expr: ConstExpr,
  target: number,
  targetModifier: number,
  coercion: CoercionContext,
): Expr {
  const { types } = context;
  const base = types.base(target);
  const baseModifier = types.isDomain(target) ? types.baseModifier(target) : targetModifier;
  // Interval needs its fields while reading; other types get their modifier by a cast of its own.
  const inputModifier = base === INTERVAL ? baseModifier : -1;
  const position = context.locationOf(expr);
  const value = expr.value === null ? null : inputLiteral(context, expr.value, base, inputModifier, position);
  if (inputModifier >= 0) context.useLiteral(expr);
  const literalIndex = expr.literalIndex;
  let literal: ConstExpr = { kind: 'const', value, literalIndex, typeOid: base, typeModifier: inputModifier };
  if (literalIndex >= 0) literal = { ...literal, isQuoted: true };
  context.copyLocation(expr, literal);
  let result: Expr = value === null ? literal : withLiteralCheck(context, expr, literal);
  if (base !== target) result = context.copyLocation(expr, coerceToDomain(context, result, target, coercion));
  return result;
}

function coerceParameter(context: BindContext, expr: Expr & { kind: 'param' }, target: number): Expr {
  const base = target === ANYARRAY || target === ANYENUM ? UNKNOWN : target;
  const known = context.parameterType(expr.index);
  if (known === UNKNOWN) {
    if (base !== UNKNOWN) context.parameterTypes[expr.index] = target;
  } else if (known !== target) {
    throw context.error(
      '42P08',
      `inconsistent types deduced for parameter $${expr.index + 1}`,
      context.locationOf(expr),
      { detail: `${context.types.name(known)} versus ${context.types.name(target)}` },
    );
  }
  context.untypedReferences.delete(expr);
  const typed = context.copyLocation(expr, { ...expr, typeOid: target, typeModifier: -1 });
  return withInputCheck(context, typed, target);
}

function coerceToDomain(context: BindContext, expr: Expr, domain: number, coercion: CoercionContext): Expr {
  const modifier = context.types.baseModifier(domain);
  const inner = modifier >= 0 ? applyModifier(context, expr, modifier, coercion === 'explicit') : expr;
  return withDomainCheck(context, relabel(context, inner, domain), domain);
}

/** The value before it is held against the constraints of domains. */
export function withoutDomainCheck(expr: Expr): Expr {
  let result = expr;
  while (result.kind === 'call' && result.function.internalName === DOMAIN_CHECK) result = result.args[0];
  return result;
}

const DOMAIN_CHECK = 'domain_check';

/** The value, held against the domain's constraints when it is computed. */
export function withDomainCheck(context: BindContext, expr: Expr, domain: number): Expr {
  return checked(context, expr, domain, context.environment.domainCheck?.(domain) ?? null);
}

/** The value as it was read from a text, held against the constraints of all domains in its type. */
function withInputCheck(context: BindContext, expr: Expr, typeOid: number): Expr {
  return checked(context, expr, typeOid, context.environment.inputCheck?.(typeOid) ?? null);
}

/** The same for a literal: an error says where it stands, so the plan is that text's own. */
function withLiteralCheck(context: BindContext, literal: ConstExpr, expr: ConstExpr): Expr {
  const check = context.environment.inputCheck?.(expr.typeOid) ?? null;
  if (check === null) return expr;
  context.useLiteral(literal);
  const placed = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw context.placed(error, context.locationOf(literal));
    }
  };
  const labels = enumLabels(context, expr);
  if (labels === null) {
    return checked(context, expr, expr.typeOid, (functions: FunctionContext, value: Value) =>
      placed(() => check(functions, value)),
    );
  }
  // One that cannot be used yet is refused when it is read; others are constants, and may stand in an index.
  for (const label of labels.values) {
    placed(() => safeLabel(context.environment.catalog.unsafeLabels(labels.enumOid), labels.enumName, label));
  }
  return expr;
}

/** Of an enum, or an array of one. */
function enumLabels({ types }: BindContext, { typeOid, value }: ConstExpr) {
  const isOne = types.isEnum(typeOid);
  const enumOid = isOne ? typeOid : types.elementOf(typeOid);
  if (!isOne && !types.isEnum(enumOid)) return null;
  const values: readonly Value[] = isOne ? [value] : (value as SqlArray).elements;
  return { enumOid, enumName: types.name(enumOid), values };
}

function checked(
  context: BindContext,
  expr: Expr,
  domain: number,
  check: ScalarFunction['implementation'] | null,
): Expr {
  if (check === null) return expr;
  const fn: ScalarFunction = {
    kind: 'scalar',
    oid: 0,
    internalName: DOMAIN_CHECK,
    name: context.types.name(domain),
    argumentTypes: [domain],
    variadic: false,
    returnType: domain,
    returnsSet: false,
    strict: false,
    volatility: 'stable',
    needsContext: true,
    specialise: false,
    implementation: check,
  };
  return context.copyLocation(expr, { kind: 'call', function: fn, args: [expr], typeOid: domain, typeModifier: -1 });
}

function applyCast(
  context: BindContext,
  expr: Expr,
  cast: CastEntry,
  target: number,
  targetModifier: number,
  coercion: CoercionContext,
): Expr {
  if (expr.kind === 'const' && expr.value !== null && literalWidens(expr, target)) {
    // A cast of a number, whose errors have no position.
    const value = inputLiteral(context, String(expr.value), target, -1, undefined);
    return { kind: 'const', value, literalIndex: expr.literalIndex, typeOid: target, typeModifier: -1 };
  }
  const fn = cast.function!;
  if (cast.definition !== undefined) return applyMadeCast(context, expr, fn, target, targetModifier, coercion);
  const args: Expr[] = [
    context.types.base(expr.typeOid) === expr.typeOid ? expr : relabel(context, expr, context.types.base(expr.typeOid)),
  ];
  if (fn.argumentTypes.length >= 2) args.push(makeConst(targetModifier, INT4));
  if (fn.argumentTypes.length >= 3) args.push(makeConst(coercion === 'explicit', BOOL));
  const typeModifier = fn.argumentTypes.length >= 2 ? targetModifier : -1;
  return { kind: 'call', function: fn, args, typeOid: target, typeModifier };
}

/** What the function takes and gives is binary-compatible with the types of the cast. */
export function applyMadeCast(
  context: BindContext,
  expr: Expr,
  fn: ScalarFunction,
  target: number,
  targetModifier: number,
  coercion: CoercionContext,
): Expr {
  const args: Expr[] = [coerceType(context, expr, fn.argumentTypes[0], -1, 'implicit')];
  if (fn.argumentTypes.length >= 2) args.push(makeConst(targetModifier, INT4));
  if (fn.argumentTypes.length >= 3) args.push(makeConst(coercion === 'explicit', BOOL));
  const call = callScalar(context, fn, args, fn.returnType, (oid) => oid, context.locationOf(expr));
  const typeModifier = fn.argumentTypes.length >= 2 ? targetModifier : -1;
  return relabel(context, call, target, typeModifier);
}

/** coerce_type_typmod: length and precision of the type. A type without them says that its values may have any. */
export function applyModifier(context: BindContext, expr: Expr, typeModifier: number, explicit: boolean): Expr {
  if (expr.typeModifier === typeModifier) return expr;
  if (typeModifier < 0) return relabel(context, expr, expr.typeOid);
  const element = context.types.elementOf(expr.typeOid);
  if (element !== 0) {
    const subject: Expr = { kind: 'caseSubject', typeOid: element, typeModifier: -1 };
    const cast: Expr = { kind: 'typmodCast', arg: subject, explicit, typeOid: element, typeModifier };
    return context.copyLocation(expr, {
      kind: 'arrayCast',
      arg: expr,
      element: cast,
      typeOid: expr.typeOid,
      typeModifier,
    });
  }
  const typeOid = context.types.base(expr.typeOid);
  return context.copyLocation(expr, { kind: 'typmodCast', arg: expr, explicit, typeOid, typeModifier });
}

/** coerce_to_target_type: with the modifier applied; null when there is no such cast. */
export function coerceToTarget(
  context: BindContext,
  expr: Expr,
  target: number,
  typeModifier: number,
  coercion: CoercionContext,
): Expr | null {
  if (!canCoerce(context, expr.typeOid, target, coercion)) return null;
  const converted = coerceType(context, expr, target, typeModifier, coercion);
  return applyModifier(context, converted, typeModifier, coercion === 'explicit');
}

export function cannotCast(context: BindContext, source: number, target: number, position: Position) {
  return context.error(
    '42846',
    `cannot cast type ${context.types.name(source)} to ${context.types.name(target)}`,
    position,
  );
}

/** Conditions: WHERE, ON, HAVING, CHECK. */
export function coerceToBoolean(context: BindContext, expr: Expr, what: string): Expr {
  let result: Expr | null = expr;
  if (expr.typeOid !== BOOL) {
    result = coerceToTarget(context, expr, BOOL, -1, 'assignment');
    if (result === null) {
      throw context.error(
        '42804',
        `argument of ${what} must be type boolean, not type ${context.types.name(expr.typeOid)}`,
        context.locationOf(expr),
      );
    }
  }
  if (hasSetReturning(result)) {
    throw context.error('42804', `argument of ${what} must not return a set`, context.locationOf(expr));
  }
  // WHERE 't', WHEN 'f': what depends on it is decided when it is planned.
  if (result.kind === 'const' && result.literalIndex >= 0) {
    context.useLiteral(result);
    return context.copyLocation(result, { ...result, literalIndex: -1 });
  }
  return result;
}

/** LIMIT and the like. */
export function coerceToSpecific(context: BindContext, expr: Expr, target: number, what: string): Expr {
  const result = expr.typeOid === target ? expr : coerceToTarget(context, expr, target, -1, 'assignment');
  if (result === null) {
    throw context.error(
      '42804',
      `argument of ${what} must be type ${context.types.name(target)}, not type ${context.types.name(expr.typeOid)}`,
      context.locationOf(expr),
    );
  }
  if (hasSetReturning(result)) {
    throw context.error('42804', `argument of ${what} must not return a set`, context.locationOf(expr));
  }
  return result;
}

/** An unknown literal (or parameter) that nothing has given a type becomes text. */
export function resolveUnknown(context: BindContext, expr: Expr): Expr {
  return expr.typeOid === UNKNOWN ? coerceType(context, expr, TEXT, -1, 'implicit') : expr;
}

/** bpchar compared or printed; used by callers that ask for the type's own name. */
export function isCharacterType(oid: number): boolean {
  return oid === TEXT || oid === VARCHAR || oid === BPCHAR;
}
