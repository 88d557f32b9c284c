/** Literals, parameters, and what SQL writes as words (CURRENT_DATE). */
import type { OperatorEntry, ScalarFunction } from '../../catalog/function-entry.ts';
import { functionsByName, operatorsByName } from '../../catalog/functions/index.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { makeConst } from '../logical.ts';
import { applyModifier, coerceType } from './coerce.ts';
import type { BindContext } from './context.ts';
import { inputLiteral } from './input-value.ts';
import { positionOf } from './position.ts';
import { routineParameter } from './routine.ts';
import type { Level } from './scope.ts';
import {
  BIT,
  BOOL,
  DATE,
  INT4,
  INT8,
  NAME,
  NUMERIC,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  TIMETZ,
  UNKNOWN,
} from './type-info.ts';

const INT4_MAX = 2147483647;
/** A literal; `unknown` for strings. */
export function bindLiteral(context: BindContext, node: ast.Literal): Expr {
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

/** $1; inside a function its parameter. */
export function bindParameter(context: BindContext, node: ast.ParamRef): Expr {
  const index = node.number - 1;
  const position = positionOf(context, node.position);
  if (context.routine !== null) return routineParameter(context, context.routine, node.number, position);
  const known = context.parameterTypes.length;
  if (node.number < 1 || (context.environment.fixedParameters === true && index >= known)) {
    throw context.error('42P02', `there is no parameter $${node.number}`, position);
  }
  while (context.parameterTypes.length <= index) context.parameterTypes.push(0);
  const expr: Expr = { kind: 'param', index, typeOid: context.parameterType(index), typeModifier: -1 };
  if (expr.typeOid === UNKNOWN) context.untypedReferences.add(expr);
  return expr;
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

/** CURRENT_DATE and its like: calls of what they stand for. */
export function bindSqlValue(level: Level, node: ast.SqlValueFunction): Expr {
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
