/**
 * Expressions: AST to typed expressions. One function a kind of node, in literal.ts, column-ref.ts, comparison.ts, sublink.ts,
 * array.ts, conversion.ts, call.ts or here; names through scope.ts, operators through overload.ts, conversions through coerce.ts.
 */
import type * as ast from '../../parser/ast.ts';
import { plainCall } from '../../parser/index.ts';
import { AT_ONCE, partsBelow } from '../deep.ts';
import type { Expr } from '../expr.ts';
import { caseBranch, makeConst } from '../logical.ts';
import { lastSetCall } from '../traverse.ts';
import { aggregateLevel, checkAggregatePlace } from './aggregate-call.ts';
import { bindArray, bindSubscript } from './array.ts';
import { bindAttribute, bindCall } from './call.ts';
import { coerceToBoolean, coerceToSpecific, resolveUnknown } from './coerce.ts';
import { bindColumnRef } from './column-ref.ts';
import { coerceToCommonType, selectCommonModifier, selectCommonType } from './common-type.ts';
import {
  bindBetween,
  bindInList,
  bindIsDistinct,
  bindLike,
  bindNullIf,
  bindOperator,
  bindQuantifiedArray,
  expandFields,
} from './comparison.ts';
import type { BindContext } from './context.ts';
import { bindCast, bindCollate } from './conversion.ts';
import { partsOf } from './deep.ts';
import { pendingGrouping } from './group.ts';
import { bindLiteral, bindParameter, bindSqlValue } from './literal.ts';
import { makeOperator } from './overload.ts';
import { positionOf } from './position.ts';
import { bindField } from './row-fields.ts';
import type { Level } from './scope.ts';
import {
  bindArraySubquery,
  bindExists,
  bindInSubquery,
  bindQuantifiedSubquery,
  bindScalarSubquery,
} from './sublink.ts';
import { BOOL, RECORD, ROW_FIELDS_MAX, UNKNOWN } from './type-info.ts';
import { bindIsDocument, bindXml } from './xml.ts';

/** Binds and remembers where the expression stands. */
export function bindExpr(level: Level, node: ast.Expression): Expr {
  const { context } = level;
  const { boundBelow, depth } = context;
  if (boundBelow !== null) {
    const known = boundBelow.get(node);
    if (known !== undefined && boundBelow.delete(node)) return known;
  }
  context.depth = depth + 1;
  if (depth === AT_ONCE) bindDeep(level, node);
  const expr = bindNode(level, node);
  context.depth = depth;
  if (context.locationOf(expr) === undefined) context.at(expr, positionOf(context, node.position));
  context.environment.recorder?.expression?.(node, expr);
  return expr;
}

function bindDeep(level: Level, node: ast.Expression): void {
  const { context } = level;
  context.boundBelow ??= new Map();
  for (const part of partsBelow(node, partsOf).reverse()) {
    context.depth = 0;
    context.boundBelow.set(part, bindExpr(level, part));
  }
  context.depth = 0;
}

