/** Names and types of a row value's fields: of its type, or, for a record, of the expression that it comes from (expandRecordVariable). */
import { attributeIndex, keptField } from '../../catalog/kept-fields.ts';
import type * as ast from '../../parser/ast.ts';
import type { SqlError } from '../../types/errors.ts';
import type { Expr } from '../expr.ts';
import { logical, type Query, type Relation } from '../logical.ts';
import type { Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import { findItem, type Level } from './scope.ts';
import { RECORD } from './type-info.ts';

export interface RowField {
  readonly name: string;
  readonly typeOid: number;
  /** Absent: -1. */
  readonly typeModifier?: number;
}

/** Null: they are not known. */
export function fieldsOf(level: Level, base: Expr): readonly RowField[] | null {
  const node = logical(base);
  switch (node.kind) {
    case 'row':
      return node.names.map((name, i) => {
        const { typeOid, typeModifier } = node.fields[i];
        return { name, typeOid, typeModifier };
      });
    case 'call':
      if (node.function.outColumns !== undefined && base.typeOid === RECORD) return node.function.outColumns;
      break;
    case 'sublink':
      if (node.mode === 'scalar') return fieldsOfColumn(level, node.query, 0);
      break;
    case 'var':
      if (base.typeOid === RECORD) return fieldsOfVar(level, node.rel, node.column);
      break;
    default:
      break;
  }
  const type = level.context.types.get(level.context.types.base(base.typeOid));
  return type?.attributes?.map(({ name, typeOid, typmod }) => ({ name, typeOid, typeModifier: typmod })) ?? null;
}

function fieldsOfVar(level: Level, rel: number, column: number): readonly RowField[] | null {
  const { context } = level;
  const relation: Relation | undefined = context.relationOf(level, rel) ?? context.anyRelation(rel);
  if (relation?.kind === 'subquery') return fieldsOfColumn(level, relation.query, column);
  if (relation?.kind !== 'cte') return null;
  const definition = context.cteDefinition(relation.cte);
  const query = definition?.query ?? definition?.recursive?.start;
  if (query !== undefined) return fieldsOfColumn(level, query, column);
  const returned = definition?.modify?.returning?.[column];
  return returned === undefined ? null : fieldsOf(level, returned.expr);
}

/** Of a set operation the leftmost query says it. */
function fieldsOfColumn(level: Level, query: Query, column: number): readonly RowField[] | null {
  const { setOperation, targets } = query;
  if (setOperation !== null) return fieldsOfColumn(level, setOperation.left, column);
  return fieldsOf(level, targets[column].expr);
}

/** (row).field, or else what `call` makes of it: a function of the row, as row.f is; null: neither. */
export function bindField(level: Level, node: ast.FieldExpr, call: () => Expr | null): Expr {
  const bound = bindBase(level, node);
  const { base, owner } = bound;
  const position = level.context.leftmost([base], positionOf(level.context, node.base.position));
  const index = findField(level, base, node.field);
  if (index < 0) {
    const called = call();
    if (called !== null) return called;
    throw missingField(level, base, node.field, position, owner);
  }
  noteFields(level, node, bound, [index]);
  return fieldAt(level, base, index, position);
}

/** The row of (row).field and (row).*; `owner`: the item of FROM whose row it is. */
interface BoundBase {
  readonly base: Expr;
  readonly owner: string | null;
}

function bindBase(level: Level, node: ast.FieldExpr | ast.FieldStarExpr): BoundBase {
  const base = bindExpr(level, node.base);
  const owner = node.base.kind === 'columnRef' && base.kind === 'row' ? node.base.name[0] : null;
  return { base: owner !== null && base.kind === 'row' ? withAliases(level, base, owner) : base, owner };
}

/** (t).c: by the names that the columns have here; the row's type may have others. */
function withAliases(level: Level, row: Expr & { kind: 'row' }, name: string): Expr {
  const item = findItem(level, null, name, undefined);
  return item === null ? row : { ...row, names: item.columns.map((column) => column.name) };
}

/** (row).* */
export function expandRow(level: Level, node: ast.FieldStarExpr): { expr: Expr; name: string }[] {
  const { context } = level;
  const bound = bindBase(level, node);
  const { base } = bound;
  const fields = fieldsOf(level, base);
  const position = positionOf(context, node.position);
  if (fields === null) {
    if (base.typeOid === RECORD) throw context.error('42601', 'record type has not been registered', position);
    throw context.error('42809', `type ${context.types.name(base.typeOid)} is not composite`, position);
  }
  noteFields(
    level,
    node,
    bound,
    fields.map((_, index) => index),
  );
  return fields.map(({ name }, index) => ({ expr: fieldAt(level, base, index, position), name }));
}

/** For those who keep the query. */
function noteFields(level: Level, node: object, { base, owner }: BoundBase, indexes: readonly number[]): void {
  const { environment, types } = level.context;
  if (environment.noteFields === undefined) return;
  const fields = fieldsOf(level, base) ?? [];
  const typeOid = base.typeOid === RECORD ? 0 : types.base(base.typeOid);
  const names = indexes.map((index) => fields[index].name);
  environment.noteFields(node, { typeOid, isItem: owner !== null, names, indexes });
}

/** (row).field, where the row is bound. */
export function selectField(level: Level, base: Expr, field: string, position: Position): Expr {
  const index = findField(level, base, field);
  if (index < 0) throw missingField(level, base, field, position, null);
  return fieldAt(level, base, index, position);
}

function fieldAt(level: Level, base: Expr, index: number, position: Position): Expr {
  if (base.kind === 'row') {
    const field = base.fields[index];
    if (base.fields.every((each) => each === field || isPlain(each))) return level.context.at({ ...field }, position);
    // The other fields are looked at as constants that may fail, before the row is forgotten (rewrite/fold-constants.ts).
    const { typeOid, typeModifier } = field;
    return level.context.at({ kind: 'field', base, index, typeOid, typeModifier }, position);
  }
  const { typeOid, typeModifier } = (fieldsOf(level, base) as readonly RowField[])[index];
  return { kind: 'field', base, index, typeOid, typeModifier: typeModifier ?? -1 };
}

function isPlain(expr: Expr): boolean {
  const { kind } = logical(expr);
  return kind === 'var' || kind === 'const' || kind === 'param';
}

/** -1: there is none. */
function findField(level: Level, base: Expr, field: string): number {
  const columns = fieldsOf(level, base);
  if (columns === null) return -1;
  const kept = keptField(field);
  const keptType = kept === null ? undefined : level.context.catalog.type(kept.typeOid);
  if (kept !== null && keptType !== undefined) return attributeIndex(keptType, kept.number);
  return columns.findIndex((column) => column.name === field);
}

function missingField(level: Level, base: Expr, field: string, position: Position, owner: string | null): SqlError {
  const { context } = level;
  if (owner !== null) return context.error('42703', `column ${owner}.${field} does not exist`, position);
  if (base.typeOid === RECORD) {
    return logical(base).kind === 'var' && fieldsOf(level, base) === null
      ? context.error('42809', 'record type has not been registered')
      : context.error('42703', `could not identify column "${field}" in record data type`, position);
  }
  const typeName = context.types.name(base.typeOid);
  if (context.types.isComposite(base.typeOid)) {
    return context.error('42703', `column "${field}" not found in data type ${typeName}`, position);
  }
  const message = `column notation .${field} applied to type ${typeName}, which is not a composite type`;
  return context.error('42809', message, position);
}
