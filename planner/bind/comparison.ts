/** Operators, and the conditions that stand for several: of rows, LIKE, BETWEEN, IN, ANY and ALL, IS DISTINCT FROM, NULLIF. */
import { collateMark } from '../../catalog/functions/collated.ts';
import { keptRoutineOid } from '../../catalog/kept-routines.ts';
import type * as ast from '../../parser/ast.ts';
import { C_COLLATION } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { logical, makeAnd, makeOr } from '../logical.ts';
import { readsColumn } from '../rights.ts';
import { someExpr } from '../traverse.ts';
import { canCoerce, coerceType } from './coerce.ts';
import { starItems } from './column-ref.ts';
import { coerceToCommonType, commonTypeOf } from './common-type.ts';
import type { BindContext, Position } from './context.ts';
import { bindExpr, callByName } from './expression.ts';
import { noteBehind } from './made-call.ts';
import { makeOperator, makeOperatorCall, mustFindOperator } from './overload.ts';
import { resolveTypes } from './polymorphic.ts';
import { positionOf } from './position.ts';
import { expandRow } from './row-fields.ts';
import type { Level } from './scope.ts';
import { bindRowSublink } from './sublink.ts';
import { BOOL, RECORD, UNKNOWN } from './type-info.ts';

/** An operator over values, or over rows written as such. */
export function bindOperator(level: Level, node: ast.OperatorExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const { schema } = node;
  checkOperatorSchema(context, schema, position);
  if (node.left === null) {
    return makeOperator(context, node.operator, null, bindExpr(level, node.right), position, schema, node);
  }
  if (node.right.kind === 'row' && node.left.kind === 'row') {
    const [left, right] = [bindFields(level, node.left), bindFields(level, node.right)];
    return compareRows(level, node.operator, left, right, position, schema, node);
  }
  const left = bindExpr(level, node.left);
  if (node.left.kind === 'row' && left.kind === 'row' && node.right.kind === 'scalarSubquery') {
    return bindRowSublink(level, left, node.operator, node.right.query, position);
  }
  const right = bindExpr(level, node.right);
  return makeOperator(context, node.operator, left, right, position, schema, node);
}

/** The schema of OPERATOR(schema.op) must be there, and be for the user to look into. */
export function checkOperatorSchema(context: BindContext, schema: string | null, position: Position): void {
  if (schema === null || schema === 'pg_catalog' || keptRoutineOid(schema) !== 0) return;
  context.checkSchema([schema, ''], position);
  if (context.catalog.schemaOfPath(schema, context.environment.searchPath) !== undefined) return;
  throw context.error('3F000', `schema "${schema}" does not exist`, position);
}

/** Fields of ROW(...). */
export function bindFields(level: Level, row: ast.RowExpr): Expr[] {
  return expandFields(level, row.fields);
}

/** Field expressions with t.* and (row).* spread out. */
export function expandFields(level: Level, fields: readonly ast.Expression[]): Expr[] {
  const result: Expr[] = [];
  for (const field of fields) {
    if (field.kind === 'columnRef' && field.star) {
      const items = starItems(level, field);
      for (const column of items.flatMap((item) => item.columns)) {
        readsColumn(column.use);
        result.push({ ...column.expr });
      }
    } else if (field.kind === 'fieldStar') result.push(...expandRow(level, field).map(({ expr }) => expr));
    else result.push(bindExpr(level, field));
  }
  return result;
}

/** Row-wise comparison of equal counts of fields. */
export function compareRows(
  level: Level,
  operator: string,
  left: readonly Expr[],
  right: readonly Expr[],
  position: Position,
  schema: string | null = null,
  node: object | null = null,
): Expr {
  const { context } = level;
  checkOperatorSchema(context, schema, position);
  if (left.length !== right.length) {
    throw context.error('42601', 'unequal number of entries in row expressions', position);
  }
  if (left.length === 0) throw context.error('0A000', 'cannot compare rows of zero length', position);
  if (left.length === 1) return makeOperator(context, operator, left[0], right[0], position, schema, node);
  // One operator for all of them can be kept as it is.
  const isOne = left.every(({ typeOid }, i) => typeOid === left[0].typeOid && right[i].typeOid === right[0].typeOid);
  const noted = isOne ? node : null;
  const calls = left.map((expr, i) => makeOperatorCall(context, operator, expr, right[i], position, schema, noted));
  for (const call of calls) {
    if (call.typeOid !== BOOL) {
      throw context.error(
        '42804',
        `row comparison operator must yield type boolean, not type ${context.types.name(call.typeOid)}`,
        position,
      );
    }
  }
  if (operator === '=') return makeAnd(calls)!;
  if (operator === '<>') return makeOr(calls);
  const pattern = PATTERN_ORDER[operator];
  const order = pattern ?? operator;
  if (order !== '<' && order !== '<=' && order !== '>' && order !== '>=') {
    throw context.error(
      '0A000',
      `could not determine interpretation of row comparison operator ${operator}`,
      position,
      {
        hint: 'Row comparison operators must be associated with btree operator families.',
      },
    );
  }
  const operands = (i: number): Expr[] =>
    calls.map(({ args }) => (pattern === undefined ? args[i] : inByteOrder(context, args[i])));
  return {
    kind: 'rowCompare',
    operator: order,
    left: operands(0),
    right: operands(1),
    typeOid: BOOL,
    typeModifier: -1,
  };
}

