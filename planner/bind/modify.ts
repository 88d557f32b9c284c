/** INSERT, UPDATE, DELETE; MERGE is in merge.ts (after PostgreSQL's analyze.c and rewriteHandler.c). */
import type { ColumnEntry, IndexEntry, RelationEntry } from '../../catalog/entries.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import {
  conjuncts,
  EMPTY_QUERY_PARTS,
  equalExpr,
  type FromItem,
  type LogicalAssignment,
  type ModifyQuery,
  makeAnd,
  makeConst,
  makeVar,
  type Query,
  type Relation,
  type RelationColumn,
  type Target,
  toExpr,
} from '../logical.ts';
import { coerceToBoolean, coerceToTarget, resolveUnknown } from './coerce.ts';
import type { Position } from './context.ts';
import { bindWithClause } from './cte.ts';
import { bindExpr } from './expression.ts';
import { bindFromClause, columnsOfTable, mustFindRelation } from './from.ts';
import { bindMerge } from './merge.ts';
import { positionOf } from './position.ts';
import { itemOfRelation, Level, type NamespaceItem } from './scope.ts';
import { bindQuery, bindViewQuery } from './select.ts';
import { bindChecks, bindDefault, bindGenerated, bindIndexKeys, bindIndexPredicate } from './stored.ts';
import { bindTargets, resolveTargets } from './targets.ts';
import { RECORD, UNKNOWN } from './type-info.ts';
import { asUpdatable, type UpdatableView } from './view-target.ts';

export type ModifyStatement = ast.InsertStatement | ast.UpdateStatement | ast.DeleteStatement | ast.MergeStatement;

export function bindModify(level: Level, node: ModifyStatement): ModifyQuery {
  level.context.readOnly = false;
  const ctes = node.with === null ? [] : bindWithClause(level, node.with);
  const bound = bindCommand(level, node);
  return ctes.length === 0 ? bound : { ...bound, ctes };
}

function bindCommand(level: Level, node: ModifyStatement): ModifyQuery {
  switch (node.kind) {
    case 'insert':
      return bindInsert(level, node);
    case 'update':
      return bindUpdate(level, node);
    case 'delete':
      return bindDelete(level, node);
    case 'merge':
      return bindMerge(level, node);
  }
}

/* ---- target -------------------------------------------------------------------------------------------------------- */

interface TargetView extends UpdatableView {
  readonly entry: RelationEntry;
  readonly command: keyof typeof VERBS;
}

export interface TargetTable {
  readonly table: RelationEntry;
  readonly rel: number;
  readonly item: NamespaceItem;
  readonly relation: Relation;
  /** The view that the statement names, when the table is changed through one. */
  readonly view: TargetView | null;
}

const VERBS = { insert: 'insert into', update: 'update', delete: 'delete from', merge: 'merge into' } as const;

export function openTarget(
  level: Level,
  command: keyof typeof VERBS,
  name: readonly string[],
  alias: string | null,
  offset: number,
): TargetTable {
  const { context } = level;
  const position = positionOf(context, offset);
  if (name.length === 1 && level.findCte(name[0]) !== null) {
    throw context.error('42P01', `relation "${name[0]}" cannot be the target of a modifying statement`, position);
  }
  const table = mustFindRelation(level, name, position);
  if (table.kind === 'view') return openView(level, command, table, alias);
  if (table.kind === 'materializedView') {
    throw context.error('42809', `cannot change materialized view "${table.name}"`);
  }
  if (table.kind === 'virtual') throw context.error('42501', `permission denied for table ${table.name}`);
  context.lockTable(table.oid, 'row exclusive');
  const rel = context.nextRel();
  const relation: Relation = { kind: 'table', rel, alias: alias ?? table.name, columns: columnsOfTable(table), table };
  level.relations.set(rel, relation);
  const schemaName = alias === null ? context.catalog.schemaName(table.schemaOid) : null;
  const item = itemOfRelation(relation, { name: alias ?? table.name, schemaName, table, hasAlias: alias !== null });
  level.allItems.push(item);
  return { table, rel, item, relation, view: null };
}

