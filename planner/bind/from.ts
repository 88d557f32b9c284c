/** FROM: tables, views, CTEs, subqueries, functions, joins; what each brings into view. */
import { resolveCompositeClass } from '../../catalog/composite-classes.ts';
import type { RelationEntry, SequenceEntry } from '../../catalog/entries.ts';
import { functionsByName } from '../../catalog/functions/index.ts';
import type { NamedRelation } from '../../catalog/index.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { type FromItem, makeConst, type Query, type Relation, type RelationColumn, type Target } from '../logical.ts';
import type { RelationNeed } from '../rights.ts';
import { coerceToTarget } from './coerce.ts';
import type { BindContext, Position } from './context.ts';
import { bindFunctionRef } from './from-function.ts';
import { bindJoin } from './join-clause.ts';
import { positionOf } from './position.ts';
import { checkDatabaseOf } from './qualified-name.ts';
import { expiryOn } from './row-expiry.ts';
import { itemOfRelation, type Level, type NamespaceItem } from './scope.ts';
import { bindSubquery, bindViewQuery } from './select.ts';
import { bindTableSample } from './table-sample.ts';
import { BOOL, INT8, REGCLASS } from './type-info.ts';
import { bindXmlTable } from './xml-table.ts';

/** An item of FROM, and what it brings into view. */
export interface BoundFrom {
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

/** Whether LATERAL only sees the items, and may. */
export function setLateral(items: readonly NamespaceItem[], lateralOnly: boolean, lateralOk: boolean): void {
  for (const item of items) {
    item.lateralOnly = lateralOnly;
    item.lateralOk = lateralOk;
  }
}

/** 42712 where two items have one name. */
export function checkConflicts(level: Level, before: readonly NamespaceItem[], after: readonly NamespaceItem[]): void {
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

/** One item, and what is in it. */
export function bindFromItem(level: Level, node: ast.FromItem): BoundFrom {
  switch (node.kind) {
    case 'table':
      return bindTable(level, node);
    case 'subqueryRef':
      return bindSubqueryRef(level, node);
    case 'functionRef':
      return bindFunctionRef(level, node);
    case 'xmlTable':
      return bindXmlTable(level, node);
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

/** What a name in FROM means; undefined: nothing. */
function resolveName(level: Level, name: readonly string[], position: Position): NamedRelation | undefined {
  const { catalog, environment } = level.context;
  level.context.checkSchema(name, position);
  return catalog.resolveRelation(name, environment.searchPath);
}

/** A sequence read as a table: one row, made of what the sequence functions tell. */
function bindSequence(level: Level, node: ast.TableRef, found: SequenceEntry): BoundFrom | null {
  const { context } = level;
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
  return mustBeRelation(level, resolveName(level, name, position), name, position);
}

/** The table, view or catalog table that was found under a name. */
function mustBeRelation(
  level: Level,
  found: NamedRelation | undefined,
  name: readonly string[],
  position: Position,
): RelationEntry {
  if (found?.class === 'relation') return found;
  if (found?.class === 'index') throw level.context.error('42809', `"${found.name}" is an index`, position);
  checkDatabaseOf(level.context, name, position, '"');
  const message = `relation "${name.join('.')}" does not exist`;
  for (let current: Level | null = level; current !== null && name.length === 1; current = current.parent) {
    if (!current.laterCtes.includes(name[0])) continue;
    throw level.context.error('42P01', message, position, {
      detail: `There is a WITH item named "${name[0]}", but it cannot be referenced from this part of the query.`,
      hint: 'Use WITH RECURSIVE, or re-order the WITH items to remove forward references.',
    });
  }
  const { catalog, environment } = level.context;
  const type = resolveCompositeClass(catalog, name, environment.searchPath);
  if (type !== undefined) throw level.context.error('42809', `"${type.name}" is a composite type`, position);
  throw level.context.error('42P01', message, position);
}

/** As statements see them: the same for all, as entries of the catalog do not change. */
const columnsOfTables = new WeakMap<RelationEntry, readonly RelationColumn[]>();

/** The binding run takes note of collations. */
export function columnsOfTable(context: BindContext, table: RelationEntry): readonly RelationColumn[] {
  let columns = columnsOfTables.get(table);
  if (columns === undefined) {
    columns = table.columns.map((column) => ({
      name: column.name,
      typeOid: column.typeOid,
      typeModifier: column.typeModifier,
      tableOid: table.oid,
      columnNumber: column.number,
      ...(column.dropped ? { dropped: true } : {}),
      ...(column.collationOid === undefined ? {} : { collation: column.collationOid }),
    }));
    columnsOfTables.set(table, columns);
  }
  for (const column of columns) if (column.collation !== undefined) context.usesCollations = true;
  return columns;
}

export function renameColumns(
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
  const { context } = level;
  const isKept = context.storedText > 0 || context.environment.recorder !== undefined;
  return isKept ? withUniqueNames(renamed, alias.columns) : renamed;
}

/**
 * A query that is kept names all columns that the table had, where one of them was renamed; one that was added since may have the
 * name that the other had, and is called name_1.
 */
function withUniqueNames(columns: readonly RelationColumn[], known: readonly string[]): readonly RelationColumn[] {
  const used = new Set(known);
  let next = 0;
  return columns.map((column) => {
    if (column.dropped || next++ < known.length) return column;
    let { name } = column;
    for (let i = 1; used.has(name); i++) name = `${column.name}_${i}`;
    used.add(name);
    return name === column.name ? column : { ...column, name };
  });
}

/** A column of no table. */
export function plainColumn(name: string, typeOid: number, typeModifier = -1): RelationColumn {
  return { name, typeOid, typeModifier, tableOid: 0, columnNumber: 0 };
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
  const named = resolveName(level, node.name, position);
  const sequence = named?.class === 'sequence' ? bindSequence(level, node, named) : null;
  if (sequence !== null) {
    refuseSample(level, node);
    return sequence;
  }
  const found = mustBeRelation(level, named, node.name, position);
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
    const query = asColumns(level, bindViewQuery(level, table), table);
    const relation: Relation = { kind: 'subquery', rel, alias: name, columns, query, lateral: false, view: table };
    return addRelation(level, relation, { name, schemaName, table, hasAlias, need });
  }
  if (table.rowSecurity === true) context.readsSecured = true;
  const sample = node.sample === null ? undefined : bindTableSample(level, node.sample, rel);
  return addRelation(
    level,
    { kind: 'table', rel, alias: name, columns, table, sample, ...expiryOn(context, table, rel) },
    { name, schemaName, table, hasAlias, need },
  );
}

/** A merged column of a join of two types is kept as one side's column: it becomes what the view says of it. */
function asColumns({ context }: Level, query: Query, { columns }: RelationEntry): Query {
  const isSame = ({ expr }: Target, i: number): boolean =>
    columns[i] === undefined || expr.typeOid === columns[i].typeOid;
  if (query.targets.every(isSame)) return query;
  const targets = query.targets.map((target, i) => {
    if (isSame(target, i)) return target;
    const { typeOid, typeModifier } = columns[i];
    return {
      ...target,
      expr: coerceToTarget(context, target.expr, typeOid, typeModifier, 'assignment') ?? target.expr,
    };
  });
  return { ...query, targets };
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
  const isHidden = (i: number): boolean => i >= columns.length - cte.hiddenColumns;
  const items = added.items.map((item) => ({
    ...item,
    columns: item.columns.map((column, i) => (isHidden(i) ? { ...column, isHidden: true } : column)),
  }));
  return { ...added, items };
}

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
