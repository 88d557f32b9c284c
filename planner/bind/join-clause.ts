/** JOIN in FROM: ON, USING and NATURAL, and which columns come into view. */
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { type FromItem, makeAnd } from '../logical.ts';
import { readsColumn } from '../rights.ts';
import { coerceToBoolean } from './coerce.ts';
import { coerceToCommonType, selectCommonType } from './common-type.ts';
import { bindExpr } from './expression.ts';
import { type BoundFrom, bindFromItem, checkConflicts, setLateral } from './from.ts';
import { makeOperator } from './overload.ts';
import { positionOf } from './position.ts';
import type { Level, NamespaceColumn, NamespaceItem } from './scope.ts';

/** A join, and what it brings into view. */
export function bindJoin(level: Level, node: ast.JoinRef): BoundFrom {
  const { context } = level;
  const left = bindFromItem(level, node.left);
  const lateralOk = node.joinType === 'inner' || node.joinType === 'left' || node.joinType === 'cross';
  setLateral(left.items, true, lateralOk);
  const mark = level.namespace.length;
  level.namespace.push(...left.items);
  const right = bindFromItem(level, node.right);
  level.namespace.length = mark;
  checkConflicts(level, left.items, right.items);
  const items = [...left.items, ...right.items];
  const leftColumns = visibleColumns(left.items);
  const rightColumns = visibleColumns(right.items);
  let names = node.using;
  if (node.natural) {
    names = leftColumns.filter((column) => rightColumns.some((other) => other.name === column.name)).map((c) => c.name);
  }
  let on: Expr | null = null;
  let columns: NamespaceColumn[] = [...leftColumns, ...rightColumns];
  let merged: NamespaceColumn[] = [];
  if (names !== null && (names.length > 0 || node.using !== null)) {
    const using = mergeColumns(level, node, names, leftColumns, rightColumns);
    on = makeAnd(using.conditions);
    merged = using.merged;
    if (using.fromRight.length > 0) context.environment.noteMerged?.(node, using.fromRight);
    columns = [
      ...merged,
      ...leftColumns.filter((column) => !using.used.has(column)),
      ...rightColumns.filter((column) => !using.used.has(column)),
    ];
  } else if (node.on !== null) {
    on = bindOn(level, node.on, items);
  }
  if (node.joinType === 'left' || node.joinType === 'full') for (const item of right.items) item.nullable = true;
  if (node.joinType === 'right' || node.joinType === 'full') for (const item of left.items) item.nullable = true;
  for (const item of items) item.columnsVisible = false;
  if (node.alias !== null) for (const item of items) item.relationVisible = false;
  if (node.alias !== null && node.alias.columns.length > 0) {
    if (node.alias.columns.length > columns.length) {
      const counts = `${columns.length} columns available but ${node.alias.columns.length} columns specified`;
      throw context.error('42P10', `join expression "${node.alias.name}" has ${counts}`);
    }
    columns = columns.map((column, i) => ({ ...column, name: node.alias!.columns[i] ?? column.name }));
  }
  const joinItem: NamespaceItem = {
    name: node.alias?.name ?? null,
    schemaName: null,
    rel: -1,
    table: null,
    hasAlias: node.alias !== null,
    columns,
    relationVisible: node.alias !== null,
    columnsVisible: true,
    lateralOnly: false,
    lateralOk: true,
    nullable: false,
  };
  level.allItems.push(joinItem);
  if (node.usingAlias !== null) {
    const usingItem: NamespaceItem = {
      ...joinItem,
      name: node.usingAlias,
      isOfUsing: true,
      columns: merged,
      hasAlias: true,
      relationVisible: true,
      columnsVisible: false,
    };
    checkConflicts(level, items, [usingItem]);
    items.push(usingItem);
    if (node.alias === null) level.allItems.push(usingItem);
  }
  // An alias of the whole join hides all that is in it.
  const inView = node.alias === null ? [...items, joinItem] : [joinItem];
  return { tree: joinTree(node, left.tree, right.tree, on), items: inView };
}