function refuseView(level: Level, command: keyof typeof VERBS, view: RelationEntry, detail: string) {
  const event = command.toUpperCase();
  const doing = command === 'insert' ? 'inserting into' : command === 'update' ? 'updating' : 'deleting from';
  return level.context.error('55000', `cannot ${VERBS[command]} view "${view.name}"`, undefined, {
    detail,
    hint: `To enable ${doing} the view, provide an INSTEAD OF ${event} trigger or an unconditional ON ${event} DO INSTEAD rule.`,
  });
}

/** The table under an updatable view, seen under the view's names. */
function openView(level: Level, command: keyof typeof VERBS, entry: RelationEntry, alias: string | null): TargetTable {
  const { context } = level;
  const view = asUpdatable(entry, bindViewQuery(level, entry));
  if (typeof view === 'string') throw refuseView(level, command, entry, view);
  if (entry.checkOption) throw context.error('0A000', 'changing a view WITH CHECK OPTION is not supported');
  const { relation } = view;
  context.lockTable(relation.table.oid, 'row exclusive');
  level.relations.set(relation.rel, relation);
  const schemaName = alias === null ? context.catalog.schemaName(entry.schemaOid) : null;
  const base = itemOfRelation(relation, {
    name: alias ?? entry.name,
    schemaName,
    table: null,
    hasAlias: alias !== null,
  });
  const item = { ...base, columns: view.columns };
  level.allItems.push(item);
  return { table: relation.table, rel: relation.rel, item, relation, view: { ...view, entry, command } };
}

function findTargetColumn(level: Level, opened: TargetTable, target: ast.AssignmentTarget): ColumnEntry {
  const { context } = level;
  const position = positionOf(context, target.position);
  if (opened.view !== null) return findViewColumn(level, opened.view, target);
  const { table } = opened;
  const column = table.columns.find((candidate) => !candidate.dropped && candidate.name === target.column);
  if (column === undefined) {
    if (['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'].includes(target.column)) {
      throw context.error('0A000', `cannot assign to system column "${target.column}"`, position);
    }
    throw context.error('42703', `column "${target.column}" of relation "${table.name}" does not exist`, position);
  }
  if (target.indirection.length > 0) {
    throw context.error('0A000', 'assignment to array elements and composite fields is not supported', position);
  }
  return column;
}

function findViewColumn(level: Level, view: TargetView, target: ast.AssignmentTarget): ColumnEntry {
  const { context } = level;
  const { entry } = view;
  const index = view.columns.findIndex((column) => column.name === target.column);
  if (index < 0) {
    throw context.error(
      '42703',
      `column "${target.column}" of relation "${entry.name}" does not exist`,
      positionOf(context, target.position),
    );
  }
  const column = view.baseColumns[index];
  if (column === null) throw notUpdatableColumn(level, view, target.column);
  return column;
}

function notUpdatableColumn(level: Level, view: TargetView, name: string) {
  const doing = view.command === 'insert' ? 'insert into' : 'update';
  return level.context.error('0A000', `cannot ${doing} column "${name}" of view "${view.entry.name}"`, undefined, {
    detail: 'View columns that are not columns of their base relation are not updatable.',
  });
}

/** transformAssignedExpr: converted to the column's type by assignment casts. */
function coerceAssigned(level: Level, column: ColumnEntry, expr: Expr): Expr {
  const { context } = level;
  const converted = coerceToTarget(context, expr, column.typeOid, column.typeModifier, 'assignment');
  if (converted !== null) return converted;
  throw context.error(
    '42804',
    `column "${column.name}" is of type ${context.types.name(column.typeOid)} but expression is of type ${context.types.name(expr.typeOid)}`,
    context.locationOf(expr),
    { hint: 'You will need to rewrite or cast the expression.' },
  );
}

export function generatedOf(level: Level, target: TargetTable): LogicalAssignment[] {
  return target.table.columns
    .filter((column) => column.generated && !column.dropped)
    .map((column) => ({
      columnIndex: column.number - 1,
      value: bindGenerated(level.context, target.table, column, target.rel),
    }));
}

