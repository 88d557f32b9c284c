/** Subqueries in expressions: EXISTS, IN, ANY and ALL, those that give one value, one row or an array. */
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { type Query, toExpr } from '../logical.ts';
import { bindFields, compareRows, isWrittenRow } from './comparison.ts';
import type { Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { bindSubquery } from './select.ts';
import { BOOL } from './type-info.ts';

const SUBQUERY_REFUSED: Readonly<Record<string, string>> = {
  check: 'cannot use subquery in check constraint',
  default: 'cannot use subquery in DEFAULT expression',
  generated: 'cannot use subquery in column generation expression',
  'index expression': 'cannot use subquery in index expression',
  'index predicate': 'cannot use subquery in index predicate',
  'statistics expression': 'cannot use subquery in statistics expression',
  'alter using': 'cannot use subquery in transform expression',
  'copy where': 'cannot use subquery in COPY FROM WHERE condition',
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

/** (SELECT x) */
export function bindScalarSubquery(level: Level, node: ast.Query, position: number): Expr {
  const query = bindSublink(level, node, position);
  checkOneColumn(level, query, position);
  const { typeOid, typeModifier } = query.targets[0].expr;
  return toExpr({ kind: 'sublink', mode: 'scalar', query, test: null, typeOid, typeModifier });
}

/** EXISTS (SELECT ...) */
export function bindExists(level: Level, node: ast.ExistsExpr): Expr {
  const query = bindSublink(level, node.query, node.position);
  return toExpr({ kind: 'sublink', mode: 'exists', query, test: null, typeOid: BOOL, typeModifier: -1 });
}

/** ARRAY(SELECT ...) */
export function bindArraySubquery(level: Level, node: ast.ArraySubqueryExpr): Expr {
  const query = bindSublink(level, node.query, node.position);
  checkOneColumn(level, query, node.position);
  const { typeOid: element, typeModifier } = query.targets[0].expr;
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
  return toExpr({ kind: 'sublink', mode: 'array', query, test: null, typeOid, typeModifier });
}

/** (a, b) op (SELECT x, y): one row at most. */
export function bindRowSublink(
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

/** x IN (SELECT ...) */
export function bindInSubquery(level: Level, node: ast.InSubqueryExpr): Expr {
  const any = quantified(level, node.arg, node.query, '=', false, node.position, null, node);
  return node.negated ? { kind: 'not', arg: any, typeOid: BOOL, typeModifier: -1 } : any;
}

/** x op ANY / ALL (SELECT ...) */
export function bindQuantifiedSubquery(level: Level, node: ast.QuantifiedSubqueryExpr): Expr {
  return quantified(level, node.left, node.query, node.operator, node.all, node.position, node.schema, node);
}

function quantified(
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
  const query = bindSublink(level, queryNode, offset);
  const left = leftFields(level, leftNode);
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

function leftFields(level: Level, node: ast.Expression): readonly Expr[] {
  if (node.kind === 'row') return bindFields(level, node);
  const bound = bindExpr(level, node);
  return bound.kind === 'row' && isWrittenRow(node) ? bound.fields : [bound];
}
