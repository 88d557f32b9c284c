/** ON CONFLICT: arbiters and the update (after PostgreSQL's parse_clause.c and plancat.c). */
import type { IndexEntry } from '../../catalog/entries.ts';
import type * as ast from '../../parser/ast.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, logical, type ModifyQuery, makeVar, type Relation } from '../logical.ts';
import { addRights, readsColumn } from '../rights.ts';
import { replaceExpr } from '../traverse.ts';
import { bindAssignments } from './assignments.ts';
import { coerceToBoolean } from './coerce.ts';
import { bindExpr } from './expression.ts';
import { columnsOfTable } from './from.ts';
import type { TargetTable } from './modify-target.ts';
import { positionOf } from './position.ts';
import { itemOfRelation, type Level, type NamespaceItem } from './scope.ts';
import { bindIndexKeys, bindIndexPredicate } from './stored.ts';

export function bindOnConflict(
  level: Level,
  clause: ast.OnConflictClause,
  target: TargetTable,
): ModifyQuery['onConflict'] {
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
  const relation: Relation = {
    kind: 'table',
    rel: excluded,
    alias: 'excluded',
    columns: columnsOfTable(level.context, table),
    table,
  };
  level.relations.set(excluded, relation);
  addRights(target.need, 'w');
  const item = excludedItem(target, relation);
  level.allItems.push(item);
  level.namespace = [{ ...target.item }, { ...item, columnsVisible: false }];
  const assignments = bindAssignments(level, clause.assignments, target);
  const where =
    clause.where === null
      ? null
      : level.withClause('where', () => coerceToBoolean(context, bindExpr(level, clause.where!), 'WHERE'));
  return { action: 'update', arbiters, assignments, where, excluded };
}

/** The proposed row under the names of the table, or of the view that the statement names. */
function excludedItem(target: TargetTable, relation: Relation): NamespaceItem {
  // Who reads the proposed row reads the table's columns.
  const { need } = target;
  const item = itemOfRelation(relation, { name: 'excluded', schemaName: null, table: null, hasAlias: true, need });
  if (target.view === null) return item;
  const columns = target.view.columns.map((column) => ({
    ...column,
    expr: replaceExpr(column.expr, (expr) => {
      const node = logical(expr);
      if (node.kind !== 'var' || node.rel !== target.rel) return null;
      return makeVar(relation.rel, node.column, node.typeOid, node.typeModifier);
    }),
  }));
  return { ...item, columns };
}

function findArbiters(level: Level, clause: ast.OnConflictClause, target: TargetTable): IndexEntry[] {
  const { context } = level;
  const { table, rel } = target;
  const spec = clause.target;
  if (spec === null) return [];
  const indexes = context.catalog.indexesOf(table.oid).filter((index) => index.valid !== false);
  if (spec.kind === 'constraint') {
    const constraint = context.catalog.constraintsOf(table.oid).find((candidate) => candidate.name === spec.name);
    if (constraint === undefined) {
      throw context.error('42704', `constraint "${spec.name}" for table "${table.name}" does not exist`);
    }
    const index = indexes.find((candidate) => candidate.oid === constraint.indexOid);
    if (index === undefined || constraint.type === 'foreign key') {
      throw context.error('42809', 'constraint in ON CONFLICT clause has no associated index');
    }
    if (constraint.type === 'exclude' && clause.action === 'update') {
      throw context.error('42809', 'ON CONFLICT DO UPDATE not supported with exclusion constraints');
    }
    for (const number of constraint.columns) readsColumn({ need: target.need, number });
    return [index];
  }
  level.namespace = [{ ...target.item }];
  const wanted = level.withClause('index expression', () =>
    spec.elements.map((element): Expr => {
      if (element.column === null) return bindExpr(level, element.expr!);
      const ofView = target.view?.columns.find((candidate) => candidate.name === element.column);
      if (ofView !== undefined) {
        readsColumn(ofView.use);
        return ofView.expr;
      }
      const column = table.columns.find((candidate) => !candidate.dropped && candidate.name === element.column);
      if (column === undefined || target.view !== null) {
        throw context.error(
          '42703',
          `column "${element.column}" does not exist`,
          positionOf(context, element.position),
        );
      }
      readsColumn({ need: target.need, number: column.number });
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

function unlifted(expr: Expr): Expr {
  return JSON.parse(
    JSON.stringify(expr, (key, value) =>
      key === 'literalIndex' ? -1 : typeof value === 'bigint' ? `${value}n` : value,
    ),
  ) as Expr;
}