function bindReturning(level: Level, nodes: readonly ast.SelectTarget[], items: readonly NamespaceItem[]) {
  if (nodes.length === 0) return null;
  level.namespace = [...items];
  const targets = level.withClause('returning', () => bindTargets(level, nodes));
  return resolveTargets(level, targets);
}

/* ---- INSERT -------------------------------------------------------------------------------------------------------- */

export interface InsertColumn {
  readonly column: ColumnEntry;
  readonly position: Position;
}

export function insertColumns(level: Level, node: ast.InsertStatement, target: TargetTable): InsertColumn[] {
  const { context } = level;
  if (node.columns === null) {
    const { view, table } = target;
    if (view === null) {
      return table.columns.filter((column) => !column.dropped).map((column) => ({ column, position: undefined }));
    }
    return view.baseColumns.map((column, i) => {
      if (column === null) throw notUpdatableColumn(level, view, view.columns[i].name);
      return { column, position: undefined };
    });
  }
  const seen = new Set<string>();
  return node.columns.map((item) => {
    const position = positionOf(context, item.position);
    const column = findTargetColumn(level, target, item);
    if (seen.has(column.name)) {
      throw context.error('42701', `column "${column.name}" specified more than once`, position);
    }
    seen.add(column.name);
    return { column, position };
  });
}

/** One value for a column: the expression, or null when it is DEFAULT. */
type Given = Expr | null;

function bindInsert(level: Level, node: ast.InsertStatement): ModifyQuery {
  const { context } = level;
  const target = openTarget(level, 'insert', node.table, node.alias, node.tablePosition);
  const { table, rel } = target;
  const columns = insertColumns(level, node, target);
  const sourceRel = context.nextRel();
  const bound = bindInsertSource(level, node, columns, sourceRel);
  // What each column is given over the source row; columns beyond the given ones take their defaults.
  const given = new Map<number, Given>();
  bound.given.forEach((expr, i) => {
    given.set(columns[i].column.number - 1, expr);
  });
  const values = table.columns.map((column, index) => {
    if (column.dropped || column.generated) return makeConst(null, column.typeOid, column.typeModifier);
    const expr = given.get(index);
    return expr === undefined || expr === null ? bindDefault(context, column) : expr;
  });
  const onConflict = node.onConflict === null ? null : bindOnConflict(level, node.onConflict, target);
  const returning = bindReturning(level, node.returning, [target.item]);
  return {
    command: 'insert',
    table,
    target: rel,
    targetAlias: target.relation.alias,
    source: bound.source,
    sourceRel,
    values,
    assignments: [],
    generated: generatedOf(level, target),
    checks: bindChecks(context, table, rel),
    onConflict,
    merge: null,
    returning,
    ctes: [],
  };
}

function emptySource(level: Level): Query {
  return {
    ...EMPTY_QUERY_PARTS,
    id: level.context.nextQuery(),
    relations: new Map(),
    from: [],
    targets: [],
  };
}

function bindInsertSource(
  level: Level,
  node: ast.InsertStatement,
  columns: readonly InsertColumn[],
  sourceRel: number,
): { source: Query; given: Given[] } {
  if (node.source === null) return { source: emptySource(level), given: [] };
  const { body } = node.source;
  const bare =
    node.source.with === null &&
    node.source.orderBy.length === 0 &&
    node.source.limit === null &&
    node.source.offset === null &&
    node.source.locking.length === 0;
  if (body.kind === 'values' && bare) {
    if (body.rows.length > 1) return bindRows(level, node, columns, body, sourceRel);
    const one = bindOneRow(level, node, columns, body.rows[0]);
    if (!level.hasSets) return one;
    // One row of VALUES may hold set-returning functions: it is a SELECT then, and gives as many rows as they do.
    level.hasSets = false;
    return bindOneRowAsSelect(level, node, columns, body.rows[0], sourceRel);
  }
  return bindInsertSelect(level, node, columns, node.source, sourceRel);
}

