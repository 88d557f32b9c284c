/**
 * Expressions: AST to typed expressions. One function a kind of node; names through scope.ts, operators and calls through
 * overload.ts and call.ts, conversions through coerce.ts.
 */

import { findCollation } from '../../catalog/collations.ts';
import type { CollationEntry } from '../../catalog/entries.ts';
import type { OperatorEntry, ScalarFunction } from '../../catalog/function-entry.ts';
import { collateMark } from '../../catalog/functions/collated.ts';
import { equalityFunction, functionsByName, operatorsByName } from '../../catalog/functions/index.ts';
import { keptRoutineOid } from '../../catalog/kept-routines.ts';
import type * as ast from '../../parser/ast.ts';
import { plainCall } from '../../parser/index.ts';
import { ARRAY_DIMENSIONS_MAX } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { caseBranch, logical, makeAnd, makeConst, makeOr, type Query, someExpr, toExpr } from '../logical.ts';
import { readsColumn, WHOLE_ROW } from '../rights.ts';
import { bindJsonbPath } from './assign-part.ts';
import { bindAttribute, bindCall } from './call.ts';
import {
  applyModifier,
  cannotCast,
  coerceToBoolean,
  coerceToCommonType,
  coerceToSpecific,
  coerceToTarget,
  coerceType,
  commonTypeOf,
  resolveUnknown,
  selectCommonModifier,
  selectCommonType,
} from './coerce.ts';
import { typeCollation } from './collation-of-type.ts';
import type { BindContext, Position } from './context.ts';
import { pendingGrouping } from './group.ts';
import { inputLiteral } from './input-value.ts';
import { noteBehind } from './made-call.ts';
import { makeOperator, makeOperatorCall, mustFindOperator } from './overload.ts';
import { resolveTypes } from './polymorphic.ts';
import { positionOf } from './position.ts';
import { checkDatabaseOf } from './qualified-name.ts';
import { namedParameter, routineParameter } from './routine.ts';
import {
  columnOfItem,
  findColumn,
  findItem,
  type Level,
  missingColumn,
  missingItem,
  type NamespaceItem,
} from './scope.ts';
import { bindSubquery } from './select.ts';
import {
  BIT,
  BOOL,
  DATE,
  INT2VECTOR,
  INT4,
  INT8,
  JSONB,
  NAME,
  NUMERIC,
  OIDVECTOR,
  RECORD,
  TEXT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  TIMETZ,
  UNKNOWN,
  VARBIT,
} from './type-info.ts';
import { resolveTypeName } from './type-name.ts';

const INT4_MAX = 2147483647;
/** Types of users: a domain may have a collation. */
const FIRST_USER_OID = 16384;