/** The operators of text_pattern_ops. */
const PATTERN_ORDER: Readonly<Record<string, string>> = { '~<~': '<', '~<=~': '<=', '~>~': '>', '~>=~': '>=' };

function inByteOrder(context: BindContext, text: Expr): Expr {
  context.usesCollations = true;
  const { typeOid, typeModifier } = text;
  return { kind: 'call', function: collateMark(C_COLLATION), args: [text], typeOid, typeModifier };
}

/** LIKE, ILIKE, SIMILAR TO. */
export function bindLike(level: Level, node: ast.LikeExpr): Expr {
  const position = positionOf(level.context, node.position);
  const left = bindExpr(level, node.left);
  let pattern: Expr;
  if (node.operator === 'similar') {
    const args = node.escape === null ? [node.pattern] : [node.pattern, node.escape];
    pattern = callByName(level, 'similar_to_escape', args, node.position);
    return makeOperator(level.context, node.negated ? '!~' : '~', left, pattern, position, null, node);
  }
  pattern =
    node.escape === null
      ? bindExpr(level, node.pattern)
      : callByName(level, 'like_escape', [node.pattern, node.escape], node.position);
  const base = node.operator === 'like' ? '~~' : '~~*';
  return makeOperator(level.context, node.negated ? `!${base}` : base, left, pattern, position, null, node);
}

/** BETWEEN [SYMMETRIC]: two comparisons, or four. */
export function bindBetween(level: Level, node: ast.BetweenExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const arg = bindExpr(level, node.arg);
  const lower = { bound: node.lower, expr: bindExpr(level, node.lower) };
  const upper = { bound: node.upper, expr: bindExpr(level, node.upper) };
  const compare = (operator: string, { bound, expr }: typeof lower): Expr =>
    makeOperator(context, operator, arg, expr, position, null, bound);
  const one = (low: typeof lower, high: typeof lower): Expr =>
    node.negated
      ? makeOr([compare('<', low), compare('>', high)])
      : makeAnd([compare('>=', low), compare('<=', high)])!;
  if (!node.symmetric) return one(lower, upper);
  const both = [one(lower, upper), one(upper, lower)];
  return node.negated ? makeAnd(both)! : makeOr(both);
}

/** x IN (list): constants of one type become a list, others comparisons. */
export function bindInList(level: Level, node: ast.InListExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const operator = node.negated ? '<>' : '=';
  const arg = bindExpr(level, node.arg);
  const list = node.list.map((item) => bindExpr(level, item));
  const parts: Expr[] = [];
  const compare = (item: Expr, i: number): Expr =>
    arg.kind === 'row' && item.kind === 'row' && isWrittenRow(node.arg) && isWrittenRow(node.list[i])
      ? compareRows(level, operator, arg.fields, item.fields, position)
      : makeOperator(context, operator, arg, item, position, null, node);
  const constants = list.filter((item) => !mentionsColumns(item));
  const types = [arg.typeOid, ...constants.map((item) => item.typeOid)];
  const common = constants.length > 1 ? commonTypeOf(context, types) : null;
  // What does not become the common type is compared as it is (verify_common_type).
  const isCommon = (oid: number): boolean => oid === UNKNOWN || canCoerce(context, oid, common!, 'implicit');
  // Rows of the one type are records whose fields may be of other types.
  if (
    common !== null &&
    common !== RECORD &&
    context.types.arrayOf(common) !== 0 &&
    [...new Set(types)].every(isCommon)
  ) {
    const inList = makeInList(context, arg, constants, common, node, position);
    parts.push(inList);
    context.environment.recorder?.parts?.(
      node,
      constants.map((item) => coerceToCommonType(context, item, common, 'IN')),
    );
    context.environment.recorder?.expression?.(node, inList);
    const known = new Set(constants);
    list.forEach((item, i) => {
      if (!known.has(item)) parts.push(compare(item, i));
    });
  } else for (const [i, item] of list.entries()) parts.push(compare(item, i));
  return node.negated ? makeAnd(parts)! : makeOr(parts);
}

/** ROW(...), also as a composite type; not a table's row. */
export function isWrittenRow(node: ast.Expression): boolean {
  return node.kind === 'row' || (node.kind === 'cast' && isWrittenRow(node.arg));
}

function mentionsColumns(expr: Expr): boolean {
  return someExpr(expr, (child) => {
    const { kind } = logical(child);
    return kind === 'var' || kind === 'sublink' || kind === 'aggregateRef' || kind === 'windowRef';
  });
}

