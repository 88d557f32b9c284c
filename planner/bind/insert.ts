/** INSERT: target columns and the source of the rows (after PostgreSQL's analyze.c). */
import type { ColumnEntry } from '../../catalog/entries.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import {
  type ModifyQuery,
  makeConst,
  makeQuery,
  makeVar,
  type Query,
  type RelationColumn,
  type Target,
} from '../logical.ts';
import { type AssignedPart, bindAssignedPart } from './assign-part.ts';
import type { Position } from './context.ts';
import { bindExpr } from './expression.ts';
import {
  assignedNumber,
  bindReturning,
  checksOf,
  coerceAssigned,
  findTargetColumn,
  generatedOf,
  notUpdatableColumn,
  openTarget,
  refuseDefault,
  type TargetTable,
  wholeColumn,
} from './modify-target.ts';
import { bindOnConflict } from './on-conflict.ts';
import { positionOf } from './position.ts';
import { namedParameter } from './routine.ts';
import { fieldsOf } from './row-fields.ts';
import { Level } from './scope.ts';
import { bindQuery } from './select.ts';
import { resolveTargets } from './targets.ts';
import { UNKNOWN } from './type-info.ts';
import { insertDefault } from './view-defaults.ts';

export interface InsertColumn {
  readonly column: ColumnEntry;
  readonly part: AssignedPart;
  /** As written; null where there is no column list. */
  readonly target: ast.AssignmentTarget | null;
  readonly position: Position;
  /** Its number in what the statement names. */
  readonly number: number;
}

export function insertColumns(level: Level, node: ast.InsertStatement, target: TargetTable): InsertColumn[] {
  const { context } = level;
  const whole = (column: ColumnEntry, number = column.number): InsertColumn => ({
    number,
    column,
    part: wholeColumn(level, column),
    target: null,
    position: undefined,
  });
  if (node.columns === null) {
    const { view, table } = target;
    if (view === null) {
      return table.columns.filter((column) => !column.dropped).map((column) => whole(column));
    }
    return view.baseColumns.map((column, i) => whole(column ?? view.entry.columns[i], i + 1));
  }
  /** Columns seen, and whether as a whole. */
  const seen = new Map<string, boolean>();
  return node.columns.map((item) => {
    const position = positionOf(context, item.position);
    const column = findTargetColumn(level, target, item);
    const isWhole = item.indirection.length === 0;
    const before = seen.get(item.column);
    if (before !== undefined && (before || isWhole)) {
      throw context.error('42701', `column "${item.column}" specified more than once`, position);
    }
    seen.set(item.column, isWhole);
    const part = level.withClause('insert target', () => bindAssignedPart(level, item, column));
    return { column, part, target: item, position, number: assignedNumber(target, item, column) };
  });
}

/** One value for a column: the expression, or null when it is DEFAULT. */
export type Given = Expr | null;

/** By column index: its value, put together where only parts of it are given. */
export function givenByColumn(columns: readonly InsertColumn[], values: readonly Given[]): Map<number, Given> {
  const given = new Map<number, Given>();
  values.forEach((value, i) => {
    const { column, part } = columns[i];
    const index = column.number - 1;
    const before = given.get(index) ?? makeConst(null, column.typeOid, column.typeModifier);
    given.set(index, value === null ? null : part.assign(before, value));
  });
  return given;
}

/** Columns of a view that get a value, by the statement or by a default of their own: each is a column of the table, and only once. */
function checkViewColumns(
  level: Level,
  node: ast.InsertStatement,
  { view }: TargetTable,
  columns: readonly InsertColumn[],
  given: readonly Given[],
): void {
  if (view === null) return;
  const assigned = new Map<ColumnEntry, InsertColumn>();
  const assign = (index: number, by: InsertColumn): void => {
    const column = view.baseColumns[index];
    if (column === null) throw notUpdatableColumn(level, view, index);
    const before = assigned.get(column);
    if (
      before !== undefined &&
      (before.number !== by.number || by.target === null || by.target.indirection.length === 0)
    ) {
      throw level.context.error('42601', `multiple assignments to same column "${column.name}"`);
    }
    assigned.set(column, by);
  };
  const named = new Set<number>();
  given.forEach((value, i) => {
    named.add(columns[i].number - 1);
    assign(columns[i].number - 1, columns[i]);
    if (value === null && view.entry.columns[columns[i].number - 1].defaultText !== null) {
      checkWritable(level, node, columns[i].column);
    }
  });
  view.entry.columns.forEach((own, index) => {
    if (own.defaultText === null || named.has(index)) return;
    const column = view.baseColumns[index] ?? own;
    assign(index, { number: index + 1, column, part: wholeColumn(level, column), target: null, position: undefined });
    checkWritable(level, node, column);
  });
}