function checkCount(
  level: Level,
  columns: readonly InsertColumn[],
  count: number,
  extra: Position,
  explicit: boolean,
): void {
  const { context } = level;
  if (count > columns.length) {
    throw context.error('42601', 'INSERT has more expressions than target columns', extra);
  }
  if (explicit && count < columns.length) {
    throw context.error('42601', 'INSERT has more target columns than expressions', columns[count].position);
  }
}

/** Values for one row, converted; DEFAULT is null. */
export function bindGivenRow(
  level: Level,
  node: ast.InsertStatement,
  columns: readonly InsertColumn[],
  row: readonly ast.Expression[],
): Given[] {
  const { context } = level;
  checkCount(
    level,
    columns,
    row.length,
    positionOf(context, row[columns.length]?.position ?? -1),
    node.columns !== null,
  );
  return level.withClause('values', () =>
    row.map((item, i) => {
      const { column } = columns[i];
      if (item.kind === 'default') return null;
      const override = checkWritable(level, node, column);
      if (override === 'default') return null;
      return coerceAssigned(level, column, bindExpr(level, item));
    }),
  );
}

/** Generated and identity columns take only DEFAULT, unless overridden. */
function checkWritable(level: Level, node: ast.InsertStatement, column: ColumnEntry): 'value' | 'default' {
  const refuse = (detail: string, hint?: string) =>
    level.context.error(
      '428C9',
      `cannot insert a non-DEFAULT value into column "${column.name}"`,
      undefined,
      hint === undefined ? { detail } : { detail, hint },
    );
  if (column.generated) throw refuse(`Column "${column.name}" is a generated column.`);
  if (column.identity === null) return 'value';
  if (node.overriding === 'user') return 'default';
  if (column.identity === 'always' && node.overriding !== 'system') {
    throw refuse(
      `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`,
      'Use OVERRIDING SYSTEM VALUE to override.',
    );
  }
  return 'value';
}

function bindOneRow(
  level: Level,
  node: ast.InsertStatement,
  columns: readonly InsertColumn[],
  row: readonly ast.Expression[],
): { source: Query; given: Given[] } {
  return { source: emptySource(level), given: bindGivenRow(level, node, columns, row) };
}

function bindOneRowAsSelect(
  level: Level,
  node: ast.InsertStatement,
  columns: readonly InsertColumn[],
  row: readonly ast.Expression[],
  sourceRel: number,
): { source: Query; given: Given[] } {
  const isGiven = (i: number): boolean =>
    row[i].kind !== 'default' && checkWritable(level, node, columns[i].column) === 'value';
  const chosen = row.flatMap((_item, i) => (isGiven(i) ? [i] : []));
  const query: ast.Query = {
    ...(node.source as ast.Query),
    body: {
      kind: 'select',
      distinct: null,
      targets: chosen.map((i) => ({ expr: row[i], alias: null, position: row[i].position })),
      into: null,
      from: [],
      where: null,
      groupBy: null,
      having: null,
      windows: [],
      position: row[0].position,
    },
  };
  const own = chosen.map((i) => columns[i]);
  const bound = bindInsertSelect(level, node, own, query, sourceRel);
  const given: Given[] = row.map(() => null);
  chosen.forEach((i, k) => {
    given[i] = bound.given[k];
  });
  return { source: bound.source, given };
}

