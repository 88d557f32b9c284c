/** ON CONFLICT: arbiters and the update (after PostgreSQL's parse_clause.c and plancat.c). */

import { findCollation } from '../../catalog/collations.ts';
import type { IndexColumn, IndexEntry, RelationEntry } from '../../catalog/entries.ts';
import { collationOfKey } from '../../catalog/pg-catalog/definitions.ts';
import type * as ast from '../../parser/ast.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, logical, type ModifyQuery, makeConst, makeVar, type Relation } from '../logical.ts';
import { implies } from '../paths/predicate-implication.ts';
import { foldConstants } from '../rewrite/fold-constants.ts';
import { addRights, readsColumn } from '../rights.ts';
import { replaceExpr, someExpr } from '../traverse.ts';
import { bindAssignments } from './assignments.ts';
import { coerceToBoolean } from './coerce.ts';
import type { BindContext } from './context.ts';
import { mustFindCollation } from './conversion.ts';
import { bindExpr } from './expression.ts';
import { columnsOfTable } from './from.ts';
import type { TargetTable } from './modify-target.ts';
import { positionOf } from './position.ts';
import { unlift } from './scalar.ts';
import { itemOfRelation, type Level, missingColumn, type NamespaceItem } from './scope.ts';
import { bindIndexKeys, bindIndexPredicate } from './stored.ts';
import { viewConditions } from './view-checks.ts';

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
  const excluded = context.nextRel();
  if (clause.action === 'nothing') {
    const arbiters = bindArbiters(level, clause, target)();
    return { action: 'nothing', arbiters, assignments: [], where: null, visible: [], excluded };
  }
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
  const findArbiters = bindArbiters(level, clause, target);
  level.namespace = [{ ...target.item }, { ...item, columnsVisible: false }];
  const assignments = bindAssignments(level, clause.assignments, target);
  const where =
    clause.where === null
      ? null
      : level.withClause('where', () => coerceToBoolean(context, bindExpr(level, clause.where!), 'WHERE'));
  const visible = target.view === null ? [] : viewConditions(target.view.entry, target.view.query);
  return { action: 'update', arbiters: findArbiters(), assignments, where, visible, excluded };
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

/** Names and expressions are bound at once; whether indexes match them is asked when all of the clause is bound. */
function bindArbiters(level: Level, clause: ast.OnConflictClause, target: TargetTable): () => IndexEntry[] {
  const { context } = level;
  const { table, rel } = target;
  const spec = clause.target;
  if (spec === null) return () => [];
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
    return () => [index];
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
        throw missingColumn(level, null, element.column, positionOf(context, spec.position));
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
  const given = where.map((condition) => plain(withParameters(context, condition)));
  // Before the values are known: whatever they may prove. The plan is made again for each (probes).
  const mayProve = given.some((condition) => someExpr(condition, isParameter));
  const chosen = wanted.map(plain);
  if (where.length > 0 || spec.elements.some((element) => element.expr !== null)) context.shareable = false;
  for (const { collation, position } of spec.elements) {
    if (collation !== null) mustFindCollation(context, collation, positionOf(context, position));
  }
  const isArbiter = (index: IndexEntry, isSupposed: boolean): boolean => {
    if (!index.unique) return false;
    const keys = bindIndexKeys(context, table, index, rel).map(foldConstants);
    const isKey = (expr: Expr, i: number): boolean =>
      keys.some((key, at) => equalExpr(expr, key) && isOrderedAs(context, table, spec.elements[i], index.columns[at]));
    if (!keys.every((key) => chosen.some((expr) => equalExpr(expr, key))) || !chosen.every(isKey)) return false;
    const predicate = conjuncts(bindIndexPredicate(context, table, index, rel)).map(foldConstants);
    return isSupposed || predicate.every((part) => given.some((condition) => implies(condition, part)));
  };
  return () => {
    const found = indexes.filter((index) => isArbiter(index, false));
    if (found.length > 0) return found;
    const supposed = mayProve ? indexes.filter((index) => isArbiter(index, true)) : [];
    if (supposed.length > 0) return supposed;
    throw context.error('42P10', 'there is no unique or exclusion constraint matching the ON CONFLICT specification');
  };
}

function isParameter(expr: Expr): boolean {
  return expr.kind === 'param';
}

/** Parameters in the condition on the index are what they will be: the plan is good for those values only. */
function withParameters(context: BindContext, condition: Expr): Expr {
  return replaceExpr(condition, (expr) => {
    if (expr.kind !== 'param') return null;
    context.exactParameters.push(expr);
    const value = context.environment.values?.param(expr.index);
    return value === undefined ? null : makeConst(value, expr.typeOid, expr.typeModifier);
  });
}

/** As keys and predicates of indexes are compared: constants folded, literals for what they are. */
function plain(expr: Expr): Expr {
  return foldConstants(unlift(expr));
}

/** COLLATE and operator class, where the element says some, are those of the index (infer_collation_opclass_match). */
function isOrderedAs(
  context: BindContext,
  table: RelationEntry,
  element: ast.IndexElement,
  column: IndexColumn,
): boolean {
  if (element.operatorClass !== null && element.operatorClass.at(-1) !== column.operatorClass) return false;
  if (element.collation === null) return true;
  const { catalog, environment } = context;
  const wanted = findCollation(catalog, element.collation, environment.searchPath);
  return wanted !== undefined && wanted.oid === collationOfKey(catalog, table, column);
}
