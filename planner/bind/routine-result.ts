/** What a function's last statement answers, made into what the function is declared to return (check_sql_fn_retval). */
import type { ColumnDefinition } from '../../catalog/function-entry.ts';
import { SqlError } from '../../types/errors.ts';
import type { Expr } from '../expr.ts';
import { type ModifyQuery, makeQuery, makeVar, type Query, type Target } from '../logical.ts';
import { coerceToTarget } from './coerce.ts';
import type { BindContext } from './context.ts';
import { addRelation } from './from.ts';
import { Level } from './scope.ts';
import { RECORD, VOID } from './type-info.ts';

export interface RoutineResult {
  readonly typeOid: number;
  /** Of a record with OUT parameters or a column definition list; null: the type says what there is. */
  readonly columns: readonly ColumnDefinition[] | null;
  /** One OUT parameter of a procedure is a row of one column. */
  readonly isProcedure?: boolean;
}

interface Fitted {
  readonly exprs: readonly Expr[];
  /** The one column is the whole result; else the columns make a row. */
  readonly isWhole: boolean;
}

export function returnMismatch(context: BindContext, typeOid: number, detail: string): Error {
  const message = `return type mismatch in function declared to return ${context.types.name(typeOid)}`;
  return context.error('42P13', message, undefined, { detail });
}

export const NO_FINAL_ROWS = "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.";

function attributesOf(context: BindContext, result: RoutineResult): readonly ColumnDefinition[] | null {
  if (result.columns !== null) return result.columns;
  const attributes = context.types.get(context.types.base(result.typeOid))?.attributes;
  return attributes?.map(({ name, typeOid, typmod }) => ({ name, typeOid, typeModifier: typmod })) ?? null;
}

/** The value as the result; null: it cannot become one. What keeps it from that has no place in the body. */
function asResult(context: BindContext, value: Expr, typeOid: number): Expr | null {
  try {
    return coerceToTarget(context, value, typeOid, -1, 'assignment');
  } catch (error) {
    throw error instanceof SqlError ? error.withoutPosition() : error;
  }
}

function fitted(context: BindContext, exprs: readonly Expr[], result: RoutineResult): Fitted {
  const { types } = context;
  const { typeOid } = result;
  // A domain over a composite type is one value.
  const isRow = typeOid === RECORD || types.isComposite(typeOid);
  if (!isRow) {
    if (types.isPseudo(typeOid)) {
      throw context.error('42P13', `return type ${types.name(typeOid)} is not supported for SQL functions`);
    }
    if (exprs.length !== 1) {
      throw returnMismatch(context, typeOid, 'Final statement must return exactly one column.');
    }
    const converted = coerceToTarget(context, exprs[0], typeOid, -1, 'assignment');
    if (converted === null) {
      throw returnMismatch(context, typeOid, `Actual return type is ${types.name(exprs[0].typeOid)}.`);
    }
    return { exprs: [converted], isWhole: true };
  }
  if (exprs.length === 1 && result.isProcedure !== true) {
    // A single value that is, or can become, a row of the type is the result: ROW(a, b), too.
    const [only] = exprs;
    const whole = only.typeOid === typeOid ? only : asResult(context, only, typeOid);
    if (whole !== null) return { exprs: [whole], isWhole: true };
  }
  const columns = attributesOf(context, result);
  if (columns === null) return { exprs, isWhole: false };
  const columnsFitted = exprs.map((expr, i) => {
    const column = columns[i];
    if (column === undefined) throw returnMismatch(context, typeOid, 'Final statement returns too many columns.');
    const converted = coerceToTarget(context, expr, column.typeOid, column.typeModifier, 'assignment');
    if (converted !== null) return converted;
    const [actual, wanted] = [types.name(expr.typeOid), types.name(column.typeOid)];
    throw returnMismatch(
      context,
      typeOid,
      `Final statement returns ${actual} instead of ${wanted} at column ${i + 1}.`,
    );
  });
  if (columnsFitted.length < columns.length) {
    throw returnMismatch(context, typeOid, 'Final statement returns too few columns.');
  }
  return { exprs: columnsFitted, isWhole: false };
}

function isChanged(exprs: readonly Expr[], targets: readonly Target[]): boolean {
  return exprs.some((expr, i) => expr !== targets[i].expr);
}

/** The query with its columns converted: where they stand, or around it when their order or their being distinct depends on them. */
export function coerceBodyQuery(
  context: BindContext,
  query: Query,
  result: RoutineResult,
): { readonly query: Query; readonly isWhole: boolean } {
  if (result.typeOid === VOID) return { query, isWhole: true };
  const isSimple = query.setOperation === null && !query.distinct && query.distinctOn === null && !query.hasSets;
  if (isSimple) {
    const { exprs, isWhole } = fitted(
      context,
      query.targets.map((target) => target.expr),
      result,
    );
    if (!isChanged(exprs, query.targets)) return { query, isWhole };
    const targets = query.targets.map((target, i) => ({ ...target, expr: exprs[i] }));
    return { query: { ...query, targets }, isWhole };
  }
  const rel = context.nextRel();
  const vars = query.targets.map(({ expr }, i) => makeVar(rel, i, expr.typeOid, expr.typeModifier));
  const { exprs, isWhole } = fitted(context, vars, result);
  if (exprs.every((expr, i) => expr === vars[i])) return { query, isWhole };
  const level = new Level(context, null);
  const columns = query.targets.map(({ name, expr }) => ({
    name,
    typeOid: expr.typeOid,
    typeModifier: expr.typeModifier,
    tableOid: 0,
    columnNumber: 0,
  }));
  const { tree } = addRelation(
    level,
    { kind: 'subquery', rel, alias: '*SELECT*', columns, query: { ...query, ctes: [] }, lateral: false, view: null },
    { name: '*SELECT*', schemaName: null, table: null, hasAlias: true },
  );
  const targets = query.targets.map((target, i) => ({ ...target, expr: exprs[i] }));
  const around: Query = makeQuery({
    id: level.queryId,
    relations: level.relations,
    from: [tree],
    targets,
    ctes: query.ctes,
  });
  return { query: around, isWhole };
}

/** INSERT, UPDATE or DELETE at the end of a body. */
export function coerceBodyModify(context: BindContext, modify: ModifyQuery, result: RoutineResult): ModifyQuery {
  if (result.typeOid === VOID) return modify;
  if (modify.returning === null) throw returnMismatch(context, result.typeOid, NO_FINAL_ROWS);
  const { returning } = modify;
  const { exprs } = fitted(
    context,
    returning.map((target) => target.expr),
    result,
  );
  return { ...modify, returning: returning.map((target, i) => ({ ...target, expr: exprs[i] })) };
}