function bindRows(
  level: Level,
  node: ast.InsertStatement,
  columns: readonly InsertColumn[],
  body: ast.ValuesBody,
  sourceRel: number,
): { source: Query; given: Given[] } {
  const { context } = level;
  const width = body.rows[0].length;
  const rows = body.rows.map((row) => {
    if (row.length !== width) {
      throw context.error(
        '42601',
        'VALUES lists must all be the same length',
        positionOf(context, row[0]?.position ?? body.position),
      );
    }
    const given = bindGivenRow(level, node, columns, row);
    if (level.hasSets) {
      const position = positionOf(context, row[0].position);
      throw context.error('0A000', 'set-returning functions are not allowed in VALUES', position);
    }
    return given.map((expr, i) => {
      const { column } = columns[i];
      if (expr !== null) return expr;
      return column.generated ? makeConst(null, column.typeOid, column.typeModifier) : bindDefault(context, column);
    });
  });
  const rel = context.nextRel();
  const relationColumns: RelationColumn[] = rows[0].map((expr, i) => ({
    name: `column${i + 1}`,
    typeOid: expr.typeOid,
    typeModifier: columns[i].column.typeModifier,
    tableOid: 0,
    columnNumber: 0,
  }));
  const inner = new Level(context, level);
  inner.relations.set(rel, { kind: 'values', rel, alias: '*VALUES*', columns: relationColumns, rows });
  const targets: Target[] = relationColumns.map((column, i) => ({
    expr: makeVar(rel, i, column.typeOid, column.typeModifier),
    name: column.name,
    tableOid: 0,
    columnNumber: 0,
  }));
  const source: Query = {
    ...EMPTY_QUERY_PARTS,
    id: inner.queryId,
    relations: inner.relations,
    from: [{ kind: 'rel', rel }],
    targets,
  };
  const given = relationColumns.map((column, i) => makeVar(sourceRel, i, column.typeOid, column.typeModifier));
  return { source, given };
}

function bindInsertSelect(
  level: Level,
  node: ast.InsertStatement,
  columns: readonly InsertColumn[],
  query: ast.Query,
  sourceRel: number,
): { source: Query; given: Given[] } {
  const { context } = level;
  let source = bindQuery(new Level(context, level), query, { keepUnknown: true });
  checkCount(
    level,
    columns,
    source.targets.length,
    context.locationOf(source.targets[columns.length]?.expr),
    node.columns !== null,
  );
  const targets = [...source.targets];
  const given = targets.map((target, i): Given => {
    const { column } = columns[i];
    if (checkWritable(level, node, column) === 'default') return null;
    // Literals are converted where they stand; other values above the query.
    if (target.expr.typeOid === UNKNOWN) targets[i] = { ...target, expr: coerceAssigned(level, column, target.expr) };
    const { typeOid, typeModifier } = targets[i].expr;
    const variable = makeVar(sourceRel, i, typeOid, typeModifier);
    return coerceAssigned(level, column, context.copyLocation(target.expr, variable));
  });
  source = { ...source, targets: resolveTargets(level, targets) };
  return { source, given };
}

/* ---- ON CONFLICT --------------------------------------------------------------------------------------------------- */

function bindOnConflict(level: Level, clause: ast.OnConflictClause, target: TargetTable): ModifyQuery['onConflict'] {
  const { context } = level;
  const { table } = target;
  if (clause.action === 'update' && clause.target === null) {
    throw context.error(
      '42601',
      'ON CONFLICT DO UPDATE requires inference specification or constraint name',
      positionOf(context, clause.position),
      { hint: 'For example, ON CONFLICT (column_name).' },
    );
  }
  const arbiters = findArbiters(level, clause, target);
  const excluded = context.nextRel();
  if (clause.action === 'nothing') return { action: 'nothing', arbiters, assignments: [], where: null, excluded };
  const relation: Relation = { kind: 'table', rel: excluded, alias: 'excluded', columns: columnsOfTable(table), table };
  level.relations.set(excluded, relation);
  const item = itemOfRelation(relation, { name: 'excluded', schemaName: null, table: null, hasAlias: true });
  level.allItems.push(item);
  level.namespace = [{ ...target.item }, { ...item, columnsVisible: false }];
  const assignments = bindAssignments(level, clause.assignments, target);
  const where =
    clause.where === null
      ? null
      : level.withClause('where', () => coerceToBoolean(context, bindExpr(level, clause.where!), 'WHERE'));
  return { action: 'update', arbiters, assignments, where, excluded };
}