/** Binds and remembers where the expression stands. */
export function bindExpr(level: Level, node: ast.Expression): Expr {
  const expr = bindNode(level, node);
  const { context } = level;
  if (context.locationOf(expr) === undefined) context.at(expr, positionOf(context, node.position));
  context.environment.recorder?.expression(node, expr);
  return expr;
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
    case 'or': {
      const what = node.kind === 'and' ? 'AND' : 'OR';
      const args = node.args.map((arg) => coerceToBoolean(level.context, bindExpr(level, arg), what));
      const expr: Expr = { kind: node.kind, args, typeOid: BOOL, typeModifier: -1 };
      return level.context.at(expr, level.context.leftmost(args));
    }
    case 'not': {
      const arg = coerceToBoolean(level.context, bindExpr(level, node.arg), 'NOT');
      return { kind: 'not', arg, typeOid: BOOL, typeModifier: -1 };
    }
    case 'like':
      return bindLike(level, node);
    case 'between':
      return bindBetween(level, node);
    case 'inList':
      return bindInList(level, node);
    case 'inSubquery': {
      const any = bindQuantifiedSubquery(level, node.arg, node.query, '=', false, node.position);
      return node.negated ? { kind: 'not', arg: any, typeOid: BOOL, typeModifier: -1 } : any;
    }
    case 'quantifiedArray':
      return bindQuantifiedArray(level, node);
    case 'quantifiedSubquery':
      return bindQuantifiedSubquery(
        level,
        node.left,
        node.query,
        node.operator,
        node.all,
        node.position,
        node.schema,
        node,
      );
    case 'isNull': {
      const arg = bindExpr(level, node.arg);
      const isRow = arg.typeOid === RECORD || level.context.types.isComposite(arg.typeOid);
      return { kind: 'isNull', arg, negated: node.negated, isRow, typeOid: BOOL, typeModifier: -1 };
    }
    case 'booleanTest': {
      const what = `IS ${node.negated ? 'NOT ' : ''}${node.test.toUpperCase()}`;
      const arg = coerceToBoolean(level.context, bindExpr(level, node.arg), what);
      return { kind: 'booleanTest', arg, test: node.test, negated: node.negated, typeOid: BOOL, typeModifier: -1 };
    }
    case 'isDistinct':
      return bindIsDistinct(level, node);
    case 'isNormalized': {
      const args: ast.Expression[] = [node.arg];
      const form: ast.StringLiteral = {
        kind: 'string',
        value: (node.form ?? 'nfc').toUpperCase(),
        literalIndex: -1,
        position: -1,
      };
      args.push(form);
      const call = callByName(level, 'is_normalized', args, node.position);
      return node.negated ? { kind: 'not', arg: call, typeOid: BOOL, typeModifier: -1 } : call;
    }
    case 'isDocument':
      throw level.context.error('0A000', 'unsupported XML feature', positionOf(level.context, node.position), {
        detail: 'This functionality requires the server to be built with libxml support.',
      });
    case 'exists': {
      const query = bindSublink(level, node.query, node.position);
      return toExpr({ kind: 'sublink', mode: 'exists', query, test: null, typeOid: BOOL, typeModifier: -1 });
    }
    case 'scalarSubquery':
      return bindScalarSubquery(level, node.query, node.position);
    case 'arraySubquery': {
      const query = bindSublink(level, node.query, node.position);
      checkOneColumn(level, query, node.position);
      const element = query.targets[0].expr.typeOid;
      const { types } = level.context;
      const ofArrays = types.isArray(types.base(element)) ? types.base(element) : 0;
      const typeOid = types.arrayOf(element) || ofArrays;
      if (typeOid === 0) {
        throw level.context.error(
          '42704',
          `could not find array type for data type ${level.context.types.name(element)}`,
          positionOf(level.context, node.position),
        );
      }
      return toExpr({ kind: 'sublink', mode: 'array', query, test: null, typeOid, typeModifier: -1 });
    }
    case 'array':
      return bindArray(level, node, 0, -1);
    case 'row':
      return bindRow(level, node.fields);
    case 'subscript':
      return bindSubscript(level, node);
    case 'field': {
      const base = bindExpr(level, node.base);
      const owner = node.base.kind === 'columnRef' && base.kind === 'row' ? node.base.name[0] : null;
      return selectField(level, base, node.field, positionOf(level.context, node.base.position), owner);
    }
    case 'fieldStar':
      throw level.context.error(
        '0A000',
        'row expansion via "*" is not supported here',
        positionOf(level.context, node.position),
      );
    case 'case':
      return bindCase(level, node);
    case 'function':
      return bindCall(level, node);
    case 'coalesce': {
      const args = node.args.map((arg) => bindExpr(level, arg));
      refuseSets(level, args, 'COALESCE');
      const typeOid = selectCommonType(level.context, args, 'COALESCE');
      const converted = args.map((arg) => coerceToCommonType(level.context, arg, typeOid, 'COALESCE'));
      return { kind: 'coalesce', args: converted, typeOid, typeModifier: selectCommonModifier(converted, typeOid) };
    }
    case 'greatest':
    case 'least': {
      const what = node.kind.toUpperCase();
      const args = node.args.map((arg) => bindExpr(level, arg));
      const typeOid = selectCommonType(level.context, args, what);
      const converted = args.map((arg) => coerceToCommonType(level.context, arg, typeOid, what));
      return { kind: node.kind, args: converted, typeOid, typeModifier: selectCommonModifier(converted, typeOid) };
    }
    case 'nullIf':
      return bindNullIf(level, node);
    case 'sqlValue':
      return bindSqlValue(level, node);
    case 'grouping': {
      level.hasAggregates = true;
      return pendingGrouping(
        level,
        node.args.map((arg) => bindExpr(level, arg)),
      );
    }
    case 'collate':
      return bindCollate(level, node);
    case 'cast':
      return bindCast(level, node);
    case 'default':
      throw level.context.error(
        '42601',
        'DEFAULT is not allowed in this context',
        positionOf(level.context, node.position),
      );
    case 'currentOf':
      throw new Error('CURRENT OF is the whole condition of an UPDATE or DELETE');
  }
}

/** A call of a pg_catalog function made up by the binder. */
export function callByName(level: Level, name: string, args: readonly ast.Expression[], position: number): Expr {
  return bindCall(level, plainCall(['pg_catalog', name], args, position));
}

/* ---- leaves -------------------------------------------------------------------------------------------------------- */