function bindNode(level: Level, node: ast.Expression): Expr {
  switch (node.kind) {
    case 'integer':
    case 'numeric':
    case 'string':
    case 'bitString':
    case 'boolean':
    case 'null':
      return bindLiteral(level.context, node);
    case 'param':
      return bindParameter(level.context, node);
    case 'columnRef':
      return bindColumnRef(level, node);
    case 'operator':
      return bindOperator(level, node);
    case 'and':
    case 'or':
      return bindLogic(level, node);
    case 'not':
      return not(coerceToBoolean(level.context, bindExpr(level, node.arg), 'NOT'));
    case 'like':
      return bindLike(level, node);
    case 'between':
      return bindBetween(level, node);
    case 'inList':
      return bindInList(level, node);
    case 'inSubquery':
      return bindInSubquery(level, node);
    case 'quantifiedArray':
      return bindQuantifiedArray(level, node);
    case 'quantifiedSubquery':
      return bindQuantifiedSubquery(level, node);
    case 'isNull':
      return bindIsNull(level, node);
    case 'booleanTest':
      return bindBooleanTest(level, node);
    case 'isDistinct':
      return bindIsDistinct(level, node);
    case 'isNormalized':
      return bindIsNormalized(level, node);
    case 'isDocument':
      return bindIsDocument(level, node);
    case 'xml':
      return bindXml(level, node);
    case 'fieldStar':
    case 'default':
    case 'currentOf':
      throw refused(level.context, node);
    case 'exists':
      return bindExists(level, node);
    case 'scalarSubquery':
      return bindScalarSubquery(level, node.query, node.position);
    case 'arraySubquery':
      return bindArraySubquery(level, node);
    case 'array':
      return bindArray(level, node, 0, -1);
    case 'row':
      return bindRow(level, node);
    case 'subscript':
      return bindSubscript(level, node);
    case 'field':
      return bindField(level, node, () => bindAttribute(level, node.base, node.field));
    case 'case':
      return bindCase(level, node);
    case 'function':
      return bindCall(level, node);
    case 'coalesce':
      return bindCoalesce(level, node);
    case 'greatest':
    case 'least':
      return bindMinMax(level, node);
    case 'nullIf':
      return bindNullIf(level, node);
    case 'sqlValue':
      return bindSqlValue(level, node);
    case 'grouping':
      return bindGrouping(level, node);
    case 'collate':
      return bindCollate(level, node);
    case 'cast':
      return bindCast(level, node);
  }
}

/** What has a meaning in other places only, or none. */
function refused(context: BindContext, node: ast.Expression): Error {
  const position = positionOf(context, node.position);
  switch (node.kind) {
    case 'fieldStar':
      return context.error('0A000', 'row expansion via "*" is not supported here', position);
    case 'currentOf':
      return new Error('CURRENT OF is the whole condition of an UPDATE or DELETE');
    default:
      return context.error('42601', 'DEFAULT is not allowed in this context', position);
  }
}

function bindGrouping(level: Level, node: ast.GroupingExpr): Expr {
  const args = node.args.map((arg) => bindExpr(level, arg));
  // Like an aggregate it belongs to the innermost query whose columns it names.
  const owner = aggregateLevel(level, args);
  checkAggregatePlace(level.context, owner, level, positionOf(level.context, node.position), 'grouping operations');
  owner.hasAggregates = true;
  return pendingGrouping(owner, args);
}

function not(arg: Expr): Expr {
  return { kind: 'not', arg, typeOid: BOOL, typeModifier: -1 };
}

function bindLogic(level: Level, node: ast.LogicExpr): Expr {
  const what = node.kind === 'and' ? 'AND' : 'OR';
  const args = node.args.map((arg) => coerceToBoolean(level.context, bindExpr(level, arg), what));
  const expr: Expr = { kind: node.kind, args, typeOid: BOOL, typeModifier: -1 };
  return level.context.at(expr, level.context.leftmost(args));
}

function bindIsNull(level: Level, node: ast.IsNullExpr): Expr {
  const arg = bindExpr(level, node.arg);
  const isRow = arg.typeOid === RECORD || level.context.types.isComposite(arg.typeOid);
  return { kind: 'isNull', arg, negated: node.negated, isRow, typeOid: BOOL, typeModifier: -1 };
}

function bindBooleanTest(level: Level, node: ast.BooleanTestExpr): Expr {
  const what = `IS ${node.negated ? 'NOT ' : ''}${node.test.toUpperCase()}`;
  const arg = coerceToBoolean(level.context, bindExpr(level, node.arg), what);
  return { kind: 'booleanTest', arg, test: node.test, negated: node.negated, typeOid: BOOL, typeModifier: -1 };
}

function bindIsNormalized(level: Level, node: ast.IsNormalizedExpr): Expr {
  const args: ast.Expression[] = [node.arg];
  const form: ast.StringLiteral = {
    kind: 'string',
    value: (node.form ?? 'nfc').toUpperCase(),
    literalIndex: -1,
    position: -1,
  };
  args.push(form);
  const call = callByName(level, 'is_normalized', args, node.position);
  return node.negated ? not(call) : call;
}