function findArbiters(level: Level, clause: ast.OnConflictClause, target: TargetTable): IndexEntry[] {
  const { context } = level;
  const { table, rel } = target;
  const spec = clause.target;
  if (spec === null) return [];
  const indexes = context.catalog.indexesOf(table.oid);
  if (spec.kind === 'constraint') {
    const constraint = context.catalog.constraintsOf(table.oid).find((candidate) => candidate.name === spec.name);
    if (constraint === undefined) {
      throw context.error('42704', `constraint "${spec.name}" for table "${table.name}" does not exist`);
    }
    const index = indexes.find((candidate) => candidate.oid === constraint.indexOid);
    if (index === undefined || constraint.type === 'foreign key') {
      throw context.error('42809', 'constraint in ON CONFLICT clause has no associated index');
    }
    return [index];
  }
  level.namespace = [{ ...target.item }];
  const wanted = level.withClause('index expression', () =>
    spec.elements.map((element): Expr => {
      if (element.column === null) return bindExpr(level, element.expr!);
      const column = table.columns.find((candidate) => !candidate.dropped && candidate.name === element.column);
      if (column === undefined) {
        throw context.error(
          '42703',
          `column "${element.column}" does not exist`,
          positionOf(context, element.position),
        );
      }
      return makeVar(rel, column.number - 1, column.typeOid, column.typeModifier);
    }),
  );
  const where =
    spec.where === null
      ? []
      : level.withClause('index predicate', () =>
          conjuncts(coerceToBoolean(context, bindExpr(level, spec.where!), 'WHERE')),
        );
  if (where.length > 0) context.shareable = false;
  const found = indexes.filter((index) => {
    if (!index.unique) return false;
    const keys = bindIndexKeys(context, table, index, rel);
    const same =
      keys.every((key) => wanted.some((expr) => equalExpr(expr, key))) &&
      wanted.every((expr) => keys.some((key) => equalExpr(expr, key)));
    if (!same) return false;
    const predicate = conjuncts(bindIndexPredicate(context, table, index, rel));
    return predicate.every((part) => where.some((given) => sameCondition(given, part)));
  });
  if (found.length === 0) {
    throw context.error('42P10', 'there is no unique or exclusion constraint matching the ON CONFLICT specification');
  }
  return found;
}

/** Equal but for the lifting of literals. */
function sameCondition(a: Expr, b: Expr): boolean {
  return equalExpr(unlifted(a), unlifted(b));
}

export function unlifted(expr: Expr): Expr {
  return JSON.parse(
    JSON.stringify(expr, (key, value) =>
      key === 'literalIndex' ? -1 : typeof value === 'bigint' ? `${value}n` : value,
    ),
  ) as Expr;
}

/* ---- UPDATE and DELETE --------------------------------------------------------------------------------------------- */

export function bindAssignments(
  level: Level,
  nodes: readonly ast.Assignment[],
  target: TargetTable,
): LogicalAssignment[] {
  const { context } = level;
  const result: LogicalAssignment[] = [];
  const assign = (columnTarget: ast.AssignmentTarget, value: Expr | null): void => {
    const column = findTargetColumn(level, target, columnTarget);
    const columnIndex = column.number - 1;
    if (result.some((known) => known.columnIndex === columnIndex)) {
      throw context.error('42601', `multiple assignments to same column "${column.name}"`);
    }
    if (value !== null) checkUpdatable(level, column);
    if (value === null && column.generated) return;
    const converted = value === null ? bindDefault(context, column) : coerceAssigned(level, column, value);
    result.push({ columnIndex, value: converted });
  };
  const bind = (node: ast.Expression): Expr => level.withClause('update source', () => bindExpr(level, node));
  for (const node of nodes) {
    if (node.kind === 'assign') {
      if (node.value.kind !== 'default') findTargetColumn(level, target, node.target);
      assign(node.target, node.value.kind === 'default' ? null : bind(node.value));
      continue;
    }
    for (const [i, value] of bindMultiple(level, node, bind).entries()) assign(node.targets[i], value);
  }
  return result;
}

