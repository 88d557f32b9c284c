/**
 * SEARCH and CYCLE of WITH RECURSIVE (after PostgreSQL's rewriteSearchCycle.c): columns that the query computes beside its own.
 *
 *     start:  SELECT s.*, ARRAY[ROW(s.keys)] AS path FROM (start) s
 *     step:   SELECT s.*, s.path || ROW(s.keys) AS path FROM (step, with the work table's path as one column more) s
 *
 * SEARCH DEPTH keeps the path of rows, SEARCH BREADTH the depth and the row, CYCLE a mark and the path; rows whose mark is set
 * are not followed.
 */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { equalityFunction, functionsByName } from '../../catalog/functions/registry.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { caseBranch, makeConst, makeQuery, makeVar, type Query, type RelationColumn, type Target } from '../logical.ts';
import { resolveUnknown } from './coerce.ts';
import { coerceToCommonType, selectCommonType } from './common-type.ts';
import { mustHaveEquality } from './comparable.ts';
import { bindExpr } from './expression.ts';
import { makeOperator } from './overload.ts';
import { positionOf } from './position.ts';
import { Level } from './scope.ts';
import { BOOL, INT8, RECORD, RECORD_ARRAY } from './type-info.ts';

interface ExtraColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Over the columns of the start, or of the step, which have the column's old value behind them. */
  start(columns: readonly Expr[]): Expr;
  step(columns: readonly Expr[], old: Expr): Expr;
}

export interface SearchCycle {
  readonly columns: readonly RelationColumn[];
  wrapStart(start: Query): Query;
  /** `rel`: the work table among the step's relations. */
  wrapStep(step: Query, rel: number): Query;
}

/** What the item's SEARCH and CYCLE add to its columns; null: neither is there. */
export function bindSearchCycle(
  level: Level,
  item: ast.CommonTableExpr,
  own: readonly RelationColumn[],
): SearchCycle | null {
  if (item.search === null && item.cycle === null) return null;
  checkNames(level, item, own);
  const extras: ExtraColumn[] = [];
  if (item.search !== null) extras.push(searchColumn(level, item.search, own));
  let mark: CycleMark | null = null;
  if (item.cycle !== null) {
    mark = bindMark(level, item.cycle);
    extras.push(...cycleColumns(item.cycle, mark, own, own.length + extras.length + 1));
  }
  return {
    columns: extras.map(({ name, typeOid }) => ({ name, typeOid, typeModifier: -1, tableOid: 0, columnNumber: 0 })),
    wrapStart: (start) =>
      wrap(level, start, own.length, (columns) => extras.map((extra) => extra.start(columns)), null),
    wrapStep: (step, rel) => {
      const old = extras.map((extra, i) => target(makeVar(rel, own.length + i, extra.typeOid, -1), extra.name));
      const extended: Query = { ...step, targets: [...step.targets, ...old] };
      const compute = (columns: readonly Expr[]): Expr[] =>
        extras.map((extra, i) => extra.step(columns, columns[own.length + i]));
      const follow = mark === null ? null : notMarked(level, mark, own.length + extras.length - 2);
      return wrap(level, extended, own.length, compute, follow);
    },
  };
}

function target(expr: Expr, name: string): Target {
  return { expr, name, tableOid: 0, columnNumber: 0 };
}

/** SELECT its first `width` columns, and more, FROM (query). */
function wrap(
  level: Level,
  query: Query,
  width: number,
  more: (columns: readonly Expr[]) => Expr[],
  where: ((columns: readonly Expr[]) => Expr) | null,
): Query {
  const { context } = level;
  const rel = context.nextRel();
  const inner = new Level(context, level);
  const columns: RelationColumn[] = query.targets.map(({ name, expr }) => ({
    name,
    typeOid: expr.typeOid,
    typeModifier: expr.typeModifier,
    tableOid: 0,
    columnNumber: 0,
  }));
  inner.relations.set(rel, { kind: 'subquery', rel, alias: '*TROCRN*', columns, query, lateral: false, view: null });
  const vars = columns.map((column, i) => makeVar(rel, i, column.typeOid, column.typeModifier));
  const own = query.targets.slice(0, width).map((item, i) => ({ ...item, expr: vars[i] }));
  return makeQuery({
    id: inner.queryId,
    relations: inner.relations,
    from: [{ kind: 'rel', rel }],
    where: where === null ? null : where(vars),
    targets: [...own, ...more(vars).map((expr) => target(expr, ''))],
  });
}

function row(fields: readonly Expr[]): Expr {
  return { kind: 'row', fields, names: fields.map((_, i) => `f${i + 1}`), typeOid: RECORD, typeModifier: -1 };
}

function arrayOf(element: Expr): Expr {
  return {
    kind: 'array',
    elementType: RECORD,
    elements: [element],
    multidimensional: false,
    typeOid: RECORD_ARRAY,
    typeModifier: -1,
  };
}

/** array_cat, as PostgreSQL has it: || would not know whether the array is meant, or an element. */
function appended(path: Expr, next: Expr): Expr {
  const entry = functionsByName('array_cat')[0] as ScalarFunction;
  return { kind: 'call', function: entry, args: [path, arrayOf(next)], typeOid: RECORD_ARRAY, typeModifier: -1 };
}