function bindLiteral(context: BindContext, node: ast.Literal): Expr {
  const literalIndex = 'literalIndex' in node && context.storedText === 0 ? node.literalIndex : -1;
  const constant = (value: unknown, typeOid: number): Expr => ({
    kind: 'const',
    value,
    literalIndex,
    typeOid,
    typeModifier: -1,
  });
  switch (node.kind) {
    case 'integer': {
      const isInt4 = typeof node.value === 'number' && node.value <= INT4_MAX && node.value >= -INT4_MAX - 1;
      const typeOid = isInt4 ? INT4 : INT8;
      if (node.negative && literalIndex >= 0) return negate(constant(minus(node.value), typeOid));
      return constant(node.value, typeOid);
    }
    case 'numeric': {
      const position = positionOf(context, node.position);
      if (node.negative && literalIndex >= 0) {
        return negate(constant(inputLiteral(context, node.value.slice(1), NUMERIC, -1, position), NUMERIC));
      }
      return constant(inputLiteral(context, node.value, NUMERIC, -1, position), NUMERIC);
    }
    case 'string':
      return constant(node.value, UNKNOWN);
    case 'bitString': {
      const value = inputLiteral(context, node.value, BIT, -1, positionOf(context, node.position));
      return { kind: 'const', value, literalIndex: -1, typeOid: BIT, typeModifier: -1 };
    }
    case 'boolean':
      return makeConst(node.value, BOOL);
    case 'null':
      return makeConst(null, UNKNOWN);
  }
}

function minus(value: number | bigint): number | bigint {
  return typeof value === 'bigint' ? -value : -value;
}

/** A lifted literal is its unsigned number; the sign before it is a call, which shared plans keep. */
function negate(expr: Expr): Expr {
  const isMinus = (each: OperatorEntry): boolean => each.leftType === 0 && each.rightType === expr.typeOid;
  const entry = operatorsByName('-').find(isMinus);
  if (entry === undefined) throw new Error('no unary minus');
  return { kind: 'call', function: entry.function, args: [expr], typeOid: expr.typeOid, typeModifier: -1 };
}

function bindParameter(context: BindContext, node: ast.ParamRef): Expr {
  const index = node.number - 1;
  const position = positionOf(context, node.position);
  if (context.routine !== null) return routineParameter(context, context.routine, node.number, position);
  const known = context.parameterTypes.length;
  if (node.number < 1 || node.number > 65535 || (context.environment.fixedParameters === true && index >= known)) {
    throw context.error('42P02', `there is no parameter $${node.number}`, position);
  }
  while (context.parameterTypes.length <= index) context.parameterTypes.push(0);
  return { kind: 'param', index, typeOid: context.parameterType(index), typeModifier: -1 };
}

function bindColumnRef(level: Level, node: ast.ColumnRef): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  refuseColumns(level, position);
  // t.* in an expression is the whole row.
  if (node.star) {
    if (node.name.length === 0) throw context.error('42601', 'row expansion via "*" is not supported here', position);
    const [item] = starItems(level, node);
    const parameter = item.name === null && item.rel < 0 ? namedParameter(level, node.name, position) : null;
    return parameter ?? wholeRow(level, item, position);
  }
  const { name } = node;
  if (name.length === 1) {
    const hit = findColumn(level, name[0], position);
    if (hit !== null) return hit.expr;
    const item = findItem(level, null, name[0], position);
    if (item !== null) return wholeRow(level, item, position);
    const parameter = namedParameter(level, name, position);
    if (parameter !== null) return parameter;
    throw missingColumn(level, null, name[0], position);
  }
  const { schema, table, column } = splitName(level, name, position);
  const item = findItem(level, schema, table, position);
  const found = item === null ? undefined : columnOfItem(level, item, column, position);
  if (found !== undefined) return found.expr;
  const parameter = namedParameter(level, name, position);
  if (parameter !== null) return parameter;
  if (item === null) throw missingItem(level, table, position);
  const called = bindAttribute(level, { ...node, name: name.slice(0, -1) }, column);
  if (called !== null) return called;
  throw missingColumn(level, table, column, position);
}

function splitName(level: Level, name: readonly string[], position: Position) {
  if (name.length === 2) return { schema: null, table: name[0], column: name[1] };
  if (name.length === 3) return { schema: name[0], table: name[1], column: name[2] };
  if (name.length === 4) return { schema: name[1], table: name[2], column: name[3] };
  throw level.context.error('42601', `improper qualified name (too many dotted names): ${name.join('.')}`, position);
}

/** Columns may not stand in DEFAULT and the like. */
function refuseColumns(level: Level, position: Position): void {
  if (level.clause === 'default') {
    throw level.context.error('0A000', 'cannot use column reference in DEFAULT expression', position);
  }
}

/** A table's row as a value. */
export function wholeRow(level: Level, item: NamespaceItem, position: Position): Expr {
  // A function that gives one unnamed column is its own row.
  const relation = item.rel < 0 ? undefined : level.context.relationOf(level, item.rel);
  if (relation !== undefined && relation.kind === 'function' && relation.columns.length === 1) {
    if (relation.functions.length === 1 && relation.functions[0].function.outColumns === undefined) {
      return level.context.at({ ...item.columns[0].expr }, position);
    }
  }
  if (item.need !== undefined) readsColumn({ need: item.need, number: WHOLE_ROW });
  else for (const column of item.columns) readsColumn(column.use);
  const fields = item.columns.map((column) => column.expr);
  const names = item.columns.map((column) => column.name);
  const typeOid = item.rel >= 0 ? (item.table?.rowTypeOid ?? RECORD) : RECORD;
  const row: Expr = { kind: 'row', fields, names, typeOid, typeModifier: -1 };
  return level.context.at(item.nullable ? { ...row, nullWhenEmpty: true } : row, position);
}

