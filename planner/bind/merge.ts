/** MERGE (after PostgreSQL's parse_merge.c). */
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { type LogicalMergeClause, type ModifyQuery, makeConst, makeQuery } from '../logical.ts';
import { addRights } from '../rights.ts';
import { bindAssignments } from './assignments.ts';
import { coerceToBoolean, resolveUnknown } from './coerce.ts';
import { bindExpr } from './expression.ts';
import { bindFromClause, mustFindRelation } from './from.ts';
import { bindGivenRow, givenByColumn, type InsertColumn, insertColumns } from './insert.ts';
import { checksOf, generatedOf, openTarget, type TargetTable } from './modify-target.ts';
import { positionOf } from './position.ts';
import type { Level, NamespaceItem } from './scope.ts';
import { bindDefault } from './stored.ts';

const MERGE_RIGHTS = { insert: 'a', update: 'w', delete: 'd', nothing: 'r' } as const;

type Clause = ast.MergeStatement['clauses'][number];

export function bindMerge(level: Level, node: ast.MergeStatement): ModifyQuery {
  checkReachable(level, node.clauses);
  refuseOtherKinds(level, node);
  const target = openTarget(level, 'merge', node.table.name, node.table.alias?.name ?? null, node.table.position);
  level.namespace = [];
  const [sourceTree] = bindFromClause(level, [node.source]);
  const sourceItems = [...level.namespace];
  refuseSameName(level, target, sourceItems);
  target.item.lateralOnly = false;
  target.item.lateralOk = true;
  const both = [target.item, ...sourceItems];
  const on = bindCondition(level, both, node.on, 'join on');
  const clauses = node.clauses.map((clause) => bindClause(level, clause, node, target, both, sourceItems));
  const targetTree = { kind: 'rel', rel: target.rel } as const;
  // Source rows without a match are wanted only if something may happen to them.
  const insertsRows = clauses.some((clause) => !clause.matched && clause.action !== 'nothing');
  return {
    command: 'merge',
    table: target.table,
    target: target.rel,
    source: makeQuery({
      id: level.queryId,
      relations: level.relations,
      from: [{ kind: 'join', type: insertsRows ? 'left' : 'inner', left: sourceTree, right: targetTree, on }],
      targets: [],
    }),
    sourceRel: -1,
    values: [],
    assignments: [],
    generated: generatedOf(level, target),
    checks: checksOf(level, target),
    onConflict: null,
    merge: { on, clauses, guards: [] },
    returning: null,
    ctes: [],
  };
}

function checkReachable(level: Level, clauses: readonly Clause[]): void {
  const ended = new Set<boolean>();
  for (const clause of clauses) {
    if (ended.has(clause.matched)) {
      throw level.context.error('42601', 'unreachable WHEN clause specified after unconditional WHEN clause');
    }
    if (clause.condition === null) ended.add(clause.matched);
  }
}

function refuseOtherKinds(level: Level, node: ast.MergeStatement): void {
  const { context } = level;
  const { name } = node.table;
  if (name.length === 1 && level.findCte(name[0]) !== null) return;
  const table = mustFindRelation(level, name, positionOf(context, node.table.position));
  const kind = table.kind === 'view' ? 'views' : table.kind === 'materializedView' ? 'materialized views' : null;
  if (kind === null) return;
  throw context.error('0A000', `cannot execute MERGE on relation "${table.name}"`, undefined, {
    detail: `This operation is not supported for ${kind}.`,
  });
}

function refuseSameName(level: Level, target: TargetTable, source: readonly NamespaceItem[]): void {
  const name = target.relation.alias;
  if (!source.some((item) => item.relationVisible && item.name === name)) return;
  throw level.context.error('42712', `name "${name}" specified more than once`, undefined, {
    detail: 'The name is used both as MERGE target table and data source.',
  });
}

function bindCondition(
  level: Level,
  items: readonly NamespaceItem[],
  node: ast.Expression,
  clause: 'join on' | 'merge when',
): Expr {
  level.namespace = [...items];
  const name = clause === 'join on' ? 'JOIN/ON' : 'WHEN';
  return level.withClause(clause, () =>
    coerceToBoolean(level.context, resolveUnknown(level.context, bindExpr(level, node)), name),
  );
}

function bindClause(
  level: Level,
  clause: Clause,
  node: ast.MergeStatement,
  target: TargetTable,
  both: readonly NamespaceItem[],
  sourceItems: readonly NamespaceItem[],
): LogicalMergeClause {
  const { matched, action } = clause;
  addRights(target.need, MERGE_RIGHTS[action.kind]);
  const items = matched ? both : sourceItems;
  const condition = clause.condition === null ? null : bindCondition(level, items, clause.condition, 'merge when');
  level.namespace = [...items];
  return {
    matched,
    condition,
    action: action.kind,
    assignments: action.kind === 'update' ? bindAssignments(level, action.assignments, target) : [],
    values: action.kind === 'insert' ? bindMergeInsert(level, node, action, target) : [],
  };
}

/** The new row, column by column, over the source's columns. */
function bindMergeInsert(
  level: Level,
  node: ast.MergeStatement,
  action: ast.MergeAction & { kind: 'insert' },
  target: TargetTable,
): Expr[] {
  const { context } = level;
  const { table } = target;
  const statement: ast.InsertStatement = {
    kind: 'insert',
    with: null,
    table: node.table.name,
    tablePosition: node.table.position,
    alias: null,
    columns: action.columns,
    overriding: action.overriding,
    source: null,
    onConflict: null,
    returning: [],
    position: node.position,
  };
  const columns: readonly InsertColumn[] = insertColumns(level, statement, target);
  const row = action.values === null ? [] : bindGivenRow(level, statement, columns, action.values);
  row.forEach((_, i) => {
    target.need.inserted.add(columns[i].number);
  });
  const given = givenByColumn(columns, row);
  return table.columns.map((column, index) => {
    if (column.dropped || column.generated) return makeConst(null, column.typeOid, column.typeModifier);
    return given.get(index) ?? bindDefault(context, column);
  });
}