function bindCoalesce(level: Level, node: ast.CoalesceExpr): Expr {
  const args = node.args.map((arg) => bindExpr(level, arg));
  refuseSets(level, args, 'COALESCE');
  const typeOid = selectCommonType(level.context, args, 'COALESCE');
  const converted = args.map((arg) => coerceToCommonType(level.context, arg, typeOid, 'COALESCE'));
  return { kind: 'coalesce', args: converted, typeOid, typeModifier: selectCommonModifier(converted, typeOid) };
}

function bindMinMax(level: Level, node: ast.MinMaxExpr): Expr {
  const what = node.kind.toUpperCase();
  const args = node.args.map((arg) => bindExpr(level, arg));
  const typeOid = selectCommonType(level.context, args, what);
  const converted = args.map((arg) => coerceToCommonType(level.context, arg, typeOid, what));
  return { kind: node.kind, args: converted, typeOid, typeModifier: selectCommonModifier(converted, typeOid) };
}

/** A call of a pg_catalog function made up by the binder. */
export function callByName(level: Level, name: string, args: readonly ast.Expression[], position: number): Expr {
  return bindCall(level, plainCall(['pg_catalog', name], args, position));
}

function bindRow(level: Level, node: ast.RowExpr): Expr {
  const fields = expandFields(level, node.fields);
  if (fields.length > ROW_FIELDS_MAX) {
    const message = `ROW expressions can have at most ${ROW_FIELDS_MAX} entries`;
    throw level.context.error('54011', message, positionOf(level.context, node.position));
  }
  // Unknown literals keep their nature until the row is compared; a stored row makes them text.
  const names = fields.map((_, i) => `f${i + 1}`);
  return { kind: 'row', fields, names, typeOid: RECORD, typeModifier: -1 };
}

function bindCase(level: Level, node: ast.CaseExpr): Expr {
  const { context } = level;
  let subject: Expr | null = null;
  let placeholder: Expr | null = null;
  if (node.subject !== null) {
    subject = resolveUnknown(context, bindExpr(level, node.subject));
    placeholder = { kind: 'caseSubject', typeOid: subject.typeOid, typeModifier: subject.typeModifier };
    context.copyLocation(subject, placeholder);
  }
  const whens = node.branches.map((branch) => {
    const when = bindExpr(level, branch.when);
    if (placeholder !== null) {
      const test = makeOperator(context, '=', { ...placeholder }, when, positionOf(context, branch.position));
      return coerceToBoolean(context, test, 'CASE/WHEN');
    }
    return coerceToBoolean(context, when, 'CASE/WHEN');
  });
  const thens = node.branches.map((branch) => bindExpr(level, branch.result));
  const otherwise = node.otherwise === null ? makeConst(null, UNKNOWN) : bindExpr(level, node.otherwise);
  refuseSets(level, [...thens, otherwise], 'CASE');
  const typeOid = selectCommonType(context, [otherwise, ...thens], 'CASE');
  const results = thens.map((then) => coerceToCommonType(context, then, typeOid, 'CASE/WHEN'));
  const last = coerceToCommonType(context, otherwise, typeOid, 'CASE/ELSE');
  return {
    kind: 'case',
    subject,
    branches: whens.map((when, i) => caseBranch(when, results[i])),
    otherwise: node.otherwise === null ? null : last,
    typeOid,
    typeModifier: node.otherwise === null ? -1 : selectCommonModifier([...results, last], typeOid),
  };
}

/** Set-returning calls may not stand inside CASE and COALESCE. */
function refuseSets(level: Level, exprs: readonly Expr[], what: string): void {
  for (const expr of exprs) {
    const found = lastSetCall(expr);
    if (found === null) continue;
    throw level.context.error(
      '0A000',
      `set-returning functions are not allowed in ${what}`,
      level.context.locationOf(found),
      { hint: 'You might be able to move the set-returning function into a LATERAL FROM item.' },
    );
  }
}

/** LIMIT, OFFSET, frame offsets: int8 (or the type the caller says). */
export function bindCount(level: Level, node: ast.Expression, typeOid: number, what: string): Expr {
  return coerceToSpecific(level.context, bindExpr(level, node), typeOid, what);
}