/* ---- operators ----------------------------------------------------------------------------------------------------- */

function bindOperator(level: Level, node: ast.OperatorExpr): Expr {
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
  if (left.kind === 'row' && right.kind === 'row' && isComparison(node.operator)) {
    const isWritten = node.left.kind === 'row' || node.right.kind === 'row';
    if (isWritten) return compareRows(level, node.operator, left.fields, right.fields, position, schema, node);
  }
  return makeOperator(context, node.operator, left, right, position, schema, node);
}

/** The schema of OPERATOR(schema.op) must be there, and be for the user to look into. */
export function checkOperatorSchema(context: BindContext, schema: string | null, position: Position): void {
  if (schema === null || schema === 'pg_catalog' || keptRoutineOid(schema) !== 0) return;
  context.checkSchema([schema, ''], position);
  if (context.catalog.schemaOfPath(schema, context.environment.searchPath) !== undefined) return;
  throw context.error('3F000', `schema "${schema}" does not exist`, position);
}

function isComparison(operator: string): boolean {
  return ['=', '<>', '<', '<=', '>', '>='].includes(operator);
}

function bindFields(level: Level, row: ast.RowExpr): Expr[] {
  return expandFields(level, row.fields);
}

/** Field expressions with t.* spread out. */
function expandFields(level: Level, fields: readonly ast.Expression[]): Expr[] {
  const result: Expr[] = [];
  for (const field of fields) {
    if (field.kind === 'columnRef' && field.star) {
      const items = starItems(level, field);
      for (const column of items.flatMap((item) => item.columns)) {
        readsColumn(column.use);
        result.push({ ...column.expr });
      }
    } else result.push(bindExpr(level, field));
  }
  return result;
}

/** The items that `*` or `t.*` stands for. */
export function starItems(level: Level, node: ast.ColumnRef): NamespaceItem[] {
  const { context } = level;
  const position = positionOf(context, node.position);
  if (node.name.length === 0) {
    const items = level.namespace.filter((item) => item.columnsVisible && !item.lateralOnly);
    if (items.length === 0) {
      throw context.error('42601', 'SELECT * with no tables specified is not valid', position);
    }
    return items;
  }
  const table = node.name[node.name.length - 1];
  const schema = node.name.length > 1 ? node.name[node.name.length - 2] : null;
  const item = findItem(level, schema, table, position);
  if (item !== null) return [item];
  const parameter = namedParameter(level, node.name, position);
  const fields = parameter === null ? null : fieldsOf(level, parameter);
  if (parameter === null || fields === null) throw missingItem(level, table, position);
  return [parameterItem(parameter, fields)];
}

/** p.* of a function's parameter of a composite type. */
function parameterItem(parameter: Expr, fields: readonly { name: string; typeOid: number }[]): NamespaceItem {
  const columns = fields.map(({ name, typeOid }, index) => ({
    name,
    expr: { kind: 'field', base: parameter, index, typeOid, typeModifier: -1 } as const,
    tableOid: 0,
    columnNumber: 0,
  }));
  return {
    name: null,
    schemaName: null,
    rel: -1,
    table: null,
    hasAlias: false,
    columns,
    relationVisible: true,
    columnsVisible: true,
    lateralOnly: false,
    lateralOk: true,
    nullable: false,
  };
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
  const calls = left.map((expr, i) => makeOperatorCall(context, operator, expr, right[i], position, schema, node));
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
  if (operator !== '<' && operator !== '<=' && operator !== '>' && operator !== '>=') {
    throw context.error(
      '0A000',
      `could not determine interpretation of row comparison operator ${operator}`,
      position,
      {
        hint: 'Row comparison operators must be associated with btree operator families.',
      },
    );
  }
  const operands = (i: number): Expr[] => calls.map((call) => call.args[i]);
  return {
    kind: 'rowCompare',
    operator,
    left: operands(0),
    right: operands(1),
    typeOid: BOOL,
    typeModifier: -1,
  };
}

function bindLike(level: Level, node: ast.LikeExpr): Expr {
  const position = positionOf(level.context, node.position);
  const left = bindExpr(level, node.left);
  let pattern: Expr;
  if (node.operator === 'similar') {
    const args = node.escape === null ? [node.pattern] : [node.pattern, node.escape];
    pattern = callByName(level, 'similar_to_escape', args, node.position);
    return makeOperator(level.context, node.negated ? '!~' : '~', left, pattern, position);
  }
  pattern =
    node.escape === null
      ? bindExpr(level, node.pattern)
      : callByName(level, 'like_escape', [node.pattern, node.escape], node.position);
  const base = node.operator === 'like' ? '~~' : '~~*';
  return makeOperator(level.context, node.negated ? `!${base}` : base, left, pattern, position);
}

