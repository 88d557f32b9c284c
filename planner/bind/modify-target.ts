/** What INSERT, UPDATE, DELETE and MERGE change: the target table, directly or through a view, and its columns. */
import type { ColumnEntry, RelationEntry } from '../../catalog/entries.ts';
import { relationDenied } from '../../catalog/rights.ts';
import type * as ast from '../../parser/ast.ts';
import type { SqlError } from '../../types/errors.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, type LogicalAssignment, logical, type Query, type Relation, type RowCheck } from '../logical.ts';
import type { RelationNeed } from '../rights.ts';
import { type AssignedPart, bindAssignedPart } from './assign-part.ts';
import { coerceToTarget } from './coerce.ts';
import { columnsOfTable, mustFindRelation } from './from.ts';
import { positionOf } from './position.ts';
import { expiryOn } from './row-expiry.ts';
import { itemOfRelation, type Level, type NamespaceItem } from './scope.ts';
import { bindViewQuery } from './select.ts';
import { bindChecks, bindGenerated } from './stored.ts';
import { bindTargets, resolveTargets } from './targets.ts';
import { viewChecks } from './view-checks.ts';
import { asUpdatable, isBehindBarrier, type UpdatableView } from './view-target.ts';

export interface TargetView extends UpdatableView {
  readonly entry: RelationEntry;
  readonly command: keyof typeof VERBS;
  readonly checks: readonly RowCheck[];
  /** Its query as it is written, in which a view under it still is one. */
  readonly query: Query;
}

export interface TargetTable {
  readonly table: RelationEntry;
  readonly rel: number;
  readonly item: NamespaceItem;
  readonly relation: Relation;
  /** Rights on what the statement names. */
  readonly need: RelationNeed;
  /** The view that the statement names, when the table is changed through one. */
  readonly view: TargetView | null;
}

/** What the command itself needs; the clauses of MERGE add their own. */
const RIGHTS = { insert: 'a', update: 'w', delete: 'd', merge: '' } as const;
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
  const table = mustFindRelation(level, name, position);
  if (table.kind === 'view') return openView(level, command, table, alias);
  if (table.kind === 'materializedView') {
    throw context.error('42809', `cannot change materialized view "${table.name}"`);
  }
  if (table.kind === 'virtual') throw relationDenied(table);
  context.lockTable(table.oid, 'row exclusive');
  if (table.rowSecurity === true) context.readsSecured = true;
  const rel = context.nextRel();
  const need = context.rights.need(rel, table, RIGHTS[command]);
  const relation: Relation = {
    kind: 'table',
    rel,
    alias: alias ?? table.name,
    columns: columnsOfTable(context, table),
    table,
    ...expiryOn(context, table, rel),
  };
  level.relations.set(rel, relation);
  const schemaName = alias === null ? context.catalog.schemaName(table.schemaOid) : null;
  const hasAlias = alias !== null;
  const item = itemOfRelation(relation, { name: alias ?? table.name, schemaName, table, hasAlias, need });
  level.allItems.push(item);
  return { table, rel, item, relation, need, view: null };
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
  const need = context.rights.need(context.nextRel(), entry, RIGHTS[command]);
  const query = bindViewQuery(level, entry);
  const found = asUpdatable(entry, query);
  if ('refused' in found) throw refuseView(level, command, found.refused, found.reason);
  const view = isBehindBarrier(entry, query) ? withBarrier(found) : found;
  const { relation } = view;
  if (relation.table.rowSecurity === true) context.readsSecured = true;
  context.rights.through(need, query);
  context.lockTable(relation.table.oid, 'row exclusive');
  level.relations.set(relation.rel, relation);
  const schemaName = alias === null ? context.catalog.schemaName(entry.schemaOid) : null;
  const base = itemOfRelation(relation, {
    name: alias ?? entry.name,
    schemaName,
    table: null,
    hasAlias: alias !== null,
    need,
  });
  const columns = view.columns.map((column) => ({ ...column, use: { need, number: column.columnNumber } }));
  const item = { ...base, columns };
  level.allItems.push(item);
  return {
    table: relation.table,
    rel: relation.rel,
    item,
    relation,
    need,
    view: { ...view, columns, entry, command, checks: viewChecks(entry, query), query },
  };
}

