import type * as ast from '../../parser/ast.ts';
import { conjuncts, type FromItem, type ModifyQuery, makeAnd, makeQuery, type Query } from '../logical.ts';
import { bindAssignments } from './assignments.ts';
import { coerceToBoolean, resolveUnknown } from './coerce.ts';
import { collateModify } from './collation.ts';
import { bindWithClause, referredCtes } from './cte.ts';
import { bindCurrentOf } from './current-of.ts';
import { bindExpr } from './expression.ts';
import { bindFromClause } from './from.ts';
import { bindInsert } from './insert.ts';
import { bindMerge } from './merge.ts';
import { bindReturning, checksOf, generatedOf, openTarget, type TargetTable } from './modify-target.ts';
import type { Level } from './scope.ts';

export type ModifyStatement = ast.InsertStatement | ast.UpdateStatement | ast.DeleteStatement | ast.MergeStatement;

export function bindModify(level: Level, node: ModifyStatement): ModifyQuery {
  if (node.kind === 'merge' && node.with?.recursive === true) {
    throw level.context.error('42601', 'WITH RECURSIVE is not supported for MERGE statement');
  }
  const ctes = node.with === null ? [] : bindWithClause(level, node.with);
  const bound = collateModify(level, bindCommand(level, node));
  // A session's temporary tables may be written to in a read-only transaction.
  if (bound.table.persistence !== 'temporary') level.context.readOnly = false;
  return ctes.length === 0 ? bound : { ...bound, ctes: referredCtes(ctes) };
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

function bindModifySource(
  level: Level,
  target: TargetTable,
  from: readonly ast.FromItem[],
  whereNode: ast.Expression | null,
): Query {
  const { context } = level;
  target.item.lateralOnly = true;
  target.item.lateralOk = false;
  target.item.isTarget = true;
  level.namespace = [target.item];
  const trees: FromItem[] = [{ kind: 'rel', rel: target.rel }, ...bindFromClause(level, from)];
  const where =
    whereNode === null
      ? null
      : level.withClause('where', () =>
          whereNode.kind === 'currentOf'
            ? bindCurrentOf(level, whereNode, target)
            : coerceToBoolean(context, resolveUnknown(context, bindExpr(level, whereNode)), 'WHERE'),
        );
  return makeQuery({
    id: level.queryId,
    relations: level.relations,
    from: trees,
    where: makeAnd([...conjuncts(target.view?.where ?? null), ...conjuncts(where)]),
    targets: [],
  });
}

function bindUpdate(level: Level, node: ast.UpdateStatement): ModifyQuery {
  const target = openTarget(level, 'update', node.table.name, node.table.alias?.name ?? null, node.table.position);
  const source = bindModifySource(level, target, node.from, node.where);
  const items = [...level.namespace];
  // RETURNING comes first, as in PostgreSQL: of two errors its is told.
  const returning = bindReturning(level, node.returning, items);
  const assignments = bindAssignments(level, node.assignments, target);
  return {
    command: 'update',
    table: target.table,
    target: target.rel,
    source,
    sourceRel: -1,
    values: [],
    assignments,
    generated: generatedOf(level, target),
    checks: checksOf(level, target),
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