function joinTree(node: ast.JoinRef, left: FromItem, right: FromItem, on: Expr | null): FromItem {
  switch (node.joinType) {
    case 'left':
    case 'full':
      return { kind: 'join', type: node.joinType, left, right, on };
    case 'right':
      return { kind: 'join', type: 'left', left: right, right: left, on };
    case 'inner':
    case 'cross':
      return { kind: 'join', type: 'inner', left, right, on };
  }
}

function visibleColumns(items: readonly NamespaceItem[]): NamespaceColumn[] {
  return items.filter((item) => item.columnsVisible).flatMap((item) => item.columns);
}

function bindOn(level: Level, on: ast.Expression, items: readonly NamespaceItem[]): Expr {
  setLateral(items, false, true);
  const saved = level.namespace;
  level.namespace = [...items];
  const expr = level.withClause('join on', () => coerceToBoolean(level.context, bindExpr(level, on), 'JOIN/ON'));
  level.namespace = saved;
  return expr;
}

function mergeColumns(
  level: Level,
  node: ast.JoinRef,
  names: readonly string[],
  left: readonly NamespaceColumn[],
  right: readonly NamespaceColumn[],
) {
  const { context } = level;
  const position = positionOf(context, node.position);
  const find = (columns: readonly NamespaceColumn[], name: string, side: string): NamespaceColumn => {
    const matches = columns.filter((column) => column.name === name);
    if (matches.length === 0) {
      throw context.error('42703', `column "${name}" specified in USING clause does not exist in ${side} table`);
    }
    if (matches.length > 1) {
      throw context.error('42702', `common column name "${name}" appears more than once in ${side} table`);
    }
    return matches[0];
  };
  const pairs: [NamespaceColumn, NamespaceColumn][] = [];
  const merged: NamespaceColumn[] = [];
  const fromRight: string[] = [];
  const used = new Set<NamespaceColumn>();
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw context.error('42701', `column name "${name}" appears more than once in USING clause`);
    }
    seen.add(name);
    const leftColumn = find(left, name, 'left');
    const rightColumn = find(right, name, 'right');
    used.add(leftColumn).add(rightColumn);
    readsColumn(leftColumn.use);
    readsColumn(rightColumn.use);
    pairs.push([leftColumn, rightColumn]);
    const { column, isRight } = mergeColumn(level, node.joinType, leftColumn, rightColumn);
    merged.push(column);
    if (isRight) fromRight.push(name);
  }
  // That they have a common type is asked of all of them before.
  const conditions = pairs.map((pair) =>
    makeOperator(context, '=', { ...pair[0].expr }, { ...pair[1].expr }, position),
  );
  return { conditions, merged, used, fromRight };
}

function mergeColumn(
  level: Level,
  joinType: ast.JoinRef['joinType'],
  left: NamespaceColumn,
  right: NamespaceColumn,
): { column: NamespaceColumn; isRight: boolean } {
  const { context } = level;
  const both = [left.expr, right.expr];
  const typeOid = selectCommonType(context, both, 'JOIN/USING');
  const [leftExpr, rightExpr] = both.map((expr) => coerceToCommonType(context, { ...expr }, typeOid, 'JOIN/USING'));
  if (joinType === 'full') {
    const expr: Expr = { kind: 'coalesce', args: [leftExpr, rightExpr], typeOid, typeModifier: -1 };
    return { column: { name: left.name, expr, tableOid: 0, columnNumber: 0 }, isRight: false };
  }
  // Of an inner join either would do: the one that needs no conversion (buildMergedJoinVar).
  const isSame = (expr: Expr, own: Expr): boolean => expr.kind === own.kind && expr.typeOid === own.typeOid;
  const isRight =
    joinType === 'right' || (joinType !== 'left' && !isSame(leftExpr, left.expr) && isSame(rightExpr, right.expr));
  const column = { ...(isRight ? right : left), name: left.name, expr: isRight ? rightExpr : leftExpr };
  return { column, isRight };
}