/** What the views show is what may be seen: the statement's own conditions wait for theirs. */
function withBarrier(view: UpdatableView): UpdatableView {
  if (view.where === null) return view;
  return { ...view, where: null, relation: { ...view.relation, security: conjuncts(view.where) } };
}

export function findTargetColumn(level: Level, opened: TargetTable, target: ast.AssignmentTarget): ColumnEntry {
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
  return column;
}

/** The number of the column that the statement names: the view's, where the table is changed through one. */
export function assignedNumber({ view }: TargetTable, target: ast.AssignmentTarget, column: ColumnEntry): number {
  if (view === null) return column.number;
  return view.columns.findIndex(({ name }) => name === target.column) + 1;
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
  if (column === null) throw notUpdatableColumn(level, view, index);
  return column;
}

/** Column `index` is computed: of this view, or of the one below from which it comes. */
export function notUpdatableColumn(level: Level, view: TargetView, index: number): SqlError {
  let { entry, query } = view;
  let expr = logical(query.targets[index].expr);
  for (;;) {
    const below = expr.kind === 'var' ? query.relations.get(expr.rel) : undefined;
    if (expr.kind !== 'var' || expr.column < 0 || below?.kind !== 'subquery' || below.view === null) break;
    ({ view: entry, query } = { view: below.view, query: below.query });
    index = expr.column;
    expr = logical(query.targets[index].expr);
  }
  const doing = view.command === 'insert' ? 'insert into' : 'update';
  const which = expr.kind === 'var' ? 'refer to system columns' : 'are not columns of their base relation';
  const { name } = entry.columns[index];
  return level.context.error('0A000', `cannot ${doing} column "${name}" of view "${entry.name}"`, undefined, {
    detail: `View columns that ${which} are not updatable.`,
  });
}

/** transformAssignedExpr: converted to the type of the column, or of its part, by assignment casts. */
export function coerceAssigned(level: Level, part: AssignedPart, expr: Expr): Expr {
  const { context } = level;
  const converted = coerceToTarget(context, expr, part.typeOid, part.typeModifier, 'assignment');
  if (converted !== null) return converted;
  const position = part.position ?? context.locationOf(expr);
  throw context.error('42804', part.describe(context.types.name(expr.typeOid)), position, {
    hint: 'You will need to rewrite or cast the expression.',
  });
}

/** DEFAULT is for whole columns. */
export function refuseDefault(level: Level, target: ast.AssignmentTarget): void {
  if (target.indirection.length === 0) return;
  const what = target.indirection[0].kind === 'field' ? 'a subfield' : 'an array element';
  throw level.context.error('0A000', `cannot set ${what} to DEFAULT`, positionOf(level.context, target.position));
}

export function wholeColumn(level: Level, column: ColumnEntry): AssignedPart {
  return bindAssignedPart(level, { column: column.name, indirection: [], position: -1 }, column);
}

export function generatedOf(level: Level, target: TargetTable): LogicalAssignment[] {
  return target.table.columns
    .filter((column) => column.generated && !column.dropped)
    .map((column) => ({
      columnIndex: column.number - 1,
      value: bindGenerated(level.context, target.table, column, target.rel),
    }));
}

/** What a new row must fulfil: the table's checks, then those of the views that it goes through. */
export function checksOf(level: Level, target: TargetTable): RowCheck[] {
  return [...bindChecks(level.context, target.table, target.rel), ...(target.view?.checks ?? [])];
}

export function bindReturning(level: Level, nodes: readonly ast.SelectTarget[], items: readonly NamespaceItem[]) {
  if (nodes.length === 0) return null;
  level.namespace = [...items];
  const targets = level.withClause('returning', () => bindTargets(level, nodes));
  return resolveTargets(level, targets);
}
