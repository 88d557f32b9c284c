/** Columns, whole rows and fields of rows. */
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import type { Relation } from '../logical.ts';
import { readsColumn, WHOLE_ROW } from '../rights.ts';
import { bindAttribute } from './call.ts';
import type { Position } from './context.ts';
import { positionOf } from './position.ts';
import { namedParameter } from './routine.ts';
import { fieldsOf, type RowField } from './row-fields.ts';
import { presenceOf, withoutPresence } from './row-presence.ts';
import {
  columnOfItem,
  findColumn,
  findItem,
  type Level,
  missingColumn,
  missingItem,
  type NamespaceColumn,
  type NamespaceItem,
} from './scope.ts';
import { RECORD } from './type-info.ts';

/** A name: a column, a whole row, or a parameter of a function. */
export function bindColumnRef(level: Level, node: ast.ColumnRef): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  refuseColumns(level, position);
  // t.* in an expression is the whole row.
  if (node.star) {
    if (node.name.length === 0) throw context.error('42601', 'row expansion via "*" is not supported here', position);
    const [item] = namedItems(level, node);
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
function wholeRow(level: Level, item: NamespaceItem, position: Position): Expr {
  if (level.clause === 'generated') {
    throw level.context.error('42P17', 'cannot use whole-row variable in column generation expression', position, {
      detail: 'This would cause the generated column to depend on its own value.',
    });
  }
  // A function that gives one unnamed column is its own row.
  const bound = item.rel < 0 ? undefined : level.context.relationOf(level, item.rel);
  const relation = bound === undefined ? undefined : withoutPresence(bound);
  if (relation !== undefined && relation.kind === 'function' && relation.columns.length === 1) {
    if (relation.functions.length === 1 && !relation.functions[0].isComposite) {
      return level.context.at({ ...item.columns[0].expr }, position);
    }
  }
  if (item.need !== undefined) readsColumn({ need: item.need, number: WHOLE_ROW });
  else for (const column of item.columns) readsColumn(column.use);
  const fields = item.columns.map((column) => column.expr);
  const typeOid = item.rel >= 0 ? (item.table?.rowTypeOid ?? rowTypeOf(relation)) : RECORD;
  // A value of a table's row type has the table's names, whatever its columns are called here.
  const names = (typeOid === RECORD ? null : level.context.types.get(typeOid)?.attributes) ?? item.columns;
  const row: Expr = { kind: 'row', fields, names: names.map(({ name }) => name), typeOid, typeModifier: -1 };
  // A join's row is made of its columns, whether there is one or not.
  const mayMiss = item.nullable && item.rel >= 0;
  return level.context.at(mayMiss ? { ...row, presence: presenceOf(level, item.rel) } : row, position);
}

/** Of one function that returns a composite type, this type. */
function rowTypeOf(relation: Relation | undefined): number {
  if (relation?.kind !== 'function' || relation.functions.length !== 1 || relation.withOrdinality) return RECORD;
  const [{ rowType, isComposite }] = relation.functions;
  return isComposite ? rowType : RECORD;
}

/** The items that `*` or `t.*` stands for, with the columns that it stands for. */
export function starItems(level: Level, node: ast.ColumnRef): NamespaceItem[] {
  return namedItems(level, node).map(withoutHidden);
}

function namedItems(level: Level, node: ast.ColumnRef): NamespaceItem[] {
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

function withoutHidden(item: NamespaceItem): NamespaceItem {
  const isShown = ({ isHidden }: NamespaceColumn): boolean => isHidden !== true;
  return item.columns.every(isShown) ? item : { ...item, columns: item.columns.filter(isShown) };
}

/** p.* of a function's parameter of a composite type. */
function parameterItem(parameter: Expr, fields: readonly RowField[]): NamespaceItem {
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