function keysOf(names: readonly string[], own: readonly RelationColumn[]): (columns: readonly Expr[]) => Expr[] {
  const places = names.map((name) => own.findIndex((column) => column.name === name));
  return (columns) => places.map((place) => columns[place]);
}

function searchColumn(
  level: Level,
  search: NonNullable<ast.CommonTableExpr['search']>,
  own: readonly RelationColumn[],
): ExtraColumn {
  const { context } = level;
  const keys = keysOf(search.columns, own);
  const name = search.sequenceColumn;
  if (!search.breadthFirst) {
    return {
      name,
      typeOid: RECORD_ARRAY,
      start: (columns) => arrayOf(row(keys(columns))),
      step: (columns, old) => appended(old, row(keys(columns))),
    };
  }
  const depth = (old: Expr): Expr => ({ kind: 'field', base: old, index: 0, typeOid: INT8, typeModifier: -1 });
  return {
    name,
    typeOid: RECORD,
    start: (columns) => row([makeConst(0, INT8), ...keys(columns)]),
    step: (columns, old) =>
      row([makeOperator(context, '+', depth(old), makeConst(1, INT8), undefined), ...keys(columns)]),
  };
}

interface CycleMark {
  readonly value: Expr;
  readonly otherwise: Expr;
  readonly typeOid: number;
}

function bindMark(level: Level, cycle: NonNullable<ast.CommonTableExpr['cycle']>): CycleMark {
  const { context } = level;
  if (cycle.markValue === null || cycle.markDefault === null)
    return { value: makeConst(true, BOOL), otherwise: makeConst(false, BOOL), typeOid: BOOL };
  const given = [cycle.markValue, cycle.markDefault].map((node) => bindExpr(level, node));
  const typeOid = selectCommonType(context, given, 'CYCLE');
  mustHaveEquality(context, typeOid, undefined);
  const [value, otherwise] = given.map((expr) =>
    resolveUnknown(context, coerceToCommonType(context, expr, typeOid, 'CYCLE/SET/TO')),
  );
  return { value, otherwise, typeOid };
}

function cycleColumns(
  cycle: NonNullable<ast.CommonTableExpr['cycle']>,
  mark: CycleMark,
  own: readonly RelationColumn[],
  pathPlace: number,
): ExtraColumn[] {
  const keys = keysOf(cycle.columns, own);
  const isOnPath = (columns: readonly Expr[]): Expr => ({
    kind: 'arrayCompare',
    operator: equalityFunction(RECORD) as ScalarFunction,
    left: row(keys(columns)),
    array: columns[pathPlace],
    all: false,
    typeOid: BOOL,
    typeModifier: -1,
  });
  return [
    {
      name: cycle.markColumn,
      typeOid: mark.typeOid,
      start: () => mark.otherwise,
      step: (columns) => ({
        kind: 'case',
        subject: null,
        branches: [caseBranch(isOnPath(columns), mark.value)],
        otherwise: mark.otherwise,
        typeOid: mark.typeOid,
        typeModifier: -1,
      }),
    },
    {
      name: cycle.pathColumn,
      typeOid: RECORD_ARRAY,
      start: (columns) => arrayOf(row(keys(columns))),
      step: (columns, old) => appended(old, row(keys(columns))),
    },
  ];
}

/** The row that the step started from has not closed a cycle. */
function notMarked(level: Level, mark: CycleMark, place: number): (columns: readonly Expr[]) => Expr {
  return (columns) => makeOperator(level.context, '<>', columns[place], mark.value, undefined);
}

function checkNames(level: Level, item: ast.CommonTableExpr, own: readonly RelationColumn[]): void {
  const { context } = level;
  const { search, cycle } = item;
  const isOwn = (name: string): boolean => own.some((column) => column.name === name);
  const refuse = (code: string, message: string, offset: number) =>
    context.error(code, message, positionOf(context, offset));
  const checkList = (what: string, names: readonly string[], offset: number): void => {
    names.forEach((name, i) => {
      if (!isOwn(name)) throw refuse('42601', `${what} column "${name}" not in WITH query column list`, offset);
      if (names.indexOf(name) < i) throw refuse('42701', `${what} column "${name}" specified more than once`, offset);
    });
  };
  const checkNew = (what: string, name: string, offset: number): void => {
    if (isOwn(name)) throw refuse('42601', `${what} name "${name}" already used in WITH query column list`, offset);
  };
  if (search !== null) {
    checkList('search', search.columns, search.position);
    checkNew('search sequence column', search.sequenceColumn, search.position);
  }
  if (cycle === null) return;
  checkList('cycle', cycle.columns, cycle.position);
  checkNew('cycle mark column', cycle.markColumn, cycle.position);
  checkNew('cycle path column', cycle.pathColumn, cycle.position);
  if (cycle.markColumn === cycle.pathColumn)
    throw refuse('42601', 'cycle mark column name and cycle path column name are the same', cycle.position);
  if (search === null) return;
  if (search.sequenceColumn === cycle.markColumn)
    throw refuse('42601', 'search sequence column name and cycle mark column name are the same', search.position);
  if (search.sequenceColumn === cycle.pathColumn)
    throw refuse('42601', 'search sequence column name and cycle path column name are the same', search.position);
}
