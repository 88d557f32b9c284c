/** Functions in FROM: ROWS FROM, WITH ORDINALITY, column definitions. */
import type { ColumnDefinition, ScalarFunction } from '../../catalog/function-entry.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import type { FunctionRelation, Query, Relation, RelationColumn } from '../logical.ts';
import { refuseNestedSets } from './call.ts';
import { resolveUnknown } from './coerce.ts';
import { derivedCollation } from './collation.ts';
import { baseCollation } from './collation-of-type.ts';
import { columnNameOf } from './column-name.ts';
import type { BindContext, Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { addRelation, type BoundFrom, plainColumn, renameColumns } from './from.ts';
import { positionOf } from './position.ts';
import { inlineSet } from './routine.ts';
import type { Level } from './scope.ts';
import { INT8, RECORD } from './type-info.ts';
import { resolveTypeName } from './type-name.ts';

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
  /** The named composite type of its rows; 0: of none. */
  readonly rowTypeOid: number;
}

/** An item of FROM that is one function, or several beside each other. */
export function bindFunctionRef(level: Level, node: ast.FunctionRef): BoundFrom {
  const { context } = level;
  const position = positionOf(context, node.position);
  const calls = spreadUnnest(node);
  const savedLateral = level.lateralActive;
  level.lateralActive = true;
  const bound = calls.map((item) => {
    const defs = item.columnDefs.length > 0 ? item.columnDefs : node.rowsFrom ? [] : node.columnDefs;
    const found = bindFromFunction(level, item.call, defs);
    return calls.length > 1 || node.ordinality ? asKept(found, item) : found;
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
  context.environment.noteColumns?.(node, {
    names: shared.columns.map((column) => column.name),
    functions: calls.map((item, i) => {
      const { rowTypeOid, columns } = bound[i];
      return rowTypeOid === 0 ? item : { ...item, row: { typeOid: rowTypeOid, columnCount: columns.length } };
    }),
  });
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

/** In a kept query others stand behind a function's columns: those that its type has got since are not among them. */
function asKept(bound: BoundFunction, { row }: ast.FromCall): BoundFunction {
  if (row === undefined || bound.item === null || bound.columns.length <= row.columnCount) return bound;
  const columns = bound.columns.slice(0, row.columnCount);
  return { ...bound, columns, item: { ...bound.item, columnTypes: columns.map(({ typeOid }) => typeOid) } };
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

/** Only records without a form of their own take a column definition list, and they need one (addRangeTableEntryForFunction). */
function checkDefinitions(
  context: BindContext,
  expr: Expr,
  defs: readonly ast.ColumnDefinitionItem[],
  isComposite: boolean,
  position: Position,
): void {
  const fn: ScalarFunction | null = expr.kind === 'call' ? expr.function : null;
  const isPlainRecord = expr.typeOid === RECORD && (fn?.outColumns ?? []).length === 0;
  if (defs.length === 0) {
    if (!isPlainRecord) return;
    throw context.error('42601', 'a column definition list is required for functions returning "record"', position);
  }
  const at = positionOf(context, defs[0].position);
  if (!isPlainRecord) {
    const message =
      expr.typeOid === RECORD
        ? 'redundant for a function with OUT parameters'
        : isComposite
          ? 'redundant for a function returning a named composite type'
          : 'only allowed for functions returning "record"';
    throw context.error('42601', `a column definition list is ${message}`, at);
  }
  if (fn === null) throw context.error('0A000', 'a column definition list is supported for function calls only', at);
}

/** A function's value as a column, whose collation is that of the call. */
function valueColumn(level: Level, name: string, expr: Expr): RelationColumn {
  const column = plainColumn(name, expr.typeOid, expr.typeModifier);
  const own = baseCollation(level.context, expr.typeOid);
  if (!level.context.usesCollations || own === 0) return column;
  const collation = derivedCollation(level, expr);
  return collation === own ? column : { ...column, collation };
}

function bindFromFunction(
  level: Level,
  call: ast.Expression,
  defs: readonly ast.ColumnDefinitionItem[],
): BoundFunction {
  const { context } = level;
  const position = positionOf(context, call.position);
  const expr = resolveUnknown(
    context,
    level.withClause('from function', () => bindWholeItem(level, call)),
  );
  if (!(expr.kind === 'call' && expr.function.returnsSet)) refuseNestedSets(context, [expr]);
  const fnName = columnNameOf(call);
  const attributes =
    expr.typeOid === RECORD ? undefined : context.types.get(context.types.base(expr.typeOid))?.attributes;
  const isRow = expr.typeOid === RECORD || attributes !== undefined;
  checkDefinitions(context, expr, defs, attributes !== undefined, position);
  if (expr.kind !== 'call' || (!expr.function.returnsSet && expr.function.outColumns === undefined && !isRow)) {
    return {
      item: plainItem(expr),
      value: expr,
      columns: [valueColumn(level, fnName, expr)],
      isScalar: true,
      rowTypeOid: 0,
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
    rowTypeOid: attributes === undefined ? 0 : context.types.base(expr.typeOid),
  });
  if (defs.length > 0) {
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
  const outName = fn.routine === undefined ? SINGLE_OUT_NAMES[fn.name] : single;
  const columns = [valueColumn(level, outName ?? fnName, expr)];
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
    rowTypeOid: 0,
  };
}