export function bindInsert(level: Level, node: ast.InsertStatement): ModifyQuery {
  const { context } = level;
  const target = openTarget(level, 'insert', node.table, node.alias, node.tablePosition);
  const { table, rel } = target;
  const columns = insertColumns(level, node, target);
  const sourceRel = context.nextRel();
  const bound = bindInsertSource(level, node, target, columns, sourceRel);
  bound.given.forEach((_, i) => {
    target.need.inserted.add(columns[i].number);
  });
  checkViewColumns(level, node, target, columns, bound.given);
  // What each column is given over the source row; columns beyond the given ones take their defaults.
  const given = givenByColumn(columns, bound.given);
  const values = table.columns.map((column, index) => {
    if (column.dropped || column.generated) return makeConst(null, column.typeOid, column.typeModifier);
    const expr = given.get(index);
    return expr === undefined || expr === null ? insertDefault(context, target, column) : expr;
  });
  const onConflict = node.onConflict === null ? null : bindOnConflict(level, node.onConflict, target);
  const returning = bindReturning(level, node.returning, [target.item]);
  return {
    command: 'insert',
    table,
    target: rel,
    source: bound.source,
    sourceRel,
    values,
    assignments: [],
    generated: generatedOf(level, target),
    checks: checksOf(level, target),
    onConflict,
    merge: null,
    returning,
    ctes: [],
  };
}

function emptySource(level: Level): Query {
  return makeQuery({
    id: level.context.nextQuery(),
    relations: new Map(),
    from: [],
    targets: [],
  });
}

function bindInsertSource(
  level: Level,
  node: ast.InsertStatement,
  target: TargetTable,
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
    if (body.rows.length > 1) return bindRows(level, node, target, columns, body, sourceRel);
    const row = withParameterFields(level, body.rows[0]);
    const one = bindOneRow(level, node, columns, row);
    if (!level.hasSets) return one;
    // One row of VALUES may hold set-returning functions: it is a SELECT then, and gives as many rows as they do.
    level.hasSets = false;
    return bindOneRowAsSelect(level, node, columns, row, sourceRel);
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

/** Values for one row, converted once all of them are bound; DEFAULT is null. */
export function bindGivenRow(
  level: Level,
  node: ast.InsertStatement,
  columns: readonly InsertColumn[],
  row: readonly ast.Expression[],
): Given[] {
  const { context } = level;
  return level.withClause('insert values', () => {
    const bound = row.map((item) => (item.kind === 'default' ? null : bindExpr(level, item)));
    const extra = positionOf(context, row[columns.length]?.position ?? -1);
    checkCount(level, columns, row.length, extra, node.columns !== null);
    const converted = bound.map((expr, i) => {
      const { part, target } = columns[i];
      if (expr !== null) return coerceAssigned(level, part, expr);
      if (target !== null) refuseDefault(level, target);
      return null;
    });
    return converted.map((expr, i) =>
      expr === null || checkWritable(level, node, columns[i].column) === 'default' ? null : expr,
    );
  });
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
  target: TargetTable,
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
    checkViewColumns(level, node, target, columns, given);
    if (level.hasSets) {
      const position = positionOf(context, row[0].position);
      throw context.error('0A000', 'set-returning functions are not allowed in VALUES', position);
    }
    return given.map((expr, i) => {
      const { column } = columns[i];
      if (expr !== null) return expr;
      return column.generated
        ? makeConst(null, column.typeOid, column.typeModifier)
        : insertDefault(context, target, column);
    });
  });
  const rel = context.nextRel();
  const relationColumns: RelationColumn[] = rows[0].map((expr, i) => ({
    name: `column${i + 1}`,
    typeOid: expr.typeOid,
    typeModifier: columns[i].part.typeModifier,
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
  const source: Query = makeQuery({
    id: inner.queryId,
    relations: inner.relations,
    from: [{ kind: 'rel', rel }],
    targets,
  });
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
    const { column, part } = columns[i];
    if (checkWritable(level, node, column) === 'default') return null;
    // Literals are converted where they stand; other values above the query.
    if (target.expr.typeOid === UNKNOWN) targets[i] = { ...target, expr: coerceAssigned(level, part, target.expr) };
    const { typeOid, typeModifier } = targets[i].expr;
    const variable = makeVar(sourceRel, i, typeOid, typeModifier);
    return coerceAssigned(level, part, context.copyLocation(target.expr, variable));
  });
  source = { ...source, targets: resolveTargets(level, targets) };
  return { source, given };
}

/** VALUES (p.*) in a function's body: all fields of the parameter. */
function withParameterFields(level: Level, row: readonly ast.Expression[]): readonly ast.Expression[] {
  if (level.context.routine === null) return row;
  return row.flatMap((item) => {
    if (item.kind !== 'columnRef' || !item.star) return [item];
    const parameter = namedParameter(level, item.name, positionOf(level.context, item.position));
    const fields = parameter === null ? null : fieldsOf(level, parameter);
    if (fields === null) return [item];
    return fields.map(({ name }) => ({ ...item, name: [...item.name, name], star: false }));
  });
}