function bindBetween(level: Level, node: ast.BetweenExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const arg = bindExpr(level, node.arg);
  const lower = bindExpr(level, node.lower);
  const upper = bindExpr(level, node.upper);
  const one = (low: Expr, high: Expr): Expr => {
    if (!node.negated) {
      return makeAnd([
        makeOperator(context, '>=', arg, low, position),
        makeOperator(context, '<=', arg, high, position),
      ])!;
    }
    return makeOr([makeOperator(context, '<', arg, low, position), makeOperator(context, '>', arg, high, position)]);
  };
  if (!node.symmetric) return one(lower, upper);
  const both = [one(lower, upper), one(upper, lower)];
  return node.negated ? makeAnd(both)! : makeOr(both);
}

function bindInList(level: Level, node: ast.InListExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const operator = node.negated ? '<>' : '=';
  const arg = bindExpr(level, node.arg);
  const list = node.list.map((item) => bindExpr(level, item));
  const parts: Expr[] = [];
  if (arg.kind === 'row' || list.some((item) => item.kind === 'row')) {
    for (const item of list) {
      const left = arg.kind === 'row' ? arg.fields : [arg];
      const right = item.kind === 'row' ? item.fields : [item];
      parts.push(compareRows(level, operator, left, right, position));
    }
    return node.negated ? makeAnd(parts)! : makeOr(parts);
  }
  const constants = list.filter((item) => !mentionsColumns(item));
  const others = list.filter((item) => !constants.includes(item));
  const common =
    constants.length > 1
      ? commonTypeOf(
          context,
          [arg, ...constants].map((item) => item.typeOid),
        )
      : null;
  if (common !== null && context.types.arrayOf(common) !== 0) {
    const inList = makeInList(context, arg, constants, common, node.negated, position);
    parts.push(inList);
    context.environment.recorder?.parts(
      node,
      constants.map((item) => coerceToCommonType(context, item, common, 'IN')),
    );
    context.environment.recorder?.expression(node, inList);
    for (const item of others) parts.push(makeOperator(context, operator, arg, item, position));
  } else for (const item of list) parts.push(makeOperator(context, operator, arg, item, position));
  return node.negated ? makeAnd(parts)! : makeOr(parts);
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
  negated: boolean,
  position: Position,
): Expr {
  const items = constants.map((item) => coerceToCommonType(context, item, common, 'IN'));
  const operator = mustFindOperator(context, '=', arg.typeOid, common, position);
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

function bindQuantifiedArray(level: Level, node: ast.QuantifiedArrayExpr): Expr {
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

function bindIsDistinct(level: Level, node: ast.IsDistinctExpr): Expr {
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
  if (left.kind === 'row' && right.kind === 'row') {
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

function bindNullIf(level: Level, node: ast.NullIfExpr): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const call = makeOperatorCall(context, '=', bindExpr(level, node.left), bindExpr(level, node.right), position);
  if (call.typeOid !== BOOL) throw context.error('42804', 'NULLIF requires = operator to yield boolean', position);
  const [left, right] = call.args;
  return {
    kind: 'nullIf',
    left,
    right,
    equality: call.function,
    result: left,
    typeOid: left.typeOid,
    typeModifier: left.typeModifier,
  };
}

/* ---- subqueries ---------------------------------------------------------------------------------------------------- */

const SUBQUERY_REFUSED: Readonly<Record<string, string>> = {
  check: 'cannot use subquery in check constraint',
  default: 'cannot use subquery in DEFAULT expression',
  generated: 'cannot use subquery in column generation expression',
  'index expression': 'cannot use subquery in index expression',
  'index predicate': 'cannot use subquery in index predicate',
  'statistics expression': 'cannot use subquery in statistics expression',
  'alter using': 'cannot use subquery in transform expression',
  execute: 'cannot use subquery in EXECUTE parameter',
  'as of': 'cannot use subquery in AS OF SYSTEM TIME',
  call: 'cannot use subquery in CALL argument',
};

function bindSublink(level: Level, query: ast.Query, position = query.position): Query {
  const refused = SUBQUERY_REFUSED[level.clause];
  if (refused !== undefined) throw level.context.error('0A000', refused, positionOf(level.context, position));
  return bindSubquery(level, query);
}

function checkOneColumn(level: Level, query: Query, position: number): void {
  if (query.targets.length !== 1) {
    throw level.context.error('42601', 'subquery must return only one column', positionOf(level.context, position));
  }
}

function bindScalarSubquery(level: Level, node: ast.Query, position: number): Expr {
  const query = bindSublink(level, node, position);
  checkOneColumn(level, query, position);
  const { typeOid, typeModifier } = query.targets[0].expr;
  return toExpr({ kind: 'sublink', mode: 'scalar', query, test: null, typeOid, typeModifier });
}

/** (a, b) op (SELECT x, y): one row at most. */
function bindRowSublink(
  level: Level,
  left: Expr & { kind: 'row' },
  operator: string,
  node: ast.Query,
  position: Position,
): Expr {
  const { context } = level;
  const query = bindSublink(level, node);
  const columns = subqueryColumns(query);
  if (left.fields.length < columns.length) throw context.error('42601', 'subquery has too many columns', position);
  if (left.fields.length > columns.length) throw context.error('42601', 'subquery has too few columns', position);
  const test = compareRows(level, operator, left.fields, columns, position);
  return toExpr({ kind: 'sublink', mode: 'row', query, test, typeOid: BOOL, typeModifier: -1 });
}

/** The subquery's columns as the test of ANY and ALL sees them. */
function subqueryColumns(query: Query): Expr[] {
  return query.targets.map((target, index) => ({
    kind: 'column',
    input: 2,
    index,
    typeOid: target.expr.typeOid,
    typeModifier: target.expr.typeModifier,
  }));
}

function bindQuantifiedSubquery(
  level: Level,
  leftNode: ast.Expression,
  queryNode: ast.Query,
  operator: string,
  all: boolean,
  offset: number,
  schema: string | null = null,
  node: object | null = null,
): Expr {
  const position = positionOf(level.context, offset);
  const query = bindSublink(level, queryNode);
  const left = leftNode.kind === 'row' ? bindFields(level, leftNode) : rowFields(bindExpr(level, leftNode));
  const columns = subqueryColumns(query);
  if (left.length < columns.length) throw level.context.error('42601', 'subquery has too many columns', position);
  if (left.length > columns.length) throw level.context.error('42601', 'subquery has too few columns', position);
  const test = compareRows(level, operator, left, columns, position, schema, node);
  if (test.typeOid !== BOOL) {
    throw level.context.error(
      '42804',
      `row comparison operator must yield type boolean, not type ${level.context.types.name(test.typeOid)}`,
      position,
    );
  }
  const mode = all ? 'all' : 'any';
  return toExpr({ kind: 'sublink', mode, query, test, typeOid: BOOL, typeModifier: -1 });
}

function rowFields(expr: Expr): readonly Expr[] {
  return expr.kind === 'row' ? expr.fields : [expr];
}

/* ---- constructors and access --------------------------------------------------------------------------------------- */

/** target: element type that a cast around it asks for, 0 if none. */
function bindArray(level: Level, node: ast.ArrayExpr, targetArray: number, targetModifier: number): Expr {
  const { context } = level;
  const { types } = context;
  const position = positionOf(context, node.position);
  const targetElement = targetArray === 0 ? 0 : types.elementOf(types.base(targetArray));
  let nested = false;
  const elements = node.elements.map((element) => {
    if (element.kind === 'array') {
      nested = true;
      return bindArray(level, element, targetArray, targetModifier);
    }
    const bound = bindExpr(level, element);
    // A domain over an array is an element like others, and so are the vectors.
    if (types.isArray(bound.typeOid) && bound.typeOid !== INT2VECTOR && bound.typeOid !== OIDVECTOR) nested = true;
    return bound;
  });
  let elementType: number;
  let arrayType: number;
  if (targetArray !== 0) {
    elementType = nested ? types.base(targetArray) : targetElement;
    arrayType = types.base(targetArray);
  } else {
    if (elements.length === 0) {
      throw context.error('42P18', 'cannot determine type of empty array', position, {
        hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
      });
    }
    elementType = selectCommonType(context, elements, 'ARRAY');
    arrayType = nested && types.isArray(elementType) ? elementType : types.arrayOf(elementType);
    if (arrayType === 0) {
      throw context.error('42704', `could not find array type for data type ${types.name(elementType)}`, position);
    }
  }
  const converted = elements.map((element) => {
    if (targetArray === 0) return coerceToCommonType(context, element, elementType, 'ARRAY');
    const cast = coerceToTarget(context, element, elementType, targetModifier, 'explicit');
    if (cast === null) throw cannotCast(context, element.typeOid, elementType, context.locationOf(element));
    return cast;
  });
  return context.at(
    {
      kind: 'array',
      elementType: types.elementOf(arrayType),
      elements: converted,
      multidimensional: nested,
      typeOid: arrayType,
      typeModifier: -1,
    },
    position,
  );
}

function bindRow(level: Level, fieldNodes: readonly ast.Expression[]): Expr {
  const fields = expandFields(level, fieldNodes);
  const resolved = fields.map((field) => resolveUnknown(level.context, field));
  // Unknown literals keep their nature until the row is compared; a stored row makes them text.
  const names = fields.map((_, i) => `f${i + 1}`);
  const untyped = fields.some((field) => field.typeOid === UNKNOWN);
  return { kind: 'row', fields: untyped ? fields : resolved, names, typeOid: RECORD, typeModifier: -1 };
}

function bindSubscript(level: Level, node: ast.SubscriptExpr): Expr {
  const { context } = level;
  const { types } = context;
  const position = positionOf(context, node.position);
  let base = bindExpr(level, node.base);
  const baseType = types.base(base.typeOid);
  if (baseType === JSONB) {
    // Together they are a path: in an array a text may be an index, and a scalar has no parts.
    const elements = bindJsonbPath(level, node.subscripts).map((step) =>
      step.typeOid === TEXT ? step : coerceType(context, step, TEXT, -1, 'explicit'),
    );
    const typeOid = types.arrayOf(TEXT);
    const path: Expr = {
      kind: 'array',
      elementType: TEXT,
      elements,
      multidimensional: false,
      typeOid,
      typeModifier: -1,
    };
    return makeOperator(context, '#>', base, path, position);
  }
  const elementType = types.subscriptOf(baseType);
  const isFixed = types.isFixedArray(baseType);
  if (elementType === 0 || !(types.isArray(baseType) || types.category(baseType) === 'A' || isFixed)) {
    throw context.error(
      '42804',
      `cannot subscript type ${types.name(base.typeOid)} because it does not support subscripting`,
      context.locationOf(base) ?? position,
    );
  }
  const isSlice = node.subscripts.some((subscript) => subscript.isSlice);
  if (!isFixed && node.subscripts.length > ARRAY_DIMENSIONS_MAX) {
    const message = `number of array dimensions (${node.subscripts.length}) exceeds the maximum allowed (${ARRAY_DIMENSIONS_MAX})`;
    throw context.error('54000', message);
  }
  if (isSlice && isFixed) throw context.error('0A000', 'slices of fixed-length arrays not implemented');
  const bound = (expr: ast.Expression | null): Expr | null => {
    if (expr === null) return null;
    const index = bindExpr(level, expr);
    const converted = coerceToTarget(context, index, INT4, -1, 'assignment');
    if (converted === null) {
      throw context.error('42804', 'array subscript must have type integer', context.locationOf(index));
    }
    return converted;
  };
  const subscripts = node.subscripts.map((subscript) => ({
    isSlice: subscript.isSlice,
    lower: bound(subscript.lower),
    upper: bound(subscript.upper),
  }));
  if (types.base(base.typeOid) !== base.typeOid) base = coerceType(context, base, baseType, -1, 'implicit');
  return {
    kind: 'subscript',
    base,
    subscripts,
    typeOid: isSlice ? baseType : elementType,
    typeModifier: base.typeModifier,
  };
}

/** (row).field */
export function selectField(
  level: Level,
  base: Expr,
  field: string,
  position: Position,
  owner: string | null = null,
): Expr {
  const { context } = level;
  const missing = () => {
    if (owner !== null) return context.error('42703', `column ${owner}.${field} does not exist`, position);
    if (base.typeOid === RECORD) {
      return context.error('42703', `could not identify column "${field}" in record data type`, position);
    }
    if (base.typeOid === RECORD || context.types.isComposite(base.typeOid)) {
      return context.error(
        '42703',
        `column "${field}" not found in data type ${context.types.name(base.typeOid)}`,
        position,
      );
    }
    return context.error(
      '42809',
      `column notation .${field} applied to type ${context.types.name(base.typeOid)}, which is not a composite type`,
      position,
    );
  };
  const columns = fieldsOf(level, base);
  const index = columns === null ? -1 : columns.findIndex((column) => column.name === field);
  if (columns === null || index < 0) throw missing();
  if (base.kind === 'row') return context.at({ ...base.fields[index] }, position);
  const { typeOid } = columns[index];
  return { kind: 'field', base, index, typeOid, typeModifier: -1 };
}

/** Names and types of a row value's fields, where they are known. */
export function fieldsOf(level: Level, base: Expr): { name: string; typeOid: number }[] | null {
  const node = logical(base);
  if (node.kind === 'row') return node.names.map((name, i) => ({ name, typeOid: node.fields[i].typeOid }));
  if (node.kind === 'call' && node.function.outColumns !== undefined && base.typeOid === RECORD)
    return [...node.function.outColumns];
  if (node.kind === 'sublink' && node.mode === 'scalar') return fieldsOf(level, node.query.targets[0].expr);
  if (node.kind === 'var') {
    const relation = level.context.relationOf(level, node.rel);
    if (relation?.kind === 'subquery') return fieldsOf(level, relation.query.targets[node.column].expr);
  }
  const type = level.context.types.get(level.context.types.base(base.typeOid));
  if (type?.attributes === undefined) return null;
  return type.attributes.map((attribute) => ({ name: attribute.name, typeOid: attribute.typeOid }));
}

/* ---- CASE, casts and the rest -------------------------------------------------------------------------------------- */

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
    const found = someExpr(expr, (child) => child.kind === 'call' && child.function.returnsSet);
    if (!found) continue;
    throw level.context.error(
      '0A000',
      `set-returning functions are not allowed in ${what}`,
      level.context.locationOf(expr),
      { hint: 'You might be able to move the set-returning function into a LATERAL FROM item.' },
    );
  }
}

function bindCast(level: Level, node: ast.CastExpr): Expr {
  const { context } = level;
  const target = resolveTypeName(context, node.type);
  if (target.typeOid >= FIRST_USER_OID && typeCollation(context, target.typeOid) > 0) context.usesCollations = true;
  const isArrayTarget = context.types.isArray(context.types.base(target.typeOid));
  const arg =
    node.arg.kind === 'array' && isArrayTarget
      ? bindArray(level, node.arg, target.typeOid, target.typeModifier)
      : bindExpr(level, node.arg);
  return castExplicit(context, arg, target.typeOid, target.typeModifier, positionOf(context, node.position));
}

export function castExplicit(
  context: BindContext,
  arg: Expr,
  typeOid: number,
  typeModifier: number,
  position: Position,
): Expr {
  // What a row's fields cannot become is refused at the cast.
  const from = arg.kind === 'row' && context.types.isComposite(typeOid) ? context.at({ ...arg }, position) : arg;
  const result = coerceToTarget(context, from, typeOid, typeModifier, 'explicit');
  if (result === null) throw cannotCast(context, arg.typeOid, typeOid, position ?? context.locationOf(arg));
  if (result === arg) return context.copyLocation(arg, { ...arg });
  return result;
}

function bindCollate(level: Level, node: ast.CollateExpr): Expr {
  const { context } = level;
  const bound = bindExpr(level, node.arg);
  const position = positionOf(context, node.position);
  const arg = bound.typeOid === UNKNOWN ? resolveUnknown(context, bound) : bound;
  if (typeCollation(context, arg.typeOid) === 0) {
    throw context.error('42804', `collations are not supported by type ${context.types.name(arg.typeOid)}`, position);
  }
  const found = mustFindCollation(context, node.collation, position);
  context.usesCollations = true;
  const { typeOid, typeModifier } = arg;
  const expr: Expr = { kind: 'call', function: collateMark(found.oid), args: [arg], typeOid, typeModifier };
  return context.at(expr, position);
}

/** 42704 when there is none. */
export function mustFindCollation(context: BindContext, name: readonly string[], position: Position): CollationEntry {
  const { searchPath } = context.environment;
  checkDatabaseOf(context, name, position);
  if (name.length > 1 && context.catalog.schemaOfPath(name[name.length - 2], searchPath) === undefined) {
    throw context.error('3F000', `schema "${name[name.length - 2]}" does not exist`, position);
  }
  const found = findCollation(context.catalog, name, searchPath);
  if (found !== undefined) return found;
  throw context.error('42704', `collation "${name.join('.')}" for encoding "UTF8" does not exist`, position);
}

function noArguments(name: string): ScalarFunction | null {
  const found = functionsByName(name).find((entry) => entry.kind === 'scalar' && entry.argumentTypes.length === 0);
  return (found as ScalarFunction | undefined) ?? null;
}

const SQL_VALUES: Readonly<Record<ast.SqlValueFunctionName, { readonly call: string; readonly typeOid: number }>> = {
  current_date: { call: 'now', typeOid: DATE },
  current_time: { call: 'now', typeOid: TIMETZ },
  current_timestamp: { call: 'now', typeOid: TIMESTAMPTZ },
  localtime: { call: 'now', typeOid: TIME },
  localtimestamp: { call: 'now', typeOid: TIMESTAMP },
  current_role: { call: 'current_user', typeOid: NAME },
  current_user: { call: 'current_user', typeOid: NAME },
  user: { call: 'current_user', typeOid: NAME },
  session_user: { call: 'session_user', typeOid: NAME },
  current_catalog: { call: 'current_database', typeOid: NAME },
  current_schema: { call: 'current_schema', typeOid: NAME },
};

function bindSqlValue(level: Level, node: ast.SqlValueFunction): Expr {
  const { context } = level;
  const { call, typeOid } = SQL_VALUES[node.function];
  const entry = noArguments(call);
  if (entry === null)
    throw context.error('42883', `function ${call}() does not exist`, positionOf(context, node.position));
  const value: Expr = { kind: 'call', function: entry, args: [], typeOid: entry.returnType, typeModifier: -1 };
  const converted = coerceType(context, value, typeOid, -1, 'explicit');
  if (node.precision === null) return converted;
  return applyModifier(context, converted, Math.min(node.precision, 6), true);
}

/** LIMIT, OFFSET, frame offsets: int8 (or the type the caller says). */
export function bindCount(level: Level, node: ast.Expression, typeOid: number, what: string): Expr {
  return coerceToSpecific(level.context, bindExpr(level, node), typeOid, what);
}

/** Types without equality cannot be grouped, distinct, hashed. */
export function mustHaveEquality(context: BindContext, typeOid: number, position: Position): void {
  if (equalityFunction(context.types.comparedAs(typeOid)) !== null) return;
  throw context.error(
    '42883',
    `could not identify an equality operator for type ${context.types.name(typeOid)}`,
    position,
  );
}

export const VARBIT_OID = VARBIT;
