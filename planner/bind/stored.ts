/** Expressions that the catalog keeps as text (defaults, checks, index expressions), bound over a table's columns. */
import type { ColumnEntry, IndexEntry, RelationEntry } from '../../catalog/entries.ts';
import type { FunctionContext, ScalarFunction } from '../../catalog/function-entry.ts';
import { functionsByName } from '../../catalog/functions/index.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { makeConst, makeVar, type Relation, type RowCheck } from '../logical.ts';
import { coerceToBoolean, coerceToTarget, resolveUnknown, withDomainCheck } from './coerce.ts';
import { collateExpr } from './collation.ts';
import type { BindContext } from './context.ts';
import { bindExpr } from './expression.ts';
import { columnsOfTable } from './from.ts';
import { type Clause, itemOfRelation, Level } from './scope.ts';
import { REGCLASS } from './type-info.ts';

/** A level in which only the table's own columns are visible, under relation number `rel`. */
export function tableLevel(context: BindContext, table: RelationEntry | null, rel: number): Level {
  const level = new Level(context, null);
  if (table === null) return level;
  const relation: Relation = { kind: 'table', rel, alias: table.name, columns: columnsOfTable(context, table), table };
  level.relations.set(rel, relation);
  const schemaName = context.catalog.schemaName(table.schemaOid);
  const item = itemOfRelation(relation, { name: table.name, schemaName, table, hasAlias: false });
  level.namespace.push(item);
  level.allItems.push(item);
  return level;
}

export function bindStored(
  context: BindContext,
  text: string,
  table: RelationEntry | null,
  rel: number,
  clause: Clause,
): Expr {
  const { routine } = context;
  context.routine = null;
  context.storedText++;
  try {
    const node: ast.Expression = context.environment.parse.expression(text);
    const level = tableLevel(context, table, rel);
    return context.resolved(true, () =>
      collateExpr(
        level,
        level.withClause(clause, () => bindExpr(level, node)),
      ),
    );
  } finally {
    context.storedText--;
    context.routine = routine;
  }
}

/** What a column gets when no value is given; null constant when it has no default. */
export function bindDefault(context: BindContext, column: ColumnEntry): Expr {
  const text = column.generated ? null : (column.defaultText ?? domainDefault(context, column.typeOid));
  // DEFAULT NULL is kept where it stands against a domain's default.
  if (text !== null && !text.startsWith('NULL::')) {
    const expr = bindStored(context, text, null, -1, 'default');
    const converted = coerceToTarget(context, expr, column.typeOid, column.typeModifier, 'assignment');
    if (converted === null) throw context.error('42804', `default of column "${column.name}" has another type`);
    // It may take a sequence's next value.
    context.readOnly = false;
    return converted;
  }
  if (column.identity !== null && column.sequenceOid !== 0) {
    context.readOnly = false;
    const call = nextvalCall(column.sequenceOid);
    return coerceToTarget(context, call, column.typeOid, -1, 'assignment') ?? call;
  }
  const none = makeConst(null, column.typeOid, column.typeModifier);
  return context.types.isDomain(column.typeOid) ? withDomainCheck(context, none, column.typeOid) : none;
}

function domainDefault(context: BindContext, typeOid: number): string | null {
  const type = context.catalog.type(typeOid);
  // An array of the domain has no default.
  return type?.oid === typeOid ? (type.defaultText ?? null) : null;
}

/** The sequence of an identity column is the table's: who may insert may take its values. */
function identityFunction(): ScalarFunction {
  const fn = functionsByName('nextval')[0] as ScalarFunction;
  const implementation = (context: FunctionContext, oid: number) => context.nextval(oid, false);
  return { ...fn, internalName: 'nextval_identity', implementation };
}

function nextvalCall(sequenceOid: number): Expr {
  const fn = identityFunction();
  return {
    kind: 'call',
    function: fn,
    args: [makeConst(sequenceOid, REGCLASS)],
    typeOid: fn.returnType,
    typeModifier: -1,
  };
}

/** The value of a generated column, over the new row's columns. */
export function bindGenerated(context: BindContext, table: RelationEntry, column: ColumnEntry, rel: number): Expr {
  const expr = bindStored(context, column.defaultText!, table, rel, 'generated');
  const converted = coerceToTarget(context, expr, column.typeOid, column.typeModifier, 'assignment');
  if (converted === null) throw context.error('42804', `column "${column.name}" has another type`);
  return converted;
}

/** CHECK constraints of the table, by name. */
export function bindChecks(context: BindContext, table: RelationEntry, rel: number): RowCheck[] {
  const checks: RowCheck[] = [];
  for (const constraint of context.catalog.constraintsOf(table.oid)) {
    if (constraint.type !== 'check' || constraint.checkText === null) continue;
    const expr = bindStored(context, constraint.checkText, table, rel, 'check');
    checks.push({ name: constraint.name, kind: 'check', expr: coerceToBoolean(context, expr, 'CHECK') });
  }
  return checks;
}

/** Key columns of an index as expressions over `rel`. */
export function bindIndexKeys(context: BindContext, table: RelationEntry, index: IndexEntry, rel: number): Expr[] {
  return index.columns.map((column, i) => {
    if (column.columnNumber > 0) {
      const entry = table.columns[column.columnNumber - 1];
      return makeVar(rel, column.columnNumber - 1, entry.typeOid, entry.typeModifier);
    }
    return resolveUnknown(
      context,
      bindStored(context, index.bound?.columns[i] ?? column.expressionText!, table, rel, 'index expression'),
    );
  });
}

/** An expression of a statistics object, over `rel`. */
export function bindStatisticsExpression(context: BindContext, text: string, table: RelationEntry, rel: number): Expr {
  return resolveUnknown(context, bindStored(context, text, table, rel, 'statistics expression'));
}

export function bindIndexPredicate(
  context: BindContext,
  table: RelationEntry,
  index: IndexEntry,
  rel: number,
): Expr | null {
  const text = index.bound?.predicate ?? index.predicateText;
  if (text === null) return null;
  return coerceToBoolean(context, bindStored(context, text, table, rel, 'index predicate'), 'WHERE');
}
