/** FROM: tables, views, CTEs, subqueries, functions, joins; what each brings into view. */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { ColumnDefinition } from '../../catalog/function-entry.ts';
import { functionsByName } from '../../catalog/functions/index.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import {
  type FromItem,
  type FunctionRelation,
  makeAnd,
  makeConst,
  makeVar,
  type Query,
  type Relation,
  type RelationColumn,
} from '../logical.ts';
import { type RelationNeed, readsColumn } from '../rights.ts';
import { coerceToBoolean, coerceToCommonType, resolveUnknown, selectCommonType } from './coerce.ts';
import { columnNameOf } from './column-name.ts';
import type { BindContext, Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { makeOperator } from './overload.ts';
import { positionOf } from './position.ts';
import { checkDatabaseOf } from './qualified-name.ts';
import { inlineSet } from './routine.ts';
import { expiryOn } from './row-expiry.ts';
import { itemOfRelation, type Level, type NamespaceColumn, type NamespaceItem } from './scope.ts';
import { bindSubquery, bindViewQuery } from './select.ts';
import { bindTableSample } from './table-sample.ts';
import { BOOL, INT8, RECORD, REGCLASS } from './type-info.ts';
import { resolveTypeName } from './type-name.ts';

interface BoundFrom {
  readonly tree: FromItem;
  readonly items: readonly NamespaceItem[];
}

/** All FROM items of a level; the namespace holds them afterwards. */
export function bindFromClause(level: Level, items: readonly ast.FromItem[]): FromItem[] {
  const trees: FromItem[] = [];
  for (const node of items) {
    const bound = bindFromItem(level, node);
    checkConflicts(level, level.namespace, bound.items);
    setLateral(bound.items, true, true);
    level.namespace.push(...bound.items);
    trees.push(bound.tree);
  }
  setLateral(level.namespace, false, true);
  return trees;
}

function setLateral(items: readonly NamespaceItem[], lateralOnly: boolean, lateralOk: boolean): void {
  for (const item of items) {
    item.lateralOnly = lateralOnly;
    item.lateralOk = lateralOk;
  }
}

function checkConflicts(level: Level, before: readonly NamespaceItem[], after: readonly NamespaceItem[]): void {
  for (const item of after) {
    if (!item.relationVisible || item.name === null) continue;
    for (const other of before) {
      if (!other.relationVisible || other.name !== item.name) continue;
      // Two tables of one name in different schemas, both without alias, do not conflict.
      if (
        !item.hasAlias &&
        !other.hasAlias &&
        item.table !== null &&
        other.table !== null &&
        item.table !== other.table
      ) {
        continue;
      }
      throw level.context.error('42712', `table name "${item.name}" specified more than once`);
    }
  }
}

function bindFromItem(level: Level, node: ast.FromItem): BoundFrom {
  switch (node.kind) {
    case 'table':
      return bindTable(level, node);
    case 'subqueryRef':
      return bindSubqueryRef(level, node);
    case 'functionRef':
      return bindFunctionRef(level, node);
    case 'join':
      return bindJoin(level, node);
  }
}

/** Registers a relation and its namespace item. */
export function addRelation(
  level: Level,
  relation: Relation,
  options: {
    name: string;
    schemaName: string | null;
    table: RelationEntry | null;
    hasAlias: boolean;
    need?: RelationNeed;
  },
): BoundFrom {
  level.relations.set(relation.rel, relation);
  const item = itemOfRelation(relation, options);
  level.allItems.push(item);
  return { tree: { kind: 'rel', rel: relation.rel }, items: [item] };
}

/* ---- tables -------------------------------------------------------------------------------------------------------- */

/** The table, view or catalog table that a name means, or null. */
export function findRelation(level: Level, name: readonly string[], position: Position): RelationEntry | null {
  const { catalog, environment } = level.context;
  level.context.checkSchema(name, position);
  const found = catalog.resolveRelation(name, environment.searchPath);
  if (found === undefined || found.class === 'sequence') return null;
  if (found.class === 'relation') return found;
  throw level.context.error('42809', `"${found.name}" is an index`, position);
}

/** A sequence read as a table: one row, made of what the sequence functions tell. */
function bindSequence(level: Level, node: ast.TableRef): BoundFrom | null {
  const { context } = level;
  context.checkSchema(node.name, positionOf(context, node.position));
  const found = context.catalog.resolveRelation(node.name, context.environment.searchPath);
  if (found?.class !== 'sequence') return null;
  const lastValue = functionsByName('pg_sequence_last_value').find((entry) => entry.kind === 'scalar');
  if (lastValue === undefined || lastValue.kind !== 'scalar') return null;
  const called: Expr = {
    kind: 'call',
    function: lastValue,
    args: [makeConst(found.oid, REGCLASS)],
    typeOid: INT8,
    typeModifier: -1,
  };
  const start = makeConst(Number(found.start), INT8);
  const row: Expr[] = [
    { kind: 'coalesce', args: [called, start], typeOid: INT8, typeModifier: -1 },
    makeConst(0, INT8),
    { kind: 'isNull', arg: called, negated: true, isRow: false, typeOid: BOOL, typeModifier: -1 },
  ];
  const columns = [plainColumn('last_value', INT8), plainColumn('log_cnt', INT8), plainColumn('is_called', BOOL)];
  const name = node.alias?.name ?? found.name;
  const relation: Relation = {
    kind: 'values',
    rel: context.nextRel(),
    alias: name,
    columns: renameColumns(level, columns, node.alias),
    rows: [row],
  };
  const schemaName = node.alias === null ? context.catalog.schemaName(found.schemaOid) : null;
  const need = context.rights.need(relation.rel, found, 'r');
  return addRelation(level, relation, { name, schemaName, table: null, hasAlias: node.alias !== null, need });
}

/** A relation name that must exist; CTEs are the caller's business. */
export function mustFindRelation(level: Level, name: readonly string[], position: Position): RelationEntry {
  const found = findRelation(level, name, position);
  if (found !== null) return found;
  checkDatabaseOf(level.context, name, position, '"');
  const message = `relation "${name.join('.')}" does not exist`;
  for (let current: Level | null = level; current !== null && name.length === 1; current = current.parent) {
    if (!current.laterCtes.includes(name[0])) continue;
    throw level.context.error('42P01', message, position, {
      detail: `There is a WITH item named "${name[0]}", but it cannot be referenced from this part of the query.`,
      hint: 'Use WITH RECURSIVE, or re-order the WITH items to remove forward references.',
    });
  }
  throw level.context.error('42P01', message, position);
}

/** The binding run takes note of collations. */
export function columnsOfTable(context: BindContext, table: RelationEntry): RelationColumn[] {
  if (table.columns.some((column) => column.collationOid !== undefined)) {
    context.usesCollations = true;
  }
  return table.columns.map((column) => ({
    name: column.name,
    typeOid: column.typeOid,
    typeModifier: column.typeModifier,
    tableOid: table.oid,
    columnNumber: column.number,
    ...(column.dropped ? { dropped: true } : {}),
    ...(column.collationOid === undefined ? {} : { collation: column.collationOid }),
  }));
}

function renameColumns(
  level: Level,
  columns: readonly RelationColumn[],
  alias: ast.Alias | null,
): readonly RelationColumn[] {
  if (alias === null || alias.columns.length === 0) return columns;
  let next = 0;
  const renamed = columns.map((column) => {
    if (column.dropped || next >= alias.columns.length) return column;
    return { ...column, name: alias.columns[next++] };
  });
  if (next < alias.columns.length) {
    const available = columns.filter((column) => !column.dropped).length;
    throw level.context.error(
      '42P10',
      `table "${alias.name}" has ${available} columns available but ${alias.columns.length} columns specified`,
    );
  }
  return renamed;
}

function refuseSample(level: Level, node: ast.TableRef): void {
  if (node.sample === null) return;
  const position = positionOf(level.context, node.position);
  const message = 'TABLESAMPLE clause can only be applied to tables and materialized views';
  throw level.context.error('0A000', message, position);
}

function bindTable(level: Level, node: ast.TableRef): BoundFrom {
  const { context } = level;
  const position = positionOf(context, node.position);
  if (node.name.length === 1) {
    const cte = bindCteReference(level, node, position);
    if (cte !== null) {
      refuseSample(level, node);
      return cte;
    }
  }
  const sequence = bindSequence(level, node);
  if (sequence !== null) {
    refuseSample(level, node);
    return sequence;
  }
  const found = mustFindRelation(level, node.name, position);
  const name = node.alias?.name ?? node.name[node.name.length - 1];
  const hasAlias = node.alias !== null;
  const rel = context.nextRel();
  const table = found;
  const schemaNameOfTable = context.catalog.schemaName(table.schemaOid);
  const need = context.rights.need(rel, table, 'r');
  if (table.kind === 'virtual') {
    const relation: Relation = {
      kind: 'virtual',
      rel,
      alias: name,
      tableName: `${schemaNameOfTable}.${table.name}`,
      tableOid: table.oid,
      columns: renameColumns(level, columnsOfTable(context, table), node.alias),
    };
    const schemaName = hasAlias ? null : schemaNameOfTable;
    return addRelation(level, relation, { name, schemaName, table, hasAlias, need });
  }
  context.lockTable(table.oid, 'access share');
  const columns = renameColumns(level, columnsOfTable(context, table), node.alias);
  const schemaName = hasAlias ? null : schemaNameOfTable;
  if (table.kind === 'view') {
    refuseSample(level, node);
    const query = bindViewQuery(level, table);
    const relation: Relation = { kind: 'subquery', rel, alias: name, columns, query, lateral: false, view: table };
    return addRelation(level, relation, { name, schemaName, table, hasAlias, need });
  }
  const sample = node.sample === null ? undefined : bindTableSample(level, node.sample, rel);
  return addRelation(
    level,
    { kind: 'table', rel, alias: name, columns, table, sample, ...expiryOn(context, table, rel) },
    { name, schemaName, table, hasAlias, need },
  );
}

function bindCteReference(level: Level, node: ast.TableRef, position: Position): BoundFrom | null {
  const { context } = level;
  const cte = level.findCte(node.name[0]);
  if (cte === null) return null;
  const name = node.alias?.name ?? node.name[0];
  const rel = context.nextRel();
  const definition = cte.workTable ?? cte.definition;
  if (definition === null) return null;
  if (definition.modify !== null && definition.modify.returning === null) {
    throw context.error('0A000', `WITH query "${cte.name}" does not have a RETURNING clause`, position);
  }
  cte.references++;
  const columns = renameColumns(level, definition.columns, node.alias);
  const relation: Relation =
    cte.workTable !== null
      ? { kind: 'workTable', rel, alias: name, columns, cte: definition.id }
      : { kind: 'cte', rel, alias: name, columns, cte: definition.id, name: cte.name };
  const added = addRelation(level, relation, { name, schemaName: null, table: null, hasAlias: node.alias !== null });
  if (cte.hiddenColumns === 0 || cte.workTable === null) return added;
  // What SEARCH and CYCLE add is not for the step's own use.
  const items = added.items.map((item) => ({ ...item, columns: item.columns.slice(0, -cte.hiddenColumns) }));
  return { ...added, items };
}

/* ---- subqueries and functions -------------------------------------------------------------------------------------- */

function bindSubqueryRef(level: Level, node: ast.SubqueryRef): BoundFrom {
  const { context } = level;
  const position = positionOf(context, node.position);
  const savedLateral = level.lateralActive;
  const savedSubselect = level.fromSubselect;
  level.lateralActive = node.lateral;
  level.fromSubselect = true;
  const query = bindSubquery(level, node.query);
  level.lateralActive = savedLateral;
  level.fromSubselect = savedSubselect;
  if (node.alias === null) {
    const what = node.query.body.kind === 'values' ? 'VALUES' : 'subquery';
    throw context.error('42601', `${what} in FROM must have an alias`, position, {
      hint: what === 'VALUES' ? 'For example, FROM (VALUES ...) [AS] foo.' : 'For example, FROM (SELECT ...) [AS] foo.',
    });
  }
  const columns = query.targets.map((target) => ({
    name: target.name,
    typeOid: target.expr.typeOid,
    typeModifier: target.expr.typeModifier,
    tableOid: target.tableOid,
    columnNumber: target.columnNumber,
    ...(target.collation === undefined ? {} : { collation: target.collation }),
  }));
  const relation: Relation = {
    kind: 'subquery',
    rel: context.nextRel(),
    alias: node.alias.name,
    columns: renameColumns(level, columns, node.alias),
    query,
    lateral: node.lateral,
    view: null,
  };
  return addRelation(level, relation, { name: node.alias.name, schemaName: null, table: null, hasAlias: true });
}

/** Functions with one OUT parameter call their column by its name, alias or not. */
const SINGLE_OUT_NAMES: Readonly<Record<string, string>> = {
  json_array_elements: 'value',
  jsonb_array_elements: 'value',
  json_array_elements_text: 'value',
  jsonb_array_elements_text: 'value',
};

interface BoundFunction {
  readonly item: FunctionRelation['functions'][number] | null;
  /** What is not a function call of its own: computed as a row of VALUES. */
  readonly value: Expr | null;
  readonly columns: readonly RelationColumn[];
  readonly isScalar: boolean;
}

function bindFunctionRef(level: Level, node: ast.FunctionRef): BoundFrom {
  const { context } = level;
  const position = positionOf(context, node.position);
  const calls = spreadUnnest(node);
  const savedLateral = level.lateralActive;
  level.lateralActive = true;
  const bound = calls.map((item) => {
    const defs = item.columnDefs.length > 0 ? item.columnDefs : node.rowsFrom ? [] : node.columnDefs;
    return bindFromFunction(level, item.call, defs, node.alias?.name ?? null);
  });
  level.lateralActive = savedLateral;
  let columns = bound.flatMap((item) => item.columns);
  if (node.ordinality) columns = [...columns, plainColumn('ordinality', INT8)];
  const name = node.alias?.name ?? columnNameOf(node.functions[0].call);
  if (bound.length === 1 && bound[0].isScalar && node.alias !== null && node.alias.columns.length === 0) {
    columns = [{ ...columns[0], name: node.alias.name }, ...columns.slice(1)];
  }
  const shared = {
    rel: context.nextRel(),
    alias: name,
    columns: renameColumns(level, columns, node.alias),
  };
  context.environment.noteColumns?.(
    node,
    shared.columns.map((column) => column.name),
  );
  const query = bound.length === 1 && !node.ordinality ? inlinedQuery(level, bound[0]) : null;
  const onlyValues = bound.length === 1 && bound[0].value !== null;
  let relation: Relation;
  if (query !== null) relation = { kind: 'subquery', ...shared, query, lateral: true, view: null };
  else if (onlyValues) {
    const row = node.ordinality ? [bound[0].value!, ordinalityOne()] : [bound[0].value!];
    relation = { kind: 'values', ...shared, rows: [row] };
  } else {
    const functions = bound.map((item) => {
      if (item.item === null) throw context.error('0A000', 'only function calls are supported in ROWS FROM', position);
      return item.item;
    });
    relation = { kind: 'function', ...shared, functions, withOrdinality: node.ordinality };
  }
  return addRelation(level, relation, { name, schemaName: null, table: null, hasAlias: node.alias !== null });
}

/** A set whose function is one query is that query. */
function inlinedQuery(level: Level, { item }: BoundFunction): Query | null {
  if (item === null || item.function.routine === undefined) return null;
  const { outColumns } = item.function;
  const columns =
    item.columnDefinitions ??
    (item.rowType === RECORD ? (outColumns ?? null)?.map((column) => ({ ...column, typeModifier: -1 })) : null) ??
    null;
  const isRow = item.rowType === RECORD || level.context.types.isComposite(level.context.types.base(item.rowType));
  return inlineSet(level, item.function, item.args, item.rowType, columns, isRow);
}

function ordinalityOne(): Expr {
  return { kind: 'const', value: 1, literalIndex: -1, typeOid: INT8, typeModifier: -1 };
}

function plainColumn(name: string, typeOid: number, typeModifier = -1): RelationColumn {
  return { name, typeOid, typeModifier, tableOid: 0, columnNumber: 0 };
}

/** unnest(a, b) in FROM is ROWS FROM (unnest(a), unnest(b)). */
function spreadUnnest(node: ast.FunctionRef): ast.FunctionRef['functions'] {
  return node.functions.flatMap((item) => {
    const { call } = item;
    if (call.kind !== 'function' || call.args.length < 2 || call.name[call.name.length - 1] !== 'unnest') return [item];
    return call.args.map((arg) => ({ ...item, call: { ...call, args: [arg] } }));
  });
}

/** Beside other functions a value is a function of one row. */
function plainItem(expr: Expr): BoundFunction['item'] {
  if (expr.kind !== 'call' || expr.spreadsArray === true) return null;
  const { typeOid } = expr;
  return { function: expr.function, args: expr.args, columnTypes: [typeOid], rowType: typeOid, isComposite: false };
}

/** A call that stands for rows of its own. */
function bindWholeItem(level: Level, call: ast.Expression): Expr {
  const { context } = level;
  const around = context.calledInFrom;
  context.calledInFrom = call;
  try {
    return bindExpr(level, call);
  } finally {
    context.calledInFrom = around;
  }
}

function bindFromFunction(
  level: Level,
  call: ast.Expression,
  defs: readonly ast.ColumnDefinitionItem[],
  _alias: string | null,
): BoundFunction {
  const { context } = level;
  const position = positionOf(context, call.position);
  const expr = resolveUnknown(
    context,
    level.withClause('from function', () => bindWholeItem(level, call)),
  );
  const fnName = columnNameOf(call);
  const attributes =
    expr.typeOid === RECORD ? undefined : context.types.get(context.types.base(expr.typeOid))?.attributes;
  const isRow = expr.typeOid === RECORD || attributes !== undefined;
  if (expr.kind !== 'call' || (!expr.function.returnsSet && expr.function.outColumns === undefined && !isRow)) {
    return {
      item: plainItem(expr),
      value: expr,
      columns: [plainColumn(fnName, expr.typeOid, expr.typeModifier)],
      isScalar: true,
    };
  }
  const fn = expr.function;
  const single = fn.routine !== undefined && fn.outColumns?.length === 1 ? fn.outColumns[0].name : undefined;
  const composite = (
    columns: readonly RelationColumn[],
    columnDefinitions?: readonly ColumnDefinition[],
  ): BoundFunction => ({
    item: {
      function: fn,
      args: expr.args,
      columnTypes: columns.map((column) => column.typeOid),
      rowType: expr.typeOid,
      isComposite: true,
      ...(columnDefinitions === undefined ? {} : { columnDefinitions }),
    },
    value: null,
    columns,
    isScalar: false,
  });
  if (defs.length > 0) {
    if (expr.typeOid !== RECORD) {
      throw context.error(
        '42601',
        'a column definition list is only allowed for functions returning "record"',
        position,
      );
    }
    if (fn.outColumns !== undefined) {
      throw context.error(
        '42601',
        'a column definition list is redundant for a function with OUT parameters',
        position,
      );
    }
    const definitions = defs.map((def) => ({ name: def.name, ...resolveTypeName(context, def.type) }));
    return composite(
      definitions.map((def) => plainColumn(def.name, def.typeOid, def.typeModifier)),
      definitions,
    );
  }
  if (
    fn.outColumns !== undefined &&
    fn.outColumns.length > 0 &&
    (fn.routine === undefined || expr.typeOid === RECORD)
  ) {
    return composite(fn.outColumns.map((column) => plainColumn(column.name, column.typeOid)));
  }
  if (attributes !== undefined) {
    return composite(attributes.map((item) => plainColumn(item.name, item.typeOid, item.typmod)));
  }
  if (expr.typeOid === RECORD) {
    throw context.error('42601', 'a column definition list is required for functions returning "record"', position);
  }
  const outName = fn.routine === undefined ? SINGLE_OUT_NAMES[fn.name] : single;
  const columns = [plainColumn(outName ?? fnName, expr.typeOid, expr.typeModifier)];
  return {
    item: {
      function: fn,
      args: expr.args,
      columnTypes: [expr.typeOid],
      rowType: expr.typeOid,
      isComposite: false,
    },
    value: null,
    columns,
    isScalar: outName === undefined,
  };
}

/* ---- joins --------------------------------------------------------------------------------------------------------- */

function bindJoin(level: Level, node: ast.JoinRef): BoundFrom {
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
  const result: NamespaceItem[] = [];
  if (node.alias === null) result.push(...items);
  else for (const item of items) item.relationVisible = false;
  if (node.alias !== null && node.alias.columns.length > 0) {
    if (node.alias.columns.length > columns.length) {
      throw context.error(
        '42P10',
        `column alias list for "${node.alias.name}" has too many entries`,
        positionOf(context, node.position),
      );
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
    result.push({ ...joinItem, name: node.usingAlias, columns: merged, relationVisible: true, columnsVisible: false });
  }
  result.push(joinItem);
  return { tree: joinTree(node, left.tree, right.tree, on), items: result };
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
  const conditions: Expr[] = [];
  const merged: NamespaceColumn[] = [];
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
    conditions.push(makeOperator(context, '=', { ...leftColumn.expr }, { ...rightColumn.expr }, position));
    merged.push(mergeColumn(level, node.joinType, leftColumn, rightColumn));
  }
  return { conditions, merged, used };
}

function mergeColumn(
  level: Level,
  joinType: ast.JoinRef['joinType'],
  left: NamespaceColumn,
  right: NamespaceColumn,
): NamespaceColumn {
  const { context } = level;
  const both = [left.expr, right.expr];
  const typeOid = selectCommonType(context, both, 'JOIN/USING');
  const [leftExpr, rightExpr] = both.map((expr) => coerceToCommonType(context, { ...expr }, typeOid, 'JOIN/USING'));
  if (joinType === 'full') {
    const expr: Expr = { kind: 'coalesce', args: [leftExpr, rightExpr], typeOid, typeModifier: -1 };
    return { name: left.name, expr, tableOid: 0, columnNumber: 0 };
  }
  const chosen = joinType === 'right' ? right : left;
  return { ...chosen, name: left.name, expr: joinType === 'right' ? rightExpr : leftExpr };
}

/** A var for each column that is not dropped. */
export function varsOf(relation: Relation): Expr[] {
  const result: Expr[] = [];
  relation.columns.forEach((column, i) => {
    if (!column.dropped) result.push(makeVar(relation.rel, i, column.typeOid, column.typeModifier));
  });
  return result;
}