function makeInList(
  context: BindContext,
  arg: Expr,
  constants: readonly Expr[],
  common: number,
  node: ast.InListExpr,
  position: Position,
): Expr {
  const { negated } = node;
  const items = constants.map((item) => coerceToCommonType(context, item, common, 'IN'));
  const operator = mustFindOperator(context, '=', arg.typeOid, common, position, null, node);
  // What NOT IN is kept as.
  if (negated && operator.definition !== undefined) {
    mustFindOperator(context, '<>', arg.typeOid, common, position, null, node);
  }
  noteBehind(context, operator.function);
  const { types } = resolveTypes(context, [operator.leftType, operator.rightType], [arg.typeOid, common], position);
  return {
    kind: 'inList',
    arg: coerceType(context, arg, types[0], -1, 'implicit'),
    list: items.map((item) => coerceType(context, item, types[1], -1, 'implicit')),
    equality: operator.function,
    negated,
    typeOid: BOOL,
    typeModifier: -1,
  };
}

/** x op ANY / ALL (array). */
export function bindQuantifiedArray(level: Level, node: ast.QuantifiedArrayExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const left = bindExpr(level, node.left);
  let array = bindExpr(level, node.array);
  const { types } = context;
  let element: number;
  if (array.typeOid === UNKNOWN) element = UNKNOWN;
  else {
    element = types.elementOf(types.base(array.typeOid)) || types.subscriptOf(types.base(array.typeOid));
    if (element === 0) throw context.error('42809', 'op ANY/ALL (array) requires array on right side', position);
  }
  checkOperatorSchema(context, node.schema, position);
  const operator = mustFindOperator(context, node.operator, left.typeOid, element, position, node.schema, node);
  noteBehind(context, operator.function);
  if (operator.resultType !== BOOL) {
    throw context.error('42809', 'op ANY/ALL (array) requires operator to yield boolean', position);
  }
  const resolved = resolveTypes(
    context,
    [operator.leftType, operator.rightType],
    [left.typeOid, element === UNKNOWN ? left.typeOid : element],
    position,
  );
  const arrayType = types.arrayOf(resolved.types[1]);
  if (arrayType === 0) {
    throw context.error('42704', `could not find array type for data type ${types.name(resolved.types[1])}`, position);
  }
  if (element === UNKNOWN || types.isArray(types.base(array.typeOid))) {
    array = coerceType(context, array, arrayType, -1, 'implicit');
  }
  return {
    kind: 'arrayCompare',
    operator: operator.function,
    left: coerceType(context, left, resolved.types[0], -1, 'implicit'),
    array,
    all: node.all,
    typeOid: BOOL,
    typeModifier: -1,
  };
}

/** IS [NOT] DISTINCT FROM. */
export function bindIsDistinct(level: Level, node: ast.IsDistinctExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const left = bindExpr(level, node.left);
  const right = bindExpr(level, node.right);
  // IS [NOT] DISTINCT FROM NULL is a null test.
  const isNullConst = (expr: Expr): boolean => expr.kind === 'const' && expr.value === null && expr.typeOid === UNKNOWN;
  if (isNullConst(right) || isNullConst(left)) {
    const arg = isNullConst(right) ? left : right;
    return { kind: 'isNull', arg, negated: !node.negated, isRow: false, typeOid: BOOL, typeModifier: -1 };
  }
  // Others are compared as records.
  if (left.kind === 'row' && right.kind === 'row' && isWrittenRow(node.left) && isWrittenRow(node.right)) {
    if (left.fields.length !== right.fields.length) {
      throw context.error('42601', 'unequal number of entries in row expressions', position);
    }
    const parts = left.fields.map((field, i) => distinctFrom(context, field, right.fields[i], false, position));
    const any = makeOr(parts);
    return node.negated ? { kind: 'not', arg: any, typeOid: BOOL, typeModifier: -1 } : any;
  }
  return distinctFrom(context, left, right, node.negated, position);
}

function distinctFrom(context: BindContext, left: Expr, right: Expr, negated: boolean, position: Position): Expr {
  const call = makeOperatorCall(context, '=', left, right, position);
  if (call.typeOid !== BOOL)
    throw context.error('42804', 'IS DISTINCT FROM requires = operator to yield boolean', position);
  return {
    kind: 'distinct',
    left: call.args[0],
    right: call.args[1],
    equality: call.function,
    negated,
    typeOid: BOOL,
    typeModifier: -1,
  };
}

/** NULLIF. */
export function bindNullIf(level: Level, node: ast.NullIfExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const value = bindExpr(level, node.left);
  const call = makeOperatorCall(context, '=', value, bindExpr(level, node.right), position);
  if (call.typeOid !== BOOL) throw context.error('42804', 'NULLIF requires = operator to yield boolean', position);
  const [left, right] = call.args;
  // Of the type that is compared, but for a composite type: its rows stay its own when they are compared as records.
  const result = left.typeOid === RECORD ? value : left;
  const { typeOid, typeModifier } = result;
  return { kind: 'nullIf', left, right, equality: call.function, result, typeOid, typeModifier };
}