function bindMultiple(
  level: Level,
  node: ast.Assignment & { kind: 'multiAssign' },
  bind: (node: ast.Expression) => Expr,
): (Expr | null)[] {
  const { context } = level;
  const { value, targets } = node;
  const position = positionOf(context, value.position);
  const mismatch = () => context.error('42601', 'number of columns does not match number of values', position);
  if (value.kind === 'row') {
    if (value.fields.length !== targets.length) throw mismatch();
    return value.fields.map((field) => (field.kind === 'default' ? null : bind(field)));
  }
  if (value.kind !== 'scalarSubquery') {
    if (targets.length === 1) return [bind(value)];
    throw context.error(
      '0A000',
      'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression',
      position,
    );
  }
  const query = bindQuery(new Level(context, level), value.query);
  if (query.targets.length !== targets.length) throw mismatch();
  // The subquery answers one row value; each column is a field of it.
  const fields = query.targets.map((item) => item.expr);
  const names = query.targets.map((item) => item.name);
  const row: Expr = { kind: 'row', fields, names, typeOid: RECORD, typeModifier: -1 };
  const one: Query = { ...query, targets: [{ expr: row, name: 'row', tableOid: 0, columnNumber: 0 }] };
  const sublink = toExpr({
    kind: 'sublink',
    mode: 'scalar',
    query: one,
    test: null,
    typeOid: RECORD,
    typeModifier: -1,
  });
  return fields.map((field, index) => ({
    kind: 'field',
    base: sublink,
    index,
    typeOid: field.typeOid,
    typeModifier: field.typeModifier,
  }));
}

function checkUpdatable(level: Level, column: ColumnEntry): void {
  const refuse = (detail: string) =>
    level.context.error('428C9', `column "${column.name}" can only be updated to DEFAULT`, undefined, { detail });
  if (column.generated) throw refuse(`Column "${column.name}" is a generated column.`);
  if (column.identity === 'always') {
    throw refuse(`Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`);
  }
}

/** FROM / USING and WHERE of a modification, with the target in view. */
function bindModifySource(
  level: Level,
  target: TargetTable,
  from: readonly ast.FromItem[],
  whereNode: ast.Expression | null,
): Query {
  const { context } = level;
  target.item.lateralOnly = true;
  target.item.lateralOk = false;
  level.namespace = [target.item];
  const trees: FromItem[] = [{ kind: 'rel', rel: target.rel }, ...bindFromClause(level, from)];
  const where =
    whereNode === null
      ? null
      : level.withClause('where', () =>
          coerceToBoolean(context, resolveUnknown(context, bindExpr(level, whereNode)), 'WHERE'),
        );
  return {
    ...EMPTY_QUERY_PARTS,
    id: level.queryId,
    relations: level.relations,
    from: trees,
    where: makeAnd([...conjuncts(target.view?.where ?? null), ...conjuncts(where)]),
    targets: [],
  };
}

function bindUpdate(level: Level, node: ast.UpdateStatement): ModifyQuery {
  const { context } = level;
  const target = openTarget(level, 'update', node.table.name, node.table.alias?.name ?? null, node.table.position);
  const source = bindModifySource(level, target, node.from, node.where);
  const items = [...level.namespace];
  const assignments = bindAssignments(level, node.assignments, target);
  const returning = bindReturning(level, node.returning, items);
  return {
    command: 'update',
    table: target.table,
    target: target.rel,
    targetAlias: target.relation.alias,
    source,
    sourceRel: -1,
    values: [],
    assignments,
    generated: generatedOf(level, target),
    checks: bindChecks(context, target.table, target.rel),
    onConflict: null,
    merge: null,
    returning,
    ctes: [],
  };
}

function bindDelete(level: Level, node: ast.DeleteStatement): ModifyQuery {
  const target = openTarget(level, 'delete', node.table.name, node.table.alias?.name ?? null, node.table.position);
  const source = bindModifySource(level, target, node.using, node.where);
  const items = [...level.namespace];
  const returning = bindReturning(level, node.returning, items);
  return {
    command: 'delete',
    table: target.table,
    target: target.rel,
    targetAlias: target.relation.alias,
    source,
    sourceRel: -1,
    values: [],
    assignments: [],
    generated: [],
    checks: [],
    onConflict: null,
    merge: null,
    returning,
    ctes: [],
  };
}
